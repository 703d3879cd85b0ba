"""A window in the middle of its image, and the context that is kept around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, pair, shown
from cnnexplain.figures.cells import Grid, grid
from cnnexplain.figures.legend import FIRST_LINE, LEFT
from cnnexplain.figures.panel import ground, true_panel
from cnnexplain.figures.svg import box, element, label, rectangle
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.panel import Panel
    from cnnexplain.figures.plane import PerAxis

_ABOVE = 16  # from the title to the picture
_SIDE = 212.0  # the picture's largest width and height
_BELOW = 14
_APART = 18  # from the picture to the words beside it
_DASHES = "7 4"


@dataclass(frozen=True, slots=True)
class Picture:
    """Where the image stands, and the window in its middle.

    Attributes:
        windows: The image's size and the window's.
        first: The window's first row and column.
        photo: The photograph's id, or `""`.
    """

    windows: Grid
    first: tuple[int, int]
    photo: str

    @property
    def room(self) -> float:
        """How far down the picture goes, with what is left free around it."""
        return _ABOVE + round(self._panel.height) + _BELOW

    @property
    def _panel(self) -> Panel:
        unit = self.windows.fitted(_SIDE, _SIDE)
        return true_panel(self.windows, LEFT, FIRST_LINE + _ABOVE + 0.5, unit)

    @property
    def ground(self) -> str:
        """The image."""
        return ground(self._panel, self.photo, faint=False)

    def around(self, context: int, error: str, *, rounding: bool) -> str:
        """Draw the window, what is kept around it, and the error beside it; the rest is faint.

        Args:
            context: The context in pixels; where the image ends, so does it.
            error: The error in words.
            rounding: Whether it is rounding.
        """
        panel = self._panel
        image = box(panel.x, panel.y, panel.width, panel.height)
        kept = self._place(context)
        faint = image + box(*kept)
        parts = [
            element("path", class_="cx-paper", d=faint, fill_rule="evenodd", fill_opacity=0.65),
            rectangle("cx-input-line", (panel.x, panel.y, panel.width, panel.height)),
            rectangle("cx-window", self._place(0)),
        ]
        if context:
            parts.append(
                element("path", class_="cx-window", d=box(*kept), stroke_dasharray=_DASHES)
            )
        x, y = panel.x + panel.width + _APART, panel.y + panel.height / 2 - 26
        ink = "cx-output-ink" if rounding else "cx-error-ink"
        parts += [
            label(x, y, text("figure.halo.context", pixels=pixels(context)), "cx-title"),
            label(x, y + 34, text("figure.heatmap.relative"), "cx-small"),
            label(x, y + 58, error, ink),
        ]
        return "".join(parts)

    @property
    def described(self) -> str:
        """What it shows, in words."""
        window, image = self.windows.window, self.windows.image
        return text("figure.halo.picture", window=shape(window), image=shape(image))

    def _place(self, context: int) -> tuple[float, float, float, float]:
        """Return where the window with its context stands."""
        panel = self._panel
        starts = [max(first - context, 0) for first in self.first]
        stops = [
            min(first + side.size + context, side.image)
            for first, side in zip(self.first, self.windows.sides, strict=True)
        ]
        x, y = panel.at(starts[0], starts[1])
        wide, high = (stops[axis] - starts[axis] for axis in (1, 0))
        return x, y, wide * panel.scale, high * panel.scale


def picture(
    largest: int, window: PerAxis | None, image_size: PerAxis | None, photo: str
) -> Picture | None:
    """Return the picture that a user asked for, or None.

    Args:
        largest: The largest context in pixels.
        window: The window's size: a number, (height, width), or None without a picture.
        image_size: The image's size: a number, (height, width), or None.
        photo: The photograph's id, or `""`.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If the window is larger than the image.
    """
    if window is None:
        if image_size is not None or photo:
            raise ArgumentError(
                "the window that is drawn on the image",
                "a photograph" if image_size is None else f"image_size={shown(image_size)}",
                "give the window's size too, for example window=224",
            )
        return None
    size = pair("window", window, 1)
    wanted = (size[0] + 2 * largest, size[1] + 2 * largest) if image_size is None else image_size
    # One step over the whole image gives one window, wherever it is drawn.
    found = grid(wanted, size, max(pair("image_size", wanted, 1)))
    middle = [(side.image - side.size) // 2 for side in found.sides]
    return Picture(found, (middle[0], middle[1]), photo)


def pixels(count: int) -> str:
    """Return a number of pixels.

    Args:
        count: The number.
    """
    return text("figure.heatmap.pixels", value=number(count))
