"""How heatmap figures move: a sweep over the cells, what it has not reached, and what it marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.figures import motion
from cnnexplain.figures.figure import moving, standing, told
from cnnexplain.figures.motion import Sweep, Track, slide, stretch
from cnnexplain.figures.stage import Moment
from cnnexplain.figures.svg import box, decimal, element, label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.figures.cells import Grid
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.panel import Panel
    from cnnexplain.figures.stage import Stage

# With more stops than this, a motion is too long to be waited for, and what it says too large.
_MOST_STOPS = 100
_PACE = 0.9
_MARK = 1.5  # half of a mark's line: it lies around its cell
BORDER = -_MARK  # where a mark begins that lies on the border of its cell
_NONE = 1e-6  # a length that is none


def sweep(shown: Grid, pace: float = _PACE, most: int = _MOST_STOPS) -> Sweep:
    """Return the stops over the cells of a map: all of them, or every so many on both axes.

    Args:
        shown: The windows.
        pace: The seconds at one stop, where stops are few.
        most: The number of stops that there may be.

    Example:
        >>> from cnnexplain.figures.cells import grid
        >>> sweep(grid(110, 24, 4)).steps, sweep(grid(384, 224, 32)).steps
        (64, 36)
    """
    rows, columns = shown.shape
    every = 1
    while -(-rows // every) * -(-columns // every) > most:
        every += 1
    return Sweep(-(-rows // every), -(-columns // every), every, every, pace)


def swept(
    title: str,
    description: str,
    height: int,
    draw: Callable[[Stage], str],
    shown: Grid,
    says: Callable[[int, int], str],
) -> Figure:
    """Return a figure in which the window sweeps over the image; its still picture is the last.

    Args:
        title: What it shows, in one line.
        description: What it shows, in words for readers who do not see it.
        height: Its height.
        draw: Draws one moment, or all of them.
        shown: The windows.
        says: Returns what there is to say of a cell.
    """
    stops = sweep(shown)
    last = stops.steps - 1
    if not last:
        return standing(title, description, height, draw(Moment(stops, 0)))
    sentences = [says(*stops.cell(step)) for step in range(stops.steps)]
    script = told(sentences, stops)
    return moving(title, description, height, draw, stops, last, script)


def followed(stage: Stage, panel: Panel, draw: Callable[[int, int], str]) -> str:
    """Draw what goes with the cell at which the sweep is.

    Args:
        stage: What is drawn on.
        panel: Where the cells stand.
        draw: Draws it at a cell: its row and its column.
    """
    rows, columns = stage.sweep.every_row, stage.sweep.every_column
    down, across = panel.step
    return stage.follows(
        lambda row, column: draw(row * rows, column * columns), across * columns, down * rows
    )


def later(stage: Stage, panel: Panel) -> str:
    """Cover the cells of a map that the sweep has not reached.

    Args:
        stage: What is drawn on.
        panel: Where the map stands.
    """
    sweep = stage.sweep
    if sweep.steps == 1:
        return ""
    x, y, width, height = panel.extent
    xs, ys = panel.lines
    down, across = panel.step
    down, across = down * sweep.every_row, across * sweep.every_column

    def cover(row: int, column: int) -> str:
        # The rest of this row, and all rows below: larger than the map, so that it covers it from
        # wherever it is moved to.
        left, top = xs[0] - x + (column + 1) * across, ys[0] - y + row * down
        data = (
            f"M{decimal(left)} {decimal(top)}H{decimal(2 * width)}V{decimal(2 * height)}"
            f"H{decimal(-width)}V{decimal(top + down)}H{decimal(left)}z"
        )
        return element("path", class_="cx-paper", d=data) + element(
            "path", class_="cx-later", d=data
        )

    return clipped(stage.follows(cover, across, down), x, y, width, height)


def clipped(content: str, x: float, y: float, width: float, height: float) -> str:
    """Show a part of a drawing only.

    Args:
        content: The drawing, from the corner of the part.
        x: Where the part starts.
        y: Where it starts, down.
        width: Its width.
        height: Its height.
    """
    # A page may give every svg a height; this one clips, and must keep its own.
    own = f"width:{decimal(width)}px;height:{decimal(height)}px"
    return element("svg", content, x=x, y=y, width=width, height=height, style=own)


def around(panel: Panel, row: int, column: int, beyond: float = 0.0) -> str:
    """Return the mark of a cell as path data: a line around it.

    Args:
        panel: Where the map stands.
        row: The cell's row.
        column: The cell's column.
        beyond: How far from the cell the line begins.
    """
    x, y, width, height = panel.box(row, column)
    off = _MARK + beyond
    return box(x - off, y - off, width + 2 * off, height + 2 * off)


def cased(
    class_: str, data: str, width: float = 3.0, *, casing: float = 2.0, stretches: bool = False
) -> str:
    """Draw a line that can be seen on any colour: with the paper at both sides of it.

    Args:
        class_: The class of the line.
        data: The line as path data.
        width: Its width.
        casing: The width of the paper, that at both sides together.
        stretches: Whether it is stretched as it moves; its width is not.
    """
    fixed = "non-scaling-stroke" if stretches else None
    paper = element(
        "path", class_="cx-casing", d=data, stroke_width=width + casing, vector_effect=fixed
    )
    line = element("path", class_=class_, d=data, stroke_width=width, vector_effect=fixed)
    return paper + line


def framed(data: str) -> str:
    """Draw the marks of cells whose neighbours have numbers: they leave all of them free.

    Args:
        data: The lines around the cells, on their borders, as path data.
    """
    return cased("cx-window", data, 2.0, casing=1.0)


def window_box(panel: Panel, shown: Grid, row: int, column: int) -> str:
    """Return a window on its image as path data.

    Args:
        panel: Where the image stands.
        shown: The windows.
        row: The window's row.
        column: Its column.
    """
    x, y = panel.at(row * shown.height.stride, column * shown.width.stride)
    return box(x, y, shown.width.size * panel.scale, shown.height.size * panel.scale)


def between(stage: Stage, near: Panel, far: Panel) -> str:
    """Draw how far a cell lies in one panel from the same cell in another: across, and down.

    Args:
        stage: What is drawn on.
        near: Where the lines start: at the cell's centre.
        far: Where they end.
    """
    sweep = stage.sweep
    step = stage.step if isinstance(stage, Moment) else stage.still
    row, column = divmod(step, sweep.columns)
    (x, y), (end_x, end_y) = (
        panel.middle(row * sweep.every_row, column * sweep.every_column) for panel in (near, far)
    )
    legs = (
        f"M{decimal(x)} {decimal(y)}H{decimal(end_x)}",
        f"M{decimal(end_x)} {decimal(y)}V{decimal(end_y)}",
    )
    drawn = [cased("cx-shift", leg, 2.0, stretches=True) for leg in legs]
    if isinstance(stage, Moment):
        return "".join(drawn)
    # Each leg stretches along one axis only: along the other it has no length.
    first, last = near.middle(0, 0), far.middle(0, 0)
    (down, across), (far_down, far_across) = near.step, far.step
    across, far_across = across * sweep.every_column, far_across * sweep.every_column
    down, far_down = down * sweep.every_row, far_down * sweep.every_row
    return motion.moving(
        drawn[0],
        _stretched(column, sweep.columns, (first[0], across), (last[0], far_across)),
        slide(row, sweep.rows, down),
    ) + motion.moving(
        drawn[1],
        slide(column, sweep.columns, far_across),
        _stretched(row, sweep.rows, (first[1], down), (last[1], far_down)),
    )


def ticker(
    texts: Sequence[str], place: tuple[float, float, float], stage: Stage, *, down: bool
) -> str:
    """Write what changes from row to row, or from column to column, of the sweep.

    Args:
        texts: What is written at each row of stops, or at each column.
        place: Where it starts, its baseline, and its room across.
        stage: What is drawn on.
        down: Whether it changes from row to row.
    """
    x, y, room = place
    height = 24.0

    def strip(row: int, column: int) -> str:
        at = row if down else column
        return "".join(
            label(
                0.0 if down else (index - at) * room,
                18.0 + (index - at) * height * down,
                text,
                "cx-small",
            )
            for index, text in enumerate(texts)
        )

    moved = stage.follows(strip, 0.0 if down else -room, -height if down else 0.0)
    return clipped(moved, x, y - 18, room, height)


def _stretched(
    drawn: int, stops: int, near: tuple[float, float], far: tuple[float, float]
) -> Track:
    (start, step), (end, far_step) = near, far
    if abs(start + drawn * step - end - drawn * far_step) < _NONE:
        # Drawn where it is longest, it has no length anywhere.
        return slide(drawn, stops, step)
    return stretch(drawn, stops, near, far)
