"""What reads the built pages, as `make audit` does, finds what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnexplain.book import audit
from cnnexplain.errors import BookError

ROOT = Path(__file__).parents[2]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A</title></head>
<body><h1 id="top">A</h1><p>{}</p></body></html>
"""


def test_a_broken_page_and_broken_links_are_found(tmp_path: Path) -> None:
    links = '<a href="b/">B</a> <a href="b/#more">B</a> <a href="c/">C</a> <a href="b/#top">B</a>'
    (tmp_path / "index.html").write_text(PAGE.format(links), encoding="utf-8")
    (tmp_path / "b").mkdir()
    wrong = '<img src="../nowhere.png" alt=""> <b><div>C</div></b>'
    (tmp_path / "b" / "index.html").write_text(PAGE.format(wrong), encoding="utf-8")
    flaws = [str(flaw) for flaw in audit.audit(ROOT, tmp_path)]
    assert [each for each in flaws if each.startswith("b/index.html:3: element-permitted")]
    for address in ("b/#more", "c/", "nowhere.png"):
        assert [each for each in flaws if f"leads nowhere: {address}" in each], address
    assert not [each for each in flaws if "#top" in each]


def test_a_site_that_is_not_built_is_no_site_without_flaws(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="run make site"):
        audit.audit(ROOT, tmp_path)


def test_a_missing_tool_is_no_site_without_flaws(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE.format("A"), encoding="utf-8")
    with pytest.raises(BookError, match="npm ci"):
        audit.audit(tmp_path, tmp_path)
