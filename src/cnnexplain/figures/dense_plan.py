"""Where a fully connected layer's net and its matrix stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures.colours import widest
from cnnexplain.figures.svg import HALF, LABEL_SIZE, MARGIN, SMALL_SIZE, WIDTH, text_width
from cnnexplain.languages import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.operations import Linear

NODE = 13  # an input or an output of the net
SIGN = 24  # the room of + and =
_SLOT = 30  # from one node to the next
_MOST_INPUTS, _MOST_OUTPUTS = 6, 4  # that are drawn
_REACH = 104  # the lines of the net
_THICK = 9  # a vector, where one weight is smaller
_TALLEST = 168  # the matrix
_CELL = 26  # no weight is larger


def listed(count: int, most: int) -> list[int | None]:
    """Return which of many things are drawn: the first, and the last, None where some are not.

    Args:
        count: How many there are.
        most: How many places there are.

    Example:
        >>> listed(9216, 6), listed(3, 6)
        ([1, 2, 3, 4, None, 9216], [1, 2, 3])
    """
    if count <= most:
        return list(range(1, count + 1))
    return [*range(1, most - 1), None, count]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything stands.

    Attributes:
        layer: The layer.
        inputs: The numbers of the inputs in the net, None where some are left out.
        outputs: The numbers of the outputs that have steps.
        slots: The numbers of the outputs in the net, None where some are left out.
        net: Where the inputs and the outputs of the net stand, across.
        middle: The middle of the net and of the matrix, down.
        matrix: Where the matrix stands.
        unit: The size of a weight.
        bottom: Where the drawing ends.
    """

    layer: Linear
    inputs: list[int | None]
    outputs: list[int]
    slots: list[int | None]
    net: tuple[float, float]
    middle: float
    matrix: tuple[float, float, float, float]
    unit: float
    bottom: float

    @property
    def thick(self) -> float:
        """The thickness of a vector."""
        return max(self.unit, _THICK)

    @property
    def exact(self) -> bool:
        """Whether vectors are as thick as a weight."""
        return self.unit >= _THICK

    @property
    def vectors(self) -> list[tuple[float, float, float, float]]:
        """Where the input, the output and, if there is one, the bias stand."""
        x, y, width, height = self.matrix
        right = x + width + SIGN
        places = [(x, y - self.thick - 10, width, self.thick)]
        places.append((right + self.layer.bias * (self.thick + SIGN), y, self.thick, height))
        if self.layer.bias:
            places.append((right, y, self.thick, height))
        return places

    def height(self, slots: Sequence[int | None], at: int) -> float:
        """Return where a slot of the net stands, down."""
        return self.middle + (at - (len(slots) - 1) / 2) * _SLOT

    def row(self, output: int) -> float:
        """Return the middle of an output's row of the matrix; near an edge, a line fits in."""
        _, y, _, height = self.matrix
        middle = y + (output - 0.5) * self.unit
        least = min(1.5, height / 2)
        return min(max(middle, y + least), y + height - least)


def plan(layer: Linear, top: float) -> Plan:
    """Place a layer's net and its matrix side by side.

    Args:
        layer: The layer.
        top: Where the drawing may start.
    """
    inputs, slots = (
        listed(layer.in_features, _MOST_INPUTS),
        listed(layer.out_features, _MOST_OUTPUTS),
    )
    sides = [
        text_width(str(count), SMALL_SIZE) + 8 for count in (layer.in_features, layer.out_features)
    ]
    names = [
        widest(partial(text, f"figure.dense.{key}"), LABEL_SIZE, bold=True)
        for key in ("inputs", "outputs")
    ]
    start = MARGIN + max(sides[0], (names[0] - NODE) / 2)
    end = start + NODE + _REACH
    left = round(end + NODE + max(sides[1], (names[1] - NODE) / 2) + 12) + HALF
    vectors = (2 if layer.bias else 1) * (_THICK + SIGN)
    room = WIDTH - MARGIN - left - vectors - 2
    unit = min(
        room / layer.in_features,
        (room + (2 if layer.bias else 1) * _THICK) / (layer.in_features + 1 + layer.bias),
        _TALLEST / layer.out_features,
        _CELL,
    )
    # What is thinner than a line is drawn as one.
    width, height = max(layer.in_features * unit, 2.0), max(layer.out_features * unit, 2.0)
    thick = max(unit, _THICK)
    net = max(len(inputs), len(slots)) * _SLOT
    above = thick + 10 + 24
    tall = max(net, above + height + 30)
    middle = top + 24 + tall / 2
    matrix = left, round(middle - (height + 30 - above) / 2) + HALF, width, height
    outputs = [each for each in slots if each is not None]
    return Plan(
        layer, inputs, outputs, slots, (start, end), middle, matrix, unit, top + 24 + tall + 6
    )
