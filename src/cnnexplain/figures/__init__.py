"""Figures of how a network's layers work: each moves, in every language, from its parameters."""

from cnnexplain.figures.figure import Figure, site_script, site_style
from cnnexplain.figures.sliding_window import stride

__all__ = ["Figure", "site_script", "site_style", "stride"]
