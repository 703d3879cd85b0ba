"""A network as a graph of named operations; walking it with an input size gives one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Literal

from cnnexplain.errors import ArgumentError, CnnExplainError, shown, whole
from cnnexplain.operations import Operation, Shape, View

if TYPE_CHECKING:
    from cnnexplain.formula import Formula
    from cnnexplain.operations.views import Along
    from cnnexplain.windows import Exact


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
        itemsize: The bytes that one value of the result takes.
    """

    name: str
    operation: Operation
    inputs: tuple[int, ...]
    parameters: int
    itemsize: int = 4


@dataclass(frozen=True, slots=True)
class Network:
    """A graph of operations.

    Attributes:
        nodes: Its operations, in the order in which they run.
        name: What it is called; empty without a name.
        input_size: The (channels, height, width) it was designed for, if that is known.
        modules: The class of each module by its path.
        unused: The names of the parameters that no node uses.
        by_values: Whether its graph depends on values and was found by running it.
        outputs: The numbers of the values that it returns.

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
    by_values: bool = False
    outputs: tuple[int, ...] = ()

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
        source: The number of the input that its receptive field, effective stride and padding, and
            touched cells are about: the first one that it sees.
        node: The number of its node; that of the last one where rows are taken together.
        origin: Where the output's shape comes from: `"rule"`, one of ours; `"meta"`, torch's own
            arithmetic of shapes; `"run"`, torch run with values.
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
    effective_stride: tuple[Exact, ...] | None
    effective_padding: tuple[Exact, ...] | None
    unread: Shape
    touched: Shape | None
    sees_everything: bool
    origin: Literal["rule", "meta", "run"]
    source: int
    node: int

    @property
    def input_shape(self) -> Shape:
        """The shape of the first input, with the batch."""
        return self.input_shapes[0]


def walk(network: Network, input_sizes: Sequence[Shape], batch_size: int = 1) -> Iterator[Row]:
    """Yield the network's rows for its inputs.

    Args:
        network: The network.
        input_sizes: For each input (channels, height, width), or what else it has, without batch.
        batch_size: The number of inputs at once.

    Raises:
        ShapeError: If an operation cannot take what those before it make; it names the operation.

    Example:
        >>> from cnnexplain.networks import alexnet
        >>> [row.output_shape for row in walk(alexnet(), [(3, 227, 227)])][-1]
        (1, 1000)
    """
    return rows_of(network, [(batch_size, *size) for size in input_sizes])


def rows_of(network: Network, input_shapes: Sequence[Shape]) -> Iterator[Row]:
    """Yield the network's rows for inputs of any shape.

    Args:
        network: The network.
        input_shapes: The shape of each input, with its batch.

    Raises:
        ShapeError: If an operation cannot take what those before it make; it names the operation.
    """
    shapes = list(input_shapes)
    views = [View.of_input(shape, source) for source, shape in enumerate(shapes)]
    known: dict[tuple[int, tuple[Shape, ...]], _Result] = {}
    told: dict[int, _Told] = {}
    for number, node in enumerate(network.nodes):
        taken = tuple([shapes[index] for index in node.inputs])
        key = id(node.operation), taken
        try:
            if key not in known:
                # Deep networks repeat their layers, and these have the same numbers every time.
                known[key] = _result(node.operation, taken)
            view = node.operation.view(*[views[index] for index in node.inputs])
        except CnnExplainError as error:
            raise error.at(f"layer {shown(node.name)}: {node.operation}") from None
        result = known[key]
        shapes.append(result.output_shape)
        views.append(view)
        if id(view.along) not in told:
            # Most operations see what the one before them sees.
            told[id(view.along)] = _told(view.along)
        yield _row(number, node, taken, result, told[id(view.along)], view)


@dataclass(frozen=True, slots=True)
class _Result:
    """What an operation makes of shapes, wherever it stands."""

    output_shape: Shape
    formula: Formula | None
    macs: int
    unread: Shape


def _result(operation: Operation, taken: tuple[Shape, ...]) -> _Result:
    output_shape = operation.output_shape(*taken)
    formula = operation.formula(*taken)
    return _Result(output_shape, formula, operation.macs(*taken), operation.unread(*taken))


@dataclass(frozen=True, slots=True)
class _Told:
    """What a row says of what its units see."""

    receptive_field: Shape | None
    effective_stride: tuple[Exact, ...] | None
    effective_padding: tuple[Exact, ...] | None
    touched: Shape | None


def _told(along: tuple[Along, ...]) -> _Told:
    axes = len(along)
    if axes > 1 and along.count(along[0]) == axes:
        along = along[:1]  # what one axis tells, all tell
    fields = [each.field for each in along if each.field is not None]
    counts = [each.touched for each in along]
    touched = tuple([count for count in counts if count is not None])
    known = len(fields) == len(along)
    times = axes if len(along) == 1 else 1
    return _Told(
        receptive_field=tuple([field.size for field in fields]) * times if known else None,
        effective_stride=tuple([field.stride for field in fields]) * times if known else None,
        effective_padding=tuple([field.padding for field in fields]) * times if known else None,
        touched=touched * times if len(touched) == len(along) else None,
    )


def _row(
    number: int,
    node: Node,
    taken: tuple[Shape, ...],
    result: _Result,
    told: _Told,
    view: View,
) -> Row:
    operation = node.operation
    # In the order of the attributes: by their names it takes longer, and there are many rows.
    return Row(
        node.name,
        operation,
        taken,
        result.output_shape,
        result.formula,
        node.parameters,
        result.macs,
        node.itemsize * prod(result.output_shape) if operation.allocates else 0,
        told.receptive_field,
        told.effective_stride,
        told.effective_padding,
        result.unread,
        told.touched,
        view.sees_everything,
        operation.origin,
        view.source,
        number,
    )


def sizes(input_size: object) -> tuple[Shape, ...]:
    """Return the size of each input as a tuple of positive integers.

    Args:
        input_size: What the user gave: one size, or a sequence of them for several inputs.

    Raises:
        ArgumentError: If it is no sequence of positive integers, nor of such sequences.

    Example:
        >>> sizes([3, 227, 227])
        ((3, 227, 227),)
        >>> sizes([(3, 224, 224), (10,)])
        ((3, 224, 224), (10,))
    """
    several = isinstance(input_size, tuple | list) and any(
        isinstance(each, tuple | list) for each in input_size
    )
    if several and isinstance(input_size, tuple | list):
        return tuple(map(_size, input_size))
    return (_size(input_size),)


def _size(input_size: object) -> Shape:
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
