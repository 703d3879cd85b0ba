"""When a cell of one pass equals its window: followed from layer to layer, without a forward pass.

A window cut out of an image ends where the image goes on. What a network reads beyond that end,
padding or the overhang of a pooling that rounds up, is real in the image and virtual in the window.
So along each axis those places of each map are followed that have seen nothing of the kind; if the
score is among them, it is the same in both. For weights without coincidences it is only then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from cnnexplain.errors import ArgumentError, pair, shown, whole
from cnnexplain.operations.padding import Pad, _PadLayer, padded_from
from cnnexplain.operations.regions import indices
from cnnexplain.operations.reshaping import Slice
from cnnexplain.operations.spatial import Spatial
from cnnexplain.verdict import verdict
from cnnexplain.windows import Convolution, Field, Pooling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.graph import Network
    from cnnexplain.operations import Operation, Shape
    from cnnexplain.operations.regions import Indices

Pair: TypeAlias = tuple[int, int]
Side: TypeAlias = Literal["top", "bottom", "left", "right"]
Kind: TypeAlias = Literal["padding", "ceil_mode"]

_SIDES: tuple[tuple[Side, Side], ...] = (("top", "bottom"), ("left", "right"))


@dataclass(frozen=True)
class Sized:
    """A network that works on maps, and the shapes of all its values for one input size.

    Attributes:
        network: The network, with the numbers of its outputs.
        shapes: The shape of each value: the input, then what each node makes.
    """

    network: Network
    shapes: Sequence[Shape]

    @property
    def outputs(self) -> tuple[int, ...]:
        """The numbers of the values that the network returns."""
        return self.network.outputs


@dataclass(frozen=True, slots=True)
class Reason:
    """A layer that reads beyond the end of a window, so that the score depends on it.

    Attributes:
        name: The layer's path.
        sides: The sides at which it does.
        kind: Whether it is padded there, or rounds up and hangs over.
    """

    name: str
    sides: tuple[Side, ...]
    kind: Kind

    def __str__(self) -> str:
        return f"{self.name}: {self.kind} ({', '.join(self.sides)})"


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of a layer's map the virtual cells of a window leave as it is in the image.

    Attributes:
        name: The layer's path.
        clean: The cells that they do not reach, along rows and columns.
        size: All cells, along rows and columns.
        places: Where the clean cells lie, along rows and columns: their indices, from the lowest.
            Rounding down may drop what is reached at one end, so that they need not lie in the
            middle.
    """

    name: str
    clean: Pair
    size: Pair
    places: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Exactness:
    """Which cells of one pass equal the network on their windows.

    Attributes:
        window: The window's (height, width) in pixels: the size that the network was converted for.
        sized: What returns the converted network for an image of some (height, width).
    """

    window: Pair
    sized: Callable[[Pair], Sized] = field(repr=False)

    @cached_property
    def _lines(self) -> tuple[tuple[_Line, ...], tuple[_Line, ...]]:
        return self._at(self.window)

    def _at(self, size: Pair) -> tuple[tuple[_Line, ...], tuple[_Line, ...]]:
        sized = self.sized(size)
        return _lines(sized, 0), _lines(sized, 1)

    def _outputs(self) -> tuple[int, ...]:
        return self.sized(self.window).outputs

    @cached_property
    def effective_stride(self) -> Pair:
        """How far apart in the image two neighbouring cells look, (rows, columns) in pixels."""
        rows, columns = (int(each.stride) for each in self.fields)
        return rows, columns

    @cached_property
    def fields(self) -> tuple[Field, Field]:
        """What the first cell sees along rows and along columns, beyond the image too."""
        rows, columns = (_field(lines, self._outputs()) for lines in self._lines)
        return rows, columns

    @cached_property
    def exact(self) -> bool:
        """Whether every cell equals its window, in every image."""
        return not self.reasons

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """The layers that make virtual cells on which the score depends, in the network's order."""
        found: dict[tuple[int, str, Kind], list[Side]] = {}
        for axis, lines in enumerate(self._lines):
            for number, name, kind, end in _virtual(lines, self._outputs()):
                found.setdefault((number, name, kind), []).append(_SIDES[axis][end])
        order: tuple[Side, ...] = ("top", "bottom", "left", "right")
        return tuple(
            Reason(name, tuple(sorted(sides, key=order.index)), kind)
            for (_, name, kind), sides in sorted(found.items())
        )

    @cached_property
    def reach(self) -> tuple[Reach, ...]:
        """For each layer with windows, how many of its cells are the same in the image."""
        rows, columns = self._lines
        pairs = zip(rows, columns, _matched(rows, None), _matched(columns, None), strict=True)
        return tuple(
            Reach(
                row.name,
                (len(high), len(wide)),
                (row.size, column.size),
                (tuple(sorted(high)), tuple(sorted(wide))),
            )
            for row, column, high, wide in pairs
            if row.has_window
        )

    @cached_property
    def halo(self) -> Pair:
        """How much more of the image a window needs on each side for its score to be exact.

        In pixels along rows and columns, a multiple of the effective stride; 0 where the network is
        exact without. At the image's own border it ends there, as the network's padding does; only
        circular padding reads there what one pass finds at the other end.
        """
        rows, columns = (self._halo(axis) for axis in (0, 1))
        return rows, columns

    def _halo(self, axis: int) -> int:
        stride, seen = self.effective_stride[axis], self.fields[axis]
        most = max(-seen.first, seen.last - (self.window[axis] - 1), 0)
        # So far the cell sees beyond its window, and with less of the image it would read what is
        # virtual there; layers that cut maps ask for more.
        steps = -(-int(most) // stride)
        while not self._is_clean(axis, steps * stride):
            steps += 1
        return steps * stride

    def _is_clean(self, axis: int, halo: int) -> bool:
        lines = self._along(axis, self.window[axis] + 2 * halo)
        place = halo // self.effective_stride[axis]
        matched = _matched(lines, None)
        return all(place in matched[number] for number in self._outputs())

    @cached_property
    def cure(self) -> Pair | None:
        """The smallest larger window that makes the network exact, if its pooling is at fault.

        (height, width) in pixels; None if the network is exact already, or padded, which no window
        cures.
        """
        if self.exact or any(each.kind == "padding" for each in self.reasons):
            return None
        sizes = [self._cured(axis) for axis in (0, 1)]
        if sizes[0] is None or sizes[1] is None:
            return None
        return sizes[0], sizes[1]

    def _cured(self, axis: int) -> int | None:
        for more in range(self.effective_stride[axis]):
            lines = self._along(axis, self.window[axis] + more)
            if all(lines[number].size == 1 for number in self._outputs()) and not _virtual(
                lines, self._outputs()
            ):
                return self.window[axis] + more
        return None

    def cells(
        self, image_size: Sequence[int], context: int | Sequence[int] = 0
    ) -> tuple[tuple[bool, ...], ...]:
        """Return for each window of an image whether its cell equals it.

        Args:
            image_size: The image's (height, width) in pixels.
            context: How much of the image each window is given beyond its own on each side, (rows,
                columns) in pixels: multiples of the effective stride.

        Returns:
            The rows of windows on the grid of the effective stride, from the top left.

        Raises:
            ArgumentError: If that is no size, or smaller than the window, or no such context.

        Example:
            >>> from cnnexplain import fully_convolutional
            >>> from torch import nn
            >>> padded = nn.Conv2d(1, 2, kernel_size=3, padding=1)
            >>> model = nn.Sequential(padded, nn.Flatten(), nn.Linear(2 * 8 * 8, 10)).eval()
            >>> fully_convolutional(model, (1, 8, 8)).exactness.cells((8, 9))
            ((False, False),)
        """
        size = checked_size(image_size, self.window)
        beyond = pair("context", context, 0)
        check_steps("context", beyond, self.effective_stride)
        rows, columns = (
            [
                self._fits(axis, size[axis], place * self.effective_stride[axis], beyond[axis])
                for place in range(
                    (size[axis] - self.window[axis]) // self.effective_stride[axis] + 1
                )
            ]
            for axis in (0, 1)
        )
        return tuple(tuple(row and column for column in columns) for row in rows)

    def _fits(self, axis: int, size: int, first: int, context: int) -> bool:
        """Return whether a window equals its cell along one axis."""
        start = max(first - context, 0)
        stop = min(first + self.window[axis] + context, size)
        crop, image = self._along(axis, stop - start), self._along(axis, size)
        place = (first - start) // self.effective_stride[axis]
        matched = _matched(crop, image, start)
        return all(place in matched[number] for number in self._outputs())

    def _along(self, axis: int, size: int) -> tuple[_Line, ...]:
        """Return the network's values along one axis of an image of some size."""
        both = list(self.window)
        both[axis] = size
        return self._at((both[0], both[1]))[axis]

    @property
    def notes(self) -> tuple[str, ...]:
        """Whether each cell equals its window, why not, and what helps, in the current language."""
        return verdict(self)

    def __str__(self) -> str:
        return "\n".join(self.notes)

    def __repr__(self) -> str:
        told = "exact" if self.exact else f"not exact: {'; '.join(map(str, self.reasons))}"
        return f"Exactness({told})"


def check_steps(name: str, steps: Pair, effective_stride: Pair) -> None:
    """Say why pixels are no steps from cell to cell, if they are not.

    Args:
        name: What the argument is called.
        steps: What the user gave, (rows, columns) in pixels.
        effective_stride: The pixels from one cell to the next, (rows, columns).

    Raises:
        ArgumentError: If they are no multiples of the effective stride.

    Example:
        >>> check_steps("context", (64, 96), effective_stride=(32, 32))
    """
    if any(step % each for step, each in zip(steps, effective_stride, strict=True)):
        raise ArgumentError(
            f"{name} as a multiple of the network's effective stride, "
            f"{effective_stride[0]}×{effective_stride[1]}",
            f"{name}={shown(steps)}",
            f"write for example {name}={shown(effective_stride)}",
        )


def checked_size(image_size: object, window: Pair) -> Pair:
    """Return an image's (height, width), or say why it is none.

    Args:
        image_size: What the user gave.
        window: The window, which has to fit in it.

    Raises:
        ArgumentError: If it is no pair of integers, or smaller than the window.

    Example:
        >>> checked_size([384, 384], (224, 224))
        (384, 384)
    """
    if not isinstance(image_size, tuple | list) or len(image_size) != 2:  # noqa: PLR2004
        raise ArgumentError(
            "image_size as (height, width)",
            f"image_size={shown(image_size)}",
            "write for example (384, 384)",
        )
    height, width = (whole("image_size", each, 1) for each in image_size)
    if height < window[0] or width < window[1]:
        raise ArgumentError(
            f"an image of at least {window[0]}×{window[1]}, the size of the window",
            f"{height}×{width}",
            "use a larger image, or a network for smaller ones",
        )
    return height, width


@dataclass(frozen=True, slots=True)
class _Line:
    """What one value is along one axis.

    Attributes:
        name: The path of the node that makes it; empty for the network's input.
        inputs: The numbers of the values that it is made from.
        window: What reads them; None where each place is made from the same place.
        mode: What the window reads beyond their ends, as torch calls it.
        size: The number of its places.
        has_window: Whether it is a layer with windows, rather than padding by itself.
    """

    name: str
    inputs: tuple[int, ...]
    window: Convolution | None
    mode: str
    size: int
    has_window: bool = False


def _lines(sized: Sized, axis: int) -> tuple[_Line, ...]:
    lines = [_Line("", (), None, "", sized.shapes[0][2 + axis])]
    for number, node in enumerate(sized.network.nodes, 1):
        window, mode = _window(node.operation, sized.shapes[node.inputs[0]], axis)
        size = sized.shapes[number][2 + axis] if window else lines[node.inputs[0]].size
        spatial = isinstance(node.operation, Spatial)
        lines.append(_Line(node.name, node.inputs, window, mode, size, spatial))
    return tuple(lines)


def _window(operation: Operation, input_shape: Shape, axis: int) -> tuple[Convolution | None, str]:
    """Return what an operation reads along an axis, and what it finds beyond the ends."""
    at = 2 + axis
    match operation:
        case Spatial():
            window = operation.windows[axis]
            assert isinstance(window, Convolution)
            return window, str(getattr(operation, "padding_mode", "zeros"))
        case Pad() | _PadLayer():
            sides = operation._per_axis(len(input_shape))[at]  # noqa: SLF001  # no other asks
            return Convolution(1, 1, sides), operation._mode()  # noqa: SLF001
        case Slice() if len(input_shape) == 4:  # noqa: PLR2004
            cut, size = operation.cuts[at], input_shape[at]
            last = cut.start + cut.step * (cut.size - 1)
            return Convolution(1, cut.step, (-cut.start, last + 1 - size)), "zeros"
    return None, ""


def _matched(
    crop: Sequence[_Line], image: Sequence[_Line] | None, offset: int = 0
) -> list[Indices]:
    """Return the places of each of a window's values that are the same in the image.

    Args:
        crop: The network's values on the window.
        image: The same on the image; None for one that goes on at both ends.
        offset: The window's first pixel in the image.
    """
    found: list[Indices] = []
    shifts: list[int] = []
    for line in crop:
        if not line.inputs:
            found.append(range(line.size))
            shifts.append(offset)
            continue
        first = line.inputs[0]
        if line.window is None:
            places = found[first]
            for other in line.inputs[1:]:
                if found[other] != places:
                    places = indices(each for each in places if each in found[other])
            found.append(places)
            shifts.append(shifts[first])
            continue
        shift = shifts[first]
        shifts.append(shift // line.window.stride)
        whole_image = None if image is None else (image[first].size, shift)
        found.append(_same(line, crop[first].size, found[first], whole_image))
    return found


def _same(line: _Line, size: int, clean: Indices, image: Pair | None) -> Indices:
    """Return the outputs of a window that are the same in the image."""
    window = line.window
    assert window is not None

    def same(tap: int) -> bool:
        if 0 <= tap < size:
            return tap in clean
        if image is None or 0 <= tap + image[1] < image[0]:
            return False  # beyond the window's end the image goes on
        return line.mode in {"zeros", "constant"} or _repeated(
            line, window, tap, size, clean, image
        )

    return indices(output for output in range(line.size) if all(map(same, window.inputs(output))))


def _repeated(
    line: _Line, window: Convolution, tap: int, size: int, clean: Indices, image: Pair
) -> bool:
    """Return whether padding that repeats inputs repeats the same beyond both ends."""
    whole_size, shift = image
    if shift if tap < 0 else whole_size != shift + size:
        return False  # the window's end is not the image's
    if line.mode == "circular":
        return whole_size == size and tap % size in clean
    behind = padded_from(frozenset({tap + window.padding[0]}), window.padding, size, line.mode)
    return all(each in clean for each in behind)


def _field(lines: Sequence[_Line], outputs: Sequence[int]) -> Field:
    """Return what the first place of all outputs sees of the input."""
    fields: list[Field] = []
    for line in lines:
        below = [fields[number] for number in line.inputs]
        seen = Field() if not below else _hull(below)
        fields.append(seen if line.window is None else seen.then(line.window.field))
    return _hull([fields[number] for number in outputs])


def _hull(fields: Sequence[Field]) -> Field:
    return Field(
        max(each.stride for each in fields),
        min(each.first for each in fields),
        max(each.last for each in fields),
    )


def _virtual(
    lines: Sequence[_Line], outputs: Sequence[int]
) -> list[tuple[int, str, Kind, Literal[0, 1]]]:
    """Return where the first place of an output depends on what lies beyond the ends of a window.

    Returns:
        The number and the name of each such value, the kind, and 0 for the near end or 1 for the
        far one.
    """
    wanted: dict[int, set[int]] = {number: {0} for number in outputs}
    found: set[tuple[int, str, Kind, Literal[0, 1]]] = set()
    for number in range(len(lines) - 1, -1, -1):
        line, places = lines[number], wanted.pop(number, set())
        if not places or not line.inputs:
            continue
        window = line.window
        if window is None:
            for each in line.inputs:
                wanted.setdefault(each, set()).update(places)
            continue
        (first, *_) = line.inputs
        size = lines[first].size
        taps = {tap for place in places for tap in window.inputs(place)}
        wanted.setdefault(first, set()).update(tap for tap in taps if 0 <= tap < size)
        if min(taps) < 0:
            found.add((number, line.name, "padding", 0))
        beyond = size + window.padding[1]
        if any(size <= tap < beyond for tap in taps):
            found.add((number, line.name, "padding", 1))
        if any(tap >= beyond for tap in taps) and isinstance(window, Pooling):
            found.add((number, line.name, "ceil_mode", 1))
    return sorted(found)
