"""Characters as a terminal shows them: which are seen, and how wide they are."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

# Characters that are seen and take one column of a terminal, whatever stands beside them: what
# nearly all cells are made of.
_PLAIN = " -~\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u202f\u2190-\u2212\u2308-\u230b"
_UNUSUAL = re.compile(f"[^{_PLAIN}]")
# Control characters, marks of direction and lone surrogates: what a terminal or a file, or a
# reader, would take for something else.
_HIDDEN = {"Cc", "Cf", "Cs"}
_COMBINING = {"Mn", "Me"}


def plain(text: str) -> bool:
    r"""Return whether a text is one line of characters that are seen and one column wide each.

    Args:
        text: Any text.

    Example:
        >>> plain("96×55×55"), plain("層"), plain("a\tb")
        (True, False, False)
    """
    return _UNUSUAL.search(text) is None


def visible(text: str) -> str:
    r"""Return a text on one line of visible characters, whatever a layer's name holds.

    Args:
        text: Any text.

    Example:
        >>> visible("a\nb\tc")
        'a b c'
    """
    if plain(text):
        return text
    flat = " ".join(text.splitlines()).replace("\t", " ")
    return "".join("\ufffd" if unicodedata.category(each) in _HIDDEN else each for each in flat)


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Japanese characters take two.

    Args:
        text: Visible characters.

    Example:
        >>> width("conv1"), width("合計")
        (5, 4)
    """
    return len(text) if plain(text) else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in _COMBINING:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, limit: int) -> str:
    """Return a text, or its beginning with an ellipsis if it is too wide.

    Args:
        text: Visible characters.
        limit: How many columns it may take, at least one.

    Example:
        >>> cut("Conv2d(3, 96)", 8)
        'Conv2d(…'
    """
    return text if width(text) <= limit else f"{_beginning(text, limit - 1)}…"


def _beginning(text: str, limit: int) -> str:
    ends = accumulate(map(_columns, text))
    return text[: sum(end <= limit for end in ends)]


def wrapped(sentence: str, limit: int) -> list[str]:
    """Return a sentence as lines that are narrow enough, broken between words where there are any.

    Args:
        sentence: Visible characters.
        limit: How many columns a line may take.

    Example:
        >>> wrapped("one two three", 8)
        ['one two', 'three']
        >>> wrapped("合計合計", 5)
        ['合計', '合計']
    """
    lines = []
    while width(sentence) > limit:
        # A character wider than the line stands on it all the same.
        line = _beginning(sentence, limit) or sentence[0]
        end = sentence.rfind(" ", 1, len(line) + 1)
        lines.append(sentence[: end if end > 0 else len(line)].rstrip(" "))
        sentence = sentence[len(lines[-1]) :].lstrip(" ")
    return [*lines, sentence] if sentence else lines
