"""The examples of the formula sheet."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.api import trace
from cnnexplain.book import contents
from cnnexplain.book.results.shared import field, formula, in_tex, stride
from cnnexplain.operations import Conv2d, Linear

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value
    from cnnexplain.graph import Row
    from cnnexplain.report import Trace


def values() -> dict[str, Value]:
    """Return them by name."""
    alexnet = trace(networks.alexnet())
    return {
        **_windows(),
        **_costs(alexnet),
        **_fields(alexnet),
    }


def _windows() -> dict[str, Value]:
    # On one axis, the window that the figure asymmetric-6-to-3 has on both.
    uneven, uneven_input = axis.convolution(3, stride=2, padding=(0, 1)), 6
    same, same_input = contents.window("same-6-to-6")
    outputs = uneven.output_size(uneven_input)
    added = (outputs - 1) * uneven.stride + uneven.extent - uneven_input
    assert outputs == -(-uneven_input // uneven.stride)
    assert added == sum(uneven.padding)
    assert sum(same.padding) == same.dilation * (same.kernel_size - 1)
    assert same.output_size(same_input) == same_input
    return {
        "sheet_uneven": formula(uneven, uneven_input),
        "sheet_same": in_tex(f"{same.dilation}·({same.kernel_size} − 1) = {sum(same.padding)}"),
        "sheet_same_size": formula(same, same_input),
        "sheet_tensorflow": in_tex(
            f"({outputs} − 1)·{uneven.stride} + {uneven.extent} − {uneven_input} = {added}"
        ),
    }


def bins(inputs: int, outputs: int) -> list[range]:
    """Return the inputs that each output of an adaptive pooling averages, on one axis.

    Args:
        inputs: The number of inputs.
        outputs: The number of outputs.

    Example:
        >>> bins(10, 6)[:2]
        [range(0, 2), range(1, 4)]
    """
    return [range(i * inputs // outputs, -(-(i + 1) * inputs // outputs)) for i in range(outputs)]


def _costs(alexnet: Trace) -> dict[str, Value]:
    conv, dense = alexnet["conv2"], alexnet["fc6"]
    layer, linear = conv.operation, dense.operation
    assert isinstance(layer, Conv2d)
    assert isinstance(linear, Linear)
    _, channels, *sides = conv.output_shape
    inputs = layer.in_channels // layer.groups
    kernel = [window.kernel_size for window in layer.windows]
    cells = [channels, *sides]
    assert prod(cells) * inputs * prod(kernel) == conv.macs
    assert linear.in_features * linear.out_features == dense.macs
    rows, wanted = trace(networks.alexnet("torchvision"), (3, 384, 384))["avgpool"], 1
    came, left = rows.input_shape[-1], rows.output_shape[-1]
    second = bins(came, left)[wanted]
    return {
        "sheet_conv_parameters": in_tex(layer.parameter_formula),
        "sheet_conv_macs": in_tex(
            f"{_times(cells)}·({layer.in_channels}/{layer.groups})·{_times(kernel)} = {conv.macs}"
        ),
        "sheet_dense_macs": in_tex(f"{linear.in_features}·{linear.out_features} = {dense.macs}"),
        "sheet_bin_start": in_tex(f"floor({wanted}·{came}/{left}) = {second.start}"),
        "sheet_bin_stop": in_tex(f"ceil({wanted + 1}·{came}/{left}) − 1 = {second[-1]}"),
    }


def _times(numbers: list[int]) -> str:
    return "·".join(map(str, numbers))


def _fields(alexnet: Trace) -> dict[str, Value]:
    below, conv, last = alexnet["pool1"], alexnet["conv2"], alexnet["pool5"]
    layer = conv.operation
    assert isinstance(layer, Conv2d)
    (window, _) = layer.windows
    grown = f"{field(below)} + {window.dilation}·({window.kernel_size} − 1)·{stride(below)}"
    padded = f"{_padding(below)} + {window.padding[0]}·{stride(below)}"
    unit = 3
    start = unit * stride(last) - _padding(last)
    stop = start + field(last) - 1
    (seen, _) = alexnet.receptive_field("pool5", unit=(unit, unit)).intervals
    assert (seen.start, seen[-1]) == (start, stop)
    return {
        "sheet_field": in_tex(f"{grown} = {field(conv)}"),
        "sheet_stride": in_tex(f"{stride(below)}·{window.stride} = {stride(conv)}"),
        "sheet_padding": in_tex(f"{padded} = {_padding(conv)}"),
        "sheet_unit": unit,
        "sheet_start": in_tex(f"{unit}·{stride(last)} − {_padding(last)} = {start}"),
        "sheet_stop": in_tex(f"{start} + {field(last)} − 1 = {stop}"),
    }


def _padding(row: Row) -> int:
    assert row.effective_padding is not None
    return int(row.effective_padding[-1])
