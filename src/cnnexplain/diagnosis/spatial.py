"""Convolutions, poolings and normalisations that cannot take the map that comes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.findings import Cure, Fact, Problem
from cnnexplain.diagnosis.fitting import Sizes, smallest
from cnnexplain.diagnosis.flattened import Flattened
from cnnexplain.diagnosis.inputs import turned
from cnnexplain.errors import ShapeError
from cnnexplain.languages import shape as show
from cnnexplain.operations.activations import Identity
from cnnexplain.operations.dense import Linear
from cnnexplain.operations.normalisation import BatchNorm, BatchNorm1d, GroupNorm, LayerNorm
from cnnexplain.operations.spatial import Conv2d, Spatial
from cnnexplain.windows import Transposed

if TYPE_CHECKING:
    from cnnexplain.diagnosis.case import Case
    from cnnexplain.operations import Shape
    from cnnexplain.operations.base import Layer

# More than any network has layers that shrink its map one after the other.
_MOST_TRIES = 32
# A size that leaves something behind any stack of layers.
_WIDE = 1 << 14
# How many times as large an input is tried, where one is told that it may be larger.
_LARGER = (1, 2, 4, 8)


def channels(case: Case, layer: Spatial) -> Problem:
    """Return why a convolution cannot take as many channels as come, and what cures it.

    Args:
        case: The network.
        layer: The convolution, which failed.
    """
    problem = _of_channels(case, "channels", layer, "in_channels")
    wanted, came = getattr(layer, "in_channels"), case.taken[0][1]  # noqa: B009  # not all have it
    found = [] if _maker(case) else _channels_of_input(case, wanted, came)
    found += _with_channels(case, layer, "in_channels", came)
    found += case.widened(case.failure.inputs[0], wanted) if _maker(case) else []
    return replace(problem, cures=tuple(found))


def normalised(case: Case, layer: BatchNorm | GroupNorm) -> Problem:
    """Return why a normalisation cannot take as many channels as come, and what cures it.

    Args:
        case: The network.
        layer: The normalisation, which failed.
    """
    argument = "num_channels" if isinstance(layer, GroupNorm) else "num_features"
    problem = _of_channels(case, "normalisation", layer, argument)
    came = case.taken[0][1] if len(case.taken[0]) > 1 else 0
    return replace(problem, cures=tuple(_with_channels(case, layer, argument, came)))


def _maker(case: Case) -> str:
    """Return the path of the layer that made what came; empty if the input came."""
    return case.maker(case.before(case.failure.inputs[0]))


def _of_channels(case: Case, kind: str, layer: Layer, argument: str) -> Problem:
    shape, name = case.taken[0], case.failure.name
    came = shape[1] if len(shape) > 1 else 0
    facts: dict[str, Fact] = {
        "name": name,
        "wanted": getattr(layer, argument),
        "came": came,
        "shape": shape,
    }
    if _maker(case):
        facts["previous"] = _maker(case)
    reason = "previous" if "previous" in facts else "input"
    if kind == "channels" and _maker(case).partition(":")[0] == name:
        reason = "twice"
    return Problem(kind, name, str(layer), case.failure.place, facts, (reason,))


def _channels_of_input(case: Case, wanted: int, came: int) -> list[Cure]:
    shape = case.input_shape
    facts: dict[str, Fact] = {"wanted": wanted, "came": came}
    if not case.runs((shape[0], wanted, *shape[2:])):
        return []
    if came == 1:
        rest = ", -1" * len(shape[2:])
        return [Cure("grey", f"x = x.expand(-1, {wanted}{rest})", facts)]
    if wanted == 1:
        return [Cure("mean", "x = x.mean(1, keepdim=True)", facts)]
    return [Cure("first_channels", f"x = x[:, :{wanted}]", facts)] if came > wanted else []


def _with_channels(case: Case, layer: Layer, argument: str, came: int) -> list[Cure]:
    """Return the layer made for the channels that come."""
    changes: dict[str, int] = {argument: came}
    if came % getattr(layer, "groups", getattr(layer, "num_groups", 1)):
        return []
    kind = "in_channels" if argument == "in_channels" else "num_features"
    if not came:
        return []
    return case.replaced(kind, case.failure.name, layer, replace(layer, **changes), came=came)


def last_axes(case: Case, layer: LayerNorm) -> Problem:
    """Return why a normalisation of the last axes cannot take those that come, and what cures it.

    Args:
        case: The network.
        layer: The layer, which failed.
    """
    (shape,), name = case.taken, case.failure.name
    given = layer.normalized_shape
    wanted = given if isinstance(given, tuple) else (given,)
    came = shape[-len(wanted) :]
    facts: dict[str, Fact] = {
        "name": name,
        "wanted": show(wanted),
        "came": show(came),
        "shape": shape,
        "channels": shape[1],
    }
    found: list[Cure] = []
    if len(shape) > 2 and wanted == (shape[1],):  # noqa: PLR2004
        # The channels are meant, which stand second in a map.
        reasons = ("channels",)
        found += case.replaced("group_norm", name, layer, GroupNorm(1, shape[1], layer.eps))
    else:
        reasons = ("last",)
        new = replace(layer, normalized_shape=came if len(came) > 1 else came[0])
        found += case.replaced("normalized_shape", name, layer, new, shape=show(came))
    return Problem(
        "last_axes", name, str(layer), case.failure.place, facts, reasons, cures=tuple(found)
    )


def dimensions(case: Case, layer: Layer, fewest: int, most: int | None) -> Problem:
    """Return why a layer cannot take as many axes as come, and what cures it.

    Args:
        case: The network.
        layer: The layer, which failed.
        fewest: The smallest number of axes that it takes.
        most: The largest; None if any larger one will do.
    """
    (shape,), name = case.taken, case.failure.name
    facts: dict[str, Fact] = {"name": name, "fewest": fewest, "came": len(shape), "shape": shape}
    if most is not None:
        facts["most"] = most
    maker = case.maker(case.before(case.failure.inputs[0]))
    found: list[Cure] = []
    if maker:
        facts["previous"] = maker
        if case.modules.get(maker, "" if case.modules else "Flatten") == "Flatten":
            found += case.replaced("leave_out", maker, Identity(), Identity())
    if isinstance(layer, BatchNorm) and len(shape) in {2, 3}:
        other = BatchNorm1d(
            layer.num_features,
            layer.eps,
            layer.momentum,
            layer.affine,
            layer.track_running_stats,
        )
        # The layer itself refuses its input, so this cannot be tried on it.
        cure = cures.layer("batch_norm_1d", name, layer, other, case.modules)
        found += [cure] if cure is not None and shape[1] == layer.num_features else []
    reasons = ("previous",) if maker else ("input",)
    return Problem(
        "dimensions", name, str(layer), case.failure.place, facts, reasons, cures=tuple(found)
    )


def kernel(case: Case, layer: Spatial) -> Problem | None:
    """Return why a window does not fit into its input, and what cures it; None if it fits.

    Args:
        case: The network.
        layer: The layer, which failed.
    """
    (shape,), name = case.taken, case.failure.name
    pairs = zip(layer.windows, shape[2:], strict=True)
    at = next((axis for axis, pair in enumerate(pairs) if not _fits(*pair)), None)
    if at is None:  # such as a mirror of more than there is
        return None
    window = layer.windows[at]
    padding = sum(window.padding)
    facts: dict[str, Fact] = {
        "name": name,
        "extent": window.extent,
        "came": shape[2 + at],
        "padded": shape[2 + at] + padding,
        "padding": padding,
        "shape": shape,
    }
    cut = isinstance(window, Transposed)
    reasons = ["padding" if cut else "window_padded" if padding else "window"]
    least = _smallest(case)
    found: list[Cure] = []
    if least is not None:
        reasons.append("smallest")
        facts["smallest"] = (case.input_shape[1], *least)
        # What is large enough may stay as it is.
        enough = tuple(map(max, case.input_shape[2:], least))
        runs = case.runs((*case.input_shape[:2], *enough))
        found += cures.sized(case.input_shape, enough if runs else least)
    found += turned(case)
    if layer.parameters == 0:
        found += case.replaced("leave_out", name, Identity(), Identity())
    elif isinstance(layer, Conv2d) and layer.stride == 1:
        found += _padded(case, layer)
    kind = "cut_away" if cut else "kernel"
    problem = Problem(kind, name, str(layer), case.failure.place, facts, tuple(reasons))
    return replace(problem, fits=_all_fits(case, least), cures=tuple(found))


def _fits(window: object, size: int) -> bool:
    try:
        window.output_size(size)  # type: ignore[attr-defined]
    except ShapeError:
        return False
    return True


def _padded(case: Case, layer: Conv2d) -> list[Cure]:
    """Return the convolution with the padding that keeps the map's size, if there is one."""
    if any(window.extent % 2 == 0 for window in layer.windows):
        return []
    sides = tuple(window.extent // 2 for window in layer.windows)
    name = case.failure.name
    at = cures.reference(name, case.modules)
    same = replace(layer, padding=sides)
    if at is None or layer.padding_mode != "zeros" or not case.runs(instead={name: same}):
        return []
    return [Cure("padding", f"{at}.padding = {sides}", {"names": name})]


def _smallest(case: Case) -> Shape | None:
    """Return the smallest picture with which the whole network runs, if it is known."""
    shape, network = case.input_shape, case.network
    # Each axis is looked at while the others have room.
    wide = (*shape[:2], *(_WIDE for _ in shape[2:]))
    for _ in range(_MOST_TRIES):
        found = [
            smallest(network, [wide, *case.attempt.shapes[1:]], axis)
            for axis in range(len(shape) - 2)
        ]
        fits = [each for each in found if each is not None]
        if len(fits) < len(found) or not fits:
            return None
        least = tuple(each.first(1)[0] for each in fits)
        if case.runs((*shape[:2], *least)):
            below = [
                (*shape[:2], *(size - (axis == at) for axis, size in enumerate(least)))
                for at in range(len(least))
                if least[at] > 1
            ]
            return None if any(map(case.runs, below)) else least
        further = replace(
            case, attempt=case.again([(*shape[:2], *least), *case.attempt.shapes[1:]], {})
        )
        failure = further.attempt.failure
        if failure is not None and isinstance(failure.operation, Linear):
            # All windows fit, and what is behind them wants a larger map.
            flat = further.flattening(failure.inputs[0])
            wanted = failure.operation.in_features
            fits = [] if flat is None else list(Flattened(further, flat[1], wanted).fits)
            return tuple(each.first(1)[0] for each in fits) or None
        if failure is None or not isinstance(failure.operation, Spatial):
            return None
        network = further.network
    return None


def _all_fits(case: Case, least: Shape | None) -> tuple[Sizes, ...]:
    """Return all sizes with which the network runs, if the smallest is known.

    No layer makes a smaller map of a larger input, so that what does not run for a size runs for
    none above it.
    """
    shape = (*case.input_shape[:2], *(least or ()))
    joins = least is None or any(
        len(node.inputs) > 1
        for node in case.again([shape, *case.attempt.shapes[1:]], {}).network.nodes
    )
    if least is None or joins:  # branches need not meet again for every larger size
        return ()
    return case.sure([_up_to(case, shape, axis) for axis in range(2, len(shape))])


def _up_to(case: Case, least: Shape, axis: int) -> Sizes:
    def runs(size: int) -> bool:
        return case.runs((*least[:axis], size, *least[axis + 1 :]))

    last = least[axis]
    over = next((last * times + 1 for times in _LARGER if not runs(last * times + 1)), None)
    if over is None:
        return Sizes((range(last, last + 1),), open=True)
    while over - last > 1:
        middle = (last + over) // 2
        last, over = (middle, over) if runs(middle) else (last, middle)
    return Sizes((range(least[axis], over),))
