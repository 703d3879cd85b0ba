"""Files: read with a clear error, written whole or not at all, and only when something changed."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from cnnexplain import files as whole
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def read(path: Path, where: str) -> str:
    """Return a source's text.

    Args:
        path: The file.
        where: What messages call it: its path from the root of the project.

    Raises:
        BookError: If there is no such file, or it is no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BookError(f"a file {where}", "no such file", f"write {where}") from None
    except UnicodeDecodeError as error:
        raise BookError(
            f"{where}: UTF-8 text", f"byte {error.start}: {error.reason}", "save it as UTF-8"
        ) from None


def write(path: Path, content: str | bytes) -> bool:
    """Give a file this content, unless it has it already.

    An unchanged file keeps its time of change, so `mkdocs serve` does not build again. Whoever
    reads meanwhile, a second build too, sees the old text or the new one, never a part.

    Args:
        path: The file; its folder is made if need be.
        content: The whole text, or all bytes.

    Returns:
        Whether the file was written.

    Raises:
        BookError: If it cannot be: the disk is full, or something is in the way.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        try:
            if path.read_bytes() == data:
                return False
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
        whole.write(path, data)
    except OSError as error:
        raise failed(error, path) from error
    return True


def failed(error: OSError, path: Path | None = None) -> BookError:
    """Return the error that says what the system refused.

    Args:
        error: What was raised.
        path: The file; the one that the error names unless given.
    """
    return BookError(
        f"{path or error.filename or 'a file'}: to read and to write it",
        error.strerror or str(error),
        "make room on the disk"
        if error.errno in _FULL
        else "see what is there and whose it is; whatever is in build, .cache and site may go",
    )


def sync(folder: Path, suffix: str, contents: Mapping[str, str | bytes]) -> None:
    """Make a folder hold exactly these files of one kind.

    Args:
        folder: The folder.
        suffix: The kind; files with another suffix stay as they are.
        contents: What the files hold by name, without suffix.
    """
    for name, content in contents.items():
        write(folder / f"{name}{suffix}", content)
    for path in folder.glob(f"*{suffix}"):
        if path.name.removesuffix(suffix) not in contents:
            path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what builds have left that were killed while they wrote.

    Args:
        folder: The folder, with all below it. Nobody else may be writing there.
    """
    for path in folder.rglob(f".*{whole.PART}"):
        path.unlink(missing_ok=True)
