"""Labels and numbers in the reader's language, from one catalogue each."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, CnnExplainError, shown

if TYPE_CHECKING:
    from fractions import Fraction

LANGUAGES = ("en", "ja", "fr")

# The Unicode locale data's separators; a test compares them with Babel's.
_GROUP = {"en": ",", "ja": ",", "fr": "\N{NARROW NO-BREAK SPACE}"}
_DECIMAL = {"en": ".", "ja": ".", "fr": ","}

_SEPARATORS = {code: str.maketrans({",": _GROUP[code], ".": _DECIMAL[code]}) for code in LANGUAGES}

# A notebook runs every cell in a context of its own, so what set_language() says must outlive
# contexts, while a `with` block must stay inside its own.
_default = "en"
_chosen: ContextVar[str | None] = ContextVar("cnnexplain_language", default=None)


def _known(code: str) -> str:
    if not isinstance(code, str) or code not in LANGUAGES:
        raise ArgumentError(
            f"one of the languages {', '.join(LANGUAGES)}",
            f"language={shown(code)}",
            'write for example cx.set_language("en")',
        )
    return code


def set_language(code: str) -> None:
    """Choose the language of tables, figures and explanations from here on.

    Args:
        code: `"en"`, `"ja"` or `"fr"`.

    Raises:
        ArgumentError: If there is no such language.

    Example:
        >>> set_language("en")
    """
    global _default  # a process has one current language  # noqa: PLW0603
    _default = _known(code)


@contextmanager
def language(code: str | None) -> Iterator[None]:
    """Choose the language inside a `with` block.

    Args:
        code: `"en"`, `"ja"` or `"fr"`; `None` keeps the current one.

    Raises:
        ArgumentError: If there is no such language.

    Example:
        >>> import cnnexplain as cx
        >>> with cx.language("fr"):
        ...     cx.figures.stride(5, 3, 2).language
        'fr'
    """
    token = _chosen.set(current() if code is None else _known(code))
    try:
        yield
    finally:
        _chosen.reset(token)


def current() -> str:
    """Return the current language's code.

    Example:
        >>> with language("ja"):
        ...     current()
        'ja'
    """
    return _chosen.get() or _default


def labels(toml: str) -> dict[str, str]:
    r"""Return the labels of a catalogue's text by dotted key.

    Example:
        >>> labels("[table]\ntotal = 'Total'")
        {'table.total': 'Total'}
    """
    return dict(_flat(tomllib.loads(toml)))


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)


@cache
def catalogue(code: str) -> Mapping[str, str]:
    """Return all labels of a language by dotted key.

    Args:
        code: `"en"`, `"ja"` or `"fr"`.

    Raises:
        ArgumentError: If there is no such language.

    Example:
        >>> catalogue("en")["table.total"]
        'Total'
    """
    file = resources.files(__name__) / f"{_known(code)}.toml"
    return MappingProxyType(labels(file.read_text(encoding="utf-8")))


def text(key: str, /, **values: object) -> str:
    """Return a label in the current language, with its placeholders filled.

    Args:
        key: The label's dotted key.
        **values: What stands for the label's placeholders.

    Raises:
        CnnExplainError: If the label or one of its placeholders is missing.

    Example:
        >>> text("table.total")
        'Total'
    """
    where = f"languages/{current()}.toml"
    try:
        pattern = catalogue(current())[key]
    except KeyError:
        raise CnnExplainError(
            f"a label {key!r} in {where}", "no such label", "add it in every language"
        ) from None
    try:
        return pattern.format(**values)
    except (KeyError, IndexError, ValueError) as error:
        raise CnnExplainError(
            f"placeholders among {sorted(values)} in the label {key!r} of {where}",
            f"{pattern!r} ({error})",
            "correct the label",
        ) from None


def placeholders(pattern: str) -> frozenset[str]:
    """Return the names of a label's placeholders.

    Example:
        >>> sorted(placeholders("{size} of {total}"))
        ['size', 'total']
    """
    return frozenset(name for _, name, _, _ in string.Formatter().parse(pattern) if name)


def number(value: float | Fraction, digits: int = 2, *, fixed: bool = False) -> str:
    """Format a number in the current language.

    Args:
        value: A count, which is grouped by thousands, or a measure.
        digits: How many decimals a measure that is no whole number is rounded to.
        fixed: Whether trailing zeros are kept, as in a list of measures.

    Returns:
        The number; trailing zeros of the decimals are dropped unless they are asked for.

    Example:
        >>> number(37752832)
        '37,752,832'
        >>> number(11.2401, digits=1)
        '11.2'
    """
    if isinstance(value, int):
        plain = f"{value:,}"
    else:
        plain = f"{float(value):,.{digits}f}"
        if "." in plain and not fixed:
            plain = plain.rstrip("0").rstrip(".")
    return plain.translate(_SEPARATORS[current()])


def shape(sizes: Sequence[int | Fraction]) -> str:
    """Format a shape: a name rather than a quantity, so it is the same in every language.

    Example:
        >>> shape((256, 6, 6))
        '256×6×6'
    """
    return "×".join(str(size) for size in sizes)
