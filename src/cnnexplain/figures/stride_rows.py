"""Several strides on one input, one under the other: a larger step leaves fewer outputs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures import wording
from cnnexplain.figures.colours import widest
from cnnexplain.figures.figure import moving, told
from cnnexplain.figures.layout import Line
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.plane import Plane, Side
from cnnexplain.figures.scene import cross, dashed, padding_swatch, unread_swatch
from cnnexplain.figures.sheet import ROOM, Sheet
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
from cnnexplain.languages import current, language, number, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.axis import Padding
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.sheet import Mark
    from cnnexplain.figures.stage import Stage

# More rows do not fit a page, and more cells are too small to see.
_MOST_STRIDES, _MOST_CELLS = 5, 40
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
        strides: The steps between two windows, from one to five of them.
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
    sheet.phrases(partial(_parameters, rows[0]))
    top = sheet.y + 6
    unit = _unit(rows)
    below = Sheet(top + len(rows) * _tall(unit) - _APART + 6)
    below.key(_marks(rows))
    heading, code = sheet.drawing, current()

    def draw(stage: Stage) -> str:
        with language(code):
            drawn = [_row(stage, row, unit, top + at * _tall(unit)) for at, row in enumerate(rows)]
        return "".join((heading, *drawn, below.drawing))

    still = sweep.steps - 1
    sentences = [_told(rows, step) for step in range(sweep.steps)]
    return moving(
        _title(rows),
        _description(rows),
        below.height,
        draw,
        sweep,
        still,
        told(sentences, sweep, still),
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
    aside = max(max(widest(make, LABEL_SIZE, bold=True) for make in _sizes(row)) for row in rows)
    last = [partial(_place, row, row.output_size - 1) for row in rows]
    aside = max(aside, *map(widest, last))
    cells = rows[0].padded - rows[0].first
    return min(_LARGEST_CELL, int((ROOM - _ASIDE - aside) // cells))


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
    named, made = (make() for make in _sizes(row))
    parts = [
        label(MARGIN, top + _FORMULA - 5, _formula(row)),
        _input(row, line, source),
        _outputs(stage, row, line, target),
        label(aside, source + centred, named, "cx-input-ink"),
        label(aside, target + centred, made, "cx-output-ink"),
    ]
    moment = source + unit + _GAP / 2 + 0.36 * SMALL_SIZE
    for at in range(row.output_size):
        off = at + 1 if at + 1 < row.output_size else None
        window = _window(line, at, source, target)
        place = label(aside, moment, _place(row, at), "cx-small")
        parts.append(stage.seen(window + place, at, off))
        if at:
            parts.append(stage.seen(_hop(line, at, source), at))
    if unit >= _SMALLEST_NUMBERED:
        read = {at + 1: line.input(at) for at in range(row.input_size) if at not in row.unread}
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
    read = [at for at in range(row.input_size) if at not in row.unread]
    filled = "".join(box(line.input(at), y, unit, unit) for at in read)
    parts.append(element("path", class_="cx-input", d=filled or "M0 0"))
    cells = [line.input(at) for at in range(row.input_size + 1)]
    parts.append(element("path", class_="cx-input-line", d=grid(cells, ys)))
    if row.unread:
        crosses = "".join(cross(line.input(at), y, unit) for at in sorted(row.unread))
        parts.append(element("path", class_="cx-unread", d=crosses))
    return "".join(parts)


def _outputs(stage: Stage, row: Side, line: Line, y: float) -> str:
    """Draw the output; what is not yet computed has lines, but no colour."""
    unit = line.unit
    parts = []
    for at in range(row.output_size):
        cell = rectangle("cx-output", (line.output(at), y, unit, unit))
        if unit >= _SMALLEST_NUMBERED:
            cell += _numbers({at + 1: line.output(at)}, unit, y)
        parts.append(stage.seen(element("g", cell, data_step=at), at))
    cells = [line.output(at) for at in range(row.output_size + 1)]
    parts.append(element("path", class_="cx-output-line", d=grid(cells, [y, y + unit])))
    around = box(cells[0] - HALF, y - HALF, cells[-1] - cells[0] + 2 * HALF, unit + 2 * HALF)
    parts.append(element("path", class_="cx-output-line cx-frame", d=around))
    return "".join(parts)


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
    return "".join(
        (
            element("path", class_="cx-taps", d=box(start, source, end - start, unit)),
            element("path", class_="cx-tie", d=ties),
            rectangle("cx-window", (start, source, end - start, unit)),
            rectangle("cx-window", (left, target, unit, unit)),
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
    if any(row.unread for row in rows):
        marks.append((lambda: text("figure.key.unread"), unread_swatch))
    return marks


def _hop_swatch(x: float, y: float) -> str:
    arc = f"M{decimal(x + 1)} {decimal(y + 14)}q7-18 14 0m-5-4l5 4 2.5-6"
    return element("path", class_="cx-tie", d=arc)


def _sizes(row: Side) -> tuple[partial[str], partial[str]]:
    """Return what makes the labels of an input and its output."""
    return (
        partial(text, "figure.input", size=row.input_size),
        partial(text, "figure.output", size=row.output_size),
    )


def _place(row: Side, at: int) -> str:
    return text("figure.strides.window", at=number(at + 1), count=number(row.output_size))


def _formula(row: Side) -> list[tuple[str, str]]:
    """Return the stride and the formula of its output size, in pieces with their classes."""
    (pieces,) = wording.formulas(Plane("convolution", row, row))
    name = text("figure.strides.name", value=number(row.window.stride))
    return [(name, "cx-title"), *((piece, role and f"cx-{role}-ink") for piece, role in pieces)]


def _parameters(row: Side) -> list[str]:
    phrases = [
        text("figure.input", size=row.input_size),
        text("figure.parameter.kernel", value=row.window.kernel_size),
    ]
    before, after = row.window.padding
    if before == after and before:
        phrases.append(text("figure.parameter.padding", value=number(before)))
    elif before != after:
        phrases.append(text("figure.strides.sides", before=number(before), after=number(after)))
    return phrases


def _listed(values: Sequence[int]) -> str:
    return text("figure.comma").join(map(number, values))


def _title(rows: Sequence[Side]) -> str:
    return text(
        "figure.strides.title",
        strides=_listed([row.window.stride for row in rows]),
        input=rows[0].input_size,
        parameters=text("figure.comma").join(_parameters(rows[0])[1:]),
        outputs=_listed([row.output_size for row in rows]),
    )


def _told(rows: Sequence[Side], step: int) -> str:
    """Return what a step shows."""
    found = []
    for row in rows:
        stride = number(row.window.stride)
        if step < row.output_size:
            reads = wording.reads(row, step, "pixel")
            found.append(text("figure.strides.reads", stride=stride, reads=reads))
        else:
            found.append(text("figure.strides.done", stride=stride))
    return text("figure.semicolon").join(found)


def _description(rows: Sequence[Side]) -> str:
    """Return the figure in words, for readers who do not see it."""
    sentences = [
        text(
            "figure.strides.slides",
            kernel=number(rows[0].window.kernel_size),
            input=number(rows[0].input_size),
            strides=_listed([row.window.stride for row in rows]),
        )
    ]
    if sum(rows[0].window.padding):
        sentences.append(text("figure.strides.padding"))
    for row in rows:
        (pieces,) = wording.formulas(Plane("convolution", row, row))
        size = {"formula": "".join(piece for piece, _ in pieces)}
        stride = number(row.window.stride)
        sentences.append(text("figure.strides.size", stride=stride, **size))
        if row.unread:
            unread = wording.listed([at + 1 for at in sorted(row.unread)])
            sentences.append(text("figure.strides.unread", pixels=unread))
    return text("figure.space").join(sentences)
