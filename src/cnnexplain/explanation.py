"""What is wrong with a network for an input size, and what helps, as a value that users hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.diagnosis.case import Case
from cnnexplain.diagnosis.problems import of_arguments, problems
from cnnexplain.diagnosis.remarks import remarks
from cnnexplain.errors import whole
from cnnexplain.languages import language as chosen_language
from cnnexplain.report import Trace
from cnnexplain.terminal import terminal_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnnexplain.diagnosis.attempt import Attempt
    from cnnexplain.diagnosis.findings import Note, Problem
    from cnnexplain.errors import ArgumentError
    from cnnexplain.graph import Row
    from cnnexplain.operations import Operation, Shape

# As many rows as one takes in at a glance.
_MOST = 12


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """What is wrong with a network for an input size, why, and what helps.

    Attributes:
        problems: What breaks or is surely wrong, each with its cures. What breaks hides what comes
            after it, so there is one at most.
        notes: What is worth knowing though nothing breaks; nothing where something does.
        trace: The rows of the network as far as it runs; None where a message is all that is known.
        chain: The rows that change the sizes on the way to the problem.

    Example:
        >>> from cnnexplain import explain, networks
        >>> found = explain(networks.alexnet(), (3, 384, 384))
        >>> found.problems[0].name, 227 in found.problems[0].fits[0]
        ('fc6', True)
        >>> print(found.problems[0].cures[0].code)
        x = F.interpolate(x, size=(227, 227), mode="bilinear", antialias=True)
    """

    problems: tuple[Problem, ...]
    notes: tuple[Note, ...] = ()
    trace: Trace | None = None
    chain: tuple[Row, ...] = ()

    def __repr__(self) -> str:
        return self.to_text(width=terminal_width())

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(self, language: str | None = None, width: int | None = None) -> str:
        """Return the explanation as text.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            width: How many columns of a terminal a line may take, any unless given. Code is never
                broken.

        Raises:
            ArgumentError: If there is no such language, or the width is no positive integer.

        Example:
            >>> from cnnexplain import explain
            >>> found = explain("nn.Sequential(nn.Flatten(), nn.Linear(784, 10))", (1, 32, 32))
            >>> print(found.to_text("fr").splitlines()[0])
            Réseau, entrée 1×32×32
        """
        from cnnexplain.diagnosis.formats import to_text  # noqa: PLC0415

        limit = None if width is None else whole("width", width, 1)
        with chosen_language(language):
            return to_text(self, limit)

    def to_html(self, language: str | None = None) -> str:
        """Return the explanation as HTML.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.

        Raises:
            ArgumentError: If there is no such language.

        Example:
            >>> from cnnexplain import explain
            >>> found = explain("nn.Sequential(nn.Flatten(), nn.Linear(784, 10))", (1, 32, 32))
            >>> "1,024" in found.to_html()
            True
        """
        from cnnexplain.diagnosis.formats import to_html  # noqa: PLC0415

        with chosen_language(language):
            return to_html(self)

    def to_json(self, language: str | None = None) -> str:
        """Return the explanation as JSON, which `cnnexplain/explanation.schema.json` describes.

        Args:
            language: The language of what is said, all else being the same in every one: `"en"`,
                `"ja"` or `"fr"`; the current one unless given.

        Raises:
            ArgumentError: If there is no such language.

        Example:
            >>> import json
            >>> from cnnexplain import explain
            >>> found = explain("nn.Sequential(nn.Flatten(), nn.Linear(784, 10))", (1, 32, 32))
            >>> len(json.loads(found.to_json())["problems"])
            1
        """
        from cnnexplain.diagnosis.formats import to_json  # noqa: PLC0415

        with chosen_language(language):
            return to_json(self)


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
