"""Every format of a trace: the same cells, exact where programs read them, and golden files."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import wcswidth

import cnnexplain as cx
from cnnexplain.errors import ArgumentError, CnnExplainError
from cnnexplain.formats import characters
from cnnexplain.formats.text import IMPORTANCE
from cnnexplain.formula import Formula
from cnnexplain.graph import Network, Row
from cnnexplain.languages import LANGUAGES, language
from cnnexplain.operations import Operation
from cnnexplain.table import Column, size

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = json.loads((resources.files(cx) / "trace.schema.json").read_text(encoding="utf-8"))
ALEXNET = cx.trace(cx.networks.alexnet())
ALL = [column.value for column in Column]
NASTY = "=50%_{a}\\$&#^~|<b>\"'`[x]*--"


@dataclass(frozen=True)
class Words(Operation):
    """An operation that says what a test wants it to say."""

    words: str

    def __str__(self) -> str:
        return self.words

    @property
    def parameter_formula(self) -> Formula | None:
        return Formula("C", "3·2·2 + 2 = 14") if self.words.startswith("Conv") else None


def row(name: str, words: str, **others: Any) -> Row:
    """Return a row of a layer that changes nothing, but for what is said otherwise."""
    plain: dict[str, Any] = {
        "name": name,
        "operation": Words(words),
        "input_shapes": ((1, 2, 4, 5),),
        "output_shape": (1, 2, 4, 5),
        "formula": None,
        "parameters": 0,
        "macs": 0,
        "memory": 160,
        "receptive_field": (3, 3),
        "effective_stride": (Fraction(1, 2), Fraction(1, 2)),
        "effective_padding": (Fraction(-1, 2), Fraction(0)),
        "unread": (),
        "touched": (1, 2),
        "sees_everything": False,
        "origin": "rule",
        "source": 0,
        "node": 0,
    }
    return Row(**plain | others)


# One row for each thing that a row can say.
ROWS = (
    row(
        "features.0",
        "Conv2d(3, 2, kernel_size=2)",
        input_shapes=((1, 3, 9, 10),),
        formula=Formula("o", "floor((9 + 2·0 − 2)/2) + 1 = 4"),
        parameters=1234567,
        macs=28,
        memory=1161600,
        unread=(1, 0),
    ),
    row("add", "add()", input_shapes=((1, 2, 4, 5), (1, 5)), touched=None, receptive_field=None),
    row(
        "attention", "softmax(dim=-1)", sees_everything=True, effective_stride=None, touched=(0, 0)
    ),
    row("fft", "fft2()", origin="meta", output_shape=(1, 2, 4, 3)),
    row(NASTY, "masked_select()", origin="run", output_shape=(7,), memory=0),
)
TRACE = cx.Trace(
    Network((), "Test & Söhne", unused=("head.weight",), by_values=True),
    ((3, 9, 10), (5,)),
    1,
    ROWS,
)
FORMATS: dict[str, str] = {
    "text": "txt",
    "markdown": "md",
    "html": "html",
    "latex": "tex",
    "csv": "csv",
    "json": "json",
}


def written(form: str, code: str) -> str:
    text: str = getattr(TRACE, f"to_{form}")(code, ALL)
    return text.rstrip("\n") + "\n"


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_the_golden_one(form: str, code: str) -> None:
    golden = (GOLDEN / f"trace.{code}.{FORMATS[form]}").read_bytes().decode()
    assert written(form, code) == golden


def test_the_golden_files_are_those_that_are_compared() -> None:
    names = {f"trace.{code}.{ending}" for code in LANGUAGES for ending in FORMATS.values()}
    others = {"api.txt", "difference.txt", "explanations.txt", "refusals.txt"}
    assert {file.name for file in GOLDEN.iterdir()} == names | others


# --- The same numbers everywhere ---


class Cells(HTMLParser):
    """The text of each cell of an HTML table, row by row."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


def in_text(trace: cx.Trace, code: str) -> list[list[str]]:
    _, head, _, *rest = trace.to_text(code, SUMMED).splitlines()
    rows = [re.split(r" {2,}", line.strip()) for line in (head, *rest) if "──" not in line]
    return rows[: len(trace.rows) + 2]


def in_markdown(trace: cx.Trace, code: str) -> list[list[str]]:
    lines = trace.to_markdown(code, SUMMED).split("\n\n")[0].splitlines()
    return [line.strip("| ").split(" | ") for line in lines[:1] + lines[2:]]


def in_html(trace: cx.Trace, code: str) -> list[list[str]]:
    return Cells(trace.to_html(code, SUMMED)).rows


def in_latex(trace: cx.Trace, code: str) -> list[list[str]]:
    return latex_cells(trace.to_latex(code, SUMMED))


SUMMED = ["name", "parameters", "macs"]


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("cells", [in_text, in_markdown, in_html, in_latex])
def test_columns_sum_to_their_totals(
    cells: Callable[[cx.Trace, str], list[list[str]]], code: str
) -> None:
    header, *body, totals = cells(ALEXNET, code)
    assert len(set(header)) == 3
    assert len(body) == len(ALEXNET.rows)
    for index, total in ((1, ALEXNET.parameters), (2, ALEXNET.macs)):
        numbers = [int(re.sub(r"\D", "", each[index])) for each in (*body, totals)]
        assert sum(numbers[:-1]) == numbers[-1] == total


@pytest.mark.parametrize("column", ["parameters", "macs", "memory"])
def test_what_programs_read_sums_to_the_totals_exactly(column: str) -> None:
    total = getattr(ALEXNET, column)
    table = list(csv.reader(io.StringIO(ALEXNET.to_csv(columns=[column]))))
    assert sum(int(cell) for (cell,) in table[1:]) == total
    data = json.loads(ALEXNET.to_json())
    assert sum(each[column] for each in data["rows"]) == data[column] == total
    assert ALEXNET.to_frame()[column].sum() == total


def test_memory_is_shown_in_readable_units_and_sums_in_bytes() -> None:
    assert [size(each) for each in (0, 1023, 1024, 1536, 1161600, 5 * 2**30, 2**60)] == [
        "0 B",
        "1,023 B",
        "1 KiB",
        "1.5 KiB",
        "1.1 MiB",
        "5 GiB",
        "1,048,576 TiB",
    ]
    with language("fr"):
        assert size(1161600) == "1,1\u00a0Mio"
    assert TRACE.to_text(columns=["name", "memory"]).splitlines()[-5].split() == [
        "Total",
        "1.1",
        "MiB",
    ]


# --- Fitted to a terminal ---


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("trace", [ALEXNET, TRACE], ids=["alexnet", "all"])
@pytest.mark.parametrize("columns", [None, ALL, ["macs"], ["formula"]])
def test_no_line_is_wider_than_asked(trace: cx.Trace, code: str, columns: list[str] | None) -> None:
    arguments: dict[str, Any] = {} if columns is None else {"columns": columns}
    whole = trace.to_text(code, **arguments)
    natural = max(wcswidth(line) for line in whole.splitlines())
    for width in (*range(2, 60), 80, 100, 120, 160, natural - 1, natural):
        lines = trace.to_text(code, width=width, **arguments).splitlines()
        assert max(map(wcswidth, lines)) <= width
    assert trace.to_text(code, width=natural, **arguments) == whole


def test_columns_that_find_no_room_are_named_and_the_most_important_stay() -> None:
    lines = ALEXNET.to_text(width=80).splitlines()
    assert re.split(r" {2,}", lines[1]) == [
        "Layer",
        "Operation",
        "Output shape",
        "Parameters",
        "MACs",
    ]
    assert lines[-1] == (
        "Left out for want of width: Output size, Receptive field, Effective stride"
    )
    assert lines[3].startswith("conv1    Conv2d(3, 96, kernel_size=11, s…      96×55×55")
    assert set(IMPORTANCE) == set(Column)
    assert "Left out" not in ALEXNET.to_text()


def test_a_number_is_left_out_before_it_is_cut() -> None:
    for width in range(15, 120):
        table = ALEXNET.to_text("en", ["name", "parameters", "macs"], width)
        assert not re.search(r"\d…", table.partition("\n")[2])


def test_repr_fits_the_terminal_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert repr(ALEXNET) == ALEXNET.to_text()
    monkeypatch.setenv("COLUMNS", "80")
    assert repr(ALEXNET) == ALEXNET.to_text(width=80)
    monkeypatch.setenv("COLUMNS", "nonsense")
    assert repr(ALEXNET) == ALEXNET.to_text()
    monkeypatch.setattr("sys.stdout", None)
    assert repr(ALEXNET) == ALEXNET.to_text()


@pytest.mark.parametrize("width", [0, -3, "80", 2.5])
def test_a_width_is_a_positive_integer(width: Any) -> None:
    with pytest.raises(ArgumentError, match="width as an integer of at least 1"):
        ALEXNET.to_text(width=width)


def test_what_counts_as_plain_is_seen_and_one_column_wide() -> None:
    for code in range(0x110000):
        character = chr(code)
        if characters.plain(character):
            assert len(f"a{character}b".splitlines()) == 1
            assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Mn", "Me"}
            assert unicodedata.east_asian_width(character) not in {"W", "F"}
    assert not characters.plain("\u2028")
    assert characters.width("e\u0301") == wcswidth("e\u0301") == 1


@given(st.text(), st.integers(1, 30))
def test_cut_and_wrapped_texts_are_narrow_and_lose_nothing_else(text: str, limit: int) -> None:
    text = characters.visible(text)
    assert characters.width(characters.cut(text, limit)) <= max(limit, 1)
    lines = characters.wrapped(text, limit)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(characters.width(line) <= limit or len(line) == 1 for line in lines)


# --- LaTeX ---

WRITTEN = {
    r"\textbackslash{}": "\\",
    r"\textasciicircum{}": "^",
    r"\textasciitilde{}": "~",
    r"\textasciigrave{}": "`",
    r"\textquotesingle{}": "'",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\symbol{34}": '"',
    r"$\times$": "×",
    r"$\cdot$": "·",
    r"$\to$": "→",
    r"$-$": "−",
    r"\,": "\u202f",
    "~": "\u00a0",
    "-{}": "-",
    **{f"\\{each}": each for each in "{}$&#%_"},
    **{f"{{{each}}}": each for each in "[]*"},
}
UNIT = re.compile("|".join(map(re.escape, sorted(WRITTEN, key=len, reverse=True))))


def read_latex(cell: str) -> str:
    """Return what LaTeX prints, refusing everything that has a meaning and is not written off."""
    raw = UNIT.sub("", cell)
    assert not re.search(r"[\\{}$&#%_^~\[\]*|<>\"'`]|--", raw), cell
    return UNIT.sub(lambda match: WRITTEN[match[0]], cell)


def check_mathematics(tex: str) -> None:
    depth = 0
    for token in re.findall(r"\\[A-Za-z]+|\\.|.", tex):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
        assert token not in {"#", "%", "&", "~", "$"}
        assert token.isascii()
    assert depth == 0
    assert tex.count(r"\left") == tex.count(r"\right")


def latex_cells(document: str) -> list[list[str]]:
    """Return the cells of a table's lines, strictly: this is no LaTeX, but less than it."""
    lines = [line for line in document.splitlines() if not line.startswith("%")]
    begin = re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", lines[0])
    assert begin
    end = lines.index(r"\end{tabular}")
    assert lines.count(r"\midrule") == 2
    assert lines[1] == r"\toprule"
    assert lines[end - 1] == r"\bottomrule"
    for note in lines[end + 1 :]:
        match = re.fullmatch(r"\\par\{\\footnotesize (.*)\\par\}", note)
        assert match
        read_latex(match[1])
    rows: list[list[str]] = []
    for line in lines[2 : end - 1]:
        if line == r"\midrule":
            continue
        assert line.endswith(r" \\")
        cells = re.split(r"(?<!\\) ?& ?", line.removesuffix(r" \\"))
        assert len(cells) == len(begin[1])
        rows.append([])
        for cell in cells:
            mathematics = re.fullmatch(r"\$([^$]*=[^$]*)\$", cell)
            if mathematics:
                check_mathematics(mathematics[1])
            rows[-1].append(cell if mathematics else read_latex(cell))
    return rows


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(
    "trace", [TRACE, ALEXNET, cx.trace(cx.networks.vgg16(padded=False))], ids=["all", "a", "v"]
)
def test_latex_says_what_the_text_says(trace: cx.Trace, code: str) -> None:
    columns = [each for each in ALL if "formula" not in each]
    rows = latex_cells(trace.to_latex(code, columns))
    cells = Cells(trace.to_html(code, columns)).rows
    assert rows == cells
    latex_cells(trace.to_latex(code, ALL))


def test_formulas_are_set_as_mathematics() -> None:
    line = TRACE.to_latex("en", ["name", "formula"]).splitlines()[6]
    assert line == (
        r"features.0 & $\left\lfloor \frac{9 + 2 \cdot 0 - 2}{2} \right\rfloor + 1 = 4$ \\"
    )


def test_the_latex_checks_find_faults() -> None:
    for fault in ("50%", "a_b", "{", "$x", "a&b", "~^", "--", "[1]", "\\x"):
        with pytest.raises(AssertionError):
            read_latex(fault)
    for fault in ("{", "}{", "50%", r"\left(", "×"):
        with pytest.raises(AssertionError):
            check_mathematics(fault)


@given(st.text())
@example(NASTY)
@example("[:, 0]")
@example("---``''?`<<>>,,")
@example("a\\\\[1em]\n%&")
def test_a_name_stays_text_in_latex(name: str) -> None:
    trace = replace(TRACE, rows=(row(name, name),))
    shown = characters.visible(name).replace("\ufffd", "?")
    rows = latex_cells(trace.to_latex("en", ["name", "operation", "macs"]))
    assert rows[1][:2] == [shown, shown]
    assert trace.to_latex().encode()


# --- CSV, JSON, DataFrames ---


def csv_rows(columns: list[str]) -> list[dict[str, str]]:
    names, *body = csv.reader(io.StringIO(TRACE.to_csv("en", columns)))
    del names
    return [dict(zip(columns, line, strict=True)) for line in body]


def test_csv_holds_exact_numbers_and_fractions() -> None:
    first, add, attention, fft, nasty = csv_rows(ALL)
    assert first["parameters"] == "1234567"
    assert first["memory"] == "1161600"
    assert first["effective_stride"] == "1/2"
    assert first["effective_padding"] == "-1/2x0"
    assert first["unread"] == "1x0"
    assert first["marks"] == "unread touched"
    assert add["input_shapes"] == "1x2x4x5 1x5"
    assert add["touched"] == add["receptive_field"] == ""
    assert attention["marks"] == "everything"
    assert fft["origin"] == "meta"
    assert nasty["output_shape"] == "7"


@pytest.mark.parametrize("code", LANGUAGES)
def test_json_is_what_its_schema_describes(code: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for trace in (TRACE, ALEXNET, ALEXNET.collapsed(1)):
        data = json.loads(trace.to_json(code))
        validator.validate(data)
        assert data["notes"] == list(json.loads(trace.to_json(code, ["name"]))["notes"])
        del data["notes"]
        english = json.loads(trace.to_json("en"))
        del english["notes"]
        assert data == english


def test_the_schema_knows_every_column_and_describes_it() -> None:
    described = SCHEMA["$defs"]["row"]["properties"]
    assert list(described) == ALL
    assert all(
        each["description"] for each in (*described.values(), *SCHEMA["properties"].values())
    )
    data = json.loads(TRACE.to_json())
    data["rows"][0]["macs"] = "28"
    with pytest.raises(jsonschema.ValidationError, match="'28' is not of type 'integer'"):
        jsonschema.validate(data, SCHEMA)


def test_json_is_exact_and_says_null_for_what_nothing_tells() -> None:
    first, add, *_ = json.loads(TRACE.to_json())["rows"]
    assert first["effective_stride"] == ["1/2", "1/2"]
    assert first["effective_padding"] == ["-1/2", 0]
    assert add["receptive_field"] is None
    assert add["input_shapes"] == [[1, 2, 4, 5], [1, 5]]
    assert json.loads(TRACE.to_json())["rows"][-1]["name"] == NASTY


def test_a_dataframe_holds_exact_values() -> None:
    table = TRACE.to_frame()
    assert list(table.columns) == ALL
    assert table["parameters"].dtype == "Int64"
    assert table["receptive_field"].dtype == "Int64"
    assert table["receptive_field"].isna().tolist() == [False, True, False, False, False]
    assert table["effective_stride"][0] == Fraction(1, 2)
    assert table["effective_padding"][0] == (Fraction(-1, 2), 0)
    assert table["output_shape"][4] == (7,)
    assert table["marks"][0] == ("unread", "touched")
    assert list(TRACE.to_frame("fr", ["name", "macs"]).columns) == ["Couche", "MAC"]
    huge = replace(TRACE, rows=(row("a", "b", macs=2**70),)).to_frame()
    assert huge["macs"].tolist() == [2**70]
    pd.testing.assert_frame_equal(TRACE.to_frame(columns=["macs"]), table[["macs"]])


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(CnnExplainError, match="pandas, which makes the DataFrame") as caught:
        TRACE.to_frame()
    assert caught.value.cure == 'pip install "cnnexplain[frame]"'


# --- Words, marks and notes ---


@pytest.mark.parametrize("form", ["text", "markdown", "html", "latex"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_the_notes_stand_below_every_table(form: str, code: str) -> None:
    document = getattr(TRACE, f"to_{form}")(code)
    with language(code):
        meta, run, values, unused = TRACE.notes
    assert "fft" in meta
    assert NASTY in run
    assert "head.weight" in unused
    assert html.unescape(document).replace("~", "\u00a0").count(values) == 1
    assert getattr(ALEXNET, f"to_{form}")(code).count("\n\n") == 0
    assert ALEXNET.notes == ()


def test_long_lists_in_notes_are_shortened() -> None:
    rows = tuple(row(f"r{index}", "x", origin="meta") for index in range(1200))
    (note,) = cx.Trace(Network(()), ((3, 4, 4),), 1, rows).notes
    assert note.endswith("gives (1,200): r0, r1, r2, r3, r4 and 1,195 more.")


def test_a_row_says_that_torch_found_its_shape() -> None:
    with language("en"):
        cells = in_columns(["name", "formula", "marks", "origin"])
    meta = "torch’s meta kernel"
    assert cells["fft"] == [meta, f"padding reaches 1×2, {meta}", meta]
    assert cells[NASTY][0] == "real run"
    assert cells["attention"] == ["unchanged", "sees everything", "rule"]
    assert cells["features.0"][1:] == ["unread inputs: 1×0, padding reaches 1×2", "rule"]
    assert cells["add"] == ["unchanged", "–", "rule"]


def test_what_torch_found_is_no_formula_of_ours() -> None:
    found = row("a", "a", origin="run", formula=Formula("x", "1×4 → 1"))
    table = replace(TRACE, rows=(found,)).to_markdown("en", ["formula"])
    assert table.splitlines()[2] == "| real run |"


def in_columns(columns: list[str]) -> dict[str, list[str]]:
    return {cells[0]: cells[1:] for cells in Cells(TRACE.to_html("en", columns)).rows}


def test_a_scalar_has_a_shape_that_can_be_shown() -> None:
    trace = replace(TRACE, rows=(row("sum", "sum()", input_shapes=((),), output_shape=()),))
    for form in FORMATS:
        assert getattr(trace, f"to_{form}")(columns=ALL)
    assert "–" in trace.to_text(columns=["output_shape"])


def test_all_formats_refuse_unknown_columns_and_languages() -> None:
    for form in (*FORMATS, "frame"):
        with pytest.raises(ArgumentError, match="columns among"):
            getattr(TRACE, f"to_{form}")(columns=["nothing"])
        with pytest.raises(ArgumentError, match="one of the languages"):
            getattr(TRACE, f"to_{form}")("de")


if __name__ == "__main__":  # writes the golden files, which are then to be read
    for a_form, ending in FORMATS.items():
        for a_code in LANGUAGES:
            (GOLDEN / f"trace.{a_code}.{ending}").write_bytes(written(a_form, a_code).encode())
