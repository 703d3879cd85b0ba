# %% setup
import torch
from torch import nn
from torch.nn import functional as F

import cnnexplain as cx
from cnnexplain.examples import imagenet, photographs

cx.set_language("en")
_ = torch.manual_seed(0)
_ = torch.set_grad_enabled(False)


# %% network
class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.shortcut = nn.Conv2d(3, 16, 1)
        self.fc = nn.Linear(16 * 16 * 16, 10)

    def forward(self, x):
        y = self.conv2(F.relu(self.conv1(x)))
        y = F.max_pool2d(y + self.shortcut(x), 2)
        return self.fc(y.view(y.size(0), -1))


model = Residual().eval()

# %% trace
trace = cx.trace(model, (3, 32, 32))
trace

# %% check
counted = sum(each.numel() for each in model.parameters())
print(trace.parameters == counted)
row = trace["add"]
print(row.input_shapes, row.receptive_field)
for unit in ((0, 0), (15, 15)):
    seen = trace.receptive_field("max_pool2d", unit=unit)
    print(unit, seen.intervals[0])

# %% explain
image = torch.rand(3, 48, 48)
try:
    with cx.explaining():
        model(image[None])
except cx.ExplainedError as error:
    problem = error.explanation.problems[0]
print(problem.name, problem.facts["came"], problem.facts["wanted"])
for cure in problem.cures:
    print(cure.kind)

# %% convert
conversion = cx.fully_convolutional(model, (3, 32, 32))
print(tuple(conversion.module(image[None]).shape))
conversion

# %% compare
smaller = image[:, :40, :40]
for context in (0, 2):
    compared = cx.compare(
        model, smaller, window=32, context=context, device="cpu"
    )
    print(context, compared.maximum < compared.rounding)

# %% draw
cx.figures.volumes(trace)

# %% export
columns = ["name", "output_shape", "parameters"]
print(trace.to_csv(columns=columns))
print(trace.to_latex(columns=columns)[:200])

# %% espresso
photograph = photographs.centred(
    photographs.photograph("coffee"), 384
)
picture = imagenet.prepared(photograph)[None]
network = imagenet.efficientnet_lite0()
label = imagenet.CLASSES["espresso"]

maps = []
last = network.get_submodule("_activation")
hook = last.register_forward_hook(
    lambda *call: maps.append(call[2])
)
scores = network(picture)[0]
hook.remove()
print(tuple(maps[-1].shape), scores.argmax().item() == label)

# %% cam
head = network.get_submodule("_fc")
weight, bias = head.parameters()
every = F.conv2d(maps[-1], weight[:, :, None, None])[0]
print(tuple(every.shape))
averages = every.mean((1, 2)) + bias
print(torch.allclose(averages, scores, atol=1e-4))

# %% grad-cam
with torch.enable_grad():
    leaf = maps[-1].clone().requires_grad_()
    score = head(leaf.mean((2, 3)))[0, label]
    (slopes,) = torch.autograd.grad(score, leaf)
importance = slopes.mean((2, 3), keepdim=True)
grad_cam = F.relu((importance * leaf).sum(1))[0].detach()
same = torch.allclose(
    grad_cam * 144, F.relu(every[label]), atol=1e-4
)
print(same, int((every[label] < 0).sum()))

# %% windows
one_pass = cx.fully_convolutional(network, (3, 224, 224)).module
windows = one_pass(picture)[0]
pooled = F.avg_pool2d(every, 7, 1) + bias[:, None, None]
print(tuple(windows.shape))
print(torch.allclose(windows, pooled, atol=1e-4))

# %% flattened
inside = F.relu(model.conv1(image[None, :, :32, :32]))
last = model.conv2(inside) + model.shortcut(
    image[None, :, :32, :32]
)
last = F.max_pool2d(last, 2)[0]
kernels = model.fc.weight.view(10, 16, 16, 16)
shares = (kernels[3] * last).sum(0)
averaged = (kernels[3].mean((1, 2), keepdim=True) * last).sum(0)
wanted = model(image[None, :, :32, :32])[0, 3] - model.fc.bias[3]
for each in (shares, averaged):
    print(torch.allclose(each.sum(), wanted, atol=1e-5))

# %% patches
embedding = nn.Conv2d(3, 768, 16, stride=16)
pixels = torch.rand(1, 3, 224, 224)
patches = F.unfold(pixels, 16, stride=16).transpose(1, 2)
matrix = embedding.weight.flatten(1)
tokens = F.linear(patches, matrix, embedding.bias)
convolved = embedding(pixels).flatten(2).transpose(1, 2)
print(tuple(tokens.shape))
print(torch.allclose(tokens, convolved, atol=1e-4))
