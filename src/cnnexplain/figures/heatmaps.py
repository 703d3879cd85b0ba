"""Heatmaps at their true places: a sliding window against one pass, and where they differ.

These figures stand still. Every cell is drawn about the centre of its window; a map that is
stretched over its image instead shows its scores elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from cnnexplain.figures import heat_words, maps
from cnnexplain.figures.cells import Grid, grid
from cnnexplain.figures.colours import bar, cells, hatch, numbers, outline, score_map
from cnnexplain.figures.figure import standing
from cnnexplain.figures.legend import (
    BAR,
    HALF_ROOM,
    LEFT,
    NAMED,
    RIGHT,
    ROOM,
    TALLEST,
    TALLEST_ALONE,
    Key,
    below,
    exact_swatch,
    heading,
    named,
    rounding_swatch,
    window_swatch,
)
from cnnexplain.figures.panel import Panel, ground, shared, true_panel
from cnnexplain.figures.scales import (
    ROUNDING,
    Scale,
    error_scale,
    percent,
    score_scale,
    two_digits,
)
from cnnexplain.figures.svg import box, element, rectangle
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.maps import Flags, Map, Mask, Rows
    from cnnexplain.figures.plane import PerAxis


def comparison(
    sliding: Map,
    one_pass: Map,
    errors: Map,
    *,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    photograph: bytes | None = None,
    exact: Mask | None = None,
    rounding: float = ROUNDING,
) -> Figure:
    """Draw one class's heatmap made by a sliding window, the same by one pass, and their errors.

    Args:
        sliding: The scores by a sliding window, row by row: lists, or an array or tensor of two
            dimensions.
        one_pass: The scores by one pass, of the same shape.
        errors: The relative error of each cell.
        image_size: The image's size in pixels: a number, or (height, width).
        window: The window's size in pixels: a number, or (height, width).
        stride: The pixels from one window to the next: a number, or (height, width).
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.
        exact: Which cells geometry predicts to be exact.
        rounding: The largest error that is taken for rounding; 1e-5 suits float32 and float64.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many cells to draw.
        ShapeError: If a map does not have one cell for each window.

    Example:
        >>> figure = comparison([[0.9]], [[0.7]], [[0.25]], image_size=224)
        >>> figure.title
        'Sliding window against one pass: 1×1 cells, relative error at most 25%'
    """
    shown = grid(image_size, window, stride)
    first, second = maps.numbers("sliding", sliding), maps.numbers("one_pass", one_pass)
    for name, values in (("sliding", first), ("one_pass", second)):
        shown.check(name, values)
    wrong = Errors.of(errors, exact, rounding, shown)
    symbol, photo = shared(photograph)
    scale = score_scale(chain(*first, *second))

    head, y = heading("comparison", shown)
    unit = shown.fitted(HALF_ROOM, TALLEST)
    tall = shown.height.image * unit
    upper = y + NAMED
    lower = upper + tall + BAR + NAMED
    many, one = heat_words.passes(shown.count), heat_words.passes(1)
    parts = [
        head,
        named(LEFT, upper, text("figure.heatmap.sliding"), many, "score"),
        score_map(true_panel(shown, LEFT, upper, unit), first, scale, photo),
        named(RIGHT, upper, text("figure.heatmap.one_pass"), one, "score"),
        score_map(true_panel(shown, RIGHT, upper, unit), second, scale, photo),
        bar(LEFT, upper + tall + 10, ROOM, scale, "score"),
        named(
            LEFT,
            lower,
            text("figure.input", size=shape(shown.image)),
            text("figure.parameter.window", value=shape(shown.window)),
            "input",
        ),
        _image(true_panel(shown, LEFT, lower, unit), shown, photo),
        named(RIGHT, lower, text("figure.heatmap.error"), wrong.most, "error"),
        wrong.drawn(true_panel(shown, RIGHT, lower, unit), photo),
        wrong.bar(RIGHT, lower + tall + 10, HALF_ROOM),
    ]
    keys = [(text("figure.heatmap.key.window"), window_swatch), *wrong.keys]
    key, height = below(keys, lower + tall + wrong.room)
    description = heat_words.joined(
        heat_words.cells(shown, photograph=bool(photo)),
        heat_words.scores("sliding", first, scale, passes=many),
        heat_words.scores("one_pass", second, scale),
        wrong.described(),
    )
    return standing(
        text(
            "figure.heatmap.title.comparison",
            cells=shape(shown.shape),
            error=wrong.largest,
        ),
        description,
        height,
        symbol + "".join(parts) + key,
    )


def error_map(
    errors: Map,
    *,
    image_size: PerAxis = 384,
    window: PerAxis = 224,
    stride: PerAxis = 32,
    photograph: bytes | None = None,
    exact: Mask | None = None,
    rounding: float = ROUNDING,
) -> Figure:
    """Draw the relative error of each cell of one pass against its window alone.

    Args:
        errors: The relative error of each cell, row by row: lists, or an array or tensor of two
            dimensions.
        image_size: The image's size in pixels: a number, or (height, width).
        window: The window's size in pixels: a number, or (height, width).
        stride: The pixels from one window to the next: a number, or (height, width).
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.
        exact: Which cells geometry predicts to be exact.
        rounding: The largest error that is taken for rounding; 1e-5 suits float32 and float64.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many cells to draw.
        ShapeError: If the map does not have one cell for each window.

    Example:
        >>> error_map([[0.2, 0.27], [0.27, 0.35]], image_size=256).title
        'Relative error of each of 2×2 cells: at most 35%'
    """
    shown = grid(image_size, window, stride)
    wrong = Errors.of(errors, exact, rounding, shown)
    symbol, photo = shared(photograph)
    head, y = heading("error_map", shown)
    unit = shown.fitted(ROOM, TALLEST_ALONE)
    top = y + NAMED
    bottom = top + shown.height.image * unit
    parts = [
        head,
        named(LEFT, top, text("figure.heatmap.error"), wrong.most, "error"),
        wrong.drawn(true_panel(shown, LEFT, top, unit), photo),
        wrong.bar(LEFT, bottom + 10, max(shown.width.image * unit, HALF_ROOM)),
    ]
    key, height = below(wrong.keys, bottom + wrong.room)
    return standing(
        text(
            "figure.heatmap.title.error_map",
            cells=shape(shown.shape),
            error=wrong.largest,
        ),
        heat_words.joined(heat_words.cells(shown, photograph=bool(photo)), wrong.described()),
        height,
        symbol + "".join(parts) + key,
    )


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of a figure's map, checked, and how they are drawn.

    Attributes:
        values: The relative error of each cell.
        exact: Which cells geometry predicts to be exact, or None.
        rounding: The largest error that is taken for rounding.
        scale: What the colours mean, or None if all errors are rounding.
    """

    values: Rows
    exact: Flags | None
    rounding: float
    scale: Scale | None

    @classmethod
    def of(cls, errors: Map, exact: Mask | None, rounding: float, shown: Grid) -> Self:
        """Return the errors that a user gave.

        Args:
            errors: The relative error of each cell.
            exact: Which cells geometry predicts to be exact, or None.
            rounding: The largest error that is taken for rounding.
            shown: The windows.

        Raises:
            ArgumentError: If they are no errors.
            ShapeError: If a map does not have one cell for each window.
        """
        values = maps.errors("errors", errors)
        shown.check("errors", values)
        mask = None if exact is None else maps.flags("exact", exact)
        if mask:
            shown.check("exact", mask)
        limit = maps.limit("rounding", rounding)
        return cls(values, mask, limit, error_scale(chain(*values), limit))

    @property
    def largest(self) -> str:
        """The largest error, in words."""
        return heat_words.error(max(chain(*self.values)), self.rounding)

    @property
    def most(self) -> str:
        """What is said of the map above it."""
        if not self.scale:
            return text("figure.heatmap.key.zero")
        return text("figure.heatmap.at_most", value=self.largest)

    def level(self, value: float) -> int:
        """Return an error's step of colour: what is more than rounding has one.

        Args:
            value: The error.
        """
        return max(self.scale.level(value), 1) if self.scale and value > self.rounding else 0

    def short(self, value: float) -> str:
        """Return what is written in a cell: what is more than rounding is not 0.

        Args:
            value: The error.
        """
        if not self.scale or value <= self.rounding:
            return "0"
        short = self.scale.short(value)
        return two_digits(100 * value) if short == "0" else short

    def shortest(self, value: float) -> str:
        """Return what is written in a small cell.

        Args:
            value: The error.
        """
        if not self.scale or value <= self.rounding:
            return "0"
        shortest = self.scale.shortest(value)
        return "<1" if shortest == "0" else shortest

    def drawn(self, panel: Panel, photo: str) -> str:
        """Draw the map over its image.

        Args:
            panel: Where it stands.
            photo: The photograph's id, or `""`.
        """
        return ground(panel, photo, faint=True) + self.coloured(panel)

    def coloured(self, panel: Panel) -> str:
        """Draw the cells; where they have no numbers, lines tell errors from scores.

        Args:
            panel: Where the map stands.
        """
        levels = [[self.level(value) for value in line] for line in self.values]
        return "".join(
            (
                cells(panel, levels, "error"),
                numbers(panel, self.values, levels, (self.short, self.shortest))
                or hatch(panel, levels),
                outline(panel, self.exact) if self.exact else "",
            )
        )

    def bar(self, x: float, y: float, width: float) -> str:
        """Draw the bar of the errors' colours, if they have any.

        Args:
            x: Where it starts.
            y: Where it starts, down.
            width: Its width.
        """
        return bar(x, y, width, self.scale, "error") if self.scale else ""

    @property
    def room(self) -> int:
        """The room of the bar."""
        return BAR if self.scale else 0

    @property
    def keys(self) -> list[Key]:
        """The marks that need a word."""
        keys: list[Key] = []
        values = list(chain(*self.values))
        count = number(len(values))
        if self.exact:
            exact = number(heat_words.total(self.exact))
            told = text("figure.heatmap.key.exact", exact=exact, count=count)
            keys.append((told, exact_swatch))
        if rounded := [value for value in values if value <= self.rounding]:
            most, cells = max(rounded), {"rounding": number(len(rounded)), "count": count}
            told = (
                text("figure.heatmap.key.rounding", error=percent(most), **cells)
                if most
                else text("figure.heatmap.key.equal", **cells)
            )
            keys.append((told, rounding_swatch))
        return keys

    def described(self) -> str:
        """Return the errors in words."""
        return heat_words.errors(self.values, self.rounding, self.exact)


def _image(panel: Panel, shown: Grid, photo: str) -> str:
    """Draw the image itself, and on it the first window with its cell."""
    high, wide = (side * panel.scale for side in shown.window)
    (top, bottom), (left, right) = panel.rows.span(0), panel.columns.span(0)
    x, y = panel.at(top, left)
    cell = box(x, y, (right - left) * panel.scale, (bottom - top) * panel.scale)
    return "".join(
        (
            ground(panel, photo, faint=False),
            rectangle("cx-window", (panel.x, panel.y, wide, high)),
            element("path", class_="cx-score cx-tie", d=cell),
        )
    )
