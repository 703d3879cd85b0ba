"""Values that cannot be joined, since their sizes differ: which branch differs, and since when."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, islice
from typing import TYPE_CHECKING

from cnnexplain.diagnosis import cures
from cnnexplain.diagnosis.findings import Branch, Cure, Fact, Problem
from cnnexplain.diagnosis.fitting import agreeing, square
from cnnexplain.languages import shape as show
from cnnexplain.operations.joining import Cat, Stack
from cnnexplain.operations.spatial import Conv2d

# The sizes that are tried, and how many turns above the first, where sizes of 1 are stretched.
# More often than any network halves its map.
_MOST_HALVINGS = 11
_MOST_TRIES = 32
_TURNS = 2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnnexplain.diagnosis.case import Case
    from cnnexplain.diagnosis.fitting import Sizes
    from cnnexplain.operations import Shape
    from cnnexplain.operations.base import Operation


def joined(case: Case, operation: Operation) -> Problem:
    """Return why values cannot be joined, and what cures it.

    Args:
        case: The network.
        operation: What joins them, which failed.
    """
    name, place = case.failure.name, case.failure.place
    numbers = case.failure.inputs
    others = [each for each in getattr(operation, "others", ()) if each is not None]
    shapes = (*case.taken, *others)
    kinds: dict[type[Operation], str] = {Cat: "cat", Stack: "stack"}
    kind = kinds.get(type(operation), "add")
    facts: dict[str, Fact] = {
        "name": name,
        "operation": str(operation),
        "shapes": " + ".join(map(show, shapes)),
    }
    pair = _differing(shapes, operation)
    axes = _axes(pair, operation)
    facts["axes"] = axes
    if kind == "cat":
        facts["dim"] = str(getattr(operation, "dim", 0))
    branches = _branches(case, numbers, others, axes[0] if axes else 1)
    fits = case.sure(_of_constant(case, others, axes) if others else _fits(case, numbers, axes))
    found = [*(case.sized(fits) or _doubled(case, axes)), *_padded(case, numbers)]
    dim = _other_dim(shapes) if isinstance(operation, Cat) else None
    if dim == 1 and dim != operation.dim:  # type: ignore[attr-defined]
        cure = cures.along(place, dim)
        found += [cure] if cure is not None else []
    if len(shapes) == 2:  # noqa: PLR2004
        option = cures.shortcut(place, *shapes, once=_once(case)) if kind == "add" else None
        found += [option] if option is not None else []
        if axes == (1,) and kind == "add" and not others:
            for one, other in (numbers, numbers[::-1]):
                found += case.widened(one, case.attempt.values[other][1])
        if option is None and 1 not in axes:
            found += cures.joined_at(place, *shapes)
    return Problem(
        kind,
        name,
        str(operation),
        place,
        facts,
        ("axes",) if axes else (),
        branches,
        fits,
        tuple(found),
    )


def _doubled(case: Case, axes: Sequence[int]) -> list[Cure]:
    """Return what brings the input to a multiple of a power of 2 with which the network runs."""
    shape = case.input_shape
    if not axes or min(axes) < 2:  # noqa: PLR2004
        return []
    for power in range(1, _MOST_HALVINGS):
        sizes = [-(-size // 2**power) * 2**power for size in shape[2:]]
        if case.runs((*shape[:2], *sizes)):
            return cures.sized(shape, sizes)
    return []


def _once(case: Case) -> bool:
    """Return whether the module whose forward joins the values is the only one of its class."""
    classes = list(case.modules.values())
    own = case.modules.get(case.failure.name.rpartition(".")[0])
    return own is not None and classes.count(own) == 1


def _differing(shapes: Sequence[Shape], operation: Operation) -> tuple[Shape, Shape]:
    """Return the first shape and the first other one that does not go with it."""
    first = shapes[0]
    return first, next((each for each in shapes[1:] if _axes((first, each), operation)), shapes[-1])


def _axes(pair: tuple[Shape, Shape], operation: Operation) -> tuple[int, ...]:
    """Return the axes along which two shapes do not go together."""
    one, other = pair
    if len(one) != len(other):
        return ()
    joins = isinstance(operation, Cat)
    dim = operation.dim % len(one) if joins else None  # type: ignore[attr-defined]
    return tuple(
        axis
        for axis, (a, b) in enumerate(zip(one, other, strict=True))
        if a != b and axis != dim and (joins or isinstance(operation, Stack) or 1 not in (a, b))
    )


def _branches(
    case: Case, numbers: Sequence[int], others: Sequence[Shape], axis: int
) -> tuple[Branch, ...]:
    """Return what changed the size of each branch since they parted."""
    above = [_ancestors(case, number) for number in numbers]
    shared = set.intersection(*above) if len(above) > 1 else set()
    found = []
    for number, all_of_it in zip(numbers, above, strict=True):
        changes = []
        for each in sorted(all_of_it - shared):
            node = case.attempt.node(each)
            if node is None:
                continue
            row = case.attempt.rows[node]
            before, after = row.input_shape, row.output_shape
            same_axes = len(before) == len(after) > axis
            if same_axes and before[axis] != after[axis]:
                changes.append((row.name, before[axis], after[axis]))
        found.append(Branch(case.maker(number), case.attempt.values[number], tuple(changes)))
    return (*found, *(Branch("", shape) for shape in others))


def _ancestors(case: Case, number: int) -> set[int]:
    """Return a value and all that it was made from."""
    found, left = {number}, [number]
    while left:
        node = case.attempt.node(left.pop())
        for each in () if node is None else case.network.nodes[node].inputs:
            if each not in found:
                found.add(each)
                left.append(each)
    return found


def _fits(case: Case, numbers: Sequence[int], axes: Sequence[int]) -> tuple[Sizes, ...]:
    """Return the input's sizes for which the branches agree on all axes of the picture."""
    shape = case.input_shape
    if not axes or min(axes) < 2 or len(case.taken[0]) != len(shape):  # noqa: PLR2004
        return ()
    found = [
        agreeing(case.network, case.attempt.shapes, numbers, axis) for axis in range(len(shape) - 2)
    ]
    kept = tuple(each for each in found if each is not None)
    return _running(case, kept) if len(kept) == len(found) else ()


def _running(case: Case, fits: tuple[Sizes, ...]) -> tuple[Sizes, ...]:
    """Return those of the sizes for which what comes after the join runs too.

    Where branches are joined at several depths, as in a U-Net, the deepest comes first, and its
    period is a multiple of all others'.
    """
    turns = [_turn(each) for each in fits]
    if not all(turns):
        return ()
    shape = case.input_shape
    bases = zip(*(islice(cycle(turn), max(map(len, turns))) for turn in turns), strict=True)
    base = next((each for each in bases if case.runs((*shape[:2], *each))), None)
    if base is None:
        return ()
    found = []
    for axis, (sizes, turn) in enumerate(zip(fits, turns, strict=True)):
        kept = [
            size for size in turn if case.runs((*shape[:2], *base[:axis], size, *base[axis + 1 :]))
        ]
        down = sizes.runs[0].start - turn[0]
        found.append(replace(sizes, runs=tuple(_joined([size + down for size in kept]))))
    return tuple(found)


def _joined(sizes: Sequence[int]) -> Iterator[range]:
    """Yield ascending sizes as runs."""
    start = sizes[0]
    for size, following in zip(sizes, [*sizes[1:], None], strict=True):
        if following != size + 1:
            yield range(start, size + 1)
            start = following or 0


def _turn(sizes: Sizes) -> list[int]:
    """Return the sizes of a turn that is not the first; nothing where there are too many to try."""
    turn = [size for run in sizes.runs for size in run]
    if sizes.open or len(turn) > _MOST_TRIES:
        return []
    return [size + _TURNS * (sizes.every or 0) for size in turn]


def _other_dim(shapes: Sequence[Shape]) -> int | None:
    """Return the one axis along which shapes differ, if it is one."""
    if len(set(map(len, shapes))) > 1:
        return None
    differing = [
        axis for axis, sizes in enumerate(zip(*shapes, strict=True)) if len(set(sizes)) > 1
    ]
    return differing[0] if len(differing) == 1 else None


def _of_constant(case: Case, others: Sequence[Shape], axes: Sequence[int]) -> tuple[Sizes, ...]:
    """Return the sizes of a square input that go with a constant, such as learned positions."""
    number, count = case.failure.inputs[0], len(case.input_shape) - 2
    if len(axes) != 1 or len(others) != 1 or len(others[0]) != len(case.taken[0]) or count < 1:
        return ()
    found = square(case.network, case.attempt.shapes, number, axes[0], others[0][axes[0]])
    return () if found is None else (found,) * count


def _padded(case: Case, numbers: Sequence[int]) -> list[Cure]:
    """Return the padding with which the convolutions of the branches keep the size."""
    above = [_ancestors(case, number) for number in numbers]
    instead: dict[str, Operation] = {}
    for own_at, own in enumerate(above):
        others = set().union(*above[:own_at], *above[own_at + 1 :])
        for number in sorted(own - others):
            node = case.attempt.node(number)
            operation = None if node is None else case.network.nodes[node].operation
            if node is None or not isinstance(operation, Conv2d):
                continue
            keeps = operation.stride == 1 and operation.padding_mode == "zeros"
            odd = all(window.extent % 2 for window in operation.windows)
            sides = tuple(window.extent // 2 for window in operation.windows)
            if keeps and odd and tuple(each.padding[0] for each in operation.windows) != sides:
                instead[case.attempt.rows[node].name] = replace(operation, padding=sides)
    lines = []
    for name, same in instead.items():
        at = cures.reference(name, case.modules)
        sides = tuple(each.padding[0] for each in same.windows)  # type: ignore[attr-defined]
        lines.append(f"{at}.padding = {sides}" if at is not None else None)
    if not lines or None in lines or not case.runs(instead=instead):
        return []
    code = "\n".join(str(line) for line in lines)
    return [Cure("padding", code, {"names": ", ".join(instead)})]
