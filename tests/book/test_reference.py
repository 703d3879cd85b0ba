"""The reference tells every public name, command, term and source, and what it says holds."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import pytest
import torch
import typer
from torch import nn

import cnnexplain as cx
from cnnexplain import report
from cnnexplain.book.parity import Page
from cnnexplain.book.parity import glossary as parity
from cnnexplain.book.reference import api, commands, docstrings, snippets, terms, works
from cnnexplain.book.results import formulas
from cnnexplain.book.typography import LINTS
from cnnexplain.cli import app
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES, language

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_TAG = re.compile(r"<[^>]*>")


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, str]]:
    return {code: dict(snippets(ROOT, code)) for code in LANGUAGES}


def page(code: str, name: str) -> str:
    return (DOCS / code / f"{name}.md").read_text(encoding="utf-8")


def ids(html: str) -> list[str]:
    return re.findall(r'\bid="([^"]*)"', html)


def described(text: str) -> dict[str, str]:
    """Return the sentence above each description of a page by the name that it is about."""
    found = re.findall(
        r'^### `(?:cx\.)?(\w+)` \{#[a-z-]+\}\n\n(.+)\n\n--8<-- "reference/api-(\w+)\.html"$',
        text,
        re.MULTILINE,
    )
    assert all(heading == included for heading, _, included in found)
    return {name: sentence for name, sentence, _ in found}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_public_name_has_a_sentence_in_each_language_and_a_description(
    code: str, made: dict[str, dict[str, str]]
) -> None:
    told = described(page(code, "api"))
    assert told.keys() == {*cx.__all__, *api.HELD}
    assert all(sentence.endswith("." if code != "ja" else "。") for sentence in told.values())
    for name in cx.__all__:
        assert f'id="cx.{name}"' in made[code][f"api-{name}"]


def test_a_name_without_a_sentence_is_found() -> None:
    text = page("en", "api").replace("What `cx.trace` returns", "\n\nWhat `cx.trace` returns")
    assert "Trace" not in described(text)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_pages_include_all_there_is_and_no_id_stands_twice(
    code: str, made: dict[str, dict[str, str]]
) -> None:
    names = ("api", "command-line", "glossary", "bibliography")
    included = [
        (name, each)
        for name in names
        for each in re.findall(r'--8<-- "reference/(.*?)\.html"', page(code, name))
    ]
    assert sorted(each for _, each in included) == sorted(made[code])
    for name in names:
        found = re.findall(r"\{#([^}]*)\}", page(code, name))
        found += [each for on, part in included if on == name for each in ids(made[code][part])]
        assert len(found) == len(set(found)), sorted(e for e in found if found.count(e) > 1)


def test_descriptions_are_english_and_their_labels_are_not(
    made: dict[str, dict[str, str]],
) -> None:
    trace = made["ja"]["api-trace"]
    assert trace.startswith('<div class="cx-api" lang="en"')
    assert '<p class="cx-label" lang="ja">引数</p>' in trace
    english, japanese = (
        re.sub(r'<p class="cx-label".*?</p>', "", made[code]["api-trace"]) for code in ("en", "ja")
    )
    assert english == japanese


def test_a_class_shows_its_attributes_properties_and_methods() -> None:
    shown = api.described("cx.Trace", cx.Trace)
    public = {name for name in vars(cx.Trace) if not name.startswith("_")}
    assert public == {
        *re.findall(r"<dt><code>(\w+)</code></dt>", shown.split("<h4")[0]),
        *re.findall(r"<h4 id=\"cx\.Trace\.([a-z]\w*)\"", shown),
    }
    assert "<code>Trace[…]</code>" in shown
    assert ">_shapes" not in shown
    assert "._shapes" not in shown
    assert "ValueError" in _TAG.sub("", api.described("cx.ShapeError", cx.ShapeError))


def test_a_signature_is_the_functions_own() -> None:
    for name, function in api.members(cx.figures).items():
        if inspect.isfunction(function):
            shown = api.signature(name, function)
            taken = re.findall(r"(?:^|[(,]\s*)(\w+): ", shown)
            assert taken == list(inspect.signature(function).parameters)


def test_every_argument_of_a_public_function_is_told() -> None:
    functions = {
        **{name: each for name, each in api.public().items() if inspect.isfunction(each)},
        **{
            name: each for name, each in api.members(cx.figures).items() if inspect.isfunction(each)
        },
        **{name: each for name, each in api.members(cx.plots).items() if inspect.isfunction(each)},
    }
    for name, function in functions.items():
        told = docstrings.read(function).lists.get("Args", {})
        assert list(told) == list(inspect.signature(function).parameters), name


def test_the_page_has_the_options_that_the_command_line_has(
    made: dict[str, dict[str, str]],
) -> None:
    for name, command in commands.commands().items():
        shown = made["fr"][f"command-{name}"]
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                if option != "--help":
                    assert option in shown, (name, option)
    assert list(commands.commands())[:-1] == list(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    for code in LANGUAGES:
        headings = re.findall(r"^## `cnnexplain (\w+)`", page(code, "command-line"), re.MULTILINE)
        assert headings == list(commands.commands())[:-1]


def test_an_example_is_what_the_command_prints_but_for_times(
    made: dict[str, dict[str, str]],
) -> None:
    printed = str(cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32)))
    assert printed in made["en"]["example-convert"]
    assert "Fenêtre" in made["fr"]["example-convert"]
    for code in LANGUAGES:
        assert not re.search(r"\de[-−]?\d|\d\s(?:s\b|秒)", made[code]["example-heatmap"])
        assert "…" in made[code]["example-heatmap"]


def test_an_example_that_fails_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(commands.EXAMPLES, "convert", "cnnexplain convert lenet6")
    with pytest.raises(BookError, match="convert lenet6"):
        commands.example("convert", "en")


def test_every_definition_is_a_sentence_in_each_language_with_its_terms() -> None:
    known = parity.load((DOCS / "glossary.toml").read_text(encoding="utf-8"))
    found = tomllib.loads((DOCS / "definitions.toml").read_text(encoding="utf-8"))
    for key, entry in found.items():
        pages = {code: Page("definitions", code, entry[code]) for code in LANGUAGES}
        assert all(entry[code].endswith("。" if code == "ja" else ".") for code in LANGUAGES), key
        for code in LANGUAGES:
            assert not list(LINTS[code](entry[code])), (key, code)
            assert not [str(each) for each in parity.forbidden(known, pages[code])]
            if code != "en":
                assert not [str(each) for each in parity.required(known, pages["en"], pages[code])]


def test_terms_stand_in_each_languages_own_order() -> None:
    readings = tomllib.loads((DOCS / "readings.toml").read_text(encoding="utf-8"))

    def ordered(code: str, *words: str) -> list[str]:
        return sorted(words, key=lambda term: terms.order(term, code, readings))

    assert ordered("fr", "passe avant", "pas total", "équivalence", "entraînement") == [
        "entraînement", "équivalence", "pas total", "passe avant",
    ]  # fmt: skip
    assert ordered("ja", "層", "受容野", "畳み込み", "パディング", "ストライド") == [
        "受容野", "ストライド", "層", "畳み込み", "パディング",
    ]  # fmt: skip
    assert ordered("ja", "バッチ", "パディング", "幅", "フィルター") == [
        "バッチ", "パディング", "幅", "フィルター",
    ]  # fmt: skip


def test_a_term_that_nobody_can_read_or_a_definition_without_a_term_stops_the_build(
    tmp_path: Path,
) -> None:
    with pytest.raises(BookError, match="勾配"):
        terms.reading("勾配", {"層": "そう"})
    (tmp_path / "docs").mkdir()
    for name in ("glossary", "readings"):
        text = (DOCS / f"{name}.toml").read_text(encoding="utf-8")
        (tmp_path / "docs" / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "docs" / "definitions.toml").write_text('[no-such-term]\nen = "A slope."\n')
    with pytest.raises(BookError, match="no-such-term"):
        terms.snippets(tmp_path, "en")


@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_that_a_page_lists_as_a_source_is_in_the_bibliography(code: str) -> None:
    known = {url for each in works.works(page_of_works()) for url in each.urls}
    lost = {
        f"{cited.address}: {address}"
        for cited in works.pages(DOCS / code, code)
        for address in cited.sources
        if address not in known and "creativecommons.org" not in address
    }
    assert not lost, "add to docs/bibliography.toml:\n" + "\n".join(sorted(lost))


def page_of_works() -> str:
    return (DOCS / "bibliography.toml").read_text(encoding="utf-8")


def test_a_source_that_the_bibliography_lacks_is_found(tmp_path: Path) -> None:
    text = "# Sizes {#top}\n\n## Sources {#sources}\n\n- [A](https://arxiv.org/abs/1.2#x).\n"
    (tmp_path / "sizes.md").write_text(text, encoding="utf-8")
    (found,) = works.pages(tmp_path, "en")
    assert found.sources == {"https://arxiv.org/abs/1.2"}
    assert (found.address, found.title) == ("sizes/#sources", "Sizes")
    (tmp_path / "sizes.toml").write_text('truth = "See [B](https://b.org/)."', encoding="utf-8")
    (found,) = works.pages(tmp_path, "en")
    assert found.cited == {"https://arxiv.org/abs/1.2", "https://b.org/"}


def test_no_work_stands_twice_and_each_says_where_it_is_cited(
    made: dict[str, dict[str, str]],
) -> None:
    found = works.works(page_of_works())
    urls = [url for each in found for url in each.urls]
    assert len(urls) == len(set(urls))
    assert len({works.key(each) for each in found}) == len(found)
    assert 'href="cx:one-size/#sources"' in made["ja"]["works-papers"]
    (paper,) = re.findall(r'id="simonyan.*', made["fr"]["works-papers"])
    cited = re.findall(r'"cx:(.*?)/', paper)
    assert cited[:2] == ["windows", "sliding"]  # as in the navigation
    assert "CNN Explainer" in made["en"]["works-papers"]
    with language("ja"):
        assert works.joined(["A", "B", "C", "D", "E"]) == "A ほか"
    with pytest.raises(BookError, match="without"):
        works.works('[[work]]\ntitle = "T"\nkind = "code"\n')


def test_the_bins_of_the_formula_sheet_are_torchs() -> None:
    for inputs in range(1, 15):
        for outputs in range(1, 9):
            row = torch.arange(inputs, dtype=torch.float64).reshape(1, 1, inputs)
            averages = nn.AdaptiveAvgPool1d(outputs)(row).flatten().tolist()
            ours = [sum(each) / len(each) for each in formulas.bins(inputs, outputs)]
            assert averages == pytest.approx(ours)


def test_the_rules_of_the_formula_sheet_give_what_torch_gives() -> None:
    def floor_(w: int, k: int, s: int, p: int, d: int) -> int:
        return (w + 2 * p - d * (k - 1) - 1) // s + 1

    def ceil_(w: int, k: int, s: int, p: int, d: int) -> int:
        n = -(-(w + 2 * p - d * (k - 1) - 1) // s) + 1
        return n - 1 if (n - 1) * s >= w + p else n

    def transposed(w: int, k: int, s: int, p: int, d: int, q: int) -> int:
        return (w - 1) * s - 2 * p + d * (k - 1) + q + 1

    for w, k, s, d in [
        (w, k, s, d) for w in (9, 12) for k in (2, 3) for s in (1, 2, 3) for d in (1, 2)
    ]:
        row = torch.zeros(1, 1, w)
        pool = nn.MaxPool1d(k, s, 1, d, ceil_mode=True)
        assert pool(row).shape[-1] == ceil_(w, k, s, 1, d)
        assert nn.Conv1d(1, 1, k, s, 1, d)(row).shape[-1] == floor_(w, k, s, 1, d)
        up = nn.ConvTranspose1d(1, 1, k, s, 1, s - 1, dilation=d) if s - 1 < max(s, d) else None
        if up is not None:
            assert up(row).shape[-1] == transposed(w, k, s, 1, d, s - 1)


def test_a_long_default_is_told_by_its_ends() -> None:
    told = api.signature("trace.to_json", report.Trace.to_json, bound=True)
    assert "columns: Sequence[str] = ('name', 'operation', …, 'origin')" in told
    assert "<" not in told
