"""A sliding window at one moment, or at all: both grids, the window, and what ties them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.figures.grids import draw_around, draw_input, draw_output
from cnnexplain.figures.motion import Track, stretch
from cnnexplain.figures.svg import box, decimal, element

if TYPE_CHECKING:
    from cnnexplain.figures.layout import Layout, Line
    from cnnexplain.figures.plane import Plane
    from cnnexplain.figures.stage import Stage

# A window with more taps than this is filled whole: that many single cells would hide the rest.
_MOST_TAPS = 400


def draw(shown: Plane, places: Layout, stage: Stage) -> str:
    """Draw one moment, or all of them.

    Args:
        shown: What the figure shows.
        places: Where everything stands.
        stage: What it is drawn on.
    """
    return "".join(
        (
            draw_input(shown, places),
            draw_output(shown, places, stage),
            _taps(shown, places, stage),
            draw_around(shown, places),
            _ties(shown, places, stage),
            _window(shown, places, stage),
            _marker(shown, places, stage),
        )
    )


def _taps(shown: Plane, places: Layout, stage: Stage) -> str:
    """Draw the cells that the window touches."""
    sweep = shown.sweep

    def taps(row: int, column: int) -> str:
        row, column = row * sweep.every_row, column * sweep.every_column
        if shown.outlined or shown.taps > _MOST_TAPS:
            (left, right), (top, bottom) = places.x.window(column), places.y.window(row)
            data = box(left, top, right - left, bottom - top)
        else:
            data = "".join(
                places.area((at, at + 1), (beside, beside + 1))
                for at in shown.height.reach(row)
                for beside in shown.width.reach(column)
            )
        return element("path", class_="cx-taps", d=data)

    return stage.follows(taps, *_steps(shown, places))


def _window(shown: Plane, places: Layout, stage: Stage) -> str:
    """Draw the window's outline."""
    sweep = shown.sweep

    def window(row: int, column: int) -> str:
        (left, right) = places.x.window(column * sweep.every_column)
        (top, bottom) = places.y.window(row * sweep.every_row)
        return _outline(left, top, right - left, bottom - top)

    return stage.follows(window, *_steps(shown, places))


def _steps(shown: Plane, places: Layout) -> tuple[float, float]:
    """Return how far the window goes from one stop to the next: across, and down."""
    sweep, unit = shown.sweep, places.x.unit
    across = shown.width.window.stride * sweep.every_column * unit
    return across, shown.height.window.stride * sweep.every_row * unit


def _marker(shown: Plane, places: Layout, stage: Stage) -> str:
    """Draw the outline of the cell that belongs to the window."""
    sweep, unit = shown.sweep, places.x.unit

    def marker(row: int, column: int) -> str:
        x, y = places.x.cell(column * sweep.every_column), places.y.cell(row * sweep.every_row)
        return _outline(x, y, unit, unit)

    return stage.follows(marker, sweep.every_column * unit, sweep.every_row * unit)


def _outline(x: float, y: float, width: float, height: float) -> str:
    return element("rect", class_="cx-window", x=x, y=y, width=width, height=height)


def _ties(shown: Plane, places: Layout, stage: Stage) -> str:
    """Draw the two lines that tie the window to its cell."""
    # 0 is left or top, 1 is right or bottom. The window faces the other grid, which faces it.
    near, far = (0, 1) if shown.writes else (1, 0)
    if places.stacked:
        corners = [((end, near), (end, far)) for end in (0, 1)]
    else:
        corners = [((near, end), (far, end)) for end in (0, 1)]
    return "".join(_tie(shown, places, near, far, stage) for near, far in corners)


def _tie(
    shown: Plane, places: Layout, near: tuple[int, int], far: tuple[int, int], stage: Stage
) -> str:
    """Draw the line from a corner of the window to a corner of its cell."""
    sweep = shown.sweep

    def tie(row: int, column: int) -> str:
        row, column = row * sweep.every_row, column * sweep.every_column
        x = places.x.window(column)[near[0]], places.x.ends(column)[far[0]]
        y = places.y.window(row)[near[1]], places.y.ends(row)[far[1]]
        return element(
            "path",
            class_="cx-tie",
            d=f"M{decimal(x[0])} {decimal(y[0])}L{decimal(x[1])} {decimal(y[1])}",
            vector_effect="non-scaling-stroke",
        )

    def across(column: int) -> Track:
        return _stretched(places.x, column, sweep.columns, sweep.every_column, (near[0], far[0]))

    def down(row: int) -> Track:
        return _stretched(places.y, row, sweep.rows, sweep.every_row, (near[1], far[1]))

    return stage.moves(tie, across, down)


def _stretched(line: Line, stop: int, stops: int, every: int, ends: tuple[int, int]) -> Track:
    near, far = ends
    step = line.side.window.stride * line.unit * every
    return stretch(
        stop,
        stops,
        (line.window(0)[near], step),
        (line.ends(0)[far], line.unit * every),
    )
