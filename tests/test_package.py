"""The package as a whole: what it exports, what it imports, and what it does without."""

from __future__ import annotations

import ast
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cnnexplain as cx

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = Path(cx.__file__).parent
# What may be imported where, from the bottom up; a name stands for a module or a whole folder.
PURE = [
    "errors",
    "files",
    "raster",
    "film",
    "languages",
    "formula",
    "windows",
    "axis",
    "operations",
    "graph",
    "geometry",
    "source",
    "table",
    "formats",
    "terminal",
    "notes",
    "verdict",
    "exactness",
    "collapse",
    "difference",
    "report",
    "networks",
    "savings",
    "diagnosis",
    "explanation",
    "figures",
    "plots",
    "playground",
]
# What a pure part imports only where somebody asks for it, and says if it is missing.
EXTRAS = {
    ("formats", "pandas"),
    ("raster", "resvg_py"),
    ("raster", "PIL"),
    ("film", "PIL"),
    ("film", "imageio_ffmpeg"),
    ("plots", "matplotlib"),
    ("plots", "numpy"),
}
ABOVE = [
    "tracing",
    "api",
    "postmortem",
    "conversion",
    "devices",
    "sliding",
    "comparison",
    "examples",
    "images",
    "targets",
    "arguments",
    "drawing",
    "cli",
    "__main__",
    "book",
]


def modules() -> dict[str, list[str]]:
    """Return what each part imports of the package and from elsewhere, at any level."""
    found: dict[str, list[str]] = {}
    for file in SOURCES.rglob("*.py"):
        relative = file.relative_to(SOURCES)
        # A bundled network is data: it is read, and imports torch only where someone runs it.
        if relative.parts[0] == "networks" and relative.name != "__init__.py":
            continue
        part = relative.parts[0].removesuffix(".py")
        found.setdefault(part, []).extend(imports(file.read_text(encoding="utf-8")))
    return found


def imports(text: str) -> list[str]:
    """Return what a module imports when it runs; imports for type checkers alone do not count."""
    names = []
    for node in ast.walk(without_type_checking(ast.parse(text))):
        match node:
            case ast.Import(names=aliases):
                names += [alias.name for alias in aliases]
            case ast.ImportFrom(module=str() as module, names=aliases):
                inside = module == "cnnexplain"
                names += [f"{module}.{alias.name}" for alias in aliases] if inside else [module]
    return names


def without_type_checking(tree: ast.Module) -> ast.Module:
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return tree


def climbing(found: dict[str, list[str]]) -> list[str]:
    """Return the imports that go up, and those by which a pure part leaves the standard library."""
    order = [*PURE, *ABOVE]
    wrong = []
    for part, names in found.items():
        for name in names:
            root, *inside = name.split(".")
            if root == "cnnexplain":
                if inside and inside[0] in order and order.index(inside[0]) > order.index(part):
                    wrong.append(f"{part} imports {name}")
            elif (
                part in PURE and root not in sys.stdlib_module_names and (part, root) not in EXTRAS
            ):
                wrong.append(f"{part} imports {name}")
    return wrong


def test_imports_go_down_only_and_pure_parts_need_the_standard_library_alone() -> None:
    found = modules()
    del found["__init__"], found["networks"]
    assert set(found) | {"networks"} == {*PURE, *ABOVE}
    assert climbing(found) == []


def test_the_check_of_imports_finds_both_kinds_of_fault() -> None:
    assert climbing({"axis": imports("from cnnexplain.report import Trace")}) == [
        "axis imports cnnexplain.report"
    ]
    assert climbing({"axis": imports("import numpy as np")}) == ["axis imports numpy"]
    assert climbing({"axis": imports("def f():\n    from torch import nn")}) == [
        "axis imports torch"
    ]
    assert climbing({"tracing": imports("import torch")}) == []


BLOCKED = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {*sys.stdlib_module_names, "cnnexplain"}:
            raise ImportError("blocked: " + name)

sys.meta_path.insert(0, Block())
"""
WORK = """
import cnnexplain as cx

found = cx.explain(cx.networks.alexnet(), (3, 384, 384))
trace = cx.trace(cx.networks.alexnet(), (3, 227, 227))
assert trace["pool5"].output_shape == (1, 256, 6, 6)
for language in ("en", "ja", "fr"):
    with cx.language(language):
        assert "227" in found.to_text() and found.to_html() and found.to_json()
        assert trace.to_html() and trace.to_markdown() and trace.to_latex() and repr(trace)
        assert trace.to_csv() and trace.to_json() and not trace.diff(trace.collapsed(9))
        assert "<svg" in cx.figures.stride(input_size=13, kernel_size=3, stride=2).svg
"""


def test_the_pure_part_works_with_everything_else_blocked(
    fresh_python: Callable[[str], str],
) -> None:
    fresh_python(BLOCKED + WORK)


def test_the_block_blocks(fresh_python: Callable[[str], str]) -> None:
    with pytest.raises(AssertionError, match="blocked: torch"):
        fresh_python(BLOCKED + "import torch")


def test_import_is_light(fresh_python: Callable[[str], str]) -> None:
    program = "import sys, cnnexplain\nprint(*sorted(sys.modules))"
    loaded = set(fresh_python(program).split())
    assert loaded & {"numpy", "torch", "matplotlib", "ast", "dataclasses", "inspect"} == set()
    assert {name for name in loaded if name.startswith("cnnexplain")} == {"cnnexplain"}


def test_everything_public_exists_is_documented_and_has_one_home() -> None:
    assert sorted(cx.__all__) == list(cx.__all__) == sorted(cx._HOMES)
    assert dir(cx) == list(cx.__all__)
    for name in cx.__all__:
        assert getattr(cx, name).__doc__


def test_no_module_bears_the_name_of_a_public_function() -> None:
    functions = {name for name in cx.__all__ if cx._HOMES[name] != name}
    assert functions & {file.stem for file in SOURCES.rglob("*.py")} == set()
    networks = {name for name, value in vars(cx.networks).items() if callable(value)}
    assert networks & {file.stem for file in (SOURCES / "networks").glob("*.py")} == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'cnnexplain' has no attribute 'convert'"):
        _ = cx.convert


def test_the_package_says_that_it_is_typed() -> None:
    assert (SOURCES / "py.typed").exists()


# What `make coverage` does not ask of the pure modules, and what it asks of others.
UNCOUNTED = {"figures"}
COUNTED_TOO = {"arguments", "comparison", "postmortem"}


def uncounted(included: list[str], wanted: set[str]) -> set[str]:
    """Return the parts of which not every file is in coverage's list, or that are there alone."""
    files = {file.relative_to(SOURCES.parents[1]).as_posix() for file in SOURCES.rglob("*.py")}
    needed = {file for file in files if file.split("/")[2].removesuffix(".py") in wanted}
    # A bundled network is data.
    needed = {
        file
        for file in needed
        if not file.startswith("src/cnnexplain/networks/") or "__init__" in file
    }
    counted = {file for file in files for each in included if fnmatch(file, each)}
    return {file.split("/")[2].removesuffix(".py") for file in needed ^ counted}


def test_every_branch_of_every_pure_part_but_the_figures_is_asked_for() -> None:
    told = tomllib.loads((SOURCES.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    included = told["tool"]["coverage"]["run"]["include"]
    wanted = ({*PURE} - UNCOUNTED) | COUNTED_TOO
    assert uncounted(included, wanted) == set()
    assert uncounted(included[1:], wanted) == {"arguments"}
    assert uncounted([*included, "src/cnnexplain/cli.py"], wanted) == {"cli"}
    assert all(any(SOURCES.parents[1].glob(each)) for each in included)
