"""Receptive fields against two oracles, and against the numbers that the literature gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from tests import drawn, models, oracles
from torch import nn

from cnnexplain import trace

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from cnnexplain.report import Trace


@dataclass(frozen=True)
class Known:
    """A network with the receptive field that a unit in the middle has, where borders are far.

    Attributes:
        build: Returns it, narrow: receptive fields do not depend on the number of channels.
        size: An input, larger than the receptive field along its height.
        last: The name of the map that is asked about.
        height: The receptive field's height.
        affine: What one affine map for the whole row tells; None where none can.
    """

    build: Callable[[], nn.Module]
    size: tuple[int, ...]
    last: str
    height: int
    affine: int | None


def known(build: Callable[[], nn.Module], size: tuple[int, ...], last: str, height: int) -> Known:
    return Known(build, size, last, height, height)


# As tall as the receptive fields ask for, and no wider than the layers do. The sources:
# AlexNet 195, VGG-16 212, MobileNet 315, ResNet-50 483, ResNet-101 1027, ResNet-152 1507 (all
# original): Araujo et al., "Computing receptive fields of convolutional neural networks",
# https://distill.pub/2019/computing-receptive-fields; 404 for fc6: Long et al., 2015.
LARGE = {
    "AlexNet": known(lambda: models.AlexNet(1, 0.05), (3, 448, 63), "features.12", 195),
    "VGG-16": known(lambda: models.VGG16(1, 0.05), (3, 448, 32), "features.30", 212),
    "VGG-16 fc6": known(lambda: models.VGG16Convolutional(0.05), (3, 640, 224), "fc6", 404),
    "MobileNet": known(lambda: models.MobileNet(1, 0.1), (3, 640, 32), "features.26.2", 315),
    "ResNet-18": known(lambda: models.resnet18(0.05), (3, 960, 32), "layer4.1.relu:2", 435),
    "ResNet-50": known(lambda: models.resnet50(0.05), (3, 960, 32), "layer4.2.relu:3", 427),
    "ResNet-50 v1": known(
        lambda: models.resnet50(0.05, original=True), (3, 992, 32), "layer4.2.relu:3", 483
    ),
    "GoogLeNet": known(lambda: models.GoogLeNet(1, 0.1), (3, 832, 32), "inception5b.cat", 379),
    "ResNet-101 v1": known(
        lambda: models.resnet101(0.02, original=True), (3, 2112, 32), "layer4.2.relu:3", 1027
    ),
    "ResNet-152": known(lambda: models.resnet152(0.02), (3, 3072, 32), "layer4.2.relu:3", 1451),
    "ResNet-152 v1": known(
        lambda: models.resnet152(0.02, original=True), (3, 3072, 32), "layer4.2.relu:3", 1507
    ),
    "DenseNet-121": known(
        lambda: models.DenseNet(1, growth_rate=1, bn_size=1, start=2),
        (3, 4224, 32),
        "features.norm5",
        2071,
    ),
}


def conv(
    channels: int, out: int, kernel_size: int | tuple[int, int], **keywords: object
) -> nn.Conv2d:
    return nn.Conv2d(channels, out, kernel_size, **keywords)  # type: ignore[arg-type]


def small(
    *layers: nn.Module,
    height: int,
    size: tuple[int, ...] = (1, 16, 16),
    last: str | None = None,
    affine: int | None = 0,
) -> Known:
    model = layers[0] if len(layers) == 1 else nn.Sequential(*layers)
    name = last if last is not None else str(len(layers) - 1)
    return Known(lambda: model, size, name, height, height if affine == 0 else affine)


SMALL = {
    "dilation and stride": small(
        conv(1, 2, 3, dilation=2, stride=2), conv(2, 2, 3), height=9, size=(1, 16, 16)
    ),
    "dilated max pooling": small(
        conv(1, 2, 3, padding=1), nn.MaxPool2d(2, stride=1, dilation=2), conv(2, 1, 3), height=7
    ),
    "padding same": small(
        conv(1, 2, 3, padding="same"), conv(2, 2, 3, padding="same", dilation=2), height=7
    ),
    "1×7 then 3×3": small(conv(1, 2, (1, 7), padding=(0, 3)), conv(2, 2, 3, padding=1), height=3),
    "7×1 then 3×3": small(conv(1, 2, (7, 1), padding=(3, 0)), conv(2, 2, 3, padding=1), height=9),
    "reflection": small(
        conv(1, 2, 3, padding=1, padding_mode="reflect"),
        nn.ReflectionPad2d(1),
        conv(2, 1, 3),
        height=5,
    ),
    "circular": small(
        conv(1, 2, 3, padding=1, padding_mode="circular"), conv(2, 1, 3, padding=1), height=5
    ),
    "replication": small(nn.ReplicationPad2d(2), conv(1, 1, 5), height=5),
    "ceil_mode": small(
        conv(1, 2, 3, padding=1),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        conv(2, 1, 1),
        nn.AvgPool2d(2, stride=2, ceil_mode=True),
        height=7,
        size=(1, 15, 16),
    ),
    "F.max_pool2d": small(models.FunctionalPool(), height=8, last="conv2"),
    "Identity": small(nn.Identity(), conv(1, 2, 3), height=3),
    "Dropout": small(nn.Dropout(0.5), conv(1, 2, 3), height=3),
    "transposed k2 s2": small(
        conv(1, 2, 3, padding=1), nn.ConvTranspose2d(2, 1, 2, stride=2), height=3
    ),
    "transposed k4 s2 p1": small(
        conv(1, 2, 3, padding=1), nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1), height=4
    ),
    "nearest ×2": small(
        nn.Upsample(scale_factor=2, mode="nearest"),
        conv(1, 2, 3, padding=1),
        height=2,
        affine=None,
    ),
    "bilinear ×2": small(
        nn.Upsample(scale_factor=2, mode="bilinear"),
        conv(1, 2, 3, padding=1),
        height=3,
        affine=None,
    ),
    "adaptive": small(nn.AdaptiveAvgPool2d(3), height=6, last="adaptive_avg_pool2d", affine=None),
    "skip": small(
        models.Residual(conv(1, 1, 3, padding=1), conv(1, 1, 5, padding=2)), height=7, last="add:2"
    ),
    "crop": small(conv(1, 2, 3), models.Crop(1), conv(2, 1, 3), height=5),
    "branches": small(
        models.Parallel(
            conv(1, 1, 5, padding=2),
            conv(1, 2, 3, padding=1),
            nn.MaxPool2d(3, stride=1, padding=1),
            conv(1, 1, 1),
        ),
        height=5,
        last="cat",
    ),
    "misaligned": small(
        models.Parallel(conv(1, 2, 3, stride=2, padding=1), conv(1, 1, 2, stride=2)),
        height=3,
        last="cat",
    ),
    "U-Net": small(models.UNet(1, 1, 2), size=(1, 64, 64), height=44, last="out", affine=47),
    "groups": small(
        conv(2, 4, 3, groups=2, padding=1),
        models.Crop(2),
        conv(4, 4, 3, groups=4),
        height=5,
        size=(2, 16, 16),
    ),
}


# The oracles themselves.


@cache
def seen_by_gradient(name: str) -> oracles.Seen:
    case = SMALL[name]
    if case.size[1] <= 16:
        return oracles.by_gradient(case.build(), [case.size])
    # Too many units to ask each: the corners, and all phases in the middle.
    middle = [(row, column) for row in (30, 31, 32, 33) for column in (30, 31, 32, 33)]
    return oracles.by_gradient(case.build(), [case.size], {case.last: [(0, 0), (63, 63), *middle]})


@cache
def seen_by_influence(name: str) -> oracles.Seen:
    return oracles.by_influence(SMALL[name].build(), [SMALL[name].size])


@pytest.mark.parametrize("name", SMALL)
def test_the_two_oracles_agree_on_every_unit(name: str) -> None:
    by_gradient, by_influence = seen_by_gradient(name), seen_by_influence(name)
    assert by_gradient == {key: by_influence[key] for key in by_gradient}
    units = [unit for value, unit in by_influence if value == SMALL[name].last]
    middle = by_influence[SMALL[name].last, units[len(units) // 2 + round(len(units) ** 0.5) // 2]]
    assert len(oracles.interval(middle[0])) == SMALL[name].height


def off_by_one(trace: Trace) -> oracles.Claim:
    """Return a claim that is wrong about one unit alone, by one pixel."""

    def claim(name: str, unit: oracles.Unit) -> tuple[tuple[range, ...], bool]:
        intervals, exact = claimed(trace)(name, unit)
        if unit == (3, 4):
            first = intervals[0]
            intervals = (range(first.start, first.stop + 1), *intervals[1:])
        return intervals, exact

    return claim


def test_each_oracle_finds_a_claim_that_is_wrong_by_one_pixel() -> None:
    traced = trace(SMALL["groups"].build(), SMALL["groups"].size)
    for seen in (seen_by_gradient("groups"), seen_by_influence("groups")):
        wrong = oracles.differences(off_by_one(traced), seen)
        assert len(wrong) == 3  # one in each value
        assert wrong[0].startswith("0 (3, 4): (range(2, 6), range(3, 6)), in truth (range(2, 5),")


def test_a_claim_that_is_not_exact_may_be_too_large_and_never_too_small() -> None:
    seen: oracles.Seen = {("conv", (0,)): (frozenset({2, 4}),)}
    claims = {(2, 5): True, (0, 9): True, (2, 4): False, (3, 5): False}
    for (start, stop), right in claims.items():
        wrong = oracles.differences(
            lambda *_, start=start, stop=stop: ((range(start, stop),), False), seen
        )
        assert (not wrong) == right


def test_the_gradient_oracle_does_not_take_a_negative_gradient() -> None:
    class Difference(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :, 1:] - x[:, :, :-1]

    with pytest.raises(AssertionError):
        oracles.by_gradient(Difference(), [(1, 4, 4)])


# The trace.


def claimed(traced: Trace) -> oracles.Claim:
    def claim(name: str, unit: oracles.Unit) -> tuple[tuple[range, ...], bool]:
        field = traced.receptive_field(name, unit)
        return field.intervals, field.exact

    return claim


@pytest.mark.parametrize("name", SMALL)
def test_every_unit_of_a_small_network_sees_what_the_oracle_says(name: str) -> None:
    case = SMALL[name]
    traced = trace(case.build(), case.size)
    seen = seen_by_influence(name) if case.size[1] <= 16 else seen_by_gradient(name)
    assert oracles.differences(claimed(traced), seen) == []
    assert all(traced.receptive_field(value, unit).exact for value, unit in list(seen)[::7])
    assert traced.receptive_field(case.last).size[0] == case.height
    if case.affine is not None:
        assert (traced[case.last].receptive_field or ())[:1] == (case.affine,)


@cache
def large(name: str) -> tuple[nn.Module, Trace]:
    model = LARGE[name].build()
    return model, trace(model, LARGE[name].size)


@pytest.mark.parametrize("name", LARGE)
def test_a_network_of_the_literature_has_the_published_receptive_field(name: str) -> None:
    case = LARGE[name]
    model, traced = large(name)
    *_, height, width = traced[case.last].output_shape
    units = [(height // 2, width // 2), (0, 0), (height - 1, width - 1), (height // 2 + 1, 0)]
    seen = oracles.by_gradient(model, [case.size], {case.last: units})
    assert len(seen[case.last, units[0]][0]) == case.height
    assert oracles.differences(claimed(traced), seen) == []
    assert traced.receptive_field(case.last).size[0] == case.height
    assert traced[case.last].receptive_field == (case.affine, case.affine)


# Other networks, every unit of every value.

WHOLE: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "LeNet": (models.LeNet, (1, 32, 32)),
    "ResNet-18": (lambda: models.resnet18(0.03), (3, 35, 32)),
    "ResNet-50": (lambda: models.resnet50(0.02), (3, 32, 32)),
    "GoogLeNet": (lambda: models.GoogLeNet(3, 0.03), (3, 33, 32)),
    "DenseNet": (lambda: models.DenseNet(3, 1, 1, 2), (3, 32, 32)),
    "U-Net": (lambda: models.UNet(1, 2, 2), (1, 16, 12)),
    "ViT": (models.ViT, (3, 16, 16)),
    "ViT by hand": (lambda: models.ViT(by_hand=True), (3, 16, 16)),
    "shuffle": (models.ShuffleUnit, (8, 6, 6)),
    "squeeze and excitation": (models.SqueezeExcitation, (8, 6, 6)),
    "splitting": (models.Splitting, (4, 7, 7)),
    "ConvNeXt": (models.ConvNeXtBlock, (4, 9, 9)),
    "shared": (models.SharedModule, (4, 8, 8)),
    "reflect": (lambda: models.Padding("reflect"), (3, 8, 8)),
    "circular": (lambda: models.Padding("circular"), (3, 8, 8)),
    "replicate": (lambda: models.Padding("replicate"), (3, 8, 8)),
    "corners aligned": (lambda: models.Upsampling(align_corners=True), (3, 9, 8)),
    "bicubic": (lambda: models.Upsampling("bicubic"), (3, 9, 8)),
    **{
        build.__name__: (build, (3, 16, 16))
        for build in (
            models.Inplace,
            models.LoopOverShape,
            models.ShapeBranch,
            models.DictOutput,
            models.Normed,
            models.Tied,
            models.CustomFunction,
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
            models.Functional,
        )
    },
}


@pytest.mark.parametrize("name", WHOLE)
def test_every_unit_of_every_value_sees_what_the_oracle_says(name: str) -> None:
    build, size = WHOLE[name]
    model = build()
    traced = trace(model, size)
    names = {row.name for row in traced.rows}
    seen = oracles.by_influence(model, [size])
    mine = {key: places for key, places in seen.items() if key[0] in names}
    assert {value for value, _ in mine} == names
    assert oracles.differences(claimed(traced), oracles.some(mine)) == []


@pytest.mark.parametrize("source", [0, 1])
def test_what_a_unit_sees_of_each_input(source: int) -> None:
    model = models.Siamese()
    sizes = [(1, 16, 16), (1, 16, 16)]
    traced = trace(model, sizes)
    seen = oracles.by_influence(model, sizes, source)
    assert {name for name, _ in seen} >= {row.name for row in traced.rows}

    def claim(name: str, unit: oracles.Unit) -> tuple[tuple[range, ...], bool]:
        field = traced.receptive_field(name, unit, source)
        return field.intervals, field.exact

    assert oracles.differences(claim, seen) == []


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, about odd arguments
@settings(max_examples=drawn.examples(150), suppress_health_check=[HealthCheck.too_slow])
@given(drawn.cases(batch_size=1, allowed=lambda step: "where" not in step.expression))
def test_every_unit_of_a_random_network_sees_what_the_oracle_says(case: drawn.Case) -> None:
    # A comparison ends what NaN tells.
    traced = trace(case.model, case.size)
    names = {row.name for row in traced.rows}
    seen = oracles.by_influence(case.model, [case.size])
    mine = {key: places for key, places in seen.items() if key[0] in names}
    assert oracles.differences(claimed(traced), mine) == []


# What one affine map for a whole row tells.


# Where borders repeat inputs, units there see some that lie inside.
REPEATING = {"reflection", "circular", "replication"}


@pytest.mark.parametrize("name", sorted(SMALL.keys() - REPEATING))
def test_no_unit_sees_beyond_what_its_row_tells(name: str) -> None:
    case = SMALL[name]
    traced = trace(case.build(), case.size)
    for value, unit in oracles.some(seen_by_influence(name)):
        row = traced[value]
        if row.receptive_field is None:
            continue
        assert row.effective_stride is not None
        assert row.effective_padding is not None
        columns = zip(
            unit,
            traced.receptive_field(value, unit).intervals,
            row.receptive_field,
            row.effective_stride,
            row.effective_padding,
            strict=True,
        )
        for index, interval, size, stride, padding in columns:
            first = index * stride - padding
            # Between two pixels there is none, so that the last may lie in a fraction beyond.
            assert not interval or first <= interval[0] <= interval[-1] < first + size


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["AlexNet", "VGG-16", "ResNet-18", "MobileNet", "DenseNet-121"])
def test_padding_touches_the_cells_that_the_oracle_finds(name: str, axis: int) -> None:
    model, traced = large(name)
    touched = oracles.by_padding(model, LARGE[name].size, axis)
    for row in traced.rows:
        if row.touched is not None and len(row.output_shape) == 4:
            assert row.touched[axis] == touched[row.name], row.name
    assert touched[LARGE[name].last] > 0


def test_the_padding_oracle_tells_padding_from_none() -> None:
    layers = [nn.Conv2d(1, 1, 3, padding=(1, 0)), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3, padding=1)]
    model, size = nn.Sequential(*layers), (1, 8, 10)
    assert oracles.by_padding(model, size, 0) == {"0": 2, "1": 2, "2": 4}
    assert oracles.by_padding(model, size, 1) == {"0": 0, "1": 0, "2": 2}
    assert trace(model, size)["2"].touched == (4, 2)
