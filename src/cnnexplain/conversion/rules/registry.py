"""Which rule stands for which kind of operation, and what rules share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import torch

from cnnexplain.conversion.values import MAP, Value, spread

if TYPE_CHECKING:
    from torch import fx

    from cnnexplain.conversion.builder import Builder, Item
    from cnnexplain.operations import Operation, Shape


Rule: TypeAlias = Callable[["Builder", "Item"], Value]
RULES: dict[str, Rule] = {}

EVAL = "call model.eval() before converting, which is how a network is used"
INSTEAD = "convert the part of the network before it, or use a layer that works on each place alone"


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule for operations.

    Args:
        *names: The names of their classes.
    """

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


_REASONS = {
    "Opaque": "which is not known to work on each place of a map alone",
    "Attention": "which looks at all places of the map",
    "MultiheadAttention": "which looks at all places of the map",
    "Upsample": "which resizes the whole map",
    "InstanceNorm": "which normalises over the whole map",
    "ConvTranspose": "which enlarges the map, so that windows on it no longer match",
}


def reason(operation: Operation) -> str:
    """Return why an operation without a rule does not work on each window by itself.

    Args:
        operation: The operation.
    """
    name = type(operation).__name__
    told = (reason for start, reason in _REASONS.items() if name.startswith(start))
    return next(told, "for which there is no rule")


def plain(to: Builder, item: Item, value: Value) -> tuple[fx.Node, Shape]:
    """Return a map as the original has it, whose rows and columns stand side by side.

    Args:
        to: The converted network.
        item: The node that takes it.
        value: The value.

    Returns:
        What makes the map, and its (channels, height, width) at the design size.

    Raises:
        ConversionError: If the value is no such map.
    """
    waiting(item, value)
    channels = value.channels()
    if channels is None:
        raise item.refused(
            "whose input is no map of whole channels",
            "bring the axes into the order (batch, channels, height, width) before it",
        )
    return to.selected(value.node, value.shape[0], channels), (len(channels), *value.shape[1:])


def waiting(item: Item, *values: Value) -> None:
    """Refuse what stands between an adaptive pooling, or a scale, and its Linear layer.

    Args:
        item: The node.
        *values: What it takes.

    Raises:
        ConversionError: If one of the values waits for a Linear layer.
    """
    for value in values:
        if value.bins is not None:
            raise item.refused(
                "behind an adaptive average pooling whose bins overlap, so that no pooling of one"
                " size stands for it",
                "put it after the Linear layer, or choose an output_size that divides the map's",
            )
        if value.scale is not None:
            raise item.refused(
                "after a scale for each place of the map, which only a Linear layer can take in",
                "put the normalisation after the Linear layer, or before the flattening",
            )


def steps_of(value: Value) -> tuple[int, int] | None:
    """Return how far apart a value's rows and columns stand in its map, if they stand apart.

    Args:
        value: The value.
    """
    if value.index is None or value.index.ndim != len(MAP) or value.bins is not None:
        return None
    _, height, width = value.index.shape
    steps = (
        (value.shape[1] - 1) // max(height - 1, 1) or 1,
        (value.shape[2] - 1) // max(width - 1, 1) or 1,
    )
    grid = (value.shape[0], height, width)
    if steps == (1, 1) or tuple(value.index.shape) != grid:
        return None
    return steps if torch.equal(value.index, spread(grid, steps, value.shape)) else None


def is_training(item: Item) -> bool:
    """Return whether a layer, or a function by its argument, is in training mode.

    Args:
        item: The node.
    """
    if item.call.module is not None:
        return item.call.module.training
    name = str(getattr(item.call.func, "__name__", ""))
    before = {
        "batch_norm": ("input", "running_mean", "running_var", "weight", "bias"),
        "rrelu": ("input", "lower", "upper"),
    }.get(name, ("input", "p"))
    return bool(item.call.named(*before, "training").get("training", "dropout" in name))


def aligned(to: Builder, values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return vectors of one effective stride: of the others, as many cells as the coarsest has.

    Args:
        to: The converted network.
        values: What is brought together.
    """
    rows, columns = map(max, zip(*(value.stride for value in values), strict=True))
    coarsest = (rows, columns)
    if not all(
        value.is_vector and rows % value.stride[0] == columns % value.stride[1] == 0
        for value in values
    ):
        return values
    return tuple(
        value
        if value.stride == coarsest
        else replace(value, node=_every(to, value, coarsest), stride=coarsest)
        for value in values
    )


def _every(to: Builder, value: Value, coarsest: tuple[int, int]) -> fx.Node:
    steps = [most // own for most, own in zip(coarsest, value.stride, strict=True)]
    cut = (slice(None), slice(None), *(slice(None, None, step) for step in steps))
    return to.call(torch.Tensor.__getitem__, (value.node, cut))
