"""What breaks in a network for some inputs, or is surely wrong: one problem at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.dense import features
from cnnexplain.diagnosis.findings import Cure, Fact, Problem
from cnnexplain.diagnosis.inputs import first_layers, misplaced
from cnnexplain.diagnosis.joining import joined
from cnnexplain.diagnosis.messages import told
from cnnexplain.diagnosis.reshapes import lost, not_contiguous, refused, silent, squeezed
from cnnexplain.diagnosis.spatial import channels, dimensions, kernel, last_axes, normalised
from cnnexplain.errors import ForwardError
from cnnexplain.operations.dense import Linear
from cnnexplain.operations.joining import Cat, Elementwise, MatMul, Stack
from cnnexplain.operations.normalisation import BatchNorm, GroupNorm, LayerNorm
from cnnexplain.operations.reshaping import Flatten, Reshape, Unflatten
from cnnexplain.operations.spatial import Spatial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.diagnosis.case import Case
    from cnnexplain.errors import CnnExplainError
    from cnnexplain.operations import Shape


# The functions that take a padding.
_WINDOWED = tuple(
    f"{name}{axes}d" for name in ("conv", "max_pool", "avg_pool", "lp_pool") for axes in (1, 2, 3)
)


# What is told by the first layer alone, so that more may be wrong.
_LAID_OUT = {"channels_last", "no_channels"}


def problems(case: Case) -> tuple[Problem, ...]:
    """Return what is wrong with a network for its inputs.

    What fails hides what comes after it, so there is one problem at most, but for an input that is
    laid out wrong and does not fit either.

    Args:
        case: The network.
    """
    if case.attempt.failure is None:
        found = silent(case)
        return () if found is None else (found,)
    found = misplaced(case) or squeezed(case) or lost(case, case.attempt)
    return _beyond(case, found or first_layers(case) or _by_operation(case))


def _beyond(case: Case, problem: Problem) -> tuple[Problem, ...]:
    """Return a problem, and what is wrong beyond it if its cure lays the input out anew."""
    fixed = problem.facts.get("fixed")
    if problem.kind not in _LAID_OUT or not isinstance(fixed, tuple) or case.runs(fixed):
        return (problem,)
    shapes = (fixed, *case.attempt.shapes[1:])
    (layout,) = problem.cures
    further = problems(replace(case, attempt=case.again(shapes, {})))
    # Alone, neither helps, and a line of the forward cannot be written beside the input.
    both = [
        replace(
            each,
            cures=tuple(
                replace(cure, code=f"{layout.code}\n{cure.code}", after=layout.kind)
                for cure in each.cures
                if cure.place is None
            ),
        )
        for each in further
    ]
    return (replace(problem, cures=()), *both)


def _by_operation(case: Case) -> Problem:
    operation = case.failure.operation
    shape = case.taken[0] if case.taken else ()
    if isinstance(operation, BatchNorm) and len(shape) not in _axes_of(operation):
        return dimensions(case, operation, min(_axes_of(operation)), max(_axes_of(operation)))
    if isinstance(case.failure.error, ForwardError):
        return other(case)
    match operation:
        case MatMul(other=(wanted, made), other_first=False) if len(shape) > 1:
            operation = Linear(wanted, made, bias=False)
        case Spatial():
            return _of_window(case, operation, shape)
    for kinds, found in _FOUND.items():
        if isinstance(operation, kinds):
            return found(case, operation)
    return _by_error(case)


def _of_window(case: Case, layer: Spatial, shape: Shape) -> Problem:
    """Return why a layer with a window on every axis cannot take what comes."""
    if len(shape) != layer.axes + 2:
        return dimensions(case, layer, layer.axes + 1, layer.axes + 2)
    if getattr(layer, "in_channels", shape[1]) != shape[1]:
        return channels(case, layer)
    return kernel(case, layer) or other(case)


def _flattened(case: Case, flatten: Flatten) -> Problem:
    return dimensions(case, flatten, max(flatten.start_dim, flatten.end_dim) + 1, None)


# What tells why an operation cannot take what comes.
_FOUND: Mapping[Any, Callable[[Case, Any], Problem]] = {
    Linear: features,
    (Cat, Stack, Elementwise): joined,
    (Reshape, Unflatten): refused,
    Flatten: _flattened,
    (BatchNorm, GroupNorm): normalised,
    LayerNorm: last_axes,
}


def _axes_of(layer: BatchNorm) -> tuple[int, ...]:
    """Return the numbers of axes that a batch normalisation takes."""
    return {"BatchNorm1d": (2, 3), "BatchNorm2d": (4,), "BatchNorm3d": (5,)}[type(layer).__name__]


def _by_error(case: Case) -> Problem:
    """Return what the error says, ours or torch's."""
    failure = case.failure
    error = failure.error
    kind = error.facts.get("kind")
    if isinstance(kind, str):
        return of_arguments(error, failure.name, case)
    theirs = told(str(error.__cause__ or error))
    if theirs is not None and theirs.kind == "not_contiguous":
        return not_contiguous(case)
    return other(case)


def of_arguments(
    error: CnnExplainError, name: str, case: Case | None = None, source: str = ""
) -> Problem:
    """Return the problem of a layer whose arguments do not go together.

    Args:
        error: The error, which knows what it is about.
        name: The layer's path.
        case: The network; None if it could not be made.
        source: The text of a network that could not be made.
    """
    facts: dict[str, Fact] = {**error.facts, "name": name}
    kind = str(facts.pop("kind"))
    facts.pop("line", None)  # the place tells it
    padding = int(error.facts.get("most", error.facts["padding"]))
    operation = str(facts.pop("operation", ""))
    facts["right"] = str(padding)
    code = None
    if case is None:
        code = cures.with_padding(source, operation, padding)
    elif cures.reference(name, case.modules) is not None:
        code = f"{cures.reference(name, case.modules)}.padding = {padding}"
    cure = None if code is None else Cure(kind, code, {"right": str(padding)})
    if case is not None and cure is None:
        old = r"\d+" if kind == "pool_padding" else "[\"']same[\"']"
        cure = cures.argument(kind, case.failure.place, _WINDOWED, old, str(padding))
    found = () if cure is None else (cure,)
    place = None if case is None else case.failure.place
    return Problem(kind, name, operation, place, facts, ("why",), cures=found)


def other(case: Case) -> Problem:
    """Return a problem of which there is no more to say than what the error says.

    Args:
        case: The network.
    """
    failure = case.failure
    error = failure.error
    kind = "forward" if isinstance(error, ForwardError) else "other"
    facts: dict[str, Fact] = {
        "name": failure.name,
        "expected": error.expected,
        "received": error.received.partition(", at layer ")[0],
    }
    operation = "" if failure.operation is None else str(failure.operation)
    return Problem(kind, failure.name, operation, failure.place, facts, ("error",))
