"""What a drawing that moves is drawn on: one moment of it, or all of them at once.

A figure has one drawing function, which asks its stage for what depends on the moment. On a
`Moment` it draws that one; on a `Motion` it draws all there is, and the style does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cnnexplain.figures.motion import Sweep, moving, slide
from cnnexplain.figures.svg import element

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.figures.motion import Track


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a sweep, drawn without motion: a frame of a film.

    Attributes:
        sweep: The stops.
        step: The step, from 0.
    """

    sweep: Sweep
    step: int

    def seen(self, content: str, on: int = 0, off: int | None = None) -> str:
        """Draw what is seen from one step on, and no more from another.

        Args:
            content: The drawing.
            on: The first step at which it is seen.
            off: The first step at which it is seen no more, if there is one.

        Example:
            >>> [Moment(Sweep(1, 3), step).seen("<g/>", 1, 2) for step in range(3)]
            ['', '<g/>', '']
        """
        there = on <= self.step and (off is None or self.step < off)
        return content if there else ""

    def follows(self, draw: Callable[[int, int], str], across: float, down: float) -> str:
        """Draw what goes with the sweep.

        Args:
            draw: Draws it at a stop: its row and its column.
            across: How far it goes from one column to the next.
            down: How far it goes from one row to the next.

        Example:
            >>> Moment(Sweep(2, 3), 4).follows(lambda row, column: f"{row}, {column}", 9, 9)
            '1, 1'
        """
        del across, down
        return draw(*divmod(self.step, self.sweep.columns))

    def moves(
        self, draw: Callable[[int, int], str], x: Callable[[int], Track], y: Callable[[int], Track]
    ) -> str:
        """Draw what moves on tracks of its own.

        Args:
            draw: Draws it at a stop: its row and its column.
            x: Returns its track across if it is drawn at a column.
            y: Returns its track down if it is drawn at a row.
        """
        del x, y
        return draw(*divmod(self.step, self.sweep.columns))

    @property
    def ended(self) -> Moment:
        """The stage of what stays: no more is seen of it than there is at this moment."""
        return self


@dataclass(frozen=True, slots=True)
class Motion:
    """All steps of a sweep at once. While nothing moves, one of them is seen.

    Attributes:
        sweep: The stops.
        still: The step that is seen while nothing moves, from 0.
    """

    sweep: Sweep
    still: int

    def seen(self, content: str, on: int = 0, off: int | None = None) -> str:
        """Draw what is seen from one step on, and no more from another.

        Args:
            content: The drawing.
            on: The first step at which it is seen.
            off: The first step at which it is seen no more, if there is one.

        Example:
            >>> Motion(Sweep(1, 3), 0).seen("<path/>", 1, 2)
            '<g class="cx-seen" style="--cx-on:1;--cx-off:2" opacity="0"><path/></g>'
        """
        if not content or (on <= 0 and off is None):
            return content
        times = [f"--cx-on:{on}"] * (on > 0) + [f"--cx-off:{off}"] * (off is not None)
        hidden = None if Moment(self.sweep, self.still).seen(content, on, off) else 0
        return element("g", content, class_="cx-seen", style=";".join(times), opacity=hidden)

    def follows(self, draw: Callable[[int, int], str], across: float, down: float) -> str:
        """Draw what goes with the sweep.

        Args:
            draw: Draws it at a stop: its row and its column.
            across: How far it goes from one column to the next.
            down: How far it goes from one row to the next.
        """
        return self.moves(
            draw,
            lambda column: slide(column, self.sweep.columns, across),
            lambda row: slide(row, self.sweep.rows, down),
        )

    def moves(
        self, draw: Callable[[int, int], str], x: Callable[[int], Track], y: Callable[[int], Track]
    ) -> str:
        """Draw what moves on tracks of its own.

        Args:
            draw: Draws it at a stop: its row and its column.
            x: Returns its track across if it is drawn at a column.
            y: Returns its track down if it is drawn at a row.
        """
        row, column = divmod(self.still, self.sweep.columns)
        return moving(draw(row, column), x(column), y(row))

    @property
    def ended(self) -> Motion:
        """The stage of what stays: while nothing moves, all of it is seen.

        Example:
            >>> Motion(Sweep(1, 3), 0).ended.seen("<g/>", 2)
            '<g class="cx-seen" style="--cx-on:2"><g/></g>'
        """
        return replace(self, still=self.sweep.steps - 1)


Stage = Moment | Motion
