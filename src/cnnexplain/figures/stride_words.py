"""What the figure of several strides says, in one language."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures import wording
from cnnexplain.figures.plane import Plane
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.side import Side


def sizes(row: Side) -> tuple[partial[str], partial[str]]:
    """Return what makes the labels of an input and its output.

    Args:
        row: The row.
    """
    return (
        partial(text, "figure.input", size=row.input_size),
        partial(text, "figure.output", size=row.output_size),
    )


def place(row: Side, at: int) -> str:
    """Return which of a row's windows one is.

    Args:
        row: The row.
        at: The window's index.
    """
    return text("figure.strides.window", at=number(at + 1), count=number(row.output_size))


def formula(row: Side) -> list[tuple[str, str]]:
    """Return the stride and the formula of its output size, in pieces with their classes.

    Args:
        row: The row.
    """
    (pieces,) = wording.formulas(Plane("convolution", row, row))
    name = text("figure.strides.name", value=number(row.window.stride))
    return [(name, "cx-title"), *((piece, role and f"cx-{role}-ink") for piece, role in pieces)]


def parameters(row: Side) -> list[str]:
    """Return what all rows share, one phrase each.

    Args:
        row: One of them.
    """
    phrases = [
        text("figure.input", size=row.input_size),
        text("figure.parameter.kernel", value=row.window.kernel_size),
    ]
    before, after = row.window.padding
    if before == after and before:
        phrases.append(text("figure.parameter.padding", value=number(before)))
    elif before != after:
        phrases.append(text("figure.strides.sides", before=number(before), after=number(after)))
    return phrases


def title(rows: Sequence[Side]) -> str:
    """Return the figure's title.

    Args:
        rows: One row for each stride.
    """
    return text(
        "figure.strides.title",
        strides=_listed([row.window.stride for row in rows]),
        input=rows[0].input_size,
        parameters=text("figure.comma").join(parameters(rows[0])[1:]),
        outputs=_listed([row.output_size for row in rows]),
    )


def told(rows: Sequence[Side], step: int) -> str:
    """Return what a step shows.

    Args:
        rows: One row for each stride.
        step: The step, from 0.
    """
    found = []
    for row in rows:
        stride = number(row.window.stride)
        if step < row.output_size:
            reads = wording.touches(row, step, "pixel")
            found.append(text("figure.strides.reads", stride=stride, reads=reads))
        else:
            found.append(text("figure.strides.done", stride=stride))
    return text("figure.semicolon").join(found)


def description(rows: Sequence[Side]) -> str:
    """Return the figure in words, for readers who do not see it.

    Args:
        rows: One row for each stride.
    """
    sentences = [
        text(
            "figure.strides.slides",
            kernel=number(rows[0].window.kernel_size),
            input=number(rows[0].input_size),
            strides=_listed([row.window.stride for row in rows]),
        )
    ]
    if sum(rows[0].window.padding):
        sentences.append(text("figure.strides.padding"))
    for row in rows:
        (pieces,) = wording.formulas(Plane("convolution", row, row))
        size = {"formula": "".join(piece for piece, _ in pieces)}
        stride = number(row.window.stride)
        sentences.append(text("figure.strides.size", stride=stride, **size))
        if row.untouched:
            unread = wording.listed([at + 1 for at in sorted(row.untouched)])
            sentences.append(text("figure.strides.unread", pixels=unread))
    return text("figure.space").join(sentences)


def _listed(values: Sequence[int]) -> str:
    return text("figure.comma").join(map(number, values))
