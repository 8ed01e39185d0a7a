"""Reading answers: every wire's whole answers, odd ones, and things that are no answer."""

from __future__ import annotations

from typing import Any

import pytest

from smartllm.compiler.dialects import DIALECT_CODE
from smartllm.errors import ProviderError, ResponseError
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
        "input_tokens_details": {"cached_tokens": 3},
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
        "prompt_tokens_details": {"cached_tokens": 3},
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
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_input_tokens": 3,
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
    "usage": {"inputTokens": 10, "outputTokens": 20, "totalTokens": 30, "cacheReadInputTokens": 3},
    "additionalModelResponseFields": {"usage": {"output_tokens_details": {"thinking_tokens": 5}}},
}
WHOLE: dict[Dialect, dict[str, Any]] = {
    "openai_responses": RESPONSES,
    "openai_chat": CHAT,
    "bedrock_invoke": CLAUDE,
    "bedrock_converse": CONVERSE,
}


@pytest.mark.parametrize("dialect", WHOLE)
def test_whole_answers(dialect: Dialect) -> None:
    decoded = DIALECT_CODE[dialect].decode(WHOLE[dialect], "asked")
    assert decoded.text == "Hello there"
    assert decoded.usage == Usage(10, 20, 5, 3)
    assert decoded.thinking == ("First.\n\nSecond." if dialect == "openai_responses" else "Hm.")
    assert decoded.stop_reason == {"openai_responses": "completed", "openai_chat": "stop"}.get(
        dialect, "end_turn"
    )
    assert decoded.refusal is None
    assert decoded.structured is None
    assert decoded.model == (None if dialect == "bedrock_converse" else "m-1")


@pytest.mark.parametrize("dialect", WHOLE)
@pytest.mark.parametrize(
    "usage", [None, {}, {"input_tokens": None, "inputTokens": "many", "prompt_tokens": True}]
)
def test_missing_usage_is_zero(dialect: Dialect, usage: Any) -> None:
    decoded = DIALECT_CODE[dialect].decode(
        WHOLE[dialect] | {"usage": usage, "additionalModelResponseFields": None}, "asked"
    )
    assert decoded.usage == Usage()


@pytest.mark.parametrize(
    ("dialect", "reply"),
    [
        ("openai_responses", {}),
        ("openai_responses", {"output": None, "status": "completed"}),
        ("openai_responses", {"output": []}),
        ("openai_responses", {"error": {"message": "no"}}),
        ("openai_chat", {}),
        ("openai_chat", {"choices": []}),
        ("openai_chat", {"choices": None}),
        ("openai_chat", {"choices": [None]}),
        ("openai_chat", {"choices": [{"message": None}]}),
        ("bedrock_invoke", {"message": "no"}),
        ("bedrock_invoke", {"content": None}),
        ("bedrock_converse", {}),
        ("bedrock_converse", {"output": {"message": {}}}),
        ("bedrock_invoke", {"content": []}),
        ("bedrock_converse", {"output": {"message": {"content": []}}}),
    ],
)
def test_no_answer(dialect: Dialect, reply: dict[str, Any]) -> None:
    with pytest.raises(ResponseError, match="the provider's reply has no") as caught:
        DIALECT_CODE[dialect].decode(reply, "asked")
    assert (caught.value.model, caught.value.status, caught.value.retryable) == ("asked", 200, False)


def test_a_long_reply_is_cut_in_the_error() -> None:
    with pytest.raises(ResponseError) as caught:
        DIALECT_CODE["openai_chat"].decode({"detail": "x" * 5000}, "asked")
    assert len(caught.value.message) < 300


def test_refusals() -> None:
    refused = {"type": "message", "content": [{"type": "refusal", "refusal": "I can't."}]}
    responses = DIALECT_CODE["openai_responses"].decode(RESPONSES | {"output": [refused]}, "asked")
    assert responses.refusal == "I can't."
    message = {"content": None, "refusal": "I can't."}
    chat = DIALECT_CODE["openai_chat"].decode(
        {"choices": [{"finish_reason": "stop", "message": message}], "usage": None}, "asked"
    )
    assert (chat.text, chat.refusal) == ("", "I can't.")
    claude = {"content": [], "stop_reason": "refusal", "stop_details": {"explanation": "Unsafe."}}
    assert DIALECT_CODE["bedrock_invoke"].decode(claude, "asked").refusal == "Unsafe."
    filtered = DIALECT_CODE["bedrock_converse"].decode(CONVERSE | {"stopReason": "content_filtered"}, "asked")
    assert filtered.refusal == "Hello there"


def test_forced_tools() -> None:
    call = {"type": "function_call", "arguments": '{"a": 1}'}
    assert (
        DIALECT_CODE["openai_responses"].decode(RESPONSES | {"output": [call]}, "m").structured == '{"a": 1}'
    )
    message = {"content": None, "tool_calls": [{"function": {"arguments": '{"a": 1}'}}]}
    chat = {"choices": [{"finish_reason": "stop", "message": message}]}
    assert DIALECT_CODE["openai_chat"].decode(chat, "m").structured == '{"a": 1}'
    tool = {"content": [{"type": "tool_use", "input": {"a": 1}}], "stop_reason": "tool_use"}
    assert DIALECT_CODE["bedrock_invoke"].decode(tool, "m").structured == {"a": 1}
    block = {"toolUse": {"input": {"a": 1}}}
    converse = {"output": {"message": {"content": [block]}}, "stopReason": "tool_use"}
    assert DIALECT_CODE["bedrock_converse"].decode(converse, "m").structured == {"a": 1}


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        ({"code": "server_error", "message": "Oops"}, True),
        ({"code": "bio_policy", "message": "No"}, False),
        (None, False),
    ],
)
def test_a_failed_response_is_an_error(error: dict[str, str] | None, *, retryable: bool) -> None:
    with pytest.raises(ProviderError, match="ended the response as failed") as caught:
        DIALECT_CODE["openai_responses"].decode({"status": "failed", "output": [], "error": error}, "m")
    assert caught.value.retryable is retryable
    assert caught.value.code == (error or {}).get("code")
