"""`python -m benchmarks.lighthouse [--all]`: Lighthouse's scores of the built site, as on a phone.

Accessibility, best practices and search engines have to be 100. The speed is printed: it is that of
a slow phone, computed from what this machine did meanwhile, and a busy machine is no slower site.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
GATED = ("accessibility", "best-practices", "seo")
FAST = 90
"""The speed that a page should have."""

CHAPTERS = (
    "windows/",
    "pooling-to-dense/",
    "dense-and-convolution/",
    "one-size/",
    "converting/",
    "sliding/",
    "receptive-fields/",
    "your-network/",
)
FOLDERS = ("", "ja/", "fr/")
SAMPLE = (*FOLDERS, "windows/", "ja/sliding/", "fr/your-network/")
"""Every language's first page; the first chapter, the longest, and the last."""

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_COMPRESSED = frozenset({".html", ".css", ".js", ".mjs", ".json", ".svg", ".xml"})


class Result(NamedTuple):
    """What Lighthouse says of a page.

    Attributes:
        page: Its place on the site.
        scores: Its scores from 0 to 100, by category.
        failed: The audits that cost something.
        error: Why it could not be loaded; empty if it could.
    """

    page: str
    scores: Mapping[str, int]
    failed: Sequence[str]
    error: str


def pages(*, everything: bool) -> tuple[str, ...]:
    """Return the pages to look at: a sample, or the first page, all chapters, in all languages.

    Args:
        everything: Whether to look at all.
    """
    if not everything:
        return SAMPLE
    return tuple(folder + page for page in ("", *CHAPTERS) for folder in FOLDERS)


def read(report: str, address: str) -> list[Result]:
    """Read the report.

    Args:
        report: What `lighthouse.mjs` printed.
        address: The address of the site.
    """
    return [
        Result(
            f"/{each['address'].removeprefix(address)}",
            {name: round(100 * (score or 0)) for name, score in each["scores"].items()},
            each["failed"],
            each["error"],
        )
        for each in json.loads(report)
    ]


def table(results: Sequence[Result]) -> str:
    """Return the scores as text.

    Args:
        results: What Lighthouse says of each page.
    """
    names = ("performance", *GATED)
    width = max(len(each.page) for each in results)
    lines = [" ".join(["page".ljust(width), *names])]
    for each in results:
        cells = [str(each.scores[name]).rjust(len(name)) for name in names]
        slow = f"  below {FAST}" if each.scores["performance"] < FAST else ""
        lines.append(" ".join([each.page.ljust(width), *cells]) + slow)
    return "\n".join(lines)


def failures(results: Sequence[Result]) -> list[str]:
    """Return what has to be mended.

    Args:
        results: What Lighthouse says of each page.
    """
    found = [f"{each.page} did not load: {each.error}" for each in results if each.error]
    for each in results:
        short = [f"{name} {each.scores[name]}" for name in GATED if each.scores[name] != 100]  # noqa: PLR2004
        if short:
            found.append(f"{each.page} {', '.join(short)}; short of full: {', '.join(each.failed)}")
    return found


class Handler(http.server.SimpleHTTPRequestHandler):
    """Compresses and lets browsers keep what it sends, as the servers of static sites do."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Send a file."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if path.suffix not in _COMPRESSED or not path.is_file():
            super().do_GET()
            return
        content = _compressed(path)
        self.send_response(200)
        self.send_header("Content-Type", f"{self.guess_type(path)}; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(content)


@functools.cache
def _compressed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)


def measure(site: Path, wanted: Sequence[str]) -> list[Result]:
    """Serve a built site and run Lighthouse on pages of it.

    Args:
        site: The folder of the built site.
        wanted: The places of the pages.

    Raises:
        BookError: If there is no such site, no browser, or Lighthouse does not run.
    """
    if not (site / "index.html").is_file():
        raise BookError(f"a built site in {site}", "no index.html", "run make site")
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    node = shutil.which("node")
    if not (chromium and node):
        missing = "node" if chromium else "Chromium"
        raise BookError(f"{missing}, which Lighthouse needs", "none", "install it")
    handler = functools.partial(Handler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        done = subprocess.run(
            [node, ROOT / "benchmarks" / "lighthouse.mjs", *(address + page for page in wanted)],
            env={**os.environ, "CHROME_PATH": chromium},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        server.shutdown()
    if done.returncode:
        said = done.stderr.strip() or f"status {done.returncode}"
        raise BookError("a report of Lighthouse", said, "run npm ci, and see that it starts")
    return read(done.stdout, address)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the scores of the site that was built here.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The exit status: 0, or 1 if something has to be mended or Lighthouse did not run.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lighthouse", description=__doc__)
    parser.add_argument("--all", action="store_true", help="all chapters in all languages")
    try:
        results = measure(ROOT / "site", pages(everything=parser.parse_args(arguments).all))
    except BookError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print(table(results))
    found = failures(results)
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
