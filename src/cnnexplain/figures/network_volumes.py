"""A network as volumes: each activation a box to scale, and how it comes about."""

from __future__ import annotations

from functools import partial
from math import fsum
from typing import TYPE_CHECKING

from cnnexplain.figures import volume_words as words
from cnnexplain.figures.boxes import layout
from cnnexplain.figures.colours import widest
from cnnexplain.figures.figure import Figure, moving, told
from cnnexplain.figures.layers import traced
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.sheet import ROOM, Sheet, most_lines, sentence
from cnnexplain.figures.svg import (
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    WIDTH,
    decimal,
    element,
    label,
    text_width,
)
from cnnexplain.figures.volume_chain import chain
from cnnexplain.figures.volume_scene import (
    arrow_swatch,
    base,
    kinds,
    looked_at,
    marks,
    square_swatch,
)
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.boxes import Layout, Scale
    from cnnexplain.figures.layers import Pieces
    from cnnexplain.figures.sheet import Mark
    from cnnexplain.figures.stage import Stage
    from cnnexplain.figures.volume_chain import Chain
    from cnnexplain.report import Trace

_LINE = 23
_LONGEST_BAR = 48
_BAR_LINE = 24


def volumes(trace: Trace, layers: Sequence[str] | None = None) -> Figure:
    """Draw a network as volumes: its activations from left to right, as boxes to scale.

    Layers that change no shape, such as activations, belong to the layer before them. Where there
    are too many volumes, neighbours of equal size are drawn as one, or modules are taken together.

    Args:
        trace: What `cnnexplain.trace` returns.
        layers: The names of the layers that are drawn; a choice of them unless given.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or no layer makes anything like a volume.

    Example:
        >>> import cnnexplain as cx
        >>> volumes(cx.trace(cx.networks.alexnet())).title
        'AlexNet (paper) in volumes: from 3×227×227 to 1000'
    """
    checked = traced(trace, "volumes")
    shown = chain(checked, layers)
    sheet = Sheet()
    sheet.title(lambda: words.title(checked, shown, "heading"))
    sheet.phrases(lambda: words.phrases(checked, shown))
    placed = layout(shown.volumes, sheet.y + 4)
    sheet.draw(base(placed), placed.bottom - sheet.y)
    _scales(sheet, placed.scale, shown)
    sheet.key(_keys(placed))
    start = sheet.y + 10
    most = max(most_lines(partial(_panel_lines, shown, at)) for at in words.steps(shown))
    line = f"M{MARGIN} {decimal(start)}h{WIDTH - 2 * MARGIN}"
    sheet.draw(element("path", class_="cx-guide", d=line), 10 + most * _LINE)
    written = [_written(shown, at, start) for at in words.steps(shown)]
    still = _still(shown)
    sweep = Sweep(1, len(shown.volumes), pace=2.0)
    return moving(
        words.title(checked, shown),
        words.description(checked, shown, still),
        sheet.height,
        partial(_draw, sheet.drawing, placed, written),
        sweep,
        still,
        told([words.told(shown, at) for at in words.steps(shown)], sweep),
    )


def _written(shown: Chain, step: int, top: float) -> str:
    """Write what a step tells of its volume."""
    found = []
    for at, line in enumerate(_panel_lines(shown, step), 1):
        y = top + at * _LINE
        if len(line) == 1:
            ((words_, role),) = line
            found.append(label(MARGIN, y, words_, _class(role)))
        else:
            found.append(label(MARGIN, y, [(piece, _class(role)) for piece, role in line]))
    return "".join(found)


def _draw(common: str, placed: Layout, written: Sequence[str], stage: Stage) -> str:
    parts = [common]
    for step, lines in enumerate(written):
        parts.append(stage.seen(looked_at(placed, step) + lines, step, step + 1))
    parts.append(marks(placed))
    return "".join(parts)


def _class(role: str) -> str:
    return "cx-small" if role == "small" else role and f"cx-{role}-ink"


def _panel_lines(shown: Chain, at: int) -> list[Pieces]:
    """Return what stands under the drawing, broken where lines are too long."""
    found: list[Pieces] = []
    for line in words.panel(shown, at):
        if len(line) == 1:
            role = line[0][1]
            size = SMALL_SIZE if role == "small" else LABEL_SIZE
            found += [[(part, role)] for part in sentence(line[0][0], size, ROOM)]
        elif _width(line) > ROOM:
            found += [line[:1], line[1:]]
        else:
            found.append(line)
    return found


def _width(line: Pieces) -> float:
    return fsum(text_width(piece, LABEL_SIZE, bold=bool(role)) for piece, role in line)


def _still(shown: Chain) -> int:
    """Return the step of the last map that a window made: there the formula tells most."""
    steps = [
        at
        for at, volume in enumerate(shown.volumes)
        if volume.is_map and volume.rows and "floor" in str(volume.rows[-1].formula)
    ]
    return steps[-1] if steps else len(shown.volumes) - 1


def _keys(placed: Layout) -> list[Mark]:
    """Return the marks that need a word."""
    keys: list[Mark] = [
        (partial(text, f"figure.volumes.key.{kind}"), partial(arrow_swatch, kind))
        for kind in kinds(placed)
    ]
    keys.append(
        (
            partial(text, "figure.volumes.key.before"),
            partial(square_swatch, "cx-input cx-input-line"),
        )
    )
    keys.append(
        (partial(text, "figure.volumes.key.after"), partial(square_swatch, "cx-output cx-window"))
    )
    return keys


def _scales(sheet: Sheet, scale: Scale, shown: Chain) -> None:
    """Draw a bar for each scale, and say how much it is."""
    deepest = max((volume.shape[0] for volume in shown.volumes if volume.is_map), default=0)
    sides = [side for volume in shown.volumes if volume.is_map for side in volume.shape[1:]]
    longest = max((volume.count for volume in shown.volumes if not volume.is_map), default=0)
    bars = [
        ("pixels", scale.pixel, max(sides, default=0)),
        ("channels", scale.channel, deepest),
        ("features", scale.feature, longest),
    ]
    sheet.y += 6
    x, y = float(WIDTH), sheet.y
    for key, unit, most in bars:
        if not most:
            continue
        count = _round(min(_LONGEST_BAR / unit, most))
        length = count * unit
        told = partial(_bar_text, key, count)
        needed = length + 6 + widest(told)
        if x + needed > WIDTH - MARGIN:
            x, y = float(MARGIN), y + _BAR_LINE
        line = f"M{decimal(x + 1)} {decimal(y - 10)}v10m0-5h{decimal(length)}m0-5v10"
        sheet.parts.append(element("path", class_="cx-shift", d=line))
        sheet.parts.append(label(x + length + 8, y, told(), "cx-small"))
        x += needed + 16
    sheet.y = y


def _bar_text(key: str, count: int) -> str:
    return text(f"figure.volumes.scale.{key}", count=number(count))


def _round(most: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20 ... that is not above a number.

    Example:
        >>> _round(49.0), _round(1.2)
        (20, 1)
    """
    found = power = 1
    while power <= most:
        found = max(factor * power for factor in (1, 2, 5) if factor * power <= most)
        power *= 10
    return found
