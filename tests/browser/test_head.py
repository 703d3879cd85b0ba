"""What the built pages say of themselves, each on its own and all together."""

from __future__ import annotations

import os
import re
from html import unescape
from pathlib import Path

import pytest

from cnnexplain.book import head
from cnnexplain.languages import LANGUAGES

SITE = Path(__file__).parents[2] / "site"
SCRIPTS = {
    "en": r"[ぁ-ヿ一-鿿]|\b(?:les|des|est|une)\b",
    "ja": r"\A[^ぁ-ヿ]*\Z",
    "fr": r"[ぁ-ヿ一-鿿]|\bthe\b",
}
"""What a description in each language has not."""


def pages(language: str) -> dict[str, str]:
    """Return the pages of a language, without those that hold a figure alone."""
    root = SITE if language == "en" else SITE / language
    others = {code for code in LANGUAGES if code != "en"} if language == "en" else set()
    found = {path.parent.relative_to(root): path for path in root.rglob("index.html")}
    return {
        place.as_posix(): path.read_text("utf-8")
        for place, path in found.items()
        if not others & set(place.parts)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_has_a_description_of_its_own_in_its_language(language: str) -> None:
    described: dict[str, str] = {}
    for place, text in pages(language).items():
        (found,) = re.findall(r'<meta name="description" content="([^"]*)">', text)
        description = unescape(found)
        assert description not in described, (place, described[description])
        described[description] = place
        assert 40 <= head.width(description) <= head.COLUMNS, (place, description)
        assert not re.search(r"[<>{}$\\]|\s\s", description), (place, description)
        assert not re.search(SCRIPTS[language], description), (place, description)
    assert described.keys()
    assert set(described.values()) == set(pages("en"))


def test_pages_claim_an_address_if_there_is_one() -> None:
    address = os.environ.get("SITE_URL", "")
    for language in LANGUAGES:
        for place, text in pages(language).items():
            said = re.findall(r'<link rel="canonical" href="([^"]*)">', text)
            said += re.findall(r'<meta property="og:(?:url|image)" content="([^"]*)">', text)
            said += re.findall(r'<link rel="alternate" hreflang="[^"]*" href="([^"]*)">', text)
            assert bool(said) == bool(address), place
            assert all(each.startswith(address) for each in said), place
