"""How many pixels the photograph in a file has, told by its header before anything decodes it."""

from __future__ import annotations

from math import prod

MOST_PIXELS = 50_000_000
"""The most that a photograph may have: more take gigabytes, and a small file can claim them."""

PNG = b"\x89PNG\r\n\x1a\n"
"""How a PNG file begins."""

JPEG = b"\xff\xd8\xff"
"""How a JPEG file begins."""

# The markers of JPEG behind which the size stands, and those that stand alone.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}
_SCAN = 0xDA  # the pixels begin
_MARKER = 0xFF


def pixels(content: bytes) -> tuple[int, int] | None:
    """Return the height and the width of a photograph.

    Args:
        content: The bytes of a PNG or a JPEG file.

    Returns:
        The two, of several the largest; None if the header tells none.

    Example:
        >>> import struct
        >>> pixels(PNG + struct.pack(">I4sII", 13, b"IHDR", 640, 480))
        (480, 640)
        >>> pixels(b"GIF89a") is None
        True
    """
    if content.startswith(PNG) and content[12:16] == b"IHDR":
        found = [(content[20:24], content[16:20])]
    else:
        found = _jpeg(content) if content.startswith(JPEG) else []
    sizes = [(int.from_bytes(height), int.from_bytes(width)) for height, width in found]
    return max(sizes, key=prod) if sizes and all(map(prod, sizes)) else None


def _jpeg(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return the height and the width in each header of a frame before the pixels begin.

    One is all that is allowed: of several, nobody knows which one a decoder takes. Where something
    else stands between two markers, nobody knows where it goes on, so that there are none.
    """
    at, found = 2, list[tuple[bytes, bytes]]()
    while at + 2 <= len(content) and content[at] == _MARKER:
        kind = content[at + 1]
        if kind == _SCAN:
            return found
        if kind in _FRAMES:
            found.append((content[at + 5 : at + 7], content[at + 7 : at + 9]))
        if kind == _MARKER:  # what fills up
            at += 1
        elif kind in _ALONE:
            at += 2
        else:
            at += 2 + max(int.from_bytes(content[at + 2 : at + 4]), 2)
    return []
