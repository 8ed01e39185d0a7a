"""The structure that `docs/design` tells of: who knows what, and which way imports go."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from smartllm.rules import DIALECTS, load_rules

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "smartllm"
HOSTS = frozenset(load_rules().table("host"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# What names a wire outside its folder: the vocabulary, and the sandbox's table of the other side.
NAME_WIRES = {"smartllm.rules.vocabulary.wire", "smartllm.testing.routes", "smartllm.own_parts"}
# Where a host's name may decide something: its own rooms.
OWN_ROOMS = ("smartllm.hosts", "smartllm.openai", "smartllm.bedrock")


@functools.cache
def trees() -> Mapping[str, ast.Module]:
    """What each module is made of."""
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


@pytest.fixture(scope="module", autouse=True)
def let_go() -> Iterator[None]:
    """Half a million objects, among which every later collection of garbage would look."""
    yield
    trees.cache_clear()


def imported(name: str) -> set[str]:
    """The modules of the package that a module loads, at once or later; not those for its types alone."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in _run(trees()[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(filter(None, (above, node.module)))
            found |= {
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names
            }
    return found & MODULES.keys()


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _run(node)


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other, however long the way round."""
    reached = {name: _reached(name, edges) for name in edges}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached.get(other, ()))) for name in edges
    }
    return sorted(map(list, filter(None, groups)))


def _reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    left = list(edges[start])
    while left:
        node = left.pop()
        if node not in seen:
            seen.add(node)
            left += edges.get(node, ())
    return seen


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts that code holds; what documents it is left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def comparisons(tree: ast.AST, words: frozenset[str]) -> int:
    """How often code asks whether something is, or starts with, one of some words."""
    found = 0
    for node in ast.walk(tree):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asked = node.args if node.func.attr in {"startswith", "endswith"} else []
        elif isinstance(node, ast.MatchValue):
            asked = [node.value]
        inner = {each.value for one in asked for each in ast.walk(one) if isinstance(each, ast.Constant)}
        found += not words.isdisjoint(inner)
    return found


def test_the_measures_find_what_they_look_for() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    code = 'x == "one"; "one" in y; x.startswith(("one", "two")); z = {"one": 1}; x == "other"'
    assert comparisons(ast.parse(code), frozenset({"one"})) == 3
    assert "smartllm.compiler" in imported("smartllm.runtime.client")
    assert "smartllm.compiler.render.curl" in imported("smartllm.compiler.plan")


def test_imports_go_round_nowhere() -> None:
    assert circles({name: imported(name) - {name} for name in MODULES if name != "smartllm"}) == []


def test_a_wire_is_named_in_its_folder_and_in_the_vocabulary() -> None:
    naming = {
        name
        for name, tree in trees().items()
        if not name.startswith("smartllm.compiler.dialects") and not set(DIALECTS).isdisjoint(texts(tree))
    }
    assert naming == NAME_WIRES


def test_no_name_of_a_host_decides_anything_outside_its_room() -> None:
    deciding = {
        name: comparisons(tree, HOSTS) for name, tree in trees().items() if not name.startswith(OWN_ROOMS)
    }
    assert {name: count for name, count in deciding.items() if count} == {}


@pytest.mark.parametrize("name", MODULES)
def test_a_file_fits_its_room(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 300
