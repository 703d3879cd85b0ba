"""The values that prose refers to, against numbers worked out by other routes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from cnnexplain.book import forms, results
from cnnexplain.languages import LANGUAGES

ROOT = Path(__file__).parents[2]
VALUES = results.values()


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
