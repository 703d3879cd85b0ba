"""Sliding: every window cut out and scored, as a plain loop does it."""

from __future__ import annotations

import copy
import io
import sys
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import drawn
from tests.heads import HEADS, in_layout
from torch import nn
from torch.nn.utils import prune

import cnnexplain as cx
from cnnexplain.conversion.modules import module_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Tensor = torch.Tensor
Size = tuple[int, int]

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}

on_every_device = pytest.mark.parametrize("device", DEVICES)


pytestmark = pytest.mark.usefixtures("one_thread")


def image_of(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=dtype)


def of_any_size() -> nn.Sequential:
    """A network that takes windows of every size."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 3, 2), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 4)
    ).eval()


def padded(dtype: torch.dtype = torch.float64) -> nn.Sequential:
    """A padded network of stride 4 for windows of 12 × 16."""
    torch.manual_seed(0)
    return (
        nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * 3 * 4, 5),
        )
        .to(dtype)
        .eval()
    )


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What lies in an output, by the types and places of what it lies in."""
    if isinstance(value, dict | tuple | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from leaves(part, f"{path} {type(value).__name__}[{key!r}]")
    else:
        yield path, value


@torch.no_grad()
def in_a_loop(
    model: Callable[[Tensor], Any], image: Tensor, window: Size, stride: Size
) -> dict[str, Tensor]:
    """Every window scored alone, (1, classes, rows, columns)."""
    tops, lefts = (
        range(0, size - each + 1, step)
        for size, each, step in zip(image.shape[-2:], window, stride, strict=True)
    )
    rows = [
        [dict(leaves(model(image[None, :, y : y + window[0], x : x + window[1]]))) for x in lefts]
        for y in tops
    ]
    return {
        path: torch.stack([torch.stack([cell[path] for cell in row], -1) for row in rows], -2)
        for path in rows[0][0]
    }


def assert_same(found: Any, wanted: dict[str, Tensor], tolerance: float = 1e-12) -> None:
    told = dict(leaves(found))
    assert told.keys() == wanted.keys()
    for path, expected in wanted.items():
        assert told[path].shape == expected.shape
        assert told[path].dtype == expected.dtype
        torch.testing.assert_close(told[path].cpu(), expected, rtol=tolerance, atol=tolerance)


# ── windows ────────────────────────────────────────────────────────────────────────────────────

counts = st.integers(1, 7)


@on_every_device
@pytest.mark.parametrize("dtype", TOLERANCES)
@given(
    st.tuples(st.integers(2, 8), st.integers(2, 8)),
    st.tuples(counts, counts),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
    st.sampled_from([1, 3, 1000, None]),
)
@settings(max_examples=drawn.examples(25))
def test_all_windows_are_those_of_a_plain_loop(
    device: str, dtype: torch.dtype, window: Size, stride: Size, more: Size, batch_size: int | None
) -> None:
    model, size = of_any_size().to(dtype), [a + b for a, b in zip(window, more, strict=True)]
    image = image_of(2, *size, dtype=dtype)
    found = cx.slide(model, image, window, stride, device=device, batch_size=batch_size)
    assert found.device.type == device
    assert_same(found, in_a_loop(model, image, window, stride), TOLERANCES[dtype])


def test_a_number_stands_for_rows_and_columns() -> None:
    model, image = of_any_size().double(), image_of(2, 9, 12)
    found = cx.slide(model, image, 4, 3, device="cpu")
    assert_same(found, in_a_loop(model, image, (4, 4), (3, 3)))
    assert torch.equal(found, cx.slide(model, image, [4, 4], [3, 3], device="cpu"))


def test_windows_are_counted_from_the_top_left() -> None:
    first_pixel: Any = nn.Sequential(nn.Flatten(), nn.Linear(1, 1, bias=False)).double().eval()
    with torch.no_grad():
        first_pixel[1].weight.fill_(1)
    image = torch.arange(12.0, dtype=torch.float64).view(1, 3, 4)
    found = cx.slide(first_pixel, image, 1, (2, 1), device="cpu")
    assert found.tolist() == [[[[0, 1, 2, 3], [8, 9, 10, 11]]]]


def test_an_image_may_have_its_batch() -> None:
    model, image = of_any_size().double(), image_of(2, 9, 12)
    alone, batch = (cx.slide(model, each, 4, 3, device="cpu") for each in (image, image[None]))
    assert torch.equal(alone, batch)


class Listening(nn.Module):
    """Counts the windows of each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.model = of_any_size()
        self.batches: list[int] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> Listening:
        return self

    def forward(self, x: Tensor) -> Any:
        self.batches.append(len(x))
        return self.model(x)


@pytest.mark.parametrize(("batch_size", "count"), [(1, 12), (5, 3), (6, 2), (12, 1), (99, 1)])
def test_windows_are_run_in_few_batches_and_not_in_larger_ones(batch_size: int, count: int) -> None:
    model = Listening().eval()
    cx.slide(model, image_of(2, 6, 7).float(), 4, 1, device="cpu", batch_size=batch_size)
    # The first ones try out whether the network takes the window.
    batches = model.batches[-count:]
    assert sum(batches) == 12
    assert max(batches) <= batch_size
    assert set(model.batches[:-count]) <= {1}


def test_as_many_windows_as_are_fast_are_run_at_once() -> None:
    assert largest_batch(windows=(20, 20), window=4) == 400
    # More than a few megabytes at once only cost memory; yet the weights are read for several.
    assert 1 < largest_batch(windows=(1, 40), window=512) < 40


def largest_batch(windows: Size, window: int) -> int:
    batches: list[int] = []

    class Counted(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            batches.append(len(x))
            return x[:, :, 0, 0]

    rows, columns = (window + count - 1 for count in windows)
    net = nn.Sequential(nn.Conv2d(2, 3, 2), Counted()).eval()
    cx.slide(net, torch.zeros(2, rows, columns), window, 1, device="cpu")
    return max(batches)


# ── images ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [False, True])
def test_an_image_may_be_an_array(dtype: str, batch: bool) -> None:
    array = image_of(2, 6, 9).numpy().astype(dtype)
    model = of_any_size()
    found = cx.slide(model, array[None] if batch else array, 4, 2, device="cpu")
    assert str(found.dtype) == f"torch.{dtype}"
    assert torch.equal(found, cx.slide(model, torch.tensor(array), 4, 2, device="cpu"))


def test_an_array_may_be_one_that_cannot_be_written_to() -> None:
    array = image_of(2, 6, 9).numpy()
    expected = cx.slide(of_any_size(), array, 4, 2, device="cpu")
    array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.equal(cx.slide(of_any_size(), array, 4, 2, device="cpu"), expected)


def test_an_array_may_be_mirrored() -> None:
    # As an image that is read bottom up; torch takes no negative strides.
    array = image_of(2, 6, 9).numpy()
    found = cx.slide(of_any_size(), array[:, ::-1], 4, 2, device="cpu")
    flipped = torch.tensor(array).flip(1)
    assert torch.equal(found, cx.slide(of_any_size(), flipped, 4, 2, device="cpu"))


def test_a_network_takes_on_the_image_s_precision() -> None:
    model = of_any_size()
    found = cx.slide(model, image_of(2, 6, 9), 4, 2, device="cpu")
    assert found.dtype == torch.float64
    assert_same(found, in_a_loop(copy.deepcopy(model).double(), image_of(2, 6, 9), (4, 4), (2, 2)))
    assert model[0].weight.dtype == torch.float32


def test_scores_have_no_gradients_and_are_plain_tensors() -> None:
    image = image_of(2, 6, 9).float().requires_grad_()
    for context in (0, 4):
        model = padded(torch.float32) if context else of_any_size()
        given_image = image_of(2, 20, 24).float().requires_grad_() if context else image
        found = cx.slide(
            model, given_image, (12, 16) if context else 4, 4, context=context, device="cpu"
        )
        assert not found.requires_grad
        assert not found.is_inference()
        assert given_image.requires_grad
        assert given_image.grad is None
        found += 1


# ── networks ───────────────────────────────────────────────────────────────────────────────────


def test_a_network_of_the_package_has_the_same_weights_each_time() -> None:
    network = cx.networks.lenet5()
    image = image_of(1, 40, 37)
    found = cx.slide(network, image, 32, 4, device="cpu")
    model = module_of(network).double()
    assert_same(found, in_a_loop(model, image, (32, 32), (4, 4)))


def test_a_network_may_be_text() -> None:
    text = "nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4))"
    image = image_of(2, 7, 8)
    found = cx.slide(text, image, 4, 2, device="cpu")
    assert_same(found, in_a_loop(module_of(text).double(), image, (4, 4), (2, 2)))


class Viewing(nn.Module):
    """Flattens as torch allows only of maps whose channels come first."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.fc = nn.Conv2d(2, 3, 2), nn.Linear(27, 4)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        return self.fc(x.view(x.size(0), -1))


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_a_view_that_torch_refuses_of_channels_last_works(dtype: torch.dtype) -> None:
    model = Viewing().to(dtype).eval()
    image = image_of(2, 8, 9, dtype=dtype)
    last = image[None, :, :4, :4].contiguous(memory_format=torch.channels_last)
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        in_layout(copy.deepcopy(model), torch.channels_last)(last)
    found = cx.slide(model, image, 4, 2, device="cpu")
    assert_same(found, in_a_loop(model, image, (4, 4), (2, 2)), TOLERANCES[dtype])


class Answer(NamedTuple):
    """What a detector says."""

    box: Tensor
    scores: Tensor


class Structured(nn.Module):
    """Returns whatever structure it is told to."""

    def __init__(self, structure: Callable[[Tensor], Any]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.fc = nn.Conv2d(2, 3, 2), nn.Linear(27, 4)
        self.structure = structure

    def forward(self, x: Tensor) -> Any:
        return self.structure(self.fc(self.conv(x).flatten(1)))


STRUCTURES: dict[str, Callable[[Tensor], Any]] = {
    "a tuple": lambda v: (v, v.sigmoid()),
    "a list": lambda v: [v.relu(), v],
    "a dict": lambda v: {"scores": v, "class": v.argmax(1)},
    "a named tuple": lambda v: Answer(v, v.softmax(1)),
    "nested": lambda v: {"all": (v, [v.exp(), {"last": v[:, 3:]}]), "none": ()},
    "one score": lambda v: v[:, 0],
    "a matrix": lambda v: v.view(-1, 2, 2),
    "classes": lambda v: v.argmax(1),
}


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("name", STRUCTURES)
def test_what_is_returned_has_the_network_s_structure(name: str, batch_size: int | None) -> None:
    model = Structured(STRUCTURES[name]).double().eval()
    image = image_of(2, 7, 9)
    found = cx.slide(model, image, 4, (1, 2), device="cpu", batch_size=batch_size)
    assert_same(found, in_a_loop(model, image, (4, 4), (1, 2)))


@pytest.mark.parametrize("name", STRUCTURES)
def test_so_it_has_with_surroundings(name: str) -> None:
    # Without padding they change nothing.
    model = Structured(STRUCTURES[name]).double().eval()
    image = image_of(2, 7, 9)
    found = cx.slide(model, image, 4, (1, 2), context=2, device="cpu", batch_size=3)
    assert_same(found, in_a_loop(model, image, (4, 4), (1, 2)))


@pytest.mark.parametrize("context", [0, 1])
def test_what_is_no_tensor_is_kept(context: int) -> None:
    model = Structured(lambda v: {"scores": v, "loss": None, "version": (3, "b")}).double().eval()
    found = cx.slide(model, image_of(2, 7, 9), 4, 1, context=context, device="cpu")
    assert found["scores"].shape == (1, 4, 4, 6)
    assert found["loss"] is None
    assert found["version"] == (3, "b")


@pytest.mark.parametrize("columns", [0, 4])
def test_a_network_that_forgets_the_axis_of_one_window_is_given_two(columns: int) -> None:
    # squeeze() drops the batch too where it is one: alone, or the last of nine in batches of four.
    head = HEADS["squeeze of all"]
    torch.manual_seed(0)
    model = head.make().double()
    channels, height, width = head.input_size
    image = image_of(channels, height + 2 * (columns > 0), width + columns)
    found = cx.slide(model, image, (height, width), (1, 2), device="cpu", batch_size=4)
    wanted = in_a_loop(
        lambda crop: model(crop.expand(2, -1, -1, -1))[:1], image, (height, width), (1, 2)
    )
    assert found.shape == (1, 7, 3 if columns else 1, 3 if columns else 1)
    assert_same(found, wanted)


@pytest.mark.parametrize(
    "name", [name for name, head in HEADS.items() if not head.refused and "squeeze of" not in name]
)
def test_windows_of_every_head_are_those_of_a_plain_loop(name: str) -> None:
    head = HEADS[name]
    torch.manual_seed(0)
    model = head.make().double()
    channels, height, width = head.input_size
    image = image_of(channels, height + 2, width + 5)
    found = cx.slide(model, image, (height, width), (2, 3), device="cpu", batch_size=4)
    assert_same(found, in_a_loop(model, image, (height, width), (2, 3)), 1e-11)


# ── the original ───────────────────────────────────────────────────────────────────────────────


def state_of(model: nn.Module) -> dict[str, Any]:
    return {
        name: (each.clone(), each.data_ptr(), each.stride(), each.dtype, each.device)
        for name, each in model.state_dict().items()
    }


def assert_unchanged(model: nn.Module, before: dict[str, Any]) -> None:
    after = state_of(model)
    assert after.keys() == before.keys()
    for name, (values, *rest) in before.items():
        assert torch.equal(after[name][0], values), name
        assert list(after[name][1:]) == rest, name


class Counting(nn.Module):
    """Keeps count in a buffer, and normalises."""

    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm, self.fc = nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.Linear(27, 4)
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor) -> Any:
        self.calls += 1
        return self.fc(self.norm(self.conv(x)).relu().flatten(1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("context", [0, 4])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_network_stays_as_it_is(dtype: torch.dtype, context: int, layout: Any) -> None:
    model = in_layout(padded(torch.float32), layout)
    before, modes = state_of(model), [each.training for each in model.modules()]
    gradients = [each.requires_grad for each in model.parameters()]
    modules = [id(each) for each in model.modules()]
    image = image_of(2, 20, 24, dtype=dtype)
    cx.slide(model, image, (12, 16), 4, context=context, device="cpu")
    assert_unchanged(model, before)
    assert [each.training for each in model.modules()] == modes
    assert [each.requires_grad for each in model.parameters()] == gradients
    assert [id(each) for each in model.modules()] == modules
    assert all(each.grad is None for each in model.parameters())


def test_a_network_that_counts_its_calls_is_not_called() -> None:
    model = Counting().eval()
    before = state_of(model)
    cx.slide(model, image_of(2, 8, 8).float(), 4, 1, device="cpu", batch_size=3)
    assert_unchanged(model, before)


def test_a_part_in_training_mode_is_refused_or_left_as_it_is() -> None:
    # It would normalise each window by the others of its batch, and remember them.
    model = Counting().eval()
    model.norm.train()
    before = state_of(model)
    with pytest.raises(cx.ArgumentError, match="a model in eval mode"):
        cx.slide(model, image_of(2, 8, 8).float(), 4, 1, device="cpu")
    assert_unchanged(model, before)


@pytest.mark.parametrize("context", [0, 1])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_image_stays_as_it_is_where_the_first_layer_works_in_place(
    context: int, channels: int
) -> None:
    model = nn.Sequential(
        nn.Hardtanh(0.2, 0.5, inplace=True),
        nn.Conv2d(channels, 2, 3),
        nn.Flatten(),
        nn.Linear(8, 2),
    )
    model.double().eval()
    image = image_of(1, channels, 7, 8)
    before = image.clone()
    cx.slide(model, image, 4, 1, context=context, device="cpu")
    assert torch.equal(image, before)


COPIED = "a model that can be copied, since it is on another device or in another precision"


def test_a_network_that_cannot_be_copied_runs_as_it_is() -> None:
    class Single(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = of_any_size()

        def __deepcopy__(self, memo: dict[int, Any]) -> Any:
            raise TypeError("there is one of me")

        def forward(self, x: Tensor) -> Any:
            return self.model(x)

    model, image = Single().eval(), image_of(2, 6, 9).float()
    found = cx.slide(model, image, 4, 2, device="cpu")
    assert_same(found, in_a_loop(model.model, image, (4, 4), (2, 2)), 1e-5)
    with pytest.raises(cx.CnnExplainError) as refusal:
        cx.slide(model, image.double(), 4, 2, device="cpu")
    assert str(refusal.value).splitlines() == [
        f"expected: {COPIED}",
        "received: TypeError: 'there is one of me'",
        "cure: move the model to cpu and torch.float64 before",
    ]


def test_a_network_whose_weights_are_computed_can_be_copied() -> None:
    model: Any = of_any_size()
    same: Any = of_any_size()
    image = image_of(2, 6, 9)
    prune.l1_unstructured(model[0], "weight", 0.5)
    with torch.no_grad():
        same[0].weight.copy_(model[0].weight)
    assert not bool(same[0].weight.all())
    found = cx.slide(model, image, 4, 2, device="cpu")
    assert_same(found, in_a_loop(same.double(), image, (4, 4), (2, 2)))


# ── surroundings ───────────────────────────────────────────────────────────────────────────────


@torch.no_grad()
def with_surroundings(
    module: nn.Module, image: Tensor, window: Size, stride: Size, steps: Size, context: Size
) -> Tensor:
    """Each window with its surroundings, as far as the image goes; of the map, its own cell."""
    tops, lefts = (
        range(0, size - each + 1, step)
        for size, each, step in zip(image.shape[-2:], window, steps, strict=True)
    )
    rows = []
    for y in tops:
        row = []
        for x in lefts:
            top, left = max(y - context[0], 0), max(x - context[1], 0)
            bottom, right = y + window[0] + context[0], x + window[1] + context[1]
            scores = module(image[None, :, top:bottom, left:right])
            row.append(scores[..., (y - top) // stride[0], (x - left) // stride[1]])
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2)


@on_every_device
@pytest.mark.parametrize("batch_size", [1, 4, None])
@pytest.mark.parametrize(
    ("context", "stride"),
    [(4, 4), (8, 4), (12, 8), ((4, 8), (8, 4)), ((0, 4), 4), ((8, 0), (4, 12)), (400, 4)],
)
def test_windows_with_surroundings_are_those_of_a_plain_loop(
    context: Any, stride: Any, batch_size: int | None, device: str
) -> None:
    model = padded()
    image = image_of(2, 12 + 4 * 4 + 3, 16 + 4 * 3 + 1)
    module = cx.fully_convolutional(model, (2, 12, 16)).module
    sides, steps = (each if isinstance(each, tuple) else (each, each) for each in (context, stride))
    wanted = with_surroundings(module, image, (12, 16), (4, 4), steps, sides)
    found = cx.slide(
        model, image, (12, 16), stride, context=context, device=device, batch_size=batch_size
    )
    assert found.shape == wanted.shape
    torch.testing.assert_close(found.cpu(), wanted, rtol=1e-12, atol=1e-12)


@on_every_device
def test_with_enough_surroundings_all_windows_are_those_of_one_pass(device: str) -> None:
    model, image = padded(), image_of(2, 12 + 4 * 8 + 2, 16 + 4 * 7 + 3)
    conversion = cx.fully_convolutional(model, (2, 12, 16))
    halo = conversion.exactness.halo
    assert halo == (4, 4)
    with torch.no_grad():
        passed = conversion.module(image[None])
    errors = {
        context: (
            cx.slide(model, image, (12, 16), 4, context=context, device=device).cpu() - passed
        )
        .norm(dim=1)
        .div(passed.norm(dim=1))
        for context in (0, (0, 4), (4, 0), 4, 8)
    }
    assert all(errors[each].max() > 1e-3 for each in (0, (0, 4), (4, 0)))
    assert all(errors[each].max() <= 1e-12 for each in (4, 8))
    # A window in a corner has real surroundings at two sides alone, and lacks those of two.
    assert errors[0].min() > 1e-3


def test_surroundings_are_a_matter_of_padding_alone() -> None:
    image = image_of(1, 40, 44)
    alone, together = (
        cx.slide(cx.networks.lenet5(), image, 32, 4, context=context, device="cpu")
        for context in (0, 8)
    )
    torch.testing.assert_close(alone, together, rtol=1e-12, atol=1e-12)


# ── memory ─────────────────────────────────────────────────────────────────────────────────────


class Hungry(nn.Module):
    """Runs out of memory for more than so many windows."""

    def __init__(self, most: int, error: Callable[[], Exception]) -> None:
        super().__init__()
        self.model, self.most, self.error = of_any_size().double(), most, error

    def forward(self, x: Tensor) -> Any:
        if len(x) > self.most:
            raise self.error()
        return self.model(x)


OUT_OF_MEMORY: dict[str, Callable[[], Exception]] = {
    "torch": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "a processor": lambda: RuntimeError(
        "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you "
        "tried to allocate 40000000000 bytes."
    ),
    "mps": lambda: RuntimeError("MPS backend out of memory (MPS allocated: 18.13 GB)"),
    "Python": MemoryError,
}


def told(number: int) -> str:
    return f"memory is short on cpu: {number} windows at once from now on"


@pytest.mark.parametrize("name", OUT_OF_MEMORY)
def test_where_memory_is_short_batches_are_halved(name: str) -> None:
    model, image = Hungry(4, OUT_OF_MEMORY[name]).eval(), image_of(2, 7, 11)
    with pytest.warns(UserWarning, match="memory is short") as warned:
        found = cx.slide(model, image, 4, 1, device="cpu", batch_size=16)
    assert [str(each.message) for each in warned] == [told(8), told(4)]
    assert {each.filename for each in warned} == {__file__}
    assert_same(found, in_a_loop(model.model, image, (4, 4), (1, 1)))


def test_an_odd_batch_is_halved_down_to_one() -> None:
    model, image = Hungry(1, OUT_OF_MEMORY["torch"]).eval(), image_of(2, 4, 10)
    with pytest.warns(UserWarning, match="memory is short") as warned:
        found = cx.slide(model, image, 4, 1, device="cpu", batch_size=7)
    assert [str(each.message) for each in warned] == [told(3), told(1)]
    assert_same(found, in_a_loop(model.model, image, (4, 4), (1, 1)))


def test_what_is_halved_is_what_was_run() -> None:
    # There are 30 windows, so that half of 1000 of them would change nothing.
    model, image = Hungry(20, OUT_OF_MEMORY["torch"]).eval(), image_of(2, 8, 9)
    with pytest.warns(UserWarning, match="memory is short") as warned:
        found = cx.slide(model, image, 4, 1, device="cpu", batch_size=1000)
    assert [str(each.message) for each in warned] == [told(15)]
    assert_same(found, in_a_loop(model.model, image, (4, 4), (1, 1)))


def test_without_memory_for_one_window_nothing_helps() -> None:
    model = Hungry(0, OUT_OF_MEMORY["torch"]).eval()
    with (
        pytest.warns(UserWarning, match="memory is short"),
        pytest.raises(cx.CnnExplainError) as refusal,
    ):
        cx.slide(model, image_of(2, 8, 9), 4, 1, device="cpu", batch_size=2)
    assert str(refusal.value).splitlines() == [
        "expected: memory for one window",
        "received: none left on cpu",
        'cure: use a smaller window, or device="cpu"',
    ]
    assert isinstance(refusal.value.__cause__, torch.OutOfMemoryError)


def test_another_error_on_the_way_is_the_network_s_own() -> None:
    model = Hungry(2, lambda: ZeroDivisionError("in the third window")).eval()
    with pytest.raises(ZeroDivisionError, match="in the third window"):
        cx.slide(model, image_of(2, 8, 9), 4, 1, device="cpu", batch_size=3)


# ── progress ───────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_printed_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    cx.slide(of_any_size(), image_of(2, 9, 9), 4, 1, device="cpu", batch_size=2)
    assert capfd.readouterr() == ("", "")


def test_nothing_is_printed_without_a_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    # So Python starts under pythonw and in some services.
    monkeypatch.setattr(sys, "stderr", None)
    found = cx.slide(of_any_size(), image_of(2, 9, 9), 4, 1, device="cpu")
    assert found.shape == (1, 4, 6, 6)


def test_a_terminal_shows_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    cx.slide(of_any_size(), image_of(2, 9, 9), 4, 1, device="cpu", batch_size=2)
    assert "windows on cpu" in terminal.getvalue()
    assert "100%" in terminal.getvalue()
    assert capsys.readouterr().out == ""


# ── what is refused ────────────────────────────────────────────────────────────────────────────

ONE_IMAGE = ("one image, (channels, height, width)", "give one image at a time")
AN_IMAGE = ("an image as a tensor or an array", "write for example torch.rand(3, 384, 384)")
LARGER = "use a larger image, or a smaller window"

REFUSED: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "training mode": (
        {"model": of_any_size().train()},
        (
            "a model in eval mode, which scores each window by itself",
            "a Sequential in training mode",
            "call model.eval() before",
        ),
    ),
    "no model": (
        {"model": 3},
        (
            "a torch.nn.Module, a network of cnnexplain.networks, or text",
            "3",
            "write for example cx.networks.vgg16()",
        ),
    ),
    "integers": (
        {"image": torch.zeros(2, 8, 9, dtype=torch.uint8)},
        (
            "an image of floating-point numbers, preprocessed as the network wants it",
            "one of uint8",
            "write for example image.float() / 255",
        ),
    ),
    "a pixel that is no number": (
        {"image": torch.full((2, 8, 9), torch.nan)},
        (
            "an image of finite numbers",
            "one with others among its pixels",
            "look at how it was read and normalised: a division by a deviation of 0?",
        ),
    ),
    "integers of an array": (
        {"image": np.zeros((2, 8, 9), dtype=np.int64)},
        (
            "an image of floating-point numbers, preprocessed as the network wants it",
            "one of int64",
            "write for example image.float() / 255",
        ),
    ),
    "a plane": (
        {"image": torch.zeros(8, 9)},
        (ONE_IMAGE[0], "a tensor of shape (8, 9)", ONE_IMAGE[1]),
    ),
    "five axes": (
        {"image": torch.zeros(1, 1, 2, 8, 9)},
        (ONE_IMAGE[0], "a tensor of shape (1, 1, 2, 8, 9)", ONE_IMAGE[1]),
    ),
    "two images": (
        {"image": torch.zeros(2, 2, 8, 9)},
        (ONE_IMAGE[0], "a tensor of shape (2, 2, 8, 9)", ONE_IMAGE[1]),
    ),
    "no pixels": (
        {"image": torch.zeros(2, 0, 9)},
        (ONE_IMAGE[0], "a tensor of shape (1, 2, 0, 9)", ONE_IMAGE[1]),
    ),
    "text": ({"image": "photo.png"}, (AN_IMAGE[0], "a str", AN_IMAGE[1])),
    "nothing": ({"image": None}, (AN_IMAGE[0], "a NoneType", AN_IMAGE[1])),
    "a window that is too high": (
        {"window": (9, 4)},
        ("an image of at least 9×4, the size of the window", "8×9", LARGER),
    ),
    "a window that is too wide": (
        {"window": 10},
        ("an image of at least 10×10, the size of the window", "8×9", LARGER),
    ),
    "no window": (
        {"window": 0},
        ("window as an integer of at least 1", "window=0", "use window=1 or more"),
    ),
    "three numbers": (
        {"window": (1, 2, 3)},
        (
            "window as a number, or one for rows and one for columns",
            "window=(1, 2, 3)",
            "write for example window=32",
        ),
    ),
    "a stride of 0": (
        {"stride": 0},
        ("stride as an integer of at least 1", "stride=0", "use stride=1 or more"),
    ),
    "a stride of 0 along rows": (
        {"stride": (0, 1)},
        ("stride as an integer of at least 1", "stride=0", "use stride=1 or more"),
    ),
    "half a stride": (
        {"stride": 0.5},
        ("stride as an integer of at least 1", "stride=0.5", "write for example stride=1"),
    ),
    "a context below 0": (
        {"context": -4},
        ("context as an integer of at least 0", "context=-4", "use context=0 or more"),
    ),
    "no windows at once": (
        {"batch_size": 0},
        ("batch_size as an integer of at least 1", "batch_size=0", "use batch_size=1 or more"),
    ),
    "half a batch": (
        {"batch_size": 2.5},
        (
            "batch_size as an integer of at least 1",
            "batch_size=2.5",
            "write for example batch_size=1",
        ),
    ),
    "one result for all windows": (
        {"model": Structured(torch.mean).eval()},
        (
            "a network that returns one result for each window",
            "a tensor of shape ()",
            "keep the batch as the first axis of what forward returns",
        ),
    ),
    "the axis of the batch elsewhere": (
        {"model": Structured(lambda v: v.T).eval()},
        (
            "a network that returns one result for each window",
            "a tensor of shape (4, 30)",
            "keep the batch as the first axis of what forward returns",
        ),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_refused(name: str) -> None:
    changed, lines = REFUSED[name]
    arguments: dict[str, Any] = {
        "model": of_any_size(),
        "image": torch.zeros(2, 8, 9),
        "window": 4,
        "stride": 1,
        "device": "cpu",
    }
    with pytest.raises((cx.ArgumentError, cx.ShapeError)) as refusal:
        cx.slide(**(arguments | changed))
    assert_lines(refusal.value, *lines)


def assert_lines(error: Exception, expected: str, received: str, cure: str) -> None:
    assert str(error).splitlines() == [
        f"expected: {expected}",
        f"received: {received}",
        f"cure: {cure}",
    ]


@pytest.mark.parametrize(
    ("arguments", "received", "cure"),
    [
        ({"context": 3}, "context=(3, 3)", "write for example context=(4, 4)"),
        ({"context": (4, 2)}, "context=(4, 2)", "write for example context=(4, 4)"),
        ({"context": 4, "stride": 2}, "stride=(2, 2)", "write for example stride=(4, 4)"),
    ],
)
def test_surroundings_and_steps_are_on_the_grid(
    arguments: dict[str, Any], received: str, cure: str
) -> None:
    with pytest.raises(cx.ArgumentError) as refusal:
        cx.slide(
            padded(), image_of(2, 24, 24), (12, 16), device="cpu", **({"stride": 4} | arguments)
        )
    name = received.partition("=")[0]
    assert_lines(
        refusal.value,
        f"{name} as a multiple of the network's effective stride, 4×4",
        received,
        cure,
    )


@pytest.mark.parametrize("device", ["gpu", "cuda:99", 3.5, None, object])
def test_a_device_that_is_not_there_is_refused(device: Any) -> None:
    with pytest.raises(cx.ArgumentError) as refusal:
        cx.slide(of_any_size(), image_of(2, 8, 9), 4, 1, device=device)
    expected, received, cure = str(refusal.value).splitlines()
    assert expected == ('expected: device as "auto", "cpu", "cuda" or "mps", and one that is there')
    assert received.startswith("received: device=")
    assert cure == 'cure: write device="auto"'


@pytest.mark.parametrize(
    ("model", "window", "shape", "size"),
    [
        (cx.networks.lenet5(), 28, (1, 64, 64), "1×28×28"),
        (cx.networks.lenet5(), (32, 3), (1, 64, 64), "1×32×3"),
        (cx.networks.lenet5(), 32, (3, 64, 64), "3×32×32"),
        (Viewing().eval(), 5, (2, 8, 9), "2×5×5"),
    ],
)
def test_a_window_that_the_network_does_not_take_is_refused(
    model: Any, window: Any, shape: Sequence[int], size: str
) -> None:
    with pytest.raises(cx.ShapeError) as refusal:
        cx.slide(model, image_of(*shape), window, 4, device="cpu")
    expected, received, cure = str(refusal.value).splitlines()
    assert expected == f"expected: a network that takes windows of {size}"
    assert received.startswith("received: RuntimeError: ")
    assert cure == (
        "cure: use the window that the network was designed for, and an image with its channels"
    )
    assert isinstance(refusal.value.__cause__, RuntimeError)


def test_surroundings_need_a_network_that_converts() -> None:
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.Flatten(), nn.Linear(16, 2)
    ).eval()
    image = image_of(2, 8, 8).float()
    assert cx.slide(model, image, 4, 1, device="cpu").shape == (1, 2, 5, 5)
    with pytest.raises(cx.ConversionError, match="layer '1'"):
        cx.slide(model, image, 4, 1, context=1, device="cpu")


def test_a_loop_sees_a_window_in_the_wrong_place() -> None:
    model, image = of_any_size().double(), image_of(2, 8, 9)
    wanted = in_a_loop(model, image, (4, 4), (1, 1))
    found = cx.slide(model, image.flip(2), 4, 1, device="cpu")
    with pytest.raises(AssertionError):
        assert_same(found, wanted)
