"""One map for many crops: structure, never pixels; positions and costs by torch."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.moments import SVG, numbers, of_class, parse, words
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import cnnexplain as cx
from cnnexplain import figures
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.figures import crops_words, svg
from cnnexplain.figures.crops import counted
from cnnexplain.figures.parted import parted
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


def network(layers: str, size: tuple[int, int, int], name: str = "") -> Network:
    return Network(read(f"nn.Sequential({layers})").nodes, name, size)


SMALL = network(
    "nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)", (1, 8, 8), '<b>&"'
)
CEILED = network(
    "nn.Conv2d(3, 4, 3), nn.MaxPool2d(3, 2, ceil_mode=True), nn.Flatten(), nn.Linear(64, 2)",
    (3, 11, 11),
)

CASES: dict[str, Callable[[], figures.Figure]] = {
    "vgg16": figures.crops,
    "vgg16, photograph": lambda: figures.crops(photograph=PNG),
    "vgg16, wide": lambda: figures.crops(image_size=(256, 416)),
    "vgg16, tall": lambda: figures.crops(image_size=(416, 256)),
    "vgg16, every second": lambda: figures.crops(image_size=448, stride=64),
    "vgg16, unpadded": lambda: figures.crops(cx.networks.vgg16(padded=False)),
    "alexnet": lambda: figures.crops(cx.networks.alexnet(), 387),
    "lenet5": lambda: figures.crops(cx.networks.lenet5(), (48, 56)),
    "two windows": lambda: figures.crops(image_size=(224, 256)),
    "hostile": lambda: figures.crops(SMALL, 14),
}
every_case = pytest.mark.parametrize("make", CASES.values(), ids=CASES)
every_language = pytest.mark.parametrize("code", LANGUAGES)


def rectangle(each: ET.Element) -> list[float]:
    return [float(each.attrib[key]) for key in ("x", "y", "width", "height")]


def marks(figure: figures.Figure, step: int) -> list[list[float]]:
    """The window on the image, its block of the map, and its score."""
    return [rectangle(each) for each in of_class(parse(figure.frame(step)), "cx-window")[:3]]


# --- Windows, blocks and cells ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "image", "window", "stride", "cells", "block"),
    [
        (figures.crops, (384, 384), 224, 32, (12, 12), 7),
        (CASES["vgg16, wide"], (256, 416), 224, 32, (8, 13), 7),
        (CASES["vgg16, every second"], (448, 448), 224, 64, (14, 14), 7),
        (CASES["alexnet"], (387, 387), 227, 32, (11, 11), 6),
        (CASES["lenet5"], (48, 56), 32, 4, (9, 11), 5),
    ],
)
def test_window_block_and_score_go_from_place_to_place(
    make: Callable[[], figures.Figure],
    image: tuple[int, int],
    window: int,
    stride: int,
    cells: tuple[int, int],
    block: int,
) -> None:
    figure = make()
    # Each place by torch: the first pixel of every window.
    rows, columns = (torch.arange(size).unfold(0, window, stride)[:, 0].tolist() for size in image)
    assert figure.steps == len(rows) * len(columns)
    root = parse(figure.frame(0))
    x, y, width, _ = rectangle(of_class(root, "cx-input-line")[0])
    unit = width / image[1]
    area = numbers(of_class(root, "cx-output")[0].attrib["d"])
    cell = area[2] / cells[1]
    assert area[3] == pytest.approx(cell * cells[0])
    every = stride * cells[1] // image[1] or 1
    scores = None
    for step in range(figure.steps):
        row, column = divmod(step, len(columns))
        on_image, on_map, on_scores = marks(figure, step)
        wanted = [x + columns[column] * unit, y + rows[row] * unit, window * unit, window * unit]
        assert on_image == pytest.approx(wanted, abs=0.01)
        wanted = [
            area[0] + column * every * cell,
            area[1] + row * every * cell,
            block * cell,
            block * cell,
        ]
        assert on_map == pytest.approx(wanted, abs=0.01)
        scores = scores or on_scores
        size = scores[2]
        wanted = [scores[0] + column * size, scores[1] + row * size, size, size]
        assert on_scores == pytest.approx(wanted, abs=0.01)
    # The last block ends with the map.
    assert on_map[0] + on_map[2] == pytest.approx(area[0] + area[2], abs=cell)


LAYERS = st.sampled_from(
    [
        "nn.Conv2d({0}, 2, {1}, stride={2})",
        "nn.Conv2d({0}, 2, {1}, stride={2})",
        "nn.AvgPool2d({1}, stride={2})",
    ]
)


@st.composite
def small_networks(draw: st.DrawFn) -> tuple[Network, nn.Sequential, tuple[int, int]]:
    """Draw a network without padding, the same as a module, and an image for it."""
    layers, channels, stride = [], 1, 1
    for _ in range(draw(st.integers(1, 3))):
        kernel, step = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        layer = draw(LAYERS)
        layers.append(layer.format(channels, kernel, step))
        channels = 2 if "Conv" in layer else channels
        stride *= step
    window = draw(st.integers(20, 26)), draw(st.integers(20, 26))
    maps = eval(f"nn.Sequential({', '.join(layers)})", {"nn": nn})  # noqa: S307  # our own
    size = maps(torch.zeros(1, 1, *window)).shape
    features = size[1] * size[2] * size[3]
    text = (
        f"{', '.join(layers)}, nn.Flatten(), nn.Linear({features}, 3), nn.ReLU(), nn.Linear(3, 2)"
    )
    module = eval(f"nn.Sequential({text})", {"nn": nn})  # noqa: S307
    more = draw(st.integers(1, 3)) * stride, draw(st.integers(0, 3)) * stride
    return network(text, (1, *window)), module, (window[0] + more[0], window[1] + more[1])


@given(small_networks())
@settings(max_examples=40)
def test_each_block_is_the_map_of_its_window_and_costs_are_those_that_torch_counts(
    case: tuple[Network, nn.Sequential, tuple[int, int]],
) -> None:
    small, module, image = case
    found = counted(parted(small), image, None)
    maps, head = module[:-4], module[-4:]
    pixels = torch.rand(1, 1, *image)
    (high, wide), (down, across) = found.windows.window, found.windows.stride
    with torch.no_grad():
        whole = maps(pixels)
        assert tuple(whole.shape[1:]) == found.map
        for row in range(found.windows.shape[0]):
            for column in range(found.windows.shape[1]):
                crop = pixels[..., row * down :, column * across :][..., :high, :wide]
                rows = slice(row * found.step[0], row * found.step[0] + found.block[0])
                columns = slice(column * found.step[1], column * found.step[1] + found.block[1])
                assert torch.allclose(maps(crop), whole[..., rows, columns], atol=1e-5)
    count = found.windows.count
    with FlopCounterMode(display=False) as sliding:
        for _ in range(count):
            module(torch.rand(1, 1, high, wide))
    with FlopCounterMode(display=False) as one_pass:
        maps(pixels)
        for _ in range(count):
            head(torch.rand(1, found.map[0], *found.block))
    assert found.sliding(count) == sliding.get_total_flops() // 2
    assert found.one_pass(count) == one_pass.get_total_flops() // 2


@pytest.mark.parametrize(
    ("small", "image", "sliding", "one_pass"),
    [
        # What cnnexplain.compare finds with the torch modules.
        (None, 384, 556_929_515_520, 49_551_114_240),
        (cx.networks.alexnet(), 387, 26_078_645_376, 4_156_555_296),
    ],
)
def test_costs_are_those_of_a_comparison(
    small: Network | None, image: int, sliding: int, one_pass: int
) -> None:
    found = counted(parted(small), image, None)
    assert found.windows.count == 36
    assert (found.sliding(36), found.one_pass(36)) == (sliding, one_pass)
    assert found.ratio == pytest.approx(sliding / one_pass)


def test_one_pass_is_cheaper_from_the_third_window_on() -> None:
    found = counted(parted(None), 384, None)
    assert found.cheaper_from == 3
    assert found.one_pass(2) > found.sliding(2)
    assert found.one_pass(3) < found.sliding(3)
    assert "From 3 windows on" in figures.crops().description


# --- Costs in the drawing -----------------------------------------------------------------------


def covered(root: ET.Element) -> list[list[float]]:
    """What is still to come of each bar: where it starts, and how long it is."""
    paths = [each for each in of_class(root, "cx-paper") if each.tag == f"{SVG}path"]
    if not paths:
        return []
    return [numbers(part)[0:3:2] for part in paths[0].attrib["d"].split("z")[:-1]]


def test_bars_and_counters_say_what_has_been_paid() -> None:
    figure, found = figures.crops(), counted(parted(None), 384, None)
    unit = 471 / found.sliding(36)
    for step in (0, 1, 7, 34):
        root = parse(figure.frame(step))
        sliding, one_pass = covered(root)
        paid = found.sliding(step + 1), found.one_pass(step + 1)
        assert sliding[0] == pytest.approx(4.5 + paid[0] * unit, abs=0.01)
        assert one_pass[0] == pytest.approx(4.5 + paid[1] * unit, abs=0.01)
        assert sum(sliding) == pytest.approx(475.5, abs=0.01)
        assert sum(one_pass) == pytest.approx(4.5 + found.one_pass(36) * unit, abs=0.01)
        assert {crops_words.macs(each) for each in paid} <= set(words(root))
    last = parse(figure.frame(35))
    assert not covered(last)
    assert {"556.9 G", "49.55 G", "36 · 15.47 G / (45.1 G + 36 · 123.6 M) = 11.24"} <= set(
        words(last)
    )


@pytest.mark.parametrize("step", [0, 5, 6, 20, 35])
def test_so_many_scores_are_filled_as_windows_have_passed(step: int) -> None:
    root = parse(figures.crops().frame(step))
    (shape,) = of_class(root, "cx-score")
    (clip,) = [each for each in root.iter(f"{SVG}svg") if each is not root]
    size = float(clip.attrib["width"]) / 6
    # All rows above across the whole, and the row of the window as far as it has come.
    _, _, _, above, right, below, _ = numbers(re.sub("[MHVz]", " ", shape.attrib["d"]))
    row, column = divmod(step, 6)
    assert above == pytest.approx(row * size)
    assert below == pytest.approx((row + 1) * size)
    assert right == pytest.approx((column + 1) * size)


def test_the_quotient_is_that_of_the_costs_for_windows_that_lie_apart() -> None:
    figure = figures.crops(image_size=448, stride=64)
    found = counted(parted(None), 448, (64, 64))
    assert figure.steps == found.windows.count == 16
    assert found.one_pass(16) == found.map_macs + 16 * 123_633_664


# --- The figure ---------------------------------------------------------------------------------


def moved(figure: figures.Figure, step: int) -> list[list[Any]]:
    """What the drawing that moves shows at a step, by the arithmetic of its clocks."""
    row, column = divmod(step, figure.sweep.columns)
    clocks = {"cx-x": (column, figure.sweep.columns), "cx-y": (row, figure.sweep.rows)}
    found: list[list[Any]] = []

    def walk(each: ET.Element, x: float, y: float) -> None:
        style = each.get("style", "")
        values = dict(re.findall(r"--cx-([\w-]+):(-?[\d.]+)", style))
        class_ = each.get("class", "")
        if class_ == "cx-seen":
            on, off = float(values.get("on", 0)), float(values.get("off", 9999))
            if not on <= step < off:
                return
        if class_ in clocks:
            at, stops = clocks[class_]
            start, end = float(values["from"]), float(values["to"])
            shift = start + (end - start) * at / stops
            x, y = (x + shift, y) if class_ == "cx-x" else (x, y + shift)
        if each.tag == f"{SVG}rect" and class_ == "cx-window":
            left, top, width, height = rectangle(each)
            found.append([left + x, top + y, width, height])
        if each.tag == f"{SVG}text":
            found.append(
                ["".join(each.itertext()), float(each.attrib["x"]), float(each.attrib["y"])]
            )
        for child in each:
            walk(child, x, y)

    walk(parse(figure.svg), 0, 0)
    return found


@every_case
def test_the_motion_shows_at_each_step_what_its_frame_shows(
    make: Callable[[], figures.Figure],
) -> None:
    figure = make()
    for step in {0, 1, figure.steps // 2, figure.steps - 1}:
        root = parse(figure.frame(step))
        texts = [each for each in moved(figure, step) if isinstance(each[0], str)]
        assert [each[0] for each in texts] == words(root)
        rects = [each for each in moved(figure, step) if not isinstance(each[0], str)]
        drawn = [
            rectangle(each) for each in of_class(root, "cx-window") if each.tag == f"{SVG}rect"
        ]
        assert len(rects) == len(drawn) == 4  # and one in the key
        for one, other in zip(rects, drawn, strict=True):
            assert one == pytest.approx(other, abs=0.01)


@every_language
@every_case
def test_title_and_description_are_in_the_current_language(
    make: Callable[[], figures.Figure], code: str
) -> None:
    with language(code):
        figure = make()
    root = parse(figure.svg)
    assert root.get("lang") == figure.language == code
    told = figure.title + figure.description + " ".join(words(root))
    assert "{" not in told
    for said in (figure.title, figure.description, figure.script.status if figure.script else ""):
        assert bool(re.search("[ぁ-ん]", said)) == (code == "ja")
    # A frame is drawn later, in the figure's language.
    assert words(parse(figure.frame(figure.still))) == [
        each[0] for each in moved(figure, figure.still) if isinstance(each[0], str)
    ]


@every_language
def test_the_description_tells_the_main_numbers(code: str) -> None:
    with language(code):
        figure = figures.crops(photograph=PNG)
    point = "," if code == "fr" else "."
    told = figure.description
    for number in (
        "224×224",
        "384×384",
        "6×6",
        "36",
        "512×12×12",
        "7×7",
        "11.24",
        "556.9",
        "49.55",
    ):
        assert number.replace(".", point) in told, number
    assert "556.9".replace(".", point) in figure.title


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
        # A key takes the place that its words leave it.
        key = [
            (tag, own)
            for tag, own in shapes
            if tag == f"{SVG}rect" or "cx-dense-line" in own.get("class", "")
        ]
        found.append((figure.height, [each for each in shapes if each not in key]))
    assert found[0] == found[1] == found[2]


@every_language
@every_case
def test_no_text_is_cut_or_runs_into_another(make: Callable[[], figures.Figure], code: str) -> None:
    with language(code):
        figure = make()
    for step in (0, figure.steps - 1):
        boxes = []
        for each in parse(figure.frame(step)).iter(f"{SVG}text"):
            class_, content = each.get("class", ""), "".join(each.itertext())
            bold = "title" in class_ or "ink" in class_
            size = 17 if "title" in class_ else 15.5 if "small" in class_ else 16
            width = svg.text_width(content, size, bold=bold)
            x, y = float(each.attrib["x"]), float(each.attrib["y"])
            start = x - width if "cx-end" in class_ else x
            assert start >= 0, content
            # Real fonts need less than the estimate, which must never be too small.
            assert start + (0.93 if bold else 1) * width <= svg.WIDTH, content
            assert 10 < y < figure.height
            boxes.append((content, start, start + 0.9 * width, y))
        for at, (content, start, end, y) in enumerate(boxes):
            for other, other_start, other_end, other_y in boxes[at + 1 :]:
                apart = end <= other_start or other_end <= start or abs(y - other_y) >= 16
                assert apart, (content, other)


@every_case
def test_nothing_is_drawn_outside_the_picture(make: Callable[[], figures.Figure]) -> None:
    figure = make()
    for step in (0, figure.steps - 1):
        for each in parse(figure.frame(step)).iter(f"{SVG}rect"):
            x, y, width, height = rectangle(each)
            assert 0 <= x <= x + width <= svg.WIDTH
            assert 0 <= y <= y + height <= figure.height


def test_hostile_names_stay_text() -> None:
    figure = figures.crops(replace(SMALL, name='<script>alert(1)</script>&"'), 14)
    root = parse(figure.svg)
    assert not list(root.iter(f"{SVG}script"))
    assert any('<script>alert(1)</script>&"' in each for each in words(root))


@every_case
def test_figures_are_small_and_the_same_again(make: Callable[[], figures.Figure]) -> None:
    figure = make()
    assert len(figure.inline("x").encode()) < 22_000
    assert make().svg == figure.svg


# --- What is refused ----------------------------------------------------------------------------

VGG16 = "cure: write for example cx.networks.vgg16()"


@pytest.mark.parametrize(
    ("wrong", "error", "lines"),
    [
        ({"network": "vgg16"}, ArgumentError, [
            "expected: network as a Network", "received: network='vgg16'", VGG16]),
        ({"network": replace(SMALL, input_size=None)}, ArgumentError, [
            "expected: a network with an input_size of (channels, height, width)",
            "received: input_size=None",
            "cure: write for example dataclasses.replace(network, input_size=(3, 224, 224))"]),
        ({"network": network("nn.Conv2d(1, 2, 3)", (1, 8, 8))}, ArgumentError, [
            "expected: layers that make maps, a flattening, and at least one Linear",
            "received: a network that ends with 1×2×6×6", VGG16]),
        ({"network": network("nn.Conv2d(1, 2, 3), nn.Flatten()", (1, 8, 8))}, ArgumentError, [
            "expected: layers that make maps, a flattening, and at least one Linear",
            "received: a network that ends with 1×72", VGG16]),
        ({"network": network("nn.Flatten(), nn.Linear(64, 2)", (1, 8, 8))}, ArgumentError, [
            "expected: layers that make maps, a flattening, and at least one Linear",
            "received: a network that ends with 1×2", VGG16]),
        ({"network": Network((), "", (1, 8, 8))}, ArgumentError, [
            "expected: layers that make maps, a flattening, and at least one Linear",
            "received: no layers", VGG16]),
        ({"network": Network(tuple(
            replace(each, inputs=(0,) if at == 1 else each.inputs)
            for at, each in enumerate(SMALL.nodes)), "", (1, 8, 8))}, ArgumentError, [
            "expected: a network whose layers form a chain",
            "received: 1, which takes the values (0,)", VGG16]),
        ({"network": network(
            "nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2), nn.Flatten(), nn.Linear(72, 2)",
            (1, 8, 8))}, ArgumentError, [
            "expected: layers that see the image window by window, with one effective stride",
            "received: 1, whose map is made in another way",
            "cure: leave out what sees the whole picture, such as InstanceNorm2d or Upsample"]),
        ({"image_size": 200}, ArgumentError, [
            "expected: an image of at least 224×224, the size of the window",
            "received: 200×200",
            "cure: use a larger image, or a network for smaller ones"]),
        ({"image_size": 250}, ShapeError, [
            "expected: an image on which at least two windows of 224×224 fit",
            "received: an image of 250×250, stride 32×32",
            "cure: use for example image_size=(250, 282)"]),
        ({"image_size": 1000}, ArgumentError, [
            "expected: at most 49 windows in a figure",
            "received: 625 windows of 224×224 at stride 32×32 on 1000×1000 pixels",
            "cure: use a smaller image, or stride=128"]),
        ({"image_size": 10**9}, ArgumentError, [
            "expected: at most 128 cells on an axis of a figure",
            "received: 31249994 windows of 224 at stride 32 on 1000000000 pixels",
            "cure: draw a part of the image, or every second cell with twice the stride"]),
        ({"stride": 48}, ArgumentError, [
            "expected: stride as a multiple of the network's effective stride, 32×32",
            "received: stride=48", "cure: write stride=32, or leave it out"]),
        ({"stride": 0}, ArgumentError, [
            "expected: stride as an integer of at least 1",
            "received: stride=0", "cure: use stride=1 or more"]),
        ({"network": cx.networks.alexnet("torchvision")}, ShapeError, [
            "expected: one cell for each of 6×6 windows of 224×224 at stride 32×32",
            "received: 1×1 cells, on the 6×6 map of a 384×384 image",
            "cure: leave out avgpool, whose map is as large for every image: AdaptiveAvgPool2d(6)",
        ]),
        ({"network": CEILED, "image_size": 14}, ShapeError, [
            "expected: one cell for each of 2×2 windows of 11×11 at stride 2×2",
            "received: 3×3 cells, on the 6×6 map of a 14×14 image",
            "cure: use for example image_size=13, or layers that round down"]),
        ({"photograph": b"GIF89a"}, ArgumentError, [
            "expected: photograph as the bytes of a PNG or JPEG file",
            "received: photograph=b'GIF89a'",
            'cure: write for example photograph=Path("cat.jpg").read_bytes()']),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_cure(
    wrong: dict[str, Any], error: type[CnnExplainError], lines: list[str]
) -> None:
    with pytest.raises(error) as caught:
        figures.crops(**wrong)
    assert str(caught.value).splitlines() == lines


def test_the_cures_cure() -> None:
    assert figures.crops(CEILED, 13).steps == 4
    assert figures.crops(image_size=(250, 282)).steps == 2
    assert figures.crops(image_size=1000, stride=128).steps == 49
