"""The exceptions of cnnexplain: each says what was expected, what came, and what to do."""


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

    def __str__(self) -> str:
        return f"expected: {self.expected}\nreceived: {self.received}\ncure: {self.cure}"


class ArgumentError(CnnExplainError, ValueError):
    """An argument is not allowed, whatever the sizes are."""


class ShapeError(CnnExplainError, ValueError):
    """Sizes do not fit together."""


class SourceError(CnnExplainError, ValueError):
    """A text is not the source of a network that can be read."""


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
    return text if len(text) <= limit else text[: limit - 4] + "..."
