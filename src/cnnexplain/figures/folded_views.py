"""Views of what a layer folds into, to scale: its matrix, a kernel, and maps from the front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.figures.arrays import Cells
from cnnexplain.figures.colours import widest
from cnnexplain.figures.sheet import ROOM
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    box,
    decimal,
    element,
    label,
    text_width,
)
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.operations import Shape

_WIDE = ROOM - 1
_TALLEST = 120  # a matrix
_AT = 0.3  # where the chosen row is, as a part of the matrix
_ZOOM = 46  # between a matrix and the kernel that one of its rows folds into
_NAME, _ABOVE, _LINE = 26, 10, 22
_FACE = 36  # the highest face of a box
_SLANT = 0.5  # how far a box goes back, by its depth
_LARGEST_CELL, _GRIDDED, _SMALLEST_CELL, _TALLEST_MAP = 12, 4, 0.05, 168
_GAP, _APART = 34, 16  # between a map and its outputs; between two texts at least


def zoomed(
    y: float, rows: int, columns: int, kernel: Shape, words: Callable[[], str]
) -> tuple[str, float]:
    """Draw a matrix, and lines from one of its rows to the kernel that stands below.

    Args:
        y: Where it starts.
        rows: The number of its rows.
        columns: The number of its columns.
        kernel: The kernel's channels, height and width.
        words: Returns what is said of the row in the current language.

    Returns:
        The drawing, and its height.
    """
    scale = min(_WIDE / columns, _TALLEST / rows)
    wide, tall = max(columns * scale, 2.0), max(rows * scale, 2.0)
    left, at = MARGIN + HALF, y + tall * _AT
    bottom = y + tall + _ZOOM
    end = (kernel[0] + _SLANT * kernel[2]) * _scale(kernel)
    ties = (
        f"M{decimal(left)} {decimal(at)}L{decimal(left)} {decimal(bottom)}"
        f"M{decimal(left + wide)} {decimal(at)}L{decimal(left + end)} {decimal(bottom)}"
    )
    ground = box(left + 8, y + tall + 6, widest(words, SMALL_SIZE) + 8, 22)
    return (
        "".join(
            (
                element("path", class_="cx-dense cx-dense-line", d=box(left, y, wide, tall)),
                element("path", class_="cx-tie", d=ties),
                # One row is thinner than any line.
                element(
                    "path", class_="cx-window", d=f"M{decimal(left)} {decimal(at)}h{decimal(wide)}"
                ),
                element("path", class_="cx-paper", d=ground),
                label(left + 12, y + tall + 22, words(), "cx-small"),
            )
        ),
        tall + _ZOOM,
    )


def rods(y: float, kernel: Shape, names: Sequence[str]) -> tuple[str, float]:
    """Draw a kernel and the map that it reads as boxes: channels go to the right.

    Args:
        y: Where they start.
        kernel: Channels, height and width of both.
        names: What they are called.
    """
    _, height, width = kernel
    scale = _scale(kernel)
    face = height + _SLANT * width
    parts = []
    top = y
    for name, role in zip(names, ("conv", "input"), strict=True):
        parts.append(_box(top, kernel, scale, role))
        top += face * scale + 18
        parts.append(label(MARGIN, top, name, f"cx-{role}-ink"))
        top += 14
    return "".join(parts), top - y


def _scale(kernel: Shape) -> float:
    """Return the units of the drawing that a cell takes, of a kernel as a box."""
    channels, height, width = kernel
    slant = _SLANT * width
    return min(_WIDE / (channels + slant), _FACE / (height + slant))


def _box(y: float, size: Shape, scale: float, role: str) -> str:
    channels, height, width = (each * scale for each in size)
    back = width * _SLANT
    left, front = MARGIN + HALF, y + back
    top = f"M{decimal(left)} {decimal(front)}l{decimal(back)} {decimal(-back)}h{decimal(channels)}"
    side = f"l{decimal(-back)} {decimal(back)}v{decimal(height)}l{decimal(back)} {decimal(-back)}"
    outline = f"{top}v{decimal(height)}l{decimal(-back)} {decimal(back)}h{decimal(-channels)}z"
    edges = (
        f"M{decimal(left)} {decimal(front)}h{decimal(channels)}"
        f"M{decimal(left + channels + back)} {decimal(y)}{side}"
    )
    return element("path", class_=f"cx-{role} cx-{role}-line", d=outline) + element(
        "path", class_=f"cx-{role}-line", d=edges
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """A map from the front, and the outputs of the kernels on it.

    Attributes:
        name: What they belong to.
        map: The map's channels, rows and columns.
        outputs: The outputs' channels, rows and columns.
    """

    name: str
    map: Shape
    outputs: Shape


def front(y: float, kernel: Shape, pairs: Sequence[Pair]) -> tuple[str, float]:
    """Draw maps from the front, to one scale, each with a kernel on it and the kernel's outputs.

    Args:
        y: Where they start.
        kernel: The kernel's height and width.
        pairs: The maps.
    """
    names = y + _NAME
    top = names + _LINE + _ABOVE + HALF
    tallest = max(pair.map[1] for pair in pairs)
    unit = min(float(_LARGEST_CELL), _TALLEST_MAP / tallest)
    placed = _placed(top, unit, pairs)
    # Names need their room however small the cells are.
    while (
        unit > _SMALLEST_CELL
        and placed[-1][1].x + _room(pairs[-1].outputs, placed[-1][1]) > MARGIN + ROOM
    ):
        # Whole units keep lines crisp; where they are too large, what fits.
        unit = unit - 1 if unit > _GRIDDED else unit * 0.9
        placed = _placed(top, unit, pairs)
    parts = []
    for pair, (grid, outputs) in zip(pairs, placed, strict=True):
        x = grid.x - HALF
        parts.append(label(x, names, pair.name, "cx-small"))
        parts.append(label(x, names + _LINE, shape(pair.map), "cx-input-ink"))
        parts.append(label(outputs.x - HALF, names + _LINE, shape(pair.outputs), "cx-output-ink"))
        parts += [_cells(grid, "input"), _cells(outputs, "output")]
        parts.append(label((grid.right + outputs.x) / 2, top + 20, "→", "cx-middle"))
        window = grid.box(0, 0, *kernel) + outputs.box()
        parts.append(element("path", class_="cx-window", d=window))
    return "".join(parts), top + tallest * unit + 4 - y


def _placed(top: float, unit: float, pairs: Sequence[Pair]) -> list[tuple[Cells, Cells]]:
    """Place the maps and their outputs side by side, for cells of a size."""
    placed, x = [], MARGIN + HALF
    for pair in pairs:
        grid = Cells(x, top, unit, *pair.map[1:])
        right = x + max(_room(pair.map, grid), grid.width + _GAP - _APART) + _APART
        outputs = Cells(round(right) + HALF, top, unit, *pair.outputs[1:])
        placed.append((grid, outputs))
        x = round(outputs.x + max(_room(pair.outputs, outputs), 0) + _APART) + HALF
    return placed


def _room(size: Shape, cells: Cells) -> float:
    """Return how wide cells are, with their shape above them."""
    words = shape(size)
    # In many fonts, × is wider than a digit.
    return max(cells.width, text_width(words, LABEL_SIZE, bold=True) + 2 * words.count("×"))


def _cells(cells: Cells, role: str) -> str:
    lines = cells.lines() if cells.unit >= _GRIDDED else cells.whole
    return element("path", class_=f"cx-{role}", d=cells.whole) + element(
        "path", class_=f"cx-{role}-line", d=lines
    )
