"""Receptive fields against two oracles, and against the numbers that the literature gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest
from torch import nn

from cnnexplain import trace
from tests import models, oracles

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.report import Trace


@dataclass(frozen=True)
class Known:
    """A network with the receptive field that a unit in the middle has, where borders are far.

    Attributes:
        build: Returns it, narrow: receptive fields do not depend on the number of channels.
        size: An input, larger than the receptive field along its height.
        last: The name of the map that is asked about.
        height: The receptive field's height.
        affine: What one affine map for the whole row tells; None where none can.
    """

    build: Callable[[], nn.Module]
    size: tuple[int, ...]
    last: str
    height: int
    affine: int | None


def known(
    build: Callable[[], nn.Module], size: tuple[int, ...], last: str, height: int
) -> Known:
    return Known(build, size, last, height, height)


# As tall as the receptive fields ask for, and no wider than the layers do. The sources:
# AlexNet 195, VGG-16 212, MobileNet 315, ResNet-50 483, ResNet-101 1027, ResNet-152 1507 (all
# original): Araujo et al., "Computing receptive fields of convolutional neural networks",
# https://distill.pub/2019/computing-receptive-fields; 404 for fc6: Long et al., 2015.
LARGE = {
    "AlexNet": known(lambda: models.AlexNet(1, 0.05), (3, 448, 63), "features.12", 195),
    "VGG-16": known(lambda: models.VGG16(1, 0.05), (3, 448, 32), "features.30", 212),
    "VGG-16 fc6": known(lambda: models.VGG16Convolutional(0.05), (3, 640, 224), "fc6", 404),
    "MobileNet": known(lambda: models.MobileNet(1, 0.1), (3, 640, 32), "features.26.2", 315),
    "ResNet-18": known(lambda: models.resnet18(0.05), (3, 960, 32), "layer4.1.relu:2", 435),
    "ResNet-50": known(lambda: models.resnet50(0.05), (3, 960, 32), "layer4.2.relu:3", 427),
    "ResNet-50 v1": known(
        lambda: models.resnet50(0.05, original=True), (3, 992, 32), "layer4.2.relu:3", 483
    ),
    "GoogLeNet": known(lambda: models.GoogLeNet(1, 0.1), (3, 832, 32), "inception5b.cat", 379),
    "ResNet-101 v1": known(
        lambda: models.resnet101(0.02, original=True), (3, 2112, 32), "layer4.2.relu:3", 1027
    ),
    "ResNet-152": known(lambda: models.resnet152(0.02), (3, 3072, 32), "layer4.2.relu:3", 1451),
    "ResNet-152 v1": known(
        lambda: models.resnet152(0.02, original=True), (3, 3072, 32), "layer4.2.relu:3", 1507
    ),
    "DenseNet-121": known(
        lambda: models.DenseNet(1, growth_rate=1, bn_size=1, start=2),
        (3, 4224, 32),
        "features.norm5",
        2071,
    ),
}


def conv(channels: int, out: int, kernel_size: int | tuple[int, int], **keywords: object) -> nn.Conv2d:
    return nn.Conv2d(channels, out, kernel_size, **keywords)  # type: ignore[arg-type]


def small(
    *layers: nn.Module,
    height: int,
    size: tuple[int, ...] = (1, 16, 16),
    last: str | None = None,
    affine: int | None = 0,
) -> Known:
    model = layers[0] if len(layers) == 1 else nn.Sequential(*layers)
    name = last if last is not None else str(len(layers) - 1)
    return Known(lambda: model, size, name, height, height if affine == 0 else affine)


SMALL = {
    "dilation and stride": small(
        conv(1, 2, 3, dilation=2, stride=2), conv(2, 2, 3), height=9, size=(1, 16, 16)
    ),
    "dilated max pooling": small(
        conv(1, 2, 3, padding=1), nn.MaxPool2d(2, stride=1, dilation=2), conv(2, 1, 3), height=7
    ),
    "padding same": small(
        conv(1, 2, 3, padding="same"), conv(2, 2, 3, padding="same", dilation=2), height=7
    ),
    "1×7 then 3×3": small(
        conv(1, 2, (1, 7), padding=(0, 3)), conv(2, 2, 3, padding=1), height=3
    ),
    "7×1 then 3×3": small(
        conv(1, 2, (7, 1), padding=(3, 0)), conv(2, 2, 3, padding=1), height=9
    ),
    "reflection": small(
        conv(1, 2, 3, padding=1, padding_mode="reflect"), nn.ReflectionPad2d(1), conv(2, 1, 3),
        height=5,
    ),
    "circular": small(
        conv(1, 2, 3, padding=1, padding_mode="circular"), conv(2, 1, 3, padding=1), height=5
    ),
    "replication": small(nn.ReplicationPad2d(2), conv(1, 1, 5), height=5),
    "ceil_mode": small(
        conv(1, 2, 3, padding=1), nn.MaxPool2d(3, stride=2, ceil_mode=True), conv(2, 1, 1),
        nn.AvgPool2d(2, stride=2, ceil_mode=True),
        height=7, size=(1, 15, 16),
    ),
    "F.max_pool2d": small(models.FunctionalPool(), height=8, last="conv2"),
    "Identity": small(nn.Identity(), conv(1, 2, 3), height=3),
    "Dropout": small(nn.Dropout(0.5), conv(1, 2, 3), height=3),
    "transposed k2 s2": small(
        conv(1, 2, 3, padding=1), nn.ConvTranspose2d(2, 1, 2, stride=2), height=3
    ),
    "transposed k4 s2 p1": small(
        conv(1, 2, 3, padding=1), nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1), height=4
    ),
    "nearest ×2": small(
        nn.Upsample(scale_factor=2, mode="nearest"), conv(1, 2, 3, padding=1), height=2,
        affine=None,
    ),
    "bilinear ×2": small(
        nn.Upsample(scale_factor=2, mode="bilinear"), conv(1, 2, 3, padding=1), height=3,
        affine=None,
    ),
    "adaptive": small(nn.AdaptiveAvgPool2d(3), height=6, last="adaptive_avg_pool2d", affine=None),
    "skip": small(
        models.Residual(conv(1, 1, 3, padding=1), conv(1, 1, 5, padding=2)), height=7, last="add:2"
    ),
    "crop": small(conv(1, 2, 3), models.Crop(1), conv(2, 1, 3), height=5),
    "branches": small(
        models.Parallel(
            conv(1, 1, 5, padding=2),
            conv(1, 2, 3, padding=1),
            nn.MaxPool2d(3, stride=1, padding=1),
            conv(1, 1, 1),
        ),
        height=5,
        last="cat",
    ),
    "misaligned": small(
        models.Parallel(conv(1, 2, 3, stride=2, padding=1), conv(1, 1, 2, stride=2)),
        height=3,
        last="cat",
    ),
    "U-Net": small(models.UNet(1, 1, 2), size=(1, 64, 64), height=44, last="out"),
    "groups": small(
        conv(2, 4, 3, groups=2, padding=1), models.Crop(2), conv(4, 4, 3, groups=4), height=5,
        size=(2, 16, 16),
    ),
}
