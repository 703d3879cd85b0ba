"""Programs that are read before they are written pass mypy: the ledger's, the README's, examples.

Each is a program of its own. What is annotated too loosely or too narrowly in the package is found
here, as by people who check the types of their own code.
"""

from __future__ import annotations

import ast
import doctest
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tests import contract

from cnnexplain.book import labs
from cnnexplain.book.claims import CHECKS

ROOT = Path(__file__).parents[1]
# What the README's programs have from their reader.
GIVEN = """
import cnnexplain as cx
import torch
from torch import nn
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.LazyLinear(10)).eval()
image, images, labels = torch.rand(3, 384, 384), torch.rand(2, 3, 224, 224), torch.tensor([0, 1])
criterion = nn.CrossEntropyLoss()
"""


def checks() -> dict[str, str]:
    """The checks of the ledger, each after the cell that all begin with."""
    setup, *own = labs.read_cells((ROOT / CHECKS).read_text("utf-8"), CHECKS)
    return {f"checks/{cell.name}": f"{setup.source}\n{cell.source}\n" for cell in own}


def blocks() -> dict[str, str]:
    """The Python of the README."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    return {f"programs/readme_{at}": GIVEN + block for at, block in enumerate(found)}


def imported(name: str, value: Any) -> str:
    """The line that imports a value by a name."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}\n"
    # Some Pythons name the private module in which a value is made.
    return f"from {value.__module__.partition('._')[0]} import {name}\n"


def examples() -> dict[str, str]:
    """The examples of what is public, with what doctest lets them know of their modules."""
    found = {}
    named: list[tuple[str, Any]] = [*contract.called(), *contract.classes()]
    for path, thing in named:
        lines = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
        source = "".join(line.source for line in lines)
        names = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Name)]
        made = {each.id for each in names if isinstance(each.ctx, ast.Store)}
        known = vars(inspect.getmodule(thing))
        head = "".join(
            imported(name, known[name])
            for name in sorted({each.id for each in names} - made)
            if name in known
        )
        found[f"programs/{path.replace('.', '_')}"] = head + source
    return found


def test_the_types_of_programs_fit_and_those_of_wrong_ones_do_not() -> None:
    # Where pyproject.toml says how strict mypy is with them.
    folder = ROOT / "build"
    wrong = {
        "checks/wrong": 'import cnnexplain as cx\n\nside = cx.output_size("13", kernel_size=3)\n',
        "programs/wrong": "import cnnexplain as cx\n\ncx.trace(3)\n",
    }
    sources = checks() | blocks() | examples() | wrong
    for kind in ("checks", "programs"):
        shutil.rmtree(folder / kind, ignore_errors=True)
        (folder / kind).mkdir(parents=True)
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, "utf-8")
    command = [sys.executable, "-m", "mypy", "build/checks", "build/programs"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    *found, summary = sorted(ran.stdout.splitlines(), key=lambda line: line.startswith("Found"))
    assert [each.partition(": error: ")[0] for each in sorted(found)] == [
        "build/checks/wrong.py:3",
        "build/programs/wrong.py:3",
    ]
    assert summary == f"Found 2 errors in 2 files (checked {len(sources)} source files)"
