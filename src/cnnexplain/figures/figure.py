"""A figure as a value: an SVG that stands alone, HTML with controls, pixels, and their files."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain import files
from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures import styles, svg
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.stage import Moment, Motion
from cnnexplain.figures.svg import SHARED, THEMES, WIDTH, Theme, element
from cnnexplain.languages import current, language, number, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnnexplain.figures.stage import Stage

FORMATS = (".svg", ".html", ".png", ".gif", ".mp4")
"""How the names of a figure's files may end."""

_PNG, _GIF, _MP4 = 960, 720, 960  # how wide they are, in pixels
# What is called while a film is made: with how many frames are done, and how many there are.
Progress: TypeAlias = "Callable[[int, int], object]"
_SPEEDS = 0.1, 10.0


@dataclass(frozen=True)
class Script:
    """What the controls say about a figure's steps, in its language.

    Attributes:
        status: What a step does, with placeholders.
        rows: For each row of stops, its output's number and what it reads.
        columns: The same for each column of stops.
    """

    status: str
    rows: Sequence[tuple[str, str]]
    columns: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Figure:
    """A figure in one language: it moves, or it stands still.

    Attributes:
        title: What it shows, in one line.
        description: What it shows, in words for readers who do not see it.
        language: The language of its words.
        height: Its height; every figure has the same width.
        body: Its drawing.
        sweep: The stops of its motion; one if it stands still.
        still: The step of the still picture, from 0.
        script: What its controls say, or None if it stands still.
        draw: Draws the moment of a step.
    """

    title: str
    description: str
    language: str
    height: int
    body: str = field(repr=False)
    sweep: Sweep = field(repr=False)
    still: int = field(repr=False)
    script: Script | None = field(repr=False)
    draw: Callable[[int], str] = field(repr=False, compare=False)

    @property
    def controls(self) -> dict[str, str]:
        """The names of its controls, in its language."""
        names = ("controls", "play", "pause", "back", "forward", "step", "speed")
        with language(self.language):
            return {name: text(f"figure.control.{name}") for name in names}

    @property
    def steps(self) -> int:
        """The number of steps of its motion; 1 if it stands still."""
        return self.sweep.steps

    @property
    def svg(self) -> str:
        """The figure as an SVG that stands alone: it moves by itself, without a script."""
        return self._svg(self.body, styles.moving() if self.script else styles.still())

    @property
    def html(self) -> str:
        """The figure as HTML with its style, and, if it moves, its controls and their script."""
        style = element("style", f"\n{styles.page()}\n")
        html = f"{self._wrapped()}\n{style}\n"
        return f"{html}<script>\n{styles.site_script()}</script>\n" if self.script else html

    def file(self, width: int = WIDTH) -> bytes:
        """Return the SVG that stands alone as a file of its own.

        Args:
            width: Its width in pixels.

        Raises:
            ArgumentError: If that is no positive integer.

        Example:
            >>> from cnnexplain import figures
            >>> figures.stride(5, 3).file(width=480)[:5]
            b'<?xml'
        """
        size = whole("width", width, 1)
        sized = f'width="{size}" height="{round(self.height * size / WIDTH)}"'
        drawn = self.svg.replace(f'width="{WIDTH}" height="{self.height}"', sized, 1)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawn}\n'.encode()

    def page(self, width: int | None = None) -> str:
        """Return a page of HTML with nothing but the figure.

        Args:
            width: The figure's width in pixels; that of the window, up to its own, unless given.

        Raises:
            ArgumentError: If that is no positive integer.

        Example:
            >>> from cnnexplain import figures
            >>> figures.stride(5, 3).page().splitlines()[:2]
            ['<!DOCTYPE html>', '<html lang="en">']
        """
        wide = "" if width is None else f".cx-figure>svg{{width:{whole('width', width, 1)}px}}"
        return (
            f'<!DOCTYPE html>\n<html lang="{self.language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(svg.clean(self.title))}</title>\n"
            f"<style>{svg.palette_css('body', follow_system=True)}\n"
            f"body{{margin:16px;{styles.GROUND}}}{wide}</style>\n"
            f"</head>\n<body>\n{self.html}</body>\n</html>\n"
        )

    def inline(self, id: str) -> str:  # noqa: A002  # it is the id of HTML
        """Return the figure for a page that has `site_style()` and `site_script()`.

        Args:
            id: The figure's id on the page; the ids of its parts begin with it.

        Raises:
            ArgumentError: If that cannot be an id.

        Example:
            >>> from cnnexplain import figures
            >>> "stride-title" in figures.stride(5, 3).inline("stride")
            True
        """
        if not isinstance(id, str) or not id or not all(c.isalnum() or c in "-_" for c in id):
            raise ArgumentError(
                "an id of letters, digits, - and _",
                f"id={shown(id)}",
                'write for example figure.inline("stride-2")',
            )
        return self._wrapped(id)

    def frame(self, step: int) -> str:
        """Return the moment of a step as an SVG without motion.

        Args:
            step: The step, from 0.

        Raises:
            ArgumentError: If there is no such step.

        Example:
            >>> from cnnexplain import figures
            >>> figure = figures.stride(5, 3)
            >>> figure.frame(0) == figure.frame(figure.steps - 1)
            False
        """
        return self._svg(self._moment(step), styles.still())

    def faster(self, speed: float) -> Figure:
        """Return the figure at another speed.

        Args:
            speed: How many times faster it moves; slower below 1.

        Raises:
            ArgumentError: If that is no such number.

        Example:
            >>> from cnnexplain import figures
            >>> figure = figures.stride(5, 3)
            >>> figure.faster(2).sweep.pace == figure.sweep.pace / 2
            True
        """
        slowest, fastest = _SPEEDS
        number = isinstance(speed, int | float) and not isinstance(speed, bool)
        if not number or not slowest <= speed <= fastest:
            raise ArgumentError(
                f"speed from {slowest} to {fastest}, where 1 is that of a page",
                f"speed={shown(speed)}",
                "write for example speed=2",
            )
        return replace(self, sweep=replace(self.sweep, pace=self.sweep.pace / speed))

    def plain(self, theme: Theme = "light", step: int | None = None) -> str:
        """Return a picture as an SVG for programs that know neither CSS variables nor keyframes.

        Args:
            theme: Its colours, `"light"` or `"dark"`.
            step: The moment that it shows; the still picture unless given.

        Raises:
            ArgumentError: If an argument is not allowed.

        Example:
            >>> from cnnexplain import figures
            >>> "var(--" in figures.stride(5, 3).plain("dark")
            False
        """
        _check_theme(theme)
        paper = element("rect", class_="cx-paper", width=WIDTH, height=self.height)
        style = f".cx-svg{{{styles.FONT}}}\n{svg.resolved(svg.style(), theme)}"
        return self._svg(paper + (self.body if step is None else self._moment(step)), style)

    def png(self, width: int = _PNG, theme: Theme = "light", step: int | None = None) -> bytes:
        """Return a picture as a PNG.

        Args:
            width: Its width in pixels.
            theme: Its colours, `"light"` or `"dark"`.
            step: The moment that it shows; the still picture unless given.

        Raises:
            ArgumentError: If an argument is not allowed.
            CnnExplainError: If a package that it needs is missing.

        Example:
            >>> from cnnexplain import figures
            >>> figures.stride(5, 3).png(width=120)[1:4]
            b'PNG'
        """
        # Figures are needed without the packages that make pixels of them.
        from cnnexplain import raster  # noqa: PLC0415

        return raster.png(self.plain(theme, step), width)

    def gif(
        self, width: int = _GIF, theme: Theme = "light", progress: Progress | None = None
    ) -> bytes:
        """Return the figure as a GIF that moves for ever.

        Args:
            width: Its width in pixels.
            theme: Its colours, `"light"` or `"dark"`.
            progress: Called after each frame with how many are done, and how many there are.

        Raises:
            ArgumentError: If an argument is not allowed.
            CnnExplainError: If a package that it needs is missing.

        Example:
            >>> from cnnexplain import figures
            >>> figures.stride(2, 2).gif(width=120)[:6]
            b'GIF89a'
        """
        from cnnexplain import film  # noqa: PLC0415

        return film.gif(self._frames(width, theme, progress), self.sweep.seconds)

    def mp4(
        self, width: int = _MP4, theme: Theme = "light", progress: Progress | None = None
    ) -> bytes:
        """Return the figure as an MP4 video of one round.

        Args:
            width: Its width in pixels.
            theme: Its colours, `"light"` or `"dark"`.
            progress: Called after each frame with how many are done, and how many there are.

        Raises:
            ArgumentError: If an argument is not allowed.
            CnnExplainError: If a package that it needs is missing.

        Example:
            >>> from cnnexplain import figures
            >>> figures.stride(2, 2).mp4(width=120)[4:8]
            b'ftyp'
        """
        from cnnexplain import film  # noqa: PLC0415

        return film.mp4(self._frames(width, theme, progress), self.sweep.seconds)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        width: int | None = None,
        theme: Theme = "light",
        speed: float = 1.0,
        progress: Progress | None = None,
    ) -> None:
        """Write the figure to a file: all of it or, if something fails, nothing.

        Args:
            path: Where to write it; it ends with `.svg`, `.html`, `.png`, `.gif` or `.mp4`. A PNG
                is the still picture.
            width: The width in pixels; that of `png()`, `gif()` and `mp4()` unless given.
            theme: The colours of pixels, `"light"` or `"dark"`; SVG and HTML have both.
            speed: How many times faster than on a page it moves.
            progress: Called after each frame with how many are done, and how many there are.

        Raises:
            ArgumentError: If an argument is not allowed, or the file cannot be written.
            CnnExplainError: If a package that it needs is missing.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> from cnnexplain import figures
            >>> with TemporaryDirectory() as folder:
            ...     figures.stride(5, 3).save(Path(folder, "stride.svg"))
            ...     [file.name for file in Path(folder).iterdir()]
            ['stride.svg']
        """
        try:
            # Through a link, the file that it names.
            target = Path(os.path.realpath(os.fspath(path)))
            os.fsencode(target)
        except (TypeError, ValueError):
            raise ArgumentError(
                "a path", f"path={shown(path)}", 'write for example figure.save("stride.svg")'
            ) from None
        makers: dict[str, Callable[[Figure], bytes]] = {
            ".svg": lambda figure: figure.file(WIDTH if width is None else width),
            ".html": lambda figure: figure.page(width).encode(),
            ".png": lambda figure: figure.png(_PNG if width is None else width, theme),
            ".gif": lambda figure: figure.gif(_GIF if width is None else width, theme, progress),
            ".mp4": lambda figure: figure.mp4(_MP4 if width is None else width, theme, progress),
        }
        make = makers.get(target.suffix.lower())
        if make is None:
            raise ArgumentError(
                f"a file name that ends with {', '.join(FORMATS)}",
                f"path={shown(os.fspath(path))}",
                'write for example figure.save("stride.svg")',
            )
        _check_theme(theme)
        content = make(self.faster(speed))
        try:
            files.write(target, content)
        except OSError as error:
            raise ArgumentError(
                "a path that can be written",
                f"path={shown(str(target))} ({error.strerror or error})",
                "create the folder, make room in it, or choose another",
            ) from error

    def _frames(self, width: int, theme: Theme, progress: Progress | None) -> Iterator[bytes]:
        """Draw one moment after the other as PNG."""
        from cnnexplain import raster  # noqa: PLC0415

        moments = [self.plain(theme, step) for step in range(self.steps)]
        for done, frame in enumerate(raster.pngs(moments, width), 1):
            yield frame
            if progress:
                progress(done, self.steps)

    def _moment(self, step: int) -> str:
        if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < self.steps:
            raise ArgumentError(
                f"a step from 0 to {self.steps - 1}", f"step={shown(step)}", "write for example 0"
            )
        with language(self.language):
            return self.draw(step)

    def _repr_html_(self) -> str:
        return self.html

    def _svg(self, body: str, style: str = "", id: str | None = None) -> str:  # noqa: A002
        names = {"title": escape(self.title), "desc": escape(self.description)}
        ids = {name: id and f"{id}-{name}" for name in names}
        head = "\n".join(element(name, words, id=ids[name]) for name, words in names.items())
        if style:
            head += "\n" + element("style", f"\n{escape(style, quote=False)}\n")
        if id:
            body = body.replace(SHARED, f"{id}-")
        drawn = element(
            "svg",
            # Some browsers tell of texts inside of an image too, even of those that are not seen.
            f'\n{head}\n<g aria-hidden="true">\n{_lines(body)}\n</g>\n',
            xmlns="http://www.w3.org/2000/svg",
            class_="cx-svg",
            viewBox=f"0 0 {WIDTH} {self.height}",
            width=WIDTH,
            height=self.height,
            style=self.sweep.variables(self.still) if self.script else None,
            role="img",
            lang=self.language,
            aria_labelledby=ids["title"],
            aria_describedby=ids["desc"],
        )
        return svg.clean(drawn)

    def _wrapped(self, id: str | None = None) -> str:  # noqa: A002
        identity = f' id="{id}"' if id else ""
        opening = f'<div class="cx-figure"{identity} lang="{self.language}"{self._words()}>'
        return f"{opening}\n{self._svg(self.body, id=id)}\n</div>"

    def _words(self) -> str:
        """Return what the controls say as an attribute, which only figures with controls have."""
        if not self.script:
            return ""
        values = {
            "still": self.still,
            "seconds": self.sweep.seconds,
            **asdict(self.script),
            "labels": self.controls,
        }
        words = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        words = svg.clean(words)
        # In single quotes, JSON needs no escapes for its own.
        words = words.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")
        return f" data-cx='{words}'"


def moving(
    title: str,
    description: str,
    height: int,
    draw: Callable[[Stage], str],
    sweep: Sweep,
    still: int,
    script: Script,
) -> Figure:
    """Return a figure that moves, in the current language.

    Args:
        title: What it shows, in one line.
        description: What it shows, in words for readers who do not see it.
        height: Its height.
        draw: Draws one moment, or all of them.
        sweep: The stops of its motion.
        still: The step of the still picture, from 0.
        script: What its controls say.
    """
    return Figure(
        title=title,
        description=description,
        language=current(),
        height=height,
        body=draw(Motion(sweep, still)),
        sweep=sweep,
        still=still,
        script=_bound(script),
        draw=partial(_moment, draw, sweep),
    )


# Where a status must not break: between a word and its number, a number and its unit, and inside
# of a network's name, whose hyphen a word joiner follows.
_NUMBERED = re.compile(
    r"(\b(?:rows?|columns?|step|of|stride|output|layer|place|lignes?|colonnes?|étape|sur|pas|pas de"
    r"|sortie|couche|position)|ステップ|ストライド|出力|位置|上から|左から) (?=[\d−{])"
)
_UNIT = re.compile(r"(?<=[\d}]) (?=px|pixels?|行|列|個|ピクセル|%)|(?<=\w) (?=\(\d+\))")
_JOINED = re.compile(r"(?<![\w-])([A-Z][A-Za-z]*-)(?=[A-Z\d])|(?<=[A-Za-z\d])()(?=（\d+）)")


def _bound(script: Script) -> Script:
    """Return what the controls say with numbers that stay beside their words."""

    def bound(text: str) -> str:
        text = _UNIT.sub("\N{NO-BREAK SPACE}", _NUMBERED.sub("\\1\N{NO-BREAK SPACE}", text))
        return _JOINED.sub("\\1\N{WORD JOINER}", text)

    def all_bound(lines: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(number, bound(text)) for number, text in lines]

    return Script(bound(script.status), all_bound(script.rows), all_bound(script.columns))


def told(sentences: Sequence[str], sweep: Sweep, key: str = "figure.told") -> Script:
    """Return what the controls say of steps that each have a sentence.

    Args:
        sentences: What each step shows, in the current language.
        sweep: The stops, all in one row.
        key: The label that says which step it is.
    """
    return Script(
        status=text(key, step="{step}", steps=number(sweep.steps), told="{columns}"),
        rows=[("", "")],
        columns=[("", sentence) for sentence in sentences],
    )


def standing(title: str, description: str, height: int, body: str) -> Figure:
    """Return a figure that stands still, in the current language.

    Args:
        title: What it shows, in one line.
        description: What it shows, in words for readers who do not see it.
        height: Its height.
        body: Its drawing.
    """
    return Figure(
        title=title,
        description=description,
        language=current(),
        height=height,
        body=body,
        sweep=Sweep(1, 1),
        still=0,
        script=None,
        draw=partial(_same, body),
    )


def _check_theme(theme: object) -> None:
    if not isinstance(theme, str) or theme not in THEMES:
        raise ArgumentError(
            f"theme as one of {', '.join(THEMES)}",
            f"theme={shown(theme)}",
            'write for example theme="dark"',
        )


def _moment(draw: Callable[[Stage], str], sweep: Sweep, step: int) -> str:
    return draw(Moment(sweep, step))


def _same(body: str, _: int) -> str:
    """Return the only moment of a figure that stands still."""
    return body


def _lines(body: str) -> str:
    """Break a drawing into lines, so that a difference between two figures can be read."""
    return (
        body.replace("/><", "/>\n<").replace("</text><", "</text>\n<").replace("</g><", "</g>\n<")
    )
