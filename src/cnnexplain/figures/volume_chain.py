"""Which volumes a network is drawn as: its activations in order, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.collapse import Block
from cnnexplain.errors import ArgumentError, shown
from cnnexplain.figures.layers import covered, groups, kind, taken
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from cnnexplain.figures.layers import Kind
    from cnnexplain.graph import Row
    from cnnexplain.operations import Shape
    from cnnexplain.report import Trace

MOST = 24  # volumes in a figure
_COMFORTABLE = 16
_MAP = 3  # the axes of a map
_MOST_PARTS = 8


@dataclass(frozen=True, slots=True)
class Volume:
    """An activation.

    Attributes:
        name: What it is called; empty for the network's input.
        shape: Its (channels, height, width), or its (features,).
        kind: What made it.
        rows: The layers that made it, one after the other: none for the network's input, and
            several where volumes of equal size are drawn as one.
        kept: The layers behind them that change no shape.
        inputs: The numbers of the volumes that it is made of.
        direct: Whether no layer between them and it is left out.
        parts: The number of groups that its channels are kept apart in.
    """

    name: str
    shape: Shape
    kind: Kind = "other"
    rows: tuple[Row, ...] = ()
    kept: tuple[Row, ...] = ()
    inputs: tuple[int, ...] = ()
    direct: bool = True
    parts: int = 1

    @property
    def is_map(self) -> bool:
        """Whether it has a height and a width."""
        return len(self.shape) == _MAP

    @property
    def count(self) -> int:
        """The number of its values."""
        return prod(self.shape)

    @property
    def parameters(self) -> int:
        """The number of parameters of its layers."""
        return sum(row.parameters for row in (*self.rows, *self.kept))


@dataclass(frozen=True, slots=True)
class Chain:
    """The volumes of a network, and which rule left some of them out.

    Attributes:
        volumes: The volumes in order, the network's inputs first.
        depth: The depth down to which modules have volumes of their own, if not all have.
        last: Whether only the last volume of each map size is drawn.
    """

    volumes: tuple[Volume, ...]
    depth: int | None = None
    last: bool = False

    @property
    def merged(self) -> bool:
        """Whether volumes of equal size are drawn as one."""
        return any(len(volume.rows) > 1 for volume in self.volumes)


def chain(trace: Trace, layers: object = None) -> Chain:
    """Choose the volumes of a network.

    Args:
        trace: The network.
        layers: The names of the layers that are drawn, or None for a choice.

    Raises:
        ArgumentError: If there is no such layer, or no way to draw what it makes.

    Example:
        >>> from cnnexplain import networks, trace
        >>> [volume.name for volume in chain(trace(networks.lenet5())).volumes]
        ['', 'conv1', 'pool2', 'conv3', 'pool4', 'flatten', 'fc5', 'fc6', 'fc7']
    """
    if layers is not None:
        volumes = _volumes(trace, _names(trace, layers))
        _check(volumes)
        if len(volumes) > MOST:
            raise _too_many(len(volumes), "name fewer layers")
        return Chain(_parted(volumes))
    found = list(_choices(trace))
    drawable = [each for each in found if not _undrawable(each.volumes)]
    if not drawable:
        _check(found[0].volumes)
    for most in (_COMFORTABLE, MOST):
        for each in drawable:
            if len(each.volumes) <= most:
                return replace(each, volumes=_parted(each.volumes))
    raise _too_many(len(drawable[-1].volumes), 'choose layers, for example layers=["conv1"]')


def _too_many(count: int, cure: str) -> ArgumentError:
    return ArgumentError(f"at most {MOST} volumes in a figure", f"{count} of them", cure)


def _names(trace: Trace, layers: object) -> frozenset[str]:
    if (
        not isinstance(layers, tuple | list)
        or not layers
        or not all(isinstance(each, str) for each in layers)
    ):
        names = ", ".join(f'"{row.name}"' for row in trace.rows[:2])
        raise ArgumentError(
            "layers as a list of names", f"layers={shown(layers)}", f"write layers=[{names}]"
        )
    return frozenset(trace[name].name for name in layers)


def _choices(trace: Trace) -> Iterator[Chain]:
    """Yield ways to draw a network, with fewer volumes each time."""
    whole = _volumes(trace)
    yield Chain(whole)
    yield Chain(_merged(whole))
    deepest = max((row.name.count(".") for row in trace.rows), default=0)
    less = trace
    for depth in range(deepest, 0, -1):
        less = trace.collapsed(depth)
        volumes = _volumes(less)
        yield Chain(volumes, depth)
        yield Chain(_merged(volumes), depth)
    volumes = _volumes(less)
    ends = {
        one.rows[-1].name
        for one, other in pairwise(volumes)
        if one.rows and (not one.is_map or one.shape[1:] != other.shape[1:])
    }
    ends |= {each.name for each in volumes[-1].rows}
    yield Chain(_volumes(less, ends), 1 if deepest else None, last=True)


@dataclass(slots=True)
class _Draft:
    """A volume in the making."""

    volume: Volume
    kept: list[Row] = field(default_factory=list)

    def done(self) -> Volume:
        return replace(self.volume, kept=tuple(self.kept))


def _volumes(trace: Trace, names: Collection[str] | None = None) -> tuple[Volume, ...]:
    """Return a volume for each layer that changes a shape, or for each that is named."""
    count, nodes = len(trace.input_sizes), trace.network.nodes
    drafts = [_Draft(Volume("", size)) for size in trace.input_sizes]
    # The volumes that each value of the network is made of, and whether nothing is left out.
    origins: list[tuple[tuple[int, ...], bool]] = [((index,), True) for index in range(count)]
    for row, inside in zip(trace.rows, covered(trace), strict=True):
        first = count + inside.start
        values = [value for at in inside for value in nodes[at].inputs if value < first]
        sources = tuple(dict.fromkeys(each for value in values for each in origins[value][0]))
        direct = all(origins[value][1] for value in values)
        passes = _passes(row, len(set(values)))
        drawn = not passes if names is None else row.name in names
        if drawn:
            made = Volume(
                row.name, row.output_shape[1:], kind(row.operation), (row,), (), sources, direct
            )
            drafts.append(_Draft(made))
            origins += [((len(drafts) - 1,), True)] * len(inside)
        else:
            origins += [(sources, direct and passes)] * len(inside)
            if passes and direct and len(sources) == 1:
                drafts[sources[0]].kept.append(row)
    return tuple(draft.done() for draft in drafts)


def _passes(row: Row, inputs: int) -> bool:
    """Return whether a layer leaves the shape that it takes, as activations do."""
    if inputs != 1 or row.input_shapes[0] != row.output_shape:
        return False
    operation = row.operation
    return kind(operation) == "other" and not (isinstance(operation, Block) and row.parameters)


def _merged(volumes: Sequence[Volume]) -> tuple[Volume, ...]:
    """Take neighbours of equal size together."""
    readers = [index for volume in volumes for index in volume.inputs]
    made: list[Volume] = []
    place: list[int] = []
    for volume in volumes:
        before = made[-1] if made else None
        if (
            before
            and volume.inputs == (len(place) - 1,)
            and readers.count(len(place) - 1) == 1
            and _alike(before, volume)
        ):
            rows = before.rows + volume.rows
            made[-1] = replace(
                before,
                name=taken([row.name for row in rows]),
                rows=rows,
                kept=before.kept + volume.kept,
            )
        else:
            made.append(replace(volume, inputs=tuple(place[index] for index in volume.inputs)))
        place.append(len(made) - 1)
    return tuple(made)


def _alike(one: Volume, other: Volume) -> bool:
    if not one.rows or one.shape != other.shape or one.kind != other.kind:
        return False
    first, second = one.rows[-1].operation, other.rows[0].operation
    blocks = isinstance(first, Block) and isinstance(second, Block)
    convolutions = one.kind == "convolution" and groups(first) == groups(second)
    return convolutions or blocks


def _parted(volumes: Sequence[Volume]) -> tuple[Volume, ...]:
    """Keep groups apart: those that a layer made, or else those that the next one reads."""
    parts = [groups(volume.rows[-1].operation) if volume.rows else 1 for volume in volumes]
    for volume in volumes:
        if volume.direct and volume.rows:
            for index in volume.inputs:
                if parts[index] == 1:
                    parts[index] = groups(volume.rows[0].operation)
    return tuple(
        replace(volume, parts=count if volume.is_map and count <= _MOST_PARTS else 1)
        for volume, count in zip(volumes, parts, strict=True)
    )


def _undrawable(volumes: Sequence[Volume]) -> list[Volume]:
    return [volume for volume in volumes if len(volume.shape) not in {1, _MAP}]


def _check(volumes: Sequence[Volume]) -> None:
    for volume in _undrawable(volumes):
        name = f"layer {shown(volume.name)}" if volume.rows else "the input"
        raise ArgumentError(
            "activations (channels, height, width) or (features)",
            f"{name} of {shape(volume.shape) or 'no size'}",
            "draw a network over pictures, or only layers that have them, with layers=[...]",
        )
