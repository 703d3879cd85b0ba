"""What a unit sees, and why it is not what the table says of its layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import cnnexplain as cx
from cnnexplain import geometry
from cnnexplain.errors import ArgumentError
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from cnnexplain.operations.regions import Region


def field(text: str, size: tuple[int, ...], unit: tuple[int, ...] | None = None) -> object:
    traced = cx.trace(text, size)
    found = traced.receptive_field(traced.rows[-1].name, unit)
    return found.size, found.reason


def test_a_unit_far_from_the_border_sees_what_the_table_says() -> None:
    assert field("nn.Sequential(nn.Conv2d(1, 1, 3, padding=1))", (1, 9, 9), (4, 4)) == (
        (3, 3),
        None,
    )


def test_at_the_border_the_picture_ends() -> None:
    conv = "nn.Sequential(nn.Conv2d(1, 1, 3, padding=1))"
    assert field(conv, (1, 9, 9), (0, 4)) == ((2, 3), "border")


def test_behind_a_transposed_convolution_units_differ_in_phase() -> None:
    up = "nn.Sequential(nn.ConvTranspose2d(1, 1, 3, stride=2))"
    assert field(up, (1, 9, 9), (6, 7)) == ((2, 1), "phase")


def test_a_normalisation_over_the_picture_sees_everything() -> None:
    norm = "nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2))"
    assert field(norm, (1, 9, 9), (3, 3)) == ((9, 9), "everything")


def test_bins_of_different_widths_are_told_by_no_one_number() -> None:
    pool = "nn.Sequential(nn.AdaptiveAvgPool2d(3))"
    assert field(pool, (1, 10, 10), (1, 1)) == ((4, 4), "uneven")


def test_units_that_see_nothing_but_padding_see_nothing() -> None:
    assert field("nn.Sequential(nn.Conv2d(1, 1, 1, padding=1))", (1, 4, 4), (0, 2)) == (
        (0, 0),
        "border",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_difference_is_said_in_the_readers_language(language: str) -> None:
    found = cx.trace(cx.networks.alexnet()).receptive_field("pool5", (0, 0))
    with cx.language(language):
        assert found.note is not None
        assert found.note[-1] in ".。"
    assert cx.trace(cx.networks.alexnet()).receptive_field("conv1", (5, 5)).note is None


@pytest.mark.parametrize(
    ("unit", "received"),
    [
        ((6, 0), "unit=(6, 0)"),
        ((-1, 0), "unit=-1"),
        ((0, 0, 0, 0), "unit=(0, 0, 0, 0)"),
        ("00", "unit='00'"),
    ],
)
def test_a_unit_that_is_not_there_is_refused(unit: object, received: str) -> None:
    alexnet = cx.trace(cx.networks.alexnet())
    with pytest.raises(ArgumentError) as caught:
        alexnet.receptive_field("pool5", unit)  # type: ignore[arg-type]
    assert caught.value.received == received


def test_an_input_that_is_not_there_is_refused() -> None:
    with pytest.raises(ArgumentError, match="expected: input between 0 and 0"):
        cx.trace(cx.networks.alexnet()).receptive_field("pool5", (0, 0), input=1)


def test_with_two_inputs_nothing_is_said_of_the_one_that_the_table_does_not_tell_of() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow, self.wide = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 5, padding=2)

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> Any:
            return self.narrow(x) + self.wide(y)

    traced = cx.trace(Both(), [(1, 20, 20), (1, 20, 20)])
    assert traced["add"].receptive_field == (3, 3)
    assert traced["wide"].source == 1
    first, second = (traced.receptive_field("add", (9, 9), input=each) for each in (0, 1))
    assert (first.size, first.note) == ((3, 3), None)
    assert (second.size, second.note) == ((5, 5), None)


def test_behind_a_function_without_a_rule_a_unit_is_taken_to_see_everything() -> None:
    class Sorted(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sort(x, dim=-1).values

    traced = cx.trace(Sorted(), (1, 6, 6))
    found = traced.receptive_field(traced.rows[-1].name, (2, 3))
    assert (found.size, found.exact, found.reason) == ((6, 6), False, "operation")


def test_a_unit_with_an_index_for_each_axis_is_found() -> None:
    assert geometry._region((2, 3), (4, 5)) == (range(2, 3), range(3, 4))


def test_parts_that_lie_in_others_are_left_out_and_too_many_are_taken_as_one() -> None:
    small, large = (range(2, 3),), (range(5),)
    assert geometry._added([large], small) == [large]
    assert geometry._added([small], large) == [large]
    apart: list[Region] = [(range(2 * at, 2 * at + 1),) for at in range(16)]
    assert geometry._added(apart, (range(40, 41),)) == [(frozenset([*range(0, 31, 2), 40]),)]
