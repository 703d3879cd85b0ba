"""One axis under a sliding window: the cells that there are, and those that a window touches.

A window stands on the grid that it reads, the input, and its stops are the outputs. That of a
transposed convolution stands on the grid that it writes, the output, and its stops are the inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cnnexplain.windows import Transposed

if TYPE_CHECKING:
    from cnnexplain.windows import Convolution


@dataclass(frozen=True)
class Side:
    """One axis of the picture.

    Attributes:
        window: The window on this axis.
        input_size: The number of inputs, without padding.
    """

    window: Convolution | Transposed
    input_size: int

    @cached_property
    def output_size(self) -> int:
        """The number of outputs."""
        return self.window.output_size(self.input_size)

    @property
    def writes(self) -> bool:
        """Whether the window stands on the output and writes, rather than on the input."""
        return isinstance(self.window, Transposed)

    @property
    def stops(self) -> int:
        """The number of places at which the window stands."""
        return self.input_size if self.writes else self.output_size

    @property
    def size(self) -> int:
        """The number of cells under all windows, without padding."""
        return self.output_size if self.writes else self.input_size

    @property
    def first(self) -> int:
        """The index of the first cell drawn: below 0 it is padding."""
        return -self.window.padding[0]

    @property
    def padded(self) -> int:
        """The index behind the last cell that is real or padding."""
        if self.writes:
            return self.stop
        return self.input_size + self.window.padding[1]

    @cached_property
    def stop(self) -> int:
        """The index behind the last cell drawn: a window may overhang the padding."""
        end = self.reach(self.stops - 1)[-1] + 1
        return max(self.output_size if self.writes else self.padded, end)

    @property
    def pads(self) -> bool:
        """Whether there is padding: cells that count as zeros, or that are cut away."""
        return self.first < 0 or self.padded > self.size

    @property
    def overhangs(self) -> bool:
        """Whether a window overhangs input and padding."""
        return self.stop > self.padded

    @property
    def added(self) -> int:
        """The outputs that `output_padding` adds at the end."""
        return self.window.output_padding if isinstance(self.window, Transposed) else 0

    @property
    def plain(self) -> int:
        """The number of outputs without those that `output_padding` adds."""
        return max(self.output_size - self.added, 0)

    def reach(self, stop: int) -> range:
        """Return the cells under the window; those below 0 or beyond the size are padding.

        Args:
            stop: The window's stop, from 0.

        Example:
            Every input of a transposed convolution writes to a window of outputs:

            >>> from cnnexplain import axis
            >>> list(Side(axis.transposed(3, stride=2, padding=1), 4).reach(1))
            [1, 2, 3]
        """
        window = self.window
        if not isinstance(window, Transposed):
            return window.inputs(stop)
        start = stop * window.stride - window.padding[0]
        return range(start, start + window.extent, window.dilation)

    @cached_property
    def untouched(self) -> frozenset[int]:
        """The cells under no window: at the far end, or between windows far apart."""
        before = -self.first
        touched = bytearray(before + self.stop)
        for stop in range(self.stops):
            reach = self.reach(stop)
            at = slice(before + reach.start, before + reach.stop, reach.step)
            touched[at] = b"\1" * len(reach)
        return frozenset(index for index in range(self.size) if not touched[before + index])
