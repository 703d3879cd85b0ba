"""A map at its true place beside the same map stretched over its image, as it is often shown."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from cnnexplain.figures import heat_words, maps
from cnnexplain.figures.cells import grid
from cnnexplain.figures.colours import bar, score_map
from cnnexplain.figures.figure import standing
from cnnexplain.figures.legend import (
    BAR,
    HALF_ROOM,
    LEFT,
    NAMED,
    RIGHT,
    ROOM,
    TALLEST,
    below,
    heading,
    named,
    shift_swatch,
)
from cnnexplain.figures.panel import Panel, shared, true_panel
from cnnexplain.figures.scales import score_scale
from cnnexplain.figures.svg import LABEL_SIZE, MARGIN, box, decimal, element, label, wrap
from cnnexplain.languages import LANGUAGES, language, number, shape, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.cells import Grid, Windows
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.maps import Map
    from cnnexplain.figures.plane import PerAxis

_LINE = 24


def placed(
    scores: Map,
    *,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    photograph: bytes | None = None,
) -> Figure:
    """Draw a heatmap at its true place, and beside it stretched over the whole image.

    Args:
        scores: The scores, row by row: lists, or an array or tensor of two dimensions.
        image_size: The image's size in pixels: a number, or (height, width).
        window: The window's size in pixels: a number, or (height, width).
        stride: The pixels from one window to the next: a number, or (height, width).
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many cells to draw.
        ShapeError: If the map does not have one cell for each window.

    Example:
        >>> placed([[0.1, 0.9], [0.2, 0.3]], image_size=256).title
        'Where 2×2 cells of a heatmap lie, and where stretching the map puts them'
    """
    shown = grid(image_size, window, stride)
    values = maps.numbers("scores", scores)
    shown.check("scores", values)
    symbol, photo = shared(photograph)
    scale = score_scale(chain(*values))

    head, y = heading("placed", shown)
    unit = shown.fitted(HALF_ROOM, TALLEST)
    top = y + NAMED
    bottom = top + shown.height.image * unit
    true = true_panel(shown, LEFT, top, unit)
    rows, columns = shown.height.stretched, shown.width.stretched
    stretched = Panel(RIGHT, top, unit, shown.image, rows, columns)
    parts = [
        head,
        named(LEFT, top, text("figure.heatmap.true"), _cell_size(true), "score"),
        score_map(true, values, scale, photo),
        _shift(true, stretched),
        named(RIGHT, top, text("figure.heatmap.stretched"), _cell_size(stretched), "score"),
        score_map(stretched, values, scale, photo),
        bar(LEFT, bottom + 10, ROOM, scale, "score"),
    ]
    down, across = (number(side.displacement, 1) for side in shown.sides)
    formulas, y = _formulas(shown, bottom + BAR)
    told = text("figure.heatmap.key.shift", down=down, across=across)
    key, height = below([(told, shift_swatch)], y)
    return standing(
        text("figure.heatmap.title.placed", cells=shape(shown.shape)),
        heat_words.joined(
            heat_words.cells(shown, photograph=bool(photo)),
            heat_words.scores("scores", values, scale),
            text("figure.heatmap.says.stretched", down=down, across=across),
        ),
        height,
        symbol + "".join(parts) + formulas + key,
    )


def _shift(true: Panel, stretched: Panel) -> str:
    """Draw where stretching puts the first cell, and how far that is from its true place."""
    height, width = stretched.cell
    ghost = element("path", class_="cx-score-line", d=box(true.x, true.y, width, height))
    (x, y), (there_x, there_y) = stretched.middle(0, 0), true.middle(0, 0)
    x += true.x - stretched.x
    left, top = true.at(true.rows.span(0)[0], true.columns.span(0)[0])
    # Along the axis on which it is farther, outside the cells, whose numbers it would hide; a thin
    # line leads to the true cell.
    if abs(there_x - x) >= abs(there_y - y):
        y = min(y, (true.y + top) / 2)
        line = f"M{decimal(x)} {decimal(y)}m0-5v10m0-5H{decimal(there_x)}m0-5v10"
        guide = f"M{decimal(there_x)} {decimal(y)}V{decimal(top)}"
    else:
        x = min(x, (true.x + left) / 2)
        line = f"M{decimal(x)} {decimal(y)}m-5 0h10m-5 0V{decimal(there_y)}m-5 0h10"
        guide = f"M{decimal(x)} {decimal(there_y)}H{decimal(left)}"
    return "".join(
        (
            ghost,
            element("path", class_="cx-shift", d=guide, stroke_width=0.75),
            element("path", class_="cx-shift", d=line, stroke_width=2),
        )
    )


def _cell_size(panel: Panel) -> str:
    sizes = "×".join(number(side, 1) for side in (panel.rows.side, panel.columns.side))
    return text("figure.heatmap.cell_size", size=sizes)


def _formulas(shown: Grid, y: float) -> tuple[str, float]:
    """Write how the centres are computed, and return the last baseline."""
    parts = []
    y += 4
    lines, most = _lines(shown), 0
    for code in LANGUAGES:
        with language(code):
            most = max(most, len(_lines(shown)))
    for at, line in enumerate(lines, 1):
        parts.append(label(MARGIN, y + at * _LINE, line))
    return "".join(parts), y + most * _LINE


def _lines(shown: Grid) -> list[str]:
    """Return the formulas, each of them on as few lines as there is room for."""
    named = [("", shown.height)]
    if shown.height != shown.width:
        named = [(text("figure.height"), shown.height), (text("figure.width"), shown.width)]
    lines = []
    for key, formula in (("true_centre", _true), ("stretched_centre", _stretched)):
        for name, side in named:
            rule, places = formula(side)
            told = name + text(f"figure.heatmap.{key}", formula=rule)
            pieces = told, heat_words.centres(places)
            lines += wrap(pieces, " = ", LABEL_SIZE, ROOM)
    return lines


def _true(side: Windows) -> tuple[str, Sequence[float]]:
    return f"{side.size}/2 + {side.stride}·i", side.centres


def _stretched(side: Windows) -> tuple[str, Sequence[float]]:
    return f"{side.image}/{side.count}·(i + 1/2)", side.stretched_centres
