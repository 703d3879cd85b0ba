"""The picture beside a link: its size, its words, the same bytes each time."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from cnnexplain import raster
from cnnexplain.book import card, contents
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    from cnnexplain.figures import Figure

ROOT = Path(__file__).parents[2]


def drawn(code: str) -> Figure:
    with language(code):
        return contents.FIGURES[card.FIGURE].figure()


def test_every_language_has_its_picture_and_its_words(tmp_path: Path) -> None:
    figures = {code: {card.FIGURE: drawn(code)} for code in LANGUAGES}
    words = card.read(ROOT)
    card.write(tmp_path, figures, words)
    pictures = [(tmp_path / code / "card.png").read_bytes() for code in LANGUAGES]
    assert [Image.open(BytesIO(each)).size for each in pictures] == [card.SIZE] * len(LANGUAGES)
    assert len(set(pictures)) == len(LANGUAGES)
    said = {code: (tmp_path / code / "card.txt").read_text("utf-8") for code in LANGUAGES}
    for code, alternative in said.items():
        assert drawn(code).title in alternative
    assert "How sizes flow through a convolutional network." in said["en"]
    assert "畳み込みネットワークにおけるサイズの変化。" in said["ja"]
    card.write(tmp_path, figures, words)
    assert [(tmp_path / code / "card.png").read_bytes() for code in LANGUAGES] == pictures


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_title_leaves_the_figure_its_place(code: str) -> None:
    title = card.read(ROOT)[code]["title"]
    both, without = (
        Image.open(BytesIO(raster.png(card.svg(drawn(code), each), 600))).convert("L")
        for each in (title, "")
    )
    changed = [
        x
        for x in range(600)
        if both.crop((x, 0, x + 1, 315)).tobytes() != without.crop((x, 0, x + 1, 315)).tobytes()
    ]
    assert changed
    assert max(changed) < 255  # where the figure begins


def test_missing_words_are_named(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"docs/card\.toml"):
        card.read(tmp_path)
