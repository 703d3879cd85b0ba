"""Weights drawn at random with a seed, and so alive that every layer passes its input on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from cnnexplain.conversion.modules import module_of
from cnnexplain.errors import ArgumentError
from cnnexplain.graph import Network

if TYPE_CHECKING:
    from collections.abc import Callable

# Not zero, as in trained networks: so a padded zero differs from what a layer makes of zeros.
_BIAS = 0.05


def seeded(network: Network, seed: int = 0) -> nn.Module:
    """Return a network of `cnnexplain.networks` as a module with weights drawn at random.

    Args:
        network: The network.
        seed: The same seed draws the same weights.

    Returns:
        The module, in eval mode; its layers are called as in the network.

    Raises:
        ArgumentError: If that is no network.

    Example:
        >>> from cnnexplain.networks import lenet5
        >>> seeded(lenet5())(torch.zeros(1, 1, 32, 32)).shape
        torch.Size([1, 10])
    """
    if not isinstance(network, Network):
        raise ArgumentError(
            "a network of cnnexplain.networks",
            f"network as a {type(network).__name__}",
            "write for example cx.networks.vgg16(); a module of your own has weights already",
        )
    return drawn(lambda: module_of(network), torch.Generator().manual_seed(seed)).eval()


def drawn(make: Callable[[], nn.Module], generator: torch.Generator) -> nn.Module:
    """Make a module and draw its weights at random, as He and others do.

    He, Zhang, Ren and Sun, "Delving deep into rectifiers", https://arxiv.org/abs/1502.01852: such
    weights keep the size of the activations from layer to layer. All biases are 0.05. torch's
    own random numbers stay as they were.

    Args:
        make: Returns the module.
        generator: What the weights are drawn from.

    Example:
        >>> layer = drawn(lambda: nn.Linear(2, 3), torch.Generator().manual_seed(0))
        >>> bool((layer.bias == 0.05).all())
        True
    """
    # On "meta" torch draws no weights of its own.
    with torch.device("meta"):
        module = make()
    module.to_empty(device="cpu")
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.constant_(layer.bias, _BIAS)
        elif callable(reset := getattr(layer, "reset_parameters", None)):
            reset()
    return module
