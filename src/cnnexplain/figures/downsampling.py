"""The layers of a network that step by more than one: their strides, and the product of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

from cnnexplain import networks as bundled
from cnnexplain.errors import ArgumentError, shown
from cnnexplain.graph import Network, walk
from cnnexplain.operations.reducing import Reduce
from cnnexplain.operations.spatial import Spatial
from cnnexplain.report import Trace
from cnnexplain.source import read

if TYPE_CHECKING:
    from cnnexplain.graph import Row
    from cnnexplain.operations import Operation
    from cnnexplain.windows import Exact

Given: TypeAlias = "Mapping[str, Network | Trace | str]"

# More rows do not fit a page, and more doublings leave no room for a layer's name.
_MOST_NETWORKS, _LARGEST_STRIDE = 8, 1024
_PICTURE = 224

# The layers of a network that step, with 1×1 convolutions for what lies between them.

# He et al., "Deep residual learning for image recognition", https://arxiv.org/abs/1512.03385,
# table 1: conv3_1, conv4_1 and conv5_1 have a stride of 2.
_RESNET50 = """
nn.Sequential(OrderedDict([
    ("conv1", nn.Conv2d(3, 64, 7, stride=2, padding=3)),
    ("pool1", nn.MaxPool2d(3, stride=2, padding=1)),
    ("conv2_3", nn.Conv2d(64, 256, 1)),
    ("conv3_1", nn.Conv2d(256, 128, 1, stride=2)),
    ("conv3_4", nn.Conv2d(128, 512, 1)),
    ("conv4_1", nn.Conv2d(512, 256, 1, stride=2)),
    ("conv4_6", nn.Conv2d(256, 1024, 1)),
    ("conv5_1", nn.Conv2d(1024, 512, 1, stride=2)),
]))
"""
# Liu et al., "A ConvNet for the 2020s", https://arxiv.org/abs/2201.03545, section 2.2 for the stem
# and 2.6 for the layers between the stages.
_CONVNEXT = """
nn.Sequential(OrderedDict([
    ("stem", nn.Conv2d(3, 96, 4, stride=4)),
    ("down2", nn.Conv2d(96, 192, 2, stride=2)),
    ("down3", nn.Conv2d(192, 384, 2, stride=2)),
    ("down4", nn.Conv2d(384, 768, 2, stride=2)),
]))
"""
# Dosovitskiy et al., "An image is worth 16x16 words", https://arxiv.org/abs/2010.11929: patches of
# 16×16 pixels, each multiplied by the same matrix, which is a convolution.
_VIT = 'nn.Sequential(OrderedDict([("patches", nn.Conv2d(3, 768, 16, stride=16))]))'


@dataclass(frozen=True, slots=True)
class Stride:
    """A layer that steps by more than one.

    Attributes:
        name: The layer's name.
        step: Its stride.
        effective: The effective stride behind it: the product of all strides so far.
        kind: `"convolution"`, `"pooling"`, or `"other"` for what else leaves places out.
    """

    name: str
    step: Exact
    effective: Exact
    kind: Literal["convolution", "pooling", "other"]


@dataclass(frozen=True, slots=True)
class Strides:
    """A network's layers that step by more than one.

    Attributes:
        name: What the network is called.
        layers: The layers in order.
    """

    name: str
    layers: tuple[Stride, ...]

    def effective(self, count: int) -> Exact:
        """Return the effective stride behind some of the layers.

        Args:
            count: How many of them; of fewer, all.
        """
        return self.layers[:count][-1].effective if self.layers[:count] else 1


def known() -> dict[str, Network | Trace | str]:
    """Return networks that everybody knows, in the order of their years.

    Example:
        >>> list(known())
        ['LeNet-5', 'AlexNet', 'VGG-16', 'ResNet-50', 'ViT-B/16', 'ConvNeXt-T']
    """
    return {
        "LeNet-5": bundled.lenet5(),
        "AlexNet": bundled.alexnet(),
        "VGG-16": bundled.vgg16(),
        "ResNet-50": _RESNET50,
        "ViT-B/16": _VIT,
        "ConvNeXt-T": _CONVNEXT,
    }


def strided(networks: object) -> tuple[Strides, ...]:
    """Return the strides of some networks.

    Args:
        networks: The networks by name: traces, networks of `cnnexplain.networks`, or the texts of
            `nn.Sequential(...)`.

    Raises:
        ArgumentError: If that is no such mapping, or a network's strides cannot be drawn.
        SourceError: If a text is no network.
        ShapeError: If a layer cannot take what the layers before it make.

    Example:
        >>> [(layer.name, layer.step) for layer in strided({"LeNet-5": bundled.lenet5()})[0].layers]
        [('pool2', 2), ('pool4', 2)]
    """
    given = networks if isinstance(networks, Mapping) else {}
    if not 0 < len(given) <= _MOST_NETWORKS or not all(isinstance(name, str) for name in given):
        raise ArgumentError(
            f"networks as a mapping from 1 to {_MOST_NETWORKS} names to networks",
            f"networks={shown(networks)}",
            'write for example networks={"LeNet-5": cx.networks.lenet5()}',
        )
    return tuple(Strides(name, _layers(name, network)) for name, network in given.items())


def _layers(name: str, network: object) -> tuple[Stride, ...]:
    """Return the layers at which the effective stride becomes larger than it ever was."""
    graph, sizes = _graph(name, network)
    # By the number of a value: the inputs come first.
    strides: list[Exact] = [1] * len(sizes)
    found: list[Stride] = []
    largest: Exact = 1
    for row in walk(graph, sizes):
        before = max((strides[each] for each in graph.nodes[row.node].inputs), default=1)
        stride = _stride(name, row, before)
        strides.append(stride)
        if stride > max(before, largest) and not _pools_all(row.operation):
            step = Fraction(stride) / largest
            exact = int(step) if step.denominator == 1 else step
            found.append(Stride(row.name, exact, stride, _kind(row)))
            largest = stride
    if largest > _LARGEST_STRIDE:
        raise ArgumentError(
            f"an effective stride of at most {_LARGEST_STRIDE} in a figure",
            f"{largest} in {shown(name)}",
            "leave the network out",
        )
    return tuple(found)


def _graph(name: str, network: object) -> tuple[Network, tuple[tuple[int, ...], ...]]:
    """Return a network, and the sizes of its inputs."""
    if isinstance(network, Trace):
        return network.network, network.input_sizes
    graph = read(network) if isinstance(network, str) else network
    if not isinstance(graph, Network):
        raise ArgumentError(
            "a trace, a network of cnnexplain.networks, or text",
            f"{shown(name)}: {shown(network)}",
            "write for example cx.trace(model, (3, 224, 224))",
        )
    if graph.input_size is not None:
        return graph, (graph.input_size,)
    # Strides are the same for every picture.
    channels = getattr(graph.nodes[0].operation, "in_channels", 3)
    return graph, ((channels, _PICTURE, _PICTURE),)


def _stride(name: str, row: Row, before: Exact) -> Exact:
    """Return a row's effective stride, which all axes share."""
    strides = row.effective_stride
    if not strides:
        return before
    if len(set(strides)) > 1:
        raise ArgumentError(
            "networks whose strides are the same along all axes",
            f"{'×'.join(map(str, strides))} in {shown(name)}, at layer {shown(row.name)}",
            "leave the network out",
        )
    return strides[0]


def _kind(row: Row) -> Literal["convolution", "pooling", "other"]:
    if row.macs:
        return "convolution"
    return "pooling" if "Pool" in type(row.operation).__name__ else "other"


def _pools_all(operation: Operation) -> bool:
    """Return whether a layer's step is no stride, but as large as what it takes together."""
    return isinstance(operation, Reduce) or (
        isinstance(operation, Spatial) and not operation.windows
    )
