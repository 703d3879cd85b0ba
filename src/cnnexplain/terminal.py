"""How wide the terminal is that somebody is looking at."""

from __future__ import annotations

import os
import shutil
import sys


def terminal_width() -> int | None:
    """Return how many columns the terminal has, or None if the standard output is none.

    The variable COLUMNS, if it is set, says it for whatever the output is.
    """
    try:
        seen = sys.stdout.isatty()
    except (AttributeError, ValueError):  # a closed output, or none at all
        seen = False
    if not seen and not os.environ.get("COLUMNS"):
        return None
    return shutil.get_terminal_size(fallback=(0, 0)).columns or None
