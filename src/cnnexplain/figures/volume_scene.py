"""One moment of a network in volumes: the boxes, the arrows between them, what is looked at."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cnnexplain.figures.layers import KINDS, groups
from cnnexplain.figures.sheet import SWATCH
from cnnexplain.figures.svg import box, decimal, element, label
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnnexplain.figures.boxes import Box, Layout, Place

_HEAD = 5  # half the width of an arrow's head
_LANE = 5  # from the middle to the arrow of a group, and to the lines of a full connection
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
    parts = [element("path", class_="cx-guide", d="".join(placed.turns), stroke_width=1.0)]
    parts = parts if placed.turns else []
    parts.append(_arrows(placed.places))
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
    under = f"M{round(place.left)} {round(place.labels[1] + 6)}h{round(place.width)}"
    return (
        solids(sources, "cx-input cx-input-line", _SHADED)
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


def arrow(kind: str, start: float, end: float, y: float, lanes: int = 1) -> dict[str, str]:
    """Return an arrow as path data by class of line: its shaft and, apart from it, its head.

    Args:
        kind: What it stands for: a layer's kind, or `"skipped"`.
        start: Where it starts.
        end: Where it ends.
        y: Where it stands, down.
        lanes: The number of arrows side by side.
    """
    if kind == "dense":
        near, far = (f"{decimal(start)} {decimal(y + side)}" for side in (-_LANE, _LANE))
        ends = [f"{decimal(end)} {decimal(y + side)}" for side in (-_LANE, _LANE)]
        return {kind: "".join(f"M{one}L{other}" for one in (near, far) for other in ends)}
    lines = [y] if lanes == 1 else [y - _LANE, y + _LANE]
    head = _HEAD if lanes == 1 else _HEAD - 1.5
    shaft = "".join(f"M{decimal(start)} {decimal(line)}H{decimal(end)}" for line in lines)
    heads = "".join(
        f"M{decimal(end - head)} {decimal(line - head)}l{decimal(head)} {decimal(head)}"
        f"l{decimal(-head)} {decimal(head)}"
        for line in lines
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
    found = {kind for kind, *_ in _connections(placed.places)}
    return [kind for kind in (*KINDS, "skipped") if kind in found]


def _connections(places: Sequence[Place]) -> Iterator[tuple[str, float, float, float, int]]:
    """Yield the arrows between neighbours: kind, start, end, height, lanes."""
    for step, (_, place) in enumerate(pairwise(places)):
        volume = place.volume
        if place.start is None or step not in volume.inputs:
            continue  # it is made of volumes that stand elsewhere
        kind = volume.kind if volume.direct else "skipped"
        lanes = 2 if volume.direct and groups(volume.rows[0].operation) > 1 else 1
        yield kind, place.start, place.box.x - 4, place.box.middle, lanes


def _arrows(places: Sequence[Place]) -> str:
    data: dict[str, str] = {}
    for connection in _connections(places):
        for name, path in arrow(*connection).items():
            data[name] = data.get(name, "") + path
    return lines(data)


def _times(place: Place) -> str:
    """Say how many layers an arrow stands for."""
    count = len(place.volume.rows)
    if count < 2 or place.start is None:  # noqa: PLR2004
        return ""
    middle = (place.start + place.box.x - 4) / 2
    return label(middle, place.box.middle - 9, f"{count}×", "cx-small cx-middle")
