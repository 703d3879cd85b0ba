"""Rows as a table in the reader's language: what each column holds, and how a cell says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from cnnexplain.errors import ArgumentError
from cnnexplain.errors import shown as short
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from fractions import Fraction

    from cnnexplain.formula import Formula
    from cnnexplain.graph import Row

# What stands in a cell that has nothing to say.
NOTHING = "–"


class Column(StrEnum):
    """What a table can show of each layer."""

    NAME = "name"
    OPERATION = "operation"
    INPUT_SHAPE = "input_shape"
    INPUT_SHAPES = "input_shapes"
    OUTPUT_SHAPE = "output_shape"
    FORMULA = "formula"
    PARAMETERS = "parameters"
    PARAMETER_FORMULA = "parameter_formula"
    MACS = "macs"
    MEMORY = "memory"
    RECEPTIVE_FIELD = "receptive_field"
    EFFECTIVE_STRIDE = "effective_stride"
    EFFECTIVE_PADDING = "effective_padding"
    UNREAD = "unread"
    TOUCHED = "touched"
    MARKS = "marks"
    ORIGIN = "origin"


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
# Their cells are words, which stand at the left; those of the others are numbers.
WORDS = frozenset(
    {
        Column.NAME,
        Column.OPERATION,
        Column.INPUT_SHAPES,
        Column.FORMULA,
        Column.PARAMETER_FORMULA,
        Column.MARKS,
        Column.ORIGIN,
    }
)
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of finished text.

    Attributes:
        caption: What the table shows, in one line.
        columns: What each column holds.
        headers: The columns' titles.
        cells: What each row says; a formula stays one, because some formats set it.
        totals: The text of the last row; nothing without one.
        notes: What is to be said below the table, a sentence each.
    """

    caption: str
    columns: tuple[Column, ...]
    headers: tuple[str, ...]
    cells: tuple[tuple[str | Formula, ...], ...]
    totals: tuple[str, ...]
    notes: tuple[str, ...] = ()


def table(
    rows: Sequence[Row],
    totals: Mapping[str, int],
    caption: str,
    columns: Sequence[str] = DEFAULT,
    notes: Sequence[str] = (),
) -> Table:
    """Return rows as a table in the current language.

    Args:
        rows: The layers.
        totals: The sums of the columns that have one.
        caption: What the table shows, in one line.
        columns: Names of columns, in order.
        notes: What is to be said below the table.

    Raises:
        ArgumentError: If there is no such column.

    Example:
        >>> from cnnexplain import networks, trace
        >>> rows = trace(networks.lenet5()).rows
        >>> table(rows, {"parameters": 61706}, "LeNet-5", ["name", "parameters"]).totals
        ('Total', '61,706')
    """
    chosen = checked(columns)
    last = [count(column, totals[column]) if column in totals else "" for column in chosen]
    if any(last):
        last[0] = last[0] or text("table.total")
    return Table(
        caption,
        chosen,
        tuple(text(f"table.{column}") for column in chosen),
        tuple(zip(*[_CELLS[column](rows) for column in chosen], strict=True)),
        tuple(last) if any(last) else (),
        tuple(notes),
    )


def checked(columns: Sequence[str]) -> tuple[Column, ...]:
    """Return names of columns as columns.

    Args:
        columns: The names, in order.

    Raises:
        ArgumentError: If there is no such column.

    Example:
        >>> checked(["name"])
        (<Column.NAME: 'name'>,)
    """
    names = [column.value for column in Column]
    listed = isinstance(columns, tuple | list) and all(isinstance(each, str) for each in columns)
    if not listed or not columns or not set(columns) <= set(names):
        raise ArgumentError(
            f"columns among {', '.join(names)}",
            f"columns={short(columns)}",
            'write for example columns=["name", "output_shape", "formula"]',
        )
    return tuple(map(Column, columns))


def value(row: Row, column: Column) -> object:
    """Return what a column holds of a row, the same in every language.

    Args:
        row: The row.
        column: The column.

    Example:
        >>> from cnnexplain import networks, trace
        >>> value(trace(networks.alexnet())["conv1"], Column.OUTPUT_SHAPE)
        (1, 96, 55, 55)
    """
    match column:
        case Column.OPERATION:
            return str(row.operation)
        case Column.FORMULA:
            return None if row.formula is None else str(row.formula)
        case Column.PARAMETER_FORMULA:
            formula = row.operation.parameter_formula
            return None if formula is None else str(formula)
        case Column.MARKS:
            return marks(row)
    return getattr(row, column)


def marks(row: Row) -> tuple[str, ...]:
    """Return what a reader of a row's numbers should know beside them.

    Args:
        row: The row.

    Returns:
        Any of `"unread"`, inputs that no window reads; `"touched"`, cells that padding reaches;
        `"everything"`, units that see the whole input; `"meta"` or `"run"`, a shape that torch
        found out.

    Example:
        >>> from cnnexplain import trace
        >>> marks(trace("nn.Sequential(nn.MaxPool2d(2))", (3, 7, 7)).rows[0])
        ('unread',)
    """
    found = {
        "unread": any(row.unread),
        "touched": any(row.touched or ()),
        "everything": row.sees_everything,
        row.origin: row.origin != "rule",
    }
    return tuple(mark for mark, holds in found.items() if holds)


def said(row: Row, column: Column) -> str | Formula:
    """Return a row's cell in the current language.

    Args:
        row: The row.
        column: The column.

    Example:
        >>> from cnnexplain import networks, trace
        >>> said(trace(networks.alexnet())["fc6"], Column.PARAMETERS)
        '37,752,832'
    """
    return _CELLS[column]([row])[0]


def count(column: str, total: int) -> str:
    """Return a column's sum in the current language.

    Args:
        column: The column's name.
        total: Its sum.

    Example:
        >>> count("memory", 1161600)
        '1.1 MiB'
    """
    return size(total) if column == Column.MEMORY else number(total)


def size(memory: int) -> str:
    """Return bytes in the current language, in the binary unit that leaves the fewest digits.

    Args:
        memory: How many bytes.

    Example:
        >>> size(1000), size(154587)
        ('1,000 B', '151 KiB')
    """
    power = 0
    # Beyond four units the digits grow instead.
    while memory >= 1024 ** (power + 1) and power < len(_UNITS) - 1:
        power += 1
    measure = memory / 1024**power if power else memory
    return text(f"table.unit.{_UNITS[power]}", value=number(measure, digits=1))


def listed(parts: Iterable[str]) -> str:
    """Return parts of a list as one text in the current language.

    Args:
        parts: The parts.

    Example:
        >>> listed(["conv1", "conv2"])
        'conv1, conv2'
    """
    return text("table.comma").join(parts)


def sample(sizes: Sequence[int]) -> str:
    """Return a shape without its batch, which is the same in every row, unless it is above 1.

    Args:
        sizes: The shape with its batch.

    Example:
        >>> sample((1, 256, 6, 6)), sample((2, 10))
        ('256×6×6', '2×10')
    """
    if not sizes:
        return NOTHING
    return shape(sizes[1:] if sizes[0] == 1 and len(sizes) > 1 else sizes)


def axes(values: Sequence[int | Fraction] | None) -> str:
    """Return one number if all axes agree, else one for each.

    Args:
        values: A number for each axis, or None where no number tells it.

    Example:
        >>> axes((195, 195)), axes((1, 3)), axes(None)
        ('195', '1×3', '–')
    """
    if not values:
        return NOTHING
    return shape(values[:1] if values.count(values[0]) == len(values) else values)


def _size_found(row: Row) -> str | Formula:
    """Return how the output's size came about."""
    if row.origin != "rule":
        return text(f"table.origins.{row.origin}")
    if row.formula is not None:
        return row.formula
    return text("table.unchanged") if row.output_shape in row.input_shapes else NOTHING


def _marked(row: Row) -> str:
    cells = {"unread": axes(row.unread), "touched": axes(row.touched)}
    found = marks(row)
    words = [text(f"table.mark.{mark}", cells=cells.get(mark, "")) for mark in found]
    return listed(words) or NOTHING


# Rows come by the hundred and share most of their numbers, so each is written once.
_Cells: TypeAlias = "Callable[[Sequence[Row]], list[str | Formula]]"


def _each(attribute: str, say: Callable[[Any], str]) -> _Cells:
    def cells(rows: Sequence[Row]) -> list[str | Formula]:
        values = list(map(attrgetter(attribute), rows))
        known: dict[object, str | Formula] = {held: say(held) for held in set(values)}
        return [known[held] for held in values]

    return cells


def _all(say: Callable[[Row], str | Formula]) -> _Cells:
    return lambda rows: [say(row) for row in rows]


_CELLS: Mapping[Column, _Cells] = {
    Column.NAME: _all(attrgetter("name")),
    Column.OPERATION: _all(lambda row: str(row.operation)),
    Column.INPUT_SHAPE: _all(lambda row: sample(row.input_shape)),
    Column.INPUT_SHAPES: _each("input_shapes", lambda shapes: listed(map(sample, shapes))),
    Column.OUTPUT_SHAPE: _each("output_shape", sample),
    Column.FORMULA: _all(_size_found),
    Column.PARAMETERS: _each("parameters", number),
    Column.PARAMETER_FORMULA: _all(lambda row: row.operation.parameter_formula or NOTHING),
    Column.MACS: _each("macs", number),
    Column.MEMORY: _each("memory", size),
    Column.RECEPTIVE_FIELD: _each("receptive_field", axes),
    Column.EFFECTIVE_STRIDE: _each("effective_stride", axes),
    Column.EFFECTIVE_PADDING: _each("effective_padding", axes),
    Column.UNREAD: _each("unread", axes),
    Column.TOUCHED: _each("touched", axes),
    Column.MARKS: _all(_marked),
    Column.ORIGIN: _each("origin", lambda origin: text(f"table.origins.{origin}")),
}
