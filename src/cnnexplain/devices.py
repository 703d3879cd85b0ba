"""Where a network runs, and how precisely."""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import torch

from cnnexplain.errors import ArgumentError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

Precision: TypeAlias = Literal["float64", "float32"]
PRECISIONS: dict[str, torch.dtype] = {"float64": torch.float64, "float32": torch.float32}


def chosen(device: object, dtype: torch.dtype | None = None) -> torch.device:
    """Return a device that is there.

    Args:
        device: `"auto"` for the first of CUDA, MPS and the CPU that is there and can do with the
            precision; or a device of torch's.
        dtype: The precision that it has to know.

    Raises:
        ArgumentError: If there is no such device, or it does not know the precision.

    Example:
        >>> chosen("cpu")
        device(type='cpu')
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if isinstance(device, str) and device == "auto":
        names = [name for name, there in here.items() if there and not _lacks(name, dtype)]
        return torch.device(names[0] if names else "cpu")
    try:
        found: torch.device = torch.device(cast("str", device))  # refused here if it is none
        if not here.get(found.type, found.type != "meta"):
            raise RuntimeError(f"torch finds no {found.type} here")  # noqa: TRY301
        torch.empty(0, device=found)
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ArgumentError(
            'device as "auto", "cpu", "cuda" or "mps", and one that is there',
            f"device={shown(device)}: {shown(line, limit=100)}",
            'write device="auto"',
        ) from None
    if _lacks(found.type, dtype):
        raise ArgumentError(
            f"a device that knows {str(dtype).removeprefix('torch.')}",
            f"device={shown(str(found))}",
            'write device="cpu", or precision="float32"',
        )
    return found


def _lacks(name: str, dtype: torch.dtype | None) -> bool:
    return name == "mps" and dtype == torch.float64


def precision(name: object) -> torch.dtype:
    """Return a precision by its name.

    Args:
        name: `"float64"` or `"float32"`.

    Raises:
        ArgumentError: If it is none of them.

    Example:
        >>> precision("float64")
        torch.float64
    """
    if not isinstance(name, str) or name not in PRECISIONS:
        raise ArgumentError(
            f"precision as one of {', '.join(PRECISIONS)}",
            f"precision={shown(name)}",
            'write precision="float64" to compare, "float32" to measure time',
        )
    return PRECISIONS[name]


@contextmanager
def full_precision() -> Iterator[None]:
    """Let devices multiply single precision as it is, not rounded to fewer bits, as TF32 does."""
    every: Any = torch.backends
    backends = every.cuda.matmul, every.cudnn.conv, every.cudnn.rnn, every.mkldnn.matmul
    before = [each.fp32_precision for each in backends]
    # The older name for the same; torch refuses to tell it where the newer ones are mixed.
    try:
        named = torch.get_float32_matmul_precision()
    except RuntimeError:
        named = None
    try:
        if named is not None:
            torch.set_float32_matmul_precision("highest")
        for each in backends:
            each.fp32_precision = "ieee"
        yield
    finally:
        if named is not None:
            torch.set_float32_matmul_precision(named)
        for each, precision in zip(backends, before, strict=True):
            each.fp32_precision = precision


@contextmanager
def timed(device: torch.device) -> Iterator[list[float]]:
    """Measure seconds, those on the clock and those of the processor, to the last of the device.

    Args:
        device: Where the work is done.

    Yields:
        A list that gets both numbers.
    """
    found: list[float] = []
    synchronise(device)
    wall, cpu = perf_counter(), process_time()
    yield found
    synchronise(device)
    found += [perf_counter() - wall, process_time() - cpu]


def synchronise(device: torch.device) -> None:
    """Wait until a device has done all that it was given.

    Args:
        device: The device.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether torch lacked memory.

    Args:
        error: What was raised.

    Example:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("memory"))
        (True, False)
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    told = str(error)
    return isinstance(error, RuntimeError) and (
        "out of memory" in told or "DefaultCPUAllocator" in told
    )
