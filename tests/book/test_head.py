"""What a page tells search engines of itself."""

from __future__ import annotations

import pytest

from cnnexplain.book import head
from cnnexplain.errors import BookError


def test_the_short_answer_describes_a_page_that_has_one() -> None:
    html = '<p>Why?</p><h2 id="short-answer">Short</h2><p>Because.</p><p>More.</p>'
    assert head.description(html) == "Because."


def test_the_first_paragraph_describes_any_other_page() -> None:
    html = "<h1>A</h1><p>All <b>of</b> them:\n<code>a &lt; b</code>.</p><p>More.</p>"
    assert head.description(html) == "All of them: a < b."


def test_a_page_without_a_paragraph_is_refused() -> None:
    with pytest.raises(BookError, match="below its title"):
        head.description("<h1>A</h1>")


@pytest.mark.parametrize(
    ("text", "columns", "cut"),
    [
        ("One. Two.", 9, "One. Two."),
        ("One comes out of 2.5. Two do not.", 24, "One comes out of 2.5."),
        ("One, two, three, and then four", 18, "One, two, three…"),
        ("出力は 6 です。次は 7 になります。", 20, "出力は 6 です。"),
        ("層は、止まる位置の数だけ、出力を計算します", 28, "層は、止まる位置の数だけ…"),
        ("最大プーリングのウィンドウ", 11, "最大プーリ…"),
    ],
)
def test_a_text_is_cut_where_something_ends(text: str, columns: int, cut: str) -> None:
    assert head.shortened(text, columns) == cut
    assert head.width(cut) <= columns
