"""Reading answers: every wire's whole answers, odd ones, and things that are no answer."""

from __future__ import annotations

from typing import Any

import pytest
from stream_events import arguments

from smartllm.compiler.dialects.readers import DECODERS
from smartllm.errors import ResponseError
from smartllm.response import Usage
from smartllm.rules import Dialect

RESPONSES = {
    "id": "resp_1",
    "model": "m-1",
    "status": "completed",
    "output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "First."}, {"text": "Second."}]},
        {
            "type": "message",
            "content": [{"type": "output_text", "text": "Hello "}, {"type": "output_text", "text": "there"}],
        },
        {"type": "web_search_call", "content": None},
        {"type": "message", "content": [{"type": "annotation"}]},
    ],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 5},
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
    },
}
CHAT = {
    "id": "chatcmpl-1",
    "model": "m-1",
    "choices": [{"finish_reason": "stop", "message": {"content": "Hello there", "reasoning_content": "Hm."}}],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 5},
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
    },
}
CLAUDE = {
    "id": "msg_1",
    "model": "m-1",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "thinking", "thinking": "", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "Hello "},
        {"type": "text", "text": "there"},
    ],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 5,
        "output_tokens": 20,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 2,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 1},
        "output_tokens_details": {"thinking_tokens": 5},
    },
}
CONVERSE = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}},
                {"reasoningContent": {"redactedContent": b"x"}},
                {"text": "Hello "},
                {"text": "there"},
                {"citationsContent": {}},
            ],
        }
    },
    "stopReason": "end_turn",
    "usage": {
        "inputTokens": 5,
        "outputTokens": 20,
        "totalTokens": 30,
        "cacheReadInputTokens": 3,
        "cacheWriteInputTokens": 2,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 1}, {"ttl": "1h", "inputTokens": 1}],
    },
    "additionalModelResponseFields": {"usage": {"output_tokens_details": {"thinking_tokens": 5}}},
}
SERVER_TOOL = {"toolUse": {"input": {"code": "1"}, "type": "server_tool_use"}}
WHOLE: dict[Dialect, dict[str, Any]] = {
    "openai_responses": RESPONSES,
    "openai_chat": CHAT,
    "anthropic_messages": CLAUDE,
    "bedrock_converse": CONVERSE,
}


@pytest.mark.parametrize("dialect", WHOLE)
def test_whole_answers(dialect: Dialect) -> None:
    decoded = DECODERS[dialect].decode(WHOLE[dialect], "asked")
    assert decoded.text == "Hello there"
    # Ten tokens went in on each wire: Claude and Converse tell reads and writes beside the other five.
    for_an_hour = 0 if dialect.startswith("openai") else 1
    assert decoded.usage == Usage(10, 20, 5, 3, 2, for_an_hour)
    assert decoded.thinking == ("First.\n\nSecond." if dialect == "openai_responses" else "Hm.")
    assert decoded.stop_reason == {"openai_responses": "completed", "openai_chat": "stop"}.get(
        dialect, "end_turn"
    )
    assert decoded.refusal is None
    assert arguments(decoded) is None
    assert decoded.model == (None if dialect == "bedrock_converse" else "m-1")
    assert decoded.raw is WHOLE[dialect]
    assert (decoded.incomplete, decoded.choices_dropped) == (None, 0)


@pytest.mark.parametrize("dialect", WHOLE)
@pytest.mark.parametrize(
    "usage", [None, {}, {"input_tokens": None, "inputTokens": "many", "prompt_tokens": True}]
)
def test_missing_usage_is_zero(dialect: Dialect, usage: Any) -> None:
    decoded = DECODERS[dialect].decode(
        WHOLE[dialect] | {"usage": usage, "additionalModelResponseFields": None}, "asked"
    )
    assert decoded.usage == Usage()


@pytest.mark.parametrize(
    ("dialect", "reply"),
    [
        ("openai_responses", {}),
        ("openai_responses", {"output": None, "status": "completed"}),
        ("openai_responses", {"output": []}),
        ("openai_responses", {"output": [{"type": "reasoning", "summary": []}]}),
        ("openai_responses", {"output": [], "status": "completed"}),
        ("openai_responses", {"output": [], "status": "queued"}),
        ("openai_responses", {"output": [{"type": "message", "content": []}], "status": "in_progress"}),
        ("openai_chat", {}),
        ("openai_chat", {"choices": []}),
        ("openai_chat", {"choices": None}),
        ("openai_chat", {"choices": [{"message": None}]}),
        ("openai_chat", {"choices": [{"message": {}, "finish_reason": "stop"}]}),
        ("openai_chat", {"choices": [{"message": {"role": "assistant", "content": None}}]}),
        (
            "openai_chat",
            {"choices": [{"message": {"content": [], "tool_calls": []}, "finish_reason": "stop"}]},
        ),
        ("anthropic_messages", {"message": "no"}),
        ("anthropic_messages", {"content": None}),
        ("bedrock_converse", {}),
        ("bedrock_converse", {"output": {"message": {}}}),
        ("anthropic_messages", {"content": []}),
        ("anthropic_messages", {"content": [], "stop_reason": "end_turn"}),
        ("anthropic_messages", {"content": [{"type": "text", "text": "x"}], "stop_reason": None}),
        ("bedrock_converse", {"output": {"message": {"content": []}}}),
        ("bedrock_converse", {"output": {"message": {"content": []}}, "stopReason": "end_turn"}),
    ],
)
def test_no_answer(dialect: Dialect, reply: dict[str, Any]) -> None:
    with pytest.raises(ResponseError, match="the provider's reply has no") as caught:
        DECODERS[dialect].decode(reply, "asked")
    assert (caught.value.model, caught.value.status, caught.value.retryable) == ("asked", 200, False)


def test_a_long_reply_is_cut_in_the_error() -> None:
    with pytest.raises(ResponseError) as caught:
        DECODERS["openai_chat"].decode({"detail": "x" * 5000}, "asked")
    assert len(caught.value.message) < 300


def test_refusals() -> None:
    refused = {"type": "message", "content": [{"type": "refusal", "refusal": "I can't."}]}
    responses = DECODERS["openai_responses"].decode(RESPONSES | {"output": [refused]}, "asked")
    assert responses.refusal == "I can't."
    message = {"content": None, "refusal": "I can't."}
    chat = DECODERS["openai_chat"].decode(
        {"choices": [{"finish_reason": "stop", "message": message}], "usage": None}, "asked"
    )
    assert (chat.text, chat.refusal) == ("", "I can't.")
    claude = {"content": [], "stop_reason": "refusal", "stop_details": {"explanation": "Unsafe."}}
    assert DECODERS["anthropic_messages"].decode(claude, "asked").refusal == "Unsafe."
    filtered = DECODERS["bedrock_converse"].decode(CONVERSE | {"stopReason": "content_filtered"}, "asked")
    assert filtered.refusal == "Hello there"


def test_answers_that_may_hold_nothing() -> None:
    details = {"reason": "content_filter"}
    cut = RESPONSES | {"output": [], "status": "incomplete", "incomplete_details": details}
    responses = DECODERS["openai_responses"].decode(cut, "asked")
    assert (responses.text, responses.stop_reason, responses.incomplete) == (
        "",
        "incomplete",
        "content_filter",
    )
    for reason in ("length", "content_filter"):
        chat = DECODERS["openai_chat"].decode({"choices": [{"finish_reason": reason}]}, "asked")
        assert (chat.text, chat.stop_reason) == ("", reason)
    for reason in ("max_tokens", "refusal", "stop_sequence", "model_context_window_exceeded"):
        claude = DECODERS["anthropic_messages"].decode({"content": [], "stop_reason": reason}, "asked")
        assert (claude.text, claude.stop_reason) == ("", reason)
        nothing: dict[str, Any] = {"output": {"message": {"content": []}}, "stopReason": reason}
        converse = DECODERS["bedrock_converse"].decode(nothing, "asked")
        assert (converse.text, converse.stop_reason) == ("", reason)


@pytest.mark.parametrize(
    "message", [{"content": ""}, {"reasoning": "hm"}, {"audio": {"id": "a"}}, {"tool_calls": [{"id": "1"}]}]
)
def test_an_answer_that_says_anything_is_one(message: dict[str, Any]) -> None:
    reply = {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", **message}}]}
    assert DECODERS["openai_chat"].decode(reply, "m").text == ""


def test_forced_tools() -> None:
    call = {"type": "function_call", "arguments": '{"a": 1}'}
    assert arguments(DECODERS["openai_responses"].decode(RESPONSES | {"output": [call]}, "m")) == {"a": 1}
    message = {"content": None, "tool_calls": [{"function": {"arguments": '{"a": 1}'}}]}
    chat = {"choices": [{"finish_reason": "stop", "message": message}]}
    assert arguments(DECODERS["openai_chat"].decode(chat, "m")) == {"a": 1}
    chat["choices"][0]["message"] = {"content": None, "function_call": {"name": "f", "arguments": "{}"}}
    assert arguments(DECODERS["openai_chat"].decode(chat, "m")) == {}
    chat["choices"][0]["message"] = {"tool_calls": [{"function": {"arguments": {"a": 1}}}]}
    assert arguments(DECODERS["openai_chat"].decode(chat, "m")) == {"a": 1}
    chat["choices"][0]["message"] = {"content": "x", "function_call": {"name": "", "arguments": ""}}
    assert arguments(DECODERS["openai_chat"].decode(chat, "m")) is None
    tool = {"content": [{"type": "tool_use", "input": {"a": 1}}], "stop_reason": "tool_use"}
    assert arguments(DECODERS["anthropic_messages"].decode(tool, "m")) == {"a": 1}
    block = {"toolUse": {"input": {"a": 1}}}
    converse = {"output": {"message": {"content": [block, SERVER_TOOL]}}, "stopReason": "tool_use"}
    assert arguments(DECODERS["bedrock_converse"].decode(converse, "m")) == {"a": 1}


def test_reasoning_that_is_shown_whole_is_thinking() -> None:
    content = [{"type": "reasoning_text", "text": "Hm."}, {"type": "reasoning_text", "text": "So."}]
    item = {"type": "reasoning", "summary": [], "content": content}
    reply = RESPONSES | {"output": [item, {"type": "message", "content": [{"type": "text", "text": "Hi"}]}]}
    decoded = DECODERS["openai_responses"].decode(reply, "m")
    assert (decoded.text, decoded.thinking) == ("Hi", "Hm.\n\nSo.")


def test_what_is_cited_for_is_text() -> None:
    content = [{"text": "It says: "}, {"citationsContent": {"content": [{"text": "ask"}, {"text": "."}]}}]
    reply = {"output": {"message": {"content": content}}, "stopReason": "end_turn"}
    assert DECODERS["bedrock_converse"].decode(reply, "m").text == "It says: ask."


def test_content_of_chat_as_a_list_of_parts() -> None:
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "!"}]},
        {"type": "reasoning", "text": "?"},
        {"type": "text", "text": "4"},
        {"type": "output_text", "text": "2"},
        {"type": "refusal", "refusal": "no"},
    ]
    reply = {"choices": [{"finish_reason": "stop", "message": {"content": content}}]}
    decoded = DECODERS["openai_chat"].decode(reply, "m")
    assert (decoded.text, decoded.thinking, decoded.refusal) == ("42", "hm!?", "no")


def test_only_the_first_choice_is_read() -> None:
    def choice(text: str, **fields: Any) -> dict[str, Any]:
        return {"finish_reason": "stop", "message": {"content": text}, **fields}

    reply = {"choices": [choice("B", index=1), choice("A", index=0), {"index": 2, "message": 5}]}
    decoded = DECODERS["openai_chat"].decode(reply, "m")
    assert (decoded.text, decoded.choices_dropped) == ("A", 2)
    assert DECODERS["openai_chat"].decode({"choices": [choice("A"), choice("B")]}, "m").text == "A"
    assert DECODERS["openai_chat"].decode({"choices": [choice("A", index=1)]}, "m").text == "A"


@pytest.mark.parametrize("dialect", WHOLE)
def test_ids_and_models_of_another_type_count_as_missing(dialect: Dialect) -> None:
    decoded = DECODERS[dialect].decode(WHOLE[dialect] | {"id": 5, "model": {}}, "m")
    assert (decoded.request_id, decoded.model, decoded.text) == (None, None, "Hello there")
