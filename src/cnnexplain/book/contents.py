"""What the pages include: each figure and each table, declared in one row of parameters."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from cnnexplain import api, figures, networks
from cnnexplain.book import experiments
from cnnexplain.languages import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.figures import Figure
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
    "sliding-vgg16": {"family": "error_map", "experiment": "vgg16"},
    "context-vgg16": {"family": "halo", "experiment": "vgg16"},
    "sliding-faces": {"family": "comparison", "experiment": "faces", "part": "rnet"},
    "sliding-espresso": {"family": "comparison", "experiment": "imagenet", "name": "espresso"},
    "placed-espresso": {"family": "placed", "experiment": "imagenet", "name": "espresso"},
}
"""Each figure's family, a sliding window unless it is said, and its parameters."""


def draw(family: str = "stride", **parameters: Any) -> Figure:
    """Draw a figure in the current language.

    Args:
        family: The function of `cnnexplain.figures`; those that show what an experiment found take
            its name, and the name of a part of what it found.
        **parameters: What it takes.
    """
    if family == "stride":
        return figures.stride(**parameters)
    found = experiments.found(parameters["experiment"])
    if family == "detections":
        return _detections(found, parameters.get("part"))
    found = found[parameters["part"]] if "part" in parameters else found
    if family == "halo":
        return figures.halo({int(halo): error for halo, error in found["halos"].items()})
    given: dict[str, Any] = {
        "image_size": tuple(found["image_size"]),
        "window": tuple(found["window"]),
        "stride": tuple(found["stride"]),
        "photograph": b64decode(found["photograph"]),
    }
    if family == "top_classes":
        highest = found["highest"][parameters["way"]]
        return figures.top_classes(
            highest["labels"], highest["scores"], **given, probabilities=True
        )
    scores = {"name": parameters.get("name"), "probabilities": True}
    if family == "placed":
        return figures.placed(found["one_pass"], **given, **scores)
    given |= {"exact": found["exact"], "rounding": found["rounding"]}
    if family == "error_map":
        return figures.error_map(found["errors"], **given)
    return figures.comparison(
        found["sliding"], found["one_pass"], found["errors"], **given, **scores
    )


def _detections(found: Mapping[str, Any], part: str | None) -> Figure:
    """Draw what one pass finds: digits on their canvas, or faces by one of two networks."""
    photograph = b64decode(found["photograph"])
    if part is None:
        return figures.detections(
            found["boxes"],
            found["labels"],
            right=found["right"],
            image_size=tuple(found["image_size"]),
            photograph=photograph,
            windows=found["windows"],
        )
    seen = found[part]["found"]
    return figures.detections(
        seen["boxes"],
        scores=seen["scores"],
        image_size=tuple(found[part]["image_size"]),
        photograph=photograph,
        name=text("figure.detections.face"),
        windows=seen["windows"],
        probabilities=True,
    )


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
