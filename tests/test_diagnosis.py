"""The parts of a diagnosis: calls in the user's source, cures as code, attempts at a network."""

from __future__ import annotations

import ast
import linecache
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from hypothesis import given
from hypothesis import strategies as st
from tests.broken import BROKEN, built
from torch import nn

import cnnexplain as cx
from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.attempt import attempted
from cnnexplain.diagnosis.findings import Place
from cnnexplain.diagnosis.sources import Call, call, place
from cnnexplain.operations import OPERATIONS
from cnnexplain.source import read
from cnnexplain.tracing import attempt_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FLATTENING = ("flatten", "view", "reshape")


@pytest.fixture
def written(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Write a cell of a notebook, and return its name."""
    names: list[str] = []

    def write(text: str) -> str:
        name = f"<ipython-input-{len(names)}-{request.node.name}>"
        names.append(name)
        lines = text.splitlines(keepends=True)
        linecache.cache[name] = len(text), None, lines, name
        return name

    yield write
    for name in names:
        linecache.cache.pop(name, None)


# ── calls in the user's source ─────────────────────────────────────────────────────────────────

# A line, how often it may be called there, and what is called on what.
FOUND: list[tuple[str, tuple[str, ...], str, tuple[str | None, ...]]] = [
    ("x = torch.flatten(x, 1)", FLATTENING, "torch.flatten(x, 1)", ("x",)),
    ("x = x.view(-1, 400)", FLATTENING, "x.view(-1, 400)", ("x",)),
    ("return self.fc(x.view(x.size(0), -1))", FLATTENING, "x.view(x.size(0), -1)", ("x",)),
    ("y = self.conv(x).flatten(1)  # flatten(it)", FLATTENING, "self.conv(x).flatten(1)", (None,)),
    ("print('x.view(') or x.view(-1)", FLATTENING, "x.view(-1)", ("x",)),
    ("(y := x.view(-1))", FLATTENING, "x.view(-1)", ("x",)),
    ("é = x.view(-1)", FLATTENING, "x.view(-1)", ("x",)),
    ("s = 'é' + str(x.view(-1))", FLATTENING, "x.view(-1)", ("x",)),
    ("x += y", ("add", "+"), "x += y", ("x", "y")),
    ("x = x + y", ("add", "+"), "x + y", ("x", "y")),
    ("x = torch.add(x, y)", ("add", "+"), "torch.add(x, y)", ("x",)),
    ("x = torch.cat([x, y], 1)", ("cat",), "torch.cat([x, y], 1)", ("x", "y")),
    ("x = torch.cat((x, f(y)), dim=1)", ("cat",), "torch.cat((x, f(y)), dim=1)", ("x", None)),
    ("x = torch.cat(parts, 1)", ("cat",), "torch.cat(parts, 1)", ("parts",)),
]
NOT_FOUND = [
    ("x = x.view(-1).view(3)", FLATTENING),
    ("x, y = x.view(-1), y.view(-1)", FLATTENING),
    ("x = x + y + z", ("add", "+")),
    ("x = x.view(-1); y = y.view(-1)", FLATTENING),
    ("x = 'x.view(-1)'", FLATTENING),
    ("# x.view(-1)", FLATTENING),
    ("x = view(x)", FLATTENING),
    ("x = x.view", FLATTENING),
    ("x -= y", ("add", "+")),
    ("x = x.viewed(-1)", FLATTENING),
    ("def f(): return x.view(-1) + y.view(-1)", FLATTENING),
    ("x = torch.flatten()", ("add",)),
    ("def f(): return x.view(-1)", FLATTENING),
    ("f = lambda x: x.view(-1)", FLATTENING),
    ("if x is None: pass\n    else: x = x.view(-1)", FLATTENING),
    ("x = x.view(-1, 4); y = 3", FLATTENING),
    ("if (y := x.view(-1)) is not None: pass", FLATTENING),
    ("x = (", FLATTENING),
    ("", FLATTENING),
]


@pytest.mark.parametrize(("line", "names", "text", "operands"), FOUND)
def test_a_call_is_found_as_it_is_written(
    written: Callable[[str], str],
    line: str,
    names: tuple[str, ...],
    text: str,
    operands: tuple[str | None, ...],
) -> None:
    name = written(f"import torch\ndef forward(self, x, y):\n    {line}\n")
    where = Place(name, 3, line)
    assert call(where, *names) == Call(where, 1, text, operands, repeated=False)


@pytest.mark.parametrize(("line", "names"), NOT_FOUND)
def test_what_is_not_sure_is_not_found(
    written: Callable[[str], str], line: str, names: tuple[str, ...]
) -> None:
    name = written(f"import torch\ndef forward(self, x, y):\n    {line}\n    pass\n")
    assert call(Place(name, 3, line), *names) is None


MANY_LINES = """
def forward(self, x):
    x = self.fc(
        x.view(
            -1,  # view(
            400,
        )
    )
    return x
"""


@pytest.mark.parametrize("line", [3, 4, 5, 6, 7, 8])
def test_a_call_of_several_lines_is_found_where_it_stands(
    written: Callable[[str], str], line: int
) -> None:
    name = written(MANY_LINES)
    found = call(place(name, line), *FLATTENING)
    if line in {3, 8}:  # of the statement, not of the call
        assert found is None
    else:
        assert found is not None
        assert found.statement == Place(name, 3, "x = self.fc(")
        assert (found.lines, found.operands) == (6, ("x",))
        assert found.text.startswith("x.view(")
        assert found.text.endswith(")")
    assert cures.written("keep_batch", place(name, line), FLATTENING, "{0}.flatten(1)") is None


def test_what_cannot_be_read_is_not_found(tmp_path: Path, written: Callable[[str], str]) -> None:
    line = "x = x.view(-1)"
    assert call(None, "view") is None
    assert call(Place("nowhere.py", 3, ""), "view") is None
    assert call(Place("nowhere.py", 3, line), "view") is None
    assert call(Place("<string>", 1, line), "view") is None
    file = tmp_path / "gone.py"
    file.write_text(f"{line}\n")
    where = place(str(file), 1)
    assert call(where, "view") is not None
    assert call(Place(str(file), 9, line), "view") is None
    assert call(Place(str(file), 0, line), "view") is None
    assert call(Place(str(file), -1, line), "view") is None
    file.unlink()
    linecache.checkcache(str(file))
    assert call(where, "view") is None
    for fault in ("def f(:\n", "x = x.view(-1)\n  indented\n", "x = '\\ud800'.view(\n", "\0\n"):
        assert call(Place(written(f"{line}\n{fault}"), 1, line), "view") is None
    assert call(Place(written(f"{line}\n" * 20_001), 1, line), "view") is None
    deep = "(" * 500 + "x" + ")" * 500
    assert call(Place(written(f"{line}\ny = {deep}\n"), 1, line), "view") is None


def test_a_file_of_another_encoding_is_read_as_it_says(tmp_path: Path) -> None:
    file = tmp_path / "latin.py"
    file.write_bytes("# -*- coding: latin-1 -*-\né = 'ü' + x.view(-1)\n".encode("latin-1"))
    found = call(place(str(file), 2), "view")
    assert found is not None
    assert found.text == "x.view(-1)"
    wrong = tmp_path / "wrong.py"
    wrong.write_bytes(b"x = x.view(-1)  # \xff\n")
    assert call(place(str(wrong), 1), "view") is None


def test_a_warning_of_the_source_is_not_shown(written: Callable[[str], str]) -> None:
    name = written("x = x.view(-1)\ny = '\\d'\nz = 1 is 1\n")
    assert call(place(name, 1), "view") is not None


NAMES = st.sampled_from(["x", "y", "out", "self.conv(x)", "f(x)(y)", "x[0]", "'x.view(-1)'"])
CALLS = st.sampled_from(
    [
        "{}.view(-1)",
        "torch.flatten({}, 1)",
        "{}.reshape(x.size(0), -1)",
        "{}.squeeze()",
        "{}.view()",
    ]
)
AROUND = st.sampled_from(
    [
        *("x = {}", "return self.fc({})", "x, y = {}, 3", "x += {}", "print({}, 'view(')"),
        *("x = {} # {}", "self.fc({}); x = 3", "x = [{} for x in y]", "x = {} if x else {}"),
    ]
)


@given(NAMES, CALLS, AROUND)
def test_an_edit_changes_the_call_alone(operand: str, calls: str, around: str) -> None:
    line = around.replace("{}", calls.format(operand))
    file = f"<edited {hash(line)}>"
    source = f"def forward(self, x, y):\n    {line}\n"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    names = ("view", "flatten", "reshape", "squeeze")
    try:
        cure = cures.written("keep_batch", place(file, 2), names, "{0}.flatten(1)")
    finally:
        del linecache.cache[file]
    if cure is None:
        return
    assert cure.replaces
    before, after = ast.parse(textwrap.dedent(source)), ast.parse(source.replace(line, cure.code))
    old, new = calls.format(operand), f"{operand}.flatten(1)"
    text = "".join(ast.unparse(before).split())
    changed = "".join(ast.unparse(after).split())
    squeezed = "".join(ast.unparse(ast.parse(old)).split())
    assert text.replace(squeezed, "".join(ast.unparse(ast.parse(new)).split()), 1) == changed


# ── cures as code ──────────────────────────────────────────────────────────────────────────────


class Odd(nn.Module):
    """Has children of every kind, with names of every kind."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh()))
        self.named = nn.Sequential()
        self.named.add_module("conv", nn.ELU())
        self.blocks = nn.ModuleList(
            [nn.ModuleDict({"a-b": nn.GELU(), "c": nn.SiLU(), "0": nn.CELU()})]
        )
        self.inner = nn.Module()
        self.inner.add_module("0", nn.SELU())
        self.inner.add_module("class", nn.Mish())
        self.inner.add_module("a b", nn.Sigmoid())
        self.inner.add_module("層", nn.Softplus())
        self.add_module("3", nn.Softsign())

    def forward(self, x: torch.Tensor) -> Any:
        return x


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", None),
        ("nowhere", None),
        ("body", "model.body"),
        ("body.0", "model.body[0]"),
        ("body.1.0", "model.body[1][0]"),
        ("named.conv", "model.named.conv"),
        ("blocks.0", "model.blocks[0]"),
        ("blocks.0.a-b", "model.blocks[0]['a-b']"),
        ("blocks.0.0", "model.blocks[0]['0']"),
        ("inner.0", None),
        ("inner.class", None),
        ("inner.a b", None),
        ("inner.層", "model.inner.層"),
        ("3", None),
    ],
)
def test_a_layer_is_spoken_of_as_code_speaks_of_it(path: str, code: str | None) -> None:
    model = Odd()
    modules = {name: type(each).__name__ for name, each in model.named_modules()}
    assert cures.reference(path, modules) == code
    if code is not None:
        names = {"model": model, "nn": nn}
        assert eval(code, names) is model.get_submodule(path)  # noqa: S307  # ours
        exec(f"{code} = nn.Identity()", names)  # noqa: S102  # ours
        assert isinstance(model.get_submodule(path), nn.Identity)


@pytest.mark.parametrize("path", ["blocks.0.c", "blocks.0.0"])
def test_a_name_in_a_module_dict_can_be_written(path: str) -> None:
    # `model.blocks[0].c = ...` sets an attribute of nn.Module, which is the same child.
    model = Odd()
    modules = {name: type(each).__name__ for name, each in model.named_modules()}
    exec(f"{cures.reference(path, modules)} = nn.Identity()", {"model": model, "nn": nn})  # noqa: S102
    assert isinstance(model.get_submodule(path), nn.Identity)


def test_a_text_has_sequential_modules_alone() -> None:
    assert cures.reference("7", {}) == "model[7]"
    assert cures.reference("1.0", {}) == "model[1][0]"


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    st.lists(st.integers(1, 40), min_size=3, max_size=3),
)
def test_an_input_is_brought_to_its_size(given_: list[int], wanted: list[int]) -> None:
    shape, sizes = (2, 3, *given_), tuple(wanted[: len(given_)])
    found = cures.sized(shape, sizes)
    assert bool(found) == (tuple(given_) != sizes)
    pairs = list(zip(given_, sizes, strict=True))
    kinds = [cure.kind for cure in found]
    if found:
        crops, pads = all(a >= b for a, b in pairs), all(a <= b for a, b in pairs)
        expected = ["resize", *(["crop"] if crops else ["pad"] if pads else [])]
        assert [kind.removesuffix("_length") for kind in kinds] == expected
        assert all(kind.endswith("_length") == (len(given_) == 1) for kind in kinds)
    for cure in found:
        names: dict[str, Any] = {"x": torch.rand(shape), "F": F}
        exec(cure.code, names)  # noqa: S102  # ours
        assert names["x"].shape == (2, 3, *sizes)


def test_no_picture_is_brought_to_no_size() -> None:
    assert cures.sized((2, 3), ()) == []
    assert cures.sized((2, 3, 4, 5, 6, 7), (1, 1, 1, 1)) == []


IMPORTED = """
import torch
from torch import nn

net = nn.Sequential(
    # wide
    nn.Conv2d(3, 8, 3, stride=2, padding="same"),
)
"""


@pytest.mark.parametrize(
    ("source", "layer", "cured"),
    [
        (
            "nn.Sequential(nn.MaxPool2d(2, padding=2))",
            "nn.MaxPool2d(2, padding=2)",
            "nn.Sequential(nn.MaxPool2d(2, padding=1))",
        ),
        (
            "nn.Sequential(nn.MaxPool2d(2, 2, 2))",
            "nn.MaxPool2d(2, 2, 2)",
            "nn.Sequential(nn.MaxPool2d(2, 2, 1))",
        ),
        (
            "model = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 'same'))",
            "nn.Conv2d(3, 8, 3, 2, 'same')",
            "nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1))",
        ),
        (
            IMPORTED,
            "nn.Conv2d(3, 8, 3, stride=2, padding='same')",
            "nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1))",
        ),
    ],
)
def test_a_padding_is_written_into_a_text(source: str, layer: str, cured: str) -> None:
    code = cures.with_padding(source, layer, 1)
    assert code == f"model = {cured}"
    names: dict[str, Any] = {"nn": nn}
    exec(code, names)  # noqa: S102  # ours
    names["model"](torch.zeros(1, 3, 8, 8))


# ── attempts, with torch and without ───────────────────────────────────────────────────────────

TEXTS = {case.name: case for case in BROKEN if isinstance(case.make, str)}
# Without a network there is nothing to try.
MADE = [name for name, case in TEXTS.items() if case.kind not in {"same_stride", "pool_padding"}]


@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("name", MADE)
def test_a_network_comes_as_far_as_the_module_of_the_same_layers(
    name: str, batch_size: int
) -> None:
    case = TEXTS[name]
    shapes = [(batch_size, *case.input_size)]
    assert isinstance(case.make, str)
    ours, theirs = attempted(read(case.make), shapes), attempt_of(built(case.make), shapes)
    assert [row.name for row in ours.rows] == [row.name for row in theirs.rows]
    for one, other in zip(ours.rows, theirs.rows, strict=True):
        assert (one.output_shape, one.parameters) == (other.output_shape, other.parameters)
        assert one.operation == other.operation
    assert ours.failure is not None
    assert theirs.failure is not None
    for name_ in ("name", "operation", "inputs"):
        assert getattr(ours.failure, name_) == getattr(theirs.failure, name_)
    assert isinstance(theirs.failure.error, type(ours.failure.error))
    assert ours.shapes == theirs.shapes


SOUND = "nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))"


def test_what_runs_has_no_failure_either_way() -> None:
    for shape in [(1, 1, 4, 4), (3, 1, 4, 4)]:
        ours = attempted(read(SOUND), [shape])
        theirs = attempt_of(built(SOUND), [shape])
        assert ours.failure is theirs.failure is None
        assert ours.output_shapes == theirs.output_shapes == ((shape[0], 2),)


def test_another_layer_may_stand_in_a_layers_place() -> None:
    wide = OPERATIONS["Linear"](36, 2)  # type: ignore[call-arg]
    for shape, failed in [((1, 1, 5, 5), True), ((1, 1, 4, 4), False)]:
        for attempt in (attempted(read(SOUND), [shape]), attempt_of(built(SOUND), [shape])):
            assert (attempt.failure is not None) == failed
        for attempt in (
            attempted(read(SOUND), [shape], {"3": wide}),
            attempt_of(built(SOUND), [shape], {"3": wide}),
        ):
            assert (attempt.failure is None) == failed


def test_a_layer_that_torch_refuses_may_be_left_out() -> None:
    text = "nn.Sequential(nn.Conv2d(3, 8, 3), nn.AvgPool2d(7))"
    left = {"1": OPERATIONS["Identity"]()}
    assert attempted(read(text), [(1, 3, 6, 6)], left).failure is None
    assert attempt_of(built(text), [(1, 3, 6, 6)], left).failure is None


def test_an_attempt_in_an_except_block_is_the_same() -> None:
    case = next(case for case in BROKEN if case.name == "BatchNorm2d on a vector")
    model = built(case.make)
    outside = attempt_of(model, [case.full_shape])
    try:
        built(case.make)(torch.zeros(case.full_shape))
    except ValueError:
        inside = attempt_of(model, [case.full_shape])
    assert outside.failure is not None
    assert inside.failure is not None
    assert inside.failure.name == outside.failure.name == "bn1"
    assert inside.rows == outside.rows


def test_an_attempt_leaves_the_module_as_it_was() -> None:
    model = built(SOUND)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    attempt_of(model, [(1, 1, 9, 9)], {"3": OPERATIONS["Identity"]()})
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert cx.trace(model, (1, 4, 4)).rows[-1].output_shape == (1, 2)


# ── what is not sure is not written ────────────────────────────────────────────────────────────


def test_an_edit_whose_place_is_not_sure_is_not_made(written: Callable[[str], str]) -> None:
    def at(line: str) -> Place:
        return place(written(f"def forward(self, x, y):\n    {line}\n"), 2)

    # What is flattened has no name, and is no method's owner either.
    flattened = at("x = torch.flatten(self.conv(x), 0)")
    assert cures.written("keep_batch", flattened, FLATTENING, "{0}.flatten(1)") is None
    assert cures.renamed("reshape", at("x = x.view(1).view(2)"), "view", "reshape") is None
    assert cures.along(at("x = torch.cat([x], 1) + torch.cat([y], 1)"), 1) is None
    several = "x = F.conv2d(\n        x, padding='same'\n    )"
    assert cures.argument("same_stride", at(several), ("conv2d",), "'same'", "1") is None


def test_an_axis_that_is_not_written_is_written_last(written: Callable[[str], str]) -> None:
    where = place(written("def forward(self, x, y):\n    x = torch.cat([x, y])\n"), 2)
    cure = cures.along(where, 1)
    assert cure is not None
    assert cure.code == "x = torch.cat([x, y], dim=1)"
    x = torch.zeros(2, 3)
    scope: dict[str, Any] = {"torch": torch, "x": x, "y": x}
    exec(cure.code, scope)  # noqa: S102
    assert scope["x"].shape == (2, 6)


def test_maps_of_one_size_are_not_brought_to_one(written: Callable[[str], str]) -> None:
    where = place(written("def forward(self, x, y):\n    x = x + y\n"), 2)
    assert cures.joined_at(where, (1, 4, 8, 8), (1, 3, 8, 8)) == []
    assert cures.joined_at(where, (1, 4, 8, 8), (1, 4, 8)) == []
    assert [each.kind for each in cures.joined_at(where, (1, 4, 8, 8), (1, 4, 4, 4))] == [
        "interpolate"
    ]


def test_a_shortcut_that_several_modules_share_is_not_written(
    written: Callable[[str], str],
) -> None:
    where = place(written("def forward(self, x):\n    return x + self.branch(x)\n"), 2)
    shapes = (1, 4, 8, 8), (1, 8, 4, 4)
    cure = cures.shortcut(where, *shapes, once=True)
    assert cure is not None
    assert "::2, ::2" in cure.code
    assert cures.shortcut(where, *shapes, once=False) is None
