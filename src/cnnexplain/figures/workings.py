"""The kernel with its numbers under the grids, and what each step computes, in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import ArgumentError
from cnnexplain.figures.cell_numbers import Seen, Writing, middles
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    WIDTH,
    box,
    element,
    grid,
    label,
    text_width,
)
from cnnexplain.languages import LANGUAGES, language, shape, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.arithmetic import Numbers

# A piece of a line that is never broken, and its role or "".
Piece: TypeAlias = tuple[str, str]

_HEADED = 34  # from what stands above to the grid of the kernel, with its label between
_LABEL = 10  # from a label's baseline to what it names
_LINE = 22
_APART = 24  # between the kernel and the lines
_MOST_LINES = 8


@dataclass(frozen=True)
class Workings:
    """What stands under the grids of a figure with numbers.

    Attributes:
        fixed: What every step shares.
        steps: What each step computes.
        told: The same as text.
        bottom: Where it all ends.
    """

    fixed: str
    steps: list[Seen]
    told: list[str]
    bottom: float


def workings(numbers: Numbers, writing: Writing, y: float, unit: float) -> Workings:
    """Draw what each step computes.

    Args:
        numbers: The numbers.
        writing: How they are written.
        y: Where everything above ends.
        unit: The size of the kernel's cells.

    Raises:
        ArgumentError: If a step takes too many lines.
    """
    top = round(y) + _HEADED + HALF
    fixed, x, tall = "", MARGIN + HALF, 0.0
    if numbers.weight:
        fixed, wide = _kernel(numbers, writing, top, unit)
        x, tall = x + wide + _APART, len(numbers.weight) * unit
    fixed += label(x, top - _LABEL, _caption(numbers), "cx-small")
    room = WIDTH - MARGIN - x
    sums = _computed(numbers, writing)
    steps = [_lines(each, room) for each in sums]
    most = max(map(len, steps))
    if most > _MOST_LINES:
        raise ArgumentError(
            f"sums of at most {_MOST_LINES} lines in a figure with numbers",
            f"a sum of {most} lines",
            "draw a smaller window, or smaller numbers",
        )
    # Where each row of the kernel has a line, they stand side by side.
    aligned = numbers.plane.writes and all(len(each) == len(numbers.weight) for each in steps)
    pitch = max(unit, _LINE) if aligned else _LINE
    # The first line stands beside the kernel's first row.
    first = top + (unit / 2 + 5.5 if numbers.weight else 14)
    drawn = [_drawn(lines, x, round(first), round(pitch)) for lines in steps]
    bottom = top + max(tall, most * pitch)
    seen: list[Seen] = [(each, step, step + 1) for step, each in enumerate(drawn)]
    return Workings(fixed, seen, list(map(_told, sums)), bottom)


def _computed(numbers: Numbers, writing: Writing) -> list[list[list[Piece]]]:
    """Return what each step computes: lines, in pieces, in the current language."""
    sweep = numbers.plane.sweep
    say = _scaled if numbers.plane.writes else _summed
    return [say(numbers, writing, *sweep.cell(step)) for step in range(sweep.steps)]


def _told(lines: Sequence[Sequence[Piece]]) -> str:
    sums = (" ".join(piece for piece, _ in line) for line in lines)
    return text("figure.semicolon").join(sums)


def _summed(numbers: Numbers, writing: Writing, row: int, column: int) -> list[list[Piece]]:
    """Return how an output comes about."""
    terms, result = numbers.terms(row, column), numbers.result(row, column)
    values = [value for value, _ in terms]
    if numbers.plane.operation == "max_pooling":
        found = _listed("max(", values, ")", writing)
    elif numbers.plane.operation == "average_pooling":
        found = _enclosed("(", _added(list(map(writing.write, values))), f")/{len(values)}")
    else:
        found = _added(
            [f"{writing.write(value)}·{_factor(writing.write(weight))}" for value, weight in terms]
        )
        values += [weight for _, weight in terms]
    equal = "=" if writing.exact(result, *values) else "≈"
    return [[*((piece, "") for piece in found), (f"{equal} {writing.write(result)}", "output")]]


def _scaled(numbers: Numbers, writing: Writing, row: int, column: int) -> list[list[Piece]]:
    """Return what an input adds to its window, a line for each row of the kernel."""
    value, lines = numbers.input[row][column], []
    for weights in numbers.weight:
        products = [value * weight for weight in weights]
        equal = "=" if writing.exact(value, *weights, *products) else "≈"
        if len(weights) == 1:
            found = [f"{writing.write(value)}·{_factor(writing.write(weights[0]))}"]
            given = [f"{equal} {writing.write(products[0])}"]
        else:
            found = _listed(f"{writing.write(value)}·(", weights, ")", writing)
            given = _listed(f"{equal} (", products, ")", writing)
        lines.append([*((each, "") for each in found), *((each, "output") for each in given)])
    return lines


def _added(terms: list[str]) -> list[str]:
    """Return the pieces of a sum.

    Example:
        >>> _added(["3", "−1", "2·(−1)"])
        ['3', '+ (−1)', '+ 2·(−1)']
    """
    return terms[:1] + [f"+ {_term(term)}" for term in terms[1:]]


def _term(term: str) -> str:
    """Put the number with which a term begins in brackets if it is negative.

    Example:
        >>> _term("−1·2")
        '(−1)·2'
    """
    first, dot, second = term.partition("·")
    return _factor(first) + dot + second


def _factor(written: str) -> str:
    return f"({written})" if written.startswith("−") else written


def _listed(opening: str, values: Sequence[float], closing: str, writing: Writing) -> list[str]:
    separator = text("figure.sliding.numbers.separator").rstrip(" ")
    found = [writing.write(value) for value in values]
    return _enclosed(opening, [*(each + separator for each in found[:-1]), *found[-1:]], closing)


def _enclosed(opening: str, pieces: Sequence[str], closing: str) -> list[str]:
    """Put what stands around pieces to the first and to the last.

    Example:
        >>> _enclosed("(", ["1", "+ 2"], ")"), _enclosed("(", ["1"], ")")
        (['(1', '+ 2)'], ['(1)'])
    """
    if len(pieces) < 2:  # noqa: PLR2004
        return [opening + "".join(pieces) + closing]
    return [opening + pieces[0], *pieces[1:-1], pieces[-1] + closing]


def _lines(sums: Sequence[Sequence[Piece]], room: float) -> list[list[Piece]]:
    """Break what a step computes into lines: at the same places in every language."""
    lines: list[list[Piece]] = []
    for pieces in sums:
        left = -1.0
        for piece, role in pieces:
            # A separator may have a space before it, which is narrow.
            width = text_width(piece.replace("\N{NARROW NO-BREAK SPACE};", ";") + " ", LABEL_SIZE)
            if width > left:
                lines.append([])
                left = room
            lines[-1].append((piece, role))
            left -= width
    return lines


def _drawn(lines: Sequence[Sequence[Piece]], x: float, y: float, pitch: float) -> str:
    """Draw lines under each other, each result in its colour."""
    spans = []
    for at, line in enumerate(lines):
        text_ = " ".join(piece for piece, role in line if not role)
        result = " ".join(piece for piece, role in line if role)
        content = text_ + (" " if text_ and result else "")
        content += element("tspan", result, class_="cx-output-ink") if result else ""
        spans.append(element("tspan", content, x=x, dy=pitch) if at else content)
    return element("text", "".join(spans), x=x, y=float(y))


def _caption(numbers: Numbers) -> list[tuple[str, str]]:
    """Return what a step computes, in words, with the names in their colours."""
    if numbers.plane.writes:
        key = "scaled"
    elif numbers.weight:
        key = "sum"
    else:
        key = "max" if numbers.plane.operation == "max_pooling" else "mean"
    table = "figure.sliding.numbers"
    names = {"input": text(f"{table}.input_word"), "kernel": text(f"{table}.kernel_word")}
    marked = text(f"{table}.{key}", **{name: f"\n{name}\n" for name in names})
    inks = {"input": "cx-input-ink", "kernel": "cx-conv-ink"}
    return [(names.get(each, each), inks.get(each, "")) for each in marked.split("\n") if each]


def _kernel(numbers: Numbers, writing: Writing, top: float, unit: float) -> tuple[str, float]:
    """Draw the kernel with its label, and return how wide both are."""
    rows, columns = len(numbers.weight), len(numbers.weight[0])
    x = MARGIN + HALF
    xs, ys = (
        [start + at * unit for at in range(count + 1)]
        for start, count in ((x, columns), (top, rows))
    )
    area = box(x, top, columns * unit, rows * unit)

    def name() -> str:
        sizes = [side.window.kernel_size for side in numbers.plane.axes]
        return text("figure.sliding.numbers.kernel", size=shape(sizes))

    widths = []
    for code in LANGUAGES:
        with language(code):
            widths.append(text_width(name(), LABEL_SIZE, bold=True))
    middle_xs, middle_ys = ([at + unit / 2 for at in each[:-1]] for each in (xs, ys))
    drawn = "".join(
        (
            label(x, top - _LABEL, name(), "cx-conv-ink"),
            element("path", class_="cx-conv", d=area),
            element("path", class_="cx-conv-line", d=grid(xs, ys)),
            middles(numbers.weight, middle_xs, middle_ys, writing),
        )
    )
    return drawn, max(*widths, columns * unit)
