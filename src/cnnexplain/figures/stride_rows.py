"""Several strides on one input, one under the other: a larger step leaves fewer outputs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures import stride_words
from cnnexplain.figures.colours import widest
from cnnexplain.figures.figure import moving, told
from cnnexplain.figures.layout import Line
from cnnexplain.figures.marks import cross, dashed, padding_swatch, unread_swatch
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.sheet import ROOM, Sheet
from cnnexplain.figures.side import Side
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    box,
    decimal,
    element,
    grid,
    label,
    rectangle,
)
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.axis import Padding
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.sheet import Mark
    from cnnexplain.figures.stage import Stage

# More rows do not fit a page, and more cells are too small to see.
_MOST_STRIDES, _MOST_CELLS = 4, 24
_LARGEST_CELL, _SMALLEST_NUMBERED = 32, 20
_NUMBER = 13.0  # the numbers in cells
_FORMULA, _HOP, _GAP, _APART = 26, 17, 30, 16  # the room of each part of a row
_ASIDE = 14  # from the cells to what is said of them


def strides(
    input_size: int = 7,
    kernel_size: int = 3,
    strides: Sequence[int] = (1, 2, 3),
    padding: Padding = 0,
) -> Figure:
    """Draw one input under several strides, whose windows step together.

    Args:
        input_size: The number of inputs, without padding.
        kernel_size: The window's size.
        strides: The steps between two windows, from one to four of them.
        padding: A number for both ends, `(before, after)`, or `"valid"`.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or too large to draw.
        ShapeError: If no window fits.

    Example:
        >>> strides().title
        'Strides 1, 2, 3 on one input of 7, kernel 3: outputs 5, 3, 2'
    """
    rows = _rows(input_size, kernel_size, strides, padding)
    sweep = Sweep(1, max(row.output_size for row in rows), pace=1.2)
    sheet = Sheet()
    sheet.title(lambda: text("figure.strides.heading"))
    sheet.phrases(partial(stride_words.parameters, rows[0]))
    top = sheet.y + 6
    unit = _unit(rows)
    below = Sheet(top + len(rows) * _tall(unit) - _APART + 6)
    below.key(_marks(rows))
    heading = sheet.drawing

    def draw(stage: Stage) -> str:
        drawn = [_row(stage, row, unit, top + at * _tall(unit)) for at, row in enumerate(rows)]
        return "".join((heading, *drawn, below.drawing))

    still = sweep.steps - 1
    sentences = [stride_words.told(rows, step) for step in range(sweep.steps)]
    return moving(
        stride_words.title(rows),
        stride_words.description(rows),
        below.height,
        draw,
        sweep,
        still,
        told(sentences, sweep),
    )


def _rows(
    input_size: object, kernel_size: object, strides: object, padding: object
) -> tuple[Side, ...]:
    size = whole("input_size", input_size, 1)
    listed = list(strides) if isinstance(strides, tuple | list | range) else []
    if not 0 < len(listed) <= _MOST_STRIDES:
        raise ArgumentError(
            f"strides as 1 to {_MOST_STRIDES} numbers",
            f"strides={shown(strides)}",
            "write for example strides=(1, 2, 3)",
        )
    rows = tuple(Side(axis.convolution(kernel_size, step, padding), size) for step in listed)
    cells = rows[0].padded - rows[0].first
    if cells > _MOST_CELLS:
        raise ArgumentError(
            f"at most {_MOST_CELLS} inputs with their padding in a figure",
            f"{cells} of them (input_size={size}, padding={rows[0].window.padding})",
            "draw a smaller case, which shows the same; cnnexplain.output_size has no limit",
        )
    for row in rows:
        row.window.output_size(size)
    return rows


def _unit(rows: Sequence[Side]) -> int:
    """Return the size of a cell: whole, so that lines are crisp."""
    sizes = [make for row in rows for make in stride_words.sizes(row)]
    places = [partial(stride_words.place, row, row.output_size - 1) for row in rows]
    named = max(widest(make, LABEL_SIZE, bold=True) for make in sizes)
    aside = _ASIDE + max(named, *map(widest, places))
    cells = rows[0].padded - rows[0].first
    return min(_LARGEST_CELL, int((ROOM - aside) // cells))


def _tall(unit: int) -> int:
    """Return the height of a row."""
    return _FORMULA + _HOP + unit + _GAP + unit + _APART


def _row(stage: Stage, row: Side, unit: int, top: float) -> str:
    """Draw one stride: its formula, its input with the windows, its output."""
    x = MARGIN + HALF
    line = Line(float(unit), x - row.first * unit, x, row)
    source = top + _FORMULA + _HOP + HALF
    target = source + unit + _GAP
    aside = line.input(row.padded) + _ASIDE
    centred = 0.36 * LABEL_SIZE + unit / 2
    named, made = (make() for make in stride_words.sizes(row))
    parts = [
        label(MARGIN, top + _FORMULA - 5, stride_words.formula(row)),
        _input(row, line, source),
        _output(line, target),
        label(aside, source + centred, named, "cx-input-ink"),
        label(aside, target + centred, made, "cx-output-ink"),
    ]
    moment = source + unit + _GAP / 2 + 0.36 * SMALL_SIZE
    for at in range(row.output_size):
        off = at + 1 if at + 1 < row.output_size else None
        window = _window(line, at, source, target)
        place = label(aside, moment, stride_words.place(row, at), "cx-small")
        parts.append(stage.seen(_done(line, at, source, target), at))
        parts.append(stage.seen(window + place, at, off))
    if unit >= _SMALLEST_NUMBERED:
        read = {at + 1: line.input(at) for at in range(row.input_size) if at not in row.untouched}
        parts.append(_numbers(read, unit, source))
    return "".join(parts)


def _input(row: Side, line: Line, y: float) -> str:
    """Draw the input and its padding; what no window reads is blank and crossed out."""
    unit = line.unit
    ys = [y, y + unit]
    parts = []
    if sum(row.window.padding):
        cells = [line.input(at) for at in range(row.first, row.padded + 1)]
        parts.append(dashed(grid(cells, ys), unit))
    read = [at for at in range(row.input_size) if at not in row.untouched]
    filled = "".join(box(line.input(at), y, unit, unit) for at in read)
    parts.append(element("path", class_="cx-input", d=filled or "M0 0"))
    cells = [line.input(at) for at in range(row.input_size + 1)]
    parts.append(element("path", class_="cx-input-line", d=grid(cells, ys)))
    if row.untouched:
        crosses = "".join(cross(line.input(at), y, unit) for at in sorted(row.untouched))
        parts.append(element("path", class_="cx-unread", d=crosses))
    return "".join(parts)


def _output(line: Line, y: float) -> str:
    """Draw the lines of the output."""
    unit = line.unit
    cells = [line.output(at) for at in range(line.side.output_size + 1)]
    around = box(cells[0] - HALF, y - HALF, cells[-1] - cells[0] + 2 * HALF, unit + 2 * HALF)
    return element("path", class_="cx-output-line", d=grid(cells, [y, y + unit])) + element(
        "path", class_="cx-output-line cx-frame", d=around
    )


def _done(line: Line, at: int, source: float, target: float) -> str:
    """Draw what a step leaves: its output, and the way that the window went."""
    unit = line.unit
    inner = line.output(at) + HALF, target + HALF, unit - 2 * HALF, unit - 2 * HALF
    cell = rectangle("cx-output", inner)
    if unit >= _SMALLEST_NUMBERED:
        cell += _numbers({at + 1: line.output(at)}, unit, target)
    return element("g", cell, data_step=at) + (_hop(line, at, source) if at else "")


def _window(line: Line, at: int, source: float, target: float) -> str:
    """Draw a window, the inputs that it reads, and its output."""
    unit = line.unit
    start, end = line.window(at)
    left, right = line.ends(at)
    bottom = decimal(source + unit)
    ties = (
        f"M{decimal(start)} {bottom}L{decimal(left)} {decimal(target)}"
        f"M{decimal(end)} {bottom}L{decimal(right)} {decimal(target)}"
    )
    outlines = box(start, source, end - start, unit) + box(left, target, unit, unit)
    return "".join(
        (
            element("path", class_="cx-taps", d=box(start, source, end - start, unit)),
            element("path", class_="cx-tie", d=ties),
            element("path", class_="cx-window", d=outlines),
        )
    )


def _hop(line: Line, at: int, y: float) -> str:
    """Draw the step to a window: from where the one before it starts to where it starts."""
    before, here = (line.window(each)[0] + line.unit / 2 for each in (at - 1, at))
    up = y - 4
    arc = f"M{decimal(before)} {decimal(up)}Q{decimal((before + here) / 2)} {decimal(up - 18)} "
    arc += f"{decimal(here)} {decimal(up)}"
    head = "m-5-4l5 4 2.5-6"
    return element("path", class_="cx-tie", d=arc + head)


def _numbers(cells: Mapping[int, float], unit: float, y: float) -> str:
    """Write numbers into cells, each of which starts somewhere."""
    spans = [
        element("tspan", number(at), x=x + unit / 2, y=y + unit / 2 + 0.36 * _NUMBER)
        for at, x in cells.items()
    ]
    size = f"font-size:{decimal(_NUMBER)}px"
    return element("text", "".join(spans), class_="cx-middle", style=size)


def _marks(rows: Sequence[Side]) -> list[Mark]:
    """Return the marks that need a word."""
    marks: list[Mark] = [(lambda: text("figure.strides.key.step"), _hop_swatch)]
    if sum(rows[0].window.padding):
        marks.append((lambda: text("figure.key.padding"), padding_swatch))
    if any(row.untouched for row in rows):
        marks.append((lambda: text("figure.key.unread"), unread_swatch))
    return marks


def _hop_swatch(x: float, y: float) -> str:
    arc = f"M{decimal(x + 1)} {decimal(y + 14)}q7-18 14 0m-5-4l5 4 2.5-6"
    return element("path", class_="cx-tie", d=arc)
