"""Reads a `torch.nn.Sequential` into a Network, from its layers' attributes alone."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, cast

from cnnexplain.errors import ArgumentError, CnnExplainError, shown
from cnnexplain.graph import Network, Node
from cnnexplain.operations import OPERATIONS, Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


def is_module(model: object) -> bool:
    """Return whether an object is a torch module, without importing torch.

    Args:
        model: Anything.

    Example:
        >>> is_module("nn.ReLU()")
        False
    """
    return any(kind.__module__ == "torch.nn.modules.module" for kind in type(model).__mro__)


def network_of(model: nn.Module) -> Network:
    """Return the network that a module is; its weights are not touched.

    Args:
        model: A `torch.nn.Sequential` of layers, nested as one likes.

    Raises:
        ArgumentError: If a module is no sequence of layers that have a rule here.
    """
    seen: set[int] = set()
    try:
        nodes = tuple(
            _node(index, path, layer, seen)
            for index, (path, layer) in enumerate(_layers(model, ""))
        )
    except RecursionError:
        raise ArgumentError("layers in a few levels", "hundreds of levels", "nest less") from None
    if not nodes:
        raise ArgumentError("at least one layer", "an empty nn.Sequential", "add a layer")
    return Network(nodes)


def _layers(model: nn.Module, path: str) -> Iterator[tuple[str, nn.Module]]:
    if _is_torchs_own(model) and type(model).__name__ == "Sequential":
        # Not named_children(), which leaves out a layer that comes a second time.
        for name, child in model._modules.items():  # noqa: SLF001
            yield from _layers(cast("nn.Module", child), f"{path}.{name}" if path else str(name))
    elif _is_torchs_own(model) and type(model).__name__ in OPERATIONS:
        yield path or "0", model
    else:
        where = f" at {shown(path)}" if path else ""
        raise ArgumentError(
            f"an nn.Sequential of layers among {', '.join(sorted(OPERATIONS))}",
            f"{type(model).__name__}{where}",
            "trace its nn.Sequential parts one by one",
        )


def _node(index: int, path: str, layer: nn.Module, seen: set[int]) -> Node:
    """Return a layer's node; weights that an earlier layer has too count there."""
    weights = list(layer.parameters(recurse=False))
    shared = sum(weight.numel() for weight in weights if id(weight) in seen)
    seen.update(map(id, weights))
    try:
        operation = _operation(layer)
        return Node(path, operation, (index,), operation.parameters - shared)
    except CnnExplainError as error:
        raise error.at(f"layer {shown(path)}: {type(layer).__name__}") from None


def _is_torchs_own(model: nn.Module) -> bool:
    # A subclass may do anything in its forward().
    return type(model).__module__.startswith("torch.nn.modules.")


def _operation(model: nn.Module) -> Operation:
    kind = OPERATIONS[type(model).__name__]
    arguments = {}
    for each in fields(kind):
        value = getattr(model, each.name, each.default)
        if each.name == "bias":
            # A module keeps the bias itself where its constructor took True or False.
            value = value is not None
        arguments[each.name] = None if value is MISSING else value
    return kind(**arguments)
