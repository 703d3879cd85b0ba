"""What the command line calls a network: a bundled one, one of the user's, or text."""

from __future__ import annotations

import importlib
import sys
import traceback
import warnings
from contextlib import redirect_stdout
from difflib import get_close_matches
from functools import reduce
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from cnnexplain import networks
from cnnexplain.api import is_module, trace
from cnnexplain.errors import CnnExplainError, ShapeError, SourceError, shown
from cnnexplain.formats.characters import cut, visible
from cnnexplain.graph import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import BinaryIO

    from torch import nn

    from cnnexplain.report import Trace

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
    for folder in (Path.cwd(), *([file.resolve().parent] if file else [])):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    with redirect_stdout(sys.stderr):  # whatever an import prints is no part of the table
        return _attribute(_file(file) if file else _module(place, target), path)


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
            raise _failed(error, f"import of {name}") from None
        raise UsageError(
            "a module that can be imported from here", str(error), "write its name, or its file"
        ) from None
    except (Exception, SystemExit) as error:  # a foreign module may raise anything  # noqa: BLE001
        raise _failed(error, f"import of {name}") from None


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError("a file of Python", f"no file {shown(str(path))}", "write its path")
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
        raise _failed(error, f"import of {path.name}") from None
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
        raise _failed(error, f"look-up of {path}") from None
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
    if callable(found) and not is_module(found):
        make = cast("Callable[[], object]", found)
        with redirect_stdout(sys.stderr):
            try:
                with warnings.catch_warnings(action="ignore"):
                    return _trace(_weightless(make), input_sizes, batch_size)
            except (ShapeError, UsageError):
                raise
            except (Exception, SystemExit):  # noqa: BLE001
                # Nothing is wrong yet: not every network can be made without memory.
                found = _made(make)
    with redirect_stdout(sys.stderr):
        return _trace(found, input_sizes, batch_size)


def _weightless(make: Callable[[], object]) -> object:
    if "torch" not in sys.modules:
        return make()
    import torch  # noqa: PLC0415  # there already, by an import of the user's

    with torch.device("meta"):
        return make()


def _made(make: Callable[[], object]) -> object:
    try:
        return make()
    except (Exception, SystemExit) as error:  # noqa: BLE001
        name = getattr(make, "__name__", "it")
        raise _failed(error, f"call of {visible(str(name))}()") from None


def _trace(model: object, input_sizes: Sequence[Sequence[int]], batch_size: int) -> Trace:
    if not input_sizes and not (isinstance(model, Network) and model.input_size is not None):
        raise UsageError(
            "the input size, which the network does not know", "no --input", "add --input 3x224x224"
        )
    if len(input_sizes) > 1 and isinstance(model, Network | str):
        raise UsageError("one --input", f"{len(input_sizes)} of them", "give one")
    sizes = input_sizes[0] if len(input_sizes) == 1 else list(input_sizes)
    try:
        return trace(cast("nn.Module", model), cast("Sequence[int]", sizes or None), batch_size)
    except CnnExplainError:
        raise
    except (Exception, SystemExit) as error:  # a foreign forward() may raise anything  # noqa: BLE001
        raise _failed(error, "trace") from None


def _failed(error: BaseException, what: str) -> CnnExplainError:
    """Return what went wrong in a user's code, as one message of three lines."""
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        return CnnExplainError(
            "PyTorch, which the network needs", str(error), 'pip install "cnnexplain[torch]"'
        )
    try:
        told = f"{type(error).__name__}: {error}"
    except Exception:  # a foreign __str__ may raise anything  # noqa: BLE001
        told = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith("<frozen")]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if len(own) > 1 else ""
    return CnnExplainError(
        f"{what} without an exception",
        cut(visible(told), _LONGEST_MESSAGE) + place,
        "run the same in Python by itself, which shows where it comes from",
    )
