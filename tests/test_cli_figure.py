"""`cnnexplain figure`: every figure by its options, in every format, whole or not at all."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from typer.testing import CliRunner

import cnnexplain as cx
from cnnexplain import drawing
from cnnexplain.cli import app
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

STRIDE = ["figure", "stride", "--input-size", "5", "--kernel-size", "3", "--stride", "2"]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_the_list_names_every_function_that_draws_with_what_it_shows() -> None:
    result = run("figure", "--list")
    assert result.exit_code == 0
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    functions = {
        name: function
        for name in cx.figures.__all__
        if inspect.isfunction(function := getattr(cx.figures, name))
        and not name.startswith("site_")
    }
    assert dict(lines) == {
        name: inspect.getdoc(function).partition("\n")[0] for name, function in functions.items()
    }


@pytest.mark.parametrize("name", drawing.families())
def test_every_argument_of_every_figure_is_an_option_with_its_help(name: str) -> None:
    result = run("figure", name, "--help")
    assert result.exit_code == 0
    told = " ".join(result.stdout.split())
    for argument in inspect.signature(drawing.families()[name]).parameters.values():
        option = f"--{argument.name.replace('_', '-')}"
        network = str(argument.annotation).removesuffix(" | None") in drawing._NETWORKS
        assert ("NETWORK" if network else option) in told, argument.name


@pytest.mark.parametrize("suffix", ["svg", "html", "png", "gif", "mp4"])
def test_the_file_is_what_the_function_makes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"stride.{suffix}"
    result = run(*STRIDE, "-o", str(path))
    assert (result.exit_code, result.output) == (0, "")
    again = tmp_path / f"again.{suffix}"
    cx.figures.stride(5, 3, 2).save(again)
    assert path.read_bytes() == again.read_bytes()


def test_size_speed_theme_and_language_are_options(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    words = ["--width", "300", "--speed", "2", "--theme", "dark", "--language", "ja"]
    assert run(*STRIDE, *words, "-o", str(path)).exit_code == 0
    with cx.language("ja"):
        figure = cx.figures.stride(5, 3, 2).faster(2)
    assert path.read_bytes() == figure.gif(300, "dark")
    assert Image.open(BytesIO(path.read_bytes())).width == 300


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_figure_speaks_the_language(tmp_path: Path, code: str) -> None:
    path = tmp_path / "a.svg"
    run(*STRIDE, "--language", code, "-o", str(path))
    assert f'lang="{code}"' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "given"),
    [
        (["--input-size", "5x9"], {"input_size": (5, 9)}),
        (["--padding", "same"], {"padding": "same"}),
        (["--padding", "1x2"], {"padding": (1, 2)}),
        (["--padding", "0,1x2"], {"padding": ((0, 1), 2)}),
        (
            ["--ceil-mode", "--operation", "max_pooling", "--kernel-size", "2", "--stride", "2"],
            {"ceil_mode": True, "operation": "max_pooling", "kernel_size": 2, "stride": 2},
        ),
    ],
)
def test_options_are_read_as_the_arguments_that_they_are(
    tmp_path: Path, written: list[str], given: Any
) -> None:
    path = tmp_path / "a.svg"
    assert run("figure", "stride", *written, "-o", str(path)).exit_code == 0
    assert path.read_bytes() == cx.figures.stride(**given).file()


def test_maps_come_from_files(tmp_path: Path) -> None:
    errors, path = tmp_path / "errors.json", tmp_path / "a.svg"
    errors.write_text(json.dumps([[0.2, 0.27], [0.27, 0.35]]))
    words = ["--errors", str(errors), "--image-size", "256", "-o", str(path)]
    assert run("figure", "error_map", *words).exit_code == 0
    wanted = cx.figures.error_map([[0.2, 0.27], [0.27, 0.35]], image_size=256)
    assert path.read_bytes() == wanted.file()
    halos = tmp_path / "halos.json"
    halos.write_text('{"0": 0.3, "32": 0.1}')
    assert run("figure", "halo", "--errors", str(halos), "-o", str(path)).exit_code == 0
    assert path.read_bytes() == cx.figures.halo({0: 0.3, 32: 0.1}).file()


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["strid", "-o", "a.svg"],
            [f"expected: one of {', '.join(drawing.families())}", "received: 'strid'",
             "cure: write stride"],
        ),
        (
            ["stride", "--stride", "two", "-o", "a.svg"],
            ["expected: --stride SIZE", "received: --stride 'two'",
             "cure: write for example --stride 3, or 3x5 for height and width"],
        ),
        (
            ["stride", "--stride", "0", "-o", "a.svg"],
            ["expected: stride as an integer of at least 1", "received: stride=0",
             "cure: use stride=1 or more"],
        ),
        (
            ["stride", "-o", "a.webp"],
            ["expected: a file name that ends with .svg, .html, .png, .gif, .mp4",
             "received: --output 'a.webp'", "cure: write for example --output figure.png"],
        ),
        (
            ["error_map", "--errors", "none.json", "-o", "a.svg"],
            ["expected: a file that can be read",
             "received: --errors 'none.json' (No such file or directory)",
             "cure: write its path"],
        ),
        (
            ["error_map", "--errors", "broken.json", "-o", "a.svg"],
            ["expected: --errors FILE.json",
             "received: --errors 'broken.json' (Expecting value: line 1 column 1 (char 0))",
             "cure: write for example --errors map.json, with rows of numbers"],
        ),
        (
            ["halo", "--errors", "list.json", "-o", "a.svg"],
            ["expected: --errors FILE.json",
             "received: --errors 'list.json' (an object is wanted)",
             'cure: write for example --errors errors.json, with {"0": 0.3}'],
        ),
        (
            ["stride", "-o", "none/a.svg"],
            ["expected: a file that can be written",
             "received: --output 'none/a.svg': there is no such folder",
             "cure: name a file in a folder that exists and is yours to write"],
        ),
        (
            ["stride", "--speed", "100", "-o", "a.svg"],
            ["expected: speed from 0.1 to 10.0, where 1 is that of a page",
             "received: speed=100.0", "cure: write for example speed=2"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], lines: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("x")
    (tmp_path / "list.json").write_text("[]")
    result = run("figure", *words)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == lines
    assert not list(tmp_path.glob("a.*"))


def test_without_a_name_the_help_is_shown() -> None:
    assert run("figure").exit_code == 0
    assert "cnnexplain figure --list" in run("figure", "--help").stdout
    assert run("figure", "--nothing").exit_code == 2


def test_a_forgotten_output_is_named() -> None:
    result = run(*STRIDE)
    assert result.exit_code == 2
    assert "--output" in result.stderr


def test_drawing_needs_no_torch_and_shows_no_traceback(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = None; from cnnexplain.cli import app;"
        f"app({[*STRIDE, '-o', str(tmp_path / 'a.svg')]!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
