"""Every operation against the torch.nn class that it stands for."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, fields
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError, SourceError
from cnnexplain.operations import OPERATIONS, View, make
from cnnexplain.operations.spatial import bin_inputs, bin_widths

Case = tuple[str, list[Any], dict[str, Any], tuple[int, ...]]

small = st.integers(1, 4)


FAMILIES = ["Conv", "MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool", "ConvTranspose"]


@st.composite
def spatial(draw: st.DrawFn) -> Case:
    """Draw a layer with windows, and an input shape for it."""
    axes = draw(st.integers(1, 3))
    family = draw(st.sampled_from(FAMILIES))
    per_axis = st.one_of(small, st.tuples(*[small] * axes))
    zeros = st.one_of(st.integers(0, 2), st.tuples(*[st.integers(0, 2)] * axes))
    keywords: dict[str, Any] = {}
    groups = draw(st.integers(1, 2))
    channels = groups * draw(st.integers(1, 2))
    if family.startswith("Adaptive"):
        arguments = [draw(st.one_of(small, st.tuples(*[st.none() | small] * axes)))]
    else:
        arguments = [draw(per_axis)]
        keywords = {"stride": draw(per_axis), "padding": draw(zeros)}
        if family == "ConvTranspose":
            arguments = [channels, groups * draw(st.integers(1, 2)), *arguments]
            keywords |= {"groups": groups, "bias": draw(st.booleans()), "dilation": draw(per_axis)}
            keywords |= {"output_padding": draw(zeros)}
        elif family == "Conv":
            arguments = [channels, groups * draw(st.integers(1, 2)), *arguments]
            keywords |= {"groups": groups, "bias": draw(st.booleans()), "dilation": draw(per_axis)}
            if draw(st.booleans()):
                keywords |= {"padding": draw(st.sampled_from(["same", "valid"]))}
            if draw(st.booleans()):
                modes = ["reflect", "replicate", "circular"]
                keywords |= {"padding_mode": draw(st.sampled_from(modes))}
        else:
            keywords["ceil_mode"] = draw(st.booleans())
    size = tuple(draw(st.integers(1, 9)) for _ in range(axes))
    return f"{family}{axes}d", arguments, keywords, (draw(st.integers(1, 2)), channels, *size)


def given_to(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.long if name == "Embedding" else torch.float32)


def torchs(case: Case) -> tuple[nn.Module, torch.Tensor] | None:
    name, arguments, keywords, shape = case
    try:
        layer = getattr(nn, name)(*arguments, **keywords)
        output = layer(given_to(name, shape))
        # Where padding cuts all away, torch returns an empty tensor, on which no layer can build.
        return (layer, output) if output.numel() else None
    except (RuntimeError, ValueError, TypeError):
        return None


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(spatial())
def test_shapes_parameters_and_refusals_are_torchs(case: Case) -> None:
    name, arguments, keywords, shape = case
    theirs = torchs(case)
    try:
        ours = make(name, arguments, keywords)
        output_shape = ours.output_shape(shape)
    except CnnExplainError:
        assert theirs is None
        return
    assert theirs is not None
    layer, output = theirs
    assert output_shape == tuple(output.shape)
    assert ours.parameters == sum(each.numel() for each in layer.parameters())


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(spatial())
@pytest.mark.slow
def test_macs_are_half_of_torchs_flops(case: Case) -> None:
    name, arguments, keywords, shape = case
    theirs = torchs(case)
    assume(theirs is not None)
    assert theirs is not None
    with FlopCounterMode(display=False) as counter:
        theirs[0](torch.zeros(shape))
    assert make(name, arguments, keywords).macs(shape) == counter.get_total_flops() // 2


def gapless(case: Case) -> bool:
    """Return whether windows touch: else inputs between them are not read either."""
    keywords = case[2]
    return bool(keywords.get("stride", 1) == 1 == keywords.get("dilation", 1))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(spatial())
@example(("Conv1d", [1, 1, 1], {"stride": 3, "padding": 1, "padding_mode": "replicate"}, (1, 1, 1)))
@pytest.mark.slow
def test_what_is_never_read_has_no_influence_and_the_rest_has(case: Case) -> None:
    name, arguments, keywords, shape = case
    theirs = torchs(case)
    assume(theirs is not None and "Max" not in name and "Transpose" not in name)
    keywords = keywords | ({"bias": False} if name.startswith("Conv") else {})
    layer = getattr(nn, name)(*arguments, **keywords).double()
    for weight in layer.parameters():
        nn.init.ones_(weight)
    x = torch.ones(shape, dtype=torch.float64, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad is not None
    unread = make(name, arguments, keywords).unread(shape)
    for index, count in enumerate(unread):
        others = [each for each in range(len(shape)) if each != index + 2]
        influence = x.grad.abs().sum(dim=others)
        size = shape[index + 2]
        assert influence[size - count :].sum() == 0
        if gapless(case):
            assert count == size or influence[size - count - 1] > 0


@pytest.mark.parametrize("name", OPERATIONS)
def test_arguments_are_torchs_in_name_order_and_default(name: str) -> None:
    theirs = [
        each
        for each in inspect.signature(getattr(nn, name).__init__).parameters.values()
        if each.name not in {"self", "device", "dtype", "args", "kwargs"}
    ]
    ours = fields(OPERATIONS[name])
    assert [each.name for each in ours] == [each.name for each in theirs[: len(ours)]]
    for mine, other in zip(ours, theirs, strict=False):
        default = None if other.default is inspect.Parameter.empty else other.default
        assert (None if mine.default is MISSING else mine.default) == default, mine.name


ONE_OF_EACH: list[Case] = [
    ("Flatten", [], {}, (2, 3, 4, 5)),
    ("Flatten", [2], {}, (2, 3, 4, 5)),
    ("Flatten", [1, 2], {}, (2, 3, 4, 5)),
    ("Flatten", [], {"start_dim": 0, "end_dim": -2}, (2, 3, 4)),
    ("Linear", [5, 7], {}, (2, 5)),
    ("Linear", [5, 7], {"bias": False}, (2, 3, 5)),
    ("BatchNorm1d", [5], {"momentum": None}, (2, 5)),
    ("BatchNorm1d", [5], {"affine": False}, (2, 5, 3)),
    ("BatchNorm2d", [5], {}, (2, 5, 3, 3)),
    ("BatchNorm3d", [5], {}, (2, 5, 3, 3, 3)),
    ("LocalResponseNorm", [5], {"k": 2.0}, (2, 5, 3, 3)),
    ("PReLU", [], {}, (2, 5, 3)),
    ("PReLU", [5], {}, (2, 5, 3)),
    ("Softmax", [1], {}, (2, 5)),
    ("LogSoftmax", [], {"dim": 1}, (2, 5, 3, 3)),
    *[
        (name, [], {}, (2, 5, 3, 3))
        for name in ("ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "SiLU", "Mish", "Hardswish")
    ],
    *[(name, [], {}, (2, 5)) for name in ("Sigmoid", "Tanh", "Identity", "Dropout")],
    ("Dropout1d", [], {}, (2, 5, 3)),
    ("Dropout1d", [0], {}, (2, 5)),
    ("Identity", [54], {"unused": 1}, (2, 5)),
    ("Linear", [5, 7], {"device": None, "dtype": None}, (2, 5)),
    ("GELU", ["tanh"], {}, (2, 5)),
    ("Dropout2d", [0.2], {}, (2, 5, 3, 3)),
    ("Dropout3d", [], {"p": 0.2}, (2, 5, 3, 3, 3)),
    ("AlphaDropout", [], {}, (2, 5)),
    ("FeatureAlphaDropout", [], {}, (2, 5, 3, 3)),
    *[
        (name, [], {}, (2, 5, 3))
        for name in (
            "Hardsigmoid",
            "Hardtanh",
            "Hardshrink",
            "Softshrink",
            "Tanhshrink",
            "CELU",
            "SELU",
            "RReLU",
            "Softplus",
            "Softsign",
            "LogSigmoid",
        )
    ],
    ("Threshold", [0.1, 2.0], {}, (2, 5)),
    ("GLU", [], {}, (2, 6)),
    ("GLU", [1], {}, (2, 6, 3, 3)),
    ("Softmin", [2], {}, (2, 5, 3)),
    ("Softmax", [0], {}, (2, 5, 3, 3)),
    ("Softmax2d", [], {}, (2, 5, 3, 3)),
    ("Embedding", [1, 5], {}, (2, 3)),
    ("GroupNorm", [2, 6], {}, (2, 6, 3, 3)),
    ("GroupNorm", [3, 6], {"affine": False}, (2, 6)),
    ("InstanceNorm1d", [5], {}, (2, 5, 3)),
    ("InstanceNorm2d", [5], {"affine": True}, (2, 5, 3, 3)),
    ("InstanceNorm3d", [5], {"track_running_stats": True}, (2, 5, 3, 3, 3)),
    ("LayerNorm", [5], {}, (2, 3, 5)),
    ("LayerNorm", [[3, 5]], {"bias": False}, (2, 3, 5)),
    ("LayerNorm", [5], {"elementwise_affine": False}, (2, 3, 5)),
    ("RMSNorm", [5], {}, (2, 3, 5)),
    ("Unflatten", [1, (2, 3)], {}, (2, 6, 4)),
    ("Unflatten", [-1, (2, -1)], {}, (2, 6, 4)),
    ("Upsample", [], {"scale_factor": 2}, (2, 5, 3, 4)),
    ("Upsample", [(5, 7)], {"mode": "bilinear"}, (2, 5, 3, 4)),
    ("Upsample", [], {"scale_factor": (1.5, 0.7), "mode": "bicubic"}, (2, 5, 7, 9)),
    ("UpsamplingNearest2d", [], {"scale_factor": 3}, (2, 5, 3, 4)),
    ("UpsamplingBilinear2d", [7], {}, (2, 5, 3, 4)),
    ("PixelShuffle", [2], {}, (2, 8, 3, 4)),
    ("PixelUnshuffle", [2], {}, (2, 2, 6, 4)),
    ("ChannelShuffle", [2], {}, (2, 6, 3, 4)),
    ("Unfold", [3], {"padding": 1, "stride": 2}, (2, 3, 7, 9)),
    ("Unfold", [(2, 3)], {"dilation": (2, 1)}, (2, 3, 7, 9)),
    ("ZeroPad1d", [1], {}, (2, 3, 7)),
    ("ZeroPad2d", [(1, 2, 0, 3)], {}, (2, 3, 7, 9)),
    ("ZeroPad2d", [-1], {}, (2, 3, 7, 9)),
    ("ZeroPad3d", [1], {}, (2, 3, 4, 5, 6)),
    ("ConstantPad1d", [1, 0.5], {}, (2, 3, 7)),
    ("ConstantPad2d", [1, 0.5], {}, (2, 3, 7, 9)),
    ("ConstantPad3d", [1, 0.5], {}, (2, 3, 4, 5, 6)),
    *[
        (f"{kind}Pad{axes}d", [1], {}, (2, 3, 4, 5, 6)[: axes + 2])
        for kind in ("Reflection", "Replication", "Circular")
        for axes in (1, 2, 3)
    ],
]


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=lambda case: f"{case[0]}{case[1]}")
def test_layers_without_windows_are_torchs(case: Case) -> None:
    name, arguments, keywords, shape = case
    theirs = torchs(case)
    assert theirs is not None
    ours = make(name, arguments, keywords)
    assert ours.output_shape(shape) == tuple(theirs[1].shape)
    assert ours.parameters == sum(each.numel() for each in theirs[0].parameters())
    with FlopCounterMode(display=False) as counter:
        theirs[0](given_to(name, shape))
    assert ours.macs(shape) == counter.get_total_flops() // 2


def test_every_operation_is_tested() -> None:
    spatial_names = {f"{family}{axes}d" for family in FAMILIES for axes in (1, 2, 3)}
    assert spatial_names | {case[0] for case in ONE_OF_EACH} == set(OPERATIONS)


@given(spatial())
def test_parameter_formulas_compute_what_they_claim(case: Case) -> None:
    name, arguments, keywords, _ = case
    try:
        ours = make(name, arguments, keywords)
    except CnnExplainError:
        return
    formula = ours.parameter_formula
    if formula is None:
        assert ours.parameters == 0
        return
    left, right = str(formula).split(" = ")
    assert eval(left.replace("·", "*")) == int(right) == ours.parameters  # noqa: S307


WRONG_FITS: list[tuple[Case, str]] = [
    (
        ("Conv2d", [3, 8, 3], {}, (1, 1, 28, 28)),
        """
        expected: 3 channels (in_channels=3)
        received: 1 channels in 1×1×28×28
        cure: use in_channels=1, or a layer below with 3 output channels
        """,
    ),
    (
        ("Conv2d", [3, 8, 3], {}, (1, 3, 5, 28, 28)),
        """
        expected: an input with dimensions 4 (batch, channels, height, width)
        received: 5: 1×3×5×28×28
        cure: give Conv2d an input with all of these axes
        """,
    ),
    (
        ("Linear", [9216, 4096], {}, (1, 30976)),
        """
        expected: 9216 input features (in_features=9216)
        received: 30976 in 1×30976
        cure: use in_features=30976, or an input size that leaves 9216
        """,
    ),
    (
        ("Linear", [9216, 4096], {}, (1, 256, 6, 6)),
        """
        expected: 9216 input features (in_features=9216)
        received: 6 in 1×256×6×6
        cure: flatten the map before it, or use in_features=6, or an input size that leaves 9216
        """,
    ),
    (
        ("BatchNorm2d", [4], {}, (1, 8, 5, 5)),
        """
        expected: 4 channels (num_features=4)
        received: 8 channels in 1×8×5×5
        cure: use num_features=8, or a layer below with 4 output channels
        """,
    ),
    (
        ("PReLU", [2], {}, (162,)),
        """
        expected: 2 channels (num_parameters=2)
        received: no channels in 162
        cure: keep the batch and the channels apart
        """,
    ),
    (
        ("Dropout1d", [], {}, (1, 8, 5, 5)),
        """
        expected: an input with dimensions 2 (batch, features) or 3 (batch, channels, length)
        received: 4: 1×8×5×5
        cure: give Dropout1d an input with all of these axes
        """,
    ),
    (
        ("Conv2d", [3, 8, 3], {"padding": 9, "padding_mode": "reflect"}, (1, 3, 9, 9)),
        """
        expected: a padding of at most 8 with padding_mode='reflect'
        received: padding=9 for 1×3×9×9
        cure: use less padding, a larger input, or padding_mode='zeros'
        """,
    ),
    (
        ("Flatten", [4], {}, (1, 8, 5, 5)),
        """
        expected: start_dim between -4 and 3
        received: start_dim=4 for an input of shape 1×8×5×5
        cure: write Flatten() to flatten all but the batch
        """,
    ),
    (
        ("Flatten", [3, 1], {}, (1, 8, 5, 5)),
        """
        expected: start_dim before end_dim
        received: start_dim=3, end_dim=1 for 1×8×5×5
        cure: write Flatten() to flatten all but the batch
        """,
    ),
]


@pytest.mark.parametrize(("case", "message"), WRONG_FITS, ids=lambda each: str(each[:2]))
def test_an_input_that_does_not_fit_is_refused_as_by_torch(case: Case, message: str) -> None:
    name, arguments, keywords, shape = case
    with pytest.raises((RuntimeError, ValueError, IndexError)):
        getattr(nn, name)(*arguments, **keywords)(torch.zeros(shape))
    with pytest.raises(ShapeError) as caught:
        make(name, arguments, keywords).output_shape(shape)
    assert str(caught.value) == re.sub(r"^ +", "", message.strip(), flags=re.MULTILINE)


WRONG_ARGUMENTS: list[tuple[str, list[Any], dict[str, Any], type[CnnExplainError], str]] = [
    ("Foo", [], {}, SourceError, "received: 'Foo'"),
    ("Conv2d", [3], {}, ArgumentError, "received: no 'out_channels'"),
    ("Conv2d", [3, 8, 3], {"bogus": 1}, ArgumentError, "received: unknown or doubled 'bogus'"),
    ("Conv2d", [3, 8, 3], {"kernel_size": 1}, ArgumentError, "received: unknown or doubled"),
    ("ReLU", [False, 1], {}, ArgumentError, "received: 2 positional arguments"),
    ("ReLU", [1], {}, ArgumentError, "received: inplace=1"),
    ("Dropout", ["x"], {}, ArgumentError, "expected: p as a number"),
    ("GELU", [1], {}, ArgumentError, "expected: approximate as text"),
    ("Conv2d", [3, 8, (3, 3, 3)], {}, ArgumentError, "kernel_size as one number or 2 of them"),
    ("Conv2d", [3, 8, 3], {"padding": ((1, 2), 1)}, ArgumentError, "padding as one number or 2"),
    ("Conv2d", [3, 8, 3], {"padding": ((1, 2), (1, 2))}, ArgumentError, "padding as one number or"),
    ("Conv2d", [3, 8, 3], {"padding": ("same", 1)}, ArgumentError, "padding as one number or 2"),
    ("Conv1d", [3, 8, 3], {"stride": ((2,),)}, ArgumentError, "stride as one number or 1 of them"),
    ("Dropout", [5], {}, ArgumentError, "p between 0 and 1"),
    ("GELU", ["foo"], {}, ArgumentError, "approximate as 'none' or 'tanh'"),
    ("Conv2d", [3, 8, 3], {"groups": 2}, ArgumentError, "divisible by groups"),
    ("Conv2d", [3, 8, 3], {"padding_mode": "wrap"}, ArgumentError, "padding_mode as one of"),
    ("Conv2d", [3, 8, 3], {"bias": None}, ArgumentError, "bias as True or False"),
    ("MaxPool2d", [2], {"padding": 2}, ArgumentError, "at most half its kernel_size, 1"),
    ("MaxPool2d", [2], {"padding": "same"}, ArgumentError, "padding as an integer of at least 0"),
    ("AdaptiveAvgPool2d", [0], {}, ArgumentError, "output_size as an integer of at least 1"),
]


@pytest.mark.parametrize("case", WRONG_ARGUMENTS, ids=lambda case: f"{case[0]}{case[1]}{case[2]}")
def test_arguments_that_torch_does_not_know_are_refused(case: Any) -> None:
    name, arguments, keywords, kind, words = case
    with pytest.raises(kind) as caught:
        make(name, arguments, keywords)
    assert words in str(caught.value)


def sizes(view: View) -> list[int | None]:
    """Return the receptive field's size along each axis of the picture."""
    return [None if along.field is None else along.field.size for along in view.along]


def seen(*shape: int) -> View:
    return View.of_input(shape)


def test_a_dense_layer_sees_all_that_its_map_sees() -> None:
    flat = make("Flatten", [], {}).view(seen(1, 256, 6, 6))
    after = make("Linear", [256 * 6 * 6, 10], {}).view(flat)
    assert sizes(after) == [6, 6]
    # A second dense layer sees what the first one saw.
    assert sizes(make("Linear", [10, 2], {}).view(after)) == [6, 6]


def test_a_dense_layer_over_a_maps_last_axis_sees_that_axis_whole() -> None:
    after = make("Linear", [6, 3], {}).view(seen(1, 8, 5, 6))
    assert sizes(after) == [1, 6]
    assert sizes(make("Conv2d", [8, 8, 3], {}).view(after)) == [3, 6]


def test_steps_along_a_flattened_map_are_no_steps_along_the_picture() -> None:
    flat = make("Flatten", [2], {}).view(seen(1, 8, 5, 6))
    assert sizes(flat) == [1, 1]
    assert sizes(make("Conv1d", [8, 8, 3], {}).view(flat)) == [None, None]
    assert sizes(make("AdaptiveAvgPool1d", [3], {}).view(flat)) == [None, None]
    assert sizes(make("Linear", [30, 3], {}).view(flat)) == [5, 6]


def test_an_adaptive_pooling_sees_its_bins_and_claims_nothing_where_they_differ() -> None:
    even = make("AdaptiveAvgPool2d", [(6, 3)], {}).view(seen(1, 8, 12, 9))
    assert [(each.field.size, each.field.stride) for each in even.along if each.field] == [
        (2, 2),
        (3, 3),
    ]
    assert sizes(make("AdaptiveAvgPool2d", [6], {}).view(seen(1, 8, 12, 9))) == [2, None]


def test_a_softmax_over_places_is_marked_to_see_everything() -> None:
    flat = make("Flatten", [], {}).view(seen(1, 8, 5, 6))
    assert make("Softmax", [1], {}).view(flat).sees_everything
    assert not make("Softmax", [1], {}).view(seen(1, 8, 5, 6)).sees_everything


def test_numbers_of_other_libraries_become_pythons() -> None:
    conv = make("Conv2d", [np.int8(3), np.int64(100), (np.int8(9), np.int8(9))], {})
    assert conv == make("Conv2d", [3, 100, 9], {})
    assert conv.parameters == 100 * (3 * 81 + 1)
    assert make("BatchNorm2d", [3], {"eps": np.float32(0.5)}) == make("BatchNorm2d", [3, 0.5], {})


@pytest.mark.parametrize("scale", [1e308, 1e999, 1e20])
def test_a_resizing_beyond_all_sizes_is_refused(scale: float) -> None:
    with pytest.raises(ShapeError, match="after resizing"):
        make("Upsample", [], {"scale_factor": scale}).output_shape((1, 3, 224, 224))


def test_the_widths_of_bins_are_those_of_each_bin() -> None:
    for size, bins in product(range(1, 40), repeat=2):
        widths = [len(bin_inputs(index, size, bins)) for index in range(bins)]
        assert bin_widths(size, bins) == (min(widths), max(widths)), (size, bins)
    assert bin_widths(2**40, 3) == (2**40 // 3 + 1, 2**40 // 3 + 1)
