"""Where the two grids of a sliding-window figure stand: side by side, or one above the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from cnnexplain.figures.svg import HALF, MARGIN, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnnexplain.figures.plane import Plane, Side

_GAP = 64  # between the grids: the ties need room
_ABOVE = 10  # between a label's baseline and its grid
_BELOW = 24  # between a grid and the baseline of the label under it
_LARGEST_CELL, _SMALLEST_CELL = 28, 6
_TALLEST = 460, 640  # side by side, and one above the other
# Side by side is easier to follow, unless cells get this much smaller.
_WORTH = 0.65
_COMFORTABLE_CELL = 12


@dataclass(frozen=True, slots=True)
class Line:
    """The places on one axis of the drawing.

    Attributes:
        unit: The size of a cell.
        source: Where input 0 starts.
        target: Where output 0 starts.
        side: What the axis shows.
        grip: How far inside an output its ties end.
    """

    unit: float
    source: float
    target: float
    side: Side
    grip: float = 0.0

    def input(self, index: int) -> float:
        """Return where an input starts."""
        return self.source + index * self.unit

    def output(self, index: int) -> float:
        """Return where an output starts."""
        return self.target + index * self.unit

    def window(self, output: int) -> tuple[float, float]:
        """Return where the window of an output starts and ends."""
        start = self.input(self.side.window.inputs(output)[0])
        return start, start + self.side.window.extent * self.unit

    def ends(self, output: int) -> tuple[float, float]:
        """Return where the ties of an output end."""
        return self.output(output) + self.grip, self.output(output + 1) - self.grip

    def slack(self, outputs: range) -> float:
        """Return the length of the shortest tie on this axis."""
        return min(
            abs(end - start)
            for output in outputs
            for start, end in zip(self.window(output), self.ends(output), strict=True)
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


def layout(plane: Plane, top: float, texts: tuple[float, float]) -> Layout:
    """Place both grids below what stands above them.

    Args:
        plane: What the figure shows.
        top: The baseline of the text above.
        texts: The widths of the labels of input and output.
    """
    aside, stacked = (_unit(plane, texts, stacked=way) for way in (False, True))
    beside = aside >= min(_COMFORTABLE_CELL, _WORTH * stacked)
    place = _beside if beside else _below
    return place(plane, aside if beside else stacked, top + 30 + _ABOVE + HALF, texts)


def _spans(plane: Plane, unit: float) -> tuple[float, float, float, float]:
    """Return the widths and heights of both grids: input, output, input, output."""
    height, width = plane.sides
    cells = (width.stop - width.first, width.output_size)
    rows = (height.stop - height.first, height.output_size)
    return cells[0] * unit, cells[1] * unit, rows[0] * unit, rows[1] * unit


def _units(*, outlined: bool) -> Iterator[float]:
    # Whole units keep lines crisp; a grid without cells takes what fits.
    yield from map(float, range(_LARGEST_CELL, _SMALLEST_CELL - 1, -1))
    unit = float(_SMALLEST_CELL)
    while outlined:
        unit *= 0.98
        yield unit


def _unit(plane: Plane, texts: tuple[float, float], *, stacked: bool) -> float:
    room = WIDTH - 2 * MARGIN
    for unit in _units(outlined=plane.outlined):
        source, target, *heights = _spans(plane, unit)
        left, right = max(source, texts[0]), max(target, texts[1])
        across = max(left, right) if stacked else left + _GAP + right
        down = sum(heights) if stacked else max(heights)
        if across <= room and down <= _TALLEST[stacked]:
            break
    return unit


def _beside(plane: Plane, unit: float, top: float, texts: tuple[float, float]) -> Layout:
    source, _, tall, short = _spans(plane, unit)
    height, width = plane.sides
    x = MARGIN + HALF
    target = x + ceil(max(source, texts[0])) + _GAP
    across = Line(unit, x - width.first * unit, target, width)
    # Windows are never higher than their outputs: ties rise to them, and miss the label above.
    down = _gripped(Line(unit, top - height.first * unit, top, height), plane.sweep.every_row)
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
    *_, tall, short = _spans(plane, unit)
    height, width = plane.sides
    x = MARGIN + HALF
    across = _gripped(Line(unit, x - width.first * unit, x, width), plane.sweep.every_column)
    down = Line(unit, top - height.first * unit, top + round(tall) + _GAP * 0.75, height)
    bottom = down.target + short + _BELOW
    return Layout(
        across,
        down,
        stacked=True,
        input_label=(x, top - _ABOVE),
        # Above the output it would stand in the way of the ties.
        output_label=(x, bottom),
        bottom=bottom,
    )


def _gripped(line: Line, every: int) -> Line:
    """Let ties end a little inside their output, so that none is parallel to the other axis.

    A tie stretches as it moves, and what has no length cannot be stretched.
    """
    grips = (0.8, 1.0, 1.2, 1.4, 1.6)
    stops = range(0, line.side.output_size, every)
    return max((replace(line, grip=grip) for grip in grips), key=lambda each: each.slack(stops))
