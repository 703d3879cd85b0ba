"""`python -m cnnexplain.book [--root DIR]`: make what is stale in `build/`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cnnexplain
from cnnexplain.book import (
    browser,
    build,
    card,
    claims,
    contents,
    conversions,
    experiments,
    exports,
    files,
    lock,
    prose,
    reference,
    results,
)
from cnnexplain.errors import BookError, CnnExplainError
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnnexplain.book.labs import Lab, Outputs
    from cnnexplain.figures import Figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the build step.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The exit status: 0, 1 after one message on the standard error stream, 130 if interrupted.
    """
    parser = argparse.ArgumentParser(prog="python -m cnnexplain.book", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the folder that holds docs/")
    root: Path = parser.parse_args(arguments).root
    try:
        build.check_root(root)
        with lock.alone(root / ".cache" / "book.lock", _say):
            _make(root)
    except (CnnExplainError, OSError) as error:
        told = files.failed(error) if isinstance(error, OSError) else error
        sys.stderr.write(f"{told}\n")
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell expects of a program that was interrupted
    return 0


def _make(root: Path) -> None:
    experiments.prepare(_say)
    book = build.Book(
        values=results.values(),
        figures=contents.FIGURES,
        galleries=contents.GALLERIES,
        tables={**contents.TABLES, **conversions.tables()},
        explanations=contents.EXPLANATIONS,
        outputs=contents.OUTPUTS,
        prepare=prose.prepare,
        execute=execute,
        export=export,
        played=contents.PLAYED,
        ledger=claims.pages,
        playground=playgrounds,
        reference=reference.snippets,
    )
    _say(str(build.make(root, book, _say)))


def execute(labs: Sequence[Lab], done: Callable[[Lab, Outputs, float], None]) -> None:
    """Run labs, with a progress bar if somebody is looking.

    Args:
        labs: The labs.
        done: Called with each lab that ran.

    Raises:
        BookError: If a lab cannot run.
    """
    # Imported here, because most builds find every lab in the cache and these take a second.
    try:
        from rich.progress import Progress  # noqa: PLC0415

        from cnnexplain.book import kernels  # noqa: PLC0415
    except ImportError as error:
        raise BookError(
            "what runs the labs", str(error), 'pip install -c constraints.txt -e ".[docs]"'
        ) from None

    with Progress(transient=True, disable=not sys.stdout.isatty()) as progress:
        bar = progress.add_task("labs", total=len(labs))

        def advance(lab: Lab, outputs: Outputs, seconds: float) -> None:
            done(lab, outputs, seconds)
            progress.advance(bar)

        kernels.execute(labs, advance)


def export(
    build: Path,
    kept: Path,
    drawn: Mapping[str, Mapping[str, Figure]],
    say: Callable[[str], None],
) -> None:
    """Write the files of figures and the cards, with a progress bar if somebody is looking.

    Args:
        build: The folder of what is built.
        kept: The folder in which pixels are kept.
        drawn: The figures of each language by name.
        say: Called with one line if pixels were drawn.

    """
    from rich.progress import track  # noqa: PLC0415

    def watch(done: Iterable[exports.Picture], count: int) -> Iterable[exports.Picture]:
        silent = not sys.stdout.isatty()
        return track(done, "figures", count, transient=True, disable=silent) if count else done

    exports.write(build, kept, drawn, say, watch)
    card.write(build, drawn, card.read(build.parent))


def playgrounds(root: Path) -> dict[str, str]:
    """Write what the playground loads, and return it in each language.

    Args:
        root: The folder that holds `docs/`.
    """
    python = browser.write(root, Path(cnnexplain.__file__).parent)
    return {code: browser.page(code, python) for code in LANGUAGES}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
