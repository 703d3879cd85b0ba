"""Curves: errors by context, costs by image size, accuracy by width, receptive fields by layer."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.figures import cost_words, maps, scales
from cnnexplain.figures.priced import timed
from cnnexplain.figures.width_curve import trained
from cnnexplain.languages import number, text
from cnnexplain.plots import canvas
from cnnexplain.report import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from matplotlib.axes import Axes

    from cnnexplain.figures.priced import Measured, Networks, Sizes

# As in the figures: each line differs in its dashes and its marks, too.
_LINES, _MARKS = ("-", ":", "-."), "osD"
_NUMBERS = 14  # as many have room on an axis


def halo(
    errors: Mapping[int, float], *, rounding: float = scales.ROUNDING, ax: Axes | None = None
) -> Axes:
    """Plot the relative error of one window by the context that is kept around it.

    Args:
        errors: The relative error by the context in pixels.
        rounding: The largest error that is taken for rounding; such points are hollow, below.
        ax: Where to plot; new axes unless given.

    Returns:
        The axes.

    Raises:
        ArgumentError: If an argument is not allowed.
        CnnExplainError: If matplotlib is missing.

    Example:
        >>> from matplotlib.figure import Figure
        >>> halo({0: 0.3, 32: 0.12, 64: 0.016}, ax=Figure().subplots()).get_yscale()
        'log'
    """
    found = maps.sweep("errors", errors)
    limit = maps.limit("rounding", rounding)
    real = [(context, error) for context, error in found if error > limit]
    equal = [context for context, error in found if error <= limit]
    scale = scales.error_scale([error for _, error in found], limit, logarithmic=True)
    axes = canvas.axes(ax)
    ticks = scale.ticks if scale else (limit or scales.ROUNDING,)
    if real:
        axes.plot(*zip(*real, strict=True), "o-", color=canvas.colour("error-ink"))
    axes.set_yscale("log")
    floor = ticks[0] / 10**0.5
    if equal:
        style: dict[str, Any] = {"color": canvas.colour("output-ink")}
        style["markerfacecolor"] = canvas.colour("paper")
        name = text("figure.heatmap.key.zero")
        axes.plot(equal, [floor] * len(equal), "o", label=name, **style)
        canvas.legend(axes)
    axes.set_ylim(floor / 10**0.25, ticks[-1] * 10**0.1)
    canvas.ticks(axes.yaxis, ticks, [scales.percent(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xticks([context for context, _ in found])
    canvas.named(axes, text("plot.context"), text("figure.heatmap.relative"))
    return axes


def cost(
    network: Networks | None = None,
    image_sizes: Sizes | None = None,
    measured: Measured | None = None,
    measured_on: str | date | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Plot how many times less work one pass is than sliding, against the size of the image.

    Args:
        network: A network of `cnnexplain.networks`, the trace of a module, or several of them by
            name; VGG-16 and AlexNet unless given.
        image_sizes: The images that have numbers, on which windows leave no remainder; by the
            network's name if they differ.
        measured: How many times faster one pass was: rows of network, image size, ratio.
        measured_on: The day on which that was measured.
        ax: Where to plot; new axes unless given.

    Returns:
        The axes.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If a window is larger than an image.
        CnnExplainError: If matplotlib is missing.

    Example:
        >>> from matplotlib.figure import Figure
        >>> len(cost(ax=Figure().subplots()).get_lines())
        4
    """
    found, when = timed(network, image_sizes, measured, measured_on)
    axes = canvas.axes(ax)
    ink = canvas.colour("ink")
    for each, line, mark in zip(found, _LINES, _MARKS, strict=False):
        sizes = [saving.image_size for saving in each.every]
        ratios = [float(saving.ratio) for saving in each.every]
        limit = cost_words.ratio(each.work.limit)
        marked = [sizes.index(saving.image_size) for saving in each.savings]
        axes.plot(
            *(sizes, ratios, line + mark),
            color=ink,
            markersize=4,
            markevery=marked,
            label=each.name,
        )
        axes.axhline(
            float(each.work.limit),
            color=canvas.colour("padding"),
            linestyle="--",
            label=text("plot.limit", name=each.name, limit=limit),
        )
        if each.measured and when:
            axes.plot(
                *zip(*sorted(each.measured.items()), strict=True),
                mark,
                color=ink,
                markerfacecolor=canvas.colour("paper"),
                markersize=7,
                label=text("plot.measured", name=each.name, day=cost_words.day(when)),
            )
    axes.set_xticks(_apart([saving.image_size for saving in found[0].savings]))
    axes.set_ylim(bottom=0)
    canvas.legend(axes)
    canvas.named(axes, text("figure.cost.across"), text("figure.cost.up"))
    return axes


def width(results: Mapping[int, Sequence[float]], *, ax: Axes | None = None) -> Axes:
    """Plot the accuracy of networks with one hidden layer by its width.

    Args:
        results: The accuracies, from 0 to 1, of networks trained from different weights, by their
            number of hidden units.
        ax: Where to plot; new axes unless given.

    Returns:
        The axes.

    Raises:
        ArgumentError: If an argument is not allowed.
        CnnExplainError: If matplotlib is missing.

    Example:
        >>> from matplotlib.figure import Figure
        >>> width({1: [0.2, 0.26], 16: [0.96, 0.97]}, ax=Figure().subplots()).get_xscale()
        'log'
    """
    found = trained(results)
    widths = [each.hidden for each in found]
    axes = canvas.axes(ax)
    line = canvas.colour("dense-line")
    axes.fill_between(
        widths,
        [min(each.accuracies) for each in found],
        [max(each.accuracies) for each in found],
        color=canvas.colour("dense"),
    )
    middles = [each.median for each in found]
    axes.plot(widths, middles, color=line, label=text("figure.hidden.key.median"))
    dots = [(each.hidden, accuracy) for each in found for accuracy in each.accuracies]
    axes.plot(
        *zip(*dots, strict=True),
        "o",
        color=line,
        markerfacecolor=canvas.colour("paper"),
        markersize=4,
        label=text("figure.hidden.key.one"),
    )
    axes.set_xscale("log", base=2)
    canvas.ticks(axes.xaxis, widths, [number(each) for each in widths])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    shares = [0.0, 0.25, 0.5, 0.75, 1.0]
    canvas.ticks(axes.yaxis, shares, [scales.percent(share) for share in shares])
    canvas.legend(axes)
    canvas.named(axes, text("figure.hidden.across"), text("figure.hidden.up"))
    return axes


def receptive_field(trace: Trace, *, ax: Axes | None = None) -> Axes:
    """Plot how much of the picture one unit of each layer sees, on the first axis.

    Args:
        trace: What `cnnexplain.trace` returns.
        ax: Where to plot; new axes unless given.

    Returns:
        The axes.

    Raises:
        ArgumentError: If that is no trace, or no layer of it has a receptive field.
        CnnExplainError: If matplotlib is missing.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from cnnexplain import networks, trace
        >>> axes = receptive_field(trace(networks.lenet5()), ax=Figure().subplots())
        >>> [each.get_text() for each in axes.get_xticklabels()]
        ['conv1', 'pool2', 'conv3', 'pool4', 'fc5']
    """
    if not isinstance(trace, Trace):
        raise ArgumentError(
            "a trace", shown(trace), "write for example cx.trace(cx.networks.alexnet())"
        )
    fields = [(row.name, row.receptive_field[0]) for row in trace.rows if row.receptive_field]
    if not fields:
        raise ArgumentError(
            "layers that look at a part of the picture", "none of them", "trace a network of images"
        )
    names, sizes = zip(*fields, strict=True)
    # Layers that see as much as the one before need no name.
    named = [0, *(at + 1 for at, (one, other) in enumerate(pairwise(sizes)) if one != other)]
    axes = canvas.axes(ax)
    axes.plot(sizes, color=canvas.colour("field-line"), drawstyle="steps-mid")
    axes.plot(named, [sizes[at] for at in named], "o", color=canvas.colour("field-line"))
    picture = trace.input_size[1] if len(trace.input_size) > 1 else None
    if picture:
        name = text("plot.picture", size=picture)
        axes.axhline(picture, color=canvas.colour("input-line"), linestyle="--", label=name)
        canvas.legend(axes)
    canvas.ticks(axes.xaxis, named, [names[at] for at in named])
    axes.tick_params(axis="x", labelrotation=90)
    axes.set_ylim(bottom=0)
    canvas.named(axes, text("table.name"), text("plot.field"))
    return axes


def _apart(sizes: Sequence[int]) -> list[int]:
    """Return the sizes that have room for a number.

    Example:
        >>> _apart([224, 256, 320, 384, 1024])
        [224, 320, 384, 1024]
    """
    least = (sizes[-1] - sizes[0]) / _NUMBERS
    kept = [sizes[0]]
    for size in sizes[1:]:
        if size - kept[-1] >= least:
            kept.append(size)
    return kept
