"""Functions of torch: each has a rule that tells what torch returns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnexplain as cx

if TYPE_CHECKING:
    from collections.abc import Callable

X = (4, 6, 8)  # channels, height, width
ACTIVATIONS = """
    relu relu6 leaky_relu elu gelu silu mish hardswish hardsigmoid hardtanh hardshrink
    softshrink tanhshrink celu selu softplus softsign logsigmoid sigmoid tanh rrelu glu
    dropout dropout2d alpha_dropout feature_alpha_dropout
"""
CALLS: dict[str, Callable[[torch.Tensor], Any]] = {
    "conv2d": lambda x: F.conv2d(x, torch.ones(6, 2, 3, 2), groups=2, stride=2, padding=1),
    "conv2d same": lambda x: F.conv2d(x, torch.ones(5, 4, 3, 3), padding="same", dilation=2),
    "conv1d": lambda x: F.conv1d(x.flatten(2), torch.ones(5, 4, 3), torch.ones(5)),
    "conv3d": lambda x: F.conv3d(x[:, :, None], torch.ones(5, 4, 1, 3, 3)),
    "conv_transpose2d": lambda x: F.conv_transpose2d(
        x, torch.ones(4, 3, 3, 3), stride=2, padding=1, output_padding=1
    ),
    "conv_transpose1d": lambda x: F.conv_transpose1d(x[..., 0], torch.ones(4, 3, 3)),
    "max_pool2d": lambda x: F.max_pool2d(x, 3, stride=2, ceil_mode=True),
    "torch.max_pool2d": lambda x: torch.max_pool2d(x, [2, 2], dilation=[1, 2]),
    "max_pool2d with indices": lambda x: F.max_pool2d(x, 2, return_indices=True)[0],
    "max_pool1d": lambda x: F.max_pool1d(x[..., 0], 2),
    "max_pool3d": lambda x: F.max_pool3d(x[:, :, None], (1, 2, 2)),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 3, padding=1, count_include_pad=False),
    "avg_pool1d": lambda x: F.avg_pool1d(x[..., 0], 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, (3, None)),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x[..., 0], 5),
    "adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x, 3),
    "adaptive_max_pool1d": lambda x: F.adaptive_max_pool1d(x[..., 0], 5),
    **{
        f"pad {mode}": partial(F.pad, pad=(1, 2, 0, 1), mode=mode)
        for mode in ("constant", "reflect", "replicate", "circular")
    },
    "pad channels": lambda x: F.pad(x, (0, 0, 0, 0, 1, 2), value=1.0),
    "pad away": lambda x: F.pad(x, (-1, -2)),
    "unfold": lambda x: F.unfold(x, (3, 2), dilation=2, padding=1, stride=2),
    **{
        f"interpolate {mode}": partial(F.interpolate, scale_factor=1.5, mode=mode)
        for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
    },
    "interpolate size": lambda x: F.interpolate(x, (5, 9), mode="bilinear", align_corners=True),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x, 2),
    "pixel_unshuffle": lambda x: F.pixel_unshuffle(x, 2),
    "channel_shuffle": lambda x: F.channel_shuffle(x, 2),
    "linear": lambda x: F.linear(x, torch.ones(5, 8), torch.ones(5)),
    "embedding": lambda x: F.embedding(x[:, 0, 0].argmax(-1, keepdim=True), torch.ones(9, 5)),
    "batch_norm": lambda x: F.batch_norm(x, torch.zeros(4), torch.ones(4)),
    "instance_norm": F.instance_norm,
    "group_norm": lambda x: F.group_norm(x, 2, torch.ones(4), torch.ones(4)),
    "layer_norm": lambda x: F.layer_norm(x, (6, 8)),
    "rms_norm": lambda x: F.rms_norm(x, (8,)),
    "local_response_norm": lambda x: F.local_response_norm(x, 3),
    "normalize": lambda x: F.normalize(x, dim=1),
    **{name: getattr(F, name) for name in ACTIVATIONS.split()},
    "torch.relu": torch.relu,
    "Tensor.sigmoid": torch.Tensor.sigmoid,
    "prelu": lambda x: F.prelu(x, torch.ones(4)),
    "threshold": lambda x: F.threshold(x, 0.1, 20),
    "relu_": lambda x: F.relu_(x.clone()),
    "relu inplace": lambda x: F.relu(x.clone(), inplace=True),
    "softmax": lambda x: F.softmax(x, dim=1),
    "Tensor.softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "softmin": lambda x: F.softmin(x, dim=2),
    "flatten": lambda x: torch.flatten(x, 1),
    "Tensor.flatten": lambda x: x.flatten(start_dim=2),
    "unflatten": lambda x: x.unflatten(1, (2, -1)),
    "view": lambda x: x.view(x.size(0), -1),
    "view tuple": lambda x: x.view((-1, 4, 48)),
    "view shape": lambda x: x.view(torch.Size([2, 192])),
    "view_as": lambda x: x.view_as(torch.zeros(2, 192)),
    "reshape": lambda x: torch.reshape(x, (2, 8, -1)),
    "Tensor.reshape": lambda x: x.reshape(2, -1, 8),
    "permute": lambda x: x.permute(0, 2, 3, 1),
    "torch.permute": lambda x: torch.permute(x, (0, 3, 1, 2)),
    "transpose": lambda x: x.transpose(1, -1),
    "movedim": lambda x: x.movedim(1, -1),
    "swapaxes": lambda x: x.swapaxes(2, 3),
    "mT": lambda x: x.mT,
    "T": lambda x: x.flatten(1).T,
    "t": lambda x: x.flatten(1).t(),
    "squeeze": lambda x: x[:, :1].squeeze(1),
    "squeeze all": lambda x: x[:, :1].squeeze(),
    "unsqueeze": lambda x: x.unsqueeze(-1),
    "expand": lambda x: x[:, :1].expand(-1, 3, -1, -1),
    "expand_as": lambda x: x[:, :1].expand_as(x),
    "repeat": lambda x: x.repeat(1, 2, 1, 1),
    "cat": lambda x: torch.cat([x, x, x[:, :1]], dim=1),
    "cat with a constant": lambda x: torch.cat((torch.zeros(2, 1, 6, 8), x), 1),
    "cat axis": lambda x: torch.concat([x, x], axis=-1),  # type: ignore[call-arg]  # torch takes it
    "stack": lambda x: torch.stack([x, x], dim=2),
    "chunk": lambda x: x.chunk(3, dim=1)[1],
    "split": lambda x: torch.split(x, [1, 3], dim=1)[1],
    "Tensor.split": lambda x: x.split(4, -1)[0],
    "unbind": lambda x: x.unbind(2)[3],
    "iteration": lambda x: list(x)[1],
    "narrow": lambda x: x.narrow(2, 1, 3),
    "select": lambda x: x.select(1, -1),
    "slice": lambda x: x[:, 1:, ::2, -3:],
    "index": lambda x: x[:, -1],
    "ellipsis": lambda x: x[..., 0],
    "None": lambda x: x[:, None, ..., 1:],
    "add": lambda x: x + x,
    "iadd": lambda x: x.clone().add_(x),
    "radd": lambda x: 1 + x,
    "rsub": lambda x: 1 - x,
    "rdiv": lambda x: 1 / x,
    "sub": lambda x: x - 0.5,
    "mul": lambda x: x * x[:, :1],
    "div": lambda x: torch.div(x, 2),
    "pow": lambda x: x**2,
    "neg": lambda x: -x,
    "exp": lambda x: x.exp(),
    "clamp": lambda x: x.clamp(min=0),
    "where": lambda x: torch.where(x > 0, x, torch.zeros(())),
    "maximum": lambda x: torch.maximum(x, x),
    "masked_fill": lambda x: x.masked_fill(x > 0, 0.0),
    "matmul": lambda x: x @ x.mT,
    "matmul with a matrix": lambda x: x @ torch.ones(8, 3),
    "matrix with matmul": lambda x: torch.ones(3, 6) @ x,
    "matmul with a vector": lambda x: x @ torch.ones(8),
    "bmm": lambda x: torch.bmm(x[:, 0], x[:, 1].mT),
    "mean": lambda x: x.mean(dim=(2, 3)),
    "mean all": lambda x: x.mean(),
    "mean keepdim": lambda x: x.mean((2, 3), keepdim=True),
    "mean positional": lambda x: torch.mean(x, [2, 3], True),
    "sum": lambda x: x.sum(1),
    "amax": lambda x: x.amax(dim=(-2, -1)),
    "max": lambda x: x.max(dim=1)[0],
    "max values": lambda x: torch.max(x, 1, keepdim=True).values,
    "max of two": lambda x: torch.max(x, x),
    "std": lambda x: x.std(dim=(2, 3)),
    "std positional": lambda x: x.std(1, False),
    "norm": lambda x: x.norm(dim=1),
    "argmax": lambda x: x.argmax(1),
    "logsumexp": lambda x: torch.logsumexp(x, dim=(2, 3)),
    "cumsum": lambda x: x.cumsum(-1),
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x[..., :5]),
    "to": lambda x: x.to(torch.float64).contiguous().float().detach() * 2,
    "zeros_like": lambda x: x + torch.zeros_like(x) + x.new_zeros(1),
}


class Call(nn.Module):
    """A module that calls one function."""

    def __init__(self, call: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: torch.Tensor) -> Any:
        return self.call(x) * 1


@pytest.mark.parametrize("name", CALLS)
def test_the_functions_result_is_torchs_and_a_rule_of_ours_tells_it(name: str) -> None:
    torch.manual_seed(0)
    module = Call(CALLS[name])
    with torch.no_grad():
        theirs = module(torch.rand(2, *X))
    traced = cx.trace(module, X, batch_size=2)
    assert {row.name: row.origin for row in traced.rows if row.origin != "rule"} == {}
    assert traced.rows[-1].output_shape == tuple(theirs.shape)
    assert traced.rows[-1].memory == theirs.numel() * theirs.element_size()
    for row in traced.rows:
        # What the table calls unchanged is.
        assert row.formula is not None or row.output_shape == row.input_shape, row.name


@pytest.mark.parametrize("name", CALLS)
def test_the_functions_result_is_the_same_where_values_are_run(name: str) -> None:
    class Decided(Call):
        def forward(self, x: torch.Tensor) -> Any:
            assert x.sum() is not None and bool(x.sum() < 1e9)  # noqa: PT018
            return super().forward(x)

    ruled = cx.trace(Call(CALLS[name]), X, batch_size=2).rows
    run = cx.trace(Decided(CALLS[name]), X, batch_size=2)
    assert run.network.by_values
    shapes = [(str(row.operation), row.output_shape) for row in run.rows]
    assert shapes[-len(ruled) :] == [(str(row.operation), row.output_shape) for row in ruled]


WITHOUT_RULES: dict[str, Callable[[torch.Tensor], Any]] = {
    "einsum": lambda x: torch.einsum("nchw,dc->ndhw", x, torch.ones(3, 4)),
    "flip": lambda x: x.flip(-1),
    "roll": lambda x: torch.roll(x, 1, -1),
    "lp_pool2d": lambda x: F.lp_pool2d(x, 2, 2),
    "gather": lambda x: x[:, [0, 2]],
    "topk": lambda x: x.topk(2, dim=1).values,
}


@pytest.mark.parametrize("name", WITHOUT_RULES)
def test_a_function_without_a_rule_is_told_by_torch_and_says_so(name: str) -> None:
    module = Call(WITHOUT_RULES[name])
    traced = cx.trace(module, X, batch_size=2)
    with torch.no_grad():
        assert traced.rows[-1].output_shape == tuple(module(torch.rand(2, *X)).shape)
    assert "meta" in {row.origin for row in traced.rows}
    assert any("meta" in note for note in traced.notes)


def test_multiplications_of_a_function_without_a_rule_are_counted() -> None:
    traced = cx.trace(Call(WITHOUT_RULES["einsum"]), X, batch_size=2)
    assert traced.macs == 2 * 3 * 4 * 6 * 8


@pytest.mark.parametrize(
    "name", ["alexnet_paper", "alexnet_ungrouped", "alexnet_torchvision", "vgg16_padded"]
)
def test_the_bundled_networks_never_fall_back(name: str) -> None:
    scope: dict[str, Any] = {}
    with torch.device("meta"):
        exec(cx.networks.code(name), scope)  # noqa: S102
    module = next(each for each in scope.values() if isinstance(each, nn.Module))
    size = 227 if name in {"alexnet_paper", "alexnet_ungrouped"} else 224
    assert {row.origin for row in cx.trace(module, (3, size, size)).rows} == {"rule"}
