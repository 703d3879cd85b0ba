"""What the pages include: each figure, declared by the line that makes it, and each table."""

from __future__ import annotations

import ast
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cnnexplain
from cnnexplain import api, axis, figures, networks
from cnnexplain.book import experiments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.figures import Figure
    from cnnexplain.report import Trace
    from cnnexplain.windows import Convolution


@dataclass(frozen=True)
class Declared:
    """A figure of the pages.

    Attributes:
        python: The line of Python that makes it, which the reader is shown.
        found: What makes it instead where an experiment is behind it, which the line cannot show.
    """

    python: str
    found: Callable[[], Figure] | None = None

    def figure(self) -> Figure:
        """Return the figure in the current language."""
        made: Figure = self.found() if self.found else eval(self.python, {"cx": cnnexplain})  # noqa: S307  # our own lines
        return made


# Lines for figures of experiments, with the reader's own network in their place.
_COMPARED = "cx.compare(model, image, window=224).figure()"

FIGURES: Mapping[str, Declared] = {
    "convolution-5-to-3": Declared("cx.figures.stride(5, kernel_size=3)"),
    "stride-7-to-3": Declared("cx.figures.stride(7, kernel_size=3, stride=2)"),
    "padding-7-to-4": Declared("cx.figures.stride(7, kernel_size=3, stride=2, padding=1)"),
    "dropped-8-to-3": Declared("cx.figures.stride(8, kernel_size=3, stride=2)"),
    "ceil-8-to-4": Declared(
        'cx.figures.stride(8, kernel_size=3, stride=2, ceil_mode=True, operation="max_pooling")'
    ),
    "dilation-7-to-3": Declared("cx.figures.stride(7, kernel_size=3, dilation=2)"),
    "pooling-13-to-6": Declared(
        'cx.figures.stride(13, kernel_size=3, stride=2, operation="max_pooling")'
    ),
    "sliding-vgg16": Declared(
        "cx.figures.error_map(cx.compare(model, image, window=224).errors)",
        lambda: _mapped("error_map", experiments.found("vgg16")),
    ),
    "context-vgg16": Declared(
        "cx.figures.halo({0: 0.30, 32: 0.12, 64: 0.016, 96: 3e-16})",
        lambda: _halo(experiments.found("vgg16")),
    ),
    "sliding-faces": Declared(
        _COMPARED, lambda: _mapped("comparison", experiments.found("faces")["rnet"])
    ),
    "sliding-espresso": Declared(
        _COMPARED, lambda: _mapped("comparison", experiments.found("imagenet"))
    ),
    "placed-espresso": Declared(
        "cx.figures.placed(scores, image_size=384, window=224, stride=32)",
        lambda: _mapped("placed", experiments.found("imagenet")),
    ),
}
"""What makes each figure."""


def window(name: str) -> tuple[Convolution, int]:
    """Return the window of a sliding-window figure, and its input size, which prose tells too.

    Args:
        name: The figure.
    """
    call = ast.parse(FIGURES[name].python, mode="eval").body
    assert isinstance(call, ast.Call)
    (size,) = map(ast.literal_eval, call.args)
    given = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
    pooling = given.pop("operation", "convolution") != "convolution"
    return (axis.pooling if pooling else axis.convolution)(**given), size


def _halo(found: Mapping[str, Any]) -> Figure:
    return figures.halo({int(halo): error for halo, error in found["halos"].items()})


def _mapped(family: str, found: Mapping[str, Any]) -> Figure:
    """Draw a heatmap of what an experiment found."""
    given: dict[str, Any] = {
        "image_size": tuple(found["image_size"]),
        "window": tuple(found["window"]),
        "stride": tuple(found["stride"]),
        "photograph": b64decode(found["photograph"]),
    }
    if family == "placed":
        return figures.placed(found["one_pass"], **given)
    given |= {"exact": found["exact"], "rounding": found["rounding"]}
    if family == "error_map":
        return figures.error_map(found["errors"], **given)
    return figures.comparison(found["sliding"], found["one_pass"], found["errors"], **given)


# The network of the first page, whose text a test compares with the page's.
OWN_NETWORK = """
nn.Sequential(
    nn.Conv2d(3, 16, 5, stride=2),
    nn.ReLU(),
    nn.MaxPool2d(3, stride=2),
    nn.Flatten(),
    nn.Linear(16 * 14 * 14, 10),
)
"""

# The module of the first page, compared in the same way.
OWN_MODULE = """
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.shortcut = nn.Conv2d(3, 16, 1)
        self.fc = nn.Linear(16 * 16 * 16, 10)

    def forward(self, x):
        y = self.conv2(F.relu(self.conv1(x)))
        y = F.max_pool2d(y + self.shortcut(x), 2)
        return self.fc(y.view(y.size(0), -1))
"""


def _own_module() -> Trace:
    scope: dict[str, Any] = {}
    exec(OWN_MODULE, scope)  # noqa: S102  # our own text
    return api.trace(scope["Residual"](), (3, 32, 32))


TABLES: Mapping[str, Callable[[], Trace]] = {
    "own-network": lambda: api.trace(OWN_NETWORK, (3, 64, 64)),
    "own-module": _own_module,
    "alexnet-paper": lambda: api.trace(networks.alexnet("paper")),
    "alexnet-ungrouped": lambda: api.trace(networks.alexnet("ungrouped")),
    "alexnet-torchvision": lambda: api.trace(networks.alexnet("torchvision")),
}
"""What makes each trace, by the table's name."""
