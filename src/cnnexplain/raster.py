"""Pictures of pixels from SVG, with fonts that every machine has once they are installed."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, CnnExplainError, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LARGEST = 8192
_CURE = 'pip install "cnnexplain[export]"'
# Where the fonts lie in their packages. The second has what the first lacks: Japanese.
_LATIN = ("matplotlib", "mpl-data/fonts/ttf")
_FONTS = (
    (*_LATIN, "DejaVuSans.ttf"),
    (*_LATIN, "DejaVuSans-Bold.ttf"),
    ("matplotlib_fontja", "fonts", "ipaexg.ttf"),
)
_FAMILY = "DejaVu Sans"
# A tag, with the mark of one that closes, and of one that is empty.
_TAG = re.compile(r"<(/?)[a-zA-Z][^>]*?(/?)>")
# What is drawn lies in a group of the root.
_DEPTH = 2


def png(svg: str, width: int = 960) -> bytes:
    """Draw an SVG as a PNG.

    Args:
        svg: The SVG, with its colours written out: the library knows no CSS variables.
        width: The picture's width in pixels; its height follows.

    Returns:
        The bytes of a PNG file.

    Raises:
        ArgumentError: If an argument is not allowed, or the SVG cannot be drawn.
        CnnExplainError: If the library, or a font, is missing.
    """
    pixels = whole("width", width, 1)
    if pixels > _LARGEST:
        raise ArgumentError(
            f"width of at most {_LARGEST} pixels",
            f"width={pixels}",
            f"use width={_LARGEST} or less",
        )
    if "var(--cx-" in svg:
        raise ArgumentError(
            "an SVG whose colours are written out",
            "an SVG with CSS variables",
            "use figure.png() or figure.save()",
        )
    try:
        import resvg_py  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise CnnExplainError("resvg-py, which draws PNG", str(error), _CURE) from error
    try:
        return resvg_py.svg_to_bytes(
            svg_string=svg,
            width=pixels,
            # The reader's own fonts differ; and where a family is missing, text is, without a word.
            skip_system_fonts=True,
            font_files=[str(font) for font in fonts()],
            font_family=_FAMILY,
            sans_serif_family=_FAMILY,
        )
    except ValueError as error:
        raise ArgumentError("an SVG that can be drawn", str(error), "correct the SVG") from error


def pngs(svgs: Sequence[str], width: int = 960) -> Iterator[bytes]:
    """Draw moments of one figure as PNG; what all of them begin with is drawn once.

    A photograph under a window that moves costs more than the window, and most of the time.

    Args:
        svgs: The moments as SVG, drawn inside of one group of the root.
        width: The width of the pictures in pixels; their height follows.

    Yields:
        The bytes of a PNG file, for each moment.

    Raises:
        ArgumentError: If an argument is not allowed, or an SVG cannot be drawn.
        CnnExplainError: If a library, or a font, is missing.
    """
    beginning = os.path.commonprefix(list(svgs))  # noqa: RUF071  # characters, not folders
    start, end = _shared(beginning) if len(svgs) > 1 else (0, 0)
    if start == end:
        yield from (png(svg, width) for svg in svgs)
        return
    try:
        from PIL import Image  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise CnnExplainError("Pillow, which makes films", str(error), _CURE) from error
    below = Image.open(BytesIO(png(svgs[0][:end] + "</g></svg>", width))).convert("RGBA")
    for svg in svgs:
        # Symbols in what is not drawn can still be used.
        hidden = f'{svg[:start]}<g display="none">{svg[start:end]}</g>{svg[end:]}'
        above = Image.open(BytesIO(png(hidden, width))).convert("RGBA")
        file = BytesIO()
        Image.alpha_composite(below, above).save(file, "PNG", compress_level=1)
        yield file.getvalue()


def _shared(svg: str) -> tuple[int, int]:
    """Return where the first whole elements of a beginning start and end in the root's group."""
    depth, start, end = 0, 0, 0
    for tag in _TAG.finditer(svg):
        closing, empty = tag.groups()
        depth += -1 if closing else 0 if empty else 1
        if depth == _DEPTH and not start and tag[0].startswith("<g "):
            start = end = tag.end()
        elif depth == _DEPTH and start:
            end = tag.end()
    return start, end


def fonts() -> tuple[Path, ...]:
    """Return the files of the fonts.

    Raises:
        CnnExplainError: If one is missing.
    """
    found = []
    for package, folder, name in _FONTS:
        # Importing them would change how matplotlib draws.
        spec = find_spec(package)
        places = spec.submodule_search_locations if spec else None
        files = [file for place in places or [] if (file := Path(place, folder, name)).is_file()]
        if not files:
            raise CnnExplainError(
                f"the font {name} of the package {package}", "no such file", _CURE
            )
        found.append(files[0])
    return tuple(found)
