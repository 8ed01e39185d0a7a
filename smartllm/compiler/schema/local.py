"""References within one schema: whatever they point to comes to stand under ``$defs``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

from smartllm.compiler.schema.keywords import HOLDERS, free, held, pointer
from smartllm.compiler.schema.types import Change, refuse

_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_SETTLED: Final = re.compile(r"#(/\$defs/[^/]+)?")
_ANCHORS: Final = ("$anchor", "$dynamicAnchor")
_DYNAMIC: Final = {"$dynamicRef": "$dynamicAnchor", "$recursiveRef": "$recursiveAnchor"}
_NAMING: Final = frozenset({*_ANCHORS, *_DYNAMIC.values()})
_HOLDERS: Final = HOLDERS | {"definitions"}


def gather(root: dict[str, Any], changes: list[Change]) -> bool:
    """Rewrite references in place that point to ``#/definitions/X``, to any other place, or to an anchor.

    A key at the top that only held what they pointed to is left out, and so are addresses of parts, which
    would give references in them another meaning. What points to nothing, or elsewhere, stays; whoever
    lowers the schema refuses it.

    Args:
        root: The schema.
        changes: Where each is told.

    Returns:
        Something stands under ``$defs`` that did not.

    Raises:
        UnsupportedError: A dynamic reference may point to several places.
    """
    gathering = _Gathering(root, changes)
    gathering.run()
    gathering.forget_addresses()
    for key in gathering.holders - HOLDERS:
        root.pop(key, None)
    return gathering.moved


class _Gathering:
    """Visits a schema, and what its references point to.

    Attributes:
        holders: Keys at the top that held what references pointed to.
        moved: Something has come to stand under ``$defs``.
    """

    def __init__(self, root: dict[str, Any], changes: list[Change]) -> None:
        self.root, self.changes = root, changes
        self.holders: set[str] = set()
        self.moved = False
        self.names: dict[Hashable, str] = {
            id(inner): name for name, inner in root.get("$defs", {}).items() if isinstance(inner, dict)
        }
        self.base: dict[int, str] = {}
        self.addresses: dict[str, Any] = {}
        self.anchors: dict[tuple[str, str], Any] = {}
        self.paths: dict[int, str] = {}
        self.dynamic: Counter[tuple[str, str]] = Counter()
        self._index()

    def _index(self) -> None:
        """Where each schema stands, below which address, and what has an address or an anchor."""
        self.nodes: list[dict[str, Any]] = []
        ahead: list[tuple[str, Any, str]] = [("", self.root, "")]
        while ahead:
            path, node, base = ahead.pop()
            if not isinstance(node, dict):
                continue
            own = node.get("$id")
            if isinstance(own, str) and not own.startswith("#"):
                base = _joined(base, own)[0]
                self.addresses.setdefault(base, node)
            self.base[id(node)], self.paths[id(node)] = base, path
            self.nodes.append(node)
            for key in _NAMING.intersection(node):
                self.dynamic[key, str(node[key])] += 1
                if key in _ANCHORS:
                    self.anchors.setdefault((base, node[key]), node)
            if not _HOLDERS.isdisjoint(node):
                ahead += [(place, inner, base) for place, inner in reversed([*_within(node, path)])]
        self.addresses.setdefault("", self.root)

    def run(self) -> None:
        """Rewrite all references that can be."""
        for node in self.nodes:  # grows by what the references point to
            self._still(node)
            if isinstance(node.get("$ref"), str):
                self._read(node["$ref"], node)

    def _still(self, node: dict[str, Any]) -> None:
        """A dynamic reference that has one place to point to is a plain one."""
        for keyword, anchor in _DYNAMIC.items():
            if isinstance(node.get(keyword), str) and "$ref" not in node:
                path = self.paths[id(node)]
                if self.dynamic[anchor, node[keyword].lstrip("#")] > 1 or self.dynamic[anchor, "True"]:
                    raise refuse(path, f"{keyword} may point to several places", "use $ref and $defs")
                node["$ref"] = node.pop(keyword)
                self.changes.append(
                    Change(path, keyword, "rewritten", "it points to one place, as $ref does")
                )

    def _read(self, reference: str, node: dict[str, Any]) -> None:
        base = self.base[id(node)]
        address, fragment = _joined(base, reference)
        if not base and _SETTLED.fullmatch(reference):
            return
        found = self._target(address, fragment)
        if found is self.root:
            local = "#"
        elif self.addresses.get(address) is self.root and _SETTLED.fullmatch(f"#{fragment}"):
            local = f"#{fragment}"
        elif isinstance(found, (dict, bool)):
            local = f"#/$defs/{self._named(found, reference)}"
        else:
            return
        if local != reference:
            node["$ref"] = local
            path = self.paths[id(node)]
            self.changes.append(Change(path, "$ref", "rewritten", "definitions stand under $defs"))

    def _named(self, found: Any, reference: str) -> str:
        """The name of a definition, which comes to stand under ``$defs`` if it does not yet."""
        key: Hashable = id(found) if isinstance(found, dict) else reference
        if key not in self.names:
            definitions = self.root.setdefault("$defs", {})
            name = self.names[key] = free(_named(reference), definitions)
            definitions[name] = found
            self.moved = True
            self._late(found, pointer("$defs", name))
        return pointer(self.names[key])[1:].replace("%", "%25")

    def _late(self, found: Any, path: str) -> None:
        """Visit what stands where no schema was expected."""
        ahead = [(path, found)]
        while ahead:
            place, node = ahead.pop()
            if isinstance(node, dict) and id(node) not in self.paths:
                self.base[id(node)], self.paths[id(node)] = "", place
                self.nodes.append(node)
                ahead += reversed([*held(node, place)])

    def _target(self, address: str, fragment: str) -> Any:
        """What stands at an address, a JSON pointer in it, or has an anchor; None for nothing."""
        holder = self.addresses.get(address)
        if holder is None:
            return None
        if fragment and not fragment.startswith("/"):
            return self.anchors.get((address, fragment))
        found = _at(holder, fragment)
        if holder is self.root and "/" in fragment:
            self.holders.update([fragment.split("/")[1]] if isinstance(found, (dict, bool)) else [])
        return found

    def forget_addresses(self) -> None:
        """Leave out the addresses of parts, and one of the whole that is none."""
        for node in self.nodes:
            own = node.get("$id")
            if isinstance(own, str) and (node is not self.root or not _is_address(own)):
                del node["$id"]
                path = self.paths[id(node)]
                self.changes.append(Change(path, "$id", "removed", "references are told from the root"))


def _is_address(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True


def everything(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """As ``subschemas``, with what stands under ``definitions``."""
    ahead: list[tuple[str, Any]] = [("", root)]
    while ahead:
        path, node = ahead.pop()
        if isinstance(node, dict):
            yield path, node
            if not _HOLDERS.isdisjoint(node):
                ahead += reversed([*_within(node, path)])


def _within(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    yield from held(node, path)
    definitions = node.get("definitions")
    if isinstance(definitions, Mapping):
        for name, inner in definitions.items():
            yield path + pointer("definitions", name), inner


def _joined(base: str, reference: str) -> tuple[str, str]:
    """An address, and what it names there."""
    address, _, fragment = reference.partition("#")
    try:
        return (urljoin(base, address) if address else base), fragment
    except ValueError:  # no address, such as one with half of a bracket
        return address, fragment


def _at(node: Any, fragment: str) -> Any:
    """What stands at a JSON pointer."""
    for key in unquote(fragment[1:]).split("/") if fragment else ():
        key = key.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901 - the same key, read
        if isinstance(node, list):
            node = node[int(key)] if key in map(str, range(len(node))) else None
        else:
            node = node.get(key) if isinstance(node, dict) else None
    return node


def _named(reference: str) -> str:
    """The last word of a reference."""
    return _NOT_IN_NAME.sub("_", unquote(reference).rpartition("/")[2].lstrip("#")) or "part"
