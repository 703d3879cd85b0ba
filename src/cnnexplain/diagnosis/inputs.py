"""Inputs that are not laid out as a network takes them: each guess is tried before it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.diagnosis.findings import Cure, Fact, Problem
from cnnexplain.operations.spatial import Spatial

if TYPE_CHECKING:
    from cnnexplain.diagnosis.case import Case
    from cnnexplain.operations import Shape


def misplaced(case: Case) -> Problem | None:
    """Return what is wrong with the layout of the input, if another layout runs.

    Args:
        case: The network.
    """
    shape = case.input_shape
    for kind, fixed, code in _layouts(shape):
        if case.runs(fixed):
            return _problem(case, kind, fixed, code)
    if _channels_last_at_first(case):
        fixed = (shape[0], shape[-1], *shape[1:-1])
        return _problem(case, "channels_last", fixed, _moved(len(shape)))
    return None


def _layouts(shape: Shape) -> list[tuple[str, Shape, str]]:
    """Return the ways in which an input is often laid out wrong, the right one, and the cure."""
    first, *rest = shape
    found: list[tuple[str, Shape, str]] = []
    if len(shape) > 3:  # noqa: PLR2004
        found.append(("channels_last", (first, rest[-1], *rest[:-1]), _moved(len(shape))))
    if len(shape) == 4 and shape[2] != shape[3]:  # noqa: PLR2004
        code = "x = x.transpose(2, 3)"
        found.append(("swapped", (*shape[:2], shape[3], shape[2]), code))
    found.append(("unbatched", (1, *shape), "x = x.unsqueeze(0)"))
    if first == 1 and len(shape) > 2:  # noqa: PLR2004
        found.append(("batched_twice", tuple(rest), "x = x.squeeze(0)"))
    return found


def _moved(axes: int) -> str:
    order = (0, axes - 1, *range(1, axes - 1))
    return f"x = x.permute{order}"


def _channels_last_at_first(case: Case) -> bool:
    """Return whether the first layer would take the last axis as its channels.

    Whatever else is wrong shows after that.
    """
    operation, shape = case.failure.operation, case.input_shape
    channels = getattr(operation, "in_channels", None)
    first = case.taken == (shape,) and isinstance(operation, Spatial)
    return first and len(shape) == operation.axes + 2 and shape[-1] == channels != shape[1]


def _problem(case: Case, kind: str, fixed: Shape, code: str) -> Problem:
    failure = case.failure
    facts: dict[str, Fact] = {"name": failure.name, "shape": case.input_shape, "fixed": fixed}
    operation = "" if failure.operation is None else str(failure.operation)
    cures = (Cure(kind, code, facts),)
    return Problem(kind, failure.name, operation, failure.place, facts, ("order",), cures=cures)
