"""Heatmaps in motion: what stands where at every step, by geometry that is counted anew."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html import unescape
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.moments import SVG, numbers, of_class, parse, plain, rectangle

from cnnexplain import figures
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES: dict[str, dict[str, Any]] = {
    "photo": {"image_size": 384, "window": 224, "stride": 32},
    "odd": {"image_size": 416, "window": 224, "stride": 32},
    "face": {"image_size": 108, "window": 24, "stride": 4},
    "rectangular": {"image_size": (130, 200), "window": (64, 96), "stride": (33, 13)},
    "windows apart": {"image_size": (100, 90), "window": (10, 20), "stride": (30, 35)},
    "tall": {"image_size": (900, 60), "window": (100, 40), "stride": (100, 20)},
    "sixty": {"image_size": 142, "window": 24, "stride": 2},
}
every_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)


def boxes(data: str) -> list[tuple[float, float, float, float]]:
    """The boxes of path data: left, top, width, height."""
    found = []
    for part in data.split("z")[:-1]:
        x, y, width, height, back = numbers(part)
        assert back == -width
        found.append((x, y, width, height))
    return found


def axes(place: dict[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Image, window and stride, down and across."""
    both = [value if isinstance(value, tuple) else (value, value) for value in place.values()]
    height, width = zip(*both, strict=True)
    return height, width


def counts(place: dict[str, Any]) -> tuple[int, int]:
    """How many windows fit, by torch."""
    rows, columns = (
        torch.zeros(image).unfold(0, window, stride).shape[0]
        for image, window, stride in axes(place)
    )
    return rows, columns


def stops(place: dict[str, Any], most: int = 100) -> list[tuple[int, int]]:
    """The cells at which the motion stops: as many as possible, but only so many."""
    rows, columns = counts(place)
    for every in range(1, 200):
        found = [(r, c) for r in range(0, rows, every) for c in range(0, columns, every)]
        if len(found) <= most:
            return found
    raise AssertionError


def made(family: str, place: dict[str, Any], **more: Any) -> figures.Figure:
    rows, columns = counts(place)
    values = np.linspace(0.01, 0.99, rows * columns).reshape(rows, columns)
    if family == "comparison":
        return figures.comparison(values, values[::-1].copy(), values / 2, **place, **more)
    if family == "error_map":
        return figures.error_map(values / 2, **place, **more)
    return figures.placed(values, **place, **more)


def frames(root: ET.Element) -> list[tuple[float, float, float, float]]:
    return [rectangle(each) for each in of_class(root, "cx-input-line")]


def steps(figure: figures.Figure) -> Iterator[tuple[int, ET.Element]]:
    for step in sorted({0, 1, figure.steps // 3, figure.steps // 2, figure.steps - 1}):
        yield step, parse(figure.frame(step))


def said(figure: figures.Figure) -> dict[str, Any]:
    data = re.search(r"data-cx='([^']*)'", figure.inline("a"))
    assert data
    found: dict[str, Any] = json.loads(unescape(data[1]))
    return found


def status(figure: figures.Figure, step: int) -> str:
    """What the controls say at a step, as their script puts it together."""
    script = said(figure)
    row, rows = script["rows"][step // len(script["columns"])]
    column, columns = script["columns"][step % len(script["columns"])]
    values = {"step": step + 1, "row": row, "column": column, "rows": rows, "columns": columns}
    said_ = re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), script["status"])
    return plain(said_)


@every_place
def test_window_and_cells_are_marked_where_counting_puts_them(place: dict[str, Any]) -> None:
    figure = made("comparison", place)
    where = stops(place)
    assert figure.steps == len(where)
    (_, window_high, step_down), (_, window_wide, step_across) = axes(place)
    for step, root in steps(figure):
        row, column = where[step]
        slid, passed, image, errors = frames(root)
        unit = image[2] / axes(place)[1][0]
        window, marks = (each.attrib["d"] for each in of_class(root, "cx-window")[-2:])
        ((x, y, wide, high),) = boxes(window)
        assert x == pytest.approx(image[0] + column * step_across * unit, abs=0.01)
        assert y == pytest.approx(image[1] + row * step_down * unit, abs=0.01)
        assert (wide, high) == pytest.approx((window_wide * unit, window_high * unit), abs=0.01)
        # The same cell is marked in all three maps, about the centre of the window.
        middle = x - image[0] + wide / 2, y - image[1] + high / 2
        for frame, (left, top, width, height) in zip(
            (slid, passed, errors), boxes(marks), strict=True
        ):
            assert left - frame[0] + width / 2 == pytest.approx(middle[0], abs=0.01)
            assert top - frame[1] + height / 2 == pytest.approx(middle[1], abs=0.01)
            side = min(step_across, window_wide) * unit
            # Its line lies on the cell's border, so that it cuts no digit of a neighbour.
            assert width == pytest.approx(max(side, min(step_across * unit, 6)), abs=0.01)


def test_the_mark_of_a_cell_leaves_the_border_of_an_exact_one_free() -> None:
    exact = np.zeros((6, 6), dtype=bool)
    exact[5, 5] = True
    for family in ("comparison", "error_map"):
        root = parse(made(family, PLACES["photo"], exact=exact).frame(35))
        (line,) = (each for each in of_class(root, "cx-exact") if each.get("stroke-linecap"))
        border = numbers(line.attrib["d"])
        mark = boxes(of_class(root, "cx-window")[-1].attrib["d"])[-1]
        # Half of either line, and there is still room.
        assert min(border[::3]) - mark[0] > 1.5 + 1.5


def covered(root: ET.Element) -> list[set[tuple[int, int]]]:
    """The tenths of each covered map that cannot be seen, by filling the cover's path."""
    found = []
    for nested in root.iter(f"{SVG}svg"):
        covers = of_class(nested, "cx-later")
        if nested is root or not covers:
            continue
        width, height = float(nested.attrib["width"]), float(nested.attrib["height"])
        (path,) = covers
        left, top, right, bottom, start, below, end = numbers(path.attrib["d"])
        assert right > width
        assert bottom > height
        assert (start < 0, end) == (True, left)
        points = [((r + 0.5) / 200 * height, (c + 0.5) / 200 * width, r, c)
                  for r in range(200) for c in range(200)]  # fmt: skip
        found.append({(r, c) for y, x, r, c in points if y > below or (y > top and x > left)})
    return found


@every_place
def test_the_sliding_map_and_the_errors_come_cell_by_cell(place: dict[str, Any]) -> None:
    figure = made("comparison", place)
    where = stops(place)
    rows, columns = counts(place)
    every = (where[1][1] or where[1][0]) - where[0][1] if len(where) > 1 else 1
    (_, window_high, step_down), (_, window_wide, step_across) = axes(place)
    for step, root in steps(figure):
        first, second = covered(root)
        assert first == second
        row, column = where[step]
        # A cell, by the middle of what it fills of the map.
        high = (rows - 1) * step_down + min(step_down, window_high)
        wide = (columns - 1) * step_across + min(step_across, window_wide)
        for r in range(rows):
            for c in range(columns):
                down = (r * step_down + min(step_down, window_high) / 2) / high
                across = (c * step_across + min(step_across, window_wide) / 2) / wide
                hidden = (int(down * 200), int(across * 200)) in first
                seen = (r // every, c // every) <= (row // every, column // every)
                assert hidden != seen, (step, r, c)


def test_the_map_of_one_pass_is_there_at_once_and_all_maps_are_in_the_still_picture() -> None:
    figure = made("comparison", PLACES["photo"])
    first, last = (parse(figure.frame(step)) for step in (0, figure.steps - 1))
    one_pass = [ET.tostring(of_class(root, "cx-cells")[2]) for root in (first, last)]
    assert one_pass[0] == one_pass[1]
    assert [len(each) for each in covered(last)] == [0, 0]
    assert all(len(each) > 38_000 for each in covered(first))
    assert figure.script is not None
    assert figure.still == figure.steps - 1
    # What the still picture shows is what the last frame does, but for what moves it.
    shown = [each.get("d") for each in parse(figure.svg).iter(f"{SVG}path")]
    assert shown == [each.get("d") for each in last.iter(f"{SVG}path")]


@pytest.mark.parametrize("family", ["comparison", "error_map", "placed"])
@every_place
def test_where_nothing_moves_a_frame_is_the_still_picture(
    family: str, place: dict[str, Any]
) -> None:
    figure = made(family, place)
    assert figure.script is not None
    still = parse(figure.frame(figure.still))
    moved = parse(figure.svg)
    for tag in ("path", "rect", "text"):
        one, other = (
            [(each.attrib, "".join(each.itertext())) for each in root.iter(f"{SVG}{tag}")]
            for root in (still, moved)
        )
        assert one == other


def starts(root: ET.Element) -> list[tuple[float, float]]:
    found = [numbers(path.attrib["d"])[:2] for path in root.iter(f"{SVG}path")]
    return [(x, y) for x, y in found]


def moved(figure: figures.Figure, step: int) -> list[tuple[float, float]]:
    """Where the style puts the start of each path at a step: a shift and a scale on each axis."""
    root = parse(figure.svg)
    sizes = dict(re.findall(r"--cx-(rows|columns):(\d+)", root.get("style", "")))
    stops = int(sizes["rows"]), int(sizes["columns"])
    parts = [place / count for place, count in zip(divmod(step, stops[1]), stops, strict=True)]
    parents = {child: parent for parent in root.iter() for child in parent}
    found = []
    for path in root.iter(f"{SVG}path"):
        point = numbers(path.attrib["d"])[:2]
        inherited: dict[str, float] = {}
        # From the outside to the inside, since properties are inherited.
        for axis, name, part in ((1, "cx-y", parts[0]), (0, "cx-x", parts[1])):
            above = path
            while above in parents and above.get("class") != name:
                above = parents[above]
            if above.get("class") == name:
                pairs = re.findall(
                    r"--cx-([\w-]+):(-?[\d.e-]+?)(?:px)?(?:;|$)", above.attrib["style"]
                )
                inherited |= {key: float(value) for key, value in pairs}
                track = inherited
                shift = track["from"] + part * (track["to"] - track["from"])
                low, high = track.get("from-scale", 1.0), track.get("to-scale", 1.0)
                point[axis] = shift + (low + part * (high - low)) * point[axis]
        found.append((point[0], point[1]))
    return found


@pytest.mark.parametrize("family", ["comparison", "error_map", "placed"])
@every_place
def test_the_style_moves_everything_to_where_a_frame_has_it(
    family: str, place: dict[str, Any]
) -> None:
    figure = made(family, place)
    for step in {0, 1, figure.steps // 2, figure.steps - 1}:
        drawn = starts(parse(figure.frame(step)))
        for one, other in zip(drawn, moved(figure, step), strict=True):
            assert one == pytest.approx(other, abs=0.02), step


@every_place
def test_displacement_is_drawn_as_long_as_counting_gives(place: dict[str, Any]) -> None:
    figure = made("placed", place)
    (image_high, window_high, down), (image_wide, window_wide, across) = axes(place)
    rows, columns = counts(place)
    where = stops(place, 400)
    for step, root in steps(figure):
        row, column = where[step]
        true = window_high / 2 + row * down, window_wide / 2 + column * across
        put = (row + 0.5) * image_high / rows, (column + 0.5) * image_wide / columns
        right = frames(root)[1]
        unit = right[2] / image_wide
        across_leg, down_leg, ring = (each.attrib["d"] for each in of_class(root, "cx-shift")[-3:])
        x, y, end = numbers(across_leg)
        assert (x, y) == pytest.approx(
            (right[0] + true[1] * unit, right[1] + true[0] * unit), abs=0.01
        )
        assert end == pytest.approx(right[0] + put[1] * unit, abs=0.01)
        assert numbers(down_leg) == pytest.approx([end, y, right[1] + put[0] * unit], abs=0.01)
        ((left, top, wide, high),) = boxes(ring)
        assert (left + wide / 2, top + high / 2) == pytest.approx(
            (end, right[1] + put[0] * unit), abs=0.01
        )
        window, cell = (boxes(each.attrib["d"])[0] for each in of_class(root, "cx-window")[-2:])
        frame = frames(root)[0]
        assert (window[0] + window[2] / 2 - frame[0]) / unit == pytest.approx(true[1], abs=0.05)
        assert (cell[1] + cell[3] / 2 - frame[1]) / unit == pytest.approx(true[0], abs=0.05)


def ticked(root: ET.Element) -> list[str]:
    """What the tickers show: texts inside of their windows, not those beside and below."""
    found = []
    for nested in root.iter(f"{SVG}svg"):
        texts = list(nested.iter(f"{SVG}text"))
        if nested is root or not texts:
            continue
        width, height = float(nested.attrib["width"]), float(nested.attrib["height"])
        found += [
            "".join(each.itertext())
            for each in texts
            if 0 <= float(each.attrib["x"]) < width and 0 < float(each.attrib["y"]) <= height
        ]
    return found


def test_a_cell_is_told_with_its_displacement() -> None:
    figure = made("placed", PLACES["photo"])
    assert figure.script is not None
    assert figure.still == 0
    shifts = ["80 px", "48 px", "16 px", "16 px", "48 px", "80 px"]
    for step in range(36):
        row, column = divmod(step, 6)
        down, across = ticked(parse(figure.frame(step)))
        assert down == f"{shifts[row]} {'↑' if row < 3 else '↓'}"
        assert across == f"{shifts[column]} {'←' if column < 3 else '→'}"
    assert status(figure, 2) == (
        "step 3 of 36: cell in row 1, column 3; vertically 112 → 32 px (80 px up); "
        "horizontally 176 → 160 px (16 px left)"
    )
    middle = made("placed", PLACES["odd"])
    assert ticked(parse(middle.frame(24))) == ["0 px", "0 px"]
    assert status(middle, 24) == (
        "step 25 of 49: cell in row 4, column 4; vertically, both centres at 208 px; "
        "horizontally, both centres at 208 px"
    )


def test_every_step_is_told_with_its_numbers() -> None:
    sliding, one_pass = np.full((2, 2), 0.9), np.full((2, 2), 0.125)
    sliding[1, 0] = 0.5
    errors = np.array([[0.1, 0.2], [0.342, 1e-12]])
    compared = figures.comparison(sliding, one_pass, errors, image_size=256, probabilities=True)
    assert [status(compared, step) for step in (2, 3)] == [
        "step 3 of 4: row 2, column 1: sliding 50%, one pass 12.5%; relative error 34%",
        (
            "step 4 of 4: row 2, column 2: sliding 90%, one pass 12.5%; "
            "relative error 1×10⁻¹² (rounding)"
        ),
    ]
    alone = figures.error_map(errors, image_size=256)
    assert status(alone, 1) == "step 2 of 4: window in row 1, column 2: relative error 20%"


@pytest.mark.parametrize("family", ["comparison", "error_map", "placed"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_frames_speak_the_language_in_which_the_figure_was_made(family: str, code: str) -> None:
    with language(code):
        figure = made(family, PLACES["photo"])
    texts = {"".join(each.itertext()) for each in parse(figure.frame(7)).iter(f"{SVG}text")}
    with language(code):
        again = {
            "".join(each.itertext())
            for each in parse(made(family, PLACES["photo"]).frame(7)).iter(f"{SVG}text")
        }
    assert texts == again
    assert bool(re.search("[ぁ-んァ-ヶ]", "".join(texts))) == (code == "ja")
    told = [status(figure, step) for step in range(figure.steps)]
    assert len(set(told)) == figure.steps
    assert "{" not in "".join(told)


sides = st.tuples(st.integers(1, 40), st.integers(0, 120), st.integers(1, 40))


@settings(max_examples=40, deadline=None)
@given(sides, sides)
def test_any_map_can_be_swept(down: tuple[int, int, int], across: tuple[int, int, int]) -> None:
    (high, more_high, step_down), (wide, more_wide, step_across) = down, across
    place = {
        "image_size": (high + more_high, wide + more_wide),
        "window": (high, wide),
        "stride": (step_down, step_across),
    }
    for family in ("comparison", "error_map", "placed"):
        figure = made(family, place)
        most = 400 if family == "placed" else 100
        assert figure.steps == len(stops(place, most)) <= most
        for step in {0, figure.steps - 1}:
            root = parse(figure.frame(step))
            for each in of_class(root, "cx-window"):
                for x, y, width, height in boxes(each.get("d", "")):
                    assert -3 <= x <= x + width <= 483
                    assert 0 <= y <= y + height <= figure.height


def test_a_motion_that_leaves_cells_out_says_so() -> None:
    errors = np.full((22, 22), 0.2)
    figure = figures.error_map(errors, image_size=108, window=24, stride=4)
    assert figure.steps == 64
    assert figure.description.endswith(
        "The motion stops at 64 of the 484 cells: every 3 rows and columns."
    )
    assert (
        "The motion stops"
        not in figures.error_map(errors[:9, :9], image_size=56, window=24, stride=4).description
    )
    # What is placed says little at each step: there all cells have one.
    placed = figures.placed(np.zeros((12, 12)), image_size=384, window=1, stride=32)
    assert placed.steps == 144
    assert "The motion stops" not in placed.description
    assert status(placed, 143).startswith("step 144 of 144: cell in row 12, column 12;")


def test_numbers_are_written_over_what_crosses_the_maps() -> None:
    svg = made("placed", PLACES["photo"]).frame(0)
    last_number = svg.rindex("cx-on-low cx-middle")
    assert svg.index('class="cx-shift" d="M') < last_number
    window = svg.index('class="cx-window"')
    assert window < svg.index("cx-on-low cx-middle")
    # Each number stands on the colour of its cell.
    assert svg.count('class="cx-cells"') == 2 + 2 + 1


def test_a_cell_of_one_pixel_is_drawn_large_enough_to_be_seen() -> None:
    figure = figures.placed(np.zeros((12, 12)), image_size=384, window=1, stride=32)
    root = parse(figure.frame(0))
    assert "1×1 px, drawn larger" in "".join(root.itertext())
    outlines = of_class(root, "cx-score-line")[0].attrib["d"]
    assert {round(width, 2) for _, _, width, _ in boxes(outlines)} == {6.0}
    assert outlines.count("M") == 144
