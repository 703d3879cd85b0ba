"""The photographs of a page's figures, as files: a browser shows the text without waiting for them.

A figure carries its photograph with it, so that it stands alone anywhere. On a page the same one
would be there once for each figure, in the middle of the text.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode

_CARRIED = re.compile(r'(?<=<image href=")data:image/(jpeg|png);base64,([A-Za-z0-9+/=]+)(?=")')
FOLDER = "assets/photographs"


def apart(html: str, root: str) -> tuple[str, dict[str, bytes]]:
    """Return a page without the photographs that its figures carry, and these as files.

    Args:
        html: The page.
        root: How its language's first page is reached from it, such as `../`.

    Returns:
        The page, and the files' contents by their places below that first page.

    Example:
        >>> html, found = apart('<image href="data:image/png;base64,QUJD" width="1"/>', "../")
        >>> html, found  # doctest: +NORMALIZE_WHITESPACE
        ('<image href="../assets/photographs/b5d4045c3f46.png" width="1"/>',
         {'assets/photographs/b5d4045c3f46.png': b'ABC'})
    """
    found: dict[str, bytes] = {}

    def place(carried: re.Match[str]) -> str:
        content = b64decode(carried[2])
        name = f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:12]}.{carried[1]}"
        found[name] = content
        return f"{root}{name}"

    return _CARRIED.sub(place, html), found
