"""The sliding window's figures: structure, never pixels."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.moments import SVG, numbers, of_class

from cnnexplain import axis, figures
from cnnexplain.errors import ArgumentError, ShapeError
from cnnexplain.figures import motion
from cnnexplain.figures.plane import Plane, plane
from cnnexplain.figures.side import Side
from cnnexplain.languages import LANGUAGES, language

POOLING: dict[str, Any] = {
    "input_size": 13,
    "kernel_size": 3,
    "stride": 2,
    "operation": "max_pooling",
}
CONVOLUTION: dict[str, Any] = {"input_size": 7, "kernel_size": 3, "stride": 2, "padding": 1}
TRANSPOSED: dict[str, Any] = {
    "input_size": 4, "kernel_size": 3, "stride": 2, "padding": 1,
    "operation": "transposed_convolution",
}  # fmt: skip
CASES: dict[str, dict[str, Any]] = {
    "smallest": {"input_size": 3},
    "convolution": CONVOLUTION,
    "pooling": POOLING,
    "dilated": {"input_size": 9, "dilation": 2},
    "overhanging": {**POOLING, "input_size": 6, "ceil_mode": True},
    "dropped": {**POOLING, "input_size": 8, "operation": "average_pooling"},
    "gaps": {"input_size": 12, "kernel_size": 2, "stride": 5},
    "rectangular": {"input_size": (5, 10), "kernel_size": (2, 4), "stride": (1, 2)},
    "asymmetric": {"input_size": 6, "padding": ((0, 1), (2, 1))},
    "same": {"input_size": 8, "kernel_size": 4, "padding": "same"},
    "one above the other": {"input_size": 20},
    "transposed": {**TRANSPOSED, "output_padding": 1},
    "transposed, gaps": {**TRANSPOSED, "kernel_size": 2, "stride": 3, "padding": 0},
    "transposed, dilated": {**TRANSPOSED, "dilation": (2, 1), "padding": ((0, 2), (1, 0))},
    "row": {**CONVOLUTION, "dimensions": 1, "padding": (2, 1)},
    "row, transposed": {**TRANSPOSED, "dimensions": 1, "stride": 4, "output_padding": 2},
    "row, overhanging": {**POOLING, "input_size": 6, "ceil_mode": True, "dimensions": 1},
    "numbers": {**CONVOLUTION, "numbers": True},
    "numbers, rounded": {**POOLING, "numbers": True, "operation": "average_pooling"},
    "numbers, transposed": {**TRANSPOSED, "numbers": True},
    "numbers, row": {**CONVOLUTION, "dimensions": 1, "numbers": True},
    "outlined": {"input_size": 227, "kernel_size": 11, "stride": 4},
    "outlined, padded": {"input_size": 224, "kernel_size": 7, "stride": 2, "padding": 3},
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
CELLS = {name: case for name, case in CASES.items() if not name.startswith("outlined")}
every_case_with_cells = pytest.mark.parametrize("case", CELLS.values(), ids=CELLS)
READING = {name: case for name, case in CASES.items() if "transposed" not in name}
every_case_that_reads = pytest.mark.parametrize("case", READING.values(), ids=READING)
every_language = pytest.mark.parametrize("code", LANGUAGES)


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own text


def window_box(root: ET.Element) -> list[list[float]]:
    """The input window and the output's marker, in this order."""
    return [
        [float(each.attrib[key]) for key in ("x", "y", "width", "height")]
        for each in of_class(root, "cx-window")
    ]


def grid_origin(root: ET.Element, name: str) -> tuple[float, float, int, int]:
    """Where the first line of a grid starts, and how many lines it has across and down."""
    (path,) = [each for each in of_class(root, name) if "cx-frame" not in each.attrib["class"]][:1]
    data = path.attrib["d"]
    x, y = numbers(data)[:2]
    return x, y, data.count("h"), data.count("v")


def shown_by(case: dict[str, Any]) -> Plane:
    return plane(
        **{name: value for name, value in {**ARGUMENTS, **case}.items() if name != "numbers"}
    )


def test_large_grids_alone_have_no_cells() -> None:
    outlined = {name for name, case in CASES.items() if shown_by(case).outlined}
    assert outlined == CASES.keys() - CELLS.keys()


@every_case_with_cells
def test_every_cell_is_drawn_once(case: dict[str, Any]) -> None:
    shown = shown_by(case)
    root = parse(figures.stride(**case).svg)
    for name, sizes in (
        ("cx-input-line", [side.input_size for side in shown.sides]),
        # What is added has other lines.
        ("cx-output-line", [side.output_size - side.added for side in shown.sides]),
    ):
        _, _, rows, columns = grid_origin(root, name)
        assert (rows - 1, columns - 1) == tuple(sizes)


ARGUMENTS = {
    "input_size": 7, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1,
    "ceil_mode": False, "operation": "convolution",
}  # fmt: skip

sides = st.tuples(
    st.integers(1, 16), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(1, 3)
)


@settings(deadline=None, max_examples=60)
@given(sides, sides, st.data())
def test_the_window_reads_what_torch_unfolds(
    height: tuple[int, ...], width: tuple[int, ...], data: st.DataObject
) -> None:
    size, kernel, stride, padding, dilation = zip(height, width, strict=True)
    assume(
        all(
            n + 2 * p >= d * (k - 1) + 1
            for n, k, p, d in zip(size, kernel, padding, dilation, strict=True)
        )
    )
    figure = figures.stride(size, kernel, stride, padding, dilation=dilation)
    step = data.draw(st.integers(0, figure.steps - 1))
    root = parse(figure.frame(step))
    left, top, rows, columns = grid_origin(root, "cx-input-line")
    unit = float(window_box(root)[1][2])
    assert (rows - 1, columns - 1) == size

    # Where the drawing has a tap, torch must find that pixel, and zero where the tap is padding.
    taps = of_class(root, "cx-taps")[0].attrib["d"].split("z")[:-1]
    places = [numbers(tap)[:2] for tap in taps]
    indices = [(round((y - top) / unit), round((x - left) / unit)) for x, y in places]
    drawn = [
        row * size[1] + column + 1 if 0 <= row < size[0] and 0 <= column < size[1] else 0
        for row, column in indices
    ]
    picture = torch.arange(1, size[0] * size[1] + 1, dtype=torch.float64).reshape(1, 1, *size)
    unfolded = torch.nn.functional.unfold(picture, kernel, dilation, padding, stride)
    assert figure.steps == unfolded.shape[2]
    assert drawn == unfolded[0, :, step].int().tolist()


def behind(side: Side, stop: int) -> list[int]:
    """The cells under a window, from the engine's own answer to which inputs meet an output."""
    window = side.window
    if not side.writes:
        return list(window.inputs(stop))
    reach = range(-window.padding[0], stop * window.stride + window.extent + 1)
    return [output for output in reach if stop in window.inputs(output)]


@every_case_with_cells
def test_the_window_stands_where_the_axis_says(case: dict[str, Any]) -> None:
    shown, figure = shown_by(case), figures.stride(**case)
    for step in range(figure.steps):
        row, column = shown.sweep.cell(step)
        root = parse(figure.frame(step))
        (x, y, across, down), (_, _, unit, _) = window_box(root)
        grid = "cx-output-line" if shown.writes else "cx-input-line"
        left, top, _, _ = grid_origin(root, grid)
        for start, size, origin, side, stop in (
            (x, across, left, shown.width, column), (y, down, top, shown.height, row)
        ):  # fmt: skip
            cells = behind(side, stop)
            assert start == pytest.approx(origin + cells[0] * unit)
            assert size == pytest.approx((cells[-1] + 1 - cells[0]) * unit)


def moved(
    root: ET.Element, step: int, sweep: motion.Sweep
) -> Iterator[tuple[ET.Element, list[tuple[float, float]]]]:
    """Map every point of the moving drawings as a browser does at a step."""
    row, column = divmod(step, sweep.columns)
    for outer in of_class(root, "cx-y"):
        (inner,) = list(outer)
        maps = []
        for group, stop, stops in ((inner, column, sweep.columns), (outer, row, sweep.rows)):
            values = dict(each.split(":") for each in group.attrib["style"].split(";"))
            start, end = (
                float(values[f"--cx-{each}"].removesuffix("px")) for each in ("from", "to")
            )
            first, last = (float(values.get(f"--cx-{each}-scale", 1)) for each in ("from", "to"))
            maps.append(motion.Track((start, end), (first, last)).at(stop, stops))
        yield inner, maps


@every_case
def test_keyframes_visit_the_same_places_as_frames(case: dict[str, Any]) -> None:
    shown, figure = shown_by(case), figures.stride(**case)
    animated = parse(figure.svg)
    for step in {0, 1, figure.steps // 2, figure.steps - 1} & set(range(figure.steps)):
        still = parse(figure.frame(step))
        boxes, ties = window_box(still), [each.attrib["d"] for each in of_class(still, "cx-tie")]
        for group, ((dx, sx), (dy, sy)) in moved(animated, step, shown.sweep):
            for rect in of_class(group, "cx-window"):
                x, y, *size = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
                assert [x + dx, y + dy, *size] == pytest.approx(boxes.pop(0), abs=0.02)
            for tie in of_class(group, "cx-tie"):
                a, b, c, d = numbers(tie.attrib["d"])
                ends = [dx + sx * a, dy + sy * b, dx + sx * c, dy + sy * d]
                assert ends == pytest.approx(numbers(ties.pop(0)), abs=0.02)
        assert not boxes
        assert not ties


@every_case_that_reads
def test_outputs_appear_one_by_one_and_the_still_picture_has_all(case: dict[str, Any]) -> None:
    shown, figure = shown_by(case), figures.stride(**case)
    sweep = shown.sweep
    unit = float(window_box(parse(figure.svg))[1][2])

    def covered(root: ET.Element) -> tuple[float, ...]:
        clip = next(each for each in root.iter(f"{SVG}svg") if each is not root)
        width, height = float(clip.attrib["width"]), float(clip.attrib["height"])
        _, _, right, row, end, bottom, left = numbers(of_class(clip, "cx-output")[0].attrib["d"])
        assert right >= width
        assert left <= -width
        return width, height, row, end, bottom

    width, height, _, end, bottom = covered(parse(figure.svg))
    assert end >= width - 0.01
    assert bottom >= height - 0.01
    for step in {0, figure.steps // 2}:
        row, column = sweep.cell(step)
        _, _, top, end, bottom = covered(parse(figure.frame(step)))
        assert (top, end, bottom) == pytest.approx(
            (row * unit, (column + sweep.every_column) * unit, (row + sweep.every_row) * unit),
            abs=0.05,
        )


def test_pixels_that_no_window_reads_are_crossed_out_and_left_blank() -> None:
    root = parse(figures.stride(**CASES["dropped"]).svg)
    crosses, key = of_class(root, "cx-unread")
    assert crosses.attrib["d"].count("M") == 8 + 7
    assert key.attrib["d"].count("M") == 1
    (read,) = of_class(root, "cx-input")
    unit = window_box(root)[1][2]
    assert numbers(read.attrib["d"])[2:4] == [7 * unit, 7 * unit]


def test_gaps_between_windows_are_crossed_out_too() -> None:
    crosses = of_class(parse(figures.stride(**CASES["gaps"]).svg), "cx-unread")[0]
    assert crosses.attrib["d"].count("M") == 12 * 12 - 6 * 6


def test_everything_is_read_where_nothing_is_dropped() -> None:
    assert not of_class(parse(figures.stride(**CONVOLUTION).svg), "cx-unread")


def test_padding_is_dashed_and_an_overhang_is_dotted() -> None:
    padded = parse(figures.stride(**CONVOLUTION).svg)
    assert of_class(padded, "cx-padding")
    assert not of_class(padded, "cx-overhang")
    overhanging = parse(figures.stride(**CASES["overhanging"]).svg)
    assert of_class(overhanging, "cx-overhang")
    assert not of_class(overhanging, "cx-padding")
    dash = of_class(padded, "cx-padding")[0].attrib["stroke-dasharray"]
    dots = of_class(overhanging, "cx-overhang")[0].attrib["stroke-dasharray"]
    assert dots.startswith("0 ")
    assert not dash.startswith("0")


def test_the_formula_stands_under_the_grids_with_its_numbers() -> None:
    texts = [
        "".join(each.itertext())
        for each in parse(figures.stride(**POOLING).svg).iter()
        if each.tag == f"{SVG}text"
    ]
    assert "⌊(13 + 2·0 − 3)/2⌋ + 1 = 6" in texts
    assert "input 13×13" in texts
    assert "output 6×6" in texts


def test_each_axis_has_its_formula_where_they_differ() -> None:
    figure = figures.stride(**CASES["rectangular"])
    assert "height: ⌊(5 + 2·0 − 2)/1⌋ + 1 = 4" in figure.description
    assert "width: ⌊(10 + 2·0 − 4)/2⌋ + 1 = 4" in figure.description


def test_a_window_that_would_start_beyond_the_input_is_taken_off() -> None:
    figure = figures.stride(2, 1, 2, ceil_mode=True, operation="max_pooling")
    assert "⌈(2 + 2·0 − 1)/2⌉ + 1 − 1 = 1" in figure.description


@every_language
@every_case
def test_title_and_description_are_in_the_current_language(case: dict[str, Any], code: str) -> None:
    with language(code):
        figure = figures.stride(**case)
    root = parse(figure.svg)
    assert root.get("lang") == code
    assert root.findtext(f"{SVG}title") == figure.title
    assert root.findtext(f"{SVG}desc") == figure.description
    assert "{" not in figure.title + figure.description
    kana = re.search("[ぁ-ん]", figure.description)
    assert bool(kana) == (code == "ja")
    assert ("entrée" in figure.title) == (code == "fr")


@every_case
def test_the_drawing_is_the_same_in_every_language(case: dict[str, Any]) -> None:
    drawn = set()
    for code in LANGUAGES:
        with language(code):
            root = parse(figures.stride(**case).svg)
        box = tuple(map(tuple, window_box(root)))
        drawn.add((box, grid_origin(root, "cx-input-line")[2:], len(of_class(root, "cx-y"))))
    assert len(drawn) == 1


def test_a_step_says_what_it_reads() -> None:
    def said(**case: Any) -> str:
        return figures.stride(**case).description.replace("\u00a0", " ")

    assert said(**POOLING).endswith(
        "The still picture shows step 15 of 36: output row 3, column 3 reads rows 5–7, columns 5–7."
    )
    assert "reads rows 1–2 and padding, columns 1–2 and padding" in said(**CONVOLUTION)
    assert "rows 5–6 (rest beyond the edge)" in said(**CASES["overhanging"])
    assert "reads rows 3, 5, 7, columns 3, 5, 7" in said(**CASES["dilated"])
    assert "rows 4, 6, …, 14" in said(input_size=17, kernel_size=(6, 1), dilation=2)
    assert "columns of padding" in said(input_size=1, kernel_size=1, padding=1)


def test_what_is_too_large_for_cells_is_drawn_in_outline_and_says_so() -> None:
    figure = figures.stride(**CASES["outlined"])
    assert "drawn to scale in outline" in figure.description
    root = parse(figure.svg)
    _, _, rows, columns = grid_origin(root, "cx-input-line")
    assert (rows, columns) == (2, 2)
    (window, _), width = window_box(root), numbers(of_class(root, "cx-input")[0].attrib["d"])[2]
    assert window[2] / width == pytest.approx(11 / 227, abs=1e-3)
    assert "outline" not in figures.stride(40).description
    assert "outline" in figures.stride(60).description


@every_case
def test_nothing_lies_outside_the_picture(case: dict[str, Any]) -> None:
    figure = figures.stride(**case)
    root = parse(figure.svg)
    for x, y, width, height in window_box(root):
        assert x >= 2
        assert x + width <= 480 - 2
        assert 0 < y < y + height < figure.height
    for each in root.iter(f"{SVG}text"):
        first, *_ = [each, *each] if each.get("x") else each
        assert 0 <= float(first.attrib["x"]) < 480
        assert 10 < float(first.attrib["y"]) < figure.height


@pytest.mark.parametrize(
    ("wrong", "error", "line"),
    [
        ({"input_size": 0}, ArgumentError, "received: input_size=0"),
        ({"input_size": -3}, ArgumentError, "received: input_size=-3"),
        ({"input_size": 10**6}, ArgumentError, "expected: input_size of at most 4096 in a figure"),
        ({"input_size": 2.5}, ArgumentError, "received: input_size=2.5"),
        ({"input_size": (1, 2, 3)}, ArgumentError,
         "expected: input_size as a number, or as (height, width)"),
        ({"kernel_size": 8}, ShapeError, "use input_size=8 or more"),
        ({"stride": 0}, ArgumentError, "received: stride=0"),
        ({"padding": 10**5}, ArgumentError, "expected: padding of at most 4096 in a figure"),
        ({"padding": "full"}, ArgumentError, "received: padding='full'"),
        ({"dilation": 0}, ArgumentError, "received: dilation=0"),
        ({"dilation": 2, "operation": "average_pooling"}, ArgumentError, "received: dilation=2"),
        ({"ceil_mode": True}, ArgumentError, "a convolution rounds down"),
        ({"ceil_mode": 0}, ArgumentError, "a convolution rounds down"),
        ({"operation": "<b>"}, ArgumentError,
         "expected: operation as one of convolution, max_pooling, average_pooling"),
        ({"padding": 2, "operation": "max_pooling"}, ArgumentError, "at most half its kernel"),
        ({"dimensions": 3}, ArgumentError, "expected: dimensions as 1 or 2"),
        ({"dimensions": True}, ArgumentError, "received: dimensions=True"),
        ({"dimensions": "1", "input": [1]}, ArgumentError, "received: dimensions='1'"),
        ({"dimensions": [2]}, ArgumentError, "received: dimensions=[2]"),
        ({"dimensions": 1.0}, ArgumentError, "received: dimensions=1.0"),
        ({"dimensions": 1, "input_size": (1, 2)}, ArgumentError, "received: input_size=(1, 2)"),
        ({"dimensions": 1, "input_size": 45}, ArgumentError,
         "expected: at most 44 cells on an axis in a figure of one dimension"),
        ({"output_padding": 1}, ArgumentError,
         "expected: output_padding with a transposed convolution"),
        ({**TRANSPOSED, "output_padding": 2}, ArgumentError, "below the stride"),
        ({**TRANSPOSED, "padding": "same"}, ArgumentError, "received: padding='same'"),
        ({**TRANSPOSED, "ceil_mode": True}, ArgumentError, "a convolution rounds down"),
        ({**TRANSPOSED, "input_size": 11}, ArgumentError,
         "expected: at most 100 inputs in a figure of a transposed convolution"),
        ({**TRANSPOSED, "input_size": (2, 23)}, ArgumentError,
         "received: 47 cells with the padding"),
        ({**TRANSPOSED, "input_size": 1, "padding": 2}, ShapeError, "an output size of at least 1"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_cure(wrong: Any, error: type[Exception], line: str) -> None:
    with pytest.raises(error) as caught:
        figures.stride(**wrong)
    text = str(caught.value)
    assert line in text
    assert text.splitlines()[2].startswith("cure: ")


@pytest.mark.parametrize("padding", [0, 4096, ((0, 4096), 0)])
@pytest.mark.parametrize("size", [4096, (4096, 1), (1, 4096)])
def test_the_largest_figures_can_be_drawn(size: Any, padding: Any) -> None:
    figure = figures.stride(size, 1, padding=padding)
    assert figure.steps <= 64
    assert len(figure.svg) < 20_000


def test_a_loop_takes_no_longer_than_one_waits() -> None:
    for steps, seconds in ((16, 0.6), (36, 0.5), (169, 0.107)):
        assert motion.Sweep(steps, 1).seconds == seconds
    assert motion.Sweep(1000, 1).seconds == 0.05


def test_every_tie_has_a_length_on_both_axes_at_every_stop() -> None:
    for size, kernel, padding in product(range(1, 12), range(1, 4), range(2)):
        try:
            axis.output_size(size, kernel_size=kernel, padding=padding)
        except ShapeError:
            continue
        figure = figures.stride(size, kernel, padding=padding)
        for step in range(figure.steps):
            for tie in of_class(parse(figure.frame(step)), "cx-tie"):
                a, b, c, d = numbers(tie.attrib["d"])
                assert abs(c - a) >= 0.1
                assert abs(d - b) >= 0.1
