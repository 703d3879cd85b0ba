"""The grammar of every figure: one palette, a few primitives, text measured before it is set.

Geometry stands in attributes and colours in classes, since a rasteriser knows neither CSS
transforms nor variables.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape
from math import fsum
from typing import TYPE_CHECKING, Literal, TypeAlias

from cnnexplain.errors import OBEYED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Every figure has this many units across: text has the same size in all figures of a page, and at
# the native width, where one unit is one pixel, lines on whole units are crisp.
WIDTH = 480
# Room for half of the thickest line; lines on half units fill whole pixels.
MARGIN = 4
HALF = 0.5

# At 340 pixels across, the smallest text is still 11 pixels high.
_TITLE_SIZE, LABEL_SIZE, SMALL_SIZE = 17, 16, 15.5

# The one palette: a colour per role, light and dark. "ink" colours are for text.
PALETTE: Mapping[str, tuple[str, str]] = {
    # That of the site's pages too, so that a figure lies on them without an edge.
    "paper": ("#ffffff", "#1e2329"),
    "ink": ("#1c2530", "#e4e8ee"),
    "quiet": ("#56616e", "#a9b3bf"),
    "input": ("#d3e5f8", "#1d3a5a"),
    "input-line": ("#6d9ccd", "#5589bd"),
    "input-ink": ("#17568f", "#93c4f5"),
    "output": ("#cdeacb", "#1f4a2b"),
    "output-line": ("#4f9a58", "#62ab6d"),
    "output-ink": ("#226a32", "#8ed69a"),
    "window": ("#d9480f", "#ff9d52"),
    "taps": ("#ffb877", "#8f5218"),
    "padding": ("#7d8894", "#8b96a3"),
    # What a unit sees, and the two kinds of layers that have weights.
    "field": ("#e4d9fa", "#37265e"),
    "field-line": ("#7c4dce", "#a583ec"),
    "field-ink": ("#5b2fb0", "#c9b3f8"),
    "conv": ("#f5d3e6", "#562443"),
    "conv-line": ("#b3407f", "#dc7db3"),
    "conv-ink": ("#96276a", "#f0a6d0"),
    "dense": ("#f3dc92", "#5a4710"),
    "dense-line": ("#9a7300", "#d3ac3a"),
    "dense-ink": ("#755700", "#ebca62"),
    # The middle colours of maps, between the paper and the full colours: black and white can be
    # read on them alike. Numbers in cells up to the middle are "on-low", and beyond it "on-high".
    "score": ("#0d837d", "#0d837d"),
    "score-full": ("#003a37", "#b9fff7"),
    "score-ink": ("#0c6b66", "#6fd6cf"),
    "error": ("#d93a34", "#d93a34"),
    "error-full": ("#5c0407", "#ffd3cf"),
    "error-ink": ("#b42323", "#ff9a94"),
    "on-low": ("#000000", "#ffffff"),
    "on-high": ("#ffffff", "#000000"),
}
Theme: TypeAlias = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

# Ids that are shared inside one figure begin so, until the page gives the figure its own.
SHARED = "cx-shared-"

_SIZES = f"""
.cx-svg text{{font-size:{LABEL_SIZE}px}}
.cx-svg .cx-title{{font-size:{_TITLE_SIZE}px}}
.cx-svg .cx-small{{font-size:{SMALL_SIZE}px}}
"""
_RULES = """
.cx-svg{max-width:100%;height:auto}
.cx-svg text{fill:var(--cx-ink);font-variant-numeric:tabular-nums}
.cx-svg .cx-title{font-weight:600}
.cx-svg .cx-small{fill:var(--cx-quiet)}
.cx-svg .cx-input-ink{fill:var(--cx-input-ink);font-weight:600}
.cx-svg .cx-output-ink{fill:var(--cx-output-ink);font-weight:600}
.cx-svg path,.cx-svg rect{fill:none;stroke-linejoin:round}
.cx-svg .cx-input{fill:var(--cx-input)}
.cx-svg .cx-input-line{stroke:var(--cx-input-line)}
.cx-svg .cx-output{fill:var(--cx-output)}
.cx-svg .cx-output-line{stroke:var(--cx-output-line)}
.cx-svg .cx-frame{stroke-width:2}
.cx-svg .cx-padding{stroke:var(--cx-padding)}
.cx-svg .cx-overhang{stroke:var(--cx-padding);stroke-width:2;stroke-linecap:round}
.cx-svg .cx-unread{stroke:var(--cx-padding);stroke-width:1.25}
.cx-svg .cx-taps{fill:var(--cx-taps);fill-opacity:.85;stroke:var(--cx-window);stroke-opacity:.7}
.cx-svg .cx-window{stroke:var(--cx-window);stroke-width:3}
.cx-svg .cx-tie{stroke:var(--cx-window);stroke-width:1.25}
.cx-svg .cx-field{fill:var(--cx-field)}
.cx-svg .cx-field-line{stroke:var(--cx-field-line)}
.cx-svg .cx-field-ink{fill:var(--cx-field-ink);font-weight:600}
.cx-svg .cx-conv{fill:var(--cx-conv)}
.cx-svg .cx-conv-line{stroke:var(--cx-conv-line)}
.cx-svg .cx-conv-ink{fill:var(--cx-conv-ink);font-weight:600}
.cx-svg .cx-weight{fill:var(--cx-conv-line)}
.cx-svg .cx-dense{fill:var(--cx-dense)}
.cx-svg .cx-dense-line{stroke:var(--cx-dense-line)}
.cx-svg .cx-dense-ink{fill:var(--cx-dense-ink);font-weight:600}
.cx-svg .cx-veil{fill:var(--cx-paper);fill-opacity:.6}
.cx-svg .cx-paper{fill:var(--cx-paper)}
.cx-svg .cx-cells{shape-rendering:crispEdges}
.cx-svg .cx-score{fill:var(--cx-score)}
.cx-svg .cx-score-full{fill:var(--cx-score-full)}
.cx-svg .cx-score-line{stroke:var(--cx-score-ink)}
.cx-svg .cx-score-ink{fill:var(--cx-score-ink);font-weight:600}
.cx-svg .cx-error{fill:var(--cx-error)}
.cx-svg .cx-error-full{fill:var(--cx-error-full)}
.cx-svg .cx-error-line{stroke:var(--cx-error-ink)}
.cx-svg .cx-error-ink{fill:var(--cx-error-ink);font-weight:600}
.cx-svg .cx-hatch{stroke:var(--cx-on-low);stroke-opacity:.5}
.cx-svg .cx-on-low{fill:var(--cx-on-low)}
.cx-svg .cx-on-high{fill:var(--cx-on-high)}
.cx-svg .cx-casing{stroke:var(--cx-paper)}
.cx-svg .cx-exact{stroke:var(--cx-output-ink);stroke-width:3}
.cx-svg .cx-guide{stroke:var(--cx-padding)}
.cx-svg .cx-spot{fill:var(--cx-error-ink)}
.cx-svg .cx-shift{stroke:var(--cx-ink)}
.cx-svg .cx-curve{stroke:var(--cx-ink)}
.cx-svg .cx-mark{fill:var(--cx-ink)}
.cx-svg .cx-shade{fill:var(--cx-padding);fill-opacity:.22}
.cx-svg .cx-name{font-weight:600;text-anchor:middle}
.cx-svg .cx-focus{stroke:var(--cx-window);stroke-width:2}
.cx-svg .cx-tag{font-weight:600}
.cx-svg .cx-later{fill:var(--cx-padding);fill-opacity:.3}
.cx-svg .cx-found{stroke:var(--cx-window);stroke-width:2}
.cx-svg .cx-middle{text-anchor:middle}
.cx-svg .cx-end{text-anchor:end}
.cx-svg .cx-number{font-size:inherit;text-anchor:middle}
"""


def palette_css(light: str, dark: str = "", *, follow_system: bool = False) -> str:
    """Return the palette as CSS variables: `--cx-input`, `--cx-window` and so on.

    Args:
        light: The selectors that get the light colours.
        dark: The selectors that get the dark colours, if any.
        follow_system: Whether `light` gets the dark colours where the reader's system is dark.

    Example:
        >>> palette_css(":root").splitlines()[0][:24]
        ':root{--cx-paper:#ffffff'
    """
    blocks = [
        ";".join(f"--cx-{role}:{colours[theme]}" for role, colours in PALETTE.items())
        for theme in (0, 1)
    ]
    rules = [f"{light}{{{blocks[0]}}}"]
    if follow_system:
        rules.append(f"@media (prefers-color-scheme:dark){{{light}{{{blocks[1]}}}}}")
    if dark:
        rules.append(f"{dark}{{{blocks[1]}}}")
    return "\n".join(rules)


def style() -> str:
    """Return the rules that every figure's SVG needs beside the palette."""
    return (_SIZES.lstrip() + _RULES.lstrip()).strip()


def resolved(css: str, theme: Theme) -> str:
    """Write a theme's colours into rules, for programs that do not know CSS variables.

    Args:
        css: The rules.
        theme: `"light"` or `"dark"`.

    Example:
        >>> resolved(".cx-paper{fill:var(--cx-paper)}", "dark")
        '.cx-paper{fill:#1e2329}'
    """
    which = THEMES.index(theme)
    return re.sub(r"var\(--cx-([\w-]+)\)", lambda match: PALETTE[match[1]][which], css)


# What no XML can hold, and what would turn the text around it.
_NO_TEXT = re.compile(f"[{OBEYED}\ufffe\uffff]")


def clean(text: str) -> str:
    r"""Return a text in which whatever is no text is a question mark.

    Args:
        text: The text; a layer's name may hold anything.

    Example:
        >>> clean("a\x00b")
        'a?b'
    """
    return _NO_TEXT.sub("?", text)


def decimal(value: float) -> str:
    """Return a coordinate in as few characters as a picture needs.

    Example:
        >>> decimal(12.0), decimal(0.33333), decimal(-0.0001)
        ('12', '.333', '0')
    """
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    if text in {"-0", ""}:
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def attributes(values: Mapping[str, object]) -> str:
    """Return attributes as they stand in a tag; `class_` is `class`, `_` is `-`, None is left out.

    Example:
        >>> attributes({"class_": "cx-tie", "stroke_width": 2.0, "id": None})
        ' class="cx-tie" stroke-width="2"'
    """
    parts = []
    for name, value in values.items():
        if value is not None:
            shown = decimal(value) if isinstance(value, float) else str(value)
            parts.append(f' {name.rstrip("_").replace("_", "-")}="{escape(shown)}"')
    return "".join(parts)


def element(tag: str, content: str = "", **values: object) -> str:
    """Return one element; the content must already be markup.

    Example:
        >>> element("path", d="M0 0h4")
        '<path d="M0 0h4"/>'
    """
    opening = f"<{tag}{attributes(values)}"
    return f"{opening}>{content}</{tag}>" if content else f"{opening}/>"


def label(x: float, y: float, content: str | Sequence[tuple[str, str]], class_: str = "") -> str:
    """Return text at a place; any character is allowed in it.

    Args:
        x: Where the text starts.
        y: The text's baseline.
        content: The text, or pieces of it, each with a class of its own or `""`.
        class_: The class of the whole.

    Example:
        >>> label(4, 9, "a < b")
        '<text x="4" y="9">a &lt; b</text>'
    """
    pieces = [(content, "")] if isinstance(content, str) else content
    spans = [
        element("tspan", escape(piece, quote=False), class_=own)
        if own
        else escape(piece, quote=False)
        for piece, own in pieces
    ]
    return element("text", "".join(spans), x=float(x), y=float(y), class_=class_ or None)


def text_width(content: str, size: float, *, bold: bool = False) -> float:
    """Estimate a text's width: never less than common fonts need.

    Args:
        content: The text.
        size: The font's size.
        bold: Whether the text is bold.

    Example:
        >>> text_width("入力", 10)
        20.0
    """
    narrow = 0.72 if bold else 0.6
    widths = (1.0 if unicodedata.east_asian_width(each) in "WF" else narrow for each in content)
    # From Python 3.12 on, sum() rounds otherwise.
    return fsum(widths) * size


def wrap(pieces: Iterable[str], separator: str, size: float, width: float) -> list[str]:
    """Set pieces of text one after the other, on as few lines as the width asks for.

    Args:
        pieces: What is never broken.
        separator: What stands between two pieces; at a line's end without its space.
        size: The font's size.
        width: The width of a line.

    Example:
        >>> wrap(["stride 2", "padding 1"], ", ", size=10, width=80)
        ['stride 2,', 'padding 1']
    """
    lines: list[str] = []
    for piece in pieces:
        if lines and text_width(lines[-1] + separator + piece, size) <= width:
            lines[-1] += separator + piece
        else:
            if lines:
                lines[-1] += separator.rstrip(" ")
            lines.append(piece)
    return lines


def box(x: float, y: float, width: float, height: float) -> str:
    """Return a rectangle as path data.

    Example:
        >>> box(0, 0, 4, 2)
        'M0 0h4v2h-4z'
    """
    return f"M{decimal(x)} {decimal(y)}h{decimal(width)}v{decimal(height)}h{decimal(-width)}z"


def rectangle(
    class_: str, place: tuple[float, float, float, float], opacity: str | None = None
) -> str:
    """Return a rectangle as an element.

    Args:
        class_: Its class.
        place: Where it starts, across and down, its width and its height.
        opacity: How opaque its filling is.

    Example:
        >>> rectangle("cx-paper", (0.0, 0.0, 4.0, 2.0))
        '<rect class="cx-paper" x="0" y="0" width="4" height="2"/>'
    """
    x, y, width, height = place
    return element(
        "rect", class_=class_, x=x, y=y, width=width, height=height, fill_opacity=opacity
    )


def grid(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Return the lines of a grid as path data: each line once, from the first to the last.

    Args:
        xs: Where the vertical lines stand.
        ys: Where the horizontal lines stand.

    Example:
        >>> grid([0, 2], [0, 3, 6])
        'M0 0h2M0 3h2M0 6h2M0 0v6M2 0v6'
    """
    across, down = decimal(xs[-1] - xs[0]), decimal(ys[-1] - ys[0])
    rows = (f"M{decimal(xs[0])} {decimal(y)}h{across}" for y in ys)
    columns = (f"M{decimal(x)} {decimal(ys[0])}v{down}" for x in xs)
    return "".join((*rows, *columns))
