"""Views that hold another number of values, and those that silently change the batch."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.findings import Cure, Fact, Problem
from cnnexplain.diagnosis.flattened import Flattened
from cnnexplain.operations.reshaping import Flatten, Reshape, Unflatten

if TYPE_CHECKING:
    from cnnexplain.diagnosis.attempt import Attempt
    from cnnexplain.diagnosis.case import Case
    from cnnexplain.graph import Row

# A number of images that no size of a map is likely to be taken for.
_OTHER_BATCH = 7
_NAMES = ("flatten", "view", "reshape", "squeeze", "ravel")


def refused(case: Case, view: Reshape | Unflatten) -> Problem:
    """Return why a view cannot hold the values that come, and what cures it.

    Args:
        case: The network.
        view: The view, which failed.
    """
    (shape,), name = case.taken, case.failure.name
    facts: dict[str, Fact] = {
        "name": name,
        "operation": str(view),
        "count": prod(shape),
        "shape": shape,
    }
    problem = Problem("view", name, str(view), case.failure.place, facts, ("holds",))
    wanted = _values(view, shape[0])
    if wanted is None:
        return problem
    flat = case.flattening(case.failure.inputs[0])
    number = case.failure.inputs[0] if flat is None else flat[1]
    if len(case.attempt.shape(number)) < 3:  # noqa: PLR2004
        return replace(problem, cures=tuple(case.widened(number, wanted)))
    told = Flattened(case, number, wanted)
    node = len(case.attempt.rows) if flat is None else flat[0]
    found = [*told.cures(node), *told.convolution()]
    return replace(
        problem,
        facts={**facts, "wanted": wanted, **told.facts},
        reasons=told.reasons,
        fits=told.fits,
        cures=tuple(found),
    )


def _values(view: Reshape | Unflatten, batch: int) -> int | None:
    """Return how many values of each image a view holds, if it leaves the batch as it is."""
    if isinstance(view, Unflatten):
        return prod(view.unflattened_size) if -1 not in view.unflattened_size else None
    first, *rest = view.sizes
    return prod(rest) if rest and first in {-1, batch} and -1 not in rest else None


def not_contiguous(case: Case) -> Problem:
    """Return why a view cannot be taken of values whose axes were moved, and what cures it.

    Args:
        case: The network.
    """
    failure = case.failure
    found = cures.renamed("reshape", failure.place, "view", "reshape")
    return Problem(
        "not_contiguous",
        failure.name,
        "view",
        failure.place,
        {"name": failure.name},
        ("copy",),
        cures=(found,) if found else (),
    )


def silent(case: Case) -> Problem | None:
    """Return what changes the batch of a network that runs, if anything surely does.

    Args:
        case: The network, of which nothing failed.
    """
    attempt, batch = case.attempt, case.batch_size
    if any(shape[:1] != (batch,) for shape in attempt.output_shapes):
        for node, row in enumerate(attempt.rows):
            if _mixes(row, batch) and len(row.output_shape) == 2:  # noqa: PLR2004
                return _mixed(replace(case, batched=True), node)
    shapes = [(_OTHER_BATCH, *shape[1:]) for shape in attempt.shapes]
    other = case.again(shapes, {})
    if other.failure is not None:
        return lost(case, other)
    pairs = zip(attempt.output_shapes, other.output_shapes, strict=False)
    dropped = any(many[:1] == (_OTHER_BATCH,) and len(one) < len(many) for one, many in pairs)
    return _squeezed(case) if batch == 1 and dropped else None


def squeezed(case: Case) -> Problem | None:
    """Return what drops the axis of the batch, if the network fails for one image only.

    Args:
        case: The network.
    """
    shapes = [(_OTHER_BATCH, *shape[1:]) for shape in case.attempt.shapes]
    if case.batch_size != 1 or case.again(shapes, {}).failure is not None:
        return None
    return _squeezed(case)


def lost(case: Case, attempt: Attempt) -> Problem | None:
    """Return what loses the axis of the batch, so that more than one image cannot pass.

    Args:
        case: The network.
        attempt: How far it came with a batch that is told from other sizes.
    """
    for node, row in enumerate(attempt.rows):
        if _mixes(row, attempt.shapes[0][0]):
            return _dropped(case, attempt, node)
    return None


def _mixes(row: Row, batch: int) -> bool:
    """Return whether a view puts numbers of different images, or parts of an image, into one row.

    Whole axes may join the batch, such as the frames of a film or the places of a map.
    """
    before, after = row.input_shape, row.output_shape
    if not isinstance(row.operation, Reshape | Flatten) or before[:1] != (batch,):
        return False
    if len(before) < 3 or after[:1] == (batch,):  # noqa: PLR2004
        return False
    values = prod(after[1:])
    return len(after) == 1 or values not in {prod(before[at:]) for at in range(1, len(before) + 1)}


def _mixed(case: Case, node: int) -> Problem:
    row = case.attempt.rows[node]
    wanted = row.output_shape[1]
    told = Flattened(case, case.network.nodes[node].inputs[0], wanted)
    facts: dict[str, Fact] = {
        "name": row.name,
        "operation": str(row.operation),
        "before": case.batch_size,
        "after": row.output_shape[0],
        "wanted": wanted,
        **told.facts,
    }
    return Problem(
        "batch",
        row.name,
        str(row.operation),
        case.attempt.place(node),
        facts,
        ("silent", *told.reasons),
        fits=told.fits,
        cures=(*told.cures(node), *told.convolution()),
    )


def _dropped(case: Case, attempt: Attempt, node: int) -> Problem:
    row = attempt.rows[node]
    facts: dict[str, Fact] = {
        "name": row.name,
        "operation": str(row.operation),
        "shape": row.input_shape,
        "fixed": row.output_shape,
        "batch": attempt.shapes[0][0],
    }
    place = attempt.place(node)
    found: list[Cure | None] = []
    if isinstance(row.operation, Flatten) and cures.reference(row.name, case.modules):
        found += case.replaced("keep_batch", row.name, Flatten(), Flatten())
    else:
        found.append(cures.written("keep_batch", place, _NAMES, "{0}.flatten(1)", name=row.name))
    kept = tuple(each for each in found if each is not None)
    return Problem("one_batch", row.name, str(row.operation), place, facts, ("mixed",), cures=kept)


def _squeezed(case: Case) -> Problem | None:
    for node, row in enumerate(case.attempt.rows):
        dropped = len(row.output_shape) < len(row.input_shape)
        if isinstance(row.operation, Reshape) and dropped and row.input_shape[:1] == (1,):
            facts: dict[str, Fact] = {
                "name": row.name,
                "operation": str(row.operation),
                "shape": row.input_shape,
                "fixed": row.output_shape,
            }
            place = case.attempt.place(node)
            cure = cures.written("keep_batch", place, ("squeeze",), "{0}.flatten(1)", name=row.name)
            found = (cure,) if cure is not None else ()
            return Problem(
                "squeezed", row.name, str(row.operation), place, facts, ("one",), cures=found
            )
    return None
