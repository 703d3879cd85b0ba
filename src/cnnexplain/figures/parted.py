"""A network in two parts: the layers that make maps, and from the flattening on its classifier.

Every window of an image shares the first part. The second one reads a block of the last map, as
large as the map of one window.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain import networks
from cnnexplain.errors import ArgumentError, shown
from cnnexplain.exactness import Exactness, Sized
from cnnexplain.graph import Network, Node, walk
from cnnexplain.languages import shape
from cnnexplain.operations import Conv2d, Linear
from cnnexplain.operations.padding import Pad, _PadLayer
from cnnexplain.operations.spatial import Spatial
from cnnexplain.windows import Convolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.graph import Row

Pair: TypeAlias = tuple[int, int]

_MAP, _FLAT = 4, 2  # the axes of a map and of a list of features, with the batch
_FOR_EXAMPLE = "write for example cx.networks.vgg16()"


@dataclass(frozen=True)
class Parted:
    """A network of map layers, a flattening, and fully connected layers.

    Attributes:
        network: The whole network.
        maps: Its layers before the flattening.
        rows: The rows of the whole network for its own input size.
    """

    network: Network
    maps: Network
    rows: tuple[Row, ...]

    @property
    def channels(self) -> int:
        """The channels of its input."""
        return self.rows[0].input_shape[1]

    @property
    def window(self) -> Pair:
        """The size in pixels that it was designed for."""
        return _size(self.rows[0].input_shape)

    @property
    def last(self) -> Row:
        """The row of its last layer that makes maps."""
        return self.rows[len(self.maps.nodes) - 1]

    @property
    def block(self) -> Pair:
        """How many cells of the last map one window has."""
        return _size(self.last.output_shape)

    @property
    def scores(self) -> int:
        """The number of its scores."""
        return self.rows[-1].output_shape[1]

    @property
    def macs(self) -> int:
        """The multiply-accumulates of one window."""
        return sum(row.macs for row in self.rows)

    @property
    def classifier_macs(self) -> int:
        """The multiply-accumulates of one window from the flattening on."""
        return sum(row.macs for row in self.rows[len(self.maps.nodes) :])

    @property
    def effective_stride(self) -> Pair:
        """The pixels from one cell of the last map to the next, along rows and columns."""
        rows, columns = self.last.effective_stride or (1, 1)
        return int(rows), int(columns)

    def map_rows(self, image_size: Pair) -> tuple[Row, ...]:
        """Return the rows of the layers that make maps.

        Args:
            image_size: The image's (height, width) in pixels.
        """
        return tuple(walk(self.maps, [(self.channels, *image_size)]))

    @property
    def exactness(self) -> Exactness:
        """When a cell of one pass equals its window, with the classifier as a window on the map.

        Raises:
            ArgumentError: If a layer makes its map in another way than window by window.
        """
        nodes: list[Node] = []
        for node, row in zip(self.maps.nodes, self.rows, strict=False):
            same = row.input_shape[2:] == row.output_shape[2:]
            windows = getattr(node.operation, "windows", None)
            if isinstance(node.operation, Spatial) and not windows:
                if same:  # adaptive, and each cell its own
                    continue
                raise _not_by_windows(node)
            by_windows = all(isinstance(each, Convolution) for each in windows or ())
            padded = isinstance(node.operation, Pad | _PadLayer)
            if not by_windows or not (windows or padded or same):
                raise _not_by_windows(node)
            nodes.append(replace(node, inputs=(len(nodes),)))
        first = next(
            node
            for node in self.network.nodes[len(self.maps.nodes) :]
            if isinstance(node.operation, Linear)
        )
        reads = Conv2d(self.last.output_shape[1], first.operation.out_features, self.block)  # type: ignore[attr-defined]
        nodes.append(Node(first.name, reads, (len(nodes),), first.parameters))
        network = Network(tuple(nodes), outputs=(len(nodes),))

        def sized(size: Pair) -> Sized:
            start = (self.channels, *size)
            made = [row.output_shape for row in walk(network, [start])]
            return Sized(network, [(1, *start), *made])

        return Exactness(self.window, sized)


def parted(network: object) -> Parted:
    """Return a network in two parts.

    Args:
        network: The network; None for VGG-16.

    Raises:
        ArgumentError: If it is no such network.

    Example:
        >>> vgg16 = parted(None)
        >>> vgg16.last.name, vgg16.block, vgg16.effective_stride, vgg16.macs
        ('pool5', (7, 7), (32, 32), 15470264320)
    """
    if network is None:
        network = networks.vgg16()
    if not isinstance(network, Network):
        raise ArgumentError("network as a Network", f"network={shown(network)}", _FOR_EXAMPLE)
    size = network.input_size
    if size is None or len(size) != _MAP - 1:
        raise ArgumentError(
            "a network with an input_size of (channels, height, width)",
            f"input_size={shown(size)}",
            "write for example dataclasses.replace(network, input_size=(3, 224, 224))",
        )
    for number, node in enumerate(network.nodes):
        if node.inputs != (number,):
            raise ArgumentError(
                "a network whose layers form a chain",
                f"{node.name}, which takes the values {shown(node.inputs)}",
                _FOR_EXAMPLE,
            )
    rows = tuple(walk(network, [size]))
    count = next((at for at, row in enumerate(rows) if len(row.output_shape) != _MAP), len(rows))
    _check(rows, count)
    maps = Network(network.nodes[:count], network.name, size, outputs=(count,))
    return Parted(network, maps, rows)


def _check(rows: Sequence[Row], count: int) -> None:
    """Say why rows are not those of a network in two parts, if they are not."""
    flat = rows[count:]
    ends_flat = all(len(row.output_shape) == _FLAT for row in flat)
    if not count or not ends_flat or not any(isinstance(row.operation, Linear) for row in flat):
        found = f"a network that ends with {shape(rows[-1].output_shape)}" if rows else "no layers"
        raise ArgumentError(
            "layers that make maps, a flattening, and at least one Linear", found, _FOR_EXAMPLE
        )
    last = rows[count - 1]
    known = last.effective_stride is not None and all(
        each == int(each) >= 1 for each in last.effective_stride
    )
    if last.sees_everything or not known:
        raise ArgumentError(
            "layers that see the image window by window, with one effective stride",
            f"{last.name}, whose map is made in another way",
            "leave out what sees the whole picture, such as InstanceNorm2d or Upsample",
        )


def _not_by_windows(node: Node) -> ArgumentError:
    return ArgumentError(
        "layers with windows that step from cell to cell",
        f"{node.name}: {node.operation}",
        "convert the module, and give cx.fully_convolutional(module, input_size)",
    )


def _size(found: Sequence[int]) -> Pair:
    return found[2], found[3]
