"""The public names as a text that people review, and what breaks between two trees of sources.

`python -m tests.contract` writes the text again; `make api AGAINST=v0.1.0` compares with a tag.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from functools import cached_property
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import griffe

import cnnexplain as cx
from cnnexplain.book.reference import api, docstrings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "api.txt"
_COLOURS = re.compile(r"\x1b\[\d+m")  # which griffe gives to terminals and to everybody else


def called() -> Iterator[tuple[str, FunctionType]]:
    """Yield each function and method that users call, by its name."""
    for name, thing in api.public().items():
        yield from _called(api.anchor(name), thing)


def _called(path: str, thing: Any) -> Iterator[tuple[str, FunctionType]]:
    match thing:
        case ModuleType():
            for name, member in api.members(thing).items():
                yield from _called(f"{path}.{name}", member)
        case type():
            for name, member in vars(thing).items():
                if isinstance(member, FunctionType) and not name.startswith("_"):
                    yield f"{path}.{name}", member
        case FunctionType():
            yield path, thing


def classes() -> Iterator[tuple[str, type]]:
    """Yield each public class by its name."""
    for name, thing in api.public().items():
        found = api.members(thing) if isinstance(thing, ModuleType) else {"": thing}
        for inner, member in found.items():
            if isinstance(member, type):
                yield ".".join(filter(None, (api.anchor(name), inner))), member


def attributes(thing: type) -> list[str]:
    """Return what a class says that its values hold, and its properties."""
    told = docstrings.read(thing).lists.get("Attributes", {})
    properties = (
        name
        for name, value in vars(thing).items()
        if isinstance(value, property | cached_property) and not name.startswith("_")
    )
    return sorted({*told, *properties})


def contract() -> str:
    """Return all public names, in order, each with how it is called or what it holds."""
    functions = {
        path: api.signature(
            path, function, bound=next(iter(parameters(function)), "") == "self", whole=True
        )
        for path, function in called()
    }
    held = {
        path: "\n    ".join([_head(path, thing), *attributes(thing)]) for path, thing in classes()
    }
    return "".join(f"{text}\n" for _, text in sorted({**functions, **held}.items()))


def parameters(function: FunctionType) -> list[str]:
    """Return the names of a function's parameters."""
    return list(inspect.signature(function).parameters)


def _head(path: str, thing: type) -> str:
    bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
    return f"class {path}({bases})" if bases else f"class {path}"


def breaking(before: Path, after: Path) -> list[str]:
    """Return what programs that use public names of one tree lose in another.

    Args:
        before: The folder that holds the package before.
        after: The same after.
    """
    old, new = (griffe.load(cx.__name__, search_paths=[tree]) for tree in (before, after))
    homes = {old[str(name)].canonical_path for name in old.exports or ()}
    homes |= {f"{cx.__name__}.{home}.{name}" for name, home in api.HELD.items()}
    for module in (cx.figures, cx.networks, cx.plots):
        homes |= {f"{each.__module__}.{name}" for name, each in api.members(module).items()}
    return [
        _COLOURS.sub("", change.explain(griffe.ExplanationStyle.ONE_LINE))
        for change in griffe.find_breaking_changes(old, new)
        if any(f"{change.obj.canonical_path}.".startswith(f"{home}.") for home in homes)
    ]


def against(tag: str) -> list[str]:
    """Return what breaks for the programs that ran with a tag of this repository.

    Args:
        tag: The tag, or any commit.
    """
    packed = subprocess.run(
        ["git", "archive", "--format=zip", tag, "src"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with TemporaryDirectory() as folder, ZipFile(BytesIO(packed)) as archive:
        archive.extractall(folder)
        return breaking(Path(folder, "src"), ROOT / "src")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        GOLDEN.write_text(contract(), encoding="utf-8")
    else:
        changes = against(sys.argv[1])
        sys.stdout.write("".join(f"{change}\n" for change in changes or ["Nothing breaks."]))
        sys.exit(bool(changes))
