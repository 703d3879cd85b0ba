"""What the converted network has that torch.nn does not: few pieces, each on whole maps."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import conv2d
from torch.overrides import has_torch_function

if TYPE_CHECKING:
    from collections.abc import Sequence

# How many windows are copied out of the map at once, so that the copy stays small.
_WINDOWS = 512
# As so many images, the weights go to the fast kernel of torch's also where there is one thread.
_IMAGES = 16


class FullConv2d(nn.Conv2d):
    """A convolution whose kernel is the weight matrix of a fully connected layer.

    It is an `nn.Conv2d` with stride 1 and no padding, and computes what that does. Its kernel is
    large and its places are few, and for those the processor would arrange all weights anew in each
    call. So there both change places: the weights are the image, each window of the map is a kernel
    of size 1, and what is arranged anew are the windows.
    """

    computes_as = "Conv2d"

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  # as torch calls it
        """Return the scores of each place.

        Args:
            input: The map, (batch, channels, height, width).
        """
        pairs = list(zip(self.kernel_size, self.dilation, strict=True))
        extents = [step * (size - 1) + 1 for size, step in pairs]
        fits = all(size >= extent for size, extent in zip(input.shape[2:], extents, strict=True))
        # Whoever records the functions of torch sees the convolution.
        if input.device.type != "cpu" or not fits or has_torch_function((input,)):
            return super().forward(input)
        views = input
        for axis, (extent, (_, step)) in enumerate(zip(extents, pairs, strict=True), 2):
            views = views.unfold(axis, extent, 1)[..., ::step]
        windows = views.permute(0, 2, 3, 1, 4, 5)
        rows = max(1, _WINDOWS // (windows.shape[0] * windows.shape[2]))
        parts = torch.split(windows, rows, dim=1)
        scores = torch.cat([_scores(self.weight, part) for part in parts], dim=2)
        return scores if self.bias is None else scores + self.bias[:, None, None]


def _scores(weight: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
    """Return the scores of windows, (batch, classes, height, width).

    Args:
        weight: The kernel, (classes, channels, rows, columns).
        windows: The windows, (batch, height, width, channels, rows, columns).
    """
    classes, size = len(weight), weight[0].numel()
    pixels = weight.reshape(gcd(classes, _IMAGES), -1, 1, size).permute(0, 3, 1, 2)
    scores = conv2d(pixels, windows.reshape(-1, size, 1, 1))
    return scores.permute(0, 2, 3, 1).reshape(classes, *windows.shape[:3]).transpose(0, 1)


def per_cell(maps: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Return a map's cells as a batch of vectors, as the original network has them.

    Args:
        maps: (batch, channels, height, width).
        shape: The shape of one image's value in the original network.

    Example:
        >>> per_cell(torch.zeros(2, 10, 6, 6), (10,)).shape
        torch.Size([72, 10])
    """
    return maps.permute(0, 2, 3, 1).reshape(-1, *shape)


def per_map(vectors: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return a batch of vectors as a map again.

    Args:
        vectors: A vector, or a value of any shape, for each cell.
        like: The map whose cells they were.

    Example:
        >>> per_map(torch.zeros(72, 5), torch.zeros(2, 10, 6, 6)).shape
        torch.Size([2, 5, 6, 6])
    """
    batch, _, height, width = like.shape
    return vectors.reshape(batch, height, width, -1).permute(0, 3, 1, 2)


def constant_map(channels: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return a map that is one number throughout in each of its channels.

    Args:
        channels: The number of each channel.
        like: A map with as many images, rows and columns.

    Example:
        >>> constant_map(torch.ones(3), torch.zeros(2, 10, 6, 6)).shape
        torch.Size([2, 3, 6, 6])
    """
    batch, _, height, width = like.shape
    return channels.view(1, -1, 1, 1).expand(batch, -1, height, width)
