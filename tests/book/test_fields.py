"""The chapter on receptive fields: its programs are its figures', and its numbers are torch's."""

from __future__ import annotations

import contextlib
import io
import re
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import cnnexplain as cx
from cnnexplain import axis, networks
from cnnexplain.book import contents
from cnnexplain.book.results import fields
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from cnnexplain.windows import Convolution

DOCS = Path(__file__).parents[2] / "docs"
VALUES: dict[str, Any] = {**fields.values()}
VGG16 = [each for _, each in fields.windows(cx.trace(networks.vgg16()))]


def positive(windows: list[Convolution]) -> nn.Sequential:
    """Return a network of one channel whose paths cannot cancel, and none of which is left out."""
    layers: list[nn.Module] = []
    for each in windows:
        if each.stride > 1:
            layers.append(nn.AvgPool2d(each.kernel_size, each.stride))
            continue
        conv = nn.Conv2d(1, 1, each.kernel_size, padding=each.padding[0], bias=False)
        nn.init.ones_(conv.weight)
        layers.append(conv)
    return nn.Sequential(*layers).double()


def gradient(network: nn.Module, size: int, unit: int) -> torch.Tensor:
    """Return the gradient of a unit with respect to the picture, added up over its columns."""
    x = torch.zeros(1, 1, size, size).double().requires_grad_()
    network(x)[0, 0, unit, unit].backward()
    assert x.grad is not None
    return x.grad[0, 0].sum(1)


def seen(network: nn.Module, size: int, unit: int) -> tuple[int, int]:
    """Return the first and the last pixel with a gradient."""
    found = gradient(network, size, unit).nonzero().flatten().tolist()
    return found[0], found[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_programs_of_the_page_are_those_that_make_its_table_and_numbers(language: str) -> None:
    page = (DOCS / language / "receptive-fields.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert [f"\n{each}" for each in programs] == [contents.STACK, contents.UNET]


def test_the_programs_print_what_the_page_tells() -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for program in (contents.STACK, contents.UNET):
            exec(program, {})  # noqa: S102  # our own page
    told, size = VALUES["field_unet_told"], VALUES["field_stack"]
    interval = f"range({VALUES['field_unet_first']}, {VALUES['field_unet_last'] + 1})"
    lines = [(size, size), (told, told), *[f"({interval}, {interval})"] * 2]
    assert printed.getvalue().splitlines() == list(map(str, lines))


def test_receptive_fields_are_those_of_gradients() -> None:
    first, last = seen(positive(VGG16), 640, 7)
    assert last - first + 1 == 404
    assert first == 7 * VALUES["field_vgg_pool5_stride"] - VALUES["field_vgg_padding"]
    corner = seen(positive(VGG16[:-1]), 224, 0)
    assert corner == (0, VALUES["field_vgg_corner"] - 1)
    stack = [each for _, each in fields.windows(contents.padded_stack())]
    first, last = seen(positive(stack), 64, 16)
    step, start = VALUES["field_stack_stride"], int(VALUES["field_stack_first"])
    assert (first, last) == (16 * step + start, 16 * step + VALUES["field_stack_last"])
    assert int(VALUES["field_stack_next"]) == start + step


def test_the_wrong_order_gives_the_numbers_of_the_heading_and_of_the_question() -> None:
    # The steps that the question names, by its own rule: two more for a convolution, twice as many
    # for a pooling.
    asked = [3, 5, 10, 12, 14, 28, 30, 32, 34, 68, 70, 72, 74, 148, 150, 152, 154, 308, 314]
    assert fields.downward(VGG16) == asked
    assert (VALUES["field_mixed_pool5"], VALUES["field_mixed_fc6"]) == (308, 314)


def test_layers_that_read_the_same_in_both_directions_hide_the_wrong_order() -> None:
    layers = [axis.convolution(3), axis.convolution(2, stride=2), axis.convolution(3)]
    assert fields.upward(layers)[-1] == fields.downward(layers)[-1]
    other = [axis.convolution(5), *layers[1:]]
    assert fields.upward(other)[-1] != fields.downward(other)[-1]


@pytest.mark.parametrize("size", [224, 255, 256, 384, 511])
def test_the_whole_network_makes_as_many_scores_as_one_layer_with_its_numbers(size: int) -> None:
    whole = axis.convolution(404, stride=32, padding=VALUES["field_vgg_padding"])
    assert whole.output_size(size) == reduce(lambda side, each: each.output_size(side), VGG16, size)


def test_a_cell_and_its_window_have_the_same_centre() -> None:
    conversion = cx.fully_convolutional(cx.networks.vgg16(), (3, 224, 224))
    (field,), (pad,) = set(conversion.receptive_field), {VALUES["field_vgg_padding"]}
    assert field / 2 - pad == conversion.window[0] / 2 == VALUES["field_centre"]
    # What torch makes of the last cell alone.
    cells = torch.zeros(1, 1, 6, 6)
    cells[..., 5, 5] = 1
    lit = nn.functional.interpolate(cells, size=384)[0, 0, -1].nonzero().double()
    assert lit.mean().item() + 0.5 == VALUES["field_stretched_last"]
    assert lit.mean().item() + 0.5 - VALUES["field_last_centre"] == 80


def test_paths_are_the_gradients_of_ones() -> None:
    small = gradient(positive([axis.convolution(3)] * 3), 7, 0)
    assert small.tolist() == [27 * each for each in fields.paths([axis.convolution(3)] * 3)]
    assert re.findall(r"\d", VALUES["field_paths"]) == list("1367631")
    deep = gradient(positive(VGG16[:-1]), 224, 3)[6:218]
    share = (deep[53:159].sum() / deep.sum()).item() ** 2
    assert round(100 * share) == VALUES["field_vgg_share"]


def test_dilation_leaves_the_gaps_that_torch_leaves() -> None:
    layers = [nn.Conv2d(1, 1, 3, dilation=2, bias=False) for _ in range(2)]
    for layer in layers:
        nn.init.ones_(layer.weight)
    network = nn.Sequential(*layers)
    pixels = gradient(network.double(), 16, 0).nonzero().flatten().tolist()
    assert len(pixels) == VALUES["field_gaps_read"]
    assert pixels[-1] - pixels[0] + 1 == VALUES["field_gaps"]
    assert {b - a for a, b in pairwise(pixels)} == {2}


def test_the_answers_of_the_labs_exercises_hold() -> None:
    assert fields.upward([axis.convolution(3)] * 3)[-1] == fields.upward([axis.convolution(7)])[-1]
    for program, size in (
        (contents.STACK.replace("1, 3)", "1, 3, dilation=2)"), 14),
        (contents.STACK.replace("1, 5)", "1, 5, stride=2)"), 15),
    ):
        scope: dict[str, object] = {}
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(program, scope)  # noqa: S102  # our own page
        assert printed.getvalue() == f"({size}, {size})\n"

    def clean(size: int) -> range:
        """Return the scores that padding does not reach."""
        units = range(size)
        for each in VGG16:
            size = each.output_size(size)
            units = each.clean(units, size)
        return units

    assert list(clean(410)) == [3]
    assert not clean(409)


def test_a_crop_without_padding_for_one_score_is_found_by_counting() -> None:
    first = next(start for start in range(-90, 404, 32) if start >= 0)
    assert VALUES["field_clean_last"] == [*range(first, first + 404)][-1]
    assert VALUES["field_clean_crop"] == len(range(first + 404))
