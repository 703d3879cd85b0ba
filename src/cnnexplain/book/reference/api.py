"""The public names of the package: what is called how, from signatures and docstrings.

Docstrings speak English, and are marked so; the pages say the same in a sentence of their own.
"""

from __future__ import annotations

import inspect
import re
from enum import Enum
from functools import cached_property
from importlib import import_module
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonConsoleLexer, PythonLexer

import cnnexplain
from cnnexplain.book.reference.docstrings import Docstring, inline, read
from cnnexplain.languages import current, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pygments.lexer import Lexer

# A line of code that a laptop shows without scrolling.
_MANY = 4
_WIDTH = 80
# The underscore of names of types that only the module uses.
_PRIVATE = re.compile(r"\b_(?=[A-Z])")
# What users hold without having made it, by where it lives.
HELD = {
    "Row": "graph",
    "ReceptiveField": "geometry",
    "Problem": "diagnosis.findings",
    "Cure": "diagnosis.findings",
    "Note": "diagnosis.findings",
    "Exactness": "exactness",
    "Cost": "comparison",
    "Change": "difference",
}
"""Values that public ones hold, whose attributes are public too."""


def public() -> dict[str, Any]:
    """Return everything that the reference describes, by the name that its page includes it by.

    Example:
        >>> "trace" in public(), "Row" in public()
        (True, True)
    """
    named = {name: getattr(cnnexplain, name) for name in cnnexplain.__all__}
    held = {name: getattr(import_module(f"cnnexplain.{home}"), name) for name, home in HELD.items()}
    return {**named, **held}


def anchor(name: str) -> str:
    """Return the id of a name on the page: the name, as users write it.

    Args:
        name: A public name.

    Example:
        >>> anchor("trace"), anchor("Row")
        ('cx.trace', 'Row')
    """
    return name if name in HELD else f"cx.{name}"


def snippets() -> dict[str, str]:
    """Return the description of each public name in the current language, as HTML."""
    return {f"api-{name}": described(anchor(name), thing) for name, thing in public().items()}


def described(path: str, thing: Any) -> str:
    """Return the description of a name in the current language, as HTML.

    Args:
        path: The name as users write it.
        thing: What it stands for.
    """
    match thing:
        case ModuleType():
            parts = list(_module(path, thing))
        case type():
            parts = list(_class(path, thing))
        case _:
            parts = list(_function(path, thing))
    return "\n".join([f'<div class="cx-api" lang="en" id="{path}">', *parts, "</div>\n"])


def members(thing: ModuleType) -> dict[str, Any]:
    """Return the public functions and classes of a module, in its own order.

    Args:
        thing: The module.

    Example:
        >>> from cnnexplain import networks
        >>> list(members(networks))
        ['code', 'alexnet', 'vgg16', 'lenet5']
    """
    if hasattr(thing, "__all__"):
        return {name: getattr(thing, name) for name in thing.__all__}
    return {
        name: value
        for name, value in vars(thing).items()
        if isinstance(value, FunctionType)
        and value.__module__ == thing.__name__
        and not name.startswith("_")
    }


def signature(path: str, function: Any, *, bound: bool = False, whole: bool = False) -> str:
    """Return how a function is called, on one line or with a line for each argument.

    Args:
        path: The function's name as users write it.
        function: The function.
        bound: Whether its first argument is the object before the dot.
        whole: Whether a default of many values is told whole, and not by its ends.

    Example:
        >>> from cnnexplain import set_language
        >>> signature("cx.set_language", set_language)
        'cx.set_language(code: str) -> None'
    """
    told = inspect.signature(function)
    parameters = list(told.parameters.values())[bound:]
    given: list[str] = []
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and "*" not in given:
            given.append("*")
        # Annotations are texts, which Python would print in quotation marks.
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(each.kind.name, "")
        name = f"{stars}{each.name}: {each.annotation}"
        default = "" if each.default is each.empty else f" = {_default(each.default, whole)}"
        given.append(name + default)
    returned = str(told.return_annotation)
    if hasattr(function, "__wrapped__") and returned.startswith("Iterator"):
        returned = "AbstractContextManager[None]"
    returned = _PRIVATE.sub("", returned)
    if path.endswith(".__getitem__"):
        return f"{path.partition('.')[0]}[{', '.join(given)}] -> {returned}"
    line = f"{path}({_PRIVATE.sub('', ', '.join(given))}) -> {returned}"
    if len(line) <= _WIDTH:
        return line
    arguments = "".join(f"    {each},\n" for each in given)
    return f"{path}(\n{arguments}) -> {returned}"


def _default(value: object, whole: bool) -> str:
    """Return a default as users write it: members of an enumeration by their values.

    Of many, the first and the last tell enough: the signature is to be read at a glance.
    """
    if isinstance(value, Enum):
        return repr(value.value)
    if not isinstance(value, tuple):
        return repr(value)
    each = [_default(one, whole) for one in value]
    shown = each if whole or len(each) <= _MANY else [*each[:2], "…", each[-1]]
    return f"({', '.join(shown)}{',' * (len(shown) == 1)})"


def _module(path: str, module: ModuleType) -> Iterator[str]:
    yield from _prose(read(module))
    for name, thing in members(module).items():
        inner = f"{path}.{name}"
        yield f'<h4 id="{inner}"><code>{inner}</code></h4>'
        yield from _class(inner, thing) if isinstance(thing, type) else _function(inner, thing)


def _function(path: str, function: Any, *, bound: bool = False) -> Iterator[str]:
    yield _code(signature(path, function, bound=bound), PythonLexer())
    yield from _told(read(function))


def _class(path: str, thing: type) -> Iterator[str]:
    name = path.rpartition(".")[2]
    bases = ", ".join(each.__name__ for each in thing.__bases__ if each is not object)
    yield _code(f"class {path}({bases})" if bases else f"class {path}", PythonLexer())
    told = read(thing)
    properties = {
        key: " ".join(read(value).prose)
        for key, value in vars(thing).items()
        if isinstance(value, property | cached_property) and not key.startswith("_")
    }
    if "Attributes" in told.lists or properties:
        attributes = {**told.lists.get("Attributes", {}), **properties}
        told = Docstring(told.prose, {**told.lists, "Attributes": attributes}, told.texts)
    yield from _told(told)
    for key, value in vars(thing).items():
        documented = not key.startswith("_") or (key == "__getitem__" and value.__doc__)
        if documented and isinstance(value, FunctionType):
            shown = f"{name}[…]" if key == "__getitem__" else f"{name}.{key}"
            yield f'<h4 id="{path}.{key}"><code>{shown}</code></h4>'
            called = f"{name.lower()}.{key}"
            yield from _function(called, value, bound=True)


def _told(docstring: Docstring) -> Iterator[str]:
    """Return a docstring, section after section."""
    yield from _prose(docstring)
    for title, items in docstring.lists.items():
        if title in {"Args", "Attributes"}:
            yield _listed(title, items)
    for title in ("Returns", "Yields"):
        if title in docstring.texts:
            yield f"{_label(title)}<p>{inline(docstring.texts[title])}</p>"
    for title, items in docstring.lists.items():
        if title in {"Raises", "Warns"}:
            yield _listed(title, items)
    if "Example" in docstring.texts:
        yield _label("Example")
        yield from _example(docstring.texts["Example"])


def _prose(docstring: Docstring) -> Iterator[str]:
    return (f"<p>{inline(paragraph)}</p>" for paragraph in docstring.prose)


def _listed(title: str, items: Mapping[str, str]) -> str:
    rows = (
        f"<dt><code>{name}</code></dt><dd>{inline(told)}</dd>\n" for name, told in items.items()
    )
    return f"{_label(title)}<dl>\n{''.join(rows)}</dl>"


def _label(title: str) -> str:
    told = text(f"reference.section.{title.lower()}")
    return f'<p class="cx-label" lang="{current()}">{told}</p>\n'


def _example(example: str) -> Iterator[str]:
    """Return an example: code, and what is said of it."""
    for part in example.split("\n\n"):
        if part.startswith(">>>"):
            yield _code(part, PythonConsoleLexer())
        else:
            yield f"<p>{inline(' '.join(part.split()))}</p>"


def _code(code: str, lexer: Lexer) -> str:
    shown = highlight(code, lexer, HtmlFormatter(nowrap=True)).rstrip("\n")
    return f'<div class="highlight"><pre><code>{shown}</code></pre></div>'
