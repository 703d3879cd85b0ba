"""Inputs that are not laid out as a network takes them: each guess is tried before it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.diagnosis.findings import Cure, Fact, Problem
from cnnexplain.operations.spatial import Spatial

if TYPE_CHECKING:
    from cnnexplain.diagnosis.case import Case
    from cnnexplain.operations import Operation, Shape


def misplaced(case: Case) -> Problem | None:
    """Return what is wrong with the layout of the only input, if another layout runs.

    Args:
        case: The network.
    """
    if len(case.attempt.shapes) > 1:
        return None
    for kind, fixed, code in _layouts(case):
        if case.runs(fixed):
            return _problem(case, kind, fixed, code)
    return None


def turned(case: Case) -> list[Cure]:
    """Return what swaps height and width, if the network then runs.

    Args:
        case: The network.
    """
    shape = case.input_shape
    if len(shape) != 4 or shape[2] == shape[3] or len(case.attempt.shapes) > 1:  # noqa: PLR2004
        return []
    fixed = (*shape[:2], shape[3], shape[2])
    return [Cure("swapped", _TURN, {"fixed": fixed})] if case.runs(fixed) else []


_TURN = "x = x.transpose(2, 3).contiguous()"


def _layouts(case: Case) -> list[tuple[str, Shape, str]]:
    """Return the ways in which an input is often laid out wrong, the right one, and the cure."""
    shape, operation = case.input_shape, case.failure.operation
    first, *rest = shape
    axes = len(shape)
    at_once = case.taken == (shape,)
    found: list[tuple[str, Shape, str]] = []
    if axes > 2 and at_once and rest[-1] == _channels(operation):  # noqa: PLR2004
        found.append(("channels_last", (first, rest[-1], *rest[:-1]), moved(axes)))
    # Where a window does not fit, the picture may just as well be too small.
    if axes == 4 and shape[2] != shape[3] and not isinstance(operation, Spatial):  # noqa: PLR2004
        found.append(("swapped", (*shape[:2], shape[3], shape[2]), _TURN))
    found.append(("unbatched", (1, *shape), "x = x.unsqueeze(0)"))
    if axes > 1:
        found.append(("no_channels", (first, 1, *rest), "x = x.unsqueeze(1)"))
    if axes == 2 and isinstance(operation, Spatial):  # noqa: PLR2004
        found.append(("no_places", (*shape, 1, 1), "x = x[:, :, None, None]"))
    if first == 1 and at_once and isinstance(operation, Spatial) and axes == operation.axes + 3:
        found.append(("batched_twice", tuple(rest), "x = x.squeeze(0)"))
    return found


def _channels(operation: Operation | None) -> int | None:
    """Return the number of channels that a layer takes, if it takes a certain one."""
    names = ("in_channels", "num_features", "num_channels")
    return next((getattr(operation, name) for name in names if hasattr(operation, name)), None)


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
        fixed = (shape[0], 1, *shape[1:])
        return _problem(case, "no_channels", fixed, "x = x.unsqueeze(1)", runs=False)
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


def _problem(case: Case, kind: str, fixed: Shape, code: str, *, runs: bool = True) -> Problem:
    failure = case.failure
    facts: dict[str, Fact] = {"name": failure.name, "shape": case.input_shape, "fixed": fixed}
    operation = "" if failure.operation is None else str(failure.operation)
    cures = (Cure(kind, code, facts),)
    axes = len(fixed) - 2
    # Three axes before a first layer that takes four are told by their order, as is what comes last.
    ordered = kind == "channels_last" or (kind == "no_channels" and not runs)
    # What is told by the first layer alone need not run yet.
    reasons = (f"order_{axes}",) if ordered else ("order",)
    return Problem(kind, failure.name, operation, failure.place, facts, reasons, cures=cures)
