"""What Lighthouse's report says, and what has to be mended."""

from __future__ import annotations

import gzip
import json
import threading
import urllib.request
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from benchmarks import lighthouse

from cnnexplain.errors import BookError

ADDRESS = "http://127.0.0.1:1/"
FULL = {"performance": 0.95, "accessibility": 1, "best-practices": 1, "seo": 1}


def report(**changes: object) -> str:
    page = {"address": f"{ADDRESS}ja/", "scores": FULL, "failed": [], "error": ""}
    return json.dumps([page | changes])


def test_a_page_with_full_scores_needs_nothing() -> None:
    results = lighthouse.read(report(), ADDRESS)
    assert lighthouse.failures(results) == []
    assert lighthouse.table(results).splitlines()[1].split() == ["/ja/", "95", "100", "100", "100"]


def test_a_score_short_of_full_is_told_with_its_page_and_its_audit() -> None:
    scores = FULL | {"accessibility": 0.97}
    results = lighthouse.read(report(scores=scores, failed=["link-in-text-block"]), ADDRESS)
    assert lighthouse.failures(results) == [
        "/ja/ accessibility 97; short of full: link-in-text-block"
    ]


def test_speed_is_told_and_fails_nothing() -> None:
    results = lighthouse.read(report(scores=FULL | {"performance": 0.61}), ADDRESS)
    assert "below 90" in lighthouse.table(results)
    assert lighthouse.failures(results) == []


def test_a_page_that_does_not_load_has_no_full_scores() -> None:
    scores = dict.fromkeys(FULL)
    results = lighthouse.read(report(scores=scores, error="ERRORED_DOCUMENT_REQUEST"), ADDRESS)
    assert "did not load: ERRORED" in lighthouse.failures(results)[0]


def test_the_sample_is_of_pages_that_are_all_looked_at() -> None:
    everything = lighthouse.pages(everything=True)
    assert set(lighthouse.pages(everything=False)) < set(everything)
    chapters = {path.name for path in Path(__file__).parents[1].glob("docs/en/labs/*.md")}
    assert {f"{each.rstrip('/')}.md" for each in lighthouse.CHAPTERS} == chapters


def test_a_site_that_is_not_built_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="run make site"):
        lighthouse.measure(tmp_path, [""])


def test_the_server_compresses_as_those_of_static_sites_do(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>A</p>" * 100, encoding="utf-8")
    handler = partial(lighthouse.Handler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/?a=b") as answer:
            content = answer.read()
        server.shutdown()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(content) == b"<p>A</p>" * 100
