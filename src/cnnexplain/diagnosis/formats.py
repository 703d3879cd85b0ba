"""An explanation as text, HTML and JSON."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from cnnexplain.diagnosis import words
from cnnexplain.diagnosis.remarks import said as note_said
from cnnexplain.formats.characters import visible, wrapped
from cnnexplain.formats.text import to_text as table_text
from cnnexplain.formats.web import escaped
from cnnexplain.formats.web import to_html as table_html
from cnnexplain.formula import bracketed
from cnnexplain.languages import text
from cnnexplain.table import Column, Table, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnnexplain.diagnosis.findings import Cure, Problem
    from cnnexplain.diagnosis.fitting import Sizes
    from cnnexplain.explanation import Explanation
    from cnnexplain.report import Trace

_COLUMNS = (Column.NAME, Column.OPERATION, Column.OUTPUT_SHAPE, Column.FORMULA)
_INDENT = "  "
_CODE = "     "
_LONE = re.compile("[\ud800-\udfff]")


def to_text(explanation: Explanation, limit: int | None) -> str:
    """Return an explanation as text in the current language.

    Args:
        explanation: The explanation.
        limit: How many columns of a terminal a line may take, but for code.
    """
    return "\n".join(_lines(explanation, limit))


def _lines(explanation: Explanation, limit: int | None) -> Iterator[str]:
    if explanation.trace is not None:
        yield from _folded(_caption(explanation, explanation.trace), limit)
    for problem in explanation.problems:
        if explanation.trace is not None:
            yield ""
        yield from _problem(explanation, problem, limit)
    if not explanation.problems:
        yield from _folded(text("explain.sound"), limit)
    if explanation.notes:
        yield ""
        yield text("explain.notes")
        for note in explanation.notes:
            yield from _folded(note_said(note), limit, "- ", _INDENT)


def _problem(explanation: Explanation, problem: Problem, limit: int | None) -> Iterator[str]:
    yield from _folded(text("explain.title", title=words.title(problem)), limit)
    for reason in words.reasons(problem):
        yield from _folded(reason, limit, _INDENT, _INDENT)
    for branch in problem.branches:
        yield from _folded(words.branch(branch), limit, "  - ", "    ")
    if _tells(problem):
        layer = text(
            "explain.layer",
            name=words.capital(words.called(problem.name))
            if problem.name[:1].isdigit()
            else problem.name,
            operation=problem.operation,
        )
        yield from _folded(layer, limit, _INDENT, _INDENT)
    if problem.place is not None:
        called = text("explain.place.called", place=words.place(problem.place))
        yield from _folded(called, limit, _INDENT, _INDENT)
    if explanation.chain:
        yield ""
        room = None if limit is None else max(limit - len(_INDENT), 1)
        yield from (
            f"{_INDENT}{line}" for line in table_text(_table(explanation), room).splitlines()
        )
    fits = words.fits(problem)
    if fits is not None:
        yield ""
        yield from _folded(fits, limit)
    if problem.cures:
        yield ""
        yield text("explain.cures")
        for index, cure in enumerate(problem.cures, 1):
            yield from _folded(words.cure(cure), limit, f"{index:2}. ", "    ")
            yield from (f"{_CODE}{line}" for line in _code(cure).splitlines())


def _caption(explanation: Explanation, trace: Trace) -> str:
    """Return what was tried; where the batch's axis is missing, none is left out."""
    if any(problem.kind == "unbatched" for problem in explanation.problems):
        sizes = tuple((trace.batch_size, *size) for size in trace.input_sizes)
        return replace(trace, input_sizes=sizes).caption
    return trace.caption


def _tells(problem: Problem) -> bool:
    """Return whether the layer's name and what it does tell more than the title."""
    called = problem.name.rpartition(".")[2].partition(":")[0]
    return bool(problem.name) and problem.operation.partition("(")[0] not in {"", called}


def _folded(sentence: str, limit: int | None, first: str = "", rest: str = "") -> list[str]:
    """Return a sentence as indented lines that are narrow enough."""
    seen = visible(sentence)
    lines = [seen] if limit is None else wrapped(seen, max(limit - len(rest or first), 10))
    return [f"{rest if index else first}{line}" for index, line in enumerate(lines)]


def _code(cure: Cure) -> str:
    return "\n".join(map(visible, cure.code.splitlines()))


def _table(explanation: Explanation) -> Table:
    """Return the rows on the way to the problem as a table without totals."""
    cells = tuple(tuple(said(row, column) for column in _COLUMNS) for row in explanation.chain)
    headers = tuple(text(f"table.{column}") for column in _COLUMNS)
    return Table(text("explain.chain"), _COLUMNS, headers, cells, ())


def to_html(explanation: Explanation) -> str:
    """Return an explanation as HTML in the current language.

    Args:
        explanation: The explanation.
    """
    trace = explanation.trace
    caption = text("explain.caption") if trace is None else _caption(explanation, trace)
    parts = [f'<section class="cx-explanation" aria-label="{escaped(caption)}">']
    if trace is not None:
        parts.append(f'<p class="cx-caption">{escaped(caption)}</p>')
    for problem in explanation.problems:
        parts += _problem_html(explanation, problem)
    if not explanation.problems:
        parts.append(f"<p>{escaped(text('explain.sound'))}</p>")
    if explanation.notes:
        parts.append(f"<p><strong>{escaped(text('explain.notes'))}</strong></p>")
        items = "".join(f"<li>{escaped(note_said(note))}</li>" for note in explanation.notes)
        parts.append(f"<ul>{items}</ul>")
    return "\n".join([*parts, "</section>"])


def _problem_html(explanation: Explanation, problem: Problem) -> Iterator[str]:
    yield f'<p class="cx-problem">{escaped(text("explain.title", title=words.title(problem)))}</p>'
    reasons = words.reasons(problem)
    if reasons:
        # What others say is none of our formulas.
        ours = problem.kind not in {"forward", "other"}
        said = [escaped(bracketed(reason) if ours else reason) for reason in reasons]
        yield f"<p>{'<br>'.join(said)}</p>"
    if problem.branches:
        items = "".join(f"<li>{escaped(words.branch(each))}</li>" for each in problem.branches)
        yield f"<ul>{items}</ul>"
    if _tells(problem):
        layer = text(
            "explain.layer",
            name=words.capital(words.called(problem.name))
            if problem.name[:1].isdigit()
            else problem.name,
            operation=problem.operation,
        )
        yield f"<p>{escaped(layer)}</p>"
    if problem.place is not None:
        called = text("explain.place.called", place=words.place(problem.place))
        yield f"<p>{escaped(called)}</p>"
    if explanation.chain:
        yield table_html(_table(explanation))
    fits = words.fits(problem)
    if fits is not None:
        yield f"<p>{escaped(fits)}</p>"
    if problem.cures:
        yield f"<p><strong>{escaped(text('explain.cures'))}</strong></p>"
        yield "<ol>"
        for cure in problem.cures:
            code = "\n".join(map(escaped, cure.code.splitlines()))
            yield f"<li>{escaped(words.cure(cure))}<pre><code>{code}</code></pre></li>"
        yield "</ol>"


def _sizes(sizes: Sizes) -> dict[str, Any]:
    return {
        "runs": [[run.start, run.stop - 1] for run in sizes.runs],
        "every": sizes.every,
        "open": sizes.open,
    }


def to_json(explanation: Explanation) -> str:
    """Return an explanation as JSON; `explanation.schema.json` describes it.

    Args:
        explanation: The explanation.
    """
    trace = explanation.trace
    about: dict[str, Any] = {
        "network": None if trace is None else trace.network.name,
        "input_sizes": None if trace is None else trace.input_sizes,
        "batch_size": None if trace is None else trace.batch_size,
        "problems": [
            {
                "kind": problem.kind,
                "name": problem.name,
                "operation": problem.operation,
                "place": None if problem.place is None else asdict(problem.place),
                "title": words.title(problem),
                "reasons": words.reasons(problem),
                "facts": dict(problem.facts),
                "branches": [asdict(each) for each in problem.branches],
                "fits": [_sizes(each) for each in problem.fits],
                "cures": [
                    {
                        "kind": cure.kind,
                        "says": words.cure(cure),
                        "code": cure.code,
                        "place": None if cure.place is None else asdict(cure.place),
                        "replaces": cure.replaces,
                        "after": cure.after,
                        "facts": dict(cure.facts),
                    }
                    for cure in problem.cures
                ],
            }
            for problem in explanation.problems
        ],
        "notes": [
            {
                "kind": note.kind,
                "names": note.names,
                "says": note_said(note),
                "facts": dict(note.facts),
            }
            for note in explanation.notes
        ],
        "chain": [
            {
                "name": row.name,
                "operation": str(row.operation),
                "input_shape": row.input_shape,
                "output_shape": row.output_shape,
            }
            for row in explanation.chain
        ],
    }
    told = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    # No file can hold a lone surrogate of a name, but JSON can write it.
    return _LONE.sub(lambda each: f"\\u{ord(each[0]):04x}", told)
