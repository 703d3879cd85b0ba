"""The Python-Markdown extension: values, typography, formulas."""

from __future__ import annotations

import json
from pathlib import Path

import markdown
import pytest

from cnnexplain.book.markdown import PREPARED
from cnnexplain.errors import BookError

VALUES = {
    "en": {"flat": {"text": "9,216", "tex": r"\text{9,216}"}, "formula": {"tex": r"\frac{1}{2}"}},
    "fr": {"flat": {"text": "9\u202f216", "tex": "\\text{9\u202f216}"}},
}


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for language, values in VALUES.items():
        folder = tmp_path / "build" / language
        folder.mkdir(parents=True)
        (folder / "values.json").write_text(json.dumps(values), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def html(text: str, language: str = "en", **snippets: str) -> str:
    for name, content in snippets.items():
        Path("build", language, f"{name}.html").write_text(content, encoding="utf-8")
    return markdown.markdown(
        text,
        extensions=["cnnexplain.book.markdown", "pymdownx.snippets", "tables", "toc", "attr_list"],
        extension_configs={
            "cnnexplain.book.markdown": {"language": language},
            "pymdownx.snippets": {"base_path": [f"build/{language}"], "check_paths": True},
        },
    )


def test_a_value_stands_in_text_and_in_a_formula() -> None:
    page = html("{{ flat }} values, ${{ flat }}$")
    assert page.startswith("<p>9,216 values, <math")
    assert "<mn>9,216</mn>" in page


def test_a_display_formula_has_a_box_of_its_own() -> None:
    page = html("Before\n\n$${{ formula }}$$\n\nafter")
    assert '<p>Before</p>\n<div class="formula"><math display="block">' in page
    assert "<mfrac>" in page


def test_a_display_formula_may_span_lines() -> None:
    assert "<mfrac>" in html("$$\n\\frac{1}\n{2}\n$$")


@pytest.mark.parametrize("text", ["It costs $5 and $6.", r"\$x\$", "`$x$`", "    $x$", "a $ b $ c"])
def test_a_dollar_is_no_formula(text: str) -> None:
    assert "<math" not in html(text)


def test_underscores_and_stars_in_a_formula_are_no_emphasis() -> None:
    assert "<em>" not in html("$k_1 * s_1 * k_2$")


def test_a_formula_may_stand_in_a_table_and_in_a_heading() -> None:
    page = html("## Size $k$ {#size}\n\n| a |\n| - |\n| $k$ |\n")
    assert '<h2 id="size">Size <math' in page
    assert "<td><math" in page


def test_french_gets_its_spaces() -> None:
    assert html("Combien ? {{ flat }}", "fr") == "<p>Combien\u202f? 9\u202f216</p>"


def test_an_included_file_stays_as_it_was_made() -> None:
    made = "<div>Combien ? {{ braces }} $x$</div>"
    assert made in html('--8<-- "figure.html"', "fr", figure=made)


def test_a_prepared_text_is_not_prepared_again() -> None:
    assert html(f"{PREPARED}\n`a` {{{{ flat }}}}") == "<p><code>a</code> {{ flat }}</p>"


def test_an_unknown_value_names_itself_and_the_language() -> None:
    with pytest.raises(BookError, match=r"(?s)flatt.*docs/fr") as caught:
        html("{{ flatt }}", "fr")
    assert "flat" in caught.value.cure


def test_a_wrong_formula_names_itself_and_the_language() -> None:
    with pytest.raises(BookError, match=r"(?s)docs/fr.*\$\\nosuch\$"):
        html(r"$\nosuch$", "fr")


def test_missing_values_tell_how_to_make_them(book: Path) -> None:
    (book / "build" / "en" / "values.json").unlink()
    with pytest.raises(BookError, match=r"python -m cnnexplain\.book"):
        html("text")
