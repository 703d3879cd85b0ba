"""A network from its text: what is wrong with it, its table, its figures, its files."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from cnnexplain import figures
from cnnexplain.diagnosis import words
from cnnexplain.diagnosis.attempt import attempted
from cnnexplain.errors import ArgumentError, CnnExplainError, SourceError
from cnnexplain.explanation import explained, unmade
from cnnexplain.languages import number, shape, text
from cnnexplain.playground.parts import Answer, File, Part, Refusal, paragraph, typed
from cnnexplain.playground.state import sizes
from cnnexplain.source import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.explanation import Explanation
    from cnnexplain.figures import Figure
    from cnnexplain.graph import Network
    from cnnexplain.operations import Shape
    from cnnexplain.report import Trace

LONGEST = 100_000
MOST_LAYERS = 400
# Along an axis of a picture, a layer's sizes are walked through.
MOST_CELLS = 1_000_000
_ERRORS = "playground.error"
_DEEPEST = 100


def answer(state: Mapping[str, str]) -> Answer:
    """Return what is told of a network, in the current language.

    Args:
        state: The completed state.

    Raises:
        Refusal: If the text is no network, or the input size none.
    """
    size = sizes(state["input"])
    done = {"tool": "network", "text": state["text"], "input": "x".join(map(str, size))}
    found = _explained(state["text"], size)
    explanation = Part("explanation", text("playground.part.explanation"), found.to_html())
    if found.problems or found.trace is None:
        file = File("explanation.json", "JSON", "application/json", found.to_json())
        summary = text("explain.title", title=words.title(found.problems[0]))
        return Answer(done, (explanation,), (file,), summary)
    trace = found.trace
    drawn = {"volumes": figures.volumes, "receptive-field": figures.receptive_field}
    made = {name: _drawn(draw, trace) for name, draw in drawn.items()}
    parts = [explanation, Part("table", text("playground.part.table"), trace.to_html())]
    files = [
        File("network.md", "Markdown", "text/markdown", trace.to_markdown()),
        File("network.csv", "CSV", "text/csv", trace.to_csv()),
        File("network.tex", "LaTeX", "application/x-tex", trace.to_latex()),
        File("network.json", "JSON", "application/json", trace.to_json()),
    ]
    for name, figure in made.items():
        heading = text(f"playground.part.{name}")
        if figure is None:
            parts.append(Part(name, heading, paragraph(text(f"playground.undrawn.{name}"))))
            continue
        parts.append(Part(name, heading, figure.inline(f"cx-play-{name}")))
        label = text("playground.file", figure=heading, format="SVG")
        files.append(File(f"{name}.svg", label, "image/svg+xml", figure.file().decode()))
    return Answer(done, tuple(parts), tuple(files), _summary(trace, len(found.notes)))


def _summary(trace: Trace, notes: int) -> str:
    return text(
        "playground.summary",
        layers=number(len(trace.rows)),
        input=shape(trace.input_size),
        output=shape(trace.rows[-1].output_shape[1:]),
        parameters=number(trace.parameters),
        macs=number(trace.macs),
        notes=number(notes),
    )


def _drawn(draw: Callable[[Trace], Figure], trace: Trace) -> Figure | None:
    """Return a figure, or None where one cannot be drawn."""
    try:
        return draw(trace)
    except ArgumentError:
        return None


def _explained(source: str, size: Shape) -> Explanation:
    try:
        network = _network(source)
    except ArgumentError as error:
        if "kind" in error.facts:
            return unmade(error, source)
        raise _refused("arguments", error) from None
    except SourceError as error:
        raise _refused(str(error.facts.get("kind", "unreadable")), error) from None
    return explained(partial(attempted, network), [(1, *size)])


def _network(source: str) -> Network:
    if not source.strip():
        raise Refusal("blank")
    if len(source) > LONGEST:
        raise Refusal("long", most=number(LONGEST), came=number(len(source)))
    network = read(source)
    if len(network.nodes) > MOST_LAYERS:
        raise Refusal("layers", most=number(MOST_LAYERS), came=number(len(network.nodes)))
    return network


def _refused(kind: str, error: CnnExplainError) -> Refusal:
    """Return what is wrong with a text, in the current language; what it holds in its own."""
    facts = error.facts
    return Refusal(
        f"source.{kind}",
        line=number(int(facts.get("line", 1))),
        what=typed(str(facts.get("what", ""))),
        name=typed(str(facts.get("name", ""))),
        operation=typed(str(facts.get("operation", ""))),
        expected=typed(error.expected),
        received=typed(re.sub(r", at layer .*", "", error.received)),
    )
