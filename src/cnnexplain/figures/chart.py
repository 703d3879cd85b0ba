"""Charts: axes with round numbers, lines and marks, drawn in the grammar of all figures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from cnnexplain.figures.svg import HALF, SMALL_SIZE, box, decimal, element, label, text_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.figures.stage import Stage

LINE_ROOM = 24  # the width of a line in a key
_TICK_GAP = 7.0  # between an axis and its numbers
_APART = 10.0  # between two numbers of an axis
_ROUND = (1, 2, 2.5, 5, 10)
# How the lines of a chart differ, beside their marks.
_DASHES = (None, "2 4", "9 4")
_SWATCH = 16


@dataclass(frozen=True, slots=True)
class Axis:
    """Where numbers lie on one axis of a chart.

    Attributes:
        low: The number at its start.
        high: The number at its end.
        start: Where it starts, in units of the drawing.
        end: Where it ends; above its start if it goes up.
        logarithmic: Whether equal quotients get equal distances.

    Example:
        >>> Axis(0.0, 40.0, 200.0, 0.0).at(10.0), Axis(1, 100, 0.0, 80.0, logarithmic=True).at(10)
        (150.0, 40.0)
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Return where a number lies.

        Args:
            value: The number.
        """
        if self.logarithmic:
            part = log10(value / self.low) / log10(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


def round_ticks(low: float, high: float, parts: int) -> list[float]:
    """Return round numbers between two numbers, a step apart.

    Args:
        low: The least number.
        high: The largest number.
        parts: At most so many steps lie between them.

    Example:
        >>> round_ticks(0, 35.4, 4), round_ticks(224, 1024, 5)
        ([0.0, 10.0, 20.0, 30.0], [400.0, 600.0, 800.0, 1000.0])
    """
    least = (high - low) / parts
    scale = 10.0 ** floor(log10(least))
    step = next(part * scale for part in _ROUND if part * scale >= least * (1 - 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [at * step for at in range(first, last + 1)]


def ground(x: Axis, y: Axis, xs: Sequence[float], ys: Sequence[float]) -> str:
    """Draw the lines of a chart: faint ones at the numbers of the axes, and the axis below.

    Args:
        x: The axis across.
        y: The axis up.
        xs: The numbers across.
        ys: The numbers up.
    """
    width, height = x.end - x.start, y.end - y.start
    rows = [f"M{decimal(x.start)} {decimal(crisp(y.at(value)))}h{decimal(width)}" for value in ys]
    bottom = crisp(y.start)
    columns = [
        f"M{decimal(crisp(x.at(value)))} {decimal(bottom)}v{decimal(height)}" for value in xs
    ]
    lines = element("path", class_="cx-guide", d="".join(rows + columns), stroke_opacity=0.35)
    data = f"M{decimal(x.start)} {decimal(bottom)}h{decimal(width)}"
    data += "".join(f"M{decimal(crisp(x.at(value)))} {decimal(bottom)}v4" for value in xs)
    return lines + element("path", class_="cx-guide", d=data)


def numbers_up(y: Axis, values: Sequence[float], write: Callable[[float], str], end: float) -> str:
    """Write the numbers of the axis up.

    Args:
        y: The axis.
        values: The numbers.
        write: How they are written.
        end: Where they end, across.
    """
    return "".join(label(end, y.at(each) + 5, write(each), "cx-small cx-end") for each in values)


def numbers_across(x: Axis, values: Sequence[float], texts: Sequence[str], y: float) -> str:
    """Write the numbers of the axis across, leaving out those that have no room.

    Args:
        x: The axis.
        values: The numbers, those first that are to have room.
        texts: How they are written; as wide in every language.
        y: The baseline.
    """
    parts: list[str] = []
    taken: list[tuple[float, float]] = []
    for value, written in zip(values, texts, strict=True):
        at, half = x.at(value), text_width(written, SMALL_SIZE) / 2
        if all(at + half + _APART <= left or right + _APART <= at - half for left, right in taken):
            parts.append(label(at, y, written, "cx-small cx-middle"))
            taken.append((at - half, at + half))
    return "".join(parts)


def numbers_left(start: float, widths: Sequence[float]) -> float:
    """Return where a chart starts that has numbers at its left.

    Args:
        start: Where the numbers may start.
        widths: Their widths.
    """
    return start + max(widths) + _TICK_GAP


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """Return a line through points as path data.

    Args:
        points: The points.

    Example:
        >>> polyline([(0, 0), (4, 2.25), (8, 3)])
        'M0 0L4 2.2L8 3'
    """
    return "M" + "L".join(f"{decimal(round(x, 1))} {decimal(round(y, 1))}" for x, y in points)


def curve(points: Sequence[tuple[float, float]], number: int, class_: str = "cx-curve") -> str:
    """Draw one of a chart's lines.

    Args:
        points: Its points.
        number: Which one, from 0: each is dashed in its own way.
        class_: Its class.
    """
    return element(
        "path",
        class_=class_,
        d=polyline(points),
        stroke_width=2.5,
        stroke_linecap="round",
        stroke_dasharray=_DASHES[number],
    )


def mark(x: float, y: float, number: int, class_: str, size: float = 5.0) -> str:
    """Draw a point of one of a chart's lines: each line has marks of its own form.

    Args:
        x: Its place across.
        y: Its place down.
        number: Which line, from 0.
        class_: Its class.
        size: Half of its width.
    """
    x, y = round(x, 1), round(y, 1)
    if number == 0:
        return element("circle", class_=class_, cx=x, cy=y, r=size)
    if number == 1:
        side = size * 1.8
        return element("path", class_=class_, d=_square(x - side / 2, y - side / 2, side))
    arm = decimal(size * 1.3)
    data = f"M{decimal(x)} {decimal(y - size * 1.3)}l{arm} {arm}l-{arm} {arm}l-{arm}-{arm}z"
    return element("path", class_=class_, d=data)


def line_swatch(x: float, y: float, number: int) -> str:
    """Draw a piece of one of a chart's lines with its mark, 24 wide and 16 high."""
    middle = y + _SWATCH / 2
    line = curve([(x, middle), (x + LINE_ROOM, middle)], number)
    return line + mark(x + LINE_ROOM / 2, middle, number, "cx-mark")


def limit_line(x: Axis, y: float) -> str:
    """Draw the dashed line that a curve approaches."""
    data = f"M{decimal(x.start)} {decimal(crisp(y))}H{decimal(x.end)}"
    return element("path", class_="cx-guide", d=data, stroke_dasharray="7 5", stroke_width=1.5)


def limit_swatch(x: float, y: float) -> str:
    """Draw a piece of a line that a curve approaches."""
    data = f"M{decimal(x)} {decimal(y + 8.5)}h{_SWATCH}"
    return element("path", class_="cx-guide", d=data, stroke_dasharray="5 3", stroke_width=1.5)


def targets(x: Axis, y: Axis, values: Sequence[float]) -> str:
    """Draw what one clicks at to come to a step: as much as lies nearest to its number.

    Args:
        x: The axis across.
        y: The axis up.
        values: The number of each step, from the least.
    """
    places = [x.at(value) for value in values]
    edges = [x.start, *(sum(each) / 2 for each in pairwise(places)), x.end]
    return "".join(
        element(
            "path",
            d=box(left, y.end, right - left, y.start - y.end),
            pointer_events="all",
            data_step=step,
        )
        for step, (left, right) in enumerate(pairwise(edges))
    )


def scenes(stage: Stage, drawings: Sequence[str]) -> str:
    """Draw what is seen at one step each.

    Args:
        stage: What it is drawn on.
        drawings: What is seen at each step.
    """
    last = len(drawings) - 1
    return "".join(
        stage.seen(drawing, at, None if at == last else at + 1)
        for at, drawing in enumerate(drawings)
    )


def crisp(value: float) -> float:
    """Return the nearest half unit, on which a thin line fills whole pixels.

    Example:
        >>> crisp(12.2), crisp(12.9)
        (12.5, 12.5)
    """
    return floor(value) + HALF


def _square(x: float, y: float, side: float) -> str:
    length = decimal(side)
    return f"M{decimal(x)} {decimal(y)}h{length}v{length}h-{length}z"
