"""Layers that change a map's size by repeating, interpolating or moving values."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, ClassVar

from cnnexplain.errors import LARGEST, ArgumentError, ShapeError, shown, whole
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import Layer, Shape, check_dimensions, check_types, product
from cnnexplain.operations.regions import indices
from cnnexplain.operations.spatial import Conv2d, PerAxis, behind, joined_formula, slid
from cnnexplain.windows import Convolution, Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.operations.regions import Region
    from cnnexplain.operations.views import Along, View

# The taps on either side of a point that each interpolation reads.
_REACH = {"linear": 1, "bilinear": 1, "trilinear": 1, "bicubic": 2}
_MODES = ("nearest", "nearest-exact", "area", *_REACH)
_AXES = {"linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}


def _single(value: float) -> float:
    """Return a number as torch keeps it: in 32 bits."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


@dataclass(frozen=True)
class _Resized:
    """One axis, resized: which inputs each output reads.

    The rules are those of torch's kernels, ATen/native/UpSample.h.
    """

    size: int
    outputs: int
    mode: str
    align_corners: bool
    scale: float | None

    def inputs(self, index: int) -> Iterable[int]:
        if self.size == self.outputs and self.mode != "area":
            return (index,)
        if self.mode == "area":
            return range(
                index * self.size // self.outputs, -(-(index + 1) * self.size // self.outputs)
            )
        ratio = 1 / self.scale if self.scale else self.size / self.outputs
        if self.mode == "nearest":
            return (min(floor(_single(index * _single(ratio))), self.size - 1),)
        if self.mode == "nearest-exact":
            return (min(floor(_single((index + 0.5) * _single(ratio))), self.size - 1),)
        if self.align_corners:
            ratio = (self.size - 1) / (self.outputs - 1) if self.outputs > 1 else 0.0
            point = ratio * index
        else:
            point = ratio * (index + 0.5) - 0.5
        if self.mode != "bicubic":
            point = max(point, 0.0)
        reach = _REACH[self.mode]
        first = floor(point)
        # A point that lies on an input reads that one alone: the others weigh nothing.
        taps = (first,) if point == first else range(first - reach + 1, first + reach + 1)
        return {min(max(tap, 0), self.size - 1) for tap in taps}

    @property
    def field(self) -> Field | None:
        """What an output reads at most, if outputs repeat after a few."""
        step = Fraction(self.size, self.outputs)
        if self.align_corners or step.denominator > 64:  # noqa: PLR2004  # steps no one has
            return None
        if self.scale and Fraction(1 / self.scale).limit_denominator(64) != step:
            return None
        # From the middle, where nothing is clipped.
        middle = self.outputs // 2 // step.denominator * step.denominator
        ends = []
        for index in range(middle, min(middle + step.denominator, self.outputs)):
            reads = list(self.inputs(index))
            ends.append((min(reads) - step * index, max(reads) - step * index))
        first, last = min(first for first, _ in ends), max(last for _, last in ends)
        return Field(step, first, last)

    def clean(self, inputs: range) -> range:
        def untouched(index: int) -> bool:
            return all(each in inputs for each in self.inputs(index))

        start = next(filter(untouched, range(self.outputs)), self.outputs)
        last = next(filter(untouched, reversed(range(self.outputs))), -1)
        return range(start, max(start, last + 1))

    def change(self, along: Along) -> Along:
        return along.then(self.field, self.outputs, self.clean)


@dataclass(frozen=True)
class Upsample(Layer):
    """A map resized: torch.nn.Upsample and torch.nn.functional.interpolate.

    Example:
        >>> double = Upsample(scale_factor=2)
        >>> double.output_shape((1, 64, 7, 7)), str(double.formula((1, 64, 7, 7)))
        ((1, 64, 14, 14), 'floor(7·2) = 14')
    """

    size: PerAxis | None = None
    scale_factor: float | tuple[float, ...] | None = None
    mode: str = "nearest"
    align_corners: bool | None = None
    recompute_scale_factor: bool | None = None

    def __post_init__(self) -> None:
        check_types(self)
        if (self.size is None) == (self.scale_factor is None):
            raise ArgumentError(
                "either size or scale_factor",
                "both" if self.size is not None else "neither",
                "write for example scale_factor=2",
            )
        if self.mode not in _MODES:
            raise ArgumentError(
                f"mode as one of {', '.join(_MODES)}",
                f"mode={shown(self.mode)}",
                "write mode='nearest'",
            )
        if self.align_corners is not None and self.mode not in _REACH:
            raise ArgumentError(
                f"align_corners with {', '.join(_REACH)} only",
                f"mode={self.mode!r}",
                "leave align_corners out",
            )
        for name in ("size", "scale_factor"):
            value = getattr(self, name)
            if value is None:
                continue
            for each in value if isinstance(value, tuple) else (value,):
                if name == "size":
                    whole(name, each, 1)
                elif isinstance(each, bool) or not isinstance(each, int | float) or each <= 0:
                    raise ArgumentError(
                        "scale_factor as a number above 0",
                        f"scale_factor={shown(each)}",
                        "write for example scale_factor=2",
                    )

    def _per_axis(self, name: str, count: int) -> tuple[float | None, ...]:
        value = getattr(self, name)
        if not isinstance(value, tuple):
            return (value,) * count
        if len(value) != count:
            raise ShapeError(
                f"{name} with {count} numbers, one for each axis after the channels",
                f"{name}={shown(value)}",
                f"write one number, or {count} of them",
            )
        return value

    def _resized(self, input_shape: Shape) -> list[_Resized]:
        check_dimensions(self, input_shape, [3, 4, 5])
        sizes = input_shape[2:]
        allowed = _AXES.get(self.mode, (1, 2, 3))
        if len(sizes) not in allowed:
            raise ShapeError(
                f"an input with {allowed[0]} axes after the channels for mode={self.mode!r}",
                f"{len(sizes)} in {show(input_shape)}",
                "use mode='nearest'",
            )
        wanted = self._per_axis("size", len(sizes))
        scales = self._per_axis("scale_factor", len(sizes))
        found = []
        for size, want, scale in zip(sizes, wanted, scales, strict=True):
            exact = size * float(scale or 1) if want is None else int(want)
            if not abs(exact) <= LARGEST:
                raise ShapeError(
                    f"a size of at most {LARGEST} after resizing",
                    f"{size}·{scale}",
                    "use a smaller scale_factor",
                )
            outputs = floor(exact)
            if outputs < 1:
                raise ShapeError(
                    "a size of at least 1 after resizing",
                    f"floor({size}·{scale}) = {outputs}",
                    "use a larger scale_factor, or a larger input",
                )
            kept = None if self.recompute_scale_factor else scale
            found.append(_Resized(size, outputs, self.mode, bool(self.align_corners), kept))
        return found

    def output_shape(self, input_shape: Shape) -> Shape:
        return *input_shape[:2], *(each.outputs for each in self._resized(input_shape))

    def formula(self, input_shape: Shape) -> Formula:
        each_axis = self._resized(input_shape)
        if self.scale_factor is None:
            return joined_formula([Formula("size", f"size = {each.outputs}") for each in each_axis])
        scales = self._per_axis("scale_factor", len(each_axis))
        return joined_formula(
            [
                Formula("floor(W·r)", f"floor({each.size}·{scale:g}) = {each.outputs}")
                for each, scale in zip(each_axis, scales, strict=True)
            ]
        )

    def view(self, view: View) -> View:
        for index, each in enumerate(self._resized(view.shape)):
            view = view.changed(index + 2, each.outputs, each.change)
        return view

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        pairs = zip(region[2:], self._resized(input_shape), strict=True)
        places = (
            indices(tap for index in part for tap in each.inputs(index)) for part, each in pairs
        )
        return ((*region[:2], *places),)


@dataclass(frozen=True)
class _UpsamplingOf(Layer):
    size: PerAxis | None = None
    scale_factor: float | tuple[float, ...] | None = None

    settings: ClassVar[tuple[str, bool | None]]

    def __post_init__(self) -> None:
        _ = self._same

    @property
    def _same(self) -> Upsample:
        mode, align_corners = self.settings
        return Upsample(self.size, self.scale_factor, mode, align_corners)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [4])
        return self._same.output_shape(input_shape)

    def formula(self, input_shape: Shape) -> Formula:
        return self._same.formula(input_shape)

    def view(self, view: View) -> View:
        return self._same.view(view)

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        return self._same.seen(region, input_shape)


class UpsamplingNearest2d(_UpsamplingOf):
    """A picture enlarged by repeating its values."""

    settings = ("nearest", None)


class UpsamplingBilinear2d(_UpsamplingOf):
    """A picture enlarged by interpolation between its values, corners on corners."""

    settings = ("bilinear", True)


@dataclass(frozen=True)
class PixelShuffle(Layer):
    """Channels moved into a finer map: (C·r², H, W) to (C, H·r, W·r)."""

    upscale_factor: int

    def __post_init__(self) -> None:
        whole("upscale_factor", self.upscale_factor, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [4])
        factor = self.upscale_factor
        batch, channels, height, width = input_shape
        if channels % factor**2:
            raise ShapeError(
                f"channels divisible by upscale_factor², {factor**2}",
                f"{channels} channels in {show(input_shape)}",
                "change upscale_factor or the layer below",
            )
        return batch, channels // factor**2, height * factor, width * factor

    def formula(self, input_shape: Shape) -> Formula:
        _, channels, height, width = input_shape
        out, factor = self.output_shape(input_shape), self.upscale_factor
        return Formula(
            "C/r²; H·r; W·r",
            f"{channels}/{factor**2} = {out[1]}; {height}·{factor} = {out[2]}; "
            f"{width}·{factor} = {out[3]}",
        )

    def view(self, view: View) -> View:
        factor = self.upscale_factor
        shape = self.output_shape(view.shape)
        view = view.mixed(1, shape[1])
        for axis in (2, 3):
            resized = _Resized(shape[axis] // factor, shape[axis], "nearest", False, None)
            view = view.changed(axis, shape[axis], resized.change)
        return view

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        del input_shape
        factor = self.upscale_factor
        batch, channels, rows, columns = region
        phases = [(row % factor, column % factor) for row in rows for column in columns]
        found = indices(
            channel * factor**2 + row * factor + column
            for channel in channels
            for row, column in set(phases)
        )
        return (
            (
                batch,
                found,
                indices(row // factor for row in rows),
                indices(column // factor for column in columns),
            ),
        )


@dataclass(frozen=True)
class PixelUnshuffle(Layer):
    """A map moved into channels: (C, H·r, W·r) to (C·r², H, W)."""

    downscale_factor: int

    def __post_init__(self) -> None:
        whole("downscale_factor", self.downscale_factor, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [4])
        factor = self.downscale_factor
        batch, channels, height, width = input_shape
        if height % factor or width % factor:
            raise ShapeError(
                f"height and width divisible by downscale_factor, {factor}",
                show(input_shape),
                "change downscale_factor, or pad the input",
            )
        return batch, channels * factor**2, height // factor, width // factor

    def formula(self, input_shape: Shape) -> Formula:
        _, channels, height, width = input_shape
        out, factor = self.output_shape(input_shape), self.downscale_factor
        return Formula(
            "C·r²; H/r; W/r",
            f"{channels}·{factor**2} = {out[1]}; {height}/{factor} = {out[2]}; "
            f"{width}/{factor} = {out[3]}",
        )

    def view(self, view: View) -> View:
        shape = self.output_shape(view.shape)
        window = Convolution(self.downscale_factor, self.downscale_factor)
        return slid(slid(view, 2, window), 3, window).mixed(1, shape[1])

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        del input_shape
        factor = self.downscale_factor
        batch, channels, rows, columns = region
        return (
            (
                batch,
                indices(channel // factor**2 for channel in channels),
                indices(
                    row * factor + channel % factor**2 // factor
                    for row in rows
                    for channel in channels
                ),
                indices(
                    column * factor + channel % factor for column in columns for channel in channels
                ),
            ),
        )


@dataclass(frozen=True)
class ChannelShuffle(Layer):
    """Channels dealt out anew, so that groups mix."""

    groups: int

    def __post_init__(self) -> None:
        whole("groups", self.groups, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [3, 4, 5])
        if input_shape[1] % self.groups:
            raise ShapeError(
                f"channels divisible by groups={self.groups}",
                f"{input_shape[1]} in {show(input_shape)}",
                "change groups or the layer below",
            )
        return input_shape

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        each = input_shape[1] // self.groups
        batch, channels, *places = region
        found = indices(at % self.groups * each + at // self.groups for at in channels)
        return ((batch, found, *places),)


@dataclass(frozen=True)
class Unfold(Layer):
    """Every window of a picture as a column: (C·K·K, number of windows).

    Example:
        >>> Unfold(3).output_shape((1, 3, 7, 7))
        (1, 27, 25)
    """

    kernel_size: PerAxis
    dilation: PerAxis = 1
    padding: PerAxis = 0
    stride: PerAxis = 1

    def __post_init__(self) -> None:
        check_types(self)
        _ = self._windows

    @property
    def _windows(self) -> tuple[Convolution, ...]:
        same = Conv2d(1, 1, self.kernel_size, self.stride, self.padding, self.dilation)
        return tuple(each for each in same.windows if isinstance(each, Convolution))

    def _maps(self, input_shape: Shape) -> Shape:
        pairs = zip(self._windows, input_shape[2:], strict=True)
        return tuple(window.output_size(size) for window, size in pairs)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [4])
        height, width = self._maps(input_shape)
        kernel = [window.kernel_size for window in self._windows]
        return input_shape[0], input_shape[1] * kernel[0] * kernel[1], height * width

    def formula(self, input_shape: Shape) -> Formula:
        shape = self.output_shape(input_shape)
        kernel = [window.kernel_size for window in self._windows]
        maps = [
            window.formula(size)
            for window, size in zip(self._windows, input_shape[2:], strict=True)
        ]
        return Formula(
            f"C·K·K; L = H·W; {joined_formula(maps).symbols}",
            f"{product([input_shape[1], *kernel])} = {shape[1]}; "
            f"{product(self._maps(input_shape))} = {shape[2]}; {joined_formula(maps).numbers}",
        )

    def view(self, view: View) -> View:
        shape = self.output_shape(view.shape)
        for index, window in enumerate(self._windows):
            view = slid(view, index + 2, window)
        view = view.mixed(1, shape[1])
        batch, channels, *places = view.layout
        return view.arranged((batch, channels, tuple(each for axis in places for each in axis)))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        batch, columns, places = region
        down, across = self._windows
        area = down.kernel_size * across.kernel_size
        width = self._maps(input_shape)[1]
        outputs = [indices(at // width for at in places), indices(at % width for at in places)]
        if len(columns) == input_shape[1] * area:
            rows = [
                behind(each, window, size)
                for each, window, size in zip(outputs, self._windows, input_shape[2:], strict=True)
            ]
            return ((batch, range(input_shape[1]), *rows),)
        found = []
        taps = [
            {at % area // across.kernel_size for at in columns},
            {at % across.kernel_size for at in columns},
        ]
        for each, window, size, chosen in zip(
            outputs, self._windows, input_shape[2:], taps, strict=True
        ):
            reads = (window.inputs(at)[tap] for at in each for tap in chosen)
            found.append(indices(at for at in reads if 0 <= at < size))
        return ((batch, indices(at // area for at in columns), *found),)
