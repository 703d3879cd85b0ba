"""Markdown cut into spans."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.book.prose import prepare
from cnnexplain.book.spans import OBJECT, Kind, spans, visible

PIECES = [
    *("`", "``", "```\n", "$", "$$", "<!--", "-->", "<a ", 'href="', ">", "](", ")", "[", "{#a}"),
    *("{{", " n ", "}}", "\n", "\n\n", '--8<-- "a.html"\n', '!!! note "', "\\", "word", " : "),
    *("| ---: |", "https://a.b/c", "<pre>", "</pre>", "---\n", "~~~", ":smile:", "'", "«", " »"),
    *("é", "畳", OBJECT),
]
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text()


def found(text: str, kind: Kind) -> list[str]:
    return [span.text for span in spans(text) if span.kind is kind]


@given(MARKDOWN)
def test_spans_join_back_to_the_text(text: str) -> None:
    assert "".join(span.text for span in spans(text)) == text


@given(MARKDOWN)
def test_no_two_adjacent_spans_are_text_and_none_is_empty(text: str) -> None:
    kinds = [span.kind for span in spans(text)]

    assert (Kind.TEXT, Kind.TEXT) not in pairwise(kinds)
    assert all(span.text for span in spans(text))


@given(MARKDOWN)
def test_what_is_visible_keeps_the_lines_of_the_source(text: str) -> None:
    assert visible(spans(text)).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Kind.CODE, "a `b` ``c ` d`` \\`e", ["`b`", "``c ` d``"]),
        (Kind.CODE, "open `a\n\nnext `b", []),
        (Kind.CODE, "press <kbd>x : y</kbd>", ["<kbd>x : y</kbd>"]),
        (Kind.FENCE, "a\n```python\n$x$\n\n```\nb", ["```python\n$x$\n\n```"]),
        (Kind.FENCE, "a\n    ~~~\n```\n    ~~~\nb", ["    ~~~\n```\n    ~~~"]),
        (Kind.MATH, "$a$, \\$b$, 5 $ or 6 $ and $c\nd$", ["$a$", "$c\nd$"]),
        (Kind.MATH, "$2^{{{ n }}}$", ["$2^{{{ n }}}$"]),
        (Kind.DISPLAY, "a\n\n$${{ rule }}$$\n\n$$\nx\n$$", ["$${{ rule }}$$", "$$\nx\n$$"]),
        (Kind.HTML, 'x < y <a href="b > c">d</a>', ['<a href="b > c">', "</a>"]),
        (Kind.HTML, "a <!-- b\n\n: c --> d", ["<!-- b\n\n: c -->"]),
        (Kind.HTML, "<pre>a : b</pre>", ["<pre>a : b</pre>"]),
        (Kind.FOREIGN, 'le <span lang="en">max : x</span>', ['<span lang="en">max : x</span>']),
        (Kind.TARGET, '[a](b_(c).md "d : e") [f][g] [^1]', ['](b_(c).md "d : e")', "][g]", "[^1]"]),
        (Kind.TARGET, "[a]: https://b.c : d", ["[a]: https://b.c : d"]),
        (Kind.ADDRESS, "see https://a.b/c?d=e. Or <a:b>", ["https://a.b/c?d=e", "<a:b>"]),
        (Kind.ATTRIBUTES, "# A {#a} ![b](c){ width=3 } {d}", ["{#a}", "{ width=3 }"]),
        (Kind.SNIPPET, 'a\n\n--8<-- "b.html"\n\nc', ['--8<-- "b.html"']),
        (Kind.MARKUP, "| a | b |\n| :- | -: |\n", ["| :- | -: |"]),
        (Kind.MARKUP, '!!! note "A : b"\n    c', ['!!! note "', '"']),
        (Kind.MARKUP, "a :material-check: b : c", [":material-check:"]),
        (Kind.FRONT, "---\ntitle: a\n---\n\nb", ["---\ntitle: a\n---\n"]),
    ],
)  # fmt: skip
def test_each_kind_is_found(kind: Kind, text: str, expected: list[str]) -> None:
    assert found(text, kind) == expected


def test_a_reader_sees_words_and_objects_but_no_markup() -> None:
    text = "**A** [map](a.md){.b} of `c`, $d$ and {{ e }} <b>units</b>"

    assert visible(spans(text)) == f"A map of {OBJECT}, {OBJECT} and {OBJECT} units"


@pytest.mark.parametrize(
    "piece",
    [
        "word : ",
        "`",
        "` ``",
        "$",
        "$a ",
        "<!--",
        "<a ",
        '<a "',
        "](",
        "](a(",
        "{ ",
        "{a=",
        "<pre>",
        "\n",
    ],
)
def test_a_large_page_takes_less_than_a_second_whatever_it_is_made_of(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    start = time.process_time()

    prepare(text, "fr", {}, "docs/fr/index.md")

    assert time.process_time() - start < 1
