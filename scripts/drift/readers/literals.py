"""Literals in the source of a package, which is not run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

_UNION: Final = re.compile(r"^\s*\| '([^']+)'", re.MULTILINE)
_KEY: Final = re.compile(r"""^  (?:'([^']+)'|([\w-]+)): (?:undefined|\{[^\n]*)""", re.MULTILINE)


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Every call of a name below a node of Python."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def argument(call: ast.Call, keyword: str) -> Any:
    """The literal value of a keyword argument, or None."""
    found = [item.value for item in call.keywords if item.arg == keyword]
    return ast.literal_eval(found[0]) if found else None


def bound(text: str) -> dict[str, ast.expr]:
    """What a module of Python binds to names."""
    found: dict[str, ast.expr] = {}
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        found |= {at.id: value for at in targets if isinstance(at, ast.Name) and value is not None}
    return found


def assigned(text: str, name: str) -> Any:
    """The literal that a module of Python binds to a name, or None."""
    value = bound(text).get(name)
    return None if value is None else ast.literal_eval(value)


def literal_types(text: str) -> Iterator[str]:
    """The values of every ``Literal[...]`` of strings in a module of Python."""
    for node in ast.walk(ast.parse(text)):
        named = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
        if named and node.value.id == "Literal":  # type: ignore[attr-defined]  # a Subscript of a Name
            for item in ast.walk(node.slice):  # type: ignore[attr-defined]  # same
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    yield item.value


def union_members(text: str) -> Iterator[str]:
    """The strings of the unions in a module of TypeScript, one a line."""
    yield from dict.fromkeys(_UNION.findall(text))


def object_keys(text: str, name: str) -> Iterator[str]:
    """The keys of an object that a module of TypeScript binds to a name."""
    start = re.search(rf"^const {name}\b[^=]*= \{{$", text, re.MULTILINE)
    body = text[start.end() :].partition("\n}")[0] if start else ""
    for quoted, plain in _KEY.findall(body):
        yield quoted or plain
