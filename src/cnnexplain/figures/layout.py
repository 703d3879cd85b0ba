"""Where the two grids of a sliding-window figure stand: side by side, or one above the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, fsum
from typing import TYPE_CHECKING

from cnnexplain.figures.svg import HALF, MARGIN, WIDTH, box, decimal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnnexplain.figures.plane import Plane
    from cnnexplain.figures.side import Side

_GAP = 64  # between the grids: the ties need room
_ABOVE = 10  # between a label's baseline and its grid
_BELOW = 24  # between a grid and the baseline of the label under it
_LARGEST_CELL, _LARGEST_NUMBERED, _SMALLEST_CELL = 28, 40, 6
_TALLEST = 460, 640  # side by side, and one above the other
# Side by side is easier to follow, unless cells get this much smaller.
_WORTH = 0.65
_COMFORTABLE_CELL = 12


@dataclass(frozen=True, slots=True)
class Line:
    """The places on one axis of the drawing.

    Attributes:
        unit: The size of a cell.
        field: Where cell 0 of the grid starts that the window stands on.
        goal: Where cell 0 of the other grid starts.
        side: What the axis shows.
        grip: How far inside a cell of the other grid its ties end.
    """

    unit: float
    field: float
    goal: float
    side: Side
    grip: float = 0.0

    def input(self, index: int) -> float:
        """Return where an input starts."""
        return (self.goal if self.side.writes else self.field) + index * self.unit

    def output(self, index: int) -> float:
        """Return where an output starts."""
        return (self.field if self.side.writes else self.goal) + index * self.unit

    def place(self, index: int) -> float:
        """Return where a cell of the grid starts that the window stands on."""
        return self.field + index * self.unit

    def cell(self, stop: int) -> float:
        """Return where the cell starts that belongs to a stop of the window."""
        return self.goal + stop * self.unit

    def window(self, stop: int) -> tuple[float, float]:
        """Return where the window starts and ends at a stop."""
        start = self.place(self.side.reach(stop)[0])
        return start, start + self.side.window.extent * self.unit

    def ends(self, stop: int) -> tuple[float, float]:
        """Return where the ties of a stop end."""
        return self.cell(stop) + self.grip, self.cell(stop + 1) - self.grip

    def slack(self, stops: range) -> float:
        """Return the length of the shortest tie on this axis."""
        return min(
            abs(end - start)
            for stop in stops
            for start, end in zip(self.window(stop), self.ends(stop), strict=True)
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands.

    Attributes:
        x: The places across.
        y: The places down.
        stacked: Whether the output stands under the input.
        input_label: Where the input's label starts: x and baseline.
        output_label: Where the output's label starts.
        bottom: Where both grids and their labels end.
    """

    x: Line
    y: Line
    stacked: bool
    input_label: tuple[float, float]
    output_label: tuple[float, float]
    bottom: float

    def area(self, rows: tuple[int, int], columns: tuple[int, int]) -> str:
        """Return cells under the window as path data.

        Args:
            rows: The first row, and the one behind the last.
            columns: The first column, and the one behind the last.
        """
        (top, bottom), (left, right) = rows, columns
        width, height = (right - left) * self.x.unit, (bottom - top) * self.y.unit
        return box(self.x.place(left), self.y.place(top), width, height)

    def line(self, row: int, column: int, *, down: int = 0, across: int = 0) -> str:
        """Return a line on the edges of cells under the window as path data.

        Args:
            row: The row at whose upper edge it starts.
            column: The column at whose left edge it starts.
            down: How many cells it goes down, or
            across: how many it goes to the right.
        """
        start = f"M{decimal(self.x.place(column))} {decimal(self.y.place(row))}"
        way, cells = ("v", down) if down else ("h", across)
        return f"{start}{way}{decimal(cells * self.x.unit)}"


def layout(
    plane: Plane, top: float, texts: tuple[float, float], *, numbered: bool = False
) -> Layout:
    """Place both grids below what stands above them.

    Args:
        plane: What the figure shows.
        top: The baseline of the text above.
        texts: The widths of the labels of input and output.
        numbered: Whether there are numbers in the cells.
    """
    largest = _LARGEST_NUMBERED if numbered else _LARGEST_CELL
    aside, stacked = (_unit(plane, texts, largest, stacked=way) for way in (False, True))
    beside = plane.dimensions > 1 and aside >= min(_COMFORTABLE_CELL, _WORTH * stacked)
    place = _beside if beside else _below
    return place(plane, aside if beside else stacked, top + 30 + _ABOVE + HALF, texts)


def _spans(plane: Plane, unit: float) -> tuple[float, float, float, float]:
    """Return the widths and heights of both grids: input, output, input, output."""
    height, width = plane.sides
    cells, rows = (
        # A window stands on the padding too.
        (side.input_size, side.stop - side.first)
        if side.writes
        else (side.stop - side.first, side.output_size)
        for side in (width, height)
    )
    return cells[0] * unit, cells[1] * unit, rows[0] * unit, rows[1] * unit


def _line(unit: float, source: float, target: float, side: Side) -> Line:
    """Return an axis whose input, with its padding, starts at one place, its output at another."""
    field, goal = (target, source) if side.writes else (source, target)
    return Line(unit, field - side.first * unit, goal, side)


def _units(largest: int, *, outlined: bool) -> Iterator[float]:
    # Whole units keep lines crisp; a grid without cells takes what fits.
    yield from map(float, range(largest, _SMALLEST_CELL - 1, -1))
    unit = float(_SMALLEST_CELL)
    while outlined:
        unit *= 0.98
        yield unit


def _unit(plane: Plane, texts: tuple[float, float], largest: int, *, stacked: bool) -> float:
    room = WIDTH - 2 * MARGIN
    for unit in _units(largest, outlined=plane.outlined):
        source, target, *heights = _spans(plane, unit)
        left, right = max(source, texts[0]), max(target, texts[1])
        across = max(left, right) if stacked else left + _GAP + right
        down = fsum(heights) if stacked else max(heights)
        if across <= room and down <= _TALLEST[stacked]:
            break
    return unit


def _beside(plane: Plane, unit: float, top: float, texts: tuple[float, float]) -> Layout:
    source, _, tall, short = _spans(plane, unit)
    height, width = plane.sides
    x = MARGIN + HALF
    target = x + ceil(max(source, texts[0])) + _GAP
    across = _line(unit, x, target, width)
    # Windows are never higher than their cells: ties rise to them, and miss the label above.
    down = _gripped(_line(unit, top, top, height), plane.sweep.every_row)
    return Layout(
        across,
        down,
        stacked=False,
        input_label=(x, top - _ABOVE),
        output_label=(target, top - _ABOVE),
        bottom=top + max(tall, short),
    )


def _below(plane: Plane, unit: float, top: float, texts: tuple[float, float]) -> Layout:
    del texts  # one above the other, every label has room
    wide, narrow, tall, short = _spans(plane, unit)
    height, width = plane.sides
    x = source = target = MARGIN + HALF
    if plane.dimensions == 1:
        # A window stands above or under the middle of what belongs to it.
        widest = max(wide, narrow)
        source, target = (x + (widest - each) // 2 for each in (wide, narrow))
    across = _gripped(_line(unit, source, target, width), plane.sweep.every_column)
    below = top + round(tall) + _GAP * 0.75
    bottom = below + short + _BELOW
    return Layout(
        across,
        _line(unit, top, below, height),
        stacked=True,
        input_label=(source, top - _ABOVE),
        # Above the output it would stand in the way of the ties.
        output_label=(target, bottom),
        bottom=bottom,
    )


def _gripped(line: Line, every: int) -> Line:
    """Let ties end a little inside their cell, so that none is parallel to the other axis.

    A tie stretches as it moves, and what has no length cannot be stretched.
    """
    grips = (0.8, 1.0, 1.2, 1.4, 1.6)
    stops = range(0, line.side.stops, every)
    return max((replace(line, grip=grip) for grip in grips), key=lambda each: each.slack(stops))
