"""What the pages include: figures and explanations by the line that makes them, and tables."""

from __future__ import annotations

import ast
import json
from base64 import b64decode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cnnexplain
from cnnexplain import api, axis, figures, networks
from cnnexplain.book import experiments, links
from cnnexplain.book.outputs import Command, Printed
from cnnexplain.book.programs import Program
from cnnexplain.languages import text
from cnnexplain.playground import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnnexplain.book.experiments import Found
    from cnnexplain.book.pages import Table
    from cnnexplain.comparison import Comparison
    from cnnexplain.figures import Figure
    from cnnexplain.report import Trace
    from cnnexplain.windows import Convolution, Transposed


# What a build cannot measure again: times, with the machine and the day.
TIMES = Path("docs/data/sliding.json")


@dataclass(frozen=True)
class Declared:
    """A figure of the pages.

    Attributes:
        python: The line of Python that makes it, which the reader is shown.
        found: What makes it instead where an experiment is behind it, which the line cannot show.
    """

    python: str
    found: Callable[[], Figure] | None = None

    def figure(self) -> Figure:
        """Return the figure in the current language."""
        made: Figure = self.found() if self.found else eval(self.python, {"cx": cnnexplain})  # noqa: S307  # our own lines
        return made


def _cost() -> Figure:
    """Draw the times that a build cannot measure again beside the costs that it computes."""
    data = json.loads(TIMES.read_text(encoding="utf-8"))
    measured = [
        (each["network"], each["image_px"], each["batched_ratio"]) for each in data["costs"]
    ]
    return figures.cost(measured=measured, measured_on=data["date"])


# Lines for figures of experiments, with the reader's own network and image in their place.
_COMPARED = "cx.compare(model, image, window=224)"
_REACH = "reach=cx.fully_convolutional(model, (3, 224, 224)).exactness.reach"
_ALEXNET, _VGG16 = "cx.trace(cx.networks.alexnet())", "cx.trace(cx.networks.vgg16())"

_WINDOWS = {
    "convolution-5-to-3": Declared("cx.figures.stride(5, kernel_size=3)"),
    "numbers-5-to-3": Declared("cx.figures.stride(5, kernel_size=3, numbers=True)"),
    "stride-7-to-3": Declared("cx.figures.stride(7, kernel_size=3, stride=2)"),
    "padding-7-to-4": Declared("cx.figures.stride(7, kernel_size=3, stride=2, padding=1)"),
    "numbers-7-to-4": Declared(
        "cx.figures.stride(7, kernel_size=3, stride=2, padding=1, numbers=True)"
    ),
    "one-axis-7-to-4": Declared(
        "cx.figures.stride(7, kernel_size=3, stride=2, padding=1, dimensions=1)"
    ),
    "dropped-8-to-3": Declared("cx.figures.stride(8, kernel_size=3, stride=2)"),
    "ceil-8-to-4": Declared(
        'cx.figures.stride(8, kernel_size=3, stride=2, ceil_mode=True, operation="max_pooling")'
    ),
    "dilation-7-to-3": Declared("cx.figures.stride(7, kernel_size=3, dilation=2)"),
    "same-6-to-6": Declared('cx.figures.stride(6, kernel_size=3, padding="same")'),
    "asymmetric-6-to-3": Declared(
        "cx.figures.stride(6, kernel_size=3, stride=2, padding=((0, 1), (0, 1)))"
    ),
    "rectangular-4x9-to-3x4": Declared(
        "cx.figures.stride((4, 9), kernel_size=(2, 3), stride=(1, 2))"
    ),
    "pooling-13-to-6": Declared(
        'cx.figures.stride(13, kernel_size=3, stride=2, operation="max_pooling")'
    ),
    "max-pooling-5-to-2": Declared(
        'cx.figures.stride(5, kernel_size=3, stride=2, operation="max_pooling", numbers=True)'
    ),
    "average-pooling-6-to-3": Declared(
        'cx.figures.stride(6, kernel_size=2, stride=2, operation="average_pooling", numbers=True)'
    ),
    "transposed-3-to-7": Declared(
        "cx.figures.stride("
        '3, kernel_size=3, stride=2, operation="transposed_convolution", numbers=True)'
    ),
    "strides-1-2-3": Declared("cx.figures.strides(7, kernel_size=3, strides=(1, 2, 3))"),
    "known-strides": Declared("cx.figures.known_strides()"),
}
_DENSE = {
    "volumes-384": Declared(
        "cx.figures.volumes(cx.explain(model, (3, 384, 384)).trace)",
        lambda: _volumes(EXPLANATIONS["alexnet-384"]),
    ),
    "volumes-alexnet": Declared(f"cx.figures.volumes({_ALEXNET})"),
    "volumes-vgg16": Declared(f"cx.figures.volumes({_VGG16})"),
    "dense-9216-to-4096": Declared("cx.figures.dense(9216, 4096)"),
    "parameters-alexnet": Declared(f"cx.figures.parameters({_ALEXNET})"),
    "parameters-vgg16": Declared(f"cx.figures.parameters({_VGG16})"),
    "width-digits": Declared(
        "cx.figures.width(results)",
        lambda: _width(experiments.found("width")),
    ),
}
_FOLDED = {
    "convolution-matrix": Declared("cx.figures.convolution_matrix(4, kernel_size=3)"),
    "connections": Declared("cx.figures.connections(7, kernel_size=3)"),
    "folding": Declared("cx.figures.folding(channels=2, input_size=2, out_features=2)"),
    "folding-vgg16": Declared(f"cx.figures.folding_sizes({_VGG16}, image_size=384)"),
}
_DENSE_AND_CONVOLUTION = {
    "matrix-7-to-5": Declared("cx.figures.convolution_matrix((1, 7), kernel_size=(1, 3))"),
    "matrix-stride-7-to-3": Declared(
        "cx.figures.convolution_matrix((1, 7), kernel_size=(1, 3), stride=(1, 2))"
    ),
    "matrix-padding-7-to-7": Declared(
        "cx.figures.convolution_matrix((1, 7), kernel_size=(1, 3), padding=(0, 1))"
    ),
    "folding-alexnet": Declared(f"cx.figures.folding_sizes({_ALEXNET}, image_size=384)"),
}
_SLIDING = {
    "placed-espresso": Declared(
        "cx.figures.placed(scores, image_size=384, window=224, stride=32, "
        'photograph=photograph, name="espresso", probabilities=True)',
        lambda: _placed(experiments.found("imagenet"), "espresso"),
    ),
    "field-vgg16": Declared(
        f"cx.figures.receptive_field({_VGG16}, image_size=384, photograph=photograph)",
        lambda: _field(experiments.found("vgg16")),
    ),
    "sliding-vgg16": Declared(
        "cx.figures.error_map(compared.errors, image_size=384, window=224, stride=32, "
        "photograph=photograph)",
        lambda: _error_map(experiments.found("vgg16")),
    ),
    "reach-vgg16": Declared(
        f"cx.figures.padding_reach({_REACH}, errors={_COMPARED}.errors)",
        lambda: _reach(experiments.found("vgg16")),
    ),
    "context-vgg16": Declared(
        "cx.figures.halo(errors, window=224, image_size=384, photograph=photograph)",
        lambda: _halo(experiments.found("vgg16")),
    ),
    "sliding-faces": Declared(
        "cx.compare(model, image, window=24).figure()",
        lambda: _comparison(experiments.found("faces")["rnet"]),
    ),
    "faces-found": Declared(
        "cx.figures.detections(boxes, scores=scores, right=right, image_size=(height, width), "
        "photograph=photograph, windows=windows, probabilities=True)",
        lambda: _detections(experiments.found("faces")["rnet"]),
    ),
    "digits-found": Declared(
        "cx.figures.detections(boxes, labels, right=right, image_size=(height, width), "
        "photograph=photograph, windows=windows)",
        lambda: _detections(experiments.found("digits")),
    ),
    "sliding-espresso": Declared(
        f'{_COMPARED}.figure(name="espresso")',
        lambda: _comparison(experiments.found("imagenet"), "espresso"),
    ),
    "classes-espresso": Declared(
        "cx.figures.top_classes(labels, scores)",
        lambda: _top_classes(experiments.found("imagenet")),
    ),
    "crops-vgg16": Declared(
        "cx.figures.crops(cx.networks.vgg16(), image_size=384, photograph=photograph)",
        lambda: _crops(experiments.found("vgg16")),
    ),
    "cost": Declared(
        "cx.figures.cost(measured=times, measured_on=day)",
        _cost,
    ),
    "cost-shares": Declared("cx.figures.cost_shares()"),
}
_FIELDS = {
    "field-stack": Declared(
        "cx.figures.receptive_field(cx.trace(model, (1, 16, 16)))",
        lambda: figures.receptive_field(stack()),
    ),
    "field-padded": Declared(
        "cx.figures.receptive_field(cx.trace(padded, (1, 16, 16)), unit=(0, 0))",
        lambda: figures.receptive_field(padded_stack(), unit=(0, 0)),
    ),
    "field-vgg16-224": Declared(f"cx.figures.receptive_field({_VGG16})"),
}
_YOURS = {
    "volumes-residual": Declared(
        "cx.figures.volumes(cx.trace(model, (3, 32, 32)))", lambda: figures.volumes(_own_module())
    ),
    "errors-residual": Declared(
        "cx.figures.error_map(compared.errors, image_size=48, window=32, stride=2)",
        lambda: _residual_errors(),  # noqa: PLW0108  # it stands below
    ),
    "cam-espresso": Declared(
        "cx.figures.placed(cam, image_size=384, window=1, stride=32, photograph=photograph, "
        'name="espresso, CAM")',
        lambda: _activation("activation", "espresso, CAM"),
    ),
    "grad-cam-espresso": Declared(
        "cx.figures.placed(grad_cam, image_size=384, window=1, stride=32, "
        'photograph=photograph, name="espresso, Grad-CAM")',
        lambda: _activation("grad_cam", "espresso, Grad-CAM"),
    ),
    "scores-espresso": Declared(
        "cx.figures.placed(scores, image_size=384, window=224, stride=32, "
        'photograph=photograph, name="espresso")',
        lambda: _activation("windows", "espresso", 224),
    ),
}

GALLERIES = {
    "windows": _WINDOWS,
    "dense": _DENSE,
    "folded": {**_FOLDED, **_DENSE_AND_CONVOLUTION},
    "sliding": _SLIDING,
    "fields": _FIELDS,
    "yours": _YOURS,
}
"""The figures by what they are about."""

FIGURES: Mapping[str, Declared] = {
    **_WINDOWS,
    **_DENSE,
    **_FOLDED,
    **_DENSE_AND_CONVOLUTION,
    **_SLIDING,
    **_FIELDS,
    **_YOURS,
}
"""What makes each figure."""


def window(name: str) -> tuple[Convolution | Transposed, int]:
    """Return the window of a sliding-window figure, and its input size, which prose tells too.

    Args:
        name: The figure.
    """
    call = ast.parse(FIGURES[name].python, mode="eval").body
    assert isinstance(call, ast.Call)
    (size,) = map(ast.literal_eval, call.args)
    given = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
    given.pop("numbers", None)
    kind = given.pop("operation", "convolution")
    if kind == "transposed_convolution":
        return axis.transposed(**given), size
    return (axis.convolution if kind == "convolution" else axis.pooling)(**given), size


def _volumes(program: Program) -> Figure:
    """Draw a network as far as it runs."""
    trace = program.explanation().trace
    assert trace is not None
    return figures.volumes(trace)


def _halo(found: Found) -> Figure:
    errors = {int(halo): error for halo, error in found["halos"].items()}
    sizes: dict[str, Any] = {name: tuple(found[name]) for name in ("window", "image_size")}
    return figures.halo(errors, **sizes, photograph=b64decode(found["photograph"]))


def _reach(found: Found) -> Figure:
    return figures.padding_reach(reach=found["reach"], errors=found["errors"], **_windows(found))


def _field(found: Found) -> Figure:
    sizes = {"image_size": tuple(found["image_size"]), "window": tuple(found["window"])}
    vgg16 = api.trace(networks.vgg16())
    return figures.receptive_field(vgg16, photograph=b64decode(found["photograph"]), **sizes)


def _crops(found: Found) -> Figure:
    size, photograph = tuple(found["image_size"]), b64decode(found["photograph"])
    return figures.crops(networks.vgg16(), size, photograph=photograph)


def _error_map(found: Found) -> Figure:
    return figures.error_map(found["errors"], **_windows(found), **_errors(found))


def _comparison(found: Found, name: str | None = None) -> Figure:
    maps = (found[key] for key in ("sliding", "one_pass", "errors"))
    given = {**_windows(found), **_errors(found)}
    return figures.comparison(*maps, **given, name=name, probabilities=True)


def _placed(found: Found, name: str) -> Figure:
    return figures.placed(found["one_pass"], **_windows(found), name=name, probabilities=True)


def _activation(name: str, called: str, window: int = 1) -> Figure:
    """Draw a map of the espresso; what sees the whole image is placed about its middle pixel."""
    found = experiments.found("activation")
    return figures.placed(
        found[name],
        image_size=tuple(found["image_size"]),
        window=window,
        stride=32,
        photograph=b64decode(found["photograph"]),
        name=called,
    )


def _residual_errors() -> Figure:
    compared = yours_compared()
    return figures.error_map(
        compared.errors,
        image_size=compared.image_size,
        window=compared.window,
        stride=compared.stride,
        exact=compared.exact,
        rounding=compared.rounding,
    )


@cache
def yours_compared() -> Comparison:
    """Return what the chapter on the reader's own network compares."""
    found: Comparison = Printed(YOURS_COMPARED, YOURS_BEFORE).scope()["compared"]
    return found


def _top_classes(found: Found) -> Figure:
    highest = found["highest"]["sliding"]
    maps = highest["labels"], highest["scores"]
    return figures.top_classes(*maps, **_windows(found), probabilities=True)


def _detections(found: Found) -> Figure:
    """Draw what one pass finds: digits, or faces."""
    seen = found["found_windows"]
    return figures.detections(
        seen["boxes"],
        seen.get("labels"),
        seen.get("scores"),
        seen.get("right"),
        image_size=tuple(found["image_size"]),
        photograph=b64decode(seen["photograph"]),
        # Only faces have scores, and need to be told what they are.
        name=text("figure.detections.face") if "scores" in seen else None,
        windows=seen["windows"],
        probabilities="scores" in seen,
    )


def _width(found: Found) -> Figure:
    results = {int(units): each for units, each in found["accuracies"].items()}
    return figures.width(results)


def _windows(found: Found) -> dict[str, Any]:
    sizes = {name: tuple(found[name]) for name in ("image_size", "window", "stride")}
    return {**sizes, "photograph": b64decode(found["photograph"])}


def _errors(found: Found) -> dict[str, Any]:
    return {"exact": found["exact"], "rounding": found["rounding"]}


# The network of the first page, whose text a test compares with the page's.
OWN_NETWORK = """
nn.Sequential(
    nn.Conv2d(3, 16, 5, stride=2),
    nn.ReLU(),
    nn.MaxPool2d(3, stride=2),
    nn.Flatten(),
    nn.Linear(16 * 14 * 14, 10),
)
"""

# The module of the first page, compared in the same way.
OWN_MODULE = """
from torch import nn
from torch.nn import functional as F


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
"""

# The way through that module without its branch, which the playground reads.
OWN_PLAIN = """
nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 16, 3, padding=1),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * 16 * 16, 10),
)
"""


def _own_module() -> Trace:
    scope: dict[str, Any] = {}
    exec(OWN_MODULE, scope)  # noqa: S102  # our own text
    return api.trace(scope["Residual"](), (3, 32, 32))


# The programs of the page about receptive fields, compared with the page's own.
STACK = """
from collections import OrderedDict

from torch import nn

import cnnexplain as cx

layers = OrderedDict(
    conv1=nn.Conv2d(1, 1, 5),
    pool1=nn.MaxPool2d(2),
    conv2=nn.Conv2d(1, 1, 3),
)
model = nn.Sequential(layers)
trace = cx.trace(model, (1, 16, 16))
print(trace["conv2"].receptive_field)
"""
UNET = """
import torch
from torch import nn

import cnnexplain as cx


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, x):
        y = self.up(self.conv(self.pool(x)))
        return torch.cat([x, y], 1)


trace = cx.trace(Net(), (1, 16, 16))
print(trace["cat"].receptive_field)
for unit in (8, 9):
    print(trace.receptive_field("cat", unit=(unit, unit)).intervals)
"""


def _traced(program: str) -> Trace:
    """Run a program of ours up to its trace, and return that."""
    scope: dict[str, Any] = {}
    exec(program.split("\nprint(", maxsplit=1)[0], scope)  # noqa: S102  # our own text
    found: Trace = scope["trace"]
    return found


def stack() -> Trace:
    """Return the trace of the three layers whose receptive field grows."""
    return _traced(STACK)


def padded_stack() -> Trace:
    """Return the trace of the same layers with the padding that keeps the size."""
    program = STACK.replace("1, 5)", "1, 5, padding=2)").replace("1, 3)", "1, 3, padding=1)")
    return _traced(program)


def unet() -> Trace:
    """Return the trace of a network whose units see differently much."""
    return _traced(UNET)


TABLES: Mapping[str, Callable[[], Trace]] = {
    "own-network": lambda: api.trace(OWN_NETWORK, (3, 64, 64)),
    "own-module": _own_module,
    "own-plain": lambda: api.trace(OWN_PLAIN, (3, 32, 32)),
    "alexnet-paper": lambda: api.trace(networks.alexnet("paper")),
    "alexnet-ungrouped": lambda: api.trace(networks.alexnet("ungrouped")),
    "alexnet-torchvision": lambda: api.trace(networks.alexnet("torchvision")),
    "stack": stack,
}
"""What makes each trace, by the table's name."""

# Torchvision's AlexNet, as it was before an adaptive pooling stood in it.
_WITHOUT_POOLING = """\
from collections import OrderedDict

import torch
from torch import nn

import cnnexplain as cx


class AlexNet(nn.Sequential):
    pass


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
model = AlexNet(layers)
model(torch.rand(1, 3, 384, 384))
"""
_UNFLATTENED = """\
import torch
from torch import nn

import cnnexplain as cx

model = nn.Sequential(
    nn.Conv2d(3, 16, 5),
    nn.MaxPool2d(2),
    nn.Linear(16 * 5 * 5, 10),
)
model(torch.rand(1, 3, 14, 14))
"""
_GREY = """\
import torch
from torch import nn

import cnnexplain as cx

model = nn.Sequential(nn.Conv2d(3, 8, 3))
model(torch.rand(1, 1, 28, 28))
"""
_SMALL = """\
import torch
from torch import nn

import cnnexplain as cx

model = nn.Sequential(
    nn.Conv2d(1, 6, 5),
    nn.MaxPool2d(2),
    nn.Conv2d(6, 16, 5),
)
model(torch.rand(1, 1, 10, 10))
"""
_SKIP = """\
import torch
from torch import nn

import cnnexplain as cx


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, x):
        y = self.pool(x)
        y = self.up(y)
        return torch.cat([x, y], 1)


model = Net()
model(torch.rand(1, 8, 33, 33))
"""
_RESIDUAL = """\
import torch
from torch import nn

import cnnexplain as cx


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3)

    def forward(self, x):
        y = self.conv(x)
        return x + y


model = Net()
model(torch.rand(1, 8, 32, 32))
"""
_VIEW = """\
import torch
from torch import nn

import cnnexplain as cx


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5)
        self.fc = nn.Linear(16 * 5 * 5, 10)

    def forward(self, x):
        x = self.conv(x)
        x = x.view(-1, 16 * 5 * 5)
        return self.fc(x)


model = Net()
model(torch.rand(1, 1, 8, 8))
"""

# What the chapter on the reader's own network runs, piece by piece.
YOURS_BEFORE = f"""\
import torch
{OWN_MODULE.lstrip()}

_ = torch.manual_seed(0)
model = Residual().eval()
"""
YOURS_COMPARED = """\
image = torch.rand(3, 48, 48)
compared = cx.compare(model, image, window=32, device="cpu")
"""
_ATTENTION = """\
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 64, 16, stride=16)
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x, _ = self.attention(x, x, x)
        return self.fc(x.mean(1))
"""

OWN_EXPLAINED = Program(
    "cx.explain(model, (3, 48, 48))",
    OWN_MODULE.lstrip() + "\n\nmodel = Residual().eval()\n",
    fails=False,
)

OUTPUTS: Mapping[str, Callable[[], Table]] = {
    "fields-stack": lambda: Printed(STACK),
    "fields-unet": lambda: Printed(UNET),
    "yours-explain": OWN_EXPLAINED.explanation,
    "yours-convert": lambda: Printed(
        "print(cx.fully_convolutional(model, (3, 32, 32)))\n", YOURS_BEFORE, spoken=True, folds=True
    ),
    "yours-compare": lambda: Printed(
        YOURS_COMPARED
        + 'print(sum(map(sum, compared.exact)), "of", compared.errors.numel())\n'
        + 'print(f"{compared.errors.min():.3f} to {compared.maximum:.3f}")\n'
        + 'print(f"{compared.mac_ratio:.1f} times")\n',
        YOURS_BEFORE,
    ),
    "yours-context": lambda: Printed(
        "halo = compared.conversion.exactness.halo\n"
        "print(halo)\n"
        'surrounded = cx.compare(model, image, window=32, context=halo, device="cpu")\n'
        "print(surrounded.maximum < surrounded.rounding)\n",
        YOURS_BEFORE + YOURS_COMPARED,
    ),
    "yours-table": lambda: Command(
        "cnnexplain table model.py:Residual --input 3x32x32"
        " --columns name,input_shapes,output_shape,touched",
        OWN_MODULE.lstrip(),
    ),
    "yours-message": lambda: Command(
        'cnnexplain explain --message "mat1 and mat2 shapes cannot be multiplied'
        ' (1x9216 and 4096x10)"',
        status=1,
        folds=True,
    ),
    "yours-markdown": lambda: Printed(
        'columns = ["name", "output_shape", "parameters"]\n'
        "print(cx.trace(model, (3, 32, 32)).to_markdown(columns=columns))\n",
        YOURS_BEFORE,
        spoken=True,
    ),
    "yours-refused": lambda: Printed(
        _ATTENTION
        + "\n\ntry:\n"
        + "    cx.fully_convolutional(Attention().eval(), (3, 64, 64))\n"
        + "except cx.ConversionError as error:\n"
        + "    print(error)\n",
        YOURS_BEFORE,
        folds=True,
    ),
}
"""What programs and commands of the pages print, by the name of the block."""

EXPLANATIONS: Mapping[str, Program] = {
    "alexnet-384": Program("cx.explain(model, (3, 384, 384))", _WITHOUT_POOLING),
    "adaptive-384": Program(
        'cx.explain(cx.networks.alexnet("torchvision"), (3, 384, 384))', fails=False
    ),
    "mat1-and-mat2": Program("cx.explain(model, (3, 14, 14))", _UNFLATTENED),
    "channels": Program("cx.explain(model, (1, 28, 28))", _GREY),
    "kernel-size": Program("cx.explain(model, (1, 10, 10))", _SMALL),
    "sizes-of-tensors": Program("cx.explain(model, (8, 33, 33))", _SKIP),
    "tensor-a": Program("cx.explain(model, (8, 32, 32))", _RESIDUAL),
    "invalid-shape": Program("cx.explain(model, (1, 8, 8))", _VIEW),
    "silent-view": Program(
        "cx.explain(model, (1, 14, 14))",
        _VIEW.replace(
            "model(torch.rand(1, 1, 8, 8))", "print(model(torch.rand(1, 1, 14, 14)).shape)"
        ),
        fails=False,
    ),
}
"""What makes each explanation, by the name of its block."""


def _written(program: str) -> str:
    """Return the text of the network in a program of the pages."""
    return program.split("model = ")[1].split("\nmodel(", maxsplit=1)[0]


_BEFORE_POOLING = next(each for each in PRESETS if each.id == "alexnet-384")

PLAYED: Mapping[str, Mapping[str, str]] = {
    "tables/own-network": links.network(OWN_NETWORK, (3, 64, 64)),
    "tables/own-plain": links.network(OWN_PLAIN, (3, 32, 32)),
    "tables/alexnet-paper": links.network(networks.code("alexnet_paper"), (3, 227, 227)),
    "tables/alexnet-ungrouped": links.network(networks.code("alexnet_ungrouped"), (3, 227, 227)),
    "tables/alexnet-torchvision": links.network(
        networks.code("alexnet_torchvision"), (3, 224, 224)
    ),
    "explanations/alexnet-384": _BEFORE_POOLING.state,
    "explanations/adaptive-384": links.network(networks.code("alexnet_torchvision"), (3, 384, 384)),
    "explanations/mat1-and-mat2": links.network(_written(_UNFLATTENED), (3, 14, 14)),
    "explanations/channels": links.network(_written(_GREY), (1, 28, 28)),
    "explanations/kernel-size": links.network(_written(_SMALL), (1, 10, 10)),
}
"""What the playground shows of the networks above, by their tables and explanations."""
