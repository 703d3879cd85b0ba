"""What the pages include: each figure and each table, declared in one row of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnexplain import api, networks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.report import Trace

FIGURES: Mapping[str, Mapping[str, Any]] = {
    "convolution-5-to-3": {"input_size": 5, "kernel_size": 3},
    "stride-7-to-3": {"input_size": 7, "kernel_size": 3, "stride": 2},
    "padding-7-to-4": {"input_size": 7, "kernel_size": 3, "stride": 2, "padding": 1},
    "dropped-8-to-3": {"input_size": 8, "kernel_size": 3, "stride": 2},
    "ceil-8-to-4": {
        "input_size": 8,
        "kernel_size": 3,
        "stride": 2,
        "ceil_mode": True,
        "operation": "max_pooling",
    },
    "dilation-7-to-3": {"input_size": 7, "kernel_size": 3, "dilation": 2},
    "pooling-13-to-6": {
        "input_size": 13,
        "kernel_size": 3,
        "stride": 2,
        "operation": "max_pooling",
    },
}
"""The parameters of `cnnexplain.figures.stride`, by the figure's name."""

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
