"""What torch's texts say: each is raised here by torch itself, in all ways in which it can be."""

from __future__ import annotations

import inspect
import json
import logging
import re
import textwrap
import time
import traceback
import warnings
from contextlib import nullcontext
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody imports it
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch._utils import ExceptionWrapper

from cnnexplain.diagnosis import messages
from cnnexplain.diagnosis.messages import Told, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from cnnexplain.diagnosis.findings import Fact

    Function: TypeAlias = Callable[[torch.Tensor], object]

TEXTS = [text for texts in messages._TEXTS.values() for text in texts]
WAYS = ("cpu", "meta", "fake", "export", "interpreter", "compile")
# Where torch only follows shapes: its kernels, with their texts, do not run.
SHAPES_ALONE = ("meta", "fake", "export", "compile")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep torch from logging a traceback of its own for each text."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Calls(nn.Module):
    """A module that calls a function or another module."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> object:
        return self.function(x)


def run(way: str, make: Callable[[], Function], shape: tuple[int, ...]) -> None:
    """Run a function on zeros in one of the ways."""
    inside: AbstractContextManager[object] = nullcontext()
    if way == "meta":
        inside = torch.device("meta")
    elif way == "fake":
        inside = FakeTensorMode()
    with inside:
        function, x = make(), torch.zeros(shape)
        match way:
            case "export":
                torch.export.export(Calls(function), (x,))
            case "interpreter":
                torch.fx.Interpreter(torch.fx.symbolic_trace(Calls(function))).run(x)
            case "compile":
                torch.compile(Calls(function), backend="eager", fullgraph=True)(x)
            case _:
                function(x)


def text(way: str, make: Callable[[], Function], shape: tuple[int, ...]) -> str:
    """Return what torch says."""
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception, match=r"\w") as caught:
            run(way, make, shape)
    return str(caught.value)


def _layer(name: str, *arguments: object, **named: object) -> Callable[[], Function]:
    return lambda: getattr(nn, name)(*arguments, **named)


def _function(function: Function) -> Callable[[], Function]:
    return lambda: function


def _loss(x: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(x.view(-1, 10), torch.zeros(1, dtype=torch.long))


# What raises it, from an input of which shape, and what that says.
CASES: dict[
    str, tuple[Callable[[], Function], tuple[int, ...], str, dict[str, Fact]]
] = {
    "linear": (
        _layer("Linear", 9216, 4096), (1, 30976), "features",
        {"rows": 1, "came": 30976, "wanted": 9216, "out": 4096},
    ),
    "linear without bias": (
        _layer("Linear", 8, 4, bias=False), (2, 7), "features",
        {"rows": 2, "came": 7, "wanted": 8, "out": 4},
    ),
    "linear of a vector": (
        _layer("Linear", 8, 4), (7,), "features", {"rows": 1, "came": 7, "wanted": 8, "out": 4},
    ),
    "linear of a map": (
        _layer("Linear", 8, 4), (2, 3, 5, 7), "features",
        {"rows": 30, "came": 7, "wanted": 8, "out": 4},
    ),
    "matrix and vector": (
        _function(lambda x: torch.ones(4, 8) @ x), (7,), "features",
        {"out": 4, "wanted": 8, "came": 7},
    ),
    "conv2d": (
        _layer("Conv2d", 3, 8, 3), (1, 1, 28, 28), "channels",
        {"groups": 1, "weight": (8, 3, 3, 3), "input": (1, 1, 28, 28), "wanted": 3, "came": 1},
    ),
    "conv2d in groups": (
        _layer("Conv2d", 4, 8, 3, groups=2), (1, 6, 28, 28), "channels",
        {"groups": 2, "weight": (8, 2, 3, 3), "input": (1, 6, 28, 28), "wanted": 4, "came": 6},
    ),
    "conv1d": (
        _layer("Conv1d", 3, 8, 3), (1, 1, 28), "channels",
        {"groups": 1, "weight": (8, 3, 3), "input": (1, 1, 28), "wanted": 3, "came": 1},
    ),
    "transposed convolution": (
        _layer("ConvTranspose2d", 3, 8, 3), (1, 1, 9, 9), "channels",
        {"transposed": 1, "weight": (3, 8, 3, 3), "input": (1, 1, 9, 9), "wanted": 3, "came": 1},
    ),
    "conv1d of a picture": (
        _layer("Conv1d", 3, 8, 3), (1, 3, 28, 28), "dimensions",
        {"fewest": 2, "most": 3, "function": "conv1d", "input": (1, 3, 28, 28), "came": 4},
    ),
    "conv2d of five axes": (
        _layer("Conv2d", 3, 8, 3), (1, 1, 3, 224, 224), "dimensions",
        {
            "fewest": 3, "most": 4, "function": "conv2d", "input": (1, 1, 3, 224, 224), "came": 5,
        },
    ),
    "conv3d of a picture without batch": (
        _layer("Conv3d", 3, 8, 3), (3, 28, 28), "dimensions",
        {"fewest": 4, "most": 5, "function": "conv3d", "input": (3, 28, 28), "came": 3},
    ),
    "transposed convolution of five axes": (
        _layer("ConvTranspose2d", 3, 8, 3), (1, 1, 3, 4, 4), "dimensions",
        {
            "fewest": 3, "most": 4, "function": "conv_transpose2d", "input": (1, 1, 3, 4, 4),
            "came": 5,
        },
    ),
    "max_pool1d of a picture": (
        _layer("MaxPool1d", 2), (1, 3, 8, 8), "dimensions",
        {"function": "max_pool1d", "fewest": 2, "most": 3, "input": (1, 3, 8, 8), "came": 4},
    ),
    "max_pool2d of five axes": (
        _layer("MaxPool2d", 2), (1, 1, 3, 8, 8), "dimensions", {"fewest": 3, "most": 4},
    ),
    "max_pool3d of three axes": (
        _layer("MaxPool3d", 2), (3, 8, 8), "dimensions", {"fewest": 4, "most": 5},
    ),
    "avg_pool1d of a picture": (
        _layer("AvgPool1d", 2), (1, 3, 8, 8), "dimensions",
        {"fewest": 2, "most": 3, "came": 4, "function": "avg_pool1d"},
    ),
    "avg_pool2d of five axes": (
        _layer("AvgPool2d", 2), (1, 1, 3, 8, 8), "dimensions",
        {"fewest": 3, "most": 4, "input": (1, 1, 3, 8, 8), "came": 5},
    ),
    "avg_pool2d of two axes": (
        _layer("AvgPool2d", 2), (8, 8), "flatten_axes", {"lowest": -2, "highest": 1, "came": -3},
    ),
    "adaptive_avg_pool2d": (
        _layer("AdaptiveAvgPool2d", 2), (8, 8), "dimensions",
        {"function": "adaptive_avg_pool2d", "fewest": 3, "most": 4, "input": (8, 8), "came": 2},
    ),
    "adaptive_max_pool2d": (
        _layer("AdaptiveMaxPool2d", 2), (8, 8), "dimensions",
        {"function": "adaptive_max_pool2d", "fewest": 3, "most": 4, "input": (8, 8), "came": 2},
    ),
    "BatchNorm2d of two axes": (
        _layer("BatchNorm2d", 8), (2, 8), "dimensions", {"fewest": 4, "most": 4, "came": 2},
    ),
    "BatchNorm1d of a picture": (
        _layer("BatchNorm1d", 8), (2, 8, 4, 4), "dimensions", {"fewest": 2, "most": 3, "came": 4},
    ),
    "InstanceNorm2d of two axes": (
        _layer("InstanceNorm2d", 8), (2, 8), "dimensions", {"fewest": 3, "most": 4, "came": 2},
    ),
    "kernel": (
        _layer("Conv2d", 3, 8, 7), (1, 3, 4, 5), "kernel", {"padded": (4, 5), "kernel": (7, 7)},
    ),
    "padded kernel on one axis": (
        _layer("Conv1d", 3, 8, 7, padding=1), (1, 3, 4), "kernel", {"padded": (6,), "kernel": (7,)},
    ),
    "kernel on three axes, with gaps": (
        _layer("Conv3d", 3, 8, 3, dilation=4), (1, 3, 4, 4, 4), "kernel",
        {"padded": (4, 4, 4), "kernel": (9, 9, 9)},
    ),
    "max_pool2d makes nothing": (
        _layer("MaxPool2d", 2), (1, 3, 1, 1), "empty", {"input": (3, 1, 1), "output": (3, 0, 0)},
    ),
    "avg_pool2d makes nothing": (
        _layer("AvgPool2d", 2), (1, 3, 1, 1), "empty", {"input": (3, 1, 1), "output": (3, 0, 0)},
    ),
    "transposed convolution makes nothing": (
        _layer("ConvTranspose2d", 3, 8, 3, padding=3), (1, 3, 1, 1), "empty",
        {"input": (1, 1), "output": (-3, -3)},
    ),
    "cat": (
        _function(lambda x: torch.cat([x, x[..., 1:]], 1)), (1, 3, 8, 8), "cat",
        {"dim": 1, "expected": 8, "came": 7, "number": 1},
    ),
    "cat of other axes": (
        _function(lambda x: torch.cat([x, x[0]], 1)), (1, 3, 8, 8), "cat_dimensions",
        {"expected": 4, "came": 3},
    ),
    "stack": (
        _function(lambda x: torch.stack([x, x[..., 1:]])), (3, 8), "stack",
        {"expected": (3, 8), "came": (3, 7), "number": 1},
    ),
    "add": (
        _function(lambda x: x + x[..., 1:]), (1, 3, 8, 8), "broadcast", {"a": 8, "b": 7, "dim": 3},
    ),
    "add rows": (
        _function(lambda x: x[0, :, 1:] + x), (1, 3, 8, 8), "broadcast",
        {"a": 7, "b": 8, "dim": 2},
    ),
    "expand": (
        _function(lambda x: x.expand(3, 5)), (3, 4), "broadcast", {"a": 5, "b": 4, "dim": 1},
    ),
    "view": (
        _function(lambda x: x.view(-1, 2048)), (64, 7, 7), "view",
        {"sizes": (-1, 2048), "count": 3136},
    ),
    "reshape": (
        _function(lambda x: x.reshape(2048)), (64, 7, 7), "view",
        {"sizes": (2048,), "count": 3136},
    ),
    "not contiguous": (
        _function(lambda x: x.transpose(1, 2).view(2, -1)), (2, 3, 4), "not_contiguous", {},
    ),
    # The first number is that of the input's channels, the second that of the layer.
    "BatchNorm2d": (
        _layer("BatchNorm2d", 8), (2, 4, 5, 5), "batch_norm", {"came": 4, "wanted": 8},
    ),
    "BatchNorm1d without statistics": (
        _layer("BatchNorm1d", 8, track_running_stats=False), (2, 4), "batch_norm",
        {"came": 4, "wanted": 8},
    ),
    # Both are multiplied by the batch's size.
    "InstanceNorm2d with statistics": (
        _layer("InstanceNorm2d", 8, track_running_stats=True), (2, 4, 5, 5), "batch_norm",
        {"came": 2 * 4, "wanted": 2 * 8},
    ),
    "InstanceNorm2d": (
        _layer("InstanceNorm2d", 8, affine=True), (2, 4, 5, 5), "instance_norm",
        {"came": 4, "wanted": 8},
    ),
    "GroupNorm": (
        _layer("GroupNorm", 4, 8), (2, 7, 5, 5), "group_norm",
        {"input": (2, 7, 5, 5), "num_groups": 4, "came": 7},
    ),
    "GroupNorm with channels that divide": (
        _layer("GroupNorm", 2, 8), (2, 6, 5, 5), "group_norm",
        {"weight": (8,), "input": (2, 6, 5, 5), "came": 6, "wanted": 8},
    ),
    "LayerNorm": (
        _layer("LayerNorm", (3, 8)), (2, 7, 8), "layer_norm",
        {"normalized_shape": (3, 8), "input": (2, 7, 8)},
    ),
    "RMSNorm": (
        _layer("RMSNorm", 8), (2, 7), "layer_norm", {"normalized_shape": (8,), "input": (2, 7)},
    ),
    "same with a stride": (
        _function(lambda x: F.conv2d(x, torch.ones(8, 3, 3, 3), stride=2, padding="same")),
        (1, 3, 8, 8), "same_stride", {},
    ),
    "MaxPool2d with padding": (
        _layer("MaxPool2d", 2, padding=2), (1, 3, 8, 8), "pool_padding",
        {"padding": 2, "kernel_size": 2, "dilation": 1},
    ),
    "MaxPool1d with padding": (
        _layer("MaxPool1d", 2, padding=2), (1, 3, 8), "pool_padding",
        {"padding": 2, "kernel_size": 2},
    ),
    "loss": (_function(_loss), (4, 10), "target_batch", {"came": 4, "wanted": 1}),
    "BatchNorm2d of one value": (
        _layer("BatchNorm2d", 8), (1, 8, 1, 1), "one_value", {"input": (1, 8, 1, 1)},
    ),
    "InstanceNorm2d of one value": (
        _layer("InstanceNorm2d", 8), (1, 8, 1, 1), "one_value", {"input": (1, 8, 1, 1)},
    ),
    "GroupNorm of one value": (
        _layer("GroupNorm", 8, 8), (1, 8, 1, 1), "one_value", {"input": (1, 8, 1, 1)},
    ),
    "flatten": (_layer("Flatten"), (7,), "flatten_axes", {"lowest": -1, "highest": 0, "came": 1}),
}  # fmt: skip

BY_SHAPES: dict[str, dict[str, Fact]] = {
    "cat": {"dim": 1, "expected": 8, "axis": 3, "came": 7, "number": 1},
    "cat of other axes": {"expected": 4, "came": 3, "number": 1},
    "stack": {"expected": (3, 8)},
    "adaptive_avg_pool2d": {"fewest": 3, "most": 4, "input": (8, 8), "came": 2},
}
# Where a way's text says something else; None where nothing is raised.
ELSEWHERE: dict[tuple[str, str], dict[str, Fact] | None] = {
    **{(name, "meta"): {} for name in ("conv2d", "conv2d in groups", "conv1d")},
    ("transposed convolution", "meta"): None,
    ("expand", "export"): {"a": 5, "b": 4},
    ("expand", "compile"): {"a": 5, "b": 4},
    **{(name, way): facts for way in SHAPES_ALONE for name, facts in BY_SHAPES.items()},
    **{
        ("not contiguous", way): {"input": (2, 4, 3), "strides": (12, 1, 4), "sizes": (2, 12)}
        for way in ("fake", "export", "compile")
    },
}


# torch.compile cannot follow the warning that comes before the text.
NOT_FOLLOWED = {("InstanceNorm2d with statistics", "compile")}


@pytest.mark.parametrize(
    ("name", "way"), [each for each in product(CASES, WAYS) if each not in NOT_FOLLOWED]
)
def test_what_torch_says_is_read(name: str, way: str) -> None:
    make, shape, kind, facts = CASES[name]
    expected = ELSEWHERE.get((name, way), facts)
    if expected is None:
        run(way, make, shape)
    else:
        message = text(way, make, shape)
        assert told(message) == Told(kind, expected), message


def test_every_kind_is_raised_by_torch() -> None:
    raised = {kind for _, _, kind, _ in CASES.values()}
    assert raised == set(messages._TEXTS)
    assert raised == set(re.findall(r"- `(\w+)`:", told.__doc__ or ""))


def test_facts_are_named_as_the_documentation_names_them() -> None:
    documentation = inspect.getdoc(told) or ""
    described = dict(re.findall(r"- `(\w+)`:((?:.|\n)*?)(?=\n *- `|\n\n)", documentation))
    for name, (_, _, kind, facts) in CASES.items():
        others = (found for (case, _), found in ELSEWHERE.items() if case == name and found)
        for fact in [*facts, *(fact for found in others for fact in found)]:
            assert (
                f"`{fact}`" in described[kind]
                or f"`{fact}," in described[kind]
                or (f" `{fact}`" in described[kind])
            ), (kind, fact)


# Texts that no torch of today raises, or only on a device that is not here.
OLD = {
    "size mismatch, m1: [2 x 256], m2: [64 x 7] at /pytorch/aten/src/TH/THTensorMath.cpp:940": Told(
        "features", {"rows": 2, "came": 256, "wanted": 64, "out": 7}
    ),
    "size mismatch, [4 x 8], [7] at /pytorch/aten/src/TH/generic/THTensorMath.cpp:631": Told(
        "features", {"out": 4, "wanted": 8, "came": 7}
    ),
    "size mismatch, got 4, 4x8,7": Told("features", {"out": 4, "wanted": 8, "came": 7}),
    "linear(): input and weight.T shapes cannot be multiplied (77x768 and 4096x1536)": Told(
        "features", {"rows": 77, "came": 768, "wanted": 4096, "out": 1536}
    ),
    "Given groups=1, weight of size 64 3 7 7, expected input[1, 1, 28, 28] to have 3 channels, "
    "but got 1 channels instead": Told(
        "channels", {"groups": 1, "input": (1, 1, 28, 28), "wanted": 3, "came": 1}
    ),
    "Given groups=1, weight[8, 3, 3, 3], so expected input[1, 1, 28, 28] to have 3 channels, "
    "but got 1 channels instead": Told(
        "channels", {"groups": 1, "input": (1, 1, 28, 28), "wanted": 3, "came": 1}
    ),
    "Given transposed=1, weight of size 3 8 3 3, expected input[1, 1, 9, 9] to have 3 channels, "
    "but got 1 channels instead": Told(
        "channels", {"transposed": 1, "input": (1, 1, 9, 9), "wanted": 3, "came": 1}
    ),
    "Expected 4-dimensional input for 4-dimensional weight [64, 3, 7, 7], but got 3-dimensional "
    "input of size [3, 224, 224] instead": Told(
        "dimensions", {"fewest": 4, "most": 4, "input": (3, 224, 224), "came": 3}
    ),
    "Expected 4-dimensional input for 4-dimensional weight 64 3 7 7 94387354416688, but got "
    "5-dimensional input of size [6, 3, 3, 224, 224] instead": Told(
        "dimensions", {"fewest": 4, "most": 4, "input": (6, 3, 3, 224, 224), "came": 5}
    ),
    "Expected 4-dimensional input for 4-dimensional weight [64, 3, 7, 7], but got input of size "
    "[2, 10, 3, 320, 320] instead": Told(
        "dimensions", {"fewest": 4, "most": 4, "input": (2, 10, 3, 320, 320), "came": 5}
    ),
    "invalid argument 0: Sizes of tensors must match except in dimension 1. Got 26 and 27 in "
    "dimension 3 at /opt/conda/THCTensorMath.cu:71": Told(
        "cat", {"dim": 1, "expected": 26, "came": 27, "axis": 3}
    ),
    "Sizes of tensors must match except in dimension 1. Got 26 and 27 in dimension 3 (The "
    "offending index is 1)": Told(
        "cat", {"dim": 1, "expected": 26, "came": 27, "axis": 3, "number": 1}
    ),
    "pad should be at most half of kernel size, but got pad=2 and kernel_size=2": Told(
        "pool_padding", {"padding": 2, "kernel_size": 2}
    ),
}


@pytest.mark.parametrize("message", OLD)
def test_older_texts_are_read(message: str) -> None:
    assert told(message) == OLD[message]


def _cuda_out_of_memory() -> object:
    raise torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 7.79 GiB total capacity)"
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.Linear(3, 3)(torch.ones(1, 3, dtype=torch.double)),
        lambda: nn.Conv2d(3, 3, 1)(torch.ones(1, 3, 3, 3, dtype=torch.double)),
        lambda: torch.ones(3) + torch.ones(3, device="meta"),
        lambda: nn.Linear(3, 3)(torch.ones(1, 3, device="meta")),
        lambda: nn.Embedding(3, 3)(torch.ones(3)),
        lambda: torch.ones(3).to("cuda"),
        lambda: torch.empty(2**62),
        lambda: torch.ones(3, 4)[5],
        lambda: nn.Linear(3, 3).load_state_dict(
            {"weight": torch.ones(4, 3), "bias": torch.ones(3)}
        ),
        lambda: nn.Linear(3),  # type: ignore[call-arg]
        lambda: torch.ones(()).view(-1, -1),
        _cuda_out_of_memory,
    ],
)
def test_what_is_not_about_sizes_tells_nothing(call: Callable[[], object]) -> None:
    with pytest.raises(Exception, match=r"\w") as caught:
        call()
    assert told(str(caught.value)) is None, caught.value


LINEAR = Told("features", {"rows": 1, "came": 30976, "wanted": 9216, "out": 4096})


def _linear_traceback() -> str:
    try:
        nn.Sequential(nn.Flatten(), nn.Linear(9216, 4096))(torch.zeros(1, 256, 11, 11))
    except RuntimeError:
        return traceback.format_exc()
    raise AssertionError


def test_a_whole_traceback_is_read() -> None:
    assert told(_linear_traceback()) == LINEAR


def test_the_source_in_a_traceback_is_no_text_of_torch() -> None:
    # The line that raises has the text with the names of variables.
    source = 'raise ValueError(f"expected 4D input (got {input.dim()}D input)")'
    assert told(source) is None
    assert told(f"{source}\nValueError: expected 4D input (got 2D input)") is not None


def test_a_replica_of_data_parallel_is_read() -> None:
    try:
        nn.Linear(9216, 4096)(torch.zeros(1, 30976))
    except RuntimeError:
        wrapper = ExceptionWrapper(where="in replica 0 on device 0")
    with pytest.raises(RuntimeError, match="Caught RuntimeError in replica 0") as caught:
        wrapper.reraise()
    assert told(str(caught.value)) == LINEAR


def test_a_script_is_read() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(9216, 4096)))
    with pytest.raises(RuntimeError, match="TorchScript") as caught:
        script(torch.zeros(1, 30976))
    assert told(str(caught.value)) == LINEAR


def test_an_export_with_any_batch_is_read() -> None:
    with pytest.raises(RuntimeError, match=r"\[s\d+, 30976\]") as caught:
        torch.export.export(
            nn.Sequential(nn.Linear(9216, 4096)),
            (torch.zeros(2, 30976),),
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
    facts = {name: fact for name, fact in LINEAR.facts.items() if name != "rows"}
    assert told(str(caught.value)) == Told("features", facts)


@pytest.mark.parametrize(
    "message",
    [
        ("\x1b[0;31mRuntimeError\x1b[0m: mat1 and mat2 shapes cannot be multiplied "
        "\x1b[1m(1x30976 and 9216x4096)\x1b[0m"),
        "[0;31mRuntimeError[0m: mat1 and mat2 shapes cannot be multiplied (1x30976 and 9216x4096)",
        json.dumps("\x1b[31mRuntimeError\x1b[0m: mat1 and mat2 shapes cannot be multiplied "
        "(1x30976 and \x1b[1m9216\x1b[0mx4096)\n"),
        "mat1\u00a0and mat2 shapes\u202fcannot be\u200b multiplied (1x30976 and\u30009216x4096)",
        "mat1 and mat2 shapes cannot be multiplied (1×30976 and 9216×4096)",
        "> mat1 and mat2 shapes cannot\n> be multiplied (1x30976\n> and 9216x4096)",
        "│ mat1 and mat2 shapes cannot be multiplied │\n│ (1x30976 and 9216x4096)      │",
        "mat1 and mat2 shapes cannot be mult\niplied (1x309\r\n76 and 9216x4096)",
        "E       RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x30976 and 9216x4096)",
        repr(RuntimeError("mat1 and mat2 shapes cannot be multiplied (1x30976 and 9216x4096)")),
        "mat1 andmat2 shapes cannot be multiplied(1x30976 and 9216x4096)",
    ],
)  # fmt: skip
def test_what_copying_changes_does_not_count(message: str) -> None:
    assert told(message) == LINEAR


@given(st.sampled_from(sorted(CASES)), st.integers(20, 200))
def test_a_text_may_be_broken_between_words(name: str, width: int) -> None:
    make, shape, kind, facts = CASES[name]
    message = f"RuntimeError: {text('cpu', make, shape)}"
    assert told(textwrap.fill(message, width)) == Told(kind, facts)


@given(
    st.sampled_from(["linear", "conv2d", "kernel", "cat", "max_pool2d makes nothing", "loss"]),
    st.integers(7, 200),
)
def test_a_text_that_ends_in_no_number_may_be_broken_anywhere(name: str, width: int) -> None:
    make, shape, kind, facts = CASES[name]
    message = f"RuntimeError: {text('cpu', make, shape)}"
    lines = (message[at : at + width] for at in range(0, len(message), width))
    assert told("\n".join(lines)) == Told(kind, facts)


def test_curly_quotes_are_quotes() -> None:
    for name in ("view", "kernel", "not contiguous", "same with a stride"):
        make, shape, kind, facts = CASES[name]
        message = text("cpu", make, shape)
        for opening, closing in (("‘", "’"), ("’", "’"), ("`", "`"), ('"', '"'), ("\\'", "\\'")):
            curly = re.sub("'([^']*)'", f"{re.escape(opening)}\\1{re.escape(closing)}", message)
            assert told(curly.replace("'", closing)) == Told(kind, facts)


@pytest.mark.parametrize("after", ["\n0%|    | 0/100", "  12:30:00", "\n\n2 errors", ".", ")", ""])
@pytest.mark.parametrize("name", ["view", "add", "BatchNorm2d", "MaxPool2d with padding"])
def test_what_follows_a_last_number_is_not_part_of_it(name: str, after: str) -> None:
    make, shape, kind, facts = CASES[name]
    assert told(text("cpu", make, shape) + after) == Told(kind, facts)


@given(st.lists(st.sampled_from(sorted(CASES)), min_size=1, max_size=5))
def test_the_last_of_several_texts_counts(names: list[str]) -> None:
    several = "\n\nDuring handling of the above exception, another exception occurred:\n\n".join(
        text("cpu", *CASES[name][:2]) for name in names
    )
    make, shape, kind, facts = CASES[names[-1]]
    assert told(several) == told(text("cpu", make, shape)) == Told(kind, facts)


@given(st.text())
def test_no_text_raises(message: str) -> None:
    assert told(message) is None


PIECES = sorted(
    {piece for known in TEXTS for piece in re.split(r"\{[^}]*\}", known) if piece}
    | {"1", "-7", "[1, 2]", "[]", "torch.Size([3])", "(4 x 4)", "\n", " ", "9" * 5000, "٣"}
)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_pieces_of_torchs_texts_raise(message: str) -> None:
    found = told(message)
    assert found is None or found.kind in set(messages._TEXTS)


@given(st.data())
def test_no_numbers_in_torchs_texts_raise(data: st.DataObject) -> None:
    number = st.integers(-(10**25), 10**25).map(str)
    shape = st.lists(st.integers(-3, 10**25), max_size=5).map(str)
    known = data.draw(st.sampled_from(TEXTS))
    filled = re.sub(
        r"\{[^}]*\}", lambda match: data.draw(shape if "shape" in match[0] else number), known
    )
    found = told(filled)
    assert found is None or found.kind in set(messages._TEXTS)


def test_shapes_that_contradict_an_axis_tell_nothing() -> None:
    message = (
        "Attempting to broadcast a dimension of length 7 at -5! Mismatching argument at index 1 "
        "had torch.Size([7]); but expected shape should be broadcastable to [8]"
    )
    assert told(message) is None
    assert told(message.replace("-5", "-1")) == Told("broadcast", {"a": 8, "b": 7, "dim": 0})


def _repeated() -> Iterator[str]:
    """Yield a megabyte of what may be repeated, and much of each beginning of each text."""
    for each in (
        " ",
        "1",
        "1 ",
        "\n> ",
        "[",
        "\x1b[",
        "\x1b[0;",
        "\r",
        "1\n",
        ">",
        "adaptive_avg_",
    ):
        yield each * (2**20 // len(each))
    yield "1" + " " * 2**20 + "x"
    yield "\n".join(TEXTS) * 100
    for known in TEXTS:
        shapes = re.sub(r"\{[^}]*\}", "[" + "1, " * 40 + "1", known)
        numbers = re.sub(r"\{[^}]*\}", "1", known)
        for beginning in (known.split("{")[0], shapes[:-1], numbers[:-1]):
            if beginning:
                yield beginning * (2**17 // len(beginning))


def test_no_long_text_takes_long() -> None:
    """Each is a fraction of a second; one that backtracks would be minutes, or for ever."""
    for message in _repeated():
        start = time.perf_counter()
        told(message)
        assert time.perf_counter() - start < 10, message[:80]


def test_a_pattern_that_backtracks_takes_long() -> None:
    """The limit above would notice: with one place that is not bounded, time is squared."""
    unbounded = re.compile("Given.*?expected", re.DOTALL)
    times = []
    for size in (2**11, 2**13):
        start = time.perf_counter()
        assert list(unbounded.finditer("Given" * size)) == []
        times.append(time.perf_counter() - start)
    assert times[1] > 6 * times[0]
    assert times[1] * (2**18 / 2**13) ** 2 > 10
