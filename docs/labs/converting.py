# %% setup
import torch
from torch import nn
from torch.nn import functional as F

import cnnexplain as cx

cx.set_language("en")
_ = torch.manual_seed(0)
_ = torch.set_grad_enabled(False)
rounding = 1e-12

# %% fold
maps = torch.arange(8.0).reshape(1, 2, 2, 2)
dense = nn.Linear(8, 2, bias=False)
dense.weight.data = torch.arange(16.0).reshape(2, 8)

kernels = dense.weight.view(2, 2, 2, 2)
print(dense(maps.flatten(1)).tolist())
print(F.conv2d(maps, kernels).flatten(1).tolist())

# %% larger
larger = torch.arange(24.0).reshape(1, 2, 3, 4)
scores = F.conv2d(larger, kernels)
print(tuple(scores.shape))
for row in range(2):
    for column in range(3):
        window = larger[:, :, row : row + 2, column : column + 2]
        folded = scores[0, :, row, column]
        print(folded.tolist(), dense(window.flatten(1))[0].tolist())

# %% layer
linear = nn.Linear(16 * 5 * 5, 120)
conv = nn.Conv2d(16, 120, kernel_size=5)
conv.weight.data = linear.weight.data.view(120, 16, 5, 5)
conv.bias.data = linear.bias.data

maps = torch.rand(3, 16, 5, 5)
wanted = linear(torch.flatten(maps, 1))
print(torch.allclose(conv(maps).flatten(1), wanted, atol=1e-6))
print(conv.weight.data_ptr() == linear.weight.data_ptr())

# %% later
second = nn.Linear(120, 84)
pointwise = nn.Conv2d(120, 84, kernel_size=1)
pointwise.weight.data = second.weight.data[:, :, None, None]
pointwise.bias.data = second.bias.data

features = torch.rand(1, 120, 6, 6)
moved = second(features.movedim(1, -1)).movedim(-1, 1)
print(torch.allclose(pointwise(features), moved, atol=1e-6))

# %% order
small = torch.arange(8.0).reshape(1, 2, 2, 2)
orders = {
    "channels first": small.flatten(1),
    "channels last": small.permute(0, 2, 3, 1).flatten(1),
    "width first": small.permute(0, 3, 2, 1).flatten(1),
}
row = torch.arange(8.0)
for name, flat in orders.items():
    print(name, flat[0].int().tolist(), (flat @ row).item())

# %% wrong
wrong = row.view(1, 2, 2, 2)
right = row.view(1, 2, 2, 2).permute(0, 3, 1, 2)
print(F.conv2d(small, wrong).item(), F.conv2d(small, right).item())

# %% alexnet
alexnet = cx.fully_convolutional(
    cx.networks.alexnet("torchvision"), (3, 224, 224)
)
alexnet

# %% scores
print(tuple(alexnet.module(torch.rand(1, 3, 384, 384)).shape))

# %% convert
lenet = cx.networks.lenet5()
conversion = cx.fully_convolutional(lenet, (1, 32, 32))
conversion


# %% heads
def body(*head):
    layers = nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU()
    return nn.Sequential(*layers, *head).eval()


heads = {
    "global": body(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)
    ),
    "6 to 2": body(
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 10)
    ),
    "6 to 4": body(
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 10)
    ),
    "normalised": body(
        nn.Flatten(), nn.BatchNorm1d(576), nn.Linear(576, 10)
    ),
}
for name, model in heads.items():
    for step in cx.fully_convolutional(model, (3, 8, 8)).steps:
        if "Flatten" not in step.before:
            print(f"{name}: {step}")

# %% windows
image = torch.rand(3, 11, 11)
for name, model in heads.items():
    compared = cx.compare(model, image, window=8, device="cpu")
    cells = compared.errors.numel()
    print(name, cells, compared.maximum < rounding)

# %% careless
last = torch.rand(1, 512, 12, 12)
for pool in (nn.AvgPool2d(7), nn.AvgPool2d(7, stride=1)):
    print(pool.stride, tuple(pool(last).shape[2:]))


# %% refused
def attempt(model):
    try:
        steps = cx.fully_convolutional(model, (3, 8, 8)).steps
        print(*steps, sep="\n")
    except cx.ConversionError as error:
        print(error)


attempt(body(nn.Flatten(), nn.Linear(576, 10)).train())
attempt(body(nn.GroupNorm(4, 16), nn.Flatten(), nn.Linear(576, 10)))
attempt(body(nn.Flatten(), nn.LayerNorm(576), nn.Linear(576, 10)))

# %% cured
attempt(body(nn.Flatten(), nn.Linear(576, 10), nn.LayerNorm(10)))
