"""Views that hold another number of values, and those that silently change the batch."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.batches import keeps, losing, mixing
from cnnexplain.diagnosis.findings import Cure, Fact, Problem
from cnnexplain.diagnosis.flattened import Flattened
from cnnexplain.errors import CnnExplainError
from cnnexplain.operations.reshaping import Flatten, Reshape, Unflatten

if TYPE_CHECKING:
    from cnnexplain.diagnosis.attempt import Attempt
    from cnnexplain.diagnosis.case import Case

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
    if len(case.attempt.values[number]) < 3:  # noqa: PLR2004
        return replace(problem, cures=tuple(case.widened(number, wanted)))
    told = Flattened(case, number, wanted)
    node = len(case.attempt.network.nodes) if flat is None else flat[0]
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
    node = mixing(attempt)
    node = _by_chance(case) if node is None else node
    if node is not None:
        return _mixed(case, node)
    other = _with_other_batch(case)
    if other is None:
        return None
    if other.failure is not None:
        return lost(case, other)
    pairs = zip(attempt.output_shapes, other.output_shapes, strict=False)
    dropped = any(many[:1] == (_OTHER_BATCH,) and len(one) < len(many) for one, many in pairs)
    return _squeezed(case, other) if batch == 1 and dropped else None


def _with_other_batch(case: Case) -> Attempt | None:
    """Return how far the network comes with more images; None if that cannot be tried."""
    shapes = [(_OTHER_BATCH, *shape[1:]) for shape in case.attempt.shapes]
    try:
        return case.again(shapes, {})
    except CnnExplainError:  # such as too large an input
        return None


def _by_chance(case: Case) -> int | None:
    """Return a view whose rows are as long as a channel by chance: its length is written down.

    Where the length follows from the input's size, channels are meant to join the batch.
    """
    attempt, batch = case.attempt, case.batch_size
    if len(attempt.output_shapes) != 1 or keeps(attempt):
        return None
    inputs = len(attempt.shapes)
    for index, node in enumerate(attempt.network.nodes):
        before, after = attempt.values[node.inputs[0]], attempt.values[inputs + index]
        operation = node.operation
        if not isinstance(operation, Reshape) or len(after) != 2 or after[0] == batch:  # noqa: PLR2004
            continue
        if len(before) > 3 and after[1] == prod(before[2:]) and operation.sizes[0] == -1:  # noqa: PLR2004
            larger = (*case.input_shape[:2], *(2 * size for size in case.input_shape[2:]))
            try:
                other = case.again((larger, *attempt.shapes[1:]), {})
            except CnnExplainError:  # such as too large an input
                return None
            nodes = other.network.nodes
            same = len(nodes) > index and nodes[index].operation == operation
            refused = len(nodes) == index and other.failure is not None
            if same or (refused and other.failure.operation == operation):  # type: ignore[union-attr]
                return index
    return None


def squeezed(case: Case) -> Problem | None:
    """Return what drops the axis of the batch, if the network fails for one image only.

    Args:
        case: The network.
    """
    other = _with_other_batch(case) if case.batch_size == 1 else None
    return None if other is None or other.failure is not None else _squeezed(case, other)


def lost(case: Case, attempt: Attempt) -> Problem | None:
    """Return what loses the axis of the batch, so that more than one image cannot pass.

    Args:
        case: The network.
        attempt: How far it came with a batch that is told from other sizes.
    """
    node = losing(attempt)
    return None if node is None else _dropped(case, attempt, node)


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


def _squeezed(case: Case, other: Attempt) -> Problem | None:
    """Return what drops the axis of the batch where it is 1, as it does not with more images."""
    for node, row in enumerate(case.attempt.rows):
        dropped = len(row.output_shape) < len(row.input_shape)
        if not isinstance(row.operation, Reshape) or not dropped or row.input_shape[:1] != (1,):
            continue
        facts: dict[str, Fact] = {
            "name": row.name,
            "operation": str(row.operation),
            "shape": row.input_shape,
            "fixed": row.output_shape,
        }
        found: list[Cure | None] = []
        if node < len(other.rows) and len(other.rows[node].output_shape) < len(row.input_shape):
            shape = other.rows[node].input_shape
            axes = tuple(axis for axis, size in enumerate(shape) if axis and size == 1)
            text = f"{{0}}.squeeze({axes[0] if len(axes) == 1 else axes})"
            place = case.attempt.place(node)
            found.append(cures.written("squeeze_axes", place, ("squeeze",), text))
        kept = tuple(each for each in found if each is not None)
        place = case.attempt.place(node)
        return Problem("squeezed", row.name, str(row.operation), place, facts, ("one",), cures=kept)
    return None
