"""Receptive fields against two oracles, and against the numbers that the literature gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from cnnexplain import trace
from tests import models, oracles

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Known:
    """A network with the receptive field that a unit in the middle has, where borders are far.

    Attributes:
        build: Returns it, narrow: receptive fields do not depend on the number of channels.
        size: An input, larger than the receptive field along its height.
        last: The name of the map that is asked about.
        height: The receptive field's height.
        row: The height that one affine map for the whole row tells; None where none can.
    """

    build: Callable[[], nn.Module]
    size: tuple[int, ...]
    last: str
    height: int
    row: int | None


def known(
    build: Callable[[], nn.Module],
    size: tuple[int, ...],
    last: str,
    height: int,
    row: int | None = 0,
) -> Known:
    return Known(build, size, last, height, height if row == 0 else row)


# As tall as the receptive fields ask for, and no wider than the layers do.
LARGE = {
    "AlexNet": known(lambda: models.AlexNet(1, 0.05), (3, 448, 63), "features.12", 195),
    "VGG-16": known(lambda: models.VGG16(1, 0.05), (3, 448, 32), "features.30", 212),
    "VGG-16 fc6": known(lambda: models.VGG16Convolutional(0.05), (3, 640, 224), "fc6", 404),
    "MobileNet": known(lambda: models.MobileNet(1, 0.1), (3, 640, 32), "features.26", 315),
    "ResNet-18": known(lambda: models.resnet18(0.05), (3, 960, 32), "layer4", 435),
    "ResNet-50": known(lambda: models.resnet50(0.05), (3, 960, 32), "layer4", 427),
    "ResNet-50 v1": known(
        lambda: models.resnet50(0.05, original=True), (3, 992, 32), "layer4", 483
    ),
    "GoogLeNet": known(lambda: models.GoogLeNet(1, 0.1), (3, 832, 32), "inception5b.cat", 379),
    "ResNet-101 v1": known(
        lambda: models.resnet101(0.02, original=True), (3, 2112, 32), "layer4", 1027
    ),
    "ResNet-152": known(lambda: models.resnet152(0.02), (3, 3072, 32), "layer4", 1451),
    "DenseNet-121": known(
        lambda: models.DenseNet(1, growth_rate=1, bn_size=1, start=2),
        (3, 4224, 32),
        "features.norm5",
        2071,
    ),
}
# The last row of a residual stage is a ReLU after an addition, used for the second or third time.
LAST = {"layer4": ("layer4.1.relu:2", "layer4.2.relu:3")}
