"""How much a schema may hold: by facts, which only those have whose pages state them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

import smartllm
from smartllm import TextRequest, Tool
from smartllm.compiler.schema.lower import lower
from smartllm.compiler.schema.takes import native_of
from smartllm.errors import DiagnosticError, UnsupportedError
from smartllm.rules import Dialect, load_rules, resolve, target_for

NULL = {"type": "null"}
GPT, CLAUDE, QWEN, SERVED = "gpt-5.4", "claude-sonnet-4-6", "qwen3-32b", "gpt-oss-120b"


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        inner = {"type": "object", "properties": {"a": inner}, "required": ["a"]}
    return inner


def wide(count: int) -> dict[str, Any]:
    return {"type": "object", "properties": {f"p{n}": NULL for n in range(count)}}


def unions(count: int) -> dict[str, Any]:
    either = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    names = [f"u{n}" for n in range(count)]
    return {"type": "object", "properties": dict.fromkeys(names, either), "required": names}


LIMITS: dict[str, tuple[str, Any, Any, str]] = {
    "levels": (GPT, nested(10), nested(11), "11 levels of nesting; the limit is 10"),
    "properties": (GPT, wide(5000), wide(5001), "5001 properties; the limit is 5000"),
    "enum values": (
        GPT,
        {"enum": list(range(1000))},
        {"enum": list(range(1001))},
        "1001 enum values; the limit is 1000",
    ),
    "one large enum": (
        GPT,
        {"enum": [f"{n:090}" for n in range(250)]},
        {"enum": [f"{n:060}" for n in range(251)]},
        "15060 characters in one large enum; the limit is 15000",
    ),
    "characters": (
        GPT,
        {"const": "c" * 119_994},
        {"const": "c" * 119_996},
        "120001 characters in names and values; the limit is 120000",
    ),
    "optional": (CLAUDE, wide(24), wide(25), "25 optional properties; the limit is 24"),
    "unions": (CLAUDE, unions(16), unions(17), "17 properties of a union type; the limit is 16"),
}


def native(model: str, schema: Any) -> Any:
    request = TextRequest(prompt="hi", response_format=schema, structured_output="native")
    return smartllm.compile(request, model=model, level="ignore").body


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_holds_where_a_page_states_it(limit: str) -> None:
    model, fits, over, text = LIMITS[limit]
    assert native(model, fits)
    with pytest.raises(UnsupportedError, match=re.escape(text)) as caught:
        native(model, over)
    assert 'structured_output="tool"' in caught.value.hint
    assert native(QWEN, over)
    tool = TextRequest(prompt="hi", response_format=over, structured_output="tool")
    assert smartllm.compile(tool, model=model, level="ignore").body


def test_open_weights_have_none() -> None:
    rules = load_rules(None)
    served: dict[str, tuple[str, Dialect]] = {
        QWEN: ("bedrock", "bedrock_converse"),
        "deepseek.v3-v1:0": ("bedrock", "bedrock_converse"),
        SERVED: ("openai", "openai_chat"),
    }
    for model, (host, dialect) in served.items():
        facts = target_for(resolve(model, rules), host, dialect, rules).facts
        assert facts.structured.limits == (), model


def test_a_size_that_no_page_limits_is_free() -> None:
    many = {"enum": [*range(1001)]}
    assert native(CLAUDE, {"type": "object", "properties": {"a": many}, "required": ["a"]})


def test_recursion_has_no_depth() -> None:
    names = [f"M{n}" for n in range(12)]
    every = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    mesh: dict[str, Any] = {name: {"type": "object", "properties": every} for name in names}
    assert native(GPT, {"$ref": "#/$defs/M0", "$defs": mesh})
    ring = {
        name: {"type": "object", "properties": {"a": {"$ref": f"#/$defs/{names[n - 1]}"}}}
        for n, name in enumerate(names)
    }
    assert native(GPT, {"$ref": "#/$defs/M0", "$defs": ring})
    tree = {"type": "object", "properties": {"a": {"type": "array", "items": {"$ref": "#/$defs/T"}}}}
    deep: dict[str, Any] = {"$ref": "#/$defs/T"}
    for _ in range(10):
        deep = {"type": "object", "properties": {"a": deep}}
    assert native(GPT, deep | {"$defs": {"T": tree}})


def test_depth_is_counted_through_references_once() -> None:
    chain: dict[str, Any] = {
        f"D{n}": {
            "type": "object",
            "properties": {k: {"$ref": f"#/$defs/D{n + 1}"} for k in "ab"},
            "required": ["a", "b"],
        }
        for n in range(9)
    }
    assert native(GPT, {"$ref": "#/$defs/D0", "$defs": {**chain, "D9": NULL}})
    deeper = {"$ref": "#/$defs/D0", "$defs": {**chain, "D9": nested(2)}}
    with pytest.raises(UnsupportedError, match="11 levels"):
        native(GPT, deeper)


def test_strict_tools_have_the_same() -> None:
    def strict(depth: int) -> TextRequest[Any]:
        return TextRequest(prompt="hi", tools=[Tool("t", parameters=nested(depth), strict=True)])

    assert smartllm.compile(strict(10), model=GPT, level="ignore").body["tools"][0]["strict"]
    with pytest.raises(UnsupportedError, match="tools: t: the schema has 11 levels"):
        smartllm.compile(strict(11), model=GPT, level="ignore")


def test_the_fact_that_refuses_is_named() -> None:
    asked = TextRequest(prompt="hi", response_format=nested(11))
    told = smartllm.compile(asked, model=GPT, level="ignore").diagnostics
    (refused,) = [one for one in told if one.code == "native-refused"]
    assert refused.origin.name == "structured.limits"
    assert "the schema has 11 levels" in refused.reason
    wished = asked.model_copy(update={"structured_output": "native"})
    with pytest.raises(UnsupportedError, match="smartllm/rules/profiles/") as caught:
        smartllm.compile(wished, model=GPT, level="ignore")
    assert caught.value.fact == "structured.limits"


def test_lowering_itself_knows_no_limit() -> None:
    assert lower(wide(25), "claude-native")
    assert native_of(json.dumps(wide(25)), "claude-native", "simple", ())
    with pytest.raises(UnsupportedError, match="the limit is 3"):
        native_of(json.dumps(wide(25)), "claude-native", "simple", (("properties", 3),))


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


def test_a_wish_that_is_lost_is_a_warning() -> None:
    request = TextRequest(prompt="hi", response_format=Open)
    told = smartllm.compile(request, model=GPT, level="ignore").diagnostics
    assert [(item.code, item.severity) for item in told] == [("schema-changed", "warning")]
    with pytest.raises(DiagnosticError, match="schema-changed"):
        smartllm.compile(request, model=GPT, level="raise")
    for model in (CLAUDE, "us.amazon.nova-pro-v1:0"):
        assert smartllm.compile(request, model=model, level="raise")
