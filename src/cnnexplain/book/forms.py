"""How a computed value is written, in running text and in mathematics, in each language."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from babel.dates import format_date

from cnnexplain import languages

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tex(str):
    r"""A formula in TeX, which prose may place inside mathematics only.

    Example:
        >>> written({"rule": Tex(r"\left\lfloor x \right\rfloor")}, "en")
        {'rule': {'tex': '\\left\\lfloor x \\right\\rfloor'}}
    """

    __slots__ = ()


class Count(int):
    """A count in running text, whose zero is a word, as behind a colon: "false alarms: none".

    In French the word is feminine.

    Example:
        >>> written({"alarms": Count(0)}, "fr")["alarms"]["text"]
        'aucune'
    """

    __slots__ = ()


_NONE = {"en": "none", "ja": "なし", "fr": "aucune"}

Value = int | Fraction | tuple[int, ...] | Tex | date | str


def written(values: Mapping[str, Value], language: str) -> dict[str, dict[str, str]]:
    r"""Write values in one language.

    Args:
        values: Values by name: a count, a measure, a shape, a formula, a date, or a name.
        language: The language.

    Returns:
        By name, the form for running text (`text`; a formula has none) and the one for
        mathematics (`tex`).

    Example:
        >>> written({"inputs": 9216, "maps": (256, 6, 6)}, "en")
        {'inputs': {'text': '9,216', 'tex': '\\text{9,216}'}, 'maps': {'text': '256×6×6', 'tex': '256 \\times 6 \\times 6'}}
    """  # noqa: E501  # what Python prints is one line
    with languages.language(language):
        return {name: _forms(value) for name, value in values.items()}


# As the pages write them: in Japanese with spaces around numbers.
_DATES = {"en": "d MMMM y", "ja": "y 年 M 月 d 日", "fr": "d MMMM y"}


def _grouped(digits: re.Match[str]) -> str:
    return _number(languages.number(int(digits[0])))


def _number(text: str) -> str:
    # As text, because TeX reads the separators of a grouped number as punctuation.
    return rf"\text{{{text}}}"


def _forms(value: Value) -> dict[str, str]:
    match value:
        case Tex():
            return {"tex": re.sub(r"\d{4,}", _grouped, value)}
        case tuple():
            tex = r" \times ".join(str(size) for size in value)
            return {"text": languages.shape(value), "tex": tex}
        case date():
            told = format_date(value, _DATES[languages.current()], languages.current())
            if languages.current() == "fr" and value.day == 1:
                told = told.replace("1", "1er", 1)  # which the locale does not know
            return {"text": told, "tex": _number(told)}
        case Count() if value == 0:
            return _forms(_NONE[languages.current()])
        case str():
            return {"text": value, "tex": _number(value)}
        case _:
            text = languages.number(value)
            return {"text": text, "tex": _number(text)}
