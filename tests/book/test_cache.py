"""Outputs are found again under the same key, and only if they are as they were written."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.book import cache
from cnnexplain.book.labs import Cell, Lab

if TYPE_CHECKING:
    from pathlib import Path

LAB = Lab("windows", "ja", (Cell("setup", "1", 2),), ("文", ""))
OUTPUTS = [[{"output_type": "stream", "name": "stdout", "text": "6×6 é\n"}]]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name in ("axis.py", "languages/ja.toml", "book/labs.py", "book/kernels.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["axis.py", "languages/ja.toml", "new.py", "book/kernels.py"])
def test_an_edit_of_what_a_lab_runs_with_changes_the_key(package: Path, name: str) -> None:
    before = cache.key(LAB, cache.sources(package), {})
    (package / name).write_text("edited")
    assert cache.key(LAB, cache.sources(package), {}) != before


@pytest.mark.parametrize("name", ["book/labs.py", "book/new.py", "__pycache__/axis.pyc"])
def test_an_edit_of_what_no_lab_runs_with_keeps_the_key(package: Path, name: str) -> None:
    before = cache.key(LAB, cache.sources(package), {})
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("edited")
    assert cache.key(LAB, cache.sources(package), {}) == before


def test_code_language_and_versions_change_the_key_and_prose_does_not() -> None:
    key = cache.key(LAB, {}, {"torch": "2.13.0"})
    assert cache.key(replace(LAB, prose=("別の文", "")), {}, {"torch": "2.13.0"}) == key
    others = {
        cache.key(replace(LAB, language="fr"), {}, {"torch": "2.13.0"}),
        cache.key(replace(LAB, topic="stride"), {}, {"torch": "2.13.0"}),
        cache.key(replace(LAB, cells=(Cell("setup", "2", 2),)), {}, {"torch": "2.13.0"}),
        cache.key(replace(LAB, cells=(Cell("set", "1", 2),)), {}, {"torch": "2.13.0"}),
        cache.key(LAB, {}, {"torch": "2.14.0"}),
        cache.key(LAB, {"axis.py": "0"}, {"torch": "2.13.0"}),
    }
    assert len(others | {key}) == 7


def test_the_versions_are_those_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cache.versions()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["torch"] == metadata.version("torch")
    monkeypatch.setattr(cache, "_LIBRARIES", ("cnnexplain-no-such-library",))
    assert list(cache.versions()) == ["python"]


def test_outputs_are_found_again(tmp_path: Path) -> None:
    assert cache.load(tmp_path / "labs", "key") is None
    cache.save(tmp_path / "labs", "key", OUTPUTS)
    assert cache.load(tmp_path / "labs", "key") == OUTPUTS
    assert [path.name for path in (tmp_path / "labs").iterdir()] == ["key.json"]


@given(st.data())
def test_a_damaged_entry_is_ignored(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    cache.save(folder, "key", OUTPUTS)
    path = folder / "key.json"
    good = path.read_bytes()
    place = data.draw(st.integers(0, len(good) - 2))
    damage = data.draw(st.sampled_from([good[:place], good[:place] + b"0" + good[place:]]))
    path.write_bytes(damage)
    assert cache.load(folder, "key") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"sha256": 1, "outputs": []}', "\xff"])
def test_an_entry_of_another_kind_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_bytes(text.encode("latin-1"))
    assert cache.load(tmp_path, "key") is None


def test_an_entry_in_the_place_of_another_is_no_entry(tmp_path: Path) -> None:
    cache.remember(tmp_path / "a.png", b"a picture")
    assert cache.recall(tmp_path / "a.png") == b"a picture"
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    assert cache.recall(tmp_path / "b.png") is None


def test_what_is_no_file_is_no_entry(tmp_path: Path) -> None:
    (tmp_path / "key.json").mkdir()
    assert cache.load(tmp_path, "key") is None
    assert cache.load(tmp_path / "key.json" / "none", "key") is None
