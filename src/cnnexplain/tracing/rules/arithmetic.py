"""Arithmetic, comparisons, concatenation, reductions, matrix products."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it

from cnnexplain.operations import joining, reducing
from cnnexplain.tracing.rules.registry import (
    Rule,
    axes_of,
    everywhere,
    plain,
    rule,
    shared,
    writes,
    written_as,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.tracing.recorder import Recorder


def _joining(kind: type[joining.Cat | joining.Stack]) -> Rule:
    def joined(rec: Recorder, func: Any, tensors: Any, dim: int = 0, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            return NotImplemented
        dim = kwargs.get("axis", dim)
        fixed = [None if rec.number(each) is not None else tuple(each.shape) for each in tensors]
        others = tuple(fixed) if any(each is not None for each in fixed) else ()
        return rec.add(kind(dim, others), func, (list(tensors), dim))

    return joined


rule("torch.cat", "torch.concat", "torch.concatenate")(_joining(joining.Cat))
rule("torch.stack")(_joining(joining.Stack))


_BINARY = """
    add sub subtract mul multiply div divide true_divide floor_divide remainder fmod pow
    float_power maximum minimum fmax fmin atan2 arctan2 hypot lerp addcmul addcdiv where rsub
    logaddexp clamp clip clamp_min clamp_max copysign masked_fill xlogy bitwise_and bitwise_or
    bitwise_xor nextafter __radd__ __rsub__ __rmul__ __rdiv__ __rtruediv__ __rfloordiv__
    __rpow__ __rmod__ __and__ __or__ __xor__ __mod__ __floordiv__ __pow__ __ipow__ __iadd__
    __isub__ __imul__ __idiv__ __itruediv__ __ifloordiv__ __add__ __sub__ __mul__ __truediv__
""".split()
_COMPARISONS = """
    eq ne lt le gt ge not_equal less less_equal greater greater_equal logical_and logical_or
    logical_xor logical_not isnan isinf isfinite isclose signbit __eq__ __ne__ __lt__ __le__
    __gt__ __ge__
""".split()
_UNARY = """
    abs absolute neg negative positive exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square
    reciprocal sin cos tan asin acos atan arctan sinh cosh asinh acosh atanh erf erfc erfinv
    lgamma digamma sign sgn ceil floor round trunc frac nan_to_num clone logit sinc i0 deg2rad
    rad2deg bitwise_not __invert__ __neg__ __abs__ __pos__ heaviside fill_ zero_ bernoulli
""".split()


def _elementwise(rec: Recorder, func: Any, *args: Any, **kwargs: Any) -> Any:
    if kwargs.get("out") is not None:
        return NotImplemented
    name = func.__name__
    bare = name.strip("_")
    if bare not in _BINARY and bare[:1] in "ri" and f"__{bare}__" in _BINARY:
        bare = bare[1:]
    bare = {"truediv": "div", "floordiv": "floor_divide", "mod": "remainder"}.get(bare, bare)
    inplace = writes(func)
    tensors = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor)]
    others = tuple(tuple(each.shape) for each in tensors if rec.number(each) is None)
    if inplace and rec.number(args[0]) is None:
        return NotImplemented
    numbers = [
        each for each in args if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    operation = joining.Elementwise(written_as(bare, *numbers), others, inplace)
    operands = [each for each in args if isinstance(each, torch.Tensor | int | float | complex)]
    dtype = torch.bool if func in _BOOLEAN else _dtype(bare, operands)
    return rec.add(operation, func, args, kwargs, inputs=tensors, dtype=dtype)


def _dtype(name: str, operands: Sequence[Any]) -> torch.dtype:
    """Return what the values of a result are."""
    if name == "where":
        operands = operands[1:]
    dtypes = {each.dtype for each in operands if isinstance(each, torch.Tensor)}
    dtype = dtypes.pop() if len(dtypes) == 1 else None
    if dtype is None or not dtype.is_floating_point:
        pairs = zip(operands, [*operands[1:], operands[0]], strict=True)
        dtype = reduce(torch.promote_types, (torch.result_type(*pair) for pair in pairs))
    if name in {"abs", "absolute"} and dtype.is_complex:
        return torch.empty(0, dtype=dtype, device="meta").real.dtype
    exact = not (dtype.is_floating_point or dtype.is_complex)
    return torch.get_default_dtype() if exact and name in _FRACTIONS else dtype


def _reduced_dtype(name: str, dtype: torch.dtype) -> torch.dtype:
    if name in {"all", "any"}:
        return torch.bool
    exact = not (dtype.is_floating_point or dtype.is_complex)
    if name in {"argmax", "argmin", "count_nonzero"} or (exact and name in {"sum", "prod"}):
        return torch.long
    return dtype


# What makes fractions of whole numbers.
_FRACTIONS = frozenset("div divide true_divide exp log sqrt rsqrt sin cos reciprocal".split())
_BOOLEAN: set[Any] = set()
for _name in [*_BINARY, *_UNARY, *_COMPARISONS]:
    rule(*everywhere([_name, *([] if _name.endswith("_") else [f"{_name}_"])]))(_elementwise)
for _name in _COMPARISONS:
    _BOOLEAN |= {getattr(owner, _name) for owner in (torch, torch.Tensor) if hasattr(owner, _name)}


@rule("torch.max", "torch.min", "Tensor.max", "Tensor.min")
def _extreme(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    other = args[0] if args else kwargs.get("other")
    if isinstance(other, torch.Tensor):
        return _elementwise(rec, func, input, *args, **kwargs)
    return _reduce(rec, func, input, *args, **kwargs)


@rule(
    *everywhere(
        """
    mean sum amax amin prod std var norm logsumexp nanmean nansum argmax argmin all any median
    nanmedian count_nonzero
""".split()
    )
)
def _reduce(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    name = func.__name__
    if kwargs.get("out") is not None:
        return NotImplemented
    given = list(args[1:] if name == "norm" else args)
    dim = kwargs.get("dim", kwargs.get("axis"))
    if dim is None and given and not isinstance(given[0], bool | torch.dtype):
        dim = given.pop(0)
    if dim is not None and not isinstance(dim, int | tuple | list):
        return NotImplemented
    keepdim = kwargs.get("keepdim", False)
    if "keepdim" not in kwargs:
        keepdim = next((each for each in given[::-1] if isinstance(each, bool)), False)
        if name in {"std", "var"} and "unbiased" not in kwargs:  # which comes before keepdim
            keepdim = given[1] if len(given) > 1 else False
    dims = axes_of(dim, input.ndim)
    written = written_as(name, dim=plain(dim), keepdim=keepdim or None)
    operation = reducing.Reduce(written, dims, bool(keepdim))
    if dim is None or name not in {"max", "min", "median", "nanmedian"}:
        dtype = kwargs.get("dtype") or _reduced_dtype(name, input.dtype)
        return rec.add(operation, func, (input, *args), kwargs, dtype=dtype)
    if rec.by_values:
        found = func(input, *args, **kwargs)
        values = rec.add(operation, func, (input,), result=found[0])
        return type(found)(shared(rec, values, found[1]))
    values = rec.add(operation, func, (input, *args), kwargs)
    pair = shared(rec, values, torch.empty(values.shape, dtype=torch.long, device="meta"))
    return getattr(torch.return_types, name)(pair)


@rule(*everywhere(["cumsum", "cumprod", "normalize", "logcumsumexp"]))
def _weighed(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    if func is F.normalize:
        dim = kwargs.get("dim", args[1] if len(args) > 1 else 1)
    else:
        dim = kwargs.get("dim", args[0] if args else None)
    if kwargs.get("out") is not None or dim is None:
        return NotImplemented
    written = written_as(func.__name__, dim=plain(dim))
    dtype = None if input.dtype.is_floating_point else _reduced_dtype("sum", input.dtype)
    operation = reducing.Weighed(written, axes_of(dim, input.ndim), func is not F.normalize)
    return rec.add(operation, func, (input, *args), kwargs, dtype=dtype)


@rule(*everywhere(["matmul", "mm", "bmm", "mv", "__matmul__", "__rmatmul__"]))
def _matmul(rec: Recorder, func: Any, input: Any, other: Any, **kwargs: Any) -> Any:
    if kwargs.get("out") is not None:
        return NotImplemented
    left, right = (other, input) if func.__name__ == "__rmatmul__" else (input, other)
    axes = {"mm": (2, 2), "bmm": (3, 3), "mv": (2, 1)}.get(func.__name__)
    if axes is not None and (left.ndim, right.ndim) != axes:
        return NotImplemented
    if func.__name__ == "bmm" and left.shape[0] != right.shape[0]:
        return NotImplemented
    operation = joining.MatMul("matmul" if "matmul" in func.__name__ else func.__name__)
    if rec.number(left) is None:
        operation = joining.MatMul(operation.written, tuple(left.shape), other_first=True)
    elif rec.number(right) is None:
        operation = joining.MatMul(operation.written, tuple(right.shape))
    return rec.add(operation, func, (input, other), inputs=[left, right])
