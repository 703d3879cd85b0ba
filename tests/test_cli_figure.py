"""`cnnexplain figure`: every figure by its options, in every format, whole or not at all."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from rich.text import Text
from typer.testing import CliRunner

import cnnexplain as cx
from cnnexplain import drawing
from cnnexplain.cli import app
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

STRIDE = ["figure", "stride", "--input-size", "5", "--kernel-size", "3", "--stride", "2"]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_name_of_a_file_is_text_in_the_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        "rich.progress.Progress.add_task", lambda _, name, **_named: told.append(name)
    )
    monkeypatch.setattr("rich.progress.Progress.update", lambda *_, **_named: None)
    monkeypatch.chdir(tmp_path)
    assert run(*STRIDE, "-o", "[red]a\x1b.svg").exit_code == 0
    (name,) = told
    assert Text.from_markup(name).plain == "[red]a\ufffd.svg"


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
        name: str(inspect.getdoc(function)).partition("\n")[0]
        for name, function in functions.items()
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
            ["expected: a file that exists", "received: 'none.json'", "cure: write its path"],
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
             "cure: name a file in a folder that exists, has room and is yours to write"],
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


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("[" * 100_000 + "]" * 100_000, ["expected: --errors FILE.json",
         "received: a file of lists in lists in lists", "cure: write fewer"]),
        ('{"0": 0.1, "0": 0.2}', ["expected: --errors FILE.json",
         "received: --errors 'x.json' (a name twice)",
         'cure: write for example --errors errors.json, with {"0": 0.3}']),
        ('{"0": 0.1, "00": 0.2}', ["expected: --errors FILE.json",
         "received: --errors 'x.json' (a number twice)",
         'cure: write for example --errors errors.json, with {"0": 0.3}']),
    ],
)  # fmt: skip
def test_what_json_would_take_without_a_word_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, lines: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.json").write_text(content)
    result = run("figure", "halo", "--errors", "x.json", "-o", "a.svg")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == lines


def test_a_file_that_is_read_is_not_written(tmp_path: Path) -> None:
    scores, photograph = tmp_path / "scores.json", tmp_path / "photograph.png"
    scores.write_text("[[0.5]]")
    content = cx.figures.stride(3, 2).png(100)
    photograph.write_bytes(content)
    words = ["--scores", str(scores), "--image-size", "224", "--photograph", str(photograph)]
    result = run("figure", "placed", *words, "-o", str(photograph))
    assert result.exit_code == 2
    assert "it is read too" in result.stderr
    assert photograph.read_bytes() == content


NETWORK = """nn.Sequential(
    nn.Conv2d(3, 4, 3, stride=2), nn.MaxPool2d(3), nn.Flatten(), nn.Linear(100, 5))"""


def test_a_text_has_the_size_that_is_given_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    words = ["figure", "crops", "-", "--input", "3x32x32", "--image-size", "44", "-o", str(path)]
    result = CliRunner().invoke(app, words, input=NETWORK)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "32×32" in path.read_text(encoding="utf-8")


def test_a_network_that_does_not_fit_gives_1(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    result = run("figure", "volumes", "alexnet", "--input", "3x16x16", "-o", str(path))
    assert result.exit_code == 1
    assert not path.exists()


def test_a_layers_name_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    layers = r'OrderedDict([("a\ud800\x00<b>", nn.Conv2d(3, 4, 3)), ("c", nn.ReLU())])'
    words = ["figure", "parameters", "-", "--input", "3x16x16", "-o", str(path)]
    result = CliRunner().invoke(app, words, input=f"nn.Sequential({layers})")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "&lt;b&gt;" in path.read_text(encoding="utf-8")
    ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314  # our own text


def test_networks_are_named_once(tmp_path: Path) -> None:
    path = str(tmp_path / "a.svg")
    assert run("figure", "known_strides", "--networks", "alexnet,vgg16", "-o", path).exit_code == 0
    result = run("figure", "known_strides", "--networks", "alexnet,alexnet", "-o", path)
    assert "(one of them twice)" in result.stderr
