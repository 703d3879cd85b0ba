"""The glossary's page: the terms of all languages side by side, and what they mean."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from typing import TYPE_CHECKING, Any

from cnnexplain.book import files, prose
from cnnexplain.book.reference.docstrings import inline
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_GLOSSARY, _DEFINITIONS, _READINGS = (
    f"docs/{name}.toml" for name in ("glossary", "definitions", "readings")
)
_KANJI = re.compile("[\u3400-\u9fff々]")
_SMALL = str.maketrans("ぁぃぅぇぉっゃゅょゎ", "あいうえおつやゆよわ")
_VOWELS = {
    "あ": "あかさたなはまやらわ",
    "い": "いきしちにひみりゐ",
    "う": "うくすつぬふむゆる",
    "え": "えけせてねへめれゑ",
    "お": "おこそとのほもよろを",
}


def snippets(root: Path, language: str) -> dict[str, str]:
    """Return the glossary's table, with the terms in a language's own order, as HTML.

    Args:
        root: The folder that holds `docs/`.
        language: The page's language.

    Raises:
        BookError: If a definition has no term, or a term no reading.
    """
    concepts = _table(root, _GLOSSARY)["concept"]
    definitions, readings = _table(root, _DEFINITIONS), _table(root, _READINGS)
    by_id = {slug(each["en"]): each for each in concepts}
    if lost := sorted(definitions.keys() - by_id.keys()):
        raise BookError(
            f"a term of {_GLOSSARY} for each entry of {_DEFINITIONS}",
            f"none for {', '.join(lost)}",
            "add it there, or correct the entry's name",
        )
    # Everyday words are there for the sake of spelling alone.
    shown = [key for key, each in by_id.items() if each.get("required", True) or key in definitions]
    shown.sort(key=lambda key: order(by_id[key][language], language, readings))
    columns = [language, *(code for code in LANGUAGES if code != language)]
    head = "".join(
        f'<th scope="col" lang="{code}">{text(f"reference.language.{code}")}</th>'
        for code in columns
    )
    bodies = [_entry(key, by_id[key], definitions.get(key, {}), columns) for key in shown]
    table = "\n".join([f"<thead><tr>{head}</tr></thead>", *bodies])
    return {"terms": f'<table class="cx-terms">\n{table}\n</table>\n'}


def slug(term: str) -> str:
    """Return the id of a term: its English name.

    Args:
        term: The English term.

    Example:
        >>> slug("1×1 convolution"), slug("FC-to-conv conversion")
        ('1x1-convolution', 'fc-to-conv-conversion')
    """
    return re.sub(r"[^a-z0-9]+", "-", term.lower().replace("×", "x")).strip("-")


def order(term: str, language: str, readings: Mapping[str, str]) -> tuple[str, str]:
    """Return what puts terms into the order of a language's dictionaries.

    Args:
        term: The term.
        language: Its language.
        readings: How pieces of Japanese terms are read.

    Returns:
        What counts first, without accents, capitals, marks of voice; and the rest, between equals.

    Raises:
        BookError: If a Japanese term holds characters that have no reading.

    Example:
        >>> sorted(["zéro", "Étape", "case"], key=lambda term: order(term, "fr", {}))
        ['case', 'Étape', 'zéro']
    """
    spelt = reading(term, readings) if language == "ja" else term.casefold()
    bare = "".join(
        each for each in unicodedata.normalize("NFD", spelt) if not unicodedata.combining(each)
    )
    return bare.replace(" ", "") if language == "ja" else re.sub(r"['’-]", " ", bare), spelt


def reading(term: str, readings: Mapping[str, str]) -> str:
    """Return how a Japanese term is read, in hiragana, as dictionaries sort it.

    Args:
        term: The term.
        readings: How pieces of terms are read.

    Raises:
        BookError: If it holds characters that have no reading.

    Example:
        >>> reading("畳み込み層", {"畳み込み": "たたみこみ", "層": "そう"})
        'たたみこみそう'
        >>> reading("プーリング", {})
        'ぷうりんぐ'
    """
    pieces = sorted(map(re.escape, readings), key=len, reverse=True)
    spelt = re.sub("|".join(pieces), lambda found: readings[found[0]], term) if pieces else term
    if left := _KANJI.search(spelt):
        raise BookError(
            f"how {left[0]!r} in {term!r} is read", "no reading", f"add it to {_READINGS}"
        )
    hiragana = "".join(chr(ord(each) - 0x60) if "ァ" <= each <= "ヶ" else each for each in spelt)
    whole = hiragana.translate(_SMALL)
    return re.sub("(.)ー", lambda found: found[1] + _lengthened(found[1]), whole)


def _lengthened(kana: str) -> str:
    bare = unicodedata.normalize("NFD", kana)[0]
    return next((vowel for vowel, row in _VOWELS.items() if bare in row), "")


def _entry(
    key: str, concept: Mapping[str, str], definition: Mapping[str, Any], columns: Sequence[str]
) -> str:
    first, *others = columns
    also = "".join(f'<span id="{each}"></span>' for each in definition.get("also", ()))
    terms = "".join(f'<td lang="{code}">{_set(concept[code], code)}</td>' for code in others)
    row = f'<tr><th scope="row">{also}{_set(concept[first], first)}</th>{terms}</tr>'
    if definition:
        row += f'\n<tr><td colspan="{len(columns)}">{_set(definition[first], first)}</td></tr>'
    return f'<tbody id="{key}">\n{row}\n</tbody>'


def _set(told: str, language: str) -> str:
    return inline(prose.prepare(told, language, {}, _DEFINITIONS))


def _table(root: Path, name: str) -> dict[str, Any]:
    return tomllib.loads(files.read(root / name, name))
