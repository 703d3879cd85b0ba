"""What takes the channels of a place together, and no places."""

from __future__ import annotations

import operator
from dataclasses import replace
from itertools import permutations
from math import prod
from typing import TYPE_CHECKING, Any

import torch

from cnnexplain.conversion import layers
from cnnexplain.conversion.rules.registry import (
    INSTEAD,
    rule,
    waiting,
)
from cnnexplain.conversion.values import Value
from cnnexplain.operations.activations import GLU
from cnnexplain.operations.joining import Cat, Stack
from cnnexplain.operations.reducing import Reduce, Weighed
from cnnexplain.tracing.tensors import tensors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.conversion.builder import Builder, Item


# What returns values beside their places, of which the values are taken.
PAIRS = {"max", "min", "median", "nanmedian"}


@rule(
    "Softmax",
    "Softmin",
    "LogSoftmax",
    "GLU",
    "LayerNorm",
    "RMSNorm",
    "GroupNorm",
    "Weighed",
)
def _normalised(to: Builder, item: Item) -> Value:
    mixing = _mixing(item)
    if 0 in mixing:
        raise item.refused("which mixes the images of a batch", "give it the axis of the channels")
    waiting(item, item.value)
    if item.value.is_vector:
        return to.per_cell(item)
    name, labels = type(item.operation).__name__, item.value.labels
    last = mixing == (len(item.shapes[0]) - 1,) and labels[-1] == "c" and None not in labels
    if name in {"LayerNorm", "RMSNorm"} and last:
        # The channels of each place, however the places are arranged.
        lasting = to.call(torch.permute, (item.value.node, (0, 2, 3, 1)))
        made = to.again(item, {item.node.inputs[0]: lasting})
        return replace(item.value, node=to.call(torch.permute, (made, (0, 3, 1, 2))))
    weights = tensors((item.call.args[1:], item.call.kwargs))
    return along_channels(to, item, weights, mixing)


def _mixing(item: Item) -> tuple[int, ...]:
    """Return the axes along which an operation takes values together."""
    operation: Any = item.operation
    count = len(item.shapes[0])
    match operation:
        case Weighed() | Reduce():
            return tuple(operation.dims)
        case GLU():
            return (operation.dim % count,)
    name = type(operation).__name__
    if name in {"LayerNorm", "RMSNorm"}:
        sizes = operation.normalized_shape
        return tuple(range(count - (len(sizes) if isinstance(sizes, tuple) else 1), count))
    if name == "GroupNorm":
        return tuple(range(1, count))
    dim = operation.dim
    if dim is None:  # as torch chooses it
        dim = 0 if count in {1, 3} else 1
    return (dim % count,)


def along_channels(
    to: Builder,
    item: Item,
    weights: Sequence[torch.Tensor] = (),
    mixing: tuple[int, ...] | None = None,
) -> Value:
    """Return an operation on maps that takes nothing together but the channels of each place."""
    mixing = _mixing(item) if mixing is None else mixing
    waiting(item, *item.values)
    item = replace(item, values=tuple(_laid_out(to, value) for value in item.values))
    orders = {_order(value) for value in item.values}
    places = {value.shape[1:] for value in item.values}
    if len(places) > 1:
        raise item.refused(
            "which brings together what a window sees and what its places see", INSTEAD
        )
    (order, *others) = orders
    if others or order is None:
        raise item.refused(
            "which brings together values that lie in different orders"
            if len(item.values) > 1
            else "which takes places of the map together",
            INSTEAD,
        )
    channel = 1 + order.index(0)
    count = len(item.shapes[0])
    if any(axis != channel for axis in mixing):
        raise item.refused("which takes places of the map together", INSTEAD)
    if any(
        size > 1 and axis + count - tensor.ndim != channel
        for tensor in weights
        for axis, size in enumerate(tensor.shape)
    ):
        raise item.refused("which has a weight of its own for each place of the map", INSTEAD)
    axes = (0, *(1 + axis for axis in order))
    plain = axes == tuple(range(count))
    nodes = {
        number: value.node if plain else to.call(torch.permute, (value.node, axes))
        for number, value in zip(item.node.inputs, item.values, strict=True)
    }
    made = to.again(item, nodes)
    if isinstance(item.operation, Reduce) and item.operation.written.partition("(")[0] in PAIRS:
        made = to.call(operator.getitem, (made, 0))
    if isinstance(item.operation, Reduce) and not item.operation.keepdim:
        made = to.call(torch.unsqueeze, (made, channel))
    channels = item.shape[channel] if len(item.shape) == count else 1
    shape = (channels, *item.value.shape[1:])
    if not plain:
        back = tuple(axes.index(axis) for axis in range(count))
        made = to.call(torch.permute, (made, back))
    index = torch.arange(prod(shape)).view(shape).permute(order).reshape(item.shape[1:])
    return Value(made, shape).at(index)


def _laid_out(to: Builder, value: Value) -> Value:
    """Return a part of a map's channels as a map of its own."""
    channels = None if _order(value) else value.channels()
    if channels is None:
        return value
    node = to.selected(value.node, value.shape[0], channels)
    return Value(node, (len(channels), *value.shape[1:]), stride=value.stride)


def _order(value: Value) -> tuple[int, ...] | None:
    """Return the order in which a value has a map's axes, if that is all that differs."""
    if value.index is None:
        return (0, 1, 2)
    cells = torch.arange(prod(value.shape)).view(value.shape)
    for order in permutations(range(3)):
        if value.index.shape == cells.permute(order).shape and torch.equal(
            value.index, cells.permute(order)
        ):
            return order
    return None


@rule("Cat", "Stack")
def _joined(to: Builder, item: Item) -> Value:
    operation = item.operation
    assert isinstance(operation, Cat | Stack)
    waiting(item, *item.values)
    dim = operation.dim % len(item.shape)
    stacked = isinstance(operation, Stack)
    if dim == 0 and not stacked:
        raise item.refused("which mixes the images of a batch", "join along another axis")
    values = _joined_values(to, item, operation)
    indices, first = [], 0
    for value in values:
        indices.append(value.indices + first)
        first += value.size
    index = (torch.stack if stacked else torch.cat)(indices, max(dim - 1, 0))
    if len({value.shape[1:] for value in values}) > 1:
        return replace(item.value, parts=values, index=index)
    node = to.call(torch.cat, ([value.node for value in values], 1))
    shape = (sum(value.shape[0] for value in values), *item.value.shape[1:])
    if dim != 1:
        to.wrote(item, "cat(dim=1)")
    # What is stacked before the batch moves the batch back.
    return replace(Value(node, shape).at(index), batch=int(dim == 0))


def _joined_values(to: Builder, item: Item, operation: Cat | Stack) -> tuple[Value, ...]:
    """Return what is joined, constants among it."""
    if not operation.others:
        return item.values
    values = iter(item.values)
    return tuple(
        _constant(to, item, each) if isinstance(each, torch.Tensor) else next(values)
        for each in item.call.named("tensors")["tensors"]
    )


def _constant(to: Builder, item: Item, tensor: torch.Tensor) -> Value:
    """Return a constant beside maps, or beside vectors, that is the same for each window."""
    image, places = tensor[0], item.value.shape[1:]
    if image.shape[1:] == places:  # a map beside maps
        channels = image[:, 0, 0]
        index = torch.arange(image.numel()).view(image.shape)
        same = tensor == channels.view(-1, 1, 1)
    else:  # a vector, of which each number is one cell of a map
        channels = image.flatten()
        index = torch.arange(len(channels)).view(image.shape) * prod(places)
        same = tensor == image
    if not bool(same.all()):
        raise item.refused(
            "which puts constants beside what the network computes, others for each place or image",
            INSTEAD,
        )
    node = to.call(layers.constant_map, (to.constant(channels), item.value.node))
    return Value(node, (len(channels), *places)).at(index)
