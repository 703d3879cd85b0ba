"""The ledger in a browser: a verdict is chosen without a script, and no link leads to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cnnexplain.book.claims import RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = {"en": "claims/", "ja": "ja/claims/", "fr": "fr/claims/"}
SHOWN = """[...document.querySelectorAll(".cx-claim")]
    .filter((each) => each.checkVisibility()).map((each) => each.querySelector("h3").id)"""


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    # Without scripts, since none is needed; the test's own run all the same.
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def names(*verdicts: str) -> list[str]:
    return [record.name for record in RECORDS if not verdicts or record.verdict in verdicts]


@pytest.mark.parametrize("language", PAGES)
def test_a_verdict_is_chosen_with_the_keyboard(page: Any, address: str, language: str) -> None:
    page.goto(f"{address}{PAGES[language]}")
    assert page.evaluate(SHOWN) == names()
    page.focus("input[value=all]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(SHOWN) == names("wrong")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(SHOWN) == names("imprecise")


def test_what_a_link_leads_to_is_shown_whatever_is_chosen(page: Any, address: str) -> None:
    page.goto(f"{address}claims/#j9")
    page.check("input[value=opinion]")
    assert page.evaluate(SHOWN) == [name for name in names() if name in {"j9", *names("opinion")}]


def test_on_paper_every_claim_stands_with_its_check(page: Any, address: str) -> None:
    page.goto(f"{address}claims/")
    page.check("input[value=question]")
    page.emulate_media(media="print")
    assert page.evaluate(SHOWN) == names()
    hidden = """[...document.querySelectorAll(".cx-check pre")]
        .filter((each) => !each.checkVisibility()).length"""
    assert page.evaluate(hidden) == 0
    assert not page.is_visible(".cx-filter")
