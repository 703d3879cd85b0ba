"""Parity of the three languages: structure, content, terms, typography and catalogues.

Everything but `check` is a pure function from texts to findings, and each finding names both
values. English is what the other languages are compared with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnnexplain.book.parity import catalogues, content, glossary, structure
from cnnexplain.book.parity.page import Finding, Page
from cnnexplain.book.typography import LINTS
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Finding", "Page", "check", "compare"]

CHECKS = (
    structure.headings,
    structure.snippets,
    structure.block_counts,
    structure.tables,
    structure.admonitions,
    structure.front_matter,
    content.formulas,
    content.placeholders,
    content.numbers,
    content.links,
    content.code,
    content.images,
    content.untranslated,
    content.length,
)
"""Every comparison of an English page with its translation."""


def compare(english: Page, other: Page) -> list[Finding]:
    """Compare a translation with its English page in all but terms.

    Args:
        english: The English page.
        other: The same page in another language.

    Returns:
        What differs, check by check.

    Example:
        >>> english = Page("index.md", "en", "# Size {#size}")
        >>> print(*compare(english, Page("index.md", "fr", "# Taille {#taille}")))
        docs/fr/index.md:1: heading ids: 'size' in English (line 1), 'taille' here
    """
    return [finding for compared in CHECKS for finding in compared(english, other)]


def check(root: Path) -> list[Finding]:
    """Run every check over the pages, the navigation and the catalogues of a project.

    Args:
        root: The folder that holds `docs/` and `src/`.

    Returns:
        All findings; those with `warning` set need no change.
    """
    pages = {code: _pages(root / "docs" / code, code) for code in LANGUAGES}
    english = pages["en"]
    terms = glossary.load((root / "docs" / "glossary.toml").read_text(encoding="utf-8"))
    findings = list(structure.page_sets({code: list(found) for code, found in pages.items()}))
    findings += structure.navigation(_navigation(root), list(english))
    for code, found in pages.items():
        for name, page in found.items():
            findings += structure.heading_ids(page)
            findings += [
                page.finding(line, f"{what}; {cure}") for line, what, cure in LINTS[code](page.text)
            ]
            findings += glossary.forbidden(terms, page)
            if code != "en" and name in english:
                findings += compare(english[name], page)
                findings += glossary.required(terms, english[name], page)
    texts = {code: _catalogue(root, code) for code in LANGUAGES}
    findings += catalogues.parity(texts)
    return findings


def _pages(folder: Path, code: str) -> dict[str, Page]:
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.md"))
    return {name: Page(name, code, (folder / name).read_text(encoding="utf-8")) for name in names}


def _catalogue(root: Path, code: str) -> str:
    return (root / f"src/cnnexplain/languages/{code}.toml").read_text(encoding="utf-8")


def _navigation(root: Path) -> dict[str, list[str]]:
    """The pages that each configuration lists itself; one without a list inherits it."""
    found = {}
    for code in LANGUAGES:
        file = root / ("mkdocs.yml" if code == "en" else f"mkdocs.{code}.yml")
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        if block := re.search(r"^nav:[ \t]*\n((?:[ \t#-].*\n|\n)*)", text + "\n", re.MULTILINE):
            found[code] = re.findall(r"[\w./-]+\.md\b", block[1])
    return found
