"""Volumes as boxes to scale, in lines from left to right, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import fsum, sqrt
from typing import TYPE_CHECKING

from cnnexplain.figures.colours import widest
from cnnexplain.figures.layers import short
from cnnexplain.figures.svg import HALF, MARGIN, SMALL_SIZE, WIDTH, decimal, text_width
from cnnexplain.figures.volume_ways import Lanes, far, lanes, ways
from cnnexplain.languages import shape, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.figures.volume_chain import Volume
    from cnnexplain.figures.volume_ways import Way

# Heights and widths stand upright, to one scale; channels recede at 30 degrees, to their own.
_ACROSS, _UP = sqrt(3) / 2, 0.5
# The largest picture: the first of these with which the drawing is not too tall.
_FACES = (110, 90, 72, 56, 44)
_TALLEST = 470
_WIDEST_FACE = 150
_LARGEST_PIXEL, _LARGEST_FEATURE = 12, 6
_DEEPEST = 72
_LONGEST = 84
_THIN = 7  # the width of a vector
_PART = 5  # between groups of channels
_ARROW, _COUNTED = 30, 42  # between boxes: an arrow's room, and that of one with a number
_APART, _LOOSE = 10, 40  # between columns
_LABEL_LINE = 19
_ABOVE, _BELOW = 10, 16  # of a line's boxes and labels
_NAME = 112  # no name is wider
_EDGE = 12  # where the way to the next line goes down
_ROOM = WIDTH - 2 * MARGIN - _EDGE  # of a line, less the ways at the right


@dataclass(frozen=True, slots=True)
class Scale:
    """How long things are drawn.

    Attributes:
        pixel: A pixel's height and width.
        channel: A channel's depth.
        feature: A feature's height in a vector.
    """

    pixel: float
    channel: float
    feature: float


@dataclass(frozen=True, slots=True)
class Box:
    """A box in the drawing, or a bar.

    Attributes:
        x: Where its front starts.
        y: Where its front starts, down.
        width: The width of its front.
        height: The height of its front.
        parts: Where each part starts behind the front, and how deep it is; one of no depth for
            a bar.
    """

    x: float
    y: float
    width: float
    height: float
    parts: tuple[tuple[float, float], ...]

    @property
    def depth(self) -> float:
        """How far it recedes."""
        start, length = self.parts[-1]
        return start + length

    @property
    def middle(self) -> float:
        """The height at which arrows come and go."""
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        """Where an arrow in the middle can start: there the box is seen no more."""
        hidden = min(self.depth * _UP, self.height / 2) / _UP * _ACROSS
        return self.x + self.width + hidden

    def front(self, part: tuple[float, float]) -> tuple[float, float]:
        """Return where a part's front starts: across, down."""
        return self.x + part[0] * _ACROSS, self.y - part[0] * _UP

    def outline(self, part: tuple[float, float]) -> str:
        """Return a part's outline, and the edges that meet in its front corner, as path data."""
        x, y = self.front(part)
        across, up = _short(part[1] * _ACROSS), _short(part[1] * _UP)
        width, height = _short(self.width), _short(self.height)
        if not part[1]:
            return f"M{_place(x)} {_place(y)}h{width}v{height}h-{width}z"
        return (
            f"M{_place(x)} {_place(y)}l{across}-{up}h{width}v{height}l-{across} {up}h-{width}z"
            f"h{width}v{height}m0-{height}l{across}-{up}"
        )

    def side(self, part: tuple[float, float]) -> str:
        """Return a part's side as path data."""
        x, y = self.front(part)
        across, up, height = (
            _short(size) for size in (part[1] * _ACROSS, part[1] * _UP, self.height)
        )
        return f"M{_place(x + self.width)} {_place(y)}l{across}-{up}v{height}l-{across} {up}z"


def _short(value: float) -> str:
    """Return a length of a box: there are many of them."""
    return decimal(round(value, 2))


def _place(value: float) -> str:
    """Return where a box stands."""
    return decimal(round(value, 1))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a volume stands.

    Attributes:
        volume: The volume.
        box: Its box.
        name: What stands under it first.
        left: Where its column starts.
        width: The width of its column.
        labels: The baselines of its name and its size.
        start: Where the arrow to it starts; None without an arrow.
        top: Where its line starts, down.
    """

    volume: Volume
    box: Box
    name: Callable[[], str]
    left: float
    width: float
    labels: tuple[float, float]
    start: float | None
    top: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands.

    Attributes:
        scale: How long things are drawn.
        places: Where each volume stands.
        turns: For each line that continues the one before, the path from the end of that one.
        ways: The ways between volumes that are no neighbours.
        bottom: Where the drawing ends.
    """

    scale: Scale
    places: tuple[Place, ...]
    turns: tuple[str, ...]
    ways: tuple[Way, ...]
    bottom: float


def layout(volumes: Sequence[Volume], top: float) -> Layout:
    """Place volumes in lines.

    Args:
        volumes: The volumes.
        top: Where the drawing may start.
    """
    for face in _FACES:
        placed = _placed(volumes, _scale(volumes, face), top)
        if placed.bottom - top <= _TALLEST:
            return placed
    return placed


def _scale(volumes: Sequence[Volume], face: float) -> Scale:
    maps = [volume.shape for volume in volumes if volume.is_map]
    vectors = [volume.shape for volume in volumes if not volume.is_map]
    pixel = channel = 1.0
    if maps:
        tallest, widest_map = (max(each[axis] for each in maps) for axis in (1, 2))
        pixel = min(face / tallest, _WIDEST_FACE / widest_map, _LARGEST_PIXEL)
        channel = min(pixel, _DEEPEST / max(each[0] for each in maps))
    longest = max((features for (features,) in vectors), default=1)
    return Scale(pixel, channel, min(_LONGEST / longest, _LARGEST_FEATURE))


def _shape(volume: Volume, scale: Scale) -> Box:
    """Return a volume's box, as if it started at the origin."""
    if not volume.is_map:
        (features,) = volume.shape
        return Box(0, 0, _THIN, features * scale.feature, ((0.0, 0.0),))
    channels, height, width = volume.shape
    length = channels * scale.channel / volume.parts
    starts = [at * (length + _PART) for at in range(volume.parts)]
    parts = tuple((start, length) for start in starts)
    return Box(0, 0, width * scale.pixel, height * scale.pixel, parts)


def _name(volume: Volume) -> Callable[[], str]:
    if not volume.rows:
        return partial(text, "figure.volumes.input")
    return partial(short, volume.name, SMALL_SIZE, _NAME)


@dataclass(frozen=True, slots=True)
class _Column:
    volume: Volume
    box: Box
    name: Callable[[], str]
    width: float

    @property
    def side(self) -> float:
        """The room on both sides of the box."""
        return (self.width - self.box.width - self.box.depth * _ACROSS) / 2


def _shape_width(sizes: Sequence[int]) -> float:
    # A multiplication sign is wider than other characters, and there are two for each size.
    written = shape(sizes)
    return text_width(written, SMALL_SIZE) + (0.25 * written.count("×") + 0.2) * SMALL_SIZE


def _gaps(line: Sequence[_Column], *, lead: bool) -> list[float]:
    """Return the room before each column: as much as its arrow needs, and its label."""
    needed = _COUNTED if len(line[0].volume.rows) > 1 else _ARROW
    first = max(0.0, needed - line[0].side) if lead else 0.0
    between = [max(_APART, _ARROW - one.side - other.side) for one, other in pairwise(line)]
    return [first, *between]


def _placed(volumes: Sequence[Volume], scale: Scale, top: float) -> Layout:
    columns = []
    for volume in volumes:
        form, name = _shape(volume, scale), _name(volume)
        words = max(widest(name, bold=True), _shape_width(volume.shape))
        columns.append(_Column(volume, form, name, max(words, form.width + form.depth * _ACROSS)))
    pairs, taken, edge = far(volumes), Lanes(), -1.0
    # The ways at the right take room from the lines, which may make more lines, and more ways.
    while taken.edge > edge:
        edge = taken.edge
        broken = _lines(columns, _ROOM - edge)
        lines = [at for at, line in enumerate(broken) for _ in line]
        taken = lanes(pairs, lines)
    places: list[Place] = []
    turns: list[str] = []
    y = top
    for number, line in enumerate(broken):
        above = max(each.box.height / 2 + each.box.depth * _UP for each in line)
        middle = round(y + _ABOVE + taken.room(number) + above)
        labels = middle + max(each.box.height / 2 for each in line) + _LABEL_LINE
        gaps = _gaps(line, lead=number > 0)
        slack = _ROOM - edge - fsum(gaps) - fsum(each.width for each in line)
        more = max(0.0, min(slack / len(line), _LOOSE - _APART))
        if number and len(places) - 1 in line[0].volume.inputs:
            turns.append(_turn(places[-1], y, middle))
        x = float(MARGIN)
        for at, each in enumerate(line):
            x += gaps[at] + (more if at else 0)
            front = round(x + each.side) + HALF
            made = Box(
                front,
                middle - each.box.height / 2,
                each.box.width,
                each.box.height,
                each.box.parts,
            )
            start = places[-1].box.right + 4 if at else MARGIN + 2.0 if number else None
            if not each.volume.rows:
                start = None
            below = labels, labels + _LABEL_LINE
            places.append(Place(each.volume, made, each.name, x, each.width, below, start, y))
            x += each.width
        y = labels + _LABEL_LINE + _BELOW
    laid = ways(places, lines, taken, edge + _EDGE)
    return Layout(scale, tuple(places), tuple(turns), laid, y - _BELOW + 6)


def _turn(last: Place, between: float, middle: float) -> str:
    """Return the way from the end of a line to the start of the next one."""
    x, y = last.box.right + 4, last.box.middle
    return (
        f"M{decimal(x)} {decimal(y)}H{WIDTH - MARGIN - 2}V{decimal(between)}"
        f"H{MARGIN + 2}V{decimal(middle)}"
    )


def _lines(columns: Sequence[_Column], room: float) -> list[Sequence[_Column]]:
    """Break columns into as few lines as they need, and these as even as can be."""
    # For each number of columns: lines, unevenness, and where the last line starts.
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for stop in range(1, len(columns) + 1):
        choices = []
        for start in range(stop):
            line = columns[start:stop]
            taken = fsum(each.width for each in line) + fsum(_gaps(line, lead=start > 0))
            if taken <= room or start == stop - 1:
                lines, uneven, _ = best[start]
                choices.append((lines + 1, uneven + (room - taken) ** 2, start))
        best.append(min(choices))
    stops = [len(columns)]
    while stops[-1]:
        stops.append(best[stops[-1]][2])
    return [columns[start:stop] for start, stop in pairwise(reversed(stops))]
