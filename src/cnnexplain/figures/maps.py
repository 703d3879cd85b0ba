"""Maps of numbers as users give them, checked once: lists, or arrays and tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from numbers import Real
from typing import Any, Protocol, TypeAlias

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures.names import named


class Array(Protocol):
    """An array or a tensor, as far as a figure needs it."""

    def tolist(self) -> Any:
        """Return its numbers as nested lists."""


Map: TypeAlias = Sequence[Sequence[float]] | Array
Labels: TypeAlias = Sequence[Sequence[str]] | Array
Mask: TypeAlias = Sequence[Sequence[bool]] | Array
Rows: TypeAlias = tuple[tuple[float, ...], ...]
Flags: TypeAlias = tuple[tuple[bool, ...], ...]

# Sums and differences of such numbers are still numbers.
_LARGEST = 1e100
# A sweep with more rows than this no longer fits a page.
_MOST_CONTEXTS = 24


def numbers(name: str, values: object) -> Rows:
    """Return a map of numbers, row by row.

    Args:
        name: What the map is called.
        values: Its rows, or a two-dimensional array or tensor.

    Raises:
        ArgumentError: If it is no map of finite numbers.

    Example:
        >>> numbers("scores", [[0, 1], [0.5, 2]])
        ((0.0, 1.0), (0.5, 2.0))
    """
    return tuple(
        tuple(_number(f"{name}[{row}][{column}]", value) for column, value in enumerate(line))
        for row, line in enumerate(_rows(name, values))
    )


def errors(name: str, values: object) -> Rows:
    """Return a map of relative errors, row by row.

    Args:
        name: What the map is called.
        values: Its rows, or a two-dimensional array or tensor.

    Raises:
        ArgumentError: If it is no map of finite numbers of at least 0.
    """
    found = numbers(name, values)
    for row, line in enumerate(found):
        for column, value in enumerate(line):
            _not_negative(f"{name}[{row}][{column}]", value)
    return found


def names(argument: str, values: object) -> tuple[tuple[str, ...], ...]:
    """Return a map of names, row by row, each of them as it can be written.

    Args:
        argument: What the map is called.
        values: Its rows, or a two-dimensional array of texts.

    Raises:
        ArgumentError: If it is no map of texts.

    Example:
        >>> names("labels", [["espresso", "ladle"]])
        (('espresso', 'ladle'),)
    """
    example = f'{argument}=[["espresso", "ladle"], ["espresso", "espresso"]]'
    return tuple(
        tuple(named(f"{argument}[{row}][{column}]", value) for column, value in enumerate(line))
        for row, line in enumerate(_rows(argument, values, example))
    )


def flags(name: str, values: object) -> Flags:
    """Return a map of truth values, row by row.

    Args:
        name: What the map is called.
        values: Its rows, or a two-dimensional array or tensor.

    Raises:
        ArgumentError: If it is no map of truth values.

    Example:
        >>> flags("exact", [[True, False]])
        ((True, False),)
    """
    rows = _rows(name, values)
    for row, line in enumerate(rows):
        for column, value in enumerate(line):
            if value is not True and value is not False:
                raise ArgumentError(
                    f"{name} as rows of True and False",
                    f"{name}[{row}][{column}]={shown(value)}",
                    f"write for example {name}=[[True, False], [False, False]]",
                )
    return tuple(map(tuple, rows))


def sweep(name: str, values: object) -> tuple[tuple[int, float], ...]:
    """Return the errors for some contexts, from the smallest context.

    Args:
        name: What the mapping is called.
        values: The relative error by the context in pixels.

    Raises:
        ArgumentError: If it is no such mapping.

    Example:
        >>> sweep("errors", {32: 0.12, 0: 0.3})
        ((0, 0.3), (32, 0.12))
    """
    if not isinstance(values, Mapping) or not 0 < len(values) <= _MOST_CONTEXTS:
        raise ArgumentError(
            f"{name} as a mapping from 1 to {_MOST_CONTEXTS} contexts in pixels to their errors",
            f"{name}={shown(values)}",
            f"write for example {name}={{0: 0.30, 32: 0.12}}",
        )
    pairs = [
        (whole("context", context, 0), _not_negative(*_named(f"{name}[{shown(context)}]", error)))
        for context, error in values.items()
    ]
    return tuple(sorted(pairs))


def boxes(
    name: str, values: object, size: tuple[int, int], most: int
) -> list[tuple[float, float, float, float]]:
    """Return boxes on an image, each as its top, left, bottom and right.

    Args:
        name: What the list is called.
        values: The boxes.
        size: The image's height and width.
        most: How many are allowed.

    Raises:
        ArgumentError: If it is no such list, or a box is not on the image.

    Example:
        >>> boxes("boxes", [(0, 1, 8, 9)], (10, 10), most=5)
        [(0.0, 1.0, 8.0, 9.0)]
    """
    given: Any = plain(name, values)
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or len(given) > most:
        raise ArgumentError(
            f"{name} as a list of at most {most} boxes",
            f"{len(given)} boxes" if _listed(given) else f"{name}={shown(given)}",
            f"write for example {name}=[(0, 0, 8, 8)], or draw those of the highest scores",
        )
    found = []
    for at, each in enumerate(given):
        numbers = [_number(f"{name}[{at}]", value) for value in _listed(each)]
        if len(numbers) != 4 or not (  # noqa: PLR2004
            0 <= numbers[0] < numbers[2] <= size[0] and 0 <= numbers[1] < numbers[3] <= size[1]
        ):
            raise ArgumentError(
                f"boxes as (top, left, bottom, right) in pixels, on the {size[0]}×{size[1]} image",
                f"{name}[{at}]={shown(each)}",
                "give rows before columns, and leave out what is not on the image",
            )
        top, left, bottom, right = numbers
        found.append((top, left, bottom, right))
    return found


def listed(name: str, values: object, count: int) -> list[Any]:
    """Return a list of one thing for each box; an empty one if there is none.

    Args:
        name: What the list is called.
        values: What the user gave: a list, a one-dimensional array or tensor, or None.
        count: The number of boxes.

    Raises:
        ArgumentError: If it is no list, or has another length.

    Example:
        >>> listed("labels", None, 3), listed("labels", ("3", "8"), 2)
        ([], ['3', '8'])
    """
    if values is None:
        return []
    given = plain(name, values)
    found = _listed(given)
    if len(found) != count or (not found and given not in ([], ())):
        raise ArgumentError(
            f"{name} as a list of {count}, one for each box",
            f"{name} with {len(found)}" if found else f"{name}={shown(given)}",
            f"give one for each box, or leave {name} out",
        )
    return found


def number(name: str, value: object) -> float:
    """Return a number.

    Args:
        name: What the argument is called.
        value: What the user gave.

    Raises:
        ArgumentError: If it is no finite number.
    """
    return _number(name, value)


def limit(name: str, value: object) -> float:
    """Return a limit for errors.

    Args:
        name: What the argument is called.
        value: What the user gave.

    Raises:
        ArgumentError: If it is no finite number of at least 0.
    """
    return _not_negative(name, _number(name, value))


def _named(name: str, value: object) -> tuple[str, float]:
    return name, _number(name, value)


def _rows(name: str, values: object, example: str = "") -> list[list[Any]]:
    """Return rows of equal length, whatever is in them."""
    given = plain(name, values)
    rows = [_listed(row) for row in _listed(given)] if _listed(given) else []
    if not rows or not all(rows):
        raise ArgumentError(
            f"{name} as rows of cells, at least one cell",
            f"{name}={shown(given)}",
            "give a map of two dimensions, for example "
            + (example or f"{name}=[[0.1, 0.9], [0.2, 0.3]]"),
        )
    lengths = [len(row) for row in rows]
    for index, length in enumerate(lengths):
        if length != lengths[0]:
            raise ArgumentError(
                f"{name} as rows of the same length",
                f"{name}[0] with {lengths[0]} cells, {name}[{index}] with {length}",
                "give every row as many cells",
            )
    return rows


def plain(name: str, values: object) -> Any:
    """Return an array's or a tensor's numbers as nested lists, and anything else as it is.

    Args:
        name: What the argument is called.
        values: What the user gave.

    Raises:
        ArgumentError: If it has no numbers, as a tensor on torch's `meta` device.
    """
    try:
        return values.tolist() if hasattr(values, "tolist") else values
    except Exception as error:  # a foreign array may raise anything  # noqa: BLE001
        raise ArgumentError(
            f"{name} with numbers",
            f"{name}={shown(values)} ({type(error).__name__})",
            "give lists, or an ordinary array",
        ) from None


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else []


def _number(name: str, value: object) -> float:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        raise ArgumentError(
            "a map of two dimensions, whose cells are numbers",
            f"{name}={shown(value)}",
            "choose one image and one class",
        )
    try:
        number = nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    except OverflowError:  # an integer that no float can hold
        number = nan
    if not isfinite(number) or abs(number) > _LARGEST:
        raise ArgumentError(
            f"finite numbers of at most {_LARGEST:.0e}",
            f"{name}={shown(value)}",
            "find where the value comes from: a figure cannot show it",
        )
    # What is smaller could not be divided by.
    return number if abs(number) > 1 / _LARGEST else 0.0


def _not_negative(name: str, value: float) -> float:
    if value < 0:
        raise ArgumentError(
            "errors of at least 0", f"{name}={shown(value)}", "give the size of the difference"
        )
    return value
