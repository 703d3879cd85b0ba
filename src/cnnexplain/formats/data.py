"""A trace's rows for programs: CSV, JSON, and a pandas DataFrame, with exact numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnnexplain.errors import CnnExplainError
from cnnexplain.languages import text
from cnnexplain.table import Column, checked, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from cnnexplain.graph import Row

# A spreadsheet would compute a text that begins with one of these, in Japan of full width too, and
# after what it takes for blank; in France a cell begins after a semicolon. An apostrophe of the
# text's own gets another, so that whoever takes the first one away has the text again.
_COMPUTED = re.compile(r"(?:\A|(?<=;))(?:[\s\ufeff]*[=+\-@＝＋－＠']|[\t\r\n])")
_SHAPES = (Column.INPUT_SHAPE, Column.OUTPUT_SHAPE)
_MAPS = (
    Column.RECEPTIVE_FIELD,
    Column.EFFECTIVE_STRIDE,
    Column.EFFECTIVE_PADDING,
    Column.UNREAD,
    Column.TOUCHED,
)


def to_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return rows as CSV with a header in the current language.

    Args:
        rows: The rows.
        columns: Names of columns, in order.

    Raises:
        ArgumentError: If there is no such column.

    Example:
        >>> from cnnexplain import networks, trace
        >>> rows = trace(networks.alexnet()).rows[:2]
        >>> print(to_csv(rows, ["name", "output_shape", "macs"]), end="")
        Layer,Output shape,MACs
        conv1,1x96x55x55,105415200
        relu1,1x96x55x55,0
    """
    chosen = checked(columns)
    header = _line(text(f"table.{column}") for column in chosen)
    lines = (_line(_csv(value(row, column), column) for column in chosen) for row in rows)
    return "".join((header, *lines))


def _line(cells: Iterable[object]) -> str:
    """Return a line of CSV."""
    file = io.StringIO()
    # Only where both end a line does csv put cells that hold either of them into quotes; and
    # whatever follows an unquoted one is a line, and a formula, of its own.
    csv.writer(file, lineterminator="\r\n").writerow(cells)
    return file.getvalue().removesuffix("\r\n") + "\n"


def _csv(held: Any, column: Column) -> object:
    if held is None:
        return ""
    if isinstance(held, str):
        held = held.encode("utf-8", "replace").decode()
        return _COMPUTED.sub(r"'\g<0>", held)
    if column is Column.INPUT_SHAPES:
        return " ".join("x".join(map(str, shape)) for shape in held)
    if column is Column.MARKS:
        return " ".join(held)
    if column in _SHAPES:
        return "x".join(map(str, held))
    return "x".join(map(str, _joined(held))) if column in _MAPS else held


def _joined(axes: Sequence[Any]) -> Sequence[Any]:
    """Return the axes' numbers, or the one number that all of them are."""
    return axes[:1] if len(set(axes)) == 1 else axes


def to_json(rows: Sequence[Row], columns: Sequence[str], about: Mapping[str, object]) -> str:
    """Return rows as JSON; `trace.schema.json` describes it.

    Args:
        rows: The rows.
        columns: Names of columns, in order.
        about: What else there is to say, by key.

    Raises:
        ArgumentError: If there is no such column.

    Example:
        >>> from cnnexplain import networks, trace
        >>> json.loads(to_json(trace(networks.alexnet()).rows[:1], ["name", "unread"], {}))
        {'rows': [{'name': 'conv1', 'unread': [0, 0]}]}
    """
    chosen = checked(columns)
    members = [f"{json.dumps(key)}: {json.dumps(held)}" for key, held in about.items()]
    # A line each, which is what one compares, and a third of what indented lists would take.
    lines = [
        json.dumps({column.value: value(row, column) for column in chosen}, default=_exact)
        for row in rows
    ]
    members.append('"rows": [\n    {}\n  ]'.format(",\n    ".join(lines)))
    return "{{\n  {}\n}}\n".format(",\n  ".join(members))


def _exact(number: object) -> object:
    """Return what JSON has no kind for: a fraction as a number if it is whole, else as text."""
    if isinstance(number, Fraction):
        return int(number) if number.denominator == 1 else str(number)
    raise TypeError(type(number).__name__)


def to_frame(rows: Sequence[Row], columns: Sequence[str], translated: bool) -> pd.DataFrame:
    """Return rows as a pandas DataFrame.

    Args:
        rows: The rows.
        columns: Names of columns, in order.
        translated: Whether its columns are called as in tables, in the current language, instead
            of as in `Column`.

    Raises:
        ArgumentError: If there is no such column.
        CnnExplainError: If pandas is missing.
    """
    chosen = checked(columns)
    try:
        import pandas as pd  # noqa: PLC0415  # an extra, and slow to import
    except ImportError as error:
        raise CnnExplainError(
            "pandas, which makes the DataFrame", str(error), 'pip install "cnnexplain[frame]"'
        ) from None
    series = {column: [_framed(value(row, column), column) for row in rows] for column in chosen}
    return pd.DataFrame(
        {
            text(f"table.{column}") if translated else column.value: pd.Series(
                held, dtype=_kind(column, held)
            )
            for column, held in series.items()
        }
    )


def _framed(held: Any, column: Column) -> object:
    if held is None or column not in _MAPS:
        return held
    joined = [int(each) if each == int(each) else each for each in _joined(held)]
    return joined[0] if len(joined) == 1 else tuple(joined) or None


def _kind(column: Column, held: Sequence[object]) -> str:
    """Return the DataFrame's kind of a column: integers stay exact beside what is missing."""
    if column in {Column.PARAMETERS, Column.MACS, Column.MEMORY} | set(_MAPS) and all(
        each is None or (isinstance(each, int) and abs(each) < 2**63) for each in held
    ):
        return "Int64"
    return "object"
