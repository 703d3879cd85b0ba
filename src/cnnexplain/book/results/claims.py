"""The numbers of the chapter about the sources' claims: how many there are of each verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.book import claims

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value


def values() -> dict[str, Value]:
    """Return them by name."""
    return dict(claims.counts())
