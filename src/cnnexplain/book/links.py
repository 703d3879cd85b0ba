"""Links into the playground, which shows what a figure or a table shows, to be changed."""

from __future__ import annotations

import ast
from html import escape
from typing import TYPE_CHECKING

from cnnexplain.languages import text
from cnnexplain.playground import query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PAGE = "cx:playground/"
# What a window of the playground has, by its names in cx.figures.stride, with the defaults there.
_NUMBERS = {
    "kernel_size": ("kernel", 3),
    "stride": ("stride", 1),
    "padding": ("padding", 0),
    "dilation": ("dilation", 1),
}
_KINDS = {"convolution": "convolution", "max_pooling": "pooling"}
# How a figure shows a window, which is not a part of the window.
_SHOWN = {"numbers", "dimensions"}


def window(python: str) -> dict[str, str] | None:
    """Return the playground's state that shows a figure's window.

    Args:
        python: The line of Python that makes the figure.

    Returns:
        The state; nothing if the playground has no such figure or window.

    Example:
        >>> (window("cx.figures.stride(8, kernel_size=3, stride=2)") or {})["stride"]
        '2'
        >>> window('cx.figures.stride(6, kernel_size=3, padding="same")')
    """
    match ast.parse(python, mode="eval").body:
        case ast.Call(func=func, args=[ast.Constant(value=int(size))], keywords=words) if (
            ast.unparse(func) == "cx.figures.stride"
        ):
            given = {str(word.arg): ast.literal_eval(word.value) for word in words}
        case _:
            return None
    kind = _KINDS.get(given.pop("operation", "convolution"))
    ceil = given.pop("ceil_mode", False)
    numbers = {name: given.pop(argument, default) for argument, (name, default) in _NUMBERS.items()}
    if (
        kind is None
        or given.keys() - _SHOWN
        or not all(isinstance(n, int) for n in numbers.values())
    ):
        return None
    written = {name: str(value) for name, value in {"input": size, **numbers}.items()}
    return {"tool": "window", "kind": kind, **written, "ceil": str(int(ceil))}


def network(code: str, input_size: Sequence[int]) -> dict[str, str]:
    """Return the playground's state that shows a network.

    Args:
        code: The text of its `nn.Sequential(...)`.
        input_size: The size of its input, without the batch.

    Example:
        >>> network("nn.Sequential(nn.Flatten())", (1, 28, 28))
        {'tool': 'network', 'input': '1x28x28', 'text': 'nn.Sequential(nn.Flatten())'}
    """
    return {"tool": "network", "input": "x".join(map(str, input_size)), "text": code.strip()}


def link(state: Mapping[str, str]) -> str:
    """Return a link to the playground, as HTML in the current language.

    Args:
        state: What the playground is to show.

    Example:
        >>> link({"tool": "window", "input": "7"})
        '<a href="cx:playground/#tool=window&amp;input=7">Open in the playground</a>'
    """
    address = escape(f"{_PAGE}#{query(state)}")
    return f'<a href="{address}">{text("playground.script.try")}</a>'


def paragraph(state: Mapping[str, str]) -> str:
    """Return that link as a paragraph, which stands below a table or an explanation.

    Args:
        state: What the playground is to show.
    """
    return f'<p class="cx-open" data-search-exclude>{link(state)}</p>\n'
