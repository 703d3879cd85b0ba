"""`python -m cnnexplain.book.proofread`: read the prose with the tools of Node.

textlint reads the Japanese pages and the sentences of the Japanese catalogue, cspell spells the
English and the French ones. Neither knows the Markdown of this site, so each file is first laid
out for them with nothing but its prose, line by line as in the source.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnnexplain.book.spans import OBJECT, PLACEHOLDER, Kind, spans
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SPELLED = ("en", "fr")
"""The languages that are spelled with letters, and have a dictionary."""

_CODE = "`x`"  # what both tools know not to read
_BOX = "#### "
_WORK = "[…](x)"
_NUMBER = "7"
_SEEN = frozenset({Kind.CODE, Kind.MATH, Kind.FOREIGN, Kind.ADDRESS})
# A sentence may run through a formula; the blank lines around it end no paragraph then.
_THROUGH = re.compile(rf"(?<=[^\s。.:])\n\s*{OBJECT}\s*\n")
# A work elsewhere has its title from others.
_EXTERNAL = re.compile(r"\[[^\[\]\n]*\]\(https?:[^()\n]*\)")
_OPENS_TITLE = re.compile(r'.*[^"\s].*"$')
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_LABEL = re.compile(r'[ \t]*(?:[\w-]+|"[^"]*")[ \t]*=.*')
_LABEL_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


class Mistake(NamedTuple):
    """What a tool found, and where."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def only_prose(page: str) -> str:
    r"""Lay out a page for tools that know ordinary Markdown only.

    Args:
        page: A page of this site's Markdown, or the prose of a lab.

    Returns:
        As many lines; code, mathematics and addresses are code that says nothing, computed values
        are numbers, a box's title is a heading, and what is not read is gone.

    Example:
        >>> only_prose("A [map](a.md#b) of {{ n }} by $n$:\n\n--8<-- \"figures/a.html\"\n")
        'A [map](x) of 7 by `x`:\n\n\n'
    """
    parts = []
    for kind, text in spans(_EXTERNAL.sub(_WORK, page)):
        newlines = "\n" * text.count("\n")
        if kind is Kind.TEXT:
            parts.append(PLACEHOLDER.sub(_NUMBER, text))
        elif kind in _SEEN:
            parts.append(_CODE + newlines)
        elif kind is Kind.TARGET and text.startswith("]"):
            parts.append("](x)" + newlines)
        elif kind is Kind.DISPLAY:
            parts.append(OBJECT + newlines)
        elif text.startswith("<summary") or (kind is Kind.MARKUP and _OPENS_TITLE.match(text)):
            parts.append(_BOX)
        else:
            # Tables keep the line below their head.
            parts.append(text if kind is Kind.MARKUP and "-" in text else newlines)
    # What is in a box would be code.
    text = _INDENT.sub("", "".join(parts))
    text = _THROUGH.sub(lambda match: "\n" + f"{_CODE}\n" * (match[0].count("\n") - 1), text)
    return text.replace(OBJECT, "")


def only_labels(catalogue: str, *, sentences: bool) -> str:
    r"""Lay out a catalogue of labels, each of which becomes a paragraph.

    A placeholder becomes a number or words, so it stands here as a sign that is neither.

    Args:
        catalogue: A catalogue's TOML, with one label a line.
        sentences: Leave out what is no sentence.

    Returns:
        Twice as many lines: the first of each two is the label, if the line has one.

    Example:
        >>> only_labels('[a]\nb = "{n} 層です。"\nc = "層"', sentences=True)
        '\n\n× 層です。\n\n\n\n'
    """
    lines = []
    for line in catalogue.split("\n"):
        value = next(iter(tomllib.loads(line).values())) if _LABEL.fullmatch(line) else ""
        label = _LABEL_PLACEHOLDER.sub("×", str(value).replace("\n", " "))
        lines.append(label[: label.rfind("。") + 1] if sentences else label)
    return "".join(f"{line}\n\n" for line in lines)


def lay_out(root: Path, folder: Path) -> dict[Path, str]:
    """Write what the tools read.

    Args:
        root: The folder that holds `docs/` and `src/`.
        folder: Where to; what it held is gone.

    Returns:
        Each file written, and the file that it stands for.
    """
    shutil.rmtree(folder, ignore_errors=True)
    written = {}
    for code in LANGUAGES:
        source = root / "docs" / code
        for page in sorted(source.rglob("*.md")):
            text = only_prose(page.read_text(encoding="utf-8"))
            file = folder / code / "pages" / page.relative_to(source)
            written[file] = _write(file, text, page, root)
        catalogue = root / f"src/cnnexplain/languages/{code}.toml"
        text = only_labels(catalogue.read_text(encoding="utf-8"), sentences=code not in SPELLED)
        file = folder / code / "labels.md"
        written[file] = _write(file, text, catalogue, root)
    return written


def _write(file: Path, text: str, source: Path, root: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return source.relative_to(root).as_posix()


def japanese(report: str, written: Mapping[Path, str]) -> Iterator[Mistake]:
    """Read textlint's report.

    Args:
        report: Its JSON.
        written: Each file that it read, and the file that it stands for.

    Yields:
        What it found, at its place in the source.
    """
    for result in json.loads(report):
        file = Path(result["filePath"])
        for found in result["messages"]:
            rule = found["ruleId"].rpartition("/")[2]
            message = f"{rule}: {' '.join(found['message'].split())}"
            yield Mistake(written[file], _line(file, found["line"]), message)


def spelling(report: str, written: Mapping[Path, str], folder: Path) -> Iterator[Mistake]:
    """Read cspell's report.

    Args:
        report: Its lines, `file:line:column - Unknown word (word)`.
        written: Each file that it read, and the file that it stands for.
        folder: The folder that its names of files start from.

    Yields:
        What it found, at its place in the source.
    """
    for name, line, message in re.findall(r"^(.+?):(\d+):\d+ - (.*?)[ \t]*$", report, re.MULTILINE):
        file = folder / name
        yield Mistake(written[file], _line(file, int(line)), message)


def _line(file: Path, line: int) -> int:
    return (line + 1) // 2 if file.name == "labels.md" else line


def proofread(root: Path) -> list[Mistake]:
    """Read all prose of a project.

    Args:
        root: The folder that holds `docs/`, `src/` and what npm installed.

    Returns:
        What the tools found.

    Raises:
        OSError: A tool is not installed, or did not do its work.
    """
    root = root.resolve()
    folder = root / "build" / "prose"
    written = lay_out(root, folder)
    tools = root / "node_modules" / ".bin"
    command: list[str | Path] = [
        tools / "textlint",
        "--config",
        root / ".textlintrc.yml",
        "--format",
        "json",
    ]
    mistakes = list(japanese(_run([*command, folder / "ja"], root), written))
    for code in SPELLED:
        command = [tools / "cspell", "--config", root / f"docs/words/{code}.json"]
        options = ["--no-progress", "--no-summary", "--no-color", "--no-gitignore", "--root"]
        report = _run([*command, *options, folder, folder / code / "**"], root)
        mistakes += spelling(report, written, folder)
    return mistakes


def _run(command: Sequence[str | Path], root: Path) -> str:
    """What a tool prints; 1 is its status when it found something."""
    done = subprocess.run(  # noqa: S603  # the programs that package.json names
        command, cwd=root, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode > 1 or (done.returncode and not done.stdout):
        raise OSError(f"{Path(command[0]).name} did not read the prose:\n{done.stderr}")
    return done.stdout


def main() -> int:
    """Print what the tools find in the project here.

    Returns:
        The exit status: 0, or 1 if something was found or a tool is not there.
    """
    try:
        mistakes = proofread(Path())
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{mistake}\n" for mistake in mistakes)
    sys.stdout.write(f"prose: {len(mistakes)} mistakes\n")
    return 1 if mistakes else 0


if __name__ == "__main__":
    raise SystemExit(main())
