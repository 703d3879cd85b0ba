"""What stands on the command line, read and checked before anything slow begins."""

from __future__ import annotations

import os
import re
from math import isfinite, prod
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.figures.cells import grid
from cnnexplain.figures.figure import FORMATS
from cnnexplain.files import is_file
from cnnexplain.graph import sizes
from cnnexplain.languages import shape
from cnnexplain.targets import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cnnexplain.conversion import Conversion
    from cnnexplain.table import Column

_SIZE = re.compile(r"[0-9]{1,19}([x×][0-9]{1,19})*", re.IGNORECASE)
_PAIR = re.compile(r"[0-9]{1,9}([x×][0-9]{1,9})?", re.IGNORECASE)


def columns(names: str | None) -> dict[str, tuple[Column, ...]]:
    """Return the argument of a format's method; without names, its own default holds.

    Args:
        names: Names of columns with commas between them.

    Raises:
        UsageError: If there is no such column.

    Example:
        >>> columns("name, formula")
        {'columns': (<Column.NAME: 'name'>, <Column.FORMULA: 'formula'>)}
    """
    if names is None:
        return {}
    from cnnexplain.table import checked  # noqa: PLC0415

    try:
        return {"columns": checked([name.strip() for name in names.split(",")])}
    except ArgumentError as error:
        cure = "write for example --columns name,output_shape,formula"
        raise UsageError(error.expected, f"--columns {shown(names)}", cure) from None


def input_size(written: str) -> tuple[int, ...]:
    """Return an input's size.

    Args:
        written: Numbers with x between them.

    Raises:
        UsageError: If it is no size.

    Example:
        >>> input_size("3x224x224")
        (3, 224, 224)
    """
    cure = "write for example --input 3x224x224, without the batch"
    if not _SIZE.fullmatch(written):
        raise UsageError("numbers with x between them", f"--input {shown(written)}", cure)
    try:
        return sizes([int(each) for each in re.split("[x×]", written.lower())])[0]
    except ArgumentError as error:
        raise UsageError(error.expected, f"--input {shown(written)}", cure) from None


def picture_size(written: str) -> tuple[int, int, int]:
    """Return an input's size that is a picture's.

    Args:
        written: Three numbers with x between them.

    Raises:
        UsageError: If it is no such size.

    Example:
        >>> picture_size("3x224x224")
        (3, 224, 224)
    """
    found = input_size(written)
    if len(found) != 3:  # noqa: PLR2004
        raise UsageError(
            "channels, height and width",
            f"--input {shown(written)}",
            "write for example --input 3x224x224, without the batch",
        )
    channels, height, width = found
    return channels, height, width


def pair(option: str, written: str, least: int) -> tuple[int, int]:
    """Return pixels for rows and for columns.

    Args:
        option: The option's name.
        written: A number for both, or height and width with x between them.
        least: The smallest number that is allowed.

    Raises:
        UsageError: If it is neither.

    Example:
        >>> pair("--window", "224", 1), pair("--window", "20x28", 1)
        ((224, 224), (20, 28))
    """
    found = [int(each) for each in re.split("[x×]", written.lower())] if _fits(written) else []
    if not found or min(found) < least:
        raise UsageError(
            f"a number of pixels of at least {least}, or height and width with x between them",
            f"{option} {shown(written)}",
            f"write for example {option} 32, or {option} 20x28",
        )
    return found[0], found[-1]


def _fits(written: str) -> bool:
    return _PAIR.fullmatch(written) is not None


def numbers(option: str, written: str, *, positive: bool = False) -> tuple[float, ...]:
    """Return a number for each channel.

    Args:
        option: The option's name.
        written: Numbers with commas between them.
        positive: Whether all have to be above 0.

    Raises:
        UsageError: If they are none.

    Example:
        >>> numbers("--mean", "0.485, 0.456, 0.406")
        (0.485, 0.456, 0.406)
    """
    try:
        found = tuple(float(each) for each in written.split(","))
    except ValueError:
        found = ()
    if not found or not all(isfinite(each) and (each > 0 or not positive) for each in found):
        raise UsageError(
            f"numbers{' above 0' if positive else ''} with commas between them",
            f"{option} {shown(written)}",
            f"write for example {option} {'0.229,0.224,0.225' if positive else '0.5'}",
        )
    return found


def check_files(output: Path, inputs: Sequence[Path]) -> None:
    """Check that files can be read, and a figure written to another.

    Args:
        output: The figure's file.
        inputs: The files that are read.

    Raises:
        UsageError: If they cannot.

    Example:
        >>> from pathlib import Path
        >>> check_files(Path("heat.svg"), [])
    """
    if output.suffix.lower() not in FORMATS:
        raise UsageError(
            f"a file name that ends with {', '.join(FORMATS)}",
            f"--output {shown(str(output))}",
            "write for example --output figure.png",
        )
    for each in inputs:
        if not is_file(each):
            raise UsageError("a file that exists", shown(str(each)), "write its path")
    try:
        path = output.resolve()
        if not path.parent.is_dir():
            raise NotADirectoryError("there is no such folder")
        if path.exists() and not path.is_file():
            raise IsADirectoryError("it is no regular file")
        if not os.access(path.parent, os.W_OK):
            raise PermissionError("the folder is not yours to write")
        if path.exists() and any(path.samefile(each) for each in inputs):
            raise FileExistsError("it is read too")
    except (OSError, ValueError, RuntimeError) as error:
        raise unwritable(output, error) from None


def unwritable(output: Path, error: Exception) -> UsageError:
    """Return the error that says why a file cannot be written.

    Args:
        output: The file.
        error: What was raised.
    """
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UsageError(
        "a file that can be written",
        f"--output {shown(str(output))}: {reason}",
        "name a file in a folder that exists, has room and is yours to write",
    )


def check_room(image: tuple[int, int], window: tuple[int, int]) -> None:
    """Check that a window fits into an image.

    Args:
        image: The image's (height, width) in pixels.
        window: The window's.

    Raises:
        UsageError: If it does not.
    """
    if image[0] < window[0] or image[1] < window[1]:
        raise UsageError(
            f"a photograph of at least {shape(window)} pixels, the size of the window",
            f"{shape(image)}",
            "use a larger one, or enlarge it with --size",
        )


def check_windows(
    conversion: Conversion,
    image: tuple[int, int],
    steps: tuple[int, int] | None,
    context: tuple[int, int],
) -> None:
    """Check that windows, and their surroundings, lie on the grid of one pass, and can be drawn.

    Args:
        conversion: The converted network.
        image: The image's (height, width) in pixels.
        steps: The step between two windows, (rows, columns) in pixels; the smallest if None.
        context: The surroundings, (rows, columns) in pixels.

    Raises:
        UsageError: If they do not lie on it.
        ArgumentError: If there are too many windows to draw.
    """
    unit = conversion.effective_stride
    for option, pixels in (("--stride", steps or unit), ("--context", context)):
        if any(each % one for each, one in zip(pixels, unit, strict=True)):
            raise UsageError(
                f"a multiple of the network's effective stride, {shape(unit)}",
                f"{option} {shape(pixels)}",
                f"write for example {option} {shape(unit)}",
            )
    grid(image, conversion.window, steps or unit)


def check_class(conversion: Conversion, channel: int | None) -> None:
    """Check that a network has a class.

    Args:
        conversion: The converted network.
        channel: The class, counted from 0; None for any.

    Raises:
        UsageError: If there is no such class.
    """
    sized = conversion.exactness.sized(conversion.window)
    count = prod(sized.shapes[sized.outputs[0]][1:-2])
    if channel is not None and channel not in range(count):
        raise UsageError(
            f"a class from 0 to {count - 1}",
            f"--class {channel}",
            "write one of these, or leave it out",
        )
