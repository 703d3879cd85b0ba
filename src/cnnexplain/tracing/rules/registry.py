"""Which rule stands for which function of torch, and what rules share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it

from cnnexplain.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cnnexplain.operations import Operation
    from cnnexplain.tracing.recorder import Recorder

Rule: TypeAlias = "Callable[..., Any]"

RULES: dict[Any, Rule] = {}
_OWNERS = {"torch": torch, "Tensor": torch.Tensor, "F": F}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule for functions of torch, those that this torch has.

    Args:
        *names: The functions' names, such as `"F.relu"` and `"Tensor.relu"`.
    """

    def register(function: Rule) -> Rule:
        for name in names:
            owner, _, attribute = name.partition(".")
            found = getattr(_OWNERS[owner], attribute, None)
            if found is not None:
                RULES[found] = function
        return function

    return register


def everywhere(names: Iterable[str]) -> list[str]:
    """Return the full names of functions that torch offers in several places.

    Args:
        names: Their bare names.
    """
    return [f"{owner}.{name}" for name in names for owner in _OWNERS]


def getters(names: Sequence[str]) -> set[Any]:
    """Return what torch calls when a tensor's attributes are read.

    Args:
        names: The attributes' names.
    """
    # Not every version of torch has all of them.
    found = (getattr(torch.Tensor, name, None) for name in names)
    return {each.__get__ for each in found if each is not None}


def methods(names: Sequence[str]) -> set[Any]:
    """Return methods of tensors, those that this torch has.

    Args:
        names: The methods' names.
    """
    return {getattr(torch.Tensor, name) for name in names if hasattr(torch.Tensor, name)}


def layer(name: str, *arguments: object) -> Operation:
    """Return a layer from the arguments of a function.

    Args:
        name: The name of the layer's class in torch.nn.
        *arguments: Its arguments in torch.nn's order.
    """
    return OPERATIONS[name](*(tuple(a) if isinstance(a, list) else a for a in arguments))


def axes_of(dim: Any, count: int) -> tuple[int, ...]:
    """Return axes counted from the front, all of them for None.

    Args:
        dim: What torch takes as `dim`.
        count: The number of axes that there are.
    """
    if dim is None or (isinstance(dim, tuple | list) and not dim):
        return tuple(range(count))
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    for each in dims:
        if not -max(count, 1) <= each < max(count, 1):
            raise IndexError(f"dim {each} of a tensor with {count} axes")
    return tuple(each % max(count, 1) for each in dims)


def written_as(name: str, *arguments: object, **keywords: object) -> str:
    """Return a call as a user would write it.

    Args:
        name: The function's name.
        *arguments: Its arguments, without the tensor.
        **keywords: Its keyword arguments; None leaves one out.
    """
    parts = [repr(plain(each)) for each in arguments]
    parts += [f"{key}={plain(value)!r}" for key, value in keywords.items() if value is not None]
    return f"{name}({', '.join(parts)})" if parts else name


def plain(value: object) -> object:
    """Return a size or a list as a tuple, and anything else as it is.

    Args:
        value: An argument.
    """
    return tuple(value) if isinstance(value, list | torch.Size) else value


def computed(rec: Recorder, *tensors: Any) -> bool:
    """Return whether weights come from the network's input themselves.

    Args:
        rec: The recorder.
        *tensors: The weights; None for one that is not there.
    """
    return any(rec.number(each) is not None for each in tensors if each is not None)


# Methods that write to their tensor, beside those whose name ends in an underscore.
_WRITERS = {"__setitem__", "__set__"} | {
    f"__i{name}__"
    for name in (
        *("add", "sub", "mul", "matmul", "truediv", "div", "floordiv"),
        *("mod", "pow", "and", "or", "xor", "lshift", "rshift"),
    )
}


def writes(func: Any) -> bool:
    """Return whether a function of torch writes to its first argument.

    Args:
        func: The function.
    """
    name = getattr(func, "__name__", "")
    return name in _WRITERS or (name.endswith("_") and not name.endswith("__"))


def fits(weights: Any, *sizes: int) -> bool:
    """Return whether weights have a shape, if there are any.

    Args:
        weights: The weights, or None.
        *sizes: The shape.
    """
    return weights is None or tuple(weights.shape) == sizes


def one(value: Any) -> Any:
    """Return (2,), which torch's functions take for all axes, as 2.

    Args:
        value: An argument.
    """
    if isinstance(value, list | tuple):
        return value[0] if len(value) == 1 else tuple(value)
    return value


def shared(rec: Recorder, values: Any, indices: Any) -> Any:
    """Return values with their indices, which lie where the values do.

    Args:
        rec: The recorder.
        values: The values, recorded.
        indices: Their indices.
    """
    number = rec.number(values)
    assert number is not None
    rec.set_number(indices, number)
    return values, indices
