"""One moment of a network in volumes: the boxes, the arrows between them, what is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.figures.layers import KINDS, groups
from cnnexplain.figures.sheet import SWATCH
from cnnexplain.figures.svg import box, decimal, element, label
from cnnexplain.figures.volume_ways import junctions
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.figures.boxes import Box, Layout, Place
    from cnnexplain.figures.volume_chain import Volume

_HEAD = 5  # half the width of an arrow's head
_LANE = 5  # from the middle to the arrow of a group, and to the lines of a full connection
_DOT = 2.25  # the radius of a junction
_SHADED = 12  # of what a step looks at, smaller boxes have no shade: it would not be seen
_CLASSES: Mapping[str, str] = {
    "convolution": "cx-conv-line",
    "pooling": "cx-guide",
    "dense": "cx-dense-line",
    "other": "cx-shift",
    "skipped": "cx-guide",
}
_WIDTHS = {"convolution": 2.0, "pooling": 2.0, "dense": 1.25, "other": 1.0, "skipped": 2.0}
_DASHES = {"pooling": "4 3", "skipped": "0 5"}


def base(placed: Layout) -> str:
    """Draw what is the same at every step: all volumes, their names, their sizes, the arrows.

    Args:
        placed: Where everything stands.
    """
    ways = "".join((*placed.turns, *(way.path for way in placed.ways)))
    parts = [element("path", class_="cx-guide", d=ways, stroke_width=1.0)] if ways else []
    if dots := junctions(placed.ways):
        data = "".join(_dot(x, y) for x, y in dots)
        parts.append(element("path", class_="cx-mark", d=data))
    parts.append(_arrows(placed))
    parts.append(solids([each.box for each in placed.places], "cx-paper cx-guide"))
    for each in placed.places:
        middle = each.left + each.width / 2
        name, size = each.labels
        parts.append(label(middle, name, each.name(), "cx-name"))
        parts.append(label(middle, size, shape(each.volume.shape), "cx-small cx-middle"))
        parts.append(_times(each))
    return "".join(parts)


def marks(placed: Layout) -> str:
    """Draw what a reader can click at: a column for each volume.

    Args:
        placed: Where everything stands.
    """
    columns = "".join(
        element(
            "rect",
            x=round(each.left),
            y=round(each.top),
            width=round(each.width),
            height=round(each.labels[1] + 6 - each.top),
            data_step=step,
        )
        for step, each in enumerate(placed.places)
    )
    return element("g", columns, pointer_events="all")


def looked_at(placed: Layout, step: int) -> str:
    """Draw what a step looks at: a volume, and those that it is made of.

    Args:
        placed: Where everything stands.
        step: The step, from 0.
    """
    place = placed.places[step]
    sources = [placed.places[index].box for index in place.volume.inputs]
    role = "output" if place.volume.rows else "input"
    ways = "".join(f"{way.path}V{decimal(way.end)}" for way in placed.ways if way.reader == step)
    under = f"M{round(place.left)} {round(place.labels[1] + 6)}h{round(place.width)}"
    return (
        (element("path", class_="cx-input-line", d=ways, stroke_width=2.5) if ways else "")
        + solids(sources, "cx-input cx-input-line", _SHADED)
        + solids([place.box], f"cx-{role} cx-focus", _SHADED)
        + element("path", class_="cx-window", d=under)
    )


def solids(boxes: Sequence[Box], class_: str, shaded: float = 0) -> str:
    """Draw boxes: what is farther behind first.

    Args:
        boxes: The boxes.
        class_: The class of their faces and edges.
        shaded: The least height of a box whose side is shaded.
    """
    drawn = []
    for at in reversed(range(max((len(each.parts) for each in boxes), default=0))):
        there = [(each, each.parts[at]) for each in boxes if at < len(each.parts)]
        faces = "".join(each.outline(part) for each, part in there)
        sides = "".join(
            each.side(part) for each, part in there if part[1] and each.height >= shaded
        )
        drawn.append(element("path", class_=class_, d=faces))
        if sides:
            drawn.append(element("path", class_="cx-shade", d=sides))
    return "".join(drawn)


def arrow(
    kind: str, start: float, end: float, y: float, lanes: int = 1, *, down: bool = False
) -> dict[str, str]:
    """Return an arrow as path data by class of line: its shaft and, apart from it, its head.

    Args:
        kind: What it stands for: a layer's kind, or `"skipped"`.
        start: Where it starts.
        end: Where it ends.
        y: Where it stands, down; across if it goes down.
        lanes: The number of arrows side by side.
        down: Whether it goes down, rather than to the right.
    """

    def point(along: float, beside: float) -> str:
        x, y = (beside, along) if down else (along, beside)
        return f"{decimal(x)} {decimal(y)}"

    if kind == "dense":
        sides = [y - _LANE, y + _LANE]
        return {
            kind: "".join(
                f"M{point(start, one)}L{point(end, other)}" for one in sides for other in sides
            )
        }
    beside = [y] if lanes == 1 else [y - _LANE, y + _LANE]
    head = _HEAD if lanes == 1 else _HEAD - 1.5
    way = "V" if down else "H"
    shaft = "".join(f"M{point(start, line)}{way}{decimal(end)}" for line in beside)
    heads = "".join(
        f"M{point(end - head, line - head)}l{point(head, head)}l{point(-head, head)}"
        for line in beside
    )
    if kind in _DASHES:
        return {kind: shaft, f"{kind} head": heads}
    return {kind: shaft + heads}


def lines(data: Mapping[str, str]) -> str:
    """Draw path data of arrows by class of line.

    Args:
        data: The path data.
    """
    drawn = []
    for name in [each for kind in (*KINDS, "skipped") for each in (kind, f"{kind} head")]:
        if name in data:
            kind = name.removesuffix(" head")
            drawn.append(
                element(
                    "path",
                    class_=_CLASSES[kind],
                    d=data[name],
                    stroke_width=_WIDTHS[kind],
                    stroke_dasharray=_DASHES.get(name),
                    stroke_linecap="round" if name == "skipped" else None,
                )
            )
    return "".join(drawn)


def arrow_swatch(kind: str, x: float, y: float) -> str:
    """Draw the arrow of a kind into a key.

    Args:
        kind: What it stands for.
        x: Where the swatch starts.
        y: Where the swatch starts, down.
    """
    return lines(arrow(kind, x, x + SWATCH, y + SWATCH / 2))


def square_swatch(class_: str, x: float, y: float) -> str:
    """Draw a square into a key.

    Args:
        class_: Its class.
        x: Where the swatch starts.
        y: Where the swatch starts, down.
    """
    return element("path", class_=class_, d=box(x + 1, y + 1, SWATCH - 2, SWATCH - 2))


def kinds(placed: Layout) -> list[str]:
    """Return what arrows stand for, in the order in which they come in a key.

    Args:
        placed: Where everything stands.
    """
    found = {_stands_for(place.volume) for place in placed.places if place.volume.rows}
    return [kind for kind in (*KINDS, "skipped") if kind in found]


def _stands_for(volume: Volume) -> str:
    """Return what the arrows to a volume stand for."""
    return volume.kind if volume.direct else "skipped"


def _arrows(placed: Layout) -> str:
    """Draw the arrows: those between neighbours, and one at the end of the ways to a volume."""
    data: dict[str, str] = {}
    down = {way.reader: (way.points[-1], way.end) for way in placed.ways}
    for step, place in enumerate(placed.places):
        volume = place.volume
        lanes = 2 if volume.rows and volume.direct and groups(volume.rows[0].operation) > 1 else 1
        found = []
        if place.start is not None and step - 1 in volume.inputs:
            ends = place.start, place.box.x - 4, place.box.middle
            found.append(arrow(_stands_for(volume), *ends, lanes))
        if step in down:
            (x, top), bottom = down[step]
            found.append(arrow(_stands_for(volume), top, bottom, x, down=True))
        for path in found:
            for name, lines_ in path.items():
                data[name] = data.get(name, "") + lines_
    return lines(data)


def _dot(x: float, y: float) -> str:
    """Return a dot as path data."""
    start = f"M{decimal(x - _DOT)} {decimal(y)}"
    return f"{start}a{_DOT} {_DOT} 0 1 0 {2 * _DOT} 0a{_DOT} {_DOT} 0 1 0 {-2 * _DOT} 0"


def _times(place: Place) -> str:
    """Say how many layers an arrow stands for."""
    count = len(place.volume.rows)
    if count < 2 or place.start is None:  # noqa: PLR2004
        return ""
    middle = (place.start + place.box.x - 4) / 2
    return label(middle, place.box.middle - 9, f"{count}×", "cx-small cx-middle")
