"""`python -m cnnexplain.book.contact`: all figures of a language on one sheet, to be looked at.

It takes the pictures that the build step has drawn, and writes `build/LANGUAGE/figures.png`.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from cnnexplain.book import files
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS, _GAP, _LABEL = 6, 16, 20


def sheet(pictures: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Lay pictures of one width out in columns, each with its name above.

    Args:
        pictures: The pictures with their names; each goes where there is most room.
    """
    width = pictures[0][1].width // 2
    columns = min(_COLUMNS, len(pictures))
    ends = [_GAP] * columns
    placed = []
    for name, picture in pictures:
        column = ends.index(min(ends))
        height = round(picture.height * width / picture.width)
        placed.append((name, picture, _GAP + column * (width + _GAP), ends[column], height))
        ends[column] += _LABEL + height + _GAP
    size = _GAP + columns * (width + _GAP), max(ends)
    whole = Image.new("RGB", size, "#d8dde3")
    pen = ImageDraw.Draw(whole)
    for name, picture, x, y, height in placed:
        pen.text((x, y + 4), name, fill="#1c2530")
        reduced = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        whole.paste(reduced, (x, y + _LABEL))
    return whole


def main(build: Path = Path("build")) -> int:
    """Write the sheets of all languages.

    Args:
        build: The folder of what is built.

    Returns:
        The exit status: 0, or 1 after a message if nothing has been built.
    """
    for language in LANGUAGES:
        folder = build / language / "exports"
        paths = sorted(set(folder.glob("*.png")) - set(folder.glob("*.dark.png")))
        if not paths:
            sys.stderr.write(f"no pictures in {folder}: build them first\n")
            return 1
        content = BytesIO()
        sheet([(path.stem, Image.open(path)) for path in paths]).save(content, "PNG")
        path = build / language / "figures.png"
        files.write(path, content.getvalue())
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
