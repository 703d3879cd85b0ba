"""Forwards as people write them: what they do is followed, whatever way they do it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.fx
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import cnnexplain as cx

if TYPE_CHECKING:
    from collections.abc import Callable


class Module(nn.Module):
    """A module with a forward from outside."""

    def __init__(self, forward: Callable[[Any, torch.Tensor], Any], **parts: Any) -> None:
        super().__init__()
        self.call = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: torch.Tensor) -> Any:
        return self.call(self, x)


def convolutions() -> dict[str, nn.Module]:
    return {"first": nn.Conv2d(3, 3, 3, padding=1), "second": nn.Conv2d(3, 5, 3)}


def shifted(self: Any, x: torch.Tensor) -> torch.Tensor:
    out = torch.zeros_like(x)
    out[:, :, 1:] = self.first(x)[:, :, :-1]
    return self.second(out)


def copied(self: Any, x: torch.Tensor) -> torch.Tensor:
    out = torch.empty(x.shape)
    out.copy_(self.first(x))
    return self.second(out)


def into_a_buffer(self: Any, x: torch.Tensor) -> torch.Tensor:
    self.held[:] = self.first(x)
    return self.second(self.held)


def through_a_view(self: Any, x: torch.Tensor) -> torch.Tensor:
    y = self.first(x)
    y[:, 0].mul_(2)
    return self.second(y)


def fourier(self: Any, x: torch.Tensor) -> torch.Tensor:
    return x * torch.sin(torch.linspace(0, 1, 8, device=x.device) * self.frequencies)


def counted(self: Any, x: torch.Tensor) -> torch.Tensor:
    for index in torch.arange(3, device=x.device).tolist():
        x = self.first(x) + index
    return x


def quantised(self: Any, x: torch.Tensor) -> torch.Tensor:
    distance = ((x[:, None] - self.codes[None, :, :, None, None]) ** 2).sum(2)
    return self.codes[distance.argmin(1)]


def chosen(self: Any, x: torch.Tensor) -> torch.Tensor:
    return torch.einsum("bchw,dc->bdhw", torch.where(x > 0, x, 0.1 * x), self.weight)


def _swish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(x)


def attention(**arguments: Any) -> dict[str, Any]:
    return {"attention": nn.MultiheadAttention(64, 2, batch_first=True, **arguments)}


def energy(self: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        x = x.requires_grad_()
        return self.second(torch.autograd.grad(self.first(x).sum(), x)[0])


def tokens(self: Any, x: torch.Tensor) -> Any:
    x = x.flatten(2)
    return self.attention(query=x, key=x, value=x)[0] + self.attention(x, x, x)[0]


HARD: dict[str, tuple[Callable[[Any, torch.Tensor], Any], dict[str, Any]]] = {
    "written into zeros": (shifted, convolutions()),
    "copied into an empty tensor": (copied, convolutions()),
    "written into a buffer": (into_a_buffer, {**convolutions(), "held": torch.zeros(1, 3, 8, 8)}),
    "changed through a view": (through_a_view, convolutions()),
    "constants on the input's device": (fourier, {"frequencies": nn.Parameter(torch.ones(8))}),
    "a loop over a constant's values": (counted, convolutions()),
    "indices found by argmin": (quantised, {"codes": nn.Parameter(torch.rand(7, 3))}),
    "where": (chosen, {"weight": nn.Parameter(torch.rand(4, 3))}),
    "attention by keywords": (tokens, attention()),
    "states of an LSTM": (
        lambda self, x: self.rnn(x[:, 0])[0],
        {"rnn": nn.LSTM(8, 6, batch_first=True)},
    ),
    "type_as of a constant": (
        lambda self, x: self.first(x * torch.ones(3, 1, 1).type_as(x).expand_as(x)),
        convolutions(),
    ),
    "an integer made of a tensor": (
        lambda self, x: self.first(x)[:, :, : int(x.sum() * 0 + 5)],
        convolutions(),
    ),
    "a mask over axes moved": (
        lambda _, x: x.permute(0, 2, 3, 1).masked_fill(torch.ones(3) > 0, 0.0).view(1, -1),
        {},
    ),
    "flattened and back": (lambda _, x: x.flatten(2).unflatten(2, (8, 8)), {}),
    "several axes at once": (lambda _, x: x[:, :2, -1:, None, ::2], {}),
}


# torch counts nothing here: eight steps of four gates over input and state.
COUNTED = {"states of an LSTM": 8 * 4 * 6 * (8 + 6)}


@pytest.mark.parametrize("name", HARD)
def test_rows_end_in_what_the_module_returns_and_count_what_it_costs(name: str) -> None:
    forward, parts = HARD[name]
    torch.manual_seed(0)
    module = Module(forward, **parts)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    traced = cx.trace(module, (3, 8, 8))
    after = module.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        output = module(torch.rand(1, 3, 8, 8))
    assert traced.rows[-1].output_shape == tuple(output.shape)
    assert traced.macs == COUNTED.get(name, counter.get_total_flops() // 2)
    unused = traced.network.unused
    used = [each for key, each in module.named_parameters() if key not in unused]
    assert traced.parameters == sum(each.numel() for each in used)


def test_attention_weights_are_a_row_only_where_they_are_used() -> None:
    def plain(self: Any, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x.flatten(2), x.flatten(2), x.flatten(2))[0]

    rows = cx.trace(Module(plain, **attention()), (3, 8, 8)).rows
    assert [row.name for row in rows] == ["flatten", "flatten:2", "flatten:3", "attention"]

    def weighed(self: Any, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(2)
        return self.attention(x, x, x, average_attn_weights=False)[1].sum(1)

    rows = cx.trace(Module(weighed, **attention()), (3, 8, 8)).rows
    assert [row.name for row in rows] == ["flatten", "attention", "attention.weights", "sum"]
    assert rows[-2].output_shape == (1, 2, 3, 3)
    assert rows[-2].origin == "meta"

    def without(self: Any, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(2)
        output, weights = self.attention(x, x, x, need_weights=False)
        return output if weights is None else weights

    assert cx.trace(Module(without, **attention()), (3, 8, 8)).rows[-1].output_shape == (1, 3, 64)


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_a_scripted_function_and_a_scripted_module_are_one_row() -> None:
    act = torch.jit.script(_swish)
    module = Module(lambda self, x: self.second(act(self.first(x))), **convolutions())
    traced = cx.trace(module, (3, 8, 8))
    assert [row.name for row in traced.rows] == ["first", "hidden", "second"]
    assert not traced.receptive_field("second").exact
    inner = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()))
    model = nn.Sequential(nn.Conv2d(3, 3, 1), inner, nn.Conv2d(4, 2, 1))
    traced = cx.trace(model, (3, 8, 8))
    assert [row.output_shape[1:] for row in traced.rows] == [(3, 8, 8), (4, 6, 6), (2, 6, 6)]
    counter = FlopCounterMode(display=False)
    with counter:
        model(torch.rand(1, 3, 8, 8))
    assert traced.macs == counter.get_total_flops() // 2
    assert traced.parameters == sum(each.numel() for each in model.parameters())


def layer_with_a_hook() -> nn.Module:
    layer = nn.Conv2d(3, 5, 3)
    layer.register_forward_pre_hook(lambda _, inputs: (F.pad(inputs[0], (1, 1, 1, 1)),))
    return layer


def layer_with_another_forward() -> nn.Module:
    layer: Any = nn.Conv2d(3, 5, 3)
    layer.forward = lambda x: F.conv2d(F.pad(x, (2, 2, 2, 2)), layer.weight)
    return layer


def layer_with_other_weights() -> nn.Module:
    layer = nn.Conv2d(3, 5, 3)
    layer.weight = nn.Parameter(torch.rand(5, 3, 5, 5))
    return layer


def layer_with_fewer_rows() -> nn.Module:
    layer = nn.Linear(8, 10, bias=False)
    layer.weight = nn.Parameter(torch.rand(10, 8)[:8])
    return layer


def layer_with_another_convolution() -> nn.Module:
    layer: Any = nn.Conv2d(3, 5, 3)
    layer._conv_forward = lambda x, weight, bias: F.conv2d(
        F.pad(x, (1, 1, 1, 1), mode="circular"), weight, bias
    )
    return layer


class Wrapper(nn.Module):
    """A wrapper that names what it wraps as torch.compile does."""

    def __init__(self) -> None:
        super().__init__()
        self._orig_mod = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self._orig_mod(x), x], dim=-1)


@pytest.mark.parametrize(
    "make",
    [
        layer_with_another_convolution,
        Wrapper,
        layer_with_a_hook,
        layer_with_another_forward,
        layer_with_other_weights,
        layer_with_fewer_rows,
    ],
)
def test_a_layer_that_is_not_what_its_attributes_say_is_followed(
    make: Callable[[], nn.Module],
) -> None:
    model = nn.Sequential(make())
    traced = cx.trace(model, (3, 8, 8))
    assert traced.rows[-1].output_shape == tuple(model(torch.rand(1, 3, 8, 8)).shape)


def test_weights_set_in_forward_stay_as_they_were() -> None:
    def normed(self: Any, x: torch.Tensor) -> torch.Tensor:
        self.first.weight.data = torch.renorm(self.first.weight.data, p=2, dim=0, maxnorm=0.1)
        self.first.weight.requires_grad_(requires_grad=False)
        return self.first(x)

    module: Any = Module(normed, **convolutions())
    before = module.first.weight.clone()
    cx.trace(module, (3, 8, 8))
    assert torch.equal(module.first.weight, before)
    assert module.first.weight.requires_grad


def test_an_output_that_does_not_come_from_the_input_is_refused() -> None:
    with pytest.raises(cx.ForwardError, match="expected: a forward whose output comes from its"):
        cx.trace(Module(lambda self, _: self.weight * 2, weight=torch.ones(3)), (3, 8, 8))


def test_a_view_that_torch_refuses_is_refused() -> None:
    module = Module(
        lambda self, x: self.first(x.permute(0, 3, 1, 2)).relu().view(1, -1), **convolutions()
    )
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        module(torch.rand(1, 8, 8, 3))
    with pytest.raises(cx.ShapeError) as caught:
        cx.trace(module, (8, 8, 3))
    assert caught.value.expected == "sizes that view takes"
    assert "Use .reshape(...) instead" in caught.value.received
    reshaped = Module(
        lambda self, x: self.first(x.permute(0, 3, 1, 2)).relu().reshape(1, -1), **convolutions()
    )
    assert cx.trace(reshaped, (8, 8, 3)).rows[-1].output_shape == (1, 192)


def test_a_picture_without_batch_inside_a_forward_is_what_torch_makes_of_it() -> None:
    module = Module(lambda self, x: self.second(x[0]), **convolutions())
    traced = cx.trace(module, (3, 8, 8))
    assert traced.rows[-1].output_shape == (5, 6, 6)
    assert traced.rows[-1].origin == "meta"


def test_a_graph_module_of_torch_fx_is_traced_as_what_it_was_made_from() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))
    graph = torch.fx.symbolic_trace(module)
    ours, theirs = cx.trace(graph, (3, 8, 8)).rows, cx.trace(module, (3, 8, 8)).rows
    assert [(row.name, row.output_shape, row.parameters) for row in ours] == [
        (row.name, row.output_shape, row.parameters) for row in theirs
    ]


def build_at_first(self: Any, x: torch.Tensor) -> torch.Tensor:
    if not hasattr(self, "positions"):
        self.register_buffer("positions", torch.zeros(x.shape[1:], device=x.device))
        self.head = nn.Identity()
    self.register_forward_hook(lambda *_: None)
    self.seen["last"].append(x)
    return self.head(x + self.positions)


def test_what_a_forward_builds_or_keeps_is_gone_afterwards() -> None:
    module = Module(build_at_first, seen={"last": []})
    cx.trace(module, (3, 8, 8))
    assert not hasattr(module, "positions")
    assert not module._modules
    assert not module._forward_hooks
    assert module.seen == {"last": []}


def test_a_module_that_decides_by_values_is_run_whatever_the_default_device_is() -> None:
    module = Module(lambda self, x: self.first(x if x.sum() > 0 else -x), **convolutions())
    with torch.device("meta"):
        traced = cx.trace(module, (3, 8, 8))
    assert traced.network.by_values


def test_in_inference_mode_the_trace_is_the_same() -> None:
    module = Module(through_a_view, **convolutions())
    with torch.inference_mode():
        inside = cx.trace(module, (3, 8, 8))
    assert inside == cx.trace(module, (3, 8, 8))


def test_a_trace_can_be_pickled() -> None:
    traced = cx.trace(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.GroupNorm(2, 4)), (3, 8, 8))
    assert pickle.loads(pickle.dumps(traced)) == traced  # noqa: S301


def test_a_class_with_another_forward_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    def same(self: Any, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(F.pad(x, (1, 1, 1, 1)), self.weight, self.bias)

    monkeypatch.setattr(nn.Conv2d, "forward", same)
    assert cx.trace(nn.Conv2d(3, 5, 3), (3, 8, 8)).rows[-1].output_shape == (1, 5, 8, 8)


def test_inputs_that_no_tensor_can_have_are_refused() -> None:
    with pytest.raises(cx.ArgumentError, match="expected: an input of at most"):
        cx.trace(nn.ReLU(), (3, 10**9, 10**9))
    decides = Module(lambda _, x: x if x.sum() > 0 else -x)
    with pytest.raises(cx.ForwardError, match="expected: memory for an input with values"):
        cx.trace(decides, (3, 10**6, 10**6))


def test_gradients_inside_a_forward_are_computed_in_a_run() -> None:
    module = Module(energy, **convolutions())
    traced = cx.trace(module, (3, 8, 8))
    assert traced.network.by_values
    assert traced.rows[-1].output_shape == tuple(module(torch.rand(1, 3, 8, 8)).shape)
    assert all(each.grad is None for each in module.parameters())
