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
    for kind, fixed, code in _layouts(case):
        if case.runs(fixed):
            return _problem(case, kind, fixed, code)
    return None


def _layouts(case: Case) -> list[tuple[str, Shape, str]]:
    """Return the ways in which an input is often laid out wrong, the right one, and the cure."""
    shape, operation = case.input_shape, case.failure.operation
    first, *rest = shape
    axes = len(shape)
    found: list[tuple[str, Shape, str]] = []
    if axes > 3:  # noqa: PLR2004
        found.append(("channels_last", (first, rest[-1], *rest[:-1]), moved(axes)))
    if axes == 4 and shape[2] != shape[3]:  # noqa: PLR2004
        turned = (*shape[:2], shape[3], shape[2])
        found.append(("swapped", turned, "x = x.transpose(2, 3).contiguous()"))
    found.append(("unbatched", (1, *shape), "x = x.unsqueeze(0)"))
    if axes > 1:
        found.append(("no_channels", (first, 1, *rest), "x = x.unsqueeze(1)"))
    if axes == 2:  # noqa: PLR2004
        found.append(("no_places", (*shape, 1, 1), "x = x[:, :, None, None]"))
    at_once = isinstance(operation, Spatial) and case.taken == (shape,)
    if first == 1 and at_once and isinstance(operation, Spatial) and axes == operation.axes + 3:
        found.append(("batched_twice", tuple(rest), "x = x.squeeze(0)"))
    return found


def first_layers(case: Case) -> Problem | None:
    """Return what is wrong with the layout of the input by the first layer that it reaches.

    Whatever else is wrong shows after that.

    Args:
        case: The network.
    """
    operation, shape = case.failure.operation, case.input_shape
    channels = getattr(operation, "in_channels", None)
    if case.taken != (shape,) or not isinstance(operation, Spatial) or len(shape) < 3:  # noqa: PLR2004
        return None
    if len(shape) == operation.axes + 2 and shape[-1] == channels != shape[1]:
        fixed = (shape[0], shape[-1], *shape[1:-1])
        return _problem(case, "channels_last", fixed, moved(len(shape)))
    if len(shape) == operation.axes + 1 and channels == 1 != shape[0]:
        return _problem(case, "no_channels", (shape[0], 1, *shape[1:]), "x = x.unsqueeze(1)")
    return None


def moved(axes: int) -> str:
    """Return the code that puts the channels of an input first.

    Args:
        axes: The number of its axes.

    Example:
        >>> moved(4)
        'x = x.permute(0, 3, 1, 2).contiguous()'
    """
    order = (0, axes - 1, *range(1, axes - 1))
    return f"x = x.permute{order}.contiguous()"


def _problem(case: Case, kind: str, fixed: Shape, code: str) -> Problem:
    failure = case.failure
    facts: dict[str, Fact] = {"name": failure.name, "shape": case.input_shape, "fixed": fixed}
    operation = "" if failure.operation is None else str(failure.operation)
    cures = (Cure(kind, code, facts),)
    return Problem(kind, failure.name, operation, failure.place, facts, ("order",), cures=cures)
