"""The drawing of crops and the map that they share: the image, the map, the scores, the costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.figures import crops_words, hatching
from cnnexplain.figures.colours import widest
from cnnexplain.figures.legend import named
from cnnexplain.figures.motion import moving, stretch
from cnnexplain.figures.panel import ground, true_panel
from cnnexplain.figures.sheet import SWATCH, Sheet, most_lines, sentence
from cnnexplain.figures.stage import Moment, Motion, Stage
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    WIDTH,
    box,
    decimal,
    element,
    grid,
    label,
    rectangle,
)
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.figures.crops import Crops

Draw: TypeAlias = "Callable[[Stage], str]"

_LEFT = MARGIN + HALF
_GAP = 15
_SIDE = (WIDTH - 2 * _LEFT - _GAP) // 2  # of a picture
_RIGHT = _LEFT + _SIDE + _GAP
_TALLEST = 300
_NAMED = 54  # above a picture: its name, and what is said of it
_UNDER = 32  # from the map to its scores
_SCORES = 120  # the tallest map of scores
_LARGEST_CELL, _LINED_CELL = 28, 4
_LINE = 22
_BAR, _BAR_ROOM = 16, 56  # the height of a bar, and from one to the next
_GRIPS = (0.0, 2.0, -2.0)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where all stands.

    Attributes:
        pixel: The size of a pixel of the image.
        cell: The size of a cell of the map.
        score: The size of a cell of the scores.
        top: Where the image and the map start, down.
        scores: Where the scores start, across and down.
        bars: Where the bars start, down.
    """

    pixel: float
    cell: float
    score: float
    top: float
    scores: tuple[float, float]
    bars: float


def sheet(found: Crops, photo: str) -> tuple[Sheet, Draw]:
    """Return what stands still in the figure, and what draws the rest.

    Args:
        found: The windows and their costs.
        photo: The photograph's id, or `""`.
    """
    made = Sheet()
    made.title(partial(crops_words.heading, found))
    made.phrases(partial(crops_words.parameters, found))
    places = _placed(found, made.y)
    made.y = places.bars
    made.draw("", 2 * _BAR_ROOM + _LINE - 4)
    made.formula(partial(crops_words.formula, found))
    made.words(partial(text, "figure.crops.equal"))
    made.key(
        [
            (partial(text, "figure.crops.key.window"), _window_swatch),
            (partial(text, "figure.crops.key.map"), _map_swatch),
            (partial(text, "figure.crops.key.classifier"), _classifier_swatch),
        ]
    )
    return made, partial(_drawn, found, places, photo)


def _placed(found: Crops, y: float) -> _Places:
    _, rows, columns = found.map
    windows = found.windows
    fitted = min(_SIDE / columns, _TALLEST / rows, _LARGEST_CELL)
    # Whole units keep lines crisp; a map without lines takes what fits.
    cell = float(int(fitted)) if fitted >= _LINED_CELL else fitted
    pixel = windows.fitted(_SIDE, _TALLEST)
    top = y + _NAMED + HALF
    high, wide = windows.shape
    score = min(max(cell, 8.0), float(_SCORES // high), float(_SIDE // wide))
    under = top + max(round(windows.image[0] * pixel), rows * cell) + _UNDER
    middle = _RIGHT + columns * cell / 2 - wide * score / 2
    across = max(_RIGHT, int(middle) + HALF)
    told = most_lines(_told) * _LINE
    below = max(told, high * score + 26)
    return _Places(pixel, cell, score, top, (across, under), under + below + 12)


def _told() -> list[str]:
    # Not as far as the ties from block to score.
    return sentence(text("figure.crops.told"), SMALL_SIZE, _SIDE + 10)


def _drawn(found: Crops, places: _Places, photo: str, stage: Stage) -> str:
    return "".join(
        (
            _image(found, places, photo, stage),
            _map(found, places, stage),
            _scores(found, places, stage),
            _tie(found, places, stage),
            _costs(found, places, stage),
        )
    )


def _image(found: Crops, places: _Places, photo: str, stage: Stage) -> str:
    windows, unit = found.windows, places.pixel
    count = number(windows.count)
    size = shape((windows.image[0], windows.image[1]))
    down, across = (step * unit for step in windows.stride)
    high, wide = (side * unit for side in windows.window)

    def window(row: int, column: int) -> str:
        place = _LEFT + column * across, places.top + row * down, wide, high
        return rectangle("cx-window", place)

    more = text("figure.crops.windows", count=count, window=shape(windows.window))
    return "".join(
        (
            named(_LEFT, places.top, text("figure.input", size=size), more, "input"),
            ground(true_panel(windows, _LEFT, places.top, unit), photo, faint=False),
            stage.follows(window, across, down),
        )
    )


def _map(found: Crops, places: _Places, stage: Stage) -> str:
    _, rows, columns = found.map
    cell = places.cell
    wide, high = columns * cell, rows * cell
    (down, across), (reads_down, reads_across) = found.step, found.block

    def place(row: int, column: int) -> tuple[float, float, float, float]:
        x, y = _RIGHT + column * across * cell, places.top + row * down * cell
        return x, y, reads_across * cell, reads_down * cell

    def taps(row: int, column: int) -> str:
        return element("path", class_="cx-taps", d=box(*place(row, column)))

    def outline(row: int, column: int) -> str:
        return rectangle("cx-window", place(row, column))

    follows = partial(stage.follows, across=across * cell, down=down * cell)
    lines = _lines(_RIGHT, places.top, columns, rows, cell)
    name = text("figure.crops.map", size=shape(found.map))
    more = text("figure.crops.block", size=shape(found.block))
    return "".join(
        (
            named(_RIGHT, places.top, name, more, "output"),
            element("path", class_="cx-output", d=box(_RIGHT, places.top, wide, high)),
            follows(taps),
            # Over the block's filling, so that its cells can be counted.
            element("path", class_="cx-output-line", d=lines),
            follows(outline),
        )
    )


def _lines(x: float, y: float, columns: int, rows: int, cell: float) -> str:
    if cell < _LINED_CELL:
        return box(x, y, columns * cell, rows * cell)
    xs = [x + at * cell for at in range(columns + 1)]
    return grid(xs, [y + at * cell for at in range(rows + 1)])


def _scores(found: Crops, places: _Places, stage: Stage) -> str:
    """Draw the scores: those of windows so far have their colour."""
    (rows, columns), cell = found.windows.shape, places.score
    x, y = places.scores
    wide, high = columns * cell, rows * cell

    def done(row: int, column: int) -> str:
        # All rows above, and this row so far. Wider than the map, so that it covers it.
        data = (
            f"M{decimal(-wide)} {decimal(-high)}H{decimal(2 * wide)}V{decimal(row * cell)}"
            f"H{decimal((column + 1) * cell)}V{decimal((row + 1) * cell)}H{decimal(-wide)}z"
        )
        return element("path", class_="cx-score", d=data, fill_opacity=0.75)

    def marker(row: int, column: int) -> str:
        return rectangle("cx-window", (x + column * cell, y + row * cell, cell, cell))

    own = f"width:{decimal(wide)}px;height:{decimal(high)}px"
    clipped = element(
        "svg", stage.follows(done, cell, cell), x=x, y=y, width=wide, height=high, style=own
    )
    lines = element("path", class_="cx-score-line", d=_lines(x, y, columns, rows, cell))
    size = shape((found.scores, rows, columns))
    written = partial(text, "figure.crops.scores", size=size)
    start = min(x, WIDTH - MARGIN - widest(written, LABEL_SIZE, bold=True))
    name = label(start, y + high + 22, written(), "cx-score-ink")
    told = "".join(
        label(MARGIN, y + 12 + at * _LINE, line, "cx-small") for at, line in enumerate(_told())
    )
    return clipped + lines + stage.follows(marker, cell, cell) + name + told


def _tie(found: Crops, places: _Places, stage: Stage) -> str:
    """Draw the two lines from the lower corners of the block to its score."""
    cell, score = places.cell, places.score
    (down, across), (high, wide) = found.step, found.block
    x, y = places.scores
    parts = []
    for end in (0, 1):
        near_x = _RIGHT + end * wide * cell, across * cell
        far_x = _apart(near_x, x + end * score, score, stage)
        near_y, far_y = (places.top + high * cell, down * cell), (y, score)
        parts.append(_stretched(stage, (near_x, far_x), (near_y, far_y)))
    return "".join(parts)


_Line: TypeAlias = "tuple[float, float]"  # where it is at the first stop, and from stop to stop


def _apart(near: _Line, far: float, step: float, stage: Stage) -> _Line:
    """Return an end that is never just below the other: what has no width cannot be stretched."""
    stops = range(stage.sweep.columns)
    grip = next(
        each
        for each in _GRIPS
        if all(abs(near[0] + at * near[1] - far - each - at * step) > 1 for at in stops)
        or each == _GRIPS[-1]
    )
    return far + grip, step


def _stretched(stage: Stage, x: tuple[_Line, _Line], y: tuple[_Line, _Line]) -> str:
    sweep = stage.sweep
    step = stage.step if isinstance(stage, Moment) else stage.still
    row, column = divmod(step, sweep.columns)
    xs, ys = ([end + at * far for end, far in ends] for at, ends in ((column, x), (row, y)))
    line = element(
        "path",
        class_="cx-tie",
        d=f"M{decimal(xs[0])} {decimal(ys[0])}L{decimal(xs[1])} {decimal(ys[1])}",
        vector_effect="non-scaling-stroke",
    )
    if not isinstance(stage, Motion):
        return line
    return moving(line, stretch(column, sweep.columns, *x), stretch(row, sweep.rows, *y))


def _costs(found: Crops, places: _Places, stage: Stage) -> str:
    """Draw what both ways have cost so far, to one scale; what is still to come is covered."""
    count = found.windows.count
    sliding, one_pass = found.sliding(count), found.one_pass(count)
    unit = (WIDTH - 2 * _LEFT) / max(sliding, one_pass)
    upper, lower = (places.bars + 2 * _LINE + at * _BAR_ROOM for at in range(2))
    crop, classified = found.crop_macs * unit, found.classifier_macs * unit
    made = found.map_macs * unit
    starts = [at * crop for at in range(count)]
    maps = "".join(_bar(start, crop - classified, upper) for start in starts)
    heads = "".join(_bar(start + crop - classified, classified, upper) for start in starts)
    maps += _bar(0, made, lower)
    heads += _bar(made, count * classified, lower)
    each = text("figure.crops.each", crop=_macs(found.crop_macs))
    once = {"map": _macs(found.map_macs), "classifier": _macs(found.classifier_macs)}
    parts = [
        label(MARGIN, places.bars + _LINE - 4, text("figure.crops.after"), "cx-small"),
        _named(upper, "sliding", each),
        _named(lower, "one_pass", text("figure.crops.once", **once)),
        element("path", class_="cx-conv", d=maps),
        element("path", class_="cx-dense", d=heads),
    ]
    for windows in range(1, count + 1):
        left, right = windows * crop, made + windows * classified
        cover = _bar(left, sliding * unit - left, upper)
        cover += _bar(right, one_pass * unit - right, lower)
        costs = _macs(found.sliding(windows)), _macs(found.one_pass(windows))
        paid = element("path", class_="cx-paper", d=cover) * (windows < count)
        paid += label(WIDTH - MARGIN, places.bars + _LINE - 4, f"n = {windows}", "cx-small cx-end")
        paid += "".join(
            label(WIDTH - MARGIN, y, cost, "cx-end")
            for y, cost in zip((upper, lower), costs, strict=True)
        )
        parts.append(stage.seen(paid, windows - 1, windows if windows < count else None))
    frames = "".join(
        (
            grid([_LEFT + at * crop for at in range(count + 1)], _edges(upper)),
            grid([_LEFT, _LEFT + made, _LEFT + one_pass * unit], _edges(lower)),
        )
    )
    return "".join(parts) + element("path", class_="cx-conv-line", d=frames, stroke_width=0.75)


def _named(y: float, key: str, how: str) -> str:
    name = text(f"figure.heatmap.{key}")
    return label(MARGIN, y, [(name, ""), (f"{text('figure.crops.colon')}{how}", "cx-small")])


def _edges(y: float) -> list[float]:
    return [y + 8 + HALF, y + 8 + HALF + _BAR]


def _bar(start: float, length: float, y: float) -> str:
    return box(_LEFT + start, y + 8 + HALF, length, _BAR)


def _macs(value: int) -> str:
    return crops_words.macs(value)


def _map_swatch(x: float, y: float) -> str:
    return rectangle("cx-conv cx-conv-line", (x + HALF, y + HALF, SWATCH - 1.0, SWATCH - 1.0))


def _classifier_swatch(x: float, y: float) -> str:
    return hatching.dense([(x + HALF, y + HALF, SWATCH - 1.0, SWATCH - 1.0)])


def _window_swatch(x: float, y: float) -> str:
    return rectangle("cx-window", (x + 1.5, y + 1.5, SWATCH - 3.0, SWATCH - 3.0))
