"""Fully connected layers, however they are written: convolutions as large as their map."""

from __future__ import annotations

from dataclasses import fields, replace
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import nn

from cnnexplain.conversion.layers import FullConv2d
from cnnexplain.conversion.rules.registry import (
    aligned,
    rule,
)
from cnnexplain.conversion.rules.windows import given_weights, weights_of
from cnnexplain.conversion.values import Value, folded, kernel, lined_up
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
    bare = not value.parts and value.bins is None and value.scale is None
    labels = value.labels if bare else ()
    if prod(item.shapes[0][1:-1]) == 1:
        index, first, made = value.indices.flatten(), 0, []
        for part in value.parts or (value,):
            inside = (index >= first) & (index < first + part.size)
            own = part.at(index[inside] - first)
            columns = weight if bool(inside.all()) else weight[:, inside.to(weight.device)]
            if own.scale is not None:
                shift = columns @ own.scale[1].to(weight)[own.indices.flatten().to(weight.device)]
                bias = shift if bias is None else bias + shift
            made.append(_convolution(to, item, own, folded(own, columns), bias))
            bias, first = None, first + part.size
        places: tuple[int, ...] = (1, 1)
        index = torch.arange(len(weight)).view(item.shape[1:])
    elif labels and labels[-1] == "c" and None not in labels:
        # A layer along the channels of each place, as on maps whose channels come last.
        made = [_convolution(to, item, value, weight[:, :, None, None], bias)]
        places = value.shape[1:]
        index = lined_up((len(weight), *value.shape[1:]), labels)
    else:
        raise item.refused(
            "which mixes places of the map, and not all of them",
            "flatten all but the batch before it, or move the channels last",
        )
    written = " + ".join(str(layer) for layer, _ in made)
    to.wrote(item, written, ", ".join([*value.before, str(item.operation)]))
    one, *others = aligned(to, tuple(each for _, each in made))
    node = one.node
    for other in others:
        node = to.call(torch.add, (node, other.node))
    return replace(one, node=node, shape=(len(weight), *places)).at(index)


def _convolution(
    to: Builder, item: Item, value: Value, full: torch.Tensor, bias: torch.Tensor | None
) -> tuple[Conv2d, Value]:
    """Return a convolution with a kernel that covers the map, and the one cell that it makes."""
    outputs, channels, *size = full.shape
    # Along the channels of each place, the kernel covers that place alone.
    dilation = kernel(value)[1] if size != [1, 1] else (1, 1)
    made = Conv2d(channels, outputs, tuple(size), dilation=dilation, bias=bias is not None)
    arguments = {each.name: getattr(made, each.name) for each in fields(made)}
    weight = nn.Parameter(full.detach(), requires_grad=full.requires_grad)
    conv = given_weights(FullConv2d(**arguments, device="meta"), weight, bias)
    return made, Value(to.module(item, conv, value.node), (outputs, 1, 1), stride=value.stride)
