r"""A table as LaTeX: one `tabular` with the rules of booktabs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnnexplain.formats.characters import visible
from cnnexplain.formula import Formula
from cnnexplain.table import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.table import Table

_SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "`": r"\textasciigrave{}",
        "'": r"\textquotesingle{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\symbol{34}",  # some languages of babel give it a meaning
        **{each: f"\\{each}" for each in "{}$&#%_"},
        # A line that begins with one of these would be an argument of the \\ before it.
        **{each: f"{{{each}}}" for each in "[]*"},
        "×": r"$\times$",
        "·": r"$\cdot$",
        "−": "$-$",
        "→": r"$\to$",
        "\N{NO-BREAK SPACE}": "~",
        "\N{NARROW NO-BREAK SPACE}": r"\,",
        "\N{REPLACEMENT CHARACTER}": "?",
    }
)
_DASHES = re.compile(r"-(?=-)")
# What a formula of ours cannot hold once it is TeX.
_NO_MATHEMATICS = re.compile(r"[^ -~]|[#$%&~^]")


def to_latex(table: Table) -> str:
    r"""Return a table as one `tabular`, which needs the packages booktabs and amsmath.

    Args:
        table: The table. Its caption is a comment in the first line, since `\caption` belongs to
            the float that the author puts around; its notes follow as small paragraphs.
    """
    letters = "".join("l" if column in WORDS else "r" for column in table.columns)
    return "\n".join(
        [
            f"% {visible(table.caption)}",
            r"% needs \usepackage{booktabs,amsmath}",
            rf"\begin{{tabular}}{{{letters}}}",
            r"\toprule",
            _line(table.headers),
            r"\midrule",
            *map(_line, table.cells),
            *([r"\midrule", _line(table.totals)] if table.totals else []),
            r"\bottomrule",
            r"\end{tabular}",
            *(rf"\par{{\footnotesize {escaped(note)}\par}}" for note in table.notes),
        ]
    )


def _line(cells: Iterable[str | Formula]) -> str:
    return " & ".join(map(_cell, cells)) + r" \\"


def _cell(cell: str | Formula) -> str:
    if isinstance(cell, Formula) and not _NO_MATHEMATICS.search(cell.tex):
        return f"${cell.tex}$"
    return escaped(str(cell))


def escaped(text: str) -> str:
    r"""Return a text as LaTeX that prints it.

    Args:
        text: Any text; characters beyond Latin need a LaTeX that has a font for them.

    Example:
        >>> escaped("50%_[a]--")
        '50\\%\\_{[}a{]}-{}-'
    """
    # Two hyphens would become a dash.
    return _DASHES.sub("-{}", visible(text).translate(_SPECIAL))
