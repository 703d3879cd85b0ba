"""More numbers of the first two chapters, and of the exercises of the labs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cnnexplain import api, axis, networks
from cnnexplain.api import trace
from cnnexplain.book.results import dense
from cnnexplain.book.results.shared import IMAGE, width
from cnnexplain.figures.downsampling import known, strided
from cnnexplain.operations import Conv2d, Linear, MaxPool2d
from cnnexplain.report import Trace
from cnnexplain.source import read

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value
    from cnnexplain.graph import Network
    from cnnexplain.operations import Operation


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_strides(),
        **_poolings(),
        **_dense_layers(),
        **_exercises(),
    }


def _strides() -> dict[str, Value]:
    """Return how rare large strides are in the networks of the figure."""
    layers = [layer for each in strided(known()) for layer in each.layers]
    wide = [each for each in strided(known()) for layer in each.layers if layer.step > 2]  # noqa: PLR2004
    # The text says that they stand first in their networks.
    assert all(each.layers[0].step > 2 for each in wide)  # noqa: PLR2004
    _, channels, height, breadth = trace(networks.vgg16())["pool5"].output_shape
    return {
        "strided_layers": len(layers),
        "strided_wide": len(wide),
        # In the order of the course page.
        "vgg_volume": (height, breadth, channels),
    }


def _operations(network: Network | Trace | str) -> list[Operation]:
    if isinstance(network, Trace):
        return [row.operation for row in network.rows]
    found = read(network) if isinstance(network, str) else network
    return [node.operation for node in found.nodes]


def _poolings() -> dict[str, Value]:
    """Return how usual a pooling of size 2 and stride 2 is in the same networks."""
    every = [each for network in known().values() for each in _operations(network)]
    pooling = [each.windows[0] for each in every if "Pool" in type(each).__name__]  # type: ignore[attr-defined]
    return {
        "known_networks": len(known()),
        "known_poolings": len(pooling),
        "known_poolings_two": sum((each.kernel_size, each.stride) == (2, 2) for each in pooling),
    }


def _dense_layers() -> dict[str, Value]:
    alexnet = trace(networks.alexnet())
    layers = {row.name: row.operation for row in alexnet.rows if isinstance(row.operation, Linear)}
    held = sum(each.parameters for each in layers.values())
    first = layers["fc6"]
    return {
        "fc6_weights": first.in_features * first.out_features,
        "fc6_parameters": first.parameters,
        "fc7_width": layers["fc7"].out_features,
        "fc8_width": layers["fc8"].out_features,
        "dense_share": Fraction(100 * held, alexnet.parameters),
        "claimed_input": (dense.CLAIMED, dense.CLAIMED),
    }


def _exercises() -> dict[str, Value]:
    """Return the numbers of the labs' exercises."""
    resnet = known()["ResNet-50"]
    stem = _operations(resnet)[0]
    assert isinstance(stem, Conv2d)
    window = stem.windows[0]
    picture = trace(networks.vgg16()).input_size[-1]
    _, channels, size, _ = trace(networks.alexnet())["pool5"].input_shape
    rounded_up = axis.pooling(2, stride=2, ceil_mode=True).output_size(size)
    small = width(networks.alexnet(), dense.CLAIMED, "pool5")
    (digits,) = api.explain(networks.lenet5(), (1, 28, 28)).problems
    poolings = sum(isinstance(row.operation, MaxPool2d) for row in trace(networks.vgg16()).rows)
    sides = [side for side in range(IMAGE, 2 * IMAGE) if side >> poolings == IMAGE >> poolings]
    return {
        "stem_kernel": window.kernel_size,
        "stem_stride": window.stride,
        "stem_padding": window.padding[0],
        "stem_output": window.output_size(picture),
        "pool22_ceil_flat": channels * rounded_up**2,
        "paper224_flat": channels * small**2,
        "lenet_came": digits.facts["came"],
        "lenet_wanted": digits.facts["wanted"],
        "twelve_smallest": sides[0],
        "twelve_largest": sides[-1],
    }
