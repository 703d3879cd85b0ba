"""A network tried on inputs of some shapes: how far it comes, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cnnexplain.errors import CnnExplainError
from cnnexplain.graph import Network, Row, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.diagnosis.findings import Place
    from cnnexplain.operations import Operation, Shape


@dataclass(frozen=True, slots=True)
class Failure:
    """What stopped a network.

    Attributes:
        name: The path of the layer, or of the function in a module.
        operation: What could not be done; None where no rule of ours tells it.
        inputs: The numbers of the values that it was given.
        error: What was raised.
        place: The line of the user's source where it happened, if that is known.
    """

    name: str
    operation: Operation | None
    inputs: tuple[int, ...]
    error: CnnExplainError
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """How far a network came.

    Attributes:
        network: The network, as far as it came.
        shapes: The shape of each input, with the batch.
        rows: A row for each node that ran.
        places: For each node the line of the user's source that called it; nothing if unknown.
        failure: What stopped it; None if nothing did.
    """

    network: Network
    shapes: tuple[Shape, ...]
    rows: tuple[Row, ...]
    places: tuple[Place | None, ...] = ()
    failure: Failure | None = None

    def shape(self, number: int) -> Shape:
        """Return the shape of a value.

        Args:
            number: The value's number: the inputs come first, then what each node makes.
        """
        inputs = len(self.shapes)
        return self.shapes[number] if number < inputs else self.rows[number - inputs].output_shape

    def node(self, number: int) -> int | None:
        """Return the node that makes a value, or None for an input.

        Args:
            number: The value's number.
        """
        return None if number < len(self.shapes) else number - len(self.shapes)

    def place(self, node: int) -> Place | None:
        """Return the line of the user's source that called a node.

        Args:
            node: The node's number.
        """
        return self.places[node] if node < len(self.places) else None

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """The shapes of what the network returns; of the last layer where that is not known."""
        numbers = self.network.outputs or (len(self.shapes) + len(self.rows) - 1,)
        return tuple(map(self.shape, numbers))


def attempted(
    network: Network, shapes: Sequence[Shape], instead: Mapping[str, Operation] | None = None
) -> Attempt:
    """Try a network on inputs.

    Args:
        network: The network.
        shapes: The shape of each input, with the batch.
        instead: What layers do instead of what they do, by their names.

    Example:
        >>> from cnnexplain.networks import alexnet
        >>> tried = attempted(alexnet(), [(1, 3, 384, 384)])
        >>> tried.failure.name, tried.shape(tried.failure.inputs[0])
        ('fc6', (1, 25600))
    """
    rows: list[Row] = []
    failure = None
    if instead:
        nodes = [
            replace(node, operation=instead.get(node.name, node.operation))
            for node in network.nodes
        ]
        network = replace(network, nodes=tuple(nodes))
    try:
        rows.extend(rows_of(network, shapes))
    except CnnExplainError as error:
        node = network.nodes[len(rows)]
        failure = Failure(node.name, node.operation, node.inputs, error)
    return Attempt(network, tuple(shapes), tuple(rows), failure=failure)
