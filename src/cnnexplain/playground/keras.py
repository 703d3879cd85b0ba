"""A window as Keras says it, which knows neither every padding nor rounding up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.diagnosis.words import CODE
from cnnexplain.languages import text
from cnnexplain.playground.parts import code, paragraph
from cnnexplain.windows import Pooling

if TYPE_CHECKING:
    from cnnexplain.windows import Convolution


def layers(window: Convolution, size: int) -> tuple[str, ...]:
    """Return the layers of Keras that have the same windows, one after the other.

    `"valid"` pads nothing, and `"same"` by as much as makes ceil(W/S) windows, the smaller half of
    it before the input. Where neither has these windows, a layer before pads.

    Args:
        window: The window.
        size: The input's size.

    Returns:
        The layers; none if Keras has no such window.

    Example:
        >>> from cnnexplain import axis
        >>> layers(axis.convolution(3, stride=2, padding=1), 7)
        ('layers.Conv2D(16, kernel_size=3, strides=2, padding="same")',)
        >>> layers(axis.convolution(3, stride=2, padding=1), 8)[0]
        'layers.ZeroPadding2D(padding=1)'
    """
    spread = window.dilation if window.kernel_size > 1 else 1
    pools = isinstance(window, Pooling)
    if spread > 1 and (pools or window.stride > 1):
        return ()
    output, before = window.output_size(size), window.padding[0]
    if (output, before) == (_count(window, size), 0):
        return (_layer(window, "valid"),)
    if (output, before) == _same(window, size):
        return (_layer(window, "same"),)
    after = before
    if _count(window, size + before + after) != output:
        after = (output - 1) * window.stride + window.extent - size - before
    sides = str(before) if before == after else str(((before, after),) * 2)
    return f"layers.ZeroPadding2D(padding={sides})", _layer(window, "valid")


def _count(window: Convolution, size: int) -> int:
    """Return how many windows fit into an input, none of them over its edge."""
    return (size - window.extent) // window.stride + 1 if size >= window.extent else 0


def _same(window: Convolution, size: int) -> tuple[int, int]:
    """Return how many windows "same" makes, and how much it pads before the input."""
    count = -(-size // window.stride)
    return count, max((count - 1) * window.stride + window.extent - size, 0) // 2


def _layer(window: Convolution, padding: str) -> str:
    steps = f"strides={window.stride}"
    if isinstance(window, Pooling):
        return f'layers.MaxPooling2D(pool_size={window.kernel_size}, {steps}, padding="{padding}")'
    if window.dilation > 1 and window.kernel_size > 1:
        steps += f", dilation_rate={window.dilation}"
    return f'layers.Conv2D(16, kernel_size={window.kernel_size}, {steps}, padding="{padding}")'


def said(window: Convolution, size: int) -> str:
    """Return the lines for Keras as HTML, and what they cannot say, in the current language.

    Args:
        window: The window.
        size: The input's size.
    """
    found, pools = layers(window, size), isinstance(window, Pooling)
    words = []
    if isinstance(window, Pooling) and window.ceil_mode:
        words.append("ceil")
    if not found:
        words.append("pool_dilation" if pools else "strided_dilation")
        return _paragraphs(words)
    if 'padding="same"' in found[-1]:
        words.append("same")
    if len(found) > 1:
        words.append("zeros" if pools else "padded")
    if not pools:
        words.append("filters")
    if len(found) == 1:
        lines = ["from keras import layers", "", f"layer = {found[0]}"]
    else:
        inside = [f"        {each}," for each in found]
        lines = ["from keras import Sequential, layers", "", "block = Sequential("]
        lines += ["    [", *inside, "    ]", ")"]
    return code("\n".join(lines)) + _paragraphs(words)


def _paragraphs(words: list[str]) -> str:
    return "".join(paragraph(text(f"playground.keras.{each}", **CODE)) for each in words)
