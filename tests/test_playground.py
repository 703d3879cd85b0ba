"""The playground's answers and its page: against torch, Keras's rules, and whatever is typed."""

from __future__ import annotations

import ast
import html as markup
import json
import re
from collections import Counter
from html.parser import HTMLParser
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.test_package import BLOCKED
from torch import nn

import cnnexplain as cx
from cnnexplain.errors import ArgumentError
from cnnexplain.languages import LANGUAGES, catalogue, labels
from cnnexplain.operations import OPERATIONS
from cnnexplain.playground import DEFAULTS, PRESETS, answer, page, query, windows
from cnnexplain.playground.depth import is_deeper
from cnnexplain.playground.state import completed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BROKEN = {"alexnet-384", "forgotten-flatten", "wrong-channels", "too-small"}
UNEXPECTED = {code: catalogue(code)["playground.error.unexpected"] for code in LANGUAGES}
# Far more than any answer takes, and far less than what never ends.
SECONDS = 5


def told(state: Mapping[str, str], code: str = "en") -> dict[str, Any]:
    """Return an answer after what holds for every one: valid, encodable, the same twice, quick."""
    start = perf_counter()
    text = answer(state, code)
    assert perf_counter() - start < SECONDS
    assert text == answer(state, code)
    found: dict[str, Any] = json.loads(text.encode().decode())
    assert list(found) == ["state", "error", "parts", "files", "summary"]
    if found["error"] is None:
        assert completed(found["state"]) == found["state"]
        assert found["parts"]
    else:
        # A sentence that was written for this, not the one for what nobody thought of.
        assert found["error"] == found["summary"] != UNEXPECTED[code]
        assert "\n" not in found["error"]
        assert found["parts"] == found["files"] == []
    for part in found["parts"]:
        assert faults(part["html"]) == [], part["id"]
    return found


def network(text: str, size: str = "3x64x64") -> dict[str, str]:
    return {"tool": "network", "text": text, "input": size}


def parts(found: Mapping[str, Any]) -> dict[str, str]:
    return {part["id"]: part["html"] for part in found["parts"]}


def plain(html: str) -> str:
    return markup.unescape(re.sub(r"<[^>]*>", " ", html))


def program(html: str) -> str:
    (found,) = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", html, re.DOTALL)
    return markup.unescape(found)


# ── HTML ───────────────────────────────────────────────────────────────────────────────────────


class Reader(HTMLParser):
    """Reads HTML, and notes what is wrong with it."""

    VOID = frozenset({"input", "br", "wbr", "img", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)
        if "svg" not in self.open:
            self.faults.append(f"<{tag}/> in HTML")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes another element")

    def handle_data(self, data: str) -> None:
        if any(each in data for each in "\0\x1b\u202e\ud800"):
            self.faults.append("a hidden character")

    def _element(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if len(given) < len(attrs):
            self.faults.append(f"an attribute of <{tag}> twice")
        if tag in {"script", "style", "iframe", "object", "link", "base"}:
            self.faults.append(f"<{tag}>")
        self.faults += [f"{name} of <{tag}>" for name in given if name.startswith("on")]
        # Figures have variables of their own.
        if "style" in given and "svg" not in [*self.open, tag]:
            self.faults.append(f"style of <{tag}>")
        for name, value in given.items():
            address = re.search(r"(?:\w+:)?//|javascript:", value)
            if address and name != "xmlns" and not name.startswith("data-"):
                self.faults.append(f"an address in {name} of <{tag}>")


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    reader.faults += [f"<{tag}> is not closed" for tag in reader.open]
    counts = Counter(given["id"] for _, given in reader.elements if "id" in given)
    reader.faults += [f"the id {name} twice" for name, count in counts.items() if count > 1]
    for tag, attributes in reader.elements:
        for name in ("for", "aria-describedby", "aria-labelledby", "data-for"):
            reader.faults += [
                f"{name} of <{tag}> leads nowhere"
                for each in attributes.get(name, "").split()
                if each not in counts
            ]
    return reader


def faults(html: str) -> list[str]:
    return read(html).faults


def unlabelled(reader: Reader) -> list[str]:
    """Return the fields that no label names."""
    named = {given["for"] for tag, given in reader.elements if tag == "label"}
    return [
        given.get("id", tag)
        for tag, given in reader.elements
        if tag in {"input", "select", "textarea", "progress"}
        and given.get("type") != "hidden"
        and given.get("id") not in named
        and not given.get("aria-label")
    ]


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<p><b></p></b>", "</p> closes another element"),
        ("<p>", "<p> is not closed"),
        ("<p/>", "<p/> in HTML"),
        ('<p id="a"></p><p id="a"></p>', "the id a twice"),
        ("<script></script>", "<script>"),
        ('<p onclick="a()"></p>', "onclick of <p>"),
        ('<p style="color:red"></p>', "style of <p>"),
        ('<a href="https://a.example/"></a>', "an address in href of <a>"),
        ('<label for="a"></label>', "for of <label> leads nowhere"),
        ("<p>\0</p>", "a hidden character"),
    ],
)
def test_the_reader_of_html_finds_each_fault(html: str, fault: str) -> None:
    assert fault in faults(html)


def test_a_field_without_a_label_is_found() -> None:
    assert unlabelled(read('<input id="a"><label for="b"></label><input id="b">')) == ["a"]


# ── the page ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("size", [None, 6_300_000])
def test_the_page_is_well_formed_and_every_field_has_a_label(code: str, size: int | None) -> None:
    reader = read(page(code, size))
    assert reader.faults == []
    assert unlabelled(reader) == []
    assert page(code, size) == page(code, size)


def test_the_page_has_what_a_script_looks_for() -> None:
    reader = read(page("en", 6_300_000))
    names = {given.get("id", "") for _, given in reader.elements}
    wanted = ["", "-form-window", "-form-network", "-answer", "-start", "-progress", "-status"]
    assert {f"cx-play{name}" for name in wanted} <= names
    start, status = (
        next(given for _, given in reader.elements if given.get("id") == f"cx-play-{name}")
        for name in ("start", "status")
    )
    assert "hidden" in start
    assert status["role"] == "status"
    for tool, defaults in DEFAULTS.items():
        form = page("en").partition(f'id="cx-play-form-{tool}"')[2].partition("</form>")[0]
        found = [given.get("name") for _, given in read(f"<p>{form}").elements]
        assert [name for name in found if name] == [
            "tool",
            *sorted(defaults, key=lambda key: key == "input" and tool == "network"),
        ]


def test_the_page_states_the_size_in_each_language_or_how_to_get_it() -> None:
    assert "6.3 MB" in page("en", 6_300_000)
    assert "6,3\u00a0Mo" in page("fr", 6_300_000)
    assert "6.3 MB" in page("ja", 6_300_000)
    assert "make playground" in page("ja")
    assert "cx-play-start" not in page("ja")


def test_the_page_shows_the_answers_of_the_defaults() -> None:
    for code in LANGUAGES:
        made = page(code)
        for tool in DEFAULTS:
            for html in parts(told({"tool": tool}, code)).values():
                assert html in made


def test_the_page_has_the_same_structure_in_every_language() -> None:
    def structure(code: str) -> list[tuple[str, str, str]]:
        # How many lines the words of a drawing take differs.
        html = re.sub(r"(<svg[^>]*>).*?</svg>", r"\1</svg>", page(code, 1), flags=re.DOTALL)
        html = re.sub("<br>|<wbr>", "", html)
        return [
            (tag, given.get("id", ""), given.get("name", "")) for tag, given in read(html).elements
        ]

    assert structure("ja") == structure("fr") == structure("en")


def test_the_page_offers_every_preset_with_its_state() -> None:
    options = {
        given["value"]: given["data-query"]
        for tag, given in read(page("fr")).elements
        if tag == "option" and "data-query" in given
    }
    for preset in PRESETS:
        assert dict(parse_qsl(options[preset.id], keep_blank_values=True)) == preset.state


def test_there_is_no_page_and_no_answer_in_an_unknown_language() -> None:
    with pytest.raises(ArgumentError, match="one of the languages"):
        page("de")
    with pytest.raises(ArgumentError, match="one of the languages"):
        answer({}, "de")


# ── whatever is typed ──────────────────────────────────────────────────────────────────────────

KEYS = sorted({"tool", *DEFAULTS["window"], *DEFAULTS["network"], "utm_source"})
ANYTHING = st.text(st.characters(codec=None, exclude_categories=[]), max_size=40)
NUMBERS = st.one_of(
    st.integers().map(str),
    st.integers(-3, 70).map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", " ", "0", "-0", "1e3", "٣", "３", "1_0", "9" * 5000, "0x10", "½", "\0", "7\n"]
    ),
)
WORDS = st.sampled_from(["window", "network", "convolution", "pooling", "1x32x32", "3×8×8", "784"])


@pytest.mark.slow
@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from(KEYS), st.one_of(NUMBERS, WORDS, ANYTHING)))
@example({"tool": "network", "text": "\ud800\udc00\ud800", "input": "3x4x4"})
@example({"kernel": "9" * 5000})
@example({"tool": "<script>alert(1)</script>"})
def test_any_state_has_an_answer(state: dict[str, str]) -> None:
    for code in LANGUAGES:
        told(state, code)


@settings(max_examples=200)
@given(st.fixed_dictionaries({key: st.integers(0, 1100).map(str) for key in DEFAULTS["window"]}))
def test_any_numbers_of_a_window_have_an_answer(state: dict[str, str]) -> None:
    told({**state, "kind": "pooling" if int(state["kind"]) % 2 else "convolution", "ceil": "0"})


ARGUMENTS = st.one_of(
    st.integers(-2, 12).map(repr),
    st.integers(0, 2**70).map(repr),
    st.sampled_from(["True", "None", "1e308", "0.5", "-1e999", "'same'", "'<i>'", "(2, 3)", "x"]),
    st.lists(st.integers(0, 5000), max_size=3).map(lambda each: repr(tuple(each))),
)
OPTIONS = st.sampled_from(
    ["stride", "padding", "dilation", "ceil_mode", "groups", "bias", "scale_factor", "foo"]
)


@st.composite
def layers(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from([*OPERATIONS, "Sequential", "Foo"]))
    given = draw(st.lists(ARGUMENTS, max_size=4))
    given += [
        f"{key}={value}"
        for key, value in draw(st.dictionaries(OPTIONS, ARGUMENTS, max_size=2)).items()
    ]
    return f"nn.{name}({', '.join(given)})"


@settings(max_examples=400)
@given(
    st.lists(layers(), max_size=4),
    st.sampled_from(["3x32x32", "1x1x1", "8", "3x4096x4096", "2x100000", "5x4x4x4"]),
)
def test_any_layers_have_an_answer(found: list[str], size: str) -> None:
    told(network(f"nn.Sequential({', '.join(found)})", size), "ja")


@pytest.mark.slow
@given(st.lists(ANYTHING, min_size=1, max_size=3, unique=True))
@example(["<script>alert(1)</script>"])
@example(['"><img src=x onerror=alert(1)>'])
@example(["\u202e\x1b[31m\0"])
def test_names_of_layers_do_no_harm(names: list[str]) -> None:
    pairs = ", ".join(f"({name!r}, nn.Conv2d(3, 3, 3))" for name in names)
    found = told(network(f"nn.Sequential(OrderedDict([{pairs}]))"))
    wrong = f"nn.Sequential(OrderedDict([({names[0]!r}, nn.Conv2d(4, 3, 3))]))"
    told(network(wrong), "fr")
    assert "<script" not in json.dumps(found["parts"])


def _sequential(*found: str) -> str:
    return f"nn.Sequential({', '.join(f'nn.{each}' for each in found)})"


HOSTILE = {
    "brackets": "[" * 99_000,
    "open networks": "nn.Sequential(" * 7000,
    "nested networks": "nn.Sequential(" * 150 + "nn.ReLU()" + ")" * 150,
    "a long sum that does not end": f'nn.Sequential(nn.Conv2d({"1+" * 40_000}"',
    "calls of calls": "a" + "()" * 40_000,
    "lambdas": _sequential(f"Conv2d(3, 3, {'lambda:' * 9000}3)"),
    "branches": "if 1:\n pass\n" + "elif 1:\n pass\n" * 6000,
    "a formatted string": _sequential(f'Conv2d(f"{{{"1+" * 40_000}1}}", 3, 3)'),
    "a long sum": _sequential(f"Conv2d(3, 3, {'1+' * 40_000}1)"),
    "many signs": _sequential(f"Conv2d(3, 3, {'-' * 9000}3)"),
    "many dots": "a" + ".b" * 45_000,
    "a hexadecimal integer": _sequential(f"Conv2d(0x{'f' * 90_000}, 3, 3)"),
    "a hexadecimal probability": _sequential(f"Dropout(0x{'f' * 9000})"),
    "a long string": _sequential(f"Conv2d(3, 3, 3, padding_mode='{'z' * 90_000}')"),
    "a long name": f"nn.Sequential(OrderedDict([({'n' * 90_000!r}, nn.ReLU())]))",
    "a null": "nn.Sequential(\0)",
    "a million characters": "#" * 1_000_000,
    "lines": "\n" * 99_999,
    "many layers": _sequential(*["ReLU()"] * 9000),
    "as many layers as there may be": _sequential(*["Conv2d(3, 3, 3, padding=1)"] * 400),
    "transposed without end": _sequential(*["ConvTranspose2d(3, 3, 3, stride=2)"] * 200),
    "a transposed window": _sequential("ConvTranspose2d(3, 3, 10**9)"),
    "a large transposed window": _sequential(
        "ConvTranspose2d(3, 3, 1000000000, padding=500000000)"
    ),
    "a large resizing": _sequential("Upsample(scale_factor=1e308)"),
    "resizing without end": _sequential(*["Upsample(scale_factor=1000)"] * 9),
    "resizing again and again": _sequential(
        "Conv2d(3, 3, 3, padding=1)", *["Upsample(scale_factor=1.001)"] * 300
    ),
    "adaptive bins": _sequential("AdaptiveAvgPool2d(1000000000)"),
    "a large adaptive map": _sequential(
        *["AdaptiveAvgPool2d(4096)", "AdaptiveAvgPool2d(4095)"] * 20
    ),
    "features": _sequential("Flatten()", "Linear(9007199254740993, 9007199254740993)"),
    "prime features": _sequential("Conv2d(3, 7, 3)", "Flatten()", "Linear(1099511627689, 2)"),
    "shrinking": _sequential(*["Conv2d(3, 3, 3)"] * 399),
    "shrinking into a classifier": _sequential(
        *["Conv2d(3, 3, 3)"] * 30, "Flatten()", "Linear(7, 3)"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("size", ["3x224x224", "3x4096x4096"])
def test_hostile_texts_have_an_answer_in_time(name: str, size: str) -> None:
    told(network(HOSTILE[name], size))


@pytest.mark.parametrize(
    "name", ["a long sum", "calls of calls", "lambdas", "branches", "many dots"]
)
def test_what_is_nested_too_deep_is_never_parsed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("cnnexplain.playground.networks.read")
    assert "nested too deep" in told(network(HOSTILE[name]))["error"]


@given(st.text("a1.+-*()[]{},:\n ='#", max_size=60))
@example("a.b.c(d)[e](f).g")
@example("1 if 1 else 1 if 1 else 1")
@example("if 1:\n pass\nelif 1:\n pass\nelif 1:\n pass")
def test_no_tree_is_deeper_than_its_estimate(text: str) -> None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return

    def depth(node: ast.AST) -> int:
        kinds = ast.expr | ast.If
        inner = max(map(depth, ast.iter_child_nodes(node)), default=0)
        return inner + isinstance(node, kinds)

    assert not depth(tree) or is_deeper(text, depth(tree) - 1)


def test_networks_that_people_write_are_not_deep() -> None:
    for preset in PRESETS:
        assert not is_deeper(preset.state.get("text", ""), 40)


def test_what_nobody_thought_of_has_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(windows, "answer", fail)
    for code in LANGUAGES:
        assert json.loads(answer({}, code))["error"] == UNEXPECTED[code]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the field is empty"),
        ("x" * 100_001, "at most 100,000 characters, but got 100,001"),
        (_sequential(*["ReLU()"] * 401), "at most 400 layers, but got 401"),
        ("nn.Sequential(nn.ReLU()); nn.Sequential(nn.ReLU())", "but found 2"),
        ("nn.Sequential()", "Expected at least one layer"),
        ("\n\nnn.Sequential(\nnn.ReLU(", "line 4 is none; Python says “'(' was never closed”"),
        (_sequential(f"Conv2d({'1+' * 2500}1, 3, 3)"), "nested too deep"),
        ("class Net(nn.Module):\n    pass", "line 1 defines the class Net"),
        ("import os\nos.remove('a')", "line 1 has import"),
        ("nn.Sequential(f())", "line 1 has"),
        ("nn.Sequential(OrderedDict([('a.b', nn.ReLU())]))", "line 1 has “a.b”"),
        ("nn.Sequential(OrderedDict([(1, nn.ReLU())]))", "name as text"),
        ("nn.Sequential(nn.Conv2d(channels, 3, 3))", "line 1 has “channels”"),
        ("nn.Sequential(nn.Conv2d(2 ** 9, 3, 3))", "line 1 has “2 ** 9”"),
        ("nn.Sequential(nn.Conv2d(2 * 2 ** 70, 3, 3))", "line 1 has “2 ** 70”"),
        (f"nn.Sequential(nn.Linear(9 * {2**62}, 3))", "whole number below 2⁶³"),
        (f"nn.Sequential(nn.Linear({2**70}, 3))", "whole number below 2⁶³"),
        ("nn.Sequential(nn.ReLU(**a))", "line 1 has **"),
        ("nn.Sequential(\nnn.LSTM(3, 4))", "line 2 has LSTM"),
        ("nn.Sequential(\n\nnn.Conv2d(3, 4, 0))", "line 3 has nn.Conv2d(3, 4, 0)"),
        ("nn.Sequential(nn.Conv2d(3, 4))", "received no 'kernel_size'"),
        (
            "nn.Sequential(nn.Upsample(4097))",
            "at most 4,096 along each axis of a picture, but layer 0",
        ),
    ],
)
def test_a_text_that_is_no_network_gets_a_sentence(text: str, says: str) -> None:
    assert says in told(network(text))["error"]
    for code in ("ja", "fr"):
        error = told(network(text), code)["error"]
        assert error
        assert "Expected" not in error


def test_every_kind_of_refusal_of_a_text_has_its_sentence() -> None:
    source = (cx.__file__ or "").replace("__init__.py", "source.py")
    with open(source, encoding="utf-8") as file:  # noqa: PTH123
        kinds = set(re.findall(r'kind="(\w+)"', file.read()))
    written = {key.rpartition(".")[2] for key in catalogue("en") if ".error.source." in key}
    assert written == kinds | {"layer", "arguments"}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"kernel": "3.5"}, "Kernel size: expected a whole number from 1 to 1,024, but got “3.5”."),
        (
            {"stride": ""},
            "Stride: expected a whole number from 1 to 1,024, but the field is empty.",
        ),
        ({"padding": "-1"}, "but got “-1”"),
        ({"input": "1025"}, "but got “1025”"),
        ({"kind": "dense"}, "expected one of convolution, pooling, but got “dense”"),
        ({"ceil": "yes"}, "expected one of 0, 1, but got “yes”"),
        ({"tool": "trace"}, "expected one of window, network, but got “trace”"),
        (
            {"kernel": "10"},
            "it spans 10, but the input with its padding is only 9 long. Use an input size of 8",
        ),
        ({"kernel": "1000", "dilation": "1000"}, "Use a smaller kernel or a smaller dilation."),
        ({"kind": "pooling", "padding": "2"}, "at most half its kernel size, 1, but it is 2"),
        ({"tool": "network", "input": ""}, "Input size: expected up to 4 whole numbers"),
        ({"tool": "network", "input": "3x0x4"}, "but got “3x0x4”. Write 3×224×224"),
        ({"tool": "network", "input": "1x1x1x1x1"}, "but got “1x1x1x1x1”"),
        ({"tool": "network", "input": "3x4097x5"}, "but the input has 4,097"),
    ],
)
def test_a_state_without_an_answer_gets_a_sentence(state: dict[str, str], says: str) -> None:
    assert says in told(state)["error"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("3×224×224", "3x224x224"),
        ("(1, 28, 28)", "1x28x28"),
        ("３ｘ３２ｘ３２", "3x32x32"),
        ("784", "784"),
    ],
)
def test_sizes_are_read_as_people_write_them(typed: str, meant: str) -> None:
    state = network("nn.Sequential(nn.ReLU())", typed)
    assert told(state)["state"] == {**state, "input": meant}


@given(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=20)))
def test_an_address_says_what_the_state_is(state: dict[str, str]) -> None:
    assert dict(parse_qsl(query(state), keep_blank_values=True)) == state


# ── windows ────────────────────────────────────────────────────────────────────────────────────


@st.composite
def cases(draw: st.DrawFn) -> dict[str, str]:
    pools = draw(st.booleans())
    kernel = draw(st.integers(1, 6))
    return {
        "tool": "window",
        "kind": "pooling" if pools else "convolution",
        "input": str(draw(st.integers(1, 20))),
        "kernel": str(kernel),
        "stride": str(draw(st.integers(1, 6))),
        "padding": str(draw(st.integers(0, kernel // 2 if pools else 4))),
        "dilation": str(draw(st.integers(1, 3))),
        "ceil": str(draw(st.integers(0, 1))),
    }


def layer(state: Mapping[str, str]) -> nn.Module:
    """Return the window on one axis in torch."""
    given: dict[str, Any] = {name: int(state[name]) for name in ("stride", "padding", "dilation")}
    if state["kind"] == "pooling":
        return nn.MaxPool1d(int(state["kernel"]), ceil_mode=state["ceil"] == "1", **given)
    made = nn.Conv1d(1, 1, int(state["kernel"]), bias=False, **given)
    nn.init.ones_(made.weight)
    return made


def torchs(state: Mapping[str, str]) -> tuple[int, list[int]] | None:
    """Return torch's output size, and the inputs whose change changes nothing, from 1."""
    size = int(state["input"])
    base = torch.full((1, 1, size), -1.0)
    try:
        with torch.no_grad():
            before = layer(state)(base)
            after = layer(state)(base + 2 * torch.eye(size)[:, None])
    except RuntimeError:
        return None
    changed = (after != before).flatten(1).any(1)
    return before.shape[-1], [at + 1 for at in range(size) if not changed[at]]


def said(html: str) -> list[int]:
    """Return the inputs that a part says no window reads."""
    found = re.search(r"no window: (.*), counted", plain(html))
    numbers: list[int] = []
    for run in found[1].split(", ") if found else []:
        first, _, last = run.partition("–")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


@pytest.mark.slow
@settings(max_examples=500)
@given(cases())
def test_a_window_has_torchs_size_and_leaves_unread_what_torch_does(state: dict[str, str]) -> None:
    wanted, found = torchs(state), told(state)
    if wanted is None:
        assert found["error"]
        return
    output, unread = wanted
    shown = parts(found)
    assert f" = {output} " in plain(shown["formula"])
    assert said(shown["unread"]) == unread
    lines = program(shown["pytorch"]).splitlines()
    assert lines[-1].endswith(f"# {output}")
    # The lines are what a reader runs.
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)  # noqa: S102
    assert eval(lines[-1], names) == output  # noqa: S307
    channels = 5 if state["kind"] == "pooling" else 3
    size = int(state["input"])
    made = names["layer"](torch.zeros(1, channels, size, size))
    assert made.shape[2:] == (output, output)


def test_the_comparison_finds_an_input_that_is_read() -> None:
    state = {**DEFAULTS["window"], "input": "8", "padding": "0"}
    assert torchs(state) == (3, [8])
    assert said(parts(told(state))["unread"]) == [8]
    assert said("<p>no window: 2, 4–6, counted</p>") == [2, 4, 5, 6]


def test_rounding_up_is_for_poolings_alone() -> None:
    found = told({"ceil": "1"})
    assert found["state"]["ceil"] == "0"
    assert "A convolution has no ceil_mode" in plain(parts(found)["formula"])
    assert "A convolution has no ceil_mode" not in plain(parts(told({}))["formula"])


def test_the_remainder_of_the_steps_is_told() -> None:
    dropped = {"input": "8", "padding": "0"}
    assert "a remainder of 1, which rounding down drops" in plain(parts(told(dropped))["formula"])
    up = {**dropped, "kind": "pooling", "ceil": "1"}
    assert "rounding up adds the last of these windows" in plain(parts(told(up))["formula"])
    beyond = {**up, "input": "4", "kernel": "1"}
    assert "it would begin beyond the input" in plain(parts(told(beyond))["formula"])
    over = {**up, "input": "2"}
    assert "a single place, where it hangs over" in plain(parts(told(over))["formula"])
    single = {"input": "3", "padding": "0"}
    assert "there is a single place for it" in plain(parts(told(single))["formula"])
    assert "remainder" not in plain(parts(told({}))["formula"])


# ── Keras ──────────────────────────────────────────────────────────────────────────────────────


def kerass(code: str, size: int) -> list[list[int]]:
    """Return the inputs that each window of Keras's lines reads, by the rules of TensorFlow.

    https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    before = after = 0
    for call in ast.walk(ast.parse(code)):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        given = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
        if call.func.attr == "ZeroPadding2D":
            sides = given["padding"]
            before, after = (sides, sides) if isinstance(sides, int) else sides[0]
            continue
        assert call.func.attr in {"Conv2D", "MaxPooling2D"}
        kernel, stride = given.get("kernel_size") or given["pool_size"], given["strides"]
        rate = given.get("dilation_rate", 1)
        assert not (stride > 1 and rate > 1)
        assert rate == 1 or call.func.attr == "Conv2D"
        mode = given["padding"]
    extent, padded = (kernel - 1) * rate + 1, size + before + after
    if mode == "same":
        outputs = -(-padded // stride)
        rest = padded % stride
        start = max(extent - (rest or stride), 0) // 2
    else:
        outputs, start = -(-(padded - extent + 1) // stride), 0
    return [
        [at * stride - start + tap * rate - before for tap in range(kernel)]
        for at in range(outputs)
    ]


def inside(windows_: list[list[int]], size: int) -> list[list[int]]:
    return [[at for at in window if 0 <= at < size] for window in windows_]


@pytest.mark.slow
@settings(max_examples=500)
@given(cases())
def test_keras_reads_the_same_inputs(state: dict[str, str]) -> None:
    wanted, found = torchs(state), told(state)
    assume(wanted is not None)
    assert wanted is not None
    size, kernel, stride = (int(state[name]) for name in ("input", "kernel", "stride"))
    padding, dilation = int(state["padding"]), int(state["dilation"])
    pools = state["kind"] == "pooling"
    html = parts(found)["keras"]
    assert ("no ceil_mode" in html) == (pools and state["ceil"] == "1")
    if "<code>" not in html:
        assert dilation > 1 < kernel
        assert pools or stride > 1
        return
    code = program(html)
    real = [
        [at * stride - padding + tap * dilation for tap in range(kernel)] for at in range(wanted[0])
    ]
    read_ = kerass(code, size)
    # Beyond the input there are zeros for a convolution, and nothing for a pooling.
    assert inside(read_, size) == inside(real, size)
    assert read_ == real
    assert ("A zero can be the maximum" in html) == (pools and "ZeroPadding2D" in code)


def test_the_statement_of_keras_tells_windows_apart() -> None:
    line = 'layers.Conv2D(16, kernel_size=3, strides=2, padding="{}")'
    assert kerass(line.format("same"), 7) == [[-1, 0, 1], [1, 2, 3], [3, 4, 5], [5, 6, 7]]
    assert kerass(line.format("same"), 8) == [[0, 1, 2], [2, 3, 4], [4, 5, 6], [6, 7, 8]]
    assert kerass(line.format("valid"), 8) == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]


@pytest.mark.parametrize(
    ("state", "layers_"),
    [
        ({}, ['Conv2D(16, kernel_size=3, strides=2, padding="same")']),
        (
            {"input": "8"},
            ["ZeroPadding2D(padding=1)", 'Conv2D(16, kernel_size=3, strides=2, padding="valid")'],
        ),
        ({"padding": "0"}, ['Conv2D(16, kernel_size=3, strides=2, padding="valid")']),
        (
            {"kind": "pooling", "input": "8", "padding": "0", "ceil": "1"},
            ['MaxPooling2D(pool_size=3, strides=2, padding="same")'],
        ),
        (
            {
                "kind": "pooling",
                "input": "9",
                "stride": "3",
                "ceil": "1",
            },
            [
                "ZeroPadding2D(padding=((1, 2), (1, 2)))",
                'MaxPooling2D(pool_size=3, strides=3, padding="valid")',
            ],
        ),
        ({"dilation": "2"}, []),
        ({"kind": "pooling", "dilation": "2", "stride": "1"}, []),
    ],
)
def test_keras_says_it_as_simply_as_it_can(state: dict[str, str], layers_: list[str]) -> None:
    html = parts(told(state))["keras"]
    found = (
        re.findall(r"layers\.(.*\)),?$", program(html), re.MULTILINE) if "<code>" in html else []
    )
    assert [each.rstrip(",") for each in found] == layers_


# ── networks ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.id)
def test_a_preset_has_its_answer(preset: Any, code: str) -> None:
    found = told(preset.state, code)
    assert found["error"] is None
    assert found["state"] == preset.state
    if preset.state["tool"] == "window":
        assert list(parts(found)) == ["formula", "figure", "unread", "pytorch", "keras"]
        assert [each["name"] for each in found["files"]] == ["window.svg"]
        return
    size = tuple(map(int, preset.state["input"].split("x")))
    explanation = cx.explain(preset.state["text"], size)
    shown = parts(found)
    assert shown["explanation"] == explanation.to_html(code)
    files = {each["name"]: each["content"] for each in found["files"]}
    if preset.id in BROKEN:
        (problem,) = explanation.problems
        assert problem.cures
        assert list(shown) == ["explanation"]
        assert files == {"explanation.json": explanation.to_json(code)}
        return
    assert explanation.problems == ()
    trace = cx.trace(preset.state["text"], size)
    assert list(shown) == ["explanation", "table", "volumes", "receptive-field"]
    assert shown["table"] == trace.to_html(code)
    with cx.language(code):
        drawn = {
            "volumes": cx.figures.volumes(trace),
            "receptive-field": cx.figures.receptive_field(trace),
        }
    assert files == {
        "network.md": trace.to_markdown(code),
        "network.csv": trace.to_csv(code),
        "network.tex": trace.to_latex(code),
        "network.json": trace.to_json(code),
        **{f"{name}.svg": figure.file().decode() for name, figure in drawn.items()},
    }
    for name, figure in drawn.items():
        assert shown[name] == figure.inline(f"cx-play-{name}")


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.id)
def test_torch_agrees_which_presets_break(preset: Any) -> None:
    if preset.state["tool"] != "network":
        return
    from collections import OrderedDict  # noqa: PLC0415

    with torch.device("meta"):
        names = {"nn": nn, "OrderedDict": OrderedDict}
        module = eval(preset.state["text"], names)  # noqa: S307  # our own
        images = torch.zeros(1, *map(int, preset.state["input"].split("x")))
    if preset.id in BROKEN:
        with pytest.raises(RuntimeError):
            module(images)
    else:
        module(images)


def test_every_preset_has_a_label_of_its_own() -> None:
    for code in LANGUAGES:
        with cx.language(code):
            assert len({preset.label for preset in PRESETS}) == len(PRESETS)
    assert len({preset.id for preset in PRESETS}) == len(PRESETS)
    assert {preset.id for preset in PRESETS} > BROKEN


@st.composite
def chains(draw: st.DrawFn) -> tuple[str, tuple[int, int, int]]:
    """Draw networks of which some fit and some do not."""
    channels, found = 3, []
    for _ in range(draw(st.integers(1, 6))):
        kernel, step = draw(st.integers(1, 5)), draw(st.integers(1, 3))
        match draw(st.sampled_from(["conv", "pool", "relu", "up"])):
            case "conv":
                made = draw(st.integers(1, 8))
                found.append(f"Conv2d({channels}, {made}, {kernel}, stride={step})")
                channels = made
            case "pool":
                ceil = draw(st.booleans())
                found.append(f"MaxPool2d({kernel}, stride={step}, ceil_mode={ceil})")
            case "relu":
                found.append("ReLU()")
            case "up":
                found.append(f"ConvTranspose2d({channels}, {channels}, {kernel}, stride={step})")
    if draw(st.booleans()):
        found += ["Flatten()", f"Linear({draw(st.integers(1, 200))}, 10)"]
    return _sequential(*found), (3, draw(st.integers(1, 40)), draw(st.integers(1, 40)))


@settings(max_examples=100)
@given(chains())
def test_tables_and_explanations_are_those_of_the_package(
    case: tuple[str, tuple[int, int, int]],
) -> None:
    text, size = case
    found = told(network(text, "x".join(map(str, size))))
    explanation, shown = cx.explain(text, size), parts(found)
    assert shown["explanation"] == explanation.to_html("en")
    assert ("table" in shown) == (not explanation.problems)
    if not explanation.problems:
        assert shown["table"] == cx.trace(text, size).to_html("en")


def test_what_cannot_be_drawn_is_said() -> None:
    for text, size, undrawn in [
        ("nn.Sequential(nn.Linear(8, 4))", "8", {"receptive-field"}),
        ("nn.Sequential(nn.Conv3d(3, 4, 1))", "3x4x4x4", {"volumes", "receptive-field"}),
    ]:
        shown = parts(told(network(text, size)))
        assert {name for name, html in shown.items() if "<svg" not in html} - {
            "explanation",
            "table",
        } == undrawn


def test_arguments_that_do_not_go_together_are_a_problem_with_its_cure() -> None:
    found = told(network("nn.Sequential(nn.MaxPool2d(3, padding=2))"))
    assert found["summary"].startswith("Problem: Layer 0 pads by 2")
    assert "padding=1" in parts(found)["explanation"]


def test_nothing_but_the_standard_library_is_needed(fresh_python: Callable[[str], str]) -> None:
    work = """
import json
from cnnexplain.playground import PRESETS, answer, page
for language in ("en", "ja", "fr"):
    assert page(language, 1)
    for preset in PRESETS:
        assert json.loads(answer(preset.state, language))["error"] is None
"""
    fresh_python(BLOCKED + work)


def test_labels_name_what_the_parts_are() -> None:
    assert labels("[playground.part]\nfigure = 'a'") == {"playground.part.figure": "a"}
    for code in LANGUAGES:
        found = [part["heading"] for part in told({"tool": "network"}, code)["parts"]]
        assert all(found)
        assert len(set(found)) == len(found)
