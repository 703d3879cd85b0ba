"""The scenes of folding: what each adds to the drawing, and what it points at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures.arrays import Cells, entries, fitted, tick, written
from cnnexplain.figures.colours import widest
from cnnexplain.figures.sheet import ROOM
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    box,
    decimal,
    element,
    label,
)
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnnexplain.figures.folded_rows import Folded, Volume

_CELL = 34
_CHANNELS, _ARRAYS = 10, 26  # between the channels of an array, and between two arrays
_NAME, _ABOVE = 32, 10  # from what is above to a name's baseline, and on to its cells
_LINE = 22
_TIED, _UNDER = 34, 20  # the same where lines go from what is above to the cells
_MARK = 10.5


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything stands.

    Attributes:
        names: The baselines of the sections' names.
        map: The map's channels.
        vector: The flattened map.
        matrix: The matrix.
        products: The matrix's outputs.
        kernels: The channels of each kernel.
        outputs: The output of each kernel on the map.
        larger: The larger map's channels.
        scores: The outputs of each kernel on the larger map.
        height: The figure's height.
    """

    names: tuple[float, ...]
    map: tuple[Cells, ...]
    vector: Cells
    matrix: Cells
    products: Cells
    kernels: tuple[tuple[Cells, ...], ...]
    outputs: tuple[Cells, ...]
    larger: tuple[Cells, ...]
    scores: tuple[Cells, ...]
    height: int


def places_of(shown: Folded, y: float) -> Places:
    """Place everything, from top to bottom.

    Args:
        shown: What the figure shows.
        y: Where what is above ends.
    """
    left = MARGIN + HALF
    channels, height, width = shown.size
    count, outputs = len(shown.vector), len(shown.weight)
    names = [y + _NAME]
    picture = _side_by_side(left, names[0] + _LINE + _ABOVE, shown.size)
    names.append(picture[0].bottom + _TIED)
    vector = Cells(left, names[1] + _UNDER + HALF, _CELL, 1, count)
    names.append(vector.bottom + _NAME)
    matrix = Cells(left, names[2] + _ABOVE + HALF, _CELL, outputs, count)
    products = Cells(matrix.right + 24, matrix.y, _CELL, outputs, 1)

    names.append(matrix.bottom + _TIED)
    top = names[3] + _UNDER
    kernel_width = channels * width * _CELL + (channels - 1) * _CHANNELS
    beside = outputs * (kernel_width + 24 + _CELL) + (outputs - 1) * _ARRAYS <= ROOM
    kernels, results = [], []
    for at in range(outputs):
        across = left + at * (kernel_width + 24 + _CELL + _ARRAYS) * beside
        down = top + at * (height * _CELL + _CHANNELS) * (not beside)
        kernel = _side_by_side(across, down, shown.size)
        kernels.append(kernel)
        middle = kernel[0].y + (kernel[0].height - _CELL) // 2
        results.append(Cells(kernel[-1].right + 24, middle, _CELL, 1, 1))

    names.append(kernels[-1][0].bottom + _LINE + 6)
    names.append(names[4] + _NAME)
    larger = _side_by_side(left, names[5] + _LINE + _ABOVE, shown.larger_size)
    places = shown.convolved(shown.larger)
    x = larger[-1].right + _ARRAYS
    scores = tuple(
        Cells(x, larger[0].y + at * (_CELL + 8), _CELL, 1, len(kernel[0]))
        for at, kernel in enumerate(places)
    )
    bottom = max(larger[0].bottom, scores[-1].bottom)
    return Places(
        tuple(names),
        picture,
        vector,
        matrix,
        products,
        tuple(kernels),
        tuple(results),
        larger,
        scores,
        round(bottom + 14),
    )


def scenes(shown: Folded, places: Places) -> list[tuple[str, str]]:
    """Draw each scene: what it adds for good, and what it points at while it lasts.

    Args:
        shown: What the figure shows.
        places: Where everything stands.
    """
    _, height, width = shown.size
    count, last = len(shown.vector), len(shown.weight) - 1
    name = partial(_name, places)
    flat = (
        _ties(places.map, _pieces(places.vector, 0, height * width), "input-line")
        + name(1, "flat", "input", count=number(count))
        + _numbered([places.vector], [[shown.vector]], "input")
        + _boundaries(places.vector, height * width, "input-line")
    )
    rows = places.matrix
    product = (
        name(2, "matrix", "dense", size=shape((rows.rows, rows.columns)))
        + _matrix(shown, rows)
        + _boundaries(rows, height * width, "dense-line")
        + _equals(rows, places.products)
        + _results([places.products], [[[value] for value in shown.products]])
    )
    row, kernel = _pieces(rows, last, height * width), places.kernels[last]
    beside = kernel[0].y == places.kernels[0][0].y
    fold = (
        # Lines to a kernel under another one would cross it.
        (_ties(row, kernel, "tie") if beside else "")
        + name(3, "fold", "conv", size=shape(shown.size))
        + "".join(
            _numbered(cells, each, "conv")
            for cells, each in zip(places.kernels, shown.kernels, strict=True)
        )
    )
    same = shown.convolved(shown.map)
    laid = (
        "".join(
            _equals(kernel[-1], result)
            for kernel, result in zip(places.kernels, places.outputs, strict=True)
        )
        + _results(places.outputs, same)
        + tick(MARGIN, places.names[4] - 13)
        + label(MARGIN + 22, places.names[4], text("figure.folding.same"), "cx-small")
    )
    takes, has = shown.refused
    refused = text("figure.folding.fails", takes=number(takes), has=number(has))
    more = (
        name(5, "larger", "input", size=shape(shown.larger_size))
        + _cross(MARGIN, places.names[5] + _LINE)
        + label(MARGIN + 22, places.names[5] + _LINE, refused, "cx-error-ink")
        + _numbered(places.larger, shown.larger, "input", marks=False)
        + _equals(places.larger[-1], places.scores[0], sign="→")
    )
    folded = "".join(cells.whole for cells in (*row, *kernel))
    found = shown.convolved(shown.larger)
    return [
        (
            name(0, "map", "input", size=shape(shown.size))
            + label(MARGIN, places.names[0] + _LINE, _rule(height, width), "cx-small")
            + _numbered(places.map, shown.map, "input"),
            "",
        ),
        (flat, ""),
        (
            product,
            _window(places.vector.whole + rows.box(last, 0, 1, count) + places.products.box(last)),
        ),
        (fold, _window(folded)),
        (
            laid,
            _window("".join(cells.whole for cells in (*places.map, *kernel, places.outputs[last]))),
        ),
        *(
            (
                (more if not at else "") + _scored(places.scores, found, at),
                _window(
                    "".join(cells.box(0, at, height, width) for cells in places.larger)
                    + "".join(cells.box(0, at) for cells in places.scores)
                ),
            )
            for at in range(places.scores[0].columns)
        ),
    ]


def _side_by_side(x: float, y: float, size: tuple[int, int, int]) -> tuple[Cells, ...]:
    channels, height, width = size
    step = width * _CELL + _CHANNELS
    return tuple(Cells(x + at * step, y + HALF, _CELL, height, width) for at in range(channels))


def _name(places: Places, at: int, key: str, role: str, **values: str) -> str:
    """Write a section's name, which leads to its step, over the lines that come from above."""
    y, words = places.names[at], partial(text, f"figure.folding.{key}", **values)
    ground = box(MARGIN - 2, y - 16, widest(words, LABEL_SIZE, bold=True) + 4, 21)
    name = label(MARGIN, y, words(), f"cx-{role}-ink")
    return element("g", element("path", class_="cx-paper", d=ground) + name, data_step=at)


def _rule(height: int, width: int) -> str:
    return f"{text('figure.folding.index')} = c·H·W + h·W + w = c·{height * width} + h·{width} + w"


def _indexed(cells: Cells, first: int) -> list[tuple[int, int, str]]:
    return [
        (row, column, str(first + row * cells.columns + column))
        for row in range(cells.rows)
        for column in range(cells.columns)
    ]


def _numbered(
    arrays: Sequence[Cells],
    values: Sequence[Sequence[Sequence[int]]],
    role: str,
    *,
    marks: bool = True,
) -> str:
    """Draw an array: each cell with its number, and in the corner its index."""
    parts, first = [], 0
    for cells, channel in zip(arrays, values, strict=True):
        size = fitted([each for *_, each in entries(channel)], _CELL, _CELL - 10)
        indices = _indexed(cells, first) if marks else []
        parts.append(cells.drawn(role))
        parts.append(
            written(
                cells.texts(entries(channel), size, lower=5.0 if marks else 0.0),
                cells.corners(indices, _MARK, "cx-small"),
            )
        )
        first += cells.rows * cells.columns
    return "".join(parts)


def _matrix(shown: Folded, cells: Cells) -> str:
    """Draw the matrix: each cell with its number, and in the corner its column."""
    columns = [
        (row, column, str(column)) for row in range(cells.rows) for column in range(cells.columns)
    ]
    return cells.drawn("dense") + written(
        cells.texts(entries(shown.weight), fitted(["−3"], _CELL, _CELL - 10), lower=5.0),
        cells.corners(columns, _MARK, "cx-small"),
    )


def _results(arrays: Sequence[Cells], values: Sequence[Sequence[Sequence[int]]]) -> str:
    texts = [each for array in values for *_, each in entries(array)]
    size = fitted(texts, _CELL, _CELL, 14)
    return "".join(
        cells.drawn("output") + written(cells.texts(entries(array), size))
        for cells, array in zip(arrays, values, strict=True)
    )


def _scored(
    arrays: Sequence[Cells], values: Sequence[Volume | Sequence[Sequence[int]]], at: int
) -> str:
    """Draw the outputs of one place on the larger map."""
    columns = [Cells(cells.x + at * _CELL, cells.y, _CELL, 1, 1) for cells in arrays]
    return _results(columns, [[[kernel[0][at]]] for kernel in values])  # type: ignore[list-item]


def _pieces(cells: Cells, row: int, columns: int) -> list[Cells]:
    """Return a row cut into its channels."""
    y = cells.y + row * cells.high
    starts: Iterator[float] = (cells.x + at * cells.unit for at in range(0, cells.columns, columns))
    return [Cells(x, y, columns * cells.unit, 1, 1, cells.high) for x in starts]


def _ties(upper: Sequence[Cells], lower: Sequence[Cells], class_: str) -> str:
    """Draw a line from each array to the one below that has the same numbers."""
    data = "".join(
        f"M{decimal(one.x + one.width / 2)} {decimal(one.bottom)}"
        f"L{decimal(other.x + other.width / 2)} {decimal(other.y)}"
        for one, other in zip(upper, lower, strict=True)
    )
    return element("path", class_=f"cx-{class_}", d=data)


def _boundaries(cells: Cells, columns: int, class_: str) -> str:
    """Draw the lines between channels."""
    return element("path", class_=f"cx-{class_} cx-frame", d=cells.lines(cells.rows, columns))


def _equals(left: Cells, right: Cells, sign: str = "=") -> str:
    middle = right.y + right.height / 2 if right.rows == 1 else left.y + left.height / 2
    return label((left.right + right.x) / 2, middle + 6, sign, "cx-middle")


def _window(data: str) -> str:
    return element("path", class_="cx-window", d=data)


def _cross(x: float, y: float) -> str:
    data = f"M{decimal(x + 3)} {decimal(y - 10)}l10 10m0 -10l-10 10"
    return element("path", class_="cx-error-line", d=data, stroke_width=2.5)
