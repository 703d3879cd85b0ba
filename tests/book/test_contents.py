"""What the pages include is what they say it is."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import re
from functools import partial
from pathlib import Path

import pytest

import cnnexplain as cx
from cnnexplain import trace
from cnnexplain.book import contents
from cnnexplain.languages import LANGUAGES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_pages_programs_print_the_tables_that_stand_under_them(language: str) -> None:
    page = (DOCS / language / "index.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```\n\n--8<-- \"(.*?)\"", page, re.DOTALL)
    assert [included for _, included in programs] == [
        "tables/own-network.html",
        "tables/own-module.html",
    ]
    for (program, _), name in zip(programs, ("own-network", "own-module"), strict=True):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(program, {})  # noqa: S102  # our own page
        assert printed.getvalue() == f"{contents.TABLES[name]()}\n"
    assert trace(contents.OWN_NETWORK, (3, 64, 64)) == contents.TABLES["own-network"]()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_on_a_page_the_gallery_too_and_no_page_includes_another(
    language: str,
) -> None:
    pages = [path.read_text(encoding="utf-8") for path in (DOCS / language).glob("*.md")]
    included = {name for page in pages for name in re.findall(r'--8<-- "(.*?)"', page)}
    tables = {f"tables/{name}.html" for name in contents.TABLES}
    assert included - {f"figures/{name}.html" for name in contents.FIGURES} == {
        *(f"figures/gallery-{name}.html" for name in contents.GALLERIES), *tables
    }  # fmt: skip


@pytest.mark.parametrize("name", contents.FIGURES)
def test_the_line_under_a_figure_calls_what_there_is_with_arguments_that_it_takes(
    name: str,
) -> None:
    call = ast.parse(contents.FIGURES[name].python, mode="eval").body
    assert isinstance(call, ast.Call)
    path = ast.unparse(call.func)
    if path.startswith("cx.figures."):
        taken = inspect.signature(getattr(cx.figures, path.removeprefix("cx.figures.")))
    else:
        assert path == "cx.compare(model, image, window=224).figure"
        taken = inspect.signature(partial(cx.Comparison.figure, None))
    taken.bind(*call.args, **{str(each.arg): each.value for each in call.keywords})
