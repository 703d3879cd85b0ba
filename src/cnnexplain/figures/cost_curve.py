"""How many times less work one pass is than sliding, against the size of the image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures import chart, cost_words
from cnnexplain.figures.chart import Axis
from cnnexplain.figures.colours import widest
from cnnexplain.figures.figure import Figure, moving, told
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.priced import Measured, Networks, Priced, Sizes, timed
from cnnexplain.figures.sheet import SWATCH, Sheet
from cnnexplain.figures.svg import (
    HALF,
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    WIDTH,
    box,
    decimal,
    element,
    grid,
    label,
    text_width,
)
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cnnexplain.figures.sheet import Mark
    from cnnexplain.figures.stage import Stage
    from cnnexplain.savings import Saving

_PLOT = 230  # the plot's height
_PICTURE = 96  # the side of the largest image
_LEFT = MARGIN + _PICTURE + 12.0  # where the words beside it start
_NAME = _LEFT + chart.LINE_ROOM + 6
_ONE_UNIT = 100  # amounts that differ by less are told in one unit
_LINE = 21  # from one line of a network's words to the next
_BLOCK = 2 * _LINE + 8
_LINED = 5  # lines between cells smaller than this would hide them
_BETWEEN = 17  # from one number to the next, above each other


def cost(
    network: Networks | None = None,
    image_sizes: Sizes | None = None,
    measured: Measured | None = None,
    measured_on: str | date | None = None,
) -> Figure:
    """Draw how many times less work one pass is than sliding.

    Args:
        network: A network of `cnnexplain.networks`, the trace of a module, or several of them by
            name; VGG-16 and AlexNet unless given. It is a chain of layers that ends with a
            flattening and fully connected layers.
        image_sizes: The images of the steps, on which windows leave no remainder; by the network's
            name if they differ.
        measured: How many times faster one pass was: rows of network, image size, ratio.
        measured_on: The day on which that was measured.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If a window is larger than an image.

    Example:
        >>> from cnnexplain import networks
        >>> cost(networks.vgg16(), [224, 384, 512]).title
        'How many times fewer MACs one pass needs: VGG-16 11.2 times at 384×384'
    """
    found, when = timed(network, image_sizes, measured, measured_on)
    steps = len(found[0].savings)
    still = steps // 2
    sweep = Sweep(1, steps, pace=2.0)
    sheet = Sheet()
    sheet.title(partial(text, "figure.cost.heading"))
    for each in found:
        sheet.words(partial(cost_words.parameters, each))
    readout = sheet.y + 14
    sheet.y = readout + max(_PICTURE + 2, len(found) * _BLOCK)
    plot = _Plot(found, sheet.y + 34, still)
    sheet.y = plot.bottom + 44
    sheet.key(_marks(found, when))
    common = sheet.drawing + _samples(found, readout) + plot.drawn()
    targets = chart.targets(plot.x, plot.y, [each.image_size for each in found[0].savings])
    # Drawn here: later, the language may be another one.
    scenes = [_words(found, readout, at) + plot.now(at) for at in range(steps)]
    sentences = [
        cost_words.dated(
            text("figure.semicolon").join(cost_words.scene(each, at) for each in found),
            found,
            [at],
            when,
        )
        for at in range(steps)
    ]
    return moving(
        cost_words.title(found, still),
        cost_words.description(found, still, when),
        sheet.height,
        partial(_draw, common, scenes, plot.measured() + targets),
        sweep,
        still,
        told(sentences, sweep),
    )


class _Plot:
    """The chart: sizes across, ratios up."""

    def __init__(self, networks: Sequence[Priced], top: float, still: int) -> None:
        self.networks, self.top, self.bottom = networks, top, top + _PLOT
        found = [saving.image_size for saving in networks[0].savings]
        self.sizes = sorted(found, key=lambda size: (size != found[still], size))
        ratios = [ratio for each in networks for ratio in each.measured.values()]
        highest = max(1.0, *ratios, *(float(each.work.limit) for each in networks))
        self.ups = chart.round_ticks(0, highest, 4)
        first = min(each.work.window for each in networks)
        last = max(each.savings[-1].image_size for each in networks)
        last = last if last > first else first + 1
        left = chart.numbers_left(
            MARGIN, [text_width(number(value), SMALL_SIZE) for value in self.ups]
        )
        limits = [text_width(cost_words.ratio(each.work.limit), SMALL_SIZE) for each in networks]
        right = WIDTH - MARGIN - max(limits) - 6
        margin = (last - first) * 0.02
        self.x = Axis(first - margin, last + margin, left, right)
        self.y = Axis(0, max(highest * 1.04, self.ups[-1]), self.bottom, self.top)

    def place(self, size: int, ratio: float) -> tuple[float, float]:
        """Return where a ratio lies."""
        return self.x.at(size), self.y.at(ratio)

    def drawn(self) -> str:
        """Draw what does not change."""
        texts = [str(size) for size in self.sizes]
        parts = [
            label(MARGIN, self.top - 14, text("figure.cost.up"), "cx-small"),
            chart.ground(self.x, self.y, self.sizes, self.ups),
            chart.numbers_up(self.y, self.ups, number, self.x.start - 7),
            chart.numbers_across(self.x, self.sizes, texts, self.bottom + 19),
            label(self.x.end, self.bottom + 40, text("figure.cost.across"), "cx-small cx-end"),
        ]
        below = self.bottom + 5
        for each in sorted(self.networks, key=lambda each: each.work.limit):
            y = self.y.at(float(each.work.limit))
            parts.append(chart.limit_line(self.x, y))
            below = min(y + 5, below - _BETWEEN)
            limit = cost_words.ratio(each.work.limit)
            parts.append(label(self.x.end + 6, below, limit, "cx-small"))
        for index, each in enumerate(self.networks):
            points = [self.place(at.image_size, float(at.ratio)) for at in each.every]
            parts.append(chart.curve(points, index))
        return "".join(parts)

    def measured(self) -> str:
        """Draw what was measured."""
        return "".join(
            chart.mark(*self.place(size, ratio), index, "cx-paper cx-curve", 4.0)
            for index, each in enumerate(self.networks)
            for size, ratio in sorted(each.measured.items())
        )

    def now(self, step: int) -> str:
        """Draw the marks of a step."""
        places = [
            self.place(each.savings[step].image_size, float(each.savings[step].ratio))
            for each in self.networks
        ]
        (x, y), *_ = places
        rise = f"M{decimal(x)} {decimal(self.bottom)}V{decimal(y)}"
        return element("path", class_="cx-guide", d=rise, stroke_dasharray="2 3") + "".join(
            chart.mark(*place, index, "cx-mark", 6.0) for index, place in enumerate(places)
        )


def _draw(common: str, scenes: Sequence[str], above: str, stage: Stage) -> str:
    return common + chart.scenes(stage, scenes) + above


def _samples(networks: Sequence[Priced], top: float) -> str:
    """Draw the line of each network, where its words stand."""
    return "".join(chart.line_swatch(_LEFT, top + at * _BLOCK, at) for at in range(len(networks)))


def _words(networks: Sequence[Priced], top: float, step: int) -> str:
    """Draw an image to scale, and write what one pass saves on it."""
    largest = networks[0].savings[-1].image_size
    parts = [_picture(networks[0], networks[0].savings[step], top, _PICTURE / largest)]
    for at, each in enumerate(networks):
        y = top + at * _BLOCK + 13
        parts.append(label(_NAME, y, _named(each, step)))
        parts.append(label(_LEFT, y + _LINE, _formula(each, each.savings[step]), "cx-small"))
    return "".join(parts)


def _named(network: Priced, step: int) -> str:
    """Write the network and the image, and how many windows, if there is room for it."""
    room = WIDTH - MARGIN - _NAME
    fits = all(
        widest(partial(cost_words.counted_image, network, at), LABEL_SIZE) <= room
        for at in range(len(network.savings))
    )
    return (cost_words.counted_image if fits else cost_words.image)(network, step)


def _formula(network: Priced, saving: Saving) -> list[tuple[str, str]]:
    # In one unit at all steps, unless that would start with zeros.
    most = network.savings[-1].one_pass.total
    if most > _ONE_UNIT * network.work.macs.total:
        most = saving.one_pass.total
    sliding = text(
        "figure.cost.formula",
        windows=number(saving.count),
        window=cost_words.amount(network.work.macs.total, most),
        once=cost_words.amount(saving.one_pass.total, most),
    )
    return [(sliding, ""), (cost_words.ratio(saving.ratio), "cx-title")]


def _picture(network: Priced, saving: Saving, top: float, scale: float) -> str:
    """Draw the image, the cells that stand for its windows, and the first window."""
    x, y = MARGIN + HALF, round(top) + HALF
    side, window = saving.image_size * scale, network.work.window * scale
    step = network.work.stride * scale
    start = (network.work.window - network.work.stride) / 2 * scale
    cells = saving.windows * step
    ticks = [x + start + at * step for at in range(saving.windows + 1)]
    downs = [tick - x + y for tick in ticks]
    image = box(x, y, side, side)
    parts = [
        element("path", class_="cx-input cx-input-line", d=image),
        element("path", class_="cx-output", d=box(ticks[0], downs[0], cells, cells)),
    ]
    lines = grid(ticks, downs) if step >= _LINED else box(ticks[0], downs[0], cells, cells)
    parts.append(element("path", class_="cx-output-line", d=lines, stroke_width=0.75))
    parts.append(element("path", class_="cx-tie", d=box(x, y, window, window), stroke_width=2))
    return "".join(parts)


def _marks(networks: Sequence[Priced], when: date | None) -> list[Mark]:
    marks: list[Mark] = [(partial(text, "figure.cost.key.limit"), chart.limit_swatch)]
    timed = [at for at, each in enumerate(networks) if each.measured]
    if when and timed:
        marks.append(
            (
                lambda: text("figure.cost.key.measured", day=cost_words.day(when)),
                lambda x, y: "".join(
                    chart.mark(
                        x + SWATCH / 2 + (index - (len(timed) - 1) / 2) * 9,
                        y + SWATCH / 2,
                        each,
                        "cx-paper cx-curve",
                        3.5,
                    )
                    for index, each in enumerate(timed)
                ),
            )
        )
    return marks
