"""Names as users give them: any text at all, cleaned once, and shortened where there is no room."""

from __future__ import annotations

import unicodedata

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.figures.svg import text_width

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
    if text_width(text, size, bold=bold) <= width:
        return text
    kept = text[:_LONGEST]
    while kept and text_width(f"{kept}…", size, bold=bold) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


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
    if text_width(words, size, bold=bold) <= width:
        return words
    kept = min(len(words), _LONGEST)
    while kept and text_width(_without_middle(words, kept), size, bold=bold) > width:
        kept -= 1
    return _without_middle(words, kept)


def _without_middle(words: str, kept: int) -> str:
    after = kept // 2
    return f"{words[: kept - after]}…{words[len(words) - after :]}"
