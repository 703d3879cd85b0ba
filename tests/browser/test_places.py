"""The built site says nothing of the machine that built it."""

from __future__ import annotations

from pathlib import Path

from tests.places import here, named

ROOT = Path(__file__).parents[2]


def test_no_file_names_a_folder_of_the_machine_that_built_it() -> None:
    assert (ROOT / "site/index.html").is_file()
    assert list(named(ROOT / "site", here(ROOT))) == []
