"""A message of torch's alone, explained as far as that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.diagnosis.factors import guessed
from cnnexplain.diagnosis.findings import Cure, Fact, Problem
from cnnexplain.diagnosis.inputs import moved
from cnnexplain.errors import LARGEST
from cnnexplain.operations.base import product

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.diagnosis.findings import Place
    from cnnexplain.diagnosis.messages import Told


def of_message(told: Told, name: str = "", place: Place | None = None) -> Problem:
    """Return what a message of torch's says, with what usually helps.

    Its cures are code to be written where the message comes from; without the network nobody can
    try them.

    Args:
        told: What the message says.
        name: The path of the layer where it comes from, if that is known.
        place: The line of the user's source where it comes from, if that is known.
    """
    facts: dict[str, Fact] = {**told.facts, "name": name}
    kind, reasons, cures = _read(told.kind, facts)
    return Problem(
        f"message.{kind}", name, "", place, facts, (*reasons, "more"), cures=tuple(cures)
    )


_Read: TypeAlias = tuple[str, list[str], list[Cure]]


def _read(kind: str, facts: dict[str, Fact]) -> _Read:
    """Return the kind whose words fit, what is said besides, and the cures; facts are completed."""
    if kind in _READERS:
        return _READERS[kind](facts)
    return kind if kind in _PLAIN else "sizes", [], []


def _channels(facts: dict[str, Fact]) -> _Read:
    match facts:
        case {"input": tuple(shape), "wanted": int(wanted)} if (
            len(shape) > 2 and shape[-1] == wanted  # noqa: PLR2004
        ):
            facts["shape"], facts["fixed"] = shape, (shape[0], shape[-1], *shape[1:-1])
            return "channels_last", [], [Cure("channels_last", moved(len(shape)))]
        case {"wanted": int()}:
            return "channels", ["input"], []
    return "channels_unknown", [], []


def _dimensions(facts: dict[str, Fact]) -> _Read:
    most, came = facts["most"], facts.get("came")
    missing = isinstance(came, int) and isinstance(most, int) and came == most - 1
    cures = [Cure("unbatched", "x = x.unsqueeze(0)")] if missing else []
    return "dimensions", [] if came is None else ["came"], cures


def _axis(number: object) -> str:
    """Return an axis, which is no count; from the end it has a minus."""
    return str(number).replace("-", "−")


def _broadcast(facts: dict[str, Fact]) -> _Read:
    # An axis is no count.
    facts["dim"] = _axis(facts.get("dim"))
    return "broadcast", [] if facts["dim"] == "None" else ["axis"], []


def _cat(facts: dict[str, Fact]) -> _Read:
    facts["dim"] = _axis(facts["dim"])
    return "cat", [], []


def _view(facts: dict[str, Fact]) -> _Read:
    sizes = facts["sizes"]
    assert isinstance(sizes, tuple)
    facts["sizes"] = f"({', '.join(map(str, sizes))})"
    return "view", [], []


def _not_contiguous(facts: dict[str, Fact]) -> _Read:
    del facts
    return "not_contiguous", [], [Cure("message_not_contiguous", "x = x.contiguous()")]


def _normalisation(facts: dict[str, Fact]) -> _Read:
    return "normalisation" if "wanted" in facts else "sizes", [], []


def _pool_padding(facts: dict[str, Fact]) -> _Read:
    size = facts["kernel_size"]
    assert isinstance(size, int)
    facts["most"] = size // 2
    return "pool_padding", [], []


def _target_batch(facts: dict[str, Fact]) -> _Read:
    del facts
    return "target_batch", [], [Cure("message_keep_batch", "x = torch.flatten(x, 1)")]


def _flatten_axes(facts: dict[str, Fact]) -> _Read:
    facts["dim"] = _axis(facts["came"])
    return "flatten_axes", [], []


def _features(facts: dict[str, Fact]) -> _Read:
    came, wanted, out = (facts[name] for name in ("came", "wanted", "out"))
    assert isinstance(came, int)
    assert isinstance(wanted, int)
    assert isinstance(out, int)
    rows = facts.get("rows")
    if min(came, wanted, out) < 1:
        return "features", ["numbers"], []
    # As many values in all as some images have: flattened, they may be what is wanted.
    whole = isinstance(rows, int) and rows > 1 and came < wanted and not rows * came % wanted
    if whole and isinstance(rows, int):
        facts["values"], facts["batch"] = rows * came, rows * came // wanted
    guess = guessed(came, wanted) if max(came, wanted) <= LARGEST else None
    flatten = Cure("message_flatten", "x = torch.flatten(x, 1)")
    if whole and facts["batch"] == 1:
        # Just as many as one image should have: hardly by chance.
        return "flatten", ["one"], [flatten, Cure("message_unbatched", "x = x.unsqueeze(0)")]
    if whole and guess is None:
        return "flatten", ["several"], [flatten]
    price: dict[str, Fact] = {"parameters": out * (came + 1), "before": out * (wanted + 1)}
    wider = Cure("message_in_features", f"nn.Linear({came}, {out})", {"came": came, **price})
    perhaps = ["or_flatten"] if whole else []
    if guess is None:
        return "features", ["numbers"], [wider]
    channels, side, target = guess
    facts["came_product"] = f"{came} = {product([channels, side, side])}"
    facts["wanted_product"] = f"{wanted} = {product([channels, target, target])}"
    facts["map"], facts["target"] = (side, side), (target, target)
    code = f"nn.AdaptiveAvgPool2d({(target, target)})"
    pool = Cure("pool", code, {"target": (target, target)})
    # An average over fewer cells than there are to be would repeat them.
    cures = [*([pool] if side > target else []), wider, *([flatten] if whole else [])]
    return "features", ["numbers", "guess", *perhaps], cures


# What says all in its own numbers.
_PLAIN = {"kernel", "empty", "same_stride", "one_value", "layer_norm"}
_READERS: Mapping[str, Callable[[dict[str, Fact]], _Read]] = {
    "features": _features,
    "channels": _channels,
    "dimensions": _dimensions,
    "broadcast": _broadcast,
    "cat": _cat,
    "view": _view,
    "not_contiguous": _not_contiguous,
    "batch_norm": _normalisation,
    "instance_norm": _normalisation,
    "group_norm": _normalisation,
    "pool_padding": _pool_padding,
    "target_batch": _target_batch,
    "flatten_axes": _flatten_axes,
}
