"""French spaces, and the rules of punctuation of the three languages."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnexplain.book import typography
from cnnexplain.book.spans import spans
from cnnexplain.book.typography import LINTS, Remark, french


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Le pas : 2", "Le pas\xa0: 2"),
        ("Non ; si ! Quoi ?", "Non\u202f; si\u202f! Quoi\u202f?"),
        ("« un mot »", "«\u202fun mot\u202f»"),
        ("l'axe d'entrée", "l’axe d’entrée"),
        ("9 216 unités, 37 752 832 poids", "9\u202f216 unités, 37\u202f752\u202f832 poids"),
        ("en 2012 227 pixels", "en 2012 227\xa0pixels"),
        ("12 %, 25 ms, 3 Go, 227 px", "12\xa0%, 25\xa0ms, 3\xa0Go, 227\xa0px"),
        ("un – deux – trois – quatre", "un –\xa0deux\xa0– trois –\xa0quatre"),
        ("- un – deux\n- trois – quatre", "- un –\xa0deux\n- trois –\xa0quatre"),
        ("| – | – |", "| – | – |"),
        ("terme\n: définition", "terme\n: définition"),
        ("https://a.b 10:30 a:b", "https://a.b 10:30 a:b"),
    ],
)
def test_french_spaces_are_set(typed: str, expected: str) -> None:
    assert french(typed) == expected


@given(
    st.text()
    | st.lists(st.sampled_from(list("ab1 :;!?«»–%'|\n\xa0\u202f23")), max_size=40).map("".join)
)
def test_setting_french_spaces_twice_changes_nothing_more(text: str) -> None:
    assert french(french(text)) == french(text)


SPACE_TWICE = Remark(1, "two spaces: 'A map  of 7'", "write one")

FAILING = [
    ("en", "A map  of 7", SPACE_TWICE),
    ("en", 'A "map"', Remark(1, "a straight quote: 'A \"map\"'", "write “ … ”")),
    ("en", "A map ; b", Remark(1, "a space before punctuation: 'A map ; b'", "remove it")),
    ("en", "so...", Remark(1, "three periods: 'so...'", "write …")),
    ("en", "a 3x3 map", Remark(1, "a letter between sizes: 'a 3x3 map'", "write ×")),
    ("en", "a - b", Remark(1, "a hyphen as a dash: 'a - b'", "write – between spaces")),
    ("en", "a — b", Remark(1, "an em dash: 'a — b'", "write – between spaces")),
    ("en", "## Size. {#s}", Remark(1, "a full stop in a heading: 'Size.'", "remove it")),
    ("en", "it’s", Remark(1, "a typographic apostrophe: 'it’s'", "type '; the build sets it")),
    ("en", "a\u200bb", Remark(1, "an invisible character: 'a\\u200bb'", "remove it")),
    ("en", "a {{ b }", Remark(1, "a broken placeholder: 'a {{ b }'",
                              "write {{ name }} on one line")),
    ("en", "end .", Remark(1, "a space before punctuation: 'end .'", "remove it")),
    ("en", "a , b", Remark(1, "a space before punctuation: 'a , b'", "remove it")),
    ("en", "( a)", Remark(1, "a space after the bracket: '( a)'", "remove it")),
    ("en", "« a »", Remark(1, "a foreign quote: '« a »'", "write “ … ”")),
    ("en", "a\xa0b", Remark(1, "a no-break space: 'a\\xa0b'", "type an ordinary space")),
    ("en", "all of\nof it", Remark(1, "a word twice: 'all of of it'", "write it once")),
    ("en", "The the map", Remark(1, "a word twice: 'The the map'", "write it once")),
    ("en", "normalized", Remark(1, "an American spelling: 'normalized'", "write -ise, -isation")),
    ("en", "Analyzing", Remark(1, "an American spelling: 'Analyzing'", "write -ise, -isation")),
    ("en", "the colors", Remark(1, "an American spelling: 'the colors'", "write -our")),
    ("en", "centered", Remark(1, "an American spelling: 'centered'", "write centre")),
    ("en", "a gray map", Remark(1, "an American spelling: 'a gray map'", "write grey")),
    ("en", "modeling", Remark(1, "an American spelling: 'modeling'", "write -lled, -lling")),
    ("en", "an artifact", Remark(1, "an American spelling: 'an artifact'",
                                 "write artefact, catalogue")),
    ("fr", "`a`: b", Remark(1, "no space before the colon: '⟨⟩: b'", "add a space")),
    ("fr", "a\n\nQuoi?", Remark(3, "no space before ; ! ?: 'Quoi?'", "add a space")),
    ("fr", "« a»", Remark(1, "no space before »: '« a»'", "write « … » with spaces inside")),
    ("fr", "«a »", Remark(1, "no space after «: '«a »'", "write « … » with spaces inside")),
    ("fr", "a\n; b", Remark(2, "punctuation at the start of a line: '; b'",
                            "keep it with the word before it")),
    ("fr", 'le "pas', Remark(1, "a straight quote: 'le \"pas'",
                             "write « … », or “ … ” inside them")),
    ("fr", "a...", Remark(1, "three periods: 'a...'", "write …")),
    ("fr", "a , b", Remark(1, "a space before punctuation: 'a , b'", "remove it")),
    ("fr", "fin .", Remark(1, "a space before punctuation: 'fin .'", "remove it")),
    ("fr", "12%", Remark(1, "no space before the unit: '12%'", "add a space")),
    ("fr", "l’axe", Remark(1, "a typographic apostrophe: 'l’axe'", "type '; the build sets it")),
    ("fr", "a\xa0: b", Remark(1, "a no-break space: 'a\\xa0: b'",
                              "type an ordinary space; the build sets it")),
    ("fr", "A partir", Remark(1, "a capital without its accent: 'A partir'", "write À")),
    ("fr", "Etat", Remark(1, "a capital without its accent: 'Etat'", "write É")),
    ("fr", "la 2ème", Remark(1, "an ordinal: 'la 2ème'", "write 1er, 1re, 2e")),
    ("fr", "noeud", Remark(1, "two letters for œ: 'noeud'", "write œ")),
    ("fr", "si tu lis", Remark(1, "familiar address: 'si tu lis'",
                               "write vous, or impersonally")),
    ("fr", "# Le pas. {#a}", Remark(1, "a full stop in a heading: 'Le pas.'", "remove it")),
    ("fr", "32pixels", Remark(1, "no space before the unit: '32pixels'", "add a space")),
    ("fr", "{{ n }}%", Remark(1, "no space before the unit: '⟨⟩%'", "add a space")),
    ("fr", "soit 1.5 fois", Remark(1, "a decimal point: 'soit 1.5 fois'", "write a comma")),
    ("fr", "a, etc", Remark(1, "etc without its point: 'a, etc'", "write etc.")),
    ("fr", "a, etc.…", Remark(1, "two marks after etc: 'a, etc.…'", "write etc.")),
    ("fr", "a etc.", Remark(1, "no comma before etc.: 'a etc.'", "add a comma")),
    ("fr", "« A part »", Remark(1, "a capital without its accent: '« A part »'", "write À")),
    ("fr", "Ca marche", Remark(1, "a capital without its cedilla: 'Ca marche'", "write Ça")),
    ("fr", "Etendu", Remark(1, "a capital without its accent: 'Etendu'", "write É")),
    ("fr", "la 1ère", Remark(1, "an ordinal: 'la 1ère'", "write 1er, 1re, 2e")),
    ("fr", "le le pas", Remark(1, "a word twice: 'le le pas'", "write it once")),
    ("fr", "un “mot”", Remark(1, "an English quote: 'un “mot”'", "write « … »")),
    ("fr", "« a\n\nb »", Remark(1, "unpaired guillemets: '« a'", "close them with »")),
    ("fr", "« a « b » »", Remark(1, "unpaired guillemets: '« a « b » »'",
                                 "write « … “ … ” … »")),
    ("fr", "a »", Remark(1, "unpaired guillemets: 'a »'", "write « … “ … ” … »")),
    ("ja", "層\xa0層", Remark(1, "a no-break space: '層\\xa0層'", "type an ordinary space")),
    ("ja", "層  層", Remark(1, "two spaces: '層  層'", "write one")),
    ("ja", "`a`は", Remark(1, "no space between Japanese and Latin: '⟨⟩は'",
                          "write one half-width space")),
    ("ja", "層の$n$", Remark(1, "no space between Japanese and Latin: '層の⟨⟩'",
                           "write one half-width space")),
    ("ja", "{{ n }}個", Remark(1, "no space between Japanese and Latin: '⟨⟩個'",
                              "write one half-width space")),
    ("ja", "[CNN](a.md)は", Remark(1, "no space between Japanese and Latin: 'CNNは'",
                                  "write one half-width space")),
    ("ja", "`a` 、層", Remark(1, "a space before Japanese punctuation: '⟨⟩ 、層'", "remove it")),
    ("ja", "層、 `a`", Remark(1, "a space after Japanese punctuation: '層、 ⟨⟩'", "remove it")),
    ("ja", "層, 層", Remark(1, "Western punctuation after Japanese: '層, 層'",
                          "write 、。：！？")),
    ("ja", "層，層", Remark(1, "full-width Western punctuation: '層，層'", "write 、 or 。")),
    ("ja", "CNN (層)", Remark(1, "half-width brackets around Japanese: 'CNN (層)'",
                             "write （…）")),
    ("ja", "層(CNN)", Remark(1, "a half-width bracket after Japanese: '層(CNN)'",
                            "write （…）")),
    ("ja", '"層"', Remark(1, "a Western quote: '\"層\"'", "write 「…」")),
    ("ja", "１２", Remark(1, "full-width letters or digits: '１２'", "write them half width")),
    ("ja", "ｶﾅ", Remark(1, "half-width kana: 'ｶﾅ'", "write them full width")),
    ("ja", "層\u3000層", Remark(1, "a full-width space: '層\\u3000層'", "remove it")),
    ("ja", "1〜2", Remark(1, "a wave dash (U+301C): '1〜2'", "write ～ (U+FF5E)")),
    ("ja", "次のもの：", Remark(1, "a colon at the end of a lead-in: '次のもの：'",
                            "end it with 。")),
    ("ja", "層である。", Remark(1, "a plain ending: '層である。'", "end it in です or ます")),
    ("ja", "*層*", Remark(1, "italics: '*層*'", "write **…**")),
    ("ja", "_層_ の", Remark(1, "italics: '_層_ の'", "write **…**")),
    ("ja", "# 層。 {#a}", Remark(1, "a full stop in a heading: '層。'", "remove it")),
    ("ja", "# 層です {#a}", Remark(1, "a verb in a heading: '層です'", "end it in a noun")),
    ("ja", "層は\n層です。", Remark(1, "a paragraph of 2 lines",
                               "write it on one line: a newline shows as a space")),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "remark"), FAILING)
def test_each_rule_finds_its_mistake(language: str, text: str, remark: Remark) -> None:
    assert remark in LINTS[language](text)


RULES = {
    "en": typography._ENGLISH + typography._AMERICAN + typography._WESTERN + typography._ALL,
    "fr": typography._FRENCH,
    "ja": typography._JAPANESE,
}


@pytest.mark.parametrize("language", RULES)
def test_every_rule_has_a_text_on_which_it_fails(language: str) -> None:
    texts = [text for code, text, _ in FAILING if code == language]
    lines = [line for text in texts for line in typography._lines(spans(text))]

    unseen = [rule for rule in RULES[language] if not any(map(rule.pattern.search, lines))]

    assert not unseen


PASSING = {
    "en": """\
---
title: "A -- b"
---

# The layer's size {#size}

It had had that that; resize the input_size of [The color of gray](https://a.b), “gray” as named.
A prize is 'coloured', sized and normalised; the catalogue of artefacts.

A **window** of 7×7, “a map”; see [this – or that](a.md "x  y"): `a  b`, $a - b$, {{ n }}…

- item: one
-   item two (with `x...`)

| a   | b    |
| :-- | ---: |
| –   | 3    |
""",
    "fr": """\
# L'étape : « une taille » {#size}

À 12 % : l'axe `a:b`, $a:b$ ; {{ n }} ? Voir [ceci](a.md) ! Les « “mots”… » (oui ?) à 10:30.

!!! note "Attention : un titre"
    Vous vous direz (CC BY-SA 3.0, Python 3.11, 1.6.1, etc.) : 1,5 fois, « a, “b”, etc. ».
    Vous lirez 9 216 unités ; 25 ms… Le 1er, la 2e. Le coefficient, l'œuvre – ou non – d'État.

| a   | b    |
| :-- | ---: |
| –   | « 3 » |

Terme
: définition ![image](a.png)
""",
    "ja": """\
# `stride` の意味 {#stride}

ストライド（`stride`）は 2 です。「CNN」の **重み** は {{ n }} 個、$S$ は 1×1 です。

[全結合層](a.md)、`a`、**CNN**（畳み込み）は 12 % です。範囲は 1～3 です（256 個）。

- 層は 2 つ
- 「層である。」と書きません。

| 層  | 数   |
| :-- | ---: |
| `a` | 3    |
""",
}


@pytest.mark.parametrize("language", PASSING)
def test_a_page_that_keeps_the_rules_passes(language: str) -> None:
    assert LINTS[language](PASSING[language]) == []


@pytest.mark.parametrize("language", PASSING)
@pytest.mark.parametrize(
    "piece", ["", "層 ", "(", "(層", '"', "_", "_層", "* a", "1 234 ", " –", "«", "\n"]
)
def test_a_large_page_takes_less_than_a_second(language: str, piece: str) -> None:
    unit = piece or PASSING[language]
    text = unit * (200_000 // len(unit))
    start = time.process_time()

    LINTS[language](text)

    assert time.process_time() - start < 5


def test_an_elided_word_after_a_number_is_no_unit() -> None:
    assert french("un noyau de 3 s'étend, dure 3 s") == ("un noyau de 3 s’étend, dure 3\u00a0s")
