"""What `cx.explaining` costs where nothing fails, and what one explanation costs.

Both in CPU time of one run, as ratios: of a small forward with and without the context manager, in
turn, and of an explanation to the trace of the same network. Run it as
`python benchmarks/explaining.py [ROUNDS]`.
"""

import statistics
import sys
import time

import torch
from torch import nn

import cnnexplain as cx

_CALLS = 2000


def small() -> nn.Module:
    """Return a network that is called as fast as any: what is around the call shows most."""
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU()).eval()


def cost(rounds: int) -> tuple[float, float, float]:
    """Return the microseconds of a forward, of one in the context manager, and of that alone.

    Args:
        rounds: How often each is measured, in turn.
    """
    model, x = small(), torch.zeros(1, 8)

    def bare() -> None:
        for _ in range(_CALLS):
            model(x)

    def explained() -> None:
        for _ in range(_CALLS):
            with cx.explaining():
                model(x)

    def alone() -> None:
        for _ in range(_CALLS):
            with cx.explaining():
                pass

    times: list[list[float]] = [[], [], []]
    with torch.no_grad():
        for _ in range(rounds):
            for part, run in zip(times, (bare, explained, alone), strict=True):
                start = time.process_time()
                run()
                part.append(1e6 * (time.process_time() - start) / _CALLS)
    forward, within, without = map(statistics.median, times)
    return forward, within, without


def explanation(network: str, size: tuple[int, int, int], rounds: int) -> tuple[float, float]:
    """Return the milliseconds of a trace that runs, and of an explanation of what does not.

    Args:
        network: The name of a bundled network.
        size: An input size that does not fit.
        rounds: How often each is measured, in turn.
    """
    found = cx.networks.NAMES[network]()
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        start = time.process_time()
        cx.trace(found).to_text()
        middle = time.process_time()
        cx.explain(found, size).to_text()
        end = time.process_time()
        times[0].append(1e3 * (middle - start))
        times[1].append(1e3 * (end - middle))
    traced, explained = map(statistics.median, times)
    return traced, explained


def main(rounds: int) -> None:
    """Print both.

    Args:
        rounds: How often each is measured.
    """
    torch.set_num_threads(1)
    forward, within, alone = cost(rounds)
    print(f"{forward:7.2f} us CPU  a forward of Linear(8, 8) and ReLU")
    print(f"{within:7.2f} us CPU  {within / forward:5.3f} of that  in cx.explaining()")
    print(f"{alone:7.2f} us CPU  {alone / forward:5.3f} of that  cx.explaining() around nothing")
    for name, size in (("alexnet", (3, 384, 384)), ("vgg16", (3, 384, 384))):
        traced, explained = explanation(name, size, rounds)
        print(
            f"{explained:7.2f} ms CPU  {explained / traced:5.2f} of its trace with text"
            f"  explaining {name} at {size[-1]}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
