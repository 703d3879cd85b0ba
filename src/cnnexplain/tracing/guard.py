"""Leaves a module, and the generators of random numbers, as they were."""

from __future__ import annotations

import random
import sys
from contextlib import contextmanager
from operator import is_
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import nn

# What every module has, hooks above all; what a forward writes to lies elsewhere.
_TORCHS = frozenset(vars(torch.nn.Module())) - {"_parameters", "_buffers", "_modules"}


@contextmanager
def untouched(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Undo, afterwards, what a forward does to modules' attributes and to random numbers.

    Args:
        modules: The modules.
    """
    held = [pair for module in modules for pair in _held(vars(module))]
    state, torch_state = random.getstate(), torch.get_rng_state()
    # Whoever draws from numpy has imported this, which takes longer than all the rest.
    numpy_random = sys.modules.get("numpy.random")
    numpy_state = None if numpy_random is None else numpy_random.get_state()
    try:
        yield
    finally:
        for container, copy in held:
            _restore(container, copy)
        random.setstate(state)
        torch.set_rng_state(torch_state)
        if numpy_random is not None:
            numpy_random.set_state(numpy_state)


def _held(attributes: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield a module's dictionary, and the containers in it, each with a copy."""
    yield attributes, attributes.copy()
    for name, value in attributes.items():
        if isinstance(value, dict | list | set) and name not in _TORCHS:
            yield value, value.copy()


def _restore(container: Any, copy: Any) -> None:
    if isinstance(container, dict):
        same = container.keys() == copy.keys() and all(map(is_, container.values(), copy.values()))
        if not same:
            container.clear()
            container.update(copy)
    elif isinstance(container, list):
        if len(container) != len(copy) or not all(map(is_, container, copy)):
            container[:] = copy
    elif container != copy:
        container.clear()
        container.update(copy)
