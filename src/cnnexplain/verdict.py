"""What is to be said about the equality of one pass and the windows, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.languages import number, shape, text
from cnnexplain.notes import shortened
from cnnexplain.table import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.exactness import Exactness, Pair, Reason


def verdict(exactness: Exactness) -> tuple[str, ...]:
    """Return whether each cell equals its window, why not, and what helps, in the current language.

    Args:
        exactness: What is known about it.

    Returns:
        A line each: the verdict, the layers at fault by what they do and where, the remedies.

    Example:
        >>> import cnnexplain as cx
        >>> unpadded = cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32)).exactness
        >>> verdict(unpadded)
        ('exact everywhere: each cell equals the network on its window',)
    """
    if exactness.exact:
        return (text("conversion.exact"),)
    lines = [text("conversion.inexact"), *_faults(exactness.reasons)]
    lines.append(text("conversion.halo", pixels=_both(exactness.halo)))
    if exactness.cure is not None:
        lines.append(text("conversion.cure", size=shape(exactness.cure)))
    return tuple(lines)


def _faults(reasons: Sequence[Reason]) -> list[str]:
    """Return a line for the layers that do the same at the same sides."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for each in reasons:
        alike.setdefault((each.kind, each.sides), []).append(each.name)
    return [
        text(
            f"conversion.kind.{kind}",
            sides=listed(text(f"conversion.side.{side}") for side in sides),
            names=shortened(names),
        )
        for (kind, sides), names in alike.items()
    ]


def _both(pixels: Pair) -> str:
    return number(pixels[0]) if pixels[0] == pixels[1] else shape(pixels)
