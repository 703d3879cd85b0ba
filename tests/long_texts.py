"""Reads texts that are made to be slow, deep or large, each in so many seconds and 200 MB in all.

It is a program of its own, because nothing takes a limit of memory back.
"""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from pathlib import Path

from cnnexplain.errors import CnnExplainError
from cnnexplain.source import read

LAYER = "nn.Sequential(nn.Linear(%s, 3))"
MOST = 99_000  # characters: somewhat less than what is refused unread
PAIRS = (
    *(("(", ")"), ("[", "]"), ("{", "}"), ("{1:", "}"), ("a(", ")"), ("a[", "]"), ("f'{", "}'")),
    *(("[x for x in ", "]"), ("(x:=", ")"), ("lambda x=", ":1"), ("Sequential(", ")")),
    *(("-", ""), ("not ", ""), ("await ", ""), ("yield ", ""), ("*", ""), ("1 if 1 else ", "")),
    *(("lambda:", ""), ("a.", ""), ("1+", ""), ("1*", ""), ("1**", ""), ("1//", ""), ("1<", "")),
    *(("1 and ", ""), ("1,", ""), ("a,", ""), ("'a' ", ""), ("a;", ""), ("#\n", ""), ("\\\n", "")),
    *(("\r", ""), ("\f", ""), ("\ufeff", ""), ("\ufdfa", ""), ("if a:0\nelif b:0\n", "")),
)
OTHERS = (
    f"nn.Sequential({'ReLU(),' * 14_000})",
    f"nn.Sequential(OrderedDict([{''.join(f'({i!r}, ReLU()),' for i in map(str, range(4_000)))}]))",
    LAYER % "".join(f"a{i}=1," for i in range(10_000)),
    "a" + "()" * 49_000,
    LAYER % ("9" * 90_000),
    LAYER % ("0x" + "f" * 90_000),
    LAYER % "*".join(["0x" + "f" * 900] * 100),
    LAYER % "'a' * 9999999999",
    LAYER % "10**10**10",
    LAYER % "1 << 9999999999",
    LAYER % "1e999",
    "a" * 2**20,
    "a" + "\u0301\u0316" * 49_000,
    f"nn.Sequential(OrderedDict([({'n' * 45_000!r}, Sequential({'ReLU(),' * 7_000}))]))",
)


def texts() -> list[str]:
    found = list(OTHERS)
    for start, end in PAIRS:
        count = MOST // len(start + end)
        for last in ("1", "a", ""):
            nested = start * count + last + end * count
            found += [nested, LAYER % nested]
    return found


def main(seconds: float) -> None:
    written = texts()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 200_000_000,) * 2)
    for text in written:
        start = time.process_time()
        with contextlib.suppress(CnnExplainError):
            assert read(text).nodes
        taken = time.process_time() - start
        assert taken < seconds, (text[:40], taken)
    sys.stdout.write(f"{len(written)}\n")


if __name__ == "__main__":
    main(float(sys.argv[1]))
