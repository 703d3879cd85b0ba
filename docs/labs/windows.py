# %% setup
from itertools import product

import torch
from torch import nn

import cnnexplain as cx
from cnnexplain import axis

cx.set_language("en")
_ = torch.manual_seed(0)

# %% size
cx.output_size(13, kernel_size=3, stride=2)

# %% window
window = axis.window(kernel_size=3, stride=2)
print(window.formula(13))
for place in range(window.output_size(13)):
    print(place, list(window.inputs(place)))

# %% torch
x = torch.randn(1, 256, 13, 13)
print(nn.MaxPool2d(3, stride=2)(x).shape)
print(nn.Conv2d(256, 8, 3, stride=2)(x).shape)

# %% grid
count = 0
for size, kernel, stride, padding, dilation in product(
    range(1, 14), range(1, 5), range(1, 5), range(3), range(1, 4)
):
    if size + 2 * padding < dilation * (kernel - 1) + 1:
        continue
    layer = nn.Conv1d(1, 1, kernel, stride, padding, dilation)
    ours = cx.output_size(
        size,
        kernel_size=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    assert layer(torch.zeros(1, 1, size)).shape[-1] == ours
    count += 1
print(count, "combinations, all equal")

# %% unread
conv = nn.Conv2d(1, 1, 3, stride=2)
x = torch.randn(1, 1, 8, 8)
changed = x.clone()
changed[..., -1] = 100.0
print(axis.window(3, stride=2).unread(8))
print(torch.equal(conv(x), conv(changed)))

# %% figure
cx.figures.stride(input_size=7, kernel_size=3, stride=2)

# %% network
vgg16 = cx.trace(cx.networks.vgg16(), (3, 224, 224))
for row in vgg16.rows:
    if row.name.startswith("pool"):
        print(row.name, row.output_shape, row.effective_stride[0])

# %% crops
cx.output_size(384, kernel_size=224, stride=32)
