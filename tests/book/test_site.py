"""The whole site in small: the real configuration, hook and theme, over pages of a few lines."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.places import here, named

from cnnexplain.book import policy

ROOT = Path(__file__).parents[2]
HEADINGS = {"en": "Sizes", "ja": "大きさ", "fr": "Les tailles"}
PAGE = (
    "# {heading} {{#top}}\n\n[Next]({link}#top) $\\frac{{1}}{{2}}$\n\n## {heading} 2 ? {{#more}}\n"
)


def make(root: Path, **changes: str) -> Path:
    """Write a site of two pages and no labs; a change replaces one language's first page."""
    (root / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "hook.py", root / "docs")  # its own path tells it the root
    (root / "docs" / "theme").symlink_to(ROOT / "docs" / "theme")
    (root / "docs" / "data").symlink_to(ROOT / "docs" / "data")
    for path in (ROOT / "docs").glob("*.toml"):
        (root / "docs" / path.name).symlink_to(path)
    # What the experiments find, and the pixels of figures, are the same and take minutes to make.
    (root / ".cache").mkdir()
    for name in ("experiments", "figures"):
        kept = ROOT / ".cache" / name
        kept.mkdir(parents=True, exist_ok=True)
        (root / ".cache" / name).symlink_to(kept)
    (root / "src").mkdir()
    for path in ROOT.glob("mkdocs*.yml"):
        nav = "nav: [index.md, {reference: [windows.md]}]\n"
        text = re.sub(r"(?m)^nav:\n(  .*\n)+", nav, path.read_text("utf-8"))
        (root / path.name).write_text(text, encoding="utf-8")
    for language, heading in HEADINGS.items():
        docs = root / "docs" / language
        docs.mkdir()
        index = changes.get(language) or PAGE.format(heading=heading, link="windows.md")
        (docs / "index.md").write_text(index, encoding="utf-8")
        windows = PAGE.format(heading=heading, link="index.md").replace("#top)", "#more)")
        (docs / "windows.md").write_text(windows, encoding="utf-8")
    return root


def build(root: Path, address: str = "https://example.org/x/") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "SITE_URL"}
    environment |= {"SITE_URL": address} if address else {}
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "SITE_URL": "https://example.org/x/"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make(tmp_path_factory.mktemp("site"))
    done = build(root)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "site"


def test_every_language_has_every_page(site: Path) -> None:
    for folder, language in (("", "en"), ("ja", "ja"), ("fr", "fr")):
        for page in ("index.html", "windows/index.html"):
            text = (site / folder / page).read_text("utf-8")
            assert f'<html lang="{language}"' in text
            assert HEADINGS[language] in text


def test_a_section_of_the_navigation_has_a_name_in_each_language(site: Path) -> None:
    names = {"": "Reference", "ja": "リファレンス", "fr": "Référence"}
    for folder, name in names.items():
        for page in ("index.html", "windows/index.html"):
            text = (site / folder / page).read_text("utf-8")
            assert re.search(rf">\s*{name}\s*<", text)
            assert not re.search(r">\s*reference\s*<", text)


def test_titles_in_the_table_of_contents_have_the_spaces_of_the_page(site: Path) -> None:
    text = (site / "fr" / "windows" / "index.html").read_text("utf-8")
    assert text.count("Les tailles 2\u202f?") > 1
    assert "Les tailles 2 ?" not in text


def test_the_language_switch_stays_on_the_page(site: Path) -> None:
    targets = {"en": "", "ja": "ja/", "fr": "fr/"}
    for folder in targets.values():
        for page in ("", "windows/"):
            text = (site / folder / page / "index.html").read_text("utf-8")
            links = re.findall(r'<a href="([^"]+)" hreflang="(..)"', text)
            assert len(links) == len(targets)
            for href, language in links:
                reached = os.path.normpath(site / folder / page / href)
                assert reached == os.path.normpath(site / targets[language] / page)


def test_the_sitemaps_name_each_translation(site: Path) -> None:
    root = ET.parse(site / "fr" / "sitemap.xml").getroot()  # noqa: S314  # our own output
    links = [link.get("href") for link in root.iter("{http://www.w3.org/1999/xhtml}link")]
    assert "https://example.org/x/ja/windows/" in links
    assert "https://example.org/x/windows/" in links
    locations = [
        node.text for node in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    ]
    assert locations == ["https://example.org/x/fr/", "https://example.org/x/fr/windows/"]


def meta(text: str, name: str) -> list[str]:
    """Return what the page says under a name, in `name` or `property`."""
    return re.findall(rf'<meta (?:name|property)="{name}" content="([^"]*)">', text)


def pages(site: Path) -> dict[str, str]:
    """Return every page of the navigation by its place."""
    places = [folder + page for folder in ("", "ja/", "fr/") for page in ("", "windows/")]
    return {place: (site / place / "index.html").read_text("utf-8") for place in places}


def test_each_page_says_where_it_and_its_translations_are(site: Path) -> None:
    address = "https://example.org/x/"
    for place, text in pages(site).items():
        page = "windows/" if "windows" in place else ""
        assert re.findall(r'<link rel="canonical" href="([^"]*)">', text) == [address + place]
        assert meta(text, "og:url") == [address + place]
        found = re.findall(r'<link rel="alternate" hreflang="([^"]*)" href="([^"]*)">', text)
        assert dict(found) == {
            "en": address + page,
            "ja": f"{address}ja/{page}",
            "fr": f"{address}fr/{page}",
            "x-default": address + page,
        }


def test_each_page_has_a_card_in_its_language(site: Path) -> None:
    locales = {"en": "en_US", "ja": "ja_JP", "fr": "fr_FR"}
    alternatives = set()
    for place, text in pages(site).items():
        language = place[:2] if place[:2] in HEADINGS else "en"
        assert meta(text, "og:title") == [HEADINGS[language]]
        assert meta(text, "og:description") == meta(text, "description") != []
        assert meta(text, "og:locale") == [locales[language]]
        others = set(locales.values()) - {locales[language]}
        assert set(meta(text, "og:locale:alternate")) == others
        (image,) = meta(text, "og:image")
        assert (site / image.removeprefix("https://example.org/x/")).is_file()
        assert meta(text, "og:image:width") == ["1200"]
        assert meta(text, "og:image:height") == ["630"]
        alternatives |= set(meta(text, "og:image:alt"))
        assert meta(text, "twitter:card") == ["summary_large_image"]
    assert len(alternatives) == len(HEADINGS)


def test_the_page_for_what_is_not_there_speaks_all_languages_at_any_depth(site: Path) -> None:
    for folder in ("", "ja", "fr"):
        text = (site / folder / "404.html").read_text("utf-8")
        assert meta(text, "robots") == ["noindex"]
        # A server sends it for any address, so that relative ones would lead nowhere.
        addresses = re.findall(r'(?:href|src)="([^"#]+)"', text)
        assert [each for each in addresses if not each.startswith(("/x/", "https://"))] == []
        files = [site / each.removeprefix("/x/") for each in addresses if each.startswith("/x/")]
        assert [path for path in files if not path.exists()] == []
        homes = dict(re.findall(r'<p lang="(..)">[^<]*<a href="([^"]+)">', text))
        reached = {code: os.path.normpath(home) for code, home in homes.items()}
        assert reached == {"en": "/x", "ja": "/x/ja", "fr": "/x/fr"}


def test_every_page_has_a_policy_and_its_own_scripts_in_it(site: Path) -> None:
    found = list(site.rglob("*.html"))
    assert len(found) > 100  # the figures' pages too
    for path in found:
        text = path.read_text("utf-8")
        written = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
        assert written == [policy.policy(text)], path


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link rel="(?:stylesheet|icon)")[^>]*(?:src|href)="([^"]+)"',
            path.read_text("utf-8"),
        )
        assert loaded
        assert not [url for url in loaded if "//" in url]
    css = (site / "assets" / "site.css").read_text("utf-8") + (
        site / "assets" / "figures.css"
    ).read_text("utf-8")
    assert "http" not in css.replace("http://www.w3.org/2000/svg", "")


def test_no_file_names_a_folder_of_the_machine_that_built_it(site: Path, tmp_path: Path) -> None:
    names = here(site.parent) | here(ROOT)
    assert list(named(site, names)) == []
    # What it would say otherwise; what others have made is not ours to change.
    for name in ("a.html", "ja/b.xml.gz", "assets/javascripts/c.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = f"<p>{ROOT}</p>".encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert list(named(tmp_path, {str(ROOT)})) == [f"a.html: {ROOT}", f"ja/b.xml.gz: {ROOT}"]


def test_figures_have_their_script_and_style(site: Path) -> None:
    for folder in ("", "ja", "fr"):
        assert "cx-figure" in (site / folder / "assets" / "figures.js").read_text("utf-8")
        assert "cx-figure" in (site / folder / "assets" / "figures.css").read_text("utf-8")


@pytest.mark.parametrize(
    ("language", "page", "problem"),
    [
        (
            "en",
            "# A {#top}\n\n[x](nowhere.md)\n\n## B {#more}\n",
            "'nowhere.md', but the target is not found",
        ),
        (
            "en",
            "# A {#top}\n\n[x](windows.md#nowhere)\n\n## B {#more}\n",
            "does not contain an anchor '#nowhere'",
        ),
        (
            "ja",
            "# A {#top}\n\n[x](windows.md#nowhere)\n\n## B {#more}\n",
            "does not contain an anchor '#nowhere'",
        ),
        (
            "fr",
            "# A {#top}\n\n{{ nowhere }}\n\n## B {#more}\n",
            "received: `{{ nowhere }}` in docs/fr",
        ),
        ("ja", "# A {#top}\n\n$\\nosuch$\n\n## B {#more}\n", "docs/ja: a formula"),
        (
            "fr",
            '# A {#top}\n\n--8<-- "figures/nowhere.html"\n\n## B {#more}\n',
            "figures/nowhere.html",
        ),
    ],
)
def test_a_mistake_fails_the_build_and_names_page_and_language(
    tmp_path: Path, language: str, page: str, problem: str
) -> None:
    done = build(make(tmp_path, **{language: page}))
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert problem in said
    assert "index.md" in said
    assert "Traceback" not in said
    # What is said of a page comes below the line that names its language.
    before = said[: said.index(problem)]
    assert re.findall(r"Pages of docs/(\w\w)", before)[-1] == language
    if language != "en":
        assert f"mkdocs.{language}.yml" in said


def test_a_mistake_in_the_book_fails_the_build_with_its_message(tmp_path: Path) -> None:
    root = make(tmp_path)
    (root / "docs" / "labs").mkdir()
    (root / "docs" / "labs" / "orphan.py").write_text("# %% setup\n", encoding="utf-8")
    done = build(root)
    assert done.returncode == 1
    assert "expected: " in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_missing_language_fails_the_build(tmp_path: Path) -> None:
    root = make(tmp_path)
    (root / "mkdocs.fr.yml").unlink()
    done = build(root)
    assert done.returncode == 1
    assert "mkdocs.fr.yml" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
