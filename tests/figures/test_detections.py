"""Found windows: where each stands, from when on, and what is said of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.moments import SVG, numbers, of_class, parse, sentences, words

from cnnexplain import figures
from cnnexplain.errors import ArgumentError
from cnnexplain.figures import svg
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

HOSTILE = '<script>alert("&")</script>'
BOXES = [(0, 4, 8, 12), (1, 30, 9, 38), (40, 70, 48, 78), (60, 0, 68, 8)]
LABELS, RIGHT = ["5", "0", "3", "8"], [True, True, False, True]


def made(**more: Any) -> figures.Figure:
    given: dict[str, Any] = {
        "labels": LABELS,
        "right": RIGHT,
        "image_size": (72, 80),
        "windows": 4745,
    }
    return figures.detections(BOXES, **given | more)


def windows(root: ET.Element) -> list[ET.Element]:
    """The groups of the windows that are there."""
    return [each for each in root.iter() if each.get("data-step")]


def tags(root: ET.Element) -> list[str]:
    return ["".join(each.itertext()) for each in of_class(root, "cx-tag")]


def test_windows_come_one_after_the_other_each_at_its_place() -> None:
    figure = made()
    assert figure.steps == 4
    assert figure.script is not None
    assert figure.still == 3
    for step in range(4):
        root = parse(figure.frame(step))
        frame = of_class(root, "cx-input-line")[0]
        x, y = float(frame.attrib["x"]), float(frame.attrib["y"])
        unit = float(frame.attrib["width"]) / 80
        assert float(frame.attrib["height"]) == pytest.approx(72 * unit, abs=1e-2)
        shown = windows(root)
        assert [each.get("data-step") for each in shown] == [str(at) for at in range(step + 1)]
        for each, (top, left, bottom, right) in zip(shown, BOXES, strict=False):
            casing, line = (
                numbers(path.attrib["d"])
                for path in each.iter(f"{SVG}path")
                if re.search("cx-casing|cx-found", path.attrib["class"])
            )
            assert casing == line
            assert line[:4] == pytest.approx(
                [x + left * unit, y + top * unit, (right - left) * unit, (bottom - top) * unit],
                abs=0.06,
            )
        # The last of them is picked out.
        (ring,) = of_class(root, "cx-window")
        top, left, bottom, right = BOXES[step]
        across, down, width, height = numbers(ring.attrib["d"])[:4]
        assert across + width / 2 == pytest.approx(x + (left + right) / 2 * unit, abs=0.1)
        assert down + height / 2 == pytest.approx(y + (top + bottom) / 2 * unit, abs=0.1)


def test_right_and_wrong_differ_by_mark_and_line() -> None:
    root = parse(made().svg)
    shown = windows(root)
    for each, right in zip(shown, RIGHT, strict=True):
        (line,) = (path for path in of_class(each, "cx-found") if path.tag == f"{SVG}path")
        assert bool(line.get("stroke-dasharray")) == (not right)
        assert len(of_class(each, "cx-exact")) == right
        assert len(of_class(each, "cx-error-line")) == (not right)
    said = words(root)
    assert {"right: 3 of 4", "wrong: 1 of 4"} <= set(said)
    assert "Right: 3 of 4, with a tick" in made().description
    unknown = parse(made(right=None).svg)
    assert not of_class(unknown, "cx-exact")
    assert not [each for each in words(unknown) if "right" in each]
    assert not [each for each in words(parse(made(right=[True] * 4).svg)) if "wrong" in each]


def test_what_was_found_is_told() -> None:
    figure = made()
    assert figure.title == "Found windows: 4 of 4,745 on a 72×80 image"
    assert (
        sentences(figure)[2]
        == "3 in the 8×8 window, 40 px from the top, 70 px from the left; wrong"
    )
    assert "In the order of the motion: 5; 0; 3; 8." in figure.description
    assert tags(parse(figure.svg)) == LABELS
    sure = made(labels=None, right=None, scores=[0.5, 0.912, 0.99996, 1.0], probabilities=True)
    assert tags(parse(sure.svg)) == ["50%", "91.2%", "99.9%", "100%"]
    both = made(scores=[0.5, 12.25, -3, 0], name="digit")
    assert tags(parse(both.svg)) == LABELS
    assert sentences(both)[1].startswith("0 (12.25) in the 8×8 window")
    assert both.title == "Found windows, digit: 4 of 4,745 on a 72×80 image"
    assert "What was looked for: “digit”." in both.description


def test_tags_that_would_lie_on_one_another_are_there_while_their_window_is_picked_out() -> None:
    boxes = [(8, 32, 32, 56), (12, 36, 36, 60), (12, 32, 36, 56)]
    figure = figures.detections(boxes, scores=[0.82, 0.9, 0.99], image_size=108)
    assert [tags(parse(figure.frame(step))) for step in range(3)] == [["0.82"], ["0.9"], ["0.99"]]
    apart = figures.detections([boxes[0], (80, 80, 104, 104)], ["a", "b"], image_size=108)
    assert [tags(parse(apart.frame(step))) for step in range(2)] == [["a"], ["a", "b"]]


def test_none_and_one_stand_still() -> None:
    none = figures.detections([], image_size=108, windows=484)
    assert none.title == "Found windows: 0 of 484 on a 108×108 image"
    assert none.script is None
    assert not windows(parse(none.svg))
    one = figures.detections([(0, 0, 108, 108)], ["all"], image_size=108)
    assert one.script is None
    assert tags(parse(one.svg)) == ["all"]
    assert one.title == "Found windows: 1 on a 108×108 image"


sides = st.tuples(st.integers(0, 90), st.integers(1, 10), st.integers(0, 50), st.integers(1, 30))


@settings(max_examples=30, deadline=None)
@given(st.lists(sides, min_size=1, max_size=12))
def test_tags_stay_in_the_picture_and_never_lie_on_one_another(
    places: list[tuple[int, int, int, int]],
) -> None:
    boxes = [(top, left, top + high, left + wide) for top, high, left, wide in places]
    labels = [f"number {at}" for at in range(len(boxes))]
    figure = figures.detections(boxes, labels, image_size=(100, 80))
    root = parse(figure.svg)
    frame = of_class(root, "cx-input-line")[0]
    left, top, wide, high = (float(frame.attrib[key]) for key in ("x", "y", "width", "height"))
    kept = []
    for group in windows(root):
        for tag in (each for each in of_class(group, "cx-found") if each.tag == f"{SVG}rect"):
            x, y, width, height = (float(tag.attrib[key]) for key in ("x", "y", "width", "height"))
            assert left - 0.1 <= x <= x + width <= left + wide + 0.1
            assert top - 0.1 <= y <= y + height <= top + high + 0.1
            kept.append((x, y, x + width, y + height))
    for at, one in enumerate(kept):
        for other in kept[at + 1 :]:
            apart = one[2] <= other[0] + 0.1 or other[2] <= one[0] + 0.1
            assert apart or one[3] <= other[1] + 0.1 or other[3] <= one[1] + 0.1
    assert kept


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_drawing_is_the_same_in_every_language_and_speaks_it(code: str) -> None:
    def shapes(figure: figures.Figure) -> list[Any]:
        return [
            (each.tag, {key: value for key, value in each.items() if key != "lang"})
            for each in parse(figure.svg).iter()
            if each.tag != f"{SVG}text"
        ]

    scores = {"labels": None, "scores": [0.123, 0.456, 0.5, 1.0], "probabilities": True}
    for more in ({}, scores):
        english = made(**more)
        with language(code):
            figure, again = made(**more), made(**more)
        assert shapes(figure) == shapes(english)
        assert figure.height == english.height
        assert (figure, figure.svg) == (again, again.svg)
        texts = [*words(parse(figure.svg)), figure.title, figure.description, *sentences(figure)]
        assert bool(re.search("[ぁ-んァ-ヶ]", "".join(texts))) == (code == "ja")
        assert "{" not in "".join(texts)
        # A frame is drawn later, in whatever language is then the current one.
        assert set(words(parse(figure.frame(0)))) <= set(texts)


def test_labels_stay_text_and_long_ones_are_shortened() -> None:
    figure = made(labels=[HOSTILE, "猫" * 50, "w" * 300, "8"])
    root = parse(figure.inline("a"))
    assert not [each for each in root.iter() if "script" in each.tag]
    assert HOSTILE in figure.description
    for tag in tags(root):
        assert svg.text_width(tag, 15.5, bold=True) <= 130
    assert "猫" * 50 in figure.description


def test_figures_are_small() -> None:
    boxes = [(12 * row, 13 * at, 12 * row + 8, 13 * at + 8) for row in range(6) for at in range(6)]
    figure = figures.detections(boxes, ["3"] * 36, right=[True] * 36, image_size=(72, 80))
    assert len(figure.inline("a").encode()) <= 28_000
    most = figures.detections([(0, 0, 1, 1)] * 100, image_size=8)
    assert most.steps == 100


def test_arrays_and_tensors_are_taken_too() -> None:
    assert made() == figures.detections(
        torch.tensor(BOXES), LABELS, right=np.array(RIGHT), image_size=(72, 80), windows=4745
    )


@pytest.mark.parametrize(
    ("wrong", "lines"),
    [
        ({"boxes": [(0, 0, 8)]}, [
            "expected: boxes as (top, left, bottom, right) in pixels, on the 72×80 image",
            "received: boxes[0]=(0, 0, 8)",
            "cure: give rows before columns, and leave out what is not on the image"]),
        ({"boxes": [(0, 0, 73, 8)]}, [
            "expected: boxes as (top, left, bottom, right) in pixels, on the 72×80 image",
            "received: boxes[0]=(0, 0, 73, 8)",
            "cure: give rows before columns, and leave out what is not on the image"]),
        ({"boxes": [(8, 0, 8, 8)]}, [
            "expected: boxes as (top, left, bottom, right) in pixels, on the 72×80 image",
            "received: boxes[0]=(8, 0, 8, 8)",
            "cure: give rows before columns, and leave out what is not on the image"]),
        ({"boxes": [(0, 0, 8, 8)] * 101}, [
            "expected: boxes as a list of at most 100 boxes",
            "received: 101 boxes",
            "cure: write for example boxes=[(0, 0, 8, 8)], or draw those of the highest scores"]),
        ({"boxes": None}, [
            "expected: boxes as a list of at most 100 boxes",
            "received: boxes=None",
            "cure: write for example boxes=[(0, 0, 8, 8)], or draw those of the highest scores"]),
        ({"boxes": [(0, 0, 8, 8)], "labels": ["a", "b"]}, [
            "expected: labels as a list of 1, one for each box",
            "received: labels with 2",
            "cure: give one for each box, or leave labels out"]),
        ({"boxes": [(0, 0, 8, 8)], "scores": 0.5}, [
            "expected: scores as a list of 1, one for each box",
            "received: scores=0.5",
            "cure: give one for each box, or leave scores out"]),
        ({"boxes": [(0, 0, 8, 8)], "scores": [float("nan")]}, [
            "expected: finite numbers of at most 1e+100",
            "received: scores[0]=nan",
            "cure: find where the value comes from: a figure cannot show it"]),
        ({"boxes": [(0, 0, 8, 8)], "scores": [2.5], "probabilities": True}, [
            "expected: probabilities from 0 to 1",
            "received: a score of 2.5",
            "cure: take the softmax first, or leave out probabilities=True"]),
        ({"boxes": [(0, 0, 8, 8)], "right": [1]}, [
            "expected: right as a list of True and False",
            "received: right[0]=1",
            "cure: write for example right=[True, False]"]),
        ({"boxes": [(0, 0, 8, 8)], "labels": [3]}, [
            "expected: labels[0] as a text that is not empty",
            "received: labels[0]=3",
            'cure: write for example labels[0]="espresso"']),
        ({"boxes": [(0, 0, 8, 8)] * 2, "windows": 1}, [
            "expected: windows as an integer of at least 2",
            "received: windows=1",
            "cure: use windows=2 or more"]),
        ({"boxes": [], "image_size": 0}, [
            "expected: image_size as an integer of at least 1",
            "received: image_size=0",
            "cure: use image_size=1 or more"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_cure(wrong: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(ArgumentError) as caught:
        figures.detections(**{"image_size": (72, 80)} | wrong)
    assert str(caught.value).splitlines() == lines
