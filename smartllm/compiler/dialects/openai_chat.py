"""OpenAI Chat Completions: POST /chat/completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.base import (
    DERIVED_MODEL,
    Decoded,
    DialectCode,
    effort_reason,
    integer,
    not_an_answer,
    reason,
    set_limit,
    set_messages,
    set_sampling,
    table,
)
from smartllm.compiler.intent import Intent
from smartllm.compiler.report import Because, Report, fact
from smartllm.rules.schema import Dialect, Facts
from smartllm.usage import Usage


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

    def decode(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a chat completion."""
        choices = reply.get("choices")
        if not isinstance(choices, list) or not choices:
            raise not_an_answer(reply, model, "choices")
        choice = table(choices[0])
        message = table(choice.get("message"))
        if not message:
            raise not_an_answer(reply, model, "message")
        calls = message.get("tool_calls") or []
        return Decoded(
            raw=reply,
            text=str(message.get("content") or ""),
            stop_reason=str(choice.get("finish_reason") or ""),
            usage=_usage(table(reply.get("usage"))),
            model=reply.get("model"),
            thinking=str(message.get("reasoning_content") or message.get("reasoning") or ""),
            refusal=message.get("refusal"),
            structured=table(table(calls[0]).get("function")).get("arguments") if calls else None,
            request_id=reply.get("id"),
        )

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


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=integer(usage.get("prompt_tokens")),
        output_tokens=integer(usage.get("completion_tokens")),
        reasoning_tokens=integer(table(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        cached_tokens=integer(table(usage.get("prompt_tokens_details")).get("cached_tokens")),
    )
