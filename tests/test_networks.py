"""The bundled networks: read as text without torch, run with torch, both the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from cnnexplain import networks, trace
from cnnexplain.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.graph import Network

NETWORKS = {
    "lenet5_1998": networks.lenet5(),
    "alexnet_paper": networks.alexnet("paper"),
    "alexnet_ungrouped": networks.alexnet("ungrouped"),
    "alexnet_torchvision": networks.alexnet("torchvision"),
    "vgg16_padded": networks.vgg16(),
    "vgg16_unpadded": networks.vgg16(padded=False),
}
PUBLISHED_PARAMETERS = {
    "lenet5_1998": 61_706,
    "alexnet_paper": 60_965_224,
    "alexnet_ungrouped": 62_378_344,
    "alexnet_torchvision": 61_100_840,
    "vgg16_padded": 138_357_544,
    "vgg16_unpadded": 37_694_248,
}


def module(name: str) -> nn.Sequential:
    """Run a network's file with torch, without storage for its weights."""
    namespace: dict[str, Any] = {}
    with torch.device("meta"):
        exec(networks.code(name), namespace)  # our own file  # noqa: S102
    model = namespace["model"]
    assert isinstance(model, nn.Sequential)
    return model


def what_torch_makes(model: nn.Sequential, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    x, shapes = torch.zeros(shape, device="meta"), []
    for layer in model:
        x = layer(x)
        shapes.append(tuple(x.shape))
    return shapes


@pytest.mark.parametrize("name", NETWORKS)
def test_text_and_module_agree(name: str) -> None:
    network, model = NETWORKS[name], module(name)
    assert network.input_size is not None
    read, run = trace(network), trace(model, network.input_size)
    assert read.rows == run.rows
    assert [row.output_shape for row in read.rows] == what_torch_makes(
        model, (1, *network.input_size)
    )
    assert read.parameters == sum(each.numel() for each in model.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_totals_are_the_published_ones(name: str) -> None:
    assert trace(NETWORKS[name]).parameters == PUBLISHED_PARAMETERS[name]


def test_every_file_is_a_network_that_is_tested() -> None:
    with pytest.raises(ArgumentError) as caught:
        networks.code("resnet")
    assert caught.value.expected == f"one of the networks {', '.join(sorted(NETWORKS))}"


def test_alexnets_maps_have_the_sizes_that_everyone_quotes() -> None:
    alexnet = trace(networks.alexnet())
    sizes = [alexnet[name].output_shape[-1] for name in ("conv1", "pool1", "pool2", "pool5")]
    assert sizes == [55, 27, 13, 6]
    assert alexnet["flatten"].output_shape == (1, 256 * 6 * 6)
    assert alexnet["fc6"].parameters == 37_752_832


@pytest.mark.parametrize(
    ("network", "layer", "size"),
    [
        (networks.alexnet(), "pool5", 195),
        (networks.alexnet(), "fc8", 355),
        (networks.vgg16(), "pool5", 212),
        (networks.vgg16(), "fc8", 404),
    ],
    ids=str,
)
def test_receptive_fields_are_the_published_ones(network: Network, layer: str, size: int) -> None:
    row = trace(network)[layer]
    assert row.receptive_field == (size, size)
    assert row.effective_stride == (32, 32)


def test_macs_are_the_published_ones() -> None:
    assert trace(networks.vgg16()).macs == 15_470_264_320
    assert trace(networks.alexnet("torchvision")).macs == 714_188_480


def test_vggs_unpadded_twin_leaves_one_cell() -> None:
    assert trace(networks.vgg16(padded=False))["pool5"].output_shape == (1, 512, 1, 1)


@pytest.mark.parametrize("variant", ["caffe", "", 3, None, "\ud800", [], {}])
def test_an_unknown_variant_is_refused(variant: Any) -> None:
    with pytest.raises(ArgumentError, match="variant as one of paper, ungrouped, torchvision"):
        networks.alexnet(variant)


def test_reading_a_network_needs_no_torch(fresh_python: Callable[[str], str]) -> None:
    fresh_python(
        "import sys\n"
        "sys.modules['torch'] = sys.modules['numpy'] = None\n"
        "import cnnexplain as cx\n"
        "assert cx.trace(cx.networks.alexnet(), (3, 227, 227)).parameters == 60965224\n"
    )
