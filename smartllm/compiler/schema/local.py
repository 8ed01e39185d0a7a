"""References within one schema: whatever they point to comes to stand under ``$defs``."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote

from smartllm.compiler.schema.keywords import HOLDERS, subschemas
from smartllm.compiler.schema.types import Change

_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_SETTLED: Final = re.compile(r"#(/\$defs/[^/]+)?")


def gather(root: dict[str, Any], changes: list[Change]) -> None:
    """Rewrite references in place that point to ``#/definitions/X``, to any other place, or to an anchor.

    A key at the top that only held what they pointed to is left out. What points to nothing, or elsewhere,
    stays; whoever lowers the schema refuses it.

    Args:
        root: The schema.
        changes: Where each is told.
    """
    gathering = _Gathering(root, changes)
    gathering.run()
    for reference in gathering.names:
        holder = reference.split("/")[1] if "/" in reference else ""
        if holder not in HOLDERS:
            root.pop(holder, None)


class _Gathering:
    """Visits a schema, and what its references point to.

    Attributes:
        names: Names under ``$defs`` by the references that were rewritten to them.
    """

    def __init__(self, root: dict[str, Any], changes: list[Change]) -> None:
        self.root, self.changes = root, changes
        base = root.get("$id")
        self.base = base.rstrip("#") if isinstance(base, str) else ""
        self.names: dict[str, str] = {}
        self._unread: list[Any] = [root]

    def run(self) -> None:
        """Rewrite all references that can be."""
        while self._unread:
            for path, node in list(subschemas(self._unread.pop())):
                reference = node.get("$ref")
                if isinstance(reference, str):
                    self._read(reference, node, path)

    def _read(self, reference: str, node: dict[str, Any], path: str) -> None:
        local = reference.removeprefix(self.base)
        if local.startswith("#") and (_SETTLED.fullmatch(local) or self._gathered(local)):
            name = self.names.get(local)
            node["$ref"] = local if name is None else f"#/$defs/{name}"
            if node["$ref"] != reference:
                self.changes.append(Change(path, "$ref", "rewritten", "definitions stand under $defs"))

    def _gathered(self, reference: str) -> bool:
        """Whether the reference points to a schema, which then stands under ``$defs``."""
        if reference in self.names:
            return True
        found = self._target(reference[1:])
        if not isinstance(found, (dict, bool)):
            return False
        definitions = self.root.setdefault("$defs", {})
        name = self.names[reference] = _free(reference, definitions)
        definitions[name] = found
        self._unread.append(found)
        return True

    def _target(self, place: str) -> Any:
        """What stands at a JSON pointer, or has an anchor; None for nothing."""
        if not place.startswith("/"):
            anchored = (node for _, node in subschemas(self.root) if node.get("$anchor") == place)
            return next(anchored, None)
        node: Any = self.root
        for key in unquote(place[1:]).split("/"):
            key = key.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901 - the same key, read
            if isinstance(node, list):
                node = node[int(key)] if key in map(str, range(len(node))) else None
            else:
                node = node.get(key) if isinstance(node, dict) else None
        return node


def _free(reference: str, taken: dict[str, Any]) -> str:
    """A name for what a reference points to: its last word, with a number where that is taken."""
    stem = _NOT_IN_NAME.sub("_", unquote(reference).rpartition("/")[2].lstrip("#")) or "part"
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name
