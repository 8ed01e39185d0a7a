"""Checks of how the shipped rules are spread over their files; an overlay may hold everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.rules.layer import Layer, LayerKind
from smartllm.rules.lint.check import Context, Finding, check, in_file
from smartllm.rules.positions import KeyPath


@check("R019")
def split(context: Context) -> Iterator[Finding]:
    """Shipped pages, retired ids, servers, profiles and hosts have files of their own, all else models.toml.

    Only the defaults of a host stand in models.toml too, in the order of the hosts.
    """
    for layer in _shipped(context):
        for path in _rows(layer.data):
            right = _right(path)
            if layer.kind not in right:
                place = _PLACES[right[0]]
                yield in_file(layer, path, "R019", f"{'.'.join(path)} belongs into {place}")


@check("R020")
def stated_once(context: Context) -> Iterator[Finding]:
    """A profile is defined in one shipped file."""
    first: dict[KeyPath, Layer] = {}
    for layer in _shipped(context):
        for path in _rows(layer.data):
            other = first.setdefault(path, layer)
            if other is not layer and "profile" in path[:-1]:
                yield in_file(layer, path, "R020", f"{'.'.join(path)} is defined at {other.where(path)} too")


def _right(path: KeyPath) -> tuple[LayerKind, ...]:
    """The kinds of files in which a row may stand."""
    if "profile" in path[:-1]:
        return ("profiles",)
    return _RIGHT.get(path[0], ("models",))


_RIGHT: Final[dict[str, tuple[LayerKind, ...]]] = {
    "on": ("hosts",),
    "host": ("hosts", "models"),
    "page": ("pages",),
    "retired": ("retired",),
    "server": ("servers",),
}
_PLACES: Final[dict[LayerKind, str]] = {
    "hosts": "a file in hosts/",
    "profiles": "a file in profiles/",
    "models": "models.toml",
    "pages": "pages.toml",
    "retired": "retired.toml",
    "servers": "servers.toml",
}


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
