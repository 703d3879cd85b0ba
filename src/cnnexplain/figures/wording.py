"""What a sliding-window figure says: its heading, its formula, its description, in one language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnnexplain.figures.svg import LABEL_SIZE, text_width
from cnnexplain.formula import bracketed
from cnnexplain.languages import LANGUAGES, language, number, shape, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnnexplain.figures.plane import Plane, Side

# The input's size and the output's, which have their colours, and what stands around them.
_FORMULA = re.compile(r"(\W+)(\d+)(.* = )(\d+)")

# A list of pixels longer than this is told by its ends.
_MOST_LISTED = 4


def input_label(plane: Plane) -> str:
    """Return the label of the input grid."""
    return text("figure.input", size=shape([side.input_size for side in plane.sides]))


def output_label(plane: Plane) -> str:
    """Return the label of the output grid."""
    return text("figure.output", size=shape([side.output_size for side in plane.sides]))


def label_widths(plane: Plane) -> tuple[float, float]:
    """Return the room for both labels: as much as the longest language needs.

    So a figure has the same geometry in every language.
    """
    widths: list[list[float]] = []
    for code in LANGUAGES:
        with language(code):
            labels = input_label(plane), output_label(plane)
        widths.append([text_width(label, LABEL_SIZE, bold=True) for label in labels])
    first, second = zip(*widths, strict=True)
    return max(first), max(second)


def operation(plane: Plane) -> str:
    """Return the name of what the window computes."""
    return text(f"figure.operation.{plane.operation}")


def parameters(plane: Plane) -> list[str]:
    """Return the parameters that differ from "none", one phrase each."""
    windows = [side.window for side in plane.sides]
    kernel = "kernel" if plane.operation == "convolution" else "window"
    phrases = [
        text(f"figure.parameter.{kernel}", value=_kernel(plane)),
        text("figure.parameter.stride", value=_both(each.stride for each in windows)),
    ]
    paddings = [each.padding for each in windows]
    if all(before == after for before, after in paddings):
        if any(before for before, _ in paddings):
            value = _both(before for before, _ in paddings)
            phrases.append(text("figure.parameter.padding", value=value))
    else:
        (top, bottom), (left, right) = paddings
        values = {"top": top, "bottom": bottom, "left": left, "right": right}
        phrases.append(text("figure.parameter.sides", **values))
    if any(each.dilation > 1 for each in windows):
        value = _both(each.dilation for each in windows)
        phrases.append(text("figure.parameter.dilation", value=value))
    if any(getattr(each, "ceil_mode", False) for each in windows):
        phrases.append(text("figure.parameter.ceil"))
    return phrases


def title(plane: Plane) -> str:
    """Return the figure's title."""
    return text(
        "figure.stride.title",
        operation=operation(plane),
        parameters=text("figure.comma").join(parameters(plane)),
        input=input_label(plane),
        output=output_label(plane),
    )


def formulas(plane: Plane) -> list[list[tuple[str, str]]]:
    """Return each formula in pieces: a text, and its role `"input"`, `"output"` or `""`."""
    lines = [_formula(side) for side in plane.sides]
    if lines[0] == lines[1]:
        return lines[:1]
    names = [text("figure.height"), text("figure.width")]
    return [[(name, ""), *line] for name, line in zip(names, lines, strict=True)]


def status(plane: Plane, step: str, *, row: str, column: str, rows: str, columns: str) -> str:
    """Return what a step does; the arguments may be placeholders for a script to fill."""
    steps = number(plane.sweep.steps)
    return text(
        "figure.stride.status",
        step=step,
        steps=steps,
        row=row,
        column=column,
        rows=rows,
        columns=columns,
    )


def reads(side: Side, output: int, line: str) -> str:
    """Return the inputs that an output reads, in words.

    Args:
        side: The axis.
        output: The output's index.
        line: `"row"` or `"column"`.
    """
    behind = side.window.inputs(output)
    real = [index + 1 for index in behind if 0 <= index < side.input_size]
    if not real:
        return text(f"figure.{line}.none")
    key = "one" if len(real) == 1 else "many"
    phrase = text(f"figure.{line}.{key}", at=listed(real))
    if behind[-1] >= side.padded:
        return text("figure.beyond", read=phrase)
    if len(real) < len(behind):
        return text("figure.padded", read=phrase)
    return phrase


def described(plane: Plane, step: int) -> str:
    """Return what a step does, in words.

    Args:
        plane: What the figure shows.
        step: The step, from 0.
    """
    row, column = plane.sweep.cell(step)
    return status(
        plane,
        number(step + 1),
        row=number(row + 1),
        column=number(column + 1),
        rows=reads(plane.height, row, "row"),
        columns=reads(plane.width, column, "column"),
    )


def description(plane: Plane) -> str:
    """Return the figure in words, for readers who do not see it."""
    sides, windows = plane.sides, [side.window for side in plane.sides]
    sizes = ["".join(piece for piece, _ in line) for line in formulas(plane)]
    sentences = [
        text(
            "figure.stride.slides",
            kernel=_kernel(plane),
            input=shape([side.input_size for side in sides]),
            stride=_both(each.stride for each in windows),
        ),
        text(
            "figure.stride.size",
            output=shape([side.output_size for side in sides]),
            formula=text("figure.semicolon").join(sizes),
        ),
    ]
    if any(sum(each.padding) for each in windows):
        sentences.append(text("figure.stride.padding"))
    if any(each.dilation > 1 for each in windows):
        extent = shape([each.extent for each in windows])
        sentences.append(text("figure.stride.dilation", kernel=_kernel(plane), extent=extent))
    if any(side.overhangs for side in sides):
        sentences.append(text("figure.stride.overhang"))
    if any(side.unread for side in sides):
        sentences.append(text("figure.stride.unread"))
    if plane.outlined:
        stops, all_stops = plane.sweep.steps, sides[0].output_size * sides[1].output_size
        values = {"stops": number(stops), "windows": number(all_stops)}
        sentences.append(text("figure.stride.outline", **values))
    sentences.append(text("figure.stride.still", status=described(plane, plane.still)))
    return text("figure.space").join(sentences)


def _formula(side: Side) -> list[tuple[str, str]]:
    numbers = bracketed(str(side.window.formula(side.input_size)))
    match = _FORMULA.fullmatch(numbers)
    assert match, f"a formula of another form: {numbers}"
    opening, size, rule, result = match.groups()
    return [(opening, ""), (size, "input"), (rule, ""), (result, "output")]


def _kernel(plane: Plane) -> str:
    return shape([side.window.kernel_size for side in plane.sides])


def _both(values: Iterable[int]) -> str:
    sizes = tuple(values)
    return str(sizes[0]) if len(set(sizes)) == 1 else shape(sizes)


def listed(places: Sequence[int]) -> str:
    """Return places in words: neighbours by the first and the last, and of many only some.

    Args:
        places: The places, counted from 1.

    Example:
        >>> listed([5, 6, 7]), listed([3, 5, 7])
        ('5–7', '3, 5, 7')
    """
    if len(places) == 1:
        return number(places[0])
    if places[-1] - places[0] == len(places) - 1:
        return text("figure.range", first=number(places[0]), last=number(places[-1]))
    shown = [number(place) for place in places]
    if len(shown) > _MOST_LISTED:
        shown = [*shown[:2], "…", shown[-1]]
    return text("figure.comma").join(shown)
