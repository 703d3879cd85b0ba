"""The strides of known networks: each layer that steps, and the effective stride, their product."""

from __future__ import annotations

from functools import partial
from math import ceil, log2
from typing import TYPE_CHECKING

from cnnexplain.figures.downsampling import known, strided
from cnnexplain.figures.figure import moving, told
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.names import cut
from cnnexplain.figures.sheet import ROOM, SWATCH, Sheet
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
    rectangle,
    text_width,
)
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.downsampling import Given, Stride, Strides
    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.sheet import Mark
    from cnnexplain.figures.stage import Stage

_LARGE = 3  # the stride from which on a page calls it rare
_NAME, _BAR, _APART = 22, 26, 14  # a network's name, its layers, and the room below them
_LEFT = MARGIN + HALF
_ACROSS = ROOM - 2 * HALF  # lines on half units
_THICK = 3.0


def known_strides(networks: Given | None = None) -> Figure:
    """Draw the layers of networks that step by more than one, and their effective stride.

    Args:
        networks: The networks by name: traces, networks of `cnnexplain.networks`, or the texts of
            `nn.Sequential(...)`, which are traced on 224×224 pictures; LeNet-5, AlexNet, VGG-16,
            ResNet-50, ViT-B/16 and ConvNeXt-T unless given.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If that is no such mapping, or a network's strides cannot be drawn.
        SourceError: If a text is no network.
        ShapeError: If a layer cannot take what the layers before it make.

    Example:
        >>> from cnnexplain.networks import alexnet
        >>> known_strides({"AlexNet": alexnet()}).title
        'Effective strides: AlexNet (32)'
    """
    found = strided(known() if networks is None else networks)
    sweep = Sweep(1, max(1, *(len(each.layers) for each in found)), pace=2.0)
    largest = max(each.effective(sweep.steps) for each in found)
    octave = _ACROSS / max(ceil(log2(largest)), 1)
    sheet = Sheet()
    sheet.title(lambda: text("figure.known_strides.heading"))
    sheet.words(lambda: text("figure.known_strides.legend"))
    top = sheet.y + 12
    bottom = top + len(found) * (_NAME + _BAR + _APART)
    below = Sheet(bottom + 40)
    below.key(_marks(found))
    heading = sheet.drawing

    def draw(stage: Stage) -> str:
        drawn = [
            _network(stage, each, octave, top + at * (_NAME + _BAR + _APART))
            for at, each in enumerate(found)
        ]
        axis = _axis(octave, bottom)
        return "".join((heading, axis, *drawn, below.drawing))

    still = sweep.steps - 1
    sentences = [_told(found, step) for step in range(sweep.steps)]
    return moving(
        text("figure.known_strides.title", networks=_effective(found, sweep.steps)),
        _description(found),
        below.height,
        draw,
        sweep,
        still,
        told(sentences, sweep),
    )


def _axis(octave: float, y: float) -> str:
    """Write the powers of two under all networks."""
    xs = _powers(octave)
    parts = []
    for at, x in enumerate(xs):
        anchor = "" if at == 0 else " cx-end" if at == len(xs) - 1 else " cx-middle"
        parts.append(label(x, y + 18, number(2**at), f"cx-small{anchor}"))
    name = text("figure.known_strides.axis")
    parts.append(label(WIDTH / 2, y + 39, name, "cx-small cx-middle"))
    return "".join(parts)


def _powers(octave: float) -> list[float]:
    """Return where the powers of two stand."""
    return [_LEFT + at * octave for at in range(round(_ACROSS / octave) + 1)]


def _network(stage: Stage, network: Strides, octave: float, y: float) -> str:
    """Draw a network: its name, the product of its strides, and a box for each of its layers."""
    steps = max(len(network.layers), 1)
    name = cut(network.name, LABEL_SIZE, _ACROSS - 12 - _widest(network, steps), bold=True)
    parts = [label(_LEFT, y + _NAME - 7, name, "cx-title")]
    for at in range(steps):
        off = at + 1 if at + 1 < steps else None
        product = label(_LEFT + _ACROSS, y + _NAME - 7, _product(network, at + 1), "cx-end")
        parts.append(stage.seen(product, at, off))
    bar = y + _NAME
    lines = "".join(f"M{decimal(x)} {decimal(bar)}v{_BAR + 5}" for x in _powers(octave))
    parts.append(element("path", class_="cx-guide", d=lines, stroke_opacity=0.5))
    for at, layer in enumerate(network.layers):
        place = _place(layer, octave, bar)
        parts.append(rectangle("cx-paper", place))
        parts.append(element("path", class_="cx-guide", d=box(*place), stroke_dasharray="2 4"))
        parts.append(stage.seen(element("g", _box(layer, place), data_step=at), at))
    return "".join(parts)


def _widest(network: Strides, steps: int) -> float:
    return text_width("".join(piece for piece, _ in _product(network, steps)), 17, bold=True)


def _place(layer: Stride, octave: float, y: float) -> tuple[float, float, float, float]:
    start = _LEFT + log2(layer.effective / layer.step) * octave
    return start, y + HALF, log2(layer.step) * octave, float(_BAR - 1)


def _box(layer: Stride, place: tuple[float, float, float, float]) -> str:
    """Draw a layer: as wide as it makes the effective stride larger."""
    x, top, width, height = place
    step = number(layer.step)
    room = width - 6 - text_width(f"{step} ", LABEL_SIZE, bold=True)
    name = layer.name if text_width(layer.name, SMALL_SIZE) <= room else ""
    words = [(step, "cx-title"), (name and f" {name}", "cx-small")]
    down = top + height / 2 + 0.36 * LABEL_SIZE
    written = label(x + width / 2, down, [each for each in words if each[0]], "cx-middle")
    large = layer.step >= _LARGE
    return _marked(x, top, width, height, kind=layer.kind, large=large) + written


def _marked(x: float, y: float, width: float, height: float, *, kind: str, large: bool) -> str:
    """Draw a box: coloured if it has weights, with a thick line if its stride is large."""
    inset = _THICK / 2 - HALF if large else 0.0
    return element(
        "rect",
        class_="cx-conv cx-conv-line" if kind == "convolution" else "cx-paper cx-guide",
        x=x + inset,
        y=y + inset,
        width=width - 2 * inset,
        height=height - 2 * inset,
        stroke_width=_THICK if large else None,
    )


def _marks(found: Sequence[Strides]) -> list[Mark]:
    """Return the marks that need a word."""
    layers = [layer for each in found for layer in each.layers]
    marks: list[Mark] = []

    for kind in ("convolution", "pooling", "other"):
        if any(layer.kind == kind for layer in layers):
            make = partial(text, f"figure.known_strides.key.{kind}")
            marks.append((make, partial(_swatch, kind, False)))
    if large := [layer for layer in layers if layer.step >= _LARGE]:
        make = partial(text, "figure.known_strides.key.large")
        marks.append((make, partial(_swatch, large[0].kind, True)))
    return marks


def _swatch(kind: str, large: bool, x: float, y: float) -> str:
    return _marked(x + HALF, y + HALF, SWATCH, SWATCH, kind=kind, large=large)


def _product(network: Strides, count: int) -> list[tuple[str, str]]:
    """Return the strides of some layers and their product, in pieces with their classes."""
    factors = [number(layer.step) for layer in network.layers[:count]]
    pieces = [(f"{'·'.join(factors)} = ", "")] if len(factors) > 1 else []
    return [*pieces, (number(network.effective(count)), "cx-title")]


def _effective(found: Sequence[Strides], count: int) -> str:
    pairs = [
        text("figure.known_strides.pair", name=each.name, stride=number(each.effective(count)))
        for each in found
    ]
    return text("figure.comma").join(pairs)


def _told(found: Sequence[Strides], step: int) -> str:
    """Return what a step shows."""
    return text(
        "figure.known_strides.told", count=number(step + 1), networks=_effective(found, step + 1)
    )


def _description(found: Sequence[Strides]) -> str:
    """Return the figure in words, for readers who do not see it."""
    sentences = [text("figure.known_strides.legend")]
    large = []
    for each in found:
        pairs = [
            text("figure.known_strides.pair", name=layer.name, stride=number(layer.step))
            for layer in each.layers
        ]
        large += [
            text("figure.known_strides.of", network=each.name, layer=pair)
            for pair, layer in zip(pairs, each.layers, strict=True)
            if layer.step >= _LARGE
        ]
        layers = text("figure.comma").join(pairs) or text("figure.known_strides.none")
        effective = number(each.effective(len(each.layers)))
        sentences.append(
            text("figure.known_strides.network", name=each.name, layers=layers, stride=effective)
        )
    if large:
        listed = text("figure.semicolon").join(large)
        sentences.append(text("figure.known_strides.large", layers=listed))
    return text("figure.space").join(sentences)
