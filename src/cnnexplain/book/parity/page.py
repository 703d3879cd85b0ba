"""A page in one language, and how its parts correspond to those of the English page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cnnexplain.book.blocks import Block, Role, blocks
from cnnexplain.book.spans import spans

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Finding:
    """Where two languages differ, or one breaks a rule.

    Attributes:
        page: The file, from the project's root.
        language: Its language.
        line: Its line, from 1; 0 stands for the whole file.
        message: What differs, with both values.
        warning: Worth a look, and no error.
    """

    page: str
    language: str
    line: int
    message: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {'warning: ' if self.warning else ''}{self.message}"


@dataclass(frozen=True)
class Unit:
    """Blocks that are compared as one: a block, a section, or the whole page."""

    line: int
    blocks: list[Block]

    @property
    def prose(self) -> str:
        """What a reader reads."""
        return "\n".join(block.prose for block in self.blocks)


@dataclass(frozen=True)
class Page:
    """A page of Markdown in one language.

    Attributes:
        name: Its path below the language's folder.
        language: Its language.
        text: Its Markdown.
    """

    name: str
    language: str
    text: str

    @cached_property
    def blocks(self) -> list[Block]:
        """Its blocks in order."""
        return blocks(spans(self.text))

    @cached_property
    def sections(self) -> list[list[Block]]:
        """Its blocks from heading to heading; the first section is what stands above them."""
        found: list[list[Block]] = [[]]
        for block in self.blocks:
            if block.role is Role.HEADING:
                found.append([])
            found[-1].append(block)
        return found

    def finding(self, line: int, message: str, *, warning: bool = False) -> Finding:
        """Report something on this page."""
        return Finding(f"docs/{self.language}/{self.name}", self.language, line, message, warning)

    def differs(self, what: str, english: object, here: object, lines: tuple[int, int]) -> Finding:
        """Report a difference with both values and both lines."""
        message = f"{what}: {english!r} in English (line {lines[0]}), {here!r} here"
        return self.finding(lines[1], message)


def units(english: Page, other: Page) -> Iterator[tuple[Unit, Unit]]:
    """Pair what corresponds, as finely as the structure of both pages allows.

    Args:
        english: The English page.
        other: The same page in another language.

    Yields:
        Blocks where a section has the same ones in both languages, else sections; the whole page
        where even the sections differ.
    """
    if len(english.sections) != len(other.sections):
        yield Unit(1, english.blocks), Unit(1, other.blocks)
        return
    for section, translated in zip(english.sections, other.sections, strict=True):
        if [block.role for block in section] == [block.role for block in translated]:
            for block, twin in zip(section, translated, strict=True):
                yield Unit(block.line, [block]), Unit(twin.line, [twin])
        else:
            yield Unit(_first_line(section), section), Unit(_first_line(translated), translated)


def _first_line(section: list[Block]) -> int:
    return section[0].line if section else 1
