"""Places of the machine that builds, which no file of the site may name."""

from __future__ import annotations

import gzip
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What others have made, and we serve as it is: the theme's scripts, and Python for browsers.
FOREIGN = ("assets/javascripts/", "assets/python/pyodide-")


def here(root: Path) -> set[str]:
    """Return the names of the project's folder, the user's, that of temporary files, and Python's.

    A folder at the top, such as `/root` or `/tmp`, counts with what lies in it: prose may name it.
    """
    found = {root, Path.home(), Path(tempfile.gettempdir()), Path(sys.prefix)}
    return {f"{path}/" if path.parent == path.parents[-1] else str(path) for path in found} - {"//"}


def named(site: Path, names: set[str]) -> Iterator[str]:
    """Yield each file of a site with the name that it holds or has."""
    for path in sorted(filter(Path.is_file, site.rglob("*"))):
        name = path.relative_to(site).as_posix()
        if any(each in name for each in FOREIGN):
            continue
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        yield from (f"{name}: {each}" for each in sorted(names) if each.encode() in content)
