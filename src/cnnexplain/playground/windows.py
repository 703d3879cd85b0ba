"""One window on an input: its size in numbers, its figure, what it drops, lines that make it."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from cnnexplain import axis, figures
from cnnexplain.errors import ArgumentError, ShapeError
from cnnexplain.figures.side import Side
from cnnexplain.formula import bracketed
from cnnexplain.languages import number, text
from cnnexplain.playground.keras import said as keras
from cnnexplain.playground.parts import Answer, File, Part, Refusal, code, paragraph
from cnnexplain.playground.state import FIELDS, KINDS, one_of, whole
from cnnexplain.windows import Pooling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.windows import Convolution

# The numbers of more cells than this are a wall.
_MOST_LISTED = 12


def answer(state: Mapping[str, str]) -> Answer:
    """Return what is told of a window, in the current language.

    Args:
        state: The completed state.

    Raises:
        Refusal: If there is no such window, or none fits.
    """
    kind = one_of("kind", state["kind"], KINDS)
    numbers = {name: whole(name, state[name]) for name in FIELDS}
    asked = one_of("ceil", state["ceil"], ("0", "1")) == "1"
    pools = kind == "pooling"
    size = numbers["input"]
    window = _window(numbers, pools=pools, ceil=asked and pools)
    output = _output(window, size)
    side = Side(window, size)
    figure = figures.stride(
        size,
        numbers["kernel"],
        numbers["stride"],
        numbers["padding"],
        dilation=numbers["dilation"],
        ceil_mode=asked and pools,
        operation="max_pooling" if pools else "convolution",
    )
    unread = _unread(side)
    parts = {
        "formula": _formula(window, size, ignored=asked and not pools),
        "figure": figure.inline("cx-play-figure"),
        "unread": "".join(map(paragraph, unread)),
        "pytorch": _pytorch(window, size, output),
        "keras": keras(window, size),
    }
    done = {name: str(value) for name, value in numbers.items()}
    return Answer(
        {"tool": "window", "kind": kind, **done, "ceil": str(int(asked and pools))},
        tuple(Part(name, text(f"playground.part.{name}"), html) for name, html in parts.items()),
        (File("window.svg", "SVG", "image/svg+xml", figure.file().decode()),),
        f"{figure.title}{text('playground.stop')}{unread[0]}",
    )


def _window(numbers: Mapping[str, int], *, pools: bool, ceil: bool) -> Convolution:
    kernel, stride, padding, dilation = list(numbers.values())[1:]
    try:
        if pools:
            return axis.pooling(kernel, stride, padding, dilation, ceil)
        return axis.convolution(kernel, stride, padding, dilation)
    except ArgumentError:
        raise Refusal(
            "pool_padding",
            padding=number(padding),
            kernel=number(kernel),
            most=number(kernel // 2),
            enough=number(2 * padding),
        ) from None


def _output(window: Convolution, size: int) -> int:
    try:
        return window.output_size(size)
    except ShapeError:
        enough = window.extent - sum(window.padding)
        raise Refusal(
            "no_window" if enough <= FIELDS["input"].most else "wide_window",
            extent=number(window.extent),
            padded=number(size + sum(window.padding)),
            enough=number(enough),
        ) from None


def _formula(window: Convolution, size: int, *, ignored: bool) -> str:
    formula = window.formula(size)
    letters = "WKSPD" if window.dilation > 1 else "WKSP"
    room = size + sum(window.padding) - window.extent
    values = {
        "padded": number(size + sum(window.padding)),
        "extent": number(window.extent),
        "room": number(max(room, 0)),
        "stride": number(window.stride),
        "output": number(window.output_size(size)),
    }
    rest = room % window.stride
    places = "room" if values["output"] != "1" else "over" if room < 0 else "one"
    lines = [text(f"playground.formula.{places}", **values)]
    if window.dilation > 1 and window.kernel_size > 1:
        spread = {"kernel": number(window.kernel_size), "dilation": number(window.dilation)}
        lines.append(text("playground.formula.dilation", **spread, extent=values["extent"]))
    if rest and room > 0:
        lines.append(text(f"playground.formula.{_rounding(window, size)}", rest=number(rest)))
    if ignored:
        lines.append(text("playground.formula.ceil"))
    legend = text("playground.comma").join(
        text("playground.formula.letter", letter=letter, name=text(f"playground.letter.{letter}"))
        for letter in letters
    )
    shown = [bracketed(each) for each in (formula.symbols, formula.numbers)]
    return "".join(
        [
            *(f'<p class="cx-play-formula">{escape(each)}</p>' for each in shown),
            *map(paragraph, lines),
            paragraph(legend, "cx-play-letters"),
        ]
    )


def _rounding(window: Convolution, size: int) -> str:
    """Return what becomes of a remainder of the steps."""
    if not (isinstance(window, Pooling) and window.ceil_mode):
        return "down"
    overhangs = Side(window, size).overhangs
    return "up" if overhangs else "beyond"


def _unread(side: Side) -> list[str]:
    """Return which inputs no window reads, in sentences."""
    count, size = len(side.untouched), side.size
    if not count:
        return [text("playground.unread.none")]
    runs = _runs(sorted(side.untouched))
    listed = [
        text("playground.unread.run", first=number(run.start + 1), last=number(run.stop))
        if len(run) > 1
        else number(run.start + 1)
        for run in runs[:_MOST_LISTED]
    ]
    more = ["…"] if len(runs) > _MOST_LISTED else []
    picture = size * size
    return [
        text(
            "playground.unread.one" if count == 1 else "playground.unread.some",
            count=number(count),
            size=number(size),
            listed=text("playground.comma").join(listed + more),
        ),
        text(
            "playground.unread.picture",
            count=number(picture - (size - count) ** 2),
            picture=number(picture),
        ),
    ]


def _runs(indices: Sequence[int]) -> list[range]:
    """Return ascending numbers as ranges without gaps."""
    starts = [0, *(at + 1 for at, (one, two) in enumerate(pairwise(indices)) if two > one + 1)]
    ends = [*starts[1:], len(indices)]
    return [range(indices[a], indices[b - 1] + 1) for a, b in zip(starts, ends, strict=True)]


def arguments(window: Convolution) -> str:
    """Return a window as torch's arguments.

    Args:
        window: The window.

    Example:
        >>> arguments(axis.pooling(3, stride=2, ceil_mode=True))
        'kernel_size=3, stride=2, ceil_mode=True'
    """
    found = [f"kernel_size={window.kernel_size}", f"stride={window.stride}"]
    if window.padding[0]:
        found.append(f"padding={window.padding[0]}")
    if window.dilation > 1:
        found.append(f"dilation={window.dilation}")
    if isinstance(window, Pooling) and window.ceil_mode:
        found.append("ceil_mode=True")
    return ", ".join(found)


def _pytorch(window: Convolution, size: int, output: int) -> str:
    pools = isinstance(window, Pooling)
    given = arguments(window)
    layer = f"nn.MaxPool2d({given})" if pools else f"nn.Conv2d(3, 16, {given})"
    kind = ", pooling=True" if pools else ""
    lines = [
        "from torch import nn",
        "",
        f"layer = {layer}",
        "",
        "import cnnexplain as cx",
        "",
        f"cx.output_size({size}, {given}{kind})  # {output}",
    ]
    words = [] if pools else [paragraph(text("playground.channels"))]
    return "".join([code("\n".join(lines)), *words])
