"""Which sizes of the input leave what a layer wants, along one axis of the picture.

Where convolutions and poolings follow one another, their nested floors are one: an input of s
leaves floor((s + offset)/stride). Elsewhere the network is asked, size by size, and what is found
is checked over whole periods: rounding repeats itself every product of the strides.

Whatever is not sure is None. A recorded network holds sizes as numbers that its forward may have
computed from the input; where these decide, nothing is said. That a forward takes another way for
another size, no recording shows: whoever holds the module can record it again to be sure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count, islice
from math import lcm
from typing import TYPE_CHECKING

from cnnexplain.errors import CnnExplainError
from cnnexplain.formula import Formula
from cnnexplain.languages import text
from cnnexplain.operations.activations import (
    Dropout1d,
    LogSoftmax,
    PReLU,
    Softmax,
    Softmax2d,
    Softmin,
)
from cnnexplain.operations.base import Opaque, Operation
from cnnexplain.operations.joining import Cat, Elementwise
from cnnexplain.operations.normalisation import (
    BatchNorm,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LocalResponseNorm,
)
from cnnexplain.operations.padding import Pad, _PadLayer
from cnnexplain.operations.resampling import (
    ChannelShuffle,
    PixelUnshuffle,
    Unfold,
    Upsample,
    UpsamplingBilinear2d,
    UpsamplingNearest2d,
)
from cnnexplain.operations.reshaping import Cut, Expand, Slice
from cnnexplain.operations.spatial import AvgPool3d, Spatial
from cnnexplain.windows import Convolution, Pooling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnnexplain.graph import Network, Node
    from cnnexplain.operations import Shape

# Longer periods than any published network has, and the most sizes that a search may ask about.
_LONGEST = 256
# More steps of a network than are looked at for all sizes of a period.
_MOST_STEPS = 20_000
_FARTHEST = 4096
# A factor such as 1.5 is exact in binary; one such as 0.3 is not, and its floors follow no rule.
_FINEST = 64


@dataclass(frozen=True, slots=True)
class Side:
    """How the size of a value follows from the input's: floor((s + offset)/stride).

    Attributes:
        stride: The inputs per output.
        offset: What the input gains, or below 0 loses, before it is divided.
        least: The smallest input for which every layer on the way has at least one output.

    Example:
        >>> from cnnexplain.axis import pooling, window
        >>> conv = Side().then(window(11, stride=4))
        >>> conv
        Side(stride=4, offset=-7, least=11)
        >>> conv.size(227)
        55
    """

    stride: int = 1
    offset: int = 0
    least: int = 1

    def size(self, s: int) -> int:
        """Return the value's size.

        Args:
            s: The input's size, at least `least`.
        """
        return (s + self.offset) // self.stride

    def fits(self, size: int) -> range:
        """Return the sizes of the input that leave a size; none where nothing does.

        Args:
            size: The size that is wanted.

        Example:
            >>> Side(stride=32, offset=-35, least=67).fits(6)
            range(227, 259)
        """
        start = self.stride * size - self.offset
        return range(max(start, self.least), max(start + self.stride, self.least))

    def then(self, window: Convolution) -> Side | None:
        """Return the size behind one more window.

        Args:
            window: The window of a convolution or a pooling.

        Returns:
            The form; None for a pooling that rounds up and may drop its last window.
        """
        # What the window does to a size n: floor((n + gain)/window.stride).
        gain = sum(window.padding) - window.extent + window.stride
        if isinstance(window, Pooling) and window.ceil_mode:
            gain += window.stride - 1
            if window.padding[1] + window.stride - 1 >= window.extent:
                return None
        after = replace(
            self, stride=self.stride * window.stride, offset=self.offset + self.stride * gain
        )
        return after.reaching(1)

    def reaching(self, size: int) -> Side:
        """Return the same form for inputs that leave at least a size.

        Args:
            size: The size.
        """
        return replace(self, least=max(self.least, self.stride * size - self.offset))

    def formula(self, s: int) -> Formula:
        """Return how the size comes about.

        Args:
            s: The input's size, at least `least`.

        Example:
            >>> print(Side(stride=32, offset=-35, least=67).formula(384))
            floor((384 − 35)/32) = 10
            >>> Side(stride=32).formula(224).symbols
            'floor(s/32)'
        """
        numbers, result = self._rule(str(s)), str(self.size(s))
        return Formula(self._rule("s"), numbers if numbers == result else f"{numbers} = {result}")

    def _rule(self, s: str) -> str:
        sign = "+" if self.offset > 0 else "−"
        moved = f"{s} {sign} {abs(self.offset)}" if self.offset else s
        if self.stride == 1:
            return moved
        return f"floor(({moved})/{self.stride})" if self.offset else f"floor({s}/{self.stride})"


@dataclass(frozen=True, slots=True)
class Sizes:
    """A set of sizes of one axis.

    Attributes:
        runs: Runs of sizes, ascending and apart, at least one.
        every: After how many sizes the runs repeat, upwards from the first; None if they do not.
        open: Whether the last run goes on without an end.

    Example:
        >>> halved_four_times = Sizes((range(16, 17),), every=16)
        >>> 572 in halved_four_times, halved_four_times.nearest(572)
        (False, 576)
        >>> halved_four_times.first(3)
        (16, 32, 48)
    """

    runs: tuple[range, ...]
    every: int | None = None
    open: bool = False

    def __contains__(self, size: object) -> bool:
        return isinstance(size, int) and size >= 1 and self.nearest(size) == size

    def nearest(self, size: int) -> int:
        """Return the size of the set that is closest; of two, the larger.

        Args:
            size: Any size.
        """
        shifts = [0]
        if self.every:
            turns = max((size - self.runs[0].start) // self.every, 0)
            shifts = [self.every * turn for turn in range(max(turns - 1, 0), turns + 2)]
        found = [
            min(max(size, run.start + shift), run.stop - 1 + shift)
            for shift in shifts
            for run in self.runs
        ]
        if self.open:
            found.append(max(size, self.runs[-1].start))
        return min(found, key=lambda each: (abs(each - size), -each))

    def first(self, count: int) -> tuple[int, ...]:
        """Return the smallest sizes.

        Args:
            count: How many; fewer are returned where there are no more.
        """
        sizes = (size for start, stop in self.stretches() for size in _counted(start, stop))
        return tuple(islice(sizes, count))

    def stretches(self) -> Iterator[tuple[int, int | None]]:
        """Yield the first and the last size of each stretch without gaps, ascending.

        The last one is None where there is none; where the runs repeat, stretches never end.
        """
        start = last = self.runs[0].start
        for run in self._repeated():
            if run.start > last + 1:
                yield start, last
                start = run.start
            last = run.stop - 1
        yield start, None if self.open else last

    def _repeated(self) -> Iterator[range]:
        for shift in count(0, self.every) if self.every else (0,):
            for run in self.runs:
                yield range(run.start + shift, run.stop + shift)


def _counted(start: int, last: int | None) -> Iterator[int]:
    return iter(range(start, last + 1)) if last is not None else count(start)


def said(sizes: Sizes) -> str:
    """Return a set of sizes in words, in the current language.

    Args:
        sizes: The sizes.

    Example:
        >>> said(Sizes((range(227, 259),)))
        '227–258'
        >>> said(Sizes((range(63, 64),), open=True))
        '63 or more'
        >>> said(Sizes((range(32, 33),), every=16))
        'multiples of 16, from 32 up'
    """
    every, single = sizes.every, all(len(run) == 1 for run in sizes.runs)
    if every is None:
        return _listed(sizes.stretches())
    start = sizes.runs[0].start
    if single and len(sizes.runs) == 1 and start % every == 0:
        key = "multiples" if start == every else "multiples_from"
        return text(f"explain.sizes.{key}", every=every, start=start)
    # Enough for the step from one turn to the next to show.
    shown = max(len(sizes.runs) + 1, 3 if single else 2)
    key = "one_in" if single and len(sizes.runs) == 1 else "repeated"
    listed = _listed(islice(sizes.stretches(), shown))
    return text(f"explain.sizes.{key}", listed=listed, every=every)


def _listed(stretches: Iterator[tuple[int, int | None]]) -> str:
    words = []
    for start, last in stretches:
        if last is None:
            words.append(text("explain.sizes.open", start=start))
        elif last == start:
            words.append(str(start))
        else:
            key = "pair" if last == start + 1 else "run"
            words.append(text(f"explain.sizes.{key}", start=start, last=last))
    return text("explain.sizes.comma").join(words)


def side_of(network: Network, shapes: Sequence[Shape], number: int, axis: int) -> Side | None:
    """Return how the size of a value follows from the size of the first picture that comes in.

    Args:
        network: The network.
        shapes: The shape of each input, with the batch.
        number: The value's number.
        axis: The axis of the picture: 0 is the first after the channels.

    Returns:
        The form; None where the size does not follow from windows one after another.

    Example:
        >>> from cnnexplain.networks import alexnet, vgg16
        >>> print(side_of(alexnet(), [(1, 3, 227, 227)], 15, axis=0).formula(227))
        floor((227 − 35)/32) = 6
        >>> print(side_of(vgg16(), [(1, 3, 224, 224)], 31, axis=0).formula(224))
        floor(224/32) = 7
    """
    asked = _asked(network, shapes, axis, [number])
    return None if asked is None else asked.side(number)


def fitting(
    network: Network, shapes: Sequence[Shape], number: int, axis: int, wanted: int
) -> Sizes | None:
    """Return the sizes of the input that leave a size of a value, all before it still running.

    Args:
        network: The network.
        shapes: The shape of each input, with the batch; along other axes, sizes stay.
        number: The value's number.
        axis: The axis of the picture: 0 is the first after the channels.
        wanted: The value's size along that axis.

    Returns:
        The sizes; None where there are none, or they cannot be told for sure.

    Example:
        >>> from cnnexplain.networks import alexnet
        >>> said(fitting(alexnet(), [(1, 3, 384, 384)], 15, axis=0, wanted=6))
        '227–258'
    """
    asked = _asked(network, shapes, axis, [number])
    if asked is None:
        return None
    side = asked.side(number)
    if side is None:
        return _searched(asked, number, wanted)
    run = side.fits(wanted)
    ends = [run[0], run[-1]] if run else []
    inside = [asked.size(number, s) == wanted for s in ends]
    outside = [asked.size(number, s) != wanted for s in (run.start - 1, run.stop)]
    return Sizes((run,)) if run and all(inside) and all(outside) else None


def agreeing(
    network: Network, shapes: Sequence[Shape], numbers: Sequence[int], axis: int
) -> Sizes | None:
    """Return the sizes of the input for which several values have one size.

    Args:
        network: The network.
        shapes: The shape of each input, with the batch; along other axes, sizes stay.
        numbers: The values' numbers, such as those of a concatenation's operands.
        axis: The axis of the picture: 0 is the first after the channels.

    Returns:
        The sizes; None where there are none, or they cannot be told for sure.

    Example:
        A map that was halved and doubled is added to the map itself:

        >>> from cnnexplain.graph import Network, Node
        >>> from cnnexplain.operations import make
        >>> pool, up = make("MaxPool2d", [2], {}), make("Upsample", [], {"scale_factor": 2})
        >>> network = Network((Node("pool", pool, (0,), 0), Node("up", up, (1,), 0)))
        >>> said(agreeing(network, [(1, 3, 33, 33)], [0, 2], axis=0))
        'multiples of 2'
    """
    asked = _asked(network, shapes, axis, numbers)
    if asked is None:
        return None

    def agree(s: int) -> bool:
        shapes = asked.shapes(s)
        if shapes is None or any(len(shapes[number]) <= asked.index for number in numbers):
            return False
        return len({shapes[number][asked.index] for number in numbers}) == 1

    return _recurring(agree, asked.period(), asked.given)


def smallest(
    network: Network, shapes: Sequence[Shape], axis: int, upto: int | None = None
) -> Sizes | None:
    """Return the sizes of the input that pass all layers, from the smallest without an end.

    Args:
        network: The network.
        shapes: The shape of each input, with the batch. If it does not pass, the picture is taken
            as large along its other axes as it must be.
        axis: The axis of the picture: 0 is the first after the channels.
        upto: The number of the value up to which the network is to run; None is the last.

    Returns:
        The sizes; None where not all sizes from some size on pass, as before a dense layer, or
        where that is not sure.

    Example:
        >>> from cnnexplain.networks import alexnet
        >>> said(smallest(alexnet(), [(1, 3, 32, 32)], axis=0, upto=15))
        '67 or more'
    """
    last = len(shapes) + len(network.nodes) - 1 if upto is None else upto
    asked = _asked(network, shapes, axis, range(len(shapes), last + 1))
    if asked is None:
        return None
    period, given = asked.period(), asked.given
    if asked.shapes(given) is None and period is not None:
        square = asked.square
        side = _far(lambda s: square(s).shapes(s) is not None, period, given)
        if side is None:
            return None
        asked = square(side)
    found = _recurring(lambda s: asked.shapes(s) is not None, period, given)
    return found if found is not None and found.open else None


def square(
    network: Network, shapes: Sequence[Shape], number: int, at: int, wanted: int
) -> Sizes | None:
    """Return the sizes of a square picture for which an axis of a value has a size.

    The axis may carry both height and width, as the tokens of a vision transformer do.

    Args:
        network: The network.
        shapes: The shape of each input, with the batch.
        number: The value's number.
        at: The axis of the value's shape, the batch being axis 0.
        wanted: The size that it is to have.

    Returns:
        The sizes; None where there are none, or they cannot be told for sure.

    Example:
        >>> from cnnexplain.networks import lenet5
        >>> said(square(lenet5(), [(1, 1, 28, 28)], 7, at=1, wanted=400))
        '32–35'
    """
    asked = _asked(network, shapes, 0, [number])
    if asked is None:
        return None

    def size(s: int) -> int:
        made = asked.square(s).shapes(s)
        return 0 if made is None or len(made[number]) <= at else made[number][at]

    # Larger pictures make no smaller values; what is claimed is looked at on both sides.
    start = bisect_left(range(_FARTHEST), wanted, key=size)
    stop = bisect_right(range(_FARTHEST), wanted, key=size)
    if stop in {start, _FARTHEST}:
        return None
    sound = [size(s) == wanted for s in (start, stop - 1)]
    beyond = [size(s) != wanted for s in (start - 1, stop)]
    return Sizes((range(start, stop),)) if all(sound) and all(beyond) else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a network makes of other sizes of one axis, up to the values that are asked about.

    Attributes:
        inputs: The shape of each input as it was given.
        picture: The number of the input whose size changes.
        index: The axis of its shape that changes.
        steps: The operations that are needed, each with the number of what it makes.
        before: The shapes of all values for the inputs as given, as far as these pass.
    """

    inputs: tuple[Shape, ...]
    picture: int
    index: int
    steps: tuple[tuple[int, Node], ...]
    before: dict[int, Shape]
    known: dict[tuple[int, tuple[Shape, ...]], Shape | None] = field(default_factory=dict)

    @property
    def given(self) -> int:
        """The size that was given."""
        return self.inputs[self.picture][self.index]

    def size(self, number: int, s: int) -> int | None:
        """Return the size of a value for an input's size; None if that does not pass."""
        shapes = self.shapes(s)
        if shapes is None or len(shapes[number]) <= self.index:
            return None
        return shapes[number][self.index]

    def shapes(self, s: int) -> dict[int, Shape] | None:
        """Return the shape of each value for an input's size; None if that does not pass."""
        if s < 1:
            return None
        shapes = dict(enumerate(self.inputs))
        given = shapes[self.picture]
        shapes[self.picture] = (*given[: self.index], s, *given[self.index + 1 :])
        for number, node in self.steps:
            # Behind a few strides many sizes of the input are one, and each is asked about once.
            key = number, tuple([shapes[each] for each in node.inputs])
            if key not in self.known:
                self.known[key] = self._shape(node, key[1])
            shape = self.known[key]
            if shape is None:
                return None
            shapes[number] = shape
        return shapes

    def _shape(self, node: Node, taken: tuple[Shape, ...]) -> Shape | None:
        if isinstance(node.operation, Slice):
            # Its sizes were written down for the input as given.
            pairs = zip(node.operation.cuts, self.before[node.inputs[0]], taken[0], strict=True)
            return tuple(now if _is_whole(cut, size) else cut.size for cut, size, now in pairs)
        try:
            return node.operation.output_shape(*taken)
        except CnnExplainError:
            return None

    def square(self, s: int) -> _Asked:
        """Return the same for a picture whose axes all have one size."""
        inputs, shape = list(self.inputs), self.inputs[self.picture]
        inputs[self.picture] = (*shape[:2], *(s for _ in shape[2:]))
        return replace(self, inputs=tuple(inputs))

    def period(self) -> int | None:
        """Return after how many sizes of the input all rounding repeats itself, if that is sure."""
        periods = dict.fromkeys(range(len(self.inputs)), 1)
        for number, node in self.steps:
            factor = _period(node.operation)
            if factor is None:
                return None
            periods[number] = factor * lcm(*(periods[each] for each in node.inputs))
        period = lcm(*periods.values())
        return period if period <= _LONGEST and period * len(self.steps) <= _MOST_STEPS else None

    def side(self, number: int) -> Side | None:
        """Return the closed form of a value's size, if there is one."""
        sides: dict[int, Side | None] = dict.fromkeys(range(len(self.inputs)))
        sides[self.picture] = Side()
        rank = len(self.inputs[self.picture])
        for made, node in self.steps:
            below = _one_of([sides[each] for each in node.inputs])
            sides[made] = below and _behind(below, node.operation, self.index, rank)
        return sides[number]


def _asked(
    network: Network, shapes: Sequence[Shape], axis: int, numbers: Sequence[int]
) -> _Asked | None:
    """Return what can be asked about some values; None if recorded sizes would answer instead."""
    index = axis + 2
    picture = next((at for at, shape in enumerate(shapes) if len(shape) > index), None)
    if picture is None:
        return None
    inputs = len(shapes)
    needed = set(numbers)
    for number in range(inputs + len(network.nodes) - 1, inputs - 1, -1):
        if number in needed:
            needed.update(network.nodes[number - inputs].inputs)
    steps = tuple((each, network.nodes[each - inputs]) for each in sorted(needed) if each >= inputs)
    before = _before(shapes, steps)
    changing = {picture}
    for number, node in steps:
        if changing.isdisjoint(node.inputs):
            continue
        changing.add(number)
        taken = [before.get(each) for each in node.inputs]
        if _is_recorded(network, node, taken):
            return None
    return _Asked(tuple(shapes), picture, index, steps, before)


def _before(shapes: Sequence[Shape], steps: Sequence[tuple[int, Node]]) -> dict[int, Shape]:
    """Return the shapes of all values that the inputs as given reach."""
    found = dict(enumerate(shapes))
    for number, node in steps:
        if all(each in found for each in node.inputs):
            try:
                found[number] = node.operation.output_shape(*(found[each] for each in node.inputs))
            except CnnExplainError:
                continue
    return found


def _is_recorded(network: Network, node: Node, taken: Sequence[Shape | None]) -> bool:
    """Return whether the result is the recorded one for any input, or may be computed from it."""
    operation, shape = node.operation, taken[0]
    if isinstance(operation, Slice):
        return shape is None or not _is_of_channels(operation, shape)
    if not network.modules or node.name.partition(":")[0] in network.modules:
        # A layer's arguments were there before any input.
        return isinstance(operation, Opaque | Expand)
    if isinstance(operation, Upsample):
        return operation.size is not None
    if isinstance(operation, Spatial) and isinstance(next(iter(operation.windows), None), Pooling):
        # As in avg_pool2d(x, x.shape[2:]).
        kernel = tuple(window.kernel_size for window in operation.windows)
        return shape is None or kernel == shape[2:]
    return isinstance(operation, Opaque | Expand | Pad)


def _is_of_channels(operation: Slice, shape: Shape) -> bool:
    """Return whether slicing takes some of the channels and the whole picture."""
    if operation.new or not all(cut.keepdim for cut in operation.cuts):
        return False
    whole = [_is_whole(*pair) for pair in zip(operation.cuts, shape, strict=True)]
    return whole[0] and not whole[1] and all(whole[2:])


def _is_whole(cut: Cut, size: int) -> bool:
    return (cut.start, cut.step, cut.size) == (0, 1, size)


def _period(operation: Operation) -> int | None:
    """Return after how many sizes of its input an operation's rounding repeats itself."""
    if isinstance(operation, Spatial):
        return lcm(*(each.stride for each in operation.windows if isinstance(each, Convolution)))
    if isinstance(operation, Unfold):
        strides = operation.stride
        return lcm(*strides) if isinstance(strides, tuple) else strides
    if isinstance(operation, PixelUnshuffle):
        return operation.downscale_factor
    if isinstance(operation, Upsample | UpsamplingNearest2d | UpsamplingBilinear2d):
        factors = operation.scale_factor
        each_axis = factors if isinstance(factors, tuple) else (factors or 1,)
        period = lcm(*(Fraction(each).denominator for each in each_axis))
        return period if period <= _FINEST else None
    return 1


# Their results are as large as their inputs. LayerNorm is not here: it takes one size alone.
_KEEPING = (
    BatchNorm,
    ChannelShuffle,
    Dropout1d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LocalResponseNorm,
    LogSoftmax,
    PReLU,
    Softmax,
    Softmax2d,
    Softmin,
)


def _one_of(sides: Sequence[Side | None]) -> Side | None:
    """Return the form that all inputs of an operation have, if it is one."""
    forms = {None if side is None else (side.stride, side.offset) for side in sides}
    if len(forms) != 1 or None in forms:
        return None
    return max((side for side in sides if side is not None), key=lambda side: side.least)


def _behind(side: Side, operation: Operation, index: int, rank: int) -> Side | None:
    """Return the form behind an operation whose inputs all have one form."""
    match operation:
        case Spatial() if len(operation.windows) == rank - 2:
            return _slid(side, operation, index - 2)
        case Pad() | _PadLayer():
            return _padded(side, operation, index, rank)
        case Elementwise():
            back = rank - index
            fixed = {shape[-back] for shape in operation.others if len(shape) >= back}
            keeps = fixed <= {1} and all(len(shape) <= rank for shape in operation.others)
        case Cat():
            keeps = operation.dim in {1, 1 - rank} and not any(operation.others)
        case Slice():
            keeps = True  # of channels: others are not asked about
        case _:
            unchanged = type(operation).output_shape is Operation.output_shape
            keeps = unchanged or isinstance(operation, _KEEPING)
    return side if keeps else None


def _slid(side: Side, operation: Spatial, axis: int) -> Side | None:
    window = operation.windows[axis]
    if not isinstance(window, Convolution):
        return None
    if isinstance(operation, AvgPool3d):
        side = side.reaching(window.kernel_size)
    side = _repeating(side, getattr(operation, "padding_mode", "zeros"), window.padding)
    return side.then(window)


def _repeating(side: Side, mode: str, sides: tuple[int, int]) -> Side:
    """Return the form for inputs that are large enough for padding that repeats them."""
    needed = {"reflect": max(sides) + 1, "circular": max(sides)}
    return side.reaching(needed.get(mode, 1))


def _padded(side: Side, operation: Pad | _PadLayer, index: int, rank: int) -> Side | None:
    sides = operation._per_axis(rank)[index]  # noqa: SLF001  # exactness alone asks as well
    if min(sides) < 0:
        return None  # cuts away
    side = _repeating(side, operation._mode(), sides)  # noqa: SLF001
    return replace(side, offset=side.offset + side.stride * sum(sides))


def _searched(asked: _Asked, number: int, wanted: int) -> Sizes | None:
    """Return the sizes for which a value has a size, found by asking around where they must be."""
    period = asked.period()
    if period is None:
        return None

    def sized(s: int) -> tuple[int, int] | None:
        size, later = asked.size(number, s), asked.size(number, s + period)
        return None if size is None or later is None else (size, later)

    s = _far(lambda s: sized(s) is not None, period, asked.given)
    pair = None if s is None else sized(s)
    if s is None or pair is None or pair[0] == pair[1]:
        return None  # none, or a size that the input does not decide
    middle = s + (wanted - pair[0]) * period // (pair[1] - pair[0])
    start, stop = max(middle - 2 * period, 1), middle + 2 * period + 1
    found = [(each, asked.size(number, each)) for each in range(start, stop)]
    sizes = [size for _, size in found if size is not None]
    fits = [each for each, size in found if size == wanted]
    if not fits or sizes != sorted(sizes):
        return None
    # One whole period without any on either side, so that there are no others beyond.
    if (fits[0] - start < period and start > 1) or stop - 1 - fits[-1] < period:
        return None
    return Sizes(_runs(fits))


def _runs(sizes: Sequence[int]) -> tuple[range, ...]:
    """Return ascending sizes as runs."""
    runs: list[range] = []
    for size in sizes:
        if runs and runs[-1].stop == size:
            runs[-1] = range(runs[-1].start, size + 1)
        else:
            runs.append(range(size, size + 1))
    return tuple(runs)


def _recurring(holds: Callable[[int], bool], period: int | None, given: int) -> Sizes | None:
    """Return the sizes for which something holds that repeats itself from some size on.

    Args:
        holds: Whether it holds for a size.
        period: After how many sizes it repeats itself.
        given: A size around which to look first.
    """
    if period is None:
        return None
    far = _far(holds, period, given)
    if far is None:
        return None
    # What holds for a size holds for those whole periods below it until they are too small.
    low, high = 0, (far - 1) // period
    while low < high:
        middle = (low + high + 1) // 2
        if holds(far - middle * period):
            low = middle
        else:
            high = middle - 1
    first = far - low * period
    below = range(max(first - 2 * period, 1), first + period)
    start = next(filter(holds, below))
    if start - below.start < period and below.start > 1:
        return None
    pattern = [holds(s) for s in range(start, start + period)]
    # Twice more, and once around the size that was given: where it repeats itself, it always does.
    around = max(far, start + 3 * period)
    for s in (*range(start + period, start + 3 * period), *range(around, around + period)):
        if holds(s) != pattern[(s - start) % period]:
            return None
    every = next(
        each
        for each in range(1, period + 1)
        if period % each == 0 and pattern == pattern[each:] + pattern[:each]
    )
    runs = _runs([start + at for at in range(every) if pattern[at]])
    return Sizes(runs, open=True) if every == 1 else Sizes(runs, every)


def _far(holds: Callable[[int], bool], period: int, given: int) -> int | None:
    """Return a size for which something holds, within a period from the one given or larger."""
    size = given
    while size <= max(given, _FARTHEST):
        found = next(filter(holds, range(size, size + period)), None)
        if found is not None:
            return found
        size = max(2 * size, size + period)
    return None
