"""How a number comes about: its rule in symbols and in numbers, as plain text and as TeX."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BRACKETS = {"floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}
_TEX = {"·": r" \cdot ", "×": r" \times ", "−": "-", "→": r" \to ", "₀": "_0", "₁": "_1"}
_ROUNDED = re.compile(r"(floor|ceil)\(\((.*?)\)/(\w+)\)")
_SUBSCRIPT = re.compile(r"(?<!\\)_(\w{2,})")
_WHOLE = re.compile(r"\b(floor|ceil)\(([^()]+)\)")
# Words, such as torch's names of arguments, are no products of letters.
_WORD = re.compile(r"\b[a-z]{2,}(?:_[a-z]+)*\b")


@dataclass(frozen=True, slots=True)
class Formula:
    """How a number comes about.

    Attributes:
        symbols: The rule, for example `floor((W + 2·P − K)/S) + 1`.
        numbers: The rule with the numbers at hand and its result.

    Example:
        >>> print(Formula("C·H·W", "256·6·6 = 9216"))
        256·6·6 = 9216
    """

    symbols: str
    numbers: str

    def __str__(self) -> str:
        return self.numbers

    @property
    def tex(self) -> str:
        """The numbers as TeX."""
        return tex(self.numbers)


def tex(text: str) -> str:
    r"""Return a formula's plain text as TeX.

    Args:
        text: A formula of ours: `floor((...)/S)`, `·`, `−`, letters with subscripts.

    Example:
        >>> tex("floor((13 + 2·0 − 3)/2) + 1 = 6")
        '\\left\\lfloor \\frac{13 + 2 \\cdot 0 - 3}{2} \\right\\rfloor + 1 = 6'
        >>> tex("out_features = 10")
        '\\text{out\\_features} = 10'
        >>> tex("floor(7·1.5) = 10")
        '\\lfloor 7 \\cdot 1.5 \\rfloor = 10'
    """
    text = _WORD.sub(_upright, text)
    for plain, command in _TEX.items():
        text = text.replace(plain, command)
    text = _SUBSCRIPT.sub(r"_{\\text{\1}}", text)
    text = _ROUNDED.sub(r"\\left\\l\1 \\frac{\2}{\3} \\right\\r\1", text)
    return _WHOLE.sub(r"\\l\1 \2 \\r\1", text)


def _upright(word: re.Match[str]) -> str:
    if word[0] in _BRACKETS:
        return word[0]
    return rf"\text{{{word[0].replace('_', chr(92) + '_')}}}"


def bracketed(text: str) -> str:
    """Return a formula's plain text with real brackets for rounding, where fonts have them.

    Args:
        text: A formula of ours.

    Example:
        >>> bracketed("floor((13 + 2·0 − 3)/2) + 1 = 6")
        '⌊(13 + 2·0 − 3)/2⌋ + 1 = 6'
        >>> bracketed("floor(384/32) = 12")
        '⌊384/32⌋ = 12'
    """
    return _WHOLE.sub(_around, _ROUNDED.sub(_in_brackets, text))


def _around(rounded: re.Match[str]) -> str:
    opening, closing = _BRACKETS[rounded[1]]
    return f"{opening}{rounded[2]}{closing}"


def _in_brackets(rounded: re.Match[str]) -> str:
    opening, closing = _BRACKETS[rounded[1]]
    return f"{opening}({rounded[2]})/{rounded[3]}{closing}"
