"""What is wrong with a page, found in a browser: a list of sentences, empty for a good one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LANGUAGES = {"en": "", "ja": "ja/", "fr": "fr/"}
_SOURCES = ROOT / "docs" / "en"
_NAMES = [path.relative_to(_SOURCES).with_suffix("") for path in sorted(_SOURCES.rglob("*.md"))]
PAGES = ["" if name.name == "index" else f"{name.as_posix()}/" for name in _NAMES]
"""Every page, as the end of its address: all languages have the same."""

WIDTHS = 320, 390, 768, 1024, 1440, 1280
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def watch(page: Any, address: str) -> list[str]:
    """Return a list that grows with each complaint of a page, and each request to elsewhere."""
    found: list[str] = []

    def heard(message: Any) -> None:
        if message.type in ("error", "warning"):
            found.append(f"console: {message.text} {message.location['url']}")

    def asked(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            found.append(f"elsewhere: {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on("request", asked)
    return found


def choose(page: Any, scheme: str) -> None:
    """Press the theme's own switch: a page that is open does not follow the system's colours."""
    page.evaluate(
        "scheme => document.querySelector(`.md-option[data-md-color-scheme=${scheme}]`).click()",
        scheme,
    )
    page.wait_for_function(
        "scheme => document.body.dataset.mdColorScheme === scheme"
        " && document.getAnimations().every(each => !(each instanceof CSSTransition))",
        arg=scheme,
    )


def findings(page: Any, rules: Iterable[str] = ()) -> list[str]:
    """Return what axe finds on a page as it is now.

    Args:
        page: The page.
        rules: The rules that are asked; all of WCAG 2.2 AA, and good practice, unless given.
    """
    if not page.evaluate("'axe' in window"):
        assert AXE.is_file(), "no axe-core: run npm ci"
        page.evaluate(AXE.read_text("utf-8"))
    asked = (
        {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": STANDARDS}
    )
    found = page.evaluate(
        """asked => axe.run({runOnly: asked, resultTypes: ["violations"], preload: false}).then(
        ({violations}) => violations.flatMap(({id, nodes}) => nodes.map(
            ({html}) => `${id}: ${html.slice(0, 200)}`)))""",
        asked,
    )
    assert isinstance(found, list)
    return found


def too_wide(page: Any, widths: Iterable[int] = WIDTHS) -> list[str]:
    """Return at which widths of the screen a page scrolls sideways; it is left at the last one."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"sideways: {wide} pixels on a screen of {width}")
    return found


def torn(page: Any) -> list[str]:
    """Return the parts of drawings that stand outside of any: something ended theirs too early."""
    found = page.evaluate(
        """[...document.querySelectorAll(":is(g, path, rect, circle, line, text, tspan)")]
        .filter(each => !each.ownerSVGElement)
        .map(each => `torn: ${each.outerHTML.slice(0, 200)}`)"""
    )
    assert isinstance(found, list)
    return found


def cut_formulas(page: Any) -> list[str]:
    """Return the formulas that scroll sideways, of which a reader sees a part."""
    found = page.evaluate(
        """[...document.querySelectorAll(".formula")]
        .filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"""
    )
    assert isinstance(found, list)
    return found


def look(page: Any, url: str, heard: list[str]) -> list[str]:
    """Open a page, and look at it in light and dark and on all screens.

    Args:
        page: A page of a browser, which `watch` listens to.
        url: The address.
        heard: What `watch` returned.

    Returns:
        What is wrong with it.
    """
    heard.clear()
    # The colours that were chosen last.
    page.evaluate("location.origin === 'null' || localStorage.clear()")
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(url)
    # Where room is least; and in the other colours, where all of the theme is seen.
    found = findings(page)
    found += torn(page)
    found += too_wide(page)
    choose(page, "slate")
    found += [f"dark {each}" for each in findings(page, ["color-contrast"])]
    return [*found, *heard]


# The theme's own parts are not on paper, nor is what leads to elsewhere.
_PRINTED = """() => {
const told = (kind, elements) => elements.map(each => `${kind}: ${each.outerHTML.slice(0, 200)}`);
const all = selector => [...document.querySelectorAll(selector)];
const elsewhere = ".cx-take, .cx-open, .cx-play-bar, .cx-filter, .cx-status, [hidden]";
return [
    ...told("hidden", all("article :is(h1, h2, h3, p, li, pre, table, .formula)").filter(
        each => !each.closest(elsewhere) && !each.checkVisibility())),
    ...told("control", all("button, input, select, textarea, .download").filter(
        each => !each.closest(".cx-play-form") && each.checkVisibility())),
    // Dark colours' own: by its parts of red, green and blue, which hang together here.
    ...told("faint", all("article :is(h1, h2, h3, p, li, th, td, code)").filter(
        each => Math.min(...getComputedStyle(each).color.match(/[\\d.]+/g).slice(0, 3)) > 140)),
    // A box that scrolls on a screen.
    ...told("cut", all("article *").filter(each => each.clientWidth
        && each.scrollWidth > each.clientWidth + 2
        && getComputedStyle(each).overflowX !== "visible"
        && getComputedStyle(each).clipPath === "none"))]; }"""


def printed(page: Any) -> list[str]:
    """Return what is wrong with a page on paper: what is hidden, cut, faint, or of no use there.

    Args:
        page: The page, in colours of either kind.
    """
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 between margins of a centimetre
    page.emulate_media(media="print")
    found = page.evaluate(_PRINTED)
    page.emulate_media(media="screen")
    assert isinstance(found, list)
    return found
