"""A row that folds into a kernel: torch's own layers are the second route to all numbers."""

from __future__ import annotations

import re
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.figures.arrays import boxes, check, lines, numeral, of_class, parse, points, within
from tests.moments import matched, sentences

import cnnexplain as cx
from cnnexplain import figures
from cnnexplain.errors import ArgumentError, ShapeError
from cnnexplain.figures import folded_layers, folded_rows, folded_scene
from cnnexplain.figures.sheet import Sheet
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from cnnexplain.figures.arrays import Cells

SIZES = [
    (channels, (height, width), outputs)
    for channels, height, width, outputs in product(
        range(1, 6), range(1, 5), range(1, 5), (1, 2, 3)
    )
    if channels * height * width <= 12 and channels * (width + 1) <= 10
]
DRAWN = [(2, 2, 2), (3, (2, 2), 3), (1, (2, 3), 1), (5, 1, 3), (1, (3, 4), 3), (1, 1, 1), (2, 2, 1)]


def places(shown: folded_rows.Folded) -> folded_scene.Places:
    sheet = Sheet()
    sheet.title(lambda: "")
    sheet.phrases(lambda: [""])
    return folded_scene.places_of(shown, sheet.y)


def values(root: ET.Element, cells: Cells) -> list[list[int]]:
    """The numbers in cells, which are larger than the indices in their corners."""
    written = within(root, cells, sizes=lambda size: size != 10.5)
    return [[numeral(each) for each in line] for line in written]


def corners(root: ET.Element, cells: Cells) -> list[list[int]]:
    written = within(root, cells, sizes=lambda size: size == 10.5)
    return [[int(each) for each in line] for line in written]


@pytest.mark.parametrize(("channels", "size", "outputs"), SIZES)
def test_the_drawn_numbers_are_torchs(channels: int, size: tuple[int, int], outputs: int) -> None:
    shown = folded_rows.folded(channels, size, outputs)
    figure = figures.folding(channels, size, outputs)
    root, at = parse(figure.svg), places(shown)
    picture = torch.tensor([values(root, cells) for cells in at.map], dtype=torch.float64)
    assert picture.shape == (channels, *size)
    linear = torch.nn.Linear(picture.numel(), outputs, bias=False, dtype=torch.float64)
    linear.weight.data = torch.tensor(values(root, at.matrix), dtype=torch.float64)
    kernels = linear.weight.data.reshape(outputs, *picture.shape)
    convolution = torch.nn.Conv2d(channels, outputs, size, bias=False, dtype=torch.float64)
    convolution.weight.data = kernels

    # Flattened, folded, with the indices that torch's own order gives.
    index = torch.arange(picture.numel()).reshape(picture.shape)
    assert values(root, at.vector) == [picture.flatten().int().tolist()]
    assert corners(root, at.vector) == [list(range(picture.numel()))]
    assert corners(root, at.matrix) == [list(range(picture.numel()))] * outputs
    assert [corners(root, cells) for cells in at.map] == index.tolist()
    for kernel, folded in zip(kernels, at.kernels, strict=True):
        assert [values(root, cells) for cells in folded] == kernel.int().tolist()
        assert [corners(root, cells) for cells in folded] == index.tolist()

    # Both ways give the same, and torch gives it too.
    with torch.no_grad():
        products = linear(picture.flatten())
        assert [line for (line,) in values(root, at.products)] == products.int().tolist()
        laid = convolution(picture[None])[0]
        assert torch.equal(laid.flatten(), products)
        drawn = [values(root, cells) for cells in at.outputs]
        assert drawn == laid.int().tolist()
        larger = torch.tensor([values(root, cells) for cells in at.larger], dtype=torch.float64)
        assert torch.equal(larger[:, :, : size[1]], picture)
        with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
            linear(larger.flatten()[None])
        assert [values(root, cells) for cells in at.scores] == convolution(larger[None])[
            0
        ].int().tolist()
    assert f"Linear takes {picture.numel()} values, not {larger.numel()}" in lines(root)


def test_the_index_rule_is_torchs_order() -> None:
    said = lines(parse(figures.folding(2, (2, 3), 1).svg))
    assert "index = c·H·W + h·W + w = c·6 + h·3 + w" in said
    strides = torch.zeros(2, 2, 3).stride()
    assert strides == (6, 3, 1)


def test_scenes_add_up() -> None:
    shown = folded_rows.folded(2, 2, 2)
    figure, at = figures.folding(), places(shown)
    parts: list[list[Cells]] = [
        list(at.map), [at.vector], [at.matrix, at.products], [*at.kernels[0], *at.kernels[1]],
        list(at.outputs), list(at.larger),
    ]  # fmt: skip
    assert figure.steps == figure.still + 1 == 7
    for step in range(figure.steps):
        root = parse(figure.frame(step))
        for first, arrays in enumerate(parts):
            seen = [any(map(any, within(root, cells))) for cells in arrays]
            assert seen == [first <= step] * len(arrays)
        scored = [list(map(bool, within(root, cells)[0])) for cells in at.scores]
        assert scored == [[step >= 5, step >= 6]] * 2
        pointed = of_class(root, "cx-window")
        assert len(pointed) == (step >= 2)


def test_a_row_is_tied_to_the_channels_of_its_kernel() -> None:
    shown = folded_rows.folded(2, 2, 2)
    at = places(shown)
    (tie,) = of_class(parse(figures.folding().svg), "cx-tie")
    ends = list(points(tie.attrib["d"]))
    for channel, (start, end) in enumerate(zip(ends[::2], ends[1::2], strict=True)):
        kernel = at.kernels[-1][channel]
        piece = at.matrix.x + (channel + 0.5) * 4 * at.matrix.unit
        assert start == pytest.approx((piece, at.matrix.bottom))
        assert end == pytest.approx((kernel.x + kernel.width / 2, kernel.y))


def test_lines_never_cross_a_kernel_above_another_one() -> None:
    root = parse(figures.folding(3, 2, 3).svg)
    assert not of_class(root, "cx-tie")


def test_names_lead_to_their_steps() -> None:
    root = parse(figures.folding().svg)
    names = [
        (int(each.attrib["data-step"]), "".join(each.itertext()).strip())
        for each in root.iter()
        if each.get("data-step")
    ]
    assert names == [
        (0, "map 2×2×2"),
        (1, "flattened: 8 values"),
        (2, "times the matrix 2×8"),
        (3, "each row folds into a kernel 2×2×2"),
        (5, "larger map 2×2×3"),
    ]


def test_a_step_tells_its_numbers() -> None:
    shown = folded_rows.folded(2, 2, 2)
    told = sentences(figures.folding())
    start = "output 2 is row 2 of the matrix times the flattened map: "
    total = matched(f"^{start}(.*) = (−?\\d+)$", told[2])
    assert eval(total[1].replace("·", "*").replace("−", "-")) == numeral(total[2])  # noqa: S307
    assert numeral(total[2]) == shown.products[1]


def test_the_check_mark_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded_rows.Folded, "convolved", lambda *_: (((0,),), ((0,),)))
    with pytest.raises(AssertionError):
        figures.folding()


@pytest.mark.parametrize("case", DRAWN)
def test_what_holds_of_every_folding(case: tuple[Any, ...]) -> None:
    check(partial(figures.folding, *case))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"channels": 4},
         ["expected: a map of at most 12 values in a figure",
          "received: 16 (a map of 4×2×2)",
          "cure: draw a smaller case, which shows the same"]),
        ({"channels": 6, "input_size": (2, 1)},
         ["expected: channels·(map width + 1) of at most 10 in a figure",
          "received: 12 (a map of 6×2×1)",
          "cure: draw a smaller case, which shows the same"]),
        ({"out_features": 4},
         ["expected: out_features of at most 3 in a figure",
          "received: out_features=4",
          "cure: draw a smaller case, which shows the same"]),
        ({"channels": 0},
         ["expected: channels as an integer of at least 1",
          "received: channels=0",
          "cure: use channels=1 or more"]),
        ({"input_size": (2, 2, 2)},
         ["expected: input_size as a number, or one for rows and one for columns",
          "received: input_size=(2, 2, 2)",
          "cure: write for example input_size=32"]),
    ],
)  # fmt: skip
def test_a_bad_folding_is_refused_with_a_cure(wrong: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.folding(**wrong)
    assert str(caught.value).splitlines() == said


CLASSIFIERS: dict[str, tuple[Any, Any]] = {
    "vgg16": (None, 384),
    "unpadded": (lambda: cx.trace(cx.networks.vgg16(padded=False)), 384),
    "alexnet": (lambda: cx.trace(cx.networks.alexnet()), (384, 512)),
    "lenet": (lambda: cx.trace(cx.networks.lenet5()), 64),
    "text": (
        lambda: cx.trace("nn.Sequential(nn.Flatten(), nn.Linear(3072, 2))", (3, 32, 32)), 1000
    ),
    "pooled": (
        lambda: cx.trace(
            "nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1000))", (3, 8, 8)
        ),
        4000,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_what_holds_of_every_classifier(case: tuple[Any, Any]) -> None:
    make, image = case
    trace = make and make()
    check(lambda: figures.folding_sizes(trace, image), 6_000)


def test_vgg16_is_the_one_of_the_books() -> None:
    figure = figures.folding_sizes()
    root = parse(figure.svg)
    said = lines(root)
    for words in (
        "matrix 4096×25088", "1 of 4,096 rows: 25,088 = 512·7·7 weights", "1 kernel 512×7×7",
        "image 224×224", "512×7×7", "4096×1×1", "image 384×384", "512×12×12", "4096×6×6",
        "fc6", "4096×25088 → 4096×512×7×7", "102,760,448",
        "fc7", "4096×4096 → 4096×4096×1×1", "16,777,216",
        "fc8", "1000×4096 → 1000×4096×1×1", "4,096,000",
        "4096·25088 = 4096·512·7·7 = 102,760,448",
    ):  # fmt: skip
        assert words in said, words
    layers = {
        "fc6": (torch.nn.Linear(25088, 4096, bias=False, device="meta"),
                torch.nn.Conv2d(512, 4096, 7, bias=False, device="meta")),
        "fc7": (torch.nn.Linear(4096, 4096, bias=False, device="meta"),
                torch.nn.Conv2d(4096, 4096, 1, bias=False, device="meta")),
        "fc8": (torch.nn.Linear(4096, 1000, bias=False, device="meta"),
                torch.nn.Conv2d(4096, 1000, 1, bias=False, device="meta")),
    }  # fmt: skip
    for name, (linear, convolution) in layers.items():
        assert linear.weight.numel() == convolution.weight.numel()
        assert f"{linear.weight.numel():,}" in said, name
        before, after = ("×".join(map(str, layer.weight.shape)) for layer in (linear, convolution))
        assert f"{before} → {after}" in said
    # What the description says, it says of the same numbers.
    for number in ("102,760,448", "25,088", "512×12×12", "6×6", "73,728"):
        assert number in figure.description


def test_the_matrix_and_the_kernel_are_drawn_to_scale() -> None:
    root = parse(figures.folding_sizes().svg)
    ((_, top, wide, tall),) = boxes(of_class(root, "cx-dense")[0])
    assert wide / tall == pytest.approx(25088 / 4096, rel=1e-3)
    row = list(points(of_class(root, "cx-window")[0].attrib["d"]))
    assert row[1][0] - row[0][0] == pytest.approx(wide)
    assert top < row[0][1] < top + tall
    kernel = list(points(of_class(root, "cx-conv")[0].attrib["d"]))
    (left, front), (_, back), (end, _), (_, lower) = kernel[:4]
    channels, height = end - kernel[1][0], lower - back
    assert channels / height == pytest.approx(512 / 7, rel=1e-2)
    assert front - back == pytest.approx(height / 2, rel=1e-2)
    assert left == 4.5
    # From the front, both maps and their outputs have cells of one size.
    paths = of_class(root, "cx-input-line") + of_class(root, "cx-output-line")
    grids = [path.attrib["d"] for path in paths]
    counts = {(data.count("h") - 1, data.count("v") - 1) for data in grids if "z" not in data}
    assert counts >= {(7, 7), (12, 12), (1, 1), (6, 6)}


sides = st.tuples(st.integers(6, 12), st.integers(0, 9))


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), sides, sides, st.integers(1, 5))
def test_any_classifier_folds_as_torch_says(
    channels: int,
    kernel: int,
    pool: int,
    height: tuple[int, int],
    width: tuple[int, int],
    outputs: int,
) -> None:
    size, more = zip(height, width, strict=True)
    below = torch.nn.Sequential(
        torch.nn.Conv2d(1, channels, kernel), torch.nn.ReLU(), torch.nn.MaxPool2d(pool)
    ).double()
    picture = torch.rand(1, 1, *size, dtype=torch.float64)
    before = below(picture)
    linear = torch.nn.Linear(before.numel(), outputs).double()
    last = torch.nn.Linear(outputs, 2).double()
    network = torch.nn.Sequential(
        *below, torch.nn.Flatten(), torch.nn.Dropout(), linear, torch.nn.ReLU(), last
    ).eval()
    image = size[0] + more[0], size[1] + more[1]
    figure = figures.folding_sizes(cx.trace(network, (1, *size)), image)
    said = lines(parse(figure.svg))

    folded = torch.nn.Conv2d(channels, outputs, before.shape[2:]).double()
    folded.weight.data = linear.weight.data.reshape(folded.weight.shape)
    folded.bias = linear.bias
    assert torch.allclose(folded(before).flatten(), linear(before.flatten()))
    larger = below(torch.rand(1, 1, *image, dtype=torch.float64))
    for tensor in (before[0], folded(before)[0], larger[0], folded(larger)[0]):
        assert "×".join(map(str, tensor.shape)) in said
    shapes = [f"{outputs}×{before.numel()}", "×".join(map(str, folded.weight.shape))]
    assert " → ".join(shapes) in said
    assert f"2×{outputs} → 2×{outputs}×1×1" in said
    assert f"{folded.weight.numel():,}" in said
    refuses = larger.numel() != before.numel()
    assert ("it would refuse" in figure.description) == refuses


def test_a_global_pooling_leaves_kernels_of_one_pixel_and_refuses_nothing() -> None:
    make, image = CLASSIFIERS["pooled"]
    figure = figures.folding_sizes(make(), image)
    assert figure.title == "Network, 2: 1,000 rows of 3 weights fold into 1,000 kernels of 3×1×1"
    assert "refuse" not in figure.description


def test_a_trace_of_modules_shows_the_same() -> None:
    first = "nn.Sequential(nn.Flatten(), nn.Linear(12, 4))"
    text = f"nn.Sequential({first}, nn.ReLU(), nn.Linear(4, 2))"
    trace = cx.trace(text, (3, 2, 2))
    assert figures.folding_sizes(trace, 4) == figures.folding_sizes(trace.collapsed(1), 4)


def test_hostile_and_long_names_stay_text_and_have_room() -> None:
    class Hostile(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.add_module('<script>&"alert' + "x" * 60, torch.nn.Linear(12, 3))

        def forward(self, x: torch.Tensor) -> Any:
            (layer,) = self.children()
            return layer(x.flatten(1))

    figure = figures.folding_sizes(cx.trace(Hostile(), (3, 2, 2)), 4)
    assert "<script" not in figure.svg
    (name,) = {each for each in lines(parse(figure.svg)) if re.fullmatch("…x+", each)}
    assert f"{name}: 3 rows, 3 kernels" in lines(parse(figure.svg))
    assert folded_layers._short("fc6") == "fc6"
    assert folded_layers._short("層" * 40) == "…" + "層" * 4


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_says_the_sizes(code: str) -> None:
    with language(code):
        figure = figures.folding_sizes()
        small = figures.folding()
    for words in ("fc6", "512×7×7", "VGG-16"):
        assert words in figure.title
        assert words in figure.description
    assert "Linear(8, 2)" in small.title
    assert "2×2×3" in small.description


@pytest.mark.parametrize(
    ("trace", "image", "error", "said"),
    [
        (lambda: "vgg16", 384, ArgumentError,
         ["expected: a trace of a classifier",
          "received: trace='vgg16'",
          "cure: write for example folding_sizes(cx.trace(cx.networks.vgg16()))"]),
        (lambda: cx.trace("nn.Sequential(nn.Conv2d(3, 4, 3))", (3, 8, 8)), 384, ArgumentError,
         ["expected: a network with a Linear layer behind a flattening",
          "received: none in 'the network'",
          "cure: trace a classifier, for example cx.networks.vgg16()"]),
        (lambda: cx.trace("nn.Sequential(nn.Linear(8, 2))", (8,)), 384, ArgumentError,
         ["expected: a trace of a network that takes one picture",
          "received: input sizes ((8,),)",
          "cure: trace the network for one (channels, height, width)"]),
        (lambda: None, 200, ArgumentError,
         ["expected: image_size of at least 224×224, for which the network was traced",
          "received: image_size=200×200",
          "cure: use image_size=224 or more"]),
        (lambda: None, 5000, ArgumentError,
         ["expected: image_size of at most 4096 in a figure",
          "received: image_size=5000×5000",
          "cure: use image_size=4096 or less"]),
        (lambda: None, 0, ArgumentError,
         ["expected: image_size as an integer of at least 1",
          "received: image_size=0",
          "cure: use image_size=1 or more"]),
    ],
)  # fmt: skip
def test_a_bad_classifier_is_refused_with_a_cure(
    trace: Any, image: Any, error: type[Exception], said: list[str]
) -> None:
    with pytest.raises(error) as caught:
        figures.folding_sizes(trace(), image)
    assert str(caught.value).splitlines() == said


def test_layers_that_cannot_take_a_larger_picture_say_so() -> None:
    views = "nn.Unflatten(2, (2, 4)), nn.Flatten(2, 3), nn.Flatten()"
    text = f"nn.Sequential({views}, nn.Linear(64, 2))"
    trace = cx.trace(text, (1, 8, 8))
    assert figures.folding_sizes(trace, 8).title
    with pytest.raises(ShapeError):
        figures.folding_sizes(trace, 9)


def test_the_largest_picture_is_drawn() -> None:
    figure = figures.folding_sizes(image_size=4096)
    assert "122×122" in figure.svg
