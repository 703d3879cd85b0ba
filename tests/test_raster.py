"""PNG: what the pixels show. Structure is tested elsewhere; here is the path to pixels."""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image
from tests.moments import matched

from cnnexplain import figures, files, raster
from cnnexplain.errors import ArgumentError, CnnExplainError
from cnnexplain.figures import scales, svg
from cnnexplain.languages import LANGUAGES, catalogue, language

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Pixels = np.ndarray[Any, np.dtype[np.int_]]

ERRORS = [[0.20, 0.27], [0.27, 0.35]]
# A map with every step of colour, too many cells for numbers in them.
LEVELS = [[(row + column) / 20 for column in range(11)] for row in range(11)]
PLACE: dict[str, Any] = {"image_size": 24 + 10 * 4, "window": 24, "stride": 4}


def pixels(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def colour(role: str, theme: str) -> Pixels:
    written = svg.PALETTE[role][svg.THEMES.index(theme)]
    return np.array([int(written[at : at + 2], 16) for at in (1, 3, 5)])


def ink(picture: Pixels, theme: str = "light") -> int:
    """How many pixels differ from the paper."""
    return int((np.abs(picture - colour("paper", theme)).sum(-1) > 60).sum())


def photograph() -> bytes:
    """A photograph of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (250, 120, 10)).save(file, "PNG")
    return file.getvalue()


def test_a_picture_has_the_width_that_was_asked_for_and_the_figures_proportions() -> None:
    figure = figures.halo({0: 0.3})
    for width in (480, 960, 1000):
        picture = pixels(figure.png(width))
        assert picture.shape[1] == width
        assert picture.shape[0] == pytest.approx(width * figure.height / 480, abs=1)
    assert pixels(figure.png()).shape[1] == 960


@pytest.mark.parametrize("theme", svg.THEMES)
@pytest.mark.parametrize("role", ["score", "error"])
def test_the_centre_of_each_cell_has_the_palettes_colour(role: str, theme: Any) -> None:
    draw = figures.placed if role == "score" else figures.error_map
    figure = draw(LEVELS, **PLACE)
    picture = pixels(figure.png(960, theme))
    paper, middle, full = (colour(each, theme) for each in ("paper", role, f"{role}-full"))
    x, y, _, _ = (float(each) for each in box(figure, "cx-input-line"))
    unit = float(box(figure, "cx-input-line")[2]) / PLACE["image_size"]
    for row in range(11):
        for column in range(11):
            level = round(LEVELS[row][column] * scales.LEVELS)
            part = level / scales.MIDDLE
            expected = paper + (middle - paper) * part
            if part > 1:
                expected = middle + (full - middle) * (part - 1)
            # A quarter of a cell from its centre, where no line of the hatching passes.
            places = [
                round(2 * (start + (12 + 4 * at - 1) * unit))
                for start, at in ((y, row), (x, column))
            ]
            assert np.abs(picture[places[0], places[1]] - expected).max() <= 2, (row, column)


def box(figure: figures.Figure, class_: str) -> list[str]:
    """The place of the first rectangle of a class."""
    tag = matched(rf'<rect class="{class_}"[^>]*>', figure.svg)[0]
    return [matched(rf' {key}="([^"]+)"', tag)[1] for key in ("x", "y", "width", "height")]


@pytest.mark.parametrize("theme", svg.THEMES)
def test_every_family_of_figures_can_be_drawn_on_its_paper(theme: Any) -> None:
    for figure in (
        figures.stride(7, stride=2, padding=1),
        figures.stride(227, 11, 4),
        figures.comparison(ERRORS, ERRORS, ERRORS, image_size=256),
        figures.error_map(ERRORS, image_size=256),
        figures.placed(ERRORS, image_size=256),
        figures.halo({0: 0.3, 32: 1e-16}),
    ):
        picture = pixels(figure.png(480, theme))
        corners = picture[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert (corners == colour("paper", theme)).all(), figure.title
        assert 0.005 < ink(picture, theme) / picture[..., 0].size < 0.9


def test_a_moving_figure_is_drawn_as_its_still_picture() -> None:
    figure = figures.stride(7, stride=2)
    picture = pixels(figure.png(480)).reshape(-1, 3)
    for role in ("input", "output", "window"):
        assert (np.abs(picture - colour(role, "light")).sum(-1) < 6).any(), role
    # Every output, as in print: the picture is complete.
    assert (np.abs(picture - colour("output", "light")).sum(-1) < 6).sum() > 8 * 24**2


@pytest.mark.parametrize("code", LANGUAGES)
def test_text_has_ink_in_every_language(code: str) -> None:
    with language(code):
        figure = figures.halo({0: 0.3, 32: 1e-16})
    picture = pixels(figure.png(480))
    title = picture[6:28]
    assert ink(title) > 300
    # Words as long as the title: it is not cut after its Latin letters.
    inked = np.nonzero((np.abs(title - 255).sum(-1) > 60).any(0))[0]
    assert inked.min() < 8
    assert inked.max() > 200
    assert ink(picture[-24:, 30:]) > 40  # the key


def test_without_fonts_there_is_no_text_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    # Why the fonts are given, and why ink is tested.
    monkeypatch.setattr(raster, "fonts", tuple)
    assert ink(pixels(figures.halo({0: 0.3}).png(480))[6:28]) == 0


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_fonts_have_every_character_of_every_label(code: str) -> None:
    known: set[int] = set()
    for font in raster.fonts():
        known |= set(TTFont(font).getBestCmap())
    labels = "".join(text for key, text in catalogue(code).items() if key.startswith("figure."))
    assert {each for each in labels if ord(each) not in known} == set()
    assert {ord(each) for each in "0123456789⁻⁰¹²³⁴⁵⁶⁷⁸⁹×·…⌊⌋\u202f\u00a0"} <= known


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_text_reaches_the_right_edge(code: str) -> None:
    with language(code):
        drawn = [
            figures.comparison(
                [[0.5] * 60] * 60, [[0.5] * 60] * 60, [[1e-16] * 60] * 60,
                exact=[[True] * 60] * 60, image_size=142, window=24, stride=2,
            ),
            figures.error_map(ERRORS, image_size=256),
            figures.placed(LEVELS, **PLACE),
            figures.placed(
                [[0.5] * 9] * 3, image_size=(130, 200), window=(64, 96), stride=(33, 13)
            ),
            figures.halo({0: 0.3, 32: 1e-16}),
        ]  # fmt: skip
    for figure in drawn:
        drawn_alone = re.sub(r"<text.*?</text>", "", figure.plain(), flags=re.DOTALL)
        edges = [
            pixels(picture)[:, -3:] for picture in (figure.png(480), raster.png(drawn_alone, 480))
        ]
        assert (edges[0] == edges[1]).all(), figure.title


def test_a_photograph_is_in_the_picture_whole_and_faint() -> None:
    figure = figures.comparison(ERRORS, ERRORS, ERRORS, image_size=256, photograph=photograph())
    for theme in svg.THEMES:
        found = pixels(figure.png(480, theme)).reshape(-1, 3)
        whole = np.array([250, 120, 10])
        faint = 0.3 * whole + 0.7 * colour("paper", theme)
        many = [(np.abs(found - each).max(-1) <= 2).sum() for each in (whole, faint)]
        # One image whole, three with a map in their middle.
        assert many[0] > 30_000
        assert many[1] > 80_000


@pytest.mark.parametrize("theme", svg.THEMES)
def test_moments_drawn_on_what_they_share_are_the_moments_drawn_whole(theme: Any) -> None:
    for figure in (
        figures.comparison(ERRORS, ERRORS, ERRORS, image_size=256, photograph=photograph()),
        figures.stride(7, 3, 2),
    ):
        moments = [figure.plain(theme, step) for step in range(figure.steps)]
        assert len(moments) > 1
        for moment, drawn in zip(moments, raster.pngs(moments, 300), strict=True):
            # Each layer rounds its colours; what lies in another order differs by more.
            assert np.abs(pixels(drawn) - pixels(raster.png(moment, 300))).max() <= 8


def test_moments_that_share_nothing_are_drawn_whole() -> None:
    one, other = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n} 9"/>' for n in (9, 8))
    assert list(raster.pngs([one, other], 9)) == [raster.png(one, 9), raster.png(other, 9)]
    assert list(raster.pngs([one], 9)) == [raster.png(one, 9)]
    assert list(raster.pngs([])) == []


@pytest.mark.parametrize(
    ("beginning", "shared"),
    [
        ('<svg><title>a</title><g a="b"><rect/><g><path/></g><text>c</text><path d="M', "c</text>"),
        ('<svg><g a="b"><rect/><g><path/><path/>', "<rect/>"),
        ('<svg><g a="b"><g><path/>', ""),
        ("<svg><title>a</title>", ""),
        ("", ""),
    ],
)
def test_only_whole_elements_are_shared(beginning: str, shared: str) -> None:
    start, end = raster._shared(beginning)
    assert beginning[start:end].endswith(shared)
    assert (start == end) == (not shared)


def test_a_picture_is_the_same_twice() -> None:
    figure = figures.error_map(ERRORS, image_size=256)
    assert figure.png() == figure.png()
    assert figure.png() != figure.png(theme="dark")


# --- Files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["heat.png", "heat.PNG"])
def test_saving_a_picture_writes_the_whole_file_and_nothing_else(tmp_path: Path, name: str) -> None:
    figure = figures.error_map(ERRORS, image_size=256)
    figure.save(tmp_path / name)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == figure.png()


def test_a_picture_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "heat.png"
    path.write_bytes(b"old")
    figure = figures.error_map(ERRORS, image_size=256)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(CnnExplainError):
        figure.save(path)
    monkeypatch.undo()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write", fail)
    with pytest.raises(ArgumentError, match="No space left"):
        figure.save(path)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("heat.png", b"old")]


# --- What is missing or wrong -------------------------------------------------------------------


def test_figures_need_no_library_until_a_picture_is_asked_for(
    fresh_python: Callable[[str], str],
) -> None:
    program = (
        "import sys\nfrom cnnexplain import figures\nfigures.halo({0: 0.3}).html\n"
        "print(*{'resvg_py', 'matplotlib', 'cnnexplain.raster'} & set(sys.modules))\n"
        "figures.halo({0: 0.3}).png()\n"
        # matplotlib's fonts are files; the package itself is slow, and draws differently once
        # the Japanese one is imported.
        "print(*{'matplotlib', 'matplotlib_fontja'} & set(sys.modules))"
    )
    assert fresh_python(program).split() == []


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(CnnExplainError) as caught:
        figures.halo({0: 0.3}).png()
    assert str(caught.value).splitlines() == [
        "expected: resvg-py, which draws PNG",
        "received: import of resvg_py halted; None in sys.modules",
        'cure: pip install "cnnexplain[export]"',
    ]


def test_a_missing_font_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "find_spec", lambda _: None)
    with pytest.raises(CnnExplainError) as caught:
        figures.halo({0: 0.3}).png()
    assert str(caught.value).splitlines() == [
        "expected: the font DejaVuSans.ttf of the package matplotlib",
        "received: no such file",
        'cure: pip install "cnnexplain[export]"',
    ]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (0, "received: width=0"),
        (2.5, "received: width=2.5"),
        (10**6, "expected: width of at most 8192 pixels"),
    ],
)
def test_a_width_that_is_none_is_refused(width: Any, line: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.halo({0: 0.3}).png(width)
    assert line in str(caught.value)


@pytest.mark.parametrize("theme", ["Dark", None, 1])
def test_a_theme_that_does_not_exist_is_refused(theme: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.halo({0: 0.3}).png(theme=theme)
    assert str(caught.value).splitlines() == [
        "expected: theme as one of light, dark",
        f"received: theme={theme!r}",
        'cure: write for example theme="dark"',
    ]


def test_variables_are_refused_since_they_would_be_drawn_black() -> None:
    with pytest.raises(ArgumentError) as caught:
        raster.png(figures.halo({0: 0.3}).svg)
    assert str(caught.value).splitlines() == [
        "expected: an SVG whose colours are written out",
        "received: an SVG with CSS variables",
        "cure: use figure.png() or figure.save()",
    ]


def test_what_is_no_svg_is_refused() -> None:
    with pytest.raises(ArgumentError, match="expected: an SVG that can be drawn"):
        raster.png("<svg")


def test_a_missing_pillow_is_named_before_anything_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = '<svg viewBox="0 0 9 9"><g class="all"><rect width="9" height="9"/>'
    moments = [f'{box}<circle r="{radius}"/></g></svg>' for radius in (1, 2)]
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setattr(raster, "png", lambda *_: pytest.fail("was drawn"))
    with pytest.raises(CnnExplainError) as caught:
        list(raster.pngs(moments))
    assert str(caught.value).splitlines() == [
        "expected: Pillow, which makes films",
        "received: import of PIL halted; None in sys.modules",
        'cure: pip install "cnnexplain[export]"',
    ]
