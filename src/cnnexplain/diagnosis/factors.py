"""How a count of features factors into channels, height and width."""

from __future__ import annotations

from math import gcd, isqrt

from cnnexplain.errors import whole
from cnnexplain.operations.base import product

# More features than any memory holds; beyond it the search for divisors would take seconds.
_MOST = 2**40


def maps(count: int, channels: int) -> tuple[tuple[int, int], ...]:
    """Return the maps that have a count of values in some channels.

    Args:
        count: The number of features.
        channels: The number of channels.

    Returns:
        Each (height, width) with channels·height·width = count, the squarest first, and of two
        that are turned the wide one; none where the count is no multiple of the channels, or
        exceeds 2⁴⁰.

    Example:
        >>> maps(30976, 256)
        ((11, 11), (1, 121), (121, 1))
        >>> maps(9216, 100)
        ()
    """
    whole("count", count, 1)
    whole("channels", channels, 1)
    if count % channels or count > _MOST:
        return ()
    area = count // channels
    found = []
    for height in range(isqrt(area), 0, -1):
        if area % height == 0:
            width = area // height
            found += [(height, width)] if height == width else [(height, width), (width, height)]
    return tuple(found)


def as_map(count: int, channels: int) -> str | None:
    """Return a count of features as the product of channels and a square map.

    Args:
        count: The number of features.
        channels: The number of channels.

    Returns:
        The product; None where no square map has that count.

    Example:
        >>> as_map(30976, 256)
        '256·11·11'
        >>> as_map(512, 256) is None
        True
    """
    whole("count", count, 1)
    whole("channels", channels, 1)
    side = isqrt(count // channels)
    return product((channels, side, side)) if channels * side * side == count else None


def guesses(came: int, wanted: int) -> tuple[tuple[int, int, int], ...]:
    """Return how two counts of features may be square maps with the same channels.

    The channels divide both counts, and what remains of each is a square. So they are the counts'
    greatest common divisor, divided by any square that divides it; there are as many guesses as
    such squares, or none. Channels are mostly a power of two times a small odd number, such as
    1 or 3: the guesses with the smallest such number come first, and of those the most channels.

    Args:
        came: The count that a layer was given.
        wanted: The count that it takes.

    Returns:
        Each (channels, side of the map that came, side of the map that is wanted), the likeliest
        first; none where no channels do, or where more than 2⁴⁰ divides both counts.

    Example:
        >>> guesses(256 * 11 * 11, 256 * 6 * 6)[:3]
        ((256, 11, 6), (64, 22, 12), (16, 44, 24))
    """
    whole("came", came, 1)
    whole("wanted", wanted, 1)
    both = gcd(came, wanted)
    if both > _MOST:
        return ()
    sides = isqrt(came // both), isqrt(wanted // both)
    if (sides[0] ** 2 * both, sides[1] ** 2 * both) != (came, wanted):
        return ()
    found = [
        (both // factor**2, sides[0] * factor, sides[1] * factor)
        for factor in range(1, isqrt(both) + 1)
        if both % factor**2 == 0
    ]
    return tuple(sorted(found, key=lambda guess: (_odd(guess[0]), -guess[0])))


def guessed(came: int, wanted: int) -> tuple[int, int, int] | None:
    """Return the likeliest of the guesses how two counts are square maps with the same channels.

    It is a guess: `guesses` has all of them.

    Args:
        came: The count that a layer was given.
        wanted: The count that it takes.

    Returns:
        (channels, side of the map that came, side of the map that is wanted), or None.

    Example:
        >>> guessed(30976, 9216)
        (256, 11, 6)
        >>> guessed(64 * 14 * 14, 64 * 7 * 7)
        (64, 14, 7)
        >>> guessed(512, 100) is None
        True
    """
    return next(iter(guesses(came, wanted)), None)


def _odd(count: int) -> int:
    """Return the largest odd number that divides a count."""
    return count // (count & -count)
