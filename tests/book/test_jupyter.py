"""What mends mkdocs-jupyter: each cure by its effect on a page."""

from __future__ import annotations

import json
import re
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
from mkdocs.config import load_config
from mkdocs.structure.files import File, Files, get_files
from mkdocs.structure.pages import Page

from cnnexplain.book import jupyter
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from pathlib import Path

    from mkdocs.config.defaults import MkDocsConfig

FIGURE = '<div class="cx-figure">\n\n<svg viewBox="0 0 9 9"><linearGradient id="a"/></svg></div>'
SETUP = 'import torch\nx = 1 < 2  # (1, 512, 7, 7)\nprint("done")'
PROSE = """# 畳み込み {#lab}

A [chapter](../windows.md#size), [this](#size), $\\frac{1}{2}$ and `$x$`.

## 出力の大きさ {#size}

!!! note "補足"
    Text."""


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "execution_count": 1,
        "outputs": [*outputs],
    }


def result(**data: str) -> dict[str, Any]:
    names = {"html": "text/html", "plain": "text/plain"}
    mime = {names[name]: value for name, value in data.items()}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": mime}


CELLS = [
    {"cell_type": "markdown", "metadata": {}, "source": PROSE},
    code(SETUP, {"output_type": "stream", "name": "stdout", "text": "a <b>\n"}),
    {"cell_type": "markdown", "metadata": {}, "source": ["Between ", "cells."]},
    code(
        "figure", result(html=f"{FIGURE}\n<style>p{{}}</style>\n<script>go()</script>\n", plain="F")
    ),
    code("6 * 7", result(plain="42")),
]


class Site:
    """A site of one chapter and one lab."""

    def __init__(self, root: Path) -> None:
        docs = root / "docs" / "en"
        (docs / "labs").mkdir(parents=True)
        (docs / "windows.md").write_text("# Windows\n\n## Size {#size}\n", encoding="utf-8")
        (docs / "labs" / "windows.md").write_text("# Lab\n", encoding="utf-8")
        (root / "mkdocs.yml").write_text(
            "site_name: x\nsite_url: https://example.org/ja/\ndocs_dir: docs/en\n"
            "theme: {name: material, font: false}\n"
            "plugins: {mkdocs-jupyter: {include: ['*.ipynb'], ignore: ['*.md'], cache: false}}\n"
            "markdown_extensions: [admonition, attr_list, toc, cnnexplain.book.markdown]\n"
            "validation: {anchors: warn}\n",
            encoding="utf-8",
        )
        self.config: MkDocsConfig = load_config(str(root / "mkdocs.yml"))
        self.files: Files = get_files(self.config)
        self.lab: File = self.file("labs/windows.md")
        self.notebook = root / "windows.ipynb"

    def file(self, uri: str) -> File:
        file = self.files.get_file_from_path(uri)
        assert file is not None
        return file

    def render(self, cells: list[dict[str, Any]]) -> tuple[Page, str]:
        """The page of a lab, and what is on it."""
        text = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        self.notebook.write_text(json.dumps(text), encoding="utf-8")
        self.lab.abs_src_path = str(self.notebook)
        jupyter.mend()
        plugin: Any = self.config.plugins["mkdocs-jupyter"]
        page: Page = plugin.on_pre_page(Page(None, self.lab, self.config), self.config, self.files)
        page.read_source(self.config)
        page.render(self.config, self.files)
        assert page.content
        page.content = jupyter.render(page.content, page, self.config, self.files)
        return page, page.content


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_no_style_and_no_script_come_with_a_lab(site: Site) -> None:
    _, content = site.render(CELLS)
    assert not re.search(r"<(style|script|link)|jp-|highlight-ipynb", content)
    assert len(content) < 3000


def test_code_has_the_markup_that_the_theme_gives_a_copy_button(site: Site) -> None:
    _, content = site.render(CELLS)
    assert content.count('<div class="language-python highlight"><pre><span></span><code>') == 3
    block = re.search(r"</span><code>(.*?)</code></pre>", content, re.DOTALL)
    assert block is not None
    assert re.sub(r"<[^>]+>", "", block[1]).replace("&lt;", "<").strip() == SETUP


def test_a_japanese_heading_keeps_its_own_id_in_text_and_contents(site: Site) -> None:
    page, content = site.render(CELLS)
    assert '<h2 id="size">出力の大きさ' in content
    top = next(iter(page.toc))
    assert (top.title, top.id, [child.id for child in top.children]) == (
        "畳み込み",
        "lab",
        ["size"],
    )
    assert page.title == "畳み込み"


def test_formulas_are_mathml(site: Site) -> None:
    _, content = site.render(CELLS)
    assert "<mfrac>" in content
    assert "<code>$x$</code>" in content


def test_prose_knows_what_pages_know(site: Site) -> None:
    assert '<p class="admonition-title">補足</p>' in site.render(CELLS)[1]


def test_links_between_pages_are_rewritten(site: Site) -> None:
    assert 'href="../../windows/#size"' in site.render(CELLS)[1]


def test_a_dead_link_warns(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.render([{"cell_type": "markdown", "metadata": {}, "source": "[x](../nowhere.md)"}])
    assert "labs/windows.md" in caplog.text
    assert "../nowhere.md" in caplog.text


def test_a_dead_anchor_warns(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    chapter = Page(None, site.file("windows.md"), site.config)
    chapter.markdown = "<!-- prepared -->\n# Windows {#top}"
    chapter.render(site.config, site.files)
    page, _ = site.render(CELLS)
    page.validate_anchor_links(files=site.files, log_level=30)
    assert "'windows.md' does not contain an anchor '#size'" in caplog.text


def test_html_outputs_survive_as_they_are_but_for_what_the_site_serves_once(site: Site) -> None:
    assert f'<div class="output">{FIGURE}\n</div>' in site.render(CELLS)[1]


def test_text_outputs_are_shown_as_text(site: Site) -> None:
    _, content = site.render(CELLS)
    assert "<pre>a &lt;b&gt;\n</pre>" in content
    assert "<pre>42</pre>" in content


def test_cells_keep_their_order(site: Site) -> None:
    _, content = site.render(CELLS)
    places = [
        content.index(word) for word in ("chapter", "torch", "Between cells", "cx-figure", "42")
    ]
    assert places == sorted(places)


def test_a_place_that_is_missing_is_an_error() -> None:
    with pytest.raises(BookError, match="2 places"):
        jupyter._fill("a <!--html-->", "<!--html-->", ["x", "y"])


def test_a_downloaded_notebook_works_away_from_the_site(site: Site) -> None:
    notebook = json.dumps({"cells": CELLS})
    cells = json.loads(jupyter.portable(notebook, site.lab, site.config, site.files))["cells"]
    prose = "".join(cells[0]["source"])
    assert "# 畳み込み\n" in prose
    assert "## 出力の大きさ\n" in prose
    assert "(https://example.org/ja/windows/#size)" in prose
    assert "(https://example.org/ja/labs/windows/#size)" in prose
    assert ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"] == [
        'try:\n    import cnnexplain\nexcept ImportError:\n    %pip install -q "cnnexplain[torch]"',
        SETUP,
        "figure",
        "6 * 7",
    ]


def test_a_downloaded_notebook_installs_its_extra_from_where_the_project_is(site: Site) -> None:
    notebook = json.dumps({"cells": [code("from cnnexplain.examples import faces")]})
    site.config.repo_url = "https://example.org/project"
    first, _ = json.loads(jupyter.portable(notebook, site.lab, site.config, site.files))["cells"]
    assert first["source"][-1] == (
        '    %pip install -q "cnnexplain[examples] @ git+https://example.org/project"'
    )


def test_the_installed_versions_are_the_pinned_ones() -> None:
    jupyter.check_versions()


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: "9.9.9")
    with pytest.raises(BookError, match=r"(?s)mkdocs-jupyter 0\.26\.3.*9\.9\.9.*pip install"):
        jupyter.check_versions()
