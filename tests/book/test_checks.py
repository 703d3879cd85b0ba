"""The checks of the ledger have types that fit: each is a program, the first cell and its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cnnexplain.book import labs
from cnnexplain.book.claims import CHECKS

ROOT = Path(__file__).parents[2]


def test_the_types_of_every_check_fit_and_those_of_a_wrong_one_do_not() -> None:
    setup, *checks = labs.read_cells((ROOT / CHECKS).read_text("utf-8"), CHECKS)
    sources = {cell.name: cell.source for cell in checks}
    sources["wrong"] = 'side = cx.output_size("13", kernel_size=3)\n'
    # Where pyproject.toml says how strict mypy is with them.
    folder = ROOT / "build/checks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(f"{setup.source}\n{source}\n", "utf-8")
    command = [sys.executable, "-m", "mypy", folder.relative_to(ROOT)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found, summary = ran.stdout.splitlines()
    assert found.startswith("build/checks/wrong.py:")
    assert 'Argument 1 to "output_size" has incompatible type "str"' in found
    assert summary == f"Found 1 error in 1 file (checked {len(sources)} source files)"
