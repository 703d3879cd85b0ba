"""What the units of a value see of the network's input: one affine map for each of its axes.

A value's axes may be moved, merged and split on the way, so each says which axes of the picture it
carries: after `Flatten`, one axis carries channels, height and width, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.windows import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Shape: TypeAlias = tuple[int, ...]
# Which axis of the picture, or None for channels and the like, and how many places of it.
Factor: TypeAlias = tuple[int | None, int]
Layout: TypeAlias = tuple[tuple[Factor, ...], ...]


@dataclass(frozen=True, slots=True)
class Along:
    """What units see along one axis of the picture.

    Attributes:
        field: The receptive field; None where units of one layer see differently shaped parts,
            which one field cannot tell.
        size: The number of places along this axis.
        clean: The places that no padding has touched; None where they are no single run.
    """

    field: Field | None
    size: int
    clean: range | None

    def __post_init__(self) -> None:
        if self.clean is not None and not self.clean:
            # Wherever no place is left, so that what follows cannot take it for one.
            object.__setattr__(self, "clean", range(0))

    @property
    def touched(self) -> int | None:
        """The number of places that padding has touched."""
        return None if self.clean is None else self.size - len(self.clean)

    def then(self, own: Field | None, size: int, clean: Callable[[range], range]) -> Along:
        """Return what the units of something behind these see.

        Args:
            own: What they see of these; None where that differs from unit to unit.
            size: The number of them.
            clean: Which of them see none but some clean ones of these.
        """
        field = None if self.field is None or own is None else self.field.then(own)
        return Along(field, size, None if self.clean is None else clean(self.clean))

    def collapsed(self, stride: int) -> Along:
        """Return what a unit sees that sees all places at once.

        Args:
            stride: How many places the next such unit would be away.
        """
        whole = Field(stride, 0, self.size - 1)
        field = None if self.field is None else self.field.then(whole)
        clean = None if self.clean is None else range(int(len(self.clean) == self.size))
        return Along(field, 1, clean)


@dataclass(frozen=True, slots=True)
class View:
    """What the units of a value see of the network's input.

    Attributes:
        layout: What each axis of the value carries.
        along: What is known along each axis of the picture.
        source: The number of the input that all this is about.
        sees_everything: Whether units see all of the input beyond their receptive field.
    """

    layout: Layout
    along: tuple[Along, ...]
    source: int = 0
    sees_everything: bool = False

    @classmethod
    def of_input(cls, shape: Shape, source: int = 0) -> View:
        """Return the view of a network's input: each pixel sees itself.

        Args:
            shape: (batch, channels, height, width), with as many axes of the picture as there are.
            source: The input's number.
        """
        picture = [((axis, size),) for axis, size in enumerate(shape[2:])]
        # Height and width are most often equal, and then what is found out for one holds for both.
        known = {size: Along(Field(), size, range(size)) for size in shape[2:]}
        along = tuple(known[size] for size in shape[2:])
        return cls((*(((None, size),) for size in shape[:2]), *picture), along, source)

    @property
    def shape(self) -> Shape:
        """The value's shape."""
        return tuple(prod(size for _, size in axis) for axis in self.layout)

    def carried(self, axes: Sequence[int]) -> list[int]:
        """Return the axes of the picture that some axes of the value carry.

        Args:
            axes: Axes of the value.
        """
        return [each for axis in axes for each, _ in self.layout[axis] if each is not None]

    def changed(self, axis: int, size: int, change: Callable[[Along], Along]) -> View:
        """Return the view after something along one axis, which keeps its place.

        Args:
            axis: The axis of the value.
            size: Its new size.
            change: What becomes of the axis of the picture that it carries.
        """
        carried = self.carried([axis])
        if not carried:
            return self._with(axis, ((None, size),), self.along)
        if len(self.layout[axis]) > 1:
            # Channels and places in one axis, or two axes of places: steps along it are no steps
            # along the picture.
            return self.without(carried, axis, size)
        (picture,) = carried
        along = list(self.along)
        along[picture] = change(along[picture])
        return self._with(axis, ((picture, size),), tuple(along))

    def _with(self, axis: int, factors: tuple[Factor, ...], along: tuple[Along, ...]) -> View:
        layout = (*self.layout[:axis], factors, *self.layout[axis + 1 :])
        return View(layout, along, self.source, self.sees_everything)

    def without(self, pictures: Sequence[int], axis: int, size: int) -> View:
        """Return the view with nothing known along some axes of the picture.

        Args:
            pictures: The axes of the picture.
            axis: The axis of the value that carried them.
            size: Its new size.
        """
        along = tuple(
            Along(None, 1, None) if index in pictures else each
            for index, each in enumerate(self.along)
        )
        return self._with(axis, ((None, size),), along)

    def mixed(self, axis: int, size: int, *, stride: bool = False) -> View:
        """Return the view after something that sees one axis whole, and makes other values of it.

        Args:
            axis: The axis of the value.
            size: Its new size.
            stride: Whether it moves on by the axis's size, as pooling does.
        """
        along = list(self.along)
        for picture in self.carried([axis]):
            along[picture] = along[picture].collapsed(along[picture].size if stride else 1)
        return self._with(axis, ((None, size),), tuple(along))

    def marked(self, axes: Sequence[int]) -> View:
        """Return the view after something that normalises over some axes.

        Args:
            axes: The axes of the value.
        """
        everything = any(self.along[each].size > 1 for each in self.carried(axes))
        return replace(self, sees_everything=self.sees_everything or everything)

    def arranged(self, layout: Layout) -> View:
        """Return the view with its axes in another order, or with axes of size 1 come or gone.

        Args:
            layout: What each axis carries now.
        """
        return replace(self, layout=layout)

    def regrouped(self, shape: Shape) -> View:
        """Return the view of the same values in another shape.

        Args:
            shape: The new shape.
        """
        if shape == self.shape:
            return self
        layout = _regrouped([factor for axis in self.layout for factor in axis], shape)
        if layout is None:
            return self.unknown(shape)
        return replace(self, layout=layout)

    def unknown(self, shape: Shape) -> View:
        """Return a view that tells nothing about places.

        Args:
            shape: The value's shape.
        """
        along = tuple(Along(None, 1, None) for _ in self.along)
        layout: Layout = tuple(((None, size),) for size in shape)
        return View(layout, along, self.source, self.sees_everything)


def _regrouped(factors: list[Factor], shape: Shape) -> Layout | None:
    """Return factors as the axes of a shape, or None where an axis of the picture would break."""
    rest = factors[::-1]
    layout: list[tuple[Factor, ...]] = []
    for size in shape:
        axis: list[Factor] = []
        need = size
        while rest and (need > 1 or (rest[-1][1] == 1 and not axis)):
            picture, places = rest.pop()
            if need % places and (picture is not None or places % need):
                return None
            if need % places:
                rest.append((None, places // need))
                places = need
            axis.append((picture, places))
            need //= places
        layout.append(tuple(axis) or ((None, 1),))
    if rest and layout:
        layout[-1] += tuple(rest[::-1])
    return tuple(layout)


def joined(views: Sequence[View], shape: Shape, along_axis: int | None = None) -> View:
    """Return what units see that combine those of several values, place by place.

    Args:
        views: The values' views.
        shape: The result's shape, to which the values' shapes are broadcast.
        along_axis: The axis along which they are put one after another instead, if any.
    """
    source = min(view.source for view in views)
    views = [view for view in views if view.source == source]
    everything = any(view.sees_everything for view in views)
    first, *others = [_broadcast(view, shape, along_axis) for view in views]
    layout, along = first.layout, first.along
    for other in others:
        if _carriers(other.layout) != _carriers(layout):
            longer, shorter = (other, first) if _spread(other) > _spread(first) else (first, other)
            if not _fixed(shorter, longer):
                return replace(first.unknown(shape), sees_everything=everything)
            # One of them looks at the same places from everywhere, as in squeeze and excitation.
            layout, along, everything = longer.layout, longer.along, True
            first = longer
            continue
        along = tuple(map(_merged, along, other.along))
    result = View(layout, along, source, everything or any(each.sees_everything for each in others))
    if along_axis is None:
        return result
    pictures = result.carried([along_axis])
    return result.without(pictures, along_axis, shape[along_axis])


def _broadcast(view: View, shape: Shape, along_axis: int | None) -> View:
    missing: Layout = (((None, 1),),) * (len(shape) - len(view.layout))
    layout = []
    for axis, (factors, size) in enumerate(zip((*missing, *view.layout), shape, strict=True)):
        short = prod(places for _, places in factors) != size and axis != along_axis
        layout.append(((None, size),) if short else factors)
    return replace(view, layout=tuple(layout))


def _carriers(layout: Layout) -> list[list[Factor]]:
    return [[factor for factor in axis if factor[0] is not None] for axis in layout]


def _spread(view: View) -> int:
    return prod(size for axis in view.layout for picture, size in axis if picture is not None)


def _fixed(view: View, other: View) -> bool:
    """Return whether a view differs from another only in carrying fewer axes of the picture."""
    pairs = zip(_carriers(view.layout), _carriers(other.layout), strict=True)
    return all(mine in ([], theirs) for mine, theirs in pairs)


def _merged(one: Along, other: Along) -> Along:
    if one is other:
        return one
    field = None
    if one.field and other.field and one.field.stride == other.field.stride:
        field = Field(
            one.field.stride,
            min(one.field.first, other.field.first),
            max(one.field.last, other.field.last),
        )
    clean = None
    if one.clean is not None and other.clean is not None:
        start = max(one.clean.start, other.clean.start)
        clean = range(start, max(start, min(one.clean.stop, other.clean.stop)))
    return Along(field, one.size, clean)
