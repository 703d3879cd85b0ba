"""A Python-Markdown extension: computed values, typography and formulas on the site's pages.

In `mkdocs.yml`, once per language:

    markdown_extensions:
      cnnexplain.book.markdown:
        language: en
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor

from cnnexplain.book.mathematics import mathml
from cnnexplain.book.prose import prepare
from cnnexplain.book.spans import INLINE
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from markdown import Markdown

Values: TypeAlias = "Mapping[str, Mapping[str, str]]"

PREPARED = "<!-- prepared -->"
"""The first line of a text whose values and typography are in place already: a notebook's."""


def read_values(language: str) -> Values:
    """Read the computed values of one language, as `python -m cnnexplain.book` wrote them.

    Args:
        language: The pages' language.

    Raises:
        BookError: If they have not been written.
    """
    path = Path("build", language, "values.json")
    try:
        values: Values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BookError(
            f"the computed values in {path}",
            "no such file",
            "run python -m cnnexplain.book in the folder that holds docs/",
        ) from None
    return values


# Display formulas may hold spaces and line breaks at their ends.
_FORMULA = rf"(?<![\\$])(?:\$\$(?P<display>[^$]+)\$\$|{INLINE})"


class _Prepare(Preprocessor):
    """Puts values and typography into a page's text."""

    def __init__(self, md: Markdown, language: str) -> None:
        super().__init__(md)
        self.language = language

    def run(self, lines: list[str]) -> list[str]:
        """Return the page's lines, prepared."""
        if lines and lines[0] == PREPARED:
            return lines[1:]
        # The page's name is not known here; MkDocs puts it in front of the message.
        where = f"docs/{self.language}"
        return prepare("\n".join(lines), self.language, read_values(self.language), where).split(
            "\n",
        )


class _Formula(InlineProcessor):
    """Turns `$...$` and `$$...$$` into MathML."""

    def __init__(self, md: Markdown, language: str) -> None:
        super().__init__(_FORMULA, md)
        self.language = language

    # The base class returns an element; the stash keeps the formula away from other patterns.
    def handleMatch(  # type: ignore[override]  # noqa: N802
        self,
        m: re.Match[str],
        data: str,  # noqa: ARG002
    ) -> tuple[str, int, int]:
        """Return the formula's place in the stash, and what it replaces."""
        display = m["display"] is not None
        try:
            formula = mathml(m["display"] if display else m["inline"], display=display)
        except BookError as error:
            raise BookError(
                f"docs/{self.language}: {error.expected}",
                error.received,
                error.cure,
            ) from error
        if display:
            formula = f'<div class="formula">{formula}</div>'  # scrolls on a narrow screen
        return self.md.htmlStash.store(formula), m.start(), m.end()


class CnnExplainExtension(Extension):
    """Everything above, as one extension."""

    def __init__(self, **kwargs: Any) -> None:
        self.config = {"language": ["en", "The language of the pages"]}
        super().__init__(**kwargs)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # the name is Markdown's
        """Register both parts."""
        language = self.getConfig("language")
        # Before snippets (32), so that what a page includes stays as it was made.
        md.preprocessors.register(_Prepare(md, language), "cnnexplain_prepare", 40)
        # After code (190), before escapes (180), so that TeX keeps its backslashes.
        md.inlinePatterns.register(_Formula(md, language), "cnnexplain_formula", 185)


def makeExtension(**kwargs: Any) -> CnnExplainExtension:  # noqa: N802  # the name is Markdown's
    """Return the extension, as Python-Markdown asks for it."""
    return CnnExplainExtension(**kwargs)
