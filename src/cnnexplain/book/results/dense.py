"""The numbers of the chapter about AlexNet's way from a pooling to a dense layer."""

from __future__ import annotations

from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.api import trace
from cnnexplain.book import experiments
from cnnexplain.book.forms import Tex
from cnnexplain.book.results.shared import formula, in_tex, width
from cnnexplain.errors import ShapeError
from cnnexplain.operations import Conv2d, Linear, MaxPool2d

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value
    from cnnexplain.graph import Network


# The side of the inputs that the article on AlexNet speaks of, which its own sizes rule out.
CLAIMED = 224


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_pooling_to_dense(),
        **_coincidences(),
        **_variants(),
        **_widths(),
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
        "conv1_kernel": first.windows[0].kernel_size,
        "conv1_stride": first.windows[0].stride,
        "conv1_output": conv1.output_shape[-1],
        "conv5_channels": conv5.output_shape[1],
        "conv5_map": conv5.output_shape[2:],
        "conv5_shape": conv5.output_shape[1:],
        "conv5_values": cells,
        "pool5_input": pool5.input_shape[-1],
        "pool5_output": pool5.output_shape[-1],
        "pool5_shape": pool5.output_shape[1:],
        "pool5_kernel": pool.windows[0].kernel_size,
        "pool5_stride": pool.windows[0].stride,
        "pool5_formula": formula(pool.windows[0], pool5.input_shape[-1]),
        "flat": dense.in_features,
        "flatten_formula": in_tex(alexnet["flatten"].formula),
        "fc6_width": dense.out_features,
        "fc6_matrix": (dense.out_features, dense.in_features),
        "fc6_units": (dense.out_features,),
        "fc6_formula": in_tex(dense.parameter_formula),
        "fc6_share": Fraction(100 * dense.parameters, alexnet.parameters),
        "convolution_share": Fraction(100 * convolved, alexnet.parameters),
        "wrong_weights": Linear(cells, dense.out_features, bias=False).parameters,
    }


def _cells(shape: tuple[int, ...]) -> int:
    _, channels, height, width = shape
    return channels * height * width


def _coincidences() -> dict[str, Value]:
    _, channels, size, _ = trace(networks.alexnet())["pool5"].input_shape
    swapped, small = axis.pooling(2, stride=3), axis.pooling(2, stride=2)
    left = swapped.output_size(size)
    # The wrong formula pads the input once, so that size 2 with stride 2 fits.
    padded, kernel, stride = size + 1, small.kernel_size, small.stride
    wrong = (padded - kernel) // (stride + 1)
    return {
        "swapped_kernel": swapped.kernel_size,
        "swapped_stride": swapped.stride,
        "swapped_output": left,
        "swapped_formula": formula(swapped, size),
        "swapped_flatten": in_tex(f"{channels}·{left}·{left} = {channels * left * left}"),
        "wrong_input": padded,
        "wrong_kernel": kernel,
        "wrong_stride": stride,
        "wrong_formula": Tex(rf"\frac{{{padded} - {kernel}}}{{{stride} + 1}} = {wrong}"),
        "right_14": small.output_size(padded),
        "pool22_floor": small.output_size(size),
        "pool22_ceil": axis.pooling(2, stride=2, ceil_mode=True).output_size(size),
    }


def _variants() -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name in ("alexnet", "ungrouped", "torchvision"):
        each = trace(networks.alexnet("paper" if name == "alexnet" else name))
        found[f"{name}_input_shape"] = each.input_size
        found[f"{name}_parameters"] = each.parameters
        found[f"{name}_macs"] = each.macs
    unpadded = _fitting(networks.alexnet())
    padded = _fitting(networks.alexnet("torchvision"))
    at_224 = [width(networks.alexnet(), CLAIMED, name) for name in ("conv1", "pool5")]
    first = networks.alexnet("torchvision").nodes[0].operation
    assert isinstance(first, Conv2d)
    return {
        **found,
        "paper224_conv1": at_224[0],
        "paper224_pool5": at_224[1],
        "torchvision_padding": first.windows[0].padding[0],
        "unpadded_smallest": unpadded[0],
        "unpadded_largest": unpadded[-1],
        "padded_smallest": padded[0],
        "padded_largest": padded[-1],
    }


def _fitting(network: Network) -> list[int]:
    """Return the input sizes near the network's own whose maps have the sizes of AlexNet."""
    names = ("conv1", "pool1", "pool2", "pool5")
    alexnet = trace(networks.alexnet())
    wanted = [alexnet[name].output_shape[-1] for name in names]
    fitting = []
    for size in range(200, 260):
        try:
            sizes = [width(network, size, name) for name in names]
        except ShapeError:
            continue
        if sizes == wanted:
            fitting.append(size)
    return fitting


_FEW, _SOME, _MANY = "4", "32", "4096"


def _widths() -> dict[str, Value]:
    """Return how well networks of some widths read digits."""
    found = experiments.found("width")["accuracies"]
    values: dict[str, Value] = {"width_seeds": len(found[_FEW])}
    for name, units in (("few", _FEW), ("some", _SOME), ("many", _MANY)):
        values[f"width_{name}"] = int(units)
        values[f"width_{name}_accuracy"] = Fraction(f"{100 * median(found[units]):.3g}")
    return values
