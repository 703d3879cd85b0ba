"""What a sliding-window figure shows: a window on each axis of a picture, validated once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.side import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.windows import Convolution, Transposed

Operation: TypeAlias = Literal[
    "convolution", "max_pooling", "average_pooling", "transposed_convolution"
]
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
# What a window writes fills the output piece by piece, and each piece is drawn.
_MOST_WRITING = 100


@dataclass(frozen=True)
class Plane:
    """A window that slides over a picture, or along a row of one dimension.

    Attributes:
        operation: What the window computes.
        height: The picture's vertical axis; that of a row has one cell.
        width: The picture's horizontal axis.
        dimensions: 2 for a picture, 1 for a row.
    """

    operation: Operation
    height: Side
    width: Side
    dimensions: int = 2

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both axes, height first as in torch."""
        return self.height, self.width

    @property
    def axes(self) -> Sequence[Side]:
        """The axes that have a name: both, or the only one of a row."""
        return self.sides[-self.dimensions :]

    @property
    def writes(self) -> bool:
        """Whether the window stands on the output, as that of a transposed convolution does."""
        return self.width.writes

    @property
    def weighted(self) -> bool:
        """Whether the window has weights."""
        return not self.operation.endswith("pooling")

    @property
    def taps(self) -> int:
        """The number of cells that a window touches."""
        return self.height.window.kernel_size * self.width.window.kernel_size

    @property
    def outlined(self) -> bool:
        """Whether the grids are too large for single cells."""
        drawn = (max(side.stop - side.first, side.stops) for side in self.sides)
        return max(drawn) > _MOST_CELLS

    @cached_property
    def sweep(self) -> Sweep:
        """The stops of the window."""
        sizes = [side.stops for side in self.sides]
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
    output_padding: PerAxis = 0,
    dimensions: int = 2,
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
    arguments = {
        "input_size": input_size,
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "output_padding": output_padding,
    }
    # Each argument for the height, and for the width; a row has a width alone.
    split = [
        pair(name, given) if dimensions > 1 else (0, given) for name, given in arguments.items()
    ]
    height, width = (dict(zip(arguments, each, strict=True)) for each in zip(*split, strict=True))
    if operation == "average_pooling" and any(
        each["dilation"] not in (0, 1) for each in (height, width)
    ):
        raise ArgumentError(
            "dilation with a convolution or a max pooling, as in torch",
            f"dilation={shown(dilation)}, operation={shown(operation)}",
            "leave dilation out",
        )
    across = _side(operation, ceil_mode, **width)
    one = Side(axis.transposed(1) if across.writes else axis.convolution(1), 1)
    down = _side(operation, ceil_mode, **height) if dimensions > 1 else one
    return _small(Plane(operation, down, across, dimensions))


def check_dimensions(dimensions: object) -> None:
    """See that a figure has one dimension, or two.

    Args:
        dimensions: What a user wrote.

    Raises:
        ArgumentError: If it has others.
    """
    if isinstance(dimensions, bool) or not isinstance(dimensions, int) or dimensions not in {1, 2}:
        raise ArgumentError(
            "dimensions as 1 or 2", f"dimensions={shown(dimensions)}", "write dimensions=1"
        )


def _side(
    operation: Operation,
    ceil_mode: object,
    *,
    input_size: object,
    output_padding: object,
    padding: object,
    **window: object,
) -> Side:
    """Return an axis from the arguments that hold for it."""
    size = whole("input_size", input_size, 1)
    pooling = operation.endswith("pooling")
    if ceil_mode is not False and not pooling:
        raise ArgumentError(
            "ceil_mode with a pooling: a convolution rounds down",
            f"ceil_mode={shown(ceil_mode)}, operation={shown(operation)}",
            "leave ceil_mode out, or write operation='max_pooling'",
        )
    transposed = operation == "transposed_convolution"
    if whole("output_padding", output_padding, 0) and not transposed:
        raise ArgumentError(
            "output_padding with a transposed convolution",
            f"output_padding={shown(output_padding)}, operation={shown(operation)}",
            "leave output_padding out, or write operation='transposed_convolution'",
        )
    found: Convolution | Transposed
    if transposed:
        found = axis.transposed(**window, padding=padding, output_padding=output_padding)
    elif pooling:
        found = axis.pooling(**window, padding=padding, ceil_mode=ceil_mode)
    else:
        found = axis.convolution(**window, padding=padding)
    for name, value in (("input_size", size), ("padding", max(found.padding))):
        if value > _LARGEST:
            raise ArgumentError(
                f"{name} of at most {_LARGEST} in a figure",
                f"{name}={shown(value)}",
                "draw a smaller case, which shows the same; cnnexplain.output_size has no limit",
            )
    side = Side(found, size)
    side.window.output_size(size)
    return side


def _small(found: Plane) -> Plane:
    """Return what can be drawn, or say why it cannot: outlines show a picture that is read."""
    if found.outlined and (found.writes or found.dimensions == 1):
        what = "a transposed convolution" if found.writes else "one dimension"
        most = max(max(side.stop - side.first, side.stops) for side in found.axes)
        raise ArgumentError(
            f"at most {_MOST_CELLS} cells on an axis in a figure of {what}",
            f"{most} cells with the padding",
            "draw a smaller case, which shows the same; cnnexplain.output_size has no limit",
        )
    if found.writes and found.sweep.steps > _MOST_WRITING:
        raise ArgumentError(
            f"at most {_MOST_WRITING} inputs in a figure of a transposed convolution",
            f"{found.sweep.steps} inputs",
            "draw a smaller case, which shows the same; cnnexplain.output_size has no limit",
        )
    return found


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
