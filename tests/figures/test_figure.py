"""A figure as a value, and its files."""

import json
import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.moments import parse

from cnnexplain import figures
from cnnexplain.errors import ArgumentError
from cnnexplain.figures import figure as figure_module
from cnnexplain.figures import svg
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.stage import Stage
from cnnexplain.languages import LANGUAGES, catalogue, language, text

CONVOLUTION: dict[str, Any] = {"input_size": 7, "kernel_size": 3, "stride": 2, "padding": 1}
POOLING: dict[str, Any] = {
    "input_size": 13,
    "kernel_size": 3,
    "stride": 2,
    "operation": "max_pooling",
}


@pytest.fixture
def figure() -> figures.Figure:
    return figures.stride(**CONVOLUTION)


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[Any] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def test_the_svg_stands_alone(figure: figures.Figure) -> None:
    root = parse(figure.svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    style = root.findtext("{http://www.w3.org/2000/svg}style", "")
    assert "prefers-color-scheme:dark" in style
    assert "prefers-reduced-motion:no-preference" in style
    assert "@keyframes" in style
    tags = {each.tag for each in root.iter()}
    assert "{http://www.w3.org/2000/svg}script" not in tags
    assert not re.search(r"\son\w+=|href|url\(|https?://(?!www\.w3\.org)", figure.svg)
    assert not any(each.get("id") for each in root.iter())


def test_every_colour_that_is_used_is_in_the_palette(figure: figures.Figure) -> None:
    used = set(re.findall(r"var\(--cx-([\w-]+)", figures.site_style() + figure.svg))
    motion = {"step", "row", "rows", "column", "columns", "on", "off"}
    motion |= {"from", "to", "from-scale", "to-scale"}
    assert used - motion == set(svg.PALETTE)


def test_every_class_that_is_drawn_has_a_rule() -> None:
    drawn = figures.stride(6, stride=2, padding=1, ceil_mode=True, operation="max_pooling").svg
    drawn += figures.stride(8, stride=2).svg
    body = re.sub(r"<style>.*?</style>", "", drawn, flags=re.DOTALL)
    for names in set(re.findall(r'class="([^"]+)"', body)):
        for name in names.split():
            assert re.search(rf"\.{name}[^\w-]", figures.site_style()), name


def test_the_style_touches_nothing_but_figures() -> None:
    style = re.sub(r"@keyframes[^}]*\}[^}]*\}\}", "", figures.site_style())
    style = re.sub(r"@media[^{]*\{|@property --cx-[^}]*\}", "", style)
    for selectors in re.findall(r"([^{}]+)\{[^{}]*\}", style):
        for selector in selectors.strip().split(","):
            palette = selector in {
                ":root", "[data-md-color-scheme=default]", "[data-md-color-scheme=slate]"
            }  # fmt: skip
            assert palette or ".cx-" in selector, selector


def test_palette_roles_have_two_themes_and_text_has_contrast() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(one: str, other: str) -> float:
        bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
        return (bright + 0.05) / (dim + 0.05)

    for role in [each for each in svg.PALETTE if each.endswith("ink")] + ["quiet"]:
        light, dark = svg.PALETTE[role]
        assert contrast(light, "#ffffff") >= 4.5
        assert contrast(dark, "#1e2129") >= 4.5
    for role in [each for each in svg.PALETTE if each.endswith("-line")] + ["window", "padding"]:
        light, dark = svg.PALETTE[role]
        assert contrast(light, "#ffffff") >= 2.7
        assert contrast(dark, "#1e2129") >= 3


def test_inline_has_no_blank_line_no_style_and_no_script(figure: figures.Figure) -> None:
    inline = figure.inline("stride-2")
    assert "\n\n" not in inline
    assert not inline.startswith((" ", "\n"))
    assert not re.search("<style|<script", inline)


def test_ids_are_unique_with_many_figures_on_a_page() -> None:
    page = "".join(figures.stride(size, padding=1).inline(f"f-{size}") for size in range(3, 12))
    tags = Tags(page)
    ids = tags.values("id")
    assert len(ids) == len(set(ids)) == 9 * 3
    references = tags.values("aria-labelledby") + tags.values("aria-describedby")
    assert len(references) == 9 * 2
    assert set(references) <= set(ids)


def test_a_figure_without_an_id_has_no_ids(figure: figures.Figure) -> None:
    assert not Tags(figure.html).values("id")


@pytest.mark.parametrize("wrong", ["", "a b", 'x" onload="y', None])
def test_an_id_that_is_none_is_refused(figure: figures.Figure, wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="an id of letters"):
        figure.inline(wrong)


def test_html_carries_the_script_and_the_style_that_a_site_serves(figure: figures.Figure) -> None:
    assert figures.site_script() in figure.html
    for rule in svg.style().splitlines():
        assert rule in figure.html
        assert rule in figures.site_style()
    assert figure._repr_html_() == figure.html


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_the_controls_say_is_in_the_figures_language(code: str) -> None:
    with language(code):
        figure = figures.stride(**CONVOLUTION)
    (data,) = Tags(figure.inline("a")).values("data-cx")
    words = json.loads(data)
    assert len(words["rows"]) * len(words["columns"]) == figure.steps == 16
    placeholders = set(re.findall(r"\{(\w+)\}", words["status"]))
    assert placeholders == {"step", "row", "column", "rows", "columns"}
    assert words["labels"]["play"] == {"en": "Play", "ja": "再生", "fr": "Lecture"}[code]


def test_hostile_characters_stay_text() -> None:
    hostile = '<script>alert("&")</script>'
    drawn = svg.label(0, 0, hostile)
    assert parse(drawn).text == hostile
    assert "<script" not in drawn
    attribute = parse(svg.element("g", "x", lang=hostile)).get("lang")
    assert attribute == hostile


def test_a_labels_apostrophe_does_not_end_the_attribute() -> None:
    with language("fr"):
        figure = figures.stride(60, padding=1)
    assert json.loads(Tags(figure.inline("a")).values("data-cx")[0])["labels"]


def test_frames_do_not_move(figure: figures.Figure) -> None:
    for step in range(figure.steps):
        frame = figure.frame(step)
        parse(frame)
        assert "animation" not in frame
        assert "transform" not in frame


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_frame_is_drawn_in_the_figures_language(code: str) -> None:
    def draw(stage: Stage) -> str:
        return stage.seen(svg.label(4, 20, text("figure.control.play")))

    sweep = Sweep(1, 2)
    with language(code):
        made = figure_module.moving(
            "a", "b", 40, draw, sweep, 0, figure_module.told(["c", "d"], sweep)
        )
    assert catalogue(code)["figure.control.play"] in made.frame(1)
    assert catalogue(code)["figure.control.play"] in made.plain(step=1)


@pytest.mark.parametrize("step", [-1, 16, True, 1.0, "1"])
def test_a_step_that_does_not_exist_is_refused(figure: figures.Figure, step: Any) -> None:
    with pytest.raises(ArgumentError, match="a step from 0 to 15"):
        figure.frame(step)


@pytest.mark.parametrize("name", ["a.svg", "a.html", "A.SVG"])
def test_saving_writes_the_whole_file_and_nothing_else(
    figure: figures.Figure, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text("old")
    figure.save(path)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    content = path.read_text(encoding="utf-8")
    if name.lower().endswith(".svg"):
        parse(content.partition("?>")[2])
    else:
        assert content.startswith('<!DOCTYPE html>\n<html lang="en">')
        assert figure.html in content
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("name", ["a.webp", "a.pdf", "a", "svg", "png"])
def test_other_formats_are_refused_with_those_that_exist(
    figure: figures.Figure, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        figure.save(tmp_path / name)
    assert str(caught.value).splitlines()[0] == (
        "expected: a file name that ends with .svg, .html, .png, .gif, .mp4"
    )
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(figure: figures.Figure, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="No such file or directory"):
        figure.save(tmp_path / "none" / "a.svg")


def test_a_failing_write_leaves_the_old_file(
    figure: figures.Figure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ArgumentError, match="No space left"):
        figure.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("case", [CONVOLUTION, POOLING])
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_figure_is_small(case: dict[str, Any], code: str) -> None:
    with language(code):
        assert len(figures.stride(**case).inline("a").encode()) <= 8_000


@pytest.mark.parametrize("case", [CONVOLUTION, POOLING])
def test_the_same_parameters_give_the_same_bytes(case: dict[str, Any]) -> None:
    one, other = figures.stride(**case), figures.stride(**case)
    assert (one.svg, one.html, one.inline("a")) == (other.svg, other.html, other.inline("a"))
    assert one == other


def test_a_figures_repr_is_short(figure: figures.Figure) -> None:
    assert len(repr(figure)) < 1000


@pytest.mark.parametrize("path", [None, 5, ["a.svg"], "a\0.svg", "\ud800.svg"])
def test_what_is_no_path_is_refused(figure: figures.Figure, path: Any) -> None:
    with pytest.raises(ArgumentError, match=r'figure\.save\("stride\.svg"\)'):
        figure.save(path)


def test_a_file_may_have_the_longest_name_and_a_link_keeps_its_target(
    figure: figures.Figure, tmp_path: Path
) -> None:
    long = tmp_path / f"{'n' * 251}.svg"
    figure.save(long)
    link = tmp_path / "link.svg"
    link.symlink_to(long)
    long.write_text("old")
    figure.save(link)
    assert link.is_symlink()
    assert long.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\ud800", "\ufffe", "\uffff", "\u202e"])
def test_what_is_no_text_is_a_question_mark(character: str) -> None:
    figure = figures.strides(5)
    object.__setattr__(figure, "title", f"a{character}b")
    for made in (figure.svg, figure.inline("a"), figure.page(), figure.plain(), figure.html):
        assert character not in made
        assert "a?b" in made
    parse(figure.file().decode().partition("?>")[2])


@pytest.mark.parametrize("width", [0, -1, True, 1.5, "9"])
@pytest.mark.parametrize("suffix", ["svg", "png", "gif", "html"])
def test_a_width_that_is_none_is_refused(tmp_path: Path, width: Any, suffix: str) -> None:
    with pytest.raises(ArgumentError, match="width"):
        figures.stride(3, 2).save(tmp_path / f"a.{suffix}", width=width)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["svg", "png", "html"])
def test_a_theme_that_is_none_is_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ArgumentError, match="theme as one of light, dark"):
        figures.stride(3, 2).save(tmp_path / f"a.{suffix}", theme="sepia")  # type: ignore[arg-type]


def test_what_a_step_says_does_not_break_between_a_word_and_its_number() -> None:
    script = figures.known_strides().script
    assert script is not None
    assert script.status.startswith("step\N{NO-BREAK SPACE}{step} of\N{NO-BREAK SPACE}5: ")
    assert "VGG-\N{WORD JOINER}16\N{NO-BREAK SPACE}(2)" in script.columns[0][1]
    found = figures.detections([(0, 0, 8, 8), (2, 9, 10, 17)], ["3", "8"], image_size=20).script
    assert found is not None
    assert "2\N{NO-BREAK SPACE}px from the top" in found.columns[1][1]
    with language("fr"):
        placed = figures.placed([[0.1, 0.9], [0.2, 0.3]], image_size=256).script
    assert placed is not None
    assert "ligne\N{NO-BREAK SPACE}{row}, colonne\N{NO-BREAK SPACE}{column}" in placed.status
