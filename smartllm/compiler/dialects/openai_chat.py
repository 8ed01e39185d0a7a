"""OpenAI Chat Completions: POST /chat/completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.base import (
    DERIVED_MODEL,
    Decoded,
    DialectCode,
    effort_reason,
    not_an_answer,
    reason,
    set_limit,
    set_messages,
    set_sampling,
)
from smartllm.compiler.dialects.chat_content import content_of, says_something, thinking_of
from smartllm.compiler.dialects.reading import (
    arguments,
    integer,
    optional_object,
    optional_objects,
    optional_text,
    table,
    word,
)
from smartllm.compiler.intent import Intent
from smartllm.compiler.report import Because, Report, fact
from smartllm.rules.schema import Dialect, Facts
from smartllm.usage import Usage

_EXPLAIN_NOTHING: Final = frozenset({"length", "content_filter"})
"""Reasons to stop with which an answer may hold nothing."""


class OpenAIChat(DialectCode):
    """Encode to, and decode from, Chat Completions."""

    name: ClassVar[Dialect] = "openai_chat"
    operation = stream_operation = "POST /chat/completions"
    transport_keys = frozenset({"stream", "stream_options"})

    def encode(self, intent: Intent, facts: Facts, report: Report) -> Body:
        """Spell the intent."""
        body = Body()
        body.set("model", intent.model, DERIVED_MODEL)
        set_messages(body, intent, facts, report, path="messages", kind={})
        set_limit(body, intent, facts, report)
        set_sampling(body, intent, report, {"temperature": "temperature", "top_p": "top_p"})
        if intent.thinking is not None:
            body.set("reasoning_effort", intent.thinking.effort, effort_reason(report))
        if intent.verbosity is not None:
            body.set("verbosity", intent.verbosity, reason(report, "verbosity"))
        if intent.output is not None and intent.output.strategy != "two_pass":
            _set_output(body, intent, facts)
        if intent.stream:
            body.set("stream", True, reason(report, "stream"))
            body.set("stream_options.include_usage", True, Because("derived", "stream"))
        return body

    def read(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a chat completion."""
        choices = optional_objects(reply.get("choices"), "choices")
        if not choices:
            raise not_an_answer(reply, model, "choices")
        choice = _first(choices)
        stop_reason = optional_text(choice.get("finish_reason"), "choices.finish_reason") or ""
        if choice.get("error") or stop_reason == "error":
            raise self.failed(reply, model, choice.get("error") or {})
        message = optional_object(choice.get("message"), "choices.message")
        if stop_reason not in _EXPLAIN_NOTHING and not says_something(message):
            raise not_an_answer(reply, model, "message" if not message else "content")
        content = content_of(message.get("content"))
        return Decoded(
            raw=reply,
            text=content.text,
            stop_reason=stop_reason,
            usage=_usage(table(reply.get("usage"))),
            model=word(reply.get("model")),
            thinking=thinking_of(message) or content.thinking,
            refusal=optional_text(message.get("refusal"), "message.refusal") or content.refusal or None,
            structured=_arguments(message),
            request_id=word(reply.get("id")),
            choices_dropped=len(choices) - 1,
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a chat completion."""
        choices = optional_objects(reply.get("choices"), "choices")
        message = table(_first(choices).get("message")) if choices else {}
        return content_of(message.get("content")).text

    def curl(self, model: str, *, streamed: bool) -> tuple[str, tuple[str, ...]]:  # noqa: ARG002 - both are in the body
        """URL and authorisation."""
        return '"${OPENAI_BASE_URL:-https://api.openai.com/v1}/chat/completions"', (
            '-H "Authorization: Bearer $OPENAI_API_KEY"',
        )


def _set_output(body: Body, intent: Intent, facts: Facts) -> None:
    plan = intent.output
    assert plan is not None
    because = Because("request", "response_format")
    if plan.strategy == "native":
        named: dict[str, Any] = {"name": plan.name, "schema": plan.wire_schema}
        if facts.structured.strict:
            named["strict"] = True
        body.set("response_format", {"type": "json_schema", "json_schema": named}, because)
        return
    function = {"name": plan.name, "parameters": plan.wire_schema}
    if plan.description:
        function["description"] = plan.description
    body.set("tools", [{"type": "function", "function": function}], because)
    if plan.strategy == "tool":
        choice = {"type": "function", "function": {"name": plan.name}}
        body.set("tool_choice", choice, fact("structured.native"))


def _first(choices: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The choice with index 0, which may be left out."""
    return next((choice for choice in choices if not choice.get("index")), choices[0])


def _arguments(message: Mapping[str, Any]) -> Any:
    """The arguments of the first call; of a function, as older servers spell one."""
    functions = [
        optional_object(call.get("function"), "tool_calls.function")
        for call in optional_objects(message.get("tool_calls"), "message.tool_calls")
    ]
    older = optional_object(message.get("function_call"), "message.function_call")
    # Some servers send the older field with empty names.
    function = functions[0] if functions else older if older.get("name") else {}
    given = function.get("arguments")
    # Some leave them out where there are none.
    return None if given is None else arguments(given, "function.arguments")


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=integer(usage.get("prompt_tokens")),
        output_tokens=integer(usage.get("completion_tokens")),
        reasoning_tokens=integer(table(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        cached_tokens=integer(table(usage.get("prompt_tokens_details")).get("cached_tokens")),
    )
