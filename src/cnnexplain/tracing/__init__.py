"""Any `torch.nn.Module` as a Network: what its forward does, recorded on shapes alone."""

from __future__ import annotations

import copy
import sys
from contextlib import AbstractContextManager, nullcontext
from math import prod
from typing import TYPE_CHECKING, cast

import torch

from cnnexplain.errors import LARGEST, ArgumentError, CnnExplainError, ForwardError, shown
from cnnexplain.tracing.guard import untouched
from cnnexplain.tracing.recorder import NeedsValues, Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from cnnexplain.graph import Network
    from cnnexplain.operations import Shape

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
    if type(model).__module__ == "torch._dynamo.eval_frame":
        model = cast("nn.Module", getattr(model, "_orig_mod"))  # noqa: B009  # what torch.compile wraps
    if not list(model.children()) and type(model) is torch.nn.Sequential:
        raise ArgumentError("at least one layer", "an empty nn.Sequential", "add a layer")
    shapes = [(batch_size, *size) for size in sizes]
    for shape in shapes:
        if prod(shape) > LARGEST // 8:
            raise ArgumentError(
                f"an input of at most {LARGEST // 8} values",
                shown(shape),
                "use a smaller input_size",
            )
    # In inference mode, tensors would not know what they are views of.
    with torch.inference_mode(mode=False), torch.no_grad():
        try:
            inputs = [_placeholder(model, shape) for shape in shapes]
            return _recorded(model, inputs, by_values=False).network()
        except NeedsValues as needed:
            return _run(model, shapes, needed)


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
        return _recorded(model, inputs, by_values=False, keep_calls=True)


def _recorded(
    model: nn.Module,
    inputs: Sequence[torch.Tensor],
    *,
    by_values: bool,
    keep_calls: bool = False,
) -> Recorder:
    try:
        recorder = Recorder(model, inputs, by_values=by_values, keep_calls=keep_calls)
    except RecursionError:
        raise ArgumentError(
            "modules in a few levels", "hundreds of levels", "look for a module in itself"
        ) from None
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
    return recorder


def _failure(recorder: Recorder, error: Exception) -> ForwardError:
    lines = str(error).strip().splitlines() or [""]
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


def _run(model: nn.Module, shapes: Sequence[Shape], needed: NeedsValues) -> Network:
    """Record the module while it runs on numbers, on a copy, since a run may change it."""
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
        twin = copy.deepcopy(model)
    except Exception as error:
        raise ForwardError(
            "a module that can be copied, since it decides by values and must be run",
            f"{type(error).__name__}: {shown(str(error))}",
            "trace it without what cannot be copied",
        ) from error
    with torch.set_grad_enabled(needed.gradients):
        return _recorded(twin, inputs, by_values=True).network()


def _uncompiled() -> AbstractContextManager[object]:
    """Let compiled functions run as they were written, if something has been compiled."""
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    return cast("AbstractContextManager[object]", torch.compiler.set_stance("force_eager"))
