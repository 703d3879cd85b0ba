"""The command line: a network's table, its errors, its conversion, heatmaps, figures.

The exit status is 0 if all was written, 1 if the network does not fit or something is wrong with
it, and 2 if the command line is.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.formats.characters import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnnexplain.report import Trace

# Everything else is imported where it is used, because --help should answer at once.


class Format(StrEnum):
    """What a table can be written as."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    LATEX = "latex"
    CSV = "csv"
    JSON = "json"


class Saying(StrEnum):
    """What an explanation can be written as."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"


class Language(StrEnum):
    """The languages of tables, figures and what is said of them."""

    EN = "en"
    JA = "ja"
    FR = "fr"


class Precision(StrEnum):
    """How precisely a network can run."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"


Target = Annotated[
    str,
    typer.Argument(
        help="alexnet, alexnet:ungrouped, alexnet:torchvision, vgg16, vgg16:unpadded or lenet5;"
        " package.module:Class or file.py:Class (a class or function that is called without"
        " arguments, or a network); or - for the text of an nn.Sequential(...) on the standard"
        " input."
    ),
]


class _Commands(TyperGroup):
    """All commands; where no room is left for what --help writes, that is said in words."""

    def main(self, *arguments: Any, **named: Any) -> Any:
        try:
            return super().main(*arguments, **named)
        except OSError as error:
            if sys.stdout is not None:
                _discard_output()
            typer.echo(str(_unwritten(error)), err=True)
            raise SystemExit(2) from None


app = typer.Typer(
    cls=_Commands,
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
    target: Target,
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
    from cnnexplain import arguments  # noqa: PLC0415
    from cnnexplain.targets import find, standard_input, traced  # noqa: PLC0415

    with _reported():
        chosen = arguments.columns(columns)
        input_sizes = [arguments.input_size(each) for each in sizes or []]
        trace = traced(find(target, standard_input()), input_sizes, batch_size)
        if depth is not None:
            trace = trace.collapsed(depth)
        data = _written(trace, form, language, chosen, fitted=output is None)
        if output is not None:
            _save(output, data)
    if output is None:
        _show(data)


@app.command()
def explain(
    target: Annotated[str | None, Target.__metadata__[0]] = None,
    sizes: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "-i",
            metavar="SIZE",
            help="An input's size without its batch, such as 3x384x384; once for each input."
            " Bundled networks know theirs.",
        ),
    ] = None,
    message: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="A message of PyTorch's, or a whole traceback, to explain instead of a network; -"
            " for the standard input.",
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="How many inputs at once.")] = 1,
    form: Annotated[
        Saying, typer.Option("--format", "-f", help="What the explanation is written as.")
    ] = Saying.TEXT,
    language: Annotated[Language, typer.Option(help="The language of the words.")] = Language.EN,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the explanation is written: whole or not at all.",
        ),
    ] = None,
) -> None:
    """Explain what breaks in a network for an input size, where and why, and what helps.

    The exit status is 0 if nothing is wrong, 1 if something is, and 2 if the command line is.
    """
    from cnnexplain import arguments  # noqa: PLC0415
    from cnnexplain.postmortem import explained_message  # noqa: PLC0415
    from cnnexplain.targets import (  # noqa: PLC0415
        UsageError,
        explained,
        find,
        pasted,
        standard_input,
    )

    with _reported():
        if (target is None) == (message is None):
            raise UsageError(
                "a network, or a message",
                "both" if target else "neither",
                'write cnnexplain explain alexnet --input 3x384x384, or --message "..."',
            )
        if message is not None:
            if sizes:
                raise UsageError(
                    "a message alone", "--input", "leave it out: a message tells its own sizes"
                )
            with _reported(ArgumentError):
                found = explained_message(pasted(message, standard_input()))
        else:
            input_sizes = [arguments.input_size(each) for each in sizes or []]
            found = explained(find(str(target), standard_input()), input_sizes, batch_size)
        options: dict[str, Any] = {"language": language.value}
        if form is Saying.TEXT and output is None:
            from cnnexplain.terminal import terminal_width  # noqa: PLC0415

            options["width"] = terminal_width()
        data = _encoded(getattr(found, f"to_{form.value}")(**options))
        if output is not None:
            _save(output, data)
    if output is None:
        _show(data)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def convert(
    target: Target,
    size: Annotated[
        str | None,
        typer.Option(
            "--input",
            "-i",
            metavar="SIZE",
            help="The input's size without its batch, such as 3x224x224. Bundled networks know"
            " theirs.",
        ),
    ] = None,
    language: Annotated[Language, typer.Option(help="The language of the words.")] = Language.EN,
) -> None:
    """Make a classifier fully convolutional: what is rewritten, and when one pass is exact.

    The exit status is 1 if the network cannot be converted, and 2 if the command line is wrong.
    """
    import cnnexplain as cx  # noqa: PLC0415
    from cnnexplain import arguments  # noqa: PLC0415
    from cnnexplain.targets import (  # noqa: PLC0415
        built,
        find,
        guarded,
        known_size,
        standard_input,
    )

    with _reported():
        given = None if size is None else arguments.picture_size(size)
        found = find(target, standard_input())
        wanted = given or known_size(found, "--input 3x224x224")
        model = built(found)
        with guarded("conversion"), cx.language(language.value):
            told = str(cx.fully_convolutional(model, wanted))
    _show(_encoded(told))


@app.command()
def heatmap(
    target: Target,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The file of a photograph.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the figure is written, whole or not at all: .png, .svg or .html.",
        ),
    ],
    window: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="The size that the network was designed for, in pixels: 224, or 20x28 for height"
            " and width. Bundled networks know theirs.",
        ),
    ] = None,
    stride: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="The pixels from one window to the next: a multiple of the network's effective"
            " stride, which it is unless given.",
        ),
    ] = None,
    context: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="How many pixels of the image each window is given beyond its own on each side:"
            " a multiple of the effective stride.",
        ),
    ] = "0",
    channel: Annotated[
        int | None,
        typer.Option(
            "--class",
            metavar="N",
            help="The class whose scores are drawn, counted from 0; that with the highest score"
            " unless given.",
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW", help="The height and width that the photograph is brought to first."
        ),
    ] = None,
    mean: Annotated[
        str,
        typer.Option(
            metavar="NUMBERS",
            help="What is taken off the channels, which are scaled to [0, 1]: one number, or one"
            " for each, such as 0.485,0.456,0.406.",
        ),
    ] = "0",
    std: Annotated[
        str,
        typer.Option(
            metavar="NUMBERS", help="What they are then divided by, such as 0.229,0.224,0.225."
        ),
    ] = "1",
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A state dict, as torch.save writes it; random weights, always the same, unless"
            " given.",
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="Where the network runs: auto, cpu, cuda or mps.")
    ] = "auto",
    precision: Annotated[
        Precision, typer.Option(help="float64 to compare, float32 to measure time.")
    ] = Precision.FLOAT64,
    language: Annotated[
        Language, typer.Option(help="The language of the words and the figure.")
    ] = Language.EN,
) -> None:
    """Score all windows of a photograph by sliding and by one pass, compare, and draw both.

    The exit status is 1 if the network cannot be converted, and 2 if the command line is wrong.
    """
    import cnnexplain as cx  # noqa: PLC0415
    from cnnexplain import arguments, images  # noqa: PLC0415
    from cnnexplain.targets import (  # noqa: PLC0415
        built,
        channels,
        find,
        guarded,
        known_size,
        standard_input,
    )

    with _reported(ArgumentError):
        given = None if window is None else arguments.pair("--window", window, 1)
        steps = None if stride is None else arguments.pair("--stride", stride, 1)
        beyond = arguments.pair("--context", context, 0)
        wanted = None if size is None else arguments.pair("--size", size, 1)
        shift = arguments.numbers("--mean", mean)
        scale = arguments.numbers("--std", std, positive=True)
        read = [image, weights] if weights else [image]
        arguments.check_files(output, read)
        images.check_drawing(output)
        picture = images.photograph(image, wanted)
        found = find(target, standard_input())
        sides = given or known_size(found, "--window 224")[-2:]
        arguments.check_room((picture.height, picture.width), sides)
        images.check_device(device, precision.value)
    with _reported():
        model = built(found)
    with _reported(ArgumentError, ShapeError), guarded("comparison"), cx.language(language.value):
        from cnnexplain.comparison import compare  # noqa: PLC0415  # it imports torch

        if weights is not None:
            images.load_weights(model, weights)
        pixels = images.tensor(picture, channels(model, sides), shift, scale)
        conversion = cx.fully_convolutional(model, (len(pixels), *sides))
        arguments.check_windows(conversion, (picture.height, picture.width), steps, beyond)
        arguments.check_class(conversion, channel)
        compared = compare(
            model,
            pixels,
            sides,
            steps,
            context=beyond,
            device=device,
            precision=precision.value,
        )
        told = str(compared)
        compared.figure(channel, images.encoded(picture)).save(output)
    _show(_encoded(told))


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="NAME [OPTIONS]",
)
def figure(
    context: typer.Context,
    listed: Annotated[bool, typer.Option("--list", help="Tell which figures there are.")] = False,
) -> None:
    """Draw a figure into a file; `cnnexplain figure NAME --help` tells its options.

    The exit status is 1 if a network does not fit, and 2 if the command line is wrong, or what it
    says cannot be drawn.
    """
    name, rest = (context.args or ["--help"])[0], context.args[1:]
    if listed:
        from cnnexplain.drawing import listing  # noqa: PLC0415

        _show(_encoded(listing()))
    elif name.startswith("-"):
        asked = name == "--help"
        told = f"{context.get_help()}\n\nThe figures: cnnexplain figure --list"
        typer.echo(told, err=not asked)
        raise typer.Exit(0 if asked else 2)
    else:
        from cnnexplain.drawing import command  # noqa: PLC0415

        with _reported():
            command(name)(rest, prog_name=f"{context.command_path} {name}")


@contextmanager
def _reported(*wrong: type[CnnExplainError]) -> Iterator[None]:
    """Tell an error as a message, and end with the exit status that says whose it is.

    Args:
        *wrong: Errors that are the command line's here.
    """
    from cnnexplain.targets import UsageError  # noqa: PLC0415

    try:
        yield
    except CnnExplainError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, (UsageError, *wrong)) else 1) from None


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
    return _encoded(text)


def _encoded(text: str) -> bytes:
    # A layer's name may hold what UTF-8 cannot.
    return (text.rstrip("\n") + "\n").encode(errors="replace")


def _save(output: Path, data: bytes) -> None:
    from cnnexplain import arguments, files  # noqa: PLC0415

    try:
        path = output.resolve()  # so that a link stays one
        device = Path("/dev") in output.absolute().parents  # such as a link to the standard output
        if device or (path.exists() and not path.is_file()):
            raise IsADirectoryError("it is no regular file")
        files.write(path, data)
    except (OSError, ValueError, RuntimeError) as error:
        raise arguments.unwritable(output, error) from None


def _show(data: bytes) -> None:
    if sys.stdout is None:  # closed by whoever started the command
        return
    if sys.stdout.isatty():
        # A name in CSV may hold what a terminal would obey.
        data = "\n".join(map(visible, data.decode().split("\n"))).encode()
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except OSError as error:
        _discard_output()
        if isinstance(error, BrokenPipeError):  # whoever reads has seen enough
            return
        with _reported():
            raise _unwritten(error) from None


def _discard_output() -> None:
    # Python would complain once more when it closes the output.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unwritten(error: OSError) -> CnnExplainError:
    from cnnexplain.targets import UsageError  # noqa: PLC0415

    return UsageError(
        "a standard output that takes what is written",
        error.strerror or str(error),
        "make room there, or send the output elsewhere",
    )
