"""Networks with one hidden layer that read handwritten digits, as wide as one likes.

Several are trained at once, each from weights of its own, as one product of matrices for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnexplain.errors import whole
from cnnexplain.examples.digits import BACKGROUND, WINDOW, repeatable, samples
from cnnexplain.examples.weights import drawn

if TYPE_CHECKING:
    from torch import Tensor

PIXELS, CLASSES = WINDOW * WINDOW, BACKGROUND
# From one unit, which cannot do, to as many as AlexNet and VGG-16 have.
WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096)
SEEDS = 5

_EPOCHS, _BATCH, _RATE = 20, 64, 1e-2


def network(hidden: int) -> nn.Sequential:
    """Return a network with weights that are not learnt yet.

    Args:
        hidden: The number of its hidden units.

    Example:
        >>> sum(each.numel() for each in network(20).parameters())
        1510
    """
    return nn.Sequential(nn.Linear(PIXELS, hidden), nn.ReLU(), nn.Linear(hidden, CLASSES))


def accuracies(hidden: int, seeds: int = SEEDS) -> list[float]:
    """Train networks that differ in their first weights; seconds on one thread, if they are wide.

    The same call gives the same numbers, on the same machine with the same versions.

    Args:
        hidden: The number of hidden units.
        seeds: How many networks.

    Returns:
        The share of the held-out digits that each of them reads right.

    Raises:
        ArgumentError: If an argument is no positive integer.
        CnnExplainError: If scikit-learn is not installed.

    Example:
        >>> min(accuracies(32)) > 0.95
        True
    """
    whole("hidden", hidden, 1)
    training, held_out = samples()
    weights = _stacked(hidden, whole("seeds", seeds, 1))
    with repeatable(), torch.enable_grad():
        _learn(weights, training.pictures.flatten(1), training.labels)
        read = _scores(weights, held_out.pictures.flatten(1)).detach().argmax(2)
    return [float(each) for each in (read == held_out.labels).double().mean(1)]


def _stacked(hidden: int, seeds: int) -> list[Tensor]:
    """Return weights and biases of all networks, those of one layer in one tensor."""
    models = [
        drawn(lambda: network(hidden), torch.Generator().manual_seed(seed)) for seed in range(seeds)
    ]
    layers = zip(*(model.parameters() for model in models), strict=True)
    return [torch.stack(each).detach().requires_grad_() for each in layers]


def _scores(weights: list[Tensor], pictures: Tensor) -> Tensor:
    """Return the scores of each network, picture and class."""
    first, first_bias, second, second_bias = weights
    every = pictures.expand(len(first), -1, -1)
    hidden = torch.baddbmm(first_bias[:, None], every, first.transpose(1, 2)).relu()
    return torch.baddbmm(second_bias[:, None], hidden, second.transpose(1, 2))


def _learn(weights: list[Tensor], pictures: Tensor, labels: Tensor) -> None:
    """Train all networks with the same digits in the same order."""
    count = len(weights[0])
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(weights)
    steps = _EPOCHS * -(-len(labels) // _BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        order = torch.randperm(len(labels), generator=generator)
        for batch in torch.split(order, _BATCH):
            optimizer.zero_grad()
            scores = _scores(weights, pictures[batch])
            # Of the sum over the networks, each one's gradient is its own.
            loss = count * cross_entropy(scores.flatten(0, 1), labels[batch].repeat(count))
            torch.autograd.backward(loss)
            optimizer.step()
            rate.step()
