"""Operations with several inputs: arithmetic, concatenation, matrix products, attention."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, groupby
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.errors import ShapeError
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import Operation, Shape, changed
from cnnexplain.operations.regions import ends, every, indices, within
from cnnexplain.operations.reshaping import axis_of
from cnnexplain.operations.views import View, joined

if TYPE_CHECKING:
    from cnnexplain.operations.regions import Region


def broadcast(name: str, *shapes: Shape) -> Shape:
    """Return the shape to which all shapes are broadcast.

    Args:
        name: What torch calls the operation.
        *shapes: The shapes.

    Raises:
        ShapeError: If two sizes differ and neither is 1.

    Example:
        >>> broadcast("add", (1, 64, 7, 7), (64, 1, 1))
        (1, 64, 7, 7)
    """
    result: list[int] = []
    for back in range(1, max(map(len, shapes)) + 1):
        sizes = {shape[-back] for shape in shapes if len(shape) >= back} - {1}
        if len(sizes) > 1:
            raise ShapeError(
                f"sizes for {name} that are equal, or 1, along every axis",
                " and ".join(map(show, shapes)),
                "bring both to the same size: check stride and padding of the branches",
            )
        result.append(sizes.pop() if sizes else 1)
    return tuple(result[::-1])


def unbroadcast(region: Region, shape: Shape) -> Region:
    """Return the part of a smaller shape that stands behind a region of the broadcast one.

    Args:
        region: The region.
        shape: The smaller shape.
    """
    parts = region[len(region) - len(shape) :]
    pairs = zip(parts, shape, strict=True)
    return tuple(range(1) if size == 1 and part else part for part, size in pairs)


@dataclass(frozen=True)
class Elementwise(Operation):
    """Arithmetic value by value, with broadcasting.

    Attributes:
        written: The operation as the user wrote it.
        others: The shapes of the operands that do not come from the network's input.
        inplace: Whether the result overwrites the first input.

    Example:
        >>> Elementwise("add").output_shape((1, 64, 7, 7), (1, 64, 1, 1))
        (1, 64, 7, 7)
    """

    written: str
    others: tuple[Shape, ...] = ()
    inplace: bool = False

    def __str__(self) -> str:
        return self.written

    def output_shape(self, *shapes: Shape) -> Shape:
        shape = broadcast(self.written, *shapes, *self.others)
        if self.inplace and shape != shapes[0]:
            raise ShapeError(
                f"an operand that can be broadcast to {show(shapes[0])}, which is written to",
                " and ".join(map(show, (*shapes[1:], *self.others))),
                "write the operation without the underscore, or x = x + y instead of x += y",
            )
        return shape

    def formula(self, *shapes: Shape) -> Formula | None:
        return changed(shapes[0], self.output_shape(*shapes))

    def view(self, *views: View) -> View:
        return joined(views, self.output_shape(*(view.shape for view in views)))

    def seen(self, region: Region, *shapes: Shape) -> tuple[Region, ...]:
        return tuple(unbroadcast(region, shape) for shape in shapes)


def all_of(shapes: tuple[Shape, ...], others: tuple[Shape | None, ...]) -> list[Shape]:
    """Return the shapes of all operands in order.

    Args:
        shapes: Those of the operands that come from the network's input.
        others: For each place, the shape of one that does not, or None; nothing if all do.
    """
    if not others:
        return list(shapes)
    rest = iter(shapes)
    return [next(rest) if other is None else other for other in others]


@dataclass(frozen=True)
class Cat(Operation):
    """Values put one after another along an axis.

    Attributes:
        dim: The axis.
        others: For each place, the shape of an operand that does not come from the network's
            input, or None for one that does.

    Example:
        >>> cat = Cat(1)
        >>> print(cat.formula((1, 64, 7, 7), (1, 32, 7, 7), (1, 32, 7, 7)))
        64 + 2·32 = 128
    """

    dim: int
    others: tuple[Shape | None, ...] = ()

    def __str__(self) -> str:
        return f"cat(dim={self.dim})"

    def output_shape(self, *shapes: Shape) -> Shape:
        everything = all_of(shapes, self.others)
        first = everything[0]
        at = axis_of("dim", self.dim, first)
        for shape in everything[1:]:
            if len(shape) != len(first) or any(
                one != other
                for axis, (one, other) in enumerate(zip(first, shape, strict=True))
                if axis != at
            ):
                raise ShapeError(
                    f"equal sizes along every axis but dim={self.dim}",
                    " and ".join(map(show, everything)),
                    "bring the branches to one size: check their stride and padding",
                )
        return *first[:at], sum(shape[at] for shape in everything), *first[at + 1 :]

    def formula(self, *shapes: Shape) -> Formula:
        everything = all_of(shapes, self.others)
        sizes = [shape[self.dim % len(shape)] for shape in everything]
        runs = [(len(list(run)), size) for size, run in groupby(sizes)]
        terms = [f"{count}·{size}" if count > 1 else f"{size}" for count, size in runs]
        return Formula("Σ C", f"{' + '.join(terms)} = {sum(sizes)}")

    def view(self, *views: View) -> View:
        shape = self.output_shape(*(view.shape for view in views))
        return joined(views, shape, self.dim % len(shape))

    def seen(self, region: Region, *shapes: Shape) -> tuple[Region, ...]:
        everything = all_of(shapes, self.others)
        at = self.dim % len(region)
        starts = accumulate((shape[at] for shape in everything), initial=0)
        found = []
        for index, (shape, start) in enumerate(zip(everything, starts, strict=False)):
            part = region[at]
            if isinstance(part, range):
                own = within(range(part.start - start, part.stop - start), shape[at])
            else:
                own = indices(each - start for each in part if 0 <= each - start < shape[at])
            if not self.others or self.others[index] is None:
                found.append((*region[:at], own, *region[at + 1 :]))
        return tuple(found)


@dataclass(frozen=True)
class Stack(Operation):
    """Values put one after another along a new axis.

    Attributes:
        dim: The new axis.
        others: For each place, the shape of an operand that does not come from the network's
            input, or None for one that does.
    """

    dim: int
    others: tuple[Shape | None, ...] = ()

    def __str__(self) -> str:
        return f"stack(dim={self.dim})"

    def _at(self, shape: Shape) -> int:
        return axis_of("dim", self.dim, (*shape, 1))

    def output_shape(self, *shapes: Shape) -> Shape:
        everything = all_of(shapes, self.others)
        if len(set(everything)) > 1:
            raise ShapeError(
                "equal shapes",
                " and ".join(map(show, everything)),
                "bring the branches to one size",
            )
        at = self._at(shapes[0])
        return *shapes[0][:at], len(everything), *shapes[0][at:]

    def formula(self, *shapes: Shape) -> Formula | None:
        return changed(shapes[0], self.output_shape(*shapes))

    def view(self, *views: View) -> View:
        at = self._at(views[0].shape)
        shape = self.output_shape(*(view.shape for view in views))
        wide = [
            view.arranged((*view.layout[:at], ((None, 1),), *view.layout[at:])) for view in views
        ]
        return joined(wide, shape, at)

    def seen(self, region: Region, *shapes: Shape) -> tuple[Region, ...]:
        at = self._at(shapes[0])
        bare = (*region[:at], *region[at + 1 :])
        nothing = (range(0),) * len(bare)
        places = [
            place
            for place in range(len(self.others) or len(shapes))
            if not self.others or self.others[place] is None
        ]
        return tuple(bare if place in region[at] else nothing for place in places)


@dataclass(frozen=True)
class MatMul(Operation):
    """A matrix product, over a batch of matrices if there are more axes.

    Attributes:
        written: The operation as the user wrote it.
        other: The shape of an operand that does not come from the network's input, if one is.
        other_first: Whether that is the left one.

    Example:
        >>> product = MatMul("matmul")
        >>> product.output_shape((1, 4, 197, 64), (1, 4, 64, 197))
        (1, 4, 197, 197)
        >>> product.macs((1, 4, 197, 64), (1, 4, 64, 197))
        9935104
    """

    written: str
    other: Shape | None = None
    other_first: bool = False

    def __str__(self) -> str:
        return self.written

    def _pair(self, shapes: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        if self.other is not None:
            shapes = (self.other, *shapes) if self.other_first else (*shapes, self.other)
        left, right = shapes
        return left, right

    def _matrices(self, shapes: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        left, right = self._pair(shapes)
        left = (1, *left) if len(left) == 1 else left
        right = (*right, 1) if len(right) == 1 else right
        if left[-1] != right[-2]:
            raise ShapeError(
                "as many columns on the left as rows on the right",
                f"{show(left)} and {show(right)}",
                "transpose one of them, or change its size",
            )
        return left, right

    def output_shape(self, *shapes: Shape) -> Shape:
        left, right = self._matrices(shapes)
        bare = self._pair(shapes)
        result = broadcast(self.written, left[:-2], right[:-2]) if left[2:] or right[2:] else ()
        rows = left[-2:-1] if len(bare[0]) > 1 else ()
        columns = right[-1:] if len(bare[1]) > 1 else ()
        return *result, *rows, *columns

    def formula(self, *shapes: Shape) -> Formula:
        left, right = self._matrices(shapes)
        return Formula(
            "(n×k)·(k×m)",
            f"({show(left[-2:])})·({show(right[-2:])}) = {left[-2]}×{right[-1]}",
        )

    def macs(self, *shapes: Shape) -> int:
        left, _ = self._matrices(shapes)
        return prod(self.output_shape(*shapes)) * left[-1]

    def view(self, *views: View) -> View:
        shape = self.output_shape(*(view.shape for view in views))
        first, *others = views
        if self.other is not None and len(first.layout) > 1:
            # One matrix is fixed: the other's rows, or columns, are seen whole.
            axis = len(first.layout) - (2 if self.other_first else 1)
            after = first.mixed(axis, shape[axis] if len(shape) == len(first.layout) else 1)
            return after if after.shape == shape else first.unknown(shape)
        everything = any(view.sees_everything for view in views) or any(
            view.along for view in (first, *others)
        )
        source = min(views, key=lambda view: view.source)
        unknown = source.unknown(shape)
        return View(unknown.layout, unknown.along, unknown.source, everything)

    def seen(self, region: Region, *shapes: Shape) -> tuple[Region, ...]:
        bare = self._pair(shapes)
        left, right = self._matrices(shapes)
        rest = list(region)
        columns = rest.pop() if len(bare[1]) > 1 else range(1)
        rows = rest.pop() if len(bare[0]) > 1 else range(1)
        batch = tuple(rest)
        of_left = (*unbroadcast(batch, left[:-2]), rows, range(left[-1]))
        of_right = (*unbroadcast(batch, right[:-2]), range(right[-2]), columns)
        both = [of_left[-len(bare[0]) :], of_right if len(bare[1]) > 1 else of_right[:-1]]
        if self.other is not None:
            del both[0 if self.other_first else 1]
        return tuple(both)


@dataclass(frozen=True)
class Attention(Operation):
    """Scaled dot-product attention: each query sees every key and value.

    Vaswani et al., "Attention is all you need", https://arxiv.org/abs/1706.03762.

    Attributes:
        causal: Whether a query sees the keys up to its own place alone.
    """

    causal: bool = False

    def __str__(self) -> str:
        return "scaled_dot_product_attention"

    def output_shape(self, *shapes: Shape) -> Shape:
        query, key, value = shapes
        if query[-1] != key[-1] or key[-2] != value[-2]:
            raise ShapeError(
                "queries as long as keys, and as many keys as values",
                " and ".join(map(show, shapes)),
                "check how they are split into heads",
            )
        return *query[:-1], value[-1]

    def formula(self, *shapes: Shape) -> Formula:
        query, key, value = shapes
        return Formula(
            "softmax((L×E)·(E×S))·(S×V)",
            f"softmax(({show(query[-2:])})·({key[-1]}×{key[-2]}))·({show(value[-2:])})"
            f" = {query[-2]}×{value[-1]}",
        )

    def macs(self, *shapes: Shape) -> int:
        query, key, value = shapes
        return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])

    def view(self, *views: View) -> View:
        query = views[0]
        result = joined([query], query.shape).mixed(len(query.layout) - 1, views[2].shape[-1])
        return View(result.layout, result.along, result.source, sees_everything=True)

    def seen(self, region: Region, *shapes: Shape) -> tuple[Region, ...]:
        query, key, value = shapes
        batch, places = region[:-2], region[-2]
        read = range(min(ends(places)[1] + 1, key[-2]) if self.causal and places else key[-2])
        return (
            (*batch, places, range(query[-1])),
            (*unbroadcast(batch, key[:-2]), read, range(key[-1])),
            (*unbroadcast(batch, value[:-2]), read, region[-1]),
        )


@dataclass(frozen=True)
class MultiheadAttention(Operation):
    """Attention in several heads with its projections: torch.nn.MultiheadAttention.

    Attributes:
        embed_dim: The length of queries.
        num_heads: The number of heads.
        roles: The places of query, key and value among the distinct inputs.
        kdim: The length of keys.
        vdim: The length of values.
        batch_first: Whether the batch is the first axis, or the second.
    """

    embed_dim: int
    num_heads: int
    roles: tuple[int, int, int] = (0, 0, 0)
    kdim: int | None = None
    vdim: int | None = None
    batch_first: bool = False

    def __str__(self) -> str:
        return f"MultiheadAttention({self.embed_dim}, {self.num_heads})"

    def _three(self, shapes: tuple[Shape, ...]) -> tuple[Shape, Shape, Shape]:
        query, key, value = (shapes[role] for role in self.roles)
        return query, key, value

    def output_shape(self, *shapes: Shape) -> Shape:
        query, key, value = self._three(shapes)
        for name, wanted, given in (
            ("embed_dim", self.embed_dim, query[-1]),
            ("kdim", self.kdim or self.embed_dim, key[-1]),
            ("vdim", self.vdim or self.embed_dim, value[-1]),
        ):
            if wanted != given:
                raise ShapeError(
                    f"{wanted} features ({name}={wanted})",
                    f"{given} in {' and '.join(map(show, shapes))}",
                    f"use {name}={given}, or a layer below with {wanted}",
                )
        return query

    def weights_shape(self, *shapes: Shape) -> Shape:
        """Return the shape of the weights, the mean over the heads.

        Args:
            *shapes: Each distinct input's shape.
        """
        query, key, _ = self._three(shapes)
        batch, length = (0, 1) if self.batch_first else (1, 0)
        return query[batch], query[length], key[length]

    def macs(self, *shapes: Shape) -> int:
        query, key, value = self._three(shapes)
        axis = 1 if self.batch_first and len(query) > 2 else 0  # noqa: PLR2004
        size, rows, columns = self.embed_dim, prod(query[:-1]), prod(key[:-1])
        projections = size * (rows * size + columns * (key[-1] + value[-1]) + rows * size)
        return projections + 2 * rows * key[axis] * size

    def view(self, *views: View) -> View:
        query = views[self.roles[0]]
        result = query.mixed(len(query.layout) - 1, self.embed_dim)
        return View(result.layout, result.along, result.source, sees_everything=True)

    def seen(self, region: Region, *shapes: Shape) -> tuple[Region, ...]:
        found: list[Region] = []
        for role, shape in enumerate(shapes):
            whole = list(every(shape))
            if len(shape) > 2:  # noqa: PLR2004  # the samples of a batch are apart
                at = 0 if self.batch_first else 1
                whole[at] = region[at]
            if role == self.roles[0] and role not in self.roles[1:]:
                whole[:-1] = region[:-1]
            found.append(tuple(whole))
        return tuple(found)
