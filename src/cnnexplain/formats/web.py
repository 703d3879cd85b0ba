"""A table as HTML."""

from __future__ import annotations

import html as markup
import re
from typing import TYPE_CHECKING

from cnnexplain.formats.characters import visible
from cnnexplain.formula import Formula, bracketed
from cnnexplain.table import WORDS, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.table import Table

_ROUNDED = re.compile(r"[⌊⌈][^;]*")
# A first argument of a word and a value; a number alone stays with the bracket.
_NAMED = re.compile(r"\((?=\w+=)")
_LOOSE = re.compile(r"(?<![⌋⌉]) ")


def to_html(table: Table) -> str:
    """Return a table as HTML.

    Args:
        table: The table; its notes follow as paragraphs.
    """
    heads = "".join(
        f'<th scope="col" class="{_kind(column)}">{escaped(header)}</th>'
        for header, column in zip(table.headers, table.columns, strict=True)
    )
    caption = escaped(table.caption)
    return "\n".join(
        [
            # A group that what is wider than its page is reached and scrolled in by keyboard; no
            # landmark, which tables of one name must not be.
            f'<div class="cx-table" role="group" aria-label="{caption}">',
            '<table class="cx-rows">',
            f"<caption>{caption}</caption>",
            f"<thead><tr>{heads}</tr></thead>",
            "<tbody>",
            *(_line(cells, table.columns) for cells in table.cells),
            "</tbody>",
            *([f"<tfoot>{_line(table.totals, table.columns)}</tfoot>"] if table.totals else []),
            "</table>",
            *(f'<p class="cx-note">{escaped(note)}</p>' for note in table.notes),
            "</div>",
        ]
    )


def escaped(text: str) -> str:
    """Return a text as HTML, in element or attribute.

    Args:
        text: Any text.

    Example:
        >>> escaped("<b>")
        '&lt;b&gt;'
    """
    return markup.escape(visible(text))


def _kind(column: Column) -> str:
    return "cx-words" if column in WORDS else "cx-number"


def _line(cells: Sequence[str | Formula], columns: Sequence[Column]) -> str:
    parts = []
    for index, (cell, column) in enumerate(zip(cells, columns, strict=True)):
        tag, scope = ("th", ' scope="row"') if index == 0 else ("td", "")
        parts.append(f'<{tag}{scope} class="{_kind(column)}">{_phrased(cell, column)}</{tag}>')
    return f"<tr>{''.join(parts)}</tr>"


def _phrased(cell: str | Formula, column: Column) -> str:
    """Return a cell as HTML that breaks into lines where a reader would break it."""
    if isinstance(cell, Formula):
        # A rounded fraction holds together, and what follows it.
        return escaped(_ROUNDED.sub(_held, bracketed(str(cell))))
    text = escaped(cell)
    return _NAMED.sub("(<wbr>", text) if column is Column.OPERATION else text


def _held(rounded: re.Match[str]) -> str:
    return _LOOSE.sub("\u00a0", rounded[0])
