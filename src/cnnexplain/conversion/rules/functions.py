"""Functions of torch that have no rule: those that are known, or are found to work per image."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import lp_pool2d

from cnnexplain.conversion.rules.dense import connected
from cnnexplain.conversion.rules.pointwise import pointwise
from cnnexplain.conversion.rules.registry import (
    INSTEAD,
    plain,
    reason,
    rule,
)
from cnnexplain.conversion.rules.reshaping import moved
from cnnexplain.conversion.rules.windows import layer_of, stepping
from cnnexplain.conversion.values import Value, followed
from cnnexplain.operations.spatial import AvgPool2d
from cnnexplain.tracing.recorder import Ref
from cnnexplain.tracing.tensors import tensors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnexplain.conversion.builder import Builder, Item


# What only moves values, so that it can be followed on their numbers.
_MOVES = {
    getattr(owner, name)
    for name in ("flip", "roll", "index_select", "repeat_interleave", "__getitem__")
    for owner in (torch, torch.Tensor)
    if hasattr(owner, name)
}


@rule("Opaque")
def _opaque(to: Builder, item: Item) -> Value:
    """Return what a function without a rule makes, if it is known or found to work per image."""
    func, value = item.call.func, item.value
    name = str(getattr(func, "__name__", ""))
    if func in {torch.addmm, torch.Tensor.addmm} and not item.call.kwargs:
        bias, taken, weight = item.call.args
        if isinstance(taken, Ref) and isinstance(bias, torch.Tensor) and bias.ndim == 1:
            return connected(to, item, weight.T, bias)
    if func is lp_pool2d:
        return _power_average(to, item)
    if func in _MOVES and len(item.values) == 1:
        rest, kwargs = item.call.args[1:], item.call.kwargs
        result = followed(
            item.operation, value, item.shape, lambda both: func(both, *rest, **kwargs)
        )
        return moved(to, item, result)
    if name in _ALONE:
        return pointwise(to, item)
    if all(each.is_vector and not each.batch for each in item.values):
        several = _per_image(item)
        if several is not None:
            return to.per_cell(item, item.call.part if several else None)
    raise item.refused(reason(item.operation), INSTEAD)


def _power_average(to: Builder, item: Item) -> Value:
    """Return a pooling by a norm as torch computes it: a mean of powers, and a root."""
    node, (_, *sizes) = plain(to, item, item.value)
    named = item.call.named("input", "norm_type", "kernel_size", "stride", "ceil_mode")
    norm, ceil_mode = float(named["norm_type"]), bool(named.get("ceil_mode", False))
    pool = AvgPool2d(named["kernel_size"], named.get("stride"), ceil_mode=ceil_mode)
    area = prod(window.kernel_size for window in pool.windows)
    made = stepping(pool, item.shape[2:], sizes)
    to.wrote(item, f"{made} of powers")
    mean = to.module(item, layer_of(made, item), to.call(torch.pow, (node, norm)))
    node = to.call(torch.pow, (to.call(torch.mul, (mean, area)), 1 / norm))
    steps = (window.stride for window in made.windows)
    down, across = (old * new for old, new in zip(item.value.stride, steps, strict=True))
    return Value(node, item.shape[1:], stride=(down, across))


# What works on each value alone, casts among them, and has no rule of its own.
_ALONE = {"tanh_", "sigmoid_", "to", "type", "float", "double", "half", "bfloat16", "int", "long"}


def _per_image(item: Item) -> bool | None:
    """Return whether a function returns several tensors; None if it mixes images, as far as seen.

    It is tried on random numbers, whether it gives for two images what it gives for each.
    """
    if item.call.module is not None:
        return None
    generator = torch.Generator().manual_seed(0)
    dtypes = [each.dtype for each in tensors(item.call.args) if each.is_floating_point()]
    images = {
        number: torch.rand(shape, generator=generator).to(dtypes[0] if dtypes else None)
        for number, shape in zip(item.node.inputs, item.shapes, strict=True)
    }

    def run(batch: slice) -> list[torch.Tensor]:
        given = {number: each[batch] for number, each in images.items()}
        args, kwargs = _given((item.call.args, item.call.kwargs), given)
        found = item.call.func(*args, **kwargs)
        return [found] if isinstance(found, torch.Tensor) else list(found)

    try:
        both, *apart = (run(images) for images in (slice(0, 2), slice(0, 1), slice(1, 2)))
        pairs = zip(both, zip(*apart, strict=True), strict=True)
        alike = all(torch.allclose(one, torch.cat(two)) for one, two in pairs)
    except Exception:  # noqa: BLE001  # whatever it is that the function does not take
        return None
    return len(both) > 1 if alike else None


def _given(values: Any, tensors: Mapping[int, torch.Tensor]) -> Any:
    if isinstance(values, Ref):
        return tensors[values.number]
    if isinstance(values, tuple | list):
        return type(values)(_given(each, tensors) for each in values)
    if isinstance(values, dict):
        return {key: _given(each, tensors) for key, each in values.items()}
    return values
