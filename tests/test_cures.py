"""Cures are applied as a reader would apply them, and a wrong one is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests import broken, models
from tests.broken import BROKEN, Broken, built
from tests.cures import answers_each_alone, applied, edited

from cnnexplain.diagnosis.findings import Cure, Place

CASES = {case.name: case for case in BROKEN}
SOURCE = Path(broken.__file__)


def place(case: Broken, source: str) -> Place:
    """The first such line of the case's class, or of its text."""
    if isinstance(case.make, str):
        file, start, lines = "", 0, case.make.splitlines()
    else:
        file, lines = str(SOURCE), SOURCE.read_text("utf-8").splitlines()
        start = lines.index(f"class {_class(case)}(nn.Module):")
    found = next(n for n in range(start, len(lines)) if source in lines[n])
    return Place(file, found + 1, source)


def _class(case: Broken) -> str:
    """The name of the case's class, which may not be there to be built."""
    return case.make.__name__ if isinstance(case.make, type) else type(built(case.make)).__name__


# A case, the line that the code stands before or instead of, and the code.
OUTSIDE = [
    ("MNIST into LeNet", "model.fc1 = nn.Linear(256, 120)"),
    ("MNIST into LeNet", "x = F.pad(x, (2, 2, 2, 2))"),
    ("AlexNet at 384", "model.features.append(nn.AdaptiveAvgPool2d((6, 6)))"),
    ("AlexNet at 384", "x = F.interpolate(x, size=(224, 224), mode='bilinear')"),
    ("F.linear at 32", "model.weight = nn.Parameter(torch.randn(10, 1800))"),
    ("MNIST into a text", "model[7] = nn.Linear(1568, 10)"),
    ("LeNet, channels last", "x = x.permute(0, 3, 1, 2)"),
    ("LeNet without a batch", "x = x.unsqueeze(0)"),
    ("the batch in the input size", "x = x[0]"),
    ("RGBA", "x = x[:, :3]"),
    ("a line of text upright", "x = x.transpose(2, 3)"),
    ("U-Net at 100", "x = F.pad(x, (0, 4, 0, 4))"),
    ("BatchNorm2d of 16 on 32", "model.bn2 = nn.BatchNorm2d(32)"),
    ("a text, same, stride 2", "model = nn.Sequential(\n    nn.Conv2d(3, 8, 3, 2, 1),\n)"),
    (
        "MNIST into LeNet",
        "side = cx.output_size(12, kernel_size=5) // 2\nmodel.fc1 = nn.Linear(16 * side**2, 120)",
    ),
]
BEFORE = [
    ("no flatten", "x = F.relu(self.fc1(x))", "x = torch.flatten(x, 1)"),
    ("view of a permutation", "x = x.view(x.size(0), -1)", "x = x.contiguous()"),
    ("no flatten in a text", "nn.Linear(8 * 16 * 16, 10)", "nn.Flatten(),"),
    (
        "a pyramid at 50",
        "p2 = self.lateral2(c2)",
        "h, w = p3.shape[-2:]\nc2 = F.interpolate(c2, size=(2 * h, 2 * w))",
    ),
    (
        "64 and 128 channels",
        "x = x + self.branch(x)",
        "if x.size(1) == 64:\n    x = torch.cat([x, x], dim=1)\n    self.branch = nn.Identity()",
    ),
]
INSTEAD = [
    ("global pooling forgotten", "x = torch.flatten(x, 1)", "x = self.gap(x).flatten(1)"),
    ("reshape of 400 as 256", "x = x.reshape(x.size(0), 8, 256)", "x = x.flatten(2)"),
    ("flatten of everything", "x = torch.flatten(x)", "x = torch.flatten(x, 1)"),
    ("squeeze of one image", "x = x.squeeze()", "x = x.squeeze((2, 3))"),
    ("F.max_pool2d(3, padding=2)", "x = F.max_pool2d(x", "x = F.max_pool2d(x, 3, 2, padding=1)"),
    (
        "Conv2d, same, stride 2",
        'self.conv1 = nn.Conv2d(3, 8, kernel_size=3, stride=2, padding="same")',
        "self.conv1 = nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)",
    ),
    (
        "a text, same, stride 2",
        'nn.Conv2d(3, 8, 3, stride=2, padding="same"),',
        "nn.Conv2d(3, 8, 3, stride=2, padding=1),",
    ),
    (
        "a residual branch without padding",
        "self.layer1 = nn.Sequential",
        "self.layer1 = nn.Sequential(BasicBlock(8, 8), BasicBlock(8, planes))",
    ),
]


@pytest.mark.parametrize(("name", "code"), OUTSIDE)
def test_code_before_the_model_is_called(name: str, code: str) -> None:
    model, x = applied(CASES[name], Cure("hand", code))
    with torch.no_grad():
        model(x)


@pytest.mark.parametrize(("name", "line", "code"), BEFORE)
def test_code_before_a_line_of_the_source(name: str, line: str, code: str) -> None:
    case = CASES[name]
    model, x = applied(case, Cure("hand", code, place=place(case, line)))
    assert x.shape == case.full_shape
    assert answers_each_alone(model, torch.cat([x, x + 1]))


@pytest.mark.parametrize(("name", "line", "code"), INSTEAD)
def test_code_instead_of_a_line_of_the_source(name: str, line: str, code: str) -> None:
    case = CASES[name]
    cure = Cure("hand", code, place=place(case, line), replaces=True)
    model, x = applied(case, cure)
    assert x.shape == case.full_shape
    assert answers_each_alone(model, torch.cat([x, x + 1]))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MNIST into LeNet", "model.fc1 = nn.Linear(400, 120)"),
        ("MNIST into LeNet", "x = F.pad(x, (1, 1, 1, 1))"),
        ("MNIST into LeNet", "pass"),
        ("LeNet, channels last", "x = x.permute(0, 2, 3, 1)"),
        ("MNIST into a text", "model[7] = nn.Linear(1569, 10)"),
        ("a text, same, stride 2", "model[0].stride = (1, 1)"),
        ("U-Net at 100", "x = F.pad(x, (0, 2, 0, 2))"),
        ("U-Net at 100", "x ="),
        ("a line of text upright", "z = x.transpose(2, 3)"),
    ],
)
def test_a_wrong_cure_outside_fails(name: str, code: str) -> None:
    with pytest.raises((RuntimeError, KeyError, NameError, SyntaxError)):
        applied(CASES[name], Cure("hand", code))


@pytest.mark.parametrize(
    ("name", "line", "code", "replaces"),
    [
        ("no flatten", "x = F.relu(self.fc1(x))", "y = torch.flatten(x, 1)", False),
        ("no flatten", "return self.fc2(x)", "x = torch.flatten(x, 1)", False),
        # Right before the line, wrong instead of it.
        ("no flatten", "x = F.relu(self.fc1(x))", "x = torch.flatten(x, 1)", True),
        # Right instead of the line, wrong before it.
        ("reshape of 400 as 256", "x = x.reshape(x.size(0), 8, 256)", "x = x.flatten(2)", False),
        ("no flatten in a text", "nn.Linear(8 * 16 * 16, 10)", "nn.Flatten(2),", False),
        ("F.max_pool2d(3, padding=2)", "x = F.max_pool2d(x", "x = F.max_pool2d(", True),
    ],
)
def test_a_wrong_cure_in_the_source_fails(
    name: str, line: str, code: str, *, replaces: bool
) -> None:
    case = CASES[name]
    cure = Cure("hand", code, place=place(case, line), replaces=replaces)
    with pytest.raises((RuntimeError, SyntaxError)):
        applied(case, cure)


@pytest.mark.parametrize(
    ("name", "line", "code", "replaces"),
    [
        ("flatten of everything", "x = torch.flatten(x)", "x = x.reshape(1, -1)", True),
        ("no flatten", "x = F.relu(self.fc1(x))", "x = torch.flatten(x)", False),
        ("squeeze of one image", "return self.fc(x)", "x = x + 0", False),
    ],
)
def test_a_wrong_cure_that_runs_is_told_by_its_batches(
    name: str, line: str, code: str, *, replaces: bool
) -> None:
    case = CASES[name]
    cure = Cure("hand", code, place=place(case, line), replaces=replaces)
    model, x = applied(case, cure)
    assert not answers_each_alone(model, torch.cat([x, x + 1]))


def test_a_place_that_quotes_another_line_is_refused() -> None:
    case = CASES["no flatten"]
    there = place(case, "x = F.relu(self.fc1(x))")
    moved = Place(there.file, there.line + 1, there.source)
    with pytest.raises(AssertionError, match=r"not 'x = F\.relu"):
        applied(case, Cure("hand", "x = torch.flatten(x, 1)", place=moved))


def test_an_edit_keeps_every_other_line_and_the_indentation() -> None:
    text = "def f(x):\n    if x:\n        g(x)\n    return x\n"
    there = Place("", 3, "g(x)")
    cure = Cure("hand", "if x > 1:\n    x = 1", place=there)
    lines = text.splitlines(keepends=True)
    code = "        if x > 1:\n            x = 1\n"
    assert edited(text, there, cure) == "".join([*lines[:2], code, *lines[2:]])
    replacing = Cure("hand", cure.code, place=there, replaces=True)
    assert edited(text, there, replacing) == "".join([*lines[:2], code, *lines[3:]])


def test_neither_the_cases_nor_their_modules_change() -> None:
    case = CASES["no flatten"]
    before = SOURCE.read_bytes()
    applied(case, Cure("hand", "x = x.flatten(1)", place=place(case, "x = F.relu(self.fc1(x))")))
    with torch.no_grad(), pytest.raises(RuntimeError, match="cannot be multiplied"):
        built(case.make)(torch.randn(case.full_shape))
    assert SOURCE.read_bytes() == before


def test_a_class_of_another_file_is_found_by_its_name() -> None:
    case = Broken("MNIST", models.LeNet, (1, 28, 28), "view", "[-1, 400]' is invalid")
    source = Path(models.__file__)
    number = source.read_text("utf-8").splitlines().index("        x = x.view(-1, 16 * 5 * 5)") + 1
    there = Place(str(source), number, "x = x.view(-1, 16 * 5 * 5)")
    with pytest.raises(RuntimeError, match="is invalid"):
        applied(case, Cure("hand", "pass", place=there))
    model, x = applied(case, Cure("hand", "x = F.pad(x, (0, 1, 0, 1))", place=there))
    assert answers_each_alone(model, torch.cat([x, x + 1]))
