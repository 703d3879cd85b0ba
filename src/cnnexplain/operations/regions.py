"""Exact sets of units: for each axis of a value, the indices that are meant."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Shape: TypeAlias = tuple[int, ...]
# A run of indices is kept as a range, so that whole axes cost nothing.
Indices: TypeAlias = range | frozenset[int]
Region: TypeAlias = tuple[Indices, ...]


def every(shape: Shape) -> Region:
    """Return all units of a value.

    Args:
        shape: The value's shape.
    """
    return tuple(map(range, shape))


def indices(found: Iterable[int]) -> Indices:
    """Return indices as a range where they are a run.

    Args:
        found: The indices.

    Example:
        >>> indices([3, 1, 2])
        range(1, 4)
    """
    chosen = frozenset(found)
    if not chosen:
        return range(0)
    run = range(min(chosen), max(chosen) + 1)
    return run if len(run) == len(chosen) else chosen


def union(one: Indices, other: Indices) -> Indices:
    """Return the indices that are in either.

    Args:
        one: Some indices.
        other: Some more.

    Example:
        >>> union(range(3), range(2, 6))
        range(0, 6)
    """
    if one == other or not other:
        return one
    if not one:
        return other
    if isinstance(one, range) and isinstance(other, range):
        left, right = sorted((one, other), key=lambda each: each.start)
        if right.start <= left.stop:
            return range(left.start, max(left.stop, right.stop))
    return indices([*one, *other])


def ends(one: Indices) -> tuple[int, int]:
    """Return the first and the last of some indices.

    Args:
        one: At least one index.
    """
    return (one[0], one[-1]) if isinstance(one, range) else (min(one), max(one))


def within(one: Indices, size: int) -> Indices:
    """Return the indices that exist on an axis.

    Args:
        one: The indices.
        size: The axis's size.
    """
    if isinstance(one, range):
        start = max(one.start, 0)
        return range(start, max(start, min(one.stop, size)))
    return indices(each for each in one if 0 <= each < size)


def unravelled(region: Region, shape: Shape, origin: Shape) -> Region:
    """Return where a region of a value lies in the value that it was reshaped from.

    Args:
        region: The region.
        shape: The value's shape.
        origin: The shape that it had before.

    Returns:
        The smallest region that holds all of it.

    Example:
        >>> unravelled((range(1), frozenset({7})), (1, 18), (1, 2, 3, 3))
        (range(0, 1), range(0, 1), range(2, 3), range(1, 2))
    """
    found: list[Indices] = []
    for before, after in _groups(origin, shape):
        parts = region[after.start : after.stop]
        sizes, wanted = shape[after.start : after.stop], origin[before.start : before.stop]
        if sizes == wanted:
            found += parts
        elif all(len(part) == size for part, size in zip(parts, sizes, strict=True)):
            found += every(wanted)
        else:
            found += _unravelled(parts, sizes, wanted)
    return tuple(found)


def _unravelled(parts: Sequence[Indices], sizes: Shape, wanted: Shape) -> list[Indices]:
    places = [0]
    for part, size in zip(parts, sizes, strict=True):
        places = [place * size + index for place in places for index in part]
    found = []
    for index, size in enumerate(wanted):
        below = prod(wanted[index + 1 :])
        found.append(indices(place // below % size for place in places))
    return found


def _groups(before: Shape, after: Shape) -> list[tuple[range, range]]:
    """Return runs of axes that hold the same values in both shapes, as short as can be."""
    groups = []
    i = j = 0
    while i < len(before) or j < len(after):
        start_i, start_j = i, j
        left = right = 1
        while True:
            if left <= right and i < len(before) and (left < right or i == start_i):
                left *= before[i]
                i += 1
            elif j < len(after) and (right < left or j == start_j):
                right *= after[j]
                j += 1
            else:
                break
            if left == right and i > start_i and j > start_j:
                break
        groups.append((range(start_i, i), range(start_j, j)))
    return groups
