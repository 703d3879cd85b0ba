"""Layers with a window on every axis of the picture: convolutions and poolings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import prod
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, ShapeError, shown, whole
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import (
    Operation,
    Shape,
    View,
    check_channels,
    check_dimensions,
    check_types,
    product,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.windows import Convolution

PerAxis: TypeAlias = int | tuple[int, ...]


@dataclass(frozen=True)
class _Spatial(Operation):
    """A layer with a window on every axis of the picture."""

    axes: ClassVar[int]

    def windows(self) -> tuple[Convolution, ...]:
        """Return the window of each axis."""
        raise AssertionError

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
        self.windows()

    def _simplify(self) -> None:
        """Write (3, 3) as 3, so that equal layers are equal however they were written."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, tuple) and len(value) == self.axes and isinstance(value[0], int):
                same = all(other == value[0] and type(other) is int for other in value)
                object.__setattr__(self, each.name, value[0] if same else value)

    def unread(self, input_shape: Shape) -> Shape:
        pairs = zip(self.windows(), input_shape[2:], strict=True)
        return tuple(len(window.unread(size)) for window, size in pairs)

    def _sizes(self, input_shape: Shape) -> Shape:
        pairs = zip(self.windows(), input_shape[2:], strict=True)
        return tuple(window.output_size(size) for window, size in pairs)

    def formula(self, input_shape: Shape) -> Formula | None:
        pairs = zip(self.windows(), input_shape[2:], strict=True)
        return _joined([window.formula(size) for window, size in pairs])

    def view(self, view: View) -> View:
        shape = self.output_shape(view.shape)
        if view.fields is None:
            return View(shape, None)
        pairs = zip(view.fields, self.windows(), strict=True)
        return View(shape, tuple(below.then(window.field) for below, window in pairs))


def _joined(formulas: Sequence[Formula]) -> Formula:
    """Return one formula for all axes, or each after its axis's letter where they differ."""
    if len(set(formulas)) == 1:
        return formulas[0]
    letters = "DHW"[-len(formulas) :]
    pairs = list(zip(letters, formulas, strict=True))
    return Formula(
        "; ".join(f"{letter}: {each.symbols}" for letter, each in pairs),
        "; ".join(f"{letter}: {each.numbers}" for letter, each in pairs),
    )


@dataclass(frozen=True)
class _Convolution(_Spatial):
    in_channels: int
    out_channels: int
    kernel_size: PerAxis
    stride: PerAxis = 1
    padding: PerAxis | str = 0
    dilation: PerAxis = 1
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("in_channels", "out_channels", "groups"):
            whole(name, getattr(self, name), 1)
        modes = ("zeros", "reflect", "replicate", "circular")
        if self.padding_mode not in modes:
            raise ArgumentError(
                f"padding_mode as one of {', '.join(modes)}",
                f"padding_mode={shown(self.padding_mode)}",
                "write padding_mode='zeros'",
            )
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ArgumentError(
                "in_channels and out_channels divisible by groups",
                f"in_channels={self.in_channels}, out_channels={self.out_channels}, "
                f"groups={self.groups}",
                "use a common divisor of both as groups",
            )

    def windows(self) -> tuple[Convolution, ...]:
        columns = zip(
            self._spread("kernel_size", self.kernel_size),
            self._spread("stride", self.stride),
            self._spread("padding", self.padding),
            self._spread("dilation", self.dilation),
            strict=True,
        )
        return tuple(axis.convolution(*column) for column in columns)

    @property
    def _fan_in(self) -> tuple[int, ...]:
        return self.in_channels // self.groups, *(each.kernel_size for each in self.windows())

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [self.axes + 2])
        check_channels("in_channels", self.in_channels, input_shape)
        self._check_padding(input_shape)
        return input_shape[0], self.out_channels, *self._sizes(input_shape)

    def unread(self, input_shape: Shape) -> Shape:
        # Padding that repeats inputs reads them too, so none is told to be unread.
        return super().unread(input_shape) if self.padding_mode == "zeros" else ()

    def _check_padding(self, input_shape: Shape) -> None:
        """Refuse more padding than there are inputs to take it from."""
        spare = {"reflect": 1, "circular": 0}.get(self.padding_mode)
        if spare is None:
            return
        for window, size in zip(self.windows(), input_shape[2:], strict=True):
            if max(window.padding) > size - spare:
                raise ShapeError(
                    f"a padding of at most {size - spare} with padding_mode={self.padding_mode!r}",
                    f"padding={max(window.padding)} for {show(input_shape)}",
                    "use less padding, a larger input, or padding_mode='zeros'",
                )

    @property
    def parameters(self) -> int:
        return self.out_channels * (prod(self._fan_in) + self.bias)

    @property
    def parameter_formula(self) -> Formula:
        """The kernels, each over its group's channels, and one bias per output channel."""
        symbols = "C_out·C_in" + "·K" * self.axes
        inputs = f"({self.in_channels}/{self.groups})" if self.groups > 1 else self._fan_in[0]
        numbers = product([self.out_channels, inputs, *self._fan_in[1:]])
        if self.groups > 1:
            symbols = symbols.replace("C_in", "(C_in/G)")
        if self.bias:
            symbols, numbers = symbols + " + C_out", f"{numbers} + {self.out_channels}"
        return Formula(symbols, f"{numbers} = {self.parameters}")

    def macs(self, input_shape: Shape) -> int:
        return prod(self.output_shape(input_shape)) * prod(self._fan_in)


@dataclass(frozen=True)
class _Pooling(_Spatial):
    def _simplify(self) -> None:
        # torch's poolings step by their kernel's size unless told otherwise.
        if getattr(self, "stride", 0) is None:
            object.__setattr__(self, "stride", getattr(self, "kernel_size"))  # noqa: B009
        super()._simplify()

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [self.axes + 2])
        return *input_shape[:2], *self._sizes(input_shape)

    def _windows(
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

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.return_indices:
            raise ArgumentError(
                "return_indices=False: the next layer takes one input",
                "return_indices=True",
                "leave return_indices out",
            )

    def windows(self) -> tuple[Convolution, ...]:
        return self._windows(
            self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


@dataclass(frozen=True)
class _AvgPool(_Pooling):
    kernel_size: PerAxis
    stride: PerAxis | None = None
    padding: PerAxis = 0
    ceil_mode: bool = False
    count_include_pad: bool = True

    def windows(self) -> tuple[Convolution, ...]:
        return self._windows(self.kernel_size, self.stride, self.padding, 1, self.ceil_mode)


@dataclass(frozen=True)
class _AdaptivePool(_Pooling):
    output_size: int | tuple[int | None, ...]

    def windows(self) -> tuple[Convolution, ...]:
        for size in self._spread("output_size", self.output_size):
            # None keeps an axis as it is; torch takes it beside other axes only.
            if size is not None or self.axes == 1 or self.output_size is None:
                whole("output_size", size, 1)
        return ()

    def _sizes(self, input_shape: Shape) -> Shape:
        wanted = self._spread("output_size", self.output_size)
        pairs = zip(wanted, input_shape[2:], strict=True)
        return tuple(
            size if each is None else whole("output_size", each, 1) for each, size in pairs
        )

    def formula(self, input_shape: Shape) -> Formula:
        sizes = self._sizes(input_shape)
        return _joined([Formula("output_size", f"output_size = {size}") for size in sizes])

    def view(self, view: View) -> View:
        shape = self.output_shape(view.shape)
        if view.fields is None:
            return View(shape, None)
        columns = list(zip(view.fields, view.shape[2:], shape[2:], strict=True))
        if any(size % bins for _, size, bins in columns):
            # Bins of different widths: units of one layer see differently sized parts.
            return View(shape, None)
        bins = (
            below.then(axis.pooling(size // out, size // out).field) for below, size, out in columns
        )
        return View(shape, tuple(bins))

    def unread(self, input_shape: Shape) -> Shape:
        return (0,) * len(input_shape[2:])


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
        for window, size in zip(self.windows(), input_shape[2:], strict=True):
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
