"""All numbers of a sliding window: what every step shares, and what each one shows and says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures import wording
from cnnexplain.figures.cell_numbers import fitted, in_cells, input_numbers, output_numbers
from cnnexplain.figures.workings import workings
from cnnexplain.languages import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.figures.arithmetic import Numbers
    from cnnexplain.figures.cell_numbers import Writing
    from cnnexplain.figures.layout import Layout
    from cnnexplain.figures.maps import Rows
    from cnnexplain.figures.stage import Stage

_TABLE = "figure.sliding.numbers"
_UNDER_LABEL = 8  # more room, where a label stands above


class Numbered:
    """The numbers of a figure, written in the current language.

    Attributes:
        fixed: What every step shares under the grids.
        height: How far down that goes.
        rounded: Returns in the current language how numbers are rounded, if any of them is.
        told: What the numbers are, in words.
        sentences: What each step does, in words.
    """

    def __init__(self, numbers: Numbers, places: Layout, y: float) -> None:
        """Write them.

        Args:
            numbers: The numbers.
            places: Where everything stands.
            y: Where the grids end.

        Raises:
            ArgumentError: If there is not enough room.
        """
        writing = fitted(numbers, places.x.unit)
        below = workings(numbers, writing, y + _UNDER_LABEL * places.stacked, places.x.unit)
        self.fixed, self._steps = below.fixed, below.steps
        self.height = below.bottom - y
        self._input = input_numbers(numbers, places, writing)
        self._output, self._size = output_numbers(numbers, places, writing)
        self.rounded: Callable[[], str] | None = (
            partial(text, f"{_TABLE}.rounded_{writing.digits}") if writing.rounds else None
        )
        self.told = [_told(numbers, writing, below.told[numbers.plane.still])]
        if self.rounded:
            self.told.append(self.rounded())
        self.sentences = [
            _sentence(numbers, writing, step) for step in range(numbers.plane.sweep.steps)
        ]

    def draw(self, stage: Stage) -> str:
        """Draw the numbers in the cells, and what each step computes.

        Args:
            stage: The moment, or all of them. While nothing moves, all outputs are computed.
        """
        output = "".join(stage.ended.seen(*each) for each in self._output)
        steps = "".join(stage.seen(*each) for each in self._steps)
        return self._input + in_cells(output, self._size) + steps


def _told(numbers: Numbers, writing: Writing, step: str) -> str:
    """Return all numbers in words, and what the step of the still picture computes."""

    def rows(values: Rows) -> str:
        return text("figure.semicolon").join(" ".join(map(writing.write, row)) for row in values)

    return text(
        f"{_TABLE}.told{'_kernel' * bool(numbers.weight)}",
        input=rows(numbers.input),
        kernel=rows(numbers.weight),
        output=rows(numbers.output),
        step=step,
    )


def _sentence(numbers: Numbers, writing: Writing, step: int) -> str:
    """Return what a step does in words."""
    row, column = numbers.plane.sweep.cell(step)
    grid, key = (numbers.input, "adds") if numbers.plane.writes else (numbers.output, "value")
    value, status = writing.write(grid[row][column]), wording.described(numbers.plane, step)
    return text(f"{_TABLE}.{key}", status=status, value=value)
