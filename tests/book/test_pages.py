"""Figures and tables are drawn in each language; a failure names which one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cnnexplain import languages
from cnnexplain.book import contents, pages
from cnnexplain.errors import ArgumentError, BookError
from cnnexplain.languages import LANGUAGES


@dataclass
class Drawn:
    size: int

    def inline(self, identity: str) -> str:
        return f"<figure id={identity} lang={languages.current()}>{self.size}</figure>"

    def to_html(self, language: str | None = None) -> str:
        return f"<table lang={language}>{self.size}</table>\n"


def draw(input_size: int) -> Drawn:
    if input_size < 1:
        raise ArgumentError("a size of at least 1", f"input_size={input_size}", "use 1")
    return Drawn(input_size)


def test_figures_are_drawn_in_the_language_under_their_name() -> None:
    assert pages.draw_figures({"small": {"input_size": 5}}, draw, "ja") == {
        "small": "<figure id=small lang=ja>5</figure>\n"
    }


def test_tables_are_written_in_the_language() -> None:
    assert pages.write_tables({"alexnet": lambda: Drawn(6)}, "fr") == {
        "alexnet": "<table lang=fr>6</table>\n"
    }


@pytest.mark.parametrize(
    ("parameters", "received"),
    [
        (
            {"input_size": 0},
            "ArgumentError: expected: a size of at least 1 / received: input_size=0 / cure: use 1",
        ),
        ({"size": 5}, "TypeError: draw() got an unexpected keyword argument 'size'"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_named(parameters: dict[str, int], received: str) -> None:
    with pytest.raises(BookError) as caught:
        pages.draw_figures({"small": parameters}, draw, "ja")
    assert str(caught.value) == (
        "expected: figure small, language ja: something that can be drawn\n"
        f"received: {received}\n"
        "cure: correct its entry in src/cnnexplain/book/contents.py"
    )


def test_a_table_that_cannot_be_traced_is_named() -> None:
    with pytest.raises(BookError, match=r"^expected: table alexnet, language fr: "):
        pages.write_tables({"alexnet": lambda: draw(0)}, "fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_declared_product_can_be_made(language: str) -> None:
    for html in pages.draw_figures(contents.FIGURES, contents.draw, language).values():
        assert 'class="cx-figure" ' in html
        assert f'lang="{language}"' in html
    total = languages.catalogue(language)["table.total"]
    for html in pages.write_tables(contents.TABLES, language).values():
        assert f">{total}</th>" in html
