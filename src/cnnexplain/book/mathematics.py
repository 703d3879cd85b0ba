"""Formulas: TeX in the sources, MathML on the pages, made at build without any script."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree as ET

from latex2mathml.converter import convert

from cnnexplain.errors import BookError

# Digits with their grouping and decimal characters: a number, which prose wrote as \text{9,216}.
_NUMBER = re.compile(
    r"<mtext>(\d[\d.,\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]*)</mtext>",
)
_CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2}
_TAG = re.compile(r"<[^>]*>")


def mathml(tex: str, *, display: bool = False) -> str:
    r"""Turn a formula into MathML.

    Args:
        tex: The formula in TeX, without dollar signs.
        display: Whether it stands on a line of its own.

    Raises:
        BookError: If a part of the formula is not understood.

    Example:
        >>> mathml(r"\text{9,216}")
        '<math display="inline"><mrow><mn>9,216</mn></mrow></math>'
    """
    try:
        converted = convert(tex.strip(), display="block" if display else "inline")
    except Exception as error:
        # The converter's many exceptions have no common base and no message of their own.
        raise _not_understood(tex, f"{type(error).__name__} from latex2mathml") from error
    # What it does not know, it shows as it stands; so does `&` outside of a matrix.
    left = re.search(r"\\\S*|&", html.unescape(_TAG.sub(" ", converted)))
    if left:
        raise _not_understood(tex, f"{left[0]} left over")
    converted = converted.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    for part in ET.fromstring(converted).iter():  # noqa: S314  # written by the line above
        if len(part) != _CHILDREN.get(part.tag, len(part)):
            raise _not_understood(tex, f"<{part.tag}> of {len(part)} parts")
    return _NUMBER.sub(r"<mn>\1</mn>", converted.replace("&#x000A0;", "\N{NO-BREAK SPACE}"))


def _not_understood(tex: str, what: str) -> BookError:
    return BookError(
        "a formula that latex2mathml can turn into MathML",
        f"{what} in ${tex.strip()}$",
        "correct it, or write it with simpler commands (no aligned, no macros of your own)",
    )
