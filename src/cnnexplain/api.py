"""What users call: modules, networks or text in, values out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.graph import Network, sizes, walk
from cnnexplain.report import Trace
from cnnexplain.source import read
from cnnexplain.tracing import is_module, network_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn


def trace(
    model: nn.Module | Network | str,
    input_size: Sequence[int] | None = None,
    batch_size: int = 1,
) -> Trace:
    """Trace a network: for each layer its sizes with formulas, its cost, its receptive field.

    Args:
        model: A `torch.nn.Sequential`, a network of `cnnexplain.networks`, or the text of an
            `nn.Sequential(...)`, which is read and never executed.
        input_size: (channels, height, width), without the batch; a network of
            `cnnexplain.networks` knows its own.
        batch_size: The number of inputs at once.

    Returns:
        The rows and the totals.

    Raises:
        ArgumentError: If an argument is not allowed.
        SourceError: If the text is no network.
        ShapeError: If a layer cannot take what the layers before it make.

    Example:
        >>> pooled = trace("nn.Sequential(nn.MaxPool2d(3, stride=2), nn.Flatten())", (256, 13, 13))
        >>> [row.output_shape for row in pooled.rows]
        [(1, 256, 6, 6), (1, 9216)]
    """
    if isinstance(model, Network):
        network = model
    elif isinstance(model, str):
        network = read(model)
    elif is_module(model):
        network = network_of(model)
    else:
        raise ArgumentError(
            "a torch.nn.Sequential, a network of cnnexplain.networks, or text",
            shown(model),
            "write for example cx.trace(cx.networks.alexnet(), (3, 227, 227))",
        )
    wanted = network.input_size if input_size is None else sizes(input_size)
    if wanted is None:
        raise ArgumentError(
            "input_size as (channels, height, width)",
            "none, and the network knows none of its own",
            "write for example input_size=(3, 224, 224)",
        )
    return Trace(network, (wanted,), batch_size, tuple(walk(network, wanted, batch_size)))
