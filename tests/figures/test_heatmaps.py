"""Heatmaps at their true places: structure, never pixels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.moments import SVG, matched, numbers, of_class, parse, rectangle, sentences, words

from cnnexplain import figures
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.figures import cells, scales, svg
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable, Iterator

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)  # one red pixel
HOSTILE = '<script>alert("&")</script> ' * 3


def peak(rows: int, columns: int) -> list[list[float]]:
    """A smooth map of probabilities with one peak."""
    return [
        [
            0.02 + 0.95 * 0.7 ** (abs(row - rows / 3) + abs(at - columns / 2))
            for at in range(columns)
        ]
        for row in range(rows)
    ]


def padded(rows: int, columns: int) -> list[list[float]]:
    """Errors of a padded network: corners .20, edges .27, interior .35."""
    inner = [
        (0 < row < rows - 1) + (0 < at < columns - 1)
        for row in range(rows)
        for at in range(columns)
    ]
    values = [(0.20, 0.27, 0.35)[each] for each in inner]
    return [values[row * columns : (row + 1) * columns] for row in range(rows)]


def spread(rows: int, columns: int) -> list[list[float]]:
    """Errors over four decades, and one that is rounding."""
    generator = np.random.default_rng(0)
    values = 10 ** generator.uniform(-4, -0.9, (rows, columns))
    values[-1, -1] = 3e-16
    return [[float(each) for each in row] for row in values]


def only(rows: int, columns: int, *named: tuple[int, int]) -> list[list[bool]]:
    return [[(row, at) in named for at in range(columns)] for row in range(rows)]


PLACES: dict[str, dict[str, Any]] = {
    "photo": {},
    "face": {"image_size": 110, "window": 24, "stride": 4},
    "one cell": {"image_size": 224},
    "rectangular": {"image_size": (130, 200), "window": (64, 96), "stride": (33, 13)},
    "windows apart": {"image_size": (100, 90), "window": (10, 20), "stride": (30, 35)},
    "tall": {"image_size": (900, 60), "window": (100, 40), "stride": (100, 20)},
    "sixty": {"image_size": 142, "window": 24, "stride": 2},
}
every_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
every_language = pytest.mark.parametrize("code", LANGUAGES)


def shape(place: dict[str, Any]) -> tuple[int, int]:
    return cells.grid(*({"image_size": 384, "window": 224, "stride": 32} | place).values()).shape


def compared(place: dict[str, Any], **more: Any) -> figures.Figure:
    rows, columns = shape(place)
    scores = peak(rows, columns)
    more = {"probabilities": True} | more
    return figures.comparison(scores, scores, spread(rows, columns), **place, **more)


HALOS: dict[str, Callable[[], figures.Figure]] = {
    "halo": lambda: figures.halo({0: 0.30, 32: 0.12, 64: 0.016, 96: 3e-16}),
    "halo, slow": lambda: figures.halo({0: 0.38, 96: 0.02, 128: 0.005, 192: 7e-5, 1000: 0.0}),
    "halo, none": lambda: figures.halo({64: 2e-16, 32: 3e-7}),
    "halo, window": lambda: figures.halo({0: 0.30, 32: 0.12, 96: 3e-16}, window=224),
    "halo, photograph": lambda: figures.halo(
        {0: 0.30, 32: 0.12, 64: 0.016, 96: 0.0}, window=224, image_size=384, photograph=PNG
    ),
    "halo, rectangular": lambda: figures.halo(
        {0: 0.3, 9: 0.0}, window=(30, 60), image_size=(40, 90)
    ),
}
CASES: dict[str, Callable[[], figures.Figure]] = {
    **{f"comparison, {name}": partial(compared, place) for name, place in PLACES.items()},
    "comparison, exact": lambda: compared({}, exact=only(6, 6, (5, 5)), photograph=PNG),
    "comparison, named": lambda: compared({}, name=HOSTILE, probabilities=False),
    "comparison, tiny errors": lambda: figures.comparison(
        peak(22, 22),
        peak(22, 22),
        (np.array(spread(22, 22)) / 1e4).tolist(),
        rounding=1e-9,
        **PLACES["face"],
    ),
    "errors, more than all": lambda: figures.error_map([[2.03, 0.4], [0.1, 1.0]], image_size=256),
    "nothing but rounding": lambda: figures.comparison(
        peak(6, 6), peak(6, 6), [[4e-16] * 6] * 6, exact=[[True] * 6] * 6
    ),
    "errors": lambda: figures.error_map(padded(6, 6), exact=only(6, 6), photograph=PNG),
    "errors, small": lambda: figures.error_map([[0.001, 0.25], [0.0, 3.5]], image_size=256),
    "errors, seven": lambda: figures.error_map(padded(7, 7), image_size=416),
    "placed": lambda: figures.placed(
        peak(6, 6), photograph=PNG, name="espresso", probabilities=True
    ),
    "placed, face": lambda: figures.placed(peak(22, 22), **PLACES["face"]),
    "placed, nowhere else": lambda: figures.placed(peak(2, 2), image_size=448, stride=224),
    "placed, rectangular": lambda: figures.placed(
        peak(*shape(PLACES["rectangular"])), **PLACES["rectangular"]
    ),
    "placed, logits": lambda: figures.placed([[-3.25, 12.5], [4.0, 0.0]], image_size=256),
    "placed, large": lambda: figures.placed([[-3.25e9, 1e99], [4.0, 0.0]], image_size=256),
    "placed, the same": lambda: figures.placed([[7.0] * 6] * 6),
    "placed, one cell": lambda: figures.placed([[0.0]], image_size=224),
    "halo, one": lambda: figures.halo({0: 1.0}),
    "halo, one with its window": lambda: figures.halo({32: 1.0}, window=(40, 60)),
    **HALOS,
}
every_case = pytest.mark.parametrize("make", CASES.values(), ids=CASES)


@dataclass
class Map:
    """A map as it is drawn: where each cell lies, and what is laid over the paper there."""

    places: dict[tuple[int, int], tuple[float, float, float, float]]
    layers: dict[tuple[int, int], list[tuple[str, float]]]

    def level(self, cell: tuple[int, int]) -> float:
        """How far the cell is from the paper: 1 is the middle colour, 2 the full one."""
        return sum(opacity for _, opacity in self.layers[cell])


def drawn(root: ET.Element) -> list[Map]:
    """Read the maps of a figure back from its drawing: all cells, whatever lies over them."""
    found = []
    for group in of_class(root, "cx-cells"):
        if group.get("transform"):
            x, y, across, down = numbers(group.attrib["transform"])
            shown = Map({}, {})
            for path in group:
                for data in path.attrib["d"].split("z")[:-1]:
                    left, top, width, height = numbers(data)[:4]
                    for column in range(max(round(width), 1)):
                        # In the map's own units a cell is 1, or less where windows lie apart.
                        cell = int(top), int(left) + column
                        size = min(width, 1.0)
                        if path.get("class") == "cx-paper":
                            assert cell not in shown.places, "a cell is drawn twice"
                            shown.layers[cell] = []
                            shown.places[cell] = (
                                x + (left + column) * across,
                                y + top * down,
                                size * across,
                                height * down,
                            )
                        else:
                            opacity = float(path.get("fill-opacity", "1"))
                            shown.layers[cell].append((path.attrib["class"], opacity))
            found.append(shown)
    return found


def frames(root: ET.Element) -> list[tuple[float, float, float, float]]:
    """The places of the images."""
    return [rectangle(each) for each in of_class(root, "cx-input-line")]


def window_centres(image: int, window: int, stride: int) -> list[float]:
    """Where windows lie, by torch: the mean of the centres of their pixels."""
    pixels = torch.arange(image, dtype=torch.float64) + 0.5
    return pixels.unfold(0, window, stride).mean(1).tolist()


# --- Places -------------------------------------------------------------------------------------


@every_place
def test_every_cell_stands_about_the_centre_of_its_window(place: dict[str, Any]) -> None:
    root = parse(compared(place).svg)
    sizes = {"image_size": 384, "window": 224, "stride": 32} | place
    height, width = (
        [value if isinstance(value, int) else value[axis] for value in sizes.values()]
        for axis in (0, 1)
    )
    rows, columns = window_centres(*height), window_centres(*width)
    maps, places = drawn(root), frames(root)
    assert len(maps) == 3
    assert len(places) == 4
    # The third image is the input itself, which has no map.
    for shown, (x, y, across, down) in zip(maps, [*places[:2], places[3]], strict=True):
        unit = across / width[0]
        assert unit == pytest.approx(down / height[0], abs=1e-3)
        assert set(shown.places) == {(r, c) for r in range(len(rows)) for c in range(len(columns))}
        for (row, column), (left, top, wide, high) in shown.places.items():
            assert x + columns[column] * unit == pytest.approx(left + wide / 2, abs=0.05)
            assert y + rows[row] * unit == pytest.approx(top + high / 2, abs=0.05)
            assert wide == pytest.approx(min(width[1:]) * unit, abs=0.1)
            assert high == pytest.approx(min(height[1:]) * unit, abs=0.1)
            # A cell lies in its window, and so in the image.
            assert x - 0.05 <= left <= left + wide <= x + across + 0.05
            assert y - 0.05 <= top <= top + high <= y + down + 0.05


axes = st.integers(1, 60).flatmap(
    lambda window: st.tuples(st.integers(window, 200), st.just(window), st.integers(1, 60))
)


@given(axes)
def test_centres_and_displacement_are_those_that_counting_gives(axis: tuple[int, int, int]) -> None:
    image, window, stride = axis
    windows = cells.Windows(*axis, (image - window) // stride + 1)
    true = window_centres(image, window, stride)
    assert windows.centres == pytest.approx(true)
    edges = np.linspace(0, image, windows.count + 1)
    stretched = (edges[1:] + edges[:-1]) / 2
    assert windows.stretched_centres == pytest.approx(stretched.tolist())
    farthest = np.abs(stretched - true).max()
    assert windows.displacement == pytest.approx(farthest)


def test_a_stretched_map_is_drawn_over_the_whole_image_and_its_displacement_is_told() -> None:
    figure = figures.placed(peak(6, 6))
    root = parse(figure.svg)
    (true, stretched, *plates), (left, right) = drawn(root), frames(root)
    assert len(plates) == 2  # on which the numbers stand
    unit = left[2] / 384
    farthest = max(
        abs((a[0] + a[2] / 2 - left[0]) - (b[0] + b[2] / 2 - right[0])) / unit
        for a, b in zip(true.places.values(), stretched.places.values(), strict=True)
    )
    assert farthest == pytest.approx(80, abs=0.1)
    assert stretched.places[0, 0][:2] == pytest.approx(right[:2], abs=0.01)
    assert stretched.places[0, 0][2] * 6 == pytest.approx(right[2], abs=0.01)
    assert "largest displacement: 80 px ↕, 80 px ↔" in words(root)
    assert "true centres: 224/2 + 32·i = 112, 144, …, 272" in words(root)
    assert "stretched: 384/6·(i + 1/2) = 32, 96, …, 352" in words(root)
    assert "up to 80 pixels down and 80 pixels across" in figure.description


# --- Colours ------------------------------------------------------------------------------------


def luminance(colour: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def channels(role: str, theme: str) -> list[float]:
    colour = svg.PALETTE[role][svg.THEMES.index(theme)]
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def composed(layers: list[tuple[str, float]], theme: str) -> list[float]:
    """The colour of a cell: each layer over what lies below it, and the paper at the bottom."""
    colour = channels("paper", theme)
    for class_, opacity in layers:
        over = channels(class_.removeprefix("cx-"), theme)
        colour = [below + opacity * (a - below) for below, a in zip(colour, over, strict=True)]
    return colour


def ramp(role: str) -> Map:
    """A map with every step of colour once, from the paper to the full colour."""
    values = [[level / scales.LEVELS for level in range(scales.LEVELS + 1)]]
    place: dict[str, Any] = {"image_size": (24, 24 + 2 * scales.LEVELS), "window": 24, "stride": 2}
    if role == "score":
        return drawn(parse(figures.placed(values, **place).svg))[0]
    return drawn(parse(figures.error_map(values, **place).svg))[0]


@pytest.mark.parametrize("theme", svg.THEMES)
@pytest.mark.parametrize("role", ["score", "error"])
def test_lightness_follows_the_value_and_every_number_can_be_read(role: str, theme: str) -> None:
    shown = ramp(role)
    levels = [shown.level((0, at)) for at in range(scales.LEVELS + 1)]
    assert levels == pytest.approx([at / scales.MIDDLE for at in range(scales.LEVELS + 1)])
    lights = [luminance(composed(shown.layers[0, at], theme)) for at in range(scales.LEVELS + 1)]
    steps = [b - a for a, b in pairwise(lights)]
    assert all(step < 0 for step in steps) or all(step > 0 for step in steps)
    for at, light in enumerate(lights):
        ink = luminance(channels("on-high" if at > scales.MIDDLE else "on-low", theme))
        bright, dim = max(light, ink), min(light, ink)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5


@pytest.mark.parametrize("role", ["score-ink", "error-ink"])
def test_the_colours_of_names_have_contrast(role: str) -> None:
    for theme in ("light", "dark"):
        colours = (luminance(channels(each, theme)) for each in (role, "paper"))
        bright, dim = sorted(colours, reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5


def test_colours_are_monotone_and_both_maps_have_one_scale() -> None:
    low, high = peak(6, 6), [[value / 2 for value in line] for line in peak(6, 6)]
    first, second, _ = drawn(parse(figures.comparison(low, high, padded(6, 6)).svg))
    colours = [
        (value, shown.level((row, column)))
        for shown, values in ((first, low), (second, high))
        for row, line in enumerate(values)
        for column, value in enumerate(line)
    ]
    steps = [level for _, level in sorted(colours)]
    assert steps == sorted(steps)
    assert len(set(steps)) > 8


def test_corners_edges_and_interior_of_an_error_map_can_be_told_apart() -> None:
    (shown,) = drawn(parse(figures.error_map(padded(6, 6)).svg))
    corner, edge, interior = (shown.level(cell) for cell in ((0, 0), (0, 3), (2, 3)))
    assert 0 < corner < edge < interior


def test_what_is_more_than_rounding_has_a_colour_and_rounding_has_none() -> None:
    errors = [[1e-5, 1.1e-5], [0.35, 3e-16]]
    (shown,) = drawn(parse(figures.error_map(errors, image_size=256).svg))
    assert [bool(shown.layers[cell]) for cell in sorted(shown.layers)] == [False, True, True, False]
    (all_rounding,) = drawn(parse(figures.error_map(errors, image_size=256, rounding=0.4).svg))
    assert not any(all_rounding.layers.values())


def test_errors_are_hatched_where_no_numbers_tell_them_from_scores() -> None:
    assert of_class(parse(compared(PLACES["face"]).svg), "cx-hatch")
    assert not of_class(parse(compared({}).svg), "cx-hatch")
    rows, columns = shape(PLACES["face"])
    blank = figures.error_map([[0.0] * columns] * rows, **PLACES["face"])
    assert not of_class(parse(blank.svg), "cx-hatch")


def test_hatching_covers_exactly_the_cells_with_an_error() -> None:
    errors = [[0.3 * (row + column > 9) for column in range(12)] for row in range(12)]
    figure = figures.error_map(errors, image_size=12 + 5, window=6, stride=1)
    hatch, swatch = of_class(parse(figure.svg), "cx-hatch")
    assert swatch.get("d")
    covered = {
        (int(row) - 1 - step, int(column) + step)
        for column, row, length, _ in (numbers(each) for each in hatch.attrib["d"].split("M")[1:])
        for step in range(int(length))
    }
    assert covered == {(row, at) for row in range(12) for at in range(12) if errors[row][at]}


# --- Exact cells --------------------------------------------------------------------------------


def border(figure: figures.Figure) -> ET.Element | None:
    """The line around exact cells, which lies on a broader one of the paper's colour."""
    found = [
        each for each in of_class(parse(figure.svg), "cx-casing") if each.get("stroke-linecap")
    ]
    return found[0] if found else None


def outline(figure: figures.Figure) -> tuple[float, ...] | None:
    """The box around the border of exact cells."""
    path = border(figure)
    if path is None:
        return None
    points = []
    for x, y, kind, end in re.findall(r"M([\d.]+) ([\d.]+)([HV])([\d.]+)", path.attrib["d"]):
        points.append((float(x), float(y)))
        points.append((float(end), float(y)) if kind == "H" else (float(x), float(end)))
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def test_exact_cells_have_a_border() -> None:
    corner = figures.error_map(padded(6, 6), exact=only(6, 6, (5, 5)))
    (shown,) = drawn(parse(corner.svg))
    assert outline(corner) == pytest.approx(shown.places[5, 5], abs=0.02)
    every = figures.error_map(padded(6, 6), exact=[[True] * 6] * 6)
    (x, y, _, _), (_, _, width, height) = shown.places[0, 0], shown.places[5, 5]
    assert outline(every) == pytest.approx((x, y, 6 * width, 6 * height), abs=0.02)
    # One border around all of them, not one around each.
    path = border(every)
    assert path is not None
    assert path.attrib["d"].count("M") == 4


def test_without_exact_cells_there_is_no_border_but_the_key_says_so() -> None:
    none = figures.error_map(padded(6, 6), exact=only(6, 6))
    assert outline(none) is None
    assert "exact by geometry: 0 of 36" in words(parse(none.svg))
    assert "Cells that geometry predicts to be exact, outlined in green: 0 of 36." in (
        none.description
    )
    unknown = figures.error_map(padded(6, 6))
    assert "geometry" not in unknown.description + " ".join(words(parse(unknown.svg)))


# --- Words and numbers --------------------------------------------------------------------------


def in_cells(root: ET.Element) -> list[list[str]]:
    return [
        [each.text or "" for each in text if each.tag == f"{SVG}tspan"]
        for text in of_class(root, "cx-on-low")
    ]


def test_numbers_stand_in_the_cells_in_percent() -> None:
    first, second, errors = in_cells(parse(figures.comparison(
        [[0.9, 0.041], [0.5, 1.0]], [[0.8, 0.0], [0.4, 0.1]], [[0.20, 0.27], [0.004, 1e-16]],
        image_size=256, stride=32, probabilities=True,
    ).svg))  # fmt: skip
    assert first == ["90", "4", "50", "100"]
    assert second == ["80", "0", "40", "10"]
    assert errors == ["20", "27", "0.4", "0"]


def test_scores_are_percentages_only_if_they_are_said_to_be_probabilities() -> None:
    given = [[0.9, 0.041], [0.5, 1.0]]
    plain, percent = (
        figures.placed(given, image_size=256, probabilities=way) for way in (False, True)
    )
    assert in_cells(parse(plain.svg)) == [
        [".9", "0", ".5", "1"],
        ["0.90", "0.04", "0.50", "1.00"],
    ]
    assert in_cells(parse(percent.svg))[0] == ["90", "4", "50", "100"]
    assert "Scores from 0.041 to 1," in plain.description
    assert "%" not in plain.description + "".join(words(parse(plain.svg)))
    assert "Scores from 4.1% to 100%," in percent.description
    # A softmax of single precision may exceed 1 by rounding.
    rounded = figures.placed([[1.0000002]], image_size=224, probabilities=True)
    assert "100%" in rounded.description


@pytest.mark.parametrize("wrong", [1.001, -0.1])
def test_what_is_no_probability_is_not_written_in_percent(wrong: float) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.placed([[wrong]], image_size=224, probabilities=True)
    assert str(caught.value).splitlines() == [
        "expected: probabilities from 0 to 1",
        f"received: a score of {wrong}",
        "cure: take the softmax first, or leave out probabilities=True",
    ]


def test_numbers_are_rounded_where_a_cell_is_small() -> None:
    places: tuple[dict[str, Any], ...] = (
        {"image_size": 400, "window": 384, "stride": 16}, {"image_size": 256},
    )  # fmt: skip
    small, large = (
        in_cells(parse(figures.error_map([[0.2, 0.0134], [0.0004, 0.0]], **place).svg))[0]
        for place in places
    )
    assert small == ["20", "1", "<1", "0"]
    assert large == ["20", "1.3", "0.04", "0"]
    errors = [[2.03, 0.4], [0.996, 0.994]]
    narrow: dict[str, Any] = {"image_size": 400, "window": 384, "stride": 16}
    assert in_cells(parse(figures.error_map(errors, **narrow).svg))[0] == ["203", "40", "100", "99"]


def test_numbers_can_be_read_on_a_telephone() -> None:
    for figure in (compared({}), figures.error_map(padded(7, 7), image_size=416)):
        texts = of_class(parse(figure.svg), "cx-on-low")
        assert texts
        for each in texts:
            assert float(matched(r"font-size:([\d.]+)px", each.attrib["style"])[1]) >= 12


def test_the_least_score_is_told_as_it_is() -> None:
    figure = figures.placed([[-0.009, 21.1], [4.0, 5.0]], image_size=256)
    assert "Scores from −0.009 to 21.1" in figure.description
    assert "-" not in "".join(each for each in words(parse(figure.svg)) if each[-1:].isdigit())


def test_both_ends_of_a_bar_are_written() -> None:
    errors = np.full((6, 6), 2.03)
    said = words(parse(figures.comparison(errors * 0 + 0.5, errors * 0 + 0.4, errors).svg))
    assert {"0%", "300%"} <= set(said)


def test_a_list_has_one_separator_in_a_figure() -> None:
    place: dict[str, Any] = {"image_size": 384, "window": 1, "stride": 32}
    with language("fr"):
        lines = words(parse(figures.placed(np.zeros((12, 12)), **place).svg))
    lists = [each for each in lines if "…" in each]
    assert len(lists) == 2
    assert all("\N{NARROW NO-BREAK SPACE}; …" in each for each in lists)


def test_a_bar_has_percentages_or_powers_of_ten_and_never_both() -> None:
    rows, columns = shape(PLACES["face"])
    for least, mixed in ((1e-8, False), (1e-5, True), (1e-3, True)):
        errors = np.full((rows, columns), 0.3)
        errors[0, 0] = least
        figure = figures.error_map(errors, rounding=1e-9, **PLACES["face"])
        said = words(parse(figure.svg))
        bar = [each for each in said if re.fullmatch(r"10[⁻⁰-⁹¹²³]+|[\d.]+%?", each)]
        assert len(bar) > 2
        assert {each.endswith("%") for each in bar if each != "1"} == {mixed}
        assert ("relative error (%)" in said) == mixed

    scores = in_cells(parse(figures.placed([[-3.25, 12.5], [4.0, 0.0]], image_size=256).svg))
    assert scores == [["−3", "12", "4", "0"], ["−3.2", "12.5", "4.0", "0"]]


def test_numbers_stand_in_the_middle_of_their_cells() -> None:
    root = parse(figures.error_map(padded(6, 6)).svg)
    (shown,) = drawn(root)
    (text,) = of_class(root, "cx-on-low")
    size = float(matched(r"font-size:([\d.]+)px", text.attrib["style"])[1])
    baseline = 0.0
    for (x, y, width, height), number in zip(shown.places.values(), text, strict=True):
        assert float(number.attrib["x"]) == pytest.approx(x + width / 2, abs=0.06)
        baseline = float(number.get("y", baseline))
        assert y < baseline - 0.7 * size < baseline < y + height
        assert svg.text_width(number.text or "", size) <= width


def test_only_few_cells_have_numbers() -> None:
    assert in_cells(parse(figures.error_map(padded(7, 7), image_size=416).svg))
    assert not in_cells(parse(figures.error_map(padded(8, 8), image_size=448).svg))
    # Too small to be read.
    assert not in_cells(parse(figures.error_map([[0.2]], image_size=512, window=512, stride=4).svg))


@every_language
def test_numbers_are_localised(code: str) -> None:
    with language(code):
        figure = figures.halo({0: 0.016, 1200: 3e-16})
        scores = figures.placed([[1.25, 2.5], [3.75, 4.0]], image_size=256)
    said = words(parse(figure.svg)) + words(parse(scores.svg))
    assert {"en": "1.6%", "ja": "1.6%", "fr": "1,6\u00a0%"}[code] in said
    assert {"en": "1,200 px", "ja": "1,200 px", "fr": "1\u202f200\u00a0px"}[code] in said
    assert {"en": "2.5", "ja": "2.5", "fr": "2,5"}[code] in chain(*in_cells(parse(scores.svg)))
    assert "3×10⁻¹⁶" in figure.title


@pytest.mark.parametrize("errors", [{0: 0.30, 32: 0.093, 96: 3e-16}, {0: 1.0}, {0: 0.02, 9: 0.5}])
def test_every_error_lies_on_its_grid(errors: dict[int, float]) -> None:
    root = parse(figures.halo(errors).frame(len(errors) - 1))
    (lines,) = (each for each in of_class(root, "cx-guide") if each.get("stroke-opacity"))
    ends = [float(x) for x in re.findall(r"M([\d.]+) ", lines.get("d", ""))]
    spots = [float(each.get("cx", "")) for each in of_class(root, "cx-spot")]
    assert spots
    assert min(ends) <= min(spots) <= max(spots) <= max(ends)


def test_like_numbers_are_told_with_like_digits() -> None:
    scale = scales.score_scale([0.0, 0.97], probabilities=True)
    assert [scale.precise(each) for each in (0.97, 0.031, 0.000504, 0.00049, 0.0)] == [
        *("97%", "3.1%", "0.05%", "0.049%", "0%"),
    ]


@every_language
@every_case
def test_title_and_description_are_in_the_current_language(
    make: Callable[[], figures.Figure], code: str
) -> None:
    with language(code):
        figure = make()
    root = parse(figure.svg)
    assert root.get("lang") == figure.language == code
    assert root.findtext(f"{SVG}title") == figure.title
    assert root.findtext(f"{SVG}desc") == figure.description
    assert "{" not in figure.title + figure.description + " ".join(words(root))
    assert bool(re.search("[ぁ-ん]", figure.description)) == (code == "ja")
    assert bool(re.search("erreur|Des fenêtres", figure.description)) == (code == "fr")


@every_language
def test_the_description_tells_the_main_numbers(code: str) -> None:
    with language(code):
        figure = compared({}, exact=only(6, 6, (5, 5), (0, 0)))
        errors = figures.error_map([[0.2, 0.362], [1e-16, 0.3]], image_size=256)
        halo = figures.halo({0: 0.30, 96: 3e-16})
    told = figure.description.replace("\u00a0", " ")
    for number in ("6×6", "36", "224×224", "384×384", "32", "112", "272", "2"):
        assert re.search(rf"(?<![\d,.]){number}(?![\d×])", told), number
    said = {"en": "2 of 36", "ja": "36 個のうち 2 個", "fr": "2 sur 36"}[code]
    assert said in told
    percent = {"en": "36%", "ja": "36%", "fr": "36\u00a0%"}[code]
    assert percent in errors.description
    assert percent in errors.title
    assert "1×10⁻¹⁶" in errors.description
    for number in ("96", "3×10⁻¹⁶", percent.replace("36", "30")):
        assert number in halo.description


def test_a_class_is_named_in_title_heading_and_description_and_stays_text() -> None:
    for figure in (
        figures.placed(peak(6, 6), name="espresso"),
        compared({}, name="espresso"),
    ):
        assert "espresso" in figure.title
        assert "The scores are those of “espresso”." in figure.description
        assert any(each.startswith("espresso, window 224×224") for each in words(parse(figure.svg)))
    hostile = compared({}, name=HOSTILE)
    root = parse(hostile.inline("a"))
    assert not [each for each in root.iter() if "script" in each.tag]
    assert f"“{HOSTILE.strip()}”" in hostile.description
    (shown,) = (each for each in words(parse(hostile.svg)) if each.startswith("<script>"))
    assert shown.startswith('<script>alert("&")</scri…, window')


@pytest.mark.parametrize("wrong", ["", " \n", 967, b"espresso", "\x00\ud800"])
def test_what_is_no_name_is_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        compared({}, name=wrong)
    assert str(caught.value).splitlines() == [
        "expected: name as a text that is not empty",
        f"received: name={wrong!a}",
        'cure: write for example name="espresso"',
    ]


def test_a_name_is_one_line_of_what_can_be_written() -> None:
    figure = compared({}, name="Egyptian\n\x07cat \u202e\ud800猫" + "x" * 500)
    assert "“Egyptian cat 猫xxx" in figure.description
    assert len(figure.title) < 150
    figure.svg.encode()


@every_case
def test_the_drawing_is_the_same_in_every_language(make: Callable[[], figures.Figure]) -> None:
    found = []
    for code in LANGUAGES:
        with language(code):
            figure = make()
        root = parse(figure.svg)
        shapes = [
            (each.tag, {key: value for key, value in each.items() if key != "lang"})
            for each in root.iter()
            if each.tag != f"{SVG}text"
        ]
        found.append((figure.height, shapes))
    assert found[0] == found[1] == found[2]


@every_language
@every_case
def test_no_text_is_cut(make: Callable[[], figures.Figure], code: str) -> None:
    with language(code):
        figure = make()
    roots = [parse(figure.frame(step)) for step in range(figure.steps)]
    for each in chain.from_iterable(map(unclipped, roots)):
        class_ = each.get("class", "")
        if "cx-on-low" in class_:
            continue
        bold = "title" in class_ or "ink" in class_
        size = 17 if "title" in class_ else 15.5 if "small" in class_ else 16
        width = svg.text_width("".join(each.itertext()), size, bold=bold)
        x = float(each.attrib["x"])
        start = x - width if "cx-end" in class_ else x - width / 2 if "middle" in class_ else x
        assert start >= 0, each.text
        assert start + width <= svg.WIDTH, each.text
        assert 10 < float(each.attrib["y"]) < figure.height


def unclipped(root: ET.Element) -> Iterator[ET.Element]:
    """All texts but those that move behind a window of their own, where a browser looks at them."""
    for each in root:
        if each.tag == f"{SVG}text":
            yield each
        elif each.tag != f"{SVG}svg":
            yield from unclipped(each)


def boxes(root: ET.Element) -> list[tuple[str, float, float, float]]:
    found = []
    for each in unclipped(root):
        class_ = each.get("class", "")
        if "cx-on-low" not in class_:
            content = "".join(each.itertext())
            # Real fonts need less than the estimate, which must never be too small.
            width = 0.9 * svg.text_width(content, 15.5, bold="ink" in class_)
            x = float(each.attrib["x"])
            start = x - width if "cx-end" in class_ else x - width / 2 if "middle" in class_ else x
            found.append((content, start, start + width, float(each.attrib["y"])))
    return found


@every_language
@every_case
def test_no_text_runs_into_another(make: Callable[[], figures.Figure], code: str) -> None:
    with language(code):
        figure = make()
        found = boxes(parse(figure.frame(figure.steps - 1)))
    for at, (text, start, end, y) in enumerate(found):
        for other, other_start, other_end, other_y in found[at + 1 :]:
            apart = end <= other_start or other_end <= start or abs(y - other_y) >= 16
            assert apart, (text, other)


def test_the_scale_of_scores_has_round_numbers() -> None:
    assert scales.score_scale([0.31, 0.31]).ticks[0] == 0
    assert scales.score_scale([-4.0, -4.0]).ticks[-1] == 0
    assert scales.score_scale([0.0]).ticks[-1] == 1
    shares = scales.score_scale([0.02, 0.97], probabilities=True)
    assert [shares.label(tick) for tick in (0.0, 0.25)] == ["0%", "25%"]
    assert [scales.score_scale([0.02, 0.97]).label(tick) for tick in (0.0, 0.25)] == ["0", "0.25"]
    wide = scales.score_scale([-1e99, 1e99])
    assert wide.label(wide.high) == "1×10⁹⁹"


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=9))
def test_every_score_lies_on_its_scale(values: list[float]) -> None:
    scale = scales.score_scale(values)
    assert scale.high > scale.low
    for value in values:
        assert -0.01 <= scale.part(value) <= 1.01
    assert [scale.level(value) for value in sorted(values)] == sorted(map(scale.level, values))
    assert len(scale.ticks) <= 8


@given(st.lists(st.floats(0, 1e100), min_size=1, max_size=9), st.booleans())
def test_every_error_lies_on_its_scale(values: list[float], logarithmic: bool) -> None:
    scale = scales.error_scale(values, logarithmic=logarithmic)
    real = sorted(value for value in values if value > scales.ROUNDING)
    assert (scale is None) == (not real)
    if scale:
        assert [scale.level(value) for value in real] == sorted(map(scale.level, real))
        assert all(-0.01 <= scale.part(value) <= 1.01 for value in real)


# --- The sweep of contexts ----------------------------------------------------------------------


def test_errors_fall_with_the_context_until_nothing_but_rounding_is_left() -> None:
    root = parse(figures.halo({64: 0.016, 0: 0.30, 96: 3e-16, 32: 0.12}).svg)
    points = [
        (float(each.attrib["cx"]), float(each.attrib["cy"])) for each in of_class(root, "cx-spot")
    ]
    xs, ys = zip(*points, strict=True)
    assert list(ys) == sorted(ys)
    # Equal quotients are equally far on a logarithmic axis.
    scale = (xs[0] - xs[1]) / np.log(0.30 / 0.12)
    assert xs[1] - xs[2] == pytest.approx(scale * np.log(0.12 / 0.016), abs=0.01)
    circles = [each for each in of_class(root, "cx-exact") if each.get("cx")]
    ring = min(circles, key=lambda each: float(each.attrib["cy"]))
    assert float(ring.attrib["cx"]) < min(xs)
    assert float(ring.attrib["cy"]) > max(ys)
    assert {"0", "1%", "10%", "100%", "30%", "12%", "1.6%", "rounding only"} <= set(words(root))


def test_without_rounding_there_is_no_column_for_it() -> None:
    said = words(parse(figures.halo({0: 0.3, 32: 0.2}).svg))
    assert "0" not in said
    assert "rounding only" not in said


@pytest.mark.parametrize("make", HALOS.values(), ids=HALOS)
def test_the_sweep_moves_from_context_to_context_and_all_errors_are_there_at_each(
    make: Callable[[], figures.Figure],
) -> None:
    figure = make()
    frames = [parse(figure.frame(step)) for step in range(figure.steps)]
    rows = []
    for root in frames:
        points = list(root.iter(f"{SVG}circle"))[: figure.steps]
        assert len(points) == figure.steps
        (mark,) = of_class(root, "cx-shift")
        top = float(mark.attrib["y"])
        (inside,) = [
            at
            for at, point in enumerate(points)
            if top < float(point.attrib["cy"]) < top + float(mark.attrib["height"])
        ]
        rows.append(inside)
    assert rows == list(range(figure.steps))
    assert len(sentences(figure)) == figure.steps
    assert figure.still == figure.steps - 1


def test_the_context_grows_around_the_window_as_far_as_the_image_goes() -> None:
    contexts = [0, 20, 64, 96]
    figure = figures.halo(dict.fromkeys(contexts, 0.1), window=224, image_size=(384, 500))
    for step, context in enumerate(contexts):
        root = parse(figure.frame(step))
        x, y, width, height = frames(root)[0]
        unit = width / 500
        assert height == pytest.approx(384 * unit, abs=0.01)
        window = next(each for each in of_class(root, "cx-window") if each.tag == f"{SVG}rect")
        found = [float(window.attrib[key]) for key in ("x", "y", "width", "height")]
        wanted = [x + 138 * unit, y + 80 * unit, 224 * unit, 224 * unit]
        assert found == pytest.approx(wanted, abs=0.01)
        dashed = [each for each in of_class(root, "cx-window") if each.get("stroke-dasharray")]
        assert len(dashed) == (context > 0)
        if context:
            left, top, wide, high = numbers(dashed[0].attrib["d"])[:4]
            rows = max(0, 80 - context), min(384, 304 + context)
            columns = 138 - context, 362 + context
            assert (left - x) / unit == pytest.approx(columns[0], abs=0.1)
            assert (top - y) / unit == pytest.approx(rows[0], abs=0.1)
            assert wide / unit == pytest.approx(columns[1] - columns[0], abs=0.1)
            assert high / unit == pytest.approx(rows[1] - rows[0], abs=0.1)


def test_beside_percents_rounding_is_called_so() -> None:
    halo = figures.halo({0: 0.30, 96: 3e-16}, window=224)
    assert halo.title.endswith("30%, 3×10⁻¹⁶ (rounding)")
    assert "3×10⁻¹⁶ (rounding)" in words(parse(halo.frame(1)))
    for said in [halo.description, *sentences(halo)]:
        assert said.count("3×10⁻¹⁶") == said.count("3×10⁻¹⁶ (rounding)")
    one = figures.error_map([[0.2, 3e-16]], image_size=(224, 256))
    assert "from 3×10⁻¹⁶ (rounding) to 20%" in one.description
    none = figures.error_map([[4e-16]], image_size=224)
    assert none.title.endswith("at most 4×10⁻¹⁶ (rounding)")
    assert "rounding only" in words(parse(none.svg))


@pytest.mark.parametrize(
    ("wrong", "lines"),
    [
        ({"image_size": 384}, [
            "expected: the window that is drawn on the image",
            "received: image_size=384",
            "cure: give the window's size too, for example window=224"]),
        ({"photograph": PNG}, [
            "expected: the window that is drawn on the image",
            "received: a photograph",
            "cure: give the window's size too, for example window=224"]),
        ({"photograph": b"GIF89a", "window": 224}, [
            "expected: photograph as the bytes of a PNG or JPEG file",
            "received: photograph=b'GIF89a'",
            'cure: write for example photograph=Path("cat.jpg").read_bytes()']),
        ({"window": 224, "image_size": 200}, [
            "expected: a window of at most 200, the size of the image",
            "received: window=224",
            "cure: use window=200 or less, or image_size=224 or more"]),
        ({"window": 0}, [
            "expected: window as an integer of at least 1",
            "received: window=0",
            "cure: use window=1 or more"]),
        ({"window": (1, 2, 3)}, [
            "expected: window as a number, or one for rows and one for columns",
            "received: window=(1, 2, 3)",
            "cure: write for example window=32"]),
    ],
)  # fmt: skip
def test_a_picture_that_cannot_be_drawn_is_refused(wrong: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(CnnExplainError) as caught:
        figures.halo({0: 0.3, 32: 0.1}, **wrong)
    assert str(caught.value).splitlines() == lines


# --- Figures that stand still -------------------------------------------------------------------


STILL = {
    name: make for name, make in CASES.items() if name.startswith("halo, one") or "one cell" in name
}


@pytest.mark.parametrize("make", STILL.values(), ids=STILL)
def test_a_figure_that_stands_still_has_no_controls_and_no_script(
    make: Callable[[], figures.Figure],
) -> None:
    figure = make()
    assert figure.steps == 1
    assert figure.script is None
    for text in (figure.html, figure.inline("a"), figure.svg, figure.frame(0)):
        assert "<script" not in text
        assert "data-cx" not in text
        assert "animation:" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    assert "\n\n" not in figure.inline("a")
    assert not re.search("<style|<script", figure.inline("a"))
    assert "@keyframes" not in figure.svg
    parse(figure.frame(0))
    parse(figure.inline("a"))
    with pytest.raises(ArgumentError, match="a step from 0 to 0"):
        figure.frame(1)


def test_a_page_of_one_has_no_script_either(tmp_path: Any) -> None:
    path = tmp_path / "a.html"
    figures.halo({0: 0.3}).save(path)
    assert "<script" not in path.read_text(encoding="utf-8")


@every_case
def test_every_class_that_is_drawn_has_a_rule(make: Callable[[], figures.Figure]) -> None:
    body = make().inline("a")
    for names in set(re.findall(r'class="([^"]+)"', body)):
        for name in names.split():
            assert re.search(rf"\.{name}[^\w-]", figures.site_style()), name


@every_case
def test_the_same_values_give_the_same_bytes(make: Callable[[], figures.Figure]) -> None:
    one, other = make(), make()
    assert (one.svg, one.html, one.inline("a")) == (other.svg, other.html, other.inline("a"))
    assert one == other


def test_figures_are_small() -> None:
    rows, columns = shape(PLACES["face"])
    noise = np.random.default_rng(1).random((3, rows, columns))
    exact = only(rows, columns, (rows - 1, columns - 1))
    face = figures.comparison(*noise, **PLACES["face"], exact=exact)
    assert len(face.inline("a").encode()) < 45_000
    assert len(compared(PLACES["face"]).inline("a").encode()) < 32_000
    assert len(compared(PLACES["sixty"]).inline("a").encode()) < 120_000
    assert len(compared({}).inline("a").encode()) <= 20_000
    assert len(figures.placed(peak(6, 6)).inline("a").encode()) <= 20_000
    assert len(figures.error_map(padded(6, 6)).inline("a").encode()) <= 20_000


def test_as_many_cells_as_allowed_can_be_drawn() -> None:
    figure = figures.error_map(spread(128, 128), image_size=384 + 127, window=384, stride=1)
    (shown,) = drawn(parse(figure.svg))
    assert len(shown.places) == 128 * 128


# --- Photographs --------------------------------------------------------------------------------


def test_a_photograph_stands_once_and_its_id_is_the_figures_own() -> None:
    figure = compared({}, photograph=PNG)
    pages = [figure.inline("one"), figure.inline("two")]
    for page, name in zip(pages, ("one", "two"), strict=True):
        root = parse(page)
        (symbol,) = root.iter(f"{SVG}symbol")
        assert symbol.attrib["id"].startswith(f"{name}-")
        uses = list(root.iter(f"{SVG}use"))
        assert [each.get("href") for each in uses] == [f"#{symbol.get('id')}"] * 4
        # Faint under the maps, whole as the input.
        assert [each.get("opacity") for each in uses] == [".3", ".3", None, ".3"]
    assert pages[0].count("base64") == 1
    assert "The photograph lies under the map." in figure.description


def test_the_kind_of_a_photograph_is_found_from_its_bytes() -> None:
    assert "data:image/png;base64," in compared({}, photograph=PNG).svg
    jpeg = bytes.fromhex("ffd8ffe000064a464946ffc0000b080002000301011100ffda0002ffd9")
    assert "data:image/jpeg;base64," in compared({}, photograph=bytearray(jpeg)).svg


@pytest.mark.parametrize(
    ("photograph", "lines"),
    [
        (
            PNG[:-9],
            [
                "expected: photograph as a whole PNG or JPEG file",
                f"received: {len(PNG) - 9} bytes, without the end of such a file",
                "cure: save it again",
            ],
        ),
        (
            PNG[:16] + (30_000).to_bytes(4) * 2 + PNG[24:],
            [
                "expected: photograph of at most 50 million pixels",
                "received: 30000×30000 pixels",
                "cure: make it smaller: a figure shows a few hundred pixels of it",
            ],
        ),
        (
            b"\xff\xd8\xff\xd9",
            [
                "expected: photograph as a whole PNG or JPEG file",
                "received: 4 bytes, without the size of such a file",
                "cure: save it again",
            ],
        ),
        (
            b"\xff\xd8\xff" + bytes(5_000_000) + b"\xff\xd9",
            [
                "expected: photograph of at most 4 MB",
                "received: 5.0 MB",
                "cure: make it smaller: a figure shows a few hundred pixels of it",
            ],
        ),
    ],
)
def test_a_photograph_that_is_cut_or_huge_is_refused(photograph: bytes, lines: list[str]) -> None:
    with pytest.raises(ArgumentError) as caught:
        compared({}, photograph=photograph)
    assert str(caught.value).splitlines() == lines


@pytest.mark.parametrize("wrong", ["cat.jpg", b"GIF89a", b"", 5])
def test_what_is_no_photograph_is_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        compared({}, photograph=wrong)
    assert str(caught.value).splitlines() == [
        "expected: photograph as the bytes of a PNG or JPEG file",
        f"received: photograph={wrong!r}",
        'cure: write for example photograph=Path("cat.jpg").read_bytes()',
    ]


# --- Arguments ----------------------------------------------------------------------------------


def test_arrays_and_tensors_are_maps_too() -> None:
    scores, errors, exact = peak(6, 6), padded(6, 6), only(6, 6, (0, 0))
    from_lists = figures.comparison(scores, scores, errors, exact=exact)
    from_tensors = figures.comparison(
        torch.tensor(scores, dtype=torch.float64),
        np.array(scores),
        torch.tensor(errors, dtype=torch.float64),
        exact=torch.tensor(exact),
    )
    assert from_lists == from_tensors


GOOD: dict[str, Any] = {"sliding": peak(6, 6), "one_pass": peak(6, 6), "errors": padded(6, 6)}
A_MAP = "cure: give a map of two dimensions, for example sliding=[[0.1, 0.9], [0.2, 0.3]]"
FITTING = "expected: {} with {} cells, one for each 224×224 window at stride {} on a 384×384 image"
GEOMETRY = "cure: give the image_size, window and stride that the map was made with"


@pytest.mark.parametrize(
    ("wrong", "error", "lines"),
    [
        ({"one_pass": peak(5, 6)}, ShapeError, [
            FITTING.format("one_pass", "6×6", "32×32"),
            "received: one_pass with 5×6 cells", GEOMETRY]),
        ({"errors": padded(6, 7)}, ShapeError, [
            FITTING.format("errors", "6×6", "32×32"),
            "received: errors with 6×7 cells", GEOMETRY]),
        ({"exact": only(3, 3)}, ShapeError, [
            FITTING.format("exact", "6×6", "32×32"),
            "received: exact with 3×3 cells", GEOMETRY]),
        ({"stride": 16}, ShapeError, [
            FITTING.format("sliding", "11×11", "16×16"),
            "received: sliding with 6×6 cells", GEOMETRY]),
        ({"image_size": (384, 200)}, ShapeError, [
            "expected: a window of at most 200, the size of the image",
            "received: window=224",
            "cure: use window=200 or less, or image_size=224 or more"]),
        ({"image_size": (3, 384, 384)}, ArgumentError, [
            "expected: image_size as a number, or as (height, width)",
            "received: image_size=(3, 384, 384)",
            "cure: write for example image_size=(3, 5)"]),
        ({"stride": 0}, ArgumentError, [
            "expected: stride as an integer of at least 1",
            "received: stride=0",
            "cure: use stride=1 or more"]),
        ({"stride": 1}, ArgumentError, [
            "expected: at most 128 cells on an axis of a figure",
            "received: 161 windows of 224 at stride 1 on 384 pixels",
            "cure: draw a part of the image, or every second cell with twice the stride"]),
        ({"sliding": []}, ArgumentError, [
            "expected: sliding as rows of cells, at least one cell",
            "received: sliding=[]", A_MAP]),
        ({"sliding": [[], []]}, ArgumentError, [
            "expected: sliding as rows of cells, at least one cell",
            "received: sliding=[[], []]", A_MAP]),
        ({"sliding": [0.1, 0.2]}, ArgumentError, [
            "expected: sliding as rows of cells, at least one cell",
            "received: sliding=[0.1, 0.2]", A_MAP]),
        ({"sliding": None}, ArgumentError, [
            "expected: sliding as rows of cells, at least one cell",
            "received: sliding=None", A_MAP]),
        ({"sliding": [[0.1, 0.2], [0.3]]}, ArgumentError, [
            "expected: sliding as rows of the same length",
            "received: sliding[0] with 2 cells, sliding[1] with 1",
            "cure: give every row as many cells"]),
        ({"sliding": torch.zeros(1, 3, 6, 6)}, ArgumentError, [
            "expected: a map of two dimensions, whose cells are numbers",
            "received: sliding[0][0]=[[0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0....",
            "cure: choose one image and one class"]),
        ({"sliding": [[0.5, float("nan")]]}, ArgumentError, [
            "expected: finite numbers of at most 1e+100",
            "received: sliding[0][1]=nan",
            "cure: find where the value comes from: a figure cannot show it"]),
        ({"errors": [[float("inf")]]}, ArgumentError, [
            "expected: finite numbers of at most 1e+100",
            "received: errors[0][0]=inf",
            "cure: find where the value comes from: a figure cannot show it"]),
        ({"one_pass": [["0.5"]]}, ArgumentError, [
            "expected: finite numbers of at most 1e+100",
            "received: one_pass[0][0]='0.5'",
            "cure: find where the value comes from: a figure cannot show it"]),
        ({"errors": [[0.1], [-0.2]]}, ArgumentError, [
            "expected: errors of at least 0",
            "received: errors[1][0]=-0.2",
            "cure: give the size of the difference"]),
        ({"exact": [[1, 0]]}, ArgumentError, [
            "expected: exact as rows of True and False",
            "received: exact[0][0]=1",
            "cure: write for example exact=[[True, False], [False, False]]"]),
        ({"rounding": -1}, ArgumentError, [
            "expected: errors of at least 0",
            "received: rounding=-1.0",
            "cure: give the size of the difference"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_cure(
    wrong: dict[str, Any], error: type[CnnExplainError], lines: list[str]
) -> None:
    with pytest.raises(error) as caught:
        figures.comparison(**GOOD | wrong)
    assert str(caught.value).splitlines() == lines


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({}, "received: errors={}"),
        ([0.3, 0.1], "received: errors=[0.3, 0.1]"),
        ({-1: 0.3}, "received: context=-1"),
        ({0.5: 0.3}, "received: context=0.5"),
        ({0: None}, "received: errors[0]=None"),
        ({0: -0.5}, "received: errors[0]=-0.5"),
        (dict.fromkeys(range(25), 0.5), "expected: errors as a mapping from 1 to 24 contexts"),
    ],
)
def test_what_is_no_sweep_is_refused(wrong: Any, line: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.halo(wrong)
    assert line in str(caught.value)


def test_a_map_alone_is_checked_in_the_same_way() -> None:
    with pytest.raises(ShapeError, match="errors with 5×5 cells"):
        figures.error_map(padded(5, 5))
    with pytest.raises(ShapeError, match="scores with 5×5 cells"):
        figures.placed(peak(5, 5))


def test_numbers_that_no_scale_can_hold_are_refused_or_nothing() -> None:
    with pytest.raises(ArgumentError, match="finite numbers"):
        figures.error_map([[10**400]], image_size=224)
    for tiny in (
        figures.placed([[0, 5e-324]], image_size=(224, 256)),
        figures.error_map([[1e-300, 1e99]], image_size=(224, 256), rounding=0),
        figures.halo({0: 1e-230, 32: 1e99}, rounding=0),
    ):
        assert "nan" not in tiny.svg


def test_an_array_without_numbers_is_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.error_map(torch.empty(2, 2, device="meta"), image_size=256)
    expected, _, cure = str(caught.value).splitlines()
    assert (expected, cure) == (
        "expected: errors with numbers",
        "cure: give lists, or an ordinary array",
    )
