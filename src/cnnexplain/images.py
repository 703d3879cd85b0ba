"""Photographs and weights, read from files that somebody else may have made."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from cnnexplain.errors import ArgumentError, CnnExplainError, shown
from cnnexplain.figures.photographs import MOST_PIXELS
from cnnexplain.formats.characters import cut, visible
from cnnexplain.raster import fonts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image
    from torch import Tensor, nn

# What a figure shows of a photograph; it is drawn smaller than that.
_DRAWN = 1024
# Pictures of pixels; others run programs, such as that of PostScript.
_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# Their channels have 8 bits; Pillow would cut the others off at 255.
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}
_WANTED = re.compile(r"GLOBAL (\S+)")
_MOST_NAMES, _LONGEST = 5, 300


def imported(module: str, what: str, extra: str) -> Any:
    """Return a module of another package, or say which extra brings it.

    Args:
        module: The module's name.
        what: What it is, for people.
        extra: The extra of this package.

    Raises:
        CnnExplainError: If it is not installed.

    Example:
        >>> imported("math", "mathematics", "none").floor(1.5)
        1
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise CnnExplainError(what, str(error), f'pip install "cnnexplain[{extra}]"') from error


def check_drawing(output: Path) -> None:
    """Check that what draws a figure is installed.

    Args:
        output: The figure's file.

    Raises:
        CnnExplainError: If it is not; the cure names the extra that brings it.

    Example:
        >>> from pathlib import Path
        >>> check_drawing(Path("heat.svg"))
    """
    suffix = output.suffix.lower()
    if suffix == ".mp4":  # first, since its extra brings the others' too
        imported("imageio_ffmpeg", "imageio-ffmpeg, which makes videos", "video")
    if suffix in {".png", ".gif", ".mp4"}:
        imported("resvg_py", "resvg-py, which draws PNG", "export")
        fonts()
    if suffix == ".gif":
        imported("PIL", "Pillow, which makes GIF", "export")


def check_device(device: str, precision: str) -> None:
    """Check that a device is there and knows a precision.

    Args:
        device: `"auto"`, or a device of torch's.
        precision: `"float64"` or `"float32"`.

    Raises:
        ArgumentError: If it is not.
        CnnExplainError: If PyTorch is missing.

    Example:
        >>> check_device("cpu", "float64")
    """
    imported("torch", "PyTorch, which runs the network", "torch")
    devices = import_module("cnnexplain.devices")
    devices.chosen(device, devices.precision(precision))


def photograph(path: Path, size: tuple[int, int] | None = None) -> Image:
    """Return a photograph in red, green and blue, upright.

    Args:
        path: Its file.
        size: The (height, width) in pixels that it is brought to; its own unless given.

    Raises:
        ArgumentError: If it cannot be read, or has too many pixels, which its header tells before
            anything is decoded.
        CnnExplainError: If Pillow is missing.
    """
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        raise ArgumentError(
            f"a size of at most {MOST_PIXELS // 10**6} million pixels",
            f"{size[0]}×{size[1]}",
            "use a smaller one",
        )
    library = imported("PIL.Image", "Pillow, which reads photographs", "export")
    turned = import_module("PIL.ImageOps").exif_transpose
    with _unreadable(path, library.DecompressionBombError), warnings.catch_warnings():
        # What warns of large pictures is more generous than the limit here.
        warnings.simplefilter("ignore")
        library.init()
        known = [name for name in _FORMATS if name in library.OPEN]
        with library.open(path, formats=known) as found:
            _check(path, found)
            picture: Image = turned(found).convert("RGB")
    if size is None or size == (picture.height, picture.width):
        return picture
    return picture.resize((size[1], size[0]), library.Resampling.BILINEAR)


@contextmanager
def _unreadable(path: Path, bomb: type[Exception]) -> Iterator[None]:
    try:
        yield
    except ArgumentError:
        raise
    except bomb as error:
        raise _too_large(path, str(error)) from None
    except Exception as error:  # a decoder may raise anything  # noqa: BLE001
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ArgumentError(
            "a photograph that Pillow can read, such as a PNG or JPEG file",
            _named(path, reason),
            "name the file of a photograph",
        ) from None


def _check(path: Path, found: Image) -> None:
    if found.width * found.height > MOST_PIXELS:
        raise _too_large(path, f"{found.height}×{found.width} pixels")
    if found.mode not in _MODES:
        raise ArgumentError(
            "a photograph with 8 bits in each channel",
            _named(path, f"mode {found.mode}"),
            "save it with 8 bits before",
        )


def _too_large(path: Path, told: str) -> ArgumentError:
    return ArgumentError(
        f"a photograph of at most {MOST_PIXELS // 10**6} million pixels",
        _named(path, told),
        "make it smaller before",
    )


def _named(path: Path, reason: str) -> str:
    line = (reason.strip().splitlines() or [""])[0]
    return f"{shown(str(path), _LONGEST)}: {cut(visible(line), _LONGEST)}"


def tensor(picture: Image, channels: int, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return a photograph as a network takes it.

    Args:
        picture: The photograph.
        channels: 3 for red, green and blue; 1 for grey.
        mean: What is taken off the channels, scaled to [0, 1]: one number for all, or one for each.
        std: What they are then divided by.

    Returns:
        The pixels, (channels, height, width), float64.

    Raises:
        ArgumentError: If there are not as many numbers as channels.

    Example:
        >>> from PIL import Image
        >>> tensor(Image.new("RGB", (4, 2), "white"), 1, [0.5], [0.25])[0, 0, 0].item()
        2.0
    """
    torch = import_module("torch")
    pixels = picture if channels == 3 else picture.convert("L")  # noqa: PLR2004
    columns = []
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, channels):
            raise ArgumentError(
                f"{name} with one number, or one for each of {channels} channels",
                f"{name} with {len(values)} numbers",
                "give as many numbers as the network has channels",
            )
        columns.append(torch.tensor(values, dtype=torch.float64)[:, None, None])
    held = torch.frombuffer(bytearray(pixels.tobytes()), dtype=torch.uint8)
    scaled = held.view(picture.height, picture.width, channels).movedim(-1, 0).double() / 255
    found: Tensor = (scaled - columns[0]) / columns[1]
    return found


def encoded(picture: Image) -> bytes:
    """Return a photograph as the bytes of a file for a figure, not larger than it is drawn.

    Args:
        picture: The photograph.

    Example:
        >>> from PIL import Image
        >>> encoded(Image.new("RGB", (4, 2)))[:2].hex()
        'ffd8'
    """
    small = picture.copy()
    small.thumbnail((_DRAWN, _DRAWN))
    written = BytesIO()
    small.save(written, "JPEG", quality=92, subsampling=0)
    return written.getvalue()


def load_weights(model: nn.Module, path: Path) -> None:
    """Give a model the weights of a file, which is never allowed to run code.

    Args:
        model: The model.
        path: The file of a state dict, as `torch.save(model.state_dict(), path)` writes it.

    Raises:
        ArgumentError: If it cannot be read, wants to run code, or does not fit the model.
        CnnExplainError: If PyTorch is missing.
    """
    torch = imported("torch", "PyTorch, which reads weights", "torch")
    state = _state(torch, path)
    own = model.state_dict()
    wrong = [
        f"{name} of {_sizes(each)} where the network has {_sizes(own[name])}"
        for name, each in state.items()
        if isinstance(own.get(name), torch.Tensor) and own[name].shape != each.shape
    ]
    if wrong:
        raise _misfit(path, _few(wrong))
    # After the sizes: a small file may hold a weight of any size.
    if odd := [name for name in own if name in state and not state[name].isfinite().all()]:
        told = f"{odd[0]} has others"
        cure = "look at how they were trained and saved"
        raise ArgumentError("weights that are finite numbers", _named(path, told), cure)
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except Exception as error:  # a module may load as it likes  # noqa: BLE001
        raise _misfit(path, f"{type(error).__name__}: {error}") from None
    if missing or unexpected:
        both = (("missing", missing), ("unexpected", unexpected))
        raise _misfit(path, "; ".join(f"{word}: {_few(names)}" for word, names in both if names))


def _state(torch: Any, path: Path) -> dict[str, Tensor]:
    expected = "a state dict, as torch.save(model.state_dict(), path) writes it"
    cure = "save the state_dict() of the model to a file of its own"
    try:
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the file may hold anything  # noqa: BLE001
        raise ArgumentError(expected, _named(path, _reason(error)), cure) from None
    if not isinstance(state, dict):
        raise ArgumentError(expected, _named(path, f"a {type(state).__name__}"), cure)
    for name, each in state.items():
        if not isinstance(name, str) or not isinstance(each, torch.Tensor):
            told = f"{shown(name)} of type {type(each).__name__}"
            raise ArgumentError(expected, _named(path, told), cure)
        odd = each.layout != torch.strided or each.is_meta or each.is_complex() or each.is_quantized
        if odd or not _is_computed(torch, each.dtype):
            told = f"{name} is none: {each.dtype} and {each.layout} on {each.device}"
            raise ArgumentError(
                "dense weights of real numbers", _named(path, told), "save them as such"
            )
    return state


def _is_computed(torch: Any, kind: Any) -> bool:
    """Return whether torch computes with numbers of a kind, which some are only kept in."""
    try:
        torch.zeros(1, dtype=kind).isfinite()
    except RuntimeError:
        return False
    return True


def _reason(error: Exception) -> str:
    """Return why weights cannot be read, in few words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, UnpicklingError):
        wanted = _WANTED.search(str(error))
        return f"it wants to run {wanted[1]}" if wanted else "a pickle, but none of weights alone"
    if isinstance(error, RuntimeError):
        return str(error).partition(". ")[0]
    return "no file that torch.save wrote"


def _misfit(path: Path, told: str) -> ArgumentError:
    return ArgumentError(
        "weights of this network, called as it calls them",
        _named(path, told),
        "use weights of the same network, or rename them",
    )


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _sizes(each: Tensor) -> str:
    return "×".join(map(str, each.shape)) or "one number"
