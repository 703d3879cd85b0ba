"""How many pixels the photograph in a file has, told by its header before anything decodes it."""

from __future__ import annotations

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
        The two; None if the header tells none.

    Example:
        >>> import struct
        >>> pixels(PNG + struct.pack(">I4sII", 13, b"IHDR", 640, 480))
        (480, 640)
        >>> pixels(b"GIF89a") is None
        True
    """
    if content.startswith(PNG):
        found = (content[20:24], content[16:20]) if content[12:16] == b"IHDR" else (b"", b"")
    else:
        found = _jpeg(content) if content.startswith(JPEG) else (b"", b"")
    height, width = map(int.from_bytes, found)
    return (height, width) if height and width else None


def _jpeg(content: bytes) -> tuple[bytes, bytes]:
    """Return the bytes of height and width, which stand in the first frame's header."""
    at = 2
    while at + 9 <= len(content) and content[at] == _MARKER:
        kind = content[at + 1]
        if kind in _FRAMES:
            return content[at + 5 : at + 7], content[at + 7 : at + 9]
        if kind == _SCAN:
            break
        if kind == _MARKER:  # what fills up
            at += 1
        elif kind in _ALONE:
            at += 2
        else:
            at += 2 + max(int.from_bytes(content[at + 2 : at + 4]), 2)
    return b"", b""
