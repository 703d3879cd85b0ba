"""Three ways to connect: torch's layers are the second route to their weights."""

from __future__ import annotations

import re
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
from tests.figures.arrays import check, lines, of_class, parse, within
from tests.moments import sentences

from cnnexplain import axis, figures
from cnnexplain.errors import ArgumentError, ShapeError
from cnnexplain.figures import shades
from cnnexplain.figures.wiring_numbers import WAYS, Wiring
from cnnexplain.figures.wiring_scene import DASHES, Panel
from cnnexplain.languages import LANGUAGES, language

CASES = [
    (inputs, kernel, stride)
    for inputs, kernel, stride in product(range(1, 10), range(1, 6), range(1, 5))
    if kernel <= inputs
]
DRAWN = [(7, 3, 1), (9, 5, 2), (1, 1, 1), (9, 1, 1), (8, 3, 4), (5, 5, 1)]
TIE = re.compile(r"M([\d.]+) ([\d.]+)l(-?[\d.]+) ([\d.]+)")


def matrices(inputs: int, kernel: int, stride: int) -> dict[str, torch.Tensor]:
    """The matrix of each way; equal numbers are equal weights, and 0 is none."""
    weight = torch.arange(1.0, kernel + 1)
    shared = torch.nn.functional.conv1d(
        torch.eye(inputs)[:, None], weight[None, None], stride=stride
    )[:, 0].T
    local = torch.zeros_like(shared)
    local[shared != 0] = torch.arange(1.0, (shared != 0).sum().item() + 1)
    dense = torch.arange(1.0, shared.numel() + 1).reshape(shared.shape)
    return {"dense": dense, "local": local, "shared": shared}


def panels(figure: figures.Figure, inputs: int, kernel: int, stride: int) -> list[Panel]:
    """Where the panels stand: their names tell."""
    window = axis.convolution(kernel, stride)
    shown = Wiring(window, inputs, window.output_size(inputs))
    root = parse(figure.svg)
    names = [
        each
        for role in ("dense", "conv")
        for each in of_class(root, f"cx-{role}-ink")
        if each.get("x") == "4"
    ]
    return [
        Panel.at(shown, way, float(name.attrib["y"])) for way, name in zip(WAYS, names, strict=True)
    ]


@pytest.mark.parametrize(("inputs", "kernel", "stride"), CASES)
def test_the_counts_are_those_of_torchs_layers(inputs: int, kernel: int, stride: int) -> None:
    expected = matrices(inputs, kernel, stride)
    outputs = len(expected["dense"])
    dense = torch.nn.Linear(inputs, outputs, bias=False).weight.numel()
    shared = torch.nn.Conv1d(1, 1, kernel, bias=False).weight.numel()
    local = int((expected["shared"] != 0).sum())
    figure = figures.connections(inputs, kernel, stride)
    assert figure.title == (
        f"Weights of {inputs} inputs and {outputs} outputs: "
        f"fully connected {dense}, local {local}, convolution {shared}"
    )
    assert figure.steps == outputs
    said = lines(parse(figure.frame(outputs - 1)))
    assert f"connections: {outputs}·{inputs} = {dense}; weights: {dense}" in said
    assert f"connections: {outputs}·{kernel} = {local}; weights: {local}" in said
    assert f"connections: {outputs}·{kernel} = {local}; weights: {shared}" in said
    assert f"{local} connections" not in said


@pytest.mark.parametrize(("inputs", "kernel", "stride"), DRAWN)
def test_the_drawn_matrices_are_torchs(inputs: int, kernel: int, stride: int) -> None:
    figure = figures.connections(inputs, kernel, stride)
    expected = matrices(inputs, kernel, stride)
    for panel in panels(figure, inputs, kernel, stride):
        written = within(parse(figure.svg), panel.matrix)
        numbers = expected[panel.way].int().tolist()
        if panel.way == "shared":
            marks = [[shades.letter(at - 1) if at else "" for at in line] for line in numbers]
        else:
            marks = [[str(at) if at else "" for at in line] for line in numbers]
        assert written == marks


@pytest.mark.parametrize(("inputs", "kernel", "stride"), DRAWN)
def test_each_connection_is_a_line_from_its_input_to_its_output(
    inputs: int, kernel: int, stride: int
) -> None:
    figure = figures.connections(inputs, kernel, stride)
    expected = matrices(inputs, kernel, stride)
    places = panels(figure, inputs, kernel, stride)
    for step in range(figure.steps):
        root = parse(figure.frame(step))
        # Those of one output more with each step; the last one's are there once more, thick.
        steps = [*range(step + 1), step]
        found: dict[str, list[tuple[int, float]]] = {way: [] for way in WAYS}
        for path in root.iter("{http://www.w3.org/2000/svg}path"):
            for x, y, across, _ in TIE.findall(path.attrib["d"]):
                panel = min(places, key=lambda each: abs(each.top + 20 - float(y)))
                input_ = (float(x) - panel._input(0)) / panel.step
                found[panel.way].append((round(input_), float(x) + float(across)))
                assert input_ == pytest.approx(round(input_))
        for panel in places:
            wanted = [
                (input_, panel._output(output))
                for output in steps
                for input_ in expected[panel.way][output].nonzero().flatten().tolist()
            ]
            assert sorted(found[panel.way]) == sorted(wanted)


def test_every_weight_of_a_kernel_has_a_line_style_of_its_own() -> None:
    root = parse(figures.connections(9, 5, 1).svg)
    groups = [each for each in of_class(root, "cx-conv-line") if len(each) == 5]
    assert len(groups) == 2 * 5
    for group in groups:
        assert len({line.get("stroke-dasharray") for line in group}) == len(DASHES) == 5
        shade = [float(line.attrib["stroke-opacity"]) for line in group]
        assert shade == sorted(set(shade))


def test_a_step_points_at_its_output_and_covers_what_is_to_come() -> None:
    figure = figures.connections()
    places = panels(figure, 7, 3, 1)
    for step in range(figure.steps):
        root = parse(figure.frame(step))
        (outline,) = of_class(root, "cx-window")
        assert outline.get("d") == "".join(
            panel.matrix.box(step, 0, 1, 7) + panel.output(step) for panel in places
        )
        covers = [path.get("d") for path in of_class(root, "cx-paper")]
        rows = [
            "".join(panel.matrix.box(at, 0, 1, 7) for panel in places) for at in range(step + 1, 5)
        ]
        assert [each for each in covers if each in rows] == rows
        assert len(covers) == len(rows) + 1  # and the ground of the letters
        said = lines(root)
        assert f"connections: {step + 1}·7 = {7 * step + 7}; weights: {7 * step + 7}" in said
        assert f"connections: {step + 1}·3 = {3 * step + 3}; weights: 3" in said


def test_a_step_tells_its_counts() -> None:
    told = sentences(figures.connections())
    assert told[1] == (
        "up to output 2: fully connected 14 connections, 14 weights; local 6 and 6; "
        "convolution 6 and 3"
    )


@pytest.mark.parametrize("case", DRAWN)
def test_what_holds_of_every_figure(case: tuple[int, ...]) -> None:
    check(partial(figures.connections, *case), 20_000 if case == DRAWN[0] else 40_000)


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_says_the_counts(code: str) -> None:
    with language(code):
        figure = figures.connections()
    for number in (7, 5, 35, 15, 3):
        assert re.search(rf"(?<!\d){number}(?!\d)", figure.title)
        assert re.search(rf"(?<!\d){number}(?!\d)", figure.description)


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"input_size": 10}, ArgumentError,
         ["expected: input_size of at most 9 in a figure",
          "received: input_size=10",
          "cure: use input_size=9 or less, which shows the same"]),
        ({"kernel_size": 6}, ArgumentError,
         ["expected: kernel_size of at most 5 in a figure",
          "received: kernel_size=6",
          "cure: use kernel_size=5 or less, which shows the same"]),
        ({"input_size": 0}, ArgumentError,
         ["expected: input_size as an integer of at least 1",
          "received: input_size=0",
          "cure: use input_size=1 or more"]),
        ({"stride": "<b>"}, ArgumentError,
         ["expected: stride as an integer of at least 1",
          "received: stride='<b>'",
          "cure: write for example stride=1"]),
        ({"input_size": 2}, ShapeError,
         ["expected: a padded input of at least 3 (kernel_size=3, dilation=1)",
          "received: 2 (input_size=2, padding=(0, 0))",
          "cure: use input_size=3 or more, a smaller kernel_size, or more padding"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_cure(
    wrong: dict[str, Any], error: type[Exception], said: list[str]
) -> None:
    with pytest.raises(error) as caught:
        figures.connections(**wrong)
    assert str(caught.value).splitlines() == said
