"""The workflows: actions pinned by commit, few rights, no foreign text in a shell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# What a job may do beyond reading: publish, and say who it is to that end instead of by a token.
RIGHTS = {("pages.yml", "pages"), ("pages.yml", "id-token"), ("release.yml", "id-token")}


def faults(text: str, name: str = "ci.yml") -> Iterator[str]:
    """Tell what is wrong with a workflow."""
    for used in re.findall(r"uses:\s*(.+)", text):
        if not PINNED.fullmatch(used.strip()):
            yield f"{used} is not pinned by a commit, with its version beside it"
    workflow = yaml.safe_load(text)
    # "on" is true in YAML.
    if "pull_request_target" in workflow[True] or "workflow_run" in workflow[True]:
        yield "foreign code would run with this repository's rights"
    if workflow.get("permissions") not in ({}, {"contents": "read"}):
        yield "the workflow may do more than read"
    for job in workflow["jobs"].values():
        yield from _of_job(job, name)


def _of_job(job: dict[str, Any], name: str) -> Iterator[str]:
    for right, kind in job.get("permissions", {}).items():
        if kind != "read" and (name, right) not in RIGHTS:
            yield f"a job may {kind} {right}"
    if "timeout-minutes" not in job:
        yield "a job has no limit of time"
    for step in job["steps"]:
        if "${{" in step.get("run", ""):
            yield "an expression stands in a shell's text; give it by env"
        checkout = step.get("uses", "").startswith("actions/checkout@")
        if checkout and step.get("with", {}).get("persist-credentials") is not False:
            yield "the checkout leaves its credentials behind"


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_is_pinned_and_may_do_no_more_than_it_must(file: Path) -> None:
    assert list(faults(file.read_text(encoding="utf-8"), file.name)) == []


SOUND = """\
on: [push]
permissions:
  contents: read
jobs:
  job:
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
      - run: make "$NAME"
        env:
          NAME: ${{ github.ref }}
"""


def test_a_sound_workflow_has_no_faults() -> None:
    assert list(faults(SOUND)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("@11bd71901bbe5b1630ceea73d27597364c9af683", "@v4", "not pinned"),
        ("c9af683 #", "c9af68 #", "not pinned"),
        (" # v4.2.2", "", "not pinned"),
        ("persist-credentials: false", "fetch-depth: 0", "credentials"),
        ("[push]", "[pull_request_target]", "foreign code"),
        ("permissions:\n  contents: read\n", "", "may do more than read"),
        ("permissions:\n  contents: read\n", "permissions: write-all\n", "may do more than read"),
        ("      contents: read", "      contents: write", "a job may write contents"),
        ('"$NAME"', "${{ github.head_ref }}", "an expression stands in a shell's text"),
        ("    timeout-minutes: 5\n", "", "no limit of time"),
    ],
)
def test_the_check_finds_faults(old: str, new: str, fault: str) -> None:
    assert old in SOUND
    assert any(fault in each for each in faults(SOUND.replace(old, new, 1)))


def test_what_is_pinned_is_kept_fresh() -> None:
    told = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    kinds = {each["package-ecosystem"]: each["directory"] for each in told["updates"]}
    assert kinds == {"github-actions": "/", "pip": "/", "npm": "/"}


def test_the_advisory_services_are_asked_each_week_and_not_by_ci() -> None:
    audit = (ROOT / ".github" / "workflows" / "audit.yml").read_text(encoding="utf-8")
    assert re.search(r'- cron: "\d+ \d+ \* \* \d"', audit)
    assert "run: make advisories" in audit
    assert "advisories" not in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
