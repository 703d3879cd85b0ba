"""The files of the figures: SVG, a page to embed, and pixels, which are kept until they change."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from cnnexplain import film, raster
from cnnexplain.book import files
from cnnexplain.figures import svg
from cnnexplain.figures.styles import GROUND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnnexplain.figures import Figure

# How wide they are in pixels: a picture has fine lines on any screen; a film has many frames to
# draw, and whoever wants it larger makes it with the line under the figure.
_WIDTHS = {".png": 720, ".gif": 480}
# What pixels depend on beside the drawing.
_SOURCES = (Path(film.__file__), Path(raster.__file__), Path(__file__))
_LIBRARIES = ("resvg-py", "pillow", "matplotlib", "matplotlib-fontja")


@dataclass(frozen=True)
class Picture:
    """Pixels to be drawn.

    Attributes:
        name: The name of its file, with the language's folder, without suffix.
        suffix: `".png"` or `".gif"`.
        frames: Its moments as SVG.
        seconds: The time of each.
    """

    name: str
    suffix: str
    frames: Sequence[str]
    seconds: float

    @property
    def key(self) -> str:
        """The name under which it is kept."""
        text = "\n".join((_known(), self.suffix, str(self.seconds), *self.frames))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def drawn(self) -> bytes:
        """Draw it."""
        frames = [raster.png(frame, _WIDTHS[self.suffix]) for frame in self.frames]
        return frames[0] if self.suffix == ".png" else film.gif(frames, self.seconds)


def pictures(name: str, figure: Figure) -> list[Picture]:
    """Return the pictures of a figure: the still one, light and dark, and the film if it moves.

    Args:
        name: The name of its files.
        figure: The figure.
    """
    found = [
        Picture(name, ".png", [figure.plain()], 0.0),
        Picture(f"{name}.dark", ".png", [figure.plain("dark")], 0.0),
    ]
    if figure.steps > 1:
        frames = [figure.plain(step=step) for step in range(figure.steps)]
        found.append(Picture(name, ".gif", frames, figure.sweep.seconds))
    return found


def write(
    build: Path,
    kept: Path,
    drawn: Mapping[str, Mapping[str, Figure]],
    say: Callable[[str], None],
    watch: Callable[[Iterable[Picture], int], Iterable[Picture]] = lambda done, _: done,
) -> None:
    """Write the files of all figures in all languages.

    Args:
        build: The folder of what is built; each language gets a folder `exports` in it.
        kept: The folder in which pixels are kept.
        drawn: The figures of each language by name.
        say: Called with one line if pixels were drawn.
        watch: Is given the pictures as they are done, and their number, to show progress.
    """
    wanted: list[Picture] = []
    for language, figures in drawn.items():
        folder = build / language / "exports"
        files.sync(folder, ".svg", {name: each.file() for name, each in figures.items()})
        files.sync(folder, ".html", {name: page(each, name) for name, each in figures.items()})
        wanted += [
            each
            for name, figure in figures.items()
            for each in pictures(f"{language}/exports/{name}", figure)
        ]
    start = monotonic()
    stale = {each.key: each for each in wanted if not (kept / each.key).is_file()}
    for _ in watch(_drawn(kept, list(stale.values())), len(stale)):
        pass
    for each in wanted:
        files.write(build / f"{each.name}{each.suffix}", (kept / each.key).read_bytes())
    for suffix in (".png", ".gif"):
        names = {f"{each.name}{suffix}" for each in wanted if each.suffix == suffix}
        for path in build.glob(f"*/exports/*{suffix}"):
            if path.relative_to(build).as_posix() not in names:
                path.unlink()
    if stale:
        say(f"figures: {len(stale)} pictures and films, {monotonic() - start:.1f} s")


def page(figure: Figure, name: str) -> str:
    """Return a page with nothing but a figure, for the frames of other pages.

    Args:
        figure: The figure.
        name: Its id.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="{figure.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"<title>{figure.title.replace('&', '&amp;').replace('<', '&lt;')}</title>\n"
        '<link rel="stylesheet" href="../assets/figures.css">\n'
        f"<style>{svg.palette_css(':root', follow_system=True)}\n"
        f"body{{margin:8px;{GROUND}}}.cx-figure{{margin:0}}</style>\n"
        f'<script src="../assets/figures.js" defer></script>\n'
        f"</head>\n<body>\n<main>\n{figure.inline(name)}\n</main>\n</body>\n</html>\n"
    )


def _drawn(kept: Path, stale: Sequence[Picture]) -> Iterable[Picture]:
    """Draw pictures on all cores, and yield each when it is kept."""
    if not stale:
        return
    # A process that is copied while torch has threads may hang.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for each, data in zip(stale, pool.map(Picture.drawn, stale), strict=True):
            files.write(kept / each.key, data)
            yield each


@cache
def _known() -> str:
    sources = [path.read_text(encoding="utf-8") for path in _SOURCES]
    versions = [f"{name} {metadata.version(name)}" for name in _LIBRARIES]
    return hashlib.sha256("\n".join((*sources, *versions)).encode()).hexdigest()
