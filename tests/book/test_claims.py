"""The ledger: every verdict follows from its check, and the words of the three languages agree."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnnexplain.book import claims, files, forms, results
from cnnexplain.book.claims import RECORDS, VERDICTS, Outcome
from cnnexplain.book.parity import compare, glossary, structure
from cnnexplain.book.parity.page import Finding, Page
from cnnexplain.book.typography import LINTS
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping


ROOT = Path(__file__).parents[2]
WRITTEN = {language: forms.written(results.values(), language) for language in LANGUAGES}
TESTED = [record for record in RECORDS if record.verdict != "opinion"]


def outcome(name: str) -> Outcome:
    return claims.outcomes(ROOT)[name]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_the_verdict_follows_from_the_check(record: claims.Record) -> None:
    found = outcome(record.name)
    assert claims.verdict_of(found.tests, found.printed) == record.verdict


@pytest.mark.parametrize("record", TESTED, ids=lambda record: record.name)
def test_a_check_that_always_passes_or_always_fails_gives_no_such_verdict(
    record: claims.Record,
) -> None:
    found = outcome(record.name)
    assert "def check(" in found.code
    for answer in (True, False):
        if record.verdict == "question" and answer:
            continue  # which asks for one answer alone
        with pytest.raises(BookError, match="a verdict follows"):
            claims.verdict_of(dict.fromkeys(found.tests, answer), found.printed)


@pytest.mark.parametrize("record", TESTED, ids=lambda record: record.name)
def test_a_check_whose_outcomes_are_turned_round_is_caught(record: claims.Record) -> None:
    found = outcome(record.name)
    turned = {name: not value for name, value in found.tests.items()}
    try:
        given = claims.verdict_of(turned, found.printed)
    except BookError:
        return
    assert given != record.verdict


def test_an_experiment_that_shows_nothing_is_no_opinion() -> None:
    assert claims.verdict_of({}, "20 units: 96%") == "opinion"
    with pytest.raises(BookError, match="no tests, no output"):
        claims.verdict_of({}, "")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_record_with_another_verdict_stops_the_build(
    monkeypatch: pytest.MonkeyPatch, verdict: str
) -> None:
    first, *rest = RECORDS
    monkeypatch.setattr(claims, "RECORDS", (replace(first, verdict=verdict), *rest))
    if verdict == first.verdict:
        claims.checked(ROOT)
        return
    with pytest.raises(BookError, match=f"j0: a check that says {verdict}"):
        claims.checked(ROOT)


def test_a_record_without_a_check_stops_the_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files.write(tmp_path / claims.CHECKS, "# %% setup\nx = 1\n")
    monkeypatch.setattr(claims, "RECORDS", RECORDS[:1])
    with pytest.raises(BookError, match="the cells setup, j0"):
        claims.outcomes(tmp_path)


def test_a_check_that_raises_names_its_claim() -> None:
    with pytest.raises(BookError, match="j9: a check that runs"):
        claims.run("1 / 0", {}, "j9")


def test_the_numbers_of_the_ledger_are_those_that_were_worked_out_elsewhere() -> None:
    numbers: dict[str, Mapping[str, Any]] = {
        record.name: outcome(record.name).values for record in RECORDS
    }
    assert numbers["j7"]["claimed"] == 102_760_448
    assert numbers["j7"]["total"] == 102_764_544
    assert numbers["j8"]["after"] == 301_989_888
    assert numbers["j9"]["cells"] == (6, 6)
    assert (numbers["j12"]["vgg_field"], numbers["j12"]["alexnet_field"]) == (404, 355)
    ratios = [
        round(float(numbers["j14"][f"{name}ratio"]), 2)
        for name in ("", "torchvision_", "paper_", "ungrouped_")
    ]
    assert ratios == [11.24, 6.23, 6.27, 7.54]
    limits = [
        round(float(numbers["j14"][f"{name}limit"]), 2)
        for name in ("", "torchvision_", "paper_", "ungrouped_")
    ]
    assert limits == [35.41, 9.71, 9.83, 13.67]
    assert numbers["f2"]["claimed_weights"] == 177_209_344
    assert numbers["f3"]["total"] == 37_752_832
    assert [numbers["t2"][name] for name in ("seen", "places", "passes")] == [61, 121, 4]
    totals = [numbers["t5"][name] for name in ("paper", "ungrouped", "torchvision")]
    assert totals == [60_965_224, 62_378_344, 61_100_840]
    assert numbers["t6"]["farthest"] == 80


def test_every_claim_has_an_id_of_its_own() -> None:
    wanted = [f"j{n}" for n in range(17)]
    wanted += ["f0", "f1", "f2", "f3", "f4", "f5", "f5b", "f5c", "f6", "f7", "f8", "f8b", "f8c"]
    wanted += ["f9", "f10", "f11", "f11b", "f12", "f13", "f14"]
    wanted += [f"t{n}" for n in range(1, 9)]
    assert [record.name for record in RECORDS] == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_claim_is_covered_by_a_section_that_exists(language: str) -> None:
    for record in RECORDS:
        page, _, anchor = record.chapter.partition("#")
        text = (ROOT / "docs" / language / page).read_text(encoding="utf-8")
        assert re.findall(rf"(?m)^#+ .* \{{#{anchor}\}}$", text), record.chapter


def test_a_section_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = RECORDS
    monkeypatch.setattr(claims, "RECORDS", (replace(first, chapter="windows.md#none"), *rest))
    with pytest.raises(BookError, match=r"a section none in docs/en/windows\.md"):
        claims.pages(ROOT, "en", WRITTEN["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_is_left_open(language: str) -> None:
    pages = claims.pages(ROOT, language, WRITTEN[language])
    assert set(pages) == {"filter", "j", "f", "t", "setup"}
    for text in pages.values():
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        assert "{{" not in prose


def test_where_no_page_shows_them_no_check_runs(tmp_path: Path) -> None:
    assert claims.pages(tmp_path, "en", {}) == {}


def test_a_word_that_is_missing_or_one_too_many_is_named(tmp_path: Path) -> None:
    text = (ROOT / "docs/en/claims.toml").read_text(encoding="utf-8")
    for changed, name in (
        (text.replace("[j4]\nclaim = ", "[j4]\nclaims = "), "j4"),
        (text.replace("[f7]\n", '[f7]\nnote = "x"\n'), "f7"),
        (text + '\n[j99]\nclaim = "x"\n', "j99"),
    ):
        files.write(tmp_path / "docs/en/claims.toml", changed)
        with pytest.raises(BookError, match=f"under {name}"):
            claims.words(tmp_path, "en")


def source(language: str) -> Page:
    said = claims.words(ROOT, language)
    nothing = Outcome("", {}, "", {})
    parts = [claims.markdown(record, said, nothing, "x") for record in RECORDS]
    return Page("claims.toml", language, "\n".join(parts))


def test_the_words_agree_in_the_three_languages() -> None:
    terms = glossary.load((ROOT / "docs/glossary.toml").read_text(encoding="utf-8"))
    english = source("en")
    findings: list[Finding] = []
    for page in map(source, LANGUAGES):
        findings += structure.heading_ids(page)
        findings += glossary.forbidden(terms, page)
        findings += [page.finding(line, what) for line, what, _ in LINTS[page.language](page.text)]
        if page.language != "en":
            findings += [*compare(english, page), *glossary.required(terms, english, page)]
    assert not [str(each) for each in findings if not each.warning]


def test_words_that_do_not_agree_are_found() -> None:
    english, french = source("en"), source("fr")
    text = french.text.replace("{{ other_floor }}", "7")
    assert [str(each) for each in compare(english, Page("claims.toml", "fr", text))]


def test_the_page_counts_its_claims() -> None:
    values: Mapping[str, Any] = results.values()
    assert values["claims_all"] == len(RECORDS)
    assert sum(values[f"claims_{each.replace('-', '_')}"] for each in VERDICTS) == len(RECORDS)
    assert sum(values[f"claims_from_{each}"] for each in "jft") == len(RECORDS)
    buttons = re.findall(
        r'value="([\w-]+)".*?cx-count">(\d+)<', claims.pages(ROOT, "en", WRITTEN["en"])["filter"]
    )
    assert {name: int(count) for name, count in buttons} == {
        "all": len(RECORDS),
        **{each: values[f"claims_{each.replace('-', '_')}"] for each in VERDICTS},
    }
