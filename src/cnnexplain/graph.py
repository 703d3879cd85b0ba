"""A network as a graph of named operations; walking it with an input size gives one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Literal

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
    """One operation of a network.

    Values are numbered: the network's inputs come first, then what each node makes, in order.

    Attributes:
        name: Its path, such as `features.0`; no other node bears it.
        operation: What it does.
        inputs: The numbers of the values that it takes.
        parameters: How many learned parameters it is the first to use.
    """

    name: str
    operation: Operation
    inputs: tuple[int, ...]
    parameters: int


@dataclass(frozen=True, slots=True)
class Network:
    """A graph of operations.

    Attributes:
        nodes: Its operations, in the order in which they run.
        name: What it is called; empty without a name.
        input_size: The (channels, height, width) it was designed for, if that is known.
        modules: The class of each module by its path.
        unused: The names of the parameters that no node uses.
        itemsize: The bytes that one value takes.
        by_values: Whether its graph depends on values and was found by running it.

    Example:
        >>> from cnnexplain.networks import lenet5
        >>> lenet5().nodes[0].name
        'conv1'
    """

    nodes: tuple[Node, ...]
    name: str = ""
    input_size: Shape | None = None
    modules: Mapping[str, str] = field(default_factory=dict, hash=False)
    unused: tuple[str, ...] = ()
    itemsize: int = 4
    by_values: bool = False

    def __str__(self) -> str:
        """Return one line a layer."""
        return "\n".join(f"{node.name}: {node.operation}" for node in self.nodes)


def chain(layers: Iterable[tuple[str, Operation]]) -> tuple[Node, ...]:
    """Return the nodes of layers that run one after another.

    Args:
        layers: Each layer's name and what it does.
    """
    return tuple(
        Node(name, operation, (index,), operation.parameters)
        for index, (name, operation) in enumerate(layers)
    )


@dataclass(frozen=True, slots=True)
class Row:
    """An operation with all that is known about it for one input size.

    Attributes:
        name: The operation's path, such as `features.0`.
        operation: What it does.
        input_shapes: The shapes that come in, with the batch.
        output_shape: The shape that goes out, with the batch.
        formula: How the output's size comes about; None where the shape passes unchanged.
        parameters: The number of learned parameters; those of a shared layer count once.
        macs: The multiply-accumulates of matrix products and convolutions; biases count none.
        memory: The bytes of what goes out; none where it lies in the input's memory.
        receptive_field: How much of the network's input one unit sees, on each axis; None where
            no single number tells it.
        effective_stride: How far apart in the input two neighbouring units look, on each axis.
        effective_padding: How far the first unit looks beyond the input, on each axis.
        unread: How many inputs at the far end of each axis no window reads.
        touched: How many of its own cells on each axis padding reaches, here or in a layer below;
            None where no single number tells it.
        sees_everything: Whether a unit sees all of the input beyond its receptive field, as behind
            a normalisation over the picture, or attention.
        origin: Where the output's shape comes from: `"rule"`, one of ours; `"meta"`, torch's own
            arithmetic of shapes; `"run"`, torch run with values.
        node: The number of the network's node that makes the output.
    """

    name: str
    operation: Operation
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    formula: Formula | None
    parameters: int
    macs: int
    memory: int
    receptive_field: Shape | None
    effective_stride: tuple[Fraction, ...] | None
    effective_padding: tuple[Fraction, ...] | None
    unread: Shape
    touched: Shape | None
    sees_everything: bool
    origin: Literal["rule", "meta", "run"]
    node: int

    @property
    def input_shape(self) -> Shape:
        """The shape of the first input, with the batch."""
        return self.input_shapes[0]


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
    for index, node in enumerate(network.nodes):
        try:
            row, view = _row(index, node, view, network.itemsize)
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


def _row(index: int, node: Node, before: View, itemsize: int) -> tuple[Row, View]:
    operation, shape = node.operation, before.shape
    output_shape = operation.output_shape(shape)
    after = operation.view(before)
    fields = after.fields
    return Row(
        name=node.name,
        operation=operation,
        input_shapes=(shape,),
        output_shape=output_shape,
        formula=operation.formula(shape),
        parameters=node.parameters,
        macs=operation.macs(shape),
        memory=itemsize * prod(output_shape),
        receptive_field=None if fields is None else tuple(field.size for field in fields),
        effective_stride=None if fields is None else tuple(field.stride for field in fields),
        effective_padding=None if fields is None else tuple(field.padding for field in fields),
        unread=operation.unread(shape),
        touched=None,
        sees_everything=False,
        origin="rule",
        node=index,
    ), after
