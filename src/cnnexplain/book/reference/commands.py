"""The command line: what each command takes, and what it really prints."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import chdir
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import typer
from typer.testing import CliRunner

from cnnexplain import drawing
from cnnexplain.book.reference.docstrings import inline, parsed
from cnnexplain.cli import app
from cnnexplain.errors import BookError
from cnnexplain.languages import current, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.core import TyperCommand

_PHOTOGRAPH = "photograph.jpg"
_MESSAGE = "mat1 and mat2 shapes cannot be multiplied (1x30976 and 9216x4096)"
_WIDTH = "100"

EXAMPLES = {
    "table": "cnnexplain table lenet5 --language {language}",
    "table-text": "cnnexplain table - --input 3x32x32 --format markdown --language {language}",
    "explain": "cnnexplain explain vgg16 --input 3x200x200 --language {language}",
    "explain-message": f'cnnexplain explain --message "{_MESSAGE}" --language {{language}}',
    "convert": "cnnexplain convert lenet5 --language {language}",
    "heatmap": f"cnnexplain heatmap lenet5 {_PHOTOGRAPH} --size 48x64 -o heatmap.svg"
    " --language {language}",
    "figure": "cnnexplain figure --list",
}
"""The command lines of the page, in a reader's language."""

_INPUTS = {"table-text": "nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten())"}
# What explains a problem says so by its exit status.
_FINDS = {"explain", "explain-message"}
# What differs from one machine and one run to the next: times, and errors of rounding.
_VARIES = re.compile(r"\d[\d.,]*(?=\s(?:s\b|秒))|\d[\d.,]*e[-−]?\d+")


def snippets(language: str) -> dict[str, str]:
    """Return what the page of the command line includes, in the current language, as HTML.

    Args:
        language: The current language.

    Raises:
        BookError: If an example fails.
    """
    described = {f"command-{name}": _described(name, each) for name, each in commands().items()}
    shown = {f"example-{name}": example(name, language) for name in EXAMPLES}
    return {**described, **shown}


def commands() -> dict[str, TyperCommand]:
    """Return the commands by name, and the one that draws a figure of a window.

    Example:
        >>> list(commands())
        ['table', 'explain', 'convert', 'heatmap', 'figure', 'figure-stride']
    """
    group: Any = typer.main.get_command(app)
    stride: Any = typer.main.get_command(drawing.command("stride"))
    return {**group.commands, "figure-stride": stride}


def example(name: str, language: str) -> str:
    """Return a command line and what it prints, as HTML.

    Args:
        name: The example's name.
        language: The language that it asks for.

    Raises:
        BookError: If it fails.
    """
    line = EXAMPLES[name].format(language=language)
    given = _INPUTS.get(name)
    typed = f"echo {shlex.quote(given)} | {line}" if given else line
    printed = escape(_printed(name, line, given), quote=False)
    return (
        f'<pre class="cx-terminal" data-search-exclude><code><b>$ {escape(typed, quote=False)}</b>'
        f"\n{printed}</code></pre>\n"
    )


def _printed(name: str, line: str, given: str | None) -> str:
    _, *arguments = shlex.split(line)
    with TemporaryDirectory() as folder, chdir(folder):
        if _PHOTOGRAPH in arguments:
            from cnnexplain.examples import photographs  # noqa: PLC0415  # it takes a second

            Path(_PHOTOGRAPH).write_bytes(photographs.jpeg(photographs.photograph("astronaut")))
        done = CliRunner(env={**os.environ, "COLUMNS": _WIDTH}).invoke(app, arguments, input=given)
    if done.exit_code != (name in _FINDS):
        raise BookError(
            f"an example that exits with {int(name in _FINDS)}: {line}",
            f"{done.exit_code}: {done.output.strip() or done.exception!r}",
            "correct it in src/cnnexplain/book/reference/commands.py",
        )
    return _VARIES.sub("…", done.output.rstrip("\n"))


def _described(name: str, command: TyperCommand) -> str:
    called = name.replace("figure-", "figure ")
    context = typer.Context(command, info_name=f"cnnexplain {called}")
    usage = " ".join(command.get_usage(context).partition(": ")[2].split())
    return "\n".join(
        [
            f'<div class="cx-api" lang="en" id="cnnexplain-{name}">',
            f"<pre><code>{escape(usage, quote=False)}</code></pre>",
            *(f"<p>{inline(each)}</p>" for each in parsed(command.help or "").prose),
            *_taken(command, context),
            "</div>\n",
        ]
    )


def _taken(command: TyperCommand, context: typer.Context) -> Iterator[str]:
    """Return the arguments and the options, each with what the help says of it."""
    records = [(each.param_type_name, each.get_help_record(context)) for each in command.params]
    for kind in ("argument", "option"):
        rows = [
            f"<dt><code>{escape(told[0], quote=False)}</code></dt><dd>{inline(told[1])}</dd>"
            for known, told in records
            if known == kind and told
        ]
        if rows:
            label = text(f"reference.section.{kind}s")
            yield f'<p class="cx-label" lang="{current()}">{label}</p>'
            yield "\n".join(["<dl>", *rows, "</dl>"])
