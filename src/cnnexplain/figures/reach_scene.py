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
    from cnnexplain.figures.heat_errors import Errors
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
_LINED_CELL = 10  # lines between cells smaller than this would hide them
_HATCH = 10.0
_LONGEST = 200


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
    right = top + len(found.maps) * _row(found)
    told = _told_at(found, top, errors=bool(wrong))
    if told:
        right = max(right, told[1] + most_lines(partial(_told, told[2])) * _LINE)
    left = top + _SIDE
    if wrong and shown:
        left = errors_top + shown.height.image * shown.fitted(_SIDE, _SIDE) + wrong.room
    made.y = max(left, right) + 10
    if not told:
        made.words(partial(text, "figure.reach.told"))
    made.words(partial(reach_words.conclusion, found))
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


def _told(width: float) -> list[str]:
    return sentence(text("figure.reach.told"), SMALL_SIZE, width)


def _drawn(found: Layers, errors: tuple[Errors, Grid, str] | None, top: float, stage: Stage) -> str:
    parts = [_map(found, top, stage), _list(found, top)]
    if errors:
        parts.append(_errors(*errors, top + _SIDE + NAMED))
    if told := _told_at(found, top, errors=bool(errors)):
        x, y, width = told
        parts += [
            label(x, y + 26 + at * _LINE, line, "cx-small") for at, line in enumerate(_told(width))
        ]
    return "".join(parts)


def _told_at(found: Layers, top: float, *, errors: bool) -> tuple[float, float, float] | None:
    """Return where the explanation stands and how wide it is: in the shorter column, if any is."""
    end = top + len(found.maps) * _row(found)
    if errors:
        return _LIST, end, _END - _LIST
    return (float(MARGIN), top + _SIDE, float(_SIDE)) if end > top + _SIDE + 2 * _LINE else None


def _map(found: Layers, top: float, stage: Stage) -> str:
    """Draw the map of one layer after the other, the touched cells under the clean ones."""
    count, bars = len(found.maps), _bars(found)
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
        around = box(bars[0] - 3, _bar_top(found, top, at) - 3, bars[1] + 6, _BAR_HEIGHT + 6)
        scene += element("path", class_="cx-shift", d=around)
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


def _bars(found: Layers) -> tuple[float, float]:
    """Return where the bars of the list start, and how wide they are."""
    names = [text_width(fitted(layer.name, _NAME), SMALL_SIZE) for layer in found.maps]
    shares = [widest(partial(reach_words.share, layer)) for layer in found.maps]
    start = round(_LIST + max(names) + _APART) + HALF
    return start, float(int(_END - max(shares) - _APART - start))


def _bar_top(found: Layers, top: float, at: int) -> float:
    return top + at * _row(found) + (_row(found) - _BAR_HEIGHT) / 2


def _list(found: Layers, top: float) -> str:
    """Draw each layer's name, a cut through its map, and how much of it is clean."""
    start, width = _bars(found)
    reached: list[str] = []
    strokes: list[str] = []
    clean: list[str] = []
    parts = [label(_LIST, top - 8, text("figure.reach.across"), "cx-small")]
    for at, layer in enumerate(found.maps):
        y = _bar_top(found, top, at)
        unit = width / layer.size[1]
        reached.append(box(start, y, width, _BAR_HEIGHT))
        edges = [0, *(edge for run in layer.runs[1] for edge in run), layer.size[1]]
        for first, stop in zip(edges[::2], edges[1::2], strict=True):
            strokes += _strokes(start + first * unit, start + stop * unit, y)
        clean += [
            box(start + first * unit, y, (stop - first) * unit, _BAR_HEIGHT)
            for first, stop in layer.runs[1]
        ]
        words = label(_LIST, y + 11, fitted(layer.name, _NAME), "cx-small")
        words += label(_END, y + 11, reach_words.share(layer), "cx-small cx-end")
        parts.append(element("g", words, data_step=at))
    bars = [
        element("path", class_="cx-error", d="".join(reached), fill_opacity=0.4),
        element("path", class_="cx-error-line", d="".join(strokes), stroke_width=0.75),
        element("path", class_="cx-output cx-output-line", d="".join(clean), stroke_width=0.75),
    ]
    return "".join((*bars, *parts))


def _strokes(start: float, end: float, y: float) -> Iterator[str]:
    """Return diagonal lines across a part of a bar; a narrow one has none."""
    count = int((end - start) / _HATCH)
    for at in range(count):
        x = start + (end - start) * (at + 0.5) / count
        lean = min(x - start, end - x, _BAR_HEIGHT / 2)
        top, rise = y + _BAR_HEIGHT / 2 + lean, decimal(2 * lean)
        yield f"M{decimal(x - lean)} {decimal(top)}l{rise}-{rise}"


def _errors(wrong: Errors, shown: Grid, photo: str, top: float) -> str:
    """Draw the image and the errors of its cells."""
    unit = shown.fitted(_SIDE, _SIDE)
    panel = true_panel(shown, _LEFT, top, unit)
    bottom = top + shown.height.image * unit + 10
    coloured = wrong.coloured(panel) + wrong.bar(_LEFT, bottom, _SIDE)
    return "".join(
        (
            named(_LEFT, top, text("figure.heatmap.error"), wrong.most, "error"),
            ground(panel, photo, faint=True),
            coloured,
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
    name = name[-_LONGEST:]  # measuring more would take long, and none of it has room
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
