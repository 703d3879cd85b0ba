"""What a window costs in one pass: its convolutions are shared, fully connected layers are not."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.figures import cost_words
from cnnexplain.figures.colours import widest
from cnnexplain.figures.figure import Figure, standing
from cnnexplain.figures.priced import Networks, Priced, Sizes, priced
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
    label,
    text_width,
)
from cnnexplain.languages import text

if TYPE_CHECKING:
    from collections.abc import Sequence

# How many windows more than one the images have on each axis, unless it is said.
_STEPS = (1, 5, 9, 25)
_ROW, _BAR = 27, 20  # the room of a bar, and its height
_GAP = 12
_NAMED = 32  # the room of a network's name
_HATCH = 5  # the distance of the lines
_INFINITE = "\N{INFINITY}"


def cost_shares(network: Networks | None = None, image_sizes: Sizes | None = None) -> Figure:
    """Draw what a window costs: by itself, and in one pass over larger and larger images.

    The bars have two parts, convolutions and fully connected layers: only the first shrinks.

    Args:
        network: A network of `cnnexplain.networks`, the trace of a module, or several of them by
            name; VGG-16 and AlexNet unless given. It is a chain of layers that ends with a
            flattening and fully connected layers.
        image_sizes: The images, on which windows leave no remainder; by the network's name if they
            differ.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If a window is larger than an image.

    Example:
        >>> from cnnexplain import networks
        >>> cost_shares({"AlexNet": networks.alexnet()}, [387]).title
        'Share of fully connected layers: AlexNet 8.1% sliding, 51% in one pass over 387×387'
    """
    found = priced(network, image_sizes, steps=_STEPS)
    sheet = Sheet()
    sheet.title(partial(text, "figure.cost_shares.heading"))
    sheet.words(partial(text, "figure.cost_shares.words"))
    columns = _Columns.of(found)
    sheet.y += 30
    sheet.draw(columns.heading(sheet.y), 2)
    for each in found:
        sheet.draw(columns.bars(each, sheet.y), _NAMED + len(_rows(each)) * _ROW)
    sheet.y += 4
    sheet.key(
        [
            (partial(text, "figure.cost_shares.convolution"), _convolution_swatch),
            (partial(text, "figure.cost_shares.dense"), _dense_swatch),
        ]
    )
    comma = text("figure.comma")
    return standing(
        text("figure.cost_shares.title.all", parts=comma.join(map(_titled, found))),
        text("figure.space").join(map(_told, found)),
        sheet.height,
        sheet.drawing,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """What one window costs on an image.

    Attributes:
        image: The image's size in words.
        convolution: The multiply-accumulates of convolutions.
        dense: Those of fully connected layers.
    """

    image: str
    convolution: Fraction
    dense: Fraction

    @property
    def total(self) -> Fraction:
        return self.convolution + self.dense

    @property
    def share(self) -> str:
        return cost_words.share(self.dense / self.total)


def _rows(network: Priced) -> list[_Row]:
    """Return what a window costs: by itself, in one pass over each image, and in the limit."""
    macs = network.work.macs
    window = cost_words.square(network.work.window)
    alone = _Row(window, Fraction(macs.convolution), Fraction(macs.dense))
    passes = [
        _Row(
            cost_words.square(saving.image_size),
            Fraction(saving.one_pass.convolution, saving.count),
            Fraction(saving.one_pass.dense, saving.count),
        )
        for saving in network.savings
    ]
    return [alone, *passes, _Row(_INFINITE, network.work.shared, Fraction(macs.dense))]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the images, the bars, the amounts and the shares stand."""

    bar: float
    room: float
    amount: float
    share: float

    @classmethod
    def of(cls, networks: Sequence[Priced]) -> _Columns:
        """Return the columns that have room for all networks in every language."""
        rows = [row for each in networks for row in _rows(each)]
        image = max(text_width(row.image, SMALL_SIZE) for row in rows)
        amounts = max(
            widest(partial(_bare, row, each.work.macs.total))
            for each in networks
            for row in _rows(each)
        )
        shares = max(
            widest(partial(cost_words.share, row.dense / row.total), LABEL_SIZE, bold=True)
            for row in rows
        )
        bar = MARGIN + image + _GAP + 4
        share = float(WIDTH - MARGIN)
        amount = share - shares - _GAP
        return cls(round(bar) + HALF, round(amount - amounts - _GAP - bar), amount, share)

    def heading(self, y: float) -> str:
        """Write what stands in the columns."""
        return (
            label(MARGIN, y, text("figure.cost_shares.image"), "cx-small")
            + label(self.amount, y, text("table.macs"), "cx-small cx-end")
            + _dense_swatch(self.share - SWATCH - 2, y - 13)
        )

    def bars(self, network: Priced, top: float) -> str:
        """Draw the bars of a network."""
        rows = _rows(network)
        scale = self.room / float(rows[0].total)
        parts = [label(MARGIN, top + 23, network.name, "cx-title")]
        lines = []
        for at, row in enumerate(rows):
            y = round(top + _NAMED + at * _ROW) + HALF
            middle = self.bar + float(row.convolution) * scale
            end = middle + float(row.dense) * scale
            lines.append((middle, end, y))
            parts.append(label(MARGIN, y + 15, row.image, "cx-small"))
            amount = _bare(row, network.work.macs.total)
            parts.append(label(self.amount, y + 15, amount, "cx-small cx-end"))
            parts.append(label(self.share, y + 15, row.share, "cx-dense-ink cx-end"))
        convolutions = "".join(box(self.bar, y, middle - self.bar, _BAR) for middle, _, y in lines)
        dense = "".join(box(middle, y, end - middle, _BAR) for middle, end, y in lines)
        hatches = "".join(_hatched(middle, end, y) for middle, end, y in lines)
        parts.append(element("path", class_="cx-conv cx-conv-line", d=convolutions))
        parts.append(element("path", class_="cx-dense", d=dense))
        parts.append(element("path", class_="cx-dense-line", d=dense + hatches))
        sliding, one_pass = (
            partial(text, f"figure.cost_shares.{each}") for each in ("sliding", "one_pass")
        )
        (first, _, y), *others = lines
        if widest(sliding, LABEL_SIZE, bold=True) + 14 <= first - self.bar:
            parts.append(label(self.bar + 8, y + 15, sliding(), "cx-conv-ink"))
        # Named where there is room beside the bar.
        for _, end, y in others:
            if end + 8 + widest(one_pass) <= self.bar + self.room:
                parts.append(label(end + 8, y + 15, one_pass(), "cx-small"))
                break
        return "".join(parts)


def _bare(row: _Row, like: int) -> str:
    return cost_words.amount(row.total, like, bare=True)


def _hatched(left: float, right: float, top: float) -> str:
    """Return slanted lines across a part of a bar, as path data."""
    data = []
    at = left - _BAR + _HATCH
    while at < right:
        # From below to above, cut where the part begins and ends.
        start, stop = max(at, left), min(at + _BAR, right)
        if stop - start > 1:
            x, y = decimal(start), decimal(top + _BAR - (start - at))
            data.append(f"M{x} {y}l{decimal(stop - start)}-{decimal(stop - start)}")
        at += _HATCH
    return "".join(data)


def _convolution_swatch(x: float, y: float) -> str:
    data = box(x + HALF, y + HALF, SWATCH, SWATCH)
    return element("path", class_="cx-conv cx-conv-line", d=data)


def _dense_swatch(x: float, y: float) -> str:
    lines = "".join(f"M{x + HALF:g} {y + HALF + at:g}l{at:g}-{at:g}" for at in (8, 16))
    lines += f"M{x + HALF + 8:g} {y + HALF + 16:g}l8-8"
    data = box(x + HALF, y + HALF, SWATCH, SWATCH)
    return element("path", class_="cx-dense", d=data) + element(
        "path", class_="cx-dense-line", d=data + lines
    )


def _titled(network: Priced) -> str:
    alone, *passes, _ = _rows(network)
    shown = passes[len(passes) // 2 - (len(passes) % 2 == 0)]
    return text(
        "figure.cost_shares.title.part",
        name=network.name,
        alone=alone.share,
        share=shown.share,
        size=shown.image,
    )


def _told(network: Priced) -> str:
    """Return the bars of a network in words."""
    alone, *passes, limit = _rows(network)
    told = [
        text(
            "figure.cost_shares.says.row",
            size=row.image,
            amount=cost_words.amount(row.total),
            share=row.share,
        )
        for row in passes
    ]
    return text(
        "figure.cost_shares.says.network",
        name=network.name,
        amount=cost_words.amount(alone.total),
        share=alone.share,
        rows=text("figure.semicolon").join(told),
        least=cost_words.amount(limit.total),
        most=limit.share,
    )
