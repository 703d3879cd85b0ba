# %% setup
import torch
from torch import nn

import cnnexplain as cx
from cnnexplain.examples import faces, photographs

cx.set_language("en")
_ = torch.manual_seed(0)
rounding = 1e-12

# %% fold
maps = torch.arange(8.0).reshape(1, 2, 2, 2)
dense = nn.Linear(8, 2, bias=False)
dense.weight.data = torch.arange(16.0).reshape(2, 8)

kernels = dense.weight.view(2, 2, 2, 2)
with torch.no_grad():
    print(dense(maps.flatten(1)).tolist())
    print(nn.functional.conv2d(maps, kernels).flatten(1).tolist())

# %% larger
larger = torch.arange(24.0).reshape(1, 2, 3, 4)
with torch.no_grad():
    scores = nn.functional.conv2d(larger, kernels)
    window = larger[:, :, 1:3, 2:4]
    print(tuple(scores.shape))
    print(scores[0, :, 1, 2].tolist())
    print(dense(window.flatten(1))[0].tolist())

# %% convert
lenet = cx.fully_convolutional(cx.networks.lenet5(), (1, 32, 32))
lenet

# %% vgg
vgg16 = cx.fully_convolutional(cx.networks.vgg16(), (3, 224, 224))
vgg16

# %% lenet
image = torch.rand(1, 64, 64)
compared = cx.compare(
    cx.networks.lenet5(), image, window=32, device="cpu"
)
print(compared.errors.shape, compared.maximum < rounding)

# %% padded
network = """
nn.Sequential(
    nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(16 * 8 * 8, 10),
)
"""
padded = cx.compare(network, image, window=32, device="cpu")
print(f"{padded.errors.min():.2f} to {padded.maximum:.2f}")
print(sum(map(sum, padded.exact)), "of", padded.errors.numel())

# %% context
halo = padded.conversion.exactness.halo
print(halo)
surrounded = cx.compare(
    network, image, window=32, context=halo, device="cpu"
)
print(surrounded.maximum < rounding)

# %% ceil
rnet = cx.fully_convolutional(faces.rnet(), (3, 24, 24))
print(rnet.exactness.reasons, rnet.exactness.cure)
for size in (24, 25):
    exactness = cx.fully_convolutional(
        faces.rnet(), (3, size, size)
    ).exactness
    cells = exactness.cells((size + 16, size + 16))
    print(size, sum(map(sum, cells)), "of", len(cells) ** 2)

# %% face
photograph = photographs.photograph("astronaut")
small = faces.prepared(photographs.resized(photograph, (109, 109)))
found = cx.compare(faces.rnet(), small, window=25, device="cpu")
found.figure(channel=1, photograph=photographs.jpeg(photograph))
