"""How a sliding window marks what is no ordinary cell, in its grids and in its key."""

from __future__ import annotations

from cnnexplain.figures.sheet import SWATCH
from cnnexplain.figures.svg import HALF, box, decimal, element


def padding_swatch(x: float, y: float) -> str:
    """Draw one cell of padding."""
    return dashed(box(x + HALF, y + HALF, SWATCH, SWATCH), SWATCH)


def overhang_swatch(x: float, y: float) -> str:
    """Draw one cell beyond the edge."""
    return dotted(box(x + HALF, y + HALF, SWATCH, SWATCH), SWATCH)


def added_swatch(x: float, y: float) -> str:
    """Draw one output that is added at the end."""
    cell = box(x + HALF, y + HALF, SWATCH, SWATCH)
    return element("path", class_="cx-output", d=cell) + dotted(cell, SWATCH)


def unread_swatch(x: float, y: float) -> str:
    """Draw one pixel that no window reads."""
    return _crossed("cx-input-line", x + HALF, y + HALF)


def unwritten_swatch(x: float, y: float) -> str:
    """Draw one output that no window writes."""
    return _crossed("cx-output-line", x + HALF, y + HALF)


def _crossed(class_: str, x: float, y: float) -> str:
    outline = element("path", class_=class_, d=box(x, y, SWATCH, SWATCH))
    return outline + element("path", class_="cx-unread", d=cross(x, y, SWATCH))


def dashed(data: str, unit: float) -> str:
    """Draw lines whose dashes meet in every corner of a grid."""
    dash = unit / max(round(unit / 8), 1) / 2
    return element(
        "path",
        class_="cx-padding",
        d=data,
        stroke_dasharray=decimal(dash),
        stroke_dashoffset=decimal(dash / 2),
    )


def dotted(data: str, unit: float) -> str:
    """Draw lines of dots, one of them in every corner of a grid."""
    gap = unit / max(round(unit / 5), 1)
    return element("path", class_="cx-overhang", d=data, stroke_dasharray=f"0 {decimal(gap)}")


def cross(x: float, y: float, size: float) -> str:
    """Return the cross of a cell that no window touches as path data."""
    arm = decimal(size * 0.5)
    start = f"M{decimal(x + size * 0.25)} {decimal(y + size * 0.25)}"
    return f"{start}l{arm} {arm}m0-{arm}l-{arm} {arm}"
