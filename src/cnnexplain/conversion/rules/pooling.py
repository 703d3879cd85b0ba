"""Pooling to a size that is asked for, and to one value: as overlapping windows of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torch import nn

from cnnexplain.conversion.rules.channels import PAIRS, along_channels
from cnnexplain.conversion.rules.registry import (
    plain,
    rule,
    waiting,
)
from cnnexplain.conversion.rules.windows import layer_of
from cnnexplain.conversion.values import Value, bins, lined_up, spread
from cnnexplain.operations.reducing import Reduce
from cnnexplain.operations.spatial import AvgPool2d, MaxPool2d
from cnnexplain.table import axes

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
    if value.channels() is not None:
        node, shape = plain(to, item, value)
        value = replace(value, node=node, shape=shape, index=None)
    reduced = [axis - 1 for axis in operation.dims]
    labels = value.labels
    along = {letter for axis in reduced for letter in _letters(labels[axis])}
    if along == {"c"} and not value.batch:
        return along_channels(to, replace(item, values=(value,)))
    kinds = {"mean": "AvgPool2d", "sum": "AvgPool2d", "amax": "MaxPool2d", "max": "MaxPool2d"}
    if None in labels or not along <= {"y", "x"} or name not in kinds or value.batch:
        raise item.refused(
            "which takes places of the map together",
            "use mean, sum or amax over rows and columns, or a pooling layer",
        )
    channels, height, width = value.shape
    size = (height if "y" in along else 1, width if "x" in along else 1)
    extra = {"divisor_override": 1} if name == "sum" else {}
    told = "".join(f", {key}={number}" for key, number in extra.items())
    to.wrote(item, f"{kinds[name]}({axes(size)}, stride=1{told})")
    node = to.module(item, getattr(nn, kinds[name])(size, stride=1, **extra), value.node)
    made = Value(node, (channels, height - size[0] + 1, width - size[1] + 1))
    kept = [
        "" if axis in reduced else label
        for axis, label in enumerate(labels)
        if operation.keepdim or axis not in reduced
    ]
    return made.at(lined_up(made.shape, kept))


def _letters(label: str | None) -> str:
    return "?" if label is None else label
