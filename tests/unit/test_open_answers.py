"""Answers that are objects of any properties, where a tool's input says nothing but properties."""

from __future__ import annotations

import json
from typing import Any

import pytest
from model_ids import called
from pydantic import BaseModel, ConfigDict

import smartllm
from smartllm import LLMClient, TextRequest
from smartllm.testing import FakeTransport, Reply

NOVA = called("nova-pro")
DATA = {"city": "Rome", "nights": [1, None]}


class Open(BaseModel):
    """Whatever is known."""

    model_config = ConfigDict(extra="allow")


class Empty(BaseModel):
    pass


def asking(kind: Any) -> TextRequest[Any]:
    return TextRequest(prompt="What is known?", model=NOVA, response_format=kind, use_cache=False)


def sent(kind: Any) -> tuple[Any, list[str]]:
    """The schema of the tool that holds the answer, and why it is not the caller's."""
    plan = smartllm.compile(asking(kind), provider="bedrock", level="ignore")
    (tool,) = plan.steps[0].body["toolConfig"]["tools"]
    return tool["toolSpec"]["inputSchema"]["json"], [one.reason for one in plan.diagnostics]


OPEN = pytest.mark.parametrize(
    "kind", [dict, Open, {"type": "object"}, {"type": "json_object"}], ids=["dict", "model", "schema", "mode"]
)


@OPEN
def test_it_is_asked_for_as_text(kind: Any) -> None:
    schema, reasons = sent(kind)
    assert list(schema["properties"]) == schema["required"] == ["value"]
    assert schema["properties"]["value"]["type"] == "string"
    assert schema["properties"]["value"]["description"].endswith("A JSON object, written as JSON text.")
    assert "JSON text under 'value'" in reasons[-1]
    assert not any("without properties is refused" in reason for reason in reasons)


def test_what_it_says_of_itself_is_kept() -> None:
    assert sent(Open)[0]["properties"]["value"]["description"].startswith("Whatever is known. ")


@OPEN
@pytest.mark.parametrize("answer", [json.dumps(DATA), DATA], ids=["text", "object"])
async def test_it_is_read(kind: Any, answer: Any) -> None:
    fake = FakeTransport(Reply(structured={"value": answer}), check=True)
    async with LLMClient(provider="bedrock", transport=fake, level="ignore", max_retries=0) as client:
        response = await client.generate_text(asking(kind))
    assert json.loads(response.text) == DATA
    assert response.structured_data == (Open(**DATA) if kind is Open else DATA)


@pytest.mark.parametrize(
    "kind", [Empty, {"type": "object", "additionalProperties": False}], ids=["model", "schema"]
)
def test_an_object_of_no_properties_is_none(kind: Any) -> None:
    assert sent(kind)[0]["properties"] == {}


@pytest.mark.parametrize(
    "more", [{"minProperties": 1}, {"additionalProperties": {"type": "integer"}}], ids=str
)
def test_one_of_which_more_is_said_stays_an_object(more: dict[str, Any]) -> None:
    assert sent({"type": "object", **more})[0]["properties"]["value"] == {
        "type": "object",
        "properties": {},
        **more,
    }


def test_a_tool_of_the_caller_without_arguments_has_none() -> None:
    def now() -> str:
        """The time."""
        return ""

    asked = TextRequest(prompt="?", model=NOVA, tools=[now])
    body = smartllm.compile(asked, provider="bedrock", level="ignore").steps[0].body
    assert body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]["properties"] == {}
