"""Labs: code that exists once and prose in each language, composed into notebooks.

`docs/labs/TOPIC.py` holds the code in named percent cells. `docs/LANG/labs/TOPIC.md` holds the
prose and, where a cell goes, a line such as `--8<-- "labs/TOPIC/CELL.md"`. Everything here is text
in, text out; `kernels` runs the cells and `cache` remembers what they gave.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Sequence

Outputs = list[list[dict[str, Any]]]
"""The outputs of a lab: for each cell a list, as the notebook format has it."""

SETUP = "setup"
LANGUAGE_LINE = 'cx.set_language("en")'

_CELL = re.compile(r"^# %%(.*)\n?", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MARKER = re.compile(r"^[ \t]*--8<--(.*)\n?", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """One cell of code.

    Attributes:
        name: Its name in the percent line.
        source: Its code.
        line: The line of the lab's file that its code begins on.
    """

    name: str
    source: str
    line: int


@dataclass(frozen=True)
class Lab:
    """A lab in one language.

    Attributes:
        topic: The name of its file.
        language: The language of its prose and of its cells' labels.
        cells: Its code.
        prose: The Markdown before each cell, and after the last one.
    """

    topic: str
    language: str
    cells: tuple[Cell, ...]
    prose: tuple[str, ...]

    @property
    def code_file(self) -> str:
        """The file that the code comes from."""
        return f"docs/labs/{self.topic}.py"


def read_cells(source: str, where: str) -> tuple[Cell, ...]:
    r"""Split a lab's code into its cells.

    Args:
        source: The text of `docs/labs/TOPIC.py`.
        where: What messages call it.

    Returns:
        The cells; comments above the first one are left out.

    Raises:
        BookError: If a cell has no name or no code, two have the same name, the first one is not
            called `setup`, or code stands above it.

    Example:
        >>> read_cells("# %% setup\nx = 1\n", "docs/labs/a.py")
        (Cell(name='setup', source='x = 1', line=2),)
    """
    heads = list(_CELL.finditer(source))
    starts = [*(head.start() for head in heads), len(source)]
    above = source[: starts[0]]
    if any(line.strip() and not line.startswith("#") for line in above.splitlines()):
        raise BookError(
            f"{where}: code in named cells only",
            "code above the first cell",
            f"put it below the line `# %% {SETUP}`",
        )
    cells: list[Cell] = []
    for head, end in zip(heads, starts[1:], strict=True):
        name, body = head[1].strip(), source[head.end() : end]
        line = source.count("\n", 0, head.end()) + 1
        if not _NAME.fullmatch(name) or name in {cell.name for cell in cells}:
            raise BookError(
                f"{where}, line {line - 1}: a cell with a name of its own, in lower-case ASCII",
                f"{head[0].strip()!r}",
                "write for example `# %% size`",
            )
        if not body.strip():
            raise BookError(
                f"{where}, cell {name}: some code", "an empty cell", "fill the cell or remove it"
            )
        blank = len(body) - len(body.lstrip("\n"))
        cells.append(Cell(name, body.strip("\n").rstrip(), line + blank))
    if not cells or cells[0].name != SETUP:
        raise BookError(
            f"{where}: a first cell called {SETUP}",
            f"cells {[cell.name for cell in cells]}",
            f"begin with the line `# %% {SETUP}`",
        )
    return tuple(cells)


def localised(cells: Sequence[Cell], language: str, where: str) -> tuple[Cell, ...]:
    """Make the setup cell choose the page's language.

    Args:
        cells: The cells as written, in English.
        language: The page's language.
        where: What messages call their file.

    Raises:
        BookError: If the setup cell does not hold the line `cx.set_language("en")` just once.
    """
    setup, *others = cells
    lines = setup.source.split("\n")
    if lines.count(LANGUAGE_LINE) != 1:
        raise BookError(
            f"{where}, cell {setup.name}: the line `{LANGUAGE_LINE}` once",
            f"{lines.count(LANGUAGE_LINE)} such lines",
            "add it below the imports; it becomes each page's own language",
        )
    lines[lines.index(LANGUAGE_LINE)] = LANGUAGE_LINE.replace('"en"', f'"{language}"')
    return (Cell(setup.name, "\n".join(lines), setup.line), *others)


def split_prose(prose: str, topic: str, names: Sequence[str], where: str) -> tuple[str, ...]:
    r"""Split a lab's prose at the markers of its cells.

    Args:
        prose: The text of `docs/LANG/labs/TOPIC.md`.
        topic: The lab.
        names: The names of its cells.
        where: What messages call the prose's file.

    Returns:
        The Markdown before each cell, and after the last one.

    Raises:
        BookError: If a marker is missing, unknown, doubled or not in the cells' order.

    Example:
        >>> split_prose('Look:\n--8<-- "labs/a/setup.md"\nDone.\n', "a", ["setup"], "docs/en/labs/a.md")
        ('Look:', 'Done.')
    """  # noqa: E501  # an example stands on one line
    first, *rest = _MARKER.split(prose)
    targets, texts = rest[::2], rest[1::2]
    marker = re.compile(rf'"labs/{re.escape(topic)}/(.+)\.md"')
    found = [match[1] if (match := marker.fullmatch(t.strip())) else t.strip() for t in targets]
    if found != list(names):
        raise BookError(
            f"{where}: cells {list(names)}",
            f"cells {found}",
            f'write the line `--8<-- "labs/{topic}/CELL.md"` for every cell of docs/labs/{topic}.py'
            ", once and in the same order",
        )
    return tuple(text.strip() for text in (first, *texts))


def compose(lab: Lab, outputs: Outputs) -> str:
    """Write a lab as an executed notebook; the same lab gives the same bytes.

    Args:
        lab: The lab.
        outputs: What its cells gave.

    Returns:
        The notebook's file.
    """
    cells: list[dict[str, Any]] = []
    for number, prose in enumerate(lab.prose, start=1):
        if prose:
            cells.append(_cell("markdown", f"prose-{number}", prose))
        if number <= len(lab.cells):
            code = lab.cells[number - 1]
            given = [_numbered(output, number) for output in outputs[number - 1]]
            more = {"execution_count": number, "outputs": given}
            cells.append(_cell("code", f"code-{code.name}", code.source) | more)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cell(kind: str, identity: str, source: str) -> dict[str, Any]:
    lines = re.findall(r".*\n|.+$", source)
    return {"cell_type": kind, "id": identity, "metadata": {}, "source": lines}


def _numbered(output: dict[str, Any], number: int) -> dict[str, Any]:
    result = output["output_type"] == "execute_result"
    return {**output, "execution_count": number} if result else output
