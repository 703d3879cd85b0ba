"""The browser that the tests of this folder drive, and the server of the built site."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright import sync_api as playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = Path(__file__).parents[2] / "site"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start the Chromium that CHROMIUM names, or the first that is installed."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert path, f"no Chromium: install one of {', '.join(NAMES)}, or name it in CHROMIUM"
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def end_headers(self) -> None:
        if self.server.policy:
            self.send_header("Content-Security-Policy", self.server.policy)
        super().end_headers()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        self.server.sent.append(self.path)
        super().copyfile(source, outputfile)


class Server(http.server.ThreadingHTTPServer):
    """Serves the built site, and remembers which files it sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.policy = ""
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=SITE))

    def handle_error(self, *_: object) -> None:
        """Say nothing: a browser that leaves a page early breaks its connections."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Serve the built site."""
    assert (SITE / "index.html").exists(), "no built site: run make site"
    with Server() as started:
        threading.Thread(target=started.serve_forever, daemon=True).start()
        yield started
        started.shutdown()


@pytest.fixture(scope="session")
def address(server: Server) -> str:
    """Return the address of the site."""
    return f"http://127.0.0.1:{server.server_port}/"
