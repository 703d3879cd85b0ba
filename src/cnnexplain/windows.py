"""A window on one axis: its output size, the inputs behind each output, what it sees.

The rules are those of torch; the arithmetic is that of Dumoulin and Visin, "A guide to convolution
arithmetic for deep learning", https://arxiv.org/abs/1603.07285.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import ArgumentError, ShapeError, whole
from cnnexplain.formula import Formula

if TYPE_CHECKING:
    from collections.abc import Sequence

# Strides and offsets are whole numbers but for layers that enlarge.
Exact: TypeAlias = int | Fraction


@dataclass(frozen=True, slots=True)
class Field:
    """The inputs that unit `i` sees: all from `stride·i + first` to `stride·i + last`.

    Attributes:
        stride: The effective stride, in inputs per unit.
        first: The first input that unit 0 sees; below 0 it lies in the padding.
        last: The last input that unit 0 sees.

    Example:
        Two 3-wide convolutions with stride 2 see as much as one 7-wide with stride 4:

        >>> from cnnexplain.axis import window
        >>> conv = window(3, stride=2, padding=1)
        >>> both = conv.field.then(conv.field)
        >>> both.size, both.stride, both.padding
        (7, 4, 3)
    """

    stride: Exact = 1
    first: Exact = 0
    last: Exact = 0

    @property
    def size(self) -> int:
        """The receptive field's size, in inputs."""
        return int(self.last - self.first) + 1

    @property
    def padding(self) -> Exact:
        """The effective padding: how far unit 0 looks beyond the first input."""
        return -self.first

    def then(self, above: Field) -> Field:
        """Return what units of a layer above see, if the layer below them sees this.

        Args:
            above: What a unit of the layer above sees of the layer below it.
        """
        return Field(
            self.stride * above.stride,
            self.stride * above.first + self.first,
            self.stride * above.last + self.last,
        )


def _within(start: int, stop: int, size: int) -> range:
    """Return the part of a range that lies between 0 and a size."""
    start = max(start, 0)
    return range(start, max(min(stop, size), start))


@dataclass(frozen=True, slots=True)
class _Window:
    """What every window on an axis has."""

    kernel_size: int
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1

    @property
    def extent(self) -> int:
        """The inputs from the window's first to its last, the gaps of dilation included."""
        return self.dilation * (self.kernel_size - 1) + 1

    def _terms(self, sign: str) -> tuple[str, str]:
        before, after = self.padding
        if before == after:
            return f"{sign} 2·P", f"{sign} 2·{before}"
        return f"{sign} P₀ {sign} P₁", f"{sign} {before} {sign} {after}"


@dataclass(frozen=True, slots=True)
class Convolution(_Window):
    """A convolution's window on one axis; `axis.window` makes one from torch's arguments.

    Attributes:
        kernel_size: The number of inputs that the window multiplies.
        stride: The step between two windows, in inputs.
        padding: The zeros before and after the input.
        dilation: The step between two inputs of one window.
    """

    @property
    def field(self) -> Field:
        """What one output sees of the input."""
        start = -self.padding[0]
        return Field(self.stride, start, start + self.extent - 1)

    def clean(self, inputs: range, outputs: int) -> range:
        """Return the outputs whose windows read nothing but clean inputs.

        Args:
            inputs: The inputs that no padding has touched.
            outputs: The number of outputs.

        Example:
            >>> from cnnexplain.axis import window
            >>> window(3, padding=1).clean(range(224), 224)
            range(1, 223)
        """
        start = -(-(inputs.start + self.padding[0]) // self.stride)
        stop = (inputs.stop - self.extent + self.padding[0]) // self.stride + 1
        return _within(start, stop, outputs)

    def output_size(self, input_size: int) -> int:
        """Return the number of windows that fit.

        Args:
            input_size: The number of inputs, without padding.

        Raises:
            ShapeError: If not one window fits.
        """
        size = whole("input_size", input_size, 1)
        padded = size + sum(self.padding)
        if padded < self.extent:
            raise ShapeError(
                f"a padded input of at least {self.extent} (kernel_size={self.kernel_size}, "
                f"dilation={self.dilation})",
                f"{padded} (input_size={size}, padding={self.padding})",
                f"use input_size={max(self.extent - sum(self.padding), 1)} or more, "
                "a smaller kernel_size, or more padding",
            )
        return (padded - self.extent) // self.stride + 1

    def inputs(self, index: int) -> range:
        """Return the inputs behind an output; those below 0 or beyond the input are padding.

        Args:
            index: The output's index.

        Example:
            >>> from cnnexplain.axis import window
            >>> list(window(3, stride=2, padding=1).inputs(0))
            [-1, 0, 1]
        """
        start = index * self.stride - self.padding[0]
        return range(start, start + self.extent, self.dilation)

    def unread(self, input_size: int) -> range:
        """Return the inputs at the far end that no window reaches, since sizes round down.

        Args:
            input_size: The number of inputs, without padding.

        Example:
            >>> from cnnexplain.axis import window
            >>> window(3, stride=2).unread(14)
            range(13, 14)
        """
        last = self.inputs(self.output_size(input_size) - 1)[-1]
        return range(min(last + 1, input_size), input_size)

    def formula(self, input_size: int) -> Formula:
        """Return the output size's formula.

        Args:
            input_size: The number of inputs, without padding.

        Example:
            >>> from cnnexplain.axis import window
            >>> print(window(3, stride=2).formula(13))
            floor((13 + 2·0 − 3)/2) + 1 = 6
        """
        return self._rounded("floor", input_size, dropped=False)

    def _rounded(self, rounding: str, input_size: int, *, dropped: bool) -> Formula:
        padding, padding_now = self._terms("+")
        if self.dilation == 1:
            kernel, kernel_now = "K", f"{self.kernel_size}"
        else:
            kernel = "D·(K − 1) − 1"
            kernel_now = f"{self.dilation}·({self.kernel_size} − 1) − 1"
        end = " + 1 − 1" if dropped else " + 1"
        above, above_now = f"W {padding} − {kernel}", f"{input_size} {padding_now} − {kernel_now}"
        result = self.output_size(input_size)
        return Formula(
            f"{rounding}(({above})/S){end}",
            f"{rounding}(({above_now})/{self.stride}){end} = {result}",
        )


@dataclass(frozen=True, slots=True)
class Pooling(Convolution):
    """A pooling's window on one axis: padding is never real, so it has tighter limits.

    Attributes:
        kernel_size: The number of inputs that the window covers.
        stride: The step between two windows, in inputs.
        padding: The virtual inputs before and after the input.
        dilation: The step between two inputs of one window.
        ceil_mode: Whether sizes round up, so that a window may overhang the end.
    """

    ceil_mode: bool = False

    def __post_init__(self) -> None:
        # Half of the kernel without its dilation: so do torch's kernels, whatever its messages say.
        if max(self.padding) > self.kernel_size // 2:
            raise ArgumentError(
                f"a pooling's padding of at most half its kernel_size, {self.kernel_size // 2}",
                f"padding={max(self.padding)}, kernel_size={self.kernel_size}",
                f"use padding={self.kernel_size // 2} or less, or a kernel_size of "
                f"{2 * max(self.padding)} or more",
            ).about(
                kind="pool_padding",
                kernel_size=self.kernel_size,
                padding=max(self.padding),
                most=self.kernel_size // 2,
            )

    def output_size(self, input_size: int) -> int:
        """Return the number of windows.

        Args:
            input_size: The number of inputs, without padding.

        Raises:
            ShapeError: If there is not one window.
        """
        windows, dropped = self._windows(input_size)
        if windows - dropped < 1:
            raise ShapeError(
                f"an input of at least {max(self.extent - sum(self.padding), 1)} "
                f"(kernel_size={self.kernel_size}, dilation={self.dilation}, "
                f"padding={self.padding})",
                f"input_size={input_size}",
                "use a larger input, or a smaller kernel_size",
            )
        return windows - dropped

    def _windows(self, input_size: int) -> tuple[int, bool]:
        """Return the windows by the formula, and whether the last would start beyond the input."""
        size = whole("input_size", input_size, 1)
        spare = size + sum(self.padding) - self.extent
        if not self.ceil_mode:
            return spare // self.stride + 1, False
        windows = -(-spare // self.stride) + 1
        return windows, (windows - 1) * self.stride >= size + self.padding[0]

    def formula(self, input_size: int) -> Formula:
        """Return the output size's formula.

        Args:
            input_size: The number of inputs, without padding.

        Example:
            >>> from cnnexplain.axis import window
            >>> print(window(3, stride=2, ceil_mode=True).formula(14))
            ceil((14 + 2·0 − 3)/2) + 1 = 7

            A window that would start beyond the input is dropped:

            >>> print(window(1, stride=2, ceil_mode=True).formula(2))
            ceil((2 + 2·0 − 1)/2) + 1 − 1 = 1
        """
        _, dropped = self._windows(input_size)
        return self._rounded("ceil" if self.ceil_mode else "floor", input_size, dropped=dropped)


@dataclass(frozen=True, slots=True)
class Transposed(_Window):
    """A transposed convolution's window on one axis: each input writes, each output gathers.

    Attributes:
        kernel_size: The number of outputs that one input writes to.
        stride: The step between the outputs of two inputs.
        padding: The outputs cut away before and after.
        dilation: The step between two outputs of one input.
        output_padding: Outputs added at the end.
    """

    output_padding: int = 0

    def __post_init__(self) -> None:
        limit = max(self.stride, self.dilation)
        if self.output_padding >= limit:
            raise ArgumentError(
                f"an output_padding below the stride or the dilation, {limit}",
                f"output_padding={self.output_padding}",
                f"use output_padding={limit - 1} or less",
            )

    @property
    def field(self) -> Field:
        """What one output sees of the input: at most, since outputs between strides see less."""
        start = Fraction(self.padding[0] - self.extent + 1, self.stride)
        return Field(Fraction(1, self.stride), start, Fraction(self.padding[0], self.stride))

    def clean(self, inputs: range, outputs: int) -> range:
        """Return the outputs to which nothing but clean inputs write.

        Args:
            inputs: The inputs that no padding has touched.
            outputs: The number of outputs.

        Example:
            Beyond the inputs there is nothing, as if there were zeros:

            >>> from cnnexplain.axis import window
            >>> window(3, transposed=True).clean(range(5), 7)
            range(2, 5)
        """
        starts, lasts = [outputs], [-1]
        # Outputs a stride apart have the same taps.
        for phase in range(min(self.stride, outputs)):
            first, last = phase, outputs - 1
            taps = self._taps(phase)
            if taps:
                zero = phase + self.padding[0]
                first = inputs.start * self.stride + self.dilation * taps[-1] - zero + phase
                last = (inputs.stop - 1) * self.stride + self.dilation * taps[0] - zero + phase
            first = max(first + (phase - first) % self.stride, phase)
            last = min(last, outputs - 1)
            last -= (last - phase) % self.stride
            if first <= last:
                starts.append(first)
                lasts.append(last)
        return _within(min(starts), max(lasts) + 1, outputs)

    def _taps(self, index: int) -> range:
        """Return which of the kernel's cells write to an output, wherever the inputs end."""
        shared = gcd(self.dilation, self.stride)
        every, at = self.stride // shared, index + self.padding[0]
        if at % shared:
            return range(0)
        return range(
            at // shared * pow(self.dilation // shared, -1, every) % every, self.kernel_size, every
        )

    def output_size(self, input_size: int) -> int:
        """Return the number of outputs.

        Args:
            input_size: The number of inputs.

        Raises:
            ShapeError: If the padding cuts everything away.

        Example:
            >>> from cnnexplain.axis import window
            >>> window(2, stride=2, transposed=True).output_size(6)
            12
        """
        size = whole("input_size", input_size, 1)
        outputs = (size - 1) * self.stride - sum(self.padding) + self.extent + self.output_padding
        if outputs < 1:
            raise ShapeError(
                "an output size of at least 1",
                f"{outputs} (input_size={size}, padding={self.padding})",
                "use less padding, or a larger input",
            )
        return outputs

    def inputs(self, index: int) -> Sequence[int]:
        """Return the inputs that write to an output; those beyond the input do not exist.

        Args:
            index: The output's index.

        Example:
            >>> from cnnexplain.axis import window
            >>> list(window(3, stride=2, transposed=True).inputs(2))
            [0, 1]
        """
        reach = (index + self.padding[0] - self.dilation * tap for tap in range(self.kernel_size))
        return tuple(sorted(at // self.stride for at in reach if at % self.stride == 0))

    def formula(self, input_size: int) -> Formula:
        """Return the output size's formula.

        Args:
            input_size: The number of inputs.

        Example:
            >>> from cnnexplain.axis import window
            >>> print(window(2, stride=2, transposed=True).formula(6))
            (6 − 1)·2 − 2·0 + 1·(2 − 1) + 0 + 1 = 12
        """
        padding, padding_now = self._terms("−")
        symbols = f"(W − 1)·S {padding} + D·(K − 1) + O + 1"
        numbers = (
            f"({input_size} − 1)·{self.stride} {padding_now} + {self.dilation}·"
            f"({self.kernel_size} − 1) + {self.output_padding} + 1 = {self.output_size(input_size)}"
        )
        return Formula(symbols, numbers)
