"""What a figure of volumes says: its heading, what each step tells, its description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.figures.layers import groups, kind, parameter_formula, size_formula
from cnnexplain.figures.volume_ways import far
from cnnexplain.figures.wording import together
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.figures.layers import Pieces
    from cnnexplain.figures.volume_chain import Chain, Volume
    from cnnexplain.graph import Row
    from cnnexplain.report import Trace

# More parameters than those of so many layers are not added up in writing.
_MOST_ADDED = 3


def _text(key: str, **values: object) -> str:
    # A full-width bracket brings its own space.
    return text(f"figure.volumes.{key}", **values).replace("） ", "）")


def network(trace: Trace) -> str:
    """Return the network's name.

    Args:
        trace: The network.
    """
    return trace.network.name or text("table.network")


def title(trace: Trace, chain: Chain, key: str = "title") -> str:
    """Return the figure's title.

    Args:
        trace: The network.
        chain: Its volumes.
        key: The label of the title, or of the heading that stands in the figure.
    """
    sizes = [shape(volume.shape) for volume in chain.volumes]
    inputs = len(trace.input_sizes)
    return _text(
        key,
        name=network(trace),
        input=text("figure.comma").join(sizes[:inputs]),
        output=sizes[-1],
    )


def phrases(trace: Trace, chain: Chain) -> list[str]:
    """Return what is to be known about the whole, one phrase each.

    Args:
        trace: The network.
        chain: Its volumes.
    """
    found = [
        _text("parameters", count=number(trace.parameters)),
        _text("weights", count=number(_weighted(trace))),
    ]
    if chain.merged:
        found.append(_text("times"))
    if chain.depth is not None:
        found.append(_text("depth", depth=chain.depth))
    if chain.last:
        found.append(_text("last"))
    return found


def _weighted(trace: Trace) -> int:
    """Return the number of convolutions and fully connected layers with weights."""
    return sum(
        node.parameters > 0 and kind(node.operation) != "other" for node in trace.network.nodes
    )


def name(volume: Volume) -> str:
    """Return what a volume is called.

    Args:
        volume: The volume.
    """
    return volume.name or _text("input")


def panel(chain: Chain, at: int) -> list[Pieces]:
    """Return what stands under the drawing at a step: lines in pieces, each with its role.

    Args:
        chain: The volumes.
        at: The step, from 0.
    """
    volume = chain.volumes[at]
    after = shape(volume.shape)
    if not volume.rows:
        sizes = "·".join(map(str, volume.shape))
        counted = _text("values", formula=f"{sizes} = {number(volume.count)}")
        return [[(_text("headed", name=name(volume)), ""), (after, "input")], [(counted, "")]]
    head: Pieces = [(_text("headed", name=f"{volume.name}{_operation(volume)}"), "")]
    head += [(_before(volume), "input"), (" → ", ""), (after, "output")]
    lines = [head, _size(volume)]
    lines += [[(line, "")] for line in (_count(volume), _cut(volume)) if line]
    if len(volume.inputs) > 1:
        names = text("figure.comma").join(name(chain.volumes[index]) for index in volume.inputs)
        lines.append([(_text("inputs", names=names), "small")])
    if volume.kept:
        names = text("figure.comma").join(dict.fromkeys(_kind(row) for row in volume.kept))
        lines.append([(_text("kept", names=names), "small")])
    return [line for line in lines if line]


def told(chain: Chain, at: int) -> str:
    """Return what a step shows, in one sentence.

    Args:
        chain: The volumes.
        at: The step, from 0.
    """
    volume = chain.volumes[at]
    if not volume.rows:
        return _text("told.input", size=shape(volume.shape), count=number(volume.count))
    facts = ["".join(piece for piece, _ in _size(volume)), _count(volume)]
    sizes = {
        "name": _text("told.layer", name=volume.name) if volume.name.isdecimal() else volume.name,
        "before": _sources(chain, at),
        "after": shape(volume.shape),
    }
    facts = [fact for fact in facts if fact]
    if not facts:
        return _text("told.plain", **sizes)
    return _text("told.made", facts=text("figure.semicolon").join(facts), **sizes)


def description(trace: Trace, chain: Chain, still: int) -> str:
    """Return the figure in words, for readers who do not see it.

    Args:
        trace: The network.
        chain: Its volumes.
        still: The step of the still picture, from 0.
    """
    listed = [
        _text("listed", name=name(volume), size=shape(volume.shape)) for volume in chain.volumes
    ]
    sentences = [_text("says.volumes", volumes=text("figure.semicolon").join(listed))]
    if ways := [
        _text("way", source=name(chain.volumes[source]), reader=name(chain.volumes[reader]))
        for source, reader in far(chain.volumes)
    ]:
        sentences.append(_text("says.ways", ways=text("figure.semicolon").join(ways)))
    sentences.append(_text("says.scale"))
    if any(volume.parts > 1 for volume in chain.volumes):
        sentences.append(_text("says.groups"))
    if chain.merged:
        sentences.append(_text("says.merged"))
    if chain.depth is not None:
        sentences.append(_text("says.depth", depth=chain.depth))
    if chain.last:
        sentences.append(_text("says.last"))
    sentences.append(_text("says.parameters", count=number(trace.parameters)))
    sentences.append(_text("says.still", told=told(chain, still)))
    return text("figure.space").join(sentences)


def _before(volume: Volume) -> str:
    """Return the shapes that go in, without the batch."""
    return text("figure.comma").join(
        dict.fromkeys(shape(each[1:]) for each in volume.rows[0].input_shapes)
    )


def _sources(chain: Chain, at: int) -> str:
    """Return what goes in: with the names of the volumes, unless it is the one before."""
    volume = chain.volumes[at]
    if not volume.direct or volume.inputs == (at - 1,):
        return _before(volume)
    return together(
        [
            _text("told.source", name=name(each), size=shape(each.shape))
            for each in (chain.volumes[index] for index in volume.inputs)
        ]
    )


def _operation(volume: Volume) -> str:
    """Return what makes a volume, behind its name, unless its name says so."""
    made, count = _kind(volume.rows[-1]), len(volume.rows)
    if count > 1:
        return _text("several", count=number(count), operation=made)
    return "" if made.lower() in volume.name.lower() else _text("of", operation=made)


def _kind(row: Row) -> str:
    written = str(row.operation)
    return type(row.operation).__name__ if "(" in written else written


def _size(volume: Volume) -> Pieces:
    """Return how the size comes about; of a fully connected layer it is a choice."""
    return [] if volume.kind == "dense" else size_formula(volume.rows[-1])


def _count(volume: Volume) -> str:
    """Return how the parameters come about; nothing without any."""
    return _text("count", formula=_parameters(volume)) if volume.parameters else ""


def _cut(volume: Volume) -> str:
    """Return how groups cut the channels; nothing where they do not."""
    last = volume.rows[-1]
    count = groups(last.operation)
    if count == 1:
        return ""
    before, after = last.input_shape[1] // count, volume.shape[0] // count
    return _text("groups", count=number(count), before=before, after=after)


def _parameters(volume: Volume) -> str:
    rows = [row for row in (*volume.rows, *volume.kept) if row.parameters]
    if len(rows) == 1:
        return parameter_formula(rows[0])
    total = number(volume.parameters)
    if len(rows) > _MOST_ADDED:
        return total
    return f"{' + '.join(number(row.parameters) for row in rows)} = {total}"


def steps(chain: Chain) -> Sequence[int]:
    """Return the steps, one for each volume.

    Args:
        chain: The volumes.
    """
    return range(len(chain.volumes))
