"""Sound networks that look as if they had a mistake, and random ones."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from tests import broken, drawn, models
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

Tensor = torch.Tensor


@dataclass(frozen=True)
class Sound:
    """A network in which nothing is wrong.

    Attributes:
        name: What looks suspicious.
        make: Makes the network; or its text.
        input_sizes: The size of each input without the batch.
    """

    name: str
    make: Callable[[], nn.Module] | str
    input_sizes: tuple[tuple[int, ...], ...]


class PixelwiseLinear(nn.Module):
    """A Linear for every pixel, of all images in one long batch."""

    def __init__(self, *, back: bool = True) -> None:
        super().__init__()
        self.back = back
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x)).permute(0, 2, 3, 1)
        b, h, w, c = x.shape
        x = self.fc(x.reshape(-1, c))
        return x.view(b, h, w, -1).permute(0, 3, 1, 2) if self.back else x


class WindowAttention(nn.Module):
    """Windows of 4×4 places, each an item of a batch, and back: as Swin has them."""

    def __init__(self, dim: int = 8, window: int = 4) -> None:
        super().__init__()
        self.window = window
        self.embed = nn.Conv2d(3, dim, 2, stride=2)
        self.attention = nn.MultiheadAttention(dim, 2, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        x = self.embed(x).permute(0, 2, 3, 1)
        b, h, w, c = x.shape
        s = self.window
        x = torch.roll(x, shifts=(-2, -2), dims=(1, 2))
        x = x.view(b, h // s, s, w // s, s, c)
        windows = x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, s * s, c)
        windows, _ = self.attention(windows, windows, windows)
        x = windows.view(b, h // s, w // s, s, s, -1)
        x = x.permute(0, 1, 3, 2, 4, 5).contiguous().view(b, h, w, -1)
        return x.mean(dim=(1, 2))


class TimeDistributed(nn.Module):
    """A clip's frames as a batch of images, and an LSTM over them."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2))
        self.rnn = nn.LSTM(16, 8, batch_first=True)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Any:
        b, t, c, h, w = x.shape
        x = self.cnn(x.view(b * t, c, h, w))
        x, _ = self.rnn(x.view(b, t, -1))
        return self.fc(x[:, -1])


class DenseAutoencoder(nn.Module):
    """Flattens, and makes an image again."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(28 * 28, 64), nn.ReLU(), nn.Linear(64, 8))
        self.decoder = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 28 * 28))

    def forward(self, x: Tensor) -> Any:
        z = self.encoder(x.view(-1, 28 * 28))
        return torch.sigmoid(self.decoder(z)).view(-1, 1, 28, 28)


class VariationalAutoencoder(nn.Module):
    """Convolutions, a vector of means and one of variances, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1))
        self.mu = nn.Linear(16 * 7 * 7, 6)
        self.logvar = nn.Linear(16 * 7 * 7, 6)
        self.fc = nn.Linear(6, 16 * 7 * 7)
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (16, 7, 7)),
            nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 3, stride=2, padding=1, output_padding=1),
        )

    def forward(self, x: Tensor) -> Any:
        h = self.encoder(x).flatten(1)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decoder(self.fc(z)), mu, logvar


class Energy(nn.Module):
    """One number for a whole batch, as a loss is."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.SiLU(), nn.Flatten())

    def forward(self, x: Tensor) -> Any:
        return self.body(x).pow(2).sum(dim=1).mean()


class Critic(nn.Module):
    """One number for each image, without an axis for it: as DCGAN's discriminator."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True), nn.Conv2d(8, 1, 8, 1, 0)
        )

    def forward(self, x: Tensor) -> Any:
        return self.main(x).view(-1, 1).squeeze(1)


class SpatialTransformer(nn.Module):
    """The network of PyTorch's tutorial on spatial transformers."""

    def __init__(self) -> None:
        super().__init__()
        self.localization = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=7),
            nn.MaxPool2d(2, stride=2),
            nn.ReLU(True),
            nn.Conv2d(8, 10, kernel_size=5),
            nn.MaxPool2d(2, stride=2),
            nn.ReLU(True),
        )
        self.fc_loc = nn.Sequential(nn.Linear(10 * 3 * 3, 32), nn.ReLU(True), nn.Linear(32, 3 * 2))
        self.conv = nn.Conv2d(1, 4, 5, stride=4)
        self.fc = nn.Linear(4 * 6 * 6, 10)

    def forward(self, x: Tensor) -> Any:
        xs = self.localization(x)
        xs = xs.view(-1, 10 * 3 * 3)
        theta = self.fc_loc(xs).view(-1, 2, 3)
        grid = F.affine_grid(theta, list(x.size()), align_corners=False)
        x = F.grid_sample(x, grid, align_corners=False)
        x = F.relu(self.conv(x)).view(-1, 4 * 6 * 6)
        return F.log_softmax(self.fc(x), dim=1)


class YoloHead(nn.Module):
    """Three anchors' boxes and classes at every place, in one long row."""

    def __init__(self, anchors: int = 3, classes: int = 4) -> None:
        super().__init__()
        self.anchors, self.outputs = anchors, 5 + classes
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.SiLU(), nn.Conv2d(8, 8, 3, 2, 1))
        self.detect = nn.Conv2d(8, anchors * self.outputs, 1)

    def forward(self, x: Tensor) -> Any:
        x = self.detect(self.backbone(x))
        b, _, h, w = x.shape
        x = x.view(b, self.anchors, self.outputs, h, w).permute(0, 1, 3, 4, 2).contiguous()
        return x.view(b, -1, self.outputs)


class SsdHeads(nn.Module):
    """Boxes from maps of two sizes, joined along the places."""

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.stage2 = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.loc = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)])

    def forward(self, x: Tensor) -> Any:
        one = F.relu(self.stage1(x))
        maps = [one, F.relu(self.stage2(one))]
        boxes = [
            loc(m).permute(0, 2, 3, 1).reshape(m.size(0), -1)
            for loc, m in zip(self.loc, maps, strict=True)
        ]
        return {"boxes": torch.cat(boxes, 1).view(x.size(0), -1, 4), "maps": maps}


class DynamicConv(nn.Module):
    """A kernel for each image: the batch stands in the groups for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(4, 2)
        self.weight = nn.Parameter(torch.randn(2, 8, 4, 3, 3))

    def forward(self, x: Tensor) -> Any:
        b, c, h, w = x.shape
        scores = self.attention(x.mean((2, 3))).softmax(dim=1)
        kernels = torch.einsum("bk,koihw->boihw", scores, self.weight).reshape(b * 8, c, 3, 3)
        x = F.conv2d(x.reshape(1, b * c, h, w), kernels, padding=1, groups=b)
        return x.view(b, 8, h, w)


class MirroredToo(nn.Module):
    """Twice the batch: every image and its mirror image; their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 5))

    def forward(self, x: Tensor) -> Any:
        both = self.body(torch.cat([x, x.flip(-1)], dim=0))
        one, other = both.chunk(2, dim=0)
        return (one + other) / 2


class MonteCarlo(nn.Module):
    """Every image several times, with other features left out each time."""

    def __init__(self, samples: int = 3) -> None:
        super().__init__()
        self.samples = samples
        self.conv = nn.Conv2d(3, 4, 3, stride=2)
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Any:
        x = x.repeat(self.samples, 1, 1, 1)
        x = F.dropout(F.relu(self.conv(x)).amax((2, 3)), 0.2, training=True)
        return self.fc(x).view(self.samples, -1, 5).mean(dim=0)


class TemporalShift(nn.Module):
    """A clip's frames as images, each with a part of what the one before it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        b, t = x.shape[:2]
        x = self.conv(x.flatten(0, 1)).unflatten(0, (b, t))
        past = torch.roll(x[:, :, :4], 1, dims=1)
        return torch.cat([past, x[:, :, 4:]], dim=2).mean(dim=1)


class Mixer(nn.Module):
    """An MLP-Mixer: Linear layers on the axis of the places too, by a transposition."""

    def __init__(self, places: int = 16, dim: int = 8) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, dim, 4, stride=4)
        self.tokens = nn.Sequential(nn.Linear(places, 12), nn.GELU(), nn.Linear(12, places))
        self.channels = nn.Sequential(nn.Linear(dim, 12), nn.GELU(), nn.Linear(12, dim))

    def forward(self, x: Tensor) -> Any:
        x = self.embed(x).flatten(2)
        x = (x + self.tokens(x)).transpose(1, 2)
        x = x + self.channels(x)
        return x.mean(1)


class PatchBag(nn.Module):
    """An image's patches as images of their own; the best one counts."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))

    def forward(self, x: Tensor) -> Any:
        b, c = x.shape[:2]
        x = x.unfold(2, 8, 8).unfold(3, 8, 8)
        x = x.permute(0, 2, 3, 1, 4, 5).reshape(-1, c, 8, 8)
        return self.body(x).view(b, -1, 5).amax(dim=1)


class BilinearPooling(nn.Module):
    """Products of channels, averaged over the places."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.fc = nn.Linear(36, 5)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x)).flatten(2)
        x = torch.bmm(x, x.transpose(1, 2)) / x.size(-1)
        return self.fc(F.normalize(x.flatten(1)))


class SqueezedPlaces(nn.Module):
    """Squeezes height and width, by their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Any:
        x = F.adaptive_avg_pool2d(self.conv(x), 1).squeeze(-1).squeeze(-1)
        return self.fc(x)


class CropAndCat(nn.Module):
    """The first U-Net: without padding, with skips that are cropped."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())
        self.bottom = nn.Sequential(nn.Conv2d(4, 8, 3), nn.ReLU())
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.out = nn.Conv2d(8, 2, 3)

    def forward(self, x: Tensor) -> Any:
        skip = self.enc(x)
        x = self.up(self.bottom(F.max_pool2d(skip, 2)))
        top, left = (skip.size(2) - x.size(2)) // 2, (skip.size(3) - x.size(3)) // 2
        skip = skip[:, :, top : top + x.size(2), left : left + x.size(3)]
        return self.out(torch.cat([skip, x], dim=1))


class PaddedUp(nn.Module):
    """A U-Net that pads what comes up to its skip's size."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Conv2d(3, 4, 3, padding=1)
        self.bottom = nn.Conv2d(4, 8, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Any:
        skip = F.relu(self.enc(x))
        x = self.up(F.relu(self.bottom(F.max_pool2d(skip, 2))))
        dy, dx = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
        x = F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.out(torch.cat([skip, x], dim=1))


class MultiHead(nn.Module):
    """A class and a box, of one body."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveMaxPool2d(2))
        self.classes = nn.Linear(32, 10)
        self.box = nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Any:
        x = self.body(x).view(x.size(0), -1)
        return self.classes(x), {"box": self.box(x)}


class BroadcastPosition(nn.Module):
    """Adds positions of rows and of columns, each stretched over the other axis."""

    def __init__(self, height: int = 8, width: int = 12) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.rows = nn.Parameter(torch.randn(8, height, 1))
        self.columns = nn.Parameter(torch.randn(8, 1, width))

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x) + self.rows + self.columns
        gate = x.mean(dim=1, keepdim=True).sigmoid()
        return x * gate


class LinearOnColumns(nn.Module):
    """A Linear of the width, on purpose: it is the last axis."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.mel = nn.Linear(20, 8)

    def forward(self, x: Tensor) -> Any:
        return self.mel(self.conv(x)).mean(dim=2)


class SequenceFirst(nn.Module):
    """A transformer that wants the batch in the middle, and gets it there."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, stride=4)
        self.attention = nn.MultiheadAttention(8, 2)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Any:
        x = self.embed(x).flatten(2).permute(2, 0, 1)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.fc(x[0])


class InterpolatedViT(broken.ViT):
    """Stretches its positions to the image that comes."""

    def forward(self, x: Tensor) -> Any:
        x = self.patch_embed(x)
        h, w = x.shape[-2:]
        x = x.flatten(2).transpose(1, 2)
        cls = self.cls_token.expand(x.shape[0], -1, -1)
        side = int((self.pos_embed.shape[1] - 1) ** 0.5)
        places = self.pos_embed[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
        places = F.interpolate(places, size=(h, w), mode="bicubic", align_corners=False)
        places = places.flatten(2).transpose(1, 2)
        x = torch.cat((cls, x), dim=1) + torch.cat((self.pos_embed[:, :1], places), dim=1)
        return self.head(self.norm(x)[:, 0])


class Conv3dNet(nn.Module):
    """A clip, in three axes."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4), nn.ReLU(), nn.MaxPool3d((1, 2, 2))
        )
        self.fc = nn.Linear(4 * 4 * 5 * 5, 6)

    def forward(self, x: Tensor) -> Any:
        x = self.features(x)
        return self.fc(x.reshape(len(x), -1))


SOUND = [
    Sound("LeNet's view, of the right size", broken.OldLeNet, ((3, 32, 32),)),
    Sound("an AlexNet of its own size", broken.AlexNet, ((3, 224, 224),)),
    Sound("U-Net at a multiple of 8", broken.UNet, ((3, 48, 40),)),
    Sound("BatchNorm2d before a pooling", broken.NormedNet, ((3, 19, 23),)),
    Sound(
        "a text with a flatten", broken.SEQUENTIAL_MNIST.replace("8 * 8", "7 * 7"), ((1, 28, 28),)
    ),
    Sound(
        "a text of convolutions alone", "nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())", ((3, 9, 7),)
    ),
    Sound("a Linear for every pixel", PixelwiseLinear, ((3, 16, 20),)),
    Sound("pixels that stay in the batch", lambda: PixelwiseLinear(back=False), ((3, 16, 20),)),
    Sound("windows in the batch", WindowAttention, ((3, 16, 24),)),
    Sound("windows by reshape", models.Reshaping, ((3, 16, 16),)),
    Sound("frames in the batch", TimeDistributed, ((4, 3, 12, 12),)),
    Sound("frames in the batch by flatten", TemporalShift, ((4, 3, 8, 8),)),
    Sound("a channel shuffle", models.ShuffleUnit, ((8, 10, 12),)),
    Sound("ViT", models.ViT, ((3, 16, 16),)),
    Sound("ViT by hand", lambda: models.ViT(by_hand=True), ((3, 16, 16),)),
    Sound("ViT at another size", InterpolatedViT, ((3, 48, 40),)),
    Sound("Linear on the places", Mixer, ((3, 16, 16),)),
    Sound("Linear on the columns", LinearOnColumns, ((1, 30, 20),)),
    Sound("a batch in the middle", SequenceFirst, ((3, 16, 16),)),
    Sound("two images", models.Siamese, ((1, 16, 16), (1, 16, 16))),
    Sound("an image and numbers", models.PictureAndFeatures, ((3, 16, 16), (10,))),
    Sound("an autoencoder of vectors", DenseAutoencoder, ((1, 28, 28),)),
    Sound("a variational autoencoder", VariationalAutoencoder, ((1, 28, 28),)),
    Sound("noise of one place", broken.Dcgan, ((20, 1, 1),)),
    Sound("a scalar for a batch", Energy, ((3, 12, 12),)),
    Sound("a number for each image", Critic, ((3, 16, 16),)),
    Sound("a spatial transformer", SpatialTransformer, ((1, 28, 28),)),
    Sound("boxes at every place", YoloHead, ((3, 16, 24),)),
    Sound("boxes of two maps", SsdHeads, ((3, 16, 16),)),
    Sound("kernels for each image", DynamicConv, ((4, 8, 8),)),
    Sound("mirrored images in the batch", MirroredToo, ((3, 8, 8),)),
    Sound("a batch repeated", MonteCarlo, ((3, 9, 9),)),
    Sound("patches in the batch", PatchBag, ((3, 16, 24),)),
    Sound("products of channels", BilinearPooling, ((3, 8, 8),)),
    Sound("places squeezed", SqueezedPlaces, ((3, 8, 8),)),
    Sound("cropped skips", CropAndCat, ((1, 20, 24),)),
    Sound("padded skips", PaddedUp, ((3, 17, 23),)),
    Sound("two heads", MultiHead, ((3, 16, 16),)),
    Sound("maps by name", models.DictOutput, ((3, 16, 16),)),
    Sound("positions of rows and columns", BroadcastPosition, ((3, 8, 12),)),
    Sound("a line of text", broken.CRNN, ((1, 32, 100),)),
    Sound("rows of an LSTM", models.Recurrent, ((3, 16, 16),)),
    Sound("a signal", broken.WaveNet, ((1, 256),)),
    Sound("a clip", Conv3dNet, ((1, 4, 10, 10),)),
    Sound("dense blocks", lambda: models.DenseNet(10, 2, 1, 4), ((3, 64, 64),)),
    Sound("depthwise convolutions", lambda: models.MobileNet(10, 0.1), ((3, 64, 64),)),
    Sound("Inception", lambda: models.GoogLeNet(10, 0.1), ((3, 64, 64),)),
    Sound("residual blocks", lambda: models.resnet18(0.1), ((3, 33, 47),)),
    Sound("squeeze and excitation", models.SqueezeExcitation, ((8, 9, 9),)),
    Sound("a layer used three times", models.SharedModule, ((4, 8, 8),)),
    Sound("another way for large images", models.ShapeBranch, ((3, 24, 24),)),
    Sound("im2col", models.UnfoldLinear, ((3, 8, 8),)),
    Sound("space to depth", models.SubPixel, ((3, 8, 8),)),
    Sound("channels last within", models.ConvNeXtBlock, ((4, 8, 8),)),
]


# ── random sound networks ──────────────────────────────────────────────────────────────────────


class Grown(drawn.Drawn):
    """A network that has been run while it grew: it ends with one value, or with a tuple."""

    def forward(self, x: Tensor) -> Any:
        return super().forward(x)[-1]


class _Grower:
    """Adds blocks to a network as people do, and runs each at once."""

    def __init__(self, chance: random.Random, size: tuple[int, ...]) -> None:
        self.chance = chance
        self.model = Grown([])
        self.model.eval()
        self.values: list[Any] = [torch.rand(2, *size)]
        self.axes = len(size) - 1

    @property
    def last(self) -> int:
        """The number of the last value."""
        return len(self.values) - 1

    def shape(self, k: int) -> tuple[int, ...]:
        return tuple(self.values[k].shape)

    def add(self, expression: str, operand: int | None = None) -> int:
        """Add a step, run it, return the number of its value; what is refused is taken back."""
        self.model.append(drawn.Step(expression, operand))
        self.model.eval()
        try:
            with torch.no_grad():
                value = self.model.step(len(self.model.steps) - 1, self.values)
        except (RuntimeError, ValueError):
            self.model.pop()
            raise
        self.values.append(value)
        return self.last

    def layer(self, name: str, k: int, *args: object, **kwargs: object) -> int:
        """Add a layer of as many axes as the network has."""
        given = [*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())]
        return self.add(f"nn.{name}{self.axes}d({', '.join(given)})", k)

    def conv(self, k: int, out: int, kernel: int, *, stride: int = 1, dilation: int = 1) -> int:
        """Add a convolution that divides the size by its stride, with or without what follows."""
        channels, padding = self.shape(k)[1], dilation * (kernel // 2)
        groups = self.chance.choice([1, 1, channels if out % channels == 0 else 1])
        k = self.layer(
            "Conv",
            k,
            channels,
            out,
            kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
        )
        if self.chance.random() < 0.5:
            k = self.layer("BatchNorm", k, out)
        after = self.chance.choice(["nn.ReLU()", "nn.GELU()", "F.relu(v[{}])", "v[{}].tanh()", ""])
        if after.startswith("nn"):
            return self.add(after, k)
        return self.add(after.format(k)) if after else k

    def chain(self) -> None:
        """A window of any kind, if it fits."""
        r, k = self.chance, self.last
        channels, sides = self.shape(k)[1], self.shape(k)[2:]
        stride = tuple(r.randint(1, 2) for _ in sides)
        dilation = r.choice([1, 1, 2])
        if r.random() < 0.5:
            kernel = tuple(r.randint(1, 5) for _ in sides)
            mode = r.choice(["zeros", "zeros", "replicate"])
            self.layer(
                "Conv",
                k,
                channels,
                r.choice([4, 6, 8]),
                kernel,
                stride=stride,
                padding=r.randint(0, 3),
                dilation=dilation,
                padding_mode=mode,
            )
        else:
            kernel = tuple(r.randint(2, 3) for _ in sides)
            padding, ceil = r.randint(0, 1), r.random() < 0.5
            kind = r.choice(["MaxPool", "AvgPool"])
            self.layer(kind, k, kernel, stride=stride, padding=padding, ceil_mode=ceil)

    def adaptive(self) -> None:
        """A pooling to a fixed size."""
        self.layer(f"Adaptive{self.chance.choice(['Avg', 'Max'])}Pool", self.last, 5)

    def residual(self) -> None:
        """A residual block, its shortcut convolved where it must be."""
        r, k = self.chance, self.last
        channels = self.shape(k)[1]
        out, stride = r.choice([channels, channels, 8]), r.choice([1, 1, 2])
        y = self.conv(k, out, r.choice([3, 5]), stride=stride, dilation=r.choice([1, 2]))
        y = self.conv(y, out, 3)
        if (out, stride) != (channels, 1):
            k = self.layer("Conv", k, channels, out, 1, stride=stride)
        self.add(f"v[{k}] + v[{y}]")

    def inception(self) -> None:
        """Branches of several kernels, and one of a pooling, joined."""
        r, k = self.chance, self.last
        stride = r.choice([1, 1, 2])
        branches = [self.conv(k, 2, kernel, stride=stride) for kernel in r.sample([1, 3, 5], 2)]
        branches.append(self.layer("MaxPool", k, 3, stride=stride, padding=1))
        self.add(f"torch.cat([{', '.join(f'v[{each}]' for each in branches)}], dim=1)")

    def dense(self) -> None:
        """Dense layers."""
        for _ in range(self.chance.randint(1, 3)):
            k = self.last
            y = self.conv(k, 2, 3)
            self.add(f"torch.cat((v[{k}], v[{y}]), 1)")

    def gate(self) -> None:
        """Squeeze and excitation."""
        k = self.last
        channels = self.shape(k)[1]
        y = self.layer("AdaptiveAvgPool", k, 1)
        y = self.layer("Conv", y, channels, channels, 1)
        self.add(f"v[{k}] * torch.sigmoid(v[{y}])")

    def skip(self) -> None:
        """A step down, a step up, and the skip."""
        k = self.last
        y = self.conv(self.layer("MaxPool", k, 2), 4, 3)
        if all(side % 2 == 0 for side in self.shape(k)[2:]):
            y = self.layer("ConvTranspose", y, 4, 4, 2, stride=2)
        else:
            y = self.add(f"F.interpolate(v[{y}], size=v[{k}].shape[2:])")
        self.add(f"torch.cat([v[{y}], v[{k}]], dim=1)")

    def shuffle(self) -> None:
        """A channel shuffle, by view and transposition."""
        k = self.last
        if self.shape(k)[1] % 2 == 0:
            groups = f"v[{k}].unflatten(1, (2, -1)).transpose(1, 2)"
            self.add(f"{groups}.reshape(v[{k}].size(0), -1, *v[{k}].shape[2:])")

    def pixelwise(self) -> None:
        """A Linear for every place, channels last."""
        y = self.add(f"v[{self.last}].movedim(1, -1)")
        y = self.add(f"nn.Linear({self.shape(y)[-1]}, 6)", y)
        self.add(f"v[{y}].movedim(-1, 1)")

    def head(self) -> None:
        """What people end a network with."""
        r, k = self.chance, self.last
        channels, places = self.shape(k)[1], self.values[k][0].numel()
        kind = r.choice(["flat", "flat", "flat", "gap", "map", "two"])
        if kind == "map":
            self.layer("Conv", k, channels, 3, 1)
            return
        if kind == "gap":
            dims = tuple(range(2, 2 + self.axes))
            k = self.add(f"v[{k}].mean(dim={dims})")
        else:
            k = self.add(
                r.choice(
                    [
                        f"torch.flatten(v[{k}], 1)",
                        f"v[{k}].flatten(1)",
                        f"v[{k}].reshape(len(v[{k}]), -1)",
                        f"v[{k}].contiguous().view(v[{k}].size(0), -1)",
                        f"v[{k}].reshape(-1, {places})",
                    ]
                )
            )
        hidden = self.add(f"nn.Linear({self.shape(k)[1]}, 7)", k)
        out = self.add(f"nn.Linear(7, {r.randint(1, 10)})", self.add("nn.ReLU()", hidden))
        if kind == "two":
            self.add(f"(v[{out}], F.log_softmax(v[{hidden}], dim=1))")


def random_sound(seed: int) -> tuple[nn.Module, tuple[int, ...]]:
    """Return a network that fits its input, and that input's size without the batch.

    Args:
        seed: Another network for each.
    """
    chance = random.Random(seed)  # noqa: S311  # a draw of tests
    axes = chance.choice([2, 2, 2, 2, 1, 3])
    longest = {1: 60, 2: 32, 3: 9}[axes]
    size = (chance.choice([1, 3, 4]), *(chance.randint(longest // 2, longest) for _ in range(axes)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        grower = _Grower(chance, size)
        blocks = [
            grower.chain,
            grower.chain,
            grower.chain,
            grower.adaptive,
            grower.residual,
            grower.residual,
            grower.inception,
            grower.dense,
            grower.gate,
            grower.skip,
            grower.shuffle,
            grower.pixelwise,
        ]
        for _ in range(chance.randint(2, 6)):
            try:
                chance.choice(blocks)()
            except (RuntimeError, ValueError):  # its windows have become larger than the map
                break
        grower.head()
    return grower.model, size
