"""What one pass saves: by the traces of converted networks, by measurements, by huge images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import cnnexplain as cx
from cnnexplain import savings
from cnnexplain.errors import ArgumentError
from cnnexplain.examples.weights import seeded

if TYPE_CHECKING:
    from cnnexplain.graph import Network

DATA = json.loads((Path(__file__).parents[1] / "docs/data/sliding.json").read_text("utf-8"))
NETWORKS = {"VGG-16": cx.networks.vgg16(), "AlexNet": cx.networks.alexnet()}
PADDED = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1),
    nn.BatchNorm2d(4),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(4, 6, 3, stride=2, groups=2),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Dropout(),
    nn.Linear(24, 5),
    nn.ReLU(),
    nn.Linear(5, 3),
).eval()


GLOBAL = nn.Sequential(
    nn.Conv2d(1, 2, 3, stride=4),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(2, 3),
).eval()


def network(model: nn.Module, *size: int) -> Network:
    return replace(cx.trace(model, size).network, input_size=size)


def converted(model: nn.Module, window: tuple[int, ...], image: int) -> int:
    """The multiply-accumulates of the module that torch would run."""
    module = cx.fully_convolutional(model, window).module
    return cx.trace(module, (window[0], image, image)).macs


@pytest.mark.parametrize(
    "row", DATA["costs"], ids=lambda row: f"{row['network']} {row['image_px']}"
)
def test_what_is_computed_is_what_was_measured(row: dict[str, Any]) -> None:
    saving = savings.work(NETWORKS[row["network"]]).over(row["image_px"])
    assert saving.count == row["windows"]
    assert saving.one_pass.total == row["one_pass_macs"]
    assert saving.sliding.total == row["windows"] * row["window_macs"]
    assert float(saving.ratio) == pytest.approx(row["mac_ratio"], abs=6e-4)


@pytest.mark.parametrize(
    ("name", "size", "ratio"),
    [("VGG-16", 384, 11.24), ("VGG-16", 512, 16.72), ("AlexNet", 387, 6.27)],
)
def test_the_ratios_that_the_pages_tell(name: str, size: int, ratio: float) -> None:
    assert round(float(savings.work(NETWORKS[name]).over(size).ratio), 2) == ratio


@pytest.mark.parametrize("size", [387, 515])
@pytest.mark.slow
def test_a_converted_alexnet_costs_what_is_said(size: int) -> None:
    found = savings.work(cx.networks.alexnet()).over(size)
    assert found.one_pass.total == converted(seeded(cx.networks.alexnet()), (3, 227, 227), size)


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_converted_modules_cost_what_is_said(steps: int) -> None:
    every = [
        (PADDED, (1, 12, 12)),
        (GLOBAL, (1, 23, 23)),
        (seeded(cx.networks.lenet5()), (1, 32, 32)),
    ]
    for model, window in every:
        found = savings.work(network(model, *window))
        size = window[1] + steps * found.stride
        saving = found.over(size)
        assert found.stride == cx.fully_convolutional(model, window).effective_stride[0] == 4
        assert saving.one_pass.total == converted(model, window, size)
        assert saving.sliding.total == (steps + 1) ** 2 * cx.trace(model, window).macs
        assert saving.one_pass.dense == saving.sliding.dense


def test_comparing_counts_the_same() -> None:
    model = seeded(cx.networks.lenet5())
    compared = cx.compare(model, torch.zeros(1, 48, 48), 32, device="cpu")
    saving = savings.work(cx.networks.lenet5()).over(48)
    assert compared.one_pass_cost.macs == saving.one_pass.total
    assert compared.sliding_cost.macs == saving.sliding.total


@pytest.mark.parametrize("name", NETWORKS)
def test_large_images_approach_the_limit_from_below(name: str) -> None:
    found = savings.work(NETWORKS[name])
    ratios = [found.over(size).ratio for size in savings.sizes(found, [0, 5, 50, 500, 50_000])]
    assert ratios[0] == 1
    assert ratios == sorted(ratios)
    assert ratios[-1] < found.limit
    assert float(ratios[-1]) == pytest.approx(float(found.limit), rel=1e-3)
    assert round(float(found.limit), 3) == DATA["mac_ratio_limits"].get(name, found.limit)


def test_the_limits_that_the_pages_tell() -> None:
    limits = [round(float(savings.work(each).limit), 3) for each in NETWORKS.values()]
    assert limits == [35.415, 9.825]


@given(
    st.integers(1, 3), st.integers(1, 2), st.integers(0, 1), st.integers(1, 3), st.integers(0, 4)
)
@pytest.mark.slow
def test_one_pass_by_hand(kernel: int, stride: int, padding: int, pool: int, steps: int) -> None:
    model: Any = nn.Sequential(
        nn.Conv2d(2, 3, kernel, stride, padding), nn.MaxPool2d(pool), nn.Flatten(), nn.LazyLinear(4)
    )
    window = kernel + 5 * stride * pool
    with torch.no_grad():
        cells = model(torch.zeros(1, 2, window, window)) is not None and model[3].in_features // 3
    found = savings.work(network(model, 2, window, window))
    size = window + steps * found.stride
    outputs = model[0](torch.zeros(1, 2, size, size)).shape[-1]
    saving = found.over(size)
    assert saving.one_pass.convolution == 3 * 2 * kernel**2 * outputs**2
    assert saving.one_pass.dense == (steps + 1) ** 2 * cells * 3 * 4


def refused(model: nn.Module, *size: int) -> list[str]:
    with pytest.raises(ArgumentError) as error:
        savings.work(network(model, *size))
    return str(error.value).splitlines()


CHAIN = "expected: a chain of layers whose last maps are flattened for fully connected layers"
WHOLE = (
    "expected: maps of which each cell looks at a part of the image, a whole stride from the next"
)
ANY = "cure: use cx.compare(model, image, window), which takes other networks too"


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 1, 1), nn.Linear(64, 2)

    def forward(self, x: torch.Tensor) -> Any:
        return self.fc((self.conv(x) + x).flatten(1))


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (nn.Sequential(nn.Conv2d(1, 1, 3)), "a network without nn.Flatten()"),
        (nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten()), "a network without nn.Linear(...)"),
        (nn.Sequential(nn.Flatten(), nn.Unflatten(1, (8, 8))), "layer '1': Unflatten(1, (8, 8))"),
        (
            nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(36, 4), nn.GLU()),
            "layer '3': GLU()",
        ),
    ],
)
def test_other_networks_are_refused(model: nn.Module, found: str) -> None:
    lines = refused(model, 1, 8, 8)
    if "Unflatten" in found:
        assert lines[0].startswith("expected: maps of which")
    else:
        assert lines == [CHAIN, f"received: {found}", ANY]


def test_branches_are_refused() -> None:
    assert refused(Residual(), 1, 8, 8)[0] == CHAIN


@pytest.mark.parametrize(
    "layers",
    [
        [nn.AdaptiveAvgPool2d(2)],
        [nn.AdaptiveAvgPool2d(1), nn.Upsample(scale_factor=2)],
        [nn.AdaptiveAvgPool2d(1), nn.Conv2d(2, 8, 1)],
    ],
)
def test_a_pooling_that_adapts_to_the_image_is_refused(layers: list[nn.Module]) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), *layers, nn.Flatten(), nn.Linear(8, 2))
    lines = refused(model, 1, 8, 8)
    size = layers[0].output_size
    assert lines == [CHAIN, f"received: layer '1': AdaptiveAvgPool2d({size})", ANY]


def test_what_looks_at_all_of_the_picture_is_refused() -> None:
    lines = refused(nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), 1, 8, 8)
    assert lines == [
        WHOLE,
        "received: layer '0': Flatten()",
        ANY,
    ]


@pytest.mark.parametrize("size", [None, (3, 224), (3, 224, 200)])
def test_the_input_size_must_be_known_and_square(size: tuple[int, ...] | None) -> None:
    with pytest.raises(ArgumentError) as error:
        savings.work(replace(cx.networks.vgg16(), input_size=size))
    assert str(error.value).splitlines() == [
        "expected: a network for square images that knows its input size",
        f"received: input_size={size}",
        "cure: use for example cx.networks.vgg16()",
    ]


def test_windows_that_leave_a_remainder_are_refused() -> None:
    found = savings.work(cx.networks.vgg16())
    with pytest.raises(ArgumentError) as error:
        found.over(400)
    assert str(error.value).splitlines() == [
        "expected: image_size=224 + k·32, on which windows leave no remainder",
        "received: image_size=400",
        "cure: use 384 or 416",
    ]
    with pytest.raises(ArgumentError, match="image_size as an integer of at least 224"):
        found.over(223)
