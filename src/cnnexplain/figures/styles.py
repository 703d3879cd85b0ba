"""What figures are served with: their palette, their rules, their motion, their controls."""

from __future__ import annotations

from functools import cache
from importlib import resources

from cnnexplain.figures import motion, svg

FONT = (
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Hiragino Sans','Yu Gothic UI',"
    "'Noto Sans JP','Noto Sans CJK JP',sans-serif"
)
# Where a figure stands alone, no page gives it a ground and a font.
GROUND = f"background:var(--cx-paper);color-scheme:light dark;{FONT}"
# How pages and notebooks say that they are light or dark, whatever the reader's system is.
_LIGHT_PAGES = ("[data-md-color-scheme=default]", "[data-jp-theme-light=true]", ".vscode-light")
_DARK_PAGES = ("[data-md-color-scheme=slate]", "[data-jp-theme-light=false]", ".vscode-dark")


def site_script() -> str:
    """Return the script of the controls, which a site serves once for all its figures.

    Example:
        >>> "data-cx" in site_script() or "cx-" in site_script()
        True
    """
    return _asset("controls.js")


def site_style() -> str:
    """Return the style of the figures, which a site serves once; its root gets the palette.

    Example:
        >>> site_style().startswith(":root")
        True
    """
    palette = svg.palette_css(":root," + _LIGHT_PAGES[0], _DARK_PAGES[0])
    # Paper is white, whatever the screen is.
    printed = f"@media print{{{svg.palette_css(_DARK_PAGES[0])}}}"
    return "\n".join((palette, printed, *_shared()))


@cache
def _asset(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _shared() -> tuple[str, str, str]:
    return svg.style(), motion.style(".cx-moving>.cx-svg"), _asset("controls.css").strip()


@cache
def page() -> str:
    """Return the style of one figure on a page that has none."""
    light = ",".join(f"{page} .cx-figure" for page in _LIGHT_PAGES)
    dark = ",".join(f"{page} .cx-figure" for page in _DARK_PAGES)
    # The page's own word comes later, and so prevails over the system's.
    palettes = svg.palette_css(".cx-figure", follow_system=True), svg.palette_css(light, dark)
    return "\n".join((*palettes, *_shared()))


@cache
def still() -> str:
    """Return the style of an SVG that stands alone and does not move."""
    palette = svg.palette_css(".cx-svg", follow_system=True)
    return f".cx-svg{{{GROUND}}}\n{palette}\n{svg.style()}"


@cache
def moving() -> str:
    """Return the style of an SVG that stands alone and moves."""
    media = "screen and (prefers-reduced-motion:no-preference)"
    return "\n".join((still(), motion.style(".cx-svg", media)))
