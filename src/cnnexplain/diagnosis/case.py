"""A network that does not run on its input, and questions that one asks about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.batches import keeps
from cnnexplain.errors import CnnExplainError
from cnnexplain.graph import Network, Node
from cnnexplain.operations.base import Layer, Operation
from cnnexplain.operations.dense import Linear
from cnnexplain.operations.normalisation import BatchNorm
from cnnexplain.operations.reshaping import Flatten, Reshape
from cnnexplain.operations.spatial import Conv1d, Conv2d, Conv3d

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnnexplain.diagnosis.attempt import Attempt, Failure
    from cnnexplain.diagnosis.findings import Cure, Place
    from cnnexplain.diagnosis.fitting import Sizes
    from cnnexplain.operations import Shape


# How many times the smallest size is tried where all larger ones are said to fit.
_FURTHER = (3, 17)
# What most networks for photographs are trained on.
_USUAL = 224


@dataclass(frozen=True)
class Then(Operation):
    """Operations one after another, in the place of one.

    Attributes:
        parts: The operations.
    """

    parts: tuple[Operation, ...]

    def output_shape(self, *shapes: Shape) -> Shape:  # noqa: D102  # as Operation says
        for part in self.parts:
            shapes = (part.output_shape(*shapes),)
        return shapes[0]


@dataclass(frozen=True)
class Case:
    """A network tried on inputs, with the means to try it on others.

    Attributes:
        attempt: How far it came.
        again: Tries it on inputs of other shapes, and with other operations in layers' places.
    """

    attempt: Attempt
    again: Callable[[Sequence[Shape], Mapping[str, Operation]], Attempt]

    @property
    def failure(self) -> Failure:
        """What stopped it."""
        assert self.attempt.failure is not None
        return self.attempt.failure

    @property
    def modules(self) -> Mapping[str, str]:
        """The class of each module by its path."""
        return self.attempt.network.modules

    @property
    def input_shape(self) -> Shape:
        """The first input's shape, with the batch."""
        return self.attempt.shapes[0]

    @property
    def batch_size(self) -> int:
        """The number of inputs at once."""
        return self.input_shape[0]

    @cached_property
    def taken(self) -> tuple[Shape, ...]:
        """The shapes that the failing operation was given."""
        return tuple(self.attempt.values[number] for number in self.failure.inputs)

    @cached_property
    def network(self) -> Network:
        """The network up to what failed, and with it."""
        nodes = self.attempt.network.nodes
        failure = self.attempt.failure
        if failure is not None and failure.operation is not None:
            nodes = (*nodes, Node(failure.name, failure.operation, failure.inputs, 0))
        return replace(self.attempt.network, nodes=nodes)

    def maker(self, number: int) -> str:
        """Return the path of the layer that makes a value; empty for an input.

        Args:
            number: The value's number.
        """
        node = self.attempt.node(number)
        return "" if node is None else self.attempt.rows[node].name

    def before(self, number: int) -> int:
        """Return the value whose numbers a value has, before what changes no size.

        Args:
            number: The value's number.
        """
        node = self.attempt.node(number)
        while node is not None:
            row = self.attempt.rows[node]
            inputs = self.network.nodes[node].inputs
            if len(inputs) != 1 or row.output_shape != row.input_shape or row.parameters:
                break
            number = inputs[0]
            node = self.attempt.node(number)
        return number

    def widened(self, number: int, wanted: int) -> list[Cure]:
        """Return what gives the layer that makes a value another number of channels or features.

        Args:
            number: The value's number.
            wanted: The number of channels or features.
        """
        layers: dict[str, tuple[Layer, Layer]] = {}
        node = self.attempt.node(self.before(number))
        while node is not None and isinstance(self.attempt.rows[node].operation, BatchNorm):
            # What normalises the channels has to follow.
            row, norm = self.attempt.rows[node], self.attempt.rows[node].operation
            assert isinstance(norm, BatchNorm)
            layers[row.name] = norm, replace(norm, num_features=wanted)
            node = self.attempt.node(self.before(self.network.nodes[node].inputs[0]))
        made = None if node is None else self.attempt.rows[node].operation
        if node is None or not isinstance(made, Conv1d | Conv2d | Conv3d | Linear):
            return []
        argument = "out_features" if isinstance(made, Linear) else "out_channels"
        if wanted < 1 or wanted % getattr(made, "groups", 1):
            return []
        row = self.attempt.rows[node]
        wide: Layer = replace(made, **{argument: wanted})  # type: ignore[arg-type]
        layers = {row.name: (made, wide), **layers}
        cure = cures.changed(argument, layers, self.modules, wanted=wanted)
        runs = self.runs(instead={name: then for name, (_, then) in layers.items()})
        return [cure] if cure is not None and runs else []

    def flattening(self, number: int) -> tuple[int, int] | None:
        """Return what flattened a map into a value: its node, and the map's number.

        Args:
            number: The value's number.

        Returns:
            None if no map was flattened.
        """
        node = self.attempt.node(self.before(number))
        if node is None:
            return None
        row, made = self.attempt.rows[node], self.network.nodes[node]
        flat = isinstance(row.operation, Flatten | Reshape) and len(row.output_shape) == 2  # noqa: PLR2004
        if not flat or len(row.input_shape) < 3 or row.output_shape[0] != row.input_shape[0]:  # noqa: PLR2004
            return None
        return node, made.inputs[0]

    def runs(
        self, input_shape: Shape | None = None, instead: Mapping[str, Operation] | None = None
    ) -> bool:
        """Return whether the network runs with another input, or with other layers.

        Args:
            input_shape: The first input's shape; the same unless given.
            instead: The layers by their paths.
        """
        shapes = (input_shape or self.input_shape, *self.attempt.shapes[1:])
        try:
            tried = self.again(shapes, instead or {})
        except CnnExplainError:
            return False
        # A view(-1, n) lets anything run, with other rows than there are images.
        return tried.failure is None and keeps(tried)

    def sure(self, fits: Sequence[Sizes]) -> tuple[Sizes, ...]:
        """Return sizes that fit, if the whole network runs at their ends and not beyond them.

        Args:
            fits: The sizes that leave what a layer wants, for each axis of the picture.
        """
        shape = self.input_shape
        if not fits or len(fits) != len(shape) - 2:
            return ()
        # Where sizes recur, the first few may fit for another reason: what is 1 goes with anything.
        ends = [next(islice(each.stretches(), 1 if each.every else 0, None)) for each in fits]
        starts = [start for start, _ in ends]
        further = [[times * start for start in starts] for times in _FURTHER]
        lasts = [
            times if last is None else last
            for times, (_, last) in zip(further[0], ends, strict=True)
        ]
        below = [start - 1 for start in starts]
        above = [last + 1 for last in lasts]
        # What is said of all larger sizes is tried far beyond, and what is said of none as well.
        inside = all(
            self.runs((*shape[:2], *sizes))
            for sizes in (starts, lasts, *further)
            if all(size in each for size, each in zip(sizes, fits, strict=True))
        )
        outside = [below] if min(below) > 0 else []
        outside += [above] if None not in [last for _, last in ends] else []
        outside += [[times * last for last in lasts] for times in (2, 3)]
        beyond = any(
            self.runs((*shape[:2], *sizes))
            for sizes in outside
            if not all(size in each for size, each in zip(sizes, fits, strict=True))
        )
        return tuple(fits) if inside and not beyond else ()

    def sized(self, fits: Sequence[Sizes]) -> list[Cure]:
        """Return what brings the input to the nearest size that fits, if the network then runs.

        Args:
            fits: The sizes that fit, for each axis of the picture.
        """
        shape = self.input_shape
        if len(fits) != len(shape) - 2:
            return []
        sizes = [usual(each, size) for each, size in zip(fits, shape[2:], strict=True)]
        return cures.sized(shape, sizes) if self.runs((*shape[:2], *sizes)) else []

    def replaced(
        self, kind: str, name: str, now: Layer, then: Layer, **facts: int | str
    ) -> list[Cure]:
        """Return what puts another layer in a layer's place, if the network then runs.

        Args:
            kind: The cure's kind.
            name: The layer's path.
            now: What it is.
            then: What it should be.
            **facts: What the words speak of.
        """
        cure = cures.layer(kind, name, now, then, self.modules, **facts)
        return [cure] if cure is not None and self.runs(instead={name: then}) else []

    def place(self, node: int) -> Place | None:
        """Return the line that calls a node, or what failed.

        Args:
            node: The node's number.
        """
        if node == len(self.attempt.network.nodes):
            return self.failure.place
        return self.attempt.place(node)


def usual(sizes: Sizes, near: int) -> int:
    """Return the size that one would choose of those that fit.

    Args:
        sizes: The sizes that fit.
        near: The size that was given.

    Example:
        >>> from cnnexplain.diagnosis.fitting import Sizes
        >>> fits = Sizes((range(223, 255),))
        >>> usual(fits, 384), usual(fits, 28), usual(Sizes((range(32, 36),)), 64)
        (224, 224, 32)
    """
    found = sizes.nearest(near)
    # The smallest of the stretch that is nearest, of which no pixel goes unread.
    while not sizes.open and found - 1 in sizes:
        found -= 1
    most = found
    while not sizes.open and most < _USUAL and most + 1 in sizes:
        most += 1
    return most if most == _USUAL else found
