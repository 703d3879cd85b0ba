"""Three ways to connect the same inputs and outputs, output after output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.figures.arrays import Cells, Texts, entries, fitted, written
from cnnexplain.figures.shades import INKS, is_full, letter, opacity, shaded
from cnnexplain.figures.sheet import ROOM, SWATCH
from cnnexplain.figures.svg import HALF, MARGIN, box, decimal, element, label
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.stage import Stage
    from cnnexplain.figures.wiring_numbers import Way, Wiring

# One for each weight of the kernel, so that they differ without colours too.
DASHES = (None, "7 4", "2 3", "10 3 2 3", "14 4")
_PALEST = 0.6  # of the lines
_CELL = 20  # of the matrices
_NODE = 20
_APART, _WIDEST = 28, 40  # the wires and their matrix; two inputs, at most
_WIRES = 64  # how far down the wires go
_COUNTS, _TOP = 22, 10  # from a name to its counts, and on to the drawing


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the three ways: its name, its counts, its wires, its matrix.

    Attributes:
        shown: The inputs and outputs.
        way: How they are connected.
        y: The baseline of its name.
        step: From one input to the next.
        matrix: Where its matrix stands.
    """

    shown: Wiring
    way: Way
    y: float
    step: float
    matrix: Cells

    @classmethod
    def at(cls, shown: Wiring, way: Way, y: float) -> Panel:
        """Place a panel.

        Args:
            shown: The inputs and outputs.
            way: How they are connected.
            y: The baseline of its name.
        """
        room = ROOM - _APART - shown.inputs * _CELL
        step = float(min(_WIDEST, room // shown.inputs))
        top = y + _COUNTS + _TOP + HALF
        x = MARGIN + HALF + shown.inputs * step - (step - _NODE) + _APART
        down = max((2 * _NODE + _WIRES - shown.outputs * _CELL) // 2, 0)
        return cls(shown, way, y, step, Cells(x, top + down, _CELL, shown.outputs, shown.inputs))

    @property
    def top(self) -> float:
        """Where the inputs start."""
        return self.y + _COUNTS + _TOP + HALF

    @property
    def bottom(self) -> float:
        """Where the panel ends."""
        return max(self.top + 2 * _NODE + _WIRES, self.matrix.bottom)

    @property
    def name(self) -> str:
        """The panel's name, in its colour."""
        return label(MARGIN, self.y, text(f"figure.connections.{self.way}"), f"cx-{self.role}-ink")

    @property
    def role(self) -> str:
        """The role of its weights."""
        return "conv" if self.way == "shared" else "dense"

    def _input(self, index: float) -> float:
        """Return where the middle of an input is."""
        return MARGIN + HALF + index * self.step + _NODE / 2

    def _output(self, index: int) -> float:
        """Return where the middle of an output is: under the middle of its window."""
        inputs = self.shown.window.inputs(index)
        return self._input((inputs[0] + inputs[-1]) / 2)

    def counted(self, step: int) -> str:
        """Write the numbers of connections and weights up to an output."""
        shown, outputs = self.shown, step + 1
        told = text(
            "figure.connections.counts",
            outputs=number(outputs),
            each=number(len(shown.reads(self.way, step))),
            connections=number(shown.connections(self.way, outputs)),
            weights=number(shown.weights(self.way, outputs)),
        )
        return label(MARGIN, self.y + _COUNTS, told, "cx-small")

    def wires(self, output: int) -> list[tuple[int, str]]:
        """Return the connections of an output: each weight's index, and path data."""
        y, x = self.top + _NODE, self._output(output)
        return [
            (index, f"M{decimal(start)} {decimal(y)}l{decimal(x - start)} {_WIRES}")
            for at, index in self.shown.reads(self.way, output)
            for start in [self._input(at)]
        ]

    def nodes(self) -> str:
        """Draw the inputs above, and the outputs below."""
        top, bottom = self.top, self.top + _NODE + _WIRES
        parts = []
        for role, y, middles in (
            ("input", top, [self._input(at) for at in range(self.shown.inputs)]),
            ("output", bottom, [self._output(at) for at in range(self.shown.outputs)]),
        ):
            data = "".join(box(x - _NODE / 2, y, _NODE, _NODE) for x in middles)
            parts.append(element("path", class_=f"cx-{role} cx-{role}-line", d=data))
            texts = [(x, y + _NODE / 2, number(at)) for at, x in enumerate(middles, 1)]
            parts.append(written(Texts(texts, 13)))
        return "".join(parts)

    def weights(self) -> str:
        """Draw the weights of the matrix: a number or a letter for each one of its own."""
        shown, cells = self.shown, self.matrix
        places = [
            (output, at, index)
            for output in range(shown.outputs)
            for at, index in shown.reads(self.way, output)
        ]
        if self.way == "shared":
            count = shown.window.kernel_size
            letters = [
                cells.texts(
                    [
                        (row, column, letter(at))
                        for row, column, at in places
                        if is_full(at, count) is full
                    ],
                    13,
                    ink,
                )
                for full, ink in INKS
            ]
            return shaded(cells, places, count) + written(*letters)
        data = "".join(cells.box(row, column) for row, column, _ in places)
        texts = [(row, column, number(at + 1)) for row, column, at in places]
        size = fitted([each for *_, each in texts], _CELL, _CELL, 13)
        return element("path", class_="cx-dense", d=data) + written(cells.texts(texts, size))

    def row(self, step: int) -> str:
        """Return the outline of an output's row in the matrix as path data."""
        return self.matrix.box(step, 0, 1, self.shown.inputs)

    def lines(self) -> str:
        """Draw the lines of the matrix."""
        cells = self.matrix
        role = self.role
        return element("path", class_="cx-guide", d=cells.lines(), stroke_opacity=0.6) + element(
            "path", class_=f"cx-{role}-line", d=cells.whole
        )

    def output(self, step: int) -> str:
        """Return the outline of an output as path data."""
        left = self._output(step) - _NODE / 2
        return box(left, self.top + _NODE + _WIRES, _NODE, _NODE)

    def letters(self, step: int) -> str:
        """Draw the letters of a kernel's weights on the wires of an output."""
        if self.way != "shared":
            return ""
        x, part = self._output(step), 0.3  # of the way from input to output: wires are apart there
        y = self.top + _NODE + part * _WIRES
        tags = []
        for at, index in self.shown.reads("shared", step):
            middle = self._input(at) + part * (x - self._input(at))
            tags.append((middle, y, letter(index)))
        ground = "".join(box(x - 7, y - 8, 14, 16) for x, y, _ in tags)
        return element("path", class_="cx-paper", d=ground) + written(
            Texts(tags, 14, "cx-conv-ink")
        )


def _wires(panels: Sequence[Panel], step: int, *, thick: bool) -> str:
    """Draw the connections of an output in all panels."""
    own = [wire for panel in panels if panel.way != "shared" for _, wire in panel.wires(step)]
    shared = [wire for panel in panels if panel.way == "shared" for wire in panel.wires(step)]
    lines = "".join(_line(index, len(shared), wire) for index, wire in shared)
    return element(
        "path", class_="cx-dense-line", d="".join(own), stroke_width=2.5 if thick else None
    ) + element("g", lines, class_="cx-conv-line", stroke_width=3 if thick else 1.5)


def drawn(stage: Stage, shown: Wiring, panels: Sequence[Panel]) -> str:
    """Draw the panels, output after output.

    Args:
        stage: What they are drawn on.
        shown: The inputs and outputs.
        panels: The panels.
    """
    steps = range(shown.outputs)

    def current(step: int) -> str:
        outlines = "".join(panel.row(step) + panel.output(step) for panel in panels)
        return "".join(
            (
                *(panel.counted(step) for panel in panels),
                _wires(panels, step, thick=True),
                element("path", class_="cx-window", d=outlines),
                *(panel.letters(step) for panel in panels),
            )
        )

    def cover(step: int) -> str:
        rows = "".join(panel.row(step) for panel in panels)
        return element("path", class_="cx-paper", d=rows)

    return "".join(
        (
            *(stage.seen(_wires(panels, step, thick=False), step) for step in steps),
            *(panel.name + panel.nodes() + panel.weights() for panel in panels),
            # What all steps have is drawn once; what is still to come is under a cover.
            *(stage.seen(cover(step), 0, step) for step in steps[1:]),
            *(panel.lines() for panel in panels),
            *(
                stage.seen(current(step), step, None if step == steps[-1] else step + 1)
                for step in steps
            ),
        )
    )


def _line(index: int, count: int, data: str) -> str:
    shade = _PALEST + (1 - _PALEST) * opacity(index, count) if count > 1 else 1.0
    return element("path", d=data, stroke_opacity=decimal(shade), stroke_dasharray=DASHES[index])


def line_swatch(index: int, count: int, x: float, y: float) -> str:
    """Draw a weight's line into a square at a place.

    Args:
        index: The weight's index in its kernel.
        count: The number of weights.
        x: Where the square starts, across.
        y: Where it starts, down.
    """
    line = _line(index, count, f"M{decimal(x)} {decimal(y + 9)}h{SWATCH + 2}")
    return element("g", line, class_="cx-conv-line", stroke_width=3)


def own_swatch(x: float, y: float) -> str:
    """Draw a weight that is not shared into a square at a place.

    Args:
        x: Where the square starts, across.
        y: Where it starts, down.
    """
    cell = Cells(x + HALF, y + HALF, SWATCH, 1, 1)
    fill = element("path", class_="cx-dense cx-dense-line", d=cell.whole)
    return fill + written(cell.texts(entries([[1]]), 12))
