"""What differs between two traces, and rows merged into modules."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cnnexplain as cx
from cnnexplain.difference import COMPARED
from cnnexplain.errors import ArgumentError
from cnnexplain.graph import Network, chain
from cnnexplain.languages import LANGUAGES
from cnnexplain.operations import make
from cnnexplain.table import value

ALEXNET = cx.trace(cx.networks.alexnet())
GOLDEN = Path(__file__).parent / "golden" / "difference.txt"


def traced(*names: str, kind: str = "ReLU", size: int = 4) -> cx.Trace:
    """Return the trace of layers of one kind with these names."""
    nodes = chain([(name, make(kind, [], {})) for name in names])
    return cx.trace(Network(nodes, "net"), (3, size, size))


def test_nothing_differs_from_itself() -> None:
    same = ALEXNET.diff(cx.trace(cx.networks.alexnet()))
    assert not same
    assert same.changed == ()
    assert len(same.rows) == len(ALEXNET.rows)
    assert repr(same) == "AlexNet (paper), input 3×227×227\nNo difference."
    assert same.to_markdown("fr") == "Aucune différence."
    assert same.to_html("ja").endswith("<p>違いはありません。</p>")
    assert same == ALEXNET.diff(ALEXNET)


def test_groups_show_as_operations_parameters_and_macs_alone() -> None:
    groups = ALEXNET.diff(cx.trace(cx.networks.alexnet("ungrouped")))
    assert groups
    lines = groups.to_markdown("en").splitlines()
    assert lines[0] == "| Layer | Operation | Parameters | MACs |"
    assert [re.split(r" \| ", line)[0] for line in lines[2:]] == [
        "| conv2",
        "| conv4",
        "| conv5",
        "| Total",
    ]
    assert lines[2].endswith("| 307,456 → 614,656 | 223,948,800 → 447,897,600 |")
    assert "| 60,965,224 → 62,378,344 (+1,413,120) |" in lines[-1]


def test_a_smaller_input_changes_sizes_and_not_parameters() -> None:
    unpadded = cx.networks.vgg16(padded=False)
    nodes = unpadded.nodes[:-7]  # without the dense layers, which take one size
    small, large = (
        cx.trace(replace(unpadded, nodes=nodes), (3, size, size)) for size in (224, 256)
    )
    sizes = large.diff(small)
    text = sizes.to_text()
    assert "64×254×254 → 64×222×222" in text
    assert "Parameters" not in text
    assert "MACs" in text
    assert len(sizes.changed) == len(nodes) - 1 + (large["flatten"] != small["flatten"])


def test_padding_changes_every_row_behind_it() -> None:
    padding = cx.trace(cx.networks.vgg16()).diff(cx.trace(cx.networks.vgg16(padded=False)))
    assert len(padding.changed) == len(padding.rows) == len(cx.networks.vgg16().nodes)
    assert all(change.before and change.after for change in padding.rows)
    assert "404 → 212" in padding.to_text()


def test_a_layer_that_renames_all_that_follow_is_one_addition() -> None:
    text = "nn.Sequential(nn.ReLU(), {}nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 5))"
    before = cx.trace(text.format(""), (3, 4, 4))
    after = cx.trace(text.format("nn.Tanh(), "), (3, 4, 4))
    changes = before.diff(after)
    assert [(c.before and c.before.name, c.after and c.after.name) for c in changes.rows] == [
        ("0", "0"),
        (None, "1"),
        ("1", "2"),
        ("2", "3"),
        ("3", "4"),
    ]
    lines = changes.to_markdown("en").splitlines()
    assert lines[2].startswith("| 1 (added) | Tanh() | 3×4×4 |")
    assert lines[3].startswith("| 1 → 2 |  |  |")
    removed = after.diff(before).to_markdown("fr").splitlines()
    assert removed[2].startswith("| 1 (supprimée) | Tanh() | 3×4×4 |")


def test_names_that_stay_count_where_operations_do_not() -> None:
    changes = traced("a", "b", kind="ReLU").diff(traced("a", "b", kind="Tanh"))
    assert [c.before and c.before.name for c in changes.rows] == ["a", "b"]
    assert changes.to_markdown("en").splitlines()[0] == "| Layer | Operation |"


def test_bytes_that_round_to_the_same_are_told_apart() -> None:
    small, large = traced("a", size=1000), traced("a")
    large = replace(large, rows=(replace(small.rows[0], memory=small.memory + 4),))
    assert "12,000,000 B → 12,000,004 B" in small.diff(large).to_text()


def test_columns_are_chosen_and_the_name_stays() -> None:
    groups = ALEXNET.diff(cx.trace(cx.networks.alexnet("ungrouped")))
    assert groups.to_markdown("en", ["macs"]).splitlines()[0] == "| Layer | MACs |"
    assert groups.to_text("en", ["macs", "name"]).splitlines()[1].split() == ["Layer", "MACs"]
    with pytest.raises(ArgumentError, match="columns among"):
        groups.to_html(columns=["nothing"])
    with pytest.raises(ArgumentError, match="one of the languages"):
        groups.to_text("de")


def test_repr_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = ALEXNET.diff(cx.trace(cx.networks.alexnet("ungrouped")))
    monkeypatch.setenv("COLUMNS", "70")
    assert max(map(len, repr(groups).splitlines())) <= 70
    monkeypatch.delenv("COLUMNS")
    assert repr(groups) == groups.to_text()
    assert groups._repr_html_() == groups.to_html()


@pytest.mark.parametrize("other", [None, 3, "AlexNet", ALEXNET.rows])
def test_only_a_trace_differs(other: Any) -> None:
    with pytest.raises(ArgumentError, match="another trace"):
        ALEXNET.diff(other)


NAMES = st.lists(st.sampled_from("abcdef"), max_size=6, unique=True)


@given(NAMES, NAMES)
def test_every_row_is_in_the_difference_once_and_in_order(
    before: list[str], after: list[str]
) -> None:
    one, two = traced("first", *before), traced("first", *after, kind="Tanh")
    changes = one.diff(two).rows
    assert [change.before for change in changes if change.before] == list(one.rows)
    assert [change.after for change in changes if change.after] == list(two.rows)


def golden() -> str:
    layers = [
        '("conv", nn.Conv2d(3, 8, 3, padding=1))',
        '("relu", nn.ReLU())',
        '("pool", nn.MaxPool2d(2))',
    ]
    others = ['("conv", nn.Conv2d(3, 8, 3))', '("norm", nn.BatchNorm2d(8))', layers[2]]
    before, after = (
        cx.trace(f"nn.Sequential(OrderedDict([{', '.join(each)}]))", (3, 8, 8))
        for each in (layers, others)
    )
    change = before.diff(after)
    columns = ["operation", "output_shape", "parameters", "macs", "receptive_field"]
    return "\n".join(change.to_text(code, columns) for code in LANGUAGES) + "\n"


def test_the_difference_is_the_golden_one() -> None:
    assert golden() == GOLDEN.read_bytes().decode()


# --- Rows merged into modules ---


NESTED = """nn.Sequential(OrderedDict([
    ("features", nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2)),
    )),
    ("flatten", nn.Flatten()),
    ("head", nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))),
]))"""
WHOLE = cx.trace(NESTED, (3, 9, 9))


def test_modules_stand_for_what_they_hold() -> None:
    blocks = WHOLE.collapsed(1)
    assert [row.name for row in blocks.rows] == ["features", "flatten", "head"]
    assert [str(row.operation) for row in blocks.rows] == ["Sequential", "Flatten()", "Sequential"]
    features = blocks["features"]
    assert features.input_shape == (1, 3, 9, 9)
    assert features.output_shape == (1, 8, 1, 1)
    assert features.formula is None
    last = WHOLE["features.1.2"]
    assert features.receptive_field == last.receptive_field
    assert features.node == last.node == 5
    assert blocks.receptive_field("features") == WHOLE.receptive_field("features.1.2")
    # The first pooling leaves one row and one column unread, and none after it does.
    assert features.unread == (1, 1)
    assert blocks["flatten"] == WHOLE["flatten"]
    assert "unread inputs: 1" in blocks.to_text("en", ["name", "marks"])
    assert "Sequential     8×1×1  –" in re.sub(r" {5,}", " " * 5, blocks.to_text())


@pytest.mark.parametrize("depth", range(1, 6))
def test_totals_stay_at_every_depth(depth: int) -> None:
    merged = WHOLE.collapsed(depth)
    assert merged.parameters == WHOLE.parameters
    assert merged.macs == WHOLE.macs
    assert merged.memory == WHOLE.memory
    for above, below in pairwise(merged.rows):
        assert below.input_shape == above.output_shape
    names = [row.name for row in merged.rows]
    assert len(set(names)) == len(names)
    assert max(name.count(".") for name in names) < depth
    if depth > 2:
        assert merged == WHOLE


def test_a_modules_class_comes_from_the_network() -> None:
    network = replace(WHOLE.network, modules={"features": "Backbone"})
    merged = replace(WHOLE, network=network).collapsed(1)
    assert [str(row.operation) for row in merged.rows][::2] == ["Backbone", "Sequential"]


def test_a_module_that_comes_again_has_a_name_of_its_own() -> None:
    names = ["a.x", "a.y", "b", "a.x:2", "c", "a:2", "d.x", "a.y:2"]
    merged = traced(*names).collapsed(1)
    assert [row.name for row in merged.rows] == ["a", "b", "a:3", "c", "a:2", "d", "a:4"]
    assert [row.node for row in merged.rows] == [1, 2, 3, 4, 5, 6, 7]


def test_what_torch_found_marks_the_whole_module() -> None:
    rows = traced("a.x", "a.y", "a.z").rows
    rows = (rows[0], replace(rows[1], origin="run"), replace(rows[2], origin="meta"))
    trace = replace(traced("a.x", "a.y", "a.z"), rows=rows)
    (merged,) = trace.collapsed(1).rows
    assert merged.origin == "run"
    assert "real run" in trace.collapsed(1).to_text()


@pytest.mark.parametrize("depth", [0, -1, "1", 1.5, None])
def test_a_depth_is_a_positive_integer(depth: Any) -> None:
    with pytest.raises(ArgumentError, match="depth as an integer of at least 1"):
        WHOLE.collapsed(depth)


def test_merged_traces_differ_like_others() -> None:
    groups = cx.trace(cx.networks.alexnet("ungrouped")).collapsed(1)
    assert len(ALEXNET.collapsed(1).diff(groups).changed) == 3
    assert all(value(row, each) is not ... for row in groups.rows for each in COMPARED)


if __name__ == "__main__":  # writes the golden file, which is then to be read
    GOLDEN.write_bytes(golden().encode())
