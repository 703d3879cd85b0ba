"""Networks of the literature and forwards of every kind, written with torch.nn alone."""

from __future__ import annotations

import random
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

# torch.nn's own modules return Any.
Tensor = torch.Tensor


def narrowed(channels: int, width: float) -> int:
    """Return a number of channels times a width multiplier, at least 1."""
    return max(1, round(channels * width))


class LeNet(nn.Module):
    """LeNet-5 with today's layers: LeCun et al., 1998."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, 16 * 5 * 5)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class AlexNet(nn.Module):
    """Krizhevsky, "One weird trick", 2014, as torchvision has it."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        a, b, c, d, e = (narrowed(each, width) for each in (64, 192, 384, 256, 256))
        self.features = nn.Sequential(
            nn.Conv2d(3, a, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(a, b, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(b, c, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(c, d, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(d, e, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=0.5),
            nn.Linear(e * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Any:
        x = self.features(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)


class VGG16(nn.Module):
    """Simonyan and Zisserman, configuration D, as torchvision has it."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for count, out in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
            for _ in range(count):
                layers += [
                    nn.Conv2d(channels, narrowed(out, width), kernel_size=3, padding=1),
                    nn.ReLU(inplace=True),
                ]
                channels = narrowed(out, width)
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        wide = narrowed(4096, width)
        self.classifier = nn.Sequential(
            nn.Linear(channels * 7 * 7, wide),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(wide, wide),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(wide, num_classes),
        )

    def forward(self, x: Tensor) -> Any:
        x = self.features(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)


class VGG16Convolutional(nn.Module):
    """VGG-16 with its first dense layer as a 7×7 convolution: Long et al., 2015."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.features = VGG16(1, width).features
        channels = narrowed(512, width)
        self.fc6 = nn.Conv2d(channels, narrowed(4096, width), kernel_size=7)

    def forward(self, x: Tensor) -> Any:
        return self.fc6(self.features(x))


class MobileNet(nn.Module):
    """MobileNet v1: Howard et al., 2017."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
        plan += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
        channels = narrowed(32, width)
        layers = [self._convolution(3, channels, 2)]
        for out, stride in plan:
            layers += [
                self._convolution(channels, channels, stride, groups=channels),
                self._convolution(channels, narrowed(out, width), 1, kernel_size=1),
            ]
            channels = narrowed(out, width)
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, num_classes)

    @staticmethod
    def _convolution(
        channels: int, out: int, stride: int, kernel_size: int = 3, groups: int = 1
    ) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(
                channels, out, kernel_size, stride, kernel_size // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Any:
        x = self.features(x)
        x = x.mean([2, 3])
        return self.classifier(x)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut: He et al., 2015."""

    expansion = 1

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, *, original: bool = False
    ) -> None:
        super().__init__()
        del original
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = shortcut(inplanes, planes, stride)

    def forward(self, x: Tensor) -> Any:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 beside a shortcut; the stride on the 3×3, or originally on the first 1×1."""

    expansion = 4

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, *, original: bool = False
    ) -> None:
        super().__init__()
        first, second = (stride, 1) if original else (1, stride)
        out = planes * self.expansion
        self.conv1 = nn.Conv2d(inplanes, planes, 1, stride=first, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=second, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(inplanes, out, stride)

    def forward(self, x: Tensor) -> Any:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


def shortcut(inplanes: int, out: int, stride: int) -> nn.Sequential | None:
    """Return a 1×1 convolution where the shortcut changes size, and else None."""
    if stride == 1 and inplanes == out:
        return None
    return nn.Sequential(
        nn.Conv2d(inplanes, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out)
    )


class ResNet(nn.Module):
    """Residual networks, as torchvision has them."""

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        layers: tuple[int, int, int, int],
        num_classes: int = 1000,
        width: float = 1.0,
        *,
        original: bool = False,
    ) -> None:
        super().__init__()
        self.inplanes = narrowed(64, width)
        self.conv1 = nn.Conv2d(3, self.inplanes, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        stages = []
        for index, count in enumerate(layers):
            planes, blocks = narrowed(64 * 2**index, width), []
            for number in range(count):
                stride = 2 if index and not number else 1
                blocks.append(block(self.inplanes, planes, stride, original=original))
                self.inplanes = planes * block.expansion
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(self.inplanes, num_classes)

    def forward(self, x: Tensor) -> Any:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        x = self.layer4(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.fc(x)


def resnet18(width: float = 1.0) -> ResNet:
    """Return ResNet-18."""
    return ResNet(BasicBlock, (2, 2, 2, 2), width=width)


def resnet50(width: float = 1.0, *, original: bool = False) -> ResNet:
    """Return ResNet-50, with torchvision's strides or the original ones."""
    return ResNet(Bottleneck, (3, 4, 6, 3), width=width, original=original)


def resnet101(width: float = 1.0, *, original: bool = False) -> ResNet:
    """Return ResNet-101, with torchvision's strides or the original ones."""
    return ResNet(Bottleneck, (3, 4, 23, 3), width=width, original=original)


def resnet152(width: float = 1.0, *, original: bool = False) -> ResNet:
    """Return ResNet-152, with torchvision's strides or the original ones."""
    return ResNet(Bottleneck, (3, 8, 36, 3), width=width, original=original)


class BasicConv2d(nn.Module):
    """A convolution, a normalisation and a ReLU."""

    def __init__(self, channels: int, out: int, **keywords: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, bias=False, **keywords)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Any:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """Four branches side by side: Szegedy et al., 2014; torchvision's "5×5" is a 3×3."""

    def __init__(
        self, channels: int, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: int
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(channels, one, kernel_size=1)
        self.branch2 = nn.Sequential(
            BasicConv2d(channels, reduce3, kernel_size=1),
            BasicConv2d(reduce3, three, kernel_size=3, padding=1),
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(channels, reduce5, kernel_size=1),
            BasicConv2d(reduce5, five, kernel_size=3, padding=1),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True),
            BasicConv2d(channels, pool, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Any:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GoogLeNet(nn.Module):
    """Inception v1 without its auxiliary heads, as torchvision has it."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()

        def n(channels: int) -> int:
            return narrowed(channels, width)

        def inception(channels: int, *plan: int) -> tuple[Inception, int]:
            one, reduce3, three, reduce5, five, pool = map(n, plan)
            block = Inception(channels, one, reduce3, three, reduce5, five, pool)
            return block, one + three + five + pool

        self.conv1 = BasicConv2d(3, n(64), kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = BasicConv2d(n(64), n(64), kernel_size=1)
        self.conv3 = BasicConv2d(n(64), n(192), kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a, c = inception(n(192), 64, 96, 128, 16, 32, 32)
        self.inception3b, c = inception(c, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a, c = inception(c, 192, 96, 208, 16, 48, 64)
        self.inception4b, c = inception(c, 160, 112, 224, 24, 64, 64)
        self.inception4c, c = inception(c, 128, 128, 256, 24, 64, 64)
        self.inception4d, c = inception(c, 112, 144, 288, 32, 64, 64)
        self.inception4e, c = inception(c, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a, c = inception(c, 256, 160, 320, 32, 128, 128)
        self.inception5b, c = inception(c, 384, 192, 384, 48, 128, 128)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(c, num_classes)

    def forward(self, x: Tensor) -> Any:
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        x = self.inception4c(self.inception4b(self.inception4a(x)))
        x = self.maxpool4(self.inception4e(self.inception4d(x)))
        x = self.inception5b(self.inception5a(x))
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(self.dropout(x))


class DenseLayer(nn.Module):
    """A layer of a dense block, which sees all layers before it."""

    def __init__(self, channels: int, growth_rate: int, bn_size: int) -> None:
        super().__init__()
        inner = bn_size * growth_rate
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(channels, inner, kernel_size=1, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(inner, growth_rate, kernel_size=3, padding=1, bias=False)

    def forward(self, features: list[Tensor]) -> Any:
        x = self.conv1(self.relu1(self.norm1(torch.cat(features, 1))))
        return self.conv2(self.relu2(self.norm2(x)))


class DenseBlock(nn.ModuleDict):
    """A dense block: Huang et al., 2017."""

    def __init__(self, num_layers: int, channels: int, growth_rate: int, bn_size: int) -> None:
        super().__init__()
        for index in range(num_layers):
            layer = DenseLayer(channels + index * growth_rate, growth_rate, bn_size)
            self.add_module(f"denselayer{index + 1}", layer)

    def forward(self, x: Tensor) -> Any:
        features = [x]
        for layer in self.values():
            features.append(layer(features))
        return torch.cat(features, 1)


class DenseNet(nn.Module):
    """DenseNet-121, as torchvision has it."""

    def __init__(
        self, num_classes: int = 1000, growth_rate: int = 32, bn_size: int = 4, start: int = 64
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, start, 7, stride=2, padding=3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(start))
        self.features.add_module("relu0", nn.ReLU(inplace=True))
        self.features.add_module("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        channels = start
        for index, count in enumerate((6, 12, 24, 16)):
            block = DenseBlock(count, channels, growth_rate, bn_size)
            self.features.add_module(f"denseblock{index + 1}", block)
            channels += count * growth_rate
            if index < 3:  # after the last comes no transition
                transition = nn.Sequential()
                transition.add_module("norm", nn.BatchNorm2d(channels))
                transition.add_module("relu", nn.ReLU(inplace=True))
                transition.add_module("conv", nn.Conv2d(channels, channels // 2, 1, bias=False))
                transition.add_module("pool", nn.AvgPool2d(2, stride=2))
                self.features.add_module(f"transition{index + 1}", transition)
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.features(x), inplace=True)
        x = F.adaptive_avg_pool2d(x, (1, 1))
        return self.classifier(torch.flatten(x, 1))


class DoubleConv(nn.Sequential):
    """Two 3×3 convolutions."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__(
            nn.Conv2d(channels, out, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=1),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """A small U-Net of two levels: Ronneberger et al., 2015, with padding."""

    def __init__(self, channels: int = 3, num_classes: int = 2, base: int = 8) -> None:
        super().__init__()
        self.down1 = DoubleConv(channels, base)
        self.down2 = DoubleConv(base, 2 * base)
        self.pool = nn.MaxPool2d(2)
        self.bottom = DoubleConv(2 * base, 4 * base)
        self.up2 = nn.ConvTranspose2d(4 * base, 2 * base, 2, stride=2)
        self.merge2 = DoubleConv(4 * base, 2 * base)
        self.up1 = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.merge1 = DoubleConv(2 * base, base)
        self.out = nn.Conv2d(base, num_classes, 1)

    def forward(self, x: Tensor) -> Any:
        first = self.down1(x)
        second = self.down2(self.pool(first))
        x = self.bottom(self.pool(second))
        x = self.merge2(torch.cat([second, self.up2(x)], dim=1))
        x = self.merge1(torch.cat([first, self.up1(x)], dim=1))
        return self.out(x)


class ShuffleUnit(nn.Module):
    """Grouped convolutions with a channel shuffle by view and transpose: Zhang et al., 2018."""

    def __init__(self, channels: int = 8, groups: int = 2) -> None:
        super().__init__()
        self.groups = groups
        self.conv1 = nn.Conv2d(channels, channels, 1, groups=groups, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.conv3 = nn.Conv2d(channels, channels, 1, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Any:
        y = F.relu(self.conv1(x))
        n, c, h, w = y.size()
        y = y.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).contiguous()
        y = y.view(n, -1, h, w)
        return F.relu(x + self.conv3(self.conv2(y)))


class SqueezeExcitation(nn.Module):
    """Channels weighed by what all of the picture holds: Hu et al., 2018."""

    def __init__(self, channels: int = 8, reduction: int = 4) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        scale = torch.sigmoid(self.fc2(F.relu(self.fc1(self.avgpool(x)))))
        return x * scale


class SelfAttention(nn.Module):
    """Attention by matrix products, as in many hand-written transformers."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads, self.scale = num_heads, (dim // num_heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Any:
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.num_heads, c // self.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        attention = (q @ k.transpose(-2, -1) * self.scale).softmax(dim=-1)
        x = (attention @ v).transpose(1, 2).reshape(b, n, c)
        return self.proj(x)


class EncoderBlock(nn.Module):
    """A transformer block that normalises first; its attention torch's own or by hand."""

    def __init__(self, dim: int, num_heads: int, *, by_hand: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attention: nn.Module = (
            SelfAttention(dim, num_heads)
            if by_hand
            else nn.MultiheadAttention(dim, num_heads, batch_first=True)
        )
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x: Tensor) -> Any:
        y = self.norm1(x)
        if isinstance(self.attention, nn.MultiheadAttention):
            y, _ = self.attention(y, y, y, need_weights=False)
        else:
            y = self.attention(y)
        x = x + y
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """A small vision transformer: Dosovitskiy et al., 2021."""

    def __init__(
        self,
        image_size: int = 16,
        patch_size: int = 4,
        dim: int = 12,
        num_heads: int = 3,
        depth: int = 2,
        num_classes: int = 10,
        *,
        by_hand: bool = False,
    ) -> None:
        super().__init__()
        self.patchify = nn.Conv2d(3, dim, kernel_size=patch_size, stride=patch_size)
        self.class_token = nn.Parameter(torch.zeros(1, 1, dim))
        count = (image_size // patch_size) ** 2 + 1
        self.pos_embedding = nn.Parameter(torch.zeros(1, count, dim))
        blocks = [EncoderBlock(dim, num_heads, by_hand=by_hand) for _ in range(depth)]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, num_classes)

    def forward(self, x: Tensor) -> Any:
        x = self.patchify(x).flatten(2).transpose(1, 2)
        token = self.class_token.expand(x.shape[0], -1, -1)
        x = torch.cat([token, x], dim=1) + self.pos_embedding
        return self.head(self.norm(self.blocks(x))[:, 0])


class Siamese(nn.Module):
    """One network over two pictures; the answer is their distance."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.fc = nn.Linear(4 * 7 * 7, 5)

    def forward(self, first: Tensor, second: Tensor) -> Any:
        return torch.abs(self.fc(self.body(first)) - self.fc(self.body(second))).sum(dim=1)


class PictureAndFeatures(nn.Module):
    """Two inputs of different kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2)
        self.fc1 = nn.Linear(10, 4)
        self.fc2 = nn.Linear(8, 2)

    def forward(self, picture: Tensor, features: Tensor) -> Any:
        seen = self.conv(picture).mean(dim=(2, 3))
        return self.fc2(torch.cat((seen, self.fc1(features)), dim=-1))


class SharedModule(nn.Module):
    """One convolution used three times."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Any:
        for _ in range(3):
            x = self.relu(self.conv(x))
        return x


class Inplace(nn.Module):
    """Everything overwritten where it lies."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Any:
        x = self.relu(self.conv1(x))
        y = self.conv2(x)
        y.relu_()
        y += x
        y.mul_(2)
        F.relu_(y)
        return torch.relu_(y)


class LoopOverShape(nn.Module):
    """As many convolutions as the input's height asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        for _ in range(x.shape[2] // 4):
            x = self.conv(x)
        return x


class ShapeBranch(nn.Module):
    """Another way for large pictures than for small ones."""

    def __init__(self) -> None:
        super().__init__()
        self.small = nn.Conv2d(3, 4, 3, padding=1)
        self.large = nn.Conv2d(3, 4, 5, stride=2, padding=2)

    def forward(self, x: Tensor) -> Any:
        return self.large(x) if x.size(-1) > 16 else self.small(x)


class DataDependent(nn.Module):
    """Decides by the values that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        x = self.first(x)
        if x.sum() > 0:
            x = self.second(x)
        scale = x.abs().max().item()
        return x / (scale + 1.0)


class DictOutput(nn.Module):
    """Returns its maps by name, as detectors do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, stride=2)
        self.conv2 = nn.Conv2d(4, 8, 3, stride=2)

    def forward(self, x: Tensor) -> Any:
        low = self.conv1(x)
        return {"low": low, "high": self.conv2(low)}


class ListOutput(nn.Module):
    """Returns a list with a tuple in it."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList([nn.Conv2d(3, 2, 1), nn.Conv2d(3, 4, 1), nn.Conv2d(3, 6, 3)])

    def forward(self, x: Tensor) -> Any:
        first, second, third = (head(x) for head in self.heads)
        return [first, (second, third)]


class Normed(nn.Module):
    """Weights that are computed: weight_norm and spectral_norm."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = parametrizations.weight_norm(nn.Conv2d(3, 4, 3, padding=1))
        self.fc = parametrizations.spectral_norm(nn.Linear(16, 8))

    def forward(self, x: Tensor) -> Any:
        return self.fc(self.conv(x))


class Tied(nn.Module):
    """An autoencoder whose decoder's weights are the encoder's."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(16, 4, bias=False)
        self.middle = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)
        self.decoder.weight = self.middle.weight

    def forward(self, x: Tensor) -> Any:
        x = self.decoder(self.middle(self.encoder(x)))
        return F.linear(x, self.encoder.weight.t())


class PlainList(nn.Module):
    """Keeps a module where torch does not find it."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Conv2d(3, 4, 3, padding=1)]
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return self.conv(self.hidden[0](x))


class Stateful(nn.Module):
    """Keeps its last activation, counts, appends, and changes a buffer."""

    calls: Tensor
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.register_buffer("total", torch.zeros(4))
        self.last: Tensor | None = None
        self.count = 0
        self.sizes: list[tuple[int, ...]] = []
        self.seen: dict[str, Any] = {"shapes": []}

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        self.last = x
        self.count += 1
        self.sizes.append(tuple(x.shape))
        self.seen["shapes"].append(tuple(x.shape))
        self.seen["latest"] = x
        self.calls += 1
        self.total = self.total + x.detach().mean(dim=(0, 2, 3))
        self.fresh = x
        return x


class StochasticDepth(nn.Module):
    """Leaves blocks out by chance: Huang et al., 2016."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        if random.random() < 2:  # noqa: S311  # always: the draw is the point
            x = x + self.first(x)
        keep = torch.rand(x.shape[0], 1, 1, 1, device=x.device).ge(0.5).to(x.dtype)
        return x + keep * self.second(x)


class Square(torch.autograd.Function):
    """A function with a derivative of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x * grads[0]


class CustomFunction(nn.Module):
    """Uses an autograd.Function between two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return self.conv2(Square.apply(self.conv1(x)))  # type: ignore[no-untyped-call]


class Checkpointed(nn.Module):
    """Saves memory in training by computing a block twice."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return self.conv(checkpoint(self.block, x, use_reentrant=False))


class Upsampling(nn.Module):
    """Interpolation in its modes, by factor and by size."""

    def __init__(self, mode: str = "bilinear", *, align_corners: bool | None = False) -> None:
        super().__init__()
        self.mode, self.align_corners = mode, align_corners
        self.conv1 = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        y = self.conv1(x)
        y = F.interpolate(y, scale_factor=2, mode=self.mode, align_corners=self.align_corners)
        y = self.conv2(y)
        return F.interpolate(y, size=x.shape[2:], mode="nearest")


class SubPixel(nn.Module):
    """Upscaling by pixel shuffle, and back: Shi et al., 2016."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Any:
        return F.pixel_unshuffle(self.shuffle(self.conv(x)), 2)


class UnfoldLinear(nn.Module):
    """A convolution as im2col and a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.unfold = nn.Unfold(3, padding=1)
        self.fc = nn.Linear(27, 8)

    def forward(self, x: Tensor) -> Any:
        columns = self.unfold(x).transpose(1, 2)
        return self.fc(columns).transpose(1, 2).reshape(x.shape[0], 8, x.shape[2], x.shape[3])


class Reshaping(nn.Module):
    """Windows cut out by reshape and permute, as window attention does."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 6)

    def forward(self, x: Tensor) -> Any:
        x = self.fc(x.permute(0, 2, 3, 1))
        b, h, w, c = x.shape
        x = x.reshape(b, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).flatten(3, 4)
        x = x.mean(dim=3)
        return x.movedim(-1, 1).unsqueeze(-1).squeeze(-1)


class Slicing(nn.Module):
    """Slices with steps, an ellipsis, None, a negative index; focus as in YOLOv5."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(12, 4, 3)

    def forward(self, x: Tensor) -> Any:
        corners = (x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2])
        x = self.conv(torch.cat(corners, 1))
        x = x[:, 1:, 1:-1, 1:-1]
        return x[:, -1][:, None].narrow(2, 0, 2)


class Padding(nn.Module):
    """F.pad in its modes, with negative padding too."""

    def __init__(self, mode: str = "constant") -> None:
        super().__init__()
        self.mode = mode
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Any:
        x = F.pad(x, (1, 2, 2, 1), mode=self.mode)
        x = self.conv(x)
        return F.pad(x, (-1, 0))


class Splitting(nn.Module):
    """chunk, split, stack, unbind."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(2, 4, 5, padding=2)

    def forward(self, x: Tensor) -> Any:
        a, b = x.chunk(2, dim=1)
        left, right = torch.split(self.conv1(a), [1, 3], dim=1)
        stacked = torch.stack([right, self.conv2(b)[:, :3]], dim=1)
        first, second = stacked.unbind(dim=1)
        return left * first + second


class MaxOver(nn.Module):
    """Reductions: max over an axis, amax, normalize, sum, mean, topk."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        values, _ = x.max(dim=1, keepdim=True)
        both = torch.cat([values, x.mean(dim=1, keepdim=True)], dim=1)
        normed = F.normalize(both, dim=1)
        return normed.amax(dim=(2, 3)) + both.sum(dim=(2, 3))


class Norms(nn.Module):
    """Normalisations: group, instance, layer, local response."""

    def __init__(self, size: int = 16) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.group = nn.GroupNorm(2, 4)
        self.instance = nn.InstanceNorm2d(4, affine=True)
        self.local = nn.LocalResponseNorm(3)
        self.layer = nn.LayerNorm([4, size, size])

    def forward(self, x: Tensor) -> Any:
        return self.layer(self.local(self.instance(self.group(self.conv(x)))))


class ConvNeXtBlock(nn.Module):
    """A depthwise 7×7 convolution and an inverted bottleneck, channels last: Liu et al., 2022."""

    def __init__(self, dim: int = 4) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Any:
        y = self.dwconv(x).permute(0, 2, 3, 1)
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(self.norm(y))))
        return x + y.permute(0, 3, 1, 2)


class TextModel(nn.Module):
    """An embedding of indices and convolutions along the line."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.conv = nn.Conv1d(8, 6, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        x = self.embedding(x.long().clamp(0, 49)).transpose(1, 2)
        return F.relu(self.conv(x)).max(dim=-1).values


class Recurrent(nn.Module):
    """An LSTM over the rows of a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.lstm = nn.LSTM(16, 5, batch_first=True)
        self.fc = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).mean(dim=1)
        x, _ = self.lstm(x)
        return self.fc(x[:, -1])


class Fourier(nn.Module):
    """A global filter by FFT, and an einsum: Rao et al., 2021."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.mix = nn.Parameter(torch.ones(4, 5))

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        x = torch.fft.irfft2(torch.fft.rfft2(x), s=x.shape[-2:])
        return torch.einsum("bchw,cd->bdhw", x, self.mix)


class Activations(nn.Module):
    """Activation functions, as modules, functions and methods."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.gelu = nn.GELU()
        self.silu = nn.SiLU()
        self.prelu = nn.PReLU(4)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x: Tensor) -> Any:
        x = self.prelu(self.silu(self.gelu(self.conv(x))))
        x = F.leaky_relu(F.elu(F.hardswish(x)), 0.1)
        x = torch.tanh(x.sigmoid().exp())
        return self.softmax(F.softplus(x.clamp(min=0)))


class Functional(nn.Module):
    """Convolutions and dense layers as functions of bare parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 3, 3, 3))
        self.bias = nn.Parameter(torch.ones(4))
        self.dense = nn.Parameter(torch.ones(5, 16))

    def forward(self, x: Tensor) -> Any:
        return F.linear(F.conv2d(x, self.weight, self.bias, padding=1), self.dense)


class Residual(nn.Module):
    """A module beside a shortcut."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Any:
        for branch in self.branches:
            x = x + branch(x)
        return x


class Parallel(nn.Module):
    """Modules side by side over one input, concatenated along channels or added."""

    def __init__(self, *branches: nn.Module, add: bool = False) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.add = add

    def forward(self, x: Tensor) -> Any:
        results = [branch(x) for branch in self.branches]
        return sum(results[1:], results[0]) if self.add else torch.cat(results, dim=1)


class Crop(nn.Module):
    """The picture without its border."""

    def __init__(self, margin: int = 1) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, x: Tensor) -> Any:
        return x[:, :, self.margin : -self.margin, self.margin : -self.margin]


class FunctionalPool(nn.Module):
    """Max pooling between two convolutions, called as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3, padding=1)
        self.conv2 = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return self.conv2(F.max_pool2d(self.conv1(x), 2))


class Failing(nn.Module):
    """Fails in the middle of its forward."""

    def __init__(self, error: type[BaseException] = ValueError) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.inner = nn.Sequential(nn.Conv2d(4, 4, 1), Raising(error))
        self.count = 0

    def forward(self, x: Tensor) -> Any:
        self.count += 1
        return self.inner(self.conv(x))


class Raising(nn.Module):
    """Raises an error after it has drawn a random number."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def forward(self, x: Tensor) -> Any:
        torch.rand(x.shape)
        raise self.error("on purpose")
