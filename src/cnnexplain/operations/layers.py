"""Layers without windows: flattening, dense layers, normalisations, activation functions."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, ClassVar

from cnnexplain import axis
from cnnexplain.errors import LARGEST, ArgumentError, ShapeError, shown, whole
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
from cnnexplain.windows import Field

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        letters = "NC" + "DHW"[5 - len(input_shape) :]
        return Formula(product(letters[start : end + 1]), f"{product(merged)} = {prod(merged)}")

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
        check_types(self)
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
        if len(shape) > 2:  # a map: the layer mixes its last axis whole  # noqa: PLR2004
            *others, last = view.fields
            everything = Field(Fraction(0), last=Fraction(view.shape[-1] - 1))
            return View(shape, (*others, last.then(everything)))
        return _over_the_map(view, shape)


def _over_the_map(view: View, shape: Shape) -> View:
    """Return what units see that see a flattened map whole: as a convolution as large as it."""
    if view.fields is None or view.map_size is None:
        return View(shape, view.fields)
    pairs = zip(view.fields, view.map_size, strict=True)
    fields = (below.then(axis.convolution(size).field) for below, size in pairs)
    return View(shape, tuple(fields))


@dataclass(frozen=True)
class _BatchNorm(Operation):
    num_features: int
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True

    dimensions: ClassVar[tuple[int, ...]]

    def __post_init__(self) -> None:
        check_types(self)
        whole("num_features", self.num_features, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, self.dimensions)
        check_channels("num_features", self.num_features, input_shape)
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
    """Each value divided by the energy of its neighbours in the channels, as in AlexNet."""

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def __post_init__(self) -> None:
        check_types(self)
        whole("size", self.size, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, (3, 4, 5))
        return input_shape


@dataclass(frozen=True)
class PReLU(Operation):
    """An activation function with a learned slope below 0."""

    num_parameters: int = 1
    init: float = 0.25

    def __post_init__(self) -> None:
        check_types(self)
        whole("num_parameters", self.num_parameters, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        if self.num_parameters != 1:
            check_channels("num_parameters", self.num_parameters, input_shape)
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

    def view(self, view: View) -> View:
        return _over_the_map(view, self.output_shape(view.shape))


class Softmax(_Softmax):
    """Scores turned into shares of 1, over the channels."""


class LogSoftmax(_Softmax):
    """The logarithm of a softmax over the channels."""


@dataclass(frozen=True)
class Dropout1d(Operation):
    """Whole channels of a line set to zero while training."""

    p: float = 0.5
    inplace: bool = False

    def __post_init__(self) -> None:
        _check_arguments(self)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, (2, 3))
        return input_shape


# Layers that work on each value alone: torch's name, its arguments and their defaults.
_ARGUMENTS: Mapping[str, Mapping[str, bool | float | str]] = {
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
    "Dropout2d": {"p": 0.5, "inplace": False},
    "Dropout3d": {"p": 0.5, "inplace": False},
    "Identity": {},
}


def _check_arguments(operation: Operation) -> None:
    check_types(operation)
    chance = getattr(operation, "p", 0.5)
    if not 0 <= chance <= 1:
        raise ArgumentError("p between 0 and 1", f"p={shown(chance)}", "write p=0.5")
    if getattr(operation, "approximate", "none") not in {"none", "tanh"}:
        raise ArgumentError(
            "approximate as 'none' or 'tanh'",
            f"approximate={shown(operation.approximate)}",  # type: ignore[attr-defined]
            "write approximate='none'",
        )


def _pointwise(name: str, arguments: Mapping[str, bool | float | str]) -> type[Operation]:
    columns = [(key, type(value), value) for key, value in arguments.items()]
    return make_dataclass(
        name,
        columns,
        bases=(Operation,),
        frozen=True,
        namespace={"__post_init__": _check_arguments},
    )


# Kept here, since the classes are found among Operation's subclasses while something holds them.
_POINTWISE: Mapping[str, type[Operation]] = {
    name: _pointwise(name, arguments) for name, arguments in _ARGUMENTS.items()
}
