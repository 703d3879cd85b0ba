"""Traces and their tables: as text, Markdown and HTML, in three languages."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnnexplain import networks, trace
from cnnexplain.api import trace as trace_function
from cnnexplain.errors import ArgumentError, CnnExplainError, ShapeError, SourceError
from cnnexplain.formats import data
from cnnexplain.formats.markdown import to_markdown
from cnnexplain.formats.text import to_text
from cnnexplain.formats.web import to_html
from cnnexplain.formula import bracketed
from cnnexplain.graph import Network, chain
from cnnexplain.languages import LANGUAGES, language
from cnnexplain.operations import make
from cnnexplain.report import Trace
from cnnexplain.table import Column, table

ALEXNET = trace(networks.alexnet(), (3, 227, 227))
COLUMNS = [column.value for column in Column]
SMALL = "nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(72, 5))"


class Cells(HTMLParser):
    """The text of each cell of an HTML table, row by row."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.caption = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip("\n").replace("\u00a0", " ")


def markdown_cells(text: str) -> list[list[str]]:
    lines = [line.strip("|").split(" | ") for line in text.splitlines()]
    return [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line] for line in lines]


@pytest.mark.parametrize("code", LANGUAGES)
def test_markdown_and_html_have_the_same_cells(code: str) -> None:
    markdown = bracketed(ALEXNET.to_markdown(code, COLUMNS)).replace("\u00a0", " ")
    header, _, *body = markdown_cells(markdown)
    assert Cells(ALEXNET.to_html(code, COLUMNS)).rows == [header, *body]


def test_the_row_of_the_last_pooling_says_it_all() -> None:
    row = markdown_cells(ALEXNET.to_markdown("en"))[2:][14]
    assert row == [
        "pool5",
        "MaxPool2d(3, stride=2)",
        "256×6×6",
        "floor((13 + 2·0 − 3)/2) + 1 = 6",
        "0",
        "0",
        "195",
        "32",
    ]


def test_french_counts_are_grouped_the_french_way_and_shapes_are_not() -> None:
    (row,) = [each for each in markdown_cells(ALEXNET.to_markdown("fr")) if each[0] == "fc6"]
    assert row[2] == "4096"
    assert row[4] == "37\N{NARROW NO-BREAK SPACE}752\N{NARROW NO-BREAK SPACE}832"


def test_the_table_follows_the_current_language() -> None:
    with language("ja"):
        assert ALEXNET.to_markdown() == ALEXNET.to_markdown("ja")
        assert "合計" in repr(ALEXNET)
    assert ALEXNET.to_markdown() == ALEXNET.to_markdown("en")
    assert ALEXNET._repr_html_() == ALEXNET.to_html("en")


def test_text_is_aligned_and_begins_with_what_was_traced() -> None:
    lines = repr(trace(SMALL, (3, 7, 7))).splitlines()
    assert lines == [
        "Network, input 3×7×7",
        (
            "Layer  Operation                              Output shape  Output size"
            "                     Parameters   MACs  Receptive field  Effective stride"
        ),
        "─" * 144,
        (
            "0      Conv2d(3, 8, kernel_size=3, stride=2)         8×3×3"
            "  floor((7 + 2·0 − 3)/2) + 1 = 3         224  1,944                3                 2"
        ),
        (
            "1      ReLU()                                        8×3×3  unchanged"
            "                                0      0                3                 2"
        ),
        (
            "2      Flatten()                                        72  8·3·3 = 72"
            "                               0      0                3                 2"
        ),
        (
            "3      Linear(72, 5)                                     5  out_features = 5"
            "                       365    360                7                 2"
        ),
        "─" * 144,
        "Total" + " " * 94 + "589  2,304",
    ]


def test_axes_that_differ_are_shown_one_by_one() -> None:
    wide = trace("nn.Sequential(nn.Conv2d(1, 1, (1, 3), stride=(1, 2)))", (1, 5, 8))
    (row,) = wide.rows
    assert str(row.formula) == (
        "H: floor((5 + 2·0 − 1)/1) + 1 = 5; W: floor((8 + 2·0 − 3)/2) + 1 = 3"
    )
    cells = Cells(wide.to_html("en", ["receptive_field", "effective_stride", "unread"])).rows[1]
    assert cells == ["1×3", "1×2", "0×1"]


def test_a_batch_above_one_is_part_of_the_shapes() -> None:
    row = trace(SMALL, (3, 7, 7), batch_size=4).rows[0]
    assert row.output_shape == (4, 8, 3, 3)
    assert row.macs == 4 * trace(SMALL, (3, 7, 7)).rows[0].macs


def visible(name: str) -> str:
    """Return a name as a table shows it: one line, nothing hidden."""
    line = " ".join(name.splitlines()).replace("\t", " ")
    hidden = ("Cc", "Cf", "Cs")
    return "".join("\ufffd" if unicodedata.category(c) in hidden else c for c in line)


@given(st.text(), st.sampled_from(LANGUAGES))
@example("a|b", "en")
@example("<script>alert(1)</script> &lt; `x` *y* [z](u)", "en")
@example("\x1b[31m\u202e\u2066\x7f\x85\u2028\r\n\ud800", "en")
def test_a_layers_name_stays_text_in_every_format(name: str, code: str) -> None:
    rows = trace(Network(chain([(name, make("ReLU", [], {}))])), (3, 4, 4)).rows
    with language(code):
        made = table(rows, {"macs": 0}, "x")
    document = to_html(made)
    assert document.count("<") == to_html(table(rows, {"macs": 0}, "y")).count("<")
    assert f">{html.escape(visible(name))}</th>" in document
    assert len(to_markdown(made).splitlines()) == 4
    assert not re.search(r"(?<!\\)[`*\[]|<", to_markdown(made).splitlines()[2])
    assert len(re.findall(r"(?<!\\)\|", to_markdown(made).splitlines()[2])) == 9
    assert len(to_text(made).split("\n")) == 6
    for text in (document, to_markdown(made), to_text(made)):
        assert visible(text.replace("\n", "")) == text.replace("\n", "")
        assert text.encode()


@pytest.mark.parametrize("columns", [["nothing"], [], "name", ["name", 3], 5, None])
def test_unknown_columns_are_refused(columns: Any) -> None:
    with pytest.raises(ArgumentError, match="columns among name, operation") as caught:
        ALEXNET.to_markdown(columns=columns)
    assert caught.value.received.startswith("columns=")


def test_a_row_is_found_by_name_and_near_names_are_offered() -> None:
    assert ALEXNET["pool5"].output_shape == (1, 256, 6, 6)
    with pytest.raises(ArgumentError) as caught:
        _ = ALEXNET["pool_5"]
    assert str(caught.value).splitlines() == [
        "expected: the name of a layer",
        "received: 'pool_5'",
        "cure: write for example pool5, pool2, pool1",
    ]


def test_a_layer_that_does_not_fit_is_named() -> None:
    with pytest.raises(ShapeError) as caught:
        trace(networks.alexnet(), (3, 384, 384))
    assert str(caught.value).splitlines() == [
        "expected: 9216 input features (in_features=9216)",
        "received: 25600 in 1×25600, at layer 'fc6': Linear(9216, 4096)",
        "cure: use in_features=25600, or an input size that leaves 9216",
    ]


@pytest.mark.parametrize(
    ("model", "input_size", "kind", "received"),
    [
        (3, (3, 8, 8), ArgumentError, "3"),
        (None, (3, 8, 8), ArgumentError, "None"),
        (SMALL, None, ArgumentError, "none, and the network knows none of its own"),
        (SMALL, "3x7x7", ArgumentError, "input_size='3x7x7'"),
        (SMALL, 7, ArgumentError, "input_size=7"),
        (SMALL, (), ArgumentError, "input_size=()"),
        (SMALL, (3, 0, 7), ArgumentError, "input_size=0"),
        (SMALL, (2**62,) * 500, ArgumentError, "500 of them"),
        (SMALL, (3, "7", 7), ArgumentError, "input_size='7'"),
        (SMALL, (3, 7.0, 7), ArgumentError, "input_size=7.0"),
        ("nn.Sequential(", (3, 7, 7), SourceError, "'(' was never closed"),
    ],
)
def test_bad_input_is_refused(
    model: Any, input_size: Any, kind: type[CnnExplainError], received: str
) -> None:
    with pytest.raises(kind) as caught:
        trace_function(model, input_size)
    assert caught.value.received.startswith(received)


@pytest.mark.parametrize("batch_size", [0, -1, "1", 1.5])
def test_a_bad_batch_is_refused(batch_size: Any) -> None:
    with pytest.raises(ArgumentError, match="batch_size as an integer of at least 1"):
        trace(SMALL, (3, 7, 7), batch_size)


def test_traces_are_values() -> None:
    assert trace(SMALL, (3, 7, 7)) == trace(SMALL, [3, 7, 7])
    assert isinstance(ALEXNET, Trace)
    assert len({trace(SMALL, (3, 7, 7)), trace(SMALL, (3, 7, 7))}) == 1


def test_a_networks_name_stays_text() -> None:
    nodes = trace(SMALL, (3, 7, 7)).network.nodes
    hostile = trace(Network(nodes, '<b>"x"\u202e'), (3, 7, 7))
    assert "<caption>&lt;b&gt;&quot;x&quot;\ufffd, input 3×7×7</caption>" in hostile.to_html()
    assert 'aria-label="&lt;b&gt;&quot;x&quot;\ufffd, input 3×7×7"' in hostile.to_html()
    assert repr(hostile).startswith('<b>"x"\ufffd, input')


@pytest.mark.parametrize("name", [10**5000, None, ("pool5",)], ids=["huge", "none", "tuple"])
def test_a_row_is_found_by_text_alone(name: Any) -> None:
    with pytest.raises(ArgumentError, match="the name of a layer"):
        _ = ALEXNET[name]


def test_a_trace_knows_its_first_input() -> None:
    assert trace(networks.lenet5()).input_size == (1, 32, 32)


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html"])
def test_a_table_that_shows_no_sum_has_no_row_for_sums(form: str) -> None:
    write = getattr(trace(networks.lenet5()), f"to_{form}")
    with_sum, without = (write(columns=["name", more]) for more in ("macs", "output_shape"))
    assert "Total" in with_sum
    assert "Total" not in without
    assert "conv1" in without
    assert not re.search(r"\\midrule\s*\\bottomrule|\| *\| *\||<tfoot>", without)


def test_a_table_without_totals_ends_with_its_rows() -> None:
    whole = trace(networks.lenet5())._table([Column.NAME, Column.PARAMETERS])
    bare = replace(whole, totals=())
    assert to_text(bare).splitlines() == to_text(whole).splitlines()[: 3 + len(bare.cells)]


def test_what_json_has_no_kind_for_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        data._exact(object())


def test_a_row_of_a_module_with_pictures_of_several_kinds_counts_what_all_leave_unread() -> None:
    text = (
        "nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 2, stride=2), nn.Flatten(2), nn.MaxPool1d(3)))"
    )
    traced = trace(text, (1, 5, 5))
    assert [row.unread for row in traced.rows if row.unread] == [(1, 1), (1,)]
    assert traced.collapsed(1).rows[0].unread == (3,)
