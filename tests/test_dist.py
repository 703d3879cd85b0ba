"""The wheel and the archive of the sources: what they hold, and what works with nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "cnnexplain"
# The site's builder needs the pages, which no wheel has.
LEFT_OUT = SOURCES / "book"


def python(*words: str | Path) -> str:
    """Run this Python on words, as whoever builds a release does, and return what it prints."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "PIP_NO_INDEX": "1"},
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the archive of the sources, and the wheel that it builds."""
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "build", "--no-isolation", "--outdir", folder)
    return folder


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def outsiders(names: Sequence[str]) -> list[str]:
    """Return the files of a wheel that are neither the package's sources nor its description."""
    own = {
        f"cnnexplain/{file.relative_to(SOURCES).as_posix()}"
        for file in SOURCES.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and LEFT_OUT not in file.parents
    }
    told = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    described = tuple(f".dist-info/{name}" for name in told)
    return sorted({name for name in names if not name.endswith(described)} ^ own)


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(built: Path) -> None:
    names = ZipFile(only(built, "*.whl")).namelist()
    assert outsiders(names) == []
    assert {
        "cnnexplain/py.typed",
        "cnnexplain/trace.schema.json",
        "cnnexplain/explanation.schema.json",
        "cnnexplain/languages/ja.toml",
        "cnnexplain/figures/controls.js",
        "cnnexplain/networks/alexnet_paper.py",
        "cnnexplain/playground/page.py",
    } <= set(names)


def test_a_test_in_the_wheel_and_a_missing_catalogue_are_found(built: Path) -> None:
    names = ZipFile(only(built, "*.whl")).namelist()
    assert outsiders([*names, "tests/test_axis.py"]) == ["tests/test_axis.py"]
    names.remove("cnnexplain/languages/fr.toml")
    assert outsiders(names) == ["cnnexplain/languages/fr.toml"]


def test_the_working_tree_builds_the_same_wheel_as_the_archive(built: Path, tmp_path: Path) -> None:
    python("-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path)
    assert only(tmp_path, "*.whl").read_bytes() == only(built, "*.whl").read_bytes()


def test_the_archive_has_what_the_tests_and_the_site_are_made_of_and_no_leavings(
    built: Path,
) -> None:
    with tarfile.open(only(built, "*.tar.gz")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"docs/hook.py", "mkdocs.ja.yml", "tests/conftest.py", "constraints.txt"} <= names
    assert {"src/cnnexplain/book/build.py", ".ci/run", ".github/workflows/release.yml"} <= names
    leavings = ("__pycache__", ".cache", "node_modules", "site/", "build/", ".venv", "dist/")
    assert [name for name in names if name.startswith(leavings) or "__pycache__" in name] == []


def test_the_index_will_take_both(built: Path) -> None:
    python("-m", "twine", "check", "--strict", *built.iterdir())


def test_what_the_index_cannot_show_is_found(tmp_path: Path) -> None:
    wheel = tmp_path / "bare-1-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr(
            "bare-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: bare\nVersion: 1\n"
        )
        archive.writestr("bare-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("bare-1.dist-info/RECORD", "")
    with pytest.raises(AssertionError, match=r"long_description.* missing"):
        python("-m", "twine", "check", "--strict", wheel)


def needed(name: str, found: set[str]) -> set[str]:
    """Add a package, and what it needs without extras, to those that are found."""
    if name not in found:
        found.add(name)
        for line in distribution(name).requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                needed(wanted.name, found)
    return found


@pytest.fixture(scope="module")
def bare(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment that has the wheel and Typer; nothing is downloaded.

    Typer, and what it needs, are links to what is installed here.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "environment")
    programs = folder / "environment" / "bin"
    (packages,) = folder.glob("environment/lib/*/site-packages")
    for name in needed("typer", set()):
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            (packages / top).symlink_to(str(installed.locate_file(top)))
    wheel = only(built, "*.whl")
    python("-m", "pip", "--python", programs / "python", "install", "--no-deps", wheel)
    return programs


def run(program: Path, *words: str, folder: Path) -> tuple[int, str]:
    """Run a program in a folder, and return its status and all that it says."""
    done = subprocess.run(
        [program, *words],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        timeout=60,
    )
    return done.returncode, done.stdout


def test_the_bare_wheel_needs_typer_alone_and_makes_tables_and_figures(
    bare: Path, tmp_path: Path
) -> None:
    home = run(bare / "python", "-c", "import cnnexplain as c; print(c.__file__)", folder=tmp_path)
    assert home[1].startswith(str(bare.parent))
    status, table = run(bare / "cnnexplain", "table", "alexnet", folder=tmp_path)
    assert status == 0
    assert "60,965,224" in table
    stride = ("figure", "stride", "--input-size", "5", "--kernel-size", "3", "-o", "stride.svg")
    assert run(bare / "cnnexplain", *stride, folder=tmp_path) == (0, "")


STRIDE = "figure stride --input-size 5 --kernel-size 3 -o stride"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("torch", "table net.py:Net --input 3x8x8"),
        ("torch", "explain net.py:Net --input 3x8x8"),
        ("torch", "convert alexnet"),
        ("export", "heatmap alexnet photo.jpg --window 227 -o heat.svg"),
        ("export", f"{STRIDE}.png"),
        ("export", f"{STRIDE}.gif"),
        ("video", f"{STRIDE}.mp4"),
    ],
)
def test_a_command_without_its_extra_names_it_in_one_line(
    bare: Path, tmp_path: Path, extra: str, words: str
) -> None:
    tmp_path.joinpath("net.py").write_text("from torch import nn\nNet = nn.ReLU\n", "utf-8")
    tmp_path.joinpath("photo.jpg").touch()
    status, told = run(bare / "cnnexplain", *words.split(), folder=tmp_path)
    assert status == 1
    assert told.splitlines()[-1] == f'cure: pip install "cnnexplain[{extra}]"'
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("torch", "cx.fully_convolutional"),
        ("torch", "cx.Conversion"),
        ("torch", "cx.slide"),
        ("torch", "cx.compare"),
        ("torch", "cx.Comparison"),
        ("frame", "cx.trace(cx.networks.lenet5()).to_frame()"),
        ("export", "cx.figures.stride(5, 3).png()"),
        ("export", "cx.figures.stride(5, 3).gif()"),
        ("export", "cx.plots.receptive_field(cx.trace(cx.networks.lenet5()))"),
        ("video", "cx.figures.stride(5, 3).mp4()"),
        ("examples", "__import__('cnnexplain.examples')"),
    ],
)
def test_a_name_without_its_extra_raises_an_error_of_ours_that_names_it(
    bare: Path, tmp_path: Path, extra: str, code: str
) -> None:
    program = f"import cnnexplain as cx\ntry: {code}\nexcept cx.CnnExplainError as e: print(e.cure)"
    told = run(bare / "python", "-c", program, folder=tmp_path)
    assert told == (0, f'pip install "cnnexplain[{extra}]"\n')


def test_whoever_does_without_torch_can_catch_an_import_error(bare: Path, tmp_path: Path) -> None:
    program = "try:\n from cnnexplain import slide\nexcept ImportError as error: print(error.cure)"
    told = run(bare / "python", "-c", program, folder=tmp_path)
    assert told == (0, 'pip install "cnnexplain[torch]"\n')
