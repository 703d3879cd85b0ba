"""The policy in every page: what it allows, and what it finds."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest

from cnnexplain.book import policy
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '<!doctype html><html><head><meta charset="utf-8"><title>A</title></head>'


def test_each_inline_script_is_named_by_its_hash_and_no_other_is() -> None:
    html = (
        "<script>one()</script>"
        '<SCRIPT type="module">\ntwo("é") < 3\n</SCRIPT><script src="a.js"></script>'
    )
    wanted = [
        f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'"
        for each in ("one()", '\ntwo("é") < 3\n')
    ]
    scripts = policy.policy(html).split("; ")[1]
    assert scripts == " ".join(["script-src 'self'", *wanted])


def test_data_in_a_page_is_no_script() -> None:
    html = '<script id="__config" type="application/json">{"base": "."}</script>'
    assert policy.policy(html).split("; ")[1] == "script-src 'self'"


def test_the_policy_names_no_other_site_and_no_script_at_large() -> None:
    directives = dict(
        each.split(" ", 1) for each in policy.policy("<script>1</script>").split("; ")
    )
    assert directives["default-src"] == "'none'"
    assert "unsafe-inline" not in directives["script-src"]
    assert "//" not in " ".join(directives.values()).replace("sha256-", "")


@pytest.mark.parametrize(
    "source", ["https://example.org/a.js", "//example.org/a.js", "data:text/javascript,1"]
)
def test_a_script_from_elsewhere_is_found(source: str) -> None:
    with pytest.raises(BookError, match="docs/theme/assets"):
        policy.policy(f"<script async src='{source}'></script>")


def test_the_policy_stands_before_all_that_it_rules() -> None:
    secure = policy.secured(f"{HEAD}<script>1</script>")
    before, after = secure.split('<meta http-equiv="Content-Security-Policy"')
    assert before.endswith('<meta charset="utf-8">\n')
    assert "<title>" in after


def test_a_page_that_is_served_while_it_is_edited_may_reload_itself() -> None:
    scripts = policy.policy("<script>1</script>", live=True).split("; ")[1]
    assert scripts == "script-src 'self' 'unsafe-inline'"  # a hash would switch it off


def test_a_page_without_its_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "ja").mkdir()
    (tmp_path / "index.html").write_text(HEAD, encoding="utf-8")
    (tmp_path / "ja" / "a.html").write_text("<p>A</p>", encoding="utf-8")
    with pytest.raises(BookError, match=r"ja/a\.html"):
        policy.write(tmp_path)
