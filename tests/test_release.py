"""A release has one version, and what checks and publishes it is pinned, and fails when it must."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
# A commit, which nobody can move, with the version that people read.
_PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def disagreeing(project: str, citation: str, changes: str) -> list[str]:
    """Return what names another version, or another day, than the project does."""
    wanted = tomllib.loads(project)["project"]["version"]
    cited = yaml.safe_load(citation)
    newest = re.search(r"^## (\d\S*) – (\S+)$", changes, re.MULTILINE)
    assert newest is not None
    found = {
        "CITATION.cff": (cited["version"] == wanted),
        "CHANGELOG.md": newest[1] == wanted,
        "CITATION.cff, its day": str(cited["date-released"]) == newest[2],
    }
    return [name for name, agrees in found.items() if not agrees]


def test_every_file_names_the_version_of_the_project() -> None:
    texts = [read(name) for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md")]
    assert disagreeing(*texts) == []
    # What npm reads is never published: it needs no version, and a second one could only differ.
    assert "version" not in json.loads(read("package.json"))


def test_another_version_and_another_day_are_found() -> None:
    project, citation = '[project]\nversion = "1.1"', "version: 1.0\ndate-released: 2026-01-01"
    changes = "## Unreleased\n\n## 1.1 – 2026-01-02\n\n## 1.0 – 2026-01-01\n"
    assert disagreeing(project, citation, changes) == ["CITATION.cff", "CITATION.cff, its day"]
    assert disagreeing(project, citation.replace("1.0", "'1.1'"), "## 1.0 – 2026-01-01\n") == [
        "CHANGELOG.md"
    ]


def unpinned(workflow: str) -> list[str]:
    """Return the actions that somebody else can change."""
    lines = [line.strip(" -") for line in workflow.splitlines() if "uses:" in line]
    return [line for line in lines if not _PINNED.fullmatch(line)]


def test_every_action_of_a_release_is_pinned_by_its_commit() -> None:
    workflow = read(".github/workflows/release.yml")
    assert workflow.count("uses:") == 5
    assert unpinned(workflow) == []


def test_an_action_by_a_tag_or_without_its_version_is_found() -> None:
    commit = "a" * 40
    assert unpinned(f"- uses: a/b@{commit} # v1.2.3\n- uses: a/b@v1\n- uses: a/b@{commit}\n") == [
        "uses: a/b@v1",
        f"uses: a/b@{commit}",
    ]


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(read(".github/workflows/release.yml"))["jobs"]
    return found


def test_only_the_job_that_publishes_may_say_who_it_is_and_no_secret_is_read() -> None:
    assert {name: job["permissions"] for name, job in jobs().items()} == {
        "build": {"contents": "read"},
        "publish": {"id-token": "write"},
    }
    assert "environment" in jobs()["publish"]
    assert "secrets." not in read(".github/workflows/release.yml")


@pytest.mark.parametrize(("tag", "right"), [("v0.1.0", True), ("v0.1", False), ("v0.1.1", False)])
def test_a_tag_that_is_not_the_version_stops_the_release(
    tag: str, right: bool, tmp_path: Path
) -> None:
    (command,) = (step["run"] for step in jobs()["build"]["steps"] if "tag" in step.get("name", ""))
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "cnnexplain-0.1.0.tar.gz").touch()
    done = subprocess.run(
        ["bash", "-e", "-c", command], cwd=tmp_path, check=False, env={"GITHUB_REF_NAME": tag}
    )
    assert (done.returncode == 0) == right


def drifted(constraints: str, installed: dict[str, str]) -> list[str]:
    """Return the tools whose version is another than the constraint."""
    wanted = dict(line.split("==") for line in constraints.splitlines() if "==" in line)
    return [name for name, has in installed.items() if wanted.get(name) != has]


def test_commits_are_checked_by_the_tools_that_the_constraints_name() -> None:
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    hooks = repository["hooks"]
    assert all(hook["language"] == "system" for hook in hooks)
    tools = [hook["entry"].split()[0] for hook in hooks]
    assert tools == [".venv/bin/ruff", ".venv/bin/ruff", ".venv/bin/mypy"]
    installed = {name: version(name) for name in ("ruff", "mypy")}
    assert drifted(read("constraints.txt"), installed) == []


def test_a_tool_in_another_version_is_found() -> None:
    assert drifted("ruff==0.1\nmypy==1.0\n", {"ruff": "0.1", "mypy": "1.1"}) == ["mypy"]


@pytest.mark.parametrize(("calls", "status"), [("f(0), f(1)", 0), ("f(1)", 2)])
def test_a_branch_of_the_engine_that_no_test_takes_fails(
    calls: str, status: int, tmp_path: Path
) -> None:
    program = tmp_path / "src" / "cnnexplain" / "axis.py"
    program.parent.mkdir(parents=True)
    program.write_text(f"def f(x):\n    if x:\n        x = 0\n    return x\n{calls}\n", "utf-8")
    found = [
        subprocess.run(
            [sys.executable, "-m", "coverage", word, f"--rcfile={ROOT / 'pyproject.toml'}", *rest],
            cwd=tmp_path,
            check=False,
            capture_output=True,
        ).returncode
        for word, *rest in (("run", str(program)), ("report",))
    ]
    assert found == [0, status]
