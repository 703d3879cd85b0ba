"""Photographs that scikit-image and scikit-learn carry, read from their files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn.functional import interpolate

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.examples.packages import file_of, imported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


class _Source(NamedTuple):
    """Where a photograph is, and whom to name beside it."""

    package: str
    path: tuple[str, ...]
    credit: str


_SOURCES: Mapping[str, _Source] = {
    "astronaut": _Source("skimage", ("data", "astronaut.png"), "NASA, public domain"),
    "chelsea": _Source("skimage", ("data", "chelsea.png"), "Stefan van der Walt, CC0"),
    "coffee": _Source("skimage", ("data", "coffee.png"), "Rachel Michetti, CC0"),
    "rocket": _Source("skimage", ("data", "rocket.jpg"), "SpaceX, public domain"),
    "china": _Source("sklearn", ("datasets", "images", "china.jpg"), "danielbuechele, CC BY 2.0"),
    "flower": _Source("sklearn", ("datasets", "images", "flower.jpg"), "vultilion, CC BY 2.0"),
}
NAMES = tuple(_SOURCES)


class Faces(NamedTuple):
    """Small grey pictures, half of which show a face.

    Attributes:
        pictures: Grey values from 0 to 255, of shape (200, 25, 25), float32.
        labels: 1 for a face, 0 for anything else, of shape (200,).
    """

    pictures: Tensor
    labels: Tensor


def photograph(name: str) -> Tensor:
    """Return a photograph.

    Args:
        name: One of `NAMES`: `"astronaut"`, `"chelsea"` (a cat), `"coffee"`, `"rocket"`,
            `"china"` (a palace), `"flower"`.

    Returns:
        Red, green and blue, of shape (3, height, width), uint8.

    Raises:
        ArgumentError: If there is no such photograph.
        CnnExplainError: If the package that carries it is not installed.

    Example:
        >>> photograph("chelsea").shape
        torch.Size([3, 300, 451])
    """
    source = _source(name)
    image = imported("PIL.Image")
    with image.open(file_of(source.package, *source.path)) as picture:
        pixels = np.array(picture.convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def credit(name: str) -> str:
    """Return who made a photograph, and its licence, to be shown beside it.

    Args:
        name: One of `NAMES`.

    Raises:
        ArgumentError: If there is no such photograph.

    Example:
        >>> credit("coffee")
        'Rachel Michetti, CC0'
    """
    return _source(name).credit


def _source(name: str) -> _Source:
    if not isinstance(name, str) or name not in _SOURCES:
        raise ArgumentError(
            f"one of the photographs {', '.join(NAMES)}",
            f"name={shown(name)}",
            "use one of these names",
        )
    return _SOURCES[name]


def faces() -> Faces:
    """Return 100 faces and 100 pieces of background.

    They are a part of "Labeled faces in the wild", http://vis-www.cs.umass.edu/lfw/.

    Raises:
        CnnExplainError: If scikit-image is not installed.

    Example:
        >>> pictures, labels = faces()
        >>> pictures.shape, int(labels.sum())
        (torch.Size([200, 25, 25]), 100)
    """
    grey = np.load(file_of("skimage", "data", "lfw_subset.npy"))
    pictures = torch.from_numpy(grey).float() * 255
    return Faces(pictures, (torch.arange(len(pictures)) < 100).long())  # noqa: PLR2004


def resized(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a picture in another size; where it shrinks, it is smoothed before.

    Args:
        image: Of shape (channels, height, width), or with a batch before it.
        size: The height and the width to make, in pixels.

    Returns:
        The picture in float32; its values keep their scale.

    Raises:
        ArgumentError: If the size is not positive.

    Example:
        >>> resized(torch.zeros(3, 500, 400, dtype=torch.uint8), (50, 40)).shape
        torch.Size([3, 50, 40])
    """
    height, width = (whole("size", side, 1) for side in size)
    batch = image.float().reshape(-1, *image.shape[-3:])
    made = interpolate(batch, (height, width), mode="bilinear", antialias=True)
    return made.reshape(*image.shape[:-2], height, width)


def centred(image: Tensor, side: int = 224) -> Tensor:
    """Return the middle of a picture as a square; all of the shorter side is in it.

    Args:
        image: Of shape (channels, height, width), or with a batch before it.
        side: The square's side, in pixels.

    Returns:
        The square in float32; its values keep their scale.

    Raises:
        ArgumentError: If the side is not positive.

    Example:
        >>> centred(photograph("coffee")).shape
        torch.Size([3, 224, 224])
    """
    height, width = image.shape[-2:]
    scale = whole("side", side, 1) / min(height, width)
    small = resized(image, (round(height * scale), round(width * scale)))
    top, left = ((length - side) // 2 for length in small.shape[-2:])
    return small[..., top : top + side, left : left + side]


def jpeg(image: Tensor, side: int = 384) -> bytes:
    """Return a picture as the bytes of a JPEG file, as figures take photographs.

    Args:
        image: Red, green and blue from 0 to 255, of shape (3, height, width).
        side: How long its longer side is to be, in pixels.

    Raises:
        CnnExplainError: If Pillow is not installed.

    Example:
        >>> jpeg(torch.zeros(3, 40, 30))[:2].hex()
        'ffd8'
    """
    height, width = image.shape[-2:]
    longer = max(height, width)
    small = resized(image, (round(height * side / longer), round(width * side / longer)))
    pixels = small.clamp(0, 255).round().byte().permute(1, 2, 0).contiguous()
    stream = io.BytesIO()
    imported("PIL.Image").fromarray(pixels.numpy()).save(stream, "JPEG", quality=82)
    return stream.getvalue()
