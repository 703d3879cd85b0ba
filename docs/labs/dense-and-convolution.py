# %% setup
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import cnnexplain as cx

cx.set_language("en")
_ = torch.manual_seed(0)
_ = torch.set_grad_enabled(False)


# %% matrix
def matrix(layer, *shape):
    basis = torch.eye(torch.Size(shape).numel())
    columns = layer(basis.reshape(-1, *shape)).flatten(1)
    return columns.T


conv = nn.Conv1d(1, 1, 3, bias=False)
conv.weight.copy_(torch.tensor([[[1.0, 2.0, 3.0]]]))
print(matrix(conv, 1, 7).int())

# %% product
x = torch.randn(1, 1, 7)
print(torch.allclose(matrix(conv, 1, 7) @ x.flatten(), conv(x)))


# %% count
def count(layer, *shape):
    entries = matrix(layer, *shape)
    connections = (entries != 0).sum().item()
    weights = layer.weight.numel()
    print(tuple(entries.shape), connections, weights)


count(nn.Conv1d(1, 1, 3, bias=False), 1, 7)
count(nn.Conv1d(1, 1, 3, stride=2, bias=False), 1, 7)
count(nn.Conv1d(1, 1, 3, padding=1, bias=False), 1, 7)
count(nn.Conv1d(1, 1, 3, dilation=2, bias=False), 1, 7)
count(nn.Conv1d(2, 3, 3, bias=False), 2, 7)
count(nn.Conv2d(1, 1, 3, bias=False), 1, 4, 4)
count(nn.Linear(7, 5, bias=False), 7)

# %% blocks
plain = nn.Conv1d(2, 2, 3, bias=False)
grouped = nn.Conv1d(2, 2, 3, groups=2, bias=False)
for layer in (plain, grouped):
    print((matrix(layer, 2, 4) != 0).int())

# %% price
alexnet = cx.trace(cx.networks.alexnet())["conv1"]
vgg16 = cx.trace(cx.networks.vgg16())["conv1_1"]
for row in (alexnet, vgg16):
    inputs = torch.Size(row.input_shape).numel()
    outputs = torch.Size(row.output_shape).numel()
    print(f"{inputs:,} × {outputs:,} = {inputs * outputs:,}")

# %% connections
ones = torch.ones(1, 1, 224, 224)
touched = F.conv2d(ones, torch.ones(1, 1, 3, 3), padding=1)
print(f"{3 * 64 * int(touched.double().sum()):,}")

# %% shift
picture = torch.rand(1, 1, 32, 34)


def moved(layer, pixels, places):
    first = layer(picture[..., :32])[..., places:]
    second = layer(picture[..., pixels : pixels + 32])
    second = second[..., : first.shape[-1]]
    pairs = zip(first.unbind(-1), second.unbind(-1), strict=True)
    same = [torch.allclose(a, b, atol=1e-6) for a, b in pairs]
    print(sum(same), "of", len(same))


moved(nn.Conv2d(1, 1, 3), pixels=1, places=1)

# %% padding
moved(nn.Conv2d(1, 1, 3, padding=1), pixels=1, places=1)
five = [nn.Conv2d(1, 1, 3, padding=1) for _ in range(5)]
moved(nn.Sequential(*five), pixels=1, places=1)

# %% stride
strided = nn.Conv2d(1, 1, 3, stride=2)
moved(strided, pixels=2, places=1)
moved(strided, pixels=1, places=0)
moved(strided, pixels=1, places=1)

# %% local
windows = F.unfold(torch.rand(1, 1, 6, 6), 3)
weights = torch.randn(1, 9, 16)
scores = (weights * windows).sum(1)
print(tuple(scores.reshape(1, 4, 4).shape), weights.numel())

# %% training
linear = nn.Linear(7, 5, bias=False)
linear.weight.copy_(matrix(conv, 1, 7))
inputs, wanted = torch.randn(16, 7), torch.randn(16, 5)
with torch.enable_grad():
    F.mse_loss(linear(inputs), wanted).backward()
linear.weight -= 0.1 * linear.weight.grad
print(int((linear.weight != 0).sum()), "entries,", end=" ")
print(linear.weight.unique().numel(), "different ones")

# %% fold
dense = nn.Linear(256 * 6 * 6, 4096)
folded = nn.Conv2d(256, 4096, 6)
folded.weight = nn.Parameter(dense.weight.view(4096, 256, 6, 6))
folded.bias = dense.bias
maps = torch.randn(1, 256, 6, 6)
scores = folded(maps)
print(tuple(scores.shape))
print(
    torch.allclose(
        scores.flatten(1), dense(maps.flatten(1)), atol=1e-5
    )
)

# %% place
pointwise = nn.Conv2d(256, 10, 1)
linear = nn.Linear(256, 10)
linear.weight.copy_(pointwise.weight.flatten(1))
linear.bias.copy_(pointwise.bias)
by_place = linear(maps.movedim(1, -1)).movedim(-1, 1)
print(torch.allclose(pointwise(maps), by_place, atol=1e-5))

# %% pooling
average = nn.Conv2d(1, 1, 3, stride=2, bias=False)
average.weight.fill_(1 / 9)
print(torch.allclose(average(picture), F.avg_pool2d(picture, 3, 2)))
a, b = torch.randn(2, 1, 1, 6, 6)
together = F.max_pool2d(a + b, 3)
apart = F.max_pool2d(a, 3) + F.max_pool2d(b, 3)
print(torch.allclose(together, apart))

# %% flip
values, kernel = [0, 0, 1, 0, 0], [1, 2, 3]
print(np.convolve(values, kernel, "valid").tolist())
print(np.correlate(values, kernel, "valid").tolist())
x, w = (torch.tensor([[each]]) for each in (values, kernel))
print(F.conv1d(x, w).flatten().tolist())
