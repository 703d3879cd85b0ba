"""Which cells of one pass equal their windows: predicted from geometry, and found by comparing."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests import drawn
from tests.models import resnet18
from torch import nn

import cnnexplain as cx
from cnnexplain.conversion.modules import module_of
from cnnexplain.exactness import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnexplain.conversion import Conversion
    from cnnexplain.exactness import Side
    from cnnexplain.graph import Network

Tensor = torch.Tensor
Size = tuple[int, int]

# So many that a maximum that is the same by luck in one of them differs in another.
IMAGES = 12


pytestmark = pytest.mark.usefixtures("one_thread")


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
MODES = ("zeros", "reflect", "replicate", "circular")


@dataclass(frozen=True)
class Kinds:
    """What a network may be made of.

    Attributes:
        pools: `"max"` or `"avg"`.
        modes: How it is padded, as torch calls it.
        values: What padding by itself may be made of.
        padding: By how much.
        layers: What stands in it.
        ends: What its last map goes through before the Linear.
    """

    pools: tuple[str, ...] = ("max", "avg")
    modes: tuple[str, ...] = MODES
    values: tuple[float, ...] = (0.0, 0.5)
    # Most layers have no padding, so that some windows are exact and others are not.
    padding: st.SearchStrategy[int] = field(default=st.sampled_from([0, 0, 0, 1, 2]), repr=False)
    layers: tuple[str, ...] = ("conv", "conv", "conv", "pool", "pool", "pad", "branches", "crop")
    ends: tuple[str, ...] = ("flatten", "flatten", "adaptive")


ANY = Kinds()
# Without maxima, which may be those of other pixels, and without zeros of two kinds, nothing is
# equal by luck.
SUMS = Kinds(pools=("avg",), values=(0.5,))
MAXIMA = Kinds(modes=("zeros",), values=(0.5,))
# Circular padding at one side reads what lies at the other.
BY_SIDES = replace(SUMS, modes=("zeros", "reflect", "replicate"))


Model = TypeVar("Model", bound=nn.Module)


def both(strategy: st.SearchStrategy[int]) -> st.SearchStrategy[Size]:
    return st.tuples(strategy, strategy)


@st.composite
def convolutions(draw: st.DrawFn, channels: int, kinds: Kinds) -> nn.Module:
    kernel, stride, dilation = (draw(both(counts(each))) for each in (3, 2, 2))
    padding = draw(both(kinds.padding))
    mode: Any = draw(st.sampled_from(kinds.modes))
    return nn.Conv2d(channels, 2, kernel, stride, padding, dilation, padding_mode=mode)


@st.composite
def pools(draw: st.DrawFn, kinds: Kinds, *, ceil: bool = True) -> nn.Module:
    kernel, stride = draw(both(counts(3))), draw(both(counts(3)))
    high, wide = (min(draw(kinds.padding), size // 2) for size in kernel)
    padding = high, wide
    mode = ceil and draw(st.booleans())
    if draw(st.sampled_from(kinds.pools)) == "max":
        return nn.MaxPool2d(kernel, stride, padding, draw(both(counts(2))), ceil_mode=mode)
    return nn.AvgPool2d(kernel, stride, padding, mode, count_include_pad=draw(st.booleans()))


@st.composite
def paddings(draw: st.DrawFn, kinds: Kinds) -> nn.Module:
    mode = draw(st.sampled_from(kinds.modes))
    least = -1 if mode == "zeros" else 0
    sides = tuple(draw(st.sampled_from([0, 0, least, 1, 2])) for _ in range(4))
    value = draw(st.sampled_from(kinds.values))
    if draw(st.booleans()):
        return Padded(sides, "constant" if mode == "zeros" else mode, value)
    layers: dict[str, Callable[[Any], nn.Module]] = {
        "zeros": partial(nn.ConstantPad2d, value=value) if value else nn.ZeroPad2d,
        "reflect": nn.ReflectionPad2d,
        "replicate": nn.ReplicationPad2d,
        "circular": nn.CircularPad2d,
    }
    return layers[mode](sides)


@st.composite
def branches(draw: st.DrawFn, shape: tuple[int, ...], kinds: Kinds) -> nn.Module:
    """A layer beside a convolution, whose map is padded or cropped to the same size."""
    channels, *sizes = shape
    zeros = replace(kinds, modes=("zeros",))
    layers = [st.just(nn.Identity()), convolutions(channels, zeros), pools(kinds, ceil=False)]
    first: Any = draw(st.one_of(layers))
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


def unread(layer: Any, axis: int, size: int) -> int:
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
    """The shape that a layer makes of another; all 0 if it cannot, or finds only padding."""
    try:
        with torch.no_grad():
            made = layer(torch.zeros(1, *shape))
    except RuntimeError:
        return (0, 0, 0)
    return tuple(made.shape[1:]) if made.isfinite().all() else (0, 0, 0)


def with_positive_weights(model: Model) -> Model:
    """The same in float64, with weights that let nothing cancel and leave nothing dead."""
    model.double().eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for each in model.parameters():
            each.uniform_(0.5, 1.5).div_(each[0].numel() if each.ndim > 1 else 4)
    layer: Any
    for layer in model.modules():
        if getattr(layer, "value", 0):  # no two layers pad with the same
            layer.value = float(torch.rand(()))
    return model


@st.composite
def networks(draw: st.DrawFn, kinds: Kinds = ANY) -> tuple[nn.Sequential, tuple[int, int, int]]:
    """A network of layers with windows, and its window."""
    window = (draw(counts(2)), *draw(both(st.integers(4, 13))))
    shape: tuple[int, ...] = window
    layers: list[nn.Module] = []
    for _ in range(draw(counts(4))):
        each_kind = {
            "conv": convolutions(shape[0], kinds),
            "pool": pools(kinds),
            "pad": paddings(kinds),
            "branches": branches(shape, kinds),
            "crop": st.builds(Crop, both(kinds.padding), both(kinds.padding)),
        }
        layer = draw(each_kind[draw(st.sampled_from(kinds.layers))])
        made = made_by(layer, shape)
        if min(made[1:]) >= 1:
            layers.append(layer)
            shape = made
    if draw(st.sampled_from(kinds.ends)) == "adaptive":
        layers.append(nn.AdaptiveAvgPool2d(draw(both(counts(4)))))
        shape = made_by(layers[-1], shape)
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(math.prod(shape), 2))
    with_positive_weights(net)
    # What sees nothing but padding along one axis sees nothing along the other either.
    dark, bright = (value(1, *window, dtype=torch.float64) for value in (torch.zeros, torch.ones))
    with torch.no_grad():
        assume(bool((net[:-2](bright) > net[:-2](dark)).all()))
    return net, window


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
    model: nn.Module, window: tuple[int, ...], windows: Size, left: Size, *, only: bool = True
) -> None:
    """Assert that cells equal their windows where they should, and perhaps only there."""
    conversion = cx.fully_convolutional(model, window)
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
    assert not only or (found[~predicted] > 1e-9).all(), (predicted, found)
    assert conversion.exactness.exact is (conversion.exactness.reasons == ())
    if conversion.exactness.exact:
        assert predicted.all()
    elif min(windows) > 2:
        assert not predicted.all()


sizes_of_images = st.tuples(both(st.sampled_from([1, 2, 3, 3, 4])), both(st.integers(0, 2)))


@given(networks(), sizes_of_images)
@settings(max_examples=drawn.examples(80))
def test_a_cell_equals_its_window_where_geometry_says_so(
    case: tuple[nn.Sequential, tuple[int, int, int]], image: tuple[Size, Size]
) -> None:
    # A mirrored pixel may be the maximum of a window that it stands in already.
    assert_cells_are_as_predicted(*case, *image, only=False)


@pytest.mark.slow
@given(
    st.one_of(networks(SUMS), networks(MAXIMA)),
    sizes_of_images,
)
@settings(max_examples=drawn.examples(120))
def test_and_only_there(
    case: tuple[nn.Sequential, tuple[int, int, int]], image: tuple[Size, Size]
) -> None:
    assert_cells_are_as_predicted(*case, *image)


def column(*layers: nn.Module, features: int) -> nn.Sequential:
    """A network along a column of pixels, so small that it can be followed by hand."""
    return with_positive_weights(nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, 1)))


def rows_of(kernel: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(1, 1, (kernel, 1), (stride, 1), dilation=(dilation, 1))


@pytest.mark.parametrize("pad", [nn.ReflectionPad2d, nn.ReplicationPad2d, nn.CircularPad2d])
def test_mirrors_at_ends_that_differ_show_different_pixels(pad: Any) -> None:
    # The second row of cells reads rows 2 and 4, and 4 lies beyond the window and beyond the image,
    # which ends one row later: what is mirrored there is not the same.
    net = column(pad((0, 0, 0, 2)), rows_of(2, stride=2, dilation=2), features=2)
    assert_cells_are_as_predicted(net, (1, 3, 1), (1, 1), (1, 0))


def test_mirrors_at_beginnings_that_differ_show_different_pixels() -> None:
    # Row −2 of the second window lies before the image too, whose first row is the window's row −1.
    net = column(nn.ReflectionPad2d((0, 0, 2, 0)), rows_of(2, stride=1, dilation=4), features=2)
    assert_cells_are_as_predicted(net, (1, 4, 1), (3, 1), (0, 0))
    net = column(nn.ReflectionPad2d((0, 0, 2, 0)), rows_of(1), Crop((0, 5), (0, 0)), features=1)
    assert_cells_are_as_predicted(net, (1, 4, 1), (3, 1), (0, 0))


def test_what_is_carried_around_counts_where_it_comes_from() -> None:
    # The last cell of the first convolution sees a virtual row, and only the circular padding
    # carries it to where it is read.
    net = column(
        nn.ZeroPad2d((0, 0, 0, 1)),
        rows_of(3, stride=2),
        nn.CircularPad2d((0, 0, 1, 0)),
        rows_of(2, stride=2),
        features=2,
    )
    assert_cells_are_as_predicted(net, (1, 8, 1), (1, 1), (1, 0))


@pytest.mark.parametrize("padding", [0, 1])
def test_a_dilated_pool_that_hangs_over_is_predicted(padding: int) -> None:
    pool = nn.MaxPool2d((3, 1), (2, 1), (padding, 0), (2, 1), ceil_mode=True)
    size = 4 - 2 * padding
    net = column(rows_of(1), pool, features=1)
    assert_cells_are_as_predicted(net, (1, size, 1), (3, 1), (0, 0))


def test_the_comparison_sees_a_wrong_prediction() -> None:
    net = column(nn.ZeroPad2d((0, 0, 1, 0)), rows_of(2), features=4)
    conversion = cx.fully_convolutional(net, (1, 4, 1))
    found = differences(net, conversion, pictures(1, (6, 1)))
    assert conversion.exactness.cells((6, 1)) == ((True,), (False,), (False,))
    assert (found[:, 0] > 1e-9).tolist() == [False, True, True]


# ── how far virtual cells reach ────────────────────────────────────────────────────────────────


def thin(network: Network) -> Network:
    """The same network with two channels everywhere: its sizes are those of the original."""
    assert network.input_size is not None
    channels, original, nodes = network.input_size[0], 1, []
    for node in network.nodes:
        operation: Any = node.operation
        match type(operation).__name__:
            case "Conv2d":
                original = operation.out_channels
                operation = replace(operation, in_channels=channels, out_channels=2, groups=1)
                channels = 2
            case "Linear":
                places = operation.in_features // original
                original = operation.out_features
                operation = replace(operation, in_features=places * channels, out_features=2)
        nodes.append(replace(node, operation=operation))
    return replace(network, nodes=tuple(nodes))


PADDED = {
    "VGG-16": cx.networks.vgg16(),
    "AlexNet": cx.networks.alexnet(),
    "AlexNet, ungrouped": cx.networks.alexnet("ungrouped"),
    "AlexNet, torchvision": cx.networks.alexnet("torchvision"),
}
BUNDLED = PADDED | {
    "LeNet-5": cx.networks.lenet5(),
    "VGG-16, unpadded": cx.networks.vgg16(padded=False),
}


@cache
def bundled(name: str) -> Conversion:
    network = thin(BUNDLED[name])
    assert network.input_size is not None
    return cx.fully_convolutional(network, network.input_size)


@cache
def resnet() -> Conversion:
    torch.manual_seed(0)
    return cx.fully_convolutional(resnet18(width=1 / 32).eval(), (3, 224, 224))


def test_padding_leaves_one_cell_of_vgg_16() -> None:
    reach = {each.name: (each.clean, each.size) for each in bundled("VGG-16").exactness.reach}
    told = {name: (clean[0], size[0]) for name, (clean, size) in reach.items()}
    assert all(row == column for pair in reach.values() for row, column in pair)
    assert told == {
        "conv1_1": (222, 224),
        "conv1_2": (220, 224),
        "pool1": (110, 112),
        "conv2_1": (108, 112),
        "conv2_2": (106, 112),
        "pool2": (52, 56),
        "conv3_1": (50, 56),
        "conv3_2": (48, 56),
        "conv3_3": (46, 56),
        "pool3": (22, 28),
        "conv4_1": (20, 28),
        "conv4_2": (18, 28),
        "conv4_3": (16, 28),
        "pool4": (8, 14),
        "conv5_1": (6, 14),
        "conv5_2": (4, 14),
        "conv5_3": (2, 14),
        "pool5": (1, 7),
        "fc6": (0, 1),
        "fc7": (0, 1),
        "fc8": (0, 1),
    }


@pytest.mark.parametrize(
    ("name", "clean"), [("AlexNet", 2), ("AlexNet, ungrouped", 2), ("AlexNet, torchvision", 0)]
)
def test_padding_leaves_few_cells_of_alexnet(name: str, clean: int) -> None:
    (pool,) = (each for each in bundled(name).exactness.reach if each.name == "pool5")
    assert (pool.clean, pool.size) == ((clean, clean), (6, 6))


@pytest.mark.parametrize("name", PADDED)
def test_reach_is_what_the_table_says_of_padding(name: str) -> None:
    # The table follows the padding by intervals, from the original's own layers.
    rows = {row.name: row for row in cx.trace(BUNDLED[name]).rows}
    reach = bundled(name).exactness.reach
    assert len(reach) > 8
    for each in reach:
        untouched = tuple(
            size - touched
            for size, touched in zip(each.size, rows[each.name].touched or (), strict=True)
        )
        assert untouched == each.clean, each.name


@pytest.mark.parametrize("name", ["LeNet-5", "VGG-16, unpadded"])
def test_without_padding_all_cells_are_clean(name: str) -> None:
    assert all(each.clean == each.size for each in bundled(name).exactness.reach)


def maps_of(conversion: Conversion, image: Tensor) -> dict[str, Tensor]:
    """What each layer with windows makes of an image."""
    found: dict[str, Tensor] = {}
    module = conversion.module
    handles = [
        module.get_submodule(each.name).register_forward_hook(
            lambda _, __, made, name=each.name: found.update({name: made})
        )
        for each in conversion.exactness.reach
    ]
    with torch.no_grad():
        module(image)
    for handle in handles:
        handle.remove()
    return found


def strides_of(module: nn.Module, axis: int) -> int:
    stride = getattr(module, "stride", 1)
    return int(stride if isinstance(stride, int) else stride[axis])


@given(networks(replace(ANY, layers=("conv", "conv", "pool", "pad", "crop"))))
@settings(max_examples=drawn.examples(50))
def test_reach_is_how_many_cells_change_with_the_surroundings(
    case: tuple[nn.Sequential, tuple[int, int, int]],
) -> None:
    model, window = case
    conversion = cx.fully_convolutional(model, window)
    reach = {each.name: each for each in conversion.exactness.reach}
    for axis in (0, 1):
        # Surroundings along one axis alone: along the other, the window ends where the image does.
        stride = conversion.effective_stride[axis]
        before = stride * math.ceil(24 / stride)
        size = list(window[1:])
        size[axis] += 2 * before
        image = pictures(window[0], (size[0], size[1]), 24)
        crop = image.narrow(2 + axis, before, window[1 + axis])
        whole, alone = maps_of(conversion, image), maps_of(conversion, crop)
        passed = 1
        for name, each in reach.items():
            passed *= strides_of(conversion.module.get_submodule(name), axis)
            shift, rest = divmod(before, passed)
            assert rest == 0
            inside = whole[name].narrow(2 + axis, shift, alone[name].shape[2 + axis])
            other = [each for each in range(4) if each != 2 + axis]
            error = ((inside - alone[name]) / alone[name]).abs().nan_to_num().amax(other)
            assert each.size[axis] == len(error)
            assert each.clean[axis] == (error < 1e-11).sum(), (name, axis, error)
            assert each.places[axis] == tuple((error < 1e-11).nonzero().flatten().tolist())


# ── halo ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "halo"),
    [
        ("VGG-16", 96),
        ("AlexNet", 64),
        ("AlexNet, ungrouped", 64),
        ("AlexNet, torchvision", 96),
        ("LeNet-5", 0),
        ("VGG-16, unpadded", 0),
    ],
)
def test_the_halo_of_the_networks_of_the_literature(name: str, halo: int) -> None:
    assert bundled(name).exactness.halo == (halo, halo)


def test_the_halo_of_resnet_18_is_as_large_as_its_window() -> None:
    assert resnet().exactness.halo == (224, 224)
    assert resnet().receptive_field == (627, 627)


def test_a_crop_takes_some_of_the_halo_away() -> None:
    # A pixel is cut off at each end, so that a zero stands where the image has the pixel.
    net = nn.Sequential(
        Crop((1, 1), (0, 0)), nn.Conv2d(1, 1, 3, padding=(1, 0)), nn.Flatten(), nn.Linear(12, 1)
    )
    exactness = cx.fully_convolutional(net.eval(), (1, 8, 4)).exactness
    assert exactness.exact is False
    assert exactness.halo == (1, 0)


# Circular padding reads the image's other end, which no surroundings hold.
@given(networks(replace(ANY, modes=BY_SIDES.modes)), both(st.integers(0, 2)))
@settings(max_examples=drawn.examples(25))
def test_windows_with_a_halo_are_exact(
    case: tuple[nn.Sequential, tuple[int, int, int]], left: Size
) -> None:
    model, window = case
    conversion = cx.fully_convolutional(model, window)
    halo, stride = conversion.exactness.halo, conversion.effective_stride
    height, width = (
        size + reach + 2 * step + min(rest, step - 1)
        for size, reach, step, rest in zip(window[1:], halo, stride, left, strict=True)
    )
    (image,) = pictures(window[0], (height, width), 1)
    slid = with_context(model, image, window, stride, halo)
    assert error_of(slid, conversion, image) <= 1e-11


@given(networks(BY_SIDES))
@settings(max_examples=drawn.examples(25))
def test_a_smaller_halo_is_not_enough(case: tuple[nn.Sequential, tuple[int, int, int]]) -> None:
    model, window = case
    conversion = cx.fully_convolutional(model, window)
    halo, stride = conversion.exactness.halo, conversion.effective_stride
    assert (halo == (0, 0)) is conversion.exactness.exact
    for axis in (0, 1):
        steps, rest = divmod(halo[axis], stride[axis])
        assert rest == 0
        size, less = list(window[1:]), list(halo)
        # The middle one of these windows has an image around it that is larger than its halo.
        size[axis] += (2 * steps + 6) * stride[axis]
        less[axis] -= stride[axis]
        (image,) = pictures(window[0], (size[0], size[1]), 1)
        slid = with_context(model, image, window, stride, halo)
        assert error_of(slid, conversion, image) <= 1e-11
        if steps:
            slid = with_context(model, image, window, stride, less)
            assert error_of(slid, conversion, image) > 1e-9


def with_context(
    model: nn.Module, image: Tensor, window: tuple[int, ...], stride: Size, context: Any
) -> Any:
    return cx.slide(model, image, window[1:], stride, context=context, device="cpu", batch_size=64)


@torch.no_grad()
def error_of(slid: Tensor, conversion: Conversion, image: Tensor) -> float:
    rows, columns = slid.shape[-2:]
    passed = conversion.module(image[None])[..., :rows, :columns]
    return float(((slid - passed) / passed).abs().max())


# ── pools that hang over ───────────────────────────────────────────────────────────────────────


def r_net() -> nn.Sequential:
    """R-Net of MTCNN, narrow: its first pool hangs over a map of 22 rows. Zhang et al., 2016."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.PReLU(4),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(4, 6, 3),
        nn.PReLU(6),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 8, 2),
        nn.PReLU(8),
        nn.Flatten(),
        nn.Linear(8 * 3 * 3, 2),
        nn.Softmax(1),
    ).eval()


def o_net() -> nn.Sequential:
    """O-Net of MTCNN, narrow."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(4, 6, 3),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 6, 3),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 2),
        nn.Flatten(),
        nn.Linear(8 * 3 * 3, 2),
    ).eval()


@pytest.mark.parametrize(("make", "window", "cure"), [(r_net, 24, 25), (o_net, 48, 49)])
def test_a_pool_that_hangs_over_leaves_one_exact_window_and_a_larger_window_cures_it(
    make: Callable[[], nn.Sequential], window: int, cure: int
) -> None:
    model = make().double()
    before = cx.fully_convolutional(model, (3, window, window))
    (down, across) = before.effective_stride
    size = (cure + 3 * down, cure + 4 * across)
    assert before.exactness.exact is False
    assert [each.kind for each in before.exactness.reasons] == ["ceil_mode"]
    assert before.exactness.cure == (cure, cure)
    on_grid = (window + 3 * down, window + 4 * across)
    cells = before.exactness.cells(on_grid)
    assert [(i, j) for i, row in enumerate(cells) for j, cell in enumerate(row) if cell] == [(3, 4)]
    found = differences(model, before, pictures(3, on_grid))
    assert torch.equal(found < 1e-11, torch.tensor(cells))

    cured = cx.fully_convolutional(model, (3, cure, cure))
    assert cured.exactness.exact is True
    assert cured.exactness.cure is None
    assert cured.effective_stride == before.effective_stride
    assert all(map(all, cured.exactness.cells(size)))
    found = differences(model, cured, pictures(3, size))
    assert found.shape == (4, 5)
    assert found.max() < 1e-11


def test_only_the_axis_that_is_at_fault_is_cured() -> None:
    net = nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True), nn.Flatten(), nn.Linear(4 * 5, 2))
    exactness = cx.fully_convolutional(net.eval(), (1, 9, 10)).exactness
    assert exactness.reasons == (Reason("0", ("right",), "ceil_mode"),)
    assert exactness.cure == (9, 11)


@pytest.mark.parametrize("name", BUNDLED)
def test_no_window_cures_padding_and_none_is_needed_without(name: str) -> None:
    assert bundled(name).exactness.cure is None


def test_a_padded_network_is_not_cured_of_its_pool_alone() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 1, 3, padding=1),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(25, 2),
    )
    exactness = cx.fully_convolutional(net.eval(), (1, 10, 10)).exactness
    assert {each.kind for each in exactness.reasons} == {"padding", "ceil_mode"}
    assert exactness.cure is None


HANGING = Kinds(padding=st.just(0), layers=("conv", "pool", "pool", "crop"), ends=("flatten",))


@given(networks(HANGING))
@settings(max_examples=drawn.examples(60))
def test_the_cure_is_the_smallest_window_that_is_exact(
    case: tuple[nn.Sequential, tuple[int, int, int]],
) -> None:
    model, (channels, *size) = case
    conversion = cx.fully_convolutional(model, (channels, *size))
    cures: list[int | None] = []
    for axis in (0, 1):
        steps = range(conversion.effective_stride[axis] + 2)
        more = (each for each in steps if is_exact(model, channels, size, axis, each))
        found = next(more, None)
        cures.append(None if found is None else size[axis] + found)
    if conversion.exactness.exact:
        assert cures == size
    expected = None if None in cures or cures == size else tuple(cures)
    assert conversion.exactness.cure == expected


def is_exact(model: nn.Module, channels: int, size: list[int], axis: int, more: int) -> bool:
    """Whether a window that is larger along an axis is exact along this axis."""
    larger = [each + more * (number == axis) for number, each in enumerate(size)]
    try:
        found = cx.fully_convolutional(model, (channels, *larger)).exactness
    except cx.CnnExplainError:  # it makes more cells than the Linear layer takes
        return False
    return not any(
        side in each.sides for each in found.reasons for side in (TOP_BOTTOM, LEFT_RIGHT)[axis]
    )


TOP_BOTTOM, LEFT_RIGHT = ("top", "bottom"), ("left", "right")

# ── reasons ────────────────────────────────────────────────────────────────────────────────────


def reasons_of(*layers: nn.Module, window: Size = (8, 8)) -> tuple[Reason, ...]:
    features = nn.Sequential(*layers)
    outputs = features(torch.zeros(1, 1, *window))[0].numel()
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(outputs, 2)).eval()
    return cx.fully_convolutional(net, (1, *window)).exactness.reasons


ALL_SIDES: tuple[Side, ...] = ("top", "bottom", "left", "right")


@pytest.mark.parametrize(
    ("layers", "reasons"),
    [
        ((nn.Conv2d(1, 1, 3),), []),
        ((nn.Conv2d(1, 1, 3, padding=1),), [("0", ALL_SIDES, "padding")]),
        ((nn.Conv2d(1, 1, 3, padding=(1, 0)),), [("0", ("top", "bottom"), "padding")]),
        ((nn.Conv2d(1, 1, (1, 3), padding=(0, 1)),), [("0", ("left", "right"), "padding")]),
        ((nn.Conv2d(1, 1, 3, padding="same"),), [("0", ALL_SIDES, "padding")]),
        # What is odd about "same" is padded at the far end.
        pytest.param(
            (nn.Conv2d(1, 1, 2, padding="same"),),
            [("0", ("bottom", "right"), "padding")],
            marks=pytest.mark.filterwarnings("ignore:Using padding='same'"),
        ),
        (
            (nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"),),
            [("0", ALL_SIDES, "padding")],
        ),
        ((nn.ZeroPad2d((0, 0, 1, 0)), nn.Conv2d(1, 1, 3)), [("0", ("top",), "padding")]),
        ((nn.ZeroPad2d((0, 0, 0, 1)), nn.Conv2d(1, 1, 3)), [("0", ("bottom",), "padding")]),
        ((nn.ZeroPad2d((1, 0, 0, 0)), nn.Conv2d(1, 1, 3)), [("0", ("left",), "padding")]),
        ((nn.ReplicationPad2d((0, 1, 0, 0)), nn.MaxPool2d(2, 1)), [("0", ("right",), "padding")]),
        (
            (nn.ReflectionPad2d((2, 0, 1, 0)), nn.Conv2d(1, 1, 3)),
            [("0", ("top", "left"), "padding")],
        ),
        ((nn.CircularPad2d(1), nn.Conv2d(1, 1, 3)), [("0", ALL_SIDES, "padding")]),
        ((nn.MaxPool2d(2, padding=1),), [("0", ALL_SIDES, "padding")]),
        ((nn.MaxPool2d(3, 2, ceil_mode=True),), [("0", ("bottom", "right"), "ceil_mode")]),
        ((nn.AvgPool2d((3, 2), 2, ceil_mode=True),), [("0", ("bottom",), "ceil_mode")]),
        ((nn.MaxPool2d((2, 4), 2, ceil_mode=True), nn.Conv2d(1, 1, 1)), []),
        # Both are beyond the end: a row of padding, and behind it one of no cell.
        (
            (nn.MaxPool2d(4, padding=1, ceil_mode=True),),
            [("0", ("bottom", "right"), "ceil_mode"), ("0", ALL_SIDES, "padding")],
        ),
        # The second layer is not padded, and the third reads a clean map.
        (
            (
                nn.Conv2d(1, 1, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(1, 1, 1, padding=1),
            ),
            [("0", ALL_SIDES, "padding"), ("3", ALL_SIDES, "padding")],
        ),
        # A crop, or a floor, takes away what was touched.
        ((nn.Conv2d(1, 1, 3, padding=1), Crop((1, 1), (1, 1))), []),
        ((nn.Conv2d(1, 1, 3, padding=1), Crop((1, 0), (1, 1))), [("0", ("bottom",), "padding")]),
        ((nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(2)), []),
        ((nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(1, 1, 2), nn.MaxPool2d(3)), []),
        ((nn.ZeroPad2d(-1), nn.Conv2d(1, 1, 3)), []),
        ((nn.ZeroPad2d((-1, 1, 0, 0)), nn.Conv2d(1, 1, 3)), [("0", ("right",), "padding")]),
    ],
    ids=lambda value: None if isinstance(value, tuple) else f"{len(value)}",
)
def test_reasons_name_layers_sides_and_kinds(
    layers: tuple[nn.Module, ...], reasons: list[Any]
) -> None:
    assert reasons_of(*layers) == tuple(Reason(*each) for each in reasons)


def test_a_reason_has_the_path_that_a_table_shows() -> None:
    padded = Padded((0, 1, 0, 0), "constant", 5.0)
    (reason,) = reasons_of(padded)
    assert (reason.sides, reason.kind) == (("right",), "padding")
    assert reason.name == cx.trace(nn.Sequential(padded), (1, 8, 8)).rows[0].name


def two_heads() -> nn.Module:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.deep = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3, padding=1)
            self.one, self.two = nn.Linear(2 * 36, 2), nn.Linear(2 * 36, 3)

        def forward(self, x: Tensor) -> Any:
            z = self.stem(x)
            return self.one(z.flatten(1)), {"deep": self.two(self.deep(z).flatten(1))}

    return with_positive_weights(Heads())


def test_one_output_of_several_is_reason_enough() -> None:
    model = two_heads()
    conversion = cx.fully_convolutional(model, (1, 8, 8))
    assert conversion.exactness.reasons == (Reason("deep", ALL_SIDES, "padding"),)
    assert conversion.exactness.halo == (1, 1)
    assert not any(map(any, conversion.exactness.cells((10, 11))))
    image = pictures(1, (10, 11))
    with torch.no_grad():
        one, two = conversion.module(image)
        for i, j in itertools.product(range(3), range(4)):
            first, second = model(image[:, :, i : i + 8, j : j + 8])
            torch.testing.assert_close(one[..., i, j], first, rtol=1e-12, atol=0)
            assert (two["deep"][..., i, j] - second["deep"]).abs().min() > 1e-9


def test_reasons_of_the_networks_of_the_literature_are_their_padded_layers() -> None:
    vgg = bundled("VGG-16").exactness.reasons
    assert vgg == tuple(
        Reason(f"conv{block}_{number}", ALL_SIDES, "padding")
        for block, count in enumerate((2, 2, 3, 3, 3), 1)
        for number in range(1, count + 1)
    )
    alexnet = bundled("AlexNet").exactness.reasons
    assert [each.name for each in alexnet] == ["conv2", "conv3", "conv4", "conv5"]
    assert {(each.sides, each.kind) for each in alexnet} == {(ALL_SIDES, "padding")}


def test_padding_that_a_floor_drops_is_no_reason() -> None:
    # 28 rows: at stride 4, the last window of 11 rows ends at row 26, and the padding lies behind.
    net = nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(1, 1, 11, stride=4), nn.Flatten(), nn.Linear(25, 2)
    )
    exactness = cx.fully_convolutional(with_positive_weights(net), (1, 28, 28)).exactness
    assert exactness.exact is True
    assert exactness.halo == (0, 0)
    assert all(map(all, exactness.cells((41, 36))))
    assert_cells_are_as_predicted(net, (1, 28, 28), (3, 3), (2, 2))


@given(networks(BY_SIDES), st.sampled_from(ALL_SIDES))
@settings(max_examples=drawn.examples(60))
def test_a_window_differs_from_its_cell_where_the_image_goes_on_at_a_side_of_a_reason(
    case: tuple[nn.Sequential, tuple[int, int, int]], side: str
) -> None:
    model, window = case
    conversion = cx.fully_convolutional(model, window)
    axis, near = int(side in LEFT_RIGHT), side in {"top", "left"}
    size = list(window[1:])
    size[axis] += 4 * conversion.effective_stride[axis]
    found = differences(model, conversion, pictures(window[0], (size[0], size[1]))).flatten()
    named = any(side in each.sides for each in conversion.exactness.reasons)
    assert len(found) == 5
    assert (found[-1 if near else 0] > 1e-9) == named


def test_exactness_is_shown_with_its_reasons() -> None:
    assert repr(bundled("LeNet-5").exactness) == "Exactness(exact)"
    exactness = cx.fully_convolutional(r_net(), (3, 24, 24)).exactness
    assert repr(exactness) == "Exactness(not exact: 2: ceil_mode (bottom, right))"


# ── which windows of an image ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", PADDED)
def test_no_window_of_a_larger_image_is_exact_for_padded_networks(name: str) -> None:
    conversion = bundled(name)
    height, width = conversion.window
    cells = conversion.exactness.cells((height + 160, width + 191))
    assert [len(row) for row in cells] == [6] * 6
    assert not any(map(any, cells))
    assert conversion.exactness.cells([height, width]) == ((True,),)


def test_a_rectangular_image_has_rows_of_columns() -> None:
    cells = bundled("LeNet-5").exactness.cells((32 + 4 * 2 + 3, 32 + 4 * 5))
    assert cells == ((True,) * 6,) * 3


def test_cells_of_a_rectangular_window() -> None:
    net = nn.Sequential(
        nn.ZeroPad2d((0, 0, 1, 0)), nn.Conv2d(1, 1, (3, 2), (2, 1)), nn.Flatten(), nn.Linear(12, 2)
    )
    exactness = cx.fully_convolutional(with_positive_weights(net), (1, 6, 5)).exactness
    # Padded at the top alone: where the window begins with the image, it is real in both.
    assert exactness.cells((6 + 2 * 2, 5 + 3)) == ((True,) * 4, (False,) * 4, (False,) * 4)
    assert_cells_are_as_predicted(net, (1, 6, 5), (3, 4), (1, 0))


def test_the_corner_windows_of_a_padded_network_differ_at_two_sides() -> None:
    net = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Flatten(), nn.Linear(25, 1))
    with_positive_weights(net)
    conversion = cx.fully_convolutional(net, (1, 5, 5))
    assert conversion.exactness.cells((5, 5)) == ((True,),)
    # Where the image is as high as the window, the ends of the row have one inner side, and are
    # not exact either.
    assert conversion.exactness.cells((5, 8)) == ((False,) * 4,)
    errors = differences(net, conversion, pictures(1, (5, 8)))[0]
    assert errors.min() > 1e-3
    assert max(errors[0], errors[3]) < min(errors[1], errors[2])


@pytest.mark.parametrize(
    ("size", "expected", "received", "cure"),
    [
        (
            (384,),
            "image_size as (height, width)",
            "image_size=(384,)",
            "write for example (384, 384)",
        ),
        (
            (3, 384, 384),
            "image_size as (height, width)",
            "image_size=(3, 384, 384)",
            "write for example (384, 384)",
        ),
        (384, "image_size as (height, width)", "image_size=384", "write for example (384, 384)"),
        (
            None,
            "image_size as (height, width)",
            "image_size=None",
            "write for example (384, 384)",
        ),
        (
            (384, 384.0),
            "image_size as an integer of at least 1",
            "image_size=384.0",
            "write for example image_size=1",
        ),
        (
            (0, 384),
            "image_size as an integer of at least 1",
            "image_size=0",
            "use image_size=1 or more",
        ),
        (
            (31, 32),
            "an image of at least 32×32, the size of the window",
            "31×32",
            "use a larger image, or a network for smaller ones",
        ),
    ],
)
@pytest.mark.parametrize(
    "asked",
    [
        lambda conversion, size: conversion.exactness.cells(size),
        lambda conversion, size: conversion.receptive_field_box((0, 0), size),
    ],
    ids=["cells", "box"],
)
def test_an_image_that_is_none_is_refused(
    asked: Callable[..., Any], size: Any, expected: str, received: str, cure: str
) -> None:
    with pytest.raises(cx.ArgumentError) as refusal:
        asked(bundled("LeNet-5"), size)
    assert str(refusal.value).splitlines() == [
        f"expected: {expected}",
        f"received: {received}",
        f"cure: {cure}",
    ]


# ── windows and receptive fields ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "window", "stride", "size"),
    [
        ("VGG-16", 224, 32, 404),
        ("AlexNet", 227, 32, 355),
        ("AlexNet, torchvision", 224, 32, 355),
        ("LeNet-5", 32, 4, 32),
        # Its last pool covers its map, and so has one place for each place of that.
        ("VGG-16, unpadded", 224, 16, 212),
    ],
)
def test_a_cell_sees_more_than_its_window(name: str, window: int, stride: int, size: int) -> None:
    conversion = bundled(name)
    assert conversion.window == (window, window)
    assert conversion.effective_stride == (stride, stride)
    assert conversion.receptive_field == (size, size)


def test_a_window_begins_where_the_strides_end() -> None:
    assert bundled("VGG-16").window_box((0, 0)) == (range(224), range(224))
    assert bundled("VGG-16").window_box([5, 2]) == (range(160, 384), range(64, 288))


def test_a_cell_of_vgg_16_sees_beyond_its_window_and_not_beyond_the_image() -> None:
    # Unit i of fc6 sees from 32·i − 90 to 32·i + 313.
    box = bundled("VGG-16").receptive_field_box
    assert box((0, 4), (384, 512)) == (range(314), range(38, 442))
    assert box((5, 9), (384, 512)) == (range(70, 384), range(198, 512))


@pytest.mark.parametrize("cell", [(0,), (0, 0, 0), 3, None, (0, -1), (0, 1.0), (True, 0), "ab"])
@pytest.mark.parametrize(
    "asked",
    [
        lambda conversion, cell: conversion.window_box(cell),
        lambda conversion, cell: conversion.receptive_field_box(cell, (64, 64)),
    ],
    ids=["window", "field"],
)
def test_a_cell_that_is_none_is_refused(asked: Callable[..., Any], cell: Any) -> None:
    with pytest.raises(cx.ArgumentError) as refusal:
        asked(bundled("LeNet-5"), cell)
    assert str(refusal.value).splitlines() == [
        "expected: a cell as (row, column), counted from 0",
        f"received: cell={cell!r}",
        "cure: write for example cell=(0, 0)",
    ]


def test_a_cell_that_the_image_does_not_have_is_refused_as_a_cell() -> None:
    with pytest.raises(cx.ArgumentError) as refusal:
        bundled("LeNet-5").receptive_field_box((8, 9), (64, 64))
    assert "9×9" in refusal.value.expected
    assert refusal.value.received == "cell=(8, 9)"


def test_a_cell_of_several_outputs_sees_what_any_of_them_sees() -> None:
    # The second looks a pixel further on all sides.
    conversion = cx.fully_convolutional(two_heads(), (1, 8, 8))
    assert conversion.receptive_field == (10, 10)
    assert conversion.receptive_field_box((1, 2), (12, 13)) == (range(10), range(1, 11))


def seen_by_gradient(conversion: Conversion, image: Tensor, cell: Size) -> tuple[range, range]:
    """The rows and columns from the first to the last that move a cell's scores."""
    image = image.clone().requires_grad_()
    conversion.module(image)[..., cell[0], cell[1]].sum().backward()
    assert image.grad is not None
    assert (image.grad >= 0).all()
    rows, columns = (image.grad.amax((0, 1, axis)).nonzero().flatten() for axis in (3, 2))
    return (
        range(int(rows[0]), int(rows[-1]) + 1),
        range(int(columns[0]), int(columns[-1]) + 1),
    )


def assert_boxes_are_those_of_gradients(conversion: Conversion, channels: int, size: Size) -> None:
    (image,) = pictures(channels, size, 1).split(1)
    with torch.no_grad():
        rows, columns = conversion.module(image).shape[-2:]
    for cell in itertools.product(range(rows), range(columns)):
        expected = seen_by_gradient(conversion, image, cell)
        assert conversion.receptive_field_box(cell, size) == expected, cell


def averaged(network: Network) -> nn.Module:
    """A network with two channels and means for maxima: what its units see is the same."""
    model = nn.Sequential(
        *(
            nn.AvgPool2d(each.kernel_size, each.stride) if isinstance(each, nn.MaxPool2d) else each
            for each in module_of(thin(network)).children()
            if not isinstance(each, nn.ReLU | nn.Tanh | nn.LocalResponseNorm)
        )
    )
    return with_positive_weights(model)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("LeNet-5", (43, 39)),
        # Sizes at which the floors of several layers drop rows, which padding then replaces.
        ("AlexNet", (227 + 32 + 29, 227 + 17)),
        ("AlexNet, torchvision", (224 + 32 + 15, 224 + 31)),
        ("VGG-16", (224 + 31, 224 + 32 + 5)),
    ],
)
def test_a_cell_sees_the_pixels_that_move_it(name: str, size: Size) -> None:
    window = BUNDLED[name].input_size
    assert window is not None
    conversion = cx.fully_convolutional(averaged(BUNDLED[name]), window)
    assert_boxes_are_those_of_gradients(conversion, window[0], size)
    # The maxima of the network itself are taken over the same windows.
    cell = (1, 0) if size[0] >= window[1] + 32 else (0, 0)
    assert bundled(name).receptive_field_box(cell, size) == conversion.receptive_field_box(
        cell, size
    )


@given(networks(SUMS), sizes_of_images)
@settings(max_examples=drawn.examples(40))
def test_a_cell_of_a_network_by_chance_sees_the_pixels_that_move_it(
    case: tuple[nn.Sequential, tuple[int, int, int]], image: tuple[Size, Size]
) -> None:
    model, window = case
    conversion = cx.fully_convolutional(model, window)
    windows, left = image
    height, width = (
        size + (min(count, 3) - 1) * stride + rest
        for size, count, stride, rest in zip(
            window[1:], windows, conversion.effective_stride, left, strict=True
        )
    )
    assert_boxes_are_those_of_gradients(conversion, window[0], (height, width))


@pytest.mark.parametrize(
    ("context", "received"),
    [(3, "context=(3, 3)"), ((4, 2), "context=(4, 2)"), (-4, "context=-4"), (0.5, "context=0.5")],
)
def test_a_context_that_is_no_step_of_cells_is_refused(context: Any, received: str) -> None:
    exactness = cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32)).exactness
    with pytest.raises(cx.ArgumentError) as refusal:
        exactness.cells((40, 40), context=context)
    assert refusal.value.received == received


def test_two_poolings_that_never_fit_together_have_no_cure() -> None:
    class Twice(nn.Module):
        """Two heads, of which one sees an odd map where the other sees an even one."""

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.pool = nn.Conv2d(1, 1, 2), nn.MaxPool2d(2, ceil_mode=True)
            self.one, self.other = nn.Linear(9, 2), nn.Linear(9, 2)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.one(self.pool(x).flatten(1)), self.other(self.pool(self.conv(x)).flatten(1))

    exactness = cx.fully_convolutional(Twice().eval(), (1, 6, 6)).exactness
    assert {each.kind for each in exactness.reasons} == {"ceil_mode"}
    assert exactness.cure is None
    # A window that fits is even for the one pooling and odd for the other.
    assert all(side % 2 != (side - 1) % 2 for side in range(6, 12))


def test_it_is_printed_as_its_notes() -> None:
    for name in ("LeNet-5", "AlexNet"):
        exactness = bundled(name).exactness
        assert tuple(str(exactness).splitlines()) == exactness.notes
