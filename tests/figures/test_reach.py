"""How far padding reaches: structure, never pixels; clean cells by flags that torch carries on."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.moments import SVG, numbers, of_class, parse, sentences, words
from torch import nn

import cnnexplain as cx
from cnnexplain import figures
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.figures import svg
from cnnexplain.figures.parted import parted
from cnnexplain.figures.reach_rows import layers
from cnnexplain.graph import Network
from cnnexplain.languages import LANGUAGES, language
from cnnexplain.source import read

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("one_thread")

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)  # one red pixel
SIDE = 210  # of the map

# As a book keeps them: numbers for both axes, and no places.
ROWS = [
    {"name": "conv1", "clean": 10, "size": 12},
    {"name": "pool1", "clean": 4, "size": 6},
    {"name": "fc2", "clean": 0, "size": 1},
]
ERRORS = [[0.2, 0.3], [0.25, 0.31]]
HOSTILE = '<script>alert(1)</script>&"'

CASES: dict[str, Callable[[], figures.Figure]] = {
    "vgg16": figures.padding_reach,
    "vgg16, errors": lambda: figures.padding_reach(
        errors=[[0.3] * 6] * 6, image_size=384, photograph=PNG
    ),
    "vgg16, unpadded": lambda: figures.padding_reach(cx.networks.vgg16(padded=False)),
    "alexnet": lambda: figures.padding_reach(cx.networks.alexnet(), ERRORS),
    "alexnet, torchvision": lambda: figures.padding_reach(cx.networks.alexnet("torchvision")),
    "lenet5": lambda: figures.padding_reach(cx.networks.lenet5(), [[2e-16, 0.0]]),
    "rows": lambda: figures.padding_reach(reach=ROWS),
    "rows, errors": lambda: figures.padding_reach(
        None, ERRORS, reach=ROWS, window=(30, 12), stride=(9, 2)
    ),
    "without a score": lambda: figures.padding_reach(reach=ROWS[:2]),
    "one layer": lambda: figures.padding_reach(reach=ROWS[:1]),
    "rectangular": lambda: figures.padding_reach(
        reach=[{"name": "features.28.conv2d", "clean": (3, 0), "size": (4, 9)}] * 21
    ),
    "hostile": lambda: figures.padding_reach(reach=[{**ROWS[0], "name": HOSTILE}, ROWS[2]]),
}
every_case = pytest.mark.parametrize("make", CASES.values(), ids=CASES)
every_language = pytest.mark.parametrize("code", LANGUAGES)


def boxes(path: ET.Element) -> list[list[float]]:
    """The boxes of a path: where each starts, its width and its height."""
    return [numbers(part)[:4] for part in path.attrib["d"].split("z")[:-1]]


def clean_cells(root: ET.Element, size: tuple[int, int]) -> set[tuple[int, int]]:
    """The clean cells of the map that a frame shows, read back from its drawing."""
    paths = [each for each in of_class(root, "cx-output") if each.get("class") == "cx-output"]
    top = 98.5
    found: set[tuple[int, int]] = set()
    for path in paths:
        for x, y, width, height in boxes(path):
            edges = [
                (y - top) / SIDE * size[0],
                (y + height - top) / SIDE * size[0],
                (x - 4.5) / SIDE * size[1],
                (x + width - 4.5) / SIDE * size[1],
            ]
            assert edges == pytest.approx([round(edge) for edge in edges], abs=0.01)
            first, last, left, right = (round(edge) for edge in edges)
            found |= {(row, column) for row in range(first, last) for column in range(left, right)}
    return found


# --- Clean cells by a second route --------------------------------------------------------------


def flagged(module: nn.Module, flags: torch.Tensor) -> torch.Tensor:
    """Return which outputs of a layer depend on anything that is flagged, or on its padding."""
    if not isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        return flags
    size = module(torch.zeros(1, getattr(module, "in_channels", 1), *flags.shape[2:])).shape[2:]
    kernel, stride, padding, dilation = (
        each if isinstance(each, tuple) else (each, each)
        for each in (
            module.kernel_size,
            module.stride,
            module.padding,
            getattr(module, "dilation", 1),
        )
    )
    sides: list[int] = []
    for axis in (1, 0):
        # As far as the last window reads, rounding up included.
        read = (size[axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1
        sides += [padding[axis], max(0, read - padding[axis] - flags.shape[2 + axis])]
    around = F.pad(flags, sides, value=1.0)
    ones = torch.ones(1, 1, *kernel)
    found = F.conv2d(around, ones, stride=stride, dilation=dilation)[..., : size[0], : size[1]]
    return (found > 0).float()


@st.composite
def small_networks(draw: st.DrawFn) -> tuple[Network, nn.Sequential]:
    """Draw a network with padding and rounding, and the same as a module."""
    lines, channels = [], 1
    for _ in range(draw(st.integers(1, 4))):
        kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        stride = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
        if draw(st.booleans()):
            padding, dilation = draw(st.integers(0, 2)), draw(st.integers(1, 2))
            lines.append(f"nn.Conv2d({channels}, 1, {kernel}, {stride}, {padding}, {dilation})")
            lines.append("nn.ReLU()")
        else:
            kind, up = draw(st.sampled_from(["Max", "Avg"])), draw(st.booleans())
            padding = draw(st.integers(0, min(kernel) // 2))
            lines.append(f"nn.{kind}Pool2d({kernel}, {stride}, {padding}, ceil_mode={up})")
    size = draw(st.integers(24, 30)), draw(st.integers(24, 30))
    maps = eval(f"nn.Sequential({', '.join(lines)})", {"nn": nn})  # noqa: S307  # our own
    shape = maps(torch.zeros(1, 1, *size)).shape
    text = f"nn.Sequential({', '.join(lines)}, nn.Flatten(), nn.Linear({shape.numel()}, 2))"
    return Network(read(text).nodes, "", (1, *size)), maps


@given(small_networks())
@settings(max_examples=60)
def test_clean_cells_are_those_that_no_flag_reaches(case: tuple[Network, nn.Sequential]) -> None:
    small, maps = case
    assert small.input_size
    figure = figures.padding_reach(small)
    flags = torch.zeros(1, 1, *small.input_size[1:])
    step, clean = 0, torch.zeros(())
    for module in maps:
        flags = flagged(module, flags)
        if isinstance(module, nn.ReLU):
            continue
        clean = flags[0, 0] == 0
        drawn = clean_cells(parse(figure.frame(step)), (clean.shape[0], clean.shape[1]))
        assert drawn == {(row, column) for row, column in clean.nonzero().tolist()}
        step += 1
    assert step == figure.steps - 1 or tuple(clean.shape) == (1, 1)
    scorer = layers(small).scorer
    if scorer:
        assert scorer.all_clean == bool(clean.all())


@pytest.mark.parametrize("name", ["vgg16", "alexnet", "lenet5", "vgg16:unpadded"])
def test_a_network_and_its_conversion_give_the_same_reach(name: str) -> None:
    network = cx.networks.NAMES[name]()
    assert network.input_size
    converted = {
        each.name: each
        for each in cx.fully_convolutional(network, network.input_size).exactness.reach
    }
    found = parted(network).exactness.reach
    assert len(found) >= 5
    assert all(each == converted[each.name] for each in found)


def test_a_conversion_an_exactness_and_their_rows_give_the_same_figure() -> None:
    small = Network(
        read(
            "nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), "
            "nn.Linear(32, 2))"
        ).nodes,
        "",
        (1, 8, 8),
    )
    conversion = cx.fully_convolutional(small, (1, 8, 8))
    drawn = figures.padding_reach(small)
    assert figures.padding_reach(reach=conversion).svg == drawn.svg
    assert figures.padding_reach(reach=conversion.exactness).svg == drawn.svg
    rows = figures.padding_reach(reach=conversion.exactness.reach)
    assert rows.title == drawn.title
    assert rows.steps == drawn.steps == 3


def test_places_are_drawn_where_they_are() -> None:
    # Rounding down has dropped what padding reached at the far end, and a gap is left.
    row = {"name": "x", "clean": (2, 3), "size": (5, 6), "places": [[3, 4], [1, 2, 5]]}
    found = clean_cells(parse(figures.padding_reach(reach=[row]).svg), (5, 6))
    assert found == {(row, column) for row in (3, 4) for column in (1, 2, 5)}
    middle = clean_cells(parse(figures.padding_reach(reach=[ROWS[1]]).svg), (6, 6))
    assert middle == {(row, column) for row in range(1, 5) for column in range(1, 5)}
    named: Any = SimpleNamespace(**row)
    assert figures.padding_reach(reach=[named]).svg == figures.padding_reach(reach=[row]).svg


def test_vgg_16_has_one_clean_cell_of_49_at_the_end() -> None:
    figure = figures.padding_reach()
    assert figure.steps == 19
    root = parse(figure.svg)
    still = parse(figure.frame(18))
    assert clean_cells(still, (7, 7)) == {(3, 3)}
    for root in (still, parse(figure.frame(17))):
        assert {"pool5", "1×1 of 7×7"} <= set(words(root))
    said = " ".join(words(still))
    assert "fc6 reads all of pool5, 1×1 of 7×7 cells clean" in said
    first = parse(figure.frame(0))
    assert {"conv1_1", "222×222 of 224×224", "222/224", "1/7"} <= set(words(first))
    # The list is complete at every step.
    assert sum("/" in each for each in words(first)) == 18


def test_what_is_said_of_scores_follows_from_the_cells() -> None:
    unpadded = figures.padding_reach(cx.networks.vgg16(padded=False)).description
    assert "fc6 reads clean cells only: each score equals that of one pass" in unpadded
    padded = figures.padding_reach(cx.networks.alexnet()).description
    assert "2×2 of 6×6 cells clean: inside an image, no score equals" in padded
    assert (
        "Of pool1, 4×4 of 6×6 cells are clean." in figures.padding_reach(reach=ROWS[:2]).description
    )
    whole = figures.padding_reach(reach=[{"name": "c", "clean": 4, "size": 4}])
    assert "All cells of c are clean" in whole.description


# --- The list and the errors --------------------------------------------------------------------


def test_bars_are_as_long_as_the_clean_share() -> None:
    root = parse(figures.padding_reach().svg)
    (whole,) = [
        each
        for each in of_class(root, "cx-error")
        if each.tag == f"{SVG}path" and "v12" in each.attrib["d"]
    ]
    (clean,) = of_class(root, "cx-output-line")[:1]
    for bar, part, layer in zip(boxes(whole), boxes(clean), layers(None).maps, strict=True):
        assert part[2] / bar[2] == pytest.approx(layer.clean[1] / layer.size[1], abs=1e-3)
        assert part[0] + part[2] / 2 == pytest.approx(bar[0] + bar[2] / 2, abs=0.01)
        assert part[1] == bar[1]


def test_the_layer_of_each_step_is_marked_in_the_list() -> None:
    figure = figures.padding_reach()
    places = []
    for step in range(18):
        root = parse(figure.frame(step))
        (mark,) = [each for each in of_class(root, "cx-shift") if each.tag == f"{SVG}path"]
        places.append(boxes(mark)[0][1])
    assert places == pytest.approx([places[0] + 22 * step for step in range(18)])
    rows = [each for each in parse(figure.svg).iter() if each.get("data-step")]
    assert [each.get("data-step") for each in rows] == [str(step) for step in range(18)]


def test_errors_are_beside_the_map_at_every_step() -> None:
    figure = figures.padding_reach(None, ERRORS, reach=ROWS, window=20, stride=4)
    assert figure.steps == 3
    for step in range(figure.steps):
        root = parse(figure.frame(step))
        assert of_class(root, "cx-cells")
        assert "at most 31%" in words(root)
    assert "Relative errors from 20% to 31%" in figure.description
    assert sentences(figure)[-1].endswith("Relative error: at most 31%.")


# --- The figure ---------------------------------------------------------------------------------


@every_case
def test_the_motion_shows_at_each_step_what_its_frame_shows(
    make: Callable[[], figures.Figure],
) -> None:
    figure = make()

    def seen(each: ET.Element, step: int) -> list[str]:
        values = dict(re.findall(r"--cx-([\w-]+):([\d.]+)", each.get("style", "")))
        if each.get("class") == "cx-seen" and not (
            float(values.get("on", 0)) <= step < float(values.get("off", 9999))
        ):
            return []
        own = each.get("d") or "".join(each.itertext()) if each.tag != f"{SVG}g" else ""
        below = [found for child in each for found in seen(child, step)]
        return below if each.tag in {f"{SVG}g", f"{SVG}svg"} else [own or "", *below]

    for step in range(figure.steps):
        style = re.compile("<style>.*?</style>", re.DOTALL)
        moving, frame = (parse(style.sub("", drawn)) for drawn in (figure.svg, figure.frame(step)))
        assert seen(moving, step) == seen(frame, step)


@every_language
@every_case
def test_title_and_description_are_in_the_current_language(
    make: Callable[[], figures.Figure], code: str
) -> None:
    with language(code):
        figure = make()
    root = parse(figure.svg)
    assert root.get("lang") == figure.language == code
    assert "{" not in figure.title + figure.description + " ".join(words(root))
    for said in (figure.title, figure.description):
        assert bool(re.search("[ぁ-ん]", said)) == (code == "ja")
    # A frame is drawn later, in the figure's language.
    for step in range(figure.steps):
        told = " ".join(words(parse(figure.frame(step))))
        assert bool(re.search("[ぁ-ん]", told)) == (code == "ja")


@every_language
def test_the_description_tells_every_layer(code: str) -> None:
    with language(code):
        told = figures.padding_reach().description
    for number in ("222", "224", "110", "16", "1×1", "7×7", "pool5", "fc6"):
        assert re.search(rf"(?<![\d×]){number}(?![\d×])", told), number
    for layer in layers(None).maps:
        assert layer.name in told


@every_case
def test_the_drawing_is_the_same_in_every_language(make: Callable[[], figures.Figure]) -> None:
    found = []
    for code in LANGUAGES:
        with language(code):
            figure = make()
        shapes = [
            (each.tag, {key: value for key, value in each.items() if key != "lang"})
            for each in parse(figure.svg).iter()
            if each.tag not in {f"{SVG}text", f"{SVG}tspan"}
        ]
        # The swatches of the key, at the end, stand where the words leave them room.
        found.append((figure.height, [each for each in shapes if each[0] != f"{SVG}rect"][:-1]))
    assert found[0] == found[1] == found[2]


@every_language
@every_case
def test_no_text_is_cut_or_runs_into_another(make: Callable[[], figures.Figure], code: str) -> None:
    with language(code):
        figure = make()
    for step in (0, figure.steps - 1):
        places = []
        for each in parse(figure.frame(step)).iter(f"{SVG}text"):
            class_, content = each.get("class", ""), "".join(each.itertext())
            if "cx-on-low" in class_:
                continue
            bold = "title" in class_ or "ink" in class_
            size = 17 if "title" in class_ else 15.5 if "small" in class_ else 16
            width = svg.text_width(content, size, bold=bold)
            x, y = float(each.attrib["x"]), float(each.attrib["y"])
            start = x - width if "cx-end" in class_ else x - width / 2 if "middle" in class_ else x
            assert start >= 0, content
            assert start + width <= svg.WIDTH, content
            assert 10 < y < figure.height
            # Real fonts need less than the estimate, which must never be too small.
            places.append((content, start + 0.05 * width, start + 0.95 * width, y))
        for at, (content, start, end, y) in enumerate(places):
            for other, other_start, other_end, other_y in places[at + 1 :]:
                apart = end <= other_start or other_end <= start or abs(y - other_y) >= 16
                assert apart, (content, other)


def test_hostile_names_stay_text() -> None:
    figure = CASES["hostile"]()
    assert not list(parse(figure.svg).iter(f"{SVG}script"))
    assert HOSTILE in figure.description
    assert any(each.endswith('ipt>&"') for each in words(parse(figure.svg)))


@every_case
def test_figures_are_small_and_the_same_again(make: Callable[[], figures.Figure]) -> None:
    figure = make()
    assert len(figure.inline("x").encode()) < 23_000
    assert make().svg == figure.svg


def test_a_figure_of_one_step_stands_still() -> None:
    figure = CASES["one layer"]()
    assert figure.steps == 1
    assert figure.script is None


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error", "lines"),
    [
        ({"reach": []}, ArgumentError, [
            "expected: a Network, a Conversion or its exactness, or rows of reach",
            "received: reach=[]",
            'cure: write for example reach=[{"name": "conv1", "clean": 222, "size": 224}]']),
        ({"reach": "vgg16"}, ArgumentError, [
            "expected: a Network, a Conversion or its exactness, or rows of reach",
            "received: reach='vgg16'",
            'cure: write for example reach=[{"name": "conv1", "clean": 222, "size": 224}]']),
        ({"reach": [7]}, ArgumentError, [
            "expected: rows with name, clean and size",
            "received: reach[0]=7",
            'cure: write for example {"name": "conv1", "clean": 222, "size": 224}']),
        ({"reach": [*ROWS, {"name": "x", "clean": 1}]}, ArgumentError, [
            "expected: reach[3] size as an integer of at least 1",
            "received: reach[3] size=None",
            "cure: write for example reach[3] size=1"]),
        ({"reach": [{"name": "x", "clean": -1, "size": 3}]}, ArgumentError, [
            "expected: reach[0] clean as an integer of at least 0",
            "received: reach[0] clean=-1",
            "cure: use reach[0] clean=0 or more"]),
        ({"reach": [{"name": "x", "clean": 4, "size": 3}]}, ArgumentError, [
            "expected: at most as many clean cells as there are cells",
            "received: reach[0] clean=(4, 4), size=(3, 3)",
            "cure: give the rows of conversion.exactness.reach"]),
        ({"reach": [{"name": "x", "clean": 4, "size": 5000}]}, ArgumentError, [
            "expected: maps of at most 4096 cells on an axis",
            "received: reach[0] size=(5000, 5000)",
            "cure: draw a smaller window"]),
        ({"reach": [{"name": "x", "clean": 1, "size": 3, "places": [[0], [3]]}]}, ArgumentError, [
            ("expected: reach[0] places as the indices of the clean cells, along rows and along "
            "columns"),
            "received: reach[0] places=[[0], [3]]",
            "cure: leave them out, or give those of conversion.exactness.reach"]),
        ({"reach": ROWS[:1] * 41}, ArgumentError, [
            "expected: at most 40 layers in a figure",
            "received: 41 layers that make maps",
            "cure: give some of the rows, for example reach=conversion.exactness.reach[::4]"]),
        ({"network": Network(read("nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(2), "
            "nn.Flatten(), nn.Linear(8, 2))").nodes, "", (1, 8, 8))}, ArgumentError, [
            "expected: layers with windows that step from cell to cell",
            "received: 1: AdaptiveAvgPool2d(2)",
            "cure: convert the module, and give cx.fully_convolutional(module, input_size)"]),
        ({"network": 3, "reach": ROWS[:1]}, ArgumentError, [
            "expected: either a network or its reach",
            "received: network=3 and reach=[{'name': 'conv1', 'clean': 10, 'size': 12}]",
            "cure: leave one of them out"]),
        ({"photograph": PNG}, ArgumentError, [
            "expected: errors with the photograph that they are of",
            "received: photograph without errors",
            "cure: give errors too, or leave photograph out"]),
        ({"errors": ERRORS, "image_size": 384}, ShapeError, [
            ("expected: errors with 6×6 cells, one for each 224×224 window at stride 32×32 on a "
            "384×384 image"),
            "received: errors with 2×2 cells",
            "cure: give the image_size, window and stride that the map was made with"]),
        ({"errors": [[-1.0]]}, ArgumentError, [
            "expected: errors of at least 0", "received: errors[0][0]=-1.0",
            "cure: give the size of the difference"]),
        ({"errors": ERRORS, "window": "big"}, ArgumentError, [
            "expected: window as an integer of at least 1",
            "received: window='big'", "cure: write for example window=1"]),
        ({"errors": ERRORS, "stride": 0}, ArgumentError, [
            "expected: stride as an integer of at least 1",
            "received: stride=0", "cure: use stride=1 or more"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_cure(
    wrong: dict[str, Any], error: type[CnnExplainError], lines: list[str]
) -> None:
    with pytest.raises(error) as caught:
        figures.padding_reach(**wrong)
    assert str(caught.value).splitlines() == lines
