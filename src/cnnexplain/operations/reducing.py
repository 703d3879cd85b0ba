"""Operations that make one value of many along some axes, or that weigh them against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.formula import Formula
from cnnexplain.operations.base import Operation, Shape, product
from cnnexplain.operations.regions import ends

if TYPE_CHECKING:
    from cnnexplain.operations.regions import Region
    from cnnexplain.operations.views import View


@dataclass(frozen=True)
class Reduce(Operation):
    """One value of all along some axes: mean, sum, amax and their like.

    Attributes:
        written: The operation as the user wrote it.
        dims: The axes, counted from the front.
        keepdim: Whether they stay with size 1.

    Example:
        >>> mean = Reduce("mean(dim=(2, 3))", (2, 3))
        >>> mean.output_shape((1, 512, 7, 7)), str(mean.formula((1, 512, 7, 7)))
        ((1, 512), '7·7 → 1')
    """

    written: str
    dims: tuple[int, ...]
    keepdim: bool = False

    def __str__(self) -> str:
        return self.written

    def output_shape(self, input_shape: Shape) -> Shape:
        return tuple(
            1 if axis in self.dims else size
            for axis, size in enumerate(input_shape)
            if self.keepdim or axis not in self.dims
        )

    def formula(self, input_shape: Shape) -> Formula | None:
        if self.output_shape(input_shape) == input_shape:
            return None
        return Formula("all → 1", f"{product([input_shape[axis] for axis in self.dims])} → 1")

    def view(self, view: View) -> View:
        for axis in self.dims:
            view = view.mixed(axis, 1, stride=True)
        if self.keepdim:
            return view
        kept = [layout for axis, layout in enumerate(view.layout) if axis not in self.dims]
        return view.arranged(tuple(kept))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        rest = iter(region)
        found = []
        for axis, size in enumerate(input_shape):
            if axis not in self.dims:
                found.append(next(rest))
                continue
            part = next(rest) if self.keepdim else range(1)
            found.append(range(size) if part else range(0))
        return (tuple(found),)


@dataclass(frozen=True)
class Weighed(Operation):
    """Every value of an axis weighed against others: cumsum, cumprod, normalize.

    Attributes:
        written: The operation as the user wrote it.
        dims: The axes, counted from the front.
        causal: Whether a value is weighed against those before it alone.

    Example:
        >>> Weighed("cumsum(dim=-1)", (1,), causal=True).output_shape((1, 1000))
        (1, 1000)
    """

    written: str
    dims: tuple[int, ...]
    causal: bool = False

    def __str__(self) -> str:
        return self.written

    def view(self, view: View) -> View:
        return view.marked(self.dims)

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        return (
            tuple(
                range(ends(part)[1] + 1 if self.causal else size)
                if axis in self.dims and part
                else part
                for axis, (part, size) in enumerate(zip(region, input_shape, strict=True))
            ),
        )
