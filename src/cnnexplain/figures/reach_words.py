"""What the figure of padding's reach says, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnexplain.figures.heat_words import joined
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from cnnexplain.figures.reach_rows import Layer, Layers


def title(found: Layers) -> str:
    """Return the figure's title."""
    first, last = found.maps[0], found.maps[-1]
    return text(
        "figure.reach.title",
        first=text("figure.reach.of", clean=_both(first.clean), size=_both(first.size)),
        start=first.name,
        last=text("figure.reach.of", clean=_both(last.clean), size=_both(last.size)),
        end=last.name,
    )


def parameters(found: Layers) -> list[str]:
    """Return the window and the number of layers, one phrase each."""
    phrases = [text("figure.reach.layers", count=number(len(found.maps)))]
    if found.window:
        phrases.insert(0, text("figure.parameter.window", value=shape(found.window)))
    return phrases


def clean(layer: Layer) -> str:
    """Return how many cells of a layer's map are clean.

    Args:
        layer: The layer.
    """
    return text("figure.reach.clean", clean=shape(layer.clean), size=shape(layer.size))


def share(layer: Layer) -> str:
    """Return how many places across a layer's map are clean, as short as can be.

    Args:
        layer: The layer.
    """
    return f"{number(layer.clean[1])}/{number(layer.size[1])}"


def conclusion(found: Layers) -> str:
    """Return what follows for the scores."""
    if found.scorer:
        key = "equal" if found.scorer.all_clean else "differs"
    else:
        key = "all" if found.maps[-1].all_clean else "some"
    name = found.scorer.name if found.scorer else ""
    last = found.maps[-1]
    values = {"clean": shape(last.clean), "size": shape(last.size)}
    return text(f"figure.reach.{key}", scorer=name, name=last.name, **values)


def steps(found: Layers, largest: str) -> list[str]:
    """Return what each step shows.

    Args:
        found: The layers.
        largest: The largest error in words, or `""` without errors.
    """
    told = [
        text("figure.reach.step", name=layer.name, clean=shape(layer.clean), size=shape(layer.size))
        for layer in found.maps
    ]
    if found.scorer or largest:
        error = text("figure.reach.errors", largest=largest) if largest else ""
        told.append(joined(conclusion(found), error))
    return told


def description(found: Layers) -> str:
    """Return the figure in words, for readers who do not see it."""
    told = [
        text(
            "figure.reach.says.layer",
            name=layer.name,
            clean=_both(layer.clean),
            size=_both(layer.size),
        )
        for layer in found.maps
    ]
    return joined(
        text("figure.reach.told"),
        text("figure.reach.says.layers", layers=text("figure.semicolon").join(told)),
        conclusion(found),
    )


def _both(sizes: tuple[int, int]) -> str:
    return str(sizes[0]) if sizes[0] == sizes[1] else shape(sizes)
