"""Schemas that are deep, long, wide, tangled or odd: said or refused by name, small and soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from legal_schemas import STRICT, SUBSETS, faults

import smartllm
from smartllm import TextRequest
from smartllm.compiler.schema.lower import lower, plain
from smartllm.compiler.schema.source import schema_text
from smartllm.compiler.schema.takes import Form
from smartllm.compiler.schema.tool_input import tool_input
from smartllm.compiler.schema.types import Lowered, Subset
from smartllm.errors import UnsupportedError

SECONDS = 2.0
TEXT = {"type": "string"}
NULL = {"type": "null"}
each_subset = pytest.mark.parametrize("subset", SUBSETS)


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def under(inner: Any, definitions: dict[str, Any] | None = None) -> dict[str, Any]:
    return closed({"x": inner}) | ({"$defs": definitions} if definitions else {})


def ref(name: object, **beside: Any) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}", **beside}


def nested(depth: int, around: Callable[[Any], dict[str, Any]]) -> Any:
    inner: Any = TEXT
    for _ in range(depth):
        inner = around(inner)
    return inner


def chain(length: int, link: Callable[[dict[str, Any], int], Any], end: Any = None) -> dict[str, Any]:
    links = {f"d{n}": link(ref(f"d{n + 1}"), n) for n in range(length)}
    return under(ref("d0"), links | {f"d{length}": end or TEXT})


def described(levels: int) -> dict[str, Any]:
    """Six described fields of a model each, some levels deep."""
    fields = [f"f{number}" for number in range(6)]
    models = {
        f"m{n}": closed({name: ref(f"m{n + 1}", description=f"field {name}") for name in fields})
        for n in range(levels)
    }
    return under(ref("m0", description="top"), models | {f"m{levels}": closed({"s": TEXT})})


ODD: dict[str, dict[str, Any]] = {
    "objects 300 deep": nested(300, lambda inner: closed({"a": inner})),
    "arrays 300 deep": under(nested(300, lambda inner: {"type": "array", "items": inner})),
    "unions 100 deep": under(nested(100, lambda inner: {"anyOf": [inner, NULL]})),
    "combinations 300 deep": under(nested(300, lambda inner: {"allOf": [inner, {"minLength": 1}]})),
    "negations 300 deep": under({"type": "string", "not": nested(300, lambda inner: {"not": inner})}),
    "a chain of 1,500 objects": chain(1500, lambda next_, _: closed({"a": next_})),
    "a chain of 1,500 names": chain(1500, lambda next_, _: next_),
    "a chain of 1,500 described names": chain(1500, lambda next_, _: next_ | {"description": "d"}),
    "a chain of 1,500 narrowed names": chain(1500, lambda next_, n: next_ | {"minLength": n}),
    "a chain of 500 unions": chain(500, lambda next_, _: {"anyOf": [next_, NULL]}),
    "unions that double": chain(22, lambda next_, _: {"anyOf": [next_, next_]}),
    "narrowed unions that double": chain(22, lambda next_, n: {"anyOf": [next_, next_], "minLength": n}),
    "combinations that double": chain(22, lambda next_, _: {"allOf": [next_, next_]}),
    "described fields that double": chain(
        22, lambda next_, _: closed({name: next_ | {"description": name} for name in "ab"})
    ),
    "narrowed fields that double": chain(
        22, lambda next_, _: closed({name: next_ | {"minProperties": 1} for name in "ab"}), {"type": "object"}
    ),
    "described fields, eight levels": described(8),
    "2,000 fields": {"type": "object", "properties": {f"p{n}": TEXT for n in range(2000)}},
    "1,000 optional unions": {
        "type": "object",
        "properties": {f"p{n}": {"anyOf": [TEXT, NULL]} for n in range(1000)},
    },
    "a union of 300 models": under(
        {"anyOf": [ref(n) for n in range(300)]}, {str(n): closed({f"p{n}": TEXT}) for n in range(300)}
    ),
    "each of 40 models in each": under(
        ref(0),
        {str(n): {"type": "object", "properties": {str(m): ref(m) for m in range(40)}} for n in range(40)},
    ),
    "lists of 5,000 values combined": under(
        {"allOf": [{"enum": [f"v{n}" for n in range(low, 5000)]} for low in (0, 1)]}
    ),
    "a huge repetition": under({"type": "string", "pattern": "a{99999999999}"}),
    "a combination with false": under({"allOf": [False]}),
    "truth values as properties of text": under({"type": "string", "properties": {"a": True}}),
}


def lowered_in_time(schema: dict[str, Any], subset: Subset) -> Lowered | None:
    start = time.process_time()
    try:
        found = lower(schema, subset)
    except UnsupportedError as error:
        found = None
        if not error.hint or " (at " not in error.message:
            raise
    assert time.process_time() - start < SECONDS
    return found


@pytest.mark.parametrize("what", ODD)
def test_it_is_lowered_or_refused_in_time(what: str) -> None:
    for subset in SUBSETS:
        lowered = lowered_in_time(ODD[what], subset)
        if lowered is None:
            assert subset in STRICT, "a tool takes what is well-formed"
            continue
        assert faults(lowered.schema, subset) == []
        assert len(json.dumps(lowered.schema)) <= 3 * len(json.dumps(ODD[what]))


def test_what_is_refused_is_over_a_limit_of_the_provider() -> None:
    def natively(what: str, model: str) -> None:
        request: TextRequest[Any] = TextRequest(
            prompt="p", response_format=ODD[what], structured_output="native"
        )
        smartllm.compile(request, model=model, level="ignore")

    with pytest.raises(UnsupportedError, match="1501 levels of nesting; the limit is 10"):
        natively("a chain of 1,500 objects", "gpt-5.4")
    for what in ("a chain of 1,500 objects", "objects 300 deep", "arrays 300 deep", "2,000 fields"):
        assert lower(ODD[what], "claude-native" if "fields" not in what else "openai-strict")
    with pytest.raises(UnsupportedError, match="2000 optional properties; the limit is 24"):
        natively("2,000 fields", "us.anthropic.claude-sonnet-4-6")


def test_a_caller_is_told_where_it_is_too_deep() -> None:
    deep = nested(2000, lambda inner: closed({"a": inner}))
    with pytest.raises(UnsupportedError, match="deep"):
        schema_text(deep)
    with suppress(UnsupportedError):  # how deep an interpreter's stack is differs
        lower(deep, "tool")
    body = smartllm.compile(
        TextRequest(prompt="p", response_format=nested(90, lambda inner: closed({"a": inner}))),
        model="us.anthropic.claude-sonnet-4-6",
    ).body
    assert json.dumps(body).count('"a"') == 180


def test_lowering_that_runs_out_of_stack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from smartllm.compiler.schema import lower as module

    def endless(*_: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(module, "require_tags", endless)
    with pytest.raises(UnsupportedError, match="too deep to be read"):
        lower(under(TEXT), "tool")


def test_a_pattern_that_no_engine_takes_costs_nothing() -> None:
    schema_text(ODD["a huge repetition"])
    with pytest.raises(UnsupportedError, match=r"not a valid JSON Schema at the root"):
        plain([])  # type: ignore[arg-type]


@pytest.mark.parametrize("subset", STRICT)
class TestWordsBesideReferences:
    """A description never multiplies what it describes."""

    BIG = closed({f"p{n}": {"type": "string", "description": "as long as this"} for n in range(9)})

    def test_a_model_that_is_used_twice_stays_a_reference(self, subset: Subset) -> None:
        twice = closed({"a": ref("M", description="First", default=1), "b": ref("M", default=2)})
        lowered = lower(twice | {"$defs": {"M": self.BIG}}, subset).schema
        assert lowered["properties"] == {
            "a": {"anyOf": [ref("M")], "description": "First"},
            "b": ref("M"),
        }

    def test_one_that_is_used_once_or_is_small_is_put_there(self, subset: Subset) -> None:
        once = lower(closed({"a": ref("M", description="D")}) | {"$defs": {"M": self.BIG}}, subset).schema
        assert once["properties"]["a"] == {"description": "D"} | self.BIG
        assert "$defs" not in once
        small = {"A": {"type": "string", "enum": ["a", "b"]}}
        both = lower(
            closed({"a": ref("A", description="D"), "b": ref("A")}) | {"$defs": small}, subset
        ).schema
        assert both["properties"]["a"] == {"description": "D", "type": "string", "enum": ["a", "b"]}

    def test_what_narrows_it_makes_one_definition_for_all(self, subset: Subset) -> None:
        narrowed = ref("M", required=["q"], description="D")
        schema = closed({"a": narrowed, "b": dict(narrowed, description="E"), "c": ref("M")})
        lowered = lower(schema | {"$defs": {"M": self.BIG}}, subset).schema
        assert lowered["properties"]["a"] == {"anyOf": [ref("M_2")], "description": "D"}
        assert lowered["properties"]["b"] == {"anyOf": [ref("M_2")], "description": "E"}
        assert [*lowered["$defs"]] == ["M", "M_2"]
        assert lowered["$defs"]["M_2"]["properties"]["q"]["description"].startswith("Any JSON value")

    def test_a_definition_that_narrows_itself_comes_back_to_itself(self, subset: Subset) -> None:
        inner = {"anyOf": [{"allOf": [ref("L"), {"minProperties": 1}]}, NULL]}
        loop = {"L": {"type": "object", "properties": {"n": inner}, "required": ["n"]}}
        if subset == "claude-native":
            with pytest.raises(UnsupportedError, match="no recursion"):
                lower(under(ref("L"), loop), subset)
            return
        lowered = lower(under(ref("L"), loop), subset)
        assert faults(lowered.schema, subset) == []
        assert [*lowered.schema["$defs"]] == ["L", "L_2"]
        assert lowered.schema["$defs"]["L_2"]["properties"]["n"]["anyOf"][0] == ref("L_2")


def test_many_described_references_leave_claude_its_unions() -> None:
    lowered = lower(described(4), "claude-native")
    assert faults(lowered.schema, "claude-native") == []
    model = lowered.schema["properties"]["x"]
    assert model["properties"]["f1"] == ref("m1")
    assert model["properties"]["f2"] == {"anyOf": [ref("m1")], "description": "field f2"}
    assert model["description"] == "top f0: field f0 f1: field f1"
    moved = [change for change in lowered.changes if "object around it" in change.reason]
    assert moved[0].path.endswith("/properties/f0")
    bare = closed({f"p{n}": ref("M", title="T") for n in range(17)}) | {
        "$defs": {"M": TestWordsBesideReferences.BIG}
    }
    assert "description" not in lower(bare, "claude-native").schema
    either = {"anyOf": [ref("M"), NULL]}
    table = {"anyOf": [{"type": "object", "additionalProperties": TEXT}], "description": "d"}
    kept = closed({f"p{n}": either for n in range(17)} | {"t": table}) | {
        "$defs": {"M": TestWordsBesideReferences.BIG}
    }
    lowered = lower(kept, "claude-native")
    assert lowered.schema["properties"]["p0"] == either, "null is no word"
    assert "anyOf" in lowered.schema["properties"]["t"], "its reading stands below"
    assert lowered.codecs == {"/properties/t/anyOf/0": "pairs"}


def test_what_would_take_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartllm.compiler.schema.view._MOST", 100)
    monkeypatch.setattr("smartllm.compiler.schema.strict._MOST", 100)
    wide = closed({f"p{n}": TEXT for n in range(30)})
    parts = {f"D{n}": wide | {"minProperties": n} for n in range(9)}
    with pytest.raises(UnsupportedError, match="take too much"):
        lower(under({"allOf": [ref(name) for name in parts]}, parts), "openai-strict")
    with pytest.raises(UnsupportedError, match="over 100 schemas"):
        lower(closed({f"p{n}": TEXT for n in range(101)}), "claude-native")


@each_subset
def test_a_root_that_is_no_object_may_refer_to_itself(subset: Subset) -> None:
    schema = {"type": "array", "items": {"$ref": "#"}, "$defs": {"root": TEXT}}
    if subset == "claude-native":
        with pytest.raises(UnsupportedError, match=r"root_2 -> root_2"):
            lower(schema, subset)
        return
    lowered = lower(schema, subset)
    assert lowered.schema["properties"]["value"]["items"] == ref("root_2")
    assert lowered.schema["$defs"]["root_2"] == {"type": "array", "items": ref("root_2")}


def test_definitions_that_are_needed_twice_are_looked_at_once() -> None:
    either = {
        "D": {"anyOf": [ref("E"), ref("F")]},
        "E": closed({"e": TEXT}),
        "F": {"anyOf": [ref("E"), NULL]},
    }
    schema = {"type": "object", "properties": {"x": ref("D"), "y": ref("F")}, "$defs": either}
    lowered = lower(schema, "openai-strict")
    assert lowered.schema["properties"] == {"x": ref("D"), "y": ref("F")}, "null fits both"
    assert lowered.codecs == {}


def test_what_grows_where_definitions_are_inlined_is_refused() -> None:
    form = Form("tool", bare=True, inlined=True, ascii_names=False, patterns="any")
    with pytest.raises(UnsupportedError, match="over 100000 values where definitions are inlined"):
        tool_input(json.dumps(ODD["described fields that double"]), form)
