"""Views that put numbers of different images, or parts of an image, into one row."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnnexplain.operations.reshaping import Flatten, Reshape

if TYPE_CHECKING:
    from cnnexplain.diagnosis.attempt import Attempt
    from cnnexplain.operations import Operation, Shape


def mixes(operation: Operation, before: Shape, after: Shape, batch: int) -> bool:
    """Return whether a view puts numbers of different images, or parts of an image, into one row.

    Whole axes may join the batch, such as the frames of a film or the places of a map, and so may
    parts of the last axis, such as the anchors of a detector.

    Args:
        operation: The operation.
        before: The shape of its input.
        after: The shape of its output.
        batch: The number of images.

    Example:
        >>> view = Reshape("view(-1, 400)", (-1, 400))
        >>> mixes(view, (1, 16, 13, 13), (1, 2704), 1), mixes(view, (1, 16, 10, 10), (4, 400), 1)
        (False, True)
    """
    if not isinstance(operation, Reshape | Flatten) or before[:1] != (batch,):
        return False
    if len(before) < 3 or after[:1] == (batch,):  # noqa: PLR2004
        return False
    values = prod(after[1:])
    whole = {prod(before[at:]) for at in range(1, len(before) + 1)}
    return len(after) == 1 or (values not in whole and bool(before[-1] % values if values else 1))


def mixing(attempt: Attempt) -> int | None:
    """Return the node that turns images into other rows, where the network returns as many rows.

    Args:
        attempt: How far the network came, with all its inputs' shapes.
    """
    batch = attempt.shapes[0][0]
    if all(shape[:1] == (batch,) for shape in attempt.output_shapes):
        return None
    inputs = len(attempt.shapes)
    for index, node in enumerate(attempt.network.nodes):
        after = attempt.values[inputs + index]
        if len(after) == 2 and mixes(node.operation, attempt.values[node.inputs[0]], after, batch):  # noqa: PLR2004
            return index
    return None
