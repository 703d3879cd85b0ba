"""Small classifiers whose ways from a map to its scores are as awkward as in real code.

All are slid over larger images: a head converts if it looks at its own window alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import nn
from torch.nn.utils import parametrizations

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[[], Any]

# The same as in models: a second thread only waits.
torch.set_num_threads(1)

Tensor = torch.Tensor
convolution, linear = partial(partial, nn.Conv2d), partial(partial, nn.Linear)


class Way(nn.Module):
    """A network whose forward is a function of itself and its input."""

    def __init__(self, forward: Callable[[Any, Tensor], Any], **layers: nn.Module) -> None:
        super().__init__()
        self.way = forward
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Any:
        return self.way(self, x)


@dataclass(frozen=True)
class Head:
    """A network, and what its conversion has to say.

    Attributes:
        make: Makes the network in eval mode, with weights that the caller has seeded.
        input_size: Channels, rows and columns of its window.
        refused: The node that a refusal names, or words of it where no node is to blame; None
            where the network converts.
        exact: Whether no window sees padding, or a cell that a ceil mode adds.
        stride: Rows and columns of pixels from one window to the next.
    """

    make: Callable[[], nn.Module]
    input_size: tuple[int, int, int]
    refused: str | None = None
    exact: bool = True
    stride: tuple[int, int] = (4, 4)


class Net(nn.Module):
    """Features, and a head from outside."""

    def __init__(
        self, features: nn.Module, call: Callable[[Any, Tensor], Any], parts: dict[str, Make]
    ) -> None:
        super().__init__()
        self.features = features
        self.call = call
        for name, part in parts.items():
            setattr(self, name, part())

    def forward(self, x: Tensor) -> Any:
        return self.call(self, self.features(x))


def settled(model: nn.Module) -> nn.Module:
    """Give every normalisation statistics and weights that do something; return in eval mode."""
    module: Any
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.PReLU):
                module.weight.uniform_(0.1, 0.6)
            elif "Norm" in type(module).__name__ and getattr(module, "weight", None) is not None:
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.3, 0.3)
            if getattr(module, "running_mean", None) is not None:
                module.running_mean.uniform_(-0.3, 0.3)
                module.running_var.uniform_(0.5, 2)
    return model.eval()


def in_layout(model: nn.Module, layout: torch.memory_format) -> nn.Module:
    """The same in another memory layout: torch's types do not know that argument alone."""
    return model.to(memory_format=layout)  # type: ignore[call-overload]


def unpadded() -> nn.Sequential:
    """A stem of stride 4 without padding: 4h + 5 rows of pixels make h rows of its map."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
    )


def head(
    call: Callable[[Any, Tensor], Any],
    size: tuple[int, int] = (5, 4),
    *,
    body: Callable[[], nn.Module] = unpadded,
    input_size: tuple[int, int, int] | None = None,
    refused: str | None = None,
    exact: bool = True,
    stride: tuple[int, int] = (4, 4),
    training: str | None = None,
    **parts: Make,
) -> Head:
    """A head on the map of a stem.

    Args:
        call: The head's forward, of the network and the map.
        size: Rows and columns of the unpadded stem's map.
        body: Makes the stem.
        input_size: The window of another stem.
        refused: The node that a refusal names, or words of it.
        exact: Whether no window sees padding.
        stride: From one window to the next.
        training: The module that is left in training mode.
        **parts: Make the head's own modules and parameters.
    """

    def make() -> nn.Module:
        net = settled(Net(body(), call, parts))
        if training is not None:
            net.get_submodule(training).train()
        return net

    here = input_size or (3, 4 * size[0] + 5, 4 * size[1] + 5)
    return Head(make, here, refused, exact, stride)


def vectors(call: Callable[[Any, Tensor], Any], **more: Any) -> Head:
    """A head on eight features of each window, which a first Linear makes."""
    return head(
        lambda net, z: call(net, net.first(z.flatten(1))), **{"first": linear(120, 8)} | more
    )


def flattened(glue: Callable[[Tensor], Tensor], features: int = 120, **more: Any) -> Head:
    """A Linear on what becomes of the map; `features` values reach it."""
    return head(lambda net, z: net.fc(glue(z)), **{"fc": linear(features, 7)} | more)


def pooled(pool: Make, size: tuple[int, int], output: int, **more: Any) -> Head:
    """A pool, a flatten and a Linear, as torchvision's networks end."""
    return head(
        lambda net, z: net.fc(torch.flatten(net.pool(z), 1)),
        size,
        pool=pool,
        fc=linear(6 * output, 7),
        **more,
    )


def parameter(*shape: int) -> Make:
    """Make a parameter."""
    return lambda: nn.Parameter(torch.randn(shape) / math.sqrt(shape[-1]))


# ── from a map to a vector ─────────────────────────────────────────────────────────────────────


def in_two_steps(net: Any, z: Tensor) -> Tensor:
    b, c, h, w = z.size()
    return net.fc(z.view(b, c, h * w).view(b, -1))


def by_the_last_sizes(net: Any, z: Tensor) -> Tensor:
    b = z.shape[0]
    return net.fc(z.reshape(b, z.numel() // b))


def through_a_view(net: Any, z: Tensor) -> Tensor:
    # The view shares the map's memory, so the mean is of the changed map.
    flat = z.view(z.size(0), -1)
    flat.clamp_(min=0.05)
    return net.fc(flat) + z.mean((2, 3)) @ net.weight


def in_parts(net: Any, z: Tensor) -> Tensor:
    first, second = z.chunk(2, dim=1)
    return net.one(first.flatten(1)) * 2 + net.two(second.flatten(1))


def shared(net: Any, z: Tensor) -> Tensor:
    return net.fc(z[:, :3].flatten(1)) - net.fc(z[:, 3:].flatten(1)).tanh()


FLATTENED = {
    "torch.flatten": flattened(lambda z: torch.flatten(z, 1)),
    "nn.Flatten": head(lambda net, z: net.fc(net.flat(z)), flat=nn.Flatten, fc=linear(120, 7)),
    "view of the batch and −1": flattened(lambda z: z.view(z.size(0), -1)),
    "view of −1 and a number": flattened(lambda z: z.view(-1, 120)),
    "view of −1 and a product": flattened(lambda z: z.view(-1, math.prod(z.shape[1:]))),
    "reshape of len": flattened(lambda z: z.reshape(len(z), -1)),
    "reshape of numel": head(by_the_last_sizes, fc=linear(120, 7)),
    "view in two steps": head(in_two_steps, fc=linear(120, 7)),
    "flatten in two steps": flattened(lambda z: z.flatten(1, 2).flatten(-2)),
    "flatten, unflatten, flatten": flattened(
        lambda z: z.flatten(1).unflatten(1, (12, 10)).flatten(1)
    ),
    "channels last, as Keras": flattened(lambda z: z.permute(0, 2, 3, 1).flatten(1)),
    "width first, as MTCNN": flattened(
        lambda z: z.permute(0, 3, 2, 1).contiguous().view(z.size(0), -1)
    ),
    "transposed twice": flattened(lambda z: z.transpose(1, 3).transpose(2, 1).flatten(1)),
    "transposed and back": flattened(
        lambda z: z.transpose(2, 3).contiguous().transpose(3, 2).reshape(len(z), -1)
    ),
    "the batch moved and back": flattened(lambda z: z.transpose(0, 1).transpose(0, 1).flatten(1)),
    "movedim": flattened(lambda z: z.movedim(1, -1).flatten(1)),
    "mirrored": flattened(lambda z: z.flip(-1).flatten(1)),
    "space to depth": flattened(lambda z: F.pixel_unshuffle(z, 2).flatten(1), 144, size=(6, 4)),
    "channels shuffled after the flatten": flattened(
        lambda z: z.flatten(2).view(len(z), 2, 3, 20).transpose(1, 2).flatten(1)
    ),
    "a body in channels_last": flattened(
        lambda z: z.flatten(1), body=lambda: in_layout(unpadded(), torch.channels_last)
    ),
    "in a Sequential": head(
        lambda net, z: net.classifier(z),
        classifier=lambda: nn.Sequential(nn.Flatten(), nn.Linear(120, 8), nn.ReLU()),
    ),
    "a contiguous copy": flattened(
        lambda z: z.permute(0, 2, 3, 1).contiguous().clone().view(-1, 120)
    ),
    "detached, in the Linear's type": head(
        lambda net, z: net.fc(z.detach().to(net.fc.weight.dtype).flatten(1)), fc=linear(120, 7)
    ),
    "Dropout between flatten and Linear": head(
        lambda net, z: net.fc(net.drop(z.flatten(1))), drop=nn.Dropout, fc=linear(120, 7)
    ),
    "ReLU between flatten and Linear": flattened(
        lambda z: F.relu(z.permute(0, 2, 3, 1).flatten(1) - 0.1)
    ),
    "in place between flatten and Linear": flattened(
        lambda z: z.flatten(1).tanh_().mul_(2).add_(1)
    ),
    "in place through a view": head(through_a_view, fc=linear(120, 7), weight=parameter(6, 7)),
    "a part of the channels": flattened(lambda z: z[:, 1:5].flatten(1), 80),
    "two parts of the channels": head(in_parts, one=linear(60, 7), two=linear(60, 7)),
    "one Linear for two parts": head(shared, fc=linear(60, 7)),
    "split and put together": flattened(
        lambda z: torch.cat([p.flatten(1) for p in z.split([1, 2, 3], 1)], dim=1)
    ),
    "a part of the vector": flattened(lambda z: z.flatten(1)[:, 20:100], 80),
    "a part of the map": flattened(lambda z: z[:, :, 1:4, 1:3].flatten(1), 36),
    "two halves of the map": flattened(lambda z: (z[..., :2] - z[..., 2:].tanh()).mean((2, 3)), 6),
    "the second half of the map": flattened(lambda z: z.chunk(2, dim=3)[1].flatten(1), 60),
    "a part and all of the vector": flattened(
        lambda z: torch.cat([z.flatten(1), z.flatten(1)[:, :30]], dim=1), 150
    ),
    "a factor for each value": head(
        lambda net, z: net.fc(net.scale * z.flatten(1)), scale=parameter(120), fc=linear(120, 7)
    ),
    "a summand for each value, three times": head(
        lambda net, z: net.fc(torch.add(z.flatten(1), net.shift, alpha=3)),
        shift=parameter(120),
        fc=linear(120, 7),
    ),
    "one cell of the map": flattened(lambda z: z[:, :, 2, 1], 6),
    "every second cell of the map": flattened(
        lambda z: z[:, :, ::2, ::2].flatten(1), 36, size=(5, 3), stride=(8, 8)
    ),
    "every second cell from the second on": flattened(
        lambda z: z[:, :, 1::2, 1::2].flatten(1), 24, size=(5, 4), stride=(8, 8)
    ),
    "without a bias": head(
        lambda net, z: net.fc(z.flatten(1)), fc=partial(nn.Linear, 120, 7, bias=False)
    ),
    "a rectangle with pixels left": flattened(lambda z: z.flatten(1), 90, input_size=(3, 20, 28)),
}

# ── from a map to one cell ─────────────────────────────────────────────────────────────────────


def summed_by_hand(net: Any, z: Tensor) -> Tensor:
    h, w = z.shape[-2:]
    return net.fc(z.sum((2, 3)) / (h * w))


def generalised_mean(net: Any, z: Tensor) -> Tensor:
    p = net.power.exp()
    return net.fc(F.avg_pool2d(z.clamp(min=1e-3).pow(p), z.shape[2:]).pow(1 / p).flatten(1))


def two_pools(net: Any, z: Tensor) -> Tensor:
    return net.fc(torch.cat([z.mean((2, 3)), z.amax((2, 3)), net.pool(z).flatten(1)], dim=-1))


def of_two_depths(net: Any, z: Tensor) -> Tensor:
    deep = F.max_pool2d(z, 2)
    return net.fc(torch.cat([z.mean((2, 3)), deep.mean((2, 3))], dim=1))


def squeezed_maps(call: Callable[[Any, Tensor], Any]) -> Head:
    """A head on maps of one cell, which a convolution of the map's own size makes."""
    return head(
        lambda net, z: call(net, F.relu(net.conv(z))),
        conv=convolution(6, 8, (5, 4)),
        fc=linear(8, 7),
    )


POOLED = {
    "AdaptiveAvgPool2d(1)": pooled(partial(nn.AdaptiveAvgPool2d, 1), (5, 4), 1),
    "F.adaptive_avg_pool2d": flattened(lambda z: F.adaptive_avg_pool2d(z, (1, 1))[:, :, 0, 0], 6),
    "mean((2, 3))": flattened(lambda z: z.mean((2, 3)), 6),
    "mean([-2, -1])": flattened(lambda z: torch.mean(z, [-2, -1]), 6),
    "mean with keepdim": flattened(lambda z: z.mean((2, 3), keepdim=True).flatten(1), 6),
    "mean(-1).mean(-1)": flattened(lambda z: z.mean(-1).mean(-1), 6),
    "mean of a flattened map": flattened(lambda z: z.flatten(2).mean(2), 6),
    "mean of the rows alone": flattened(lambda z: z.mean(2).flatten(1), 24),
    "sum by hand": head(summed_by_hand, fc=linear(6, 7)),
    "F.avg_pool2d of z.shape[2:]": flattened(
        lambda z: F.avg_pool2d(z, z.shape[2:]).view(z.size(0), -1), 6
    ),
    "F.avg_pool2d of z.shape[-1]": flattened(
        lambda z: F.avg_pool2d(z, z.shape[-1]).squeeze(-1).squeeze(-1), 6, size=(5, 5)
    ),
    "AvgPool2d of the map's size": pooled(partial(nn.AvgPool2d, (5, 4)), (5, 4), 1),
    "AvgPool2d of stride 1": pooled(partial(nn.AvgPool2d, (5, 4), stride=1), (5, 4), 1),
    "MaxPool2d of the map's size": pooled(partial(nn.MaxPool2d, (5, 4)), (5, 4), 1),
    "AdaptiveMaxPool2d(1)": pooled(partial(nn.AdaptiveMaxPool2d, 1), (5, 4), 1),
    "amax((2, 3))": flattened(lambda z: z.amax((2, 3)), 6),
    "max of a flattened map": flattened(lambda z: z.flatten(2).max(-1).values, 6),
    "LPPool2d": head(
        lambda net, z: net.fc(net.pool(z).flatten(1)),
        (6, 4),
        pool=partial(nn.LPPool2d, 2, 2),
        fc=linear(36, 7),
        stride=(8, 8),
    ),
    "LPPool2d that hangs over": pooled(partial(nn.LPPool2d, 4, 7, ceil_mode=True), (5, 4), 1),
    "LPPool2d of the map's size": pooled(partial(nn.LPPool2d, 2, (5, 4)), (5, 4), 1),
    "a generalised mean": head(generalised_mean, fc=linear(6, 7), power=parameter(1)),
    "AdaptiveAvgPool2d, the map's size": pooled(partial(nn.AdaptiveAvgPool2d, (5, 4)), (5, 4), 20),
    "AdaptiveAvgPool2d, 6 × 4 to 2": pooled(partial(nn.AdaptiveAvgPool2d, 2), (6, 4), 4),
    "AdaptiveAvgPool2d, 6 to 3": pooled(partial(nn.AdaptiveAvgPool2d, 3), (6, 6), 9),
    "AdaptiveAvgPool2d, rows kept": pooled(partial(nn.AdaptiveAvgPool2d, (None, 1)), (5, 4), 5),
    "AdaptiveAvgPool2d, 5 to 2": pooled(partial(nn.AdaptiveAvgPool2d, 2), (5, 5), 4),
    "AdaptiveAvgPool2d, 7 to 3": pooled(partial(nn.AdaptiveAvgPool2d, 3), (7, 7), 9),
    "AdaptiveAvgPool2d, 3 to 5": pooled(partial(nn.AdaptiveAvgPool2d, 5), (3, 3), 25),
    "AdaptiveAvgPool2d, 5 × 4 to 2": pooled(partial(nn.AdaptiveAvgPool2d, 2), (5, 4), 4),
    "AdaptiveMaxPool2d, 6 × 4 to 2": pooled(partial(nn.AdaptiveMaxPool2d, 2), (6, 4), 4),
    "ReLU after an adaptive pool": head(
        lambda net, z: net.fc(F.relu(net.norm(net.pool(z))).flatten(1)),
        (6, 4),
        pool=partial(nn.AdaptiveAvgPool2d, 2),
        norm=partial(nn.BatchNorm2d, 6),
        fc=linear(24, 7),
    ),
    "Conv2d after an adaptive pool": head(
        lambda net, z: net.fc(net.conv(net.pool(z)).flatten(1)),
        (6, 6),
        pool=partial(nn.AdaptiveAvgPool2d, 3),
        conv=convolution(6, 5, 2),
        fc=linear(20, 7),
    ),
    "channels last after an adaptive pool": head(
        lambda net, z: net.fc(net.pool(z).permute(0, 2, 3, 1).flatten(1)),
        (5, 4),
        pool=partial(nn.AdaptiveAvgPool2d, 2),
        fc=linear(24, 7),
    ),
    "convolutions behind the pool": head(
        lambda net, z: net.two(F.relu(net.one(z.mean((2, 3), keepdim=True)))).flatten(1),
        one=convolution(6, 8, 1),
        two=convolution(8, 7, 1),
    ),
    "classes before the pool, as SqueezeNet": head(
        lambda net, z: torch.flatten(net.pool(F.relu(net.conv(z))), 1),
        conv=convolution(6, 7, 1),
        pool=partial(nn.AdaptiveAvgPool2d, (1, 1)),
    ),
    "scores as a map of one cell": head(
        lambda net, z: net.conv(z).softmax(dim=1), conv=convolution(6, 7, (5, 4))
    ),
    "a vector made a map of one cell": head(
        lambda net, z: net.conv(net.fc(z.flatten(1)).view(len(z), 8, 1, 1)).flatten(1),
        fc=linear(120, 8),
        conv=convolution(8, 7, 1),
    ),
    "[..., 0, 0]": squeezed_maps(lambda net, z: net.fc(z[..., 0, 0])),
    "[:, :, 0, 0]": squeezed_maps(lambda net, z: net.fc(z[:, :, 0, 0])),
    "squeeze(-1).squeeze(-1)": squeezed_maps(lambda net, z: net.fc(z.squeeze(-1).squeeze(-1))),
    "squeeze((2, 3))": squeezed_maps(lambda net, z: net.fc(z.squeeze((2, 3)))),
    "squeeze of all": squeezed_maps(lambda net, z: net.fc(z.squeeze())),
    "mean of one cell": squeezed_maps(lambda net, z: net.fc(z.mean(-1).mean(-1))),
    "pools of two kinds": head(
        two_pools, (6, 4), pool=partial(nn.AdaptiveMaxPool2d, 2), fc=linear(36, 7)
    ),
    "pools of two depths": head(of_two_depths, (6, 4), fc=linear(12, 7), stride=(8, 8)),
}

# ── what a map goes through before ─────────────────────────────────────────────────────────────


def inception(net: Any, z: Tensor) -> Tensor:
    branches = [net.one(z)[:, :, 1:-1, 1:-1], net.three(z), F.max_pool2d(z, 3, stride=1)]
    return net.fc(torch.cat(branches, dim=1).flatten(1))


def residual_of_crops(net: Any, z: Tensor) -> Tensor:
    return net.fc((z[:, :, 1:-1, 1:-1] + net.conv(z)).flatten(1))


def residual_of_computed_crops(net: Any, z: Tensor) -> Tensor:
    y = net.conv(z)
    rows, columns = ((z.shape[axis] - y.shape[axis]) // 2 for axis in (2, 3))
    crop = z[:, :, rows : rows + y.shape[2]].narrow(3, columns, y.shape[3])
    return net.fc(F.relu(net.conv(crop + y)).flatten(1))


def residual_of_negative_padding(net: Any, z: Tensor) -> Tensor:
    return net.fc((F.pad(z, (-1, -1, -1, -1)) + net.conv(z)).flatten(1))


def differences(net: Any, z: Tensor) -> Tensor:
    return net.fc((z[:, :, 1:, 1:] - z[:, :, :-1, :-1]).abs().mean((2, 3)))


def with_a_channel_of_ones(net: Any, z: Tensor) -> Tensor:
    return net.fc(net.conv(torch.cat([z, torch.ones_like(z[:, :1])], dim=1)).flatten(1))


def channel_shuffle(net: Any, z: Tensor) -> Tensor:
    b, c, h, w = z.size()
    z = z.view(b, 2, c // 2, h, w).transpose(1, 2).contiguous().view(b, c, h, w)
    return net.fc(net.conv(z).flatten(1))


def convnext(net: Any, z: Tensor) -> Tensor:
    y = net.wide(net.norm(net.depthwise(z).permute(0, 2, 3, 1)))
    y = net.scale * net.narrow(F.gelu(y))
    return net.fc((z[:, :, 1:-1, 1:-1] + y.permute(0, 3, 1, 2)).mean([-2, -1]))


def gates_over_places(net: Any, z: Tensor) -> Tensor:
    gates = torch.cat([z.mean(1, keepdim=True), z.amax(1, keepdim=True)], dim=1)
    return net.fc((z * net.conv(gates).sigmoid()).flatten(1))


def of_two_layers(net: Any, z: Tensor) -> Tensor:
    deep = net.conv(z)
    return net.fc(torch.cat([z.flatten(1), deep.flatten(1)], dim=1))


def of_two_strides(net: Any, z: Tensor) -> Tensor:
    deep = F.max_pool2d(z, 2)
    return net.fc(torch.cat([z.flatten(1), deep.flatten(1)], dim=1))


def tokens(net: Any, z: Tensor) -> Tensor:
    return net.fc(net.norm(z.flatten(2).transpose(1, 2))).mean(dim=1)


def cropped_padding(net: Any, z: Tensor) -> Tensor:
    return net.fc(net.conv(z)[:, :, 1:-1, 1:-1].flatten(1))


def stem(*layers: Make, features: int, **more: Any) -> Head:
    """Another stem, flattened; `features` values reach the Linear."""
    return head(
        lambda net, z: net.fc(z.flatten(1)),
        body=lambda: nn.Sequential(*(layer() for layer in layers)),
        fc=linear(features, 7),
        **more,
    )


relu, pool = nn.ReLU, partial(nn.MaxPool2d, 2)

BODIES = {
    "grouped convolutions and LRN": stem(
        convolution(3, 4, 5, stride=2),
        relu,
        partial(nn.LocalResponseNorm, 3, alpha=0.5),
        partial(nn.MaxPool2d, 3, stride=2),
        convolution(4, 6, 3, groups=2),
        features=6 * 3 * 2,
        input_size=(3, 25, 21),
    ),
    "strides that differ by axis": stem(
        convolution(3, 4, (3, 5), stride=(2, 1), dilation=(1, 2)),
        relu,
        partial(nn.MaxPool2d, (2, 3), stride=(1, 3)),
        features=4 * 6 * 4,
        input_size=(3, 15, 20),
        stride=(2, 3),
    ),
    "a dilated pool and separable convolutions": stem(
        convolution(3, 3, 3, groups=3, bias=False),
        convolution(3, 6, 1),
        nn.Hardswish,
        partial(nn.MaxPool2d, 2, stride=2, dilation=2),
        convolution(6, 6, 3, groups=6),
        nn.SiLU,
        features=6 * 4 * 3,
        input_size=(3, 15, 13),
        stride=(2, 2),
    ),
    "average pools between convolutions": stem(
        convolution(3, 4, 3),
        partial(nn.AvgPool2d, 2),
        nn.Tanh,
        convolution(4, 6, 3),
        nn.Sigmoid,
        partial(nn.AvgPool2d, 2),
        features=6 * 3 * 2,
        input_size=(3, 18, 14),
    ),
    "Dropout2d and PReLU in the body": stem(
        convolution(3, 4, 3, stride=2),
        partial(nn.PReLU, 4),
        nn.Dropout2d,
        convolution(4, 6, 3, stride=2),
        nn.PReLU,
        features=6 * 4 * 3,
        input_size=(3, 19, 15),
    ),
    "LeNet-5": stem(
        convolution(1, 4, 5),
        relu,
        pool,
        convolution(4, 6, 5),
        relu,
        pool,
        features=6 * 3 * 2,
        input_size=(1, 24, 20),
    ),
    "InstanceNorm2d with running statistics": stem(
        convolution(3, 4, 3, stride=4),
        partial(nn.InstanceNorm2d, 4, affine=True, track_running_stats=True),
        features=4 * 4 * 3,
        input_size=(3, 15, 11),
    ),
    "pixels left at every layer": stem(
        convolution(3, 4, 3, stride=2), pool, features=4 * 4 * 4, input_size=(3, 18, 20)
    ),
    "branches put together": head(
        inception, one=convolution(6, 3, 1), three=convolution(6, 4, 3), fc=linear(13 * 6, 7)
    ),
    "a residual with a crop": head(residual_of_crops, conv=convolution(6, 6, 3), fc=linear(36, 7)),
    "a residual with a crop of computed size": head(
        residual_of_computed_crops, (6, 5), conv=convolution(6, 6, 3), fc=linear(12, 7)
    ),
    "a residual with negative padding": head(
        residual_of_negative_padding, conv=convolution(6, 6, 3), fc=linear(36, 7)
    ),
    "differences of neighbours": head(differences, fc=linear(6, 7)),
    "a channel of ones": head(
        with_a_channel_of_ones, conv=convolution(7, 4, 2), fc=linear(4 * 4 * 3, 7)
    ),
    "masked": flattened(lambda z: z.masked_fill(z < 0.1, 0.0).flatten(1)),
    "a pool that also tells where": flattened(
        lambda z: F.max_pool2d(z, 2, stride=1, return_indices=True)[0].flatten(1), 72
    ),
    "a shuffle of channels": head(
        channel_shuffle, conv=convolution(6, 4, 2, groups=2), fc=linear(48, 7)
    ),
    "a block of ConvNeXt": head(
        convnext,
        depthwise=convolution(6, 6, 3, groups=6),
        norm=partial(nn.LayerNorm, 6),
        wide=linear(6, 12),
        narrow=linear(12, 6),
        scale=parameter(6),
        fc=linear(6, 7),
    ),
    "gates over places, of channels": head(
        gates_over_places, conv=convolution(2, 1, 1), fc=linear(120, 7)
    ),
    "a convolution of a part of the map": head(
        lambda net, z: net.fc(net.conv(z[:, :, :4, -3:]).flatten(1)),
        conv=convolution(6, 4, 2),
        fc=linear(24, 7),
    ),
    "channels in another order": head(
        lambda net, z: net.fc(net.conv(z.flip(1).roll(1, 1)).flatten(1)),
        conv=convolution(6, 4, 2, groups=2),
        fc=linear(48, 7),
    ),
    "axes exchanged for a while": flattened(
        lambda z: z.transpose(2, 3).relu().transpose(2, 3).flatten(1)
    ),
    "softmax over channels": flattened(lambda z: z.softmax(dim=1).flatten(1)),
    "a scale of each channel": head(
        lambda net, z: net.fc((z * net.scale + net.shift).flatten(1)),
        scale=parameter(1, 6, 1, 1),
        shift=parameter(6, 1, 1),
        fc=linear(120, 7),
    ),
    "an image normalised inside": head(
        lambda net, x: net.fc(net.stem((x - net.mean) / net.deviation).flatten(1)),
        body=nn.Identity,
        mean=parameter(3, 1, 1),
        deviation=lambda: nn.Parameter(torch.tensor([0.5, 1.0, 2.0]).view(1, 3, 1, 1)),
        stem=unpadded,
        fc=linear(120, 7),
    ),
    "tokens classified, then averaged": head(
        tokens, norm=partial(nn.LayerNorm, 6), fc=linear(6, 7)
    ),
    "a Linear on two layers, as DeepID": head(
        of_two_layers, conv=convolution(6, 6, 3), fc=linear(120 + 36, 7)
    ),
    "a Linear on layers of two strides": head(
        of_two_strides, (6, 4), fc=linear(144 + 36, 7), stride=(8, 8)
    ),
    "padding that a crop removes": head(
        cropped_padding, conv=convolution(6, 6, 3, padding=1), fc=linear(36, 7)
    ),
    "padding that no window sees": stem(
        convolution(3, 4, 3),
        partial(nn.ZeroPad2d, (0, 1, 0, 1)),
        pool,
        features=4 * 5 * 4,
        input_size=(3, 12, 10),
        stride=(2, 2),
    ),
    "a ceil mode that adds no cell": stem(
        convolution(3, 4, 3, stride=2),
        partial(nn.MaxPool2d, 2, ceil_mode=True),
        features=4 * 6 * 5,
        input_size=(3, 25, 21),
    ),
    "a ceil mode that adds cells": stem(
        convolution(3, 4, 3, stride=2),
        relu,
        partial(nn.MaxPool2d, 2, ceil_mode=True),
        features=4 * 7 * 6,
        input_size=(3, 27, 23),
        exact=False,
    ),
    "padded, as VGG": stem(
        convolution(3, 4, 3, padding=1),
        relu,
        pool,
        convolution(4, 6, 3, padding="same"),
        relu,
        pool,
        features=6 * 6 * 5,
        input_size=(3, 24, 20),
        exact=False,
    ),
    "padded around": stem(
        convolution(3, 4, 3, stride=2, padding=1, padding_mode="circular"),
        pool,
        features=4 * 6 * 5,
        input_size=(3, 24, 20),
        exact=False,
    ),
    "padded by a layer": stem(
        partial(nn.ReflectionPad2d, (1, 0, 2, 0)),
        convolution(3, 4, 3, stride=2),
        pool,
        features=4 * 6 * 5,
        input_size=(3, 24, 20),
        exact=False,
    ),
    "padded at the top alone": stem(
        partial(nn.ZeroPad2d, (0, 0, 2, 0)),
        convolution(3, 4, 3, stride=2),
        pool,
        features=4 * 6 * 5,
        input_size=(3, 23, 21),
        exact=False,
    ),
    "an average pool that counts no padding": stem(
        convolution(3, 4, 3, stride=2),
        partial(nn.AvgPool2d, 3, stride=2, padding=1, count_include_pad=False),
        features=4 * 6 * 5,
        input_size=(3, 25, 21),
        exact=False,
    ),
    "a padded residual, as ResNet": head(
        lambda net, z: net.fc(F.relu(z + net.norm(net.conv(z))).mean((2, 3))),
        conv=partial(nn.Conv2d, 6, 6, 3, padding=1, bias=False),
        norm=partial(nn.BatchNorm2d, 6),
        fc=linear(6, 7),
        exact=False,
    ),
}

# ── what a vector goes through ─────────────────────────────────────────────────────────────────


def normed(parametrized: Make) -> Make:
    """Make a Linear whose weight is made of others."""
    return lambda: parametrizations.weight_norm(parametrized())


def gated(net: Any, v: Tensor) -> Tensor:
    values, gates = v.chunk(2, dim=-1)
    return net.fc(values * gates.sigmoid())


def in_a_loop(net: Any, v: Tensor) -> Tensor:
    for layer in net.layers:
        v = v + F.relu(layer(v))
    return v


def distances(net: Any, v: Tensor) -> Tensor:
    return -(v.unsqueeze(1) - net.centres).pow(2).sum(dim=-1)


def standardised(net: Any, v: Tensor) -> Tensor:
    return net.fc((v - v.mean(-1, keepdim=True)) / (v.std(dim=-1, keepdim=True) + 0.1))


def two_choices(net: Any, v: Tensor) -> Tensor:
    scores = net.fc(v)
    return torch.where(scores > 0, scores, 0.1 * scores)


def constants(net: Any, v: Tensor) -> Tensor:
    ones = v.new_ones(v.size(0), 1)
    return net.fc(torch.cat([v + torch.zeros(len(v), 8, device=v.device), ones], dim=1))


def outer(net: Any, v: Tensor) -> Tensor:
    return net.fc((v.unsqueeze(2) * v.unsqueeze(1)).flatten(1))


def ensemble(net: Any, v: Tensor) -> Tensor:
    return torch.stack([each(v) for each in net.heads]).mean(dim=0)


def some(count: int, inputs: int, outputs: int) -> Make:
    """Make a list of Linears."""
    return lambda: nn.ModuleList(nn.Linear(inputs, outputs) for _ in range(count))


VECTORS = {
    "three Linears": vectors(
        lambda net, v: net.rest(v),
        rest=lambda: nn.Sequential(
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(8, 6),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(6, 5),
        ),
    ),
    "one Linear twice": vectors(lambda net, v: net.fc(F.relu(net.fc(v))), fc=linear(8, 8)),
    "BatchNorm1d after a Linear": vectors(
        lambda net, v: net.fc(F.relu(net.norm(v))), norm=partial(nn.BatchNorm1d, 8), fc=linear(8, 5)
    ),
    "BatchNorm1d between flatten and Linear": head(
        lambda net, z: net.fc(net.norm(z.flatten(1))),
        norm=partial(nn.BatchNorm1d, 120),
        fc=linear(120, 7),
    ),
    "BatchNorm1d behind a global pool": head(
        lambda net, z: net.fc(F.relu(net.norm(z.mean((2, 3))))),
        norm=partial(nn.BatchNorm1d, 6),
        fc=linear(6, 7),
    ),
    "PReLU of each feature": vectors(lambda net, v: net.act(v), act=partial(nn.PReLU, 8)),
    "PReLU": vectors(lambda net, v: net.act(v), act=nn.PReLU),
    "Softmax(-1)": vectors(lambda net, v: net.act(v), act=partial(nn.Softmax, dim=-1)),
    "LogSoftmax(1)": vectors(lambda net, v: net.act(v), act=partial(nn.LogSoftmax, dim=1)),
    "F.softmax": vectors(lambda _, v: F.softmax(v, dim=1)),
    "log_softmax": vectors(lambda _, v: v.log_softmax(-1)),
    "cat(-1)": vectors(
        lambda net, v: net.fc(torch.cat([v, net.other(v).tanh()], dim=-1)),
        other=linear(8, 3),
        fc=linear(11, 5),
    ),
    "cat(1)": vectors(lambda _, v: torch.cat((v.relu(), -v), 1)),
    "LayerNorm": vectors(
        lambda net, v: net.fc(net.norm(v)), norm=partial(nn.LayerNorm, 8), fc=linear(8, 5)
    ),
    "F.normalize": vectors(lambda _, v: F.normalize(v, dim=1)),
    "F.normalize(-1)": vectors(lambda _, v: F.normalize(v, p=1, dim=-1)),
    "divided by its norm": vectors(lambda _, v: v / v.norm(dim=-1, keepdim=True)),
    "divided by torch.linalg's norm": vectors(
        lambda _, v: v / torch.linalg.vector_norm(v, dim=1, keepdim=True)
    ),
    "standardised": vectors(standardised, fc=linear(8, 5)),
    "times a parameter": vectors(
        lambda net, v: v * net.scale + net.shift, scale=parameter(8), shift=parameter(8)
    ),
    "a residual": vectors(lambda net, v: v + net.fc(F.gelu(v)), fc=linear(8, 8)),
    "gated": vectors(gated, fc=linear(4, 5)),
    "F.glu": vectors(lambda _, v: F.glu(v, dim=-1)),
    "a part": vectors(lambda net, v: net.fc(v[:, 2:7]), fc=linear(5, 5)),
    "a part, with an ellipsis": vectors(lambda net, v: net.fc(v[..., :5]), fc=linear(5, 5)),
    "one feature, with an ellipsis": vectors(lambda _, v: v[..., 3]),
    "F.dropout": vectors(lambda net, v: F.dropout(v, training=net.training)),
    "cumsum over the features": vectors(lambda _, v: v.softmax(-1).cumsum(dim=-1)),
    "constants": vectors(constants, fc=linear(9, 5)),
    "an outer product": vectors(outer, fc=linear(64, 5)),
    "gates of features, squeezed and excited": vectors(
        lambda net, v: v * net.up(F.relu(net.down(v))).sigmoid(), down=linear(8, 3), up=linear(3, 8)
    ),
    "unary functions": vectors(lambda _, v: (v.tanh() * 2 + 1).clamp(-0.9, 2.5).exp().sqrt()),
    "one of two": vectors(two_choices, fc=linear(8, 5)),
    "argmax": vectors(lambda _, v: v.argmax(dim=-1)),
    "logsumexp": vectors(lambda _, v: torch.logsumexp(v, dim=1)),
    "the largest": vectors(lambda _, v: v.max(dim=1).values),
    "the largest two and where": vectors(lambda _, v: tuple(v.topk(2, dim=-1))),
    "quantile": vectors(lambda _, v: torch.quantile(v, 0.3, dim=1)),
    "sorted": vectors(lambda _, v: v.sort(dim=-1).values),
    "one score without its axis": vectors(
        lambda net, v: net.fc(v).sigmoid().squeeze(-1), fc=linear(8, 1)
    ),
    "maxout": vectors(lambda _, v: v.view(-1, 4, 2).max(dim=-1).values),
    "softmax of groups": vectors(lambda _, v: v.view(-1, 2, 4).softmax(dim=-1)),
    "cosines": vectors(
        lambda net, v: F.cosine_similarity(v.unsqueeze(1), net.centres, dim=-1),
        centres=parameter(5, 8),
    ),
    "distances to centres": vectors(distances, centres=parameter(5, 8)),
    "weight_norm": vectors(
        lambda net, v: net.fc(v), first=normed(linear(120, 8)), fc=normed(linear(8, 5))
    ),
    "F.linear": head(
        lambda net, z: F.linear(z.flatten(1), net.weight, net.bias),
        weight=parameter(7, 120),
        bias=parameter(7),
    ),
    "F.linear of unit weights": vectors(
        lambda net, v: 5 * F.linear(F.normalize(v), F.normalize(net.weight)), weight=parameter(5, 8)
    ),
    "@ weight.T + bias": head(
        lambda net, z: z.flatten(1) @ net.weight.T + net.bias,
        weight=parameter(7, 120),
        bias=parameter(7),
    ),
    "@ weight": vectors(lambda net, v: v @ net.weight, weight=parameter(8, 5)),
    "addmm": head(
        lambda net, z: torch.addmm(net.bias, z.flatten(1), net.weight.t()),
        weight=parameter(7, 120),
        bias=parameter(7),
    ),
    "mm": vectors(lambda net, v: torch.mm(v, net.weight), weight=parameter(8, 5)),
    "einsum": vectors(
        lambda net, v: torch.einsum("nf,kf->nk", v, net.weight), weight=parameter(5, 8)
    ),
    "a list of heads": vectors(
        lambda net, v: torch.cat([each(v) for each in net.heads], dim=1), heads=some(3, 8, 4)
    ),
    "Bilinear": vectors(lambda net, v: net.fc(v, v.tanh()), fc=partial(nn.Bilinear, 8, 8, 5)),
    "stacked heads": vectors(
        lambda net, v: torch.stack([each(v) for each in net.heads], dim=1), heads=some(3, 8, 4)
    ),
    "a mean of heads": vectors(ensemble, heads=some(3, 8, 4)),
    "a sum of heads": vectors(
        lambda net, v: sum(each(v) for each in net.heads) / 3, heads=some(3, 8, 4)
    ),
    "a loop over layers": vectors(in_a_loop, layers=some(3, 8, 8)),
}

# ── what comes out, and what the code looks at ─────────────────────────────────────────────────


class Answer(NamedTuple):
    """What a detector says."""

    box: Tensor
    scores: Tensor


def by_shape(net: Any, z: Tensor) -> Tensor:
    return net.fc(z.flatten(1)) if z.shape[-1] > 3 else z.mean((2, 3))


def asserted(net: Any, z: Tensor) -> Tensor:
    _b, _c, h, _w = z.size()
    assert h == 5, "made for five rows"
    assert z.shape[-1] == 4
    return net.fc(z.flatten(1))


def of_any_rank(net: Any, z: Tensor) -> Tensor:
    return net.fc(z.reshape(z.shape[0], -1) if len(z.shape) == 4 and z.dim() > 2 else z)


def box_and_scores(net: Any, z: Tensor) -> tuple[Tensor, Tensor]:
    v = net.first(z.flatten(1)).relu()
    return net.box(v), net.scores(v).softmax(-1)


def hooked(*places: str) -> Callable[[], nn.Module]:
    """Make a stem whose layers' results are doubled by hooks, or what they take."""

    def make() -> nn.Module:
        stem = unpadded()
        for place in places:
            kind, number = place.split()
            if kind == "after":
                stem[int(number)].register_forward_hook(lambda _layer, _taken, made: made * 2)
            else:
                stem[int(number)].register_forward_pre_hook(lambda _layer, taken: taken[0] * 2)
        return stem

    return make


def random_noise(net: Any, z: Tensor) -> Tensor:
    return net.fc((z + torch.rand(1, dtype=z.dtype, device=z.device)).flatten(1))


# Operators whose functions bear other names, constants, parts of maps, and repeated values.
ODDITIES = {
    "a power": flattened(lambda z: (z**2).flatten(1)),
    "a number to the power": flattened(lambda z: (2**z).flatten(1)),
    "the larger of it and zeros_like": flattened(
        lambda z: torch.maximum(z, torch.zeros_like(z)).flatten(1)
    ),
    "where, and zeros_like": flattened(
        lambda z: torch.where(z > 0.1, z, torch.zeros_like(z)).flatten(1)
    ),
    "times new_full": flattened(lambda z: (z * z.new_full((1, 6, 1, 1), 2.0)).flatten(1)),
    "times new_tensor": flattened(
        lambda z: (z * z.new_tensor(range(6)).view(1, 6, 1, 1)).flatten(1)
    ),
    "plus new_zeros": vectors(lambda _, v: v + v.new_zeros(v.shape)),
    "channels by a list": flattened(lambda z: z[:, [5, 0, 0, 2, 1, 3]].tanh().flatten(1)),
    "channels by a tensor": flattened(
        lambda z: z[:, torch.tensor([5, 0, 0, 2, 1, 3], device=z.device)].flatten(1)
    ),
    "features by a list": vectors(lambda _, v: v[:, [7, 0, 0]]),
    "a channel repeated": flattened(lambda z: z[:, :1].repeat(1, 6, 1, 1).flatten(1)),
    "a channel expanded, and convolved": head(
        lambda net, z: net.fc(net.conv(z[:, 1:2].expand(-1, 6, -1, -1)).flatten(1)),
        conv=convolution(6, 6, 2),
        fc=linear(72, 7),
    ),
    "repeat_interleave of the channels": flattened(
        lambda z: z[:, :3].repeat_interleave(2, 1).flatten(1)
    ),
    "a map repeated downwards": flattened(lambda z: z.repeat(1, 1, 2, 1).flatten(1), 240),
    "a vector repeated": vectors(lambda net, v: net.fc(v.repeat(1, 3)), fc=linear(24, 5)),
    "a vector over a map": head(
        lambda net, z: net.fc(z.mean((2, 3), keepdim=True).expand_as(z).flatten(1)),
        fc=linear(120, 7),
    ),
    "a channel gates the map": flattened(lambda z: (z * z[:, :1].sigmoid()).flatten(1)),
    "softmax over a part of the channels": flattened(lambda z: z[:, 2:5].softmax(1).flatten(1), 60),
    "new axes of a vector": vectors(lambda _, v: v[:, None, 2:5, None].flatten(1)),
    "a vector as a map, cut": vectors(lambda _, v: v.view(-1, 1, 8, 1)[:, :, 1:4].flatten(1)),
    "constants before a map's channels": head(
        lambda net, z: net.fc(
            net.conv(torch.cat([net.token.view(1, 2, 1, 1).expand(len(z), 2, *z.shape[2:]), z], 1))
        ).flatten(1),
        token=parameter(2),
        conv=convolution(8, 4, (5, 4)),
        fc=convolution(4, 7, 1),
    ),
    "a one beside a flattened map": flattened(
        lambda z: torch.cat([z.flatten(1), z.new_ones(len(z), 1)], 1), 121
    ),
    "numbers beside a flattened map": head(
        lambda net, z: net.fc(torch.cat([net.token.expand(len(z), 3), z.flatten(1)], 1).relu()),
        token=parameter(3),
        fc=linear(123, 7),
    ),
    "constants between vectors": vectors(
        lambda net, v: net.fc(torch.cat([v, net.token.expand(len(v), -1), v.tanh()], 1)),
        token=parameter(3),
        fc=linear(19, 5),
    ),
    "a constant stacked": vectors(
        lambda net, v: torch.stack([net.token.expand_as(v), v], 1).amax(1), token=parameter(8)
    ),
    "a hook after a layer": head(
        lambda net, z: net.fc(z.flatten(1)), body=hooked("after 0", "after 5"), fc=linear(120, 7)
    ),
    "a hook before a layer": head(
        lambda net, z: net.fc(z.flatten(1)), body=hooked("before 3", "before 5"), fc=linear(120, 7)
    ),
    "names of fx": head(
        lambda net, z: net.graph(net.meta(z * net.code).flatten(1)),
        meta=convolution(6, 6, 2),
        code=parameter(6, 1, 1),
        graph=linear(72, 7),
    ),
    "named tuples in a list": head(
        lambda net, z: [Answer(*box_and_scores(net, z))],
        first=linear(120, 8),
        box=linear(8, 4),
        scores=linear(8, 2),
    ),
}

OUTPUTS = {
    "two heads of one map": head(
        lambda net, z: (net.box(z.flatten(1)), net.scores(z.permute(0, 2, 3, 1).flatten(1))),
        box=linear(120, 4),
        scores=linear(120, 2),
    ),
    "a tuple": head(box_and_scores, first=linear(120, 8), box=linear(8, 4), scores=linear(8, 2)),
    "a list of classes and of features": vectors(lambda net, v: [net.fc(v), v], fc=linear(8, 5)),
    "a named tuple": head(
        lambda net, z: Answer(*box_and_scores(net, z)),
        first=linear(120, 8),
        box=linear(8, 4),
        scores=linear(8, 2),
    ),
    "a dict": vectors(
        lambda net, v: {"scores": net.fc(v), "class": net.fc(v).argmax(1)}, fc=linear(8, 5)
    ),
    "a dict of tuples": head(
        lambda net, z: {
            "face": box_and_scores(net, z),
            "all": {"pooled": z.mean((2, 3)), "largest": (z.amax((2, 3)),)},
        },
        first=linear(120, 8),
        box=linear(8, 4),
        scores=linear(8, 2),
    ),
    "a branch on the shape": head(by_shape, fc=linear(120, 7)),
    "an assert on the shape": head(asserted, fc=linear(120, 7)),
    "the length of the shape": head(of_any_rank, fc=linear(120, 7)),
}

# ── what depends on more than one window, or on a place in it ──────────────────────────────────


def squeeze_and_excitation(net: Any, z: Tensor) -> Tensor:
    return net.fc((z * net.gate(z.mean((2, 3), keepdim=True)).sigmoid()).flatten(1))


def attention(net: Any, z: Tensor) -> Tensor:
    places = z.flatten(2).transpose(1, 2)
    return net.fc(net.attention(places, places, places, need_weights=False)[0].flatten(1))


def softmax_over_places(net: Any, z: Tensor) -> Tensor:
    return net.fc((z * z.flatten(2).softmax(dim=-1).view(z.shape)).mean((2, 3)))


def branch_on_a_number(net: Any, z: Tensor) -> Tensor:
    return net.fc(z.flatten(1)) * (2 if z.mean().item() > 0.2 else 1)


def branch_on_a_tensor(net: Any, z: Tensor) -> Tensor:
    if z.sum() > 0:
        z = z * 2
    return net.fc(z.flatten(1))


def branch_on_scores(_: Any, v: Tensor) -> Tensor:
    return v * 2 if v.sum() > 0 else v


def standardised_image(net: Any, x: Tensor) -> Tensor:
    return net.fc(net.stem(x - x.mean((2, 3), keepdim=True)).flatten(1))


def with_coordinates(net: Any, z: Tensor) -> Tensor:
    columns = torch.linspace(-1, 1, z.shape[3], dtype=z.dtype, device=z.device)
    columns = columns.expand(len(z), 1, z.shape[2], z.shape[3])
    return net.fc(F.relu(net.conv(torch.cat([z, columns], dim=1))).flatten(1))


def with_the_whole(net: Any, z: Tensor) -> Tensor:
    whole = z.mean((2, 3), keepdim=True).expand_as(z)
    return net.fc(F.relu(net.conv(torch.cat([z, whole], dim=1))).flatten(1))


def recurrent(net: Any, z: Tensor) -> Tensor:
    return net.fc(net.rnn(z.mean(2).transpose(1, 2))[0][:, -1])


REFUSED = {
    "a map flattened, and no Linear": head(lambda _, z: z.flatten(1), refused="flatten"),
    "BatchNorm1d and ReLU between flatten and Linear": head(
        lambda net, z: net.fc(net.relu(net.norm(z.flatten(1)))),
        refused="relu",
        norm=partial(nn.BatchNorm1d, 120),
        relu=nn.ReLU,
        fc=linear(120, 7),
    ),
    "AdaptiveMaxPool2d, 5 to 2": pooled(
        partial(nn.AdaptiveMaxPool2d, 2), (5, 5), 4, refused="pool"
    ),
    "GroupNorm": head(
        lambda net, z: net.fc(net.norm(z).flatten(1)),
        refused="norm",
        norm=partial(nn.GroupNorm, 2, 6),
        fc=linear(120, 7),
    ),
    "InstanceNorm2d": head(
        lambda net, z: net.fc(net.norm(z).flatten(1)),
        refused="norm",
        norm=partial(nn.InstanceNorm2d, 6),
        fc=linear(120, 7),
    ),
    "LayerNorm of a map": head(
        lambda net, z: net.fc(net.norm(z).flatten(1)),
        refused="norm",
        norm=partial(nn.LayerNorm, (6, 5, 4)),
        fc=linear(120, 7),
    ),
    "BatchNorm2d without statistics": head(
        lambda net, z: net.fc(net.norm(z).flatten(1)),
        refused="norm",
        norm=partial(nn.BatchNorm2d, 6, track_running_stats=False),
        fc=linear(120, 7),
    ),
    "BatchNorm2d in training": flattened(
        lambda z: z.flatten(1), refused="features.1", training="features.1"
    ),
    "Dropout in training": head(
        lambda net, z: net.fc(net.drop(z.flatten(1))),
        refused="drop",
        training="drop",
        drop=nn.Dropout,
        fc=linear(120, 7),
    ),
    "F.dropout, always in training": flattened(
        lambda z: F.dropout(z.flatten(1)), refused="dropout"
    ),
    "attention": head(
        attention,
        refused="attention",
        attention=partial(nn.MultiheadAttention, 6, 2, batch_first=True),
        fc=linear(120, 7),
    ),
    "squeeze and excitation": head(
        squeeze_and_excitation, refused="mul", gate=convolution(6, 6, 1), fc=linear(120, 7)
    ),
    "the mean beside every cell": head(
        with_the_whole, refused="conv", conv=convolution(12, 6, 2), fc=linear(72, 7)
    ),
    "an image less its mean": head(
        standardised_image, refused="sub", body=nn.Identity, stem=unpadded, fc=linear(120, 7)
    ),
    "coordinates beside every cell": head(
        with_coordinates, refused="cat", conv=convolution(7, 6, 2), fc=linear(72, 7)
    ),
    "mirrored before a convolution": head(
        lambda net, z: net.fc(net.conv(z.flip(-1)).flatten(1)),
        refused="conv",
        conv=convolution(6, 6, 2),
        fc=linear(72, 7),
    ),
    "rolled before a convolution": head(
        lambda net, z: net.fc(net.conv(z.roll(1, -1)).flatten(1)),
        refused="conv",
        conv=convolution(6, 6, 2),
        fc=linear(72, 7),
    ),
    "axes exchanged before a convolution": head(
        lambda net, z: net.fc(net.conv(z.transpose(2, 3)).flatten(1)),
        (5, 5),
        refused="conv",
        conv=convolution(6, 6, 2),
        fc=linear(96, 7),
    ),
    "the place of the largest": head(lambda _, z: z.flatten(2).argmax(dim=-1), refused="argmax"),
    "the three largest places": flattened(
        lambda z: z.flatten(2).topk(3, dim=-1).values.mean(-1), 6, refused="topk"
    ),
    "upsampled by a factor": flattened(
        lambda z: F.interpolate(z, scale_factor=2).flatten(1), 480, refused="interpolate"
    ),
    "upsampled by a transposed convolution": head(
        lambda net, z: net.fc(net.up(z).flatten(1)),
        refused="up",
        up=partial(nn.ConvTranspose2d, 6, 2, 2, stride=2),
        fc=linear(160, 7),
    ),
    "interpolated to a size": flattened(
        lambda z: F.interpolate(z, size=(3, 3)).flatten(1), 54, refused="interpolate"
    ),
    "a Linear along the width": head(
        lambda net, z: net.fc(net.line(z).flatten(1)),
        refused="line",
        line=linear(4, 3),
        fc=linear(90, 7),
    ),
    "softmax over places": head(softmax_over_places, refused="softmax", fc=linear(6, 7)),
    "recurrent": head(
        recurrent,
        refused="rnn",
        rnn=partial(nn.GRU, 6, 5, batch_first=True),
        fc=linear(5, 7),
    ),
    "cumsum over the width": flattened(lambda z: z.cumsum(dim=-1).flatten(1), refused="cumsum"),
    "a mean image is subtracted": head(
        lambda net, x: net.fc(net.stem(x - net.mean).flatten(1)),
        refused="sub",
        body=nn.Identity,
        mean=parameter(3, 25, 21),
        stem=unpadded,
        fc=linear(120, 7),
    ),
    "a parameter for each place": head(
        lambda net, z: net.fc(F.relu(net.conv(z + net.places)).flatten(1)),
        refused="add",
        places=parameter(6, 5, 4),
        conv=convolution(6, 6, 2),
        fc=linear(72, 7),
    ),
    "other constants for each image": vectors(
        lambda _, v: torch.cat([v, torch.arange(len(v), dtype=v.dtype).view(-1, 1)], 1),
        refused="cat",
    ),
    "random numbers": head(random_noise, refused="one whose forward draws some", fc=linear(120, 7)),
    "random numbers for each place": flattened(
        lambda z: (z + torch.rand_like(z)).flatten(1), refused="add"
    ),
    "the number of images": vectors(
        lambda _, v: v * len(v), refused="different outputs for 3 images"
    ),
    "two images": vectors(lambda _, v: v.view(2, -1), refused="different outputs for 3 images"),
    "always two images": flattened(lambda z: z.view(2, -1), refused="one that fails for 3"),
    "repeated values, each scaled otherwise": head(
        lambda net, z: net.fc(z.flatten(1).repeat(1, 2) * net.scale),
        refused="mul",
        scale=parameter(240),
        fc=linear(240, 7),
    ),
    "two images in one vector": flattened(lambda z: z.view(-1, 240), 240, refused="view"),
    "channels of the batch": flattened(
        lambda z: z.permute(1, 0, 2, 3).reshape(z.shape[0], -1), refused="reshape"
    ),
    "flatten from the batch on": flattened(
        lambda z: z.flatten(0, 1).flatten(1), 20, refused="flatten"
    ),
    "a branch on a number": head(branch_on_a_number, refused="item()", fc=linear(120, 7)),
    "a branch on a tensor": head(branch_on_a_tensor, refused="bool()", fc=linear(120, 7)),
    "a branch on scores": vectors(branch_on_scores, refused="bool()"),
    "normalised behind the flatten": flattened(
        lambda z: F.normalize(z.flatten(1)), refused="normalize"
    ),
    "softmax behind the flatten": flattened(
        lambda z: z.flatten(1).softmax(dim=1), refused="softmax"
    ),
    "LayerNorm behind the flatten": head(
        lambda net, z: net.fc(net.norm(z.flatten(1))),
        refused="norm",
        norm=partial(nn.LayerNorm, 120),
        fc=linear(120, 7),
    ),
    "two orders in one sum": flattened(
        lambda z: z.flatten(1) + z.permute(0, 2, 3, 1).flatten(1), refused="add"
    ),
    "the mean of both images": flattened(lambda z: (z - z.mean(dim=0)).flatten(1), refused="mean"),
    "the images in another order": vectors(lambda _, v: v.flip(0), refused="flip"),
    "the first image alone": vectors(lambda _, v: v - v[0], refused="getitem"),
    "softmax over the batch": vectors(lambda _, v: v.softmax(dim=0), refused="softmax"),
    "divided by the batch's norm": vectors(lambda _, v: v / v.norm(), refused="norm"),
}

HEADS: dict[str, Head] = FLATTENED | POOLED | BODIES | VECTORS | ODDITIES | OUTPUTS | REFUSED

# It looks at its own window alone, and is refused all the same, by name.
_name = "in place through a view"
HEADS[_name] = replace(HEADS[_name], refused="clamp:2")
