"""Heatmaps at their true places: a sliding window against one pass, and where they differ.

Every cell is drawn about the centre of its window. In motion the window sweeps over the image: the
sliding map and the errors come cell by cell, while the map of one pass is there at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from cnnexplain.figures import heat_words, maps, names
from cnnexplain.figures.cells import Grid, grid
from cnnexplain.figures.colours import bar, cells, hatch, lines, numbers, outline, score_map
from cnnexplain.figures.heat_motion import around, cased, followed, later, swept, window_box
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
    hatch_swatch,
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
from cnnexplain.figures.svg import box, element
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.maps import Flags, Map, Mask, Rows
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.stage import Stage


# From here on a percentage has three digits.
_WHOLE = 0.995


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
    name: str | None = None,
    probabilities: bool = False,
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
        name: What the class is called.
        probabilities: Whether the scores are probabilities, which are written in percent.

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
    shown.check("sliding", first)
    shown.check("one_pass", second)
    wrong = _Errors.of(errors, exact, rounding, shown)
    called = None if name is None else names.named("name", name)
    symbol, photo = shared(photograph)
    scale = score_scale(chain(*first, *second), probabilities=probabilities)

    head, y = heading("comparison", shown, called)
    unit = shown.fitted(HALF_ROOM, TALLEST)
    tall = shown.height.image * unit
    upper = y + NAMED
    lower = upper + tall + BAR + NAMED
    many, one = heat_words.passes(shown.count), heat_words.passes(1)
    most = text("figure.heatmap.at_most", value=wrong.largest)
    slid, passed = true_panel(shown, LEFT, upper, unit), true_panel(shown, RIGHT, upper, unit)
    image, errors_at = true_panel(shown, LEFT, lower, unit), true_panel(shown, RIGHT, lower, unit)
    key, height = below(
        [(text("figure.heatmap.key.window"), window_swatch), *wrong.keys(errors_at)],
        lower + tall + wrong.room,
    )
    before = "".join(
        (
            symbol,
            head,
            named(LEFT, upper, text("figure.heatmap.sliding"), many, "score"),
            score_map(slid, first, scale, photo),
        )
    )
    beside = "".join(
        (
            lines(slid, "score"),
            named(RIGHT, upper, text("figure.heatmap.one_pass"), one, "score"),
            score_map(passed, second, scale, photo) + lines(passed, "score"),
            bar(LEFT, upper + tall + 10, ROOM, scale, "score"),
            named(
                LEFT,
                lower,
                text("figure.input", size=shape(shown.image)),
                text("figure.parameter.window", value=shape(shown.window)),
                "input",
            ),
            ground(image, photo, faint=False),
            named(RIGHT, lower, text(f"figure.heatmap.{wrong.name}"), most, "error"),
            wrong.filled(errors_at, photo),
        )
    )
    after = "".join(
        (
            lines(errors_at, "error"),
            wrong.outlined(errors_at),
            wrong.bar(RIGHT, lower + tall + 10, HALF_ROOM),
            key,
        )
    )

    def marks(row: int, column: int) -> str:
        cell = element("path", class_="cx-score cx-tie", d=box(*image.box(row, column)))
        around_cells = [around(panel, row, column) for panel in (slid, passed)]
        around_cells.append(around(errors_at, row, column, wrong.border))
        window = element("path", class_="cx-window", d=window_box(image, shown, row, column))
        return window + cell + cased("cx-window", "".join(around_cells))

    def draw(stage: Stage) -> str:
        return "".join(
            (
                before,
                later(stage, slid),
                beside,
                later(stage, errors_at),
                after,
                followed(stage, slid, marks),
            )
        )

    return swept(
        _title("comparison", shown, wrong, called),
        heat_words.joined(
            heat_words.cells(shown, photograph=bool(photo)),
            heat_words.of_class(called),
            heat_words.scores("sliding", first, scale, passes=many),
            heat_words.scores("one_pass", second, scale),
            wrong.described(),
            heat_words.motion("comparison", shown),
        ),
        height,
        draw,
        shown,
        lambda row, column: text(
            "figure.heatmap.status.comparison",
            row=number(row + 1),
            column=number(column + 1),
            sliding=scale.precise(first[row][column]),
            one_pass=scale.precise(second[row][column]),
            error=percent(wrong.values[row][column]),
        ),
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
    wrong = _Errors.of(errors, exact, rounding, shown)
    symbol, photo = shared(photograph)
    head, y = heading("error_map", shown)
    unit = shown.fitted(ROOM, TALLEST_ALONE)
    top = y + NAMED
    panel = true_panel(shown, LEFT, top, unit)
    bottom = top + panel.height
    most = text("figure.heatmap.at_most", value=wrong.largest)
    key, height = below(
        [(text("figure.heatmap.key.window"), window_swatch), *wrong.keys(panel)],
        bottom + wrong.room,
    )
    before = "".join(
        (
            symbol,
            head,
            named(LEFT, top, text(f"figure.heatmap.{wrong.name}"), most, "error"),
            wrong.filled(panel, photo),
            lines(panel, "error"),
            wrong.outlined(panel),
            wrong.bar(LEFT, bottom + 10, max(panel.width, HALF_ROOM)),
            key,
        )
    )

    def marks(row: int, column: int) -> str:
        data = window_box(panel, shown, row, column) + around(panel, row, column, wrong.border)
        return cased("cx-window", data)

    return swept(
        _title("error_map", shown, wrong),
        heat_words.joined(
            heat_words.cells(shown, photograph=bool(photo)),
            wrong.described(),
            heat_words.motion("error_map", shown),
        ),
        height,
        lambda stage: before + followed(stage, panel, marks),
        shown,
        lambda row, column: text(
            "figure.heatmap.status.error_map",
            row=number(row + 1),
            column=number(column + 1),
            error=percent(wrong.values[row][column]),
        ),
    )


def _title(key: str, shown: Grid, wrong: _Errors, name: str | None = None) -> str:
    values = {"cells": shape(shown.shape), "error": wrong.largest}
    if name is None:
        return text(f"figure.heatmap.title.{key}", **values)
    return text(f"figure.heatmap.title.{key}_of", name=heat_words.brief(name), **values)


@dataclass(frozen=True, slots=True)
class _Errors:
    """The errors of a figure's map, checked, and how they are drawn."""

    values: Rows
    exact: Flags | None
    rounding: float
    scale: Scale | None

    @classmethod
    def of(cls, errors: Map, exact: Mask | None, rounding: float, shown: Grid) -> Self:
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
        return percent(max(chain(*self.values)))

    def level(self, value: float) -> int:
        """Return an error's step of colour: what is more than rounding has one."""
        return max(self.scale.level(value), 1) if self.scale and value > self.rounding else 0

    def short(self, value: float) -> str:
        """Return what is written in a cell: what is more than rounding is not 0."""
        if not self.scale or value <= self.rounding:
            return "0"
        short = self.scale.short(value)
        return two_digits(100 * value) if short == "0" else short

    def shortest(self, value: float) -> str:
        """Return what is written in a small cell."""
        if not self.scale or value <= self.rounding:
            return "0"
        shortest = self.scale.shortest(value)
        if value >= _WHOLE and not self.scale.powers:
            return f"{round(value)}×"
        return "<1" if shortest == "0" else shortest

    def filled(self, panel: Panel, photo: str) -> str:
        """Draw the map; where it has no numbers, lines tell errors from scores."""
        return "".join(
            (
                ground(panel, photo, faint=True),
                cells(panel, self.levels, "error"),
                self._written(panel) or hatch(panel, self.levels),
            )
        )

    def outlined(self, panel: Panel) -> str:
        """Draw the border of the cells that geometry predicts to be exact."""
        return outline(panel, self.exact) if self.exact else ""

    @property
    def border(self) -> float:
        """How far the border of exact cells reaches, if there is one: marks leave it free."""
        return 2.5 if self.exact and heat_words.total(self.exact) else 0.0

    @property
    def levels(self) -> list[list[int]]:
        """The step of colour of each cell."""
        return [[self.level(value) for value in line] for line in self.values]

    @property
    def name(self) -> str:
        """The label of what the numbers of its scale are."""
        return "relative" if self.scale and self.scale.powers else "error"

    def _written(self, panel: Panel) -> str:
        return numbers(panel, self.values, self.levels, (self.short, self.shortest))

    def bar(self, x: float, y: float, width: float) -> str:
        """Draw the bar of the errors' colours, if they have any."""
        return bar(x, y, width, self.scale, "error") if self.scale else ""

    @property
    def room(self) -> int:
        """The room of the bar."""
        return BAR if self.scale else 0

    def keys(self, panel: Panel) -> list[Key]:
        """Return the marks that need a word, where the map stands in a panel."""
        keys: list[Key] = []
        if self.scale and not self._written(panel):
            keys.append((text("figure.heatmap.key.hatched"), hatch_swatch))
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
