"""The numbers of the chapter about the one size that a fully connected layer wants."""

from __future__ import annotations

import re
from collections import Counter
from importlib import metadata
from typing import TYPE_CHECKING

from cnnexplain import axis, networks
from cnnexplain.api import trace
from cnnexplain.book import contents
from cnnexplain.book.forms import Tex
from cnnexplain.book.results.shared import IMAGE, arrows, in_tex, width
from cnnexplain.diagnosis import fitting, messages
from cnnexplain.formula import tex
from cnnexplain.operations import Conv2d, Linear
from cnnexplain.operations.spatial import bin_inputs

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value
    from cnnexplain.explanation import Explanation


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_one_size(),
        **_adaptive(),
        **_messages(),
    }


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
    sizes = [IMAGE, *(row.output_shape[-1] for row in found.chain if len(row.output_shape) > 2)]  # noqa: PLR2004
    vgg16, larger = trace(networks.vgg16()), width(networks.vgg16(), IMAGE, "pool5")
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
        "one_came_formula": in_tex(facts["product"]),
        "one_wanted_formula": in_tex(facts["wanted_product"]),
        "one_map": facts["map"],
        "one_target": wanted,
        "one_chain": arrows(sizes),
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


def _weights(dense: Linear, channels: int, side: int) -> Tex:
    """Return how many weights a fully connected layer has behind a map of some size."""
    total = side * side * channels * dense.out_features
    return in_tex(f"{side}·{side}·{channels}·{dense.out_features} = {total}")


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
        "skip_chain": arrows([changes[0][1], *(size for _, _, size in changes)]),
        "branch_whole": whole,
        "branch_cut": cut,
        "view_count": facts["invalid-shape"]["count"],
        "view_wanted": wanted,
        "silent_before": before,
        "silent_after": after,
        "silent_formula": in_tex(f"{after * wanted // before} = {after}·{wanted}"),
    }
