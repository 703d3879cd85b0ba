"""The numbers of the chapter about fully connected layers that become convolutions."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.api import trace
from cnnexplain.book.conversions import CONVERSIONS
from cnnexplain.book.results.shared import IMAGE, formula, in_tex, width
from cnnexplain.operations import Conv2d, Flatten, Linear
from cnnexplain.operations.spatial import AvgPool2d

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value
    from cnnexplain.graph import Network


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_kernels(),
        **_orders(),
        **_pooled(),
    }


def _kernels() -> dict[str, Value]:
    """Return what the first fully connected layer of known networks becomes."""
    found: dict[str, Value] = {}
    for name, network in (("lenet", networks.lenet5()), ("alexnet", networks.alexnet())):
        channels, dense = _first(network)
        side = round((dense.in_features / channels) ** 0.5)
        found |= {
            f"folded_{name}_map": (channels, side, side),
            f"folded_{name}_matrix": (dense.out_features, dense.in_features),
            f"folded_{name}_kernel": (side, side),
            f"folded_{name}_weights": Conv2d(
                channels, dense.out_features, side, bias=False
            ).parameters,
        }
    return found


def _first(network: Network) -> tuple[int, Linear]:
    """Return the channels of the map that is flattened, and the layer that takes it."""
    rows = trace(network).rows
    channels = next(row.input_shape[1] for row in rows if isinstance(row.operation, Flatten))
    return channels, next(row.operation for row in rows if isinstance(row.operation, Linear))


# A map so small that all of its values can be written down: channels, height, width.
_MAP = (2, 2, 2)


def _orders() -> dict[str, Value]:
    """Return in which order the values of a small map stand behind a flattening, and a score."""
    channels, height, width = (range(size) for size in _MAP)
    cells = list(product(channels, height, width))
    number = {cell: at for at, cell in enumerate(cells)}
    orders = {
        "first": [number[c, y, x] for c, y, x in product(channels, height, width)],
        "last": [number[c, y, x] for y, x, c in product(height, width, channels)],
        "transposed": [number[c, y, x] for x, y, c in product(width, height, channels)],
    }
    # The weights of one row are the same numbers, and the values of the map too.
    scores = {
        name: sum(weight * value for weight, value in enumerate(order))
        for name, order in orders.items()
    }
    return {
        "order_values": len(cells),
        **{f"order_{name}": " ".join(map(str, order)) for name, order in orders.items()},
        **{f"order_{name}_score": score for name, score in scores.items()},
    }


def _pooled() -> dict[str, Value]:
    """Return what poolings to a size become, and what a pooling does that takes its own stride."""
    converted = trace(CONVERSIONS["converted-adaptive"].conversion().module, (3, 8, 8))
    pool, convolution = converted["1"].operation, converted["3"].operation
    assert isinstance(pool, AvgPool2d)
    assert isinstance(convolution, Conv2d)
    kernel = pool.windows[0].kernel_size
    places, apart = convolution.windows[0].kernel_size, convolution.windows[0].dilation
    side = width(networks.vgg16(), IMAGE, "pool5")
    window = width(networks.vgg16(), trace(networks.vgg16()).input_size[-1], "pool5")
    careless = axis.pooling(window, stride=window)  # as in torch, if none is given
    return {
        "adaptive_kernel": kernel,
        "adaptive_places": places,
        "adaptive_apart": apart,
        "adaptive_seen": in_tex(
            f"{kernel} + ({places} − 1)·{apart} = {kernel + (places - 1) * apart}"
        ),
        "average_careless": formula(careless, side),
        "average_careful": formula(axis.pooling(window, stride=1), side),
    }
