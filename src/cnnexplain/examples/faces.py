"""Two small networks that tell faces from anything else, with the weights of the package mtcnn.

They are the second and the third stage of Zhang, Zhang, Li and Qiao, "Joint face detection and
alignment using multitask cascaded convolutional networks", https://arxiv.org/abs/1604.02878. Each
looks at one window, ends in fully connected layers, and has no padding: true classifiers of
windows, which a detector slides over a picture. Of the package, which needs TensorFlow to be
imported, only the files of weights are read; its licence is MIT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from torch import nn

from cnnexplain.examples import keras
from cnnexplain.examples.packages import file_of

if TYPE_CHECKING:
    from torch import Tensor

_Network = TypeVar("_Network", bound=nn.Module)


class RNet(nn.Module):
    """The network for windows of 24×24: 3 convolutions, 2 fully connected layers.

    Its first pooling is in ceil mode, so at 24×24 its last window hangs over the edge; at 25×25 it
    does not, and the features are as many.

    Attributes:
        window: The side of the windows it was trained for, in pixels.
        exact_window: The side of the windows that one pass is equal to, in pixels.
        stride: From one window to the next in one pass, in pixels.
    """

    window: ClassVar[int] = 24
    exact_window: ClassVar[int] = 25
    stride: ClassVar[int] = 4

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 28, kernel_size=3)
        self.prelu1 = nn.PReLU(28)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = nn.Conv2d(28, 48, kernel_size=3)
        self.prelu2 = nn.PReLU(48)
        self.pool2 = nn.MaxPool2d(3, stride=2)
        self.conv3 = nn.Conv2d(48, 64, kernel_size=2)
        self.prelu3 = nn.PReLU(64)
        self.fc4 = nn.Linear(64 * 3 * 3, 128)
        self.prelu4 = nn.PReLU(128)
        self.fc5 = nn.Linear(128, 2)

    def forward(self, windows: Tensor) -> Tensor:
        """Return how likely each window shows no face, and a face.

        Args:
            windows: As `prepared` makes them, of shape (N, 3, 24, 24).

        Returns:
            Probabilities, of shape (N, 2).
        """
        x = self.pool1(self.prelu1(self.conv1(windows)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = self.prelu3(self.conv3(x))
        x = self.prelu4(self.fc4(_flattened(x)))
        scores: Tensor = self.fc5(x)
        return scores.softmax(1)


class ONet(nn.Module):
    """The network for windows of 48×48: 4 convolutions, 2 fully connected layers.

    Its first and third pooling are in ceil mode; at 48×48 the first one's last window hangs over
    the edge, at 49×49 none does.

    Attributes:
        window: The side of the windows it was trained for, in pixels.
        exact_window: The side of the windows that one pass is equal to, in pixels.
        stride: From one window to the next in one pass, in pixels.
    """

    window: ClassVar[int] = 48
    exact_window: ClassVar[int] = 49
    stride: ClassVar[int] = 8

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, kernel_size=3)
        self.prelu1 = nn.PReLU(32)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3)
        self.prelu2 = nn.PReLU(64)
        self.pool2 = nn.MaxPool2d(3, stride=2)
        self.conv3 = nn.Conv2d(64, 64, kernel_size=3)
        self.prelu3 = nn.PReLU(64)
        self.pool3 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.conv4 = nn.Conv2d(64, 128, kernel_size=2)
        self.prelu4 = nn.PReLU(128)
        self.fc5 = nn.Linear(128 * 3 * 3, 256)
        self.prelu5 = nn.PReLU(256)
        self.fc6 = nn.Linear(256, 2)

    def forward(self, windows: Tensor) -> Tensor:
        """Return how likely each window shows no face, and a face.

        Args:
            windows: As `prepared` makes them, of shape (N, 3, 48, 48).

        Returns:
            Probabilities, of shape (N, 2).
        """
        x = self.pool1(self.prelu1(self.conv1(windows)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = self.pool3(self.prelu3(self.conv3(x)))
        x = self.prelu4(self.conv4(x))
        x = self.prelu5(self.fc5(_flattened(x)))
        scores: Tensor = self.fc6(x)
        return scores.softmax(1)


def _flattened(maps: Tensor) -> Tensor:
    """Return maps as vectors in the order of the weights: by columns, and channels last."""
    return maps.permute(0, 3, 2, 1).flatten(1)


def rnet() -> RNet:
    """Return the network for windows of 24×24 with its learnt weights, in eval mode.

    Raises:
        CnnExplainError: If the package mtcnn is not installed, or its weights do not fit.

    Example:
        >>> import torch
        >>> rnet()(torch.zeros(1, 3, 24, 24)).shape
        torch.Size([1, 2])
    """
    return _learnt(RNet(), "rnet.lz4")


def onet() -> ONet:
    """Return the network for windows of 48×48 with its learnt weights, in eval mode.

    Raises:
        CnnExplainError: If the package mtcnn is not installed, or its weights do not fit.

    Example:
        >>> import torch
        >>> onet()(torch.zeros(1, 3, 48, 48)).shape
        torch.Size([1, 2])
    """
    return _learnt(ONet(), "onet.lz4")


def prepared(pictures: Tensor) -> Tensor:
    """Return pictures as the networks were trained on them: zero is grey.

    Args:
        pictures: Red, green and blue from 0 to 255, of shape (..., 3, height, width).

    Returns:
        The same from −1 to 1, in float32.

    Example:
        >>> import torch
        >>> prepared(torch.tensor([0, 255], dtype=torch.uint8)).tolist()
        [-0.99609375, 0.99609375]
    """
    return (pictures.float() - 127.5) / 128


def _learnt(network: _Network, file: str) -> _Network:
    weights = keras.arrays(file_of("mtcnn", "assets", "weights", file))
    # The last two arrays make the classes. What stands before them makes boxes and landmarks, from
    # the same features, and is left out.
    features = len(list(network.parameters())) - 2
    keras.load(network, weights[:features] + weights[-2:])
    return network.eval()
