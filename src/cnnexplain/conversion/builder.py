"""The converted network while it is built: a graph of torch.fx, and the modules that it calls."""

from __future__ import annotations

import operator
import re
from collections import OrderedDict
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import chain, count
from keyword import iskeyword
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import torch
from torch import fx, nn

from cnnexplain.conversion import layers
from cnnexplain.conversion.values import Value
from cnnexplain.errors import ConversionError, shown
from cnnexplain.operations.reducing import Reduce
from cnnexplain.tracing.recorder import Ref
from cnnexplain.tracing.tensors import storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cnnexplain.graph import Node
    from cnnexplain.operations import Operation, Shape
    from cnnexplain.tracing.recorder import Call


# The methods of tensors by themselves: x ** 2 calls one that bears the name of another, pow.
_METHODS = {
    method: name for name in dir(torch.Tensor) if callable(method := getattr(torch.Tensor, name))
}
# What a graph of torch.fx has itself.
_RESERVED = frozenset(dir(fx.GraphModule(nn.Module(), fx.Graph())))
# torch.fx writes names into source that it then runs, between quotes but with nothing escaped.
_UNQUOTED = re.compile(r"[^\w-]")


@dataclass(frozen=True)
class Step:
    """One node of the original network that the converted one has otherwise.

    Attributes:
        name: The node's path in the original network.
        before: What it is there.
        after: What it is in the converted one.

    Example:
        >>> print(Step("fc6", "Linear(25088, 4096)", "Conv2d(512, 4096, kernel_size=7)"))
        Linear(25088, 4096) → Conv2d(512, 4096, kernel_size=7)
    """

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


@dataclass(frozen=True)
class Item:
    """One node of the original network, with all that its rule needs to know.

    Attributes:
        node: The node.
        call: The call that it stands for.
        values: What it takes, as the converted network has it.
        shapes: The shapes of what it takes in the original, with a batch of 2.
        shape: The shape of what it makes there.
    """

    node: Node
    call: Call
    values: tuple[Value, ...]
    shapes: tuple[Shape, ...]
    shape: Shape

    @property
    def operation(self) -> Operation:
        """What the node does."""
        return self.node.operation

    @property
    def value(self) -> Value:
        """The first of its inputs."""
        return self.values[0]

    def refused(self, reason: str, cure: str) -> ConversionError:
        """Return the error that says why the node cannot be converted.

        Args:
            reason: What it does instead of working on each window alone, as a clause.
            cure: What to do about it.
        """
        received = f"{self.operation}, {reason}"
        error = ConversionError("operations that compute each window by itself", received, cure)
        return error.at(f"layer {shown(self.node.name)}")


@dataclass
class Builder:
    """Makes the converted network.

    Attributes:
        modules: The original's modules by their paths.
        tensors: The names of the original's parameters and buffers, by the tensors' identities.
        graph: The converted network's graph.
        root: What the graph calls and reads, by its name.
        steps: What was rewritten.
        renamed: Parts of the original's paths that are called otherwise here.
    """

    modules: Mapping[str, nn.Module]
    tensors: Mapping[int, str]
    graph: fx.Graph = field(default_factory=fx.Graph)
    root: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)

    def wrote(self, item: Item, after: object, before: object = None) -> None:
        """Remember that a node was rewritten.

        Args:
            item: The node.
            after: What it has become.
            before: What it was, if that is more than the node itself.
        """
        self.steps.append(Step(item.node.name, str(before or item.operation), str(after)))

    def layer(self, item: Item, *nodes: fx.Node) -> fx.Node:
        """Call the original's own module.

        Args:
            item: The node that stands for it.
            *nodes: What it takes.
        """
        assert item.call.module is not None
        path = next(path for path, each in self.modules.items() if each is item.call.module)
        name = self._safe(path)
        self.root.setdefault(name, _without_hooks(item.call.module))
        return self.graph.call_module(name, nodes)

    def _safe(self, path: str) -> str:
        """Return a path that is nothing but names in the code that torch.fx makes of it.

        Nothing on it is a word of Python's, nor the name of what a graph has itself, such as code.
        """
        first, *rest = path.split(".")
        parts = [self._part(first, _RESERVED), *(self._part(each, frozenset()) for each in rest)]
        return ".".join(parts)

    def _part(self, name: str, reserved: frozenset[str]) -> str:
        # Python reads some letters as others, such as ﬁ as fi, so that they would name nothing.
        plain = _UNQUOTED.sub("_", normalize("NFKC", name))
        if plain == name and name not in reserved and not iskeyword(name):
            return name
        if name not in self.renamed:
            taken = self._names() | set(self.renamed.values())
            self.renamed[name] = next(each for each in _numbered(f"{plain}_") if each not in taken)
        return self.renamed[name]

    def _names(self) -> set[str]:
        """Return all parts of the names of what the original has."""
        names = (*self.modules, *self.tensors.values())
        return {part for name in names for part in name.split(".")}

    def module(self, item: Item, made: nn.Module, *nodes: fx.Node) -> fx.Node:
        """Call a new module, which is named as the node that it stands for.

        Args:
            item: The node.
            made: The module.
            *nodes: What it takes.
        """
        made.train(mode=False)
        first = item.node.name.replace(":", "_")
        names = map(self._safe, _numbered(first))
        name = next(name for name in names if not self._is_taken(name, item))
        self.root[name] = made
        return self.graph.call_module(name, nodes)

    def _is_taken(self, name: str, item: Item) -> bool:
        """Return whether a name is that of something else, here or in the original."""
        return name in self.root or self.modules.get(name, item.call.module) is not item.call.module

    def constant(self, tensor: torch.Tensor) -> fx.Node:
        """Read a tensor that does not come from the network's input.

        Args:
            tensor: The tensor.
        """
        name = self.tensors.get(id(tensor))
        if name is None:
            name = next(
                (known for known, each in self.root.items() if each is tensor),
                f"constant_{len(self.root)}",
            )
        name = self._safe(name)
        self.root[name] = tensor
        return self.graph.get_attr(name)

    def owns(self, tensor: torch.Tensor) -> bool:
        """Return whether a tensor lies in the memory of the original's parameters and buffers.

        Args:
            tensor: The tensor.
        """
        model = self.modules[""]
        held = chain(model.parameters(), model.buffers())
        return storage(tensor) in map(storage, held)

    def again(self, item: Item, nodes: Mapping[int, fx.Node]) -> fx.Node:
        """Call the same layer or function as the original, on other tensors.

        Args:
            item: The node of the original.
            nodes: What stands for each of its values, by the value's number.
        """
        call = item.call
        if call.module is not None:
            return self.layer(item, *(nodes[number] for number in item.node.inputs))
        args, kwargs = self._arguments((call.args, call.kwargs), nodes)
        return self.call(call.func, args, kwargs)

    def call(self, func: Callable[..., Any], args: Any, kwargs: Any = None) -> fx.Node:
        """Call a function of torch, or a method of its tensors.

        Args:
            func: The function.
            args: Its arguments.
            kwargs: Its keyword arguments.
        """
        name = _METHODS.get(func)
        if name is not None:
            return self.graph.call_method(name, tuple(args), kwargs or {})
        return self.graph.call_function(func, tuple(args), kwargs or {})

    def _arguments(self, values: Any, nodes: Mapping[int, fx.Node]) -> Any:
        if isinstance(values, Ref):
            return nodes[values.number]
        if isinstance(values, torch.Tensor):
            return self.constant(values)
        if isinstance(values, tuple | list):
            return type(values)(self._arguments(each, nodes) for each in values)
        if isinstance(values, dict):
            return {key: self._arguments(each, nodes) for key, each in values.items()}
        return values

    def per_cell(self, item: Item, part: int | None = None) -> Value:
        """Apply a node to the cells of a map as a batch of vectors: each is a window's own.

        Args:
            item: The node, whose values are vectors.
            part: Which of several tensors the node is, if it returns several.
        """
        nodes = {}
        for number, value in zip(item.node.inputs, item.values, strict=True):
            cells = self.call(layers.per_cell, (self.chosen(value), tuple(value.indices.shape)))
            if value.batch:
                cells = self.call(torch.movedim, (cells, 0, value.batch))
            nodes[number] = cells
        made = self.again(item, nodes)
        if part is not None:
            made = self.call(operator.getitem, (made, part))
        batch = _batch_after(item)
        if batch:
            made = self.call(torch.movedim, (made, batch, 0))
        node = self.call(layers.per_map, (made, item.value.node))
        shape = (*item.shape[:batch], *item.shape[batch + 1 :])
        size = torch.Size(shape).numel()
        vector = Value(node, (size, 1, 1)).at(torch.arange(size).view(shape))
        return replace(vector, batch=batch)

    def chosen(self, value: Value) -> fx.Node:
        """Return a map of the cells that a vector is, in the vector's order.

        Args:
            value: The vector.
        """
        return self.selected(value.node, value.shape[0], value.indices.flatten().tolist())

    def selected(self, node: fx.Node, count: int, channels: list[int]) -> fx.Node:
        """Return a map of some channels of another.

        Args:
            node: The map.
            count: The number of its channels.
            channels: The channels, in order.
        """
        if channels == list(range(count)):
            return node
        first, last = channels[0], channels[-1] + 1
        if channels == list(range(first, last)):
            return self.call(torch.narrow, (node, 1, first, last - first))
        return self.call(torch.index_select, (node, 1, self.constant(torch.tensor(channels))))


def _numbered(name: str) -> Iterator[str]:
    return chain([name], (f"{name}_{number}" for number in count(2)))


def _without_hooks(module: nn.Module) -> nn.Module:
    """Return a layer that shares all of another's but what was hooked to its forward.

    What a hook computes has been recorded after the layer, and would be computed twice.
    """
    if not module._forward_hooks:  # noqa: SLF001  # torch has no public name for it
        return module
    bare = copy(module)
    bare._forward_hooks = OrderedDict()  # noqa: SLF001
    return bare


def _batch_after(item: Item) -> int:
    """Return which axis of a node's result is the batch's."""
    batch, operation = item.value.batch, item.operation
    if isinstance(operation, Reduce) and not operation.keepdim:
        return batch - sum(axis < batch for axis in operation.dims)
    return batch
