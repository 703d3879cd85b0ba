"""What the pages include: each figure and each table, declared in one row of parameters."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from cnnexplain import api, figures, networks
from cnnexplain.book import experiments
from cnnexplain.languages import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.book.experiments import Found
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
    if "part" in parameters:
        found = found[parameters["part"]]
    return _FOUND[family](found, parameters)


def _halo(found: Found, _: Found) -> Figure:
    return figures.halo({int(halo): error for halo, error in found["halos"].items()})


def _error_map(found: Found, _: Found) -> Figure:
    return figures.error_map(found["errors"], **_windows(found), **_errors(found))


def _comparison(found: Found, given: Found) -> Figure:
    sliding, one_pass, errors = (found[key] for key in ("sliding", "one_pass", "errors"))
    given = {**_windows(found), **_errors(found), **_scores(given)}
    return figures.comparison(sliding, one_pass, errors, **given)


def _placed(found: Found, given: Found) -> Figure:
    return figures.placed(found["one_pass"], **_windows(found), **_scores(given))


def _top_classes(found: Found, given: Found) -> Figure:
    highest = found["highest"][given["way"]]
    maps = highest["labels"], highest["scores"]
    return figures.top_classes(*maps, **_windows(found), probabilities=True)


def _detections(found: Found, _: Found) -> Figure:
    """Draw what one pass finds: digits, or faces."""
    seen = found["found_windows"]
    return figures.detections(
        seen["boxes"],
        seen.get("labels"),
        seen.get("scores"),
        seen.get("right"),
        image_size=tuple(found["image_size"]),
        photograph=b64decode(seen["photograph"]),
        # Only faces have scores, and need to be told what they are.
        name=text("figure.detections.face") if "scores" in seen else None,
        windows=seen["windows"],
        probabilities="scores" in seen,
    )


def _windows(found: Found) -> dict[str, Any]:
    sizes = {name: tuple(found[name]) for name in ("image_size", "window", "stride")}
    return {**sizes, "photograph": b64decode(found["photograph"])}


def _errors(found: Found) -> dict[str, Any]:
    return {"exact": found["exact"], "rounding": found["rounding"]}


def _scores(given: Found) -> dict[str, Any]:
    return {"name": given.get("name"), "probabilities": True}


_FOUND: Mapping[str, Callable[[Found, Found], Figure]] = {
    "comparison": _comparison,
    "detections": _detections,
    "error_map": _error_map,
    "halo": _halo,
    "placed": _placed,
    "top_classes": _top_classes,
}


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
