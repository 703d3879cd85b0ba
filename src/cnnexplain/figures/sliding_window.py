"""The sliding window: convolution, max pooling and average pooling, drawn from their parameters.

One function draws every moment. The still picture is complete; only the motion, laid over it as
keyframes, takes away what is not yet computed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures import wording
from cnnexplain.figures.figure import Figure, Script
from cnnexplain.figures.layout import Layout, layout
from cnnexplain.figures.plane import Operation, Padding, PerAxis, Plane, plane
from cnnexplain.figures.scene import (
    SWATCH,
    draw,
    overhang_swatch,
    padding_swatch,
    unread_swatch,
)
from cnnexplain.figures.svg import (
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    WIDTH,
    label,
    text_width,
    wrap,
)
from cnnexplain.languages import current, number, text

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOM = WIDTH - 2 * MARGIN


def stride(
    input_size: PerAxis = 7,
    kernel_size: PerAxis = 3,
    stride: PerAxis = 1,
    padding: Padding = 0,
    *,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    operation: Operation = "convolution",
) -> Figure:
    """Draw a window that slides over a picture, in the current language.

    Args:
        input_size: The picture's size without padding: a number, or (height, width).
        kernel_size: The window's size: a number, or (height, width).
        stride: The step between two windows: a number, or (height, width).
        padding: A number; (height, width), where each may be (before, after); for a convolution
            also `"same"` or `"valid"`.
        dilation: The step between two inputs of one window: a number, or (height, width).
        ceil_mode: For a pooling, whether the output size rounds up.
        operation: `"convolution"`, `"max_pooling"` or `"average_pooling"`.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or too large to draw.
        ShapeError: If no window fits.

    Example:
        AlexNet's last pooling:

        >>> stride(13, kernel_size=3, stride=2, operation="max_pooling").title
        'Max pooling, window 3×3, stride 2: input 13×13, output 6×6'
    """
    shown = plane(
        input_size,
        kernel_size,
        stride,
        padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        operation=operation,
    )
    heading, top = _heading(shown)
    places = layout(shown, top, wording.label_widths(shown))
    below, height = _below(shown, places.bottom)
    words = heading + _labels(shown, places) + below
    return Figure(
        title=wording.title(shown),
        description=wording.description(shown),
        language=current(),
        height=height,
        body=draw(shown, places, shown.still, motion=True) + words,
        sweep=shown.sweep,
        still=shown.still,
        script=_script(shown),
        draw=partial(_frame, shown, places, words),
    )


def _frame(shown: Plane, places: Layout, words: str, step: int) -> str:
    return draw(shown, places, step, motion=False) + words


def _heading(shown: Plane) -> tuple[str, float]:
    """Return what the figure shows, in words, and the last baseline."""
    y = 22.0
    parts = [label(MARGIN, y, wording.operation(shown), "cx-title")]
    for line in wrap(wording.parameters(shown), text("figure.comma"), SMALL_SIZE, _ROOM):
        y += 22
        parts.append(label(MARGIN, y, line, "cx-small"))
    return "".join(parts), y


def _labels(shown: Plane, places: Layout) -> str:
    return label(*places.input_label, wording.input_label(shown), "cx-input-ink") + label(
        *places.output_label, wording.output_label(shown), "cx-output-ink"
    )


def _below(shown: Plane, y: float) -> tuple[str, int]:
    """Return the formulas and the key, and the figure's height."""
    parts = []
    y += 8
    lines = wording.formulas(shown)
    for line in lines:
        y += 26
        pieces = [(piece, role and f"cx-{role}-ink") for piece, role in line]
        width = text_width("".join(piece for piece, _ in line), LABEL_SIZE)
        if len(lines) > 1 and width > _ROOM:
            # The axis's name gets a line of its own.
            parts.append(label(MARGIN, y, pieces[:1]))
            y, pieces = y + 22, pieces[1:]
        parts.append(label(MARGIN, y, pieces))
    x, keys = float(MARGIN), _keys(shown)
    y += 30 if keys else 0
    for name, marks in keys:
        width = SWATCH + 6 + text_width(name, SMALL_SIZE)
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, y = float(MARGIN), y + 24
        parts.append(marks(x, y - 13))
        parts.append(label(x + SWATCH + 6, y, name, "cx-small"))
        x += width + 14
    return "".join(parts), round(y + 12)


def _keys(shown: Plane) -> list[tuple[str, Callable[[float, float], str]]]:
    """Return the marks that need a word, each with what draws one cell of it."""
    keys: list[tuple[str, Callable[[float, float], str]]] = []
    if any(sum(side.window.padding) for side in shown.sides):
        keys.append((text("figure.key.padding"), padding_swatch))
    if any(side.overhangs for side in shown.sides):
        keys.append((text("figure.key.overhang"), overhang_swatch))
    if any(side.unread for side in shown.sides):
        keys.append((text("figure.key.unread"), unread_swatch))
    return keys


def _script(shown: Plane) -> Script:
    """Return what the controls say, so that they know nothing about windows."""
    sweep = shown.sweep
    return Script(
        status=wording.status(
            shown, "{step}", row="{row}", column="{column}", rows="{rows}", columns="{columns}"
        ),
        rows=[
            (number(row + 1), wording.reads(shown.height, row, "row"))
            for row in range(0, shown.height.output_size, sweep.every_row)
        ],
        columns=[
            (number(column + 1), wording.reads(shown.width, column, "column"))
            for column in range(0, shown.width.output_size, sweep.every_column)
        ],
    )
