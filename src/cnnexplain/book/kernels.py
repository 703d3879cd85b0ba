"""Running the cells of labs in fresh kernels of this very Python, a few labs at a time."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

import cnnexplain
from cnnexplain.book.labs import SETUP
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnnexplain.book.labs import Cell, Lab, Outputs

# The client would print what its exceptions say.
_SILENT = logging.getLogger(__name__)
_SILENT.disabled = True

AT_ONCE = 2
CELL_SECONDS = 10
CELL_CHARACTERS = 1_000_000  # ten times the longest output of a page
SETUP_SECONDS = 60  # the setup cell imports torch, slowly where the disk is cold

# Runs before a lab's first cell. A lab must not depend on the network, nor wait for it.
_OFFLINE = """
import sys
def _offline(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    if host not in (None, "", "localhost", "127.0.0.1", "::1"):
        raise OSError("labs have no network")
sys.addaudithook(_offline)
del sys, _offline
"""

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"Cell In\[(\d+)\], line (\d+)")
_ADDRESS = r"\bat 0x[0-9a-fA-F]{6,}"
_END = r"(?![\w.-])"


class _Client(NotebookClient):
    """A client that takes no more than a page can show: what prints without end fills no memory."""

    characters = 0

    @property
    def is_flooded(self) -> bool:
        """Whether the last cell gave more."""
        return self.characters > CELL_CHARACTERS

    async def async_execute_cell(self, *arguments: Any, **named: Any) -> Any:
        self.characters = 0
        return await super().async_execute_cell(*arguments, **named)

    def process_message(self, msg: dict[str, Any], *place: Any) -> Any:
        self.characters += sum(map(len, _texts(msg["content"])))
        if not self.is_flooded:
            return super().process_message(msg, *place)
        # As the client itself does when it finds that the kernel has died.
        assert self.task_poll_for_reply is not None
        self.task_poll_for_reply.cancel()
        return None


def execute(
    labs: Sequence[Lab],
    done: Callable[[Lab, Outputs, float], None],
    cell_seconds: int = CELL_SECONDS,
) -> None:
    """Run labs, each in a kernel of its own.

    Args:
        labs: The labs.
        done: Called with each lab that ran, what its cells gave, and the seconds it took.
        cell_seconds: The limit of every cell but the setup cell.

    Raises:
        BookError: If a cell raises, warns, takes too long, or gives something that depends on
            where or when it ran. The other labs are still run.
    """
    asyncio.run(_execute(labs, done, cell_seconds))


async def _execute(
    labs: Sequence[Lab], done: Callable[[Lab, Outputs, float], None], cell_seconds: int
) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(lab: Lab) -> None:
        async with places:
            start = time.perf_counter()
            outputs = await _run(lab, cell_seconds)
            done(lab, outputs, time.perf_counter() - start)

    # Not a task group: the first error in the order of the labs is told, whichever came first.
    for result in await asyncio.gather(*map(one, labs), return_exceptions=True):
        if result is not None:
            raise result


async def _run(lab: Lab, cell_seconds: int) -> Outputs:
    sources = [_OFFLINE, *(cell.source for cell in lab.cells)]
    notebook = nbformat.from_dict(
        {
            "cells": [{"cell_type": "code", "metadata": {}, "source": s} for s in sources],
            "metadata": {},
        }
    )
    # No kernel directories: the kernel is this Python's, whatever the user has installed.
    manager = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = _Client(
        notebook,
        km=manager,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        log=_SILENT,
        record_timing=False,
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            await client.async_start_new_kernel(cwd=folder, env=_environment(folder))
            await client.async_start_new_kernel_client()
            await client.async_execute_cell(notebook.cells[0], 0, store_history=False)
            for number, cell in enumerate(lab.cells, start=1):
                client.timeout = SETUP_SECONDS if cell.name == SETUP else cell_seconds
                await _run_cell(client, number, lab, cell)
        except RuntimeError as error:
            raise BookError(
                f"{lab.code_file}, language {lab.language}: a kernel that starts",
                f"{type(error).__name__}: {error}",
                'install the extra: pip install -c constraints.txt -e ".[docs]"',
            ) from error
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            if manager.provisioner is not None:
                # The manager would interrupt it first, which a kernel outside a cell remarks on.
                await manager.provisioner.kill()
            await manager.shutdown_kernel(now=True)
        outputs = [[_plain(output) for output in cell.outputs] for cell in notebook.cells[1:]]
        for cell, given in zip(lab.cells, outputs, strict=True):
            check(given, f"{lab.code_file}, cell {cell.name}, language {lab.language}", folder)
    return outputs


async def _run_cell(client: _Client, number: int, lab: Lab, cell: Cell) -> None:
    expected = f"{lab.code_file}, cell {cell.name}, language {lab.language}: a cell that runs"
    try:
        await client.async_execute_cell(client.nb.cells[number], number)
    except CellExecutionError as error:
        line = raising_line(error.traceback, number, cell)
        source = cell.source.split("\n")[line - 1].strip()
        received = f"{error.ename}: {' / '.join(error.evalue.splitlines())}"
        cure = f"correct {lab.code_file}, line {cell.line + line - 1}: {source}"
    except CellTimeoutError:
        received = f"it did not end within {client.timeout} seconds"
        cure = "compute less in it"
    except DeadKernelError:
        if client.is_flooded:
            received = f"more than {CELL_CHARACTERS:,} characters of output"
            cure = "print less in it"
        else:
            received = "its kernel died"
            cure = "look for an exit, or for more memory than there is"
    else:
        return
    raise BookError(expected, received, cure)


def _environment(folder: str) -> dict[str, str]:
    # First of all the package that the cache's key was made from.
    paths = [str(Path(cnnexplain.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    # However wide the terminal is in which somebody builds.
    given = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return {
        **given,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",  # a GPU's sums differ in their last digits
        "IPYTHONDIR": folder,  # no start-up files of the user's
    }


def raising_line(traceback: str, number: int, cell: Cell) -> int:
    """Return the line of a cell, from 1, that an exception passed last.

    Args:
        traceback: IPython's traceback.
        number: The cell's execution count.
        cell: The cell.

    Returns:
        The line; 1 if the traceback does not tell.
    """
    frames = _FRAME.findall(_ESCAPE.sub("", traceback))
    lines = [int(line) for count, line in frames if int(count) == number]
    return lines[-1] if lines and lines[-1] <= len(cell.source.split("\n")) else 1


def check(outputs: Sequence[dict[str, Any]], where: str, *folders: str) -> None:
    """Refuse outputs that readers should not see: warnings, and what differs between two builds.

    Args:
        outputs: What one cell gave.
        where: Its file, name and language.
        folders: Folders whose names must not be shown, besides those of this Python.

    Raises:
        BookError: If there is such an output.
    """
    for output in outputs:
        if output.get("name") == "stderr":
            raise BookError(
                f"{where}: no warnings",
                output["text"].strip().splitlines()[0],
                "correct what it warns of",
            )
    here = (str(Path(cnnexplain.__file__).parent.parent), str(Path.cwd()), str(Path.home()))
    own = {name for name in (*folders, *here, sys.prefix) if name != Path(name).anchor}
    private = re.compile("|".join([_ADDRESS, *(re.escape(name) + _END for name in sorted(own))]))
    found = [match[0] for text in _texts(outputs) for match in private.finditer(text)]
    if found:
        raise BookError(
            f"{where}: the same output in every build",
            f"{found[0]}, an absolute path or an address in memory",
            "print something else; give the value a __repr__",
        )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _plain(output: dict[str, Any]) -> dict[str, Any]:
    """Return what the notebook format has of an output, without the kernel's own notes."""
    kept = {name: value for name, value in output.items() if name != "transient"}
    return kept | {"execution_count": None} if "execution_count" in kept else kept
