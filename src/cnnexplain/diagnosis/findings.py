"""What a diagnosis finds: problems with their cures, and notes, without any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cnnexplain.diagnosis.fitting import Sizes

# What the words of a finding speak of: a count, a shape, or a text such as a layer's path.
Fact: TypeAlias = int | str | tuple[int, ...]
Facts: TypeAlias = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's source.

    Attributes:
        file: The file's path.
        line: The line's number, counted from 1.
        source: The line's text, without what stands around it; empty where it cannot be read.
    """

    file: str
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class Cure:
    """What helps, as code that runs.

    Attributes:
        kind: What it does; its words are those of `explain.cure.KIND`.
        code: The code. It speaks of `model`, of its input `x`, and of `torch`, `nn`, `F` and `cx`,
            as they are usually imported.
        facts: What the words speak of, such as the price in parameters.
        place: The line of a forward that the code belongs to; None for code that stands before the
            model is called.
        replaces: Whether the code stands instead of that line, rather than before it.
        after: The kind of another cure that the code begins with, since alone neither helps.
    """

    kind: str
    code: str
    facts: Facts = field(default_factory=dict, hash=False)
    place: Place | None = None
    replaces: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the values that are joined.

    Attributes:
        name: The path of the layer that makes it; empty for an input, or for a constant.
        shape: Its shape.
        changes: What changed its size since the branches parted: the layer's path, the size before
            and after.
    """

    name: str
    shape: tuple[int, ...]
    changes: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What breaks, or is surely wrong.

    Attributes:
        kind: What it is; its title is that of `explain.problem.KIND`.
        name: The path of the layer where it shows; empty outside of any.
        operation: What happens there, as it is written.
        place: The line of the user's source where it happens, if that is known.
        facts: What the words speak of.
        reasons: What is said of it besides its title: keys below `explain.problem.KIND`.
        branches: The values that could not be joined, if that is the problem.
        fits: The sizes of the input that would fit, for each axis of the picture; nothing where
            none would, or where the input's size is not what is wrong.
        cures: What helps, the best first.
    """

    kind: str
    name: str
    operation: str
    place: Place | None = None
    facts: Facts = field(default_factory=dict, hash=False)
    reasons: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = ()
    fits: tuple[Sizes, ...] = ()
    cures: tuple[Cure, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What is worth knowing, though nothing breaks.

    Attributes:
        kind: What it is; its words are those of `explain.note.KIND`.
        names: The paths of the layers that it is about.
        facts: What the words speak of.
    """

    kind: str
    names: tuple[str, ...]
    facts: Facts = field(default_factory=dict, hash=False)
