"""What the reader's browser runs, as files: the package, and the Python that runs it."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from cnnexplain import playground
from cnnexplain.book import cache, files
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PARTS = frozenset(
    {
        "__init__",
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
    }
)
"""The modules and folders of the package that need nothing but Python's standard library."""

_KINDS = frozenset({".py", ".toml", ".css", ".js"})
# The oldest date that a zip knows: the same source gives the same bytes on any day.
_DATE = (1980, 1, 1, 0, 0, 0)
# What starts Python; pyodide.mjs fetches the other four.
_RUNTIME = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
)
_ADDRESS = "cx-main:assets/python/"
_INSTALL = "run npm ci, or make playground, in the folder of the project"


@dataclass(frozen=True)
class Python:
    """The files that the playground loads.

    Attributes:
        runtime: The folder of the files that start Python.
        package: The file of the package.
        sizes: How many bytes each of them has, by its path.
        compressed: How many bytes all of them are on their way, if the server compresses.
    """

    runtime: str
    package: str
    sizes: Mapping[str, int]
    compressed: int


def archive(package: Path) -> bytes:
    """Return the parts of the package that run in a browser, as a zip.

    Args:
        package: The folder of the package.

    Returns:
        The zip; the same sources give the same bytes.
    """
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED, compresslevel=9) as made:
        for path in sorted(package.rglob("*")):
            inside = path.relative_to(package)
            if path.suffix in _KINDS and inside.parts[0].removesuffix(".py") in PARTS:
                entry = ZipInfo(f"{package.name}/{inside.as_posix()}", _DATE)
                entry.compress_type = ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                made.writestr(entry, path.read_bytes())
    return packed.getvalue()


def runtime(root: Path) -> tuple[str, dict[str, bytes]] | None:
    """Return the version and the files of the Python for browsers that npm installed.

    Args:
        root: The folder of the project.

    Returns:
        The version, and the files by name; nothing if npm has not installed it.

    Raises:
        BookError: If npm has installed another version than `package.json` names.
    """
    installed = root / "node_modules" / "pyodide"
    if not (installed / "package.json").is_file():
        return None
    version = str(_json(installed / "package.json")["version"])
    wanted = str(_json(root / "package.json")["dependencies"]["pyodide"])
    if version != wanted:
        raise BookError(f"pyodide {wanted} in node_modules", f"pyodide {version}", _INSTALL)
    missing = [name for name in _RUNTIME if not (installed / name).is_file()]
    if missing:
        raise BookError("all files of pyodide in node_modules", f"no {missing[0]}", _INSTALL)
    found = {name: (installed / name).read_bytes() for name in _RUNTIME}
    # The lock file lists packages that others serve; the playground needs none of them.
    lock = json.loads(found["pyodide-lock.json"])
    found["pyodide-lock.json"] = json.dumps({"info": lock["info"], "packages": {}}).encode()
    # Their maps are not served.
    for name in ("pyodide.mjs", "pyodide.asm.mjs"):
        found[name] = re.sub(rb"\n//# sourceMappingURL=\S*\s*$", b"\n", found[name])
    return version, found


def write(root: Path, package: Path) -> Python | None:
    """Write the files that the browser loads into `build/python`.

    Args:
        root: The folder of the project.
        package: The folder of the package.

    Returns:
        What they are; nothing if npm has not installed Python for browsers.

    Raises:
        BookError: If npm has installed something else than the project asks for.
    """
    folder = root / "build" / "python"
    found = runtime(root)
    contents: dict[str, bytes] = {}
    made = None
    if found is not None:
        version, starting = found
        packed = archive(package)
        # A name of its own for each content: what a browser has kept is never stale.
        at = f"pyodide-{version}"
        name = f"cnnexplain-{hashlib.sha256(packed).hexdigest()[:12]}.zip"
        contents = {f"{at}/{each}": content for each, content in starting.items()}
        contents[name] = packed
        sizes = {path: len(content) for path, content in contents.items()}
        made = Python(at, name, sizes, _compressed(contents, root / ".cache" / "python"))
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and path.relative_to(folder).as_posix() not in contents:
            path.unlink()
    for each, content in contents.items():
        files.write(folder / each, content)
    return made


def page(language: str, python: Python | None) -> str:
    """Return the playground with the addresses of its files, as HTML.

    Args:
        language: Its language.
        python: The files that it loads, if there are any.
    """
    if python is None:
        return f'<div class="cx-playground">\n{playground.page(language)}</div>\n'
    # Modules are imported; the files that are fetched tell how far it is.
    fetched = sum(size for path, size in python.sizes.items() if not path.endswith(".mjs"))
    return (
        f'<div class="cx-playground" data-runtime="{_ADDRESS}{python.runtime}/" '
        f'data-archive="{_ADDRESS}{python.package}" data-bytes="{fetched}">\n'
        f"{playground.page(language, python.compressed)}</div>\n"
    )


def _compressed(contents: Mapping[str, bytes], kept: Path) -> int:
    """Return how many bytes files have once compressed; compressing them takes a second."""
    digest = hashlib.sha256()
    for content in contents.values():
        digest.update(hashlib.sha256(content).digest())
    path = kept / f"{digest.hexdigest()}.txt"
    known = cache.recall(path)
    if known is None:
        total = sum(len(gzip.compress(content, 6, mtime=0)) for content in contents.values())
        known = b"%d" % total
        cache.remember(path, known)
    return int(known)


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        raise BookError(f"JSON in {path}", str(error), _INSTALL) from None
    return found
