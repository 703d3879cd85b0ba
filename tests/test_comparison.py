"""Sliding against one pass: errors, agreement and costs, each computed a second time here."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import torch
from tests.heads import HEADS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import cnnexplain as cx
from cnnexplain.conversion.modules import module_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Tensor = torch.Tensor
Size = tuple[int, int]

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
on_every_device = pytest.mark.parametrize("device", DEVICES)


pytestmark = pytest.mark.usefixtures("one_thread")


def image_of(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def padded(end: Sequence[nn.Module] = ()) -> nn.Sequential:
    """A padded network of stride 4 for windows of 12 × 16."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1, groups=2),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(6 * 3 * 4, 5),
        *end,
    ).eval()


class Ending(nn.Module):
    """The padded network, and what it makes of the scores."""

    def __init__(self, end: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.net, self.end = padded(), end
        self.eval()

    def forward(self, x: Tensor) -> Any:
        return self.end(self.net(x))


# Around 0, so that windows differ in their highest class.
IMAGE = image_of(2, 12 + 4 * 4 + 3, 16 + 4 * 3 + 1).logit()


def compared(model: Any, image: Tensor = IMAGE, window: Any = (12, 16), **arguments: Any) -> Any:
    return cx.compare(model, image, window, **({"device": "cpu"} | arguments))


@torch.no_grad()
def cells_of(
    model: nn.Module, image: Tensor, window: Size, stride: Size
) -> tuple[list[list[Any]], list[list[Any]]]:
    """What a network says of each window, and its conversion of each cell."""
    twin = model.double().eval()
    conversion = cx.fully_convolutional(twin, (image.shape[0], *window))
    across = [step // each for step, each in zip(stride, conversion.effective_stride, strict=True)]
    scores = conversion.module(image[None])
    sliding, one_pass = [], []
    for i, y in enumerate(range(0, image.shape[1] - window[0] + 1, stride[0])):
        columns = range(0, image.shape[2] - window[1] + 1, stride[1])
        crops = [image[None, :, y : y + window[0], x : x + window[1]] for x in columns]
        sliding.append([twin(crop) for crop in crops])
        row = i * across[0]
        one_pass.append([cell(scores, row, j * across[1]) for j in range(len(columns))])
    return sliding, one_pass


def cell(scores: Any, row: int, column: int) -> Any:
    if isinstance(scores, Tensor):
        return scores[..., row, column]
    return [cell(each, row, column) for each in scores]


def vector(scores: Any) -> list[float]:
    """All numbers of one window's scores."""
    if isinstance(scores, Tensor):
        return [float(each) for each in scores.flatten()]
    return [number for each in scores for number in vector(each)]


def relative(wanted: Any, found: Any) -> float:
    """How far one window's scores are off, by Pythagoras."""
    pairs = list(zip(vector(wanted), vector(found), strict=True))
    return math.hypot(*(a - b for a, b in pairs)) / math.hypot(*(a for a, _ in pairs))


def highest(scores: Any) -> int:
    told = vector(scores)
    return told.index(max(told))


# ── an exact network ───────────────────────────────────────────────────────────────────────────


@on_every_device
def test_all_windows_of_lenet_are_the_same(device: str) -> None:
    image = image_of(1, 32 + 4 * 3 + 1, 32 + 4 * 5 + 2)
    found = cx.compare(cx.networks.lenet5(), image, window=32, device=device)
    assert found.sliding.shape == found.one_pass.shape == (1, 10, 4, 6)
    assert found.sliding.dtype == found.one_pass.dtype == torch.float64
    assert found.errors.shape == (4, 6)
    assert found.maximum <= 1e-12
    assert found.maximum == found.errors.max()
    assert found.agreement == 1.0
    assert found.exact == ((True,) * 6,) * 4
    assert (found.window, found.stride, found.context) == ((32, 32), (4, 4), (0, 0))
    assert found.image_size == (45, 54)
    assert found.device.type == device
    assert found.precision == "float64"
    assert found.conversion.window == (32, 32)
    slid = cx.slide(cx.networks.lenet5(), image, 32, 4, device=device)
    torch.testing.assert_close(found.sliding, slid, rtol=1e-12, atol=1e-12)


def test_single_precision_is_off_by_its_own_rounding() -> None:
    image = image_of(1, 44, 52)
    found = cx.compare(cx.networks.lenet5(), image, window=32, device="cpu", precision="float32")
    assert found.sliding.dtype == found.one_pass.dtype == torch.float32
    assert found.precision == "float32"
    assert 1e-9 < found.maximum < 1e-5
    assert found.agreement == 1.0
    assert found.exact == ((True,) * 6,) * 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, head in HEADS.items() if head.refused is None and head.exact]
)
def test_what_is_folded_is_folded_in_the_precision_that_is_asked_for(name: str) -> None:
    # A weight that is computed in single precision, and then made double, would be off by 1e-8.
    head = HEADS[name]
    torch.manual_seed(0)
    channels, height, width = head.input_size
    image = image_of(channels, height + head.stride[0], width + 2 * head.stride[1])
    found = cx.compare(head.make(), image, (height, width), device="cpu")
    assert found.errors.shape == (2, 3)
    assert found.maximum <= 1e-11


# ── a padded network ───────────────────────────────────────────────────────────────────────────


@on_every_device
@pytest.mark.parametrize("stride", [None, 4, (8, 4), (4, 12), 8])
def test_each_error_is_the_distance_from_the_window_by_itself(stride: Any, device: str) -> None:
    found = compared(padded(), stride=stride, device=device)
    steps = found.stride
    assert steps == (
        (4, 4) if stride is None else stride if isinstance(stride, tuple) else (stride,) * 2
    )
    sliding, one_pass = cells_of(padded(), IMAGE, (12, 16), steps)
    assert found.errors.shape == (len(sliding), len(sliding[0]))
    same = []
    for i, row in enumerate(sliding):
        for j, wanted in enumerate(row):
            error = relative(wanted, one_pass[i][j])
            assert error > 1e-3
            assert found.errors[i, j] == pytest.approx(error, rel=1e-9)
            assert vector(found.sliding[0, :, i, j]) == pytest.approx(vector(wanted), rel=1e-9)
            assert vector(found.one_pass[0, :, i, j]) == pytest.approx(
                vector(one_pass[i][j]), rel=1e-9
            )
            same.append(highest(wanted) == highest(one_pass[i][j]))
    assert found.agreement == pytest.approx(sum(same) / len(same))
    assert found.maximum == found.errors.max()
    assert found.exact == ((False,) * len(sliding[0]),) * len(sliding)


def test_agreement_can_be_less_than_whole() -> None:
    # Else none of these tests would tell it from 1.
    assert 0 < compared(padded()).agreement < 1


def test_larger_steps_are_some_of_the_windows() -> None:
    every, some = (compared(padded(), stride=stride) for stride in (4, (8, 12)))
    assert every.errors.shape == (5, 4)
    assert some.errors.shape == (3, 2)
    for name in ("sliding", "one_pass", "errors"):
        torch.testing.assert_close(
            getattr(some, name), getattr(every, name)[..., ::2, ::3], rtol=1e-12, atol=1e-12
        )
    assert some.exact == tuple(row[::3] for row in every.exact[::2])
    assert some.one_pass_cost.macs == every.one_pass_cost.macs
    assert some.sliding_cost.macs * 20 == every.sliding_cost.macs * 6


# A mean, since a maximum may be the same by luck.
CEILED = nn.Sequential(
    nn.Conv2d(1, 3, 3), nn.AvgPool2d(3, 2, ceil_mode=True), nn.Flatten(), nn.Linear(48, 3)
).eval()
TOP = nn.Sequential(
    nn.ZeroPad2d((0, 0, 1, 0)), nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 7 * 6, 3)
).eval()


@pytest.mark.parametrize(
    ("model", "window", "stride", "exact"),
    [
        (CEILED, 10, (2, 2), [(3, 4)]),
        (CEILED, 10, (6, 4), [(1, 2)]),
        (TOP, 8, (1, 1), [(0, j) for j in range(9)]),
        (TOP, 8, (3, 4), [(0, 0), (0, 1), (0, 2)]),
    ],
)
def test_cells_are_exact_where_geometry_says_so(
    model: nn.Module, window: int, stride: Size, exact: list[Size]
) -> None:
    image = image_of(1, window + 6, window + 8)
    found = cx.compare(model, image, window, stride, device="cpu")
    told = [(i, j) for i, row in enumerate(found.exact) for j, each in enumerate(row) if each]
    assert told == exact
    assert torch.equal(found.errors < 1e-11, torch.tensor(found.exact))


@on_every_device
@pytest.mark.parametrize("context", [0, (0, 4), 4, 8])
def test_cells_are_exact_where_their_windows_have_their_surroundings(
    context: Any, device: str
) -> None:
    found = compared(padded(), context=context, device=device)
    assert found.context == (context if isinstance(context, tuple) else (context, context))
    assert (found.maximum <= 1e-12) is (context in {4, 8})
    assert torch.equal(found.errors <= 1e-12, torch.tensor(found.exact))


# ── outputs of all kinds ───────────────────────────────────────────────────────────────────────


def test_of_several_outputs_all_count() -> None:
    model = Ending(lambda v: (v[:, :2], [v.sigmoid(), v[:, 3:]]))
    found = compared(model)
    sliding, one_pass = cells_of(model, IMAGE, (12, 16), (4, 4))
    assert found.sliding.shape == found.one_pass.shape == (1, 2, 5, 4)
    for i, row in enumerate(sliding):
        for j, wanted in enumerate(row):
            assert found.errors[i, j] == pytest.approx(relative(wanted, one_pass[i][j]), rel=1e-9)
    first = [
        highest(wanted[0]) == highest(passed[0])
        for rows in zip(sliding, one_pass, strict=True)
        for wanted, passed in zip(*rows, strict=True)
    ]
    assert found.agreement == pytest.approx(sum(first) / len(first))


@pytest.mark.parametrize("name", ["a dict of tuples", "a named tuple", "a dict", "a tuple"])
def test_outputs_of_every_structure_are_compared(name: str) -> None:
    head = HEADS[name]
    torch.manual_seed(0)
    image = image_of(3, head.input_size[1] + 4, head.input_size[2] + 4)
    found = cx.compare(head.make(), image, head.input_size[1:], device="cpu")
    assert found.errors.shape == (2, 2)
    assert found.maximum <= 1e-11


def test_one_class_is_always_the_highest() -> None:
    found = compared(Ending(lambda v: v[:, :1]))
    assert found.sliding.shape == (1, 1, 5, 4)
    assert found.agreement == 1.0
    assert found.errors.min() > 1e-4


def test_one_score_without_an_axis_has_an_error() -> None:
    alone, score = compared(Ending(lambda v: v[:, 0])), compared(Ending(lambda v: v[:, :1]))
    assert alone.sliding.shape == alone.one_pass.shape == (1, 5, 4)
    torch.testing.assert_close(alone.errors, score.errors)
    assert alone.agreement == 1.0
    assert "20" in repr(alone)


def test_classes_agree_where_they_are_the_same() -> None:
    scores, classes = compared(padded()), compared(Ending(lambda v: v.argmax(1)))
    assert classes.sliding.dtype == torch.int64
    assert torch.equal(classes.sliding[0], scores.sliding[0].argmax(0))
    assert torch.equal(classes.one_pass[0], scores.one_pass[0].argmax(0))
    wanted, found = classes.sliding.double()[0], classes.one_pass.double()[0]
    expected = torch.where(wanted == found, 0, (wanted - found).abs() / wanted)
    assert torch.equal(classes.errors, expected)
    assert classes.agreement == scores.agreement < 1


def test_scores_of_zero_have_no_error() -> None:
    model: Any = padded()
    with torch.no_grad():
        model[-1].weight.zero_()
        model[-1].bias.zero_()
    found = compared(model)
    assert torch.equal(found.errors, torch.zeros(5, 4, dtype=torch.float64))
    assert found.agreement == 1.0


def test_of_a_window_without_a_score_every_score_is_infinitely_far() -> None:
    # The score is the row beyond the window: a zero, where the image does not go on.
    model: Any = nn.Sequential(
        nn.ZeroPad2d((0, 0, 0, 1)),
        nn.Conv2d(1, 1, (2, 1), bias=False),
        nn.Flatten(),
        nn.Linear(3, 1, bias=False),
    ).eval()
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([0.0, 1.0]).view(1, 1, 2, 1))
        model[3].weight.copy_(torch.tensor([[0.0, 0.0, 1.0]]))
    found = cx.compare(model, image_of(1, 5, 1), (3, 1), device="cpu")
    assert found.sliding.flatten().tolist() == [0, 0, 0]
    assert found.errors.flatten().tolist() == [math.inf, math.inf, 0]
    assert found.maximum == math.inf
    assert "inf" in repr(found)


# ── costs ──────────────────────────────────────────────────────────────────────────────────────


def macs_of(run: Callable[[], Any]) -> int:
    """The multiply-accumulates that torch counts; its operations are two of ours."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    return int(counter.get_total_flops()) // 2


@pytest.mark.parametrize("stride", [4, (8, 4)])
@pytest.mark.parametrize("name", ["padded", "LeNet-5", "three Linears", "a block of ConvNeXt"])
def test_macs_are_those_that_torch_counts(name: str, stride: Any) -> None:
    model: nn.Module
    if name == "padded":
        model, window = padded(), (2, 12, 16)
    else:
        torch.manual_seed(0)
        model, window = HEADS[name].make(), HEADS[name].input_size
    steps = stride if isinstance(stride, tuple) else (stride, stride)
    image = image_of(window[0], window[1] + 8 + 1, window[2] + 8 + 3)
    found = cx.compare(model, image, window[1:], stride, device="cpu")
    crop = image[None, :, : window[1], : window[2]]
    count = (8 // steps[0] + 1) * (8 // steps[1] + 1)
    model.double()
    module = cx.fully_convolutional(model, window).module
    assert found.sliding_cost.macs == count * macs_of(lambda: model(crop))
    assert found.one_pass_cost.macs == macs_of(lambda: module(image[None]))
    assert found.mac_ratio == found.sliding_cost.macs / found.one_pass_cost.macs
    assert found.mac_ratio > 1


@pytest.mark.parametrize("context", [(4, 4), (8, 0)])
def test_surroundings_are_paid_for(context: Size) -> None:
    model = padded().double()
    found = compared(model, context=context)
    module = cx.fully_convolutional(model, (2, 12, 16)).module
    total = 0
    for y in range(0, IMAGE.shape[1] - 11, 4):
        for x in range(0, IMAGE.shape[2] - 15, 4):
            rows = slice(max(y - context[0], 0), y + 12 + context[0])
            columns = slice(max(x - context[1], 0), x + 16 + context[1])
            total += macs_of(partial(module, IMAGE[None, :, rows, columns]))
    assert found.sliding_cost.macs == total
    assert found.sliding_cost.macs > compared(model).sliding_cost.macs
    assert found.one_pass_cost == found.one_pass_cost


def test_one_window_costs_the_same_by_both_ways() -> None:
    found = compared(padded(), image_of(2, 12, 16))
    assert found.errors.shape == (1, 1)
    assert found.exact == ((True,),)
    assert found.maximum <= 1e-12
    assert found.mac_ratio == 1


def test_times_are_seconds() -> None:
    found = compared(padded())
    for cost in (found.sliding_cost, found.one_pass_cost):
        assert 0 < cost.seconds < 60
        assert 0 <= cost.cpu_seconds < 60


# ── as it is told ──────────────────────────────────────────────────────────────────────────────

GOLDEN = {
    "en": (
        "20 windows of 4×4 with a stride of 1×1 pixels on an image of 8×7",
        "the same by geometry: 0 of 20",
        "relative error of a cell: least 0.32, median 0.9, most 2.2",
        "the same highest class: 9 of 20",
        "sliding: 7,680 MACs, T s, T s of the processor",
        "one pass: 2,928 MACs, T s, T s of the processor",
        "on cpu, float64",
    ),
    "fr": (
        "20 fenêtres de 4×4 avec un pas de 1×1 pixels sur une image de 8×7",
        "identiques par la géométrie : 0 sur 20",
        "erreur relative d’une case : minimum 0,32, médiane 0,9, maximum 2,2",
        "même classe en tête : 9 sur 20",
        "fenêtre glissante : 7 680 MAC, T s, T s de processeur",
        "une seule passe : 2 928 MAC, T s, T s de processeur",
        "sur cpu, float64",
    ),
    "ja": (
        "8×7 の画像に対する 4×4 のウィンドウ 20 個、ストライドは 1×1 ピクセル",
        "理論上一致するセル：20 個中 0 個",
        "セルごとの相対誤差：最小 0.32、中央値 0.9、最大 2.2",
        "最大スコアのクラスが一致するセル：20 個中 9 個",
        "スライディングウィンドウ：7,680 MAC、T 秒（CPU 時間 T 秒）",
        "1 回の順伝播：2,928 MAC、T 秒（CPU 時間 T 秒）",
        "デバイス cpu、精度 float64",
    ),
}


def told() -> list[str]:
    """A comparison whose numbers are the same on every machine, its times masked."""
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(2 * 4 * 4, 3)
    ).eval()
    with torch.no_grad():
        for each in model.parameters():
            each.copy_(torch.arange(each.numel()).mul(7).remainder(11).sub(5).view(each.shape))
    image = torch.arange(56, dtype=torch.float64).mul(5).remainder(13).sub(6).view(1, 8, 7)
    lines = repr(cx.compare(model, image, 4, device="cpu")).splitlines()
    # The kinds of spaces are looked at where the catalogues are.
    plain = [re.sub(r"[\u00a0\u202f]", " ", each) for each in lines]
    return [re.sub(r"[0-9][0-9.,e-]*(?= (s\b|秒))", "T", each) for each in plain]


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_a_comparison_is_told_in_every_language(language: str) -> None:
    with cx.language(language):
        assert told() == list(GOLDEN[language])


# ── what stays as it is ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("context", [0, 4])
def test_the_network_stays_as_it_is(precision: str, context: int) -> None:
    model = padded()
    before = {
        name: (each.clone(), each.data_ptr(), each.stride(), each.dtype)
        for name, each in model.state_dict().items()
    }
    compared(model, precision=precision, context=context)
    for name, each in model.state_dict().items():
        assert torch.equal(each, before[name][0])
        assert (each.data_ptr(), each.stride(), each.dtype) == before[name][1:]
    assert not any(each.training for each in model.modules())
    assert all(each.grad is None and each.requires_grad for each in model.parameters())


@pytest.mark.parametrize("channels", [1, 2])
def test_an_image_stays_as_it_is_where_the_first_layer_works_in_place(channels: int) -> None:
    # Of one channel, or with its channels last, torch takes an image as it is.
    model = nn.Sequential(
        nn.Hardtanh(0.2, 0.5, inplace=True),
        nn.Conv2d(channels, 2, 3),
        nn.Flatten(),
        nn.Linear(8, 2),
    ).eval()
    image = image_of(1, channels, 7, 8).contiguous(memory_format=torch.channels_last)
    before = image.clone()
    assert cx.compare(model, image, 4, device="cpu").maximum <= 1e-12
    assert torch.equal(image, before)


def test_a_first_layer_that_doubles_in_place_doubles_once() -> None:
    class Doubling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.fc = nn.Conv2d(1, 2, 3), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Any:
            return self.fc(self.conv(x.mul_(2)).flatten(1))

    image = image_of(1, 7, 8)
    before = image.clone()
    found = cx.compare(Doubling().eval(), image, 4, device="cpu")
    assert found.maximum <= 1e-12
    assert torch.equal(image, before)


def test_results_are_plain_tensors_without_gradients() -> None:
    found = compared(padded(), image_of(2, 20, 24).requires_grad_())
    for each in (found.sliding, found.one_pass, found.errors):
        assert not each.requires_grad
        assert not each.is_inference()
    found.one_pass.sub_(found.sliding)


def test_a_network_may_be_text_and_an_image_an_array() -> None:
    text = "nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4))"
    image = image_of(2, 7, 9)
    found = cx.compare(text, image.numpy(), 4, device="cpu")
    assert found.errors.shape == (4, 6)
    assert found.maximum <= 1e-12


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_how_many_windows_at_once_makes_no_difference(batch_size: int) -> None:
    found, batched = compared(padded()), compared(padded(), batch_size=batch_size)
    torch.testing.assert_close(batched.sliding, found.sliding, rtol=1e-12, atol=1e-12)
    assert batched.sliding_cost.macs == found.sliding_cost.macs


# ── what is refused ────────────────────────────────────────────────────────────────────────────

PRECISION = (
    "precision as one of float64, float32",
    'write precision="float64" to compare, "float32" to measure time',
)


@pytest.mark.parametrize(
    ("arguments", "expected", "received", "cure"),
    [
        ({"precision": "float16"}, PRECISION[0], "precision='float16'", PRECISION[1]),
        ({"precision": torch.float64}, PRECISION[0], "precision=torch.float64", PRECISION[1]),
        ({"precision": ["float64"]}, PRECISION[0], "precision=['float64']", PRECISION[1]),
        (
            {"stride": 6},
            "stride as a multiple of the network's effective stride, 4×4",
            "stride=(6, 6)",
            "write stride=4, or leave it out",
        ),
        (
            {"stride": (4, 2)},
            "stride as a multiple of the network's effective stride, 4×4",
            "stride=(4, 2)",
            "write stride=4, or leave it out",
        ),
        (
            {"stride": 0},
            "stride as an integer of at least 1",
            "stride=0",
            "use stride=1 or more",
        ),
        (
            {"context": 2},
            "context as a multiple of the network's effective stride, 4×4",
            "context=(2, 2)",
            "write for example context=(4, 4)",
        ),
        (
            {"model": padded().train()},
            "a model in eval mode, which scores each window by itself",
            "a Sequential in training mode",
            "call model.eval() before",
        ),
        (
            {"image": torch.zeros(2, 11, 16)},
            "an image of at least 12×16, the size of the window",
            "11×16",
            "use a larger image, or a smaller window",
        ),
        (
            {"image": torch.zeros(2, 20, 20, dtype=torch.uint8)},
            "an image of floating-point numbers, preprocessed as the network wants it",
            "one of uint8",
            "write for example image.float() / 255",
        ),
        (
            {"batch_size": 0},
            "batch_size as an integer of at least 1",
            "batch_size=0",
            "use batch_size=1 or more",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(
    arguments: dict[str, Any], expected: str, received: str, cure: str
) -> None:
    given: dict[str, Any] = {"model": padded(), "image": IMAGE} | arguments
    with pytest.raises(cx.ArgumentError) as refusal:
        compared(**given)
    assert str(refusal.value).splitlines() == [
        f"expected: {expected}",
        f"received: {received}",
        f"cure: {cure}",
    ]


def test_a_stride_that_differs_by_axis_is_named_for_both() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=(2, 3)), nn.Flatten(), nn.Linear(2 * 3 * 2, 2)
    ).eval()
    with pytest.raises(cx.ArgumentError) as refusal:
        cx.compare(model, image_of(1, 20, 20), (7, 6), stride=2, device="cpu")
    assert "effective stride, 2×3" in refusal.value.expected
    # Rows every 2 pixels and columns every 3: what the cure says has to be right too.
    assert refusal.value.cure == "write stride=(2, 3), or leave it out"
    assert cx.compare(model, image_of(1, 20, 20), (7, 6), (2, 3), device="cpu").maximum <= 1e-12


@pytest.mark.parametrize("name", [name for name, head in HEADS.items() if head.refused][:6])
def test_what_does_not_convert_is_refused_by_name(name: str) -> None:
    head = HEADS[name]
    channels, height, width = head.input_size
    with pytest.raises(cx.ConversionError, match=re.escape(str(head.refused))):
        cx.compare(head.make(), image_of(channels, height, width), (height, width), device="cpu")


def test_a_window_that_the_network_does_not_take_is_refused() -> None:
    with pytest.raises(cx.CnnExplainError, match="20"):
        cx.compare(cx.networks.lenet5(), image_of(1, 40, 40), 20, device="cpu")


def test_decisions_are_drawn_as_scores() -> None:
    class Decided(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = module_of(cx.networks.lenet5())

        def forward(self, x: torch.Tensor) -> Any:
            return self.model(x) > 0

    image = torch.rand(1, 40, 40, generator=torch.Generator().manual_seed(0))
    compared = cx.compare(Decided().eval(), image, window=32, device="cpu")
    assert compared.sliding.dtype == torch.bool
    assert compared.maximum == 0
    assert compared.figure().title.endswith("relative error at most 0 (rounding)")


def test_a_figure_names_its_class_and_writes_only_probabilities_in_percent() -> None:
    generator = torch.Generator().manual_seed(0)
    body = [nn.Conv2d(1, 4, 5, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 3)]
    image = torch.rand(1, 23, 23, generator=generator)
    scores = cx.compare(nn.Sequential(*body).eval(), image, window=16, device="cpu")
    shares = cx.compare(nn.Sequential(*body, nn.Softmax(1)).eval(), image, window=16, device="cpu")
    assert (scores.probable, shares.probable) == (False, True)
    for compared, percent in ((scores, False), (shares, True)):
        drawn = compared.figure(channel=2)
        assert "class 2" in drawn.title
        assert "The scores are those of “class 2”." in drawn.description
        told = drawn.description.partition("Sliding window")[2].partition("Relative errors")[0]
        assert ("%" in told) == percent
    with cx.language("fr"):
        assert "classe 2" in scores.figure(channel=2).title
    assert "espresso" in scores.figure(channel=2, name="espresso").title
    alone = cx.compare(
        nn.Sequential(*body[:-1], nn.Linear(4 * 6 * 6, 1)).eval(), image, window=16, device="cpu"
    )
    assert "class" not in alone.figure().title


def test_a_class_that_is_none_is_refused_and_what_cannot_be_drawn_is_only_told() -> None:
    head = nn.Linear(16, 3)
    model = nn.Sequential(nn.Flatten(), head).eval()
    image = torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(0))
    found = cx.compare(model, image, window=4, device="cpu")
    assert found._repr_html_() == found.figure().html
    for channel in (3, -1, True, "0"):
        with pytest.raises(cx.ArgumentError, match="channel as a class from 0 to 2"):
            found.figure(channel=channel)  # type: ignore[arg-type]
    # Scores that are finite, and beyond every scale that could be drawn.
    model.double()
    nn.init.constant_(head.weight, 1e101)
    beyond = cx.compare(model, image.double(), window=4, device="cpu")
    with pytest.raises(cx.ArgumentError, match="finite numbers of at most"):
        beyond.figure()
    assert beyond._repr_html_() is None
