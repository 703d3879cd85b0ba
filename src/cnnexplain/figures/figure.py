"""A figure as a value: an SVG that stands alone, HTML with controls, a PNG, and their files."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from cnnexplain import files
from cnnexplain.errors import ArgumentError, shown
from cnnexplain.figures import motion, svg
from cnnexplain.figures.stage import Moment, Motion
from cnnexplain.figures.svg import SHARED, THEMES, WIDTH, Theme, element
from cnnexplain.languages import current, number, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnnexplain.figures.motion import Sweep
    from cnnexplain.figures.stage import Stage

_FORMATS = ".svg, .html or .png"
_FONT = (
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Hiragino Sans','Yu Gothic UI',"
    "'Noto Sans JP','Noto Sans CJK JP',sans-serif"
)
# Where a figure stands alone, no page gives it a ground and a font.
_GROUND = f"background:var(--cx-paper);color-scheme:light dark;{_FONT}"
# How pages and notebooks say that they are light or dark, whatever the reader's system is.
_LIGHT_PAGES = ("[data-md-color-scheme=default]", "[data-jp-theme-light=true]", ".vscode-light")
_DARK_PAGES = ("[data-md-color-scheme=slate]", "[data-jp-theme-light=false]", ".vscode-dark")


@dataclass(frozen=True)
class Script:
    """What the controls say about a figure, in its language.

    Attributes:
        still: The step of the still picture, from 0.
        seconds: The time at one step.
        status: What a step does, with placeholders.
        rows: For each row of stops, its output's number and what it reads.
        columns: The same for each column of stops.
        labels: The names of the controls.
    """

    still: int
    seconds: float
    status: str
    rows: Sequence[tuple[str, str]]
    columns: Sequence[tuple[str, str]]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure in one language: it moves, or it stands still.

    Attributes:
        title: What it shows, in one line.
        description: What it shows, in words for readers who do not see it.
        language: The language of its words.
        height: Its height; every figure has the same width.
        body: Its drawing.
        variables: Its CSS variables.
        steps: The number of steps of its motion; 1 if it stands still.
        script: What its controls say, or None if it stands still.
        draw: Draws the moment of a step.
    """

    title: str
    description: str
    language: str
    height: int
    body: str = field(repr=False)
    variables: str = field(repr=False)
    steps: int
    script: Script | None = field(repr=False)
    draw: Callable[[int], str] = field(repr=False, compare=False)

    @property
    def svg(self) -> str:
        """The figure as an SVG that stands alone: it moves by itself, without a script."""
        return self._svg(self.body, _alone() if self.script else _still())

    @property
    def html(self) -> str:
        """The figure as HTML with its style, and, if it moves, its controls and their script."""
        style = element("style", f"\n{_page_style()}\n")
        html = f"{self._wrapped()}\n{style}\n"
        return f"{html}<script>\n{site_script()}</script>\n" if self.script else html

    def inline(self, id: str) -> str:  # noqa: A002  # it is the id of HTML
        """Return the figure for a page that has `site_style()` and `site_script()`.

        Args:
            id: The figure's id on the page; the ids of its parts begin with it.

        Raises:
            ArgumentError: If that cannot be an id.
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
        """
        if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < self.steps:
            raise ArgumentError(
                f"a step from 0 to {self.steps - 1}", f"step={shown(step)}", "write for example 0"
            )
        return self._svg(self.draw(step), _still())

    def png(self, width: int = 960, theme: Theme = "light") -> bytes:
        """Return the still picture as a PNG.

        Args:
            width: Its width in pixels.
            theme: Its colours, `"light"` or `"dark"`.

        Raises:
            ArgumentError: If an argument is not allowed.
            CnnExplainError: If a package that it needs is missing.
        """
        # Figures are needed without the packages that make pixels of them.
        from cnnexplain import raster  # noqa: PLC0415

        if theme not in THEMES:
            raise ArgumentError(
                f"theme as one of {', '.join(THEMES)}",
                f"theme={shown(theme)}",
                'write for example theme="dark"',
            )
        paper = element("rect", class_="cx-paper", width=WIDTH, height=self.height)
        style = f".cx-svg{{{_FONT}}}\n{svg.resolved(svg.style(), theme)}"
        return raster.png(self._svg(paper + self.body, style), width)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure to a file: all of it or, if something fails, nothing.

        Args:
            path: Where to write it; it ends with `.svg`, `.html` or `.png`. A PNG is the still
                picture; `png()` gives it other sizes and colours.

        Raises:
            ArgumentError: If there is no such format, or the file cannot be written.
            CnnExplainError: If a package that it needs is missing.
        """
        try:
            # Through a link, the file that it names.
            target = Path(os.path.realpath(os.fspath(path)))
            os.fsencode(target)
        except (TypeError, ValueError):
            raise ArgumentError(
                "a path", f"path={shown(path)}", 'write for example figure.save("stride.svg")'
            ) from None
        suffix = target.suffix.lower()
        if suffix == ".svg":
            content = f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg}\n'.encode()
        elif suffix == ".html":
            content = self._page().encode()
        elif suffix == ".png":
            content = self.png()
        else:
            raise ArgumentError(
                f"a file name that ends with {_FORMATS}",
                f"path={shown(os.fspath(path))}",
                'write for example figure.save("stride.svg")',
            )
        try:
            files.write(target, content)
        except OSError as error:
            raise ArgumentError(
                "a path that can be written",
                f"path={shown(str(target))} ({error.strerror})",
                "create the folder, or choose another",
            ) from error

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
        return element(
            "svg",
            f"\n{head}\n{_lines(body)}\n",
            xmlns="http://www.w3.org/2000/svg",
            class_="cx-svg",
            viewBox=f"0 0 {WIDTH} {self.height}",
            width=WIDTH,
            height=self.height,
            style=self.variables or None,
            role="img",
            lang=self.language,
            aria_labelledby=ids["title"],
            aria_describedby=ids["desc"],
        )

    def _wrapped(self, id: str | None = None) -> str:  # noqa: A002
        identity = f' id="{id}"' if id else ""
        opening = f'<div class="cx-figure"{identity} lang="{self.language}"{self._words()}>'
        return f"{opening}\n{self._svg(self.body, id=id)}\n</div>"

    def _words(self) -> str:
        """Return what the controls say as an attribute, which only figures with controls have."""
        if not self.script:
            return ""
        words = json.dumps(asdict(self.script), ensure_ascii=False, separators=(",", ":"))
        # In single quotes, JSON needs no escapes for its own.
        words = words.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")
        return f" data-cx='{words}'"

    def _page(self) -> str:
        return (
            f'<!DOCTYPE html>\n<html lang="{self.language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n"
            f"<style>{svg.palette_css('body', follow_system=True)}\n"
            f"body{{margin:16px;{_GROUND}}}</style>\n"
            f"</head>\n<body>\n{self.html}</body>\n</html>\n"
        )


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
        variables=sweep.variables(still),
        steps=sweep.steps,
        script=script,
        draw=partial(_moment, draw, sweep),
    )


def told(sentences: Sequence[str], sweep: Sweep, still: int) -> Script:
    """Return what the controls say of steps that each have a sentence.

    Args:
        sentences: What each step shows, in the current language.
        sweep: The stops, all in one row.
        still: The step of the still picture, from 0.
    """
    return Script(
        still=still,
        seconds=sweep.seconds,
        status=text("figure.told", step="{step}", steps=number(sweep.steps), told="{columns}"),
        rows=[("", "")],
        columns=[("", sentence) for sentence in sentences],
        labels=controls(),
    )


def controls() -> dict[str, str]:
    """Return the names of the controls in the current language."""
    names = ("controls", "play", "pause", "back", "forward", "step", "speed")
    return {name: text(f"figure.control.{name}") for name in names}


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
        variables="",
        steps=1,
        script=None,
        draw=partial(_same, body),
    )


def site_script() -> str:
    """Return the script of the controls, which a site serves once for all its figures."""
    return _asset("controls.js")


def site_style() -> str:
    """Return the style of the figures, which a site serves once; its root gets the palette."""
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
def _page_style() -> str:
    light = ",".join(f"{page} .cx-figure" for page in _LIGHT_PAGES)
    dark = ",".join(f"{page} .cx-figure" for page in _DARK_PAGES)
    # The page's own word comes later, and so prevails over the system's.
    palettes = svg.palette_css(".cx-figure", follow_system=True), svg.palette_css(light, dark)
    return "\n".join((*palettes, *_shared()))


@cache
def _still() -> str:
    palette = svg.palette_css(".cx-svg", follow_system=True)
    return f".cx-svg{{{_GROUND}}}\n{palette}\n{svg.style()}"


@cache
def _alone() -> str:
    media = "screen and (prefers-reduced-motion:no-preference)"
    return "\n".join((_still(), motion.style(".cx-svg", media)))


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
