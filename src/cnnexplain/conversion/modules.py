"""Modules of torch for the networks that come with the package, and for those in text."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.graph import Network
from cnnexplain.source import read

if TYPE_CHECKING:
    from cnnexplain.operations import Operation


def module_of(model: object) -> nn.Module:
    """Return a module: the model itself, or one for a network of the package or a text.

    Args:
        model: An `nn.Module`; a network of `cnnexplain.networks`; or the text of an
            `nn.Sequential(...)`. The last two get torch's random weights, always the same.

    Raises:
        ArgumentError: If it is none of these.

    Example:
        >>> module_of("nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten())")[0]
        Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))
    """
    if isinstance(model, nn.Module):
        return model
    network = read(model) if isinstance(model, str) else model
    if not isinstance(network, Network):
        raise ArgumentError(
            "a torch.nn.Module, a network of cnnexplain.networks, or text",
            shown(model),
            "write for example cx.networks.vgg16()",
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = OrderedDict((node.name, _layer(node.operation)) for node in network.nodes)
    return nn.Sequential(layers).eval()


def _layer(operation: Operation) -> nn.Module:
    arguments: dict[str, Any] = {
        each.name: getattr(operation, each.name) for each in fields(operation)
    }
    made: nn.Module = getattr(nn, type(operation).__name__)(**arguments)
    return made
