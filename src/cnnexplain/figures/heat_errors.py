"""The errors of a heatmap figure: their colours, their numbers, their key, their words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from cnnexplain.figures import heat_words, maps
from cnnexplain.figures.colours import bar, cells, hatch, numbers, outline
from cnnexplain.figures.legend import (
    BAR,
    Key,
    exact_swatch,
    hatch_swatch,
    rounding_swatch,
)
from cnnexplain.figures.panel import Panel, ground
from cnnexplain.figures.scales import Scale, error_scale, percent, two_digits
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from cnnexplain.figures.cells import Grid
    from cnnexplain.figures.maps import Flags, Map, Mask, Rows


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
        return self.told(max(chain(*self.values)))

    @property
    def most(self) -> str:
        """What is said of the map above it."""
        if not self.scale:
            return text("figure.heatmap.key.zero")
        return text("figure.heatmap.at_most", value=self.largest)

    def told(self, value: float) -> str:
        """Return an error in words.

        Args:
            value: The error.
        """
        return heat_words.error(value, self.rounding)

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

    def filled(self, panel: Panel, photo: str) -> str:
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
        written = self._written(panel) or hatch(panel, self.levels)
        return cells(panel, self.levels, "error") + written

    def outlined(self, panel: Panel) -> str:
        """Draw the border of the cells that geometry predicts to be exact.

        Args:
            panel: Where the map stands.
        """
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
        return "logarithmic" if self.scale and self.scale.powers else "error"

    def _written(self, panel: Panel) -> str:
        return numbers(panel, self.values, self.levels, (self.short, self.shortest))

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

    def keys(self, panel: Panel) -> list[Key]:
        """Return the marks that need a word.

        Args:
            panel: Where the map stands.
        """
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
