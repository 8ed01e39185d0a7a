"""Bedrock Converse: POST /model/{id}/converse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
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
from smartllm.compiler.dialects.bedrock_invoke import EXPLAIN_NOTHING, SIGNED, set_thinking
from smartllm.compiler.dialects.reading import (
    ShapeError,
    an_object,
    arguments,
    integer,
    objects,
    optional_object,
    optional_objects,
    table,
    text,
)
from smartllm.compiler.intent import Intent
from smartllm.compiler.report import Because, Report, fact
from smartllm.rules.schema import Dialect, Facts
from smartllm.usage import Usage

EXTRA = "additionalModelRequestFields"


class BedrockConverse(DialectCode):
    """Encode to, and decode from, the Converse API."""

    name: ClassVar[Dialect] = "bedrock_converse"
    operation = "Converse"
    stream_operation = "ConverseStream"

    def encode(self, intent: Intent, facts: Facts, report: Report) -> Body:
        """Spell the intent."""
        body = Body()
        _set_messages(body, intent, facts, report)
        set_limit(body, intent, facts, report)
        places = {
            "temperature": "inferenceConfig.temperature",
            "top_p": "inferenceConfig.topP",
            # Converse has no topK of its own; botocore refuses one in inferenceConfig (bedrock_runtime §3).
            "top_k": f"{EXTRA}.{facts.top_k.place}",
        }
        set_sampling(body, intent, report, places)
        if intent.thinking is not None and intent.thinking.mode == "effort":
            _set_effort(body, intent, facts, report)
        else:
            set_thinking(body, intent, facts, report, prefix=f"{EXTRA}.")
        if intent.output is not None and intent.output.strategy != "two_pass":
            _set_output(body, intent, facts)
        return body

    def read(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a Converse response."""
        given = _content(reply)
        if given is None or reply.get("stopReason") is None:
            raise not_an_answer(reply, model, "output message or stopReason")
        content = objects(given, "output.message.content")
        stop_reason = text(reply["stopReason"], "stopReason")
        if not content and stop_reason not in EXPLAIN_NOTHING:
            raise not_an_answer(reply, model, "content")
        said = self.text_of(reply)
        thoughts: list[str] = []
        reasoning: list[Mapping[str, Any]] = []
        structured: Any = None
        for block in content:
            if not block:
                raise ShapeError(None, "what a block of output.message.content holds", "text or the like")
            if "toolUse" in block:
                call = an_object(block["toolUse"], "content.toolUse")
                if call.get("type") != "server_tool_use":  # the provider's own, with its result beside it
                    structured = arguments(call.get("input"), "content.toolUse.input")
            elif "reasoningContent" in block:
                reasoning.append(block)
                thoughts.append(_thought(an_object(block["reasoningContent"], "content.reasoningContent")))
        return Decoded(
            raw=reply,
            text=said,
            stop_reason=stop_reason,
            usage=_usage(reply),
            thinking="\n\n".join(filter(None, thoughts)),
            refusal=said if stop_reason in {"content_filtered", "guardrail_intervened"} else None,
            structured=structured,
            reasoning=tuple(reasoning),
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a Converse response; what is cited for is part of it."""
        texts: list[str] = []
        for block in optional_objects(_content(reply), "output.message.content"):
            if "text" in block:
                texts.append(text(block["text"], "content.text"))
            elif "citationsContent" in block:
                cited = an_object(block["citationsContent"], "content.citationsContent")
                parts = optional_objects(cited.get("content"), "content.citationsContent.content")
                texts += [text(part.get("text"), "content.citationsContent.content.text") for part in parts]
        return "".join(texts)

    def curl(self, model: str, *, streamed: bool) -> tuple[str, tuple[str, ...]]:
        """URL and signature."""
        path = "converse-stream" if streamed else "converse"
        host = "https://bedrock-runtime.$AWS_REGION.amazonaws.com"
        return f'"{host}/model/{quote(model, safe="")}/{path}"', SIGNED


def _set_messages(body: Body, intent: Intent, facts: Facts, report: Report) -> None:
    turns: list[dict[str, Any]] = [
        {"role": turn.role, "content": [*turn.blocks, *({"text": text} for text in turn.texts)]}
        for turn in intent.turns
    ]
    if intent.system is not None and facts.system == "user":  # models that have no system field
        first = next((index for index, turn in enumerate(intent.turns) if turn.role == "user"), 0)
        turns[first]["content"] = [{"text": intent.system}, *turns[first]["content"]]
        body.note(("messages", first, "content", 0, "text"), fact("system"))
    body.set("messages", turns, reason(report, "messages"))
    if intent.system is not None and facts.system != "user":
        body.set("system", [{"text": intent.system}], reason(report, "system_prompt"))


def _set_effort(body: Body, intent: Intent, facts: Facts, report: Report) -> None:
    """Spell a bare effort, which each family takes under a key of its own."""
    assert intent.thinking is not None
    place = f"{EXTRA}.{facts.effort.place}"
    if facts.effort.place == "reasoningConfig":
        body.set(f"{place}.type", "enabled", fact("thinking.modes"))
        place += ".maxReasoningEffort"
    body.set(place, intent.thinking.effort, effort_reason(report))


def _set_output(body: Body, intent: Intent, facts: Facts) -> None:
    plan = intent.output
    assert plan is not None
    because = Because("request", "response_format")
    if plan.strategy == "native":
        # The schema is JSON text here, not an object (bedrock_runtime facts §1.2).
        schema = json.dumps(plan.wire_schema, ensure_ascii=False)
        named = {"schema": schema, "name": plan.name}
        body.set(
            "outputConfig.textFormat", {"type": "json_schema", "structure": {"jsonSchema": named}}, because
        )
        return
    spec = {"name": plan.name, "inputSchema": {"json": plan.wire_schema}}
    if plan.description:
        spec["description"] = plan.description
    body.set("toolConfig.tools", [{"toolSpec": spec}], because)
    if plan.strategy == "tool":
        choice: dict[str, Any] = (
            {"tool": {"name": plan.name}} if facts.tools.choice == "named" else {"any": {}}
        )
        body.set("toolConfig.toolChoice", choice, fact("tools.forced"))


def _content(reply: Mapping[str, Any]) -> Any:
    output = optional_object(reply.get("output"), "output")
    return optional_object(output.get("message"), "output.message").get("content")


def _thought(block: Mapping[str, Any]) -> str:
    """The text of a reasoning block; empty for one that is encrypted."""
    if "reasoningText" not in block:
        return ""
    spoken = an_object(block["reasoningText"], "content.reasoningContent.reasoningText")
    return text(spoken.get("text"), "content.reasoningContent.reasoningText.text")


def _usage(reply: Mapping[str, Any]) -> Usage:
    usage = table(reply.get("usage"))
    details = table(table(reply.get("additionalModelResponseFields")).get("usage"))
    return Usage(
        input_tokens=integer(usage.get("inputTokens")),
        output_tokens=integer(usage.get("outputTokens")),
        reasoning_tokens=integer(table(details.get("output_tokens_details")).get("thinking_tokens")),
        cached_tokens=integer(usage.get("cacheReadInputTokens")),
    )
