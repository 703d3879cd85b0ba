"""One build at a time in a folder: two would remove what the other has just made."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnnexplain.book import files
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A build from nothing takes minutes, and whatever it runs has a limit of its own.
SECONDS = 1200


@contextmanager
def alone(path: Path, say: Callable[[str], None], seconds: float = SECONDS) -> Iterator[None]:
    """Keep all others out who ask for the same lock, in this process or another.

    The system takes the lock back from a process that ends, however it ends.

    Args:
        path: The file of the lock; its folder is made if need be.
        say: Called with one line if somebody else is at work, who is waited for.
        seconds: How long.

    Raises:
        BookError: If they do not come to an end, or the file cannot be written.
    """
    # A build that reads everything from the cache should not wait for what it imports.
    from filelock import FileLock, Timeout  # noqa: PLC0415

    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say("another build is at work in this folder: waiting until it ends")
            lock.acquire(timeout=seconds)
    except Timeout:
        raise BookError(
            f"to build alone in this folder, {path.parent.absolute().parent}",
            f"another build, which has not ended after {seconds:.0f} seconds",
            "see what runs there and end it, or build in another folder",
        ) from None
    except OSError as error:
        raise files.failed(error, path) from error
    try:
        yield
    finally:
        lock.release()
