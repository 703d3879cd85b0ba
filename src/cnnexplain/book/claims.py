"""The ledger: what the sources claim, what is true, and a check of each that runs at build.

`docs/checks/claims.py` holds the checks once, in named cells, as a reader sees and may run them;
`docs/LANGUAGE/claims.toml` holds the words. A cell leaves truth values under the names of `_TESTS`,
from which the verdict follows, and numbers under names of its own, which the words take up.
"""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnexplain.book import files, forms, labs
from cnnexplain.book.prose import prepare
from cnnexplain.errors import BookError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnnexplain.book.forms import Value

CHECKS = "docs/checks/claims.py"
_HEADING = re.compile(r"(?m)^#{1,6} (.*) \{#([\w-]+)\}$")
_VERDICT = '<p class="cx-verdict"><span class="cx-id">{id}</span> <strong>{verdict}</strong></p>'
VERDICTS = ("wrong", "imprecise", "holds-if", "holds", "opinion", "question")

# A verdict by what its check has to say: what is tested, in the order of the page, and the outcome.
_TESTS: Mapping[str, Mapping[str, bool]] = {
    "wrong": {"claim": False, "correction": True},
    "imprecise": {"example": True, "counterexample": False},
    "holds-if": {"condition": True, "without": False},
    "holds": {"claim": True, "perturbed": False},
    "opinion": {},
    "question": {"answer": True},
}


@dataclass(frozen=True)
class Record:
    """A claim of the ledger.

    Attributes:
        name: Its id on the page, such as `j9`; the letter tells the source.
        verdict: One of `VERDICTS`.
        chapter: The section that covers it, as a link.
    """

    name: str
    verdict: str
    chapter: str


# The chapter of each claim stands here, and nowhere else.
_DENSE, _FIELDS, _MATRIX, _SIZE, _SLIDING, _WINDOWS = (
    f"{name}.md#"
    for name in (
        "pooling-to-dense",
        "receptive-fields",
        "dense-and-convolution",
        "one-size",
        "sliding",
        "windows",
    )
)
RECORDS = (
    Record("j0", "imprecise", f"{_SIZE}short-answer"),
    Record("j1", "holds-if", f"{_SIZE}why"),
    Record("j2", "holds-if", f"{_SIZE}why"),
    Record("j3", "holds-if", f"{_SIZE}adaptive-pooling"),
    Record("j4", "holds", f"{_SLIDING}six-not-twelve"),
    Record("j5", "holds", f"{_WINDOWS}stride"),
    Record("j6", "imprecise", f"{_WINDOWS}strides-of-networks"),
    Record("j7", "holds-if", f"{_SIZE}why"),
    Record("j8", "holds", f"{_SIZE}why"),
    Record("j9", "wrong", f"{_SLIDING}six-not-twelve"),
    Record("j10", "holds-if", f"{_SLIDING}when-equal"),
    Record("j11", "holds-if", f"{_WINDOWS}ratio"),
    Record("j12", "wrong", f"{_FIELDS}window-and-field"),
    Record("j13", "holds", f"{_SLIDING}why-slide"),
    Record("j14", "holds", f"{_SLIDING}saving"),
    Record("j15", "wrong", f"{_WINDOWS}stride-of-32-pixels"),
    Record("j16", "question", f"{_SLIDING}why-slide"),
    Record("f0", "wrong", f"{_DENSE}conv5"),
    Record("f1", "wrong", f"{_DENSE}why-4096"),
    Record("f2", "wrong", f"{_DENSE}dense"),
    Record("f3", "imprecise", f"{_DENSE}dense"),
    Record("f4", "opinion", f"{_DENSE}why-4096"),
    Record("f5", "wrong", f"{_DENSE}flatten"),
    Record("f5b", "holds", f"{_DENSE}why-4096"),
    Record("f5c", "holds-if", f"{_DENSE}flatten"),
    Record("f6", "wrong", f"{_DENSE}coincidences"),
    Record("f7", "holds", f"{_DENSE}dense"),
    Record("f8", "wrong", f"{_DENSE}coincidences"),
    Record("f8b", "holds-if", f"{_WINDOWS}rounding"),
    Record("f8c", "opinion", f"{_WINDOWS}pooling"),
    Record("f9", "holds-if", f"{_DENSE}dense"),
    Record("f10", "holds-if", f"{_MATRIX}matrix"),
    Record("f11", "holds", f"{_WINDOWS}pooling"),
    Record("f11b", "wrong", f"{_DENSE}dense"),
    Record("f12", "imprecise", f"{_DENSE}why-4096"),
    Record("f13", "imprecise", f"{_DENSE}why-4096"),
    Record("f14", "opinion", f"{_DENSE}why-4096"),
    Record("t1", "wrong", f"{_WINDOWS}stride-of-32-pixels"),
    Record("t2", "wrong", f"{_SLIDING}finer-step"),
    Record("t3", "wrong", f"{_DENSE}which-alexnet"),
    Record("t4", "imprecise", f"{_WINDOWS}rounding"),
    Record("t5", "imprecise", f"{_DENSE}which-alexnet"),
    Record("t6", "wrong", f"{_FIELDS}place-of-a-cell"),
    Record("t7", "wrong", f"{_WINDOWS}rounding"),
    Record("t8", "imprecise", f"{_WINDOWS}stride-of-32-pixels"),
)


@dataclass(frozen=True)
class Outcome:
    """What a check gave.

    Attributes:
        code: Its lines.
        tests: What was tested, and whether it passes.
        printed: What it prints, with these at the end.
        values: The numbers that the words may take up.
    """

    code: str
    tests: Mapping[str, bool]
    printed: str
    values: Mapping[str, Value]


def verdict_of(tests: Mapping[str, bool], printed: str) -> str:
    """Return the verdict that follows from what a check gave.

    Args:
        tests: What was tested, and whether it passes.
        printed: What it prints: an opinion has an experiment instead of a test.

    Raises:
        BookError: If no verdict follows.

    Example:
        >>> verdict_of({"claim": False, "correction": True}, "")
        'wrong'
    """
    for verdict, wanted in _TESTS.items():
        if dict(tests) == dict(wanted) and (tests or printed.strip()):
            return verdict
    raise BookError(
        "a check from which a verdict follows",
        ", ".join(f"{name} = {value}" for name, value in tests.items()) or "no tests, no output",
        f"let it leave what one of {', '.join(VERDICTS)} asks for, in {CHECKS}",
    )


@cache
def outcomes(root: Path = Path()) -> Mapping[str, Outcome]:
    """Run all checks.

    Args:
        root: The folder that holds `docs/`.

    Returns:
        What each gave, by its claim; the lines that all begin with as `setup`.

    Raises:
        BookError: If a cell belongs to no claim, or a claim has none.
    """
    cells = labs.read_cells(files.read(root / CHECKS, CHECKS), CHECKS)
    found, wanted = [cell.name for cell in cells], [labs.SETUP, *(each.name for each in RECORDS)]
    if found != wanted:
        raise BookError(
            f"the cells {', '.join(wanted)} in {CHECKS}", ", ".join(found), "one for each claim"
        )
    setup, *checks = cells
    scope: dict[str, Any] = {"__name__": "claims"}
    exec(compile(setup.source, CHECKS, "exec"), scope)  # noqa: S102  # our own code
    given = {cell.name: run(cell.source, scope, cell.name) for cell in checks}
    return {labs.SETUP: Outcome(setup.source, {}, "", {}), **given}


def run(code: str, scope: Mapping[str, Any], name: str = "") -> Outcome:
    r"""Run one check.

    Args:
        code: Its lines.
        scope: What the lines that all begin with have left.
        name: The claim, for errors.

    Raises:
        BookError: If it raises.

    Example:
        >>> run("side = 6\nclaim, correction = side == 12, side == 6", {}).tests
        {'claim': False, 'correction': True}
    """
    import torch  # noqa: PLC0415  # it takes a second to import

    known, printed = dict(scope), io.StringIO()
    try:
        # So that neither the order of the checks nor what runs before them can change an output.
        with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(printed):
            torch.manual_seed(0)
            exec(compile(code, CHECKS, "exec"), known)  # noqa: S102  # our own code
    except Exception as error:
        raise BookError(
            f"{CHECKS}, {name}: a check that runs",
            f"{type(error).__name__}: {error}",
            "correct it",
        ) from error
    names = {each for wanted in _TESTS.values() for each in wanted}
    left = {each: value for each, value in known.items() if each not in scope}
    tests = {each: value for each, value in left.items() if each in names}
    lines = [printed.getvalue().rstrip(), *(f"{each} = {value}" for each, value in tests.items())]
    numbers = {each: value for each, value in known.items() if _is_value(value)}
    return Outcome(code, tests, "\n".join(filter(None, lines)), numbers)


def _is_value(value: object) -> bool:
    if isinstance(value, tuple):
        return all(type(each) is int for each in value)
    return type(value) is int or isinstance(value, Fraction)


def checked(root: Path = Path()) -> Mapping[str, Outcome]:
    """Run all checks, and see that each gives the verdict that its record states.

    Args:
        root: The folder that holds `docs/`.

    Raises:
        BookError: If one does not.
    """
    found = outcomes(root)
    for record in RECORDS:
        given = verdict_of(found[record.name].tests, found[record.name].printed)
        if given != record.verdict:
            raise BookError(
                f"{record.name}: a check that says {record.verdict}",
                f"one that says {given}",
                f"correct the record in cnnexplain.book.claims, or the check in {CHECKS}",
            )
    return found


def counts() -> dict[str, int]:
    """Return how many claims there are of each verdict, and of each source.

    Example:
        >>> counts()["claims_question"]
        1
    """
    verdicts = Counter(record.verdict for record in RECORDS)
    sources = Counter(record.name[0] for record in RECORDS)
    return {
        "claims_all": len(RECORDS),
        **{f"claims_{each.replace('-', '_')}": verdicts[each] for each in VERDICTS},
        **{f"claims_from_{each}": sources[each] for each in "jft"},
    }


def pages(root: Path, language: str, written: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return what the page includes, in one language.

    Args:
        root: The folder that holds `docs/`.
        language: The language.
        written: The forms of the pages' values, which headings of chapters may hold.

    Returns:
        Markdown by name: the claims of each source, the filter, and the lines of `setup`; nothing
        where there is no such page.

    Raises:
        BookError: If a check does not give its verdict, or the words do not fit the records.
    """
    if not (root / f"docs/{language}/claims.md").is_file():
        return {}
    found, said = checked(root), words(root, language)
    where = f"docs/{language}/claims.toml"
    made = {"filter": _filter(said["verdicts"], said["filter"])}
    for source in "jft":
        parts = []
        for record in (each for each in RECORDS if each.name[0] == source):
            given = found[record.name]
            text = markdown(record, said, given, _section(root, language, record.chapter, written))
            values = forms.written(given.values, language)
            parts.append(prepare(text, language, values, f"{where}, {record.name}"))
        made[source] = "\n".join(parts)
    made["setup"] = _fence(found[labs.SETUP].code, "python")
    return made


def words(root: Path, language: str) -> dict[str, dict[str, str]]:
    """Read the words of the ledger in one language.

    Args:
        root: The folder that holds `docs/`.
        language: The language.

    Raises:
        BookError: If a word is missing, or one too many.
    """
    where = f"docs/{language}/claims.toml"
    try:
        said: dict[str, dict[str, str]] = tomllib.loads(files.read(root / where, where))
    except tomllib.TOMLDecodeError as error:
        raise BookError(f"{where}: TOML", str(error), "correct it") from None
    wanted = {
        "verdicts": set(VERDICTS),
        "filter": {"legend", "all"},
        "tests": {f"{v}-{test}" for v, tests in _TESTS.items() for test in tests},
        "check": {"summary", "covered"},
        **{each.name: {"claim", "truth", *_TESTS[each.verdict]} for each in RECORDS},
    }
    found = {name: set(each) for name, each in said.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise BookError(
                f"{where}: the words {sorted(wanted.get(name, ()))} under {name}",
                f"{sorted(found.get(name, ()))}",
                "write the same in every language",
            )
    return said


def markdown(
    record: Record, said: Mapping[str, Mapping[str, str]], given: Outcome, section: str
) -> str:
    """Return a claim as Markdown whose numbers are still names.

    Args:
        record: The claim.
        said: The words.
        given: What its check gave.
        section: The heading of the section that covers it.
    """
    own, verdict = said[record.name], record.verdict
    tests = [
        f"- {_joined(f'**{label}**', own[test] if test != 'claim' else '')}"
        for test in _TESTS[verdict]
        for label in [said["tests"][f"{verdict}-{test}"]]
    ]
    lines = [
        f'<section class="cx-claim" data-verdict="{verdict}" markdown="1">',
        f"### {own['claim']} {{#{record.name}}}",
        _VERDICT.format(id=record.name.capitalize(), verdict=said["verdicts"][verdict]),
        own["truth"],
        "\n".join(tests),
        '<details class="cx-check" data-search-exclude="" markdown="1">',
        f"<summary>{said['check']['summary']}</summary>",
        _fence(given.code, "python").rstrip(),
        _fence(given.printed, "text").rstrip(),
        "</details>",
        _joined(said["check"]["covered"], f"[{section}]({record.chapter})"),
        "</section>",
    ]
    return "\n\n".join(line for line in lines if line) + "\n"


def _joined(label: str, text: str) -> str:
    """Return a text behind its label; full-width punctuation holds its space itself."""
    return f"{label}{'' if label.rstrip('*')[-1] in '：。' else ' '}{text}".rstrip()


def _fence(text: str, kind: str) -> str:
    return f"```{kind}\n{text}\n```\n"


def _section(
    root: Path, language: str, chapter: str, written: Mapping[str, Mapping[str, str]]
) -> str:
    """Return the heading of a section, with the chapter's before it."""
    page, _, anchor = chapter.partition("#")
    where = f"docs/{language}/{page}"
    found = headings(files.read(root / where, where))
    if anchor not in found:
        raise BookError(
            f"a section {anchor} in {where}",
            f"{', '.join(found)}",
            "correct the chapter in the records of cnnexplain.book.claims",
        )
    both = f"{next(iter(found.values()))} › {found[anchor]}"
    return prepare(both, language, written, where)


def headings(text: str) -> dict[str, str]:
    """Return the headings of a page by their ids.

    Args:
        text: The page.

    Example:
        >>> headings("# Size {#size}")
        {'size': 'Size'}
    """
    return {name: title for title, name in _HEADING.findall(text)}


def _filter(verdicts: Mapping[str, str], said: Mapping[str, str]) -> str:
    """Return the choice of a verdict: what is chosen is all that its rules of style need."""
    count = Counter(record.verdict for record in RECORDS)
    choices: Iterable[tuple[str, str, int]] = [
        ("all", said["all"], len(RECORDS)),
        *((each, verdicts[each], count[each]) for each in VERDICTS),
    ]
    buttons = [
        f'<label class="cx-verdict" data-verdict="{name}"><input type="radio" name="verdict" '
        f'value="{name}"{" checked" if name == "all" else ""}><strong>{label}</strong> '
        f'<span class="cx-count">{number}</span></label>'
        for name, label, number in choices
    ]
    legend = f"<legend>{said['legend']}</legend>"
    return "\n".join(['<fieldset class="cx-filter">', legend, *buttons, "</fieldset>"]) + "\n"
