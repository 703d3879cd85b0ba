"""Scales: from a number to one of a few equal steps of colour, and to what is written beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Iterable

# So many steps of colour lie between the paper and the full colour. More could not be told apart.
LEVELS = 20
MIDDLE = LEVELS // 2
# Relative errors up to this are rounding: float32 stays below 2e-6 where all else is equal.
ROUNDING = 1e-5

_TICKS = 4  # a scale has about this many parts
_DECADES = 100  # errors that spread further than this need a logarithmic scale
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Beyond these a number is written with a power of ten.
_SMALLEST, _LARGEST = 1e-5, 1e5
# A probability that is a little more than 1 is rounded.
_BEYOND = 1e-5
_MOST_DIGITS = 4
# A number below 1, whose zero a small cell has no room for.
_POINTED = re.compile(r"^(−?)0([.,]\d)")


@dataclass(frozen=True, slots=True)
class Scale:
    """What the colours of a map mean.

    Attributes:
        low: The number of the paper's colour.
        high: The number of the full colour.
        step: The distance of two ticks; on a logarithmic scale, their quotient.
        logarithmic: Whether equal quotients get equal distances.
        share: Whether its numbers are written in percent.
    """

    low: float
    high: float
    step: float
    logarithmic: bool = False
    share: bool = False

    def part(self, value: float) -> float:
        """Return where a number lies: 0 at the low end, 1 at the high end.

        Args:
            value: The number.

        Example:
            >>> Scale(0.0, 4.0, 1.0).part(3.0)
            0.75
        """
        if self.logarithmic:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def level(self, value: float) -> int:
        """Return a number's step of colour, from 0 to `LEVELS`.

        Args:
            value: The number.

        Example:
            >>> Scale(0.0, 1.0, 0.25).level(0.5)
            10
        """
        return min(max(round(self.part(value) * LEVELS), 0), LEVELS)

    @property
    def ticks(self) -> tuple[float, ...]:
        """The numbers that stand beside the colours.

        Example:
            >>> Scale(1e-3, 1.0, 10.0, logarithmic=True).ticks
            (0.001, 0.01, 0.1, 1.0)
        """
        if self.logarithmic:
            first, last = round(log10(self.low)), round(log10(self.high))
            return tuple(10.0**power for power in range(first, last + 1))
        parts = round((self.high - self.low) / self.step)
        return tuple(self.low + (self.high - self.low) * at / parts for at in range(parts + 1))

    def label(self, value: float) -> str:
        """Return how a number is written beside the colours.

        Args:
            value: The number.
        """
        if self.logarithmic:
            return decade(value) if self.powers else percent(value)
        # A step of 2.5 has a digit more than one of 2.
        halves = round(self.step / 10.0 ** floor(log10(self.step)), 6) not in {1, 2, 5, 10}
        written = self._written(value, self.step / (10 if halves else 1))
        return text("figure.percent", value=written) if self.share else written

    def precise(self, value: float) -> str:
        """Return how a number is written in a sentence.

        Args:
            value: The number.
        """
        written = self._written(value, self.step / 100)
        unit = 100 if self.share else 1
        if abs(value) < self.step / 10 and "×" not in written and abs(value * unit) >= _SMALLEST:
            # What is not 0 is not told as 0, nor one of two like numbers more roughly.
            written = two_digits(value * unit)
        return text("figure.percent", value=written) if self.share else written

    def short(self, value: float) -> str:
        """Return how a number is written in its cell: without its unit, which the title has.

        Args:
            value: The number.
        """
        if self.logarithmic:
            return power(value) if self.powers else two_digits(100 * value)
        return self._written(value, self.step / 10, fixed=value != 0)

    def shortest(self, value: float) -> str:
        """Return a number as short as possible, for a small cell.

        Args:
            value: The number.
        """
        if self.powers:
            return decade(value)
        if self.share:
            return self._written(value, 1 / 100)
        return _POINTED.sub(r"\1\2", self._written(value, self.step))

    @property
    def powers(self) -> bool:
        """Whether its numbers are powers of ten: so small that none of them is a percentage.

        Example:
            >>> Scale(1e-8, 1.0, 10.0, logarithmic=True).powers
            True
        """
        return self.logarithmic and self.low < _SMALLEST / 2

    def _written(self, value: float, step: float, *, fixed: bool = False) -> str:
        unit = 100 if self.share else 1
        digits = max(0, -floor(log10(step * unit) + 1e-9))
        largest = max(abs(self.low), abs(self.high)) * unit
        if digits > _MOST_DIGITS or largest >= _LARGEST:
            return power(value * unit)
        return number(round(value * unit, digits) + 0.0, digits, fixed=fixed).replace("-", "−")


def score_scale(values: Iterable[float], *, probabilities: bool = False) -> Scale:
    """Return a scale on which all these scores lie.

    Args:
        values: The scores of every map that has this scale.
        probabilities: Whether they are probabilities, which are written in percent.

    Raises:
        ArgumentError: If they are to be probabilities, and are none.

    Example:
        >>> score_scale([0.02, 0.97]).ticks
        (0.0, 0.25, 0.5, 0.75, 1.0)
        >>> score_scale([-3.5, 12.0]).ticks
        (-5.0, 0.0, 5.0, 10.0, 15.0)
        >>> scale = score_scale([0.02, 0.97], probabilities=True)
        >>> [scale.label(tick) for tick in scale.ticks]
        ['0%', '25%', '50%', '75%', '100%']
    """
    found = list(values)
    if probabilities:
        for value in found:
            if not 0 <= value <= 1 + _BEYOND:
                raise ArgumentError(
                    "probabilities from 0 to 1",
                    f"a score of {shown(value)}",
                    "take the softmax first, or leave out probabilities=True",
                )
        found = [min(value, 1.0) for value in found]
    low, high = min(found), max(found)
    if high - low <= max(abs(low), abs(high)) * 1e-12:
        # All the same: what there is shows against nothing.
        low, high = min(low, 0.0), max(high, 0.0) or float(not low)
    step = _step((high - low) / _TICKS)
    low, high = floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step
    return Scale(low, high, step, share=probabilities)


def error_scale(
    values: Iterable[float], rounding: float = ROUNDING, *, logarithmic: bool = False
) -> Scale | None:
    """Return a scale for relative errors, or None if all of them are rounding.

    Args:
        values: The errors.
        rounding: The largest error that is taken for rounding.
        logarithmic: Whether the scale is logarithmic even where the errors are alike.

    Returns:
        A scale from 0 where the errors are alike, and otherwise a logarithmic one.

    Example:
        >>> error_scale([0.20, 0.27, 0.35]).ticks
        (0.0, 0.1, 0.2, 0.30000000000000004, 0.4)
        >>> error_scale([3e-16, 0.0004, 0.13]).ticks
        (0.0001, 0.001, 0.01, 0.1, 1.0)
    """
    real = [value for value in values if value > rounding]
    if not real:
        return None
    low, high = min(real), max(real)
    if high / low < _DECADES and not logarithmic:
        step = _step(high / _TICKS)
        return Scale(0.0, ceil(high / step - 1e-9) * step, step, share=True)
    last = ceil(log10(high) - 1e-9)
    first = min(floor(log10(low) + 1e-9), last - 1)
    return Scale(10.0**first, 10.0**last, 10.0, logarithmic=True, share=True)


def percent(value: float) -> str:
    """Return a share or a relative error in words, with two digits that mean something.

    Args:
        value: The share, 1 for the whole.

    Example:
        >>> [percent(value) for value in (0.357, 0.0161, 3e-16, 0.0)]
        ['36%', '1.6%', '3×10⁻¹⁶', '0']
    """
    if value == 0:
        return "0"
    if not _SMALLEST <= abs(value) < _LARGEST / 100:
        return power(value)
    return text("figure.percent", value=two_digits(100 * value))


def power(value: float) -> str:
    """Return a number with a power of ten.

    Args:
        value: The number.

    Example:
        >>> power(2.9e-16), power(0.0)
        ('3×10⁻¹⁶', '0')
    """
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.0e}".replace("-", "−", value < 0).split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def decade(value: float) -> str:
    """Return the power of ten that is nearest to a number.

    Args:
        value: The number, more than 0.

    Example:
        >>> decade(2e-8), decade(0.1), decade(1.0)
        ('10⁻⁸', '0.1', '1')
    """
    exponent = round(log10(value))
    plain = exponent in range(-1, 4)
    return number(10.0**exponent) if plain else f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def two_digits(value: float) -> str:
    """Return a number with two digits that mean something.

    Args:
        value: The number, not 0.

    Example:
        >>> two_digits(1.613), two_digits(0.00519)
        ('1.6', '0.0052')
    """
    return number(value, max(0, 1 - floor(log10(abs(value))))).replace("-", "−")


def _step(least: float) -> float:
    """Return the next round number: 1, 2, 2.5 or 5 times a power of ten."""
    scale = 10.0 ** floor(log10(least))
    return next(part * scale for part in (1, 2, 2.5, 5, 10) if part * scale >= least * (1 - 1e-9))
