"""Files written whole or not at all, and whether there is one."""

import os
from pathlib import Path

PART = ".part"
"""What the names of files end with that are not whole yet."""


def write(path: Path, data: bytes) -> None:
    """Give a file these bytes: whoever reads meanwhile sees the old ones or the new, never a part.

    Args:
        path: The file; its folder must exist.
        data: All of its bytes.
    """
    # Not by tempfile, whose files only their owner may read. The name is short, because the file's
    # own may be as long as names can be, and random, because two threads may write at once.
    part = path.with_name(f".{os.urandom(8).hex()}{PART}")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def is_file(path: Path) -> bool:
    r"""Return whether there is such a file, also for a name that none can have.

    Args:
        path: The file.

    Example:
        >>> is_file(Path("a" * 999)), is_file(Path("a\\0b"))
        (False, False)
    """
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
