"""Tensors among arguments, and tensors that have a shape and no storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from cnnexplain.operations import Operation
from cnnexplain.operations.joining import Cat, Elementwise
from cnnexplain.operations.normalisation import BatchNorm, GroupNorm, LocalResponseNorm
from cnnexplain.operations.padding import Pad
from cnnexplain.operations.resampling import Upsample
from cnnexplain.operations.spatial import Spatial

if TYPE_CHECKING:
    from torch import nn

    from cnnexplain.operations import Shape


# What lays its result out anew, wherever its input lies.
_LAID_ANEW = {"masked_fill", "bernoulli", "LogSigmoid"}


def tensors(values: object) -> list[torch.Tensor]:
    """Return the tensors among some values, in order.

    Args:
        values: Anything, nested in tuples, lists and dictionaries.
    """
    found: list[torch.Tensor] = []
    _collect(values, found)
    return found


def _collect(values: object, found: list[torch.Tensor]) -> None:
    if isinstance(values, torch.Tensor):
        found.append(values)
    elif isinstance(values, (tuple, list)):  # a union of types would be made anew each time
        for each in values:
            if each is not None:
                _collect(each, found)
    elif isinstance(values, dict):
        for each in values.values():
            _collect(each, found)


def parameters_of(module: nn.Module) -> tuple[torch.Tensor, ...]:
    """Return a module's parameters; most have no modules within, and need no walk.

    Args:
        module: The module.
    """
    if module._modules:  # noqa: SLF001
        return tuple(module.parameters())
    return tuple(each for each in module._parameters.values() if each is not None)  # noqa: SLF001


def on_meta(values: Any) -> Any:
    """Return values with each tensor replaced by its shape alone.

    Args:
        values: Anything, nested in tuples, lists and dictionaries.
    """
    if isinstance(values, torch.Tensor):
        return values if values.is_meta else values.detach().to("meta")
    if isinstance(values, tuple | list):
        return type(values)(map(on_meta, values)) if type(values) in {tuple, list} else values
    if isinstance(values, dict):
        return {key: on_meta(value) for key, value in values.items()}
    return values


def made(
    operation: Operation, shape: Shape, source: torch.Tensor, dtype: torch.dtype
) -> torch.Tensor:
    """Return a tensor without storage whose axes lie in memory as torch would lay them.

    Args:
        operation: What makes it.
        shape: Its shape.
        source: The operation's first input.
        dtype: What its values are.
    """
    if not source.is_contiguous():
        last = torch.channels_last
        if isinstance(operation, Spatial | Upsample | Pad | BatchNorm | GroupNorm | Cat):
            channels_last = len(shape) == 4 and source.is_contiguous(memory_format=last)  # noqa: PLR2004
            keeps = last if channels_last else torch.contiguous_format
            return torch.empty(shape, dtype=dtype, device="meta", memory_format=keeps)
        alone = type(operation).seen is Operation.seen or isinstance(
            operation, Elementwise | LocalResponseNorm
        )
        if (
            alone
            and tuple(source.shape) == shape
            and str(operation).split("(")[0] not in _LAID_ANEW
        ):
            return torch.empty_like(source, dtype=dtype)
    return torch.empty(shape, dtype=dtype, device="meta")


def storage(tensor: torch.Tensor) -> int:
    """Return what tells the memory apart in which tensors lie.

    Args:
        tensor: The tensor.
    """
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001  # torch has no public name for it
