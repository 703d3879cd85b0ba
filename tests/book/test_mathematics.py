"""Formulas as MathML."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.book.mathematics import mathml
from cnnexplain.errors import BookError


def test_the_size_formula_has_stretching_floor_brackets() -> None:
    formula = mathml(r"\left\lfloor \frac{W + 2P - K}{S} \right\rfloor + 1", display=True)
    root = ET.fromstring(formula)  # noqa: S314  # our own output
    brackets = [mo.text for mo in root.iter("mo") if mo.get("stretchy") == "true"]
    assert brackets == ["⌊", "⌋"]
    assert root.get("display") == "block"


@given(st.integers(0, 10**9), st.sampled_from([",", "\N{NARROW NO-BREAK SPACE}", ""]))
def test_a_grouped_count_is_one_number(count: int, group: str) -> None:
    text = f"{count:,}".replace(",", group)
    assert f"<mn>{text}</mn>" in mathml(rf"\text{{{text}}}")


def test_words_in_a_formula_stay_words() -> None:
    assert "<mtext>kernel\N{NO-BREAK SPACE}3</mtext>" in mathml(r"\text{kernel 3}")


def test_a_shape_reads_like_plain_text() -> None:
    assert "".join(ET.fromstring(mathml(r"256 \times 6 \times 6")).itertext()) == "256×6×6"  # noqa: S314


@pytest.mark.parametrize(
    "tex",
    [
        r"\nosuchcommand x",
        "a & b",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\frac{1}",
        "{",
    ],
)
def test_what_is_not_understood_is_named(tex: str) -> None:
    with pytest.raises(BookError, match=re.escape(tex)):
        mathml(tex)


def test_a_matrix_may_hold_ampersands() -> None:
    assert "<mtable>" in mathml(r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}")


def test_less_than_stays_well_formed() -> None:
    assert "".join(ET.fromstring(mathml("j < i")).itertext()) == "j<i"  # noqa: S314
