"""Small tables of rules with mistakes, as people and programs make them: the same for the same seed."""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from smartllm.rules import RuleSet, load_rules
from smartllm.rules.belonging import profile_names, row_profile
from smartllm.rules.layer import Layer
from smartllm.rules.load import merge
from smartllm.rules.toml_text import key_spelled, path_spelled, spelled
from smartllm.rules.vocabulary import DIALECTS, Facts
from smartllm.rules.vocabulary.ids import Prefix
from smartllm.rules.vocabulary.sampling import Range

Table = dict[str, Any]
SHIPPED: Final = load_rules()
HOSTS: Final = Layer("hosts.toml", "", {"host": SHIPPED.table("host")}, "hosts")
ODD: Final[tuple[Any, ...]] = (
    "", "x", "false", "2048", "2027-01-01", "a b", "\u2028", "a\x00b", True, False, 0, 1, -1, 2**62, 0.5,
    -0.5, 2.0, 1e300, float("inf"), float("nan"), [], [1], ["x"], [[]], {}, {"a": 1}, {"x": {"y": {}}},
    dt.date(2027, 1, 1), dt.datetime(2027, 1, 1, 7, 32, tzinfo=dt.UTC), dt.time(7, 32),
)  # fmt: skip
NUMBERS: Final = (1, 2, 3, 16, 63, 64, 1000, 1024, 1025, 4096, 32000, 10**7)
FRACTIONS: Final = (0.0, 0.5, 0.95, 1.0, 2.0, 20)
TEXTS: Final = (
    "image/png",
    "application/pdf",
    "text/*",
    "us",
    "eu",
    "web_search",
    "a-beta",
    "claude-opus-4-7",
)


def document(table: Table) -> str:
    """A table as TOML: a header for each row, and its keys inline or dotted."""
    lines: list[str] = []
    for name, rows in table.items():
        if not isinstance(rows, dict):
            lines.insert(0, f"{key_spelled(name)} = {spelled(rows)}")
            continue
        for path, row in _rows((name,), rows, 2 if name == "on" else 0):
            lines.append(f"[{path_spelled(path)}]")
            lines += [f"{key_spelled(key)} = {spelled(value)}" for key, value in row.items()]
    return "\n".join(lines) + "\n"


def _rows(path: tuple[str, ...], table: Table, deeper: int) -> Iterator[tuple[tuple[str, ...], Table]]:
    here = {key: value for key, value in table.items() if not (deeper and isinstance(value, dict))}
    yield path, here
    for key in table.keys() - here.keys():
        yield from _rows((*path, key), table[key], deeper - 1)


def small_table(chance: random.Random) -> Table:
    """The rows of one or two shipped models, with all that they rest on."""
    models = chance.sample(sorted(SHIPPED.table("model")), chance.choice((1, 1, 2)))
    rows = {key: copy.deepcopy(SHIPPED.table("model")[key]) for key in models}
    names = {name for row in rows.values() for name in profile_names(row_profile(row), SHIPPED)}
    on: Table = {}
    for host, tables in SHIPPED.table("on").items():
        for kind, wanted in (("profile", names), ("model", set(models))):
            kept = {key: copy.deepcopy(row) for key, row in tables.get(kind, {}).items() if key in wanted}
            if kept:
                on.setdefault(host, {})[kind] = kept
    profiles = {name: copy.deepcopy(SHIPPED.table("profile")[name]) for name in sorted(names)}
    for row in [
        *profiles.values(),
        *(row for host in on.values() for kind in host.values() for row in kind.values()),
    ]:
        row.pop("quirk", None)  # long, and no fact
        row |= {"source": ["a-page"], "verified": dt.date(2026, 11, 1), "evidence": {}}
        if isinstance(row.get("limits"), dict):
            row["evidence"] = {"limits.max_output": {"disputed": "one page says more", "source": ["a-page"]}}
    vendor = chance.choice(sorted(SHIPPED.table("vendor")))
    found = {
        "vendor": {vendor: copy.deepcopy(SHIPPED.table("vendor")[vendor])},
        "profile": profiles,
        "model": rows,
        "on": on,
        "alias": {"mine": models[0]},
        "retired": {"gone-1": {"vendor": vendor, "shutdown": dt.date(2026, 1, 1), "successor": models[0]}},
        "page": {"a-page": "https://example.com/facts"},
        "quota": {models[0]: {"requests_per_minute": 60, "concurrency": 2}},
    }
    found["vendor"][vendor]["latest"] = chance.choice(sorted(profiles))
    return found


def mutated(chance: random.Random) -> Table:
    """A small table with some mistakes: of its shape, or of what it says alone."""
    table = small_table(chance)
    mistakes = chance.choice((_MISTAKES, (_state,)))
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        chance.choice(mistakes)(table, chance)
    return table


def rules_of(layer: Layer) -> RuleSet:
    """Rules that are the hosts and one file of a user's."""
    return RuleSet((HOSTS, layer), merge(HOSTS.data, layer.data))


def _places(node: Table, at: tuple[str, ...] = ()) -> Iterator[tuple[Table, str]]:
    for key, value in node.items():
        yield node, key
        if isinstance(value, dict):
            yield from _places(value, (*at, key))


def _place(table: Table, chance: random.Random) -> tuple[Table, str]:
    return chance.choice([*_places(table)])


def _replace(table: Table, chance: random.Random) -> None:
    node, key = _place(table, chance)
    node[key] = copy.deepcopy(chance.choice(ODD))


def _quote(table: Table, chance: random.Random) -> None:
    """What is a number, a boolean or a day becomes a text."""
    kinds = (bool, int, float, dt.date)
    found = [(node, key) for node, key in _places(table) if isinstance(node[key], kinds)]
    for node, key in chance.sample(found, min(1, len(found))):
        node[key] = spelled(node[key])


def _drop(table: Table, chance: random.Random) -> None:
    node, key = _place(table, chance)
    del node[key]


def _rename(table: Table, chance: random.Random) -> None:
    node, key = _place(table, chance)
    other = chance.choice(
        (key[:-1], f"{key}s", key.upper(), f"{key}.x", "extends", "profile", "", "wire", "model")
    )
    node[other] = node.pop(key)


def _move(table: Table, chance: random.Random) -> None:
    (source, key), (into, _) = _place(table, chance), _place(table, chance)
    value = source.pop(key)
    into[key] = copy.deepcopy(value)


def _swap(table: Table, chance: random.Random) -> None:
    (one, first), (other, second) = _place(table, chance), _place(table, chance)
    kept = copy.deepcopy(one[first]), copy.deepcopy(other[second])
    other[second], one[first] = kept


def _state(table: Table, chance: random.Random) -> None:
    """A row states some facts of the vocabulary, whatever else holds."""
    rows = [
        *_tables(table.get("profile")),
        *(row for host in _tables(table.get("on")) for kind in _tables(host) for row in _tables(kind)),
    ]
    models = table.get("model")
    if isinstance(models, dict) and models:
        key = chance.choice(sorted(models))
        if isinstance(models[key], str):
            models[key] = {"profile": models[key]}
        rows += _tables({"model": models[key]})
    if not rows:
        return
    row = chance.choice(rows)
    if chance.random() < 0.2:
        wires = row.setdefault("wire", {})
        if not isinstance(wires, dict):
            return
        row = wires.setdefault(chance.choice(DIALECTS), {})
    for _ in range(chance.choice((1, 2, 3))):
        one = chance.choice(chance.choice((fields(Facts), _WEIGHTY)))
        value = valid(get_type_hints(Facts, include_extras=True)[one.name], chance)
        old = row.get(one.name)
        row[one.name] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value


def _tables(node: Any) -> list[Table]:
    return [value for value in node.values() if isinstance(value, dict)] if isinstance(node, dict) else []


def valid(hint: Any, chance: random.Random) -> Any:
    """A value of a type of the vocabulary, whatever it means there."""
    if is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        names = chance.sample(sorted(hints), min(len(hints), chance.choice((1, 1, 2, 3))))
        return {name: valid(hints[name], chance) for name in names}
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple and hint != Range:
        several = inner[:1] * chance.choice((0, 1, 2, 3)) if inner[-1] is ... else inner
        return [valid(one, chance) for one in several]
    if origin is dict:
        return {valid(inner[0], chance): valid(inner[1], chance) for _ in range(chance.choice((0, 1, 2)))}
    if origin is Annotated and hint not in _SCALARS:
        return valid(inner[0], chance)
    if origin in {Union, UnionType}:
        return valid(next(one for one in inner if one is not NoneType), chance)
    return chance.choice(inner if origin is Literal else _SCALARS[hint])


_WEIGHTY: Final = tuple(
    one
    for one in fields(Facts)
    if one.name
    in {"limits", "thinking", "effort", "temperature", "structured", "tools", "calls", "caching", "system"}
)
"""Facts on which most of a body hangs."""
_SCALARS: Final[dict[Any, tuple[Any, ...]]] = {
    bool: (True, False),
    int: NUMBERS,
    float: FRACTIONS,
    str: TEXTS,
    Range: ([], [0.0, 1.0], [1.0, 1.0], [0.5, 2.0]),
    Prefix: ("us", "eu", "global"),
    dt.date: (dt.date(2020, 1, 1), dt.date(2026, 11, 26), dt.date(2099, 1, 1)),
}
_MISTAKES: Final[tuple[Callable[[Table, random.Random], None], ...]] = (
    _replace, _quote, _drop, _rename, _move, _swap, _state,
)  # fmt: skip
