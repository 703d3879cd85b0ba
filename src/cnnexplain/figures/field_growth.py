"""What one unit sees of a picture: a box that grows from layer to layer, and a list of sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.figures import field_words
from cnnexplain.figures.colours import widest
from cnnexplain.figures.fields import Growth, Seen, growth
from cnnexplain.figures.figure import moving, told
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.names import cut
from cnnexplain.figures.panel import shared
from cnnexplain.figures.sheet import ROOM, SWATCH, Sheet
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    WIDTH,
    box,
    element,
    label,
    rectangle,
)
from cnnexplain.languages import shape, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.sheet import Mark
    from cnnexplain.figures.stage import Stage
    from cnnexplain.report import Trace

_LEFT = MARGIN + HALF
_LINE = 21  # of the list of layers
_NAMES = 132.0  # what a layer's name may take in the list
_BETWEEN = 18  # picture and list
_TALLEST = 420.0
_TEXT = 50  # below the picture: the layer's name, and what its unit sees
_EDGE = 3.0  # room for the thickest line
# A box smaller than this in the drawing is pointed at.
_SMALL = 18.0


def receptive_field(
    trace: Trace,
    layers: Sequence[str] | None = None,
    unit: Sequence[int] | None = None,
    window: PerAxis | None = None,
    photograph: bytes | None = None,
    *,
    image_size: PerAxis | None = None,
) -> Figure:
    """Draw how what a unit sees of a picture grows through the layers.

    A unit of the last layer is chosen, and in each layer before it the unit in the middle of what
    that one sees.

    Args:
        trace: The network's trace for a picture.
        layers: The names of up to 20 layers; unless given, those at which the receptive field
            grows, or 20 of them.
        unit: The unit of the last layer: row, column; the middle one unless given.
        window: The size of the window that the network was made for: a number, or (height, width).
            Unless given, that of the trace, if the picture is larger and the last layer makes a
            single cell of a window.
        photograph: The picture as the bytes of a PNG or JPEG file; it is fitted to its size.
        image_size: The picture's size: a number, or (height, width); that of the trace unless
            given. On a larger one, layers have more units, as those of the network in its fully
            convolutional form.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or too large to draw.

    Example:
        >>> from cnnexplain import networks, trace
        >>> receptive_field(trace(networks.vgg16()), image_size=384).title
        'What a unit sees of a 384×384 picture: from conv1_1 3×3 to fc6 404×404, window 224×224'
    """
    shown = growth(trace, layers, unit, window, image_size)
    symbol, photo = shared(photograph)
    sweep = Sweep(1, len(shown.layers), pace=2.0)
    still = sweep.steps - 1
    sheet = Sheet()
    sheet.title(lambda: text("figure.receptive_field.heading"))
    sheet.phrases(lambda: field_words.phrases(trace, shown))
    list_width = _list_width(shown)
    place = _Place.of(shown, sheet.y + 14, ROOM - _BETWEEN - list_width)
    listed = WIDTH - MARGIN - list_width, place.top, list_width
    bottom = max(place.bottom + _TEXT, place.top + len(shown.layers) * _LINE)
    below = Sheet(bottom + 4)
    for note in field_words.notes(shown):
        below.words(note)
    below.key(_marks(shown))
    heading = sheet.drawing

    def draw(stage: Stage) -> str:
        parts = [
            symbol,
            heading,
            _picture(place, photo),
            _list(shown, listed),
            *(_scene(stage, place, at, listed, dim=bool(photo)) for at in range(sweep.steps)),
            *(_trace(stage, place, at) for at in range(still)),
            _window(place),
            below.drawing,
        ]
        return "".join(parts)

    sentences = [field_words.told(shown, each) for each in shown.layers]
    return moving(
        field_words.title(shown),
        field_words.description(shown, photograph=bool(photo)),
        below.height,
        draw,
        sweep,
        still,
        told(sentences, sweep, "figure.receptive_field.step"),
    )


@dataclass(frozen=True)
class _Place:
    """Where the picture stands, with room around it for what lies in the padding."""

    shown: Growth
    top: float
    scale: float

    @classmethod
    def of(cls, shown: Growth, top: float, room: float) -> _Place:
        place = cls(shown, top, 1.0)
        (up, left), (down, right) = place.bounds
        least = min((room - 2 * _EDGE) / (right - left), (_TALLEST - 2 * _EDGE) / (down - up))
        return cls(shown, top, least)

    @cached_property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The first and the last place of the drawing, in pixels of the picture."""
        boxes = [(each.first, each.size) for each in self.shown.layers]
        boxes += [((0, 0), self.shown.picture)]
        places = [*boxes, *([self.shown.window] if self.shown.window else [])]
        starts = [min(first[axis] for first, _ in places) for axis in (0, 1)]
        ends = [max(first[axis] + size[axis] for first, size in places) for axis in (0, 1)]
        return (starts[0], starts[1]), (ends[0], ends[1])

    @property
    def bottom(self) -> float:
        """Where the drawing ends."""
        (up, _), (down, _) = self.bounds
        return self.top + 2 * _EDGE + (down - up) * self.scale

    def box(
        self, first: tuple[float, float], size: tuple[float, float]
    ) -> tuple[float, float, float, float]:
        """Return where a box of the picture stands: x, y, width and height."""
        (up, left), _ = self.bounds
        return (
            _LEFT + _EDGE + (first[1] - left) * self.scale,
            self.top + _EDGE + (first[0] - up) * self.scale,
            size[1] * self.scale,
            size[0] * self.scale,
        )


def _picture(place: _Place, photo: str) -> str:
    """Draw the photograph, or a ground."""
    x, y, width, height = place.box((0, 0), place.shown.picture)
    parts = [rectangle("cx-input", (x, y, width, height))]
    if photo:
        parts.append(element("use", href=f"#{photo}", x=x, y=y, width=width, height=height))
    parts.append(rectangle("cx-input-line", (x, y, width, height)))
    return "".join(parts)


def _scene(
    stage: Stage, place: _Place, at: int, listed: tuple[float, float, float], *, dim: bool
) -> str:
    """Draw a layer while it is the current one: what its unit sees, and its place in the list."""
    seen = place.shown.layers[at]
    x, y, width, height = place.box(seen.first, seen.size)
    inside = _inside(place, seen)
    parts = []
    if inside != (x, y, width, height):
        parts.append(_dashed(x, y, width, height))
    if inside and dim:
        # What it does not see is faint.
        around = box(*place.box((0, 0), place.shown.picture)) + box(*inside)
        parts.append(
            element("path", class_="cx-paper", d=around, fill_opacity=".55", fill_rule="evenodd")
        )
    if inside and not dim:
        parts.append(element("path", class_="cx-field", d=box(*inside), fill_opacity=".8"))
    if inside:
        parts.append(element("path", class_="cx-casing", d=box(*inside), stroke_width=5))
        parts.append(_line(inside, 2.5))
    if max(width, height) < _SMALL:
        parts.append(_pointer(x + width / 2, y + height / 2))
    left, top, across = listed
    frame = left + 1, top + at * _LINE + 1, across - 2, _LINE - 2.0
    parts.append(_line(frame, 2))
    parts.append(_said(place, seen))
    off = at + 1 if at + 1 < len(place.shown.layers) else None
    return stage.seen("".join(parts), at, off)


def _trace(stage: Stage, place: _Place, at: int) -> str:
    """Draw what the unit of a layer saw, once another layer is the current one."""
    inside = _inside(place, place.shown.layers[at])
    return stage.seen(_line(inside), at + 1) if inside else ""


def _line(place: tuple[float, float, float, float], width: float | None = None) -> str:
    return element("path", class_="cx-field-line", d=box(*place), stroke_width=width)


def _dashed(x: float, y: float, width: float, height: float) -> str:
    data = box(x, y, width, height)
    return element("path", class_="cx-field-line", d=data, stroke_width=2, stroke_dasharray="5 4")


def _inside(place: _Place, seen: Seen) -> tuple[float, float, float, float] | None:
    """Return where the part of a field that lies in the picture stands."""
    rows, columns = seen.inside(place.shown.picture)
    if not rows or not columns:
        return None
    return place.box((rows.start, columns.start), (len(rows), len(columns)))


def _pointer(x: float, y: float) -> str:
    """Draw lines that point at what is small."""
    lines = "".join(
        f"M{x + dx * 26:.1f} {y + dy * 26:.1f}L{x + dx * 13:.1f} {y + dy * 13:.1f}"
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1))
    )
    casing = element("path", class_="cx-casing", d=lines, stroke_width=5)
    return casing + element("path", class_="cx-field-line", d=lines, stroke_width=2.5)


def _window(place: _Place) -> str:
    """Draw the network's window."""
    if not place.shown.window:
        return ""
    where = place.box(*place.shown.window)
    casing = element("path", class_="cx-casing", d=box(*where), stroke_width=5)
    return casing + rectangle("cx-window", where)


def _said(place: _Place, seen: Seen) -> str:
    """Say below the picture what the unit of a layer sees."""
    (_, left), (_, right) = place.bounds
    room = max((right - left) * place.scale, 200.0)
    name = cut(seen.name, LABEL_SIZE, room, bold=True)
    return label(_LEFT, place.bottom + 20, name, "cx-field-ink") + label(
        _LEFT, place.bottom + 42, field_words.size(seen), "cx-small"
    )


def _list(shown: Growth, listed: tuple[float, float, float]) -> str:
    """List the layers with the sizes of what their units see, each with a bar."""
    x, y, width = listed
    largest = max(prod(each.size) for each in shown.layers) ** 0.5
    parts = []
    for at, each in enumerate(shown.layers):
        top = y + at * _LINE
        part = prod(each.size) ** 0.5 / largest
        bar = round(max((width - 4) * part, 1.0), 1)
        row = element("path", class_="cx-field", d=box(x + 2, top + 2, bar, _LINE - 4))
        row += label(x + 6, top + 15, cut(each.name, SMALL_SIZE, _NAMES))
        row += label(x + width - 6, top + 15, field_words.short(each), "cx-end")
        parts.append(element("g", row, data_step=at))
    return "".join(parts)


def _list_width(shown: Growth) -> float:
    """Return how wide the list is."""
    name = max(
        widest(partial(cut, each.name, SMALL_SIZE, _NAMES), SMALL_SIZE) for each in shown.layers
    )
    size = max(widest(partial(field_words.short, each), SMALL_SIZE) for each in shown.layers)
    return float(round(name + size + 32))


def _marks(shown: Growth) -> list[Mark]:
    """Return the marks that need a word."""
    marks: list[Mark] = [(partial(text, "figure.receptive_field.key.field"), _field_swatch)]
    if any(each.beyond(shown.picture) for each in shown.layers):
        marks.append((partial(text, "figure.receptive_field.key.beyond"), _beyond_swatch))
    if shown.window:
        size = shape(shown.window[1])
        marks.append((partial(text, "figure.parameter.window", value=size), _window_swatch))
    return marks


def _field_swatch(x: float, y: float) -> str:
    return element("path", class_="cx-field-line", d=box(x + 1, y + 1, 14, 14), stroke_width=2.5)


def _beyond_swatch(x: float, y: float) -> str:
    return _dashed(x + 1, y + 1, 14, 14)


def _window_swatch(x: float, y: float) -> str:
    return rectangle("cx-window", (x + 1.5, y + 1.5, SWATCH - 3.0, SWATCH - 3.0))
