"""Figures of how networks work, in every language, from their parameters: some of them move."""

from cnnexplain.figures.cost_curve import cost
from cnnexplain.figures.figure import Figure, site_script, site_style
from cnnexplain.figures.halo_sweep import halo
from cnnexplain.figures.heatmaps import comparison, error_map
from cnnexplain.figures.share_bars import cost_shares
from cnnexplain.figures.sliding_window import stride
from cnnexplain.figures.stretching import placed
from cnnexplain.figures.width_curve import width

__all__ = [
    "Figure",
    "comparison",
    "cost",
    "cost_shares",
    "error_map",
    "halo",
    "placed",
    "site_script",
    "site_style",
    "stride",
    "width",
]
