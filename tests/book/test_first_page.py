"""The first page asks what readers ask, and each link leads straight to the number they want."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnnexplain.book import results
from cnnexplain.book.blocks import Role
from cnnexplain.book.parity.page import Page
from cnnexplain.book.spans import PLACEHOLDER
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnexplain.book.blocks import Block

DOCS = Path(__file__).parents[2] / "docs"
VALUES = results.values()

# Where a question leads, and the values that the first paragraph there has to tell, as computed.
# Which of two places tells why a map is 6×6 is the first page's choice.
DECISIVE: Mapping[str, Mapping[str, object]] = {
    "windows.md#stride-of-32-pixels": {"vgg_stride": 32},
    "pooling-to-dense.md#why-4096": {"fc6_width": 4096, "conv5_values": 256 * 13 * 13},
    "sliding.md#short-answer": {"vgg_cells": (6, 6), "vgg_map_larger": (12, 12)},
    "sliding.md#six-not-twelve": {"vgg_cells": (6, 6), "vgg_map_larger": (12, 12)},
    "one-size.md#short-answer": {"flat": 256 * 6 * 6, "one_came": 256 * 11 * 11},
    "sliding.md#when-equal": {"vgg_compared": 36, "twin_cells": 36},
    "pooling-to-dense.md#which-alexnet": {"alexnet_parameters": 60_965_224},
}
QUESTIONS = 6


def asked(page: str) -> list[str]:
    """Return where the questions of a first page lead."""
    section = re.split(r"(?m)^## ", page.split("{#questions}")[1])[0]
    return re.findall(r"(?m)^- \[.*\]\(([^()]*)\)$", section)


def answer(page: Page, anchor: str) -> Block:
    """Return the first paragraph of a section."""
    for section in page.sections:
        heading = "".join(span.text for span in section[0].spans) if section else ""
        if f"#{anchor}}}" in heading:
            return next(block for block in section if block.role is Role.PARAGRAPH)
    raise AssertionError(f"no section {anchor} in {page.name}")


def unanswered(links: list[str], pages: Mapping[str, str], language: str) -> list[str]:
    """Return the decisive numbers that the first paragraph behind a link does not compute."""
    lacking = []
    for link in links:
        name, anchor = link.split("#")
        block = answer(Page(name, language, pages[name]), anchor)
        told = {each.strip() for span in block.spans for each in PLACEHOLDER.findall(span.text)}
        lacking += [f"{link}: {value}" for value in DECISIVE[link] if value not in told]
    return lacking


@pytest.mark.parametrize("language", LANGUAGES)
def test_six_questions_lead_to_paragraphs_that_hold_their_numbers(language: str) -> None:
    folder = DOCS / language
    links = asked((folder / "index.md").read_text(encoding="utf-8"))
    assert len(set(links)) == QUESTIONS
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert not unanswered(links, pages, language)


def test_the_decisive_numbers_are_what_the_values_compute() -> None:
    told = {name: number for numbers in DECISIVE.values() for name, number in numbers.items()}
    assert {name: VALUES[name] for name in told} == told


@pytest.mark.parametrize(
    "text",
    [
        # Typed, not computed; told too late; told by another value.
        "32 pixels apart.\n\nThat is {{ vgg_stride }}.",
        "Readers ask about it.\n\nIt is {{ vgg_stride }}.",
        "They are {{ stride }} pixels apart.",
    ],
)
def test_a_first_paragraph_without_the_number_is_found(text: str) -> None:
    link = "windows.md#stride-of-32-pixels"
    before = "# Windows {#top}\n\n{{ vgg_stride }}\n\n## A stride {#stride-of-32-pixels}\n\n"
    assert unanswered([link], {"windows.md": before + text}, "en") == [f"{link}: vgg_stride"]
    told = before + "{{ vgg_stride }} pixels apart."
    assert not unanswered([link], {"windows.md": told}, "en")


def test_the_questions_are_those_of_their_section_alone() -> None:
    page = "## Why? {#questions}\n\n- [Why 6×6?](a.md#b)\n\n## More {#more}\n\n- [c](d.md#e)\n"
    assert asked(page) == ["a.md#b"]
