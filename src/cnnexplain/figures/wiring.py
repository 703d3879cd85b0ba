"""The same inputs and outputs connected in three ways: fully, locally, and by a convolution."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, whole
from cnnexplain.figures.figure import Figure, moving, told
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.shades import letter
from cnnexplain.figures.sheet import Sheet
from cnnexplain.figures.wiring_numbers import WAYS, Way, Wiring
from cnnexplain.figures.wiring_scene import DASHES, Panel, drawn, line_swatch, own_swatch
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.figures.stage import Stage

_MOST_INPUTS, _MOST_WEIGHTS = 9, len(DASHES)
_END = 14  # from a panel to the next


def connections(input_size: int = 7, kernel_size: int = 3, stride: int = 1) -> Figure:
    """Draw the connections of a dense layer, of a local one, and of a convolution.

    All three have the same inputs and outputs, in one dimension.

    Args:
        input_size: The number of inputs.
        kernel_size: The number of inputs that an output reads, unless it reads all of them.
        stride: The step between the windows of two outputs.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there is too much to draw.
        ShapeError: If no window fits.

    Example:
        >>> connections(7, kernel_size=3).title
        'Weights of 7 inputs and 5 outputs: fully connected 35, local 15, convolution 3'
    """
    shown = _checked(input_size, kernel_size, stride)
    sheet = Sheet()
    sheet.title(lambda: text("figure.connections.heading", **shown.named))
    sheet.phrases(
        lambda: [
            text("figure.connections.sizes", **shown.named),
            text("figure.parameter.kernel", value=number(shown.window.kernel_size)),
            text("figure.parameter.stride", value=number(shown.window.stride)),
        ]
    )
    panels = []
    sheet.y += 8
    for way in WAYS:
        sheet.y += 24
        panel = Panel.at(shown, way, sheet.y)
        panels.append(panel)
        sheet.y = panel.bottom + _END
    sheet.y -= 8
    sheet.key(
        [
            *(
                (partial(_weight, index), partial(line_swatch, index, shown.window.kernel_size))
                for index in range(shown.window.kernel_size)
            ),
            (partial(text, "figure.connections.own"), own_swatch),
        ]
    )
    sweep, still = Sweep(1, shown.outputs, pace=2.0), shown.outputs - 1

    def draw(stage: Stage) -> str:
        return sheet.drawing + drawn(stage, shown, panels)

    return moving(
        text("figure.connections.title", **shown.named),
        text("figure.connections.says", **shown.named),
        sheet.height,
        draw,
        sweep,
        still,
        told([_told(shown, step) for step in range(shown.outputs)], sweep),
    )


def _checked(input_size: object, kernel_size: object, stride: object) -> Wiring:
    window = axis.convolution(kernel_size, stride)
    inputs = whole("input_size", input_size, 1)
    for name, value, most in (
        ("input_size", inputs, _MOST_INPUTS),
        ("kernel_size", window.kernel_size, _MOST_WEIGHTS),
    ):
        if value > most:
            raise ArgumentError(
                f"{name} of at most {most} in a figure",
                f"{name}={value}",
                f"use {name}={most} or less, which shows the same",
            )
    return Wiring(window, inputs, window.output_size(inputs))


def _weight(index: int) -> str:
    return text("figure.connections.weight", letter=letter(index))


def _told(shown: Wiring, step: int) -> str:
    counts: dict[str, Callable[[Way, int], int]] = {
        "connections": shown.connections,
        "weights": shown.weights,
    }
    values = {
        f"{way}_{name}": number(count(way, step + 1))
        for way in WAYS
        for name, count in counts.items()
    }
    return text("figure.connections.status", output=number(step + 1), **values)
