"""The command line: what it writes, what it refuses, and with which exit status."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import cnnexplain as cx
from cnnexplain import cli
from cnnexplain.cli import Format, Language, app
from cnnexplain.errors import CnnExplainError
from cnnexplain.languages import LANGUAGES
from cnnexplain.targets import UsageError, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

ALEXNET = cx.trace(cx.networks.alexnet())
SMALL = "nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(72, 5))"
MODULE = """
import sys

import torch
from torch import nn

print("what a module prints is no part of the table")


class Net(nn.Sequential):
    def __new__(cls):
        return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 2))


def make():
    print("nor what a function prints")
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 2))


def huge():
    return nn.Sequential(nn.Flatten(), nn.Linear(27, 2**36))


def by_values():
    return nn.Sequential(nn.Conv2d(3, int(torch.tensor(8).item()), 3))


def wrong():
    return nn.Sequential(nn.Conv2d(4, 8, 3))


def broken():
    raise RuntimeError("no\\nnetwork\\x1b[31m")


def leaves():
    sys.exit(5)


def with_argument(depth):
    return depth


def number():
    return 3


class Two(nn.Module):
    def forward(self, x, y):
        return torch.cat([x, y], 1)


class Namespace:
    inner = make


network = make()
text = "nn.Sequential(nn.Flatten(), nn.Linear(27, 2))"
three = 3
"""


def run(*arguments: str, text: str | bytes | None = None) -> Result:
    """Run the command, and refuse every traceback."""
    result = CliRunner().invoke(app, list(arguments), input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def refused(status: int, *arguments: str, text: str | bytes | None = None) -> str:
    """Return the message of a command that fails."""
    result = run(*arguments, text=text)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    return result.stderr


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a user's modules, which is the current one."""
    (tmp_path / "usersnet.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "nets.py").write_text("from usersnet import *\n", encoding="utf-8")
    (tmp_path / "package" / "json.py").write_text("from usersnet import make\n", encoding="utf-8")
    for name, text in {
        "raises": "raise RuntimeError('at import')",
        "exits": "raise SystemExit(3)",
        "syntax": "def f(:",
        "needs": "import not_there_either",
        "lacks": "import not_there.torch\n",
    }.items():
        (tmp_path / f"users{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("users", "package", "_cnnexplain_")):
            del sys.modules[name]


# --- What is written ---


def test_a_bundled_network_is_written_as_its_text() -> None:
    assert run("table", "alexnet").stdout == ALEXNET.to_text() + "\n"


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("form", list(Format))
def test_every_format_and_language_is_that_of_the_trace(form: Format, code: str) -> None:
    method = getattr(ALEXNET, f"to_{form.value}")
    done = run("table", "alexnet", "--format", form.value, "--language", code)
    assert done.stdout_bytes.decode().rstrip("\n") == method(code).rstrip("\n")
    chosen = run(
        "table", "alexnet", "-f", form.value, "--language", code, "--columns", "name, macs"
    )
    assert chosen.stdout_bytes.decode().rstrip("\n") == method(code, ["name", "macs"]).rstrip("\n")
    assert done.exit_code == chosen.exit_code == 0


def test_the_languages_are_those_of_the_package() -> None:
    assert {language.value for language in Language} == set(LANGUAGES)


@pytest.mark.parametrize("name", cx.networks.NAMES)
def test_every_bundled_network_has_a_name(name: str) -> None:
    trace = cx.trace(cx.networks.NAMES[name]())
    data = json.loads(run("table", name, "-f", "json").stdout)
    assert data["network"] == trace.network.name
    assert data["macs"] == trace.macs


def test_names_tell_all_bundled_networks() -> None:
    names = {make().name for make in cx.networks.NAMES.values()}
    files = {file.stem for file in Path(cx.networks.__file__).parent.glob("[a-z]*.py")}
    assert len(names) == len(files)


def test_input_batch_and_depth_are_those_of_trace() -> None:
    done = run("table", "alexnet:torchvision", "-i", "3x256x256", "--batch-size", "4", "-f", "csv")
    expected = cx.trace(cx.networks.alexnet("torchvision"), (3, 256, 256), 4)
    assert done.stdout == expected.to_csv()
    nested = "nn.Sequential(nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Flatten())"
    done = run("table", "-", "-i", "3×4X4", "--depth", "1", text=nested)
    assert done.stdout == cx.trace(nested, (3, 4, 4)).collapsed(1).to_text() + "\n"


def test_text_comes_from_the_standard_input() -> None:
    done = run("table", "-", "--input", "3x7x7", text=SMALL)
    assert done.stdout == cx.trace(SMALL, (3, 7, 7)).to_text() + "\n"


def test_text_fits_the_terminal_and_a_file_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert run("table", "alexnet").stdout == ALEXNET.to_text(width=60) + "\n"
    assert run("table", "alexnet", "-o", str(tmp_path / "x")).exit_code == 0
    assert (tmp_path / "x").read_bytes().decode() == ALEXNET.to_text() + "\n"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "target",
    [
        "usersnet:Net",
        "usersnet:make",
        "usersnet:network",
        "usersnet:text",
        "usersnet:Namespace.inner",
        "package.nets:make",
        "usersnet.py:make",
        "package/nets.py:network",
        "./package/json.py:make",
    ],
)
def test_users_networks_are_traced(target: str) -> None:
    done = run("table", target, "-i", "3x3x3", "-f", "json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["rows"][-1]["output_shape"] == [1, 2]


@pytest.mark.usefixtures("project")
def test_a_network_that_fits_no_memory_is_traced() -> None:
    done = run("table", "usersnet:huge", "-i", "3x3x3", "-f", "json")
    assert json.loads(done.stdout)["parameters"] == 28 * 2**36


@pytest.mark.usefixtures("project")
def test_a_network_of_several_inputs_takes_several_sizes() -> None:
    done = run("table", "usersnet:Two", "-i", "3x4x4", "-i", "5x4x4", "-f", "json")
    data = json.loads(done.stdout)
    assert data["input_sizes"] == [[3, 4, 4], [5, 4, 4]]
    assert data["rows"][0]["input_shapes"] == [[1, 3, 4, 4], [1, 5, 4, 4]]
    assert data["rows"][0]["output_shape"] == [1, 8, 4, 4]


@pytest.mark.usefixtures("project")
def test_a_network_that_needs_values_is_made_with_them() -> None:
    done = run("table", "usersnet:by_values", "-i", "3x3x3", "--columns", "name,output_shape")
    assert done.stdout.splitlines()[3].split() == ["0", "8×1×1"]


# --- What is refused ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["alexne"], "cure: write alexnet"),
        (["alexnet:caffe"], "expected: a module that can be imported from here"),
        ([""], "received: ''"),
        ([":"], "received: ':'"),
        (["usersnet:"], "received: 'usersnet:'"),
        (["..:x"], "received: '..:x'"),
        (["a b:c"], "received: 'a b:c'"),
        (["\udcff:x"], "received: '\\udcff:x'"),
        (["no_such_module_here:x"], "No module named 'no_such_module_here'"),
        (["usersnet.inner:x"], "'usersnet' is not a package"),
        (["nothere.py:x"], "received: no file 'nothere.py'"),
        (["package.py:x"], "received: no file 'package.py'"),
        (["usersnet:nett"], "cure: write Net"),
        (["usersnet:network.nothing"], "received: 'network.nothing'"),
        (["usersnet:three"], "received: 'three', which is of type int"),
        (["usersnet:make"], "cure: add --input 3x224x224"),
        (["alexnet", "-i", "3x-1"], "received: --input '3x-1'"),
        (["alexnet", "-i", ""], "received: --input ''"),
        (["alexnet", "-i", "3x0x7"], "received: --input '3x0x7'"),
        (["alexnet", "-i", "9" * 5000], "received: --input '999"),
        (["alexnet", "-i", "9" * 19], "expected: input_size of at most 9223372036854775807"),
        (["alexnet", "-i", "３x４"], "received: --input '\\uff13x\\uff14'"),
        (["alexnet", "-i", "x".join("1" * 500)], "expected: input_size of at most 63 axes"),
        (["alexnet", "--columns", "name,nothing"], "received: --columns 'name,nothing'"),
        (["alexnet", "--columns", ""], "received: --columns ''"),
        (["alexnet", "-i", "3x227x227", "-i", "3"], "received: 2 of them"),
        (["alexnet", "-f", "pdf"], "'pdf' is not one of 'text', 'markdown'"),
        (["alexnet", "--language", "de"], "'de' is not one of 'en', 'ja', 'fr'"),
        (["alexnet", "--batch-size", "0"], "--batch-size"),
        (["alexnet", "--depth", "0"], "--depth"),
        (["alexnet", "--what"], "--what"),
        ([], "target"),
        (["alexnet", "vgg16"], "vgg16"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.usefixtures("project")
def test_a_wrong_command_line_exits_with_2(arguments: list[str], words: str) -> None:
    assert words in refused(2, "table", *arguments)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("usersraises:Net", "RuntimeError: at import (usersraises.py, line 1)"),
        ("usersraises.py:Net", "RuntimeError: at import (usersraises.py, line 1)"),
        ("usersexits:Net", "SystemExit: 3"),
        ("userssyntax:Net", "SyntaxError: invalid syntax"),
        ("usersneeds:Net", "ModuleNotFoundError: No module named 'not_there_either'"),
        ("userslacks:Net", "ModuleNotFoundError: No module named 'not_there'"),
        ("usersnet:broken", "RuntimeError: no network\ufffd[31m (usersnet.py, line "),
        ("usersnet:leaves", "SystemExit: 5"),
        ("usersnet:with_argument", "TypeError: with_argument() missing 1 required"),
        ("usersnet:number", "received: 3"),
        ("usersnet:Two", "missing 1 required positional argument: 'y'"),
        ("usersnet:wrong", "expected: 4 channels (in_channels=4)"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_network_that_is_wrong_exits_with_1(target: str, words: str) -> None:
    message = refused(1, "table", target, "-i", "3x3x3")
    assert words in message
    lines = [line for line in message.splitlines() if "print" not in line]
    assert [line.split(":")[0] for line in lines] == ["expected", "received", "cure"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "exactly one nn.Sequential(...)"),
        (b"\xff\xfe\x00n", "received: the byte 0xff"),
        (b"\0", "Python source"),
        (b"x" * 2_000_000, "at most 100000 characters"),
        (b"nn.Sequential(nn.Swish())", "received: 'Swish'"),
        (b"nn.Sequential(nn.ReLU(", "received: '(' was never closed"),
        (b"import os; os.abort()", "received: import in line 1"),
        (SMALL.encode(), "expected: 72 input features"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_text_that_is_no_network_exits_with_1(text: bytes, words: str) -> None:
    assert words in refused(1, "table", "-", "-i", "3x9x9", text=text)


def test_a_network_that_does_not_fit_exits_with_1_and_names_the_layer() -> None:
    message = refused(1, "table", "alexnet", "-i", "3x384x384")
    assert message.splitlines() == [
        "expected: 9216 input features (in_features=9216)",
        "received: 25600 in 1×25600, at layer 'fc6': Linear(9216, 4096)",
        "cure: use in_features=25600, or an input size that leaves 9216",
    ]


@pytest.mark.usefixtures("project")
def test_a_missing_torch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    message = refused(1, "table", "usersnet:make", "-i", "3x3x3")
    assert 'cure: pip install "cnnexplain[torch]"' in message


# --- Files ---


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "table.md"
    assert run("table", "lenet5", "-f", "markdown", "-o", str(file)).exit_code == 0
    whole = file.read_bytes()
    assert whole.decode() == cx.trace(cx.networks.lenet5()).to_markdown() + "\n"
    refused(1, "table", "lenet5", "-i", "1x3x3", "-o", str(file))
    refused(2, "table", "lenet5", "--columns", "x", "-o", str(file))
    assert file.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert run("table", "lenet5", "-o", str(tmp_path / "link")).exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").is_file()


@pytest.mark.parametrize(
    "name", ["nowhere/x", "file/x", "", ".", "n" * 300, "/dev/null", "/dev/stdout"]
)
def test_a_file_that_cannot_be_written_exits_with_2(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert "a file that can be written" in refused(2, "table", "lenet5", "-o", name)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_folder_that_is_not_ones_own_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path, data: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(path), data)

    monkeypatch.setattr("cnnexplain.files.write", forbidden)  # nothing is forbidden to root
    assert "Permission denied" in refused(2, "table", "lenet5", "-o", str(tmp_path / "x"))


# --- The program ---


def program(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "cnnexplain", *arguments]
    return subprocess.run(command, check=False, capture_output=True, timeout=60, **options)


def test_the_program_writes_utf8_wherever_it_is() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONWARNINGS": "error"}
    environment.pop("COLUMNS", None)
    done = program("table", "lenet5", "--language", "ja", env=environment)
    expected = cx.trace(cx.networks.lenet5()).to_text("ja")
    assert done.stdout.decode().splitlines() == expected.splitlines()
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    # More than a pipe holds, so that the program still writes when its reader is gone.
    layers = ", ".join(["nn.Conv2d(3, 3, 3, padding=1)"] * 900)
    code = f"nn.Sequential({layers})"
    with subprocess.Popen(
        [sys.executable, "-m", "cnnexplain", "table", "-", "-i", "3x9x9", "-f", "json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(code.encode())
        process.stdin.close()
        assert process.stdout.read(1) == b"{"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
@pytest.mark.parametrize("arguments", [["table", "lenet5"], ["--help"], ["table", "--help"]])
def test_an_output_that_is_full_is_told_without_a_traceback(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cnnexplain", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "expected: a standard output that takes what is written",
        "received: No space left on device",
        "cure: make room there, or send the output elsewhere",
    ]


def test_a_terminal_is_given_nothing_to_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    given = "Layer\na\x1b[31m\u202e層\n".encode()
    for kind, expected in ((Terminal, "Layer\na\ufffd[31m\ufffd層\n".encode()), (None, given)):
        raw = io.BytesIO()
        output = (kind or io.TextIOWrapper)(raw)
        with monkeypatch.context() as patched:
            patched.setattr("sys.stdout", output)
            cli._show(given)
        assert raw.getvalue() == expected


def test_a_folder_that_is_gone_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", gone)
    with pytest.raises(CnnExplainError):
        find("json:loads_", io.BytesIO())


def test_an_output_that_is_closed_is_no_error() -> None:
    command = [sys.executable, "-m", "cnnexplain", "table", "lenet5"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_needs_neither_torch_nor_the_engine(fresh_python: Callable[[str], str]) -> None:
    said = fresh_python(
        "import sys\n"
        "from cnnexplain.cli import app\n"
        "for arguments in (['--help'], ['table', '--help']):\n"
        "    try:\n"
        "        app(arguments)\n"
        "    except SystemExit:\n"
        "        pass\n"
        "print(sorted({'torch', 'rich', 'cnnexplain.report'} & set(sys.modules)))"
    )
    assert said.count("Usage:") == 2
    assert said.endswith("[]\n")


def test_the_installed_script_is_the_app() -> None:
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    scripts = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["cnnexplain"].partition(":")
    assert getattr(import_module(module), name) is app
    assert program("--help").stdout.startswith(b"Usage: cnnexplain ")


def test_targets_are_found_without_a_command_line() -> None:
    assert find("vgg16", io.BytesIO()) is cx.networks.vgg16()
    with pytest.raises(UsageError, match="received: 'vgg19'"):
        find("vgg19", io.BytesIO())
