"""The exceptions of cnnexplain: each says what was expected, what came, and what to do."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from cnnexplain.explanation import Explanation

OBEYED = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
)
"""What a terminal would obey and a layer's name may hold, as a class of a pattern."""
_NOT_TOLD = re.compile(f"[{OBEYED}\t\r]")
# torch keeps sizes in 64 bits; below that limit no sum or product here can surprise anybody.
LARGEST = 2**63 - 1


class CnnExplainError(Exception):
    """Something cannot be computed, and the message says why and what helps.

    Args:
        expected: What would have been right.
        received: What came instead.
        cure: What to do about it.

    Example:
        >>> print(CnnExplainError("a stride of at least 1", "stride=0", "use stride=1"))
        expected: a stride of at least 1
        received: stride=0
        cure: use stride=1
    """

    def __init__(self, expected: str, received: str, cure: str) -> None:
        # All three are the exception's arguments, so that it can be pickled and copied.
        super().__init__(expected, received, cure)
        self.expected = expected
        self.received = received
        self.cure = cure
        self.facts: dict[str, int | str] = {}

    def about(self, **facts: int | str) -> Self:
        """Return the error, which now holds what a diagnosis asks for.

        Args:
            **facts: What the error is about, such as a layer's name or its stride.

        Example:
            >>> ShapeError("8 features", "9", "use 9").about(layer="fc6").facts
            {'layer': 'fc6'}
        """
        self.facts |= facts
        return self

    def at(self, where: str) -> Self:
        """Return the same error with the place where it happened.

        Args:
            where: The place.

        Example:
            >>> ShapeError("8 features", "9", "use 9").at("layer fc6").received
            '9, at layer fc6'
        """
        return type(self)(self.expected, f"{self.received}, at {where}", self.cure).about(
            **self.facts
        )

    def __str__(self) -> str:
        told = f"expected: {self.expected}\nreceived: {self.received}\ncure: {self.cure}"
        return _NOT_TOLD.sub("\ufffd", told)


class ArgumentError(CnnExplainError, ValueError):
    """An argument is not allowed, whatever the sizes are."""


class ShapeError(CnnExplainError, ValueError):
    """Sizes do not fit together."""


class RefusedError(ShapeError, RuntimeError):
    """Sizes do not fit together in a module that is traced.

    It is a RuntimeError as well, as what torch raises there: the module's own code may catch it.
    """


class ExplainedError(CnnExplainError):
    """What torch raised about sizes, explained; what it raised is the `__cause__`.

    What is raised is one of its children, which is of torch's own kind as well, so that whoever
    catches that catches this.

    Attributes:
        explanation: The explanation, a `cnnexplain.Explanation`.
        told: Its text, in the language that was current, and torch's own message.
    """

    explanation: Explanation
    told: str = ""

    def __str__(self) -> str:
        return self.told or super().__str__()


class ExplainedRuntimeError(ExplainedError, RuntimeError):
    """A RuntimeError of torch's about sizes, explained."""


class ExplainedValueError(ExplainedError, ValueError):
    """A ValueError of torch's about sizes, explained."""


class ExplainedIndexError(ExplainedError, IndexError):
    """An IndexError of torch's about sizes, explained."""


class SourceError(CnnExplainError, ValueError):
    """A text is not the source of a network that can be read."""


class ForwardError(CnnExplainError):
    """A module's own code fails for the inputs that it was given."""


class ConversionError(CnnExplainError):
    """A network cannot be made fully convolutional, since it does not work window by window."""


class MissingError(CnnExplainError, ImportError):
    """A package is not installed that what was asked for needs; the cure names the extra.

    It is an ImportError as well, so that whoever does without the package can catch that.
    """


class BookError(CnnExplainError):
    """The site cannot be built from its sources."""


def shown(value: object, limit: int = 60) -> str:
    """Show a value that a user gave, short enough for one line and safe to print.

    Args:
        value: Anything.
        limit: The longest text that is shown whole, in characters.

    Returns:
        ASCII text on one line.

    Example:
        >>> shown("9" * 100, limit=10)
        "'99999..."
    """
    try:
        text = ascii(value)
    except Exception:  # a foreign __repr__ may raise anything  # noqa: BLE001
        text = f"a {type(value).__name__}"
    text = " ".join(text.split())  # the representation of an array has lines
    return text if len(text) <= limit else text[: limit - 4] + "..."


def whole(name: str, value: object, minimum: int) -> int:
    """Return an argument as an integer, or say why it is none.

    Args:
        name: What the argument is called.
        value: What the user gave.
        minimum: The smallest value that is allowed.

    Raises:
        ArgumentError: If the value is no integer of at least `minimum`.

    Example:
        >>> whole("stride", 2, minimum=1)
        2
    """
    expected = f"{name} as an integer of at least {minimum}"
    if isinstance(value, bool):
        raise ArgumentError(expected, f"{name}={value}", f"write {name}={max(minimum, int(value))}")
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # refused below if it is none
    except Exception:  # noqa: BLE001  # a foreign __index__ may raise anything
        raise ArgumentError(
            expected, f"{name}={shown(value)}", f"write for example {name}={max(minimum, 1)}"
        ) from None
    if number < minimum:
        raise ArgumentError(expected, f"{name}={shown(number)}", f"use {name}={minimum} or more")
    if number > LARGEST:
        raise ArgumentError(
            f"{name} of at most {LARGEST}", f"{name} with {number.bit_length()} bits", "use less"
        )
    return number


def pair(name: str, value: object, minimum: int) -> tuple[int, int]:
    """Return an argument as a number for rows and one for columns.

    Args:
        name: What the argument is called.
        value: A number for both, or one of each.
        minimum: The smallest number that is allowed.

    Raises:
        ArgumentError: If it is neither.

    Example:
        >>> pair("window", 224, 1), pair("window", (20, 28), 1)
        ((224, 224), (20, 28))
    """
    if isinstance(value, tuple | list):
        if len(value) != 2:  # noqa: PLR2004
            raise ArgumentError(
                f"{name} as a number, or one for rows and one for columns",
                f"{name}={shown(value)}",
                f"write for example {name}=32",
            )
        return whole(name, value[0], minimum), whole(name, value[1], minimum)
    number = whole(name, value, minimum)
    return number, number
