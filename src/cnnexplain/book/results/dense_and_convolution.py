"""The numbers of the chapter about convolutions and dense layers as one another."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.api import trace
from cnnexplain.book import contents
from cnnexplain.book.results.shared import formula, in_tex
from cnnexplain.operations import Conv2d, Linear

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value
    from cnnexplain.graph import Row
    from cnnexplain.windows import Convolution, Transposed


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_one_axis(),
        **_plane(),
        **_channels(),
        **_prices(),
        **_shifted(),
        **_folded(),
        **_in_places(),
    }


def _one_axis() -> dict[str, Value]:
    """Return what stands in the matrices of a row of values: plain, with a stride, padded."""
    plain, size = contents.window("connections")
    kernel = plain.kernel_size
    strided, padded = axis.convolution(kernel, stride=2), axis.convolution(kernel, padding=1)
    rows = plain.output_size(size)
    filled = _connections(plain, size)
    kept, cut = _connections(padded, size), padded.output_size(size) * kernel
    return {
        "matrix_size": (rows, size),
        "matrix_filled_formula": in_tex(f"{rows}·{kernel} = {filled}"),
        "matrix_zeros": rows * size - filled,
        "matrix_stride": strided.stride,
        "matrix_stride_size": (strided.output_size(size), size),
        "matrix_stride_filled": _connections(strided, size),
        "matrix_padding": padded.padding[0],
        "matrix_padding_size": (padded.output_size(size), size),
        "matrix_padding_cut": cut - kept,
        "matrix_padding_formula": in_tex(
            f"{padded.output_size(size)}·{kernel} − {cut - kept} = {kept}"
        ),
    }


def _connections(window: Convolution | Transposed, size: int) -> int:
    """Return how many pairs of an output and an input are connected; padding is no input."""
    outputs = range(window.output_size(size))
    return sum(cell in range(size) for output in outputs for cell in window.inputs(output))


def _plane() -> dict[str, Value]:
    window, size = contents.window("convolution-matrix")
    outputs, weights = window.output_size(size) ** 2, window.kernel_size**2
    return {
        "plane_kernel": (window.kernel_size,) * 2,
        "plane_input": (size, size),
        "plane_matrix": (outputs, size**2),
        "plane_entries": outputs * size**2,
        "plane_filled": _connections(window, size) ** 2,
        "plane_weights": weights,
    }


_IN, _OUT = 2, 3
"""Channels, few enough to write every block down."""


def _channels() -> dict[str, Value]:
    """Return how large the matrix of several channels is, and what is in it."""
    window, size = contents.window("connections")
    outputs, kernel = window.output_size(size), window.kernel_size
    weights = _IN * _OUT * kernel
    return {
        "blocks_in": _IN,
        "blocks_out": _OUT,
        "blocks_count": _IN * _OUT,
        "blocks_matrix": (_OUT * outputs, _IN * size),
        "blocks_entries": _OUT * outputs * _IN * size,
        "blocks_weights_formula": in_tex(f"{_OUT}·{_IN}·{kernel} = {weights}"),
        "blocks_outputs": _OUT * outputs,
    }


_BYTES = 4
"""A number in single precision."""


def _prices() -> dict[str, Value]:
    """Return what the first convolutions of two networks would cost without sparsity or sharing."""
    found: dict[str, Value] = {}
    for name, row in (
        ("alexnet", trace(networks.alexnet())["conv1"]),
        ("vgg", trace(networks.vgg16())["conv1_1"]),
    ):
        inputs, outputs = prod(row.input_shape), prod(row.output_shape)
        connections, weights = _connected(row), _weights(row)
        found |= {
            f"price_{name}_inputs": inputs,
            f"price_{name}_outputs": outputs,
            f"price_{name}_dense": inputs * outputs,
            f"price_{name}_local": connections,
            f"price_{name}_shared": weights,
            f"price_{name}_gigabytes": Fraction(f"{_BYTES * inputs * outputs / 1e9:.3g}"),
            f"price_{name}_sparse": Fraction(f"{100 * connections / (inputs * outputs):.2g}"),
        }
    vgg16 = trace(networks.vgg16())
    first = vgg16["conv1_1"]
    weights = _weights(first)
    assert isinstance(first.operation, Conv2d)
    kernel = [window.kernel_size for window in first.operation.windows]
    channels = first.output_shape[1], first.input_shape[1]
    product = "·".join(map(str, (*channels, *kernel)))
    return {
        **found,
        # The lab's 6×6 values under windows of 3×3.
        "local_lab_weights": axis.convolution(3).output_size(6) ** 2 * 3**2,
        "price_vgg_kernel": tuple(kernel),
        "price_vgg_output": first.output_shape[1:],
        "price_vgg_weights_formula": in_tex(f"{product} = {weights}"),
        "price_vgg_macs": first.macs,
        "price_vgg_parameters": vgg16.parameters,
    }


def _connected(row: Row) -> int:
    """Return how many pairs of an output and an input a convolution connects."""
    operation = row.operation
    assert isinstance(operation, Conv2d)
    _, channels, *sizes = row.input_shape
    pairs = zip(operation.windows, sizes, strict=True)
    cells = prod([_connections(window, size) for window, size in pairs])
    return channels * row.output_shape[1] * cells


def _weights(row: Row) -> int:
    """Return a convolution's weights, without its biases: one for each output channel."""
    return row.parameters - row.output_shape[1]


def _shifted() -> dict[str, Value]:
    """Return how many outputs move with the input, with padding and without."""
    plain, size = contents.window("connections")
    padded = axis.convolution(plain.kernel_size, padding=1)
    found: dict[str, Value] = {}
    for name, window in (("plain", plain), ("padded", padded)):
        outputs = window.output_size(size)
        clean = window.clean(range(size), outputs)
        # Output i of the shifted row against output i + 1 of the first.
        pairs = [(index, index + 1) for index in range(outputs - 1)]
        found |= {
            f"shift_{name}_compared": len(pairs),
            f"shift_{name}_equal": sum(a in clean and b in clean for a, b in pairs),
        }
    return found


def _folded() -> dict[str, Value]:
    """Return AlexNet's first fully connected layer as kernels."""
    alexnet = trace(networks.alexnet())
    dense, (_, *kernel) = alexnet["fc6"].operation, alexnet["pool5"].output_shape
    assert isinstance(dense, Linear)
    weights = Linear(dense.in_features, dense.out_features, bias=False).parameters
    count = "·".join(map(str, (dense.out_features, *kernel)))
    return {
        "folded_weights_formula": in_tex(f"{count} = {weights}"),
        "folded_places_formula": formula(axis.convolution(kernel[-1]), kernel[-1]),
    }


def _in_places() -> dict[str, Value]:
    """Return what a 1×1 convolution costs, and what it would cost as one dense layer."""
    _, channels, *sizes = trace(networks.alexnet())["pool5"].output_shape
    classes = trace(networks.alexnet()).rows[-1].output_shape[-1]
    cells = prod(sizes)
    return {
        "places_input": (channels, *sizes),
        "places_output": (classes, *sizes),
        "places_count": cells,
        "places_weights_formula": in_tex(f"{channels}·{classes} = {channels * classes}"),
        "places_dense": cells**2 * channels * classes,
    }
