"""What is to be said about a trace as a whole, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.languages import number, text
from cnnexplain.table import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.graph import Network, Row

# How many names are listed before the others are only counted.
_MOST = 5


def notes(network: Network, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what is to be said about a trace, a sentence each, in the current language.

    Args:
        network: The network.
        rows: The rows that are shown of it.

    Returns:
        Which shapes torch found out, by its meta kernels or by a real run; that the graph depends
        on values; which parameters are never used.

    Example:
        >>> from cnnexplain.graph import Network
        >>> notes(Network((), unused=("head.weight", "head.bias")), ())
        ('Parameters that the forward pass never uses (2): head.weight, head.bias.',)
    """
    found = {
        "meta": [row.name for row in rows if row.origin == "meta"],
        "run": [row.name for row in rows if row.origin == "run"],
        "values": [network.name] if network.by_values else [],
        "unused": network.unused,
    }
    return tuple(
        text(f"note.{key}", count=number(len(names)), names=shortened(names))
        for key, names in found.items()
        if names
    )


def shortened(names: Sequence[str]) -> str:
    """Return a list of names as text, of a long list the first ones and how many more there are.

    Args:
        names: The names.

    Example:
        >>> shortened(["a", "b"])
        'a, b'
        >>> shortened("abcdefg")
        'a, b, c, d, e and 2 more'
    """
    if len(names) <= _MOST + 1:  # "and 1 more" would be as long as its name
        return listed(names)
    rest = number(len(names) - _MOST)
    return text("note.others", names=listed(names[:_MOST]), count=rest)
