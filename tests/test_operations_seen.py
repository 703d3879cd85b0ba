"""What the units of each operation see, against torch: who changes when one input changes.

What one affine map tells of all units, and what the formulas say, is compared with that in turn.
"""

from __future__ import annotations

import re
from itertools import product
from math import ceil, floor
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from tests.test_operations import ONE_OF_EACH, Case
from torch import nn

from cnnexplain.operations import View, make
from cnnexplain.operations.base import Opaque
from cnnexplain.operations.joining import (
    Attention,
    Cat,
    Elementwise,
    MatMul,
    MultiheadAttention,
    Stack,
)
from cnnexplain.operations.padding import Pad
from cnnexplain.operations.reducing import Reduce, Weighed
from cnnexplain.operations.regions import indices
from cnnexplain.operations.reshaping import Cut, Expand, Permute, Reshape, Slice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.operations import Operation
    from cnnexplain.operations.regions import Region

Tensor = torch.Tensor
Shape: TypeAlias = tuple[int, ...]

pytestmark = pytest.mark.usefixtures("one_thread")

# So much more that no function of the layers is as good as flat between, and no other is larger.
MORE = 1000


def influence(call: Callable[..., Tensor], inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return for each input whether its values, first axes, change the result's, last axes."""
    before, found = call(*inputs), []
    for index, x in enumerate(inputs):
        changed = []
        for at in range(x.numel()):
            other = x.clone()
            other.view(-1)[at] += MORE if x.is_floating_point() else 1
            after = call(*inputs[:index], other, *inputs[index + 1 :])
            changed.append((after - before).abs() > 1e-9)
        found.append(torch.stack(changed).reshape(*x.shape, *before.shape))
    return found


def given(*shapes: Shape) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.rand(shape, generator=generator, dtype=torch.float64) * 0.4 + 0.2 for shape in shapes
    ]


def regions(shape: Shape) -> list[Region]:
    """Return every few units alone, all of them, and both ends of every axis."""
    units = list(product(*map(range, shape)))
    step = max(len(units) // 60, 1) | 1
    alone = [tuple(range(each, each + 1) for each in unit) for unit in units[::step]]
    ends = tuple(indices({0, size - 1}) for size in shape)
    return [*alone, tuple(map(range, shape)), ends]


def compare(operation: Operation, call: Callable[..., Tensor], inputs: Sequence[Tensor]) -> None:
    shapes = [tuple(x.shape) for x in inputs]
    shape = operation.output_shape(*shapes)
    assert shape == tuple(call(*inputs).shape)
    theirs = influence(call, inputs)
    for region in regions(shape):
        ours = operation.seen(region, *shapes)
        assert len(ours) == len(inputs)
        for mine, matrix in zip(ours, theirs, strict=True):
            seen = matrix
            for back, part in enumerate(reversed(region), 1):
                seen = seen.index_select(-back, torch.tensor(sorted(part), dtype=torch.long))
            seen = seen.reshape(*seen.shape[: len(mine)], -1).any(-1)
            found = seen.nonzero().T.tolist()
            places = [set(found[axis]) for axis in range(seen.ndim)]
            if all(places):
                assert [set(part) for part in mine] == places, region
            else:
                assert not all(mine), region


WINDOWS: list[Case] = [
    ("Conv1d", [2, 4, 3], {"stride": 2, "groups": 2}, (2, 2, 8)),
    ("Conv2d", [2, 3, (3, 2)], {"stride": (3, 1), "dilation": (1, 2), "padding": 1}, (1, 2, 7, 6)),
    ("Conv2d", [1, 1, 1], {"stride": 3}, (1, 1, 8, 7)),
    *[
        ("Conv2d", [2, 2, 3], {"padding": (2, 1), "padding_mode": mode}, (1, 2, 4, 5))
        for mode in ("reflect", "replicate", "circular")
    ],
    ("Conv2d", [2, 2, 1], {"stride": 3, "padding": 1, "padding_mode": "circular"}, (1, 2, 4, 5)),
    ("ConvTranspose2d", [2, 2, 3], {"stride": 2, "padding": 1, "groups": 2}, (1, 2, 3, 4)),
    ("MaxPool2d", [3], {"stride": 2, "ceil_mode": True}, (1, 2, 6, 7)),
    ("MaxPool2d", [2], {"stride": 1, "dilation": 2}, (1, 2, 6, 7)),
    ("AvgPool2d", [2], {}, (1, 2, 5, 7)),
    ("AdaptiveAvgPool2d", [(3, None)], {}, (1, 2, 7, 3)),
    ("AdaptiveMaxPool1d", [4], {}, (1, 2, 7)),
    ("Unfold", [2], {}, (1, 2, 3, 4)),
    ("Embedding", [2, 3], {}, (2, 3)),
    ("Upsample", [], {"scale_factor": 2, "mode": "bilinear"}, (1, 2, 3, 4)),
    ("Upsample", [(4, 6)], {"mode": "nearest-exact"}, (1, 2, 3, 4)),
    ("Upsample", [], {"scale_factor": 1}, (1, 2, 3, 4)),
    ("Upsample", [], {"scale_factor": (0.5, 1.5), "mode": "area"}, (1, 2, 6, 5)),
    ("Upsample", [(1, 8)], {"mode": "bilinear", "align_corners": True}, (1, 2, 3, 4)),
]
# In eval mode it looks at what it has learned, and not at the picture.
LEARNED = {"track_running_stats": True}
SEEING = [
    case for case in [*ONE_OF_EACH, *WINDOWS] if case[2] != LEARNED and case[1:2] != ([1, 5],)
]


@pytest.mark.parametrize("case", SEEING, ids=lambda case: f"{case[0]}{case[1]}{case[2]}")
def test_the_units_of_a_layer_see_the_inputs_that_change_them(case: Case) -> None:
    name, arguments, keywords, shape = case
    layer = getattr(nn, name)(*arguments, **keywords).double().eval()
    for weight in layer.parameters():  # of which none cancel each other
        nn.init.uniform_(weight, 0.5, 1.5)
    inputs = [torch.zeros(shape, dtype=torch.long)] if name == "Embedding" else given(shape)
    with torch.no_grad():
        compare(make(name, arguments, keywords), layer, inputs)


def multihead(**keywords: Any) -> Callable[..., Tensor]:
    torch.manual_seed(0)
    layer = nn.MultiheadAttention(4, 2, **keywords).double().eval()
    return lambda query, key, value: layer(query, key, value)[0]


ones = torch.ones
X, Y = (2, 3, 4), (2, 3, 4)
FUNCTIONS: dict[str, tuple[Operation, Callable[..., Tensor], list[Shape]]] = {
    "add": (Elementwise("add"), torch.add, [X, Y]),
    "add, broadcast": (Elementwise("add"), torch.add, [X, (3, 1)]),
    "cat": (Cat(1), lambda x, y: torch.cat([x, y], 1), [X, (2, 5, 4)]),
    "cat with a constant": (
        Cat(-2, (None, (2, 1, 4), None)),
        lambda x, y: torch.cat([x, ones(2, 1, 4), y], -2),
        [X, Y],
    ),
    "stack": (Stack(-1), lambda x, y: torch.stack([x, y], -1), [X, Y]),
    "stack with a constant": (
        Stack(1, (None, X, None)),
        lambda x, y: torch.stack([x, ones(X), y], 1),
        [X, Y],
    ),
    "matmul": (MatMul("matmul"), torch.matmul, [(2, 3, 4), (2, 4, 5)]),
    "matmul, broadcast": (MatMul("matmul"), torch.matmul, [(2, 3, 4), (4, 5)]),
    "matmul of vectors": (MatMul("matmul"), torch.matmul, [(4,), (4,)]),
    "matmul with a vector": (
        MatMul("matmul", (4,)),
        lambda x: x @ ones(4, dtype=torch.float64),
        [(2, 3, 4)],
    ),
    "a matrix with matmul": (
        MatMul("matmul", (5, 3), other_first=True),
        lambda x: ones(5, 3, dtype=torch.float64) @ x,
        [(2, 3, 4)],
    ),
    "attention": (
        Attention(),
        F.scaled_dot_product_attention,
        [(2, 3, 4), (2, 5, 4), (2, 5, 6)],
    ),
    "pad": (Pad((1, 2, -1, 0)), lambda x: F.pad(x, (1, 2, -1, 0)), [X]),
    "pad, circular": (
        Pad((2, -1), "circular"),
        lambda x: F.pad(x, (2, -1), mode="circular"),
        [X],
    ),
    "mean": (Reduce("mean", (1, 2)), lambda x: x.mean((1, 2)), [X]),
    "mean, keepdim": (Reduce("mean", (1,), keepdim=True), lambda x: x.mean(1, True), [X]),
    "normalize": (Weighed("normalize", (1,)), lambda x: F.normalize(x, dim=1), [X]),
    "cumsum": (Weighed("cumsum", (2,), causal=True), lambda x: x.cumsum(2), [X]),
    "expand": (Expand("expand", (2, 5, 4)), lambda x: x.expand(2, 5, 4), [(1, 4)]),
    "repeat": (
        Expand("repeat", (2, 6, 4), copies=True),
        lambda x: x.repeat(1, 2, 1),
        [X],
    ),
    "repeat of places": (
        Expand("repeat", (2, 3, 8), copies=True),
        lambda x: x.repeat(1, 1, 2),
        [X],
    ),
    "permute": (Permute("permute", (2, 0, 1)), lambda x: x.permute(2, 0, 1), [X]),
    "view": (Reshape("view(6, 4)", (6, 4)), lambda x: x.reshape(6, 4), [X]),
    "view across axes": (Reshape("view(4, 6)", (4, 6)), lambda x: x.reshape(4, 6), [X]),
    "view of one": (Reshape("view(3, 1, 4)", (3, 1, 4)), lambda x: x.reshape(3, 1, 4), [(1, 3, 4)]),
    "slice": (
        Slice(
            "[1, None, ::2, 1:]", (Cut(1, 1, 1, keepdim=False), Cut(0, 2, 2), Cut(1, 1, 3)), (0,)
        ),
        lambda x: x[1, None, ::2, 1:],
        [X],
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_units_of_a_function_see_the_inputs_that_change_them(name: str) -> None:
    operation, call, shapes = FUNCTIONS[name]
    compare(operation, call, given(*shapes))


@pytest.mark.parametrize("batch_first", [False, True])
def test_attention_with_projections_sees_its_queries_place_and_all_keys(batch_first: bool) -> None:
    operation = MultiheadAttention(4, 2, (0, 1, 2), batch_first=batch_first)
    shapes = [(2, 3, 4), (2, 5, 4), (2, 5, 4)] if batch_first else [(3, 2, 4), (5, 2, 4), (5, 2, 4)]
    with torch.no_grad():
        compare(operation, multihead(batch_first=batch_first), given(*shapes))


def test_attention_that_is_causal_sees_no_key_behind_its_query() -> None:
    def call(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)

    shapes = [(1, 3, 4), (1, 5, 4), (1, 5, 6)]
    (query, key, value), theirs = given(*shapes), Attention(causal=True)
    for row in range(3):
        region: Region = (range(1), range(row, row + 1), range(6))
        _, keys, values = theirs.seen(region, *shapes)
        assert keys[1] == values[1] == range(row + 1)
        # The first query sees one key, which then weighs 1 whatever it is.
        seen = influence(call, [query, key, value])[2][0, :, :, 0, row].any(-1).any(-1)
        assert seen.nonzero().flatten().tolist() == list(values[1])


def test_what_no_rule_tells_may_see_everything() -> None:
    opaque = Opaque("flip", X)
    assert opaque.seen((range(1),) * 3, X, Y) == (tuple(map(range, X)), tuple(map(range, Y)))
    assert opaque.output_shape(Y) == X


def test_a_region_of_nothing_sees_nothing() -> None:
    for name, (operation, _, shapes) in FUNCTIONS.items():
        nothing = (range(0),) * len(operation.output_shape(*shapes))
        if nothing:  # a single value has no region without it
            assert not any(map(all, operation.seen(nothing, *shapes))), name


def test_an_input_that_changes_what_is_not_seen_is_noticed() -> None:
    with pytest.raises(AssertionError):
        compare(Permute("permute", (0, 1, 2)), lambda x: x.flip(-1), given(X))
    with pytest.raises(AssertionError):
        compare(Weighed("cumsum", (2,)), lambda x: x.cumsum(2), given(X))


# ── what one affine map tells of all units ─────────────────────────────────────────────────────


def place(view: View, unit: Sequence[int], picture: int) -> int:
    """Return the place along an axis of the picture of a unit; the only one where none is left."""
    for index, factors in zip(unit, view.layout, strict=True):
        rest, found = index, None
        for axis, size in reversed(factors):
            rest, at = divmod(rest, size)
            found = at if axis == picture else found
        if found is not None:
            return found
    return 0


def beyond(operation: Operation, *shapes: Shape) -> list[tuple[Shape, int]]:
    """Return the units, and the axes along which they see more than the map of all tells."""
    view = operation.view(*(View.of_input(shape) for shape in shapes))
    shape = operation.output_shape(*shapes)
    assert view.shape == shape
    if view.sees_everything:
        return []
    wrong = []
    for unit in list(product(*map(range, shape)))[::3]:
        seen = operation.seen(tuple(range(each, each + 1) for each in unit), *shapes)
        for picture, along in enumerate(view.along):
            if along.field is None:
                continue
            moved = along.field.stride * place(view, unit, picture)
            first, last = along.field.first + moved, along.field.last + moved
            found = {each for region in seen if all(region) for each in region[picture + 2]}
            if not all(first <= each <= last for each in found):
                wrong.append((unit, picture))
    return wrong


# At the border, what is repeated lies inside.
REPEATED = re.compile("Reflection|Replication|Circular|Conv.*padding_mode")
LAYERS = [case for case in SEEING if not REPEATED.match(f"{case[0]}{case[2]}")]


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: f"{case[0]}{case[1]}{case[2]}")
def test_no_unit_of_a_layer_sees_more_than_one_map_tells_of_all(case: Case) -> None:
    name, arguments, keywords, shape = case
    assert beyond(make(name, arguments, keywords), shape) == []


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"pad, circular"}))
def test_no_unit_of_a_function_sees_more_than_one_map_tells_of_all(name: str) -> None:
    operation, _, shapes = FUNCTIONS[name]
    assert beyond(operation, *shapes) == []


def test_a_unit_that_sees_more_than_its_map_tells_is_found() -> None:
    class Blind(Slice):
        def view(self, *views: View) -> View:
            (view,) = views
            return view.arranged((*view.layout[:2], ((0, 2),)))

    blind = Blind("[..., ::2]", (Cut(0, 1, 2), Cut(0, 1, 3), Cut(0, 2, 2)))
    assert ((0, 1, 1), 0) in beyond(blind, X)


# ── what formulas say ──────────────────────────────────────────────────────────────────────────

COMPUTED = re.compile(r"(?:[a-z]: )?((?:[\d.·+−/() -]|floor|ceil)+) = (\d+)", re.IGNORECASE)


def computed(operation: Operation, *shapes: Shape) -> list[tuple[float, int]]:
    """Return what the left and the right of each equation of a formula are; none if it has none."""
    formula, shape = operation.formula(*shapes), operation.output_shape(*shapes)
    if formula is None:
        assert [shape] == [*shapes[:1]]  # what is called unchanged is
        return []
    names = {"floor": floor, "ceil": ceil}
    found = [COMPUTED.fullmatch(each) for each in str(formula).split("; ")]
    return [
        (eval(each[1].replace("·", "*").replace("−", "-"), names), int(each[2]))  # noqa: S307
        for each in found
        if each is not None
    ]


@pytest.mark.parametrize("case", SEEING, ids=lambda case: f"{case[0]}{case[1]}{case[2]}")
def test_a_layers_formula_computes_what_it_claims_of_the_output(case: Case) -> None:
    name, arguments, keywords, shape = case
    operation = make(name, arguments, keywords)
    equations = computed(operation, shape)
    assert all(left == right for left, right in equations)
    made = operation.output_shape(shape)
    # Unfold tells height and width too, of which the number of windows is the product.
    assert {right for _, right in equations} <= {*made} or name == "Unfold"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_formula_computes_what_it_claims_of_the_output(name: str) -> None:
    operation, _, shapes = FUNCTIONS[name]
    equations = computed(operation, *shapes)
    assert all(left == right for left, right in equations)
    assert {right for _, right in equations} <= {*operation.output_shape(*shapes)}


# ── what comes after something else ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shape", [(3, 2, 4), (3, 4)])
def test_attention_to_itself_sees_all_of_its_own_sample(shape: Shape) -> None:
    torch.manual_seed(0)
    layer = nn.MultiheadAttention(4, 2).double().eval()
    with torch.no_grad():
        compare(MultiheadAttention(4, 2), lambda x: layer(x, x, x)[0], given(shape))


def test_of_a_flattened_picture_a_gate_tells_no_places() -> None:
    flat = make("Flatten", [], {}).view(View.of_input((1, 2, 3, 4)))
    gated = make("GLU", [1], {}).view(flat)
    assert gated.shape == (1, 12)
    assert [along.field for along in gated.along] == [None, None]
