"""The same values, seen otherwise: reshapes, which leave no trace, and parts of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import pixel_unshuffle

from cnnexplain.conversion.rules.registry import plain, rule
from cnnexplain.conversion.values import Value, followed
from cnnexplain.operations.reshaping import Slice

if TYPE_CHECKING:
    from cnnexplain.conversion.builder import Builder, Item


@rule("Flatten", "Unflatten", "Reshape", "Permute", "Slice", "Expand")
def _reshaped(to: Builder, item: Item) -> Value:
    operation, value = item.operation, item.value
    if isinstance(operation, Slice) and item.shape[2:] != item.shapes[0][2:]:
        cropped = _cropped(to, item, operation)
        if cropped is not None:
            return cropped
    return moved(to, item, followed(operation, value, item.shape))


@rule("PixelUnshuffle")
def _unshuffled(to: Builder, item: Item) -> Value:
    factor = item.operation.downscale_factor  # type: ignore[attr-defined]
    result = followed(
        item.operation,
        item.value,
        item.shape,
        lambda both: pixel_unshuffle(both, factor),
    )
    return moved(to, item, result)


def moved(to: Builder, item: Item, result: Value | None) -> Value:
    """Return a value after a reshape that leaves no trace, or say that there is none.

    Args:
        to: The converted network.
        item: The reshape.
        result: The value; None if the reshape mixes the images of a batch.

    Raises:
        ConversionError: If there is no value.
    """
    if result is None:
        raise item.refused(
            "which mixes the images of a batch",
            "keep the batch as the first axis: x.flatten(1), or x.view(x.size(0), -1)",
        )
    to.wrote(item, "Identity()")
    return result


def _cropped(to: Builder, item: Item, operation: Slice) -> Value | None:
    """Return a part of a map's rows and columns, counted from both of its ends."""
    kept = len(item.shapes[0]) == 4 and all(cut.keepdim for cut in operation.cuts)  # noqa: PLR2004
    if not kept or operation.new or item.value.batch or item.value.is_vector:
        return None
    node, _ = plain(to, item, item.value)
    slices = [slice(None)]
    for cut, size in zip(operation.cuts[1:], item.shapes[0][1:], strict=True):
        rest = size - (cut.start + cut.step * (cut.size - 1) + 1)
        # Of each window the same is cut away; counted from the far end, so is of a larger image.
        slices.append(slice(cut.start or None, -(rest // cut.step * cut.step) or None, cut.step))
    made = to.call(torch.Tensor.__getitem__, (node, tuple(slices)))
    down, across = (cut.step for cut in operation.cuts[2:])
    stride = (item.value.stride[0] * down, item.value.stride[1] * across)
    return Value(made, item.shape[1:], stride=stride)
