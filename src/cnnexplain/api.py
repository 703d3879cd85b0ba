"""What users call: modules, networks or text in, values out."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.graph import Network, sizes, walk
from cnnexplain.report import Trace
from cnnexplain.source import read

if sys.modules.get("torch") is not None:
    # Whoever has torch will trace modules: better to load this now than at the first of them.
    import_module("cnnexplain.tracing")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import nn

    from cnnexplain.diagnosis.attempt import Attempt
    from cnnexplain.explanation import Explanation


def trace(
    model: nn.Module | Network | str,
    input_size: Sequence[int] | Sequence[Sequence[int]] | None = None,
    batch_size: int = 1,
    depth: int | None = None,
) -> Trace:
    """Trace a network: for each layer its sizes with formulas, its cost, its receptive field.

    Args:
        model: Any `torch.nn.Module`, a network of `cnnexplain.networks`, or the text of an
            `nn.Sequential(...)`, which is read and never executed.
        input_size: (channels, height, width), without the batch, or one such size for each
            argument of the module's forward; a network of `cnnexplain.networks` knows its own.
        batch_size: The number of inputs at once.
        depth: How many levels of modules have rows of their own; all unless given.

    Returns:
        The rows and the totals.

    Raises:
        ArgumentError: If an argument is not allowed.
        SourceError: If the text is no network.
        ShapeError: If a layer cannot take what the layers before it make.
        ForwardError: If the module's own forward fails, or loses its input on the way.

    Example:
        >>> pooled = trace("nn.Sequential(nn.MaxPool2d(3, stride=2), nn.Flatten())", (256, 13, 13))
        >>> [row.output_shape for row in pooled.rows]
        [(1, 256, 6, 6), (1, 9216)]
    """
    network = _network(read(model) if isinstance(model, str) else model)
    batch_size = whole("batch_size", batch_size, 1)
    each_size = _sizes(network, input_size)
    with _uncollected():
        return _traced(network, each_size, batch_size, depth)


def explain(
    model: nn.Module | Network | str,
    input_size: Sequence[int] | Sequence[Sequence[int]] | None = None,
    batch_size: int = 1,
) -> Explanation:
    """Explain what breaks in a network for an input size, or is surely wrong, and what cures it.

    Nothing is computed but shapes, unless the module decides by values, and the module stays as it
    was; its own code runs several times, since cures are tried before they are told. Where that
    code asks for the input's size, sizes beside those that are named may fit as well.

    Args:
        model: Any `torch.nn.Module`, a network of `cnnexplain.networks`, or the text of an
            `nn.Sequential(...)`, which is read and never executed.
        input_size: (channels, height, width), without the batch, or one such size for each
            argument of the module's forward; a network of `cnnexplain.networks` knows its own.
        batch_size: The number of inputs at once.

    Returns:
        The problem, if there is one, with the cures as code; what is worth knowing if there is
        none.

    Raises:
        ArgumentError: If an argument is not allowed.
        SourceError: If the text is no network.

    Example:
        >>> found = explain("nn.Sequential(nn.Flatten(), nn.Linear(784, 10))", (1, 32, 32))
        >>> print(found.to_text().splitlines()[2])
        Problem: Layer 1 expects 784 input features but gets 1,024.
    """
    # Whoever only traces must not wait for this.
    from cnnexplain.explanation import explained, unmade  # noqa: PLC0415

    if isinstance(model, str):
        try:
            network: object = read(model)
        except ArgumentError as error:
            if "kind" not in error.facts:
                raise
            return unmade(error, model)
    else:
        network = model
    known = _network(network)
    batch_size = whole("batch_size", batch_size, 1)
    shapes = [(batch_size, *size) for size in _sizes(known, input_size)]
    if isinstance(known, Network) and len(shapes) > 1:
        raise ArgumentError("one input_size", f"{len(shapes)} of them", "give one")
    with _uncollected():
        return explained(tried(known), shapes)


def tried(network: nn.Module | Network) -> Callable[..., Attempt]:
    """Return what tries a network on inputs, with other operations in layers' places.

    Args:
        network: The network.
    """
    if isinstance(network, Network):
        from cnnexplain.diagnosis.attempt import attempted  # noqa: PLC0415

        return partial(attempted, network)
    # Whoever has a module has torch, and nobody else needs it.
    from cnnexplain.tracing import attempt_of  # noqa: PLC0415

    return partial(attempt_of, network)


def _network(model: object) -> nn.Module | Network:
    if not isinstance(model, Network) and not is_module(model):
        raise ArgumentError(
            "a torch.nn.Module, a network of cnnexplain.networks, or text",
            shown(model),
            "write for example cx.trace(cx.networks.alexnet(), (3, 227, 227))",
        )
    return cast("nn.Module | Network", model)


def _sizes(network: nn.Module | Network, input_size: object) -> tuple[tuple[int, ...], ...]:
    known = network.input_size if isinstance(network, Network) else None
    wanted = known if input_size is None else input_size
    if wanted is None:
        raise ArgumentError(
            "input_size as (channels, height, width)",
            "none, and the network knows none of its own",
            "write for example input_size=(3, 224, 224)",
        )
    return sizes(wanted)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector out: nothing here makes cycles, and torch is long to walk through.

    One full collection takes longer than the trace of most networks.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _traced(
    network: nn.Module | Network,
    each_size: tuple[tuple[int, ...], ...],
    batch_size: int,
    depth: int | None,
) -> Trace:
    if not isinstance(network, Network):
        # Whoever has a module has torch, and nobody else needs it.
        from cnnexplain.tracing import network_of  # noqa: PLC0415

        network = network_of(network, each_size, batch_size)
    elif len(each_size) > 1:
        raise ArgumentError("one input_size", f"{len(each_size)} of them", "give one")
    traced = Trace(network, each_size, batch_size, tuple(walk(network, each_size, batch_size)))
    return traced if depth is None else traced.collapsed(depth)


def is_module(model: object) -> bool:
    """Return whether an object is a torch module, without importing torch.

    Args:
        model: Anything.

    Example:
        >>> is_module("nn.ReLU()")
        False
    """
    return any(kind.__module__ == "torch.nn.modules.module" for kind in type(model).__mro__)
