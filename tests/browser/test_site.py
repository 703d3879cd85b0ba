"""The built site in a real browser: what a reader does with it."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import nbclient
import nbformat
import pytest
from tests.browser.audit import LANGUAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LABS = sorted(path.stem for path in (ROOT / "docs" / "labs").glob("*.py"))


@pytest.fixture(scope="module")
def opened(browser: Any) -> Iterator[Any]:
    """Open one page for all of this file, which may read the clipboard."""
    context = browser.new_context(
        permissions=["clipboard-read", "clipboard-write"],
        reduced_motion="reduce",
        viewport={"width": 1280, "height": 900},
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def page(opened: Any) -> Any:
    opened.goto("about:blank")
    opened.emulate_media(media="screen")
    return opened


@pytest.mark.parametrize("start", LANGUAGES)
def test_the_language_switch_stays_on_the_page_and_section(
    page: Any, address: str, start: str
) -> None:
    """Where it leads from every page is looked at in test_pages.py."""
    for end, folder in LANGUAGES.items():
        page.goto(address + LANGUAGES[start] + "windows/#rounding")
        page.hover(".md-select button")
        page.click(f".md-select a[hreflang={end}]")
        page.wait_for_url(f"{address}{folder}windows/#rounding")
        assert page.evaluate("document.documentElement.lang") == end
        assert page.evaluate("document.querySelector(':target').id") == "rounding"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_widest_tables_fit_a_laptop(page: Any, address: str, language: str) -> None:
    page.goto(f"{address}{LANGUAGES[language]}pooling-to-dense/")
    tables = page.locator(".cx-table")
    hidden = tables.evaluate_all("boxes => boxes.map(box => box.scrollWidth - box.clientWidth)")
    assert hidden == [0, 0, 0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tables_of_conversions_fit_a_phone(browser: Any, address: str, language: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    for name in ("converting/", "labs/converting/"):
        page.goto(f"{address}{LANGUAGES[language]}{name}")
        tables = page.locator(".cx-table")
        hidden = tables.evaluate_all("boxes => boxes.map(box => box.scrollWidth - box.clientWidth)")
        assert hidden
        assert not any(hidden), name
    context.close()


# What is typed, what of it is marked, and a page that is among the results.
QUERIES = {
    "en": [
        ("stride", ["stride"], "windows/"),
        ("receptive field", ["receptive", "field"], "receptive-fields/"),
        ("fully connected", ["fully", "connected"], "converting/"),
    ],
    "ja": [
        ("畳み込み", ["畳み込み"], "dense-and-convolution/"),
        ("出力サイズ", ["出力", "サイズ"], "windows/"),
        ("全結合層", ["全結"], "converting/"),
        ("ストライドの大きさ", ["ストライド"], "windows/"),
    ],
    "fr": [
        ("convolution", ["convolution"], "dense-and-convolution/"),
        ("entièrement connectée", ["entièrement", "connectée"], "converting/"),
        ("entierement connectee", ["entièrement", "connectée"], "converting/"),
        ("Champ recepteur", ["champ", "récepteur"], "receptive-fields/"),
    ],
}
RESULTS = """() => ({
    marks: [...document.querySelectorAll(".md-search-result__item mark")].map(
        each => each.textContent.toLowerCase()),
    links: [...document.querySelectorAll(".md-search-result__link")].map(
        each => each.href.split("?")[0])})"""


def search(page: Any, query: str) -> None:
    page.click(".md-search__input")
    for typed in ("", query):
        page.fill(".md-search__input", typed)
        page.keyboard.press("Shift")  # the theme listens to keys, which an input method sends
        marked = page.locator(".md-search-result__item mark").first
        marked.wait_for(state="attached" if typed else "detached")


# One page of Japanese has the id "exports", which the words of its index must survive.
@pytest.mark.parametrize(
    ("language", "name"), [("en", ""), ("ja", ""), ("ja", "your-network/"), ("fr", "")]
)
def test_the_search_finds_words(page: Any, address: str, language: str, name: str) -> None:
    start = address + LANGUAGES[language]
    page.goto(start + name)
    for query, words, found in QUERIES[language]:
        search(page, query)
        results = page.evaluate(RESULTS)
        for word in words:
            assert any(word in mark for mark in results["marks"]), (query, word)
        assert start + found in results["links"], query
        # First comes a chapter, which has a lab of its name; labs and lists only mention it.
        assert results["links"][0].removeprefix(start).rstrip("/") in LABS, query


@pytest.mark.parametrize(("language", "query"), [("ja", "出力サイズ"), ("fr", "recepteur")])
def test_the_search_finds_words_where_the_index_comes_before_the_scripts(
    page: Any, address: str, language: str, query: str
) -> None:
    page.goto(address + LANGUAGES[language])  # and the index is in the browser's cache

    def late(route: Any) -> None:
        page.wait_for_timeout(500)
        route.continue_()

    page.route("**/assets/*.js", late)
    page.goto(address + LANGUAGES[language])
    search(page, query)
    page.unroute("**/assets/*.js")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keyboard_opens_the_search_and_a_result(page: Any, address: str, language: str) -> None:
    query, _, _ = QUERIES[language][0]
    page.goto(address + LANGUAGES[language])
    page.keyboard.press("f")  # the theme's key for it
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    page.keyboard.insert_text(query)
    page.keyboard.press("Shift")
    page.wait_for_selector(".md-search-result__item mark")
    page.keyboard.press("ArrowDown")
    chosen = page.evaluate("document.activeElement.href")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.split("?")[0] == chosen.split("?")[0])
    assert page.locator("article h1").is_visible()


def test_formulas_use_the_font_of_the_site(page: Any, address: str) -> None:
    page.goto(address + "windows/")
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)"
    )
    assert "cnnexplain Math" in " ".join(loaded)


COPIED = "navigator.clipboard.readText()"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["windows/", "labs/windows/"])
def test_code_is_copied_as_it_is_shown(page: Any, address: str, name: str, language: str) -> None:
    page.goto(address + LANGUAGES[language] + name)
    page.wait_for_selector(".md-code__button", state="attached")
    # The line below a figure is folded until somebody asks for it.
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    blocks = page.locator("pre:has(.md-code__button)")
    below = page.locator(".cx-take pre:has(.md-code__button)")
    assert blocks.count() > below.count()
    for block in (blocks.first, blocks.last, *([below.first] if below.count() else [])):
        page.evaluate("navigator.clipboard.writeText('')")
        block.hover()
        block.locator(".md-code__button").click()
        page.wait_for_function(f"async () => await {COPIED} !== ''")
        assert page.evaluate(COPIED).strip() == block.locator("code").inner_text().strip()


@pytest.fixture(scope="module")
def downloads(opened: Any, address: str, tmp_path_factory: Any) -> Path:
    """Download the notebook of the quickest lab in every language, and take those of the others."""
    folder: Path = tmp_path_factory.mktemp("downloads")
    for language, start in LANGUAGES.items():
        opened.goto(f"{address}{start}labs/windows/")
        with opened.expect_download() as download:
            opened.click(".download")
        assert download.value.suggested_filename == "windows.ipynb"
        download.value.save_as(folder / language / "windows.ipynb")
        for lab in LABS:
            page = ROOT / "site" / start / "labs" / lab / "index.html"
            links = re.findall(
                r'<a href="([^"]*)" download class="md-button', page.read_text("utf-8")
            )
            assert links == [f"{lab}.ipynb"]
            shutil.copy(page.with_name(links[0]), folder / language)
    return folder


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lab_is_downloaded_as_a_notebook_that_installs_first_what_it_needs(
    downloads: Path, language: str
) -> None:
    for lab in LABS:
        notebook = nbformat.read(downloads / language / f"{lab}.ipynb", as_version=4)
        nbformat.validate(notebook)
        first, *cells = notebook.cells
        assert first.source.startswith("# "), lab
        install, setup, *_ = (cell.source for cell in cells if cell.cell_type == "code")
        assert install.startswith("try:\n    import cnnexplain\nexcept ImportError:\n    %pip"), lab
        assert setup.startswith(("import", "from")), lab
        assert f'cx.set_language("{language}")' in setup, lab


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_downloaded_notebook_runs_where_the_site_is_not(
    downloads: Path, tmp_path: Path, language: str
) -> None:
    """The quickest lab; the numbers are those of the page."""
    shutil.copy(downloads / language / "windows.ipynb", tmp_path)
    shown = nbformat.read(tmp_path / "windows.ipynb", as_version=4)
    notebook = nbformat.from_dict(json.loads(json.dumps(shown)))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    ran = nbclient.NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        coalesce_streams=True,  # a slow machine sends two printed lines one by one
        resources={"metadata": {"path": tmp_path}},
    ).execute()
    assert [told(cell) for cell in ran.cells] == [told(cell) for cell in shown.cells]


def test_figures_lie_on_the_page_and_fit_a_labs_output_on_a_phone(
    browser: Any, address: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}labs/sliding/")
    inside = """[...document.querySelectorAll(".output:has(.cx-figure)")].map(
        (output) => output.scrollWidth <= output.clientWidth)"""
    assert page.evaluate(inside) == [True]
    page.goto(f"{address}converting/")
    ground, paper = page.evaluate(
        """() => [getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector(".cx-paper")).fill]"""
    )
    context.close()
    assert paper == ground


def told(cell: Any) -> list[str]:
    """Return the text that a cell printed or returned."""
    outputs = cell.get("outputs", [])
    return [each.get("text") or each.get("data", {}).get("text/plain", "") for each in outputs]
