# %% setup
import torch
from torch import nn

import cnnexplain as cx

cx.set_language("en")
_ = torch.manual_seed(0)

# %% pooling
x = torch.randn(1, 256, 13, 13)
pool = nn.MaxPool2d(kernel_size=3, stride=2)
pooled = pool(x)
pooled.shape

# %% swapped
nn.MaxPool2d(kernel_size=2, stride=3)(x).shape

# %% flatten
flat = torch.flatten(pooled, 1)
print(flat.shape)
print(torch.equal(flat[0, :36], pooled[0, 0].reshape(36)))

# %% dense
dense = nn.Linear(256 * 6 * 6, 4096)
print(tuple(dense.weight.shape), tuple(dense.bias.shape))
print(f"{sum(p.numel() for p in dense.parameters()):,} parameters")

# %% product
with torch.no_grad():
    product = dense.weight @ flat[0] + dense.bias
    print(torch.allclose(product, dense(flat)[0], atol=1e-5))

# %% order
channels_last = pooled.permute(0, 2, 3, 1).reshape(1, -1)
with torch.no_grad():
    print(channels_last.shape == flat.shape)
    print(
        torch.allclose(dense(channels_last), dense(flat), atol=1e-5)
    )

# %% width
for width in (20, 4096, 8000):
    print(tuple(nn.Linear(9216, width)(flat).shape))

# %% table
cx.trace(cx.networks.alexnet(), (3, 227, 227))
