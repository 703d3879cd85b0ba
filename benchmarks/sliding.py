"""What one pass of a converted network saves against the network on every window.

Windows one by one and in batches, one pass, and the convolutions alone, in one process and in
turn, so that whoever else uses the machine disturbs all alike. What is timed are pieces of about
the same length, one window, one batch, one pass, and the quietest piece counts for all of its kind:
the longer a piece, the surer it is to be disturbed. Rounds go on until quiet ones were found, as
far as time allows. Batches are as fast as is known: channels last, no gradients, the fully
connected layers on all windows at once. And memory that a layer gives back stays with the process:
else the system would clear large maps anew for each layer, which one pass and large batches, but
not small ones, would pay for.

Run it in the repository's root as `python -m benchmarks.sliding [--quick] [--seconds SECONDS]
[--write FILE]`: some minutes, or half a minute for two images.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import platform
import shlex
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from benchmarks.trace import machine, released, rounded, verdict
from rich.console import Console
from rich.table import Table
from torch import nn

import cnnexplain as cx
from cnnexplain import files
from cnnexplain.conversion.modules import module_of
from cnnexplain.sliding import channels_last

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.graph import Network

    Ways = dict[str, Callable[[], object]]
    Cost = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A network and the images that it is measured on.

    Attributes:
        network: The network, or its code.
        window: The window's side in pixels.
        batch: How many windows are run at once: as many as are fastest, or about as fast.
        images: The images' sides in pixels.
        asked: Those of them that something is asked of.
    """

    network: Network | str
    window: int
    batch: int
    images: tuple[int, ...]
    asked: tuple[int, ...]


CASES = {
    "AlexNet": Case(cx.networks.alexnet(), 227, 16, (259, 387, 515, 771, 1027), (515,)),
    "VGG-16": Case(cx.networks.vgg16(), 224, 4, (256, 384, 512, 1024), (384, 512)),
}
QUICK = {"AlexNet": (259, 387)}
STRIDE = 32
# Up to so many windows `cnnexplain.slide` is called as well: it runs them all, which takes long.
SLID = 100
# At least so many rounds an image, and more for so many seconds while it is not quiet.
ROUNDS = 4
SECONDS, FEW_SECONDS = 60, 2
# It was quiet when the two quietest rounds of each way differ by less than this, and convolutions
# had as many cores as threads but for this share: others that stay for long disturb every round.
NOISE = 1.05
IDLE = 0.25
# What glibc calls how much free memory goes back to the system, and how often it goes directly.
TRIM_THRESHOLD, MMAP_MAX = -1, -4
# What is asked for: this share of the convolutions' speed, and of what is saved in MACs.
SHARE = 0.85

# What is measured, and its column.
WAYS = {
    "single": "one\nby one",
    "batched": "batches",
    "slide": "cx.slide",
    "stack": "convolutions\nof batches",
    "one_pass": "one\npass",
}
# These count MACs, so have a speed; `slide` has that of its batches.
SPEEDS = ("single", "batched", "stack", "one_pass")


def keep_memory() -> bool:
    """Let the C library keep all memory that is given back, and return whether it does."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # it is another library
        return False
    return bool(mallopt(MMAP_MAX, 0)) and bool(mallopt(TRIM_THRESHOLD, -1))


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Return the milliseconds of a call, on the clock and of the processor's cores together.

    Args:
        run: What is called.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def quiet(times: Sequence[float]) -> bool:
    """Return whether the least time can be trusted, since it came twice.

    Args:
        times: The times of several rounds.

    Example:
        >>> quiet([30.0, 20.0, 20.5]), quiet([30.0, 20.0, 25.0])
        (True, False)
    """
    least, second = sorted(times)[:2]
    return second < NOISE * least


def alone(wall: float, cpu: float, threads: int) -> bool:
    """Return whether every thread had a core for itself, if all work all the time.

    Args:
        wall: How long they worked on the clock.
        cpu: How long the cores worked for them, together.
        threads: How many threads there are.

    Example:
        >>> alone(100, 190, threads=2), alone(100, 100, threads=2)
        (True, False)
    """
    return cpu > (1 - IDLE) * threads * wall


def measured(ways: Ways, seconds: float) -> tuple[dict[str, tuple[float, float]], bool]:
    """Return for each way its least milliseconds, on the clock and of the cores; and whether quiet.

    Args:
        ways: What is called, in turn, once before it is measured.
        seconds: How long it may take to find quiet rounds.
    """
    walls: dict[str, list[float]] = {name: [] for name in ways}
    cpus: dict[str, list[float]] = {name: [] for name in ways}
    end = time.perf_counter() + seconds
    with torch.inference_mode():
        for run in ways.values():
            run()
        while True:
            # All windows take so long that a few times have to do.
            short = [name for name in ways if name != "slide" or len(walls[name]) < ROUNDS]
            for name in short:
                wall, cpu = timed(ways[name])
                walls[name].append(wall)
                cpus[name].append(cpu)
            if len(walls["one_pass"]) < ROUNDS:
                continue
            calm = all(quiet(times) for name, times in walls.items() if name != "slide")
            calm &= alone(min(walls["stack"]), min(cpus["stack"]), torch.get_num_threads())
            if calm or time.perf_counter() > end:
                return {name: (min(walls[name]), min(cpus[name])) for name in ways}, calm


def per_window(macs: Sequence[int]) -> float:
    """Return the MACs of one more window in an image so large that its borders do not count.

    MACs grow with the square of the windows in a row, so half their second difference says it.

    Args:
        macs: Those of one pass over images of one, two and three windows in a row and in a column.

    Example:
        >>> per_window([4 * n * n + 7 * n + 5 for n in (1, 2, 3)])
        4.0
    """
    return (macs[2] - 2 * macs[1] + macs[0]) / 2


def split(model: nn.Sequential) -> tuple[nn.Sequential, nn.Sequential]:
    """Return a network's convolutions, and what follows from where maps are flattened.

    Args:
        model: The network.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
        >>> [len(part) for part in split(net)]
        [2, 2]
    """
    at = next(index for index, each in enumerate(model) if isinstance(each, nn.Flatten))
    return cast("nn.Sequential", model[:at]), cast("nn.Sequential", model[at:])


def corners(image: int, window: int) -> list[tuple[int, int]]:
    """Return the first row and column of pixels of each window.

    Args:
        image: The image's side in pixels.
        window: The window's side in pixels.

    Example:
        >>> corners(256, 224)
        [(0, 0), (0, 32), (32, 0), (32, 32)]
    """
    starts = range(0, image - window + 1, STRIDE)
    return [(row, column) for row in starts for column in starts]


def whole(pieces: dict[str, float], windows: int, batch: int) -> dict[str, float]:
    """Return the milliseconds of all windows, by those of the pieces.

    Args:
        pieces: Those of one window, of the convolutions of a batch with and without cutting it out,
            of the fully connected layers on all windows, of one pass, and of `cnnexplain.slide`.
        windows: How many there are.
        batch: How many of them are in a batch.

    Example:
        >>> pieces = {"single": 10.0, "batch": 60.0, "stack": 50.0, "head": 5.0, "one_pass": 30.0}
        >>> whole(pieces, windows=36, batch=12)
        {'single': 360.0, 'batched': 185.0, 'stack': 150.0, 'one_pass': 30.0}
    """
    found = {
        "single": pieces["single"] * windows,
        "batched": pieces["batch"] * windows / batch + pieces["head"],
        "stack": pieces["stack"] * windows / batch,
        "one_pass": pieces["one_pass"],
    }
    return found | {key: pieces[key] for key in ("slide",) if key in pieces}


def gflops(macs: float, milliseconds: float) -> float:
    """Return how many thousand million operations a second were done, two for each MAC.

    Args:
        macs: The multiply-accumulates.
        milliseconds: How long they took.

    Example:
        >>> gflops(15.47e9, 100)
        309.4
    """
    return 2 * macs / milliseconds / 1e6


class Prepared:
    """A network and its converted twin, ready to be measured.

    Args:
        case: The network.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.window = (3, case.window, case.window)
        self.original = module_of(case.network)
        self.model = channels_last(self.original)
        self.features, self.head = split(cast("nn.Sequential", self.model))
        converted = cx.fully_convolutional(self.original, self.window).module
        self.converted = channels_last(converted)

    def limit(self) -> float:
        """Return the ratio of MACs that an image without end comes to."""
        sides = [self.case.window + more * STRIDE for more in range(3)]
        passes = [cx.trace(self.converted, (3, side, side)).macs for side in sides]
        return cx.trace(self.model, self.window).macs / per_window(passes)

    def ways(self, side: int) -> Ways:
        """Return the pieces of work on an image.

        Args:
            side: The image's side in pixels.
        """
        image = torch.rand(3, side, side)
        size, at = self.case.window, corners(side, self.case.window)
        batch = min(self.case.batch, len(at))

        def crops(count: int) -> torch.Tensor:
            cut = [image[:, y : y + size, x : x + size] for y, x in at[:count]]
            return torch.stack(cut).contiguous(memory_format=torch.channels_last)

        ready = crops(batch)
        with torch.inference_mode():
            rows = self.features(ready[:1]).expand(len(at), -1, -1, -1).contiguous()
        ways: Ways = {
            "single": lambda: self.model(crops(1)),
            "batch": lambda: self.features(crops(batch)).flatten(1),
            "stack": lambda: self.features(ready),
            "head": lambda: self.head(rows),
            "one_pass": lambda: self.converted(
                image[None].contiguous(memory_format=torch.channels_last)
            ),
        }
        if len(at) <= SLID:
            ways["slide"] = lambda: cx.slide(self.original, image, size, STRIDE, device="cpu")
        return ways

    def cost(self, name: str, side: int, seconds: float) -> Cost:
        """Return one row of the table.

        Args:
            name: What the network is called.
            side: The image's side in pixels.
            seconds: How long it may take to find quiet rounds.
        """
        windows = len(corners(side, self.case.window))
        batch = min(self.case.batch, windows)
        pieces, calm = measured(self.ways(side), seconds)
        wall, cpu = (
            whole({key: times[clock] for key, times in pieces.items()}, windows, batch)
            for clock in (0, 1)
        )
        macs = {
            "window": cx.trace(self.model, self.window).macs,
            "stack": cx.trace(self.features, self.window).macs,
            "one_pass": cx.trace(self.converted, (3, side, side)).macs,
        }
        return row(name, side, windows, batch, macs, wall, cpu) | {"quiet": calm}


def row(
    name: str,
    side: int,
    windows: int,
    batch: int,
    macs: dict[str, int],
    wall: dict[str, float],
    cpu: dict[str, float],
) -> Cost:
    """Return one row of the table.

    Args:
        name: What the network is called.
        side: The image's side in pixels.
        windows: How many windows there are.
        batch: How many of them are in a batch.
        macs: The multiply-accumulates of a window, of its convolutions, and of one pass.
        wall: The milliseconds of each way on the clock.
        cpu: The milliseconds of the processor's cores.

    Example:
        >>> macs = {"window": 10**9, "stack": 9 * 10**8, "one_pass": 4 * 10**9}
        >>> ways = {"single": 180.0, "batched": 100.0, "stack": 81.0, "one_pass": 50.0}
        >>> found = row("AlexNet", 387, 36, 12, macs, ways, ways)
        >>> found["mac_ratio"], found["batched_ratio"], found["one_pass_gflops"]
        (9.0, 2.0, 160.0)
        >>> round(found["batched_share"], 3)
        0.9
    """
    done = {
        "single": windows * macs["window"],
        "batched": windows * macs["window"],
        "stack": windows * macs["stack"],
        "one_pass": macs["one_pass"],
    }
    speeds = {way: gflops(done[way], wall[way]) for way in SPEEDS}
    return {
        "network": name,
        "image_px": side,
        "windows": windows,
        "batch": batch,
        "window_macs": macs["window"],
        "stack_macs": macs["stack"],
        "one_pass_macs": macs["one_pass"],
        "mac_ratio": windows * macs["window"] / macs["one_pass"],
        "single_ratio": wall["single"] / wall["one_pass"],
        "batched_ratio": wall["batched"] / wall["one_pass"],
        "batched_cpu_ratio": cpu["batched"] / cpu["one_pass"],
        "batched_share": speeds["batched"] / speeds["stack"],
        **{f"{way}_ms": each for way, each in wall.items()},
        **{f"{way}_cpu_ms": each for way, each in cpu.items()},
        **{f"{way}_gflops": each for way, each in speeds.items()},
    }


def verdicts(costs: list[Cost]) -> list[Cost]:
    """Return what is asked, what is reached, and whether that is enough.

    Args:
        costs: The rows.
    """
    found = []
    for each in costs:
        asked = each["image_px"] in CASES[each["network"]].asked
        where = f"{each['network']} at {each['image_px']}"
        saved = f"{where}, times faster than batches, {each['mac_ratio']:.2f} by MACs"
        least = round(SHARE * each["mac_ratio"], 2) if asked else None
        found.append(verdict(saved, "at least", least, each["batched_ratio"]))
        share = f"{where}, batches' share of the speed of their convolutions alone"
        found.append(verdict(share, "at least", SHARE if asked else None, each["batched_share"]))
    return found


def disturbed(costs: list[Cost]) -> list[str]:
    """Return which rows were measured while the machine had other work.

    Args:
        costs: The rows.

    Example:
        >>> disturbed([{"network": "AlexNet", "image_px": 259, "quiet": False}])
        ['AlexNet at 259']
    """
    return [f"{each['network']} at {each['image_px']}" for each in costs if not each["quiet"]]


def cells(each: Cost, unit: str) -> list[str]:
    """Return a row of the table as text.

    Args:
        each: The row.
        unit: The ending of the keys that are shown.

    Example:
        >>> cells({"network": "AlexNet", "image_px": 259, "windows": 4, "single_ms": 80.0}, "ms")
        ['AlexNet', '259', '4', '80', '–', '–', '–', '–']
    """
    keys = [f"{way}_{unit}" for way in WAYS]
    shown = (f"{each[key]:,.0f}" if key in each else "–" for key in keys)
    return [each["network"], f"{each['image_px']}", f"{each['windows']}", *shown]


def ratios(each: Cost, limit: float) -> list[str]:
    """Return a row of the table of ratios as text.

    Args:
        each: The row.
        limit: The ratio of MACs of an image without end.

    Example:
        >>> found = {"single_ratio": 9.0, "batched_ratio": 4.0, "batched_cpu_ratio": 4.1}
        >>> found |= {"network": "AlexNet", "image_px": 259, "windows": 4, "mac_ratio": 2.6}
        >>> ratios(found, 9.825)
        ['AlexNet', '259', '4', '9.00', '4.00', '4.10', '2.60', '9.82']
    """
    keys = ("single_ratio", "batched_ratio", "batched_cpu_ratio", "mac_ratio")
    numbers = (f"{number:.2f}" for number in (*(each[key] for key in keys), limit))
    return [each["network"], f"{each['image_px']}", f"{each['windows']}", *numbers]


def show(data: Cost) -> None:
    """Print everything.

    Args:
        data: What was measured.
    """
    console = Console(width=120)
    first = ("", "image\npx", "windows")
    titles = {
        "ms": "Milliseconds for all windows",
        "cpu_ms": f"CPU milliseconds, {data['threads']} threads together",
        "gflops": "GFLOP/s, two operations for each MAC",
    }
    tables = {
        title: ((*first, *WAYS.values()), [cells(each, unit) for each in data["costs"]])
        for unit, title in titles.items()
    }
    limits = data["mac_ratio_limits"]
    tables["Times less with one pass"] = (
        (*first, "than one\nby one", "than\nbatches", "by CPU\ntime", "by\nMACs", "their\nlimit"),
        [ratios(each, limits[each["network"]]) for each in data["costs"]],
    )
    for title, (columns, rows) in tables.items():
        table = Table(*columns, title=title)
        for column in table.columns[1:]:
            column.justify = "right"
        for each in rows:
            table.add_row(*each)
        console.print(table)
    loud = [
        f"{each['network']} at {each['image_px']}" for each in data["costs"] if not each["quiet"]
    ]
    if loud:
        console.print(f"disturbed by other work, not to be relied on: {', '.join(loud)}")
    for each in data["verdicts"]:
        found = f"{each['what']}: {each['reached']:.2f}"
        if each["wanted"]:
            found += f", wanted {each['wanted']}, {'met' if each['met'] else 'NOT MET'}"
        console.print(found)


def main() -> None:
    """Measure, print, and write the data file where that is asked for."""
    parser = argparse.ArgumentParser(description="Measure one pass against all windows.")
    parser.add_argument("--quick", action="store_true", help="two images, in half a minute")
    parser.add_argument(
        "--seconds", type=float, help=f"for each image; {SECONDS}, or {FEW_SECONDS} if quick"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="the data file to write")
    chosen = parser.parse_args()
    seconds = chosen.seconds or (FEW_SECONDS if chosen.quick else SECONDS)
    images = QUICK if chosen.quick else {name: case.images for name, case in CASES.items()}
    memory_kept = keep_memory()
    costs, limits = [], {}
    for name, sides in images.items():
        prepared = Prepared(CASES[name])
        limits[name] = prepared.limit()
        for side in sides:
            print(f"measuring {name} at {side}", file=sys.stderr, flush=True)
            costs.append(prepared.cost(name, side, seconds))
    data: Cost = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "python": platform.python_version(),
        "torch": released("torch"),
        "tools": {"cnnexplain": released("cnnexplain")},
        "command": shlex.join(["python", "-m", "benchmarks.sliding", *sys.argv[1:]]),
        "threads": torch.get_num_threads(),
        "precision": "float32",
        "memory_kept": memory_kept,
        "seconds": seconds,
        "mac_ratio_limits": limits,
        "costs": costs,
        "verdicts": verdicts(costs),
    }
    show(data)
    if chosen.write:
        if disturbed(costs):
            print(f"{chosen.write} is kept: it takes a machine without other work")
            return
        text = json.dumps(rounded(data), indent=1, ensure_ascii=False)
        files.write(chosen.write, f"{text}\n".encode())


if __name__ == "__main__":
    main()
