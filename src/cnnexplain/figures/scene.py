"""One moment of a sliding window: the input, the output, the window, and what ties them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures.motion import Track, moving, slide, stretch
from cnnexplain.figures.svg import HALF, box, decimal, element, grid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.figures.layout import Layout, Line
    from cnnexplain.figures.plane import Plane

# The size of the cells in a key.
SWATCH = 16
# A window with more taps than this is filled whole: that many single cells would hide the rest.
_MOST_TAPS = 400


def padding_swatch(x: float, y: float) -> str:
    """Draw one cell of padding."""
    return dashed(box(x + HALF, y + HALF, SWATCH, SWATCH), SWATCH)


def overhang_swatch(x: float, y: float) -> str:
    """Draw one cell beyond the edge."""
    return _dotted(box(x + HALF, y + HALF, SWATCH, SWATCH), SWATCH)


def unread_swatch(x: float, y: float) -> str:
    """Draw one pixel that no window reads."""
    x, y = x + HALF, y + HALF
    outline = element("path", class_="cx-input-line", d=box(x, y, SWATCH, SWATCH))
    return outline + element("path", class_="cx-unread", d=cross(x, y, SWATCH))


def dashed(data: str, unit: float) -> str:
    """Draw lines whose dashes meet in every corner of a grid.

    Args:
        data: The lines as path data.
        unit: The size of a cell.
    """
    dash = unit / max(round(unit / 8), 1) / 2
    return element(
        "path",
        class_="cx-padding",
        d=data,
        stroke_dasharray=decimal(dash),
        stroke_dashoffset=decimal(dash / 2),
    )


def _dotted(data: str, unit: float) -> str:
    """Draw lines of dots, one of them in every corner of a grid."""
    gap = unit / max(round(unit / 5), 1)
    return element("path", class_="cx-overhang", d=data, stroke_dasharray=f"0 {decimal(gap)}")


def cross(x: float, y: float, size: float) -> str:
    """Return the cross in a cell that no window reads, as path data.

    Args:
        x: Where the cell starts.
        y: Where the cell starts, down.
        size: Its size.

    Example:
        >>> cross(0, 0, 8)
        'M2 2l4 4m0-4l-4 4'
    """
    arm = decimal(size * 0.5)
    start = f"M{decimal(x + size * 0.25)} {decimal(y + size * 0.25)}"
    return f"{start}l{arm} {arm}m0-{arm}l-{arm} {arm}"


def draw(shown: Plane, places: Layout, step: int, *, motion: bool) -> str:
    """Draw one moment.

    Args:
        shown: What the figure shows.
        places: Where everything stands.
        step: The step at which the window stands.
        motion: Whether the drawing moves; then every output is there while it stands still,
            and otherwise only those computed so far.
    """
    row, column = shown.sweep.cell(step)
    return "".join(
        (
            _input(shown, places),
            _output(shown, places, step, motion=motion),
            _ties(shown, places, row, column, motion=motion),
            _window(shown, places, row, column, motion=motion),
            _marker(shown, places, row, column, motion=motion),
        )
    )


def _ticks(start: int, stop: int, *, outlined: bool) -> list[int]:
    return [start, stop] if outlined else list(range(start, stop + 1))


def _input(shown: Plane, places: Layout) -> str:
    """Draw the input, the padding around it, and the cells beyond that a window hangs over."""
    ticks = partial(_ticks, outlined=shown.outlined)
    down, across = shown.sides
    xs = [places.x.input(at) for at in ticks(0, across.input_size)]
    ys = [places.y.input(at) for at in ticks(0, down.input_size)]
    parts = []
    if any(sum(side.window.padding) for side in shown.sides):
        padded_xs = [places.x.input(at) for at in ticks(across.first, across.padded)]
        padded_ys = [places.y.input(at) for at in ticks(down.first, down.padded)]
        parts.append(dashed(grid(padded_xs, padded_ys), places.x.unit))
    if any(side.overhangs for side in shown.sides):
        parts.append(_dotted(_overhang(shown, places), places.x.unit))
    parts.append(element("path", class_="cx-input", d=_read(shown, places)))
    parts.append(element("path", class_="cx-input-line", d=grid(xs, ys)))
    if not shown.outlined and (down.unread or across.unread):
        parts.append(element("path", class_="cx-unread", d=_unread(shown, places)))
    return "".join(parts)


def _overhang(shown: Plane, places: Layout) -> str:
    """Return the lines beyond the padding: each once, so that dots do not fall between dots."""
    ticks = partial(_ticks, outlined=shown.outlined)
    down, across = shown.sides
    right, bottom = (places.x.input(across.stop), places.y.input(down.stop))
    inner_right, inner_bottom = (places.x.input(across.padded), places.y.input(down.padded))
    left, top = places.x.input(across.first), places.y.input(down.first)
    data = []
    if across.overhangs:
        xs = [places.x.input(at) for at in ticks(across.padded, across.stop)[1:]]
        ys = [places.y.input(at) for at in ticks(down.first, down.stop)]
        data += [f"M{decimal(x)} {decimal(top)}V{decimal(bottom)}" for x in xs]
        data += [f"M{decimal(inner_right)} {decimal(y)}H{decimal(right)}" for y in ys]
    if down.overhangs:
        xs = [places.x.input(at) for at in ticks(across.first, across.padded)]
        ys = [places.y.input(at) for at in ticks(down.padded, down.stop)[1:]]
        data += [f"M{decimal(x)} {decimal(inner_bottom)}V{decimal(bottom)}" for x in xs]
        data += [f"M{decimal(left)} {decimal(y)}H{decimal(inner_right)}" for y in ys]
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


def _read(shown: Plane, places: Layout) -> str:
    """Return the area of the pixels that are read."""
    down, across = (_runs(set(range(side.input_size)) - side.unread) for side in shown.sides)
    return "".join(
        _area(places, top, bottom, left, right) for top, bottom in down for left, right in across
    )


def _area(places: Layout, top: int, bottom: int, left: int, right: int) -> str:
    unit = places.x.unit
    width, height = (right - left) * unit, (bottom - top) * unit
    return box(places.x.input(left), places.y.input(top), width, height)


def _unread(shown: Plane, places: Layout) -> str:
    """Return a cross on each pixel that no window reads."""
    down, across = shown.sides
    return "".join(
        cross(places.x.input(column), places.y.input(row), places.x.unit)
        for row in range(down.input_size)
        for column in range(across.input_size)
        if row in down.unread or column in across.unread
    )


def _output(shown: Plane, places: Layout, step: int, *, motion: bool) -> str:
    """Draw the output; what is not yet computed has lines, but no colour."""
    ticks = partial(_ticks, outlined=shown.outlined)
    sweep = shown.sweep
    xs = [places.x.output(at) for at in ticks(0, shown.width.output_size)]
    ys = [places.y.output(at) for at in ticks(0, shown.height.output_size)]
    width, height = xs[-1] - xs[0], ys[-1] - ys[0]
    last = sweep.steps - 1
    row, column = sweep.cell(last if motion else step)
    across, down = sweep.every_column * places.x.unit, sweep.every_row * places.y.unit
    x, y = column * places.x.unit, row * places.y.unit
    # All rows above, and this row so far. Wider than the grid, so that it covers it from anywhere.
    data = (
        f"M{decimal(-width)} {decimal(-height)}H{decimal(2 * width)}V{decimal(y)}"
        f"H{decimal(x + across)}V{decimal(y + down)}H{decimal(-width)}z"
    )
    done = element("path", class_="cx-output", d=data)
    if motion:
        along = slide(sweep.columns - 1, sweep.columns, across)
        done = moving(done, along, slide(sweep.rows - 1, sweep.rows, down))
    # A page may give every svg a height; this one clips, and must keep its own.
    own = f"width:{decimal(width)}px;height:{decimal(height)}px"
    clipped = element("svg", done, x=xs[0], y=ys[0], width=width, height=height, style=own)
    frame = element(
        "path",
        class_="cx-output-line cx-frame",
        d=box(xs[0] - HALF, ys[0] - HALF, width + 2 * HALF, height + 2 * HALF),
    )
    lines = "" if shown.outlined else element("path", class_="cx-output-line", d=grid(xs, ys))
    return clipped + lines + frame


def _follow(content: str, shown: Plane, cell: tuple[int, int], *, x: float, y: float) -> str:
    """Make a drawing follow the window, by these distances from one output to the next."""
    (row, column), sweep = cell, shown.sweep
    return moving(
        content,
        slide(column // sweep.every_column, sweep.columns, x * sweep.every_column),
        slide(row // sweep.every_row, sweep.rows, y * sweep.every_row),
    )


def _window(shown: Plane, places: Layout, row: int, column: int, *, motion: bool) -> str:
    """Draw the window, and in it the pixels that it reads."""
    down, across = (side.window for side in shown.sides)
    (left, right), (top, bottom) = places.x.window(column), places.y.window(row)
    taps = box(left, top, right - left, bottom - top)
    if not shown.outlined and down.kernel_size * across.kernel_size <= _MOST_TAPS:
        taps = "".join(
            _area(places, at, at + 1, beside, beside + 1)
            for at in down.inputs(row)
            for beside in across.inputs(column)
        )
    content = element("path", class_="cx-taps", d=taps)
    content += _outline(left, top, right - left, bottom - top)
    if not motion:
        return content
    unit = places.x.unit
    return _follow(content, shown, (row, column), x=across.stride * unit, y=down.stride * unit)


def _marker(shown: Plane, places: Layout, row: int, column: int, *, motion: bool) -> str:
    """Draw the outline of the output that the window gives."""
    unit = places.x.unit
    content = _outline(places.x.output(column), places.y.output(row), unit, unit)
    return _follow(content, shown, (row, column), x=unit, y=unit) if motion else content


def _outline(x: float, y: float, width: float, height: float) -> str:
    return element("rect", class_="cx-window", x=x, y=y, width=width, height=height)


def _ties(shown: Plane, places: Layout, row: int, column: int, *, motion: bool) -> str:
    """Draw the two lines that tie the window to its output."""
    # Each end of a tie is a corner: 0 is left or top, 1 is right or bottom.
    corners = (
        [((0, 1), (0, 0)), ((1, 1), (1, 0))]
        if places.stacked
        else [((1, 0), (0, 0)), ((1, 1), (0, 1))]
    )
    return "".join(
        _tie(shown, places, (row, column), near, far, motion=motion) for near, far in corners
    )


def _tie(
    shown: Plane,
    places: Layout,
    cell: tuple[int, int],
    near: tuple[int, int],
    far: tuple[int, int],
    *,
    motion: bool,
) -> str:
    row, column = cell
    x = places.x.window(column)[near[0]], places.x.ends(column)[far[0]]
    y = places.y.window(row)[near[1]], places.y.ends(row)[far[1]]
    content = element(
        "path",
        class_="cx-tie",
        d=f"M{decimal(x[0])} {decimal(y[0])}L{decimal(x[1])} {decimal(y[1])}",
        vector_effect="non-scaling-stroke",
    )
    if not motion:
        return content
    sweep = shown.sweep
    return moving(
        content,
        _stretched(places.x, column, sweep.columns, sweep.every_column, (near[0], far[0])),
        _stretched(places.y, row, sweep.rows, sweep.every_row, (near[1], far[1])),
    )


def _stretched(line: Line, output: int, stops: int, every: int, ends: tuple[int, int]) -> Track:
    near, far = ends
    step = line.side.window.stride * line.unit * every
    return stretch(
        output // every,
        stops,
        (line.window(0)[near], step),
        (line.ends(0)[far], line.unit * every),
    )
