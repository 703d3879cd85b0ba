"""The width of a hidden layer is a choice: accuracy against the number of hidden units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from numbers import Real
from statistics import median
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures import chart, maps
from cnnexplain.figures.chart import Axis
from cnnexplain.figures.colours import widest
from cnnexplain.figures.figure import Figure, moving, told
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.sheet import ROOM, SWATCH, Sheet
from cnnexplain.figures.svg import HALF, MARGIN, SMALL_SIZE, WIDTH, decimal, element, label
from cnnexplain.languages import number, text
from cnnexplain.operations import Linear

if TYPE_CHECKING:
    from cnnexplain.figures.stage import Stage

_PLOT = 230  # the plot's height
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_MOST_WIDTHS, _MOST_SEEDS = 14, 10
# A narrower layer is wide enough if its median is within this of the best.
_NEAR = 0.01


@dataclass(frozen=True, slots=True)
class Trained:
    """Networks of one width, each trained from weights of its own.

    Attributes:
        hidden: The number of hidden units.
        accuracies: The share that each network reads right.
    """

    hidden: int
    accuracies: tuple[float, ...]

    @property
    def median(self) -> float:
        """The accuracy in the middle."""
        return median(self.accuracies)


def width(
    results: Mapping[int, Sequence[float]], *, in_features: int = 64, out_features: int = 10
) -> Figure:
    """Draw the accuracy of networks with one hidden layer by its width.

    Args:
        results: The accuracies, from 0 to 1, of networks trained from different weights, by their
            number of hidden units.
        in_features: The number of inputs: 64 pixels in the digits of scikit-learn.
        out_features: The number of classes.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed.

    Example:
        >>> width({4: [0.71, 0.82], 16: [0.96, 0.97], 4096: [0.98, 0.97]}).title
        'Accuracy by the number of hidden units: from 16 on within 1 point of the best, 97.5%'
    """
    found = trained(results)
    inputs, classes = whole("in_features", in_features, 1), whole("out_features", out_features, 2)
    still = [each.hidden for each in found].index(enough(found).hidden)
    sheet = Sheet()
    sheet.title(partial(text, "figure.hidden.heading"))
    sheet.words(partial(_setting, found, inputs, classes))
    readout = sheet.y + 10
    plot = _Plot(found, readout + 84, still)
    common = plot.drawn(classes)
    scenes = [_words(each, inputs, classes, readout) + plot.now(each) for each in found]
    sheet.y = plot.bottom + 44
    sheet.key(
        [
            (partial(text, "figure.hidden.key.one"), _dot_swatch),
            (partial(text, "figure.hidden.key.median"), _median_swatch),
            (partial(text, "figure.hidden.key.guess"), chart.limit_swatch),
        ]
    )
    common += sheet.drawing
    targets = chart.targets(plot.x, plot.y, [each.hidden for each in found])
    sweep = Sweep(1, len(found), pace=2.0)
    return moving(
        text("figure.hidden.title", **_chosen(found)),
        text("figure.space").join(
            [
                _setting(found, inputs, classes),
                *(_told(each, inputs, classes) for each in found),
                text("figure.hidden.says", **_chosen(found)),
            ]
        ),
        sheet.height,
        partial(_draw, common, scenes, targets),
        sweep,
        still,
        told([_told(each, inputs, classes) for each in found], sweep),
    )


def trained(results: object) -> tuple[Trained, ...]:
    """Return the networks of a figure, from the narrowest.

    Args:
        results: What the user gave: accuracies by the number of hidden units.

    Raises:
        ArgumentError: If it is no such mapping.

    Example:
        >>> [each.median for each in trained({16: [0.9, 0.8, 0.97], 4: [0.5]})]
        [0.5, 0.9]
    """
    least = 2
    if not isinstance(results, Mapping) or not least <= len(results) <= _MOST_WIDTHS:
        raise ArgumentError(
            f"results as a mapping from {least} to {_MOST_WIDTHS} numbers of hidden units to "
            "accuracies",
            f"results={shown(results)}",
            "write for example results={16: [0.96, 0.97], 256: [0.98, 0.99]}",
        )
    found = [
        Trained(whole("the number of hidden units", hidden, 1), _accuracies(hidden, values))
        for hidden, values in results.items()
    ]
    return tuple(sorted(found, key=lambda each: each.hidden))


def enough(networks: Sequence[Trained]) -> Trained:
    """Return the narrowest of the networks that read almost as well as the best.

    Example:
        >>> enough(trained({4: [0.8], 64: [0.98], 4096: [0.985]})).hidden
        64
    """
    best = max(each.median for each in networks)
    return next(each for each in networks if each.median >= best - _NEAR)


def parameters(hidden: int, in_features: int, out_features: int) -> int:
    """Return the number of parameters of both layers.

    Example:
        >>> parameters(20, 64, 10)
        1510
    """
    layers = Linear(in_features, hidden), Linear(hidden, out_features)
    return sum(layer.parameters for layer in layers)


def _accuracies(hidden: object, values: object) -> tuple[float, ...]:
    given = maps.plain("results", values)
    listed = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    if not listed or not isinstance(given, Sequence) or not 0 < len(given) <= _MOST_SEEDS:
        raise ArgumentError(
            f"1 to {_MOST_SEEDS} accuracies for each number of hidden units",
            f"results[{shown(hidden)}]={shown(given)}",
            "write for example results={16: [0.96, 0.97], 256: [0.98, 0.99]}",
        )
    return tuple(_share(f"results[{shown(hidden)}][{at}]", each) for at, each in enumerate(given))


def _share(name: str, value: object) -> float:
    found = nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    if not 0 <= found <= 1:
        raise ArgumentError(
            "accuracies from 0 to 1", f"{name}={shown(value)}", "give shares: 0.97 for 97%"
        )
    return found


class _Plot:
    """The chart: hidden units across, accuracies up."""

    def __init__(self, networks: Sequence[Trained], top: float, still: int) -> None:
        self.networks, self.top, self.bottom = networks, top, top + _PLOT
        widths = [each.hidden for each in networks]
        chosen = widths[still], widths[-1], widths[0]
        self.widths = [*dict.fromkeys((*chosen, *widths))]
        room = max(widest(partial(_percent, share)) for share in _SHARES)
        margin = (widths[-1] / widths[0]) ** 0.03
        left = chart.numbers_left(MARGIN + 4, [room])  # signs of percent are wide
        right = WIDTH - MARGIN - 12
        self.x = Axis(widths[0] / margin, widths[-1] * margin, left, right, logarithmic=True)
        self.y = Axis(0, 1, self.bottom, self.top)

    def drawn(self, classes: int) -> str:
        """Draw what does not change."""
        middle = [(self.x.at(each.hidden), self.y.at(each.median)) for each in self.networks]
        low = [(self.x.at(each.hidden), self.y.at(min(each.accuracies))) for each in self.networks]
        high = [(self.x.at(each.hidden), self.y.at(max(each.accuracies))) for each in self.networks]
        band = chart.polyline([*low, *reversed(high)]) + "z"
        across = text("figure.hidden.across")
        dots = "".join(
            _dot(self.x.at(each.hidden), self.y.at(accuracy))
            for each in self.networks
            for accuracy in each.accuracies
        )
        return "".join(
            (
                label(MARGIN, self.top - 16, text("figure.hidden.up"), "cx-small"),
                chart.ground(self.x, self.y, self.widths, _SHARES),
                chart.numbers_up(self.y, _SHARES, _percent, self.x.start - 7),
                chart.numbers_across(
                    self.x, self.widths, list(map(str, self.widths)), self.bottom + 19
                ),
                label(self.x.end, self.bottom + 40, across, "cx-small cx-end"),
                element("path", class_="cx-dense", d=band),
                chart.limit_line(self.x, self.y.at(1 / classes)),
                element("path", class_="cx-dense-line", d=chart.polyline(middle), stroke_width=2.5),
                element("path", class_="cx-paper cx-dense-line", d=dots),
            )
        )

    def now(self, network: Trained) -> str:
        """Draw the mark of a step."""
        x, y = self.x.at(network.hidden), self.y.at(network.median)
        rise = f"M{decimal(x)} {decimal(self.bottom)}V{decimal(y)}"
        return element("path", class_="cx-shift", d=rise, stroke_dasharray="2 3") + chart.mark(
            x, y, 0, "cx-mark", 6.0
        )


def _dot(x: float, y: float, radius: float = 3.0) -> str:
    """Return a circle as path data."""
    size, across = decimal(radius), decimal(2 * radius)
    arc = f"a{size} {size} 0 1 0"
    return (
        f"M{decimal(round(x, 1) - radius)} {decimal(round(y, 1))}{arc} {across} 0{arc}-{across} 0z"
    )


def _draw(common: str, scenes: Sequence[str], above: str, stage: Stage) -> str:
    return common + chart.scenes(stage, scenes) + above


def _words(network: Trained, inputs: int, classes: int, top: float) -> str:
    """Write how well networks of one width read, and how many parameters they have."""
    spread = text("figure.hidden.spread", **_spread(network))
    pieces = [
        (_units(network.hidden), ""),
        (_precise(network.median), "cx-title"),
        (spread, "cx-small"),
    ]
    counted = partial(_counted, network.hidden, inputs, classes)
    fits = widest(counted, SMALL_SIZE) <= ROOM
    formula = counted() if fits else number(parameters(network.hidden, inputs, classes))
    return label(MARGIN, top + 17, pieces) + label(MARGIN, top + 40, formula, "cx-small")


def _counted(hidden: int, inputs: int, classes: int) -> str:
    """Return how the number of parameters comes about: a bias is one more weight of each unit."""
    return text(
        "figure.hidden.parameters",
        formula=f"({inputs} + 1)·{hidden} + ({hidden} + 1)·{classes}",
        count=number(parameters(hidden, inputs, classes)),
    )


def _units(count: int) -> str:
    return text(f"figure.hidden.units.{'one' if count == 1 else 'many'}", count=number(count))


def _percent(share: float) -> str:
    return text("figure.percent", value=number(round(100 * share)))


def _precise(share: float) -> str:
    return text("figure.percent", value=number(100 * share, 1, fixed=True))


def _spread(network: Trained) -> dict[str, str]:
    ends = min(network.accuracies), max(network.accuracies)
    return {"low": number(100 * ends[0], 1, fixed=True), "high": _precise(ends[1])}


def _setting(networks: Sequence[Trained], inputs: int, classes: int) -> str:
    seeds = {len(each.accuracies) for each in networks}
    low, high = min(seeds), max(seeds)
    count = number(low) if low == high else text("figure.range", first=low, last=high)
    return text(
        "figure.hidden.setting", inputs=number(inputs), classes=number(classes), count=count
    )


def _chosen(networks: Sequence[Trained]) -> dict[str, str]:
    return {
        "count": number(enough(networks).hidden),
        "points": number(100 * _NEAR),
        "best": _precise(max(each.median for each in networks)),
    }


def _told(network: Trained, inputs: int, classes: int) -> str:
    return text(
        "figure.hidden.told",
        units=_units(network.hidden),
        median=_precise(network.median),
        **_spread(network),
        parameters=number(parameters(network.hidden, inputs, classes)),
    )


def _dot_swatch(x: float, y: float) -> str:
    middle = SWATCH / 2
    return element("path", class_="cx-paper cx-dense-line", d=_dot(x + middle, y + middle))


def _median_swatch(x: float, y: float) -> str:
    band = f"M{decimal(x)} {decimal(y)}h{SWATCH}v{SWATCH}h-{SWATCH}z"
    line = f"M{decimal(x)} {decimal(y + 8 + HALF)}h{SWATCH}"
    return element("path", class_="cx-dense", d=band) + element(
        "path", class_="cx-dense-line", d=line, stroke_width=2.5
    )
