"""The fully connected layers of a real network, folded into kernels: sizes, drawn to scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.errors import ArgumentError, ShapeError, pair, shown
from cnnexplain.figures.figure import standing
from cnnexplain.figures.folded_views import Pair, front, rods, zoomed
from cnnexplain.figures.sheet import ROOM, Sheet
from cnnexplain.figures.svg import HALF, LABEL_SIZE, MARGIN, label, text_width
from cnnexplain.graph import walk
from cnnexplain.languages import number, shape, text
from cnnexplain.operations import Conv2d, Linear
from cnnexplain.report import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.graph import Network, Row
    from cnnexplain.operations import Shape

_NAME, _ABOVE = 30, 10
_LINE = 24
_MOST_LAYERS = 5
_NAMES = 92  # the width of the layers' names
_MAP_AXES = 3
_LARGEST = 4096  # pixels


def folding_sizes(trace: Trace | None = None, image_size: PerAxis = 384) -> Figure:
    """Draw what the fully connected layers of a classifier fold into, to scale.

    Args:
        trace: The classifier, traced for the pictures that it takes; VGG-16 unless given.
        image_size: The size of a larger picture: a number, or (height, width).

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or no fully connected layer follows a
            flattening.
        ShapeError: If the layers below cannot take the larger picture.

    Example:
        >>> folding_sizes().title
        'VGG-16, fc6: 4,096 rows of 25,088 weights fold into 4,096 kernels of 512×7×7'
    """
    classifier = _classifier(trace, image_size)
    first = classifier.layers[0]
    sheet = Sheet()
    sheet.title(lambda: _heading(first))
    sheet.phrases(lambda: [classifier.trace.caption])

    sheet.y += _NAME
    shape_ = shape((first.outputs, first.inputs))
    sheet.parts.append(
        label(MARGIN, sheet.y, text("figure.folding_sizes.matrix", size=shape_), "cx-dense-ink")
    )
    sheet.y += _ABOVE + HALF
    sheet.draw(*zoomed(sheet.y, first.outputs, first.inputs, first.kernel, lambda: _row(first)))
    names = [
        text("figure.folding_sizes.kernel", size=shape(first.kernel)),
        text("figure.folding_sizes.map", size=shape(classifier.map)),
    ]
    sheet.draw(*rods(sheet.y, first.kernel, names))

    pairs = [_pair(classifier, image, size) for image, size in classifier.pictures]
    sheet.draw(*front(sheet.y, first.kernel[1:], pairs))
    sheet.draw(*_table(sheet.y + 6, classifier.layers))
    sheet.formula(lambda: [(_product(first), ""), (number(first.weights), "conv")])
    return standing(
        text("figure.folding_sizes.title", **_named(classifier)),
        _description(classifier),
        sheet.height,
        sheet.drawing,
    )


@dataclass(frozen=True, slots=True)
class Layer:
    """A fully connected layer, and the convolution that it folds into.

    Attributes:
        name: Its path in the network.
        inputs: How many values it takes.
        outputs: How many it gives.
        kernel: The shape of a kernel: channels, height, width.
    """

    name: str
    inputs: int
    outputs: int
    kernel: Shape

    @property
    def weights(self) -> int:
        """The number of weights, which both have."""
        channels, *sizes = self.kernel
        linear = Linear(self.inputs, self.outputs, bias=False).parameters
        convolution = Conv2d(channels, self.outputs, tuple(sizes), bias=False).parameters
        assert linear == convolution
        return linear


@dataclass(frozen=True, slots=True)
class Classifier:
    """A network whose fully connected layers fold into kernels.

    Attributes:
        trace: The network, traced for its own pictures.
        layers: Its fully connected layers.
        map: The map that the first of them takes flattened.
        image: The size of a larger picture.
        larger: The map that the layers below make of it.
    """

    trace: Trace
    layers: tuple[Layer, ...]
    map: Shape
    image: tuple[int, int]
    larger: Shape

    @property
    def pictures(self) -> tuple[tuple[Shape, Shape], ...]:
        """The size of each picture, and the map that the layers below make of it."""
        own = self.trace.input_size[1:]
        return (own, self.map), (self.image, self.larger)

    def cells(self, size: Shape) -> tuple[int, int]:
        """Return how many outputs each kernel has on a map.

        Args:
            size: The map's channels, height and width.
        """
        (_, *kernel), (_, *sides) = self.layers[0].kernel, size
        rows, columns = (
            axis.convolution(extent).output_size(side)
            for extent, side in zip(kernel, sides, strict=True)
        )
        return rows, columns


def _classifier(trace: object, image_size: object) -> Classifier:
    if trace is None:
        network = networks.vgg16()
        assert network.input_size
        sizes = (network.input_size,)
        trace = Trace(network, sizes, 1, tuple(walk(network, sizes)))
    if not isinstance(trace, Trace):
        raise ArgumentError(
            "a trace of a classifier",
            f"trace={shown(trace)}",
            "write for example folding_sizes(cx.trace(cx.networks.vgg16()))",
        )
    if len(trace.input_sizes) != 1 or len(trace.input_size) != _MAP_AXES:
        raise ArgumentError(
            "a trace of a network that takes one picture",
            f"input sizes {shown(trace.input_sizes)}",
            "trace the network for one (channels, height, width)",
        )
    image = pair("image_size", image_size, 1)
    own = trace.input_size[1:]
    if any(large < small for large, small in zip(image, own, strict=True)):
        raise ArgumentError(
            f"image_size of at least {shape(own)}, for which the network was traced",
            f"image_size={shape(image)}",
            f"use image_size={max(own)} or more",
        )
    if max(image) > _LARGEST:
        raise ArgumentError(
            f"image_size of at most {_LARGEST} in a figure",
            f"image_size={shape(image)}",
            f"use image_size={_LARGEST} or less",
        )
    rows = tuple(walk(trace.network, trace.input_sizes, 1))
    layers, flattened = _layers(trace.network, rows)
    if flattened is None:
        raise ArgumentError(
            "a network with a Linear layer behind a flattening",
            f"none in {shown(trace.network.name or 'the network')}",
            "trace a classifier, for example cx.networks.vgg16()",
        )
    larger = _value(trace.network, (trace.input_size[0], *image), flattened)
    return Classifier(trace, tuple(layers), layers[0].kernel, image, larger)


def _layers(network: Network, rows: Sequence[Row]) -> tuple[list[Layer], int | None]:
    """Return the layers that fold, and the number of the value that is flattened before them."""
    found: list[Layer] = []
    flattened = None
    # For each value that has the numbers of a map, or of a layer's outputs: the kernel's shape.
    kernels: dict[int, Shape] = {}
    for at, (node, row) in enumerate(zip(network.nodes, rows, strict=True), 1):
        source, (_, *before), (_, *after) = node.inputs[0], row.input_shape, row.output_shape
        if isinstance(row.operation, Linear) and source in kernels and len(before) == 1:
            kernel = kernels[source]
            found.append(Layer(row.name, before[0], after[0], kernel))
            kernels[at] = after[0], 1, 1
        elif len(before) == _MAP_AXES and after == [prod(before)] and flattened is None:
            flattened = source
            kernels[at] = tuple(before)
        elif before == after and source in kernels and len(node.inputs) == 1:
            kernels[at] = kernels[source]
    return (found, flattened) if found else ([], None)


def _value(network: Network, size: Shape, value: int) -> Shape:
    """Return the shape, without the batch, of a value of the network for another picture."""
    if not value:
        return size
    # Layers behind it would refuse what they are not made for.
    row = next(islice(walk(network, [size]), value - 1, None))
    return row.output_shape[1:]


def _pair(classifier: Classifier, image: Shape, size: Shape) -> Pair:
    cells = classifier.cells(size)
    outputs = classifier.layers[0].outputs
    return Pair(text("figure.folding_sizes.image", size=shape(image)), size, (outputs, *cells))


def _table(y: float, layers: Sequence[Layer]) -> tuple[str, float]:
    """List the layers: the shape of each one's weights before and after, and their number."""
    columns = MARGIN, MARGIN + _NAMES, MARGIN + ROOM
    heads = [text(f"figure.folding_sizes.{name}") for name in ("layer", "weight", "count")]
    lines = [(heads, "cx-small")]
    for layer in layers[:_MOST_LAYERS]:
        before = shape((layer.outputs, layer.inputs))
        after = shape((layer.outputs, *layer.kernel))
        lines.append(([_short(layer.name), f"{before} → {after}", number(layer.weights)], ""))
    parts = []
    for at, (texts, class_) in enumerate(lines, 1):
        for column, content in zip(columns, texts, strict=True):
            end = " cx-end" if column == columns[-1] else ""
            parts.append(label(column, y + at * _LINE, content, (class_ + end).strip()))
    return "".join(parts), 6 + _LINE * len(lines) + 4


def _short(name: str) -> str:
    """Return a layer's name as long as its column has room for: its end tells most."""
    kept = name
    while text_width(kept, LABEL_SIZE, bold=True) > _NAMES - 20:
        kept = kept[1:]
    return name if kept == name else f"…{kept}"


def _product(layer: Layer) -> str:
    factors = "·".join(map(str, layer.kernel))
    return f"{layer.outputs}·{layer.inputs} = {layer.outputs}·{factors} = "


def _heading(layer: Layer) -> str:
    rows = number(layer.outputs)
    return text("figure.folding_sizes.heading", layer=_short(layer.name), rows=rows)


def _row(layer: Layer) -> str:
    return text(
        "figure.folding_sizes.row",
        rows=number(layer.outputs),
        columns=number(layer.inputs),
        product="·".join(map(str, layer.kernel)),
    )


def _named(classifier: Classifier) -> dict[str, str]:
    first = classifier.layers[0]
    return {
        "network": classifier.trace.network.name or text("table.network"),
        "layer": first.name,
        "rows": number(first.outputs),
        "columns": number(first.inputs),
        "product": "·".join(map(str, first.kernel)),
        "kernel": shape(first.kernel),
    }


def _description(classifier: Classifier) -> str:
    first = classifier.layers[0]
    say = partial(text, **_named(classifier))
    sentences = [
        say(
            "figure.folding_sizes.says.rows",
            weights=number(first.weights),
            matrix=shape((first.outputs, first.inputs)),
        )
    ]
    sentences += [
        text(
            "figure.folding_sizes.says.picture",
            image=shape(image),
            map=shape(size),
            cells=shape(classifier.cells(size)),
        )
        for image, size in classifier.pictures
    ]
    if refused := _refused(first, classifier.larger):
        sentences.append(text("figure.folding_sizes.says.refused", values=number(refused)))
    for layer in classifier.layers[1:]:
        sentences.append(
            text(
                "figure.folding_sizes.says.layer",
                layer=layer.name,
                rows=number(layer.outputs),
                kernel=shape(layer.kernel),
                weights=number(layer.weights),
            )
        )
    return text("figure.space").join(sentences)


def _refused(layer: Layer, larger: Shape) -> int:
    """Return how many values the larger map has, if the layer refuses them."""
    try:
        Linear(layer.inputs, layer.outputs).output_shape((1, prod(larger)))
    except ShapeError:
        return prod(larger)
    return 0
