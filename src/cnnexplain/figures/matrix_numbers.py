"""The matrix of a convolution, and its product by two ways."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import ArgumentError, ShapeError, shown
from cnnexplain.figures import maps
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.plane import Plane
    from cnnexplain.figures.side import Side

Picture: TypeAlias = tuple[tuple[int, ...], ...]
# With larger numbers no result fits into its cell.
_LARGEST = 99
# Drawn once, so that every picture of the same size has the same numbers.
_SEED = 12


@dataclass(frozen=True)
class Product:
    """A convolution as a matrix that acts on the flattened input.

    Attributes:
        plane: The convolution.
        input: The numbers of the picture.
        weight: The numbers of the kernel.
    """

    plane: Plane
    input: Picture
    weight: Picture

    @property
    def kernel(self) -> tuple[int, ...]:
        """The kernel's numbers, row after row."""
        return flat(self.weight)

    @property
    def vector(self) -> tuple[int, ...]:
        """The input's numbers, row after row."""
        return flat(self.input)

    @cached_property
    def rows(self) -> tuple[tuple[int | None, ...], ...]:
        """The matrix: which of the kernel's weights each entry is, counted row after row, or none.

        A row is an output, a column is an input. What padding adds has no column.
        """
        height, width = self.plane.sides
        return tuple(
            tuple(
                _index(_tap(height, down, row), _tap(width, across, column), width)
                for row in range(height.input_size)
                for column in range(width.input_size)
            )
            for down in range(height.output_size)
            for across in range(width.output_size)
        )

    @property
    def size(self) -> tuple[int, int]:
        """The numbers of the matrix's rows and columns."""
        height, width = self.plane.sides
        return (
            height.output_size * width.output_size,
            height.input_size * width.input_size,
        )

    @cached_property
    def used(self) -> tuple[int, ...]:
        """The weights that stand in the matrix: those that only ever meet padding do not."""
        return tuple(sorted({at for row in self.rows for at in row if at is not None}))

    @property
    def filled(self) -> int:
        """The number of entries that are weights."""
        return sum(at is not None for row in self.rows for at in row)

    def factors(self, output: int) -> list[tuple[int, int]]:
        """Return the factors of an output's products: weight and input.

        Args:
            output: The output's index, which is the row's.
        """
        pairs = zip(self.rows[output], self.vector, strict=True)
        return [(self.kernel[at], value) for at, value in pairs if at is not None]

    @cached_property
    def outputs(self) -> tuple[int, ...]:
        """The matrix times the flattened input."""
        products = (self.factors(output) for output in range(self.size[0]))
        return tuple(sum(weight * value for weight, value in factors) for factors in products)

    @cached_property
    def convolved(self) -> Picture:
        """What the kernel gives that slides over the padded picture: no matrix is in it."""
        (top, bottom), (left, right) = (side.window.padding for side in self.plane.sides)
        wide = left + len(self.input[0]) + right
        padded = [
            *([0] * wide for _ in range(top)),
            *([0] * left + list(line) + [0] * right for line in self.input),
            *([0] * wide for _ in range(bottom)),
        ]
        steps = [(side.window.stride, side.window.dilation) for side in self.plane.sides]
        (down, deep), (across, broad) = steps
        return tuple(
            tuple(
                sum(
                    weight * padded[row * down + at * deep][column * across + by * broad]
                    for at, line in enumerate(self.weight)
                    for by, weight in enumerate(line)
                )
                for column in range(self.plane.width.output_size)
            )
            for row in range(self.plane.height.output_size)
        )


def product(plane: Plane, input_: object, weight: object) -> Product:
    """Return a convolution with its numbers; those that are not given are small ones.

    Args:
        plane: The convolution.
        input_: The picture's numbers, or None.
        weight: The kernel's numbers, or None.

    Raises:
        ArgumentError: If numbers are no small whole ones.
        ShapeError: If there are not as many as cells.
    """
    draw = random.Random(_SEED)  # noqa: S311  # examples, no secrets
    height, width = plane.sides
    sizes = height.input_size, width.input_size
    kernel = height.window.kernel_size, width.window.kernel_size
    # A weight of 0 would look like an entry without one.
    weights = [
        [draw.choice((-3, -2, -1, 1, 2, 3, 4)) for _ in range(kernel[1])] for _ in range(kernel[0])
    ]
    values = [[draw.randrange(5) for _ in range(sizes[1])] for _ in range(sizes[0])]
    found = Product(
        plane,
        _whole("input", values if input_ is None else input_, sizes),
        _whole("weight", weights if weight is None else weight, kernel),
    )
    # The figure says so.
    assert found.outputs == flat(found.convolved)
    return found


def flat(picture: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return a picture's numbers, row after row.

    Args:
        picture: The picture.

    Example:
        >>> flat([[1, 2], [3, 4]])
        (1, 2, 3, 4)
    """
    return tuple(value for line in picture for value in line)


def _tap(side: Side, output: int, input_: int) -> int | None:
    """Return which of the kernel's places an input has for an output, on one axis, if any."""
    distance = input_ + side.window.padding[0] - output * side.window.stride
    tap, rest = divmod(distance, side.window.dilation)
    return tap if not rest and 0 <= tap < side.window.kernel_size else None


def _index(down: int | None, across: int | None, width: Side) -> int | None:
    if down is None or across is None:
        return None
    return down * width.window.kernel_size + across


def _whole(name: str, values: object, size: tuple[int, int]) -> Picture:
    rows = maps.numbers(name, values)
    found = len(rows), len(rows[0])
    if found != size:
        raise ShapeError(
            f"{name} of {shape(size)} numbers",
            f"{name} of {shape(found)}",
            "give one number for each cell",
        )
    for row, line in enumerate(rows):
        for column, value in enumerate(line):
            if value != int(value) or abs(value) > _LARGEST:
                raise ArgumentError(
                    f"{name} of whole numbers from {-_LARGEST} to {_LARGEST}, "
                    "which the figure multiplies exactly",
                    f"{name}[{row}][{column}]={shown(value)}",
                    "multiply all of them by one factor, and round",
                )
    return tuple(tuple(int(value) for value in line) for line in rows)
