"""What a table costs: the first one of a fresh process, one of 520 rows, and `--help`.

CPU time, so that a busy machine counts less, but for `--help`, where one waits. Run it as
`python benchmarks/tables.py [ROUNDS]`.
"""

import statistics
import subprocess
import sys
import time
from dataclasses import replace

import cnnexplain as cx

FIRST = """
import time
import cnnexplain.api, cnnexplain.networks
trace = cnnexplain.api.trace(cnnexplain.networks.alexnet())
start = time.process_time()
repr(trace)
print(time.process_time() - start)
"""
ROWS = 520  # those of ResNet-152
LIMITS = {"first repr": 0.001, "repr of 520 rows": 0.012, "cnnexplain table --help": 0.3}


def first() -> float:
    """Return the CPU seconds of the first table in a fresh process."""
    command = [sys.executable, "-c", FIRST]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def large() -> float:
    """Return the CPU seconds of a large table."""
    alexnet = cx.trace(cx.networks.alexnet())
    trace = replace(alexnet, rows=(alexnet.rows * ROWS)[:ROWS])
    start = time.process_time()
    repr(trace)
    return time.process_time() - start


def asked() -> float:
    """Return how many seconds one waits for the help of the command line."""
    command = [sys.executable, "-m", "cnnexplain", "table", "--help"]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main(rounds: int) -> None:
    """Print the medians and whether they are below their limits.

    Args:
        rounds: How often each is measured.
    """
    for (name, limit), measure in zip(LIMITS.items(), (first, large, asked), strict=True):
        measure()  # compiles the bytecode and warms the disk
        median = statistics.median(measure() for _ in range(rounds))
        verdict = "below" if median < limit else "NOT BELOW"
        print(f"{1000 * median:7.2f} ms  {verdict} {1000 * limit:g} ms  {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
