"""What networks do, operation by operation: shape, formula, parameters, MACs, receptive field.

Every layer is called, and takes its arguments in the order, of the torch.nn class that it stands
for. Shapes carry the batch, as torch's do: (batch, channels, height, width).

A MAC is one multiplication with its addition in a convolution or a matrix product; biases,
poolings, normalisations and activations count none.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, SourceError, shown
from cnnexplain.operations import activations, normalisation, padding, resampling
from cnnexplain.operations.base import Layer, Operation, Shape
from cnnexplain.operations.dense import Linear
from cnnexplain.operations.reshaping import Flatten
from cnnexplain.operations.spatial import Conv2d, MaxPool2d
from cnnexplain.operations.views import View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "OPERATIONS",
    "Conv2d",
    "Flatten",
    "Layer",
    "Linear",
    "MaxPool2d",
    "Operation",
    "Shape",
    "View",
    "make",
]


def _leaves(kind: type[Layer]) -> list[type[Layer]]:
    below = [leaf for child in kind.__subclasses__() for leaf in _leaves(child)]
    return below or [kind]


# Every layer by the name of the torch.nn class that it stands for; a class that another one builds
# on is none itself.
OPERATIONS: Mapping[str, type[Layer]] = {kind.__name__: kind for kind in _leaves(Layer)}
# Imported for the layers in them.
_FAMILIES = (activations, normalisation, padding, resampling)


def make(name: str, arguments: Sequence[object], keywords: Mapping[str, object]) -> Layer:
    """Return an operation from the name and the arguments of a torch.nn class.

    Args:
        name: The class's name, such as `"Conv2d"`.
        arguments: The positional arguments.
        keywords: The keyword arguments.

    Raises:
        SourceError: If there is no such operation.
        ArgumentError: If the arguments are not those of the class.

    Example:
        >>> print(make("MaxPool2d", [3], {"stride": 2}))
        MaxPool2d(3, stride=2)
    """
    if name not in OPERATIONS:
        known = ", ".join(sorted(OPERATIONS))
        raise SourceError(f"a layer among {known}", shown(name), "use one of these layers").about(
            kind="layer", what=name
        )
    if name == "Identity":  # as in torch, which takes anything here
        return OPERATIONS[name]()
    kind = OPERATIONS[name]
    # Where the weights lie and in what precision changes no size.
    keywords = {key: value for key, value in keywords.items() if key not in {"device", "dtype"}}
    names = [each.name for each in fields(kind)]
    required = [each.name for each in fields(kind) if each.default is MISSING]
    bound = dict(zip(names, arguments, strict=False))
    unknown = [key for key in keywords if key not in names or key in bound]
    missing = [key for key in required if key not in bound and key not in keywords]
    if len(arguments) > len(names) or unknown or missing:
        problem = (
            f"{len(arguments)} positional arguments"
            if len(arguments) > len(names)
            else f"{'unknown or doubled' if unknown else 'no'} {shown((unknown or missing)[0])}"
        )
        raise ArgumentError(
            f"{name}({', '.join(names)})", problem, "write the arguments as torch.nn names them"
        )
    return kind(**bound, **keywords)
