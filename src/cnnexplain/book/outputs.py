"""What programs and commands of the pages print, in each language, run when the pages are built."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cnnexplain
from cnnexplain import languages
from cnnexplain.errors import BookError
from cnnexplain.formats.characters import width

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


# The indent of a line, with an item's number; or its label, and the spaces up to what it says.
_LABEL = re.compile(r" +(?:\d+\. )?|\S+(?: \S+)*? {2,}")


@dataclass(frozen=True)
class Printed:
    """What a piece of a page's program prints.

    Attributes:
        code: The piece, as it stands on the page.
        before: What has run before it.
        spoken: Whether what it prints depends on the language.
        folds: Whether it is sentences, which are broken where the page ends.

    Example:
        >>> Printed("print(1 + 1)").to_html("fr")
        '<pre class="cx-output" lang="en"><code>2</code></pre>'
    """

    code: str
    before: str = ""
    spoken: bool = False
    folds: bool = False

    def to_html(self, language: str | None = None) -> str:
        """Return what is printed.

        Args:
            language: The language of what is printed; the current one unless given.
        """
        with languages.language(language if self.spoken else "en"):
            said = _printed(self.code, self.before, languages.current())
            return _block(said, folds=self.folds)

    def scope(self) -> Mapping[str, Any]:
        """Return what the piece and all before it have made, by name."""
        return _run(self.code, self.before)[1]


@cache
def _printed(code: str, before: str, language: str) -> str:
    with languages.language(language):
        return _run(code, before)[0]


def _run(code: str, before: str) -> tuple[str, dict[str, Any]]:
    import torch  # noqa: PLC0415  # which takes a second, and which all of them need

    scope: dict[str, Any] = {"cx": cnnexplain, "__name__": "page"}
    printed = io.StringIO()
    # They draw their own random numbers, and nobody else's.
    with torch.random.fork_rng(devices=[]):
        exec(before, scope)  # noqa: S102  # our own text
        with contextlib.redirect_stdout(printed), _of_any_width():
            exec(code, scope)  # noqa: S102  # our own text
    return printed.getvalue(), scope


@contextlib.contextmanager
def _of_any_width() -> Iterator[None]:
    """Forget how wide the terminal is in which somebody builds."""
    columns = os.environ.pop("COLUMNS", None)
    try:
        yield
    finally:
        if columns is not None:
            os.environ["COLUMNS"] = columns


@dataclass(frozen=True)
class Command:
    """What a command line writes into the terminal.

    Attributes:
        line: The line, as it stands on the page.
        module: What `model.py` holds where it runs.
        status: The exit status that it ends with.
        folds: Whether it is sentences, which are broken where the page ends.
    """

    line: str
    module: str = ""
    status: int = 0
    folds: bool = False

    def to_html(self, language: str | None = None) -> str:
        """Return what is written.

        Args:
            language: The language that the line is given as an option; the current one unless
                given.

        Raises:
            BookError: If it ends with another status.
        """
        # The command line takes a while to import, and only the pages of one chapter need it.
        from typer.testing import CliRunner  # noqa: PLC0415

        from cnnexplain.cli import app  # noqa: PLC0415

        program, *arguments = shlex.split(self.line)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("model.py").write_text(self.module, encoding="utf-8")
            with languages.language(language):
                told = [*arguments, "--language", languages.current()]
            with _of_any_width():
                result = CliRunner().invoke(app, told, prog_name=program)
        if result.exit_code != self.status:
            raise BookError(
                f"exit status {self.status} of {self.line}",
                f"{result.exit_code}: {result.output}",
                "correct its entry in src/cnnexplain/book/contents.py",
            )
        with languages.language(language):
            return _block(result.stdout, folds=self.folds)


def _block(said: str, *, folds: bool) -> str:
    text = escape(said.rstrip("\n"), quote=False)
    if folds:
        text = "".join(map(_line, text.split("\n")))
    kind = "cx-output cx-folded" if folds else "cx-output"
    return f'<pre class="{kind}" lang="{languages.current()}"><code>{text}</code></pre>'


def _line(line: str) -> str:
    """Return a line that goes on, where it is folded, below its own words, not below its label."""
    label = _LABEL.match(line)
    column = width(unescape(label[0])) if label else 0
    return f'<span style="--column:{column}ch">{line or " "}</span>'
