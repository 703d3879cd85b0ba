"""A convolution as a matrix: torch, fed with unit impulses, is the second route to it."""

from __future__ import annotations

import re
from functools import partial
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.figures.arrays import check, filled, lines, numeral, of_class, parse, within
from tests.moments import matched, sentences

from cnnexplain import figures
from cnnexplain.errors import ArgumentError, ShapeError
from cnnexplain.figures import matrix, matrix_numbers, matrix_places, shades, svg, wording
from cnnexplain.figures.plane import plane
from cnnexplain.figures.sheet import Sheet
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    from cnnexplain.figures.matrix_places import Places

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "padded": {"padding": 1},
    "one dimension": {"input_size": (1, 8), "kernel_size": (1, 3)},
    "smallest": {"input_size": 1, "kernel_size": 1},
    "strided": {"input_size": 5, "stride": 2},
    "dilated": {"input_size": 5, "kernel_size": 2, "dilation": 2},
    "one-sided": {"input_size": 3, "kernel_size": 2, "padding": ((0, 1), (1, 0))},
    "rectangular": {"input_size": (6, 4), "kernel_size": (2, 3), "stride": (2, 1)},
    "never used": {"input_size": 1, "padding": 1},
    "nothing but padding": {"input_size": 1, "kernel_size": 1, "padding": 1},
}
LARGE: dict[str, dict[str, Any]] = {
    "largest": {"input_size": 8},
    "many weights": {"input_size": 8, "kernel_size": 5, "stride": 2, "padding": 2},
    "most weights": {"input_size": 8, "kernel_size": 7},
}


def shown(**case: Any) -> tuple[matrix_numbers.Product, Places]:
    """The numbers and the places of a figure."""
    arguments = {"input_size": 4, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1} | case
    numbers = {name: arguments.pop(name, None) for name in ("input", "weight")}
    flow = plane(**arguments, ceil_mode=False, operation="convolution")
    product = matrix_numbers.product(flow, numbers["input"], numbers["weight"])
    sheet = Sheet()
    sheet.title(lambda: "")
    sheet.phrases(lambda: wording.parameters(flow))
    return product, matrix_places.places_of(product, sheet.y)


def by_torch(size: tuple[int, int], weight: torch.Tensor, **options: Any) -> torch.Tensor:
    """The matrix whose columns are the outputs of unit impulses."""
    impulses = torch.eye(size[0] * size[1], dtype=weight.dtype).reshape(-1, 1, *size)
    outputs = torch.nn.functional.conv2d(impulses, weight[None, None], **options)
    return outputs.flatten(1).T


side = st.tuples(
    st.integers(1, 6), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)
)


@given(side, side, st.randoms(use_true_random=False))
def test_the_drawn_matrix_is_torchs(
    height: tuple[int, ...], width: tuple[int, ...], random: Any
) -> None:
    size, kernel, stride, padding, dilation = zip(height, width, strict=True)
    assume(all(n + 2 * p > d * (k - 1) for n, k, _, p, d in (height, width)))
    options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    marks = torch.arange(1.0, kernel[0] * kernel[1] + 1).reshape(kernel)
    expected = by_torch(size, marks, **options)
    rows, columns = expected.shape
    assume(rows <= 36)
    picture = [[random.randrange(-9, 10) for _ in range(size[1])] for _ in range(size[0])]
    weight = [[random.randrange(-9, 10) for _ in range(kernel[1])] for _ in range(kernel[0])]
    case: dict[str, Any] = {"input_size": size, "kernel_size": kernel, **options, "input": picture}
    figure = figures.convolution_matrix(**case, weight=weight)
    product, places = shown(**case, weight=weight)
    root = parse(figure.svg)
    assert figure.steps == rows
    assert (places.matrix.rows, places.matrix.columns) == (rows, columns)

    # The shade of each cell is that of the kernel's cell with its weight.
    shaded = of_class(root, "cx-weight")
    opacities = {
        path.get("fill-opacity"): place[0] * kernel[1] + place[1] + 1
        for place, path in filled(shaded, places.kernel).items()
    }
    assert sorted(opacities.values()) == list(range(1, marks.numel() + 1))
    drawn = torch.zeros(rows, columns)
    for place, path in filled(shaded, places.matrix).items():
        drawn[place] = opacities[path.get("fill-opacity")]
    assert torch.equal(drawn, expected)

    # And so is its letter, where there is room for it.
    letters = within(root, places.matrix)
    if places.matrix.unit >= 14:
        assert letters == [
            [ascii_letters[int(mark) - 1] if mark else "" for mark in line] for line in expected
        ]
    else:
        assert not any(map(any, letters))

    # The counts, by brute force.
    filled_in, zeros = int((expected != 0).sum()), int((expected == 0).sum())
    different = len(set(expected.flatten().tolist()) - {0.0})
    assert figure.title == (
        f"Convolution as a {rows}×{columns} matrix: "
        f"weights {filled_in}, zeros {zeros:,}, different weights {different}"
    )
    assert (
        f"{rows}·{columns} = {rows * columns:,} entries = {filled_in} weights + {zeros:,} zeros"
        in lines(root)
    )

    # And the numbers.
    output = torch.nn.functional.conv2d(
        torch.tensor(picture, dtype=torch.float64)[None, None],
        torch.tensor(weight, dtype=torch.float64)[None, None],
        **options,
    ).flatten()
    told = matched(r"the same output: (.*?)\.(?: |$)", figure.description)[1]
    assert list(map(numeral, told.split(", "))) == output.int().tolist()
    assert list(product.outputs) == output.int().tolist()
    vectors = within(root, places.product)
    if places.product.high >= 16:
        assert [numeral(text) for (text,) in vectors] == output.int().tolist()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_holds_of_every_figure(case: dict[str, Any]) -> None:
    check(partial(figures.convolution_matrix, **case), 34_000 if "padding" in case else 20_000)


@pytest.mark.parametrize("case", LARGE.values(), ids=LARGE)
def test_the_largest_figures_can_be_drawn(case: dict[str, Any]) -> None:
    check(partial(figures.convolution_matrix, **case), 60_000)


def test_a_step_shows_its_window_its_row_and_its_output() -> None:
    case: dict[str, Any] = {
        "input_size": 5,
        "kernel_size": 2,
        "stride": 2,
        "padding": 1,
        "dilation": 2,
    }
    figure = figures.convolution_matrix(**case)
    _, places = shown(**case)
    unfolded = torch.nn.functional.unfold(
        torch.arange(1.0, 26).reshape(1, 1, 5, 5), 2, dilation=2, padding=1, stride=2
    )[0].T
    for step in range(figure.steps):
        root = parse(figure.frame(step))
        read = sorted(int(value) - 1 for value in unfolded[step] if value)
        taps = of_class(root, "cx-taps")
        assert sorted(row * 5 + at for row, at in filled(taps, places.input)) == read
        assert sorted(at for _, at in filled(taps, places.vector)) == read
        (outline,) = of_class(root, "cx-window")
        window, row, output, product = outline.attrib["d"].split("z")[:-1]
        down, across = divmod(step, places.output.columns)
        assert window + "z" == places.padded.box(down * 2, across * 2, 3, 3)
        assert row + "z" == places.matrix.box(step, 0, 1, 25)
        assert output + "z" == places.output.box(down, across)
        assert product + "z" == places.product.box(step)
        # What is not computed is covered: its row, and both of its outputs.
        covers = of_class(root, "cx-paper")
        assert len(covers) == figure.steps - 1 - step
        assert {at for at, _ in filled(covers, places.product)} == set(
            range(step + 1, figure.steps)
        )


def test_the_sum_is_that_of_the_row() -> None:
    figure = figures.convolution_matrix((1, 3), (1, 2), input=[[3, -4, 0]], weight=[[2, -5]])
    assert "output 1 = 2·3 − 5·(−4) = 26" in lines(parse(figure.frame(0)))
    assert "output 2 = 2·(−4) − 5·0 = −8" in lines(parse(figure.frame(1)))


def test_a_long_sum_is_told_by_its_ends() -> None:
    said = " ".join(lines(parse(figures.convolution_matrix(8, 5).frame(0))))
    assert re.search(r"output 1 = \S+ [+−] \S+ [+−] \S+ \+ … [+−] \S+ = −?\d+", said)


def test_an_output_of_padding_alone_is_0() -> None:
    figure = figures.convolution_matrix(1, 1, padding=1)
    assert "output 1 = 0 = 0" not in lines(parse(figure.frame(0)))
    assert "output 1 = 0" in lines(parse(figure.frame(0)))
    assert figure.title.endswith("weights 1, zeros 8, different weights 1")


def test_the_numbers_of_the_reader_are_drawn_from_arrays_and_tensors() -> None:
    picture, kernel = np.arange(9).reshape(3, 3), torch.tensor([[1.0, -2.0], [3.0, 4.0]])
    case: dict[str, Any] = {"input_size": 3, "kernel_size": 2, "input": picture, "weight": kernel}
    root = parse(figures.convolution_matrix(**case).svg)
    _, places = shown(**case)
    assert within(root, places.input) == [list("012"), list("345"), list("678")]
    assert within(root, places.kernel, sizes=lambda size: size > 12) == [["1", "−2"], ["3", "4"]]
    assert within(root, places.kernel, sizes=lambda size: size <= 12) == [["a", "b"], ["c", "d"]]


def test_the_check_mark_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_numbers.Product, "convolved", property(lambda _: ((0, 0), (0, 0))))
    with pytest.raises(AssertionError):
        figures.convolution_matrix()


def test_every_weight_has_a_shade_and_a_letter_of_its_own() -> None:
    for count in range(1, shades.MOST_WEIGHTS + 1):
        opacities = [round(shades.opacity(index, count), 3) for index in range(count)]
        assert opacities == sorted(set(opacities))
        assert not any(0.66 < each < 0.9 for each in opacities)
        assert len({shades.letter(index) for index in range(count)}) == count


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def luminance(channels: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1])
def test_letters_can_be_read_on_every_shade(theme: int) -> None:
    def channels(role: str) -> list[float]:
        colour = svg.PALETTE[role][theme]
        return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]

    for index in range(shades.MOST_WEIGHTS):
        part = shades.opacity(index, shades.MOST_WEIGHTS)
        pairs = zip(channels("conv-line"), channels("paper"), strict=True)
        ground = luminance([part * one + (1 - part) * other for one, other in pairs])
        ink = "on-high" if shades.is_full(index, shades.MOST_WEIGHTS) else "on-low"
        assert contrast(ground, luminance(channels(ink))) >= 4.2


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_says_the_counts(code: str) -> None:
    with language(code):
        figure = figures.convolution_matrix()
        told = sentences(figure)
    for number in ("4×16", "36", "28", "9"):
        assert number in figure.title
    for text in told:
        assert re.search(r"\b9\b", text)
        assert re.search(r"\b7\b", text)


@pytest.mark.parametrize(
    ("wrong", "error", "message_lines"),
    [
        ({"input_size": 9}, ArgumentError,
         ["expected: a matrix of at most 36×64 in a figure",
          "received: 49×81 (49 outputs, 81 inputs)",
          "cure: draw a smaller case, which shows the same"]),
        ({"input_size": 4096, "kernel_size": 1}, ArgumentError,
         ["expected: a matrix of at most 36×64 in a figure",
          "received: 16777216×16777216 (16777216 outputs, 16777216 inputs)",
          "cure: draw a smaller case, which shows the same"]),
        ({"input_size": 8, "kernel_size": 8}, ArgumentError,
         ["expected: a kernel of at most 52 weights in a figure",
          "received: 8×8, which is 64",
          "cure: draw a smaller case, which shows the same"]),
        ({"input_size": (1, 32), "kernel_size": (1, 3)}, ArgumentError,
         ["expected: a kernel, a padded input and an output that fit beside each other in a figure",
          "received: a kernel 3 wide, an input 32 wide, an output 30 wide",
          "cure: draw a smaller case, or a picture that is higher than it is wide"]),
        ({"input_size": 2}, ShapeError,
         ["expected: a padded input of at least 3 (kernel_size=3, dilation=1)",
          "received: 2 (input_size=2, padding=(0, 0))",
          "cure: use input_size=3 or more, a smaller kernel_size, or more padding"]),
        ({"stride": 0}, ArgumentError,
         ["expected: stride as an integer of at least 1",
          "received: stride=0",
          "cure: use stride=1 or more"]),
        ({"input": [[1, 2], [3, 4]]}, ShapeError,
         ["expected: input of 4×4 numbers",
          "received: input of 2×2",
          "cure: give one number for each cell"]),
        ({"weight": [[0.5] * 3] * 3}, ArgumentError,
         ["expected: weight of whole numbers from -99 to 99, which the figure multiplies exactly",
          "received: weight[0][0]=0.5",
          "cure: multiply all of them by one factor, and round"]),
        ({"input": [[100] * 4] * 4}, ArgumentError,
         ["expected: input of whole numbers from -99 to 99, which the figure multiplies exactly",
          "received: input[0][0]=100.0",
          "cure: multiply all of them by one factor, and round"]),
        ({"weight": [["<script>"] * 3] * 3}, ArgumentError,
         ["expected: finite numbers of at most 1e+100",
          "received: weight[0][0]='<script>'",
          "cure: find where the value comes from: a figure cannot show it"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_cure(
    wrong: dict[str, Any], error: type[Exception], message_lines: list[str]
) -> None:
    with pytest.raises(error) as caught:
        figures.convolution_matrix(**wrong)
    assert str(caught.value).splitlines() == message_lines


def test_the_limit_is_where_it_is_said() -> None:
    assert matrix._MOST_ROWS * matrix._MOST_COLUMNS == 36 * 64
    assert figures.convolution_matrix(8).steps == 36
