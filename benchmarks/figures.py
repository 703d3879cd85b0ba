"""What a figure costs: one, a hundred of them, and the same frames by matplotlib's animation.

CPU time, so that a busy machine counts less; all in one process, after a first one of each. Run it
as `python benchmarks/figures.py [ROUNDS]`.
"""

from __future__ import annotations

import statistics
import sys
import time
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from cnnexplain import axis, figures

if TYPE_CHECKING:
    from collections.abc import Callable

CASE: dict[str, Any] = {"input_size": 7, "kernel_size": 3, "stride": 2, "padding": 1}
MANY = 100
# Milliseconds, bytes, times. The field's best known pictures are 15 GIFs of 226.6 kB on average.
LIMIT_MS, LIMIT_BYTES, PEERS_BYTES, LIMIT_FASTER = 5, 20_000, 226_600, 50


def seconds(make: Callable[[], object]) -> float:
    """Return the CPU seconds of a call.

    Args:
        make: What is called.
    """
    start = time.process_time()
    make()
    return time.process_time() - start


def median(make: Callable[[], object], rounds: int) -> float:
    """Return the median of the CPU seconds of some calls, after a first one.

    Args:
        make: What is called.
        rounds: How often.
    """
    make()
    return statistics.median(seconds(make) for _ in range(rounds))


def drawn(number: int) -> None:
    """Draw so many figures, no two alike, as pages have them.

    Args:
        number: How many.
    """
    for at in range(number):
        figure = figures.stride(7 + at % 5, 3, 2, padding=at % 2, numbers=True)
        figure.inline(f"figure-{at}")


def animated() -> str:
    """Return the frames of the same window by matplotlib's animation, as HTML with controls."""
    import matplotlib as mpl  # noqa: PLC0415  # only here

    mpl.use("Agg")
    from matplotlib import animation, patches  # noqa: PLC0415
    from matplotlib import pyplot as plt  # noqa: PLC0415

    window = axis.convolution(CASE["kernel_size"], CASE["stride"], CASE["padding"])
    size, outputs = CASE["input_size"], window.output_size(CASE["input_size"])
    canvas, (left, right) = plt.subplots(1, 2, figsize=(4.8, 3))
    for axes, cells in ((left, size), (right, outputs)):
        axes.set(xlim=(-1, cells + 1), ylim=(cells + 1, -1), aspect="equal")
        axes.set_axis_off()
        for row in range(cells):
            for column in range(cells):
                axes.add_patch(patches.Rectangle((column, row), 1, 1, fc="#d3e5f8", ec="#6d9ccd"))
    extent = window.extent
    moving = left.add_patch(patches.Rectangle((0, 0), extent, extent, fc="none", ec="#d9480f"))
    marker = right.add_patch(patches.Rectangle((0, 0), 1, 1, fc="none", ec="#d9480f"))

    def move(step: int) -> tuple[Any, Any]:
        row, column = divmod(step, outputs)
        moving.set_xy((window.inputs(column)[0], window.inputs(row)[0]))
        marker.set_xy((column, row))
        return moving, marker

    film = animation.FuncAnimation(canvas, move, frames=outputs**2, interval=600)
    html = film.to_jshtml()
    plt.close(canvas)
    return str(html)


def main(rounds: int) -> None:
    """Print what is measured, and whether it is within its limit.

    Args:
        rounds: How often each is measured.
    """
    numbered = figures.stride(**CASE, numbers=True)
    fresh = count()
    one = median(lambda: figures.stride(**CASE, numbers=True).inline(f"f{next(fresh)}"), 5 * rounds)
    plain = median(lambda: figures.stride(**CASE).inline(f"p{next(fresh)}"), 5 * rounds)
    ten, hundred = (median(partial(drawn, n), rounds) for n in (MANY // 10, MANY))
    other = median(animated, max(rounds // 3, 1))
    size = len(numbered.inline("f").encode())

    def line(value: str, met: bool, limit: str, what: str) -> None:
        print(f"{value:>10}  {'within' if met else 'NOT WITHIN'} {limit}  {what}")

    steps = f"7×7, kernel 3, stride 2, padding 1, {numbered.steps} steps with numbers"
    line(f"{1000 * one:.2f} ms", 1000 * one < LIMIT_MS, f"{LIMIT_MS} ms", steps)
    peers = f"the best known GIFs have {PEERS_BYTES / size:.0f} times as much"
    line(f"{size:,} B", size <= LIMIT_BYTES, f"{LIMIT_BYTES:,} B", f"the same, inline; {peers}")
    growth = hundred / ten
    line(f"{growth:.1f}×", growth < 12, "12×", f"{MANY} figures against {MANY // 10}")  # noqa: PLR2004
    faster = other / plain
    line(
        f"{faster:.0f}×", faster >= LIMIT_FASTER, f"at least {LIMIT_FASTER}×",
        f"faster than matplotlib's animation of the same frames, which have no numbers "
        f"({1000 * plain:.2f} ms and {1000 * other:.0f} ms)"
    )  # fmt: skip
    film = seconds(numbered.gif)
    print(f"{film:9.2f} s  for a GIF of {numbered.steps} frames, 720 pixels wide")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
