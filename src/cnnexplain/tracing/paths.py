"""Where in a model a module stands, as the user wrote it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn


def joined(path: str, name: str) -> str:
    """Return the path of something inside a module.

    Args:
        path: The module's path; empty for the model itself.
        name: The name inside it.
    """
    return f"{path}.{name}" if path else name


class Paths:
    """The paths of a model's modules, call by call."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self._of: dict[int, list[str]] = {}
        for path, module in modules.items():
            self._of.setdefault(id(module), []).append(path)
        self._calls: Counter[tuple[int, str]] = Counter()

    def of_call(self, module: nn.Module, above: str) -> str:
        """Return a module's path when it is called; one that stands in several places, in turn.

        Args:
            module: The module.
            above: The path of the module that calls it.
        """
        paths = self._of.get(id(module))
        if paths is None:  # kept where torch does not look, such as in a list
            return joined(above, type(module).__name__)
        if len(paths) == 1:
            return paths[0]
        start = joined(above, "")
        near = [path for path in paths if path.startswith(start) and "." not in path[len(start) :]]
        chosen = near or paths
        call = self._calls[id(module), start]
        self._calls[id(module), start] += 1
        return chosen[min(call, len(chosen) - 1)]
