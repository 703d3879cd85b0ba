"""Rows as a table in the reader's language: as text, as Markdown, as HTML."""

from __future__ import annotations

import html as markup
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError
from cnnexplain.errors import shown as short
from cnnexplain.formula import bracketed
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    from cnnexplain.graph import Row

# What stands in a cell that has nothing to say.
NOTHING = "–"


class Column(StrEnum):
    """What a table can show of each layer."""

    NAME = "name"
    OPERATION = "operation"
    INPUT_SHAPE = "input_shape"
    OUTPUT_SHAPE = "output_shape"
    FORMULA = "formula"
    PARAMETERS = "parameters"
    PARAMETER_FORMULA = "parameter_formula"
    MACS = "macs"
    RECEPTIVE_FIELD = "receptive_field"
    EFFECTIVE_STRIDE = "effective_stride"
    EFFECTIVE_PADDING = "effective_padding"
    UNREAD = "unread"


DEFAULT = (
    Column.NAME,
    Column.OPERATION,
    Column.OUTPUT_SHAPE,
    Column.FORMULA,
    Column.PARAMETERS,
    Column.MACS,
    Column.RECEPTIVE_FIELD,
    Column.EFFECTIVE_STRIDE,
)
_WORDS = (Column.NAME, Column.OPERATION, Column.FORMULA, Column.PARAMETER_FORMULA)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of finished text.

    Attributes:
        caption: What the table shows, in one line.
        columns: What each column holds.
        headers: The columns' titles.
        cells: The text of each row.
        totals: The text of the last row.
    """

    caption: str
    columns: tuple[Column, ...]
    headers: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]


def table(
    rows: Sequence[Row], totals: Mapping[str, int], caption: str, columns: Sequence[str] = DEFAULT
) -> Table:
    """Return rows as a table in the current language.

    Args:
        rows: The layers.
        totals: The sums of the columns that have one.
        caption: What the table shows, in one line.
        columns: Names of columns, in order.

    Raises:
        ArgumentError: If there is no such column.

    Example:
        >>> from cnnexplain import networks, trace
        >>> rows = trace(networks.lenet5()).rows
        >>> table(rows, {"parameters": 61706}, "LeNet-5", ["name", "parameters"]).totals
        ('Total', '61,706')
    """
    chosen = _chosen(columns)
    last = [number(totals[column]) if column in totals else "" for column in chosen]
    last[0] = last[0] or text("table.total")
    return Table(
        caption,
        chosen,
        tuple(text(f"table.{column}") for column in chosen),
        tuple(tuple(_CELLS[column](row) for column in chosen) for row in rows),
        tuple(last),
    )


def _chosen(columns: Sequence[str]) -> tuple[Column, ...]:
    names = [column.value for column in Column]
    listed = isinstance(columns, tuple | list) and all(isinstance(each, str) for each in columns)
    if not listed or not columns or not set(columns) <= set(names):
        raise ArgumentError(
            f"columns among {', '.join(names)}",
            f"columns={short(columns)}",
            'write for example columns=["name", "output_shape", "formula"]',
        )
    return tuple(Column(column) for column in columns)


def _sample(sizes: Sequence[int]) -> str:
    """Return a shape without its batch, which is the same in every row, unless it is above 1."""
    return shape(sizes[1:] if sizes[0] == 1 and len(sizes) > 1 else sizes)


def _axes(values: Sequence[int | Fraction] | None) -> str:
    """Return one number if all axes agree, else one for each."""
    if not values:
        return NOTHING
    if len(set(values)) == 1:
        values = values[:1]
    return shape(values)


_CELLS: Mapping[Column, Callable[[Row], str]] = {
    Column.NAME: lambda row: row.name,
    Column.OPERATION: lambda row: str(row.operation),
    Column.INPUT_SHAPE: lambda row: _sample(row.input_shape),
    Column.OUTPUT_SHAPE: lambda row: _sample(row.output_shape),
    Column.FORMULA: lambda row: str(row.formula or text("table.unchanged")),
    Column.PARAMETERS: lambda row: number(row.parameters),
    Column.PARAMETER_FORMULA: lambda row: str(row.operation.parameter_formula or NOTHING),
    Column.MACS: lambda row: number(row.macs),
    Column.RECEPTIVE_FIELD: lambda row: _axes(row.receptive_field),
    Column.EFFECTIVE_STRIDE: lambda row: _axes(row.effective_stride),
    Column.EFFECTIVE_PADDING: lambda row: _axes(row.effective_padding),
    Column.UNREAD: lambda row: _axes(row.unread),
}


def _width(cell: str) -> int:
    """Return how many columns of a terminal a text takes: Japanese characters take two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in cell)


def _line(cell: str) -> str:
    """Return a cell on one line of visible characters, whatever a layer's name holds."""
    flat = " ".join(cell.splitlines()).replace("\t", " ")
    # Control characters, marks of direction and lone surrogates: what a terminal or a file, or a
    # reader, would take for something else.
    hidden = {"Cc", "Cf", "Cs"}
    return "".join("\ufffd" if unicodedata.category(each) in hidden else each for each in flat)


def to_text(shown_table: Table) -> str:
    """Return a table as text with aligned columns.

    Args:
        shown_table: The table.
    """
    lines = [shown_table.headers, *shown_table.cells, shown_table.totals]
    clean = [[_line(cell) for cell in line] for line in lines]
    widths = [max(map(_width, column)) for column in zip(*clean, strict=True)]

    def aligned(line: Sequence[str]) -> str:
        parts = []
        for cell, width, column in zip(line, widths, shown_table.columns, strict=True):
            gap = " " * (width - _width(cell))
            parts.append(cell + gap if column in _WORDS else gap + cell)
        return "  ".join(parts).rstrip()

    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    head, *body, totals = map(aligned, clean)
    return "\n".join([_line(shown_table.caption), head, rule, *body, rule, totals])


def to_markdown(shown_table: Table) -> str:
    """Return a table as Markdown.

    Args:
        shown_table: The table.
    """

    def line(cells: Sequence[str]) -> str:
        # Not html.escape, which would write quotes as entities too.
        safe = [_line(cell).replace("&", "&amp;").replace("<", "&lt;") for cell in cells]
        escaped = [re.sub(r"([\\`*_{}\[\]|#~])", r"\\\1", cell) for cell in safe]
        return f"| {' | '.join(escaped)} |"

    marks = [":--" if column in _WORDS else "--:" for column in shown_table.columns]
    rows = [line(cells) for cells in shown_table.cells]
    return "\n".join([line(shown_table.headers), line(marks), *rows, line(shown_table.totals)])


def _held(rounded: re.Match[str]) -> str:
    return re.sub(r"(?<![⌋⌉]) ", "\u00a0", rounded[0])


def _phrased(cell: str, column: Column) -> str:
    """Return a cell as HTML that breaks into lines where a reader would break it."""
    if column is Column.FORMULA:
        # A rounded fraction holds together, and what follows it.
        cell = re.sub(r"[⌊⌈][^;]*", _held, bracketed(cell))
    text = markup.escape(_line(cell))
    return text.replace("(", "(<wbr>") if column is Column.OPERATION else text


def to_html(shown_table: Table) -> str:
    """Return a table as HTML.

    Args:
        shown_table: The table.
    """

    def line(cells: Sequence[str]) -> str:
        parts = []
        for index, (cell, column) in enumerate(zip(cells, shown_table.columns, strict=True)):
            kind = "cx-words" if column in _WORDS else "cx-number"
            tag, scope = ("th", ' scope="row"') if index == 0 else ("td", "")
            parts.append(f'<{tag}{scope} class="{kind}">{_phrased(cell, column)}</{tag}>')
        return f"<tr>{''.join(parts)}</tr>"

    heads = "".join(
        f'<th scope="col" class="{"cx-words" if column in _WORDS else "cx-number"}">'
        f"{markup.escape(header)}</th>"
        for header, column in zip(shown_table.headers, shown_table.columns, strict=True)
    )
    caption = markup.escape(_line(shown_table.caption))
    return "\n".join(
        [
            # A region, so that what is wider than its page can be reached and scrolled by keyboard.
            f'<div class="cx-table" role="region" aria-label="{caption}">',
            '<table class="cx-rows">',
            f"<caption>{caption}</caption>",
            f"<thead><tr>{heads}</tr></thead>",
            "<tbody>",
            *map(line, shown_table.cells),
            "</tbody>",
            f"<tfoot>{line(shown_table.totals)}</tfoot>",
            "</table>",
            "</div>",
        ]
    )
