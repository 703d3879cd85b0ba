"""Parity of the three languages: each check passes on one page and fails on another."""

import time
from pathlib import Path
from textwrap import dedent

import pytest

from cnnexplain.book.parity import CHECKS, catalogues, check, compare, content, glossary, structure
from cnnexplain.book.parity.numerals import in_digits, in_words
from cnnexplain.book.parity.page import Finding, Page
from cnnexplain.errors import BookError

ENGLISH = """\
---
title: One two three
---

# Output size {#size}

The layer has {{ kernels }} kernels of size $K \\times 11$,
about 61 million weights and 1,234.5 MACs.

$$o = \\text{size} + 1{,}234$$

See [the next page](windows.md#stride) and the two figures:

--8<-- "figures/stride.html"

![A map of the world](map.png)

## In code {#code}

!!! note "A remark on code"
    This one uses `stride` in the code.

- first of three
- second

| name | size |
| :--- | ---: |
| input | 9,216 |

```python
cx.output_size(13)
```
"""
FRENCH = """\
---
title: Un deux trois
---

# Taille de sortie {#size}

La couche a {{ kernels }} noyaux de taille $K \\times 11$,
environ 61 millions de poids et 1 234,5 MAC.

$$o = \\text{taille} + 1\\,234$$

Voir [la page suivante](windows.md#stride) et les 2 figures :

--8<-- "figures/stride.html"

![Une carte du monde](map.png)

## En code {#code}

!!! note "Une remarque sur le code"
    Celle-ci utilise `stride` dans le code.

- premier de trois
- second

| nom | taille |
| :--- | ---: |
| entrée | 9 216 |

```python
cx.output_size(13)
```
"""
JAPANESE = """\
---
title: 一二三
---

# 出力サイズ {#size}

層には $K \\times 11$ のカーネルが {{ kernels }} 個、重みが 6,100 万個、積和演算が 1,234.5 回。

$$o = \\text{サイズ} + 1{,}234$$

[次のページ](windows.md#stride) と 2 つの図をご覧ください。

--8<-- "figures/stride.html"

![世界地図](map.png)

## コードの中 {#code}

!!! note "コードについて"
    ここではコードで `stride` を使います。

- 3 つのうちの 1 つ目
- 2 つ目

| 名前 | サイズ |
| :--- | ---: |
| 入力 | 9,216 |

```python
cx.output_size(13)
```
"""

GLOSSARY = dedent("""\
    [[concept]]
    en = "layer"
    ja = "層"
    fr = "couche"
    forbidden.ja = ["レイヤー"]

    [[concept]]
    en = "fully connected layer"
    ja = "全結合層"
    fr = "couche entièrement connectée"

    [[concept]]
    en = "crop"
    ja = "クロップ"
    fr = "recadrage"
    forms.en = ['crop(?:ped|ping)']
    forms.ja = ["切り出"]
    forms.fr = ['recadr\\w+']

    [[concept]]
    en = "depth"
    ja = "深さ"
    fr = "profondeur"
    required = false
""")


def page(language: str, text: str) -> Page:
    return Page("a.md", language, text)


def messages(findings: object) -> list[str]:
    return [str(finding) for finding in findings]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("language", "text"), [("fr", FRENCH), ("ja", JAPANESE)])
def test_a_faithful_translation_passes_every_check(language: str, text: str) -> None:
    terms = glossary.load((Path(__file__).parents[2] / "docs/glossary.toml").read_text("utf-8"))
    english, other = page("en", ENGLISH), page(language, text)

    assert compare(english, other) == []
    assert list(structure.heading_ids(other)) == []
    assert list(glossary.forbidden(terms, other)) == []
    assert list(glossary.required(terms, english, other)) == []


FAILING = [
    (
        structure.headings, "fr", "## Size {#size}", "# Taille {#taille}",
        ["heading levels: 2 in English (line 1), 1 here",
         "heading ids: 'size' in English (line 1), 'taille' here"],
    ),
    (
        structure.headings, "fr", "# A {#a}\n\n## B {#b}", "# A {#a}",
        ["number of headings: 2 in English (line 1), 1 here"],
    ),
    (
        structure.snippets, "ja", '--8<-- "labs/a/x.md"\n\n--8<-- "labs/a/y.md"',
        '--8<-- "labs/a/x.md"\n\n--8<-- "labs/a/z.md"',
        [("""included snippets from number 2 on: ['--8<-- "labs/a/y.md"'] in English (line 3), """
          """['--8<-- "labs/a/z.md"'] here""")],
    ),
    (
        structure.block_counts, "fr", "# A {#a}\n\nOne.\n\nTwo.\n\n- x\n- y",
        "# A {#a}\n\nUn.\n\n- x",
        ["paragraphs in the section: 2 in English (line 1), 1 here",
         "list items in the section: 2 in English (line 1), 1 here"],
    ),
    (
        structure.tables, "fr", "| a | b |\n| -- | -- |\n| c | d |", "| a | b |\n| -- | -- |",
        ["rows × columns of a table: '2×2' in English (line 1), '1×2' here"],
    ),
    (
        structure.tables, "fr", "| a | b |\n| -- | -- |\n| c | d |", "| a | b |\n| c | d |",
        [("rows × columns of a table: '2×2' in English (line 1), "
          "'2×2 without a delimiter row' here")],
    ),
    (
        structure.admonitions, "fr", '!!! note "A"', '!!! tip "A"',
        ["type of a box: '!!! note' in English (line 1), '!!! tip' here"],
    ),
    (
        structure.front_matter, "fr", "---\ntitle: a b c\nhide: x\n---\n",
        "---\ntitle: a b c\n---\n",
        ["front matter: ['hide', 'title'] in English (line 1), ['title'] here",
         "front matter title: 'a b c' in English (line 1), 'a b c' here"],
    ),
    (
        content.formulas, "fr", "x\n\na $b$ and $c_1$", "x\n\na $b$ et $c_2$",
        ["formulas: ['$c_1$'] in English (line 3), ['$c_2$'] here"],
    ),
    (
        content.placeholders, "ja", "a {{ b }} ${{ c }}$", "a {{ b }} ${{ d }}$",
        ["values: ['c'] in English (line 1), ['d'] here"],
    ),
    (
        content.numbers, "fr", "1,234 units, 2.5 each, 3 in all",
        "1 243 unités, 2,5 chacune, trois en tout",
        ["numbers: ['1234'] in English (line 1), ['1243'] here"],
    ),
    (
        content.links, "ja", "[a](b.md#c) <https://d.e>", "[a](b.md#f) <https://d.e>",
        ["link targets: ['b.md#c'] in English (line 1), ['b.md#f'] here"],
    ),
    (
        content.code, "fr", "```py\nstride = 1\n```", "```py\npas = 1\n```",
        [("code block: '```py\\nstride = 1\\n```' in English (line 1), "
          "'```py\\npas = 1\\n```' here")],
    ),
    (
        content.code, "fr", "```py\n1\n```", "",
        ["number of code blocks: 1 in English (line 1), 0 here"],
    ),
    (
        content.code, "fr", "a `stride`", "le `pas`",
        ["names in code font: ['`stride`'] in English (line 1), ['`pas`'] here"],
    ),
    (
        content.images, "fr", "![the map](a.png)\n\n![b](b.png)", "![the map](a.png)\n\n![](b.png)",
        ["alternative text of a picture: 'the map' in English (line 1), 'the map' here",
         "alternative text of a picture: 'b' in English (line 3), '' here"],
    ),
    (
        content.untranslated, "fr", "It reads all of it.", "It reads all of it.",
        ["untranslated: 'It reads all of it.' in English (line 1), 'It reads all of it.' here"],
    ),
    (
        content.untranslated, "ja", "It reads every pixel.", "It just reads every pixel.",
        ["no kana in Japanese prose: 'It just reads every pixel.'"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("compared", "language", "english", "other", "expected"), FAILING)
def test_each_check_reports_both_values(
    compared: object, language: str, english: str, other: str, expected: list[str]
) -> None:
    findings = list(compared(page("en", english), page(language, other)))  # type: ignore[operator]

    assert [finding.message for finding in findings] == expected


def test_every_check_has_a_page_on_which_it_fails() -> None:
    assert {case[0] for case in FAILING} | {content.length} == set(CHECKS)


@pytest.mark.parametrize(
    ("block", "role"),
    [
        ("One.", "paragraph"),
        ("- one", "list item"),
        ("| a |\n| - |", "table"),
        ('!!! note "One"', "admonition"),
        ("$$1$$", "display formula"),
        ("![one](a.png)", "image"),
    ],
)
def test_every_kind_of_block_is_counted(block: str, role: str) -> None:
    english, other = page("en", f"# A {{#a}}\n\n{block}"), page("fr", "# A {#a}")

    assert [each.message for each in structure.block_counts(english, other)] == [
        f"{role}s in the section: 1 in English (line 1), 0 here"
    ]


def test_a_length_out_of_the_ordinary_is_a_warning() -> None:
    findings = list(content.length(page("en", "word " * 200), page("ja", "語" * 100)))

    assert findings == [
        Finding(
            "docs/ja/a.md", "ja", 0,
            "length of prose: 800 characters in English, 100 here, a ratio of 0.12 where 0.52 to "
            "0.8 is usual",
            warning=True,
        )
    ]  # fmt: skip
    assert str(findings[0]).startswith("docs/ja/a.md:0: warning: length")
    assert not list(content.length(page("en", "word " * 200), page("ja", "語" * 500)))


def test_where_paragraphs_do_not_correspond_whole_sections_are_compared() -> None:
    english = page("en", "# A {#a}\n\nSize $a$.\n\n- and $b$")
    other = page("fr", "# A {#a}\n\nTaille $b$ et $a$.")

    assert list(content.formulas(english, other)) == []


def test_ids_are_written_out_in_ascii_and_unique() -> None:
    text = "# A {#a}\n\n## B\n\n## C {#é}\n\n## D {#a}\n"

    assert messages(structure.heading_ids(page("fr", text))) == [
        "docs/fr/a.md:3: heading id: none for 'B'; write {#lower-case-ascii}",
        "docs/fr/a.md:5: heading id: 'é' for 'C'; write {#lower-case-ascii}",
        "docs/fr/a.md:7: heading id: 'a' also in line 1; ids are unique",
    ]


def test_every_language_has_every_page() -> None:
    names = {"en": ["a.md", "b.md"], "ja": ["a.md", "b.md"], "fr": ["b.md", "c.md"]}

    assert messages(structure.page_sets(names)) == [
        "docs/fr/a.md:0: pages: 'a.md' in English, nothing here",
        "docs/fr/c.md:0: pages: nothing in English, 'c.md' here",
    ]


def test_navigation_has_all_pages_in_one_order() -> None:
    listed = {"en": ["a.md"], "fr": ["b.md", "a.md"]}

    assert messages(structure.navigation(listed, ["a.md", "b.md"])) == [
        "mkdocs.yml:0: navigation: pages ['a.md', 'b.md'], ['a.md'] here",
        "mkdocs.fr.yml:0: navigation: ['a.md'] in English, ['b.md', 'a.md'] here",
    ]
    assert not list(structure.navigation({"en": ["b.md", "a.md"]}, ["a.md", "b.md"]))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "1,234.5 and 227×227, version 1.6.1, 3.", ["1234.5", "227", "227", "1.6.1", "3"]),
        ("fr", "1 234,5 et 227×227, version 1.6.1, 3.", ["1234.5", "227", "227", "1.6.1", "3"]),
        ("ja", "1,234.5 と 227×227、1.6.1、3。", ["1234.5", "227", "227", "1.6.1", "3"]),
        ("en", "138 million and 1.5 billion", ["138000000", "1500000000"]),
        ("fr", "138 millions et 1,5 milliard", ["138000000", "1500000000"]),
        ("ja", "1 億 3,800 万と 15 億", ["138000000", "1500000000"]),
        ("ja", "10 億", ["1000000000"]),
        ("fr", "37\u202f752\u202f832, 9\u00a0216", ["37752832", "9216"]),
    ],
)
def test_numbers_are_read_back_from_every_format(
    language: str, text: str, expected: list[str]
) -> None:
    assert in_digits(text, language) == expected


def test_a_scale_in_words_is_a_number_elsewhere() -> None:
    english, japanese = page("en", "{{ n }} billion"), page("ja", "{{ n }} G は 10 億")

    assert not list(content.numbers(english, japanese))
    assert in_words("un milliard", "fr") == {"1", "1000000000"}


def test_a_translation_uses_the_terms_of_the_glossary() -> None:
    terms = glossary.load(GLOSSARY)
    english = page("en", "A fully connected layer.\n\nThe cropped picture, its depth.\n\nLayers.")
    other = page("fr", "Une couche dense.\n\nL'image recadrée.\n\nDes calques.")

    assert messages(glossary.required(terms, english, other)) == [
        (
            "docs/fr/a.md:1: term: 'fully connected layer' in English (line 1), "
            "no 'couche entièrement connectée' here"
        ),
        "docs/fr/a.md:5: term: 'Layers' in English (line 5), no 'couche' here",
    ]


def test_titles_of_works_elsewhere_may_stay_in_english() -> None:
    terms = glossary.load(GLOSSARY)
    english, other = (
        page("en", "[A layer](https://a.b), 2014"),
        page("fr", "[A layer](https://a.b)"),
    )

    assert not list(glossary.required(terms, english, other))


def test_terms_are_found_in_the_plural_and_within_japanese_words() -> None:
    terms = glossary.load(GLOSSARY)
    english = page("en", "Fully-connected layers and crops of a player")

    french = page("fr", "Des couches entièrement connectées et des recadrages")
    japanese = page("ja", "全結合層と切り出した画像")

    assert not list(glossary.required(terms, english, french))
    assert not list(glossary.required(terms, english, japanese))


def test_mistakes_of_the_glossary_are_found_outside_of_code() -> None:
    found = glossary.forbidden(glossary.load(GLOSSARY), page("ja", "`レイヤー`\n\n全結合レイヤー"))

    assert messages(found) == [
        "docs/ja/a.md:3: term: 'レイヤー' here; the glossary has '層' for 'layer'"
    ]


def test_an_english_word_may_stand_in_brackets_behind_the_term() -> None:
    terms = glossary.load((Path(__file__).parents[2] / "docs/glossary.toml").read_text("utf-8"))
    text = "Le **noyau** (*kernel*) de l'entrée.\n\nLe kernel, un dataset, les librairies."

    assert messages(glossary.forbidden(terms, page("fr", text))) == [
        "docs/fr/a.md:3: term: 'kernel' here; the glossary has 'noyau' for 'kernel'",
        "docs/fr/a.md:3: term: 'librairies' here; the glossary has 'bibliothèque' for 'library'",
        "docs/fr/a.md:3: term: 'dataset' here; the glossary has 'jeu de données' for 'data set'",
    ]


def test_a_label_is_found_in_its_own_table() -> None:
    texts = {
        "en": '[a]\nmore = "x {n}"\n[b]\nmore = "x {n}"\n"c.d" = "e"',
        "fr": '[a]\nmore = "y {n}"\n[b]\nmore = "y"\n"c.d" = ""',
    }

    assert messages(catalogues.parity(texts)) == [
        "src/cnnexplain/languages/fr.toml:5: label b.c.d: 'e' in English, nothing here",
        (
            "src/cnnexplain/languages/fr.toml:4: label b.more: "
            "placeholders ['n'] in English, [] here"
        ),
    ]


def test_a_concept_without_a_language_is_refused() -> None:
    with pytest.raises(BookError) as error:
        glossary.load('[[concept]]\nen = "layer"\nja = "層"\nform.fr = "couche"')

    assert str(error.value) == (
        "expected: a concept of the glossary with the keys en, ja, fr\n"
        "received: 'layer' without ['fr'], with ['form']\n"
        "cure: see the head of docs/glossary.toml"
    )


def test_catalogues_have_the_same_labels_and_placeholders() -> None:
    texts = {
        "en": '[a]\nb = "size\\u00a0{n}"\nc = "all of it here"\nd = "x"\nspace = " "\nf = "stop: "',
        "ja": '[a]\nb = "サイズ {m}"\nc = "all of it here"\nd = ""\nspace = ""\nf = "停止："',
        "fr": (
            '[a]\nb = "taille : {n}"\nc = "tout\\u00a0: l’un"\ne = "y"\nspace = " "\n'
            'f = "arrêt\\u00a0: "'
        ),
    }
    ja, fr = "src/cnnexplain/languages/ja.toml", "src/cnnexplain/languages/fr.toml"

    assert messages(catalogues.parity(texts)) == [
        f"{ja}:2: label a.b: placeholders ['n'] in English, ['m'] here",
        f"{ja}:3: label a.c: untranslated: 'all of it here' in English, 'all of it here' here",
        f"{ja}:4: label a.d: 'x' in English, nothing here",
        (
            f"{fr}:2: label a.b: 'taille : \\xd7' here; write 'taille\\xa0: \\xd7', nothing sets "
            "the spaces of labels"
        ),
        f"{fr}:0: label a.d: 'x' in English, None here",
        f"{fr}:4: label a.e: None in English, 'y' here",
    ]


def test_a_whole_project_is_checked(tmp_path: Path) -> None:
    files = {
        "docs/glossary.toml": GLOSSARY,
        "docs/en/index.md": "# Layers {#layers}\n",
        "docs/ja/index.md": "# レイヤー {#layers}\n",
        "docs/fr/index.md": "# Les couches: {#layers}\n",
        "mkdocs.yml": "nav:\n  - index.md\n\ntheme: x\n",
        "mkdocs.fr.yml": "INHERIT: mkdocs.yml\n",
        **{f"src/cnnexplain/languages/{code}.toml": 'a = "1"\n' for code in ("en", "ja", "fr")},
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert messages(check(tmp_path)) == [
        "docs/ja/index.md:1: term: 'レイヤー' here; the glossary has '層' for 'layer'",
        "docs/ja/index.md:1: term: 'Layers' in English (line 1), no '層' here",
        "docs/fr/index.md:1: no space before the colon: 'Les couches:'; add a space",
    ]


def test_every_check_is_run_over_a_project(tmp_path: Path) -> None:
    catalogue = "src/cnnexplain/languages"
    files = {
        "docs/glossary.toml": GLOSSARY,
        "docs/en/a.md": "# A {#a}\n\nA layer of colored 7.\n",
        "docs/en/labs/b.md": "# B {#b}\n",
        "docs/ja/a.md": "# A {#a}\n\n8 のレイヤー.\n",
        "docs/fr/a.md": "# À\n\nLa couche: 7.\n",
        "docs/fr/labs/b.md": "# B {#b}\n",
        "mkdocs.yml": "nav:\n  - a.md\n",
        f"{catalogue}/en.toml": 'a = "1"\n',
        f"{catalogue}/ja.toml": 'a = "層."\n',
        f"{catalogue}/fr.toml": 'a = "{n}"\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert {
        str(each).split(": ", 2)[0] + " " + each.message.split(":")[0] for each in check(tmp_path)
    } == {
        "docs/ja/labs/b.md:0 pages",
        "mkdocs.yml:0 navigation",
        "docs/en/a.md:3 an American spelling",
        "docs/ja/a.md:3 Western punctuation after Japanese",
        "docs/ja/a.md:3 term",
        "docs/ja/a.md:3 numbers",
        "docs/fr/a.md:1 heading id",
        "docs/fr/a.md:1 heading ids",
        "docs/fr/a.md:3 no space before the colon",
        f"{catalogue}/ja.toml:1 label a",
        f"{catalogue}/fr.toml:1 label a",
    }


def test_a_large_page_is_compared_in_about_a_second() -> None:
    terms = glossary.load((Path(__file__).parents[2] / "docs/glossary.toml").read_text("utf-8"))
    body, translated = (text.split("---\n", 2)[2] for text in (ENGLISH, FRENCH))
    english = page("en", body * (200_000 // len(body)))
    other = page("fr", translated * (200_000 // len(body)))
    start = time.process_time()

    compare(english, other)
    middle = time.process_time()
    list(glossary.required(terms, english, other))
    list(glossary.forbidden(terms, other))

    assert middle - start < 5
    assert time.process_time() - middle < 5
