"""Values have the right forms in each language."""

from __future__ import annotations

from fractions import Fraction

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.book import forms
from cnnexplain.languages import LANGUAGES, current

CODES = st.sampled_from(LANGUAGES)


@given(st.integers(0, 10**12), CODES)
def test_a_count_is_written_as_the_language_groups_it(count: int, language: str) -> None:
    expected = format_decimal(count, locale=language)
    assert forms.written({"count": count}, language) == {
        "count": {"text": expected, "tex": rf"\text{{{expected}}}"}
    }


@pytest.mark.parametrize(("language", "none"), [("en", "none"), ("ja", "なし"), ("fr", "aucune")])
def test_a_count_behind_a_colon_is_a_word_only_where_it_is_zero(language: str, none: str) -> None:
    counts = {"zero": forms.Count(0), "one": forms.Count(1)}
    written = forms.written(counts, language)
    assert [each["text"] for each in written.values()] == [none, "1"]


@given(st.lists(st.integers(1, 10**6), min_size=1).map(tuple), CODES)
def test_a_shape_is_the_same_in_every_language(shape: tuple[int, ...], language: str) -> None:
    written = forms.written({"shape": shape}, language)["shape"]
    assert tuple(int(size) for size in written["text"].split("×")) == shape
    assert tuple(int(size) for size in written["tex"].split(r" \times ")) == shape


@pytest.mark.parametrize(("language", "text"), [("en", "5.5"), ("ja", "5.5"), ("fr", "5,5")])
def test_a_measure_has_the_decimal_sign_of_the_language(language: str, text: str) -> None:
    assert forms.written({"half": Fraction(11, 2)}, language) == {
        "half": {"text": text, "tex": rf"\text{{{text}}}"}
    }


@given(st.text(st.characters(exclude_categories=["Nd"])), CODES)
def test_a_formula_stays_as_it_is_and_has_no_form_for_text(tex: str, language: str) -> None:
    assert forms.written({"rule": forms.Tex(tex)}, language) == {"rule": {"tex": tex}}


def test_the_counts_in_a_formula_are_grouped_and_its_sizes_are_not() -> None:
    rule = forms.Tex(r"256 \cdot 6 \cdot 6 = 9216")
    assert forms.written({"rule": rule}, "fr") == {
        "rule": {"tex": "256 \\cdot 6 \\cdot 6 = \\text{9\N{NARROW NO-BREAK SPACE}216}"}
    }


def test_the_current_language_is_left_alone() -> None:
    before = current()
    forms.written({"count": 1}, "fr")
    assert current() == before
