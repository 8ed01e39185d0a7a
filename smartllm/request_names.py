"""Names that people type in requests and messages, and what they mean there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, get_args

from smartllm.near import meant_by
from smartllm.said import Named, said
from smartllm.setting_keywords import ClientSettings
from smartllm.words import Role

_ONE: Final = "a call has one answer; client.map([prompt] * 3, use_cache=False) asks several times"
_VERBATIM: Final = "it goes verbatim into the body: extra={{{0!r}: ...}}"
_ALWAYS: Final = "the counts are always there: response.usage, and usage of the last chunk"
_TEXT: Final = "prompt is for a TextRequest; in a conversation it is Message('user', ...)"
_PARTS: Final = "{0} stand among the texts of a turn: ['What is this?', {1}(path=...)]"
_TURNS: Final = "messages are for a MessageRequest, which client.send_message(...) takes"

NO_SUCH_FIELD: Final = "there is no such field"

HABITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("stop", "stop_words", "stop_sequence", "stop_token", "stops"), "stop_sequences"),
    **dict.fromkeys(
        (
            *("max_output_tokens", "max_completion_tokens", "max_new_tokens", "max_tokens_to_sample"),
            *("max_length", "max_gen_len", "num_predict", "token_limit"),
        ),
        "max_tokens",
    ),
    **dict.fromkeys(
        ("system", "instructions", "system_message", "system_instruction", "developer", "preamble"),
        "system_prompt",
    ),
    **dict.fromkeys(("functions", "tool", "tool_config"), "tools"),
    **dict.fromkeys(("function_call", "tool_use"), "tool_choice"),
    **dict.fromkeys(("parallel", "parallel_calls", "parallel_tools"), "parallel_tool_calls"),
    **dict.fromkeys(
        (
            *("response_model", "response_schema", "output_type", "output_schema", "output_format"),
            *("result_type", "text_format", "json_schema", "schema", "format", "output_config"),
        ),
        "response_format",
    ),
    **dict.fromkeys(("thinking", "reasoning"), "reasoning_effort or budget_tokens"),
    **dict.fromkeys(("effort", "thinking_level", "reason"), "reasoning_effort"),
    **dict.fromkeys(("thinking_budget", "budget", "thinking_tokens", "max_thinking_tokens"), "budget_tokens"),
    **dict.fromkeys(("temp", "heat"), "temperature"),
    **dict.fromkeys(("model_id", "model_name", "engine", "deployment", "deployment_id"), "model"),
    **dict.fromkeys(("random_seed", "random_state"), "seed"),
    **dict.fromkeys(("repetition_penalty", "frequence_penalty"), "frequency_penalty"),
    **dict.fromkeys(("tier", "priority"), "service_tier"),
    **dict.fromkeys(("user_id", "end_user", "safety_identifier"), "user"),
    **dict.fromkeys(("headers", "default_headers", "http_headers"), "extra_headers"),
    **dict.fromkeys(
        (
            *("extra_body", "additional_model_request_fields", "model_kwargs", "provider_options"),
            *("kwargs", "additional_parameters", "model_settings"),
        ),
        "extra",
    ),
    **dict.fromkeys(("cache", "caching"), "use_cache (our own cache) or prompt_cache (the provider's)"),
    **dict.fromkeys(("cache_control", "cache_point", "prompt_cache_retention"), "prompt_cache"),
    **dict.fromkeys(("callback", "callbacks", "on_event", "progress", "progress_callback"), "on_progress"),
    **dict.fromkeys(("reask", "validation_retries", "output_retries"), "reasks"),
    **dict.fromkeys(("context", "validation"), "validation_context"),
    **dict.fromkeys(("streaming",), "stream"),
    **dict.fromkeys(("guardrails", "guardrail_config", "guardrail_identifier"), "guardrail"),
}
"""Names of other libraries and of habit, for fields of every request."""


def _setting(name: str) -> str:
    return said("it is a setting of the client: {}", Named(name, python=f"LLMClient({name}=...)"))


_TOLD: Final[Mapping[str, str]] = {
    **{name: _setting(name) for name in ClientSettings.__annotations__},
    **dict.fromkeys(
        ("timeout", "request_timeout"),
        said("{}, or {} for the silence", _setting("total_timeout"), Named("read_timeout")),
    ),
    **dict.fromkeys(("retries", "num_retries"), _setting("max_retries")),
    **dict.fromkeys(("region", "region_name"), _setting("aws_region")),
    **dict.fromkeys(("n", "num_completions", "candidate_count", "best_of"), _ONE),
    **{
        name: _VERBATIM.format(name)
        for name in ("logit_bias", "modalities", "prediction", "min_p", "typical_p", "truncation", "include")
    },
    **dict.fromkeys(("stream_options", "usage"), _ALWAYS),
    **dict.fromkeys(("image", "images", "picture", "pictures"), _PARTS.format("pictures", "Image")),
    **dict.fromkeys(
        ("file", "files", "document", "documents", "attachments"), _PARTS.format("documents", "Document")
    ),
}
_PROMPTS: Final = (
    *("input", "text", "content", "contents", "question", "query", "user_prompt", "input_text"),
    *("message", "ask", "input_message"),
)
_CONVERSATIONS: Final = (
    "history",
    "chat_history",
    "conversation",
    "turns",
    "message_history",
    "chat",
    "input",
)
MESSAGES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("text", "message", "parts", "prompt", "body", "contents"), "content"),
    **dict.fromkeys(("author", "sender", "from", "type", "speaker"), "role"),
    **dict.fromkeys(("thinking", "reasoning_content", "thought"), "reasoning"),
}
_OF_MESSAGES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("tool_calls", "function_call", "tool_use"), "calls are parts of the content: [ToolCall(...)]"
    ),
    **dict.fromkeys(
        ("tool_call_id", "tool_use_id", "tool_result"),
        "results are parts of a user turn: Message('user', [ToolResult(call_id, ...)])",
    ),
    **dict.fromkeys(
        ("image", "images", "files", "attachments", "audio", "image_url"),
        "media are parts of the content: ['What is this?', Image(path=...)]",
    ),
    "name": "say the name in its text",
}


def unknown_field(name: str, known: Iterable[str]) -> str:
    """What is said of a field that a request does not have.

    Args:
        name: What was typed.
        known: The fields of the request.
    """
    fields = frozenset(known)
    text = "prompt" in fields
    habits = {
        **HABITS,
        **dict.fromkeys(_PROMPTS if text else _CONVERSATIONS, "prompt" if text else "messages"),
    }
    other = {"messages": _TURNS, "history": _TURNS} if text else {"prompt": _TEXT}
    told = {name: says for name, says in {**_TOLD, **other}.items() if name not in fields}
    return said("{}{}", NO_SUCH_FIELD, meant_by(name, fields, habits, told))


def unknown_of_message(name: str, known: Iterable[str]) -> str:
    """What is said of a field that a message does not have."""
    return f"a message has no such field{meant_by(name, known, MESSAGES, _OF_MESSAGES)}"


ROLES: Final[tuple[str, ...]] = get_args(Role)
_SYSTEM: Final = (
    "system text goes into system_prompt, which stands before all messages; "
    "between the messages it is a SystemMessage(text)"
)
_RESULT: Final = "what a tool gave back is part of a user turn: Message('user', [ToolResult(call_id, ...)])"
_ROLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("human", "me", "customer"), "user"),
    **dict.fromkeys(("ai", "bot", "model", "agent", "llm"), "assistant"),
}


def unknown_role(role: str) -> str:
    """What is said of a role that a message cannot have."""
    if role in {"system", "developer"}:
        return _SYSTEM
    if role in {"tool", "function", "tool_result", "ipython"}:
        return _RESULT
    return f"a turn is of the user or of the assistant{meant_by(role, ROLES, _ROLES)}"
