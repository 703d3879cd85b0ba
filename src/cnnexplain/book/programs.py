"""Programs of the pages: a network, the line at which torch refuses it, and what is said of it.

They stand on the pages as they are run here; a test compares both.
"""

from __future__ import annotations

import contextlib
import io
import linecache
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import cnnexplain
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from cnnexplain.explanation import Explanation

# What a reader would call the file; explanations name lines of it.
_FILE = "model.py"


@dataclass(frozen=True)
class Program:
    """A program of the pages.

    Attributes:
        python: The line of Python that makes the explanation, which the reader is shown.
        code: What makes the network, and runs it; nothing for a network of the package.
        fails: Whether its last line raises. It does not where things go wrong in silence.
    """

    python: str
    code: str = ""
    fails: bool = True

    def explanation(self) -> Explanation:
        """Return the explanation that the line makes."""
        return _run(self)[0]

    def message(self) -> str:
        """Return what stands in the terminal then: torch's exception, or what is printed.

        Raises:
            BookError: If it raises though it should not, or the other way round.
        """
        _, said, fails = _run(self)
        if fails != self.fails:
            raise BookError(
                f"a program that {'fails' if self.fails else 'runs'}",
                said or "no exception",
                f"correct it in src/cnnexplain/book/contents.py: {self.python}",
            )
        return said


@cache
def _run(program: Program) -> tuple[Explanation, str, bool]:
    scope: dict[str, Any] = {"cx": cnnexplain, "__name__": "model"}
    # So that explanations can read its lines, as they do those of a file.
    lines = program.code.splitlines(keepends=True)
    linecache.cache[_FILE] = (len(program.code), None, lines, _FILE)
    printed, raised = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(program.code, _FILE, "exec"), scope)  # noqa: S102  # our own text
    except RuntimeError as error:
        raised = f"{type(error).__name__}: {error}"
    explanation = eval(program.python, scope)  # noqa: S307  # our own line
    return explanation, raised or printed.getvalue().strip(), bool(raised)
