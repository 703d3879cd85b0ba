"""The values that users hold."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cnnexplain import table
from cnnexplain.errors import ArgumentError, shown
from cnnexplain.geometry import receptive_field
from cnnexplain.graph import walk
from cnnexplain.languages import language as chosen_language
from cnnexplain.languages import shape, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.geometry import ReceptiveField
    from cnnexplain.graph import Network, Row


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
        input: int = 0,  # noqa: A002
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
        first, shapes = len(self.input_sizes), self._shapes()
        return receptive_field(self.network, shapes, first + self[name].node, unit, input)

    def _shapes(self) -> list[tuple[int, ...]]:
        shapes = [(self.batch_size, *size) for size in self.input_sizes]
        rows = walk(self.network, self.input_sizes, self.batch_size)
        return [*shapes, *(row.output_shape for row in rows)]

    def _table(self, columns: Sequence[str]) -> table.Table:
        name = self.network.name or text("table.network")
        caption = text("table.caption", name=name, size=shape(self.input_size))
        totals = {"parameters": self.parameters, "macs": self.macs}
        return table.table(self.rows, totals, caption, columns)

    def __repr__(self) -> str:
        return table.to_text(self._table(table.DEFAULT))

    def _repr_html_(self) -> str:
        return self.to_html()

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
        with chosen_language(language):
            return table.to_markdown(self._table(columns))

    def to_html(self, language: str | None = None, columns: Sequence[str] = table.DEFAULT) -> str:
        """Return the table as HTML.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            columns: Names of columns, in order; those of `cnnexplain.table.Column`.

        Raises:
            ArgumentError: If there is no such language or column.
        """
        with chosen_language(language):
            return table.to_html(self._table(columns))
