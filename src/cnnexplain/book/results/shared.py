"""What the numbers of several chapters need."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from cnnexplain.api import trace
from cnnexplain.book.forms import Tex
from cnnexplain.formula import tex
from cnnexplain.graph import Network

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.graph import Row
    from cnnexplain.windows import Convolution, Transposed

# The picture and the crop that the sources ask about.
IMAGE = 384


def formula(window: Convolution | Transposed, size: int) -> Tex:
    """Return the formula of a window on an axis with its numbers."""
    return Tex(window.formula(size).tex)


def in_tex(formula: object) -> Tex:
    """Return a formula as TeX."""
    return Tex(tex(str(formula)))


def stride(row: Row) -> int:
    """Return a layer's effective stride."""
    assert row.effective_stride is not None
    return int(row.effective_stride[-1])


def field(row: Row) -> int:
    """Return a layer's receptive field."""
    assert row.receptive_field is not None
    return row.receptive_field[0]


def width(network: Network, input_size: int, name: str) -> int:
    """Return the width of a layer's output above the flattening, which any input size has."""
    names = [node.name for node in network.nodes]
    below = Network(network.nodes[: names.index(name) + 1])
    return trace(below, (3, input_size, input_size))[name].output_shape[-1]


def arrows(sizes: Iterable[int]) -> str:
    """Return sizes one after another, those that stay once."""
    return " → ".join(str(size) for size, _ in groupby(sizes))
