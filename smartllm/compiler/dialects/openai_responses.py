"""OpenAI Responses: POST /responses."""

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
from smartllm.errors import ProviderError
from smartllm.rules.schema import Dialect, Facts
from smartllm.usage import Usage


class OpenAIResponses(DialectCode):
    """Encode to, and decode from, the Responses API."""

    name: ClassVar[Dialect] = "openai_responses"
    operation = stream_operation = "POST /responses"
    transport_keys = frozenset({"stream"})

    def encode(self, intent: Intent, facts: Facts, report: Report) -> Body:
        """Spell the intent."""
        body = Body()
        body.set("model", intent.model, DERIVED_MODEL)
        if intent.system is not None and facts.system == "instructions":
            body.set("instructions", intent.system, reason(report, "system_prompt"))
        # OpenAI lets the type be left out; llama.cpp refuses an assistant turn without it (tried 2026-11-23).
        set_messages(body, intent, facts, report, path="input", kind={"type": "message"})
        set_limit(body, intent, facts, report)
        set_sampling(body, intent, report, {"temperature": "temperature", "top_p": "top_p"})
        if intent.thinking is not None:
            body.set("reasoning.effort", intent.thinking.effort, effort_reason(report))
        if intent.verbosity is not None:
            body.set("text.verbosity", intent.verbosity, reason(report, "verbosity"))
        if intent.output is not None and intent.output.strategy != "two_pass":
            _set_output(body, intent, facts)
        if intent.stream:
            body.set("stream", True, reason(report, "stream"))
        return body

    def decode(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a Responses object."""
        output = reply.get("output")
        status = reply.get("status")
        if not isinstance(output, list) or not isinstance(status, str):
            raise not_an_answer(reply, model, "output")
        if status in {"failed", "cancelled"}:
            raise _failed(reply, model, status)
        texts: list[str] = []
        thoughts: list[str] = []
        refusals: list[str] = []
        structured: Any = None
        for item in map(table, output):
            if item.get("type") == "function_call":
                structured = item.get("arguments")
            elif item.get("type") == "reasoning":
                thoughts += [str(table(part).get("text", "")) for part in item.get("summary") or []]
            for part in map(table, item.get("content") or []):
                if part.get("type") == "output_text":
                    texts.append(str(part.get("text", "")))
                elif part.get("type") == "refusal":
                    refusals.append(str(part.get("refusal", "")))
        return Decoded(
            raw=reply,
            text="".join(texts),
            stop_reason=status,
            usage=_usage(table(reply.get("usage"))),
            model=reply.get("model"),
            thinking="\n\n".join(thoughts),
            refusal="".join(refusals) if refusals else None,
            structured=structured,
            request_id=reply.get("id"),
        )

    def curl(self, model: str, *, streamed: bool) -> tuple[str, tuple[str, ...]]:  # noqa: ARG002 - both are in the body
        """URL and authorisation."""
        return '"${OPENAI_BASE_URL:-https://api.openai.com/v1}/responses"', (
            '-H "Authorization: Bearer $OPENAI_API_KEY"',
        )


def _set_output(body: Body, intent: Intent, facts: Facts) -> None:
    plan = intent.output
    assert plan is not None
    because = Because("request", "response_format")
    if plan.strategy == "native":
        named: dict[str, Any] = {"type": "json_schema", "name": plan.name, "schema": plan.wire_schema}
        if facts.structured.strict:
            named["strict"] = True
        body.set("text.format", named, because)
        return
    function: dict[str, Any] = {"type": "function", "name": plan.name, "parameters": plan.wire_schema}
    if facts.structured.strict:
        function["strict"] = False  # the API's own default is true
    if plan.description:
        function["description"] = plan.description
    body.set("tools", [function], because)
    if plan.strategy == "tool":
        body.set("tool_choice", {"type": "function", "name": plan.name}, fact("structured.native"))


def _failed(reply: Mapping[str, Any], model: str, status: str) -> ProviderError:
    error = table(reply.get("error"))
    code = error.get("code")
    return ProviderError(
        f"the provider ended the response as {status}: {error.get('message') or 'no reason given'}",
        model=model,
        status=200,
        code=code,
        request_id=reply.get("id"),
        retryable=code in {"server_error", "rate_limit_exceeded"},
    )


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=integer(usage.get("input_tokens")),
        output_tokens=integer(usage.get("output_tokens")),
        reasoning_tokens=integer(table(usage.get("output_tokens_details")).get("reasoning_tokens")),
        cached_tokens=integer(table(usage.get("input_tokens_details")).get("cached_tokens")),
    )
