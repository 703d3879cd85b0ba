"""Plots: what matplotlib's artists hold is what the engine computes; never pixels."""

from __future__ import annotations

import io
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

import cnnexplain as cx
from cnnexplain import plots, savings
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError
from cnnexplain.figures.svg import PALETTE
from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.axes import Axes

    from cnnexplain.graph import Row

SCORES = [[0.1 * (row + column) for column in range(6)] for row in range(6)]
ERRORS = [[0.2, 0.27], [0.3, 3e-16]]
WIDTHS = {1: [0.2, 0.26, 0.22], 16: [0.96, 0.97, 0.95], 4096: [0.99, 0.98, 0.99]}
HALOS = {0: 0.30, 32: 0.12, 64: 0.016, 96: 3e-16}
TIMES = [("VGG-16", 384, 10.516), ("VGG-16", 512, 15.837)]
SMALL: dict[str, Any] = {"image_size": 256, "window": 224, "stride": 32}

PLOTS: dict[str, Callable[..., Axes]] = {
    "heatmap": partial(plots.heatmap, SCORES),
    "error_map": partial(plots.error_map, ERRORS, exact=[[False, False], [False, True]], **SMALL),
    "halo": partial(plots.halo, HALOS),
    "cost": partial(plots.cost, measured=TIMES, measured_on="2026-11-25"),
    "width": partial(plots.width, WIDTHS),
    "receptive_field": partial(plots.receptive_field, cx.trace(cx.networks.alexnet())),
}
every_plot = pytest.mark.parametrize("draw", PLOTS.values(), ids=PLOTS)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Draw into memory, and close what was opened."""
    with mpl.rc_context():
        plt.switch_backend("Agg")
        yield
        plt.close("all")


@pytest.fixture
def ax() -> Axes:
    return Figure(layout="constrained").subplots()


def drawn(ax: Axes) -> list[Any]:
    """The lines; matplotlib types what their getters return as all that setters take."""
    return list(ax.get_lines())


def images(ax: Axes) -> list[Any]:
    """The images, for the same reason."""
    return list(ax.get_images())


def lines(ax: Axes) -> dict[str, tuple[list[int], list[float]]]:
    """The data of each line by its label."""
    found = {}
    for each in drawn(ax):
        across, up = each.get_data()
        found[each.get_label()] = list(across), list(up)
    return found


def whole(ax: Axes) -> Figure:
    assert isinstance(ax.figure, Figure)
    return ax.figure


def words(ax: Axes) -> list[str]:
    found = [each.get_text() for each in ax.figure.findobj(Text)]
    return [each for each in found if each]


def window_centres(image: int, window: int, stride: int) -> list[float]:
    """Where windows lie, by torch: the mean of the centres of their pixels."""
    pixels = torch.arange(image, dtype=torch.float64) + 0.5
    return pixels.unfold(0, window, stride).mean(1).tolist()


# --- Maps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "window", "stride"),
    [((384, 384), (224, 224), (32, 32)), ((130, 200), (64, 96), (33, 13))],
)
def test_each_cell_lies_about_the_centre_of_its_window(
    ax: Axes, image: tuple[int, int], window: tuple[int, int], stride: tuple[int, int]
) -> None:
    rows, columns = (window_centres(*each) for each in zip(image, window, stride, strict=True))
    scores = np.random.default_rng(0).random((len(rows), len(columns)))
    plots.heatmap(scores, image_size=image, window=window, stride=stride, ax=ax)
    (shown,) = images(ax)
    left, right, bottom, top = shown.get_extent()
    assert np.array_equal(shown.get_array(), scores)
    width, height = (right - left) / len(columns), (bottom - top) / len(rows)
    assert (height, width) == pytest.approx(stride)
    centres = [left + (at + 0.5) * width for at in range(len(columns))]
    assert centres == pytest.approx(columns)
    assert [top + (at + 0.5) * height for at in range(len(rows))] == pytest.approx(rows)
    assert ax.get_xlim() == (0, image[1])
    assert ax.get_ylim() == (image[0], 0)


def test_nothing_is_said_of_what_lies_between_windows(ax: Axes) -> None:
    scores = [[0.1, 0.2, 0.9], [0.3, 0.4, 0.5]]
    plots.heatmap(scores, image_size=(100, 170), window=(40, 50), stride=(60, 55), ax=ax)
    (mesh,) = (each for each in ax.collections if each.get_array() is not None)
    values: Any = mesh.get_array()
    assert values[::2, ::2].tolist() == scores
    assert values[1].mask.all()
    assert values[:, 1].mask.all()
    assert isinstance(mesh, QuadMesh)
    edges: Any = mesh.get_coordinates()
    assert edges[:, 0, 1].tolist() == [0, 40, 60, 100]
    assert edges[0, :, 0].tolist() == [0, 50, 55, 105, 110, 160]


@pytest.mark.parametrize("as_torch", [True, False])
def test_the_image_lies_under_the_map_in_its_own_pixels(ax: Axes, as_torch: bool) -> None:
    image = torch.rand(3, 96, 96, generator=torch.Generator().manual_seed(0))
    given = image if as_torch else image.permute(1, 2, 0).numpy()
    plots.heatmap(SCORES, given, ax=ax)
    photograph, shown = images(ax)
    assert list(photograph.get_extent()) == [0, 384, 384, 0]
    assert np.allclose(photograph.get_array(), image.permute(1, 2, 0))
    assert shown.get_alpha() < 1


def test_colours_are_those_of_the_figures(ax: Axes) -> None:
    plots.heatmap([[0.0, 1.0]], image_size=(224, 256), ax=ax)
    colours = ax.get_images()[0].get_cmap()
    assert [to_hex(colours(at)) for at in (0.0, 1.0)] == [
        PALETTE["paper"][0],
        PALETTE["score-full"][0],
    ]
    middle = [int(PALETTE["score"][0][at : at + 2], 16) / 255 for at in (1, 3, 5)]
    assert colours(0.5)[:3] == pytest.approx(middle, abs=0.01)


def test_errors_are_hatched_and_exact_cells_outlined(ax: Axes) -> None:
    PLOTS["error_map"](ax=ax)
    (shown,) = images(ax)
    assert shown.get_array().mask.tolist() == [[False, False], [False, True]]
    boxes = [each for each in ax.patches if isinstance(each, Rectangle)]
    hatched = {each.get_xy() for each in boxes if each.get_hatch()}
    assert hatched == {(96, 96), (128, 96), (96, 128)}
    (outlined,) = (each for each in boxes if not each.get_hatch())
    assert (*outlined.get_xy(), outlined.get_width(), outlined.get_height()) == (128, 128, 32, 32)
    assert to_hex(outlined.get_edgecolor()) == PALETTE["output-ink"][0]
    assert [each.get_text() for each in ax.texts] == ["20", "27", "30", "0"]
    assert [each.get_position() for each in ax.texts][1] == (144, 112)


def test_errors_that_spread_have_a_logarithmic_scale(ax: Axes) -> None:
    plots.error_map([[0.0003, 0.3], [0.1, 0.0]], **SMALL, ax=ax)
    norm = ax.get_images()[0].norm
    assert isinstance(norm, LogNorm)
    assert (norm.vmin, norm.vmax) == pytest.approx((1e-4, 1))


def test_nothing_but_rounding_has_no_colours(ax: Axes) -> None:
    plots.error_map([[1e-16] * 2] * 2, **SMALL, ax=ax)
    assert list(ax.get_images()) == []
    assert not any(each.get_hatch() for each in ax.patches)


def test_the_bar_can_be_left_out(ax: Axes) -> None:
    plots.heatmap(SCORES, ax=ax, colorbar=False)
    assert ax.figure.axes == [ax]
    plots.heatmap(SCORES, ax=ax)
    assert len(ax.figure.axes) == 2


# --- Curves -------------------------------------------------------------------------------------


def test_errors_by_context(ax: Axes) -> None:
    PLOTS["halo"](ax=ax)
    real, equal = drawn(ax)
    assert list(zip(*real.get_data(), strict=True)) == [(0, 0.30), (32, 0.12), (64, 0.016)]
    assert list(equal.get_xdata()) == [96]
    # What is rounding lies below all numbers of the axis.
    assert equal.get_ydata()[0] < min(ax.get_yticks())
    assert ax.get_yscale() == "log"
    plots.halo({0: 1e-16}, ax=ax)
    plots.halo({0: 0.5}, ax=ax)


def test_costs_are_those_of_the_engine(ax: Axes) -> None:
    PLOTS["cost"](ax=ax)
    found = lines(ax)
    for name, network in (("VGG-16", cx.networks.vgg16()), ("AlexNet", cx.networks.alexnet())):
        work = savings.work(network)
        sizes, ratios = found[name]
        assert sizes == [work.window + 32 * at for at in range(26)]
        assert ratios == pytest.approx([float(work.over(size).ratio) for size in sizes])
    assert found["VGG-16: limit 35.4"][1][0] == pytest.approx(35.415, abs=1e-3)
    assert found["AlexNet: limit 9.83"][1][0] == pytest.approx(9.825, abs=1e-3)
    assert found["VGG-16: time, measured on 25 November 2026"] == ([384, 512], [10.516, 15.837])
    first, second = (each for each in drawn(ax) if each.get_label() in {"VGG-16", "AlexNet"})
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_marker() != second.get_marker()
    assert first.get_color() == second.get_color() == PALETTE["ink"][0]


def test_accuracies_by_width(ax: Axes) -> None:
    PLOTS["width"](ax=ax)
    middle, dots = drawn(ax)
    assert list(zip(*middle.get_data(), strict=True)) == [(1, 0.22), (16, 0.96), (4096, 0.99)]
    assert sorted(zip(*dots.get_data(), strict=True)) == sorted(
        (hidden, each) for hidden, values in WIDTHS.items() for each in values
    )
    (band,) = ax.collections
    vertices: Any = band.get_paths()[0].vertices
    corners = {tuple(each) for each in vertices.round(9).tolist()}
    assert {(1, 0.2), (1, 0.26), (16, 0.95), (16, 0.97), (4096, 0.98), (4096, 0.99)} <= corners
    assert [each.get_text() for each in ax.get_xticklabels()] == ["1", "16", "4,096"]


def side(row: Row) -> int:
    assert row.receptive_field
    return row.receptive_field[0]


def test_receptive_fields_are_those_of_the_trace(ax: Axes) -> None:
    trace = cx.trace(cx.networks.alexnet())
    plots.receptive_field(trace, ax=ax)
    steps, named, picture = drawn(ax)
    assert list(steps.get_ydata()) == [side(row) for row in trace.rows]
    names = [each.get_text() for each in ax.get_xticklabels()]
    assert names[:3] == ["conv1", "pool1", "conv2"]
    assert [side(trace[name]) for name in names] == list(named.get_ydata())
    assert list(picture.get_ydata()) == [227, 227]


# --- All of them --------------------------------------------------------------------------------


@every_plot
@pytest.mark.parametrize("code", LANGUAGES)
def test_every_word_is_in_the_current_language_and_can_be_drawn(
    draw: Callable[..., Axes], code: str, ax: Axes
) -> None:
    with language(code):
        assert draw(ax=ax) is ax
    # A character without a shape is a warning, and that is an error.
    whole(ax).savefig(io.BytesIO())
    japanese = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
    assert any(map(japanese.search, words(ax))) == (code == "ja")
    assert not any("{" in each for each in words(ax))


@every_plot
def test_without_axes_there_are_new_ones_and_no_settings_change(draw: Callable[..., Axes]) -> None:
    before = dict(mpl.rcParams)
    with language("ja"):
        ax = draw()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == [whole(ax).number]
    assert draw() is not ax


@every_plot
def test_what_is_no_axes_is_refused(draw: Callable[..., Axes]) -> None:
    with pytest.raises(ArgumentError) as error:
        draw(ax=3)
    assert str(error.value).splitlines() == [
        "expected: ax as axes of matplotlib",
        "received: ax=3",
        "cure: write for example ax=plt.gca()",
    ]


@every_plot
def test_without_matplotlib_the_cure_is_told(
    draw: Callable[..., Axes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(CnnExplainError) as error:
        draw()
    first, _, last = str(error.value).splitlines()
    assert first == "expected: matplotlib, which plots"
    assert last == 'cure: pip install "cnnexplain[export]"'


WRONG: list[tuple[Callable[[], Any], type[CnnExplainError], str]] = [
    (lambda: plots.heatmap([[0.5]]), ShapeError, "scores with 6×6 cells"),
    (lambda: plots.error_map([[-1.0]], image_size=224), ArgumentError, "errors of at least 0"),
    (
        lambda: plots.error_map([[0.1]], exact=[[True, False]], image_size=224),
        ShapeError,
        "exact with 1×1 cells",
    ),
    (lambda: plots.halo({}), ArgumentError, "errors as a mapping"),
    (lambda: plots.width({}), ArgumentError, "results as a mapping"),
    (lambda: plots.cost(cast("Any", 3)), ArgumentError, "a network of cnnexplain.networks"),
    (lambda: plots.receptive_field(cast("Any", "alexnet")), ArgumentError, "a trace"),
    (
        lambda: plots.receptive_field(cx.trace("nn.Sequential(nn.Linear(3, 2))", (3,))),
        ArgumentError,
        "layers that look at a part of the picture",
    ),
]


@pytest.mark.parametrize(("make", "error", "line"), WRONG)
def test_bad_input_is_refused(
    make: Callable[[], Any], error: type[CnnExplainError], line: str
) -> None:
    with pytest.raises(error, match=f"expected: {line}"):
        make()
    assert plt.get_fignums() == []


def test_importing_the_plots_imports_no_matplotlib(fresh_python: Callable[[str], str]) -> None:
    program = "import sys, cnnexplain as cx\ncx.plots.heatmap\nprint(*sys.modules)"
    assert not {"matplotlib", "numpy", "torch"} & set(fresh_python(program).split())


def test_a_name_with_dollars_is_no_formula() -> None:
    name = r"$\frac{$" + "\ud800"
    axes = plots.cost({name: cx.networks.vgg16()})
    axes.figure.canvas.draw()
    legend = axes.get_legend()
    assert legend
    shown = [each.get_text() for each in legend.get_texts()]
    assert shown[0] == r"$\frac{$?"
    text = f"nn.Sequential(OrderedDict([({name[:-1]!r}, nn.Conv2d(3, 4, 3))]))"
    axes = plots.receptive_field(cx.trace(text, (3, 16, 16)))
    axes.figure.canvas.draw()
    assert [each.get_text() for each in axes.get_xticklabels()] == [name[:-1]]


def test_a_map_of_errors_without_a_bar_has_its_map_alone() -> None:
    with_bar, without = (
        plots.error_map(ERRORS, **SMALL, colorbar=colorbar) for colorbar in (True, False)
    )
    assert [len(each.figure.axes) for each in (with_bar, without)] == [2, 1]
    assert set(words(without)) < set(words(with_bar))


def test_fields_beside_an_input_that_is_no_picture_have_no_picture_to_end_at() -> None:
    class Two(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(1, 1, 3)

        def forward(self, features: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            made: torch.Tensor = self.conv(x)
            return made + features[:, :1, None, None]

    axes = plots.receptive_field(cx.trace(Two(), [(4,), (1, 8, 8)]))
    assert axes.get_legend() is None
    assert all(each.get_linestyle() != "--" for each in axes.get_lines())
