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

# What every module has, hooks above all; but for these, a forward writes to something else.
_TORCHS = vars(torch.nn.Module()).keys()
_WRITTEN = ("_parameters", "_buffers", "_modules")
# A tuple, not a union: isinstance() is asked for every attribute of every module.
_CONTAINERS = (dict, list, set)


@contextmanager
def untouched(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Undo, afterwards, what a forward does to modules' attributes and to random numbers.

    Args:
        modules: The modules.
    """
    held: list[tuple[Any, Any]] = []
    for module in modules:
        _hold(vars(module), held)
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


def _hold(attributes: dict[str, Any], held: list[tuple[Any, Any]]) -> None:
    """Keep a module's dictionary, and the containers in it, each with a copy."""
    held.append((attributes, attributes.copy()))
    for name in (*_WRITTEN, *(attributes.keys() - _TORCHS)):
        value = attributes[name]
        if isinstance(value, _CONTAINERS) and (value or name not in _WRITTEN):
            held.append((value, value.copy()))


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
