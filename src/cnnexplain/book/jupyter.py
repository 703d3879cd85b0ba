"""What mends mkdocs-jupyter: labs look, link and read like every other page of the site.

mkdocs-jupyter converts a lab's code and outputs. Its own styles, scripts and prompts stay away,
and the prose between the cells goes through MkDocs like any page: headings, contents, formulas,
links and their checks. The private names of other packages that this needs are all in this module.
"""

from __future__ import annotations

import json
import posixpath
import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from mkdocs.structure.pages import Page
from mkdocs_jupyter import nbconvert2
from mkdocs_jupyter.config import settings
from pymdownx.highlight import Highlight

from cnnexplain.book.markdown import PREPARED
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import File, Files

_PINNED = ("mkdocs-jupyter", "mkdocs-material")
_BETWEEN = "<!--cell-->"
_CARRIED = re.compile(r"<(style|script)\b.*?</\1>\n?", re.DOTALL)
_LINK = re.compile(r"(?<=\]\()([^)\s:#]*)(#[^)\s]*)?(?=\))")
_HEADING_ID = re.compile(r"^(#{1,6} .*?)[ \t]*\{[ \t]*#[\w-]+[ \t]*\}[ \t]*$", re.MULTILINE)


def check_versions() -> None:
    """See that the packages whose private names or templates we use are exactly the pinned ones.

    Raises:
        BookError: If another version is installed.
    """
    requirements = metadata.requires("cnnexplain") or []
    for name in _PINNED:
        found = [re.match(rf"{name}==([\w.]+)", requirement) for requirement in requirements]
        pinned = next(match[1] for match in found if match)
        installed = metadata.version(name)
        if installed != pinned:
            raise BookError(
                f"{name} {pinned}",
                f"{name} {installed}",
                'run pip install -c constraints.txt -e ".[docs]"',
            )


def mend() -> None:
    """Make mkdocs-jupyter use our template and the theme's own markup for code."""
    settings.templates_dir = str(Path(__file__).with_name("notebook"))
    nbconvert2.mk_custom_highlight_code = _highlighter


def render(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Complete what mkdocs-jupyter made of a lab with its prose and its HTML outputs.

    Args:
        html: Code and outputs; comments hold the places of the rest.
        page: The lab's page; gets its title, contents and anchors here.
        config: The site's configuration.
        files: The site's files, which links are checked against.

    Returns:
        The page's content.
    """
    # The notebook's styles follow its content, whatever the template says.
    content = html.rpartition("<style>")[0]
    cells = _cells(Path(str(page.file.abs_src_path)).read_text(encoding="utf-8"))
    prose = [_text(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    page.markdown = "\n".join([PREPARED, f"\n\n{_BETWEEN}\n\n".join(prose)])
    Page.render(page, config, files)  # not page.render, which mkdocs-jupyter has replaced
    content = _fill(content, "<!--prose-->", str(page.content).split(_BETWEEN))
    return _fill(content, "<!--html-->", _html_outputs(cells))


def portable(notebook: str, source: File, config: MkDocsConfig, files: Files) -> str:
    """Return a notebook as a reader downloads it: it works away from the site.

    Args:
        notebook: The notebook's file.
        source: The page that shows it.
        config: The site's configuration.
        files: The site's files.

    Returns:
        The file with absolute links, headings without the site's ids, and before the first code a
        cell that installs what is missing.
    """

    def absolute(match: re.Match[str]) -> str:
        path, anchor = match[1] or "", match[2] or ""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source.src_uri), path))
        file = files.get_file_from_path(target) if path else source
        # A page that is not there is reported when the page itself is rendered.
        return urljoin(str(config.site_url), file.url if file else target) + anchor

    content: dict[str, Any] = json.loads(notebook)
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            text = _HEADING_ID.sub(r"\1", _LINK.sub(absolute, _text(cell["source"])))
            cell["source"] = text.splitlines(keepends=True)
    kinds = [cell["cell_type"] for cell in content["cells"]]
    content["cells"].insert(kinds.index("code"), _install(notebook, config.repo_url))
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _install(notebook: str, repository: str | None) -> dict[str, Any]:
    """Return a cell that installs what a notebook needs, unless it is there."""
    extra = "examples" if "cnnexplain.examples" in notebook else "torch"
    package = f"cnnexplain[{extra}]" + (f" @ git+{repository}" if repository else "")
    lines = [
        "try:",
        "    import cnnexplain",
        "except ImportError:",
        f'    %pip install -q "{package}"',
    ]
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "code-install",
        "metadata": {},
        "outputs": [],
        "source": "\n".join(lines).splitlines(keepends=True),
    }


def _highlighter(extra_css_classes: str = "") -> Callable[..., str]:
    """Stand in for mkdocs-jupyter's function of this signature; the theme adds a copy button."""
    del extra_css_classes

    def marked(source: str, language: str | None = None, metadata: object = None) -> str:
        del language, metadata
        return str(Highlight(None, pygments_lang_class=True).highlight(source, "python"))

    return marked


def _cells(notebook: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(notebook)["cells"]
    return cells


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _html_outputs(cells: list[dict[str, Any]]) -> list[str]:
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    datas = [output.get("data", {}) for output in outputs]
    # In a notebook a figure carries its style and script; the site serves both once.
    return [_CARRIED.sub("", _text(data["text/html"])) for data in datas if "text/html" in data]


def _fill(text: str, place: str, parts: list[str]) -> str:
    pieces = text.split(place)
    if len(pieces) != len(parts) + 1:
        raise BookError(
            f"{len(parts)} places {place} in a converted lab",
            f"{len(pieces) - 1} of them",
            "see that src/cnnexplain/book/notebook fits the installed nbconvert",
        )
    last = pieces.pop()
    filled = (piece + part for piece, part in zip(pieces, parts, strict=True))
    return "".join([*filled, last])
