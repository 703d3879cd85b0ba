"""Functions of torch, and the operations that they are.

Each rule takes the function's own arguments by their own names, so that Python binds them.
"""

from __future__ import annotations

from dataclasses import fields
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it

from cnnexplain.operations import OPERATIONS, joining, reducing
from cnnexplain.operations.base import Opaque
from cnnexplain.operations.padding import Pad
from cnnexplain.operations.reshaping import Cut, Expand, Permute, Reshape, Slice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cnnexplain.operations import Operation
    from cnnexplain.tracing.recorder import Recorder

Rule: TypeAlias = "Callable[..., Any]"

RULES: dict[Any, Rule] = {}
_OWNERS = {"torch": torch, "Tensor": torch.Tensor, "F": F}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule for functions of torch, those that this torch has.

    Args:
        *names: The functions' names, such as `"F.relu"` and `"Tensor.relu"`.
    """

    def register(function: Rule) -> Rule:
        for name in names:
            owner, _, attribute = name.partition(".")
            found = getattr(_OWNERS[owner], attribute, None)
            if found is not None:
                RULES[found] = function
        return function

    return register


def _everywhere(names: Iterable[str]) -> list[str]:
    return [f"{owner}.{name}" for name in names for owner in _OWNERS]


def _getters(names: Sequence[str]) -> set[Any]:
    # Not every version of torch has all of them.
    found = (getattr(torch.Tensor, name, None) for name in names)
    return {each.__get__ for each in found if each is not None}


def _methods(names: Sequence[str]) -> set[Any]:
    return {getattr(torch.Tensor, name) for name in names if hasattr(torch.Tensor, name)}


# What tells no value and makes no tensor, or only one that is not computed with.
PLAIN: set[Any] = {
    *_getters(
        """
    shape dtype device ndim is_cuda is_meta layout requires_grad grad_fn itemsize nbytes
    is_leaf is_sparse is_quantized is_mps names
""".split()
    ),
    *_methods(
        """
    size dim ndimension numel nelement stride is_contiguous element_size is_floating_point
    is_complex get_device storage_offset __len__ __hash__ requires_grad_ is_same_size
    is_inference
""".split()
    ),
    torch.is_tensor,
    torch.is_floating_point,
    torch.is_complex,
    torch.numel,
}

# What tells the values themselves, or makes tensors whose size depends on them.
VALUES: set[Any] = {
    getattr(owner, name)
    for name in (
        "item",
        "tolist",
        "numpy",
        "__bool__",
        "__int__",
        "__float__",
        "__index__",
        "__contains__",
        "__array__",
        "nonzero",
        "argwhere",
        "masked_select",
        "unique",
        "unique_consecutive",
        "equal",
        "allclose",
        "is_nonzero",
        "bincount",
        "data_ptr",
        "__repr__",
        "__format__",
        "__complex__",
    )
    for owner in (torch.Tensor, torch)
    if hasattr(owner, name)
} - {object.__repr__, object.__format__}


def _layer(name: str, *arguments: object) -> Operation:
    return OPERATIONS[name](*(tuple(a) if isinstance(a, list) else a for a in arguments))


def _axes(dim: Any, count: int) -> tuple[int, ...]:
    """Return axes counted from the front, all of them for None."""
    if dim is None or (isinstance(dim, tuple | list) and not dim):
        return tuple(range(count))
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    for each in dims:
        if not -max(count, 1) <= each < max(count, 1):
            raise IndexError(f"dim {each} of a tensor with {count} axes")
    return tuple(each % max(count, 1) for each in dims)


def _written(name: str, *arguments: object, **keywords: object) -> str:
    parts = [repr(_short(each)) for each in arguments]
    parts += [f"{key}={_short(value)!r}" for key, value in keywords.items() if value is not None]
    return f"{name}({', '.join(parts)})" if parts else name


def _short(value: object) -> object:
    return tuple(value) if isinstance(value, list | torch.Size) else value


# Convolutions and poolings.


@rule("torch.conv1d", "torch.conv2d", "torch.conv3d")
def _conv(
    rec: Recorder,
    func: Any,
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    axes = weight.ndim - 2
    if _computed(rec, weight, bias) or input.ndim != axes + 2:
        return NotImplemented
    operation = _layer(
        f"Conv{axes}d",
        weight.shape[1] * groups,
        weight.shape[0],
        tuple(weight.shape[2:]),
        _one(stride),
        _one(padding),
        _one(dilation),
        groups,
        bias is not None,
    )
    return rec.add(
        operation, func, (input, weight, bias, stride, padding, dilation, groups), inputs=[input]
    )


@rule("torch.conv_transpose1d", "torch.conv_transpose2d", "torch.conv_transpose3d")
def _conv_transpose(
    rec: Recorder,
    func: Any,
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    axes = weight.ndim - 2
    if _computed(rec, weight, bias) or input.ndim != axes + 2:
        return NotImplemented
    operation = _layer(
        f"ConvTranspose{axes}d",
        weight.shape[0],
        weight.shape[1] * groups,
        tuple(weight.shape[2:]),
        _one(stride),
        _one(padding),
        _one(output_padding),
        groups,
        bias is not None,
        _one(dilation),
    )
    arguments = (input, weight, bias, stride, padding, output_padding, groups, dilation)
    return rec.add(operation, func, arguments, inputs=[input])


def _computed(rec: Recorder, *tensors: Any) -> bool:
    """Return whether weights come from the network's input themselves."""
    return any(rec.number(each) is not None for each in tensors if each is not None)


def _one(value: Any) -> Any:
    """Return (2,), which torch's functions take for all axes, as 2."""
    if isinstance(value, list | tuple):
        return value[0] if len(value) == 1 else tuple(value)
    return value


def _max_pooling(axes: int) -> Rule:
    def max_pool(
        rec: Recorder,
        func: Any,
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        if input.ndim != axes + 2:
            return NotImplemented
        stride = None if stride in ([], ()) else stride
        operation = _layer(
            f"MaxPool{axes}d",
            _one(kernel_size),
            _one(stride),
            _one(padding),
            _one(dilation),
            return_indices,
            ceil_mode,
        )
        both = return_indices or "with_indices" in str(getattr(func, "__name__", ""))
        return _pooled(
            rec, operation, func, (input, kernel_size, stride, padding, dilation, ceil_mode), both
        )

    return max_pool


def _pooled(
    rec: Recorder, operation: Operation, func: Any, args: tuple[Any, ...], both: bool
) -> Any:
    if not both:
        return rec.add(operation, func, args, inputs=[args[0]])
    if rec.by_values:
        results = (
            func(*args, return_indices=True) if "with_indices" not in func.__name__ else func(*args)
        )
        return _shared(
            rec, rec.add(operation, lambda *_: results[0], args, inputs=[args[0]]), results[1]
        )
    values = rec.add(operation, func, args, inputs=[args[0]])
    return _shared(rec, values, torch.empty(values.shape, dtype=torch.long, device="meta"))


def _shared(rec: Recorder, values: Any, indices: Any) -> Any:
    """Return values with their indices, which lie where the values do."""
    number = rec.number(values)
    assert number is not None
    rec.set_number(indices, number)
    return values, indices


for _count in (1, 2, 3):
    rule(f"torch.max_pool{_count}d", f"F.max_pool{_count}d")(_max_pooling(_count))
    rule(f"F.max_pool{_count}d_with_indices")(_max_pooling(_count))


def _avg_pooling(axes: int) -> Rule:
    def avg_pool(
        rec: Recorder,
        func: Any,
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> Any:
        if input.ndim != axes + 2:
            return NotImplemented
        stride = None if stride in ([], ()) else stride
        operation = _layer(
            f"AvgPool{axes}d",
            _one(kernel_size),
            _one(stride),
            _one(padding),
            ceil_mode,
            count_include_pad,
        )
        args = (input, kernel_size, stride, padding, ceil_mode, count_include_pad)
        keywords = {} if divisor_override is None else {"divisor_override": divisor_override}
        return rec.add(operation, func, args, keywords, inputs=[input])

    return avg_pool


def _adaptive(kind: str, axes: int) -> Rule:
    def adaptive_pool(
        rec: Recorder, func: Any, input: Any, output_size: Any, return_indices: bool = False
    ) -> Any:
        if input.ndim != axes + 2:
            return NotImplemented
        operation = _layer(f"Adaptive{kind}Pool{axes}d", _one(output_size))
        both = (
            return_indices
            or "with_indices" in str(getattr(func, "__name__", ""))
            or (kind == "Max" and func is getattr(torch, f"adaptive_max_pool{axes}d", None))
        )
        return _pooled(rec, operation, func, (input, output_size), both)

    return adaptive_pool


for _count in (1, 2, 3):
    rule(f"torch.avg_pool{_count}d", f"F.avg_pool{_count}d")(_avg_pooling(_count))
    for _kind in ("Avg", "Max"):
        _name = f"adaptive_{_kind.lower()}_pool{_count}d"
        rule(f"torch.{_name}", f"F.{_name}", f"F.{_name}_with_indices")(_adaptive(_kind, _count))


@rule("F.pad", "torch.constant_pad_nd")
def _pad(
    rec: Recorder, func: Any, input: Any, pad: Any, mode: Any = "constant", value: Any = None
) -> Any:
    kept, keywords = (mode, {"value": value}) if isinstance(mode, str) else ("constant", {})
    if not isinstance(mode, str) or func is not F.pad:
        return rec.add(Pad(tuple(pad)), func, (input, pad, mode))
    return rec.add(Pad(tuple(pad), kept), func, (input, pad, mode), keywords)


@rule("F.unfold")
def _unfold(
    rec: Recorder,
    func: Any,
    input: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    operation = _layer("Unfold", _one(kernel_size), _one(dilation), _one(padding), _one(stride))
    return rec.add(operation, func, (input, kernel_size, dilation, padding, stride))


@rule("F.interpolate", "F.upsample", "F.upsample_nearest", "F.upsample_bilinear")
def _interpolate(
    rec: Recorder,
    func: Any,
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Any:
    if antialias or func in {F.upsample_nearest, F.upsample_bilinear}:
        return NotImplemented
    operation = _layer(
        "Upsample", _one(size), _one(scale_factor), mode, align_corners, recompute_scale_factor
    )
    keywords = {
        "size": size,
        "scale_factor": scale_factor,
        "mode": mode,
        "align_corners": align_corners,
    }
    if func is F.interpolate:
        keywords["recompute_scale_factor"] = recompute_scale_factor
    return rec.add(operation, func, (input,), keywords)


@rule("torch.pixel_shuffle")
def _pixel_shuffle(rec: Recorder, func: Any, input: Any, upscale_factor: int) -> Any:
    return rec.add(_layer("PixelShuffle", upscale_factor), func, (input, upscale_factor))


@rule("torch.pixel_unshuffle")
def _pixel_unshuffle(rec: Recorder, func: Any, input: Any, downscale_factor: int) -> Any:
    return rec.add(_layer("PixelUnshuffle", downscale_factor), func, (input, downscale_factor))


@rule("torch.channel_shuffle", "torch.native_channel_shuffle")
def _channel_shuffle(rec: Recorder, func: Any, input: Any, groups: int) -> Any:
    return rec.add(_layer("ChannelShuffle", groups), func, (input, groups))


# Dense layers and normalisations.


@rule("F.linear")
def _linear(rec: Recorder, func: Any, input: Any, weight: Any, bias: Any = None) -> Any:
    if _computed(rec, weight, bias) or weight.ndim != 2:  # noqa: PLR2004
        return NotImplemented
    operation = _layer("Linear", weight.shape[1], weight.shape[0], bias is not None)
    return rec.add(operation, func, (input, weight, bias), inputs=[input])


@rule("F.embedding", "torch.embedding")
def _embedding(rec: Recorder, func: Any, input: Any, weight: Any, *args: Any, **kwargs: Any) -> Any:
    if func is not F.embedding:
        input, weight = weight, input
        operation = _layer("Embedding", *weight.shape)
        return rec.add(
            operation, func, (weight, input, *args), kwargs, inputs=[input], dtype=weight.dtype
        )
    operation = _layer("Embedding", *weight.shape)
    return rec.add(
        operation, func, (input, weight, *args), kwargs, inputs=[input], dtype=weight.dtype
    )


@rule("F.batch_norm")
def _batch_norm(
    rec: Recorder,
    func: Any,
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Any:
    if _computed(rec, weight, bias) or not 2 <= input.ndim <= 5:  # noqa: PLR2004
        return NotImplemented
    sized = next((each for each in (running_mean, weight) if each is not None), None)
    features = input.shape[1] if sized is None else sized.shape[0]
    name = f"BatchNorm{max(input.ndim - 2, 1)}d"
    operation = _layer(name, features, eps, momentum, weight is not None, running_mean is not None)
    args = (input, running_mean, running_var, weight, bias, training, momentum, eps)
    return rec.add(operation, func, args, inputs=[input])


@rule("F.instance_norm")
def _instance_norm(
    rec: Recorder,
    func: Any,
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Any:
    if _computed(rec, weight, bias) or not 3 <= input.ndim <= 5:  # noqa: PLR2004
        return NotImplemented
    operation = _layer(
        f"InstanceNorm{input.ndim - 2}d", input.shape[1], eps, momentum, weight is not None
    )
    args = (input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
    return rec.add(operation, func, args, inputs=[input])


@rule("F.group_norm", "torch.group_norm")
def _group_norm(
    rec: Recorder,
    func: Any,
    input: Any,
    num_groups: int,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    *rest: Any,
) -> Any:
    channels = input.shape[1] if weight is None else weight.shape[0]
    operation = _layer("GroupNorm", num_groups, channels, eps, weight is not None)
    return rec.add(operation, func, (input, num_groups, weight, bias, eps, *rest), inputs=[input])


@rule("F.layer_norm", "torch.layer_norm")
def _layer_norm(
    rec: Recorder,
    func: Any,
    input: Any,
    normalized_shape: Any,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    *rest: Any,
) -> Any:
    operation = _layer(
        "LayerNorm", tuple(normalized_shape), eps, weight is not None, bias is not None
    )
    return rec.add(
        operation, func, (input, normalized_shape, weight, bias, eps, *rest), inputs=[input]
    )


@rule("F.rms_norm", "torch.rms_norm")
def _rms_norm(
    rec: Recorder, func: Any, input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None
) -> Any:
    operation = _layer("RMSNorm", tuple(normalized_shape), eps, weight is not None)
    return rec.add(operation, func, (input, normalized_shape, weight, eps), inputs=[input])


@rule("F.local_response_norm")
def _lrn(
    rec: Recorder,
    func: Any,
    input: Any,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
) -> Any:
    return rec.add(
        _layer("LocalResponseNorm", size, alpha, beta, k), func, (input, size, alpha, beta, k)
    )


# Activation functions and dropout: torch's function, and the layer that takes the same arguments.
_ACTIVATIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "hardswish": "Hardswish",
    "hardsigmoid": "Hardsigmoid",
    "hardtanh": "Hardtanh",
    "hardshrink": "Hardshrink",
    "softshrink": "Softshrink",
    "tanhshrink": "Tanhshrink",
    "celu": "CELU",
    "selu": "SELU",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "logsigmoid": "LogSigmoid",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "threshold": "Threshold",
    "glu": "GLU",
}
_DROPOUTS = {
    "dropout": "Dropout",
    "dropout1d": "Dropout1d",
    "dropout2d": "Dropout2d",
    "dropout3d": "Dropout3d",
    "alpha_dropout": "AlphaDropout",
    "feature_alpha_dropout": "FeatureAlphaDropout",
}


def _activation(name: str, *, inplace: bool) -> Rule:
    kind = OPERATIONS[name]
    names = [each.name for each in fields(kind)]

    def activation(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
        bound = dict(zip(names, args, strict=False)) | kwargs
        if inplace:
            bound["inplace"] = True
        return rec.add(kind(**bound), func, (input, *args), kwargs)

    return activation


for _plain, _kind in _ACTIVATIONS.items():
    rule(f"F.{_plain}", f"torch.{_plain}", f"Tensor.{_plain}")(_activation(_kind, inplace=False))
    if any(each.name == "inplace" for each in fields(OPERATIONS[_kind])):
        rule(f"F.{_plain}_", f"torch.{_plain}_", f"Tensor.{_plain}_")(
            _activation(_kind, inplace=True)
        )


def _dropping(name: str) -> Rule:
    def dropout(
        rec: Recorder,
        func: Any,
        input: Any,
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
    ) -> Any:
        written = name if input.ndim > 1 or name == "Dropout" else "Dropout"
        return rec.add(_layer(written, p, inplace), func, (input, p, training, inplace))

    return dropout


for _plain, _kind in _DROPOUTS.items():
    rule(f"F.{_plain}")(_dropping(_kind))
rule("torch.dropout")(_dropping("Dropout"))


@rule("F.rrelu")
def _rrelu(
    rec: Recorder,
    func: Any,
    input: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Any:
    return rec.add(
        _layer("RReLU", lower, upper, inplace), func, (input, lower, upper, training, inplace)
    )


@rule("F.prelu", "torch.prelu", "Tensor.prelu")
def _prelu(rec: Recorder, func: Any, input: Any, weight: Any) -> Any:
    if _computed(rec, weight):
        return NotImplemented
    return rec.add(_layer("PReLU", weight.numel()), func, (input, weight), inputs=[input])


def _soft(name: str) -> Rule:
    def softmax(
        rec: Recorder, func: Any, input: Any, dim: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        return rec.add(_layer(name, dim), func, (input, dim, *args), kwargs)

    return softmax


for _plain, _kind in {
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "softmin": "Softmin",
}.items():
    rule(f"F.{_plain}", f"torch.{_plain}", f"Tensor.{_plain}")(_soft(_kind))


# The same values in another shape.


@rule("torch.flatten", "Tensor.flatten")
def _flatten(rec: Recorder, func: Any, input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    return rec.add(_layer("Flatten", start_dim, end_dim), func, (input, start_dim, end_dim))


@rule("torch.unflatten", "Tensor.unflatten")
def _unflatten(rec: Recorder, func: Any, input: Any, dim: int, sizes: Any) -> Any:
    return rec.add(_layer("Unflatten", dim, tuple(sizes)), func, (input, dim, sizes))


@rule("Tensor.view", "Tensor.reshape", "torch.reshape")
def _view(rec: Recorder, func: Any, input: Any, *shape: Any, **kwargs: Any) -> Any:
    given = shape or tuple(kwargs.values())
    sizes = given[0] if len(given) == 1 and isinstance(given[0], tuple | list) else given
    if any(not isinstance(each, int) or isinstance(each, bool) for each in sizes):
        return NotImplemented  # a view as another dtype
    sizes = tuple(map(int, sizes))
    return rec.add(Reshape(_written(func.__name__, *sizes), sizes), func, (input, *shape), kwargs)


@rule("Tensor.view_as", "Tensor.reshape_as")
def _view_as(rec: Recorder, func: Any, input: Any, other: Any) -> Any:
    sizes = tuple(other.shape)
    return rec.add(
        Reshape(_written(func.__name__, *sizes), sizes), func, (input, other), inputs=[input]
    )


def _reshaped(names: Sequence[str]) -> Rule:
    """Return a rule for functions that add or remove axes of size 1, whose result torch tells."""

    def reshaped(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
        sizes = tuple(func(input, *args, **kwargs).shape)
        return rec.add(
            Reshape(_written(func.__name__, *args, **kwargs), sizes), func, (input, *args), kwargs
        )

    rule(*_everywhere(names))(reshaped)
    return reshaped


_reshaped(["squeeze", "unsqueeze", "ravel", "atleast_1d", "atleast_2d", "atleast_3d"])


def _permuted(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    # The order is read off a tensor whose sizes all differ.
    probe = torch.empty(tuple(range(2, 2 + input.ndim)), device="meta")
    order = tuple(size - 2 for size in func(probe, *args, **kwargs).shape)
    name = getattr(func, "__name__", "")
    name = func.__self__.__name__ if name == "__get__" else name
    written = _written(
        name, *(args if name != "__get__" and func.__name__ != "__get__" else ()), **kwargs
    )
    return rec.add(Permute(written, order), func, (input, *args), kwargs)


rule(
    *_everywhere(
        ["permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "adjoint"]
    )
)(_permuted)
for _attribute in ("T", "mT", "H", "mH"):
    RULES[getattr(torch.Tensor, _attribute).__get__] = _permuted


def _expanding(*, copies: bool) -> Rule:
    def expanded(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
        probe = torch.empty(tuple(input.shape), device="meta")
        sizes = tuple(func(probe, *args, **kwargs).shape)
        shown = [tuple(each.shape) if isinstance(each, torch.Tensor) else each for each in args]
        operation = Expand(_written(func.__name__, *shown, **kwargs), sizes, copies)
        if copies:
            return rec.add(operation, func, (input, *args), kwargs, inputs=[input])
        result = func(input, *args, **kwargs)
        return rec.add(operation, lambda *_: result, (input,), inputs=[input])

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
    if len(bare) == len(full):
        return rec.add(Slice(written, tuple(cuts)), func, (input, index))
    result = input
    if any(each != slice(None) for each in bare):
        result = rec.add(Slice(written, tuple(cuts)), func, (input, bare))
    kept = tuple(
        None if each is None else slice(None) for each in full if not isinstance(each, int)
    )
    sizes = tuple(func(result, kept).shape)
    return rec.add(Reshape(written, sizes), func, (result, kept))


def _index(each: object) -> str:
    if not isinstance(each, slice):
        return "..." if each is Ellipsis else repr(each)
    ends = ["" if end is None else str(end) for end in (each.start, each.stop)]
    return ":".join(ends if each.step is None else [*ends, str(each.step)])


@rule("torch.narrow", "Tensor.narrow")
def _narrow(rec: Recorder, func: Any, input: Any, dim: int, start: int, length: int) -> Any:
    cuts = _cuts(input, dim, Cut(int(start) % input.shape[dim], 1, length))
    return rec.add(
        Slice(_written("narrow", dim, start, length), cuts), func, (input, dim, start, length)
    )


@rule("torch.select", "Tensor.select")
def _select(rec: Recorder, func: Any, input: Any, dim: int, index: int) -> Any:
    cuts = _cuts(input, dim, Cut(index % input.shape[dim], 1, 1, keepdim=False))
    return rec.add(Slice(_written("select", dim, index), cuts), func, (input, dim, index))


def _cuts(tensor: Any, dim: int, cut: Cut) -> tuple[Cut, ...]:
    whole = [Cut(0, 1, size) for size in tensor.shape]
    whole[dim] = cut
    return tuple(whole)


@rule(
    *_everywhere(
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
    written = _written(func.__name__, *given, dim=dim, **kwargs)
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


# Several inputs.


@rule("torch.cat", "torch.concat", "torch.concatenate")
def _cat(rec: Recorder, func: Any, tensors: Any, dim: int = 0, **kwargs: Any) -> Any:
    if kwargs.get("out") is not None:
        return NotImplemented
    dim = kwargs.get("axis", dim)
    fixed = tuple(None if rec.number(each) is not None else tuple(each.shape) for each in tensors)
    others = fixed if any(each is not None for each in fixed) else ()
    return rec.add(joining.Cat(dim, others), func, (list(tensors), dim))


@rule("torch.stack")
def _stack(rec: Recorder, func: Any, tensors: Any, dim: int = 0, **kwargs: Any) -> Any:
    if kwargs.get("out") is not None or any(rec.number(each) is None for each in tensors):
        return NotImplemented
    return rec.add(joining.Stack(dim), func, (list(tensors), dim))


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
    inplace = (name.endswith("_") and not name.endswith("__")) or (
        name[:3] == "__i" and name != "__invert__"
    )
    tensors = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor)]
    others = tuple(tuple(each.shape) for each in tensors if rec.number(each) is None)
    if inplace and rec.number(args[0]) is None:
        return NotImplemented
    numbers = [
        each for each in args if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    operation = joining.Elementwise(_written(bare, *numbers), others, inplace)
    dtype = torch.bool if func in _BOOLEAN else None
    return rec.add(operation, func, args, kwargs, dtype=dtype)


_BOOLEAN: set[Any] = set()
for _name in [*_BINARY, *_UNARY, *_COMPARISONS]:
    rule(*_everywhere([_name, *([] if _name.endswith("_") else [f"{_name}_"])]))(_elementwise)
for _name in _COMPARISONS:
    _BOOLEAN |= {getattr(owner, _name) for owner in (torch, torch.Tensor) if hasattr(owner, _name)}


@rule("torch.max", "torch.min", "Tensor.max", "Tensor.min")
def _extreme(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    other = args[0] if args else kwargs.get("other")
    if isinstance(other, torch.Tensor):
        return _elementwise(rec, func, input, *args, **kwargs)
    return _reduce(rec, func, input, *args, **kwargs)


@rule(
    *_everywhere(
        """
    mean sum amax amin prod std var norm logsumexp nanmean nansum argmax argmin all any median
    nanmedian count_nonzero mode aminmax std_mean var_mean
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
        if name in {"std", "var"} and given and "unbiased" not in kwargs and dim is not None:
            keepdim = given[1] if len(given) > 1 else False
    dims = _axes(dim, input.ndim)
    written = _written(name, dim=_short(dim), keepdim=keepdim or None)
    operation = reducing.Reduce(written, dims, bool(keepdim))
    both = dim is not None and name in {"max", "min", "median", "nanmedian", "mode"}
    if name in {"aminmax", "std_mean", "var_mean"}:
        return NotImplemented
    if not both:
        return rec.add(operation, func, (input, *args), kwargs)
    if rec.by_values:
        found = func(input, *args, **kwargs)
        values = rec.add(operation, lambda *_: found[0], (input,))
        return type(found)(_shared(rec, values, found[1]))
    values = rec.add(operation, func, (input, *args), kwargs)
    pair = _shared(rec, values, torch.empty(values.shape, dtype=torch.long, device="meta"))
    return getattr(torch.return_types, name)(pair)


@rule(*_everywhere(["cumsum", "cumprod", "normalize", "logcumsumexp"]))
def _weighed(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    if func is F.normalize:
        dim = kwargs.get("dim", args[1] if len(args) > 1 else 1)
    else:
        dim = kwargs.get("dim", args[0] if args else None)
    if kwargs.get("out") is not None or dim is None:
        return NotImplemented
    written = _written(func.__name__, dim=_short(dim))
    return rec.add(reducing.Weighed(written, _axes(dim, input.ndim)), func, (input, *args), kwargs)


@rule(*_everywhere(["matmul", "mm", "bmm", "mv", "__matmul__", "__rmatmul__"]))
def _matmul(rec: Recorder, func: Any, input: Any, other: Any, **kwargs: Any) -> Any:
    if kwargs.get("out") is not None:
        return NotImplemented
    left, right = (other, input) if func.__name__ == "__rmatmul__" else (input, other)
    operation = joining.MatMul("matmul" if "matmul" in func.__name__ else func.__name__)
    if rec.number(left) is None:
        operation = joining.MatMul(operation.written, tuple(left.shape), other_first=True)
    elif rec.number(right) is None:
        operation = joining.MatMul(operation.written, tuple(right.shape))
    return rec.add(operation, func, (input, other), inputs=[left, right])


@rule("F.scaled_dot_product_attention")
def _attention(
    rec: Recorder,
    func: Any,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
    enable_gqa: bool = False,
) -> Any:
    three = [query, key, value]
    if (
        is_causal
        or enable_gqa
        or any(rec.number(each) is None for each in three)
        or _computed(rec, attn_mask)
    ):
        return NotImplemented
    args = (query, key, value, attn_mask, dropout_p, is_causal)
    return rec.add(joining.Attention(), func, args, {"scale": scale}, inputs=three)


@rule("F.multi_head_attention_forward")
def _multi_head(
    rec: Recorder,
    func: Any,
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    *args: Any,
    **kwargs: Any,
) -> Any:
    distinct: list[Any] = []
    for each in (query, key, value):
        if not any(each is other for other in distinct):
            distinct.append(each)
    if any(rec.number(each) is None for each in distinct) or _computed(
        rec, kwargs.get("attn_mask")
    ):
        return NotImplemented
    numbers = [rec.number(each) for each in distinct]
    if len(set(numbers)) < len(numbers):
        distinct = [each for at, each in enumerate(distinct) if numbers.index(numbers[at]) == at]
    known = [rec.number(each) for each in distinct]
    roles = tuple(known.index(rec.number(each)) for each in (query, key, value))
    operation = joining.MultiheadAttention(
        embed_dim_to_check,
        num_heads,
        (roles[0], roles[1], roles[2]),
        key.shape[-1],
        value.shape[-1],
    )
    everything = (query, key, value, embed_dim_to_check, num_heads, *args)
    weights = None
    if rec.by_values:
        output, weights = func(*everything, **kwargs)
        result = rec.add(operation, lambda *_, **__: output, everything, kwargs, inputs=distinct)
    else:
        result = rec.add(operation, func, everything, kwargs, inputs=distinct)
        if kwargs.get("need_weights", True):
            size = (query.shape[0], key.shape[0])
            shape = (*query.shape[1:-1], *size)
            weights = torch.empty(shape, dtype=query.dtype, device="meta")
    if weights is not None:
        _weights_of(rec, func, weights, distinct)
    return result, weights


def _weights_of(rec: Recorder, func: Any, weights: Any, distinct: Sequence[Any]) -> None:
    # Most modules throw the weights away, and then they are no row of the table.
    def record() -> int:
        operation = Opaque(
            "attention weights", tuple(weights.shape), 0, "run" if rec.by_values else "meta"
        )
        return rec.insert(operation, func, weights, distinct)

    rec.later(weights, record)


# Constants that take only their shape from a value, and values that pass unchanged.


@rule(
    *_everywhere(
        """
    zeros_like ones_like empty_like full_like rand_like randn_like randint_like new_zeros
    new_ones new_empty new_full new_tensor
""".split()
    )
)
def _like(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    if rec.by_values:
        return func(input, *args, **kwargs)
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
    *_everywhere(
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
            *_CASTS,
        ]
    )
)
def _passed(rec: Recorder, func: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
    number = rec.number(input)
    if number is None:  # the other operand of type_as
        return NotImplemented
    if rec.by_values:
        result = func(input, *args, **kwargs)
    else:
        dtypes = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.dtype)]
        dtypes += [each.dtype for each in args if isinstance(each, torch.Tensor)]
        dtype = _CASTS.get(func.__name__) or (dtypes[0] if dtypes else input.dtype)
        keeps = func.__name__ in {"detach", "alias", "detach_"}
        result = (
            input.detach() if keeps else torch.empty(tuple(input.shape), dtype=dtype, device="meta")
        )
    rec.set_number(result, number)
    return result


def _data(rec: Recorder, func: Any, input: Any) -> Any:
    del func
    return _passed(rec, torch.Tensor.detach, input)


for _attribute in _getters(["data"]):
    RULES[_attribute] = _data
