"""Networks as volumes: what is drawn is to scale, and has the sizes that torch makes."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models import resnet18
from tests.moments import SVG, matched, numbers, sentences, words
from torch import nn

import cnnexplain as cx
from cnnexplain import figures
from cnnexplain.errors import ArgumentError
from cnnexplain.figures.boxes import layout
from cnnexplain.figures.volume_chain import chain
from cnnexplain.languages import LANGUAGES, language

NETWORKS = {
    "alexnet_paper": cx.networks.alexnet(),
    "alexnet_ungrouped": cx.networks.alexnet("ungrouped"),
    "alexnet_torchvision": cx.networks.alexnet("torchvision"),
    "vgg16_padded": cx.networks.vgg16(),
    "vgg16_unpadded": cx.networks.vgg16(padded=False),
    "lenet5_1998": cx.networks.lenet5(),
}
every_network = pytest.mark.parametrize("name", NETWORKS)
every_language = pytest.mark.parametrize("code", LANGUAGES)


@pytest.fixture(scope="module")
def residual() -> cx.Trace:
    with torch.device("meta"):
        model = resnet18()
    return cx.trace(model, (3, 224, 224))


def drawn(name: str) -> figures.Figure:
    return figures.volumes(cx.trace(NETWORKS[name]))


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own text


def of_class(root: ET.Element, *names: str) -> list[ET.Element]:
    return [each for each in root.iter() if set(names) <= set(each.get("class", "").split())]


def boxes(path: str) -> list[tuple[float, float, float]]:
    """Width, height and depth of each box in path data, in order."""
    found = []
    for data in path.split("M")[1:]:
        if data.count("z") and "l" in data:
            _, _, across, up, width, height = numbers(data)[:6]
            found.append((width, height, (across**2 + up**2) ** 0.5))
        elif "z" in data:
            _, _, width, height = numbers(data)[:4]
            found.append((width, height, 0.0))
    return found


def bars(root: ET.Element) -> list[float]:
    """The lengths of the bars that tell the scales."""
    paths = [each.attrib["d"] for each in of_class(root, "cx-shift")]
    return [
        float(found[1]) for data in paths if (found := re.search(r"m0-5h([\d.]+)m0-5v10", data))
    ]


def current(figure: figures.Figure, step: int) -> list[tuple[float, float, float]]:
    """The boxes of the volume that a step looks at, from back to front."""
    paths = of_class(parse(figure.frame(step)), "cx-focus")
    return [box for each in paths for box in boxes(each.attrib["d"])]


def what_torch_makes(name: str) -> dict[str, tuple[int, ...]]:
    namespace: dict[str, Any] = {}
    with torch.device("meta"):
        exec(cx.networks.code(name), namespace)  # our own file  # noqa: S102
        x = torch.zeros(1, *NETWORKS[name].input_size or ())
    found = {}
    for layer, module in namespace["model"].named_children():
        x = module(x)
        found[layer] = tuple(x.shape[1:])
    return found


@every_network
def test_every_size_that_torch_makes_is_written_under_its_name(name: str) -> None:
    figure = drawn(name)
    texts = words(parse(figure.frame(0)))
    real = what_torch_makes(name)
    labelled = dict(pairwise(texts))
    merged = {
        f"conv{block}_1–{last}": f"conv{block}_{last}" for block in range(1, 6) for last in (2, 3)
    }
    names = [each for each in labelled if each in real or each in merged]
    for each in names:
        assert labelled[each] == "×".join(map(str, real[merged.get(each, each)])), each
    changing = [each for each in real if not re.match("relu|norm|drop|tanh", each)]
    if name != "vgg16_padded":
        assert [each for each in texts if each in names] == changing
        assert figure.steps == len(changing) + 1
    else:
        assert figure.steps == 15
        assert texts.count("2×") == 2
        assert texts.count("3×") == 3


@every_network
def test_boxes_are_drawn_to_the_scales_that_the_bars_tell(name: str) -> None:
    figure = drawn(name)
    root = parse(figure.frame(0))
    told = [
        float(re.sub(r"\D", "", each)) for each in words(root)
        if re.fullmatch(r"[\d,]+ (px|channels|features)", each)
    ]  # fmt: skip
    pixel, channel, feature = (
        length / count for length, count in zip(bars(root), told, strict=True)
    )
    sizes = [NETWORKS[name].input_size, *what_torch_makes(name).values()]
    seen = 0
    for step in range(figure.steps):
        listed = re.findall(r" ([\d×]+)[;.]", figure.description.split(":", 1)[1])
        size = tuple(map(int, listed[step].split("×")))
        assert size in sizes
        found = current(figure, step)
        if len(size) == 1:
            ((width, height, depth),) = found
            assert (width, depth) == (7, 0)
            assert height == pytest.approx(size[0] * feature, abs=0.02)
            continue
        seen += 1
        for width, height, _ in found:
            assert width == pytest.approx(size[2] * pixel, abs=0.02)
            assert height == pytest.approx(size[1] * pixel, abs=0.02)
        depth = sum(depth for *_, depth in found)
        assert depth == pytest.approx(size[0] * channel, abs=0.03)
    assert seen
    assert channel <= pixel + 1e-3


def test_groups_are_drawn_apart_where_torchs_modules_have_them() -> None:
    namespace: dict[str, Any] = {}
    with torch.device("meta"):
        exec(cx.networks.code("alexnet_paper"), namespace)  # noqa: S102  # our own file
    model = namespace["model"]
    grouped = {name for name, each in model.named_children() if getattr(each, "groups", 1) > 1}
    assert grouped == {"conv2", "conv4", "conv5"}
    figure = drawn("alexnet_paper")
    halves = [len(current(figure, step)) for step in range(figure.steps)]
    # pool1 and conv3 are read in halves, conv2, conv4 and conv5 made in halves.
    names = ["input", "conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5"]
    assert [name for name, count in zip(names, halves, strict=False) if count == 2] == [
        "pool1", "conv2", "conv3", "conv4", "conv5"
    ]  # fmt: skip
    assert set(halves[8:]) == {1}
    assert "2 groups, each from 48 to 128 channels" in words(parse(figure.frame(3)))
    ungrouped = drawn("alexnet_ungrouped")
    assert {len(current(ungrouped, step)) for step in range(ungrouped.steps)} == {1}


@every_network
def test_each_step_tells_the_formulas_of_the_engine(name: str) -> None:
    trace, figure = cx.trace(NETWORKS[name]), drawn(name)
    texts = [words(parse(figure.frame(step))) for step in range(figure.steps)]
    for row in trace.rows:
        operation: Any = row.operation
        kind = type(operation).__name__
        if kind in {"ReLU", "Tanh", "Dropout", "LocalResponseNorm"}:
            continue
        said = [
            step
            for step in texts
            if any(line.startswith(f"{row.name}") and "→" in line for line in step)
        ]
        if not said:
            assert name == "vgg16_padded"
            continue
        ((*_, lines),) = [said]
        if kind == "Linear":
            rule = f"{operation.in_features}·{operation.out_features}"
            total = f"{row.parameters:,}"
            assert f"parameters: {rule} + {operation.out_features} = {total}" in lines
        elif row.formula and "floor" in str(row.formula):
            numbers_ = str(row.formula).replace("floor(", "⌊").replace(")/", ")/")
            tail = numbers_.rsplit(" = ", 1)[1]
            assert any(line.startswith("⌊") and line.endswith(f" = {tail}") for line in lines)


def test_alexnets_numbers() -> None:
    figure = drawn("alexnet_paper")
    assert figure.steps == 13
    assert figure.still == 8
    assert "⌊(13 + 2·0 − 3)/2⌋ + 1 = 6" in words(parse(figure.frame(8)))
    assert "parameters: 9216·4096 + 4096 = 37,752,832" in words(parse(figure.frame(10)))
    assert "shape kept: ReLU, LocalResponseNorm" in words(parse(figure.frame(1)))
    assert "60,965,224 parameters" in figure.description
    assert figure.description.endswith(
        "In the still picture, pool5 turns 256×13×13 into 256×6×6; ⌊(13 + 2·0 − 3)/2⌋ + 1 = 6."
    )
    assert sentences(figure)[10] == (
        "fc6 turns 9216 into 4096; parameters: 9216·4096 + 4096 = 37,752,832"
    )


def test_arrows_tell_convolution_pooling_and_full_connection_apart() -> None:
    root = parse(drawn("alexnet_paper").frame(0))
    convolutions, pools, dense = (
        of_class(root, name)[0].attrib["d"]
        for name in ("cx-conv-line", "cx-guide", "cx-dense-line")
    )
    # Two arrows into each grouped convolution; an arrow has a shaft and a head.
    assert convolutions.count("H") == 5 + 3
    assert dense.count("M") == 3 * 4
    dashed = [each for each in root.iter() if each.get("stroke-dasharray")]
    assert [each.attrib["d"].count("H") for each in dashed] == [3, 1]  # the key has one
    assert pools.count("V") == 2 * 2  # the ways to the next lines
    named = {"convolution", "pooling", "fully connected", "other operation"}
    assert named <= set(words(root))


@every_network
def test_every_volume_leads_to_its_step(name: str) -> None:
    figure = drawn(name)
    marks = [each for each in parse(figure.svg).iter() if each.get("data-step")]
    assert [int(each.attrib["data-step"]) for each in marks] == list(range(figure.steps))
    for mark in marks:
        step = int(mark.attrib["data-step"])
        data = of_class(parse(figure.frame(step)), "cx-focus")[0].attrib["d"]
        x, y = numbers(data)[:2]
        left, top, width, height = (
            float(mark.attrib[key]) for key in ("x", "y", "width", "height")
        )
        assert left - 1 <= x <= left + width + 1
        assert top - 1 <= y <= top + height
        assert min(width, height) >= 24


@every_network
def test_a_frame_shows_what_the_motion_shows_at_its_step(name: str) -> None:
    figure = drawn(name)
    seen = of_class(parse(figure.svg), "cx-seen")
    assert len(seen) == figure.steps
    for step in range(figure.steps):
        there = [
            ET.tostring(child)
            for group in seen
            for on, off in [
                [
                    int(matched(rf"--cx-{key}:(\d+)", group.attrib["style"] + ";--cx-on:0")[1])
                    for key in ("on", "off")
                ]
            ]
            if on <= step < off
            for child in group
        ]
        frame = [ET.tostring(child) for child in parse(figure.frame(step)).iter()]
        assert [each for each in frame if each in there] == there
        assert "cx-seen" not in figure.frame(step)
    shown = [group.get("opacity") is None for group in seen]
    assert [step for step, there in enumerate(shown) if there] == [figure.still]


@every_language
@every_network
def test_words_are_in_the_current_language_and_geometry_in_none(name: str, code: str) -> None:
    english = drawn(name)
    with language(code):
        figure = drawn(name)
    root = parse(figure.svg)
    assert root.get("lang") == code
    assert "{" not in figure.title + figure.description + "".join(words(root))
    said = figure.description + "".join(sentences(figure))
    assert bool(re.search("[ぁ-ん]", said)) == (code == "ja")
    assert ("couches avec poids" in "".join(words(root))) == (code == "fr")
    assert figure.height == english.height
    paths = [
        [each.get("d") for each in parse(one.svg).iter(f"{SVG}path")] for one in (figure, english)
    ]
    key = len(sentences(figure))
    assert paths[0][:4] == paths[1][:4]
    assert len(paths[0]) == len(paths[1]) > key
    frame, other = (of_class(parse(one.frame(3)), "cx-focus")[0] for one in (figure, english))
    assert frame.get("d") == other.get("d")
    # What a frame says does not depend on when it is drawn.
    assert words(parse(figure.frame(1))) == words(parse(replace(figure).frame(1)))
    assert bool(re.search("[ぁ-んァ-ン]", "".join(words(parse(figure.frame(1)))))) == (code == "ja")


@every_network
def test_nothing_lies_outside_the_picture(name: str) -> None:
    figure = drawn(name)
    for step in range(figure.steps):
        for each in parse(figure.frame(step)).iter(f"{SVG}text"):
            assert 0 <= float(each.attrib["x"]) < 476
            assert 10 < float(each.attrib["y"]) < figure.height
        for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)", figure.frame(step)):
            assert 2 <= float(x) <= 478
            assert 0 < float(y) < figure.height


@every_language
def test_a_figure_is_small_and_the_same_every_time(code: str) -> None:
    with language(code):
        for name in ("alexnet_paper", "vgg16_padded", "lenet5_1998"):
            figure = drawn(name)
            assert len(figure.inline("a").encode()) <= 20_500
            assert figure.svg == drawn(name).svg
        # The most volumes that there can be.
        assert len(drawn("vgg16_unpadded").inline("a").encode()) <= 32_000


def test_modules_are_taken_together_where_layers_are_too_many(residual: cx.Trace) -> None:
    figure = figures.volumes(residual)
    texts = words(parse(figure.frame(4)))
    assert figure.steps == 14
    assert "modules down to depth 2" in " ".join(texts)
    assert "layer4.1" in texts
    assert "taken together down to depth 2" in figure.description
    assert f"parameters: {residual.collapsed(2)['layer1.0'].parameters:,}" in texts
    deep = figures.volumes(residual.collapsed(1))
    assert deep.steps == 10
    assert "layer4" in words(parse(deep.frame(0)))


def test_a_join_shows_all_that_it_takes(residual: cx.Trace) -> None:
    names = ["maxpool", "layer1.0.conv2", "layer1.0.add", "layer1.1.conv1"]
    figure = figures.volumes(residual, layers=names)
    root = parse(figure.frame(3))
    inputs = sum(len(boxes(each.attrib["d"])) for each in of_class(root, "cx-input"))
    assert inputs == 2 + 1  # and the key's square
    assert "layers left out" in words(root)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.shortcut = nn.Conv2d(3, 16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv2(self.conv1(x).relu())
        return nn.functional.max_pool2d(y + self.shortcut(x), 2)


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, 2, 1)
        self.one = nn.Conv2d(32, 16, 1)
        self.reduce = nn.Conv2d(32, 8, 1)
        self.five = nn.Conv2d(8, 16, 5, padding=2, groups=2)
        self.pool = nn.MaxPool2d(3, 1, 1)
        self.fc = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        y = torch.cat([self.one(x), self.five(self.reduce(x)), self.pool(x)], 1)
        return self.fc(y.mean((2, 3)))  # type: ignore[no-any-return]  # a module returns Any


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.c, self.pool = nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2)
        self.up1, self.d = nn.ConvTranspose2d(32, 16, 2, 2), nn.Conv2d(32, 16, 3, padding=1)
        self.up2, self.e = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 8, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.a(x)
        b = self.b(self.pool(a))
        y = self.d(torch.cat([b, self.up1(self.c(self.pool(b)))], 1))
        return self.e(torch.cat([a, self.up2(y)], 1))  # type: ignore[no-any-return]  # the same


class DenseBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(4 * n, 4, 3, padding=1) for n in range(1, 7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = [x]
        for layer in self.layers:
            maps.append(layer(torch.cat(maps, 1)))
        return torch.cat(maps, 1)


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(1, 8, 3)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.a(x) + self.b(y)  # type: ignore[no-any-return]  # a module returns Any


BRANCHING: dict[str, tuple[nn.Module, Any]] = {
    "residual": (Residual(), (3, 32, 32)),
    "inception": (Inception(), (3, 32, 32)),
    "unet": (UNet(), (3, 64, 64)),
    "dense": (DenseBlock(), (4, 16, 16)),
    "two": (TwoInputs(), ((3, 32, 32), (1, 32, 32))),
}
# What each volume is made of, as the modules say, by name; the rest are made of the one before.
MADE_OF = {
    "residual": {"shortcut": {"input"}, "add": {"conv2", "shortcut"}},
    "inception": {
        "reduce": {"stem"},
        "pool": {"stem"},
        "cat": {"one", "five", "pool"},
    },
    "unet": {"cat": {"b", "up1"}, "cat:2": {"a", "up2"}},
    "dense": {
        "cat": {"input"},
        **{f"cat:{n}": {"input", *(f"layers.{at}" for at in range(n - 1))} for n in range(2, 8)},
    },
}
every_branching = pytest.mark.parametrize("name", BRANCHING)


def branching(name: str) -> figures.Figure:
    model, size = BRANCHING[name]
    return figures.volumes(cx.trace(model, size))


def subpaths(root: ET.Element, class_: str) -> list[list[tuple[float, float]]]:
    """The corners of each line in the paths of a class that are drawn by steps at right angles."""
    found = []
    for each in of_class(root, class_):
        for data in re.findall(r"M[^M]*", each.get("d", "")):
            if re.fullmatch(r"M[\d.]+ [\d.]+([HV][\d.]+)+", data):
                ((x, y),) = [tuple(numbers(data.split("H")[0].split("V")[0]))]
                line = [(x, y)]
                for way, at in re.findall(r"([HV])([\d.]+)", data):
                    x, y = (float(at), y) if way == "H" else (x, float(at))
                    line.append((x, y))
                found.append(line)
    return found


def columns(root: ET.Element) -> list[tuple[float, float, float, float]]:
    """Where each volume's column starts and ends: across, and down."""
    found = []
    for mark in root.iter():
        if mark.get("data-step"):
            x, y, width, height = (float(mark.attrib[key]) for key in ("x", "y", "width", "height"))
            found.append((x, x + width, y, y + height))
    return found


def volumes_at(root: ET.Element, point: tuple[float, float]) -> list[int]:
    return [
        at
        for at, (left, right, top, bottom) in enumerate(columns(root))
        if left - 1 <= point[0] <= right + 1 and top - 1 <= point[1] <= bottom + 1
    ]


@pytest.mark.parametrize("name", MADE_OF)
def test_whatever_a_volume_is_made_of_is_tied_to_it(name: str) -> None:
    figure = branching(name)
    root = parse(figure.frame(0))
    listed = re.search(r"line by line: (.*?)\. ", figure.description)
    assert listed
    names = [each.split()[0] for each in listed[1].split("; ")]
    wanted = {
        (names.index(source), at)
        for at, each in enumerate(names)
        if at
        for source in MADE_OF[name].get(each, {names[at - 1]})
    }
    far = set()
    for line in subpaths(root, "cx-guide"):
        ((start, *_), (end, *_)) = (
            volumes_at(root, line[0]) or [-1],
            volumes_at(root, line[-1]) or [-1],
        )
        if line[0][1] > line[1][1]:  # it goes up first: no way to the next line, no dashes
            far.add((start, end))
    assert far == {(source, at) for source, at in wanted if source != at - 1}
    arrows = set()
    for class_ in ("cx-conv-line", "cx-guide", "cx-shift"):
        for line in subpaths(root, class_):
            if len(line) == 2 and line[0][1] == line[1][1]:
                arrows |= set(volumes_at(root, (line[1][0] + 4, line[1][1])))
    dense = [at for at, each in enumerate(names) if each == "fc"]
    assert arrows | set(dense) == {at for source, at in wanted if source == at - 1}


@every_branching
@every_language
def test_no_way_runs_over_words_or_through_other_volumes(name: str, code: str) -> None:
    with language(code):
        root = parse(branching(name).frame(0))
    places = columns(root)
    for line in subpaths(root, "cx-guide"):
        for (x, y), (to_x, to_y) in pairwise(line):
            left, right, top, bottom = min(x, to_x), max(x, to_x), min(y, to_y), max(y, to_y)
            for at, place in enumerate(places):
                over = left < place[1] and right > place[0] and top < place[3] and bottom > place[2]
                # A column starts with the room of the ways; below stand its box and its words.
                if over and y == to_y:
                    words_start = place[3] - 2 * 19 - 12
                    assert not words_start < y < place[3] - 1, (at, line)
                if over and x == to_x and bottom > place[3] - 2 * 19 - 12:
                    raise AssertionError((at, line))


@every_branching
def test_ways_that_lie_over_each_other_have_the_same_source_or_the_same_end(name: str) -> None:
    model, size = BRANCHING[name]
    laid = layout(chain(cx.trace(model, size)).volumes, 0).ways
    assert laid
    for one in laid:
        for other in laid:
            if one.source != other.source and one.reader != other.reader:
                for a, b in pairwise(one.points):
                    for c, d in pairwise(other.points):
                        axis = 0 if a[0] == b[0] else 1
                        if a[axis] == b[axis] == c[axis] == d[axis]:
                            beside = 1 - axis
                            spans = sorted(
                                [sorted((a[beside], b[beside])), sorted((c[beside], d[beside]))]
                            )
                            assert spans[0][1] < spans[1][0]


def test_a_sum_names_all_that_goes_in() -> None:
    figure = branching("residual")
    assert sentences(figure)[3:5] == [
        (
            "shortcut turns 3×32×32 (input) into 16×32×32; ⌊(32 + 2·0 − 1)/1⌋ + 1 = 32; "
            "parameters: 16·3·1·1 + 16 = 64"
        ),
        "add turns 16×32×32 (conv2) and 16×32×32 (shortcut) into 16×32×32",
    ]
    assert "inputs: conv2, shortcut" in words(parse(figure.frame(4)))
    assert "no neighbours: input to shortcut; conv2 to add." in figure.description
    with language("ja"):
        assert sentences(branching("residual"))[4] == (
            "層 add は 16×32×32（conv2）と 16×32×32（shortcut）から 16×32×32 を作ります"
        )


def test_junctions_have_dots_and_crossings_have_none() -> None:
    def dots(name: str) -> int:
        paths = of_class(parse(branching(name).frame(0)), "cx-mark")
        return sum(each.attrib["d"].count("M") for each in paths)

    assert dots("residual") == 0
    assert dots("unet") == 0  # its two ways cross
    assert dots("inception") >= 2


def test_a_layer_named_by_a_number_is_called_a_layer() -> None:
    figure = figures.volumes(cx.trace("nn.Sequential(nn.MaxPool2d(2))", (3, 4, 4)))
    assert sentences(figure)[1] == "layer 0 turns 3×4×4 into 3×2×2; ⌊(4 + 2·0 − 2)/2⌋ + 1 = 2"


def test_layers_choose_what_is_drawn() -> None:
    trace = cx.trace(NETWORKS["alexnet_paper"])
    figure = figures.volumes(trace, layers=("fc6", "conv1", "relu5", "conv1"))
    assert figure.steps == 4
    texts = words(parse(figure.svg))
    assert {"input", "conv1", "relu5", "fc6"} <= set(texts)
    assert "conv2" not in texts
    assert "layers left out" in words(parse(figure.svg))
    assert "layers left out" not in words(parse(figures.volumes(trace, ["conv1"]).svg))


def layers(sizes: list[tuple[int, int, int, int]]) -> tuple[str, int]:
    """Return the text of a network, and the number of layers that it has."""
    channels, parts = 2, []
    for out, kernel, stride, padding in sizes:
        parts += [f"nn.Conv2d({channels}, {2 * out}, {kernel}, {stride}, {padding}, groups=2)"]
        parts += ["nn.ReLU()"]
        channels = 2 * out
    return f"nn.Sequential({', '.join([*parts, 'nn.Flatten()'])})", len(parts)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 2), st.integers(1, 2)),
        min_size=1,
        max_size=6,
    ),
    st.integers(9, 40),
    st.integers(9, 40),
)
def test_any_chain_has_torchs_sizes(sizes: Any, height: int, width: int) -> None:
    text, _ = layers(sizes)
    model = eval(text, {"nn": nn})  # noqa: S307  # our own text
    x, real = torch.zeros(1, 2, height, width, device="meta"), []
    for layer in model.to("meta"):
        x = layer(x)
        if not isinstance(layer, nn.ReLU):
            real.append("×".join(map(str, x.shape[1:])))
    figure = figures.volumes(cx.trace(text, (2, height, width)))
    assert figure.steps == len(real) + 1
    listed = re.findall(r" ([\d×]+)[;.]", figure.description.split(":", 1)[1])[1 : len(real) + 1]
    assert listed == real
    for step in range(1, len(real)):
        ((*_, first),) = [current(figure, step)]
        assert first[0] / first[1] == pytest.approx(
            int(real[step - 1].split("×")[2]) / int(real[step - 1].split("×")[1]), rel=0.05
        )


def test_hostile_names_stay_text() -> None:
    hostile = '<script>alert("&")</script>'
    trace = cx.trace(NETWORKS["lenet5_1998"])
    named = replace(
        trace,
        network=replace(trace.network, name=hostile),
        rows=(replace(trace.rows[0], name=hostile), *trace.rows[1:]),
    )
    figure = figures.volumes(named)
    assert "<script" not in figure.svg
    assert hostile in "".join(words(parse(figure.frame(1))))
    (data,) = re.findall("data-cx='([^']*)'", figure.inline("a"))
    assert "script" in json.loads(data.replace("&lt;", "<").replace("&amp;", "&"))["columns"][1][1]


PICTURE = cx.trace("nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())", (3, 9, 9))
SIGNAL = cx.trace("nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU())", (3, 9))
SOLID = cx.trace("nn.Sequential(nn.Conv3d(3, 4, 3), nn.ReLU())", (3, 9, 9, 9))
LONG = cx.trace(
    f"nn.Sequential({', '.join(f'nn.Conv2d({n}, {n + 1}, 3)' for n in range(3, 33))})", (3, 99, 99)
)


NO_PICTURE = (
    "activations (channels, height, width) or (features)",
    "draw a network over pictures, or only layers that have them, with layers=[...]",
)


@pytest.mark.parametrize(
    ("trace", "names", "expected", "received", "cure"),
    [
        (
            "AlexNet",
            None,
            "a trace",
            "trace='AlexNet'",
            "write for example cx.figures.volumes(cx.trace(cx.networks.alexnet()))",
        ),
        (PICTURE, "0", "layers as a list of names", "layers='0'", 'write layers=["0", "1"]'),
        (PICTURE, [], "layers as a list of names", "layers=[]", 'write layers=["0", "1"]'),
        (PICTURE, ["conv9"], "the name of a layer", "'conv9'", "write for example 0, 1"),
        (SIGNAL, None, NO_PICTURE[0], "the input of 3×9", NO_PICTURE[1]),
        (SOLID, None, NO_PICTURE[0], "the input of 3×9×9×9", NO_PICTURE[1]),
        (
            LONG,
            None,
            "at most 24 volumes in a figure",
            "31 of them",
            'choose layers, for example layers=["conv1"]',
        ),
        (
            LONG,
            [str(n) for n in range(30)],
            "at most 24 volumes in a figure",
            "31 of them",
            "name fewer layers",
        ),
    ],
)
def test_what_cannot_be_drawn_says_why(
    trace: Any, names: Any, expected: str, received: str, cure: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.volumes(trace, layers=names)
    assert str(caught.value).splitlines() == [
        f"expected: {expected}",
        f"received: {received}",
        f"cure: {cure}",
    ]


def test_of_too_many_volumes_the_last_of_each_map_size_is_drawn() -> None:
    same = [f"nn.Conv2d({n}, {n + 1}, 3, padding=1)" for n in range(3, 33)]
    same[10] = "nn.Conv2d(13, 14, 3, stride=2, padding=1)"
    trace = cx.trace(f"nn.Sequential({', '.join(same)})", (3, 32, 32))
    figure = figures.volumes(trace)
    texts = words(parse(figure.svg))
    assert figure.steps == 3
    assert {"13×32×32", "33×16×16"} <= set(texts)
    assert "the last volume of each map size" in " ".join(texts)
    assert "Only the last volume of each map size is drawn." in figure.description


def test_a_vector_and_a_one_pixel_map_can_be_drawn() -> None:
    figures.volumes(cx.trace("nn.Sequential(nn.Linear(5, 3))", (5,)))
    figures.volumes(cx.trace("nn.Sequential(nn.Conv2d(1, 1, 1))", (1, 1, 1)))
    wide = figures.volumes(cx.trace("nn.Sequential(nn.MaxPool2d(2))", (3, 4, 5000)))
    assert max(float(x) for x in re.findall(r"M([\d.]+) ", wide.frame(0))) <= 478
