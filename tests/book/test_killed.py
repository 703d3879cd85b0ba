"""Wherever a build is killed, or runs out of room, the next one from what it left is right."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnnexplain.book import build, exports
from cnnexplain.book import cache as kept
from cnnexplain.errors import BookError
from cnnexplain.figures import stride
from cnnexplain.languages import LANGUAGES, current

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.book.labs import Lab, Outputs
    from cnnexplain.figures import Figure

ROOT = Path(__file__).parents[2]
PROSE = '--8<-- "labs/a/setup.md"\n'
OUTPUTS = [[{"output_type": "stream", "name": "stdout", "text": "6\n"}]]


class Shown:
    """A table, an explanation, a figure."""

    python = "a()"

    def to_html(self, language: str | None = None) -> str:
        return f"<p>{language}</p>"

    def figure(self) -> Figure:
        return _stride(current())

    def explanation(self) -> Shown:
        return self

    def message(self) -> str:
        return "Refused."


@cache
def _stride(_: str) -> Figure:
    return stride(3, 2)


class Here(Executor):
    """Draws in this process, as a pool in others, and no real pixels."""

    def __init__(self, *_: object) -> None:
        super().__init__()

    def submit(self, fn: Callable[..., Any], /, *given: Any, **_: Any) -> Future[Any]:
        del fn
        done: Future[Any] = Future()
        done.set_result(given[0].key.encode())
        return done


def run(labs: Sequence[Lab], done: Callable[[Lab, Outputs, float], None]) -> None:
    for lab in labs:
        done(lab, OUTPUTS, 0.0)


def make(root: Path) -> None:
    """Build a small book."""
    book = build.Book(
        values={"inputs": 9216},
        figures={"a": Shown()},
        galleries={"all": ["a"]},
        tables={"a": Shown},
        explanations={"a": Shown()},
        prepare=lambda text, *_: text,
        execute=run,
        export=exports.write,
        played={},
        ledger=lambda *_: {"j": "text\n"},
        playground=lambda _: dict.fromkeys(LANGUAGES, "<form></form>\n"),
        package=root / "docs",
    )
    build.make(root, book, lambda _: None)


def sources(root: Path) -> Path:
    for name, text in {
        "docs/labs/a.py": '# %% setup\ncx.set_language("en")\n',
        **{f"docs/{code}/labs/a.md": PROSE for code in LANGUAGES},
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in ("build", ".cache")
        for path in (root / folder).rglob("*")
        if path.is_file()
    }


def interrupt(chosen: int, stop: Callable[[], None]) -> None:
    """Let a process stop in the chosen one of the calls that change the disk."""
    calls = count(1)

    def half(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            if next(calls) == chosen:
                file.write(data[: len(data) // 2])
                file.flush()
                stop()
            file.write(data)

    def around(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*given: Any, **named: Any) -> Any:
            if next(calls) == chosen:
                stop()
            result = change(*given, **named)
            if next(calls) == chosen:
                stop()
            return result

        return changed

    real: Any = Path  # whose methods are replaced for good: the process ends with the build
    real.write_bytes = half
    real.replace = around(Path.replace)
    real.unlink = around(Path.unlink)
    real.mkdir = around(Path.mkdir)


def killed_everywhere(folder: Path) -> None:
    """Kill builds at one call after the other, let another follow each, and tell what came out."""
    exports.ProcessPoolExecutor = Here  # type: ignore[assignment,attr-defined]
    # What touches no file, and takes the most of the time, is done once.
    build.check_labels = lambda catalogues: None  # noqa: ARG005
    kept.versions = cache(kept.versions)
    whole = sources(folder / "whole")
    make(whole)
    wanted, wrong = tree(whole), []
    for chosen in count(1):
        root = sources(folder / str(chosen))
        child = os.fork()
        if not child:
            interrupt(chosen, lambda: os.kill(os.getpid(), signal.SIGKILL))
            make(root)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            break
        make(root)
        if tree(root) != wanted:
            wrong.append(chosen)
    print(json.dumps({"points": chosen - 1, "files": len(wanted), "wrong": wrong}))  # noqa: T201


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_build_that_is_killed_anywhere_is_followed_by_a_right_one(tmp_path: Path) -> None:
    # In a process of its own, which has no threads and may be copied.
    program = (
        "from tests.book import test_killed; from pathlib import Path\n"
        f"test_killed.killed_everywhere(Path({str(tmp_path)!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["files"] > 50
    # Every file is written in part, whole, and under its name; most in folders of their own.
    assert found["points"] > 4 * found["files"]
    assert found["wrong"] == []


def test_a_disk_that_is_full_anywhere_is_told_and_the_next_build_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ProcessPoolExecutor", Here)
    whole = sources(tmp_path / "whole")
    make(whole)
    wanted, real = tree(whole), Path.write_bytes
    for chosen in range(1, len(wanted) + 1, 5):
        root, calls = sources(tmp_path / str(chosen)), count(1)

        def full(path: Path, data: bytes, calls: Any = calls, chosen: int = chosen) -> None:
            if next(calls) == chosen:
                real(path, data[: len(data) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(path, data)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "write_bytes", full)
            with pytest.raises(BookError) as caught:
                make(root)
        assert caught.value.received == "No space left on device"
        assert caught.value.cure == "make room on the disk"
        assert not [name for name in tree(root) if name.endswith(".part")]
        make(root)
        assert tree(root) == wanted
