"""Applies a cure to a broken network as a reader would, and runs what comes out."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from textwrap import indent
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from tests import oracles
from tests.broken import Broken, built
from torch import nn

import cnnexplain as cx

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.diagnosis.findings import Cure, Place

# What a cure's code speaks of, besides its model and its input.
NAMES = {"torch": torch, "nn": nn, "F": F, "cx": cx}


def applied(case: Broken, cure: Cure) -> tuple[nn.Module, torch.Tensor]:
    """Return what a cure makes of a network and its input; both have been run.

    Args:
        case: A broken network.
        cure: What is to help.

    Raises:
        Exception: Whatever the cure's code raises, or the network afterwards: it is no cure.
    """
    x = torch.randn(case.full_shape)
    if cure.place is None:
        names: dict[str, Any] = {**NAMES, "x": x}
        with suppress(RuntimeError, ValueError):  # a constructor that fails leaves no model
            names["model"] = built(case.make)
        exec(cure.code, names)  # noqa: S102  # running a cure is the point
        model, x = names["model"], names["x"]
    elif isinstance(case.make, str):
        model = built(edited(case.make, cure.place, cure))
    else:
        source = Path(cure.place.file)
        module = loaded(edited(source.read_text("utf-8"), cure.place, cure), source)
        model = built(_same(case, module))
    model.eval()
    with torch.no_grad():
        model(x)
    return model, x


def edited(text: str, place: Place, cure: Cure) -> str:
    """Return a text with a cure's code before a line, or instead of it.

    Args:
        text: The text.
        place: The line.
        cure: What to write there.

    Raises:
        AssertionError: If the line is not the one that the place quotes.
    """
    lines = text.splitlines()
    line = lines[place.line - 1]
    assert place.source in line, f"line {place.line} is {line!r}, not {place.source!r}"
    margin = line[: len(line) - len(line.lstrip())]
    kept = [] if cure.replaces else [line]
    lines[place.line - 1 : place.line] = [indent(cure.code, margin), *kept]
    return "\n".join(lines) + "\n"


def loaded(text: str, source: Path) -> ModuleType:
    """Return a fresh module made of a text.

    Args:
        text: Its source.
        source: The file that the text was made of.
    """
    module = ModuleType(f"cured_{source.stem}")
    module.__file__ = str(source)
    vars(module).update(NAMES)
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    try:
        exec(compile(text, f"{source} (cured)", "exec"), vars(module))  # noqa: S102  # as above
    finally:
        del sys.modules[module.__name__]
    return module


def _same(case: Broken, module: ModuleType) -> Callable[[], nn.Module]:
    """Return what makes the case's network in a fresh module: of its list, or by its name."""
    for each in getattr(module, "BROKEN", ()):
        if each.name == case.name:
            made: Callable[[], nn.Module] = each.make
            return made
    named: Callable[[], nn.Module] = getattr(module, getattr(case.make, "__name__", ""))
    return named


def answers_each_alone(model: nn.Module, x: torch.Tensor) -> bool:
    """Return whether a network in eval mode says of each input of a batch what it says of it alone.

    Args:
        model: A network whose answers have the batch as their first axis.
        x: The batch.
    """
    with torch.no_grad():
        try:
            together = list(oracles.tensors(model(x)))
            alone = [list(oracles.tensors(model(each[None]))) for each in x]
        except (RuntimeError, ValueError, IndexError):
            return False
    return all(answer.shape[:1] == x.shape[:1] for answer in together) and all(
        one.shape == answer[number : number + 1].shape
        and torch.allclose(one, answer[number : number + 1], atol=1e-5)
        for number, ones in enumerate(alone)
        for one, answer in zip(ones, together, strict=True)
    )
