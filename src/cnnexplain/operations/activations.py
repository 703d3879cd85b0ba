"""Layers that work on each value, or on each place, alone: activation functions and dropout."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from functools import cache
from typing import TYPE_CHECKING

from cnnexplain.errors import LARGEST, ArgumentError, ShapeError, shown, whole
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import (
    Layer,
    Operation,
    Shape,
    check_channels,
    check_dimensions,
    check_types,
)
from cnnexplain.operations.regions import indices
from cnnexplain.operations.reshaping import axis_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnexplain.operations.regions import Region
    from cnnexplain.operations.views import View


@dataclass(frozen=True)
class PReLU(Layer):
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
class _Softmax(Layer):
    dim: int | None = None

    def __post_init__(self) -> None:
        if self.dim is not None:
            whole("dim", self.dim, -LARGEST)

    def _axis(self, input_shape: Shape) -> int:
        if self.dim is None:
            # torch's choice: the channels, but of three axes the first.
            return 0 if len(input_shape) in {1, 3} else 1
        return axis_of("dim", self.dim, input_shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        self._axis(input_shape)
        return input_shape

    def view(self, view: View) -> View:
        return view.marked([self._axis(view.shape)])

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        at = self._axis(input_shape)
        return ((*region[:at], range(input_shape[at]), *region[at + 1 :]),)


class Softmax(_Softmax):
    """Scores turned into shares of 1 along an axis."""


class Softmin(_Softmax):
    """Scores turned into shares of 1 along an axis, the smallest with the largest share."""


class LogSoftmax(_Softmax):
    """The logarithm of a softmax."""


@dataclass(frozen=True)
class Softmax2d(Layer):
    """Scores turned into shares of 1 over the channels of each place."""

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, (4,))
        return input_shape

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        return ((region[0], range(input_shape[1]), *region[2:]),)


@dataclass(frozen=True)
class GLU(Layer):
    """Half of an axis, each value weighed by its partner in the other half."""

    dim: int = -1

    def __post_init__(self) -> None:
        whole("dim", self.dim, -LARGEST)

    def output_shape(self, input_shape: Shape) -> Shape:
        at = axis_of("dim", self.dim, input_shape)
        if input_shape[at] % 2:
            raise ShapeError(
                f"an even size along dim={self.dim}",
                f"{input_shape[at]} in {show(input_shape)}",
                "use an even number of channels below",
            )
        return *input_shape[:at], input_shape[at] // 2, *input_shape[at + 1 :]

    def formula(self, input_shape: Shape) -> Formula:
        size = input_shape[axis_of("dim", self.dim, input_shape)]
        return Formula("C/2", f"{size}/2 = {size // 2}")

    def view(self, view: View) -> View:
        at = axis_of("dim", self.dim, view.shape)
        shape = self.output_shape(view.shape)
        carried = view.carried([at])
        if carried:
            return view.without(carried, at, shape[at])
        return view.mixed(at, shape[at])

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        at = axis_of("dim", self.dim, input_shape)
        half = input_shape[at] // 2
        both = indices(each + start for each in region[at] for start in (0, half))
        return ((*region[:at], both, *region[at + 1 :]),)


@dataclass(frozen=True)
class Identity(Layer):
    """Its input as it is."""

    @property
    def is_view(self) -> bool:
        return True


@dataclass(frozen=True)
class Threshold(Layer):
    """Values up to a threshold replaced by another value."""

    threshold: float
    value: float
    inplace: bool = False

    def __post_init__(self) -> None:
        check_types(self)


@dataclass(frozen=True)
class Dropout1d(Layer):
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
    "Hardsigmoid": {"inplace": False},
    "Hardtanh": {"min_val": -1.0, "max_val": 1.0, "inplace": False},
    "Hardshrink": {"lambd": 0.5},
    "Softshrink": {"lambd": 0.5},
    "Tanhshrink": {},
    "CELU": {"alpha": 1.0, "inplace": False},
    "SELU": {"inplace": False},
    "RReLU": {"lower": 1 / 8, "upper": 1 / 3, "inplace": False},
    "Softplus": {"beta": 1.0, "threshold": 20.0},
    "Softsign": {},
    "LogSigmoid": {},
    "Sigmoid": {},
    "Tanh": {},
    "Dropout": {"p": 0.5, "inplace": False},
    "Dropout2d": {"p": 0.5, "inplace": False},
    "Dropout3d": {"p": 0.5, "inplace": False},
    "AlphaDropout": {"p": 0.5, "inplace": False},
    "FeatureAlphaDropout": {"p": 0.5, "inplace": False},
}


def _check_arguments(operation: Operation) -> None:
    check_types(operation)
    chance = getattr(operation, "p", 0.5)
    if not 0 <= chance <= 1:
        raise ArgumentError("p between 0 and 1", f"p={shown(chance)}", "write p=0.5")
    approximate = getattr(operation, "approximate", "none")
    if approximate not in {"none", "tanh"}:
        raise ArgumentError(
            "approximate as 'none' or 'tanh'",
            f"approximate={shown(approximate)}",
            "write approximate='none'",
        )


@cache
def _taking(*arguments: tuple[str, bool | float | str]) -> type[Layer]:
    """Return a layer with these arguments: what makes such a class is slow, and many share one."""
    columns = [(key, type(value), value) for key, value in arguments]
    return make_dataclass(
        "_Pointwise",
        columns,
        bases=(Layer,),
        frozen=True,
        namespace={"__post_init__": _check_arguments},
    )


def _pointwise(name: str, arguments: Mapping[str, bool | float | str]) -> type[Layer]:
    return type(name, (_taking(*arguments.items()),), {"__module__": __name__})


# Kept here, since the classes are found among Layer's subclasses while something holds them.
POINTWISE: Mapping[str, type[Layer]] = {
    name: _pointwise(name, arguments) for name, arguments in _ARGUMENTS.items()
}
# By their names too, so that they can be pickled.
globals().update(POINTWISE)
