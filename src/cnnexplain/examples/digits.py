"""A network that reads handwritten digits, trained in seconds, and a canvas on which it finds them.

The digits are those of scikit-learn, 8×8: the test set of Alpaydin and Kaynak, 1998,
https://archive.ics.uci.edu/ml/datasets/Optical+Recognition+of+Handwritten+Digits. The network has
no padding, so one pass over a canvas is equal to sliding its window. Beside the ten digits it knows
the background: what a window shows that has no digit exactly inside of it.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, max_pool2d

from cnnexplain.examples.packages import file_of
from cnnexplain.examples.weights import drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

WINDOW = 8
STRIDE = 2
BACKGROUND = 10

# What is held out: a fifth.
_HELD_OUT = 360
_SIZE = 72, 80
_ROWS = _COLUMNS = 6
_EPOCHS, _BATCH, _RATE = 12, 64, 1e-2
# Keeps the network from being all too sure; with it, more digits are read right.
_SMOOTHING = 0.1
# Windows of background in the training, four times as many as digits: most of a canvas is such.
_BACKGROUNDS = 6000


class Samples(NamedTuple):
    """Pictures with their classes.

    Attributes:
        pictures: Grey values from 0 to 1, of shape (N, 1, 8, 8), float32.
        labels: The classes, of shape (N,).
    """

    pictures: Tensor
    labels: Tensor


class Digit(NamedTuple):
    """A digit and its place.

    Attributes:
        value: 0 to 9.
        row: The topmost row of its window, in pixels.
        column: The leftmost column of its window, in pixels.
    """

    value: int
    row: int
    column: int


class Canvas(NamedTuple):
    """A picture of many digits.

    Attributes:
        picture: Grey values from 0 to 1, of shape (1, 72, 80), float32.
        digits: The digits on it, row by row.
    """

    picture: Tensor
    digits: tuple[Digit, ...]


def samples() -> tuple[Samples, Samples]:
    """Return the digits: 1437 to train with, and 360 that are held out.

    Raises:
        CnnExplainError: If scikit-learn is not installed.

    Example:
        >>> training, held_out = samples()
        >>> len(training.labels), len(held_out.labels)
        (1437, 360)
    """
    table = np.loadtxt(file_of("sklearn", "datasets", "data", "digits.csv.gz"), delimiter=",")
    rows = torch.from_numpy(table)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    rows = rows[order]
    every = Samples(rows[:, :-1].float().reshape(-1, 1, WINDOW, WINDOW) / 16, rows[:, -1].long())
    return (
        Samples(every.pictures[_HELD_OUT:], every.labels[_HELD_OUT:]),
        Samples(every.pictures[:_HELD_OUT], every.labels[:_HELD_OUT]),
    )


def network() -> nn.Sequential:
    """Return the network with weights that are not learnt yet.

    Example:
        >>> network()(torch.zeros(1, 1, 8, 8)).shape
        torch.Size([1, 11])
    """
    layers = OrderedDict[str, nn.Module](
        conv1=nn.Conv2d(1, 32, kernel_size=3),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(32, 64, kernel_size=3),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        fc3=nn.Linear(64 * 2 * 2, 64),
        relu3=nn.ReLU(),
        fc4=nn.Linear(64, 11),
    )
    return nn.Sequential(layers)


def train(seed: int = 0) -> tuple[nn.Module, float]:
    """Train the network; it takes a few seconds on one thread.

    The same seed gives the same weights, on the same machine with the same versions.

    Args:
        seed: What the first weights, the backgrounds and the order are drawn from.

    Returns:
        The network in eval mode, and the share of the held-out digits that it reads right.

    Raises:
        CnnExplainError: If scikit-learn is not installed.

    Example:
        >>> reader, accuracy = train()
        >>> accuracy > 0.97
        True
    """
    training, held_out = samples()
    generator = torch.Generator().manual_seed(seed)
    model = drawn(network, generator)
    with repeatable(), torch.enable_grad():
        _learn(model, _with_background(training, generator), generator)
        read = model.eval()(held_out.pictures)[:, :BACKGROUND].argmax(1)
    return model.requires_grad_(False), (read == held_out.labels).double().mean().item()


@contextmanager
def repeatable() -> Iterator[None]:
    """Compute the same bits every time: on one thread, by algorithms that always do."""
    threads = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(1)  # for maps as small as these, also the fastest
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict, warn_only=only_warns)


def _learn(model: nn.Module, data: Samples, generator: torch.Generator) -> None:
    steps = _EPOCHS * -(-len(data.labels) // _BATCH)
    optimizer = torch.optim.AdamW(model.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        order = torch.randperm(len(data.labels), generator=generator)
        for batch in torch.split(order, _BATCH):
            optimizer.zero_grad()
            scores = model(data.pictures[batch])
            loss = cross_entropy(scores, data.labels[batch], label_smoothing=_SMOOTHING)
            torch.autograd.backward(loss)
            optimizer.step()
            rate.step()


def _with_background(digits: Samples, generator: torch.Generator) -> Samples:
    """Return digits, and windows of canvases of these digits that show background."""
    number = _ROWS * _COLUMNS
    order = torch.randperm(len(digits.labels), generator=generator)
    canvases = [
        _canvas(Samples(digits.pictures[chosen], digits.labels[chosen]), generator)
        for chosen in torch.split(order, number)
        if len(chosen) == number
    ]
    each = _BACKGROUNDS // len(canvases)
    windows = torch.cat([_backgrounds(canvas, each, generator) for canvas in canvases])
    labels = torch.full((len(windows),), BACKGROUND)
    return Samples(torch.cat([digits.pictures, windows]), torch.cat([digits.labels, labels]))


def _backgrounds(canvas: Canvas, number: int, generator: torch.Generator) -> Tensor:
    """Return windows at random places, all at least two pixels off any digit's.

    Those one pixel off are neither: many a digit has an empty border, and looks the same there.
    """
    windows = canvas.picture.unfold(1, WINDOW, 1).unfold(2, WINDOW, 1)
    free = torch.ones(windows.shape[1:3], dtype=torch.bool)
    for digit in canvas.digits:
        free[max(digit.row - 1, 0) : digit.row + 2, max(digit.column - 1, 0) : digit.column + 2] = (
            False
        )
    every = windows[:, free].transpose(0, 1)
    return every[torch.randperm(len(every), generator=generator)[:number]]


def canvas(seed: int = 1) -> Canvas:
    """Return a picture of 36 held-out digits, each at a random place of its own cell of a grid.

    Args:
        seed: What the digits and the places are drawn from. On the canvas of seed 1, trained
            networks find all digits; on most others too, and on some they misread one or two.

    Raises:
        CnnExplainError: If scikit-learn is not installed.

    Example:
        >>> drawing = canvas()
        >>> drawing.picture.shape, len(drawing.digits)
        (torch.Size([1, 72, 80]), 36)
    """
    _, held_out = samples()
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(_HELD_OUT, generator=generator)[: _ROWS * _COLUMNS]
    return _canvas(Samples(held_out.pictures[chosen], held_out.labels[chosen]), generator)


def _canvas(digits: Samples, generator: torch.Generator) -> Canvas:
    picture = torch.zeros(1, *_SIZE)
    placed = []
    for number, (drawing, label) in enumerate(zip(*digits, strict=True)):
        row = _place(number // _COLUMNS, _SIZE[0] // _ROWS, generator)
        column = _place(number % _COLUMNS, _SIZE[1] // _COLUMNS, generator)
        picture[:, row : row + WINDOW, column : column + WINDOW] = drawing
        placed.append(Digit(int(label), row, column))
    return Canvas(picture, tuple(placed))


def _place(cell: int, size: int, generator: torch.Generator) -> int:
    """Return where, on one axis, a window begins that lies anywhere in a cell."""
    return cell * size + int(torch.randint(size - WINDOW + 1, (), generator=generator))


def stitched(
    one_pass: Callable[[Tensor], Tensor], pictures: Tensor, stride: int = STRIDE
) -> Tensor:
    """Return maps with a cell for every pixel where a window fits: shift the picture, and stitch.

    One pass has cells `stride` pixels apart. The picture is shifted by each number of pixels below
    that, down and across, and the cells of all passes are put between each other.

    Args:
        one_pass: Makes maps of pictures; without padding.
        pictures: Of shape (N, C, H, W).
        stride: The effective stride of one pass, in pixels.

    Returns:
        The maps.

    Example:
        >>> pictures = torch.arange(25.0).reshape(1, 1, 5, 5)
        >>> stitched(nn.MaxPool2d(3, stride=2), pictures)[0, 0].tolist()
        [[12.0, 13.0, 14.0], [17.0, 18.0, 19.0], [22.0, 23.0, 24.0]]
    """
    shifts = range(stride)
    passes = [[one_pass(pictures[..., row:, column:]) for column in shifts] for row in shifts]
    height = sum(each[0].shape[-2] for each in passes)
    width = sum(each.shape[-1] for each in passes[0])
    maps = passes[0][0].new_empty(*passes[0][0].shape[:-2], height, width)
    for row in shifts:
        for column in shifts:
            maps[..., row::stride, column::stride] = passes[row][column]
    return maps


def found(scores: Tensor, stride: int = 1) -> tuple[Digit, ...]:
    """Return the digits that class maps show: peaks of what speaks for a digit.

    That is how much its score exceeds the background's; a peak is positive, and no cell within
    half a window of it is higher.

    Args:
        scores: The classes' scores before the softmax, of shape (11, H', W').
        stride: From one cell to the next, in pixels: 2 in one pass, 1 in stitched maps.

    Returns:
        The digits, row by row.

    Example:
        >>> scores = torch.zeros(11, 5, 5)
        >>> scores[7, 2, 1] = 9
        >>> found(scores, stride=2)
        (Digit(value=7, row=4, column=2),)
    """
    evidence, values = (scores[:BACKGROUND] - scores[BACKGROUND]).max(0)
    reach = WINDOW // 2 // stride
    highest = max_pool2d(evidence[None], 2 * reach + 1, stride=1, padding=reach)[0]
    peaks = ((evidence == highest) & (evidence > 0)).nonzero().tolist()
    return tuple(
        Digit(int(values[row, column]), row * stride, column * stride) for row, column in peaks
    )


def rightly(digits: Sequence[Digit], truth: Sequence[Digit], tolerance: int = 1) -> int:
    """Return how many digits of the truth were found with their value and at their place.

    Args:
        digits: The digits that were found.
        truth: The digits that are there.
        tolerance: How far off the place may be on each axis, in pixels.

    Example:
        >>> rightly([Digit(7, 4, 2)], [Digit(7, 5, 2), Digit(1, 4, 2)])
        1
    """
    return sum(
        any(
            digit.value == there.value
            and abs(digit.row - there.row) <= tolerance
            and abs(digit.column - there.column) <= tolerance
            for digit in digits
        )
        for there in truth
    )
