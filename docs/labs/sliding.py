# %% setup
import torch
from torch import nn

import cnnexplain as cx
from cnnexplain.examples import faces, photographs

cx.set_language("en")
_ = torch.manual_seed(0)
rounding = 1e-12

# %% sizes
layers = nn.Sequential(*[nn.MaxPool2d(2)] * 5)
last = layers(torch.rand(1, 1, 384, 384))
kernel = torch.ones(1, 1, 7, 7)
for padding in (0, 3):
    scores = nn.functional.conv2d(last, kernel, padding=padding)
    print(padding, tuple(last.shape[2:]), tuple(scores.shape[2:]))

# %% windows
print(len(range(0, 384 - 224 + 1, 32)) ** 2)

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

# %% finer
model = nn.Sequential(
    *(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(4, 8, 5), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(8 * 5 * 5, 10)),
)
model.double().eval()
image = image.double()
slid = cx.slide(model, image, window=32, stride=2, device="cpu")
converted = cx.fully_convolutional(model, (1, 32, 32)).module
joined = torch.full_like(slid, torch.nan)
for top, left in ((0, 0), (2, 2), (0, 2), (2, 0)):
    with torch.no_grad():
        scores = converted(image[None, :, top:, left:])
    joined[..., top // 2 :: 2, left // 2 :: 2] = scores
    reached = int(joined[0, 0].isfinite().sum())
    shape = tuple(scores.shape[2:])
    print(top, left, shape, reached, "of", slid[0, 0].numel())
print((joined - slid).abs().max().item() < rounding)

# %% face
photograph = photographs.photograph("astronaut")
small = faces.prepared(photographs.resized(photograph, (109, 109)))
found = cx.compare(faces.rnet(), small, window=25, device="cpu")
found.figure(channel=1, photograph=photographs.jpeg(photograph))
