"""Reads the text of an `nn.Sequential(...)` into a Network; nothing in the text is executed."""

from __future__ import annotations

import ast
import operator
import unicodedata
import warnings
from itertools import groupby, islice
from typing import TYPE_CHECKING

from cnnexplain.errors import CnnExplainError, SourceError, shown
from cnnexplain.graph import Network, chain
from cnnexplain.operations import make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cnnexplain.operations import Operation

# Far beyond any network that a person writes.
_LONGEST = 100_000
_LONGEST_PATH = 1000  # each layer has the whole one
_MOST_MARKS = 30  # on one letter, as Unicode's stream-safe texts; Python sorts them, slowly
_BITS = 64  # of torch's sizes
# A layer that is written out again is no longer than that: it would take as long as all the rest.
_MOST_NODES = 500

# What may be imported, and as what: a layer's name must be its own.
_IMPORTS = {("torch", None), ("torch.nn", None), ("torch.nn", "nn"), ("collections", None)}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_CURE = 'give text such as "nn.Sequential(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU())"'


def read(text: str) -> Network:
    """Return the network that a text describes.

    The text is one `nn.Sequential(...)`, as an expression or assigned to a name, nested as one
    likes, with names through `OrderedDict([("name", layer), ...])`; imports of torch, comments and
    a docstring may stand around it. Numbers may be written as products, `256 * 6 * 6`.

    Args:
        text: The source text.

    Raises:
        SourceError: If the text is anything else.
        ArgumentError: If a layer's arguments are not allowed.

    Example:
        >>> print(read("nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())"))
        0: Conv2d(3, 8, kernel_size=3)
        1: ReLU()
    """
    tree = _parsed(text)
    found = [value for value in map(_network_of, tree.body) if value is not None]
    if len(found) != 1:
        raise SourceError("exactly one nn.Sequential(...)", f"{len(found)} of them", _CURE).about(
            kind="count", what=len(found)
        )
    try:
        layers = list(_layers(found[0], ""))
    except RecursionError:
        raise SourceError("layers in a few levels", "hundreds of levels", "nest less").about(
            kind="deep"
        ) from None
    if not layers:
        raise SourceError("at least one layer", "an empty nn.Sequential()", _CURE).about(
            kind="empty"
        )
    return Network(chain(layers))


def _parsed(text: str) -> ast.Module:
    if not isinstance(text, str):
        raise SourceError("the text of an nn.Sequential(...)", shown(text), _CURE)
    if len(text) > _LONGEST:
        raise SourceError(
            f"at most {_LONGEST} characters", f"{len(text)} characters", "give the network alone"
        ).about(kind="long", what=len(text))
    marks = groupby(map(unicodedata.combining, "" if text.isascii() else text), bool)
    if any(len(list(run)) > _MOST_MARKS for marked, run in marks if marked):
        told = f"a letter with more than {_MOST_MARKS} marks"
        raise SourceError("Python source", told, _CURE).about(kind="unreadable")
    try:
        with warnings.catch_warnings(action="ignore"):  # such as odd escapes in strings
            return ast.parse(text.strip())
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise SourceError(
            "Python source", f"{error.msg} in line {error.lineno}: {shown(line)}", _CURE
        ).about(kind="syntax", line=error.lineno or 1, what=error.msg) from None
    except (ValueError, RecursionError, MemoryError) as error:
        # Lone surrogates and null characters; nesting that the parser's stack cannot hold.
        raise SourceError(
            "Python source", f"text that fails with {type(error).__name__}", _CURE
        ).about(kind="unreadable") from None


def _network_of(statement: ast.stmt) -> ast.expr | None:
    """Return a statement's value, or None for imports and docstrings."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return None
        case ast.Expr(value=value) | ast.Assign(targets=[ast.Name()], value=value):
            return value
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            return value
        case ast.Import(names=names) if all((n.name, n.asname) in _IMPORTS for n in names):
            return None
        case ast.ImportFrom(module=str() as module, names=names, level=0) if (
            module,
            None,
        ) in _IMPORTS and not any(name.asname for name in names):
            return None
        case ast.ClassDef(name=name):
            raise _unread(
                statement, f"the class {shown(name)}", "trace an instance of it instead of its text"
            ).about(kind="class", what=name)
    raise _unread(statement, type(statement).__name__.lower(), _CURE)


def _unread(node: ast.stmt | ast.expr, what: str, cure: str) -> SourceError:
    error = SourceError("the text of one nn.Sequential(...)", f"{what} in line {node.lineno}", cure)
    return error.about(kind="unread", line=node.lineno, what=what)


def _name(node: ast.expr) -> str | None:
    """Return `X` of `X`, `nn.X` or `torch.nn.X`."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id="nn"), attr=name):
            return name
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="torch"), attr="nn"), attr=name):
            return name
        case ast.Attribute(value=ast.Name(id="collections"), attr="OrderedDict"):
            return "OrderedDict"
    return None


def _layers(call: ast.expr, prefix: str) -> Iterator[tuple[str, Operation]]:
    match call:
        case ast.Call(func=func, args=arguments, keywords=[]) if _name(func) == "Sequential":
            for name, layer in _named(arguments):
                yield from _layer(layer, f"{prefix}{name}")
        case _:
            raise _unread(call, shown(_head(call)), _CURE)


def _named(arguments: list[ast.expr]) -> list[tuple[str, ast.expr]]:
    match arguments:
        case [
            ast.Call(func=func, args=[ast.List(elts=pairs) | ast.Tuple(elts=pairs)], keywords=[])
        ] if _name(func) == "OrderedDict":
            return _checked([_pair(pair) for pair in pairs])
        case [ast.Call(func=func, args=[ast.Dict(keys=keys, values=values)], keywords=[])] if (
            _name(func) == "OrderedDict"
        ):
            items = zip(keys, values, strict=True)
            return _checked([(_key(key, layer), layer) for key, layer in items])
    return [(str(index), argument) for index, argument in enumerate(arguments)]


def _checked(pairs: list[tuple[str, ast.expr]]) -> list[tuple[str, ast.expr]]:
    seen: set[str] = set()
    for name, layer in pairs:
        if name in seen or not name or "." in name:
            raise _unread(
                layer,
                f"the layer name {shown(name)}",
                "give each layer a name of its own, without dots",
            ).about(kind="name", what=name)
        seen.add(name)
    return pairs


def _pair(node: ast.expr) -> tuple[str, ast.expr]:
    match node:
        case ast.Tuple(elts=[key, layer]) | ast.List(elts=[key, layer]):
            return _key(key, layer), layer
    raise _unread(node, shown(_head(node)), 'write OrderedDict([("conv1", nn.Conv2d(...)), ...])')


def _key(node: ast.expr | None, near: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(name)):
            return name
    raise _unread(
        near, "a layer name that is no text", 'write OrderedDict([("conv1", ...)])'
    ).about(kind="key")


def _layer(node: ast.expr, path: str) -> Iterator[tuple[str, Operation]]:
    if len(path) > _LONGEST_PATH:
        told = f"the layer name {shown(path)} of {len(path)} characters"
        raise _unread(node, told, "use shorter names").about(kind="name", what=shown(path))
    name = _name(node.func) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or name is None:
        raise _unread(node, f"{shown(_head(node))} as layer {shown(path)}", _CURE)
    if name == "Sequential":
        yield from _layers(node, f"{path}.")
        return
    where = f"layer {shown(path)}, line {node.lineno}"
    try:
        arguments = [_value(argument) for argument in node.args]
        names = [word.arg for word in node.keywords]
        if None in names:
            raise _unread(node, "** arguments", "write the arguments out").about(kind="stars")
        if len(set(names)) != len(names):
            twice = "an argument that comes twice"
            raise _unread(node, twice, "write each argument once").about(kind="twice")
        keywords = {str(word.arg): _value(word.value) for word in node.keywords}
        yield path, make(name, arguments, keywords)
    except CnnExplainError as error:
        known = error.facts | {"name": path, "operation": _written(node), "line": node.lineno}
        raise error.at(where).about(**known) from None


def _value(node: ast.expr) -> object:
    """Return a literal's value: a number, text, True, False, None, a tuple, or a product."""
    match node:
        case ast.Constant(value=int(value)) if value.bit_length() >= _BITS:
            raise _large(node)
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_value(part) for part in parts)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            number = _value(operand)
            if isinstance(number, int | float):
                return -number
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
            return _computed(node, type(sign), _value(left), _value(right))
    raise _unread(
        node, shown(_head(node)), "write numbers out: nothing in the text is executed"
    ).about(kind="value", what=_written(node))


def _computed(node: ast.expr, sign: type[ast.operator], left: object, right: object) -> int:
    if isinstance(left, int) and isinstance(right, int) and (right or sign is not ast.FloorDiv):
        result = _ARITHMETIC[sign](left, right)
        if result.bit_length() < _BITS:
            return result
    raise _large(node)


def _large(node: ast.expr) -> SourceError:
    return _unread(node, shown(_head(node)), "write one integer").about(kind="integer")


def _written(node: ast.expr) -> str:
    """Return an expression's source, or its beginning."""
    if len(list(islice(ast.walk(node), _MOST_NODES))) == _MOST_NODES:
        return _head(node)
    try:
        return ast.unparse(node)
    except ValueError:  # integers of thousands of digits have no decimals
        return _head(node)


def _head(node: ast.expr) -> str:
    """Return the beginning of an expression's source, without recursion into deep trees."""
    if isinstance(node, ast.Call):
        return f"{_name(node.func) or '...'}(...)"
    if isinstance(node, ast.Constant):
        return repr(node.value) if not isinstance(node.value, int) else "a number"
    return _name(node) or type(node).__name__
