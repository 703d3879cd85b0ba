"""What is found, said in the current language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnnexplain.diagnosis.fitting import said as sizes_said
from cnnexplain.languages import catalogue, current, number, shape, text
from cnnexplain.table import listed

if TYPE_CHECKING:
    from cnnexplain.diagnosis.findings import Branch, Cure, Fact, Facts, Place, Problem

# Code that words speak of, whose quotes are none of the language's.
CODE = {"same": 'padding="same"'}
_BETWEEN = re.compile(r"(?<=[ぁ-んァ-ヶー一-鿿]) (?=[ぁ-んァ-ヶー一-鿿])")
_CELL = re.compile(r"(^|[/\\])(ipykernel_\d+[/\\]|<?ipython-input-)")
_COUNTED = re.compile(r"\d+ = [\d·]+$")
_DIGITS = re.compile(r"\d+")
# Where several axes of the picture have sizes of their own.
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def title(problem: Problem) -> str:
    """Return what is wrong, in one sentence.

    Args:
        problem: The problem.
    """
    key = f"explain.problem.{problem.kind}.title"
    single = problem.facts.get("wanted") == 1 and f"{key}_one" in catalogue(current())
    said = _filled(f"{key}_one" if single else key, problem.facts)
    # A sentence begins with a capital, but for a name of the user's own; in French, none stands
    # after a colon.
    ours = not problem.facts.get("name", "-") or _is_numbered(problem.name)
    return capital(said) if ours and current() != "fr" else said


def capital(sentence: str) -> str:
    """Return a sentence that begins with a capital.

    Args:
        sentence: The sentence.
    """
    return sentence[:1].upper() + sentence[1:]


def _is_numbered(name: str) -> bool:
    return name[:1].isdigit()


def reasons(problem: Problem) -> list[str]:
    """Return why it is wrong, a sentence or two each.

    Args:
        problem: The problem.
    """
    told = []
    for reason in problem.reasons:
        said = _filled(f"explain.problem.{problem.kind}.{reason}", problem.facts)
        previous = str(problem.facts.get("previous", ""))
        numbered = _is_numbered(previous) and said.startswith(called(previous))
        told.append(capital(said) if numbered else said)
    return told


def fits(problem: Problem) -> str | None:
    """Return which sizes of the input would fit, or None where that is not known.

    Args:
        problem: The problem.
    """
    if not problem.fits:
        return None
    each = [sizes_said(sizes) for sizes in problem.fits]
    if len(set(each)) == 1 and len(each) > 1:
        return text("explain.fits.both", sizes=each[0])
    names = _AXES[len(each)]
    parts = [
        text(f"explain.fits.{name}", sizes=sizes) for name, sizes in zip(names, each, strict=True)
    ]
    return text("explain.fits.each", sizes=listed(parts))


def branch(found: Branch) -> str:
    """Return where a joined value comes from, and what changed its size.

    Args:
        found: The value.
    """
    sizes = shape(found.shape)
    if not found.name:
        return text("explain.branch.given", shape=sizes)
    name = called(found.name)
    if not found.changes:
        return text("explain.branch.kept", name=name, shape=sizes)
    steps = listed(f"{called(each)} ({before} → {after})" for each, before, after in found.changes)
    return text("explain.branch.changed", name=name, shape=sizes, steps=steps)


def place(found: Place) -> str:
    """Return a line of source with where it is.

    Args:
        found: The line.
    """
    # What a notebook calls a cell tells nobody anything, and differs each time.
    cell = _CELL.search(found.file)
    where = (
        text("explain.place.cell", line=str(found.line)) if cell else f"{found.file}:{found.line}"
    )
    return f"{where}: {found.source}" if found.source else where


def cure(found: Cure) -> str:
    """Return what a cure does.

    Args:
        found: The cure.
    """
    said = _filled(f"explain.cure.{found.kind}", found.facts)
    if found.after:
        said = text("figure.space").join([text(f"explain.cure.{found.after}"), said])
    if found.place is None:
        return said
    key = "instead" if found.replaces else "before"
    where = text(f"explain.place.{key}", line=str(found.place.line))
    return text("explain.place.cure", cure=said, where=where)


def _filled(key: str, facts: Facts) -> str:
    said = {name: fact(value) for name, value in facts.items()} | CODE
    if "names" in facts:
        said["names"] = listed(map(called, str(facts["names"]).split(", ")))
    for key_of in ("name", "previous"):
        if key_of in facts:
            said[key_of] = called(str(facts[key_of]))
    if isinstance(axes := facts.get("axes"), tuple) and axes:
        *others, last = map(str, axes)
        kind = "many" if others else "one"
        said["axes"] = text(f"explain.axes.{kind}", axes=listed(others), axis=last)
    if "shapes" in facts:
        *others, last = str(facts["shapes"]).split(" + ")
        said["shapes"] = text("explain.and", first=listed(others), last=last) if others else last
    if "fewest" in facts:
        said["allowed"] = _allowed(said["fewest"], said.get("most"))
    filled = text(key, **said)
    # Spaces in Japanese stand beside what is not, and what fills a sentence may be either.
    return _BETWEEN.sub("", filled) if current() == "ja" else filled


def _allowed(fewest: str, most: str | None) -> str:
    if most is None:
        return text("explain.least", count=fewest)
    return (
        text("explain.exactly", count=most)
        if fewest == most
        else text("explain.or", first=fewest, last=most)
    )


def called(name: str) -> str:
    """Return what a layer is called in a sentence.

    Args:
        name: The layer's path; empty if it is not known.

    Example:
        >>> called("fc6"), called("0.1"), called("")
        ('fc6', 'layer 0.1', 'a layer')
    """
    if not name:
        return text("explain.unnamed")
    return text("explain.numbered", name=name) if _is_numbered(name) else name


def fact(value: Fact) -> str:
    """Return a fact in the current language: counts are grouped, shapes are not.

    Args:
        value: The fact.
    """
    if isinstance(value, tuple):
        return shape(value) or text("explain.scalar")
    if isinstance(value, str):
        # What a product makes is a count.
        return (
            _DIGITS.sub(lambda found: number(int(found[0])), value)
            if _COUNTED.match(value)
            else value
        )
    return number(value)
