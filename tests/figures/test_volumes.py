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
        "In the still picture, pool5 makes 256×6×6 of 256×13×13: ⌊(13 + 2·0 − 3)/2⌋ + 1 = 6."
    )
    assert sentences(figure)[10] == (
        "fc6 makes 4096 of 9216: parameters: 9216·4096 + 4096 = 37,752,832"
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
