"""Code and prose of a lab become one notebook, or an error that names the file and the cell."""

from __future__ import annotations

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.book import labs
from cnnexplain.book.labs import Cell, Lab
from cnnexplain.errors import BookError

CODE = "docs/labs/windows.py"
PROSE = "docs/ja/labs/windows.md"

NAMES = st.lists(st.from_regex(r"[a-z0-9]{1,5}(-[a-z]{1,3})?", fullmatch=True), unique=True).map(
    lambda names: ["setup", *(name for name in names if name != "setup")]
)
SOURCES = st.text(st.sampled_from("ab =\n#(é"), min_size=1).map(str.strip).filter(bool)


def marker(name: str) -> str:
    return f'--8<-- "labs/windows/{name}.md"'


@given(st.data(), NAMES)
def test_cells_are_read_as_they_were_written(data: st.DataObject, names: list[str]) -> None:
    sources = [data.draw(SOURCES) for _ in names]
    gaps = [data.draw(st.integers(0, 2)) * "\n" for _ in names]
    text = "# What it shows.\n\n" + "".join(
        f"# %% {name}\n{gap}{source}\n\n"
        for name, source, gap in zip(names, sources, gaps, strict=True)
    )
    cells = labs.read_cells(text, CODE)
    assert [cell.name for cell in cells] == names
    assert [cell.source for cell in cells] == sources
    lines = text.split("\n")
    assert [lines[cell.line - 1] for cell in cells] == [source.split("\n")[0] for source in sources]


@pytest.mark.parametrize(
    ("text", "expected", "received", "cure"),
    [
        ("", ": a first cell called setup", "cells []", "begin with the line `# %% setup`"),
        (
            "# %% size\n1\n# %% setup\n1\n",
            ": a first cell called setup",
            "cells ['size', 'setup']",
            "begin with the line `# %% setup`",
        ),
        (
            "import torch\n# %% setup\n1\n",
            ": code in named cells only",
            "code above the first cell",
            "put it below the line `# %% setup`",
        ),
        (
            "# %% setup\n1\n# %%\n2\n",
            ", line 3: a cell with a name of its own, in lower-case ASCII",
            "'# %%'",
            "write for example `# %% size`",
        ),
        (
            "# %% setup\n1\n\n# %% setup\n2\n",
            ", line 4: a cell with a name of its own, in lower-case ASCII",
            "'# %% setup'",
            "write for example `# %% size`",
        ),
        (
            "# %% setup\n1\n# %% size\n\n",
            ", cell size: some code",
            "an empty cell",
            "fill the cell or remove it",
        ),
    ],
)
def test_code_that_cannot_be_split_is_refused(
    text: str, expected: str, received: str, cure: str
) -> None:
    with pytest.raises(BookError) as caught:
        labs.read_cells(text, CODE)
    assert str(caught.value) == f"expected: {CODE}{expected}\nreceived: {received}\ncure: {cure}"


def test_the_setup_cell_chooses_the_language_of_the_page() -> None:
    size = Cell("size", 'cx.set_language("en")', 5)
    setup = Cell("setup", 'import cnnexplain as cx\ncx.set_language("en")\ncx.en', 2)
    assert labs.localised([setup, size], "ja", CODE) == (
        Cell("setup", 'import cnnexplain as cx\ncx.set_language("ja")\ncx.en', 2),
        size,
    )


@pytest.mark.parametrize(
    ("source", "count"),
    [("import torch", 0), ('cx.set_language("en")\ncx.set_language("en")', 2)],
)
def test_a_setup_cell_without_one_language_line_is_refused(source: str, count: int) -> None:
    with pytest.raises(BookError) as caught:
        labs.localised([Cell("setup", source, 2)], "ja", CODE)
    assert str(caught.value) == (
        f'expected: {CODE}, cell setup: the line `cx.set_language("en")` once\n'
        f"received: {count} such lines\n"
        "cure: add it below the imports; it becomes each page's own language"
    )


@given(st.data(), NAMES)
def test_prose_stands_where_it_was_written(data: st.DataObject, names: list[str]) -> None:
    prose = [data.draw(SOURCES | st.just("")) for _ in [*names, "end"]]
    lines = [prose[0]]
    for name, part in zip(names, prose[1:], strict=True):
        lines += [marker(name), part]
    assert labs.split_prose("\n".join(lines), "windows", names, PROSE) == tuple(prose)


@pytest.mark.parametrize(
    ("markers", "found"),
    [
        ([marker("setup")], ["setup"]),
        ([marker("setup"), marker("size"), marker("area")], ["setup", "size", "area"]),
        ([marker("setup"), marker("size"), marker("size")], ["setup", "size", "size"]),
        ([marker("size"), marker("setup")], ["size", "setup"]),
        (
            [marker("setup"), '--8<-- "labs/stride/size.md"'],
            ["setup", '"labs/stride/size.md"'],
        ),
        (
            [marker("setup"), "  " + marker("size"), '--8<-- "figures/a.html"'],
            ["setup", "size", '"figures/a.html"'],
        ),
    ],
    ids=["missing", "unknown", "doubled", "reordered", "of another lab", "a figure"],
)
def test_markers_that_are_not_the_cells_in_order_are_refused(
    markers: list[str], found: list[str]
) -> None:
    with pytest.raises(BookError) as caught:
        labs.split_prose("\n\n".join(markers), "windows", ["setup", "size"], PROSE)
    assert str(caught.value) == (
        f"expected: {PROSE}: cells ['setup', 'size']\n"
        f"received: cells {found}\n"
        'cure: write the line `--8<-- "labs/windows/CELL.md"` for every cell of '
        f"{CODE}, once and in the same order"
    )


def test_a_notebook_is_valid_and_in_the_order_of_the_prose() -> None:
    result = {
        "output_type": "execute_result",
        "data": {"text/plain": "6"},
        "metadata": {},
        "execution_count": None,
    }
    stream = {"output_type": "stream", "name": "stdout", "text": "6\n"}
    lab = Lab(
        "windows",
        "ja",
        (Cell("setup", "import torch\n\nimport os", 2), Cell("size", "6", 6)),
        ("# 実習\n\n窓", "", "[次](../windows.md#size)"),
    )
    text = labs.compose(lab, [[stream], [result]])
    assert text == labs.compose(lab, [[stream], [result]])
    assert text.endswith("}\n")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert [(cell["id"], cell["source"]) for cell in notebook.cells] == [
        ("prose-1", "# 実習\n\n窓"),
        ("code-setup", "import torch\n\nimport os"),
        ("code-size", "6"),
        ("prose-3", "[次](../windows.md#size)"),
    ]
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2, None]
    assert notebook.cells[1].outputs == [stream]
    assert notebook.cells[2].outputs == [{**result, "execution_count": 2}]
    # The notebook library's own writer is the second route to the same bytes.
    assert json.loads(text) | {"cells": []} == json.loads(nbformat.writes(notebook)) | {"cells": []}
    assert [cell["source"] for cell in json.loads(text)["cells"]] == [
        cell["source"] for cell in json.loads(nbformat.writes(notebook))["cells"]
    ]
