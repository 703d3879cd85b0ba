"""The error of one window by the context that is kept around it: with enough, none is left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from cnnexplain.figures import maps
from cnnexplain.figures.colours import axis_labels, widest
from cnnexplain.figures.figure import Figure, standing
from cnnexplain.figures.legend import FIRST_LINE, LEFT, ROOM, Key, below, ring, ring_swatch
from cnnexplain.figures.scales import ROUNDING, Scale, error_scale, percent
from cnnexplain.figures.svg import MARGIN, box, element, grid, label
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROW = 30  # the room of a point
_ZERO = 32  # the width of the column of errors that are rounding
_APART = 14  # between columns


def halo(errors: Mapping[int, float], *, rounding: float = ROUNDING) -> Figure:
    """Draw the relative error of one window by the context that is kept around it.

    Args:
        errors: The relative error by the context in pixels.
        rounding: The largest error that is taken for rounding; 1e-5 suits float32 and float64.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed.

    Example:
        >>> halo({0: 0.30, 32: 0.12, 64: 0.016, 96: 3e-16}).title
        'Relative error of one window by its context: 30%, 12%, 1.6%, 3×10⁻¹⁶ (rounding)'
    """
    found = maps.sweep("errors", errors)
    limit = maps.limit("rounding", rounding)
    names = [partial(_pixels, context) for context, _ in found]
    column = max(map(widest, [*names, partial(text, "figure.heatmap.context")]))
    plot = _Plot.of([error for _, error in found], limit, column)
    top = FIRST_LINE + 40
    parts = [
        label(MARGIN, FIRST_LINE, text("figure.heatmap.halo"), "cx-title"),
        label(LEFT, top - 10, text("figure.heatmap.context"), "cx-small"),
        label(plot.left, top - 10, text("figure.heatmap.relative"), "cx-error-ink"),
        plot.ground(top, len(found)),
    ]
    for at, ((_, error), name) in enumerate(zip(found, names, strict=True)):
        y = top + (at + 0.5) * _ROW
        parts.append(label(LEFT, y + 5, name(), "cx-small"))
        parts.append(plot.point(y, error))
        parts.append(label(LEFT + ROOM, y + 5, percent(error), "cx-end"))
    key, height = below(plot.keys, top + len(found) * _ROW + 22)

    told = [_told(error, limit) for _, error in found]
    contexts = [
        text("figure.heatmap.says.context", error=error, context=number(context))
        for (context, _), error in zip(found, told, strict=True)
    ]
    return standing(
        text("figure.heatmap.title.halo", errors=text("figure.comma").join(told)),
        text("figure.heatmap.says.halo", errors=text("figure.semicolon").join(contexts)),
        height,
        "".join(parts) + key,
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    """A logarithmic axis; an error that is rounding has no place on it, and a column before it."""

    left: float
    start: float
    end: float
    rounding: float
    zero: bool
    scale: Scale | None

    @classmethod
    def of(cls, errors: Sequence[float], rounding: float, names: float) -> Self:
        zero = min(errors) <= rounding
        left = LEFT + names + _APART
        end = LEFT + ROOM - _APART - max(widest(partial(percent, error)) for error in errors)
        scale = error_scale(errors, rounding, logarithmic=True)
        return cls(left, left + zero * (_ZERO + _APART), end, rounding, zero, scale)

    def ground(self, top: float, rows: int) -> str:
        """Draw the axis."""
        bottom = top + rows * _ROW
        parts = []
        if self.zero:
            column = box(self.left, top, _ZERO, bottom - top)
            parts.append(element("path", class_="cx-output", d=column))
            middle = self.left + _ZERO / 2
            parts.append(label(middle, bottom + 20, "0", "cx-small cx-middle"))
        if self.scale:
            width = self.end - self.start
            xs = [self.start + self.scale.part(tick) * width for tick in self.scale.ticks]
            ys = [top, *(top + (at + 0.5) * _ROW for at in range(rows)), bottom]
            lines = element("path", class_="cx-guide", d=grid(xs, ys), stroke_opacity=0.6)
            parts.append(lines)
            parts.append(axis_labels(self.start, bottom + 20, width, self.scale))
        return "".join(parts)

    def point(self, y: float, error: float) -> str:
        """Draw an error."""
        if not self.scale or error <= self.rounding:
            return ring(self.left + _ZERO / 2, y)
        x = self.start + self.scale.part(error) * (self.end - self.start)
        return element("circle", class_="cx-spot", cx=x, cy=y, r=5.5)

    @property
    def keys(self) -> list[Key]:
        """The marks that need a word."""
        return [(text("figure.heatmap.key.zero"), ring_swatch)] if self.zero else []


def _pixels(count: int) -> str:
    return text("figure.heatmap.pixels", value=number(count))


def _told(error: float, rounding: float) -> str:
    if error > rounding:
        return percent(error)
    return text("figure.heatmap.rounding", error=percent(error))
