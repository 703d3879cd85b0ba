"""A figure from top to bottom: its heading, its drawings, its formulas, its key.

What stands on a sheet is as high in every language: where one of them needs two lines, all of them
have the room, so that a figure has the same geometry in each.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.figures.svg import (
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    WIDTH,
    label,
    text_width,
    wrap,
)
from cnnexplain.languages import LANGUAGES, language, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOM = WIDTH - 2 * MARGIN
# A mark in the key, and what draws it into a square of this size at a place.
SWATCH = 16
Mark: TypeAlias = "tuple[Callable[[], str], Callable[[float, float], str]]"

_FIRST = 22.0  # the title's baseline
_LINE = 22  # from one line of small text to the next
_FORMULA_LINE = 25
_KEY_LINE = 24
_BOTTOM = 12
# No line begins with these, and none ends with the others.
_CLOSING, _OPENING = "、。，．）」』】〕…：；！？ーっゃゅょッャュョ）,.;:!?)%", "（「『【〔("


@dataclass
class Sheet:
    """A figure in the making.

    Attributes:
        y: Where what has been set so far ends: a baseline, or the end of a drawing.
        parts: What has been drawn so far.
    """

    y: float = 0.0
    parts: list[str] = field(default_factory=list)

    def title(self, make: Callable[[], str]) -> None:
        """Set the figure's heading.

        Args:
            make: Returns it in the current language.
        """
        self.y = _FIRST - _LINE
        self._set(lambda: sentence(make(), 17, ROOM, bold=True), _LINE, "cx-title")

    def phrases(self, make: Callable[[], Sequence[str]]) -> None:
        """Set short phrases, such as parameters, one after the other.

        Args:
            make: Returns them in the current language.
        """
        self._set(lambda: wrap(make(), text("figure.comma"), SMALL_SIZE, ROOM), _LINE, "cx-small")

    def words(self, make: Callable[[], str], class_: str = "cx-small") -> None:
        """Set a sentence on as many lines as it needs.

        Args:
            make: Returns it in the current language.
            class_: The class of its lines.
        """
        self._set(lambda: sentence(make(), SMALL_SIZE, ROOM), _LINE, class_)

    def formula(self, make: Callable[[], Sequence[tuple[str, str]]]) -> None:
        """Set a formula; where it is too long for a line, its first piece gets one of its own.

        Args:
            make: Returns its pieces in the current language, each with its role or `""`.
        """

        def lines() -> list[Sequence[tuple[str, str]]]:
            pieces = make()
            width = text_width("".join(piece for piece, _ in pieces), LABEL_SIZE)
            fits = width <= ROOM or len(pieces) == 1
            return [pieces] if fits else [pieces[:1], pieces[1:]]

        most = most_lines(lines)
        for at, line in enumerate(lines(), 1):
            pieces = [(piece, role and f"cx-{role}-ink") for piece, role in line]
            self.parts.append(label(MARGIN, self.y + at * _FORMULA_LINE, pieces))
        self.y += most * _FORMULA_LINE

    def key(self, marks: Sequence[Mark]) -> None:
        """Explain marks, as many on a line as there is room for.

        Args:
            marks: What each mark means, in the current language, and what draws it.
        """

        def rows() -> list[list[tuple[float, str, Callable[[float, float], str]]]]:
            found: list[list[tuple[float, str, Callable[[float, float], str]]]] = []
            x = float(WIDTH)
            for make, mark in marks:
                name = make()
                width = SWATCH + 6 + text_width(name, SMALL_SIZE)
                if x + width > WIDTH - MARGIN:
                    found.append([])
                    x = float(MARGIN)
                found[-1].append((x, name, mark))
                x += width + 14
            return found

        if not marks:
            return
        self.y += 6
        most = most_lines(rows)
        for at, row in enumerate(rows(), 1):
            y = self.y + at * _KEY_LINE
            for x, name, mark in row:
                self.parts.append(mark(x, y - 13))
                self.parts.append(label(x + SWATCH + 6, y, name, "cx-small"))
        self.y += most * _KEY_LINE

    def draw(self, drawing: str, height: float) -> None:
        """Add a drawing that starts at `y`.

        Args:
            drawing: The drawing.
            height: How far down it goes.
        """
        self.parts.append(drawing)
        self.y += height

    @property
    def drawing(self) -> str:
        """All that stands on the sheet."""
        return "".join(self.parts)

    @property
    def height(self) -> int:
        """The figure's height."""
        return round(self.y + _BOTTOM)

    def _set(self, make: Callable[[], Sequence[str]], line: float, class_: str) -> None:
        most = most_lines(make)
        for at, each in enumerate(make(), 1):
            self.parts.append(label(MARGIN, self.y + at * line, each, class_))
        self.y += most * line


def sentence(content: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """Break a sentence into lines: between words, and in Japanese between characters.

    Args:
        content: The sentence.
        size: The font's size.
        width: The width of a line.
        bold: Whether the text is bold.

    Example:
        >>> sentence("one weight for each pair", 10, 80)
        ['one weight', 'for each pair']
    """
    lines = [""]
    for word in _words(content):
        if lines[-1] and text_width((lines[-1] + word).rstrip(), size, bold=bold) > width:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip(" ")
    return [line.rstrip(" ") for line in lines]


def most_lines(make: Callable[[], Sequence[object]]) -> int:
    """Return how many lines something takes in the language that needs most.

    Args:
        make: Returns the lines in the current language.
    """
    found = []
    for code in LANGUAGES:
        with language(code):
            found.append(len(make()))
    return max(found)


def _words(content: str) -> list[str]:
    """Return what no line end may fall into, each with the space before it."""
    words: list[str] = []
    for character in content:
        wide = unicodedata.east_asian_width(character) in "WF"
        before = words[-1][-1] if words else ""
        glued = (
            before in _OPENING
            or character in _CLOSING
            or (character != " " and before == " ")
            or not (wide or character == " " or unicodedata.east_asian_width(before) in "WF")
        )
        if words and glued:
            words[-1] += character
        else:
            words.append(character)
    return words
