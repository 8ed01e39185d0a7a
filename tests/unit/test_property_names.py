"""Names of properties that a provider refuses: others on the wire, and the caller's own in answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from wires import CONVERSE, INVOKE, Wire

import smartllm
from smartllm import TextRequest
from smartllm.compiler.schema.answers.restore import restore
from smartllm.compiler.schema.takes import Form
from smartllm.compiler.schema.tool_input import tool_input
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.check import refusal

ASCII = Form("claude-tool", ascii_names=True)
STRICT = Form("claude-native", ascii_names=True, patterns="simple")
CLAUDE = "us.anthropic.claude-sonnet-4-6"


def made(schema: dict[str, Any], form: Form = ASCII) -> Any:
    return tool_input(json.dumps(schema), form)


def an_object(*names: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, **more}


def test_the_callers_name_is_told() -> None:
    schema = {
        "type": "object",
        "properties": {"Betrag (€)": {"type": "number", "description": "Total."}, "ä": True, "ö": False},
        "required": ["Betrag (€)"],
    }
    lowered, names = made(schema)
    assert lowered.schema["properties"] == {
        "Betrag____": {"type": "number", "description": 'Total. Stands for "Betrag (€)".'},
        "_": {"description": 'Stands for "ä".'},
        "__2": False,
    }
    assert lowered.schema["required"] == ["Betrag____"]
    assert names == {"Betrag____": "Betrag (€)", "_": "ä", "__2": "ö"}


def test_an_answer_may_have_either_name() -> None:
    lowered, names = made(an_object("größe", "ok"))
    for answer in ({"gr__e": "1", "ok": "2"}, {"größe": "1", "ok": "2"}):
        assert restore(answer, lowered, names) == {"größe": "1", "ok": "2"}


def test_what_refers_to_the_top_finds_the_callers_names() -> None:
    tree = an_object("größe", required=["größe"])
    tree["properties"]["next"] = {"$ref": "#"}
    tree["$defs"] = {"input": {"type": "null"}, "Up": {"anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/input"}]}}
    tree["properties"]["up"] = {"$ref": "#/$defs/Up"}
    lowered, names = made(tree)
    sent = lowered.schema
    assert sent["properties"]["next"] == {"$ref": "#/$defs/input_"}
    assert list(sent["properties"]) == ["gr__e", "next", "up"]
    assert list(sent["$defs"]["input_"]["properties"]) == ["größe", "next", "up"]
    assert sent["$defs"]["Up"]["anyOf"][0] == {"$ref": "#/$defs/input_"}
    answer = {"gr__e": "1", "next": {"größe": "2", "next": {"größe": "3", "next": None}}}
    assert restore(answer, lowered, names) == {"größe": "1", "next": {"größe": "2", "next": {"größe": "3"}}}


@pytest.mark.parametrize(
    "keyword",
    [
        {"dependentRequired": {"größe": ["ok"]}},
        {"dependentSchemas": {"größe": {"required": ["ok"]}}},
        {"patternProperties": {"ß": {"type": "string"}}},
        {"propertyNames": {"maxLength": 9}},
    ],
    ids=lambda keyword: next(iter(keyword)),
)
def test_names_that_are_spoken_of_elsewhere_move_down_as_a_whole(keyword: dict[str, Any]) -> None:
    schema = an_object("größe", "ok", **{"$defs": {"X": an_object("ä")}}, **keyword)
    schema["properties"]["x"] = {"$ref": "#/$defs/X"}
    lowered, names = made(schema)
    assert (lowered.wrapped, names) == (True, {})
    assert list(lowered.schema["properties"]) == ["value"]
    inner = lowered.schema["properties"]["value"]
    assert inner == {key: value for key, value in schema.items() if key != "$defs"}
    given_ = {"größe": "1", "ok": None, "x": {"ä": None}}
    assert restore({"value": given_}, lowered, names) == {"größe": "1", "x": {}}


def test_nothing_stands_beside_a_reference_that_binds() -> None:
    schema = an_object("ok", required=["ok", "ä"], additionalProperties=False)
    schema["properties"]["ä"] = {"$ref": "#/$defs/X"}
    schema["$defs"] = {"X": an_object("ü", additionalProperties=False, required=["ü"])}
    bound, _ = made(schema, STRICT)
    assert bound.schema["properties"]["_"] == {
        "anyOf": [{"$ref": "#/$defs/X"}],
        "description": 'Stands for "ä".',
    }
    loose, _ = made(schema)
    assert loose.schema["properties"]["_"] == {"$ref": "#/$defs/X", "description": 'Stands for "ä".'}
    assert list(bound.schema["$defs"]["X"]["properties"]) == ["ü"]


NAMES = st.text(st.sampled_from("aB1_.-äß名 /~$#"), max_size=70)


@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_any_names_go_and_come_back(names: list[str], random: Any) -> None:
    required = [name for name in names if random.random() < 0.5]
    lowered, back = made(an_object(*names, required=required))
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "p"}]}
    tools = [{"name": "t", "input_schema": lowered.schema}]
    assert refusal({**body, "tools": tools}, "claude-sonnet-4-6", "anthropic_messages") is None
    wire = list(lowered.schema["properties"])
    assert [back.get(name, name) for name in wire] == names
    assert [back.get(name, name) for name in lowered.schema["required"]] == required
    assert restore(dict.fromkeys(wire, "x"), lowered, back) == dict.fromkeys(names, "x")


class Bill(BaseModel):
    total: float = Field(alias="Betrag (€)")
    straße: str  # noqa: PLC2401 - the point
    long: str = Field(alias="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")


@pytest.mark.parametrize("structured_output", ["tool", "native"])
def test_native_formats_take_any(structured_output: Any) -> None:
    request = TextRequest(prompt="p", response_format=Bill, structured_output=structured_output)
    body = smartllm.compile(request, model=CLAUDE, level="ignore").body
    if structured_output == "native":
        sent = list(body["output_config"]["format"]["schema"]["properties"])
        assert sent == ["Betrag (€)", "straße", "x" * 70]
    else:
        sent = list(body["tools"][0]["input_schema"]["properties"])
        assert sent == ["Betrag____", "stra_e", "x" * 64]


@pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
@pytest.mark.parametrize("names", [("Betrag____", "stra_e", "x" * 64), ("Betrag (€)", "straße", "x" * 70)])
async def test_the_answer_has_the_callers_names(
    wire: Wire, names: tuple[str, str, str], server: LoopbackServer
) -> None:
    server.script(Reply(structured=dict(zip(names, [1.5, "Weg 1", "y"], strict=True))))
    async with wire.client(server.url) as client:
        answer = await client.generate_text(wire.request("p", response_format=Bill))
    given_ = {"Betrag (€)": 1.5, "straße": "Weg 1", "x" * 70: "y"}
    assert answer.structured_data == Bill.model_validate(given_)
