"""What becomes of the original network's values: a map, and which of its cells each value is.

Reshapes are not repeated in the converted network. They are followed on the numbers of the cells
instead: whatever a network calls its flattening, and in whatever order it lays out its values, the
index says which cell of the map each value came from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd, prod
from typing import TYPE_CHECKING, TypeAlias

import torch

from cnnexplain.operations.reshaping import Expand, Permute, Slice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import fx

    from cnnexplain.operations import Operation, Shape

# What an axis of a value runs along: the channels, the rows or the columns of the map, or nothing.
Label: TypeAlias = str
MAP = ("c", "y", "x")


@dataclass(frozen=True)
class Value:
    """A value of the original network, as the converted one has it.

    Attributes:
        node: What makes the map, (batch, channels, height, width), in the converted network.
        shape: The map's (channels, height, width) at the design size.
        index: For each of the original's values, without the batch, which cell of the map it is;
            None if it is the map itself.
        scale: For each cell of the map a factor and a summand that are still to be applied.
        bins: The matrices of an adaptive pooling that is still to be applied to rows and columns:
            `index` and `scale` count the cells that it makes.
        before: The operations that are still to be applied, as the original has them.
        batch: Which axis of the original's value is the batch's.
        parts: Several values that are joined, of maps of different sizes: the index counts the
            cells of the first, then those of the next, and `node` and `shape` are the first's.
        stride: How far apart in the image two neighbouring cells of the map look.
    """

    node: fx.Node
    shape: Shape
    index: torch.Tensor | None = None
    scale: tuple[torch.Tensor, torch.Tensor] | None = None
    bins: tuple[torch.Tensor, torch.Tensor] | None = None
    before: tuple[str, ...] = ()
    batch: int = 0
    parts: tuple[Value, ...] = ()
    stride: tuple[int, int] = (1, 1)

    @property
    def size(self) -> int:
        """The number of cells that the index counts."""
        return sum(part.size for part in self.parts) or prod(self.grid)

    @property
    def grid(self) -> Shape:
        """The (channels, height, width) that the index counts."""
        if self.bins is None:
            return self.shape
        return self.shape[0], *(len(matrix) for matrix in self.bins)

    @property
    def indices(self) -> torch.Tensor:
        """The index, also where the value is the map itself."""
        if self.index is not None:
            return self.index
        return torch.arange(prod(self.grid)).view(self.grid)

    @property
    def is_map(self) -> bool:
        """Whether the value is the map itself, with nothing still to be applied."""
        return self.index is None and self.scale is None and self.bins is None and not self.parts

    @property
    def is_vector(self) -> bool:
        """Whether the map is one cell wide and high at the design size."""
        waits = self.scale is not None or self.bins is not None or bool(self.parts)
        return self.shape[1:] == (1, 1) and not waits

    def at(self, index: torch.Tensor) -> Value:
        """Return other values of the same map.

        Args:
            index: Which cell each of them is.
        """
        whole = (
            not self.parts
            and tuple(index.shape) == self.grid
            and torch.equal(index.flatten(), torch.arange(self.size))
        )
        return replace(self, index=None if whole else index)

    @property
    def labels(self) -> tuple[Label | None, ...]:
        """What each axis, without the batch's, runs along, all of it and in order.

        `"c"`, `"y"` or `"x"`, or `"yx"` for rows and columns in one; an empty text for an axis of
        size 1; None for one that runs along others, or in another order, or only along a part.
        """
        if self.index is None:
            return tuple(
                label if size > 1 else "" for label, size in zip(MAP, self.grid, strict=True)
            )
        index = self.index
        first = index[(0,) * index.ndim]
        lines = [
            index[tuple(slice(None) if axis == each else 0 for each in range(index.ndim))] - first
            for axis in range(index.ndim)
        ]
        summed = first.clone()
        for axis, line in enumerate(lines):
            summed = summed + line.view([-1 if axis == each else 1 for each in range(index.ndim)])
        additive = torch.equal(summed.expand_as(index), index)
        return tuple(self._label(line) if additive else None for line in lines)

    def _label(self, line: torch.Tensor) -> Label | None:
        _, height, width = self.grid
        sizes = (*self.grid, height * width)
        steps = (height * width, width, 1, 1)
        for label, size, step in zip((*MAP, "yx"), sizes, steps, strict=True):
            if len(line) == size > 1 and torch.equal(line, torch.arange(size) * step):
                return label
        return "" if len(line) == 1 else None

    def channels(self) -> list[int] | None:
        """Return which channels of the map the value is, if it is a map of whole channels."""
        if self.index is None:
            return list(range(self.shape[0]))
        _, height, width = self.grid
        if self.index.ndim != len(MAP) or tuple(self.index.shape[1:]) != (height, width):
            return None
        chosen = self.index[:, 0, 0].clone()
        cells = torch.arange(height * width).view(height, width)
        if not torch.equal(self.index, chosen.view(-1, 1, 1) + cells):
            return None
        found = [int(each) // (height * width) for each in chosen]
        return found if all(int(each) % (height * width) == 0 for each in chosen) else None


def followed(
    operation: Operation,
    value: Value,
    shape: Shape,
    reshape: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> Value | None:
    """Return a value after a reshape, or None if the reshape mixes the images of a batch.

    Args:
        operation: The reshape, which was recorded with a batch of 2.
        value: The value before it.
        shape: Its shape after it, with the batch.
        reshape: What does the same to any tensor, where the operation does not tell.
    """
    index = value.indices
    both = torch.stack([index, index + value.size], dim=value.batch)
    result = reshape(both) if reshape else _reshaped(operation, both, shape)
    for axis, count in enumerate(result.shape):
        if count == 2:  # noqa: PLR2004  # the images of the recording
            first, second = result.unbind(axis)
            if torch.equal(first + value.size, second) and not bool((first >= value.size).any()):
                return replace(value.at(first.clone()), batch=axis)
    return None


def _reshaped(operation: Operation, both: torch.Tensor, shape: Shape) -> torch.Tensor:
    match operation:
        case Permute(order=order):
            return both.permute(order)
        case Slice(cuts=cuts, new=new):
            for axis, cut in enumerate(cuts):
                places = torch.arange(cut.size) * cut.step + cut.start
                both = both.index_select(axis, places)
            for axis in range(len(cuts) - 1, -1, -1):
                both = both if cuts[axis].keepdim else both.squeeze(axis)
            for place in new:
                both = both.unsqueeze(place)
            return both
        case Expand():
            short = len(shape) - both.ndim
            times = (size // given for size, given in zip(shape[short:], both.shape, strict=True))
            return both.repeat(*shape[:short], *times)
        case _:
            return both.reshape(shape)


def kernel(value: Value) -> tuple[Shape, Shape]:
    """Return the kernel that reads what a value is, and its dilation: (height, width) of each.

    At the design size it covers the map from its first row and column to its last, so that it has
    one place there.

    Args:
        value: The value.

    Returns:
        The kernel's size, and the dilation, which is more than 1 behind a pooling that was
        dissolved into overlapping ones.
    """
    _, height, width = value.shape
    if value.bins is not None:
        return (height, width), (1, 1)
    places = value.indices.flatten() % (height * width)
    steps = [
        max(gcd(size - 1, *set(found.tolist())), 1)
        for size, found in zip((height, width), (places // width, places % width), strict=True)
    ]
    return ((height - 1) // steps[0] + 1, (width - 1) // steps[1] + 1), (steps[0], steps[1])


def folded(value: Value, weight: torch.Tensor) -> torch.Tensor:
    """Return the weights of a fully connected layer as those of a convolution.

    Args:
        value: What the layer takes.
        weight: Its weights, (out_features, in_features).

    Returns:
        The kernel, (out_features, channels, height, width); it lies in the memory of `weight`
        where the order of the flattening allows that.
    """
    count, height, width = value.shape
    (rows, columns), (step_y, step_x) = kernel(value)
    index = value.indices.flatten().to(weight.device)
    if value.scale is not None:
        weight = weight * value.scale[0].to(weight)[index]
    grid = value.grid
    if value.bins is None:
        places = index % (height * width)
        taps = places // width // step_y * columns + places % width // step_x
        index = index // (height * width) * (rows * columns) + taps
        grid = (count, rows, columns)
    size = prod(grid)
    if len(index) != size or not torch.equal(index, torch.arange(size, device=index.device)):
        full = weight.new_zeros(len(weight), size)
        # Added, since a value may be used twice.
        weight = full.index_add_(1, index, weight)
    weight = weight.view(-1, *grid)
    if value.bins is None:
        return weight
    down, across = (matrix.to(weight.device) for matrix in value.bins)
    spread = torch.einsum("fcij,iy,jx->fcyx", weight.double(), down, across)
    return spread.to(weight.dtype)


def bins(size: int, outputs: int) -> torch.Tensor:
    """Return an adaptive average pooling along one axis as a matrix.

    Args:
        size: The number of inputs.
        outputs: The number of bins.

    Returns:
        The share of each input in each bin, (outputs, size).

    Example:
        >>> bins(3, 2)
        tensor([[0.5000, 0.5000, 0.0000],
                [0.0000, 0.5000, 0.5000]], dtype=torch.float64)
    """
    matrix = torch.zeros(outputs, size, dtype=torch.float64)
    for index in range(outputs):
        start, stop = index * size // outputs, -(-(index + 1) * size // outputs)
        matrix[index, start:stop] = 1 / (stop - start)
    return matrix


def spread(grid: Shape, steps: Sequence[int], size: Shape) -> torch.Tensor:
    """Return the index of a map that stands apart in a larger one.

    Args:
        grid: The (channels, height, width) that the original has.
        steps: How far apart its rows and columns stand.
        size: The larger map's (channels, height, width).
    """
    parts = [torch.arange(count) for count in grid]
    rows, columns = parts[1] * steps[0] * size[2], parts[2] * steps[1]
    planes = parts[0] * (size[1] * size[2])
    return planes.view(-1, 1, 1) + rows.view(-1, 1) + columns


def lined_up(shape: Shape, labels: Sequence[Label | None]) -> torch.Tensor:
    """Return the index of a value by what each of its axes runs along.

    Args:
        shape: The map's (channels, height, width).
        labels: `"c"`, `"y"`, `"x"`, `"yx"` or an empty text for each axis, as in `Value.labels`.

    Example:
        >>> lined_up((2, 1, 3), ("x", "c")).tolist()
        [[0, 3], [1, 4], [2, 5]]
    """
    channels, height, width = shape
    sizes = {"c": channels, "y": height, "x": width, "yx": height * width}
    steps = {"c": height * width, "y": width, "x": 1, "yx": 1}
    index = torch.zeros(1, dtype=torch.long)
    for label in labels:
        line = torch.arange(sizes.get(label or "", 1)) * steps.get(label or "", 0)
        index = index.unsqueeze(-1) + line
    return index[0]
