"""Random networks as real modules: chains and graphs of layers, functions and methods.

A network is a list of Python expressions, so that one that fails a test prints as its own source.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from hypothesis import strategies as st
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Shape = tuple[int, ...]


def examples(count: int) -> int:
    """Return how many networks to draw: more of them to hunt with, as CNNEXPLAIN_EXAMPLES=20."""
    return count * int(os.environ.get("CNNEXPLAIN_EXAMPLES", "1"))


@dataclass(frozen=True)
class Step:
    """One line of a forward.

    Attributes:
        expression: A layer such as `nn.ReLU()`, or an expression of the values v[0], v[1], ...
            and of the weights w[0], w[1], ...
        operand: The number of the value that a layer takes; None for an expression.
        weights: The shapes of the weights that the expression uses first.
    """

    expression: str
    operand: int | None = None
    weights: tuple[Shape, ...] = ()


class Drawn(nn.Module):
    """A module whose forward is a list of steps; it returns all values."""

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.layers = nn.ModuleDict()
        self.weights = nn.ParameterDict()
        for step in steps:
            self.append(step)

    def append(self, step: Step) -> None:
        """Add a step."""
        if step.operand is not None:
            layer = eval(step.expression, {"nn": nn})  # noqa: S307  # our own, from below
            self.layers[f"layer{len(self.steps) + 1}"] = layer
        for shape in step.weights:
            self.weights[f"weight{len(self.weights)}"] = nn.Parameter(torch.rand(shape))
        self.steps.append(step)

    def pop(self) -> None:
        """Take the last step away."""
        step = self.steps.pop()
        if step.operand is not None:
            self.layers.pop(f"layer{len(self.steps) + 1}")
        for _ in step.weights:
            self.weights.popitem()

    def step(self, number: int, values: list[Any]) -> Any:
        """Return what a step makes of the values before it."""
        step = self.steps[number]
        if step.operand is not None:
            return self.layers[f"layer{number + 1}"](values[step.operand])
        names = {"torch": torch, "F": F, "v": values, "w": list(self.weights.values())}
        return eval(step.expression, names)  # noqa: S307  # our own, from below

    def forward(self, x: torch.Tensor) -> Any:
        values: list[Any] = [x]
        for number in range(len(self.steps)):
            values.append(self.step(number, values))
        return values

    def __repr__(self) -> str:
        lines = [
            f"v{number + 1} = {step.expression}"
            + ("" if step.operand is None else f"(v{step.operand})")
            for number, step in enumerate(self.steps)
        ]
        return "\n".join(["Drawn", *lines])


@dataclass(frozen=True, repr=False)
class Case:
    """A network with an input."""

    model: Drawn
    size: Shape
    batch_size: int

    def __repr__(self) -> str:
        return f"input {(self.batch_size, *self.size)}\n{self.model!r}"


Draw = st.DrawFn


def _per_axis(draw: Draw, axes: int, low: int, high: int) -> str:
    """Return one number, or one for each axis."""
    if draw(st.booleans()):
        return str(draw(st.integers(low, high)))
    return str(tuple(draw(st.integers(low, high)) for _ in range(axes)))


def _divisor(draw: Draw, number: int) -> int:
    return draw(st.sampled_from([each for each in range(1, number + 1) if number % each == 0]))


def _dim(draw: Draw, shape: Shape, first: int = 1) -> int:
    dim = draw(st.integers(first, len(shape) - 1))
    return dim - len(shape) if draw(st.booleans()) else dim


# Layers: each returns an expression for an input of some shape.


def _conv(draw: Draw, shape: Shape) -> str:
    axes = len(shape) - 2
    groups = _divisor(draw, shape[1])
    out = groups * draw(st.integers(1, 2))
    kernel, stride = _per_axis(draw, axes, 1, 3), _per_axis(draw, axes, 1, 3)
    dilation = _per_axis(draw, axes, 1, 2)
    padding = draw(st.sampled_from([_per_axis(draw, axes, 0, 2), "'same'", "'valid'"]))
    mode = draw(st.sampled_from(["zeros"] * 3 + ["reflect", "replicate", "circular"]))
    bias = draw(st.booleans())
    if padding == "'same'":
        stride = "1"
    return (
        f"nn.Conv{axes}d({shape[1]}, {out}, {kernel}, stride={stride}, padding={padding}, "
        f"dilation={dilation}, groups={groups}, bias={bias}, padding_mode={mode!r})"
    )


def _conv_transpose(draw: Draw, shape: Shape) -> str:
    axes = len(shape) - 2
    groups = _divisor(draw, shape[1])
    out = groups * draw(st.integers(1, 2))
    return (
        f"nn.ConvTranspose{axes}d({shape[1]}, {out}, {_per_axis(draw, axes, 1, 4)}, "
        f"stride={_per_axis(draw, axes, 1, 2)}, padding={_per_axis(draw, axes, 0, 1)}, "
        f"output_padding={_per_axis(draw, axes, 0, 1)}, groups={groups}, "
        f"dilation={_per_axis(draw, axes, 1, 2)})"
    )


def _pool(draw: Draw, shape: Shape) -> str:
    axes = len(shape) - 2
    kind = draw(st.sampled_from(["Max", "Avg"]))
    stride = draw(st.sampled_from(["None", _per_axis(draw, axes, 1, 3)]))
    extra = (
        f"dilation={_per_axis(draw, axes, 1, 2)}"
        if kind == "Max"
        else f"count_include_pad={draw(st.booleans())}"
    )
    return (
        f"nn.{kind}Pool{axes}d({_per_axis(draw, axes, 1, 3)}, stride={stride}, "
        f"padding={_per_axis(draw, axes, 0, 1)}, ceil_mode={draw(st.booleans())}, {extra})"
    )


def _adaptive(draw: Draw, shape: Shape) -> str:
    axes = len(shape) - 2
    kind = draw(st.sampled_from(["Max", "Avg"]))
    return f"nn.Adaptive{kind}Pool{axes}d({_per_axis(draw, axes, 1, 5)})"


def _pad(draw: Draw, shape: Shape) -> str:
    axes = len(shape) - 2
    kind = draw(st.sampled_from(["Zero", "Reflection", "Replication", "Circular", "Constant"]))
    low = -1 if kind in {"Zero", "Constant"} else 0
    sides = tuple(draw(st.integers(low, 2)) for _ in range(2 * axes))
    value = ", 0.5" if kind == "Constant" else ""
    return f"nn.{kind}Pad{axes}d({sides}{value})"


def _upsample(draw: Draw, shape: Shape) -> str:
    axes = len(shape) - 2
    smooth = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[axes]
    mode = draw(st.sampled_from(["nearest", "nearest-exact", "area", *smooth]))
    corners = f", align_corners={draw(st.booleans())}" if mode in smooth else ""
    how = draw(
        st.sampled_from(
            [
                f"scale_factor={draw(st.sampled_from([0.5, 0.7, 1.5, 2, 3]))}",
                f"size={_per_axis(draw, axes, 1, 7)}",
            ]
        )
    )
    return f"nn.Upsample({how}, mode={mode!r}{corners})"


def _norm(draw: Draw, shape: Shape) -> str:
    axes, channels = len(shape) - 2, shape[1]
    affine = draw(st.booleans())
    if axes not in {1, 2, 3}:
        return f"nn.LayerNorm({shape[-1]}, elementwise_affine={affine})"
    count = draw(st.integers(1, axes))
    return draw(
        st.sampled_from(
            [
                f"nn.BatchNorm{axes}d({channels}, affine={affine})",
                f"nn.InstanceNorm{axes}d({channels}, affine={affine})",
                f"nn.GroupNorm({_divisor(draw, channels)}, {channels}, affine={affine})",
                f"nn.LayerNorm({list(shape[-count:])}, elementwise_affine={affine})",
                f"nn.RMSNorm({list(shape[-count:])}, elementwise_affine={affine})",
                f"nn.LocalResponseNorm({draw(st.integers(1, 4))})",
            ]
        )
    )


_PLACEWISE = "ReLU ReLU6 LeakyReLU ELU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh CELU SELU"
_ACTIVATIONS = f"{_PLACEWISE} RReLU Softplus Softsign LogSigmoid Sigmoid Tanh Tanhshrink".split()


def _activation(draw: Draw, shape: Shape) -> str:
    del shape
    return f"nn.{draw(st.sampled_from(_ACTIVATIONS))}()"


def _other_layer(draw: Draw, shape: Shape) -> str:
    channels = shape[1]
    start = draw(st.integers(0, len(shape) - 1))
    choices = [
        f"nn.Linear({shape[-1]}, {draw(st.integers(1, 3))}, bias={draw(st.booleans())})",
        f"nn.Flatten({start}, {draw(st.integers(start, len(shape) - 1))})",
        f"nn.PReLU({draw(st.sampled_from([1, channels]))})",
        f"nn.Softmax(dim={_dim(draw, shape)})",
        f"nn.LogSoftmax(dim={_dim(draw, shape)})",
        f"nn.GLU(dim={_dim(draw, shape)})",
        f"nn.PixelShuffle({draw(st.integers(1, 2))})",
        f"nn.PixelUnshuffle({draw(st.integers(1, 2))})",
        f"nn.ChannelShuffle({_divisor(draw, channels)})",
        f"nn.Unfold({_per_axis(draw, 2, 1, 3)}, {_per_axis(draw, 2, 1, 2)}, "  # noqa: ISC004
        f"{_per_axis(draw, 2, 0, 1)}, {_per_axis(draw, 2, 1, 2)})",
        f"nn.Unflatten(1, ({_divisor(draw, channels)}, -1))",
        f"nn.Fold((3, 3), (2, 2), padding={draw(st.integers(0, 1))})",
    ]
    return draw(st.sampled_from(choices))


SPATIAL = (_conv, _conv, _conv_transpose, _pool, _pool, _adaptive, _pad, _upsample)
ANYWHERE = (_norm, _activation, _other_layer)


# Functions and methods: each returns an expression of v[k], of some shape.


def _slice(draw: Draw, shape: Shape, k: int) -> str:
    parts = [":"]
    for size in shape[1:]:
        start = draw(st.integers(-size, size - 1))
        stop = draw(st.integers(-size, size))
        step = draw(st.integers(1, 3))
        parts.append(
            draw(
                st.sampled_from(
                    [
                        ":",
                        f"{start}:",
                        f":{stop}",
                        f"::{step}",
                        f"{start}:{stop}:{step}",
                        str(start),
                        f"{start}:{start + 1 or ''}",
                    ]
                )
            )
        )
    kept = draw(st.integers(1, len(parts)))
    if draw(st.booleans()):
        return f"v[{k}][{', '.join(parts[:kept])}]"
    if draw(st.booleans()):
        return f"v[{k}][{', '.join(parts[:kept])}, None]"
    return f"v[{k}][..., {', '.join(parts[-kept:]) if kept < len(parts) else ':'}]"


def _reshape(draw: Draw, shape: Shape, k: int) -> str:
    axes = list(range(len(shape)))
    one, other = draw(st.sampled_from(axes)), draw(st.sampled_from(axes))
    order = (0, *draw(st.permutations(axes[1:])))
    if draw(st.integers(0, 3)) == 0:
        order = tuple(draw(st.permutations(axes)))
    left = _divisor(draw, shape[one])
    split = [*shape[:one], left, shape[one] // left, *shape[one + 1 :]]
    low = min(one, other)
    merged = [*shape[:low], -1, *shape[max(one, other) + 1 :]]
    target = draw(st.sampled_from([split, merged]))
    how = draw(st.sampled_from(["reshape", "view"]))
    return draw(
        st.sampled_from(
            [
                f"v[{k}].{how}({', '.join(map(str, target))})",
                f"v[{k}].{how}({tuple(target)})",
                f"v[{k}].permute({order})",
                f"v[{k}].permute(*{order})",
                f"v[{k}].transpose({one}, {other - len(shape)})",
                f"v[{k}].movedim({one}, {other})",
                f"torch.flatten(v[{k}], {low}, {max(one, other)})",
                f"v[{k}].unflatten({one}, ({left}, -1))",
                f"v[{k}].unsqueeze({one})",
                f"v[{k}].squeeze({one})",
                f"v[{k}].squeeze()",
                f"v[{k}].mT",
                f"v[{k}].contiguous()",
                f"torch.swapaxes(v[{k}], {one}, {other})",
            ]
        )
    )


def _repeat(draw: Draw, shape: Shape, k: int) -> str:
    times = [1] + [draw(st.integers(1, 2)) for _ in shape[1:]]
    wide = [2 if size == 1 and index else size for index, size in enumerate(shape)]
    dim = _dim(draw, shape)
    return draw(
        st.sampled_from(
            [
                f"v[{k}].repeat({', '.join(map(str, times))})",
                f"torch.tile(v[{k}], {tuple(times)})",
                f"v[{k}].expand({', '.join(map(str, wide))})",
                f"v[{k}].repeat_interleave(2, dim={dim})",
                f"torch.flip(v[{k}], [{dim}])",
                f"torch.roll(v[{k}], 1, {dim})",
                f"v[{k}].unfold({dim}, {draw(st.integers(1, 3))}, {draw(st.integers(1, 2))})",
                f"v[{k}].index_select({dim}, torch.tensor([0], device=v[{k}].device))",
            ]
        )
    )


def _reduce(draw: Draw, shape: Shape, k: int) -> str:
    dims = tuple(sorted({draw(st.integers(1, len(shape) - 1)) for _ in range(2)}))
    keep = draw(st.booleans())
    dim = _dim(draw, shape)
    name = draw(st.sampled_from(["mean", "sum", "amax", "amin", "var", "std", "logsumexp"]))
    return draw(
        st.sampled_from(
            [
                f"v[{k}].{name}(dim={dims}, keepdim={keep})",
                f"torch.{name}(v[{k}], dim={dim}, keepdim={keep})",
                f"v[{k}].max(dim={dim}, keepdim={keep})[0]",
                f"v[{k}].min({dim}).values",
                f"v[{k}].prod(dim={dim})",
                f"v[{k}].norm(dim={dim}, keepdim={keep})",
                f"F.normalize(v[{k}], dim={dim})",
                f"v[{k}].softmax({dim})",
                f"F.log_softmax(v[{k}], dim={dim})",
                f"v[{k}].cumsum(dim={dim})",
            ]
        )
    )


def _pointwise(draw: Draw, shape: Shape, k: int) -> str:
    del shape
    names = ["relu", "sigmoid", "tanh", "exp", "abs", "neg", "sqrt", "square"]
    functions = ["relu", "gelu", "silu", "elu", "leaky_relu", "softplus", "hardswish", "mish"]
    return draw(
        st.sampled_from(
            [
                f"v[{k}].{draw(st.sampled_from(names))}()",
                f"torch.{draw(st.sampled_from(names))}(v[{k}])",
                f"F.{draw(st.sampled_from(functions))}(v[{k}])",
                f"v[{k}].clamp(min=0.1)",
                f"1 - v[{k}]",
                f"v[{k}] * 2 + 1",
                f"v[{k}] ** 2",
                f"2 / v[{k}]",
                f"F.dropout(v[{k}], 0.5, False)",
                f"v[{k}].clone()",
                f"v[{k}].detach()",
                f"v[{k}].clone().mul_(2)",
                f"v[{k}].clone().relu_()",
                f"F.relu(v[{k}].clone(), inplace=True)",
            ]
        )
    )


def _parts(draw: Draw, shape: Shape, k: int) -> str:
    dim = _dim(draw, shape)
    size = shape[dim]
    cut = draw(st.integers(0, size))
    return draw(
        st.sampled_from(
            [
                f"v[{k}].chunk(2, dim={dim})[{draw(st.integers(-1, 0))}]",
                f"torch.chunk(v[{k}], 3, {dim})[0]",
                f"torch.split(v[{k}], {max(1, size // 2)}, dim={dim})[-1]",
                f"v[{k}].split([{cut}, {size - cut}], {dim})[1]",
                f"v[{k}].unbind({dim})[{draw(st.integers(-1, 0))}]",
                f"v[{k}].narrow({dim}, {min(cut, size - 1)}, {size - min(cut, size - 1)})",
                f"v[{k}].select({dim}, {draw(st.integers(-1, 0))})",
                f"torch.stack(v[{k}].unbind({dim}), {dim})",
                f"torch.cat(v[{k}].chunk(2, {dim})[::-1], {dim})",
                f"torch.cat([v[{k}], torch.zeros_like(v[{k}])], {dim})",
            ]
        )
    )


def _windows(draw: Draw, shape: Shape, k: int) -> str:
    axes = len(shape) - 2
    if axes not in {1, 2, 3}:
        return f"v[{k}].flatten(2)"
    kernel, stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pads = tuple(draw(st.integers(-1, 2)) for _ in range(2 * draw(st.integers(1, axes + 1))))
    some = tuple(max(0, each) for each in pads[: 2 * axes])
    mode = draw(st.sampled_from(["reflect", "replicate", "circular"]))
    size = tuple(draw(st.integers(1, 6)) for _ in range(axes))
    return draw(
        st.sampled_from(
            [
                f"F.max_pool{axes}d(v[{k}], {kernel}, {stride})",
                f"F.max_pool{axes}d(v[{k}], kernel_size={kernel}, stride={stride}, ceil_mode=True)",
                f"F.avg_pool{axes}d(v[{k}], {kernel}, {stride})",
                f"F.adaptive_avg_pool{axes}d(v[{k}], {size[0]})",
                f"F.adaptive_max_pool{axes}d(v[{k}], {size})",
                f"F.pad(v[{k}], {pads})",
                f"F.pad(v[{k}], {some}, mode={mode!r})",
                f"F.interpolate(v[{k}], scale_factor=2)",
                f"F.interpolate(v[{k}], size={size})",
                f"F.max_pool{axes}d(v[{k}], {kernel}, return_indices=True)[0]",
            ]
        )
    )


_UNARY = (_slice, _slice, _reshape, _reshape, _repeat, _reduce, _pointwise, _parts, _windows)


# Several values, and weights.


def _pair(draw: Draw, shapes: Sequence[Shape], k: int) -> Step:
    shape = shapes[k]
    same = [index for index, other in enumerate(shapes) if other == shape]
    like = [index for index, other in enumerate(shapes) if len(other) == len(shape)]
    other = draw(st.sampled_from(same if draw(st.booleans()) else like))
    dim = _dim(draw, shape)
    return Step(
        draw(
            st.sampled_from(
                [
                    f"v[{k}] + v[{other}]",
                    f"v[{k}] * v[{other}]",
                    f"v[{k}] - v[{other}]",
                    f"v[{k}] / v[{other}]",
                    f"torch.add(v[{k}], v[{other}], alpha=2)",
                    f"torch.maximum(v[{k}], v[{other}])",
                    f"v[{k}].clone().add_(v[{other}])",
                    f"torch.cat([v[{k}], v[{other}]], dim={dim})",
                    f"torch.cat((v[{other}], v[{k}], v[{other}]), {dim})",
                    f"torch.stack([v[{k}], v[{other}]], dim={dim})",
                    f"v[{k}] @ v[{other}].transpose(-1, -2)",
                    f"v[{k}].transpose(-1, -2) @ v[{other}]",
                    f"v[{k}] * v[{other}].mean(dim={dim}, keepdim=True)",
                    f"F.scaled_dot_product_attention(v[{k}], v[{other}], v[{other}])",
                    f"torch.where(v[{other}] > 0.5, v[{k}], v[{other}])",
                ]
            )
        )
    )


def _weighed(draw: Draw, shapes: Sequence[Shape], k: int, count: int) -> Step:
    shape = shapes[k]
    axes, channels = len(shape) - 2, shape[1] if len(shape) > 1 else 1
    out = draw(st.integers(1, 3))
    choices = [
        (f"F.linear(v[{k}], w[{count}])", ((out, shape[-1]),)),
        (f"F.linear(v[{k}], w[{count}], w[{count + 1}])", ((out, shape[-1]), (out,))),
        (f"v[{k}] + w[{count}]", (shape[1:],)),
        (f"v[{k}] * w[{count}]", ((1, *shape[1:2], *[1] * axes),)),
        (f"v[{k}] @ w[{count}]", ((shape[-1], out),)),
        (
            f"torch.cat([w[{count}].expand(v[{k}].shape[0], -1, -1), v[{k}]], 1)",
            ((1, 1, shape[-1]),),
        ),
        (f"F.layer_norm(v[{k}], {list(shape[-1:])}, w[{count}])", ((shape[-1],),)),
    ]
    if axes in {1, 2, 3}:
        groups = _divisor(draw, channels)
        weight = (groups * out, channels // groups, *[2] * axes)
        choices += [
            (
                f"F.conv{axes}d(v[{k}], w[{count}], padding=1, groups={groups})",
                (weight,),
            ),
            (
                f"F.conv_transpose{axes}d(v[{k}], w[{count}], stride=2)",
                ((channels, out, *[2] * axes),),
            ),
        ]
    expression, weights = draw(st.sampled_from(choices))
    return Step(expression, weights=weights)


def _step(draw: Draw, shapes: Sequence[Shape], weights: int) -> Step:
    last = len(shapes) - 1
    k = last if draw(st.integers(0, 2)) else draw(st.integers(0, last))
    shape = shapes[k]
    kind = draw(st.integers(0, 9))
    if len(shape) < 2:
        return Step(f"v[{k}] * 2")
    if kind < 4 and 3 <= len(shape) <= 5:
        return Step(draw(st.sampled_from(SPATIAL))(draw, shape), k)
    if kind < 5 and len(shape) > 2:
        return Step(draw(st.sampled_from(ANYWHERE))(draw, shape), k)
    if kind < 8:
        return Step(draw(st.sampled_from(_UNARY))(draw, shape, k))
    if kind < 9:
        return _pair(draw, shapes, k)
    return _weighed(draw, shapes, k, weights)


# A network on real tensors stays this small.
_MOST = 4000


def _tried(model: Drawn, step: Step, values: list[Any]) -> torch.Tensor | None:
    """Return what a step makes and keep it in the module, or None if torch refuses it."""
    try:
        model.append(step)
    except (RuntimeError, ValueError, TypeError, AssertionError):
        return None  # refused when it was built, before it was added
    try:
        with torch.no_grad():
            value: torch.Tensor = model.eval().step(len(model.steps) - 1, values)
    except (RuntimeError, ValueError, IndexError, TypeError):
        value = torch.empty(0)
    if value.is_floating_point() and 0 < value.numel() <= _MOST:
        return value
    model.pop()
    return None


@st.composite
def cases(
    draw: Draw,
    most: int = 6,
    batch_size: int = 2,
    allowed: Callable[[Step], bool] = lambda _: True,
) -> Case:
    """Draw a network and an input for it; steps that torch refuses are left out.

    Args:
        draw: Draws.
        most: The number of steps at most.
        batch_size: The number of inputs at most.
        allowed: Tells which steps may occur.
    """
    axes = draw(st.sampled_from([2, 2, 2, 1, 3]))
    longest = {1: 12, 2: 7, 3: 4}[axes]
    batch = draw(st.integers(1, batch_size))
    channels = draw(st.sampled_from([1, 2, 3, 4, 8]))
    size = (channels, *(draw(st.integers(2, longest)) for _ in range(axes)))
    model = Drawn([]).eval()
    values: list[Any] = [torch.rand(batch, *size)]
    for _ in range(draw(st.integers(1, most))):
        shapes = [tuple(value.shape) for value in values]
        step = _step(draw, shapes, len(model.weights))
        if not allowed(step):
            continue
        value = _tried(model, step, values)
        if value is not None:
            values.append(value)
    return Case(model, size, batch)
