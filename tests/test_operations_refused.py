"""What operations refuse, which torch refuses too, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from tests.test_operations import ONE_OF_EACH, Case
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnexplain.errors import ArgumentError, ShapeError
from cnnexplain.operations import make
from cnnexplain.operations.base import Opaque
from cnnexplain.operations.joining import (
    Attention,
    Cat,
    Elementwise,
    MatMul,
    MultiheadAttention,
    Stack,
)
from cnnexplain.operations.padding import Pad
from cnnexplain.operations.reducing import Reduce, Weighed
from cnnexplain.operations.regions import indices, union
from cnnexplain.operations.reshaping import Cut, Expand, Permute, Reshape, Slice

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.operations import Operation

Tensor = torch.Tensor
Shape = tuple[int, ...]
THEIRS = (RuntimeError, ValueError, IndexError, AssertionError)

# A layer, an input, and what ours is told that is wrong.
LAYERS: list[tuple[Case, str]] = [
    (("LayerNorm", [5], {}, (2, 4)), "an input that ends in 5 (normalized_shape=5)"),
    (("LayerNorm", [(3, 5)], {}, (2, 5, 3)), "use normalized_shape=(5, 3)"),
    (("GroupNorm", [2, 6], {}, (2, 4, 3, 3)), "6 channels (num_channels=6)"),
    (("InstanceNorm2d", [5], {"affine": True}, (2, 4, 3, 3)), "5 channels (num_features=5)"),
    (("PixelShuffle", [2], {}, (1, 6, 3, 3)), "channels divisible by upscale_factor², 4"),
    (("PixelUnshuffle", [2], {}, (1, 2, 5, 4)), "divisible by downscale_factor, 2"),
    (("ChannelShuffle", [2], {}, (1, 5, 3, 3)), "channels divisible by groups=2"),
    (("GLU", [], {}, (2, 5)), "an even size along dim=-1"),
    (("Softmax", [2], {}, (2, 5)), "dim between -2 and 1"),
    (("Unflatten", [1, (2, 3)], {}, (2, 7)), "unflatten sizes for 7 values"),
    (("Unflatten", [1, (-1, -1)], {}, (2, 6)), "or -1 for one of them"),
    (("Upsample", [], {"scale_factor": (2, 2, 2)}, (1, 2, 3, 3)), "scale_factor with 2 numbers"),
    (
        ("Upsample", [], {"scale_factor": 2, "mode": "bilinear"}, (1, 2, 3)),
        "2 axes after the channels for mode='bilinear'",
    ),
    (("Upsample", [], {"scale_factor": 0.1}, (1, 2, 3, 3)), "a size of at least 1 after resizing"),
    (("Upsample", [], {"scale_factor": 2}, (2, 3)), "an input with dimensions"),
    (("ReflectionPad2d", [3], {}, (1, 2, 3, 3)), "a padding of at most 2"),
    (("CircularPad2d", [4], {}, (1, 2, 3, 3)), "a padding of at most 3"),
    (("ZeroPad2d", [-4], {}, (1, 2, 3, 3)), "a negative padding that cuts away at most 3"),
    (("ZeroPad1d", [(-2, -2)], {}, (1, 2, 3)), "a negative padding that cuts away at most 3"),
    (("CircularPad1d", [(-2, -1)], {}, (1, 2, 3)), "more inputs than the 3 that are cut away"),
    (("AvgPool3d", [3], {"padding": 1}, (1, 1, 2, 4, 4)), "at least kernel_size=3 without"),
]


@pytest.mark.parametrize(("case", "words"), LAYERS, ids=lambda each: str(each)[:60])
def test_what_does_not_fit_a_layer_is_refused_as_by_torch(case: Case, words: str) -> None:
    name, arguments, keywords, shape = case
    layer = getattr(nn, name)(*arguments, **keywords)
    with pytest.raises(THEIRS):
        # Of nothing, torch makes nothing, on which no layer can build.
        assert layer(torch.zeros(shape)).numel()
    with pytest.raises(ShapeError) as caught:
        make(name, arguments, keywords).output_shape(shape)
    assert words in str(caught.value)


# What torch refuses where the layer is made, or where it is used first.
ARGUMENTS: list[tuple[str, list[Any], dict[str, Any], Shape, str]] = [
    ("LayerNorm", [()], {}, (2, 4), "normalized_shape with at least one size"),
    ("GroupNorm", [3, 7], {}, (2, 7, 3), "num_channels divisible by num_groups"),
    ("Unflatten", [1, ()], {}, (2, 6), "unflattened_size as sizes"),
    ("Upsample", [], {}, (1, 2, 3), "neither"),
    ("Upsample", [4], {"scale_factor": 2}, (1, 2, 3), "both"),
    ("Upsample", [4], {"mode": "cubic"}, (1, 2, 3), "mode as one of nearest"),
    ("Upsample", [4], {"align_corners": True}, (1, 2, 3), "align_corners with linear"),
    ("Upsample", [], {"scale_factor": -1.0}, (1, 2, 3), "scale_factor as a number above 0"),
    ("Upsample", [], {"scale_factor": "x"}, (1, 2, 3), "scale_factor as a number above 0"),
    ("ZeroPad2d", [(1, 2, 3)], {}, (1, 2, 3, 3), "padding as one number or 4 of them"),
]


def test_a_scale_that_one_axis_lacks_is_refused() -> None:
    with pytest.raises(TypeError):
        nn.Upsample(scale_factor=(None, 3))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError) as caught:
        make("Upsample", [], {"scale_factor": (None, 3)})
    assert caught.value.received == "scale_factor=None"


@pytest.mark.parametrize("case", ARGUMENTS, ids=lambda case: f"{case[0]}{case[1]}{case[2]}")
def test_arguments_that_do_not_go_together_are_refused_as_by_torch(case: Any) -> None:
    name, arguments, keywords, shape, words = case
    with pytest.raises(THEIRS):
        getattr(nn, name)(*arguments, **keywords)(torch.zeros(shape))
    with pytest.raises(ArgumentError) as caught:
        make(name, arguments, keywords)
    assert words in str(caught.value)


ones = torch.ones
FUNCTIONS: list[tuple[Operation, Callable[..., Any], list[Shape], str]] = [
    (Elementwise("add"), torch.add, [(2, 3), (2, 4)], "sizes for add that are equal, or 1"),
    (
        Elementwise("add_", inplace=True),
        lambda x, y: x.add_(y),
        [(1, 3), (2, 3)],
        "an operand that can be broadcast to 1×3, which is written to",
    ),
    (Cat(1), lambda x, y: torch.cat([x, y], 1), [(2, 3), (3, 3)], "but dim=1"),
    (Cat(1), lambda x, y: torch.cat([x, y], 1), [(2, 3), (2, 3, 1)], "but dim=1"),
    (Cat(2), lambda x: torch.cat([x, x], 2), [(2, 3)], "dim between -2 and 1"),
    (Stack(0), lambda x, y: torch.stack([x, y]), [(2, 3), (2, 4)], "equal shapes"),
    (MatMul("matmul"), torch.matmul, [(2, 3), (2, 3)], "as many columns on the left as rows"),
    (
        Attention(),
        F.scaled_dot_product_attention,
        [(1, 3, 4), (1, 5, 6), (1, 5, 6)],
        "queries as long as keys",
    ),
    (
        MultiheadAttention(4, 2, (0, 1, 2), batch_first=True),
        nn.MultiheadAttention(4, 2, batch_first=True),
        [(1, 3, 4), (1, 5, 6), (1, 5, 4)],
        "4 features (kdim=4)",
    ),
    (Expand("expand", (2, 4)), lambda x: x.expand(2, 4), [(2, 3)], "to which 2×3 can be repeated"),
    (Expand("expand", (4,)), lambda x: x.expand(4), [(1, 4)], "to which 1×4 can be repeated"),
    (Reshape("view(4, -1)", (4, -1)), lambda x: x.view(4, -1), [(2, 3)], "view sizes for 6"),
    (Reshape("view(-2, 3)", (-2, 3)), lambda x: x.view(-2, 3), [(2, 3)], "view sizes for 6"),
    (Pad((1, 1) * 3), lambda x: F.pad(x, (1, 1) * 3), [(2, 3)], "at most 4 paddings for 2×3"),
]


@pytest.mark.parametrize("case", FUNCTIONS, ids=lambda case: f"{case[0]}{case[2]}")
def test_what_does_not_fit_a_function_is_refused_as_by_torch(case: Any) -> None:
    operation, call, shapes, words = case
    with pytest.raises(THEIRS):
        call(*map(ones, shapes))
    with pytest.raises(ShapeError) as caught:
        operation.output_shape(*shapes)
    assert words in str(caught.value)


def test_a_way_of_padding_that_torch_does_not_know_is_refused() -> None:
    with pytest.raises(NotImplementedError):
        F.pad(ones(1, 2, 3), (1, 1), mode="wrap")
    with pytest.raises(ArgumentError, match="mode as one of constant, reflect, replicate"):
        Pad((1, 1), "wrap")


# ── what they are called, and what else they tell ──────────────────────────────────────────────


@pytest.mark.parametrize(
    ("operation", "written", "is_view"),
    [
        (Opaque("flip", (2, 3)), "flip", False),
        (Elementwise("x + y"), "x + y", False),
        (Cat(1), "cat(dim=1)", False),
        (Stack(-1), "stack(dim=-1)", False),
        (MatMul("x @ y"), "x @ y", False),
        (Attention(), "scaled_dot_product_attention", False),
        (MultiheadAttention(4, 2), "MultiheadAttention(4, 2)", False),
        (Reduce("mean(dim=1)", (1,)), "mean(dim=1)", False),
        (Weighed("cumsum(dim=1)", (1,)), "cumsum(dim=1)", False),
        (Pad((1, 2)), "pad((1, 2))", False),
        (Pad((1, 2), "reflect"), "pad((1, 2), mode='reflect')", False),
        (Reshape("view(-1)", (-1,)), "view(-1)", True),
        (Permute("mT", (1, 0)), "mT", True),
        (Expand("expand(2, 3)", (2, 3)), "expand(2, 3)", True),
        (Expand("repeat(2, 1)", (2, 3), copies=True), "repeat(2, 1)", False),
        (Slice("[0]", (Cut(0, 1, 1, keepdim=False),)), "[0]", True),
        (make("Identity", [], {}), "Identity()", True),
        (make("Flatten", [], {}), "Flatten()", True),
        (make("ReLU", [], {}), "ReLU()", False),
    ],
    ids=str,
)
def test_an_operation_is_called_as_it_was_written_and_takes_memory_if_it_is_no_view(
    operation: Operation, written: str, is_view: bool
) -> None:
    assert str(operation) == written
    assert operation.is_view == is_view == (not operation.allocates)


PLAIN: list[Case] = [("RMSNorm", [5], {"elementwise_affine": False}, (2, 3, 5))]


@pytest.mark.parametrize(
    "case", [*ONE_OF_EACH, *PLAIN], ids=lambda case: f"{case[0]}{case[1]}{case[2]}"
)
def test_a_layers_formula_of_its_parameters_computes_what_torch_counts(case: Case) -> None:
    name, arguments, keywords, _ = case
    formula = make(name, arguments, keywords).parameter_formula
    theirs = sum(
        weight.numel() for weight in getattr(nn, name)(*arguments, **keywords).parameters()
    )
    if formula is None:
        assert theirs == 0
        return
    left, right = str(formula).split(" = ")
    assert int(right) == theirs
    if left != "num_parameters":
        assert eval(left.replace("·", "*")) == theirs  # noqa: S307


@pytest.mark.parametrize("batch_first", [False, True])
def test_attention_tells_the_size_of_its_weights_and_counts_its_products(
    batch_first: bool,
) -> None:
    shapes = [(2, 3, 4), (2, 5, 6), (2, 5, 7)]
    if not batch_first:
        shapes = [(rows, batch, columns) for batch, rows, columns in shapes]
    layer = nn.MultiheadAttention(4, 2, kdim=6, vdim=7, batch_first=batch_first)
    operation = MultiheadAttention(4, 2, (0, 1, 2), 6, 7, batch_first)
    output, weights = layer(*map(ones, shapes))
    assert operation.output_shape(*shapes) == tuple(output.shape)
    assert operation.weights_shape(*shapes) == tuple(weights.shape)
    query, key, value = 2 * 3 * 4 * 4, 2 * 5 * 6 * 4, 2 * 5 * 7 * 4
    scores_and_sums, projected = 2 * (2 * 3 * 5 * 4), 2 * 3 * 4 * 4
    assert operation.macs(*shapes) == query + key + value + scores_and_sums + projected


def test_a_softmax_without_an_axis_takes_torchs() -> None:
    for shape in [(3,), (2, 3), (2, 3, 4), (2, 3, 4, 5)]:
        x = torch.rand(shape)
        with pytest.warns(UserWarning, match="Implicit dimension choice"):
            theirs = nn.Softmax()(x)
        ((*axes,),) = make("Softmax", [], {}).seen(tuple(range(1) for _ in shape), shape)
        (axis,) = [at for at, part in enumerate(axes) if len(part) > 1]
        assert torch.equal(theirs, x.softmax(axis))


def test_indices_that_are_no_runs_are_united() -> None:
    pairs = [
        (range(3), range(2, 6)),
        (range(0), range(2, 4)),
        (range(2, 4), range(0)),
        (range(2), range(4, 6)),
        (indices([0, 4]), range(1, 4)),
        (indices([0, 4]), indices([0, 4])),
    ]
    for one, other in pairs:
        assert set(union(one, other)) == {*one, *other}


def test_an_argument_that_is_no_number_at_all_is_shown() -> None:
    with pytest.raises(ArgumentError, match=r"p=b'half'"):
        make("Dropout", [b"half"], {})


def test_products_of_attention_are_those_that_torch_counts() -> None:
    shapes = [(1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 6)]
    query, key, value = map(ones, shapes)
    with FlopCounterMode(display=False) as counter:
        (query @ key.mT).softmax(-1) @ value
    assert Attention().macs(*shapes) == counter.get_total_flops() // 2


def test_what_changes_no_size_has_no_formula() -> None:
    x = ones(2, 1, 4)
    for operation, result in [
        (Reduce("mean", (1,), keepdim=True), x.mean(1, keepdim=True)),
        (Slice("[:]", tuple(Cut(0, 1, size) for size in x.shape)), x[:]),
        (Weighed("cumsum", (1,)), x.cumsum(1)),
    ]:
        assert operation.output_shape(tuple(x.shape)) == tuple(result.shape) == tuple(x.shape)
        assert operation.formula(tuple(x.shape)) is None
