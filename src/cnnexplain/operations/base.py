"""What every operation has: the rules that the layers below fill in, and their common checks."""

from __future__ import annotations

import numbers
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import ArgumentError, ShapeError, shown
from cnnexplain.languages import shape as show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.formula import Formula
    from cnnexplain.windows import Field

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """A layer: what it makes of a shape, and what it costs."""

    def __str__(self) -> str:
        """Return the layer as one writes it, leaving out what is at its default."""
        parts: list[str] = []
        for each in fields(self):
            value = getattr(self, each.name)
            if each.default is MISSING:
                parts.append(f"{value!r}" if len(parts) < 2 else f"{each.name}={value!r}")  # noqa: PLR2004
            elif value != each.default:
                parts.append(f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape that the layer makes of an input's.

        Args:
            input_shape: The input's shape with its batch.

        Raises:
            ShapeError: If the input does not fit.
        """
        return input_shape

    def formula(self, input_shape: Shape) -> Formula | None:
        """Return how the output's size comes about, or None where sizes pass unchanged.

        Args:
            input_shape: The input's shape with its batch.
        """
        del input_shape
        return None

    @property
    def parameters(self) -> int:
        """The number of learned parameters."""
        return 0

    @property
    def parameter_formula(self) -> Formula | None:
        """How the number of parameters comes about, or None without any."""
        return None

    def macs(self, input_shape: Shape) -> int:
        """Return the multiply-accumulates for an input.

        Args:
            input_shape: The input's shape with its batch.
        """
        del input_shape
        return 0

    def view(self, view: View) -> View:
        """Return what the layer's units see of the network's input.

        Args:
            view: What the units of the layer's input see.
        """
        return view

    def unread(self, input_shape: Shape) -> Shape:
        """Return the number of inputs per axis that no window reads, since sizes round down.

        Args:
            input_shape: The input's shape with its batch.

        Returns:
            The numbers; nothing for layers without windows of their own.
        """
        del input_shape
        return ()


@dataclass(frozen=True)
class View:
    """What the units of a layer see of the network's input.

    Attributes:
        shape: The layer's output shape with its batch.
        fields: The receptive field on each axis of the picture; None where units of one layer see
            differently shaped parts, which one field cannot tell.
        map_size: The size of the map that was flattened into the last axis, if one was.
    """

    shape: Shape
    fields: tuple[Field, ...] | None
    map_size: Shape | None = None


# torch takes None for these, and means an average over everything so far.
_OPTIONAL = {"momentum"}


def _plain(value: object) -> object:
    """Return a number of another library as Python's own, and anything else as it is."""
    if isinstance(value, tuple | list):
        return tuple(_plain(each) for each in value)
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    return value


def product(factors: Sequence[int | str]) -> str:
    """Return factors with the dots between them.

    Example:
        >>> product([256, 6, 6])
        '256·6·6'
    """
    return "·".join(str(factor) for factor in factors)


def check_dimensions(operation: Operation, input_shape: Shape, allowed: Sequence[int]) -> None:
    """Refuse an input with another number of axes.

    Args:
        operation: The layer.
        input_shape: The input's shape with its batch.
        allowed: The numbers of axes that the layer takes.

    Raises:
        ShapeError: If the input has another number of axes.
    """
    if len(input_shape) not in allowed:
        names = {2: "features", 3: "channels, length", 4: "channels, height, width"}
        wanted = " or ".join(
            f"{count} (batch, {names.get(count, 'channels, depth, height, width')})"
            for count in allowed
        )
        raise ShapeError(
            f"an input with dimensions {wanted}",
            f"{len(input_shape)}: {show(input_shape)}",
            f"give {type(operation).__name__} an input with all of these axes",
        )


def check_channels(name: str, wanted: int, input_shape: Shape) -> None:
    """Refuse an input with another number of channels.

    Args:
        name: What torch calls the layer's number of channels.
        wanted: The number of channels that the layer takes.
        input_shape: The input's shape with its batch.

    Raises:
        ShapeError: If the input has another number of channels.
    """
    if len(input_shape) < 2:  # noqa: PLR2004  # batch and channels
        raise ShapeError(
            f"{wanted} channels ({name}={wanted})",
            f"no channels in {show(input_shape)}",
            "keep the batch and the channels apart",
        )
    if input_shape[1] != wanted:
        raise ShapeError(
            f"{wanted} channels ({name}={wanted})",
            f"{input_shape[1]} channels in {show(input_shape)}",
            f"use {name}={input_shape[1]}, or a layer below with {wanted} output channels",
        )


def check_types(operation: Operation) -> None:
    """Refuse arguments of another kind than their default, which torch too would stumble over.

    Numbers of other libraries become Python's, so that no product of theirs can overflow.
    """
    for each in fields(operation):
        value, default = _plain(getattr(operation, each.name)), each.default
        # The class is frozen for its users; here it is still being made.
        object.__setattr__(operation, each.name, value)
        if isinstance(default, bool):
            fits, wanted = isinstance(value, bool), "True or False"
        elif isinstance(default, float):
            fits, wanted = isinstance(value, int | float), "a number"
            fits = fits or (value is None and each.name in _OPTIONAL)
        elif isinstance(default, str):
            fits, wanted = isinstance(value, str), "text"
        else:
            continue
        if not fits:
            raise ArgumentError(
                f"{each.name} as {wanted}",
                f"{each.name}={shown(value)}",
                f"write {each.name}={default!r}",
            )
