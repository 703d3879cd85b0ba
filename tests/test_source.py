"""Texts of networks: what is read, what is refused; nothing in a text is ever executed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnnexplain import trace
from cnnexplain.errors import ArgumentError, CnnExplainError, SourceError
from cnnexplain.source import read

LAYERS = "Conv2d(3, 8, 3, padding=1)", "MaxPool2d(2)"


@pytest.mark.parametrize(
    "text",
    [
        "nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2))",
        "torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.MaxPool2d(2))",
        "Sequential(Conv2d(3, 8, 3, padding=1), MaxPool2d(2))",
        "  nn.Sequential(  # two layers\n  nn.Conv2d(3, 8, 3, padding=1),\n nn.MaxPool2d(2),\n)\n",
        (
            "import torch\nfrom torch import nn\n\nmodel = nn.Sequential(nn.Conv2d(in_channels=3,"
            " out_channels=8, kernel_size=3, padding=1), nn.MaxPool2d(kernel_size=2))"
        ),
        (
            '"""A network."""\nfrom torch.nn import *\n'
            "net: Sequential = Sequential("
            "Conv2d(6 - 3, 2 * 4, 6 // 2, padding=2 + -1), MaxPool2d(2))"
        ),
    ],
)
def test_every_way_of_writing_it_is_read(text: str) -> None:
    network = read(text)
    assert [node.name for node in network.nodes] == ["0", "1"]
    assert [str(node.operation) for node in network.nodes] == [
        "Conv2d(3, 8, kernel_size=3, padding=1)",
        "MaxPool2d(2, stride=2)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "nn.Sequential(OrderedDict([('a', nn.ReLU()), ('b', nn.Sequential(nn.ReLU()))]))",
        "nn.Sequential(collections.OrderedDict((['a', ReLU()], ('b', Sequential(ReLU())))))",
        "nn.Sequential(OrderedDict({'a': nn.ReLU(), 'b': nn.Sequential(nn.ReLU())}))",
    ],
)
def test_names_and_nesting_make_paths(text: str) -> None:
    assert [node.name for node in read(text).nodes] == ["a", "b.0"]


CURE = 'give text such as "nn.Sequential(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU())"'
REFUSED: dict[str, tuple[Any, type[CnnExplainError], str, str]] = {
    "a class definition": (
        "class Net(nn.Module):\n    pass",
        SourceError,
        "the class 'Net' in line 1",
        "trace an instance of it instead of its text",
    ),
    "an unknown layer": (
        "nn.Sequential(\n    nn.ReLU(),\n    nn.Swish(),\n)",
        SourceError,
        "'Swish', at layer '1', line 3",
        "use one of these layers",
    ),
    "text for a number": (
        "nn.Sequential(nn.Conv2d('3', 8, 3))",
        ArgumentError,
        "in_channels='3', at layer '0', line 1",
        "write for example in_channels=1",
    ),
    "a lone surrogate": (
        "nn.Sequential(nn.ReLU())\ud800",
        SourceError,
        "text that fails with UnicodeEncodeError",
        CURE,
    ),
    "ten thousand nested brackets": (
        "(" * 10_000 + ")" * 10_000,
        SourceError,
        f"too many nested parentheses in line 1: '{'(' * 55}...",
        CURE,
    ),
    "ten thousand signs": (
        "nn.Sequential(nn.ReLU(" + "-" * 10_000 + "1))",
        SourceError,
        "text that fails with MemoryError",
        CURE,
    ),
    "an integer without decimals": (
        f"nn.Sequential(nn.Conv2d(0x{'f' * 10_000}, 8, 3))",
        SourceError,
        "'a number' in line 1, at layer '0', line 1",
        "write one integer",
    ),
    "no text": (3, SourceError, "3", CURE),
    "an empty text": ("", SourceError, "0 of them", CURE),
    "two networks": (
        "a = nn.Sequential(nn.ReLU())\nb = nn.Sequential(nn.ReLU())",
        SourceError,
        "2 of them",
        CURE,
    ),
    "an empty network": ("nn.Sequential()", SourceError, "an empty nn.Sequential()", CURE),
    "a single layer": ("nn.ReLU()", SourceError, "'ReLU(...)' in line 1", CURE),
    "a call of something else": (
        "nn.Sequential(open('file', 'w'))",
        SourceError,
        "'open', at layer '0', line 1",
        "use one of these layers",
    ),
    "a call inside an argument": (
        "nn.Sequential(nn.Linear(__import__('os').getpid(), 3))",
        SourceError,
        "'...(...)' in line 1, at layer '0', line 1",
        "write numbers out: nothing in the text is executed",
    ),
    "a loop": (
        "for i in range(3): pass",
        SourceError,
        "for in line 1",
        CURE,
    ),
    "another import": (
        "import os\nnn.Sequential(nn.ReLU())",
        SourceError,
        "import in line 1",
        CURE,
    ),
    "a starred list": (
        "nn.Sequential(*[nn.ReLU()])",
        SourceError,
        "'Starred' as layer '0' in line 1",
        CURE,
    ),
    "starred keywords": (
        "nn.Sequential(nn.ReLU(**{}))",
        SourceError,
        "** arguments in line 1, at layer '0', line 1",
        "write the arguments out",
    ),
    "an argument that comes twice": (
        "nn.Sequential(nn.Linear(1, 2, bias=True, bias=False))",
        SourceError,
        "an argument that comes twice in line 1, at layer '0', line 1",
        "write each argument once",
    ),
    "a layer under another's name": (
        "from torch.nn import ReLU as Flatten\nnn.Sequential(Flatten())",
        SourceError,
        "importfrom in line 1",
        CURE,
    ),
    "a relative import": (
        "from .torch import nn\nnn.Sequential(nn.ReLU())",
        SourceError,
        "importfrom in line 1",
        CURE,
    ),
    "a doubled name": (
        "nn.Sequential(OrderedDict([('a', nn.ReLU()), ('a', nn.ReLU())]))",
        SourceError,
        "the layer name 'a' in line 1",
        "give each layer a name of its own, without dots",
    ),
    "a number that grows": (
        "nn.Sequential(nn.Linear(9223372036854775807 * 9223372036854775807, 3))",
        SourceError,
        "'BinOp' in line 1, at layer '0', line 1",
        "write one integer",
    ),
    "a division by zero": (
        "nn.Sequential(nn.Linear(3 // 0, 3))",
        SourceError,
        "'BinOp' in line 1, at layer '0', line 1",
        "write one integer",
    ),
    "minus a text": (
        "nn.Sequential(nn.Linear(-'9', 3))",
        SourceError,
        "'UnaryOp' in line 1, at layer '0', line 1",
        "write numbers out: nothing in the text is executed",
    ),
    "a power": (
        "nn.Sequential(nn.Linear(9 ** 9 ** 9 ** 9, 3))",
        SourceError,
        "'BinOp' in line 1, at layer '0', line 1",
        "write numbers out: nothing in the text is executed",
    ),
    "a megabyte": ("#" * 2**20, SourceError, "1048576 characters", "give the network alone"),
    "broken source": (
        "nn.Sequential(nn.ReLU()",
        SourceError,
        "'(' was never closed in line 1: 'nn.Sequential(nn.ReLU()'",
        CURE,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_is_refused_with_what_helps(case: str) -> None:
    text, kind, received, cure = REFUSED[case]
    with pytest.raises(CnnExplainError) as caught:
        read(text)
    assert type(caught.value) is kind
    assert (caught.value.received, caught.value.cure) == (received, cure)
    assert caught.value.expected


PIECES = (
    "nn . Sequential ( ) [ ] , = 3 -1 'same' ReLU Conv2d Linear MaxPool2d OrderedDict * ** : # "
    "lambda if for class def torch None True é 畳"
)
pieces = st.sampled_from([*PIECES.split(), " ", "\n", "\x00", "\ud800"])


@given(st.one_of(st.text(), st.lists(pieces, max_size=60).map("".join)))
@example("nn.Sequential(nn.ReLU())")
@example("f'{1}'")
@example("nn.Sequential(nn.Conv2d(3, 8, 3)(x))")
@example("nn.Sequential(OrderedDict([('a', 'b', 'c')]))")
@example("nn.Sequential(OrderedDict({**a}))")
@example("nn.Sequential(OrderedDict([(3, nn.ReLU())]))")
@example("a = b = nn.Sequential(nn.ReLU())")
@example("nn.Sequential(nn.Dropout(1e999))")
@example("nn.Sequential(" * 60 + "nn.ReLU()" + ")" * 60)
@example("nn.Sequential(nn.Linear(" + "1+" * 3_000 + "1, 3))")
@example("nn.Sequential(nn.Linear(3" + ".a" * 3_000 + ", 3))")
def test_any_text_gives_a_network_or_an_error_of_ours_in_time(text: str) -> None:
    start = time.process_time()
    with contextlib.suppress(CnnExplainError):
        assert read(text).nodes
    # Generous: what is meant is that nothing hangs.
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a" + "\u0301" * 31, "a letter with more than 30 marks"),
        (
            f"nn.Sequential(OrderedDict([({'n' * 1001!r}, nn.ReLU())]))",
            f"the layer name '{'n' * 55}... of 1001 characters in line 1",
        ),
    ],
)
def test_what_would_take_long_is_refused_unread(text: str, told: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(text)
    assert caught.value.received == told


def test_letters_with_a_few_marks_are_read() -> None:
    name = "a" + "\u0301" * 30
    text = f"nn.Sequential(OrderedDict([({name!r}, nn.ReLU()), ({'n' * 1000!r}, nn.ReLU())]))"
    assert [node.name for node in read(text).nodes] == [name, "n" * 1000]


def test_of_a_layer_with_thousands_of_arguments_its_beginning_is_said() -> None:
    with pytest.raises(ArgumentError) as caught:
        read(f"nn.Sequential(nn.Conv2d({'1, ' * 3000}))")
    assert "received: 3000 positional arguments, at layer '0'" in str(caught.value)
    assert caught.value.facts["operation"] == "Conv2d(...)"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_texts_that_are_made_to_be_slow_or_large_take_a_second_and_200_mb() -> None:
    def run(seconds: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(Path(__file__).parent / "long_texts.py"), seconds],
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )

    done = run("1")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100
    assert "AssertionError" in run("0").stderr


def test_nothing_is_executed(tmp_path: Any) -> None:
    witness = tmp_path / "witness"
    for text in (
        f"nn.Sequential(nn.ReLU(open({str(witness)!r}, 'w')))",
        f"open({str(witness)!r}, 'w')",
        f"nn.Sequential(nn.ReLU())\nopen({str(witness)!r}, 'w')",
    ):
        with pytest.raises(SourceError):
            read(text)
    assert not witness.exists()


def test_a_text_can_be_traced() -> None:
    rows = trace(f"nn.Sequential({', '.join('nn.' + layer for layer in LAYERS)})", (3, 8, 8)).rows
    assert [row.output_shape for row in rows] == [(1, 8, 8, 8), (1, 8, 4, 4)]
