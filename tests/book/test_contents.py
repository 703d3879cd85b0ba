"""What the pages include is what they say it is."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import re
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import torch
from torch import nn

import cnnexplain as cx
from cnnexplain import axis, trace
from cnnexplain.book import contents, results
from cnnexplain.book.conversions import CONVERSIONS
from cnnexplain.book.pages import write_messages
from cnnexplain.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping


DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_pages_program_prints_the_table_that_stands_under_it(language: str) -> None:
    page = (DOCS / language / "index.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```\n\n--8<-- \"(.*?)\"", page, re.DOTALL)
    ((program, included),) = programs
    assert included == "tables/own-network.html"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program, {})  # noqa: S102  # our own page
    assert printed.getvalue() == f"{contents.TABLES['own-network']()}\n"
    assert trace(contents.OWN_NETWORK, (3, 64, 64)) == contents.TABLES["own-network"]()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_on_a_page_the_gallery_too_and_no_page_includes_another(
    language: str,
) -> None:
    pages = [path.read_text(encoding="utf-8") for path in (DOCS / language).glob("*.md")]
    included = {name for page in pages for name in re.findall(r'--8<-- "(.*?)"', page)}
    tables = {f"tables/{name}.html" for name in (*contents.TABLES, *CONVERSIONS)}
    explanations = {f"explanations/{name}.html" for name in contents.EXPLANATIONS}
    messages = {f"messages/{name}.html" for name in write_messages(contents.EXPLANATIONS)}
    outputs = {f"outputs/{name}.html" for name in contents.OUTPUTS}
    reference = {name for name in included if name.startswith("reference/")}
    figures = {f"figures/{name}.html" for name in contents.FIGURES}
    assert included - figures - reference == {
        *(f"figures/gallery-{name}.html" for name in contents.GALLERIES),
        *(tables | explanations | messages | outputs),
        *(f"claims/{name}.md" for name in ("filter", "j", "f", "t", "setup")),
        "playground.html",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_programs_of_a_page_make_the_explanations_and_messages_under_them(
    language: str,
) -> None:
    page = (DOCS / language / "one-size.md").read_text(encoding="utf-8")
    fence = r"```python\n((?:(?!```).)*)```"
    explained = re.findall(rf'{fence}\n\n--8<-- "explanations/(.*?).html"', page, re.DOTALL)
    assert {name: line for line, name in explained} == {
        name: f"{program.python}\n" for name, program in contents.EXPLANATIONS.items()
    }
    said = re.findall(rf'{fence}\n\n--8<-- "messages/(.*?).html"', page, re.DOTALL)
    # The first message of the page stands above its program.
    first = page[: page.index("```python")]
    (opening,) = re.findall(r'--8<-- "messages/(.*?).html"', first)
    programs = {name: code for code, name in said}
    programs[opening] = re.findall(fence, page, re.DOTALL)[0]
    assert programs == {
        name: program.code for name, program in contents.EXPLANATIONS.items() if program.code
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headings_are_what_torch_really_says(language: str) -> None:
    page = (DOCS / language / "one-size.md").read_text(encoding="utf-8")
    _, *sections = re.split(r"(?m)^##+ ", page)
    headings = [section for section in sections if section.startswith("`")]
    assert len(headings) == 6
    for section in headings:
        (name,) = re.findall(r'--8<-- "messages/(.*?).html"', section)
        assert f"{{#{name}}}" in section.splitlines()[0]
        said, at = contents.EXPLANATIONS[name].message(), 0
        for part in section.split("`")[1].split("…"):
            at = said.index(part.strip(), at) + len(part.strip())


def test_the_alexnet_of_the_page_is_the_one_of_the_package_but_for_its_pooling() -> None:
    explained = contents.EXPLANATIONS["alexnet-384"].explanation()
    assert explained.trace
    own = {str(row.operation) for row in explained.trace.rows}
    packaged = trace(cx.networks.alexnet("torchvision"))
    below = [row for row in packaged.rows if row.name.startswith(("conv", "pool", "flatten"))]
    assert own - {"ReLU()"} == {str(row.operation) for row in below}
    assert "avgpool" in [row.name for row in packaged.rows]


def test_the_cures_that_a_page_compares_are_those_of_the_explanation() -> None:
    (problem,) = contents.EXPLANATIONS["alexnet-384"].explanation().problems
    kinds = [cure.kind for cure in problem.cures]
    assert kinds == ["resize", "crop", "pool", "in_features", "convolution"]


@pytest.mark.parametrize("name", contents.FIGURES)
def test_the_line_under_a_figure_calls_what_there_is_with_arguments_that_it_takes(
    name: str,
) -> None:
    call = ast.parse(contents.FIGURES[name].python, mode="eval").body
    assert isinstance(call, ast.Call)
    path = ast.unparse(call.func)
    if path.startswith("cx.figures."):
        taken = inspect.signature(getattr(cx.figures, path.removeprefix("cx.figures.")))
    else:
        window = {"sliding-faces": 24, "sliding-espresso": 224}[name]
        assert path == f"cx.compare(model, image, window={window}).figure"
        taken = inspect.signature(partial(cx.Comparison.figure, cast("cx.Comparison", None)))
    taken.bind(*call.args, **{str(each.arg): each.value for each in call.keywords})


def test_the_answers_of_the_first_labs_exercises_hold() -> None:
    values: Mapping[str, Any] = results.values()
    row = torch.zeros(1, 1, 20)
    assert [p for p in range(9) if nn.Conv1d(1, 1, 5, padding=p)(row).shape[-1] == 20] == [2]
    assert not [p for p in range(9) if nn.Conv1d(1, 1, 4, padding=p)(row).shape[-1] == 20]
    stem = values["stem_kernel"], values["stem_stride"]
    picture = torch.zeros(1, 1, values["vgg_input"])
    sizes = [nn.Conv1d(1, 1, *stem, padding=p)(picture).shape[-1] for p in range(9)]
    assert [p for p, size in enumerate(sizes) if size == values["stem_output"]] == [3]
    assert values["stem_padding"] == 3
    assert (stem, values["stem_output"]) == ((7, 2), 112)
    assert axis.window(3, stride=4).unread(10) == range(7, 10)
    for kernel, stride, size in product(range(1, 6), range(1, 4), range(6, 20)):
        assert axis.window(kernel, stride=stride).unread(size)[-3:] != range(size - 3, size)

    block, dense = torch.zeros(1, 256, 13, 13), nn.Linear(9216, 4096)
    assert dense(nn.MaxPool2d(2, 2)(block).flatten(1)).shape == (1, 4096)
    said = r"mat1 and mat2 shapes cannot be multiplied \(1x12544 and 9216x4096\)"
    with pytest.raises(RuntimeError, match=said):
        dense(nn.MaxPool2d(2, 2, ceil_mode=True)(block).flatten(1))
    assert values["pool22_ceil_flat"] == 12544
    with pytest.raises(cx.ShapeError, match="fc6") as raised:
        cx.trace(cx.networks.alexnet(), (3, *values["claimed_input"]))
    assert f"received: {values['paper224_flat']} in" in str(raised.value)


def test_the_answers_of_the_labs_exercises_hold() -> None:
    values: Mapping[str, Any] = results.values()
    assert (values["lenet_came"], values["lenet_wanted"]) == (256, 400)
    assert (values["twelve_smallest"], values["twelve_largest"]) == (384, 415)
    (large,) = cx.explain(cx.networks.vgg16(), (3, 500, 500)).problems
    assert all(list(fits.runs) == [range(224, 256)] for fits in large.fits)
    below = nn.Sequential(*[nn.MaxPool2d(2)] * 5)
    sides = [side for side in range(300, 500) if below(torch.zeros(1, side, side)).shape[-1] == 12]
    assert (sides[0], sides[-1]) == (384, 415)

    (digits,) = cx.explain(cx.networks.lenet5(), (1, 28, 28)).problems
    assert (digits.facts["came"], digits.facts["wanted"]) == (256, 400)
    assert [cure.code for cure in digits.cures if cure.kind == "pad"] == [
        "x = F.pad(x, (2, 2, 2, 2))"
    ]

    changed = nn.Sequential(nn.Conv2d(1, 16, 5), nn.Flatten(), nn.Linear(16 * 5 * 5, 10))
    said = r"mat1 and mat2 shapes cannot be multiplied \(1x1600 and 400x10\)"
    with pytest.raises(RuntimeError, match=said):
        changed(torch.zeros(1, 1, 14, 14))
