"""What a page may load and run: its Content-Security-Policy, written into the built page.

The site is files that any server can serve, so the policy cannot be a header: it stands in each
page, before anything that it rules. It names this site alone, and the page's own inline scripts by
their hashes; a script that somebody smuggles into a page does not run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from cnnexplain.book import files
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from pathlib import Path

_CHARSET = re.compile(r'<meta charset="utf-8">', re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL)
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']?([^"'\s>]*)""", re.IGNORECASE)
_TYPE = re.compile(r"""\btype\s*=\s*["']?([^"'\s>]*)""", re.IGNORECASE)
# An address with a scheme, or with a host and the page's scheme.
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_RUN = frozenset({"", "module", "text/javascript"})


def policy(html: str, *, live: bool = False) -> str:
    r"""Return the policy of a page.

    Args:
        html: The page.
        live: Whether MkDocs serves it while it is edited: the script that reloads it then differs
            from answer to answer, so no hash can name it.

    Returns:
        The directives, in one line.

    Raises:
        BookError: If the page loads a script from elsewhere.

    Example:
        >>> policy("<script>1</script>").split("; ")[:2]  # doctest: +NORMALIZE_WHITESPACE
        ["default-src 'none'",
         "script-src 'self' 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"]
    """
    hashes: dict[str, None] = {}
    for attributes, content in _SCRIPT.findall(html):
        source = _SOURCE.search(attributes)
        if source is None:
            kind = _TYPE.search(attributes)
            if kind is None or kind[1].lower() in _RUN:
                digest = hashlib.sha256(content.encode()).digest()
                hashes[f"'sha256-{base64.b64encode(digest).decode()}'"] = None
        elif _ELSEWHERE.match(source[1]):
            raise BookError(
                "scripts of this site alone",
                f'<script src="{source[1]}">',
                "put the file into docs/theme/assets, and load it from there",
            )
    scripts = ["'unsafe-inline'"] if live else list(hashes)
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(["script-src 'self'", *scripts]),
            "style-src 'self' 'unsafe-inline'",  # figures carry their styles
            "img-src 'self' data:",  # the theme's icons are in its styles
            "font-src 'self'",
            "connect-src 'self'",  # the search's index
            "worker-src 'self'",  # the search, and the playground's Python
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def secured(html: str, *, live: bool = False) -> str:
    """Return a page with its policy, which stands before anything that it rules.

    Args:
        html: The page, without one.
        live: Whether MkDocs serves it while it is edited.

    Raises:
        BookError: If the page does not say its encoding, behind which the policy goes, or loads a
            script from elsewhere.
    """
    charset = _CHARSET.search(html)
    if charset is None:
        raise BookError('<meta charset="utf-8"> in every page', "none", "write it into the head")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(html, live=live)}">'
    return f"{html[: charset.end()]}\n{meta}{html[charset.end() :]}"


def write(site: Path, *, live: bool = False) -> None:
    """Give every page of a built site its policy.

    Args:
        site: The folder of the built site.
        live: Whether MkDocs serves it while it is edited.

    Raises:
        BookError: If a page cannot have one; the message says which.
    """
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        try:
            secure = secured(files.read(path, name), live=live)
        except BookError as error:
            raise error.at(name) from None
        path.write_text(secure, encoding="utf-8")
