"""Every number and formula that the prose refers to as `{{ name }}`, from the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.book.results import (
    converting,
    dense,
    dense_and_convolution,
    fields,
    one_size,
    sliding,
    windows,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnexplain.book.forms import Value

_CHAPTERS = (windows, dense, dense_and_convolution, one_size, converting, sliding, fields)


def values() -> Mapping[str, Value]:
    """Return all values by name.

    Example:
        >>> values()["flat"]
        9216
    """
    return {name: value for chapter in _CHAPTERS for name, value in chapter.values().items()}
