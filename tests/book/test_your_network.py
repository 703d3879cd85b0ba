"""What the chapter on the reader's own network shows is what its programs and commands print."""

from __future__ import annotations

import math
import os
import re
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

import cnnexplain as cx
from cnnexplain.book import contents, experiments, outputs, results
from cnnexplain.book.outputs import Command, Printed
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES

DOCS = Path(__file__).parents[2] / "docs"
VALUES = results.values()
FOUND = experiments.found("activation")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_above_an_output_is_the_code_that_made_it(language: str) -> None:
    page = (DOCS / language / "your-network.md").read_text(encoding="utf-8")
    fences = re.findall(r"```(?:python|console)\n(.*?)```", page, re.DOTALL)
    module, setup = fences[:2]
    assert module == contents.OWN_MODULE.lstrip()
    imported = ["import cnnexplain as cx", "from model import Residual"]
    ran = contents.YOURS_BEFORE.replace(module.rstrip(), "").split("\n")
    assert [line for line in setup.split("\n") if line and line not in imported] == [
        line for line in ran if line
    ]
    above = re.findall(
        r"```(?:python|console)\n((?:(?!```).)*)```\n\n--8<-- \"outputs/(.*?).html\"",
        page,
        re.DOTALL,
    )
    declared = contents.OUTPUTS.items()
    made = {name: make() for name, make in declared if name.startswith("yours-")}
    assert [name for _, name in above] == list(made_in_order(page))
    assert {name for _, name in above} == set(made)
    for code, name in above:
        match made[name]:
            case Printed() as printed:
                assert code == printed.code
            case Command() as command:
                assert code == f"{command.line}\n"
            case _:
                assert code == f"{contents.OWN_EXPLAINED.python}\n"


def made_in_order(page: str) -> list[str]:
    return re.findall(r"outputs/(.*?).html", page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_of_the_table_are_commands(language: str) -> None:
    page = (DOCS / language / "your-network.md").read_text(encoding="utf-8")
    lines = re.findall(r"`(cnnexplain .*?)`", page)
    shown = [line for line in lines if "model.py" in line and "heatmap" not in line]
    assert len(shown) == 3
    status = {"table": 0, "explain": 1, "convert": 0}
    for line in shown:
        name = line.split()[1]
        html = Command(line, contents.OWN_MODULE, status[name]).to_html(language)
        assert html.startswith(f'<pre class="cx-output" lang="{language}"><code>')
    assert any("heatmap" in line for line in lines)


def test_a_command_that_ends_otherwise_is_not_shown() -> None:
    with pytest.raises(BookError, match="exit status 0 of cnnexplain table nothing"):
        Command("cnnexplain table nothing").to_html("en")


def test_what_is_printed_before_is_not_shown_and_chance_stays_as_it_was() -> None:
    torch.manual_seed(7)
    wanted = torch.rand(1)
    torch.manual_seed(7)
    before = "import torch\n_ = torch.manual_seed(0)\n"
    assert ">0.4963<" in Printed("print(f'{torch.rand(1).item():.4f}')", before).to_html()
    assert torch.equal(torch.rand(1), wanted)


def test_nothing_depends_on_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = Printed("import cnnexplain as cx\nprint(cx.trace(cx.networks.lenet5()))")
    command = Command("cnnexplain table lenet5")
    wide = [printed.to_html("ja"), command.to_html("ja")]
    outputs._printed.cache_clear()
    monkeypatch.setenv("COLUMNS", "20")
    assert [printed.to_html("ja"), command.to_html("ja")] == wide
    assert os.environ["COLUMNS"] == "20"


def test_what_is_spoken_follows_the_language_and_nothing_else_does() -> None:
    code = 'print(cx.trace("nn.Sequential(nn.ReLU())", (3, 8, 8)).to_markdown())'
    english, french = (Printed(code).to_html(language) for language in ("en", "fr"))
    assert english == french
    assert 'lang="fr"' in Printed(code, spoken=True).to_html("fr")
    assert Printed(code, spoken=True).to_html("fr") != english


def test_only_sentences_are_broken_where_the_page_ends() -> None:
    blocks = {name: make().to_html("en") for name, make in contents.OUTPUTS.items()}
    folded = {name for name, html in blocks.items() if "cx-folded" in html}
    assert folded == {"yours-convert", "yours-message", "yours-refused"}


def test_a_folded_line_goes_on_below_what_it_says() -> None:
    html = Printed(
        "print('  An indent.\\n 1. An item.\\na label   and words\\n\\nwords & words')", folds=True
    ).to_html()
    lines = re.findall(r"<span style=.--column:(\d+)ch.>(.*?)</span>", html)
    assert lines == [
        ("2", "  An indent."),
        ("4", " 1. An item."),
        ("10", "a label   and words"),
        ("0", " "),
        ("0", "words &amp; words"),
    ]


def test_the_sizes_that_fit_are_those_that_torch_takes() -> None:
    scope: dict[str, type[nn.Module]] = {}
    exec(contents.OWN_MODULE, scope)  # noqa: S102  # our own text
    model = scope["Residual"]()
    taken = []
    for side in range(28, 40):
        try:
            model(torch.zeros(1, 3, side, side))
        except RuntimeError:
            continue
        taken.append(side)
    assert taken == [VALUES["own_least_side"], VALUES["own_most_side"]]


def test_the_three_maps_of_the_espresso_are_one() -> None:
    assert FOUND["highest"]
    assert all(difference < 1e-5 for difference in FOUND["differences"].values())
    cam, grad_cam, windows = (
        torch.tensor(FOUND[name]) for name in ("activation", "grad_cam", "windows")
    )
    assert torch.allclose(grad_cam * cam.numel(), cam.clamp(min=0), atol=1e-3)
    assert torch.allclose(
        functional.avg_pool2d(cam[None], 7, 1)[0] + FOUND["bias"], windows, atol=1e-3
    )
    assert math.isclose(cam.mean() + FOUND["bias"], FOUND["score"], abs_tol=1e-3)
    assert int((cam < 0).sum()) == FOUND["negative"]["espresso"] == VALUES["today_negative"]
    # Not every map has it so: a daisy speaks against itself nearly everywhere.
    assert FOUND["negative"]["daisy"] > cam.numel() // 2


def test_the_first_cell_of_the_last_map_has_its_middle_on_the_first_pixel() -> None:
    layers = [nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False) for _ in range(5)]
    for each in layers:
        nn.init.ones_(each.weight)
    kept = nn.Sequential(*layers).double()
    image = torch.zeros(1, 1, 384, 384, dtype=torch.double, requires_grad=True)
    for place in (0, 5):
        kept(image)[0, 0, place, 6].backward()
        assert image.grad is not None
        seen = image.grad[0, 0].abs().sum(1).nonzero().flatten()
        image.grad = None
        first, last = int(seen[0]), int(seen[-1])
        # Half of what the first cell sees lies above the image.
        middle = (first + last) / 2 if place else 0
        assert middle == 32 * place
    assert VALUES["today_shift"] == 16 - (0 + 0.5)


def test_the_costs_are_those_of_the_layers() -> None:
    assert VALUES["today_cam_more"] == 1280 * 12 * 12
    assert VALUES["today_cell_count"] == 36
    macs = [VALUES[f"today_{way}_macs"] for way in ("cam", "grad", "once", "sliding")]
    counts = [each for each in macs if isinstance(each, Fraction)]
    assert counts == macs
    assert counts == sorted(set(counts))
    assert counts[3] > 10 * counts[2]


def test_patches_times_a_matrix_are_a_convolution_with_its_kernel_as_stride() -> None:
    embedding = nn.Conv2d(3, 768, 16, stride=16, bias=False)
    assert VALUES["vit_tokens"] == embedding(torch.zeros(1, 3, 224, 224))[0, 0].numel()
    assert VALUES["vit_tokens_larger"] == embedding(torch.zeros(1, 3, 384, 384))[0, 0].numel()
    assert str(VALUES["vit_weights_formula"]).endswith(str(embedding.weight.numel()))


def test_the_answers_of_the_exercises_hold() -> None:
    scope: dict[str, type[nn.Module]] = {}
    program = contents.OWN_MODULE.replace("nn.Conv2d(16, 16, 3, padding=1)", "nn.Conv2d(16, 16, 3)")
    exec(program, scope)  # noqa: S102  # our own text
    (problem,) = cx.explain(scope["Residual"](), (3, 32, 32)).problems
    assert [cure.code for cure in problem.cures] == ["model.conv2.padding = (1, 1)"]

    program = contents.OWN_MODULE.replace(
        "        return self.fc",
        "        y = F.adaptive_avg_pool2d(y, (16, 16))\n        return self.fc",
    )
    exec(program, scope)  # noqa: S102  # our own text
    pooled = scope["Residual"]().eval()
    image = torch.rand(1, 3, 48, 48)
    assert pooled(image).shape == (1, 10)
    assert cx.fully_convolutional(pooled, (3, 32, 32)).module(image).shape == (1, 10, 9, 9)
