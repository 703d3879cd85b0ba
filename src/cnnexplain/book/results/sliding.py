"""The numbers of the chapter about sliding and one pass."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from cnnexplain import axis, networks, savings
from cnnexplain.api import trace
from cnnexplain.book import contents, experiments
from cnnexplain.book.forms import Count
from cnnexplain.book.results.shared import IMAGE, arrows, field, formula, stride, width
from cnnexplain.figures.cells import displacement
from cnnexplain.operations import Linear, MaxPool2d

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_converted(),
        **_finer(),
        **_compared(),
        **_seen(),
        **_saved(),
        **_timed(),
    }


def _converted() -> dict[str, Value]:
    """Return the numbers of VGG-16's first fully connected layer as a convolution."""
    vgg16 = trace(networks.vgg16())
    dense, (_, channels, height, _) = vgg16["fc6"].operation, vgg16["pool5"].output_shape
    assert isinstance(dense, Linear)
    pooled = width(networks.vgg16(), IMAGE, "pool5")
    kernel = axis.convolution(height)
    cells = kernel.output_size(pooled)
    bare = Linear(dense.in_features, dense.out_features, bias=False).parameters
    # A converted layer that is padded so that its map keeps the size has more cells than windows.
    same = axis.convolution(height, padding=height // 2)
    return {
        "image": (IMAGE, IMAGE),
        "vgg_input_shape": vgg16.input_size,
        "vgg_pool5_shape": (channels, height, height),
        "vgg_kernel": (height, height),
        "vgg_matrix": (dense.out_features, dense.in_features),
        "vgg_fc6_weights": bare,
        "vgg_chain_larger": arrows(_sides(IMAGE)),
        "same_formula": formula(same, pooled),
        "same_cells": same.output_size(pooled) ** 2,
        "vgg_map_larger": (pooled, pooled),
        "vgg_cells": (cells, cells),
        "vgg_cells_formula": formula(kernel, pooled),
        "vgg_scores": (vgg16.rows[-1].output_shape[1], cells, cells),
        "vgg_classes": vgg16.rows[-1].output_shape[1],
        "vgg_field": field(vgg16["fc6"]),
        "alexnet_field": field(trace(networks.alexnet())["fc6"]),
        "places_shift": Fraction(
            displacement(cells, IMAGE, vgg16.input_size[-1], stride(vgg16["pool5"]))
        ),
    }


def _sides(image: int) -> list[int]:
    """Return the sides of VGG-16's maps, from the image to the last pooling."""
    vgg16 = networks.vgg16()
    poolings = [node.name for node in vgg16.nodes if isinstance(node.operation, MaxPool2d)]
    return [image, *(width(vgg16, image, name) for name in poolings)]


_FINER = 16


def _finer() -> dict[str, Value]:
    """Return how many windows shifted passes reach, with a step of half the effective stride."""
    vgg16 = trace(networks.vgg16())
    step, window = stride(vgg16["pool5"]), vgg16.input_size[-1]
    assert step == 2 * _FINER  # so that there are two shifts on each axis
    finer, own = (axis.convolution(window, stride=each) for each in (_FINER, step))
    # A pass over a shifted image reads what is left of it.
    first, shifted = (own.output_size(IMAGE - shift) for shift in (0, _FINER))
    return {
        "finer_step": _FINER,
        "finer_axis": finer.output_size(IMAGE),
        "finer_windows": finer.output_size(IMAGE) ** 2,
        "finer_first": first**2,
        "finer_one": first * shifted,
        "finer_both": shifted**2,
        "finer_twice": first**2 + shifted**2,
    }


_REACHED = ("conv1_1", "conv2_2", "conv3_3", "conv4_3", "conv5_3", "pool5")


def _compared() -> dict[str, Value]:
    """Return what sliding VGG-16 and AlexNet over a photograph found."""
    vgg16, alexnet = experiments.found("vgg16"), experiments.found("alexnet")
    reach = {each["name"]: each for each in vgg16["reach"]}
    errors = [100 * error for row in vgg16["errors"] for error in row]
    network = trace(networks.vgg16())
    # The pages say "none" and "all", and argue from it.
    assert vgg16["equal"] == alexnet["equal"] == 0
    assert vgg16["twin_equal"] == vgg16["twin_cells"]
    return {
        "vgg_compared": vgg16["cells"],
        "vgg_least": _percent(min(errors)),
        "vgg_most": _percent(max(errors)),
        "vgg_agreement": round(vgg16["agreement"] * vgg16["cells"]),
        "twin_cells": vgg16["twin_cells"],
        "alexnet_image": tuple(alexnet["image_size"]),
        "alexnet_compared": alexnet["cells"],
        "vgg_halo": vgg16["halo"],
        "vgg_margin": (field(network["fc6"]) - network.input_size[-1]) // 2,
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
    # The page says "every one", "all" and "none".
    assert all(
        faces[f"{name}_{what}"] == faces["rnet_pictures"]
        for name in ("rnet", "onet")
        for what in ("faces", "others")
    )
    assert all(faces[f"{name}_cured"] == faces[f"{name}_cured_cells"] for name in ("rnet", "onet"))
    assert espresso["equal"] == 0
    return {
        "faces_shown": faces["rnet_pictures"],
        "face_windows": small["cells"],
        "rnet_window": small["window"][0],
        "rnet_equal": small["equal"],
        "rnet_difference": Fraction(f"{small['difference']:.2g}"),
        "rnet_cure": faces["rnet_cure"],
        "rnet_cured_cells": faces["rnet_cured_cells"],
        "onet_window": large["window"][0],
        "onet_cure": faces["onet_cure"],
        "onet_cured_cells": faces["onet_cured_cells"],
        # The lab's network has a window of 32, and its image 64 pixels a side.
        "lab_step_windows": axis.convolution(32).output_size(64) ** 2,
        "digits_accuracy": Fraction(f"{100 * digits['accuracy']:.3g}"),
        "digits_shown": digits["digits"],
        "digits_found": digits["found"],
        "digits_false": Count(digits["false"]),
        "espresso_windows": espresso["cells"],
        "espresso_agreement": round(espresso["agreement"] * espresso["cells"]),
    }


_GIGA = 10**9


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
        "vgg_overlap": (each.input_size[-1] // stride(each["pool5"])) ** 2,
    }


_TIMED = {
    "vgg384": ("VGG-16", 384),
    "vgg512": ("VGG-16", 512),
    "alexnet387": ("AlexNet", 387),
    "alexnet515": ("AlexNet", 515),
}


def _timed() -> dict[str, Value]:
    """Return how much faster one pass was when it was measured."""
    data = json.loads(contents.TIMES.read_text(encoding="utf-8"))
    costs = {(each["network"], each["image_px"]): each for each in data["costs"]}
    # As the page says: AlexNet saves more time than MACs on the larger images only.
    for (network, image_px), each in costs.items():
        if network == "AlexNet":
            assert (each["batched_ratio"] > each["mac_ratio"]) == (
                image_px > _TIMED["alexnet387"][1]
            )
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
