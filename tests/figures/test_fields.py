"""What a unit sees, on its picture: against gradients, against the trace, and as it is drawn."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests import models, oracles
from tests.moments import boxes, check, geometry, of_class, parse, rectangle, said, words
from torch import nn

import cnnexplain as cx
from cnnexplain import figures, networks, trace
from cnnexplain.errors import ArgumentError
from cnnexplain.figures.fields import growth
from cnnexplain.languages import LANGUAGES, language

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)  # one red pixel
RECTANGULAR = (
    "nn.Sequential(nn.Conv2d(1, 4, (1, 7), padding=(0, 3)), nn.Conv2d(4, 4, (7, 1)), "
    "nn.MaxPool2d((1, 2)), nn.Conv2d(4, 4, 3, padding=1))"
)

pytestmark = pytest.mark.usefixtures("one_thread")


def padded_net() -> nn.Sequential:
    """A small network of VGG's kind: its last field is larger than its window."""
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(2, 2, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2 * 4 * 4, 3),
    )  # fmt: skip


CASES: dict[str, Any] = {
    "VGG-16": lambda: (trace(networks.vgg16()), {"image_size": 384, "photograph": PNG}),
    "VGG-16, its window": lambda: (trace(networks.vgg16()), {}),
    "AlexNet": lambda: (trace(networks.alexnet()), {"image_size": (300, 420)}),
    "LeNet-5": lambda: (trace(networks.lenet5()), {}),
    "ResNet-50": lambda: (trace(models.resnet50(0.05), (3, 224, 224)), {"unit": (0, 0)}),
    "rectangular": lambda: (trace(RECTANGULAR, (1, 20, 60)), {}),
    "attention": lambda: (trace(models.ViT(), (3, 16, 16)), {}),
    "one layer": lambda: (trace(networks.vgg16()), {"layers": ["pool5"], "unit": (6, 0)}),
    "any window": lambda: (trace(networks.vgg16()), {"layers": ["pool5"], "window": (50, 80)}),
}
every_case = pytest.mark.parametrize("make", CASES.values(), ids=CASES)
every_language = pytest.mark.parametrize("code", LANGUAGES)


# Where it lies, and how large it is.


@st.composite
def stacks(draw: st.DrawFn) -> list[tuple[str, int, int, int]]:
    """One to four layers: what they are, kernel, stride and padding."""
    layers = []
    for _ in range(draw(st.integers(1, 4))):
        kind, kernel = draw(st.sampled_from(["conv", "pool"])), draw(st.integers(1, 4))
        padding = draw(st.integers(0, kernel // 2 if kind == "pool" else 3))
        layers.append((kind, kernel, draw(st.integers(1, 3)), padding))
    return layers


def built(layers: list[tuple[str, int, int, int]]) -> nn.Sequential:
    return nn.Sequential(
        *[
            nn.Conv2d(1, 1, kernel, stride, padding)
            if kind == "conv"
            else nn.MaxPool2d(kernel, stride, padding)
            for kind, kernel, stride, padding in layers
        ]
    )


@given(stacks(), st.integers(8, 14))
def test_a_field_lies_where_gradients_say_also_beyond_the_picture(
    layers: list[tuple[str, int, int, int]], size: int
) -> None:
    model = built(layers)
    try:
        traced = trace(model, (1, size, size))
        grown = growth(traced)
    except cx.CnnExplainError:
        assume(False)
    last = grown.layers[-1]
    stride = int(last.stride[0])
    # In a picture with room around it, the unit some steps on sees all, and gradients tell where.
    steps = -(-max(0, -last.first[0]) // stride)
    room = size + steps * stride + max(0, last.first[0] + last.size[0] - size) + stride
    unit = (last.unit[0] + steps, last.unit[1] + steps)
    seen = oracles.by_gradient(model, [(1, room, room)], {last.name: [unit]})
    for axis, places in enumerate(seen[last.name, unit]):
        assert min(places) - steps * stride == last.first[axis]
        assert max(places) - min(places) + 1 == last.size[axis]


@pytest.mark.parametrize("size", [16, 24, (20, 33)])
@pytest.mark.parametrize("layer", [None, "0", "2", "3", "4"])
def test_on_a_larger_picture_units_are_those_of_the_converted_network(
    size: Any, layer: str | None
) -> None:
    model = padded_net().eval()
    traced = trace(model, (1, 16, 16))
    grown = growth(traced, layers=layer and [layer], image_size=size)
    last = grown.layers[-1]
    height, width = (size, size) if isinstance(size, int) else size
    converted = cx.fully_convolutional(model, (1, 16, 16)).module
    cut = converted if layer is None else nn.Sequential(*list(model)[: int(layer) + 1])
    values = oracles.run(cut, [(1, height, width)])
    name, value = list(values.items())[-1]
    units = [last.unit, (0, 0), tuple(each - 1 for each in value.shape[2:])]
    seen = oracles.by_gradient(cut, [(1, height, width)], {name: units})
    for unit in units:
        found = growth(traced, layers=layer and [layer], image_size=size, unit=unit).layers[-1]
        inside = found.inside((height, width))
        assert tuple(map(frozenset, inside)) == seen[name, unit]
    beyond = tuple(value.shape[2:])
    with pytest.raises(ArgumentError, match="units count from 0"):
        growth(traced, layers=layer and [layer], image_size=size, unit=beyond)


@pytest.mark.parametrize("name", ["VGG-16", "AlexNet", "LeNet-5", "ResNet-50", "rectangular"])
def test_a_field_in_its_picture_is_the_traces_exact_one(name: str) -> None:
    traced, _ = CASES[name]()
    grown = growth(traced)
    for each in grown.layers:
        row = traced[each.name]
        unit = each.unit if len(row.output_shape) == 4 else (0,)
        assert each.inside(grown.picture) == traced.receptive_field(each.name, unit).intervals
        assert each.size == row.receptive_field


@every_case
def test_each_field_holds_those_of_the_layers_below(make: Any) -> None:
    traced, more = make()
    layers = growth(traced, **{key: more[key] for key in more if key != "photograph"}).layers
    for below, above in pairwise(layers):
        for axis in (0, 1):
            assert above.first[axis] <= below.first[axis]
            assert above.first[axis] + above.size[axis] >= below.first[axis] + below.size[axis], (
                above.name
            )


def test_windows_and_fields_are_the_pairs_that_everybody_knows() -> None:
    for network, window, field in ((networks.vgg16(), 224, 404), (networks.alexnet(), 227, 355)):
        grown = growth(trace(network), image_size=384)
        last = grown.layers[-1]
        assert last.name == "fc6"
        assert last.size == (field, field)
        assert grown.window is not None
        (down, across), size = grown.window
        assert size == (window, window)
        # Both have the same centre, and windows step on with the units.
        assert (down, across) == (32 * last.unit[0], 32 * last.unit[1])
        assert down + window / 2 == last.first[0] + field / 2
    assert growth(trace(networks.vgg16())).window is None
    assert growth(trace(networks.vgg16()), layers=["pool5"], image_size=384).window is None


def test_many_layers_are_thinned_and_the_last_one_stays() -> None:
    traced = trace(models.resnet152(0.02), (3, 64, 64))
    grown = growth(traced)
    assert len(grown.layers) == 20 < grown.grow
    sizes = [each.size[0] for each in grown.layers]
    assert sizes == sorted(set(sizes))
    largest = max(row.receptive_field[0] for row in traced.rows if row.receptive_field)
    assert sizes[-1] == largest
    figure = figures.receptive_field(traced)
    note = f"Shown are 20 of the {grown.grow} layers at which it grows."
    assert note in figure.description
    assert note in " ".join(words(parse(figure.svg)))


def test_what_no_single_number_tells_is_left_out_and_said() -> None:
    traced = trace(models.ViT(), (3, 16, 16))
    figure = figures.receptive_field(traced)
    assert figure.steps == 1
    assert re.search(r"Layers without a single number, left out: \d+\.", figure.description)
    normed = trace("nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.Conv2d(4, 4, 3))",
                   (1, 9, 9))  # fmt: skip
    assert "From 2 on, a unit sees the rest of the picture too" in (
        figures.receptive_field(normed).description
    )


# As it is drawn.


def drawn(root: Any, picture: tuple[int, int]) -> tuple[float, float, float]:
    """Where the picture stands, and its scale."""
    (ground, *_) = [each for each in of_class(root, "cx-input") if each.get("width")]
    x, y, width, height = (float(ground.attrib[key]) for key in ("x", "y", "width", "height"))
    assert width / height == pytest.approx(picture[1] / picture[0], abs=0.01)
    return x, y, width / picture[1]


@every_case
def test_each_step_draws_the_field_and_what_lies_in_the_padding(make: Any) -> None:
    traced, more = make()
    figure = figures.receptive_field(traced, **more)
    grown = growth(traced, **{key: more[key] for key in more if key != "photograph"})
    assert figure.steps == len(grown.layers)
    for step, seen in enumerate(grown.layers):
        root = parse(figure.frame(step))
        x, y, scale = drawn(root, grown.picture)

        def at(
            box: tuple[float, float, float, float],
            x: float = x, y: float = y, scale: float = scale,
        ) -> Any:  # fmt: skip
            left, top, width, height = box
            return pytest.approx(
                ((top - y) / scale, (left - x) / scale, height / scale, width / scale),
                abs=0.02 / scale,
            )

        lines = [
            each for each in of_class(root, "cx-field-line") if len(each.attrib["class"]) == 13
        ]
        now = [boxes(each.attrib["d"])[0] for each in lines if each.get("stroke-width") == "2.5"
               and "z" in each.attrib["d"]]  # fmt: skip
        rows, columns = seen.inside(grown.picture)
        assert (rows.start, columns.start, len(rows), len(columns)) == at(now[0])
        dashed = [each for each in lines if each.get("stroke-dasharray")]
        if seen.beyond(grown.picture):
            assert (*seen.first, *seen.size) == at(boxes(dashed[0].attrib["d"])[0])
            assert len(dashed) == 2  # and one in the key
        traces = [each for each in lines if not each.get("stroke-width")]
        assert len(traces) == step
        if grown.window:
            window = of_class(root, "cx-window")[0]
            place = rectangle(window)
            assert (*grown.window[0], *grown.window[1]) == at(place)


@every_case
def test_fields_in_frames_and_motion_are_the_same_and_nothing_lies_outside(make: Any) -> None:
    traced, more = make()
    check(figures.receptive_field(traced, **more))


@every_language
@every_case
def test_fields_speak_the_current_language(make: Any, code: str) -> None:
    traced, more = make()
    with language(code):
        figure = figures.receptive_field(traced, **more)
    spoken = " ".join([figure.title, figure.description, *said(figure)])
    frame = " ".join(words(parse(figure.frame(0))))
    assert "{" not in spoken + frame
    for text in (figure.title, figure.description, frame):
        assert bool(re.search("[ぁ-ん]", text)) == (code == "ja")
    assert ("image" in figure.title) == (code == "fr")
    assert ("picture" in figure.title) == (code == "en")


@every_case
def test_fields_have_the_same_geometry_in_every_language(make: Any) -> None:
    traced, more = make()
    found = []
    for code in LANGUAGES:
        with language(code):
            figure = figures.receptive_field(traced, **more)
        found.append(geometry(figure, "cx-input", "cx-casing", "cx-input-line"))
    assert found[0] == found[1] == found[2]


def test_the_status_tells_size_and_stride_and_what_lies_in_the_picture() -> None:
    figure = figures.receptive_field(trace(networks.vgg16()), image_size=384)
    assert said(figure)[6] == "conv3_1: 24×24 pixels, stride 4"
    assert said(figure)[-1] == (
        "fc6: 404×404 pixels, stride 32, of which 378×378 lie in the picture"
    )
    assert figure.still == figure.steps - 1
    texts = words(parse(figure.svg))
    for text in ("404", "404×404 pixels, stride 32", "window 224×224", "in the padding"):
        assert text in texts
    assert "window 224×224" in figure.title
    # A layer of the list leads to its step.
    rows = [each for each in parse(figure.svg).iter() if each.get("data-step")]
    assert [int(each.get("data-step", "")) for each in rows] == list(range(19))


def test_figures_of_fields_are_small_and_the_same_every_time() -> None:
    traced = trace(networks.vgg16())
    figure = figures.receptive_field(traced, image_size=384)
    assert figure.inline("f") == figures.receptive_field(traced, image_size=384).inline("f")
    assert len(figure.inline("f")) < 20_000
    photo = figures.receptive_field(traced, image_size=384, photograph=PNG)
    assert photo.inline("f").count("base64,") == 1


def test_a_layers_name_is_text_and_never_too_long() -> None:
    model = nn.Sequential()
    name = '<script>&"{x}' * 5
    model.add_module(name, nn.Conv2d(1, 1, 3))
    figure = figures.receptive_field(trace(model, (1, 9, 9)))
    assert "<script" not in figure.svg
    assert name in figure.description
    assert any("…" in text for text in words(parse(figure.svg)))


VGG16 = trace(networks.vgg16())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"trace": "VGG-16"}, """\
expected: a trace
received: 'VGG-16'
cure: write for example cx.figures.receptive_field(cx.trace(model, (3, 224, 224)))"""),
        ({"trace": trace("nn.Sequential(nn.Linear(4, 2))", (4,))}, """\
expected: a trace of pictures, (channels, height, width)
received: an input of 4
cure: trace the network with such a picture"""),
        ({"trace": trace("nn.Sequential(nn.ReLU())", (1, 4, 4))}, """\
expected: a trace with a layer whose units see more than one pixel, and a number of them
received: none
cure: trace a network with a convolution or a pooling"""),
        ({"trace": trace("nn.Sequential(nn.MaxPool2d(2))", (1, 9, 5000))}, """\
expected: a picture of at most 4096 pixels in a figure
received: 9×5000
cure: draw a smaller one, which shows the same"""),
        ({"layers": "fc6"}, """\
expected: layers as a list of 1 to 20 names
received: layers='fc6'
cure: write for example layers=['conv1_1']"""),
        ({"layers": []}, """\
expected: layers as a list of 1 to 20 names
received: layers=[]
cure: write for example layers=['conv1_1']"""),
        ({"layers": ["fc9"]}, """\
expected: the name of a layer
received: 'fc9'
cure: write for example fc8, fc7, fc6"""),
        ({"unit": (1, 0)}, """\
expected: a unit below 1×1, the units of 'fc6'
received: unit=(1, 0)
cure: use at most unit=(0, 0): units count from 0"""),
        ({"unit": -1}, """\
expected: unit as an integer of at least 0
received: unit=-1
cure: use unit=0 or more"""),
        ({"window": 225}, """\
expected: a window of at most 224×224, the picture
received: window=225
cure: give a larger image_size, or a smaller window"""),
        ({"image_size": 100}, """\
expected: image_size from 224×224, which was traced, to 4096
received: image_size=100
cure: trace the network with a smaller input, or give a larger image_size"""),
        ({"image_size": (224, 10**6)}, """\
expected: image_size from 224×224, which was traced, to 4096
received: image_size=(224, 1000000)
cure: trace the network with a smaller input, or give a larger image_size"""),
        ({"photograph": b"GIF89a"}, """\
expected: photograph as the bytes of a PNG or JPEG file
received: photograph=b'GIF89a'
cure: write for example photograph=Path("cat.jpg").read_bytes()"""),
    ],
)  # fmt: skip
def test_fields_that_cannot_be_drawn_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.receptive_field(**{"trace": VGG16, **wrong})
    assert str(caught.value) == message


def test_a_layer_without_a_number_is_refused_where_it_is_asked_for() -> None:
    traced = trace(models.ViT(), (3, 16, 16))
    name = next(row.name for row in traced.rows if row.receptive_field is None)
    with pytest.raises(ArgumentError) as caught:
        figures.receptive_field(traced, layers=[name])
    expected, received, cure = str(caught.value).splitlines()
    assert expected == "expected: layers of which a single number tells what their units see"
    assert received.startswith(f"received: {name!r}: ")
    assert cure == "cure: ask trace.receptive_field for one of its units, or leave the layer out"


def test_a_title_tells_padded_layers_from_others() -> None:
    layers = "nn.Conv2d(1, 1, 5{0}), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3{1})"
    plain, padded = (
        figures.receptive_field(
            trace(f"nn.Sequential({layers.format(*more)})", (1, 16, 16)), unit=(0, 0)
        ).title
        for more in (("", ""), (", padding=2", ", padding=1"))
    )
    assert padded == f"{plain}, with padding"
