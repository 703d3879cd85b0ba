"""A map at its true place beside the same map stretched over its image, as it is often shown.

In motion a cell is picked: its window and its true cell, and how far stretching puts it away.
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from cnnexplain.figures import heat_words, maps, names
from cnnexplain.figures.cells import grid
from cnnexplain.figures.colours import bar, lines, plated, score_cells, widest
from cnnexplain.figures.figure import Script, moving, standing
from cnnexplain.figures.heat_motion import (
    BORDER,
    around,
    between,
    cased,
    followed,
    framed,
    sweep,
    ticker,
    window_box,
)
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
    below,
    cell_swatch,
    heading,
    named,
    shift_swatch,
    window_swatch,
)
from cnnexplain.figures.panel import Panel, shared, true_panel
from cnnexplain.figures.scales import score_scale
from cnnexplain.figures.stage import Moment
from cnnexplain.figures.svg import LABEL_SIZE, MARGIN, box, label, wrap
from cnnexplain.languages import LANGUAGES, language, number, shape, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.figures.cells import Grid, Windows
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.maps import Map
    from cnnexplain.figures.motion import Sweep
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.stage import Stage

_LINE = 24
_MOST_STOPS = 400


def placed(
    scores: Map,
    *,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    photograph: bytes | None = None,
    name: str | None = None,
    probabilities: bool = False,
) -> Figure:
    """Draw a heatmap at its true place, and beside it stretched over the whole image.

    Args:
        scores: The scores, row by row: lists, or an array or tensor of two dimensions.
        image_size: The image's size in pixels: a number, or (height, width).
        window: The window's size in pixels: a number, or (height, width).
        stride: The pixels from one window to the next: a number, or (height, width).
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.
        name: What the class is called.
        probabilities: Whether the scores are probabilities, which are written in percent.

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
    called = None if name is None else names.named("name", name)
    symbol, photo = shared(photograph)
    scale = score_scale(chain(*values), probabilities=probabilities)

    head, y = heading("placed", shown, called)
    unit = shown.fitted(HALF_ROOM, TALLEST)
    top = y + NAMED
    bottom = top + shown.height.image * unit
    true = true_panel(shown, LEFT, top, unit)
    rows, columns = shown.height.stretched, shown.width.stretched
    stretched = Panel(RIGHT, top, unit, shown.image, rows, columns)
    # Where the true cells lie on the image under the stretched map.
    ghost = true_panel(shown, RIGHT, top, unit)
    down, across = (number(side.displacement, 1) for side in shown.sides)
    formulas, y = _formulas(shown, bottom + BAR)
    keys = [
        (text("figure.heatmap.key.true"), window_swatch),
        (text("figure.heatmap.key.stretched"), cell_swatch),
        ("", shift_swatch),
        (text("figure.heatmap.key.shift", down=down, across=across), _none),
    ]
    key, height = below(keys, y)
    # What a step says stands once for each row and each column, so that there may be many.
    stops = sweep(shown, most=_MOST_STOPS)
    # Now, since what is drawn later is drawn in whatever language is then the current one.
    moved = _moved(shown, stops, y + 2 + 3 * KEY_LINE)
    before = "".join(
        (
            symbol,
            head,
            named(LEFT, top, text("figure.heatmap.true"), _true_size(shown, true), "score"),
            score_cells(true, values, scale, photo) + lines(true, "score"),
            named(RIGHT, top, text("figure.heatmap.stretched"), _cell_size(stretched), "score"),
            score_cells(stretched, values, scale, photo) + lines(stretched, "score"),
            bar(LEFT, bottom + 10, ROOM, scale, "score"),
            formulas,
            key,
        )
    )

    def picked(row: int, column: int) -> str:
        there = cased("cx-tie", box(*ghost.box(row, column)), 1.25)
        return cased("cx-window", window_box(true, shown, row, column)) + there

    def put(row: int, column: int) -> str:
        return cased("cx-shift", around(stretched, row, column))

    def marked(row: int, column: int) -> str:
        return framed(around(true, row, column, BORDER))

    # Now as well. What crosses the maps lies under their numbers.
    written = plated(true, values, scale) + plated(stretched, values, scale)

    def draw(stage: Stage) -> str:
        return "".join(
            (
                before,
                followed(stage, true, picked),
                between(stage, ghost, stretched),
                written,
                followed(stage, true, marked),
                followed(stage, stretched, put),
                moved(stage),
            )
        )

    title = text("figure.heatmap.title.placed", cells=shape(shown.shape))
    if called:
        told = heat_words.brief(called)
        title = text("figure.heatmap.title.placed_of", name=told, cells=shape(shown.shape))
    description = heat_words.joined(
        heat_words.cells(shown, photograph=bool(photo)),
        heat_words.of_class(called),
        heat_words.scores("scores", values, scale),
        text("figure.heatmap.says.stretched", down=down, across=across),
        heat_words.motion("placed", shown, stops),
    )
    if stops.steps == 1:
        return standing(title, description, height, draw(Moment(stops, 0)))
    still = _farthest(shown, stops)
    script = _script(shown, stops)
    return moving(title, description, height, draw, stops, still, script)


def _none(x: float, y: float) -> str:
    """Draw no mark: the line above has it."""
    del x, y
    return ""


def _farthest(shown: Grid, stops: Sweep) -> int:
    """Return the stop whose cell is moved farthest: where nothing moves, that one is shown."""
    rows, columns = (
        [abs(_shift(side, index)) for index in range(0, side.count, every)]
        for side, every in zip(shown.sides, (stops.every_row, stops.every_column), strict=True)
    )
    return rows.index(max(rows)) * stops.columns + columns.index(max(columns))


def _shift(side: Windows, index: int) -> float:
    """Return by how many pixels stretching moves a cell, on one axis."""
    return side.stretched_centres[index] - side.centres[index]


def _script(shown: Grid, stops: Sweep) -> Script:
    def reads(side: Windows, every: int, axis: str) -> list[tuple[str, str]]:
        return [
            (number(index + 1), _says(side, index, axis)) for index in range(0, side.count, every)
        ]

    return Script(
        status=text(
            "figure.heatmap.status.placed",
            steps=number(stops.steps),
            **{name: f"{{{name}}}" for name in ("step", "row", "column", "rows", "columns")},
        ),
        rows=reads(shown.height, stops.every_row, "down"),
        columns=reads(shown.width, stops.every_column, "across"),
    )


def _says(side: Windows, index: int, axis: str) -> str:
    shift = _shift(side, index)
    values = {
        "true": number(side.centres[index], 1),
        "stretched": number(side.stretched_centres[index], 1),
    }
    if not round(shift, 1):
        return text(f"figure.heatmap.status.{axis}.none", **values)
    key = "less" if shift < 0 else "more"
    return text(f"figure.heatmap.status.{axis}.{key}", shift=number(abs(shift), 1), **values)


def _arrow(side: Windows, index: int, signs: str) -> str:
    """Return by how much, and where to, stretching moves a cell on one axis."""
    shift = round(_shift(side, index), 1)
    moved = text("figure.heatmap.pixels", value=number(abs(shift), 1))
    return f"{moved} {signs[shift > 0]}" if shift else moved


def _moved(shown: Grid, stops: Sweep, y: float) -> Callable[[Stage], str]:
    """Return what writes by how much stretching moves the cell that is picked."""
    x, tickers = WORDS, []
    for side, every, signs, down in (
        (shown.height, stops.every_row, "↑↓", True),
        (shown.width, stops.every_column, "←→", False),
    ):
        makes = [partial(_arrow, side, at, signs) for at in range(0, side.count, every)]
        room = max(map(widest, makes)) + 8
        tickers.append(partial(ticker, [make() for make in makes], (x, y, room), down=down))
        x += room
    words = label(x, y, text("figure.heatmap.key.here"), "cx-small")
    return lambda stage: "".join(write(stage) for write in tickers) + words


def _cell_size(panel: Panel) -> str:
    sizes = "×".join(number(side, 1) for side in (panel.rows.side, panel.columns.side))
    return text("figure.heatmap.cell_size", size=sizes)


def _true_size(shown: Grid, panel: Panel) -> str:
    """Return the size of the cells at their true places, and whether they are drawn larger."""
    sides = shown.height.placed.side, shown.width.placed.side
    if sides == (panel.rows.side, panel.columns.side):
        return _cell_size(panel)
    return text("figure.heatmap.larger", size="×".join(number(side, 1) for side in sides))


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
    every = [place for side in shown.sides for place in (*side.centres, *side.stretched_centres)]
    for key, formula in (("true_centre", _true), ("stretched_centre", _stretched)):
        for name, side in named:
            rule, places = formula(side)
            told = name + text(f"figure.heatmap.{key}", formula=rule)
            pieces = told, heat_words.centres(places, every)
            lines += wrap(pieces, " = ", LABEL_SIZE, ROOM)
    return lines


def _true(side: Windows) -> tuple[str, Sequence[float]]:
    return f"{side.size}/2 + {side.stride}·i", side.centres


def _stretched(side: Windows) -> tuple[str, Sequence[float]]:
    return f"{side.image}/{side.count}·(i + 1/2)", side.stretched_centres
