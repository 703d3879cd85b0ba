"""The error of one window by the context that is kept around it: with enough, none is left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from cnnexplain.figures import halo_picture, heat_words, maps
from cnnexplain.figures.colours import axis_labels, widest
from cnnexplain.figures.figure import Figure, moving, standing
from cnnexplain.figures.figure import told as controlled
from cnnexplain.figures.halo_picture import pixels
from cnnexplain.figures.legend import FIRST_LINE, LEFT, ROOM, Key, below, ring, ring_swatch
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.panel import shared
from cnnexplain.figures.scales import ROUNDING, Scale, error_scale, percent
from cnnexplain.figures.stage import Moment
from cnnexplain.figures.svg import MARGIN, box, element, grid, label, rectangle
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.figures.halo_picture import Picture
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.stage import Stage

_ROW = 30  # the room of a point
_ZERO = 32  # the width of the column of errors that are rounding
_APART = 14  # between columns
_INSIDE = 8  # from the mark of a row to what stands in it
_PACE = 2.0


def halo(
    errors: Mapping[int, float],
    *,
    rounding: float = ROUNDING,
    window: PerAxis | None = None,
    image_size: PerAxis | None = None,
    photograph: bytes | None = None,
) -> Figure:
    """Draw the relative error of one window by the context that is kept around it.

    Args:
        errors: The relative error by the context in pixels.
        rounding: The largest error that is taken for rounding; 1e-5 suits float32 and float64.
        window: The window's size in pixels, so that it is drawn too, in the middle of its image: a
            number, or (height, width).
        image_size: The image's size in pixels: a number, or (height, width); as small as the
            largest context allows unless given.
        photograph: The image as the bytes of a PNG or JPEG file.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If the window is larger than the image.

    Example:
        >>> halo({0: 0.30, 32: 0.12, 64: 0.016, 96: 3e-16}).title
        'Relative error of one window by its context: 30%, 12%, 1.6%, 3×10⁻¹⁶ (rounding)'
    """
    found = maps.sweep("errors", errors)
    limit = maps.limit("rounding", rounding)
    symbol, photo = shared(photograph)
    picture = halo_picture.picture(found[-1][0], window, image_size, photo)
    top = FIRST_LINE + 40 + (picture.room if picture else 0)
    plot = _Plot.of(found, limit, top)
    told = [heat_words.error(error, limit) for _, error in found]
    key, height = below(plot.keys, plot.bottom + 22)
    drawn = partial(_drawn, symbol, picture, plot, found, told, key)
    contexts = [
        text("figure.heatmap.says.context", error=error, context=number(context))
        for (context, _), error in zip(found, told, strict=True)
    ]
    title = text("figure.heatmap.title.halo", errors=text("figure.comma").join(told))
    description = heat_words.joined(
        text("figure.heatmap.says.halo", errors=text("figure.semicolon").join(contexts)),
        picture.described if picture else "",
    )
    last = len(found) - 1
    sweep = Sweep(1, len(found), pace=_PACE)
    if not last:
        return standing(title, description, height, drawn(Moment(sweep, 0)))
    steps = [
        text("figure.halo.step", error=error, context=number(context))
        for (context, _), error in zip(found, told, strict=True)
    ]
    return moving(title, description, height, drawn, sweep, last, controlled(steps, sweep))


def _drawn(
    symbol: str,
    picture: Picture | None,
    plot: _Plot,
    found: Sequence[tuple[int, float]],
    told: Sequence[str],
    key: str,
    stage: Stage,
) -> str:
    """Draw every error, the window with its context, and a mark at the one that it is about."""
    parts = [
        symbol,
        label(MARGIN, FIRST_LINE, text("figure.heatmap.halo"), "cx-title"),
        plot.ground,
    ]
    for at, (context, error) in enumerate(found):
        y = plot.row(at)
        row = label(plot.names, y + 5, pixels(context), "cx-small")
        row += plot.point(y, error)
        row += label(plot.values, y + 5, plot.written(error), "cx-end")
        parts.append(element("g", row, data_step=at) if len(found) > 1 else row)
    if picture:
        parts.append(picture.ground)
    for at, ((context, error), words) in enumerate(zip(found, told, strict=True)):
        moment = plot.mark(at) if len(found) > 1 else ""
        if picture:
            moment += picture.around(context, words, rounding=error <= plot.rounding)
        off = at + 1 if at + 1 < len(found) else None
        parts.append(stage.seen(moment, at, off))
    return "".join(parts) + key


@dataclass(frozen=True, slots=True)
class _Plot:
    """A logarithmic axis; an error that is rounding has no place on it, and a column before it.

    Attributes:
        top: Where the rows start, down.
        rows: The number of rows.
        left: Where the column of rounding starts.
        start: Where the axis starts.
        end: Where the axis ends.
        rounding: The largest error that is taken for rounding.
        zero: Whether there are such errors.
        scale: The axis, or None if all errors are rounding.
    """

    top: float
    rows: int
    left: float
    start: float
    end: float
    rounding: float
    zero: bool
    scale: Scale | None

    @classmethod
    def of(cls, found: Sequence[tuple[int, float]], rounding: float, top: float) -> Self:
        errors = [error for _, error in found]
        zero = min(errors) <= rounding
        names = [partial(pixels, context) for context, _ in found]
        column = max(map(widest, [*names, partial(text, "figure.heatmap.context")]))
        left = LEFT + _INSIDE + column + _APART
        values = max(widest(partial(_written, error, rounding)) for error in errors)
        end = LEFT + ROOM - _INSIDE - _APART - values
        scale = error_scale(errors, rounding, logarithmic=True)
        start = left + zero * (_ZERO + _APART)
        return cls(top, len(found), left, start, end, rounding, zero, scale)

    @property
    def bottom(self) -> float:
        """Where the rows end."""
        return self.top + self.rows * _ROW

    @property
    def names(self) -> float:
        """Where the contexts stand."""
        return LEFT + _INSIDE

    @property
    def values(self) -> float:
        """Where the errors in words end."""
        return LEFT + ROOM - _INSIDE

    def row(self, at: int) -> float:
        """Return where a row's middle is.

        Args:
            at: The row, from 0.
        """
        return self.top + (at + 0.5) * _ROW

    @property
    def ground(self) -> str:
        """The axis and the names of the columns."""
        parts = [
            label(self.names, self.top - 10, text("figure.heatmap.context"), "cx-small"),
            label(self.left, self.top - 10, text("figure.heatmap.relative"), "cx-error-ink"),
        ]
        if self.zero:
            column = box(self.left, self.top, _ZERO, self.bottom - self.top)
            parts.append(element("path", class_="cx-output", d=column))
            middle = self.left + _ZERO / 2
            parts.append(label(middle, self.bottom + 20, "0", "cx-small cx-middle"))
        if self.scale:
            width = self.end - self.start
            # A line for each decade, though not each has room for its number.
            xs = [self.start + self.scale.part(tick) * width for tick in self.scale.ticks]
            ys = [self.top, *map(self.row, range(self.rows)), self.bottom]
            lines = element("path", class_="cx-guide", d=grid(xs, ys), stroke_opacity=0.6)
            parts.append(lines)
            parts.append(axis_labels(self.start, self.bottom + 20, width, self.scale))
        return "".join(parts)

    def point(self, y: float, error: float) -> str:
        """Draw an error.

        Args:
            y: Where its row's middle is.
            error: The error.
        """
        if not self.scale or error <= self.rounding:
            return ring(self.left + _ZERO / 2, y)
        x = self.start + self.scale.part(error) * (self.end - self.start)
        return element("circle", class_="cx-spot", cx=x, cy=y, r=5.5)

    def mark(self, at: int) -> str:
        """Draw a frame around a row.

        Args:
            at: The row, from 0.
        """
        return rectangle("cx-shift", (LEFT, self.row(at) - 13, float(ROOM), 26.0))

    def written(self, error: float) -> str:
        """Return an error in words, as short as a column needs.

        Args:
            error: The error.
        """
        return _written(error, self.rounding)

    @property
    def keys(self) -> list[Key]:
        """The marks that need a word."""
        return [(text("figure.heatmap.key.zero"), ring_swatch)] if self.zero else []


def _written(error: float, rounding: float) -> str:
    return percent(error) if error > rounding else text("figure.heatmap.key.zero")
