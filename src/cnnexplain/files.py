"""Files written whole or not at all."""

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
