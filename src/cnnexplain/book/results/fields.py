"""The numbers of the chapter about receptive fields."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.api import trace
from cnnexplain.book import contents
from cnnexplain.book.forms import Tex
from cnnexplain.book.results.shared import IMAGE, arrows, field, formula, in_tex, stride
from cnnexplain.figures.cells import grid
from cnnexplain.operations import Linear
from cnnexplain.windows import Convolution

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnnexplain.book.forms import Value
    from cnnexplain.graph import Row
    from cnnexplain.report import Trace


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_stack(),
        **_dilated(),
        **_known(),
        **_orders(),
        **_exact(),
        **_places(),
        **_paths(),
    }


def windows(network: Trace) -> list[tuple[str, Convolution]]:
    """Return the windows on one axis of a chain of layers, by the layers' names.

    The first fully connected layer has the whole map as its window, as the convolution that it is.

    Args:
        network: The trace of a chain.

    Example:
        >>> windows(trace(networks.vgg16()))[-1]
        ('fc6', Convolution(kernel_size=7, stride=1, padding=(0, 0), dilation=1))
    """
    found = []
    side = 0
    for row in network.rows:
        if isinstance(row.operation, Linear):
            found.append((row.name, axis.convolution(side)))
            break
        each = getattr(row.operation, "windows", None)
        if each:
            found.append((row.name, each[-1]))
            side = row.output_shape[-1]
    return found


def upward(layers: Iterable[Convolution]) -> list[int]:
    """Return how the receptive field grows from the picture on, which is right.

    Args:
        layers: The windows of a chain, in the order of the layers.

    Example:
        >>> upward([axis.convolution(5), axis.convolution(2, stride=2), axis.convolution(3)])
        [5, 6, 10]
    """
    found, size, step = [], 1, 1
    for each in layers:
        size += (each.extent - 1) * step
        step *= each.stride
        found.append(size)
    return found


def downward(layers: Iterable[Convolution]) -> list[int]:
    """Return how many units of each layer's input one output reads, layer after layer.

    This is right from the last layer to the first; in the other order it is a mistake that is
    often made.

    Args:
        layers: The windows, the last layer's first.

    Example:
        >>> downward([axis.convolution(3), axis.convolution(2, stride=2), axis.convolution(5)])
        [3, 6, 10]
    """
    found, size = [], 1
    for each in layers:
        size = (size - 1) * each.stride + each.extent
        found.append(size)
    return found


def _padding(row: Row) -> int:
    assert row.effective_padding is not None
    return int(row.effective_padding[-1])


def _stack() -> dict[str, Value]:
    """Return how the receptive field of three layers grows."""
    bare, padded = contents.stack(), contents.padded_stack()
    layers = windows(bare)
    seen, step = 1, 1
    formulas: dict[str, Value] = {}
    for name, each in layers:
        larger = seen + (each.extent - 1) * step
        assert larger == field(bare[name])
        formulas[f"field_{name}_formula"] = in_tex(
            f"{seen} + ({each.extent} − 1)·{step} = {larger}"
        )
        seen, step = larger, step * each.stride
    (_, first), (_, pool), (last, conv) = windows(padded)
    start = -_padding(padded[last])
    return {
        **formulas,
        "field_stack": field(bare[last]),
        "field_stack_stride": stride(bare[last]),
        "field_stack_spread": (layers[-1][1].extent - 1) * stride(bare["pool1"]),
        "field_padding_formula": in_tex(
            f"{first.padding[0]} + {pool.padding[0]}·{first.stride}"
            f" + {conv.padding[0]}·{stride(padded['pool1'])} = {_padding(padded[last])}"
        ),
        "field_stack_first": in_tex(start),
        "field_stack_last": start + field(padded[last]) - 1,
        "field_stack_next": in_tex(start + stride(padded[last])),
    }


def _dilated() -> dict[str, Value]:
    """Return what dilation adds, and the gaps that it may leave."""
    plain = [axis.convolution(3)] * 3
    grown = [axis.convolution(3, dilation=dilation) for dilation in (1, 2, 4)]
    twice = axis.convolution(3, dilation=2)
    read = {pixel for index in twice.inputs(0) for pixel in twice.inputs(index)}
    return {
        "field_plain_chain": arrows(upward(plain)),
        "field_dilated_chain": arrows(upward(grown)),
        "field_gaps": twice.field.then(twice.field).size,
        "field_gaps_read": len(read),
    }


_POOLS = ("pool1", "pool2", "pool3", "pool4", "pool5")


def _known() -> dict[str, Value]:
    """Return the receptive fields of VGG-16 and AlexNet, to the end."""
    vgg16, alexnet = trace(networks.vgg16()), trace(networks.alexnet())
    found: dict[str, Value] = {}
    for name in _POOLS:
        row = vgg16[name]
        found[f"field_vgg_{name}"] = field(row)
        found[f"field_vgg_{name}_stride"] = stride(row)
        found[f"field_vgg_{name}_padding"] = _padding(row)
    size, step, pad = field(vgg16["fc6"]), stride(vgg16["fc6"]), _padding(vgg16["fc6"])
    whole = axis.convolution(size, stride=step, padding=pad)
    return {
        **found,
        "field_alexnet_pool5": field(alexnet["pool5"]),
        "field_vgg_padding": pad,
        "field_vgg_formula": _classifier(vgg16),
        "field_alexnet_formula": _classifier(alexnet),
        "field_vgg_sum": _sum(vgg16),
        "field_alexnet_sum": _sum(alexnet),
        "field_vgg_places": formula(whole, IMAGE),
    }


def _classifier(network: Trace) -> Tex:
    """Return how the first fully connected layer widens the receptive field."""
    below, above = network["pool5"], network["fc6"]
    side, step = below.output_shape[-1], stride(below)
    assert field(below) + (side - 1) * step == field(above)
    return in_tex(f"{field(below)} + ({side} − 1)·{step} = {field(above)}")


def _sum(network: Trace) -> Tex:
    """Return that the receptive field of a score is the window and the padding on both sides."""
    size, pad, seen = network.input_size[-1], _padding(network["fc6"]), field(network["fc6"])
    assert size + 2 * pad == seen
    return in_tex(f"{pad} + {size} + {pad} = {seen}")


def _orders() -> dict[str, Value]:
    """Return what comes of the recurrence for one order in the other."""
    layers = windows(contents.stack())
    chain = [each for _, each in layers]
    formulas: dict[str, Value] = {}
    size = 1
    for name, each in reversed(layers):
        larger = (size - 1) * each.stride + each.extent
        formulas[f"field_{name}_down"] = in_tex(
            f"({size} − 1)·{each.stride} + {each.extent} = {larger}"
        )
        size = larger
    vgg16 = windows(trace(networks.vgg16()))
    names, deep = [name for name, _ in vgg16], [each for _, each in vgg16]
    mixed = dict(zip(names, downward(deep), strict=True))
    assert downward(reversed(deep))[-1] == upward(deep)[-1]
    assert downward(reversed(chain))[-1] == upward(chain)[-1] == size
    return {
        **formulas,
        "field_mixed_chain": arrows(downward(chain)),
        **{f"field_mixed_{name}": mixed[name] for name in (*_POOLS, "fc6")},
    }


def _exact() -> dict[str, Value]:
    """Return where units see something else than the table tells."""
    vgg16, unet = trace(networks.vgg16()), contents.unet()
    corner = vgg16.receptive_field("pool5", unit=(0, 0)).intervals[-1]
    ceil, size = contents.window("ceil-8-to-4")
    assert isinstance(ceil, Convolution)
    last = [pixel for pixel in ceil.inputs(ceil.output_size(size) - 1) if pixel < size]
    joined = unet.rows[-1]
    pair = [unet.receptive_field(joined.name, unit=(at, at)).intervals[-1] for at in _PAIR]
    assert pair[0] == pair[1]
    return {
        "field_vgg_corner": len(corner),
        "field_ceil_told": ceil.extent,
        "field_ceil_seen": len(last),
        "field_unet_told": field(joined),
        "field_unet_seen": len(pair[0]),
        "field_unet_first": pair[0].start,
        "field_unet_last": pair[0].stop - 1,
        "field_unet_unit": _PAIR[0],
        "field_unet_neighbour": _PAIR[1],
    }


# Two neighbours that see the same.
_PAIR = (8, 9)


def _middle(row: Row) -> Fraction:
    """Return how far the middle of the first unit's receptive field is from the picture's edge."""
    return Fraction(field(row), 2) - _padding(row)


def _places() -> dict[str, Value]:
    """Return where the cells of VGG-16's heatmap lie."""
    vgg16 = trace(networks.vgg16())
    row, window = vgg16["fc6"], vgg16.input_size[-1]
    other = trace(networks.alexnet("torchvision"))
    # A network that leaves pixels of its window over has them on one side.
    over = _middle(other["fc6"]) - Fraction(other.input_size[-1], 2)
    side = grid(IMAGE, window, stride(row)).width
    centre = _middle(row)
    assert centre == side.centres[0]
    # The map before the scores is the image's size divided by the stride.
    below = vgg16["pool5"]
    cell = _middle(below)
    assert cell == Fraction(stride(below), 2)
    start, stop = side.placed.span(0)[0], side.placed.span(side.count - 1)[1]
    # The first score that sees no padding, which needs no more than it sees.
    first = -(-_padding(row) // stride(row)) * stride(row) - _padding(row)
    return {
        "field_centre_formula": in_tex(f"{field(row)}/2 − {_padding(row)} = {centre}"),
        "field_centre": centre,
        "field_alexnet_shift": abs(over),
        "field_last_centre": Fraction(side.centres[-1]),
        "field_stretched_step": Fraction(side.stretched.step),
        "field_stretched_centre": Fraction(side.stretched_centres[0]),
        "field_stretched_last": Fraction(side.stretched_centres[-1]),
        "field_map_start": Fraction(start),
        "field_map_stop": Fraction(stop),
        "field_clean_last": first + field(row) - 1,
        "field_clean_crop": first + field(row),
        "field_pool5_centre_formula": in_tex(f"{field(below)}/2 − {_padding(below)} = {cell}"),
    }


def paths(layers: Sequence[Convolution]) -> list[int]:
    """Return on how many paths a unit reads each pixel of its receptive field, on one axis.

    Args:
        layers: The windows of a chain, in the order of the layers.

    Example:
        >>> paths([axis.convolution(3), axis.convolution(3)])
        [1, 2, 3, 2, 1]
    """
    counts = {0: 1}
    for each in reversed(layers):
        below: dict[int, int] = {}
        for unit, count in counts.items():
            for pixel in each.inputs(unit):
                below[pixel] = below.get(pixel, 0) + count
        counts = below
    return [counts.get(pixel, 0) for pixel in range(min(counts), max(counts) + 1)]


def _paths() -> dict[str, Value]:
    """Return how many more paths lead from the middle of a receptive field than from its edge."""
    small = paths([axis.convolution(3)] * 3)
    deep = paths([each for name, each in windows(trace(networks.vgg16())) if name != "fc6"])
    quarter = len(deep) // 4
    middle = Fraction(sum(deep[quarter : len(deep) - quarter]), sum(deep))
    return {
        "field_paths": Tex(r" \quad ".join(map(str, small))),
        "field_paths_pixels": len(small),
        "field_paths_total": sum(small),
        "field_paths_middle": max(small),
        "field_paths_square": max(small) ** 2,
        "field_vgg_half": len(deep) - 2 * quarter,
        "field_vgg_share": round(100 * middle**2),
    }
