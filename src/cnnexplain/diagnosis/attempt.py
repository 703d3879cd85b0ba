"""A network tried on inputs of some shapes: how far it comes, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cnnexplain.errors import CnnExplainError, shown
from cnnexplain.graph import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.diagnosis.findings import Place
    from cnnexplain.graph import Network, Row
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


@dataclass(frozen=True)
class Attempt:
    """How far a network came.

    Attributes:
        network: The network, as far as it came.
        shapes: The shape of each input, with the batch.
        values: The shape of each value: the inputs come first, then what each node made.
        places: For each node the line of the user's source that called it; nothing if unknown.
        failure: What stopped it; None if nothing did.
    """

    network: Network
    shapes: tuple[Shape, ...]
    values: tuple[Shape, ...]
    places: tuple[Place | None, ...] = ()
    failure: Failure | None = None

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row for each node that ran."""
        return tuple(rows_of(self.network, self.shapes))

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
        numbers = self.network.outputs or (len(self.values) - 1,)
        return tuple(self.values[number] for number in numbers)


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
        >>> tried.failure.name, tried.values[-1]
        ('fc6', (1, 25600))
    """
    values, nodes = list(shapes), []
    failure = None
    for node in network.nodes:
        operation = (instead or {}).get(node.name, node.operation)
        try:
            values.append(operation.output_shape(*[values[number] for number in node.inputs]))
        except CnnExplainError as error:
            where = error.at(f"layer {shown(node.name)}: {operation}")
            failure = Failure(node.name, operation, node.inputs, where)
            break
        nodes.append(replace(node, operation=operation))
    ran = replace(network, nodes=tuple(nodes))
    return Attempt(ran, tuple(shapes), tuple(values), failure=failure)
