"""Exceptions of torch's, explained after the fact: nothing is done unless one is raised."""

from __future__ import annotations

import inspect
from contextlib import ContextDecorator
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, TypeVar, overload

from cnnexplain.errors import (
    ArgumentError,
    ExplainedError,
    ExplainedIndexError,
    ExplainedRuntimeError,
    ExplainedValueError,
    ForwardError,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    from torch import nn

    from cnnexplain.diagnosis.findings import Place
    from cnnexplain.diagnosis.messages import Told
    from cnnexplain.explanation import Explanation

# Longer than any traceback that somebody pastes; the message is at its end.
_LONGEST = 1_000_000
_Function = TypeVar("_Function", bound="Callable[..., Any]")


@overload
def explaining(function: _Function) -> _Function: ...
@overload
def explaining(function: None = None) -> _Explaining: ...
def explaining(function: _Function | None = None) -> _Function | ContextDecorator:
    """Explain torch's errors about sizes that are raised in a `with` block, or in a function.

    What torch raises becomes an ExplainedError that has it as its `__cause__`, and that whoever
    catches torch's RuntimeError, ValueError or IndexError catches as well. What is not about sizes
    is raised as it is. As long as nothing is raised, nothing is done. To explain an error, the
    forward of the module that failed runs again a few times, on shapes alone: what it prints is
    printed again.

    Args:
        function: The function, if it is used as a decorator, `@cx.explaining`.

    Returns:
        The context manager, or the function with its errors explained.

    Raises:
        ArgumentError: If it decorates what does not run when it is called.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        >>> with explaining():
        ...     model(torch.zeros(1, 1, 32, 32))
        Traceback (most recent call last):
        ...
        cnnexplain.errors.ExplainedRuntimeError: Sequential, input 1×32×32
        ...
    """
    return _Explaining() if function is None else _Explaining()(function)


class _Explaining(ContextDecorator):
    def __call__(self, function: _Function) -> _Function:
        """Return a function with its errors explained."""
        lazy = (
            inspect.iscoroutinefunction,
            inspect.isgeneratorfunction,
            inspect.isasyncgenfunction,
        )
        if not callable(function) or any(each(function) for each in lazy):
            raise ArgumentError(
                "a function that runs when it is called",
                shown(function),
                "write `with cx.explaining():` around what fails",
            )
        return super().__call__(function)

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, Exception) or _kind(error) is None:
            return
        try:
            found = _explained(error)
            explained = None if found is None else _raised(found, error)
        except Exception:  # noqa: BLE001  # whatever fails here, the user's error is what counts
            return
        if explained is not None:
            raise explained from error


# What torch raises about sizes, and what becomes of it.
_EXPLAINED: dict[type, type[ExplainedError]] = {
    RuntimeError: ExplainedRuntimeError,
    ValueError: ExplainedValueError,
    IndexError: ExplainedIndexError,
}


def _kind(error: Exception) -> type[ExplainedError] | None:
    """Return what becomes of an error; None if it is not one of torch's.

    What users raise is most often of a class of their own, and theirs to catch.
    """
    if type(error).__module__.startswith("torch."):  # of scripts, and of torch.compile
        kinds = [made for kind, made in _EXPLAINED.items() if isinstance(error, kind)]
        return kinds[0] if kinds else None
    return _EXPLAINED.get(type(error))


def _raised(found: Explanation, error: Exception) -> ExplainedError:
    from cnnexplain.diagnosis import words  # noqa: PLC0415
    from cnnexplain.languages import language, text  # noqa: PLC0415

    problem, kind = found.problems[0], _kind(error)
    assert kind is not None
    with language("en"):  # as all exceptions
        cure = problem.cures[0].code if problem.cures else "see the explanation"
        raised = kind("sizes that fit", words.title(problem), cure)
    raised.explanation = found
    raised.told = "\n\n".join([found.to_text(), text("explain.torchs", message=str(error))])
    for note in getattr(error, "__notes__", ()):
        raised.add_note(note)
    return raised


def explained_message(message: str) -> Explanation:
    """Return what a message of torch's says about sizes, as far as that goes without the network.

    Args:
        message: The message, or a text that has it in it, such as a whole traceback.

    Raises:
        ArgumentError: If no message about sizes is in it.

    Example:
        >>> told = "mat1 and mat2 shapes cannot be multiplied (1x30976 and 9216x4096)"
        >>> explained_message(told).problems[0].facts["came_product"]
        '30976 = 256·11·11'
    """
    from cnnexplain.diagnosis.messages import told  # noqa: PLC0415

    found = told(message[-_LONGEST:]) if isinstance(message, str) else None
    if found is None:
        raise ArgumentError(
            "a message of PyTorch's about sizes",
            shown(message),
            "paste the last line of the traceback, such as "
            '"mat1 and mat2 shapes cannot be multiplied (1x30976 and 9216x4096)"',
        )
    return _of_message(found)


def _explained(error: Exception) -> Explanation | None:
    """Return what was wrong where torch raised an exception; None if it is not about sizes."""
    from cnnexplain.diagnosis.messages import told  # noqa: PLC0415

    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    calls = [each for each in map(_call, frames) if each is not None]
    message = told(str(error)[-_LONGEST:])
    try:
        known = message is not None
        found = _again(*calls[0], calls[-1][0], error, known=known) if calls else None
    except Exception:  # noqa: BLE001  # whatever fails in running it again, there is the message
        found = None
    if found is None and message is not None:
        return _of_message(message, _path(calls), _place(error))
    return found


def _of_message(told: Told, name: str = "", place: Place | None = None) -> Explanation:
    from cnnexplain.diagnosis.pasted import of_message  # noqa: PLC0415
    from cnnexplain.explanation import Explanation  # noqa: PLC0415

    return Explanation((of_message(told, name, place),))


def _call(frame: FrameType) -> tuple[nn.Module, list[tuple[int, ...]] | None] | None:
    """Return the module that a frame calls, and the shapes of its inputs if these are all."""
    code = frame.f_code.co_name, frame.f_globals.get("__name__")
    if code != ("_call_impl", "torch.nn.modules.module"):
        return None
    model, args, kwargs = (frame.f_locals.get(name) for name in ("self", "args", "kwargs"))
    shapes = [tuple(each.shape) for each in args or () if hasattr(each, "shape")]
    whole = not kwargs and shapes and len(shapes) == len(args or ())
    return model, shapes if whole else None  # type: ignore[return-value]


def _again(
    model: nn.Module,
    shapes: list[tuple[int, ...]] | None,
    innermost: nn.Module,
    error: Exception,
    *,
    known: bool,
) -> Explanation | None:
    """Return what goes wrong when the module runs again on shapes alone, if it is what went wrong.

    Args:
        model: The module.
        shapes: The shapes of its inputs.
        innermost: The module within it that raised the error.
        error: The error.
        known: Whether its message is one about sizes.
    """
    if not shapes or not all(shapes) or type(model).__module__ == "torch.nn.modules.loss":
        return None  # a loss takes indices, which have no shape to speak of
    from cnnexplain.api import tried  # noqa: PLC0415
    from cnnexplain.explanation import explained  # noqa: PLC0415

    again = tried(model)
    failure = again(shapes, {}).failure
    if failure is None:
        return None
    from cnnexplain.tracing.recorder import is_users  # noqa: PLC0415

    *_, (frame, _) = walk_tb(error.__traceback__)
    users = is_users(frame.f_code.co_filename)
    if isinstance(failure.error, ForwardError) and users and not known:
        return None  # an error of the user's own code, and no word of sizes in it
    same = str(failure.error.__cause__) == str(error)
    if not (same or (known and _within(model, failure.name, innermost))):
        return None
    found = explained(again, shapes)
    # What no rule of ours tells is told better by torch.
    told = found.problems and found.problems[0].kind not in {"forward", "other"}
    return found if told else None


def _within(model: nn.Module, name: str, innermost: nn.Module) -> bool:
    """Return whether a layer, or what calls a function, is the module that failed."""
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    modules = dict(model.named_modules(remove_duplicate=False))
    # A function is called by the module that its path begins with.
    return any(modules.get(path) is innermost for path in (name, name.rpartition(".")[0]))


def _path(calls: list[tuple[nn.Module, Any]]) -> str:
    """Return the path of the innermost module that was called in the outermost one."""
    if not calls:
        return ""
    outermost, innermost = calls[0][0], calls[-1][0]
    return next((path for path, each in outermost.named_modules() if each is innermost), "")


def _place(error: Exception) -> Place | None:
    from cnnexplain.tracing import users_line  # noqa: PLC0415

    return users_line(error)
