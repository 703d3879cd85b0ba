"""One axis, against torch on every combination of a grid, and against brute force."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from cnnexplain import axis
from cnnexplain.axis import output_size, window
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.windows import Convolution, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = range(1, 14)
KERNELS = range(6)
STRIDES = range(5)
PADDINGS = range(-1, 4)
DILATIONS = range(4)


def torchs_convolution(size: int, kernel: int, **arguments: Any) -> int:
    weight = torch.zeros(1, 1, kernel)
    return functional.conv1d(torch.zeros(1, 1, size), weight, **arguments).shape[-1]


def torchs_transposed(size: int, kernel: int, **arguments: Any) -> int:
    weight = torch.zeros(1, 1, kernel)
    return functional.conv_transpose1d(torch.zeros(1, 1, size), weight, **arguments).shape[-1]


def torchs_max_pooling(size: int, kernel: int, **arguments: Any) -> int:
    return int(functional.max_pool1d(torch.zeros(1, 1, size), kernel, **arguments).shape[-1])


def torchs_average_pooling(size: int, kernel: int, **arguments: Any) -> int:
    return functional.avg_pool1d(torch.zeros(1, 1, size), kernel, **arguments).shape[-1]


def combinations() -> Iterator[tuple[Callable[..., int], dict[str, Any], dict[str, Any]]]:
    """Yield torch's function, its arguments, and what ours takes besides them."""
    windows = product(KERNELS, STRIDES, PADDINGS)
    for kernel, stride, padding in windows:
        base = {"kernel": kernel, "stride": stride, "padding": padding}
        for ceil_mode in (False, True):
            flags = {"ceil_mode": ceil_mode}
            yield torchs_average_pooling, base | flags, {"pooling": True}
        for dilation in DILATIONS:
            spread = base | {"dilation": dilation}
            yield torchs_convolution, spread, {}
            for ceil_mode in (False, True):
                yield torchs_max_pooling, spread | {"ceil_mode": ceil_mode}, {"pooling": True}
            for output_padding in range(3):
                extra = {"output_padding": output_padding}
                yield torchs_transposed, spread | extra, {"transposed": True}


def answer(call: Callable[..., int], *arguments: Any, **keywords: Any) -> int | None:
    try:
        return call(*arguments, **keywords)
    except (RuntimeError, ValueError, CnnExplainError):
        return None


def compare(ours: Callable[..., int]) -> tuple[int, int, list[str]]:
    """Return how many answers and refusals were compared, and where they differ."""
    answers = refusals = 0
    differences = []
    for theirs, arguments, more in combinations():
        for size in SIZES:
            wanted = answer(theirs, size, **arguments)
            keywords = dict(arguments, **more)
            keywords["kernel_size"] = keywords.pop("kernel")
            got = answer(ours, size, **keywords)
            answers += wanted is not None
            refusals += wanted is None
            if wanted != got:
                differences.append(f"{theirs.__name__} {size} {arguments}: {wanted}, ours {got}")
    return answers, refusals, differences


@pytest.mark.slow
def test_every_size_and_every_refusal_is_torchs() -> None:
    answers, refusals, differences = compare(output_size)
    assert differences == []
    assert answers >= 11_700
    assert refusals >= 2_249


@pytest.mark.slow
def test_the_comparison_finds_a_rule_that_never_rounds_down() -> None:
    def wrong(size: int, **keywords: Any) -> int:
        return output_size(size, **keywords) + (size == 8 and keywords["stride"] == 2)

    assert compare(wrong)[2] != []


sizes = st.integers(1, 60)
kernels = st.integers(1, 9)
strides = st.integers(1, 12)
paddings = st.tuples(st.integers(0, 5), st.integers(0, 5))
dilations = st.integers(1, 4)


@given(sizes, kernels, strides, paddings, dilations)
def test_a_convolution_has_as_many_windows_as_can_be_counted(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int
) -> None:
    padded = torch.zeros(1, 1, sum(padding) + size)
    rule = window(kernel, stride, padding, dilation)
    try:
        counted = functional.conv1d(
            padded, torch.zeros(1, 1, kernel), stride=stride, dilation=dilation
        ).shape[-1]
    except RuntimeError:
        with pytest.raises(ShapeError):
            rule.output_size(size)
        return
    assert rule.output_size(size) == counted


@given(sizes, kernels, strides, paddings, dilations)
def test_the_inputs_behind_an_output_are_those_whose_change_changes_it(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int
) -> None:
    rule = window(kernel, stride, padding, dilation)
    assert isinstance(rule, Convolution)
    if size + sum(padding) < rule.extent:
        return
    x = torch.zeros(1, 1, size, requires_grad=True, dtype=torch.float64)
    weight = torch.ones(1, 1, kernel, dtype=torch.float64)
    y = functional.conv1d(functional.pad(x, padding), weight, stride=stride, dilation=dilation)
    read = torch.zeros(size, dtype=torch.bool)
    for index in range(y.shape[-1]):
        (gradient,) = torch.autograd.grad(y[0, 0, index], x, retain_graph=True)
        seen = gradient[0, 0].nonzero().flatten().tolist()
        assert seen == [each for each in rule.inputs(index) if 0 <= each < size]
        read |= gradient[0, 0] != 0
    tail = rule.unread(size)
    assert not read[tail.start :].any()
    assert len(tail) == 0 or tail.stop == size


@given(sizes, kernels, strides, dilations)
@pytest.mark.slow
def test_the_inputs_behind_a_transposed_output_are_those_whose_change_changes_it(
    size: int, kernel: int, stride: int, dilation: int
) -> None:
    rule = window(kernel, stride, 0, dilation, transposed=True)
    x = torch.zeros(1, 1, size, requires_grad=True, dtype=torch.float64)
    weight = torch.ones(1, 1, kernel, dtype=torch.float64)
    y = functional.conv_transpose1d(x, weight, stride=stride, dilation=dilation)
    for index in range(0, y.shape[-1], 3):
        (gradient,) = torch.autograd.grad(y[0, 0, index], x, retain_graph=True)
        seen = gradient[0, 0].nonzero().flatten().tolist()
        assert seen == [each for each in rule.inputs(index) if 0 <= each < size]


chains = st.lists(st.builds(window, kernels, strides, paddings, dilations), min_size=1, max_size=4)


@given(chains, st.integers(0, 5))
def test_receptive_fields_compose_to_what_following_the_inputs_gives(
    chain: list[Convolution], unit: int
) -> None:
    field, seen = Field(), {unit}
    for rule in chain:
        field = field.then(rule.field)
    for rule in reversed(chain):
        seen = {each for index in seen for each in rule.inputs(index)}
    assert min(seen) == field.stride * unit + field.first
    assert max(seen) == field.stride * unit + field.last
    assert field.size == max(seen) - min(seen) + 1
    assert field.padding == field.stride * unit - min(seen)


@given(kernels, strides, dilations, st.integers(0, 20))
def test_a_transposed_field_holds_all_inputs_that_write(
    kernel: int, stride: int, dilation: int, unit: int
) -> None:
    rule = window(kernel, stride, 0, dilation, transposed=True)
    seen = rule.inputs(unit)
    assert all(
        rule.field.stride * unit + rule.field.first
        <= each
        <= rule.field.stride * unit + rule.field.last
        for each in seen
    )
    if seen:
        assert seen[-1] - seen[0] + 1 <= rule.field.size


@given(sizes, kernels, strides, paddings, dilations, st.booleans())
def test_a_formula_computes_what_it_claims(
    size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int, ceil_mode: bool
) -> None:
    if ceil_mode:
        padding = (min(padding[0], kernel // 2), min(padding[1], kernel // 2))
    rule = window(kernel, stride, padding, dilation, ceil_mode)
    try:
        wanted = rule.output_size(size)
    except ShapeError:
        return
    left, right = str(rule.formula(size)).rsplit(" = ", 1)
    python = left.replace("·", "*").replace("−", "-")
    assert int(right) == wanted
    assert eval(python, {"floor": _floor, "ceil": _ceil}) == wanted  # our own text  # noqa: S307


def _floor(value: float) -> int:
    return int(value // 1)


def _ceil(value: float) -> int:
    return -int(-value // 1)


@given(st.data())
def test_the_clean_outputs_of_a_transposed_convolution_are_those_that_one_by_one_are(
    data: st.DataObject,
) -> None:
    kernel, step, spread = (data.draw(st.integers(1, most)) for most in (7, 6, 6))
    before, after = data.draw(st.tuples(st.integers(0, 8), st.integers(0, 8)))
    shape = axis.transposed(kernel, step, (before, after), spread)
    size = data.draw(st.integers(1, 9))
    outputs = (size - 1) * step - before - after + shape.extent
    first = data.draw(st.integers(0, size))
    inputs = range(first, data.draw(st.integers(first, size)))
    clean = [
        index for index in range(outputs) if all(each in inputs for each in shape.inputs(index))
    ]
    found = shape.clean(inputs, max(outputs, 0))
    assert (list(found)[:1], list(found)[-1:]) == (clean[:1], clean[-1:])


def test_the_clean_outputs_of_a_large_transposed_convolution_are_not_counted_one_by_one() -> None:
    large = axis.transposed(10**9, stride=2, padding=10)
    assert large.clean(range(10**9), 3 * 10**9 - 20) == range(10**9 - 12, 2 * 10**9 - 10)


def test_the_formula_of_a_transposed_convolution_computes_what_it_claims() -> None:
    formula = window(3, 2, 1, transposed=True, output_padding=1).formula(6)
    assert str(formula) == "(6 − 1)·2 − 2·1 + 1·(3 − 1) + 1 + 1 = 12"
    assert formula.symbols == "(W − 1)·S − 2·P + D·(K − 1) + O + 1"
    assert torchs_transposed(6, 3, stride=2, padding=1, output_padding=1) == 12


@pytest.mark.parametrize("kernel", range(1, 8))
@pytest.mark.parametrize("dilation", range(1, 4))
def test_same_padding_is_torchs(kernel: int, dilation: int) -> None:
    layer = torch.nn.Conv1d(1, 1, kernel, padding="same", dilation=dilation)
    after, before = (
        layer._reversed_padding_repeated_twice[1],
        layer._reversed_padding_repeated_twice[0],
    )
    assert axis.convolution(kernel, padding="same", dilation=dilation).padding == (before, after)
    assert output_size(17, kernel_size=kernel, padding="same", dilation=dilation) == 17


REFUSALS: dict[str, tuple[dict[str, Any], type[CnnExplainError], str]] = {
    "a size of 0": (
        {"input_size": 0, "kernel_size": 3},
        ArgumentError,
        """
        expected: input_size as an integer of at least 1
        received: input_size=0
        cure: use input_size=1 or more
        """,
    ),
    "text for a number": (
        {"input_size": 13, "kernel_size": "3"},
        ArgumentError,
        """
        expected: kernel_size as an integer of at least 1
        received: kernel_size='3'
        cure: write for example kernel_size=1
        """,
    ),
    "a float": (
        {"input_size": 13.0, "kernel_size": 3},
        ArgumentError,
        """
        expected: input_size as an integer of at least 1
        received: input_size=13.0
        cure: write for example input_size=1
        """,
    ),
    "a truth value": (
        {"input_size": 13, "kernel_size": 3, "stride": True},
        ArgumentError,
        """
        expected: stride as an integer of at least 1
        received: stride=True
        cure: write stride=1
        """,
    ),
    "a lone surrogate": (
        {"input_size": 13, "kernel_size": 3, "padding": "\ud800"},
        ArgumentError,
        """
        expected: padding as an integer of at least 0, 'same' or 'valid'
        received: padding='\\ud800'
        cure: write for example padding=1
        """,
    ),
    "three paddings": (
        {"input_size": 13, "kernel_size": 3, "padding": (1, 2, 3)},
        ArgumentError,
        """
        expected: padding as a number, or as (before, after)
        received: padding=(1, 2, 3)
        cure: write for example padding=(1, 2)
        """,
    ),
    "a number of 200 bits": (
        {"input_size": 2**199, "kernel_size": 3},
        ArgumentError,
        """
        expected: input_size of at most 9223372036854775807
        received: input_size with 200 bits
        cure: use less
        """,
    ),
    "a kernel larger than the input": (
        {"input_size": 4, "kernel_size": 7, "padding": 1},
        ShapeError,
        """
        expected: a padded input of at least 7 (kernel_size=7, dilation=1)
        received: 6 (input_size=4, padding=(1, 1))
        cure: use input_size=5 or more, a smaller kernel_size, or more padding
        """,
    ),
    "a pooling larger than the input": (
        {"input_size": 1, "kernel_size": 3, "pooling": True},
        ShapeError,
        """
        expected: an input of at least 3 (kernel_size=3, dilation=1, padding=(0, 0))
        received: input_size=1
        cure: use a larger input, or a smaller kernel_size
        """,
    ),
    "a padding over half a pooling kernel": (
        {"input_size": 13, "kernel_size": 2, "padding": 2, "pooling": True},
        ArgumentError,
        """
        expected: a pooling's padding of at most half its kernel_size, 1
        received: padding=2, kernel_size=2
        cure: use padding=1 or less, or a kernel_size of 4 or more
        """,
    ),
    "same with a stride": (
        {"input_size": 13, "kernel_size": 3, "stride": 2, "padding": "same"},
        ArgumentError,
        """
        expected: padding='same' with stride=1 only
        received: padding='same', stride=2
        cure: write the padding as a number, for example padding=1
        """,
    ),
    "ceil_mode that is no truth value": (
        {"input_size": 13, "kernel_size": 3, "ceil_mode": 1},
        ArgumentError,
        """
        expected: ceil_mode as True or False
        received: ceil_mode=1
        cure: write ceil_mode=True or ceil_mode=False
        """,
    ),
    "a word for a truth value": (
        {"input_size": 13, "kernel_size": 3, "transposed": "no"},
        ArgumentError,
        """
        expected: transposed as True or False
        received: transposed='no'
        cure: write transposed=True
        """,
    ),
    "an array": (
        {"input_size": 13, "kernel_size": 3, "padding": torch.ones(2)},
        ArgumentError,
        """
        expected: padding as an integer of at least 0
        received: padding=tensor([1., 1.])
        cure: write for example padding=1
        """,
    ),
    "transposed and pooling": (
        {"input_size": 13, "kernel_size": 3, "transposed": True, "pooling": True},
        ArgumentError,
        """
        expected: either transposed or pooling
        received: both
        cure: leave out transposed, or pooling and ceil_mode
        """,
    ),
    "output_padding without transposed": (
        {"input_size": 13, "kernel_size": 3, "output_padding": 1},
        ArgumentError,
        """
        expected: output_padding with transposed=True only
        received: output_padding=1
        cure: leave output_padding out
        """,
    ),
    "too much output_padding": (
        {"input_size": 13, "kernel_size": 3, "transposed": True, "output_padding": 1},
        ArgumentError,
        """
        expected: an output_padding below the stride or the dilation, 1
        received: output_padding=1
        cure: use output_padding=0 or less
        """,
    ),
    "a padding that cuts everything away": (
        {"input_size": 1, "kernel_size": 2, "transposed": True, "padding": 1},
        ShapeError,
        """
        expected: an output size of at least 1
        received: 0 (input_size=1, padding=(1, 1))
        cure: use less padding, or a larger input
        """,
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_bad_input_is_refused_with_what_helps(case: str) -> None:
    arguments, kind, message = REFUSALS[case]
    with pytest.raises(CnnExplainError) as caught:
        output_size(**arguments)
    assert type(caught.value) is kind
    assert str(caught.value).splitlines() == [line.strip() for line in message.strip().splitlines()]


@given(st.integers(1, 30), st.integers(1, 9), st.integers(0, 4), st.integers(1, 4))
def test_the_smallest_input_that_a_refusal_names_is_the_smallest(
    size: int, kernel: int, padding: int, dilation: int
) -> None:
    arguments: dict[str, int] = {"kernel_size": kernel, "padding": padding, "dilation": dilation}
    try:
        output_size(size, **arguments)  # type: ignore[arg-type]
    except ShapeError as error:
        named = int(error.cure.split("input_size=")[1].split()[0])
        assert output_size(named, **arguments) == 1  # type: ignore[arg-type]
        with pytest.raises(CnnExplainError):
            output_size(named - 1, **arguments)  # type: ignore[arg-type]


def test_a_number_whose_index_fails_is_refused() -> None:
    class Broken:
        def __index__(self) -> int:
            raise ZeroDivisionError

    with pytest.raises(ArgumentError, match="kernel_size as an integer"):
        output_size(13, kernel_size=Broken())  # type: ignore[arg-type]
