"""Which sizes of the input fit: the closed form and the search, against walking size by size."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models import (
    AlexNet,
    BasicBlock,
    FunctionalPool,
    GoogLeNet,
    LeNet,
    PictureAndFeatures,
    ResNet,
    Splitting,
    SqueezeExcitation,
    SubPixel,
    UNet,
)
from torch import nn

from cnnexplain import trace
from cnnexplain.axis import pooling
from cnnexplain.diagnosis.fitting import Side, Sizes, agreeing, fitting, said, side_of, smallest
from cnnexplain.errors import ArgumentError, CnnExplainError
from cnnexplain.formula import tex
from cnnexplain.graph import Network, Node, chain, walk
from cnnexplain.languages import LANGUAGES, language
from cnnexplain.networks import alexnet, lenet5, vgg16
from cnnexplain.operations import make

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.operations import Operation, Shape


def walked(network: Network, shapes: Sequence[Shape], axis: int, s: int) -> list[Shape]:
    """Return the shapes of all values that are reached, by walking: the independent route."""
    first = shapes[0]
    sizes = [(*first[1 : 2 + axis], s, *first[3 + axis :]), *(shape[1:] for shape in shapes[1:])]
    found = [(first[0], *size) for size in sizes]
    with suppress(CnnExplainError):
        for row in walk(network, sizes, batch_size=first[0]):
            found.append(row.output_shape)  # noqa: PERF401  # what comes before an error counts
    return found


def fits_by_walking(
    network: Network, shapes: Sequence[Shape], number: int, axis: int, wanted: int, upto: int
) -> list[int]:
    found = []
    for s in range(1, upto):
        values = walked(network, shapes, axis, s)
        if len(values) > number and values[number][2 + axis] == wanted:
            found.append(s)
    return found


def branches(network: Network) -> list[tuple[int, ...]]:
    """Return the inputs of all operations that have several."""
    return [node.inputs for node in network.nodes if len(node.inputs) > 1]


def recorded(model: nn.Module, *size: int) -> tuple[Network, list[Shape]]:
    return trace(model, size).network, [(1, *size)]


# Chains, by their closed form


@st.composite
def layers(draw: st.DrawFn) -> Operation | None:
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    dilation = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["Conv2d", "MaxPool2d", "MaxPool2d", "ReLU", "ZeroPad2d"]))
    if kind == "ReLU":
        return make(kind, [], {})
    if kind == "ZeroPad2d":
        return make(kind, [(0, 1, draw(st.integers(0, 2)), draw(st.integers(0, 2)))], {})
    padding = draw(st.integers(0, 4 if kind == "Conv2d" else kernel // 2))
    keywords = {"stride": stride, "padding": padding, "dilation": dilation}
    if kind == "Conv2d":
        mode = draw(st.sampled_from(["zeros", "zeros", "reflect", "circular"]))
        return make(kind, [1, 1, kernel], {**keywords, "padding_mode": mode})
    return make(kind, [kernel], {**keywords, "ceil_mode": draw(st.booleans())})


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.lists(layers(), min_size=1, max_size=5), st.integers(1, 12))
def test_the_closed_form_is_what_walking_finds(made: list[Operation], wanted: int) -> None:
    network = Network(chain((f"layer{at}", each) for at, each in enumerate(made)))
    shapes = [(1, 1, 200, 400)]
    last = len(made)
    side = side_of(network, shapes, last, axis=0)
    if side is None:
        assert any(getattr(each, "ceil_mode", False) for each in made)
        return
    sizes: dict[int, int] = {}
    for s in range(1, 201):
        values = walked(network, shapes, 0, s)
        if len(values) > last:
            sizes[s] = values[last][2]
            assert side.size(s) == sizes[s]
            assert side.formula(s).numbers.endswith(str(sizes[s]))
    assert list(sizes) == list(range(side.least, 201))
    run = side.fits(wanted)
    assert [s for s in run if s < 201] == [s for s, size in sizes.items() if size == wanted]
    assert all(side.size(s) == wanted for s in run)


@given(
    st.integers(1, 5), st.integers(1, 8), st.integers(0, 2), st.integers(1, 3), st.integers(1, 20)
)
def test_a_pooling_that_may_drop_its_last_window_has_no_closed_form(
    kernel: int, stride: int, padding: int, dilation: int, before: int
) -> None:
    try:
        ceil = pooling(kernel, stride, padding, dilation, ceil_mode=True)
    except ArgumentError:
        return
    below = Side(stride=1, offset=before)
    after = below.then(ceil)
    drops = [s for s in range(1, 100) if ceil._windows(s)[1]]
    if drops:
        assert after is None
    else:
        assert after is not None
        assert all(
            after.size(s) == ceil.output_size(s + before)
            for s in range(after.least, after.least + 99)
        )


@pytest.mark.parametrize(
    ("side", "s", "symbols", "numbers", "as_tex"),
    [
        (
            Side(32, -35),
            384,
            "floor((s − 35)/32)",
            "floor((384 − 35)/32) = 10",
            r"\left\lfloor \frac{384 - 35}{32} \right\rfloor = 10",
        ),
        (Side(2, 3), 10, "floor((s + 3)/2)", "floor((10 + 3)/2) = 6", None),
        (Side(32), 224, "floor(s/32)", "floor(224/32) = 7", r"\lfloor 224/32 \rfloor = 7"),
        (Side(1, -4), 28, "s − 4", "28 − 4 = 24", "28 - 4 = 24"),
        (Side(), 28, "s", "28", "28"),
    ],
)
def test_the_formula_leaves_out_what_does_nothing(
    side: Side, s: int, symbols: str, numbers: str, as_tex: str | None
) -> None:
    formula = side.formula(s)
    assert (formula.symbols, formula.numbers) == (symbols, numbers)
    if as_tex is not None:
        assert tex(numbers) == as_tex


# Networks of the literature


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "number", "given", "side", "wanted", "run"),
    [
        (alexnet(), 15, 227, Side(32, -35, 67), 6, range(227, 259)),
        (alexnet("torchvision"), 13, 224, Side(32, -31, 63), 6, range(223, 255)),
        (vgg16(), 31, 224, Side(32, 0, 32), 7, range(224, 256)),
        (vgg16(padded=False), 31, 224, Side(32, -180, 212), 1, range(212, 244)),
        (lenet5(), 6, 32, Side(4, -12, 16), 5, range(32, 36)),
    ],
    ids=lambda each: each.name if isinstance(each, Network) else None,
)
def test_the_literatures_networks_are_as_walking_finds_them(
    network: Network, number: int, given: int, side: Side, wanted: int, run: range
) -> None:
    size = network.input_size
    assert size is not None
    shapes = [(1, size[0], given, given)]
    for axis in (0, 1):
        assert side_of(network, shapes, number, axis) == side
        assert fitting(network, shapes, number, axis, wanted) == Sizes((run,))
        assert fits_by_walking(network, shapes, number, axis, wanted, 300) == list(run)
        # Also for a picture that is too small along both axes.
        for one in (shapes, [(1, size[0], 5, 5)]):
            passing = smallest(network, one, axis, upto=number)
            assert passing == Sizes((range(side.least, side.least + 1),), open=True)
        reached = [len(walked(network, shapes, axis, s)) > number for s in range(1, 300)]
        assert reached == [s >= side.least for s in range(1, 300)]


def test_before_a_dense_layer_no_run_without_an_end_passes() -> None:
    assert smallest(alexnet(), [(1, 3, 227, 227)], axis=0) is None
    assert smallest(*recorded(LeNet(), 1, 32, 32), axis=0) is None


def test_behind_adaptive_pooling_the_dense_layer_takes_any() -> None:
    network, shapes = recorded(AlexNet(), 3, 224, 224)
    assert smallest(network, shapes, axis=1) == Sizes((range(63, 64),), open=True)
    assert smallest(network, [(1, 3, 20, 20)], axis=1) == Sizes((range(63, 64),), open=True)


# Recorded modules, against walking


class Autoencoder(nn.Module):
    """Halved a few times and doubled as often, with the input added at the end."""

    def __init__(self, levels: int, transposed: bool = True) -> None:
        super().__init__()
        self.down = nn.Sequential(*(nn.Conv2d(1, 1, 3, 2, 1) for _ in range(levels)))
        up = nn.ConvTranspose2d(1, 1, 2, 2) if transposed else nn.Upsample(scale_factor=2)
        self.up = nn.Sequential(*[up] * levels)

    def forward(self, x: torch.Tensor) -> Any:
        return x + self.up(self.down(x))


class Fractions(nn.Module):
    """Branches that agree for runs of sizes, not for single ones."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(1, 1, 2, 2), nn.MaxPool2d(3, 3))
        self.b = nn.Sequential(nn.Conv2d(1, 1, 5, 6, 1))

    def forward(self, x: torch.Tensor) -> Any:
        return torch.cat([self.a(x), self.b(x)], dim=1)


MODELS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "UNet": (UNet(base=1), (3, 32, 32)),
    "Autoencoder": (Autoencoder(3), (1, 40, 40)),
    "Autoencoder with Upsample": (Autoencoder(4, transposed=False), (1, 64, 64)),
    "Fractions": (Fractions(), (1, 24, 24)),
    "ResNet": (ResNet(BasicBlock, (1, 1, 1, 1), width=0.05), (3, 64, 64)),
    "GoogLeNet": (GoogLeNet(width=0.05), (3, 64, 64)),
    "SqueezeExcitation": (SqueezeExcitation(), (8, 14, 14)),
    "SubPixel": (SubPixel(), (3, 8, 8)),
    "PictureAndFeatures": (PictureAndFeatures(), ()),
}


def model_of(name: str) -> tuple[Network, list[Shape]]:
    model, size = MODELS[name]
    if name == "PictureAndFeatures":
        return trace(model, [(3, 16, 16), (10,)]).network, [(1, 3, 16, 16), (1, 10)]
    return recorded(model, *size)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "GoogLeNet")) for name in MODELS],
)
def test_whatever_is_told_of_a_module_is_what_walking_finds(name: str) -> None:
    network, shapes = model_of(name)
    upto = 100
    found = {s: walked(network, shapes, 0, s) for s in range(1, upto)}
    given = walked(network, shapes, 0, shapes[0][2])
    numbers = range(len(shapes), len(given))
    for number in numbers:
        if len(given[number]) == 4 and given[number][2] > 1:
            wanted = given[number][2] - 1
            told = fitting(network, shapes, number, 0, wanted)
            fits = [
                s
                for s, values in found.items()
                if len(values) > number and values[number][2] == wanted
            ]
            if told is None:
                assert not fits
            else:
                assert [s for s in found if s in told] == fits
        told = smallest(network, shapes, 0, upto=number)
        if told is not None:
            assert [s in told for s in found] == [len(each) > number for each in found.values()]
    for operands in branches(network):
        told = agreeing(network, shapes, operands, 0)
        if told is not None:
            agree = [
                s
                for s, values in found.items()
                if len(values) > max(operands)
                and len({values[number][2] for number in operands}) == 1
            ]
            assert [s for s in found if s in told] == agree


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("UNet", "multiples of 4"),
        ("Autoencoder", "multiples of 8"),
        ("Autoencoder with Upsample", "multiples of 16"),
        ("Fractions", "6–8, 12–14… (repeating every 6)"),
        ("ResNet", "1 or more"),
    ],
)
def test_the_sizes_for_which_branches_agree_are_told(name: str, words: str) -> None:
    network, shapes = model_of(name)
    told = agreeing(network, shapes, branches(network)[-1], 0)
    assert told is not None
    assert said(told) == words
    # And so for a given size that does not agree, or is far from the smallest that does.
    for size in (33, 203):
        again = agreeing(network, [(*shapes[0][:2], size, shapes[0][3])], branches(network)[-1], 0)
        assert again == told


@pytest.mark.parametrize("s", [4, 5, 6, 7, 8, 30, 32, 33, 36])
def test_torch_runs_the_u_net_for_the_sizes_that_agree(s: int) -> None:
    model = UNet(base=1)
    network, shapes = recorded(model, 3, 32, 32)
    told = agreeing(network, shapes, branches(network)[-1], 1)
    assert told is not None
    try:
        model(torch.zeros(1, 3, 32, s))
        runs = True
    except RuntimeError:
        runs = False
    assert (s in told) == runs


def test_eight_levels_are_multiples_of_256() -> None:
    network, shapes = recorded(Autoencoder(8), 1, 256, 256)[0], [(1, 1, 300, 256)]
    assert said_of(agreeing(network, shapes, branches(network)[-1], 0)) == "multiples of 256"


class Chunked(nn.Module):
    """Half of the channels past a convolution, as in ShuffleNet v2; behind it the form is none."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(2, 2, 3, padding=1)

    def forward(self, x: torch.Tensor) -> Any:
        left, right = x.chunk(2, dim=1)
        return torch.cat([left, self.conv(right)], dim=1)


def test_slices_of_channels_take_the_picture_as_it_comes() -> None:
    model = nn.Sequential(nn.MaxPool2d(2), Chunked())
    network, shapes = recorded(model, 4, 12, 12)
    last = len(network.nodes)
    told = fitting(network, shapes, last, 0, 9)
    assert told == Sizes((range(18, 20),))
    with torch.no_grad():
        fits = [s for s in range(2, 40) if model(torch.zeros(1, 4, s, 12)).shape[2] == 9]
    assert fits == [18, 19]
    half = [at for at, node in enumerate(network.nodes, 1) if "chunk" in node.name]
    assert [side_of(network, shapes, at, 0) for at in half] == [Side(2, 0, 2)] * 2


def test_slices_that_take_axes_away_say_nothing() -> None:
    network, shapes = recorded(Splitting(), 4, 12, 12)
    assert fitting(network, shapes, len(network.nodes), 0, 9) is None


def test_values_without_the_axis_do_not_agree() -> None:
    network = Network(chain([("flatten", make("Flatten", [], {}))]))
    assert agreeing(network, [(1, 1, 8, 8)], [0, 1], 0) is None


def said_of(sizes: Sizes | None) -> str | None:
    return None if sizes is None else said(sizes)


def test_branches_that_never_agree_have_no_sizes() -> None:
    nodes = (
        Node("conv", make("Conv2d", [1, 1, 3], {}), (0,), 0),
        Node("cat", make("Identity", [], {}), (1,), 0),
    )
    assert agreeing(Network(nodes), [(1, 1, 8, 8)], [0, 1], 0) is None


class Interpolated(nn.Module):
    """What forwards compute from the input's size, a recording has as numbers."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.conv = how, nn.Conv2d(1, 1, 3, 2, 1)

    def forward(self, x: torch.Tensor) -> Any:
        y, (h, w) = self.conv(x), x.shape[2:]
        match self.how:
            case "interpolate":
                return x + F.interpolate(y, size=(h, w))
            case "pad":
                y = F.interpolate(y, scale_factor=2.0)
                return x + F.pad(y, (0, w - y.shape[3], 0, h - y.shape[2]))
            case "pool":
                return x * F.avg_pool2d(x, x.shape[2:])
            case "expand":
                return x + x.mean((2, 3), keepdim=True).expand_as(x)
            case "fft":
                return torch.fft.fft2(x).real
        return x[:, :, : h - 1, : w - 1]


@pytest.mark.parametrize("how", ["interpolate", "pad", "pool", "expand", "fft", "slice"])
def test_where_recorded_sizes_decide_nothing_is_said(how: str) -> None:
    network, shapes = recorded(Interpolated(how), 1, 16, 16)
    last = len(network.nodes)
    assert side_of(network, shapes, last, 0) is None
    assert fitting(network, shapes, last, 0, 16) is None
    assert smallest(network, shapes, 0) is None
    assert agreeing(network, shapes, [0, last], 0) is None


def test_arguments_of_layers_are_no_recorded_sizes() -> None:
    model = nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(1, 1, 3, 2), nn.AvgPool2d(8))
    network, shapes = recorded(model, 1, 16, 16)
    assert side_of(network, shapes, 3, 0) == Side(16, 1, 15)
    assert said_of(smallest(network, shapes, 0)) == "15 or more"


def test_a_functional_pooling_that_covers_part_of_its_input_is_a_layer_like_any() -> None:
    network, shapes = recorded(FunctionalPool(), 1, 8, 8)
    assert said_of(fitting(network, shapes, len(network.nodes), 0, 5)) == "10–11"


def test_a_layer_norm_takes_one_size_alone() -> None:
    network, shapes = recorded(nn.Sequential(nn.LayerNorm([8, 8]), nn.ReLU()), 1, 8, 8)
    assert side_of(network, shapes, 2, 0) is None
    assert smallest(network, shapes, 0) is None
    assert fitting(network, shapes, 2, 0, 7) is None


def test_without_a_picture_there_is_nothing_to_ask() -> None:
    network = Network(chain([("fc", make("Linear", [4, 2], {}))]))
    assert side_of(network, [(1, 4)], 1, 0) is None
    assert smallest(network, [(1, 4)], 0) is None


def test_periods_without_an_end_are_not_searched() -> None:
    network = Network(
        (
            Node("down", make("Conv2d", [1, 1, 257], {"stride": 257}), (0,), 0),
            Node("up", make("Upsample", [], {"scale_factor": 0.3}), (0,), 0),
        )
    )
    assert agreeing(network, [(1, 1, 600, 600)], [0, 1], 0) is None
    assert agreeing(network, [(1, 1, 600, 600)], [0, 2], 0) is None
    assert fitting(network, [(1, 1, 600, 600)], 2, 0, 7) is None


def test_a_size_that_the_input_does_not_decide_has_no_inputs() -> None:
    network = Network(chain([("pool", make("AdaptiveAvgPool2d", [6], {}))]))
    assert side_of(network, [(1, 1, 8, 8)], 1, 0) is None
    assert fitting(network, [(1, 1, 8, 8)], 1, 0, 6) is None


# Sets of sizes


def _set(gaps: list[tuple[int, int]], more: int, how: str) -> Sizes:
    runs, at = [], 0
    for gap, length in gaps:
        runs.append(range(at + gap, at + gap + length))
        at = runs[-1].stop + 1
    every = at - runs[0].start + more if how == "every" else None
    return Sizes(tuple(runs), every, how == "open")


SETS = st.builds(
    _set,
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=3),
    st.integers(0, 3),
    st.sampled_from(["once", "every", "open"]),
)


def listed(sizes: Sizes, upto: int) -> list[int]:
    """Return the sizes of a set by its definition."""
    found = {s for run in sizes.runs for s in run}
    if sizes.open:
        found |= set(range(sizes.runs[-1].start, upto))
    if sizes.every:
        found |= {s + sizes.every * turn for s in found for turn in range(upto)}
    return sorted(s for s in found if s < upto)


@given(SETS, st.integers(-5, 90))
def test_sets_of_sizes_are_what_their_runs_say(sizes: Sizes, s: int) -> None:
    everything = listed(sizes, 200)
    assert [each for each in range(-5, 200) if each in sizes] == everything
    assert sizes.first(20) == tuple(everything[:20])
    distance = min(abs(each - s) for each in everything)
    nearest = sizes.nearest(s)
    assert nearest in everything
    assert abs(nearest - s) == distance
    assert nearest == s + distance or s + distance not in everything
    ends = [s for s in everything if s + 1 not in sizes]
    shown = [last for _, (_, last) in zip(range(3), sizes.stretches(), strict=False)]
    assert shown == [*ends[:3], None][: len(shown)]


def test_what_is_no_size_is_in_no_set() -> None:
    assert "16" not in Sizes((range(1, 2),), open=True)
    assert 0 not in Sizes((range(1, 2),), open=True)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (Sizes((range(227, 259),)), ("227–258", "227～258", "227\xa0à\xa0258")),
        (Sizes((range(227, 228),)), ("227", "227", "227")),
        (
            Sizes((range(5, 6), range(1024, 1026))),
            ("5, 1024–1025", "5、1024～1025", "5, 1024\xa0ou\xa01025"),
        ),
        (Sizes((range(63, 64),), open=True), ("63 or more", "63 以上", "63 ou plus")),
        (Sizes((range(16, 17),), 16), ("multiples of 16", "16 の倍数", "multiples de 16")),
        (
            Sizes((range(32, 33),), 16),
            (
                "multiples of 16, from 32 up",
                "32 以上の 16 の倍数",
                "multiples de 16 à partir de 32",
            ),
        ),
        (
            Sizes((range(5, 6),), 16),
            (
                "5, 21, 37… (in steps of 16)",
                "5、21、37、…（16 ごと）",
                "5, 21, 37… (de 16 en 16)",
            ),
        ),
        (
            Sizes((range(33, 35),), 32),
            (
                "33–34, 65–66… (repeating every 32)",
                "33～34、65～66、…（32 ごと）",
                "33\xa0ou\xa034, 65\xa0ou\xa066… (de 32 en 32)",
            ),
        ),
        (
            Sizes((range(3, 4), range(6, 7)), 8),
            (
                "3, 6, 11… (repeating every 8)",
                "3、6、11、…（8 ごと）",
                "3, 6, 11… (de 8 en 8)",
            ),
        ),
        # What begins inside a run goes on as whole runs.
        (
            Sizes((range(18, 20), range(24, 26)), 8),
            (
                "18–19, 24–27, 32–35… (repeating every 8)",
                "18～19、24～27、32～35、…（8 ごと）",
                "18\xa0ou\xa019, 24\xa0à\xa027, 32\xa0à\xa035… (de 8 en 8)",
            ),
        ),
    ],
)
def test_sizes_are_said_in_every_language(sizes: Sizes, words: tuple[str, ...]) -> None:
    for code, wanted in zip(LANGUAGES, words, strict=True):
        with language(code):
            assert said(sizes) == wanted
