"""The ways between volumes that are no neighbours: they run above the lines, and down at the right.

As in a circuit diagram, a way leaves its source once, each source has a lane of its own, and a dot
tells a junction from a crossing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from cnnexplain.figures.svg import MARGIN, WIDTH, decimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.figures.boxes import Place
    from cnnexplain.figures.volume_chain import Volume

_LANE = 6  # between lines side by side
_LANDING = 18  # from the lowest lane of a line to its boxes: the room of an arrow's head
_CLEAR = 3  # between an arrow's head and its box
_TURN = 3  # a junction of three lines or more has a dot

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Which lane each source has.

    Attributes:
        above: For each line of volumes, the lane of each source that runs above it.
        right: The lane of each source whose way goes down to a later line.
    """

    above: tuple[Mapping[int, int], ...] = ()
    right: Mapping[int, int] | None = None

    def room(self, line: int) -> float:
        """Return how much room a line needs above its boxes.

        Args:
            line: The line, from 0.
        """
        return _LANE * len(self.above[line]) + _LANDING if self.above[line] else 0.0

    @property
    def edge(self) -> float:
        """How much room is needed at the right."""
        return _LANE * (1 + max(self.right.values())) if self.right else 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """The way from a volume to another that is made of it and does not stand behind it.

    Attributes:
        source: The number of the volume where it starts.
        reader: The number of the volume where it ends.
        points: The corners of its line, from the source to where the arrow starts.
        end: Where the arrow ends, below its start.
    """

    source: int
    reader: int
    points: tuple[Point, ...]
    end: float

    @property
    def path(self) -> str:
        """Its line as path data."""
        (x, y), *rest = self.points
        found = [f"M{decimal(x)} {decimal(y)}"]
        for one, other in pairwise(((x, y), *rest)):
            down = one[0] == other[0]
            found.append(f"V{decimal(other[1])}" if down else f"H{decimal(other[0])}")
        return "".join(found)


def far(volumes: Sequence[Volume]) -> list[tuple[int, int]]:
    """Return which volumes are made of which others that do not stand just before them.

    Args:
        volumes: The volumes.

    Returns:
        Pairs of a source and a reader, by their numbers.
    """
    return [
        (source, reader)
        for reader, volume in enumerate(volumes)
        for source in volume.inputs
        if source != reader - 1
    ]


def lanes(pairs: Sequence[tuple[int, int]], lines: Sequence[int]) -> Lanes:
    """Give each source its lanes: no two of them share one where both are there.

    Args:
        pairs: The sources and their readers.
        lines: The line that each volume stands on.
    """
    above: list[dict[int, int]] = [{} for _ in range(lines[-1] + 1)]
    lowest: dict[int, int] = {}  # the last line that the way from a source reaches
    for source, reader in sorted(pairs):
        for line in (lines[source], lines[reader]):
            above[line].setdefault(source, len(above[line]))
        lowest[source] = max(lines[reader], lowest.get(source, 0))
    right: dict[int, int] = {}
    free: list[int] = []  # for each lane at the right, the line where it is free again
    for source, last in lowest.items():
        if last == lines[source]:
            continue
        open_ = (lane for lane, until in enumerate(free) if until < lines[source])
        lane = next(open_, len(free))
        free[lane : lane + 1] = [last]
        right[source] = lane
    return Lanes(tuple(above), right)


def ways(
    places: Sequence[Place], lines: Sequence[int], taken: Lanes, edge: float
) -> tuple[Way, ...]:
    """Lay the ways.

    Args:
        places: Where each volume stands.
        lines: The line that each volume stands on.
        taken: The lanes.
        edge: How far from the right the last lane may lie.
    """
    found = []
    for source, reader in far([place.volume for place in places]):
        start, end = places[source], places[reader]
        leave, arrive = _middle(start) + _beside(start), _middle(end) - _beside(end)
        first, last = (
            place.top + _LANE * (1 + taken.above[lines[at]][source])
            for place, at in ((start, source), (end, reader))
        )
        points: list[Point] = [(leave, _highest(start)), (leave, first)]
        if lines[source] != lines[reader]:
            assert taken.right is not None, "a way to a later line has a lane at the right"
            column = WIDTH - MARGIN - edge + _LANE * (0.5 + taken.right[source])
            points += [(column, first), (column, last)]
        landing = end.top + taken.room(lines[reader]) - _LANDING + _LANE
        points += [(arrive, last), (arrive, landing)]
        found.append(Way(source, reader, tuple(points), _highest(end) - _CLEAR))
    return tuple(found)


def junctions(laid: Sequence[Way]) -> list[Point]:
    """Return where ways of one source part and ways to one reader meet.

    Args:
        laid: The ways.
    """
    corners = sorted({point for way in laid for point in way.points[1:-1]})
    return [
        corner
        for corner in corners
        if any(
            len(set().union(*(_directions(way, corner) for way in group))) >= _TURN
            for group in _groups(laid)
        )
    ]


def _groups(laid: Sequence[Way]) -> list[list[Way]]:
    sources = {way.source for way in laid}
    readers = {way.reader for way in laid}
    return [[way for way in laid if way.source == each] for each in sources] + [
        [way for way in laid if way.reader == each] for each in readers
    ]


def _directions(way: Way, corner: Point) -> set[str]:
    """Return in which directions a way leaves a point that it passes."""
    found = set()
    x, y = corner
    for (left, top), (right, bottom) in map(sorted, pairwise(way.points)):
        if top == bottom == y and left <= x <= right:
            found |= {"left"} if x > left else set()
            found |= {"right"} if x < right else set()
        elif left == right == x and top <= y <= bottom:
            found |= {"up"} if y > top else set()
            found |= {"down"} if y < bottom else set()
    return found


def _middle(place: Place) -> float:
    """Return the middle of a box's upper edge, which lies at its back."""
    return place.box.front((place.box.depth, 0))[0] + place.box.width / 2


def _beside(place: Place) -> float:
    """Return how far from the middle ways come and go."""
    return max(4.0, round(place.box.width / 5))


def _highest(place: Place) -> float:
    """Return where a box's upper edge lies."""
    return place.box.front((place.box.depth, 0))[1]
