"""Terms: one name for one thing in each language, and names that are mistakes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnexplain.book.parity.page import Finding, Page, Unit, units
from cnnexplain.book.spans import spans, visible
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_EXTERNAL = re.compile(r"\[[^\[\]]*\]\(https?:[^()]*\)")
_KEYS = {*LANGUAGES, "forms", "forbidden", "required"}


@dataclass(frozen=True)
class Concept:
    """A concept and its names.

    Attributes:
        terms: Its term in each language.
        forms: A pattern per language that finds the term and what else is allowed for it.
        forbidden: A pattern of mistakes per language.
        required: Whether a translation must use the term where English does.
    """

    terms: Mapping[str, str]
    forms: Mapping[str, re.Pattern[str]]
    forbidden: Mapping[str, re.Pattern[str]]
    required: bool


@dataclass(frozen=True)
class Glossary:
    """All concepts, and the pattern that finds any of their English terms, longest first."""

    concepts: Sequence[Concept]
    english: re.Pattern[str]


def load(text: str) -> Glossary:
    r"""Read a glossary.

    Args:
        text: TOML: a `[[concept]]` each with `en`, `ja`, `fr`; optionally `forms.LANGUAGE`, the
            patterns that count as the term besides its regular inflections, `forbidden.LANGUAGE`,
            the patterns that are mistakes, and `required = false` for terms that are everyday
            words too.

    Returns:
        The concepts.

    Raises:
        BookError: A concept lacks a language, or has a key of another name.

    Example:
        >>> load('[[concept]]\nen = "layer"\nja = "層"\nfr = "couche"').concepts[0].terms["fr"]
        'couche'
    """
    concepts = [_concept(entry) for entry in tomllib.loads(text)["concept"]]
    order = sorted(range(len(concepts)), key=lambda i: -len(concepts[i].terms["en"]))
    english = "|".join(f"(?P<c{i}>{concepts[i].forms['en'].pattern})" for i in order)
    return Glossary(concepts, re.compile(rf"(?<![\w-])(?:{english})(?![\w-])", re.IGNORECASE))


def forbidden(glossary: Glossary, page: Page) -> Iterator[Finding]:
    """No page uses a name that is a mistake.

    Args:
        glossary: The terms.
        page: A page in any language.

    Yields:
        Each use of such a name.
    """
    for block in page.blocks:
        prose = block.prose
        for concept in glossary.concepts:
            pattern = concept.forbidden.get(page.language)
            for match in pattern.finditer(prose) if pattern else ():
                term = concept.terms[page.language]
                message = f"term: {match[0]!r} here; the glossary has {term!r}"
                yield page.finding(block.line, f"{message} for {concept.terms['en']!r}")


def required(glossary: Glossary, english: Page, other: Page) -> Iterator[Finding]:
    """Where an English paragraph uses a term, its translation uses the glossary's.

    Args:
        glossary: The terms.
        english: The English page.
        other: The same page in another language.

    Yields:
        Each term that a translation lacks.
    """
    for unit, twin in units(english, other):
        used = {m.lastgroup: m[0] for m in glossary.english.finditer(_own_words(unit))}
        for group, word in used.items():
            concept = glossary.concepts[int((group or "c0")[1:])]
            if concept.required and not concept.forms[other.language].search(twin.prose):
                term = concept.terms[other.language]
                message = f"term: {word!r} in English (line {unit.line}), no {term!r} here"
                yield other.finding(twin.line, message)


def _own_words(unit: Unit) -> str:
    """The prose without the titles of works elsewhere, which may stay in English."""
    raw = "\n".join("".join(span.text for span in block.spans) for block in unit.blocks)
    if "](http" not in raw:
        return unit.prose
    return visible(spans(_EXTERNAL.sub("", raw)))


def _concept(entry: Mapping[str, Any]) -> Concept:
    unknown = sorted(entry.keys() - _KEYS)
    missing = [code for code in LANGUAGES if not entry.get(code)]
    if unknown or missing:
        raise BookError(
            f"a concept of the glossary with the keys {', '.join(LANGUAGES)}",
            f"{entry.get('en', 'a concept')!r} without {missing}, with {unknown}",
            "see the head of docs/glossary.toml",
        )
    more = entry.get("forms", {})
    mistakes = entry.get("forbidden", {})
    return Concept(
        {code: entry[code] for code in LANGUAGES},
        {
            code: _pattern([_regular(entry[code], code), *more.get(code, [])], code)
            for code in LANGUAGES
        },
        {code: _pattern(patterns, code) for code, patterns in mistakes.items()},
        entry.get("required", True),
    )


def _pattern(patterns: Sequence[str], language: str) -> re.Pattern[str]:
    joined = "|".join(patterns)
    # No group inside: the English patterns become alternatives of one.
    whole = rf"(?:{joined})" if language == "ja" else rf"(?<!\w)(?:{joined})(?!\w)"
    return re.compile(whole, re.IGNORECASE)


def _regular(term: str, language: str) -> str:
    """The pattern of a term and its regular plural; spaces may be hyphens or no-break spaces."""
    words = [re.escape(word) for word in term.replace("’", "'").split()]
    if language == "ja":
        return r"\s?".join(words)
    if language == "en":
        return r"[\s-]".join(words) + "(?:e?s)?"
    return r"[\s-]".join(rf"{word}[sx]?" for word in words).replace("'", "['’]")
