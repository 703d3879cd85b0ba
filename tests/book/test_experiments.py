"""What the experiments find is what the page says, and they run only if something has changed."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cnnexplain import networks, trace
from cnnexplain.book import cache, contents, experiments
from cnnexplain.errors import BookError, CnnExplainError
from cnnexplain.examples.digits import WINDOW, canvas
from cnnexplain.languages import LANGUAGES, language

PACKAGE = Path(experiments.__file__).parents[1]
VGG16, ALEXNET, FACES = (experiments.found(name) for name in ("vgg16", "alexnet", "faces"))


@pytest.mark.parametrize("found", [VGG16, ALEXNET, experiments.found("imagenet")])
def test_no_window_of_a_padded_network_is_exact(found: dict[str, Any]) -> None:
    assert (found["equal"], found["cells"]) == (0, 36)
    assert not any(map(any, found["exact"]))
    assert min(map(min, found["errors"])) > 0.01


def test_each_window_of_the_unpadded_twin_is_exact() -> None:
    assert (VGG16["twin_equal"], VGG16["twin_cells"]) == (36, 36)


def test_the_windows_in_the_corners_differ_least() -> None:
    errors = VGG16["errors"]
    corners = [errors[row][column] for row in (0, 5) for column in (0, 5)]
    inner = [error for row in errors[1:5] for error in row[1:5]]
    assert max(corners) < min(inner)


@pytest.mark.parametrize(("found", "halo"), [(VGG16, 96), (ALEXNET, 64)])
def test_with_its_surroundings_a_window_is_exact_and_with_less_it_is_not(
    found: dict[str, Any], halo: int
) -> None:
    assert found["halo"] == halo == max(map(int, found["halos"]))
    assert [error > 0 for error in found["halos"].values()] == [True] * (halo // 32) + [False]


@pytest.mark.parametrize(("found", "make"), [(VGG16, networks.vgg16), (ALEXNET, networks.alexnet)])
def test_padding_reaches_as_far_as_the_table_of_the_layers_says(
    found: dict[str, Any], make: Any
) -> None:
    rows = {row.name: row for row in trace(make()).rows}
    convolved = [each for each in found["reach"] if not each["name"].startswith("fc")]
    assert len(convolved) > 5
    for each in convolved:
        touched = rows[each["name"]].touched
        assert touched is not None
        assert each["size"] == rows[each["name"]].output_shape[-1]
        assert each["size"] - each["clean"] == touched[0]


def test_one_pass_of_vgg16_needs_as_many_macs_as_its_layers_on_the_larger_image() -> None:
    small = trace(networks.vgg16())
    assert VGG16["sliding_macs"] == 36 * small.macs
    convolved = sum(row.macs for row in small.rows if "conv" in row.name) * 384**2 // 224**2
    dense = sum(row.macs for row in small.rows if "fc" in row.name)
    assert VGG16["one_pass_macs"] == convolved + 36 * dense


@pytest.mark.parametrize(("name", "window", "cure"), [("rnet", 24, 25), ("onet", 48, 49)])
def test_faces_are_told_and_a_window_without_overhang_is_exact(
    name: str, window: int, cure: int
) -> None:
    assert FACES[f"{name}_faces"] == FACES[f"{name}_others"] == FACES[f"{name}_pictures"] == 100
    assert FACES[name]["window"] == [window, window]
    assert FACES[name]["cells"] == FACES[f"{name}_cured"] == FACES[f"{name}_cured_cells"] == 484
    exact = [cell for row in FACES[name]["exact"] for cell in row]
    assert exact == [False] * 483 + [True]
    assert FACES[name]["errors"][-1][-1] == 0
    assert FACES[f"{name}_cure"] == cure


def test_every_digit_is_found() -> None:
    digits = experiments.found("digits")
    assert digits["accuracy"] >= 0.97
    assert (digits["digits"], digits["found"], digits["false"]) == (36, 36, 0)


def test_the_digits_that_are_found_are_told_in_reading_order() -> None:
    seen = experiments.found("digits")["found_windows"]
    height, width = experiments.found("digits")["image_size"]
    truth = canvas().digits
    assert seen["labels"] == [str(each.value) for each in truth]
    assert seen["right"] == [True] * 36
    assert seen["windows"] == (height - WINDOW + 1) * (width - WINDOW + 1)
    for (top, left, bottom, right), there in zip(seen["boxes"], truth, strict=True):
        assert (bottom - top, right - left) == (WINDOW, WINDOW)
        assert max(abs(top - there.row), abs(left - there.column)) <= 1
    with Image.open(io.BytesIO(b64decode(seen["photograph"]))) as picture:
        assert (picture.height % height, picture.width % width) == (0, 0)


@pytest.mark.parametrize("name", ["rnet", "onet"])
def test_windows_that_are_taken_for_a_face_are_told_from_the_least_sure_on(name: str) -> None:
    seen, (side, _), (step, _) = (FACES[name][key] for key in ("found_windows", "window", "stride"))
    likely = {
        (row * step, at * step): chance
        for row, line in enumerate(FACES[name]["one_pass"])
        for at, chance in enumerate(line)
        if chance > 0.5
    }
    assert seen["scores"] == sorted(likely.values())
    found = zip(seen["boxes"], seen["scores"], strict=True)
    assert {(top, left): chance for (top, left, *_), chance in found} == likely
    for top, left, bottom, right in seen["boxes"]:
        assert (bottom - top, right - left) == (side, side)
    assert seen["windows"] == 484


def test_sliding_meets_a_ladle_that_one_pass_does_not_see() -> None:
    found = experiments.found("imagenet")
    for way in ("sliding", "one_pass"):
        highest = found["highest"][way]
        rows = zip(found[way], highest["labels"], highest["scores"], strict=True)
        for line, names, scores in rows:
            for chance, name, score in zip(line, names, scores, strict=True):
                assert (score == chance) == (name == "espresso")
                assert score >= chance
    counted = Counter(name for line in found["highest"]["sliding"]["labels"] for name in line)
    assert counted == {"espresso": 31, "ladle": 3, "consomme": 1, "chocolate sauce": 1}
    passed = found["highest"]["one_pass"]["labels"]
    assert {name for line in passed for name in line} == {"espresso"}


def test_an_experiment_runs_again_only_if_something_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []

    def run() -> dict[str, float]:
        runs.append(1)
        return {"error": 0.123456789}

    monkeypatch.setattr(experiments, "FOLDER", tmp_path)
    monkeypatch.setattr(experiments, "EXPERIMENTS", {"try": run})
    monkeypatch.setattr(experiments, "found", experiments.found.__wrapped__)
    said: list[str] = []
    experiments.prepare(said.append)
    assert experiments.found("try") == {"error": 0.12346}
    assert (len(runs), said) == (1, [])
    (kept,) = tmp_path.iterdir()
    kept.write_text("half a fi", encoding="utf-8")
    assert experiments.found("try") == {"error": 0.12346}
    assert len(runs) == 2
    assert json.loads(cache.recall(kept) or "") == {"error": 0.12346}
    monkeypatch.setattr(cache, "versions", lambda: {"torch": "another"})
    experiments.found("try")
    assert len(runs) == 3
    for file, count in {"figures/svg.py": 3, "cli.py": 3, "conversion/values.py": 4}.items():
        changed = {**cache.sources(PACKAGE), file: "another"}
        with monkeypatch.context() as patched:
            patched.setattr(cache, "sources", lambda _, found=changed: found)
            experiments.found("try")
        assert len(runs) == count, file


def test_an_experiment_that_raises_is_named_and_a_missing_package_says_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiments, "FOLDER", tmp_path)
    raised = {"sum": ZeroDivisionError("nothing"), "kit": CnnExplainError("lz4", "none", "get it")}

    def fail(name: str) -> Any:
        raise raised[name]

    monkeypatch.setattr(experiments, "EXPERIMENTS", {name: partial(fail, name) for name in raised})
    with pytest.raises(BookError) as caught:
        experiments.found("sum")
    assert str(caught.value) == (
        "expected: the experiment sum, which runs\n"
        "received: ZeroDivisionError: nothing\n"
        "cure: correct it in src/cnnexplain/book/experiments.py"
    )
    with pytest.raises(CnnExplainError, match="cure: get it"):
        experiments.found("kit")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", contents.FIGURES)
def test_every_figure_of_a_page_can_be_drawn_and_is_small(name: str, code: str) -> None:
    with language(code):
        figure = contents.FIGURES[name].figure()
    assert figure.language == code
    inline = figure.inline(name)
    # Six of them are to load in less than one picture of others.
    assert len(inline.encode()) <= (60_000 if "base64" in inline else 21_000)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(("name", "part"), [("faces", "onet"), ("faces", "rnet")])
def test_the_faces_that_were_found_can_be_drawn(name: str, part: str, code: str) -> None:
    with language(code):
        figure = contents._detections(experiments.found(name)[part])
    assert figure.language == code
    assert len(figure.inline("a").encode()) <= 60_000
