"""Programs of the pages that convert a network: what a notebook shows under them, or a refusal.

They stand on the pages as they are run here; a test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from html import escape
from typing import TYPE_CHECKING, Any

from cnnexplain import languages
from cnnexplain.errors import BookError, ConversionError
from cnnexplain.formats.conversion import to_html

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.conversion import Conversion


@dataclass(frozen=True)
class Converted:
    """A program of the pages whose last line converts a network.

    Attributes:
        code: The program, as the reader is shown it.
        refused: Whether the network cannot be converted.

    Example:
        >>> print(CONVERSIONS["converted-own"].conversion().steps[1])
        Linear(400, 120) → Conv2d(16, 120, kernel_size=5)
    """

    code: str
    refused: bool = False

    def conversion(self) -> Conversion:
        """Return what its last line gives.

        Raises:
            ConversionError: If the network cannot be converted.
        """
        done = _run(self.code)
        if isinstance(done, ConversionError):
            raise done
        return done

    def refusal(self) -> str:
        """Return what stands in the terminal.

        Raises:
            BookError: If the network is converted all the same.
        """
        done = _run(self.code)
        if not isinstance(done, ConversionError):
            raise BookError(
                "a network that cannot be converted",
                f"a conversion of {len(done.steps)} steps",
                "correct the program in src/cnnexplain/book/conversions.py",
            )
        return f"{type(done).__name__}: {done}"

    def to_html(self, language: str | None = None) -> str:
        """Return what a notebook shows: a table in a language, or an exception, which is English.

        Args:
            language: The language; the current one unless given.
        """
        if self.refused:
            message = escape(self.refusal(), quote=False)
            return f'<pre class="cx-message" lang="en"><code>{message}</code></pre>'
        with languages.language(language or languages.current()):
            return to_html(self.conversion())


@cache
def _run(code: str) -> Conversion | ConversionError:
    *lines, last = code.rstrip("\n").split("\n")
    scope: dict[str, Any] = {"__name__": "model"}
    exec("\n".join(lines), scope)  # noqa: S102  # our own text
    try:
        converted: Conversion = eval(last, scope)  # noqa: S307  # our own line
    except ConversionError as error:
        return error
    return converted


_OWN = """\
import torch
from torch import nn
from torch.nn import functional as F

import cnnexplain as cx


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


model = Net().eval()
cx.fully_convolutional(model, (3, 32, 32))
"""
_LAST = """\
import torch
from torch import nn

import cnnexplain as cx


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 5)
        self.fc = nn.Linear(4 * 4 * 16, 10)

    def forward(self, x):
        x = self.conv(x)
        x = x.permute(0, 2, 3, 1)
        return self.fc(torch.flatten(x, 1))


model = Net().eval()
cx.fully_convolutional(model, (3, 8, 8))
"""
_IMPORTS = """\
from torch import nn

import cnnexplain as cx

"""
_HEAD = f"""\
{_IMPORTS}model = nn.Sequential(
    nn.Conv2d(3, 16, 5),
    nn.Flatten(),
    nn.BatchNorm1d(16 * 4 * 4),
    nn.Dropout(),
    nn.Linear(16 * 4 * 4, 32),
    nn.BatchNorm1d(32),
    nn.ReLU(),
    nn.Dropout(),
    nn.Linear(32, 10),
    nn.Softmax(dim=1),
)
model.eval()
cx.fully_convolutional(model, (3, 8, 8))
"""


def _pooled(pooling: str, features: str) -> str:
    return f"""\
{_IMPORTS}model = nn.Sequential(
    nn.Conv2d(3, 16, 3),
    nn.{pooling},
    nn.Flatten(),
    nn.Linear({features}, 10),
)
model.eval()
cx.fully_convolutional(model, (3, 8, 8))
"""


_TRAINING = f"""\
{_IMPORTS}model = nn.Sequential(
    nn.Conv2d(3, 16, 5),
    nn.Flatten(),
    nn.Dropout(),
    nn.Linear(16 * 4 * 4, 10),
)
cx.fully_convolutional(model, (3, 8, 8))
"""
_GROUPS = f"""\
{_IMPORTS}model = nn.Sequential(
    nn.Conv2d(3, 16, 5),
    nn.GroupNorm(4, 16),
    nn.Flatten(),
    nn.Linear(16 * 4 * 4, 10),
)
model.eval()
cx.fully_convolutional(model, (3, 8, 8))
"""
_SCALED = f"""\
{_IMPORTS}model = nn.Sequential(
    nn.Conv2d(3, 16, 5),
    nn.Flatten(),
    nn.BatchNorm1d(16 * 4 * 4),
    nn.ReLU(),
    nn.Linear(16 * 4 * 4, 10),
)
model.eval()
cx.fully_convolutional(model, (3, 8, 8))
"""

CONVERSIONS: Mapping[str, Converted] = {
    "converted-own": Converted(_OWN),
    "converted-last": Converted(_LAST),
    "converted-head": Converted(_HEAD),
    "converted-global": Converted(_pooled("AdaptiveAvgPool2d(1)", "16")),
    "converted-adaptive": Converted(_pooled("AdaptiveAvgPool2d(2)", "16 * 2 * 2")),
    "converted-uneven": Converted(_pooled("AdaptiveAvgPool2d(4)", "16 * 4 * 4")),
    "refused-training": Converted(_TRAINING, refused=True),
    "refused-groups": Converted(_GROUPS, refused=True),
    "refused-scaled": Converted(_SCALED, refused=True),
    "refused-largest": Converted(_pooled("AdaptiveMaxPool2d(4)", "16 * 4 * 4"), refused=True),
}
"""What makes each conversion of the pages, by the name of its block among the tables."""


def tables() -> dict[str, Callable[[], Converted]]:
    """Return what makes each block, as the book asks for its tables.

    Example:
        >>> tables()["refused-largest"]().refused
        True
    """
    return {name: partial(CONVERSIONS.__getitem__, name) for name in CONVERSIONS}
