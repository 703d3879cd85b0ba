"""The built site in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

LANGUAGES = {"en": "", "ja": "ja/", "fr": "fr/"}
PAGES = [
    "",
    "windows/",
    "pooling-to-dense/",
    "one-size/",
    "labs/windows/",
    "labs/pooling-to-dense/",
    "labs/one-size/",
    "converting/",
    "labs/converting/",
    "sliding/",
    "labs/sliding/",
    "playground/",
    "figures/",
    "about/",
]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_pages_fit_their_screen_load_nothing_from_elsewhere_and_log_no_error(
    browser: Any, address: str, width: int, colours: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=colours)
    errors: list[str] = []
    elsewhere: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: elsewhere.append(request.url))
    for folder in LANGUAGES.values():
        for name in PAGES:
            page.goto(address + folder + name)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    page.close()
    assert errors == []
    assert [url for url in elsewhere if not url.startswith((address, "data:", "blob:"))] == []


@pytest.mark.parametrize("start", LANGUAGES)
@pytest.mark.parametrize("end", LANGUAGES)
def test_the_language_switch_stays_on_the_page_and_section(
    browser: Any, address: str, start: str, end: str
) -> None:
    page = browser.new_page()
    for name in PAGES:
        page.goto(address + LANGUAGES[start] + name)
        page.hover(".md-select button")
        with page.expect_navigation():  # which also waits until the other page is there
            page.click(f".md-select a[hreflang={end}]")
        assert page.url == address + LANGUAGES[end] + name
        assert page.evaluate("document.documentElement.lang") == end
    page.goto(address + LANGUAGES[start] + "windows/#rounding")
    page.hover(".md-select button")
    page.click(f".md-select a[hreflang={end}]")
    assert page.url == f"{address}{LANGUAGES[end]}windows/#rounding"
    page.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_widest_tables_fit_a_laptop(browser: Any, address: str, language: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}{LANGUAGES[language]}pooling-to-dense/")
    tables = page.locator(".cx-table")
    hidden = tables.evaluate_all("boxes => boxes.map(box => box.scrollWidth - box.clientWidth)")
    assert hidden == [0, 0, 0]
    page.close()


@pytest.mark.parametrize(
    ("language", "name", "query", "marked"),
    [
        ("ja", "", "畳み込み", "畳み込み"),
        ("ja", "your-network/", "畳み込み", "畳み込み"),  # has the id "exports"
        ("ja", "", "ストライドの大きさ", "ストライド"),
        ("fr", "", "convolution", "convolution"),
        ("en", "", "stride", "stride"),
    ],
)
def test_the_search_finds_words(
    browser: Any, address: str, language: str, name: str, query: str, marked: str
) -> None:
    page = browser.new_page()
    page.goto(address + LANGUAGES[language] + name)
    page.click(".md-search__input")
    page.keyboard.insert_text(query)
    page.keyboard.press("Shift")  # the theme listens to keys, which an input method sends
    page.wait_for_selector(".md-search-result__item mark")
    marks = [
        text.lower() for text in page.locator(".md-search-result__item mark").all_inner_texts()
    ]
    page.close()
    assert any(marked in mark for mark in marks)


def test_formulas_use_the_font_of_the_site(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(address + "windows/")
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)"
    )
    page.close()
    assert "cnnexplain Math" in " ".join(loaded)


def test_a_lab_can_be_copied_and_downloaded(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(address + "fr/labs/windows/")
    page.wait_for_selector(".highlight .md-code__button, .highlight .md-clipboard")
    with page.expect_download() as download:
        page.click(".download")
    assert download.value.suggested_filename == "windows.ipynb"
    page.close()
