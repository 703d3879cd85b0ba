"""The files of the figures: SVG, a page to embed, and pixels, which are kept until they change."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache as once
from importlib import metadata
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

from cnnexplain import film, raster
from cnnexplain.book import cache, files
from cnnexplain.errors import BookError
from cnnexplain.figures import svg
from cnnexplain.figures.styles import GROUND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnnexplain.figures import Figure

# How wide they are in pixels: a picture has fine lines on any screen; a film has many frames to
# draw, and whoever wants it larger makes it with the line under the figure.
_WIDTHS = {".png": 720, ".gif": 480}
# What pixels depend on beside the drawing, and what the drawing's moments depend on.
_SOURCES = (Path(film.__file__), Path(raster.__file__), Path(__file__))
_DRAWING = Path(svg.__file__).parent
_INDEX = "drawings.json"
_LIBRARIES = ("resvg-py", "pillow", "matplotlib", "matplotlib-fontja")


@dataclass(frozen=True)
class Picture:
    """Pixels to be drawn.

    Attributes:
        tail: What its file's name ends with: `".png"`, `".dark.png"` or `".gif"`.
        frames: Its moments as SVG.
        seconds: The time of each.
    """

    tail: str
    frames: Sequence[str]
    seconds: float

    @property
    def suffix(self) -> str:
        """`".png"` or `".gif"`."""
        return Path(self.tail).suffix or self.tail

    @property
    def key(self) -> str:
        """The name under which it is kept."""
        return _hash(_known(), self.suffix, str(self.seconds), *self.frames)

    def drawn(self) -> bytes:
        """Draw it."""
        frames = list(raster.pngs(self.frames, _WIDTHS[self.suffix]))
        return frames[0] if self.suffix == ".png" else film.gif(frames, self.seconds)


def pictures(figure: Figure) -> list[Picture]:
    """Return the pictures of a figure: the still one, light and dark, and the film if it moves.

    Args:
        figure: The figure.
    """
    found = [
        Picture(".png", [figure.plain()], 0.0),
        Picture(".dark.png", [figure.plain("dark")], 0.0),
    ]
    if figure.steps > 1:
        frames = [figure.plain(step=step) for step in range(figure.steps)]
        found.append(Picture(".gif", frames, figure.sweep.seconds))
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

    Raises:
        BookError: If a picture cannot be drawn or kept.
    """
    wanted: dict[str, str] = {}
    stale: dict[str, Picture] = {}
    remembered, index = _remembered(kept), {}
    for language, figures in drawn.items():
        folder = build / language / "exports"
        files.sync(folder, ".svg", {name: each.file() for name, each in figures.items()})
        files.sync(folder, ".html", {name: page(each, name) for name, each in figures.items()})
        for name, figure in figures.items():
            drawing = _hash(_known(), _drawn_by(), figure.file().decode())
            keys = remembered.get(drawing)
            # The moments of a film are drawn for its key too, unless they are known.
            if keys is None or not all(_is_kept(kept / key) for key in keys.values()):
                made = pictures(figure)
                keys = {each.tail: each.key for each in made}
                stale |= {each.key: each for each in made if not _is_kept(kept / each.key)}
            index[drawing] = keys
            wanted |= {f"{language}/exports/{name}{tail}": key for tail, key in keys.items()}
    start = monotonic()
    for _ in watch(_drawn(kept, list(stale.values())), len(stale)):
        pass
    cache.remember(kept / _INDEX, json.dumps(index, indent=1).encode())
    for name, key in wanted.items():
        files.write(build / name, _picture(kept / key))
    for path in build.glob("*/exports/*"):
        if path.suffix in _WIDTHS and path.relative_to(build).as_posix() not in wanted:
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
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _begin) as pool:
        try:
            for each, data in zip(stale, pool.map(Picture.drawn, stale), strict=True):
                cache.remember(kept / each.key, data)
                yield each
        except BrokenProcessPool as error:
            raise BookError(
                "processes that draw the figures to the end",
                "one of them was killed",
                "look for more memory, and build again: what has been drawn is kept",
            ) from error
        finally:
            # Whoever interrupts does not wait for hundreds of films.
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Let Ctrl-C end this process without a word, and whatever ends the one that asks too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end, daemon=True).start()


def _end() -> None:
    asking = parent_process()
    assert asking is not None
    asking.join()
    # Waiting for the next picture, it would never learn that nobody asks any more.
    os._exit(1)


def _is_kept(path: Path) -> bool:
    return cache.recall(path) is not None


def _picture(path: Path) -> bytes:
    kept = cache.recall(path)
    if kept is None:
        raise BookError(f"{path}, which has been drawn", "no such picture", "build again")
    return kept


def _remembered(kept: Path) -> Mapping[str, Mapping[str, str]]:
    """Return under which names the pictures of each drawing are kept, as far as it is known."""
    found: Mapping[str, Mapping[str, str]] = json.loads(cache.recall(kept / _INDEX) or b"{}")
    return found


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]


@once
def _known() -> str:
    versions = [f"{name} {metadata.version(name)}" for name in _LIBRARIES]
    return _hash(*(path.read_text(encoding="utf-8") for path in _SOURCES), *versions)


@once
def _drawn_by() -> str:
    sources = sorted(_DRAWING.glob("*.py"))
    return _hash(*(path.read_text(encoding="utf-8") for path in sources))
