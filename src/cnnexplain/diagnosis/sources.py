"""The user's own source: the line that a layer is called in, and the names in it."""

from __future__ import annotations

import ast
import linecache
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.diagnosis.findings import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

# Longer than any file that somebody wrote.
_MOST_LINES = 20_000


def place(file: str, line: int) -> Place:
    """Return a line of a file with its text.

    Args:
        file: The file's path, or the name that a notebook gives a cell.
        line: The line's number, counted from 1.

    Example:
        >>> place("nowhere.py", 3)
        Place(file='nowhere.py', line=3, source='')
    """
    return Place(file, line, linecache.getline(file, line).strip())


@dataclass(frozen=True, slots=True)
class Call:
    """A call, or an arithmetic operation, in the user's source.

    Attributes:
        statement: The statement's first line.
        lines: How many lines the statement has.
        text: The call as it is written.
        operands: The names of what it is called on; None for what is no plain name.
    """

    statement: Place
    lines: int
    text: str
    operands: tuple[str | None, ...]


def call(where: Place | None, *names: str) -> Call | None:
    """Return the call of one of some functions at a line, if there is exactly one.

    Args:
        where: The line.
        *names: The functions' or methods' names; `"+"` for a sum.

    Returns:
        The call; None if the source cannot be read, or has none or several there.
    """
    if where is None or not where.source:
        return None
    lines = linecache.getlines(where.file)
    if len(lines) > _MOST_LINES:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    statement = _statement(tree, where.line)
    if statement is None or lines[statement.lineno - 1][: statement.col_offset].strip():
        return None  # nothing can be written before what does not begin its line
    found = [each for each in _calls(statement, names) if _lines(each[0], where.line)]
    if len(found) != 1:
        return None
    ((node, operands),) = found
    text = ast.get_source_segment("".join(lines), node)
    count = (statement.end_lineno or statement.lineno) - statement.lineno + 1
    plain = tuple(each.id if isinstance(each, ast.Name) else None for each in operands)
    return Call(place(where.file, statement.lineno), count, text or "", plain)


def _lines(node: ast.AST, line: int) -> bool:
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return first <= line <= last


def _statement(tree: ast.Module, line: int) -> ast.stmt | None:
    """Return the innermost simple statement at a line."""
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and _lines(node, line) and not hasattr(node, "body")
    ]
    return inside[0] if len(inside) == 1 else None


def _calls(statement: ast.stmt, names: tuple[str, ...]) -> Iterator[tuple[ast.AST, list[ast.expr]]]:
    for node in _evaluated(statement):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch" | "F"), attr=name)) if (
                name in names and node.args
            ):
                first = node.args[0]
                several = isinstance(first, ast.List | ast.Tuple)
                yield node, first.elts if several else [first]  # type: ignore[attr-defined]
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in names:
                yield node, [value]
            case ast.BinOp(left=left, op=ast.Add(), right=right) if "+" in names:
                yield node, [left, right]
            case ast.AugAssign(target=left, op=ast.Add(), value=right) if "+" in names:
                yield node, [left, right]


def _evaluated(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield what a statement evaluates when it runs, which a lambda in it is not."""
    left: list[ast.AST] = [statement]
    while left:
        node = left.pop()
        if not isinstance(node, ast.Lambda):
            yield node
            left += ast.iter_child_nodes(node)
