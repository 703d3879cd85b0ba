"""What differs between two traces, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from cnnexplain.formats.text import to_text
from cnnexplain.languages import language as chosen_language
from cnnexplain.languages import number, text
from cnnexplain.table import Column, Table, checked, said, value
from cnnexplain.terminal import terminal_width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnnexplain.formula import Formula
    from cnnexplain.graph import Row
    from cnnexplain.report import Trace

# What two rows are compared by. All else follows: an input's shape is the output's of a row above,
# and formulas say how the numbers here come about.
COMPARED = (
    Column.NAME,
    Column.OPERATION,
    Column.OUTPUT_SHAPE,
    Column.PARAMETERS,
    Column.MACS,
    Column.MEMORY,
    Column.RECEPTIVE_FIELD,
    Column.EFFECTIVE_STRIDE,
    Column.EFFECTIVE_PADDING,
    Column.MARKS,
)
_SUMMED = (Column.PARAMETERS, Column.MACS, Column.MEMORY)


@dataclass(frozen=True, slots=True)
class Change:
    """A row of one trace beside its counterpart in the other.

    Attributes:
        before: The row in the first trace; None if it was added.
        after: The row in the second trace; None if it was removed.
    """

    before: Row | None
    after: Row | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in which the rows differ; all of them where one row is missing."""
        before, after = self.before, self.after
        if before is None or after is None:
            return COMPARED
        return tuple(each for each in COMPARED if value(before, each) != value(after, each))

    def __bool__(self) -> bool:
        return bool(self.columns)


@dataclass(frozen=True, slots=True, repr=False)
class Difference:
    """What differs between two traces; it is true if anything does.

    Attributes:
        before: The first trace.
        after: The second trace.
        rows: The rows of both, those that correspond side by side.

    Example:
        >>> from cnnexplain import networks, trace
        >>> paper, ungrouped = trace(networks.alexnet()), trace(networks.alexnet("ungrouped"))
        >>> [change.after.name for change in paper.diff(ungrouped).changed]
        ['conv2', 'conv4', 'conv5']
    """

    before: Trace
    after: Trace
    rows: tuple[Change, ...]

    @property
    def changed(self) -> tuple[Change, ...]:
        """The rows that differ."""
        return tuple(filter(None, self.rows))

    def __bool__(self) -> bool:
        return any(self.rows)

    def __repr__(self) -> str:
        return self.to_text(width=terminal_width())

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(
        self,
        language: str | None = None,
        columns: Sequence[str] | None = None,
        width: int | None = None,
    ) -> str:
        """Return the rows that differ as text.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            columns: Names of columns, in order, which the name precedes; unless given, those in
                which something differs.
            width: How many columns of a terminal a line may take; any unless given.

        Raises:
            ArgumentError: If there is no such language or column.

        Example:
            >>> from cnnexplain import networks, trace
            >>> paper, ungrouped = trace(networks.alexnet()), trace(networks.alexnet("ungrouped"))
            >>> print(paper.diff(ungrouped).to_text(columns=["macs"]).splitlines()[3].split()[0])
            conv2
        """
        with chosen_language(language):
            shown = self._table(columns)
            return (
                to_text(shown, width) if shown.cells else "\n".join([shown.caption, *shown.notes])
            )

    def to_markdown(self, language: str | None = None, columns: Sequence[str] | None = None) -> str:
        """Return the rows that differ as Markdown.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            columns: Names of columns, in order, which the name precedes; unless given, those in
                which something differs.

        Raises:
            ArgumentError: If there is no such language or column.

        Example:
            >>> from cnnexplain import networks, trace
            >>> paper, ungrouped = trace(networks.alexnet()), trace(networks.alexnet("ungrouped"))
            >>> print(paper.diff(ungrouped).to_markdown("fr", ["parameters"]).splitlines()[0])
            | Couche | Paramètres |
        """
        from cnnexplain.formats.markdown import to_markdown  # noqa: PLC0415  # as in Trace

        with chosen_language(language):
            shown = self._table(columns)
            return to_markdown(shown) if shown.cells else shown.notes[0]

    def to_html(self, language: str | None = None, columns: Sequence[str] | None = None) -> str:
        """Return the rows that differ as HTML.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            columns: Names of columns, in order, which the name precedes; unless given, those in
                which something differs.

        Raises:
            ArgumentError: If there is no such language or column.

        Example:
            >>> from cnnexplain import networks, trace
            >>> paper, ungrouped = trace(networks.alexnet()), trace(networks.alexnet("ungrouped"))
            >>> "conv2" in paper.diff(ungrouped).to_html()
            True
        """
        from cnnexplain.formats.web import escaped, to_html  # noqa: PLC0415  # as in Trace

        with chosen_language(language):
            shown = self._table(columns)
            if shown.cells:
                return to_html(shown)
            return f"<p>{escaped(shown.caption)}</p>\n<p>{escaped(shown.notes[0])}</p>"

    def _table(self, columns: Sequence[str] | None) -> Table:
        changed = self.changed
        differing = {column for change in changed for column in change.columns}
        asked = [each for each in COMPARED if each in differing] if columns is None else columns
        chosen = [Column.NAME]
        chosen += [each for each in checked(asked or COMPARED) if each is not Column.NAME]
        first, second = self.before, self.after
        totals = [_total(column, first, second) for column in chosen]
        totals[0] = text("table.total")
        return Table(
            _arrow(first.caption, second.caption),
            tuple(chosen),
            tuple(text(f"table.{column}") for column in chosen),
            tuple(tuple(_cell(change, column) for column in chosen) for change in changed),
            tuple(totals),
            () if changed else (text("report.difference.none"),),
        )


def difference(before: Trace, after: Trace) -> Difference:
    """Return what differs between two traces.

    Rows correspond by their names or by their operations, whichever leaves fewer differences: a
    layer that is inserted into an `nn.Sequential` renames all that follow.

    Args:
        before: The first trace.
        after: The second trace.

    Example:
        >>> from cnnexplain import trace
        >>> one = trace("nn.Sequential(nn.ReLU(), nn.Flatten())", (3, 4, 4))
        >>> two = trace("nn.Sequential(nn.Tanh(), nn.ReLU(), nn.Flatten())", (3, 4, 4))
        >>> [change.before is None for change in difference(one, two).rows]
        [True, False, False]
    """
    keys = (lambda row: row.name, lambda row: str(row.operation))
    candidates = [tuple(_aligned(before.rows, after.rows, order)) for order in (keys, keys[::-1])]
    return Difference(before, after, max(candidates, key=_likeness))


def _aligned(
    before: Sequence[Row], after: Sequence[Row], keys: Sequence[Callable[[Row], str]]
) -> Iterator[Change]:
    """Pair rows by the first key, and those between the pairs by the other keys."""
    if not keys or not before or not after:
        yield from (Change(row, None) for row in before)
        yield from (Change(None, row) for row in after)
        return
    key, *others = keys
    old, new = list(map(key, before)), list(map(key, after))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for what, start, end, first, last in matcher.get_opcodes():
        if what == "equal":
            pairs = zip(before[start:end], after[first:last], strict=True)
            yield from (Change(*pair) for pair in pairs)
        else:
            yield from _aligned(before[start:end], after[first:last], others)


def _likeness(changes: Sequence[Change]) -> int:
    """Return how much stays; an operation is more than a name, which may only be a number."""
    return sum(
        (change.before.name == change.after.name)
        + 2 * (str(change.before.operation) == str(change.after.operation))
        for change in changes
        if change.before is not None and change.after is not None
    )


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _said(row: Row, column: Column) -> str:
    # To the byte, because two sizes that differ may round to the same.
    return _bytes(row.memory) if column is Column.MEMORY else str(said(row, column))


def _bytes(memory: int) -> str:
    return text("table.unit.B", value=number(memory))


def _cell(change: Change, column: Column) -> str | Formula:
    before, after = change.before, change.after
    if before is not None and after is not None:
        same = value(before, column) == value(after, column)
        if column is Column.NAME:
            return _arrow(before.name, after.name)
        return "" if same else _arrow(_said(before, column), _said(after, column))
    row, what = (after, "added") if before is None else (before, "removed")
    assert row is not None
    if column is Column.NAME:
        return text(f"report.difference.{what}", name=row.name)
    return _said(row, column)


def _total(column: Column, before: Trace, after: Trace) -> str:
    if column not in _SUMMED:
        return ""
    old, new = getattr(before, column), getattr(after, column)
    write = _bytes if column is Column.MEMORY else number
    if old == new:
        return write(old)
    sign = "+" if new > old else "−"
    change = sign + write(abs(new - old))
    return text("report.difference.total", change=_arrow(write(old), write(new)), difference=change)
