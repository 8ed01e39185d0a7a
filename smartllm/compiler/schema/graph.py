"""Which definitions of a schema need which: loops, recursion and levels, however long the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import applied, definition_name, references

ROOT: Final = ""
"""Stands for the root among the names of definitions."""

Edges = Callable[[str], Iterable[str]]


class Graph:
    """The definitions of one root, by name.

    Args:
        root: A schema whose references all point to the root or to ``$defs``.
    """

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.body = {key: value for key, value in root.items() if key != "$defs"}
        self.definitions: Mapping[str, Any] = root.get("$defs", {})
        self._needs: dict[str, tuple[str, ...]] = {}
        self._recursive: set[str] | None = None

    def at(self, name: str) -> Any:
        """The schema with a name."""
        return self.definitions[name] if name else self.body

    def needs(self, name: str) -> tuple[str, ...]:
        """Names of the definitions that one refers to directly, each once."""
        if name not in self._needs:
            self._needs[name] = tuple(map(definition_name, references(self.at(name))))
        return self._needs[name]

    def says(self, name: str) -> tuple[str, ...]:
        """As ``needs``, only what speaks of the same value."""
        found: dict[str, None] = {}
        ahead = [self.at(name)]
        while ahead:
            node = ahead.pop()
            if isinstance(node, Mapping):
                if "$ref" in node:
                    found[definition_name(node["$ref"])] = None
                ahead += applied(node)
        return tuple(found)

    @property
    def recursive(self) -> set[str]:
        """Names of all that come back to themselves."""
        if self._recursive is None:
            groups = components([ROOT, *self.definitions], self.needs)
            self._recursive = {
                name for group in groups for name in group if len(group) > 1 or name in self.needs(name)
            }
        return self._recursive

    def loop(self) -> list[str]:
        """Names along a way on which a schema says nothing but itself, or nothing."""
        return _cycle([ROOT, *self.definitions], self.says)

    def cycle(self) -> list[str]:
        """Names along a cycle that the root runs into, or nothing."""
        return _cycle(sorted(reached(ROOT, self.needs)), self.needs)


def reached(start: str, edges: Edges) -> set[str]:
    """All names on the ways from one, with itself."""
    found, ahead = {start}, [start]
    while ahead:
        new = {*edges(ahead.pop())} - found
        found |= new
        ahead += new
    return found


def components(names: Iterable[str], edges: Edges) -> list[list[str]]:
    """Groups of names that lead to each other, each after those it leads to (Tarjan, without recursion)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on: set[str] = set()
    groups: list[list[str]] = []
    for start in names:
        if start in order:
            continue
        order[start] = low[start] = len(order)
        stack.append(start)
        on.add(start)
        work = [(start, iter(edges(start)))]
        while work:
            name, ahead = work[-1]
            for other in ahead:
                if other not in order:
                    order[other] = low[other] = len(order)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(edges(other))))
                    break
                if other in on:
                    low[name] = min(low[name], order[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == order[name]:
                    group = [stack.pop()]
                    while group[-1] != name:
                        group.append(stack.pop())
                    on -= {*group}
                    groups.append(group)
    return groups


def _cycle(names: Iterable[str], edges: Edges) -> list[str]:
    """A shortest cycle through the first name that has one: starts and ends with that name."""
    for group in sorted(map(sorted, components(names, edges))):
        inside, start = {*group}, group[0]
        before: dict[str, str] = {}
        ahead = [start]
        for name in ahead:
            for other in edges(name):
                if other in inside and other not in before:
                    before[other] = name
                    ahead.append(other)
        if start in before:
            way = [start, before[start]]
            while way[-1] != start:
                way.append(before[way[-1]])
            return way[::-1]
    return []


def levels(root: Mapping[str, Any]) -> int:
    """Levels of objects inside objects, through references; recursion has no depth and counts as none."""
    graph = Graph(root)
    known: dict[str, int] = dict.fromkeys(graph.recursive, 0)
    for group in components([ROOT], graph.needs):
        for name in group:
            if name not in known or name == ROOT:
                known[name] = _deepest(graph.at(name), known)
    return known[ROOT]


def _deepest(node: Mapping[str, Any], known: Mapping[str, int]) -> int:
    deepest, ahead = 0, [(node, 0)]
    while ahead:
        node, above = ahead.pop()
        if "$ref" in node:
            deepest = max(deepest, above + known.get(definition_name(node["$ref"]), 0))
            continue
        here = above + ("properties" in node)
        deepest = max(deepest, here)
        inner = [*node.get("properties", {}).values(), *node.get("anyOf", [])]
        ahead += [(each, here) for each in inner + ([node["items"]] if "items" in node else [])]
    return deepest
