"""What the package never does: run what it is given, or reach for the network.

Each exception has its reason.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cnnexplain as cx

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(cx.__file__).parent
OWN = "the site's build step runs the site's own programs, which stand in the repository"
# What is allowed, by the file and what it does; all else is refused.
ALLOWED = {
    ("book/claims.py", "exec"): OWN,
    ("book/contents.py", "eval"): OWN,
    ("book/contents.py", "exec"): OWN,
    ("book/conversions.py", "eval"): OWN,
    ("book/conversions.py", "exec"): OWN,
    ("book/outputs.py", "exec"): OWN,
    ("book/programs.py", "eval"): OWN,
    ("book/programs.py", "exec"): OWN,
    ("book/claims.py", "compile"): "the same, with the file's name for tracebacks",
    ("book/programs.py", "compile"): "the same, with the file's name for tracebacks",
    ("book/audit.py", "import subprocess"): "make audit runs the programs of package.json",
    ("book/proofread.py", "import subprocess"): "make prose runs the programs of package.json",
    (
        "conversion/__init__.py",
        "GraphModule",
    ): "torch.fx runs code, in which Builder named all",
    ("conversion/__init__.py", "recompile"): "the same, without what nothing needs",
    ("conversion/builder.py", "GraphModule"): "an empty graph tells which names are taken",
    ("film.py", "import subprocess"): "ffmpeg makes MP4; the command is a list, of our own words",
    ("images.py", "import pickle"): "the name of an error that torch.load raises, and nothing else",
    (
        "examples/keras.py",
        "import pickle",
    ): "it refuses every name but three, which are ours",
    ("targets.py", "exec_module"): "package.module:Class is the user's own code, and documented so",
}
CALLS = {"eval", "exec", "compile", "__import__", "execfile", "breakpoint"}
# Any method of that name, whatever it is of.
METHODS = {"exec_module", "mktemp", "system", "popen", "extractall", "load_extension"}
# What makes code of a graph, and runs it.
METHODS |= {"GraphModule", "recompile", "symbolic_trace"}
# What makes a harmless call dangerous; np.load() reads no objects, unless it is asked to.
WORDS = {"shell=True", "allow_pickle=True", "weights_only=False", "trust_remote_code=True"}
MODULES = {
    *("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "yaml"),
    *("subprocess", "pty", "ctypes", "code", "codeop", "runpy"),
    *("socket", "ssl", "http", "ftplib", "smtplib", "telnetlib", "xmlrpc", "requests", "httpx"),
    *("urllib.request", "urllib3", "aiohttp", "huggingface_hub", "torch.hub", "webbrowser"),
}


def dangers(text: str) -> Iterator[str]:
    """Tell what a module does that could run what it is given, or leave this machine."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from _imported(*(each.name for each in names))
            case ast.ImportFrom(module=str() as module, names=names):
                within = [f"{module}.{each.name}" for each in names]
                yield from _imported(module, *(each for each in within if each in MODULES))
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield name
            case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
                yield name
        if isinstance(node, ast.Call):
            yield from _given(node)


def _imported(*modules: str) -> Iterator[str]:
    for module in modules:
        if module in MODULES or module.partition(".")[0] in MODULES:
            yield f"import {module}"


def _given(call: ast.Call) -> Iterator[str]:
    """Tell what is dangerous about the arguments of a call."""
    called = ast.unparse(call.func)
    words = {f"{each.arg}={ast.unparse(each.value)}" for each in call.keywords}
    if called == "torch.load" and "weights_only=True" not in words:
        yield "torch.load without weights_only=True"
    yield from words & WORDS
    # A module may also be imported by its name.
    if called.rpartition(".")[2] in {"import_module", "imported"}:
        yield from _imported(
            *(str(each.value) for each in call.args if isinstance(each, ast.Constant))
        )


def found() -> dict[tuple[str, str], str]:
    """What each module of the package does, by its file and the danger; where it does so."""
    return {
        (file.relative_to(SOURCES).as_posix(), danger): danger
        for file in SOURCES.rglob("*.py")
        for danger in dangers(file.read_text(encoding="utf-8"))
    }


def test_the_package_runs_nothing_that_it_is_given_and_reaches_for_no_network() -> None:
    assert sorted(set(found()) - set(ALLOWED)) == []


def test_every_exception_is_still_one_and_has_its_reason() -> None:
    assert sorted(set(ALLOWED) - set(found())) == []
    assert all(ALLOWED.values())


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("eval('1')", "eval"),
        ("exec(x)", "exec"),
        ("__import__('os')", "__import__"),
        ("import pickle", "import pickle"),
        ("from pickle import loads", "import pickle"),
        ("from torch import hub", "import torch.hub"),
        ("import_module('requests')", "import requests"),
        ("importlib.import_module('yaml')", "import yaml"),
        ("import urllib.request", "import urllib.request"),
        ("from urllib.request import urlopen", "import urllib.request"),
        ("import http.client", "import http.client"),
        ("import socket as s", "import socket"),
        ("import subprocess", "import subprocess"),
        ("run('ls', shell=True)", "shell=True"),
        ("os.system('ls')", "system"),
        ("torch.load(path)", "torch.load without weights_only=True"),
        ("torch.load(path, weights_only=safe)", "torch.load without weights_only=True"),
        ("np.load(path, allow_pickle=True)", "allow_pickle=True"),
        ("tempfile.mktemp()", "mktemp"),
        ("fx.GraphModule(root, graph)", "GraphModule"),
    ],
)
def test_the_check_finds_what_is_dangerous(text: str, danger: str) -> None:
    assert danger in set(dangers(text))


@pytest.mark.parametrize(
    "text",
    [
        "torch.load(path, map_location='cpu', weights_only=True)",
        "np.load(path)",
        "json.load(file)",
        "re.compile('x')",
        "model.eval()",
        "from urllib.parse import urljoin",
    ],
)
def test_the_check_lets_what_is_harmless_pass(text: str) -> None:
    assert list(dangers(text)) == []
