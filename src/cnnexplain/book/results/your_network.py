"""The numbers of the chapter about the reader's own network, and about what is done today."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cnnexplain import axis
from cnnexplain.api import trace
from cnnexplain.book import contents, experiments
from cnnexplain.book.results.shared import field, in_tex, stride

if TYPE_CHECKING:
    from cnnexplain.book.forms import Value


def values() -> dict[str, Value]:
    """Return them by name."""
    return {
        **_own(),
        **_today(),
        **_patches(),
    }


def _own() -> dict[str, Value]:
    """Return what tracing, explaining and comparing told of the module."""
    traced = contents.TABLES["own-module"]()
    (problem,) = contents.OWN_EXPLAINED.explanation().problems
    facts, (fits, _) = problem.facts, problem.fits
    (sizes,) = fits.runs
    compared = contents.yours_compared()
    cells = compared.errors.numel()
    assert not any(map(any, compared.exact))  # as the page says
    errors = [100 * error for row in compared.errors.tolist() for error in row]
    rows, columns = compared.errors.shape
    return {
        "own_image": compared.image_size,
        "own_came": facts["came"],
        "own_least_side": sizes[0],
        "own_most_side": sizes[-1],
        "own_map_came": facts["map"],
        "own_channels": facts["channels"],
        "own_window": compared.window,
        "own_stride": compared.stride[0],
        "own_cells": (rows, columns),
        "own_windows": cells,
        "own_least": round(min(errors)),
        "own_most": round(max(errors)),
        "own_context": compared.conversion.exactness.halo[0],
        "own_ratio": round(compared.mac_ratio),
        "own_add_field": field(traced["add"]),
    }


_GIGA = 10**9


def _today() -> dict[str, Value]:
    """Return what three ways find of an espresso, and what each costs."""
    # A build that has nothing to do imports no torch before it knows.
    from cnnexplain.examples import imagenet  # noqa: PLC0415

    found, slid = experiments.found("activation"), experiments.found("imagenet")
    height, width = found["image_size"]
    network = trace(imagenet.efficientnet_lite0(), (3, height, width))
    head, last = network.rows[-1], network.rows[-3]
    channels, places = found["channels"], len(found["activation"])
    step, seen = stride(last), field(last)
    assert last.effective_padding is not None
    # In pixels from the edge of the image: the middle of what the first cell sees.
    middle = Fraction(seen, 2) - last.effective_padding[0]
    window, _ = slid["window"]
    gathered = window // step
    one_map = channels * places**2
    return {
        "today_image": (height, width),
        "today_channels": channels,
        "today_map": (channels, places, places),
        "today_places": (places, places),
        "today_count": places**2,
        "today_classes": head.output_shape[-1],
        "today_score": Fraction(f"{found['score']:.2f}"),
        "today_bias": Fraction(f"{found['bias']:.2f}"),
        "today_seen": seen,
        "today_shift": Fraction(step, 2) - middle,
        "today_window": (window, window),
        "today_gathered": (gathered, gathered),
        "today_cells": (places - gathered + 1,) * 2,
        "today_cell_count": (places - gathered + 1) ** 2,
        "today_negative": found["negative"]["espresso"],
        "today_negative_daisy": found["negative"]["daisy"],
        "today_cam_macs": Fraction(network.macs - head.macs + one_map, _GIGA),
        "today_cam_more": one_map,
        "today_grad_macs": Fraction(network.macs + head.macs + one_map, _GIGA),
        "today_once_macs": Fraction(slid["one_pass_macs"], _GIGA),
        "today_sliding_macs": Fraction(slid["sliding_macs"], _GIGA),
    }


# ViT-B/16: the side of its patches, the numbers of a token, its images.
_PATCH, _TOKEN, _SIDE, _LARGER = 16, 768, 224, 384


def _patches() -> dict[str, Value]:
    """Return the sizes of a vision transformer's first layer."""
    patch = axis.convolution(_PATCH, stride=_PATCH)
    small, large = (patch.output_size(side) for side in (_SIDE, _LARGER))
    weights = 3 * _PATCH**2 * _TOKEN
    return {
        "vit_patch": (_PATCH, _PATCH),
        "vit_token": _TOKEN,
        "vit_image": (_SIDE, _SIDE),
        "vit_formula": in_tex(patch.formula(_SIDE)),
        "vit_tokens": small**2,
        "vit_tokens_larger": large**2,
        "vit_weights_formula": in_tex(f"3·{_PATCH}·{_PATCH}·{_TOKEN} = {weights}"),
    }
