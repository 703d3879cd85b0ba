"""Fully connected layers that get another number of features than they take."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.case import Then
from cnnexplain.diagnosis.findings import Cure, Fact, Problem
from cnnexplain.diagnosis.flattened import Flattened
from cnnexplain.operations.base import product
from cnnexplain.operations.reshaping import Flatten

if TYPE_CHECKING:
    from cnnexplain.diagnosis.case import Case
    from cnnexplain.operations import Shape
    from cnnexplain.operations.dense import Linear


def features(case: Case, linear: Linear) -> Problem:
    """Return why a fully connected layer cannot take what comes, and what cures it.

    Args:
        case: The network.
        linear: The layer, which failed.
    """
    shape, number = case.taken[0], case.failure.inputs[0]
    flat = case.flattening(number)
    if flat is not None:
        return _behind_a_map(case, linear, *flat)
    if len(shape) > 2:  # noqa: PLR2004
        return _not_flattened(case, linear, shape)
    return _behind_a_vector(case, linear, shape[-1])


def _problem(
    case: Case, linear: Linear, came: int, reasons: tuple[str, ...], **facts: Fact
) -> Problem:
    name = case.failure.name
    told = {"name": name, "wanted": linear.in_features, "came": came, **facts}
    return Problem("features", name, str(linear), case.failure.place, told, reasons)


def _behind_a_map(case: Case, linear: Linear, node: int, number: int) -> Problem:
    told = Flattened(case, number, linear.in_features)
    came = case.taken[0][-1]
    found = [*told.cures(node), *_wider(case, linear, came), *told.convolution()]
    reasons = (*told.reasons, "pooled") if told.is_pooled else told.reasons
    problem = _problem(case, linear, came, reasons, **told.facts)
    return replace(problem, fits=told.fits, cures=tuple(found))


def _wider(case: Case, linear: Linear, came: int, kind: str = "in_features") -> list[Cure]:
    """Return the layer with as many input features as come, if the network then runs."""
    if came < 1:
        return []
    wide = cures.widened(linear, came)
    return case.replaced(kind, case.failure.name, linear, wide, came=came)


def _behind_a_vector(case: Case, linear: Linear, came: int) -> Problem:
    number = case.failure.inputs[0]
    found = [
        *_wider(case, linear, came, "vector_features"),
        *case.widened(number, linear.in_features),
    ]
    previous = case.maker(case.before(number))
    reasons, facts = (("previous",), {"previous": previous}) if previous else ((), {})
    return replace(_problem(case, linear, came, reasons, **facts), cures=tuple(found))


def _not_flattened(case: Case, linear: Linear, shape: Shape) -> Problem:
    """Return the problem of a fully connected layer that is given a map."""
    name, values = case.failure.name, prod(shape[1:])
    facts: dict[str, Fact] = {
        "name": name,
        "wanted": linear.in_features,
        "map": shape[1:],
        "last": shape[-1],
        "channels": shape[1],
        "product": f"{values} = {product(shape[1:])}",
    }
    problem = Problem("flatten", name, str(linear), case.failure.place, facts)
    if values == linear.in_features:
        found = _preceded(case, "flatten", linear)
        return replace(problem, reasons=("last", "whole"), cures=tuple(found))
    if shape[1] == linear.in_features:
        axes = len(shape) - 2
        layers = [f"AdaptiveAvgPool{axes}d(1)", "Flatten()"] if axes else ["Flatten()"]
        cure = cures.preceded("global_pool", name, layers, case.modules)
        found = [cure] if cure is not None else []
        return replace(problem, reasons=("last", "pooled"), cures=tuple(found))
    # Both are wrong: it is not flattened, and flattened it would not fit.
    at = cures.reference(name, case.modules) if values else None
    wide = cures.widened(linear, max(values, 1))
    found = []
    if at is not None and case.runs(instead={name: Then((Flatten(), wide))}):
        price: dict[str, Fact] = {"parameters": wide.parameters, "before": linear.parameters}
        code = f"{at} = nn.Sequential(nn.Flatten(), nn.{wide})"
        found = [Cure("flatten_wider", code, {"name": name, "came": values, **price})]
    return replace(problem, reasons=("last", "other"), cures=tuple(found))


def _preceded(case: Case, kind: str, linear: Linear) -> list[Cure]:
    name = case.failure.name
    if not case.runs(instead={name: Then((Flatten(), linear))}):
        return []
    cure = cures.preceded(kind, name, ["Flatten()"], case.modules)
    return [cure] if cure is not None else []
