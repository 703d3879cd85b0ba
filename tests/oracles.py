"""What torch itself tells about a network: every value on the way, and what each unit sees.

Two routes to what a unit sees share nothing but the recording of values:

- by gradient: with positive weights no two paths cancel, so that a unit sees exactly the inputs
  with a gradient; what takes a maximum takes a sum over the same windows instead;
- by influence: one row of the input is made NaN, and the units that it reaches are NaN.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import nn
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Unit: TypeAlias = tuple[int, ...]
# For each axis of the picture, the places that a unit sees.
Places: TypeAlias = tuple[frozenset[int], ...]
# By value and unit.
Seen: TypeAlias = dict[tuple[str, Unit], Places]
# What someone says that a unit of a value sees, and whether exactly.
Claim: TypeAlias = "Callable[[str, Unit], tuple[tuple[range, ...], bool]]"

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def tensors(values: object) -> Iterator[torch.Tensor]:
    """Yield the tensors among some values, in order."""
    if isinstance(values, torch.Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for each in values:
            yield from tensors(each)
    elif isinstance(values, dict):
        for each in values.values():
            yield from tensors(each)


@dataclass(slots=True)
class _Frame:
    path: str
    layer: bool


class Recording(TorchFunctionMode):
    """Runs a module on real tensors and keeps a copy of every value that comes from its inputs.

    A layer of torch.nn is one value, under its path; outside of them, a function is,
    under the path of the module around it and its own name.

    Attributes:
        values: The values by name.
        output: What the module returned.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Sequence[torch.Tensor],
        replacements: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        super().__init__()
        self.values: dict[str, torch.Tensor] = {}
        self._replacements = replacements or {}
        self._names: Counter[str] = Counter()
        self._frames: list[_Frame] = []
        # Kept, so that no number is given to another tensor.
        self._known: dict[int, torch.Tensor] = {id(each): each for each in inputs}
        handles = []
        for path, module in model.named_modules():
            kind = type(module)
            if kind.__module__ == "torch.nn.utils.parametrize":
                kind = kind.__bases__[0]  # a layer whose weights are computed
            layer = kind.__module__.startswith("torch.nn.modules.")
            frame = _Frame(path, layer and not isinstance(module, _CONTAINERS))
            handles += [
                module.register_forward_pre_hook(
                    lambda *_, frame=frame: self._frames.append(frame)
                ),
                module.register_forward_hook(self._leave),
            ]
        try:
            with self:
                self.output = model(*inputs)
        finally:
            for handle in handles:
                handle.remove()

    def _leave(self, module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        del arguments
        frame = self._frames.pop()
        if frame.layer and not self._inside():
            # An LSTM's last states, attention's weights and a maximum's indices are no values of
            # their own to a reader of the table.
            self._keep(frame.path or _snake(type(module).__name__), next(tensors(output)))

    def _inside(self) -> bool:
        return any(frame.layer for frame in self._frames)

    def _keep(self, name: str, result: object) -> None:
        for tensor in tensors(result):
            self._names[name] += 1
            count = self._names[name]
            # A copy, since an in-place operation may follow.
            with torch._C.DisableTorchFunction():
                self.values[name if count == 1 else f"{name}:{count}"] = tensor.clone()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        del types
        kwargs = kwargs or {}
        known = any(id(each) in self._known for each in tensors((args, kwargs)))
        name = getattr(func, "__name__", "")
        if name == "__get__":
            name = func.__self__.__name__  # type: ignore[attr-defined]  # a method-wrapper has it
        result = self._replacements.get(name, func)(*args, **kwargs)
        if not known:
            return result
        changed = args[0] if name == "__setitem__" else result
        self._known.update((id(each), each) for each in tensors(changed))
        if not self._inside():
            name = name.strip("_")
            path = self._frames[-1].path if self._frames else ""
            found = list(tensors(changed))
            kept = [each for each in found if each.is_floating_point() or len(found) == 1]
            self._keep(f"{path}.{name}" if path else name, kept)
        return result


def _snake(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")


def run(
    model: nn.Module, sizes: Sequence[Sequence[int]], batch_size: int = 1
) -> dict[str, torch.Tensor]:
    """Return every value of a module, for random inputs of some sizes without the batch."""
    with torch.no_grad():
        return Recording(model, [torch.rand(batch_size, *size) for size in sizes]).values


# By gradient.


def _summed(axes: int) -> Callable[..., Any]:
    """Return a function that adds up the windows that a max pooling takes the largest of."""
    pool = getattr(F, f"max_pool{axes}d")
    convolve = getattr(F, f"conv{axes}d")

    def sum_pool(
        x: torch.Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,  # as in torch
        return_indices: bool = False,
    ) -> Any:
        assert not return_indices
        shape = pool(x.detach(), kernel_size, stride, padding, dilation, ceil_mode).shape
        kernel, step, before, apart = (
            (value,) * axes if isinstance(value, int) else tuple(value)
            for value in (kernel_size, stride or kernel_size, padding, dilation)
        )
        sides: list[int] = []
        for index in reversed(range(axes)):
            # Enough behind for a last window that begins inside; what is too much is cut off.
            sides += [before[index], before[index] + step[index] + kernel[index] * apart[index]]
        ones = x.new_ones(x.shape[1], 1, *kernel)
        result = convolve(F.pad(x, sides), ones, stride=step, dilation=apart, groups=x.shape[1])
        for axis, size in enumerate(shape[2:], start=2):
            result = result.narrow(axis, 0, size)
        return result

    return sum_pool


def _itself(x: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
    return x.clone()


_POINTWISE = ("relu", "relu_", "gelu", "silu", "sigmoid", "tanh", "dropout", "hardswish")
_POSITIVE: Mapping[str, Callable[..., Any]] = {
    **{f"max_pool{axes}d": _summed(axes) for axes in (1, 2, 3)},
    **{f"adaptive_max_pool{axes}d": getattr(F, f"adaptive_avg_pool{axes}d") for axes in (1, 2, 3)},
    **dict.fromkeys(_POINTWISE, _itself),
}


def positive(model: nn.Module) -> nn.Module:
    """Return a copy of a module in float64 and eval mode, with positive weights."""
    twin = copy.deepcopy(model).double().eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in twin.parameters():
            # Of the size that keeps values of one size.
            scale = weight[0].numel() if weight.ndim > 1 else 1
            weight.uniform_(0.5 / scale, 1.5 / scale, generator=generator)
    return twin


def by_gradient(
    model: nn.Module,
    sizes: Sequence[Sequence[int]],
    wanted: Mapping[str, Iterable[Unit]] | None = None,
    source: int = 0,
) -> Seen:
    """Return what units see of an input, by the gradients of positive weights.

    Args:
        model: The module.
        sizes: The inputs' sizes, without the batch.
        wanted: The units of each value; all units of all values unless given.
        source: The number of the input that is looked at.
    """
    generator = torch.Generator().manual_seed(1)
    inputs = [
        (torch.rand(1, *size, generator=generator, dtype=torch.float64) + 0.5).requires_grad_()
        for size in sizes
    ]
    values = Recording(positive(model), inputs, _POSITIVE).values
    seen: Seen = {}
    for name in wanted or values:
        value = values[name]
        for unit in wanted[name] if wanted else every(value.shape[2:]):
            part = value[0]
            for index in reversed(unit):
                part = part.select(-1, index)
            total = part.sum()
            (gradient,) = torch.autograd.grad(
                total, inputs[source], retain_graph=True, allow_unused=True
            )
            seen[name, unit] = _reached(gradient, inputs[source])
    return seen


def _reached(gradient: torch.Tensor | None, x: torch.Tensor) -> Places:
    if gradient is None:
        return (frozenset(),) * (x.ndim - 2)
    # Else a path could be too thin to be counted, or too wide.
    assert gradient.isfinite().all()
    assert (gradient >= 0).all()
    found = []
    for axis in range(2, x.ndim):
        along = gradient.amax(dim=[each for each in range(x.ndim) if each != axis])
        found.append(frozenset(along.nonzero().flatten().tolist()))
    return tuple(found)


def every(shape: Sequence[int]) -> list[Unit]:
    """Return the indices of all units of a shape."""
    return list(product(*map(range, shape)))


# By influence.


def _interpolated(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    """Interpolate so that NaN times a weight of 0 is 0: such an input has no influence."""
    reached = F.interpolate(x.isnan().to(x.dtype), *args, **kwargs) != 0
    result = F.interpolate(x.nan_to_num(), *args, **kwargs)
    return result.masked_fill(reached, torch.nan)


def _attended(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Attend by the formula: torch's fused kernel takes a row of NaN for one that is masked."""
    return torch.softmax(query @ key.transpose(-1, -2), dim=-1) @ value


_INFLUENCE: Mapping[str, Callable[..., Any]] = {
    "interpolate": _interpolated,
    "scaled_dot_product_attention": _attended,
}


def by_influence(
    model: nn.Module,
    sizes: Sequence[Sequence[int]],
    source: int = 0,
) -> Seen:
    """Return what every unit of every value sees of an input, by the NaN that reach it.

    Args:
        model: The module.
        sizes: The inputs' sizes, without the batch.
        source: The number of the input that is looked at.
    """
    twin = copy.deepcopy(model).double().eval()
    generator = torch.Generator().manual_seed(1)
    inputs = [torch.rand(1, *size, generator=generator, dtype=torch.float64) for size in sizes]
    picture = sizes[source][1:]
    before = _nan(twin, inputs)
    seen: dict[str, list[list[list[int]]]] = {}
    for axis, size in enumerate(picture):
        hits: dict[str, list[torch.Tensor]] = {name: [] for name in before}
        for row in range(size):
            x = inputs[source].clone()
            x.select(axis + 2, row).fill_(torch.nan)
            changed = [x if index == source else each for index, each in enumerate(inputs)]
            for name, nan in _nan(twin, changed).items():
                hits[name].append(nan.flatten())
        for name, found in hits.items():
            reached = torch.stack(found, dim=1)
            places = [unit.nonzero().flatten().tolist() for unit in reached]
            seen.setdefault(name, []).append(places)
    return {
        (name, unit): tuple(frozenset(axis[number]) for axis in seen[name])
        for name, nan in before.items()
        for number, unit in enumerate(every(nan.shape))
        # A unit that is NaN in any case, as the variance of a single value, tells nothing.
        if not nan[unit]
    }


def _nan(model: nn.Module, inputs: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return for every value which units are NaN, in the first sample and any channel."""
    with torch.no_grad():
        # The module may overwrite what it is given.
        values = Recording(model, [each.clone() for each in inputs], _INFLUENCE).values
    found = {}
    for name, value in values.items():
        if value.is_floating_point() or value.is_complex():
            first = value.isnan()[:1] if value.ndim else value.isnan()
            found[name] = first.any(dim=(0, 1)) if value.ndim > 1 else first.any()
    return found


# By padding.


def _nan_padded(function: Callable[..., Any], axes: int, axis: int) -> Callable[..., Any]:
    """Return a function of windows whose padding along one axis of the picture is NaN."""

    def padded(x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        # A convolution takes weight, bias, stride and then padding; a pooling kernel, stride.
        is_conv = isinstance(args[0] if args else kwargs.get("kernel_size"), torch.Tensor)
        names = "weight bias stride padding" if is_conv else "kernel_size stride padding"
        given = dict(zip(names.split(), args, strict=False)) | kwargs
        given |= dict(
            zip(
                ("dilation", "groups") if is_conv else (),
                args[len(names.split()) :],
                strict=False,
            )
        )
        padding = given.pop("padding", 0)
        sides = [(padding, padding)] * axes if isinstance(padding, int) else padding
        if padding == "valid":
            sides = [(0, 0)] * axes
        elif padding == "same":
            sides = []
            for index, size in enumerate(given["weight"].shape[2:]):
                dilation = given.get("dilation", 1)
                apart = dilation if isinstance(dilation, int) else dilation[index % len(dilation)]
                total = apart * (size - 1)
                sides.append((total // 2, total - total // 2))
        elif not isinstance(padding, int):
            sides = [(each, each) for each in (tuple(padding) * axes)[:axes]]
        return function(_framed(x, list(sides), axis), **given)

    return padded


def _framed(x: torch.Tensor, sides: list[tuple[int, int]], axis: int) -> torch.Tensor:
    for index, (before, after) in enumerate(sides):
        flat = [0] * (2 * (len(sides) - 1 - index)) + [before, after]
        x = F.pad(x, flat, value=torch.nan if index == axis else 0.5)
    return x


def _nan_pad(axis: int) -> Callable[..., Any]:
    def pad(x: torch.Tensor, pad: Sequence[int], *_: object, **__: object) -> torch.Tensor:
        for index in range(len(pad) // 2):
            flat = [0] * (2 * index) + list(pad[2 * index : 2 * index + 2])
            along = x.ndim - 1 - index - 2
            x = F.pad(x, flat, value=torch.nan if along == axis else 0.5)
        return x

    return pad


def by_padding(model: nn.Module, size: Sequence[int], axis: int) -> dict[str, int]:
    """Return how many places of each value along an axis of the picture padding reaches.

    The padding along this axis is NaN, and along the others it is not.

    Args:
        model: The module, of convolutions, poolings and padding.
        size: The input's size, without the batch.
        axis: The axis, counted among those of the picture.
    """
    replacements: dict[str, Callable[..., Any]] = {"pad": _nan_pad(axis)}
    for axes in (1, 2, 3):
        for name in (f"conv{axes}d", f"max_pool{axes}d", f"avg_pool{axes}d"):
            function = getattr(F, name)
            replacements[name] = _nan_padded(function, axes, axis)
    twin = copy.deepcopy(model).double().eval()
    with torch.no_grad():
        values = Recording(twin, [torch.rand(1, *size, dtype=torch.float64)], replacements).values
    found = {}
    for name, value in values.items():
        if value.ndim == len(size) + 1:
            others = [each for each in range(value.ndim) if each != axis + 2]
            found[name] = int(value.isnan().any(dim=1, keepdim=True).amax(dim=others).sum())
    return found


# What is claimed, against what is so.


def some(seen: Seen, most: int = 1500) -> Seen:
    """Return every unit of a small network, and units from all over a large one."""
    return {key: seen[key] for key in list(seen)[:: len(seen) // most + 1]}


def interval(places: frozenset[int]) -> range:
    """Return the places from the first to the last."""
    return range(min(places), max(places) + 1) if places else range(0)


def differences(claim: Claim, seen: Seen) -> list[str]:
    """Return where a claim is wrong about what units see.

    Args:
        claim: Returns the intervals of a unit of a value, and whether they are exact; if they are
            not, they may be too large.
        seen: What the units see.
    """
    wrong = []
    for (name, unit), places in seen.items():
        intervals, exact = claim(name, unit)
        true = tuple(map(interval, places))
        if exact:
            fits = intervals == true
        else:
            fits = all(
                not mine or (mine[0] in said and mine[-1] in said)
                for mine, said in zip(true, intervals, strict=True)
            )
        if not fits:
            wrong.append(f"{name} {unit}: {intervals}, in truth {true}")
    return wrong
