"""A network on every window of an image, as it is: what one pass is to be compared with."""

from __future__ import annotations

import copy
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import nn

from cnnexplain.api import trace
from cnnexplain.conversion import fully_convolutional
from cnnexplain.conversion.modules import module_of
from cnnexplain.devices import chosen, full_precision, is_out_of_memory
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError, pair, shown, whole
from cnnexplain.exactness import check_steps
from cnnexplain.tracing.tensors import tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from cnnexplain.conversion import Conversion
    from cnnexplain.graph import Network

Pair: TypeAlias = tuple[int, int]

# What the largest map of a batch may take on a processor, in bytes: more leaves the cache, and is
# slower. A few at least, since they share the reading of the weights.
_CACHE = 24 * 2**20
_FEW, _MOST = 4, 512


def slide(
    model: nn.Module | Network | str,
    image: torch.Tensor | NDArray[Any],
    window: int | Sequence[int],
    stride: int | Sequence[int],
    *,
    context: int | Sequence[int] = 0,
    device: str | torch.device = "auto",
    batch_size: int | None = None,
) -> Any:
    """Run a network on every window of an image, each cut out and scored by itself.

    Windows are run in batches, in the memory layout that is fastest, and no gradients are kept.

    Args:
        model: An `nn.Module` in eval mode, a network of `cnnexplain.networks`, or the text of an
            `nn.Sequential(...)`. It is not changed.
        image: A tensor or an array of floating-point numbers, (channels, height, width), with or
            without a batch of 1 before it; preprocessed as the network wants it.
        window: The window's size in pixels: a number, or (height, width).
        stride: The step between two windows in pixels: a number, or (rows, columns).
        context: How much of the image each window is given beyond its own on each side, as far as
            there is any, in pixels: a multiple of the network's effective stride. The network is
            then converted, and of the larger window that cell is taken which is the window's own.
        device: `"auto"` for a GPU if there is one, or a device of torch's.
        batch_size: How many windows at once; as many as memory allows unless given.

    Returns:
        The scores, (1, classes, rows, columns), on the device that was used; if the network
        returns several tensors, the same structure of them.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If the network does not take a window of this size.
        ConversionError: If a context is asked for and the network cannot be converted.

    Warns:
        UserWarning: If memory is short, and windows are run in smaller batches.

    Example:
        >>> import cnnexplain as cx
        >>> image = torch.rand(1, 64, 64)
        >>> slide(cx.networks.lenet5(), image, window=32, stride=4, device="cpu").shape
        torch.Size([1, 10, 9, 9])
    """
    pixels = picture(image)
    size, step, beyond = (
        pair("window", window, 1),
        pair("stride", stride, 1),
        pair("context", context, 0),
    )
    where = chosen(device, pixels.dtype)
    pixels = pixels.to(where)
    network = placed(evaluated(module_of(model)), where, pixels.dtype)
    windows = grid(pixels, size, step)
    if beyond == (0, 0):
        return Prepared(network, pixels, size, batch_size).scores(windows)
    conversion = fully_convolutional(network, (pixels.shape[1], *size))
    return Surrounded(conversion, pixels, windows, beyond, batch_size).scores()


@dataclass(frozen=True, slots=True)
class Windows:
    """Where windows stand.

    Attributes:
        rows: The first row of pixels of each row of windows.
        columns: The first column of pixels of each column of windows.
        stride: The step between two of them, (rows, columns) in pixels.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    stride: Pair = (1, 1)

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)


def evaluated(model: nn.Module) -> nn.Module:
    """Return a model that is in eval mode, or say that it is not.

    Args:
        model: The model.

    Raises:
        ArgumentError: If it is being trained.
    """
    for path, module in model.named_modules():
        if module.training:
            where = f", at {shown(path)}" if path else ""
            raise ArgumentError(
                "a model in eval mode, which scores each window by itself",
                f"a {type(module).__name__} in training mode{where}",
                "call model.eval() before",
            )
    return model


def picture(image: object) -> torch.Tensor:
    """Return an image as a tensor (1, channels, height, width).

    Args:
        image: A tensor or an array, with or without the batch.

    Raises:
        ArgumentError: If it is none, or not one of finite floating-point numbers.

    Example:
        >>> picture(torch.zeros(3, 8, 9)).shape
        torch.Size([1, 3, 8, 9])
    """
    try:
        # A copy of an array, which may be mirrored, or not to be written to.
        pixels = image if isinstance(image, torch.Tensor) else torch.tensor(copy.copy(image))
    except (TypeError, ValueError, RuntimeError):
        raise ArgumentError(
            "an image as a tensor or an array",
            f"a {type(image).__name__}",
            "write for example torch.rand(3, 384, 384)",
        ) from None
    if pixels.ndim == 3:  # noqa: PLR2004  # no batch
        pixels = pixels[None]
    if pixels.ndim != 4 or len(pixels) != 1 or not pixels.numel():  # noqa: PLR2004
        raise ArgumentError(
            "one image, (channels, height, width)",
            f"a tensor of shape {tuple(pixels.shape)}",
            "give one image at a time",
        )
    if not pixels.is_floating_point():
        raise ArgumentError(
            "an image of floating-point numbers, preprocessed as the network wants it",
            f"one of {str(pixels.dtype).removeprefix('torch.')}",
            "write for example image.float() / 255",
        )
    if not bool(pixels.isfinite().all()):
        raise ArgumentError(
            "an image of finite numbers",
            "one with others among its pixels",
            "look at how it was read and normalised: a division by a deviation of 0?",
        )
    return pixels.detach()


def grid(image: torch.Tensor, window: Pair, stride: Pair) -> Windows:
    """Return where windows stand in an image.

    Args:
        image: The image, (1, channels, height, width).
        window: The window's (height, width).
        stride: The step between two windows, (rows, columns).

    Raises:
        ArgumentError: If not one window fits.
    """
    height, width = image.shape[2:]
    if height < window[0] or width < window[1]:
        raise ArgumentError(
            f"an image of at least {window[0]}×{window[1]}, the size of the window",
            f"{height}×{width}",
            "use a larger image, or a smaller window",
        )
    rows, columns = (
        tuple(range(0, size - inner + 1, step))
        for size, inner, step in zip((height, width), window, stride, strict=True)
    )
    return Windows(rows, columns, stride)


class Prepared:
    """A network made ready to score windows, in the layout and in batches that are fastest.

    Args:
        model: The network, `placed` on the device in the image's precision.
        image: The image, (1, channels, height, width), on the device.
        window: The window's (height, width).
        batch_size: How many windows at once; as many as memory allows if None.

    Raises:
        ShapeError: If the network does not take a window of this size.
    """

    def __init__(
        self,
        model: nn.Module,
        image: torch.Tensor,
        window: Pair,
        batch_size: int | None = None,
    ) -> None:
        self._image = image
        self._window = window
        self._try(model)
        # As many batches as are needed, and no last one of a few windows.
        self._is_even = batch_size is None
        self._batch = self._fitting() if batch_size is None else whole("batch_size", batch_size, 1)

    @property
    def macs(self) -> int:
        """The multiply-accumulates of one window."""
        return trace(self._model, (self._image.shape[1], *self._window)).macs

    def _fitting(self) -> int:
        """Return how many windows have activations that fit into memory at once."""
        try:
            rows = trace(self._model, (self._image.shape[1], *self._window)).rows
        except CnnExplainError:
            return _FEW
        size, device = self._image.element_size(), self._image.device
        if device.type == "cuda":
            each = max(_values(*row.input_shapes, row.output_shape) for row in rows) * size
            wanted = torch.cuda.mem_get_info(device)[0] // 2 // each
        else:
            each = max(_values(row.output_shape) for row in rows) * size
            wanted = max(_CACHE // each, _FEW)
        return max(min(wanted, _MOST), 1)

    def _try(self, model: nn.Module) -> None:
        """Run one window, in the layout that is fastest or, if it must be, in the plain one."""
        one = Windows((0,), (0,))
        # A view of channels that come last, for example, is refused by torch.
        for layout in (torch.channels_last, torch.contiguous_format):
            self._layout, self._model = layout, _copied(model, layout)
            try:
                self._run(self._crops(one, [(0, 0)]))
            except Exception as error:  # noqa: BLE001  # a network may raise anything
                if is_out_of_memory(error):
                    return  # said, and mended, where all windows are run
                failure = error
            else:
                return
        raise self._refused(failure) from failure

    def _refused(self, error: Exception) -> ShapeError:
        line = (str(error).strip().splitlines() or [""])[0]
        size = "×".join(map(str, (self._image.shape[1], *self._window)))
        return ShapeError(
            f"a network that takes windows of {size}",
            f"{type(error).__name__}: {shown(line, limit=200)}",
            "use the window that the network was designed for, and an image with its channels",
        )

    def _crops(self, windows: Windows, cells: Sequence[Pair]) -> torch.Tensor:
        height, width = self._window
        corners = [(windows.rows[row], windows.columns[column]) for row, column in cells]
        crops = [self._image[0, :, y : y + height, x : x + width] for y, x in corners]
        return torch.stack(crops).contiguous(memory_format=self._layout)

    def _run(self, crops: torch.Tensor) -> Any:
        with torch.inference_mode(), full_precision():
            found = self._model(crops)
            if len(crops) == 1 and any(each.shape[:1] != (1,) for each in tensors(found)):
                # Some networks drop the axis of the batch where there is one image.
                twice = self._model(torch.cat([crops, crops]))
                if all(each.shape[:1] == (2,) for each in tensors(twice)):
                    return _structured([twice], lambda batches: batches[0][:1])
            return found

    def scores(self, windows: Windows) -> Any:
        """Return the scores of all windows, (1, classes, rows, columns).

        Args:
            windows: The windows.
        """
        rows, columns = range(len(windows.rows)), range(len(windows.columns))
        cells = list(product(rows, columns))
        found: list[Any] = []
        first = 0
        if self._is_even:
            self._batch = -(-len(cells) // -(-len(cells) // self._batch))
        with _progress(len(cells), self._image.device) as advance:
            while first < len(cells):
                batch = cells[first : first + self._batch]
                try:
                    found.append(self._run(self._crops(windows, batch)))
                except Exception as error:
                    if not is_out_of_memory(error):
                        raise
                    self._halve(len(batch), error)
                    continue
                first += len(batch)
                advance(len(batch))
        return _joined(found, len(rows), len(columns))

    def _halve(self, size: int, error: Exception) -> None:
        device = self._image.device
        if size == 1:
            raise CnnExplainError(
                "memory for one window",
                f"none left on {device}",
                'use a smaller window, or device="cpu"',
            ) from error
        self._batch = size // 2
        if device.type == "cuda":
            torch.cuda.empty_cache()
        warnings.warn(
            f"memory is short on {device}: {self._batch} windows at once from now on", stacklevel=4
        )


def _values(*shapes: Sequence[int]) -> int:
    return sum(torch.Size(shape).numel() for shape in shapes)


@contextmanager
def _progress(count: int, device: torch.device) -> Iterator[Callable[[int], None]]:
    """Show how many windows are done, where somebody looks at a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415  # takes longer to import than small networks
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"windows on {device}", total=count)
        yield lambda more: bar.advance(task, more)


def placed(model: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Return a model on a device, in a precision; the model itself if it is there already.

    Args:
        model: The model.
        device: The device.
        dtype: The precision.

    Raises:
        CnnExplainError: If the model has to be copied and cannot be.
    """
    held = [*model.parameters(), *model.buffers()]
    if all(
        each.device == device and (each.dtype == dtype or not each.is_floating_point())
        for each in held
    ):
        return model
    try:
        return copy.deepcopy(model, _computed(model)).to(device, dtype)
    except Exception as error:
        raise CnnExplainError(
            "a model that can be copied, since it is on another device or in another precision",
            f"{type(error).__name__}: {shown(str(error))}",
            f"move the model to {device} and {dtype} before",
        ) from error


def _computed(model: nn.Module) -> dict[int, torch.Tensor]:
    """Return copies of weights that are computed, as by pruning, which torch does not copy."""
    held = (each for module in model.modules() for each in vars(module).values())
    return {
        id(each): each.detach().clone()
        for each in held
        if isinstance(each, torch.Tensor) and not each.is_leaf
    }


def channels_last(model: nn.Module) -> nn.Module:
    """Return a copy of a model whose convolutions have their weights as such images want them.

    A copy, since a run may change a model's buffers; it shares the other weights.

    Args:
        model: The model.
    """
    return _copied(model, torch.channels_last)


def _copied(model: nn.Module, layout: torch.memory_format) -> nn.Module:
    last = torch.channels_last
    convolutions = [each for each in model.modules() if type(each) is nn.Conv2d]
    own = {
        id(each.weight)
        for each in convolutions
        if layout is last and not each.weight.is_contiguous(memory_format=last)
    }
    try:
        twin = copy.deepcopy(
            model, {id(each): each for each in model.parameters() if id(each) not in own}
        )
    except Exception:  # noqa: BLE001  # what cannot be copied runs as it is
        return model
    for each in twin.modules():
        if own and type(each) is nn.Conv2d:
            each.to(memory_format=last)  # type: ignore[call-overload]
    return twin


def _joined(found: list[Any], rows: int, columns: int) -> Any:
    """Return the results of batches of windows as maps of windows."""

    def mapped(batches: list[torch.Tensor]) -> torch.Tensor:
        if batches[0].ndim < 1 or sum(map(len, batches)) != rows * columns:
            raise ShapeError(
                "a network that returns one result for each window",
                f"a tensor of shape {tuple(batches[0].shape)}",
                "keep the batch as the first axis of what forward returns",
            )
        scores = torch.cat(batches)
        return scores.reshape(rows, columns, *scores.shape[1:]).movedim((0, 1), (-2, -1))[None]

    return _structured(found, mapped)


def _structured(results: list[Any], join: Callable[[list[torch.Tensor]], torch.Tensor]) -> Any:
    """Return one result of several in their structure, its tensors joined, the rest of the first.

    Args:
        results: Tensors, or tuples, lists and dictionaries of them, all alike.
        join: What makes one tensor of several.
    """
    first = results[0]
    if isinstance(first, torch.Tensor):
        return join(results)
    if isinstance(first, dict):
        return {key: _structured([each[key] for each in results], join) for key in first}
    if isinstance(first, tuple | list):
        parts = [_structured(list(each), join) for each in zip(*results, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return first


class Surrounded:
    """A network made ready to score windows that are given their surroundings in the image.

    Near the image's border these end where it does, so windows differ in what they are given.

    Args:
        conversion: The converted network, on the image's device and in its precision.
        image: The image, (1, channels, height, width).
        windows: The windows.
        context: How much they are given on each side, (rows, columns) in pixels.
        batch_size: How many windows at once; as many as memory allows if None.

    Raises:
        ArgumentError: If the context or the windows' step is no multiple of the effective stride.
    """

    def __init__(
        self,
        conversion: Conversion,
        image: torch.Tensor,
        windows: Windows,
        context: Pair,
        batch_size: int | None = None,
    ) -> None:
        strides = conversion.effective_stride
        for name, steps in (("context", context), ("stride", windows.stride)):
            check_steps(name, steps, strides)
        model = channels_last(conversion.module)
        rows, columns = (
            [_part(first, size, beyond, end) for first in starts]
            for starts, size, beyond, end in zip(
                (windows.rows, windows.columns),
                conversion.window,
                context,
                image.shape[2:],
                strict=True,
            )
        )
        self._strips = [
            [
                (
                    Prepared(model, image, (height, width), batch_size),
                    Windows(upper, left),
                    (down // strides[0], right // strides[1]),
                )
                for (width, right), left in _alike(columns)
            ]
            for (height, down), upper in _alike(rows)
        ]

    @property
    def macs(self) -> int:
        """The multiply-accumulates of all windows."""
        return sum(
            len(windows) * prepared.macs for strip in self._strips for prepared, windows, _ in strip
        )

    def scores(self) -> Any:
        """Return the scores of all windows, (1, classes, rows, columns)."""
        strips = []
        for strip in self._strips:
            parts = [
                _structured([each.scores(at)], partial(_cell, cell=cell))
                for each, at, cell in strip
            ]
            strips.append(_structured(parts, partial(torch.cat, dim=-1)))
        return _structured(strips, partial(torch.cat, dim=-2))


def _cell(maps: list[torch.Tensor], cell: Pair) -> torch.Tensor:
    """Return one cell of the map of each window."""
    return maps[0][..., cell[0], cell[1], :, :]


def _part(first: int, size: int, beyond: int, end: int) -> tuple[int, Pair]:
    """Return where a window with its surroundings begins, their size, and where it lies in them."""
    start, stop = max(first - beyond, 0), min(first + size + beyond, end)
    return start, (stop - start, first - start)


def _alike(parts: list[tuple[int, Pair]]) -> Iterator[tuple[Pair, tuple[int, ...]]]:
    """Yield windows next to each other whose surroundings are equally large."""
    for key, group in groupby(parts, key=lambda part: part[1]):
        yield key, tuple(start for start, _ in group)
