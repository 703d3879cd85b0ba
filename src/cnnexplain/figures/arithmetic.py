"""What a window computes from numbers: the terms of each of its stops, and what they give.

Whole numbers stay whole, so that their sums are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import inf
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import ArgumentError, ShapeError, shown
from cnnexplain.figures import maps
from cnnexplain.figures.maps import Array, Rows
from cnnexplain.figures.plane import pair
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from cnnexplain.figures.plane import PerAxis, Plane

# A row; that it may hold rows is said so that a type checker reads [[0.5, 2], [1, 3]] as a Map.
Row: TypeAlias = Sequence[float | Sequence[float]] | Array

# More terms than this are a wall of numbers, and more steps a long film.
_MOST_TERMS, _MOST_STEPS = 25, 64
# Numbers whose sums are easy to follow: of the input, of a pooling's input, and of the kernel.
# Seeds, and the smallest and the largest number: the outputs of small cases are to differ.
_INPUT, _POOLED, _KERNEL = (11, 0, 3), (45, 0, 9), (30, -1, 2)


@dataclass(frozen=True)
class Numbers:
    """The numbers under a window.

    Attributes:
        plane: The window.
        input: The input's numbers, row by row.
        weight: The kernel's numbers, row by row; none for a pooling.
    """

    plane: Plane
    input: Rows
    weight: Rows

    @cached_property
    def output(self) -> Rows:
        """The output's numbers, row by row."""
        height, width = (range(side.output_size) for side in self.plane.sides)
        if self.plane.writes:
            return tuple(
                tuple(
                    self.sums[row, column][-1][1] if (row, column) in self.sums else 0
                    for column in width
                )
                for row in height
            )
        return tuple(tuple(self.result(row, column) for column in width) for row in height)

    def at(self, row: int, column: int) -> float | None:
        """Return what a window reads at a place: an input, 0 in the padding, None beyond it."""
        height, width = self.plane.sides
        if 0 <= row < height.size and 0 <= column < width.size:
            return self.input[row][column]
        inside = row < height.padded and column < width.padded
        return 0 if inside and self.plane.operation != "max_pooling" else None

    def terms(self, row: int, column: int) -> list[tuple[float, float]]:
        """Return the terms of an output: each what is read, and its weight.

        Args:
            row: The output's row.
            column: The output's column.
        """
        height, width = self.plane.sides
        found = []
        for i, at in enumerate(height.reach(row)):
            for j, beside in enumerate(width.reach(column)):
                value = self.at(at, beside)
                if value is not None:
                    found.append((value, self.weight[i][j] if self.weight else 1))
        return found

    def result(self, row: int, column: int) -> float:
        """Return an output.

        Args:
            row: Its row.
            column: Its column.
        """
        terms = self.terms(row, column)
        if self.plane.operation == "max_pooling":
            # As in torch, where a window lies in the padding alone.
            return max((value for value, _ in terms), default=-inf)
        total = _whole(sum(value * weight for value, weight in terms))
        # As in torch, padding counts; what hangs over it does not.
        return _whole(total / len(terms)) if self.plane.operation == "average_pooling" else total

    @cached_property
    def sums(self) -> dict[tuple[int, int], list[tuple[int, float]]]:
        """What each output of a transposed convolution is from some steps on."""
        height, width = self.plane.sides
        found: dict[tuple[int, int], list[tuple[int, float]]] = {}
        for step, (row, column) in enumerate(product(range(height.stops), range(width.stops))):
            value = self.input[row][column]
            for i, at in enumerate(height.reach(row)):
                for j, beside in enumerate(width.reach(column)):
                    if not (0 <= at < height.size and 0 <= beside < width.size):
                        continue
                    cell = found.setdefault((at, beside), [])
                    before = cell[-1][1] if cell else 0
                    after = _whole(before + value * self.weight[i][j])
                    # What adds nothing changes nothing.
                    if not cell or after != before:
                        cell.append((step, after))
        return found

    @property
    def all(self) -> list[float]:
        """Every number that stands in a cell at some step."""
        found = [
            value
            for rows in (self.input, self.weight, self.output)
            for row in rows
            for value in row
        ]
        if self.plane.writes:
            found += [value for changes in self.sums.values() for _, value in changes]
        return found


def numbers(plane: Plane, source: Rows | None, weight: Rows | None) -> Numbers:
    """Return the numbers of a figure: a user's own, or some that are the same every time.

    Args:
        plane: The window.
        source: The input's numbers, or None.
        weight: The kernel's numbers, or None.

    Raises:
        ArgumentError: If there are too many to follow.

    Example:
        >>> from cnnexplain.figures.plane import plane
        >>> small = plane(
        ...     2, 2, 1, 0, dilation=1, ceil_mode=False, operation="convolution"
        ... )
        >>> numbers(small, ((1, 2), (3, 4)), ((1, 0), (0, 1))).output
        ((5,),)
    """
    if plane.outlined:
        raise ArgumentError(
            "a figure with numbers whose cells are large enough to hold them",
            f"{shape([side.input_size for side in plane.sides])} inputs",
            "draw a smaller case, or leave the numbers out",
        )
    for found, most, what in (
        (plane.taps, _MOST_TERMS, "cells in a window"),
        (plane.sweep.steps, _MOST_STEPS, "steps"),
    ):
        if found > most:
            raise ArgumentError(
                f"at most {most} {what} of a figure with numbers",
                f"{found} {what}",
                "draw a smaller case, or leave the numbers out",
            )
    sizes = tuple(side.input_size for side in plane.sides)
    source = source or _some(sizes, *(_INPUT if plane.weighted else _POOLED))
    if not plane.weighted:
        return Numbers(plane, source, ())
    kernel = tuple(side.window.kernel_size for side in plane.sides)
    return Numbers(plane, source, weight or _some(kernel, *_KERNEL))


def array(name: str, values: object, dimensions: int) -> Rows:
    """Return an array of numbers, row by row; whole numbers as integers.

    Args:
        name: What it is called.
        values: Lists, an array or a tensor.
        dimensions: 2, or 1 for a single row.

    Raises:
        ArgumentError: If it is no such array.

    Example:
        >>> array("input", [1.0, 0.5], dimensions=1)
        ((1, 0.5),)
    """
    given = maps.plain(name, values)
    if dimensions == 1:
        row = given if isinstance(given, list | tuple) else []
        if not row or any(isinstance(each, list | tuple) for each in row):
            raise ArgumentError(
                f"{name} of one dimension, at least one number",
                f"{name}={shown(given)}",
                f"write for example {name}=[1, 0, 2]",
            )
        given = [row]
    return tuple(tuple(map(_whole, row)) for row in maps.numbers(name, given))


def sized(
    rows: Rows | None, dimensions: int, argument: str, size: object, default: PerAxis
) -> PerAxis:
    """Return the size of an array or, without one, what a user wrote, or a default.

    Args:
        rows: The array, or None.
        dimensions: The number of its dimensions.
        argument: What the size is called.
        size: The size that the user wrote, or None.
        default: The size if there is neither.

    Raises:
        ShapeError: If there are both, and they differ.

    Example:
        >>> sized(((1, 2, 3),), 2, "kernel_size", None, 3)
        (1, 3)
    """
    if rows is None:
        return default if size is None else size  # type: ignore[return-value]  # checked later
    found = len(rows), len(rows[0])
    asked = pair(argument, size) if dimensions > 1 else (1, size)
    if size is not None and not _same(asked, found):
        raise ShapeError(
            f"{argument} as the numbers have it, {shape(found[-dimensions:])}",
            f"{argument}={shown(size)}",
            f"leave {argument} out",
        )
    return found if dimensions > 1 else found[1]


def _same(asked: object, found: tuple[int, int]) -> bool:
    """Return whether a size is this one, whatever the user wrote."""
    return isinstance(asked, tuple) and list(map(str, asked)) == list(map(str, found))


def _some(sizes: tuple[int, ...], seed: int, least: int, most: int) -> Rows:
    """Return small numbers that are the same every time."""
    draw = Random(seed).random  # noqa: S311  # no secrets
    return tuple(
        tuple(least + int(draw() * (most - least + 1)) for _ in range(sizes[1]))
        for _ in range(sizes[0])
    )


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value
