"""A network from its text: what is wrong with it, its table, its figures, its files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain import figures
from cnnexplain.diagnosis import words
from cnnexplain.diagnosis.attempt import attempted
from cnnexplain.errors import ArgumentError, CnnExplainError, SourceError
from cnnexplain.explanation import explained, unmade
from cnnexplain.languages import number, shape, text
from cnnexplain.playground.depth import is_deeper
from cnnexplain.playground.parts import Answer, File, Part, Refusal, paragraph, typed
from cnnexplain.playground.state import sizes
from cnnexplain.source import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.explanation import Explanation
    from cnnexplain.figures import Figure
    from cnnexplain.graph import Network
    from cnnexplain.operations import Operation, Shape
    from cnnexplain.report import Trace

LONGEST, MOST_LEVELS = 100_000, 500
MOST_LAYERS = 400
# Along each axis of a map, and along the only one: larger ones are drawn by no figure, and some
# layers walk through their cells.
MOST_CELLS, MOST_IN_ROW = 4096, 2**18
_SIZES = (
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "output_padding",
    "output_size",
    "size",
    "upscale_factor",
    "downscale_factor",
)
_ROW = 3  # the axes of a layer of rows
_PAIR = 'OrderedDict([("conv1", nn.Conv2d(3, 16, 3))])'
_EXAMPLE = "nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU())"
# As much as a sentence can hold of what is wrong with arguments.
_MOST_TOLD = 200


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
        raise _refused("arguments", error, source) from None
    except SourceError as error:
        raise _refused(str(error.facts.get("kind", "unreadable")), error, source) from None
    _check_sizes(network, size)
    return explained(partial(attempted, network), [(1, *size)])


def _check_sizes(network: Network, size: Shape) -> None:
    """Refuse what takes long, which no picture needs.

    Raises:
        Refusal: If a layer's window, or what it makes, is too large.
    """
    for node in network.nodes:
        _check(node.name, _asked(node.operation))
    tried = attempted(network, [(1, *size)])
    names = ["", *(node.name for node in tried.network.nodes)]
    for name, made in zip(names, tried.values, strict=True):
        _check(name, made[2:], MOST_IN_ROW if len(made) == _ROW else MOST_CELLS)


def _asked(operation: Operation) -> Shape:
    """Return the sizes in a layer's arguments."""
    values = [getattr(operation, name, None) for name in _SIZES]
    each = [value if isinstance(value, tuple) else (value,) for value in values]
    return tuple(part for parts in each for part in parts if isinstance(part, int))


def _check(name: str, found: Shape, most: int = MOST_CELLS) -> None:
    largest = max(map(abs, found), default=0)
    if largest > most:
        called = typed(words.called(name)) if name else text("playground.error.input")
        raise Refusal("large", most=number(most), name=called, came=number(largest))


def _network(source: str) -> Network:
    if not source.strip():
        raise Refusal("blank")
    if len(source) > LONGEST:
        raise Refusal("long", most=number(LONGEST), came=number(len(source)))
    if is_deeper(source, MOST_LEVELS):
        raise Refusal("source.deep")
    network = read(source)
    if len(network.nodes) > MOST_LAYERS:
        raise Refusal("layers", most=number(MOST_LAYERS), came=number(len(network.nodes)))
    return network


def _refused(kind: str, error: CnnExplainError, source: str) -> Refusal:
    """Return what is wrong with a text, in the current language; what it holds in its own."""
    facts = error.facts
    # Lines are counted from the first one that is not empty.
    above = source[: len(source) - len(source.lstrip())].count("\n")
    return Refusal(
        f"source.{kind}",
        line=number(above + int(facts.get("line", 1))),
        what=typed(str(facts.get("what", ""))),
        name=typed(str(facts.get("name", ""))),
        operation=typed(str(facts.get("operation", ""))),
        expected=typed(error.expected, _MOST_TOLD),
        received=typed(error.received.partition(", at layer ")[0], _MOST_TOLD),
        example=_EXAMPLE,
        stars="**",
        pair=_PAIR,
    )
