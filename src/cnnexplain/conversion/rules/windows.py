"""Layers with windows, which stay as they are, and what works on whole maps."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from cnnexplain.conversion.rules.registry import (
    INSTEAD,
    plain,
    rule,
    steps_of,
)
from cnnexplain.conversion.values import Value, spread
from cnnexplain.operations import Conv2d
from cnnexplain.operations.padding import Pad, _PadLayer
from cnnexplain.operations.spatial import AvgPool2d

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.conversion.builder import Builder, Item
    from cnnexplain.operations import Operation, Shape


@rule("Conv2d", "MaxPool2d", "AvgPool2d")
def _window(to: Builder, item: Item) -> Value:
    operation: Any = item.operation
    value = item.value
    steps = steps_of(value)
    if steps is None:
        node, (_, *sizes) = plain(to, item, value)
    else:
        node, sizes = value.node, list(value.grid[1:])
    pooling = not isinstance(operation, Conv2d)
    made = operation
    if pooling:
        made = stepping(operation, item.shape[2:], sizes)
    if getattr(made, "return_indices", False):
        made = replace(made, return_indices=False)
    shape = item.shape[1:]
    if steps is not None:
        made = _dilated(item, made, steps)
        shape = made.output_shape((1, *value.shape))[1:]
    if made == operation and item.call.module is not None:
        result = to.layer(item, node)
    else:
        result = to.module(item, layer_of(made, item), node)
    if made != operation:
        to.wrote(item, made)
    down, across = (window.stride for window in made.windows)
    found = Value(result, shape, stride=(value.stride[0] * down, value.stride[1] * across))
    return found if steps is None else found.at(spread(item.shape[1:], steps, shape))


def stepping(operation: Any, outputs: Shape, sizes: Sequence[int]) -> Any:
    """Return a pooling that moves on by one where it covers the map whole.

    There it has one place, and its stride is any: in a larger map, it has one for each window.

    Args:
        operation: The pooling.
        outputs: The (height, width) that it makes.
        sizes: The (height, width) of the map that it takes.
    """
    strides = [window.stride for window in operation.windows]
    kernels = [window.kernel_size for window in operation.windows]
    for axis, (window, size, output) in enumerate(
        zip(operation.windows, sizes, outputs, strict=True)
    ):
        spare = size + sum(window.padding) - window.extent
        bare = window.padding == (0, 0) and window.dilation == 1
        if output == 1 and (spare == 0 or (spare < 0 and bare)):
            strides[axis] = 1
            # Of one that hangs over, what it reads.
            kernels[axis] = min(window.kernel_size, size) if bare else window.kernel_size
    return replace(operation, stride=tuple(strides), kernel_size=tuple(kernels))


def _dilated(item: Item, operation: Any, steps: tuple[int, int]) -> Any:
    """Return a layer whose windows read rows and columns that stand apart."""
    windows = operation.windows
    if any(window.stride != 1 for window in windows) or isinstance(operation, AvgPool2d):
        raise item.refused(
            "behind an adaptive pooling, with a stride or a mean of its own",
            "use a convolution or a max pooling with stride 1 there",
        )
    return replace(
        operation,
        dilation=tuple(window.dilation * step for window, step in zip(windows, steps, strict=True)),
        padding=tuple(
            window.padding[0] * step for window, step in zip(windows, steps, strict=True)
        ),
    )


def layer_of(operation: Operation, item: Item) -> nn.Module:
    """Return a layer of torch's own for an operation, with the weights of the original.

    Args:
        operation: What the layer is to do.
        item: The node that it stands for.
    """
    arguments = {each.name: getattr(operation, each.name) for each in fields(operation)}
    kind: Callable[..., nn.Module] = getattr(nn, type(operation).__name__)
    if not isinstance(operation, Conv2d):
        divisor = item.call.named(*_AVERAGE).get("divisor_override")
        return kind(**arguments, **({} if divisor is None else {"divisor_override": divisor}))
    weight, bias = weights_of(item)
    return given_weights(kind(**arguments, device="meta"), weight, bias)


def weights_of(item: Item) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the weights and the biases of a layer, or among the arguments of a function.

    Args:
        item: The node that stands for either.
    """
    call = item.call
    if call.module is not None:
        return call.module.weight, call.module.bias  # type: ignore[return-value]
    named = call.named("input", "weight", "bias")
    return named["weight"], named.get("bias")


# The arguments of torch's average pooling.
_AVERAGE = (
    *("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    "divisor_override",
)


def given_weights(module: nn.Module, weight: torch.Tensor, bias: torch.Tensor | None) -> nn.Module:
    """Give a layer its weights, in the memory in which they lie.

    Args:
        module: The layer, which has none yet.
        weight: Its weights.
        bias: Its biases, if it has any.
    """
    module.register_parameter("weight", _parameter(weight))
    module.register_parameter("bias", None if bias is None else _parameter(bias))
    return module


def _parameter(tensor: torch.Tensor) -> nn.Parameter:
    if isinstance(tensor, nn.Parameter):
        return tensor
    return nn.Parameter(tensor.detach(), requires_grad=False)


@rule(
    "LocalResponseNorm",
    "Softmax2d",
    "ChannelShuffle",
    "Pad",
    *(f"{mode}Pad2d" for mode in ("Zero", "Constant", "Reflection", "Replication", "Circular")),
)
def on_map(to: Builder, item: Item) -> Value:
    """Return what a layer on whole maps makes, which stays as it is.

    Args:
        to: The converted network.
        item: The layer.

    Raises:
        ConversionError: If what it takes is no map.
    """
    if len(item.shapes[0]) != 4:  # noqa: PLR2004  # batch, channels, height, width
        raise item.refused("whose input is no map", INSTEAD)
    if isinstance(item.operation, Pad) and len(item.operation.pad) > 4:  # noqa: PLR2004  # two axes
        raise item.refused("which pads more than rows and columns", INSTEAD)
    steps = steps_of(item.value)
    if steps is not None:
        if isinstance(item.operation, Pad | _PadLayer):
            raise item.refused("behind an adaptive pooling", "put it before the pooling")
        made = to.again(item, {item.node.inputs[0]: item.value.node})
        shape = (item.shape[1], *item.value.shape[1:])
        return Value(made, shape).at(spread(item.shape[1:], steps, shape))
    node, _ = plain(to, item, item.value)
    if isinstance(item.operation, Pad):
        return Value(to.module(item, _padding(item, item.operation), node), item.shape[1:])
    return Value(to.again(item, {item.node.inputs[0]: node}), item.shape[1:])


def _padding(item: Item, operation: Pad) -> nn.Module:
    """Return the layer that pads as a function does, so that it bears a name."""
    left, right, top, bottom = (*operation.pad, *(0,) * (4 - len(operation.pad)))
    sides = (left, right, top, bottom)
    if operation.mode != "constant":
        kinds = {"reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}
        made: nn.Module = getattr(nn, f"{kinds[operation.mode]}Pad2d")(sides)
        return made
    named = item.call.named("input", "pad", "mode", "value")
    # torch's other function for the same takes the value where this one takes the mode.
    values = (named.get("value"), named.get("mode"))
    value = next((each for each in values if isinstance(each, int | float)), 0.0)
    return nn.ConstantPad2d(sides, value)
