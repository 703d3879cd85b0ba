"""Exact receptive fields: which pixels a unit sees, followed back through the graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import gt
from typing import TYPE_CHECKING, Literal, TypeAlias

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.languages import shape as show
from cnnexplain.languages import text
from cnnexplain.operations.regions import Region, ends, every, union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.graph import Network
    from cnnexplain.operations import Shape
    from cnnexplain.operations.regions import Indices

Reason: TypeAlias = Literal["operation", "everything", "uneven", "border", "phase"]

# A unit may see a few parts of a value that no one box holds; beyond that they are taken as one.
_MOST_PARTS = 16


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """The pixels of the input that a unit sees, exactly.

    Attributes:
        unit: The unit's index along the last axes of its layer.
        intervals: The pixels from the first to the last along each axis of the picture, clipped to
            the picture; empty if the unit sees nothing but padding.
        exact: Whether rules told all of the way; where an operation has none, the unit is taken to
            see all of that operation's inputs.
        reason: Why it is not as large as the table says of the whole layer; None if it is.
    """

    unit: tuple[int, ...]
    intervals: tuple[range, ...]
    exact: bool
    reason: Reason | None = None

    @property
    def size(self) -> tuple[int, ...]:
        """The number of pixels from the first to the last along each axis."""
        return tuple(map(len, self.intervals))

    @property
    def note(self) -> str | None:
        """Why it is not as large as the table says, in the current language."""
        return text(f"field.{self.reason}") if self.reason else None


def reason(
    found: ReceptiveField, told: Shape | None, picture: Shape, *, everything: bool
) -> Reason | None:
    """Return why what a unit sees is not as large as the table says of its layer.

    Args:
        found: What the unit sees.
        told: What the table says; None if it says nothing.
        picture: The size of the picture.
        everything: Whether the layer is marked to see everything.

    Returns:
        `"operation"` if an operation has no rule, `"everything"` beyond the receptive field,
        `"uneven"` if units of the layer see differently shaped parts, `"border"` if the picture
        ends, `"phase"` if units see differently many pixels; None if it is as large.
    """
    if not found.exact:
        return "operation"
    if told is None:
        return "everything" if everything else "uneven"
    if found.size == told:
        return None
    if everything and any(map(gt, found.size, told)):
        return "everything"
    at_border = (
        interval.start == 0 or interval.stop == size
        for interval, size in zip(found.intervals, picture, strict=True)
    )
    return "border" if any(at_border) else "phase"


def receptive_field(
    network: Network,
    shapes: Sequence[Shape],
    value: int,
    unit: Sequence[int] | None = None,
    source: int = 0,
) -> ReceptiveField:
    """Return what a unit sees of one of the network's inputs.

    What constants hide, such as a mask that is the same for every input, is not followed.

    Args:
        network: The network.
        shapes: The shape of each value: the inputs, then what each node makes.
        value: The number of the value that the unit belongs to.
        unit: The unit's index along the last axes; the middle of the map unless given.
        source: The number of the input.

    Raises:
        ArgumentError: If there is no such unit or input.

    Example:
        >>> from cnnexplain import networks, trace
        >>> alexnet = trace(networks.alexnet())
        >>> alexnet.receptive_field("pool5", unit=(0, 0)).intervals
        (range(0, 131), range(0, 131))
    """
    inputs = len(shapes) - len(network.nodes)
    if not 0 <= whole("input", source, 0) < inputs:
        raise ArgumentError(f"input between 0 and {inputs - 1}", f"input={source}", "write input=0")
    chosen = _unit(unit, shapes[value])
    region = _region(chosen, shapes[value])
    found, exact = _followed(network, shapes, {value: [region]})
    picture = range(2, len(shapes[source]))
    intervals = []
    for axis in picture:
        seen = [end for part in found.get(source, ()) for end in ends(part[axis])]
        intervals.append(range(min(seen), max(seen) + 1) if seen else range(0))
    return ReceptiveField(chosen, tuple(intervals), exact)


def _unit(unit: Sequence[int] | None, shape: Shape) -> tuple[int, ...]:
    if unit is None:
        return tuple(size // 2 for size in shape[2:])
    listed = isinstance(unit, tuple | list)
    if not listed or len(unit) >= len(shape):
        raise ArgumentError(
            f"unit with at most {len(shape) - 1} indices, for the last axes of {show(shape)}",
            f"unit={shown(unit)}",
            "write for example unit=(0, 0)",
        )
    sizes = shape[len(shape) - len(unit) :]
    for index, size in zip(unit, sizes, strict=True):
        if whole("unit", index, 0) >= size:
            raise ArgumentError(
                f"indices below {show(sizes)}",
                f"unit={shown(unit)}",
                f"use at most unit={tuple(each - 1 for each in sizes)}: units count from 0",
            )
    return tuple(map(int, unit))


def _region(unit: tuple[int, ...], shape: Shape) -> Region:
    """Return the unit's place in the first sample, over all axes that it has no index for."""
    if len(shape) == len(unit):
        return tuple(range(index, index + 1) for index in unit)
    between = shape[1 : len(shape) - len(unit)]
    places = (range(index, index + 1) for index in unit)
    return (range(1), *map(range, between), *places)


def read(
    network: Network, shapes: Sequence[Shape], values: Sequence[int], source: int = 0
) -> tuple[tuple[Indices, ...], bool]:
    """Return what some values read of one of the network's inputs, all of their units together.

    Args:
        network: The network.
        shapes: The shape of each value: the inputs, then what each node makes.
        values: The numbers of the values.
        source: The number of the input.

    Returns:
        The pixels along each axis of the picture, and whether rules told all of the way; where an
        operation has none, it is taken to read all of its inputs.

    Example:
        The last pixel does not fill a window of its own:

        >>> from cnnexplain import source
        >>> pool = source.read("nn.Sequential(nn.MaxPool2d(2))")
        >>> read(pool, [(1, 3, 7, 8), (1, 3, 3, 4)], values=[1])
        ((range(0, 6), range(0, 8)), True)
    """
    wanted = {value: [every(shapes[value])] for value in values}
    found, exact = _followed(network, shapes, wanted)
    nothing: tuple[Indices, ...] = (range(0),) * (len(shapes[source]) - 2)
    parts = [nothing, *(part[2:] for part in found.get(source, ()))]
    return tuple(reduce(union, axis) for axis in zip(*parts, strict=True)), exact


def _followed(
    network: Network, shapes: Sequence[Shape], wanted: dict[int, list[Region]]
) -> tuple[dict[int, list[Region]], bool]:
    """Return the parts of each input that are seen, and whether rules told all of the way.

    What parts of values see replaces these in `wanted`.
    """
    first = len(shapes) - len(network.nodes)
    exact = True
    for number in range(max(wanted, default=first), first - 1, -1):
        parts = wanted.pop(number, [])
        node = network.nodes[number - first]
        taken = [shapes[index] for index in node.inputs]
        exact = exact and (not parts or node.operation.origin == "rule")
        for part in parts:
            found = node.operation.seen(part, *taken)
            for index, seen in zip(node.inputs, found, strict=True):
                if all(seen):
                    wanted[index] = _added(wanted.get(index, []), seen)
    return wanted, exact


def _added(parts: list[Region], part: Region) -> list[Region]:
    """Return parts with one more, leaving out what lies in another."""
    if any(_covers(other, part) for other in parts):
        return parts
    kept = [other for other in parts if not _covers(part, other)]
    kept.append(part)
    if len(kept) > _MOST_PARTS:
        return [tuple(reduce(union, axis) for axis in zip(*kept, strict=True))]
    return kept


def _covers(one: Region, other: Region) -> bool:
    return all(
        a == b
        or (
            b.start >= a.start and b.stop <= a.stop
            if isinstance(a, range) and isinstance(b, range)
            else all(each in a for each in b)
        )
        for a, b in zip(one, other, strict=True)
    )
