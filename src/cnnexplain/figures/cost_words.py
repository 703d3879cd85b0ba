"""What the figures about costs say, in one language."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

from cnnexplain.figures.scales import two_digits
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from fractions import Fraction

    from cnnexplain.figures.priced import Priced
    from cnnexplain.savings import Saving

_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_DIGITS = 3  # that mean something
_WHOLE = 10  # ratios below this have two decimals


def amount(
    macs: float | Fraction, like: float | Fraction | None = None, *, bare: bool = False
) -> str:
    r"""Return a number of multiply-accumulates with a prefix, to three digits.

    Args:
        macs: The number.
        like: The number whose prefix it has; its own unless given.
        bare: Whether the unit is left out.

    Example:
        >>> amount(15470264320), amount(724406816, like=4e9), amount(416520, bare=True)
        ('15.5\xa0GMAC', '0.724\xa0GMAC', '417\xa0k')
    """
    most = float(f"{float(macs if like is None else like):.{_DIGITS}g}")
    power = min(max(floor(log10(most)) // 3, 0), len(_PREFIXES) - 1)
    value = float(macs) / 1000**power
    digits = max(0, _DIGITS - 1 - floor(log10(value))) if value else 0
    key = "bare" if bare else "unit"
    return text(
        f"figure.cost.amount.{key}",
        value=number(value, digits, fixed=True),
        prefix=_PREFIXES[power],
    ).strip()


def share(value: float | Fraction) -> str:
    """Return a share in percent, with two digits that mean something.

    Example:
        >>> share(0.5077), share(0.0899), share(0.00799)
        ('51%', '9%', '0.8%')
    """
    return text("figure.percent", value=two_digits(100 * float(value)))


def ratio(value: float | Fraction) -> str:
    """Return how many times less something is.

    Args:
        value: The number.

    Example:
        >>> ratio(35.4148), ratio(6.2741)
        ('35.4', '6.27')
    """
    return number(float(value), 1 if value >= _WHOLE else 2)


def square(size: int) -> str:
    """Return an image's size."""
    return shape((size, size))


def parameters(network: Priced) -> str:
    """Return how a network slides."""
    window, stride = square(network.work.window), network.work.stride
    return text("figure.cost.windows", name=network.name, window=window, stride=stride)


def image(network: Priced, step: int) -> str:
    """Return the network and an image."""
    size = square(network.savings[step].image_size)
    return text("figure.cost.image", name=network.name, size=size)


def counted_image(network: Priced, step: int) -> str:
    """Return the network, an image, and how many windows it has."""
    windows = counted(network.savings[step])
    return text("figure.cost.counted", image=image(network, step), windows=windows)


def day(when: date) -> str:
    """Return a date as it is written in running text."""
    months = text("figure.cost.months").split()
    first = text("figure.cost.first")
    return text(
        "figure.cost.day",
        day=first if when.day == 1 else when.day,
        month=months[when.month - 1],
        year=when.year,
    )


def dated(told: str, networks: Sequence[Priced], steps: Sequence[int], when: date | None) -> str:
    """Return what one pass saves with the day of the measurements, once, where there is one.

    Args:
        told: What it saves.
        networks: The networks.
        steps: Which images, from 0.
        when: The day of the measurements.
    """
    timed = any(
        network.savings[step].image_size in network.measured
        for network in networks
        for step in steps
    )
    if when is None or not timed:
        return told
    return text("figure.cost.scene.dated", told=told, day=day(when))


def scene(network: Priced, step: int) -> str:
    """Return what one pass saves on one image, in a sentence.

    Args:
        network: The network.
        step: Which image, from 0.
    """
    saving = network.savings[step]
    named = text("figure.cost.scene.image", image=image(network, step), windows=counted(saving))
    values = {"image": named, "ratio": ratio(saving.ratio)}
    if saving.count == 1:
        return text("figure.cost.scene.same", **values)
    time = network.measured.get(saving.image_size)
    if time is None:
        return text("figure.cost.scene.macs", **values)
    return text("figure.cost.scene.timed", **values, time=ratio(time))


def counted(saving: Saving) -> str:
    """Return how many windows there are."""
    key = "one" if saving.count == 1 else "many"
    return text(f"figure.cost.count.{key}", count=number(saving.count))


def title(networks: Sequence[Priced], step: int) -> str:
    """Return the title, with the numbers of one image."""
    found = [
        text(
            "figure.cost.title.part",
            name=each.name,
            ratio=ratio(each.savings[step].ratio),
            size=square(each.savings[step].image_size),
        )
        for each in networks
    ]
    return text("figure.cost.title.all", parts=text("figure.comma").join(found))


def description(networks: Sequence[Priced], step: int, when: date | None) -> str:
    """Return the figure in words, for readers who do not see it."""
    sentences = [text("figure.cost.says.curve")]
    for each in networks:
        last = len(each.savings) - 1
        steps = sorted({0, step, last})
        scenes = text("figure.semicolon").join(scene(each, at) for at in steps)
        sentences.append(
            text("figure.cost.says.network", scenes=dated(scenes, [each], steps, when))
        )
        sentences.append(
            text("figure.cost.says.limit", name=each.name, limit=ratio(each.work.limit))
        )
    return text("figure.space").join(sentences)
