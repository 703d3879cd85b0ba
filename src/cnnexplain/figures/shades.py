"""The weights of one kernel: each has its own shade and its own letter, wherever it stands."""

from __future__ import annotations

from string import ascii_letters
from typing import TYPE_CHECKING

from cnnexplain.figures.svg import decimal, element

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.figures.arrays import Cells

# As many weights have a letter of their own.
MOST_WEIGHTS = len(ascii_letters)
# Between the shades that black can be read on and those for white there is a gap, and the pale
# shades end where three quarters of the weights do.
_PALE, _FULL = (0.14, 0.66), (0.9, 1.0)
_PALE_PART = 0.78
# The classes of what is written on pale shades, and on full ones.
INKS = ((False, "cx-on-low"), (True, "cx-on-high"))


def letter(index: int) -> str:
    """Return a weight's letter.

    Args:
        index: The weight's index in its kernel.

    Example:
        >>> letter(0), letter(26)
        ('a', 'A')
    """
    return ascii_letters[index]


def opacity(index: int, count: int) -> float:
    """Return how opaque a weight's shade is.

    Args:
        index: The weight's index in its kernel.
        count: The number of weights.

    Example:
        >>> [round(opacity(index, 9), 2) for index in range(9)]
        [0.14, 0.22, 0.31, 0.39, 0.47, 0.56, 0.64, 0.94, 1.0]
    """
    part = index / max(count - 1, 1)
    if part <= _PALE_PART:
        return _between(_PALE, part / _PALE_PART)
    return _between(_FULL, (part - _PALE_PART) / (1 - _PALE_PART))


def is_full(index: int, count: int) -> bool:
    """Return whether a weight's shade is one of those that text in the paper's colour stands on.

    Args:
        index: The weight's index in its kernel.
        count: The number of weights.
    """
    return opacity(index, count) >= _FULL[0]


def shaded(cells: Cells, places: Iterable[tuple[int, int, int]], count: int) -> str:
    """Draw weights, each in its shade.

    Args:
        cells: The cells that they stand in.
        places: The weights: row, column, and the index in the kernel.
        count: The number of the kernel's weights.
    """
    boxes: dict[int, list[str]] = {}
    for row, column, index in places:
        boxes.setdefault(index, []).append(cells.box(row, column))
    return "".join(
        element(
            "path",
            class_="cx-weight",
            d="".join(outlines),
            fill_opacity=decimal(opacity(index, count)),
        )
        for index, outlines in sorted(boxes.items())
    )


def _between(ends: tuple[float, float], part: float) -> float:
    return ends[0] + part * (ends[1] - ends[0])
