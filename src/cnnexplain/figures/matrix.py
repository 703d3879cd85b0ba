"""A convolution as a matrix: a dense layer whose weights are few, and shared."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError
from cnnexplain.figures import wording
from cnnexplain.figures.arrays import signed, summed, tick
from cnnexplain.figures.figure import Figure, moving, told
from cnnexplain.figures.matrix_numbers import Product, product
from cnnexplain.figures.matrix_places import places_of, units_of
from cnnexplain.figures.matrix_scene import LINE, Scene, weight_swatch, zero_swatch
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.plane import Padding, PerAxis, plane
from cnnexplain.figures.shades import MOST_WEIGHTS
from cnnexplain.figures.sheet import ROOM, Sheet, most_lines
from cnnexplain.figures.svg import LABEL_SIZE, wrap
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.maps import Map
    from cnnexplain.figures.plane import Plane

_MOST_ROWS, _MOST_COLUMNS = 36, 64


def convolution_matrix(
    input_size: PerAxis = 4,
    kernel_size: PerAxis = 3,
    stride: PerAxis = 1,
    padding: Padding = 0,
    *,
    dilation: PerAxis = 1,
    input: Map | None = None,  # noqa: A002  # as torch calls it
    weight: Map | None = None,
) -> Figure:
    """Draw the matrix by which a convolution multiplies the flattened picture.

    Args:
        input_size: The picture's size without padding: a number, or (height, width).
        kernel_size: The kernel's size: a number, or (height, width).
        stride: The step between two windows: a number, or (height, width).
        padding: A number; (height, width), where each may be (before, after); `"same"`, `"valid"`.
        dilation: The step between two inputs of one window: a number, or (height, width).
        input: The picture's numbers, whole ones, row by row; small ones unless given.
        weight: The kernel's numbers, whole ones, row by row; small ones unless given.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or the matrix is too large to draw.
        ShapeError: If no window fits, or there are not as many numbers as cells.

    Example:
        >>> convolution_matrix(4, kernel_size=3).title
        'Convolution as a 4×16 matrix: weights 36, zeros 28, different weights 9'
    """
    flow = plane(
        input_size,
        kernel_size,
        stride,
        padding,
        dilation=dilation,
        ceil_mode=False,
        operation="convolution",
    )
    _check(flow)
    shown = product(flow, input, weight)
    sheet = Sheet()
    sheet.title(lambda: text("figure.matrix.heading", size=shape(shown.size)))
    sheet.phrases(lambda: wording.parameters(flow))
    places = places_of(shown, sheet.y)
    above = sheet.drawing

    below = Sheet(places.bottom)
    lines = [partial(_sum, shown, output) for output in range(shown.size[0])]
    sum_at = below.y + 4
    below.draw("", 4 + LINE * max(map(most_lines, lines)))
    for key, role in (("entries", ""), ("different", "conv")):
        below.formula(partial(_counts, shown, key, role))
    below.key(
        [
            (partial(text, "figure.matrix.agree"), tick),
            (partial(text, "figure.matrix.key.weight"), partial(weight_swatch, shown)),
            (partial(text, "figure.matrix.key.zero"), zero_swatch),
        ]
    )

    steps = shown.size[0]
    sweep, still = Sweep(1, steps, pace=2.0), steps - 1
    scene = Scene(shown, places, sum_at, lines)
    return moving(
        text("figure.matrix.title", size=shape(shown.size), **_counted(shown)),
        _description(shown),
        below.height,
        lambda stage: above + scene.draw(stage) + below.drawing,
        sweep,
        still,
        told([_told(shown, output) for output in range(steps)], sweep),
    )


def _check(flow: Plane) -> None:
    """See that everything can be drawn, before anything is computed."""
    sides = flow.sides
    rows, columns = (
        sides[0].output_size * sides[1].output_size,
        sides[0].input_size * sides[1].input_size,
    )
    kernel = [side.window.kernel_size for side in sides]
    padded = [side.padded - side.first for side in sides]
    cure = "draw a smaller case, which shows the same"
    if rows > _MOST_ROWS or columns > _MOST_COLUMNS:
        raise ArgumentError(
            f"a matrix of at most {_MOST_ROWS}×{_MOST_COLUMNS} in a figure",
            f"{rows}×{columns} ({rows} outputs, {columns} inputs)",
            cure,
        )
    if kernel[0] * kernel[1] > MOST_WEIGHTS:
        raise ArgumentError(
            f"a kernel of at most {MOST_WEIGHTS} weights in a figure",
            f"{shape(kernel)}, which is {kernel[0] * kernel[1]}",
            cure,
        )
    if units_of(flow) is None:
        raise ArgumentError(
            "a kernel, a padded input and an output that fit beside each other in a figure",
            f"a kernel {kernel[1]} wide, an input {padded[1]} wide, "
            f"an output {sides[1].output_size} wide",
            "draw a smaller case, or a picture that is higher than it is wide",
        )


def _counted(shown: Product) -> dict[str, str]:
    rows, columns = shown.size
    return {
        "rows": number(rows),
        "columns": number(columns),
        "entries": number(rows * columns),
        "weights": number(shown.filled),
        "zeros": number(rows * columns - shown.filled),
        "different": number(len(shown.used)),
    }


def _counts(shown: Product, key: str, role: str) -> list[tuple[str, str]]:
    return [(text(f"figure.matrix.{key}", **_counted(shown)), role)]


def _sum(shown: Product, output: int) -> list[str]:
    factors = shown.factors(output)
    first, *rest = summed(factors) if factors else ["0"]
    start = text("figure.matrix.sum", output=number(output + 1), first=first)
    return wrap([start, *rest], " ", LABEL_SIZE, ROOM)


def _told(shown: Product, output: int) -> str:
    weights = sum(index is not None for index in shown.rows[output])
    return text(
        "figure.matrix.status",
        output=number(output + 1),
        weights=number(weights),
        zeros=number(shown.size[1] - weights),
        value=signed(shown.outputs[output]),
    )


def _description(shown: Product) -> str:
    sides = shown.plane.sides
    values = text("figure.comma").join(map(signed, shown.outputs))
    sentences = [
        text(
            "figure.matrix.says.matrix",
            kernel=shape([side.window.kernel_size for side in sides]),
            input=shape([side.input_size for side in sides]),
            output=shape([side.output_size for side in sides]),
            **_counted(shown),
        ),
        text("figure.matrix.says.shared"),
        text("figure.matrix.says.values", values=values),
    ]
    if any(sum(side.window.padding) for side in sides):
        sentences.append(text("figure.matrix.says.padding"))
    return text("figure.space").join(sentences)
