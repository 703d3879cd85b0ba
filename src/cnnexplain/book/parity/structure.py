"""Whether two pages are built alike: headings, snippets, blocks, tables, navigation."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from cnnexplain.book.blocks import Block, Role
from cnnexplain.book.parity.page import Finding, Page
from cnnexplain.book.spans import Kind, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ID = re.compile(r"#([^\s}]+)")
_ASCII_ID = re.compile(r"[a-z][a-z0-9-]*")
_COUNTED = (Role.PARAGRAPH, Role.ITEM, Role.TABLE, Role.ADMONITION, Role.DISPLAY, Role.IMAGE)


def page_sets(names: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Every page exists in every language.

    Args:
        names: The pages of each language.

    Yields:
        A page that a language lacks, or has alone.
    """
    for code, found in names.items():
        for name in sorted(set(names["en"]) - set(found)):
            message = f"pages: {name!r} in English, nothing here"
            yield Finding(f"docs/{code}/{name}", code, 0, message)
        for name in sorted(set(found) - set(names["en"])):
            message = f"pages: nothing in English, {name!r} here"
            yield Finding(f"docs/{code}/{name}", code, 0, message)


def navigation(listed: Mapping[str, Sequence[str]], pages: Sequence[str]) -> Iterator[Finding]:
    """Every configuration that lists pages lists all of them, in the same order.

    Args:
        listed: The pages in the navigation of each configuration that has one.
        pages: The English pages.

    Yields:
        A navigation that differs from the English one, or leaves pages out.
    """
    for code, found in listed.items():
        file = "mkdocs.yml" if code == "en" else f"mkdocs.{code}.yml"
        if code == "en" and set(found) != set(pages):
            message = f"navigation: pages {sorted(pages)}, {sorted(found)} here"
            yield Finding(file, code, 0, message)
        if list(found) != list(listed.get("en", found)):
            message = f"navigation: {list(listed['en'])} in English, {list(found)} here"
            yield Finding(file, code, 0, message)


def heading_ids(page: Page) -> Iterator[Finding]:
    """Every heading has an id of its own, written out in ASCII.

    Args:
        page: A page in any language.

    Yields:
        A heading without such an id.
    """
    seen: dict[str, int] = {}
    for block in _of(page.blocks, Role.HEADING):
        identity = _id(block)
        if not _ASCII_ID.fullmatch(identity):
            what = f"{identity!r}" if identity else "none"
            message = f"heading id: {what} for {block.prose!r}; write {{#lower-case-ascii}}"
            yield page.finding(block.line, message)
        elif identity in seen:
            message = f"heading id: {identity!r} also in line {seen[identity]}; ids are unique"
            yield page.finding(block.line, message)
        seen.setdefault(identity, block.line)


def headings(english: Page, other: Page) -> Iterator[Finding]:
    """Headings have the same levels and ids, in the same order."""
    pairs = _of(english.blocks, Role.HEADING), _of(other.blocks, Role.HEADING)
    if len(pairs[0]) != len(pairs[1]):
        yield other.differs("number of headings", len(pairs[0]), len(pairs[1]), (1, 1))
    for block, twin in zip(*pairs, strict=False):
        lines = block.line, twin.line
        if _level(block) != _level(twin):
            yield other.differs("heading levels", _level(block), _level(twin), lines)
        if _id(block) != _id(twin):
            yield other.differs("heading ids", _id(block), _id(twin), lines)


def snippets(english: Page, other: Page) -> Iterator[Finding]:
    """Included figures and tables and the markers of lab cells are the same, in order."""
    ours, theirs = (
        [block.spans[0].text.strip() for block in _of(page.blocks, Role.SNIPPET)]
        for page in (english, other)
    )
    if ours != theirs:
        at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
        at = min(len(ours), len(theirs)) if at is None else at
        lines = _line(english, Role.SNIPPET, at), _line(other, Role.SNIPPET, at)
        yield other.differs(
            f"included snippets from number {at + 1} on", ours[at:], theirs[at:], lines
        )


def block_counts(english: Page, other: Page) -> Iterator[Finding]:
    """Each section has as many paragraphs, list items, tables, formulas and boxes."""
    if len(english.sections) != len(other.sections):
        return
    for section, twin in zip(english.sections, other.sections, strict=True):
        ours, theirs = (Counter(block.role for block in blocks) for blocks in (section, twin))
        lines = (section[0].line if section else 1), (twin[0].line if twin else 1)
        for role in _COUNTED:
            if ours[role] != theirs[role]:
                what = f"{role.value}s in the section"
                yield other.differs(what, ours[role], theirs[role], lines)


def tables(english: Page, other: Page) -> Iterator[Finding]:
    """Tables have the same rows and columns."""
    pairs = _of(english.blocks, Role.TABLE), _of(other.blocks, Role.TABLE)
    for block, twin in zip(*pairs, strict=False):
        ours, theirs = _size(block), _size(twin)
        if ours != theirs:
            yield other.differs("rows × columns of a table", ours, theirs, (block.line, twin.line))


def admonitions(english: Page, other: Page) -> Iterator[Finding]:
    """Boxes and tabs have the same types, in order."""
    pairs = _of(english.blocks, Role.ADMONITION), _of(other.blocks, Role.ADMONITION)
    for block, twin in zip(*pairs, strict=False):
        ours, theirs = _type(block), _type(twin)
        if ours != theirs:
            yield other.differs("type of a box", ours, theirs, (block.line, twin.line))


def front_matter(english: Page, other: Page) -> Iterator[Finding]:
    """Front matter has the same keys; titles and descriptions are translated."""
    ours, theirs = _front(english), _front(other)
    if ours.keys() != theirs.keys():
        yield other.differs("front matter", sorted(ours), sorted(theirs), (1, 1))
    for key in ("title", "description"):
        value = ours.get(key)
        if value and value.count(" ") > 1 and value == theirs.get(key):
            yield other.differs(f"front matter {key}", value, value, (1, 1))


def _of(blocks: Sequence[Block], role: Role) -> list[Block]:
    return [block for block in blocks if block.role is role]


def _line(page: Page, role: Role, index: int) -> int:
    found = _of(page.blocks, role)
    return found[index].line if index < len(found) else page.text.count("\n") + 1


def _level(block: Block) -> int:
    first = block.spans[0].text.lstrip(" >")
    return len(first) - len(first.lstrip("#"))


def _id(block: Block) -> str:
    lists = [span.text for span in block.spans if span.kind is Kind.ATTRIBUTES]
    match = _ID.search(lists[-1]) if lists else None
    return match[1] if match else ""


def _size(block: Block) -> str:
    size = f"{len(block.rows)}×{max(len(row) for row in block.rows)}"
    ruled = any(span.kind is Kind.MARKUP and "|" in span.text for span in block.spans)
    return size if ruled else f"{size} without a delimiter row"


def _type(block: Block) -> str:
    markup = next(span.text for span in block.spans if span.kind is Kind.MARKUP)
    return " ".join(markup.replace('"', "").split())


def _front(page: Page) -> dict[str, str]:
    front = "".join(span.text for span in spans(page.text)[:1] if span.kind is Kind.FRONT)
    return dict(re.findall(r"^(\w+):[ \t]*(.*)$", front, re.MULTILINE))
