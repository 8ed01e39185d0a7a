"""Parts in the words of a wire: as they are where they have a place, and on no other wire."""

from __future__ import annotations

from typing import Any

import pytest
from model_ids import called

import smartllm
from smartllm import LLMClient, Message, MessageRequest, SystemMessage, ToolResult
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import InputPart, Other, Part, Reasoning, Text, ToolCall
from smartllm.errors import UnsupportedError
from smartllm.response import TextResponse
from smartllm.testing import FakeTransport, Reply
from smartllm.usage import Usage

USE = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
TOOLS = [{"name": "f", "description": "It.", "parameters": {"type": "object", "properties": {}}}]
CLAUDE, GPT, CHAT = (
    (called("claude-sonnet-4"), "invoke"),
    ("gpt-5.4", "responses"),
    ("gpt-4.1", "chat_completions"),
)
CONVERSE = (called("claude-sonnet-4"), "converse")


def plan_of(to: tuple[str, Any], *turns: Message, **more: Any) -> Any:
    request = MessageRequest(messages=list(turns), model=to[0], api_type=to[1], **more)
    return smartllm.compile(request, level="ignore")


def sent(to: tuple[str, Any], *turns: Message, **more: Any) -> list[dict[str, Any]]:
    body = plan_of(to, *turns, **more).steps[0].body
    found: list[dict[str, Any]] = body["input" if "input" in body else "messages"]
    return found


def user(*parts: str | InputPart) -> Message:
    return Message("user", list(parts))


def said(*parts: str | InputPart, **more: Any) -> Message:
    return Message("assistant", list(parts), **more)


def dropped(plan: Any) -> list[Any]:
    return [note.asked for note in plan.diagnostics if note.code == "part-dropped"]


@pytest.mark.parametrize(("to", "dialect"), [(CLAUDE, "anthropic_messages"), (CONVERSE, "bedrock_converse")])
def test_blocks_stand_in_their_place(to: tuple[str, Any], dialect: str) -> None:
    turn = said("First", Other(USE, dialect=dialect), Other(FOUND), "then")
    blocks = sent(to, user("a"), turn, user("b"))[1]["content"]
    assert blocks[1:3] == [USE, FOUND]
    assert [block["text"] for block in (blocks[0], blocks[3])] == ["First", "then"]


def test_what_is_sent_is_nobody_elses() -> None:
    raw: dict[str, Any] = {"type": "x", "inner": {"a": []}}
    body = sent(CLAUDE, user("a", Other(raw)))
    body[0]["content"][1]["inner"]["a"].append(1)
    assert raw == {"type": "x", "inner": {"a": []}}


def test_a_call_stays_where_it_stands_before_a_block() -> None:
    turn = said(ToolCall("1", "f", {}), Other(USE), ToolCall("2", "f", {}), "x")
    results = user(ToolResult("1", "a"), ToolResult("2", "b"), Other({"type": "note"}))
    found = sent(CLAUDE, user("a"), turn, results, tools=TOOLS)
    assert [block["type"] for block in found[1]["content"]] == [
        "tool_use",
        "server_tool_use",
        "text",
        "tool_use",
    ]
    assert [block["type"] for block in found[2]["content"]] == ["tool_result", "tool_result", "note"]


REFERENCE = Other({"type": "tool_reference", "tool_name": "f"})


@pytest.mark.parametrize(
    ("to", "result"),
    [
        (
            CLAUDE,
            {
                "type": "tool_result",
                "tool_use_id": "1",
                "content": [{"type": "text", "text": "one"}, REFERENCE.raw],
            },
        ),
        (CONVERSE, {"toolResult": {"toolUseId": "1", "content": [{"text": "one"}, REFERENCE.raw]}}),
        (
            GPT,
            {
                "type": "function_call_output",
                "call_id": "1",
                "output": [{"type": "input_text", "text": "one"}, REFERENCE.raw],
            },
        ),
    ],
)
def test_blocks_of_a_result(to: tuple[str, Any], result: dict[str, Any]) -> None:
    turns = user("a"), said(ToolCall("1", "f", {})), user(ToolResult("1", ["one", REFERENCE, Text(" ")]))
    last = sent(to, *turns, tools=TOOLS)[-1]
    assert (last["content"][-1] if "content" in last else last) == result


def test_a_failed_result_says_so_before_its_blocks() -> None:
    turns = user("a"), said(ToolCall("1", "f", {})), user(ToolResult("1", [REFERENCE], error=True))
    assert sent(GPT, *turns, tools=TOOLS)[-1]["output"] == [
        {"type": "input_text", "text": "Error:"},
        REFERENCE.raw,
    ]


def test_items_of_responses_in_order() -> None:
    search, more = {"type": "tool_search_call", "id": "t"}, {"type": "additional_tools", "tools": []}
    turn = said(Other(search), "x", ToolCall("1", "f", {}), ToolCall("2", "g", "free", custom=True))
    answers = user(ToolResult("1", "a"), ToolResult("2", "b"), Other(more), "c")
    found = sent(GPT, user("a"), turn, answers, tools=[*TOOLS, {"type": "custom", "name": "g"}])
    assert [item["type"] for item in found] == [
        "message",
        "tool_search_call",
        "message",
        "function_call",
        "custom_tool_call",
        "function_call_output",
        "custom_tool_call_output",
        "additional_tools",
        "message",
    ]


def test_a_part_of_what_a_user_says() -> None:
    picture = {"type": "input_image", "image_url": "data:"}
    (message,) = sent(GPT, user("a", Other(picture)))
    assert message == {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "a"}, picture],
    }
    for_chat = {"type": "image_url", "image_url": {"url": "data:"}}
    turns = user("a"), said(ToolCall("1", "f", {})), user(ToolResult("1", "r"), "b", Other(for_chat))
    *_, told, last = sent(CHAT, *turns, tools=TOOLS)
    assert told["role"] == "tool"
    assert last == {"role": "user", "content": [{"type": "text", "text": "b"}, for_chat]}


@pytest.mark.parametrize(
    ("to", "turns"),
    [
        (GPT, (user("a"), said("x", Other({"type": "output_image"})), user("b"))),
        (CHAT, (user("a"), said(ToolCall("1", "f", {})), user(ToolResult("1", [REFERENCE])))),
    ],
)
def test_own_words_without_a_place_are_refused(to: tuple[str, Any], turns: tuple[Message, ...]) -> None:
    with pytest.raises(
        UnsupportedError, match=r"^messages\[\d\]: openai_\w+ has no place here for the part '"
    ):
        plan_of(to, *turns, tools=TOOLS)


def test_parts_of_other_wires_are_left_out() -> None:
    theirs = Other(USE, "server_tool_use", "anthropic_messages")
    turns = user("a"), said(theirs), said("x", theirs), user("b")
    plan = plan_of(GPT, *turns)
    assert dropped(plan) == ["server_tool_use"] * 2
    assert [item["content"] for item in plan.steps[0].body["input"]] == ["a", "x", "b"]
    call = said(ToolCall("1", "f", {}))
    plan = plan_of(GPT, user("a"), call, user(ToolResult("1", ["r", theirs])), tools=TOOLS)
    assert plan.steps[0].body["input"][-1]["output"] == "r"
    assert dropped(plan) == ["server_tool_use"]


def test_what_a_wire_wrote_and_does_not_take_back_is_left_out() -> None:
    plan = plan_of(CHAT, user("a"), said("x", Other({"audio": {}}, dialect="openai_chat")), user("b"))
    assert dropped(plan) == ["audio"]


def test_nothing_left_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="nothing is left of the conversation"):
        plan_of(GPT, user(Other(USE, dialect="anthropic_messages")))


def test_items_go_back_once_and_with_their_reasoning_or_not_at_all() -> None:
    thought = {"type": "reasoning", "id": "r", "summary": []}
    search = {"type": "web_search_call", "id": "w"}
    held = Other(search, dialect="openai_responses")
    turn = said(held, reasoning=Reasoning("gpt-5.4", "openai_responses", [thought, search]))
    assert sent(GPT, user("a"), turn, user("b"))[1:3] == [thought, search]
    # Another model reads no reasoning, and takes no item without it.
    assert len(sent(("gpt-5.5", "responses"), user("a"), turn, user("b"))) == 2
    # One more part than the answer had: the turn is not that answer.
    more = said(held, Other({"type": "x"}), reasoning=turn.reasoning)
    assert sent(GPT, user("a"), more, user("b"))[1:2] == [{"type": "x"}]
    alone = said(held, reasoning=Reasoning("gpt-5.4", "openai_responses", [search]))
    assert sent(("gpt-5.5", "responses"), user("a"), alone, user("b"))[1:2] == [search]


def test_a_second_step_is_told_without_them() -> None:
    turns = user("a"), said(Other(USE)), user("b"), said(Other(USE), ToolCall("1", "f", {}))
    results = user(ToolResult("1", ["r", REFERENCE]))
    schema = {"title": "T", "type": "object", "properties": {"a": {"type": "string"}}}
    plan = plan_of(CLAUDE, *turns, results, tools=TOOLS, response_format=schema, structured_output="two_pass")
    assert "server_tool_use" in str(plan.steps[0].body)
    assert "server_tool_use" not in str(plan.steps[1].body)
    assert "tool_reference" not in str(plan.steps[1].body)


def answered(*parts: Part, blocks: list[Any] | None = None, dialect: str = "") -> Message:
    held = None if blocks is None else Reasoning("m", dialect, blocks)
    read = Decoded(parts, "end", Usage(), raw={})
    return TextResponse(read.text, "m", "end", reasoning=held, _answers=(read,)).as_message()


def test_an_answer_keeps_its_blocks_in_order() -> None:
    use, found = Other(USE, dialect="anthropic_messages"), Other(FOUND, dialect="anthropic_messages")
    assert answered(Text("Hm"), use, found, Text("so")).content == [Text("Hm"), use, found, Text("so")]
    assert answered(Text("x"), Other({"audio": {}}, dialect="openai_chat")).content == "x"


def test_items_that_go_back_whole_stand_in_a_turn_only_where_no_text_does() -> None:
    search = Other({"type": "mcp_approval_request"}, dialect="openai_responses")
    more: dict[str, Any] = {"blocks": [dict(search.raw)], "dialect": "openai_responses"}
    assert answered(Text("x"), search, **more).content == "x"
    assert answered(search, **more).content == [search]


def test_reasoning_that_holds_nothing_is_no_item() -> None:
    item = {"type": "tool_search_call", "call_id": "s1", "status": "completed"}
    turn = said("I look.", Other(item), reasoning=Reasoning(GPT[0], "openai_responses", []))
    found = sent(GPT, user("a"), turn, user(Other({"type": "tool_search_output", "call_id": "s1"})))
    assert [entry.get("type", "message") for entry in found] == [
        "message",
        "message",
        "tool_search_call",
        "tool_search_output",
    ]


@pytest.mark.parametrize("to", [CLAUDE, CONVERSE, GPT])
def test_their_leaves_are_the_requests(to: tuple[str, Any]) -> None:
    step = plan_of(to, user("a", Other({"type": "note", "mark": "here"}))).steps[0]
    place = next(path for path in step.origins if path.endswith("mark"))
    assert (step.origins[place].kind, step.origins[place].name) == ("request", "messages")


async def test_the_sandbox_takes_them_where_the_provider_does() -> None:
    found = Other({"type": "tool_reference", "tool_name": "f"})
    turns = [user("a"), said(ToolCall("1", "f", {})), user(ToolResult("1", [found]))]
    request = MessageRequest(messages=turns, tools=TOOLS, api_type="invoke", model=CLAUDE[0])
    fake = FakeTransport(Reply(text="Fine."), check=True)
    async with LLMClient(provider="bedrock", transport=fake) as client:
        response = await client.send_message(request)
    assert response.text == "Fine."
    assert fake.sent[0].body["messages"][2]["content"][0]["content"] == [found.raw]
    told = response.metadata["messages"][2]["content"][0]
    assert "tool_name" not in str(told)


@pytest.mark.parametrize(
    ("part", "asked", "reason"),
    [
        (
            Other({"type": "server_tool_use"}, "its kind", "anthropic_messages"),
            "its kind",
            "the part its kind was written for anthropic_messages, and openai_chat has other words",
        ),
        (
            Other({"type": "audio"}, dialect="openai_chat"),
            "audio",
            "openai_chat takes no part audio back where it stands",
        ),
        (
            Other({"citationsContent": {}}, dialect="bedrock_converse"),
            "citationsContent",
            "the part citationsContent was written for bedrock_converse, and openai_chat has other words",
        ),
        (
            Other({"type": 5}, dialect="bedrock_converse"),
            "unknown",
            "the part unknown was written for bedrock_converse, and openai_chat has other words",
        ),
    ],
)
def test_what_is_left_out_is_told_by_its_kind(part: Other, asked: str, reason: str) -> None:
    (note,) = [
        note
        for note in plan_of(CHAT, user("a"), said("b", part), user("c")).diagnostics
        if note.asked == asked
    ]
    assert (note.code, note.severity, note.reason) == ("part-dropped", "warning", reason)


@pytest.mark.parametrize(
    ("turn", "hint"),
    [
        (
            user(Other({"type": "x"}, dialect="bedrock_converse")),
            "say what is meant in texts, or take the api",
        ),
        (
            SystemMessage(["b", Other({"type": "x"})]),
            "leave the part out, say it in texts, or take an api_type",
        ),
    ],
)
def test_refusals_say_what_to_do(turn: Message, hint: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        sent(CHAT, *([user("a"), turn, user("c")] if turn.role == "system" else [turn]))
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(hint)
