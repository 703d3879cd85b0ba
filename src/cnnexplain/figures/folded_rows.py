"""A fully connected layer behind a flattening: each row of its matrix folds into a kernel."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain import axis
from cnnexplain.errors import ArgumentError, ShapeError, pair, whole
from cnnexplain.figures.arrays import signed, summed
from cnnexplain.figures.figure import Figure, moving, told
from cnnexplain.figures.folded_scene import places_of, scenes
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.sheet import Sheet
from cnnexplain.figures.wording import together
from cnnexplain.languages import number, shape, text
from cnnexplain.operations import Linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.stage import Stage

# Channel after channel, row after row.
Volume: TypeAlias = tuple[tuple[tuple[int, ...], ...], ...]

_MOST_VALUES, _MOST_OUTPUTS, _MOST_COLUMNS = 12, 3, 10
# Drawn once, so that every map of the same size has the same numbers.
_SEED = 377


def folding(channels: int = 2, input_size: PerAxis = 2, out_features: int = 2) -> Figure:
    """Draw how a fully connected layer behind a flattening becomes a convolution.

    Args:
        channels: The number of the map's channels.
        input_size: The map's size: a number, or (height, width).
        out_features: The number of the layer's outputs.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there is too much to draw.

    Example:
        >>> folding(channels=2, input_size=2, out_features=2).title
        'Linear(8, 2) on a flattened 2×2×2 map folds into Conv2d(2, 2, kernel_size=2)'
    """
    shown = folded(channels, input_size, out_features)
    sheet = Sheet()
    sheet.title(lambda: text("figure.folding.heading"))
    sheet.phrases(lambda: [f"{shown.linear} → {shown.convolution}"])
    places = places_of(shown, sheet.y)
    drawn = scenes(shown, places)
    sweep, still = Sweep(1, len(drawn), pace=3.0), len(drawn) - 1

    def draw(stage: Stage) -> str:
        parts = [stage.seen(kept, step) for step, (kept, _) in enumerate(drawn)]
        for step, (_, now) in enumerate(drawn):
            parts.append(stage.seen(now, step, None if step == still else step + 1))
        return sheet.drawing + "".join(parts)

    return moving(
        text("figure.folding.title", **_named(shown)),
        _description(shown),
        places.height,
        draw,
        sweep,
        still,
        told(_told(shown), sweep),
    )


@dataclass(frozen=True)
class Folded:
    """A map, and the weights of a fully connected layer that takes it flattened.

    Attributes:
        map: The map's numbers.
        larger: The numbers of a map with one more column; its others are those of the map.
        weight: The layer's numbers, a row for each output.
    """

    map: Volume
    larger: Volume
    weight: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> tuple[int, int, int]:
        """The map's channels, height and width."""
        return _size(self.map)

    @property
    def larger_size(self) -> tuple[int, int, int]:
        """The larger map's channels, height and width."""
        return _size(self.larger)

    @property
    def linear(self) -> str:
        """The layer as torch writes it."""
        return f"Linear({len(self.weight[0])}, {len(self.weight)})"

    @property
    def convolution(self) -> str:
        """The convolution as torch writes it."""
        channels, height, width = self.size
        kernel = height if height == width else f"({height}, {width})"
        return f"Conv2d({channels}, {len(self.weight)}, kernel_size={kernel})"

    @cached_property
    def vector(self) -> tuple[int, ...]:
        """The map flattened: channel after channel, row after row."""
        return tuple(value for channel in self.map for line in channel for value in line)

    @cached_property
    def products(self) -> tuple[int, ...]:
        """The matrix times the flattened map."""
        return tuple(
            sum(weight * value for weight, value in zip(row, self.vector, strict=True))
            for row in self.weight
        )

    @cached_property
    def kernels(self) -> tuple[Volume, ...]:
        """Each row cut into its channels, and these into their rows."""
        _, height, width = self.size
        return tuple(
            tuple(
                tuple(
                    tuple(row[at : at + width])
                    for at in range(start, start + height * width, width)
                )
                for start in range(0, len(row), height * width)
            )
            for row in self.weight
        )

    def convolved(self, picture: Volume) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Return what the kernels give on a map: for each of them a map of outputs.

        Args:
            picture: The map; it may be larger than the layer's.
        """
        channels, height, width = self.size
        _, tall, wide = _size(picture)
        rows = axis.output_size(tall, kernel_size=height)
        columns = axis.output_size(wide, kernel_size=width)
        return tuple(
            tuple(
                tuple(
                    sum(
                        kernel[c][h][w] * picture[c][row + h][column + w]
                        for c in range(channels)
                        for h in range(height)
                        for w in range(width)
                    )
                    for column in range(columns)
                )
                for row in range(rows)
            )
            for kernel in self.kernels
        )

    @property
    def refused(self) -> tuple[int, int]:
        """How many values the layer takes, and how many a larger map has, which it refuses."""
        takes, has = len(self.vector), _count(self.larger_size)
        try:
            Linear(takes, len(self.weight)).output_shape((1, has))
        except ShapeError:
            return takes, has
        message = "the layer takes the larger map too"
        raise AssertionError(message)


def folded(channels: object, input_size: object, out_features: object) -> Folded:
    """Return a map and a layer with small numbers.

    Args:
        channels: The number of the map's channels.
        input_size: The map's size: a number, or (height, width).
        out_features: The number of the layer's outputs.

    Raises:
        ArgumentError: If an argument is not allowed, or there is too much to draw.

    Example:
        >>> one = folded(2, 2, 2)
        >>> [(value,) == line for value, (line,) in zip(one.products, one.convolved(one.map))]
        [True, True]
    """
    size = whole("channels", channels, 1), *pair("input_size", input_size, 1)
    outputs = whole("out_features", out_features, 1)
    _check(size, outputs)
    draw = random.Random(_SEED)  # noqa: S311  # examples, no secrets
    count = _count(size)
    values = [draw.randrange(1, 6) for _ in range(count)]
    weight = tuple(
        tuple(draw.choice((-3, -2, -1, 1, 2, 3, 4)) for _ in range(count)) for _ in range(outputs)
    )
    deep, tall, wide = size
    picture = tuple(
        tuple(tuple(values[(c * tall + h) * wide :][:wide]) for h in range(tall))
        for c in range(deep)
    )
    larger = tuple(tuple((*line, draw.randrange(1, 6)) for line in channel) for channel in picture)
    found = Folded(picture, larger, weight)
    # The figure says so.
    assert [((value,),) for value in found.products] == list(found.convolved(picture))
    return found


def _check(size: tuple[int, int, int], outputs: int) -> None:
    deep, _, wide = size
    cure = "draw a smaller case, which shows the same"
    for expected, found, most in (
        (f"a map of at most {_MOST_VALUES} values in a figure", _count(size), _MOST_VALUES),
        (
            f"channels·(map width + 1) of at most {_MOST_COLUMNS} in a figure",
            deep * (wide + 1),
            _MOST_COLUMNS,
        ),
    ):
        if found > most:
            raise ArgumentError(expected, f"{found} (a map of {shape(size)})", cure)
    if outputs > _MOST_OUTPUTS:
        raise ArgumentError(
            f"out_features of at most {_MOST_OUTPUTS} in a figure", f"out_features={outputs}", cure
        )


def _size(volume: Sequence[Sequence[Sequence[int]]]) -> tuple[int, int, int]:
    return len(volume), len(volume[0]), len(volume[0][0])


def _count(size: tuple[int, int, int]) -> int:
    return size[0] * size[1] * size[2]


def _named(shown: Folded) -> dict[str, str]:
    takes, has = shown.refused
    return {
        "linear": shown.linear,
        "convolution": shown.convolution,
        "map": shape(shown.size),
        "larger": shape(shown.larger_size),
        "count": number(takes),
        "larger_count": number(has),
        "values": _listed(shown.products),
    }


def _listed(values: Sequence[int]) -> str:
    return together([signed(value) for value in values])


def _told(shown: Folded) -> list[str]:
    named = _named(shown)
    last = len(shown.weight)
    factors = list(zip(shown.weight[-1], shown.vector, strict=True))
    more = {"output": number(last), "sum": " ".join(summed(factors, 12))}
    scores = [kernel[0] for kernel in shown.convolved(shown.larger)]
    say = partial(text, **named, **more)
    return [
        *(say(f"figure.folding.step.{name}") for name in ("map", "flat", "matrix", "fold", "same")),
        *(
            text(
                "figure.folding.step.larger",
                **named,
                place=number(place + 1),
                found=_listed([line[place] for line in scores]),
            )
            for place in range(len(scores[0]))
        ),
    ]


def _description(shown: Folded) -> str:
    maps = [_listed(kernel[0]) for kernel in shown.convolved(shown.larger)]
    return text("figure.folding.says", **_named(shown), scores=text("figure.semicolon").join(maps))
