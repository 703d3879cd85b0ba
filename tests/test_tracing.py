"""Modules: a torch.nn.Sequential is read from its attributes; its weights are left alone."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import pytest
import torch
from torch import nn

from cnnexplain import networks, trace
from cnnexplain.errors import ArgumentError, ForwardError


def model() -> nn.Sequential:
    head = OrderedDict(flatten=nn.Flatten(), dense=nn.Linear(8 * 4 * 4, 5, bias=False))
    body = nn.Sequential(
        nn.Conv2d(3, 8, (3, 5), padding="same", bias=False, groups=1),
        nn.BatchNorm2d(8, affine=False),
        nn.PReLU(8),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.AdaptiveAvgPool2d((4, None)),
        nn.Dropout(0.2),
    )
    return nn.Sequential(OrderedDict(body=body, head=nn.Sequential(head), last=nn.Softmax(dim=1)))


def test_rows_are_what_torch_makes() -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    network = model()
    for name, child in network.named_modules():
        if not isinstance(child, nn.Sequential):
            child.register_forward_hook(
                lambda _module, _inputs, output, name=name: shapes.update({name: output.shape})
            )
    network(torch.zeros(2, 3, 9, 7))
    rows = trace(network, (3, 9, 7), batch_size=2).rows
    assert {row.name: row.output_shape for row in rows} == shapes
    assert sum(row.parameters for row in rows) == sum(each.numel() for each in network.parameters())


def test_the_model_is_left_as_it_was() -> None:
    network = model()
    before = copy.deepcopy(network.state_dict())
    training, state = network.training, torch.get_rng_state()
    trace(network, (3, 9, 7))
    assert network.training == training
    assert torch.equal(torch.get_rng_state(), state)
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_module_on_the_meta_device_is_traced() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.Linear(25088, 4096))
    assert trace(network, (25088,)).parameters == 102_764_544


def test_a_single_layer_is_traced_too() -> None:
    assert trace(nn.MaxPool2d(3, 2), (256, 13, 13)).rows[0].output_shape == (1, 256, 6, 6)


class Forgotten(nn.Module):
    """A module without a forward."""


class Broken(nn.Module):
    """A module whose forward fails in its own code."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise KeyError(x.shape[1])


@pytest.mark.parametrize(
    ("network", "received"),
    [
        (
            Forgotten(),
            (
                "NotImplementedError: "
                "'Module [Forgotten] is missing the required \"forward\" function'"
            ),
        ),
        (nn.Sequential(nn.ReLU(), Broken()), "KeyError: '3' in module '1'"),
    ],
)
def test_what_fails_in_the_modules_own_code_says_where(network: nn.Module, received: str) -> None:
    with pytest.raises(ForwardError) as caught:
        trace(network, (3, 9, 9))
    assert caught.value.expected == "a forward that runs for these inputs"
    assert caught.value.received == received
    assert caught.value.cure.startswith("check the number of inputs and their input_size")
    assert caught.value.__cause__ is not None


def test_a_lazy_module_is_refused_and_stays_lazy() -> None:
    lazy: Any = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    with pytest.raises(ArgumentError, match=r"received: the lazy parameter '1\.weight'"):
        trace(lazy, (3, 9, 9))
    assert nn.parameter.is_lazy(lazy[1].weight)


def test_text_and_module_of_one_network_have_equal_rows() -> None:
    text = "nn.Sequential(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2))"
    built = nn.Sequential(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2))
    ours, theirs = trace(text, (1, 32, 32)).rows, trace(built, (1, 32, 32)).rows
    assert [row.output_shape for row in ours] == [row.output_shape for row in theirs]
    assert [str(row.formula) for row in ours] == [str(row.formula) for row in theirs]
    assert networks.lenet5().nodes[0].name == "conv1"


def test_a_layer_that_comes_twice_runs_twice_and_its_parameters_count_once() -> None:
    act, conv = nn.PReLU(), nn.Conv2d(3, 3, 3, padding=1)
    network = nn.Sequential(conv, act, conv, act)
    traced = trace(network, (3, 9, 9))
    assert [row.name for row in traced.rows] == ["0", "1", "2", "3"]
    assert traced.parameters == sum(each.numel() for each in network.parameters())
    assert traced.macs == 2 * traced.rows[0].macs
    assert traced.rows[-1].receptive_field == (5, 5)


def test_an_empty_sequential_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"received: an empty nn\.Sequential"):
        trace(nn.Sequential(), (3, 9, 9))


def test_tied_weights_count_once() -> None:
    first, second = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
    second.weight = first.weight
    network = nn.Sequential(first, second)
    assert trace(network, (3, 9, 9)).parameters == sum(p.numel() for p in network.parameters())


def test_a_subclass_with_a_layers_own_name_is_followed_into_its_forward() -> None:
    class Conv2d(nn.Conv2d):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x)[:, :1]

    traced = trace(nn.Sequential(Conv2d(3, 8, 3)), (3, 9, 9))
    assert [row.output_shape for row in traced.rows] == [(1, 8, 7, 7), (1, 1, 7, 7)]
    assert [row.name for row in traced.rows] == ["0.conv2d", "0.getitem"]


def test_a_sequential_inside_itself_is_refused() -> None:
    network = nn.Sequential(nn.ReLU())
    network.append(network)
    with pytest.raises(ArgumentError, match="hundreds of levels"):
        trace(network, (3, 9, 9))


def test_a_module_with_a_wrong_argument_is_named() -> None:
    with pytest.raises(ArgumentError) as caught:
        trace(nn.Sequential(nn.ReLU(), nn.Conv2d(3, 8, 3, stride=-1)), (3, 9, 9))
    assert caught.value.received == "stride=-1, at layer '1': Conv2d"


def test_an_operations_error_names_its_layer() -> None:
    with pytest.raises(ArgumentError, match="received: dim='a', at layer '0', line 1"):
        trace("nn.Sequential(nn.Softmax('a'))", (3, 9, 9))
