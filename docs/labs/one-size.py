# %% setup
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

import cnnexplain as cx

cx.set_language("en")
_ = torch.manual_seed(0)
_ = torch.set_grad_enabled(False)

# %% network
layers = OrderedDict(
    conv1=nn.Conv2d(3, 64, 11, stride=4, padding=2),
    relu1=nn.ReLU(),
    pool1=nn.MaxPool2d(3, stride=2),
    conv2=nn.Conv2d(64, 192, 5, padding=2),
    relu2=nn.ReLU(),
    pool2=nn.MaxPool2d(3, stride=2),
    conv3=nn.Conv2d(192, 384, 3, padding=1),
    relu3=nn.ReLU(),
    conv4=nn.Conv2d(384, 256, 3, padding=1),
    relu4=nn.ReLU(),
    conv5=nn.Conv2d(256, 256, 3, padding=1),
    relu5=nn.ReLU(),
    pool5=nn.MaxPool2d(3, stride=2),
    flatten=nn.Flatten(),
    fc6=nn.Linear(256 * 6 * 6, 4096),
    relu6=nn.ReLU(),
    fc7=nn.Linear(4096, 4096),
    relu7=nn.ReLU(),
    fc8=nn.Linear(4096, 1000),
)
model = nn.Sequential(layers).eval()


# %% error
def attempt(network, x):
    try:
        print(tuple(network(x).shape))
    except RuntimeError as error:
        print(error)


image = torch.rand(1, 3, 384, 384)
attempt(model, image)

# %% maps
x = image
for name, layer in model[: len(layers) - 5].named_children():
    before, x = x.shape, layer(x)
    if x.shape != before:
        print(name, tuple(x.shape))

# %% explain
found = cx.explain(model, (3, 384, 384))
found

# %% range
for size in (222, 223, 224, 254, 255):
    print(size, end=": ")
    attempt(model, torch.rand(1, 3, size, size))

# %% weights
for side in (6, 11):
    kernels, bias = layers["conv5"].parameters()
    dense = nn.Linear(256 * side**2, 4096)
    print(side, kernels.numel(), dense.weight.numel())

# %% per-place
linear, conv = nn.Linear(256, 10), nn.Conv2d(256, 10, 1)
conv.weight.copy_(linear.weight[:, :, None, None])
conv.bias.copy_(linear.bias)
for side in (6, 11):
    maps = torch.rand(1, 256, side, side)
    scores = linear(maps.movedim(1, -1))
    same = torch.allclose(
        scores.movedim(-1, 1), conv(maps), atol=1e-5
    )
    print(tuple(scores.shape), same)

# %% dilated
dilated = nn.Conv2d(1, 1, 3, dilation=3)
for size in (6, 7):
    attempt(dilated, torch.rand(1, 1, size, size))

# %% bins
averages = nn.AdaptiveAvgPool1d(6)(torch.eye(11)[None])[0].T
for weights in averages:
    print(weights.nonzero().flatten().tolist())

# %% adaptive
cx.explain(cx.networks.alexnet("torchvision"), (3, 384, 384))

# %% cures
for cure in found.problems[0].cures:
    names = {"nn": nn, "F": F, "cx": cx, "x": image}
    names["model"] = nn.Sequential(layers).eval()
    exec(cure.code, names)
    print(cure.kind, end=": ")
    attempt(names["model"], names["x"])

# %% messages
grey = torch.rand(1, 1, 28, 28)
attempt(nn.Conv2d(3, 8, 3), grey)
attempt(nn.Conv2d(1, 8, 7), torch.rand(1, 1, 4, 4))
attempt(nn.Linear(10, 5), torch.rand(1, 12))
attempt(lambda x: torch.cat([x, x[..., 1:]], 1), grey)
attempt(lambda x: x + x[..., 2:], grey)
attempt(lambda x: x.view(-1, 400), grey)


# %% silent
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5)
        self.fc = nn.Linear(16 * 5 * 5, 10)

    def forward(self, x):
        x = self.conv(x)
        x = x.view(-1, 16 * 5 * 5)
        return self.fc(x)


net = Net()
attempt(net, torch.rand(1, 1, 14, 14))
problem = cx.explain(net, (1, 14, 14)).problems[0]
print(problem.kind)
print(problem.facts["before"], "→", problem.facts["after"])

# %% explaining
try:
    with cx.explaining():
        model(image)
except cx.ExplainedError as error:
    caught = error
print(
    type(caught).__name__, "from", type(caught.__cause__).__name__
)
print(caught.explanation.problems[0].cures[0].code)
