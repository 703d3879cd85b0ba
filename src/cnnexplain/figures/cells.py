"""Where the cells of a heatmap lie on its image: one cell for each stop of a sliding window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, ShapeError, whole
from cnnexplain.figures.plane import PerAxis, pair
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from collections.abc import Sequence

# Beyond this many cells on an axis, single cells are too small to see.
_MOST_CELLS = 128


def centre(index: int, window: int, stride: int) -> float:
    """Return where the centre of a window lies, in pixels from the image's edge.

    Args:
        index: The window's index on this axis.
        window: The window's size in pixels.
        stride: The pixels from one window to the next.

    Example:
        >>> [centre(index, window=224, stride=32) for index in range(6)]
        [112.0, 144.0, 176.0, 208.0, 240.0, 272.0]
    """
    return window / 2 + index * stride


def stretched_centre(index: int, cells: int, image: int) -> float:
    """Return where the centre of a cell lies if the map is stretched over the whole image.

    Args:
        index: The cell's index on this axis.
        cells: The number of cells.
        image: The image's size in pixels.

    Example:
        >>> [stretched_centre(index, cells=6, image=384) for index in range(6)]
        [32.0, 96.0, 160.0, 224.0, 288.0, 352.0]
    """
    return (index + 0.5) * image / cells


def displacement(cells: int, image: int, window: int, stride: int) -> float:
    """Return by how many pixels stretching a map moves a cell at most, on one axis.

    Args:
        cells: The number of cells.
        image: The image's size in pixels.
        window: The window's size in pixels.
        stride: The pixels from one window to the next.

    Example:
        >>> displacement(6, image=384, window=224, stride=32)
        80.0
    """
    # Both centres are linear in the index, so that they are farthest apart at an end.
    return max(
        abs(centre(index, window, stride) - stretched_centre(index, cells, image))
        for index in (0, cells - 1)
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A row of equal cells on one axis of an image, in pixels.

    Attributes:
        first: The centre of the first cell.
        step: The distance from one cell to the next.
        side: The size of a cell.
        count: The number of cells.

    Example:
        >>> Row(first=112.0, step=32.0, side=32.0, count=6).span(1)
        (128.0, 160.0)
    """

    first: float
    step: float
    side: float
    count: int

    def span(self, index: int) -> tuple[float, float]:
        """Return where a cell starts and ends.

        Args:
            index: The cell's index.
        """
        middle = self.first + index * self.step
        return middle - self.side / 2, middle + self.side / 2


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows on one axis of an image.

    Attributes:
        image: The image's size in pixels.
        size: The window's size in pixels.
        stride: The pixels from one window to the next.
        count: How many windows fit.
    """

    image: int
    size: int
    stride: int
    count: int

    @property
    def centres(self) -> tuple[float, ...]:
        """The windows' centres, in pixels."""
        return tuple(centre(index, self.size, self.stride) for index in range(self.count))

    @property
    def stretched_centres(self) -> tuple[float, ...]:
        """The centres that the cells have if the map is stretched over the whole image."""
        return tuple(stretched_centre(index, self.count, self.image) for index in range(self.count))

    @property
    def displacement(self) -> float:
        """By how many pixels stretching the map moves a cell at most."""
        return displacement(self.count, self.image, self.size, self.stride)

    @property
    def placed(self) -> Row:
        """The cells at their true places: a step about the centre of their window."""
        # Where windows lie apart, nothing between them was seen.
        side = float(min(self.stride, self.size))
        return Row(self.centres[0], float(self.stride), side, self.count)

    @property
    def stretched(self) -> Row:
        """The cells of the map that is stretched over the whole image."""
        side = self.image / self.count
        return Row(self.stretched_centres[0], side, side, self.count)


@dataclass(frozen=True, slots=True)
class Grid:
    """The windows on both axes of an image.

    Attributes:
        height: The vertical axis.
        width: The horizontal axis.
    """

    height: Windows
    width: Windows

    @property
    def sides(self) -> tuple[Windows, Windows]:
        """Both axes, height first as in torch."""
        return self.height, self.width

    @property
    def image(self) -> tuple[int, int]:
        """The image's size in pixels."""
        return self.height.image, self.width.image

    @property
    def window(self) -> tuple[int, int]:
        """The window's size in pixels."""
        return self.height.size, self.width.size

    @property
    def stride(self) -> tuple[int, int]:
        """The pixels from one window to the next."""
        return self.height.stride, self.width.stride

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of cells, down and across."""
        return self.height.count, self.width.count

    @property
    def count(self) -> int:
        """The number of cells."""
        return self.height.count * self.width.count

    def fitted(self, width: float, height: float) -> float:
        """Return how many units of a drawing a pixel takes, if the image fills a place.

        Args:
            width: The place's width.
            height: The place's height.
        """
        return min(width / self.width.image, height / self.height.image)

    def check(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """See that a map has one cell for each window.

        Args:
            name: What the map is called.
            rows: Its rows, all of the same length.

        Raises:
            ShapeError: If it has more cells, or fewer.
        """
        found = len(rows), len(rows[0])
        if found != self.shape:
            raise ShapeError(
                f"{name} with {shape(self.shape)} cells, one for each {shape(self.window)} window "
                f"at stride {shape(self.stride)} on a {shape(self.image)} image",
                f"{name} with {shape(found)} cells",
                "give the image_size, window and stride that the map was made with",
            )


def grid(image_size: PerAxis, window: PerAxis, stride: PerAxis) -> Grid:
    """Return the windows on an image from what a user wrote.

    Args:
        image_size: The image's size: a number, or (height, width).
        window: The window's size: a number, or (height, width).
        stride: The step between two windows: a number, or (height, width).

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many cells to draw.
        ShapeError: If the window is larger than the image.

    Example:
        >>> grid(384, window=224, stride=32).shape
        (6, 6)
    """
    columns = zip(
        pair("image_size", image_size),
        pair("window", window),
        pair("stride", stride),
        strict=True,
    )
    return Grid(*(_windows(*column) for column in columns))


def _windows(image: object, window: object, stride: object) -> Windows:
    size = whole("image_size", image, 1)
    extent, step = whole("window", window, 1), whole("stride", stride, 1)
    if extent > size:
        raise ShapeError(
            f"a window of at most {size}, the size of the image",
            f"window={extent}",
            f"use window={size} or less, or image_size={extent} or more",
        )
    count = axis.output_size(size, kernel_size=extent, stride=step)
    if count > _MOST_CELLS:
        raise ArgumentError(
            f"at most {_MOST_CELLS} cells on an axis of a figure",
            f"{count} windows of {extent} at stride {step} on {size} pixels",
            "draw a part of the image, or every second cell with twice the stride",
        )
    return Windows(size, extent, step, count)
