"""Where the lines of a page must not break."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.book.lines import set_lines

MATH = '<math display="inline"><mi>W</mi></math>'


def held(text: str) -> str:
    return f'<span class="cx-held">{text}</span>'


@pytest.mark.parametrize(
    ("language", "html", "expected"),
    [
        ("en", "<p>VGG-16’s, LeNet-5</p>", f"<p>{held('VGG-16')}’s, {held('LeNet-5')}</p>"),
        ("en", "R-Net Grad-CAM", f"{held('R-Net')} {held('Grad-CAM')}"),
        ("en", "ViT-B/16, CC BY-SA", f"{held('ViT-B/16')}, {held('CC BY-SA')}"),
        ("en", "one-size Max-pooling F-measure", "one-size Max-pooling F-measure"),
        ("en", "<code>--kernel-size 3</code>", f"<code>{held('--kernel-size')} 3</code>"),
        ("en", "<th><code>conv1_1, x.pad</code></th>", "<th><code>conv1_1, x.pad</code></th>"),
        (
            "en",
            "<th><code>ceil_mode, a.to_x</code></th>",
            "<th><code>ceil_<wbr>mode, a.to_x</code></th>",
        ),
        ("en", "<td>a</td><code>ceil_mode</code>", "<td>a</td><code>ceil_mode</code>"),
        ("en", "60 million, 12 px, 3 ms, 4 maps", "60\xa0million, 12\xa0px, 3\xa0ms, 4 maps"),
        ("en", "(12 − 7)/1, 5 → 10", "(12\xa0−\xa07)/1, 5\xa0→ 10"),
        ("en", "the + 1, CC BY-SA 4.0", f"the +\xa01, {held('CC BY-SA 4.0')}"),
        ("en", f"of {MATH}, or ({MATH})", f"of {held(MATH + ',')} or {held('(' + MATH + ')')}"),
        ("en", f"of {MATH} pixels", f"of {MATH} pixels"),
        ("fr", f"de {MATH}\xa0pixels.", f"de {held(MATH + chr(0xA0) + 'pixels.')}"),
        ("fr", "Où se trouve-t-il, est-ce ?", f"Où se {held('trouve-t-il')}, {held('est-ce')} ?"),
        ("fr", "celle-ci, c’est-à-dire", f"{held('celle-ci')}, c’{held('est-à-dire')}"),
        ("fr", "36 fenêtres, 4 096", "36\xa0fenêtres, 4 096"),
        ("fr", "De 256×13×13 à 4096, 5 et 6", f"De 256×13×13 {held('à 4096')}, 5 et 6"),
        ("fr", "de taille 3, un pas de 2", f"de {held('taille 3')}, un {held('pas de 2')}"),
        ("en", "input 5×5, layer 2, = 55", f"{held('input 5×5')}, {held('layer 2')}, =\xa055"),
        ("en", "0 1 2 3 and 10 11", "0\xa01\xa02\xa03 and 10 11"),
        ("ja", "arXiv 1904.1、出力 4×4", f"{held('arXiv 1904.1')}、{held('出力 4×4')}"),
        ("ja", "5 か所、5～7 の 1", f"{held('5' + chr(0xA0) + 'か所')}、{held('5～7')}\xa0の 1"),
        ("ja", "4 分の 1、何分の 1", f"4\xa0{held('分の 1')}、{held('何分の 1')}"),
        ("ja", "、<code>.m</code>。<code>m</code>", "、<wbr><code>.m</code>。<code>m</code>"),
        ("ja", "スライディングウィンドウ", "スライディング<wbr>ウィンドウ"),
        ("ja", f"を {MATH}、（{MATH}）", f"を {held(MATH + '、')}{held('（' + MATH + '）')}"),
        ("ja", "6 つの、32 px", "6\xa0つの、32\xa0px"),
        ("ja", "<pre>出力 1</pre>", '<pre><span class="cx-wide">出力</span> 1</pre>'),
        ("fr", "<pre>VGG-16 --list 36 fenêtres</pre>", "<pre>VGG-16 --list 36 fenêtres</pre>"),
        ("en", '<a title="VGG-16 > 32 pixels">', '<a title="VGG-16 > 32 pixels">'),
        ("en", "<svg><style></style>VGG-16</svg>", "<svg><style></style>VGG-16</svg>"),
        ("en", "<svg><svg></svg>VGG-16</svg>", "<svg><svg></svg>VGG-16</svg>"),
        ("en", "<svg></svg>VGG-16", f"<svg></svg>{held('VGG-16')}"),
        ("en", "<!-- VGG-16 -->", "<!-- VGG-16 -->"),
    ],
)
def test_a_line_holds_what_a_reader_holds(language: str, html: str, expected: str) -> None:
    assert set_lines(html, language) == expected


PIECES = "<p> </p> <code> </code> <pre> </pre> < > \" ' VGG-16 --list est-il 12 px 出力 （ 、 . _ →"


@given(
    st.lists(st.sampled_from([*PIECES.split(), MATH, " ", "\xa0"])).map("".join),
    st.sampled_from(["en", "ja", "fr"]),
)
def test_nothing_is_lost_and_nothing_but_spaces_changes(html: str, language: str) -> None:
    made = set_lines(html, language)
    ours = r'<span class="cx-(?:held|wide)">|<wbr>|</span>'
    assert re.sub(ours, "", made).replace("\xa0", " ") == html.replace("\xa0", " ")
