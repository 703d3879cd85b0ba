"""Labs run in real kernels; what readers should not see is refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from cnnexplain.book import kernels
from cnnexplain.book.labs import Cell, Lab, Outputs
from cnnexplain.errors import BookError

WHERE = "docs/labs/windows.py, cell size, language ja"


def lab(*sources: str) -> Lab:
    """A lab whose second cell is called `size` and begins on line 11, the third on line 21."""
    places = zip(("setup", "size", "last"), sources, (1, 11, 21), strict=False)
    cells = tuple(Cell(name, source, line) for name, source, line in places)
    return Lab("windows", "ja", cells, ("",) * (len(cells) + 1))


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def test_the_width_of_the_terminal_reaches_no_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert "COLUMNS" not in kernels._environment("/")


def test_kernels_give_outputs_or_an_error_that_names_file_cell_and_language() -> None:
    ran: list[tuple[Lab, Outputs, float]] = []

    def run(*sources: str) -> str:
        ran.clear()
        try:
            kernels.execute([lab(*sources)], lambda *result: ran.append(result), cell_seconds=1)
        except BookError as error:
            return str(error)
        return ""

    good = lab(
        "import os, socket\nfrom cnnexplain import languages as cx\ncx.set_language('ja')",
        "print(os.environ['PYTHONHASHSEED'], os.environ['OMP_NUM_THREADS'])\n'sys' in dir()",
        "print(cx.current())\n"
        "try:\n    socket.create_connection(('192.0.2.1', 9))\n"
        "except OSError as error:\n    print(error)",
    )
    kernels.execute([good], lambda *result: ran.append(result))
    [(same, outputs, seconds)] = ran
    result = {"data": {"text/plain": "False"}, "execution_count": None}
    assert same is good
    assert seconds > 0
    assert outputs == [
        [],
        [stream("0 1\n"), {**result, "metadata": {}, "output_type": "execute_result"}],
        [stream("ja\nlabs have no network\n")],
    ]

    assert run("def half(n):\n    return n / 0", "1\n\nhalf(1)") == (
        f"expected: {WHERE}: a cell that runs\n"
        "received: ZeroDivisionError: division by zero\n"
        "cure: correct docs/labs/windows.py, line 13: half(1)"
    )
    assert run("1", "import time\ntime.sleep(9)") == (
        f"expected: {WHERE}: a cell that runs\n"
        "received: it did not end within 1 seconds\n"
        "cure: compute less in it"
    )
    assert run("1", "while True:\n    print('x' * 1000)") == (
        f"expected: {WHERE}: a cell that runs\n"
        "received: more than 1,000,000 characters of output\n"
        "cure: print less in it"
    )
    assert run("1", "import os\nos._exit(3)").startswith(
        f"expected: {WHERE}: a cell that runs\nreceived: its kernel died\n"
    )
    assert run("1", "import warnings\nwarnings.warn('old')").startswith(
        f"expected: {WHERE}: no warnings\nreceived: "
    )
    assert not ran


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_cell_that_no_signal_ends_is_told_and_its_kernel_is_gone(tmp_path: Path) -> None:
    endless = (
        "import os, pathlib, signal\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "for each in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(each, signal.SIG_IGN)\n"
        "while True:\n    pass"
    )
    with pytest.raises(BookError, match=f"^expected: {WHERE}: a cell that runs\nreceived: it did"):
        kernels.execute([lab("1", endless)], lambda *_: None, cell_seconds=2)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_warning_is_refused_with_its_text() -> None:
    with pytest.raises(BookError) as caught:
        kernels.check([stream("fine"), stream("\nUserWarning: old\n  more\n", "stderr")], WHERE)
    assert str(caught.value) == (
        f"expected: {WHERE}: no warnings\n"
        "received: UserWarning: old\n"
        "cure: correct what it warns of"
    )


@pytest.mark.parametrize(
    "shown",
    [
        f"saved {Path.cwd()}",
        f"{sys.prefix}/lib",
        "/made/for/this",
        "<Figure object at 0x7f940bf29690>",
    ],
)
def test_an_output_that_differs_between_builds_is_refused(shown: str) -> None:
    output = {"output_type": "display_data", "data": {"text/html": [f"<p>{shown}</p>"]}}
    with pytest.raises(BookError, match=f"^expected: {WHERE}: the same output in every build\n"):
        kernels.check([output], WHERE, "/made/for/this")


@pytest.mark.parametrize("shown", ["/", "a/b", "/made/for/this-one", "6x6 at 0x0"])
def test_other_outputs_are_not_refused(shown: str) -> None:
    kernels.check([stream(shown)], WHERE, "/", "/made/for/this")


@pytest.mark.parametrize(
    ("traceback", "line"),
    [
        ("Cell \x1b[32mIn[2], line 3\x1b[0m\nFile a.py:7\nCell In[1], line 2", 3),
        ("Cell In[2], line 1\nCell In[2], line 2", 2),
        ("Cell In[2], line 99", 1),
        ("no frame of a cell", 1),
    ],
)
def test_the_raising_line_is_the_last_one_in_the_cell(traceback: str, line: int) -> None:
    assert kernels.raising_line(traceback, 2, Cell("size", "a\nb\nc", 11)) == line
