"""The bridge to MkDocs: one build for three languages, pages of executed labs, generated files."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, MkDocsException, PluginError
from mkdocs.structure.files import File
from mkdocs.structure.nav import Section
from mkdocs.utils import get_relative_url
from pymdownx.snippets import SnippetMissingError

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page
    from mkdocs.structure.toc import AnchorLink
    from mkdocs.utils.templates import TemplateContext

ROOT = Path(__file__).parents[1]
CHILDREN = {"ja": ROOT / "mkdocs.ja.yml", "fr": ROOT / "mkdocs.fr.yml"}
COMMANDS: set[str] = set()  # of this process: to serve may be to build many times
# Holds the lock of the folder while a build is at work.
_BUILDING = ExitStack()
log = logging.getLogger("mkdocs.plugins.cnnexplain")


def _language(config: MkDocsConfig) -> str:
    return Path(config.docs_dir).name


def _is_lab(file: File) -> bool:
    return file.src_uri.startswith("labs/")


def on_startup(*, command: str, **_: object) -> None:
    """Remember whether pages are served while they are edited."""
    COMMANDS.add(command)


def on_config(config: MkDocsConfig) -> None:
    """Watch what the site is made of, and see that every language has its configuration."""
    if repository := os.environ.get("REPO_URL"):
        config.repo_url, config.repo_name = repository, config.site_name
        config.edit_uri = f"edit/main/docs/{_language(config)}/"
    if _language(config) in CHILDREN:
        return
    found = set(ROOT.glob("mkdocs.*.yml"))
    if found != set(CHILDREN.values()):
        names = sorted(path.name for path in found)
        raise PluginError(
            f"expected {', '.join(path.name for path in CHILDREN.values())} beside mkdocs.yml, "
            f"found {names}"
        )
    docs = ROOT / "docs"
    watched = [*CHILDREN.values(), *(docs / code for code in CHILDREN), docs / "labs", ROOT / "src"]
    config.watch.extend(map(str, watched))


def on_pre_build(config: MkDocsConfig) -> None:
    """Compute values, figures, tables and labs, once for all languages."""
    if _language(config) not in CHILDREN:
        # This process may serve for hours: it must not go on with modules that have been edited.
        for name in [name for name in sys.modules if name.partition(".")[0] == "cnnexplain"]:
            del sys.modules[name]
        from cnnexplain.book import lock  # noqa: PLC0415

        _BUILDING.enter_context(lock.alone(ROOT / ".cache" / "site.lock", log.info))
        command = [sys.executable, "-m", "cnnexplain.book"]
        book = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
        if book.returncode:
            raise PluginError(book.stderr.strip() or _ended(book.returncode))
        sys.stderr.write(book.stderr)
    from cnnexplain.book import jupyter  # noqa: PLC0415

    jupyter.check_versions()
    jupyter.mend()
    log.info("Pages of docs/%s", _language(config))


def _ended(status: int) -> str:
    """Say how the build step ended that could not say it itself."""
    from cnnexplain.errors import BookError  # noqa: PLC0415

    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    cure = "if nobody interrupted it, look for more memory; then build again: what is done is kept"
    return str(BookError("python -m cnnexplain.book, which runs to its end", how, cure))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put executed notebooks behind the labs' pages; add downloads, the figures' code, Python."""
    from cnnexplain import figures  # noqa: PLC0415
    from cnnexplain.book import jupyter  # noqa: PLC0415

    made: dict[str, str | bytes] = {
        "assets/figures.js": figures.site_script(),
        "assets/figures.css": figures.site_style(),
    }
    for file in filter(_is_lab, files.documentation_pages()):
        path = (ROOT / "build" / _language(config) / file.src_uri).with_suffix(".ipynb")
        file.abs_src_path = str(path)
        download = file.src_uri.removesuffix(".md") + f"/{path.name}"
        made[download] = jupyter.portable(path.read_text(encoding="utf-8"), file, config, files)
    for path in sorted((ROOT / "build" / _language(config) / "exports").glob("[!.]*")):
        made[f"figures/{path.name}"] = path.read_bytes()
    made["assets/card.png"] = (ROOT / "build" / _language(config) / "card.png").read_bytes()
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    python = ROOT / "build" / "python"
    # Some megabytes, once for all languages.
    for path in (
        [] if _language(config) in CHILDREN else sorted(filter(Path.is_file, python.rglob("*")))
    ):
        name = f"assets/python/{path.relative_to(python).as_posix()}"
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, **_: object) -> Navigation:
    """Give sections of the navigation their names in the pages' language."""
    names = config.extra["sections"]
    for item in nav.items:
        if isinstance(item, Section):
            if item.title not in names:
                raise PluginError(f"extra.sections of {_language(config)} lacks {item.title!r}")
            item.title = names[item.title]
    return nav


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Complete a lab's page, and the addresses under figures; describe the page."""
    from cnnexplain.book import files as written  # noqa: PLC0415
    from cnnexplain.book import head, jupyter, pictures, takeaway  # noqa: PLC0415

    if _is_lab(page.file):
        html = jupyter.render(html, page, config, files)
    page.meta.setdefault("description", head.description(html))
    if files.get_file_from_path(f"labs/{page.file.src_uri}"):
        # A chapter answers what its lab, the ledger and the lists only mention.
        page.meta["search"] = {"boost": 2}
    if _language(config) == "fr":
        for anchor in page.toc:
            _space(anchor, html)
    root = get_relative_url("./", page.url)
    main = f"{root}../" if _language(config) in CHILDREN else root
    # The search is for words of the page, not for the numbers in its drawings.
    html = html.replace('<div class="cx-figure"', '<div class="cx-figure" data-search-exclude')
    html, photographs = pictures.apart(html, root)
    for name, content in photographs.items():
        written.write(Path(config.site_dir, name), content)
    return takeaway.resolved(html, root, main, str(config.site_url))


def on_post_page(output: str, *, config: MkDocsConfig, **_: object) -> str:
    """Set the lines of the page."""
    from cnnexplain.book import lines  # noqa: PLC0415

    return lines.set_lines(output, _language(config))


def on_page_context(context: TemplateContext, config: MkDocsConfig, **_: object) -> None:
    """Tell the template whether the site has an address, and what the card shows."""
    card = ROOT / "build" / _language(config) / "card.txt"
    context["published"] = bool(os.environ.get("SITE_URL"))  # type: ignore[typeddict-unknown-key]
    context["card"] = card.read_text(encoding="utf-8")  # type: ignore[typeddict-unknown-key]


def _space(anchor: AnchorLink, html: str) -> None:
    """Give a title in the table of contents the spaces of its heading: Markdown makes all alike."""
    heading = rf'<h\d[^>]* id="{re.escape(anchor.id)}"[^>]*>(.*?)(?:<a class="headerlink"|</h\d>)'
    if found := re.search(heading, html, re.DOTALL):
        anchor.title = re.sub("<[^>]*>", "", found[1])
    for each in anchor.children:
        _space(each, html)


def on_post_build(config: MkDocsConfig) -> None:
    """Build the other languages into the English site, then write every page's policy."""
    if _language(config) in CHILDREN:
        return
    from cnnexplain.book import policy  # noqa: PLC0415

    for code, path in CHILDREN.items():
        site = {
            "site_dir": str(Path(config.site_dir, code)),
            "site_url": f"{config.site_url}{code}/",
        }
        try:
            child = load_config(str(path), strict=config.strict, **site)
            child.plugins.on_startup(command="build", dirty=False)
            build(child)
        except MkDocsException as error:
            raise PluginError(f"{path.name}: {error}") from error
    policy.write(Path(config.site_dir), live="serve" in COMMANDS)
    _BUILDING.close()


def on_build_error(error: Exception) -> None:
    """End with the message alone when the sources are at fault: a traceback would bury it."""
    _BUILDING.close()
    from cnnexplain.book import files  # noqa: PLC0415
    from cnnexplain.errors import CnnExplainError  # noqa: PLC0415

    if isinstance(error, OSError):
        error = files.failed(error)
    if isinstance(error, (CnnExplainError, SnippetMissingError)):
        raise Abort(str(error)) from error
