"""No two arms of a union share a form on the wire that would be read in two ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, Final, NamedTuple

from smartllm.compiler.schema.forms import in_words, sentence
from smartllm.compiler.schema.graph import ROOT, Graph, reached
from smartllm.compiler.schema.keywords import definition_name, free, pointer, subschemas
from smartllm.compiler.schema.told import TYPES, Told
from smartllm.compiler.schema.types import Codec

_FORMS: Final = frozenset({"pairs", "json", "tuple"})
_PLAIN: Final = frozenset({"boolean", "integer", "null", "number", "string"})
_NULL: Final = {"type": "null"}
# Far more than unions that people write need; what is left then is read as the first arm that fits.
_MOST: Final = 50_000
_TAG: Final = "arms with the same properties are told apart by a property of their own"
_TEXT: Final = "arms that share one form are written as JSON text"

Record = Callable[[str, str, str], None]


class _Part(NamedTuple):
    node: dict[str, Any]
    path: str


class Shapes:
    """Looks at a lowered schema, and changes it and its codecs in place.

    Args:
        schema: The lowered schema, with closed objects only.
        codecs: How answers are read, by pointer into it.
        record: Called with path, keyword and reason for each change.
    """

    def __init__(self, schema: dict[str, Any], codecs: dict[str, Codec], record: Record) -> None:
        self.schema, self.codecs, self.record = schema, codecs, record
        self._left = _MOST
        self._overlaps: dict[tuple[str, str], bool] = {}
        self._tag = ""
        self._tagged: dict[str, str] = {}

    def settle(self) -> None:
        """Tell apart what could be read in two ways: objects by a property, all else as JSON text."""
        if not self.codecs:
            return
        for path, node in [*subschemas(self.schema)]:
            if len(node.get("anyOf", ())) > 1:
                self._union(_Part(node, path))
        graph = Graph(self.schema)
        used = reached(ROOT, graph.needs)
        for name in [name for name in graph.definitions if name not in used]:
            del self.schema["$defs"][name]
        if not self.schema.get("$defs", True):
            del self.schema["$defs"]

    def _union(self, union: _Part) -> None:
        arms = [_Part(arm, union.path + pointer("anyOf", n)) for n, arm in enumerate(union.node["anyOf"])]
        for one, other in combinations([[*self._leaves(arm)] for arm in arms], 2):
            for clash in (self._clash(left, right) for left in one for right in other):
                if clash == ():
                    self._as_text(union)
                    return
                for part in clash or ():
                    self._tell_apart(part)

    def _leaves(self, part: _Part) -> Iterator[_Part]:
        """What a schema may be, through references and unions; of each plain type one."""
        ahead = [part]
        seen: set[Any] = set()
        while ahead and self._left >= 0:
            node, path = ahead.pop()
            while "$ref" in node:
                name = definition_name(node["$ref"])
                path = pointer("$defs", name) if name else ""
                node = self.schema["$defs"][name] if name else self.schema
                self._left -= 1
            kind = node.get("type")
            plain = kind in _PLAIN and _values(node) is None and path not in self.codecs
            if (key := (kind,) if plain else path) in seen:
                continue
            seen.add(key)
            if "anyOf" not in node:
                yield _Part(node, path)
            self._left -= 1
            ahead += [
                _Part(arm, path + pointer("anyOf", index)) for index, arm in enumerate(node.get("anyOf", ()))
            ][::-1]

    def _overlap(self, one: _Part, other: _Part) -> bool:
        """Whether one value may fit both on the wire, whatever patterns and bounds say."""
        return any(
            self._leaf_overlap(left, right) for left in self._leaves(one) for right in self._leaves(other)
        )

    def _leaf_overlap(self, one: _Part, other: _Part) -> bool:
        key = (one.path, other.path)
        if key not in self._overlaps:
            self._left -= 1
            self._overlaps[key] = True  # what it holds of itself does not decide
            self._overlaps[key] = self._left < 0 or self._may_share(one, other)
        return self._overlaps[key]

    def _may_share(self, one: _Part, other: _Part) -> bool:
        kinds = {one.node["type"], other.node["type"]}
        if len(kinds) > 1 and kinds != {"integer", "number"}:
            return False
        values = [_values(part.node) for part in (one, other)]
        if values[0] is not None and values[1] is not None:
            return any(value in values[1] for value in values[0])
        if kinds == {"array"}:
            least = max(one.node.get("minItems", 0), other.node.get("minItems", 0))
            return not least or self._overlap(_items(one), _items(other))
        if kinds != {"object"}:
            return True
        ours, theirs = one.node["properties"], other.node["properties"]
        needed = {*one.node["required"], *other.node["required"]}
        if not needed <= ours.keys() & theirs.keys():
            return False
        return all(self._overlap(_property(one, name), _property(other, name)) for name in needed)

    def _clash(self, one: _Part, other: _Part, above: frozenset[tuple[str, str]] = frozenset()) -> Any:
        """None, the two objects that must be told apart, or an empty tuple where none can be."""
        key = (one.path, other.path)
        if one.path == other.path or key in above or self._left < 0 or not self._leaf_overlap(one, other):
            return None
        codecs = [self.codecs.get(part.path) for part in (one, other)]
        forms = [codec if codec in _FORMS else None for codec in codecs]
        if forms[0] != forms[1]:
            return ()
        above |= {key}
        if one.node["type"] == "array":
            return self._inner(_items(one), _items(other), above)
        if one.node["type"] != "object":
            return None
        for name in filter(one.node["properties"].__contains__, other.node["properties"]):
            left, right = _property(one, name), _property(other, name)
            found = self._inner(left, right, above)
            if found is None and self._null_differs(left, right):
                found = ()
            if found == () and forms[0] != "tuple" and not self._is_pair(one):
                return (one, other)
            if found is not None:
                return found
        return None

    def _inner(self, one: _Part, other: _Part, above: frozenset[tuple[str, str]]) -> Any:
        for left in self._leaves(one):
            for right in self._leaves(other):
                found = self._clash(left, right, above)
                if found is not None:
                    return found
        return None

    def _is_pair(self, part: _Part) -> bool:
        holder = part.path.removesuffix("/items")
        return holder != part.path and self.codecs.get(holder) == "pairs"

    def _null_differs(self, one: _Part, other: _Part) -> bool:
        """Whether null means that one is left out, and is a value of the other."""
        optional = [self.codecs.get(part.path) == "optional" for part in (one, other)]
        return optional[0] != optional[1] and all(
            any(leaf.node["type"] == "null" for leaf in self._leaves(part)) for part in (one, other)
        )

    def _tell_apart(self, part: _Part) -> None:
        if not self._tag:
            nodes = [node for _, node in subschemas(self.schema)]
            self._tag = free("shape", {name for node in nodes for name in node.get("properties", {})})
        stem = str(part.node.get("title") or part.path.rpartition("/")[2] or "root")
        value = self._tagged[part.path] = free(stem, {*self._tagged.values()})
        said = {"type": "string", "const": value}
        part.node["properties"] = {self._tag: said, **part.node["properties"]}
        part.node["required"] = [self._tag, *part.node["required"]]
        self.codecs[part.path + pointer("properties", self._tag)] = "tag"
        self.record(part.path, "anyOf", _TAG)
        self._overlaps.clear()

    def _as_text(self, union: _Part) -> None:
        types: set[str] = set()
        for leaf in self._leaves(union):
            codec = self.codecs.get(leaf.path)
            written = {"pairs": {"object"}, "tuple": {"array"}, "json": TYPES}
            types |= written.get(str(codec), {leaf.node["type"]})
        optional = self.codecs.get(union.path) == "optional"
        if optional:
            types.discard("null")
        for path in [path for path in self.codecs if path.startswith(union.path + "/")]:
            del self.codecs[path]
        words = f"{in_words(Told(frozenset(types)))}, written as JSON text."
        text = {"type": "string", "description": sentence(union.node.get("description"), words)}
        title = {"title": union.node["title"]} if "title" in union.node else {}
        union.node.clear()
        union.node.update({"anyOf": [title | text, dict(_NULL)]} if optional else title | text)
        self.codecs[union.path + ("/anyOf/0" if optional else "")] = "json"
        self.record(union.path, "anyOf", _TEXT)
        self._overlaps.clear()


def _items(part: _Part) -> _Part:
    return _Part(part.node["items"], part.path + "/items")


def _property(part: _Part, name: str) -> _Part:
    return _Part(part.node["properties"][name], part.path + pointer("properties", name))


def _values(node: dict[str, Any]) -> list[Any] | None:
    return [node["const"]] if "const" in node else node.get("enum")
