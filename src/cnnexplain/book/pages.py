"""The products that pages include: figures and tables, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from cnnexplain import languages
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Figure(Protocol):
    """What a page needs of a figure."""

    def inline(self, identity: str, /) -> str:
        """Return the figure's HTML; ids inside it begin with `identity`."""


class Table(Protocol):
    """What a page needs of a trace."""

    def to_html(self, language: str | None = None) -> str:
        """Return the table in a language."""


def draw_figures(
    declared: Mapping[str, Mapping[str, Any]], draw: Callable[..., Figure], language: str
) -> dict[str, str]:
    """Draw the figures of all pages in one language.

    Args:
        declared: The parameters of each figure, by its name.
        draw: The drawing function.
        language: The language of the labels.

    Returns:
        HTML by name.

    Raises:
        BookError: If a figure cannot be drawn.
    """
    with languages.language(language):
        return {
            name: _html(f"figure {name}, language {language}", _drawing(draw, parameters, name))
            for name, parameters in declared.items()
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
        name: _html(f"table {name}, language {language}", _table(trace, language))
        for name, trace in declared.items()
    }


def _drawing(
    draw: Callable[..., Figure], parameters: Mapping[str, Any], name: str
) -> Callable[[], str]:
    return lambda: draw(**parameters).inline(name)


def _table(trace: Callable[[], Table], language: str) -> Callable[[], str]:
    return lambda: trace().to_html(language)


def _html(what: str, make: Callable[[], str]) -> str:
    try:
        html = make()
    except Exception as error:
        # Whatever went wrong in it, the reader of the message has to know which product it was.
        received = " / ".join(f"{type(error).__name__}: {error}".splitlines())
        raise BookError(
            f"{what}: something that can be drawn",
            received,
            "correct its entry in src/cnnexplain/book/contents.py",
        ) from error
    return html.rstrip("\n") + "\n"
