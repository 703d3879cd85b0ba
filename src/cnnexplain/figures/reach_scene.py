"""The drawing of padding's reach: the map of one layer, the list of all, and the errors."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.figures import reach_words
from cnnexplain.figures.colours import widest
from cnnexplain.figures.legend import NAMED, named
from cnnexplain.figures.panel import ground, true_panel
from cnnexplain.figures.sheet import SWATCH, Sheet, most_lines, sentence
from cnnexplain.figures.svg import (
    HALF,
    MARGIN,
    SMALL_SIZE,
    WIDTH,
    box,
    decimal,
    element,
    grid,
    label,
    rectangle,
    text_width,
)
from cnnexplain.languages import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnnexplain.figures.cells import Grid
    from cnnexplain.figures.heatmaps import Errors
    from cnnexplain.figures.reach_rows import Layer, Layers
    from cnnexplain.figures.stage import Stage

Draw: TypeAlias = "Callable[[Stage], str]"

_LEFT = MARGIN + HALF
# Halved again and again, as poolings halve maps, it stays whole for long.
_SIDE = 210
_LIST = _LEFT + _SIDE + 18  # where the list of layers starts
_END = WIDTH - _LEFT
_NAME = 84  # the widest name; a longer one loses its beginning
_APART = 8
_LINE = 22
_ROW, _CLOSE_ROW, _MANY = 22, 19, 20  # the height of a row of the list, few and many of them
_BAR_HEIGHT = 12
_LINED_CELL = 7  # lines between cells smaller than this would hide them
_HATCH = 7.0


def sheet(
    found: Layers, wrong: Errors | None, shown: Grid | None, photo: str
) -> tuple[Sheet, Draw]:
    """Return what stands still in the figure, and what draws the rest.

    Args:
        found: The layers.
        wrong: The errors, or None.
        shown: The windows that the errors are of, or None.
        photo: The photograph's id, or `""`.
    """
    made = Sheet()
    made.title(partial(text, "figure.reach.heading"))
    made.phrases(partial(reach_words.parameters, found))
    top = made.y + NAMED + HALF
    errors_top = top + _SIDE + NAMED
    left = errors_top
    if wrong and shown:
        unit = shown.fitted(_SIDE, _SIDE)
        left += shown.height.image * unit + wrong.room
    else:
        left += most_lines(_told) * _LINE - NAMED + 16
    list_end = top + len(found.maps) * _row(found)
    made.y = max(left, list_end) + 4
    if wrong:
        made.words(partial(text, "figure.reach.told"))
    made.words(partial(reach_words.conclusion, found), "")
    made.key(
        [
            (partial(text, "figure.reach.key.clean"), _clean_swatch),
            (partial(text, "figure.reach.key.reached"), _reached_swatch),
        ]
    )
    errors = (wrong, shown, photo) if wrong and shown else None
    return made, partial(_drawn, found, errors, top)


def _row(found: Layers) -> int:
    return _ROW if len(found.maps) <= _MANY else _CLOSE_ROW


def _told() -> list[str]:
    return sentence(text("figure.reach.told"), SMALL_SIZE, _SIDE)


def _drawn(found: Layers, errors: tuple[Errors, Grid, str] | None, top: float, stage: Stage) -> str:
    parts = [_map(found, top, stage), _list(found, top, stage)]
    below = top + _SIDE + NAMED
    if errors:
        parts.append(_errors(*errors, below, len(found.maps), stage))
    else:
        parts += [
            label(MARGIN, top + _SIDE + 26 + at * _LINE, line, "cx-small")
            for at, line in enumerate(_told())
        ]
    return "".join(parts)


def _map(found: Layers, top: float, stage: Stage) -> str:
    """Draw the map of one layer after the other, the touched cells under the clean ones."""
    count = len(found.maps)
    place = _LEFT, top, float(_SIDE), float(_SIDE)
    parts = [
        rectangle("cx-paper", place),
        rectangle("cx-error", place, "0.4"),
        _hatched(*place),
    ]
    for at, layer in enumerate(found.maps):
        off = at + 1 if at + 1 < count else None
        scene = label(_LEFT, top - 28, fitted(layer.name, _SIDE, bold=True), "cx-title")
        scene += label(_LEFT, top - 8, reach_words.clean(layer), "cx-small")
        if data := _core(layer, top):
            scene += element("path", class_="cx-output", d=data)
        parts.append(stage.seen(scene, at, off))
    at = 0
    for size, alike in groupby(found.maps, lambda layer: layer.size):
        rows, columns = size
        last = at + len(list(alike))
        if _LINED_CELL * max(size) <= _SIDE:
            xs = [_LEFT + _SIDE * each / columns for each in range(columns + 1)]
            ys = [top + _SIDE * each / rows for each in range(rows + 1)]
            lines = element("path", class_="cx-guide", d=grid(xs, ys), stroke_width=0.75)
            parts.append(stage.seen(lines, at, last if last < count else None))
        at = last
    parts.append(rectangle("cx-shift", place))
    if found.scorer:
        parts.append(stage.seen(rectangle("cx-window", place), count))
    return "".join(parts)


def _core(layer: Layer, top: float) -> str:
    """Return the clean cells as path data."""
    rows, columns = layer.runs
    high, wide = _SIDE / layer.size[0], _SIDE / layer.size[1]
    return "".join(
        box(_LEFT + left * wide, top + first * high, (right - left) * wide, (stop - first) * high)
        for first, stop in rows
        for left, right in columns
    )


def _hatched(x: float, y: float, width: float, height: float) -> str:
    """Draw diagonal lines over a rectangle."""
    lines = []
    for at in range(1, round((width + height) / _HATCH)):
        reach = at * _HATCH
        down, across = min(reach, height), min(reach, width)
        start = x + reach - down, y + down
        length = across - (reach - down)
        lines.append(
            f"M{decimal(start[0])} {decimal(start[1])}l{decimal(length)}-{decimal(length)}"
        )
    return element("path", class_="cx-error-line", d="".join(lines), stroke_width=0.75)


def _list(found: Layers, top: float, stage: Stage) -> str:
    """Draw each layer's name, a cut through its map, and how much of it is clean."""
    names = [fitted(layer.name, _NAME) for layer in found.maps]
    shares = [partial(reach_words.share, layer) for layer in found.maps]
    start = _LIST + max(text_width(name, SMALL_SIZE) for name in names) + _APART
    end = _END - max(map(widest, shares)) - _APART
    row = _row(found)
    reached, clean, marks = [], [], []
    parts = [label(_LIST, top - 8, text("figure.reach.across"), "cx-small")]
    for at, (layer, name) in enumerate(zip(found.maps, names, strict=True)):
        y = top + at * row + (row - _BAR_HEIGHT) / 2
        unit = (end - start) / layer.size[1]
        reached.append(box(start, y, end - start, _BAR_HEIGHT))
        clean += [
            box(start + first * unit, y, (stop - first) * unit, _BAR_HEIGHT)
            for first, stop in layer.runs[1]
        ]
        words = label(_LIST, y + 11, name, "cx-small")
        words += label(_END, y + 11, reach_words.share(layer), "cx-end")
        parts.append(element("g", words, data_step=at))
        mark = rectangle("cx-shift", (start - 3, y - 3, end - start + 6, _BAR_HEIGHT + 6.0))
        marks.append(stage.seen(mark, at, at + 1))
    bars = [
        element("path", class_="cx-error", d="".join(reached), fill_opacity=0.4),
        element("path", class_="cx-error-line", d="".join(_strokes(reached)), stroke_width=0.75),
        element("path", class_="cx-output", d="".join(clean)) if clean else "",
        element("path", class_="cx-output-line", d="".join(clean), stroke_width=0.75)
        if clean
        else "",
    ]
    return "".join((*bars, *parts, *marks))


def _strokes(bars: list[str]) -> Iterator[str]:
    """Return lines across bars."""
    for bar in bars:
        x, y = (float(each) for each in bar[1 : bar.index("h")].split())
        width = float(bar[bar.index("h") + 1 : bar.index("v")])
        for at in range(int((width - _BAR_HEIGHT) / _HATCH) + 1):
            yield f"M{decimal(x + at * _HATCH)} {decimal(y + _BAR_HEIGHT)}l12-12"


def _errors(wrong: Errors, shown: Grid, photo: str, top: float, on: int, stage: Stage) -> str:
    """Draw the image, and at the end the errors of its cells."""
    unit = shown.fitted(_SIDE, _SIDE)
    panel = true_panel(shown, _LEFT, top, unit)
    bottom = top + shown.height.image * unit + 10
    coloured = wrong.coloured(panel) + wrong.bar(_LEFT, bottom, _SIDE)
    return "".join(
        (
            named(_LEFT, top, text("figure.heatmap.error"), wrong.most, "error"),
            ground(panel, photo, faint=True),
            stage.seen(coloured, on),
        )
    )


def fitted(name: str, width: float, *, bold: bool = False) -> str:
    """Return a name that fits, without its beginning where it is too long.

    Args:
        name: The name.
        width: The room.
        bold: Whether it is bold.

    Example:
        >>> fitted("features.28.conv", 84)
        '….28.conv'
    """
    size = 17 if bold else SMALL_SIZE
    if text_width(name, size, bold=bold) <= width:
        return name
    start = next(
        (at for at in range(1, len(name)) if text_width(f"…{name[at:]}", size, bold=bold) <= width),
        len(name),
    )
    return f"…{name[start:]}"


def _clean_swatch(x: float, y: float) -> str:
    return rectangle("cx-output cx-output-line", (x + HALF, y + HALF, SWATCH - 1.0, SWATCH - 1.0))


def _reached_swatch(x: float, y: float) -> str:
    place = x + HALF, y + HALF, SWATCH - 1.0, SWATCH - 1.0
    frame = rectangle("cx-error-line", place)
    return rectangle("cx-error", place, "0.4") + _hatched(*place) + frame
