"""The operations of sequential networks: shape rule, formula, parameters, MACs, receptive field.

Every class is called, and takes its arguments in the order, of the torch.nn class that it stands
for. Shapes carry the batch, as torch's do: (batch, channels, height, width).

A MAC is one multiplication by a weight with its addition; biases, poolings, normalisations and
activations count none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, make_dataclass
from math import prod
from typing import ClassVar, TypeAlias

from cnnexplain import axis
from cnnexplain.axis import Field, whole
from cnnexplain.errors import ArgumentError, ShapeError, SourceError, shown
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show

Shape: TypeAlias = tuple[int, ...]
PerAxis: TypeAlias = int | tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """A layer: what it makes of a shape, and what it costs."""

    def __str__(self) -> str:
        """Return the layer as one writes it, leaving out what is at its default."""
        parts = []
        for each in fields(self):
            value = getattr(self, each.name)
            if each.default is MISSING:
                parts.append(f"{value!r}" if not parts or len(parts) == 1 else f"{each.name}={value!r}")
            elif value != each.default:
                parts.append(f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape that the layer makes of an input's.

        Args:
            input_shape: The input's shape with its batch.

        Raises:
            ShapeError: If the input does not fit.
        """
        return input_shape

    def formula(self, input_shape: Shape) -> Formula | None:
        """Return how the output's size comes about, or None where sizes pass unchanged.

        Args:
            input_shape: The input's shape with its batch.
        """
        del input_shape
        return None

    @property
    def parameters(self) -> int:
        """The number of learned parameters."""
        return 0

    @property
    def parameter_formula(self) -> Formula | None:
        """How the number of parameters comes about, or None without any."""
        return None

    def macs(self, input_shape: Shape) -> int:
        """Return the multiply-accumulates for an input.

        Args:
            input_shape: The input's shape with its batch.
        """
        del input_shape
        return 0

    def view(self, view: View) -> View:
        """Return what the layer's units see of the network's input.

        Args:
            view: What the units of the layer's input see.
        """
        return view

    def unread(self, input_shape: Shape) -> Shape:
        """Return the number of inputs per axis that no window reads, since sizes round down.

        Args:
            input_shape: The input's shape with its batch.
        """
        del input_shape
        return ()


@dataclass(frozen=True)
class View:
    """What the units of a layer see of the network's input.

    Attributes:
        shape: The layer's output shape with its batch.
        fields: The receptive field on each axis of the picture; None where units of one layer see
            differently shaped parts, which one field cannot tell.
        map_size: The size of the map that was flattened into the last axis, if one was.
    """

    shape: Shape
    fields: tuple[Field, ...] | None
    map_size: Shape | None = None


def _product(numbers: Sequence[int | str]) -> str:
    return "·".join(str(number) for number in numbers)


def _dimensions(operation: Operation, input_shape: Shape, allowed: Sequence[int]) -> None:
    if len(input_shape) not in allowed:
        names = {2: "features", 3: "channels, length", 4: "channels, height, width"}
        wanted = " or ".join(
            f"{count} (batch, {names.get(count, 'channels, depth, height, width')})"
            for count in allowed
        )
        raise ShapeError(
            f"an input with dimensions {wanted}",
            f"{len(input_shape)}: {show(input_shape)}",
            "flatten the map first" if isinstance(operation, Linear) else "give all its axes",
        )


def _channels(name: str, wanted: int, input_shape: Shape) -> None:
    if input_shape[1] != wanted:
        raise ShapeError(
            f"{wanted} channels ({name}={wanted})",
            f"{input_shape[1]} channels in {show(input_shape)}",
            f"use {name}={input_shape[1]}, or a layer below with {wanted} output channels",
        )


@dataclass(frozen=True)
class _Spatial(Operation):
    """A layer with a window on every axis of the picture."""

    axes: ClassVar[int]

    def windows(self) -> tuple[axis.Convolution, ...]:
        """Return the window of each axis."""
        raise AssertionError

    def _spread(self, name: str, value: object) -> tuple[object, ...]:
        """Return one value per axis, from one for all or a tuple."""
        if not isinstance(value, tuple | list):
            return (value,) * self.axes
        if len(value) != self.axes or any(isinstance(each, tuple | list) for each in value):
            raise ArgumentError(
                f"{name} as one number or {self.axes} of them",
                f"{name}={shown(value)}",
                f"write for example {name}=3",
            )
        return tuple(value)

    def __post_init__(self) -> None:
        _check_types(self)
        self.windows()

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

    def windows(self) -> tuple[axis.Convolution, ...]:
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
        _dimensions(self, input_shape, [self.axes + 2])
        _channels("in_channels", self.in_channels, input_shape)
        return input_shape[0], self.out_channels, *self._sizes(input_shape)

    @property
    def parameters(self) -> int:
        return self.out_channels * (prod(self._fan_in) + self.bias)

    @property
    def parameter_formula(self) -> Formula:
        """The kernels, each over its group's channels, and one bias per output channel."""
        symbols = "C_out·C_in" + "·K" * self.axes
        inputs = f"({self.in_channels}/{self.groups})" if self.groups > 1 else self._fan_in[0]
        numbers = _product([self.out_channels, inputs, *self._fan_in[1:]])
        if self.groups > 1:
            symbols = symbols.replace("C_in", "(C_in/G)")
        if self.bias:
            symbols, numbers = symbols + " + C_out", f"{numbers} + {self.out_channels}"
        return Formula(symbols, f"{numbers} = {self.parameters}")

    def macs(self, input_shape: Shape) -> int:
        return prod(self.output_shape(input_shape)) * prod(self._fan_in)


@dataclass(frozen=True)
class _Pooling(_Spatial):
    def output_shape(self, input_shape: Shape) -> Shape:
        _dimensions(self, input_shape, [self.axes + 2])
        return *input_shape[:2], *self._sizes(input_shape)

    def _windows(
        self,
        kernel_size: PerAxis,
        stride: PerAxis | None,
        padding: PerAxis,
        dilation: PerAxis,
        ceil_mode: bool,
    ) -> tuple[axis.Convolution, ...]:
        columns = zip(
            self._spread("kernel_size", kernel_size),
            # torch's poolings step by their kernel's size unless told otherwise.
            self._spread("stride", kernel_size if stride is None else stride),
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

    def windows(self) -> tuple[axis.Convolution, ...]:
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

    def windows(self) -> tuple[axis.Convolution, ...]:
        return self._windows(self.kernel_size, self.stride, self.padding, 1, self.ceil_mode)


@dataclass(frozen=True)
class _AdaptivePool(_Pooling):
    output_size: int | tuple[int | None, ...] | None

    def windows(self) -> tuple[axis.Convolution, ...]:
        for size in self._spread("output_size", self.output_size):
            if size is not None:
                whole("output_size", size, 1)
        return ()

    def _sizes(self, input_shape: Shape) -> Shape:
        sizes = self._spread("output_size", self.output_size)
        pairs = zip(sizes, input_shape[2:], strict=True)
        return tuple(size if wanted is None else axis.whole("output_size", wanted, 1) for wanted, size in pairs)

    def formula(self, input_shape: Shape) -> Formula:
        sizes = self._sizes(input_shape)
        return _joined([Formula("output_size", f"output_size = {size}") for size in sizes])

    def view(self, view: View) -> View:
        shape = self.output_shape(view.shape)
        if view.fields is None:
            return View(shape, None)
        columns = zip(view.fields, view.shape[2:], shape[2:], strict=True)
        fields = (below.then(axis.adaptive_field(size, out)) for below, size, out in columns)
        return View(shape, tuple(fields))

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


class AdaptiveAvgPool1d(_AdaptivePool):
    """Means over as many bins of a line as are asked for."""

    axes = 1


class AdaptiveAvgPool2d(_AdaptivePool):
    """Means over as many bins of a picture as are asked for."""

    axes = 2


class AdaptiveAvgPool3d(_AdaptivePool):
    """Means over as many bins of a volume as are asked for."""

    axes = 3


@dataclass(frozen=True)
class Flatten(Operation):
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
            whole(name, getattr(self, name), -axis.LARGEST)

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
        symbols = _product("NCDHW"[-len(input_shape) :][start : end + 1])
        if len(input_shape) < 5:
            letters = {2: "NC", 3: "NCW", 4: "NCHW"}.get(len(input_shape), "NCDHW")
            symbols = _product(letters[start : end + 1])
        return Formula(symbols, f"{_product(merged)} = {prod(merged)}")

    def view(self, view: View) -> View:
        shape = self.output_shape(view.shape)
        if shape == view.shape:
            return view
        if view.fields is not None and self._ends(view.shape) == (1, len(view.shape) - 1):
            return View(shape, view.fields, view.shape[2:])
        # Neighbours in a flattened picture see places far apart: no one field tells that.
        return View(shape, None)


@dataclass(frozen=True)
class Linear(Operation):
    """A fully connected layer over the last axis.

    Example:
        >>> fc6 = Linear(9216, 4096)
        >>> fc6.output_shape((1, 9216)), str(fc6.parameter_formula)
        ((1, 4096), '9216·4096 + 4096 = 37752832')
    """

    in_features: int
    out_features: int
    bias: bool = True

    def __post_init__(self) -> None:
        _check_types(self)
        whole("in_features", self.in_features, 1)
        whole("out_features", self.out_features, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        if input_shape[-1] != self.in_features:
            hint = "flatten the map before it, or " if len(input_shape) > 2 else ""  # noqa: PLR2004
            raise ShapeError(
                f"{self.in_features} input features (in_features={self.in_features})",
                f"{input_shape[-1]} in {show(input_shape)}",
                f"{hint}use in_features={input_shape[-1]}, "
                f"or an input size that leaves {self.in_features}",
            )
        return *input_shape[:-1], self.out_features

    def formula(self, input_shape: Shape) -> Formula:
        del input_shape
        return Formula("out_features", f"out_features = {self.out_features}")

    @property
    def parameters(self) -> int:
        return self.out_features * (self.in_features + self.bias)

    @property
    def parameter_formula(self) -> Formula:
        """One weight for each pair of input and output, and one bias for each output."""
        symbols, numbers = "in_features·out_features", f"{self.in_features}·{self.out_features}"
        if self.bias:
            symbols, numbers = f"{symbols} + out_features", f"{numbers} + {self.out_features}"
        return Formula(symbols, f"{numbers} = {self.parameters}")

    def macs(self, input_shape: Shape) -> int:
        return prod(self.output_shape(input_shape)) * self.in_features

    def view(self, view: View) -> View:
        shape = self.output_shape(view.shape)
        if view.fields is None:
            return View(shape, None)
        if len(shape) > 2:  # noqa: PLR2004  # a map: the layer mixes its last axis whole
            *others, last = view.fields
            everything = Field(axis.Fraction(0), last=axis.Fraction(view.shape[-1] - 1))
            return View(shape, (*others, last.then(everything)))
        if view.map_size is None:
            return View(shape, view.fields)
        # Over a flattened map it is a convolution as large as the map.
        pairs = zip(view.fields, view.map_size, strict=True)
        whole_map = (below.then(axis.convolution(size).field) for below, size in pairs)
        return View(shape, tuple(whole_map))


@dataclass(frozen=True)
class _BatchNorm(Operation):
    num_features: int
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True

    dimensions: ClassVar[tuple[int, ...]]

    def __post_init__(self) -> None:
        _check_types(self)
        whole("num_features", self.num_features, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        _dimensions(self, input_shape, self.dimensions)
        _channels("num_features", self.num_features, input_shape)
        return input_shape

    @property
    def parameters(self) -> int:
        return 2 * self.num_features * self.affine

    @property
    def parameter_formula(self) -> Formula | None:
        """One scale and one shift for each channel."""
        return Formula("2·C", f"2·{self.num_features} = {self.parameters}") if self.affine else None

    def view(self, view: View) -> View:
        return View(self.output_shape(view.shape), view.fields, view.map_size)


class BatchNorm1d(_BatchNorm):
    """Each channel of a line, or each feature, brought to mean 0 and variance 1."""

    dimensions = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Each channel of a picture brought to mean 0 and variance 1."""

    dimensions = (4,)


class BatchNorm3d(_BatchNorm):
    """Each channel of a volume brought to mean 0 and variance 1."""

    dimensions = (5,)


@dataclass(frozen=True)
class LocalResponseNorm(Operation):
    """Each value divided by the energy of its neighbours in the channels: AlexNet's normalisation."""

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def __post_init__(self) -> None:
        _check_types(self)
        whole("size", self.size, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        _dimensions(self, input_shape, (3, 4, 5))
        return input_shape


@dataclass(frozen=True)
class PReLU(Operation):
    """An activation function with a learned slope below 0."""

    num_parameters: int = 1
    init: float = 0.25

    def __post_init__(self) -> None:
        _check_types(self)
        whole("num_parameters", self.num_parameters, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        if self.num_parameters != 1:
            _channels("num_parameters", self.num_parameters, input_shape)
        return input_shape

    @property
    def parameters(self) -> int:
        return self.num_parameters

    @property
    def parameter_formula(self) -> Formula:
        """One slope for all channels, or one for each."""
        return Formula("num_parameters", f"num_parameters = {self.num_parameters}")


@dataclass(frozen=True)
class _Softmax(Operation):
    dim: int | None = None

    def output_shape(self, input_shape: Shape) -> Shape:
        count = len(input_shape)
        dim = 1 if self.dim is None else whole("dim", self.dim, -count)
        if dim >= count or dim % count != 1:
            raise ShapeError(
                "a softmax over the channels, dim=1",
                f"dim={self.dim} for an input of shape {show(input_shape)}",
                "write dim=1",
            )
        return input_shape


class Softmax(_Softmax):
    """Scores turned into shares of 1, over the channels."""


class LogSoftmax(_Softmax):
    """The logarithm of a softmax over the channels."""


# Layers that work on each value alone: torch's name, its arguments and their defaults.
_POINTWISE: Mapping[str, Mapping[str, bool | float | str]] = {
    "ReLU": {"inplace": False},
    "ReLU6": {"inplace": False},
    "LeakyReLU": {"negative_slope": 0.01, "inplace": False},
    "ELU": {"alpha": 1.0, "inplace": False},
    "GELU": {"approximate": "none"},
    "SiLU": {"inplace": False},
    "Mish": {"inplace": False},
    "Hardswish": {"inplace": False},
    "Sigmoid": {},
    "Tanh": {},
    "Dropout": {"p": 0.5, "inplace": False},
    "Dropout1d": {"p": 0.5, "inplace": False},
    "Dropout2d": {"p": 0.5, "inplace": False},
    "Dropout3d": {"p": 0.5, "inplace": False},
    "Identity": {},
}


def _check_types(operation: Operation) -> None:
    """Refuse arguments of another kind than their default, which torch too would stumble over."""
    for each in fields(operation):
        value, default = getattr(operation, each.name), each.default
        if isinstance(default, bool):
            fits, wanted = isinstance(value, bool), "True or False"
        elif isinstance(default, float):
            fits, wanted = isinstance(value, int | float), "a number"
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


def _pointwise(name: str, arguments: Mapping[str, bool | float | str]) -> type[Operation]:
    columns = [(key, type(value), value) for key, value in arguments.items()]
    return make_dataclass(
        name, columns, bases=(Operation,), frozen=True, namespace={"__post_init__": _check_types}
    )


def _leaves(kind: type[Operation]) -> list[type[Operation]]:
    below = [leaf for child in kind.__subclasses__() for leaf in _leaves(child)]
    return below or [kind]


# Every operation by the name of the torch.nn class that it stands for.
OPERATIONS: Mapping[str, type[Operation]] = {
    **{kind.__name__: kind for kind in _leaves(Operation)},
    **{name: _pointwise(name, arguments) for name, arguments in _POINTWISE.items()},
}


def make(name: str, arguments: Sequence[object], keywords: Mapping[str, object]) -> Operation:
    """Return an operation from the name and the arguments of a torch.nn class.

    Args:
        name: The class's name, such as `"Conv2d"`.
        arguments: The positional arguments.
        keywords: The keyword arguments.

    Raises:
        SourceError: If there is no such operation.
        ArgumentError: If the arguments are not those of the class.

    Example:
        >>> print(make("MaxPool2d", [3], {"stride": 2}))
        MaxPool2d(3, stride=2)
    """
    if name not in OPERATIONS:
        known = ", ".join(sorted(OPERATIONS))
        raise SourceError(f"a layer among {known}", shown(name), "use one of these layers")
    kind = OPERATIONS[name]
    names = [each.name for each in fields(kind)]
    required = [each.name for each in fields(kind) if each.default is MISSING]
    bound = dict(zip(names, arguments, strict=False))
    unknown = [key for key in keywords if key not in names or key in bound]
    missing = [key for key in required if key not in bound and key not in keywords]
    if len(arguments) > len(names) or unknown or missing:
        problem = (
            f"{len(arguments)} positional arguments"
            if len(arguments) > len(names)
            else f"{'unknown or doubled' if unknown else 'no'} {shown((unknown or missing)[0])}"
        )
        raise ArgumentError(
            f"{name}({', '.join(names)})", problem, "write the arguments as torch.nn names them"
        )
    return kind(**bound, **keywords)
