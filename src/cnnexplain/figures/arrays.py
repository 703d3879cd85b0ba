"""Small arrays of numbers: cells in rows and columns, and what is written in them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from cnnexplain.figures.svg import SMALL_SIZE, box, decimal, element, grid, text_width
from cnnexplain.languages import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Below this size, numbers in cells cannot be read.
SMALLEST = 10.0
_DIGIT = 0.6  # the width of one, in heights of a letter
# How far below the middle of a cell the baseline of its digits lies, in sizes of the font.
_DROP = 0.36


@dataclass(frozen=True, slots=True)
class Cells:
    """Equal cells in rows and columns.

    Attributes:
        x: Where they start, across.
        y: Where they start, down.
        unit: The width of a cell, and its height unless that is given.
        rows: The number of rows.
        columns: The number of columns.
        tall: The height of a cell, if it is no square.
    """

    x: float
    y: float
    unit: float
    rows: int
    columns: int
    tall: float = 0.0

    @property
    def high(self) -> float:
        """The height of a cell."""
        return self.tall or self.unit

    @property
    def width(self) -> float:
        """The width of all cells."""
        return self.columns * self.unit

    @property
    def height(self) -> float:
        """The height of all cells."""
        return self.rows * self.high

    @property
    def right(self) -> float:
        """Where the cells end, across."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Where the cells end, down."""
        return self.y + self.height

    def middle(self, row: float, column: float) -> tuple[float, float]:
        """Return the middle of a cell.

        Args:
            row: Its row.
            column: Its column.
        """
        return self.x + (column + 0.5) * self.unit, self.y + (row + 0.5) * self.high

    def box(self, row: int = 0, column: int = 0, rows: int = 1, columns: int = 1) -> str:
        """Return the outline of some cells as path data.

        Args:
            row: Their first row.
            column: Their first column.
            rows: The number of their rows.
            columns: The number of their columns.

        Example:
            >>> Cells(10, 20, 8, rows=3, columns=4).box(1, 2)
            'M26 28h8v8h-8z'
        """
        x, y = self.x + column * self.unit, self.y + row * self.high
        return box(x, y, columns * self.unit, rows * self.high)

    @property
    def whole(self) -> str:
        """The outline of all cells as path data."""
        return self.box(0, 0, self.rows, self.columns)

    def lines(self, rows: int = 1, columns: int = 1) -> str:
        """Return the lines between cells as path data.

        Args:
            rows: The number of rows from one line to the next.
            columns: The number of columns from one line to the next.
        """
        xs = [self.x + at * self.unit for at in range(0, self.columns + 1, columns)]
        ys = [self.y + at * self.high for at in range(0, self.rows + 1, rows)]
        return grid(xs, ys)

    def drawn(self, role: str) -> str:
        """Draw the cells with a role's colour and lines.

        Args:
            role: The role, such as `"input"`.
        """
        return element("path", class_=f"cx-{role}", d=self.whole) + element(
            "path", class_=f"cx-{role}-line", d=self.lines()
        )

    def texts(
        self,
        texts: Iterable[tuple[int, int, str]],
        size: float,
        class_: str = "",
        *,
        lower: float = 0.0,
    ) -> Texts:
        """Return texts that stand in the middle of their cells.

        Args:
            texts: The texts, each with its row and its column.
            size: The font's size; nothing is written with 0.
            class_: The class of the texts.
            lower: How far below the middle they stand.
        """
        places = [(*self.middle(row, column), content) for row, column, content in texts]
        return Texts([(x, y + lower, content) for x, y, content in places], size, class_)

    def corners(
        self, texts: Iterable[tuple[int, int, str]], size: float, class_: str = ""
    ) -> Texts:
        """Return texts that stand in the upper left corner of their cells.

        Args:
            texts: The texts, each with its row and its column.
            size: The font's size; nothing is written with 0.
            class_: The class of the texts.
        """
        left, top = self.x + 2.5, self.y + 2 + size / 2
        places = [
            (
                left + column * self.unit + text_width(content, size) / 2,
                top + row * self.high,
                content,
            )
            for row, column, content in texts
        ]
        return Texts(places, size, class_)


class Texts(NamedTuple):
    """Short texts of one size and one class.

    Attributes:
        places: The texts, each with the place that it stands about, across and down.
        size: The font's size; nothing is written with 0.
        class_: The class of the texts.
    """

    places: Sequence[tuple[float, float, str]]
    size: float
    class_: str = ""


def written(*groups: Texts) -> str:
    """Write short texts, all as one element: so an array has its numbers, and no other text near.

    Args:
        *groups: The texts.

    Example:
        >>> written(Texts([(4, 6, "a"), (8, 6, "b")], 10))[24:]
        'style="font-size:10px"><tspan x="4" y="9.6">a</tspan><tspan x="8">b</tspan></text>'
    """
    groups = tuple(group for group in groups if group.places and group.size)
    if not groups:
        return ""
    first, *others = groups
    pieces = [_spans(first)]
    for group in others:
        style = f"font-size:{decimal(group.size)}px" if group.size != first.size else None
        pieces.append(element("tspan", _spans(group), class_=group.class_ or None, style=style))
    return element(
        "text",
        "".join(pieces),
        class_=f"cx-middle {first.class_}".strip(),
        style=f"font-size:{decimal(first.size)}px",
    )


def _spans(group: Texts) -> str:
    pieces = []
    last = None
    for x, y, content in group.places:
        down = None if y == last else y + _DROP * group.size
        pieces.append(element("tspan", escape(content, quote=False), x=float(x), y=down))
        last = y
    return "".join(pieces)


def fitted(texts: Iterable[str], width: float, height: float, largest: float = SMALL_SIZE) -> float:
    """Return the size of the largest font in which texts fit into cells, or 0 if none is readable.

    Args:
        texts: The texts.
        width: The width of a cell.
        height: Its height.
        largest: The size that is large enough.

    Example:
        >>> fitted(["12"], width=28, height=28), fitted(["−12"], width=14, height=14)
        (15.5, 0.0)
    """
    longest = max((text_width(each, 1.0) for each in texts), default=1.0)
    # Numbers side by side must not look like one, and a sign must not look like one between them.
    room = 0.74 if longest > _DIGIT else 0.82
    size = min(largest, 0.8 * height, room * width / longest)
    if size < SMALLEST <= min(0.8 * height, 0.9 * width / longest):
        return SMALLEST
    return size if size >= SMALLEST else 0.0


def signed(value: int) -> str:
    """Return a whole number with a real minus sign, in the current language.

    Example:
        >>> signed(-12)
        '−12'
    """
    return number(value).replace("-", "−")


def entries(values: Sequence[Sequence[int]]) -> list[tuple[int, int, str]]:
    """Return the numbers of an array as texts, each with its row and its column.

    Args:
        values: The numbers, row by row.

    Example:
        >>> entries([[5, -1]])
        [(0, 0, '5'), (0, 1, '−1')]
    """
    return [
        (row, column, signed(value))
        for row, line in enumerate(values)
        for column, value in enumerate(line)
    ]


def summed(factors: Sequence[tuple[int, int]], most: int = 9) -> list[str]:
    """Return the sum of products in pieces: one for each term, and the result's.

    Args:
        factors: The products' factors.
        most: The largest number of terms that are all written.

    Example:
        >>> summed([(2, 3), (-1, 4), (1, -2)])
        ['2·3', '− 1·4', '+ 1·(−2)', '= 0']
    """
    terms = []
    for at, (weight, value) in enumerate(factors):
        factor = signed(value) if value >= 0 else f"({signed(value)})"
        if at:
            terms.append(f"{'−' if weight < 0 else '+'} {number(abs(weight))}·{factor}")
        else:
            terms.append(f"{signed(weight)}·{factor}")
    if len(terms) > most:
        terms = [*terms[:3], "+ …", terms[-1]]
    return [*terms, f"= {signed(sum(weight * value for weight, value in factors))}"]


def tick(x: float, y: float) -> str:
    """Draw the sign of two ways that gave the same numbers, into a square at a place.

    Args:
        x: Where the square starts, across.
        y: Where it starts, down.
    """
    data = f"M{decimal(x + 2)} {decimal(y + 9)}l4 5l8 -11"
    return element("path", class_="cx-exact", d=data)
