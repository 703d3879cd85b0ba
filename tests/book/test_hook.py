"""The bridge to MkDocs, where something goes wrong; `test_site` has what goes right."""

from __future__ import annotations

import io
import subprocess
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mkdocs.exceptions import Abort, PluginError
from mkdocs.structure.toc import AnchorLink

from cnnexplain.book import lock
from cnnexplain.errors import BookError

HOOK = Path(__file__).parents[2] / "docs" / "hook.py"
ENGLISH: Any = SimpleNamespace(docs_dir="docs/en", site_dir="no such folder")


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = spec_from_file_location("hook", HOOK)
    assert spec
    assert spec.loader
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    # The tests go on with the modules that they have.
    own = SimpleNamespace(modules={}, executable="python", stderr=io.StringIO())
    monkeypatch.setattr(module, "sys", own)
    yield module
    module._BUILDING.close()


def ends(hook: Any, monkeypatch: pytest.MonkeyPatch, status: int, told: str = "") -> None:
    done = subprocess.CompletedProcess([], status, stderr=told)
    monkeypatch.setattr(hook.subprocess, "run", lambda *_, **__: done)


@pytest.mark.parametrize(
    ("status", "told", "message"),
    [
        (1, "expected: a\nreceived: b\ncure: c\n", "expected: a\nreceived: b\ncure: c"),
        (-9, "", "received: signal SIGKILL\ncure: if nobody interrupted it, look for more memory"),
        (130, "", "received: exit status 130\n"),
    ],
)
def test_a_build_step_that_ends_early_is_told(
    hook: Any, monkeypatch: pytest.MonkeyPatch, status: int, told: str, message: str
) -> None:
    ends(hook, monkeypatch, status, told)
    with pytest.raises(PluginError) as caught:
        hook.on_pre_build(ENGLISH)
    assert message in str(caught.value)


def test_a_build_keeps_others_out_until_it_ends_or_fails(
    hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hook, "CHILDREN", {})
    ends(hook, monkeypatch, 0)
    for end in (
        partial(hook.on_post_build, ENGLISH),
        partial(hook.on_build_error, PluginError("a mistake")),
    ):
        hook.on_pre_build(ENGLISH)
        with (
            pytest.raises(BookError, match="to build alone"),
            lock.alone(tmp_path / ".cache" / "site.lock", lambda _: None, seconds=0),
        ):
            pytest.fail("two builds at once")
        end()
        with lock.alone(tmp_path / ".cache" / "site.lock", pytest.fail):
            pass


def test_what_the_system_refuses_is_one_sentence(hook: Any) -> None:
    with pytest.raises(Abort, match=r"^expected: site/a\.html: to read and to write it\n"):
        hook.on_build_error(OSError(28, "No space left on device", "site/a.html"))
    with pytest.raises(Abort, match="cure: make room on the disk"):
        hook.on_build_error(OSError(28, "No space left on device"))
    hook.on_build_error(ValueError("a mistake of ours keeps its traceback"))


def test_a_file_that_is_not_whole_yet_is_no_file_of_the_site(
    hook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "build/en/exports"
    folder.mkdir(parents=True)
    for name in ("a.svg", ".0123456789abcdef.part"):
        (folder / name).touch()
    (tmp_path / "build/en/card.png").touch()
    made: list[str] = []
    monkeypatch.setattr(hook.File, "generated", lambda _, name, **__: name)
    files: Any = SimpleNamespace(documentation_pages=list, append=made.append)
    hook.on_files(files, ENGLISH)
    assert made == ["assets/figures.js", "assets/figures.css", "figures/a.svg", "assets/card.png"]


def test_a_title_in_the_table_of_contents_is_that_of_the_page_and_leaves_code_as_it_is(
    hook: Any,
) -> None:
    anchor = AnchorLink("Que dit shape '[-1]' ?", "shape", 2)
    heading = "Que dit <code>shape '[-1]'</code>\N{NARROW NO-BREAK SPACE}?"
    hook._space(anchor, f'<h2 id="shape">{heading}<a class="headerlink" href="#shape">¶</a></h2>')
    assert anchor.title == "Que dit shape '[-1]'\N{NARROW NO-BREAK SPACE}?"
