"""Motion in steps: two clocks, of rows and of columns, on which all that moves depends.

A sweep over a grid visits its stops row by row. CSS `steps()` moves the clocks, which are the
numbers `--cx-row` and `--cx-column`, from stop to stop; where something stands and whether it is
seen is then arithmetic with them. What moves along an axis is linear in its clock: it shifts, and
the ties between window and output stretch too. All other numbers come from `Track`, as custom
properties; no script and no style repeats the geometry.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnnexplain.figures.svg import decimal, element

# Slow enough to follow a step; with many steps, fast enough for a loop one waits for.
_PACE, _MANY, _FASTEST = 0.6, 30, 0.05
_PLAIN = (1.0, 1.0)  # what does not stretch

# Where a browser does not know such numbers, the clocks stand still at what the figure says.
_CLOCKS = """
@property --cx-row{syntax:"<number>";inherits:true;initial-value:0}
@property --cx-column{syntax:"<number>";inherits:true;initial-value:0}
@keyframes cx-row{from{--cx-row:0}to{--cx-row:var(--cx-rows)}}
@keyframes cx-column{from{--cx-column:0}to{--cx-column:var(--cx-columns)}}
""".strip()
_CLOCK = """
MOVES{animation:cx-column calc(var(--cx-step)*var(--cx-columns)) steps(var(--cx-columns)) infinite,\
cx-row calc(var(--cx-step)*var(--cx-columns)*var(--cx-rows)) steps(var(--cx-rows)) infinite}
""".strip()
_AXIS = """
MOVES .cx-AXIS{transform:translateXY(calc(var(--cx-from) + \
(var(--cx-to) - var(--cx-from))*var(--cx-CLOCK)/var(--cx-CLOCKs))) \
scaleXY(calc(var(--cx-from-scale,1) + \
(var(--cx-to-scale,1) - var(--cx-from-scale,1))*var(--cx-CLOCK)/var(--cx-CLOCKs)))}
""".strip()
# Opacity counts from 0 to 1, whatever the difference is.
_SEEN = """
MOVES .cx-seen{opacity:min(\
var(--cx-row)*var(--cx-columns) + var(--cx-column) - var(--cx-on,0) + 1,\
var(--cx-off,9999) - var(--cx-row)*var(--cx-columns) - var(--cx-column))}
""".strip()


@dataclass(frozen=True, slots=True)
class Sweep:
    """The stops of a window: every output, or every so many where there are too many to see.

    Attributes:
        rows: The number of stops down.
        columns: The number of stops across.
        every_row: The outputs from one stop to the next, down.
        every_column: The outputs from one stop to the next, across.
        pace: The seconds at one stop, where stops are few: more where there is more to read.

    Example:
        >>> Sweep(6, 6).cell(7), Sweep(6, 6).seconds
        ((1, 1), 0.5)
    """

    rows: int
    columns: int
    every_row: int = 1
    every_column: int = 1
    pace: float = _PACE

    @property
    def steps(self) -> int:
        """The number of stops."""
        return self.rows * self.columns

    @property
    def seconds(self) -> float:
        """The time at one stop, in whole milliseconds: style and script must agree on it."""
        return round(max(self.pace * min(1, _MANY / self.steps), _FASTEST), 3)

    def cell(self, step: int) -> tuple[int, int]:
        """Return the output, as (row, column), of a step.

        Args:
            step: The step, from 0.
        """
        row, column = divmod(step, self.columns)
        return row * self.every_row, column * self.every_column

    def variables(self, still: int) -> str:
        """Return the sweep as CSS variables, for the figure's `style` attribute.

        Args:
            still: The step at which the clocks stand while nothing moves.
        """
        row, column = divmod(still, self.columns)
        return (
            f"--cx-step:{decimal(self.seconds)}s;--cx-rows:{self.rows};--cx-columns:{self.columns};"
            f"--cx-row:{row};--cx-column:{column}"
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
    scale: tuple[float, float] = _PLAIN

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
        if self.scale != _PLAIN:
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
    # What the axis outside says of its scale is inherited, unless it is said anew.
    anew = ";--cx-from-scale:1;--cx-to-scale:1" * (x.scale == _PLAIN and y.scale != _PLAIN)
    inner = element("g", content, class_="cx-x", style=x.variables + anew)
    return element("g", inner, class_="cx-y", style=y.variables)


def style(moves: str, media: str = "screen") -> str:
    """Return the clocks, and the rules of what depends on them.

    Args:
        moves: The selector of the SVGs that move.
        media: Where they move.
    """
    axes = [
        _AXIS.replace("AXIS", axis).replace("XY", axis.upper()).replace("CLOCK", clock)
        for axis, clock in (("x", "column"), ("y", "row"))
    ]
    rules = "\n".join((_CLOCK, *axes, _SEEN)).replace("MOVES", moves)
    return f"{_CLOCKS}\n@media {media}{{\n{rules}\n}}"
