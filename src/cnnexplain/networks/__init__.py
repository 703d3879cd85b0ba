"""Networks that the literature knows, each written as real `nn.Sequential(...)` code in a file.

The files are read as text, so nothing here needs torch; run with torch they make the modules.
"""

from __future__ import annotations

from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING

from cnnexplain.errors import ArgumentError, shown
from cnnexplain.graph import Network
from cnnexplain.source import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ALEXNET = {"paper": 227, "ungrouped": 227, "torchvision": 224}


def code(name: str) -> str:
    """Return the code of a bundled network.

    Args:
        name: The file's name without its ending, such as `"vgg16_padded"`.

    Raises:
        ArgumentError: If there is no such network.

    Example:
        >>> "nn.MaxPool2d(3, stride=2)" in code("alexnet_paper")
        True
    """
    files = {file.name for file in resources.files(__name__).iterdir()}
    if not isinstance(name, str) or f"{name}.py" not in files or name == "__init__":
        known = sorted(file[:-3] for file in files if file.endswith(".py") and file[0] != "_")
        raise ArgumentError(
            f"one of the networks {', '.join(known)}",
            f"name={shown(name)}",
            "use one of these names",
        )
    return (resources.files(__name__) / f"{name}.py").read_text(encoding="utf-8")


@cache
def _network(file: str, name: str, *input_size: int) -> Network:
    return Network(read(code(file)).nodes, name, input_size)


def alexnet(variant: str = "paper") -> Network:
    """Return AlexNet, of which at least three are in use.

    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks", https://papers.nips.cc/paper/4824.

    Args:
        variant: `"paper"`, in two groups, for 227×227; `"ungrouped"`, the same without groups;
            `"torchvision"`, narrower, for 224×224, with adaptive pooling
            (Krizhevsky, https://arxiv.org/abs/1404.5997).

    Raises:
        ArgumentError: If there is no such variant.

    Example:
        >>> from cnnexplain import trace
        >>> trace(alexnet()).parameters
        60965224
    """
    if not isinstance(variant, str) or variant not in _ALEXNET:
        raise ArgumentError(
            f"variant as one of {', '.join(_ALEXNET)}",
            f"variant={shown(variant)}",
            "use one of these variants",
        )
    return _network(f"alexnet_{variant}", f"AlexNet ({variant})", 3, *[_ALEXNET[variant]] * 2)


def vgg16(padded: bool = True) -> Network:
    """Return VGG-16.

    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition",
    https://arxiv.org/abs/1409.1556.

    Args:
        padded: Whether its convolutions are padded, as published. Without, 224×224 leaves a single
            cell, which makes it the network on which sliding and one pass agree exactly.

    Example:
        >>> from cnnexplain import trace
        >>> trace(vgg16()).parameters
        138357544
    """
    if padded:
        return _network("vgg16_padded", "VGG-16", 3, 224, 224)
    return _network("vgg16_unpadded", "VGG-16 (unpadded)", 3, 224, 224)


def lenet5() -> Network:
    """Return LeNet-5 as it is written today, for 32×32 digits.

    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition",
    1998, http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf. The original connects its third layer
    to some of the maps only, and learns a factor and a bias in each pooling.

    Example:
        >>> from cnnexplain import trace
        >>> trace(lenet5()).parameters
        61706
    """
    return _network("lenet5_1998", "LeNet-5", 1, 32, 32)


# What each network is called on the command line.
NAMES: Mapping[str, Callable[[], Network]] = {
    "alexnet": alexnet,
    "alexnet:ungrouped": partial(alexnet, "ungrouped"),
    "alexnet:torchvision": partial(alexnet, "torchvision"),
    "lenet5": lenet5,
    "vgg16": vgg16,
    "vgg16:unpadded": partial(vgg16, padded=False),
}
