"""The reference: what the package, the command line and the sources say, as parts of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.book.reference import api, commands, terms, works
from cnnexplain.languages import language as chosen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def snippets(root: Path, language: str) -> Mapping[str, str]:
    """Return what the reference's pages include, as HTML by name.

    Args:
        root: The folder that holds `docs/`.
        language: The pages' language.

    Raises:
        BookError: If something is wrong with a source.
    """
    with chosen(language):
        return {
            **api.snippets(),
            **commands.snippets(language),
            **terms.snippets(root, language),
            **works.snippets(root, language),
        }
