"""What is worth knowing about a network at some size, though nothing breaks.

What other frameworks do is from their own definitions: Caffe's poolings from its
src/caffe/layers/pooling_layer.cpp, TensorFlow's and Keras's padding "same" from the notes on
padding of tf.nn, https://www.tensorflow.org/api_docs/python/tf/nn.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from operator import gt
from typing import TYPE_CHECKING

from cnnexplain.diagnosis.findings import Note
from cnnexplain.diagnosis.words import CODE, called, fact
from cnnexplain.errors import CnnExplainError
from cnnexplain.geometry import read
from cnnexplain.languages import text
from cnnexplain.notes import shortened
from cnnexplain.operations import activations, normalisation, resampling
from cnnexplain.operations.base import Layer
from cnnexplain.operations.joining import Cat, Elementwise
from cnnexplain.operations.spatial import Spatial, bin_widths
from cnnexplain.windows import Convolution, Pooling, Transposed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnnexplain.diagnosis.findings import Fact, Facts
    from cnnexplain.graph import Network, Node, Row
    from cnnexplain.operations import Shape

# Beyond this, no input is looked for that would make an adaptive pooling do nothing.
_LARGEST_INPUT = 2**14
# Such inputs are as many as the effective stride; each of them is tried.
_MOST_TRIED = 2**9


def remarks(
    network: Network, rows: Sequence[Row], input_sizes: Sequence[Shape]
) -> tuple[Note, ...]:
    """Return what is worth knowing about a network, one note for each kind and concern.

    Args:
        network: The network.
        rows: What it does for these inputs; only the first ones where a later operation fails.
        input_sizes: Each input's (channels, height, width), without the batch.

    Returns:
        The notes, in this order of their kinds; the facts of one are those of its first layer.
        `adaptive`: adaptive poolings to more than one cell that do something, those of equal sizes
        in one note. `dropped`: layers whose windows leave out the end of their input, since sizes
        round down. `field`: the first layer whose receptive field is larger than the input.
        `ceil`: poolings for which rounding up, as Caffe does, gives another size. `floor`: those
        with `ceil_mode=True` for which rounding down does. `same`: padded layers for which the
        padding "same" of TensorFlow and Keras gives another size, or windows in other places.

    Example:
        >>> from cnnexplain import networks, trace
        >>> vgg16 = trace(networks.vgg16(), (3, 230, 230))
        >>> for note in remarks(vgg16.network, vgg16.rows, vgg16.input_sizes):
        ...     print(note.kind, *note.names)
        dropped pool2 pool3
        ceil pool2 pool3
    """
    return (
        *_adaptive(network, rows, input_sizes),
        *_dropped(network, rows, input_sizes),
        *_field(rows, input_sizes),
        *_rounded("ceil", rows, ceil_mode=True),
        *_rounded("floor", rows, ceil_mode=False),
        *_same(rows),
    )


def said(note: Note) -> str:
    """Return what a note of `remarks` says, in the current language.

    Args:
        note: The note.

    Example:
        >>> said(Note("ceil", ("pool",), {"here": (56, 56), "there": (57, 57)})).partition(".")[0]
        'Poolings that round sizes down: pool'
    """
    values = {name: fact(held) for name, held in note.facts.items()}
    names = [called(name) for name in note.names]
    values |= {"names": shortened(names), "first": names[0], **CODE}
    keys = (f"explain.note.{note.kind}.{key}" for key in _sentences(note.kind, note.facts))
    return text("figure.space").join(text(key, **values) for key in keys)


def _sentences(kind: str, facts: Facts) -> list[str]:
    """Return the keys of the sentences that hold for a note's facts."""
    match kind:
        case "adaptive":
            keys = [_binning(facts), *(["vector"] if "values" in facts else [])]
            if "smallest" in facts:
                keys.append("at" if facts["smallest"] == facts["largest"] else "between")
            return keys
        case "dropped" if "seen" in facts:
            return ["says", "covered" if facts["seen"] == facts["size"] else "unseen"]
        case "field":
            pairs = zip(_sizes(facts["field"]), _sizes(facts["size"]), strict=True)
            return ["says" if all(field > size for field, size in pairs) else "partly"]
        case "same":
            return ["shifted" if facts["here"] == facts["there"] else "resized"]
    return ["says"]


def _sizes(fact: Fact) -> Shape:
    assert isinstance(fact, tuple)
    return fact


def _binning(facts: Facts) -> str:
    """Return how the bins of an adaptive pooling lie."""
    pairs = list(zip(_sizes(facts["input"]), _sizes(facts["output"]), strict=True))
    if any(size < outputs for size, outputs in pairs):
        return "repeated"
    if facts["smallest_bin"] != facts["largest_bin"]:
        return "unequal"
    return "overlapping" if any(size % outputs for size, outputs in pairs) else "divided"


def _adaptive(
    network: Network, rows: Sequence[Row], input_sizes: Sequence[Shape]
) -> Iterable[Note]:
    first = len(input_sizes)
    outputs = [value for value in _outputs(network, rows, first) if value >= first]
    alike: dict[tuple[Shape, Shape], list[Row]] = {}
    for row in rows:
        if isinstance(row.operation, Spatial) and not row.operation.windows:
            taken, given = row.input_shape[2:], row.output_shape[2:]
            if any(1 < wanted != size for size, wanted in zip(taken, given, strict=True)):
                alike.setdefault((taken, given), []).append(row)
    for (taken, given), found in alike.items():
        widths = [bin_widths(size, wanted) for size, wanted in zip(taken, given, strict=True)]
        facts: dict[str, Fact] = {
            "input": taken,
            "output": given,
            "smallest_bin": tuple(smallest for smallest, _ in widths),
            "largest_bin": tuple(largest for _, largest in widths),
        }
        match [rows[value - first].output_shape for value in outputs]:
            case [(_, int(values))] if any(map(gt, taken, given)):
                facts["values"] = values
        inert = _inert(network, found[0], input_sizes)
        if inert is not None:
            facts |= {
                "smallest": tuple(each.start for each in inert),
                "largest": tuple(each.stop - 1 for each in inert),
            }
        yield Note("adaptive", tuple(row.name for row in found), facts)


def _outputs(network: Network, rows: Sequence[Row], inputs: int) -> tuple[int, ...]:
    """Return the numbers of the values that a network returns; none if it fails before."""
    if len(rows) < len(network.nodes):
        return ()
    return network.outputs or (inputs + len(rows) - 1,)


def _inert(network: Network, row: Row, input_sizes: Sequence[Shape]) -> list[range] | None:
    """Return the sizes of the network's input for which an adaptive pooling would do nothing.

    Only what is sure for other sizes too: layers below with fixed arguments, and a single input.
    """
    needed = {row.node}
    for index in range(row.node, -1, -1):
        if index in needed:
            inputs = network.nodes[index].inputs
            needed.update(each - len(input_sizes) for each in inputs)
    below = sorted(needed - {row.node})
    if len(input_sizes) > 1 or network.by_values:
        return None
    if not all(_is_fixed(network, network.nodes[index]) for index in below if index >= 0):
        return None
    found = []
    for axis, outputs in enumerate(row.output_shape[2:], 2):
        measured = _Measured(network, row, below, (row.input_shape[0], *input_sizes[0]), axis)
        run = measured.run(outputs)
        if run is None:
            return None
        found.append(run)
    return found


def _is_fixed(network: Network, node: Node) -> bool:
    """Return whether an operation has the same arguments for every size of the input."""
    operation = node.operation
    if isinstance(operation, Elementwise | Cat):
        return True
    if not isinstance(operation, Layer):
        return False
    # A function may have got a size as its argument; a module was made before there was any, and
    # activations and normalisations take none.
    made = network.modules.get(node.name.partition(":")[0]) == type(operation).__name__
    family = type(operation).__module__ in (activations.__name__, normalisation.__name__)
    return made or family or not network.modules


@dataclass(frozen=True)
class _Measured:
    """The size of an operation's input along an axis, for each size of the network's input."""

    network: Network
    row: Row
    below: Sequence[int]
    input_shape: Shape
    axis: int

    def __call__(self, size: int) -> int:
        """Return the size along the axis, or 0 where the network cannot take the input."""
        shapes: dict[int, Shape] = {}
        for index in self.below:
            if index < 0:
                before, after = self.input_shape[: self.axis], self.input_shape[self.axis + 1 :]
                shapes[index] = (*before, size, *after)
                continue
            node = self.network.nodes[index]
            try:
                shapes[index] = node.operation.output_shape(
                    *(shapes[each - 1] for each in node.inputs)
                )
            except CnnExplainError:
                return 0
        (value,) = self.network.nodes[self.row.node].inputs
        return shapes[value - 1][self.axis]

    def run(self, wanted: int) -> range | None:
        """Return the run of input sizes for which the operation gets a size; None without one."""
        sizes = range(1, _LARGEST_INPUT)
        start = bisect_left(sizes, wanted, key=self) + 1
        stop = bisect_right(sizes, wanted, lo=start - 1, key=self) + 1
        # Rules may refuse a size in between, as a sum of two branches does.
        if not 0 < stop - start <= _MOST_TRIED:
            return None
        found = range(start, stop)
        return found if all(self(size) == wanted for size in found) else None


def _dropped(network: Network, rows: Sequence[Row], input_sizes: Sequence[Shape]) -> Iterable[Note]:
    found = [row for row in rows if any(_cut(row))]
    if not found:
        return
    first = found[0]
    taken = first.input_shape[2:]
    facts: dict[str, Fact] = {
        "input": taken,
        "read": tuple(size - left for size, left in zip(taken, _cut(first), strict=True)),
    }
    outputs = _outputs(network, rows, len(input_sizes))
    if outputs and len({row.source for row in found}) == 1:
        taken_by = {
            value: each
            for row in rows
            for value, each in zip(network.nodes[row.node].inputs, row.input_shapes, strict=True)
        }
        # An input that nothing takes has no shape here, and needs none.
        shapes = [taken_by.get(value, (1, *size)) for value, size in enumerate(input_sizes)]
        shapes += [row.output_shape for row in rows]
        seen, exact = read(network, shapes, outputs, first.source)
        whole = shapes[first.source][2:]
        if exact and all(seen):
            facts |= {"seen": tuple(max(each) + 1 for each in seen), "size": whole}
    yield Note("dropped", tuple(row.name for row in found), facts)


def _cut(row: Row) -> Shape:
    """Return the inputs at the far end of each axis that are lost to rounding.

    What lies between two windows is never read either, but no size is to blame for that: a 1×1
    convolution with stride 2 leaves out the last of an even number of inputs, as it should.
    """
    if not isinstance(row.operation, Spatial) or not any(row.unread):
        return ()
    return tuple(
        left if isinstance(window, Convolution) and left > window.stride - window.extent else 0
        for left, window in zip(row.unread, row.operation.windows, strict=True)
    )


def _field(rows: Sequence[Row], input_sizes: Sequence[Shape]) -> Iterable[Note]:
    for row in rows:
        if _enlarges(row):
            return  # from here on, receptive fields are told as what units see at most
        if not isinstance(row.operation, Spatial) or row.receptive_field is None:
            continue
        size = input_sizes[row.source][1:]
        # A window with a single place is a fully connected layer's, and is meant to see everything.
        if any(
            field > inputs and outputs > 1
            for field, inputs, outputs in zip(
                row.receptive_field, size, row.output_shape[2:], strict=False
            )
        ):
            yield Note("field", (row.name,), {"field": row.receptive_field, "size": size})
            return


def _enlarges(row: Row) -> bool:
    if isinstance(row.operation, Spatial):
        return any(isinstance(window, Transposed) for window in row.operation.windows)
    return type(row.operation).__module__ == resampling.__name__


def _rounded(kind: str, rows: Sequence[Row], *, ceil_mode: bool) -> Iterable[Note]:
    """Return a note on the poolings that would give another size if they rounded the other way.

    Where rounding up gives torch another size, it gives Caffe the same one; Caffe alone also counts
    windows that lie beyond the input altogether, which only poolings without padding whose stride
    is larger than their kernel have.
    """
    found: list[tuple[Row, Shape]] = []
    for row in rows:
        if not isinstance(row.operation, Spatial):
            continue
        windows = [each for each in row.operation.windows if isinstance(each, Pooling)]
        if not windows or windows[0].ceil_mode == ceil_mode:
            continue
        try:
            sizes = tuple(
                replace(window, ceil_mode=ceil_mode).output_size(size)
                for window, size in zip(windows, row.input_shape[2:], strict=True)
            )
        except CnnExplainError:
            continue  # rounded down, there is no window at all
        if sizes != row.output_shape[2:]:
            found.append((row, sizes))
    if found:
        (first, sizes), *_ = found
        facts = {"here": first.output_shape[2:], "there": sizes}
        yield Note(kind, tuple(row.name for row, _ in found), facts)


def _same(rows: Sequence[Row]) -> Iterable[Note]:
    """Return a note on the layers that padding "same" would shift, and one on those it resizes."""
    shifted: list[tuple[str, Facts]] = []
    resized: list[tuple[str, Facts]] = []
    for row in rows:
        if not isinstance(row.operation, Spatial):
            continue
        windows = [each for each in row.operation.windows if isinstance(each, Convolution)]
        taken, here = row.input_shape[2:], row.output_shape[2:]
        if not windows or not _is_padded(windows, taken, here):
            continue
        there = tuple(
            -(-size // window.stride) for size, window in zip(taken, windows, strict=True)
        )
        sides = [_sides(window, size) for window, size in zip(windows, taken, strict=True)]
        pairs = [(window.padding, same) for window, same in zip(windows, sides, strict=True)]
        different = [(own, same) for own, same in pairs if own[0] != same[0]]
        if here == there and not different:
            continue
        own, same = (different or [pair for pair in pairs if pair[0] != pair[1]] or pairs)[0]
        facts: Facts = {
            "here": here,
            "there": there,
            "before": own[0],
            "after": own[1],
            "same_before": same[0],
            "same_after": same[1],
        }
        (shifted if here == there else resized).append((row.name, facts))
    for found in (shifted, resized):
        if found:
            yield Note("same", tuple(name for name, _ in found), found[0][1])


def _is_padded(windows: Sequence[Convolution], taken: Shape, here: Shape) -> bool:
    """Return whether a layer goes beyond its input's ends, so that it may be meant as "same"."""
    return any(
        window.extent > 1
        and (any(window.padding) or (outputs - 1) * window.stride + window.extent > size)
        and (any(window.padding) or outputs == -(-size // window.stride))
        for window, size, outputs in zip(windows, taken, here, strict=True)
    )


def _sides(window: Convolution, size: int) -> tuple[int, int]:
    """Return TensorFlow's padding "same" before and after the input."""
    outputs = -(-size // window.stride)
    total = max((outputs - 1) * window.stride + window.extent - size, 0)
    return total // 2, total - total // 2
