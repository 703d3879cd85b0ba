"""Any `torch.nn.Module` as a Network: what its forward does, recorded on shapes alone."""

from __future__ import annotations

import copy
import sys
import traceback
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import torch

from cnnexplain.diagnosis.attempt import Attempt, Failure
from cnnexplain.diagnosis.sources import place
from cnnexplain.errors import LARGEST, ArgumentError, CnnExplainError, ForwardError, shown
from cnnexplain.tracing.guard import untouched
from cnnexplain.tracing.recorder import NeedsValues, Recorder, is_users

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import nn

    from cnnexplain.diagnosis.findings import Place
    from cnnexplain.graph import Network
    from cnnexplain.operations import Operation, Shape

# Where a real run is needed, its inputs are the same every time.
_SEED = 0


def network_of(model: nn.Module, sizes: Sequence[Shape], batch_size: int) -> Network:
    """Return the network that a module's forward is for some inputs; the module stays as it was.

    Args:
        model: Any module, on any device.
        sizes: Each input's (channels, height, width), without the batch.
        batch_size: The number of inputs at once.

    Raises:
        ArgumentError: If the module has no layers or no sizes, or the input is too large.
        ShapeError: If an operation cannot take what those before it make.
        ForwardError: If the module's own code fails.
    """
    recorder, error = _tried(model, [(batch_size, *size) for size in sizes])
    if error is not None:
        raise error
    return recorder.network()


def attempt_of(
    model: nn.Module, shapes: Sequence[Shape], instead: Mapping[str, Operation] | None = None
) -> Attempt:
    """Return how far a module's forward comes on some inputs; the module stays as it was.

    Args:
        model: Any module, on any device.
        shapes: The shape of each input, with the batch.
        instead: What layers do instead of what they do, by their paths.

    Raises:
        ArgumentError: If the module has no layers or no sizes, or the input is too large.
        ForwardError: If the module decides by values and cannot be run.
    """
    recorder, error = _tried(model, shapes, keep_lines=True, instead=instead)
    failure = None
    if error is not None:
        refused = recorder.refused
        if refused is None or recorder.refused_by not in (error, error.__cause__):
            # What the module's own code has caught is not what stopped it.
            refused = recorder.failed_in(error), None, ()
        name, operation, inputs = refused
        failure = Failure(name, operation, inputs, error, users_line(error))
    network = recorder.network()
    places = tuple(None if line is None else place(*line) for line in recorder.lines)
    return Attempt(network, tuple(shapes), tuple(recorder.shapes), places, failure)


def users_line(error: BaseException) -> Place | None:
    """Return the innermost line of the user's code that an exception came through.

    Args:
        error: The exception.
    """
    lines = [
        (frame.f_code.co_filename, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if is_users(frame.f_code.co_filename)
    ]
    return place(*lines[-1]) if lines else None


def _tried(
    model: nn.Module, shapes: Sequence[Shape], **options: Any
) -> tuple[Recorder, CnnExplainError | None]:
    """Return what a forward does until it ends or fails, and how it failed."""
    if type(model).__module__ == "torch._dynamo.eval_frame":
        model = cast("nn.Module", getattr(model, "_orig_mod"))  # noqa: B009  # what torch.compile wraps
    if not list(model.children()) and type(model) is torch.nn.Sequential:
        raise ArgumentError("at least one layer", "an empty nn.Sequential", "add a layer")
    for shape in shapes:
        if prod(shape) > LARGEST // 8:
            raise ArgumentError(
                f"an input of at most {LARGEST // 8} values",
                shown(shape),
                "use a smaller input_size",
            )
    # In inference mode, tensors would not know what they are views of.
    with torch.inference_mode(mode=False), torch.no_grad():
        inputs = [_placeholder(model, shape) for shape in shapes]
        recorder = _made(model, inputs, by_values=False, **options)
        try:
            _record(recorder)
        except NeedsValues as needed:
            twin, inputs = _with_values(model, shapes, needed)
            recorder = _made(twin, inputs, by_values=True, **options)
            try:
                with torch.set_grad_enabled(needed.gradients):
                    _record(recorder)
            except CnnExplainError as error:
                return recorder, error
        except CnnExplainError as error:
            return recorder, error
    return recorder, None


def recording_of(model: nn.Module, size: Shape, batch_size: int) -> Recorder:
    """Return what a module's forward does, call by call; the module stays as it was.

    Args:
        model: Any module, on any device.
        size: The input's (channels, height, width), without the batch.
        batch_size: The number of inputs at once.

    Raises:
        NeedsValues: If the forward decides by values.
        ShapeError: If an operation cannot take what those before it make.
        ForwardError: If the module's own code fails.
    """
    with torch.inference_mode(mode=False), torch.no_grad():
        inputs = [_placeholder(model, (batch_size, *size))]
        recorder = _made(model, inputs, by_values=False, keep_calls=True)
        _record(recorder)
        return recorder


def _made(model: nn.Module, inputs: Sequence[torch.Tensor], **options: Any) -> Recorder:
    try:
        return Recorder(model, inputs, **options)
    except RecursionError:
        raise ArgumentError(
            "modules in a few levels", "hundreds of levels", "look for a module in itself"
        ) from None


def _record(recorder: Recorder) -> None:
    with untouched(recorder.modules.values()), _uncompiled():
        try:
            recorder.run()
        except (CnnExplainError, NeedsValues):
            raise
        except Exception as error:
            raise _failure(recorder, error) from error
    if recorder.needs_values is not None:
        # The module caught it.
        raise recorder.needs_values


def _failure(recorder: Recorder, error: Exception) -> ForwardError:
    try:
        lines = str(error).strip().splitlines() or [""]
    except Exception:  # noqa: BLE001  # a foreign __str__ may raise anything
        lines = [""]
    path = recorder.failed_in(error)
    where = f" in module {shown(path)}" if path else ""
    return ForwardError(
        "a forward that runs for these inputs",
        f"{type(error).__name__}: {shown(lines[0], limit=300)}{where}",
        "check the number of inputs and their input_size, and that forward runs on real ones",
    )


def _dtype(model: nn.Module) -> torch.dtype:
    floating = (each.dtype for each in model.parameters() if each.is_floating_point())
    return next(floating, torch.get_default_dtype())


def _placeholder(model: nn.Module, shape: Shape) -> torch.Tensor:
    return torch.empty(shape, dtype=_dtype(model), device="meta")


def _with_values(
    model: nn.Module, shapes: Sequence[Shape], needed: NeedsValues
) -> tuple[nn.Module, list[torch.Tensor]]:
    """Return a copy of the module, since a run may change it, and inputs with values."""
    device = next((each.device for each in model.parameters()), torch.device("cpu"))
    if device.type == "meta":
        raise ForwardError(
            "weights with values, since the module decides by values",
            f"{needed}, and a module on the meta device",
            "build the module on a real device",
        ) from needed
    generator = torch.Generator(device="cpu").manual_seed(_SEED)
    try:
        inputs = [
            torch.randn(shape, generator=generator, device="cpu").to(device, _dtype(model))
            for shape in shapes
        ]
    except RuntimeError as error:
        raise ForwardError(
            "memory for an input with values, since the module decides by values",
            shown(str(error), limit=200),
            "use a smaller input_size or batch_size",
        ) from error
    try:
        return copy.deepcopy(model), inputs
    except Exception as error:
        raise ForwardError(
            "a module that can be copied, since it decides by values and must be run",
            f"{type(error).__name__}: {shown(str(error))}",
            "trace it without what cannot be copied",
        ) from error


class _Eager:
    """Lets compiled functions run as they were written, while any thread is tracing.

    torch has one stance for all threads, so that the first one sets it and the last one puts it
    back.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._tracing = 0
        self._stance: AbstractContextManager[object] = nullcontext()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Let them, if something has been compiled."""
        with self._lock:
            if not self._tracing and "torch._dynamo" in sys.modules:
                stance = torch.compiler.set_stance("force_eager")
                self._stance = cast("AbstractContextManager[object]", stance)
                self._stance.__enter__()
            self._tracing += 1
        try:
            yield
        finally:
            with self._lock:
                self._tracing -= 1
                if not self._tracing:
                    self._stance.__exit__(None, None, None)
                    self._stance = nullcontext()


_uncompiled = _Eager()
