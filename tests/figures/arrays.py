"""What a figure of cells and numbers draws, read back from its SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from tests.moments import sentences

from cnnexplain.languages import LANGUAGES, language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnnexplain.figures import Figure
    from cnnexplain.figures.arrays import Cells

SVG = "{http://www.w3.org/2000/svg}"
BOX = re.compile(r"M(-?[\d.]+) (-?[\d.]+)h([\d.]+)v([\d.]+)h-([\d.]+)z")
TOKEN = re.compile(r"([A-Za-z])|(-?\d*\.?\d+)")
ARGUMENTS = {"M": 2, "m": 2, "L": 2, "l": 2, "h": 1, "v": 1, "H": 1, "V": 1, "z": 0}


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own text


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in root.iter() if name in each.get("class", "").split()]


def boxes(path: ET.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of each box of a path."""
    return [
        (float(x), float(y), float(width), float(height))
        for x, y, width, height, _ in BOX.findall(path.attrib["d"])
    ]


def points(data: str) -> Iterator[tuple[float, float]]:
    """Every point that a path goes through."""
    tokens: list[str] = [command or value for command, value in TOKEN.findall(data)]
    x = y = 0.0
    at, command = 0, ""
    while at < len(tokens):
        if tokens[at].isalpha():
            command, at = tokens[at], at + 1
        values = [float(each) for each in tokens[at : at + ARGUMENTS[command]]]
        at += len(values)
        match command:
            case "M" | "L":
                x, y = values
            case "m" | "l":
                x, y = x + values[0], y + values[1]
            case "h" | "H":
                x = values[0] + x * (command == "h")
            case "v" | "V":
                y = values[0] + y * (command == "v")
        yield x, y


def texts(root: ET.Element) -> list[tuple[float, float, float, str]]:
    """Every short text in a cell: its place, its size, itself."""
    found = []

    def read(element: ET.Element, size: float, y: float) -> None:
        own = re.search(r"font-size:([\d.]+)px", element.get("style", ""))
        size = float(own[1]) if own else size
        for piece in element:
            y = float(piece.get("y", y))
            if piece.get("x") and size:
                found.append((float(piece.attrib["x"]), y, size, piece.text or ""))
            read(piece, size, y)

    for text in root.iter(f"{SVG}text"):
        read(text, 0.0, 0.0)
    return found


def within(
    root: ET.Element, cells: Cells, *, sizes: Callable[[float], bool] = bool
) -> list[list[Any]]:
    """The text of each cell, or "" where there is none."""
    found = [[""] * cells.columns for _ in range(cells.rows)]
    for x, y, size, text in texts(root):
        column, row = int((x - cells.x) // cells.unit), int((y - 2 - cells.y) // cells.high)
        if 0 <= row < cells.rows and 0 <= column < cells.columns and sizes(size):
            found[row][column] += text
    return found


def filled(paths: list[ET.Element], cells: Cells) -> dict[tuple[int, int], ET.Element]:
    """The path that fills each cell, for the cells that some box of a path fills."""
    found = {}
    for path in paths:
        for x, y, width, height in boxes(path):
            column, row = (x - cells.x) / cells.unit, (y - cells.y) / cells.high
            if not (-0.01 < row < cells.rows - 0.5 and -0.01 < column < cells.columns - 0.5):
                continue
            for down in range(round(height / cells.high)):
                for across in range(round(width / cells.unit)):
                    found[round(row) + down, round(column) + across] = path
    return found


def lines(root: ET.Element) -> list[str]:
    """Every line of text."""
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def numeral(text: str) -> int:
    return int(text.replace("−", "-").replace(",", ""))


def flat(element: ET.Element, step: int | None) -> Iterator[tuple[str, dict[str, str], str]]:
    """Everything that is drawn at a step, without the groups that only say when."""
    for each in element:
        if each.tag in {f"{SVG}title", f"{SVG}desc", f"{SVG}style"}:
            continue
        if each.get("class") == "cx-seen":
            times = dict(part.split(":") for part in each.attrib["style"].split(";"))
            on, off = int(times.get("--cx-on", 0)), int(times.get("--cx-off", 10**6))
            assert step is not None, "a frame has no times"
            if on <= step < off:
                yield from flat(each, step)
        else:
            yield each.tag, dict(each.attrib), each.text or ""
            yield from flat(each, step)


def hidden(figure: Figure) -> None:
    """See that what is hidden while nothing moves is what the still step does not show."""
    for group in of_class(parse(figure.svg), "cx-seen"):
        times = dict(part.split(":") for part in group.attrib["style"].split(";"))
        on, off = int(times.get("--cx-on", 0)), int(times.get("--cx-off", 10**6))
        assert (group.get("opacity") == "0") == (not on <= figure.still < off)


def check(make: Callable[[], Figure], most: int = 20_000) -> None:
    """What holds of every figure, in every language."""
    geometry = set()
    for code in LANGUAGES:
        with language(code):
            figure, again = make(), make()
        assert figure.svg == again.svg
        assert len(figure.inline("a").encode()) <= most
        root = parse(figure.svg)
        assert root.findtext(f"{SVG}title") == figure.title
        assert root.findtext(f"{SVG}desc") == figure.description
        assert "{" not in figure.title + figure.description + "".join(lines(root))
        assert bool(re.search("[ぁ-ん]", figure.description)) == (code == "ja")
        for path in root.iter(f"{SVG}path"):
            for x, y in points(path.attrib["d"]):
                assert 0 <= x <= 480, path.get("d")
                assert 0 <= y <= figure.height, path.get("d")
        for text in root.iter(f"{SVG}text"):
            for piece in text.iter():
                assert 0 <= float(piece.get("x", 0)) <= 480
                assert 0 <= float(piece.get("y", 20)) <= figure.height - 4
        for x, _, size, content in texts(root):
            assert size >= 10
            assert 0 <= x <= 480
            assert content
        places = tuple(
            path.get("d")
            for path in root.iter(f"{SVG}path")
            if path.get("class") != "cx-guide" and not key_swatch(path, figure)
        )
        geometry.add((figure.height, places))
        if figure.steps == 1:
            continue
        hidden(figure)
        for step in range(figure.steps):
            frame = parse(figure.frame(step))
            assert list(flat(root, step)) == list(flat(frame, None)), step
        told = sentences(figure)
        assert "{" not in "".join(told)
        assert len(told) == figure.steps
    assert len(geometry) == 1


def key_swatch(path: ET.Element, figure: Figure) -> bool:
    """Whether a path stands in the key, whose places depend on its words."""
    return min(y for _, y in points(path.attrib["d"])) > figure.height - 72
