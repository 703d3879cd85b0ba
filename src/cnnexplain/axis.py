"""One axis, from torch's arguments: the window that they mean, and the size that it leaves.

Axes are independent of each other, so a picture's height and width each have their own.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, overload

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.windows import Convolution, Pooling, Transposed

Padding: TypeAlias = int | tuple[int, int] | Literal["same", "valid"]


def convolution(
    kernel_size: object, stride: object = 1, padding: object = 0, dilation: object = 1
) -> Convolution:
    """Return a convolution's window from torch's arguments.

    Args:
        kernel_size: The window's size.
        stride: The step between two windows, in inputs.
        padding: A number for both ends, `(before, after)`, `"same"` or `"valid"`.
        dilation: The step between two inputs of one window.

    Raises:
        ArgumentError: If an argument is not allowed.

    Example:
        With "same", an odd one goes after the input, as in torch:

        >>> convolution(4, padding="same").padding
        (1, 2)
    """
    size, step = whole("kernel_size", kernel_size, 1), whole("stride", stride, 1)
    spread = whole("dilation", dilation, 1)
    total = spread * (size - 1)
    named = padding if isinstance(padding, str) else None
    if named == "same" and step != 1:
        raise ArgumentError(
            "padding='same' with stride=1 only",
            f"padding='same', stride={step}",
            f"write the padding as a number, for example padding={total // 2}",
        ).about(kind="same_stride", kernel_size=size, stride=step, padding=total // 2)
    if named == "same":
        sides = total // 2, total - total // 2
    elif named == "valid":
        sides = 0, 0
    else:
        sides = _sides(padding, "'same' or 'valid'")
    return Convolution(size, step, sides, spread)


def pooling(
    kernel_size: object,
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    ceil_mode: object = False,
) -> Pooling:
    """Return a pooling's window from torch's arguments.

    Args:
        kernel_size: The window's size.
        stride: The step between two windows, in inputs.
        padding: A number for both ends, or `(before, after)`.
        dilation: The step between two inputs of one window.
        ceil_mode: Whether sizes round up.

    Raises:
        ArgumentError: If an argument is not allowed.

    Example:
        >>> pooling(3, stride=2).output_size(13)
        6
    """
    if not isinstance(ceil_mode, bool):
        raise ArgumentError(
            "ceil_mode as True or False",
            f"ceil_mode={shown(ceil_mode)}",
            "write ceil_mode=True or ceil_mode=False",
        )
    return Pooling(
        whole("kernel_size", kernel_size, 1),
        whole("stride", stride, 1),
        _sides(padding),
        whole("dilation", dilation, 1),
        ceil_mode,
    )


def transposed(
    kernel_size: object,
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    output_padding: object = 0,
) -> Transposed:
    """Return a transposed convolution's window from torch's arguments.

    Args:
        kernel_size: The window's size.
        stride: The step between the outputs of two inputs.
        padding: A number for both ends, or `(before, after)`.
        dilation: The step between two outputs of one input.
        output_padding: Outputs added at the end.

    Raises:
        ArgumentError: If an argument is not allowed.

    Example:
        >>> transposed(2, stride=2).output_size(6)
        12
    """
    return Transposed(
        whole("kernel_size", kernel_size, 1),
        whole("stride", stride, 1),
        _sides(padding),
        whole("dilation", dilation, 1),
        whole("output_padding", output_padding, 0),
    )


@overload
def window(
    kernel_size: int,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    *,
    pooling: bool = False,
    transposed: Literal[False] = False,
    output_padding: int = 0,
) -> Convolution: ...


@overload
def window(
    kernel_size: int,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    *,
    pooling: bool = False,
    transposed: Literal[True],
    output_padding: int = 0,
) -> Transposed: ...


@overload
def window(
    kernel_size: int,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    *,
    pooling: bool = False,
    transposed: bool = False,
    output_padding: int = 0,
) -> Convolution | Transposed: ...


def window(
    kernel_size: int,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    *,
    pooling: bool = False,
    transposed: bool = False,
    output_padding: int = 0,
) -> Convolution | Transposed:
    """Return the window of any layer on one axis.

    Args:
        kernel_size: The window's size.
        stride: The step between two windows, in inputs.
        padding: A number for both ends, `(before, after)`, `"same"` or `"valid"`.
        dilation: The step between two inputs of one window.
        ceil_mode: Whether the size rounds up, as poolings can; it makes the window a pooling's.
        pooling: Whether the window is a pooling's, whose padding is at most half its kernel.
        transposed: Whether the convolution is a transposed one.
        output_padding: Outputs that a transposed convolution adds at the end.

    Raises:
        ArgumentError: If an argument is not allowed.

    Example:
        >>> window(3, padding="same", dilation=2).padding
        (2, 2)
    """
    for name, value in (("pooling", pooling), ("transposed", transposed)):
        if not isinstance(value, bool):
            raise ArgumentError(
                f"{name} as True or False", f"{name}={shown(value)}", f"write {name}=True"
            )
    if transposed and (pooling or ceil_mode is not False):
        raise ArgumentError(
            "either transposed or pooling", "both", "leave out transposed, or pooling and ceil_mode"
        )
    if transposed:
        return _transposed(kernel_size, stride, padding, dilation, output_padding)
    if whole("output_padding", output_padding, 0):
        raise ArgumentError(
            "output_padding with transposed=True only",
            f"output_padding={shown(output_padding)}",
            "leave output_padding out",
        )
    if pooling or ceil_mode is not False:
        return _pooling(kernel_size, stride, padding, dilation, ceil_mode)
    return convolution(kernel_size, stride, padding, dilation)


# In window(), torch's words for the arguments hide the functions.
_pooling = pooling
_transposed = transposed


def _sides(padding: object, names: str = "") -> tuple[int, int]:
    """Return the padding before and after the input."""
    if isinstance(padding, str):
        raise ArgumentError(
            "padding as an integer of at least 0" + (names and f", {names}"),
            f"padding={shown(padding)}",
            "write for example padding=1",
        )
    pair = padding if isinstance(padding, tuple | list) else (padding, padding)
    if len(pair) != 2:  # before and after  # noqa: PLR2004
        raise ArgumentError(
            "padding as a number, or as (before, after)",
            f"padding={shown(padding)}",
            "write for example padding=(1, 2)",
        )
    return whole("padding", pair[0], 0), whole("padding", pair[1], 0)


def output_size(
    input_size: int,
    *,
    kernel_size: int,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    pooling: bool = False,
    transposed: bool = False,
    output_padding: int = 0,
) -> int:
    """Return the size that a convolution or pooling leaves of one axis.

    Args:
        input_size: The number of inputs on the axis, without padding.
        kernel_size: The window's size.
        stride: The step between two windows, in inputs.
        padding: A number for both ends, `(before, after)`, `"same"` or `"valid"`.
        dilation: The step between two inputs of one window.
        ceil_mode: Whether the size rounds up, as poolings can; it makes the window a pooling's.
        pooling: Whether the window is a pooling's, whose padding is at most half its kernel.
        transposed: Whether the convolution is a transposed one.
        output_padding: Outputs that a transposed convolution adds at the end.

    Returns:
        The number of outputs on the axis.

    Raises:
        ArgumentError: If an argument is not allowed.
        ShapeError: If no window fits.

    Example:
        AlexNet's last pooling:

        >>> output_size(13, kernel_size=3, stride=2)
        6
    """
    shape = window(
        kernel_size,
        stride,
        padding,
        dilation,
        ceil_mode,
        pooling=pooling,
        transposed=transposed,
        output_padding=output_padding,
    )
    return shape.output_size(input_size)
