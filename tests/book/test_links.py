"""Links into the playground."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlparse

import pytest

from cnnexplain import figures
from cnnexplain.book import contents, links, pages, takeaway
from cnnexplain.languages import LANGUAGES, language
from cnnexplain.playground import answer

WINDOWS = {
    name: state
    for name, each in contents.FIGURES.items()
    if (state := links.window(each.python)) is not None
}


def told(state: dict[str, str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(answer(state, "en"))
    return found


@pytest.mark.parametrize("name", WINDOWS)
def test_the_playground_shows_the_window_of_the_figure(name: str) -> None:
    found = told(WINDOWS[name])
    assert found["error"] is None
    assert found["state"] == WINDOWS[name]
    before, output = name.split("-to-")
    size = before.rpartition("-")[2]
    assert f"input {size}×{size}, output {output}×{output}" in str(found["summary"])


@pytest.mark.parametrize(
    "line",
    [
        'cx.figures.stride(6, kernel_size=3, padding="same")',
        "cx.figures.stride((4, 9), kernel_size=(2, 3))",
        "cx.figures.stride(6, kernel_size=3, padding=((0, 1), (0, 1)))",
        'cx.figures.stride(6, kernel_size=3, operation="average_pooling")',
        "cx.figures.stride(6, output_padding=1)",
        "cx.figures.strides(7, kernel_size=3)",
        "cx.figures.volumes(model)",
    ],
)
def test_what_the_playground_does_not_have_gets_no_link(line: str) -> None:
    assert links.window(line) is None
    with language("en"):
        assert "cx:playground" not in takeaway.under(figures.stride(3, 2), "a", line)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_link_stands_under_a_figure_in_its_language(code: str) -> None:
    line = "cx.figures.stride(7, kernel_size=3, stride=2)"
    with language(code):
        figure = figures.stride(7, 3, 2)
    html = takeaway.under(figure, "a", line)
    (address,) = re.findall(r'href="(cx:playground/[^"]+)"', html)
    query = parse_qs(urlparse(unescape(address)).fragment)
    assert {key: value for key, (value,) in query.items()} == links.window(line)


@pytest.mark.parametrize("name", contents.PLAYED)
def test_the_playground_reads_the_networks_of_tables_and_explanations(name: str) -> None:
    kind, entry = name.split("/")
    found = told(dict(contents.PLAYED[name]))
    assert found["error"] is None
    shown = json.dumps(found["parts"], ensure_ascii=False)
    if kind == "tables":
        rows = contents.TABLES[entry]().rows
        assert f"{rows[-1].output_shape[-1]}" in shown
    else:
        problems = contents.EXPLANATIONS[entry].explanation().problems
        assert ("cx-problem" in shown) == bool(problems)


def test_links_stand_below_the_tables_that_have_them() -> None:
    made = {"a": "<table></table>\n", "b": "<table></table>\n"}
    linked = pages.linked("tables", made, {"tables/a": {"tool": "network"}}, "fr")
    assert linked["b"] == made["b"]
    assert linked["a"].startswith(made["a"])
    assert "cx:playground/#tool=network" in linked["a"]


def test_every_declared_network_belongs_to_something_on_the_pages() -> None:
    known = {f"tables/{each}" for each in contents.TABLES}
    known |= {f"explanations/{each}" for each in contents.EXPLANATIONS}
    assert set(contents.PLAYED) <= known
