"""Pooling to a size that is asked for, and to one value: as overlapping windows of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from cnnexplain.conversion.rules.channels import PAIRS, along_channels
from cnnexplain.conversion.rules.registry import (
    plain,
    rule,
    waiting,
)
from cnnexplain.conversion.rules.windows import layer_of
from cnnexplain.conversion.values import Value, bins, spread
from cnnexplain.operations.reducing import Reduce
from cnnexplain.operations.spatial import AvgPool2d, MaxPool2d

if TYPE_CHECKING:
    from cnnexplain.conversion.builder import Builder, Item


@rule("AdaptiveAvgPool2d", "AdaptiveMaxPool2d")
def _adaptive(to: Builder, item: Item) -> Value:
    node, (channels, *sizes) = plain(to, item, item.value)
    outputs = item.shape[2:]
    mean = type(item.operation).__name__ == "AdaptiveAvgPool2d"
    if tuple(sizes) == outputs:
        to.wrote(item, "Identity()")
        return Value(node, (channels, *outputs))
    if any(size % output for size, output in zip(sizes, outputs, strict=True)):
        if not mean:
            raise item.refused(
                f"whose bins overlap, since {outputs} does not divide {tuple(sizes)}",
                "choose an output_size that divides the size of the map",
            )
        matrices = [bins(size, output) for size, output in zip(sizes, outputs, strict=True)]
        return Value(
            node,
            (channels, *sizes),
            bins=(matrices[0], matrices[1]),
            before=(str(item.operation),),
        )
    steps = tuple(size // output for size, output in zip(sizes, outputs, strict=True))
    pool = AvgPool2d(steps, 1) if mean else MaxPool2d(steps, 1)
    to.wrote(item, pool)
    shape = pool.output_shape((1, channels, *sizes))[1:]
    made = Value(to.module(item, layer_of(pool, item), node), shape)
    return made.at(spread((channels, *outputs), steps, shape))


@rule("Reduce")
def _reduced(to: Builder, item: Item) -> Value:
    operation, value = item.operation, item.value
    assert isinstance(operation, Reduce)
    if value.batch in operation.dims:
        raise item.refused("which mixes the images of a batch", "leave the axis of the batch out")
    name = operation.written.partition("(")[0]
    if value.is_vector:
        return to.per_cell(item, 0 if name in PAIRS else None)
    waiting(item, value)
    axes = [axis - 1 for axis in operation.dims]
    labels = value.labels
    along = {letter for axis in axes for letter in _letters(labels[axis])}
    if along == {"c"} and not value.batch:
        return along_channels(to, item)
    kinds = {"mean": "AvgPool2d", "sum": "AvgPool2d", "amax": "MaxPool2d", "max": "MaxPool2d"}
    if None in labels or not along <= {"y", "x"} or name not in kinds or value.batch:
        raise item.refused(
            "which takes places of the map together",
            "use mean, sum or amax over rows and columns, or a pooling layer",
        )
    _, height, width = value.shape
    size = (height if "y" in along else 1, width if "x" in along else 1)
    extra = {"divisor_override": 1} if name == "sum" else {}
    pool = getattr(nn, kinds[name])(size, stride=1, **extra)
    written = (
        f"{kinds[name]}({_both(size)}, stride=1{''.join(f', {k}={v}' for k, v in extra.items())})"
    )
    to.wrote(item, written)
    node = to.module(item, pool, value.node)
    shape = (value.shape[0], height - size[0] + 1, width - size[1] + 1)
    index = torch.zeros(item.shape[1:], dtype=torch.long)
    strides = {"c": shape[1] * shape[2], "y": shape[2], "x": 1, "yx": 1}
    kept = [
        "" if axis in axes else label
        for axis, label in enumerate(labels)
        if operation.keepdim or axis not in axes
    ]
    for axis, label in enumerate(kept):
        if label:
            line = torch.arange(item.shape[1 + axis]) * strides[label]
            index = index + line.view([-1 if axis == each else 1 for each in range(index.ndim)])
    first = 0 if value.index is None else int(value.index.flatten()[0])
    if first:
        raise item.refused("which takes a part of the map", "reduce the whole map")
    return Value(node, shape).at(index)


def _letters(label: str | None) -> str:
    return "?" if label is None else label


def _both(size: tuple[int, int]) -> str:
    return str(size[0]) if size[0] == size[1] else str(size)
