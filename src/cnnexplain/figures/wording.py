"""What a sliding-window figure says: its heading, its formula, its description, in one language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnnexplain.figures.svg import LABEL_SIZE, text_width
from cnnexplain.formula import bracketed
from cnnexplain.languages import LANGUAGES, language, number, shape, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnnexplain.figures.plane import Plane
    from cnnexplain.figures.side import Side

# The input's size and the output's, which have their colours, and what stands around them.
_FORMULA = re.compile(r"(\W+)(\d+)(.* = )(\d+)")

# A list of pixels longer than this is told by its ends.
_MOST_LISTED = 4


def input_label(plane: Plane) -> str:
    """Return the label of the input grid."""
    return text("figure.input", size=shape([side.input_size for side in plane.axes]))


def output_label(plane: Plane) -> str:
    """Return the label of the output grid."""
    return text("figure.output", size=shape([side.output_size for side in plane.axes]))


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
    windows = [side.window for side in plane.axes]
    phrases = [
        text(f"figure.parameter.{'kernel' if plane.weighted else 'window'}", value=_kernel(plane)),
        text("figure.parameter.stride", value=_both(each.stride for each in windows)),
        *_padding([each.padding for each in windows]),
    ]
    if any(each.dilation > 1 for each in windows):
        value = _both(each.dilation for each in windows)
        phrases.append(text("figure.parameter.dilation", value=value))
    if any(side.added for side in plane.axes):
        value = _both(side.added for side in plane.axes)
        phrases.append(text("figure.sliding.output_padding", value=value))
    if any(getattr(each, "ceil_mode", False) for each in windows):
        phrases.append(text("figure.parameter.ceil"))
    return phrases


def _padding(paddings: Sequence[tuple[int, int]]) -> list[str]:
    if not any(map(sum, paddings)):
        return []
    if all(before == after for before, after in paddings):
        return [text("figure.parameter.padding", value=_both(before for before, _ in paddings))]
    if len(paddings) == 1:
        before, after = paddings[0]
        return [text("figure.sliding.before_after", before=before, after=after)]
    (top, bottom), (left, right) = paddings
    values = {"top": top, "bottom": bottom, "left": left, "right": right}
    return [text("figure.parameter.sides", **values)]


def title(plane: Plane, *, numbered: bool) -> str:
    """Return the figure's title.

    Args:
        plane: What the figure shows.
        numbered: Whether it has numbers.
    """
    told = text(
        "figure.stride.title",
        operation=operation(plane),
        parameters=text("figure.comma").join(parameters(plane)),
        input=input_label(plane),
        output=output_label(plane),
    )
    return text("figure.sliding.numbered", title=told) if numbered else told


def formulas(plane: Plane) -> list[list[tuple[str, str]]]:
    """Return each formula in pieces: a text, and its role `"input"`, `"output"` or `""`."""
    lines = [_formula(side) for side in plane.axes]
    if lines[0] == lines[-1]:
        return lines[:1]
    names = [text("figure.height"), text("figure.width")]
    return [[(name, ""), *line] for name, line in zip(names, lines, strict=True)]


def status(plane: Plane, *, row: str, column: str, rows: str, columns: str) -> str:
    """Return what a step does; the arguments may be placeholders for a script to fill."""
    kind = "_transposed" * plane.writes + "_line" * (plane.dimensions == 1)
    key = f"figure.sliding.status{kind}" if kind else "figure.stride.status"
    return text(key, row=row, column=column, rows=rows, columns=columns)


def touches(side: Side, stop: int, line: str) -> str:
    """Return the cells under a window, in words.

    Args:
        side: The axis.
        stop: The window's stop.
        line: `"row"`, `"column"` or, on a single axis, `"cell"`.
    """
    reach = side.reach(stop)
    real = [index + 1 for index in reach if 0 <= index < side.size]
    way = "written" if side.writes else "read"
    if not real:
        none = f"figure.{line}.none" if way == "read" and line != "cell" else ""
        return text(none or f"figure.sliding.{way}.{line}.none")
    key = "one" if len(real) == 1 else "many"
    named = f"figure.sliding.{way}.{line}" if line == "cell" else f"figure.{line}"
    phrase = text(f"{named}.{key}", at=listed(real))
    if len(real) == len(reach):
        return phrase
    if side.writes:
        return text("figure.sliding.written.rest", written=phrase)
    return text("figure.beyond" if reach[-1] >= side.padded else "figure.padded", read=phrase)


def touched(plane: Plane) -> tuple[list[str], list[str]]:
    """Return what windows touch in words, for each row of stops and for each column."""
    found: list[list[str]] = []
    everies = plane.sweep.every_row, plane.sweep.every_column
    for side, line, every in zip(plane.sides, _lines(plane), everies, strict=True):
        stops = range(0, side.stops, every)
        found.append([touches(side, stop, line) if line else "" for stop in stops])
    return found[0], found[1]


def _lines(plane: Plane) -> tuple[str, str]:
    """Return what the lines of cells are called; the only row of a row has no name."""
    return ("row", "column") if plane.dimensions > 1 else ("", "cell")


def described(plane: Plane, step: int) -> str:
    """Return what a step does, in words.

    Args:
        plane: What the figure shows.
        step: The step, from 0.
    """
    row, column = plane.sweep.cell(step)
    rows, columns = _lines(plane)
    return status(
        plane,
        row=number(row + 1),
        column=number(column + 1),
        rows=rows and touches(plane.height, row, rows),
        columns=touches(plane.width, column, columns),
    )


def description(plane: Plane, more: Sequence[str] = ()) -> str:
    """Return the figure in words, for readers who do not see it.

    Args:
        plane: What the figure shows.
        more: Sentences that are said last.
    """
    windows = [side.window for side in plane.axes]
    kind = "transposed" * plane.writes + "_line" * (plane.dimensions == 1)
    sizes = ["".join(piece for piece, _ in line) for line in formulas(plane)]
    sentences = [
        text(
            f"figure.sliding.slides.{kind.strip('_')}" if kind else "figure.stride.slides",
            kernel=_kernel(plane),
            input=shape([side.input_size for side in plane.axes]),
            stride=_both(each.stride for each in windows),
        ),
        text(
            "figure.stride.size",
            output=shape([side.output_size for side in plane.axes]),
            formula=text("figure.semicolon").join(sizes),
        ),
    ]
    if any(side.pads for side in plane.axes):
        sentences.append(text("figure.sliding.cut" if plane.writes else "figure.stride.padding"))
    if any(side.added for side in plane.axes):
        sentences.append(text("figure.sliding.added"))
    if any(each.dilation > 1 for each in windows):
        extent = shape([each.extent for each in windows])
        key = "figure.sliding.dilation" if plane.writes else "figure.stride.dilation"
        sentences.append(text(key, kernel=_kernel(plane), extent=extent))
    if any(side.overhangs for side in plane.axes):
        sentences.append(text("figure.stride.overhang"))
    if any(side.untouched for side in plane.axes):
        sentences.append(
            text("figure.sliding.unwritten" if plane.writes else "figure.stride.unread")
        )
    if plane.outlined:
        stops, all_stops = plane.sweep.steps, plane.height.output_size * plane.width.output_size
        values = {"stops": number(stops), "windows": number(all_stops)}
        sentences.append(text("figure.stride.outline", **values))
    step, steps = number(plane.still + 1), number(plane.sweep.steps)
    told = text("figure.told", step=step, steps=steps, told=described(plane, plane.still))
    sentences.append(text("figure.stride.still", status=told))
    return text("figure.space").join((*sentences, *more))


def _formula(side: Side) -> list[tuple[str, str]]:
    numbers = bracketed(str(side.window.formula(side.input_size)))
    match = _FORMULA.fullmatch(numbers)
    assert match, f"a formula of another form: {numbers}"
    opening, size, rule, result = match.groups()
    return [(opening, ""), (size, "input"), (rule, ""), (result, "output")]


def _kernel(plane: Plane) -> str:
    return shape([side.window.kernel_size for side in plane.axes])


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


def together(parts: Sequence[str]) -> str:
    """Return parts as a sentence lists them.

    Args:
        parts: The parts, one or more.

    Example:
        >>> together(["a"]), together(["a", "b"]), together(["a", "b", "c"])
        ('a', 'a and b', 'a, b and c')
    """
    if len(parts) == 1:
        return parts[0]
    first = text("figure.comma").join(parts[:-1])
    length = "two" if len(parts) == 2 else "more"  # noqa: PLR2004  # languages part them here
    return text(f"figure.list.{length}", first=first, last=parts[-1]).replace("） ", "）")
