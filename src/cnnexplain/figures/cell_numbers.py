"""Numbers in the cells of a sliding window: of the input, of its padding, and of the output."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from math import isclose, isinf
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import ArgumentError
from cnnexplain.figures.svg import decimal, element
from cnnexplain.languages import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnnexplain.figures.arithmetic import Numbers
    from cnnexplain.figures.layout import Layout
    from cnnexplain.figures.maps import Rows

# What is seen from a step on and, if it ends, until before another.
Seen: TypeAlias = tuple[str, int, int | None]
# A number at the middle of a cell.
Cell: TypeAlias = tuple[str, float, float]

# A number with fewer decimals is easier to read than a smaller one.
_LARGEST_SIZE, _EASY_SIZE, _SMALLEST_SIZE = 14.0, 11.0, 10.0
_AIR = 3  # beside a number in its cell
_DIGIT, _OTHERS = 0.6, {"−": 0.84, ".": 0.32, ",": 0.32, "\N{NARROW NO-BREAK SPACE}": 0.32}
_MOST_DIGITS = 2
# Below this, a number without its decimals is another one.
_LEAST_WHOLE = 10


@dataclass(frozen=True, slots=True)
class Writing:
    """How numbers are written.

    Attributes:
        digits: The decimals to which they are rounded.
        unit: The size of a cell.
        rounds: Whether rounding changes any of them.
    """

    digits: int
    unit: float
    rounds: bool

    def write(self, value: float) -> str:
        """Return a number in the current language.

        Args:
            value: The number.

        Example:
            >>> Writing(1, 28.0, rounds=True).write(-0.25)
            '−0.2'
        """
        if isinf(value):
            return "∞" if value > 0 else "−∞"
        near = round(value, self.digits)
        return number(int(near) if near == int(near) else near).replace("-", "−")

    def size(self, values: Iterable[float]) -> float:
        """Return the font's size with which numbers fit into their cells.

        Args:
            values: The numbers.

        Example:
            >>> Writing(2, 28.0, rounds=False).size([1, 2, 3])
            14.0
        """
        widest = max((_width(self.write(value)) for value in values), default=_DIGIT)
        return min(_LARGEST_SIZE, self.unit / 2, (self.unit - _AIR) / widest)

    def exact(self, *values: float) -> bool:
        """Return whether numbers are written as they are."""
        return all(
            isinf(value) or isclose(round(value, self.digits), value, rel_tol=1e-9, abs_tol=1e-12)
            for value in values
        )


def fitted(numbers: Numbers, unit: float) -> Writing:
    """Return how numbers fit into cells: with as many decimals as there is room for.

    Args:
        numbers: The numbers.
        unit: The size of a cell.

    Raises:
        ArgumentError: If they do not fit.
    """
    values = numbers.all
    parts = [abs(value) for value in values if isinstance(value, float)]
    fewest = int(min(parts, default=_LEAST_WHOLE) < _LEAST_WHOLE)
    for digits in range(_MOST_DIGITS, fewest - 1, -1):
        writing = Writing(digits, unit, rounds=False)
        least = _EASY_SIZE if digits > fewest else _SMALLEST_SIZE
        if writing.size(values) >= least:
            return Writing(digits, unit, rounds=not writing.exact(*values))
    longest = max(map(writing.write, values), key=_width)
    raise ArgumentError(
        "numbers that fit into their cells, at least 10 units high",
        f"cells of {decimal(unit)} units, and numbers as long as {longest.replace('−', '-')}",
        "draw a smaller case, or smaller numbers",
    )


def _width(written: str) -> float:
    return sum(_OTHERS.get(each, _DIGIT) for each in written)


def in_cells(content: str, size: float) -> str:
    """Give numbers in cells their size.

    Args:
        content: Drawings of numbers.
        size: The font's size.
    """
    return element("g", content, style=f"font-size:{decimal(round(size, 1))}px")


def _text(cells: Iterable[Cell], size: float, class_: str = "cx-number") -> str:
    """Draw numbers, each at the middle of a cell."""
    spans, line = [], None
    for each, x, y in cells:
        # On the same line, the one before says how far down it stands.
        spans.append(element("tspan", each, x=x, y=None if y == line else round(y + 0.36 * size)))
        line = y
    return element("text", "".join(spans), class_=class_)


def middles(rows: Rows, xs: Sequence[float], ys: Sequence[float], writing: Writing) -> str:
    """Draw a grid of numbers.

    Args:
        rows: The numbers, row by row.
        xs: The middles of the columns.
        ys: The middles of the rows.
        writing: How they are written.
    """
    cells = (
        (writing.write(value), x, y)
        for line, y in zip(rows, ys, strict=True)
        for value, x in zip(line, xs, strict=True)
    )
    size = writing.size(value for line in rows for value in line)
    return in_cells(_text(cells, size), size)


def input_numbers(numbers: Numbers, places: Layout, writing: Writing) -> str:
    """Draw the input's numbers, and the zeros of its padding.

    Args:
        numbers: The numbers.
        places: Where everything stands.
        writing: How they are written.
    """
    height, width = numbers.plane.sides
    half = places.x.unit / 2
    xs = [places.x.input(at) + half for at in range(width.input_size)]
    ys = [places.y.input(at) + half for at in range(height.input_size)]
    drawn = middles(numbers.input, xs, ys, writing)
    if numbers.plane.writes:
        return drawn
    zeros = [
        ("0", places.x.input(column) + half, places.y.input(row) + half)
        for row in range(height.first, height.padded)
        for column in range(width.first, width.padded)
        if not (0 <= row < height.size and 0 <= column < width.size)
        and numbers.at(row, column) is not None
    ]
    if not zeros:
        return drawn
    size = writing.size(value for line in numbers.input for value in line)
    return in_cells(_text(zeros, size, "cx-small cx-number"), size) + drawn


def output_numbers(numbers: Numbers, places: Layout, writing: Writing) -> tuple[list[Seen], float]:
    """Draw the output's numbers, each when it is computed, and return the font's size too.

    Args:
        numbers: The numbers.
        places: Where everything stands.
        writing: How they are written.
    """
    half, columns = places.x.unit / 2, numbers.plane.sweep.columns
    if numbers.plane.writes:
        changes = dict(sorted(numbers.sums.items()))
    else:
        changes = {
            (row, column): [(row * columns + column, value)]
            for row, line in enumerate(numbers.output)
            for column, value in enumerate(line)
        }
    found: dict[tuple[int, int | None], list[Cell]] = {}
    for (row, column), each in changes.items():
        x, y = places.x.output(column) + half, places.y.output(row) + half
        ends = chain((step for step, _ in each[1:]), (None,))
        for (on, value), off in zip(each, ends, strict=False):
            found.setdefault((on, off), []).append((writing.write(value), x, y))
    size = writing.size(value for each in changes.values() for _, value in each)
    drawn = [
        (_text(cells, size), on, off)
        for (on, off), cells in sorted(found.items(), key=lambda each: each[0][0])
    ]
    return drawn, size
