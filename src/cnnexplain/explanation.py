"""What is wrong with a network for an input size, and what helps, as a value that users hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.errors import whole
from cnnexplain.languages import language as chosen_language
from cnnexplain.terminal import terminal_width

if TYPE_CHECKING:
    from cnnexplain.diagnosis.findings import Note, Problem
    from cnnexplain.graph import Row
    from cnnexplain.report import Trace


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """What is wrong with a network for an input size, why, and what helps.

    Attributes:
        problems: What breaks or is surely wrong, each with its cures. What breaks hides what comes
            after it, so there is one at most.
        notes: What is worth knowing though nothing breaks; nothing where something does.
        trace: The rows of the network as far as it runs; None where a message is all that is known.
        chain: The rows that change the sizes on the way to the problem.

    Example:
        >>> from cnnexplain import explain, networks
        >>> found = explain(networks.alexnet(), (3, 384, 384))
        >>> found.problems[0].name, 227 in found.problems[0].fits[0]
        ('fc6', True)
        >>> print(found.problems[0].cures[0].code)
        x = F.interpolate(x, size=(258, 258), mode="bilinear", antialias=True)
    """

    problems: tuple[Problem, ...]
    notes: tuple[Note, ...] = ()
    trace: Trace | None = None
    chain: tuple[Row, ...] = ()

    def __repr__(self) -> str:
        return self.to_text(width=terminal_width())

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(self, language: str | None = None, width: int | None = None) -> str:
        """Return the explanation as text.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.
            width: How many columns of a terminal a line may take, any unless given. Code is never
                broken.

        Raises:
            ArgumentError: If there is no such language, or the width is no positive integer.
        """
        from cnnexplain.formats.explanation import to_text  # noqa: PLC0415

        limit = None if width is None else whole("width", width, 1)
        with chosen_language(language):
            return to_text(self, limit)

    def to_html(self, language: str | None = None) -> str:
        """Return the explanation as HTML.

        Args:
            language: `"en"`, `"ja"` or `"fr"`; the current one unless given.

        Raises:
            ArgumentError: If there is no such language.
        """
        from cnnexplain.formats.explanation import to_html  # noqa: PLC0415

        with chosen_language(language):
            return to_html(self)

    def to_json(self, language: str | None = None) -> str:
        """Return the explanation as JSON, which `cnnexplain/explanation.schema.json` describes.

        Args:
            language: The language of what is said, all else being the same in every one: `"en"`,
                `"ja"` or `"fr"`; the current one unless given.

        Raises:
            ArgumentError: If there is no such language.
        """
        from cnnexplain.formats.explanation import to_json  # noqa: PLC0415

        with chosen_language(language):
            return to_json(self)
