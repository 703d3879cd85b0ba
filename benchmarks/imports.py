"""What `import cnnexplain` costs, as a ratio to importing numpy in the same run.

Each import happens in a fresh process, the two in turn; CPU time, so that a busy machine counts
less. Run it as `python benchmarks/imports.py [ROUNDS]`.
"""

import statistics
import subprocess
import sys

PROGRAM = """
import time
start = time.process_time()
import {name}
print(time.process_time() - start)
"""
LIMIT = 0.6


def seconds(name: str) -> float:
    """Return the CPU seconds of one import in a fresh process.

    Args:
        name: The module to import.
    """
    command = [sys.executable, "-c", PROGRAM.format(name=name)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def main(rounds: int) -> None:
    """Print the medians and their ratio.

    Args:
        rounds: The number of fresh processes per module.
    """
    names = ["cnnexplain", "cnnexplain.api, cnnexplain.networks, cnnexplain.figures", "numpy"]
    times: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        seconds(name)  # compiles the bytecode and warms the disk
    for _ in range(rounds):
        for name in names:
            times[name].append(seconds(name))
    medians = {name: statistics.median(each) for name, each in times.items()}
    for name, median in medians.items():
        ratio = median / medians["numpy"]
        print(f"{1000 * median:7.1f} ms CPU  {ratio:5.2f} of numpy  import {name}")
    verdict = "below" if medians["cnnexplain"] < LIMIT * medians["numpy"] else "NOT BELOW"
    print(f"import cnnexplain is {verdict} {LIMIT} of importing numpy")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
