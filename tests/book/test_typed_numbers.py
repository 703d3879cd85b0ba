"""No number of three digits or more is typed in prose: the build computes it, or this file does."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from cnnexplain import languages
from cnnexplain.book import results
from cnnexplain.book.parity.numerals import in_digits
from cnnexplain.book.parity.page import Page
from cnnexplain.book.spans import OBJECT, PLACEHOLDER, Kind, spans
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnnexplain.book.blocks import Block

DOCS = Path(__file__).parents[2] / "docs"
VALUES = results.values()
DIGITS = 3
READ = (Kind.TEXT, Kind.MATH, Kind.DISPLAY, Kind.FOREIGN)

# The name of a chapter, which is a question that readers type: from one size to the other.
_FROM, _TO = languages.shape(VALUES["conv5_shape"]), VALUES["fc6_width"]  # type: ignore[arg-type]
NAMES = {"en": f"rom {_FROM} to {_TO}", "ja": f"{_FROM} から {_TO} へ", "fr": f"e {_FROM} à {_TO}"}

# What may be typed, and why.
EVERYWHERE = {"1000000000": "a billion, of which the G of GMAC is the name"}
YEARS = re.compile(r"(?:19|20)\d\d")
WITH_YEARS = {"sources": "years of papers", "papers": "years of papers"}
PAGES_WITH_YEARS = {"bibliography.md": "years of papers"}


class Typed(NamedTuple):
    """A number that somebody typed."""

    file: str
    line: int
    number: str
    text: str


def typed(page: Page) -> Iterator[Typed]:
    """Find the numbers that a page types in its prose, formulas, headings and front matter."""
    front = spans(page.text)[:1]
    if front and front[0].kind is Kind.FRONT:
        yield from _in_text(page, 1, front[0].text)
    for section in page.sections:
        anchor = _anchor(section[0]) if section else ""
        for block in section:
            for number in _in_text(page, block.line, _read(block)):
                dated = anchor in WITH_YEARS or page.name in PAGES_WITH_YEARS
                if not (dated and YEARS.fullmatch(number.number)):
                    yield number


def _in_text(page: Page, line: int, text: str) -> Iterator[Typed]:
    named = text.replace(NAMES[page.language], OBJECT)
    # Names such as CS231n are no numbers, nor is what stands in tags.
    plain = re.sub(r"<[^<>]*>|[A-Za-z]\d+", OBJECT, named)
    for number in in_digits(plain, page.language):
        if sum(map(str.isdigit, number)) >= DIGITS and number not in EVERYWHERE:
            yield Typed(f"docs/{page.language}/{page.name}", line, number, text.strip()[:80])


def _read(block: Block) -> str:
    """Return what a reader reads of a block, without code and computed values."""
    lines = (
        "".join(span.text if span.kind in READ else OBJECT for span in line) for line in block.lines
    )
    text = PLACEHOLDER.sub(OBJECT, " ".join(lines))
    return text.replace("{,}", ",").replace(r"\,", " ")


def _anchor(heading: Block) -> str:
    found = [span.text for span in heading.spans if span.kind is Kind.ATTRIBUTES]
    return found[-1].strip("{}: ").removeprefix("#") if found else ""


def _pages() -> list[Page]:
    return [
        Page(path.relative_to(DOCS / code).as_posix(), code, path.read_text(encoding="utf-8"))
        for code in LANGUAGES
        for path in sorted((DOCS / code).rglob("*.md"))
    ]


def test_no_number_of_three_digits_is_typed() -> None:
    found = [number for page in _pages() for number in typed(page)]
    told = [f"{each.file}:{each.line}: {each.number} in {each.text!r}" for each in found]
    assert not found, "\n".join(["", *told])


def test_what_may_be_typed_is_needed() -> None:
    pages = _pages()
    assert all(any(NAMES[page.language] in page.text for page in pages) for page in pages)
    anchors = Counter(_anchor(each[0]) for page in pages for each in page.sections if each)
    assert not [anchor for anchor in WITH_YEARS if not anchors[anchor]]


@pytest.mark.parametrize(
    ("language", "text", "numbers"),
    [
        ("en", "It has 43,264 units.", ["43264"]),
        ("fr", "Elle a 43 264 unités.", ["43264"]),
        ("ja", "ユニットは 43,264 個です。", ["43264"]),
        ("en", "A crop of 224×224, 384px.", ["224", "224", "384"]),
        ("en", "About 37.8 pixels, and 60 million.", ["37.8", "60000000"]),
        ("ja", "6,000 万個です。", ["60000000"]),
        ("en", r"It is $4{,}096$, or $$\frac{384 - 224}{32}$$", ["4096", "384", "224"]),
        ("en", "| 1 | 2 |\n| --- | --- |\n| ten | 512 |", ["512"]),
        ("en", "---\ndescription: All 4096 of them\n---\n", ["4096"]),
        ("en", "- [see 384](windows.md#a-384)", ["384"]),
        # Other than where the sources stand, a year is a number like others.
        ("en", "# A {#top}\n\nIn 2012.\n\n## Sources {#sources}\n\n- AlexNet, 2012, 4096.",
         ["2012", "4096"]),
        ("en", "From 256×13×13 to 4096, and 4096.", ["4096"]),
        # Computed, code, names, links, and what has fewer digits.
        ("en", "{{ flat }} of `4096` in ${{ fc6_width }}$, CS231n, [VGG-16](a.md#b-384), 99.", []),
        ("en", "```python\n4096\n```\n\n<span id='a-384'>a</span>", []),
    ],
)  # fmt: skip
def test_a_typed_number_is_found(language: str, text: str, numbers: list[str]) -> None:
    assert [each.number for each in typed(Page("a.md", language, text))] == numbers


def test_it_is_told_where_a_number_stands() -> None:
    (found,) = typed(Page("labs/a.md", "en", "# A {#top}\n\nIt has\n43,264 units."))
    assert found[:3] == ("docs/en/labs/a.md", 3, "43264")
