"""Dense layers, normalisations, activation functions, dropout."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import torch.nn.functional as F  # noqa: N812  # as everybody calls it

from cnnexplain.operations import OPERATIONS
from cnnexplain.tracing.rules.registry import Rule, computed, fits, layer, rule

if TYPE_CHECKING:
    from cnnexplain.tracing.recorder import Recorder


@rule("F.linear")
def _linear(rec: Recorder, func: Any, input: Any, weight: Any, bias: Any = None) -> Any:
    if computed(rec, weight, bias) or weight.ndim != 2 or not fits(bias, weight.shape[0]):  # noqa: PLR2004
        return NotImplemented
    operation = layer("Linear", weight.shape[1], weight.shape[0], bias is not None)
    return rec.add(operation, func, (input, weight, bias), inputs=[input])


@rule("F.embedding", "torch.embedding")
def _embedding(rec: Recorder, func: Any, input: Any, weight: Any, *args: Any, **kwargs: Any) -> Any:
    indices, table = (input, weight) if func is F.embedding else (weight, input)
    operation = layer("Embedding", *table.shape)
    everything = (input, weight, *args)
    return rec.add(operation, func, everything, kwargs, inputs=[indices], dtype=table.dtype)


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
    if computed(rec, weight, bias) or not 2 <= input.ndim <= 5:  # noqa: PLR2004
        return NotImplemented
    sized = next((each for each in (running_mean, weight) if each is not None), None)
    features = input.shape[1] if sized is None else sized.shape[0]
    name = f"BatchNorm{max(input.ndim - 2, 1)}d"
    operation = layer(name, features, eps, momentum, weight is not None, running_mean is not None)
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
    if computed(rec, weight, bias) or not 3 <= input.ndim <= 5:  # noqa: PLR2004
        return NotImplemented
    operation = layer(
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
    operation = layer("GroupNorm", num_groups, channels, eps, weight is not None)
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
    if not fits(weight, *normalized_shape) or not fits(bias, *normalized_shape):
        return NotImplemented
    operation = layer(
        "LayerNorm", tuple(normalized_shape), eps, weight is not None, bias is not None
    )
    return rec.add(
        operation, func, (input, normalized_shape, weight, bias, eps, *rest), inputs=[input]
    )


@rule("F.rms_norm", "torch.rms_norm")
def _rms_norm(
    rec: Recorder, func: Any, input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None
) -> Any:
    operation = layer("RMSNorm", tuple(normalized_shape), eps, weight is not None)
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
        layer("LocalResponseNorm", size, alpha, beta, k), func, (input, size, alpha, beta, k)
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
        return rec.add(layer(written, p, inplace), func, (input, p, training, inplace))

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
        layer("RReLU", lower, upper, inplace), func, (input, lower, upper, training, inplace)
    )


@rule("F.prelu", "torch.prelu", "Tensor.prelu")
def _prelu(rec: Recorder, func: Any, input: Any, weight: Any) -> Any:
    if computed(rec, weight):
        return NotImplemented
    return rec.add(layer("PReLU", weight.numel()), func, (input, weight), inputs=[input])


def _soft(name: str) -> Rule:
    def softmax(
        rec: Recorder, func: Any, input: Any, dim: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        return rec.add(layer(name, dim), func, (input, dim, *args), kwargs)

    return softmax


for _plain, _kind in {
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "softmin": "Softmin",
}.items():
    rule(f"F.{_plain}", f"torch.{_plain}", f"Tensor.{_plain}")(_soft(_kind))
