"""The highest class of each cell: a letter for each class, and in motion one class after the other.

Beside the map lies the image, and on it the window in which a class has its highest score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import sqrt
from typing import TYPE_CHECKING

from cnnexplain.figures import heat_words, maps
from cnnexplain.figures.cells import grid
from cnnexplain.figures.colours import (
    bar,
    borders,
    boxes,
    cells,
    letters,
    lines,
    own_units,
    widest,
    written,
)
from cnnexplain.figures.figure import moving, told
from cnnexplain.figures.heat_motion import around, cased, window_box
from cnnexplain.figures.legend import (
    BAR,
    HALF_ROOM,
    KEY_LINE,
    LEFT,
    NAMED,
    RIGHT,
    ROOM,
    TALLEST,
    WORDS,
    heading,
    named,
    window_swatch,
)
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.names import shortened
from cnnexplain.figures.panel import ground, shared, true_panel
from cnnexplain.figures.scales import MIDDLE, score_scale
from cnnexplain.figures.sheet import SWATCH
from cnnexplain.figures.svg import SMALL_SIZE, box, element, label, rectangle
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.figures.cells import Grid
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.maps import Labels, Map, Rows
    from cnnexplain.figures.panel import Panel
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.scales import Scale
    from cnnexplain.figures.stage import Stage

# More classes than these cannot be told apart: the rest is shown as one.
_LETTERS = "ABCDEFGH"
_OTHERS = "·"
# What tells classes apart where cells are too small for letters, in a cell's own units; the first
# class has nothing.
_PATTERNS = (
    "",
    "m0 1l1-1",
    "l1 1",
    "m0 .5h1",
    "m.5 0v1",
    "m0 .5h1m-.5-.5v1",
    "l1 1m0-1l-1 1",
    "m.3 .5h.4",
    "m.5 .3v.4",
)
_PACE = 2.5
_FAINT = ".78"


def top_classes(
    labels: Labels,
    scores: Map,
    *,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    photograph: bytes | None = None,
    probabilities: bool = False,
) -> Figure:
    """Draw the highest class of each cell of a score map; in motion, class after class.

    Args:
        labels: The names of the highest classes, row by row.
        scores: Their scores, row by row: lists, or an array or tensor of two dimensions.
        image_size: The image's size in pixels: a number, or (height, width).
        window: The window's size in pixels: a number, or (height, width).
        stride: The pixels from one window to the next: a number, or (height, width).
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.
        probabilities: Whether the scores are probabilities, which are written in percent.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many cells to draw.
        ShapeError: If there is not one label and one score for each window.

    Example:
        >>> names = [["espresso", "espresso"], ["espresso", "ladle"]]
        >>> top_classes(names, [[0.9, 0.8], [0.4, 0.3]], image_size=256).title
        'Highest class of each of 2×2 cells: 2 classes, espresso in 3 of 4 cells'
    """
    shown = grid(image_size, window, stride)
    called, values = maps.names("labels", labels), maps.numbers("scores", scores)
    shown.check("labels", called)
    shown.check("scores", values)
    symbol, photo = shared(photograph)
    scale = score_scale(chain(*values), probabilities=probabilities)
    found = _classes(called, values)

    head, y = heading("top_classes", shown)
    unit = shown.fitted(HALF_ROOM, TALLEST)
    top = y + NAMED
    bottom = top + shown.height.image * unit
    image, panel = true_panel(shown, LEFT, top, unit), true_panel(shown, RIGHT, top, unit)
    table = _Table.of(found, scale, bottom + BAR, lettered=written(panel))
    count = _counted("classes", len({name for line in called for name in line}))
    before = "".join(
        (
            symbol,
            head,
            named(
                LEFT,
                top,
                text("figure.input", size=shape(shown.image)),
                text("figure.parameter.window", value=shape(shown.window)),
                "input",
            ),
            ground(image, photo, faint=False),
            named(RIGHT, top, text("figure.top_classes.highest"), count, "score"),
            ground(panel, photo, faint=True),
            _map(panel, found, values, scale),
            bar(RIGHT, bottom + 10, HALF_ROOM, scale, "score"),
            table.drawn,
        )
    )
    best = max(found, key=lambda each: each.score)
    scenes = [_best(image, panel, shown, best)]
    for at, each in enumerate(found):
        picked = _picked(panel, shown, each) if len(found) > 1 else ""
        scenes.append(picked + _best(image, panel, shown, each) + table.frame(at))

    def draw(stage: Stage) -> str:
        return before + "".join(stage.seen(scene, at, at + 1) for at, scene in enumerate(scenes))

    sweep = Sweep(1, len(scenes), pace=_PACE)
    total = number(shown.count)
    sentences = [
        text("figure.top_classes.all", classes=count, **_told(best, scale, shown)),
        *(text("figure.top_classes.one", **_told(each, scale, shown)) for each in found),
    ]
    description = heat_words.joined(
        heat_words.cells(shown, photograph=bool(photo)),
        text("figure.top_classes.description", classes=count),
        *(text("figure.top_classes.says", **_told(each, scale, shown)) for each in found),
        text("figure.top_classes.still"),
    )
    title = text(
        "figure.top_classes.title",
        cells=shape(shown.shape),
        classes=count,
        name=heat_words.brief(found[0].name),
        most=number(len(found[0].cells)),
        count=total,
    )
    return moving(title, description, table.height, draw, sweep, 0, told(sentences, sweep))


@dataclass(frozen=True, slots=True)
class _Class:
    """A class that is the highest somewhere.

    Attributes:
        letter: What marks its cells.
        name: Its name.
        cells: Where it is the highest: rows and columns.
        best: The cell of its highest score.
        score: That score.
    """

    letter: str
    name: str
    cells: tuple[tuple[int, int], ...]
    best: tuple[int, int]
    score: float


def _classes(called: Sequence[Sequence[str]], values: Rows) -> list[_Class]:
    """Return the classes from that with most cells on; too many of them end in one of the rest."""
    places: dict[str, list[tuple[int, int]]] = {}
    for row, line in enumerate(called):
        for column, name in enumerate(line):
            places.setdefault(name, []).append((row, column))

    def highest(cells: Sequence[tuple[int, int]]) -> tuple[int, int]:
        return max(cells, key=lambda cell: values[cell[0]][cell[1]])

    def score(cells: Sequence[tuple[int, int]]) -> float:
        row, column = highest(cells)
        return values[row][column]

    ranked = sorted(places, key=lambda name: (-len(places[name]), -score(places[name]), name))
    kept = ranked if len(ranked) <= len(_LETTERS) else ranked[: len(_LETTERS) - 1]
    groups = [(letter, name, places[name]) for letter, name in zip(_LETTERS, kept, strict=False)]
    if rest := ranked[len(kept) :]:
        cells = sorted(chain.from_iterable(places[name] for name in rest))
        groups.append((_OTHERS, _counted("others", len(rest)), cells))
    return [
        _Class(letter, name, tuple(cells), highest(cells), score(cells))
        for letter, name, cells in groups
    ]


def _mask(shown: tuple[int, int], each: _Class) -> list[list[bool]]:
    rows, columns = shown
    there = set(each.cells)
    return [[(row, column) in there for column in range(columns)] for row in range(rows)]


def _map(panel: Panel, found: Sequence[_Class], values: Rows, scale: Scale) -> str:
    """Draw the cells: the score as colour, the class as a letter, or as a pattern."""
    levels = [[scale.level(value) for value in line] for line in values]
    marks = {cell: at for at, each in enumerate(found) for cell in each.cells}
    lettered = letters(panel, {cell: found[at].letter for cell, at in marks.items()}, levels)
    between = borders(panel, [
        [1 + marks[row, column] for column in range(panel.columns.count)]
        for row in range(panel.rows.count)
    ])  # fmt: skip
    return "".join(
        (
            cells(panel, levels, "score"),
            lines(panel, "score"),
            lettered or _patterns(panel, marks, levels),
            element("path", class_="cx-shift", d=between, stroke_width=1.5),
            # Smaller cells are hard to hit, and their outlines long; the key leads to steps too.
            *(_target(panel, each, at + 1) for at, each in enumerate(found) if lettered),
        )
    )


def _patterns(
    panel: Panel, marks: Mapping[tuple[int, int], int], levels: Sequence[Sequence[int]]
) -> str:
    unit = sqrt(panel.step[0] * panel.step[1])
    parts = []
    for class_, dark in (("cx-hatch", False), ("cx-casing", True)):
        data = "".join(
            f"M{column} {row}{_PATTERNS[at]}"
            for (row, column), at in sorted(marks.items())
            if at and (levels[row][column] > MIDDLE) == dark
        )
        if data:
            parts.append(element("path", class_=class_, d=data, stroke_width=1 / unit))
    return element("g", "".join(parts), transform=own_units(panel)) if parts else ""


def _target(panel: Panel, each: _Class, step: int) -> str:
    """Make the cells of a class lead to its step."""
    data = boxes(panel, _mask((panel.rows.count, panel.columns.count), each))
    cells = element("path", d=data, data_step=step)
    return element("g", cells, transform=own_units(panel), pointer_events="all")


def _picked(panel: Panel, shown: Grid, each: _Class) -> str:
    """Draw a class alone: the others fade, and a line goes around its cells."""
    mask = _mask(shown.shape, each)
    rows, columns = shown.shape
    others = box(0, 0, columns, rows) + boxes(panel, mask)
    faded = element("path", class_="cx-paper", d=others, fill_opacity=_FAINT, fill_rule="evenodd")
    around_it = cased("cx-shift", borders(panel, mask), 2.5) if written(panel) else ""
    return element("g", faded, transform=own_units(panel)) + around_it


def _best(image: Panel, panel: Panel, shown: Grid, each: _Class) -> str:
    """Draw the window in which a class has its highest score, and the cell of it."""
    window = cased("cx-window", window_box(image, shown, *each.best))
    return window + cased("cx-window", around(panel, *each.best))


@dataclass(frozen=True, slots=True)
class _Table:
    """The key: for each class its mark, its name, its cells, and its highest score.

    Attributes:
        drawn: The drawing.
        top: Where its first row starts.
        height: The figure's height.
    """

    drawn: str
    top: float
    height: int

    @classmethod
    def of(cls, found: Sequence[_Class], scale: Scale, y: float, *, lettered: bool) -> _Table:
        """Write a row for each class, below a place."""
        heads = [partial(text, f"figure.top_classes.{key}") for key in ("cells", "score")]
        scores = [partial(scale.precise, each.score) for each in found]
        counts = [partial(number, len(each.cells)) for each in found]
        rooms = [
            max(map(widest, [head, *values]))
            for head, values in zip(heads, (counts, scores), strict=True)
        ]
        ends = LEFT + ROOM - 6 - rooms[1] - 18, LEFT + ROOM - 6
        room = ends[0] - rooms[0] - 12 - WORDS
        y += KEY_LINE
        parts = [label(WORDS, y, text("figure.top_classes.class"), "cx-small")]
        parts += [
            label(end, y, head(), "cx-small cx-end") for end, head in zip(ends, heads, strict=True)
        ]
        top = y + 8
        for at, (each, count, score) in enumerate(zip(found, counts, scores, strict=True)):
            y = top + at * KEY_LINE + 17
            place = LEFT, y - 17, ROOM, float(KEY_LINE)
            mark = each.letter if lettered else ""
            parts.append(_swatch(LEFT + 4, y - 13, at, mark))
            parts.append(label(WORDS + 4, y, shortened(each.name, SMALL_SIZE, room - 4)))
            parts.append(label(ends[0], y, count(), "cx-end"))
            parts.append(label(ends[1], y, score(), "cx-end"))
            target = rectangle("cx-frame", place)
            parts.append(target.replace("/>", f' data-step="{at + 1}" pointer-events="all"/>'))
        y = top + len(found) * KEY_LINE + KEY_LINE
        parts.append(window_swatch(LEFT + 4, y - 13))
        parts.append(label(WORDS + 4, y, text("figure.top_classes.window"), "cx-small"))
        return cls("".join(parts), top, round(y + 12))

    def frame(self, at: int) -> str:
        """Draw a frame around the row of a class."""
        data = box(LEFT, self.top + at * KEY_LINE, ROOM, KEY_LINE)
        return element("path", class_="cx-shift", d=data, stroke_width=1.5)


def _swatch(x: float, y: float, at: int, letter: str) -> str:
    """Draw the mark of a class: its letter, or its pattern."""
    data = box(x, y, SWATCH, SWATCH)
    cell = element("path", class_="cx-score cx-shift", d=data, fill_opacity=".25")
    if letter:
        return cell + label(x + SWATCH / 2, y + 13, letter, "cx-middle")
    if not _PATTERNS[at]:
        return cell
    lines = element("path", class_="cx-hatch", d=f"M0 0{_PATTERNS[at]}", stroke_width=1 / SWATCH)
    return cell + element("g", lines, transform=f"translate({x:g} {y:g}) scale({SWATCH})")


def _counted(key: str, count: int) -> str:
    """Return how many there are, in words."""
    form = "one" if count == 1 else "many"
    return text(f"figure.top_classes.{key}.{form}", count=number(count))


def _told(each: _Class, scale: Scale, shown: Grid) -> dict[str, str]:
    row, column = each.best
    return {
        "letter": each.letter,
        "name": each.name,
        "cells": number(len(each.cells)),
        "of": number(shown.count),
        "score": scale.precise(each.score),
        "row": number(row + 1),
        "column": number(column + 1),
    }
