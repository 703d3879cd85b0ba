"""The same values in another shape: views, axes moved, slices."""

from __future__ import annotations

import operator
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch

from cnnexplain.operations.reshaping import Cut, Expand, Permute, Reshape, Slice
from cnnexplain.tracing.rules.registry import (
    RULES,
    Rule,
    everywhere,
    layer,
    rule,
    written_as,
)

if TYPE_CHECKING:
    from cnnexplain.tracing.recorder import Recorder


@rule("torch.flatten", "Tensor.flatten")
def _flatten(rec: Recorder, func: Any, input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    return rec.add(layer("Flatten", start_dim, end_dim), func, (input, start_dim, end_dim))


@rule("torch.unflatten", "Tensor.unflatten")
def _unflatten(rec: Recorder, func: Any, input: Any, dim: int, sizes: Any) -> Any:
    return rec.add(layer("Unflatten", dim, tuple(sizes)), func, (input, dim, sizes))


@rule("Tensor.view", "Tensor.reshape", "torch.reshape")
def _view(rec: Recorder, func: Any, input: Any, *shape: Any, **kwargs: Any) -> Any:
    given = shape or tuple(kwargs.values())
    sizes = given[0] if len(given) == 1 and isinstance(given[0], tuple | list) else given
    if any(isinstance(each, torch.dtype) for each in sizes):
        return NotImplemented
    sizes = tuple(map(operator.index, sizes))
    return rec.add(Reshape(written_as(func.__name__, *sizes), sizes), func, (input, *shape), kwargs)


@rule("Tensor.view_as", "Tensor.reshape_as")
def _view_as(rec: Recorder, func: Any, input: Any, other: Any) -> Any:
    if rec.number(input) is None:
        return _of_constant(rec, func(input, other))
    sizes = tuple(other.shape)
    return rec.add(
        Reshape(written_as(func.__name__, *sizes), sizes), func, (input, other), inputs=[input]
    )


def _of_constant(rec: Recorder, result: Any) -> Any:
    """Return a constant that took only the shape of what comes from the inputs."""
    rec.fix(result)
    return result


@rule(*everywhere(["squeeze", "unsqueeze", "ravel", "atleast_1d", "atleast_2d", "atleast_3d"]))
def _reshaped(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    # torch tells where axes of size 1 come and go.
    sizes = tuple(func(input, *args, **kwargs).shape)
    written = written_as(func.__name__, *args, **kwargs)
    return rec.add(Reshape(written, sizes), func, (input, *args), kwargs)


def _permuted(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    # The order is read off a tensor whose sizes all differ.
    probe = torch.empty(tuple(range(2, 2 + input.ndim)), device="meta")
    order = tuple(size - 2 for size in func(probe, *args, **kwargs).shape)
    name = getattr(func, "__name__", "")
    name = func.__self__.__name__ if name == "__get__" else name
    written = written_as(
        name, *(args if name != "__get__" and func.__name__ != "__get__" else ()), **kwargs
    )
    return rec.add(Permute(written, order), func, (input, *args), kwargs)


rule(
    *everywhere(
        ["permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "adjoint"]
    )
)(_permuted)
for _attribute in ("T", "mT", "H", "mH"):
    RULES[getattr(torch.Tensor, _attribute).__get__] = _permuted


def _expanding(*, copies: bool) -> Rule:
    def expanded(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
        if rec.number(input) is None:
            return _of_constant(rec, func(input, *args, **kwargs))
        probe = torch.empty(tuple(input.shape), device="meta")
        sizes = tuple(func(probe, *args, **kwargs).shape)
        shown = [tuple(each.shape) if isinstance(each, torch.Tensor) else each for each in args]
        operation = Expand(written_as(func.__name__, *shown, **kwargs), sizes, copies)
        if copies:
            return rec.add(operation, func, (input, *args), kwargs, inputs=[input])
        result = func(input, *args, **kwargs)
        return rec.add(operation, func, (input,), inputs=[input], result=result)

    return expanded


rule("Tensor.expand", "Tensor.expand_as", "torch.broadcast_to", "Tensor.broadcast_to")(
    _expanding(copies=False)
)
rule("Tensor.repeat", "torch.tile", "Tensor.tile")(_expanding(copies=True))


@rule("Tensor.__getitem__")
def _getitem(rec: Recorder, func: Any, input: Any, index: Any) -> Any:
    items = index if isinstance(index, tuple) else (index,)
    if not all(each is None or each is Ellipsis or type(each) in {int, slice} for each in items):
        return NotImplemented
    given = sum(each is not None and each is not Ellipsis for each in items)
    rest = (slice(None),) * (input.ndim - given)
    if Ellipsis in items:
        at = items.index(Ellipsis)
        full = (*items[:at], *rest, *items[at + 1 :])
    else:
        full = (*items, *rest)
    bare = tuple(each for each in full if each is not None)
    cuts = []
    for each, size in zip(bare, input.shape, strict=True):
        if isinstance(each, int):
            cuts.append(Cut(each % size, 1, 1, keepdim=False))
        else:
            start, stop, step = each.indices(size)
            cuts.append(Cut(start, step, len(range(start, stop, step))))
    written = f"[{', '.join(map(_index, items))}]"
    if any(cut.size < 1 for cut in cuts):
        return NotImplemented
    kept = [each for each in full if not isinstance(each, int)]
    new = tuple(place for place, each in enumerate(kept) if each is None)
    return rec.add(Slice(written, tuple(cuts), new), func, (input, index))


def _index(each: object) -> str:
    if not isinstance(each, slice):
        return "..." if each is Ellipsis else repr(each)
    ends = ["" if end is None else str(end) for end in (each.start, each.stop)]
    return ":".join(ends if each.step is None else [*ends, str(each.step)])


@rule("torch.narrow", "Tensor.narrow")
def _narrow(rec: Recorder, func: Any, input: Any, dim: int, start: int, length: int) -> Any:
    cuts = _cuts(input, dim, Cut(int(start) % input.shape[dim], 1, length))
    return rec.add(
        Slice(written_as("narrow", dim, start, length), cuts), func, (input, dim, start, length)
    )


@rule("torch.select", "Tensor.select")
def _select(rec: Recorder, func: Any, input: Any, dim: int, index: int) -> Any:
    cuts = _cuts(input, dim, Cut(index % input.shape[dim], 1, 1, keepdim=False))
    return rec.add(Slice(written_as("select", dim, index), cuts), func, (input, dim, index))


def _cuts(tensor: Any, dim: int, cut: Cut) -> tuple[Cut, ...]:
    whole = [Cut(0, 1, size) for size in tensor.shape]
    whole[dim] = cut
    return tuple(whole)


@rule(
    *everywhere(
        ["chunk", "split", "split_with_sizes", "tensor_split", "unsafe_chunk", "unsafe_split"]
    )
)
def _split(
    rec: Recorder, func: Any, input: Any, sizes: Any = None, dim: int = 0, **kwargs: Any
) -> Any:
    if isinstance(sizes, torch.Tensor) or (sizes is None and not kwargs):
        return NotImplemented
    given = (sizes,) if sizes is not None else ()
    results = func(input, *given, dim=dim, **kwargs)
    starts = accumulate((each.shape[dim] for each in results), initial=0)
    written = written_as(func.__name__, *given, dim=dim, **kwargs)
    for index, (each, start) in enumerate(zip(results, starts, strict=False)):
        cuts = _cuts(input, dim, Cut(start, 1, each.shape[dim]))
        rec.insert(Slice(f"{written}[{index}]", cuts), func, each, [input])
    return results


@rule("torch.unbind", "Tensor.unbind", "Tensor.__iter__")
def _unbind(rec: Recorder, func: Any, input: Any, dim: int = 0) -> Any:
    results = torch.unbind(input, dim)
    for index, each in enumerate(results):
        cuts = _cuts(input, dim, Cut(index, 1, 1, keepdim=False))
        rec.insert(Slice(f"unbind(dim={dim})[{index}]", cuts), torch.unbind, each, [input])
    return iter(results) if func is torch.Tensor.__iter__ else results
