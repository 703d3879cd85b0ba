"""A map that is flattened into another number of values than are wanted, and what cures that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import log, prod
from operator import ge
from typing import TYPE_CHECKING

from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.case import usual
from cnnexplain.diagnosis.factors import maps
from cnnexplain.diagnosis.findings import Cure, Fact
from cnnexplain.diagnosis.fitting import fitting, side_of
from cnnexplain.operations.base import Layer, product
from cnnexplain.operations.dense import Linear
from cnnexplain.operations.joining import Cat, Elementwise
from cnnexplain.operations.normalisation import BatchNorm, LocalResponseNorm
from cnnexplain.operations.reshaping import Flatten, Reshape
from cnnexplain.operations.spatial import Spatial

if TYPE_CHECKING:
    from cnnexplain.diagnosis.case import Case
    from cnnexplain.diagnosis.fitting import Sizes
    from cnnexplain.graph import Row
    from cnnexplain.operations import Shape

# What works on each window by itself, or after the flattening on each image.
_LOCAL = (Spatial, Linear, Cat, Elementwise, BatchNorm, LocalResponseNorm, Flatten, Reshape)


@dataclass(frozen=True)
class Flattened:
    """A map that is flattened into another number of values than are wanted.

    Attributes:
        case: The network.
        number: The map's number among the network's values.
        wanted: The number of values that are wanted.
    """

    case: Case
    number: int
    wanted: int

    @property
    def channels(self) -> int:
        """The map's channels."""
        return self.case.attempt.values[self.number][1]

    @property
    def sizes(self) -> Shape:
        """The map's height and width, or what else it has."""
        return self.case.attempt.values[self.number][2:]

    @cached_property
    def target(self) -> Shape | None:
        """The map that is wanted: of those with as many values the one most like what came."""
        if not prod(self.sizes) * self.channels or self.wanted % self.channels:
            return None
        if len(self.sizes) == 1:
            return (self.wanted // self.channels,)
        if len(self.sizes) != 2:  # noqa: PLR2004
            return None
        height, width = self.sizes
        found = maps(self.wanted, self.channels)
        # Of more values than a memory holds, none are looked for.
        return min(
            found, key=lambda each: abs(log(each[0] * width / (each[1] * height))), default=None
        )

    @cached_property
    def fits(self) -> tuple[Sizes, ...]:
        """The input's sizes with which all runs, for each axis; nothing if none are known."""
        case = self.case
        if len(case.input_shape) != len(self.sizes) + 2:
            return ()
        found = [
            fitting(case.network, case.attempt.shapes, self.number, axis, size)
            for axis, size in enumerate(self.target or ())
        ]
        kept = tuple(each for each in found if each is not None)
        return case.sure(kept) if len(kept) == len(found) else ()

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """What the words speak of."""
        values = self.channels * prod(self.sizes)
        told: dict[str, Fact] = {
            "channels": self.channels,
            "map": _said(self.sizes),
            "product": f"{values} = {product([self.channels, *self.sizes])}",
        }
        if self.target is not None:
            told["target"] = _said(self.target)
            told["wanted_product"] = f"{self.wanted} = {product([self.channels, *self.target])}"
        side = (
            side_of(self.case.network, self.case.attempt.shapes, self.number, 0)
            if self.fits
            else None
        )
        sizes = self.case.input_shape[2:]
        if side is not None and len(set(sizes)) == len(set(self.sizes)) == 1:
            formula = str(side.formula(sizes[0]))
            # Where nothing stands before it, there is nothing to tell.
            told |= {"formula": formula} if "=" in formula else {}
        return told

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is to be said."""
        if self.target is None:
            indivisible = self.channels and self.wanted % self.channels
            return (self._come, "indivisible") if indivisible else (self._come,)
        wanted = "wanted_one" if self.channels == 1 else "wanted"
        return (self._come, wanted, "formula") if "formula" in self.facts else (self._come, wanted)

    @property
    def is_pooled(self) -> bool:
        """Whether one value of each channel is wanted, as after an average over the map."""
        return self.target is not None and set(self.target) == {1} != set(self.sizes)

    @property
    def _come(self) -> str:
        return "come_one" if self.channels == 1 else "come"

    @property
    def fitting_shape(self) -> Shape:
        """The usual input that makes the wanted map."""
        shape = self.case.input_shape
        pairs = zip(self.fits, shape[2:], strict=True)
        return (*shape[:2], *(usual(fits, size) for fits, size in pairs))

    def cures(self, before: int) -> list[Cure]:
        """Return what makes the wanted map: another input, or an average over the map.

        Args:
            before: The node that flattens the map.
        """
        case = self.case
        found = [] if self.is_pooled else case.sized(self.fits)
        # With the average, what comes after gets what it was made for.
        # An average over fewer cells than there are to be would repeat them.
        target = self.target
        large = target is not None and all(map(ge, self.sizes, target))
        if target is not None and large and self.fits and case.runs(self.fitting_shape):
            name = case.network.nodes[before].name
            kind = case.modules.get(name, "" if case.modules else "Flatten")
            cure = cures.pooled(name, case.place(before), kind, target, case.modules)
            operation = case.network.nodes[before].operation
            flat = isinstance(operation, Flatten) or len(getattr(operation, "sizes", ())) == 2  # noqa: PLR2004
            if cure is not None:
                found.append(cure if flat else replace(cure, kind="pool_map"))
        return found

    def convolution(self) -> list[Cure]:
        """Return the conversion to a fully convolutional network, where its window is known."""
        case, shape = self.case, self.case.input_shape
        several = len(case.attempt.shapes) > 1
        if self.target is None or len(self.fits) != 2 or several or self.is_pooled:  # noqa: PLR2004
            return []
        window = self.fitting_shape
        whole = case.again([window], {})
        large = all(has >= wants for has, wants in zip(shape, window, strict=True))
        if not large or whole.failure is not None or not all(map(_is_local, whole.rows)):
            return []
        scores = tuple(has - wants + 1 for has, wants in zip(self.sizes, self.target, strict=True))
        code = f"model = cx.fully_convolutional(model.eval(), {window[1:]}).module"
        return [Cure("convolution", code, {"scores": scores, "window": window[2:]})]


def _is_local(row: Row) -> bool:
    """Return whether an operation is surely one that can be converted."""
    operation = row.operation
    alone = isinstance(operation, Layer) and type(operation).seen is Layer.seen
    transposed = type(operation).__name__.startswith("ConvTranspose")
    return alone or (isinstance(operation, _LOCAL) and not transposed)


def _said(sizes: Shape) -> Fact:
    return sizes if len(sizes) > 1 else str(sizes[0])
