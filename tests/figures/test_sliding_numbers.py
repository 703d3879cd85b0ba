"""Numbers in the cells of a sliding window, and what its steps compute: torch is the second route.

What is drawn is read back from the picture: the numbers of each grid, and each line of arithmetic.
"""

import re
import timeit
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.moments import matched, sentences

from cnnexplain import figures
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.languages import LANGUAGES, language

CONVOLUTION: dict[str, Any] = {
    "input_size": 7,
    "kernel_size": 3,
    "stride": 2,
    "padding": 1,
    "numbers": True,
}
TRANSPOSED: dict[str, Any] = {
    "input_size": 4, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1,
    "operation": "transposed_convolution", "numbers": True,
}  # fmt: skip
MEAN = {"input_size": 6, "stride": 2, "padding": 1, "ceil_mode": True, "numbers": True,
        "operation": "average_pooling"}  # fmt: skip
CASES: dict[str, dict[str, Any]] = {
    "convolution": CONVOLUTION,
    "dilated": {"input_size": (5, 8), "kernel_size": (2, 3), "stride": (1, 2), "padding": (0, 1),
                "dilation": (2, 1), "numbers": True},
    "max pooling": {**MEAN, "operation": "max_pooling"},
    "average pooling": MEAN,
    "transposed": TRANSPOSED,
    "transposed, gaps": {**TRANSPOSED, "kernel_size": 2, "stride": 3, "padding": 0},
    "transposed, dilated": {**TRANSPOSED, "dilation": 2, "stride": 1},
    "row": {**CONVOLUTION, "dimensions": 1},
    "row, transposed": {**TRANSPOSED, "dimensions": 1},
    "row, all cut away": {"input": [2], "weight": [1, 3], "padding": 1, "dilation": 2,
                          "operation": "transposed_convolution", "dimensions": 1},
    "row, average": {**MEAN, "dimensions": 1},
}  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_language = pytest.mark.parametrize("code", LANGUAGES)

Cells = dict[tuple[int, int], str]


def parse(svg: str) -> ET.Element:
    return ET.fromstring(re.sub(' xmlns="[^"]+"', "", svg))  # noqa: S314  # our own text


def has(element: ET.Element, name: str) -> bool:
    return name in element.get("class", "").split()


@dataclass
class Drawn:
    """The numbers of a picture: of each grid, by row and column, and the lines of arithmetic."""

    input: Cells
    output: Cells
    kernel: Cells
    sums: list[str]


def written(texts: list[ET.Element]) -> list[tuple[float, float, str]]:
    found = []
    for text in texts:
        y = 0.0
        for span in text:
            y = float(span.get("y", y))
            found.append((float(span.attrib["x"]), y, span.text or ""))
    return found


def read(root: ET.Element, texts: list[ET.Element] | None = None) -> Drawn:
    texts = list(root.iter("text")) if texts is None else texts
    marker = [each for each in root.iter("rect") if has(each, "cx-window")][1]
    unit = float(marker.attrib["width"])
    places = written([each for each in texts if has(each, "cx-number")])
    grids = []
    for name in ("cx-input-line", "cx-output-line", "cx-conv-line"):
        lines = [each.attrib["d"] for each in root.iter("path") if has(each, name)]
        frames = [each.attrib["d"] for each in root.iter("path") if has(each, "cx-frame")]
        cells: Cells = {}
        if lines:
            left, top = map(float, re.findall(r"[\d.]+", lines[0])[:2])
            # Padding and what is added stand outside of the lines, but in the same raster.
            wide, tall = float(lines[0].count("v") - 1), float(lines[0].count("h") - 1)
            if name == "cx-output-line":
                wide, tall = (
                    (float(each) - 1) / unit for each in re.findall(r"[\d.]+", frames[0])[2:4]
                )
            for x, y, content in places:
                column, row = (x - left) / unit, (y - 4 - top) / unit
                if 0 <= column < wide and 0 <= row < tall:
                    cells[int(row), int(column)] = content
        grids.append(cells)
    sums = [
        "\n".join(each.itertext())
        for each in texts
        if any((span.text or "")[:1] in "=≈" and span.text for span in each.iter("tspan"))
    ]
    read, made, weights = grids
    return Drawn(read, made, weights, sums)


def value(content: str) -> float:
    return float(content.replace("−", "-").replace(",", ".").replace("∞", "inf"))


def tensor(cells: Cells) -> torch.Tensor:
    rows, columns = (max(at) + 1 for at in zip(*cells, strict=True))
    full = [[value(cells[row, column]) for column in range(columns)] for row in range(rows)]
    return torch.tensor(full, dtype=torch.float64)


def computed(
    case: dict[str, Any], picture: torch.Tensor, kernel: torch.Tensor | None
) -> torch.Tensor:
    """What torch makes of the numbers: rows have a height of one."""
    row = case.get("dimensions") == 1
    operation = case.get("operation", "convolution")
    source = picture[None] if row else picture[None, None]
    stride, padding = case.get("stride", 1), case.get("padding", 0)
    dilation = case.get("dilation", 1)
    if operation == "convolution":
        assert kernel is not None
        weight = kernel[None] if row else kernel[None, None]
        found = (F.conv1d if row else F.conv2d)(source, weight, None, stride, padding, dilation)
    elif operation == "transposed_convolution":
        assert kernel is not None
        weight = kernel[None] if row else kernel[None, None]
        added = case.get("output_padding", 0)
        found = (F.conv_transpose1d if row else F.conv_transpose2d)(
            source, weight, None, stride, padding, added, 1, dilation
        )
    elif operation == "max_pooling":
        found = (F.max_pool1d if row else F.max_pool2d)(
            source,
            case.get("kernel_size", 3),
            stride,
            padding,
            dilation,
            case.get("ceil_mode", False),
        )
    else:
        found = (F.avg_pool1d if row else F.avg_pool2d)(
            source, case.get("kernel_size", 3), stride, padding, case.get("ceil_mode", False)
        )
    return found[0] if row else found[0, 0]


def kernel_of(drawn: Drawn) -> torch.Tensor | None:
    return tensor(drawn.kernel) if drawn.kernel else None


def evaluated(line: str) -> tuple[float, float]:
    """Both sides of a line of arithmetic."""
    plain = line.replace("\n", " ").replace("−", "-").replace("·", "*").replace("\u202f;", ",")
    left, right = re.split("[=≈]", plain)
    return eval(left, {"max": lambda *all_: max(all_)}), float(right)  # noqa: S307  # our own text


def check(case: dict[str, Any]) -> figures.Figure:
    """Compare what is drawn with what torch computes, at every step."""
    figure = figures.stride(**case)
    still = read(parse(figure.inline("x")))
    picture, kernel = tensor(still.input), kernel_of(still)
    expected = computed(case, picture, kernel)
    columns = expected.shape[1]
    exact = case.get("operation") != "average_pooling"
    transposed = case.get("operation") == "transposed_convolution"
    for step in range(figure.steps):
        frame = read(parse(figure.frame(step)))
        assert frame.input == still.input
        assert frame.kernel == still.kernel
        assert len(frame.sums) == 1
        if transposed:
            assert kernel is not None
            so_far = picture.flatten().clone()
            so_far[step + 1 :] = 0
            given = computed(case, so_far.reshape(picture.shape), kernel)
            ones = (torch.arange(picture.numel()) <= step).double().reshape(picture.shape)
            touched = computed(case, ones, torch.ones_like(kernel)) > 0
            assert frame.output.keys() == {tuple(at) for at in touched.nonzero().tolist()}
            for at, content in frame.output.items():
                assert value(content) == given[at]
            check_products(frame.sums[0], picture.flatten()[step].item(), kernel)
            continue
        assert len(frame.output) == step + 1
        for (row, column), content in frame.output.items():
            assert row * columns + column <= step
            assert value(content) == pytest.approx(expected[row, column].item(), abs=0.0051)
        left, right = evaluated(frame.sums[0])
        result = expected[divmod(step, columns)].item()
        assert left == pytest.approx(result, abs=1e-9)
        assert right == pytest.approx(result, abs=0.0051)
        if exact:
            assert left == right == value(frame.output[divmod(step, columns)])
    if transposed:
        assert kernel is not None
        touched = computed(case, torch.ones_like(picture), torch.ones_like(kernel)) > 0
        assert not expected[~touched].any()
        assert still.output.keys() == {tuple(at) for at in touched.nonzero().tolist()}
    else:
        assert len(still.output) == expected.numel()
    return figure


def check_products(sums: str, factor: float, kernel: torch.Tensor) -> None:
    lines = re.findall(r"[^=]+=[^=]+?(?:\)|\d)(?=\n|$)", sums)
    assert len(lines) == len(kernel)
    for line, weights in zip(lines, kernel, strict=True):
        left, right = ([float(each.replace("−", "-")) for each in re.findall(r"−?\d+", side)]
                       for side in line.split("="))  # fmt: skip
        assert left == [factor, *weights.tolist()]
        assert right == (factor * weights).tolist()


@every_case
def test_every_number_is_torchs(case: dict[str, Any]) -> None:
    check(case)


sizes = st.tuples(
    st.integers(1, 7), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)
)


@settings(deadline=None, max_examples=25)
@given(sizes, sizes, st.sampled_from(["convolution", "transposed_convolution", "max_pooling",
                                      "average_pooling"]), st.integers(0, 1), st.booleans(),
       st.sampled_from([1, 2]), st.data())  # fmt: skip
def test_any_window_computes_what_torch_computes(
    height: tuple[int, ...],
    width: tuple[int, ...],
    operation: str,
    added: int,
    ceil: bool,
    dimensions: int,
    data: st.DataObject,
) -> None:
    columns = zip(height, width, strict=True) if dimensions == 2 else width
    _, kernel, stride, padding, dilation = columns
    numbers = st.integers(-3, 9)
    across, down = (width[0], 1) if dimensions == 1 else (width[0], height[0])
    rows = data.draw(
        st.lists(st.lists(numbers, min_size=across, max_size=across), min_size=down, max_size=down)
    )
    case: dict[str, Any] = {
        "input": rows[0] if dimensions == 1 else rows, "kernel_size": kernel, "stride": stride,
        "padding": padding, "operation": operation, "dimensions": dimensions,
    }  # fmt: skip
    if operation == "transposed_convolution":
        case |= {"output_padding": added, "dilation": dilation}
    elif operation == "convolution":
        case |= {"dilation": dilation}
    else:
        case |= {"ceil_mode": ceil}
    try:
        figure = figures.stride(**case)
    except CnnExplainError:
        assume(False)
    assume(figure.steps <= 20)
    drawn = read(parse(check(case).svg))
    assert tensor(drawn.input).tolist() == rows


@given(st.permutations(range(25)), st.integers(1, 3), st.integers(1, 3), st.booleans())
@settings(deadline=None, max_examples=25)
def test_the_largest_number_lies_in_the_window_where_torch_finds_it(
    order: list[int], kernel: int, stride: int, ceil: bool
) -> None:
    rows = [order[at : at + 5] for at in range(0, 25, 5)]
    padding = kernel // 2
    figure = figures.stride(
        input=rows, kernel_size=kernel, stride=stride, padding=padding, ceil_mode=ceil,
        operation="max_pooling",
    )  # fmt: skip
    source = torch.tensor([[rows]], dtype=torch.float64)
    _, where = F.max_pool2d(source, kernel, stride, padding, 1, ceil, return_indices=True)
    assert figure.steps == where.numel()
    for step in range(figure.steps):
        root = parse(figure.frame(step))
        lines = next(each.attrib["d"] for each in root.iter("path") if has(each, "cx-input-line"))
        left, top = map(float, re.findall(r"[\d.]+", lines)[:2])
        taps = next(each.attrib["d"] for each in root.iter("path") if has(each, "cx-taps"))
        unit = float(matched(r"h([\d.]+)", taps)[1])
        cells = [
            (round((float(y) - top) / unit), round((float(x) - left) / unit))
            for x, y in re.findall(r"M([\d.]+) ([\d.]+)h", taps)
        ]
        real = {row * 5 + column for row, column in cells if 0 <= row < 5 and 0 <= column < 5}
        assert where.flatten()[step].item() in real
        # All of the window, and nothing else, is compared.
        (sums,) = read(root).sums
        terms = {float(each) for each in re.findall(r"\d+", sums.split("=")[0])}
        assert terms == {order[at] for at in real}


@every_case
def test_a_moving_figure_shows_at_each_step_what_a_frame_shows(case: dict[str, Any]) -> None:
    figure = figures.stride(**case)
    root = parse(figure.inline("x"))
    parents = {child: parent for parent in root.iter() for child in parent}

    def times(drawn: ET.Element) -> tuple[int, int]:
        on, off = 0, 10**6
        element: ET.Element | None = drawn
        while element is not None:
            if has(element, "cx-seen"):
                values = dict(re.findall(r"--cx-(on|off):(\d+)", element.attrib["style"]))
                on, off = max(on, int(values.get("on", 0))), min(off, int(values.get("off", off)))
            element = parents.get(element)
        return on, off

    def filled(shown: list[ET.Element]) -> list[str]:
        return sorted(each.attrib["d"] for each in shown if has(each, "cx-output"))

    for step in range(figure.steps):
        texts, paths = ([each for each in root.iter(tag) if times(each)[0] <= step < times(each)[1]]
                        for tag in ("text", "path"))  # fmt: skip
        frame = parse(figure.frame(step))
        assert read(root, texts) == read(frame)
        if "transposed" in case.get("operation", ""):
            assert filled(paths) == filled(list(frame.iter("path")))


@every_case
def test_the_still_picture_has_all_outputs_and_one_step(case: dict[str, Any]) -> None:
    figure = figures.stride(**case)
    root = parse(figure.svg)
    parents = {child: parent for parent in root.iter() for child in parent}

    def hidden(element: ET.Element | None) -> bool:
        return element is not None and (
            element.get("opacity") == "0" or hidden(parents.get(element))
        )

    still = read(root, [each for each in root.iter("text") if not hidden(each)])
    assert still.output == read(parse(figure.frame(figure.steps - 1))).output
    assert still.sums == read(parse(figure.frame(figure.still))).sums
    assert not any(has(each, "cx-output") and hidden(each) for each in root.iter("path"))


def test_a_number_is_drawn_anew_only_where_it_changes() -> None:
    root = parse(figures.stride(**TRANSPOSED).svg)
    drawn: dict[tuple[float, float], list[str]] = {}
    for x, y, content in written([each for each in root.iter("text") if has(each, "cx-number")]):
        drawn.setdefault((x, y), []).append(content)
    assert any(len(each) > 2 for each in drawn.values())
    for each in drawn.values():
        assert all(one != other for one, other in pairwise(each))


def test_outputs_are_filled_when_a_window_first_writes_to_them() -> None:
    for case in (TRANSPOSED, CASES["transposed, gaps"], CASES["transposed, dilated"]):
        figure = figures.stride(**case)
        picture = torch.zeros(4, 4, dtype=torch.float64)
        for step in range(figure.steps):
            picture.view(-1)[step] = 1
            kernel = torch.ones(case["kernel_size"], case["kernel_size"], dtype=torch.float64)
            touched = int((computed(case, picture, kernel) > 0).sum())
            root = parse(figure.frame(step))
            unit = float(
                [each for each in root.iter("rect") if has(each, "cx-window")][1].attrib["width"]
            )
            data = [
                each.attrib["d"] for each in root.iter("path") if each.get("class") == "cx-output"
            ]
            swatch = 1 if case.get("output_padding") else 0
            boxes = re.findall(r"h([\d.]+)v([\d.]+)h", "".join(data[: len(data) - swatch]))
            area = sum(float(wide) * float(tall) for wide, tall in boxes)
            assert area == pytest.approx(touched * unit * unit)


def test_what_is_cut_added_and_never_written_is_told_apart() -> None:
    root = parse(figures.stride(**{**TRANSPOSED, "output_padding": 0}).svg)
    names = {name for each in root.iter("path") for name in each.get("class", "").split()}
    assert "cx-padding" in names
    assert "cx-overhang" not in names
    root = parse(figures.stride(**TRANSPOSED).svg)
    assert [each for each in root.iter("path") if has(each, "cx-overhang")]
    texts = {"".join(each.itertext()) for each in root.iter("text")}
    assert {"padding: cut away", "added by output_padding"} <= texts
    root = parse(figures.stride(**CASES["transposed, gaps"]).svg)
    crosses = next(each.attrib["d"] for each in root.iter("path") if has(each, "cx-unread"))
    assert crosses.count("M") == 12 * 12 - 8 * 8


def test_padding_counts_as_zero_but_is_never_the_largest() -> None:
    def zeros(**case: Any) -> int:
        root = parse(figures.stride(4, 3, padding=1, numbers=True, **case).svg)
        return len(written([each for each in root.iter("text")
                            if has(each, "cx-number") and has(each, "cx-small")]))  # fmt: skip

    assert zeros() == zeros(operation="average_pooling") == 6 * 6 - 4 * 4
    assert zeros(operation="max_pooling") == 0


def test_a_window_in_the_padding_alone_has_no_largest_number() -> None:
    figure = figures.stride(
        input=[5], kernel_size=2, padding=1, dilation=2, operation="max_pooling", dimensions=1
    )
    assert figure.description.endswith("Computed in the still picture: max() = −∞.")
    assert torch.isinf(F.max_pool1d(torch.tensor([[5.0]]), 2, 1, 1, 2)).all()


@every_language
def test_the_sixteen_steps_of_the_first_example_fit_into_twenty_kilobytes(code: str) -> None:
    with language(code):
        figure = figures.stride(7, 3, 2, padding=1, numbers=True)
    inline = figure.inline("x")
    assert len(inline.encode()) <= 20_000
    sums = read(parse(inline)).sums
    assert len(sums) == figure.steps == 16
    assert len({evaluated(each) for each in sums}) == 10


@pytest.mark.parametrize("make", [list, np.array, torch.tensor])
def test_arrays_and_tensors_are_lists(make: Any) -> None:
    rows, kernel = [[1.0, 2.5], [0.0, -1.0]], [[1.0, -1.0]]
    one = figures.stride(input=rows, weight=kernel)
    assert figures.stride(input=make(rows), weight=make(kernel)) == one
    assert read(parse(one.svg)).output == {(0, 0): "−1.5", (1, 0): "1"}


@pytest.mark.parametrize(("code", "half"), [("en", "0.5"), ("ja", "0.5"), ("fr", "0,5")])
def test_numbers_are_written_as_in_the_readers_language(code: str, half: str) -> None:
    with language(code):
        figure = figures.stride(input=[[0.5, 2], [1, 3]], kernel_size=2, operation="max_pooling")
    root = parse(figure.frame(0))
    assert read(root).input[0, 0] == half
    separator = "\u202f; " if code == "fr" else ", "
    assert f"max({separator.join([half, '2', '1', '3'])})" in figure.description
    # A frame keeps its figure's language.
    assert read(parse(figure.frame(0))) == read(root)


def test_what_is_rounded_says_so() -> None:
    exact = figures.stride(input=[[0.25, 1]], weight=[[1, 0.5]])
    assert "rounded" not in exact.description
    assert read(parse(exact.svg)).sums == ["0.25·1 + 1·0.5 \n= 0.75"]
    rounded = figures.stride(input=[[1 / 3, 1]], weight=[[1, 1]])
    assert "0.33·1 + 1·1 ≈ 1.33" in rounded.description
    assert rounded.description.endswith("Numbers are rounded to 2 decimals.")
    crowded = figures.stride(input=[[0.123] * 9] * 4, kernel_size=2)
    assert crowded.description.endswith("Numbers are rounded to 1 decimal.")
    large = figures.stride(input=[[100.123] * 8] * 4, weight=[[1]])
    assert large.description.endswith("Numbers are rounded to whole ones.")


def test_sizes_come_from_the_numbers() -> None:
    figure = figures.stride(input=[[1, 2, 3]] * 4, weight=[[1, 0]])
    assert figure.title == "Convolution, kernel 1×2, stride 1: input 4×3, output 4×2, with numbers"
    assert figures.stride((4, 3), (1, 2), input=[[1, 2, 3]] * 4, weight=[[1, 0]]) == figure


@every_language
@every_case
def test_the_drawing_is_the_same_in_every_language(case: dict[str, Any], code: str) -> None:
    with language(code):
        root, figure = parse(figures.stride(**case).svg), figures.stride(**case)
    english = parse(figures.stride(**case).svg)

    def places(drawing: ET.Element) -> Any:
        kinds = ("path", "rect", "tspan")
        return [
            (each.tag, each.get("d"), each.get("x"), each.get("y"))
            for each in drawing.iter()
            if each.tag in kinds and not has(each, "cx-unread")
        ]

    def geometry(drawing: ET.Element) -> Any:
        # The marks of the key stand where words before them end.
        top = max(float(each.attrib["y"]) for each in drawing.iter("text") if each.get("y"))
        marks = {each for each in places(drawing) if each[1] and _top(each[1]) > top - 50}
        return [each for each in places(drawing) if each not in marks]

    assert root.get("viewBox") == english.get("viewBox")
    assert geometry(root) == geometry(english)
    assert "{" not in figure.description
    assert bool(re.search("[ぁ-ん]", figure.description)) == (code == "ja")


def _top(data: str) -> float:
    return float(re.findall(r"-?[\d.]+", data)[1])


@every_case
def test_each_step_is_told_with_its_value(case: dict[str, Any]) -> None:
    figure = figures.stride(**case)
    told = sentences(figure)
    assert len(told) == figure.steps
    for step, sentence in enumerate(told):
        drawn = read(parse(figure.frame(step)))
        if "transposed" in case.get("operation", ""):
            given = [*drawn.input.values()][step]
            assert sentence.endswith(f"; the kernel, multiplied by {given}, is added")
        else:
            assert sentence.endswith(f"; its value is {list(drawn.output.values())[-1]}")


@pytest.mark.parametrize(
    ("wrong", "error", "line"),
    [
        ({"numbers": 1}, ArgumentError, "expected: numbers as True or False"),
        ({"numbers": True, "input_size": 20}, ArgumentError,
         "expected: at most 64 steps of a figure with numbers"),
        ({"numbers": True, "kernel_size": 6}, ArgumentError, "received: 36 cells in a window"),
        ({"numbers": True, "input_size": 40, "stride": 6}, ArgumentError,
         "expected: numbers that fit into their cells, at least 10 units high"),
        ({"input": [[10**7, 1], [1, 1]], "weight": [[1]]}, ArgumentError,
         "numbers as long as 10,000,000"),
        # Without its decimal it would be another number.
        ({"input": [[-1.25] * 12] * 5, "weight": [[1]]}, ArgumentError, "numbers as long as -1.2"),
        ({"input": [1, 2]}, ArgumentError, "expected: input as rows of cells, at least one cell"),
        ({"input": [[1, 2]], "dimensions": 1}, ArgumentError,
         "expected: input of one dimension, at least one number"),
        ({"input": [], "dimensions": 1}, ArgumentError, "received: input=[]"),
        ({"input": "12", "dimensions": 1}, ArgumentError, "received: input='12'"),
        ({"input": [[1, float("nan")]]}, ArgumentError, "received: input[0][1]=nan"),
        ({"input": [[1, "<script>&"]]}, ArgumentError, "received: input[0][1]='<script>&'"),
        ({"weight": [[1], [1, 2]]}, ArgumentError, "weight[0] with 1 cells, weight[1] with 2"),
        ({"weight": [[1]], "operation": "max_pooling"}, ArgumentError,
         "expected: weight with a convolution: a pooling has none"),
        ({"input": [[1, 2]], "input_size": 2, "kernel_size": 1}, ShapeError,
         "expected: input_size as the numbers have it, 1×2"),
        ({"weight": [1, 2], "kernel_size": 3, "dimensions": 1}, ShapeError,
         "received: kernel_size=3"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_drawn_are_refused(
    wrong: Any, error: type[Exception], line: str
) -> None:
    with pytest.raises(error) as caught:
        figures.stride(**wrong)
    text = str(caught.value)
    assert line in text
    assert text.splitlines()[2].startswith("cure: ")


@every_case
def test_the_same_numbers_stand_in_a_figure_every_time(case: dict[str, Any]) -> None:
    one, other = figures.stride(**case), figures.stride(**case)
    assert one.inline("x") == other.inline("x")
    assert one.frame(0) == other.frame(0)


def test_many_figures_take_as_long_as_each_of_them() -> None:
    def seconds(count: int) -> float:
        return min(timeit.repeat(lambda: figures.stride(**CONVOLUTION), number=count, repeat=3))

    figures.stride(**CONVOLUTION)
    assert seconds(40) < 40 * seconds(4) / 4 * 3


@pytest.mark.parametrize("size", [100, 4096])
def test_numbers_that_no_cell_can_hold_are_refused_at_once(size: int) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.stride(size, numbers=True)
    assert str(caught.value).splitlines() == [
        "expected: a figure with numbers whose cells are large enough to hold them",
        f"received: {size}×{size} inputs",
        "cure: draw a smaller case, or leave the numbers out",
    ]
