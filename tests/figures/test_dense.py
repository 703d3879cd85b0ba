"""The fully connected layer: lengths to scale, lines for all pairs, torch's count."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.moments import SVG, sentences, words
from torch import nn

from cnnexplain import figures
from cnnexplain.errors import ArgumentError
from cnnexplain.languages import LANGUAGES, language

CASES = {
    "fc6": {},
    "cells": {"in_features": 6, "out_features": 4},
    "one": {"in_features": 1, "out_features": 1},
    "wide": {"in_features": 25088, "out_features": 2},
    "tall": {"in_features": 10, "out_features": 1000},
    "without a bias": {"in_features": 512, "out_features": 1000, "bias": False},
    "largest": {"in_features": 500_000, "out_features": 500_000},
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own text


def of_class(root: ET.Element, *names: str) -> list[ET.Element]:
    return [each for each in root.iter() if set(names) <= set(each.get("class", "").split())]


def rectangles(root: ET.Element, *names: str) -> list[tuple[float, ...]]:
    return [
        tuple(float(each.attrib[key]) for key in ("x", "y", "width", "height"))
        for each in of_class(root, *names)
        if each.tag == f"{SVG}rect"
    ]


def parts(figure: figures.Figure) -> tuple[list[tuple[float, ...]], ...]:
    """The matrix and the bias, the input, the output."""
    root = parse(figure.frame(0))
    weights = rectangles(root, "cx-dense", "cx-dense-line")[:-1]  # without the key's
    return (
        weights,
        rectangles(root, "cx-input", "cx-input-line"),
        rectangles(root, "cx-output", "cx-output-line"),
    )


sizes = st.integers(1, 60) | st.integers(1, 500_000)


@settings(deadline=None, max_examples=60)
@given(sizes, sizes, st.booleans())
def test_matrix_and_vectors_are_to_scale_and_counted_as_torch_counts(
    inputs: int, outputs: int, bias: bool
) -> None:
    figure = figures.dense(inputs, outputs, bias=bias)
    (matrix, *biases), (source,), (result,) = parts(figure)
    assert len(biases) == bias
    x, y, width, height = matrix
    # Only what is thinner than a line is drawn thicker.
    unit = height / outputs if width == 2 else width / inputs
    assert height == pytest.approx(max(outputs * unit, 2), abs=0.01, rel=0.001)
    assert width == pytest.approx(max(inputs * unit, 2), abs=0.01, rel=0.001)
    assert source[0] == x
    assert source[2] == width
    assert source[1] + source[3] < y
    for vector in [result, *biases]:
        assert (vector[1], vector[3]) == (y, height)
        assert vector[0] > x + width
        assert vector[2] == pytest.approx(max(unit, 9), abs=0.01)
    assert max(each[0] + each[2] for each in (matrix, result, *biases)) <= 478
    real = sum(
        each.numel() for each in nn.Linear(inputs, outputs, bias, device="meta").parameters()
    )
    # Behind its name, or on a line of its own.
    assert any(line.endswith(f" = {real:,}") for line in words(parse(figure.frame(0))))
    assert f"{real:,} parameters" in figure.title
    assert f"= {inputs * outputs:,}" in "".join(words(parse(figure.frame(figure.steps - 1))))


@every_case
def test_a_step_shows_one_output_with_all_inputs_and_the_last_one_all(case: Any) -> None:
    figure = figures.dense(**case)
    inputs, outputs = case.get("in_features", 9216), case.get("out_features", 4096)
    drawn = min(inputs, 5) if inputs > 6 else inputs
    stops = outputs if outputs <= 4 else 3
    assert figure.steps == stops + 1
    assert figure.still == stops
    for step in range(figure.steps):
        root = parse(figure.frame(step))
        (lines,) = [
            each for each in of_class(root, "cx-dense-line")
            if each.get("stroke-width") in {"2", "1.5"} and each.tag == f"{SVG}path"
        ]  # fmt: skip
        starts = lines.attrib["d"].count("M")
        assert starts == (drawn if step < stops else drawn * stops)
        ends = set(re.findall(r"L(\S+ [\d.]+)", lines.attrib["d"]))
        assert len(ends) == (1 if step < stops else stops)
    told = sentences(figure)
    named = [1, 2, 3, 4][:outputs] if outputs <= 4 else [1, 2, outputs]
    for output, sentence in zip(named, told, strict=False):
        assert sentence.startswith(f"output {output} is row {output} of A times x")
        assert f"{inputs:,}" in sentence


@every_case
def test_the_row_of_an_output_stands_where_it_is_in_the_matrix(case: Any) -> None:
    figure = figures.dense(**case)
    outputs = case.get("out_features", 4096)
    ((x, y, width, height), *biases), _, (result,) = parts(figure)
    named = [1, 2, 3, 4][:outputs] if outputs <= 4 else [1, 2, outputs]
    for step, output in enumerate(named):
        (row,) = [
            each
            for each in of_class(parse(figure.frame(step)), "cx-window")
            if each.attrib["d"].count("M") == 2 + len(biases)
        ]
        tops = [float(top) for top in re.findall(r"M[\d.]+ ([\d.]+)", row.attrib["d"])]
        lefts = [float(left) for left in re.findall(r"M([\d.]+) ", row.attrib["d"])]
        assert lefts == pytest.approx([x, result[0], *(each[0] for each in biases)], abs=0.01)
        assert len(set(tops)) == 1
        cell = re.search(r"v([\d.]+)", row.attrib["d"])
        middle = tops[0] + (float(cell[1]) / 2 if cell else 0)
        assert y <= middle <= y + height
        assert middle == pytest.approx(y + (output - 0.5) / outputs * height, abs=1.51)
        assert row.attrib["d"].count(f"h{width:.3f}".rstrip("0").rstrip(".")) >= 1


def test_small_layers_have_a_cell_for_each_weight() -> None:
    root = parse(figures.dense(6, 4).frame(0))
    (cells,) = [
        each for each in of_class(root, "cx-dense-line")
        if each.get("d", "").count("v") == 7 and each.attrib["d"].count("h") == 5
    ]  # fmt: skip
    assert "thickened" not in " ".join(words(root))
    assert "thickened" in " ".join(words(parse(figures.dense().frame(0))))
    assert cells.attrib["d"].count("M") == 12


@every_case
def test_marks_lead_to_every_step(case: Any) -> None:
    figure = figures.dense(**case)
    marks = [each.get("data-step") for each in parse(figure.svg).iter() if each.get("data-step")]
    assert marks == [str(step) for step in range(figure.steps)]


@every_case
def test_a_frame_shows_what_the_motion_shows_at_its_step(case: Any) -> None:
    figure = figures.dense(**case)
    seen = of_class(parse(figure.svg), "cx-seen")
    assert len(seen) == figure.steps
    for step in range(figure.steps):
        frame = [ET.tostring(each) for each in parse(figure.frame(step)).iter()]
        for at, group in enumerate(seen):
            content = [ET.tostring(each) for each in group]
            assert all(each in frame for each in content) == (at == step)
    assert [group.get("opacity") for group in seen] == ["0"] * (figure.steps - 1) + [None]


@every_case
@pytest.mark.parametrize("code", LANGUAGES)
def test_words_differ_by_language_and_geometry_does_not(case: Any, code: str) -> None:
    english = figures.dense(**case)
    with language(code):
        figure = figures.dense(**case)
        again = figures.dense(**case)
    assert figure == again
    assert figure.svg == again.svg
    said = figure.title + figure.description + "".join(words(parse(figure.frame(0))))
    assert bool(re.search("[ぁ-ん]", said)) == (code == "ja")
    assert ("entrées" in said) == (code == "fr")
    assert "{" not in said
    for place in ("d", "width", "height"):
        one, other = (
            [mark.get(place) for mark in of_class(parse(each.svg), "cx-dense-line")]
            for each in (figure, english)
        )
        assert one[:-2] == other[:-2]  # the key may stand elsewhere
    assert figure.height == english.height
    for each in parse(figure.svg).iter(f"{SVG}text"):
        assert 0 <= float(each.attrib["x"]) < 478
        assert 10 < float(each.attrib["y"]) < figure.height
    assert len(figure.inline("a").encode()) <= 11_000


def test_the_default_is_alexnets_first() -> None:
    figure = figures.dense()
    assert figure == figures.dense(9216, 4096)
    texts = words(parse(figure.svg))
    assert "weights: 9216·4096 = 37,748,736, biases: 4,096" in texts
    assert "parameters: 9216·4096 + 4096 = 37,752,832" in texts
    assert "9,216 weights + 1 bias = 9,217 parameters" in texts
    assert "37,752,832" in figure.description
    assert "4096×9216" in figure.description


@pytest.mark.parametrize(
    ("case", "lines"),
    [
        (
            {"in_features": 0},
            [
                "in_features as an integer of at least 1",
                "in_features=0",
                "use in_features=1 or more",
            ],
        ),
        (
            {"out_features": 500_001},
            ["out_features of at most 500000 in a figure", "out_features=500001", "use less"],
        ),
        (
            {"out_features": "many"},
            [
                "out_features as an integer of at least 1",
                "out_features='many'",
                "write for example out_features=1",
            ],
        ),
        ({"bias": 1}, ["bias as True or False", "bias=1", "write bias=True"]),
    ],
)  # fmt: skip
def test_what_is_no_layer_says_why(case: Any, lines: list[str]) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.dense(**case)
    names = ("expected", "received", "cure")
    assert str(caught.value).splitlines() == [
        f"{name}: {line}" for name, line in zip(names, lines, strict=True)
    ]
