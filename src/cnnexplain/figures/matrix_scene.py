"""A convolution and its matrix, output after output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.figures.arrays import Cells, entries, fitted, signed, written
from cnnexplain.figures.matrix_numbers import Product, flat
from cnnexplain.figures.matrix_places import Places, beside, names_of, vector_name
from cnnexplain.figures.shades import INKS, is_full, letter, shaded
from cnnexplain.figures.sheet import SWATCH
from cnnexplain.figures.svg import HALF, MARGIN, SMALL_SIZE, element, label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cnnexplain.figures.stage import Stage

_NUMBERED_CELL = 14  # from here on, cells of the matrix are high enough for a letter
LINE = 23  # from one line of the sum to the next


@dataclass(frozen=True, slots=True)
class Scene:
    """What changes from output to output, and what all of them have in common.

    Attributes:
        shown: The convolution and its matrix.
        places: Where everything stands.
        sum_at: The baseline above the sum's first line.
        lines: For each output, the lines of the sum that it is, in the current language.
    """

    shown: Product
    places: Places
    sum_at: float
    lines: Sequence[Callable[[], Sequence[str]]]

    def draw(self, stage: Stage) -> str:
        """Draw the pictures, the matrix, and how an output comes about.

        Args:
            stage: What it is drawn on.
        """
        steps = range(self.shown.size[0])
        return "".join(
            (
                self._grounds(),
                *(stage.seen(self._read(at), at, self._off(at)) for at in steps),
                self._common(),
                self._computed(),
                # What all steps have is drawn once; what is still to come is under a cover.
                *(stage.seen(self._cover(at), 0, at) for at in steps[1:]),
                self._lines(),
                *(stage.seen(self._current(at), at, self._off(at)) for at in steps),
            )
        )

    def _off(self, step: int) -> int | None:
        return step + 1 if step + 1 < self.shown.size[0] else None

    def _grounds(self) -> str:
        places = self.places
        data = places.input.whole + places.vector.whole
        return element("path", class_="cx-input", d=data)

    def _read(self, at: int) -> str:
        """Draw the cells that an output reads, under their numbers."""
        columns = [column for column, index in enumerate(self.shown.rows[at]) if index is not None]
        wide = self.shown.plane.width.input_size
        places = self.places
        data = "".join(
            places.input.box(*divmod(first, wide), 1, count) + places.vector.box(0, first, 1, count)
            for first, count in _runs(columns, wide)
        )
        return element("path", class_="cx-taps", d=data) if data else ""

    def _common(self) -> str:
        shown, places = self.shown, self.places
        kernel, input_, vector = places.kernel, places.input, places.vector
        names = names_of(shown.plane)
        marks = [
            (*divmod(at, kernel.columns), letter(at)) for at in range(kernel.rows * kernel.columns)
        ]
        flow = shown.plane
        padded = any(sum(side.window.padding) for side in flow.sides)
        parts = [
            label(kernel.x, places.names, names[0], "cx-conv-ink"),
            label(places.padded.x, places.names, names[1], "cx-input-ink"),
            label(places.output.x, places.names, names[2], "cx-output-ink"),
            self._kernel(marks),
            _sign(kernel, places.padded.x, "∗"),
            _sign(places.padded, places.output.x, "=", kernel),
            _dashed(places.padded) if padded else "",
            element(
                "path", class_="cx-input-line", d=input_.lines() + vector.lines(1, input_.columns)
            ),
            written(input_.texts(entries(shown.input), _size(shown.vector, input_))),
            label(
                vector.x,
                places.vector_names,
                vector_name(shown, "input"),
                "cx-input-ink",
            ),
            label(
                beside(shown, places),
                places.vector_names,
                vector_name(shown, "output"),
                "cx-output-ink",
            ),
            written(vector.texts(entries([shown.vector]), _size(shown.vector, vector))),
        ]
        return "".join(parts)

    def _kernel(self, marks: Sequence[tuple[int, int, str]]) -> str:
        """Draw the kernel: each weight with its letter and its number."""
        shown, cells = self.shown, self.places.kernel
        count = len(marks)
        weights = entries(shown.weight)
        size = fitted([each for *_, each in weights], cells.unit - 4, cells.unit - 14)
        places = [(row, column, at) for at, (row, column, _) in enumerate(marks)]
        letters, numbers = [], []
        for full, ink in INKS:
            chosen = [at for at in range(count) if is_full(at, count) is full]
            corner = max(min(12, cells.unit / 2.5), 10)
            letters.append(cells.corners([marks[at] for at in chosen], corner, ink))
            numbers.append(
                cells.texts([weights[at] for at in chosen], size or 10, ink, lower=cells.unit / 7)
            )
        return "".join(
            (
                shaded(cells, places, count),
                element("path", class_="cx-conv-line", d=cells.lines()),
                written(*numbers, *letters),
            )
        )

    def _computed(self) -> str:
        """Draw the weights of the matrix, and the outputs by both ways."""
        shown, places = self.shown, self.places
        weights = [
            (row, column, index)
            for row, line in enumerate(shown.rows)
            for column, index in enumerate(line)
            if index is not None
        ]
        results = [[value] for value in shown.outputs]
        return "".join(
            (
                shaded(places.matrix, weights, len(shown.kernel)),
                self._letters(weights),
                element("path", class_="cx-output", d=places.output.whole + places.product.whole),
                written(
                    places.output.texts(
                        entries(shown.convolved), _size(flat(shown.convolved), places.output)
                    ),
                ),
                written(
                    places.product.texts(entries(results), _size(shown.outputs, places.product))
                ),
            )
        )

    def _cover(self, at: int) -> str:
        """Cover what is not computed before a step: a row of the matrix, and its output."""
        places = self.places
        output = places.output.box(*divmod(at, places.output.columns))
        row = places.matrix.box(at, 0, 1, places.matrix.columns)
        return element("path", class_="cx-paper", d=row + output + places.product.box(at))

    def _letters(self, weights: Iterable[tuple[int, int, int]]) -> str:
        cells, count = self.places.matrix, len(self.shown.kernel)
        if cells.unit < _NUMBERED_CELL:
            return ""
        size = min(SMALL_SIZE, 0.66 * cells.unit)
        return written(
            *(
                cells.texts(
                    [
                        (row, column, letter(at))
                        for row, column, at in weights
                        if is_full(at, count) is full
                    ],
                    size,
                    ink,
                )
                for full, ink in INKS
            )
        )

    def _lines(self) -> str:
        """Draw the matrix's lines: strong ones between the rows of the pictures."""
        shown, places = self.shown, self.places
        height, width = shown.plane.sides
        matrix, product_, output = places.matrix, places.product, places.output
        return "".join(
            (
                element("path", class_="cx-guide", d=matrix.lines(), stroke_opacity=0.45),
                element(
                    "path",
                    class_="cx-conv-line",
                    d=matrix.lines(width.output_size, width.input_size),
                    stroke_width=1.5,
                ),
                element(
                    "path",
                    class_="cx-input-line",
                    d=places.vector.lines(),
                    stroke_opacity=0.6 if height.input_size > 1 else None,
                ),
                element("path", class_="cx-output-line", d=output.lines() + product_.lines()),
                _sign(matrix, product_.x, "="),
            )
        )

    def _current(self, at: int) -> str:
        """Draw the window, the row, the output, and the sum that it is."""
        shown, places = self.shown, self.places
        height, width = shown.plane.sides
        row, column = divmod(at, width.output_size)
        window = places.padded.box(
            row * height.window.stride,
            column * width.window.stride,
            height.window.extent,
            width.window.extent,
        )
        outline = (
            window
            + places.matrix.box(at, 0, 1, places.matrix.columns)
            + places.output.box(row, column)
            + places.product.box(at)
        )
        texts = [
            label(MARGIN, self.sum_at + line * LINE, words)
            for line, words in enumerate(self.lines[at](), 1)
        ]
        return element("path", class_="cx-window", d=outline) + "".join(texts)


def _runs(columns: Sequence[int], wide: int) -> list[tuple[int, int]]:
    """Return neighbours in one row of the picture as their first one and their number.

    Example:
        >>> _runs([0, 1, 2, 5, 7, 8], wide=8)
        [(0, 3), (5, 1), (7, 1), (8, 1)]
    """
    runs: list[tuple[int, int]] = []
    for column in columns:
        if runs and sum(runs[-1]) == column and column % wide:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((column, 1))
    return runs


def _size(values: Iterable[int], cells: Cells) -> float:
    return fitted(map(signed, values), cells.unit, cells.high)


def _sign(left: Cells, right: float, sign: str, level: Cells | None = None) -> str:
    """Write a sign between two arrays, as high as the middle of the first, or of another one."""
    level = level or left
    return label((left.right + right) / 2, level.y + level.height / 2 + 6, sign, "cx-middle")


def _dashed(cells: Cells) -> str:
    dash = f"{cells.unit / 6:.2f}"
    return element("path", class_="cx-padding", d=cells.lines(), stroke_dasharray=dash)


def weight_swatch(shown: Product, x: float, y: float) -> str:
    """Draw the first weight into a square at a place.

    Args:
        shown: The convolution and its matrix.
        x: Where the square starts, across.
        y: Where it starts, down.
    """
    cell = Cells(x + HALF, y + HALF, SWATCH, 1, 1)
    return "".join(
        (
            shaded(cell, [(0, 0, 0)], len(shown.kernel)),
            element("path", class_="cx-conv-line", d=cell.whole),
            written(cell.texts([(0, 0, letter(0))], 12, "cx-on-low")),
        )
    )


def zero_swatch(x: float, y: float) -> str:
    """Draw an entry without a weight into a square at a place.

    Args:
        x: Where the square starts, across.
        y: Where it starts, down.
    """
    cell = Cells(x + HALF, y + HALF, SWATCH, 1, 1)
    return element("path", class_="cx-guide", d=cell.whole)
