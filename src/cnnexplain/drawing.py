"""The command line's figures: each has the options that its function has arguments.

An option is read by the type of the argument, and its help is what the docstring says of it.
"""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args

import typer

from cnnexplain import figures
from cnnexplain.arguments import check_files, input_size
from cnnexplain.errors import ArgumentError, ShapeError, shown
from cnnexplain.figures.plane import Operation
from cnnexplain.figures.svg import Theme
from cnnexplain.formats.characters import visible
from cnnexplain.images import check_drawing
from cnnexplain.languages import LANGUAGES
from cnnexplain.languages import language as chosen
from cnnexplain.targets import UsageError, find, standard_input, traced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.figures import Figure

Draws: TypeAlias = "Callable[..., Figure]"

_NUMBER = re.compile(r"-?[0-9]{1,9}")
# No map, and no photograph of a figure, is larger.
_MOST_BYTES = 64_000_000


@dataclass(frozen=True)
class Reader:
    """How an option becomes an argument.

    Attributes:
        metavar: What stands for its value in the help.
        example: What a value may be.
        read: Makes the argument of what was written, or raises ValueError.
    """

    metavar: str
    example: str
    read: Callable[[str], Any]


def families() -> dict[str, Draws]:
    """Return the functions that draw figures, by name.

    Example:
        >>> "stride" in families()
        True
    """
    found = {name: getattr(figures, name) for name in figures.__all__}
    return {
        name: each
        for name, each in found.items()
        if inspect.isfunction(each) and each.__annotations__.get("return") == "Figure"
    }


def listing() -> str:
    """Return all figures, each with what it shows, one on a line."""
    known = families()
    room = max(map(len, known)) + 2
    return "\n".join(f"{name:{room}}{_summary(draws)}" for name, draws in known.items())


def command(name: str) -> typer.Typer:
    """Return the program that draws one kind of figure.

    Args:
        name: The name of its function.

    Raises:
        UsageError: If there is none.
    """
    known = families()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise UsageError(
            f"one of {', '.join(known)}",
            shown(name),
            f"write {near[0]}" if near else "write for example cnnexplain figure stride",
        )
    program = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    program.command(name, help=_summary(known[name]))(_program(known[name]))
    return program


def _summary(draws: Draws) -> str:
    return (inspect.getdoc(draws) or "").partition("\n")[0]


def _helps(draws: Draws) -> dict[str, str]:
    """Return what the docstring says of each argument."""
    section = (inspect.getdoc(draws) or "").partition("Args:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^    (\w+): ((?:.|\n        )*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _kind(parameter: inspect.Parameter) -> str:
    """Return what an argument is, as its function says."""
    return str(parameter.annotation).removesuffix(" | None")


def _program(draws: Draws) -> Callable[..., None]:
    """Return a function whose arguments are the options of a figure."""
    taken = list(inspect.signature(draws).parameters.values())
    helps = _helps(draws)
    options = [_option(each, helps[each.name]) for each in taken]
    if any(_kind(each) in _NETWORKS for each in taken):
        options.append(_named("input_size", str | None, None, _INPUT))
    options += [
        _named("output", Path, inspect.Parameter.empty, _OUTPUT),
        _named("width", int | None, None, _WIDTH),
        _named("theme", Theme, "light", _THEME),
        _named("speed", float, 1.0, _SPEED),
        _named("language", Literal[LANGUAGES], "en", _LANGUAGE),
    ]

    def run(**given: Any) -> None:
        own = {option.name: given.pop(option.name) for option in options[len(taken) :]}
        check_files(own["output"], _files(taken, given))
        check_drawing(own["output"])
        arguments = _arguments(taken, given, own.get("input_size"))
        try:
            with chosen(own["language"]):
                _save(draws(**arguments), own)
        except (ArgumentError, ShapeError) as error:
            # Whatever the figure refuses now stands on the command line.
            raise UsageError(error.expected, error.received, error.cure) from None

    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]  # Typer reads it
    return run


def _option(parameter: inspect.Parameter, told: str) -> inspect.Parameter:
    """Return an argument of a figure as an option."""
    kind, name = _kind(parameter), parameter.name
    required = parameter.default is inspect.Parameter.empty
    if kind in _NETWORKS:
        place = typer.Argument(metavar="NETWORK", help=_TARGET)
        given = inspect.Parameter.empty if required else None
        return _named(name, str if required else str | None, given, place)
    if kind == "bool":
        word = name.replace("_", "-")
        # What is on unless it is said otherwise needs a word to turn it off.
        flag = typer.Option(
            f"--{word}/--no-{word}" if parameter.default else f"--{word}", help=told
        )
        return _named(name, bool, parameter.default, flag)
    reader = _READERS[kind]
    # Not Typer's: an option that is not given is none, so that the function's own default holds.
    usual = "" if parameter.default in {inspect.Parameter.empty, None} else str(parameter.default)
    option = typer.Option(metavar=reader.metavar, help=told, show_default=usual or False)
    given = inspect.Parameter.empty if required else None
    return _named(name, str if required else str | None, given, option)


def _named(name: str, kind: Any, default: Any, told: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, told]
    )


def _files(taken: list[inspect.Parameter], given: Mapping[str, Any]) -> list[Path]:
    """Return the files that are read."""
    readers = ((given[each.name], _READERS.get(_kind(each))) for each in taken)
    return [
        Path(written)
        for written, reader in readers
        if written is not None and reader and reader.metavar.startswith("FILE")
    ]


def _arguments(
    taken: list[inspect.Parameter], given: Mapping[str, Any], size: str | None
) -> dict[str, Any]:
    """Return the arguments of a figure; what is not given keeps its default."""
    arguments = {}
    for each in taken:
        written, kind = given[each.name], _kind(each)
        if written is None:
            continue
        if kind in _NETWORKS:
            arguments[each.name] = _network(written, size, kind)
        elif kind == "bool":
            arguments[each.name] = written
        else:
            arguments[each.name] = _read(each.name, written, _READERS[kind])
    return arguments


def _read(name: str, written: str, reader: Reader) -> Any:
    option = f"--{name.replace('_', '-')}"
    try:
        return reader.read(written)
    except OSError as error:
        received = f"{option} {shown(written)} ({error.strerror or error})"
        raise UsageError("a file that can be read", received, "write its path") from None
    except RecursionError:
        raise UsageError(
            f"{option} {reader.metavar}", "a file of lists in lists in lists", "write fewer"
        ) from None
    except ValueError as error:
        raise UsageError(
            f"{option} {reader.metavar}",
            f"{option} {shown(written)}{f' ({error})' if str(error) else ''}",
            f"write for example {option} {reader.example}",
        ) from None


def _network(target: str, size: str | None, kind: str) -> Any:
    from cnnexplain.graph import Network  # noqa: PLC0415

    found = find(target, standard_input())
    if kind != "Trace" and isinstance(found, Network) and size is None:
        return found
    trace = traced(found, [] if size is None else [input_size(size)], 1)
    # A network knows the size that it is made for; a module's is that of its trace.
    return trace if kind == "Trace" else replace(trace.network, input_size=trace.input_size)


def _save(figure: Figure, own: Mapping[str, Any]) -> None:
    """Write the file, and show how far it is to whoever waits for a film."""
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    with Progress(transient=True, console=console, disable=not console.is_terminal) as shown_bar:
        bar = shown_bar.add_task(escape(visible(own["output"].name)), total=None)
        figure.save(
            own["output"],
            width=own["width"],
            theme=own["theme"],
            speed=own["speed"],
            progress=lambda done, count: shown_bar.update(bar, completed=done, total=count),
        )


def _whole(written: str) -> int:
    if not _NUMBER.fullmatch(written):
        raise ValueError
    return int(written)


def _sides(written: str) -> Any:
    """Read a number, or two with x between them."""
    parts = [_whole(each) for each in re.split("[x×]", written)]
    return parts[0] if len(parts) == 1 else tuple(parts)


def _padding(written: str) -> Any:
    """Read what a number or two can be, each of them two with a comma between, or a word."""
    if written in {"same", "valid"}:
        return written
    parts = [_list(each) for each in re.split("[x×]", written)]
    pairs = [each[0] if len(each) == 1 else each for each in parts]
    return pairs[0] if len(pairs) == 1 and isinstance(pairs[0], int) else tuple(pairs)


def _list(written: str) -> tuple[int, ...]:
    return tuple(_whole(each.strip()) for each in written.split(","))


def _words(written: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in written.split(","))


def _numbers(written: str) -> tuple[float, ...]:
    return tuple(float(each) for each in written.split(","))


def _targets(written: str) -> dict[str, Any]:
    names = _words(written)
    if len(set(names)) < len(names):
        raise ValueError("one of them twice")
    return {name: _network(name, None, "Network") for name in names}


def _json(written: str) -> Any:
    content = _content(written).decode()
    return json.loads(content, object_pairs_hook=_once)


def _content(written: str) -> bytes:
    path = Path(written)
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES // 1_000_000} MB")
    return path.read_bytes()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose names differ: of two, JSON would keep the last without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _by_number(written: str) -> dict[int, Any]:
    """Read a mapping whose keys are numbers, which JSON cannot write."""
    found = _json(written)
    if not isinstance(found, dict):
        raise ValueError("an object is wanted")  # noqa: TRY004  # bad input, whatever its type
    numbered = {_whole(key): value for key, value in found.items()}
    if len(numbered) < len(found):
        raise ValueError("a number twice")
    return numbered


def _choice(*names: str) -> Reader:
    def read(written: str) -> str:
        if written not in names:
            raise ValueError
        return written

    return Reader("|".join(names), names[0], read)


_NETWORKS = {"Trace", "Network", "Networks"}
_SIZE = Reader("SIZE", "3, or 3x5 for height and width", _sides)
_MAP = Reader("FILE.json", "map.json, with rows of numbers", _json)
_NAMES = Reader("NAMES", "conv1,pool5", _words)
_READERS: Mapping[str, Reader] = {
    "int": Reader("NUMBER", "3", _whole),
    "float": Reader("NUMBER", "0.5", float),
    "str": Reader("TEXT", "espresso", str),
    "str | date": Reader("DAY", "2026-11-25", str),
    "PerAxis": _SIZE,
    "Padding": Reader("SIZE", "1, 1x2, 0,1x0,1 for before and after, or same", _padding),
    "Operation": _choice(*get_args(Operation)),
    "Literal[1, 2]": Reader("1|2", "1", _whole),
    "Sequence[int]": Reader("NUMBERS", "1,2,3", _list),
    "Sizes": Reader("NUMBERS", "224,384,512", _list),
    "Sequence[float] | Array": Reader("NUMBERS", "0.9,0.8", _numbers),
    "Sequence[str]": _NAMES,
    "Sequence[str] | Array": _NAMES,
    "Given": Reader("NETWORKS", "alexnet,vgg16", _targets),
    "Map": _MAP,
    "Map | Row": _MAP,
    "Mask": Reader("FILE.json", "mask.json, with rows of true and false", _json),
    "Labels": Reader("FILE.json", "labels.json, with rows of names", _json),
    "Sequence[bool] | Array": Reader("FILE.json", "right.json, with true and false", _json),
    "Reached": Reader("FILE.json", "reach.json, with a name, clean and size for each layer", _json),
    "Measured": Reader("FILE.json", 'times.json, with ["VGG-16", 384, 10.5]', _json),
    "Mapping[int, float]": Reader("FILE.json", 'errors.json, with {"0": 0.3}', _by_number),
    "Mapping[int, Sequence[float]]": Reader(
        "FILE.json", 'results.json, with {"16": [0.9, 0.91]}', _by_number
    ),
    "bytes": Reader("FILE", "photograph.jpg", _content),
}

_TARGET = (
    "alexnet, alexnet:ungrouped, alexnet:torchvision, vgg16, vgg16:unpadded or lenet5;"
    " package.module:Class or file.py:Class; or - for the text of an nn.Sequential(...) on the"
    " standard input."
)
_INPUT = typer.Option(
    "--input", "-i", metavar="SIZE", help="The input's size without its batch, such as 3x224x224."
)
_OUTPUT = typer.Option(
    "--output",
    "-o",
    metavar="FILE",
    help="Where the figure is written, whole or not at all: .svg, .html, .png, .gif or .mp4.",
)
_WIDTH = typer.Option(metavar="PIXELS", help="How wide it is.")
_THEME = typer.Option(help="The colours of .png, .gif and .mp4; the others have both.")
_SPEED = typer.Option(metavar="NUMBER", help="How many times faster than on a page it moves.")
_LANGUAGE = typer.Option(help="The language of its words.")
