# ruff: noqa: S311 - nothing here is secret
"""Two arms of a union never share a form on the wire: whatever was meant is what is read."""

from __future__ import annotations

import random
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from legal_schemas import STRICT, faults

from smartllm.compiler.schema.answers.restore import restore
from smartllm.compiler.schema.lower import lower
from smartllm.compiler.schema.types import Lowered, Subset

INT, TEXT, NULL = {"type": "integer"}, {"type": "string"}, {"type": "null"}
ANY: dict[str, Any] = {}
each_strict = pytest.mark.parametrize("subset", STRICT)


def closed(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*(required or properties)],
        "additionalProperties": False,
    }


def mapping(values: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def listing(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def pair(*items: Any) -> dict[str, Any]:
    return {"type": "array", "prefixItems": [*items], "minItems": len(items), "maxItems": len(items)}


def union(*arms: Any, **definitions: Any) -> dict[str, Any]:
    return closed(u={"anyOf": [*arms]}) | {"$defs": definitions}


KV = closed(key=TEXT, value=INT)


class Said:
    """Says a value of the caller's schema in the form of the lowered one, in each way there is."""

    def __init__(self, lowered: Lowered) -> None:
        self.root, self.codecs = lowered.schema, lowered.codecs

    def of(self, data: Any, node: Any, path: str) -> list[Any]:
        """All ways to say it here."""
        if "$ref" in node:
            name = node["$ref"][8:]
            return self.of(data, self.root["$defs"][name], f"/$defs/{name}")
        codec = self.codecs.get(path)
        if codec == "json":
            import json

            return [json.dumps(data)]
        if "anyOf" in node:
            arms = enumerate(node["anyOf"])
            return [said for index, arm in arms for said in self.of(data, arm, f"{path}/anyOf/{index}")]
        found = self.typed(data, node, path, codec)
        return (
            [said for said in found if Draft202012Validator({**self.root, **node}).is_valid(said)]
            if not ("properties" in node or "items" in node)
            else found
        )

    def typed(self, data: Any, node: Any, path: str, codec: Any) -> list[Any]:
        kind = node["type"]
        if codec == "pairs":
            data = (
                [{"key": key, "value": value} for key, value in data.items()]
                if isinstance(data, dict)
                else None
            )
        elif codec == "tuple":
            data = (
                {f"item_{n}": item for n, item in enumerate(data)}
                if isinstance(data, list) and len(data) == len(node["properties"])
                else None
            )
        if kind == "array" and isinstance(data, list):
            items = [self.of(item, node["items"], f"{path}/items") for item in data]
            return [[each[0] for each in items]] if all(items) else []
        if kind == "object" and isinstance(data, dict):
            return self.object(data, node, path)
        return [data] if kind not in {"array", "object"} else []

    def object(self, data: dict[str, Any], node: Any, path: str) -> list[Any]:
        said = dict(data)
        for name, inner in node["properties"].items():
            here = f"{path}/properties/{name}"
            if self.codecs.get(here) == "tag":
                said[name] = inner["const"]
            elif name not in said and self.codecs.get(here) == "optional":
                said[name] = None
            elif name in said:
                if said[name] is None and self.codecs.get(here) == "optional":
                    return []  # it would mean that it is left out
                ways = self.of(said[name], inner, here)
                if not ways:
                    return []
                said[name] = ways[0]
        if set(said) - set(node["properties"]) or set(node["required"]) - set(said):
            return []
        return [said]


UNIONS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "a mapping beside a list": (
        union(mapping(INT), listing(KV)),
        [{}, [], {"a": 1}, [{"key": "a", "value": 1}]],
    ),
    "mappings in lists": (union(listing(mapping(INT)), listing(listing(INT))), [[{}], [[]], [{"a": 1}]]),
    "models with a mapping and a list": (
        union(
            {"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}, A=closed(i=mapping(INT)), B=closed(i=listing(KV))
        ),
        [{"i": {}}, {"i": []}, {"i": {"a": 1}}, {"i": [{"key": "a", "value": 1}]}],
    ),
    "lists of such models": (
        union(listing(closed(i=mapping(INT))), listing(closed(i=listing(KV)))),
        [[{"i": {}}], [{"i": []}], []],
    ),
    "mappings of such models": (
        union(mapping(closed(i=mapping(INT))), mapping(closed(i=listing(KV)))),
        [{"a": {"i": {}}}, {"a": {"i": []}}, {}],
    ),
    "a tuple beside a model like it": (
        union(pair(INT, TEXT), closed(item_0=INT, item_1=TEXT)),
        [[1, "a"], {"item_0": 1, "item_1": "a"}],
    ),
    "tuples of mappings and lists": (
        union(pair(mapping(INT)), pair(listing(INT))),
        [[{}], [[]], [{"a": 1}]],
    ),
    "a list of anything beside one of text": (
        union(listing(ANY), listing(TEXT)),
        [["5"], [5], ["x"], [None]],
    ),
    "a null that is left out and one that is not": (
        union(closed("b", a=INT, b=INT), closed(a={"anyOf": [INT, NULL]}, b=INT)),
        [{"a": None, "b": 1}, {"a": 1, "b": 1}, {"b": 2}],
    ),
    "models that hold themselves": (
        union(
            {"$ref": "#/$defs/A"},
            {"$ref": "#/$defs/B"},
            A=closed(n={"anyOf": [{"$ref": "#/$defs/A"}, mapping(INT)]}),
            B=closed(n={"anyOf": [{"$ref": "#/$defs/B"}, listing(INT)]}),
        ),
        [{"n": {}}, {"n": []}, {"n": {"n": {}}}, {"n": {"n": []}}],
    ),
    "with a property that has the name": (
        union(closed(shape=mapping(INT)), closed(shape=listing(INT))),
        [{"shape": {}}, {"shape": []}],
    ),
    "one of them twice": (
        closed(
            u={"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]},
            v={"anyOf": [{"$ref": "#/$defs/B"}, {"$ref": "#/$defs/A"}]},
        )
        | {"$defs": {"A": closed(i=mapping(INT)), "B": closed(i=listing(KV))}},
        [],
    ),
}


@each_strict
@pytest.mark.parametrize("what", UNIONS)
def test_what_was_meant_is_read(what: str, subset: Subset) -> None:
    schema, values = UNIONS[what]
    if subset == "claude-native" and "themselves" in what:
        return
    lowered = lower(schema, subset)
    assert faults(lowered.schema, subset) == []
    assert any(
        "one form" in change.reason or "told apart" in change.reason for change in lowered.changes
    ) or ("mapping beside" in what or ("left out" in what and subset == "claude-native"))
    for value in values:
        ways = Said(lowered).of({"u": value}, lowered.schema, "")
        assert ways, value
        for said in ways:
            assert Draft202012Validator(lowered.schema).is_valid(said)
            assert restore(said, lowered) == {"u": value}


@pytest.mark.parametrize(
    "arms",
    [
        (closed(k={"const": "a"}, i=mapping(INT)), closed(k={"const": "b"}, i=listing(INT))),
        (closed(k={"enum": ["a", "b"]}, i=mapping(INT)), closed(k={"const": "c"}, i=listing(INT))),
        (closed(a=mapping(INT)), closed(b=listing(INT))),
        (closed(a=mapping(INT), x=INT), closed(a=listing(INT), x=TEXT)),
        (closed(a=mapping(INT), x={"const": 1}), closed(a=listing(INT), x={"const": "1"})),
        (listing(mapping(INT), minItems=1), listing(listing(TEXT, minItems=1), minItems=1)),
        (closed(a=mapping(INT)), closed(a=mapping(TEXT))),
        (mapping(INT), TEXT, NULL),
        (pair(INT), INT),
        (closed(a={"type": "number"}), closed(a=INT)),
        ({"anyOf": [pair(INT), {"anyOf": [INT, {"anyOf": [INT, TEXT]}]}]}, mapping(INT)),
    ],
)
@each_strict
def test_what_is_told_apart_already_stays(arms: Any, subset: Subset) -> None:
    lowered = lower(union(*arms), subset)
    assert len(lowered.schema["properties"]["u"]["anyOf"]) == len(arms)
    assert not {"tag"} & {*lowered.codecs.values()}


@each_strict
def test_an_optional_union_keeps_its_null(subset: Subset) -> None:
    schema = closed("b", u={"anyOf": [listing(ANY), listing(TEXT)], "title": "T", "description": "D"}, b=INT)
    lowered = lower(schema, subset)
    sent = lowered.schema["properties"]["u"]
    text = {"title": "T", "type": "string", "description": "D An array, written as JSON text."}
    assert sent == ({"anyOf": [text, NULL]} if subset == "openai-strict" else text)
    assert restore({"u": '["5"]', "b": 1}, lowered) == {"u": ["5"], "b": 1}
    assert restore({"u": None, "b": 1}, lowered) == (
        {"b": 1} if subset == "openai-strict" else {"u": None, "b": 1}
    )


def test_a_union_below_an_optional_property_is_told_by_the_callers_place() -> None:
    inner = closed(u={"anyOf": [closed(i=mapping(INT)), closed(i=listing(INT))]})
    lowered = lower(closed("b", o=inner, b=INT), "openai-strict")
    told = [change.path for change in lowered.changes if "told apart" in change.reason]
    assert told == [f"/properties/o/properties/u/anyOf/{arm}" for arm in (0, 1)]


def test_the_property_that_tells_apart_has_a_free_name_and_says_the_title() -> None:
    titled = union(closed(i=mapping(INT)) | {"title": "Table"}, closed(i=listing(INT)))
    arms = lower(titled, "openai-strict").schema["properties"]["u"]["anyOf"]
    assert [arm["properties"]["shape"]["const"] for arm in arms] == ["Table", "1"]
    taken = union(closed(shape=mapping(INT)), closed(shape=listing(INT)))
    arms = lower(taken, "openai-strict").schema["properties"]["u"]["anyOf"]
    assert [[*arm["properties"]] for arm in arms] == [["shape_2", "shape"]] * 2


def test_the_first_property_that_differs_decides_in_every_process() -> None:
    def arm(form: Any) -> dict[str, Any]:
        deep = {f"p{n}": closed(i=form(INT)) for n in range(9)}
        return closed(same=INT, **deep, flat=form(INT))

    lowered = lower(union(arm(mapping), arm(listing)), "openai-strict")
    tags = [path for path, codec in lowered.codecs.items() if codec == "tag"]
    assert tags == [f"/properties/u/anyOf/{n}/properties/p0/properties/shape" for n in (0, 1)]


@pytest.mark.parametrize(
    ("arms", "codec"),
    [
        ((mapping(mapping(INT)), mapping(listing(INT))), "json"),
        ((pair(mapping(INT), TEXT), pair(listing(INT), TEXT)), "json"),
        (
            (listing(closed(key=TEXT, value=mapping(INT))), listing(closed(key=TEXT, value=listing(INT)))),
            "tag",
        ),
    ],
)
def test_pairs_and_tuples_take_no_property_of_their_own(arms: Any, codec: str) -> None:
    lowered = lower(union(*arms), "openai-strict")
    assert {"json", "tag"} & {*lowered.codecs.values()} == {codec}


def test_what_nothing_refers_to_any_more_is_left_out() -> None:
    schema = union(
        listing({"$ref": "#/$defs/A"}), listing(TEXT), A=mapping({"$ref": "#/$defs/B"}), B=mapping(ANY)
    )
    either = union(
        listing(mapping({"$ref": "#/$defs/B"})), listing(listing(INT)), B=closed(b=INT, c=listing(INT))
    )
    assert "$defs" not in lower(either, "openai-strict").schema
    assert lower(schema, "openai-strict")
    kept = either | {"properties": {**either["properties"], "v": {"$ref": "#/$defs/B"}}}
    kept["$defs"]["C"] = closed(c={"$ref": "#/$defs/B"}, d=TEXT, e=TEXT)
    kept["properties"]["u"]["anyOf"].append(listing(listing({"$ref": "#/$defs/C"})))
    assert [*lower(kept, "openai-strict").schema["$defs"]] == ["B"]


def test_unions_of_more_arms_than_people_write_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartllm.compiler.schema.shapes._MOST", 3)
    lowered = lower(union(*(closed(i=form(INT), n=INT) for form in (mapping, listing))), "openai-strict")
    assert "tag" not in lowered.codecs.values()


def random_type(chance: random.Random, depth: int) -> Any:
    if depth == 0:
        return chance.choice([INT, TEXT, {"type": "boolean"}, {"const": "a"}, {"enum": [1, 2]}])
    inner = [random_type(chance, depth - 1) for _ in range(2)]
    return chance.choice(
        [
            mapping(inner[0]),
            listing(inner[0]),
            pair(*inner),
            closed(a=inner[0]),
            closed(a=inner[0], b=inner[1]),
            closed("a", a=inner[0], b=inner[1]),
            {"anyOf": [*inner]},
            mapping(True),
            ANY,
        ]
    )


def value_of(node: Any, chance: random.Random) -> Any:
    if "anyOf" in node:
        return value_of(chance.choice(node["anyOf"]), chance)
    if not node:
        return chance.choice([1, "a", [], {}, ["a"], {"a": 1}])
    if "const" in node or "enum" in node:
        return chance.choice(node.get("enum", [node.get("const")]))
    if node["type"] == "object" and "properties" in node:
        inner = node["properties"]
        return {
            n: value_of(v, chance) for n, v in inner.items() if n in node["required"] or chance.random() < 0.5
        }
    if node["type"] == "object":
        values = node["additionalProperties"]
        return {
            k: value_of({} if values is True else values, chance)
            for k in chance.sample("ab", chance.randint(0, 2))
        }
    if "prefixItems" in node:
        return [value_of(item, chance) for item in node["prefixItems"]]
    if node["type"] == "array":
        return [value_of(node["items"], chance) for _ in range(chance.randint(0, 2))]
    return {"integer": 3, "string": chance.choice(["", "5", "[]"]), "boolean": True}[node["type"]]


def check_random_union(seed: int) -> int:
    chance = random.Random(seed)
    schema = union(*(random_type(chance, chance.choice([1, 2, 3])) for _ in range(chance.randint(2, 3))))
    found = 0
    for subset in STRICT:
        lowered = lower(schema, subset)
        assert faults(lowered.schema, subset) == []
        for _ in range(6):
            value = {"u": value_of(schema["properties"]["u"], chance)}
            for said in Said(lowered).of(value, lowered.schema, ""):
                assert Draft202012Validator(lowered.schema).is_valid(said), (schema, lowered.schema, said)
                assert restore(said, lowered) == value, (schema, lowered.schema, said, lowered.codecs)
                found += 1
    return found


def test_random_unions_come_back() -> None:
    assert sum(check_random_union(seed) for seed in range(50)) > 300
