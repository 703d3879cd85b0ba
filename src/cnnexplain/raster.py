"""Pictures of pixels from SVG, with fonts that every machine has once they are installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from cnnexplain.errors import ArgumentError, CnnExplainError, whole

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
