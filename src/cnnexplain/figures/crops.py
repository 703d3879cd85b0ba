"""One map for many crops: windows share the map layers' work, and each reads its block of the map.

The work of sliding grows by a whole crop with each window. One pass pays for the map once, and then
for each window the classifier alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError, pair, shown
from cnnexplain.exactness import checked_size
from cnnexplain.figures import crops_scene, crops_words
from cnnexplain.figures.cells import Grid, grid
from cnnexplain.figures.figure import Script, moving
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.panel import shared
from cnnexplain.figures.parted import Pair, Parted, parted
from cnnexplain.languages import shape

if TYPE_CHECKING:
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.stage import Stage
    from cnnexplain.graph import Network

# Beyond this many windows a motion is too long to follow, and its counters fill the page.
_MOST = 49
_FARTHEST = 4  # how many strides farther an image is looked for on which windows and cells agree
_LARGEST_CELL_COUNT = 128  # on an axis of the map; more cells are too small to see


@dataclass(frozen=True)
class Crops:
    """The windows on an image, the blocks of the map that they read, and what both ways cost.

    Attributes:
        name: What the network is called.
        windows: The windows on the image.
        map: The shape of the map that they share: channels, rows, columns.
        block: How many of its cells one window reads, down and across.
        step: How many cells a block lies from the next.
        scores: The number of scores of each window.
        map_macs: The multiply-accumulates that make the map of the image.
        crop_macs: Those of one window alone.
        classifier_macs: Those of one window from the flattening on.
    """

    name: str
    windows: Grid
    map: tuple[int, int, int]
    block: Pair
    step: Pair
    scores: int
    map_macs: int
    crop_macs: int
    classifier_macs: int

    @property
    def sweep(self) -> Sweep:
        """The stops: one for each window."""
        return Sweep(*self.windows.shape)

    def sliding(self, windows: int) -> int:
        """Return what some windows cost when each is a crop of its own.

        Args:
            windows: How many.
        """
        return windows * self.crop_macs

    def one_pass(self, windows: int) -> int:
        """Return what some windows cost when they share the map, which is paid at first.

        Args:
            windows: How many.
        """
        return self.map_macs + windows * self.classifier_macs

    @property
    def ratio(self) -> float:
        """How many times as much sliding costs for all windows."""
        count = self.windows.count
        return self.sliding(count) / self.one_pass(count)

    @property
    def cheaper_from(self) -> int | None:
        """With how many windows one pass costs less, if there are so many."""
        counts = range(1, self.windows.count + 1)
        return next((each for each in counts if self.one_pass(each) < self.sliding(each)), None)


def crops(
    network: Network | None = None,
    image_size: PerAxis = 384,
    stride: PerAxis | None = None,
    photograph: bytes | None = None,
) -> Figure:
    """Draw how the windows of an image share one map, and what that saves.

    Args:
        network: A chain of layers that make maps, a flattening, and Linear layers, with the
            `input_size` that is its window; VGG-16 unless given.
        image_size: The image's size in pixels: a number, or (height, width).
        stride: The pixels from one window to the next, a multiple of the network's effective
            stride, which it is unless given: a number, or (height, width). The classifier is
            counted for these windows only.
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many windows to draw.
        ShapeError: If windows do not fit, or one pass does not make one cell for each.

    Example:
        >>> crops().title
        'One map for 36 crops: 49.55 G MACs instead of 556.9 G, a ratio of 11.24'
    """
    found = counted(parted(network), image_size, stride)
    symbol, photo = shared(photograph)
    sheet, draw = crops_scene.sheet(found, photo)
    sweep = found.sweep
    last = sweep.steps - 1
    return moving(
        crops_words.title(found),
        crops_words.description(found, photograph=bool(photo)),
        sheet.height,
        partial(_drawn, symbol, draw, sheet.drawing),
        sweep,
        last,
        Script(
            crops_words.status(found),
            crops_words.stops(found, 0),
            crops_words.stops(found, 1),
        ),
    )


def _drawn(symbol: str, draw: crops_scene.Draw, words: str, stage: Stage) -> str:
    return symbol + draw(stage) + words


def counted(parts: Parted, image_size: PerAxis, stride: PerAxis | None) -> Crops:
    """Return the windows, their blocks and what they cost.

    Args:
        parts: The network.
        image_size: The image's size: a number, or (height, width).
        stride: The step between two windows: a number, (height, width), or None.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many windows to draw.
        ShapeError: If windows do not fit, or one pass does not make one cell for each.

    Example:
        >>> found = counted(parted(None), 384, None)
        >>> found.map, found.block, found.one_pass(36)
        ((512, 12, 12), (7, 7), 49551114240)
    """
    effective = parts.effective_stride
    size = checked_size(pair("image_size", image_size, 1), parts.window)
    windows = grid(size, parts.window, effective if stride is None else stride)
    if any(each % one for each, one in zip(windows.stride, effective, strict=True)):
        raise ArgumentError(
            f"stride as a multiple of the network's effective stride, {shape(effective)}",
            f"stride={shown(stride)}",
            f"write stride={_written(effective)}, or leave it out",
        )
    _check_count(windows)
    rows = parts.map_rows(windows.image)
    step = (windows.stride[0] // effective[0], windows.stride[1] // effective[1])
    made = rows[-1].output_shape[2], rows[-1].output_shape[3]
    cells = _cells(made, parts.block, step)
    if cells != windows.shape:
        raise ShapeError(
            f"one cell for each of {shape(windows.shape)} windows of {shape(windows.window)} at "
            f"stride {shape(windows.stride)}",
            f"{shape(cells)} cells, on the {shape(made)} map of a {shape(windows.image)} image",
            _cure(parts, windows, step),
        )
    if max(made) > _LARGEST_CELL_COUNT:
        raise ArgumentError(
            f"a map of at most {_LARGEST_CELL_COUNT} cells on an axis",
            f"a map of {shape(made)}",
            "use a smaller image",
        )
    return Crops(
        name=parts.network.name,
        windows=windows,
        map=(rows[-1].output_shape[1], *made),
        block=parts.block,
        step=step,
        scores=parts.scores,
        map_macs=sum(row.macs for row in rows),
        crop_macs=parts.macs,
        classifier_macs=parts.classifier_macs,
    )


def _check_count(windows: Grid) -> None:
    if windows.count == 1:
        larger = windows.image[0], windows.image[1] + windows.stride[1]
        raise ShapeError(
            f"an image on which at least two windows of {shape(windows.window)} fit",
            f"an image of {shape(windows.image)}, stride {shape(windows.stride)}",
            f"use for example image_size={larger}",
        )
    if windows.count > _MOST:
        times = next(each for each in range(2, windows.count) if _fits(windows, each))
        wider = windows.stride[0] * times, windows.stride[1] * times
        raise ArgumentError(
            f"at most {_MOST} windows in a figure",
            f"{windows.count} windows of {shape(windows.window)} at stride {shape(windows.stride)} "
            f"on {shape(windows.image)} pixels",
            f"use a smaller image, or stride={_written(wider)}",
        )


def _fits(windows: Grid, times: int) -> bool:
    down, across = (
        axis.output_size(side.image, kernel_size=side.size, stride=side.stride * times)
        for side in windows.sides
    )
    return down * across <= _MOST


def _cells(size: tuple[int, ...], block: Pair, step: Pair) -> Pair:
    down, across = (
        axis.convolution(reads, every).output_size(cells) if cells >= reads else 0
        for cells, reads, every in zip(size, block, step, strict=True)
    )
    return down, across


def _cure(parts: Parted, windows: Grid, step: Pair) -> str:
    """Return what helps where windows and cells differ in number."""
    before, after = parts.rows, parts.map_rows(windows.image)
    for one, other in zip(before, after, strict=False):
        larger = one.input_shape != other.input_shape
        if larger and one.output_shape == other.output_shape:
            return f"leave out {one.name}, whose map is as large for every image: {one.operation}"
    most = max(windows.stride) * _FARTHEST
    for more in sorted(range(-most, most + 1), key=abs):
        size = windows.image[0] + more, windows.image[1] + more
        if min(size[0] - windows.window[0], size[1] - windows.window[1]) < 0:
            continue
        try:
            cells = _cells(parts.map_rows(size)[-1].output_shape[2:], parts.block, step)
        except CnnExplainError:
            continue
        if cells == grid(size, windows.window, windows.stride).shape:
            return f"use for example image_size={_written(size)}, or layers that round down"
    return "use layers that round down, and no padding that makes a map larger"


def _written(sizes: Pair) -> str:
    return str(sizes[0]) if sizes[0] == sizes[1] else str(sizes)
