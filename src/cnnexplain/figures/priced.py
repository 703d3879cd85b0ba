"""The networks of a figure about costs, from what a user wrote, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import nan
from numbers import Real
from typing import TypeAlias

from cnnexplain import networks
from cnnexplain.errors import ArgumentError, ShapeError, shown, whole
from cnnexplain.graph import Network
from cnnexplain.report import Trace
from cnnexplain.savings import Saving, Work, sizes, work

Networks: TypeAlias = Network | Trace | Mapping[str, Network | Trace]
Sizes: TypeAlias = Sequence[int] | Mapping[str, Sequence[int]]
Measured: TypeAlias = Sequence[tuple[str, int, float]]

# How many windows more than one an image has on each axis, at each step, unless it is said.
STEPS = (0, 1, 3, 5, 9, 17, 25)
_MOST_NETWORKS = 3
_MOST_SIZES = 12
_MOST_WINDOWS = 128  # on one axis
_LONGEST_NAME = 24
_LARGEST_RATIO = 1e6


@dataclass(frozen=True, slots=True)
class Priced:
    """A network and the images over which it slides.

    Attributes:
        name: What it is called.
        work: What it costs.
        savings: What one pass saves on each of the images.
        measured: How many times faster one pass was, by the image's size.
    """

    name: str
    work: Work
    savings: tuple[Saving, ...]
    measured: Mapping[int, float] = field(default_factory=dict)

    @property
    def every(self) -> tuple[Saving, ...]:
        """What one pass saves on all images up to the largest on which windows leave no rest."""
        steps = range(self.savings[-1].windows)
        return tuple(self.work.over(size) for size in sizes(self.work, steps))


def priced(
    network: Networks | None,
    image_sizes: Sizes | None = None,
    measured: Measured | None = None,
    *,
    steps: Sequence[int] = STEPS,
) -> tuple[Priced, ...]:
    """Return the networks of a figure.

    Args:
        network: A network, a trace, several of them by name, or None for VGG-16 and AlexNet.
        image_sizes: The images' sizes; by the network's name if they differ.
        measured: How many times faster one pass was: rows of network, image size, ratio.
        steps: The images without sizes: how many windows more than one they have.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If a layer cannot take what the layers before it make.

    Example:
        >>> [(each.name, each.savings[3].image_size) for each in priced(None)]
        [('VGG-16', 384), ('AlexNet', 387)]
    """
    works = {name: work(each) for name, each in _named(network).items()}
    wanted = _sizes(works, image_sizes, steps)
    found = [
        Priced(name, each, tuple(_over(name, each, size) for size in wanted[name]))
        for name, each in works.items()
    ]
    times = _measured(found, measured)
    return tuple(replace(each, measured=times[each.name]) for each in found)


def timed(
    network: Networks | None,
    image_sizes: Sizes | None,
    measured: Measured | None,
    measured_on: str | date | None,
) -> tuple[tuple[Priced, ...], date | None]:
    """Return the networks of a figure, and the day on which they were measured, if they were.

    Args:
        network: A network, a trace, several of them by name, or None for VGG-16 and AlexNet.
        image_sizes: The images' sizes; by the network's name if they differ.
        measured: How many times faster one pass was: rows of network, image size, ratio.
        measured_on: The day.

    Raises:
        ArgumentError: If an argument is not allowed, or only one of the last two is there.
        ShapeError: If a window is larger than an image.
    """
    if (measured is None) != (measured_on is None):
        raise ArgumentError(
            "measured and measured_on together, or neither",
            f"only {'measured_on' if measured is None else 'measured'}",
            'write for example measured=[("VGG-16", 384, 10.5)], measured_on="2026-11-25"',
        )
    when = None if measured_on is None else day(measured_on)
    return priced(network, image_sizes, measured), when


def day(value: object) -> date:
    """Return the day of a measurement.

    Args:
        value: A date, or its text such as `"2026-11-25"`.

    Raises:
        ArgumentError: If it is none.
    """
    try:
        return date.fromisoformat(value) if isinstance(value, str) else date(*_parts(value))
    except ValueError:
        raise ArgumentError(
            "measured_on as the day of the measurement",
            f"measured_on={shown(value)}",
            'write for example measured_on="2026-11-25"',
        ) from None


def _parts(value: object) -> tuple[int, int, int]:
    if not isinstance(value, date):
        raise ValueError(value)  # noqa: TRY004  # its text is one as well
    return value.year, value.month, value.day


def _named(network: object) -> dict[str, Network]:
    if network is None:
        return {"VGG-16": networks.vgg16(), "AlexNet": networks.alexnet()}
    if isinstance(network, Network | Trace):
        plain = _plain(network)
        return {_name(plain.name or "CNN"): plain}
    given = network if isinstance(network, Mapping) else {}
    fits = all(isinstance(each, Network | Trace) for each in given.values())
    if not given or not fits or len(given) > _MOST_NETWORKS:
        raise ArgumentError(
            f"a network of cnnexplain.networks, a trace, or up to {_MOST_NETWORKS} of them by name",
            f"network={shown(network)}",
            'write for example {"VGG-16": cx.networks.vgg16()}',
        )
    return {_name(name): _plain(each) for name, each in given.items()}


def _plain(network: Network | Trace) -> Network:
    if isinstance(network, Network):
        return network
    size = network.input_size if len(network.input_sizes) == 1 else None
    return replace(network.network, input_size=size)


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        raise ArgumentError(
            f"a name of 1 to {_LONGEST_NAME} characters for each network",
            f"the name {shown(name)}",
            'write for example {"VGG-16": cx.networks.vgg16()}',
        )
    return name


def _sizes(
    works: Mapping[str, Work], given: object, steps: Sequence[int]
) -> dict[str, tuple[int, ...]]:
    """Return the sizes of the images by the network's name: as many for each."""
    if given is None:
        return {name: sizes(each, steps) for name, each in works.items()}
    if isinstance(given, Mapping):
        if set(given) != set(works):
            raise ArgumentError(
                f"image_sizes for the networks {', '.join(map(shown, works))}",
                f"image_sizes for {', '.join(map(shown, given)) or 'none'}",
                "give each network its own",
            )
        found = {name: _increasing(given[name]) for name in works}
    else:
        found = dict.fromkeys(works, _increasing(given))
    counts = {name: len(each) for name, each in found.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} for {shown(name)}" for name, count in counts.items())
        raise ArgumentError(
            "as many image_sizes for each network", told, "a step shows one image for each"
        )
    return found


def _increasing(given: object) -> tuple[int, ...]:
    listed = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    if not isinstance(given, Sequence) or not listed or not 0 < len(given) <= _MOST_SIZES:
        raise ArgumentError(
            f"image_sizes as a list of 1 to {_MOST_SIZES} sizes in pixels",
            f"image_sizes={shown(given)}",
            "write for example image_sizes=[256, 384, 512]",
        )
    return tuple(sorted({whole("image_size", size, 1) for size in given}))


def _over(name: str, found: Work, size: int) -> Saving:
    if size < found.window:
        raise ShapeError(
            f"images of at least {found.window}, the window of {shown(name)}",
            f"image_size={size}",
            f"use image_size={found.window} or more",
        )
    if (size - found.window) // found.stride >= _MOST_WINDOWS:
        raise ArgumentError(
            f"at most {_MOST_WINDOWS} windows on an axis of an image",
            f"image_size={size} for {shown(name)}, whose windows lie {found.stride} apart",
            f"use at most {found.window + (_MOST_WINDOWS - 1) * found.stride}",
        )
    try:
        return found.over(size)
    except ArgumentError as error:
        raise error.at(shown(name)) from None


def _measured(found: Sequence[Priced], given: object) -> dict[str, dict[int, float]]:
    times: dict[str, dict[int, float]] = {each.name: {} for each in found}
    known = {each.name: each for each in found}
    for row in _rows(given):
        name, size, ratio = row
        if name not in times:
            raise ArgumentError(
                f"measured for the networks {', '.join(map(shown, times))}",
                f"measured for {shown(name)}",
                "leave it out, or add the network",
            )
        first, last = known[name].work.window, known[name].savings[-1].image_size
        pixels = whole("the measured image_size", size, 1)
        if not first <= pixels <= last:
            raise ArgumentError(
                f"measured images from {first} to {last} pixels, as they are shown",
                f"{pixels} pixels for {shown(name)}",
                "leave it out, or add a larger image to image_sizes",
            )
        if pixels in times[name]:
            raise ArgumentError(
                "one measured ratio for each image",
                f"two for {shown(name)} at {pixels} pixels",
                "leave one of them out",
            )
        times[name][pixels] = _ratio(f"{shown(name)} at {pixels} pixels", ratio)
    return times


def _ratio(where: str, value: object) -> float:
    try:
        found = nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    except OverflowError:  # an integer that no float can hold
        found = nan
    if not 0 < found <= _LARGEST_RATIO:
        raise ArgumentError(
            "a measured ratio above 0",
            f"{shown(value)} for {where}",
            "give the time of sliding divided by that of one pass",
        )
    return found


def _rows(given: object) -> list[tuple[str, object, object]]:
    rows = [] if given is None else given
    listed = isinstance(rows, Sequence) and not isinstance(rows, str | bytes)
    fits = isinstance(rows, Sequence) and all(
        isinstance(row, tuple | list) and len(row) == 3 and isinstance(row[0], str)  # noqa: PLR2004
        for row in rows
    )
    if not listed or not fits or not isinstance(rows, Sequence):
        raise ArgumentError(
            "measured as rows of network, image size and ratio",
            f"measured={shown(given)}",
            'write for example measured=[("VGG-16", 384, 10.5)]',
        )
    return [tuple(row) for row in rows]
