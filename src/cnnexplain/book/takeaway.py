"""What stands under a figure: its files, what embeds it, what makes it, its link to the playground.

Pages lie at different depths, so addresses are written with a scheme of our own until MkDocs knows
where its page lies: `cx:` from the page, `cx-main:` from the page to what all languages share, and
`cx-site:` from anywhere.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from cnnexplain.book import links
from cnnexplain.figures.svg import WIDTH
from cnnexplain.languages import language, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnexplain.figures import Figure

_HERE, _SHARED, _ANYWHERE = "cx:", "cx-main:", "cx-site:"
# The room of the controls, and of the sentence under them on a narrow screen.
_CONTROLS, _EDGE = 140, 16


def formats(figure: Figure) -> tuple[str, ...]:
    """Return the formats in which a page offers a figure.

    Args:
        figure: The figure; one that stands still has no film.
    """
    return ("svg", "gif", "png") if figure.steps > 1 else ("svg", "png")


def under(figure: Figure, name: str, python: str) -> str:
    """Return what stands under a figure, as HTML.

    Args:
        figure: The figure.
        name: The name of its files.
        python: The line of Python that makes it.
    """
    with language(figure.language):
        label, embed, line = (text(f"figure.take.{each}") for each in ("save", "embed", "python"))
        state = links.window(python)
        opened = f"<span>{links.link(state)}</span>" if state else ""
    saved = " ".join(
        f'<a href="{_HERE}figures/{name}.{each}" download>{each.upper()}</a>'
        for each in formats(figure)
    )
    # The search is for the words of the page, not for what is the same under every figure.
    return (
        f'<div class="cx-take" data-search-exclude role="group" lang="{figure.language}" '
        f'aria-label="{escape(figure.title)}">'
        f"<span>{label} {saved}</span>"
        f"{_folded(embed, embedding(figure, name))}{_folded(line, python)}{opened}</div>"
    )


def embedding(figure: Figure, name: str) -> str:
    """Return the line of HTML that shows a figure on somebody's own page.

    Args:
        figure: The figure.
        name: The name of its files.
    """
    height = figure.height + _EDGE + (_CONTROLS if figure.steps > 1 else 0)
    return (
        f'<iframe src="{_ANYWHERE}figures/{name}.html" title="{escape(figure.title)}" '
        f'width="{WIDTH + _EDGE}" height="{height}" loading="lazy" style="border:0"></iframe>'
    )


def gallery(figures: Mapping[str, Figure], python: Mapping[str, str]) -> str:
    """Return figures as pictures, each leading to a page where it moves, as HTML.

    Args:
        figures: The figures by the name of their files.
        python: The lines of Python that make them, by the same names.
    """
    shown = [_shown(figure, name, python[name]) for name, figure in figures.items()]
    return "\n".join(['<div class="cx-gallery" data-search-exclude>', *shown, "</div>"])


def _shown(figure: Figure, name: str, python: str) -> str:
    # Material shows one of them, and browsers do not load what is not shown.
    images = "".join(
        f'<img src="{_HERE}figures/{name}{theme}.png#only-{scheme}" alt="" loading="lazy" '
        f'width="{WIDTH}" height="{figure.height}">'
        for theme, scheme in (("", "light"), (".dark", "dark"))
    )
    link = f'<a href="{_HERE}figures/{name}.html">{images}<span>{escape(figure.title)}</span></a>'
    return f'<figure id="{name}">{link}{under(figure, name, python)}</figure>'


def resolved(html: str, root: str, main: str, site: str) -> str:
    """Write the addresses out.

    Args:
        html: A page's HTML.
        root: How its language's first page is reached from it, such as `../`.
        main: How the first page of all languages is reached from it.
        site: The address of its language's first page.

    Example:
        >>> resolved('<a href="cx:figures/a.svg">', "../", "../../", "https://example.org/ja/")
        '<a href="../figures/a.svg">'
    """
    html = html.replace(f'="{_HERE}', f'="{root}').replace(f'="{_SHARED}', f'="{main}')
    return html.replace(_ANYWHERE, site)


def _folded(summary: str, code: str) -> str:
    return (
        f"<details><summary>{summary}</summary>"
        f"<pre><code>{escape(code, quote=False)}</code></pre></details>"
    )
