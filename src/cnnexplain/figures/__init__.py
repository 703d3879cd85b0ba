"""Figures of how networks work, in every language, from their parameters: some of them move."""

from cnnexplain.figures.areas import parameters
from cnnexplain.figures.figure import Figure, site_script, site_style
from cnnexplain.figures.fully_connected import dense
from cnnexplain.figures.halo_sweep import halo
from cnnexplain.figures.heatmaps import comparison, error_map
from cnnexplain.figures.network_volumes import volumes
from cnnexplain.figures.sliding_window import stride
from cnnexplain.figures.stretching import placed

__all__ = [
    "Figure",
    "comparison",
    "dense",
    "error_map",
    "halo",
    "parameters",
    "placed",
    "site_script",
    "site_style",
    "stride",
    "volumes",
]
