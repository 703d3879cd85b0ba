"""What a unit sees of a picture, layer by layer: where its receptive field lies, and how large.

A layer's receptive field, effective stride and effective padding place the field of any of its
units, also on a picture that is larger than the one that was traced: unit `i` sees `size` pixels
from `stride·i - padding` on, part of which may lie beyond the picture, in the padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import ArgumentError, pair, shown
from cnnexplain.languages import shape
from cnnexplain.report import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.graph import Row
    from cnnexplain.windows import Exact

Pair: TypeAlias = tuple[int, int]

_MOST_LAYERS = 20
# Beyond this size a receptive field is a dot in its picture, and the picture explains nothing.
_LARGEST = 4096
_MAP, _CELLS = 4, 2  # the axes of a layer of maps, and of one that has single numbers


@dataclass(frozen=True, slots=True)
class Seen:
    """What one unit of a layer sees.

    Attributes:
        name: The layer's name.
        unit: The unit's index: row, column.
        first: The first pixel that it sees, down and across; below 0 it lies in the padding.
        size: How many pixels it sees, down and across.
        stride: How far apart two neighbours look, down and across.
        everything: Whether it sees the rest of the picture too, as behind a normalisation over it.
    """

    name: str
    unit: Pair
    first: Pair
    size: Pair
    stride: tuple[Exact, Exact]
    everything: bool

    def inside(self, picture: Pair) -> tuple[range, range]:
        """Return the pixels of the picture that it sees, down and across.

        Args:
            picture: The picture's height and width.
        """
        rows, columns = (
            range(min(max(start, 0), whole), max(min(start + size, whole), 0))
            for start, size, whole in zip(self.first, self.size, picture, strict=True)
        )
        return rows, columns

    def beyond(self, picture: Pair) -> bool:
        """Return whether part of what it sees lies beyond the picture.

        Args:
            picture: The picture's height and width.
        """
        return tuple(map(len, self.inside(picture))) != self.size


@dataclass(frozen=True, slots=True)
class Growth:
    """How what a unit sees grows through the layers.

    Attributes:
        picture: The picture's height and width.
        layers: The layers in order, each with the unit that lies under the last one's.
        window: Where the network's window starts, down and across, and its size; None without one.
        grow: At how many layers it grows, shown or not.
        left_out: How many layers have no single number for it.
    """

    picture: Pair
    layers: tuple[Seen, ...]
    window: tuple[tuple[float, float], Pair] | None
    grow: int
    left_out: int


def growth(
    trace: object,
    layers: Sequence[str] | None = None,
    unit: object = None,
    window: object = None,
    image_size: object = None,
) -> Growth:
    """Return what a unit sees; `figures.receptive_field` describes the arguments.

    Raises:
        ArgumentError: If an argument is not allowed.

    Example:
        >>> from cnnexplain import networks, trace
        >>> vgg16 = growth(trace(networks.vgg16()), image_size=384)
        >>> vgg16.layers[-1].size, vgg16.window
        ((404, 404), ((96.0, 96.0), (224, 224)))
    """
    traced = _traced(trace)
    told = [row for row in traced.rows if _told(row)]
    rows = _growing(told) if layers is None else _named(traced, layers)
    traced_picture = _pair(traced.input_size[1:])
    picture = _picture(image_size, traced_picture)
    counts = [_counts(row, traced_picture, picture) for row in rows]
    last = _unit(unit, counts[-1], rows[-1].name)
    centre = _centre(_seen(rows[-1], last))
    seen = [
        _seen(row, _under(row, count, centre))
        for row, count in zip(rows[:-1], counts[:-1], strict=True)
    ]
    seen.append(_seen(rows[-1], last))
    chosen = seen if layers is not None else _some(seen)
    return Growth(
        picture,
        tuple(chosen),
        _window(window, traced_picture, picture, rows[-1], seen[-1]),
        len(seen),
        sum(not _told(row) for row in traced.rows),
    )


def _traced(trace: object) -> Trace:
    if not isinstance(trace, Trace):
        raise ArgumentError(
            "a trace",
            shown(trace),
            "write for example cx.figures.receptive_field(cx.trace(model, (3, 224, 224)))",
        )
    if len(trace.input_size) != 3:  # noqa: PLR2004  # channels, height and width
        raise ArgumentError(
            "a trace of pictures, (channels, height, width)",
            f"an input of {shape(trace.input_size)}",
            "trace the network with such a picture",
        )
    return trace


def _told(row: Row) -> bool:
    """Return whether a single number tells what the units of a layer see."""
    return (
        row.source == 0
        and row.receptive_field is not None
        and len(row.receptive_field) == len(row.effective_stride or ()) == 2  # noqa: PLR2004
        and len(row.output_shape) in {_MAP, _CELLS}
    )


def _growing(rows: Sequence[Row]) -> list[Row]:
    """Return the layers whose units see more than those of any layer before."""
    found: list[Row] = []
    largest = 1
    for row in rows:
        area = prod(row.receptive_field or ())
        if area > largest:
            found.append(row)
            largest = area
    if not found:
        raise ArgumentError(
            "a trace with a layer whose units see more than one pixel, and a number of them",
            "none",
            "trace a network with a convolution or a pooling",
        )
    return found


def _some(seen: list[Seen]) -> list[Seen]:
    """Return as many layers as a figure shows: the last one, and others at equal distances."""
    count = len(seen)
    if count <= _MOST_LAYERS:
        return seen
    return [seen[(at + 1) * count // _MOST_LAYERS - 1] for at in range(_MOST_LAYERS)]


def _named(trace: Trace, layers: object) -> list[Row]:
    names = list(layers) if isinstance(layers, tuple | list) else []
    if not 0 < len(names) <= _MOST_LAYERS:
        raise ArgumentError(
            f"layers as a list of 1 to {_MOST_LAYERS} names",
            f"layers={shown(layers)}",
            f"write for example layers=[{trace.rows[0].name!r}]",
        )
    nodes = {trace[name].node for name in names}
    rows = [row for row in trace.rows if row.node in nodes]
    for row in rows:
        if not _told(row):
            raise ArgumentError(
                "layers of which a single number tells what their units see",
                f"{shown(row.name)}: {row.operation}",
                "ask trace.receptive_field for one of its units, or leave the layer out",
            )
    return rows


def _picture(given: object, traced: Pair) -> Pair:
    """Return the height and width of the picture that is drawn."""
    picture = traced if given is None else pair("image_size", given, 1)
    for size, least in zip(picture, traced, strict=True):
        if not least <= size <= max(_LARGEST, least):
            raise ArgumentError(
                f"image_size from {shape(traced)}, which was traced, to {_LARGEST}",
                f"image_size={shown(given)}",
                "trace the network with a smaller input, or give a larger image_size",
            )
    if max(picture) > _LARGEST:
        raise ArgumentError(
            f"a picture of at most {_LARGEST} pixels in a figure",
            shape(picture),
            "draw a smaller one, which shows the same",
        )
    return picture


def _counts(row: Row, traced: Pair, picture: Pair) -> Pair:
    """Return how many units a layer has at least, down and across, on the picture."""
    sizes = row.output_shape[2:] if len(row.output_shape) == _MAP else (1, 1)
    return _pair(
        [
            size + int((large - small) // stride)
            for size, large, small, stride in zip(
                sizes, picture, traced, row.effective_stride or (), strict=True
            )
        ]
    )


def _unit(given: object, counts: Pair, name: str) -> Pair:
    if given is None:
        return counts[0] // 2, counts[1] // 2
    chosen = pair("unit", given, 0)
    if chosen[0] >= counts[0] or chosen[1] >= counts[1]:
        raise ArgumentError(
            f"a unit below {shape(counts)}, the units of {shown(name)}",
            f"unit={shown(given)}",
            f"use at most unit={(counts[0] - 1, counts[1] - 1)}: units count from 0",
        )
    return chosen


def _along(row: Row) -> list[tuple[Exact, Exact, int]]:
    """Return effective stride, effective padding and size, down and across."""
    triples = zip(
        row.effective_stride or (),
        row.effective_padding or (),
        row.receptive_field or (),
        strict=True,
    )
    return list(triples)


def _seen(row: Row, unit: Pair) -> Seen:
    along = _along(row)
    starts = [
        ceil(stride * index - padding)
        for index, (stride, padding, _) in zip(unit, along, strict=True)
    ]
    (down, _, height), (across, _, width) = along
    everything = row.sees_everything
    return Seen(row.name, unit, _pair(starts), (height, width), (down, across), everything)


def _centre(seen: Seen) -> tuple[Fraction, Fraction]:
    down, across = (
        start + Fraction(size, 2) for start, size in zip(seen.first, seen.size, strict=True)
    )
    return down, across


def _under(row: Row, counts: Pair, centre: tuple[Fraction, Fraction]) -> Pair:
    """Return the unit of a layer in the middle of what a unit far above sees."""
    found = [
        ceil((middle - Fraction(size, 2) + padding) / stride - Fraction(1, 2))
        for middle, (stride, padding, size) in zip(centre, _along(row), strict=True)
    ]
    return _pair(
        [min(max(index, 0), count - 1) for index, count in zip(found, counts, strict=True)]
    )


def _window(
    given: object, traced: Pair, picture: Pair, row: Row, last: Seen
) -> tuple[tuple[float, float], Pair] | None:
    """Return where the network's window lies, of which the last layer makes one cell."""
    single = prod(row.output_shape[2:]) == 1
    if given is None and (picture == traced or not single):
        return None
    size = traced if given is None else pair("window", given, 1)
    if size[0] > picture[0] or size[1] > picture[1]:
        raise ArgumentError(
            f"a window of at most {shape(picture)}, the picture",
            f"window={shown(given)}",
            "give a larger image_size, or a smaller window",
        )
    if size == traced and single:
        # Each step of the network's cells is a step of its windows.
        down, across = (
            float(stride * index) for stride, index in zip(last.stride, last.unit, strict=True)
        )
    else:
        middle = _centre(last)
        down, across = (
            float(at - Fraction(side, 2)) for at, side in zip(middle, size, strict=True)
        )
    return (down, across), size


def _pair(values: Sequence[int]) -> Pair:
    first, second = values
    return first, second
