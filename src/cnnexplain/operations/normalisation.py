"""Normalisations: over channels, over neighbours, over the picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

from cnnexplain.errors import ArgumentError, ShapeError, shown, whole
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import Layer, Shape, check_channels, check_dimensions, check_types
from cnnexplain.operations.regions import indices

if TYPE_CHECKING:
    from cnnexplain.operations.regions import Region
    from cnnexplain.operations.views import View


def _scale_and_shift(channels: int) -> Formula:
    return Formula("2·C", f"2·{channels} = {2 * channels}")


@dataclass(frozen=True)
class BatchNorm(Layer):
    """What all batch normalisations have."""

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
        return _scale_and_shift(self.num_features) if self.affine else None


class BatchNorm1d(BatchNorm):
    """Each channel of a line, or each feature, brought to mean 0 and variance 1."""

    dimensions = (2, 3)


class BatchNorm2d(BatchNorm):
    """Each channel of a picture brought to mean 0 and variance 1."""

    dimensions = (4,)


class BatchNorm3d(BatchNorm):
    """Each channel of a volume brought to mean 0 and variance 1."""

    dimensions = (5,)


@dataclass(frozen=True)
class LocalResponseNorm(Layer):
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

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        before, after = self.size // 2, (self.size - 1) // 2
        found = indices(
            each
            for channel in region[1]
            for each in range(max(channel - before, 0), min(channel + after + 1, input_shape[1]))
        )
        return ((region[0], found, *region[2:]),)


@dataclass(frozen=True)
class GroupNorm(Layer):
    """Groups of channels brought to mean 0 and variance 1 over the whole picture."""

    num_groups: int
    num_channels: int
    eps: float = 1e-5
    affine: bool = True

    def __post_init__(self) -> None:
        check_types(self)
        whole("num_groups", self.num_groups, 1)
        whole("num_channels", self.num_channels, 1)
        if self.num_channels % self.num_groups:
            raise ArgumentError(
                "num_channels divisible by num_groups",
                f"num_channels={self.num_channels}, num_groups={self.num_groups}",
                "use a divisor of num_channels as num_groups",
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        check_channels("num_channels", self.num_channels, input_shape)
        return input_shape

    @property
    def parameters(self) -> int:
        return 2 * self.num_channels * self.affine

    @property
    def parameter_formula(self) -> Formula | None:
        """One scale and one shift for each channel."""
        return _scale_and_shift(self.num_channels) if self.affine else None

    def view(self, view: View) -> View:
        return view.marked(range(1, len(view.layout)))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        each = self.num_channels // self.num_groups
        groups = {channel // each for channel in region[1]}
        found = indices(group * each + at for group in groups for at in range(each))
        return ((region[0], found, *map(range, input_shape[2:])),)


@dataclass(frozen=True)
class _InstanceNorm(Layer):
    num_features: int
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = False
    track_running_stats: bool = False

    axes: ClassVar[int]

    def __post_init__(self) -> None:
        check_types(self)
        whole("num_features", self.num_features, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_dimensions(self, input_shape, [self.axes + 2])
        if self.affine or self.track_running_stats:
            check_channels("num_features", self.num_features, input_shape)
        return input_shape

    @property
    def parameters(self) -> int:
        return 2 * self.num_features * self.affine

    @property
    def parameter_formula(self) -> Formula | None:
        """One scale and one shift for each channel."""
        return _scale_and_shift(self.num_features) if self.affine else None

    def view(self, view: View) -> View:
        return view.marked(range(2, len(view.layout)))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        return ((*region[:2], *map(range, input_shape[2:])),)


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each line brought to mean 0 and variance 1."""

    axes = 1


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each picture brought to mean 0 and variance 1."""

    axes = 2


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each volume brought to mean 0 and variance 1."""

    axes = 3


@dataclass(frozen=True)
class _LastAxesNorm(Layer):
    normalized_shape: int | tuple[int, ...]

    def __post_init__(self) -> None:
        check_types(self)
        shape = self.normalized_shape
        if not isinstance(shape, tuple):
            shape = (whole("normalized_shape", shape, 1),)
        if not shape:
            raise ArgumentError(
                "normalized_shape with at least one size",
                f"normalized_shape={shown(shape)}",
                "write for example normalized_shape=512",
            )
        for size in shape:
            whole("normalized_shape", size, 1)
        object.__setattr__(self, "normalized_shape", shape[0] if len(shape) == 1 else shape)

    @property
    def _sizes(self) -> Shape:
        shape = self.normalized_shape
        return shape if isinstance(shape, tuple) else (shape,)

    def output_shape(self, input_shape: Shape) -> Shape:
        count = len(self._sizes)
        if input_shape[-count:] != self._sizes:
            raise ShapeError(
                f"an input that ends in {show(self._sizes)} "
                f"(normalized_shape={self.normalized_shape})",
                show(input_shape),
                f"use normalized_shape={input_shape[-count:] if count > 1 else input_shape[-1]}",
            )
        return input_shape

    def view(self, view: View) -> View:
        count = len(view.layout)
        return view.marked(range(count - len(self._sizes), count))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        kept = len(input_shape) - len(self._sizes)
        return ((*region[:kept], *map(range, input_shape[kept:])),)


@dataclass(frozen=True)
class LayerNorm(_LastAxesNorm):
    """The last axes together brought to mean 0 and variance 1."""

    eps: float = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    @property
    def parameters(self) -> int:
        return prod(self._sizes) * self.elementwise_affine * (1 + self.bias)

    @property
    def parameter_formula(self) -> Formula | None:
        """One scale and one shift for each value."""
        if not self.elementwise_affine:
            return None
        factor = 1 + self.bias
        sizes = "·".join(map(str, self._sizes))
        return Formula(f"{factor}·C", f"{factor}·{sizes} = {self.parameters}")


@dataclass(frozen=True)
class RMSNorm(_LastAxesNorm):
    """The last axes together divided by their root mean square."""

    eps: float | None = None
    elementwise_affine: bool = True

    @property
    def parameters(self) -> int:
        return prod(self._sizes) * self.elementwise_affine

    @property
    def parameter_formula(self) -> Formula | None:
        """One scale for each value."""
        if not self.elementwise_affine:
            return None
        return Formula("C", f"{'·'.join(map(str, self._sizes))} = {self.parameters}")
