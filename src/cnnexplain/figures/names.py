"""Names as users give them: any text at all, cleaned once, and shortened where there is no room."""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.figures.svg import text_width

if TYPE_CHECKING:
    from collections.abc import Callable

# What no XML can hold, or what would turn the text around it.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
_NO_TEXT = ("Cc", "Cs", "Cn", "Zl", "Zp")
# A sentence with a longer name is no sentence.
_LONGEST = 200


def named(argument: str, value: object) -> str:
    r"""Return a name as it can be written: on one line, without characters that are no text.

    Args:
        argument: What the argument is called.
        value: What the user gave.

    Raises:
        ArgumentError: If it is no text, or nothing is left of it.

    Example:
        >>> named("name", "Egyptian\n cat")
        'Egyptian cat'
    """
    if isinstance(value, str):
        clean = " ".join(
            "".join(
                " " if each in _TURNING or unicodedata.category(each) in _NO_TEXT else each
                for each in value[:_LONGEST]
            ).split()
        )
        if clean:
            return clean + "…" * (len(value) > _LONGEST)
    raise ArgumentError(
        f"{argument} as a text that is not empty",
        f"{argument}={shown(value)}",
        f'write for example {argument}="espresso"',
    )


def shortened(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return as much of a text as has room, and an ellipsis for the rest.

    Args:
        text: The text.
        size: The font's size.
        width: The room.
        bold: Whether the text is bold.

    Example:
        >>> shortened("chocolate sauce", 10, 60)
        'chocolate…'
    """
    return _fitted(text, _without_end, partial(_fits, size=size, width=width, bold=bold))


def cut(words: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return a name that fits a width: what does not is left out in its middle.

    Args:
        words: The name.
        size: The font's size.
        width: The width.
        bold: Whether the text is bold.

    Example:
        >>> cut("encoder.layer4.2.conv3", 10, 84)
        'encoder….conv3'
    """
    return _fitted(words, _without_middle, partial(_fits, size=size, width=width, bold=bold))


def _fits(text: str, size: float, width: float, *, bold: bool) -> bool:
    return text_width(text, size, bold=bold) <= width


def _fitted(text: str, left: Callable[[str, int], str], fits: Callable[[str], bool]) -> str:
    """Return a text, or as many of its characters as fit."""
    if fits(text):
        return text
    lengths = range(min(len(text), _LONGEST), 0, -1)
    return left(text, next((kept for kept in lengths if fits(left(text, kept))), 0))


def _without_end(text: str, kept: int) -> str:
    return f"{text[:kept].rstrip()}…"


def _without_middle(words: str, kept: int) -> str:
    after = kept // 2
    return f"{words[: kept - after]}…{words[len(words) - after :]}"
