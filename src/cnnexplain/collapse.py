"""Rows merged into one for each module, down to a depth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from cnnexplain.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.graph import Row

_ORIGINS = ("rule", "meta", "run")


@dataclass(frozen=True)
class Block(Operation):
    """A module that stands for all operations inside of it."""

    kind: str

    def __str__(self) -> str:
        return self.kind


def collapsed(rows: Sequence[Row], modules: Mapping[str, str], depth: int) -> tuple[Row, ...]:
    """Return rows with those that follow each other inside of one module merged into one.

    Args:
        rows: The rows.
        modules: The class of each module by its path.
        depth: How many parts of a path are kept, at least one.

    Example:
        >>> from cnnexplain import trace
        >>> nested = trace("nn.Sequential(nn.Sequential(nn.ReLU(), nn.ReLU()), nn.ReLU())", (3, 4))
        >>> [f"{row.name} {row.operation}" for row in collapsed(nested.rows, {}, 1)]
        ['0 Sequential', '1 ReLU()']
    """
    groups = [
        (path, tuple(inside))
        for path, inside in groupby(rows, lambda row: ".".join(row.name.split(".")[:depth]))
    ]
    alone = {path for path, inside in groups if [row.name for row in inside] == [path]}
    taken: set[str] = set()
    made: list[Row] = []
    for path, inside in groups:
        if len(inside) == 1 and inside[0].name == path:
            made += inside
            continue
        name, again = path, 1
        while name in taken | alone:
            again += 1
            name = f"{path}:{again}"
        taken.add(name)
        made.append(_merged(name, Block(modules.get(path, "Sequential")), inside))
    return tuple(made)


def _merged(name: str, block: Block, rows: Sequence[Row]) -> Row:
    """Return one row for several: it takes what the first takes and makes what the last makes."""
    first, last = rows[0], rows[-1]
    return replace(
        last,  # what its units see, how padding reaches them, and which node they are of
        name=name,
        operation=block,
        input_shapes=first.input_shapes,
        formula=None,
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        memory=sum(row.memory for row in rows),
        unread=_unread(rows),
        origin=max((row.origin for row in rows), key=_ORIGINS.index),
    )


def _unread(rows: Sequence[Row]) -> tuple[int, ...]:
    """Return all inputs that no window reads, each counted on the map that it is of."""
    counts = [row.unread for row in rows if row.unread]
    if len({len(each) for each in counts}) > 1:
        # Pictures of several kinds: their axes have nothing to do with each other.
        return (sum(map(sum, counts)),)
    return tuple(map(sum, zip(*counts, strict=True)))
