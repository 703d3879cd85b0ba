"""Shapes against torch itself: every row against the tensor that really comes out."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from tests import drawn, models, oracles
from torch import nn

from cnnexplain import trace
from cnnexplain.errors import CnnExplainError
from cnnexplain.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What passes its input on as it is has no row of its own.
NO_ROW = ("contiguous", "detach", "long")


def shapes(
    model: nn.Module, *sizes: tuple[int, ...], batch_size: int = 1
) -> dict[str, tuple[int, ...]]:
    values = oracles.run(model, sizes, batch_size)
    return {name: tuple(value.shape) for name, value in values.items()}


def rows(
    model: nn.Module, *sizes: tuple[int, ...], batch_size: int = 1
) -> dict[str, tuple[int, ...]]:
    traced = trace(model, sizes[0] if len(sizes) == 1 else list(sizes), batch_size)
    assert len({row.name for row in traced.rows}) == len(traced.rows)
    return {row.name: row.output_shape for row in traced.rows}


PICTURE = (3, 16, 16)
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[tuple[int, ...], ...]]] = {
    "LeNet": (models.LeNet, ((1, 32, 32),)),
    "AlexNet": (lambda: models.AlexNet(10, 0.05), ((3, 224, 224),)),
    "VGG-16": (lambda: models.VGG16(10, 0.02), ((3, 64, 96),)),
    "MobileNet": (lambda: models.MobileNet(10, 0.1), ((3, 96, 64),)),
    "ResNet-18": (lambda: models.resnet18(0.1), ((3, 65, 97),)),
    "ResNet-50": (lambda: models.resnet50(0.05), ((3, 64, 64),)),
    "ResNet-152": (lambda: models.resnet152(0.02), ((3, 64, 64),)),
    "GoogLeNet": (lambda: models.GoogLeNet(10, 0.1), ((3, 97, 64),)),
    "DenseNet-121": (lambda: models.DenseNet(10, 2, 1, 4), ((3, 64, 64),)),
    "U-Net": (models.UNet, (PICTURE,)),
    "ViT": (models.ViT, (PICTURE,)),
    "ViT by hand": (lambda: models.ViT(by_hand=True), (PICTURE,)),
    "Siamese": (models.Siamese, ((1, 16, 16), (1, 16, 16))),
    "two inputs": (models.PictureAndFeatures, (PICTURE, (10,))),
    "transposed, F.pad reflect": (lambda: models.Padding("reflect"), (PICTURE,)),
    "F.pad replicate": (lambda: models.Padding("replicate"), (PICTURE,)),
    "F.pad circular": (lambda: models.Padding("circular"), (PICTURE,)),
    "interpolate nearest": (
        lambda: models.Upsampling("nearest", align_corners=None),
        ((3, 15, 17),),
    ),
    "interpolate bicubic": (lambda: models.Upsampling("bicubic"), ((3, 15, 17),)),
    "large branch": (models.ShapeBranch, ((3, 32, 32),)),
    "loop over shape": (models.LoopOverShape, ((3, 23, 16),)),
    "text": (models.TextModel, ((9,),)),
    **{
        build.__name__: (build, ((8, 16, 16),))
        for build in (models.ShuffleUnit, models.SqueezeExcitation)
    },
    **{
        build.__name__: (build, ((4, 8, 8),))
        for build in (models.SharedModule, models.Splitting, models.ConvNeXtBlock)
    },
    **{
        build.__name__: (build, (PICTURE,))
        for build in (
            models.Inplace,
            models.ShapeBranch,
            models.DictOutput,
            models.ListOutput,
            models.Normed,
            models.Tied,
            models.Stateful,
            models.StochasticDepth,
            models.CustomFunction,
            models.Checkpointed,
            models.Upsampling,
            models.SubPixel,
            models.UnfoldLinear,
            models.Reshaping,
            models.Slicing,
            models.Padding,
            models.MaxOver,
            models.Norms,
            models.Recurrent,
            models.Fourier,
            models.Activations,
            models.Functional,
        )
    },
}


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_value_has_a_row_with_torchs_shape(name: str, batch_size: int) -> None:
    build, sizes = NETWORKS[name]
    model = build().eval()
    real = shapes(model, *sizes, batch_size=batch_size)
    for passed in NO_ROW:
        real.pop(passed, None)
    assert rows(model, *sizes, batch_size=batch_size) == real


@pytest.mark.parametrize("seed", range(4))
def test_the_way_that_values_decide_is_one_that_torch_goes(seed: int) -> None:
    torch.manual_seed(seed)
    model = models.DataDependent()
    traced = trace(model, PICTURE)
    assert traced.network.by_values
    way = {row.name: row.output_shape for row in traced.rows}
    ways = []
    for sign in (-1, 1):  # one of them goes either way
        with torch.no_grad():
            values = oracles.Recording(model, [sign * torch.rand(1, *PICTURE)]).values
        ways.append({name: tuple(value.shape) for name, value in values.items()})
    assert way in ways


def test_a_module_that_torch_does_not_find_is_traced_too() -> None:
    model = models.PlainList()
    traced = trace(model, PICTURE)
    real = list(shapes(model, PICTURE).values())
    assert [row.output_shape for row in traced.rows] == real
    hidden = sum(each.numel() for each in model.hidden[0].parameters())
    assert traced.parameters == hidden + sum(each.numel() for each in model.parameters())


def test_training_mode_has_the_same_shapes() -> None:
    model = models.resnet18(0.1)
    assert model.training
    assert rows(model, (3, 64, 64)) == shapes(model.eval(), (3, 64, 64))


# Every combination of small arguments, one axis at a time; the axes do not know each other.

SIZES, KERNELS, STRIDES, PADDINGS = range(1, 10), range(1, 5), range(1, 4), range(3)


def convolutions() -> Iterator[tuple[nn.Module, int]]:
    for size, kernel, stride, padding, dilation in product(
        SIZES, KERNELS, STRIDES, PADDINGS, (1, 2, 3)
    ):
        yield nn.Conv1d(1, 1, kernel, stride, padding, dilation), size


def padded_convolutions() -> Iterator[tuple[nn.Module, int]]:
    for size, kernel, dilation, mode in product(
        range(1, 6), KERNELS, (1, 2), ("zeros", "reflect", "replicate", "circular")
    ):
        for padding in ("same", "valid", 1, 2):
            yield (
                nn.Conv1d(1, 1, kernel, 1, padding, dilation, padding_mode=mode),  # type: ignore[arg-type]
                size,
            )


def transposed_convolutions() -> Iterator[tuple[nn.Module, int]]:
    for size, kernel, stride, padding, more, dilation in product(
        range(1, 6), KERNELS, STRIDES, PADDINGS, (0, 1, 2), (1, 2)
    ):
        yield nn.ConvTranspose1d(1, 1, kernel, stride, padding, more, dilation=dilation), size


def max_poolings() -> Iterator[tuple[nn.Module, int]]:
    for size, kernel, stride, padding, dilation, ceil_mode in product(
        SIZES, KERNELS, STRIDES, PADDINGS, (1, 2), (False, True)
    ):
        yield nn.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=ceil_mode), size


def average_poolings() -> Iterator[tuple[nn.Module, int]]:
    for size, kernel, stride, padding, ceil_mode in product(
        SIZES, KERNELS, STRIDES, PADDINGS, (False, True)
    ):
        yield nn.AvgPool1d(kernel, stride, padding, ceil_mode), size


def adaptive_poolings() -> Iterator[tuple[nn.Module, int]]:
    for size, output_size in product(SIZES, SIZES):
        yield nn.AdaptiveAvgPool1d(output_size), size
        yield nn.AdaptiveMaxPool1d(output_size), size


def upsamplings() -> Iterator[tuple[nn.Module, int]]:
    factors = (0.3, 0.5, 0.7, 1, 1.5, 2, 2.7, 3)
    for size, factor, mode in product(SIZES, factors, ("nearest", "linear", "area")):
        yield nn.Upsample(scale_factor=factor, mode=mode), size
    for size, output_size in product(SIZES, SIZES):
        yield nn.Upsample(size=output_size, mode="nearest-exact"), size


def paddings() -> Iterator[tuple[nn.Module, int]]:
    kinds = (nn.ZeroPad1d, nn.ReflectionPad1d, nn.ReplicationPad1d, nn.CircularPad1d)
    for kind, size, before, after in product(kinds, range(1, 5), range(-2, 4), range(-2, 4)):
        # torch wraps around beyond what is left, into memory that nobody has written.
        if kind is not nn.CircularPad1d or before * after >= 0:
            yield kind((before, after)), size


GRIDS: dict[str, Callable[[], Iterator[tuple[nn.Module, int]]]] = {
    each.__name__: each
    for each in (
        convolutions,
        padded_convolutions,
        transposed_convolutions,
        max_poolings,
        average_poolings,
        adaptive_poolings,
        upsamplings,
        paddings,
    )
}


def torchs(model: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape that torch makes, or None if it refuses."""
    try:
        with torch.no_grad():
            result: torch.Tensor = model(torch.zeros(shape))
    except (RuntimeError, ValueError, TypeError, IndexError):
        return None
    # Nothing at all is no size for us.
    return tuple(result.shape) if result.numel() else None


def ours(model: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return trace(model, shape[1:], shape[0]).rows[-1].output_shape
    except CnnExplainError:
        return None


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, about odd arguments
@pytest.mark.parametrize("name", GRIDS)
def test_every_combination_of_small_arguments_has_torchs_shape_or_refusal(name: str) -> None:
    wrong, sizes = [], set()
    for model, size in GRIDS[name]():
        shape = (1, 1, size)
        theirs = torchs(model, shape)
        sizes.add(theirs)
        if ours(model, shape) != theirs:
            wrong.append(f"{model} of {size}: {ours(model, shape)}, in truth {theirs}")
    assert not wrong, "\n".join(wrong)
    assert len(sizes) > 5  # torch did not refuse them all


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, about odd arguments
@settings(max_examples=drawn.examples(200), suppress_health_check=[HealthCheck.too_slow])
@given(drawn.cases())
def test_random_networks_have_torchs_shapes(case: drawn.Case) -> None:
    real = shapes(case.model, case.size, batch_size=case.batch_size)
    traced = rows(case.model, case.size, batch_size=case.batch_size)
    assert traced == {name: real.get(name) for name in traced}
    # Something is said of every step.
    silent = sum(
        each.expression.endswith((".contiguous()", ".detach()")) for each in case.model.steps
    )
    assert len(traced) >= len(case.model.steps) - silent


def test_a_row_with_a_wrong_shape_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = OPERATIONS["MaxPool2d"]
    right = kind.output_shape

    def wrong(self: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*right(self, shape)[:-1], shape[-1])

    monkeypatch.setattr(kind, "output_shape", wrong)
    model = nn.Sequential(nn.MaxPool2d(2), nn.ReLU())
    assert rows(model, PICTURE) == {"0": (1, 3, 8, 16), "1": (1, 3, 8, 16)}
    assert shapes(model, PICTURE) == {"0": (1, 3, 8, 8), "1": (1, 3, 8, 8)}


def test_the_random_networks_are_of_many_kinds() -> None:
    # Else the tests with them would say little.
    found: set[str] = set()

    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    @given(drawn.cases())
    def draw(case: drawn.Case) -> None:
        found.update(each.expression.split("(")[0] for each in case.model.steps)

    draw()
    layers = {each for each in found if each.startswith("nn.")}
    assert len(layers) > 30
    assert len(found - layers) > 50
