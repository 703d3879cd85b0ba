"""The values that users hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cnnexplain import table
from cnnexplain.collapse import collapsed
from cnnexplain.difference import Difference, difference
from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.formats.text import to_text
from cnnexplain.geometry import reason, receptive_field
from cnnexplain.graph import walk
from cnnexplain.languages import catalogue, current, shape, text
from cnnexplain.languages import language as chosen_language
from cnnexplain.notes import notes
from cnnexplain.terminal import terminal_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from cnnexplain.geometry import ReceptiveField
    from cnnexplain.graph import Network, Row

EVERYTHING = tuple(table.Column)


@dataclass(frozen=True, slots=True, repr=False)
class Trace:
    """A network traced for one input size: a row for each layer, and the totals.

    Attributes:
        network: The network.
        input_sizes: Each input's (channels, height, width), without the batch.
        batch_size: The number of inputs at once.
        rows: The operations in order.

    Example:
        >>> from cnnexplain import networks, trace
        >>> alexnet = trace(networks.alexnet(), (3, 227, 227))
        >>> print(alexnet["pool5"].formula)
        floor((13 + 2·0 − 3)/2) + 1 = 6
    """

    network: Network
    input_sizes: tuple[tuple[int, ...], ...]
    batch_size: int
    rows: tuple[Row, ...]

    @property
    def input_size(self) -> tuple[int, ...]:
        """The first input's (channels, height, width)."""
        return self.input_sizes[0]

    @property
    def parameters(self) -> int:
        """The number of learned parameters."""
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> int:
        """The multiply-accumulates with weights."""
        return sum(row.macs for row in self.rows)

    @property
    def memory(self) -> int:
        """The bytes of all activations."""
        return sum(row.memory for row in self.rows)

    def __getitem__(self, name: str) -> Row:
        """Return the row of a layer.

        Args:
            name: The layer's path.

        Raises:
            ArgumentError: If there is no such layer.
        """
        names = [row.name for row in self.rows]
        if name not in names:
            near = get_close_matches(shown(name), names, n=3, cutoff=0.3) or names[:3]
            raise ArgumentError(
                "the name of a layer", shown(name), f"write for example {', '.join(near)}"
            )
        return self.rows[names.index(name)]

    def receptive_field(
        self,
        name: str,
        unit: Sequence[int] | None = None,
        input: int = 0,  # noqa: A002  # as users call it
    ) -> ReceptiveField:
        """Return exactly what a unit of a layer sees, through branches and at the borders.

        Args:
            name: The layer's path.
            unit: The unit's index along the layer's last axes, such as (row, column); the middle
                of the map unless given.
            input: The number of the input, if the network has several.

        Raises:
            ArgumentError: If there is no such layer, unit or input.

        Example:
            >>> from cnnexplain import networks, trace
            >>> alexnet = trace(networks.alexnet(), (3, 227, 227))
            >>> alexnet.receptive_field("conv1", unit=(0, 1)).intervals
            (range(0, 11), range(4, 15))
        """
        first, shapes, row = len(self.input_sizes), self._shapes(), self[name]
        found = receptive_field(self.network, shapes, first + row.node, unit, input)
        if input != row.source:
            return found  # the table tells of another one
        told, picture = row.receptive_field, self.input_sizes[input][1:]
        return replace(found, reason=reason(found, told, picture, everything=row.sees_everything))

    def _shapes(self) -> list[tuple[int, ...]]:
        shapes = [(self.batch_size, *size) for size in self.input_sizes]
        rows: Iterable[Row] = self.rows
        if len(self.rows) < len(self.network.nodes):  # rows of modules
            rows = walk(self.network, self.input_sizes, self.batch_size)
        return [*shapes, *(row.output_shape for row in rows)]

    @property
    def caption(self) -> str:
        """What was traced, in the current language."""
        name = self.network.name or text("table.network")
        return text("table.caption", name=name, size=table.listed(map(shape, self.input_sizes)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said about the trace as a whole, in the current language.

        Which shapes torch found out by its meta kernels or by a real run, whether the network's
        graph depends on values, and which parameters are never used.
        """
        return notes(self.network, self.rows)

    def collapsed(self, depth: int) -> Trace:
        """Return the trace with one row for each module, down to a depth of nesting.

        Rows that follow each other inside of one module become one, called as the module, with
        the sums of their parameters, MACs, memory and unread inputs; its input is that of the
        first, and its output and what its units see are those of the last. A module that comes
        again later has `:2` behind its name.

        Args:
            depth: How many parts of the layers' paths are kept, at least one.

        Raises:
            ArgumentError: If the depth is no positive integer.

        Example:
            >>> from cnnexplain import trace
            >>> text = "nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), nn.ReLU())"
            >>> [row.name for row in trace(text, (1, 2, 2)).collapsed(depth=1).rows]
            ['0', '1']
        """
        rows = collapsed(self.rows, self.network.modules, whole("depth", depth, 1))
        return replace(self, rows=rows)

    def diff(self, other: Trace) -> Difference:
        """Return what differs in another trace.

        Args:
            other: The other trace.

        Raises:
            ArgumentError: If the other one is no trace.

        Example:
            >>> from cnnexplain import networks, trace
            >>> small, large = (trace(networks.vgg16(), (3, size, size)) for size in (224, 224))
            >>> bool(small.diff(large))
            False
        """
        if not isinstance(other, Trace):
            raise ArgumentError(
                "another trace", shown(other), "write for example cx.trace(...).diff(cx.trace(...))"
            )
        return difference(self, other)

    def _table(self, columns: Sequence[str]) -> table.Table:
        totals = {each: getattr(self, each) for each in ("parameters", "macs", "memory")}
        return table.table(self.rows, totals, self.caption, columns, self.notes)

    def __repr__(self) -> str:
        return self.to_text(width=terminal_width())

    def _repr_html_(self) -> str:
        return self.to_html()

    # The formats but text are imported where they are used: an interactive session starts sooner.

    def to_text(
        self,
        language: str | None = None,
        columns: Sequence[str] = table.DEFAULT,
        width: int | None = None,
    ) -> str:
        """Return the table as text with aligned columns.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            columns: Names of columns, in order; those of `cnnexplain.table.Column`.
            width: How many columns of a terminal a line may take, any unless given. Where that is
                too few, the least important columns are left out (the last line names them), then
                long cells are cut.

        Raises:
            ArgumentError: If there is no such language or column, or the width is no positive
                integer.

        Example:
            >>> from cnnexplain import networks, trace
            >>> lenet = trace(networks.lenet5())
            >>> print(lenet.to_text("fr", ["name", "parameters"]).splitlines()[1])
            Couche   Paramètres
        """
        limit = None if width is None else whole("width", width, 1)
        with chosen_language(language):
            return to_text(self._table(columns), limit)

    def to_markdown(
        self, language: str | None = None, columns: Sequence[str] = table.DEFAULT
    ) -> str:
        """Return the table as Markdown.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            columns: Names of columns, in order; those of `cnnexplain.table.Column`.

        Raises:
            ArgumentError: If there is no such language or column.

        Example:
            >>> from cnnexplain import networks, trace
            >>> lenet = trace(networks.lenet5())
            >>> print(lenet.to_markdown("fr", ["name", "parameters"]).splitlines()[0])
            | Couche | Paramètres |
        """
        from cnnexplain.formats.markdown import to_markdown  # noqa: PLC0415

        with chosen_language(language):
            return to_markdown(self._table(columns))

    def to_html(self, language: str | None = None, columns: Sequence[str] = table.DEFAULT) -> str:
        """Return the table as HTML.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            columns: Names of columns, in order; those of `cnnexplain.table.Column`.

        Raises:
            ArgumentError: If there is no such language or column.

        Example:
            >>> from cnnexplain import networks, trace
            >>> "48,120" in trace(networks.lenet5()).to_html("en", ["name", "parameters"])
            True
        """
        from cnnexplain.formats.web import to_html  # noqa: PLC0415

        with chosen_language(language):
            return to_html(self._table(columns))

    def to_latex(self, language: str | None = None, columns: Sequence[str] = table.DEFAULT) -> str:
        r"""Return the table as LaTeX: one `tabular`, for the packages booktabs and amsmath.

        What was traced stands in a comment, since a `\caption` belongs to the float around the
        table. Characters beyond Latin need LuaLaTeX or the like.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            columns: Names of columns, in order; those of `cnnexplain.table.Column`.

        Raises:
            ArgumentError: If there is no such language or column.

        Example:
            >>> from cnnexplain import networks, trace
            >>> print(trace(networks.lenet5()).to_latex("en", ["name"]).splitlines()[1])
            % needs \usepackage{booktabs,amsmath}
        """
        from cnnexplain.formats.latex import to_latex  # noqa: PLC0415

        with chosen_language(language):
            return to_latex(self._table(columns))

    def to_csv(self, language: str | None = None, columns: Sequence[str] = EVERYTHING) -> str:
        """Return the rows as CSV, without totals.

        Numbers are exact and not grouped, memory is in bytes, fractions are written `1/2`; shapes,
        with their batch, are written `1x256x6x6`, and so is what has a number for each axis,
        unless they all agree. Text that a spreadsheet would compute, because it begins with `=`,
        `+`, `-` or `@`, has an apostrophe before it, as one types it there; so has text that begins
        with one itself.

        Args:
            language: The language of the header: `"en"`, `"ja"` or `"fr"`; the current one unless
                given.
            columns: Names of columns, in order; those of `cnnexplain.table.Column`.

        Raises:
            ArgumentError: If there is no such language or column.

        Example:
            >>> from cnnexplain import networks, trace
            >>> trace(networks.lenet5()).to_csv(columns=["name", "output_shape"]).splitlines()[:2]
            ['Layer,Output shape', 'conv1,1x6x28x28']
        """
        from cnnexplain.formats.data import to_csv  # noqa: PLC0415

        with chosen_language(language):
            return to_csv(self.rows, columns)

    def to_json(self, language: str | None = None, columns: Sequence[str] = EVERYTHING) -> str:
        """Return the trace as JSON, which `cnnexplain/trace.schema.json` describes.

        Args:
            language: The language of the notes, all else being the same in every one: `"en"`,
                `"ja"` or `"fr"`; the current one unless given.
            columns: What is said of each row; those of `cnnexplain.table.Column`.

        Raises:
            ArgumentError: If there is no such language or column.

        Example:
            >>> import json
            >>> from cnnexplain import networks, trace
            >>> json.loads(trace(networks.alexnet()).to_json())["parameters"]
            60965224
        """
        from cnnexplain.formats.data import to_json  # noqa: PLC0415

        with chosen_language(language):
            about = {
                "network": self.network.name,
                "input_sizes": self.input_sizes,
                "batch_size": self.batch_size,
                "parameters": self.parameters,
                "macs": self.macs,
                "memory": self.memory,
                "unused": self.network.unused,
                "by_values": self.network.by_values,
                "notes": self.notes,
            }
            return to_json(self.rows, columns, about)

    def to_frame(
        self, language: str | None = None, columns: Sequence[str] = EVERYTHING
    ) -> pd.DataFrame:
        """Return the rows as a pandas DataFrame, without totals.

        Numbers are exact: integers, or fractions where they are none. Shapes, with their batch,
        are tuples, and so is what has a number for each axis, unless they all agree.

        Args:
            language: The language of the columns' titles: `"en"`, `"ja"` or `"fr"`; unless given,
                columns are called as in `cnnexplain.table.Column`.
            columns: Names of columns, in order; those of `cnnexplain.table.Column`.

        Raises:
            ArgumentError: If there is no such language or column.
            CnnExplainError: If pandas is missing.

        Example:
            >>> from cnnexplain import networks, trace
            >>> int(trace(networks.alexnet()).to_frame()["parameters"].sum())
            60965224
        """
        from cnnexplain.formats.data import to_frame  # noqa: PLC0415

        with chosen_language(language):
            return to_frame(self.rows, columns, translated=language is not None)


# What the first table says must not wait for its words.
catalogue(current())
