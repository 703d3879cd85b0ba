"""The two grids of a sliding window: the input, the output, and what lies around them."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from cnnexplain.figures.marks import cross, dashed, dotted
from cnnexplain.figures.svg import HALF, box, decimal, element, grid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.figures.layout import Layout
    from cnnexplain.figures.plane import Plane
    from cnnexplain.figures.side import Side
    from cnnexplain.figures.stage import Stage


def draw_input(shown: Plane, places: Layout) -> str:
    """Draw the input; if windows stand on it, without what no window reads.

    Args:
        shown: What the figure shows.
        places: Where everything stands.
    """
    ticks = partial(_ticks, outlined=shown.outlined)
    xs = [places.x.input(at) for at in ticks(0, shown.width.input_size)]
    ys = [places.y.input(at) for at in ticks(0, shown.height.input_size)]
    lines = element("path", class_="cx-input-line", d=grid(xs, ys))
    if shown.writes:
        return element("path", class_="cx-input", d=box(xs[0], ys[0], *_size(xs, ys))) + lines
    read = [_runs(set(range(side.size)) - side.untouched) for side in shown.sides]
    area = "".join(places.area(rows, columns) for rows, columns in product(*read))
    return element("path", class_="cx-input", d=area) + lines + _crosses(shown, places)


def draw_around(shown: Plane, places: Layout) -> str:
    """Draw what windows reach beyond real cells, and pale what they cover there.

    Args:
        shown: What the figure shows.
        places: Where everything stands.
    """
    down, across = shown.sides
    outer = [(side.first, max(side.stop, side.size)) for side in shown.sides]
    inner = [(0, side.size) for side in shown.sides]
    if outer == inner:
        return ""
    ring = places.area(*outer) + places.area(*inner)
    veil = element("path", class_="cx-veil", d=ring, fill_rule="evenodd")
    lines = _padding(shown, places)
    if down.overhangs or across.overhangs:
        stops = [(side.padded, side.stop) for side in shown.sides]
        lines += dotted(_beyond(shown, places, *stops), places.x.unit)
    return veil + lines


def draw_output(shown: Plane, places: Layout, stage: Stage) -> str:
    """Draw the output; what is not yet computed has lines, but no colour.

    Args:
        shown: What the figure shows.
        places: Where everything stands.
        stage: The moment, or all of them. While nothing moves, all outputs are computed.
    """
    ticks = partial(_ticks, outlined=shown.outlined)
    height, width = shown.sides
    # What is added has lines of its own.
    xs = [places.x.output(at) for at in ticks(0, width.plain)]
    ys = [places.y.output(at) for at in ticks(0, height.plain)]
    lines = "" if shown.outlined else element("path", class_="cx-output-line", d=grid(xs, ys))
    if shown.writes:
        filled = _written(shown, places, stage.ended)
        if height.added or width.added:
            stops = [(side.plain, side.output_size) for side in shown.sides]
            lines += dotted(_beyond(shown, places, *stops, first=0), places.x.unit)
        lines += _crosses(shown, places)
    else:
        filled = _computed(shown, places, xs, ys, stage.ended)
    across, down = (width.output_size * places.x.unit, height.output_size * places.y.unit)
    frame = element(
        "path",
        class_="cx-output-line cx-frame",
        d=box(xs[0] - HALF, ys[0] - HALF, across + 2 * HALF, down + 2 * HALF),
    )
    return filled + lines + frame


def _ticks(start: int, stop: int, *, outlined: bool) -> list[int]:
    return [start, stop] if outlined else list(range(start, stop + 1))


def _size(xs: list[float], ys: list[float]) -> tuple[float, float]:
    return xs[-1] - xs[0], ys[-1] - ys[0]


def _padding(shown: Plane, places: Layout) -> str:
    """Draw the padding, on which windows stand too: its lines end where the real cells begin."""
    if not any(side.pads for side in shown.sides):
        return ""
    down, across = shown.sides
    data = [
        places.line(start, at, down=stop - start)
        for at in _ticks(across.first, across.padded, outlined=shown.outlined)
        for start, stop in _outside(at, across, down)
    ]
    data += [
        places.line(at, start, across=stop - start)
        for at in _ticks(down.first, down.padded, outlined=shown.outlined)
        for start, stop in _outside(at, down, across)
    ]
    return dashed("".join(data), places.x.unit)


def _outside(at: int, side: Side, other: Side) -> list[tuple[int, int]]:
    """Return the parts of a line that are no edges of real cells.

    Args:
        at: Where the line stands on its own axis.
        side: That axis.
        other: The axis along which the line goes.
    """
    if not 0 <= at <= side.size:
        return [(other.first, other.padded)]
    parts = [(other.first, 0), (other.size, other.padded)]
    return [(start, stop) for start, stop in parts if start < stop]


def _beyond(
    shown: Plane,
    places: Layout,
    down: tuple[int, int],
    across: tuple[int, int],
    *,
    first: int | None = None,
) -> str:
    """Return the lines behind an edge: each once, so that dots do not fall between dots.

    Args:
        shown: What the figure shows.
        places: Where everything stands.
        down: The edge, and where the rows behind it end.
        across: The edge, and where the columns behind it end.
        first: The first row and column; the first that is drawn if None.
    """
    ticks = partial(_ticks, outlined=shown.outlined)
    firsts = [side.first if first is None else first for side in shown.sides]
    (top, left), (low, bottom), (inner, right) = firsts, down, across
    data = []
    if right > inner:
        data += [places.line(top, at, down=bottom - top) for at in ticks(inner, right)[1:]]
        data += [places.line(at, inner, across=right - inner) for at in ticks(top, bottom)]
    if bottom > low:
        data += [places.line(low, at, down=bottom - low) for at in ticks(left, inner)]
        data += [places.line(at, left, across=inner - left) for at in ticks(low, bottom)[1:]]
    return "".join(data)


def _runs(indices: Iterable[int]) -> list[tuple[int, int]]:
    """Return where neighbours start and stop.

    Example:
        >>> _runs([0, 1, 2, 5])
        [(0, 3), (5, 6)]
    """
    runs: list[tuple[int, int]] = []
    for index in sorted(indices):
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def _crosses(shown: Plane, places: Layout) -> str:
    """Cross out each cell that no window touches."""
    down, across = shown.sides
    if shown.outlined or not (down.untouched or across.untouched):
        return ""
    crosses = "".join(
        cross(places.x.place(column), places.y.place(row), places.x.unit)
        for row in range(down.size)
        for column in range(across.size)
        if row in down.untouched or column in across.untouched
    )
    return element("path", class_="cx-unread", d=crosses)


def _computed(shown: Plane, places: Layout, xs: list[float], ys: list[float], stage: Stage) -> str:
    """Fill the outputs that windows have given."""
    sweep, unit = shown.sweep, places.x.unit
    width, height = _size(xs, ys)
    across, down = sweep.every_column * unit, sweep.every_row * unit

    def done(row: int, column: int) -> str:
        # All rows above, and this row so far. Wider than the grid, so that it covers it from
        # anywhere.
        data = (
            f"M{decimal(-width)} {decimal(-height)}H{decimal(2 * width)}V{decimal(row * down)}"
            f"H{decimal((column + 1) * across)}V{decimal((row + 1) * down)}H{decimal(-width)}z"
        )
        return element("path", class_="cx-output", d=data)

    # A page may give every svg a height; this one clips, and must keep its own.
    own = f"width:{decimal(width)}px;height:{decimal(height)}px"
    filled = stage.follows(done, across, down)
    return element("svg", filled, x=xs[0], y=ys[0], width=width, height=height, style=own)


def _written(shown: Plane, places: Layout, stage: Stage) -> str:
    """Fill the outputs that windows have written to, each with the first that does."""
    first = [_first(side) for side in shown.sides]
    parts = []
    for row, column in product(*(range(side.stops) for side in shown.sides)):
        found = [
            _runs(at for at, stop in each.items() if stop == place)
            for each, place in zip(first, (row, column), strict=True)
        ]
        area = "".join(places.area(rows, columns) for rows, columns in product(*found))
        if area:
            step = row * shown.sweep.columns + column
            parts.append(stage.seen(element("path", class_="cx-output", d=area), step))
    return "".join(parts)


def _first(side: Side) -> dict[int, int]:
    """Return the outputs of an axis that are written to, each with the first stop that does.

    Rows are written before columns, so that the first of a row and the first of a column are the
    first of their cell.
    """
    found: dict[int, int] = {}
    for stop in range(side.stops):
        for at in side.reach(stop):
            if 0 <= at < side.size:
                found.setdefault(at, stop)
    return found
