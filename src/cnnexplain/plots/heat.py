"""Heatmaps in the pixels of their image: each cell lies about the centre of its window."""

from __future__ import annotations

from itertools import chain, product
from math import inf, nan
from typing import TYPE_CHECKING, Any

from cnnexplain.figures import maps, scales
from cnnexplain.figures.cells import grid
from cnnexplain.languages import text
from cnnexplain.plots import canvas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Colormap

    from cnnexplain.figures.cells import Grid, Row
    from cnnexplain.figures.plane import PerAxis

# As in the figures: with more cells than this on an axis, colours alone tell their values.
_MOST_WRITTEN = 7
_OVER_IMAGE = 0.7


def heatmap(
    scores: maps.Map,
    image: Any = None,
    *,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    ax: Axes | None = None,
    colorbar: bool = True,
) -> Axes:
    """Plot a map of scores: each cell about the centre of its window, in the image's pixels.

    Args:
        scores: The scores, (rows, columns).
        image: What lies under it, as `imshow` takes it, or as torch has it with channels first.
        image_size: The image's size: a number, or (height, width).
        window: The window's size: a number, or (height, width).
        stride: The step between two windows: a number, or (height, width).
        ax: Where to plot; new axes unless given.
        colorbar: Whether a bar beside the axes tells what the colours mean.

    Returns:
        The axes.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If the map has not one cell for each window.
        CnnExplainError: If matplotlib is missing.

    Example:
        >>> from matplotlib.figure import Figure
        >>> axes = heatmap([[0.1, 0.2], [0.3, 0.9]], image_size=256, ax=Figure().subplots())
        >>> [int(end) for end in axes.get_xlim()]
        [0, 256]
    """
    found = maps.numbers("scores", scores)
    places = grid(image_size, window, stride)
    places.check("scores", found)
    scale = scales.score_scale(chain(*found))
    axes = canvas.axes(ax)
    _picture(axes, places, image)
    mapped = _map(axes, places, found, "score", scale, opaque=image is None)
    if colorbar:
        _bar(axes, mapped, scale, text("plot.score"))
    _write(axes, places, found, scale)
    _frame(axes, places)
    return axes


def error_map(
    errors: maps.Map,
    image: Any = None,
    *,
    exact: maps.Mask | None = None,
    rounding: float = scales.ROUNDING,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    ax: Axes | None = None,
    colorbar: bool = True,
) -> Axes:
    """Plot the relative error of each cell of one pass; cells that are not equal are hatched.

    Args:
        errors: The relative errors, (rows, columns).
        image: What lies under it, as `imshow` takes it, or as torch has it with channels first.
        exact: Which cells geometry predicts to be exact; they get a green border.
        rounding: The largest error that is taken for rounding.
        image_size: The image's size: a number, or (height, width).
        window: The window's size: a number, or (height, width).
        stride: The step between two windows: a number, or (height, width).
        ax: Where to plot; new axes unless given.
        colorbar: Whether a bar beside the axes tells what the colours mean.

    Returns:
        The axes.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If a map has not one cell for each window.
        CnnExplainError: If matplotlib is missing.

    Example:
        >>> from matplotlib.figure import Figure
        >>> axes = error_map([[0.2, 0.3], [0.3, 0.1]], image_size=256, ax=Figure().subplots())
        >>> [int(end) for end in axes.get_xlim()]
        [0, 256]
    """
    found = maps.errors("errors", errors)
    limit = maps.limit("rounding", rounding)
    places = grid(image_size, window, stride)
    places.check("errors", found)
    outlined = None if exact is None else maps.flags("exact", exact)
    if outlined is not None:
        places.check("exact", outlined)
    scale = scales.error_scale(chain(*found), limit)
    axes = canvas.axes(ax)
    from matplotlib.colors import to_rgba  # noqa: PLC0415  # an extra

    _picture(axes, places, image)
    if scale:
        # What is rounding has no colour.
        coloured = tuple(tuple(each if each > limit else nan for each in line) for line in found)
        mapped = _map(axes, places, coloured, "error", scale, opaque=image is None)
        if colorbar:
            _bar(axes, mapped, scale, text("figure.heatmap.relative"))
        _write(axes, places, found, scale, limit)
    for cell in _cells(places):
        row, column = cell
        if found[row][column] > limit:
            ink = to_rgba(canvas.colour("on-low"), 0.25)
            _box(axes, places, cell, hatch="//", edgecolor=ink, linewidth=0)
        if outlined and outlined[row][column]:
            _box(axes, places, cell, edgecolor=canvas.colour("output-ink"), linewidth=2.5)
    _frame(axes, places)
    return axes


def _picture(axes: Axes, places: Grid, image: Any) -> None:
    """Show the image, in its own pixels whatever the size of its file."""
    if image is None:
        return
    import numpy as np  # noqa: PLC0415  # matplotlib needs it

    pixels = np.asarray(image)
    if pixels.ndim == 3 and pixels.shape[0] in {1, 3} and pixels.shape[2] > 4:  # noqa: PLR2004
        pixels = pixels.transpose(1, 2, 0)  # as torch has it
    height, width = places.image
    axes.imshow(pixels, extent=(0, width, height, 0), cmap="gray")


def _frame(axes: Axes, places: Grid) -> None:
    """Show all of the image's pixels, and nothing else."""
    height, width = places.image
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_aspect("equal")


def _map(
    axes: Axes, places: Grid, values: maps.Rows, role: str, scale: scales.Scale, *, opaque: bool
) -> ScalarMappable:
    """Show a map: as an image or, where its cells lie apart, as a mesh with gaps."""
    from matplotlib.colors import LogNorm, Normalize  # noqa: PLC0415  # an extra

    style: dict[str, Any] = {
        "cmap": _colours(role),
        "norm": (LogNorm if scale.logarithmic else Normalize)(scale.low, scale.high),
        "alpha": 1.0 if opaque else _OVER_IMAGE,
    }
    rows, columns = places.height.placed, places.width.placed
    (top, _), (_, bottom) = rows.span(0), rows.span(rows.count - 1)
    (left, _), (_, right) = columns.span(0), columns.span(columns.count - 1)
    if rows.side == rows.step and columns.side == columns.step:
        extent = left, right, bottom, top
        return axes.imshow(values, extent=extent, interpolation="nearest", **style)
    import numpy as np  # noqa: PLC0415  # matplotlib needs it

    spread = np.full((2 * rows.count - 1, 2 * columns.count - 1), np.nan)
    spread[::2, ::2] = values
    return axes.pcolormesh(_edges(columns), _edges(rows), spread, **style)


def _edges(row: Row) -> list[float]:
    """Return where cells, and the gaps between them, start and end."""
    return [edge for index in range(row.count) for edge in row.span(index)]


def _colours(role: str) -> Colormap:
    """Return the colours of a map: from the paper to the middle colour, and to the full one."""
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415  # an extra

    steps = [canvas.colour(each) for each in ("paper", role, f"{role}-full")]
    return LinearSegmentedColormap.from_list(f"cnnexplain-{role}", steps)


def _cells(places: Grid) -> Iterator[tuple[int, int]]:
    rows, columns = places.shape
    return product(range(rows), range(columns))


def _box(axes: Axes, places: Grid, cell: tuple[int, int], **style: Any) -> None:
    """Draw the box of a cell, without a colour."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415  # an extra

    row, column = cell
    (top, bottom), (left, right) = places.height.placed.span(row), places.width.placed.span(column)
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, **style))


def _write(
    axes: Axes, places: Grid, values: maps.Rows, scale: scales.Scale, rounding: float = -inf
) -> None:
    """Write a number into each cell, if they are few; 0 where it is rounding."""
    if max(places.shape) > _MOST_WRITTEN:
        return
    for row, column in _cells(places):
        value = values[row][column]
        equal = value <= rounding
        dark = not equal and scale.level(value) > scales.MIDDLE
        axes.text(
            places.width.centres[column],
            places.height.centres[row],
            "0" if equal else scale.short(value),
            horizontalalignment="center",
            verticalalignment="center",
            color=canvas.colour("on-high" if dark else "on-low"),
        )


def _bar(axes: Axes, shown: ScalarMappable, scale: scales.Scale, name: str) -> None:
    """Tell beside the axes what the colours mean."""
    bar = axes.figure.colorbar(shown, ax=axes)
    bar.set_label(name, fontproperties=canvas.font())
    bar.minorticks_off()
    canvas.ticks(bar.ax.yaxis, scale.ticks, [scale.label(tick) for tick in scale.ticks])
