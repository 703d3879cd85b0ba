"""Real networks on real photographs, slid and passed over: what the pages show of it, as numbers.

Each experiment is computed once, whatever the language, and kept under a key of all that can change
it. What is kept is plain: numbers, lists, and photographs as bytes in base64.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

from cnnexplain.book import cache as keys
from cnnexplain.errors import BookError, CnnExplainError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import nn

    from cnnexplain.comparison import Comparison
    from cnnexplain.devices import Precision
    from cnnexplain.graph import Network

Found: TypeAlias = dict[str, Any]

FOLDER = Path(".cache/experiments")
_PACKAGE = Path(__file__).parents[1]
# What experiments depend on; not what shows their results, nor the command line.
_USED = (
    *(
        "operations/",
        "networks/",
        "tracing/",
        "conversion/",
        "examples/",
        "graph.py",
        "geometry.py",
    ),
    *("windows.py", "axis.py", "source.py", "api.py", "exactness.py", "devices.py", "sliding.py"),
    "comparison.py",
)
# Beyond this many digits, numbers may differ from run to run, and none is shown.
_DIGITS = 5


@cache
def found(name: str) -> Found:
    """Return what an experiment gives, from the cache if nothing has changed.

    Args:
        name: The experiment.

    Raises:
        BookError: If it fails.
        CnnExplainError: If a package that it needs is missing.

    Example:
        >>> sorted(EXPERIMENTS)
        ['activation', 'alexnet', 'digits', 'faces', 'imagenet', 'vgg16', 'width']
    """
    path = FOLDER / f"{name}-{_key(name)}.json"
    kept = keys.recall(path)
    if kept is None:
        kept = json.dumps(_rounded(_run(name))).encode()
        keys.remember(path, kept)
    found: Found = json.loads(kept)
    return found


def _run(name: str) -> Found:
    try:
        return EXPERIMENTS[name]()
    except CnnExplainError:
        raise
    except Exception as error:
        raise BookError(
            f"the experiment {name}, which runs",
            f"{type(error).__name__}: {error}",
            f"correct it in src/cnnexplain/book/{Path(__file__).name}",
        ) from error


def prepare(say: Callable[[str], None]) -> None:
    """Run the experiments of which something has changed.

    Args:
        say: Called with one line for each that took a while.
    """
    for name in EXPERIMENTS:
        start = monotonic()
        found(name)
        seconds = monotonic() - start
        if seconds > 1:
            say(f"experiment {name}: {seconds:.1f} s")


def _key(name: str) -> str:
    package = {
        part: digest for part, digest in keys.sources(_PACKAGE).items() if part.startswith(_USED)
    }
    known = [name, package, Path(__file__).read_text(encoding="utf-8"), keys.versions()]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value


def _padded(network: Network, size: int, halos: Sequence[int], precision: Precision) -> Found:
    """Return how a padded network with seeded weights compares on a photograph.

    Args:
        network: The network.
        size: The photograph's size in pixels.
        halos: The contexts that one window in the middle is given, in pixels.
        precision: `"float64"` or `"float32"`.
    """
    from cnnexplain.comparison import compare  # noqa: PLC0415  # torch takes a second to import
    from cnnexplain.examples.photographs import photograph  # noqa: PLC0415
    from cnnexplain.examples.weights import seeded  # noqa: PLC0415

    model = seeded(network)
    photo = photograph("astronaut")
    image = _prepared(photo, size)
    assert network.input_size is not None
    window = network.input_size[1]
    whole = compare(model, image, window, device="cpu", precision=precision)
    return {
        **_compared(whole, int(whole.sliding.amax((0, 2, 3)).argmax())),
        "photograph": _jpeg(photo, _SMALL),
        "halo": whole.conversion.exactness.halo[0],
        "reach": [
            {"name": each.name, "clean": each.clean[0], "size": each.size[0]}
            for each in whole.conversion.exactness.reach
        ],
        "halos": {halo: _with_context(image, whole, halo) for halo in halos},
    }


def _prepared(photo: torch.Tensor, size: int) -> torch.Tensor:
    """Return a photograph as networks with seeded weights take it: about 0."""
    from cnnexplain.examples.photographs import resized  # noqa: PLC0415

    return resized(photo.float() / 255, (size, size)) - 0.45


def _with_context(image: torch.Tensor, whole: Comparison, halo: int) -> float:
    """Return the error of one window in the middle that is given its surroundings."""
    import torch  # noqa: PLC0415

    row, column = (size // 2 for size in whole.errors.shape)
    rows, columns = whole.conversion.window_box((row, column))
    around = image[
        None, :, rows.start - halo : rows.stop + halo, columns.start - halo : columns.stop + halo
    ]
    with torch.inference_mode():
        maps = whole.conversion.module(around.to(whole.one_pass.dtype))
    place = halo // whole.stride[0]
    wanted = whole.one_pass[0, :, row, column]
    error = float((maps[0, :, place, place] - wanted).norm() / wanted.norm())
    return 0.0 if error < whole.rounding else error


def _compared(comparison: Comparison, channel: int) -> Found:
    """Return what a comparison found, with the maps of one class."""
    errors, rounding = comparison.errors, comparison.rounding
    return {
        "image_size": list(comparison.image_size),
        "window": list(comparison.window),
        "stride": list(comparison.stride),
        "sliding": comparison.sliding[0, channel].tolist(),
        "one_pass": comparison.one_pass[0, channel].tolist(),
        "difference": float((comparison.sliding - comparison.one_pass)[0, channel].abs().max()),
        "errors": [[0.0 if each < rounding else each for each in row] for row in errors.tolist()],
        "exact": [list(row) for row in comparison.exact],
        "rounding": rounding,
        "equal": int((errors < rounding).sum()),
        "cells": errors.numel(),
        "agreement": comparison.agreement,
        "sliding_macs": comparison.sliding_cost.macs,
        "one_pass_macs": comparison.one_pass_cost.macs,
    }


def _jpeg(photo: torch.Tensor, side: int = 384) -> str:
    """Return a photograph, (3, height, width) from 0 to 255, as it lies in a file of JSON."""
    from cnnexplain.examples.photographs import jpeg  # noqa: PLC0415

    return b64encode(jpeg(photo, side)).decode()


def _vgg16() -> Found:
    from cnnexplain import networks  # noqa: PLC0415
    from cnnexplain.comparison import compare  # noqa: PLC0415
    from cnnexplain.examples.photographs import photograph  # noqa: PLC0415
    from cnnexplain.examples.weights import seeded  # noqa: PLC0415

    image = _prepared(photograph("astronaut"), 384)
    # In single precision, which torch computes ten times faster. The twin's last pooling covers all
    # of its map, so that it could step on by less than VGG-16.
    twin = compare(
        seeded(networks.vgg16(padded=False)), image, 224, 32, device="cpu", precision="float32"
    )
    return {
        **_padded(networks.vgg16(), 384, (0, 32, 64, 96), "float32"),
        "twin_equal": int((twin.errors < twin.rounding).sum()),
        "twin_cells": twin.errors.numel(),
    }


def _alexnet() -> Found:
    from cnnexplain import networks  # noqa: PLC0415

    # The smallest image above 384 on which crops of 227 leave no remainder.
    return _padded(networks.alexnet(), 387, (0, 32, 64), "float64")


def _faces() -> Found:
    from cnnexplain.conversion import fully_convolutional  # noqa: PLC0415
    from cnnexplain.examples import faces  # noqa: PLC0415
    from cnnexplain.examples.photographs import faces as pictures  # noqa: PLC0415
    from cnnexplain.examples.photographs import photograph, resized  # noqa: PLC0415

    every = pictures()
    coloured = every.pictures[:, None].expand(-1, 3, -1, -1)
    photo = photograph("astronaut")
    result: Found = {}
    for name, model in (("rnet", faces.rnet()), ("onet", faces.onet())):
        window = model.window
        chance = model(faces.prepared(resized(coloured, (window, window))))[:, 1]
        found_faces, found_others = (
            int((chance[every.labels == label] > 0.5).sum())  # noqa: PLR2004  # more likely than not
            for label in (1, 0)
        )
        result[f"{name}_faces"] = found_faces
        result[f"{name}_others"] = int((every.labels == 0).sum()) - found_others
        result[f"{name}_pictures"] = int((every.labels == 1).sum())
        stride = fully_convolutional(model, (3, window, window)).effective_stride[0]
        # A window is to show as much as a face of 112 pixels, and no pixel is to be left over.
        steps = round(photo.shape[-1] * window / _FACE - window) // stride
        compared = _on_photograph(model, photo, window, window + steps * stride)
        result[name] = {
            **_compared(compared, 1),
            "photograph": _jpeg(photo, _SMALL),
            "found_windows": {**_found_faces(compared), "photograph": _jpeg(photo)},
        }
        cure = compared.conversion.exactness.cure
        assert cure is not None
        cured = _on_photograph(model, photo, cure[0], cure[0] + steps * stride)
        result[f"{name}_cure"] = cure[0]
        result[f"{name}_cured"] = int((cured.errors < cured.rounding).sum())
        result[f"{name}_cured_cells"] = cured.errors.numel()
    return result


_FACE = 112
# The side of a photograph that stands beside its maps, in a figure of 60 kilobytes.
_SMALL = 304


def _found_faces(compared: Comparison) -> Found:
    """Return the windows that one pass takes for a face, from the least sure to the surest."""
    sides, steps = compared.window, compared.stride
    chances = compared.one_pass[0, 1]
    likely = sorted(
        (float(chances[row, column]), row * steps[0], column * steps[1])
        for row, column in (chances > 0.5).nonzero().tolist()  # noqa: PLR2004  # than not
    )
    return {
        "boxes": [[top, left, top + sides[0], left + sides[1]] for _, top, left in likely],
        "scores": [chance for chance, _, _ in likely],
        "windows": chances.numel(),
    }


def _on_photograph(model: nn.Module, photo: torch.Tensor, window: int, size: int) -> Comparison:
    from cnnexplain.comparison import compare  # noqa: PLC0415
    from cnnexplain.examples import faces  # noqa: PLC0415
    from cnnexplain.examples.photographs import resized  # noqa: PLC0415

    image = faces.prepared(resized(photo, (size, size))).double()
    return compare(model, image, window, device="cpu")


def _digits() -> Found:
    import torch  # noqa: PLC0415

    from cnnexplain.conversion import fully_convolutional  # noqa: PLC0415
    from cnnexplain.examples import digits  # noqa: PLC0415

    model, accuracy = digits.train()
    canvas = digits.canvas()
    conversion = fully_convolutional(model, (1, digits.WINDOW, digits.WINDOW))
    with torch.no_grad():
        scores = digits.stitched(conversion.module, canvas.picture[None])[0]
    height, width = canvas.picture.shape[-2:]

    side = digits.WINDOW

    def in_reading_order(digit: digits.Digit) -> tuple[int, int]:
        # By its middle, which stays in its cell of the canvas wherever the digit lies there.
        row, column = digit.row + side // 2, digit.column + side // 2
        return row // (height // _ON_CANVAS), column // (width // _ON_CANVAS)

    seen = sorted(digits.found(scores), key=in_reading_order)
    return {
        "accuracy": accuracy,
        "digits": len(canvas.digits),
        "found": digits.rightly(seen, canvas.digits),
        "false": len(seen) - digits.rightly(seen, canvas.digits),
        "image_size": [height, width],
        "found_windows": {
            "boxes": [
                [each.row, each.column, each.row + side, each.column + side] for each in seen
            ],
            "labels": [str(each.value) for each in seen],
            "right": [bool(digits.rightly([each], canvas.digits)) for each in seen],
            "windows": scores.shape[-2] * scores.shape[-1],
            "photograph": _png(canvas.picture[0]),
        },
    }


# Digits in a row of the canvas, and rows.
_ON_CANVAS = 6
# How many pixels of a file a pixel of the canvas takes on each axis, so that it stays a square.
_ENLARGED = 6


def _png(picture: torch.Tensor) -> str:
    """Return a picture of few pixels, grey from 0 to 1, as it lies in a file of JSON."""
    import io  # noqa: PLC0415

    from cnnexplain.examples.packages import imported  # noqa: PLC0415

    grey = (picture * 255).round().byte()
    large = grey.repeat_interleave(_ENLARGED, 0).repeat_interleave(_ENLARGED, 1)
    stream = io.BytesIO()
    imported("PIL.Image").fromarray(large.numpy()).save(stream, "PNG", optimize=True)
    return b64encode(stream.getvalue()).decode()


def _imagenet() -> Found:
    from torch import nn  # noqa: PLC0415

    from cnnexplain.comparison import compare  # noqa: PLC0415
    from cnnexplain.examples import imagenet  # noqa: PLC0415
    from cnnexplain.examples.photographs import centred, photograph  # noqa: PLC0415

    photo = centred(photograph("coffee"), 384)
    model = nn.Sequential(imagenet.efficientnet_lite0(), nn.Softmax(dim=1)).eval()
    # In single precision, since torch is slow at depthwise convolutions in double.
    compared = compare(model, imagenet.prepared(photo), 224, device="cpu", precision="float32")
    espresso = imagenet.CLASSES["espresso"]
    names = {index: name for name, index in imagenet.CLASSES.items()}
    highest = {
        way: dict(
            zip(("scores", "classes"), (each.tolist() for each in maps[0].max(0)), strict=True)
        )
        for way, maps in (("sliding", compared.sliding), ("one_pass", compared.one_pass))
    }
    return {
        **_compared(compared, espresso),
        "photograph": _jpeg(photo, _SMALL),
        "highest": {
            way: {
                "scores": each["scores"],
                # Of a class without a name here, its number.
                "labels": [[names.get(at, str(at)) for at in row] for row in each["classes"]],
            }
            for way, each in highest.items()
        },
    }


def _width() -> Found:
    from cnnexplain.examples import hidden_units  # noqa: PLC0415

    return {
        "in_features": hidden_units.PIXELS,
        "out_features": hidden_units.CLASSES,
        "accuracies": {each: hidden_units.accuracies(each) for each in hidden_units.WIDTHS},
    }


def _activation() -> Found:
    """Return an espresso's class activation map, its Grad-CAM, and its scores window by window."""
    import torch  # noqa: PLC0415
    from torch.nn.functional import conv2d  # noqa: PLC0415

    from cnnexplain.conversion import fully_convolutional  # noqa: PLC0415
    from cnnexplain.examples import imagenet  # noqa: PLC0415
    from cnnexplain.examples.photographs import centred, photograph  # noqa: PLC0415

    photo = centred(photograph("coffee"), 384)
    image = imagenet.prepared(photo)[None]
    network, classes = imagenet.efficientnet_lite0(), imagenet.CLASSES
    espresso, head = classes["espresso"], network.get_submodule("_fc").state_dict()
    weights, bias = head["weight"], head["bias"]
    made: list[torch.Tensor] = []
    # It runs twice, and last on what the pooling takes.
    hook = network.get_submodule("_activation").register_forward_hook(
        lambda *call: made.append(call[2])
    )
    with torch.no_grad():
        scores = network(image)[0]
    hook.remove()
    maps = made[-1]
    activation = conv2d(maps, weights[:, :, None, None])[0]
    with torch.no_grad():
        windows = fully_convolutional(network, (3, 224, 224)).module(image)[0]
    pooled = torch.nn.functional.avg_pool2d(activation, 7, 1) + bias[:, None, None]
    gradient = _grad_cam(network, maps, espresso)
    places = activation[0].numel()
    return {
        "photograph": _jpeg(photo, _SMALL),
        "image_size": list(photo.shape[-2:]),
        "channels": maps.shape[1],
        "activation": activation[espresso].tolist(),
        "grad_cam": gradient.tolist(),
        "windows": windows[espresso].tolist(),
        "score": float(scores[espresso]),
        "highest": int(scores.argmax()) == espresso,
        "bias": float(bias[espresso]),
        # By how much what is equal differs by rounding, relative to the largest.
        "differences": {
            "mean": float(
                (activation.mean((1, 2)) + bias - scores).abs().max() / scores.abs().max()
            ),
            "grad_cam": float(
                (gradient * places - activation[espresso].clamp(min=0)).abs().max()
                / activation[espresso].max()
            ),
            "windows": float((windows - pooled).abs().max() / windows.abs().max()),
        },
        "negative": {name: int((activation[index] < 0).sum()) for name, index in classes.items()},
    }


def _grad_cam(network: nn.Module, maps: torch.Tensor, label: int) -> torch.Tensor:
    """Return the map as its authors define it, by way of gradients."""
    import torch  # noqa: PLC0415

    with torch.enable_grad():
        leaf = maps.detach().requires_grad_()
        score = network.get_submodule("_fc")(leaf.mean((2, 3)))[0, label]
        (slopes,) = torch.autograd.grad(score, leaf)
    found: torch.Tensor = (slopes.mean((2, 3), keepdim=True) * maps).sum(1)[0].clamp(min=0)
    return found


EXPERIMENTS: dict[str, Callable[[], Found]] = {
    "activation": _activation,
    "alexnet": _alexnet,
    "digits": _digits,
    "faces": _faces,
    "imagenet": _imagenet,
    "vgg16": _vgg16,
    "width": _width,
}
