"""What an answer is made of, and what takes its place where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from cnnexplain.formats.characters import visible
from cnnexplain.languages import text

if TYPE_CHECKING:
    from collections.abc import Mapping

# As much as a sentence can hold of what somebody typed.
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an answer, under a heading of its own.

    Attributes:
        id: Its name, the same in every language.
        heading: What stands above it.
        html: What it shows.
    """

    id: str
    heading: str
    html: str


@dataclass(frozen=True, slots=True)
class File:
    """A file to save.

    Attributes:
        name: What it is called.
        label: Its format.
        type: Its media type.
        content: All of its text.
    """

    name: str
    label: str
    type: str
    content: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told of a window or of a network.

    Attributes:
        state: What it is told of, complete.
        parts: Its parts in order.
        files: What can be saved of it.
        summary: All of it in a sentence.
    """

    state: Mapping[str, str]
    parts: tuple[Part, ...]
    files: tuple[File, ...]
    summary: str


class Refusal(Exception):  # noqa: N818  # it is an answer too
    """A sentence that takes an answer's place, since what was typed has none.

    Args:
        key: The sentence's label below `playground.error`.
        **values: What stands for its placeholders.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        """Return the sentence in the current language."""
        return text(f"playground.error.{self.key}", **self.values)


def typed(given: str, most: int = _MOST_SHOWN) -> str:
    r"""Return what somebody typed as a sentence can hold it.

    Args:
        given: Any text.
        most: The longest text that is shown whole, in characters.

    Example:
        >>> typed("3.5\n"), len(typed("9" * 1000))
        ('3.5', 60)
    """
    # The beginning alone is looked at: there may be megabytes of it.
    seen = visible(given[: 4 * most]).strip()
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def paragraph(sentence: str, kind: str = "") -> str:
    """Return a sentence as HTML.

    Args:
        sentence: Any text.
        kind: Its class.

    Example:
        >>> paragraph("1 < 2")
        '<p>1 &lt; 2</p>'
    """
    return f"<p{attribute('class', kind)}>{escape(visible(sentence))}</p>"


def code(program: str) -> str:
    """Return lines of a program as HTML.

    Args:
        program: The lines.
    """
    return f'<pre class="cx-play-code"><code>{escape(program, quote=False)}</code></pre>'


def attribute(name: str, value: str) -> str:
    """Return an attribute as HTML, or nothing if it is empty.

    Args:
        name: Its name.
        value: Its value.

    Example:
        >>> attribute("class", "a"), attribute("class", "")
        (' class="a"', '')
    """
    return f' {name}="{escape(value)}"' if value else ""
