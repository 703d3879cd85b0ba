"""Whatever stands on the command line, there is an exit status and an error of a few lines."""

from __future__ import annotations

import inspect
import os
import sys
import warnings
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

import cnnexplain as cx
from cnnexplain import drawing
from cnnexplain.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL = b"nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(3600, 5))"
MODULE = """
from torch import nn

three = 3


def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(3600, 5))


class Nothing:
    pass
"""
LONG = "n" * 5000
TARGETS = (
    *("alexnet", "lenet5", "alexne", "", "-", ":", "a:b", "-1", "lenet5\n", "é", "\ud800"),
    *("fuzzed:network", "fuzzed.py:network", "fuzzed:three", "fuzzed:Nothing", "fuzzed:__doc__"),
    *("fuzzed..a:x", "fuzzed:network:x", "fuzzed:network.__globals__", "os:getcwd", "sys:exit"),
    *("folder:x", "folder.py:x", "pipe.py:x", "text.png:x", "../..:x", "/:x", "loop.py:x"),
    *("a\0b:c", "\0.py:x", f"{LONG}:x", f"{LONG}.py:x"),
)
SIZES = (
    *("3x32x32", "1x32x32", "3×32×32", "3x32x32x1", "1", "", "x", "3x", "3x0x0", "3x-1x3", "-1"),
    *("1e3", "0x10", "3 x 3", "٣x٣", "²", "\0", "\ud800", "9" * 30, "x".join("1" * 200)),
    *("3x9223372036854775807x2", "999999999x999999999x999999999"),
)
NUMBERS = (
    *(
        "3",
        "32",
        "0",
        "-1",
        "3x5",
        "1,2",
        "1,2x3",
        "0.5",
        "nan",
        "inf",
        "1e9",
        "a",
        "",
        "²",
        "same",
    ),
    *("9" * 9, "9" * 30, "32x32"),
)
OUTPUTS = (
    *("out.svg", "out.SVG", "out.png", "out", ".svg", "", "-", "folder", "folder/../out.svg"),
    *(
        "no/out.svg",
        "pipe",
        "loop",
        "loop/x.svg",
        "/proc/x.svg",
        "/dev/full",
        "\0.svg",
        "\ud800.svg",
    ),
    *("n" * 300 + ".svg", "photo.png"),
)
FILES = (
    *("map.json", "half.json", "bytes.json", "deep.json", "nan.json", "huge.json", "empty", "no"),
    *("photo.png", "half.png", "text.png", "weights.pth", "folder", "pipe", "loop", "\0", ""),
    *("/dev/zero",),
)
INPUTS = (SMALL, SMALL[:30], b"", b"\xff", b"\0", b"nn.Sequential(nn.ReLU())", b"(" * 9000)


def short(value: str) -> str:
    """A name for a test, which no terminal takes for anything else."""
    return ascii(value)[:30]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with files of all kinds, which is the current one."""
    made = tmp_path_factory.mktemp("fuzz")
    photo = BytesIO()
    Image.new("RGB", (32, 32)).save(photo, "PNG")
    contents = {
        "fuzzed.py": MODULE.encode(),
        "map.json": b"[[0.1, 0.2], [0.3, 0.4]]",
        "half.json": b"[[0.1, 0",
        "bytes.json": b"\0\xff",
        "deep.json": b"[" * 100_000,
        "nan.json": b"[[NaN, Infinity]]",
        "huge.json": b"[[1e400, " + b"9" * 5000 + b"]]",
        "empty": b"",
        "photo.png": photo.getvalue(),
        "half.png": photo.getvalue()[: len(photo.getvalue()) // 2],
        "text.png": b"no picture",
        "weights.pth": b"PK\3\4" + photo.getvalue(),
    }
    for name, content in contents.items():
        (made / name).write_bytes(content)
    (made / "folder").mkdir()
    os.mkfifo(made / "pipe")
    (made / "loop").symlink_to("loop")
    (made / "loop.py").symlink_to("loop.py")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(made)
        here.setattr(sys, "path", sys.path[:])
        yield made


def check(folder: Path, words: list[str], text: bytes) -> None:
    """Run the command: refuse tracebacks, half files, and errors that are none of ours."""
    before = {each: each.stat().st_size for each in folder.iterdir() if each.is_file()}
    with warnings.catch_warnings(action="error"):
        done = CliRunner().invoke(app, words, input=text)
    assert isinstance(done.exception, SystemExit | None), (words, done.exception)
    assert done.exit_code in {0, 1, 2}, words
    assert "Traceback" not in done.output
    after = {each: each.stat().st_size for each in folder.iterdir() if each.is_file()}
    explained = words[:1] == ["explain"] and done.exit_code == 1 and not done.stderr
    if done.exit_code and not explained:
        lines = done.stderr.splitlines()
        ours = [each.partition(":")[0] for each in lines[-3:]] == ["expected", "received", "cure"]
        # Typer's errors, and the help of what lacks a name, begin with the usage.
        assert ours or lines[0].startswith("Usage: "), (words, done.stderr)
        assert after == before, words
    for each in set(after) - set(before):
        each.unlink()


fuzzed = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def option(name: str, values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """The option with one of these values, or with any text."""
    return st.tuples(st.just(name), _one(values)).map(list)


def _one(values: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(values) | st.text(st.characters(exclude_categories=()), max_size=9)


def _line(
    *first: st.SearchStrategy[str], options: list[st.SearchStrategy[list[str]]]
) -> st.SearchStrategy[list[str]]:
    chosen = st.lists(st.one_of(options), max_size=3)
    return st.tuples(st.tuples(*first), chosen).map(lambda line: [*line[0], *chain(*line[1])])


SIZE, OUTPUT = option("--input", SIZES), option("--output", OUTPUTS)
FORM = option("--format", ("csv", "json", "html", "latex", "pdf"))
LANGUAGE = option("--language", ("ja", "de"))
LINES = {
    "table": _line(
        _one(TARGETS),
        options=[SIZE, SIZE, OUTPUT, FORM, LANGUAGE, option("--depth", NUMBERS),
                 option("--batch-size", NUMBERS), option("--columns", ("name", "name,x", ""))],
    ),
    "explain": _line(
        _one(TARGETS),
        options=[SIZE, SIZE, OUTPUT, FORM, LANGUAGE, option("--message", ("-", "mat1", ""))],
    ),
    "convert": _line(_one(TARGETS), options=[SIZE, LANGUAGE]),
    "heatmap": _line(
        st.sampled_from(("fuzzed:network", *TARGETS)),
        st.sampled_from(("photo.png", *FILES)),
        st.sampled_from([f"--output={each}" for each in OUTPUTS]),
        options=[option(name, NUMBERS) for name in ("--window", "--stride", "--context", "--class",
                                                    "--size", "--mean", "--std")]
        + [option("--weights", FILES), option("--device", ("cpu", "cuda", "meta", "x", ""))],
    ),
    "": _line(_one(("tabel", "--help", "", "figure", "--version")), options=[SIZE]),
}  # fmt: skip


@pytest.mark.parametrize("command", LINES)
@fuzzed
@given(st.data(), st.sampled_from(INPUTS))
def test_any_command_line_ends_with_a_status_and_an_error_of_ours(
    command: str, folder: Path, data: st.DataObject, text: bytes
) -> None:
    words = data.draw(LINES[command])
    check(folder, [command, *words] if command else words, text)


@fuzzed
@given(st.data(), st.sampled_from(sorted(drawing.families())), st.sampled_from(INPUTS))
def test_any_figure_that_is_asked_for_is_drawn_or_refused(
    folder: Path, data: st.DataObject, name: str, text: bytes
) -> None:
    names = [
        f"--{each.replace('_', '-')}"
        for each in inspect.signature(drawing.families()[name]).parameters
    ]
    chosen = data.draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
    given_ = [data.draw(option(each, NUMBERS + FILES)) for each in chosen]
    target = data.draw(st.lists(st.sampled_from(TARGETS), max_size=1))
    output = data.draw(st.sampled_from(OUTPUTS))
    more = data.draw(st.lists(option("--width", NUMBERS) | option("--speed", NUMBERS), max_size=1))
    words = ["figure", name, *target, *chain(*given_, *more), "--output", output]
    check(folder, words, text)


@pytest.mark.parametrize("target", TARGETS, ids=short)
def test_any_target_is_a_network_or_an_error_of_ours(folder: Path, target: str) -> None:
    check(folder, ["table", "--input", "3x32x32", "--", target], SMALL)


@pytest.mark.parametrize("output", OUTPUTS, ids=short)
def test_any_output_is_written_whole_or_not_at_all(folder: Path, output: str) -> None:
    check(folder, ["table", "lenet5", "--output", output], b"")
    check(folder, ["figure", "dense", "--output", output], b"")


@pytest.mark.parametrize("file", FILES, ids=short)
def test_any_file_is_read_or_refused(folder: Path, file: str) -> None:
    check(folder, ["heatmap", "fuzzed:network", file, "-o", "out.svg", "--window", "32"], b"")
    weights = ["--window", "32", "--weights", file]
    check(folder, ["heatmap", "fuzzed:network", "photo.png", "-o", "out.svg", *weights], b"")
    places = ["--image-size", "64", "--window", "32", "--stride", "32", "-o", "out.svg"]
    check(folder, ["figure", "placed", "--scores", file, *places], b"")
    photo = ["--scores", "map.json", "--photograph", file]
    check(folder, ["figure", "placed", *photo, *places], b"")


def test_the_check_finds_a_traceback_and_a_half_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        (folder / "half").touch()
        raise cx.errors.ArgumentError("a", "b", "c")

    monkeypatch.setattr("cnnexplain.targets.find", broken)
    with pytest.raises(AssertionError):
        check(folder, ["table", "lenet5"], b"")
    (folder / "half").unlink()
    monkeypatch.setattr("cnnexplain.targets.find", lambda *_: 1 // 0)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        check(folder, ["table", "lenet5"], b"")
