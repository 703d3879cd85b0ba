"""Figures of how networks work, in every language, from their parameters: some of them move."""

from cnnexplain.figures.class_map import top_classes
from cnnexplain.figures.figure import Figure, site_script, site_style
from cnnexplain.figures.found_windows import detections
from cnnexplain.figures.halo_sweep import halo
from cnnexplain.figures.heatmaps import comparison, error_map
from cnnexplain.figures.sliding_window import stride
from cnnexplain.figures.stretching import placed

__all__ = [
    "Figure",
    "comparison",
    "detections",
    "error_map",
    "halo",
    "placed",
    "site_script",
    "site_style",
    "stride",
    "top_classes",
]
