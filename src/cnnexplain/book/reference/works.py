"""The bibliography: the works that pages cite, each with the pages that do."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from cnnexplain.book import files, prose
from cnnexplain.book.spans import spans, visible
from cnnexplain.errors import BookError
from cnnexplain.languages import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_SOURCE = "docs/bibliography.toml"
KINDS = ("papers", "documentation", "courses", "code")
_KEYS = {"authors", "title", "year", "where", "kind", "urls"}
_PAGE = re.compile(r"^ +- ([\w/-]+)\.md$", re.MULTILINE)  # of the navigation
_ADDRESS = re.compile(r"https?://[^\s<>()\"']*[^\s<>()\"'.,;:]")
_SOURCES = re.compile(
    r"^## [^\n]*\{#(?:sources|papers)\}\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
_MANY = 4


@dataclass(frozen=True)
class Work:
    """A work that the site cites.

    Attributes:
        authors: Who made it.
        title: Its title, in its own language.
        year: The year in which it came out; None for what is kept up to date.
        where: The journal, the conference or the site.
        kind: One of `KINDS`.
        urls: Its addresses, the most stable one first.
    """

    authors: tuple[str, ...]
    title: str
    year: int | None
    where: str
    kind: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """A page that cites.

    Attributes:
        name: Its file below the language's folder, without its ending.
        address: Its address below the language's first page.
        title: Its first heading.
        cited: The addresses on it.
        sources: Those of them in its list of sources.
    """

    name: str
    address: str
    title: str
    cited: frozenset[str]
    sources: frozenset[str]


def snippets(root: Path, language: str) -> dict[str, str]:
    """Return the works of each kind that a language's pages cite, as HTML.

    Args:
        root: The folder that holds `docs/`.
        language: The language.

    Raises:
        BookError: If an entry is incomplete.
    """
    found = works(files.read(root / _SOURCE, _SOURCE))
    order = _PAGE.findall(files.read(root / "mkdocs.yml", "mkdocs.yml"))
    named = {page.name: page for page in pages(root / "docs" / language, language)}
    citing = [named[name] for name in order if name in named]
    lists = {}
    for kind in KINDS:
        items = [
            _item(work, where)
            for work in sorted(found, key=_order)
            if work.kind == kind and (where := [p for p in citing if p.cited & set(work.urls)])
        ]
        lists[f"works-{kind}"] = "\n".join(['<ul class="cx-works">', *items, "</ul>\n"])
    return lists


def works(toml: str) -> list[Work]:
    r"""Read the bibliography.

    Args:
        toml: A `[[work]]` each with `authors`, `title`, `where`, `kind`, `urls`, mostly `year`.

    Raises:
        BookError: If an entry is incomplete.

    Example:
        >>> entry = 'authors = ["A"]\ntitle = "T"\nwhere = "W"\nkind = "code"\nurls = ["u"]'
        >>> works(f"[[work]]\n{entry}")
        [Work(authors=('A',), title='T', year=None, where='W', kind='code', urls=('u',))]
    """
    return [_work(entry) for entry in tomllib.loads(toml)["work"]]


def pages(folder: Path, language: str) -> Iterator[Page]:
    """Return what each page of a language cites, itself or in the words that stand beside it.

    Args:
        folder: The language's folder.
        language: The language.
    """
    for path in sorted(folder.rglob("*.md")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        content = files.read(path, f"docs/{language}/{name}.md")
        heading = re.search(r"^# (.*?)(?: \{#.*)?$", content, re.MULTILINE)
        if heading is None:
            continue
        title = visible(spans(prose.prepare(heading[1], language, {}, name)))
        listed = "".join(_SOURCES.findall(content))
        words = path.with_suffix(".toml")
        beside = files.read(words, f"docs/{language}/{name}.toml") if words.is_file() else ""
        cited, sources = (
            frozenset(map(_whole, _ADDRESS.findall(each))) for each in (content + beside, listed)
        )
        anchor = "#sources" if "{#sources}" in content else ""
        address = "" if name == "index" else f"{name}/"
        yield Page(name, f"{address}{anchor}", title, cited, sources)


def joined(authors: Sequence[str]) -> str:
    """Return names one after another, as the current language lists them.

    Args:
        authors: The names.

    Example:
        >>> joined(["Krizhevsky", "Sutskever", "Hinton"])
        'Krizhevsky, Sutskever and Hinton'
    """
    if len(authors) > _MANY:
        return text("reference.authors.others", first=authors[0])
    *first, last = authors
    if not first:
        return last
    comma = text("reference.authors.comma")
    return text("reference.authors.and", first=comma.join(first), last=last)


def _whole(address: str) -> str:
    """Return the address of a work, of which a link may name a section."""
    return address.partition("#")[0]


def _item(work: Work, citing: Sequence[Page]) -> str:
    comma = text("reference.comma")
    title = f'<a href="{escape(work.urls[0])}"><cite lang="en">{escape(work.title)}</cite></a>'
    place = f'<span lang="en">{escape(work.where)}</span>'
    authors = escape(joined(work.authors), quote=False)
    where = f"{place}{comma}{work.year}" if work.year else place
    told = text("reference.work", authors=authors, title=title, where=where)
    # Titles have commas of their own.
    links = comma.join(
        text(
            "reference.page",
            title=f'<a href="cx:{page.address}">{escape(page.title, quote=False)}</a>',
        )
        for page in citing
    )
    cited = text("reference.cited", pages=links)
    return f'<li id="{key(work)}">{told}<br><small>{cited}</small></li>'


def key(work: Work) -> str:
    """Return a work's id on the page.

    Args:
        work: The work.

    Example:
        >>> key(Work(("He", "Zhang"), "Spatial pyramid", 2014, "arXiv", "papers", ("u",)))
        'he-2014-spatial'
    """
    words = [work.authors[0], str(work.year or ""), re.split(r"\W+", work.title)[0]]
    if work.kind != "papers":  # several by the same authors begin with the same word
        words[2] = work.title
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def _order(work: Work) -> tuple[str, int, str]:
    return work.authors[0].casefold(), work.year or 0, work.title


def _work(entry: Mapping[str, Any]) -> Work:
    lacking = sorted(_KEYS - {"year"} - entry.keys())
    unknown = sorted(entry.keys() - _KEYS)
    if lacking or unknown or entry["kind"] not in KINDS:
        raise BookError(
            f"a work of {_SOURCE} with the keys {', '.join(sorted(_KEYS))}, of a kind of "
            f"{', '.join(KINDS)}",
            f"{entry.get('title', 'a work')!r} without {lacking}, with {unknown}, of the kind "
            f"{entry.get('kind')!r}",
            "see the other entries",
        )
    return Work(
        tuple(entry["authors"]),
        entry["title"],
        entry.get("year"),
        entry["where"],
        entry["kind"],
        tuple(entry["urls"]),
    )
