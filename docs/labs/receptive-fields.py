# %% setup
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

import cnnexplain as cx

cx.set_language("en")
_ = torch.manual_seed(0)

# %% stack
layers = OrderedDict(
    conv1=nn.Conv2d(1, 1, 5, padding=2),
    pool1=nn.MaxPool2d(2),
    conv2=nn.Conv2d(1, 1, 3, padding=1),
)
stack = nn.Sequential(layers)
trace = cx.trace(stack, (1, 16, 16))
for row in trace.rows:
    print(
        row.name,
        row.receptive_field[0],
        row.effective_stride[0],
        row.effective_padding[0],
    )


# %% recurrence
def grown(windows):
    r, j, p = 1, 1, 0
    for k, s, padding in windows:
        r, j, p = r + (k - 1) * j, j * s, p + padding * j
        yield r, j, p


print(*grown([(5, 1, 2), (2, 2, 0), (3, 1, 1)]))

# %% vgg
conv, pool = (3, 1, 1), (2, 2, 0)
blocks = [[conv] * count + [pool] for count in (2, 2, 3, 3, 3)]
vgg16 = [window for block in blocks for window in block]
vgg16.append((7, 1, 0))
*_, before, last = grown(vgg16)
print(before, last)

row = cx.trace(cx.networks.vgg16())["fc8"]
print(row.receptive_field, row.effective_padding)


# %% order
def read(windows):
    count = 1
    for k, s, _ in windows:
        count = (count - 1) * s + k
    return count


print(read(reversed(vgg16)))
print(read(vgg16[:-1]), read(vgg16))

# %% whole
for size in (224, 255, 256, 384):
    print(
        size,
        cx.output_size(
            size, kernel_size=404, stride=32, padding=90
        ),
    )


# %% gradients
def positive(layers):
    found = nn.Sequential()
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.ones_(layer.weight)
            found.append(layer)
        else:
            found.append(
                nn.AvgPool2d(layer.kernel_size, layer.stride)
            )
    return found.double()


def seen(model, size, unit):
    x = torch.zeros(1, 1, size, size).double().requires_grad_()
    model(x)[0, :, unit, unit].sum().backward()
    rows = x.grad[0, 0].sum(1).nonzero().flatten().tolist()
    return range(rows[0], rows[-1] + 1)


model = positive(stack)
for unit in range(8):
    exact = trace.receptive_field("conv2", unit=(unit, unit))
    assert exact.intervals[0] == seen(model, 16, unit)
    print(unit, exact.intervals[0], exact.reason)


# %% thin
def thin(windows):
    for k, s, padding in windows:
        if s > 1:
            yield nn.MaxPool2d(k, s)
        else:
            yield nn.Conv2d(1, 1, k, padding=padding, bias=False)


features = positive(thin(vgg16[:-1]))
print(seen(features, 224, 0), seen(features, 224, 3))
scores = positive(thin(vgg16))
print(seen(scores, 224, 0), len(seen(scores, 640, 7)))


# %% branches
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, x):
        y = self.up(self.conv(self.pool(x)))
        return torch.cat([x, y], 1)


joined = cx.trace(Net(), (1, 16, 16))
print(joined["cat"].receptive_field)
for unit in (7, 8, 9, 10):
    exact = joined.receptive_field("cat", unit=(unit, unit))
    print(unit, exact.intervals[0], exact.reason)

# %% ceil
text = "nn.Sequential(nn.MaxPool2d(3, stride=2, ceil_mode=True))"
rounded = cx.trace(text, (1, 8, 8))
for unit in range(4):
    exact = rounded.receptive_field("0", unit=(unit, unit))
    print(unit, exact.intervals[0], exact.reason)

# %% dilation
for dilation in (1, 2):
    net = positive(
        [nn.Conv2d(1, 1, 3, dilation=dilation) for _ in range(2)]
    )
    x = torch.zeros(1, 1, 16, 16).double().requires_grad_()
    net(x)[0, 0, 3, 3].backward()
    print(x.grad[0, 0].sum(1).nonzero().flatten().tolist())

# %% place
cells = torch.zeros(1, 1, 6, 6)
cells[..., 5, 5] = 1
stretched = F.interpolate(cells, size=384)[0, 0, -1].nonzero()
print(32 * 5 + 112, stretched.double().mean().item() + 0.5)


# %% paths
counts = torch.ones(1, 1, 1).double()
for k, s, _ in reversed(vgg16[:-1]):
    kernel = torch.ones(1, 1, k).double()
    counts = F.conv_transpose1d(counts, kernel, stride=s)
counts = counts.flatten()
share = counts[53:159].sum() / counts.sum()
print(counts.numel(), f"{100 * share.item() ** 2:.0f} %")


# %% random
def random_vgg(channels, linear):
    inputs = 3
    for k, s, padding in vgg16[:-1]:
        if s > 1:
            yield (nn.AvgPool2d if linear else nn.MaxPool2d)(k, s)
            continue
        conv = nn.Conv2d(inputs, channels, k, padding=padding)
        nn.init.kaiming_normal_(conv.weight)
        yield conv
        if not linear:
            yield nn.ReLU()
        inputs = channels


def central(linear, networks=3):
    energy = torch.zeros(212, 212)
    for _ in range(networks):
        net = nn.Sequential(*random_vgg(6, linear)).double()
        x = torch.randn(1, 3, 224, 224).double().requires_grad_()
        net(x)[0, :, 3, 3].sum().backward()
        gradient = x.grad[0, :, 6:218, 6:218] / x.grad.norm()
        energy = energy + gradient.square().sum(0)
    middle = energy[53:159, 53:159].sum() / energy.sum()
    return f"{100 * middle.item():.0f} %"


print("linear:", central(linear=True))
print("ReLU, max pooling:", central(linear=False))
