"""Sliding against one pass: the same scores by both ways, how far they differ, what each costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from cnnexplain import figures
from cnnexplain.api import trace
from cnnexplain.conversion import fully_convolutional
from cnnexplain.conversion.modules import module_of
from cnnexplain.devices import chosen, full_precision, timed
from cnnexplain.devices import precision as precision_of
from cnnexplain.errors import ArgumentError, pair, shown
from cnnexplain.languages import number, shape, text
from cnnexplain.sliding import (
    Pair,
    Prepared,
    Surrounded,
    channels_last,
    evaluated,
    grid,
    picture,
    placed,
)
from cnnexplain.tracing.tensors import tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray
    from torch import nn

    from cnnexplain.conversion import Conversion
    from cnnexplain.devices import Precision
    from cnnexplain.figures import Figure
    from cnnexplain.graph import Network


# Probabilities add up to 1, but for rounding.
_ROUNDED = 1e-4


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs to score all windows.

    Attributes:
        macs: The multiply-accumulates of matrix products and convolutions.
        seconds: The seconds on the clock.
        cpu_seconds: The seconds of the processor's cores, taken together.
    """

    macs: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, repr=False)
class Comparison:
    """A network's scores on all windows of an image, by sliding and by one pass.

    Attributes:
        conversion: The converted network, which made the one pass.
        sliding: The scores of the windows, (1, classes, rows, columns).
        one_pass: The scores of the cells, of the same shape.
        errors: For each cell the length of the difference, relative to the window's scores,
            (rows, columns).
        exact: Which cells are the same by geometry alone, as rows of cells.
        sliding_cost: What sliding cost.
        one_pass_cost: What one pass cost.
        image_size: The image's (height, width) in pixels.
        stride: The step between two windows in pixels.
        context: The surroundings that each window was given in pixels.
        device: Where both ran.
        precision: `"float64"` or `"float32"`.
    """

    conversion: Conversion = field(repr=False)
    sliding: torch.Tensor
    one_pass: torch.Tensor
    errors: torch.Tensor
    exact: tuple[tuple[bool, ...], ...]
    sliding_cost: Cost
    one_pass_cost: Cost
    image_size: Pair
    stride: Pair
    context: Pair
    device: torch.device
    precision: str

    @property
    def window(self) -> Pair:
        """The window's (height, width) in pixels."""
        return self.conversion.window

    @property
    def rounding(self) -> float:
        """The largest relative error that is taken for rounding in this precision."""
        return 1e-9 if self.precision == "float64" else 1e-4

    @property
    def maximum(self) -> float:
        """The largest of the errors."""
        return float(self.errors.max())

    @property
    def agreement(self) -> float:
        """The share of cells whose highest class is that of their window."""
        both = _on_cpu([self.sliding, self.one_pass])
        if not self.sliding.is_floating_point():
            highest, found = both  # the network tells the class itself
        else:
            highest, found = (each.flatten(1, -3).argmax(1) for each in both)
        return float((highest == found).double().mean())

    @property
    def mac_ratio(self) -> float:
        """How many times fewer multiply-accumulates one pass needs; 1 where there are none."""
        return self.sliding_cost.macs / self.one_pass_cost.macs if self.one_pass_cost.macs else 1.0

    @property
    def probable(self) -> bool:
        """Whether the scores are probabilities: not negative, and 1 in all for every window."""
        return all(
            each.ndim > 3  # noqa: PLR2004  # one score for each window has no axis of classes
            and each.is_floating_point()
            and bool((each >= 0).all())
            and bool(((each.flatten(1, -3).sum(1) - 1).abs() < _ROUNDED).all())
            for each in _on_cpu([self.sliding, self.one_pass])
        )

    def figure(
        self,
        channel: int | None = None,
        photograph: bytes | None = None,
        name: str | None = None,
    ) -> Figure:
        """Draw one class's maps by both ways, and the errors of the cells, in the current language.

        Args:
            channel: The class, counted from 0; that with the highest score of any window unless
                given.
            photograph: The image as the bytes of a PNG or JPEG file, to be drawn under the maps.
            name: What the class is called; its number unless given.

        Raises:
            ArgumentError: If there is no such class, a score or an error is no finite number, there
                are too many cells to draw, or the photograph is no such file.

        Example:
            >>> import cnnexplain as cx
            >>> image = torch.rand(1, 40, 40)
            >>> lenet = compare(cx.networks.lenet5(), image, window=32, device="cpu")
            >>> lenet.figure(channel=7).height > 0
            True
        """
        sliding, one_pass = (
            each.flatten(1, -3)[0].double() for each in _on_cpu([self.sliding, self.one_pass])
        )
        drawn = int(sliding.amax((1, 2)).argmax()) if channel is None else channel
        if (
            isinstance(drawn, bool)
            or not isinstance(drawn, int)
            or drawn not in range(len(sliding))
        ):
            raise ArgumentError(
                f"channel as a class from 0 to {len(sliding) - 1}",
                f"channel={shown(channel)}",
                "write for example channel=0, or leave it out",
            )
        if name is None and len(sliding) > 1:
            name = text("comparison.class", number=number(drawn))
        return figures.comparison(
            sliding[drawn],
            one_pass[drawn],
            self.errors,
            image_size=self.image_size,
            window=self.window,
            stride=self.stride,
            photograph=photograph,
            exact=self.exact,
            rounding=self.rounding,
            name=name,
            probabilities=self.probable,
        )

    def _repr_html_(self) -> str | None:
        try:
            return self.figure().html
        except ArgumentError:
            return None  # what cannot be drawn is told

    def __repr__(self) -> str:
        cells = self.errors.numel()
        lines = [
            text(
                "comparison.windows",
                count=number(cells),
                window=shape(self.window),
                stride=shape(self.stride),
                image=shape(self.image_size),
            ),
            text("comparison.exact", count=number(sum(map(sum, self.exact))), cells=number(cells)),
            text(
                "comparison.errors",
                least=scientific(float(self.errors.min())),
                median=scientific(float(self.errors.median())),
                most=scientific(self.maximum),
            ),
            text(
                "comparison.agreement",
                count=number(round(cells * self.agreement)),
                cells=number(cells),
            ),
        ]
        for name, cost in (("sliding", self.sliding_cost), ("one_pass", self.one_pass_cost)):
            lines.append(
                text(
                    f"comparison.{name}",
                    macs=number(cost.macs),
                    seconds=scientific(cost.seconds),
                    cpu=scientific(cost.cpu_seconds),
                )
            )
        lines.append(text("comparison.device", device=str(self.device), precision=self.precision))
        return "\n".join(lines)


def scientific(value: float) -> str:
    """Return a measurement with two digits that count, in the current language.

    Args:
        value: The measurement.

    Example:
        >>> scientific(0.35512), scientific(2.13e-16), scientific(0.0)
        ('0.36', '2.1e-16', '0')
    """
    written = f"{value:.2g}"
    mantissa, _, exponent = written.partition("e")
    point = number(1.5)[1:2]
    return mantissa.replace(".", point) + (f"e{exponent}" if exponent else "")


def compare(
    model: nn.Module | Network | str,
    image: torch.Tensor | NDArray[Any],
    window: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    *,
    context: int | Sequence[int] = 0,
    device: str | torch.device = "auto",
    precision: Precision = "float64",
    batch_size: int | None = None,
) -> Comparison:
    """Score all windows of an image by sliding and by one pass, and compare.

    Args:
        model: An `nn.Module` in eval mode, a network of `cnnexplain.networks`, or the text of an
            `nn.Sequential(...)`. It is not changed.
        image: A tensor or an array of floating-point numbers, (channels, height, width), with or
            without a batch of 1 before it; preprocessed as the network wants it.
        window: The size that the network was designed for: a number, or (height, width).
        stride: The step between two windows, a multiple of the network's effective stride, which
            it is unless given: a number, or (rows, columns).
        context: How much of the image each window is given beyond its own on each side when
            sliding, in pixels: a multiple of the effective stride.
        device: `"auto"` for a GPU if there is one, or a device of torch's.
        precision: `"float64"`, which tells rounding from real differences; or `"float32"`, as
            networks are used, for what time they take.
        batch_size: How many windows at once when sliding; as many as memory allows unless given.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If the network does not take a window of this size.
        ConversionError: If the network cannot be converted.

    Example:
        >>> import cnnexplain as cx
        >>> image = torch.rand(1, 64, 64)
        >>> lenet = compare(cx.networks.lenet5(), image, window=32, device="cpu")
        >>> lenet.errors.shape, lenet.maximum < 1e-12, lenet.agreement
        (torch.Size([9, 9]), True, 1.0)
    """
    dtype = precision_of(precision)
    original = evaluated(module_of(model))
    where = chosen(device, dtype)
    pixels = picture(image).to(where, dtype)
    # First of all, so that weights that are folded into others are so in this precision.
    network = placed(original, where, dtype)
    size, beyond = pair("window", window, 1), pair("context", context, 0)
    conversion = fully_convolutional(network, (pixels.shape[1], *size))
    effective = conversion.effective_stride
    steps = effective if stride is None else pair("stride", stride, 1)
    if any(step % each for step, each in zip(steps, effective, strict=True)):
        raise ArgumentError(
            f"stride as a multiple of the network's effective stride, {shape(effective)}",
            f"stride={shown(steps)}",
            f"write stride={_written(effective)}, or leave it out",
        )
    windows = grid(pixels, size, steps)
    every = [step // each for step, each in zip(steps, effective, strict=True)]
    rows, columns = len(windows.rows), len(windows.columns)

    if beyond == (0, 0):
        prepared = Prepared(network, pixels, size, batch_size)
        slid_macs = len(windows) * prepared.macs
        with timed(where) as slid_seconds:
            slid = prepared.scores(windows)
    else:
        surrounded = Surrounded(conversion, pixels, windows, beyond, batch_size)
        slid_macs = surrounded.macs
        with timed(where) as slid_seconds:
            slid = surrounded.scores()

    module = channels_last(conversion.module)
    one_macs = trace(module, tuple(pixels.shape[1:])).macs
    with timed(where) as one_seconds, torch.inference_mode(), full_precision():
        # A copy, since the first layer may write to what it takes.
        passed = module(pixels.clone(memory_format=torch.channels_last))

    both = [
        [
            each[..., : rows * step_y : step_y, : columns * step_x : step_x]
            for each in tensors(found)
        ]
        for found, (step_y, step_x) in ((slid, (1, 1)), (passed, (every[0], every[1])))
    ]
    image_size = (int(pixels.shape[2]), int(pixels.shape[3]))
    cells = conversion.exactness.cells(image_size, beyond)
    exact = tuple(row[:: every[1]] for row in cells[:: every[0]])
    return Comparison(
        conversion=conversion,
        sliding=both[0][0],
        one_pass=both[1][0].clone(),
        errors=_errors(*both),
        exact=exact,
        sliding_cost=Cost(slid_macs, *slid_seconds),
        one_pass_cost=Cost(one_macs, *one_seconds),
        image_size=image_size,
        stride=steps,
        context=beyond,
        device=where,
        precision=precision,
    )


def _written(steps: Pair) -> str:
    return str(steps[0]) if steps[0] == steps[1] else str(steps)


def _errors(sliding: list[torch.Tensor], one_pass: list[torch.Tensor]) -> torch.Tensor:
    """Return for each cell the length of the difference, relative to that of the window's."""
    wanted, found = (
        torch.cat([each.flatten(1, -3).double() for each in outputs], dim=1)[0]
        for outputs in (_on_cpu(sliding), _on_cpu(one_pass))
    )
    length, difference = wanted.norm(dim=0), (wanted - found).norm(dim=0)
    return torch.where(difference == 0, 0.0, difference / length)


def _on_cpu(outputs: list[torch.Tensor]) -> list[torch.Tensor]:
    # One score for each window has no axis of classes.
    return [(each if each.ndim > 3 else each[:, None]).cpu() for each in outputs]  # noqa: PLR2004
