"""What the chapter on convolutions and dense layers says, against PyTorch."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from cnnexplain.book import contents, results
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCS = Path(__file__).parents[2] / "docs"
VALUES: Mapping[str, Any] = results.values()


def matrix(layer: Callable[[torch.Tensor], torch.Tensor], *shape: int) -> torch.Tensor:
    """Return the matrix of a linear layer: its outputs for each input that has a single one."""
    basis = torch.eye(math.prod(shape)).reshape(-1, *shape)
    return layer(basis).detach().flatten(1).T


def conv1d(stride: int = 1, padding: int = 0) -> nn.Conv1d:
    return nn.Conv1d(1, 1, 3, stride=stride, padding=padding, bias=False)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("matrix", conv1d()),
        ("matrix_stride", conv1d(stride=2)),
        ("matrix_padding", conv1d(padding=1)),
    ],
)
def test_the_matrices_of_one_axis_are_torchs(name: str, layer: nn.Conv1d) -> None:
    found = matrix(layer, 1, 7)
    connections = int((found != 0).sum())
    assert VALUES[f"{name}_size"] == tuple(found.shape)
    formula = VALUES.get(f"{name}_formula") or VALUES.get(f"{name}_filled_formula")
    told = VALUES.get(f"{name}_filled") or int(str(formula).rsplit(" ", maxsplit=1)[-1])
    assert told == connections
    assert len(set(found[found != 0].tolist())) == VALUES["small_kernel"]


def test_a_stride_leaves_rows_out_and_a_padding_cuts_columns_off() -> None:
    plain, strided, padded = conv1d(), conv1d(stride=2), conv1d(padding=1)
    for each in (strided, padded):
        each.weight = plain.weight
    assert torch.equal(matrix(strided, 1, 7), matrix(plain, 1, 7)[::2])
    wide = matrix(plain, 1, 9)
    assert torch.equal(matrix(padded, 1, 7), wide[:, 1:-1])
    assert int((wide[:, [0, -1]] != 0).sum()) == VALUES["matrix_padding_cut"]
    assert VALUES["matrix_zeros"] == int((matrix(plain, 1, 7) == 0).sum())


def test_the_matrix_of_channels_has_a_block_for_each_pair() -> None:
    layer = nn.Conv1d(2, 3, 3)
    found = matrix(nn.Conv1d(2, 3, 3, bias=False), 2, 7)
    assert VALUES["blocks_matrix"] == tuple(found.shape)
    assert VALUES["blocks_entries"] == found.numel()
    assert str(VALUES["blocks_weights_formula"]).endswith(f" {layer.weight.numel()}")
    assert layer.bias is not None
    assert VALUES["blocks_out"] == layer.bias.numel()
    assert VALUES["blocks_outputs"] == layer(torch.zeros(1, 2, 7)).numel()
    blocks = found.reshape(3, 5, 2, 7).transpose(1, 2)
    assert VALUES["blocks_count"] == int((blocks != 0).any(-1).any(-1).sum())


def test_the_matrix_of_a_plane_is_torchs() -> None:
    layer = nn.Conv2d(1, 1, 3, bias=False)
    found = matrix(layer, 1, *VALUES["plane_input"])
    assert VALUES["plane_matrix"] == tuple(found.shape)
    assert VALUES["plane_entries"] == found.numel()
    assert VALUES["plane_filled"] == int((found != 0).sum())
    assert VALUES["plane_weights"] == layer.weight.numel()
    assert VALUES["plane_kernel"] == layer.kernel_size


@pytest.mark.parametrize(
    ("name", "layer", "side"),
    [
        ("alexnet", nn.Conv2d(3, 96, 11, stride=4), 227),
        ("vgg", nn.Conv2d(3, 64, 3, padding=1), 224),
    ],
)
def test_the_prices_are_torchs(name: str, layer: nn.Conv2d, side: int) -> None:
    picture = torch.ones(1, 3, side, side)
    outputs = layer(picture).numel()
    # Convolved with ones, a map of ones counts the connections of each output.
    ones = torch.ones_like(layer.weight)
    touched = functional.conv2d(picture, ones, stride=layer.stride, padding=layer.padding)
    connections = int(touched.double().sum())
    dense = picture.numel() * outputs
    assert VALUES[f"price_{name}_inputs"] == picture.numel()
    assert VALUES[f"price_{name}_outputs"] == outputs
    assert VALUES[f"price_{name}_dense"] == dense
    assert VALUES[f"price_{name}_local"] == connections
    assert VALUES[f"price_{name}_shared"] == layer.weight.numel()
    assert float(VALUES[f"price_{name}_gigabytes"]) == pytest.approx(4e-9 * dense, rel=0.005)
    assert float(VALUES[f"price_{name}_sparse"]) == pytest.approx(100 * connections / dense, 0.05)
    if name == "vgg":
        assert VALUES["price_vgg_macs"] == outputs * layer.weight[0].numel()
        assert str(VALUES["price_vgg_weights_formula"]).endswith(f" {layer.weight.numel()}")


@pytest.mark.parametrize(("name", "padding"), [("plain", 0), ("padded", 1)])
def test_outputs_move_with_the_input_where_no_padding_is(name: str, padding: int) -> None:
    row, layer = torch.rand(1, 1, 8), conv1d(padding=padding)
    first, second = layer(row[..., :-1]), layer(row[..., 1:])
    same = torch.isclose(first[0, 0, 1:], second[0, 0, :-1], rtol=0, atol=1e-6)
    assert VALUES[f"shift_{name}_compared"] == len(same)
    assert VALUES[f"shift_{name}_equal"] == int(same.sum())


def test_alexnets_dense_layer_has_the_weights_of_its_kernels() -> None:
    kernels = nn.Conv2d(256, 4096, 6, device="meta")
    assert kernels(torch.zeros(1, 256, 6, 6, device="meta")).shape == (1, 4096, 1, 1)
    assert str(VALUES["folded_weights_formula"]).endswith(f" {kernels.weight.numel()}")
    assert str(VALUES["folded_places_formula"]).endswith(" 1")
    assert str(VALUES["fc6_formula"]).endswith(str(kernels.weight.numel() + 4096))


def test_a_pointwise_convolution_is_a_dense_layer_at_each_place() -> None:
    channels, *sizes = VALUES["places_input"]
    classes = VALUES["places_output"][0]
    layer = nn.Conv2d(channels, classes, 1, bias=False)
    maps = torch.rand(1, channels, *sizes)
    assert VALUES["places_output"] == tuple(layer(maps).shape[1:])
    at_places = functional.linear(maps.movedim(1, -1), layer.weight.flatten(1)).movedim(-1, 1)
    assert torch.allclose(layer(maps), at_places, atol=1e-5)
    assert VALUES["places_count"] == math.prod(sizes)
    assert str(VALUES["places_weights_formula"]).endswith(f" {layer.weight.numel()}")
    assert VALUES["places_dense"] == maps.numel() * layer(maps).numel()


def test_numpy_flips_the_kernel_and_torch_does_not() -> None:
    values, kernel = [0.0, 0.0, 1.0, 0.0, 0.0], [1.0, 2.0, 3.0]
    torchs = (
        functional.conv1d(torch.tensor([[values]]), torch.tensor([[kernel]])).flatten().tolist()
    )
    assert torchs == kernel[::-1] == np.correlate(values, kernel, "valid").tolist()
    assert np.convolve(values, kernel, "valid").tolist() == kernel


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_show_the_sizes_that_the_text_tells(language: str) -> None:
    page = (DOCS / language / "dense-and-convolution.md").read_text(encoding="utf-8")
    shown = re.findall(r'--8<-- "figures/(.*?)\.html"', page)
    for name in ("matrix", "matrix-stride", "matrix-padding"):
        (figure,) = (each for each in shown if re.fullmatch(rf"{name}-\d-to-\d", each))
        size = "×".join(map(str, VALUES[f"{name.replace('-', '_')}_size"]))
        assert f"{size} matrix" in contents.FIGURES[figure].figure().title


def test_the_answers_of_the_labs_exercises_hold() -> None:
    # How many connections a kernel of 5 with a padding of 2 has on 10 values.
    found = matrix(nn.Conv1d(1, 1, 5, padding=2, bias=False), 1, 10)
    assert (tuple(found.shape), int((found != 0).sum())) == ((10, 10), 44)
    # The padding that does not break equivariance on a ring.
    ring = nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")
    row = torch.rand(1, 1, 7)
    rolled = ring(row.roll(1, -1))
    assert torch.allclose(rolled, ring(row).roll(1, -1), atol=1e-6)
    # The matrix of a transposed convolution.
    conv, back = nn.Conv1d(1, 1, 3, stride=2), nn.ConvTranspose1d(1, 1, 3, stride=2)
    conv.bias = back.bias = None
    back.weight = conv.weight
    assert torch.equal(matrix(back, 1, 3), matrix(conv, 1, 7).T)
