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
_COUNTED = re.compile(r"^(\d+) =")
# Where several axes of the picture have sizes of their own.
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def title(problem: Problem) -> str:
    """Return what is wrong, in one sentence.

    Args:
        problem: The problem.
    """
    key = f"explain.problem.{problem.kind}.title"
    single = problem.facts.get("wanted") == 1 and f"{key}_one" in catalogue(current())
    return _filled(f"{key}_one" if single else key, problem.facts)


def reasons(problem: Problem) -> list[str]:
    """Return why it is wrong, a sentence or two each.

    Args:
        problem: The problem.
    """
    return [
        _filled(f"explain.problem.{problem.kind}.{reason}", problem.facts)
        for reason in problem.reasons
    ]


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
    if not found.changes:
        return text("explain.branch.kept", name=found.name, shape=sizes)
    steps = listed(f"{name} ({before} → {after})" for name, before, after in found.changes)
    return text("explain.branch.changed", name=found.name, shape=sizes, steps=steps)


def place(found: Place) -> str:
    """Return a line of source with where it is.

    Args:
        found: The line.
    """
    # What a notebook calls a cell tells nobody anything, and differs each time.
    cell = "ipykernel_" in found.file or found.file.startswith("<ipython-input-")
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
    for key_of in ("name", "previous"):
        if key_of in facts:
            said[key_of] = called(str(facts[key_of]))
    if isinstance(axes := facts.get("axes"), tuple) and axes:
        *others, last = map(str, axes)
        kind = "many" if others else "one"
        said["axes"] = text(f"explain.axes.{kind}", axes=listed(others), axis=last)
    if {"fewest", "most"} <= facts.keys():
        fewest, most = said["fewest"], said["most"]
        same = fewest == most
        said["allowed"] = fewest if same else text("explain.or", first=fewest, last=most)
    return text(key, **said)


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
    return text("explain.numbered", name=name) if name[0].isdigit() else name


def fact(value: Fact) -> str:
    """Return a fact in the current language: counts are grouped, shapes are not.

    Args:
        value: The fact.
    """
    if isinstance(value, tuple):
        return shape(value) or text("explain.scalar")
    if isinstance(value, str):
        # What a product makes is a count.
        return _COUNTED.sub(lambda found: f"{number(int(found[1]))} =", value)
    return number(value)
