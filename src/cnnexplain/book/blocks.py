"""A page of Markdown as blocks: headings, paragraphs, list items, tables and the rest."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from cnnexplain.book.spans import Kind, Span, visible


class Role(StrEnum):
    """What a block is on its page."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "list item"
    TABLE = "table"
    ADMONITION = "admonition"
    SNIPPET = "snippet"
    FENCE = "code block"
    DISPLAY = "display formula"
    IMAGE = "image"


@dataclass
class Block:
    """Consecutive lines that belong together.

    Attributes:
        role: What it is.
        line: Its first line, from 1.
        lines: The spans of each line.
    """

    role: Role
    line: int
    lines: list[list[Span]] = field(default_factory=list)

    @cached_property
    def spans(self) -> list[Span]:
        """All spans, line after line."""
        return [span for line in self.lines for span in line]

    @cached_property
    def prose(self) -> str:
        """What a reader reads, without the marks of headings, items and cells, on one line."""
        return " ".join(_MARKS.sub("", visible(line), count=1).strip() for line in self.lines)

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a table, its delimiter row left out."""
        texts = [visible(line).strip() for line in self.lines]
        return [_cells(text) for text in texts if text]


_ITEM = re.compile(r"(?:[-*+]|\d+[.)]|:)[ \t]+")
_MARKS = re.compile(r"[ \t>]*(?:#{1,6}[ \t]+|(?:[-*+]|\d+[.)]|:)[ \t]+)?")
_HEADING = re.compile(r"#{1,6}[ \t]")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)(?:\{[^}]*\})?\s*")
_ADMONITION = re.compile(r"[ \t>]*(?:[-*+] +)?(?:!!!|\?\?\?|===)")
# Which lines go on with a block.
_CONTINUED = {
    Role.PARAGRAPH: (Role.PARAGRAPH,),
    Role.ITEM: (Role.PARAGRAPH,),
    Role.TABLE: (Role.TABLE,),
}
_PIPE = re.compile(r"(?<!\\)\|")


def blocks(pieces: list[Span]) -> list[Block]:
    r"""Cut a page into blocks; blank lines, raw HTML, comments and front matter are left out.

    Args:
        pieces: The spans of a page.

    Returns:
        The blocks in order.

    Example:
        >>> from cnnexplain.book.spans import spans
        >>> [block.role.value for block in blocks(spans("# Size {#size}\n\nOne\nparagraph."))]
        ['heading', 'paragraph']
    """
    found: list[Block] = []
    opened: Block | None = None
    for number, line in _lines(pieces):
        role = _role(line, opened) if line else None
        if role is None:
            opened = None
        elif opened and role in _CONTINUED.get(opened.role, ()):
            opened.lines.append(line)
        else:
            opened = Block(role, number, [line])
            found.append(opened)
    return found


def _lines(pieces: list[Span]) -> Iterator[tuple[int, list[Span]]]:
    """Yield numbered lines; a span of several lines stands whole on its first one."""
    line: list[Span] = []
    start = number = 1
    for span in pieces:
        if span.kind is not Kind.TEXT:
            line.append(span)
            number += span.text.count("\n")
            if span.text.endswith("\n"):
                yield start, line
                line, start = [], number
            continue
        first, *rest = span.text.split("\n")
        line += [Span(Kind.TEXT, first)] if first else []
        for piece in rest:
            yield start, line
            number += 1
            line, start = ([Span(Kind.TEXT, piece)] if piece else []), number
    yield start, line


def _role(line: list[Span], opened: Block | None) -> Role | None:
    kinds = {span.kind for span in line}
    raw = "".join(span.text for span in line).lstrip(" \t>")
    text = visible(line).strip()
    markup = "".join(span.text for span in line if span.kind is Kind.MARKUP)
    in_table = opened is not None and opened.role is Role.TABLE
    # The first that holds; None ends a block.
    candidates = (
        (Role.FENCE, Kind.FENCE in kinds),
        (Role.SNIPPET, Kind.SNIPPET in kinds),
        (Role.DISPLAY, Kind.DISPLAY in kinds and not text),
        (Role.ADMONITION, bool(_ADMONITION.match(markup))),
        (Role.IMAGE, bool(_IMAGE.fullmatch(raw))),
        (Role.TABLE, in_table and "|" in raw),
        (None, not text),
        (Role.HEADING, bool(_HEADING.match(raw))),
        (Role.TABLE, raw.startswith("|")),
        (Role.ITEM, bool(_ITEM.match(raw))),
        (Role.PARAGRAPH, True),
    )
    return next(role for role, holds in candidates if holds)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in _PIPE.split(row.removeprefix("|").removesuffix("|"))]
