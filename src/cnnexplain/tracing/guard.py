"""Leaves a module, and the generators of random numbers, as they were."""

from __future__ import annotations

import random
import sys
from collections import deque
from contextlib import contextmanager
from operator import is_
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import nn

# What every module has; of these, a forward writes to some alone.
_TORCHS = vars(torch.nn.Module()).keys()
_WRITTEN = (
    "_parameters",
    "_buffers",
    "_modules",
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
)
# A tuple, not a union: isinstance() is asked for every attribute of every module.
_CONTAINERS = (dict, list, set, deque)
# What most attributes are, which holds nothing that could change.
_PLAIN = frozenset({bool, int, float, str, tuple, type(None)})


@contextmanager
def untouched(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Undo, afterwards, what a forward does to modules' attributes and to random numbers.

    Not what it does inside of other objects that a module holds, or to generators of its own.

    Args:
        modules: The modules.
    """
    held, empty = _kept(modules)
    state, torch_state = random.getstate(), torch.get_rng_state()
    # Whoever draws from numpy has imported this, which takes longer than all the rest.
    numpy_random = sys.modules.get("numpy.random")
    numpy_state = None if numpy_random is None else numpy_random.get_state()
    try:
        yield
    finally:
        for container in empty:
            if container:
                container.clear()
        for container, copy in held:
            _restore(container, copy)
        random.setstate(state)
        torch.set_rng_state(torch_state)
        if numpy_random is not None:
            numpy_random.set_state(numpy_state)


def _kept(modules: Iterable[nn.Module]) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """Return what modules hold, each container with a copy, and the containers that are empty."""
    held: list[tuple[Any, Any]] = []
    empty: list[Any] = []
    for module in modules:
        attributes = vars(module)
        held.append((attributes, attributes.copy()))
        for name in _WRITTEN:
            container = attributes.get(name)  # a scripted module has other things there
            if isinstance(container, dict):
                if container:
                    held.append((container, container.copy()))
                else:
                    empty.append(container)  # most are, and need no copy
        for name in attributes.keys() - _TORCHS:
            value = attributes[name]
            if type(value) not in _PLAIN:
                _hold(value, held)
    return held, empty


def _hold(value: Any, held: list[tuple[Any, Any]]) -> None:
    """Keep a container, and those in it, each with a copy."""
    if not isinstance(value, _CONTAINERS) or any(value is container for container, _ in held[-8:]):
        return
    held.append((value, value.copy()))
    for each in value.values() if isinstance(value, dict) else value:
        _hold(each, held)


def _restore(container: Any, copy: Any) -> None:
    if isinstance(container, dict):
        same = container.keys() == copy.keys() and all(map(is_, container.values(), copy.values()))
    elif isinstance(container, set):
        same = container == copy
    else:
        same = len(container) == len(copy) and all(map(is_, container, copy))
    if not same:
        container.clear()
        (container.update if isinstance(container, dict | set) else container.extend)(copy)
