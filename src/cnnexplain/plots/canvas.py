"""What all plots share: axes, colours, fonts, numbers on the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnexplain import raster
from cnnexplain.errors import ArgumentError, CnnExplainError, shown
from cnnexplain.figures.svg import PALETTE, clean
from cnnexplain.languages import current

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text

_CURE = 'pip install "cnnexplain[export]"'


def axes(ax: Any) -> Axes:
    """Return axes to plot on: new ones, if there are none.

    Args:
        ax: What the user gave.

    Raises:
        ArgumentError: If those are no axes.
        CnnExplainError: If matplotlib is missing.
    """
    try:
        from matplotlib.axes import Axes  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise CnnExplainError("matplotlib, which plots", str(error), _CURE) from error
    if ax is None:
        # Where there is a window or a notebook, this shows the plot in it.
        from matplotlib import pyplot  # noqa: ICN001, PLC0415

        return pyplot.subplots(layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise ArgumentError(
            "ax as axes of matplotlib", f"ax={shown(ax)}", "write for example ax=plt.gca()"
        )
    return ax


def colour(role: str) -> str:
    """Return a colour of the figures.

    Args:
        role: What it stands for.
    """
    return PALETTE[role][0]


def font() -> FontProperties:
    """Return the reader's own font, which in Japanese gets one beside it that has the characters.

    Raises:
        CnnExplainError: If that font is missing.
    """
    from matplotlib import font_manager, rcParams  # noqa: PLC0415  # an extra

    families = list(rcParams["font.family"])
    if current() == "ja":
        file = str(raster.fonts()[-1])
        known = {each.fname: each.name for each in font_manager.fontManager.ttflist}
        if file not in known:
            font_manager.fontManager.addfont(file)
            known = {each.fname: each.name for each in font_manager.fontManager.ttflist}
        families.append(known[file])
    return font_manager.FontProperties(family=families)


def named(ax: Axes, across: str, up: str) -> None:
    """Write what the axes are.

    Args:
        ax: The axes.
        across: The name of the axis across.
        up: The name of the axis up.
    """
    ax.set_xlabel(across, fontproperties=font())
    ax.set_ylabel(up, fontproperties=font())


def legend(ax: Axes) -> None:
    """Tell what lines mean, on paper, so that no other line runs through the words.

    Args:
        ax: The axes.
    """
    drawn = ax.legend(prop=font(), facecolor=colour("paper"), edgecolor="none", framealpha=0.9)
    for each in drawn.get_texts():
        _literal(each)


def ticks(axis: Axis, places: Sequence[float], texts: Sequence[str]) -> None:
    """Write numbers on an axis.

    Args:
        axis: The axis.
        places: Where they stand.
        texts: How they are written.
    """
    for each in axis.set_ticks(list(places), labels=[clean(text) for text in texts]):
        _literal(each.label1)


def _literal(text: Text) -> None:
    """Make matplotlib write a text as it is: a layer's name with dollars is no formula."""
    text.set_parse_math(False)
    text.set_text(clean(text.get_text()))
