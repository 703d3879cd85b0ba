"""What it costs to trace a network, against other tools that say something about networks.

CPU time of one thread, in fresh processes, because some tools patch torch; medians; making the text
is part of each call. The networks are real, or on torch's `meta` device for the tools that can do
without values. Tools that are not installed are named and left out; to measure against them:
`.venv/bin/pip install torchinfo torchview graphviz fvcore torchlens thop`.

Run it as `python benchmarks/trace.py [--rounds ROUNDS] [--write FILE]`: half a minute alone, some
five minutes with all tools.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from cnnexplain import files

OURS = "cnnexplain"
# Where each tool's networks are built; fvcore cannot do without values.
PEERS = {
    "torchinfo": ("cpu", "meta"),
    "torchview": ("cpu", "meta"),
    "fvcore": ("cpu",),
    "torchlens": ("cpu", "meta"),
    "thop": ("cpu", "meta"),
}
# The network itself, for comparison: no tool that runs it is faster.
REFERENCE = {"forward": ("cpu", "meta")}
LAYERS = (250, 500, 1000, 2000)
IMAGES = (224, 1024, 4096)
CALLS = 5

# The columns of the table; what a key measures, it says.
COLUMNS = {
    "import_cpu_ms": "import\nms",
    "alexnet_first_cpu_ms": "AlexNet\nfirst, ms",
    "resnet152_steady_cpu_ms": "ResNet-152\nsteady, ms",
    "chain_1000_steady_cpu_ms": "1,000 layers\nsteady, ms",
    "vgg16_224_added_mb": "VGG-16 at 224\nadds MB",
    "vgg16_1024_added_mb": "VGG-16 at 1024\nadds MB",
}

Cost = dict[str, Any]


def run(tool: str, device: str, calls: int, *cases: str) -> dict[str, Any]:
    """Return what a tool costs in a fresh process.

    Args:
        tool: The tool.
        device: Where the networks are built.
        calls: How often each network is traced after its first time.
        cases: The networks, as `NAME@SIZE`.

    Raises:
        RuntimeError: If the tool fails.
    """
    program = str(Path(__file__).with_name("tool.py"))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    # Whoever imports a package for the second time has it compiled.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # With -P this folder does not hide the standard library's module trace.
    command = [sys.executable, "-P", program, tool, device, str(calls), *cases]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{tool} on {device} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def cost(tool: str, device: str, rounds: int) -> Cost:
    """Return one row of the table.

    Args:
        tool: The tool.
        device: Where the networks are built.
        rounds: The number of fresh processes for what happens once in each.
    """
    once = [run(tool, device, 0, "alexnet@224") for _ in range(rounds)]
    steady = run(tool, device, CALLS, "resnet152@224", "chain-1000@32")
    row: Cost = {
        "tool": tool,
        "device": device,
        "import_cpu_ms": median(each["import_ms"] for each in once),
        "alexnet_first_cpu_ms": median(each["alexnet@224"]["first_ms"] for each in once),
        "resnet152_steady_cpu_ms": steady["resnet152@224"]["steady_ms"],
        "chain_1000_steady_cpu_ms": steady["chain-1000@32"]["steady_ms"],
    }
    if (tool, device) != ("forward", "cpu"):  # takes long and is in every tool's number
        sizes = run(tool, device, 0, "vgg16@224", "vgg16@1024")
        row["vgg16_224_added_mb"] = sizes["vgg16@224"]["added_mb"]
        row["vgg16_1024_added_mb"] = sizes["vgg16@1024"]["added_mb"]
    return row


def growth() -> dict[str, list[Cost]]:
    """Return what ours costs with more layers, and with larger images."""
    chains = {layers: f"chain-{layers}@32" for layers in LAYERS}
    images = {size: f"vgg16@{size}" for size in IMAGES}
    found = run(OURS, "cpu", 2 * CALLS, *images.values(), *chains.values())
    return {
        "growth_with_layers": [
            {"layers": layers, "steady_cpu_ms": found[case]["steady_ms"]}
            for layers, case in chains.items()
        ],
        "growth_with_image": [
            {"image_px": size, "steady_cpu_ms": found[case]["steady_ms"]}
            for size, case in images.items()
        ],
    }


def fastest(costs: list[Cost], keys: list[str], devices: tuple[str, ...]) -> tuple[str, float]:
    """Return the other tool with the smallest sum of some columns, and the sum.

    Args:
        costs: The rows.
        keys: The columns.
        devices: Which rows count.

    Example:
        >>> rows = [{"tool": "thop", "device": "cpu", "a": 3.0, "b": 2.0}]
        >>> fastest(rows, ["a", "b"], ("cpu",))
        ('thop', 5.0)
    """
    others = [row for row in costs if row["tool"] in PEERS and row["device"] in devices]
    best = min(others, key=lambda row: sum(row[key] for key in keys))
    name = best["tool"] if best["device"] == "cpu" else f"{best['tool']} on {best['device']}"
    return name, sum(best[key] for key in keys)


def verdicts(costs: list[Cost], grown: dict[str, list[Cost]]) -> list[Cost]:
    """Return what is asked of ours, what it reaches, and whether that is enough.

    Args:
        costs: The rows.
        grown: What ours costs with more layers and larger images.
    """
    ours = next(row for row in costs if row["tool"] == OURS)
    wanted: list[tuple[str, str, float | None, float]] = []
    if any(row["tool"] in PEERS for row in costs):
        asked = [
            ("first AlexNet", ["alexnet_first_cpu_ms"], 10),
            # Without a limit: what a tool does when imported is in a column of its own.
            ("first AlexNet and the import", ["import_cpu_ms", "alexnet_first_cpu_ms"], None),
            ("ResNet-152", ["resnet152_steady_cpu_ms"], 4),
            ("1,000 layers", ["chain_1000_steady_cpu_ms"], 2),
        ]
        for what, keys, limit in asked:
            found = [fastest(costs, keys, devices) for devices in (("cpu",), ("cpu", "meta"))]
            # On meta only where a tool is faster there.
            for name, other in dict(found).items():
                ratio = other / sum(ours[key] for key in keys)
                wanted.append((f"{what}, times faster than {name}", "at least", limit, ratio))
    per_layer = [row["steady_cpu_ms"] / row["layers"] for row in grown["growth_with_layers"]]
    per_image = [row["steady_cpu_ms"] for row in grown["growth_with_image"]]
    wanted += [
        (
            "linear in layers: dearest layer to cheapest",
            "at most",
            1.5,
            max(per_layer) / min(per_layer),
        ),
        ("any image: dearest image to cheapest", "at most", 1.2, max(per_image) / min(per_image)),
        ("VGG-16 at 1024×1024 adds MB", "at most", 20, ours["vgg16_1024_added_mb"]),
    ]
    return [verdict(*each) for each in wanted]


def verdict(what: str, sign: str, limit: float | None, reached: float) -> Cost:
    """Return one verdict; without a limit there is none, only what was reached.

    Args:
        what: What is asked.
        sign: `at least` or `at most`.
        limit: The number that is asked for.
        reached: The number that was reached.

    Example:
        >>> verdict("MB", "at most", 20, 0.3)
        {'what': 'MB', 'wanted': 'at most 20', 'reached': 0.3, 'met': True}
    """
    if limit is None:
        return {"what": what, "wanted": None, "reached": reached, "met": None}
    met = reached >= limit if sign == "at least" else reached <= limit
    return {"what": what, "wanted": f"{sign} {limit:g}", "reached": reached, "met": met}


def cells(row: Cost) -> list[str]:
    """Return a row of the table as text.

    Args:
        row: What a tool costs.

    Example:
        >>> cells({"tool": "thop", "device": "cpu", "import_cpu_ms": 94.96})[:3]
        ['thop', '95.0', '–']
    """
    name = row["tool"] if row["device"] == "cpu" else f"{row['tool']} on {row['device']}"
    return [name, *(f"{row[key]:,.1f}" if key in row else "–" for key in COLUMNS)]


def machine() -> dict[str, Any]:
    """Return the processor, its cores, and the system."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    cpu = models[0] if models else platform.processor() or platform.machine()
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform()}


def released(package: str) -> str:
    """Return a package's version.

    Args:
        package: Its name.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def kept(file: Path, tools: list[str]) -> set[str]:
    """Return the tools for whose sake a file stays: it has them, and they are not here now.

    Args:
        file: The data file, which need not exist.
        tools: The tools that were measured now.
    """
    before = json.loads(file.read_text(encoding="utf-8"))["tools"] if file.exists() else {}
    return set(before) - set(tools)


def show(data: dict[str, Any]) -> None:
    """Print everything.

    Args:
        data: What was measured.
    """
    console = Console(width=120)
    table = Table("", *COLUMNS.values(), title="One thread, CPU time, text included")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in data["costs"]:
        table.add_row(*cells(row))
    console.print(table)
    for row in data["growth_with_layers"]:
        console.print(f"{row['layers']:6,} layers {row['steady_cpu_ms']:8.1f} ms")
    for row in data["growth_with_image"]:
        console.print(f"VGG-16 at {row['image_px']:4} {row['steady_cpu_ms']:5.1f} ms")
    for each in data["verdicts"]:
        found = f"{each['what']}: {each['reached']:.1f}"
        if each["wanted"]:
            found += f", wanted {each['wanted']}, {'met' if each['met'] else 'NOT MET'}"
        console.print(found)
    if data["absent"]:
        console.print(f"not installed, left out: {', '.join(data['absent'])}")


def main() -> None:
    """Measure, print, and write the data file where that is asked for."""
    parser = argparse.ArgumentParser(description="Measure the trace against other tools.")
    parser.add_argument("--rounds", type=int, help="fresh processes a tool; 5 with others, else 3")
    parser.add_argument("--write", type=Path, metavar="FILE", help="the data file to write")
    chosen = parser.parse_args()
    here = {name: devices for name, devices in PEERS.items() if find_spec(name)}
    rounds = chosen.rounds or (5 if here else 3)
    costs = []
    for tool, devices in ({OURS: ("cpu",)} | here | REFERENCE).items():
        for device in devices:
            print(f"measuring {tool} on {device}", file=sys.stderr, flush=True)
            costs.append(cost(tool, device, rounds))
    grown = growth()
    data: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "python": platform.python_version(),
        "torch": released("torch"),
        "tools": {name: released(name) for name in (OURS, *here)},
        "absent": [name for name in PEERS if name not in here],
        "command": shlex.join(["python", *sys.argv]),
        "threads": 1,
        "rounds": rounds,
        "costs": costs,
        **grown,
        "verdicts": verdicts(costs, grown),
    }
    show(data)
    if chosen.write:
        if missing := kept(chosen.write, list(data["tools"])):
            print(f"{chosen.write} is kept: it has {', '.join(sorted(missing))}, not here now")
            return
        text = json.dumps(rounded(data), indent=1, ensure_ascii=False)
        files.write(chosen.write, f"{text}\n".encode())


def rounded(data: Any) -> Any:
    """Return data with numbers as precise as a benchmark is.

    Args:
        data: What was measured.

    Example:
        >>> rounded({"ms": [1.23456, 1234.5678], "cores": 2})
        {'ms': [1.235, 1234.568], 'cores': 2}
    """
    if isinstance(data, dict):
        return {key: rounded(value) for key, value in data.items()}
    if isinstance(data, list):
        return [rounded(value) for value in data]
    return round(data, 3) if isinstance(data, float) else data


if __name__ == "__main__":
    main()
