"""Cures as code that runs: on the model, on its input, or in a line of its forward."""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnnexplain.diagnosis.findings import Cure, Fact
from cnnexplain.diagnosis.sources import call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnnexplain.diagnosis.findings import Place
    from cnnexplain.operations import Linear, Shape
    from cnnexplain.operations.base import Layer

# Modules whose children are called by their numbers.
_NUMBERED = {"Sequential", "ModuleList"}
_MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}
_FLATTENING = ("flatten", "view", "reshape")


def reference(path: str, modules: Mapping[str, str]) -> str | None:
    """Return how code speaks of a layer, or None if it is no layer that code can replace.

    Args:
        path: The layer's path.
        modules: The class of each module by its path; nothing for a text, which has Sequential
            ones alone.

    Example:
        >>> reference("classifier.1", {"classifier": "Sequential", "classifier.1": "Linear"})
        'model.classifier[1]'
        >>> reference("classifier.relu", {"classifier": "Block"})
    """
    if not path or (modules and path not in modules):
        return None
    code, above = "model", ""
    for part in path.split("."):
        if part.isdigit() and modules.get(above, "Sequential") in _NUMBERED:
            code += f"[{part}]"
        elif part.isidentifier() and not keyword.iskeyword(part):
            code += f".{part}"
        elif modules.get(above) == "ModuleDict":
            code += f"[{part!r}]"
        else:
            return None
        above = f"{above}.{part}" if above else part
    return code


def sized(shape: Shape, sizes: Sequence[int]) -> list[Cure]:
    """Return what brings an input to a size: resizing, and cropping or padding.

    Args:
        shape: The input's shape, with the batch.
        sizes: The size on each axis of the picture.

    Example:
        >>> for cure in sized((1, 3, 384, 384), (227, 227)):
        ...     print(cure.code)
        x = F.interpolate(x, size=(227, 227), mode="bilinear", antialias=True)
        x = x[..., 78:305, 78:305]
    """
    given, wanted = shape[2:], tuple(sizes)
    if given == wanted or len(given) not in _MODES:
        return []
    facts = {"size": wanted if len(wanted) > 1 else str(wanted[0])}
    of = "" if len(wanted) > 1 else "_length"
    mode, smooth = _MODES[len(given)], ", antialias=True" if len(given) == 2 else ""  # noqa: PLR2004
    size = wanted if len(wanted) > 1 else wanted[0]
    cures = [
        Cure(f"resize{of}", f'x = F.interpolate(x, size={size}, mode="{mode}"{smooth})', facts)
    ]
    pairs = list(zip(given, wanted, strict=True))
    if all(has >= wants for has, wants in pairs):
        starts = [(has - wants) // 2 for has, wants in pairs]
        cuts = [f"{start}:{start + wants}" for start, (_, wants) in zip(starts, pairs, strict=True)]
        cures.append(Cure(f"crop{of}", f"x = x[..., {', '.join(cuts)}]", facts))
    elif all(has <= wants for has, wants in pairs):
        # torch pads the last axis first.
        sides = [side for has, wants in reversed(pairs) for side in _halves(wants - has)]
        cures.append(Cure(f"pad{of}", f"x = F.pad(x, {tuple(sides)})", facts))
    return cures


def _halves(total: int) -> tuple[int, int]:
    return total // 2, total - total // 2


def pooled(
    before: str, place: Place | None, kind: str, target: Shape, modules: Mapping[str, str]
) -> Cure | None:
    """Return what averages a map to a size before it is flattened.

    Args:
        before: The path of what flattens it.
        place: The line where that is called.
        kind: The class of what flattens it.
        target: The size.
        modules: The class of each module by its path.
    """
    axes = len(target)
    size = target if axes > 1 else target[0]
    facts = {"target": target if axes > 1 else str(target[0])}
    at = reference(before, modules)
    if at is not None and kind == "Flatten":
        return Cure("pool", f"{at} = nn.Sequential(nn.AdaptiveAvgPool{axes}d({size}), {at})", facts)
    found = call(place, *_FLATTENING)
    if found is None or found.operands[0] is None:
        return None
    name = found.operands[0]
    code = f"{name} = F.adaptive_avg_pool{axes}d({name}, {size})"
    return Cure("pool", code, facts, found.statement)


def changed(
    kind: str, layers: Mapping[str, tuple[Layer, Layer]], modules: Mapping[str, str], **facts: Fact
) -> Cure | None:
    """Return what puts layers with other arguments in several layers' places, with the price.

    Args:
        kind: The cure's kind.
        layers: By their paths what they are, and what they should be.
        modules: The class of each module by its path.
        **facts: What else the words speak of.
    """
    places = [reference(path, modules) for path in layers]
    if None in places:
        return None
    lines = [f"{at} = nn.{then}" for at, (_, then) in zip(places, layers.values(), strict=True)]
    told: dict[str, Fact] = {
        "name": next(iter(layers)),
        "parameters": sum(then.parameters for _, then in layers.values()),
        "before": sum(now.parameters for now, _ in layers.values()),
    }
    return Cure(kind, "\n".join(lines), told | facts)


def layer(
    kind: str,
    path: str,
    now: Layer,
    then: Layer,
    modules: Mapping[str, str],
    **facts: int | str,
) -> Cure | None:
    """Return what puts a layer with other arguments in a layer's place, with its price.

    Args:
        kind: The cure's kind.
        path: The layer's path.
        now: What it is.
        then: What it should be.
        modules: The class of each module by its path.
        **facts: What else the words speak of.
    """
    return changed(kind, {path: (now, then)}, modules, **facts)


def preceded(
    kind: str, path: str, layers: Sequence[str], modules: Mapping[str, str]
) -> Cure | None:
    """Return what puts layers before a layer.

    Args:
        kind: The cure's kind.
        path: The layer's path.
        layers: The layers as they are written after `nn.`.
        modules: The class of each module by its path.
    """
    at = reference(path, modules)
    if at is None:
        return None
    chain = ", ".join([*(f"nn.{each}" for each in layers), at])
    return Cure(kind, f"{at} = nn.Sequential({chain})", {"name": path})


def written(
    kind: str, place: Place | None, names: Sequence[str], text: str, **facts: int | str
) -> Cure | None:
    """Return what writes a call in the user's source in another way.

    Args:
        kind: The cure's kind.
        place: The line where it is called.
        names: What the function may be called.
        text: The new call, with `{0}` for what it is called on.
        **facts: What the words speak of.
    """
    found = call(place, *names)
    if found is None or found.lines > 1 or found.statement.source.count(found.text) != 1:
        return None
    operand = found.operands[0] or _called_on(found.text)
    if operand is None:
        return None
    code = found.statement.source.replace(found.text, text.format(operand))
    return Cure(kind, code, dict(facts), found.statement, replaces=True)


def with_padding(source: str, layer: str, padding: int) -> str:
    """Return code that makes a network from its text, with another padding in one of its layers.

    Args:
        source: The network's text.
        layer: The layer's text, as Python itself would write it.
        padding: The padding.
    """
    tree = ast.parse(source.strip())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node) == layer:
            # A convolution's padding comes after its stride, as does a pooling's.
            at = 4 if "Conv" in layer.partition("(")[0] else 2
            number = ast.Constant(padding)
            if len(node.args) > at:
                node.args[at] = number
            node.keywords = [word for word in node.keywords if word.arg != "padding"]
            if len(node.args) <= at:
                node.keywords.append(ast.keyword("padding", number))
    (statement,) = [each for each in tree.body if not isinstance(each, ast.Import | ast.ImportFrom)]
    value = statement.value if isinstance(statement, ast.Assign | ast.Expr) else statement
    return f"model = {ast.unparse(value)}"


def renamed(kind: str, place: Place | None, old: str, new: str) -> Cure | None:
    """Return what calls another method of the same arguments in the user's source.

    Args:
        kind: The cure's kind.
        place: The line where it is called.
        old: The method's name.
        new: The other one's.
    """
    found = call(place, old)
    if found is None or found.lines > 1 or found.statement.source.count(f".{old}(") != 1:
        return None
    code = found.statement.source.replace(f".{old}(", f".{new}(")
    return Cure(kind, code, {}, found.statement, replaces=True)


def _called_on(text: str) -> str | None:
    """Return what a method is called on, as it is written."""
    found = re.fullmatch(r"(.+)\.\w+\([^()]*\)", text)
    return None if found is None or found[1] in {"torch", "F"} else found[1]


def joined_at(place: Place | None, first: Shape, second: Shape) -> list[Cure]:
    """Return what brings two maps to one size in the line where they are joined.

    Args:
        place: The line.
        first: The first map's shape.
        second: The second one's.
    """
    found = call(place, "cat", "concat", "add", "+")
    if found is None or len(found.operands) != 2 or None in found.operands:  # noqa: PLR2004
        return []
    names = [str(name) for name in found.operands]
    same = len(first) == len(second) and len(first) - 2 in _MODES
    if not same or first[2:] == second[2:]:
        return []
    at = int(prod(first[2:]) > prod(second[2:]))
    small, large = names[at], names[1 - at]
    mode = _MODES[len(first) - 2]
    code = f'{small} = F.interpolate({small}, size={large}.shape[2:], mode="{mode}")'
    return [Cure("interpolate", code, {"small": small, "large": large}, found.statement)]


def shortcut(place: Place | None, first: Shape, second: Shape, *, once: bool) -> Cure | None:
    """Return the shortcut without parameters that residual networks have where a branch strides.

    It is option A of He et al., "Deep residual learning", https://arxiv.org/abs/1512.03385.

    Args:
        place: The line where the branch is added.
        first: The first operand's shape.
        second: The second one's.
        once: Whether only one module of the network has this line in its forward.
    """
    found = call(place, "add", "+")
    if found is None or len(found.operands) != 2 or len(first) != 4 or len(second) != 4:  # noqa: PLR2004
        return None
    at = int(prod(first[2:]) < prod(second[2:]) or first[1] > second[1])
    large, small = (first, second) if at == 0 else (second, first)
    stride, more = round(large[2] / small[2]), small[1] - large[1]
    fits = [-(-size // stride) for size in large[2:]] == list(small[2:]) and more >= 0
    name, other = found.operands[at], found.operands[1 - at]
    if not fits or name is None:
        return None
    kind = "shortcut" if stride > 1 else "wider_shortcut"
    facts: dict[str, Fact] = {"name": name, "stride": stride, "more": more}
    strided = f"{name}[..., ::{stride}, ::{stride}]" if stride > 1 else name
    if other is None:
        # The other one is computed in the line itself, so that it cannot be asked for its shape.
        plain = re.match(rf"{re.escape(name)}\s*\+", found.text)
        single = found.lines == 1 and found.statement.source.count(found.text) == 1
        if not once or found.repeated or not single or plain is None:
            return None
        padded = f"F.pad({strided}, (0, 0, 0, 0, 0, {more})) +" if more else f"{strided} +"
        text = found.statement.source.replace(found.text, padded + found.text[plain.end() :])
        return Cure(kind, text, facts, found.statement, replaces=True)
    # Blocks of the same class whose sizes agree stay as they are.
    fill = f"(0, 0, 0, 0, 0, {other}.shape[1] - {name}.shape[1])"
    code = f"if {name}.shape != {other}.shape:\n    {name} = F.pad({strided}, {fill})"
    return Cure(kind, code, facts, found.statement)


def along(place: Place | None, dim: int) -> Cure | None:
    """Return what joins values along another axis in the user's source.

    Args:
        place: The line where they are joined.
        dim: The axis.
    """
    found = call(place, "cat", "concat", "concatenate")
    if found is None or found.lines > 1 or found.statement.source.count(found.text) != 1:
        return None
    joined = re.sub(r"(,\s*(?:dim|axis)?\s*=?\s*)-?\d+\)$", rf"\g<1>{dim})", found.text)
    if joined == found.text:
        joined = f"{found.text[:-1]}, dim={dim})"
    code = found.statement.source.replace(found.text, joined)
    return Cure("along", code, {"dim": str(dim)}, found.statement, replaces=True)


def argument(
    kind: str, place: Place | None, names: Sequence[str], old: str, new: str
) -> Cure | None:
    """Return what gives a function in the user's source another padding.

    Args:
        kind: The cure's kind.
        place: The line where it is called.
        names: What the function may be called.
        old: A pattern of the padding as it is written.
        new: The right one.
    """
    found = call(place, *names)
    if found is None or found.lines > 1:
        return None
    text, count = re.subn(rf"padding\s*=\s*{old}", f"padding={new}", found.statement.source)
    return Cure(kind, text, {"right": new}, found.statement, replaces=True) if count == 1 else None


def widened(linear: Linear, came: int) -> Linear:
    """Return a fully connected layer that takes another number of features.

    Args:
        linear: The layer.
        came: The number of features.
    """
    return replace(linear, in_features=came)
