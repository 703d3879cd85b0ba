"""Inputs and outputs in one dimension, and which of them are connected by which weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from cnnexplain.languages import number

if TYPE_CHECKING:
    from cnnexplain.windows import Convolution

Way: TypeAlias = Literal["dense", "local", "shared"]
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True, slots=True)
class Wiring:
    """Inputs and outputs in one dimension.

    Attributes:
        window: The window of the local layer and of the convolution.
        inputs: The number of inputs.
        outputs: The number of outputs.
    """

    window: Convolution
    inputs: int
    outputs: int

    def reads(self, way: Way, output: int) -> list[tuple[int, int]]:
        """Return the inputs that an output is connected to, each with the index of its weight.

        Args:
            way: How the layer is connected.
            output: The output's index.

        Example:
            >>> from cnnexplain import axis
            >>> wiring = Wiring(axis.convolution(3), inputs=7, outputs=5)
            >>> wiring.reads("local", 1), wiring.reads("shared", 1)
            ([(1, 3), (2, 4), (3, 5)], [(1, 0), (2, 1), (3, 2)])
        """
        inputs = range(self.inputs) if way == "dense" else self.window.inputs(output)
        first = 0 if way == "shared" else output * len(inputs)
        return list(zip(inputs, range(first, first + len(inputs)), strict=True))

    def connections(self, way: Way, outputs: int) -> int:
        """Return the number of connections of the first outputs.

        Args:
            way: How the layer is connected.
            outputs: The number of outputs.
        """
        return sum(len(self.reads(way, output)) for output in range(outputs))

    def weights(self, way: Way, outputs: int) -> int:
        """Return the number of different weights of the first outputs.

        Args:
            way: How the layer is connected.
            outputs: The number of outputs.
        """
        return len({at for output in range(outputs) for _, at in self.reads(way, output)})

    @property
    def named(self) -> dict[str, str]:
        """The numbers of the whole, for labels."""
        counts = {"inputs": self.inputs, "outputs": self.outputs}
        counts |= {way: self.weights(way, self.outputs) for way in WAYS}
        counts["local_connections"] = self.connections("shared", self.outputs)
        return {name: number(count) for name, count in counts.items()}
