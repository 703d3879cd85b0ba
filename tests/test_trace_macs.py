"""Multiply-accumulates against half of what torch counts as floating-point operations."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from hypothesis import HealthCheck, given, settings
from tests import drawn, models
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnexplain import trace

if TYPE_CHECKING:
    from collections.abc import Callable


def counted(model: nn.Module, *shapes: tuple[int, ...]) -> int:
    """Return half of torch's count: it counts a multiplication and an addition as two."""
    # Without values, attention is counted by its matrix products: torch's counter does not know
    # the kernel that a CPU runs.
    twin = copy.deepcopy(model).to("meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        twin(*(torch.empty(shape, device="meta") for shape in shapes))
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return int(flops) // 2


class Own(nn.Module):
    """A forward of two weights."""

    def __init__(self, forward: Callable[..., Any], *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.function = forward
        self.weights = nn.ParameterList([nn.Parameter(torch.ones(shape)) for shape in shapes])

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x, *self.weights)


def attend(x: torch.Tensor) -> torch.Tensor:
    tokens = x.flatten(2).transpose(1, 2).view(x.shape[0], -1, 3, 4).transpose(1, 2)
    return F.scaled_dot_product_attention(tokens, tokens, tokens)


CASES: dict[str, tuple[nn.Module, tuple[int, ...], int, int]] = {
    "3×3 with bias": (nn.Conv2d(3, 8, 3, padding=1), (3, 16, 16), 1, 55_296),
    "padding same, dilation 3": (
        nn.Conv2d(3, 8, 3, padding="same", dilation=3),
        (3, 16, 16),
        1,
        55_296,
    ),
    "transposed k4 s2 p1": (nn.ConvTranspose2d(8, 4, 4, 2, 1), (8, 8, 8), 1, 32_768),
    "transposed k2 s2 groups 2": (nn.ConvTranspose2d(8, 4, 2, 2, groups=2), (8, 8, 8), 1, 4096),
    "Linear on the last axis": (nn.Linear(16, 10), (3, 16, 16), 1, 7680),
    "F.conv2d": (Own(F.conv2d, (8, 3, 3, 3), (8,)), (3, 16, 16), 1, 42_336),
    "F.linear": (Own(F.linear, (10, 16), (10,)), (3, 16, 16), 1, 7680),
    "Unfold and Linear": (models.UnfoldLinear(), (3, 16, 16), 1, 55_296),
    "x @ x.T": (Own(lambda x: x[0, 0] @ x[0, 0].T), (3, 16, 16), 1, 4096),
    "batch 4": (nn.Conv2d(3, 8, 3, padding=1), (3, 16, 16), 4, 221_184),
    "no bias": (nn.Conv2d(3, 8, 3, padding=1, bias=False), (3, 16, 16), 1, 55_296),
    "dilation and stride": (nn.Conv2d(3, 8, 3, stride=2, dilation=2), (3, 16, 16), 1, 7776),
    "groups": (nn.Conv2d(4, 8, 3, groups=2, padding=1), (4, 16, 16), 1, 36_864),
    "depthwise": (nn.Conv2d(8, 8, 3, groups=8, padding=1), (8, 16, 16), 1, 18_432),
    "reflection": (
        nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect"),
        (3, 16, 16),
        1,
        55_296,
    ),
    "1-D": (nn.Conv1d(3, 8, 3, padding=1), (3, 16), 1, 1152),
    "3-D": (nn.Conv3d(3, 8, 3, padding=1), (3, 8, 8, 8), 1, 331_776),
    "flatten and Linear": (
        nn.Sequential(nn.Flatten(), nn.Linear(768, 10)),
        (3, 16, 16),
        1,
        7680,
    ),
    "shared module": (models.SharedModule(), (4, 16, 16), 1, 3 * 36_864),
    "attention": (Own(attend), (12, 4, 4), 1, 2 * 3 * 16 * 16 * 4),
}


@pytest.mark.parametrize("name", CASES)
def test_macs_are_half_of_torchs_flops(name: str) -> None:
    model, size, batch_size, macs = CASES[name]
    assert counted(model, (batch_size, *size)) == macs
    traced = trace(model, size, batch_size)
    assert traced.macs == macs
    assert all(row.origin == "rule" for row in traced.rows)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int, int]] = {
    "AlexNet": (models.AlexNet, (3, 224, 224), 61_100_840, 714_188_480),
    "VGG-16": (models.VGG16, (3, 224, 224), 138_357_544, 15_470_264_320),
    "MobileNet": (models.MobileNet, (3, 224, 224), 4_231_976, 568_740_352),
    "ResNet-18": (models.resnet18, (3, 224, 224), 11_689_512, 1_814_073_344),
    "ResNet-50": (models.resnet50, (3, 224, 224), 25_557_032, 4_089_184_256),
    "ResNet-50 v1": (
        lambda: models.resnet50(original=True),
        (3, 224, 224),
        25_557_032,
        3_857_973_248,
    ),
    "ResNet-101": (models.resnet101, (3, 224, 224), 44_549_160, 7_801_405_440),
    "ResNet-152": (models.resnet152, (3, 224, 224), 60_192_808, 11_513_626_624),
    "GoogLeNet": (models.GoogLeNet, (3, 224, 224), 6_624_904, 1_498_376_192),
    "DenseNet-121": (models.DenseNet, (3, 224, 224), 7_978_856, 2_834_161_664),
    "U-Net": (models.UNet, (3, 64, 64), 29_474, 25_591_808),
    "LeNet": (models.LeNet, (1, 32, 32), 61_706, 416_520),
    "ViT": (models.ViT, (3, 16, 16), 4_726, 81_960),
    "ViT by hand": (lambda: models.ViT(by_hand=True), (3, 16, 16), 4_726, 81_960),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_whole_networks_have_the_published_numbers(name: str) -> None:
    build, size, parameters, macs = NETWORKS[name]
    with torch.device("meta"):
        model = build()
    assert sum(each.numel() for each in model.parameters()) == parameters
    assert counted(model, (1, *size)) == macs
    traced = trace(model, size)
    assert traced.parameters == parameters
    assert traced.macs == macs


@pytest.mark.parametrize(
    "build",
    [models.SharedModule, models.Tied, models.Normed, models.Siamese],
    ids=lambda build: build.__name__,
)
def test_shared_weights_count_once(build: Callable[[], nn.Module]) -> None:
    model = build()
    sizes: Any = {"SharedModule": (4, 8, 8), "Siamese": [(1, 16, 16)] * 2}
    traced = trace(model, sizes.get(build.__name__, (3, 16, 16)))
    assert traced.parameters == sum(each.numel() for each in model.parameters())


def test_parameters_that_forward_never_uses_are_named() -> None:
    model = models.ShapeBranch()
    traced = trace(model, (3, 8, 8))
    assert traced.network.unused == ("large.weight", "large.bias")
    left = sum(each.numel() for each in model.large.parameters())
    assert traced.parameters + left == sum(each.numel() for each in model.parameters())


def test_each_operation_counts_what_torch_counts_for_it() -> None:
    # The sum could be right by chance; a U-Net has convolutions of every kind.
    model = models.UNet()
    traced = trace(model, (3, 32, 32))
    with torch.no_grad(), FlopCounterMode(display=False, depth=9) as counter:
        model(torch.zeros(1, 3, 32, 32))
    # By module; torch's names begin with the class of the whole.
    counts = {
        name.removeprefix("UNet."): sum(flops.values()) // 2
        for name, flops in counter.get_flop_counts().items()
    }
    ours = {row.name: row.macs for row in traced.rows if row.macs}
    assert ours == {name: counts[name] for name in ours}
    assert sum(ours.values()) == counts["Global"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, about odd arguments
@settings(max_examples=drawn.examples(60), suppress_health_check=[HealthCheck.too_slow])
@given(drawn.cases())
def test_random_networks_have_torchs_macs_and_parameters(case: drawn.Case) -> None:
    traced = trace(case.model, case.size, case.batch_size)
    assert traced.macs == counted(case.model, (case.batch_size, *case.size))
    parameters = dict(case.model.named_parameters())
    unused = sum(parameters[name].numel() for name in traced.network.unused)
    assert traced.parameters + unused == sum(each.numel() for each in parameters.values())


def test_a_wrong_count_would_be_found() -> None:
    model = nn.Conv2d(4, 8, 3, groups=2, padding=1)
    # As if the groups were forgotten.
    wrong = trace(nn.Conv2d(4, 8, 3, padding=1), (4, 16, 16)).macs
    assert wrong != counted(model, (1, 4, 16, 16))
