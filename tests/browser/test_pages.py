"""Every page in every language: in light and dark, on all screens, and on paper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser import audit
from tests.browser.audit import LANGUAGES, PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

# Half of the time that a page takes is the making of the search index, which test_site.py asks.
INDEX = '{"config": {"lang": ["en"], "separator": "-", "pipeline": [], "fields": {}}, "docs": []}'
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
URLS = [start + name for start in LANGUAGES.values() for name in (*PAGES, "404.html")]


@pytest.fixture(scope="module")
def watched(browser: Any, address: str) -> Iterator[tuple[Any, list[str]]]:
    """Open one page for all, and a list of what it complains of."""
    context = browser.new_context(reduced_motion="reduce")
    context.route("**/search_index.json", lambda route: route.fulfill(body=INDEX))
    page = context.new_page()
    yield page, audit.watch(page, address)
    context.close()


LINKS = """[...document.querySelectorAll(".md-select__link")].map(
    ({hreflang, href}) => [hreflang, href])"""


def switch(address: str, url: str) -> dict[str, str]:
    """Return where the language switch of a page has to lead."""
    name = url.removeprefix("ja/").removeprefix("fr/")
    # What is not there is not there in another language either.
    name = "" if name == "404.html" else name
    return {code: address + start + name for code, start in LANGUAGES.items()}


@pytest.mark.parametrize("url", URLS)
def test_a_page_is_right_in_all_colours_and_on_all_screens(
    watched: tuple[Any, list[str]], address: str, url: str
) -> None:
    page, heard = watched
    assert audit.look(page, address + url, heard) == []
    assert page.evaluate("document.documentElement.lang") == (url[:2] if url[2:3] == "/" else "en")
    assert dict(page.evaluate(LINKS)) == switch(address, url)


FAULTS = """
<p style="color: #bbb; background: #fff">faint</p>
<p class="planted">faint in the dark</p>
<style>[data-md-color-scheme=slate] .planted { color: #444; }</style>
<input id="unlabelled">
<p style="width: 900px">wide</p>
<svg><text><span>early</span></text><rect width="1" height="1"></rect></svg>
<img src="http://192.0.2.1/elsewhere.png" alt="">
<script>console.error("planted"); throw new Error("thrown");</script>
</article>"""


def test_what_is_wrong_with_a_page_is_found(browser: Any, address: str) -> None:
    def spoilt(route: Any) -> None:
        # The page's policy would refuse what is planted.
        text = POLICY.sub("", route.fetch().text()).replace("</article>", FAULTS)
        route.fulfill(body=text, content_type="text/html")

    context = browser.new_context(reduced_motion="reduce")
    context.route("**/about/", spoilt)
    context.route("http://192.0.2.1/**", lambda route: route.abort())
    page = context.new_page()
    found = audit.look(page, f"{address}about/", audit.watch(page, address))
    context.close()
    for fault in (
        'color-contrast: <p style="color: #bbb',
        'dark color-contrast: <p class="planted"',
        'label: <input id="unlabelled"',
        "torn: <rect",
        "sideways: 9",
        "elsewhere: http://192.0.2.1/elsewhere.png",
        "console: planted",
        "error: thrown",
    ):
        assert any(each.startswith(fault) for each in found), (fault, found)
    assert any(each.endswith("screen of 320") for each in found)
    assert not any(each.endswith("screen of 1440") for each in found)


def test_a_page_that_claims_its_address_asks_for_nothing_more(browser: Any, address: str) -> None:
    """As on a site that is hosted: the theme would look for sitemaps where none are."""
    claims = "".join(
        f'<link rel="alternate" hreflang="{code}" href="{address}{start}windows/">'
        for code, start in LANGUAGES.items()
    )

    def claimed(route: Any) -> None:
        text = route.fetch().text().replace("</title>", f"</title>{claims}", 1)
        route.fulfill(body=text, content_type="text/html")

    context = browser.new_context()
    context.route("**/ja/windows/", claimed)
    page = context.new_page()
    heard, asked = audit.watch(page, address), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}ja/windows/")
    page.wait_for_load_state("networkidle")
    assert page.locator("link[rel~=alternate][hreflang]").count() == len(LANGUAGES)
    context.close()
    assert heard == []
    assert not [each for each in asked if "sitemap" in each]


@pytest.fixture(scope="module")
def scriptless(browser: Any) -> Iterator[Any]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("url", URLS)
def test_without_a_script_a_page_is_complete_and_fits_a_phone(
    scriptless: Any, address: str, url: str
) -> None:
    scriptless.goto(address + url)
    assert audit.too_wide(scriptless, [390]) == []
    assert audit.cut_formulas(scriptless) == []
    hidden = """[...document.querySelectorAll("article :is(h1, h2, h3, p, pre, table, svg, math)")]
        .filter(each => !each.closest("details, .cx-gallery") && !each.checkVisibility())
        .map(each => each.outerHTML.slice(0, 200))"""
    assert scriptless.evaluate(hidden) == []
    assert scriptless.locator("article h1").count() == 1


CHAPTERS = ["windows/", "one-size/", "sliding/", "claims/", "labs/windows/", "playground/"]


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_page_prints_completely_and_without_controls(
    watched: tuple[Any, list[str]], address: str, name: str
) -> None:
    page, _ = watched
    page.goto(address + name)
    audit.choose(page, "slate")
    assert audit.printed(page) == []


def test_what_is_wrong_on_paper_is_found(watched: tuple[Any, list[str]]) -> None:
    page, _ = watched
    page.goto("about:blank")  # away from the colours that were chosen last
    page.set_content(
        """<article><p style="display: none">lost</p><button>go on</button>
        <h2 style="color: #edeff2">light</h2>
        <div style="overflow: auto; width: 50px"><p style="width: 90px">wide</p></div></article>"""
    )
    kinds = [each.split(":")[0] for each in audit.printed(page)]
    assert kinds == ["hidden", "control", "faint", "cut"]


def test_a_formula_wider_than_its_box_is_found(scriptless: Any) -> None:
    box = '<p class="formula" style="overflow: auto; width: 50px"><img width="{}">N</p>'
    scriptless.set_content(box.format(90) + box.format(40))
    assert [each.strip() for each in audit.cut_formulas(scriptless)] == ["N"]


@pytest.mark.parametrize("start", LANGUAGES.values())
def test_the_formula_sheet_fits_on_one_page(
    watched: tuple[Any, list[str]], address: str, start: str
) -> None:
    page, _ = watched
    page.goto(f"{address}{start}formulas/")
    page.emulate_media(media="print")
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
    page.emulate_media(media="screen")
