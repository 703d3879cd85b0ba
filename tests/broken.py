"""Networks with the mistakes that people make.

Every forward is written as people write it, one thing a line, since cures are written into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

# The same as in models: a second thread only waits.
torch.set_num_threads(1)

Tensor = torch.Tensor


@dataclass(frozen=True)
class Broken:
    """A network that is wrong for its input.

    Attributes:
        name: What is wrong, in a few words.
        make: Makes the network; or its text.
        input_size: The size of its input without the batch.
        kind: The kind of the problem.
        fails: A part of torch's message; None where torch says nothing.
        batch_size: The number of inputs.
        shape: The whole shape of the input where it is not a batch of inputs of that size.
        meta: Whether torch refuses on the meta device what it refuses elsewhere.
    """

    name: str
    make: Callable[[], nn.Module] | str
    input_size: tuple[int, ...]
    kind: str
    fails: str | None
    batch_size: int = 1
    shape: tuple[int, ...] | None = None
    meta: bool = True

    @property
    def full_shape(self) -> tuple[int, ...]:
        """The whole shape of the input."""
        return (self.batch_size, *self.input_size) if self.shape is None else self.shape


def built(make: Callable[[], nn.Module] | str) -> nn.Module:
    """Return a network in eval mode, from what makes it or from its text."""
    made = eval(make, {"nn": nn}) if isinstance(make, str) else make()  # noqa: S307  # our own
    return made.eval()


# ── classifiers: in_features, flatten, channels, axes ──────────────────────────────────────────


class LeNet(nn.Module):
    """The classifier of PyTorch's tutorial: for 32×32 pixels."""

    def __init__(self, in_channels: int = 3, features: int = 16 * 5 * 5) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(features, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class OldLeNet(LeNet):
    """The same with the view of the tutorial's older editions."""

    def forward(self, x: Tensor) -> Any:
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(-1, 16 * 5 * 5)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class AlexNet(nn.Module):
    """An AlexNet without the adaptive pooling that torchvision has: for 224×224 pixels."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(8, 16, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(16, 16, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(16 * 6 * 6, 64),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(64, num_classes),
        )

    def forward(self, x: Tensor) -> Any:
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return self.classifier(x)


class TwelveChannels(nn.Module):
    """A classifier whose in_features is no multiple of its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 12, 5)
        self.fc1 = nn.Linear(400, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.reshape(len(x), -1)
        return self.fc2(F.relu(self.fc1(x)))


class Classifier(nn.Module):
    """The head of VGG as a module of its own."""

    def __init__(self, features: int, hidden: int, expected: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(expected, 10)
        )

    def forward(self, x: Tensor) -> Any:
        return self.layers(x.flatten(1))


class SmallVGG(nn.Module):
    """Blocks as VGG has them, a head whose two Linear layers do not fit together."""

    def __init__(self, hidden: int = 512, expected: int = 256) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for out in (8, 16, 16):
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            channels = out
        self.features = nn.Sequential(*layers)
        self.classifier = Classifier(16 * 4 * 4, hidden, expected)

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.features(x))


class FunctionalHead(nn.Module):
    """Its last layer is a function of parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.weight = nn.Parameter(torch.randn(10, 8 * 12 * 12))
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(torch.relu(self.conv(x)), 2)
        x = torch.flatten(x, start_dim=1)
        return F.linear(x, self.weight, self.bias)


class MatrixHead(nn.Module):
    """Its last layer is a product with a matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 5, stride=2)
        self.weight = nn.Parameter(torch.randn(4 * 12 * 12, 10))

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).relu().flatten(1)
        return x @ self.weight


class ForgottenGap(nn.Module):
    """Made for a global average pooling, which its forward forgets."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.gap = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = torch.flatten(x, 1)
        return self.fc(x)


class ForgottenFlatten(nn.Module):
    """A map goes straight into a Linear made for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 7 * 7, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


class ForgottenFlattenAfterGap(nn.Module):
    """Its pooled map still has its height and width of 1."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 24, 3))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Any:
        x = self.avgpool(self.features(x))
        return self.fc(x)


class FlattenFromChannels(nn.Module):
    """Flattens height and width alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.fc = nn.Linear(8 * 16 * 16, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = torch.flatten(x, 2)
        return self.fc(x)


class FlattenTooEarly(nn.Module):
    """Flattens before its last convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 16 * 16, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.conv2(x))
        return self.fc(x)


class ConfusedChannels(nn.Module):
    """A convolution that expects more channels than the one before it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.pool(x).flatten(1)
        return self.fc(x)


class SeparableConv(nn.Module):
    """A depthwise convolution and a pointwise one."""

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, out, 1, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Any:
        return F.relu6(self.bn(self.pointwise(self.depthwise(x))))


class BrokenMobileNet(nn.Module):
    """A depthwise convolution of another width than its stem's."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.block1 = SeparableConv(32, 32)
        self.block2 = SeparableConv(32, 64, stride=2)

    def forward(self, x: Tensor) -> Any:
        x = self.stem(x)
        x = self.block1(x)
        return self.block2(x)


class BrokenDecoder(nn.Module):
    """An autoencoder whose decoder expects another width than its encoder's."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1)
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(32, 8, 2, stride=2), nn.ReLU(), nn.ConvTranspose2d(8, 1, 2, stride=2)
        )

    def forward(self, x: Tensor) -> Any:
        return self.decoder(self.encoder(x))


class TwiceTheSameLayer(nn.Module):
    """Uses a convolution a second time, where the width has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return F.relu(self.conv2(x))


# ── height and width that are not alike ────────────────────────────────────────────────────────


class KeywordSpotting(nn.Module):
    """A spectrogram of 40 bands and 100 steps, with kernels along the time."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=(1, 7), stride=(1, 2))
        self.conv2 = nn.Conv2d(8, 8, kernel_size=(8, 1), stride=(4, 1))
        self.fc = nn.Linear(8 * 9 * 47, 12)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(x.flatten(1))


class CRNN(nn.Module):
    """Reads a line of text, 32 pixels high: a column of the map is a step of an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d((2, 1)),
            nn.MaxPool2d((2, 1)),
        )
        self.rnn = nn.LSTM(16 * 4, 12, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(24, 11)

    def forward(self, x: Tensor) -> Any:
        x = self.cnn(x)
        x = x.permute(0, 3, 1, 2)
        x = x.flatten(2)
        x, _ = self.rnn(x)
        return self.fc(x)


class PositionMap(nn.Module):
    """Adds a learned map of 30×40 places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.position = nn.Parameter(torch.zeros(1, 8, 30, 40))
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Any:
        x = self.stem(x) + self.position
        return self.out(F.relu(x))


# ── batch, axes ────────────────────────────────────────────────────────────────────────────────


class NormedNet(nn.Module):
    """A convolution, a normalisation, a global pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.bn(self.conv(x)))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.fc(x)


class PooledNet(nn.Module):
    """A convolution, and a global pooling as torchvision writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 3, padding=1)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.avgpool(F.relu(self.conv(x)))
        x = torch.flatten(x, 1)
        return self.fc(x)


class NormAfterFlatten(nn.Module):
    """Normalises a vector as if it were a map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.fc1 = nn.Linear(4 * 14 * 14, 32)
        self.bn1 = nn.BatchNorm2d(32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = x.view(x.shape[0], -1)
        x = F.relu(self.bn1(self.fc1(x)))
        return self.fc2(x)


class ConvAfterFlatten(nn.Module):
    """Convolves a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3 * 8 * 8, 64)
        self.conv = nn.Conv2d(64, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        x = torch.flatten(x, start_dim=1)
        x = F.relu(self.fc(x))
        return self.conv(x)


class FlattenVector(nn.Module):
    """Flattens what has one axis left."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).mean(dim=(0, 2, 3))
        x = x.flatten(1)
        return self.fc(x)


# ── kernels and poolings ───────────────────────────────────────────────────────────────────────


class DeepPlain(nn.Module):
    """Convolutions without padding, until nothing is left to see."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = self._block(3, 8)
        self.layer2 = self._block(8, 8)
        self.layer3 = self._block(8, 16)
        self.fc = nn.Linear(16, 10)

    def _block(self, channels: int, out: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(channels, out, 3), nn.BatchNorm2d(out), nn.ReLU(), nn.MaxPool2d(2)
        )

    def forward(self, x: Tensor) -> Any:
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        return self.fc(x.mean((2, 3)))


class ManyPools(nn.Module):
    """The five poolings of VGG, after a padded convolution each."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, 8, 3, padding=1) for channels in (1, 8, 8, 8, 8)
        )
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Any:
        for conv in self.convs:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        return self.fc(torch.flatten(x, 1))


class FixedAverage(nn.Module):
    """Ends as the first ResNets: with an average over 7×7 places."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 7, stride=2, padding=3)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.avgpool = nn.AvgPool2d(7)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.maxpool(F.relu(self.conv1(x)))
        x = F.relu(self.layer1(x))
        x = self.avgpool(x)
        return self.fc(torch.flatten(x, 1))


class Atrous(nn.Module):
    """A dilated convolution that reaches further than its map."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.atrous = nn.Conv2d(8, 8, 3, dilation=12)
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Any:
        return self.head(F.relu(self.atrous(F.relu(self.stem(x)))))


class PaddedPool(nn.Module):
    """A pooling that would see nothing but padding at its edges."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = F.max_pool2d(x, kernel_size=3, stride=2, padding=2)
        return self.head(x)


class ReflectedStem(nn.Module):
    """Mirrors more rows than its map has, as style transfer does on a thumbnail."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, stride=4, padding=1)
        self.pad = nn.ReflectionPad2d(4)
        self.conv = nn.Conv2d(8, 3, 9)

    def forward(self, x: Tensor) -> Any:
        return self.conv(self.pad(F.relu(self.down(x))))


class SameStride(nn.Module):
    """Asks for the same size and for half of it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 3, 3, 3))
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.conv2d(x, self.weight, stride=2, padding="same")
        return self.fc(x.relu().mean(dim=(2, 3)))


class SameStrideLayer(nn.Module):
    """The same in a layer, as one translates it from Keras."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, kernel_size=3, stride=2, padding="same")
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv1(x))
        return self.fc(x.mean(dim=(2, 3)))


# ── branches ───────────────────────────────────────────────────────────────────────────────────


class DoubleConv(nn.Module):
    """Two convolutions with their normalisations."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(channels, out, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Any:
        return self.double_conv(x)


class UNet(nn.Module):
    """A U-Net of four levels: its sizes are multiples of 8."""

    def __init__(self, base: int = 4) -> None:
        super().__init__()
        a, b, c, d = base, 2 * base, 4 * base, 8 * base
        self.down1 = DoubleConv(3, a)
        self.down2 = DoubleConv(a, b)
        self.down3 = DoubleConv(b, c)
        self.pool = nn.MaxPool2d(2)
        self.bottom = DoubleConv(c, d)
        self.up3 = nn.ConvTranspose2d(d, c, kernel_size=2, stride=2)
        self.merge3 = DoubleConv(2 * c, c)
        self.up2 = nn.ConvTranspose2d(c, b, kernel_size=2, stride=2)
        self.merge2 = DoubleConv(2 * b, b)
        self.up1 = nn.ConvTranspose2d(b, a, kernel_size=2, stride=2)
        self.merge1 = DoubleConv(2 * a, a)
        self.outc = nn.Conv2d(a, 2, kernel_size=1)

    def forward(self, x: Tensor) -> Any:
        x1 = self.down1(x)
        x2 = self.down2(self.pool(x1))
        x3 = self.down3(self.pool(x2))
        x = self.bottom(self.pool(x3))
        x = self.up3(x)
        x = torch.cat([x3, x], dim=1)
        x = self.merge3(x)
        x = self.up2(x)
        x = torch.cat([x2, x], dim=1)
        x = self.merge2(x)
        x = self.up1(x)
        x = torch.cat([x1, x], dim=1)
        x = self.merge1(x)
        return self.outc(x)


class Up(nn.Module):
    """A step up: bilinear, then the skip."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.conv = DoubleConv(channels, out)

    def forward(self, x: Tensor, skip: Tensor) -> Any:
        x = self.up(x)
        x = torch.cat((skip, x), 1)
        return self.conv(x)


class BilinearUNet(nn.Module):
    """A U-Net that goes down by strides and up by bilinear interpolation."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1 = nn.Conv2d(1, 4, 3, padding=1)
        self.enc2 = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.enc3 = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.dec2 = Up(16, 4)
        self.dec1 = Up(8, 4)
        self.head = nn.Conv2d(4, 1, 1)

    def forward(self, x: Tensor) -> Any:
        x1 = F.relu(self.enc1(x))
        x2 = F.relu(self.enc2(x1))
        x3 = F.relu(self.enc3(x2))
        x = self.dec2(x3, x2)
        x = self.dec1(x, x1)
        return self.head(x)


class WrongSkip(nn.Module):
    """Joins a map with the skip of another level."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1 = nn.Conv2d(3, 8, 3, padding=1)
        self.enc2 = nn.Conv2d(8, 16, 3, padding=1)
        self.bottom = nn.Conv2d(16, 16, 3, padding=1)
        self.dec = nn.Conv2d(24, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        e1 = F.relu(self.enc1(x))
        e2 = F.relu(self.enc2(F.max_pool2d(e1, 2)))
        b = F.relu(self.bottom(F.max_pool2d(e2, 2)))
        up = F.interpolate(b, scale_factor=2, mode="nearest")
        return self.dec(torch.cat([up, e1], dim=1))


class Inception(nn.Module):
    """Branches of kernels 1, 3 and 5, one of them without its padding."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.branch1 = nn.Conv2d(channels, 4, kernel_size=1)
        self.branch3 = nn.Sequential(nn.Conv2d(channels, 4, 1), nn.Conv2d(4, 8, 3, padding=1))
        self.branch5 = nn.Sequential(nn.Conv2d(channels, 2, 1), nn.Conv2d(2, 4, 5))
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.branch_pool = nn.Conv2d(channels, 4, 1)

    def forward(self, x: Tensor) -> Any:
        outputs = [self.branch1(x), self.branch3(x), self.branch5(x)]
        outputs.append(self.branch_pool(self.pool(x)))
        return torch.cat(outputs, 1)


class BrokenGoogLeNet(nn.Module):
    """A stem and one such block."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, 1))
        self.inception3a = Inception(8)
        self.fc = nn.Linear(20, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.inception3a(self.stem(x))
        x = F.adaptive_avg_pool2d(x, (1, 1))
        return self.fc(torch.flatten(x, 1))


class WrongDim(nn.Module):
    """Concatenates maps of different widths along their height."""

    def __init__(self) -> None:
        super().__init__()
        self.small = nn.Conv2d(3, 4, 3, padding=1)
        self.large = nn.Conv2d(3, 8, 5, padding=2)
        self.mix = nn.Conv2d(12, 8, 1)

    def forward(self, x: Tensor) -> Any:
        x = torch.cat([self.small(x), self.large(x)], dim=2)
        return self.mix(x)


class WrongWidthAfterCat(nn.Module):
    """A dense block whose next layer forgets what was joined."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(8, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        x = torch.cat([x, F.relu(self.conv1(x))], 1)
        return torch.cat([x, F.relu(self.conv2(x))], 1)


class BasicBlock(nn.Module):
    """A residual block; its shortcut is the input as it is, unless told otherwise."""

    def __init__(self, inplanes: int, planes: int, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, padding, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, padding, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)

    def forward(self, x: Tensor) -> Any:
        identity = x
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return F.relu(out)


class SmallResNet(nn.Module):
    """A stem and a residual block that does not fit it."""

    def __init__(self, planes: int = 8, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(BasicBlock(8, 8), BasicBlock(8, planes, stride, padding))
        self.fc = nn.Linear(planes, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer1(x)
        return self.fc(x.mean([2, 3]))


class FunctionalResidual(nn.Module):
    """A sum of two branches, of 64 and of 128 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 3, stride=2, padding=1)
        self.branch = nn.Conv2d(64, 128, 1)
        self.fc = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.stem(x))
        x = x + self.branch(x)
        return self.fc(x.mean((-2, -1)))


class FeaturePyramid(nn.Module):
    """Adds a map that is enlarged by 2 to a map that was not a multiple of 2."""

    def __init__(self) -> None:
        super().__init__()
        self.c2 = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.c3 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.lateral2 = nn.Conv2d(8, 8, 1)
        self.lateral3 = nn.Conv2d(16, 8, 1)

    def forward(self, x: Tensor) -> Any:
        c2 = F.relu(self.c2(x))
        c3 = F.relu(self.c3(c2))
        p3 = self.lateral3(c3)
        p2 = self.lateral2(c2) + F.interpolate(p3, scale_factor=2)
        return {"p2": p2, "p3": p3}


class ViT(nn.Module):
    """A vision transformer whose positions are those of 32×32 pixels."""

    def __init__(self, image_size: int = 32, patch_size: int = 8, dim: int = 16) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(3, dim, patch_size, stride=patch_size)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, (image_size // patch_size) ** 2 + 1, dim))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        cls = self.cls_token.expand(x.shape[0], -1, -1)
        x = torch.cat((cls, x), dim=1)
        x = x + self.pos_embed
        return self.head(self.norm(x)[:, 0])


class ForgottenToken(nn.Module):
    """A vision transformer that has a place for a token that it forgets to add."""

    def __init__(self, dim: int = 16) -> None:
        super().__init__()
        self.to_patches = nn.Conv2d(3, dim, 4, stride=4)
        self.pos_embedding = nn.Parameter(torch.randn(1, 65, dim))
        self.mlp_head = nn.Linear(dim, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.to_patches(x).flatten(2).transpose(1, 2)
        x = x + self.pos_embedding
        return self.mlp_head(x.mean(dim=1))


# ── normalisations ─────────────────────────────────────────────────────────────────────────────


class WrongNorm(nn.Module):
    """A normalisation of the convolution's input width, not of its output's."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(16)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return x.mean(dim=(2, 3))


class WrongVectorNorm(nn.Module):
    """A normalisation of a vector, of the width before the Linear."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(28 * 28, 64)
        self.bn1 = nn.BatchNorm1d(128)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.fc1(self.flatten(x))
        return self.fc2(torch.relu(self.bn1(x)))


class FixedLayerNorm(nn.Module):
    """A layer normalisation over all of a map of 16×16."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm([8, 16, 16])
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Any:
        return self.head(F.gelu(self.norm(self.conv(x))))


class WrongGroupNorm(nn.Module):
    """A group normalisation of another width."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.GroupNorm(4, 16)

    def forward(self, x: Tensor) -> Any:
        return F.relu(self.norm(self.conv(x)))


class LayerNormOnChannels(nn.Module):
    """A layer normalisation of the channels, which are not last."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 4, stride=4)
        self.norm = nn.LayerNorm(12)
        self.head = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.norm(self.stem(x))
        return self.head(x.mean([-2, -1]))


# ── views ──────────────────────────────────────────────────────────────────────────────────────


class FixedView(nn.Module):
    """A view of a fixed number of features: those of 32×32 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(2048, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, 2048)
        return self.fc(x)


class FixedReshape(nn.Module):
    """Cuts its map into patches of a fixed number."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        x = x.reshape(x.size(0), 8, 256)
        return self.fc(x.permute(0, 2, 1))


class PermutedView(nn.Module):
    """Views what a permutation has left without order in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.fc = nn.Linear(8 * 16 * 16, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x)).permute(0, 2, 3, 1)
        x = x.view(x.size(0), -1)
        return self.fc(x)


class TransposedAttention(nn.Module):
    """Puts the heads of an attention together by a view."""

    def __init__(self, dim: int = 16, num_heads: int = 4) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.proj = nn.Conv2d(3, dim, 4, stride=4)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Any:
        x = self.proj(x).flatten(2).transpose(1, 2)
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.num_heads, c // self.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attention = (q @ k.transpose(-2, -1)).softmax(dim=-1)
        x = (attention @ v).transpose(1, 2)
        x = x.view(b, n, c)
        return self.out(x)


class Generator(nn.Module):
    """A generator that makes a map of another size than its Linear made values for."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(20, 32 * 7 * 7)
        self.up = nn.Sequential(
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Any:
        x = self.fc(z)
        x = x.view(z.size(0), 32, 8, 8)
        return self.up(x)


class Dcgan(nn.Module):
    """A generator whose noise is a map of one place."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(20, 16, 4, 1, 0, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(True),
            nn.ConvTranspose2d(16, 3, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Any:
        return self.main(z)


class Autoencoder(nn.Module):
    """Its decoder unflattens to the sizes of another image."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (8, 14, 14)), nn.ConvTranspose2d(8, 1, 2, stride=2)
        )

    def forward(self, x: Tensor) -> Any:
        z = F.relu(self.encoder(x)).flatten(1)
        return self.decoder(z)


# ── the batch ──────────────────────────────────────────────────────────────────────────────────


class FlattenAll(nn.Module):
    """Flattens the batch too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.fc = nn.Linear(4 * 14 * 14, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = torch.flatten(x)
        return self.fc(x)


class ViewOfOne(nn.Module):
    """Works for one image alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.fc = nn.Linear(4 * 14 * 14, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = x.view(1, -1)
        return self.fc(x)


class ViewOfAll(nn.Module):
    """Makes one vector of all there is."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2))
        self.fc = nn.Linear(8 * 7 * 7, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.features(x)
        x = x.view(-1)
        return self.fc(x)


class SqueezedBatch(nn.Module):
    """Squeezes every axis of size 1, which a batch of one image is too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.pool(F.relu(self.conv(x)))
        x = x.squeeze()
        return self.fc(x)


class SqueezedSoftmax(nn.Module):
    """The same, noticed by what comes after it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.adaptive_max_pool2d(F.relu(self.conv(x)), 1).squeeze()
        x = self.fc(x)
        return F.log_softmax(x, dim=1)


class FixedBatch(nn.Module):
    """Its view holds the batch size of the training loop."""

    def __init__(self, batch_size: int = 4) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.fc = nn.Linear(8 * 16 * 16, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = x.view(self.batch_size, -1)
        return self.fc(x)


# ── sequences ──────────────────────────────────────────────────────────────────────────────────


class ColumnsToRnn(nn.Module):
    """Gives an LSTM the rows of its map, though it was made for the columns."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.rnn = nn.LSTM(8 * 16, 12, batch_first=True)
        self.fc = nn.Linear(12, 11)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = x.permute(0, 2, 1, 3).flatten(2)
        x, _ = self.rnn(x)
        return self.fc(x[:, -1])


class MapToRnn(nn.Module):
    """Gives a GRU a map, with its four axes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.rnn = nn.GRU(32, 12, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        x, _ = self.rnn(self.conv(x))
        return x


class LinearOnTime(nn.Module):
    """A Linear of the channels, on the axis of the time."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(6, 16, 5, padding=2)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = self.fc(x)
        return x.mean(dim=1)


class WaveNet(nn.Module):
    """A signal of 256 samples."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, 8, 9, stride=2, padding=4)
        self.conv2 = nn.Conv1d(8, 16, 9, stride=2, padding=4)
        self.fc = nn.Linear(16 * 64, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(torch.flatten(x, 1))


class Video(nn.Module):
    """Clips of 16 frames."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 4, kernel_size=3, padding=(0, 1, 1))
        self.pool = nn.MaxPool3d(2)
        self.conv2 = nn.Conv3d(4, 8, kernel_size=3, padding=(0, 1, 1))
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.pool(F.relu(self.conv1(x)))
        x = F.relu(self.conv2(x))
        return self.fc(x.mean(dim=(2, 3, 4)))


class TooFewChannelsToShuffle(nn.Module):
    """Enlarges by 3 with the channels for 2."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3 * 2**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(3)

    def forward(self, x: Tensor) -> Any:
        return self.shuffle(self.conv(x))


PRODUCT = "mat1 and mat2 shapes cannot be multiplied"
SEQUENTIAL_MNIST = """
nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(32 * 8 * 8, 10),
)
"""
NO_FLATTEN = """
nn.Sequential(
    nn.Conv2d(3, 8, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Linear(8 * 16 * 16, 10),
)
"""
SAME_STRIDE = """
nn.Sequential(
    nn.Conv2d(3, 8, 3, stride=2, padding="same"),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, 10),
)
"""
POOLED_TOO_WIDE = """
nn.Sequential(
    nn.Conv2d(3, 8, 3),
    nn.ReLU(),
    nn.MaxPool2d(2, padding=2),
    nn.Flatten(),
    nn.Linear(8 * 17 * 17, 10),
)
"""


def plain(*layers: nn.Module) -> nn.Sequential:
    """A Sequential that a function makes."""
    return nn.Sequential(*layers)


BROKEN = [
    # in_features
    Broken("AlexNet at 384", AlexNet, (3, 384, 384), "features", f"{PRODUCT} (1x1936 and 576x64)"),
    Broken("AlexNet at 256, two images", AlexNet, (3, 256, 256), "features", PRODUCT, 2),
    Broken("MNIST into LeNet", lambda: LeNet(1), (1, 28, 28), "features", f"{PRODUCT} (1x256 and"),
    Broken("MNIST into a text", SEQUENTIAL_MNIST, (1, 28, 28), "features", PRODUCT),
    Broken("a wide image into LeNet", LeNet, (3, 32, 48), "features", f"{PRODUCT} (1x720 and"),
    Broken("400 features of 12 channels", TwelveChannels, (3, 32, 32), "features", PRODUCT),
    Broken("512 made, 256 wanted", SmallVGG, (3, 32, 32), "features", f"{PRODUCT} (1x512 and 256"),
    Broken("F.linear at 32", FunctionalHead, (1, 32, 32), "features", f"{PRODUCT} (1x1800 and"),
    Broken("a matrix of another size", MatrixHead, (1, 32, 32), "features", PRODUCT, 4),
    Broken("global pooling forgotten", ForgottenGap, (3, 32, 32), "features", f"{PRODUCT} (1x2048"),
    Broken("a longer signal", WaveNet, (1, 300), "features", f"{PRODUCT} (1x1200 and 1024x10)"),
    Broken("Linear on the axis of time", LinearOnTime, (6, 50), "flatten", PRODUCT),
    # flatten
    Broken("no flatten", ForgottenFlatten, (1, 28, 28), "flatten", f"{PRODUCT} (112x7 and 784x32)"),
    Broken("no flatten in a text", NO_FLATTEN, (3, 32, 32), "flatten", f"{PRODUCT} (128x16 and"),
    Broken("no flatten after pooling", ForgottenFlattenAfterGap, (3, 32, 32), "flatten", PRODUCT),
    Broken("flatten from axis 2", FlattenFromChannels, (3, 32, 32), "flatten", PRODUCT),
    Broken(
        "flatten after the Linear",
        lambda: plain(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Linear(2704, 10), nn.Flatten()),
        (1, 28, 28),
        "flatten",
        PRODUCT,
    ),
    # channels
    Broken(
        "a grey image into an RGB network", LeNet, (1, 32, 32), "channels", "to have 3 channels"
    ),
    Broken(
        "RGB into a grey network", lambda: LeNet(1), (3, 32, 32), "channels", "to have 1 channels"
    ),
    Broken("RGBA", AlexNet, (4, 224, 224), "channels", "but got 4 channels instead"),
    Broken("16 expected, 6 made", ConfusedChannels, (3, 32, 32), "channels", "to have 16 channels"),
    Broken("depthwise of 32 after 16", BrokenMobileNet, (3, 32, 32), "channels", "groups=32"),
    Broken(
        "decoder of 32 after 16",
        BrokenDecoder,
        (1, 28, 28),
        "channels",
        "Given transposed=1, weight of size [32, 8, 2, 2], expected input[1, 16, 7, 7]",
        meta=False,
    ),
    Broken("a layer used twice", TwiceTheSameLayer, (3, 16, 16), "channels", "to have 8 channels"),
    Broken("8 expected, 12 joined", WrongWidthAfterCat, (8, 16, 16), "channels", "got 12 channels"),
    Broken(
        "grouped after another width",
        "nn.Sequential(nn.Conv2d(3, 10, 3), nn.ReLU(), nn.Conv2d(12, 12, 3, groups=4))",
        (3, 16, 16),
        "channels",
        "expected input[1, 10, 14, 14] to have 12 channels",
    ),
    # channels last
    Broken("LeNet, channels last", LeNet, (32, 32, 3), "channels_last", "got 32 channels"),
    Broken("AlexNet, channels last", AlexNet, (224, 224, 3), "channels_last", "got 224 channels"),
    Broken(
        "MNIST, channels last", lambda: LeNet(1), (28, 28, 1), "channels_last", "got 28 channels"
    ),
    # height and width swapped
    Broken("time before bands", KeywordSpotting, (1, 100, 40), "swapped", PRODUCT),
    Broken("a line of text upright", CRNN, (1, 100, 32), "swapped", "input.size(-1) must be equal"),
    Broken("a position map turned", PositionMap, (3, 40, 30), "swapped", "must match the size"),
    # without a batch
    Broken("LeNet without a batch", LeNet, (3, 32, 32), "unbatched", PRODUCT, shape=(3, 32, 32)),
    Broken(
        "AlexNet without a batch", AlexNet, (3, 224, 224), "unbatched", PRODUCT, shape=(3, 224, 224)
    ),
    Broken(
        "BatchNorm2d without a batch",
        NormedNet,
        (3, 32, 32),
        "unbatched",
        "expected 4D input (got 3D input)",
        shape=(3, 32, 32),
    ),
    Broken(
        "pooled without a batch", PooledNet, (3, 32, 32), "unbatched", PRODUCT, shape=(3, 32, 32)
    ),
    # numbers of axes
    Broken(
        "the batch in the input size",
        LeNet,
        (1, 3, 32, 32),
        "batched_twice",
        "Expected 3D (unbatched) or 4D (batched) input to conv2d",
    ),
    Broken(
        "a grey image without its channel",
        lambda: LeNet(1),
        (28, 28),
        "no_channels",
        "expected input[1, 8, 28, 28] to have 1 channels",
        8,
    ),
    Broken("BatchNorm2d on a vector", NormAfterFlatten, (1, 28, 28), "dimensions", "(got 2D input"),
    Broken("Conv2d on a vector", ConvAfterFlatten, (3, 8, 8), "dimensions", "(unbatched) or 4D"),
    Broken(
        "flatten before Conv2d", FlattenTooEarly, (3, 32, 32), "dimensions", "(unbatched) or 4D"
    ),
    Broken("flatten(1) on a vector", FlattenVector, (3, 16, 16), "dimensions", "Dimension out of"),
    Broken("noise without its places", Dcgan, (20,), "no_places", "input to conv_transpose2d"),
    Broken("a map into a GRU", MapToRnn, (1, 28, 32), "forward", "Expected input to be 2D or 3D"),
    # kernels
    Broken("nothing left to convolve", DeepPlain, (3, 14, 14), "kernel", "Kernel size can't be"),
    Broken("a pooling of 1×1", DeepPlain, (3, 18, 18), "kernel", "Output size is too small"),
    Broken("five poolings of 28", ManyPools, (1, 28, 28), "kernel", "Output size is too small"),
    Broken("AvgPool2d(7) on CIFAR", FixedAverage, (3, 32, 32), "kernel", "size is too small"),
    Broken("a clip of 5 frames", Video, (3, 5, 16, 16), "kernel", "Kernel size: (3 x 3 x 3)"),
    Broken("a dilation too far", Atrous, (3, 32, 32), "kernel", "Kernel size: (25 x 25)"),
    # cat
    Broken("U-Net at 100", UNet, (3, 100, 100), "cat", "Sizes of tensors must match"),
    Broken("U-Net, a height of 60", UNet, (3, 60, 72), "cat", "Sizes of tensors must match"),
    Broken("bilinear U-Net at 50", BilinearUNet, (1, 50, 50), "cat", "Sizes of tensors must match"),
    Broken("a skip of another level", WrongSkip, (3, 32, 32), "cat", "Sizes of tensors must match"),
    Broken("a branch without padding", BrokenGoogLeNet, (3, 64, 64), "cat", "Expected size 16 but"),
    Broken("cat along the height", WrongDim, (3, 16, 16), "cat", "except in dimension 2"),
    # add
    Broken(
        "a residual branch without padding",
        lambda: SmallResNet(padding=0),
        (3, 32, 32),
        "add",
        "must match the size of tensor b (32) at non-singleton dimension 3",
    ),
    Broken(
        "a strided branch, a plain shortcut",
        lambda: SmallResNet(stride=2),
        (3, 32, 32),
        "add",
        "The size of tensor a (16) must match the size of tensor b (32)",
    ),
    Broken(
        "a wider branch, a plain shortcut",
        lambda: SmallResNet(16),
        (3, 32, 32),
        "add",
        "at non-singleton dimension 1",
    ),
    Broken("64 and 128 channels", FunctionalResidual, (3, 32, 32), "add", "a (64) must match"),
    Broken("a pyramid at 50", FeaturePyramid, (3, 50, 50), "add", "must match the size"),
    Broken("ViT at 48", ViT, (3, 48, 48), "add", "The size of tensor a (37) must match"),
    Broken("a token forgotten", ForgottenToken, (3, 32, 32), "add", "a (64) must match"),
    # normalisations
    Broken(
        "BatchNorm2d of 16 on 32", WrongNorm, (3, 16, 16), "normalisation", "running_mean should"
    ),
    Broken(
        "BatchNorm1d of 128 on 64", WrongVectorNorm, (1, 28, 28), "normalisation", "running_mean"
    ),
    Broken(
        "BatchNorm2d of 3 on 8 in a text",
        "nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(3), nn.ReLU())",
        (3, 16, 16),
        "normalisation",
        "running_mean should contain 8 elements not 3",
    ),
    Broken("LayerNorm of 16×16", FixedLayerNorm, (3, 40, 40), "last_axes", "normalized_shape="),
    Broken("LayerNorm, channels first", LayerNormOnChannels, (3, 32, 32), "last_axes", "[*, 12]"),
    Broken("GroupNorm of 16 on 8", WrongGroupNorm, (3, 16, 16), "normalisation", "Expected weight"),
    # views
    Broken(
        "view of 3136 as 2048", FixedView, (3, 28, 28), "view", "shape '[-1, 2048]' is invalid", 2
    ),
    Broken("LeNet's old view", lambda: OldLeNet(1), (1, 28, 28), "view", "[-1, 400]' is invalid"),
    Broken("reshape of 400 as 256", FixedReshape, (3, 40, 40), "view", "shape '[1, 8, 256]' is"),
    Broken(
        "view of a permutation",
        PermutedView,
        (3, 32, 32),
        "not_contiguous",
        "view size is not compatib",
    ),
    Broken(
        "view of heads",
        TransposedAttention,
        (3, 16, 16),
        "not_contiguous",
        "view size is not compat",
    ),
    Broken("a generator's map", Generator, (20,), "view", "shape '[1, 32, 8, 8]' is invalid"),
    Broken("an unflatten of 14×14", Autoencoder, (1, 32, 32), "view", "unflatten"),
    # padding="same" with a stride
    Broken("F.conv2d, same, stride 2", SameStride, (3, 32, 32), "same_stride", "padding='same'"),
    Broken("Conv2d, same, stride 2", SameStrideLayer, (3, 32, 32), "same_stride", "padding='same'"),
    Broken("a text, same, stride 2", SAME_STRIDE, (3, 32, 32), "same_stride", "padding='same'"),
    # a pooling's padding
    Broken("MaxPool2d(2, padding=2)", POOLED_TOO_WIDE, (3, 34, 34), "pool_padding", "at most half"),
    Broken("F.max_pool2d(3, padding=2)", PaddedPool, (3, 34, 34), "pool_padding", "at most half"),
    Broken(
        "AvgPool2d(3, padding=2)",
        lambda: plain(nn.Conv2d(3, 8, 3), nn.AvgPool2d(3, stride=2, padding=2)),
        (3, 34, 34),
        "pool_padding",
        "at most half",
    ),
    # the batch, without a word of torch
    Broken("view makes four of one", FixedView, (3, 64, 64), "batch", None),
    Broken("view makes 8 of 2", FixedView, (3, 64, 64), "batch", None, 2),
    Broken("view makes one of 4", FixedView, (3, 16, 16), "batch", None, 4),
    Broken("flatten of everything", FlattenAll, (1, 28, 28), "one_batch", None),
    Broken("flatten of everything, two images", FlattenAll, (1, 28, 28), "one_batch", PRODUCT, 2),
    Broken("view(1, −1), one image", ViewOfOne, (1, 28, 28), "one_batch", None),
    Broken("view(1, −1)", ViewOfOne, (1, 28, 28), "one_batch", PRODUCT, 3),
    Broken("view(−1)", ViewOfAll, (3, 32, 32), "one_batch", None),
    Broken("squeeze of one image", SqueezedBatch, (3, 32, 32), "squeezed", None),
    Broken(
        "squeeze, then dim=1", SqueezedSoftmax, (3, 32, 32), "squeezed", "Dimension out of range"
    ),
    Broken("a fixed batch size", FixedBatch, (3, 32, 32), "one_batch", PRODUCT, 1),
    # others
    Broken("rows for columns", ColumnsToRnn, (1, 32, 64), "swapped", "input.size(-1) must be"),
    Broken("shuffle of 12 by 3", TooFewChannelsToShuffle, (3, 8, 8), "other", "divisible"),
    Broken("a mirror of too little", ReflectedStem, (3, 16, 16), "other", "Padding size should"),
]
