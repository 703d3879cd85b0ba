"""Weights that were learnt with Keras, read without running anything that their file names.

joblib writes a list of arrays as a pickle in which each array's numbers follow its description.
A pickle may name any function to be called. Here it may name three, and none of them is called:
what stands in their place only keeps what it is given.
"""

from __future__ import annotations

import io
import pickle
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from cnnexplain.errors import CnnExplainError
from cnnexplain.examples.packages import imported

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from torch import nn

_EXPECTED = "weights as a list of arrays of 32-bit floating-point numbers"
_CURE = 'pip install --force-reinstall "cnnexplain[examples]"'


def arrays(path: Path) -> list[torch.Tensor]:
    """Return the arrays in a file that joblib has written and LZ4 has compressed.

    Args:
        path: The file.

    Returns:
        The arrays in their order, each with the shape that it has in the file.

    Raises:
        CnnExplainError: If the file holds anything else, or a package that reads it is missing.

    Example:
        >>> from cnnexplain.examples.packages import file_of
        >>> weights = arrays(file_of("mtcnn", "assets", "weights", "rnet.lz4"))
        >>> [tuple(array.shape) for array in weights[:3]]
        [(3, 3, 3, 28), (28,), (1, 1, 28)]
    """
    decompress = imported("lz4.frame").decompress
    try:
        found = _Unpickler(io.BytesIO(decompress(path.read_bytes()))).load()
        return [array.numbers for array in found]
    except CnnExplainError:
        raise
    except Exception as error:  # a damaged file may raise anything  # noqa: BLE001
        raise CnnExplainError(
            _EXPECTED, f"{path.name} that fails with {type(error).__name__}", _CURE
        ) from None


class _Kept:
    """Keeps what a pickle gives it."""

    def __init__(self, *given: object) -> None:
        self.given = given

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Unpickler(pickle.Unpickler):
    """Reads arrays; the stream must not look ahead, as none that lacks `peek` does."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)

        class Array(_Kept):
            """Reads its numbers when its description is complete, which they follow."""

            def __setstate__(self, state: Any) -> None:
                self.numbers = _numbers(state, stream)

        self._known = {
            ("joblib.numpy_pickle", "NumpyArrayWrapper"): Array,
            ("numpy", "ndarray"): _Kept,
            ("numpy", "dtype"): _Kept,
        }

    def find_class(self, module: str, name: str) -> type[_Kept]:
        if (module, name) not in self._known:
            raise CnnExplainError(_EXPECTED, f"a pickle that names {module}.{name}", _CURE)
        return self._known[module, name]


def _numbers(description: Any, stream: io.BytesIO) -> torch.Tensor:
    kind, shape = description["dtype"], description["shape"]
    if kind.given[0] != "f4" or kind.state[1] != "<" or description["order"] != "C":
        raise CnnExplainError(_EXPECTED, f"an array of {kind.given[0]}", _CURE)
    # One byte tells how many more fill up to where joblib aligns the numbers.
    stream.read(stream.read(1)[0])
    numbers = np.frombuffer(stream.read(prod(shape) * 4), "<f4").reshape(shape)
    return torch.from_numpy(numbers.astype(np.float32))


def load(module: nn.Module, weights: Iterable[torch.Tensor]) -> None:
    """Give a module weights in the layouts of Keras.

    Args:
        module: A module of convolutions, matrices and PReLUs.
        weights: The arrays, in the order of the module's parameters.

    Raises:
        CnnExplainError: If there are too few or too many arrays, or of other shapes.

    Example:
        >>> layer = torch.nn.Linear(3, 2)
        >>> load(layer, [torch.ones(3, 2), torch.zeros(2)])
        >>> layer(torch.ones(1, 3)).tolist()
        [[3.0, 3.0]]
    """
    names = [name for name, _ in module.named_parameters()]
    try:
        module.load_state_dict(dict(zip(names, map(_turned, weights), strict=True)))
    except (RuntimeError, ValueError) as error:
        raise CnnExplainError(
            f"weights that fit {type(module).__name__}", str(error).splitlines()[-1].strip(), _CURE
        ) from None


def _turned(array: torch.Tensor) -> torch.Tensor:
    """Return an array in the layout of torch."""
    match array.ndim:
        case 4:  # a kernel: height, width, inputs, outputs
            return array.permute(3, 2, 0, 1)
        case 2:  # a matrix: inputs, outputs
            return array.T
        case _:  # biases, and the slopes of a PReLU, whose other axes have one place
            return array.flatten()
