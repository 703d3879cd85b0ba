"""One build at a time in a folder, and no lock outlives the build that took it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cnnexplain.book import lock
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLDER = """
import sys, time
from pathlib import Path
from cnnexplain.book import lock
with lock.alone(Path(sys.argv[1]), print):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".cache" / "book.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        assert started.stdout.readline() == "held\n"
        yield started
        started.kill()


def test_a_build_alone_says_nothing_and_another_may_follow(path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        with lock.alone(path, said.append):
            pass
    with pytest.raises(ZeroDivisionError), lock.alone(path, said.append):
        raise ZeroDivisionError
    with lock.alone(path, said.append):
        pass
    assert said == []


@pytest.mark.usefixtures("holder")
def test_a_second_build_says_that_it_waits_and_for_how_long_it_has(path: Path) -> None:
    said: list[str] = []
    with pytest.raises(BookError) as caught, lock.alone(path, said.append, seconds=0.1):
        pytest.fail("two builds at once")
    assert said == ["another build is at work in this folder: waiting until it ends"]
    assert str(caught.value) == (
        f"expected: to build alone in this folder, {path.parent.parent}\n"
        "received: another build, which has not ended after 0 seconds\n"
        "cure: see what runs there and end it, or build in another folder"
    )


def test_a_build_that_is_killed_holds_nobody_up(path: Path, holder: subprocess.Popen[str]) -> None:
    said: list[str] = []

    def told(line: str) -> None:
        said.append(line)
        holder.kill()  # while the second build is waiting

    with lock.alone(path, told, seconds=30):
        assert len(said) == 1


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / ".cache").touch()
    with (
        pytest.raises(BookError, match=r"book\.lock: to read and to write it"),
        lock.alone(tmp_path / ".cache" / "book.lock", print),
    ):
        pytest.fail("no lock")
