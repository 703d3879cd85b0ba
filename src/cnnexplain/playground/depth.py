"""How deep a text is nested, before it is parsed: in a browser, too deep a text ends Python itself.

Python's parser raises an exception where the stack ends; compiled for browsers, it has a smaller
stack of which it does not know the end.
"""

from __future__ import annotations

import io
import tokenize

_OPEN, _CLOSED = frozenset("([{"), frozenset(")]}")
_NO_DEPTH = {
    tokenize.NL,
    tokenize.COMMENT,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.NEWLINE,
    tokenize.ENDMARKER,
}
# A level of brackets takes more of the stack than any other: in Chromium 180 of them are too much.
_MOST_BRACKETS = 100


def is_deeper(text: str, most: int) -> bool:
    """Return whether an expression of a text may be nested deeper than this.

    Each level of an expression takes a token at least, and parts between commas do not lie in each
    other. So the tokens since the last comma, and those before the brackets around them, are no
    fewer than the levels.

    Args:
        text: Any text.
        most: The most levels.

    Example:
        >>> is_deeper("nn.Sequential(nn.ReLU(), nn.ReLU())", 10), is_deeper("1 + " * 99 + "1", 100)
        (False, True)
    """
    levels, depth, branches = [0], 0, 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NEWLINE and len(levels) == 1:
                levels, depth = [0], 0
            if token.type in _NO_DEPTH:
                continue
            # Each of them is part of the one before it, whatever lies between.
            branches += token.string == "elif"
            if token.string == ",":
                depth -= levels[-1]
                levels[-1] = 0
                continue
            if token.string in _CLOSED and len(levels) > 1:
                depth -= levels.pop()
                continue
            levels[-1] += 1
            depth += 1
            if token.string in _OPEN:
                levels.append(0)
            if depth + branches > most or len(levels) > _MOST_BRACKETS:
                return True
    except (tokenize.TokenError, SyntaxError, ValueError):
        return False  # so far it is not, and no parser comes further
    return False
