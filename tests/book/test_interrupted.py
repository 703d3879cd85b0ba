"""Whoever ends a build is not left with a word, a kernel or a process that draws."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from cnnexplain.book import __main__ as program
from cnnexplain.book import exports, kernels, lock
from cnnexplain.book.labs import Cell, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def run_a_lab(folder: Path) -> None:
    cell = (
        f"import os, pathlib\npathlib.Path({str(folder)!r}, str(os.getpid())).touch()\n"
        "while True:\n    pass"
    )
    lab = Lab("a", "en", (Cell("setup", cell, 1),), ("", ""))
    kernels.execute([lab, lab], lambda *_: None)


def run_between_cells(folder: Path) -> None:
    """Be found at work on a cell that has not begun, with time for a last word before the end."""
    end = LocalProvisioner.kill

    async def end_late(provisioner: LocalProvisioner, restart: bool = False) -> None:
        await asyncio.sleep(1)
        await end(provisioner, restart)

    LocalProvisioner.kill = end_late  # type: ignore[method-assign,assignment]
    cell = (
        "import os, pathlib\ndef wait(lines):\n"
        f"    pathlib.Path({str(folder)!r}, str(os.getpid())).touch()\n"
        "    while True:\n        pass\n"
        "get_ipython().input_transformers_cleanup.append(wait)"
    )
    lab = Lab("a", "en", (Cell("setup", cell, 1), Cell("never", "pass", 7)), ("", "", ""))
    kernels.execute([lab, lab], lambda *_: None)


def draw(folder: Path) -> None:
    exports.Picture.drawn = draw_for_ever  # type: ignore[method-assign,assignment]
    pictures = [exports.Picture(".png", [str(folder), str(at)], 0.0) for at in range(9)]
    list(exports._drawn(folder, pictures))


def draw_for_ever(picture: exports.Picture) -> bytes:
    Path(picture.frames[0], str(os.getpid())).touch()
    time.sleep(60)
    return b""


def start(what: str, folder: str) -> int:
    """Run the build step as it is, with one kind of work alone."""
    # Tests that run in the background of a script inherit that Ctrl-C does nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    work = {"kernels": run_a_lab, "between cells": run_between_cells, "pictures": draw}[what]
    program._make = lambda root: work(root / "pids")
    return program.main(["--root", folder])


@pytest.fixture(params=["kernels", "between cells", "pictures"])
def building(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    for name in ("docs", "pids"):
        (tmp_path / name).mkdir()
    code = (
        "import sys; from tests.book import test_interrupted as our\n"
        f"if __name__ == '__main__': sys.exit(our.start({request.param!r}, {str(tmp_path)!r}))"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as in a terminal: Ctrl-C reaches all of them, and not the tests
    )
    with started:
        end = time.monotonic() + 60
        while not list((tmp_path / "pids").iterdir()):
            assert started.poll() is None, started.communicate()
            assert time.monotonic() < end
            time.sleep(0.05)
        yield started
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)


def survivors(folder: Path) -> list[str]:
    """Return the processes that did the work and have not ended after a while."""
    end = time.monotonic() + 20
    while True:
        alive = [path.name for path in (folder / "pids").iterdir() if _is_alive(int(path.name))]
        if not alive or time.monotonic() > end:
            return alive
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Where nobody collects orphans, they stay as they ended.
    state = Path(f"/proc/{pid}/stat")
    return not state.is_file() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_interrupted_build_ends_at_once_without_a_word(
    building: subprocess.Popen[str], tmp_path: Path
) -> None:
    os.killpg(building.pid, signal.SIGINT)
    told = building.communicate(timeout=30)
    assert (building.returncode, *told) == (130, "", "")
    assert survivors(tmp_path) == []


def test_nothing_goes_on_after_a_build_that_was_killed(
    building: subprocess.Popen[str], tmp_path: Path
) -> None:
    building.kill()
    building.wait()
    assert survivors(tmp_path) == []
    with lock.alone(tmp_path / ".cache" / "book.lock", pytest.fail):
        pass
