"""What one pass saves: the work of a converted network, from its operations alone.

The windows share what their convolutions compute where they overlap. Fully connected layers are
computed for each window anew, as convolutions with one cell for each, so that they share nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.graph import Network, walk
from cnnexplain.operations import Conv2d, Flatten, Linear, MaxPool2d, Operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.graph import Row
    from cnnexplain.operations import Shape

_CHAIN = "a chain of layers whose last maps are flattened for fully connected layers"
_ANY = "use cx.compare(model, image, window), which takes other networks too"


@dataclass(frozen=True, slots=True)
class Macs:
    """Multiply-accumulates of the two kinds of layers that have weights.

    Attributes:
        convolution: Those of the convolutions.
        dense: Those of the fully connected layers.
    """

    convolution: int
    dense: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.convolution + self.dense


@dataclass(frozen=True, slots=True)
class Saving:
    """What one pass over an image costs, and what sliding over it does.

    Attributes:
        image_size: The image's size in pixels, on both axes.
        windows: The number of windows on each axis.
        sliding: What it costs to compute each window by itself.
        one_pass: What one pass costs.
    """

    image_size: int
    windows: int
    sliding: Macs
    one_pass: Macs

    @property
    def count(self) -> int:
        """The number of windows."""
        return self.windows**2

    @property
    def ratio(self) -> Fraction:
        """How many times fewer multiply-accumulates one pass needs."""
        return Fraction(self.sliding.total, self.one_pass.total)


@dataclass(frozen=True, slots=True)
class Work:
    """A network as sliding and one pass need it.

    Attributes:
        window: The window's size in pixels, on both axes: the input that the network is made for.
        stride: The pixels from one window to the next: the effective stride below the flattening.
        macs: What one window costs.
        shared: What the convolutions cost for one more window, the larger the image grows.
        layers: The layers of the converted network.
        flat: How many of them stand below the flattening.
        channels: The number of the image's channels.
    """

    window: int
    stride: int
    macs: Macs
    shared: Fraction
    layers: tuple[Operation, ...]
    flat: int
    channels: int

    @property
    def limit(self) -> Fraction:
        """How many times fewer multiply-accumulates one pass needs, the larger the image grows.

        There, each window costs as many cells of each convolution as lie between it and the next
        one, and all of what is fully connected, which windows do not share.
        """
        return self.macs.total / (self.shared + self.macs.dense)

    def over(self, image_size: int) -> Saving:
        """Return what one pass over an image costs, and sliding.

        Args:
            image_size: The image's size in pixels, on which windows leave no remainder.

        Raises:
            ArgumentError: If that is no such size.

        Example:
            >>> from cnnexplain.networks import vgg16
            >>> saving = work(vgg16()).over(384)
            >>> saving.count, round(float(saving.ratio), 2)
            (36, 11.24)
        """
        size = whole("image_size", image_size, self.window)
        steps, remainder = divmod(size - self.window, self.stride)
        if remainder:
            below = size - remainder
            raise ArgumentError(
                f"image_size={self.window} + k·{self.stride}, on which windows leave no remainder",
                f"image_size={size}",
                f"use {below} or {below + self.stride}",
            )
        windows = steps + 1
        sliding = Macs(windows**2 * self.macs.convolution, windows**2 * self.macs.dense)
        shape: Shape = (1, self.channels, size, size)
        found = [0, 0]
        for number, layer in enumerate(self.layers):
            found[number >= self.flat] += layer.macs(shape)
            shape = layer.output_shape(shape)
        assert shape[2:] == (windows, windows), "one cell for each window"
        return Saving(size, windows, sliding, Macs(*found))


@lru_cache(maxsize=32)
def work(network: Network) -> Work:
    """Return a network as sliding and one pass need it.

    Args:
        network: A chain of layers with a flattening and fully connected layers, which knows its
            input size.

    Raises:
        ArgumentError: If it is no such network.
        ShapeError: If a layer cannot take what the layers before it make.

    Example:
        >>> from cnnexplain.networks import alexnet
        >>> found = work(alexnet())
        >>> found.window, found.stride, round(float(found.limit), 3)
        (227, 32, 9.825)
    """
    size = network.input_size
    if size is None or len(size) != 3 or size[1] != size[2]:  # noqa: PLR2004
        raise ArgumentError(
            "a network for square images that knows its input size",
            f"input_size={shown(size)}",
            "use for example cx.networks.vgg16()",
        )
    rows = list(walk(network, [size]))
    flat = _flattening(network, rows)
    below = _below(rows[:flat])
    stride = _stride(below[-1]) if below else None
    if stride is None:
        last = rows[max(flat - 1, 0)]
        raise ArgumentError(
            "maps of which each cell looks at a part of the image, a whole stride from the next",
            f"layer {shown(last.name)}: {last.operation}",
            _ANY,
        )
    layers = [row.operation for row in below]
    if below[-1].output_shape != rows[flat].input_shape:
        # Of each window's map it makes one cell.
        layers.append(MaxPool2d(below[-1].output_shape[2:], stride=1))
    return Work(
        window=size[1],
        stride=stride,
        macs=Macs(sum(row.macs for row in below), sum(row.macs for row in rows[flat:])),
        shared=sum((_shared(row, stride) for row in below), Fraction(0)),
        layers=(*layers, *_converted(rows[flat:])),
        flat=len(layers),
        channels=size[0],
    )


def _flattening(network: Network, rows: Sequence[Row]) -> int:
    """Return the index of the flattening, or say why there is none."""
    for index, (node, row) in enumerate(zip(network.nodes, rows, strict=True)):
        if node.inputs != (index,):
            raise ArgumentError(_CHAIN, f"layer {shown(row.name)}: {row.operation}", _ANY)
    for index, row in enumerate(rows):
        flattens = isinstance(row.operation, Flatten) and len(row.output_shape) == 2  # noqa: PLR2004
        if flattens and len(row.input_shape) == 4:  # noqa: PLR2004
            return index
    raise ArgumentError(_CHAIN, "a network without nn.Flatten()", _ANY)


def _stride(row: Row) -> int | None:
    """Return how far apart neighbouring cells look, if that is one whole number of pixels."""
    found = set(row.effective_stride or ())
    step = found.pop() if len(found) == 1 else None
    whole_step = step is not None and Fraction(step).denominator == 1 and step >= 1
    return int(step) if step is not None and whole_step and not row.sees_everything else None


def _below(rows: Sequence[Row]) -> list[Row]:
    """Return the layers below the flattening, without adaptive poolings.

    On larger images these would pool larger parts. One that leaves the window's map as it is does
    nothing in the converted network; one that makes a single cell of it becomes a pooling of its
    size, if it is the last. No other is allowed.
    """
    found: list[Row] = []
    for at, row in enumerate(rows):
        if not type(row.operation).__name__.startswith("Adaptive"):
            found.append(row)
            continue
        one_cell = all(each.output_shape[2:] == (1, 1) and not each.macs for each in rows[at:])
        if row.input_shape != row.output_shape and not one_cell:
            raise ArgumentError(_CHAIN, f"layer {shown(row.name)}: {row.operation}", _ANY)
        if one_cell and row.input_shape != row.output_shape:
            break
    return found


def _shared(row: Row, stride: int) -> Fraction:
    """Return what one more window costs of a layer: as many cells as lie between the two."""
    if not row.macs:
        return Fraction(0)
    steps = [Fraction(stride) / Fraction(each) for each in row.effective_stride or ()]
    return Fraction(row.macs, prod(row.output_shape[2:])) * prod(steps)


def _converted(rows: Sequence[Row]) -> list[Operation]:
    """Return the fully connected layers as convolutions, without what has no weights."""
    _, channels, *kernel = rows[0].input_shape
    found: list[Operation] = []
    for row in rows[1:]:
        operation = row.operation
        if isinstance(operation, Linear):
            found.append(Conv2d(channels, operation.out_features, tuple(kernel)))
            channels, kernel = operation.out_features, [1, 1]
        elif row.macs or row.input_shape != row.output_shape:
            raise ArgumentError(_CHAIN, f"layer {shown(row.name)}: {operation}", _ANY)
    if not found:
        raise ArgumentError(_CHAIN, "a network without nn.Linear(...)", _ANY)
    return found


def sizes(work: Work, steps: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of images with some windows more than one, on each axis.

    Args:
        work: The network.
        steps: How many windows more.

    Example:
        >>> from cnnexplain.networks import vgg16
        >>> sizes(work(vgg16()), [0, 5, 9])
        (224, 384, 512)
    """
    return tuple(work.window + step * work.stride for step in steps)
