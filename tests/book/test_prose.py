"""Prose made ready for the build."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.book.prose import prepare
from cnnexplain.book.spans import OBJECT, Kind, spans
from cnnexplain.errors import BookError

VALUES = {
    "inputs": {"text": "9,216", "tex": r"\text{9,216}"},
    "maps": {"text": "256×6×6", "tex": r"256 \times 6 \times 6"},
    "rule": {"tex": r"\lfloor x \rfloor"},
}
KEPT = st.sampled_from(
    [
        "`a : b`",
        "$x : y ;$",
        "$$x'$$",
        '<a title="b : c !">',
        "](b 'c : d')",
        "https://a.b/c;d",
        "{: title='a : b' }",
        '\n\n--8<-- "figures/a : b.html"\n\n',
        "\n\n```\n{{ inputs }} : 'x' !\n```\n\n",
        "<!-- a : {{ inputs }} -->",
        "<code>{{ inputs }} : b</code>",
        "\n\n| :--- | ---: |\n\n",
    ]
)
TEXT = st.sampled_from(["mot", " : ", " ; ", "« ", " »", "l'axe", " ", "12 %", "é", OBJECT])


def test_values_stand_as_text_and_as_formulas() -> None:
    text = "| {{inputs}} | ${{ maps }} = {{ inputs }}$ |\n\n$${{ rule }}$$"

    assert prepare(text, "en", VALUES, "a.md") == (
        "| 9,216 | $256 \\times 6 \\times 6 = \\text{9,216}$ |\n\n$$\\lfloor x \\rfloor$$"
    )


def test_braces_around_a_value_in_a_formula_stay() -> None:
    assert prepare("$2^{{{ inputs }}}$", "ja", VALUES, "a.md") == r"$2^{\text{9,216}}$"


@pytest.mark.parametrize(
    "text",
    [
        "`{{ inputs }}`",
        "```\n{{ inputs }}\n```",
        "---\ntitle: '{{ inputs }} : a'\n---\n",
        '<img alt="{{ inputs }}">',
        "<!-- {{ inputs }} -->",
        "](https://a.b/{{inputs}})",
        "{ title={{inputs}} }",
    ],
)
@pytest.mark.parametrize("language", ["en", "ja", "fr"])
def test_values_are_left_alone_elsewhere(text: str, language: str) -> None:
    assert prepare(text, language, VALUES, "a.md") == text


def test_french_spaces_stand_around_code_formulas_and_values() -> None:
    text = dedent("""\
        ## L'axe : « `stride` » {#axis}

        Le pas `stride` : $S$ ; la taille {{ inputs }} ? Voir [l'axe](a.md#l'axe) !

        !!! note "Attention : l'axe"
            Non ![l'image](b.png) : $n$ px, 12 %.
    """)

    assert prepare(text, "fr", VALUES, "a.md") == dedent("""\
        ## L’axe\xa0: «\u202f`stride`\u202f» {#axis}

        Le pas `stride`\xa0: $S$\u202f; la taille 9,216\u202f? Voir [l’axe](a.md#l'axe)\u202f!

        !!! note "Attention\xa0: l’axe"
            Non ![l’image](b.png)\xa0: $n$\xa0px, 12\xa0%.
    """)


def test_english_gets_its_apostrophes_and_japanese_stays_as_typed() -> None:
    assert prepare("the layer's `it's`", "en", {}, "a.md") == "the layer’s `it's`"
    assert prepare("'層' : `a`", "ja", {}, "a.md") == "'層' : `a`"


def test_an_unknown_value_is_named_with_its_place_and_near_misses() -> None:
    with pytest.raises(BookError) as error:
        prepare("```\n\n```\n\nSize:\n{{ input }}", "fr", VALUES, "docs/fr/windows.md")

    assert str(error.value) == (
        "expected: the name of a computed value that may stand in text\n"
        "received: `{{ input }}` in docs/fr/windows.md (fr), line 6\n"
        "cure: write `{{ inputs }}`"
    )


def test_an_unknown_value_without_near_misses_says_where_values_come_from() -> None:
    with pytest.raises(BookError) as error:
        prepare("$\\frac{{a}}{b}$", "en", VALUES, "docs/en/index.md")

    assert str(error.value) == (
        "expected: the name of a computed value that may stand in mathematics\n"
        "received: `{{a}}` in docs/en/index.md (en), line 1\n"
        "cure: add 'a' to the values of cnnexplain.book, or write TeX groups with single braces"
    )


def test_a_formula_outside_of_mathematics_is_refused() -> None:
    with pytest.raises(BookError) as error:
        prepare("so {{ rule }}", "ja", VALUES, "docs/ja/index.md")

    assert str(error.value) == (
        "expected: the name of a computed value that may stand in text\n"
        "received: `{{ rule }}` in docs/ja/index.md (ja), line 1\n"
        "cure: put it inside $...$: rule is a formula"
    )


def test_a_placeholder_that_is_not_closed_is_refused() -> None:
    with pytest.raises(BookError) as error:
        prepare("so {{ inputs }", "en", VALUES, "docs/en/index.md")

    assert str(error.value) == (
        "expected: the name of a computed value that may stand in text\n"
        "received: `{{ inputs }` in docs/en/index.md (en), line 1\n"
        "cure: close it as in `{{ name }}`"
    )


@given(st.lists(KEPT | TEXT, max_size=20).map("".join))
def test_all_but_text_and_formulas_with_values_stays_as_it_is(text: str) -> None:
    before = [span.text for span in spans(text) if span.kind is not Kind.TEXT]
    after = spans(prepare(text, "fr", VALUES, "a.md"))

    assert [span.text for span in after if span.kind is not Kind.TEXT] == before


@given(st.lists(KEPT | TEXT, max_size=20).map("".join))
def test_preparing_twice_changes_nothing_more(text: str) -> None:
    once = prepare(text, "fr", VALUES, "a.md")

    assert prepare(once, "fr", VALUES, "a.md") == once
