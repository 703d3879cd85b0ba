"""Diagonal lines over an area, by which a colour is known without the colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.figures.svg import decimal, element, rectangle

if TYPE_CHECKING:
    from collections.abc import Sequence

_EVERY = 9.0
_SHORTEST = 1.0  # what is thinner than this shows no pattern


def diagonals(place: tuple[float, float, float, float], every: float = _EVERY) -> str:
    """Return lines that rise to the right inside an area as path data.

    Args:
        place: Where the area starts, across and down, its width and its height.
        every: The distance from one line to the next, across.

    Example:
        >>> diagonals((0, 0, 4, 4), every=4)
        'M0 4l4-4'
    """
    x, y, width, height = place
    if min(width, height) < _SHORTEST:
        return ""
    data, at = [], every
    # A line is where across plus up is constant; it starts at the left or at the lower edge.
    while at < width + height:
        first, last = max(0.0, at - height), min(at, width)
        length = decimal(round(last - first, 1))
        start = f"{decimal(round(x + first, 1))} {decimal(round(y + at - first, 1))}"
        data.append(f"M{start}l{length}-{length}")
        at += every
    return "".join(data)


def dense(places: Sequence[tuple[float, float, float, float]], every: float = _EVERY) -> str:
    """Draw areas of weights of fully connected layers: gold, and hatched.

    Args:
        places: Where each starts, across and down, its width and its height.
        every: The distance from one line to the next, across.
    """
    filled = "".join(rectangle("cx-dense cx-dense-line", place) for place in places)
    lines = "".join(diagonals(place, every) for place in places)
    if not lines:
        return filled
    return filled + element("path", class_="cx-dense-line", d=lines, stroke_opacity=".4")
