"""The layers that have a network's parameters, and what a figure says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.figures.layers import KINDS, covered, kind, parameter_formula
from cnnexplain.figures.scales import percent
from cnnexplain.languages import number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.layers import Kind
    from cnnexplain.report import Trace

_MOST, _FEWEST = 20, 4  # layers in a figure


@dataclass(frozen=True, slots=True)
class Part:
    """A layer with parameters, or several that are taken together.

    Attributes:
        name: What it is called; empty for the smallest ones together.
        count: The number of its parameters.
        kind: What most of them belong to.
        written: What it does; empty where it is more than one layer.
        formula: How the number comes about, in the current language.
        layers: How many layers it is.
    """

    name: str
    count: int
    kind: Kind
    written: str
    formula: str
    layers: int = 1


def parts(trace: Trace) -> tuple[list[Part], int | None]:
    """Return the layers that have parameters, in order, and the depth of modules, if not all.

    Where there are too many, modules are taken together, or else the smallest layers.

    Args:
        trace: The network.
    """
    found, chosen = _rows(trace), None
    deepest = max(row.name.count(".") for row in trace.rows)
    for depth in range(deepest, 0, -1):
        if len(found) <= _MOST:
            break
        fewer = _rows(trace.collapsed(depth))
        if len(fewer) < _FEWEST:
            break  # a network in two or three modules would tell nothing
        found, chosen = fewer, depth
    if len(found) > _MOST:
        order = sorted(range(len(found)), key=lambda at: -found[at].count)
        rest = [found[at] for at in order[_MOST - 1 :]]
        found = [found[at] for at in sorted(order[: _MOST - 1])]
        count = sum(part.count for part in rest)
        found.append(Part("", count, _most(rest), "", number(count), len(rest)))
    return found, chosen


def _rows(trace: Trace) -> list[Part]:
    nodes = trace.network.nodes
    found = []
    for row, inside in zip(trace.rows, covered(trace), strict=True):
        if not row.parameters:
            continue
        alone = len(inside) == 1
        whole = [
            Part(nodes[at].name, nodes[at].parameters, kind(nodes[at].operation), "", "")
            for at in inside
            if nodes[at].parameters
        ]
        what = type(row.operation).__name__ if alone else ""
        found.append(
            Part(row.name, row.parameters, _most(whole), what, parameter_formula(row), len(whole))
        )
    return found


def _most(several: Sequence[Part]) -> Kind:
    """Return the kind that has most of the parameters."""
    found = totals(several)
    return max(found, key=lambda each: found[each])


def totals(several: Sequence[Part]) -> dict[Kind, int]:
    """Return the number of parameters of each kind that has some.

    Args:
        several: The parts.
    """
    found = {each: sum(part.count for part in several if part.kind == each) for each in KINDS}
    return {each: count for each, count in found.items() if count}


def share(part: float) -> str:
    """Return a share of the whole in words: one decimal, and below a percent one digit.

    Args:
        part: The share, 1 for the whole.

    Example:
        >>> share(0.6193), share(0.000573)
        ('61.9%', '0.06%')
    """
    if part < 0.01:  # noqa: PLR2004
        return percent(float(f"{part:.0e}"))
    return text("figure.percent", value=number(100 * part, 1))


def _text(key: str, **values: object) -> str:
    return text(f"figure.parameters.{key}", **values)


def name(part: Part) -> str:
    """Return what a part is called.

    Args:
        part: The part.
    """
    return part.name or _text("rest", count=number(part.layers))


def counted(part: Part) -> str:
    """Return the number of a part's parameters.

    Args:
        part: The part.
    """
    return number(part.count)


def part_share(part: Part, total: int) -> str:
    """Return a part's share of all parameters.

    Args:
        part: The part.
        total: The number of all.
    """
    return share(part.count / total)


def heading(trace: Trace) -> str:
    """Return what stands above the figure.

    Args:
        trace: The network.
    """
    return _text("heading", name=trace.network.name or text("table.network"))


def title(trace: Trace, largest: Part) -> str:
    """Return the figure's title.

    Args:
        trace: The network.
        largest: The part that has most of the parameters.
    """
    return _text(
        "title",
        name=trace.network.name or text("table.network"),
        count=number(trace.parameters),
        share=share(largest.count / trace.parameters),
        layer=name(largest),
    )


def phrases(total: int, depth: int | None) -> list[str]:
    """Return what is to be known about the whole, one phrase each.

    Args:
        total: The number of all parameters.
        depth: The depth down to which modules have areas of their own, if not all have.
    """
    found = [_text("area", count=number(total))]
    if depth is not None:
        found.append(_text("depth", depth=depth))
    return found


def kind_told(kind_: Kind, count: int, total: int) -> str:
    """Return how many parameters a kind of layers has.

    Args:
        kind_: The kind.
        count: The number of their parameters.
        total: The number of all.
    """
    return _text(f"kind.{kind_}", count=number(count), share=share(count / total))


def facts(shown: Sequence[Part], total: int, step: int) -> tuple[str, str]:
    """Return what a step shows, and its share.

    Args:
        shown: The parts.
        total: The number of all parameters.
        step: The step, from 0; behind the parts comes the whole.
    """
    if step == len(shown):
        counts = [kind_told(each, count, total) for each, count in totals(shown).items()]
        return _text("all", count=number(total)), text("figure.semicolon").join(counts)
    part = shown[step]
    key = "layer" if part.written else "several" if part.layers > 1 else "one"
    head = _text(key, formula=part.formula, name=name(part), operation=part.written)
    return head, _text("share", share=part_share(part, total), total=number(total))


def told(shown: Sequence[Part], total: int, step: int) -> str:
    """Return what a step shows, in one sentence.

    Args:
        shown: The parts.
        total: The number of all parameters.
        step: The step, from 0; behind the parts comes the whole.
    """
    head, share = facts(shown, total, step)
    return _text("both", told=head, share=share)


def description(trace: Trace, shown: Sequence[Part], depth: int | None) -> str:
    """Return the figure in words, for readers who do not see it.

    Args:
        trace: The network.
        shown: The parts.
        depth: The depth of modules, if not all have areas of their own.
    """
    total = trace.parameters
    listed = [
        _text("listed", name=name(part), count=number(part.count), share=share(part.count / total))
        for part in shown
    ]
    kinds = [kind_told(each, count, total) for each, count in totals(shown).items()]
    sentences = [
        _text("says.areas", parts=text("figure.semicolon").join(listed)),
        _text("says.kinds", kinds=text("figure.semicolon").join(kinds), count=number(total)),
    ]
    if depth is not None:
        sentences.append(_text("says.depth", depth=depth))
    return text("figure.space").join(sentences)
