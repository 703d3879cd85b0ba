"""One picture of a heatmap figure: an image, and the places of the cells on it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.figures.photographs import JPEG, MOST_PIXELS, PNG, pixels
from cnnexplain.figures.svg import SHARED, element, rectangle

if TYPE_CHECKING:
    from cnnexplain.figures.cells import Grid, Row

_FAINT = ".3"  # a photograph under a map
_SEEN = 6.0  # a smaller cell would not be seen
# How a whole file ends, and the most that a figure carries.
_ENDS = {"png": b"IEND\xaeB`\x82", "jpeg": b"\xff\xd9"}
_MOST_BYTES = 4_000_000
_SIGNATURES = {PNG: "png", JPEG: "jpeg"}


@dataclass(frozen=True, slots=True)
class Panel:
    """Where an image stands in the drawing, and the cells on it.

    Attributes:
        x: Where the image starts.
        y: Where the image starts, down.
        scale: The drawing's units in a pixel.
        image: The image's height and width in pixels.
        rows: The cells, down.
        columns: The cells, across.
    """

    x: float
    y: float
    scale: float
    image: tuple[int, int]
    rows: Row
    columns: Row

    @property
    def width(self) -> float:
        """The image's width in the drawing."""
        return self.image[1] * self.scale

    @property
    def height(self) -> float:
        """The image's height in the drawing."""
        return self.image[0] * self.scale

    def at(self, down: float, across: float) -> tuple[float, float]:
        """Return where a place of the image lies in the drawing: across, down.

        Args:
            down: The pixels from the upper edge.
            across: The pixels from the left edge.
        """
        return self.x + across * self.scale, self.y + down * self.scale

    def middle(self, row: int, column: int) -> tuple[float, float]:
        """Return where the centre of a cell lies in the drawing.

        Args:
            row: The cell's row.
            column: The cell's column.
        """
        return self.at(
            self.rows.first + row * self.rows.step, self.columns.first + column * self.columns.step
        )

    @property
    def cell(self) -> tuple[float, float]:
        """The height and width of a cell in the drawing."""
        return self.rows.side * self.scale, self.columns.side * self.scale

    @property
    def step(self) -> tuple[float, float]:
        """The distances from a cell to the next in the drawing, down and across."""
        return self.rows.step * self.scale, self.columns.step * self.scale

    @property
    def lines(self) -> tuple[list[float], list[float]]:
        """Where a cell's share of the image begins and the last one's ends: across, and down."""
        x, y = self.at(
            self.rows.first - self.rows.step / 2, self.columns.first - self.columns.step / 2
        )
        down, across = self.step
        return (
            [x + at * across for at in range(self.columns.count + 1)],
            [y + at * down for at in range(self.rows.count + 1)],
        )

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Where the map lies: where its first cell starts, across and down, its width and height.

        Beyond the first and the last cell lies nothing, even if windows lie apart.
        """
        (top, _), (_, bottom) = (self.rows.span(at) for at in (0, self.rows.count - 1))
        (left, _), (_, right) = (self.columns.span(at) for at in (0, self.columns.count - 1))
        x, y = self.at(top, left)
        return x, y, (right - left) * self.scale, (bottom - top) * self.scale

    def box(self, row: int, column: int) -> tuple[float, float, float, float]:
        """Return where a cell lies in the drawing: across and down, its width and its height.

        Args:
            row: The cell's row.
            column: The cell's column.
        """
        x, y = self.at(self.rows.span(row)[0], self.columns.span(column)[0])
        height, width = self.cell
        return x, y, width, height

    @property
    def filled(self) -> tuple[float, float]:
        """How much of its share a cell fills, down and across: less than 1 if windows lie apart."""
        return self.rows.side / self.rows.step, self.columns.side / self.columns.step

    @property
    def closed(self) -> bool:
        """Whether neighbours touch."""
        return min(self.filled) >= 1


def true_panel(shown: Grid, x: float, y: float, scale: float) -> Panel:
    """Return a picture whose cells stand at their true places; smaller ones are drawn larger.

    Args:
        shown: The windows.
        x: Where the image starts.
        y: Where the image starts, down.
        scale: The drawing's units in a pixel.
    """
    rows, columns = (
        # A single pixel would not be seen.
        replace(side, side=max(side.side, min(side.step, _SEEN / scale)))
        for side in (shown.height.placed, shown.width.placed)
    )
    return Panel(x, y, scale, shown.image, rows, columns)


def shared(data: object) -> tuple[str, str]:
    """Return a photograph as a drawing that is shared, and its id.

    Args:
        data: The bytes of a PNG or a JPEG file, or None.

    Returns:
        What stands once in the figure, and its id; both are empty without a photograph.

    Raises:
        ArgumentError: If it is no such file, or has too many pixels or bytes: whatever draws the
            figure later would decode all of them.
    """
    if data is None:
        return "", ""
    content = bytes(data) if isinstance(data, bytes | bytearray | memoryview) else b""
    kind = next((kind for start, kind in _SIGNATURES.items() if content.startswith(start)), None)
    if kind is None:
        raise ArgumentError(
            "photograph as the bytes of a PNG or JPEG file",
            f"photograph={shown(data)}",
            'write for example photograph=Path("cat.jpg").read_bytes()',
        )
    if len(content) > _MOST_BYTES:
        raise ArgumentError(
            f"photograph of at most {_MOST_BYTES // 1_000_000} MB",
            f"{len(content) / 1_000_000:.1f} MB",
            "make it smaller: a figure shows a few hundred pixels of it",
        )
    size = pixels(content)
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        raise ArgumentError(
            f"photograph of at most {MOST_PIXELS // 1_000_000} million pixels",
            f"{size[0]}×{size[1]} pixels",
            "make it smaller: a figure shows a few hundred pixels of it",
        )
    if size is None or not content.rstrip(b"\0").endswith(_ENDS[kind]):
        raise ArgumentError(
            "photograph as a whole PNG or JPEG file",
            f"{len(content)} bytes, without the {'size' if size is None else 'end'} of such a file",
            "save it again",
        )
    # Figures with the same photograph may share a page, and an id then means the same in each.
    id_ = SHARED + hashlib.sha256(content).hexdigest()[:12]
    address = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    picture = element("image", href=address, width=1, height=1, preserveAspectRatio="none")
    symbol = element("symbol", picture, id=id_, viewBox="0 0 1 1", preserveAspectRatio="none")
    return symbol, id_


def ground(panel: Panel, photo: str, *, faint: bool) -> str:
    """Draw the image under a map: the photograph, or nothing but its frame.

    Args:
        panel: Where it stands.
        photo: The photograph's id, or `""`.
        faint: Whether cells will lie on it.
    """
    place = panel.x, panel.y, panel.width, panel.height
    x, y, width, height = place
    picture = ""
    if photo:
        opacity = _FAINT if faint else None
        picture = element(
            "use", href=f"#{photo}", x=x, y=y, width=width, height=height, opacity=opacity
        )
    below = rectangle("cx-paper" if faint else "cx-input", place)
    return below + picture + rectangle("cx-input-line", place)
