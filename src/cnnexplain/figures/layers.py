"""The layers of a traced network as figures tell them: their kind, their names, their formulas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.figures.svg import text_width
from cnnexplain.formula import bracketed
from cnnexplain.languages import number
from cnnexplain.operations import Linear
from cnnexplain.operations.spatial import Spatial
from cnnexplain.report import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.formula import Formula
    from cnnexplain.graph import Row
    from cnnexplain.operations import Operation

Kind: TypeAlias = Literal["convolution", "pooling", "dense", "other"]
KINDS: tuple[Kind, ...] = ("convolution", "pooling", "dense", "other")
# A formula in pieces: a text, and its role "input", "output" or "".
Pieces: TypeAlias = "list[tuple[str, str]]"

# The input's size and the output's, which have their colours, and what stands around them.
_WINDOW = re.compile(r"(\W+)(\d+)(.* = )(\d+)")
_COUNT = re.compile(r"(.* = )(\d+)")


def traced(trace: object, call: str) -> Trace:
    """Return a trace that a user gave, or say how to get one.

    Args:
        trace: What the user gave.
        call: The function that was called.

    Raises:
        ArgumentError: If it is no trace.
    """
    if isinstance(trace, Trace):
        return trace
    raise ArgumentError(
        "a trace",
        f"trace={shown(trace)}",
        f"write for example cx.figures.{call}(cx.trace(cx.networks.alexnet()))",
    )


def kind(operation: Operation) -> Kind:
    """Return what a layer is to a figure.

    Args:
        operation: What it does.

    Example:
        >>> kind(Linear(9216, 4096))
        'dense'
    """
    if isinstance(operation, Linear):
        return "dense"
    if isinstance(operation, Spatial):
        return "convolution" if hasattr(operation, "out_channels") else "pooling"
    return "other"


def groups(operation: Operation) -> int:
    """Return how many groups of channels a layer keeps apart.

    Args:
        operation: What it does.
    """
    return int(getattr(operation, "groups", 1)) if kind(operation) == "convolution" else 1


def size_formula(row: Row) -> Pieces:
    """Return how an output's size comes about, in pieces; nothing where no formula tells it.

    Args:
        row: The layer.

    Example:
        >>> from cnnexplain import networks, trace
        >>> size_formula(trace(networks.alexnet())["pool5"])
        [('⌊(', ''), ('13', 'input'), (' + 2·0 − 3)/2⌋ + 1 = ', ''), ('6', 'output')]
    """
    if row.formula is None:
        return []
    numbers = bracketed(str(row.formula))
    if match := _WINDOW.fullmatch(numbers):
        opening, size, rule, result = match.groups()
        return [(opening, ""), (size, "input"), (rule, ""), (result, "output")]
    if match := _COUNT.fullmatch(numbers):
        rule, result = match.groups()
        return [(rule, ""), (result, "output")]
    return [(numbers, "")]


def parameter_formula(row: Row) -> str:
    """Return how a layer's number of parameters comes about, or the number where none tells it.

    Args:
        row: The layer.

    Example:
        >>> from cnnexplain import networks, trace
        >>> parameter_formula(trace(networks.alexnet())["fc6"])
        '9216·4096 + 4096 = 37,752,832'
    """
    formula = row.operation.parameter_formula
    # A layer that shares its weights with one before it has none that are counted here.
    if formula is None or row.operation.parameters != row.parameters:
        return number(row.parameters)
    return counted(formula)


def counted(formula: Formula) -> str:
    """Return a formula whose result is a count, with the count as the current language has it.

    Args:
        formula: The formula.
    """
    rule, _, result = str(formula).rpartition(" = ")
    return f"{rule} = {number(int(result))}"


def taken(names: Sequence[str]) -> str:
    """Return the names of layers that are taken together as one name.

    Args:
        names: The names, in order.

    Example:
        >>> taken(["conv4_1", "conv4_2", "conv4_3"]), taken(["layer1.0", "layer1.1"])
        ('conv4_1–3', 'layer1.0–1')
        >>> taken(["conv1", "features.3"]), taken(["fc6"])
        ('conv1 … features.3', 'fc6')
    """
    first, last = names[0], names[-1]
    if first == last:
        return first
    head, tail = (re.fullmatch(r"(.*?)(\d+)", name) for name in (first, last))
    if head and tail and head[1] == tail[1]:
        return f"{first}–{tail[2]}"
    return f"{first} … {last}"


def short(name: str, size: float, width: float) -> str:
    """Return a name's end, if the whole name is too long.

    Args:
        name: The name.
        size: The font's size.
        width: The room for it.

    Example:
        >>> short("layer2.0.downsample.1", 10, 60), short("conv1", 10, 60)
        ('…nsample.1', 'conv1')
    """
    shortened = name
    while len(shortened) > 2 and text_width(shortened, size) > width:  # noqa: PLR2004
        shortened = f"…{shortened.lstrip('…')[1:]}"
    return shortened


def covered(trace: Trace) -> list[range]:
    """Return the nodes that each row stands for: several where rows are taken together.

    Args:
        trace: The trace.
    """
    starts = [0, *(row.node + 1 for row in trace.rows)]
    return [range(start, row.node + 1) for start, row in zip(starts, trace.rows, strict=False)]
