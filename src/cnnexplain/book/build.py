"""The whole build step: reads the sources under `docs/`, writes the products under `build/`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cnnexplain
from cnnexplain.book import cache, files, forms, labs, pages, takeaway
from cnnexplain.book.labs import Lab, Outputs
from cnnexplain.errors import BookError
from cnnexplain.languages import LANGUAGES, catalogue, placeholders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnnexplain.figures import Figure

Forms = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Book:
    """What a book is made of besides its files.

    Attributes:
        values: The computed values that prose refers to.
        figures: What makes each figure.
        galleries: The names of the figures that are shown together.
        tables: What makes each table's trace.
        explanations: What makes each explanation, and what torch says.
        prepare: Makes Markdown of prose: fills in values, sets a language's typography.
        execute: Runs labs.
        export: Writes the files of the figures of each language into the folder of what is built;
            the second folder is for what it keeps.
        played: What the playground shows of networks, by the tables and explanations of them.
        ledger: Returns what the page of claims includes, given the folder that holds `docs/`, a
            language, and the values' forms in it.
        playground: Writes what the playground loads below the folder that holds `docs/`, and
            returns the playground in each language.
        reference: Returns what the reference's pages include in a language, by name.
        package: The folder of the package, whose sources decide whether a lab runs again.
        outputs: What makes what programs and commands print.
    """

    values: Mapping[str, forms.Value]
    figures: Mapping[str, pages.Declared]
    galleries: Mapping[str, Iterable[str]]
    tables: Mapping[str, Callable[[], pages.Table]]
    explanations: Mapping[str, pages.Program]
    prepare: Callable[[str, str, Mapping[str, Mapping[str, str]], str], str]
    execute: Callable[[Sequence[Lab], Callable[[Lab, Outputs, float], None]], None]
    export: Callable[[Path, Path, Mapping[str, Mapping[str, Figure]], Callable[[str], None]], None]
    played: Mapping[str, Mapping[str, str]]
    ledger: Callable[[Path, str, Mapping[str, Mapping[str, str]]], Mapping[str, str]]
    playground: Callable[[Path], Mapping[str, str]]
    reference: Callable[[Path, str], Mapping[str, str]] = lambda _, __: {}
    package: Path = Path(cnnexplain.__file__).parent
    outputs: Mapping[str, Callable[[], pages.Table]] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """How much a build made.

    Attributes:
        executed: Labs that ran, each language counted.
        cached: Labs whose outputs were known.
        figures: Figures, each language counted.
        tables: Tables, each language counted.
        explanations: Explanations, each language counted.
    """

    executed: int
    cached: int
    figures: int
    tables: int
    explanations: int

    def __str__(self) -> str:
        return (
            f"book: {self.executed} labs executed, {self.cached} from cache, "
            f"{self.figures} figures, {self.tables} tables, {self.explanations} explanations"
        )


def make(root: Path, book: Book, say: Callable[[str], None]) -> Summary:
    """Make everything that is stale.

    Args:
        root: The folder that holds `docs/`.
        book: What the book is made of.
        say: Called with one line for each lab that ran.

    Raises:
        BookError: If something is wrong with a source, which is seen before anything runs; or if a
            file cannot be written.
    """
    check_root(root)
    for folder in ("build", ".cache"):
        files.sweep(root / folder)
    check_labels({language: catalogue(language) for language in LANGUAGES})
    written = {language: forms.written(book.values, language) for language in LANGUAGES}
    lessons = [
        lesson for language in LANGUAGES for lesson in read_labs(root, language, written, book)
    ]
    drawn = {language: pages.draw_figures(book.figures, language) for language in LANGUAGES}
    messages = pages.write_messages(book.explanations)
    ledgers = {language: book.ledger(root, language, written[language]) for language in LANGUAGES}
    playgrounds = book.playground(root)
    for language in LANGUAGES:
        build = root / "build" / language
        html = {
            name: f"{each.inline(name)}\n{takeaway.under(each, name, book.figures[name].python)}\n"
            for name, each in drawn[language].items()
        }
        python = {name: each.python for name, each in book.figures.items()}
        for name, names in book.galleries.items():
            shown = {each: drawn[language][each] for each in names}
            html[f"gallery-{name}"] = takeaway.gallery(shown, python) + "\n"
        files.sync(build / "figures", ".html", html)
        made = {
            "tables": pages.write_tables(book.tables, language),
            "outputs": pages.write_tables(book.outputs, language),
            "explanations": pages.write_explanations(book.explanations, language),
        }
        for kind, each in made.items():
            linked = pages.linked(kind, each, book.played, language)
            files.sync(build / kind, ".html", linked)
        files.sync(build / "messages", ".html", messages)
        files.sync(build / "claims", ".md", ledgers[language])
        files.sync(build / "reference", ".html", book.reference(root, language))
        text = json.dumps(written[language], ensure_ascii=False, indent=1, sort_keys=True)
        files.write(build / "values.json", text + "\n")
        files.write(build / "playground.html", playgrounds[language])

    book.export(root / "build", root / ".cache" / "figures", drawn, say)
    outputs, executed = _outputs(lessons, root / ".cache" / "labs", book, say)
    for language in LANGUAGES:
        notebooks = {
            lab.topic: labs.compose(lab, given)
            for lab, given in zip(lessons, outputs, strict=True)
            if lab.language == language
        }
        files.sync(root / "build" / language / "labs", ".ipynb", notebooks)
    return Summary(
        executed=executed,
        cached=len(lessons) - executed,
        figures=len(book.figures) * len(LANGUAGES),
        tables=len(book.tables) * len(LANGUAGES),
        explanations=len(book.explanations) * len(LANGUAGES),
    )


def check_root(root: Path) -> None:
    """See that a folder is the project's.

    Args:
        root: The folder.

    Raises:
        BookError: If it does not hold `docs/`.
    """
    if not (root / "docs").is_dir():
        raise BookError(
            f"the root of the project in {root}", "no folder docs", "run it there or give --root"
        )


def check_labels(catalogues: Mapping[str, Mapping[str, str]]) -> None:
    """See that every language has every label, with the same placeholders.

    Args:
        catalogues: The labels of each language.

    Raises:
        BookError: If a label is missing or differs, even if no page shows it yet.
    """
    keys = sorted({key for labels in catalogues.values() for key in labels})
    for language, labels in catalogues.items():
        for key in keys:
            if key not in labels:
                raise BookError(
                    f"a label {key!r} in src/cnnexplain/languages/{language}.toml",
                    "no such label",
                    "add it in every language",
                )
            wanted, found = (placeholders(each[key]) for each in (catalogues["en"], labels))
            if found != wanted:
                raise BookError(
                    f"the placeholders {sorted(wanted)} in the label {key!r} of "
                    f"src/cnnexplain/languages/{language}.toml",
                    f"{sorted(found)}",
                    "use the same in every language",
                )


def read_labs(root: Path, language: str, written: Mapping[str, Forms], book: Book) -> list[Lab]:
    """Read the labs of one language.

    Args:
        root: The folder that holds `docs/`.
        language: The language.
        written: The values' forms in each language.
        book: What the book is made of.

    Raises:
        BookError: If code and prose do not fit together.
    """
    topics = sorted(path.stem for path in (root / "docs" / "labs").glob("*.py"))
    folder = f"docs/{language}/labs"
    for path in sorted((root / folder).glob("*.md")):
        if path.stem not in topics:
            raise BookError(
                f"{folder}/{path.name}: a lab docs/labs/{path.stem}.py",
                "no such file",
                "write it, or remove the prose in every language",
            )
    lessons = []
    for topic in topics:
        code, prose = f"docs/labs/{topic}.py", f"{folder}/{topic}.md"
        cells = labs.read_cells(files.read(root / code, code), code)
        # The whole file at once, so that errors in it name the right lines.
        text = book.prepare(files.read(root / prose, prose), language, written[language], prose)
        parts = labs.split_prose(text, topic, [cell.name for cell in cells], prose)
        lessons.append(Lab(topic, language, labs.localised(cells, language, code), parts))
    return lessons


def _outputs(
    lessons: Sequence[Lab], folder: Path, book: Book, say: Callable[[str], None]
) -> tuple[list[Outputs], int]:
    package, installed = cache.sources(book.package), cache.versions()
    keys = [cache.key(lab, package, installed) for lab in lessons]
    known = {name: cache.load(folder, name) for name in keys}
    stale = [lab for lab, name in zip(lessons, keys, strict=True) if known[name] is None]

    def done(lab: Lab, outputs: Outputs, seconds: float) -> None:
        name = keys[lessons.index(lab)]
        cache.save(folder, name, outputs)
        known[name] = outputs
        say(f"{lab.code_file} {lab.language}: {seconds:.1f} s")

    if stale:
        book.execute(stale, done)
    return [given for name in keys if (given := known[name]) is not None], len(stale)
