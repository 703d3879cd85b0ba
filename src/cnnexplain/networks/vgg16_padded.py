"""VGG-16, for 3×224×224 inputs."""

from collections import OrderedDict

from torch import nn

model = nn.Sequential(
    OrderedDict(
        [
            ("conv1_1", nn.Conv2d(3, 64, kernel_size=3, padding=1)),
            ("relu1_1", nn.ReLU()),
            ("conv1_2", nn.Conv2d(64, 64, kernel_size=3, padding=1)),
            ("relu1_2", nn.ReLU()),
            ("pool1", nn.MaxPool2d(2, stride=2)),
            ("conv2_1", nn.Conv2d(64, 128, kernel_size=3, padding=1)),
            ("relu2_1", nn.ReLU()),
            ("conv2_2", nn.Conv2d(128, 128, kernel_size=3, padding=1)),
            ("relu2_2", nn.ReLU()),
            ("pool2", nn.MaxPool2d(2, stride=2)),
            ("conv3_1", nn.Conv2d(128, 256, kernel_size=3, padding=1)),
            ("relu3_1", nn.ReLU()),
            ("conv3_2", nn.Conv2d(256, 256, kernel_size=3, padding=1)),
            ("relu3_2", nn.ReLU()),
            ("conv3_3", nn.Conv2d(256, 256, kernel_size=3, padding=1)),
            ("relu3_3", nn.ReLU()),
            ("pool3", nn.MaxPool2d(2, stride=2)),
            ("conv4_1", nn.Conv2d(256, 512, kernel_size=3, padding=1)),
            ("relu4_1", nn.ReLU()),
            ("conv4_2", nn.Conv2d(512, 512, kernel_size=3, padding=1)),
            ("relu4_2", nn.ReLU()),
            ("conv4_3", nn.Conv2d(512, 512, kernel_size=3, padding=1)),
            ("relu4_3", nn.ReLU()),
            ("pool4", nn.MaxPool2d(2, stride=2)),
            ("conv5_1", nn.Conv2d(512, 512, kernel_size=3, padding=1)),
            ("relu5_1", nn.ReLU()),
            ("conv5_2", nn.Conv2d(512, 512, kernel_size=3, padding=1)),
            ("relu5_2", nn.ReLU()),
            ("conv5_3", nn.Conv2d(512, 512, kernel_size=3, padding=1)),
            ("relu5_3", nn.ReLU()),
            ("pool5", nn.MaxPool2d(2, stride=2)),
            ("flatten", nn.Flatten()),
            ("fc6", nn.Linear(512 * 7 * 7, 4096)),
            ("relu6", nn.ReLU()),
            ("drop6", nn.Dropout(0.5)),
            ("fc7", nn.Linear(4096, 4096)),
            ("relu7", nn.ReLU()),
            ("drop7", nn.Dropout(0.5)),
            ("fc8", nn.Linear(4096, 1000)),
        ]
    )
)
