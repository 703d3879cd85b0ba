"""The playground: what a page tells of a reader's own window or network, in the reader's browser.

The page runs these modules themselves, so that nothing is computed in two ways.
"""

from cnnexplain.playground.answers import answer
from cnnexplain.playground.page import page
from cnnexplain.playground.presets import PRESETS, Preset
from cnnexplain.playground.state import DEFAULTS, query

__all__ = ["DEFAULTS", "PRESETS", "Preset", "answer", "page", "query"]
