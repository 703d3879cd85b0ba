"""Errors say what was expected, what came, and what to do."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.errors import (
    ArgumentError,
    CnnExplainError,
    ExplainedError,
    ShapeError,
    SourceError,
    pair,
    shown,
)


def test_an_error_has_three_lines() -> None:
    error = ShapeError("a", "b", "c")
    assert str(error).splitlines() == ["expected: a", "received: b", "cure: c"]


@pytest.mark.parametrize("kind", [ArgumentError, ShapeError, SourceError])
def test_errors_are_ours_and_value_errors(kind: type[CnnExplainError]) -> None:
    assert issubclass(kind, CnnExplainError)
    assert issubclass(kind, ValueError)


def test_errors_survive_pickling_and_copying() -> None:
    error = ShapeError("a", "b", "c")
    assert str(pickle.loads(pickle.dumps(error))) == str(copy.copy(error)) == str(error)  # noqa: S301


@given(st.text(), st.integers(10, 60))
def test_what_a_user_gave_is_shown_on_one_short_ascii_line(text: str, limit: int) -> None:
    line = shown(text, limit)
    assert line.isascii()
    assert len(line) <= limit
    assert "\n" not in line


def test_an_object_that_cannot_show_itself_is_named_by_its_type() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert shown(Broken()) == "a Broken"


def test_a_pair_has_two_numbers() -> None:
    with pytest.raises(ArgumentError, match=r"received: window=\(1, 2, 3\)"):
        pair("window", (1, 2, 3), 1)


def test_an_explained_error_tells_its_explanation_once_there_is_one() -> None:
    error = ExplainedError("a", "b", "c")
    assert str(error) == "expected: a\nreceived: b\ncure: c"
    error.told = "Problem: ..."
    assert str(error) == "Problem: ..."
