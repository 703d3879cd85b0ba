"""What passes without a row: questions about shapes, constants, casts; and what needs values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from cnnexplain.tracing.rules.registry import RULES, everywhere, getters, methods, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.tracing.recorder import Recorder

# The attributes of tensors that are tensors themselves.
_TENSORS = {"T", "mT", "H", "mH", "data", "real", "imag", "grad"}
# What a tensor without storage would tell of itself, where the model's own device is meant.
_DEVICES = {
    "device": lambda device: device,
    "is_cpu": lambda device: device.type == "cpu",
    "is_cuda": lambda device: device.type == "cuda",
    "is_mps": lambda device: device.type == "mps",
    "is_meta": lambda device: device.type == "meta",
}
WHERE: dict[Any, Callable[[torch.device], object]] = {
    getattr(torch.Tensor, name).__get__: tell
    for name, tell in _DEVICES.items()
    if hasattr(torch.Tensor, name)
}
_ATTRIBUTES = [
    name
    for name in dir(torch.Tensor)
    if name not in {*_TENSORS, *_DEVICES} and hasattr(getattr(torch.Tensor, name), "__set__")
]

# What tells no value and makes no tensor, or only one that is not computed with.
PLAIN: set[Any] = {
    *getters(_ATTRIBUTES),
    *methods(
        """
        size dim ndimension numel nelement stride is_contiguous element_size is_floating_point
        is_complex storage_offset __len__ __hash__ __repr__ __format__ is_same_size is_inference
        register_hook retain_grad
        """.split()
    ),
    torch.is_tensor,
    torch.is_floating_point,
    torch.is_complex,
    torch.numel,
}

# What follows a graph of gradients, which there is only where values are computed.
GRADIENTS: set[Any] = {torch.autograd.grad, torch.autograd.backward, torch.Tensor.backward}

# What tells the values themselves, or makes tensors whose size depends on them.
VALUES: set[Any] = GRADIENTS | {
    getattr(owner, name)
    for name in """
        item tolist numpy __bool__ __int__ __float__ __index__ __complex__ __contains__ __array__
        nonzero argwhere masked_select unique unique_consecutive equal allclose is_nonzero bincount
        data_ptr
        """.split()
    for owner in (torch.Tensor, torch)
    if hasattr(owner, name)
}


# Constants that take only their shape from a value, and values that pass unchanged.


@rule(
    *everywhere(
        """
    zeros_like ones_like empty_like full_like rand_like randn_like randint_like new_zeros
    new_ones new_empty new_full new_tensor
""".split()
    )
)
def _like(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    result = _made_like(rec, func, input, *args, **kwargs)
    rec.fix(result)
    return result


def _made_like(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    if rec.by_values:
        return func(input, *args, **kwargs)
    if rec.keeps_calls:  # what is called again needs the values of its constants
        return func(torch.empty_like(input, device=rec.device), *args, **kwargs)
    name = func.__name__
    if name == "new_tensor":
        return torch.tensor(*args, **kwargs).to("meta")
    shape = input.shape if name.endswith("_like") else args[0] if args else kwargs["size"]
    if isinstance(shape, int):
        shape = args if name != "new_full" else (shape,)
    return torch.empty(tuple(shape), dtype=kwargs.get("dtype") or input.dtype, device="meta")


_CASTS = {
    "float": torch.float32,
    "double": torch.float64,
    "half": torch.float16,
    "bfloat16": torch.bfloat16,
    "int": torch.int32,
    "long": torch.int64,
    "short": torch.int16,
    "bool": torch.bool,
    "byte": torch.uint8,
}


@rule(
    *everywhere(
        [
            "contiguous",
            "detach",
            "detach_",
            "to",
            "type",
            "type_as",
            "cpu",
            "cuda",
            "alias",
            "requires_grad_",
            *_CASTS,
        ]
    )
)
def _passed(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    number = rec.number(input)
    if number is None:  # a constant that takes another tensor's dtype
        result = input.to(next(each.dtype for each in args if isinstance(each, torch.Tensor)))
        rec.fix(result)
        return result
    if rec.by_values:
        result = func(input, *args, **kwargs)
    else:
        result = _cast(func.__name__, input, args, kwargs)
        if rec.keeps_calls and result.dtype != input.dtype:
            return NotImplemented  # no row of a table, but a call that changes values
    if result is not input:
        rec.share(result, input)
    rec.set_number(result, number)
    return result


def _cast(name: str, input: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the tensor that a cast, or a move to another device, makes."""
    dtypes = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.dtype)]
    dtypes += [each.dtype for each in args if isinstance(each, torch.Tensor)]
    dtype = _CASTS.get(name) or (dtypes[0] if dtypes else input.dtype)
    if name in {"detach", "detach_", "alias"}:
        return input.detach()
    lies = kwargs.get("memory_format")
    if name == "contiguous":
        lies = lies or torch.contiguous_format
    if dtype == input.dtype and (lies is None or input.is_contiguous(memory_format=lies)):
        return input  # as torch does where there is nothing to do
    return torch.empty_like(input, dtype=dtype, memory_format=lies or torch.preserve_format)


def _data(rec: Recorder, func: Any, input: Any) -> Any:
    del func
    return _passed(rec, torch.Tensor.detach, input)


for _attribute in getters(["data"]):
    RULES[_attribute] = _data
