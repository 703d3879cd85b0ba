"""Every number and formula that the prose refers to as `{{ name }}`, from the engine."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.api import trace
from cnnexplain.book.forms import Tex
from cnnexplain.errors import ShapeError
from cnnexplain.formula import tex
from cnnexplain.operations import Conv2d, Linear, MaxPool2d

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnexplain.book.forms import Value
    from cnnexplain.graph import Network, Row
    from cnnexplain.windows import Convolution

# The picture and the crop that the sources ask about.
_IMAGE = 384


def values() -> Mapping[str, Value]:
    """Return all values by name.

    Example:
        >>> values()["flat"]
        9216
    """
    return {**_windows(), **_sliding(), **_pooling_to_dense(), **_coincidences(), **_variants()}


def _formula(window: Convolution, size: int) -> Tex:
    return Tex(window.formula(size).tex)


def _windows() -> dict[str, Value]:
    plain, stride = axis.convolution(3), axis.convolution(3, stride=2)
    padded = axis.convolution(3, stride=2, padding=1)
    dilated = axis.convolution(3, dilation=2)
    rounded_up = axis.pooling(3, stride=2, ceil_mode=True)
    dropped = 8
    return {
        "kernel": plain.kernel_size,
        "plain_input": 5,
        "plain_output": plain.output_size(5),
        "plain_formula": Tex(tex(f"5 − {plain.kernel_size} + 1 = {plain.output_size(5)}")),
        "stride": stride.stride,
        "stride_input": 7,
        "stride_room": 7 - stride.kernel_size,
        "stride_steps": stride.output_size(7) - 1,
        "stride_output": stride.output_size(7),
        "stride_formula": _formula(stride, 7),
        "padding": padded.padding[0],
        "padded_size": 7 + sum(padded.padding),
        "padding_formula": _formula(padded, 7),
        "dropped_input": dropped,
        "dropped_read": dropped - len(stride.unread(dropped)),
        "dropped_output": stride.output_size(dropped),
        "dropped_formula": _formula(stride, dropped),
        "ceil_output": rounded_up.output_size(dropped),
        "ceil_formula": _formula(rounded_up, dropped),
        "dilation": dilated.dilation,
        "dilation_extent": dilated.extent,
        "dilation_formula": _formula(dilated, 7),
    }


def _stride(row: Row) -> int:
    assert row.effective_stride is not None
    return int(row.effective_stride[-1])


def _strides(network: Network) -> list[int]:
    """Return the strides above 1 of a network's layers, in order."""
    operations = [node.operation for node in network.nodes]
    windows = [each.windows()[0] for each in operations if isinstance(each, Conv2d | MaxPool2d)]
    return [window.stride for window in windows if window.stride > 1]


def _sliding() -> dict[str, Value]:
    vgg16, alexnet = trace(networks.vgg16()), trace(networks.alexnet())
    crop, map_size = vgg16.input_size[-1], vgg16["pool5"].output_shape[-1]
    crops = axis.convolution(crop, stride=_stride(vgg16["pool5"]))
    return {
        "vgg_poolings": sum(isinstance(row.operation, MaxPool2d) for row in vgg16.rows),
        "vgg_stride": _stride(vgg16["pool5"]),
        "vgg_input": crop,
        "vgg_map": map_size,
        "crops_axis": crops.output_size(_IMAGE),
        "crops": crops.output_size(_IMAGE) ** 2,
        "crops_formula": _formula(crops, _IMAGE),
        "alexnet_strides": Tex(tex("·".join(map(str, _strides(networks.alexnet()))))),
        "alexnet_stride": _stride(alexnet["pool5"]),
        "alexnet_input": alexnet.input_size[-1],
        "alexnet_ratio": Fraction(alexnet.input_size[-1], alexnet["pool5"].output_shape[-1]),
    }


def _pooling_to_dense() -> dict[str, Value]:
    alexnet = trace(networks.alexnet())
    conv1, conv5, pool5, fc6 = (alexnet[name] for name in ("conv1", "conv5", "pool5", "fc6"))
    pool, dense, first = pool5.operation, fc6.operation, conv1.operation
    assert isinstance(pool, MaxPool2d)
    assert isinstance(dense, Linear)
    assert isinstance(first, Conv2d)
    convolved = sum(row.parameters for row in alexnet.rows if isinstance(row.operation, Conv2d))
    cells = _cells(conv5.output_shape)
    return {
        "conv1_kernel": first.windows()[0].kernel_size,
        "conv1_stride": first.windows()[0].stride,
        "conv1_output": conv1.output_shape[-1],
        "conv5_channels": conv5.output_shape[1],
        "conv5_map": conv5.output_shape[2:],
        "conv5_shape": conv5.output_shape[1:],
        "conv5_values": cells,
        "pool5_input": pool5.input_shape[-1],
        "pool5_output": pool5.output_shape[-1],
        "pool5_shape": pool5.output_shape[1:],
        "pool5_kernel": pool.windows()[0].kernel_size,
        "pool5_stride": pool.windows()[0].stride,
        "pool5_formula": _formula(pool.windows()[0], pool5.input_shape[-1]),
        "flat": dense.in_features,
        "flatten_formula": _tex(alexnet["flatten"].formula),
        "fc6_width": dense.out_features,
        "fc6_matrix": (dense.out_features, dense.in_features),
        "fc6_units": (dense.out_features,),
        "fc6_formula": _tex(dense.parameter_formula),
        "fc6_share": Fraction(100 * dense.parameters, alexnet.parameters),
        "convolution_share": Fraction(100 * convolved, alexnet.parameters),
        "wrong_weights": Linear(cells, dense.out_features, bias=False).parameters,
    }


def _cells(shape: tuple[int, ...]) -> int:
    _, channels, height, width = shape
    return channels * height * width


def _tex(formula: object) -> Tex:
    return Tex(tex(str(formula)))


def _coincidences() -> dict[str, Value]:
    swapped, small = axis.pooling(2, stride=3), axis.pooling(2, stride=2)
    left = swapped.output_size(13)
    return {
        "swapped_kernel": swapped.kernel_size,
        "swapped_stride": swapped.stride,
        "swapped_output": left,
        "swapped_formula": _formula(swapped, 13),
        "swapped_flatten": _tex(f"256·{left}·{left} = {256 * left * left}"),
        "wrong_input": 14,
        "wrong_kernel": small.kernel_size,
        "wrong_stride": small.stride,
        "wrong_formula": Tex(rf"\frac{{14 - 2}}{{2 + 1}} = {(14 - 2) // (2 + 1)}"),
        "right_14": small.output_size(14),
        "pool22_floor": small.output_size(13),
        "pool22_ceil": axis.pooling(2, stride=2, ceil_mode=True).output_size(13),
    }


def _variants() -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, variant in (
        ("alexnet", "paper"),
        ("ungrouped", "ungrouped"),
        ("torchvision", "torchvision"),
    ):
        each = trace(networks.alexnet(variant))
        found[f"{name}_input_shape"] = each.input_size
        found[f"{name}_parameters"] = each.parameters
        found[f"{name}_macs"] = each.macs
    unpadded = _fitting(networks.alexnet())
    padded = _fitting(networks.alexnet("torchvision"))
    at_224 = [_size(networks.alexnet(), 224, name) for name in ("conv1", "pool5")]
    first = networks.alexnet("torchvision").nodes[0].operation
    assert isinstance(first, Conv2d)
    return {
        **found,
        "paper224_conv1": at_224[0],
        "paper224_pool5": at_224[1],
        "torchvision_padding": first.windows()[0].padding[0],
        "unpadded_smallest": unpadded[0],
        "unpadded_largest": unpadded[-1],
        "padded_smallest": padded[0],
        "padded_largest": padded[-1],
    }


def _size(network: Network, input_size: int, name: str) -> int:
    """Return the width of a layer's output above the flattening, which any input size has."""
    names = [node.name for node in network.nodes]
    below = type(network)(network.nodes[: names.index(name) + 1])
    return trace(below, (3, input_size, input_size))[name].output_shape[-1]


def _fitting(network: Network) -> list[int]:
    """Return the input sizes near the network's own whose maps have the sizes of AlexNet."""
    wanted = [55, 27, 13, 6]
    fitting = []
    for size in range(200, 260):
        try:
            sizes = [_size(network, size, name) for name in ("conv1", "pool1", "pool2", "pool5")]
        except ShapeError:
            continue
        if sizes == wanted:
            fitting.append(size)
    return fitting
