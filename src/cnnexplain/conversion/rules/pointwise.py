"""What works on each value alone, or with numbers that each value or channel has for itself."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from cnnexplain.conversion.rules.channels import along_channels
from cnnexplain.conversion.rules.registry import (
    EVAL,
    INSTEAD,
    is_training,
    reason,
    rule,
    waiting,
)
from cnnexplain.conversion.rules.windows import on_map
from cnnexplain.conversion.values import Value
from cnnexplain.operations.activations import POINTWISE
from cnnexplain.operations.normalisation import BatchNorm
from cnnexplain.tracing.recorder import Ref
from cnnexplain.tracing.tensors import tensors

if TYPE_CHECKING:
    from cnnexplain.conversion.builder import Builder, Item


@rule("Identity")
def _identity(to: Builder, item: Item) -> Value:
    del to
    return item.value


@rule(*(name for name in (*POINTWISE, "Dropout1d") if "Dropout" in name))
def _dropout(to: Builder, item: Item) -> Value:
    chance: float = item.operation.p  # type: ignore[attr-defined]  # every dropout has one
    if is_training(item) and chance:
        raise item.refused("which drops values at random while training", EVAL)
    to.wrote(item, "Identity()")
    return item.value


@rule(*(name for name in POINTWISE if "Dropout" not in name), "Threshold", "Elementwise", "PReLU")
def pointwise(to: Builder, item: Item) -> Value:
    """Return what works on each value alone: the same on the maps in which the values lie.

    Args:
        to: The converted network.
        item: The operation.

    Raises:
        ConversionError: If it has a number of its own for each place of a map.
    """
    name, value = type(item.operation).__name__, item.value
    if name == "RReLU" and is_training(item):
        raise item.refused("whose slopes are random while training", EVAL)
    item = _without_uniform(to, item)
    tensors = _numbers(item)
    if name == "PReLU" and tensors and len(item.shape) == 4:  # noqa: PLR2004  # a map
        return on_map(to, item)  # its slopes belong to the second axis
    scaled = _scaled(item)
    if scaled is None and value.parts:
        return _on_parts(to, item)
    if scaled is None:
        waiting(item, *item.values)
        if not tensors and all(_alike(value, other) for other in item.values[1:]):
            pairs = zip(item.node.inputs, item.values, strict=True)
            return replace(value, node=to.again(item, {each: other.node for each, other in pairs}))
        if all(each.is_vector for each in item.values):
            return _on_vectors(to, item)
        return along_channels(to, item, tensors, mixing=())
    return scaled


def _without_uniform(to: Builder, item: Item) -> Item:
    """Return the operation with one number for each constant that has one everywhere."""
    if item.call.module is not None or item.shape not in item.shapes:
        return item

    def single(values: Any) -> Any:
        if isinstance(values, torch.Tensor):
            uniform = values.numel() > 1 and bool((values == values.flatten()[0]).all())
            # Not of the model's own, which may yet be trained.
            return values.flatten()[0].clone() if uniform and not to.owns(values) else values
        if isinstance(values, tuple | list):
            return type(values)(map(single, values))
        return values

    kwargs = {name: single(each) for name, each in item.call.kwargs.items()}
    return replace(item, call=replace(item.call, args=single(item.call.args), kwargs=kwargs))


def _numbers(item: Item) -> list[torch.Tensor]:
    """Return the tensors with which an operation works, that hold more than one number."""
    if item.call.module is not None:
        return [each for each in item.call.module.parameters() if each.numel() > 1]
    return [each for each in tensors((item.call.args, item.call.kwargs)) if each.numel() > 1]


def _alike(value: Value, other: Value) -> bool:
    """Return whether two values lie in the same way in maps of the same shape."""
    return other.shape == value.shape and torch.equal(other.indices, value.indices)


def _on_parts(to: Builder, item: Item) -> Value:
    (number,) = item.node.inputs
    parts = tuple(
        replace(part, node=to.again(item, {number: part.node})) for part in item.value.parts
    )
    return replace(item.value, node=parts[0].node, parts=parts)


def _on_vectors(to: Builder, item: Item) -> Value:
    ranks = {
        (value.batch, len(shape)) for value, shape in zip(item.values, item.shapes, strict=True)
    }
    if len(ranks) > 1:
        raise item.refused("which mixes the images of a batch", INSTEAD)
    return to.per_cell(item)


_COMMUTE = {"mul", "multiply", "add"}
_FOLDED = {"mul": (1, 0), "multiply": (1, 0), "div": (-1, 0), "add": (0, 1), "sub": (0, -1)}


def _scaled(item: Item) -> Value | None:
    """Return a flattened map with a factor or a summand for each place, if that is what it does."""
    value = item.value
    name = str(item.operation).partition("(")[0]
    others = tensors((item.call.args, item.call.kwargs))
    fits = (
        len(item.values) == 1
        and value.bins is None
        and not value.is_vector
        and len(item.shape) == 2  # noqa: PLR2004  # batch and features
        and item.shape == item.shapes[0]
        and name in _FOLDED
        and len(others) == 1
        and others[0].numel() > 1
        and (isinstance(item.call.args[0], Ref) or (name in _COMMUTE and not item.call.kwargs))
        and item.call.kwargs.keys() <= {"alpha"}
    )
    if not fits:
        return None
    other = others[0].detach().expand(1, item.shape[1])[0].double()
    power, sign = _FOLDED[name]
    sign *= item.call.kwargs.get("alpha", 1)
    factor = other**power if power else torch.ones_like(other)
    return _scaled_by(value, factor, other * sign, item)


def _scaled_by(value: Value, factor: torch.Tensor, summand: torch.Tensor, item: Item) -> Value:
    """Return a value with a factor and a summand for each of its places, still to be applied."""
    size = prod(value.grid)
    index = value.indices.flatten()
    if len(set(index.tolist())) < len(index):
        raise item.refused("which scales values that are repeated, each otherwise", INSTEAD)
    factors, summands = torch.ones(size).double(), torch.zeros(size).double()
    if value.scale is not None:
        factors, summands = (each.clone() for each in value.scale)
    factors[index] *= factor.cpu()
    summands[index] = summands[index] * factor.cpu() + summand.cpu()
    before = (*value.before, str(item.operation))
    return replace(value, scale=(factors, summands), before=before)


@rule("BatchNorm1d", "BatchNorm2d")
def _batch_norm(to: Builder, item: Item) -> Value:
    operation, value = item.operation, item.value
    assert isinstance(operation, BatchNorm)
    if is_training(item):
        raise item.refused("which normalises over the batch while training", EVAL)
    mean, variance, weight, bias = _statistics(item)
    if mean is None or variance is None:
        raise item.refused(
            "which keeps no running statistics and so normalises over the whole map",
            "train it with track_running_stats=True",
        )
    if len(item.shapes[0]) == 4:  # noqa: PLR2004  # a map
        return on_map(to, item)
    if len(item.shapes[0]) != 2:  # noqa: PLR2004  # features
        raise item.refused("on a map whose places stand in one line", INSTEAD)
    if value.is_vector:
        if item.call.module is None:
            return to.per_cell(item)
        made = nn.BatchNorm2d(
            operation.num_features, operation.eps, affine=operation.affine, device="meta"
        )
        made.weight, made.bias = weight, bias
        made.running_mean, made.running_var = mean, variance
        made.num_batches_tracked = None
        to.wrote(item, f"BatchNorm2d({operation.num_features})")
        index = torch.arange(item.shape[1])
        return Value(to.module(item, made, to.chosen(value)), (item.shape[1], 1, 1)).at(index)
    waiting(item, replace(value, scale=None))
    factor = (variance.double() + operation.eps).rsqrt()
    if weight is not None:
        factor = factor * weight.detach().double()
    summand = -mean.double() * factor
    if bias is not None:
        summand = summand + bias.detach().double()
    return _scaled_by(value, factor, summand, item)


def _statistics(item: Item) -> tuple[Any, Any, Any, Any]:
    module = item.call.module
    if module is not None:
        return module.running_mean, module.running_var, module.weight, module.bias
    named = item.call.named("input", "running_mean", "running_var", "weight", "bias")
    return (
        named.get("running_mean"),
        named.get("running_var"),
        named.get("weight"),
        named.get("bias"),
    )


@rule("InstanceNorm2d")
def _instance_norm(to: Builder, item: Item) -> Value:
    running = item.call.module is not None and item.call.module.running_mean is not None
    if not running or is_training(item):
        raise item.refused(reason(item.operation), INSTEAD)
    return on_map(to, item)
