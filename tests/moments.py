"""What figures of scenes show at a step, read back from their SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnnexplain.figures import Figure

SVG = "{http://www.w3.org/2000/svg}"
_COMMAND = re.compile(r"([MLHVQZmlhvqz])([^MLHVQZmlhvqz]*)")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own text


def of_class(root: ET.Element, *names: str) -> list[ET.Element]:
    """The elements that have all of these classes."""
    return [each for each in root.iter() if set(names) <= set(each.get("class", "").split())]


def numbers(text: str) -> list[float]:
    return [float(each) for each in re.findall(r"-?\d*\.?\d+", text)]


def words(root: ET.Element) -> list[str]:
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def matched(pattern: str, text: str) -> re.Match[str]:
    """The first match, which there must be."""
    found = re.search(pattern, text)
    assert found, f"{pattern} in {text}"
    return found


def rectangle(element: ET.Element) -> tuple[float, float, float, float]:
    """Left, top, width and height of an element that has them as attributes."""
    x, y, width, height = (float(element.attrib[key]) for key in ("x", "y", "width", "height"))
    return x, y, width, height


def sentences(figure: Figure) -> list[str]:
    """What is said at each step of a figure that moves, with ordinary spaces."""
    assert figure.script is not None
    return [plain(sentence) for _, sentence in figure.script.columns]


def plain(status: str) -> str:
    """A status without what keeps its words together."""
    return status.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")


def moment(svg: str, step: int) -> list[tuple[str, dict[str, str], str]]:
    """All that a browser shows of a moving SVG at a step: elements, attributes, text."""
    return list(_shown(parse(svg), step))


def still(svg: str) -> list[tuple[str, dict[str, str], str]]:
    """All that a browser shows of a moving SVG while nothing moves."""
    return list(_shown(parse(svg), None))


def _shown(element: ET.Element, step: int | None) -> Iterator[tuple[str, dict[str, str], str]]:
    for child in element:
        if child.tag == f"{SVG}style":
            continue
        if "cx-seen" not in child.get("class", ""):
            text = (child.text or "").strip()
            yield child.tag.removeprefix(SVG), dict(child.attrib), text
            yield from _shown(child, step)
        elif child.get("opacity") != "0" if step is None else _is_on(child, step):
            yield from _shown(child, step)


def _is_on(element: ET.Element, step: int) -> bool:
    times = dict(each.split(":") for each in element.get("style", "").split(";"))
    return int(times.get("--cx-on", 0)) <= step < int(times.get("--cx-off", 9999))


def check(figure: Figure) -> None:
    """Assert what holds for every figure of scenes."""
    assert figure.script
    assert figure.still < figure.steps == len(figure.script.columns)
    for step in range(figure.steps):
        assert moment(figure.svg, step) == moment(figure.frame(step), 0), step
    assert still(figure.svg) == moment(figure.frame(figure.still), 0)
    for step in {0, figure.steps // 2, figure.steps - 1}:
        _inside(parse(figure.frame(step)), figure.height)


def _inside(root: ET.Element, height: int) -> None:
    """Assert that nothing lies outside the picture."""
    for each in root.iter():
        if each.tag == f"{SVG}rect":
            x, y, width, tall = (float(each.get(key, "")) for key in ("x", "y", "width", "height"))
            points = [(x, y), (x + width, y + tall)]
        elif each.tag == f"{SVG}path":
            points = path(each.get("d", ""))
        elif each.tag == f"{SVG}text" and each.get("x"):
            points = [(float(each.get("x", "")), float(each.get("y", "")))]
        else:
            continue
        for across, down in points:
            assert 0 <= across <= 480, ET.tostring(each)
            assert 0 <= down <= height, ET.tostring(each)


def path(data: str) -> list[tuple[float, float]]:
    """The points of path data."""
    x = y = 0.0
    start = (0.0, 0.0)
    points = []
    for name, arguments in _COMMAND.findall(data):
        values = [float(each) for each in _NUMBER.findall(arguments)]
        pairs = list(zip(values[::2], values[1::2], strict=False))
        if name in "hH":
            x = values[-1] + (x if name == "h" else 0)
        elif name in "vV":
            y = values[-1] + (y if name == "v" else 0)
        elif name in "mMlL":
            for dx, dy in pairs:
                x, y = (x + dx, y + dy) if name.islower() else (dx, dy)
                points.append((x, y))
        elif name in "qQ":
            dx, dy = pairs[-1]
            x, y = (x + dx, y + dy) if name == "q" else (dx, dy)
        else:
            x, y = start
        if name in "mM":
            start = x, y
        points.append((x, y))
    return points


def boxes(data: str) -> list[tuple[float, float, float, float]]:
    """The rectangles of path data: x, y, width, height."""
    found = []
    for part in data.split("z")[:-1]:
        xs, ys = zip(*path(part + "z"), strict=True)
        found.append((min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)))
    return found


def said(figure: Figure) -> list[str]:
    """What the status says at each step, with ordinary spaces."""
    assert figure.script
    return [plain(told) for _, told in figure.script.columns]


def geometry(figure: Figure, *names: str) -> list[Any]:
    """What must be the same in every language."""
    root = parse(figure.svg)
    found = [each.attrib for name in names for each in of_class(root, name)]
    return [figure.height, figure.steps, *found]
