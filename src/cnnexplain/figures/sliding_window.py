"""The sliding window: convolution, transposed convolution and pooling, from their parameters.

One function draws every moment. The still picture is complete; only the motion, laid over it as
keyframes, takes away what is not yet computed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from cnnexplain import errors
from cnnexplain.errors import ArgumentError
from cnnexplain.figures import arithmetic, marks, scene, wording
from cnnexplain.figures.figure import Figure, Script, moving, told
from cnnexplain.figures.layout import Layout, layout
from cnnexplain.figures.numbered import Numbered
from cnnexplain.figures.plane import Operation, Padding, PerAxis, Plane, check_dimensions, plane
from cnnexplain.figures.sheet import Sheet
from cnnexplain.figures.svg import label
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from cnnexplain.figures.arithmetic import Numbers, Row
    from cnnexplain.figures.maps import Map
    from cnnexplain.figures.sheet import Mark
    from cnnexplain.figures.stage import Stage

_PACE = 1.5  # seconds


def stride(
    input_size: PerAxis | None = None,
    kernel_size: PerAxis | None = None,
    stride: PerAxis = 1,
    padding: Padding = 0,
    *,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    operation: Operation = "convolution",
    output_padding: PerAxis = 0,
    dimensions: Literal[1, 2] = 2,
    numbers: bool = False,
    input: Map | Row | None = None,  # noqa: A002  # as torch.nn.functional.conv2d calls it
    weight: Map | Row | None = None,
) -> Figure:
    """Draw a window that slides over a picture.

    Args:
        input_size: The picture's size without padding: a number, or (height, width). Left out, it
            is that of `input`, or 7.
        kernel_size: The window's size: a number, or (height, width). Left out, it is that of
            `weight`, or 3.
        stride: The step between two windows: a number, or (height, width).
        padding: A number; (height, width), where each may be (before, after); for a convolution
            also `"same"` or `"valid"`. A transposed convolution cuts as many outputs away.
        dilation: The step between two cells of one window: a number, or (height, width).
        ceil_mode: For a pooling, whether the output size rounds up.
        operation: `"convolution"`, `"max_pooling"`, `"average_pooling"` or
            `"transposed_convolution"`, whose window stands on the output.
        output_padding: For a transposed convolution, the outputs added at the end: a number, or
            (height, width).
        dimensions: 2, or 1 for a row: sizes are then single numbers, and padding may be
            (before, after).
        numbers: Whether there are numbers in the cells, and under them what each step computes:
            small ones, always the same, where `input` and `weight` give none.
        input: The input's numbers: lists, or an array or tensor, of as many dimensions.
        weight: The kernel's numbers.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or too large to draw.
        ShapeError: If no window fits, or a size is not that of the numbers.

    Example:
        AlexNet's last pooling:

        >>> stride(13, kernel_size=3, stride=2, operation="max_pooling").title
        'Max pooling, window 3×3, stride 2: input 13×13, output 6×6'

        A row of numbers, and the differences of neighbours:

        >>> edges = stride(input=[0, 0, 1, 1], weight=[-1, 1], dimensions=1)
        >>> edges.description.split(". ")[-2:]
        ['The output’s: 0 1 0', 'Computed in the still picture: 0·(−1) + 1·1 = 1.']
    """
    check_dimensions(dimensions)
    source, kernel = (
        None if given is None else arithmetic.array(name, given, dimensions)
        for name, given in (("input", input), ("weight", weight))
    )
    shown = plane(
        arithmetic.sized(source, dimensions, "input_size", input_size, 7),
        arithmetic.sized(kernel, dimensions, "kernel_size", kernel_size, 3),
        stride,
        padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        operation=operation,
        output_padding=output_padding,
        dimensions=dimensions,
    )
    _check(shown, numbers, weight)
    wanted = numbers or source is not None or kernel is not None
    return _figure(shown, arithmetic.numbers(shown, source, kernel) if wanted else None)


def _check(shown: Plane, numbers: object, weight: object) -> None:
    if not isinstance(numbers, bool):
        raise ArgumentError(
            "numbers as True or False", f"numbers={errors.shown(numbers)}", "write numbers=True"
        )
    if weight is not None and not shown.weighted:
        raise ArgumentError(
            "weight with a convolution: a pooling has none",
            f"weight={errors.shown(weight)}, operation={shown.operation!r}",
            "leave weight out",
        )


def _figure(shown: Plane, numbers: Numbers | None) -> Figure:
    sheet = Sheet()
    sheet.title(partial(wording.operation, shown))
    sheet.phrases(partial(wording.parameters, shown))
    widths = wording.label_widths(shown)
    places = layout(shown, sheet.y, widths, numbered=numbers is not None)
    sheet.draw(_labels(shown, places), places.bottom - sheet.y)
    numbered = Numbered(numbers, places, sheet.y) if numbers else None
    if numbered:
        sheet.draw(numbered.fixed, numbered.height)
    sheet.y += 8
    for at, _ in enumerate(wording.formulas(shown)):
        sheet.formula(partial(_formula, shown, at))
    if numbered and numbered.rounded:
        sheet.words(numbered.rounded)
    sheet.key(_keys(shown))
    return moving(
        wording.title(shown, numbered=numbers is not None),
        wording.description(shown, numbered.told if numbered else ()),
        sheet.height,
        partial(_draw, shown, places, numbered, sheet.drawing),
        # More is to be read where there are numbers.
        replace(shown.sweep, pace=_PACE) if numbers else shown.sweep,
        shown.still,
        _script(shown, numbered),
    )


def _draw(shown: Plane, places: Layout, numbered: Numbered | None, words: str, stage: Stage) -> str:
    return scene.draw(shown, places, stage) + (numbered.draw(stage) if numbered else "") + words


def _labels(shown: Plane, places: Layout) -> str:
    return label(*places.input_label, wording.input_label(shown), "cx-input-ink") + label(
        *places.output_label, wording.output_label(shown), "cx-output-ink"
    )


def _formula(shown: Plane, at: int) -> list[tuple[str, str]]:
    return wording.formulas(shown)[at]


def _keys(shown: Plane) -> list[Mark]:
    """Return the marks that need a word, each with what draws one cell of it."""
    found = []
    if any(side.pads for side in shown.axes):
        key = "figure.sliding.key.cut" if shown.writes else "figure.key.padding"
        found.append((key, marks.padding_swatch))
    if any(side.added for side in shown.axes):
        found.append(("figure.sliding.key.added", marks.added_swatch))
    if any(side.overhangs for side in shown.axes):
        found.append(("figure.key.overhang", marks.overhang_swatch))
    if any(side.untouched for side in shown.axes):
        found.append(
            ("figure.sliding.key.unwritten", marks.unwritten_swatch)
            if shown.writes
            else ("figure.key.unread", marks.unread_swatch)
        )
    return [(partial(text, key), swatch) for key, swatch in found]


def _script(shown: Plane, numbered: Numbered | None) -> Script:
    """Return what the controls say, so that they know nothing about windows."""
    sweep = shown.sweep
    if numbered:
        return told(numbered.sentences, sweep)
    names = {name: f"{{{name}}}" for name in ("row", "column", "rows", "columns")}
    status = wording.status(shown, **names)
    down, across = wording.touched(shown)
    return Script(
        status=text("figure.told", step="{step}", steps=number(sweep.steps), told=status),
        rows=[(number(at * sweep.every_row + 1), each) for at, each in enumerate(down)],
        columns=[(number(at * sweep.every_column + 1), each) for at, each in enumerate(across)],
    )
