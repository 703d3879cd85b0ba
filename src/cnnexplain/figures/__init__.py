"""Figures of how networks work, in every language, from their parameters: some of them move."""

from cnnexplain.figures.areas import parameters
from cnnexplain.figures.class_map import top_classes
from cnnexplain.figures.cost_curve import cost
from cnnexplain.figures.crops import crops
from cnnexplain.figures.field_growth import receptive_field
from cnnexplain.figures.figure import Figure
from cnnexplain.figures.folded_layers import folding_sizes
from cnnexplain.figures.folded_rows import folding
from cnnexplain.figures.found_windows import detections
from cnnexplain.figures.fully_connected import dense
from cnnexplain.figures.halo_sweep import halo
from cnnexplain.figures.heatmaps import comparison, error_map
from cnnexplain.figures.matrix import convolution_matrix
from cnnexplain.figures.network_volumes import volumes
from cnnexplain.figures.reach import padding_reach
from cnnexplain.figures.share_bars import cost_shares
from cnnexplain.figures.sliding_window import stride
from cnnexplain.figures.stretching import placed
from cnnexplain.figures.stride_products import known_strides
from cnnexplain.figures.stride_rows import strides
from cnnexplain.figures.styles import site_script, site_style
from cnnexplain.figures.width_curve import width
from cnnexplain.figures.wiring import connections

__all__ = [
    "Figure",
    "comparison",
    "connections",
    "convolution_matrix",
    "cost",
    "cost_shares",
    "crops",
    "dense",
    "detections",
    "error_map",
    "folding",
    "folding_sizes",
    "halo",
    "known_strides",
    "padding_reach",
    "parameters",
    "placed",
    "receptive_field",
    "site_script",
    "site_style",
    "stride",
    "strides",
    "top_classes",
    "volumes",
    "width",
]
