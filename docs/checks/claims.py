# %% setup
from fractions import Fraction

import torch
from torch import nn
from torch.nn import functional as F

import cnnexplain as cx
from cnnexplain import savings
from cnnexplain.book.experiments import found
from cnnexplain.figures import downsampling

vgg16, alexnet = cx.networks.vgg16(), cx.networks.alexnet()
image_px, crop_px = (384, 384), (224, 224)
block, units = (256, 13, 13), 4096


def module(name):
    scope = {}
    with torch.device("meta"):
        exec(cx.networks.code(name), scope)
    return scope["model"]


def above(name, layer):
    network = module(name)
    names = [each for each, _ in network.named_children()]
    return network[: names.index(layer) + 1]


def shape(layer, *size):
    x = torch.zeros(1, *size, device="meta")
    return tuple(layer(x).shape[1:])


def runs(layer, *size):
    try:
        shape(layer, *size)
    except RuntimeError:
        return False
    return True


# %% j0
def check(layers):
    return runs(layers, 3, 384, 384)


example = check(above("vgg16_padded", "pool5"))
counterexample = check(module("vgg16_padded"))


# %% j1
dense = nn.Linear(4 * 6 * 6, 10)
place = nn.Linear(4, 10)
conv = nn.Conv2d(4, 10, 1)
conv.weight.data = place.weight.data[:, :, None, None]
conv.bias.data = place.bias.data


def flattened(x):
    return dense(x.flatten(1))


def along_channels(x):
    scores = place(x.movedim(1, -1)).movedim(-1, 1)
    assert torch.allclose(scores, conv(x), atol=1e-5)
    return scores


def check(layer):
    fits = []
    for size in range(1, 20):
        try:
            layer(torch.rand(1, 4, size, size))
            fits.append(size)
        except RuntimeError as error:
            refused = error
    if len(fits) == 1:
        print(refused)
    return len(fits) == 1


condition = check(flattened)
without = check(along_channels)


# %% j2
kernel, padding, dilation = 3, 1, 2
conv = nn.Conv2d(
    1, 1, kernel, padding=padding, dilation=dilation, device="meta"
)
extent = dilation * (kernel - 1) + 1
smallest = extent - 2 * padding


def check(sizes):
    return all(runs(conv, 1, size, size) for size in sizes)


condition = check(range(smallest, 100))
without = check([smallest - 1])


# %% j3
pooled = module("alexnet_torchvision")
bare = nn.Sequential(
    *[m for m in pooled if not isinstance(m, nn.AdaptiveAvgPool2d)]
)
first = next(
    i for i, each in enumerate(bare) if isinstance(each, nn.Linear)
)
assert runs(bare, 3, 224, 224)
assert runs(bare[:first], 3, 384, 384)
(scores,) = shape(pooled, 3, 384, 384)


def check(network):
    return not runs(network, 3, 384, 384)


condition = check(bare[: first + 1])
without = check(pooled)


# %% j4
converted = above("vgg16_padded", "pool5").append(
    nn.Sequential(
        nn.Conv2d(512, 4096, 7, device="meta"),
        nn.Conv2d(4096, 1000, 1, device="meta"),
    )
)
side = cx.output_size(384 // 32, kernel_size=7)
classes = cx.trace(vgg16).rows[-1].output_shape[1]
scores = (classes, side, side)


def check(network):
    if not runs(network, 3, 384, 384):
        return False
    return shape(network, 3, 384, 384) == scores


claim = check(converted)
perturbed = check(module("vgg16_padded"))


# %% j5
def places(size, kernel, stride, padding):
    layer = nn.Conv2d(1, 1, kernel, stride, padding, device="meta")
    return shape(layer, 1, size, size)[1]


def read(stride):
    layer = nn.Conv2d(1, 1, 3, stride, bias=False)
    nn.init.dirac_(layer.weight)
    columns = torch.arange(7.0).expand(1, 1, 7, 7)
    return layer(columns)[0, 0, 0].tolist()


assert read(1) == [1, 2, 3, 4, 5]
assert read(2) == [1, 3, 5]


def check(rule):
    return all(
        places(*case) == rule(*case)
        for size in range(7, 40)
        for kernel in (1, 3, 5, 7)
        for stride in (1, 2, 3, 4)
        for padding in (0, 1, 2)
        for case in [(size, kernel, stride, padding)]
    )


one, two = places(7, 3, 1, 0), places(7, 3, 2, 0)
rule = check(lambda w, f, s, p: (w - f + 2 * p) // s + 1)
claim = rule and two < one
perturbed = check(lambda w, f, s, p: (w - f + 2 * p) // s)


# %% j6
networks = {
    each.name: [layer.step for layer in each.layers]
    for each in downsampling.strided(downsampling.known())
}
for name, steps in networks.items():
    print(name, *steps)
large = [n for n, steps in networks.items() if max(steps) > 2]
many, all_networks = len(large), len(networks)


def check(name):
    return max(networks[name]) <= 2


first = int(max(networks["AlexNet"]))
assert first == max(networks["ConvNeXt-T"])
patches = int(max(networks["ViT-B/16"]))
example = check("VGG-16")
counterexample = any(map(check, large))
assert set(large) == {"AlexNet", "ConvNeXt-T", "ViT-B/16"}


# %% j7
fc6 = module("vgg16_padded").fc6
claimed = 7 * 7 * 512 * 4096
biases = fc6.bias.numel()
total = cx.trace(vgg16)["fc6"].parameters
assert total == sum(each.numel() for each in fc6.parameters())


def check(*counted):
    return sum(each.numel() for each in counted) == claimed


condition = check(fc6.weight)
without = check(fc6.weight, fc6.bias)


# %% j8
def convolutions(size):
    layers = above("vgg16_padded", "pool5")
    assert runs(layers, 3, size, size)
    return layers


def dense(size):
    maps = shape(convolutions(size), 3, size, size)
    inputs = maps[0] * maps[1] * maps[2]
    return nn.Linear(inputs, 4096, bias=False, device="meta")


def parameters(layers):
    return sum(each.numel() for each in layers.parameters())


def check(layers):
    return parameters(layers(384)) > parameters(layers(224))


before, after = (parameters(dense(size)) for size in (224, 384))
assert after == 12 * 12 * 512 * 4096
claim = check(dense)
perturbed = check(convolutions)


# %% j9
layers = above("vgg16_padded", "pool5")
pooled = shape(layers, 3, 384, 384)[1:]
fc6 = nn.Conv2d(512, 4096, 7, device="meta")
cells = shape(fc6, 512, *pooled)[1:]
crops = len(range(0, 384 - 224 + 1, 32))
count = crops**2


def check(side):
    heatmap = cx.output_size(pooled[0], kernel_size=7)
    return (side, side) == cells == (heatmap, crops)


claim = check(12)
correction = check(6)


# %% j10
def check(padding):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=padding),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * (7 + padding) ** 2, 3),
    ).eval()
    image = torch.rand(1, 40, 40)
    same = cx.compare(network, image, window=16, device="cpu")
    equal = same.errors < same.rounding
    assert equal.tolist() == [list(row) for row in same.exact]
    return bool(equal.all())


measured, other = found("vgg16"), found("alexnet")
equal, cells = measured["equal"], measured["cells"]
alexnet_equal, alexnet_cells = other["equal"], other["cells"]
twin_equal, twin_cells = (
    measured["twin_equal"],
    measured["twin_cells"],
)
condition = check(padding=0) and twin_equal == twin_cells
without = check(padding=1) or equal > 0 or alexnet_equal > 0


# %% j11
def product(network):
    layers = above(network, "pool5")
    found = 1
    for layer in layers:
        stride = getattr(layer, "stride", 1)
        found *= stride if isinstance(stride, int) else stride[0]
    return found


def sizes(network, size):
    return Fraction(
        size, shape(above(network, "pool5"), 3, size, size)[1]
    )


stride = product("vgg16_padded")
alexnet_stride = product("alexnet_paper")
quotient = sizes("alexnet_paper", 227)
assert stride == cx.trace(vgg16)["pool5"].effective_stride[0]
assert (
    alexnet_stride == cx.trace(alexnet)["pool5"].effective_stride[0]
)


def check(network, size):
    return sizes(network, size) == product(network)


condition = check("vgg16_padded", 224)
without = check("alexnet_paper", 227)


# %% j12
def field(network, kernel):
    layers = [*above(network, "pool5"), nn.Conv2d(1, 1, kernel)]
    width, step = 1, 1
    for layer in layers:
        if hasattr(layer, "kernel_size"):
            kernel, stride = (
                each if isinstance(each, int) else each[0]
                for each in (layer.kernel_size, layer.stride)
            )
            width += (kernel - 1) * step
            step *= stride
    return width


window = cx.trace(vgg16).input_size[-1]
vgg_field = field("vgg16_padded", 7)
alexnet_field = field("alexnet_paper", 6)
assert cx.trace(alexnet)["fc6"].receptive_field[0] == alexnet_field


def check(width):
    traced = cx.trace(vgg16)["fc6"].receptive_field[0]
    return width == vgg_field == traced


claim = check(224)
correction = check(404)


# %% j13
network = nn.Sequential(
    nn.Conv2d(1, 4, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(4 * 7 * 7, 3),
).eval()
image = torch.rand(1, 24, 24)
conversion = cx.fully_convolutional(network, (1, 16, 16))
one_pass = conversion.module(image[None])[0]
scores = tuple(one_pass.shape)
crops = found("vgg16")["cells"]


def slid(moved):
    starts = range(0, 24 - 16 + 1, 2)
    larger = F.pad(image, (0, moved, 0, moved))[:, moved:, moved:]
    windows = [
        larger[:, row : row + 16, column : column + 16]
        for row in starts
        for column in starts
    ]
    return network(torch.stack(windows)).T.view(scores)


def check(moved):
    return torch.allclose(slid(moved), one_pass, atol=1e-5)


claim = check(moved=0)
perturbed = check(moved=1)


# %% j14
def ratio_of(network, size):
    return savings.work(network).over(size).ratio


giga = 10**9
saved = savings.work(vgg16).over(384)
crops = saved.count
each = Fraction(cx.trace(vgg16).macs, giga)
sliding = Fraction(saved.sliding.total, giga)
once = Fraction(saved.one_pass.total, giga)
ratio = saved.ratio
measured = found("vgg16")
assert saved.sliding.total == measured["sliding_macs"]
assert saved.one_pass.total == measured["one_pass_macs"]

torchvision, ungrouped = (
    cx.networks.alexnet(each_one)
    for each_one in ("torchvision", "ungrouped")
)
paper_px = (387, 387)
torchvision_ratio = ratio_of(torchvision, 384)
paper_ratio = ratio_of(alexnet, 387)
ungrouped_ratio = ratio_of(ungrouped, 387)
limit, torchvision_limit, paper_limit, ungrouped_limit = (
    savings.work(network).limit
    for network in (vgg16, torchvision, alexnet, ungrouped)
)


def check(size, step):
    crops = len(range(0, size - 224 + 1, step)) ** 2
    whole = savings.work(vgg16).over(size).one_pass.total
    return whole < crops * cx.trace(vgg16).macs


claim = check(384, step=32)
perturbed = check(448, step=224)


# %% j15
layers = above("vgg16_padded", "pool5")
filters = {
    layer.kernel_size[0]
    for layer in layers
    if isinstance(layer, nn.Conv2d)
}
strides = [
    layer.stride
    for layer in layers
    if isinstance(layer, nn.MaxPool2d)
    and isinstance(layer.stride, int)
]
widest, poolings = max(filters), len(strides)
stride = 1
for each in strides:
    stride *= each
assert stride == cx.trace(vgg16)["pool5"].effective_stride[0]


def check(candidates):
    return 32 in candidates


claim = check(filters)
correction = check([stride])


# %% j16
network = cx.networks.lenet5()
conversion = cx.fully_convolutional(network, (1, 32, 32))
crop, image = torch.rand(1, 1, 32, 32), torch.rand(1, 1, 64, 64)
single = tuple(conversion.module(crop).shape[2:])
scores = tuple(conversion.module(image).shape[2:])
digits = found("digits")
shown, located = digits["digits"], digits["found"]


def check(places):
    return places[0] * places[1] > 1


answer = check(scores) and not check(single)


# %% f0
conv5 = shape(above("alexnet_paper", "relu5"), 3, 227, 227)
pool5 = shape(above("alexnet_paper", "pool5"), 3, 227, 227)


def check(size):
    return (
        size == pool5 == cx.trace(alexnet)["pool5"].output_shape[1:]
    )


claim = check((256, 13, 13))
correction = check((256, 6, 6))


# %% f1
values = 256 * 13 * 13
inputs = cx.trace(alexnet)["fc6"].input_shape[-1]
widths = [20, 4096, 8000, values]


def check(allowed):
    fits = [
        width
        for width in widths
        if runs(nn.Linear(inputs, width, device="meta"), inputs)
    ]
    return fits == allowed


claim = check([values])
correction = check(widths)


# %% f2
fc6 = module("alexnet_paper").fc6
claimed = 256 * 13 * 13
claimed_weights = claimed * 4096
inputs = fc6.in_features
weights = fc6.weight.numel()


def check(count):
    traced = cx.trace(alexnet)["fc6"].input_shape[-1]
    return count == weights == traced * 4096


claim = check(claimed_weights)
correction = check(inputs * 4096)


# %% f3
fc6 = module("alexnet_paper").fc6
pairs, biases = fc6.weight.numel(), fc6.bias.numel()
total = cx.trace(alexnet)["fc6"].parameters
assert total == pairs + biases


def check(parameter):
    return parameter.numel() == fc6.in_features * fc6.out_features


example = check(fc6.weight)
counterexample = check(fc6.bias)


# %% f4
read = found("width")["accuracies"]
for width, shares in read.items():
    print(
        f"{width:>4} units: {min(shares):.1%} to {max(shares):.1%}"
    )
few, many = 16, 4096
wider, narrower = 8000, 20
seeds = len(read[str(many)])
few_worst, few_best, many_worst, many_best = (
    Fraction(f"{100 * value:.3g}")
    for width in (few, many)
    for value in (min(read[str(width)]), max(read[str(width)]))
)


# %% f5
layers = above("alexnet_paper", "flatten")
values = shape(layers, 3, 227, 227)[0]
block = (6, 6, 256)


def check(height, width, channels):
    inputs = cx.trace(alexnet)["fc6"].input_shape[-1]
    return height * width * channels == values == inputs


claim = check(13, 13, 256)
correction = check(6, 6, 256)


# %% f5b
def check(inputs, widths):
    return all(
        runs(nn.Linear(9216, width, device="meta"), inputs)
        for width in widths
    )


widths = (1, 20, 4096, 8000, 9216)
claim = check(9216, widths)
perturbed = check(43264, widths)


# %% f5c
torch.manual_seed(0)
maps, dense = torch.rand(1, 3, 4, 5), nn.Linear(60, 2)
expected = torch.einsum(
    "chw,uchw->u", maps[0], dense.weight.view(2, 3, 4, 5)
)


def check(values):
    assert values.sort().values.equal(maps.flatten().sort().values)
    out = dense(values[None])[0] - dense.bias
    return torch.allclose(out, expected, atol=1e-5)


condition = check(maps.flatten())
without = check(maps.movedim(1, -1).flatten())


# %% f6
def size(kernel, stride, **options):
    pool = nn.MaxPool2d(kernel, stride, **options)
    side = shape(pool, 256, 13, 13)[1]
    ours = cx.output_size(13, kernel_size=kernel, stride=stride)
    assert options or side == ours
    return side


def check(kernel, stride):
    return size(kernel, stride) == 6


swapped = size(kernel=2, stride=3)
values = 256 * swapped**2
other_floor = size(2, 2)
other_ceil = size(2, 2, ceil_mode=True)
claim = check(kernel=2, stride=3)
correction = check(kernel=3, stride=2)


# %% f7
torch.manual_seed(0)
fc6, x = nn.Linear(9216, 4096), torch.rand(256, 6, 6)
flat = x.reshape(9216, 1)
matrix = tuple(fc6.weight.shape)


def check(matrix):
    product = matrix.T @ flat
    same = fc6(x.flatten()) - fc6.bias
    return product.shape == (4096, 1) and torch.allclose(
        product[:, 0], same, atol=1e-4
    )


claim = check(fc6.weight.T)
perturbed = check(fc6.weight.T.flip(0))


# %% f8
def size(window, window_size, stride):
    return shape(
        nn.MaxPool2d(window_size, stride), 1, window, window
    )[1]


def check(rule):
    return all(
        rule(inputs, window, stride) == size(inputs, window, stride)
        for inputs in range(3, 40)
        for window in (2, 3)
        for stride in (1, 2, 3)
    )


right = size(14, 2, 2)
asked = (14 - 2) // (2 + 1)
values = asked * asked * 256
claim = check(lambda i, w, s: (i - w) // (s + 1))
correction = check(lambda i, w, s: (i - w) // s + 1)


# %% f8b
def check(**options):
    picture = torch.zeros(1, 1, 14, 14)
    picture[..., -1, -1] = 1
    return bool(nn.MaxPool2d(3, 2, **options)(picture).max())


def dropped(size):
    picture = torch.zeros(1, 1, size, size)
    picture[..., -1] = 1
    return not nn.MaxPool2d(3, 2)(picture).max()


assert dropped(14)
assert not dropped(13)
condition = check(ceil_mode=True)
without = check()


# %% f8c
pools = {
    name: [
        (layer.kernel_size, layer.stride)
        for layer in module(name)
        if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d)
    ]
    for name in ("alexnet_paper", "vgg16_padded", "lenet5_1998")
}
for name, windows in pools.items():
    print(name, *windows)
alexnet_pools, vgg_pools, lenet_pools = map(len, pools.values())
kernel, stride = pools["alexnet_paper"][0]


# %% f9
fc6 = module("alexnet_paper").fc6
claimed = 9216 * 4096
total = cx.trace(alexnet)["fc6"].parameters
biases = fc6.bias.numel()


def check(parameters):
    return sum(each.numel() for each in parameters) == claimed


condition = check([fc6.weight])
without = check([fc6.weight, fc6.bias])


# %% f10
torch.manual_seed(0)
conv = nn.Conv2d(1, 1, 3, bias=False)
pixels = torch.eye(16).view(16, 1, 4, 4)
matrix = conv(pixels).flatten(1).T.detach()
size, used = matrix.numel(), int((matrix != 0).sum())
different = len(matrix[matrix != 0].unique())
outputs, inputs = matrix.shape
unshared = matrix.where(matrix == 0, torch.rand(outputs, inputs))
x = torch.rand(1, 1, 4, 4)


def check(matrix):
    product = matrix @ x.flatten()
    return torch.allclose(product, conv(x).flatten(), atol=1e-6)


condition = check(matrix)
without = check(unshared)


# %% f11
def side(layer, size):
    return shape(layer, 1, size, size)[1]


def check(**options):
    return all(
        side(nn.MaxPool2d(kernel, stride, **options), size)
        == side(
            nn.Conv2d(1, 1, kernel, stride, device="meta"), size
        )
        for size in range(5, 30)
        for kernel in (2, 3, 5)
        for stride in (1, 2, 3)
    )


weights = len(list(nn.MaxPool2d(3, 2).parameters()))
claim = check() and weights == 0
perturbed = check(ceil_mode=True)


# %% f11b
torch.manual_seed(0)
conv, dense = nn.Conv2d(1, 2, 3), nn.Linear(2 * 4 * 4, 3)
seen = []
dense.register_forward_pre_hook(lambda _, given: seen.extend(given))
x = torch.rand(1, 1, 6, 6)
dense(conv(x).flatten(1))


def check(values):
    return seen[0].numel() == values.numel() and torch.equal(
        seen[0].flatten(), values.flatten()
    )


weights, activations = conv.weight.numel(), conv(x).numel()
claim = check(conv.weight)
correction = check(conv(x))


# %% f12
resnet_head = nn.Sequential(
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(2048, 1000, device="meta"),
)


def widths(layers):
    return [
        layer.out_features
        for layer in layers
        if isinstance(layer, nn.Linear)
    ]


alexnet_widths = widths(module("alexnet_paper"))
resnet_widths = widths(resnet_head)
first, second, last = alexnet_widths
(only,) = resnet_widths
print("AlexNet", *alexnet_widths)
print("ResNet-50", *resnet_widths)


def check(widths):
    return len(widths) > 1 and widths[0] > widths[-1]


example = check(alexnet_widths)
counterexample = check(resnet_widths)


# %% f13
def filters(count):
    return nn.Conv2d(256, count, 3, device="meta")


def check(axis):
    sizes = {
        shape(filters(count), 256, 13, 13)[axis]
        for count in range(1, 30)
    }
    return len(sizes) == 1


channels, rows = 0, 1
side = shape(filters(1), 256, 13, 13)[rows]
example = check(rows)
counterexample = check(channels)


# %% f14
read = found("width")["accuracies"]
middle = {
    int(n): sorted(each)[len(each) // 2] for n, each in read.items()
}
for width, share in middle.items():
    print(f"{width:>4} units: {share:.1%}")
few, many = 64, 4096
few_share, many_share = (
    Fraction(f"{100 * middle[width]:.3g}") for width in (few, many)
)


# %% t1
def check(name, size, poolings, block):
    layers = above(name, "pool5")
    count = sum(isinstance(each, nn.MaxPool2d) for each in layers)
    return (
        count == poolings and shape(layers, 3, size, size) == block
    )


real = shape(above("alexnet_paper", "pool5"), 3, 227, 227)
block = shape(above("vgg16_padded", "pool5"), 3, 224, 224)
poolings = sum(
    isinstance(each, nn.MaxPool2d)
    for each in above("vgg16_padded", "pool5")
)
alexnet_poolings = sum(
    isinstance(each, nn.MaxPool2d)
    for each in module("alexnet_paper")
)
claim = check("alexnet_paper", 227, 5, (512, 7, 7))
correction = check("alexnet_paper", 227, 3, (256, 6, 6))


# %% t2
last = 384 - 224
step, stride = 16, 32
wanted = {
    (row, column)
    for row in range(0, last + 1, step)
    for column in range(0, last + 1, step)
}


def reached(shifts):
    return {
        (row, column)
        for down, right in shifts
        for row in range(down, last + 1, stride)
        for column in range(right, last + 1, stride)
    }


def check(shifts):
    return reached(shifts) == wanted


two = [(0, 0), (16, 16)]
four = [*two, (0, 16), (16, 0)]
seen, places, passes = len(reached(two)), len(wanted), len(four)
claim = check(two)
correction = check(four)


# %% t3
def sides(size, padding):
    x = torch.zeros(1, 1, size, size, device="meta")
    found = []
    for layer in (
        nn.Conv2d(1, 1, 11, 4, padding, device="meta"),
        *[nn.MaxPool2d(3, 2)] * 3,
    ):
        x = layer(x)
        found.append(x.shape[-1])
    return found


def check(size, padding):
    return sides(size, padding) == [55, 27, 13, 6]


fits = [size for size in range(200, 260) if check(size, padding=0)]
padded = [
    size for size in range(200, 260) if check(size, padding=2)
]
smallest, largest = fits[0], fits[-1]
padded_smallest, padded_largest = padded[0], padded[-1]
own, printed = 227, 224
wrong_first, *_, wrong_last = sides(printed, padding=0)
claim = check(printed, padding=0)
correction = check(own, padding=0) and check(printed, padding=2)


# %% t4
def side(size, ceil_mode):
    layers = above("alexnet_paper", "pool5")
    for layer in layers:
        if isinstance(layer, nn.MaxPool2d):
            layer.ceil_mode = ceil_mode
    pooled = shape(layers, 3, size, size)[1]
    return cx.output_size(pooled, kernel_size=6)


def check(size):
    return side(size, True) == side(size, False)


up, down = side(384, True), side(384, False)
own_px = (227, 227)
example = check(227)
counterexample = check(384)


# %% t5
totals = {
    variant: cx.trace(cx.networks.alexnet(variant)).parameters
    for variant in ("paper", "ungrouped", "torchvision")
}
paper, ungrouped, torchvision = totals.values()


def check(*variants):
    counts = {
        sum(each.numel() for each in module(name).parameters())
        for name in variants
    }
    assert counts <= set(totals.values())
    return len(counts) == 1


example = check("alexnet_paper")
counterexample = check(
    "alexnet_paper", "alexnet_ungrouped", "alexnet_torchvision"
)


# %% t6
cells = cx.output_size(384, kernel_size=224, stride=32)
middles = [112 + 32 * i for i in range(cells)]
stretched = [384 * (2 * i + 1) // (2 * cells) for i in range(cells)]
farthest = max(
    abs(a - b) for a, b in zip(middles, stretched, strict=True)
)
start, step = middles[0], middles[1] - middles[0]
wrong_start, wrong_step = stretched[0], stretched[1] - stretched[0]


def check(centres):
    crops = [range(i, i + 224) for i in range(0, 161, 32)]
    return centres == [(c.start + c.stop) // 2 for c in crops]


claim = check(stretched)
correction = check(middles)


# %% t7
layer = nn.Conv2d(1, 1, 3, stride=2, bias=False)
size = 10
output = shape(nn.MaxPool2d(3, 2), 1, size, size)[1]
ours = cx.output_size(size, kernel_size=3, stride=2)


def check(expected):
    try:
        found = layer(torch.rand(1, 1, size, size)).shape[-1]
    except RuntimeError:
        found = None
    return found == expected


picture = torch.zeros(1, 1, size, size)
picture[..., -1] = 1
assert not layer(picture).any()
claim = check(None)
correction = check(ours)


# %% t8
pool1, pool5 = (
    cx.trace(vgg16)[name] for name in ("pool1", "pool5")
)


def own(row):
    return row.operation.windows[0].stride


def check(row):
    return own(row) == row.effective_stride[0]


layer = own(pool5)
network = int(pool5.effective_stride[0])


example = check(pool1)
counterexample = check(pool5)
