"""Tracing leaves everything as it was: the module, torch, the random numbers, other threads."""

from __future__ import annotations

import copy
import random
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from tests import models
from torch import nn
from torch.nn.modules import module as torch_modules
from torch.overrides import _get_current_function_mode_stack

from cnnexplain import trace
from cnnexplain.errors import CnnExplainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PICTURE = (3, 16, 16)


class Drawing(nn.Module):
    """Draws from every generator, and changes how torch runs."""

    def forward(self, x: torch.Tensor) -> Any:
        np.random.rand(3)  # noqa: NPY002  # the global generator is what this is about
        noise = torch.rand(1) + torch.randn(x.shape[0], 1, 1, 1) + random.random()  # noqa: S311
        return torch.dropout(x, 0.5, True) * (noise.to(x) + torch.rand_like(x))


class Growing(nn.Module):
    """Adds to itself: an attribute, a buffer, a parameter, a module, a hook."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)
        self.history: list[int] = []
        self.bank: deque[int] = deque(maxlen=3)
        self.known: dict[str, Any] = {"sizes": {1}, "nested": [[1], {"deep": [2]}]}

    def forward(self, x: torch.Tensor) -> Any:
        x = self.conv(x)
        self.added = 1
        self.history.append(x.shape[2])
        self.bank.append(x.shape[2])
        self.known["more"] = [3]
        self.known["sizes"].add(x.shape[3])
        self.register_buffer("late", torch.zeros(2))
        self.extra = nn.Parameter(torch.zeros(3))
        self.act = nn.ReLU()
        self.conv.weight.data = torch.zeros(3, 3, 3, 3)
        self.train(not self.training)
        return self.act(x)


def picture(build: Callable[[], nn.Module]) -> Callable[[], tuple[nn.Module, Any]]:
    return lambda: (build(), PICTURE)


MODELS: dict[str, Callable[[], tuple[nn.Module, Any]]] = {
    each.__name__: picture(each)
    for each in (
        models.DataDependent,
        models.Inplace,
        models.Normed,
        models.Padding,
        models.Recurrent,
        models.Stateful,
        models.StochasticDepth,
        models.Tied,
        models.UNet,
        models.ViT,
        Drawing,
        Growing,
    )
} | {
    "AlexNet": lambda: (models.AlexNet(5, 0.05), (3, 224, 224)),
    "ResNet-18": lambda: (models.resnet18(0.1), (3, 64, 64)),
    "Siamese": lambda: (models.Siamese(), [(1, 16, 16), (1, 16, 16)]),
}


def described(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield all that a value is, by its path: which object, and what it holds, down to numbers."""
    yield path, id(value)
    if isinstance(value, torch.Tensor):
        kept = None if value.is_meta else value.detach().clone().tolist()
        yield f"{path}:", (value._version, value.dtype, value.device, id(value.grad), kept)
    elif isinstance(value, dict):
        yield f"{path}:", list(value)
        for key, each in value.items():
            yield from described(f"{path}[{key!r}]", each)
    elif isinstance(value, list | tuple | deque):
        yield f"{path}:", len(value)
        for index, each in enumerate(value):
            yield from described(f"{path}[{index}]", each)
    elif isinstance(value, set):
        yield f"{path}:", set(value)


def state(model: nn.Module) -> dict[str, Any]:
    """Return all that a module is: every attribute of every module in it."""
    found: dict[str, Any] = {}
    for name, each in model.named_modules():
        found.update(described(f"{name}.__dict__", vars(each)))
    return found


HOOKS = [name for name in vars(torch_modules) if name.startswith("_global_") and "hook" in name]


def hooks() -> dict[str, Any]:
    """Return torch's hooks for all modules."""
    return {name: copy.copy(getattr(torch_modules, name)) for name in HOOKS}


def surroundings() -> Any:
    """Return the state of torch and of the generators of random numbers."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return (
        hooks(),
        _get_current_function_mode_stack(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_inference_mode_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_rng_state().tolist(),
        random.getstate(),
        (kind, list(keys), rest),
    )


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Compare torch and the random numbers before and after every test here."""
    assert len(HOOKS) >= 5  # torch calls them otherwise now
    generators = (random.getstate(), np.random.get_state(), torch.get_rng_state())  # noqa: NPY002
    before = surroundings()[:7]
    yield
    assert surroundings()[:7] == before
    random.setstate(generators[0])
    np.random.set_state(generators[1])  # noqa: NPY002
    torch.set_rng_state(generators[2])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_the_module_and_all_around_it_are_as_before(name: str, training: bool) -> None:
    model, size = MODELS[name]()
    model.train(training)
    before, around = state(model), surroundings()
    first = trace(model, size)
    assert state(model) == before
    assert surroundings() == around
    # Nor is anything remembered that would make a second trace another one.
    second = trace(model, size)
    assert [(row.name, row.output_shape) for row in first.rows] == [
        (row.name, row.output_shape) for row in second.rows
    ]


@pytest.mark.parametrize("name", [name for name in MODELS if name != "DataDependent"])
def test_a_module_on_the_meta_device_stays_there(name: str) -> None:
    with torch.device("meta"):
        model, size = MODELS[name]()
    before = state(model)
    traced = trace(model, size)
    assert state(model) == before
    assert all(each.is_meta for each in model.parameters())
    real, _ = MODELS[name]()
    assert [row.output_shape for row in traced.rows] == [
        row.output_shape for row in trace(real, size).rows
    ]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_dtype_stays_as_it_is(dtype: torch.dtype) -> None:
    model = models.UNet().to(dtype)
    traced = trace(model, PICTURE)
    assert {each.dtype for each in model.parameters()} == {dtype}
    assert traced["out"].memory == 2 * 16 * 16 * dtype.itemsize


def test_state_dicts_before_and_after_are_equal() -> None:
    model = models.resnet18(0.1).train()
    before = copy.deepcopy(model.state_dict())
    trace(model, (3, 64, 64))
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert int(model.bn1.num_batches_tracked or 0) == 0
    # It is not that nothing could have changed it.
    model(torch.rand(2, 3, 64, 64))
    assert int(model.bn1.num_batches_tracked or 0) == 1


def test_a_change_of_any_kind_would_be_found() -> None:
    model = Growing()
    changes: list[Callable[[], object]] = [
        lambda: model.conv.weight.data.add_(1),
        lambda: model.history.append(1),
        lambda: model.known["nested"][1]["deep"].append(1),
        model.eval,
        lambda: setattr(model, "new", 1),
        lambda: model.register_forward_hook(lambda *_: None),
        lambda: model.conv.register_buffer("new", torch.zeros(1)),
        lambda: setattr(model.conv, "bias", nn.Parameter(torch.zeros(3))),
        lambda: model.conv.weight.requires_grad_(False).add_(0),
    ]
    for change in changes:
        before = state(model)
        change()
        assert state(model) != before
    around = surroundings()
    for draw in (random.random, np.random.rand, lambda: torch.rand(1)):
        draw()
        assert surroundings() != around
        around = surroundings()


def test_gradients_are_left_alone() -> None:
    model = models.UNet()
    model(torch.rand(1, *PICTURE)).sum().backward()
    gradients = {name: each.grad for name, each in model.named_parameters()}
    kept = {name: each.clone() for name, each in gradients.items() if each is not None}
    trace(model, PICTURE)
    for name, each in model.named_parameters():
        assert each.grad is gradients[name]
        assert each.grad is not None
        assert torch.equal(each.grad, kept[name])
        assert each.requires_grad


def test_a_users_own_hooks_stay_and_are_called_as_before() -> None:
    model = models.UNet()
    calls: list[str] = []
    model.out.register_forward_hook(lambda *_: calls.append("forward"))
    model.out.register_forward_pre_hook(lambda *_: calls.append("before"))
    everywhere = torch_modules.register_module_forward_hook(lambda *_: None)
    try:
        before = state(model), hooks()
        trace(model, PICTURE)
        assert (state(model), hooks()) == before
        assert everywhere.id in torch_modules._global_forward_hooks
    finally:
        everywhere.remove()
    calls.clear()
    model(torch.rand(1, *PICTURE))
    assert calls == ["before", "forward"]


@pytest.mark.parametrize("error", [ValueError, AttributeError, RecursionError, AssertionError])
def test_an_error_in_forward_is_reported_and_leaves_nothing_behind(
    error: type[Exception],
) -> None:
    model = models.Failing(error)
    before, around = state(model), surroundings()
    with pytest.raises(CnnExplainError):
        trace(model, PICTURE)
    assert state(model) == before
    assert surroundings() == around


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interruption_passes_and_leaves_nothing_behind(error: type[BaseException]) -> None:
    model = models.Failing(error)
    before, around = state(model), surroundings()
    with pytest.raises(error):
        trace(model, PICTURE)
    assert state(model) == before
    assert surroundings() == around
    assert trace(models.UNet(), PICTURE).rows


def test_a_forward_that_cannot_run_leaves_nothing_behind() -> None:
    model = models.LeNet()
    before, around = state(model), surroundings()
    with pytest.raises(CnnExplainError):
        trace(model, (1, 30, 33))
    assert state(model) == before
    assert surroundings() == around


def test_gradients_may_be_switched_off_or_on_around_it() -> None:
    for switch in (torch.no_grad, torch.enable_grad, torch.inference_mode):
        with switch():
            enabled = torch.is_grad_enabled()
            assert trace(models.UNet(), PICTURE)["out"].output_shape == (1, 2, 16, 16)
            assert torch.is_grad_enabled() == enabled


def test_under_a_default_device_the_trace_is_the_same() -> None:
    model = models.ViT()
    usual = [(row.name, row.output_shape) for row in trace(model, PICTURE).rows]
    with torch.device("meta"):
        assert [(row.name, row.output_shape) for row in trace(model, PICTURE).rows] == usual
    assert {str(each.device) for each in model.parameters()} == {"cpu"}


# Threads.


def expected(model: nn.Module, size: Any) -> list[Any]:
    return [
        (row.name, row.output_shape, row.macs, row.parameters, row.receptive_field)
        for row in trace(model, size).rows
    ]


def test_threads_trace_one_module_and_others_while_a_third_runs_them() -> None:
    # No number is drawn here, and nothing is kept: all that could go wrong is the tracing.
    built = [
        (models.UNet(), (3, 32, 32)),
        (models.resnet18(0.1).eval(), (3, 64, 64)),
        (models.ViT(by_hand=True).eval(), PICTURE),
    ]
    right = [expected(model, size) for model, size in built]
    x = torch.rand(1, 3, 64, 64)
    network = built[1][0]
    with torch.no_grad():
        answer = network(x)
    states = [state(model) for model, _ in built]
    start, done = threading.Barrier(7), threading.Event()

    def traced(first: int) -> list[tuple[int, list[Any]]]:
        start.wait(timeout=30)
        found = []
        for turn in range(12):
            index = (first + turn * (first % 2)) % len(built)
            found.append((index, expected(*built[index])))
        return found

    def ran() -> list[bool]:
        start.wait(timeout=30)
        found: list[bool] = []
        with torch.no_grad():
            while not done.is_set() or not found:
                found.append(torch.equal(network(x), answer))
        return found

    with ThreadPoolExecutor(7) as pool:
        running = pool.submit(ran)
        tracing = [pool.submit(traced, first) for first in (0, 0, 1, 1, 2, 3)]
        try:
            results = [each.result(timeout=120) for each in tracing]
        finally:
            done.set()
        assert all(running.result(timeout=30))
    for result in results:
        for index, rows in result:
            assert rows == right[index]
    assert [state(model) for model, _ in built] == states


class Waiting(nn.Module):
    """Stops in the middle of its forward until it is let go."""

    def __init__(self, inside: threading.Event, go: threading.Event) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.relu = nn.ReLU()
        # Not copied, nor compared: they are about this test.
        self.events = (inside, go)

    def forward(self, x: torch.Tensor) -> Any:
        x = self.conv(x)
        inside, go = self.events
        inside.set()
        assert go.wait(timeout=30)
        return self.relu(x)


def test_a_forward_in_another_thread_is_an_ordinary_one_in_the_middle_of_a_trace() -> None:
    inside, go = threading.Event(), threading.Event()
    waiting, other = Waiting(inside, go), models.UNet()
    x = torch.rand(1, *PICTURE)
    with ThreadPoolExecutor(1) as pool:
        tracing = pool.submit(lambda: trace(waiting, PICTURE))
        try:
            assert inside.wait(timeout=30)
            result = other(x)
            convolved = waiting.conv(x)  # a module that is being traced
            shared = trace(nn.Sequential(waiting.conv), PICTURE)
        finally:
            go.set()
        traced = tracing.result(timeout=30)
    assert not result.is_meta
    assert not convolved.is_meta
    assert torch.equal(result, other(x))
    assert [row.name for row in traced.rows] == ["conv", "relu"]
    assert [row.name for row in shared.rows] == ["0"]
