"""From a network and its inputs, or from a message of torch's alone, to an explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.diagnosis.case import Case
from cnnexplain.diagnosis.problems import of_arguments, problems
from cnnexplain.diagnosis.remarks import remarks
from cnnexplain.explanation import Explanation
from cnnexplain.report import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnnexplain.diagnosis.attempt import Attempt
    from cnnexplain.diagnosis.findings import Problem
    from cnnexplain.errors import ArgumentError
    from cnnexplain.graph import Row
    from cnnexplain.operations import Operation, Shape


# As many rows as one takes in at a glance.
_MOST = 12


def explained(
    again: Callable[[Sequence[Shape], Mapping[str, Operation]], Attempt], shapes: Sequence[Shape]
) -> Explanation:
    """Return what is wrong with a network for some inputs, and what is worth knowing about it.

    Args:
        again: Tries the network on inputs, with other operations in layers' places.
        shapes: The shape of each input, with the batch.
    """
    attempt = again(shapes, {})
    found = problems(Case(attempt, again))
    sizes = tuple(shape[1:] for shape in shapes)
    trace = Trace(attempt.network, sizes, shapes[0][0], attempt.rows)
    return Explanation(
        found,
        remarks(trace.network, attempt.rows, sizes) if attempt.failure is None else (),
        trace,
        chain(attempt, found[0]) if found else (),
    )


def unmade(error: ArgumentError, source: str) -> Explanation:
    """Return the explanation of a text whose network cannot be made, since arguments do not fit.

    Args:
        error: The error, which knows what it is about.
        source: The text.
    """
    return Explanation((of_arguments(error, str(error.facts.get("name", "")), source=source),))


def chain(attempt: Attempt, problem: Problem) -> tuple[Row, ...]:
    """Return the rows that change the sizes on the way to a problem.

    Args:
        attempt: How far the network came.
        problem: What is wrong.
    """
    inputs = len(attempt.shapes)
    if attempt.failure is not None:
        left = list(attempt.failure.inputs)
    else:
        names = [row.name for row in attempt.rows]
        left = [inputs + names.index(problem.name)]
    above: set[int] = set()
    while left:
        number = left.pop()
        if number >= inputs and number not in above:
            above.add(number)
            left += attempt.network.nodes[number - inputs].inputs
    rows = [attempt.rows[number - inputs] for number in sorted(above)]
    changing = [row for row in rows if row.output_shape != row.input_shape]
    if len(changing) > _MOST:
        # In deep networks most layers change the channels alone.
        last = changing[-1]
        changing = [
            row
            for row in changing
            if row is last or _sizes(row.input_shape) != _sizes(row.output_shape)
        ]
    return tuple(changing)


def _sizes(shape: Shape) -> Shape:
    """Return a shape without the batch and the channels."""
    return shape[2:] if len(shape) > 2 else shape  # noqa: PLR2004
