"""The conversions of the pages: their programs, what they give, and what the labs say of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import cnnexplain as cx
from cnnexplain.book import contents, conversions
from cnnexplain.book.conversions import CONVERSIONS, Converted
from cnnexplain.errors import BookError, ConversionError
from cnnexplain.languages import LANGUAGES

DOCS = Path(__file__).parents[2] / "docs"
CONVERTED = [name for name, each in CONVERSIONS.items() if not each.refused]
REFUSED = [name for name, each in CONVERSIONS.items() if each.refused]


def page(language: str) -> str:
    return (DOCS / language / "converting.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_under_a_program_of_the_page_is_what_it_gives(language: str) -> None:
    found = re.findall(
        r"```python\n((?:(?!```).)*)```\n\n--8<-- \"tables/(.*?).html\"", page(language), re.DOTALL
    )
    assert {name: code for code, name in found} == {
        name: each.code for name, each in CONVERSIONS.items()
    }


def test_no_table_has_the_name_of_a_conversion() -> None:
    assert not set(CONVERSIONS) & set(contents.TABLES)
    assert {name: make() for name, make in conversions.tables().items()} == CONVERSIONS


@pytest.mark.parametrize("name", CONVERTED)
def test_a_converted_network_of_the_page_agrees_with_the_original_on_every_window(
    name: str,
) -> None:
    code = CONVERSIONS[name].code
    scope: dict[str, Any] = {"__name__": "model"}
    exec(code.rsplit("\n", 2)[0], scope)  # noqa: S102  # our own text
    side = int(re.findall(r", (\d+)\)\)\n$", code)[0])
    image = torch.rand(3, side + 8, side + 8)
    compared = cx.compare(scope["model"], image, window=side, device="cpu")
    assert compared.errors.numel() > 1
    assert compared.maximum < 1e-9
    assert "not exact" not in str(CONVERSIONS[name].conversion())


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_of_the_page_tells_the_layer_and_the_cure(name: str) -> None:
    with pytest.raises(ConversionError):
        CONVERSIONS[name].conversion()
    said = CONVERSIONS[name].refusal()
    assert said.startswith("ConversionError: expected: operations that compute each window")
    assert "at layer '" in said
    assert "\ncure: " in said
    assert said.splitlines()[-1] in CONVERSIONS[name].to_html("fr")


def test_a_network_that_converts_is_no_refusal() -> None:
    with pytest.raises(BookError, match="cannot be converted"):
        Converted(CONVERSIONS["converted-own"].code, refused=True).to_html()


@pytest.mark.parametrize(("language", "word"), [("en", "Window"), ("fr", "Fenêtre")])
def test_a_table_is_in_its_language(language: str, word: str) -> None:
    html = CONVERSIONS["converted-own"].to_html(language)
    assert word in html
    assert "Conv2d(16, 120, kernel_size=5)" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lines_of_the_page_fold_a_layer(language: str) -> None:
    lines = re.findall(r"```python\n(.*?)```", page(language), re.DOTALL)[0]
    assert "4096, 512, 7, 7" in lines
    small: dict[str, nn.Module] = {}
    exec(lines.replace("4096", "8").replace("512", "3"), small)  # noqa: S102  # our own page
    maps = torch.rand(2, 3, 7, 7)
    wanted = small["linear"](torch.flatten(maps, 1))
    assert torch.allclose(small["conv"](maps).flatten(1), wanted, atol=1e-5)
    assert not torch.allclose(small["conv"](maps.mT).flatten(1), wanted, atol=1e-5)


def test_weights_of_keras_are_folded_as_the_page_and_the_lab_say() -> None:
    channels, rows, columns, outputs = 3, 4, 5, 2
    maps = torch.rand(1, channels, rows, columns)
    matrix = torch.rand(outputs, rows * columns * channels)
    wanted = maps.permute(0, 2, 3, 1).flatten(1) @ matrix.T
    kernel = matrix.view(outputs, rows, columns, channels).permute(0, 3, 1, 2)
    assert torch.allclose(nn.functional.conv2d(maps, kernel).flatten(1), wanted, atol=1e-5)
    careless = matrix.view(outputs, channels, rows, columns)
    assert not torch.allclose(nn.functional.conv2d(maps, careless).flatten(1), wanted, atol=1e-2)

    dense = matrix.T.contiguous().numpy()  # as Keras keeps it
    lab = torch.from_numpy(dense).T.reshape(-1, rows, columns, channels).permute(0, 3, 1, 2)
    assert torch.equal(lab, kernel)


def test_the_answers_of_the_converting_labs_exercises_hold() -> None:
    linear = nn.Linear(32 * 4 * 6, 50)
    conv = nn.Conv2d(32, 50, kernel_size=(4, 6))
    assert conv.weight.shape == linear.weight.view(50, 32, 4, 6).shape
    assert conv(torch.zeros(1, 32, 9, 9)).shape == (1, 50, 6, 4)

    ending = nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(16 * 9, 10)
    model = nn.Sequential(nn.Conv2d(3, 16, 3), *ending).eval()
    steps = cx.fully_convolutional(model, (3, 8, 8)).steps
    assert [step.after for step in steps if step.after != "Identity()"] == [
        "AvgPool2d(2, stride=1)",
        "Conv2d(16, 10, kernel_size=3, dilation=2)",
    ]


_PADDED = """
nn.Sequential(
    nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(16 * 7 * 7, 10),
)
"""


def test_the_answers_of_the_sliding_labs_exercises_hold() -> None:
    alexnet = cx.fully_convolutional(cx.networks.alexnet(), (3, 227, 227))
    assert alexnet.exactness.halo == (64, 64)
    assert alexnet.receptive_field == (355, 355)

    one = cx.compare(_PADDED, torch.rand(1, 64, 64), window=32, device="cpu")
    assert not any(map(any, one.exact))
    assert one.conversion.exactness.halo == (4, 4)
    lab = (DOCS / "labs/sliding.py").read_text(encoding="utf-8")
    (padded,) = re.findall(r'network = """(.*?)"""', lab, re.DOTALL)
    assert cx.fully_convolutional(padded, (1, 32, 32)).exactness.halo == (8, 8)

    finer = cx.fully_convolutional(_PADDED, (1, 32, 32)).effective_stride
    assert finer == (4, 4)
    windows = {
        (top + 4 * row, left + 4 * column)
        for top in range(4)
        for left in range(4)
        for row in range((64 - top - 32) // 4 + 1)
        for column in range((64 - left - 32) // 4 + 1)
    }
    assert len(windows) == 1089
