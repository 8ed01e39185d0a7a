"""Bedrock InvokeModel with Claude's Messages body: POST /model/{id}/invoke."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import quote

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.base import (
    Decoded,
    DialectCode,
    effort_reason,
    not_an_answer,
    reason,
    set_limit,
    set_sampling,
)
from smartllm.compiler.dialects.reading import (
    arguments,
    integer,
    objects,
    optional_objects,
    table,
    text,
    word,
)
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.report import Because, Report, fact
from smartllm.rules.schema import Dialect, Facts
from smartllm.usage import Usage

SIGNED = (
    '--aws-sigv4 "aws:amz:$AWS_REGION:bedrock"',
    '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
    '-H "x-amz-security-token: $AWS_SESSION_TOKEN"',
)

EXPLAIN_NOTHING: Final = frozenset(
    {
        "max_tokens",
        "model_context_window_exceeded",
        "stop_sequence",
        "refusal",
        "content_filtered",
        "guardrail_intervened",
    }
)
"""Claude's and Converse's reasons to stop with which an answer may hold nothing."""


class BedrockInvoke(DialectCode):
    """Encode to, and decode from, Claude's native body."""

    name: ClassVar[Dialect] = "bedrock_invoke"
    operation = "InvokeModel"
    stream_operation = "InvokeModelWithResponseStream"

    def encode(self, intent: Intent, facts: Facts, report: Report) -> Body:
        """Spell the intent."""
        body = Body()
        body.set("anthropic_version", facts.api_version, fact("api_version"))
        set_limit(body, intent, facts, report)
        if intent.system is not None:
            body.set("system", intent.system, reason(report, "system_prompt"))
        turns = [{"role": turn.role, "content": _content(turn)} for turn in intent.turns]
        body.set("messages", turns, reason(report, "messages"))
        set_sampling(body, intent, report, {name: name for name in ("temperature", "top_p", "top_k")})
        set_thinking(body, intent, facts, report, prefix="")
        if intent.output is not None and intent.output.strategy != "two_pass":
            _set_output(body, intent)
        return body

    def read(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a Claude message."""
        if reply.get("content") is None or reply.get("stop_reason") is None:
            raise not_an_answer(reply, model, "content or stop_reason")
        content = objects(reply["content"], "content")
        stop_reason = text(reply["stop_reason"], "stop_reason")
        if not content and stop_reason not in EXPLAIN_NOTHING:
            raise not_an_answer(reply, model, "content")
        said = self.text_of(reply)
        reasoning: list[Mapping[str, Any]] = []
        structured: Any = None
        for block in content:
            kind = text(block.get("type"), "content.type")
            if kind in {"thinking", "redacted_thinking"}:
                reasoning.append(block)
            elif kind == "tool_use":
                structured = arguments(block.get("input"), "content.input")
        thoughts = [
            text(block.get("thinking"), "content.thinking")
            for block in reasoning
            if block["type"] == "thinking"
        ]
        explanation = word(table(reply.get("stop_details")).get("explanation"))
        return Decoded(
            raw=reply,
            text=said,
            stop_reason=stop_reason,
            usage=_usage(table(reply.get("usage"))),
            model=word(reply.get("model")),
            thinking="\n\n".join(filter(None, thoughts)),
            refusal=(said or explanation or "") if stop_reason == "refusal" else None,
            structured=structured,
            request_id=word(reply.get("id")),
            reasoning=tuple(reasoning),
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a Claude message."""
        blocks = optional_objects(reply.get("content"), "content")
        return "".join(
            text(block.get("text"), "content.text") for block in blocks if block.get("type") == "text"
        )

    def curl(self, model: str, *, streamed: bool) -> tuple[str, tuple[str, ...]]:
        """URL and signature."""
        path = "invoke-with-response-stream" if streamed else "invoke"
        host = "https://bedrock-runtime.$AWS_REGION.amazonaws.com"
        return f'"{host}/model/{quote(model, safe="")}/{path}"', SIGNED


def set_thinking(body: Body, intent: Intent, facts: Facts, report: Report, *, prefix: str) -> None:
    """Spell Claude's thinking fields, at the top of the body or under ``prefix``."""
    plan = intent.thinking
    if plan is None:
        return
    if plan.mode == "off":
        body.set(f"{prefix}thinking.type", facts.thinking.off, fact("thinking.off"))
        return
    if plan.mode == "budget":
        body.set(f"{prefix}thinking.type", "enabled", fact("thinking.modes"))
        body.set(f"{prefix}thinking.budget_tokens", plan.budget, reason(report, "budget_tokens"))
        return
    body.set(f"{prefix}thinking.type", "adaptive", fact("thinking.modes"))
    body.set(f"{prefix}output_config.effort", plan.effort, effort_reason(report))


def _content(turn: Turn) -> str | list[dict[str, Any]]:
    if len(turn.texts) == 1 and not turn.blocks:
        return turn.texts[0]
    return [*turn.blocks, *({"type": "text", "text": text} for text in turn.texts)]


def _set_output(body: Body, intent: Intent) -> None:
    plan = intent.output
    assert plan is not None
    because = Because("request", "response_format")
    if plan.strategy == "native":
        body.set("output_config.format", {"type": "json_schema", "schema": plan.wire_schema}, because)
        return
    tool = {"name": plan.name, "input_schema": plan.wire_schema}
    if plan.description:
        tool["description"] = plan.description
    body.set("tools", [tool], because)
    if plan.strategy == "tool":
        body.set("tool_choice", {"type": "tool", "name": plan.name}, fact("tools.forced"))


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=integer(usage.get("input_tokens")),
        output_tokens=integer(usage.get("output_tokens")),
        reasoning_tokens=integer(table(usage.get("output_tokens_details")).get("thinking_tokens")),
        cached_tokens=integer(usage.get("cache_read_input_tokens")),
    )
