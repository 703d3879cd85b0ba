"""A table as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnnexplain.formats.characters import visible
from cnnexplain.table import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.formula import Formula
    from cnnexplain.table import Table

# Dollars are mathematics on GitHub and in notebooks, and addresses are links.
_MEANING = re.compile(r"([\\`*_{}\[\]|#~$@]|(?<=[wW]{3})\.|(?<=:)/)")


def to_markdown(table: Table) -> str:
    """Return a table as Markdown.

    Args:
        table: The table; its notes follow as paragraphs.
    """
    marks = [":--" if column in WORDS else "--:" for column in table.columns]
    rows = [*table.cells, table.totals] if table.totals else table.cells
    lines = [_line(table.headers), f"| {' | '.join(marks)} |", *map(_line, rows)]
    notes = "".join(f"\n\n{_escaped(note)}" for note in table.notes)
    return "\n".join(lines) + notes


def _line(cells: Iterable[str | Formula]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(cell: str | Formula) -> str:
    # Not html.escape, which would write quotes as entities too.
    safe = visible(str(cell)).replace("&", "&amp;").replace("<", "&lt;")
    return _MEANING.sub(r"\\\1", safe)
