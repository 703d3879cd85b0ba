"""Motion of what sweeps over a grid row by row: two keyframes, however many steps there are.

A sweep's columns repeat in every row, so what moves needs one animation for each axis, nested.
On its axis, everything that a sweep moves is linear in the column (or row): it shifts, and the ties
between window and output stretch too. CSS `steps()` then visits the positions one by one.
All numbers come from `Track`, as custom properties; no script and no style repeats the geometry.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnnexplain.figures.svg import decimal, element

# Slow enough to follow a step; with many steps, fast enough for a loop one waits for.
_SECONDS, _LOOP, _FASTEST = 0.6, 18.0, 0.05

_KEYFRAMES = """
@keyframes cx-x{from{transform:translateX(var(--cx-from)) scaleX(var(--cx-from-scale,1))}
to{transform:translateX(var(--cx-to)) scaleX(var(--cx-to-scale,1))}}
@keyframes cx-y{from{transform:translateY(var(--cx-from)) scaleY(var(--cx-from-scale,1))}
to{transform:translateY(var(--cx-to)) scaleY(var(--cx-to-scale,1))}}
""".strip()
# `MOVES` stands for the selector of what moves. What a browser hands to its compositor, it
# stretches like a photograph, and ties blur; contents that "will change" stay with the painter.
_RULES = """
MOVES{will-change:contents}
MOVES .cx-x{animation:cx-x calc(var(--cx-step)*var(--cx-columns)) steps(var(--cx-columns)) infinite}
MOVES .cx-y{animation:cx-y calc(var(--cx-step)*var(--cx-columns)*var(--cx-rows)) \
steps(var(--cx-rows)) infinite}
""".strip()


@dataclass(frozen=True, slots=True)
class Sweep:
    """The stops of a window: every output, or every so many where there are too many to see.

    Attributes:
        rows: The number of stops down.
        columns: The number of stops across.
        every_row: The outputs from one stop to the next, down.
        every_column: The outputs from one stop to the next, across.

    Example:
        >>> Sweep(6, 6).cell(7), Sweep(6, 6).seconds
        ((1, 1), 0.5)
    """

    rows: int
    columns: int
    every_row: int = 1
    every_column: int = 1

    @property
    def steps(self) -> int:
        """The number of stops."""
        return self.rows * self.columns

    @property
    def seconds(self) -> float:
        """The time at one stop, in whole milliseconds: style and script must agree on it."""
        return round(max(min(_SECONDS, _LOOP / self.steps), _FASTEST), 3)

    def cell(self, step: int) -> tuple[int, int]:
        """Return the output, as (row, column), of a step.

        Args:
            step: The step, from 0.
        """
        row, column = divmod(step, self.columns)
        return row * self.every_row, column * self.every_column

    @property
    def variables(self) -> str:
        """The sweep as CSS variables, for the figure's `style` attribute."""
        return (
            f"--cx-step:{decimal(self.seconds)}s;--cx-rows:{self.rows};--cx-columns:{self.columns}"
        )


@dataclass(frozen=True, slots=True)
class Track:
    """Where a drawing moves along one axis, relative to where it is drawn.

    A point drawn at `p` is at `shift + scale·p`, and both are linear in the stop.

    Attributes:
        shift: The shift at the first stop, and one stop beyond the last.
        scale: The scale at the same moments.
    """

    shift: tuple[float, float]
    scale: tuple[float, float] = (1.0, 1.0)

    def at(self, stop: int, stops: int) -> tuple[float, float]:
        """Return shift and scale at a stop, as CSS interpolates them.

        Args:
            stop: The stop, from 0.
            stops: The number of stops.

        Example:
            >>> Track((0.0, 12.0)).at(1, stops=6)
            (2.0, 1.0)
        """
        part = stop / stops
        shift = self.shift[0] + part * (self.shift[1] - self.shift[0])
        return shift, self.scale[0] + part * (self.scale[1] - self.scale[0])

    @property
    def variables(self) -> str:
        """The track as CSS variables, for a `style` attribute."""
        (start, end), (first, last) = self.shift, self.scale
        text = f"--cx-from:{decimal(start)}px;--cx-to:{decimal(end)}px"
        if self.scale != (1.0, 1.0):
            text += f";--cx-from-scale:{first:.9g};--cx-to-scale:{last:.9g}"
        return text


def slide(drawn: int, stops: int, distance: float) -> Track:
    """Return the track of what keeps its shape.

    Args:
        drawn: The stop at which it is drawn.
        stops: The number of stops.
        distance: The distance from one stop to the next.

    Example:
        >>> slide(drawn=2, stops=6, distance=10.0).at(3, stops=6)
        (10.0, 1.0)
    """
    return Track((-drawn * distance, (stops - drawn) * distance))


def stretch(drawn: int, stops: int, near: tuple[float, float], far: tuple[float, float]) -> Track:
    """Return the track of a line whose ends move at different speeds.

    Args:
        drawn: The stop at which it is drawn.
        stops: The number of stops.
        near: Where one end is at the first stop, and the distance to the next.
        far: The same for the other end. The ends must differ at the drawn stop.

    Example:
        >>> track = stretch(drawn=0, stops=4, near=(0.0, 2.0), far=(10.0, 1.0))
        >>> [track.at(4, 4)[0] + track.at(4, 4)[1] * end for end in (0.0, 10.0)]
        [8.0, 14.0]
    """
    (a, da), (b, db) = near, far
    start = a + drawn * da
    length = b + drawn * db - start
    scales = (b - a) / length, (b + stops * db - a - stops * da) / length
    return Track((a - scales[0] * start, a + stops * da - scales[1] * start), scales)


def moving(content: str, x: Track, y: Track) -> str:
    """Wrap a drawing so that it moves.

    Args:
        content: The drawing.
        x: Its track across.
        y: Its track down.
    """
    inner = element("g", content, class_="cx-x", style=x.variables)
    return element("g", inner, class_="cx-y", style=y.variables)


def style(moves: str) -> str:
    """Return the keyframes, and the rules that apply them.

    Args:
        moves: The selector of the figures that move.
    """
    return f"{_KEYFRAMES}\n{_RULES}".replace("MOVES", moves)
