"""Whether the three catalogues of labels hold the same labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnnexplain.book.parity.page import Finding
from cnnexplain.book.typography import LINTS, french
from cnnexplain.languages import labels as read
from cnnexplain.languages import placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"(?<![\w{])[A-Za-z]{2,}(?![\w}])")
_TABLE = re.compile(r"[ \t]*\[([^\[\]]+)\]")
_KEY = re.compile(r"[ \t]*\"?([\w.-]+)\"?[ \t]*=")
_FEW_WORDS = 3


def parity(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Every label exists, says something and has the same placeholders in every language.

    Args:
        texts: The TOML of each language.

    Yields:
        Labels that differ, are empty or untranslated, or break the language's typography.
    """
    labels = {code: read(text) for code, text in texts.items()}
    for code, found in labels.items():
        report = _Reporter(code, texts[code])
        for key in sorted(labels["en"].keys() | found.keys()):
            english, here = labels["en"].get(key), found.get(key)
            if english is None or here is None:
                yield report(key, f"{english!r} in English, {here!r} here")
                continue
            yield from (report(key, message) for message in _compare(english, here, code))


def _compare(english: str, here: str, code: str) -> Iterator[str]:
    names, own = (sorted(placeholders(value)) for value in (english, here))
    if names != own:
        yield f"placeholders {names} in English, {own} here"
    if english.strip() and not here.strip():
        yield f"{english!r} in English, nothing here"
    if code != "en" and english == here and len(_WORD.findall(here)) >= _FEW_WORDS:
        yield f"untranslated: {english!r} in English, {here!r} here"
    # A placeholder may become a number or words, so nothing can be said about its neighbours.
    text = _PLACEHOLDER.sub("×", here)
    if not re.search(r"\w", text):
        return
    if code == "fr":
        set_text = french(text)
        if set_text != text:
            yield f"{text!a} here; write {set_text!a}, nothing sets the spaces of labels"
    # Nothing prepares labels, so they hold the characters that pages may not.
    text = re.sub("[\u00a0\u202f]", " ", text).replace("’", "'")
    # A label may be the beginning of a line, such as "height: ".
    for _, what, cure in LINTS[code](text.rstrip(" :：")):
        yield f"{what}; {cure}"


class _Reporter:
    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.lines = _lines(text)

    def __call__(self, key: str, message: str) -> Finding:
        file = f"src/cnnexplain/languages/{self.code}.toml"
        return Finding(file, self.code, self.lines.get(key, 0), f"label {key}: {message}")


def _lines(text: str) -> dict[str, int]:
    """Where each label stands; those with keys of other forms are found nowhere."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := _TABLE.match(line):
            table = header[1].strip() + "."
        elif label := _KEY.match(line):
            found.setdefault(table + label[1], number)
    return found
