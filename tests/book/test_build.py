"""The build step as a whole, with stand-ins for what draws and what runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import nbformat
import pytest

from cnnexplain import figures
from cnnexplain.book import build
from cnnexplain.book.__main__ import execute, main
from cnnexplain.book.build import Book
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from cnnexplain.book.labs import Lab, Outputs
    from cnnexplain.figures import Figure

CODE = '# %% setup\ncx.set_language("en")\n# %% size\n6\n'
PROSE = '# A lab\n\n--8<-- "labs/windows/setup.md"\n\n--8<-- "labs/windows/size.md"\n'


@dataclass
class Drawn:
    """A trace."""

    size: int = 6

    def to_html(self, language: str | None = None) -> str:
        return f"<table lang={language}>{self.size}</table>"


@dataclass
class Explained:
    """An explanation, and what torch says."""

    said: str

    def explanation(self) -> Drawn:
        return Drawn()

    def message(self) -> str:
        return self.said


@dataclass
class Declared:
    """A figure's entry."""

    python: str

    def figure(self) -> Figure:
        return figures.stride(3, 2)


def export(
    build: Path,
    kept: Path,
    drawn: Mapping[str, Mapping[str, Figure]],
    say: Callable[[str], None],
) -> None:
    del say
    assert kept == build.parent / ".cache/figures"
    for language, each in drawn.items():
        assert {figure.language for figure in each.values()} <= {language}


@dataclass
class Runner:
    """Counts the labs that it is given, instead of running them."""

    labs: list[str] = field(default_factory=list)

    def __call__(self, labs: Sequence[Lab], done: Callable[[Lab, Outputs, float], None]) -> None:
        for lab in reversed(labs):
            self.labs.append(f"{lab.topic} {lab.language}")
            text = f"{lab.cells[0].source}\n"
            done(lab, [[{"output_type": "stream", "name": "stdout", "text": text}], []], 1.25)


def unchanged(text: str, language: str, values: Mapping[str, object], where: str) -> str:
    assert where.startswith(f"docs/{language}/labs/")
    assert values == json.loads(json.dumps(values))
    return text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "docs/labs/windows.py", CODE)
    for language in LANGUAGES:
        write(tmp_path / f"docs/{language}/labs/windows.md", PROSE)
    write(tmp_path / "package/axis.py", "1")
    return tmp_path


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def book(root: Path, runner: Runner) -> Book:
    return Book(
        values={"inputs": 9216},
        figures={"a": Declared("a()"), "b": Declared("b()")},
        galleries={"all": ["b"]},
        tables={"alexnet": Drawn},
        explanations={"broken": Explained("Refused."), "sound": Explained("")},
        prepare=unchanged,
        execute=runner,
        export=export,
        played={"tables/alexnet": {"tool": "network"}},
        ledger=lambda _, language, __: {"j": f"{language}\n"},
        playground=lambda _: dict.fromkeys(LANGUAGES, "<form></form>\n"),
        package=root / "package",
    )


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def products(root: Path) -> dict[str, bytes]:
    paths = sorted((root / "build").rglob("*"))
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in paths if p.is_file()}


def said(root: Path, book: Book) -> list[str]:
    lines: list[str] = []
    lines.append(str(build.make(root, book, lines.append)))
    return lines


def test_a_first_build_makes_everything_in_every_language(root: Path, book: Book) -> None:
    assert said(root, book) == [
        "docs/labs/windows.py fr: 1.2 s",
        "docs/labs/windows.py ja: 1.2 s",
        "docs/labs/windows.py en: 1.2 s",
        "book: 3 labs executed, 0 from cache, 6 figures, 3 tables, 6 explanations",
    ]
    made = products(root)
    assert set(made) == {
        f"build/{language}/{name}"
        for language in LANGUAGES
        for name in (
            "figures/a.html",
            "figures/b.html",
            "figures/gallery-all.html",
            "tables/alexnet.html",
            "explanations/broken.html",
            "explanations/sound.html",
            "messages/broken.html",
            "claims/j.md",
            "labs/windows.ipynb",
            "playground.html",
            "values.json",
        )
    }
    assert json.loads(made["build/fr/values.json"])["inputs"]["text"] == "9\u202f216"
    for language in LANGUAGES:
        notebook = nbformat.reads(made[f"build/{language}/labs/windows.ipynb"], as_version=4)
        nbformat.validate(notebook)
        assert notebook.cells[1].source == f'cx.set_language("{language}")'
        assert notebook.cells[1].outputs[0].text == f'cx.set_language("{language}")\n'


def test_a_second_build_runs_nothing_and_touches_nothing(
    root: Path, book: Book, runner: Runner
) -> None:
    said(root, book)
    before = products(root)
    for name in before:
        os.utime(root / name, (1, 1))
    assert said(root, book) == [
        "book: 0 labs executed, 3 from cache, 6 figures, 3 tables, 6 explanations"
    ]
    assert len(runner.labs) == 3
    assert products(root) == before
    assert {(root / name).stat().st_mtime for name in before} == {1}


def test_a_build_from_nothing_gives_the_same_bytes(root: Path, book: Book) -> None:
    said(root, book)
    before = products(root)
    for name in before:
        (root / name).unlink()
    for path in (root / ".cache/labs").iterdir():
        path.unlink()
    said(root, book)
    assert products(root) == before


def test_an_edit_of_prose_is_shown_and_runs_nothing(root: Path, book: Book, runner: Runner) -> None:
    said(root, book)
    write(root / "docs/ja/labs/windows.md", PROSE.replace("A lab", "実習"))
    assert said(root, book)[-1].startswith("book: 0 labs executed")
    assert len(runner.labs) == 3
    assert "実習" in products(root)["build/ja/labs/windows.ipynb"].decode()


def test_an_edit_of_a_value_is_shown_and_runs_nothing(
    root: Path, book: Book, runner: Runner
) -> None:
    def fill(text: str, _: str, values: Mapping[str, Mapping[str, str]], __: str) -> str:
        return text.replace("A lab", values["inputs"]["text"])

    said(root, book)
    said(root, replace(book, values={"inputs": 1234}, prepare=fill))
    assert len(runner.labs) == 3
    assert '"# 1,234' in products(root)["build/ja/labs/windows.ipynb"].decode()


def test_an_edit_of_the_package_runs_all_labs(root: Path, book: Book, runner: Runner) -> None:
    said(root, book)
    write(root / "package/axis.py", "2")
    assert said(root, book)[-1].startswith("book: 3 labs executed, 0 from cache")
    assert len(runner.labs) == 6


def test_an_edit_of_code_runs_that_lab_alone(root: Path, book: Book, runner: Runner) -> None:
    write(root / "docs/labs/stride.py", CODE)
    for language in LANGUAGES:
        write(root / f"docs/{language}/labs/stride.md", PROSE.replace("windows", "stride"))
    said(root, book)
    write(root / "docs/labs/stride.py", CODE.replace("6", "7"))
    assert said(root, book)[-1].startswith("book: 3 labs executed, 3 from cache")
    assert sorted(runner.labs[6:]) == ["stride en", "stride fr", "stride ja"]


def test_a_damaged_cache_entry_runs_its_lab_again(root: Path, book: Book, runner: Runner) -> None:
    said(root, book)
    before = products(root)
    entry = min((root / ".cache/labs").iterdir())
    entry.write_bytes(entry.read_bytes()[:-9])
    assert said(root, book)[-1].startswith("book: 1 labs executed, 2 from cache")
    assert len(runner.labs) == 4
    assert products(root) == before


def test_products_of_what_no_longer_exists_are_removed(root: Path, book: Book) -> None:
    said(root, book)
    for path in (root / "docs").rglob("windows.*"):
        path.unlink()
    said(root, replace(book, figures={"b": Declared("b()")}, tables={}, explanations={}))
    assert set(products(root)) == {
        f"build/{language}/{name}"
        for language in LANGUAGES
        for name in (
            "figures/b.html",
            "figures/gallery-all.html",
            "claims/j.md",
            "playground.html",
            "values.json",
        )
    }


def test_a_marker_that_is_missing_stops_the_build_before_anything_runs(
    root: Path, book: Book, runner: Runner
) -> None:
    write(root / "docs/ja/labs/windows.md", "# 実習\n")
    with pytest.raises(BookError, match=r"docs/ja/labs/windows\.md: cells \['setup', 'size'\]\n"):
        said(root, book)
    assert not runner.labs
    assert not (root / "build").exists()


def test_prose_that_is_missing_is_named(root: Path, book: Book) -> None:
    (root / "docs/fr/labs/windows.md").unlink()
    with pytest.raises(BookError, match=r"^expected: a file docs/fr/labs/windows\.md\n"):
        said(root, book)


def test_prose_without_code_is_named(root: Path, book: Book) -> None:
    write(root / "docs/fr/labs/stride.md", "# Pas\n")
    with pytest.raises(BookError) as caught:
        said(root, book)
    assert str(caught.value) == (
        "expected: docs/fr/labs/stride.md: a lab docs/labs/stride.py\n"
        "received: no such file\n"
        "cure: write it, or remove the prose in every language"
    )


def test_labs_that_ran_before_another_failed_are_not_run_again(
    root: Path, book: Book, runner: Runner
) -> None:
    def fail(labs: Sequence[Lab], done: Callable[[Lab, Outputs, float], None]) -> None:
        runner(labs[:1], done)
        raise BookError("a cell that runs", "ZeroDivisionError", "correct it")

    with pytest.raises(BookError):
        said(root, replace(book, execute=fail))
    assert not list((root / "build").rglob("*.ipynb"))
    assert said(root, book)[-1].startswith("book: 2 labs executed, 1 from cache")


def test_a_failure_is_one_message_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(tmp_path)]) == 1
    assert capsys.readouterr() == (
        "",
        (
            f"expected: the root of the project in {tmp_path}\n"
            "received: no folder docs\n"
            "cure: run it there or give --root\n"
        ),
    )


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    with pytest.raises(BookError) as caught:
        execute([], lambda *_: None)
    assert str(caught.value) == (
        "expected: what runs the labs\n"
        "received: import of rich.progress halted; None in sys.modules\n"
        'cure: pip install -c constraints.txt -e ".[docs]"'
    )


def test_a_build_without_stale_labs_imports_nothing_that_runs_them() -> None:
    heavy = {"torch", "numpy", "nbclient", "nbformat", "jupyter_client", "rich", "asyncio"}
    code = f"import sys, cnnexplain.book.__main__; print({heavy} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


LABELS = {"en": {"a": "{x}", "b": "b"}, "ja": {"a": "{x}", "b": "b"}, "fr": {"a": "{x}", "b": "b"}}


@pytest.mark.parametrize(
    ("language", "labels", "message"),
    [
        ("fr", {"a": "{x}"}, "a label 'b' in src/cnnexplain/languages/fr.toml"),
        ("en", {"a": "{x}"}, "a label 'b' in src/cnnexplain/languages/en.toml"),
        (
            "ja",
            {"a": "{y}", "b": "b"},
            "the placeholders ['x'] in the label 'a' of src/cnnexplain/languages/ja.toml",
        ),
    ],
)
def test_a_label_that_a_language_lacks_is_named_before_any_page_needs_it(
    language: str, labels: dict[str, str], message: str
) -> None:
    build.check_labels(LABELS)
    with pytest.raises(BookError) as caught:
        build.check_labels(LABELS | {language: labels})
    assert caught.value.expected == message
