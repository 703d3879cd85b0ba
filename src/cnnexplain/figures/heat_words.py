"""What a heatmap figure says in words, for readers who do not see it: the main numbers."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from cnnexplain.figures.names import shortened
from cnnexplain.figures.scales import Scale, percent
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.figures.cells import Grid
    from cnnexplain.figures.maps import Flags, Rows
    from cnnexplain.figures.motion import Sweep

# A list of centres longer than this is told by its ends.
_MOST_LISTED = 4
# How long a name in a title may be, in heights of its letters.
_NAME = 24


def joined(*sentences: str) -> str:
    """Return sentences as one paragraph; empty ones are left out.

    Args:
        *sentences: The sentences.
    """
    return text("figure.space").join(filter(None, sentences))


def passes(count: int) -> str:
    """Return how many passes a map takes.

    Args:
        count: The number of passes.
    """
    key = "one" if count == 1 else "many"
    return text(f"figure.heatmap.passes.{key}", count=number(count))


def parameters(shown: Grid) -> list[str]:
    """Return what the maps of a figure have in common, one phrase each.

    Args:
        shown: The windows.
    """
    return [
        text("figure.parameter.window", value=shape(shown.window)),
        text("figure.parameter.stride", value=_both(shown.stride)),
        text("figure.heatmap.cells", size=shape(shown.shape)),
    ]


def centres(places: Sequence[float], others: Sequence[float] = ()) -> str:
    """Return a list of places in pixels; a long one by its ends.

    Args:
        places: The places.
        others: The places of other lists beside it, which are to look alike.

    Example:
        >>> centres([112.0, 144.0, 176.0, 208.0, 240.0, 272.0])
        '112, 144, …, 272'
    """
    written = [number(place, 1) for place in places]
    if len(written) > _MOST_LISTED:
        written = [*written[:2], "…", written[-1]]
    # Where the decimal point is a comma, a comma cannot stand between the numbers too.
    whole = all(place == int(place) for place in (*places, *others))
    return text("figure.comma" if whole else "figure.numbers").join(written)


def cells(shown: Grid, *, photograph: bool) -> str:
    """Return how many cells there are, and where they lie.

    Args:
        shown: The windows.
        photograph: Whether a photograph lies under the map.
    """
    return joined(
        text(
            "figure.heatmap.says.cells",
            window=shape(shown.window),
            stride=_both(shown.stride),
            image=shape(shown.image),
            cells=shape(shown.shape),
            count=number(shown.count),
        ),
        text(
            "figure.heatmap.says.places",
            down=centres(shown.height.centres, shown.width.centres),
            across=centres(shown.width.centres, shown.height.centres),
        ),
        text("figure.heatmap.says.photograph") if photograph else "",
    )


def scores(key: str, values: Rows, scale: Scale, **more: str) -> str:
    """Return the range of a map's scores, and where the highest is.

    Args:
        key: The label of the sentence.
        values: The scores.
        scale: The scale that they are drawn on.
        **more: What else the sentence tells.
    """
    return _range(f"figure.heatmap.says.{key}", values, scale.precise, **more)


def error(value: float, rounding: float) -> str:
    """Return a relative error in words; beside percents, one that is rounding is called so.

    Args:
        value: The error.
        rounding: The largest error that is taken for rounding.

    Example:
        >>> error(0.357, 1e-5), error(3e-16, 1e-5)
        ('36%', '3×10⁻¹⁶ (rounding)')
    """
    told = percent(value)
    return told if value > rounding else text("figure.heatmap.rounding", error=told)


def of_class(name: str | None) -> str:
    """Return whose scores these are.

    Args:
        name: What the class is called, or None.
    """
    return text("figure.heatmap.says.class", name=name) if name else ""


def brief(name: str) -> str:
    """Return a name as a title can hold it.

    Args:
        name: The name.
    """
    return shortened(name, 1, _NAME)


def motion(key: str, shown: Grid, stops: Sweep) -> str:
    """Return how a figure moves, and where its still picture stands.

    Args:
        key: The label of the sentence.
        shown: The windows.
        stops: Where the motion stops: at all cells, or at every so many of them.
    """
    if shown.count == 1:
        return ""
    told = text(f"figure.heatmap.motion.{key}")
    if stops.steps == shown.count:
        return told
    every = (
        number(stops.every_row)
        if stops.every_row == stops.every_column
        else shape((stops.every_row, stops.every_column))
    )
    counts = {"stops": number(stops.steps), "cells": number(shown.count)}
    return joined(told, text("figure.heatmap.motion.every", every=every, **counts))


def errors(values: Rows, rounding: float, exact: Flags | None) -> str:
    """Return the range of a map's errors, where the largest is, and how many there are none.

    Args:
        values: The errors.
        rounding: The largest error that is taken for rounding.
        exact: The cells that geometry predicts to be exact, or None.
    """
    count = number(sum(map(len, values)))
    rounded = sum(value <= rounding for value in chain.from_iterable(values))
    return joined(
        _range("figure.heatmap.says.errors", values, partial(error, rounding=rounding)),
        text("figure.heatmap.says.exact", exact=number(total(exact)), count=count) if exact else "",
        text("figure.heatmap.says.rounding", rounding=number(rounded), count=count),
    )


def total(mask: Flags) -> int:
    """Return how many cells a mask names.

    Args:
        mask: Which cells.
    """
    return sum(chain.from_iterable(mask))


def _range(key: str, values: Rows, write: Callable[[float], str], **more: str) -> str:
    places = [(row, column) for row, line in enumerate(values) for column in range(len(line))]
    row, column = max(places, key=lambda place: values[place[0]][place[1]])
    return text(
        key,
        low=write(min(map(min, values))),
        high=write(values[row][column]),
        row=number(row + 1),
        column=number(column + 1),
        **more,
    )


def _both(sizes: tuple[int, int]) -> str:
    return str(sizes[0]) if sizes[0] == sizes[1] else shape(sizes)
