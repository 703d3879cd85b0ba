"""The policy of the built pages, as a browser keeps it."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path
from typing import Any

SITE = Path(__file__).parents[2] / "site"
REFUSED = "Content Security Policy"
INJECT = """() => {
  const script = document.createElement("script");
  script.textContent = "window.injected = true";
  document.body.append(script);
  document.body.insertAdjacentHTML("beforeend", '<img src="x:" onerror="window.injected = true">');
  return new Promise((done) => setTimeout(() => done(window.injected === true), 200));
}"""


def watched(browser: Any, refusals: list[str]) -> Any:
    page = browser.new_page()
    page.on(
        "console",
        lambda said: refusals.append(f"{page.url}: {said.text}") if REFUSED in said.text else None,
    )
    return page


def test_figures_run_in_the_frames_of_other_sites(
    browser: Any, address: str, tmp_path: Path
) -> None:
    # In other languages they differ by their texts alone.
    names = {f"figures/{path.name}" for path in SITE.glob("figures/*.html")} - {
        "figures/index.html"
    }
    frames = "".join(f'<iframe src="{address}{name}"></iframe>' for name in sorted(names))
    (tmp_path / "index.html").write_text(frames, encoding="utf-8")
    refusals: list[str] = []
    page = watched(browser, refusals)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{other.server_port}/")
        other.shutdown()
    shown = [frame for frame in page.frames[1:] if frame.locator("svg").count()]
    page.close()
    assert len(shown) == len(names) > 0
    assert refusals == []


def test_a_script_that_is_smuggled_into_a_page_does_not_run(browser: Any, address: str) -> None:
    for name in ("", "ja/playground/", "404.html", "figures/pooling-13-to-6.html"):
        refusals: list[str] = []
        page = watched(browser, refusals)
        page.goto(address + name)
        assert not page.evaluate(INJECT)
        page.close()
        assert len(refusals) > 1, name  # the script, and the attribute
