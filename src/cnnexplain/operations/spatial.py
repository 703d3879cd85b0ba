"""Layers with a window on every axis of the picture: convolutions and poolings."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, ShapeError, shown, whole
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import (
    Layer,
    Shape,
    check_channels,
    check_dimensions,
    check_types,
    product,
)
from cnnexplain.operations.padding import check_padding, padded_from
from cnnexplain.operations.regions import indices, within
from cnnexplain.operations.views import View
from cnnexplain.windows import Convolution, Field, Transposed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.operations.regions import Indices, Region
    from cnnexplain.operations.views import Along

PerAxis: TypeAlias = int | tuple[int, ...]


@dataclass(frozen=True)
class Spatial(Layer):
    """A layer with a window on every axis of the picture."""

    axes: ClassVar[int]

    @cached_property
    def windows(self) -> tuple[Convolution | Transposed, ...]:
        """The window of each axis."""
        return self._windows()

    @cached_property
    def _alike(self) -> bool:
        """Whether the windows of all axes are the same."""
        return len(set(self.windows)) == 1

    @cached_property
    def _fields(self) -> tuple[Field, ...]:
        return tuple(window.field for window in self.windows)

    @abstractmethod
    def _windows(self) -> tuple[Convolution | Transposed, ...]:
        """Return the window of each axis."""

    def _spread(self, name: str, value: object) -> tuple[object, ...]:
        """Return one value per axis, from one for all or a tuple."""
        if not isinstance(value, tuple):
            return (value,) * self.axes
        if len(value) != self.axes or any(isinstance(each, tuple | str) for each in value):
            raise ArgumentError(
                f"{name} as one number or {self.axes} of them",
                f"{name}={shown(value)}",
                f"write for example {name}=3",
            )
        return value

    def __post_init__(self) -> None:
        check_types(self)
        self._simplify()
        _ = self.windows  # which refuses what is not allowed

    def _simplify(self) -> None:
        """Write (3, 3) as 3, so that equal layers are equal however they were written."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, tuple) and len(value) == self.axes and isinstance(value[0], int):
                same = all(other == value[0] and type(other) is int for other in value)
                object.__setattr__(self, each.name, value[0] if same else value)

    def unread(self, input_shape: Shape) -> Shape:
        pairs = zip(self.windows, input_shape[2:], strict=True)
        return tuple(
            0 if isinstance(window, Transposed) else len(window.unread(size))
            for window, size in pairs
        )

    def _sizes(self, input_shape: Shape) -> Shape:
        pairs = zip(self.windows, input_shape[2:], strict=True)
        return tuple(window.output_size(size) for window, size in pairs)

    def formula(self, input_shape: Shape) -> Formula | None:
        pairs = zip(self.windows, input_shape[2:], strict=True)
        return joined_formula([window.formula(size) for window, size in pairs])

    def view(self, view: View) -> View:
        return self._viewed(view, None)

    def _viewed(self, view: View, channels: int | None) -> View:
        """Return what units see; those of other channels see all channels of the input."""
        layout, along = [*view.layout], [*view.along]
        first = 0
        if channels is not None:
            if len(layout[1]) > 1 or layout[1][0][0] is not None:
                return self._slid_apart(view).mixed(1, channels)
            layout[1] = ((None, channels),)
        for index, window in enumerate(self.windows, 2):
            factors = layout[index]
            ((picture, size),) = factors if len(factors) == 1 else ((None, 0),)
            if picture is None:
                apart = self._slid_apart(view)
                return apart if channels is None else apart.mixed(1, channels)
            if index > 2 and self._alike and view.along[picture] is view.along[first]:  # noqa: PLR2004
                along[picture] = along[first]
            else:
                outputs = window.output_size(size)
                along[picture] = _slid(along[picture], window, outputs, self._fields[index - 2])
                first = picture
            layout[index] = ((picture, along[picture].size),)
        return View(tuple(layout), tuple(along), view.source, view.sees_everything)

    def _slid_apart(self, view: View) -> View:
        """Return what units see where an axis carries no picture, or more than one factor."""
        for index, window in enumerate(self.windows):
            view = slid(view, index + 2, window)
        return view

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        triples = zip(region[2:], self.windows, input_shape[2:], strict=True)
        return ((*region[:2], *(behind(*each) for each in triples)),)


def slid(view: View, axis: int, window: Convolution | Transposed) -> View:
    """Return what units see behind a window along one axis.

    Args:
        view: What the units of the input see.
        axis: The axis.
        window: The window.
    """
    outputs = window.output_size(view.shape[axis])

    return view.changed(axis, outputs, lambda along: _slid(along, window, outputs, window.field))


def _slid(along: Along, window: Convolution | Transposed, outputs: int, own: Field) -> Along:
    return along.then(own, outputs, lambda clean: window.clean(clean, outputs))


def behind(outputs: Indices, window: Convolution | Transposed, size: int) -> Indices:
    """Return the inputs that some outputs of a window read.

    Args:
        outputs: The outputs' indices.
        window: The window.
        size: The number of inputs.
    """
    gapless = (
        isinstance(window, Convolution)
        and window.dilation == 1
        and window.stride <= window.kernel_size
    )
    if gapless and isinstance(outputs, range) and outputs:
        first, last = window.inputs(outputs[0]), window.inputs(outputs[-1])
        return within(range(first[0], last[-1] + 1), size)
    return within(indices(each for output in outputs for each in window.inputs(output)), size)


def joined_formula(formulas: Sequence[Formula]) -> Formula:
    """Return one formula for all axes, or each after its axis's letter where they differ.

    Args:
        formulas: The formula of each axis.
    """
    if len(set(formulas)) == 1:
        return formulas[0]
    letters = "DHW"[-len(formulas) :]
    pairs = list(zip(letters, formulas, strict=True))
    return Formula(
        "; ".join(f"{letter}: {each.symbols}" for letter, each in pairs),
        "; ".join(f"{letter}: {each.numbers}" for letter, each in pairs),
    )


@dataclass(frozen=True)
class _Kernels(Spatial):
    """A layer with learned kernels, each over the channels of its group."""

    in_channels: int
    out_channels: int
    kernel_size: PerAxis

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("in_channels", "out_channels", "groups"):
            whole(name, getattr(self, name), 1)
        mode, modes = self._argument("padding_mode"), self._modes
        if mode not in modes:
            raise ArgumentError(
                f"padding_mode as one of {', '.join(modes)}",
                f"padding_mode={shown(mode)}",
                "write padding_mode='zeros'",
            )
        if self.in_channels % self._groups or self.out_channels % self._groups:
            raise ArgumentError(
                "in_channels and out_channels divisible by groups",
                f"in_channels={self.in_channels}, out_channels={self.out_channels}, "
                f"groups={self._groups}",
                "use a common divisor of both as groups",
            )

    _modes: ClassVar[tuple[str, ...]] = ("zeros", "reflect", "replicate", "circular")

    def _argument(self, name: str) -> Any:
        # Convolutions and transposed ones take these in different orders, so each declares them.
        return getattr(self, name)

    @property
    def _groups(self) -> int:
        return int(self._argument("groups"))

    @property
    def _fan_in(self) -> tuple[int, ...]:
        return self.in_channels // self._groups, *(each.kernel_size for each in self.windows)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [self.axes + 2])
        check_channels("in_channels", self.in_channels, input_shape)
        return input_shape[0], self.out_channels, *self._sizes(input_shape)

    @property
    def parameters(self) -> int:
        return self.out_channels * (prod(self._fan_in) + int(self._argument("bias")))

    @property
    def parameter_formula(self) -> Formula:
        """The kernels, each over its group's channels, and one bias per output channel."""
        symbols = "C_out·C_in" + "·K" * self.axes
        inputs = f"({self.in_channels}/{self._groups})" if self._groups > 1 else self._fan_in[0]
        numbers = product([self.out_channels, inputs, *self._fan_in[1:]])
        if self._groups > 1:
            symbols = symbols.replace("C_in", "(C_in/G)")
        if self._argument("bias"):
            symbols, numbers = symbols + " + C_out", f"{numbers} + {self.out_channels}"
        return Formula(symbols, f"{numbers} = {self.parameters}")

    def view(self, view: View) -> View:
        return self._viewed(view, self.out_channels)

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        ((batch, channels, *places),) = super().seen(region, input_shape)
        below, above = self.in_channels // self._groups, self.out_channels // self._groups
        groups = {channel // above for channel in channels}
        found = indices(group * below + each for group in groups for each in range(below))
        return ((batch, found, *places),)


@dataclass(frozen=True)
class _Convolution(_Kernels):
    stride: PerAxis = 1
    padding: PerAxis | str = 0
    dilation: PerAxis = 1
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"

    def _windows(self) -> tuple[Convolution, ...]:
        columns = zip(
            self._spread("kernel_size", self.kernel_size),
            self._spread("stride", self.stride),
            self._spread("padding", self.padding),
            self._spread("dilation", self.dilation),
            strict=True,
        )
        return tuple(axis.convolution(*column) for column in columns)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [self.axes + 2])
        if self.padding_mode != "zeros":
            for window, size in zip(self.windows, input_shape[2:], strict=True):
                check_padding(self.padding_mode, window.padding, size, input_shape)
        return super().output_shape(input_shape)

    def unread(self, input_shape: Shape) -> Shape:
        # Padding that repeats inputs reads them too, so none is told to be unread.
        return super().unread(input_shape) if self.padding_mode == "zeros" else ()

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        if self.padding_mode == "zeros":
            return super().seen(region, input_shape)
        sizes = input_shape[2:]
        wide = tuple(
            size + sum(window.padding) for window, size in zip(self.windows, sizes, strict=True)
        )
        bare = replace(self, padding=0, padding_mode="zeros")
        ((batch, channels, *places),) = bare.seen(region, (*input_shape[:2], *wide))
        repeated = (
            padded_from(place, window.padding, size, self.padding_mode)
            for place, window, size in zip(places, self.windows, sizes, strict=True)
        )
        return ((batch, channels, *repeated),)

    def macs(self, input_shape: Shape) -> int:
        return prod(self.output_shape(input_shape)) * prod(self._fan_in)


@dataclass(frozen=True)
class _Transposed(_Kernels):
    stride: PerAxis = 1
    padding: PerAxis = 0
    output_padding: PerAxis = 0
    groups: int = 1
    bias: bool = True
    dilation: PerAxis = 1
    padding_mode: str = "zeros"

    _modes = ("zeros",)

    def _windows(self) -> tuple[Transposed, ...]:
        columns = zip(
            self._spread("kernel_size", self.kernel_size),
            self._spread("stride", self.stride),
            self._spread("padding", self.padding),
            self._spread("dilation", self.dilation),
            self._spread("output_padding", self.output_padding),
            strict=True,
        )
        return tuple(axis.transposed(*column) for column in columns)

    def macs(self, input_shape: Shape) -> int:
        # Each input is multiplied by every weight that it has, also where padding cuts the product
        # away: so do torch's kernels, and so count its counters.
        self.output_shape(input_shape)
        return prod(input_shape) * self.out_channels // self._groups * prod(self._fan_in[1:])


@dataclass(frozen=True)
class _Pooling(Spatial):
    def _simplify(self) -> None:
        # torch's poolings step by their kernel's size unless told otherwise.
        if getattr(self, "stride", 0) is None:
            object.__setattr__(self, "stride", getattr(self, "kernel_size"))  # noqa: B009
        super()._simplify()

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [self.axes + 2])
        return *input_shape[:2], *self._sizes(input_shape)

    def _pooled(
        self,
        kernel_size: PerAxis,
        stride: PerAxis | None,
        padding: PerAxis,
        dilation: PerAxis,
        ceil_mode: bool,
    ) -> tuple[Convolution, ...]:
        columns = zip(
            self._spread("kernel_size", kernel_size),
            self._spread("stride", stride),
            self._spread("padding", padding),
            self._spread("dilation", dilation),
            strict=True,
        )
        return tuple(axis.pooling(*column, ceil_mode) for column in columns)


@dataclass(frozen=True)
class _MaxPool(_Pooling):
    kernel_size: PerAxis
    stride: PerAxis | None = None
    padding: PerAxis = 0
    dilation: PerAxis = 1
    return_indices: bool = False
    ceil_mode: bool = False

    def _windows(self) -> tuple[Convolution, ...]:
        return self._pooled(
            self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


@dataclass(frozen=True)
class _AvgPool(_Pooling):
    kernel_size: PerAxis
    stride: PerAxis | None = None
    padding: PerAxis = 0
    ceil_mode: bool = False
    count_include_pad: bool = True

    def _windows(self) -> tuple[Convolution, ...]:
        return self._pooled(self.kernel_size, self.stride, self.padding, 1, self.ceil_mode)


@dataclass(frozen=True)
class _AdaptivePool(_Pooling):
    output_size: int | tuple[int | None, ...]

    def _windows(self) -> tuple[Convolution, ...]:
        for size in self._spread("output_size", self.output_size):
            # None keeps an axis as it is; torch takes it beside other axes only.
            if size is not None or self.axes == 1 or self.output_size is None:
                whole("output_size", size, 1)
        return ()

    def _sizes(self, input_shape: Shape) -> Shape:
        wanted = self._spread("output_size", self.output_size)
        pairs = zip(wanted, input_shape[2:], strict=True)
        return tuple(
            whole("input_size", size, 1) if each is None else whole("output_size", each, 1)
            for each, size in pairs
        )

    def formula(self, input_shape: Shape) -> Formula:
        sizes = self._sizes(input_shape)
        return joined_formula([Formula("output_size", f"output_size = {size}") for size in sizes])

    def view(self, view: View) -> View:
        sizes = zip(view.shape[2:], self.output_shape(view.shape)[2:], strict=True)
        for index, (size, bins) in enumerate(sizes):
            view = view.changed(index + 2, bins, partial(_binned, size=size, bins=bins))
        return view

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        sizes = self._sizes(input_shape)
        places = (
            indices(each for at in part for each in bin_inputs(at, size, bins))
            for part, size, bins in zip(region[2:], input_shape[2:], sizes, strict=True)
        )
        return ((*region[:2], *places),)

    def unread(self, input_shape: Shape) -> Shape:
        return (0,) * len(input_shape[2:])


def bin_inputs(index: int, size: int, bins: int) -> range:
    """Return the inputs behind one output of an adaptive pooling along one axis.

    Args:
        index: The output's index.
        size: The number of inputs.
        bins: The number of outputs; where they do not divide the inputs, bins overlap.

    Example:
        >>> [bin_inputs(index, size=7, bins=3) for index in range(3)]
        [range(0, 3), range(2, 5), range(4, 7)]
    """
    return range(index * size // bins, -(-(index + 1) * size // bins))


def bin_widths(size: int, bins: int) -> tuple[int, int]:
    """Return how many inputs the smallest and the largest bin of an adaptive pooling have.

    Args:
        size: The number of inputs.
        bins: The number of outputs.

    Example:
        >>> bin_widths(size=11, bins=6), bin_widths(size=12, bins=6)
        ((2, 3), (2, 2))
    """
    whole, rest = divmod(size, bins)
    if not rest:
        return whole, whole
    # Each bin begins or ends inside an input; and some do both unless the rest divides the bins.
    return whole + 1, whole + 1 + (bins % rest > 0)


def _binned(along: Along, size: int, bins: int) -> Along:
    def clean(inputs: range) -> range:
        start = -(-inputs.start * bins // size)
        stop = inputs.stop * bins // size
        return range(min(start, bins), max(min(start, bins), stop))

    # Bins of different widths: units of one layer see differently sized parts.
    own = None if size % bins else axis.pooling(size // bins, size // bins).field
    return along.then(own, bins, clean)


@dataclass(frozen=True)
class _AdaptiveMaxPool(_AdaptivePool):
    return_indices: bool = False


class Conv1d(_Convolution):
    """A convolution over a line: (batch, in_channels, length)."""

    axes = 1


class Conv2d(_Convolution):
    """A convolution over a picture: (batch, in_channels, height, width).

    Example:
        >>> conv1 = Conv2d(3, 96, 11, stride=4)
        >>> conv1.output_shape((1, 3, 227, 227)), conv1.parameters
        ((1, 96, 55, 55), 34944)
        >>> print(conv1.parameter_formula)
        96·3·11·11 + 96 = 34944
    """

    axes = 2


class Conv3d(_Convolution):
    """A convolution over a volume: (batch, in_channels, depth, height, width)."""

    axes = 3


class MaxPool1d(_MaxPool):
    """The largest value in each window of a line."""

    axes = 1


class MaxPool2d(_MaxPool):
    """The largest value in each window of a picture.

    Example:
        >>> print(MaxPool2d(3, 2).formula((1, 256, 13, 13)))
        floor((13 + 2·0 − 3)/2) + 1 = 6
    """

    axes = 2


class MaxPool3d(_MaxPool):
    """The largest value in each window of a volume."""

    axes = 3


class AvgPool1d(_AvgPool):
    """The mean of each window of a line."""

    axes = 1


class AvgPool2d(_AvgPool):
    """The mean of each window of a picture."""

    axes = 2


class AvgPool3d(_AvgPool):
    """The mean of each window of a volume."""

    axes = 3

    def output_shape(self, input_shape: Shape) -> Shape:
        output_shape = super().output_shape(input_shape)
        # Of all poolings, torch lets this one alone count no padding here.
        for window, size in zip(self.windows, input_shape[2:], strict=True):
            if size < window.kernel_size:
                raise ShapeError(
                    f"an input of at least kernel_size={window.kernel_size} without its padding",
                    f"{size} in {show(input_shape)}",
                    "use a larger input, or a smaller kernel_size",
                )
        return output_shape


class AdaptiveAvgPool1d(_AdaptivePool):
    """Means over as many bins of a line as are asked for."""

    axes = 1


class AdaptiveAvgPool2d(_AdaptivePool):
    """Means over as many bins of a picture as are asked for."""

    axes = 2


class AdaptiveAvgPool3d(_AdaptivePool):
    """Means over as many bins of a volume as are asked for."""

    axes = 3


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest value in each of as many bins of a line as are asked for."""

    axes = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest value in each of as many bins of a picture as are asked for."""

    axes = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest value in each of as many bins of a volume as are asked for."""

    axes = 3


class ConvTranspose1d(_Transposed):
    """A transposed convolution over a line: each input writes through the kernel."""

    axes = 1


class ConvTranspose2d(_Transposed):
    """A transposed convolution over a picture: each input writes through the kernel.

    Example:
        >>> up = ConvTranspose2d(64, 32, 2, stride=2)
        >>> up.output_shape((1, 64, 28, 28)), str(up.formula((1, 64, 28, 28)))
        ((1, 32, 56, 56), '(28 − 1)·2 − 2·0 + 1·(2 − 1) + 0 + 1 = 56')
    """

    axes = 2


class ConvTranspose3d(_Transposed):
    """A transposed convolution over a volume: each input writes through the kernel."""

    axes = 3
