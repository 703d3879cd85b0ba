"""A table as text with aligned columns, fitted to a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.formats.characters import cut, plain, visible, width, wrapped
from cnnexplain.languages import text
from cnnexplain.table import WORDS, Column, Table, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnnexplain.formula import Formula

# Where not all columns find room, they are taken in this order, each if there is room left for it.
IMPORTANCE = (
    Column.NAME,
    Column.OUTPUT_SHAPE,
    Column.OPERATION,
    Column.PARAMETERS,
    Column.FORMULA,
    Column.MACS,
    Column.RECEPTIVE_FIELD,
    Column.EFFECTIVE_STRIDE,
    Column.MARKS,
    Column.MEMORY,
    Column.INPUT_SHAPE,
    Column.INPUT_SHAPES,
    Column.UNREAD,
    Column.TOUCHED,
    Column.EFFECTIVE_PADDING,
    Column.PARAMETER_FORMULA,
    Column.ORIGIN,
)
# How narrow columns of words may become before others are left out for them. Numbers are never cut
# while another column could go: the beginning of a number is a wrong number.
_NARROWEST = {
    Column.NAME: 20,
    Column.OPERATION: 20,
    Column.FORMULA: 40,
    Column.PARAMETER_FORMULA: 40,
    Column.INPUT_SHAPES: 20,
    Column.MARKS: 20,
}
_GAP = "  "


def to_text(table: Table, limit: int | None = None) -> str:
    r"""Return a table as text with aligned columns.

    Args:
        table: The table.
        limit: How many columns of a terminal a line may take. Where that is too few, columns are
            left out from the end of `IMPORTANCE`, then long cells are cut; the last line names
            the columns that were left out.

    Example:
        >>> from cnnexplain import networks, trace
        >>> narrow = trace(networks.lenet5()).to_text(width=46)
        >>> print(*narrow.splitlines()[:4], sep="\n")
        LeNet-5, input 1×32×32
        Layer    Operation                Output shape
        ──────────────────────────────────────────────
        conv1    Conv2d(1, 6, kernel_si…       6×28×28
    """
    totals = [table.totals] if table.totals else []
    columns = [
        _visible(column) for column in zip(table.headers, *table.cells, *totals, strict=True)
    ]
    natural = [max(widths) for _, widths in columns]
    widths = dict(enumerate(natural))
    if limit is not None and sum(natural) + len(_GAP) * (len(natural) - 1) > limit:
        widths = _fitted(table.columns, natural, limit)
    head, *body = map(
        _line,
        zip(
            *[_aligned(*columns[at], widths[at], table.columns[at] in WORDS) for at in widths],
            strict=True,
        ),
    )
    rule = "─" * (sum(widths.values()) + len(_GAP) * (len(widths) - 1))
    below = [*table.notes]
    if len(widths) < len(natural):
        left = [header for at, header in enumerate(table.headers) if at not in widths]
        below.append(text("table.omitted", columns=listed(left)))
    caption, *notes = map(visible, (table.caption, *below))
    if limit is not None:
        caption = cut(caption, limit)
        notes = [line for note in notes for line in wrapped(note, limit)]
    if totals:
        body.insert(-1, rule)
    return "\n".join([caption, head, rule, *body, *notes])


def _line(cells: Iterable[str]) -> str:
    return _GAP.join(cells).rstrip()


def _visible(column: Sequence[str | Formula]) -> tuple[list[str], list[int]]:
    """Return a column's cells as they can be shown, and how wide they are."""
    cells = list(map(str, column))
    # Nearly always all of them are plain, and one look is faster than one at each.
    if plain("".join(cells)):
        return cells, list(map(len, cells))
    cells = list(map(visible, cells))
    return cells, list(map(width, cells))


def _aligned(cells: list[str], widths: list[int], wide: int, words: bool) -> list[str]:
    if max(widths) > wide:
        cells = [cut(cell, wide) for cell in cells]
        widths = list(map(width, cells))
    gaps = [" " * (wide - taken) for taken in widths]
    pairs = zip(cells, gaps, strict=True)
    return [cell + gap if words else gap + cell for cell, gap in pairs]


def _fitted(columns: Sequence[Column], natural: Sequence[int], limit: int) -> dict[int, int]:
    """Return how wide each column is that finds room, by its place in the table."""
    order = sorted(range(len(columns)), key=lambda at: IMPORTANCE.index(columns[at]))
    kept: dict[int, int] = {}
    left = limit + len(_GAP)
    for at in order:
        least = min(natural[at], _NARROWEST.get(columns[at], natural[at]))
        if not kept:
            least = min(least, limit)
        if least + len(_GAP) <= left:
            kept[at] = least
            left -= least + len(_GAP)
    for at, least in kept.items():  # the most important is the first to have what is left
        more = min(natural[at] - least, left)
        kept[at] = least + more
        left -= more
    return dict(sorted(kept.items()))
