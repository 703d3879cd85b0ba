"""What the figure of receptive fields says, in one language."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.fields import Growth, Seen
    from cnnexplain.report import Trace


def phrases(trace: Trace, shown: Growth) -> list[str]:
    """Return what was traced, and the picture if it is another one.

    Args:
        trace: The trace.
        shown: What the figure shows.
    """
    if shown.picture == trace.input_size[1:]:
        return [trace.caption]
    # Made for one size, and shown on another.
    made = text("figure.receptive_field.made", size=shape(trace.input_size[1:]))
    name = trace.network.name or text("table.network")
    return [name, made, text("figure.receptive_field.picture", size=shape(shown.picture))]


def short(seen: Seen) -> str:
    """Return the size of what a unit sees: one number where both axes agree."""
    return number(seen.size[0]) if seen.size[0] == seen.size[1] else shape(seen.size)


def size(seen: Seen) -> str:
    """Return the size of what a unit sees, and how far apart its neighbours look."""
    down, across = seen.stride
    stride = number(down) if down == across else shape(seen.stride)
    return text("figure.receptive_field.size", size=shape(seen.size), stride=stride)


def told(shown: Growth, seen: Seen) -> str:
    """Return what a step shows.

    Args:
        shown: What the figure shows.
        seen: The layer of the step.
    """
    values = {"name": seen.name, "size": size(seen)}
    if not seen.beyond(shown.picture):
        return text("figure.receptive_field.told", **values)
    part = shape([len(each) for each in seen.inside(shown.picture)])
    return text("figure.receptive_field.cut", **values, part=part)


def notes(shown: Growth) -> list[partial[str]]:
    """Return what is to be said of layers that the figure does not show, or not wholly.

    Args:
        shown: What the figure shows.

    Returns:
        What makes each note, in the language that is current then.
    """
    found = []
    count = len(shown.layers)
    if shown.grow > count:
        values = {"shown": number(count), "count": number(shown.grow)}
        found.append(partial(text, "figure.receptive_field.some", **values))
    if shown.left_out:
        left_out = number(shown.left_out)
        found.append(partial(text, "figure.receptive_field.left_out", count=left_out))
    first = next((each.name for each in shown.layers if each.everything), None)
    if first is not None:
        found.append(partial(text, "figure.receptive_field.everything", name=first))
    return found


def title(shown: Growth) -> str:
    """Return the figure's title."""
    values = {"picture": shape(shown.picture), "last": _pair(shown.layers[-1])}
    found = (
        text("figure.receptive_field.title.grows", first=_pair(shown.layers[0]), **values)
        if len(shown.layers) > 1
        else text("figure.receptive_field.title.one", **values)
    )
    if not shown.window:
        # The same sizes may come without and with padding.
        if any(seen.beyond(shown.picture) for seen in shown.layers):
            return text("figure.receptive_field.title.padded", title=found)
        return found
    window = text("figure.parameter.window", value=shape(shown.window[1]))
    return f"{found}{text('figure.comma')}{window}"


def description(shown: Growth, *, photograph: bool) -> str:
    """Return the figure in words, for readers who do not see it.

    Args:
        shown: What the figure shows.
        photograph: Whether the picture is a photograph.
    """
    last = shown.layers[-1]
    row, column = (number(index + 1) for index in last.unit)
    values = {"row": row, "column": column, "name": last.name, "picture": shape(shown.picture)}
    sentences = [text("figure.receptive_field.unit", **values)]
    if len(shown.layers) > 1:
        sentences.append(text("figure.receptive_field.before"))
    sizes = text("figure.comma").join(map(_pair, shown.layers))
    sentences.append(text("figure.receptive_field.sizes", sizes=sizes))
    if photograph:
        sentences.append(text("figure.receptive_field.photograph"))
    if any(each.beyond(shown.picture) for each in shown.layers):
        sentences.append(text("figure.receptive_field.beyond"))
    if shown.window:
        values = {"window": shape(shown.window[1]), "size": shape(last.size)}
        sentences.append(text("figure.receptive_field.window", **values))
    sentences += [note() for note in notes(shown)]
    sentences.append(text("figure.receptive_field.still", told=told(shown, last)))
    return text("figure.space").join(sentences)


def _pair(seen: Seen) -> str:
    return text("figure.receptive_field.pair", name=seen.name, size=shape(seen.size))
