"""Padding by itself: the layers of torch.nn that pad, and torch.nn.functional.pad."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from cnnexplain.errors import LARGEST, ArgumentError, ShapeError, shown, whole
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import Layer, Operation, Shape, check_dimensions, check_types
from cnnexplain.operations.regions import indices, within
from cnnexplain.windows import Field

if TYPE_CHECKING:
    from cnnexplain.operations.regions import Indices, Region
    from cnnexplain.operations.views import View

Sides: TypeAlias = tuple[int, int]


def check_padding(mode: str, sides: Sides, size: int, input_shape: Shape) -> None:
    """Refuse more padding than there are inputs to take it from.

    Args:
        mode: What the padding repeats, as torch calls it.
        sides: The padding before and after.
        size: The number of inputs along the axis.
        input_shape: The input's shape, for the message.

    Raises:
        ShapeError: If there are not enough inputs.
    """
    # What negative padding cuts away is gone before the rest is padded.
    left = size + sum(min(side, 0) for side in sides)
    most = {"reflect": size - 1, "circular": left}.get(mode)
    if left < 0:
        raise ShapeError(
            f"a negative padding that cuts away at most {size}",
            f"padding={sides} for {show(input_shape)}",
            "cut less away, or use a larger input",
        )
    if most is not None and max(sides) > most:
        raise ShapeError(
            f"a padding of at most {most} with padding_mode={mode!r}",
            f"padding={max(sides)} for {show(input_shape)}",
            "use less padding, a larger input, or padding_mode='zeros'",
        )


def padded_from(padded: Indices, sides: Sides, size: int, mode: str) -> Indices:
    """Return the inputs that stand in some places of a padded axis.

    Args:
        padded: The places, counted from the padding's first.
        sides: The padding before and after the inputs.
        size: The number of inputs.
        mode: What the padding repeats, as torch calls it; `"constant"` repeats none.

    Example:
        >>> padded_from(range(3), sides=(2, 2), size=5, mode="reflect")
        range(0, 3)
    """
    before, after = sides
    if isinstance(padded, range):
        places: Indices = range(padded.start - before, padded.stop - before)
    else:
        places = frozenset(each - before for each in padded)
    if mode == "constant":
        return within(places, size)
    if mode == "reflect":
        return indices(
            -each if each < 0 else 2 * (size - 1) - each if each >= size else each
            for each in places
        )
    if mode == "replicate":
        return indices(min(max(each, 0), size - 1) for each in places)
    # Circular: what is left after cutting repeats.
    cut = -min(before, 0)
    left = size - cut + min(after, 0)
    return indices((each - cut) % left + cut for each in places)


class _Pads:
    """What padding does to the last axes of an input."""

    @abstractmethod
    def _sides(self) -> tuple[Sides, ...]:
        """Return the padding before and after of each axis, the last axis first as in torch."""

    @abstractmethod
    def _mode(self) -> str:
        """Return how values beyond the edges are made."""

    def _per_axis(self, count: int) -> list[Sides]:
        sides = list(self._sides())[::-1]
        return [(0, 0)] * (count - len(sides)) + sides

    def _padded_shape(self, input_shape: Shape) -> Shape:
        sizes = []
        for size, sides in zip(input_shape, self._per_axis(len(input_shape)), strict=True):
            check_padding(self._mode(), sides, size, input_shape)
            sizes.append(size + sum(sides))
            if sizes[-1] < 1:
                raise ShapeError(
                    f"more inputs than the {-sum(sides)} that are cut away",
                    f"{size} in {show(input_shape)}",
                    "cut less away, or use a larger input",
                )
        return tuple(sizes)

    def _padded_formula(self, input_shape: Shape) -> Formula | None:
        output_shape = self._padded_shape(input_shape)
        rows = [
            (f"{size} + {before} + {after} = {result}").replace("+ -", "− ")
            for size, (before, after), result in zip(
                input_shape, self._per_axis(len(input_shape)), output_shape, strict=True
            )
            if before or after
        ]
        # The same for height and width is said once.
        numbers = rows[:1] if len(set(rows)) == 1 else rows
        return Formula("W + P₀ + P₁", "; ".join(numbers)) if numbers else None

    def _padded_view(self, view: View) -> View:
        shape = view.shape
        for axis, ((before, after), size) in enumerate(
            zip(self._per_axis(len(shape)), shape, strict=True)
        ):
            if before or after:
                view = _shifted(view, axis, before, size + before + after)
        return view

    def _padded_seen(self, region: Region, input_shape: Shape) -> Region:
        columns = zip(region, self._per_axis(len(input_shape)), input_shape, strict=True)
        return tuple(
            padded_from(part, sides, size, self._mode()) if any(sides) else part
            for part, sides, size in columns
        )


def _shifted(view: View, axis: int, before: int, size: int) -> View:
    def clean(inputs: range) -> range:
        start = max(inputs.start + before, 0)
        return range(start, max(start, min(inputs.stop + before, size)))

    own = Field(1, -before, -before)
    return view.changed(axis, size, lambda along: along.then(own, size, clean))


@dataclass(frozen=True)
class Pad(_Pads, Operation):
    """Padding of any axes: torch.nn.functional.pad.

    Example:
        >>> Pad((1, 2)).output_shape((1, 3, 5, 5))
        (1, 3, 5, 8)
    """

    pad: tuple[int, ...]
    mode: str = "constant"

    def __post_init__(self) -> None:
        modes = ("constant", "reflect", "replicate", "circular")
        if self.mode not in modes:
            raise ArgumentError(
                f"mode as one of {', '.join(modes)}",
                f"mode={shown(self.mode)}",
                "write mode='constant'",
            )

    def __str__(self) -> str:
        mode = "" if self.mode == "constant" else f", mode={self.mode!r}"
        return f"pad({self.pad}{mode})"

    def _sides(self) -> tuple[Sides, ...]:
        return tuple(zip(self.pad[::2], self.pad[1::2], strict=True))

    def _mode(self) -> str:
        return self.mode

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(self.pad) > 2 * len(input_shape):
            raise ShapeError(
                f"at most {2 * len(input_shape)} paddings for {show(input_shape)}",
                f"{len(self.pad)} of them",
                "give two for each axis, the last axis first",
            )
        return self._padded_shape(input_shape)

    def formula(self, input_shape: Shape) -> Formula | None:
        return self._padded_formula(input_shape)

    def view(self, view: View) -> View:
        return self._padded_view(view)

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        return (self._padded_seen(region, input_shape),)


@dataclass(frozen=True)
class _PadLayer(_Pads, Layer):
    padding: int | tuple[int, ...]

    axes: ClassVar[int]
    mode: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        check_types(self)
        values = self.padding if isinstance(self.padding, tuple) else (self.padding,)
        if len(values) not in {1, 2 * self.axes}:
            raise ArgumentError(
                f"padding as one number or {2 * self.axes} of them",
                f"padding={shown(self.padding)}",
                "write for example padding=1",
            )
        for value in values:
            whole("padding", value, -LARGEST)
        if len(set(values)) == 1:
            object.__setattr__(self, "padding", values[0])

    def _sides(self) -> tuple[Sides, ...]:
        if isinstance(self.padding, int):
            return ((self.padding, self.padding),) * self.axes
        return tuple(zip(self.padding[::2], self.padding[1::2], strict=True))

    def _mode(self) -> str:
        return self.mode

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [self.axes + 2])
        return self._padded_shape(input_shape)

    def formula(self, input_shape: Shape) -> Formula | None:
        return self._padded_formula(input_shape)

    def view(self, view: View) -> View:
        return self._padded_view(view)

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        return (self._padded_seen(region, input_shape),)


@dataclass(frozen=True)
class _ConstantPad(_PadLayer):
    value: float


class ZeroPad1d(_PadLayer):
    """Zeros around a line."""

    axes = 1


class ZeroPad2d(_PadLayer):
    """Zeros around a picture.

    Example:
        >>> print(ZeroPad2d(1).formula((1, 3, 5, 5)))
        5 + 1 + 1 = 7
    """

    axes = 2


class ZeroPad3d(_PadLayer):
    """Zeros around a volume."""

    axes = 3


class ConstantPad1d(_ConstantPad):
    """One value around a line."""

    axes = 1


class ConstantPad2d(_ConstantPad):
    """One value around a picture."""

    axes = 2


class ConstantPad3d(_ConstantPad):
    """One value around a volume."""

    axes = 3


class ReflectionPad1d(_PadLayer):
    """A line continued by its mirror image."""

    axes, mode = 1, "reflect"


class ReflectionPad2d(_PadLayer):
    """A picture continued by its mirror image."""

    axes, mode = 2, "reflect"


class ReflectionPad3d(_PadLayer):
    """A volume continued by its mirror image."""

    axes, mode = 3, "reflect"


class ReplicationPad1d(_PadLayer):
    """A line continued by its border."""

    axes, mode = 1, "replicate"


class ReplicationPad2d(_PadLayer):
    """A picture continued by its border."""

    axes, mode = 2, "replicate"


class ReplicationPad3d(_PadLayer):
    """A volume continued by its border."""

    axes, mode = 3, "replicate"


class CircularPad1d(_PadLayer):
    """A line continued by its other end."""

    axes, mode = 1, "circular"


class CircularPad2d(_PadLayer):
    """A picture continued by its other side."""

    axes, mode = 2, "circular"


class CircularPad3d(_PadLayer):
    """A volume continued by its other side."""

    axes, mode = 3, "circular"
