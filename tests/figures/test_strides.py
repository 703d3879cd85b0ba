"""Several strides on one input, and the strides of known networks: structure, never pixels."""

from __future__ import annotations

import re
from collections import OrderedDict
from itertools import chain
from math import log2, prod
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from tests import models
from tests.moments import boxes, check, geometry, moment, of_class, parse, said, words
from torch import nn

from cnnexplain import figures, networks, trace
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError, SourceError
from cnnexplain.figures import downsampling
from cnnexplain.figures.downsampling import known, strided
from cnnexplain.languages import LANGUAGES, language

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "padded": {"padding": 1},
    "one side": {"input_size": 9, "kernel_size": 4, "padding": (0, 2)},
    "gaps": {"input_size": 12, "kernel_size": 2, "strides": (5, 3, 1)},
    "one step": {"input_size": 3, "strides": [1, 2]},
    "one stride": {"strides": range(2, 3)},
    "many": {"input_size": 24, "kernel_size": 1, "strides": (1, 2, 3, 4)},
    "same": {"padding": "same", "strides": (1,)},
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_language = pytest.mark.parametrize("code", LANGUAGES)


def unfolded(size: int, kernel: int, stride: int, padding: int) -> list[list[int]]:
    """The inputs that torch gives each window, counted from 1; 0 is padding."""
    row = torch.arange(1.0, size + 1).reshape(1, 1, 1, size)
    columns = nn.functional.unfold(row, (1, kernel), 1, (0, padding), (1, stride))
    return columns[0].T.int().tolist()


def rows_of(figure: figures.Figure, step: int) -> list[dict[str, Any]]:
    """What each row of the drawing shows: its inputs, its windows, its outputs."""
    root = parse(figure.frame(step))
    windows = [boxes(each.get("d", "")) for each in of_class(root, "cx-window")]
    lines = [each.get("d", "") for each in of_class(root, "cx-input-line")]
    cells = [each for each in of_class(root, "cx-output") if each.get("x")]
    found = []
    for line, (window, marker) in zip(lines, windows, strict=False):
        x, y = (float(each) for each in re.findall(r"[\d.]+", line)[:2])
        unit = marker[2]
        row = [each for each in cells if abs(float(each.get("y", "")) - marker[1]) < unit]
        found.append(
            {
                "window": (round((window[0] - x) / unit), round(window[2] / unit)),
                "marker": round((marker[0] - min(m[1][0] for m in windows)) / unit),
                "outputs": len(row),
                "inputs": line.count("v") - 1,
                "level": y,
            }
        )
    return found


@given(
    st.integers(1, 12), st.integers(1, 5), st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.integers(0, 3), st.data(),
)  # fmt: skip
def test_every_row_reads_what_torch_unfolds(
    size: int, kernel: int, strides: list[int], padding: int, data: st.DataObject
) -> None:
    assume(size + 2 * padding >= kernel)
    figure = figures.strides(size, kernel, strides, padding)
    step = data.draw(st.integers(0, figure.steps - 1))
    torchs = [unfolded(size, kernel, stride, padding) for stride in strides]
    assert figure.steps == max(map(len, torchs))
    for row, windows, stride in zip(rows_of(figure, step), torchs, strides, strict=True):
        at = min(step, len(windows) - 1)  # who has finished stands at the last window
        start, extent = row["window"]
        drawn = [index + 1 if 0 <= index < size else 0 for index in range(start, start + extent)]
        assert drawn == windows[at]
        assert start == at * stride - padding
        assert row["outputs"] == at + 1
        assert row["inputs"] == size


@every_case
def test_frames_and_motion_show_the_same_and_nothing_lies_outside(case: dict[str, Any]) -> None:
    check(figures.strides(**case))


def test_pixels_that_no_window_reads_are_crossed_out() -> None:
    root = parse(figures.strides(12, 2, (5, 3, 1)).svg)
    *rows, key = of_class(root, "cx-unread")
    read = [set(chain(*unfolded(12, 2, stride, 0))) for stride in (5, 3, 1)]
    assert [each.get("d", "").count("M") for each in rows] == [
        12 - len(each) for each in read if len(each) < 12
    ]
    assert key.get("d", "").count("M") == 1
    assert not of_class(parse(figures.strides(7, 3, (1, 2)).svg), "cx-unread")
    # Their cells are blank, and have no number.
    filled = [each for each in of_class(root, "cx-input") if each.get("d")]
    assert [len(boxes(each.get("d", ""))) for each in filled] == [len(each) for each in read]


def test_the_windows_steps_are_as_long_as_the_stride() -> None:
    root = parse(figures.strides(9, 1, (1, 4)).svg)
    unit = boxes(of_class(root, "cx-window")[0].get("d", ""))[0][2]
    arcs = [each.get("d", "") for each in of_class(root, "cx-tie") if "Q" in each.get("d", "")]
    ends = [[float(each) for each in re.findall(r"-?[\d.]+", arc)[:6:4]] for arc in arcs]
    first = ends[0][0] - unit / 2
    # From the middle of a window's first pixel to that of the next one's.
    steps = [((start - first) / unit - 0.5, (end - first) / unit - 0.5) for start, end in ends]
    assert steps == [(at, at + 1) for at in range(8)] + [(0, 4), (4, 8)]


def test_each_row_has_its_formula_and_each_step_says_what_it_reads() -> None:
    figure = figures.strides()
    texts = words(parse(figure.svg))
    for line in (
        "stride 1: ⌊(7 + 2·0 − 3)/1⌋ + 1 = 5", "stride 2: ⌊(7 + 2·0 − 3)/2⌋ + 1 = 3",
        "stride 3: ⌊(7 + 2·0 − 3)/3⌋ + 1 = 2", "input 7", "output 5", "window 2 of 2",
    ):  # fmt: skip
        assert line in texts
    assert said(figure)[0] == (
        "stride 1 reads pixels 1–3; stride 2 reads pixels 1–3; stride 3 reads pixels 1–3"
    )
    assert said(figure)[2] == (
        "stride 1 reads pixels 3–5; stride 2 reads pixels 5–7; stride 3 is done"
    )
    assert figure.description.endswith(
        "The numbers of the crossed-out pixels, which no window reads: 7."
    )
    padded = figures.strides(2, 1, (1, 2), 1)
    assert said(padded)[0] == "stride 1 reads padding; stride 2 reads padding"
    assert "padding 0 before, 2 after" in words(parse(figures.strides(9, padding=(0, 2)).svg))[1]


@every_language
@every_case
def test_strides_speak_the_current_language(case: dict[str, Any], code: str) -> None:
    with language(code):
        figure = figures.strides(**case)
    # A figure keeps its language wherever it is drawn.
    spoken = " ".join([figure.title, figure.description, *said(figure), *words(parse(figure.svg))])
    frame = " ".join(words(parse(figure.frame(0))))
    assert "{" not in spoken
    assert bool(re.search("[ぁ-ん]", figure.description)) == (code == "ja")
    assert bool(re.search("[ァ-ン]", frame)) == (code == "ja")
    assert ("fenêtre" in frame) == (code == "fr")
    assert ("window" in frame) == (code == "en")


@every_case
def test_strides_have_the_same_geometry_in_every_language(case: dict[str, Any]) -> None:
    found = []
    for code in LANGUAGES:
        with language(code):
            figure = figures.strides(**case)
        found.append(geometry(figure, "cx-taps", "cx-window", "cx-input", "cx-output"))
    assert found[0] == found[1] == found[2]


def test_a_figure_of_strides_is_small_and_the_same_every_time() -> None:
    assert figures.strides().inline("s") == figures.strides().inline("s")
    assert len(figures.strides().inline("s")) < 15_000
    assert figures.strides().still == figures.strides().steps - 1


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"strides": (1, 2, 3, 4, 5)}, ArgumentError, """\
expected: strides as 1 to 4 numbers
received: strides=(1, 2, 3, 4, 5)
cure: write for example strides=(1, 2, 3)"""),
        ({"strides": ()}, ArgumentError, """\
expected: strides as 1 to 4 numbers
received: strides=()
cure: write for example strides=(1, 2, 3)"""),
        ({"strides": 2}, ArgumentError, """\
expected: strides as 1 to 4 numbers
received: strides=2
cure: write for example strides=(1, 2, 3)"""),
        ({"strides": (1, 0)}, ArgumentError, """\
expected: stride as an integer of at least 1
received: stride=0
cure: use stride=1 or more"""),
        ({"input_size": 2.5}, ArgumentError, """\
expected: input_size as an integer of at least 1
received: input_size=2.5
cure: write for example input_size=1"""),
        ({"input_size": 10**9}, ArgumentError, """\
expected: at most 24 inputs with their padding in a figure
received: 1000000000 of them (input_size=1000000000, padding=(0, 0))
cure: draw a smaller case, which shows the same; cnnexplain.output_size has no limit"""),
        ({"padding": 9}, ArgumentError, """\
expected: at most 24 inputs with their padding in a figure
received: 25 of them (input_size=7, padding=(9, 9))
cure: draw a smaller case, which shows the same; cnnexplain.output_size has no limit"""),
        ({"kernel_size": 8}, ShapeError, """\
expected: a padded input of at least 8 (kernel_size=8, dilation=1)
received: 7 (input_size=7, padding=(0, 0))
cure: use input_size=8 or more, a smaller kernel_size, or more padding"""),
        ({"padding": "same"}, ArgumentError, """\
expected: padding='same' with stride=1 only
received: padding='same', stride=2
cure: write the padding as a number, for example padding=1"""),
    ],
)  # fmt: skip
def test_strides_that_cannot_be_drawn_are_refused(
    wrong: Any, error: type[CnnExplainError], message: str
) -> None:
    with pytest.raises(error) as caught:
        figures.strides(**wrong)
    assert str(caught.value) == message


# Known networks.


def modules(source: str) -> nn.Sequential:
    """A network's text as torch runs it."""
    names: dict[str, Any] = {"nn": nn, "OrderedDict": OrderedDict}
    if "import" in source:
        exec(source, names)  # noqa: S102  # our own text
    else:
        exec(f"model = {source.strip()}", names)  # noqa: S102  # the same
    model: nn.Sequential = names["model"]
    return model


def torchs_strides(model: nn.Module) -> list[tuple[str, int]]:
    """The layers of a sequential module that step, by torch's own attributes."""
    found = []
    for name, layer in model.named_modules():
        stride = getattr(layer, "stride", 1)
        step = stride if isinstance(stride, int) else stride[0]
        if step > 1:
            found.append((name, step))
    return found


TEXTS = {
    "LeNet-5": networks.code("lenet5_1998"),
    "AlexNet": networks.code("alexnet_paper"),
    "VGG-16": networks.code("vgg16_padded"),
    "ResNet-50": downsampling._RESNET50,
    "ViT-B/16": downsampling._VIT,
    "ConvNeXt-T": downsampling._CONVNEXT,
}


@pytest.mark.parametrize("name", TEXTS)
def test_strides_are_those_of_torchs_modules(name: str) -> None:
    (found,) = strided({name: known()[name]})
    assert [(each.name, each.step) for each in found.layers] == torchs_strides(modules(TEXTS[name]))
    # And torch moves that many pixels from one unit to the next.
    layers = modules(TEXTS[name])
    kept = nn.Sequential(*[each for each in layers if not isinstance(each, nn.Flatten | nn.Linear)])
    channels = 1 if name == "LeNet-5" else 3
    small, large = (kept(torch.zeros(1, channels, n, n)).shape[-1] for n in (256, 256 + 128))
    assert 128 / (large - small) == found.effective(9)


def test_the_products_are_those_that_everybody_knows() -> None:
    found = {each.name: [layer.step for layer in each.layers] for each in strided(known())}
    assert found == {
        "LeNet-5": [2, 2], "AlexNet": [4, 2, 2, 2], "VGG-16": [2] * 5, "ResNet-50": [2] * 5,
        "ViT-B/16": [16], "ConvNeXt-T": [4, 2, 2, 2],
    }  # fmt: skip
    texts = words(parse(figures.known_strides().svg))
    for line in ("2·2 = 4", "4·2·2·2 = 32", "2·2·2·2·2 = 32", "16"):
        assert line in texts


def test_a_networks_branches_and_its_last_pooling_count_once_or_not_at_all() -> None:
    residual = trace(models.resnet50(0.05, original=True), (3, 224, 224))
    (found,) = strided({"ResNet-50": residual})
    assert [each.step for each in found.layers] == [2] * 5
    assert [each.name for each in found.layers][:2] == ["conv1", "maxpool"]
    collapsed = strided({"ResNet-50": residual.collapsed(1)})[0]
    assert collapsed == found
    mixed = "nn.Sequential(nn.Conv2d(3, 4, 3, stride=3), nn.PixelUnshuffle(2), nn.MaxPool2d(5))"
    assert [(each.step, each.kind) for each in strided({"": mixed})[0].layers] == [
        (3, "convolution"), (2, "other"), (5, "pooling"),
    ]  # fmt: skip
    assert strided({"": "nn.Sequential(nn.Conv2d(3, 4, 3))"})[0].layers == ()


def test_a_layers_box_is_as_wide_as_its_strides_logarithm() -> None:
    figure = figures.known_strides()
    ghosts = [
        boxes(each.get("d", ""))[0]
        for each in of_class(parse(figure.svg), "cx-guide")
        if each.get("stroke-dasharray")
    ]
    layers = [layer for each in strided(known()) for layer in each.layers]
    octave = 471 / 5
    for (x, _, width, _), layer in zip(ghosts, layers, strict=True):
        assert width == pytest.approx(log2(layer.step) * octave, abs=0.6)
        assert x == pytest.approx(4.5 + log2(layer.effective / layer.step) * octave, abs=0.6)


def test_layers_light_up_one_after_the_other() -> None:
    figure = figures.known_strides()
    counts = [len(each.layers) for each in strided(known())]
    for step in range(figure.steps):
        root = parse(figure.frame(step))
        lit = [each for each in root.iter() if each.get("data-step")]
        assert len(lit) == sum(min(step + 1, count) for count in counts)
        assert all(int(each.get("data-step", "")) <= step for each in lit)
    assert said(figure)[1] == (
        "at most 2 of the layers with a stride above 1; effective strides LeNet-5 (4), "
        "AlexNet (8), VGG-16 (4), ResNet-50 (4), ViT-B/16 (16), ConvNeXt-T (8)"
    )
    assert figure.still == figure.steps - 1


def test_strides_of_three_or_more_have_a_thick_line() -> None:
    root = parse(figures.known_strides().svg)
    thick = [each for each in of_class(root, "cx-conv-line") if each.get("stroke-width") == "3"]
    assert len(thick) == 3 + 1  # AlexNet, ViT-B/16, ConvNeXt-T, and the key
    assert "AlexNet conv1 (4); ViT-B/16 patches (16); ConvNeXt-T stem (4)" in (
        figures.known_strides().description
    )


HOSTILE = "<script>&\"'{x} a network with a name that is far too long for its line"
STRANGE: dict[str, dict[str, Any]] = {
    "hostile": {HOSTILE: networks.lenet5()},
    "no strides": {"none": "nn.Sequential(nn.ReLU())"},
    "large": {"large": "nn.Sequential(nn.Conv2d(1, 1, 1, stride=7), nn.MaxPool2d(31))"},
    "known": known(),
}


@pytest.mark.parametrize("given", STRANGE.values(), ids=STRANGE)
def test_known_strides_are_complete_in_every_language(given: Any) -> None:
    found = []
    for code in LANGUAGES:
        with language(code):
            figure = figures.known_strides(given)
        check(figure)
        spoken = " ".join([figure.title, figure.description, *said(figure)])
        assert not re.search(r"\{(?!x)", spoken)
        assert bool(re.search("[ぁ-んァ-ン]", figure.title)) == (code == "ja")
        assert ("Pas effectifs" in figure.title) == (code == "fr")
        # Boxes, not marks of the key, which stand where the language's words leave room.
        paths = [each for each in moment(figure.svg, 0) if each[0] == "path"]
        found.append([figure.height, *paths])
        assert "<script" not in figure.svg
    assert found[0] == found[1] == found[2]
    assert len(figures.known_strides(given).inline("k")) < 20_000


def test_known_strides_are_the_same_every_time() -> None:
    assert figures.known_strides().inline("k") == figures.known_strides().inline("k")


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({}, ArgumentError, """\
expected: networks as a mapping from 1 to 8 names to networks
received: networks={}
cure: write for example networks={"LeNet-5": cx.networks.lenet5()}"""),
        (["LeNet-5"], ArgumentError, """\
expected: networks as a mapping from 1 to 8 names to networks
received: networks=['LeNet-5']
cure: write for example networks={"LeNet-5": cx.networks.lenet5()}"""),
        ({1: "nn.ReLU()"}, ArgumentError, """\
expected: networks as a mapping from 1 to 8 names to networks
received: networks={1: 'nn.ReLU()'}
cure: write for example networks={"LeNet-5": cx.networks.lenet5()}"""),
        ({"a": 3}, ArgumentError, """\
expected: a trace, a network of cnnexplain.networks, or text
received: 'a': 3
cure: write for example cx.trace(model, (3, 224, 224))"""),
        ({"a": "nn.Sequential(nn.MaxPool2d((2, 1)))"}, ArgumentError, """\
expected: networks whose strides are the same along all axes
received: 2×1 in 'a', at layer '0'
cure: leave the network out"""),
        ({"a": "nn.Sequential(nn.MaxPool2d(33), nn.MaxPool2d(1, 32))"}, ArgumentError, """\
expected: an effective stride of at most 1024 in a figure
received: 1056 in 'a'
cure: leave the network out"""),
    ],
)  # fmt: skip
def test_networks_that_cannot_be_drawn_are_refused(
    wrong: Any, error: type[CnnExplainError], message: str
) -> None:
    with pytest.raises(error) as caught:
        figures.known_strides(wrong)
    assert str(caught.value) == message


def test_a_text_that_is_no_network_is_refused() -> None:
    with pytest.raises(SourceError):
        figures.known_strides({"a": "import os"})
    assert prod([2, 2]) == strided(known())[0].effective(2)
