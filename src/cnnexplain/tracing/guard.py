"""Leaves a module, and the generators of random numbers, as they were."""

from __future__ import annotations

import random
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Undo, afterwards, what a forward does to a module's attributes and to random numbers.

    Args:
        model: The module.
    """
    before = [(module, _held(module)) for module in model.modules()]
    state, torch_state = random.getstate(), torch.get_rng_state()
    # Whoever draws from numpy has imported it.
    numpy = sys.modules.get("numpy")
    numpy_state = numpy.random.get_state() if numpy is not None else None
    try:
        yield
    finally:
        for module, held in before:
            _restore(module, held)
        random.setstate(state)
        torch.set_rng_state(torch_state)
        if numpy is not None:
            numpy.random.set_state(numpy_state)


def _held(module: nn.Module) -> list[tuple[object, object]]:
    """Return a module's dictionary, and the containers in it, each with a copy."""
    attributes = vars(module)
    held: list[tuple[object, object]] = [(attributes, dict(attributes))]
    for value in attributes.values():
        if isinstance(value, dict | list | set) and value:
            held.append((value, value.copy()))
        elif isinstance(value, dict | list | set):
            held.append((value, type(value)()))
    return held


def _restore(module: nn.Module, held: list[tuple[object, object]]) -> None:
    del module
    for container, copy in held:
        if isinstance(container, list) and isinstance(copy, list):
            if len(container) != len(copy) or any(
                mine is not other for mine, other in zip(container, copy, strict=True)
            ):
                container[:] = copy
        elif isinstance(container, dict) and isinstance(copy, dict):
            if container.keys() != copy.keys() or any(
                container[key] is not value for key, value in copy.items()
            ):
                container.clear()
                container.update(copy)
        elif isinstance(container, set) and isinstance(copy, set) and container != copy:
            container.clear()
            container.update(copy)
