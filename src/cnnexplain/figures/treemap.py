"""A rectangle cut into rectangles whose areas are given: the parts of a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Place: TypeAlias = "tuple[float, float, float, float]"


def squarified(sizes: Sequence[int], place: Place) -> list[Place]:
    """Cut a rectangle into parts of given sizes, each as close to a square as may be.

    The algorithm is that of Bruls, Huizing and van Wijk, "Squarified treemaps", 2000.

    Args:
        sizes: The size of each part, above 0.
        place: Where the rectangle starts, across and down, its width and its height.

    Returns:
        Where each part starts, its width and its height, in the order of the sizes.

    Example:
        >>> squarified([3, 1], (0.0, 0.0, 4.0, 2.0))
        [(0.0, 0.0, 3.0, 2.0), (3.0, 0.0, 1.0, 2.0)]
    """
    order = sorted(range(len(sizes)), key=lambda at: -sizes[at])
    x, y, width, height = place
    area = width * height / sum(sizes)
    found: dict[int, Place] = {}
    start = 0
    while start < len(order):
        side = min(width, height)
        stop = start + 1
        while stop < len(order) and _worst(sizes, order[start : stop + 1], side, area) <= _worst(
            sizes, order[start:stop], side, area
        ):
            stop += 1
        line = order[start:stop]
        depth = sum(sizes[at] for at in line) * area / side
        along = 0.0
        for at in line:
            length = sizes[at] * area / depth
            if width >= height:
                found[at] = x, y + along, depth, length
            else:
                found[at] = x + along, y, length, depth
            along += length
        if width >= height:
            x, width = x + depth, width - depth
        else:
            y, height = y + depth, height - depth
        start = stop
    return [found[at] for at in range(len(sizes))]


def _worst(sizes: Sequence[int], line: Sequence[int], side: float, area: float) -> float:
    """Return the proportion of the part of a line that is least like a square."""
    depth = sum(sizes[at] for at in line) * area / side
    lengths = [sizes[at] * area / depth for at in line]
    return max(max(length / depth, depth / length) for length in lengths)
