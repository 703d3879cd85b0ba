"""Where a network runs, how precisely, for how long, and what a lack of memory looks like."""

from __future__ import annotations

import time
import warnings
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import cnnexplain as cx
from cnnexplain.devices import (
    chosen,
    full_precision,
    is_out_of_memory,
    precision,
    synchronise,
    timed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CPU = torch.device("cpu")
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
DTYPES = [None, torch.float32, torch.float64]


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say which devices there are, of which none is touched."""

    def say(*, cuda: bool = False, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch, "empty", lambda *_, **__: None)

    return say


# ── devices ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cuda", "mps", "dtype", "name"),
    [
        (False, False, None, "cpu"),
        (False, False, torch.float64, "cpu"),
        (True, False, None, "cuda"),
        (True, False, torch.float64, "cuda"),
        (True, True, torch.float32, "cuda"),
        (True, True, torch.float64, "cuda"),
        (False, True, None, "mps"),
        (False, True, torch.float32, "mps"),
        (False, True, torch.float16, "mps"),
        # Apple's GPUs know no double precision.
        (False, True, torch.float64, "cpu"),
    ],
)
def test_auto_takes_the_first_that_is_there(
    there: Callable[..., None], cuda: bool, mps: bool, dtype: torch.dtype | None, name: str
) -> None:
    there(cuda=cuda, mps=mps)
    assert chosen("auto", dtype) == torch.device(name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("device", DEVICES)
def test_a_device_that_is_asked_for_is_taken(device: str, dtype: torch.dtype | None) -> None:
    assert chosen(device, dtype) == torch.device(device)
    assert chosen(torch.device(device), dtype) == torch.device(device)
    assert chosen("auto", dtype).type == DEVICES[-1]


def test_a_number_of_a_device_is_kept(there: Callable[..., None]) -> None:
    there(cuda=True)
    assert chosen("cuda:0") == torch.device("cuda", 0)


def test_double_precision_on_mps_is_refused_by_name(there: Callable[..., None]) -> None:
    there(mps=True)
    assert chosen("mps", torch.float32) == torch.device("mps")
    with pytest.raises(cx.ArgumentError) as refusal:
        chosen("mps", torch.float64)
    assert str(refusal.value).splitlines() == [
        "expected: a device that knows float64",
        "received: device='mps'",
        'cure: write device="cpu", or precision="float32"',
    ]


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("cuda", "'cuda': 'torch finds no cuda here'"),
        ("cuda:1", "'cuda:1': 'torch finds no cuda here'"),
        ("mps", "'mps': 'torch finds no mps here'"),
        (torch.device("cuda"), "device(type='cuda'): 'torch finds no cuda here'"),
    ],
)
def test_a_device_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, device: Any, told: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(cx.ArgumentError) as refusal:
        chosen(device)
    assert str(refusal.value).splitlines() == [
        'expected: device as "auto", "cpu", "cuda" or "mps", and one that is there',
        f"received: device={told}",
        'cure: write device="auto"',
    ]


@pytest.mark.parametrize(
    "device", ["gpu", "AUTO", "", "cuda:", "cpu:x", 3.5, None, object, ["cpu"]]
)
def test_what_is_no_device_is_refused_in_three_lines(device: Any) -> None:
    with pytest.raises(cx.ArgumentError) as refusal:
        chosen(device)
    expected, received, cure = str(refusal.value).splitlines()
    assert expected == 'expected: device as "auto", "cpu", "cuda" or "mps", and one that is there'
    assert received.startswith("received: device=")
    assert received.isascii()
    assert cure == 'cure: write device="auto"'


def test_a_device_without_values_is_refused() -> None:
    # Nothing is computed there, so that there is nothing to compare.
    with pytest.raises(cx.ArgumentError, match='"auto", "cpu", "cuda" or "mps"'):
        chosen("meta")


# ── precision ──────────────────────────────────────────────────────────────────────────────────


def test_a_precision_has_a_name() -> None:
    assert precision("float64") is torch.float64
    assert precision("float32") is torch.float32


@pytest.mark.parametrize("name", ["float16", "double", "", None, 64, torch.float64, ["float64"]])
def test_another_precision_is_refused(name: Any) -> None:
    with pytest.raises(cx.ArgumentError) as refusal:
        precision(name)
    assert str(refusal.value).splitlines() == [
        "expected: precision as one of float64, float32",
        f"received: precision={name!r}",
        'cure: write precision="float64" to compare, "float32" to measure time',
    ]


BACKENDS: list[Any] = [torch.backends.cuda.matmul, torch.backends.cudnn]

# What newer versions of torch ask about precision, one thing at a time; they refuse the older
# question where they were answered in the newer way.
ASKED = ["", ".cuda.matmul", ".cudnn", ".cudnn.conv", ".cudnn.rnn", ".mkldnn.matmul"]
NEWER = hasattr(torch.backends, "fp32_precision")


def answers() -> dict[str, str]:
    if not NEWER:
        return {}
    return {each: attrgetter(f"backends{each}.fp32_precision")(torch) for each in ASKED}


def allowed() -> list[bool]:
    """Whether TF32 is allowed for products of matrices, and for convolutions."""
    if not NEWER:
        return [each.allow_tf32 for each in BACKENDS]
    return [answers()[each] == "tf32" for each in (".cuda.matmul", ".cudnn.conv")]


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """Put back what torch was told about precision, in both ways."""
    before, name = answers(), torch.get_float32_matmul_precision()
    tf32 = [each.allow_tf32 for each in BACKENDS]
    yield
    for backend, each in zip(BACKENDS, tf32, strict=True):
        backend.allow_tf32 = each
    torch.set_float32_matmul_precision(name)
    for each, answer in before.items():
        attrgetter(f"backends{each}")(torch).fp32_precision = answer
    assert answers() == before
    assert [each.allow_tf32 for each in BACKENDS] == tf32
    assert torch.get_float32_matmul_precision() == name


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize("matmul", [False, True])
@pytest.mark.parametrize("cudnn", [False, True])
def test_tf32_is_off_inside_and_as_it_was_behind(matmul: bool, cudnn: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = matmul
    torch.backends.cudnn.allow_tf32 = cudnn
    with full_precision():
        assert allowed() == [False, False]
        with full_precision():
            assert allowed() == [False, False]
        assert allowed() == [False, False]
    assert allowed() == [matmul, cudnn]


@pytest.mark.usefixtures("as_it_was")
def test_tf32_is_as_it_was_behind_an_error() -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    with pytest.raises(ZeroDivisionError), full_precision():
        raise ZeroDivisionError
    assert allowed() == [True, True]


@pytest.mark.usefixtures("as_it_was")
def test_networks_run_with_tf32_off() -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    seen = []

    class Watching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> Any:
            seen.append(allowed())
            return self.fc(x.flatten(1))

    cx.slide(Watching().eval(), torch.zeros(1, 3, 3), 2, 1, device="cpu", batch_size=3)
    assert seen
    assert all(each == [False, False] for each in seen)
    assert allowed() == [True, True]


def newer(place: str) -> None:
    attrgetter(f"backends{place}")(torch).fp32_precision = "tf32"


OLDER_WAYS: dict[str, Callable[[], None]] = {
    "high": lambda: torch.set_float32_matmul_precision("high"),
    "medium": lambda: torch.set_float32_matmul_precision("medium"),
    "matrices": lambda: setattr(torch.backends.cuda.matmul, "allow_tf32", True),
    "no convolutions": lambda: setattr(torch.backends.cudnn, "allow_tf32", False),
}
NEWER_WAYS: dict[str, Callable[[], None]] = {
    f"torch.backends{each}": partial(newer, each) for each in ASKED[:5]
}
WAYS = OLDER_WAYS | (NEWER_WAYS if NEWER else {})


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_ask_for_less_precision_is_overruled_and_left(way: str) -> None:
    WAYS[way]()
    before = answers()
    older = torch.get_float32_matmul_precision() if way in OLDER_WAYS else None
    torch.manual_seed(0)
    model, image = nn.Sequential(nn.Flatten(), nn.Linear(256, 128)).eval(), torch.rand(1, 20, 20)
    found = cx.slide(model, image, 16, 1, device="cpu", batch_size=16)
    assert answers() == before
    assert older is None or older == torch.get_float32_matmul_precision()
    # Some processors would round to the 8 bits of bfloat16.
    torch.set_float32_matmul_precision("highest")
    with torch.no_grad():
        wanted = model.double()(image[:, 4:, 4:].double())
    assert (found[..., 4, 4] - wanted).norm() / wanted.norm() < 1e-5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.usefixtures("as_it_was")
def test_products_on_the_gpu_are_those_of_single_precision() -> None:
    torch.backends.cuda.matmul.allow_tf32 = True
    generator = torch.Generator().manual_seed(0)
    matrices = torch.rand(2, 256, 256, generator=generator)
    wanted = matrices[0].double() @ matrices[1].double()
    here = matrices.cuda()
    with full_precision():
        exact = (here[0] @ here[1]).cpu()
    assert ((exact - wanted).abs() / wanted).max() < 1e-5


# ── time ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("device", DEVICES)
def test_time_is_that_of_the_clock_and_that_of_the_processor(device: str) -> None:
    with timed(torch.device(device)) as waited:
        time.sleep(0.05)
    seconds, cpu = waited
    assert seconds >= 0.05
    assert cpu < 0.05  # who sleeps computes nothing
    with timed(torch.device(device)) as worked:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
    assert worked[1] >= 0.05
    assert worked[0] >= 0.04


def test_there_is_no_time_before_the_end() -> None:
    with timed(CPU) as found:
        assert found == []
    assert len(found) == 2


def test_an_error_while_the_clock_runs_is_not_kept() -> None:
    with pytest.raises(ZeroDivisionError), timed(CPU):
        raise ZeroDivisionError


def test_the_clock_waits_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: waited.append(str(device)))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: waited.append("mps"))
    with timed(torch.device("cuda:0")):
        assert waited == ["cuda:0"]
    assert waited == ["cuda:0"] * 2
    synchronise(torch.device("mps"))
    synchronise(CPU)
    assert waited == ["cuda:0", "cuda:0", "mps"]


# ── memory ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (torch.OutOfMemoryError(), True),
        (MemoryError(), True),
        (MemoryError("Unable to allocate 3.00 TiB"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0)"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"), True),
        (
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't "
                "allocate memory: you tried to allocate 4000000000000 bytes."
            ),
            True,
        ),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied (1x4 and 5x6)"), False),
        (RuntimeError("view size is not compatible with input tensor's size"), False),
        (ValueError("out of memory"), False),
        (KeyError("DefaultCPUAllocator"), False),
        (KeyboardInterrupt("out of memory"), False),
    ],
    ids=str,
)
def test_a_lack_of_memory_is_told_from_other_errors(error: BaseException, is_one: bool) -> None:
    assert is_out_of_memory(error) is is_one


def test_torchs_own_lack_of_memory_is_one() -> None:
    with warnings.catch_warnings(), pytest.raises(RuntimeError) as raised:
        torch.empty(2**48)
    assert is_out_of_memory(raised.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_s_own_lack_of_memory_is_one() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**44, device="cuda")
    assert is_out_of_memory(raised.value)
