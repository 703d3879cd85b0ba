"""The command that explains: what it writes, what it refuses, and with which exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import cnnexplain as cx
from cnnexplain.cli import Language, Saying, app
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

MODULE = """
import torch
from torch import nn

print("what a module prints is no part of the explanation")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5)
        self.fc = nn.Linear(8 * 24 * 24, 10)

    def forward(self, x):
        print("nor what forward prints")
        x = self.conv(x)
        x = torch.flatten(x, 1)
        return self.fc(x)


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 2)

    def forward(self, x, y):
        return self.fc(torch.cat([x, y], 1))


def broken():
    raise RuntimeError("no network")
"""
MAT1 = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x30976 and 9216x4096)"


def run(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(app, ["explain", *arguments], input=text)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "net.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "net.py:Net"


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_does_not_fit_is_explained_with_exit_status_1(code: str) -> None:
    result = run("alexnet", "-i", "3x384x384", "--language", code)
    assert result.exit_code == 1
    expected = cx.explain(cx.networks.alexnet(), (3, 384, 384)).to_text(code)
    assert result.stdout == f"{expected}\n"
    assert result.stderr == ""


def test_what_fits_ends_with_0() -> None:
    for arguments in (["alexnet"], ["vgg16", "-i", "3x255x255"], ["alexnet:torchvision"]):
        result = run(*arguments)
        assert result.exit_code == 0
        assert "Nothing breaks" in result.stdout


def test_a_class_of_a_file_is_explained_with_its_lines(module: str) -> None:
    result = run(module, "--input", "1x32x32")
    assert result.exit_code == 1
    assert "fc expects 4,608 input features but gets 6,272." in result.stdout
    assert "net.py:18: return self.fc(x)" in result.stdout
    assert "Insert before line 17:" in result.stdout
    assert "print" not in result.stdout
    assert run(module, "-i", "1x28x28", "--batch-size", "3").exit_code == 0


def test_several_inputs_are_explained(module: str) -> None:
    del module
    result = run("net.py:Two", "-i", "3", "-i", "4")
    assert result.exit_code == 1
    assert "fc expects 5 input features but gets 7." in result.stdout
    assert run("net.py:Two", "-i", "3", "-i", "2").exit_code == 0


def test_a_text_on_the_standard_input_is_explained() -> None:
    result = run("-", "-i", "3x32x32", text="nn.Sequential(nn.Conv2d(1, 8, 3))")
    assert result.exit_code == 1
    assert "Layer 0 expects a single channel but gets 3." in result.stdout
    wrong = 'nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding="same"))'
    result = run("-", "-i", "3x32x32", text=wrong)
    assert result.exit_code == 1
    assert "padding=1" in result.stdout


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_message_is_explained(code: str) -> None:
    given = run("--message", MAT1, "--language", code)
    assert given.exit_code == 1
    assert "30,976 = 256·11·11" in given.stdout.replace("\u202f", ",")
    assert run("--message", "-", "--language", code, text=MAT1).stdout == given.stdout


@pytest.mark.parametrize("form", Saying)
def test_every_format_is_written_whole(form: Saying, tmp_path: Path) -> None:
    file = tmp_path / "explanation"
    result = run("vgg16", "-i", "3x384x384", "-f", form.value, "-o", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    found = cx.explain(cx.networks.vgg16(), (3, 384, 384))
    expected = getattr(found, f"to_{form.value}")("en")
    assert file.read_text(encoding="utf-8") == expected.rstrip("\n") + "\n"
    if form is Saying.JSON:
        assert json.loads(expected)["problems"][0]["name"] == "fc6"


REFUSED = {
    "neither": ([], "neither", "a network, or a message"),
    "both": (["alexnet", "--message", MAT1], "both", "a network, or a message"),
    "a size of a message": (["--message", MAT1, "-i", "3x8x8"], "--input", "a message alone"),
    "no message": (["--message", "hello"], "'hello'", "a message of PyTorch's about sizes"),
    "no network": (["alexnot"], "'alexnot'", "one of alexnet"),
    "no size": (["-", "-i", "3x"], "3x", "numbers with x between them"),
    "no input": (["-"], "no --input", "the input size, which the network does not know"),
    "two inputs": (["vgg16", "-i", "3x8x8", "-i", "3x8x8"], "2 of them", "one --input"),
}


@pytest.mark.parametrize(("arguments", "received", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_command_line_ends_with_2(
    arguments: list[str], received: str, expected: str
) -> None:
    result = run(*arguments, text="nn.Sequential(nn.ReLU())")
    assert result.exit_code == 2
    assert result.stdout == ""
    head, middle, cure = result.stderr.splitlines()
    assert head.startswith("expected: ")
    assert expected in head
    assert middle.startswith("received: ")
    assert received in middle
    assert cure.startswith("cure: ")


def test_what_cannot_be_made_ends_with_1_and_no_traceback(module: str) -> None:
    del module
    result = run("net.py:broken", "-i", "1x32x32")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line.partition(":")[0] for line in result.stderr.splitlines()[-3:]] == [
        "expected",
        "received",
        "cure",
    ]


def test_an_output_that_is_a_folder_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    result = run("vgg16", "-i", "3x384x384", "-o", str(folder))
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == [folder]
    assert list(folder.iterdir()) == []


def test_the_languages_are_those_of_the_command_line() -> None:
    assert [each.value for each in Language] == list(LANGUAGES)


def test_the_terminals_width_is_kept() -> None:
    environment = {**os.environ, "COLUMNS": "60"}
    command = [sys.executable, "-m", "cnnexplain", "explain", "alexnet", "-i", "3x384x384"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    code = [line for line in result.stdout.splitlines() if line.startswith("     ")]
    others = [line for line in result.stdout.splitlines() if line not in code]
    assert max(map(len, others)) <= 60
    assert "torch" not in result.stderr
