"""The files of figures: what a reader downloads, and what is kept until it changes."""

from __future__ import annotations

import os
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from cnnexplain import figures
from cnnexplain.book import cache, contact, exports, takeaway
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cnnexplain.figures import Figure


def drawn(**sizes: int) -> dict[str, dict[str, Figure]]:
    found = {}
    for code in LANGUAGES:
        with language(code):
            found[code] = {name: figures.stride(size, 2) for name, size in sizes.items()}
    return found


@pytest.fixture
def write(tmp_path: Path) -> Any:
    said: list[str] = []

    def made(figures: Any) -> list[str]:
        said.clear()
        exports.write(tmp_path / "build", tmp_path / "kept", figures, said.append)
        return [re.sub(r"[0-9.]+ s$", "… s", line) for line in said]

    return made


def files(tmp_path: Path) -> dict[str, bytes]:
    paths = sorted((tmp_path / "build").rglob("*.*"))
    return {path.relative_to(tmp_path / "build").as_posix(): path.read_bytes() for path in paths}


def test_every_figure_has_its_files_in_every_language(write: Any, tmp_path: Path) -> None:
    assert write(drawn(a=3)) == ["figures: 9 pictures and films, … s"]
    made = files(tmp_path)
    assert set(made) == {
        f"{code}/exports/a.{suffix}"
        for code in LANGUAGES
        for suffix in (*takeaway.formats(figures.stride(3, 2)), "dark.png", "html")
    }
    figure = drawn(a=3)["ja"]["a"]
    assert made["ja/exports/a.svg"] == figure.file()
    assert made["ja/exports/a.gif"] == figure.gif(480)
    assert made["ja/exports/a.png"] == figure.png(720)
    assert made["ja/exports/a.dark.png"] == figure.png(720, "dark")


def test_pixels_are_drawn_once_and_again_when_the_drawing_changes(
    write: Any, tmp_path: Path
) -> None:
    write(drawn(a=3))
    before = files(tmp_path)
    assert write(drawn(a=3)) == []
    assert files(tmp_path) == before
    assert write(drawn(a=4)) == ["figures: 9 pictures and films, … s"]
    assert files(tmp_path)["en/exports/a.gif"] != before["en/exports/a.gif"]
    assert write(drawn(b=4)) == []
    assert {name.split("/")[-1] for name in files(tmp_path)} == {
        "b.svg", "b.gif", "b.png", "b.dark.png", "b.html"
    }  # fmt: skip


def test_a_changed_library_draws_again(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write(drawn(a=3))
    monkeypatch.setattr(exports, "_known", lambda: "another version")
    assert write(drawn(a=3)) == ["figures: 9 pictures and films, … s"]


def test_a_page_to_embed_has_what_the_figure_needs_and_no_script_of_its_own() -> None:
    with language("fr"):
        html = exports.page(figures.stride(3, 2), "a")
    assert '<html lang="fr">' in html
    assert '<script src="../assets/figures.js" defer></script>' in html
    assert '<link rel="stylesheet" href="../assets/figures.css">' in html
    assert html.count("<script") == 1
    assert "--cx-paper:#1e2329" in html
    assert figures.stride(3, 2).inline("a")[:40] in html or 'id="a"' in html


@pytest.mark.parametrize("code", LANGUAGES)
def test_under_a_figure_stand_its_files_its_embedding_and_its_line(code: str) -> None:
    with language(code):
        figure = figures.stride(3, 2)
    html = takeaway.under(figure, "a", 'cx.figures.stride(3, 2, operation="<x>")')
    assert re.findall(r'href="cx:figures/a\.(\w+)" download', html) == ["svg", "gif", "png"]
    assert '<pre><code>cx.figures.stride(3, 2, operation="&lt;x&gt;")</code></pre>' in html
    assert "&lt;iframe src=" in html
    words = {"en": "Embed", "ja": "埋め込み", "fr": "Intégrer"}
    assert f"<summary>{words[code]}</summary>" in html
    assert "\n\n" not in html


def test_what_stands_still_has_no_film() -> None:
    still = figures.comparison([[1.0]], [[1.0]], [[0.0]], image_size=224)
    if still.steps == 1:
        assert "gif" not in takeaway.under(still, "a", "x")


def test_the_gallery_shows_every_figure_in_the_colours_of_the_page() -> None:
    drawings = {"a": figures.stride(3, 2), "b": figures.stride(4, 2)}
    html = takeaway.gallery(drawings, {"a": "cx.figures.stride(3, 2)", "b": "x < y"})
    shown = re.findall(r'src="cx:figures/(\S+)" alt="" loading="lazy"', html)
    assert shown == [
        "a.png#only-light", "a.dark.png#only-dark", "b.png#only-light", "b.dark.png#only-dark"
    ]  # fmt: skip
    # The link's name is the figure's title, once.
    assert f"<span>{drawings['a'].title}</span></a>" in html
    assert takeaway.under(drawings["b"], "b", "x < y") in html
    assert "\n\n" not in html


def test_addresses_are_written_out_for_the_page() -> None:
    html = takeaway.under(figures.stride(3, 2), "a", "x")
    there = takeaway.resolved(html, "../../", "../../../", "https://example.org/ja/")
    assert 'href="../../figures/a.svg"' in there
    assert '&lt;iframe src="https://example.org/ja/figures/a.html"' in there
    assert "cx:" not in there
    assert "cx-site:" not in there
    shared = takeaway.resolved('<a data-x="cx-main:assets/">', "../", "../../", "")
    assert shared == '<a data-x="../../assets/">'


def test_a_hostile_title_stays_text_in_the_embedding() -> None:
    figure = figures.stride(3, 2)
    object.__setattr__(figure, "title", '"><script>')
    assert "<script>" not in takeaway.under(figure, "a", "x")
    assert "<script>" not in exports.page(figure, "a").replace('<script src="..', "")


def test_the_contact_sheet_shows_every_picture_once() -> None:
    colours = [(at * 20, 0, 255 - at * 20) for at in range(9)]
    pictures = [
        (str(at), Image.new("RGB", (200, 100 + at * 10), colour))
        for at, colour in enumerate(colours)
    ]
    sheet: Any = contact.sheet(pictures)
    counted = {colour: count for count, colour in sheet.getcolors(10**6)}
    for at, colour in enumerate(colours):
        assert counted[colour] == 100 * round((100 + at * 10) / 2)


def test_the_contact_sheets_are_written_for_each_language(write: Any, tmp_path: Path) -> None:
    write(drawn(a=3, b=4))
    assert contact.main(tmp_path / "build") == 0
    for code in LANGUAGES:
        path = tmp_path / "build" / code / "figures.png"
        assert Image.open(BytesIO(path.read_bytes())).width > 2 * 360


def test_a_contact_sheet_needs_pictures(tmp_path: Path, capsys: Any) -> None:
    assert contact.main(tmp_path) == 1
    assert capsys.readouterr().err.startswith("no pictures in ")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut in half": lambda good: good[: len(good) // 2],
    "empty": lambda _: b"",
    "with one bit changed": lambda good: good[:-9] + bytes([good[-9] ^ 1]) + good[-8:],
    "of a version that knew no seal": lambda good: good.partition(b"\n")[2],
    "of another type": lambda _: b"[1, 2]",
}


def test_a_damaged_picture_of_the_cache_is_drawn_again(write: Any, tmp_path: Path) -> None:
    write(drawn(a=3))
    before = files(tmp_path)
    pictures = sorted((tmp_path / "kept").glob("[!d]*"))
    # The last two stand in each other's place.
    contents = [path.read_bytes() for path in pictures]
    pictures[-1].write_bytes(contents[-2])
    pictures[-2].write_bytes(contents[-1])
    for path, damage in zip(pictures, DAMAGES.values(), strict=False):
        path.write_bytes(damage(path.read_bytes()))
    assert write(drawn(a=3)) == ["figures: 7 pictures and films, … s"]
    assert files(tmp_path) == before
    assert [path.read_bytes() for path in pictures] == contents


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_index_is_made_again(how: str, tmp_path: Path) -> None:
    cache.remember(tmp_path / "drawings.json", b'{"a": {".png": "b"}}')
    assert exports._remembered(tmp_path) == {"a": {".png": "b"}}
    damaged = DAMAGES[how]((tmp_path / "drawings.json").read_bytes())
    (tmp_path / "drawings.json").write_bytes(damaged)
    assert exports._remembered(tmp_path) == {}


def test_a_process_that_dies_while_it_draws_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports.Picture, "drawn", die)
    stale = [exports.Picture(".png", ["<svg/>"], 0.0)]
    with pytest.raises(BookError, match="received: one of them was killed"):
        list(exports._drawn(tmp_path, stale))
    assert not list(tmp_path.iterdir())


def die(_: exports.Picture) -> bytes:
    os._exit(9)


def test_a_picture_that_vanishes_before_it_is_shown_is_told(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="which has been drawn\nreceived: no such picture"):
        exports._picture(tmp_path / "a.png")


def test_known_drawings_need_no_moment_drawn_and_an_unreadable_index_is_made_again(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(drawn(a=3))
    before = files(tmp_path)
    (tmp_path / "kept/drawings.json").write_text("{", encoding="utf-8")
    assert write(drawn(a=3)) == []
    monkeypatch.setattr(exports, "pictures", lambda _: pytest.fail("a moment was drawn"))
    assert write(drawn(a=3)) == []
    assert files(tmp_path) == before
    monkeypatch.setattr(exports, "_drawn_by", lambda: "other sources")
    with pytest.raises(pytest.fail.Exception):
        write(drawn(a=3))
