"""The highest class of each cell: what is drawn, told and picked out, never pixels."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.moments import SVG, matched, numbers, of_class, parse, sentences, words

from cnnexplain import figures
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.figures import svg
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

HOSTILE = '<script>alert("&")</script>'
FACE: dict[str, Any] = {"image_size": 108, "window": 24, "stride": 4}
NAMES = [["espresso"] * 6 for _ in range(6)]
NAMES[4][5] = NAMES[5][4] = NAMES[5][5] = "ladle"
NAMES[5][2], NAMES[5][3] = "consomme", "chocolate sauce"
SCORES = [[0.95 - 0.07 * row - 0.05 * column for column in range(6)] for row in range(6)]


def made(**more: Any) -> figures.Figure:
    return figures.top_classes(NAMES, SCORES, **{"probabilities": True} | more)


def many(count: int) -> figures.Figure:
    """As many classes on the small cells of a face's map."""
    labels = [[f"class {(22 * row + at) % count}" for at in range(22)] for row in range(22)]
    scores = np.linspace(0, 1, 484).reshape(22, 22)
    return figures.top_classes(labels, scores, **FACE)


def letters(root: ET.Element) -> list[str]:
    return [
        each.text or "" for each in root.iter(f"{SVG}tspan") if (each.text or "") in "ABCDEFGH·"
    ]


def test_each_cell_has_the_letter_of_its_class_and_most_cells_come_first() -> None:
    figure = made()
    ranked = ["espresso", "ladle", "consomme", "chocolate sauce"]
    counted = Counter(name for line in NAMES for name in line)
    assert [counted[name] for name in ranked] == [31, 3, 1, 1]
    assert SCORES[5][2] > SCORES[5][3]
    letter = dict(zip(ranked, "ABCD", strict=True))
    assert letters(parse(figure.svg)) == [letter[name] for line in NAMES for name in line]
    said = words(parse(figure.svg))
    rows = [(each, said[at + 1]) for at, each in enumerate(said) if each in ranked]
    assert rows == [(name, str(counted[name])) for name in ranked]
    assert figure.title == (
        "Highest class of each of 6×6 cells: 4 classes, espresso in 31 of 36 cells"
    )


def test_one_class_after_the_other_is_picked_out_with_the_window_of_its_highest_score() -> None:
    figure = made()
    assert figure.steps == 5
    assert figure.script is not None
    assert figure.still == 0
    best = [(0, 0), (0, 0), (4, 5), (5, 2), (5, 3)]
    for step, (row, column) in enumerate(best):
        root = parse(figure.frame(step))
        image = of_class(root, "cx-input-line")[0]
        x, y, unit = (
            float(image.attrib["x"]),
            float(image.attrib["y"]),
            float(image.attrib["width"]) / 384,
        )
        window = of_class(root, "cx-window")[-2]
        left, top, width = numbers(window.attrib["d"])[:3]
        assert (left - x, top - y) == pytest.approx((column * 32 * unit, row * 32 * unit), abs=0.01)
        assert width == pytest.approx(224 * unit, abs=0.01)
        # All other cells fade: what is left out of the cover are the cells of the class.
        faded = [each for each in root.iter() if each.get("fill-rule")]
        assert len(faded) == (step > 0)
        if step:
            _, *kept = (numbers(each) for each in faded[0].attrib["d"].split("z")[:-1])
            cells = {
                (int(down), int(across) + at)
                for across, down, wide, *_ in kept
                for at in range(int(wide))
            }
            name = ["espresso", "ladle", "consomme", "chocolate sauce"][step - 1]
            assert cells == {(r, c) for r in range(6) for c in range(6) if NAMES[r][c] == name}


def test_a_click_on_a_class_leads_to_it() -> None:
    root = parse(made().svg)
    marks = [each for each in root.iter() if each.get("data-step")]
    assert sorted(each.attrib["data-step"] for each in marks) == sorted("11223344")
    assert {each.tag for each in marks} == {f"{SVG}path", f"{SVG}rect"}


def test_what_is_told_has_the_numbers() -> None:
    figure = made()
    told = sentences(figure)
    assert told[0] == (
        "4 classes in 36 cells; the highest score, 95%, is that of espresso, in row 1, column 1"
    )
    assert told[2] == "B, ladle: 3 of 36 cells; its highest score, 42%, is in row 5, column 6"
    assert "B, ladle: 3 of 36 cells, with a highest score of 42% in row 5, column 6." in (
        figure.description
    )
    plain = figures.top_classes(NAMES, SCORES)
    assert "highest score of 0.42 in row" in plain.description
    assert "%" not in plain.description


def test_small_cells_have_patterns_and_so_has_the_key() -> None:
    root = parse(many(3).svg)
    assert not letters(root)
    low, *swatches = of_class(root, "cx-hatch")
    assert len(swatches) == 2
    (high,) = (
        each
        for each in of_class(root, "cx-casing")
        if re.fullmatch(r"[Mml\d .-]+", each.get("d", ""))
    )
    drawn = low.attrib["d"].count("M") + high.attrib["d"].count("M")
    # The first class has no pattern.
    assert drawn == sum((22 * r + c) % 3 > 0 for r in range(22) for c in range(22))


@pytest.mark.parametrize(("count", "steps"), [(1, 2), (8, 9), (9, 9), (100, 9)])
def test_too_many_classes_end_in_one_of_the_rest(count: int, steps: int) -> None:
    figure = many(count)
    assert figure.steps == steps
    said = words(parse(figure.svg))
    assert (f"{count - 7} other classes" in said) == (count > 8)
    assert f"{count} class{'es' * (count > 1)}" in said
    rows = [each for each in parse(figure.svg).iter(f"{SVG}text") if each.get("class") == "cx-end"]
    assert sum(int(each.text or "") for each in rows[::2]) == 484


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", HOSTILE, "名前", "x" * 300]), min_size=6, max_size=6))
def test_the_cells_of_all_classes_are_all_cells(names: list[str]) -> None:
    figure = figures.top_classes([names[:3], names[3:]], [[0.1] * 3] * 2, image_size=(256, 288))
    counted = sorted(Counter(names).values(), reverse=True)
    told = [int(matched(r": (\d+) of 6 cells", each)[1]) for each in sentences(figure)[1:]]
    assert told == counted


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_drawing_is_the_same_in_every_language_and_speaks_it(code: str) -> None:
    def shapes(figure: figures.Figure) -> list[Any]:
        return [
            (each.tag, {key: value for key, value in each.items() if key != "lang"})
            for each in parse(figure.svg).iter()
            if each.tag != f"{SVG}text"
        ]

    english = made()
    with language(code):
        figure, again = made(), made()
        texts = [*words(parse(figure.svg)), figure.title, figure.description]
    assert shapes(figure) == shapes(english)
    assert figure.height == english.height
    assert (figure, figure.svg) == (again, again.svg)
    assert bool(re.search("[ぁ-んァ-ヶ]", "".join(texts))) == (code == "ja")
    assert "{" not in "".join(texts) + "".join(sentences(figure))
    for step in range(figure.steps):
        frame = words(parse(figure.frame(step)))
        assert frame == words(parse(figure.svg))


@pytest.mark.parametrize("code", LANGUAGES)
def test_names_stay_text_and_nothing_is_cut(code: str) -> None:
    labels = [[HOSTILE * 5, "b"], ["猫" * 60, "i" * 90]]
    with language(code):
        figure = figures.top_classes(labels, [[0.5, 1.0], [0.25, 0.0]], image_size=256)
    root = parse(figure.inline("a"))
    assert not [each for each in root.iter() if "script" in each.tag]
    assert HOSTILE * 5 in figure.description
    assert "猫" * 60 in figure.description
    assert any(each.startswith("<script>") and each.endswith("…") for each in words(root))
    for each in root.iter(f"{SVG}text"):
        if each.get("x") and "cx-on-low" not in each.get("class", ""):
            width = svg.text_width("".join(each.itertext()), 15.5)
            x = float(each.attrib["x"])
            start = x - width * (0.5 if "middle" in each.get("class", "") else 0)
            start -= width * ("cx-end" in each.get("class", ""))
            assert start >= 0, each.text
            assert start + width <= svg.WIDTH, each.text


def test_figures_are_small() -> None:
    assert len(made().inline("a").encode()) <= 16_000
    # Stripes of one cell, which have the longest outlines there are.
    assert len(many(3).inline("a").encode()) <= 50_000


FITTING = (
    "expected: {} with 6×6 cells, one for each 224×224 window at stride 32×32 on a 384×384 image"
)
A_MAP = (
    "cure: give a map of two dimensions, for example "
    'labels=[["espresso", "ladle"], ["espresso", "espresso"]]'
)


@pytest.mark.parametrize(
    ("wrong", "error", "lines"),
    [
        ({"labels": [["a"] * 5] * 6}, ShapeError, [
            FITTING.format("labels"),
            "received: labels with 6×5 cells",
            "cure: give the image_size, window and stride that the map was made with"]),
        ({"scores": [[0.5]]}, ShapeError, [
            FITTING.format("scores"),
            "received: scores with 1×1 cells",
            "cure: give the image_size, window and stride that the map was made with"]),
        ({"labels": [[967]]}, ArgumentError, [
            "expected: labels[0][0] as a text that is not empty",
            "received: labels[0][0]=967",
            'cure: write for example labels[0][0]="espresso"']),
        ({"labels": "espresso"}, ArgumentError, [
            "expected: labels as rows of cells, at least one cell",
            "received: labels='espresso'",
            A_MAP]),
        ({"scores": [[1.5] * 6] * 6, "probabilities": True}, ArgumentError, [
            "expected: probabilities from 0 to 1",
            "received: a score of 1.5",
            "cure: take the softmax first, or leave out probabilities=True"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_cure(
    wrong: dict[str, Any], error: type[CnnExplainError], lines: list[str]
) -> None:
    with pytest.raises(error) as caught:
        figures.top_classes(**dict[str, Any](labels=NAMES, scores=SCORES) | wrong)
    assert str(caught.value).splitlines() == lines
