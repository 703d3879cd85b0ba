"""Labels and numbers in three languages; Babel is the second route to every number."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain import languages
from cnnexplain.errors import ArgumentError, CnnExplainError
from cnnexplain.languages import LANGUAGES, current, language, number, text


@pytest.mark.parametrize("code", LANGUAGES)
@given(value=st.integers(-(10**18), 10**18))
def test_whole_numbers_are_babels(code: str, value: int) -> None:
    with language(code):
        assert number(value) == format_decimal(value, locale=code)


@pytest.mark.parametrize("code", LANGUAGES)
@given(value=st.integers(-(10**9), 10**9))
def test_measures_are_babels(code: str, value: int) -> None:
    # Eighths are exact in binary, so that both round the same number.
    with language(code):
        assert number(Fraction(value, 8), digits=3) == format_decimal(
            value / 8, format="#,##0.###", locale=code
        )


def test_the_language_inside_a_with_block_ends_with_it() -> None:
    with language("ja"):
        with language("fr"):
            assert current() == "fr"
        with language(None):
            assert current() == "ja"
    assert current() == "en"


def test_set_language_holds_in_other_threads_too() -> None:
    languages.set_language("fr")
    try:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(current).result() == "fr"
    finally:
        languages.set_language("en")


@pytest.mark.parametrize("call", [languages.set_language, languages.catalogue])
def test_an_unknown_language_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(ArgumentError) as caught:
        call("de")
    assert str(caught.value).splitlines() == [
        "expected: one of the languages en, ja, fr",
        "received: language='de'",
        'cure: write for example cx.set_language("en")',
    ]


def test_a_missing_label_names_key_and_language() -> None:
    with language("ja"), pytest.raises(CnnExplainError) as caught:
        text("table.nothing")
    assert str(caught.value).splitlines() == [
        "expected: a label 'table.nothing' in languages/ja.toml",
        "received: no such label",
        "cure: add it in every language",
    ]


def test_a_missing_placeholder_names_label_and_language() -> None:
    with pytest.raises(CnnExplainError) as caught:
        text("table.caption", name="AlexNet")
    assert str(caught.value).splitlines() == [
        "expected: placeholders among ['name'] in the label 'table.caption' of languages/en.toml",
        "received: '{name}, input {size}' ('size')",
        "cure: correct the label",
    ]


@pytest.mark.parametrize("code", [["en"], None, 3])
def test_a_language_is_text(code: Any) -> None:
    with pytest.raises(ArgumentError, match="one of the languages en, ja, fr"):
        languages.set_language(code)


def test_a_measure_without_decimals_has_no_separator() -> None:
    assert number(1999.6, digits=0) == "2,000"
