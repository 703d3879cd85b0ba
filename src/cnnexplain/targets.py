"""What the command line calls a network: a bundled one, one of the user's, or text."""

from __future__ import annotations

import importlib
import sys
import traceback
import warnings
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
from functools import reduce
from importlib.util import module_from_spec, spec_from_file_location
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from cnnexplain import networks
from cnnexplain.api import explain, is_module, trace
from cnnexplain.errors import CnnExplainError, ShapeError, SourceError, shown
from cnnexplain.files import is_file
from cnnexplain.formats.characters import cut, visible
from cnnexplain.graph import Network
from cnnexplain.images import imported
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType
    from typing import BinaryIO

    from torch import nn

    from cnnexplain.explanation import Explanation
    from cnnexplain.report import Trace

    _Result = TypeVar("_Result")

# Longer than any text of a network that is read; what else comes in stays outside.
_MOST_BYTES = 1_000_000
_LONGEST_MESSAGE = 500


class UsageError(CnnExplainError):
    """The command line is wrong, whatever the network is."""


def find(target: str, text: BinaryIO) -> object:
    """Return what a target names: a network, a module, a text, or what makes one of them.

    Args:
        target: A bundled network's name, `package.module:attribute`, `file.py:attribute`, or `-`.
        text: Where the text comes from that `-` stands for.

    Raises:
        UsageError: If there is no such thing.
        SourceError: If the text is not in UTF-8.
        CnnExplainError: If the user's module cannot be imported.

    Example:
        >>> import io
        >>> find("-", io.BytesIO(b"nn.Sequential(nn.ReLU())"))
        'nn.Sequential(nn.ReLU())'
    """
    if target == "-":
        return _read(text)
    if target in networks.NAMES:
        return networks.NAMES[target]()
    place, _, path = target.rpartition(":")
    if not place or not path:
        _unknown(target)
    file = Path(place) if place.endswith(".py") else None
    if file and not is_file(file):
        raise UsageError("a file of Python", f"no file {shown(str(file))}", "write its path")
    for folder in (*_here(), *([file.resolve().parent] if file else [])):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    with redirect_stdout(sys.stderr):  # whatever an import prints is no part of the table
        return _attribute(_file(file) if file else _module(place, target), path)


def _here() -> list[Path]:
    try:
        return [Path.cwd()]
    except OSError:  # somebody has removed it
        return []


def standard_input() -> BinaryIO:
    """Return the standard input, or an empty one if whoever started the program closed it."""
    return sys.stdin.buffer if sys.stdin else BytesIO()


def _read(text: BinaryIO) -> str:
    try:
        return text.read(_MOST_BYTES).decode()
    except UnicodeDecodeError as error:
        raise SourceError(
            "text in UTF-8", f"the byte {error.object[error.start]:#04x}", "give a network's text"
        ) from None


def _unknown(target: str) -> NoReturn:
    near = get_close_matches(target, networks.NAMES, n=1)
    raise UsageError(
        f"one of {', '.join(networks.NAMES)}; package.module:Class; file.py:Class; or -",
        shown(target),
        f"write {near[0]}" if near else "write for example alexnet",
    )


def _module(name: str, target: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        _unknown(target)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise failed(error, f"import of {name}") from None
        raise UsageError(
            "a module that can be imported from here", str(error), "write its name, or its file"
        ) from None
    except (Exception, SystemExit) as error:  # a foreign module may raise anything  # noqa: BLE001
        raise failed(error, f"import of {name}") from None


def _file(path: Path) -> ModuleType:
    # By a name that no other module has: a user's file may be called torch.py.
    name = f"_cnnexplain_{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # as an import does; dataclasses look there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a foreign module may raise anything  # noqa: BLE001
        raise failed(error, f"import of {path.name}") from None
    return module


def _attribute(module: ModuleType, path: str) -> object:
    try:
        found = reduce(getattr, path.split("."), cast("object", module))
    except AttributeError:
        known = [name for name in vars(module) if not name.startswith("_")]
        near = get_close_matches(path, known, n=1, cutoff=0.5)
        raise UsageError(
            "the name of a class, a function or a network in the module",
            shown(path),
            f"write {near[0]}" if near else f"define {shown(path)} there, or write another name",
        ) from None
    except Exception as error:  # noqa: BLE001  # the same
        raise failed(error, f"look-up of {path}") from None
    if not (callable(found) or isinstance(found, Network | str)):
        raise UsageError(
            "a class, a function or a network",
            f"{shown(path)}, which is of type {type(found).__name__}",
            "name a subclass of torch.nn.Module, or a function that returns one",
        )
    return found


def traced(found: object, input_sizes: Sequence[Sequence[int]], batch_size: int) -> Trace:
    """Return the trace of what was found.

    A class, or a function, is called without arguments: first in a way that gives no memory to the
    weights, and again with them if the trace needs their values.

    Args:
        found: What `find` returned.
        input_sizes: The inputs' sizes; none for the network's own.
        batch_size: The number of inputs at once.

    Raises:
        UsageError: If the network knows no input size of its own and none is given.
        CnnExplainError: If the network cannot be made or traced.

    Example:
        >>> traced(networks.lenet5, [], 1).parameters
        61706
    """
    return _shaped(trace, "trace", found, input_sizes, batch_size)


def explained(found: object, input_sizes: Sequence[Sequence[int]], batch_size: int) -> Explanation:
    """Return what is wrong with what was found.

    Args:
        found: What `find` returned.
        input_sizes: The inputs' sizes; none for the network's own.
        batch_size: The number of inputs at once.

    Raises:
        UsageError: If the network knows no input size of its own and none is given.
        CnnExplainError: If the network cannot be made.

    Example:
        >>> explained(networks.lenet5, [(1, 28, 28)], 1).problems[0].name
        'fc5'
    """
    return _shaped(explain, "explanation", found, input_sizes, batch_size)


def pasted(message: str, text: BinaryIO) -> str:
    """Return a message that was given, or what comes in if it is `-`.

    Args:
        message: The message, or `-`.
        text: Where the text comes from that `-` stands for.

    Raises:
        SourceError: If the text is not in UTF-8.
    """
    return _read(text) if message == "-" else message


def _shaped(
    shaped: Callable[..., _Result],
    what: str,
    found: object,
    input_sizes: Sequence[Sequence[int]],
    batch_size: int,
) -> _Result:
    if callable(found) and not is_module(found):
        make = cast("Callable[[], object]", found)
        with redirect_stdout(sys.stderr):
            try:
                with warnings.catch_warnings(action="ignore"):
                    return _asked(shaped, what, _weightless(make), input_sizes, batch_size)
            except (ShapeError, UsageError):
                raise
            except (Exception, SystemExit):  # noqa: BLE001
                # Nothing is wrong yet: not every network can be made without memory.
                found = _made(make)
    with redirect_stdout(sys.stderr):
        return _asked(shaped, what, found, input_sizes, batch_size)


def built(found: object) -> nn.Module:
    """Return what was found as a module in eval mode, with weights that have values.

    A class, or a function, is called without arguments. Random weights are the same each time.

    Args:
        found: What `find` returned.

    Raises:
        CnnExplainError: If the network cannot be made, or PyTorch is missing.

    Example:
        >>> built(networks.lenet5()).conv1
        Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))
    """
    torch = imported("torch", "PyTorch, which the network needs", "torch")
    from cnnexplain.conversion.modules import module_of  # noqa: PLC0415  # it imports torch

    with guarded("network"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = _made(found) if callable(found) and not is_module(found) else found
        return module_of(made).eval()


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Let a user's code neither print where results go nor raise what this package does not.

    Args:
        what: What is being done.

    Raises:
        CnnExplainError: If the code raises anything else.
    """
    with redirect_stdout(sys.stderr):
        try:
            yield
        except CnnExplainError:
            raise
        except (Exception, SystemExit) as error:  # foreign code may raise anything  # noqa: BLE001
            raise failed(error, what) from None


def channels(model: nn.Module, window: tuple[int, int]) -> int:
    """Return how many channels of a photograph a network takes: 3, or 1 for grey.

    Args:
        model: The network.
        window: The (height, width) of its windows in pixels.

    Raises:
        UsageError: If it takes neither on such windows.

    Example:
        >>> channels(built(networks.lenet5()), (32, 32))
        1
    """
    first = next((each.in_channels for each in model.modules() if hasattr(each, "in_channels")), 3)
    wrong = []
    for count in (1, 3) if first == 1 else (3, 1):
        try:
            trace(model, (count, *window))
        except CnnExplainError as error:
            wrong.append(error)
        else:
            return count
    raise UsageError(
        "a window that the network takes",
        f"--window {shape(window)}: {wrong[0].received}",
        "write the size that the network was designed for",
    )


def _weightless(make: Callable[[], object]) -> object:
    if "torch" not in sys.modules:
        return make()
    import torch  # noqa: PLC0415  # there already, by an import of the user's

    with torch.device("meta"):
        return make()


def _made(make: Callable[..., object]) -> object:
    try:
        return make()
    except (Exception, SystemExit) as error:  # noqa: BLE001
        name = getattr(make, "__name__", "it")
        raise failed(error, f"call of {visible(str(name))}()") from None


def known_size(found: object, cure: str) -> tuple[int, int, int]:
    """Return the input size that a bundled network knows.

    Args:
        found: What `find` returned.
        cure: The option that tells it of other networks.

    Raises:
        UsageError: If it is no bundled network.

    Example:
        >>> known_size(networks.lenet5(), "--input 3x224x224")
        (1, 32, 32)
    """
    if isinstance(found, Network) and found.input_size is not None:
        channels, height, width = found.input_size
        return channels, height, width
    option, _, _ = cure.partition(" ")
    raise UsageError(
        "the input size, which the network does not know", f"no {option}", f"add {cure}"
    )


def _asked(
    shaped: Callable[..., _Result],
    what: str,
    model: object,
    input_sizes: Sequence[Sequence[int]],
    batch_size: int,
) -> _Result:
    if not input_sizes:
        known_size(model, "--input 3x224x224")
    if len(input_sizes) > 1 and isinstance(model, Network | str):
        raise UsageError("one --input", f"{len(input_sizes)} of them", "give one")
    sizes = input_sizes[0] if len(input_sizes) == 1 else list(input_sizes)
    try:
        return shaped(model, sizes or None, batch_size)
    except CnnExplainError:
        raise
    except (Exception, SystemExit) as error:  # a foreign forward() may raise anything  # noqa: BLE001
        raise failed(error, what) from None


def failed(error: BaseException, what: str) -> CnnExplainError:
    """Return what went wrong in a user's code, as one message of three lines.

    Args:
        error: What was raised.
        what: What was being done.
    """
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        return CnnExplainError(
            "PyTorch, which the network needs", str(error), 'pip install "cnnexplain[torch]"'
        )
    if _lacks_memory(error):
        return CnnExplainError(
            f"memory for the {what}", _told(error), "use a smaller network, or a smaller image"
        )
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith("<frozen")]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if len(own) > 1 else ""
    return CnnExplainError(
        f"{what} without an exception",
        _told(error) + place,
        "run the same in Python by itself, which shows where it comes from",
    )


def _lacks_memory(error: BaseException) -> bool:
    if "torch" not in sys.modules:
        return isinstance(error, MemoryError)
    from cnnexplain.devices import is_out_of_memory  # noqa: PLC0415  # it imports torch

    return is_out_of_memory(error)


def _told(error: BaseException) -> str:
    try:
        told = f"{type(error).__name__}: {error}"
    except Exception:  # a foreign __str__ may raise anything  # noqa: BLE001
        told = type(error).__name__
    return cut(visible(told), _LONGEST_MESSAGE)
