"""The plugin for ``llm`` as Python code meets it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import llm
import pytest
from llm.parts import ReasoningPart, ToolCallPart, ToolResultPart
from media_samples import PDF, PNG
from pydantic import BaseModel

from smartllm.errors import ProviderError, UnsupportedError
from smartllm.plugins.llm import AsyncSmartLLM, SmartLLM
from smartllm.plugins.llm.options import Options
from smartllm.request import TextRequest
from smartllm.testing import LoopbackServer, Reply

CLAUDE = "us.anthropic.claude-sonnet-4-6"


def model(called: str = "gpt-5.4", provider: str = "openai") -> SmartLLM:
    return SmartLLM(called, provider)


class City(BaseModel):
    name: str
    people: int


def weather(city: str) -> str:
    """Weather of a city."""
    return f"sunny in {city}"


def test_it_answers_and_tells_what_was_used(guest_server: LoopbackServer) -> None:
    response = model().prompt("hi", system="be brief")
    assert response.text() == "echo: hi"
    body = guest_server.requests[0].json
    assert (body["model"], body["instructions"]) == ("gpt-5.4", "be brief")
    assert not {"temperature", "max_output_tokens"} & body.keys()
    usage = response.usage()
    assert (usage.input, usage.output) == (provider_usage(response, "input"), 2)
    assert response.resolved_model == "gpt-5.4"


def provider_usage(response: llm.Response, what: str) -> int:
    assert response.response_json is not None
    count: int = response.response_json["usage"][f"{what}_tokens"]
    return count


def events_of(response: llm.Response) -> list[Any]:
    return list(response.stream_events())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("stream", [True, False])
def test_reasoning_text_and_calls_are_events(guest_server: LoopbackServer, stream: bool) -> None:
    call = {"name": "weather", "arguments": {"city": "Rome"}, "id": "toolu_1"}
    guest_server.script(Reply(thinking="hm", text="let me see", tool_calls=[call]))
    response = model(CLAUDE, "bedrock").prompt("hi", stream=stream, tools=[weather], budget_tokens=2000)
    told = [(event.type, event.chunk) for event in events_of(response) if event.chunk]
    families = list(dict.fromkeys(kind for kind, _ in told))
    assert families == ["reasoning", "text", "tool_call_name", "tool_call_args"]
    assert response.text() == "let me see"
    (called,) = response.tool_calls()
    assert (called.name, called.arguments) == ("weather", {"city": "Rome"})


def test_a_chain_runs_functions_and_reasoning_goes_back_with_its_signature(
    guest_server: LoopbackServer,
) -> None:
    guest_server.script(Reply(thinking="hm", tool_calls=[{"name": "weather", "arguments": {"city": "Rome"}}]))
    chain = model(CLAUDE, "bedrock").chain("hi", tools=[weather], options={"budget_tokens": 2000})
    assert chain.text() == "echo: sunny in Rome"
    _, question = guest_server.requests
    turn = question.json["messages"][1]["content"]
    assert [block["type"] for block in turn] == ["thinking", "tool_use"]
    assert turn[0]["signature"]


def test_a_turn_that_was_changed_is_said_as_it_is_now(guest_server: LoopbackServer) -> None:
    guest_server.script(Reply(thinking="hm", text="one"))
    asked = model(CLAUDE, "bedrock")
    first = asked.prompt("hi", budget_tokens=2000)
    (turn,) = first.messages()
    turn.parts = [*turn.parts[:-2], llm.parts.TextPart(text="two"), turn.parts[-1]]
    asked.prompt("and?", messages=[llm.user("hi"), turn]).text()
    assert guest_server.requests[-1].json["messages"][1]["content"] == "two"


def test_another_models_conversation_goes_on(guest_server: LoopbackServer) -> None:
    spoken = [
        llm.system("be brief"),
        llm.user("weather?"),
        llm.assistant(ReasoningPart(text="hm"), ToolCallPart("weather", {"city": "Rome"}, "call_1")),
        llm.Message(
            "tool", [ToolResultPart("weather", "no such city", "call_1", exception="KeyError: Rome")]
        ),
    ]
    model(CLAUDE, "bedrock").prompt("so?", messages=spoken, tools=[weather]).text()
    body = guest_server.requests[0].json
    assert body["system"] == "be brief"
    (result, text) = body["messages"][2]["content"]
    assert (result["tool_use_id"], result["is_error"], text["text"]) == ("call_1", True, "so?")


def test_what_another_provider_ran_is_refused(guest_server: LoopbackServer) -> None:
    ran = llm.assistant(ToolCallPart("web_search", {}, "srv_1", server_executed=True))
    with pytest.raises(llm.ModelError, match="web_search") as caught:
        model().prompt("so?", messages=[llm.user("hi"), ran]).text()
    assert isinstance(caught.value.__cause__, UnsupportedError)
    assert not guest_server.requests


@pytest.mark.parametrize("called", ["gpt-5.4", CLAUDE])
def test_a_schema_binds_the_answer(guest_server: LoopbackServer, called: str) -> None:
    response = model(called, "openai" if called == "gpt-5.4" else "bedrock").prompt("a city", schema=City)
    assert City.model_validate_json(response.text()) == City(name="", people=0)


def test_files_are_parts_by_their_types(guest_server: LoopbackServer, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    attachments = [llm.Attachment(content=PNG), llm.Attachment(path=str(tmp_path / "a.pdf"))]
    model().prompt("what is it?", attachments=attachments).text()
    kinds = [part["type"] for part in guest_server.requests[0].json["input"][0]["content"]]
    assert kinds == ["input_text", "input_image", "input_file"]


def test_what_a_model_takes_is_what_its_facts_say() -> None:
    takes = model().attachment_types
    assert {"image/png", "application/pdf"} <= takes
    assert "image/jpg" in takes  # another spelling
    assert not {"audio/wav", "video/mp4"} & takes
    with pytest.raises(ValueError, match="audio/wav"):
        model().prompt("hi", attachments=[llm.Attachment(type="audio/wav", content=b"x")])


def test_tools_in_a_providers_own_words_go_as_they_are(guest_server: LoopbackServer) -> None:
    own = {"type": "web_search"}
    model().prompt("hi", tools=[llm.ServerSideTool(own)]).text()
    assert guest_server.requests[0].json["tools"] == [own]


def test_each_field_of_a_request_is_an_option_or_has_words_of_its_own() -> None:
    elsewhere = {"prompt", "messages", "system_prompt", "tools", "response_format", "stream"}
    ours = {"on_progress", "validation_context", "extra_headers"}
    fields = {*TextRequest.model_fields, "messages"}
    assert fields - Options.model_fields.keys() == elsewhere | ours
    assert not Options.model_fields.keys() - fields


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"stop_sequences": "END"}, {"stop_sequences": ["END"]}),
        ({"stop_sequences": '["a", "b"]'}, {"stop_sequences": ["a", "b"]}),
        ({"metadata": '{"team": "x"}'}, {"metadata": {"team": "x"}}),
        ({"temperature": "0.5", "logprobs": "1"}, {"temperature": 0.5, "logprobs": True}),
    ],
    ids=["text", "list", "object", "scalars"],
)
def test_options_are_read_as_the_shell_writes_them(written: dict[str, str], read: dict[str, Any]) -> None:
    options = Options(**written)
    assert {name: value for name, value in options if value is not None} == read


def test_the_option_model_calls_another_id(guest_server: LoopbackServer) -> None:
    SmartLLM(None, "bedrock").prompt("hi", model="eu.anthropic.claude-sonnet-4-6").text()
    assert "eu.anthropic.claude-sonnet-4-6" in guest_server.requests[0].path


def test_an_answer_is_kept_on_wish_and_then_nothing_was_used(guest_server: LoopbackServer) -> None:
    for _ in range(2):
        model().prompt("hi").text()
    assert len(guest_server.requests) == 2
    model().prompt("hi", use_cache=True).text()
    again = model().prompt("hi", use_cache=True)
    assert again.text() == "echo: hi"
    assert (again.usage().input, again.usage().output) == (0, 0)
    assert again.usage().details == {"cache": "l1"}
    assert len(guest_server.requests) == 3


def test_a_failed_call_is_a_model_error_with_ours_behind_it(guest_server: LoopbackServer) -> None:
    guest_server.script(Reply(status=404, error_code="model_not_found"))
    with pytest.raises(llm.ModelError, match="404") as caught:
        model().prompt("hi").text()
    assert isinstance(caught.value.__cause__, ProviderError)
    assert caught.value.__cause__.code == "model_not_found"


def test_words_of_refusal_are_the_answer_and_silence_is_an_error(guest_server: LoopbackServer) -> None:
    guest_server.script(Reply(refusal="I will not"), Reply(text="", stop_reason="refusal"))
    assert model().prompt("x").text() == "I will not"
    with pytest.raises(llm.ModelError, match="refusal"):
        model(CLAUDE, "bedrock").prompt("x").text()


def test_a_wish_that_was_not_met_is_told(guest_server: LoopbackServer) -> None:
    with pytest.warns(UserWarning, match="top_k"):
        model().prompt("hi", top_k=4).text()


def test_keys_are_those_of_llm_or_of_the_environment(
    guest_server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model().prompt("hi", key="sk-given").text()
    monkeypatch.delenv("OPENAI_API_KEY")
    keys = Path(os.environ["LLM_USER_PATH"]) / "keys.json"
    keys.write_text('{"openai": "sk-kept"}', encoding="utf-8")
    model().prompt("hi").text()
    keys.unlink()
    model().prompt("hi").text()  # another server may need none
    sent = [request.headers.get("authorization") for request in guest_server.requests]
    assert sent[:2] == ["Bearer sk-given", "Bearer sk-kept"]
    monkeypatch.delenv("OPENAI_BASE_URL")
    with pytest.raises(llm.NeedsKeyException, match="llm keys set openai"):
        model().prompt("hi").text()
    with pytest.raises(llm.ModelError, match="AWS_BEARER_TOKEN_BEDROCK"):
        model(CLAUDE, "bedrock").prompt("hi", key="sk-given").text()


@pytest.mark.parametrize("stream", [True, False])
async def test_async_models_do_the_same(guest_server: LoopbackServer, stream: bool) -> None:
    guest_server.script(Reply(tool_calls=[{"name": "weather", "arguments": {"city": "Rome"}}]))
    chain = AsyncSmartLLM("gpt-5.4", "openai").chain("hi", tools=[weather], stream=stream)
    assert await chain.text() == "echo: sunny in Rome"


@pytest.mark.parametrize(
    ("prompt", "asked", "says"),
    [
        ("", {}, "there is no prompt"),
        (None, {"system": "be brief"}, "there is no prompt"),
        ("\ud800", {}, "half of a surrogate pair"),
        ("hi", {"tool_choice": '["weather"]'}, "chooses among no tools"),
        ("hi", {"attachments": [llm.Attachment(content=b"", type="image/png")]}, "give exactly one of data"),
    ],
    ids=["empty", "none", "half", "choice", "attachment"],
)
@pytest.mark.parametrize("stream", [True, False])
def test_what_is_no_request_is_a_model_error_too(
    prompt: str | None, asked: dict[str, Any], says: str, stream: bool, guest_server: LoopbackServer
) -> None:
    with pytest.raises(llm.ModelError, match=says):
        model().prompt(prompt, stream=stream, **asked).text()
    assert guest_server.requests == []


def test_a_stream_that_is_left_ends_with_its_loop_in_silence(
    guest_server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def left() -> None:
        async for _ in AsyncSmartLLM("gpt-5.4", "openai").prompt("one two three"):
            break

    asyncio.run(left())
    assert len(guest_server.requests) == 1
    assert caplog.messages == []
