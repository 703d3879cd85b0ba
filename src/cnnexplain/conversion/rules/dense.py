"""Fully connected layers, however they are written: convolutions as large as their map."""

from __future__ import annotations

from dataclasses import fields
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import nn

from cnnexplain.conversion.layers import FullConv2d
from cnnexplain.conversion.rules.registry import (
    INSTEAD,
    aligned,
    rule,
)
from cnnexplain.conversion.rules.windows import given_weights, weights_of
from cnnexplain.conversion.values import MAP, Value, folded, kernel
from cnnexplain.operations import Conv2d
from cnnexplain.operations.joining import MatMul

if TYPE_CHECKING:
    from cnnexplain.conversion.builder import Builder, Item


@rule("Linear")
def _linear(to: Builder, item: Item) -> Value:
    weight, bias = weights_of(item)
    return connected(to, item, weight, bias)


@rule("MatMul")
def _matmul(to: Builder, item: Item) -> Value:
    operation = item.operation
    assert isinstance(operation, MatMul)
    if operation.other is None or operation.other_first or len(operation.other) != 2:  # noqa: PLR2004
        raise item.refused(
            "which multiplies values of the network with each other", "use a Linear layer"
        )
    weight = next(each for each in item.call.args if isinstance(each, torch.Tensor))
    return connected(to, item, weight.T, None)


def connected(to: Builder, item: Item, weight: torch.Tensor, bias: torch.Tensor | None) -> Value:
    """Return a fully connected layer as a convolution.

    Args:
        to: The converted network.
        item: The node that stands for the layer.
        weight: Its weights, (out_features, in_features).
        bias: Its biases, (out_features,), if it has any.

    Raises:
        ConversionError: If the layer takes some places of the map together, and not all.
    """
    value = item.value
    if value.parts:
        return _connected_to_all(to, item, weight, bias)
    outputs = len(weight)
    labels = value.labels if value.bins is None and value.scale is None else ()
    before: list[str] = [*value.before, str(item.operation)]
    if prod(item.shapes[0][1:-1]) == 1:
        size, dilation = kernel(value)
        full = folded(value, weight)
        if value.scale is not None:
            shift = weight @ value.scale[1].to(weight)[value.indices.flatten().to(weight.device)]
            bias = shift if bias is None else bias + shift
        places: tuple[int, ...] = (1, 1)
        index = torch.arange(outputs).view(item.shape[1:])
    elif labels and labels[-1] == "c" and None not in labels:
        # A layer along the channels of each place, as on maps whose channels come last.
        size, dilation, full = (1, 1), (1, 1), weight[:, :, None, None]
        places = value.shape[1:]
        index = _like(value, labels, outputs)
    else:
        raise item.refused(
            "which mixes places of the map, and not all of them",
            "flatten all but the batch before it, or move the channels last",
        )
    made = Conv2d(value.shape[0], outputs, size, dilation=dilation, bias=bias is not None)
    arguments = {each.name: getattr(made, each.name) for each in fields(made)}
    conv = given_weights(FullConv2d(**arguments, device="meta"), _shared(full, weight), bias)
    to.wrote(item, made, ", ".join(before))
    return Value(to.module(item, conv, value.node), (outputs, *places)).at(index)


def _connected_to_all(
    to: Builder, item: Item, weight: torch.Tensor, bias: torch.Tensor | None
) -> Value:
    """Return a fully connected layer on several maps: the sum of a convolution on each."""
    if prod(item.shapes[0][1:-1]) != 1:
        raise item.refused("on several maps, place by place", INSTEAD)
    index, first = item.value.indices.flatten(), 0
    sums: list[Value] = []
    written = []
    for part in item.value.parts:
        inside = (index >= first) & (index < first + part.size)
        own = part.at(index[inside] - first)
        size, dilation = kernel(own)
        made = Conv2d(part.shape[0], len(weight), size, dilation=dilation, bias=bias is not None)
        full = folded(own, weight[:, inside.to(weight.device)])
        arguments = {each.name: getattr(made, each.name) for each in fields(made)}
        conv = given_weights(FullConv2d(**arguments, device="meta"), _shared(full, weight), bias)
        node = to.module(item, conv, part.node)
        sums.append(Value(node, (len(weight), 1, 1), stride=part.stride))
        written.append(str(made))
        bias, first = None, first + part.size
    one, *others = aligned(to, tuple(sums))
    node = one.node
    for other in others:
        node = to.call(torch.add, (node, other.node))
    to.wrote(item, " + ".join(written), ", ".join([*item.value.before, str(item.operation)]))
    joined = Value(node, (len(weight), 1, 1), stride=one.stride)
    return joined.at(torch.arange(len(weight)).view(item.shape[1:]))


def _shared(full: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return nn.Parameter(full.detach(), requires_grad=weight.requires_grad)


def _like(value: Value, labels: tuple[str | None, ...], channels: int) -> torch.Tensor:
    """Return the index of a value whose axes are those of another, with other channels."""
    sizes = dict(zip(MAP, (channels, *value.shape[1:]), strict=True))
    sizes["yx"] = sizes["y"] * sizes["x"]
    steps = {"c": sizes["yx"], "y": sizes["x"], "x": 1, "yx": 1, "": 0}
    index = torch.zeros(1, dtype=torch.long)
    for label in labels:
        assert label is not None
        index = index.unsqueeze(-1) + torch.arange(sizes.get(label, 1)) * steps[label]
    return index[0]
