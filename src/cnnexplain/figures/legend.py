"""What stands around the pictures of a heatmap figure: its heading, their names, its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.figures import heat_words
from cnnexplain.figures.names import shortened
from cnnexplain.figures.svg import HALF, MARGIN, SMALL_SIZE, WIDTH, box, element, label, wrap
from cnnexplain.languages import LANGUAGES, current, language, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.figures.cells import Grid

# A text, and what draws its mark into a square at a place.
Key: TypeAlias = "tuple[str, Callable[[float, float], str]]"

LEFT = MARGIN + HALF
ROOM = WIDTH - 2 * LEFT
_GAP = 16
HALF_ROOM = (ROOM - _GAP) / 2
RIGHT = LEFT + HALF_ROOM + _GAP  # where the second of two pictures starts
FIRST_LINE = 22.0  # the title's baseline
NAMED = 54  # the room above a picture: its name, and what is said of it
BAR = 44  # the room of a colour bar with its numbers
# No picture is taller than this, whatever the image's proportions: beside another one, and alone.
TALLEST, TALLEST_ALONE = 300, 420

WORDS = LEFT + 24  # where the words of the key start
_LINE = 22  # from one line of small text to the next
_SWATCH = 16
KEY_LINE = 24


def heading(key: str, shown: Grid, name: str | None = None) -> tuple[str, float]:
    """Write what a figure shows: its title, and under it the class, the windows and cells.

    Args:
        key: The label of the title.
        shown: The windows.
        name: What the class is called.

    Returns:
        The drawing, and the last baseline, which is the same in every language.
    """
    parts = [label(MARGIN, FIRST_LINE, text(f"figure.heatmap.{key}"), "cx-title")]
    called = [shortened(name, SMALL_SIZE, ROOM / 2)] if name else []
    most = 0
    for code in (*LANGUAGES, current()):
        with language(code):
            comma = text("figure.comma")
            lines = wrap([*called, *heat_words.parameters(shown)], comma, SMALL_SIZE, ROOM)
        most = max(most, len(lines))
    for at, line in enumerate(lines, 1):
        parts.append(label(MARGIN, FIRST_LINE + at * _LINE, line, "cx-small"))
    return "".join(parts), FIRST_LINE + most * _LINE


def named(x: float, top: float, name: str, more: str, role: str) -> str:
    """Write a picture's name above it, and what is said of it.

    Args:
        x: Where the picture starts.
        top: Where it starts, down.
        name: Its name.
        more: What is said of it.
        role: The role whose colour the name has.
    """
    return label(x, top - 28, name, f"cx-{role}-ink") + label(x, top - 8, more, "cx-small")


def below(keys: Sequence[Key], y: float) -> tuple[str, int]:
    """Draw the key, one line for each mark.

    Args:
        keys: The marks with their texts.
        y: Where everything above ends.

    Returns:
        The drawing, and the figure's height.
    """
    parts = []
    y += 2
    for words, mark in keys:
        y += KEY_LINE
        parts.append(mark(LEFT, y - 13))
        parts.append(label(WORDS, y, words, "cx-small"))
    return "".join(parts), round(y + 12)


def window_swatch(x: float, y: float) -> str:
    """Draw a window around a cell."""
    cell = box(x + 5, y + 5, _SWATCH - 10, _SWATCH - 10)
    return element("path", class_="cx-window", d=box(x, y, _SWATCH, _SWATCH)) + element(
        "path", class_="cx-score cx-tie", d=cell
    )


def cell_swatch(x: float, y: float) -> str:
    """Draw the mark of a cell that lies elsewhere."""
    return element("path", class_="cx-shift", d=box(x, y, _SWATCH, _SWATCH), stroke_width=3)


def exact_swatch(x: float, y: float) -> str:
    """Draw the outline of cells that are exact."""
    return element("path", class_="cx-exact", d=box(x, y, _SWATCH, _SWATCH))


def rounding_swatch(x: float, y: float) -> str:
    """Draw a cell without an error."""
    return element("path", class_="cx-paper cx-error-line", d=box(x, y, _SWATCH, _SWATCH))


def hatch_swatch(x: float, y: float) -> str:
    """Draw a cell with an error, as it is where there are no numbers."""
    cell = element("path", class_="cx-error", d=box(x, y, _SWATCH, _SWATCH), fill_opacity=".5")
    third = _SWATCH / 3
    data = "".join(
        f"M{x + max(at - _SWATCH, 0):.4g} {y + min(at, _SWATCH):.4g}"
        f"l{min(at, 2 * _SWATCH - at):.4g}-{min(at, 2 * _SWATCH - at):.4g}"
        for at in (third * each for each in range(1, 6))
    )
    return cell + element("path", class_="cx-hatch", d=data, stroke_width=0.75)


def ring_swatch(x: float, y: float) -> str:
    """Draw the point of an error that is rounding."""
    return ring(x + _SWATCH / 2, y + _SWATCH / 2)


def ring(x: float, y: float) -> str:
    """Draw the point of an error that is rounding, about a place."""
    return element("circle", class_="cx-paper cx-exact", cx=x, cy=y, r=5.0)


def shift_swatch(x: float, y: float) -> str:
    """Draw the distance of two places."""
    data = f"M{x} {y + 2}v12m0-6h{_SWATCH}m0-6v12"
    return element("path", class_="cx-shift", d=data, stroke_width=2)
