"""Every number and formula that the prose refers to as `{{ name }}`, from the engine."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from fractions import Fraction
from importlib import metadata
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

from cnnexplain import axis, networks, savings
from cnnexplain.api import trace
from cnnexplain.book import contents, experiments
from cnnexplain.book.forms import Tex
from cnnexplain.diagnosis import fitting, messages
from cnnexplain.errors import ShapeError
from cnnexplain.figures.cells import displacement
from cnnexplain.figures.downsampling import known, strided
from cnnexplain.formula import tex
from cnnexplain.graph import Network
from cnnexplain.operations import Conv2d, Linear, MaxPool2d
from cnnexplain.operations.spatial import bin_inputs
from cnnexplain.windows import Convolution, Transposed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnnexplain.book.forms import Value
    from cnnexplain.explanation import Explanation
    from cnnexplain.graph import Row

# The picture and the crop that the sources ask about.
_IMAGE = 384


def values() -> Mapping[str, Value]:
    """Return all values by name.

    Example:
        >>> values()["flat"]
        9216
    """
    return {
        **_windows(),
        **_sliding(),
        **_pooling_to_dense(),
        **_coincidences(),
        **_variants(),
        **_converted(),
        **_compared(),
        **_seen(),
        **_saved(),
        **_timed(),
        **_widths(),
        **_one_size(),
        **_adaptive(),
        **_messages(),
    }


def _formula(window: Convolution | Transposed, size: int) -> Tex:
    return Tex(window.formula(size).tex)


def _windows() -> dict[str, Value]:
    plain, plain_input = contents.window("convolution-5-to-3")
    stride, stride_input = contents.window("stride-7-to-3")
    padded, padded_input = contents.window("padding-7-to-4")
    dropping, dropped = contents.window("dropped-8-to-3")
    rounded_up, overhung = contents.window("ceil-8-to-4")
    dilated, dilated_input = contents.window("dilation-7-to-3")
    transposed, transposed_input = contents.window("transposed-3-to-7")
    (patches,) = strided({"ViT-B/16": known()["ViT-B/16"]})[0].layers
    assert not isinstance(dropping, Transposed)
    outputs = plain.output_size(plain_input)
    return {
        "kernel": plain.kernel_size,
        "plain_input": plain_input,
        "plain_output": outputs,
        "plain_formula": _tex(f"{plain_input} − {plain.kernel_size} + 1 = {outputs}"),
        "stride": stride.stride,
        "stride_input": stride_input,
        "stride_room": stride_input - stride.kernel_size,
        "stride_steps": stride.output_size(stride_input) - 1,
        "stride_output": stride.output_size(stride_input),
        "stride_formula": _formula(stride, stride_input),
        "padding": padded.padding[0],
        "padded_size": padded_input + sum(padded.padding),
        "padding_formula": _formula(padded, padded_input),
        "dropped_input": dropped,
        "dropped_read": dropped - len(dropping.unread(dropped)),
        "dropped_output": dropping.output_size(dropped),
        "dropped_formula": _formula(dropping, dropped),
        "ceil_output": rounded_up.output_size(overhung),
        "ceil_formula": _formula(rounded_up, overhung),
        "dilation": dilated.dilation,
        "dilation_extent": dilated.extent,
        "dilation_formula": _formula(dilated, dilated_input),
        "transposed_stride": transposed.stride,
        "transposed_input": transposed_input,
        "transposed_output": transposed.output_size(transposed_input),
        "transposed_formula": _formula(transposed, transposed_input),
        "patch_stride": int(patches.step),
    }


def _stride(row: Row) -> int:
    assert row.effective_stride is not None
    return int(row.effective_stride[-1])


def _strides(network: Network) -> list[int]:
    """Return the strides above 1 of a network's layers, in order."""
    operations = [node.operation for node in network.nodes]
    windows = [each.windows[0] for each in operations if isinstance(each, Conv2d | MaxPool2d)]
    return [window.stride for window in windows if window.stride > 1]


def _sliding() -> dict[str, Value]:
    vgg16, alexnet = trace(networks.vgg16()), trace(networks.alexnet())
    crop, map_size = vgg16.input_size[-1], vgg16["pool5"].output_shape[-1]
    crops = axis.convolution(crop, stride=_stride(vgg16["pool5"]))
    return {
        "vgg_poolings": sum(isinstance(row.operation, MaxPool2d) for row in vgg16.rows),
        "vgg_stride": _stride(vgg16["pool5"]),
        "vgg_input": crop,
        "vgg_map": map_size,
        "crops_axis": crops.output_size(_IMAGE),
        "crops": crops.output_size(_IMAGE) ** 2,
        "crops_formula": _formula(crops, _IMAGE),
        "alexnet_strides": _tex("·".join(map(str, _strides(networks.alexnet())))),
        "alexnet_stride": _stride(alexnet["pool5"]),
        "alexnet_input": alexnet.input_size[-1],
        "alexnet_ratio": Fraction(alexnet.input_size[-1], alexnet["pool5"].output_shape[-1]),
    }


def _pooling_to_dense() -> dict[str, Value]:
    alexnet = trace(networks.alexnet())
    conv1, conv5, pool5, fc6 = (alexnet[name] for name in ("conv1", "conv5", "pool5", "fc6"))
    pool, dense, first = pool5.operation, fc6.operation, conv1.operation
    assert isinstance(pool, MaxPool2d)
    assert isinstance(dense, Linear)
    assert isinstance(first, Conv2d)
    convolved = sum(row.parameters for row in alexnet.rows if isinstance(row.operation, Conv2d))
    cells = _cells(conv5.output_shape)
    return {
        "conv1_kernel": first.windows[0].kernel_size,
        "conv1_stride": first.windows[0].stride,
        "conv1_output": conv1.output_shape[-1],
        "conv5_channels": conv5.output_shape[1],
        "conv5_map": conv5.output_shape[2:],
        "conv5_shape": conv5.output_shape[1:],
        "conv5_values": cells,
        "pool5_input": pool5.input_shape[-1],
        "pool5_output": pool5.output_shape[-1],
        "pool5_shape": pool5.output_shape[1:],
        "pool5_kernel": pool.windows[0].kernel_size,
        "pool5_stride": pool.windows[0].stride,
        "pool5_formula": _formula(pool.windows[0], pool5.input_shape[-1]),
        "flat": dense.in_features,
        "flatten_formula": _tex(alexnet["flatten"].formula),
        "fc6_width": dense.out_features,
        "fc6_matrix": (dense.out_features, dense.in_features),
        "fc6_units": (dense.out_features,),
        "fc6_formula": _tex(dense.parameter_formula),
        "fc6_share": Fraction(100 * dense.parameters, alexnet.parameters),
        "convolution_share": Fraction(100 * convolved, alexnet.parameters),
        "wrong_weights": Linear(cells, dense.out_features, bias=False).parameters,
    }


def _cells(shape: tuple[int, ...]) -> int:
    _, channels, height, width = shape
    return channels * height * width


def _tex(formula: object) -> Tex:
    return Tex(tex(str(formula)))


def _coincidences() -> dict[str, Value]:
    _, channels, size, _ = trace(networks.alexnet())["pool5"].input_shape
    swapped, small = axis.pooling(2, stride=3), axis.pooling(2, stride=2)
    left = swapped.output_size(size)
    # The wrong formula pads the input once, so that size 2 with stride 2 fits.
    padded, kernel, stride = size + 1, small.kernel_size, small.stride
    wrong = (padded - kernel) // (stride + 1)
    return {
        "swapped_kernel": swapped.kernel_size,
        "swapped_stride": swapped.stride,
        "swapped_output": left,
        "swapped_formula": _formula(swapped, size),
        "swapped_flatten": _tex(f"{channels}·{left}·{left} = {channels * left * left}"),
        "wrong_input": padded,
        "wrong_kernel": kernel,
        "wrong_stride": stride,
        "wrong_formula": Tex(rf"\frac{{{padded} - {kernel}}}{{{stride} + 1}} = {wrong}"),
        "right_14": small.output_size(padded),
        "pool22_floor": small.output_size(size),
        "pool22_ceil": axis.pooling(2, stride=2, ceil_mode=True).output_size(size),
    }


def _variants() -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name in ("alexnet", "ungrouped", "torchvision"):
        each = trace(networks.alexnet("paper" if name == "alexnet" else name))
        found[f"{name}_input_shape"] = each.input_size
        found[f"{name}_parameters"] = each.parameters
        found[f"{name}_macs"] = each.macs
    unpadded = _fitting(networks.alexnet())
    padded = _fitting(networks.alexnet("torchvision"))
    at_224 = [_size(networks.alexnet(), 224, name) for name in ("conv1", "pool5")]
    first = networks.alexnet("torchvision").nodes[0].operation
    assert isinstance(first, Conv2d)
    return {
        **found,
        "paper224_conv1": at_224[0],
        "paper224_pool5": at_224[1],
        "torchvision_padding": first.windows[0].padding[0],
        "unpadded_smallest": unpadded[0],
        "unpadded_largest": unpadded[-1],
        "padded_smallest": padded[0],
        "padded_largest": padded[-1],
    }


def _size(network: Network, input_size: int, name: str) -> int:
    """Return the width of a layer's output above the flattening, which any input size has."""
    names = [node.name for node in network.nodes]
    below = Network(network.nodes[: names.index(name) + 1])
    return trace(below, (3, input_size, input_size))[name].output_shape[-1]


def _fitting(network: Network) -> list[int]:
    """Return the input sizes near the network's own whose maps have the sizes of AlexNet."""
    names = ("conv1", "pool1", "pool2", "pool5")
    alexnet = trace(networks.alexnet())
    wanted = [alexnet[name].output_shape[-1] for name in names]
    fitting = []
    for size in range(200, 260):
        try:
            sizes = [_size(network, size, name) for name in names]
        except ShapeError:
            continue
        if sizes == wanted:
            fitting.append(size)
    return fitting


def _converted() -> dict[str, Value]:
    """Return the numbers of VGG-16's first fully connected layer as a convolution."""
    vgg16 = trace(networks.vgg16())
    dense, (_, channels, height, _) = vgg16["fc6"].operation, vgg16["pool5"].output_shape
    assert isinstance(dense, Linear)
    pooled = _size(networks.vgg16(), _IMAGE, "pool5")
    kernel = axis.convolution(height)
    cells = kernel.output_size(pooled)
    bare = Linear(dense.in_features, dense.out_features, bias=False).parameters
    larger = Linear(channels * pooled**2, dense.out_features, bias=False).parameters
    return {
        "image": (_IMAGE, _IMAGE),
        "vgg_input_shape": vgg16.input_size,
        "vgg_pool5_shape": (channels, height, height),
        "vgg_kernel": (height, height),
        "vgg_kernel_shape": (channels, height, height),
        "vgg_matrix": (dense.out_features, dense.in_features),
        "vgg_fc6_weights": bare,
        "vgg_fc6_weights_larger": larger,
        "vgg_map_larger": (pooled, pooled),
        "vgg_cells": (cells, cells),
        "vgg_cells_formula": _formula(kernel, pooled),
        "vgg_scores": (vgg16.rows[-1].output_shape[1], cells, cells),
        "vgg_classes": vgg16.rows[-1].output_shape[1],
        "vgg_field": _field(vgg16["fc6"]),
        "alexnet_field": _field(trace(networks.alexnet())["fc6"]),
        "places_shift": Fraction(
            displacement(cells, _IMAGE, vgg16.input_size[-1], _stride(vgg16["pool5"]))
        ),
    }


def _field(row: Row) -> int:
    assert row.receptive_field is not None
    return row.receptive_field[0]


_REACHED = ("conv1_1", "conv2_2", "conv3_3", "conv4_3", "conv5_3", "pool5")


def _compared() -> dict[str, Value]:
    """Return what sliding VGG-16 and AlexNet over a photograph found."""
    vgg16, alexnet = experiments.found("vgg16"), experiments.found("alexnet")
    reach = {each["name"]: each for each in vgg16["reach"]}
    errors = [100 * error for row in vgg16["errors"] for error in row]
    network = trace(networks.vgg16())
    return {
        "vgg_equal": vgg16["equal"],
        "vgg_compared": vgg16["cells"],
        "vgg_least": _percent(min(errors)),
        "vgg_most": _percent(max(errors)),
        "vgg_agreement": round(vgg16["agreement"] * vgg16["cells"]),
        "twin_equal": vgg16["twin_equal"],
        "twin_cells": vgg16["twin_cells"],
        "alexnet_image": tuple(alexnet["image_size"]),
        "alexnet_equal": alexnet["equal"],
        "alexnet_compared": alexnet["cells"],
        "vgg_halo": vgg16["halo"],
        "vgg_margin": (_field(network["fc6"]) - network.input_size[-1]) // 2,
        "alexnet_halo": alexnet["halo"],
        **{f"clean_{name}": reach[name]["clean"] for name in _REACHED},
        **{f"size_{name}": reach[name]["size"] for name in _REACHED},
        "reach_cells": reach["pool5"]["clean"] ** 2,
        "reach_all_cells": reach["pool5"]["size"] ** 2,
    }


def _percent(value: float) -> Fraction:
    """Return a percentage with as many digits as count."""
    return Fraction(f"{value:.2g}")


def _seen() -> dict[str, Value]:
    """Return what real networks saw: faces, digits, an espresso."""
    faces, digits, espresso = (experiments.found(name) for name in ("faces", "digits", "imagenet"))
    small, large = faces["rnet"], faces["onet"]
    return {
        "faces_shown": faces["rnet_pictures"],
        "rnet_faces": faces["rnet_faces"],
        "rnet_others": faces["rnet_others"],
        "onet_faces": faces["onet_faces"],
        "onet_others": faces["onet_others"],
        "face_windows": small["cells"],
        "rnet_window": small["window"][0],
        "rnet_equal": small["equal"],
        "rnet_difference": Fraction(f"{small['difference']:.2g}"),
        "rnet_cure": faces["rnet_cure"],
        "rnet_cured": faces["rnet_cured"],
        "rnet_cured_cells": faces["rnet_cured_cells"],
        "onet_window": large["window"][0],
        "onet_cure": faces["onet_cure"],
        "onet_cured": faces["onet_cured"],
        "onet_cured_cells": faces["onet_cured_cells"],
        "digits_accuracy": Fraction(f"{100 * digits['accuracy']:.3g}"),
        "digits_shown": digits["digits"],
        "digits_found": digits["found"],
        "digits_false": digits["false"],
        "espresso_windows": espresso["cells"],
        "espresso_agreement": round(espresso["agreement"] * espresso["cells"]),
    }


_FEW, _SOME, _MANY = "4", "32", "4096"


def _widths() -> dict[str, Value]:
    """Return how well networks of some widths read digits."""
    found = experiments.found("width")["accuracies"]
    values: dict[str, Value] = {"width_seeds": len(found[_FEW])}
    for name, units in (("few", _FEW), ("some", _SOME), ("many", _MANY)):
        values[f"width_{name}"] = int(units)
        values[f"width_{name}_accuracy"] = Fraction(f"{100 * median(found[units]):.3g}")
    return values


def _saved() -> dict[str, Value]:
    """Return what one pass saves, in multiply-accumulates."""
    found = experiments.found("vgg16")
    sliding, once = found["sliding_macs"], found["one_pass_macs"]
    each = trace(networks.vgg16())
    return {
        "vgg_macs": Fraction(each.macs, _GIGA),
        "vgg_sliding_macs": Fraction(sliding, _GIGA),
        "vgg_once_macs": Fraction(once, _GIGA),
        "vgg_ratio": Fraction(sliding, once),
        "vgg_limit": savings.work(networks.vgg16()).limit,
        "alexnet_limit": savings.work(networks.alexnet()).limit,
        "vgg_overlap": (each.input_size[-1] // _stride(each["pool5"])) ** 2,
    }


_GIGA = 10**9
_TIMED = {"vgg384": ("VGG-16", 384), "vgg512": ("VGG-16", 512), "alexnet515": ("AlexNet", 515)}


def _timed() -> dict[str, Value]:
    """Return how much faster one pass was when it was measured."""
    data = json.loads(contents.TIMES.read_text(encoding="utf-8"))
    costs = {(each["network"], each["image_px"]): each for each in data["costs"]}
    found: dict[str, Value] = {
        "timed_date": date.fromisoformat(data["date"]),
        "timed_cores": data["machine"]["cores"],
        "timed_cpu": data["machine"]["cpu"],
    }
    for name, case in _TIMED.items():
        each = costs[case]
        found |= {
            f"timed_{name}_image": (each["image_px"],) * 2,
            f"timed_{name}_windows": each["windows"],
            f"timed_{name}_macs": Fraction(f"{each['mac_ratio']:.1f}"),
            f"timed_{name}_seconds": Fraction(f"{each['batched_ratio']:.1f}"),
        }
    first = costs[_TIMED["vgg384"]]
    return found | {"timed_vgg384_loop": round(first["single_ratio"])}


def _one_size() -> dict[str, Value]:
    """Return why AlexNet without adaptive pooling fails on a larger image, and what cures it."""
    program = contents.EXPLANATIONS["alexnet-384"]
    found, said = program.explanation(), messages.told(program.message())
    (problem,) = found.problems
    facts, cures = problem.facts, {cure.kind: cure.facts for cure in problem.cures}
    assert said is not None
    assert said.facts["wanted"] == facts["wanted"]
    dense, windows = contents.window("connections")
    outputs = dense.output_size(windows)
    sizes = [_IMAGE, *(row.output_shape[-1] for row in found.chain if len(row.output_shape) > 2)]  # noqa: PLR2004
    vgg16, larger = trace(networks.vgg16()), _size(networks.vgg16(), _IMAGE, "pool5")
    vgg_dense, (_, vgg_channels, vgg_side, _) = vgg16["fc6"].operation, vgg16["pool5"].output_shape
    assert isinstance(vgg_dense, Linear)
    channels, wanted = facts["channels"], facts["target"]
    assert isinstance(channels, int)
    assert isinstance(wanted, tuple)
    classes = vgg16.rows[-1].output_shape[-1]
    per_place = Linear(channels, classes)
    rooms = (axis.convolution(wanted[0]).output_size(sizes[-1]),) * 2
    return {
        "one_rows": said.facts["rows"],
        "one_came": said.facts["came"],
        "one_came_formula": _tex(facts["product"]),
        "one_wanted_formula": _tex(facts["wanted_product"]),
        "one_map": facts["map"],
        "one_target": wanted,
        "one_chain": _arrows(sizes),
        **_ranges(found),
        "small_inputs": windows,
        "small_outputs": outputs,
        "small_dense": windows * outputs,
        "small_kernel": dense.kernel_size,
        "small_more": windows + 1,
        "small_more_dense": (windows + 1) * outputs,
        "small_more_outputs": dense.output_size(windows + 1),
        "vgg_flat": vgg_dense.in_features,
        "vgg_flat_larger": vgg_channels * larger**2,
        "vgg_weights_formula": _weights(vgg_dense, vgg_channels, vgg_side),
        "vgg_weights_larger_formula": _weights(vgg_dense, vgg_channels, larger),
        "vgg_pool5_larger": (vgg_channels, larger, larger),
        "vgg_convolution_parameters": sum(
            row.parameters for row in vgg16.rows if isinstance(row.operation, Conv2d)
        ),
        "per_place_input": (*_IN_PLACE, channels),
        "per_place_output": per_place.output_shape((1, *_IN_PLACE, channels))[1:],
        "one_parameters": cures["in_features"]["before"],
        "one_parameters_wider": cures["in_features"]["parameters"],
        "one_scores": (classes, *rooms),
        "torch_version": metadata.version("torch").partition("+")[0],
    }


# The height and width of a map whose channels come last.
_IN_PLACE = (11, 11)


def _arrows(sizes: Iterable[int]) -> str:
    """Return sizes one after another, those that stay once."""
    return " → ".join(str(size) for size, _ in groupby(sizes))


def _weights(dense: Linear, channels: int, side: int) -> Tex:
    """Return how many weights a fully connected layer has behind a map of some size."""
    total = side * side * channels * dense.out_features
    return _tex(f"{side}·{side}·{channels}·{dense.out_features} = {total}")


# A fraction is too small to read in a line of text.
_IN_LINE = re.compile(r"\\frac\{(.*?)\}\{(.*?)\}")


def _ranges(found: Explanation) -> dict[str, Value]:
    """Return which image sizes leave the map that each network wants, and by which rule."""
    assert found.trace is not None
    asked = {
        "paper": (networks.alexnet(), 227),
        "torchvision": (found.trace.network, 224),
        "vgg": (networks.vgg16(), 224),
    }
    values: dict[str, Value] = {}
    for name, (network, size) in asked.items():
        number = [node.name for node in network.nodes].index("pool5") + 1
        shapes = [(1, 3, size, size)]
        side = fitting.side_of(network, shapes, number, axis=0)
        assert side is not None
        run = side.fits(side.size(size))
        values |= {
            f"fits_{name}_rule": Tex(_IN_LINE.sub(r"(\1)/\2", tex(side.formula(size).symbols))),
            f"fits_{name}_side": side.size(size),
            f"fits_{name}_smallest": run[0],
            f"fits_{name}_largest": run[-1],
        }
    return values


def _adaptive() -> dict[str, Value]:
    """Return how torchvision's AlexNet brings the map of a larger image to the size it wants."""
    explanation = contents.EXPLANATIONS["adaptive-384"].explanation()
    (note,) = (each for each in explanation.notes if each.kind == "adaptive")
    taken, given = note.facts["input"], note.facts["output"]
    assert isinstance(taken, tuple)
    assert isinstance(given, tuple)
    bins = [bin_inputs(index, taken[0], given[0]) for index in range(given[0])]
    outer, inner = {len(bins[0]), len(bins[-1])}, {len(each) for each in bins[1:-1]}
    (thin,), (thick,) = outer, inner
    read = Counter(cell for each in bins for cell in each)
    return {
        "adaptive_outer": thin,
        "adaptive_inner": thick,
        "adaptive_rows": taken[0],
        "adaptive_twice": sum(count > 1 for count in read.values()),
        "adaptive_fewest": thin**2,
        "adaptive_most": thick**2,
    }


def _messages() -> dict[str, Value]:
    """Return the numbers of the commonest messages, and of the mistake without one."""
    facts = {
        name: dict(problem.facts)
        for name, program in contents.EXPLANATIONS.items()
        for problem in program.explanation().problems
    }
    unflattened = messages.told(contents.EXPLANATIONS["mat1-and-mat2"].message())
    assert unflattened is not None
    skip = contents.EXPLANATIONS["sizes-of-tensors"].explanation()
    branch = contents.EXPLANATIONS["tensor-a"].explanation().problems[0].branches[-1]
    changes = skip.problems[0].branches[-1].changes
    ((_, whole, cut),) = branch.changes
    smallest, silent = facts["kernel-size"]["smallest"], facts["silent-view"]
    before, after, wanted = (silent[name] for name in ("before", "after", "wanted"))
    assert isinstance(smallest, tuple)
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert isinstance(wanted, int)
    return {
        "unflattened_map": facts["mat1-and-mat2"]["map"],
        "unflattened_rows": unflattened.facts["rows"],
        "unflattened_last": unflattened.facts["came"],
        "kernel_extent": facts["kernel-size"]["extent"],
        "kernel_came": facts["kernel-size"]["came"],
        "kernel_smallest": smallest[-1],
        "skip_size": changes[0][1],
        "skip_chain": _arrows([changes[0][1], *(size for _, _, size in changes)]),
        "branch_whole": whole,
        "branch_cut": cut,
        "view_count": facts["invalid-shape"]["count"],
        "view_wanted": wanted,
        "silent_before": before,
        "silent_after": after,
        "silent_formula": _tex(f"{after * wanted // before} = {after}·{wanted}"),
    }
