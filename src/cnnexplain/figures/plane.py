"""What a sliding-window figure shows: a window on each axis of a picture, validated once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures.motion import Sweep

if TYPE_CHECKING:
    from cnnexplain.windows import Convolution

Operation: TypeAlias = Literal["convolution", "max_pooling", "average_pooling"]
PerAxis: TypeAlias = int | tuple[int, int]
Padding: TypeAlias = (
    int | tuple[int | tuple[int, int], int | tuple[int, int]] | Literal["same", "valid"]
)

# Beyond this many cells on an axis, single cells are too small to see.
_MOST_CELLS = 44
# Beyond this size a window is a dot in its picture, and the picture explains nothing.
_LARGEST = 4096
# Where cells are too small to see, the motion makes about this many stops on an axis.
_STOPS = 8


@dataclass(frozen=True)
class Side:
    """One axis of the picture.

    Attributes:
        window: The window on this axis.
        input_size: The number of inputs, without padding.
    """

    window: Convolution
    input_size: int

    @cached_property
    def output_size(self) -> int:
        """The number of outputs."""
        return self.window.output_size(self.input_size)

    @property
    def first(self) -> int:
        """The index of the first cell drawn: below 0 it is padding."""
        return -self.window.padding[0]

    @property
    def padded(self) -> int:
        """The index behind the last cell that is input or padding."""
        return self.input_size + self.window.padding[1]

    @property
    def stop(self) -> int:
        """The index behind the last cell drawn: a window may overhang the padding."""
        return max(self.padded, self.window.inputs(self.output_size - 1)[-1] + 1)

    @property
    def overhangs(self) -> bool:
        """Whether a window overhangs input and padding."""
        return self.stop > self.padded

    @cached_property
    def unread(self) -> frozenset[int]:
        """The inputs that no window reads: at the far end, or between windows far apart."""
        before = -self.first
        read = bytearray(before + self.stop)
        for output in range(self.output_size):
            reach = self.window.inputs(output)
            at = slice(before + reach.start, before + reach.stop, reach.step)
            read[at] = b"\1" * len(reach)
        return frozenset(index for index in range(self.input_size) if not read[before + index])


@dataclass(frozen=True)
class Plane:
    """A window that slides over a picture.

    Attributes:
        operation: What the window computes.
        height: The picture's vertical axis.
        width: The picture's horizontal axis.
    """

    operation: Operation
    height: Side
    width: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both axes, height first as in torch."""
        return self.height, self.width

    @property
    def outlined(self) -> bool:
        """Whether the grids are too large for single cells."""
        drawn = (max(side.stop - side.first, side.output_size) for side in self.sides)
        return max(drawn) > _MOST_CELLS

    @cached_property
    def sweep(self) -> Sweep:
        """The stops of the window."""
        sizes = [side.output_size for side in self.sides]
        every = [-(-size // _STOPS) if self.outlined else 1 for size in sizes]
        rows, columns = (-(-size // step) for size, step in zip(sizes, every, strict=True))
        return Sweep(rows, columns, *every)

    @property
    def still(self) -> int:
        """The step that a still picture shows: where something happens at the edge, if it does."""
        stops = (self.sweep.rows, self.sweep.columns)
        row, column = (
            count - 1 if side.overhangs else 0 if side.first else (count - 1) // 2
            for count, side in zip(stops, self.sides, strict=True)
        )
        return row * self.sweep.columns + column


def plane(
    input_size: PerAxis,
    kernel_size: PerAxis,
    stride: PerAxis,
    padding: Padding,
    *,
    dilation: PerAxis,
    ceil_mode: bool,
    operation: Operation,
) -> Plane:
    """Return what a figure shows from what a user wrote; `figures.stride` describes the arguments.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If no window fits.

    Example:
        >>> pooling = plane(
        ...     13, 3, 2, 0, dilation=1, ceil_mode=False, operation="max_pooling"
        ... )
        >>> pooling.height.output_size, pooling.sweep.steps
        (6, 36)
    """
    operations = get_args(Operation)
    if not isinstance(operation, str) or operation not in operations:
        raise ArgumentError(
            f"operation as one of {', '.join(operations)}",
            f"operation={shown(operation)}",
            "write for example operation='max_pooling'",
        )
    pooling = operation != "convolution"
    if ceil_mode is not False and not pooling:
        raise ArgumentError(
            "ceil_mode with a pooling: a convolution rounds down",
            f"ceil_mode={shown(ceil_mode)}, operation={shown(operation)}",
            "leave ceil_mode out, or write operation='max_pooling'",
        )
    if operation == "average_pooling" and pair("dilation", dilation) != (1, 1):
        raise ArgumentError(
            "dilation with a convolution or a max pooling, as in torch",
            f"dilation={shown(dilation)}, operation={shown(operation)}",
            "leave dilation out",
        )
    sizes = pair("input_size", input_size)
    columns = zip(
        pair("kernel_size", kernel_size),
        pair("stride", stride),
        pair("padding", padding),
        pair("dilation", dilation),
        strict=True,
    )
    height, width = (
        axis.pooling(*column, ceil_mode) if pooling else axis.convolution(*column)
        for column in columns
    )
    return Plane(operation, _side(sizes[0], height), _side(sizes[1], width))


def _side(input_size: object, window: Convolution) -> Side:
    size = whole("input_size", input_size, 1)
    for name, value in (("input_size", size), ("padding", max(window.padding))):
        if value > _LARGEST:
            raise ArgumentError(
                f"{name} of at most {_LARGEST} in a figure",
                f"{name}={shown(value)}",
                "draw a smaller case, which shows the same; cnnexplain.output_size has no limit",
            )
    side = Side(window, size)
    side.window.output_size(size)
    return side


def pair(name: str, value: object) -> tuple[object, object]:
    """Return an argument for height and width; whoever uses them checks each.

    Args:
        name: What the argument is called.
        value: A number, or (height, width).

    Raises:
        ArgumentError: If it has another number of parts.

    Example:
        >>> pair("stride", 2)
        (2, 2)
    """
    if not isinstance(value, tuple | list):
        return value, value
    if len(value) != 2:  # noqa: PLR2004  # height and width
        raise ArgumentError(
            f"{name} as a number, or as (height, width)",
            f"{name}={shown(value)}",
            f"write for example {name}=(3, 5)",
        )
    return value[0], value[1]
