"""One pass over an image says of each window what the original says of it alone."""

from __future__ import annotations

import copy
import itertools
import math
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import drawn
from tests.heads import HEADS, Head, Net, head, linear, settled
from torch import nn

import cnnexplain as cx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Tensor = torch.Tensor
Size = tuple[int, int]

# mps has no float64.
TOLERANCES = {"cpu": 1e-12, "cuda": 1e-12, "mps": 1e-4}
PRECISIONS = {"cpu": torch.float64, "cuda": torch.float64, "mps": torch.float32}
DEVICES = [
    "cpu",
    *(["cuda"] if torch.cuda.is_available() else []),
    *(["mps"] if torch.backends.mps.is_available() else []),
]
REFUSALS = Path(__file__).parent / "golden" / "refusals.txt"
CONVERTED = [name for name, head in HEADS.items() if head.refused is None]
EXACT = [name for name in CONVERTED if HEADS[name].exact]

on_every_device = pytest.mark.parametrize("device", DEVICES)


def made(head: Head, device: str = "cpu") -> nn.Module:
    """The same network at each call."""
    torch.manual_seed(0)
    return head.make().to(device, PRECISIONS[device])


@cache
def conversion(name: str, device: str = "cpu") -> tuple[nn.Module, Any]:
    """A network and its conversion, for tests that change neither."""
    model = made(HEADS[name], device)
    return model, cx.fully_convolutional(model, HEADS[name].input_size)


def images(
    head: Head, device: str = "cpu", *, windows: Size = (3, 4), left: Size = (0, 0)
) -> Tensor:
    """Two images of so many windows, with rows and columns left."""
    torch.manual_seed(1)
    channels, *window = head.input_size
    size = (
        w + (n - 1) * s + each
        for w, n, s, each in zip(window, windows, head.stride, left, strict=True)
    )
    return torch.randn(2, channels, *size).to(device, PRECISIONS[device])


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Tensor]]:
    """The tensors of an output, by the types and places of what they lie in."""
    if isinstance(value, Tensor):
        yield path, value
    else:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from leaves(part, f"{path} {type(value).__name__}[{key!r}]")


def relative_error(found: Tensor, expected: Tensor) -> float:
    """The largest error of an image's cell, relative to the cell's norm."""
    if expected.dim() == 4:  # a map of one cell
        assert expected.shape[2:] == (1, 1)
        expected = expected.flatten(1)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    error, norm = (
        torch.linalg.vector_norm(each.double().cpu().reshape(len(each), -1), dim=1)
        for each in (found - expected, expected)
    )
    return float((error / norm.clamp(min=torch.finfo(torch.float64).tiny)).max())


@torch.no_grad()
def errors(
    original: Callable[[Tensor], Any],
    converted: Callable[[Tensor], Any],
    image: Tensor,
    window: Size,
    stride: Size,
) -> Tensor:
    """The relative error of each window: the original sees its pixels alone."""
    rows, columns = (
        (size - each) // step + 1
        for size, each, step in zip(image.shape[2:], window, stride, strict=True)
    )
    found = dict(leaves(converted(image)))
    assert all(leaf.shape[-2] >= rows and leaf.shape[-1] >= columns for leaf in found.values())
    result = torch.empty(rows, columns)
    for i, j in itertools.product(range(rows), range(columns)):
        top, left = i * stride[0], j * stride[1]
        crop = image[:, :, top : top + window[0], left : left + window[1]]
        expected = dict(leaves(original(crop)))
        assert found.keys() == expected.keys()
        result[i, j] = max(
            relative_error(found[path][..., i, j], cell) for path, cell in expected.items()
        )
    return result


def errors_of(head: Head, original: nn.Module, converted: nn.Module, image: Tensor) -> Tensor:
    return errors(original, converted, image, head.input_size[1:], head.stride)


# ── the networks and the oracle ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", CONVERTED)
@torch.no_grad()
def test_windows_of_one_image_are_told_apart(name: str) -> None:
    # Otherwise a wrong conversion could not be seen.
    head = HEADS[name]
    model, image, (h, w) = made(head), images(head), head.input_size[1:]
    crops = [
        image[:, :, i * head.stride[0] :, j * head.stride[1] :][:, :, :h, :w]
        for i, j in itertools.product(range(3), range(4))
    ]
    cells = [[cell.double() for _, cell in leaves(model(crop))] for crop in crops]
    for several in zip(*cells, strict=True):
        stack = torch.stack(several)
        assert stack.isfinite().all()
        assert stack.std(dim=0).max() > 1e-3 * stack.abs().max()


def by_hand(name: str, *layers: nn.Module) -> nn.Module:
    """The features of a head, and a conversion of the rest by hand."""
    model: Any = made(HEADS[name])
    return nn.Sequential(model.features, *layers).double()


def convolution_of(weight: Tensor, bias: Tensor, **arguments: Any) -> nn.Module:
    outputs, inputs, *kernel = weight.shape
    conv = nn.Conv2d(inputs, outputs, (kernel[0], kernel[1]), **arguments)
    conv.weight, conv.bias = nn.Parameter(weight), nn.Parameter(bias)
    return conv


def test_the_oracle_accepts_a_conversion_by_hand_and_no_other() -> None:
    name = "torch.flatten"
    head = HEADS[name]
    model: Any = made(head)
    weight, bias = model.fc.weight.detach(), model.fc.bias.detach()
    right = weight.reshape(7, 6, 5, 4)
    for kernel, correct in (
        (right, True),
        (weight.reshape(7, 5, 4, 6).permute(0, 3, 1, 2), False),
        (weight.reshape(7, 6, 4, 5).transpose(2, 3), False),
        (right.flip(3), False),
    ):
        converted = by_hand(name, convolution_of(kernel.contiguous(), bias))
        found = errors_of(head, model, converted, images(head))
        assert (found < 1e-12).all() if correct else (found > 1e-3).all()


def test_the_oracle_sees_a_pool_of_the_wrong_stride() -> None:
    # At the window's own size both are the same: only more windows tell them apart.
    name = "AvgPool2d of the map's size"
    head = HEADS[name]
    model: Any = made(head)
    conv = convolution_of(model.fc.weight.detach()[..., None, None], model.fc.bias.detach())
    right, wrong = (by_hand(name, nn.AvgPool2d((5, 4), stride), conv) for stride in (1, (5, 4)))
    assert errors_of(head, model, right, images(head)).max() < 1e-12
    assert errors_of(head, model, wrong, images(head, windows=(1, 1))).max() < 1e-12
    with pytest.raises(AssertionError):
        errors_of(head, model, wrong, images(head))


@pytest.mark.parametrize("name", ["torch.flatten", "channels last, as Keras", "a dict of tuples"])
def test_the_oracle_sees_one_weight_that_is_wrong(name: str) -> None:
    head = HEADS[name]
    model, converted = conversion(name)
    changed = copy.deepcopy(converted.module)
    parameter = list(changed.parameters())[-2]
    with torch.no_grad():
        parameter.view(-1)[3] += 0.01
    assert errors_of(head, model, converted.module, images(head)).max() < 1e-12
    assert errors_of(head, model, changed, images(head)).min() > 1e-9


def test_the_oracle_tells_orders_of_flattening_apart() -> None:
    rows_first, channels_last = (
        made(HEADS[n]) for n in ("torch.flatten", "channels last, as Keras")
    )
    channels_last.load_state_dict(rows_first.state_dict())
    head = HEADS["torch.flatten"]
    converted = cx.fully_convolutional(channels_last, head.input_size).module
    assert errors_of(head, channels_last, converted, images(head)).max() < 1e-12
    assert errors_of(head, rows_first, converted, images(head)).min() > 1e-3


# ── what converts ──────────────────────────────────────────────────────────────────────────────


@on_every_device
@pytest.mark.parametrize("name", EXACT)
def test_every_window_is_what_the_original_says(name: str, device: str) -> None:
    head = HEADS[name]
    model, converted = conversion(name, device)
    assert converted.window == head.input_size[1:]
    assert converted.effective_stride == head.stride
    assert converted.exactness.exact is True
    assert converted.exactness.reasons == ()
    for left in ((0, 0), (head.stride[0] - 1, 1)):
        image = images(head, device, left=left)
        found = errors_of(head, model, converted.module, image)
        assert found.shape == (3, 4)
        assert found.max() <= TOLERANCES[device], found


@on_every_device
@pytest.mark.parametrize("name", CONVERTED)
def test_an_image_of_the_window_s_size_is_one_cell(name: str, device: str) -> None:
    head = HEADS[name]
    model, converted = conversion(name, device)
    image = images(head, device, windows=(1, 1))
    assert errors_of(head, model, converted.module, image).max() <= TOLERANCES[device]
    with torch.no_grad():
        assert all(leaf.shape[-2:] == (1, 1) for _, leaf in leaves(converted.module(image)))


@on_every_device
@pytest.mark.parametrize("name", [name for name in CONVERTED if not HEADS[name].exact])
def test_windows_that_see_padding_are_told(name: str, device: str) -> None:
    head = HEADS[name]
    model, converted = conversion(name, device)
    assert converted.window == head.input_size[1:]
    assert converted.effective_stride == head.stride
    assert converted.exactness.exact is False
    assert converted.exactness.reasons
    image = images(head, device)
    exact = torch.tensor(converted.exactness.cells(tuple(image.shape[2:])))
    found = errors_of(head, model, converted.module, image)
    assert not exact.all()
    assert ((found <= TOLERANCES[device]) == exact).all(), found


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("a ceil mode that adds cells", [(2, 3)]),
        ("padded at the top alone", [(0, 0), (0, 1), (0, 2), (0, 3)]),
        ("padded, as VGG", []),
        ("a padded residual, as ResNet", []),
    ],
)
def test_which_windows_see_padding(name: str, exact: list[Size]) -> None:
    cells = conversion(name)[1].exactness.cells(tuple(images(HEADS[name]).shape[2:]))
    assert [(i, j) for i in range(3) for j in range(4) if cells[i][j]] == exact


@on_every_device
@pytest.mark.parametrize("name", CONVERTED)
@torch.no_grad()
def test_two_images_are_what_each_is_alone(name: str, device: str) -> None:
    module, image = conversion(name, device)[1].module, images(HEADS[name], device)
    together = dict(leaves(module(image)))
    one, two = (dict(leaves(module(each))) for each in image.split(1))
    assert together.keys() == one.keys() == two.keys()
    for path, both in together.items():
        alone = torch.cat([one[path], two[path]])
        assert relative_error(both.flatten(1), alone.flatten(1)) <= TOLERANCES[device]


# ── what does not convert ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [name for name, head in HEADS.items() if head.refused])
def test_what_depends_on_more_than_a_window_is_refused_by_name(name: str) -> None:
    head = HEADS[name]
    with pytest.raises(cx.ConversionError) as refusal:
        cx.fully_convolutional(made(head), head.input_size)
    assert isinstance(refusal.value, cx.CnnExplainError)
    assert head.refused
    words = " " in head.refused or head.refused.endswith("()")
    assert (head.refused if words else f"layer '{head.refused}'") in str(refusal.value)


@pytest.mark.parametrize(
    ("output", "received"),
    [
        (lambda _: None, "one that returns None"),
        (lambda _: (), "one that returns ()"),
        (lambda scores: (scores, {1}), "one in a set"),
        (lambda scores: (scores, torch.zeros(3)), "a constant of shape (3,)"),
    ],
)
def test_outputs_that_are_no_scores_are_refused(
    output: Callable[[Tensor], Any], received: str
) -> None:
    model = made(head(lambda net, z: output(net.fc(z.flatten(1))), fc=linear(120, 7)))
    with pytest.raises(cx.ConversionError) as refusal:
        cx.fully_convolutional(model, (3, 25, 21))
    assert refusal.value.received == received


def test_what_is_no_tensor_is_returned_as_it_is() -> None:
    model = made(
        head(lambda net, z: (net.fc(z.flatten(1)), None, {"loss": 0.5}), fc=linear(120, 7))
    )
    converted = cx.fully_convolutional(model, (3, 25, 21)).module
    scores, *rest = converted(torch.zeros(1, 3, 29, 21, dtype=torch.float64))
    assert (tuple(scores.shape), rest) == ((1, 7, 2, 1), [None, {"loss": 0.5}])


def test_a_forward_in_another_precision_is_refused() -> None:
    def in_bfloat16(net: Any, z: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores: Tensor = net.fc(z.flatten(1))
            return scores

    model = made(head(in_bfloat16, fc=linear(120, 7))).float()
    with pytest.raises(cx.ConversionError) as refusal:
        cx.fully_convolutional(model, (3, 25, 21))
    assert str(refusal.value).splitlines() == [
        "expected: bfloat16 at 25×21, as the original returns",
        "received: float32",
        "cure: convert the network without autocast or another context that changes precisions",
    ]


def test_torch_s_random_numbers_stay_as_they_are() -> None:
    for name in ("random numbers", "random numbers for each place"):
        model = made(HEADS[name])
        before = torch.get_rng_state()
        with pytest.raises(cx.ConversionError):
            cx.fully_convolutional(model, HEADS[name].input_size)
        assert torch.equal(torch.get_rng_state(), before)


def refusals() -> str:
    """What each head that does not convert is told, line by line."""
    told = []
    for name, each in HEADS.items():
        if each.refused:
            try:
                cx.fully_convolutional(made(each), each.input_size)
            except cx.ConversionError as error:
                told.append(f"# {name}\n{error}\n")
    return "\n".join(told)


def test_every_refusal_is_told_line_by_line() -> None:
    assert refusals() == REFUSALS.read_text(encoding="utf-8")


# ── the original ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [*HEADS])
@torch.no_grad()
def test_the_original_stays_as_it_is(name: str) -> None:
    head, model = HEADS[name], made(HEADS[name])
    image = images(head, windows=(1, 1))

    def said() -> list[Tensor]:
        torch.manual_seed(0)
        return [leaf for _, leaf in leaves(copy.deepcopy(model)(image))]

    before = said()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    places = {key: value.data_ptr() for key, value in model.state_dict().items()}
    modules = {key: (id(module), module.training) for key, module in model.named_modules()}
    gradients = {key: each.requires_grad for key, each in model.named_parameters()}
    if head.refused is None:
        cx.fully_convolutional(model, head.input_size)
    else:
        with pytest.raises(cx.ConversionError):
            cx.fully_convolutional(model, head.input_size)
    assert {key: value.data_ptr() for key, value in model.state_dict().items()} == places
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert {k: (id(each), each.training) for k, each in model.named_modules()} == modules
    assert {key: each.requires_grad for key, each in model.named_parameters()} == gradients
    assert all(torch.equal(a, b) for a, b in zip(said(), before, strict=True))


@pytest.mark.parametrize(
    "name",
    [
        "torch.flatten",
        "view in two steps",
        "in a Sequential",
        "AdaptiveAvgPool2d(1)",
        "AdaptiveAvgPool2d, 6 × 4 to 2",
        "three Linears",
        "a dict of tuples",
        "LeNet-5",
    ],
)
def test_weights_are_the_original_s_own(name: str) -> None:
    model, converted = conversion(name)
    assert converted.added_memory == 0
    ours = {each.untyped_storage().data_ptr() for each in converted.module.parameters()}
    assert ours <= {each.untyped_storage().data_ptr() for each in model.parameters()}


@pytest.mark.parametrize(
    "name", ["channels last, as Keras", "width first, as MTCNN", "mirrored", "transposed twice"]
)
def test_weights_in_another_order_are_new(name: str) -> None:
    assert conversion(name)[1].added_memory == 7 * 120 * 8  # bytes of float64


def test_a_folded_pool_and_a_folded_normalisation_are_new() -> None:
    # 7 × 6 × 5 × 5 values for the 7 × 24 of the Linear; a weight and a bias.
    assert conversion("AdaptiveAvgPool2d, 5 to 2")[1].added_memory == 7 * 6 * 5 * 5 * 8
    folded = conversion("BatchNorm1d between flatten and Linear")[1].added_memory
    assert folded == (7 * 120 + 7) * 8


def test_a_weight_that_changes_changes_in_both() -> None:
    head = HEADS["torch.flatten"]
    model: Any = made(head)
    converted = cx.fully_convolutional(model, head.input_size).module
    before = converted(images(head))
    with torch.no_grad():
        model.fc.weight.mul_(2)
        model.features[0].weight.mul_(0.5)
    assert not torch.equal(converted(images(head)), before)
    assert errors_of(head, model, converted, images(head)).max() < 1e-12


def test_a_weight_that_is_one_number_everywhere_is_still_the_original_s_own() -> None:
    model: Any = made(
        head(
            lambda net, z: net.fc((z * net.scale.view(1, 6, 1, 1)).flatten(1)),
            scale=lambda: nn.Parameter(torch.ones(6)),
            fc=linear(120, 7),
        )
    )
    converted = cx.fully_convolutional(model, (3, 25, 21)).module
    image = torch.ones(1, 3, 25, 21, dtype=torch.float64)
    with torch.no_grad():
        before = converted(image)
        model.scale.copy_(torch.arange(6))
        after = converted(image)
        assert not torch.allclose(after, before)
        assert torch.allclose(after.flatten(1), model(image))


# ── networks by chance ─────────────────────────────────────────────────────────────────────────

ENDS: dict[str, Callable[[Any, Tensor], Any]] = {
    "flatten": lambda net, z: net.fc(z.flatten(1)),
    "channels last": lambda net, z: net.fc(z.permute(0, 2, 3, 1).reshape(len(z), -1)),
    "width first": lambda net, z: net.fc(z.permute(0, 3, 2, 1).flatten(1)),
    "mean": lambda net, z: net.fc(z.mean((2, 3))),
    "amax": lambda net, z: net.fc(z.amax((-1, -2))),
    "mean of rows": lambda net, z: net.fc(z.mean(2).flatten(1)),
    "pool": lambda net, z: net.fc(net.pool(z).flatten(1)),
    "two heads": lambda net, z: (net.fc(z.flatten(1)).softmax(-1), z.mean((2, 3))),
    "three layers": lambda net, z: net.last(net.norm(net.fc(z.flatten(1))).relu()),
}

counts = partial(st.integers, 1)


@st.composite
def layers(draw: st.DrawFn) -> tuple[str, tuple[Size, Size, Size]]:
    """A kind of layer, its kernel, stride and dilation: rows and columns."""
    kind = draw(st.sampled_from(["conv", "max", "avg"]))
    kernel, stride, dilation = (draw(st.tuples(counts(n), counts(n))) for n in (3, 2, 2))
    return kind, (kernel, stride, (1, 1) if kind == "avg" else dilation)


@st.composite
def networks(draw: st.DrawFn) -> tuple[str, nn.Module, tuple[int, int, int]]:
    """An unpadded network, how it ends, and its input size."""
    chain = draw(st.lists(layers(), min_size=1, max_size=3))
    maps = draw(st.tuples(counts(3), counts(3)))
    size = list(maps)
    for _, (kernel, stride, dilation) in reversed(chain):
        for axis in range(2):
            left = draw(st.integers(0, stride[axis] - 1))
            reach = dilation[axis] * (kernel[axis] - 1) + 1
            size[axis] = (size[axis] - 1) * stride[axis] + reach + left
    torch.manual_seed(0)
    modules: list[nn.Module] = []
    channels = 2
    for kind, (kernel, stride, dilation) in chain:
        if kind == "conv":
            modules += [nn.Conv2d(channels, 3, kernel, stride, dilation=dilation), nn.Tanh()]
            channels = 3
        elif kind == "max":
            modules.append(nn.MaxPool2d(kernel, stride, dilation=dilation))
        else:
            modules.append(nn.AvgPool2d(kernel, stride))
    end = draw(st.sampled_from(sorted(ENDS)))
    output = draw(st.tuples(counts(4), counts(4)))
    features = channels * {
        "mean": 1,
        "amax": 1,
        "mean of rows": maps[1],
        "pool": math.prod(output),
    }.get(end, math.prod(maps))
    parts: dict[str, Callable[[], nn.Module]] = {
        "fc": partial(nn.Linear, features, 5),
        "pool": partial(nn.AdaptiveAvgPool2d, output),
        "norm": partial(nn.BatchNorm1d, 5),
        "last": partial(nn.Linear, 5, 4),
    }
    net = settled(Net(nn.Sequential(*modules), ENDS[end], parts)).double()
    return end, net, (2, size[0], size[1])


@given(networks())
@settings(max_examples=drawn.examples(60))
def test_every_window_of_a_network_by_chance(
    case: tuple[str, nn.Module, tuple[int, int, int]],
) -> None:
    _, model, input_size = case
    converted = cx.fully_convolutional(model, input_size)
    assert converted.exactness.exact is True
    stride = converted.effective_stride
    torch.manual_seed(1)
    size = (w + n * s for w, n, s in zip(input_size[1:], (1, 2), stride, strict=True))
    image = torch.randn(2, 2, *size, dtype=torch.float64)
    found = errors(model, converted.module, image, input_size[1:], stride)
    assert found.max() <= 1e-12, found


GLUE: dict[str, Callable[[Tensor], Tensor]] = {
    "gate": lambda z: z * z[:, :1].sigmoid(),
    "gate by the last": lambda z: z[:, -1:].tanh() * z,
    "repeat": lambda z: z.repeat(1, 2, 1, 1),
    "repeat_interleave": lambda z: z.repeat_interleave(2, 1),
    "expand": lambda z: z[:, :1].expand(-1, 3, -1, -1),
    "list": lambda z: z[:, [0, 0, -1]],
    "every other": lambda z: z[:, ::2],
    "softmax of a part": lambda z: z[:, :2].softmax(1),
    "cat": lambda z: torch.cat([z, z[:, :1] * 2], 1),
    "cat of the largest": lambda z: torch.cat([z.amax(1, keepdim=True), z], 1),
    "less the mean": lambda z: z - z.mean(1, keepdim=True),
    "flip": lambda z: z.flip(1),
    "roll": lambda z: z.roll(1, 1),
    "power": lambda z: z**2,
    "at most one": lambda z: torch.minimum(z, torch.ones_like(z)),
    "product of halves": lambda z: z[:, : (z.shape[1] + 1) // 2] * z[:, z.shape[1] // 2 :],
}
ENDS_OF_GLUE: dict[str, Callable[[Tensor], Tensor]] = {
    "flatten": lambda z: z.flatten(1),
    "channels last": lambda z: z.permute(0, 2, 3, 1).flatten(1),
    "twice": lambda z: z.flatten(1).repeat(1, 2),
    "mean": lambda z: z.mean((2, 3)),
    "one of the largest": lambda z: z.amax((2, 3))[:, [0, 0]],
}


@given(st.lists(st.sampled_from(sorted(GLUE)), max_size=4), st.sampled_from(sorted(ENDS_OF_GLUE)))
@settings(max_examples=drawn.examples(60))
def test_every_window_behind_glue_by_chance(glue: list[str], end: str) -> None:
    def forward(net: Any, z: Tensor) -> Tensor:
        for name in glue:
            z = GLUE[name](z)
        scores: Tensor = net.fc(ENDS_OF_GLUE[end](z))
        return scores

    torch.manual_seed(0)
    case = head(forward, fc=partial(nn.LazyLinear, 5))
    model = case.make().double()
    model(images(case, windows=(1, 1)))  # so that the lazy layer has a size
    converted = cx.fully_convolutional(model, case.input_size)
    found = errors_of(case, model, converted.module, images(case, windows=(2, 3)))
    assert found.max() <= 1e-12, (glue, end)


if __name__ == "__main__":  # writes the golden file, which is then to be read
    REFUSALS.write_text(refusals(), encoding="utf-8")
