"""Whether two pages say the same: formulas, values, numbers, links, code, pictures, prose."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from cnnexplain.book.blocks import Role
from cnnexplain.book.parity.numerals import in_digits, in_words
from cnnexplain.book.parity.page import Finding, Page, Unit, units
from cnnexplain.book.spans import OBJECT, PLACEHOLDER, Kind, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_READ = (Kind.TEXT, Kind.MATH, Kind.DISPLAY)
_TARGET = re.compile(r"\]?[(\[:<]*\s*([^\s)>\]]+)")
_HTML_TARGET = re.compile(r"""\b(?:href|src)=["']([^"']*)""")
_HTML_ALT = re.compile(r"""<img\b[^>]*?\balt=["']([^"']*)""")
_ALT = re.compile(r"!\[([^\[\]]*)\]\(")
_LINK = re.compile(r"\[[^\[\]]*\]\([^()]*\)")
_WORD = re.compile(r"(?<![\w.])[a-z]{2,}(?!\w|\.\w)")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_FEW_WORDS = 3  # names, titles and terms may stay as they are; a sentence has more words
_SHORT_PAGE = 400  # characters; below that, a ratio says nothing
# Measured on 108 translated pages of another site: medians 1.19 and 0.65.
_LENGTHS = {"fr": (1.05, 1.35), "ja": (0.52, 0.80)}


def formulas(english: Page, other: Page) -> Iterator[Finding]:
    r"""Formulas are the same, paragraph by paragraph; the words in `\text{}` are translated.

    Within a paragraph their order is free, because the order of words differs.
    """

    def read(unit: Unit, page: Page) -> Counter[str]:
        kinds = (Kind.MATH, Kind.DISPLAY)
        found = (span.text for block in unit.blocks for span in block.spans if span.kind in kinds)
        return Counter(_formula(text, page.language) for text in found)

    return _same("formulas", read, english, other)


def placeholders(english: Page, other: Page) -> Iterator[Finding]:
    """The computed values are the same, paragraph by paragraph."""

    def read(unit: Unit, _: Page) -> Counter[str]:
        texts = [s.text for block in unit.blocks for s in block.spans if s.kind in _READ]
        return Counter(name.strip() for text in texts for name in PLACEHOLDER.findall(text))

    return _same("values", read, english, other)


def links(english: Page, other: Page) -> Iterator[Finding]:
    """Links, pictures and footnotes have the same targets, paragraph by paragraph."""

    def read(unit: Unit, _: Page) -> Counter[str]:
        found: Counter[str] = Counter()
        for span in (span for block in unit.blocks for span in block.spans):
            if span.kind is Kind.HTML:
                found.update(_HTML_TARGET.findall(span.text))
            elif span.kind in (Kind.TARGET, Kind.ADDRESS) and (match := _TARGET.match(span.text)):
                found[match[1]] += 1
        return found

    return _same("link targets", read, english, other)


def numbers(english: Page, other: Page) -> Iterator[Finding]:
    """Typed numbers are the same, whatever the language's format.

    A number may be a word in one language and digits in the other (two, 2 つ, deux).
    """
    for unit, twin in units(english, other):
        ours = Counter(in_digits(unit.prose, "en"))
        theirs = Counter(in_digits(twin.prose, other.language))
        lost = [
            n for n in (ours - theirs).elements() if n not in in_words(twin.prose, other.language)
        ]
        added = [n for n in (theirs - ours).elements() if n not in in_words(unit.prose, "en")]
        if lost or added:
            yield other.differs("numbers", lost, added, (unit.line, twin.line))


def code(english: Page, other: Page) -> Iterator[Finding]:
    """Code blocks are equal in order, and a page names the same things in code font."""
    ours, theirs = (
        [(block.line, block.spans[0].text) for block in page.blocks if block.role is Role.FENCE]
        for page in (english, other)
    )
    if len(ours) != len(theirs):
        yield other.differs("number of code blocks", len(ours), len(theirs), (1, 1))
    for (line, text), (other_line, other_text) in zip(ours, theirs, strict=False):
        if text != other_text:
            yield other.differs("code block", text, other_text, (line, other_line))
    named, renamed = _named(english), _named(other)
    if named.keys() != renamed.keys():
        lost = {name: line for name, line in named.items() if name not in renamed}
        added = {name: line for name, line in renamed.items() if name not in named}
        lines = min(lost.values(), default=1), min(added.values(), default=1)
        yield other.differs("names in code font", sorted(lost), sorted(added), lines)


def images(english: Page, other: Page) -> Iterator[Finding]:
    """Pictures have an alternative text, and in the page's own language."""
    ours, theirs = _alts(english), _alts(other)
    for (line, alt), (other_line, other_alt) in zip(ours, theirs, strict=False):
        lines = line, other_line
        if not other_alt or (alt == other_alt and len(_WORD.findall(alt)) > 1):
            yield other.differs("alternative text of a picture", alt, other_alt, lines)


def untranslated(english: Page, other: Page) -> Iterator[Finding]:
    """No sentence is left in English, and Japanese prose contains kana."""
    for unit, twin in units(english, other):
        if unit.prose == twin.prose and _is_sentence(twin):
            yield other.differs("untranslated", unit.prose, twin.prose, (unit.line, twin.line))
    if other.language == "ja":
        for block in other.blocks:
            single = Unit(block.line, [block])
            is_prose = block.role in (Role.PARAGRAPH, Role.ITEM, Role.ADMONITION)
            if is_prose and _is_sentence(single) and not _KANA.search(block.prose):
                yield other.finding(block.line, f"no kana in Japanese prose: {block.prose!r}")


def length(english: Page, other: Page) -> Iterator[Finding]:
    """The prose is neither much shorter nor much longer than it usually is; a warning only."""
    ours, theirs = _length(english), _length(other)
    least, most = _LENGTHS[other.language]
    if ours >= _SHORT_PAGE and not least <= theirs / ours <= most:
        message = (
            f"length of prose: {ours} characters in English, {theirs} here, a ratio of "
            f"{theirs / ours:.2f} where {least} to {most} is usual"
        )
        yield other.finding(0, message, warning=True)


def _same(
    what: str, read: Callable[[Unit, Page], Counter[str]], english: Page, other: Page
) -> Iterator[Finding]:
    """Compare multisets unit by unit and report what each side has alone."""
    for unit, twin in units(english, other):
        ours, theirs = read(unit, english), read(twin, other)
        if ours != theirs:
            alone = sorted((ours - theirs).elements()), sorted((theirs - ours).elements())
            yield other.differs(what, *alone, (unit.line, twin.line))


def _formula(text: str, language: str) -> str:
    text = PLACEHOLDER.sub(lambda match: f"<{match[1].strip()}>", text)
    text = re.sub(r"\\text\{[^{}]*\}", r"\\text{}", text)
    if language == "fr":
        text = re.sub(r"(?<=\d)\\,(?=\d{3})", "", text)
        text = re.sub(r"(?<=\d)\{,\}(?=\d)", ".", text)
    else:
        text = re.sub(r"(?<=\d)\{,\}(?=\d{3})", "", text)
    return " ".join(text.split())


def _named(page: Page) -> dict[str, int]:
    found: dict[str, int] = {}
    for block in page.blocks:
        for span in block.spans:
            if span.kind is Kind.CODE:
                found.setdefault(span.text, block.line)
    return found


def _alts(page: Page) -> list[tuple[int, str]]:
    found = []
    for block in page.blocks:
        raw = "".join(OBJECT if span.kind is Kind.CODE else span.text for span in block.spans)
        if block.role is not Role.FENCE:
            found += [(block.line, alt.strip()) for alt in _ALT.findall(raw)]
            found += [(block.line, alt.strip()) for alt in _HTML_ALT.findall(raw)]
    return found


def _is_sentence(unit: Unit) -> bool:
    read = (span for block in unit.blocks for span in block.spans)
    raw = "".join(s.text if s.kind in (Kind.TEXT, Kind.TARGET) else OBJECT for s in read)
    return len(_WORD.findall(_LINK.sub("", raw))) >= _FEW_WORDS


def _length(page: Page) -> int:
    text = "".join(visible(block.spans) for block in page.blocks)
    return len(re.sub(rf"[\s{OBJECT}#|*-]", "", text))
