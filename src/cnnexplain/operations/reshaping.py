"""The same values in another shape: flattening, views, axes moved, come and gone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import LARGEST, ArgumentError, ShapeError, shown, whole
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import Layer, Operation, Shape, changed, letters, product
from cnnexplain.operations.regions import indices, unravelled
from cnnexplain.operations.views import Along
from cnnexplain.windows import Field

if TYPE_CHECKING:
    from cnnexplain.operations.regions import Indices, Region
    from cnnexplain.operations.views import View

Sizes: TypeAlias = tuple[int, ...]


class _Reshaped(Operation):
    """What reshaping does, whatever it is called."""

    @property
    def is_view(self) -> bool:
        return True

    def view(self, view: View) -> View:
        return view.regrouped(self.output_shape(view.shape))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        return (unravelled(region, self.output_shape(input_shape), input_shape),)


def axis_of(name: str, value: int, input_shape: Shape) -> int:
    """Return an axis counted from the front.

    Args:
        name: What torch calls the argument.
        value: The axis, which below 0 counts from the end.
        input_shape: The shape that it is an axis of.

    Raises:
        ShapeError: If there is no such axis.
    """
    count = len(input_shape)
    if not -count <= value < count:
        raise ShapeError(
            f"{name} between {-count} and {count - 1}",
            f"{name}={value} for an input of shape {show(input_shape)}",
            f"write {name}=1 for the channels",
        )
    return value % count


@dataclass(frozen=True)
class Flatten(_Reshaped, Layer):
    """Several axes made one, in the order in which they lie in memory.

    Example:
        >>> flatten = Flatten()
        >>> flatten.output_shape((1, 256, 6, 6)), str(flatten.formula((1, 256, 6, 6)))
        ((1, 9216), '256·6·6 = 9216')
    """

    start_dim: int = 1
    end_dim: int = -1

    def __post_init__(self) -> None:
        for name in ("start_dim", "end_dim"):
            whole(name, getattr(self, name), -LARGEST)

    def _ends(self, input_shape: Shape) -> tuple[int, int]:
        count = len(input_shape)
        for name in ("start_dim", "end_dim"):
            value = getattr(self, name)
            if not -count <= value < count:
                raise ShapeError(
                    f"{name} between {-count} and {count - 1}",
                    f"{name}={value} for an input of shape {show(input_shape)}",
                    "write Flatten() to flatten all but the batch",
                )
        start, end = self.start_dim % count, self.end_dim % count
        if start > end:
            raise ShapeError(
                "start_dim before end_dim",
                f"start_dim={self.start_dim}, end_dim={self.end_dim} for {show(input_shape)}",
                "write Flatten() to flatten all but the batch",
            )
        return start, end

    def output_shape(self, input_shape: Shape) -> Shape:
        start, end = self._ends(input_shape)
        return *input_shape[:start], prod(input_shape[start : end + 1]), *input_shape[end + 1 :]

    def formula(self, input_shape: Shape) -> Formula:
        start, end = self._ends(input_shape)
        merged = input_shape[start : end + 1]
        names = letters(len(input_shape))[start : end + 1]
        return Formula(product(names), f"{product(merged)} = {prod(merged)}")


@dataclass(frozen=True)
class Unflatten(_Reshaped, Layer):
    """One axis made several.

    Example:
        >>> Unflatten(1, (256, 6, 6)).output_shape((1, 9216))
        (1, 256, 6, 6)
    """

    dim: int
    unflattened_size: Sizes

    def __post_init__(self) -> None:
        whole("dim", self.dim, -LARGEST)
        sizes = self.unflattened_size
        if not isinstance(sizes, tuple) or not sizes or not all(type(n) is int for n in sizes):
            raise ArgumentError(
                "unflattened_size as sizes",
                f"unflattened_size={shown(sizes)}",
                "write for example unflattened_size=(256, 6, 6)",
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        at = axis_of("dim", self.dim, input_shape)
        sizes = resolved("unflatten", self.unflattened_size, (input_shape[at],))
        return *input_shape[:at], *sizes, *input_shape[at + 1 :]

    def formula(self, input_shape: Shape) -> Formula:
        at = axis_of("dim", self.dim, input_shape)
        sizes = resolved("unflatten", self.unflattened_size, (input_shape[at],))
        return Formula("C → sizes", f"{input_shape[at]} = {product(sizes)}")


def resolved(name: str, sizes: Sizes, input_shape: Shape) -> Shape:
    """Return sizes with the one that is -1 worked out.

    Args:
        name: What torch calls the operation.
        sizes: The sizes as the user wrote them.
        input_shape: The shape that is to be viewed so.

    Raises:
        ShapeError: If the sizes hold another number of values.
    """
    total, open_axes = prod(input_shape), sizes.count(-1)
    known = prod(size for size in sizes if size != -1)
    fits = known > 0 and (total % known == 0 if open_axes == 1 else total == known)
    if open_axes > 1 or not fits or any(size < -1 for size in sizes):
        raise ShapeError(
            f"{name} sizes for {total} values, {product(input_shape)}",
            f"{name}{shown(tuple(sizes))}",
            f"write sizes whose product is {total}, or -1 for one of them",
        )
    return tuple(total // known if size == -1 else size for size in sizes)


@dataclass(frozen=True)
class Reshape(_Reshaped):
    """The same values in another shape: view, reshape, squeeze, unsqueeze and their like.

    Attributes:
        written: The operation as the user wrote it.
        sizes: The shape, in which one size may be -1.

    Example:
        >>> view = Reshape("view(-1, 9216)", (-1, 9216))
        >>> print(view.formula((1, 256, 6, 6)))
        256·6·6 = 9216
    """

    written: str
    sizes: Sizes

    def __str__(self) -> str:
        return self.written

    def output_shape(self, input_shape: Shape) -> Shape:
        return resolved(self.written.split("(")[0], self.sizes, input_shape)

    def formula(self, input_shape: Shape) -> Formula | None:
        shape = self.output_shape(input_shape)
        if shape == input_shape:
            return None
        count = len(input_shape) - len(shape) + 1
        # The commonest: some axes become one, which is where a dense layer's size comes from.
        for start in range(len(shape)):
            same = shape[:start] == input_shape[:start]
            if count > 1 and same and shape[start + 1 :] == input_shape[start + count :]:
                merged = input_shape[start : start + count]
                names = letters(len(input_shape))[start : start + count]
                return Formula(product(names), f"{product(merged)} = {shape[start]}")
        return changed(input_shape, shape)


@dataclass(frozen=True)
class Permute(Operation):
    """Axes in another order: permute, transpose and their like.

    Attributes:
        written: The operation as the user wrote it.
        order: For each axis of the output, the input's axis that it is.

    Example:
        >>> Permute("permute(0, 2, 3, 1)", (0, 2, 3, 1)).output_shape((1, 64, 7, 9))
        (1, 7, 9, 64)
    """

    written: str
    order: tuple[int, ...]

    @property
    def is_view(self) -> bool:
        return True

    def __str__(self) -> str:
        return self.written

    def output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape[axis] for axis in self.order)

    def formula(self, input_shape: Shape) -> Formula | None:
        return changed(input_shape, self.output_shape(input_shape))

    def view(self, view: View) -> View:
        return view.arranged(tuple(view.layout[axis] for axis in self.order))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        del input_shape
        return (tuple(region[self.order.index(axis)] for axis in range(len(self.order))),)


@dataclass(frozen=True)
class Expand(Operation):
    """Values repeated along axes of size 1, or along new ones: expand, repeat and their like.

    Attributes:
        written: The operation as the user wrote it.
        sizes: The output's shape.
        copies: Whether the result has memory of its own.
    """

    written: str
    sizes: Shape
    copies: bool = False

    def __str__(self) -> str:
        return self.written

    @property
    def is_view(self) -> bool:
        return not self.copies

    def output_shape(self, input_shape: Shape) -> Shape:
        short = len(self.sizes) - len(input_shape)
        pairs = zip(self.sizes[short:], input_shape, strict=False)
        if short < 0 or any(size % given for size, given in pairs):
            raise ShapeError(
                f"sizes to which {show(input_shape)} can be repeated",
                self.written,
                "keep each size, or repeat axes of size 1",
            )
        return self.sizes

    def formula(self, input_shape: Shape) -> Formula | None:
        return changed(input_shape, self.sizes)

    def view(self, view: View) -> View:
        missing = len(self.sizes) - len(view.layout)
        view = view.arranged(((((None, 1),),) * missing) + view.layout)
        shape = view.shape
        for axis, size in enumerate(self.sizes):
            if size != shape[axis]:
                carried = view.carried([axis])
                if shape[axis] > 1 and carried:
                    view = view.without(carried, axis, size)
                else:
                    # A single place, shown everywhere.
                    layout = view.layout
                    view = view.arranged((*layout[:axis], ((None, size),), *layout[axis + 1 :]))
        return view

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        short = len(self.sizes) - len(input_shape)
        pairs = zip(region[short:], input_shape, strict=True)
        return (
            tuple(
                part if size == full else indices(each % size for each in part)
                for (part, size), full in zip(pairs, self.sizes[short:], strict=True)
            ),
        )


@dataclass(frozen=True)
class Cut:
    """What slicing leaves of one axis.

    Attributes:
        start: The first index that is kept.
        step: The step to the next.
        size: The number of indices that are kept.
        keepdim: Whether the axis stays, as with a slice, or goes, as with one index.
    """

    start: int
    step: int
    size: int
    keepdim: bool = True


@dataclass(frozen=True)
class Slice(Operation):
    """Parts of axes: slicing with brackets, narrow, select, chunk and split.

    Attributes:
        written: The operation as the user wrote it.
        cuts: What is left of each axis.
        new: The places of new axes of size 1 in the output.

    Example:
        >>> odd = Slice("[..., 1::2]", (Cut(0, 1, 1), Cut(0, 1, 3), Cut(1, 2, 4)))
        >>> odd.output_shape((1, 3, 8)), str(odd.formula((1, 3, 8)))
        ((1, 3, 4), 'ceil((8 − 1)/2) = 4')
    """

    written: str
    cuts: tuple[Cut, ...]
    new: tuple[int, ...] = ()

    @property
    def is_view(self) -> bool:
        return True

    def __str__(self) -> str:
        return self.written

    def output_shape(self, input_shape: Shape) -> Shape:
        del input_shape
        sizes = [cut.size for cut in self.cuts if cut.keepdim]
        for place in self.new:
            sizes.insert(place, 1)
        return tuple(sizes)

    def formula(self, input_shape: Shape) -> Formula | None:
        if self.output_shape(input_shape) == input_shape:
            return None
        rows = []
        for size, cut in zip(input_shape, self.cuts, strict=True):
            stop = min(cut.start + cut.size * cut.step, size)
            if cut.keepdim and cut.size != size:
                rows.append(f"ceil(({stop} − {cut.start})/{cut.step}) = {cut.size}")
        if not rows:
            return changed(input_shape, self.output_shape(input_shape))
        return Formula("ceil((stop − start)/step)", "; ".join(rows))

    def view(self, view: View) -> View:
        shape = view.shape
        for axis, (cut, size) in enumerate(zip(self.cuts, shape, strict=True)):
            if cut.size != size or cut.step != 1:
                own = Field(cut.step, cut.start, cut.start)
                left = partial(_left, cut)
                change = partial(Along.then, own=own, size=cut.size, clean=left)
                view = view.changed(axis, cut.size, change)
        pairs = zip(view.layout, self.cuts, strict=True)
        layout = [axis for axis, cut in pairs if cut.keepdim]
        for place in self.new:
            layout.insert(place, ((None, 1),))
        return view.arranged(tuple(layout))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        del input_shape
        rest = iter([part for place, part in enumerate(region) if place not in self.new])
        found: list[Indices] = []
        for cut in self.cuts:
            part = next(rest) if cut.keepdim else range(1)
            if cut.step == 1 and isinstance(part, range):
                found.append(range(part.start + cut.start, part.stop + cut.start))
            else:
                found.append(indices(cut.start + cut.step * each for each in part))
        return (tuple(found),)


def _left(cut: Cut, clean: range) -> range:
    """Return which of the indices that are kept are some clean ones."""
    start = max(-(-(clean.start - cut.start) // cut.step), 0)
    stop = min((clean.stop - 1 - cut.start) // cut.step + 1, cut.size)
    return range(start, max(start, stop))
