"""Where a network's parameters are: an area for each layer, as large as its share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError
from cnnexplain.figures import parameter_parts as words
from cnnexplain.figures.colours import widest
from cnnexplain.figures.figure import Figure, moving, told
from cnnexplain.figures.hatching import dense
from cnnexplain.figures.layers import KINDS, short, traced
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.sheet import ROOM, SWATCH, Sheet, most_lines, sentence
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    decimal,
    element,
    label,
    rectangle,
)
from cnnexplain.figures.treemap import squarified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnnexplain.figures.layers import Kind
    from cnnexplain.figures.parameter_parts import Part
    from cnnexplain.figures.sheet import Mark
    from cnnexplain.figures.stage import Stage
    from cnnexplain.figures.treemap import Place
    from cnnexplain.report import Trace

_TALL = 250  # the whole
_LINE, _LISTED_LINE = 23, 24
_WORD_LINE = 19
_INSIDE = 5  # between words and the edge of their area
_MARK = 12  # the square before an entry of the list
_APART, _COLUMN_GAP = 8, 12
_HATCH = 12.0


def parameters(trace: Trace) -> Figure:
    """Draw where a network's parameters are: an area for each layer, as large as its share.

    Args:
        trace: What `cnnexplain.trace` returns.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If there is no trace, or a network without parameters.

    Example:
        >>> import cnnexplain as cx
        >>> parameters(cx.trace(cx.networks.alexnet())).title
        'Where the 60,965,224 parameters of AlexNet (paper) are: 61.9% in fc6'
    """
    checked = traced(trace, "parameters")
    if not checked.parameters:
        raise ArgumentError("a network with parameters", "none", "trace one that has some")
    shown, depth = words.parts(checked)
    return _figure(checked, shown, depth)


def _figure(trace: Trace, shown: list[Part], depth: int | None) -> Figure:
    total = trace.parameters
    named_ones = [at for at in range(len(shown)) if shown[at].name]
    largest = max(named_ones, key=lambda at: shown[at].count)
    title = partial(words.title, trace, shown[largest])
    sheet = Sheet()
    sheet.title(lambda: words.heading(trace))
    sheet.phrases(lambda: words.phrases(total, depth))
    place = MARGIN + HALF, round(sheet.y + 12) + HALF, ROOM - 1.0, float(_TALL)
    places = squarified([part.count for part in shown], place)
    named = [_fits(part, where, total) for part, where in zip(shown, places, strict=True)]
    sheet.draw(_map(shown, places, named, total), place[1] + _TALL - sheet.y)
    entries = _list(shown, named, sheet.y + 10)
    sheet.draw(_entries(shown, entries, total), _height(entries))
    sheet.key(_keys(shown, total))
    top = sheet.y + 6
    steps = range(len(shown) + 1)
    most = max(most_lines(partial(_lines, shown, total, step)) for step in steps)
    sheet.draw("", 6 + most * _LINE)
    written = [_written(shown, total, step, top) for step in steps]
    sweep = Sweep(1, len(steps), pace=2.0)
    return moving(
        title(),
        words.description(trace, shown, depth),
        sheet.height,
        partial(_draw, sheet.drawing, places, entries, written),
        sweep,
        largest,
        told([words.told(shown, total, step) for step in steps], sweep),
    )


def _words(part: Part, total: int) -> list[Callable[[], str]]:
    """Return what stands in an area, line by line."""
    return [
        partial(words.name, part),
        partial(words.counted, part),
        partial(words.part_share, part, total),
    ]


def _fits(part: Part, place: Place, total: int) -> bool:
    """Return whether an area has room for its words in every language."""
    _, _, width, height = place
    name, *rest = _words(part, total)
    needed = max(widest(name, LABEL_SIZE, bold=True), *(widest(each) for each in rest))
    return width >= needed + 2 * _INSIDE and height >= 3 * _WORD_LINE + 2 * _INSIDE


def _map(shown: Sequence[Part], places: Sequence[Place], named: Sequence[bool], total: int) -> str:
    """Draw the areas, and the words in those that have room for them."""
    by_kind = [
        (each, [place for part, place in zip(shown, places, strict=True) if part.kind == each])
        for each in KINDS
    ]
    drawn = []
    for each, there in by_kind:
        drawn.append(_areas(each, there))
    for part, (x, y, width, height), fits in zip(shown, places, named, strict=True):
        if not fits:
            continue
        middle, first = x + width / 2, y + height / 2 - _WORD_LINE
        lines = [make() for make in _words(part, total)]
        if part.kind == "dense":
            room = max(widest(make, LABEL_SIZE, bold=True) for make in _words(part, total))
            room = min(room, width - 2)
            clear = middle - room / 2, first - 16, room, 3.0 * _WORD_LINE + 2
            drawn.append(rectangle("cx-dense", clear))
        for at, word in enumerate(lines):
            class_ = "cx-middle" if at else "cx-name"
            drawn.append(label(middle, first + at * _WORD_LINE, word, class_))
    return "".join(drawn)


def _areas(kind_: Kind, places: Sequence[Place]) -> str:
    if not places:
        return ""
    if kind_ == "dense":
        return dense(places, _HATCH)
    class_ = "cx-conv cx-conv-line" if kind_ == "convolution" else "cx-paper cx-guide"
    return "".join(rectangle(class_, place) for place in places)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the list.

    Attributes:
        part: The number of its part.
        x: Where it starts.
        y: Its baseline.
        width: Its width.
    """

    part: int
    x: float
    y: float
    width: float


def _list(shown: Sequence[Part], named: Sequence[bool], top: float) -> list[_Entry]:
    """Place what has no words in its area in two columns, in order from top to bottom."""
    rest = [at for at in range(len(shown)) if not named[at]]
    lines = (len(rest) + 1) // 2 if len(rest) > 3 else len(rest)  # noqa: PLR2004
    columns = 2 if lines < len(rest) else 1
    width = (ROOM - _COLUMN_GAP * (columns - 1)) / columns
    return [
        _Entry(
            at,
            MARGIN + (index // lines) * (width + _COLUMN_GAP),
            top + (index % lines + 1) * _LISTED_LINE - 6,
            width,
        )
        for index, at in enumerate(rest)
    ]


def _height(entries: Sequence[_Entry]) -> float:
    lines = len({entry.y for entry in entries})
    return lines * _LISTED_LINE + 10 if lines else 0


def _entries(shown: Sequence[Part], entries: Sequence[_Entry], total: int) -> str:
    drawn = []
    for x in dict.fromkeys(entry.x for entry in entries):
        column = [entry for entry in entries if entry.x == x]
        there = [shown[entry.part] for entry in column]
        counts = max(widest(partial(words.counted, part)) for part in there)
        shares = max(widest(partial(words.part_share, part, total)) for part in there)
        room = column[0].width - _MARK - 2 * _APART - counts - shares - 4
        for entry, part in zip(column, there, strict=True):
            end = entry.x + entry.width
            square = entry.x + HALF, entry.y - _MARK + HALF, _MARK - 1.0, _MARK - 1.0
            drawn.append(_areas(part.kind, [square]))
            name = short(words.name(part), SMALL_SIZE, room)
            drawn.append(label(entry.x + _MARK + 4, entry.y, name))
            drawn.append(
                label(end - shares - _APART, entry.y, words.counted(part), "cx-small cx-end")
            )
            drawn.append(label(end, entry.y, words.part_share(part, total), "cx-small cx-end"))
    return "".join(drawn)


def _keys(shown: Sequence[Part], total: int) -> list[Mark]:
    totals = words.totals(shown)
    return [
        (partial(words.kind_told, each, count, total), partial(_swatch, each))
        for each, count in totals.items()
    ]


def _swatch(kind_: Kind, x: float, y: float) -> str:
    place = x + HALF, y + HALF, SWATCH - 1.0, SWATCH - 1.0
    return dense([place], every=5.0) if kind_ == "dense" else _areas(kind_, [place])


def _lines(shown: Sequence[Part], total: int, step: int) -> list[str]:
    return [
        line
        for each in words.facts(shown, total, step)
        for line in sentence(each, LABEL_SIZE, ROOM)
    ]


def _written(shown: Sequence[Part], total: int, step: int, top: float) -> str:
    return "".join(
        label(MARGIN, top + at * _LINE, line)
        for at, line in enumerate(_lines(shown, total, step), 1)
    )


def _draw(
    common: str,
    places: Sequence[Place],
    entries: Sequence[_Entry],
    written: Sequence[str],
    stage: Stage,
) -> str:
    under = {entry.part: entry for entry in entries}
    drawn = [common]
    for step, lines in enumerate(written):
        marks = "".join(_marked(step, places, under)) if step < len(places) else ""
        drawn.append(stage.seen(marks + lines, step, step + 1))
    targets = "".join(_targets(places, entries))
    drawn.append(element("g", targets, pointer_events="all"))
    return "".join(drawn)


def _marked(step: int, places: Sequence[Place], under: dict[int, _Entry]) -> Iterator[str]:
    yield rectangle("cx-window", places[step])
    if step in under:
        entry = under[step]
        line = f"M{decimal(entry.x)} {decimal(entry.y + 6)}h{decimal(entry.width)}"
        yield element("path", class_="cx-focus", d=line)


def _targets(places: Sequence[Place], entries: Sequence[_Entry]) -> Iterator[str]:
    """Yield what a reader can click at: areas, and entries of the list."""
    found = dict(enumerate(places))
    for entry in entries:
        top = entry.y - _LISTED_LINE + 7
        found[entry.part] = entry.x, top, entry.width, _LISTED_LINE
    for step, place in found.items():
        x, y, width, height = map(round, place)
        yield element("rect", x=x, y=y, width=width, height=height, data_step=step)
