"""Docstrings of the package, in the sections that all of them have."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LISTS = {"Args", "Attributes", "Raises", "Warns"}
_TEXTS = {"Returns", "Yields", "Example"}
_SECTION = re.compile(rf"^({'|'.join(sorted(_LISTS | _TEXTS))}):$", re.MULTILINE)
_ITEM = re.compile(r"^(\*{0,2}[\w.]+): ", re.MULTILINE)
_ADDRESS = re.compile(r"https?://[^\s<>]*[^\s<>.,;:)]")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Docstring:
    """A docstring in parts.

    Attributes:
        prose: The paragraphs above the sections; the first is the summary.
        lists: What a section says of each name, by the section's title.
        texts: What a section without names says, by its title.
    """

    prose: Sequence[str]
    lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def read(documented: object) -> Docstring:
    """Return an object's docstring in parts.

    Args:
        documented: A function, a class, a property or a module.

    Example:
        >>> from cnnexplain import output_size
        >>> list(read(output_size).lists["Raises"])
        ['ArgumentError', 'ShapeError']
    """
    return parsed(inspect.getdoc(documented) or "")


def parsed(text: str) -> Docstring:
    r"""Return a docstring's text in parts.

    Args:
        text: The text, without the indentation of its code.

    Example:
        >>> parsed("Return a size.\n\nArgs:\n    size: What\n        came.").lists
        {'Args': {'size': 'What came.'}}
    """
    prose, *sections = _SECTION.split(text)
    lists: dict[str, dict[str, str]] = {}
    texts: dict[str, str] = {}
    for title, content in zip(sections[::2], sections[1::2], strict=True):
        body = inspect.cleandoc(content)
        if title in _LISTS:
            _, *items = _ITEM.split(body)
            told = (" ".join(each.split()) for each in items[1::2])
            lists[title] = dict(zip(items[::2], told, strict=True))
        else:
            texts[title] = body if title == "Example" else " ".join(body.split())
    paragraphs = [" ".join(each.split()) for each in prose.split("\n\n")]
    return Docstring(list(filter(None, paragraphs)), lists, texts)


def inline(text: str) -> str:
    """Return a sentence of a docstring as HTML: code, and addresses as links.

    Args:
        text: The sentence.

    Example:
        >>> inline("It is `int`, see https://arxiv.org/abs/1603.07285.")
        'It is <code>int</code>, see <a href="https://arxiv.org/abs/1603.07285">arxiv.org/abs/1603.07285</a>.'
    """
    escaped = _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
    return _ADDRESS.sub(
        lambda found: f'<a href="{found[0]}">{found[0].partition("://")[2]}</a>', escaped
    )
