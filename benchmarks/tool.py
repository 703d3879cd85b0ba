"""Runs one tool on some networks in this process, and prints as JSON what that cost.

`benchmarks/trace.py` starts it as `python -P benchmarks/tool.py TOOL DEVICE CALLS NETWORK@SIZE...`.
The networks are built on the device, which may be torch's `meta`, where weights have no values.
"""

# ruff: noqa: PLC0415 - a process imports its one tool, and measures that
from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

start = time.process_time()
import torch  # noqa: E402
from torch import nn  # noqa: E402

TORCH = time.process_time() - start

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[nn.Module, tuple[int, ...]], str]

PARAMETERS = {"alexnet": 61_100_840, "resnet152": 60_192_808, "vgg16": 138_357_544}
# A slow tool repeats itself only until this many seconds have gone, but for a median.
PATIENCE = 3
FEWEST = 3


class Bottleneck(nn.Module):
    """ResNet's block of three convolutions and a shortcut."""

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if in_channels != 4 * width:
            projection = nn.Conv2d(in_channels, 4 * width, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * width))

    def forward(self, x: torch.Tensor) -> Any:
        """Return the sum of both branches.

        Args:
            x: The map.
        """
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(y)))))
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


def resnet152() -> list[nn.Module]:
    """Return the layers of ResNet-152."""
    layers = [nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64)]
    layers += [nn.ReLU(inplace=True), nn.MaxPool2d(3, stride=2, padding=1)]
    channels = 64
    for stage, blocks in enumerate((3, 8, 36, 3)):
        width = 64 * 2**stage
        for block in range(blocks):
            layers.append(Bottleneck(channels, width, stride=2 if stage and not block else 1))
            channels = 4 * width
    return [*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000)]


def alexnet() -> list[nn.Module]:
    """Return the layers of AlexNet as torchvision has it."""
    layers: list[nn.Module] = []
    sizes = [(3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3), (384, 256, 3), (256, 256, 3)]
    for index, (in_channels, out_channels, kernel_size, *rest) in enumerate(sizes):
        stride, padding = rest or (1, 1)
        layers.append(nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding))
        layers.append(nn.ReLU(inplace=True))
        if index in {0, 1, 4}:
            layers.append(nn.MaxPool2d(3, stride=2))
    return [*layers, nn.AdaptiveAvgPool2d(6), nn.Flatten(), *classifier(256 * 6 * 6)]


def vgg16() -> list[nn.Module]:
    """Return the layers of VGG-16, which pools to 7×7 at its end and so takes any image."""
    layers: list[nn.Module] = []
    channels = 3
    for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return [*layers, nn.AdaptiveAvgPool2d(7), nn.Flatten(), *classifier(512 * 7 * 7)]


def classifier(features: int) -> list[nn.Module]:
    """Return the layers that AlexNet and VGG-16 end with.

    Args:
        features: How many values come in.
    """
    hidden = [nn.Linear(features, 4096), nn.ReLU(inplace=True), nn.Dropout()]
    hidden += [nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout()]
    return [*hidden, nn.Linear(4096, 1000)]


def chain(layers: int) -> list[nn.Module]:
    """Return small convolutions and activations in turn.

    Args:
        layers: How many.
    """
    pairs = [[nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()] for _ in range(layers // 2)]
    return [layer for pair in pairs for layer in pair]


def network(name: str) -> nn.Module:
    """Return a network.

    Args:
        name: `alexnet`, `resnet152`, `vgg16`, or `chain-` and the number of layers.
    """
    kind, _, layers = name.partition("-")
    known = {"alexnet": alexnet, "resnet152": resnet152, "vgg16": vgg16}
    model = nn.Sequential(*(chain(int(layers)) if kind == "chain" else known[kind]()))
    total = sum(weight.numel() for weight in model.parameters())
    assert total == PARAMETERS.get(kind, total), f"{name} has {total} parameters"
    return model.eval()


# Each tool is imported from where its users import it, and returns all that it has to say as text.
def cnnexplain(_device: str) -> Run:
    """Return ours."""
    from cnnexplain import trace

    return lambda model, size: str(trace(model, size))


def torchinfo(device: str) -> Run:
    """Return torchinfo's summary."""
    from torchinfo import summary

    return lambda model, size: str(summary(model, (1, *size), device=device, verbose=0))


def torchview(device: str) -> Run:
    """Return torchview's graph, as source that is not drawn."""
    from torchview import draw_graph

    return lambda model, size: str(
        draw_graph(model, input_size=(1, *size), device=device).visual_graph.source
    )


def fvcore(device: str) -> Run:
    """Return fvcore's table."""
    from fvcore.nn import FlopCountAnalysis, flop_count_table

    return lambda model, size: str(
        flop_count_table(FlopCountAnalysis(model, torch.zeros(1, *size, device=device)))
    )


def torchlens(device: str) -> Run:
    """Return torchlens' log; on `meta` it is asked for the structure alone."""
    from torchlens import trace

    def run(model: nn.Module, size: tuple[int, ...]) -> str:
        from torchlens.options import CaptureOptions

        options = {"capture": CaptureOptions(structure_only=True)} if device == "meta" else {}
        return str(trace(model, torch.zeros(1, *size, device=device), **options))

    return run


def thop(device: str) -> Run:
    """Return thop's two totals."""
    from thop import clever_format, profile

    def run(model: nn.Module, size: tuple[int, ...]) -> str:
        image = torch.zeros(1, *size, device=device)
        return str(clever_format(profile(model, inputs=(image,), verbose=False)))

    return run


def forward(device: str) -> Run:
    """Return the network itself, which says nothing."""

    def run(model: nn.Module, size: tuple[int, ...]) -> str:
        with torch.no_grad():
            model(torch.zeros(1, *size, device=device))
        return ""

    return run


TOOLS: dict[str, Callable[[str], Run]] = {
    each.__name__: each
    for each in (cnnexplain, torchinfo, torchview, fvcore, torchlens, thop, forward)
}


def memory(key: str) -> float:
    """Return how many megabytes this process takes.

    Args:
        key: `VmRSS` for now, `VmHWM` for the most so far.
    """
    # Not getrusage, whose peak is the parent's where that was larger. Linux alone has this file.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{key}:")[1].split()[0]) * 1024 / 1e6


def timed(run: Run, model: nn.Module, size: tuple[int, ...]) -> float:
    """Return the CPU milliseconds of one call."""
    start = time.process_time()
    run(model, size)
    return 1000 * (time.process_time() - start)


def main(tool: str, device: str, calls: int, *cases: str) -> None:
    """Print what the imports and each case cost.

    Args:
        tool: One of TOOLS.
        device: Where the networks are built.
        calls: How often each is traced after its first time.
        cases: What to trace, as `NETWORK@SIZE`.
    """
    torch.set_num_threads(1)
    start = time.process_time()
    run = TOOLS[tool](device)
    result: dict[str, object] = {"import_ms": 1000 * (time.process_time() - start)}
    models: dict[str, nn.Module] = {}
    for case in cases:
        name, size = case.split("@")
        if name not in models:
            with torch.device(device):
                models = {name: network(name)}
            before = memory("VmRSS")
        shape = (3, int(size), int(size))
        gc.collect()  # else the next who makes objects pays for those of the imports
        first = timed(run, models[name], shape)
        added = memory("VmHWM") - before
        steady: list[float] = []
        while len(steady) < calls and (len(steady) < FEWEST or sum(steady) < 1000 * PATIENCE):
            steady.append(timed(run, models[name], shape))
        result[case] = {
            "first_ms": first,
            "steady_ms": median(steady) if steady else None,
            "added_mb": added,
        }
    print(json.dumps({"torch_ms": 1000 * TORCH, **result}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
