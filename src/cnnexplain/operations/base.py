"""What every operation has: the rules that the layers below fill in, and their common checks."""

from __future__ import annotations

import numbers
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from cnnexplain.errors import ArgumentError, ShapeError, shown
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.regions import every

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.operations.regions import Region
    from cnnexplain.operations.views import View

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """What a network does in one place: what it makes of shapes, and what that costs.

    Methods take one shape for each input; an operation with one input takes one.
    """

    def __str__(self) -> str:
        """Return the operation as one writes it, leaving out what is at its default."""
        return self._written

    @cached_property
    def _written(self) -> str:
        parts: list[str] = []
        for each in fields(self):
            value = getattr(self, each.name)
            if each.default is MISSING:
                parts.append(f"{value!r}" if len(parts) < 2 else f"{each.name}={value!r}")  # noqa: PLR2004
            elif value != each.default:
                parts.append(f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    @property
    def origin(self) -> Literal["rule", "meta", "run"]:
        """Whether a rule of ours tells the result, torch's arithmetic of shapes, or a run."""
        return "rule"

    @property
    def is_view(self) -> bool:
        """Whether the result lies in the input's memory."""
        return False

    @property
    def allocates(self) -> bool:
        """Whether the result takes memory of its own."""
        return not self.is_view and not getattr(self, "inplace", False)

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return the shape that the operation makes of its inputs'.

        Args:
            *shapes: Each input's shape with its batch.

        Raises:
            ShapeError: If the inputs do not fit.
        """
        return shapes[0]

    def formula(self, *shapes: Shape) -> Formula | None:
        """Return how the output's size comes about, or None where sizes pass unchanged.

        Args:
            *shapes: Each input's shape with its batch.
        """
        del shapes
        return None

    @property
    def parameters(self) -> int:
        """The number of learned parameters."""
        return 0

    @property
    def parameter_formula(self) -> Formula | None:
        """How the number of parameters comes about, or None without any."""
        return None

    def macs(self, *shapes: Shape) -> int:
        """Return the multiply-accumulates for the inputs.

        Args:
            *shapes: Each input's shape with its batch.
        """
        del shapes
        return 0

    def view(self, *views: View) -> View:
        """Return what the operation's units see of the network's input.

        Args:
            *views: What the units of each input see.
        """
        return views[0]

    def seen(self, region: Region, *shapes: Shape) -> tuple[Region, ...]:
        """Return the units of each input that a region of the output sees.

        Args:
            region: The indices along each axis of the output.
            *shapes: Each input's shape with its batch.
        """
        del shapes
        return (region,)

    def unread(self, *shapes: Shape) -> Shape:
        """Return the number of inputs per axis that no window reads, since sizes round down.

        Args:
            *shapes: Each input's shape with its batch.

        Returns:
            The numbers; nothing for operations without windows of their own.
        """
        del shapes
        return ()


@dataclass(frozen=True)
class Layer(Operation):
    """An operation that stands for a class of torch.nn, and is called as it is."""


@dataclass(frozen=True)
class Opaque(Operation):
    """An operation without a rule here, of which torch told the result for these inputs.

    Attributes:
        name: What torch calls it.
        result: The output's shape.
        cost: The multiply-accumulates that torch counts.
        found: Whether torch's arithmetic of shapes told it, or a run with values.
    """

    name: str
    result: Shape
    cost: int = 0
    found: Literal["meta", "run"] = "meta"

    @property
    def origin(self) -> Literal["rule", "meta", "run"]:
        return self.found

    def __str__(self) -> str:
        return self.name

    def output_shape(self, *shapes: Shape) -> Shape:
        del shapes
        return self.result

    def formula(self, *shapes: Shape) -> Formula | None:
        return changed(shapes[0], self.result) if shapes else None

    def macs(self, *shapes: Shape) -> int:
        del shapes
        return self.cost

    def view(self, *views: View) -> View:
        return min(views, key=lambda view: view.source).unknown(self.result)

    def seen(self, region: Region, *shapes: Shape) -> tuple[Region, ...]:
        del region
        return tuple(map(every, shapes))


def changed(before: Shape, after: Shape) -> Formula | None:
    """Return a formula that says how a shape changes, or None if it does not.

    Args:
        before: The input's shape.
        after: The output's shape.

    Example:
        >>> print(changed((1, 64, 7, 7), (1, 7, 7, 64)))
        1×64×7×7 → 1×7×7×64
    """
    if before == after:
        return None
    return Formula("input → output", f"{show(before)} → {show(after)}")


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


def letters(count: int) -> str:
    """Return the letters of a shape's axes, the batch first.

    Args:
        count: The number of axes.

    Example:
        >>> letters(4)
        'NCHW'
    """
    return "NC" + "DHW"[5 - count :] if 2 <= count <= 5 else "ABDEFGIJKLMNOPQRSTUVWXYZ"[:count]  # noqa: PLR2004


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
