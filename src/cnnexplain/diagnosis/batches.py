"""Views that put numbers of different images, or parts of an image, into one row."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnnexplain.operations.reshaping import Flatten, Permute, Reshape
from cnnexplain.operations.spatial import Spatial

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.diagnosis.attempt import Attempt
    from cnnexplain.operations import Shape


def mixing(attempt: Attempt) -> int | None:
    """Return the node that turns images into other rows, where the network returns these rows.

    Args:
        attempt: How far the network came, with all its inputs' shapes.
    """
    batch, inputs = attempt.shapes[0][0], len(attempt.shapes)
    returned = _returned(attempt)
    for index, node in enumerate(attempt.network.nodes):
        after = attempt.values[inputs + index]
        if len(after) == 2 and _mixes(attempt, index) and _reaches(attempt, index, returned):  # noqa: PLR2004
            before = attempt.values[node.inputs[0]]
            if before[:1] == (batch,) and _is_behind_a_window(attempt, node.inputs[0]):
                return index
    return None


def keeps(attempt: Attempt) -> bool:
    """Return whether no view turns images into other rows, not even whole channels, that come out.

    Args:
        attempt: How far the network came, with all its inputs' shapes.
    """
    batch, inputs = attempt.shapes[0][0], len(attempt.shapes)
    returned = _returned(attempt)
    for index, node in enumerate(attempt.network.nodes):
        if not isinstance(node.operation, Reshape | Flatten):
            continue
        before, after = attempt.values[node.inputs[0]], attempt.values[inputs + index]
        changed = before[:1] == (batch,) and after[:1] != (batch,) and len(before) > 2  # noqa: PLR2004
        moved = isinstance(_maker(attempt, node.inputs[0]), Permute)
        if changed and not moved and _reaches(attempt, index, returned):
            return False
    return True


def losing(attempt: Attempt) -> int | None:
    """Return the node that loses the axis of the batch for what failed, if one does.

    Args:
        attempt: How far the network came.
    """
    assert attempt.failure is not None
    nodes = range(len(attempt.network.nodes))
    failed = set(attempt.failure.inputs)
    return next(
        (each for each in nodes if _mixes(attempt, each) and _reaches(attempt, each, failed)), None
    )


def _returned(attempt: Attempt) -> set[int]:
    """Return the numbers of the values that a network returns without the batch in front."""
    batch = attempt.shapes[0][0]
    outputs = attempt.network.outputs or (len(attempt.values) - 1,)
    return {number for number in outputs if attempt.values[number][:1] != (batch,)}


def _reaches(attempt: Attempt, index: int, numbers: Iterable[int]) -> bool:
    """Return whether rows that a node made reach some values, before the batch is restored."""
    batch, inputs = attempt.shapes[0][0], len(attempt.shapes)
    mixed = {inputs + index}
    for later, node in enumerate(attempt.network.nodes[index + 1 :], index + 1):
        if not mixed.isdisjoint(node.inputs) and attempt.values[inputs + later][:1] != (batch,):
            mixed.add(inputs + later)
    return not mixed.isdisjoint(numbers)


def _mixes(attempt: Attempt, index: int) -> bool:
    """Return whether a view puts numbers of different images, or parts of an image, into one row.

    Whole axes may join the batch, such as the frames of a film or the places of a map, and so may
    parts of the last axis where that is the channels, such as the anchors of a detector.
    """
    node, batch = attempt.network.nodes[index], attempt.shapes[0][0]
    if not isinstance(node.operation, Reshape | Flatten):
        return False
    before = attempt.values[node.inputs[0]]
    after = attempt.values[len(attempt.shapes) + index]
    if before[:1] != (batch,) or len(before) < 3 or after[:1] == (batch,):  # noqa: PLR2004
        return False
    if len(after) == 1:
        return True
    values = prod(after[1:])
    if values in {prod(before[at:]) for at in range(1, len(before) + 1)}:
        return False
    of_map = isinstance(_maker(attempt, node.inputs[0]), Spatial)
    return of_map or not values or bool(before[-1] % values)


def _maker(attempt: Attempt, number: int) -> object:
    """Return the operation that laid a value out: the last one that did not keep its shape."""
    index = attempt.node(number)
    while index is not None:
        node = attempt.network.nodes[index]
        shape: Shape = attempt.values[number]
        laid = isinstance(node.operation, Spatial | Permute) or len(node.inputs) != 1
        if laid or attempt.values[node.inputs[0]] != shape:
            return node.operation
        number = node.inputs[0]
        index = attempt.node(number)
    return None


def _is_behind_a_window(attempt: Attempt, number: int) -> bool:
    """Return whether a value comes from a convolution or a pooling, and so has channels."""
    left, seen = [number], set[int]()
    while left:
        index = attempt.node(left.pop())
        if index is None or index in seen:
            continue
        seen.add(index)
        node = attempt.network.nodes[index]
        if isinstance(node.operation, Spatial):
            return True
        left += node.inputs
    return False
