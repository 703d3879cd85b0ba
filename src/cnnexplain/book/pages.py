"""The products that pages include: figures, tables, explanations, messages, in one language."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Protocol, TypeVar

from cnnexplain import languages
from cnnexplain.book import links
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.figures import Figure

_Product = TypeVar("_Product")


class Declared(Protocol):
    """What the book needs of a figure's entry."""

    @property
    def python(self) -> str:
        """The line of Python that makes it."""

    def figure(self) -> Figure:
        """Return the figure in the current language."""


class Table(Protocol):
    """What a page needs of a trace."""

    def to_html(self, language: str | None = None) -> str:
        """Return the table in a language."""


class Program(Protocol):
    """What the book needs of an explanation's entry."""

    def explanation(self) -> Table:
        """Return the explanation."""

    def message(self) -> str:
        """Return what stands in the terminal; nothing where nothing does."""


def draw_figures(declared: Mapping[str, Declared], language: str) -> dict[str, Figure]:
    """Draw the figures of all pages in one language.

    Args:
        declared: The figures' entries by name.
        language: The language of the labels.

    Returns:
        The figures by name.

    Raises:
        BookError: If a figure cannot be drawn.
    """
    with languages.language(language):
        return {
            name: _made(f"figure {name}, language {language}", each.figure)
            for name, each in declared.items()
        }


def write_tables(declared: Mapping[str, Callable[[], Table]], language: str) -> dict[str, str]:
    """Write the tables of all pages in one language.

    Args:
        declared: What makes each trace, by the table's name.
        language: The language of the labels.

    Returns:
        HTML by name.

    Raises:
        BookError: If a network cannot be traced.
    """
    return {
        name: _made(f"table {name}, language {language}", _table(trace, language)).rstrip("\n")
        + "\n"
        for name, trace in declared.items()
    }


def write_explanations(declared: Mapping[str, Program], language: str) -> dict[str, str]:
    """Write the explanations of all pages in one language.

    Args:
        declared: What makes each explanation, by the name of its block.
        language: The language of the words.

    Returns:
        HTML by name.

    Raises:
        BookError: If one cannot be made.
    """
    return {
        name: _made(
            f"explanation {name}, language {language}", _table(program.explanation, language)
        ).rstrip("\n")
        + "\n"
        for name, program in declared.items()
    }


def write_messages(declared: Mapping[str, Program]) -> dict[str, str]:
    """Write what stands in the terminal of those networks; the same in every language.

    Args:
        declared: What makes each explanation, by the name of its block.

    Returns:
        HTML by name, of those that say something.

    Raises:
        BookError: If torch refuses what it should take, or the other way round.
    """
    return {
        name: f'<pre class="cx-message" lang="en"><code>{escape(said, quote=False)}</code></pre>\n'
        for name, program in declared.items()
        if (said := _made(f"message {name}", program.message))
    }


def linked(
    kind: str, made: Mapping[str, str], played: Mapping[str, Mapping[str, str]], language: str
) -> dict[str, str]:
    """Return products of one language, with links to the playground below those that it can show.

    Args:
        kind: What they are: tables, or explanations.
        made: HTML by name.
        played: What the playground shows, by kind and name.
        language: The language of the links.
    """
    with languages.language(language):
        return {
            name: html + (links.paragraph(state) if (state := played.get(f"{kind}/{name}")) else "")
            for name, html in made.items()
        }


def _table(trace: Callable[[], Table], language: str) -> Callable[[], str]:
    return lambda: trace().to_html(language)


def _made(what: str, make: Callable[[], _Product]) -> _Product:
    try:
        return make()
    except Exception as error:
        # Whatever went wrong in it, the reader of the message has to know which product it was.
        received = " / ".join(f"{type(error).__name__}: {error}".splitlines())
        raise BookError(
            f"{what}: something that can be drawn",
            received,
            "correct its entry in src/cnnexplain/book/contents.py",
        ) from error
