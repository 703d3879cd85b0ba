"""Whatever names and texts hold, each output shows them as text, and nothing else changes.

Outputs are read back by programs that are not ours: html.parser, an XML parser, markdown-it, csv,
json. For LaTeX it is the strict reader of `test_table.py`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import unicodedata
import warnings
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.moments import SVG, parse
from tests.test_table import latex_cells, row
from torch import nn

import cnnexplain as cx
from cnnexplain.conversion.modules import module_of
from cnnexplain.errors import ArgumentError, CnnExplainError
from cnnexplain.figures import svg
from cnnexplain.formats.characters import visible
from cnnexplain.graph import Network, chain
from cnnexplain.operations import make
from cnnexplain.postmortem import explained_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cnnexplain.figures import Figure

PIECES = (
    "<script>alert(1)</script>",
    "</style></svg></table></script>",
    "<!-- ",
    "]]>",
    "<![CDATA[",
    "<?xml?>",
    "&lt;&#60;&amp",
    "' onload='x",
    '" onload="x',
    r"\input{/etc/passwd}",
    r"\\[1em] & % # $ _ ^ ~ { }",
    "^^5cinput",
    "$x$ \\(y\\)",
    "|",
    "a | b \\",
    "\\|",
    "`|`",
    "**b** _i_ ~~s~~ [t](u) ![i](u) # h",
    "\n\n# heading",
    "\r\n- item",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "＝1",
    " =1",
    "\ufeff=1",
    "'=1",
    "'",
    "\x00\x01\x1b[31m\x7f\x85",
    "\u202e\u2066\u200f\u2028\u2029",
    "\ud800",
    "\udfff",
    "\ufffe\uffff\ufdd0",
    "{status} {0} %s %(a)s",
    "cx-shared-",
    "é 層 🎉 e\u0301",
    "javascript:alert(1)",
    'a,b;"c"',
)
# Of all characters, lone surrogates among them.
CHARACTERS = st.characters(exclude_categories=())
TEXTS = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=20),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join),
)
EVERYTHING = " ".join(PIECES)


class Page(HTMLParser):
    """What a page consists of: its tags with their attributes, and its texts."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.others: list[str] = []
        self.feed(document)
        self.close()

    @property
    def structure(self) -> list[tuple[str, tuple[str, ...]]]:
        """The tags, each with the names of its attributes; where lines may break is left out."""
        return [(tag, tuple(given)) for tag, given in self.tags if tag != "wbr"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in {"th", "td", "caption", "p"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data.strip("\n")

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def traced(name: str) -> cx.Trace:
    """A trace in which every text that a user can give is this one."""
    network = Network((), name, unused=(name,))
    return cx.Trace(network, ((3, 9, 10),), 1, (row(name, name, origin="run"), row("b", "c")))


# --- Tables ---


@given(TEXTS)
@example(EVERYTHING)
def test_html_holds_the_texts_and_no_element_more(name: str) -> None:
    trace = traced(name)
    found, plain = (
        Page(each.to_html(columns=["name", "operation"])) for each in (trace, traced("x"))
    )
    assert found.structure == plain.structure
    assert found.others == []
    shown = visible(name)
    caption, _, _, *cells = found.cells
    assert cells[:2] == [shown, shown]
    assert shown in caption
    assert found.tags[0][1]["aria-label"] == caption
    assert all(shown in note for note in cells[6:])
    trace.to_html().encode()


@given(TEXTS)
@example(EVERYTHING)
def test_a_markdown_table_keeps_its_cells(name: str) -> None:
    markdown = traced(name).to_markdown(columns=["name", "operation", "macs"])
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    page = Page(reader.render(markdown))
    tags = "table thead tr th th th tbody tr td td td tr td td td tr td td td p p"
    assert [tag for tag, _ in page.tags] == tags.split()
    # Two lines are one, and what stands at the ends is blank.
    shown = " ".join(visible(name).split())
    assert [" ".join(each.split()) for each in page.cells[3:5]] == [shown, shown]
    markdown.encode()


def test_dollars_are_no_mathematics_in_markdown() -> None:
    assert r"| \$x\$ |" in traced("$x$").to_markdown(columns=["name"])


@given(TEXTS)
@example(EVERYTHING)
def test_latex_prints_the_texts_and_obeys_none_of_them(name: str) -> None:
    trace = traced(name)
    document = trace.to_latex(columns=["name", "operation", "macs"])
    shown = visible(name).replace("\ufffd", "?")
    assert latex_cells(document)[1][:2] == [shown, shown]
    first, second, *_ = document.splitlines()
    assert first.startswith("% ")
    assert second.startswith("% needs")
    trace.to_latex().encode()


@given(TEXTS)
@example(EVERYTHING)
@example("-1")
@example("'=1")
@example("\n=1")
@example("a;=1;'b; -1;;")
def test_csv_gives_the_text_again_and_no_spreadsheet_computes_it(name: str) -> None:
    trace = replace(traced("x"), rows=(row(name, name),))
    document = trace.to_csv(columns=["name", "operation", "macs"])
    (_, cells) = csv.reader(io.StringIO(document, newline=""), strict=True)
    written = name.encode("utf-8", "replace").decode()
    for cell in cells[:2]:
        assert re.sub(r"(\A|;)'", r"\1", cell) == written
        assert ";" in written or cell.removeprefix("'") == written
        # In France a spreadsheet begins a cell after a semicolon.
        for part in cell.split(";"):
            assert not re.match(r"[\s\ufeff]*[=+@＝＋－＠-]|[\t\r\n]", part)
    assert cells[2] == "0"
    document.encode()


def test_negative_numbers_in_csv_are_numbers() -> None:
    trace = replace(traced("x"), rows=(row("a", "b", effective_padding=(-1, -1)),))
    assert trace.to_csv(columns=["effective_padding"]).splitlines()[1] == "-1"


@given(TEXTS)
@example(EVERYTHING)
def test_json_gives_the_text_again(name: str) -> None:
    document = traced(name).to_json()
    assert document.isascii()
    found = json.loads(document)
    assert found["network"] == found["rows"][0]["name"] == found["rows"][0]["operation"]
    assert found["unused"] == [found["network"]]
    assert found["network"] == json.loads(json.dumps(name))


@given(TEXTS)
@example(EVERYTHING)
def test_text_has_one_line_for_each_row_and_nothing_that_is_hidden(name: str) -> None:
    document = traced(name).to_text(columns=["name", "operation"])
    lines = document.split("\n")
    assert all(line == visible(line) for line in lines)
    assert len(lines) == len(traced("x").to_text(columns=["name", "operation"]).split("\n"))
    document.encode()


@given(TEXTS, TEXTS)
@example(EVERYTHING, "x")
def test_a_difference_holds_the_texts_and_no_element_more(one: str, other: str) -> None:
    if visible(one) == visible(other):
        return
    allowed = {tag for tag, _ in Page(traced("x").diff(traced("y"))._repr_html_()).structure}
    page = Page(traced(one).diff(traced(other))._repr_html_())
    assert {tag for tag, _ in page.structure} <= allowed
    assert page.others == []
    assert visible(one) in page.cells


# --- Real modules ---


def module(name: str) -> nn.Module:
    """A classifier whose class and whose layers are called so."""

    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.add_module(name, nn.Linear(12, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = self.get_submodule(name)(x.flatten(1))
            return scores

    Odd.__name__ = Odd.__qualname__ = name.replace("\0", "") or "Odd"
    return Odd().eval()


# What torch takes for a name, and what has none in a class.
NAMES = TEXTS.map(lambda name: name.replace(".", "").encode("utf-8", "replace").decode()).filter(
    lambda name: name and not hasattr(nn.Module, name)
)


@settings(max_examples=6)
@given(NAMES)
@example(EVERYTHING.replace(".", "").encode("utf-8", "replace").decode())
def test_what_is_said_of_a_module_holds_its_names_and_no_element_more(name: str) -> None:
    told: list[Callable[[str], Any]] = [
        lambda name: cx.trace(module(name), (3, 2, 2)),
        lambda name: cx.fully_convolutional(module(name), (3, 2, 2)),
        lambda name: cx.explain(module(name), (3, 9, 9)),
    ]
    for make_one in told:
        found, plain = (Page(make_one(each)._repr_html_()) for each in (name, "x"))
        assert {tag for tag, _ in found.structure} <= {tag for tag, _ in plain.structure}
        assert found.others == []
        assert all(line == visible(line) for line in str(make_one(name)).split("\n"))
        assert str(make_one(name)).encode()


@given(TEXTS)
@example(EVERYTHING)
def test_a_message_that_is_explained_stays_text(message: str) -> None:
    for words in (message, f"mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)\n{message}"):
        try:
            found = explained_message(words)
        except ArgumentError:  # it is no message of torch's
            continue
        page = Page(found.to_html())
        assert {tag for tag, _ in page.tags} <= {
            "section",
            "p",
            "br",
            "strong",
            "ol",
            "li",
            "pre",
            "code",
        }
        assert page.others == []
        found.to_html().encode()
        found.to_json().encode()
        found.to_text().encode()
        json.loads(found.to_json())


# --- The code that torch.fx makes of a network ---

# What torch.fx would put between quotes; it ends them.
INJECTED = 'x", getattr(__import__("os"), "system")("touch {witness}")) if 1 else (self, "'


def classifier(names: Sequence[str]) -> str:
    """The text of a network with two convolutions and a scoring layer that are called so."""
    layers = "nn.Conv2d(3, 4, 3)", "nn.Conv2d(4, 4, 1)", "nn.Flatten()", "nn.Linear(144, 5)"
    named = ", ".join(map("({0!r}, {1})".format, names, layers))
    return f"nn.Sequential(OrderedDict([{named}]))"


def test_a_name_that_is_code_is_not_run_by_a_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a layer has no dots, so neither may the path
    name = INJECTED.format(witness="witness")
    for text in (classifier([name, "b", "c", "d"]), classifier(["a", "b", "c", name])):
        conversion = cx.fully_convolutional(text, (3, 8, 8))
        assert conversion.module(torch.zeros(1, 3, 8, 8)).shape == (1, 5, 1, 1)
    assert list(tmp_path.iterdir()) == []


def test_without_new_names_the_code_would_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cnnexplain.conversion.builder.Builder._safe", lambda _, path: path)
    name = INJECTED.format(witness="witness")
    with warnings.catch_warnings(action="ignore"), contextlib.suppress(CnnExplainError):
        cx.fully_convolutional(classifier([name, "b", "c", "d"]), (3, 8, 8))
    assert (tmp_path / "witness").exists()


@settings(max_examples=8)
@given(st.lists(TEXTS.map(lambda name: name.replace(".", "")), min_size=2, max_size=2, unique=True))
@example(['a"', "a'"])
@example(["a_", "a'"])
@example(["code", "code_"])
@example(["class", "class_"])
@example(["\N{LATIN SMALL LIGATURE FI}", "fi"])
@example(["\x00", "\r"])
@example(["0", "-"])
def test_whatever_layers_are_called_a_conversion_computes_the_same(names: list[str]) -> None:
    text = classifier([*names, "between", "scores"])
    try:
        model = module_of(text)
    except (CnnExplainError, KeyError):  # such as a lone surrogate, or a name of torch's own
        return
    image = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    conversion = cx.fully_convolutional(model, (3, 8, 8))
    with torch.no_grad():
        torch.testing.assert_close(conversion.module(image)[..., 0, 0], model(image))


# --- Figures ---


def network(name: str) -> Network:
    """Three layers and a network of that name, as the text of a network cannot have them."""
    layers = [
        (name, make("Conv2d", (3, 4, 3), {})),
        (f"{name} 2", make("MaxPool2d", (2,), {})),
        (f"{name} 3", make("Flatten", (), {})),
        (f"{name} 4", make("Linear", (36, 5), {})),
    ]
    return replace(Network(chain(layers)), name=name, input_size=(3, 8, 8))


def _trace(name: str) -> cx.Trace:
    return cx.trace(network(name), (3, 8, 8))


PLACES: dict[str, Any] = {"image_size": 64, "window": 32, "stride": 32}
SCORES = [[0.1, 0.9], [0.2, 0.3]]
FIGURES: dict[str, Callable[[str], Figure]] = {
    "volumes": lambda name: cx.figures.volumes(_trace(name)),
    "parameters": lambda name: cx.figures.parameters(_trace(name)),
    "receptive_field": lambda name: cx.figures.receptive_field(_trace(name), [name]),
    "folding_sizes": lambda name: cx.figures.folding_sizes(_trace(name), 12),
    "crops": lambda name: cx.figures.crops(network(name), 12),
    "cost": lambda name: cx.figures.cost({name: network(name)}, [8, 12]),
    "measured": lambda name: cx.figures.cost(
        {name: network(name)}, [8, 12], measured=[(name, 8, 10.5)], measured_on="2026-11-25"
    ),
    "cost_shares": lambda name: cx.figures.cost_shares({name: network(name)}, [8, 12]),
    "known_strides": lambda name: cx.figures.known_strides({name: network(name)}),
    "padding_reach": lambda name: cx.figures.padding_reach(
        reach=[{"name": name, "clean": 3, "size": 5}]
    ),
    "comparison": lambda name: cx.figures.comparison(SCORES, SCORES, SCORES, **PLACES, name=name),
    "placed": lambda name: cx.figures.placed(SCORES, **PLACES, name=name),
    "top_classes": lambda name: cx.figures.top_classes(
        [[name, name + "2"], ["c", "d"]], SCORES, **PLACES
    ),
    "detections": lambda name: cx.figures.detections(
        [[1, 1, 9, 9], [2, 2, 30, 30]], [name, "b"], image_size=64, name=name
    ),
}


def check_figure(figure: Figure) -> None:
    """Refuse a figure that is no XML, or that holds anything but drawing and text."""
    allowed = {"svg", "title", "desc", "style", "g", "text", "tspan", "path", "rect", "circle"}
    allowed |= {"use", "symbol", "defs", "clipPath", "line", "polygon", "pattern"}
    for document in (figure.svg, figure.plain(), figure.inline("a").partition("\n")[2][:-7]):
        for each in parse(document).iter():
            assert each.tag.removeprefix(SVG) in allowed, each.tag
            assert not any(key.startswith("on") for key in each.attrib)
    for html in (figure.html, figure.inline("a"), figure.page()):
        page = Page(html)
        tags = [tag for tag, _ in page.tags]
        assert set(tags) <= {tag.lower() for tag in allowed} | {
            "div",
            "script",
            "html",
            "head",
            "meta",
            "body",
        }
        assert tags.count("script") <= 1
        assert page.others in ([], ["DOCTYPE html"])
        for _, given_ in page.tags:
            assert not any(key.startswith("on") for key in given_)
            if "data-cx" in given_:
                json.loads(str(given_["data-cx"]))
        html.encode()
    figure.file()


@pytest.mark.parametrize("kind", FIGURES)
@settings(max_examples=6)
@given(TEXTS)
@example(EVERYTHING)
@example("\x00\x0b\ud800\ufffe\u202e]]></text><script>")
def test_a_figure_holds_the_texts_and_no_element_more(kind: str, name: str) -> None:
    try:
        figure = FIGURES[kind](name)
    except CnnExplainError:
        return
    check_figure(figure)


@pytest.mark.parametrize("kind", FIGURES)
def test_the_figures_show_what_they_are_given(kind: str) -> None:
    figure = FIGURES[kind]("<q>&")
    said = ["".join(each.itertext()) for each in parse(figure.svg).iter()]
    assert any("<q>&" in each for each in said)


def test_the_check_of_figures_finds_faults() -> None:
    figure = FIGURES["placed"]("x")
    for fault in ("<script>x</script>", "<g onload='x'/>", "<foreignObject/>"):
        with pytest.raises(AssertionError):
            check_figure(replace(figure, body=fault))


# --- Plots ---


def test_a_plot_sets_no_name_as_mathematics() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    axes = cx.plots.receptive_field(_trace(r"$\frac{1$ \x00"))
    axes.figure.canvas.draw()
    axes = cx.plots.cost({r"$\frac{1$": network("x")}, [8, 12])
    axes.figure.canvas.draw()
    pyplot.close("all")


def test_nothing_that_xml_forbids_is_left() -> None:
    every = "".join(map(chr, range(0x110000)))
    parse(f"<svg>{svg.label(0, 0, svg.clean(every))}</svg>")


def turns(character: str) -> bool:
    """Return whether a character is obeyed instead of seen: a control or a mark of direction."""
    marks = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    control = unicodedata.category(character) == "Cc" and character not in "\t\n\r"
    return (
        control
        or unicodedata.bidirectional(character) in marks
        or character in "\u061c\u200e\u200f"
    )


EVERY_TURN = "".join(filter(turns, map(chr, range(0x110000))))


def test_figures_and_errors_hold_nothing_that_is_obeyed() -> None:
    assert len(EVERY_TURN) == 74
    assert not any(map(turns, svg.clean(EVERY_TURN)))
    error = cx.CnnExplainError(f"a{EVERY_TURN}", f"b\t{EVERY_TURN}", f"c{EVERY_TURN}")
    assert len(str(error).split("\n")) == 3
    assert not any(map(turns, str(error)))
    assert "\t" not in str(error)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("www.example.com", r"www\.example.com"),
        ("http://example.com", r"http:\//example.com"),
        ("a@example.com", r"a\@example.com"),
    ],
)
def test_no_name_is_a_link_in_markdown(name: str, broken: str) -> None:
    markdown = replace(traced("x"), rows=(row(name, name),)).to_markdown(columns=["name"])
    # What GitHub takes for an address; it stands there as it is written.
    assert f"| {broken} |" in markdown
    assert name in MarkdownIt("js-default").render(markdown)
