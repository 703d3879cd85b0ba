"""The same numbers as matplotlib draws them, for slides and papers of one's own.

Each function draws on the axes that it is given, or on new ones, and returns them. Colours are
those of the figures, labels are in the current language, and no settings are changed.
"""

from cnnexplain.plots.curves import cost, halo, receptive_field, width
from cnnexplain.plots.heat import error_map, heatmap

__all__ = ["cost", "error_map", "halo", "heatmap", "receptive_field", "width"]
