"""The numbers of the chapter about windows, strides and sizes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.api import trace
from cnnexplain.book import contents
from cnnexplain.book.results.shared import IMAGE, formula, in_tex, stride
from cnnexplain.figures.downsampling import known, strided
from cnnexplain.operations import Conv2d, MaxPool2d
from cnnexplain.windows import Transposed

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value
    from cnnexplain.graph import Network


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_windows(),
        **_sliding(),
    }


def _windows() -> dict[str, Value]:
    plain, plain_input = contents.window("convolution-5-to-3")
    stride, stride_input = contents.window("stride-7-to-3")
    padded, padded_input = contents.window("padding-7-to-4")
    dropping, dropped = contents.window("dropped-8-to-3")
    rounded_up, overhung = contents.window("ceil-8-to-4")
    dilated, dilated_input = contents.window("dilation-7-to-3")
    transposed, transposed_input = contents.window("transposed-3-to-7")
    (patches,) = strided({"ViT-B/16": known()["ViT-B/16"]})[0].layers
    assert not isinstance(dropping, Transposed)
    outputs = plain.output_size(plain_input)
    return {
        "kernel": plain.kernel_size,
        "plain_input": plain_input,
        "plain_output": outputs,
        "plain_formula": in_tex(f"{plain_input} − {plain.kernel_size} + 1 = {outputs}"),
        "stride": stride.stride,
        "stride_input": stride_input,
        "stride_room": stride_input - stride.kernel_size,
        "stride_steps": stride.output_size(stride_input) - 1,
        "stride_output": stride.output_size(stride_input),
        "stride_formula": formula(stride, stride_input),
        "padding": padded.padding[0],
        "padded_size": padded_input + sum(padded.padding),
        "padding_formula": formula(padded, padded_input),
        "dropped_input": dropped,
        "dropped_read": dropped - len(dropping.unread(dropped)),
        "dropped_output": dropping.output_size(dropped),
        "dropped_formula": formula(dropping, dropped),
        "ceil_output": rounded_up.output_size(overhung),
        "ceil_formula": formula(rounded_up, overhung),
        "dilation": dilated.dilation,
        "dilation_extent": dilated.extent,
        "dilation_formula": formula(dilated, dilated_input),
        "transposed_stride": transposed.stride,
        "transposed_input": transposed_input,
        "transposed_output": transposed.output_size(transposed_input),
        "transposed_formula": formula(transposed, transposed_input),
        "patch_stride": int(patches.step),
    }


def _strides(network: Network) -> list[int]:
    """Return the strides above 1 of a network's layers, in order."""
    operations = [node.operation for node in network.nodes]
    windows = [each.windows[0] for each in operations if isinstance(each, Conv2d | MaxPool2d)]
    return [window.stride for window in windows if window.stride > 1]


def _sliding() -> dict[str, Value]:
    vgg16, alexnet = trace(networks.vgg16()), trace(networks.alexnet())
    crop, map_size = vgg16.input_size[-1], vgg16["pool5"].output_shape[-1]
    crops = axis.convolution(crop, stride=stride(vgg16["pool5"]))
    return {
        "vgg_poolings": sum(isinstance(row.operation, MaxPool2d) for row in vgg16.rows),
        "vgg_stride": stride(vgg16["pool5"]),
        "vgg_input": crop,
        "vgg_map": map_size,
        "crops_axis": crops.output_size(IMAGE),
        "crops": crops.output_size(IMAGE) ** 2,
        "crops_formula": formula(crops, IMAGE),
        "alexnet_strides": in_tex("·".join(map(str, _strides(networks.alexnet())))),
        "alexnet_stride": stride(alexnet["pool5"]),
        "alexnet_input": alexnet.input_size[-1],
        "alexnet_ratio": Fraction(alexnet.input_size[-1], alexnet["pool5"].output_shape[-1]),
    }
