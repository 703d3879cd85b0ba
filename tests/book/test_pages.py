"""Figures and tables are drawn in each language; a failure names which one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import cnnexplain as cx
from cnnexplain import languages
from cnnexplain.book import contents, pages
from cnnexplain.book.programs import Program
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES


@dataclass
class Drawn:
    size: int

    def to_html(self, language: str | None = None) -> str:
        return f"<table lang={language}>{self.size}</table>\n"


def declared(size: object) -> contents.Declared:
    return contents.Declared(f"cx.figures.stride({size!r})")


def test_figures_are_drawn_in_the_language_under_their_name() -> None:
    drawn = pages.draw_figures({"small": declared(5)}, "ja")
    assert {name: each.language for name, each in drawn.items()} == {"small": "ja"}


def test_tables_are_written_in_the_language() -> None:
    assert pages.write_tables({"alexnet": lambda: Drawn(6)}, "fr") == {
        "alexnet": "<table lang=fr>6</table>\n"
    }


@dataclass
class Explained:
    said: str

    def explanation(self) -> Drawn:
        return Drawn(6)

    def message(self) -> str:
        return self.said


def test_explanations_are_written_in_the_language_and_messages_as_they_are() -> None:
    declared = {"broken": Explained("Error: 1 < 2 isn't"), "sound": Explained("")}
    assert pages.write_explanations(declared, "fr") == {
        "broken": "<table lang=fr>6</table>\n",
        "sound": "<table lang=fr>6</table>\n",
    }
    assert pages.write_messages(declared) == {
        "broken": '<pre class="cx-message" lang="en"><code>Error: 1 &lt; 2 isn\'t</code></pre>\n'
    }


def test_a_program_that_does_not_do_as_it_should_is_named() -> None:
    line = 'cx.explain("nn.Sequential(nn.ReLU())", (1, 8, 8))'
    fails = Program(line, "1 + 1")
    with pytest.raises(
        BookError,
        match=r"^expected: message relu: .*\nreceived: .*a program that fails.* no exception",
    ):
        pages.write_messages({"relu": fails})
    runs = Program(line, 'raise RuntimeError("no")', fails=False)
    with pytest.raises(BookError, match="RuntimeError: no"):
        pages.write_messages({"relu": runs})
    unknown = Program("cx.explain(None)", fails=False)
    with pytest.raises(BookError, match=r"^expected: explanation none, language ja: "):
        pages.write_explanations({"none": unknown}, "ja")


def test_a_figure_that_cannot_be_drawn_is_named() -> None:
    with pytest.raises(BookError) as caught:
        pages.draw_figures({"small": declared(0)}, "ja")
    expected, received, cure = str(caught.value).splitlines()
    assert expected == "expected: figure small, language ja: something that can be drawn"
    assert received.startswith("received: ArgumentError: expected: input_size")
    assert cure == "cure: correct its entry in src/cnnexplain/book/contents.py"


def test_a_table_that_cannot_be_traced_is_named() -> None:
    with pytest.raises(BookError, match=r"^expected: table alexnet, language fr: "):
        pages.write_tables({"alexnet": lambda: cx.trace("", (1,))}, "fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_declared_product_can_be_made(language: str) -> None:
    for name, figure in pages.draw_figures(contents.FIGURES, language).items():
        html = figure.inline(name)
        assert 'class="cx-figure" ' in html
        assert f'lang="{language}"' in html
    total = languages.catalogue(language)["table.total"]
    for html in pages.write_tables(contents.TABLES, language).values():
        assert f">{total}</th>" in html
    for html in pages.write_explanations(contents.EXPLANATIONS, language).values():
        assert 'class="cx-explanation"' in html
