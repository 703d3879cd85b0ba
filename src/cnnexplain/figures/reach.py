"""How far padding reaches: layer by layer the clean core of the map shrinks.

Every map has the same size in the drawing, so that its share that is clean can be seen. What a
window's padding reaches is not what the image has there; beside it stand the errors that follow.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, pair, shown
from cnnexplain.figures import heat_words, maps, reach_scene, reach_words
from cnnexplain.figures.cells import grid
from cnnexplain.figures.figure import moving, standing, told
from cnnexplain.figures.heat_errors import Errors
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.panel import shared
from cnnexplain.figures.reach_rows import layers
from cnnexplain.figures.scales import ROUNDING
from cnnexplain.figures.stage import Moment

if TYPE_CHECKING:
    from cnnexplain.figures.cells import Grid
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.maps import Map
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.reach_rows import Layers, Reached
    from cnnexplain.figures.stage import Stage
    from cnnexplain.graph import Network

_WINDOW, _STRIDE = 224, 32
_PACE = 1.2


def padding_reach(
    network: Network | None = None,
    errors: Map | None = None,
    *,
    reach: Reached | None = None,
    window: PerAxis | None = None,
    stride: PerAxis | None = None,
    image_size: PerAxis | None = None,
    photograph: bytes | None = None,
    rounding: float = ROUNDING,
) -> Figure:
    """Draw how much of each layer's map padding leaves clean.

    Args:
        network: A chain of layers that make maps, a flattening, and Linear layers, with the
            `input_size` that is its window; VGG-16 unless given.
        errors: The relative error of each cell of one pass, row by row.
        reach: Instead of a network, a `Conversion`, its `exactness`, or the rows of its `reach`:
            objects or mappings with `name`, `clean` and `size`, where a number stands for both
            axes. Without their `places`, clean cells are drawn in the middle.
        window: The window's size in pixels, if `reach` does not know it: a number, or (height,
            width); 224 unless given.
        stride: The pixels from one window to the next: a number, or (height, width); the effective
            stride if `reach` knows it, and otherwise 32, unless given.
        image_size: The size of the image of the errors: a number, or (height, width); as small as
            it can be unless given.
        photograph: That image as the bytes of a PNG or JPEG file.
        rounding: The largest error that is taken for rounding.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many layers to draw.
        ShapeError: If the errors do not have one cell for each window.

    Example:
        >>> padding_reach().title
        'Out of padding’s reach: 222 of 224 in conv1_1, 1 of 7 in pool5'
    """
    if network is not None and reach is not None:
        raise ArgumentError(
            "either a network or its reach",
            f"network={shown(network)} and reach={shown(reach)}",
            "leave one of them out",
        )
    found = layers(network) if reach is None else layers(reach)
    wrong = places = None
    symbol, photo = shared(photograph)
    if errors is not None:
        places = _grid(found, errors, window, stride, image_size)
        wrong = Errors.of(errors, None, rounding, places)
    elif photograph is not None:
        raise ArgumentError(
            "errors with the photograph that they are of",
            "photograph without errors",
            "give errors too, or leave photograph out",
        )
    count = len(found.maps)
    last = count if found.scorer or wrong else count - 1
    sweep = Sweep(1, last + 1, pace=_PACE)
    sheet, draw = reach_scene.sheet(found, wrong, places, photo)
    description = heat_words.joined(
        reach_words.description(found), wrong.described() if wrong else ""
    )
    drawn = partial(_drawn, symbol, draw, sheet.drawing)
    if not last:
        body = drawn(Moment(sweep, 0))
        return standing(reach_words.title(found), description, sheet.height, body)
    return moving(
        reach_words.title(found),
        description,
        sheet.height,
        drawn,
        sweep,
        last,
        told(reach_words.steps(found, wrong.largest if wrong else ""), sweep),
    )


def _drawn(symbol: str, draw: reach_scene.Draw, words: str, stage: Stage) -> str:
    return symbol + draw(stage) + words


def _grid(
    found: Layers,
    errors: Map,
    window: PerAxis | None,
    stride: PerAxis | None,
    image_size: PerAxis | None,
) -> Grid:
    """Return the windows that the errors are of."""
    size = pair("window", found.window or _WINDOW if window is None else window, 1)
    step = pair("stride", found.stride or _STRIDE if stride is None else stride, 1)
    if image_size is None:
        values = maps.errors("errors", errors)
        cells = len(values), len(values[0])
        high, wide = (
            one + (count - 1) * by for one, by, count in zip(size, step, cells, strict=True)
        )
        image_size = high, wide
    return grid(image_size, size, step)
