"""Dense layers: every value of an axis sees every other."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.errors import ShapeError, whole
from cnnexplain.formula import Formula
from cnnexplain.languages import shape as show
from cnnexplain.operations.base import Layer, Shape, changed, check_types

if TYPE_CHECKING:
    from cnnexplain.operations.regions import Region
    from cnnexplain.operations.views import View


@dataclass(frozen=True)
class Linear(Layer):
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
        return view.mixed(len(view.layout) - 1, self.out_features)

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        return ((*region[:-1], range(input_shape[-1])),)


@dataclass(frozen=True)
class Embedding(Layer):
    """A learned vector for each index."""

    num_embeddings: int
    embedding_dim: int

    def __post_init__(self) -> None:
        whole("num_embeddings", self.num_embeddings, 1)
        whole("embedding_dim", self.embedding_dim, 1)

    def output_shape(self, input_shape: Shape) -> Shape:
        return *input_shape, self.embedding_dim

    def formula(self, input_shape: Shape) -> Formula | None:
        return changed(input_shape, self.output_shape(input_shape))

    @property
    def parameters(self) -> int:
        return self.num_embeddings * self.embedding_dim

    @property
    def parameter_formula(self) -> Formula:
        """One vector for each index."""
        return Formula(
            "num_embeddings·embedding_dim",
            f"{self.num_embeddings}·{self.embedding_dim} = {self.parameters}",
        )

    def view(self, view: View) -> View:
        return view.arranged((*view.layout, ((None, self.embedding_dim),)))

    def seen(self, region: Region, input_shape: Shape) -> tuple[Region, ...]:
        del input_shape
        return (region[:-1],)
