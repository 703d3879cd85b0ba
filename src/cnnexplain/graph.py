"""A network as a chain of named operations; walking it with an input size gives one row a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, CnnExplainError, shown, whole
from cnnexplain.operations import Operation, Shape, View
from cnnexplain.windows import Field

if TYPE_CHECKING:
    from fractions import Fraction

    from cnnexplain.formula import Formula


# torch's tensors have at most 64 axes, the batch's among them.
_MOST_AXES = 63


@dataclass(frozen=True, slots=True)
class Node:
    """One layer of a network.

    Attributes:
        name: Its path, such as `features.0`.
        operation: What it does.
        shared: How many of its parameters are those of an earlier layer, and count there.
    """

    name: str
    operation: Operation
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """A sequential network.

    Attributes:
        nodes: Its layers, in the order in which they run.
        name: What it is called; empty without a name.
        input_size: The (channels, height, width) it was designed for, if that is known.

    Example:
        >>> from cnnexplain.networks import lenet5
        >>> lenet5().nodes[0].name
        'conv1'
    """

    nodes: tuple[Node, ...]
    name: str = ""
    input_size: Shape | None = None

    def __str__(self) -> str:
        """Return one line a layer."""
        return "\n".join(f"{node.name}: {node.operation}" for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Row:
    """A layer with all that is known about it for one input size.

    Attributes:
        name: The layer's path, such as `features.0`.
        operation: The layer.
        input_shape: The shape that comes in, with the batch.
        output_shape: The shape that goes out, with the batch.
        formula: How the output's size comes about; None where the shape passes unchanged.
        parameters: The number of learned parameters; those of a shared layer count once.
        macs: The multiply-accumulates with weights; biases count none.
        receptive_field: How much of the network's input one unit sees, on each axis; None where
            no single number tells it.
        effective_stride: How far apart in the input two neighbouring units look, on each axis.
        effective_padding: How far the first unit looks beyond the input, on each axis.
        unread: How many inputs at the far end of each axis no window reads.
    """

    name: str
    operation: Operation
    input_shape: Shape
    output_shape: Shape
    formula: Formula | None
    parameters: int
    macs: int
    receptive_field: Shape | None
    effective_stride: tuple[Fraction, ...] | None
    effective_padding: tuple[Fraction, ...] | None
    unread: Shape


def walk(network: Network, input_size: Sequence[int], batch_size: int = 1) -> Iterator[Row]:
    """Yield the network's rows for an input.

    Args:
        network: The network.
        input_size: (channels, height, width), or what else the first layer takes, without batch.
        batch_size: The number of inputs at once.

    Raises:
        ArgumentError: If the sizes are no positive integers.
        ShapeError: If a layer cannot take what the layers before it make; it names the layer.

    Example:
        >>> from cnnexplain.networks import alexnet
        >>> [row.output_shape[1:] for row in walk(alexnet(), (3, 227, 227)) if row.name == "pool5"]
        [(256, 6, 6)]
    """
    shape = (whole("batch_size", batch_size, 1), *sizes(input_size))
    view = View(shape, (Field(),) * len(shape[2:]))
    for node in network.nodes:
        try:
            row, view = _row(node, view)
        except CnnExplainError as error:
            raise error.at(f"layer {shown(node.name)}: {node.operation}") from None
        yield row


def sizes(input_size: object) -> Shape:
    """Return an input size as a tuple of positive integers.

    Args:
        input_size: What the user gave.

    Raises:
        ArgumentError: If it is no sequence of positive integers.

    Example:
        >>> sizes([3, 227, 227])
        (3, 227, 227)
    """
    if not isinstance(input_size, Sequence) or isinstance(input_size, str) or not input_size:
        raise ArgumentError(
            "input_size as (channels, height, width)",
            f"input_size={shown(input_size)}",
            "write for example (3, 224, 224), without the batch",
        )
    if len(input_size) > _MOST_AXES:
        raise ArgumentError(
            f"input_size of at most {_MOST_AXES} axes",
            f"{len(input_size)} of them",
            "write for example (3, 224, 224), without the batch",
        )
    return tuple(whole("input_size", size, 1) for size in input_size)


def _row(node: Node, before: View) -> tuple[Row, View]:
    operation, shape = node.operation, before.shape
    output_shape = operation.output_shape(shape)
    after = operation.view(before)
    fields = after.fields
    return Row(
        name=node.name,
        operation=operation,
        input_shape=shape,
        output_shape=output_shape,
        formula=operation.formula(shape),
        parameters=operation.parameters - node.shared,
        macs=operation.macs(shape),
        receptive_field=None if fields is None else tuple(field.size for field in fields),
        effective_stride=None if fields is None else tuple(field.stride for field in fields),
        effective_padding=None if fields is None else tuple(field.padding for field in fields),
        unread=operation.unread(shape),
    ), after
