"""Which cells of one pass equal their windows: predicted from geometry, and found by comparing."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests import drawn
from tests.models import resnet18
from torch import nn

import cnnexplain as cx
from cnnexplain.exactness import Reason
from cnnexplain.graph import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnnexplain.conversion import Conversion

Tensor = torch.Tensor
Size = tuple[int, int]

# So many that a maximum that is the same by luck in one of them differs in another.
IMAGES = 12


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# ── networks by chance ─────────────────────────────────────────────────────────────────────────


class Padded(nn.Module):
    """The function that pads, as many write it."""

    def __init__(self, sides: tuple[int, ...], mode: str, value: float = 0.0) -> None:
        super().__init__()
        self.sides, self.mode, self.value = sides, mode, value

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == "constant":
            return F.pad(x, self.sides, value=self.value)
        return F.pad(x, self.sides, mode=self.mode)

    def extra_repr(self) -> str:
        return f"{self.sides}, {self.mode}, {self.value}"


class Joined(nn.Module):
    """Branches that see one map, added or put beside each other."""

    def __init__(self, branches: list[nn.Module], *, added: bool) -> None:
        super().__init__()
        self.branches, self.added = nn.ModuleList(branches), added

    def forward(self, x: Tensor) -> Tensor:
        first, second = (branch(x) for branch in self.branches)
        return first + second if self.added else torch.cat([first, second], dim=1)

    def extra_repr(self) -> str:
        return "added" if self.added else "concatenated"


class Crop(nn.Module):
    """A map without its border."""

    def __init__(self, rows: Size, columns: Size) -> None:
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (
            slice(first, size - last)
            for size, (first, last) in zip(x.shape[2:], (self.rows, self.columns), strict=True)
        )
        return x[:, :, rows, columns]

    def extra_repr(self) -> str:
        return f"{self.rows}, {self.columns}"


counts = partial(st.integers, 1)
MODES = ["zeros", "reflect", "replicate", "circular"]
# Most layers have no padding, so that some windows are exact and others are not.
seldom = st.sampled_from([0, 0, 0, 1, 2])


def both(strategy: st.SearchStrategy[int]) -> st.SearchStrategy[Size]:
    return st.tuples(strategy, strategy)


@st.composite
def convolutions(draw: st.DrawFn, channels: int, modes: list[str]) -> nn.Module:
    arguments = [draw(both(counts(each))) for each in (3, 2)]
    return nn.Conv2d(
        channels,
        2,
        *arguments,
        padding=draw(both(seldom)),
        dilation=draw(both(counts(2))),
        padding_mode=draw(st.sampled_from(modes)),
    )


@st.composite
def pools(draw: st.DrawFn, kinds: list[str], *, ceil: bool = True) -> nn.Module:
    kernel = draw(both(counts(3)))
    arguments = {
        "stride": draw(both(counts(3))),
        "padding": tuple(min(draw(seldom), size // 2) for size in kernel),
        "ceil_mode": ceil and draw(st.booleans()),
    }
    if draw(st.sampled_from(kinds)) == "max":
        return nn.MaxPool2d(kernel, dilation=draw(both(counts(2))), **arguments)
    return nn.AvgPool2d(kernel, count_include_pad=draw(st.booleans()), **arguments)


@st.composite
def paddings(draw: st.DrawFn, modes: list[str]) -> nn.Module:
    mode = draw(st.sampled_from(modes))
    least = -1 if mode == "zeros" else 0
    sides = tuple(draw(st.sampled_from([0, 0, least, 1, 2])) for _ in range(4))
    if draw(st.booleans()):
        value = draw(st.sampled_from([0.0, 0.7]))
        return Padded(sides, "constant" if mode == "zeros" else mode, value)
    kinds = {
        "zeros": nn.ZeroPad2d,
        "reflect": nn.ReflectionPad2d,
        "replicate": nn.ReplicationPad2d,
        "circular": nn.CircularPad2d,
    }
    return kinds[mode](sides)


@st.composite
def branches(draw: st.DrawFn, shape: tuple[int, ...], kinds: list[str]) -> nn.Module:
    """A layer beside a convolution, whose map is padded or cropped to the same size."""
    channels, *sizes = shape
    first = draw(
        st.one_of(
            st.just(nn.Identity()),
            convolutions(channels, ["zeros"]),
            pools(kinds, ceil=False),
        )
    )
    out, *outputs = made_by(first, shape)
    if not out or min(outputs) == 1:  # there the stride is any, and the branches' differ
        return nn.Identity()
    kernel, dilation = draw(both(counts(3))), draw(both(counts(2)))
    stride = (1, 1) if isinstance(first, nn.Identity) else first.stride
    sides: list[int] = []
    for axis in (1, 0):
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        left = unread(first, axis, sizes[axis])
        total = (outputs[axis] - 1) * stride[axis] + extent + left - sizes[axis]
        before = draw(st.integers(min(0, total), max(0, total)))
        sides += [before, total - before]
    second = nn.Sequential(
        Padded(tuple(sides), "constant"),
        nn.Conv2d(channels, out, kernel, stride, dilation=dilation),
    )
    return Joined([first, second], added=draw(st.booleans()))


def unread(layer: nn.Module, axis: int, size: int) -> int:
    """How many places at the far end a layer leaves: the other branch has to leave as many."""
    if isinstance(layer, nn.Identity):
        return 0
    kernel, stride, padding, dilation = (
        each if isinstance(each, int) else each[axis]
        for each in (
            layer.kernel_size,
            layer.stride,
            layer.padding,
            getattr(layer, "dilation", 1),
        )
    )
    return int((size + 2 * padding - dilation * (kernel - 1) - 1) % stride)


def made_by(layer: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that a layer makes of another; all 0 if it cannot."""
    try:
        with torch.no_grad():
            return tuple(layer(torch.zeros(1, *shape)).shape[1:])
    except RuntimeError:
        return (0, 0, 0)


def with_positive_weights(model: nn.Module) -> nn.Module:
    """The same in float64, with weights that let nothing cancel and leave nothing dead."""
    model.double().eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for each in model.parameters():
            each.uniform_(0.5, 1.5).div_(each[0].numel() if each.ndim > 1 else 4)
    return model


@st.composite
def networks(
    draw: st.DrawFn,
    kinds: tuple[str, ...] = ("max", "avg"),
    modes: tuple[str, ...] = tuple(MODES),
    *,
    joined: bool = True,
    smallest: int = 4,
) -> tuple[nn.Sequential, tuple[int, int, int]]:
    """A network of layers with windows, and its window."""
    window = (draw(counts(2)), *draw(both(st.integers(smallest, 13))))
    shape: tuple[int, ...] = window
    layers: list[nn.Module] = []
    for _ in range(draw(counts(4))):
        of_all = [
            convolutions(shape[0], list(modes)),
            pools(list(kinds)),
            paddings(list(modes)),
            *([branches(shape, list(kinds))] if joined else []),
            st.just(Crop(draw(both(seldom)), draw(both(seldom)))),
        ]
        layer = draw(of_all[draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4][: 8 if joined else 7]))])
        made = made_by(layer, shape)
        if min(made[1:]) >= 1:
            layers.append(layer)
            shape = made
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(math.prod(shape), 2))
    return with_positive_weights(net), window


def converted(model: nn.Module, window: tuple[int, ...]) -> Conversion:
    return cx.fully_convolutional(model, window)


def pictures(channels: int, size: Size, count: int = IMAGES, seed: int = 1) -> Tensor:
    """Pictures of positive pixels, few of them bright, so that a maximum may be any of them."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, *size, generator=generator, dtype=torch.float64) ** 3


@torch.no_grad()
def differences(model: nn.Module, conversion: Conversion, image: Tensor) -> Tensor:
    """The largest relative difference of each window of all images, (rows, columns)."""
    (height, width), (down, across) = conversion.window, conversion.effective_stride
    rows = (image.shape[2] - height) // down + 1
    columns = (image.shape[3] - width) // across + 1
    scores = conversion.module(image)
    found = torch.empty(rows, columns, dtype=torch.float64)
    for i, j in itertools.product(range(rows), range(columns)):
        top, left = i * down, j * across
        wanted = model(image[:, :, top : top + height, left : left + width])
        error = (scores[:, :, i, j] - wanted).norm(dim=1) / wanted.norm(dim=1)
        found[i, j] = error.max()
    return found


def assert_cells_are_as_predicted(
    model: nn.Module, window: tuple[int, ...], windows: Size, left: Size
) -> None:
    conversion = converted(model, window)
    size = tuple(
        each + (count - 1) * stride + min(rest, stride - 1)
        for each, count, stride, rest in zip(
            window[1:], windows, conversion.effective_stride, left, strict=True
        )
    )
    height, width = size
    found = differences(model, conversion, pictures(window[0], (height, width)))
    predicted = torch.tensor(conversion.exactness.cells((height, width)))
    assert predicted.shape == found.shape == windows
    assert (found[predicted] <= 1e-11).all(), (predicted, found)
    assert (found[~predicted] > 1e-9).all(), (predicted, found)
    assert conversion.exactness.exact is (conversion.exactness.reasons == ())
    if conversion.exactness.exact:
        assert predicted.all()
    elif min(windows) > 2:
        assert not predicted.all()


sizes_of_images = st.tuples(both(counts(4)), both(st.integers(0, 2)))


@given(networks(), sizes_of_images)
@settings(max_examples=drawn.examples(120))
def test_a_cell_equals_its_window_where_geometry_says_so_and_only_there(
    case: tuple[nn.Sequential, tuple[int, int, int]], image: tuple[Size, Size]
) -> None:
    assert_cells_are_as_predicted(*case, *image)


@given(networks(kinds=("avg",), modes=("zeros",)), sizes_of_images)
@settings(max_examples=drawn.examples(60))
def test_so_it_is_without_maxima_and_mirrors(
    case: tuple[nn.Sequential, tuple[int, int, int]], image: tuple[Size, Size]
) -> None:
    assert_cells_are_as_predicted(*case, *image)
