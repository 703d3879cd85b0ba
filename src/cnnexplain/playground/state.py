"""What the address of a page says of the playground: flat texts, read into numbers and sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cnnexplain.languages import number, text
from cnnexplain.playground.parts import Refusal, typed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnexplain.operations import Shape

_NETWORK = """\
nn.Sequential(
    nn.Conv2d(3, 16, kernel_size=5, stride=2),
    nn.ReLU(),
    nn.MaxPool2d(3, stride=2),
    nn.Flatten(),
    nn.Linear(16 * 14 * 14, 10),
)
"""

DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "window": {
        "kind": "convolution",
        "input": "7",
        "kernel": "3",
        "stride": "2",
        "padding": "1",
        "dilation": "1",
        "ceil": "0",
    },
    "network": {"text": _NETWORK, "input": "3x64x64"},
}
"""What each tool shows unless the address says otherwise."""

TOOLS = tuple(DEFAULTS)
KINDS = ("convolution", "pooling")


@dataclass(frozen=True, slots=True)
class Field:
    """A number that describes a window.

    Attributes:
        least: The smallest that is allowed.
        most: The largest that is allowed.
        slides: The largest that a slider offers.
    """

    least: int
    most: int
    slides: int


# Larger windows are drawn no better, and have no other formula.
_MOST = 1024
FIELDS: Mapping[str, Field] = {
    "input": Field(1, _MOST, 44),
    "kernel": Field(1, _MOST, 11),
    "stride": Field(1, _MOST, 8),
    "padding": Field(0, _MOST, 8),
    "dilation": Field(1, _MOST, 5),
}
"""The numbers that describe a window, in the order of the form."""

MOST_AXES, MOST_SIZE = 4, 100_000
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
_BETWEEN = re.compile(r"[x×*,\s]+", re.IGNORECASE)
# Digits and signs as Japanese keyboards have them.
_NARROW = str.maketrans("０１２３４５６７８９＋－，ｘＸ＊（）", "0123456789+-,xX*()")
# Nobody types a number of this length.
_LONGEST = 200


def completed(state: Mapping[str, str]) -> dict[str, str]:
    """Return a state with all that its tool asks for, and nothing else.

    Args:
        state: What an address says; what is missing has its default.

    Example:
        >>> completed({"tool": "window", "kernel": "5", "utm_source": "mail"})["kernel"]
        '5'
    """
    given = {key: _clean(each) for key, each in state.items() if isinstance(each, str)}
    tool = given.get("tool", TOOLS[0])
    defaults = DEFAULTS.get(tool, {})
    return {"tool": tool, **{key: given.get(key, held) for key, held in defaults.items()}}


def _clean(given: str) -> str:
    """Return a text without lone surrogates, which no file and no address can hold."""
    return given.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def query(state: Mapping[str, str]) -> str:
    """Return what an address says of a state.

    Args:
        state: The state; what is missing has its default.

    Example:
        >>> query({"tool": "window", "kernel": "5", "stride": "2"})
        'tool=window&kernel=5&stride=2'
    """
    return urlencode({key: _clean(value) for key, value in state.items()})


def whole(name: str, given: str) -> int:
    """Return a number of a window.

    Args:
        name: The field's name.
        given: What was typed.

    Raises:
        Refusal: If it is no whole number, or too small or too large.

    Example:
        >>> whole("kernel", " 3 ")
        3
    """
    field, plain = FIELDS[name], _plain(given)
    example = DEFAULTS["window"][name]
    if _NUMBER.fullmatch(plain) and field.least <= int(plain) <= field.most:
        return int(plain)
    raise Refusal(
        "whole" if plain else "missing",
        field=text(f"playground.field.{name}"),
        least=number(field.least),
        most=number(field.most),
        came=typed(given),
        example=example,
    )


def one_of(name: str, given: str, allowed: tuple[str, ...]) -> str:
    """Return a choice.

    Args:
        name: The key of the state.
        given: What came.
        allowed: The choices.

    Raises:
        Refusal: If it is none of them.
    """
    if given not in allowed:
        raise Refusal(
            "choice", field=name, allowed=text("playground.comma").join(allowed), came=typed(given)
        )
    return given


def sizes(given: str) -> Shape:
    """Return a network's input size.

    Args:
        given: What was typed.

    Raises:
        Refusal: If it is no such size, or one that is too large.

    Example:
        >>> sizes("3x224x224"), sizes("(1, 32, 32)"), sizes("784")
        ((3, 224, 224), (1, 32, 32), (784,))
    """
    plain = _plain(given)
    inside = plain[1:-1] if plain[:1] + plain[-1:] in {"()", "[]"} else plain
    parts = [part for part in _BETWEEN.split(inside) if part]
    limits = {"axes": MOST_AXES, "most": number(MOST_SIZE), "came": typed(given)}
    if not plain:
        raise Refusal("no_size", **limits)
    if not 0 < len(parts) <= MOST_AXES or not all(map(_NUMBER.fullmatch, parts)):
        raise Refusal("size", **limits)
    found = tuple(map(int, parts))
    if not all(1 <= size <= MOST_SIZE for size in found):
        raise Refusal("size", **limits)
    return found


def _plain(given: str) -> str:
    # What is longer is no number, and is not looked through.
    return given[:_LONGEST].translate(_NARROW).strip() if given.strip() else ""
