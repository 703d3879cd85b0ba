"""LeNet-5, for 1×32×32 inputs."""

from collections import OrderedDict

from torch import nn

model = nn.Sequential(
    OrderedDict(
        [
            ("conv1", nn.Conv2d(1, 6, kernel_size=5)),
            ("tanh1", nn.Tanh()),
            ("pool2", nn.AvgPool2d(2)),
            ("conv3", nn.Conv2d(6, 16, kernel_size=5)),
            ("tanh3", nn.Tanh()),
            ("pool4", nn.AvgPool2d(2)),
            ("flatten", nn.Flatten()),
            ("fc5", nn.Linear(16 * 5 * 5, 120)),
            ("tanh5", nn.Tanh()),
            ("fc6", nn.Linear(120, 84)),
            ("tanh6", nn.Tanh()),
            ("fc7", nn.Linear(84, 10)),
        ]
    )
)
