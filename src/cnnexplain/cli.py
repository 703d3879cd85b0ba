"""`cnnexplain table TARGET`: a network's table on the command line.

The exit status is 0 if the table was written, 1 if the network does not fit or something is wrong
with it, and 2 if the command line is.
"""

from __future__ import annotations

import os
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from cnnexplain.errors import ArgumentError, CnnExplainError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.report import Trace

# Everything else is imported where it is used, because --help should answer at once.

_SIZE = re.compile(r"[0-9]{1,19}([x×][0-9]{1,19})*", re.IGNORECASE)


class Format(StrEnum):
    """What a table can be written as."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    LATEX = "latex"
    CSV = "csv"
    JSON = "json"


class Language(StrEnum):
    """The languages of tables."""

    EN = "en"
    JA = "ja"
    FR = "fr"


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich takes longer to import than all the rest
)


@app.callback()
def cnnexplain() -> None:
    """How sizes flow through convolutional networks: every number with the formula behind it."""


@app.command()
def table(
    target: Annotated[
        str,
        typer.Argument(
            help="alexnet, alexnet:ungrouped, alexnet:torchvision, vgg16, vgg16:unpadded or lenet5;"
            " package.module:Class or file.py:Class (a class or function that is called without"
            " arguments, or a network); or - for the text of an nn.Sequential(...) on the standard"
            " input."
        ),
    ],
    sizes: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "-i",
            metavar="SIZE",
            help="An input's size without its batch, such as 3x224x224; once for each input."
            " Bundled networks know theirs.",
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="How many inputs at once.")] = 1,
    depth: Annotated[
        int | None, typer.Option(min=1, help="One row for each module, down to this depth.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="What the table is written as.")
    ] = Format.TEXT,
    columns: Annotated[
        str | None,
        typer.Option(help="Names of columns, such as name,output_shape,formula,parameters."),
    ] = None,
    language: Annotated[
        Language, typer.Option(help="The language of titles and numbers.")
    ] = Language.EN,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the table is written: whole or not at all.",
        ),
    ] = None,
) -> None:
    """Write a network's table: each layer with its sizes, formulas, parameters and costs.

    The exit status is 1 if the network does not fit, and 2 if the command line is wrong.
    """
    from cnnexplain.targets import UsageError, find, traced  # noqa: PLC0415

    try:
        chosen = _columns(columns)
        input_sizes = [_size(each) for each in sizes or []]
        trace = traced(find(target, sys.stdin.buffer), input_sizes, batch_size)
        if depth is not None:
            trace = trace.collapsed(depth)
        data = _written(trace, form, language, chosen, fitted=output is None)
        if output is not None:
            _save(output, data)
    except UsageError as error:
        _fail(error, 2)
    except CnnExplainError as error:
        _fail(error, 1)
    if output is None:
        _show(data)


def _fail(error: CnnExplainError, status: int) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(status)


def _columns(names: str | None) -> dict[str, tuple[str, ...]]:
    """Return the argument of the format's method; without names, its own default holds."""
    if names is None:
        return {}
    from cnnexplain.table import checked  # noqa: PLC0415
    from cnnexplain.targets import UsageError  # noqa: PLC0415

    try:
        return {"columns": checked([name.strip() for name in names.split(",")])}
    except ArgumentError as error:
        cure = "write for example --columns name,output_shape,formula"
        raise UsageError(error.expected, f"--columns {shown(names)}", cure) from None


def _size(written: str) -> tuple[int, ...]:
    from cnnexplain.graph import sizes  # noqa: PLC0415
    from cnnexplain.targets import UsageError  # noqa: PLC0415

    cure = "write for example --input 3x224x224, without the batch"
    if not _SIZE.fullmatch(written):
        raise UsageError("numbers with x between them", f"--input {shown(written)}", cure)
    try:
        return sizes([int(each) for each in re.split("[x×]", written.lower())])[0]
    except ArgumentError as error:
        raise UsageError(error.expected, f"--input {shown(written)}", cure) from None


def _written(
    trace: Trace,
    form: Format,
    language: Language,
    columns: Mapping[str, Sequence[str]],
    fitted: bool,
) -> bytes:
    arguments: dict[str, Any] = {"language": language.value, **columns}
    if form is Format.TEXT and fitted:
        from cnnexplain.terminal import terminal_width  # noqa: PLC0415

        arguments["width"] = terminal_width()
    text: str = getattr(trace, f"to_{form.value}")(**arguments)
    # A layer's name may hold what UTF-8 cannot.
    return (text.rstrip("\n") + "\n").encode(errors="replace")


def _save(output: Path, data: bytes) -> None:
    from cnnexplain import files  # noqa: PLC0415
    from cnnexplain.targets import UsageError  # noqa: PLC0415

    try:
        path = output.resolve()  # so that a link stays one
        device = Path("/dev") in output.absolute().parents  # such as a link to the standard output
        if device or (path.exists() and not path.is_file()):
            raise IsADirectoryError("it is no regular file")
        files.write(path, data)
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(
            "a file that can be written",
            f"--output {shown(str(output))}: {reason}",
            "name a file in a folder that exists and is yours to write",
        ) from None


def _show(data: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough. Python would complain once more when it closes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
