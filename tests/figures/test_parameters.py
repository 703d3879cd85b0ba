"""Where parameters are: each area is as large as torch's count of the layer."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models import MobileNet, resnet18
from tests.moments import SVG, sentences, words
from torch import nn

import cnnexplain as cx
from cnnexplain import figures
from cnnexplain.errors import ArgumentError
from cnnexplain.figures.treemap import squarified
from cnnexplain.languages import LANGUAGES, language

NETWORKS = {
    "alexnet_paper": cx.networks.alexnet(),
    "alexnet_torchvision": cx.networks.alexnet("torchvision"),
    "vgg16_padded": cx.networks.vgg16(),
    "lenet5_1998": cx.networks.lenet5(),
}
every_network = pytest.mark.parametrize("name", NETWORKS)
WHOLE = 471 * 250


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own text


def of_class(root: ET.Element, *names: str) -> list[ET.Element]:
    return [each for each in root.iter() if set(names) <= set(each.get("class", "").split())]


def place(each: ET.Element) -> tuple[float, ...]:
    return tuple(float(each.attrib[key]) for key in ("x", "y", "width", "height"))


def drawn(name: str) -> figures.Figure:
    return figures.parameters(cx.trace(NETWORKS[name]))


def counts(name: str) -> dict[str, int]:
    """The parameters of torch's modules."""
    namespace: dict[str, Any] = {}
    with torch.device("meta"):
        exec(cx.networks.code(name), namespace)  # our own file  # noqa: S102
    found = {
        layer: sum(each.numel() for each in module.parameters())
        for layer, module in namespace["model"].named_children()
    }
    return {layer: count for layer, count in found.items() if count}


@pytest.fixture(scope="module")
def residual() -> cx.Trace:
    with torch.device("meta"):
        model = resnet18()
    return cx.trace(model, (3, 224, 224))


@every_network
def test_each_area_is_as_large_as_torchs_count(name: str) -> None:
    figure, real = drawn(name), counts(name)
    total = sum(real.values())
    assert figure.steps == len(real) + 1
    for step, count in enumerate(real.values()):
        (mark,) = [
            each for each in of_class(parse(figure.frame(step)), "cx-window")
            if each.tag == f"{SVG}rect"
        ]  # fmt: skip
        x, y, width, height = place(mark)
        assert width * height == pytest.approx(WHOLE * count / total, abs=0.3, rel=0.002)
        assert 4 <= x < x + width <= 476
        assert 0 < y < y + height < figure.height
    assert not of_class(parse(figure.frame(len(real))), "cx-window")
    (largest,) = [step for step, count in enumerate(real.values()) if count == max(real.values())]
    assert figure.still == largest


@every_network
def test_areas_have_the_colour_and_the_pattern_of_their_kind(name: str) -> None:
    root, real = parse(drawn(name).svg), counts(name)
    convolutions, dense = (
        sum(
            width * height
            for *_, width, height in map(place, of_class(root, *classes))
            if width > 20
        )
        for classes in (("cx-conv", "cx-conv-line"), ("cx-dense", "cx-dense-line"))
    )
    share = sum(count for layer, count in real.items() if "conv" in layer) / sum(real.values())
    assert dense == pytest.approx(WHOLE * (1 - share), rel=0.01)
    assert convolutions <= WHOLE * share + 1
    hatched = [each for each in of_class(root, "cx-dense-line") if each.get("stroke-opacity")]
    assert hatched
    assert hatched[0].attrib["d"].count("M") > 20


@every_network
def test_every_layer_has_its_count_and_its_share(name: str) -> None:
    figure, real = drawn(name), counts(name)
    texts, total = words(parse(figure.frame(0))), sum(real.values())
    for layer, count in real.items():
        assert layer in texts
        assert f"{count:,}" in texts
        assert f"{layer} {count:,} (" in figure.description
    assert Counter(texts)[next(iter(real))] == 1
    assert f"{total:,}" in figure.title
    convolution = sum(count for layer, count in real.items() if "conv" in layer)
    assert any(each.startswith(f"convolutions: {convolution:,} (") for each in texts)


@every_network
def test_each_step_has_the_engines_formula(name: str) -> None:
    trace, figure = cx.trace(NETWORKS[name]), drawn(name)
    rows = [row for row in trace.rows if row.parameters]
    for step, row in enumerate(rows):
        kind = type(row.operation).__name__
        rule = str(row.operation.parameter_formula).rsplit(" = ", 1)[0]
        line = f"{row.name} ({kind}): {rule} = {row.parameters:,}"
        assert line in words(parse(figure.frame(step)))
        assert sentences(figure)[step].startswith(line)
    assert f"{trace.parameters:,} parameters in all" in words(parse(figure.frame(len(rows))))


def test_alexnets_first_fully_connected_layer_has_62_percent() -> None:
    figure = drawn("alexnet_paper")
    assert figure.title == "Where the 60,965,224 parameters of AlexNet (paper) are: 61.9% in fc6"
    texts = words(parse(figure.svg))
    assert {"61.9%", "27.5%", "6.7%", "0.06%", "37,752,832"} <= set(texts)
    assert "61.9% of all 60,965,224 parameters" in texts


def test_modules_are_taken_together_where_layers_are_too_many(residual: cx.Trace) -> None:
    figure = figures.parameters(residual)
    assert figure.steps == 12
    assert "Modules are taken together down to depth 2." in figure.description
    for row in residual.collapsed(2).rows:
        if row.parameters:
            assert f"{row.name} {row.parameters:,} (" in figure.description
    assert "layer4.1, several layers: 4,720,640" in words(parse(figure.svg))


def test_modules_are_not_taken_together_into_two_or_three() -> None:
    with torch.device("meta"):
        model = MobileNet()
    figure = figures.parameters(cx.trace(model, (3, 224, 224)))
    assert figure.steps == 21
    assert re.search(r"\d+ others", figure.description)
    assert f"{sum(each.numel() for each in model.parameters()):,}" in figure.title


def test_the_smallest_layers_are_taken_together_where_there_are_no_modules() -> None:
    text = ", ".join(f"nn.Linear({n}, {n + 1})" for n in range(2, 42))
    trace = cx.trace(f"nn.Sequential({text})", (2,))
    figure = figures.parameters(trace)
    assert figure.steps == 21
    rest = sum(sorted(row.parameters for row in trace.rows)[:21])
    assert f"21 others {rest:,}" in figure.description
    assert "in 39" in figure.title  # the largest layer, not those together
    assert len(figure.inline("a").encode()) <= 22_500


def test_shared_weights_count_once() -> None:
    shared = nn.Linear(4, 4)
    trace = cx.trace(nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(4, 2)), (4,))
    figure = figures.parameters(trace)
    assert figure.steps == 3
    assert "30 parameters" in figure.title.replace("The", "the")


@every_network
def test_marks_lead_to_every_layer(name: str) -> None:
    figure = drawn(name)
    marks = [each for each in parse(figure.svg).iter() if each.get("data-step")]
    assert [int(each.attrib["data-step"]) for each in marks] == list(range(figure.steps - 1))
    assert min(min(place(each)[2:]) for each in marks) >= 24


@every_network
def test_a_frame_shows_what_the_motion_shows_at_its_step(name: str) -> None:
    figure = drawn(name)
    seen = of_class(parse(figure.svg), "cx-seen")
    assert len(seen) == figure.steps
    for step in range(figure.steps):
        frame = [ET.tostring(each) for each in parse(figure.frame(step)).iter()]
        for at, group in enumerate(seen):
            content = [ET.tostring(each) for each in group]
            assert all(each in frame for each in content) == (at == step)
    assert [at for at, group in enumerate(seen) if not group.get("opacity")] == [figure.still]


@every_network
@pytest.mark.parametrize("code", LANGUAGES)
def test_words_differ_by_language_and_geometry_does_not(name: str, code: str) -> None:
    english = drawn(name)
    with language(code):
        figure = drawn(name)
        assert figure.svg == drawn(name).svg
    said = figure.title + figure.description + "".join(words(parse(figure.frame(0))))
    assert bool(re.search("[ぁ-ん]", said)) == (code == "ja")
    assert ("paramètres" in said) == (code == "fr")
    assert "{" not in said
    assert figure.height == english.height
    for step in range(figure.steps - 1):
        one, other = (
            [each.attrib for each in of_class(parse(each_.frame(step)), "cx-window")]
            for each_ in (figure, english)
        )
        assert one == other
    for each in parse(figure.svg).iter(f"{SVG}text"):
        assert 0 <= float(each.attrib["x"]) <= 476
        assert 10 < float(each.attrib["y"]) < figure.height
    assert len(figure.inline("a").encode()) <= 20_000


def test_hostile_names_stay_text() -> None:
    hostile = '<script>alert("&")</script>'
    trace = cx.trace(NETWORKS["lenet5_1998"])
    network = replace(trace.network, name=hostile)
    figure = figures.parameters(replace(trace, network=network))
    assert "<script" not in figure.svg
    assert f"Parameters of {hostile}" in " ".join(words(parse(figure.svg)))


@pytest.mark.parametrize(
    ("trace", "lines"),
    [
        (
            None,
            [
                "expected: a trace",
                "received: trace=None",
                "cure: write for example cx.figures.parameters(cx.trace(cx.networks.alexnet()))",
            ],
        ),
        (
            cx.trace("nn.Sequential(nn.ReLU())", (3, 4, 4)),
            [
                "expected: a network with parameters",
                "received: none",
                "cure: trace one that has some",
            ],
        ),
    ],
)
def test_what_has_no_areas_says_why(trace: Any, lines: list[str]) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.parameters(trace)
    assert str(caught.value).splitlines() == lines


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), st.integers(1, 9))
def test_a_treemap_fills_its_rectangle_without_overlap(sizes: list[int], height: int) -> None:
    places = squarified(sizes, (1.0, 2.0, 8.0, float(height)))
    whole = 8.0 * height
    for size, (x, y, width, tall) in zip(sizes, places, strict=True):
        assert width * tall == pytest.approx(whole * size / sum(sizes), rel=1e-6, abs=1e-9)
        assert x >= 1 - 1e-9
        assert y >= 2 - 1e-9
        assert x + width <= 9 + 1e-6
        assert y + tall <= 2 + height + 1e-6
    for at, (x, y, width, tall) in enumerate(places):
        for x2, y2, width2, tall2 in places[at + 1 :]:
            across = min(x + width, x2 + width2) - max(x, x2)
            down = min(y + tall, y2 + tall2) - max(y, y2)
            assert min(across, down) <= 1e-6
