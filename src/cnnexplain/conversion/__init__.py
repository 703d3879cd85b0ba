"""A classifier made fully convolutional: its recording replayed on maps, node by node."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import fx, nn

from cnnexplain.conversion.builder import Builder, Item, Step
from cnnexplain.conversion.modules import module_of
from cnnexplain.conversion.rules import rewritten
from cnnexplain.conversion.values import Value
from cnnexplain.errors import ArgumentError, ConversionError, ShapeError, shown
from cnnexplain.exactness import Exactness, Sized, checked_size
from cnnexplain.formats.conversion import to_html, to_text
from cnnexplain.geometry import receptive_field
from cnnexplain.graph import sizes
from cnnexplain.tracing import recording_of
from cnnexplain.tracing.recorder import NeedsValues, Ref, refs
from cnnexplain.tracing.tensors import tensors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnexplain.exactness import Pair
    from cnnexplain.graph import Network, Node
    from cnnexplain.operations import Shape
    from cnnexplain.tracing.recorder import Recorder

__all__ = ["Conversion", "Step", "fully_convolutional"]

# As many images as show whether something mixes them; with one, squeeze() would drop the batch.
_BATCH = 2
# How far single precision may be off in a deep network; a wrong conversion is off by all of it.
_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-3}


@dataclass(frozen=True, repr=False)
class Conversion:
    """A classifier made fully convolutional.

    Attributes:
        module: The converted network: for images (batch, channels, height, width) it returns what
            the original does, with rows and columns of cells behind each score. It shares the
            original's layers and weights, so that `.double()`, `.to(…)` and `.train()` change both:
            to change one alone, convert a `copy.deepcopy` of the model.
        steps: What was rewritten, in order.
        window: The (height, width) in pixels that each cell stands for: the size that the network
            was converted for.
        exactness: When a cell equals the original on its window.
        added_memory: The bytes of weights that could not be shared, since the original's order of
            flattening is another.

    Example:
        >>> import cnnexplain as cx
        >>> lenet = cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32))
        >>> lenet.module(torch.zeros(1, 1, 64, 64)).shape
        torch.Size([1, 10, 9, 9])
        >>> lenet.effective_stride, lenet.receptive_field, lenet.exactness.exact
        ((4, 4), (32, 32), True)
        >>> print(lenet.steps[1])
        Linear(400, 120) → Conv2d(16, 120, kernel_size=5)
    """

    module: fx.GraphModule
    steps: tuple[Step, ...]
    window: Pair
    exactness: Exactness
    added_memory: int

    @property
    def effective_stride(self) -> Pair:
        """The step from one cell's window to the next, (rows, columns) in pixels."""
        return self.exactness.effective_stride

    @property
    def receptive_field(self) -> Pair:
        """How much of the image one cell sees, (height, width) in pixels, beyond its window too."""
        rows, columns = self.exactness.fields
        return rows.size, columns.size

    def window_box(self, cell: Sequence[int]) -> tuple[range, range]:
        """Return the pixels of a cell's window.

        Args:
            cell: The cell's (row, column).

        Returns:
            The rows and the columns.

        Raises:
            ArgumentError: If that is no cell.

        Example:
            >>> import cnnexplain as cx
            >>> cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32)).window_box((0, 2))
            (range(0, 32), range(8, 40))
        """
        rows, columns = (
            range(place * stride, place * stride + size)
            for place, stride, size in zip(
                _cell(cell), self.effective_stride, self.window, strict=True
            )
        )
        return rows, columns

    def receptive_field_box(
        self, cell: Sequence[int], image_size: Sequence[int]
    ) -> tuple[range, range]:
        """Return the pixels of an image that a cell sees, clipped at every layer.

        Args:
            cell: The cell's (row, column).
            image_size: The image's (height, width) in pixels.

        Returns:
            The rows and the columns.

        Raises:
            ArgumentError: If that is no size, or no cell in such an image.

        Example:
            >>> import cnnexplain as cx
            >>> lenet = cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32))
            >>> lenet.receptive_field_box((0, 2), (64, 64))
            (range(0, 32), range(8, 40))
        """
        sized = self.exactness.sized(checked_size(image_size, self.window))
        row, column = _cell(cell)
        height, width = sized.shapes[sized.outputs[0]][-2:]
        if row >= height or column >= width:
            raise ArgumentError(
                f"a cell of the {height}×{width} that this image has",
                f"cell={shown(cell)}",
                f"use at most cell=({height - 1}, {width - 1}): cells count from 0",
            )
        seen = [
            receptive_field(sized.network, sized.shapes, number, (row, column)).intervals
            for number in sized.outputs
        ]
        rows, columns = (
            range(min(each.start for each in axis), max(each.stop for each in axis))
            for axis in zip(*seen, strict=True)
        )
        return rows, columns

    def __repr__(self) -> str:
        return to_text(self)

    def _repr_html_(self) -> str:
        return to_html(self)


def _cell(cell: object) -> Pair:
    wrong = ArgumentError(
        "a cell as (row, column), counted from 0",
        f"cell={shown(cell)}",
        "write for example cell=(0, 0)",
    )
    if not isinstance(cell, tuple | list) or len(cell) != 2:  # noqa: PLR2004
        raise wrong
    row, column = cell
    if any(isinstance(each, bool) or not isinstance(each, int) or each < 0 for each in cell):
        raise wrong
    return row, column


def fully_convolutional(model: nn.Module | Network | str, input_size: Sequence[int]) -> Conversion:
    """Make a classifier fully convolutional: one pass over a large image scores all its windows.

    Fully connected layers become convolutions with the same weights, and what works on one map
    size alone (flattening, pooling to a size) becomes what works on each window. The network is
    recorded for two images of the given size and rebuilt node by node; at that size both must
    agree. Sermanet et al., "OverFeat", https://arxiv.org/abs/1312.6229; Long, Shelhamer and
    Darrell, "Fully convolutional networks", https://arxiv.org/abs/1411.4038.

    Args:
        model: An `nn.Module` in eval mode, a network of `cnnexplain.networks`, or the text of an
            `nn.Sequential(...)`. It is not changed.
        input_size: The (channels, height, width) that it was designed for, without the batch.

    Raises:
        ConversionError: If an operation does not compute each window by itself; it names the
            operation, the reason, and what to do.
        ArgumentError: If an argument is not allowed.
        ShapeError: If the network does not take this size.

    Example:
        >>> import cnnexplain as cx
        >>> head = "nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 6, 10))"
        >>> print(cx.fully_convolutional(head, (1, 8, 8)).steps[-1])
        Linear(144, 10) → Conv2d(4, 10, kernel_size=6)
    """
    original = module_of(model)
    size = _picture(input_size)
    _with_values(original)
    recorder = _recorded(original, size)
    builder = _replayed(original, recorder)
    module = fx.GraphModule(builder.root, builder.graph, type(original).__name__)
    module.graph.eliminate_dead_code()
    module.recompile()
    shared = set(map(id, original.modules()))
    for each in module.modules():
        # Not by eval(), which would reach the original's own layers.
        each.training = each.training and id(each) in shared
    _check(original, module, size)

    @lru_cache(maxsize=64)
    def sized(image: Pair) -> Sized:
        again = recording_of(module, (size[0], *image), 1)
        return Sized(again.network(), again.shapes)

    exactness = Exactness(size[1:], sized)
    _check_windows(exactness)
    return Conversion(module, tuple(builder.steps), size[1:], exactness, _added(original, module))


def _picture(input_size: object) -> tuple[int, int, int]:
    each_size = sizes(input_size)
    if len(each_size) != 1 or len(each_size[0]) != 3:  # noqa: PLR2004
        raise ArgumentError(
            "input_size as (channels, height, width)",
            f"input_size={shown(input_size)}",
            "write for example (3, 224, 224), without the batch",
        )
    channels, height, width = each_size[0]
    return channels, height, width


def _with_values(model: nn.Module) -> None:
    for name, each in model.state_dict(keep_vars=True).items():
        if isinstance(each, torch.Tensor) and each.is_meta:
            raise ArgumentError(
                "weights with values",
                f"{shown(name)} on the meta device",
                "build the model on a real device",
            )


def _recorded(model: nn.Module, size: Shape) -> Recorder:
    try:
        with torch.random.fork_rng(devices=[]):
            return recording_of(model, size, _BATCH)
    except NeedsValues as needed:
        raise ConversionError(
            "a network that does the same for every image",
            f"one that decides by values: {needed}",
            "convert the part of the network before the decision",
        ) from needed


def _replayed(model: nn.Module, recorder: Recorder) -> Builder:
    """Return the converted network, still to be compiled, and what was rewritten."""
    network, shapes = recorder.network(), recorder.shapes
    if not refs(recorder.output) and not tensors(recorder.output):
        raise ConversionError(
            "a network that returns scores",
            f"one that returns {shown(recorder.output)}",
            "return the tensors themselves",
        )
    named = (*model.named_parameters(), *model.named_buffers())
    builder = Builder(dict(model.named_modules()), {id(each): name for name, each in named})
    shape = shapes[0][1:]
    values = [Value(builder.graph.placeholder("image"), (shape[0], shape[1], shape[2]))]
    for number, (node, call) in enumerate(zip(network.nodes, recorder.calls, strict=True), 1):
        item = Item(
            node,
            call,
            tuple(values[each] for each in node.inputs),
            tuple(shapes[each] for each in node.inputs),
            shapes[number],
        )
        values.append(rewritten(builder, item))
    output = _returned(builder, recorder.output, values, network.nodes)
    builder.graph.output(output)
    return builder


def _returned(builder: Builder, output: Any, values: list[Value], nodes: Sequence[Node]) -> Any:
    """Return what the converted network returns: each vector as a map of vectors."""
    if isinstance(output, Ref):
        name = nodes[output.number - 1].name if output.number else "the input"
        return _map(builder, values[output.number], name)
    if isinstance(output, tuple | list):
        parts = [_returned(builder, each, values, nodes) for each in output]
        if hasattr(output, "_fields"):  # a named tuple, which is called by the names of its parts
            return builder.call(type(output), parts)
        return tuple(parts) if isinstance(output, tuple) else parts
    if isinstance(output, dict):
        return {key: _returned(builder, each, values, nodes) for key, each in output.items()}
    if isinstance(output, torch.Tensor):
        raise ConversionError(
            "outputs that are computed from the image",
            f"a constant of shape {tuple(output.shape)}",
            "leave it out of what forward returns",
        )
    if output is None or isinstance(output, str | int | float):
        return output
    raise ConversionError(
        "outputs in tuples, lists and dictionaries",
        f"one in a {type(output).__name__}",
        "return the tensors themselves",
    )


def _map(builder: Builder, value: Value, name: str) -> fx.Node:
    if not value.is_vector:
        raise ConversionError(
            "one vector for each image as the network's output",
            f"a map, or what still needs a Linear layer, at layer {shown(name)}",
            "end the network with a Linear layer or a global pooling; a network whose output is a"
            " map is fully convolutional already",
        )
    node = builder.chosen(value)
    shape = tuple(value.indices.shape)
    if len(shape) == 1 or value.is_map:
        return node
    if not shape:
        return builder.call(torch.squeeze, (node, 1))
    return builder.call(torch.unflatten, (node, 1, shape))


def _check(original: nn.Module, module: nn.Module, size: Shape) -> None:
    """See that both agree at the design size, on another number of images than was recorded."""
    own = next((each for each in original.parameters() if each.is_floating_point()), None)
    device = torch.device("cpu") if own is None else own.device
    dtype = torch.get_default_dtype() if own is None else own.dtype
    generator = torch.Generator(device="cpu").manual_seed(0)
    images = torch.randn((_BATCH + 1, *size), generator=generator).to(device, dtype)
    devices = [device] if device.type == "cuda" else []
    with torch.no_grad(), torch.random.fork_rng(devices):
        before = _chance(device)
        # Copies, since the first layer may write to what it takes.
        wanted = _scores(original, images)
        if not all(map(torch.equal, before, _chance(device))):
            raise ConversionError(
                "a network that draws no random numbers",
                "one whose forward draws some",
                "call model.eval(), or leave out what is random: torch.rand, F.dropout without"
                " training=self.training",
            )
        found = _scores(module, images)
    where = f"at {size[1]}×{size[2]}"
    for one, other in zip(wanted, found, strict=True):
        if not bool(torch.isfinite(one).all()):
            raise ConversionError(
                "a network whose outputs are finite numbers, so that they can be compared",
                f"others {where}",
                "look for weights that are no numbers",
            )
        if one.dtype != other.dtype:
            raise ConversionError(
                f"{_named(one.dtype)} {where}, as the original returns",
                f"{_named(other.dtype)}",
                "convert the network without autocast or another context that changes precisions",
            )
        close = other.shape in {one.shape, (*one.shape, 1, 1)}
        if close and one.is_floating_point():
            error = (one.flatten() - other.flatten()).double().norm()
            limit = _TOLERANCE.get(one.dtype, 5e-2)
            close = bool(error <= limit * one.double().norm() + limit**2)
        elif close:
            close = torch.equal(one.flatten(), other.flatten())
        if not close:
            raise ConversionError(
                "a converted network that agrees with the original at its design size",
                f"different outputs for {_BATCH + 1} images {where}",
                "look for what depends on the number of images, or on hooks; if there is nothing,"
                " please report the network",
            )


def _chance(device: torch.device) -> list[torch.Tensor]:
    """Return the states of the random numbers that a forward could draw."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


def _scores(model: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """Return what a network returns for some images, which may not be as many as were recorded."""
    try:
        return tensors(model(images.clone()))
    except Exception as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConversionError(
            "a network that takes any number of images",
            f"one that fails for {len(images)}: {shown(line, limit=100)}",
            "look for sizes that are written as numbers: x.view(x.size(0), -1) takes any batch",
        ) from error


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _check_windows(exactness: Exactness) -> None:
    """See that the converted network has one cell for one window, and four for two by two."""
    for more in (0, 1):
        height, width = (
            size + more * stride
            for size, stride in zip(exactness.window, exactness.effective_stride, strict=True)
        )
        expected = f"branches that all have {1 + more}×{1 + more} cells at {height}×{width}"
        cure = "let all branches that are joined have one effective stride"
        try:
            sized = exactness.sized((height, width))
        except ShapeError as error:
            raise ConversionError(expected, error.received, cure) from error
        for number in sized.outputs:
            cells = sized.shapes[number][-2:]
            if cells != (1 + more, 1 + more):
                raise ConversionError(expected, f"{cells[0]}×{cells[1]}", cure)


def _added(original: nn.Module, module: nn.Module) -> int:
    """Return the bytes that a module's weights take beside those of another."""

    def places(model: nn.Module) -> dict[int, int]:
        held = [*model.parameters(), *model.buffers()]
        return {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in held}

    shared = places(original)
    return sum(size for place, size in places(module).items() if place not in shared)
