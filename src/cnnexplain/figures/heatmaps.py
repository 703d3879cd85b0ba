"""Heatmaps at their true places: a sliding window against one pass, and where they differ.

Every cell is drawn about the centre of its window. In motion the window sweeps over the image: the
sliding map and the errors come cell by cell, while the map of one pass is there at once.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from cnnexplain.figures import heat_words, maps, names
from cnnexplain.figures.cells import Grid, grid
from cnnexplain.figures.colours import bar, lines, score_map
from cnnexplain.figures.heat_errors import Errors
from cnnexplain.figures.heat_motion import (
    BORDER,
    around,
    cased,
    followed,
    framed,
    later,
    sweep,
    swept,
    window_box,
)
from cnnexplain.figures.legend import (
    BAR,
    HALF_ROOM,
    LEFT,
    NAMED,
    RIGHT,
    ROOM,
    TALLEST,
    TALLEST_ALONE,
    below,
    heading,
    named,
    window_swatch,
)
from cnnexplain.figures.panel import ground, shared, true_panel
from cnnexplain.figures.scales import (
    ROUNDING,
    score_scale,
)
from cnnexplain.figures.svg import box, element
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.maps import Map, Mask
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.stage import Stage


def comparison(
    sliding: Map,
    one_pass: Map,
    errors: Map,
    *,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    photograph: bytes | None = None,
    exact: Mask | None = None,
    rounding: float = ROUNDING,
    name: str | None = None,
    probabilities: bool = False,
) -> Figure:
    """Draw one class's heatmap made by a sliding window, the same by one pass, and their errors.

    Args:
        sliding: The scores by a sliding window, row by row: lists, or an array or tensor of two
            dimensions.
        one_pass: The scores by one pass, of the same shape.
        errors: The relative error of each cell.
        image_size: The image's size in pixels: a number, or (height, width).
        window: The window's size in pixels: a number, or (height, width).
        stride: The pixels from one window to the next: a number, or (height, width).
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.
        exact: Which cells geometry predicts to be exact.
        rounding: The largest error that is taken for rounding; 1e-5 suits float32 and float64.
        name: What the class is called.
        probabilities: Whether the scores are probabilities, which are written in percent.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many cells to draw.
        ShapeError: If a map does not have one cell for each window.

    Example:
        >>> figure = comparison([[0.9]], [[0.7]], [[0.25]], image_size=224)
        >>> figure.title
        'Sliding window against one pass: 1×1 cells, relative error at most 25%'
    """
    shown = grid(image_size, window, stride)
    first, second = maps.numbers("sliding", sliding), maps.numbers("one_pass", one_pass)
    shown.check("sliding", first)
    shown.check("one_pass", second)
    wrong = Errors.of(errors, exact, rounding, shown)
    called = None if name is None else names.named("name", name)
    symbol, photo = shared(photograph)
    scale = score_scale(chain(*first, *second), probabilities=probabilities)

    head, y = heading("comparison", shown, called)
    unit = shown.fitted(HALF_ROOM, TALLEST)
    tall = shown.height.image * unit
    upper = y + NAMED
    lower = upper + tall + BAR + NAMED
    many, one = heat_words.passes(shown.count), heat_words.passes(1)
    slid, passed = true_panel(shown, LEFT, upper, unit), true_panel(shown, RIGHT, upper, unit)
    image, errors_at = true_panel(shown, LEFT, lower, unit), true_panel(shown, RIGHT, lower, unit)
    key, height = below(
        [(text("figure.heatmap.key.window"), window_swatch), *wrong.keys(errors_at)],
        lower + tall + wrong.room,
    )
    before = "".join(
        (
            symbol,
            head,
            named(LEFT, upper, text("figure.heatmap.sliding"), many, "score"),
            score_map(slid, first, scale, photo),
        )
    )
    beside = "".join(
        (
            lines(slid, "score"),
            named(RIGHT, upper, text("figure.heatmap.one_pass"), one, "score"),
            score_map(passed, second, scale, photo) + lines(passed, "score"),
            bar(LEFT, upper + tall + 10, ROOM, scale, "score"),
            named(
                LEFT,
                lower,
                text("figure.input", size=shape(shown.image)),
                text("figure.parameter.window", value=shape(shown.window)),
                "input",
            ),
            ground(image, photo, faint=False),
            named(RIGHT, lower, text(f"figure.heatmap.{wrong.name}"), wrong.most, "error"),
            wrong.filled(errors_at, photo),
        )
    )
    after = "".join(
        (
            lines(errors_at, "error"),
            wrong.outlined(errors_at),
            wrong.bar(RIGHT, lower + tall + 10, HALF_ROOM),
            key,
        )
    )

    def marks(row: int, column: int) -> str:
        cell = element("path", class_="cx-score cx-tie", d=box(*image.box(row, column)))
        around_cells = [around(panel, row, column, BORDER) for panel in (slid, passed)]
        around_cells.append(around(errors_at, row, column, wrong.border or BORDER))
        window = element("path", class_="cx-window", d=window_box(image, shown, row, column))
        return window + cell + framed("".join(around_cells))

    def draw(stage: Stage) -> str:
        return "".join(
            (
                before,
                later(stage, slid),
                beside,
                later(stage, errors_at),
                after,
                followed(stage, slid, marks),
            )
        )

    return swept(
        _title("comparison", shown, wrong, called),
        heat_words.joined(
            heat_words.cells(shown, photograph=bool(photo)),
            heat_words.of_class(called),
            heat_words.scores("sliding", first, scale, passes=many),
            heat_words.scores("one_pass", second, scale),
            wrong.described(),
            heat_words.motion("comparison", shown, sweep(shown)),
        ),
        height,
        draw,
        shown,
        lambda row, column: text(
            "figure.heatmap.status.comparison",
            row=number(row + 1),
            column=number(column + 1),
            sliding=scale.precise(first[row][column]),
            one_pass=scale.precise(second[row][column]),
            error=wrong.told(wrong.values[row][column]),
        ),
    )


def error_map(
    errors: Map,
    *,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    photograph: bytes | None = None,
    exact: Mask | None = None,
    rounding: float = ROUNDING,
) -> Figure:
    """Draw the relative error of each cell of one pass against its window alone.

    Args:
        errors: The relative error of each cell, row by row: lists, or an array or tensor of two
            dimensions.
        image_size: The image's size in pixels: a number, or (height, width).
        window: The window's size in pixels: a number, or (height, width).
        stride: The pixels from one window to the next: a number, or (height, width).
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.
        exact: Which cells geometry predicts to be exact.
        rounding: The largest error that is taken for rounding; 1e-5 suits float32 and float64.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many cells to draw.
        ShapeError: If the map does not have one cell for each window.

    Example:
        >>> error_map([[0.2, 0.27], [0.27, 0.35]], image_size=256).title
        'Relative error of each of 2×2 cells: at most 35%'
    """
    shown = grid(image_size, window, stride)
    wrong = Errors.of(errors, exact, rounding, shown)
    symbol, photo = shared(photograph)
    head, y = heading("error_map", shown)
    unit = shown.fitted(ROOM, TALLEST_ALONE)
    top = y + NAMED
    panel = true_panel(shown, LEFT, top, unit)
    bottom = top + panel.height
    key, height = below(
        [(text("figure.heatmap.key.window"), window_swatch), *wrong.keys(panel)],
        bottom + wrong.room,
    )
    before = "".join(
        (
            symbol,
            head,
            named(LEFT, top, text(f"figure.heatmap.{wrong.name}"), wrong.most, "error"),
            wrong.filled(panel, photo),
            lines(panel, "error"),
            wrong.outlined(panel),
            wrong.bar(LEFT, bottom + 10, max(panel.width, HALF_ROOM)),
            key,
        )
    )

    def marks(row: int, column: int) -> str:
        data = window_box(panel, shown, row, column) + around(panel, row, column, wrong.border)
        return cased("cx-window", data)

    return swept(
        _title("error_map", shown, wrong),
        heat_words.joined(
            heat_words.cells(shown, photograph=bool(photo)),
            wrong.described(),
            heat_words.motion("error_map", shown, sweep(shown)),
        ),
        height,
        lambda stage: before + followed(stage, panel, marks),
        shown,
        lambda row, column: text(
            "figure.heatmap.status.error_map",
            row=number(row + 1),
            column=number(column + 1),
            error=wrong.told(wrong.values[row][column]),
        ),
    )


def _title(key: str, shown: Grid, wrong: Errors, name: str | None = None) -> str:
    values = {"cells": shape(shown.shape), "error": wrong.largest}
    if name is None:
        return text(f"figure.heatmap.title.{key}", **values)
    return text(f"figure.heatmap.title.{key}_of", name=heat_words.brief(name), **values)
