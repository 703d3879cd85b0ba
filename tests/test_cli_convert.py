"""A conversion in words, and the commands that convert: what they write, what they refuse."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import cnnexplain as cx
from cnnexplain import images
from cnnexplain.arguments import check_files
from cnnexplain.cli import Language, Precision, app
from cnnexplain.conversion.modules import module_of
from cnnexplain.devices import PRECISIONS
from cnnexplain.languages import LANGUAGES
from cnnexplain.targets import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from cnnexplain.conversion import Conversion

# As R-Net, whose first pooling hangs over the edge of its windows.
OVERHANGING = (
    "nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(3, stride=2, ceil_mode=True),"
    " nn.Conv2d(4, 6, 3), nn.MaxPool2d(3, stride=2), nn.Conv2d(6, 8, 2), nn.Flatten(),"
    " nn.Linear(72, 2))"
)
MODULE = """
import torch
from torch import nn

print("what a module prints is no part of the result")


class Net(nn.Sequential):
    def __init__(self):
        print("nor what a class prints")
        super().__init__(nn.Conv2d(3, 4, 5), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(),
                         nn.Linear(4 * 16, 5))

    def forward(self, x):
        print("nor what forward prints")
        return super().forward(x)


class Grey(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(4 * 16, 5))


class Resizing(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Upsample(scale_factor=2), nn.Flatten(), nn.Linear(3 * 256, 5))


class Raising(Net):
    def forward(self, x):
        raise RuntimeError("not today")


class Trained(Net):
    def train(self, mode=True):
        raise KeyError("mode")


def huge():
    return nn.Linear(2**40, 2**20)


def broken():
    raise RuntimeError("no\\nnetwork\\x1b[31m")


def number():
    return 3


def meta():
    with torch.device("meta"):
        return Grey()


text = "nn.Sequential(nn.Conv2d(3, 4, 5), nn.Flatten(), nn.Linear(64, 5))"
three = 3
"""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a user's module and a photograph, which is the current one."""
    (tmp_path / "nets.py").write_text(MODULE, encoding="utf-8")
    values = np.random.default_rng(0).integers(0, 256, (44, 40, 3), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name == "nets" or name.startswith("_cnnexplain_"):
            del sys.modules[name]


def run(*arguments: str, text: str | None = None) -> Result:
    """Run the command, and refuse every traceback."""
    result = CliRunner().invoke(app, list(arguments), input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def refused(status: int, *arguments: str, text: str | None = None) -> list[str]:
    """Return the lines of a command that fails and writes nothing."""
    before = {file: file.read_bytes() for file in Path.cwd().iterdir() if file.is_file()}
    result = run(*arguments, text=text)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    after = {file: file.read_bytes() for file in Path.cwd().iterdir() if file.is_file()}
    assert after == before
    lines = [line for line in result.stderr.splitlines() if not line.endswith(("prints", "result"))]
    assert [line.partition(": ")[0] for line in lines] == ["expected", "received", "cure"], lines
    return lines


def drawn(*arguments: str, target: str = "lenet5") -> Result:
    """Draw a heatmap of the photograph."""
    result = run("heatmap", target, "photo.png", *arguments)
    assert result.exit_code == 0, result.stderr
    return result


# --- What a conversion says ---


@pytest.fixture(scope="module")
def conversions() -> dict[str, Conversion]:
    known: dict[str, tuple[Any, tuple[int, int, int]]] = {
        "vgg16": (cx.networks.vgg16(), (3, 224, 224)),
        "alexnet": (cx.networks.alexnet(), (3, 227, 227)),
        "lenet5": (cx.networks.lenet5(), (1, 32, 32)),
        "overhanging": (OVERHANGING, (3, 24, 24)),
    }
    return {name: cx.fully_convolutional(*each) for name, each in known.items()}


STEPS = {
    "vgg16": [
        "flatten  Flatten()           → Identity()",
        "fc6      Linear(25088, 4096) → Conv2d(512, 4096, kernel_size=7)",
        "drop6    Dropout()           → Identity()",
        "fc7      Linear(4096, 4096)  → Conv2d(4096, 4096, kernel_size=1)",
        "drop7    Dropout()           → Identity()",
        "fc8      Linear(4096, 1000)  → Conv2d(4096, 1000, kernel_size=1)",
    ],
    "alexnet": [
        "flatten  Flatten()          → Identity()",
        "fc6      Linear(9216, 4096) → Conv2d(256, 4096, kernel_size=6)",
        "drop6    Dropout()          → Identity()",
        "fc7      Linear(4096, 4096) → Conv2d(4096, 4096, kernel_size=1)",
        "drop7    Dropout()          → Identity()",
        "fc8      Linear(4096, 1000) → Conv2d(4096, 1000, kernel_size=1)",
    ],
    "lenet5": [
        "flatten  Flatten()        → Identity()",
        "fc5      Linear(400, 120) → Conv2d(16, 120, kernel_size=5)",
        "fc6      Linear(120, 84)  → Conv2d(120, 84, kernel_size=1)",
        "fc7      Linear(84, 10)   → Conv2d(84, 10, kernel_size=1)",
    ],
    "overhanging": [
        "5  Flatten()     → Identity()",
        "6  Linear(72, 2) → Conv2d(8, 2, kernel_size=3)",
    ],
}
SIZES = {
    "vgg16": ("224×224", "32×32", "404×404"),
    "alexnet": ("227×227", "32×32", "355×355"),
    "lenet5": ("32×32", "4×4", "32×32"),
    "overhanging": ("24×24", "4×4", "25×25"),
}
# French spaces, which do not break: before a colon or a unit, and in a number.
FIXED, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
FACTS = {
    "en": [
        "Window            {}",
        "Effective stride  {}",
        "Receptive field   {}",
        "Added memory      none: all weights are shared",
    ],
    "fr": [
        "Fenêtre          {}",
        "Pas effectif     {}",
        "Champ récepteur  {}",
        "Mémoire ajoutée  aucune\N{NO-BREAK SPACE}: tous les poids sont partagés",
    ],
    "ja": [
        "ウィンドウ      {}",
        "実効ストライド  {}",
        "受容野          {}",
        "追加のメモリ    なし（重みはすべて共有）",
    ],
}
NOT_EXACT = {
    "en": [
        (
            "Exactness         not exact everywhere, because of what lies beyond the edge of a"
            " window on its own:"
        ),
    ],
    "fr": [
        (
            "Égalité          pas exacte partout, à cause de ce qu’une fenêtre isolée trouve"
            f" au-delà de son bord{FIXED}:"
        ),
    ],
    "ja": [
        (
            "一致            一致しないセルがあります。"
            "ウィンドウだけを入力したとき、その端の外側に次のものがあるためです。"
        ),
    ],
}
EXACTNESS = {
    ("lenet5", "en"): [
        "Exactness         exact everywhere: each cell equals the network on its window"
    ],
    ("lenet5", "fr"): [
        (
            f"Égalité          exacte partout{FIXED}: chaque case vaut ce que le réseau donne"
            " sur sa seule fenêtre"
        ),
    ],
    ("lenet5", "ja"): [
        (
            "一致            すべてのセルが、"
            "そのウィンドウだけを元のネットワークに入力したときの値と一致します"
        ),
    ],
    ("alexnet", "en"): [
        *NOT_EXACT["en"],
        "                  padding at top, bottom, left, right: conv2, conv3, conv4, conv5",
        "                  exact when sliding with 64 px of context on each side",
    ],
    ("alexnet", "fr"): [
        *NOT_EXACT["fr"],
        (
            f"                 remplissage (en haut, en bas, à gauche, à droite){FIXED}:"
            " conv2, conv3, conv4, conv5"
        ),
        (
            f"                 exacte si la fenêtre glisse avec 64{FIXED}px de contexte de"
            " chaque côté"
        ),
    ],
    ("alexnet", "ja"): [
        *NOT_EXACT["ja"],
        "                パディング（上、下、左、右）：conv2、conv3、conv4、conv5",
        (
            "                各辺に 64 ピクセルの周辺コンテキストを付けた"
            "スライディングウィンドウとは一致します"
        ),
    ],
    ("vgg16", "en"): [
        *NOT_EXACT["en"],
        (
            "                  padding at top, bottom, left, right: conv1_1, conv1_2, conv2_1,"
            " conv2_2, conv3_1 and 8 more"
        ),
        "                  exact when sliding with 96 px of context on each side",
    ],
    ("vgg16", "fr"): [
        *NOT_EXACT["fr"],
        (
            f"                 remplissage (en haut, en bas, à gauche, à droite){FIXED}:"
            " conv1_1, conv1_2, conv2_1, conv2_2, conv3_1 et 8 autres"
        ),
        (
            f"                 exacte si la fenêtre glisse avec 96{FIXED}px de contexte de"
            " chaque côté"
        ),
    ],
    ("vgg16", "ja"): [
        *NOT_EXACT["ja"],
        (
            "                パディング（上、下、左、右）："
            "conv1_1、conv1_2、conv2_1、conv2_2、conv3_1、ほか 8 件"
        ),
        (
            "                各辺に 96 ピクセルの周辺コンテキストを付けた"
            "スライディングウィンドウとは一致します"
        ),
    ],
    ("overhanging", "en"): [
        *NOT_EXACT["en"],
        "                  overhang (ceil_mode) at bottom, right: 1",
        "                  exact when sliding with 4 px of context on each side",
        "                  exact when converted for windows of 25×25",
    ],
    ("overhanging", "fr"): [
        *NOT_EXACT["fr"],
        f"                 dépassement dû à ceil_mode (en bas, à droite){FIXED}: 1",
        (
            f"                 exacte si la fenêtre glisse avec 4{FIXED}px de contexte de"
            " chaque côté"
        ),
        "                 exacte si le réseau est converti pour des fenêtres de 25×25",
    ],
    ("overhanging", "ja"): [
        *NOT_EXACT["ja"],
        "                ceil_mode によるはみ出し（下、右）：1",
        (
            "                各辺に 4 ピクセルの周辺コンテキストを付けた"
            "スライディングウィンドウとは一致します"
        ),
        "                25×25 のウィンドウ向けに変換すれば、すべて一致します",
    ],
}


@pytest.mark.parametrize(("name", "code"), EXACTNESS)
def test_a_conversion_says_what_it_did_and_when_it_is_exact(
    name: str, code: str, conversions: dict[str, Conversion]
) -> None:
    sizes = iter(SIZES[name])
    facts = [line.format(next(sizes)) if "{}" in line else line for line in FACTS[code]]
    with cx.language(code):
        assert str(conversions[name]).splitlines() == [
            *STEPS[name],
            "",
            *facts,
            *EXACTNESS[name, code],
        ]
        # Alone, what is said of the exactness is the same.
        told = str(conversions[name].exactness).splitlines()
    assert told == [re.split(" {2,}", line, maxsplit=1)[1] for line in EXACTNESS[name, code]]


def test_layers_are_grouped_by_what_they_do_and_where() -> None:
    class Padded(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(
                nn.ZeroPad2d((0, 0, 1, 0)),
                nn.Conv2d(3, 4, 3, padding=1),
                nn.Conv2d(4, 4, 3, padding=1),
                nn.MaxPool2d(2, ceil_mode=True),
                nn.Flatten(),
                nn.Linear(4 * 4 * 4, 2),
            )

    found = cx.fully_convolutional(Padded().eval(), (3, 6, 7))
    assert found.exactness.notes[1:] == (
        "padding at top: 0",
        "padding at top, bottom, left, right: 1, 2",
        "overhang (ceil_mode) at bottom, right: 3",
        f"exact when sliding with {found.exactness.halo[0]} px of context on each side",
    )


def test_a_context_that_differs_by_axis_is_told_by_axis() -> None:
    tall = "nn.Sequential(nn.Conv2d(3, 4, 3, padding=(1, 0)), nn.Flatten(), nn.Linear(120, 2))"
    found = cx.fully_convolutional(tall, (3, 6, 7))
    assert found.exactness.notes[-1] == "exact when sliding with 1×0 px of context on each side"


def test_weights_in_another_order_are_counted() -> None:
    class ChannelsLast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3 * 64, 256)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = self.fc(x.permute(0, 2, 3, 1).flatten(1))
            return scores

    found = cx.fully_convolutional(ChannelsLast().eval(), (3, 8, 8))
    line = next(line for line in str(found).splitlines() if line.startswith("Added memory"))
    assert line == "Added memory      192 KiB of weights that cannot be shared"


def test_nothing_to_rewrite_is_said() -> None:
    found = cx.fully_convolutional("nn.Sequential(nn.Conv2d(3, 4, 8), nn.Flatten())", (3, 8, 8))
    if not found.steps:
        assert str(found).startswith("No layer had to be rewritten.\n\nWindow")
    assert repr(found) == str(found)


def test_a_notebook_shows_a_table(conversions: dict[str, Conversion]) -> None:
    for code in LANGUAGES:
        with cx.language(code):
            html = conversions["overhanging"]._repr_html_()
            text = str(conversions["overhanging"])
        root = ET.fromstring(html.replace("<br>", "<br/>"))  # noqa: S314  # our own output
        said = "".join(root.itertext())
        rows = [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]
        assert rows[1:3] == [
            ["5", "Flatten()", "Identity()"],
            ["6", "Linear(72, 2)", "Conv2d(8, 2, kernel_size=3)"],
        ]
        assert all(line.split("  ")[-1].strip() in said for line in text.splitlines()[3:])


def test_names_cannot_write_html() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.add_module("<b>", nn.Linear(12, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = getattr(self, "<b>")(x.flatten(1))
            return scores

    html = cx.fully_convolutional(Odd().eval(), (3, 2, 2))._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


# --- convert ---


@pytest.mark.parametrize("code", LANGUAGES)
def test_convert_prints_what_the_conversion_says(code: str) -> None:
    done = run("convert", "lenet5", "--language", code)
    with cx.language(code):
        assert done.stdout == f"{cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32))}\n"
    assert (done.exit_code, done.stderr) == (0, "")


def test_convert_reads_text() -> None:
    done = run("convert", "-", "--input", "3x24x24", text=OVERHANGING)
    assert done.stdout.splitlines()[:2] == STEPS["overhanging"]


@pytest.mark.parametrize("target", ["nets:Net", "nets.py:Net", "./nets.py:Net"])
@pytest.mark.usefixtures("project")
def test_convert_builds_a_class_with_its_weights(target: str) -> None:
    done = run("convert", target, "-i", "3x8x8")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[:4] == [
        "2  Flatten()     → Identity()",
        "3  Dropout()     → Identity()",
        "4  Linear(64, 5) → Conv2d(4, 5, kernel_size=4)",
        "",
    ]
    assert "nor what forward prints" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lenet"], "cure: write lenet5"),
        (["nets:three"], "received: 'three', which is of type int"),
        (["nets:Net"], "cure: add --input 3x224x224"),
        (["nets:Net", "-i", "3x8"], "received: --input '3x8'"),
        (["nets:Net", "-i", "8"], "expected: channels, height and width"),
        (["nets:Net", "-i", "3x0x8"], "received: --input '3x0x8'"),
        (["nets:Net", "-i", "3x8xx8"], "expected: numbers with x between them"),
        (["nowhere.py:Net", "-i", "3x8x8"], "received: no file 'nowhere.py'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.usefixtures("project")
def test_convert_with_a_wrong_command_line_exits_with_2(arguments: list[str], words: str) -> None:
    assert any(words in line for line in refused(2, "convert", *arguments))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nets:Resizing", "Upsample(scale_factor=2.0), which resizes the whole map, at layer '0'"),
        ("nets:Raising", "received: RuntimeError: 'not today'"),
        ("nets:Trained", "received: KeyError: 'mode' (nets.py, line "),
        ("nets:broken", "received: RuntimeError: no network\ufffd[31m (nets.py, line "),
        ("nets:huge", "expected: memory for the call of huge()"),
        ("nets:number", "received: 3"),
        ("nets:meta", "on the meta device"),
        ("nets:Grey", "received: 3 channels"),
    ],
)
@pytest.mark.usefixtures("project")
def test_convert_of_a_network_that_is_wrong_exits_with_1(target: str, words: str) -> None:
    lines = refused(1, "convert", target, "--input", "3x8x8")
    assert any(words in line for line in lines), lines


def test_convert_of_a_size_that_does_not_fit_exits_with_1() -> None:
    assert refused(1, "convert", "lenet5", "-i", "1x40x40")[0] == (
        "expected: 400 input features (in_features=400)"
    )


@pytest.mark.parametrize("arguments", [["--what"], ["a", "b"], [], ["x", "--language", "de"]])
def test_convert_knows_its_options(arguments: list[str]) -> None:
    done = run("convert", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")


def test_a_missing_torch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert refused(1, "convert", "lenet5")[2] == 'cure: pip install "cnnexplain[torch]"'


# --- heatmap: what is written ---


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (
            "en",
            [
                "12 windows of 32×32 with a stride of 4×4 pixels on an image of 44×40",
                "the same by geometry: 12 of 12",
                "relative error of a cell: least ",
                "the same highest class: 12 of 12",
                "sliding: 4,998,240 MACs, ",
                "one pass: 1,460,640 MACs, ",
                "on cpu, float64",
            ],
        ),
        (
            "fr",
            [
                "12 fenêtres de 32×32 avec un pas de 4×4 pixels sur une image de 44×40",
                f"identiques par la géométrie{FIXED}: 12 sur 12",
                f"erreur relative d’une case{FIXED}: minimum ",
                f"même classe en tête{FIXED}: 12 sur 12",
                (f"fenêtre glissante{FIXED}: 4{NARROW}998{NARROW}240{FIXED}MAC, "),
                (f"une seule passe{FIXED}: 1{NARROW}460{NARROW}640{FIXED}MAC, "),
                "sur cpu, float64",
            ],
        ),
        (
            "ja",
            [
                "44×40 の画像に対する 32×32 のウィンドウ 12 個、ストライドは 4×4 ピクセル",
                "理論上一致するセル：12 個中 12 個",
                "セルごとの相対誤差：最小 ",
                "最大スコアのクラスが一致するセル：12 個中 12 個",
                "スライディングウィンドウ：4,998,240 MAC、",
                "1 回の順伝播：1,460,640 MAC、",
                "デバイス cpu、精度 float64",
            ],
        ),
    ],
)
@pytest.mark.usefixtures("project")
def test_heatmap_prints_the_comparison_and_writes_the_figure(code: str, lines: list[str]) -> None:
    done = drawn("-o", "heat.svg", "--language", code, "--device", "cpu")
    assert len(done.stdout.splitlines()) == len(lines)
    for line, beginning in zip(done.stdout.splitlines(), lines, strict=True):
        assert line.startswith(beginning)
    assert done.stderr == ""
    root = ET.parse("heat.svg").getroot()  # noqa: S314  # our own output
    assert root.get("lang") == code
    assert root.tag.endswith("svg")


@pytest.mark.usefixtures("project")
def test_heatmap_is_the_figure_of_the_comparison() -> None:
    drawn("-o", "heat.svg", "--class", "3", "--stride", "8", "--mean", "0.5", "--std", "0.25")
    picture = images.photograph(Path("photo.png"))
    pixels = images.tensor(picture, 1, [0.5], [0.25])
    wanted = cx.compare(cx.networks.lenet5(), pixels, window=32, stride=8)
    Path("wanted.svg").touch()
    wanted.figure(3, images.encoded(picture)).save("wanted.svg")
    assert Path("heat.svg").read_bytes() == Path("wanted.svg").read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_heatmap_writes_pixels() -> None:
    drawn("--output", "heat.png", "--language", "ja")
    with Image.open("heat.png") as picture:
        colours = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)
        assert picture.size[0] == 960
    assert len(colours) > 100


@pytest.mark.usefixtures("project")
def test_heatmap_writes_a_page() -> None:
    drawn("-o", "heat.HTML", "--language", "fr")
    assert (
        Path("heat.HTML")
        .read_text(encoding="utf-8")
        .startswith('<!DOCTYPE html>\n<html lang="fr">')
    )


@pytest.mark.usefixtures("project")
def test_heatmap_draws_the_weights_of_a_file() -> None:
    model: Any = module_of(cx.networks.lenet5())
    with torch.no_grad():
        model.fc7.bias[3] += 100
    torch.save(model.state_dict(), "weights.pt")
    drawn("-o", "default.svg", "--weights", "weights.pt")
    drawn("-o", "third.svg", "--weights", "weights.pt", "--class", "3")
    drawn("-o", "random.svg", "--class", "3")
    default, third, other = (
        Path(f"{name}.svg").read_text(encoding="utf-8") for name in ("default", "third", "random")
    )
    assert default == third != other


@pytest.mark.parametrize(
    ("target", "channels"), [("nets:Net", 3), ("nets:Grey", 1), ("nets:text", 3)]
)
@pytest.mark.usefixtures("project")
def test_heatmap_gives_a_network_the_channels_that_it_takes(target: str, channels: int) -> None:
    numbers = ",".join(["0.5"] * channels)
    done = drawn("-o", "heat.svg", "--window", "8", "--mean", numbers, target=target)
    assert done.stdout.startswith(
        "1,221 windows of 8×8 with a stride of 1×1 pixels on an image of 44×40\n"
    )
    assert "the same by geometry: 1,221 of 1,221" in done.stdout
    before = Path("heat.svg").read_bytes()
    drawn("-o", "heat.svg", "--window", "8x8", "--mean", numbers, target=target)
    assert Path("heat.svg").read_bytes() == before  # random weights are always the same


@pytest.mark.usefixtures("project")
def test_heatmap_takes_sizes_of_both_axes() -> None:
    done = drawn(
        *("-o", "heat.svg", "--size", "48x60", "--stride", "8x4", "--context", "4x8"),
        *("--precision", "float32"),
    )
    assert done.stdout.splitlines()[0] == (
        "24 windows of 32×32 with a stride of 8×4 pixels on an image of 48×60"
    )
    assert done.stdout.splitlines()[-1] == "on cpu, float32"


@pytest.mark.usefixtures("project")
def test_heatmap_replaces_a_file_through_a_link() -> None:
    Path("file.svg").write_text("old")
    Path("link.svg").symlink_to("file.svg")
    drawn("-o", "link.svg")
    assert Path("link.svg").is_symlink()
    assert Path("file.svg").read_text(encoding="utf-8").startswith("<?xml")


# --- heatmap: what is refused ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "heat.pdf"], "expected: a file name that ends with .svg, .html, .png, .gif, .mp4"),
        (["-o", "heat"], "received: --output 'heat'"),
        (["-o", "nowhere/heat.svg"], "there is no such folder"),
        (["-o", "photo.png/heat.svg"], "there is no such folder"),
        (["-o", "folder.svg"], "it is no regular file"),
        (["-o", "photo.png"], "it is read too"),
        (["-o", f"{'n' * 300}.svg"], "expected: a file that can be written"),
        (["--window", "224"], "expected: a photograph of at least 224×224 pixels"),
        (["--window", "30"], "received: --window 30×30: 256 in 1×256, at layer 'fc5'"),
        (["--window", "0"], "received: --window '0'"),
        (["--window", "32x"], "received: --window '32x'"),
        (["--window", "1x2x3"], "received: --window '1x2x3'"),
        (["--window", "9" * 5000], "received: --window '999"),
        (["--stride", "6"], "expected: a multiple of the network's effective stride, 4×4"),
        (["--stride", "0"], "received: --stride '0'"),
        (["--context", "3"], "received: --context 3×3"),
        (["--context", "-4"], "received: --context '-4'"),
        (["--class", "10"], "expected: a class from 0 to 9"),
        (["--class", "-1"], "received: --class -1"),
        (["--size", "31x64"], "received: 31×64"),
        (["--size", "10000x10000"], "expected: a size of at most 50 million pixels"),
        (["--size", "44x600"], "expected: at most 128 cells on an axis of a figure"),
        (["--mean", "0.1,0.2,0.3"], "received: mean with 3 numbers"),
        (["--mean", ""], "received: --mean ''"),
        (["--mean", "nan"], "received: --mean 'nan'"),
        (["--std", "0"], "expected: numbers above 0 with commas between them"),
        (["--std", "1e-320"], "finite numbers"),
        (["--device", "tpu"], "received: device='tpu'"),
        (["--weights", "nowhere.pt"], "received: 'nowhere.pt'"),
        (["--weights", "photo.png"], "expected: a state dict"),
        (["--weights", "other.pt"], "missing: conv1.weight, conv1.bias"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_heatmap_with_a_wrong_command_line_exits_with_2(
    arguments: list[str], words: str, project: Path
) -> None:
    (project / "folder.svg").mkdir()
    torch.save({"x": torch.zeros(1)}, "other.pt")
    output = [] if "-o" in arguments else ["-o", "heat.svg"]
    lines = refused(2, "heatmap", "lenet5", "photo.png", *output, *arguments)
    assert any(words in line for line in lines), lines


@pytest.mark.parametrize(
    ("target", "image", "words"),
    [
        ("lenet", "photo.png", "cure: write lenet5"),
        ("nets:Net", "photo.png", "cure: add --window 224"),
        ("lenet5", "nowhere.png", "received: 'nowhere.png'"),
        ("lenet5", "nets.py", "cannot identify image file"),
        ("lenet5", ".", "received: '.'"),
    ],
)
@pytest.mark.usefixtures("project")
def test_heatmap_of_what_is_not_there_exits_with_2(target: str, image: str, words: str) -> None:
    lines = refused(2, "heatmap", target, image, "-o", "heat.svg")
    assert any(words in line for line in lines), lines


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nets:Resizing", "which resizes the whole map"),
        ("nets:Trained", "received: KeyError: 'mode'"),
        ("nets:huge", "expected: memory for the call of huge()"),
        ("nets:number", "received: 3"),
    ],
)
@pytest.mark.usefixtures("project")
def test_heatmap_of_a_network_that_is_wrong_exits_with_1(target: str, words: str) -> None:
    lines = refused(1, "heatmap", target, "photo.png", "-o", "heat.svg", "--window", "8")
    assert any(words in line for line in lines), lines


@pytest.mark.usefixtures("project")
def test_a_network_that_never_runs_takes_no_window() -> None:
    lines = refused(2, "heatmap", "nets:Raising", "photo.png", "-o", "x.svg", "--window", "8")
    assert lines[:2] == [
        "expected: a window that the network takes",
        "received: --window 8×8: RuntimeError: 'not today'",
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "expected: memory for the comparison"),
        (
            RuntimeError("DefaultCPUAllocator: no"),
            "cure: use a smaller network, or a smaller image",
        ),
        (ZeroDivisionError("by\nzero"), "received: ZeroDivisionError: by zero"),
    ],
)
@pytest.mark.usefixtures("project")
def test_whatever_happens_is_told_in_three_lines(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("cnnexplain.comparison.compare", fails)
    lines = refused(1, "heatmap", "lenet5", "photo.png", "-o", "heat.svg")
    assert any(line.startswith(words) for line in lines), lines


@pytest.mark.usefixtures("project")
def test_a_file_that_cannot_be_written_after_all_leaves_the_old_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path), data)

    Path("heat.svg").write_text("old")
    monkeypatch.setattr("cnnexplain.files.write", full)
    assert (
        "No space left on device"
        in refused(2, "heatmap", "lenet5", "photo.png", "-o", "heat.svg")[1]
    )


@pytest.mark.parametrize(
    ("module", "extra"), [("torch", "torch"), ("PIL.Image", "export"), ("resvg_py", "export")]
)
@pytest.mark.usefixtures("project")
def test_a_missing_package_is_named_with_its_extra(
    module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    lines = refused(1, "heatmap", "lenet5", "photo.png", "-o", "heat.png")
    assert lines[2] == f'cure: pip install "cnnexplain[{extra}]"'
    # What can be seen without it is seen before.
    refused(2, "heatmap", "lenet5", "photo.png", "-o", "heat.png", "--std", "0")


@pytest.mark.usefixtures("project")
def test_svg_needs_nothing_that_draws_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    drawn("-o", "heat.svg")


@pytest.mark.parametrize("arguments", [[], ["lenet5"], ["lenet5", "photo.png"]])
def test_heatmap_knows_what_it_needs(arguments: list[str]) -> None:
    done = run("heatmap", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")


def test_the_precisions_are_those_of_the_comparison() -> None:
    assert [each.value for each in Precision] == list(PRECISIONS)
    assert [each.value for each in Language] == list(LANGUAGES)


# --- The program ---


def program(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-m", "cnnexplain", *arguments]
    return subprocess.run(command, check=False, capture_output=True, timeout=60, **options)


@pytest.mark.slow
def test_the_program_draws_wherever_it_is(project: Path) -> None:
    done = program(
        *("heatmap", "lenet5", "photo.png", "-o", "heat.png", "--language", "ja"),
        cwd=project,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith("44×40 の画像に対する 32×32 のウィンドウ 12 個")
    with Image.open(BytesIO((project / "heat.png").read_bytes())) as picture:
        assert picture.format == "PNG"


def test_a_large_picture_brings_no_warning(project: Path) -> None:
    Image.new("1", (10_000, 9_000)).save(project / "large.png")  # where Pillow would warn
    done = program("heatmap", "lenet5", "large.png", "-o", "heat.svg", cwd=project)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[:2] == [
        "expected: a photograph of at most 50 million pixels",
        "received: 'large.png': 9000×10000 pixels",
    ]
    assert not (project / "heat.svg").exists()


def test_help_and_wrong_options_need_no_torch(fresh_python: Callable[[str], str]) -> None:
    said = fresh_python(
        "import sys\n"
        "from cnnexplain.cli import app\n"
        "for arguments in (['convert', '--help'], ['heatmap', '--help'],\n"
        "                  ['heatmap', 'lenet5', 'x.png', '-o', 'x.pdf'],\n"
        "                  ['convert', 'lenet5', '-i', '3']):\n"
        "    try:\n"
        "        app(arguments)\n"
        "    except SystemExit as end:\n"
        "        print(end.code)\n"
        "print(sorted({'torch', 'rich', 'PIL'} & set(sys.modules)))"
    )
    lines = said.splitlines()
    assert said.count("Usage:") == 2
    assert lines[-3:] == ["2", "2", "[]"]


def test_a_folder_that_is_not_the_users_is_refused_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_files(tmp_path / "heat.svg", [])
    # As os.access answers for a user who may only read; root may write everywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="the folder is not yours to write"):
        check_files(tmp_path / "heat.svg", [])
