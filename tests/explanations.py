"""The explanations of the broken networks, for all tests that look at them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tests.broken import BROKEN, Broken, built
from torch import nn

import cnnexplain as cx
from cnnexplain.api import tried
from cnnexplain.explanation import explained

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]


class OddView(nn.Module):
    """Views a map of six channels as rows of forty values."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.fc = nn.Linear(40, 5)

    def forward(self, x: torch.Tensor) -> Any:
        x = self.conv(x)
        x = x.view(-1, 40)
        return self.fc(x)


class PlainView(nn.Module):
    """Views a map of one channel as rows of 196 values."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(196, 5)

    def forward(self, x: torch.Tensor) -> Any:
        x = self.pool(x)
        x = x.view(-1, 196)
        return self.fc(x)


class Stacked(nn.Module):
    """Stacks maps of two sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)

    def forward(self, x: torch.Tensor) -> Any:
        y = self.conv(x)
        return torch.stack([x, y], 1)


_TWO_LINES = "nn.Sequential(nn.Conv1d(1, 8, 3), nn.Flatten(), nn.Linear(80, 10))"
_TWO_CLIPS = "nn.Sequential(nn.Conv3d(1, 4, 3), nn.Flatten(), nn.Linear(4, 10))"
_TRANSPOSED = "nn.Sequential(nn.ConvTranspose2d(3, 8, 2, padding=1))"
_NEVER_FITS = "nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(100, 10))"
_TWO_POOLINGS = "nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.AvgPool2d(7))"
# What is said of a few more, of which none is a mistake that many make.
FURTHER = [
    Broken("a map of no use", _NEVER_FITS, (3, 8, 8), "flatten", "cannot be multiplied"),
    Broken("a pooling too many", _TWO_POOLINGS, (3, 14, 14), "kernel", "too small"),
    Broken("no channel", "nn.Sequential(nn.Conv2d(1, 8, 3))", (9, 9), "no_channels", "to have", 4),
    Broken("forties of six channels", OddView, (3, 12, 12), "batch", None),
    Broken("no forties of six channels", OddView, (3, 13, 13), "view", "is invalid for input"),
    Broken("a vector into Conv2d", "nn.Sequential(nn.Conv2d(3, 8, 3))", (3,), "dimensions", "(un"),
    Broken("all cut away", _TRANSPOSED, (3, 1, 1), "cut_away", "too small"),
    Broken(
        "one channel, flat",
        "nn.Sequential(nn.Flatten(1), nn.Linear(4, 1))",
        (1, 3, 3),
        "features",
        "mat1",
    ),
    Broken(
        "a kernel too large",
        "nn.Sequential(nn.Conv2d(3, 8, 7, stride=2, padding=1))",
        (3, 4, 4),
        "kernel",
        "",
    ),
    Broken("a short signal", "nn.Sequential(nn.Conv1d(1, 8, 9))", (1, 5), "kernel", ""),
    Broken("one feature", "nn.Sequential(nn.Flatten(), nn.Linear(1, 2))", (3,), "features", ""),
    Broken("a norm of one", "nn.Sequential(nn.BatchNorm2d(1))", (4, 8, 8), "normalisation", ""),
    Broken("a stack", Stacked, (3, 9, 9), "stack", ""),
    Broken("one channel, viewed", PlainView, (1, 30, 30), "view", "is invalid for input"),
    Broken("one channel, rows", PlainView, (1, 56, 56), "batch", None),
    Broken(
        "a signal, channels last", "nn.Sequential(nn.Conv1d(8, 4, 3))", (20, 8), "channels_last", ""
    ),
    Broken(
        "a clip, channels last",
        "nn.Sequential(nn.Conv3d(2, 4, 3))",
        (6, 7, 8, 2),
        "channels_last",
        "",
    ),
    Broken("a signal without channel", _TWO_LINES, (20,), "no_channels", "", 4),
    Broken("a clip without channel", _TWO_CLIPS, (5, 6, 7), "no_channels", "", 4),
    Broken("BatchNorm2d first", "nn.Sequential(nn.BatchNorm2d(3))", (4, 8, 8), "normalisation", ""),
]
CASES = {case.name: case for case in [*BROKEN, *FURTHER]}
# Their constructors fail, so that there is no network to ask about.
NEVER_MADE = {"Conv2d, same, stride 2"}


@cache
def explanation(name: str) -> cx.Explanation:
    """Return what is said of a broken network."""
    case = CASES[name]
    if isinstance(case.make, str):
        return cx.explain(case.make, case.input_size, case.batch_size)
    if name in NEVER_MADE:
        return raised(case.make).explanation
    return of(built(case.make), case)


def of(model: nn.Module, case: Broken) -> cx.Explanation:
    """Return what is said of a case's network, which has been built."""
    return explained(tried(model), [case.full_shape])


def raised(function: Callable[[], object]) -> cx.ExplainedError:
    """Return the error that a function raises when it is explained."""
    try:
        with cx.explaining():
            function()
    except cx.ExplainedError as error:
        return error
    message = "nothing was explained"
    raise AssertionError(message)


def called(case: Broken, device: str = "cpu") -> None:
    """Build a case's network on a device, and call it."""
    torch.manual_seed(0)
    with torch.device(device), torch.no_grad():
        built(case.make)(torch.randn(case.full_shape))
