"""Convolutions, poolings, padding and resizing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it

from cnnexplain.operations.padding import Pad
from cnnexplain.tracing.rules.registry import Rule, computed, fits, layer, one, rule, shared

if TYPE_CHECKING:
    from cnnexplain.operations import Operation
    from cnnexplain.tracing.recorder import Recorder


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
    out = weight.shape[0]
    if computed(rec, weight, bias) or input.ndim != axes + 2 or not fits(bias, out):
        return NotImplemented
    operation = layer(
        f"Conv{axes}d",
        weight.shape[1] * groups,
        weight.shape[0],
        tuple(weight.shape[2:]),
        one(stride),
        one(padding),
        one(dilation),
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
    out = weight.shape[1] * groups
    if computed(rec, weight, bias) or input.ndim != axes + 2 or not fits(bias, out):
        return NotImplemented
    operation = layer(
        f"ConvTranspose{axes}d",
        weight.shape[0],
        weight.shape[1] * groups,
        tuple(weight.shape[2:]),
        one(stride),
        one(padding),
        one(output_padding),
        groups,
        bias is not None,
        one(dilation),
    )
    arguments = (input, weight, bias, stride, padding, output_padding, groups, dilation)
    return rec.add(operation, func, arguments, inputs=[input])


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
        operation = layer(
            f"MaxPool{axes}d",
            one(kernel_size),
            one(stride),
            one(padding),
            one(dilation),
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
        keywords = {} if "with_indices" in func.__name__ else {"return_indices": True}
        found, indices = func(*args, **keywords)
        return shared(rec, rec.add(operation, func, args, inputs=[args[0]], result=found), indices)
    values = rec.add(operation, func, args, inputs=[args[0]])
    return shared(rec, values, torch.empty(values.shape, dtype=torch.long, device="meta"))


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
        operation = layer(
            f"AvgPool{axes}d",
            one(kernel_size),
            one(stride),
            one(padding),
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
        operation = layer(f"Adaptive{kind}Pool{axes}d", one(output_size))
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
    if isinstance(mode, str) and mode != "constant" and len(pad) != 2 * (input.ndim - 2):
        return NotImplemented
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
    operation = layer("Unfold", one(kernel_size), one(dilation), one(padding), one(stride))
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
    operation = layer(
        "Upsample", one(size), one(scale_factor), mode, align_corners, recompute_scale_factor
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
    return rec.add(layer("PixelShuffle", upscale_factor), func, (input, upscale_factor))


@rule("torch.pixel_unshuffle")
def _pixel_unshuffle(rec: Recorder, func: Any, input: Any, downscale_factor: int) -> Any:
    return rec.add(layer("PixelUnshuffle", downscale_factor), func, (input, downscale_factor))


@rule("torch.channel_shuffle", "torch.native_channel_shuffle")
def _channel_shuffle(rec: Recorder, func: Any, input: Any, groups: int) -> Any:
    return rec.add(layer("ChannelShuffle", groups), func, (input, groups))
