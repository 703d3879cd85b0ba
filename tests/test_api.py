"""The public names are a contract: each is told once, has an example, and changes in view."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests import contract

import cnnexplain as cx
from cnnexplain.book.reference import docstrings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import pytest


def test_the_public_names_are_those_that_were_agreed_on() -> None:
    """`python -m tests.contract` writes them again; whoever reviews sees what changed."""
    assert contract.contract() == contract.GOLDEN.read_text(encoding="utf-8")


def test_an_argument_and_an_attribute_that_go_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def output_size(input_size: int) -> int:
        return input_size

    monkeypatch.setattr(cx, "output_size", output_size)
    monkeypatch.delattr(cx.Trace, "macs")
    before = contract.GOLDEN.read_text(encoding="utf-8").splitlines()
    after = contract.contract().splitlines()
    assert "cx.output_size(input_size: int) -> int" in after
    assert "cx.output_size(input_size: int) -> int" not in before
    assert before.count("    macs") == after.count("    macs") + 1


def without_example(functions: Iterable[tuple[str, Callable[..., object]]]) -> list[str]:
    return [name for name, each in functions if "Example" not in docstrings.read(each).texts]


def test_everything_that_users_call_has_an_example_that_runs() -> None:
    """The doctests run it. What is only held, or raised, is made by what has one."""
    found = dict(contract.called())
    assert len(found) > 60
    assert without_example(found.items()) == []


def test_a_function_without_an_example_is_found() -> None:
    def bare() -> None:
        """Do nothing."""

    assert without_example([("bare", bare)]) == ["bare"]


TAKEN_AWAY = {
    ("api.py", "    depth: int | None = None,\n) -> Trace", ") -> Trace"): "trace(depth)",
    ("axis.py", "    stride: int = 1,\n    padding: P", "    padding: P"): "output_size(stride)",
    ("report.py", "def to_latex(", "def to_tex("): "to_latex",
    ("networks/__init__.py", "def lenet5(", "def lenet("): "lenet5",
    ("geometry.py", "class ReceptiveField", "class Field"): "ReceptiveField",
}
OURS = ("report.py", "def _table(", "def _rows(")


def test_what_is_taken_away_breaks_and_what_is_private_does_not(tmp_path: Path) -> None:
    sources = contract.ROOT / "src"
    shutil.copytree(sources, tmp_path, ignore=shutil.ignore_patterns("book"), dirs_exist_ok=True)
    for file, before, after in (*TAKEN_AWAY, OURS):
        path = tmp_path / "cnnexplain" / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")
    found = contract.breaking(sources, tmp_path)
    assert len(found) == len(TAKEN_AWAY)
    for told in TAKEN_AWAY.values():
        assert [line for line in found if told in line and "removed" in line], told
    assert contract.breaking(tmp_path, tmp_path) == []


def test_the_comparison_with_a_commit_reads_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    def compared(before: Path, after: Path) -> list[str]:
        assert (before / "cnnexplain" / "axis.py").is_file()
        return [str(after)]

    monkeypatch.setattr(contract, "breaking", compared)
    assert contract.against("HEAD") == [str(contract.ROOT / "src")]
