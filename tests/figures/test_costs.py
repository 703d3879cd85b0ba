"""The figures about costs, and about the width of a layer: structure, never pixels."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, cast

import pytest
import torch
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st
from tests.moments import SVG, numbers, parse, sentences, words
from torch import nn

import cnnexplain as cx
from cnnexplain import figures, savings
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.figures import chart, cost_words, svg
from cnnexplain.languages import LANGUAGES, language, number

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable

HOSTILE = "<script>&\"'"
DATA = json.loads((Path(__file__).parents[2] / "docs/data/sliding.json").read_text("utf-8"))
MEASURED = [(each["network"], each["image_px"], each["batched_ratio"]) for each in DATA["costs"]]
TIMED = {"measured": MEASURED, "measured_on": DATA["date"]}
WIDTHS = {1: [0.2, 0.26, 0.22], 16: [0.96, 0.97, 0.95], 128: [0.983, 0.98, 0.986], 4096: [0.99] * 3}
SMALL = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 4))

CASES: dict[str, Callable[[], figures.Figure]] = {
    "cost": partial(figures.cost, **TIMED),
    "cost, computed": figures.cost,
    "cost, one network": lambda: figures.cost(cx.networks.vgg16(), [224, 384, 512]),
    "cost, one image": lambda: figures.cost(cx.networks.vgg16(), [384]),
    "cost, the window": lambda: figures.cost(cx.networks.vgg16(), [224]),
    "cost, three": lambda: figures.cost(
        {
            HOSTILE: cx.networks.lenet5(),
            "a": cx.trace(SMALL, (1, 8, 8)),
            "b" * 24: cx.networks.lenet5(),
        },
        {HOSTILE: [48, 64], "a": [8, 512 // 4], "b" * 24: [32, 100]},
    ),
    "cost, a trace": lambda: figures.cost(cx.trace(SMALL, (1, 8, 8)), [8, 16, 200]),
    "shares": figures.cost_shares,
    "shares, one network": lambda: figures.cost_shares({HOSTILE: cx.networks.alexnet()}, [387]),
    "shares, small": lambda: figures.cost_shares(cx.networks.lenet5(), [32, 36, 128]),
    "width": partial(figures.width, WIDTHS),
    "width, two": lambda: figures.width({3: [0.0], 5: [1.0]}, in_features=10**6, out_features=2),
    "width, many": lambda: figures.width({2**at: [1 - 0.7**at] * 10 for at in range(14)}),
}
every_case = pytest.mark.parametrize("make", CASES.values(), ids=CASES)
MOVING = {name: make for name, make in CASES.items() if not name.startswith("shares")}
every_moving = pytest.mark.parametrize("make", MOVING.values(), ids=MOVING)
every_language = pytest.mark.parametrize("code", LANGUAGES)


def of_class(root: ET.Element, *names: str) -> list[ET.Element]:
    return [each for each in root.iter() if {*names} <= {*each.get("class", "").split()}]


def points(path: ET.Element) -> list[tuple[float, float]]:
    values = numbers(path.attrib["d"])
    return list(zip(values[::2], values[1::2], strict=True))


def longest(root: ET.Element, name: str) -> ET.Element:
    """The drawing itself, beside which a key may show a piece of the same class."""
    return max(of_class(root, name), key=lambda each: len(each.get("d", "")))


def axes(root: ET.Element) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """Read back what the numbers of the axes mean: places to sizes across, and to ratios up."""
    up, across = [], []
    for each in of_class(root, "cx-small"):
        content = "".join(each.itertext())
        if content.isdigit():
            place = float(each.attrib["x"]), float(each.attrib["y"])
            if "cx-end" in each.attrib["class"]:
                up.append((place[1] - 5, float(content)))
            elif "cx-middle" in each.attrib["class"]:
                across.append((place[0], float(content)))
    return line(across), line(up)


def line(known: list[tuple[float, float]]) -> Callable[[float], float]:
    (first, low), (second, high) = min(known), max(known)
    return lambda place: low + (place - first) / (second - first) * (high - low)


def at_step(root: ET.Element, step: int) -> ET.Element:
    """What the inline figure shows at a step: what is seen on and off, by its style."""
    for parent in list(root.iter()):
        for child in list(parent):
            if "cx-seen" not in child.get("class", "").split():
                continue
            times = dict(re.findall(r"--cx-(on|off):(\d+)", child.attrib["style"]))
            if not int(times.get("on", 0)) <= step < int(times.get("off", 10**6)):
                parent.remove(child)
    return root


def drawn(root: ET.Element) -> list[tuple[Any, ...]]:
    """All that is drawn, without the groups that say when."""
    return [
        (each.tag, sorted(each.attrib.items()), each.text)
        for each in root.iter()
        if each.tag not in {f"{SVG}svg", f"{SVG}style", f"{SVG}g"}
    ]


# --- The ratio ----------------------------------------------------------------------------------


def test_curves_show_what_the_engine_computes() -> None:
    root = parse(figures.cost().svg)
    across, up = axes(root)
    curves = [each for each in of_class(root, "cx-curve") if each.get("d", "").count("L") > 1]
    assert len(curves) == 2
    assert len({each.get("stroke-dasharray") for each in curves}) == 2
    for curve, network in zip(curves, (cx.networks.vgg16(), cx.networks.alexnet()), strict=True):
        work = savings.work(network)
        found = points(curve)
        assert len(found) == 26
        for at, (x, y) in enumerate(found):
            size = work.window + at * work.stride
            assert across(x) == pytest.approx(size, abs=0.5)
            assert up(y) == pytest.approx(float(work.over(size).ratio), abs=0.05)


def test_limits_are_dashed_lines_with_their_numbers() -> None:
    root = parse(figures.cost().svg)
    _, up = axes(root)
    lines = [each for each in of_class(root, "cx-guide") if each.get("stroke-dasharray") == "7 5"]
    assert sorted(up(numbers_of_line(each)[1]) for each in lines) == (
        pytest.approx([9.825, 35.415], abs=0.1)
    )
    assert {"35.4", "9.83"} <= {*words(root)}


def numbers_of_line(each: ET.Element) -> list[float]:
    return numbers(each.attrib["d"])


def measured_marks(root: ET.Element) -> list[tuple[float, float, str]]:
    """The hollow marks in the chart, without those of the key: place, and form."""
    found = []
    for each in of_class(root, "cx-paper", "cx-curve"):
        if each.tag == f"{SVG}circle":
            if each.get("r") == "4":
                found.append((float(each.attrib["cx"]), float(each.attrib["cy"]), "circle"))
        else:
            x, y, side, *_ = numbers(each.attrib["d"])
            if side == pytest.approx(7.2):
                found.append((x + side / 2, y + side / 2, "square"))
    return found


def test_what_was_measured_is_marked_at_its_place() -> None:
    root = parse(figures.cost(**TIMED).svg)
    across, up = axes(root)
    marks = sorted((round(across(x)), round(up(y), 1), form) for x, y, form in measured_marks(root))
    wanted = sorted(
        (size, ratio, "circle" if name == "VGG-16" else "square") for name, size, ratio in MEASURED
    )
    for (size, ratio, form), (wanted_size, wanted_ratio, wanted_form) in zip(
        marks, wanted, strict=True
    ):
        assert size == pytest.approx(wanted_size, abs=1)
        assert ratio == pytest.approx(wanted_ratio, abs=0.1)
        assert form == wanted_form
    assert "ratio of times, measured on 25 November 2026" in words(root)
    assert measured_marks(parse(figures.cost().svg)) == []


def test_a_step_says_its_size_and_what_it_saves() -> None:
    told = sentences(figures.cost(**TIMED))
    assert len(told) == 7
    assert told[0] == (
        "VGG-16, 224×224 (1 window), no fewer MACs; AlexNet, 227×227 (1 window), no fewer MACs"
    )
    # The day is told once.
    assert told[4] == (
        "VGG-16, 512×512 (100 windows), 16.7 times fewer MACs, 15.8 times faster; "
        "AlexNet, 515×515 (100 windows), 7.58 times fewer MACs, 8.69 times faster "
        "(times measured on 25 November 2026)"
    )
    # Not every image was measured.
    assert told[2].startswith("VGG-16, 320×320 (16 windows), 7.43 times fewer MACs; AlexNet, ")
    assert "measured" not in told[0]


def test_all_steps_have_one_unit() -> None:
    figure = figures.cost(**TIMED)
    for step in range(figure.steps):
        assert "GMAC" in figure.frame(step)
        assert "MMAC" not in figure.frame(step)


def test_a_step_shows_its_mark_its_image_and_its_formula() -> None:
    figure = figures.cost(cx.networks.vgg16(), [224, 384, 1024])
    work = savings.work(cx.networks.vgg16())
    for step, size in enumerate((224, 384, 1024)):
        root = parse(figure.frame(step))
        across, up = axes(root)
        mark = [each for each in of_class(root, "cx-mark") if each.get("r") == "6"]
        assert len(mark) == 1
        saving = work.over(size)
        assert across(float(mark[0].attrib["cx"])) == pytest.approx(size, abs=0.5)
        assert up(float(mark[0].attrib["cy"])) == pytest.approx(float(saving.ratio), abs=0.05)
        image = of_class(root, "cx-input-line")[0]
        window = of_class(root, "cx-tie")[0]
        _, _, side, *_ = numbers_of_line(image)
        _, _, small, *_ = numbers_of_line(window)
        assert side / small == pytest.approx(size / 224, rel=1e-3)
        cells = of_class(root, "cx-output")[0]
        x, y, wide, *_ = numbers_of_line(cells)
        left, top, *_ = numbers_of_line(image)
        # The first cell lies about the first window's centre, and there is one for each window.
        step_length = wide / saving.windows
        assert x + step_length / 2 == pytest.approx(left + small / 2, abs=0.01)
        assert y + step_length / 2 == pytest.approx(top + small / 2, abs=0.01)
        assert step_length / side == pytest.approx(32 / size, rel=2e-3)
    assert "36 · 15.5\xa0GMAC / 49.6\xa0GMAC = 11.2" in words(parse(figure.frame(1)))
    assert "1 · 15.5\xa0GMAC / 15.5\xa0GMAC = 1" in words(parse(figure.frame(0)))


def test_a_click_leads_to_the_nearest_image() -> None:
    root = parse(figures.cost().svg)
    targets = [each for each in root.iter() if each.get("data-step")]
    assert [each.get("data-step") for each in targets] == list("0123456")
    boxes = [numbers(each.attrib["d"]) for each in targets]
    for (x, y, width, height, *_), (following, top, _, down, *_) in pairwise(boxes):
        assert x + width == pytest.approx(following, abs=2e-3)
        assert (y, height) == (top, down)
    across, _ = axes(root)
    for (x, _, width, *_), size in zip(boxes, (224, 256, 320, 384, 512, 768, 1024), strict=True):
        assert across(x) <= size + 1e-6 <= across(x + width) + 1


def test_a_module_is_shown_as_its_trace_says() -> None:
    figure = figures.cost({"mine": cx.trace(SMALL, (1, 8, 8))}, [8, 16, 200])
    ratio = cx.compare(SMALL.eval(), torch.zeros(1, 16, 16), 8, device="cpu").mac_ratio
    assert f"mine {cost_words.ratio(ratio)} times at 16×16" in figure.title


# --- Shares -------------------------------------------------------------------------------------


def test_bars_are_as_long_as_what_a_window_costs() -> None:
    root = parse(figures.cost_shares({"AlexNet": cx.networks.alexnet()}, [259, 387, 1027]).svg)
    work = savings.work(cx.networks.alexnet())
    passes = [work.over(size) for size in (259, 387, 1027)]
    wanted = [
        (work.macs.convolution, work.macs.dense),
        *(
            (each.one_pass.convolution / each.count, each.one_pass.dense / each.count)
            for each in passes
        ),
        (float(work.shared), work.macs.dense),
    ]
    convolutions = [numbers(each) for each in longest(root, "cx-conv").attrib["d"].split("z")[:-1]]
    dense = [numbers(each) for each in longest(root, "cx-dense").attrib["d"].split("z")[:-1]]
    unit = convolutions[0][2] / wanted[0][0]
    for (x, y, width, *_), (start, top, more, *_), (shared, alone) in zip(
        convolutions, dense, wanted, strict=True
    ):
        assert width == pytest.approx(shared * unit, abs=2e-3)
        assert more == pytest.approx(alone * unit, abs=0.01)
        assert (start, top) == pytest.approx((x + width, y), abs=2e-3)
    # What is fully connected stays.
    assert {round(each[2], 2) for each in dense} == {round(dense[0][2], 2)}
    assert [each for each in words(root) if each.endswith("%")] == [
        "8.1%",
        "21%",
        "51%",
        "72%",
        "80%",
    ]


def test_the_shares_that_the_pages_tell() -> None:
    title = figures.cost_shares().title
    assert "VGG-16 0.8% sliding, 9% in one pass over 384×384" in title
    assert "AlexNet 8.1% sliding, 51% in one pass over 387×387" in title


def test_hatching_stays_inside_the_part_that_is_fully_connected() -> None:
    root = parse(figures.cost_shares().svg)
    for parts, lines in zip(
        of_class(root, "cx-dense"), of_class(root, "cx-dense-line"), strict=False
    ):
        boxes = [numbers(each) for each in parts.attrib["d"].split("z")[:-1]]
        hatches = re.findall(r"M(\S+) (\S+)l(\S+?)-(\S+?)(?=M|$)", lines.attrib["d"])
        assert hatches or not boxes
        for x, y, across, down in ([float(each) for each in hatch] for hatch in hatches):
            assert across == down
            assert any(
                left - 0.01 <= x <= x + across <= left + wide + 0.01
                and top - 0.01 <= y - down <= y <= top + high + 0.01
                for left, top, wide, high, *_ in boxes
            )


# --- Width --------------------------------------------------------------------------------------


def test_every_training_is_a_dot_and_the_line_goes_through_medians() -> None:
    root = parse(figures.width(WIDTHS).svg)
    ups = {
        float(each.attrib["y"]) - 5: int("".join(each.itertext())[:-1]) / 100
        for each in of_class(root, "cx-small", "cx-end")
        if "".join(each.itertext()).endswith("%")
    }
    up = line(list(ups.items()))
    xs = {
        int("".join(each.itertext())): float(each.attrib["x"])
        for each in of_class(root, "cx-middle")
    }
    assert {*xs} == {*WIDTHS}
    # Equal quotients have equal distances.
    assert (xs[4096] - xs[1]) / (xs[16] - xs[1]) == pytest.approx(3, abs=0.01)
    dots = next(each for each in of_class(root, "cx-dense-line") if each.attrib["d"].count("a") > 4)
    places = [
        (float(x) + 3, float(y)) for x, y in re.findall(r"M(\S+) (\S+?)a3 3", dots.attrib["d"])
    ]
    wanted = [(xs[hidden], each) for hidden, values in WIDTHS.items() for each in values]
    for (x, y), (place, accuracy) in zip(
        sorted(places), sorted(wanted, key=lambda w: (w[0], -w[1])), strict=True
    ):
        assert x == pytest.approx(place, abs=0.1)
        assert up(y) == pytest.approx(accuracy, abs=1e-3)
    medians = next(
        each for each in of_class(root, "cx-dense-line") if each.attrib["d"].count("L") == 3
    )
    for (x, y), (hidden, values) in zip(points(medians), WIDTHS.items(), strict=True):
        assert x == pytest.approx(xs[hidden], abs=0.1)
        assert up(y) == pytest.approx(median(values), abs=1e-3)
    band = points(of_class(root, "cx-dense")[0])
    lows, highs = [min(each) for each in WIDTHS.values()], [max(each) for each in WIDTHS.values()]
    assert [up(y) for _, y in band] == pytest.approx([*lows, *reversed(highs)], abs=1e-3)


def test_a_width_tells_its_accuracy_and_its_parameters_as_torch_counts_them() -> None:
    figure = figures.width(WIDTHS, in_features=64, out_features=10)
    for step, hidden in enumerate(WIDTHS):
        model = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))
        count = number(sum(each.numel() for each in model.parameters()))
        shown = words(parse(figure.frame(step)))
        assert f"(64 + 1)·{hidden} + ({hidden} + 1)·10 = {count} parameters" in shown
        assert f"{count} parameters." in sentences(figure)[step]
    assert "128 hidden units: 98.3% (98.0–98.6%)" in words(parse(figure.frame(2)))
    assert sentences(figure)[0].startswith("1 hidden unit: median accuracy 22.0%")


def test_the_still_picture_is_the_first_width_that_is_enough() -> None:
    figure = figures.width(WIDTHS)
    assert figure.still == 2
    assert figure.title.endswith("from 128 on within 1 point of the best, 99.0%")
    assert figures.width({1: [0.5], 2: [0.5]}).still == 0


# --- All of them --------------------------------------------------------------------------------


@every_moving
def test_frames_show_what_the_figure_shows_at_their_steps(
    make: Callable[[], figures.Figure],
) -> None:
    figure = make()
    for step in range(figure.steps):
        assert drawn(parse(figure.frame(step))) == drawn(at_step(parse(figure.svg), step))
    hidden = [each.get("opacity") for each in of_class(parse(figure.svg), "cx-seen")]
    assert hidden.count(None) == 1 or figure.steps == 1


@every_case
@every_language
def test_all_words_are_in_the_current_language(
    make: Callable[[], figures.Figure], code: str
) -> None:
    with language(code):
        figure = make()
    root = parse(figure.svg)
    told = [sentence for _, sentence in figure.script.columns] if figure.script else []
    said = [figure.title, figure.description, *words(root), *told]
    kana = re.compile(r"[\u3040-\u30ff]")
    assert bool(kana.search("".join(said))) == (code == "ja")
    for each in (figure.title, figure.description, *told):
        assert bool(kana.search(each) or re.search(r"[全画]", each)) == (code == "ja"), each
        assert "{" not in each
    assert not re.search(r"\{|\}|figure\.", "".join(words(root)))
    # Frames are drawn later, in whatever language.
    if figure.script:
        assert bool(kana.search("".join(words(parse(figure.frame(0)))))) == (code == "ja")


@every_case
def test_the_drawing_is_the_same_in_every_language(make: Callable[[], figures.Figure]) -> None:
    found = []
    for code in LANGUAGES:
        with language(code):
            figure = make()
        root = parse(figure.svg)
        # The marks of a key stand behind the words before them.
        shapes = [
            each.get("d")
            for each in root.iter(f"{SVG}path")
            if float(numbers(each.attrib["d"])[1]) < figure.height - 60
        ]
        found.append((figure.height, shapes))
    assert found[0] == found[1] == found[2]


@every_case
@every_language
def test_nothing_lies_outside_the_picture_and_no_text_is_cut(
    make: Callable[[], figures.Figure], code: str
) -> None:
    with language(code):
        figure = make()
    for text in (*(figure.frame(step) for step in range(figure.steps)), figure.svg):
        root = parse(text)
        for each in root.iter(f"{SVG}path"):
            x, y = numbers(each.attrib["d"])[:2]
            assert 0 <= x <= svg.WIDTH
            assert 0 <= y <= figure.height
        taken: list[tuple[float, float, float, str]] = []
        for each in root.iter(f"{SVG}text"):
            content, class_ = "".join(each.itertext()), each.get("class", "")
            size = 17 if "title" in class_ else 15.5 if "small" in class_ else 16
            bold = "title" in class_ or "-ink" in class_
            width = svg.text_width(content, size, bold=bold)
            x, y = float(each.attrib["x"]), float(each.attrib["y"])
            start = x - width if "cx-end" in class_ else x - width / 2 if "middle" in class_ else x
            assert start >= 0, content
            assert start + width <= svg.WIDTH, content
            assert 12 <= y <= figure.height - 4
            for left, right, other, said in taken:
                apart = start >= right or start + width <= left or abs(y - other) > 15
                # The whole figure has all steps at once.
                assert apart or text == figure.svg, (content, said)
            taken.append((start, start + width, y, content))


@every_case
def test_the_same_arguments_give_the_same_small_bytes(make: Callable[[], figures.Figure]) -> None:
    assert make().svg == make().svg
    assert len(make().inline("x").encode()) < 20_000


def test_hostile_names_stay_text() -> None:
    for make in (figures.cost, figures.cost_shares):
        figure = make({HOSTILE: cx.networks.lenet5()}, [32, 64])
        assert "<script" not in figure.inline("x")
        assert any(HOSTILE in each for each in words(parse(figure.svg)))
        assert HOSTILE in figure.title


@pytest.mark.parametrize("month", range(1, 13))
@every_language
def test_days_are_written_as_babel_writes_them(month: int, code: str) -> None:
    patterns = {"en": "d MMMM y", "ja": "y 年 M 月 d 日", "fr": "d MMMM y"}
    with language(code):
        for day in (1, 25):
            told = format_date(date(2026, month, day), patterns[code], code)
            told = told.replace("1 ", "1er ", 1) if code == "fr" and day == 1 else told
            assert cost_words.day(date(2026, month, day)) == told


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 9))
def test_ticks_are_round_and_inside(low: float, length: float, parts: int) -> None:
    high = low + length
    found = chart.round_ticks(low, high, parts)
    assert 0 < len(found) + 1 <= parts + 2
    assert all(low - length * 1e-6 <= each <= high + length * 1e-6 for each in found)
    steps = [second - first for first, second in pairwise(found)]
    assert steps == pytest.approx([steps[0]] * len(steps)) if steps else True


# --- Errors -------------------------------------------------------------------------------------

NETWORK = (
    "expected: a network of cnnexplain.networks, a trace, or up to 3 of them by name",
    'cure: write for example {"VGG-16": cx.networks.vgg16()}',
)
VGG16 = cx.networks.vgg16()
ROW = "expected: measured as rows of network, image size and ratio"
LENGTHS = "expected: 1 to 10 accuracies for each number of hidden units"
RESULTS = "expected: results as a mapping from 2 to 14 numbers of hidden units to accuracies"
WRITE = "cure: write for example results={16: [0.96, 0.97], 256: [0.98, 0.99]}"


def cost(*arguments: Any, **more: Any) -> Callable[[], figures.Figure]:
    return partial(figures.cost, *arguments, **more)


def measured(*rows: Any) -> Callable[[], figures.Figure]:
    return cost(VGG16, [384], list(rows), "2026-11-25")


REFUSED: list[tuple[Callable[[], figures.Figure], type[CnnExplainError], list[str]]] = [
    (cost(3), ArgumentError, [NETWORK[0], "received: network=3", NETWORK[1]]),
    (cost({}), ArgumentError, [NETWORK[0], "received: network={}", NETWORK[1]]),
    (cost({"a": 1}), ArgumentError, [NETWORK[0], "received: network={'a': 1}", NETWORK[1]]),
    (
        cost({" ": VGG16}),
        ArgumentError,
        [
            "expected: a name of 1 to 24 characters for each network",
            "received: the name ' '",
            NETWORK[1],
        ],
    ),
    (
        cost(VGG16, [400]),
        ArgumentError,
        [
            "expected: image_size=224 + k·32, on which windows leave no remainder",
            "received: image_size=400, at 'VGG-16'",
            "cure: use 384 or 416",
        ],
    ),
    (
        cost(VGG16, [100]),
        ShapeError,
        [
            "expected: images of at least 224, the window of 'VGG-16'",
            "received: image_size=100",
            "cure: use image_size=224 or more",
        ],
    ),
    (
        cost(VGG16, [224 + 128 * 32]),
        ArgumentError,
        [
            "expected: at most 128 windows on an axis of an image",
            "received: image_size=4320 for 'VGG-16', whose windows lie 32 apart",
            "cure: use at most 4288",
        ],
    ),
    *(
        (
            cost(VGG16, wrong),
            ArgumentError,
            [
                "expected: image_sizes as a list of 1 to 12 sizes in pixels",
                f"received: image_sizes={wrong!r}",
                "cure: write for example image_sizes=[256, 384, 512]",
            ],
        )
        for wrong in (384, "384", [], [9] * 13)
    ),
    (
        cost(VGG16, {"AlexNet": [387]}),
        ArgumentError,
        [
            "expected: image_sizes for the networks 'VGG-16'",
            "received: image_sizes for 'AlexNet'",
            "cure: give each network its own",
        ],
    ),
    (
        cost(None, {"VGG-16": [384], "AlexNet": [387, 515]}),
        ArgumentError,
        [
            "expected: as many image_sizes for each network",
            "received: 1 for 'VGG-16', 2 for 'AlexNet'",
            "cure: a step shows one image for each",
        ],
    ),
    (
        cost(VGG16, [384], [("VGG-16", 384, 10.5)]),
        ArgumentError,
        [
            "expected: measured and measured_on together, or neither",
            "received: only measured",
            'cure: write for example measured=[("VGG-16", 384, 10.5)], measured_on="2026-11-25"',
        ],
    ),
    (
        cost(VGG16, [384], [("VGG-16", 384, 10.5)], "yesterday"),
        ArgumentError,
        [
            "expected: measured_on as the day of the measurement",
            "received: measured_on='yesterday'",
            'cure: write for example measured_on="2026-11-25"',
        ],
    ),
    (
        cost(VGG16, [384], [("VGG-16", 384)], "2026-11-25"),
        ArgumentError,
        [
            ROW,
            "received: measured=[('VGG-16', 384)]",
            'cure: write for example measured=[("VGG-16", 384, 10.5)]',
        ],
    ),
    (
        measured(("AlexNet", 384, 10.5)),
        ArgumentError,
        [
            "expected: measured for the networks 'VGG-16'",
            "received: measured for 'AlexNet'",
            "cure: leave it out, or add the network",
        ],
    ),
    (
        measured(("VGG-16", 512, 10.5)),
        ArgumentError,
        [
            "expected: measured images from 224 to 384 pixels, as they are shown",
            "received: 512 pixels for 'VGG-16'",
            "cure: leave it out, or add a larger image to image_sizes",
        ],
    ),
    *(
        (
            measured(("VGG-16", 384, wrong)),
            ArgumentError,
            [
                "expected: a measured ratio above 0",
                f"received: {wrong!r} for 'VGG-16' at 384 pixels",
                "cure: give the time of sliding divided by that of one pass",
            ],
        )
        for wrong in (0, -1.5, float("nan"), float("inf"), "11", True)
    ),
    (
        lambda: figures.width({4: [0.5]}),
        ArgumentError,
        [RESULTS, "received: results={4: [0.5]}", WRITE],
    ),
    (
        lambda: figures.width(cast("Any", [0.5])),
        ArgumentError,
        [RESULTS, "received: results=[0.5]", WRITE],
    ),
    (
        lambda: figures.width({4: [0.5], 8: []}),
        ArgumentError,
        [LENGTHS, "received: results[8]=[]", WRITE],
    ),
    (
        lambda: figures.width({4: [0.5], 8: cast("Any", 0.5)}),
        ArgumentError,
        [LENGTHS, "received: results[8]=0.5", WRITE],
    ),
    (
        lambda: figures.width({4: [0.5], 8: [0.5, 97]}),
        ArgumentError,
        [
            "expected: accuracies from 0 to 1",
            "received: results[8][1]=97",
            "cure: give shares: 0.97 for 97%",
        ],
    ),
    (
        lambda: figures.width({0: [0.5], 8: [0.5]}),
        ArgumentError,
        [
            "expected: the number of hidden units as an integer of at least 1",
            "received: the number of hidden units=0",
            "cure: use the number of hidden units=1 or more",
        ],
    ),
]


@pytest.mark.parametrize(("make", "error", "lines"), REFUSED)
def test_bad_input_is_refused_with_a_cure(
    make: Callable[[], figures.Figure], error: type[CnnExplainError], lines: list[str]
) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value).splitlines() == lines


def test_an_image_is_measured_once() -> None:
    twice = [("VGG-16", 384, 10.5), ("VGG-16", 384, 99)]
    with pytest.raises(ArgumentError) as caught:
        figures.cost(measured=twice, measured_on="2026-11-25")
    assert str(caught.value).splitlines() == [
        "expected: one measured ratio for each image",
        "received: two for 'VGG-16' at 384 pixels",
        "cure: leave one of them out",
    ]
