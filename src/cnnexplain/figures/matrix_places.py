"""Where a convolution and its matrix stand: the pictures above, matrix and vectors below."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures import wording
from cnnexplain.figures.arrays import Cells
from cnnexplain.figures.colours import widest
from cnnexplain.figures.sheet import ROOM
from cnnexplain.figures.svg import HALF, LABEL_SIZE, MARGIN
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.matrix_numbers import Product
    from cnnexplain.figures.plane import Plane

_GAP = 28  # between two pictures: a sign stands there
_NAME, _ABOVE = 28, 10  # from what is above to a name's baseline, and on to its cells
_KERNEL_CELLS, _PICTURE_CELLS = (34, 30, 26, 24), range(28, 13, -1)
_LARGEST_CELL, _SMALLEST_CELL, _TALLEST = 24, 6, 320
_PRODUCT = 34  # the width of a result beside the matrix


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything stands: the pictures, and under them the matrix with its vectors.

    Attributes:
        kernel: The kernel.
        padded: The picture with its padding.
        input: The picture.
        output: The output.
        vector: The flattened picture, above the matrix's columns.
        matrix: The matrix.
        product: The flattened output, beside the matrix's rows.
        names: The baseline of the pictures' names.
        vector_names: The baseline of the vectors' names.
        bottom: Where the matrix ends.
    """

    kernel: Cells
    padded: Cells
    input: Cells
    output: Cells
    vector: Cells
    matrix: Cells
    product: Cells
    names: float
    vector_names: float
    bottom: float


def units_of(flow: Plane) -> tuple[float, float] | None:
    """Return the sizes of the kernel's cells and the pictures', if there are any that fit.

    Args:
        flow: The convolution.
    """
    across = flow.width
    for picture in _PICTURE_CELLS:
        for kernel in _KERNEL_CELLS:
            widths = (
                kernel * across.window.kernel_size,
                picture * (across.padded - across.first),
                picture * across.output_size,
            )
            rooms = map(max, zip(widths, _name_widths(flow), strict=True))
            if sum(rooms) + 2 * _GAP <= ROOM:
                return float(kernel), float(picture)
    return None


def _name_widths(flow: Plane) -> list[float]:
    return [
        widest(partial(_name, flow, at), LABEL_SIZE, bold=True) for at in range(len(names_of(flow)))
    ]


def _name(flow: Plane, at: int) -> str:
    return names_of(flow)[at]


def names_of(flow: Plane) -> list[str]:
    """Return the names of kernel, input and output.

    Args:
        flow: The convolution.
    """
    kernel = shape([side.window.kernel_size for side in flow.sides])
    return [
        text("figure.parameter.kernel", value=kernel),
        wording.input_label(flow),
        wording.output_label(flow),
    ]


def places_of(shown: Product, y: float) -> Places:
    """Place everything.

    Args:
        shown: The convolution and its matrix.
        y: Where what is above ends.
    """
    height, width = shown.plane.sides
    units = units_of(shown.plane)
    assert units, "the figure was checked"
    kernel_unit, unit = units
    kernel_room, input_room, _ = _name_widths(shown.plane)
    kernel_size = height.window.kernel_size, width.window.kernel_size
    names, x = y + _NAME, MARGIN + HALF
    top = names + _ABOVE + HALF
    kernel = Cells(x, top, kernel_unit, *kernel_size)
    x += round(max(kernel.width, kernel_room)) + _GAP
    padded = Cells(x, top, unit, height.padded - height.first, width.padded - width.first)
    input_ = Cells(
        x - width.first * unit,
        top - height.first * unit,
        unit,
        height.input_size,
        width.input_size,
    )
    x += round(max(padded.width, input_room)) + _GAP
    output = Cells(x, top, unit, height.output_size, width.output_size)

    rows, columns = shown.size
    room = ROOM - _PRODUCT - _GAP
    fits = min(room // columns, _TALLEST // rows)
    cell = float(max(min(fits, _LARGEST_CELL), _SMALLEST_CELL))
    vector_names = max(kernel.bottom, padded.bottom, output.bottom) + _NAME + 2
    x, top = MARGIN + HALF, vector_names + _ABOVE + HALF
    vector = Cells(x, top, cell, 1, columns, max(cell, 18.0))
    matrix = Cells(x, vector.bottom + 8, cell, rows, columns)
    product_ = Cells(matrix.right + _GAP, matrix.y, _PRODUCT, rows, 1, cell)
    return Places(
        kernel, padded, input_, output, vector, matrix, product_, names, vector_names, matrix.bottom
    )


def vector_name(shown: Product, name: str) -> str:
    """Return the name of a flattened picture.

    Args:
        shown: The convolution and its matrix.
        name: `"input"` or `"output"`.
    """
    rows, columns = shown.size
    return text(f"figure.matrix.{name}", count=number(rows if name == "output" else columns))


def beside(shown: Product, places: Places) -> float:
    """Return where the name of the result starts: at its end, or beside the vector's name.

    Args:
        shown: The convolution and its matrix.
        places: Where everything stands.
    """
    first, second = (
        widest(partial(vector_name, shown, name), LABEL_SIZE, bold=True)
        for name in ("input", "output")
    )
    return max(places.product.right - second, places.vector.x + first + 16)
