"""What the figure of crops and their map says, in one language."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

from cnnexplain.figures.heat_words import joined
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.crops import Crops

_UNITS = ((10**12, "tera"), (10**9, "giga"), (10**6, "mega"), (10**3, "kilo"))
_DIGITS = 4  # that mean something


def title(found: Crops) -> str:
    """Return the figure's title."""
    count = found.windows.count
    return text(
        "figure.crops.title",
        count=number(count),
        sliding=macs(found.sliding(count)),
        one_pass=macs(found.one_pass(count)),
        ratio=_digits(found.ratio),
    )


def heading(found: Crops) -> str:
    """Return what stands above the drawing."""
    return text("figure.crops.heading", count=number(found.windows.count))


def parameters(found: Crops) -> list[str]:
    """Return the network's name and the windows, one phrase each."""
    return [
        *filter(None, [found.name]),
        text("figure.parameter.window", value=shape(found.windows.window)),
        text("figure.parameter.stride", value=_both(found.windows.stride)),
    ]


def formula(found: Crops) -> list[tuple[str, str]]:
    """Return the quotient of the costs in pieces: a text, and its role or `""`."""
    count = found.windows.count
    crop, made, classified = map(macs, (found.crop_macs, found.map_macs, found.classifier_macs))
    return [
        (f"{number(count)} · {crop} / ({made} + {number(count)} · {classified}) = ", ""),
        (_digits(found.ratio), ""),
    ]


def macs(value: int) -> str:
    """Return a number of multiply-accumulates with its prefix.

    Args:
        value: The number.

    Example:
        >>> macs(15470264320), macs(58920), macs(7)
        ('15.47 G', '58.92 k', '7')
    """
    for unit, key in _UNITS:
        if value >= unit:
            return text(f"figure.crops.{key}", value=_digits(value / unit))
    return number(value)


def status(found: Crops) -> str:
    """Return what a step does, with placeholders for the script to fill."""
    return text(
        "figure.crops.status",
        step="{step}",
        steps=number(found.windows.count),
        row="{row}",
        column="{column}",
        rows="{rows}",
        columns="{columns}",
    )


def stops(found: Crops, side: int) -> list[tuple[str, str]]:
    """Return for each stop its number, and what its window reads of the image and of the map.

    Args:
        found: The windows.
        side: 0 down, 1 across.
    """
    line, windows = ("row", "column")[side], found.windows.sides[side]
    told = []
    for stop in range(windows.count):
        pixel, cell = stop * windows.stride, stop * found.step[side]
        pixels, cells = _span(pixel, windows.size), _span(cell, found.block[side])
        told.append((number(stop + 1), text(f"figure.crops.{line}", pixels=pixels, cells=cells)))
    return told


def described(found: Crops, step: int) -> str:
    """Return what a step does, in words.

    Args:
        found: The windows.
        step: The step, from 0.
    """
    row, column = divmod(step, found.windows.shape[1])
    (down, rows), (across, columns) = stops(found, 0)[row], stops(found, 1)[column]
    return status(found).format(
        step=number(step + 1), row=down, column=across, rows=rows, columns=columns
    )


def description(found: Crops, *, photograph: bool) -> str:
    """Return the figure in words, for readers who do not see it.

    Args:
        found: The windows.
        photograph: Whether the image is drawn.
    """
    count = found.windows.count
    return joined(
        text(
            "figure.crops.says.windows",
            window=shape(found.windows.window),
            stride=_both(found.windows.stride),
            image=shape(found.windows.image),
            cells=shape(found.windows.shape),
            count=number(count),
        ),
        text("figure.crops.says.image") if photograph else "",
        text("figure.crops.says.map", map=shape(found.map), block=shape(found.block)),
        text(
            "figure.crops.says.sliding",
            crop=macs(found.crop_macs),
            total=macs(found.sliding(count)),
        ),
        text(
            "figure.crops.says.one_pass",
            map=macs(found.map_macs),
            classifier=macs(found.classifier_macs),
            total=macs(found.one_pass(count)),
            ratio=_digits(found.ratio),
        ),
        text("figure.crops.says.cheaper", count=number(found.cheaper_from))
        if found.cheaper_from
        else "",
        text("figure.crops.equal"),
        text("figure.crops.says.still", status=described(found, count - 1)),
    )


def _span(first: int, size: int) -> str:
    if size == 1:
        return number(first + 1)
    return text("figure.range", first=number(first + 1), last=number(first + size))


def _digits(value: float) -> str:
    return number(value, max(0, _DIGITS - 1 - floor(log10(value))))


def _both(sizes: tuple[int, int]) -> str:
    return str(sizes[0]) if sizes[0] == sizes[1] else shape(sizes)
