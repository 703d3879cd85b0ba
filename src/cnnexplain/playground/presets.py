"""Windows and networks to begin with: sound ones, and some that break in known ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnexplain.languages import text
from cnnexplain.networks import code
from cnnexplain.playground.state import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Preset:
    """Something to begin with.

    Attributes:
        id: Its name, the same in every language.
        state: What the playground shows of it, complete.
    """

    id: str
    state: Mapping[str, str]

    @property
    def label(self) -> str:
        """What it is called, in the current language."""
        return text(f"playground.preset.{self.id}")


_FORGOTTEN_FLATTEN = """\
nn.Sequential(
    nn.Conv2d(1, 16, kernel_size=3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Linear(16 * 13 * 13, 10),
)
"""
_WRONG_CHANNELS = """\
nn.Sequential(
    nn.Conv2d(3, 32, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 64, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(64, 10),
)
"""
_TOO_SMALL = """\
nn.Sequential(
    nn.Conv2d(1, 8, kernel_size=5),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, kernel_size=5),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, kernel_size=5),
    nn.Flatten(),
    nn.Linear(32, 10),
)
"""


def _window(**changes: str) -> Mapping[str, str]:
    return {"tool": "window", **DEFAULTS["window"], **changes}


def _network(source: str, size: str) -> Mapping[str, str]:
    return {"tool": "network", "text": source, "input": size}


def _published(name: str) -> str:
    """Return a bundled network without the heading of its file."""
    file = code(name)
    return file[file.index("nn.Sequential(") :]


def _without_pooling() -> str:
    """Return torchvision's AlexNet as it was before an adaptive pooling stood in it."""
    lines = _published("alexnet_torchvision").splitlines(keepends=True)
    return "".join(line for line in lines if "AdaptiveAvgPool2d" not in line)


PRESETS: tuple[Preset, ...] = (
    Preset("small", _window()),
    Preset("alexnet-conv1", _window(input="227", kernel="11", stride="4", padding="0")),
    Preset("alexnet-pool5", _window(kind="pooling", input="13", padding="0")),
    Preset("vgg-conv", _window(input="14", stride="1")),
    Preset("resnet-conv1", _window(input="224", kernel="7", stride="2", padding="3")),
    Preset("dropped", _window(input="8", padding="0")),
    Preset("ceil", _window(kind="pooling", input="8", padding="0", ceil="1")),
    Preset("dilated", _window(input="11", stride="1", padding="0", dilation="2")),
    Preset("own", {"tool": "network", **DEFAULTS["network"]}),
    Preset("lenet5", _network(_published("lenet5_1998"), "1x32x32")),
    Preset("alexnet", _network(_published("alexnet_paper"), "3x227x227")),
    Preset("alexnet-torchvision", _network(_published("alexnet_torchvision"), "3x224x224")),
    Preset("vgg16", _network(_published("vgg16_padded"), "3x224x224")),
    Preset("alexnet-384", _network(_without_pooling(), "3x384x384")),
    Preset("forgotten-flatten", _network(_FORGOTTEN_FLATTEN, "1x28x28")),
    Preset("wrong-channels", _network(_WRONG_CHANNELS, "3x32x32")),
    Preset("too-small", _network(_TOO_SMALL, "1x28x28")),
)
"""What the forms offer, in order."""
