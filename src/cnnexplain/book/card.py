"""The picture that other sites show beside a link to a page, one for each language."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from cnnexplain import raster
from cnnexplain.book import files
from cnnexplain.figures.svg import PALETTE, WIDTH, element

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cnnexplain.figures import Figure

SIZE = (1200, 630)
"""Width and height in pixels, which all who show such pictures take."""

FIGURE = "pooling-13-to-6"
"""The figure on it, that of the first page."""

_EDGE, _LINE, _FONT = 56, 62, 46
_NAME = 30


def svg(figure: Figure, title: str) -> str:
    """Return the picture as an SVG with its colours written out.

    Args:
        figure: What stands beside the title.
        title: The title; a bar begins a new line.
    """
    width, height = SIZE
    scale = min((height - 2 * _EDGE) / figure.height, 1.3)
    left = width - _EDGE - WIDTH * scale
    ink, quiet, accent = (PALETTE[role][0] for role in ("ink", "input-ink", "window"))
    lines = title.split("|")
    top = (height - _LINE * len(lines)) / 2 + _FONT
    parts = [
        element("rect", width=width, height=height, fill=PALETTE["paper"][0]),
        element("rect", width=16, height=height, fill=accent),
        _text("cnnexplain", _EDGE + _NAME, _NAME, quiet),
        *(_text(line, top + _LINE * row, _FONT, ink) for row, line in enumerate(lines)),
        element(
            "g",
            figure.plain(),
            transform=f"translate({left:g} {(height - figure.height * scale) / 2:g}) "
            f"scale({scale:g})",
        ),
    ]
    return element(
        "svg",
        "\n".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )


def write(
    build: Path, drawn: Mapping[str, Mapping[str, Figure]], words: Mapping[str, Mapping[str, str]]
) -> None:
    """Write the pictures of all languages, `card.png`, and what they show, `card.txt`.

    Args:
        build: The folder of what is built.
        drawn: The figures of each language by name.
        words: Each language's `title`, and its `alternative` for those who do not see the picture.
    """
    for code, figures in drawn.items():
        figure, said = figures[FIGURE], words[code]
        files.write(build / code / "card.png", raster.png(svg(figure, said["title"]), SIZE[0]))
        title = said["title"].replace("|", "" if code == "ja" else " ")
        alternative = said["alternative"].format(title=title, figure=figure.title)
        files.write(build / code / "card.txt", alternative)


def read(root: Path) -> dict[str, dict[str, str]]:
    """Return the words of the pictures by language.

    Args:
        root: The folder that holds `docs/`.

    Raises:
        BookError: If there are none.
    """
    return tomllib.loads(files.read(root / "docs" / "card.toml", "docs/card.toml"))


def _text(words: str, y: float, size: int, colour: str) -> str:
    return element(
        "text",
        words,
        x=_EDGE,
        y=f"{y:g}",
        fill=colour,
        font_size=size,
        font_weight="bold",
    )
