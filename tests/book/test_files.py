"""Files are written whole, and only when something changed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cnnexplain.book import files
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.html"
    assert files.write(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    os.utime(path, (1, 1))
    assert not files.write(path, "é\n")
    assert path.stat().st_mtime == 1
    assert files.write(path, "e\n")
    assert [entry.name for entry in path.parent.iterdir()] == ["a.html"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.html"
    files.write(path, "old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(type(path), "replace", fail)
    with pytest.raises(BookError, match="disk full"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "cure"),
    [(errno.ENOSPC, "make room on the disk"), (errno.EACCES, "see what is there and whose it is")],
)
def test_what_the_system_refuses_is_told_with_the_file_and_a_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, cure: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(type(tmp_path), "write_bytes", fail)
    with pytest.raises(BookError) as caught:
        files.write(tmp_path / "new/a.html", "text")
    assert caught.value.expected == f"{tmp_path}/new/a.html: to read and to write it"
    assert caught.value.received == os.strerror(number)
    assert caught.value.cure.startswith(cure)
    assert not list((tmp_path / "new").iterdir())


def test_a_folder_in_place_of_a_file_and_the_other_way_round_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.html").mkdir()
    with pytest.raises(BookError, match=r"a\.html: to read and to write it\nreceived: Is a dir"):
        files.write(tmp_path / "a.html", "text")
    (tmp_path / "file").touch()
    with pytest.raises(BookError, match="received: Not a directory"):
        files.write(tmp_path / "file/a.html", "text")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
def test_a_file_that_grows_too_large_for_the_disk_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    files.write(path, "old")
    program = (
        "import resource; from pathlib import Path; from cnnexplain.book import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"files.write(Path({str(path)!r}), 'new' * 1000)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert f"expected: {path}: to read and to write it\nreceived: File too large" in done.stderr
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_build_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/.0123456789abcdef.part").touch()
    (tmp_path / "labs/a.json").touch()
    files.sweep(tmp_path)
    files.sweep(tmp_path / "no such folder")
    assert [path.name for path in (tmp_path / "labs").iterdir()] == ["a.json"]


def test_a_file_may_be_read_by_a_web_server(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    files.write(tmp_path / "a.html", "text")
    assert (tmp_path / "a.html").stat().st_mode == plain.stat().st_mode


def test_a_folder_holds_just_the_products_that_exist(tmp_path: Path) -> None:
    files.sync(tmp_path, ".html", {"a": "1", "b": "2"})
    (tmp_path / "note.txt").touch()
    (tmp_path / ".c.html.1.tmp").touch()
    files.sync(tmp_path, ".html", {"b": "2"})
    assert {path.name for path in tmp_path.iterdir()} == {"b.html", "note.txt", ".c.html.1.tmp"}


def test_a_source_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(BookError) as caught:
        files.read(tmp_path / "a.md", "docs/ja/a.md")
    assert str(caught.value) == (
        "expected: a file docs/ja/a.md\nreceived: no such file\ncure: write docs/ja/a.md"
    )
    (tmp_path / "a.md").write_bytes(b"ab\xff")
    with pytest.raises(BookError) as caught:
        files.read(tmp_path / "a.md", "docs/ja/a.md")
    assert str(caught.value) == (
        "expected: docs/ja/a.md: UTF-8 text\n"
        "received: byte 2: invalid start byte\n"
        "cure: save it as UTF-8"
    )
