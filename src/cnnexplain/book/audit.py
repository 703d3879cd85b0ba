"""`python -m cnnexplain.book.audit`: see that every built page is right HTML and no link is broken.

html-validate reads all pages at once, and linkinator follows every link from the first page on, to
the heading. Nothing leaves this machine: what lies elsewhere is not asked for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOUND = 1  # the status with which both tools say that they found something
_ELSEWHERE = r"^https?://(?!localhost)"
_STATE = "/playground/#tool="  # what the playground is to show, and no heading


class Flaw(NamedTuple):
    """What a tool found, and where."""

    page: str
    message: str

    def __str__(self) -> str:
        return f"{self.page}: {self.message}"


def invalid(report: str, site: Path) -> list[Flaw]:
    """Read html-validate's report.

    Args:
        report: Its JSON.
        site: The folder of the built site, which its names of files begin with.

    Returns:
        What it found.
    """
    return [
        Flaw(
            f"{Path(page['filePath']).relative_to(site).as_posix()}:{found['line']}",
            f"{found['ruleId']}: {found['message']}",
        )
        for page in json.loads(report)
        for found in page["messages"]
    ]


def broken(report: str) -> list[Flaw]:
    """Read linkinator's report.

    Args:
        report: Its JSON.

    Returns:
        The broken links, each once for each page that has it.
    """
    return [
        Flaw(link.get("parent") or "./", f"leads nowhere: {link['url']} ({link['status']})")
        for link in json.loads(report)["links"]
        if link["state"] == "BROKEN" and _STATE not in f"/{link['url']}"
    ]


def audit(root: Path, site: Path) -> list[Flaw]:
    """Read all pages of a built site, and follow all of its links.

    Args:
        root: The folder of what npm installed, and of html-validate's configuration.
        site: The folder of the built site.

    Returns:
        What the tools found.

    Raises:
        BookError: If the site is not built, or a tool is missing or did not do its work.
    """
    root, site = root.resolve(), site.resolve()
    if not (site / "index.html").is_file():
        raise BookError(f"a built site in {site}", "no index.html", "run make site")
    validate: list[str | Path] = ["html-validate", "--config", root / ".htmlvalidate.mjs"]
    validate += ["--formatter", "json", f"{site.as_posix()}/**/*.html"]
    follow: list[str | Path] = ["linkinator", ".", "--recurse", "--check-fragments"]
    follow += ["--format", "json", "--verbosity", "error", "--skip", _ELSEWHERE]
    with ThreadPoolExecutor() as pool:
        pages, links = (
            pool.submit(_run, command, root, site).result for command in (validate, follow)
        )
        # A page with and without its file's name is the same page twice.
        return sorted({*invalid(pages(), site), *broken(links())})


def _run(command: Sequence[str | Path], root: Path, site: Path) -> str:
    program = root / "node_modules" / ".bin" / command[0]
    try:
        done = subprocess.run(  # noqa: S603  # the programs that package.json names
            [program, *command[1:]], cwd=site, capture_output=True, encoding="utf-8", check=False
        )
    except FileNotFoundError:
        raise BookError(f"{command[0]} in node_modules", "no such file", "run npm ci") from None
    if done.returncode > _FOUND or not done.stdout.strip():
        said = done.stderr.strip() or f"status {done.returncode}, and no report"
        raise BookError(f"a report of {command[0]}", said, "run npm ci, and see that it starts")
    return done.stdout


def main(site: Path = Path("site")) -> int:
    """Print what the tools find in the site that was built here.

    Args:
        site: The folder of the built site.

    Returns:
        The exit status: 0, or 1 if something was found or a tool is not there.
    """
    try:
        flaws = audit(Path(), site)
    except BookError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{flaw}\n" for flaw in flaws)
    sys.stdout.write(f"audit: {len(flaws)} flaws\n")
    return 1 if flaws else 0


if __name__ == "__main__":
    raise SystemExit(main())
