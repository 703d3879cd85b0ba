"""The playground in a real browser: Python starts in it, and answers."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlparse

import pytest
from tests.browser import audit
from tests.browser.audit import LANGUAGES, ROOT

from cnnexplain import languages
from cnnexplain.book import browser as files
from cnnexplain.playground import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STARTED = "document.getElementById('cx-play-progress').hidden"
ANSWERED = "!document.querySelector('.cx-play-old')"
BROKEN = next(each for each in PRESETS if each.id == "alexnet-384")


class Visit:
    """A page of the playground, with all that it asked for and complained of."""

    def __init__(self, context: Any, address: str, language: str = "en", query: str = "") -> None:
        self.page = context.new_page()
        self.faults = audit.watch(self.page, address)
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"{address}{LANGUAGES[language]}playground/{query}")

    def start(self) -> Visit:
        self.page.click("#cx-play-start")
        self.settled()
        return self

    def settled(self) -> None:
        """Wait until Python runs and has answered the newest question."""
        self.page.wait_for_function(f"() => {STARTED} && {ANSWERED}", timeout=60_000)

    def fill(self, field: str, value: str) -> None:
        self.page.fill(f"#cx-play-{field}", value)
        self.page.wait_for_timeout(350)  # as long as a reader pauses
        self.settled()

    def choose(self, tool: str, preset: str) -> None:
        self.page.select_option(f"#cx-play-{tool}-preset", preset)
        self.settled()

    def tool(self, number: int) -> None:
        self.page.click(f".cx-play-tools button:nth-child({number})")
        self.settled()

    def part(self, tool: str, name: str) -> str:
        return str(self.page.inner_text(f"#cx-play-{tool}-part-{name}"))

    def said(self, tool: str = "window") -> str:
        """What stands in the place of an answer."""
        return str(self.page.inner_text(f"#cx-play-answer-{tool} .cx-play-error"))


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """Open a browser that has never been here."""
    opened = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def running(browser: Any, address: str) -> Iterator[Callable[[str], Visit]]:
    """Return pages in which Python runs, one in each language."""
    opened: dict[str, Visit] = {}
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")

    def start(language: str) -> Visit:
        if language not in opened:
            opened[language] = Visit(context, address, language).start()
        opened[language].page.bring_to_front()  # a page behind another has slow clocks
        return opened[language]

    yield start
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_starts_on_a_click_and_answers_every_preset(
    running: Callable[[str], Visit], address: str, language: str
) -> None:
    visit = running(language)
    assert not visit.page.is_visible("#cx-play-start")
    for number, tool in enumerate(("window", "network"), 1):
        visit.tool(number)
        for preset in PRESETS:
            if preset.state["tool"] == tool:
                visit.choose(tool, preset.id)
                assert visit.page.locator(f"#cx-play-answer-{tool} .cx-play-part").count()
    assert visit.faults == []
    # Once for all languages, from one place.
    python = [each for each in visit.asked if "/assets/python/" in each]
    assert python
    assert all(each.startswith(f"{address}assets/python/") for each in python)


def test_a_slider_answers_while_it_is_dragged(running: Callable[[str], Visit]) -> None:
    visit = running("en")
    visit.tool(1)
    visit.choose("window", "small")
    slider = visit.page.locator("#cx-play-window-input-slider")
    box = slider.bounding_box()
    visit.page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    visit.page.mouse.down()
    seen = set()
    for step in range(2, 11):
        x = box["x"] + step * (box["width"] - 12) / 10
        visit.page.mouse.move(x, box["y"] + box["height"] / 2)
        visit.settled()
        seen.add(visit.part("window", "formula"))
    assert len(seen) > 5  # before it is let go
    visit.page.mouse.up()
    assert visit.page.input_value("#cx-play-window-input") == slider.input_value()
    slider.focus()
    visit.page.keyboard.press("Home")
    visit.settled()
    assert "⌊(1 + 2·1 − 3)/2⌋ + 1 = 1" in visit.part("window", "formula")


def test_a_broken_network_is_explained_and_a_cure_mends_it(
    running: Callable[[str], Visit],
) -> None:
    visit = running("en")
    visit.tool(2)
    visit.choose("network", BROKEN.id)
    told = visit.part("network", "explanation")
    assert "fc6 expects 9,216 input features but gets 30,976" in told
    assert not visit.page.locator("#cx-play-network-part-table").count()
    visit.fill("network-size", "3x224x224")
    assert "Problem" not in visit.part("network", "explanation")
    assert "4,096" in visit.part("network", "table") or "4096" in visit.part("network", "table")


@pytest.mark.parametrize("language", LANGUAGES)
def test_anything_typed_gets_a_sentence_and_runs_nowhere(
    running: Callable[[str], Visit], language: str
) -> None:
    visit = running(language)
    dialogs: list[str] = []
    visit.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    visit.tool(2)
    evil = "<img src=nowhere onerror=alert(1)>"
    for text in (evil, f"nn.Sequential(nn.Conv2d('{evil}', 3))", "", "(" * 5000, "class A: pass"):
        visit.fill("network-text", text)
        assert visit.page.inner_text("#cx-play-answer-network")
    visit.choose("network", "own")
    for size in (evil, "", "3x-1x4", "9" * 500):
        visit.fill("network-size", size)
        assert visit.said("network")
    visit.tool(1)
    visit.choose("window", "small")
    for number in ("", "-1", "1e3", "99999999"):
        visit.fill("window-kernel", number)
        assert visit.said("window")
    visit.choose("window", "small")
    assert dialogs == []
    assert visit.faults == []
    assert not [each for each in visit.asked if "nowhere" in each]


def test_a_window_that_does_not_fit_gets_one_sentence_and_no_empty_space(
    running: Callable[[str], Visit],
) -> None:
    visit = running("en")
    visit.tool(1)
    visit.choose("window", "small")
    preset = "document.getElementById('cx-play-window-preset').selectedOptions[0].textContent"
    assert visit.page.evaluate(preset) != "Your own"
    visit.fill("window-padding", "0")
    visit.fill("window-input", "2")
    assert visit.page.evaluate(preset) == "Your own"
    assert visit.page.inner_text("#cx-play").count(visit.said()) == 1
    assert visit.page.get_attribute("#cx-play-answer-window .cx-play-error", "role") == "alert"
    assert visit.page.locator("#cx-play-answer-window").bounding_box()["height"] < 200
    visit.choose("window", "small")
    assert visit.page.locator("#cx-play-answer-window .cx-play-part").count()
    # The history, which the next test goes back in, ends with a window that fits.
    visit.page.wait_for_function("() => location.hash.includes('input=7')")


def test_a_link_restores_what_its_sender_saw_and_the_back_button_undoes(
    running: Callable[[str], Visit], context: Any, address: str
) -> None:
    visit = running("en")
    visit.tool(1)
    visit.choose("window", "small")
    visit.page.wait_for_function("() => location.hash.includes('stride=2')")
    visit.fill("window-stride", "3")
    visit.page.wait_for_function("() => location.hash.includes('stride=3')")
    query = urlparse(visit.page.url).fragment
    assert parse_qs(query)["input"] == ["7"]
    there = visit.part("window", "formula")

    other = Visit(context, address, "en", f"#{query}")
    assert other.page.input_value("#cx-play-window-stride") == "3"
    assert other.page.input_value("#cx-play-window-stride-slider") == "3"
    assert other.page.inner_text("#cx-play-status")  # the example below is not of this
    assert other.start().part("window", "formula") == there

    visit.page.go_back()
    visit.page.wait_for_function("() => location.hash.includes('stride=2')")
    visit.settled()
    assert visit.page.input_value("#cx-play-window-stride") == "2"
    assert visit.part("window", "formula") != there
    visit.page.go_forward()
    visit.page.wait_for_function("() => location.hash.includes('stride=3')")
    visit.settled()
    assert visit.part("window", "formula") == there


@pytest.mark.parametrize("tool", ["toString", "constructor", "__proto__", "nothing"])
def test_a_link_that_names_no_tool_opens_the_first(context: Any, address: str, tool: str) -> None:
    visit = Visit(context, address, "en", f"#tool={tool}&input=9")
    assert visit.page.is_visible("#cx-play-window-input")
    assert visit.faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_and_tables_of_the_chapters_open_in_it(
    context: Any, address: str, language: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}{LANGUAGES[language]}one-size/")
    page.locator(".cx-open a").first.click()
    page.wait_for_selector("#cx-play-start")
    text = page.input_value("#cx-play-network-text")
    assert text == BROKEN.state["text"]
    assert page.input_value("#cx-play-network-size") == "3x384x384"
    page.goto(f"{address}{LANGUAGES[language]}windows/")
    page.locator(".cx-take a[href*='playground/']").last.click()
    page.wait_for_selector("#cx-play-start")
    assert page.is_visible("#cx-play-form-window")
    assert not page.is_visible("#cx-play-form-network")


def test_another_language_shows_the_same(context: Any, address: str) -> None:
    state = {"tool": "window", "kernel": "5", "input": "11"}
    visit = Visit(context, address, "en", f"#{urlencode(state)}")
    visit.page.hover(".md-select button")
    with visit.page.expect_navigation():
        visit.page.click(".md-select a[hreflang=ja]")
    assert visit.page.input_value("#cx-play-window-kernel") == "5"
    assert "/ja/playground/" in visit.page.url


@pytest.fixture(scope="module")
def first(browser: Any, address: str, server: Any) -> Iterator[tuple[Visit, list[str]]]:
    """Start Python with the keyboard, in a browser that has never been here; tell what was sent."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    sent = len(server.sent)
    visit = Visit(context, address)
    visit.page.evaluate(
        """() => { const bar = document.getElementById('cx-play-progress'); window.seen = [];
        new MutationObserver(() => seen.push(bar.value)).observe(bar, {attributes: true}); }"""
    )
    visit.page.focus("#cx-play-start")
    visit.page.keyboard.press("Enter")
    visit.settled()
    yield visit, server.sent[sent:]
    context.close()


def test_progress_tells_how_much_has_come(first: tuple[Visit, list[str]]) -> None:
    seen = first[0].page.evaluate("seen")
    assert seen == sorted(seen)
    assert len(set(seen)) > 5  # more than once for a file; how often, the network decides
    assert seen[-1] > 0.99


def test_the_keyboard_reaches_every_field_and_the_answer_is_announced(
    first: tuple[Visit, list[str]],
) -> None:
    visit, _ = first
    # Where the button was.
    assert visit.page.evaluate("document.activeElement.id") == "cx-play-status"
    visit.page.keyboard.press("Tab")
    reached = []
    for _ in range(20):
        focused = "document.activeElement.id || document.activeElement.textContent"
        reached.append(visit.page.evaluate(focused))
        visit.page.keyboard.press("Tab")
    assert reached[:4] == ["A window", "A network", "cx-play-window-preset", "cx-play-window-kind"]
    assert "cx-play-window-dilation-slider" in reached
    assert visit.page.get_attribute("#cx-play-status", "role") == "status"
    visit.fill("window-input", "15")
    visit.page.wait_for_function(
        "() => document.getElementById('cx-play-status').textContent.includes('15×15')"
    )


def test_the_next_visit_takes_python_out_of_the_cache(
    first: tuple[Visit, list[str]], address: str, server: Any
) -> None:
    visit, sent = first
    before = len(server.sent)
    again = Visit(visit.page.context, address, "fr").start()
    again.page.close()
    assert any("/python/" in path for path in sent)
    assert not any("/python/" in path for path in server.sent[before:])


def test_it_answers_offline_once_it_is_loaded(first: tuple[Visit, list[str]]) -> None:
    visit, _ = first
    visit.page.bring_to_front()
    visit.page.context.set_offline(True)
    visit.fill("window-input", "31")
    assert "31" in visit.part("window", "formula")
    visit.tool(2)
    visit.choose("network", "lenet5")
    assert "61,706" in visit.part("network", "table")
    with visit.page.expect_download() as download:
        visit.page.click(".cx-play-files button >> text=CSV")
    assert download.value.suggested_filename == "network.csv"
    assert "conv1" in Path(download.value.path()).read_text("utf-8")
    visit.page.context.set_offline(False)
    # With a new address in its bar, a browser may ask for the picture in its tab.
    assert [each for each in visit.faults if not each.endswith("/favicon.svg")] == []


def test_in_the_same_tab_a_link_starts_it_again_by_itself(
    first: tuple[Visit, list[str]], address: str
) -> None:
    visit, _ = first
    visit.page.goto(f"{address}ja/playground/#tool=window&input=12")
    visit.settled()
    assert "12" in visit.part("window", "formula")


def test_an_answer_that_takes_too_long_ends_and_the_next_one_comes(
    context: Any, address: str
) -> None:
    def endless(route: Any) -> None:
        packed = io.BytesIO(route.fetch().body())
        name = "cnnexplain/playground/__init__.py"
        with zipfile.ZipFile(packed, "a") as archive:
            text = archive.read(name).decode()
        changed = io.BytesIO()
        with zipfile.ZipFile(packed) as old, zipfile.ZipFile(changed, "w") as new:
            for each in old.namelist():
                new.writestr(each, old.read(each) if each != name else text + _ENDLESS)
        route.fulfill(body=changed.getvalue(), content_type="application/zip")

    context.route("**/assets/python/cnnexplain-*.zip", endless)
    visit = Visit(context, address).start()
    visit.page.fill("#cx-play-window-input", "13")
    visit.page.wait_for_selector("#cx-play-answer-window .cx-play-error", timeout=20_000)
    assert "5" in visit.said()
    visit.settled()
    visit.fill("window-input", "14")
    assert "14" in visit.part("window", "formula")


_ENDLESS = """
_answer = answer

def answer(state, language):
    while state["input"] == "13":
        pass
    return _answer(state, language)
"""


def test_a_file_that_is_missing_gets_a_sentence_and_another_try(context: Any, address: str) -> None:
    context.route("**/pyodide.asm.wasm", lambda route: route.fulfill(status=404))
    visit = Visit(context, address)
    visit.page.click("#cx-play-start")
    visit.page.wait_for_selector("#cx-play-start:visible", timeout=30_000)
    assert "404" in visit.page.inner_text("#cx-play-status")
    context.unroute("**/pyodide.asm.wasm")
    visit.start()
    assert visit.part("window", "formula")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_script_the_page_is_a_complete_example(
    browser: Any, address: str, language: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    visit = Visit(context, address, language)
    assert not visit.page.is_visible("#cx-play-start")
    for part in ("window-part-formula", "window-part-figure", "network-part-table"):
        assert visit.page.is_visible(f"#cx-play-{part}")
    assert visit.page.is_disabled("#cx-play-window-input")
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_python_the_page_is_an_example_and_says_how_to_get_it(
    context: Any, address: str, language: str
) -> None:
    def without(route: Any) -> None:
        text = route.fetch().text()
        start = text.index('<div class="cx-playground"')
        end = text.index('<h2 id="what"')
        route.fulfill(
            body=text[:start] + files.page(language, None) + text[end:], content_type="text/html"
        )

    context.route("**/playground/", without)
    visit = Visit(context, address, language)
    with languages.language(language):
        assert languages.text("playground.page.absent") in visit.page.inner_text(".cx-play-bar")
    assert "make playground" in visit.page.inner_text(".cx-play-bar")
    assert visit.page.is_visible("#cx-play-network-part-table")
    assert visit.page.is_disabled("#cx-play-window-input")
    assert visit.faults == []


def test_a_figure_that_comes_with_an_answer_moves(running: Callable[[str], Visit]) -> None:
    visit = running("en")
    visit.page.emulate_media(reduced_motion="no-preference")
    visit.tool(1)
    visit.choose("window", "small")
    visit.fill("window-input", "9")
    figure = visit.page.locator("#cx-play-window-part-figure .cx-figure")
    figure.scroll_into_view_if_needed()
    visit.page.wait_for_selector("#cx-play-window-part-figure .cx-figure.cx-moving")
    assert visit.page.locator("#cx-play-window-part-figure .cx-controls").count() == 1
    visit.page.emulate_media(reduced_motion="reduce")


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_a_phone_shows_all_of_it(
    running: Callable[[str], Visit], language: str
) -> None:
    visit = running(language)
    found = {}

    def look(state: str) -> None:
        found[state] = audit.findings(visit.page) + audit.too_wide(visit.page, [390])
        audit.choose(visit.page, "slate")
        found[f"{state}, dark"] = audit.findings(visit.page, ["color-contrast"])
        audit.choose(visit.page, "default")

    visit.page.set_viewport_size({"width": 390, "height": 844})
    for at, preset in enumerate(("small", "own", BROKEN.id, "alexnet")):
        visit.tool(1 if at == 0 else 2)
        visit.choose("window" if at == 0 else "network", preset)
        if at < 3:
            look(preset)
        else:  # the longest table, and otherwise as the ones before
            found[preset] = audit.too_wide(visit.page, [390])
    visit.fill("network-size", "x")
    look("refused")
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    assert {state: each for state, each in found.items() if each} == {}


def test_axe_finds_nothing_while_it_waits_to_be_started(context: Any, address: str) -> None:
    """How the page is at first is looked at in test_pages.py."""
    visit = Visit(context, address)
    visit.page.fill("#cx-play-window-input", "12")
    visit.page.wait_for_selector(".cx-play-old")
    found = audit.findings(visit.page)
    audit.choose(visit.page, "slate")
    assert found + audit.findings(visit.page, ["color-contrast"]) == []


def test_a_strict_policy_forbids_nothing_that_it_needs(
    browser: Any, address: str, server: Any
) -> None:
    html = (ROOT / "site" / "playground" / "index.html").read_text("utf-8")
    inline = re.findall(r"<script(?: id=\"__config\"[^>]*)?>(.*?)</script>", html, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in inline]
    server.policy = (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; script-src 'self' 'wasm-unsafe-eval' "
        + " ".join(f"'sha256-{each}'" for each in hashes)
    )
    try:
        context = browser.new_context(reduced_motion="reduce")
        visit = Visit(context, address).start()
        visit.page.fill("#cx-play-window-input", "15")
        visit.page.wait_for_selector("#cx-play-window-part-formula :text('15')")
        context.close()
    finally:
        server.policy = ""
    assert visit.faults == []
