"""How far padding reaches, layer by layer, from what a user gave: a network, or rows of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from cnnexplain.errors import ArgumentError, pair, shown
from cnnexplain.exactness import Exactness
from cnnexplain.figures.parted import Pair, parted
from cnnexplain.graph import Network

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnnexplain.conversion import Conversion
    from cnnexplain.exactness import Reach

Places: TypeAlias = tuple[int, ...]
# What tells how far padding reaches, if no network does.
Reached: TypeAlias = "Conversion | Exactness | Sequence[Reach | Mapping[str, object]]"

# Beyond this many layers the list is longer than a page.
_MOST = 40
_LARGEST = 4096  # cells on an axis
_ONE = (1, 1)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer's map, and its cells that padding does not reach.

    Attributes:
        name: The layer's path.
        size: The map's size.
        places: The indices of the clean cells, along rows and along columns.
    """

    name: str
    size: Pair
    places: tuple[Places, Places]

    @property
    def clean(self) -> Pair:
        """How many cells are clean, along rows and along columns."""
        return len(self.places[0]), len(self.places[1])

    @property
    def all_clean(self) -> bool:
        """Whether every cell is clean."""
        return self.clean == self.size

    @property
    def runs(self) -> tuple[list[Pair], list[Pair]]:
        """Where clean cells start and stop, along rows and along columns."""
        return _runs(self.places[0]), _runs(self.places[1])


@dataclass(frozen=True, slots=True)
class Layers:
    """A network's layers, and what makes one score of the last map.

    Attributes:
        maps: The layers that make maps.
        scorer: The layer that makes a single cell of the last of them, or None if it is not known.
        window: The window's size in pixels, or None if it is not known.
        stride: The pixels from one window to the next, or None.
    """

    maps: tuple[Layer, ...]
    scorer: Layer | None
    window: Pair | None = None
    stride: Pair | None = None


def layers(reach: object) -> Layers:
    """Return a network's layers from what a user gave.

    Args:
        reach: A `Network` or None for VGG-16; a `Conversion`, or its `Exactness`; or rows with a
            name, the number of clean cells, and the size.

    Raises:
        ArgumentError: If it is nothing of the kind, or there are too many rows to draw.

    Example:
        >>> found = layers([{"name": "conv", "clean": 6, "size": 8}])
        >>> found.maps[0].runs
        ([(1, 7)], [(1, 7)])
    """
    exactness = getattr(reach, "exactness", reach)
    if reach is None or isinstance(reach, Network):
        exactness = parted(reach).exactness
    if isinstance(exactness, Exactness):
        found = _parted([_layer(at, row) for at, row in enumerate(exactness.reach)])
        return Layers(*found, exactness.window, exactness.effective_stride)
    if not isinstance(reach, Sequence) or isinstance(reach, str | bytes) or not reach:
        raise ArgumentError(
            "a Network, a Conversion or its exactness, or rows of reach",
            f"reach={shown(reach)}",
            'write for example reach=[{"name": "conv1", "clean": 222, "size": 224}]',
        )
    return Layers(*_parted([_layer(at, row) for at, row in enumerate(reach)]))


def _parted(found: list[Layer]) -> tuple[tuple[Layer, ...], Layer | None]:
    """Take apart the layers that make maps, and those behind that make single cells."""
    count = len(found)
    while count > 1 and found[count - 1].size == found[count - 2].size == _ONE:
        count -= 1
    # The first single cell is a map of its own where it is all that is read.
    last = count - 1
    if last and found[last].size == _ONE and not (found[last].all_clean and count < len(found)):
        count = last
    maps = found[:count]
    scorer = found[count] if count < len(found) else None
    if len(maps) > _MOST:
        raise ArgumentError(
            f"at most {_MOST} layers in a figure",
            f"{len(maps)} layers that make maps",
            "give some of the rows, for example reach=conversion.exactness.reach[::4]",
        )
    return tuple(maps), scorer


def _layer(at: int, row: Any) -> Layer:
    def value(name: str, default: object = None) -> Any:
        if isinstance(row, Mapping):
            return row.get(name, default)
        return getattr(row, name, default)

    name = value("name")
    if not isinstance(name, str):
        raise ArgumentError(
            "rows with name, clean and size",
            f"reach[{at}]={shown(row)}",
            'write for example {"name": "conv1", "clean": 222, "size": 224}',
        )
    size = pair(f"reach[{at}] size", value("size"), 1)
    clean = pair(f"reach[{at}] clean", value("clean"), 0)
    if max(size) > _LARGEST:
        raise ArgumentError(
            f"maps of at most {_LARGEST} cells on an axis",
            f"reach[{at}] size={shown(size)}",
            "draw a smaller window",
        )
    if any(some > every for some, every in zip(clean, size, strict=True)):
        raise ArgumentError(
            "at most as many clean cells as there are cells",
            f"reach[{at}] clean={shown(clean)}, size={shown(size)}",
            "give the rows of conversion.exactness.reach",
        )
    places = value("places")
    if places is None:
        rows, columns = (_middle(*each) for each in zip(clean, size, strict=True))
        return Layer(name, size, (rows, columns))
    return Layer(name, size, _checked(f"reach[{at}] places", places, clean, size))


def _middle(clean: int, size: int) -> Places:
    first = (size - clean) // 2
    return tuple(range(first, first + clean))


def _checked(name: str, places: Any, clean: Pair, size: Pair) -> tuple[Places, Places]:
    """Return the places of clean cells, or say why they are none."""
    listed = isinstance(places, tuple | list) and len(places) == len(size)
    if not listed or not all(map(_valid, places, clean, size)):
        raise ArgumentError(
            f"{name} as the indices of the clean cells, along rows and along columns",
            f"{name}={shown(places)}",
            "leave them out, or give those of conversion.exactness.reach",
        )
    return tuple(places[0]), tuple(places[1])


def _valid(places: object, clean: int, size: int) -> bool:
    return (
        isinstance(places, tuple | list)
        and len(places) == clean
        and all(isinstance(each, int) and 0 <= each < size for each in places)
        and sorted(set(places)) == list(places)
    )


def _runs(places: Iterable[int]) -> list[Pair]:
    runs: list[Pair] = []
    for place in places:
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs
