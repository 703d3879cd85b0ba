"""What the reader's browser runs, as files of the site."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.test_package import PURE

import cnnexplain
from cnnexplain.book import browser
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES

PACKAGE = Path(cnnexplain.__file__).parent


def project(root: Path, version: str = "1.2.3", *, wanted: str = "1.2.3") -> Path:
    """Write a project in which npm has installed something small."""
    installed = root / "node_modules" / "pyodide"
    installed.mkdir(parents=True)
    for name in ("pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"):
        (installed / name).write_bytes(name.encode() * 100)
    (installed / "pyodide.mjs").write_text("export {};\n//# sourceMappingURL=pyodide.mjs.map\n")
    lock = {"info": {"python": "3.14"}, "packages": {"numpy": {"file_name": "numpy.whl"}}}
    (installed / "pyodide-lock.json").write_text(json.dumps(lock))
    (installed / "package.json").write_text(json.dumps({"version": version}))
    (root / "package.json").write_text(json.dumps({"dependencies": {"pyodide": wanted}}))
    return root


def test_the_archive_holds_the_pure_parts_and_no_other() -> None:
    assert {*PURE, "__init__"} == browser.PARTS
    with zipfile.ZipFile(io.BytesIO(browser.archive(PACKAGE))) as packed:
        names = packed.namelist()
        assert packed.read("cnnexplain/axis.py") == (PACKAGE / "axis.py").read_bytes()
    parts = {Path(name).parts[1].removesuffix(".py") for name in names}
    assert parts == browser.PARTS
    assert "cnnexplain/languages/fr.toml" in names
    assert names == sorted(names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_same_sources_give_the_same_bytes_wherever_and_whenever_they_are(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "elsewhere" / "cnnexplain"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for path in copy.rglob("*.py"):
        path.touch()
    assert browser.archive(copy) == browser.archive(PACKAGE)
    (copy / "axis.py").write_text("changed")
    assert browser.archive(copy) != browser.archive(PACKAGE)


def test_the_archive_alone_answers(tmp_path: Path) -> None:
    packed = tmp_path / "cnnexplain.zip"
    packed.write_bytes(browser.archive(PACKAGE))
    shutil.unpack_archive(packed, tmp_path / "package")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'package')!r})\n"
        "from cnnexplain.playground import answer\n"
        "assert 'torch' not in sys.modules and 'typer' not in sys.modules\n"
        "print(answer({'tool': 'network'}, 'ja'))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, check=True
    )
    assert json.loads(done.stdout)["error"] is None


@pytest.mark.parametrize("damage", [b"", b"1", b"7 bytes\n7", b"\xff"])
def test_a_damaged_size_in_the_cache_is_measured_again(tmp_path: Path, damage: bytes) -> None:
    contents = {"a": b"a" * 1000}
    size = browser._compressed(contents, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(damage)
    assert browser._compressed(contents, tmp_path) == size


def test_a_package_that_npm_wrote_half_is_told(tmp_path: Path) -> None:
    root = project(tmp_path)
    installed = root / "node_modules" / "pyodide" / "package.json"
    installed.write_bytes(installed.read_bytes()[:-5])
    with pytest.raises(BookError, match=r"JSON in .*package\.json"):
        browser.runtime(root)


def test_the_files_are_those_that_npm_installed(tmp_path: Path) -> None:
    made = browser.write(project(tmp_path), PACKAGE)
    assert made is not None
    folder = tmp_path / "build" / "python"
    assert {path: (folder / path).stat().st_size for path in made.sizes} == made.sizes
    assert made.runtime == "pyodide-1.2.3"
    assert made.package in made.sizes
    lock = json.loads((folder / made.runtime / "pyodide-lock.json").read_text())
    assert lock == {"info": {"python": "3.14"}, "packages": {}}
    assert "sourceMapping" not in (folder / made.runtime / "pyodide.mjs").read_text()
    assert 0 < made.compressed < sum(made.sizes.values())
    assert browser.write(tmp_path, PACKAGE) == made  # the size is known by now


def test_what_another_version_left_is_removed(tmp_path: Path) -> None:
    old = project(tmp_path) / "build" / "python" / "cnnexplain-0.zip"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"")
    browser.write(tmp_path, PACKAGE)
    assert not old.exists()
    shutil.rmtree(tmp_path / "node_modules")
    assert browser.write(tmp_path, PACKAGE) is None
    assert not [path for path in old.parent.rglob("*") if path.is_file()]


def test_what_npm_installed_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"expected: pyodide 2\.0\.0 .*\n.*1\.2\.3\n.*playground"):
        browser.write(project(tmp_path, wanted="2.0.0"), PACKAGE)


def test_a_file_that_npm_left_out_is_named(tmp_path: Path) -> None:
    (project(tmp_path) / "node_modules" / "pyodide" / "pyodide.asm.wasm").unlink()
    with pytest.raises(BookError, match=r"no pyodide\.asm\.wasm"):
        browser.write(tmp_path, PACKAGE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_the_addresses_of_its_files(language: str) -> None:
    sizes = {"pyodide-1/pyodide.mjs": 5, "pyodide-1/a.wasm": 100, "cnnexplain-0.zip": 20}
    python = browser.Python("pyodide-1", "cnnexplain-0.zip", sizes, 6_800_000)
    html = browser.page(language, python)
    assert 'data-runtime="cx-main:assets/python/pyodide-1/"' in html
    assert 'data-archive="cx-main:assets/python/cnnexplain-0.zip"' in html
    assert 'data-bytes="120"' in html
    assert ("6,8" if language == "fr" else "6.8") in html
    without = browser.page(language, None)
    assert "data-runtime" not in without
    assert "cx-play-start" not in without
    assert "make playground" in without


def test_nothing_that_npm_reads_names_a_host() -> None:
    root = Path(__file__).parents[2]
    for name in ("package.json", ".npmrc"):
        assert "//" not in (root / name).read_text("utf-8")
    lock = json.loads((root / "package-lock.json").read_text("utf-8"))
    packages = [each for name, each in lock["packages"].items() if name]
    assert all(each["integrity"].startswith("sha512-") for each in packages)
    for each in packages:
        each.pop("funding", None)  # where their authors take gifts; nothing goes there
    assert "://" not in json.dumps(lock)
