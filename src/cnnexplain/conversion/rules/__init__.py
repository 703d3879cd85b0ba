"""How each kind of operation is rewritten for maps: a rule returns the value that it makes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnnexplain.conversion.rules import (
    channels,
    dense,
    functions,
    pointwise,
    pooling,
    reshaping,
    windows,
)
from cnnexplain.conversion.rules.registry import INSTEAD, RULES, aligned, reason
from cnnexplain.operations.activations import POINTWISE

if TYPE_CHECKING:
    from cnnexplain.conversion.builder import Builder, Item
    from cnnexplain.conversion.values import Value

# Imported for the rules in them.
_FAMILIES = (channels, dense, functions, pointwise, pooling, reshaping, windows)


def rewritten(to: Builder, item: Item) -> Value:
    """Return what a node makes in the converted network.

    Args:
        to: The converted network.
        item: The node.

    Raises:
        ConversionError: If the node does not work on each window by itself.
    """
    name = type(item.operation).__name__
    if name not in RULES:
        raise item.refused(reason(item.operation), INSTEAD)
    if name not in _ANY_BATCH and any(value.batch for value in item.values):
        raise item.refused(
            "to which the batch is not the first axis", "move it there before: x.movedim(1, 0)"
        )
    if name not in _ANY_PARTS and any(value.parts for value in item.values):
        raise item.refused(
            "behind maps of different sizes that are joined",
            "put it before they are joined, or after the Linear layer",
        )
    values = aligned(to, item.values)
    made = RULES[name](to, replace(item, values=values))
    # A rule that returns a value it was given, or steps on from it, has its stride already.
    rows, columns = map(max, zip(made.stride, *(value.stride for value in values), strict=True))
    return replace(made, stride=(rows, columns))


# What can do with a batch that is not the first axis; and with joined maps of different sizes.
_ANY_BATCH = {"Flatten", "Unflatten", "Reshape", "Permute", "Slice", "Expand", "Reduce", *POINTWISE}
_ANY_PARTS = {"Flatten", "Unflatten", "Reshape", "Permute", "Linear", *POINTWISE}
