"""The values that prose refers to, against numbers worked out by other routes."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from cnnexplain import networks
from cnnexplain.book import forms, results
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping


ROOT = Path(__file__).parents[2]
# What each is, a whole number, a fraction, a formula, stands in its name.
VALUES: Mapping[str, Any] = results.values()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_has_a_name_for_prose_and_a_form(language: str) -> None:
    for name, form in forms.written(VALUES, language).items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert form["tex"]


def test_prose_uses_every_value_and_no_other() -> None:
    pages = (ROOT / "docs/en").rglob("*.md")
    used = {
        name
        for page in pages
        for name in re.findall(r"\{\{ (\w+) \}\}", page.read_text(encoding="utf-8"))
    }
    assert used == set(VALUES)


def test_the_numbers_of_the_first_question_are_torchs() -> None:
    block = torch.zeros(1, 256, 13, 13)
    pooled = nn.MaxPool2d(3, 2)(block)
    dense = nn.Linear(pooled.numel(), 4096)
    assert VALUES["conv5_shape"] == tuple(block.shape[1:])
    assert VALUES["pool5_shape"] == tuple(pooled.shape[1:])
    assert VALUES["flat"] == pooled.numel() == 9216
    assert VALUES["fc6_formula"].endswith(str(sum(each.numel() for each in dense.parameters())))
    assert VALUES["wrong_weights"] == block.numel() * 4096 == 177_209_344
    assert VALUES["swapped_output"] == nn.MaxPool2d(2, 3)(block).shape[-1] == 4
    assert VALUES["pool22_floor"] == nn.MaxPool2d(2, 2)(block).shape[-1]
    assert VALUES["pool22_ceil"] == nn.MaxPool2d(2, 2, ceil_mode=True)(block).shape[-1]


def test_the_number_of_crops_is_that_of_the_places_where_a_crop_fits() -> None:
    places = [left for left in range(0, 384, 32) if left + 224 <= 384]
    assert VALUES["crops_axis"] == len(places)
    assert VALUES["crops"] == len(places) ** 2


def test_the_image_sizes_that_fit_are_those_that_torch_takes() -> None:
    for key, name in (
        ("paper", "alexnet_paper"),
        ("torchvision", "alexnet_torchvision"),
        ("vgg", "vgg16_padded"),
    ):
        made: dict[str, nn.Sequential] = {}
        with torch.device("meta"):
            exec(networks.code(name), made)  # noqa: S102  # our own code
        found = made["model"]
        names = [each for each, _ in found.named_children()]
        below = found[: names.index("pool5") + 1]
        sides = {
            size: below(torch.zeros(1, 3, size, size, device="meta")).shape[-1]
            for size in range(200, 270)
        }
        fits = [size for size, side in sides.items() if side == VALUES[f"fits_{key}_side"]]
        smallest, largest = VALUES[f"fits_{key}_smallest"], VALUES[f"fits_{key}_largest"]
        assert fits == list(range(smallest, largest + 1))
        assert len(fits) == VALUES["vgg_stride"]


def test_the_numbers_of_one_size_are_torchs() -> None:
    assert VALUES["one_came"] == 30976 == 256 * 11 * 11
    assert VALUES["vgg_flat_larger"] == 73728 == 512 * 12 * 12
    assert VALUES["vgg_weights_larger_formula"].endswith("301989888")
    assert VALUES["vgg_weights_formula"].endswith(str(nn.Linear(25088, 4096).weight.numel()))
    assert VALUES["one_parameters_wider"] == 30976 * 4096 + 4096
    weights = nn.AdaptiveAvgPool1d(6)(torch.eye(11)[None])[0] != 0
    cells = weights.sum(0).tolist()
    assert cells == [VALUES["adaptive_outer"], *[VALUES["adaptive_inner"]] * 4, cells[0]]
    assert VALUES["adaptive_twice"] == int((weights.sum(1) == 2).sum())
    place = nn.Linear(256, 1000)(torch.zeros(1, *VALUES["per_place_input"]))
    assert VALUES["per_place_output"] == tuple(place.shape[1:])
    assert VALUES["small_more_outputs"] == nn.Conv1d(1, 1, 3)(torch.zeros(1, 1, 8)).shape[-1]
    convolutions = [nn.Conv2d(a, b, 3) for a, b in pairwise(_VGG)]
    count = sum(each.numel() for conv in convolutions for each in conv.parameters())
    assert VALUES["vgg_convolution_parameters"] == count


_VGG = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)


def test_the_inputs_that_give_alexnets_sizes_are_torchs() -> None:
    def sizes(side: int, padding: int) -> list[int]:
        x, found = torch.zeros(1, 1, side, side), []
        for layer in (nn.Conv2d(1, 1, 11, 4, padding), *[nn.MaxPool2d(3, 2)] * 3):
            x = layer(x)
            found.append(x.shape[-1])
        return found

    for padding, smallest, largest in (
        (0, VALUES["unpadded_smallest"], VALUES["unpadded_largest"]),
        (2, VALUES["padded_smallest"], VALUES["padded_largest"]),
    ):
        fits = [side for side in range(200, 260) if sizes(side, padding) == [55, 27, 13, 6]]
        assert (fits[0], fits[-1]) == (smallest, largest)


def test_what_layers_are_folded_into_has_as_many_weights() -> None:
    for name in ("lenet", "alexnet"):
        channels, rows, columns = VALUES[f"folded_{name}_map"]
        outputs, inputs = VALUES[f"folded_{name}_matrix"]
        kernels = nn.Conv2d(channels, outputs, VALUES[f"folded_{name}_kernel"], bias=False)
        assert kernels.weight.numel() == outputs * inputs == VALUES[f"folded_{name}_weights"]
        assert kernels(torch.zeros(1, channels, rows, columns)).shape[2:] == (1, 1)


def test_the_orders_of_a_flattening_are_torchs() -> None:
    maps, row = torch.arange(8.0).view(1, 2, 2, 2), torch.arange(8.0)
    for name, axes in (
        ("first", (0, 1, 2, 3)),
        ("last", (0, 2, 3, 1)),
        ("transposed", (0, 3, 2, 1)),
    ):
        flat = maps.permute(axes).flatten(1)[0]
        assert VALUES[f"order_{name}"] == " ".join(str(int(each)) for each in flat)
        assert VALUES[f"order_{name}_score"] == int(flat @ row)
    careless = nn.functional.conv2d(maps, row.view(1, 2, 2, 2))
    assert int(careless) == VALUES["order_first_score"] != VALUES["order_last_score"]


def test_a_pooling_that_takes_its_own_stride_leaves_one_place() -> None:
    maps = torch.zeros(1, 1, *VALUES["vgg_map_larger"])
    for pool, formula in (
        (nn.AvgPool2d(7), VALUES["average_careless"]),
        (nn.AvgPool2d(7, stride=1), VALUES["average_careful"]),
    ):
        assert formula.endswith(f"= {pool(maps).shape[-1]}")


def test_the_windows_that_shifted_passes_reach_are_counted_one_by_one() -> None:
    step, own, last = VALUES["finer_step"], VALUES["vgg_stride"], 384 - 224

    def reached(*shifts: tuple[int, int]) -> int:
        return len(
            {
                (row, column)
                for top, left in shifts
                for row in range(top, last + 1, own)
                for column in range(left, last + 1, own)
            }
        )

    assert reached((0, 0)) == VALUES["finer_first"]
    assert reached((0, step)) == reached((step, 0)) == VALUES["finer_one"]
    assert reached((step, step)) == VALUES["finer_both"]
    assert reached((0, 0), (step, step)) == VALUES["finer_twice"] == 61
    every = ((0, 0), (0, step), (step, 0), (step, step))
    assert reached(*every) == VALUES["finer_windows"] == 121
    assert VALUES["finer_windows"] == VALUES["finer_axis"] ** 2


def test_a_map_of_six_by_six_is_torchs_and_one_of_twelve_by_twelve_is_padded() -> None:
    below = nn.Sequential(*[nn.MaxPool2d(2)] * 5)
    x, sides = torch.zeros(1, 1, 384, 384), [384]
    for layer in below:
        x = layer(x)
        sides.append(x.shape[-1])
    assert VALUES["vgg_chain_larger"] == " → ".join(map(str, sides))
    kernel = torch.ones(1, 1, *VALUES["vgg_kernel"])
    assert nn.functional.conv2d(x, kernel).shape[2:] == VALUES["vgg_cells"] == (6, 6)
    padded = nn.functional.conv2d(torch.ones_like(x), kernel, padding="same")
    assert padded.numel() == VALUES["same_cells"] == 144
    assert VALUES["same_formula"].endswith(f"= {padded.shape[-1]}")
    # Where the kernel lies on the map, it reads all of its values.
    assert int((padded == kernel.numel()).sum()) == VALUES["crops"]


def test_the_numbers_of_the_first_chapters_are_torchs() -> None:
    fc6, fc7, fc8 = (nn.Linear(*sizes) for sizes in ((9216, 4096), (4096, 4096), (4096, 1000)))
    assert VALUES["fc6_weights"] == fc6.weight.numel() == 37_748_736
    assert VALUES["fc6_parameters"] == fc6.weight.numel() + fc6.bias.numel()
    assert (VALUES["fc7_width"], VALUES["fc8_width"]) == (fc7.out_features, fc8.out_features)
    held = sum(each.numel() for layer in (fc6, fc7, fc8) for each in layer.parameters())
    assert VALUES["dense_share"] == Fraction(100 * held, VALUES["alexnet_parameters"])
    assert VALUES["vgg_volume"] == (7, 7, 512)
    # Counted in the papers: strides above 1, and poolings with a window, of LeNet-5, AlexNet,
    # VGG-16, ResNet-50, ViT-B/16 and ConvNeXt-T.
    strides = [[2, 2], [4, 2, 2, 2], [2] * 5, [2] * 5, [16], [4, 2, 2, 2]]
    assert VALUES["known_networks"] == len(strides)
    assert VALUES["strided_layers"] == sum(map(len, strides))
    assert VALUES["strided_wide"] == sum(stride > 2 for each in strides for stride in each)
    assert (VALUES["known_poolings"], VALUES["known_poolings_two"]) == (2 + 3 + 5 + 1, 2 + 5)


def test_no_two_chapters_give_one_name_to_two_numbers() -> None:
    names = [name for chapter in results._CHAPTERS for name in chapter.values()]
    assert len(names) == len(set(names))
