"""Histories of agents as conversations: files, reasoning, and turns of other models."""

from __future__ import annotations

import json
from typing import Any

import pytest
from media_samples import PDF, PNG
from pydantic_ai import Agent, exceptions
from pydantic_ai.messages import (
    BinaryContent,
    CachePoint,
    DocumentUrl,
    ImageUrl,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    NativeToolCallPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from smartllm.content import CachePoint as OurCachePoint
from smartllm.content import Document, Image
from smartllm.plugins.listed import facts_of, rules_in_force
from smartllm.plugins.pydantic_ai import SmartLLMModel
from smartllm.plugins.pydantic_ai.files import Files
from smartllm.plugins.pydantic_ai.turns import History
from smartllm.testing import LoopbackServer, Reply

GPT = "gpt-5.4"
CLAUDE = "us.anthropic.claude-sonnet-4-6"
BOTH = pytest.mark.parametrize("name", [GPT, CLAUDE])
NOTHING = ModelRequestParameters()


def weather(city: str) -> str:
    """Weather of a city."""
    return f"sunny in {city}"


def files(name: str = CLAUDE, provider: str = "bedrock", *, citations: bool = False) -> Files:
    return Files(provider, facts_of(name, provider, rules_in_force()), citations=citations)


async def turns(*messages: ModelMessage) -> tuple[str | None, list[Any]]:
    system, found = await History(files()).read(messages, NOTHING)
    return system, [(turn.role, turn.content) for turn in found]


@BOTH
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_reasoning_goes_back_whole_to_its_model(
    guest_server: LoopbackServer, name: str, stream: bool
) -> None:
    called = Reply(thinking="hm", tool_calls=[{"name": "weather", "arguments": {"city": "Rome"}}])
    guest_server.script(called)
    settings = ModelSettings(thinking="high")
    async with Agent(SmartLLMModel(name), tools=[weather], model_settings=settings) as agent:
        if stream:
            async with agent.run_stream("weather?") as answer:
                await answer.get_output()
            history = answer.all_messages()
        else:
            history = (await agent.run("weather?")).all_messages()
        # Wherever it was stored meanwhile.
        stored = ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(history))
        await agent.run("and tomorrow?", message_history=stored)
    first = history[1]
    assert isinstance(first, ModelResponse)
    assert [part.content for part in first.parts if isinstance(part, ThinkingPart)] == ["hm"]
    for request in guest_server.requests[1:]:
        said = request.body.decode()
        assert ('"signature"' in said) if name == CLAUDE else ('"rs_loopback' in said)


async def test_a_history_that_was_edited_is_said_as_it_is_now(guest_server: LoopbackServer) -> None:
    guest_server.script(Reply(thinking="hm", text="one"))
    settings = ModelSettings(thinking="high")
    async with Agent(SmartLLMModel(CLAUDE), model_settings=settings) as agent:
        history = (await agent.run("hi")).all_messages()
        history[1].parts = [TextPart("two")]
        await agent.run("and?", message_history=history)
    assert guest_server.requests[1].json["messages"][1]["content"] == "two"


async def test_what_an_answer_cites_goes_back_with_it(guest_server: LoopbackServer) -> None:
    page: dict[str, Any] = {
        "type": "page_location",
        "cited_text": "20 days",
        "document_index": 0,
        "document_title": "x",
    }
    page |= {"start_page_number": 1, "end_page_number": 2}
    block = {"type": "text", "text": "20 days", "citations": [page]}
    answer: dict[str, Any] = {
        "type": "message",
        "role": "assistant",
        "model": "m",
        "id": "m",
        "content": [block],
    }
    answer |= {"stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}
    guest_server.script(Reply(raw=json.dumps(answer).encode()))
    async with Agent(SmartLLMModel(CLAUDE)) as agent:
        history = (await agent.run("How long?")).all_messages()
        await agent.run("and?", message_history=history)
    assert guest_server.requests[1].json["messages"][1]["content"] == [block]


@pytest.mark.parametrize(
    "kept", [{}, {"turn": {"role": "nobody"}}, {"turn": None}], ids=["none", "other", "null"]
)
async def test_a_kept_turn_that_cannot_be_read_is_said_as_the_history_has_it(kept: dict[str, Any]) -> None:
    details = {"smartllm": {"text": "one", "calls": [], **kept}}
    _, found = await turns(
        ModelRequest([UserPromptPart("hi")]), ModelResponse([TextPart("one")], provider_details=details)
    )
    assert found[-1] == ("assistant", ["one"])


async def test_system_text_leads_or_stands_between_turns() -> None:
    system, found = await turns(
        ModelRequest([SystemPromptPart("one"), SystemPromptPart("two"), UserPromptPart("hi")]),
        ModelResponse([TextPart("hello")]),
        ModelRequest([UserPromptPart("and?"), SystemPromptPart("three")], instructions="four"),
    )
    assert system == "one\n\ntwo\n\nfour"
    assert found == [("user", ["hi"]), ("assistant", ["hello"]), ("user", ["and?"]), ("system", "three")]


async def test_results_say_what_tools_gave_back_and_whether_they_failed() -> None:
    picture = BinaryContent(PNG, media_type="image/png")
    _, found = await turns(
        ModelRequest([UserPromptPart("hi")]),
        ModelResponse(
            [ToolCallPart("a", '{"x": 1}', "1"), ToolCallPart("b", {}, "2"), ToolCallPart("c", "{", "3")]
        ),
        ModelRequest(
            [
                ToolReturnPart("a", {"y": 2}, "1"),
                ToolReturnPart("b", ["see", picture], "2"),
                ToolReturnPart("c", "no JSON", "3", outcome="retried"),
            ]
        ),
    )
    calls, results = found[1][1], found[2][1]
    assert [call.arguments for call in calls] == ['{"x": 1}', {}, "{"]
    assert [(result.call_id, result.error) for result in results] == [("1", False), ("2", False), ("3", True)]
    assert (results[0].content, results[2].content) == ('{"y":2}', "no JSON")
    assert [type(part) for part in results[1].content] == [str, Image]


async def test_what_only_its_provider_reads_is_left_out_and_told() -> None:
    ran = NativeToolCallPart("web_search", {}, "1", provider_name="openai")
    with pytest.warns(UserWarning, match="NativeToolCallPart"):
        _, found = await turns(ModelResponse([ran, ThinkingPart("hm"), TextPart("found")]))
    assert found[0][1][-1] == "found"


async def test_content_is_parts() -> None:
    made = await files(citations=True).parts(
        [
            "hi",
            "",
            TextContent("there"),
            CachePoint(ttl="1h"),
            BinaryContent(PNG, media_type="image/png", vendor_metadata={"detail": "low"}),
            BinaryContent(PDF, media_type="application/pdf"),
        ]
    )
    assert made == [
        "hi",
        "there",
        OurCachePoint("1h"),
        Image(data=PNG, media_type="image/png", detail="low"),
        Document(data=PDF, media_type="application/pdf", citations=True),
    ]


async def test_urls_and_files_of_the_provider_go_as_they_are() -> None:
    own = files(GPT, "openai")
    picture = ImageUrl("https://example.com/a.png")
    assert await own.part(picture) == Image(url="https://example.com/a.png")
    upload = UploadedFile("file-1", "openai", media_type="application/pdf")
    assert await own.part(upload) == Document(file_id="file-1")
    stored = UploadedFile("s3://bucket/a.png", "bedrock", media_type="image/png")
    assert await files().part(stored) == Image(s3="s3://bucket/a.png")
    with pytest.raises(exceptions.UserError, match="belongs to bedrock"):
        await own.part(stored)


async def test_a_url_that_the_model_does_not_fetch_is_downloaded_by_their_rules() -> None:
    """Which refuse private addresses; this one is."""
    with pytest.raises(ValueError, match="127"):
        await files("us.amazon.nova-2-lite-v1:0").part(DocumentUrl("http://127.0.0.1:9/a.pdf"))


async def test_what_has_no_part_is_named() -> None:
    with pytest.raises(exceptions.UserError, match="int"):
        await files().part(3)
