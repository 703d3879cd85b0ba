"""How long the playground takes to start in Chromium, and to answer, from the built site.

A server on this machine has no network in between, so that the start is what the browser itself
takes: it compiles Python, starts it, and imports the package. Run it as
`python benchmarks/playground.py [--quick]`, after `make playground` and a build of the site.
"""

import functools
import gzip
import http.server
import importlib.util
import os
import shutil
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

SITE = Path(__file__).parents[1] / "site"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ANSWERED = "() => document.getElementById('cx-play-progress').hidden"
# Sets a field, and waits until its answer stands there.
CHANGE = """async ([field, value]) => {
    const input = document.getElementById(`cx-play-${field}`);
    const answer = document.getElementById("cx-play-answer");
    const start = performance.now();
    const changed = new Promise((done) => new MutationObserver((_, watch) => {
        if (!document.querySelector(".cx-play-old")) { watch.disconnect(); done(); }
    }).observe(answer, {childList: true, subtree: true, attributes: true}));
    input.value = value;
    input.dispatchEvent(new Event("input", {bubbles: true}));
    await changed;
    return performance.now() - start;
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def missing() -> str:
    """Return what this benchmark lacks, or nothing."""
    if not (SITE / "assets" / "python").is_dir():
        return "a site with Python: run make playground, then make site"
    if importlib.util.find_spec("playwright") is None:
        return "playwright: run make audit"
    if not any(map(shutil.which, NAMES)) and not os.environ.get("CHROMIUM"):
        return f"Chromium: install one of {', '.join(NAMES)}"
    return ""


def started(context: Any, address: str) -> tuple[Any, float]:
    """Return a page in which Python runs, and how many seconds that took after the click.

    Args:
        context: The browser's context, whose cache it is.
        address: The site.
    """
    page = context.new_page()
    page.goto(f"{address}playground/")
    start = time.perf_counter()
    page.click("#cx-play-start")
    page.wait_for_function(ANSWERED, timeout=120_000)
    return page, time.perf_counter() - start


def answers(page: Any) -> dict[str, list[float]]:
    """Return how many milliseconds each kind of change takes until its answer is shown.

    Args:
        page: A page in which Python runs.
    """
    found = {
        "a window": [page.evaluate(CHANGE, ["window-input-slider", at]) for at in range(5, 40)]
    }
    page.click(".cx-play-tools button:nth-child(2)")
    page.wait_for_timeout(500)
    for name, preset in (("LeNet-5", "lenet5"), ("AlexNet", "alexnet"), ("VGG-16", "vgg16")):
        times = []
        for _ in range(5):
            page.evaluate(CHANGE, ["network-preset", "own"])
            times.append(page.evaluate(CHANGE, ["network-preset", preset]))
        found[name] = times
    found["AlexNet that does not fit"] = []
    for _ in range(5):
        page.evaluate(CHANGE, ["network-preset", "own"])
        found["AlexNet that does not fit"].append(
            page.evaluate(CHANGE, ["network-preset", "alexnet-384"])
        )
    return found


def main(rounds: int) -> None:
    """Print the size, the starts, and the answers.

    Args:
        rounds: How often it starts.
    """
    from playwright import sync_api  # noqa: PLC0415

    loaded = [path for path in (SITE / "assets" / "python").rglob("*") if path.is_file()]
    sizes = [path.stat().st_size for path in loaded]
    packed = [len(gzip.compress(path.read_bytes(), 6, mtime=0)) for path in loaded]
    print(f"{sum(packed) / 1e6:7.2f} MB with gzip, {sum(sizes) / 1e6:.2f} MB without")
    handler = functools.partial(Quiet, directory=str(SITE))
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        sync_api.sync_playwright() as driver,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)))
        browser = driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        times: list[list[float]] = [[], []]
        for _ in range(rounds):
            context = browser.new_context(reduced_motion="reduce")
            times[0].append(started(context, address)[1])
            page, again = started(context, address)
            times[1].append(again)
            told = answers(page)
            context.close()
        browser.close()
        server.shutdown()
    for name, seconds in zip(("first visit", "second visit"), times, strict=True):
        print(f"{min(seconds):7.2f} s   from the click to Python, {name}")
    for name, each in told.items():
        print(
            f"{statistics.median(each):7.1f} ms  {name}, from the change to what is shown "
            f"({max(each):.0f} at most)"
        )


if __name__ == "__main__":
    if lacks := missing():
        print(f"the playground is not measured; it needs {lacks}")
    else:
        main(1 if "--quick" in sys.argv else 5)
