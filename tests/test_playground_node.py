"""The package in the Python for browsers, under Node: it answers as it does here, to the letter."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cnnexplain
from cnnexplain.book import browser
from cnnexplain.languages import LANGUAGES
from cnnexplain.playground import PRESETS, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
WINDOWS, NETWORKS = 500, 100
Question = tuple[dict[str, str], str]

pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not (ROOT / "node_modules" / "pyodide").is_dir(),
    reason="needs Node and what make playground gets",
)


def windows(draw: random.Random) -> list[dict[str, str]]:
    """Return windows, most of which fit; small ones are the most likely."""
    found = []
    for _ in range(WINDOWS):
        numbers = {
            "input": min(draw.randint(1, 40), draw.randint(1, 80)),
            "kernel": draw.randint(1, 7),
            "stride": draw.randint(1, 5),
            "padding": draw.randint(0, 3),
            "dilation": draw.choice([1, 1, 1, 2, 3]),
        }
        found.append(
            {"tool": "window", "kind": draw.choice(["convolution", "pooling"])}
            | {name: str(value) for name, value in numbers.items()}
            | {"ceil": draw.choice("01")}
        )
    return found


def network(draw: random.Random) -> dict[str, str]:
    """Return a network of some layers; one in four forgets what a size has to be."""
    channels, size = draw.choice([1, 3]), draw.randint(12, 64)
    given = f"{channels}x{size}x{size}"
    layers = []
    for _ in range(draw.randint(1, 5)):
        kernel, stride = draw.randint(1, 5), draw.randint(1, 2)
        made = (size - kernel) // stride + 1
        if made < 1:
            break
        if draw.random() < 0.7:
            wider = draw.choice([4, 8, 16])
            layers += [f"nn.Conv2d({channels}, {wider}, {kernel}, stride={stride})", "nn.ReLU()"]
            channels = wider
        else:
            layers.append(f"nn.MaxPool2d({kernel}, stride={stride})")
        size = made
    layers.append("nn.Flatten()")
    features = channels * size * size + (draw.random() < 0.25)
    layers.append(f"nn.Linear({features}, {draw.randint(2, 20)})")
    text = "\n".join(["nn.Sequential(", *(f"    {each}," for each in layers), ")"])
    return {"tool": "network", "text": text, "input": given}


def questions() -> list[Question]:
    draw = random.Random(2012)  # noqa: S311  # the same questions in every run
    states = windows(draw) + [network(draw) for _ in range(NETWORKS)]
    states += [dict(preset.state) for preset in PRESETS]
    return [(state, LANGUAGES[at % len(LANGUAGES)]) for at, state in enumerate(states)]


def answered(asked: Sequence[Question], folder: Path) -> list[str]:
    """Return the answers of the package as the browser gets it."""
    packed = folder / "cnnexplain.zip"
    packed.write_bytes(browser.archive(Path(cnnexplain.__file__).parent))
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "playground.mjs"), str(packed)],
        input="".join(f"{json.dumps(each)}\n" for each in asked),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_browsers_python_answers_to_the_letter_as_this_one_does(tmp_path: Path) -> None:
    asked = questions()
    found = answered(asked, tmp_path)
    assert len(found) == len(asked) >= WINDOWS + NETWORKS
    for (state, language), each in zip(asked, found, strict=True):
        assert each == answer(state, language), (state, language)
    # The comparison is of answers, not of refusals alone.
    fits = [json.loads(each)["error"] is None for each in found[:WINDOWS]]
    assert sum(fits) > WINDOWS * 0.7


def test_a_difference_would_be_found(tmp_path: Path) -> None:
    state = {"tool": "window", "input": "9"}
    (found,) = answered([(state, "en")], tmp_path)
    assert found == answer(state, "en")
    assert found != answer({**state, "input": "10"}, "en")
    assert found != answer(state, "fr")
