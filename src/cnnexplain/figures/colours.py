"""The cells of a map in colour, what is written in them, their border, and the bar of colours."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from html import escape
from itertools import chain, groupby
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from cnnexplain.figures.panel import ground
from cnnexplain.figures.scales import LEVELS, MIDDLE, Scale
from cnnexplain.figures.svg import (
    SMALL_SIZE,
    box,
    decimal,
    element,
    grid,
    label,
    rectangle,
    text_width,
)
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cnnexplain.figures.maps import Flags, Rows
    from cnnexplain.figures.panel import Panel

_Value = TypeVar("_Value")

# What a colour stands for.
Role: TypeAlias = Literal["score", "error"]
Levels: TypeAlias = "Sequence[Sequence[int]]"

_BAR = 14.0  # the height of a colour bar
# Lines between cells smaller than this would hide them.
_LINED_CELL = 12
# Beyond this many cells on an axis, colours alone tell their values.
_MOST_WRITTEN = 7
# Numbers that would be smaller than these are rounded, and left out: a telephone shows a figure at
# two thirds of its size.
_READABLE_TEXT, _SMALLEST_TEXT = 12, 10
# How much of a cell a number may take, down and across.
_TALL, _WIDE = 0.65, 0.9
_TWO = 1.3  # the width of two digits, in heights of a letter
_HATCH = 5.0  # the distance of the lines
_APART = 8  # between two numbers of a scale


def score_map(panel: Panel, values: Rows, scale: Scale, photo: str) -> str:
    """Draw a map of scores over its image, without the lines between its cells.

    Args:
        panel: Where it stands.
        values: The scores.
        scale: What the colours mean.
        photo: The photograph's id, or `""`.
    """
    levels = [[scale.level(value) for value in line] for line in values]
    return score_cells(panel, values, scale, photo) + numbers(
        panel, values, levels, (scale.short, scale.shortest)
    )


def score_cells(panel: Panel, values: Rows, scale: Scale, photo: str) -> str:
    """Draw the colours of a map of scores over its image.

    Args:
        panel: Where it stands.
        values: The scores.
        scale: What the colours mean.
        photo: The photograph's id, or `""`.
    """
    levels = [[scale.level(value) for value in line] for line in values]
    return ground(panel, photo, faint=True) + cells(panel, levels, "score")


def plated(panel: Panel, values: Rows, scale: Scale) -> str:
    """Write the scores of a map, each on its cell's colour: what lies under them cuts no digit.

    Args:
        panel: Where it stands.
        values: The scores.
        scale: What the colours mean.
    """
    levels = [[scale.level(value) for value in line] for line in values]
    written = numbers(panel, values, levels, (scale.short, scale.shortest))
    if not written:
        return ""
    (height, width), (rows, columns) = panel.cell, (panel.rows, panel.columns)
    size = min(SMALL_SIZE, height * _TALL, width * _WIDE / _TWO)
    plates = replace(
        panel,
        rows=replace(rows, side=rows.side * size / height),
        columns=replace(columns, side=columns.side * 0.9 * _TWO * size / width),
    )
    return cells(plates, levels, "score") + written


def cells(panel: Panel, levels: Levels, role: Role) -> str:
    """Draw the colours of a map: equal neighbours as one box, all boxes of a colour as one path.

    Args:
        panel: Where it stands.
        levels: The colour of each cell.
        role: What the colours stand for.
    """
    everywhere = [[True] * panel.columns.count] * panel.rows.count
    parts = [element("path", class_="cx-paper", d=boxes(panel, everywhere))]
    found = {level for line in levels for level in line}
    for class_, opacity, first, last in _layers(role):
        if found & set(range(first, last + 1)):
            mask = [[first <= level <= last for level in line] for line in levels]
            data = boxes(panel, mask)
            parts.append(element("path", class_=class_, fill_opacity=opacity, d=data))
    return element("g", "".join(parts), class_="cx-cells", transform=own_units(panel))


def lines(panel: Panel, role: Role) -> str:
    """Draw the lines between the cells of a map, or no more than its frame if they are small.

    Cells that lie apart have an outline each.

    Args:
        panel: Where it stands.
        role: What its colours stand for.
    """
    if not panel.closed:
        single = (box(*panel.box(row, column)) for row in range(panel.rows.count)
                  for column in range(panel.columns.count))  # fmt: skip
        return element("path", class_=f"cx-{role}-line", d="".join(single), stroke_width=0.5)
    xs, ys = panel.lines
    lined = min(panel.cell) >= _LINED_CELL and panel.closed
    data = grid(xs, ys) if lined else box(*panel.extent)
    return element("path", class_=f"cx-{role}-line", d=data, stroke_width=0.5, stroke_opacity=0.6)


def hatch(panel: Panel, levels: Levels) -> str:
    """Draw lines over every cell that has a colour, so that it is known without the colour.

    Args:
        panel: Where the map stands.
        levels: The colour of each cell.
    """
    down, across = panel.step
    unit = sqrt(down * across)
    every = ceil(_HATCH * sqrt(2) / unit)
    data = "".join(
        f"M{first} {row + 1}l{length}-{length}"
        for row, first, length in _diagonals(levels, joined=panel.closed)
        if (row + first) % every == 0
    )
    if not data:
        return ""
    lines = element("path", class_="cx-hatch", d=data, stroke_width=0.75 / unit)
    return element("g", lines, transform=own_units(panel))


def outline(panel: Panel, mask: Flags) -> str:
    """Draw the border of the cells that a mask names.

    Args:
        panel: Where the map stands.
        mask: Which cells.
    """
    lines = borders(panel, mask)
    if not lines:
        return ""
    # Without the paper between them, a dark outline would be lost on dark cells.
    around = element("path", class_="cx-casing", d=lines, stroke_linecap="square", stroke_width=6)
    return around + element("path", class_="cx-exact", d=lines, stroke_linecap="square")


def borders(panel: Panel, values: Sequence[Sequence[object]]) -> str:
    """Return the lines between cells of different values as path data; beyond the map is False.

    Args:
        panel: Where the map stands.
        values: A value for each cell.
    """
    xs, ys = panel.lines
    rows, columns = panel.rows.count, panel.columns.count

    def inside(row: int, column: int) -> object:
        return values[row][column] if 0 <= row < rows and 0 <= column < columns else False

    data = []
    for line in range(rows + 1):
        border = [inside(line, at) != inside(line - 1, at) for at in range(columns)]
        data += [
            f"M{decimal(xs[first])} {decimal(ys[line])}H{decimal(xs[stop])}"
            for first, stop, there in _runs(border)
            if there
        ]
    for line in range(columns + 1):
        border = [inside(at, line) != inside(at, line - 1) for at in range(rows)]
        data += [
            f"M{decimal(xs[line])} {decimal(ys[first])}V{decimal(ys[stop])}"
            for first, stop, there in _runs(border)
            if there
        ]
    return "".join(data)


def numbers(
    panel: Panel, values: Rows, levels: Levels, ways: Sequence[Callable[[float], str]]
) -> str:
    """Write a number into each cell, if they are few, and large enough for it to be read.

    Args:
        panel: Where the map stands.
        values: The numbers.
        levels: The colour of each cell.
        ways: How numbers can be written, the longest way first.
    """
    if max(len(values), len(values[0])) > _MOST_WRITTEN:
        return ""
    height, width = panel.cell
    size, write = 0.0, ways[0]
    for write in ways:
        rooms = [widest(partial(write, value), 1.0) for value in chain(*values)]
        # The few that are longer than two digits are set smaller than the rest.
        room = max((each for each in rooms if write is not ways[-1] or each <= _TWO), default=_TWO)
        size = min(SMALL_SIZE, height * _TALL, width * _WIDE / room)
        if size >= _READABLE_TEXT:
            break
    if size < _SMALLEST_TEXT:
        return ""
    texts = {
        (row, column): write(value)
        for row, line in enumerate(values)
        for column, value in enumerate(line)
    }
    return _in_cells(panel, texts, levels, f"font-size:{decimal(size)}px", size, width * _WIDE)


def written(panel: Panel) -> bool:
    """Return whether the cells of a map are large enough for a letter.

    Args:
        panel: Where the map stands.
    """
    return _letter(panel) >= _SMALLEST_TEXT


def _letter(panel: Panel) -> float:
    height, width = panel.cell
    return min(SMALL_SIZE, height * _TALL, width * _WIDE)


def letters(panel: Panel, marks: Mapping[tuple[int, int], str], levels: Levels) -> str:
    """Write a letter into each cell, if cells are large enough for it to be read.

    Args:
        panel: Where the map stands.
        marks: The letter of each cell.
        levels: The colour of each cell.
    """
    if not written(panel):
        return ""
    size = _letter(panel)
    return _in_cells(panel, marks, levels, f"font-size:{decimal(size)}px;font-weight:600", size)


def _in_cells(
    panel: Panel,
    texts: Mapping[tuple[int, int], str],
    levels: Levels,
    style: str,
    size: float,
    room: float = inf,
) -> str:
    """Write a text into the middle of each cell; all of a row are on one baseline."""
    pieces, line = [], -1

    def width(content: str) -> float:
        return text_width(content, 1.0)

    for (row, column), content in sorted(texts.items()):
        x, y = panel.middle(row, column)
        class_ = "cx-on-high" if levels[row][column] > MIDDLE else None
        # To tenths, and the baseline once: a figure may have many cells.
        down = round(y + 0.36 * size, 1) if row != line else None
        own = (
            f"font-size:{decimal(room / long)}px"
            if (long := width(content)) * size > room
            else None
        )
        pieces.append(
            element("tspan", escape(content), class_=class_, x=round(x, 1), y=down, style=own)
        )
        line = row
    return element("text", "".join(pieces), class_="cx-on-low cx-middle", style=style)


def bar(x: float, y: float, width: float, scale: Scale, role: Role) -> str:
    """Draw the colours of a scale from left to right, and the numbers that they mean.

    Args:
        x: Where the bar starts.
        y: Where the bar starts, down; the numbers end 34 below.
        width: Its width.
        scale: What the colours mean.
        role: What they stand for.
    """
    place = x, y, width, _BAR
    parts = [rectangle("cx-paper", place)]
    edges = [0.0, *((level + 0.5) / LEVELS for level in range(LEVELS)), 1.0]
    if role == "error":
        # Every error that is more than rounding has a colour.
        edges[1] = 0.0
    for class_, opacity, first, last in _layers(role):
        start, end = x + edges[first] * width, x + edges[last + 1] * width
        parts.append(rectangle(class_, (start, y, end - start, _BAR), opacity))
    colours = element("g", "".join(parts), class_="cx-cells")
    ticks = [x + scale.part(tick) * width for tick in told_ticks(width, scale)]
    marks = "".join(f"M{decimal(tick)} {decimal(y)}v{_BAR + 4:g}" for tick in ticks)
    colours += element("path", class_=f"cx-{role}-line", d=marks)
    colours += rectangle(f"cx-{role}-line", place)
    return colours + axis_labels(x, y + _BAR + 20, width, scale)


def axis_labels(x: float, y: float, width: float, scale: Scale) -> str:
    """Write the numbers of a scale under its ticks, as many as have room in every language.

    Args:
        x: Where the scale starts.
        y: The baseline.
        width: The width of the scale.
        scale: The scale.
    """
    parts = []
    ticks = told_ticks(width, scale)
    for at, tick in enumerate(ticks):
        anchor = "" if at == 0 else " cx-end" if tick == scale.ticks[-1] else " cx-middle"
        place = x + scale.part(tick) * width
        parts.append(label(place, y, scale.label(tick), f"cx-small{anchor}"))
    return "".join(parts)


def told_ticks(width: float, scale: Scale) -> list[float]:
    """Return the ticks whose numbers have room in every language.

    The first and the last are always among them, but of many powers of ten, whose ends are plain.

    Args:
        width: The width of the scale.
        scale: The scale.
    """
    ticks = scale.ticks
    last = len(ticks) - 1
    texts = [widest(partial(scale.label, tick)) for tick in ticks]
    every = next(
        step
        for step in range(1, last + 1)
        if step == last
        or (
            (scale.logarithmic or last % step == 0)
            and all(
                (scale.part(ticks[at + step]) - scale.part(ticks[at])) * width
                # The first and the last stand inside the scale, not about its ends.
                >= texts[at] * (1 if at == 0 else 0.5)
                + texts[at + step] * (1 if at + step == last else 0.5)
                + _APART
                for at in range(0, last + 1 - step, step)
            )
        )
    )
    return list(ticks[::every])


def widest(make: Callable[[], str], size: float = SMALL_SIZE, *, bold: bool = False) -> float:
    """Return the width of a text in the language that needs most room.

    So a figure has the same geometry in every language.

    Args:
        make: Returns the text in the current language.
        size: The font's size.
        bold: Whether the text is bold.
    """
    widths = []
    for code in LANGUAGES:
        with language(code):
            widths.append(text_width(make(), size, bold=bold))
    return max(widths)


def own_units(panel: Panel) -> str:
    """Return the transform to a map's own units, in which the numbers of its cells are short.

    Args:
        panel: Where the map stands.
    """
    xs, ys = panel.lines
    down, across = panel.step
    return f"translate({xs[0]:.6g} {ys[0]:.6g}) scale({across:.6g} {down:.6g})"


def _layers(role: Role) -> Iterator[tuple[str, str | None, int, int]]:
    """Return what is laid over the paper: class, opacity, and from which level to which.

    Up to the middle the colours go from the paper to the middle colour, and then to the full one.
    """
    for level in range(1, MIDDLE):
        yield f"cx-{role}", decimal(level / MIDDLE), level, level
    yield f"cx-{role}", None, MIDDLE, LEVELS
    for level in range(MIDDLE + 1, LEVELS + 1):
        yield f"cx-{role}-full", decimal((level - MIDDLE) / (LEVELS - MIDDLE)), level, level


def boxes(panel: Panel, mask: Sequence[Sequence[bool]]) -> str:
    """Return some cells as path data, in the map's own units.

    Args:
        panel: Where the map stands.
        mask: Which cells.
    """
    if panel.closed:
        return "".join(
            f"M{first} {row}h{stop - first}v1h{first - stop}z"
            for row, line in enumerate(mask)
            for first, stop, there in _runs(line)
            if there
        )
    down, across = (round(part, 3) for part in panel.filled)
    return "".join(
        box(column + (1 - across) / 2, row + (1 - down) / 2, across, down)
        for row, line in enumerate(mask)
        for column, there in enumerate(line)
        if there
    )


def _runs(values: Sequence[_Value]) -> Iterator[tuple[int, int, _Value]]:
    """Return where equal neighbours start and stop.

    Example:
        >>> list(_runs([4, 4, 0]))
        [(0, 2, 4), (2, 3, 0)]
    """
    at = 0
    for value, group in groupby(values):
        start, at = at, at + sum(1 for _ in group)
        yield start, at, value


def _diagonals(levels: Levels, *, joined: bool) -> Iterator[tuple[int, int, int]]:
    """Return where diagonals of coloured cells start, at their lower left cell, and their lengths.

    Example:
        >>> list(_diagonals([[1, 1], [1, 0]], joined=True))
        [(0, 0, 1), (1, 0, 2)]
    """
    rows, columns = len(levels), len(levels[0])
    for total in range(rows + columns - 1):
        first = max(0, total - rows + 1)
        last = min(columns - 1, total)
        coloured = [levels[total - column][column] > 0 for column in range(first, last + 1)]
        for start, stop, there in _runs(coloured):
            if there:
                row, column = total - first - start, first + start
                if joined:
                    yield row, column, stop - start
                else:
                    yield from ((row - at, column + at, 1) for at in range(stop - start))
