"""The products that pages include: figures and tables, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from cnnexplain import languages
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
