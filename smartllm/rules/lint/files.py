"""Checks of how the shipped rules are spread over their files; an overlay may hold everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from smartllm.rules.layer import Layer
from smartllm.rules.lint.check import Context, Finding, check
from smartllm.rules.positions import KeyPath


@check("R019")
def split(context: Context) -> Iterator[Finding]:
    """Shipped profiles stand in profiles/, all other shipped rows in models.toml."""
    for layer in _shipped(context):
        for path in _rows(layer.data):
            right = "profiles" if "profile" in path[:-1] else "models"
            if layer.kind != right:
                place = {"profiles": "a file in profiles/", "models": "models.toml"}[right]
                yield _at(layer, path, "R019", f"{'.'.join(path)} belongs into {place}")


@check("R020")
def stated_once(context: Context) -> Iterator[Finding]:
    """A profile is defined in one shipped file."""
    first: dict[KeyPath, Layer] = {}
    for layer in _shipped(context):
        for path in _rows(layer.data):
            other = first.setdefault(path, layer)
            if other is not layer and "profile" in path[:-1]:
                yield _at(layer, path, "R020", f"{'.'.join(path)} is defined at {other.where(path)} too")


def _shipped(context: Context) -> Iterator[Layer]:
    return (layer for layer in context.rules.layers if not layer.overlay)


def _rows(data: Mapping[str, Any]) -> Iterator[KeyPath]:
    """The rows of a file; those of ``[on.*]`` are two tables deeper."""
    for table, rows in data.items():
        for name, row in rows.items():
            if table == "on":
                yield from (("on", name, kind, key) for kind, found in row.items() for key in found)
            else:
                yield table, name


def _at(layer: Layer, path: KeyPath, code: str, message: str) -> Finding:
    return Finding(layer.name, layer.line(path), code, message)
