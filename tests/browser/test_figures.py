"""The figures and their controls in a real browser."""

from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops

from cnnexplain import figures
from cnnexplain.book import contents
from cnnexplain.languages import LANGUAGES, language

CONVOLUTION: dict[str, Any] = {"input_size": 7, "kernel_size": 3, "stride": 2, "padding": 1}
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


@pytest.fixture(scope="module")
def opened(browser: Any) -> Iterator[Any]:
    """Open one page for all of this file: to open one takes longer than most of these tests."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def page(opened: Any) -> Any:
    opened.goto("about:blank")
    opened.emulate_media(media="screen", reduced_motion="reduce")
    opened.set_viewport_size({"width": 480, "height": 1000})
    return opened


def status(page: Any) -> str:
    """What is said of the step, without what keeps numbers on a line."""
    told: str = page.locator(".cx-status").inner_text().replace("\u00a0", " ")
    return told.replace("\u2060", "").replace("\u2011", "-")


def lay(page: Any, drawings: Sequence[str]) -> None:
    """Lay drawings beside each other, two in a row, each in a document of its own."""
    page.set_content(
        "<body style='margin: 0; display: grid; grid-template-columns: 480px 480px'>"
        + "".join(
            f"<iframe srcdoc='<body style=&quot;margin: 0&quot;>{escape(each)}' "
            "style='border: 0; width: 480px; height: 1000px'></iframe>"
            for each in drawings
        )
    )


def of_each(page: Any, script: str, argument: Any = None) -> list[Any]:
    """Return what a function of a document and an argument returns for each that was laid."""
    asked = f"all => Array.from(frames).map((each, at) => ({script})(each.document, all?.[at]))"
    found = page.evaluate(asked, argument)
    assert isinstance(found, list)
    return found


STOP = """(document, time) => document.getAnimations().map(clock => {
    clock.pause(); clock.currentTime = time; }).length"""


def steps(figure: figures.Figure) -> list[int]:
    return sorted({0, 1 % figure.steps, figure.steps // 3, figure.steps // 2, figure.steps - 1})


def beside(page: Any, figure: figures.Figure) -> list[int]:
    """Lay each frame, and beside it the whole drawing, stopped there; return how many move."""
    page.emulate_media(reduced_motion="no-preference")
    taken = steps(figure)
    lay(page, [drawing for step in taken for drawing in (figure.frame(step), figure.svg)])
    times = [(step + 0.5) * figure.sweep.seconds * 1000 for step in taken]
    return of_each(page, STOP, [time for time in times for _ in range(2)])[1::2]


MARKS = """document => [...document.querySelectorAll(".cx-window, .cx-taps, .cx-tie")].map(mark => {
    const {x, y, width, height} = mark.getBoundingClientRect(); return [x, y, width, height]; })"""


@pytest.mark.parametrize("case", CASES)
def test_a_browser_moves_everything_to_where_a_frame_has_it(page: Any, case: Any) -> None:
    figure = figures.stride(**case)
    assert set(beside(page, figure)) == {2}
    found = of_each(page, MARKS)
    for step, drawn, moved in zip(steps(figure), found[::2], found[1::2], strict=True):
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


def test_the_speed_is_the_readers(page: Any) -> None:
    page.set_content(figures.stride(**CONVOLUTION).html)
    page.get_by_role("combobox", name="Speed").select_option("4")
    page.get_by_role("button", name="Play").click()
    assert page.evaluate("document.getAnimations().map(clock => clock.playbackRate)") == [4, 4]
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Step forward").click()
    assert page.evaluate("document.getAnimations().map(clock => clock.playbackRate)") == [4, 4]


def test_what_stands_for_a_step_leads_to_it(page: Any) -> None:
    figure = figures.stride(**CONVOLUTION)
    mark = '<rect data-step="5" width="9" height="9" style="fill:red"/></svg>'
    page.set_content(figure.html.replace("</svg>\n</div>", f"{mark}\n</div>", 1))
    page.locator("[data-step]").click()
    assert status(page).startswith("step 6 of 16")


def test_a_figure_that_plays_by_itself_stops_after_two_rounds(page: Any) -> None:
    page.emulate_media(reduced_motion="no-preference")
    page.set_content(figures.stride(3, 2).faster(10).html)
    page.wait_for_function("document.getAnimations().length > 0")
    page.wait_for_function("document.getAnimations().length === 0")
    assert page.get_by_role("button", name="Play").is_visible()
    assert status(page).startswith("step 1 of 4")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1500)  # three rounds: the reader decides when it ends
    assert page.get_by_role("button", name="Pause").is_visible()


@pytest.mark.parametrize("width", [300, 480])
@pytest.mark.parametrize("name", ["known-strides", "cost", "folding", "padding-7-to-4"])
def test_nothing_below_a_figure_moves_while_it_plays(page: Any, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    figure = contents.FIGURES[name].figure()
    page.set_content(figure.html)
    forward = page.get_by_role("button", name="Step forward")
    heights = forward.evaluate(
        """(button, steps) => Array.from({length: steps}, () => {
        button.click(); return button.closest(".cx-figure").offsetHeight; })""",
        figure.steps,
    )
    assert len(set(heights)) == 1
    assert status(page).startswith("step ")


def test_a_slider_is_silent_while_the_figure_plays(page: Any) -> None:
    page.set_content(figures.stride(3, 2).faster(5).html)
    told = page.get_by_role("slider").get_attribute("aria-valuetext")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(500)
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == told
    page.get_by_role("button", name="Pause").click()
    assert page.get_by_role("slider").get_attribute("aria-valuetext").startswith("step\xa0")


def test_the_controls_are_called_after_their_figure(page: Any) -> None:
    figure = figures.stride(**CONVOLUTION)
    page.set_content(figure.html)
    name = f"Motion of the figure: {figure.title}"
    assert page.get_by_role("group", name=name, exact=True).is_visible()


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


SEEN = """document => [...document.querySelectorAll("svg text")].filter(text => {
    for (let each = text; each.tagName !== "svg"; each = each.parentNode)
        if (getComputedStyle(each).opacity === "0") return false;
    return true; }).map(text => text.textContent).sort()"""


@pytest.mark.parametrize("case", NUMBERS)
def test_a_browser_shows_the_numbers_that_a_frame_has(page: Any, case: Any) -> None:
    figure = figures.stride(**case)
    beside(page, figure)
    found = of_each(page, SEEN)
    assert all(found)
    assert found[1::2] == found[::2], steps(figure)


@pytest.mark.parametrize("code", LANGUAGES)
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


@pytest.mark.parametrize("name", contents.FIGURES)
def test_every_figure_moves_through_its_frames(page: Any, name: str) -> None:
    """What CSS makes of the whole drawing is what is drawn for the moment alone."""
    figure = contents.FIGURES[name].figure()
    beside(page, figure)
    assert max(different(*pair) for pair in pictures(page)) < 0.002, steps(figure)


def pictures(page: Any) -> list[tuple[Any, Any]]:
    """Take one picture of all that was laid, and cut it into the pairs that stand in a row."""
    page.set_viewport_size({"width": 960, "height": 1000})
    sizes = of_each(
        page,
        """document => { const svg = document.querySelector("svg").getBoundingClientRect();
        return [svg.width, svg.height]; }""",
    )
    assert sizes[::2] == sizes[1::2]
    image = Image.open(BytesIO(page.screenshot(full_page=True))).convert("L")
    boxes = [
        [(left, row * 1000, left + width, row * 1000 + height) for left in (0, 480)]
        for row, (width, height) in enumerate(sizes[::2])
    ]
    return [(image.crop(one), image.crop(other)) for one, other in boxes]


def different(one: Any, other: Any) -> float:
    """Return the share of pixels that differ by more than smoothing does."""
    histogram = ImageChops.difference(one, other).histogram()
    return sum(histogram[48:]) / sum(histogram)


def test_a_figure_that_does_not_move_through_its_frames_is_found(page: Any) -> None:
    figure = figures.stride(**CONVOLUTION)
    lay(page, [figure.frame(step) for step in (3, 4, 4, 4)])
    unlike, like = (different(*pair) for pair in pictures(page))
    assert unlike > 0.002
    assert like == 0


OVERLAPS = """document => {
    const svg = document.querySelector("svg").getBoundingClientRect(), found = [];
    // What has a place of its own: a text, or each number of a text that is one for all cells.
    const placed = [...document.querySelectorAll("svg text")].flatMap(text => {
        const numbers = [...text.querySelectorAll("tspan[x]")];
        return numbers.length ? numbers : text; });
    // What moves behind a window of its own is seen no farther than that.
    const seen = each => {
        const {left, right, top, bottom, height} = each.getBoundingClientRect();
        const frame = each.closest("svg"), parent = frame.parentNode;
        if (!parent.getScreenCTM) return {left, right, top, bottom, height};
        const {a, e, f} = parent.getScreenCTM();
        const [x, y, wide, tall] = ["x", "y", "width", "height"].map(
            name => frame[name].baseVal.value * a);
        return {height, left: Math.max(left, x + e), right: Math.min(right, x + e + wide),
                top: Math.max(top, y + f), bottom: Math.min(bottom, y + f + tall)}; };
    const texts = placed.map(each => [each.textContent, seen(each)]).filter(
        ([, box]) => box.right > box.left && box.bottom > box.top + 0.3 * box.height);
    for (const [at, [words, box]] of texts.entries()) {
        if (!words.trim()) continue;
        if (box.left < svg.left - 0.5 || box.right > svg.right + 0.5 || box.top < svg.top - 0.5
            || box.bottom > svg.bottom + 0.5) found.push(["cut", words]);
        for (const [others, other] of texts.slice(at + 1)) {
            // Fonts reserve room above and below their letters.
            const spare = 0.2 * Math.min(box.height, other.height);
            if (others.trim() && box.left < other.right - 1 && other.left < box.right - 1
                && box.top < other.bottom - spare && other.top < box.bottom - spare)
                found.push([words, others]);
        }
    }
    return found;
}"""


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", contents.FIGURES)
def test_no_text_is_cut_or_runs_into_another(page: Any, name: str, code: str) -> None:
    with language(code):
        figure = contents.FIGURES[name].figure()
    lay(page, [*(figure.frame(step) for step in steps(figure)), figure.svg])
    *frames, _ = of_each(page, OVERLAPS)
    assert dict(zip(steps(figure), frames, strict=True)) == {step: [] for step in steps(figure)}
    assert of_each(page, OVERLAPS.replace("svg text", "svg :not(.cx-seen) > text"))[-1] == []


def test_text_that_is_cut_or_runs_into_another_is_found(page: Any) -> None:
    cut = '<svg width="50" height="20"><text y="15">too long for it</text></svg>'
    two = '<svg width="300" height="40"><text y="15">one</text><text y="18">two</text></svg>'
    lay(page, [cut, two])
    assert of_each(page, OVERLAPS) == [[["cut", "too long for it"]], [["one", "two"]]]
