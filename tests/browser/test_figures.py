"""The figures and their controls in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from cnnexplain import figures
from cnnexplain.languages import language

CONVOLUTION = {"input_size": 7, "kernel_size": 3, "stride": 2, "padding": 1}
CASES: list[dict[str, Any]] = [
    CONVOLUTION,
    {"input_size": 13, "stride": 2, "operation": "max_pooling"},
    {"input_size": 6, "stride": 2, "ceil_mode": True, "operation": "max_pooling"},
    {"input_size": (4, 9), "kernel_size": (2, 3), "dilation": (1, 2)},
    {"input_size": 20},
    {"input_size": 227, "kernel_size": 11, "stride": 4},
    {"input_size": 4, "stride": 2, "padding": 1, "output_padding": 1, "numbers": True,
     "operation": "transposed_convolution"},
    {"input_size": 3, "stride": 4, "operation": "transposed_convolution", "dimensions": 1},
    {**CONVOLUTION, "numbers": True},
    {**CONVOLUTION, "numbers": True, "operation": "average_pooling", "dimensions": 1},
]  # fmt: skip
NUMBERS = [case for case in CASES if "numbers" in case]


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page(reduced_motion="reduce", viewport={"width": 480, "height": 1000})
    yield opened
    opened.close()


def status(page: Any) -> str:
    return page.locator(".cx-status").inner_text().replace("\u00a0", " ")


MARKS = """[...document.querySelectorAll(".cx-window, .cx-taps, .cx-tie")].map(mark => {
    const {x, y, width, height} = mark.getBoundingClientRect(); return [x, y, width, height]; })"""


@pytest.mark.parametrize("case", CASES)
def test_a_browser_moves_everything_to_where_a_frame_has_it(page: Any, case: Any) -> None:
    figure = figures.stride(**case)
    for step in {0, 1, figure.steps // 3, figure.steps - 1}:
        page.emulate_media(reduced_motion="no-preference")
        page.set_content(figure.frame(step))
        drawn = page.evaluate(MARKS)
        page.set_content(figure.svg)
        clocks = page.evaluate(
            """time => document.getAnimations().map(clock => {
            clock.pause(); clock.currentTime = time; })""",
            (step + 0.5) * figure.script.seconds * 1000,
        )
        assert len(clocks) == 2
        moved = page.evaluate(MARKS)
        assert len(drawn) == len(moved) == 5
        for one, other in zip(drawn, moved, strict=True):
            assert one == pytest.approx(other, abs=0.1), step


def test_a_figure_stands_still_for_readers_who_ask_for_less_motion(page: Any) -> None:
    page.set_content(figures.stride(**CONVOLUTION).html)
    assert page.evaluate("document.getAnimations().length") == 0
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("document.getAnimations().length") > 0


def test_the_keyboard_steps_through_a_figure_and_each_step_is_announced(page: Any) -> None:
    page.set_content(figures.stride(**CONVOLUTION).html)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert status(page).startswith("step 16 of 16: output row 4, column 4 reads rows 6–7")
    assert page.locator(".cx-status").get_attribute("aria-live") == "polite"
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert status(page).startswith("step 2 of 16: output row 1, column 2 reads rows 1–2")
    assert page.locator(".cx-status").get_attribute("aria-live") == "off"


def test_the_controls_speak_the_figures_language(page: Any) -> None:
    with language("ja"):
        page.set_content(figures.stride(**CONVOLUTION).html)
    assert page.get_by_role("button", name="再生").is_visible()
    assert page.get_by_role("group", name="アニメーションの操作").is_visible()


def test_paper_shows_the_complete_figure_and_no_controls(page: Any) -> None:
    page.set_content(figures.stride(**CONVOLUTION).html)
    page.get_by_role("button", name="Step forward").click()
    page.emulate_media(media="print")
    page.wait_for_function("document.getAnimations().length == 0")
    assert not page.locator(".cx-controls").is_visible()
    page.emulate_media(media="screen")
    assert status(page).startswith("step 2 of 16")
    page.wait_for_function("document.getAnimations().every(clock => clock.playState == 'paused')")


def test_a_figure_is_complete_without_a_script(browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(figures.stride(**CONVOLUTION).html)
    assert not page.locator(".cx-controls").count()
    assert page.get_by_role("img", name="Convolution, kernel 3×3").is_visible()
    context.close()


SEEN = """[...document.querySelectorAll("svg text")].filter(text => {
    for (let each = text; each.tagName !== "svg"; each = each.parentNode)
        if (getComputedStyle(each).opacity === "0") return false;
    return true; }).map(text => text.textContent).sort()"""


@pytest.mark.parametrize("case", NUMBERS)
def test_a_browser_shows_the_numbers_that_a_frame_has(page: Any, case: Any) -> None:
    figure = figures.stride(**case)
    for step in {0, 1, figure.steps // 3, figure.steps - 1}:
        page.emulate_media(reduced_motion="no-preference")
        page.set_content(figure.frame(step))
        drawn = page.evaluate(SEEN)
        page.set_content(figure.svg)
        page.evaluate(
            """time => document.getAnimations().map(clock => {
            clock.pause(); clock.currentTime = time; })""",
            (step + 0.5) * figure.script.seconds * 1000,
        )
        assert page.evaluate(SEEN) == drawn, step


@pytest.mark.parametrize("code", ["en", "ja", "fr"])
@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_stay_inside_their_cells(page: Any, case: Any, code: str) -> None:
    with language(code):
        page.set_content(figures.stride(**case).svg)
    widths = page.evaluate(
        """[...document.querySelectorAll("svg .cx-number tspan")].map(
        each => each.getComputedTextLength())"""
    )
    unit = float(page.locator("rect.cx-window").last.get_attribute("width"))
    assert 0 < max(widths) <= unit - 2


@pytest.mark.parametrize("code", ["en", "ja", "fr"])
@pytest.mark.parametrize("case", CASES)
def test_no_text_is_cut_or_runs_into_another(page: Any, case: Any, code: str) -> None:
    with language(code):
        page.set_content(figures.stride(**case).frame(0))
    boxes = page.evaluate(
        """[...document.querySelectorAll("svg text:not(.cx-number)")].map(text => {
        const {x, y, width, height} = text.getBBox(); return [x, y, x + width, y + height]; })"""
    )
    height = page.evaluate("document.querySelector('svg').viewBox.baseVal.height")
    for at, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0 <= top
        assert right <= 480
        assert bottom <= height
        for other_left, other_top, other_right, other_bottom in boxes[at + 1 :]:
            # Lines of text overlap by what fonts reserve above and below their letters.
            apart = other_top >= bottom - 6 or top >= other_bottom - 6
            assert apart or other_left >= right or left >= other_right
