"""Reading the answers of Bedrock's Converse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from smartllm.compiler.dialects.bedrock_converse.fields import FIELDS
from smartllm.compiler.dialects.decoding import Decoded, Decoder, not_an_answer, told
from smartllm.compiler.dialects.media_read import in_block
from smartllm.compiler.dialects.reading import (
    ShapeError,
    an_object,
    arguments,
    called_with,
    integer,
    list_of_objects,
    objects,
    optional_object,
    optional_objects,
    optional_text,
    table,
    text,
    word,
)
from smartllm.content import Other, Part, Reasoning, Text, ToolCall, text_of
from smartllm.rules.vocabulary import Dialect
from smartllm.usage import Usage


class ConverseDecoder(Decoder):
    """Reads Converse responses."""

    name: ClassVar[Dialect] = "bedrock_converse"

    def read(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a Converse response."""
        given = _content(reply)
        if given is None or reply.get("stopReason") is None:
            raise not_an_answer(reply, model, "output message or stopReason")
        content = list(map(_bare, objects(given, "output.message.content")))
        stop_reason = text(reply["stopReason"], "stopReason")
        if not content and stop_reason not in FIELDS.empty:
            raise not_an_answer(reply, model, "content")
        parts = tuple([part for part in map(self._part, content) if part is not None])
        trace = table(reply.get("trace"))
        return Decoded(
            parts,
            stop_reason,
            _usage(reply),
            FIELDS.finish.get(stop_reason),
            word(table(trace.get("promptRouter")).get("invokedModelId")),
            refusal=text_of(parts) if stop_reason in FIELDS.withheld else None,
            incomplete=stop_reason if stop_reason in FIELDS.paused else None,
            details=told(
                service_tier=word(table(reply.get("serviceTier")).get("type")),
                performance=word(table(reply.get("performanceConfig")).get("latency")),
                stop_sequence=word(table(reply.get("additionalModelResponseFields")).get("stop_sequence")),
                guardrail=table(trace.get("guardrail")),
            ),
            raw=reply,
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a Converse response; what is cited for is part of it."""
        blocks = optional_objects(_content(reply), "output.message.content")
        return "".join(map(_text, map(_bare, blocks)))

    def _part(self, block: Mapping[str, Any]) -> Part | None:
        """What a block says; None for a text that says nothing."""
        if "text" in block or "citationsContent" in block:
            cited = table(block.get("citationsContent"))
            citations = tuple(list_of_objects(cited.get("citations")))
            said = _text(block)
            return Text(said, citations) if said or citations else None
        if "reasoningContent" in block:
            thought = _thought(an_object(block["reasoningContent"], "content.reasoningContent"))
            return Reasoning(dialect=self.name, blocks=[dict(block)], text=thought)
        if "toolUse" in block:
            call = an_object(block["toolUse"], "content.toolUse")
            if call.get("type") == "server_tool_use":  # the provider's own, with its result beside it
                return Other(block, "server_tool_use", self.name)
            given = called_with(arguments(call.get("input"), "content.toolUse.input"))
            name = optional_text(call.get("name"), "content.toolUse.name") or ""
            return ToolCall(word(call.get("toolUseId")) or "", name, given)
        if not block:
            raise ShapeError(None, "what a block of output.message.content holds", "text or the like")
        return in_block(block) or Other(block, next(iter(block)), self.name)


def _bare(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A block without the members of unions that are null: batch outputs have them all (2026-08-17)."""
    if None not in block.values():
        return block
    return {
        name: held if name == "toolUse" else _set(held) for name, held in block.items() if held is not None
    }


def _set(value: Any) -> Any:
    """What of a value is not null."""
    if isinstance(value, list):
        return [_set(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _set(held) for name, held in value.items() if held is not None}


def _text(block: Mapping[str, Any]) -> str:
    """The text of a block; empty for one of another kind."""
    if "text" in block:
        return text(block["text"], "content.text")
    if "citationsContent" not in block:
        return ""
    cited = an_object(block["citationsContent"], "content.citationsContent")
    parts = optional_objects(cited.get("content"), "content.citationsContent.content")
    return "".join(text(part.get("text"), "content.citationsContent.content.text") for part in parts)


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
    read, written = integer(usage.get("cacheReadInputTokens")), integer(usage.get("cacheWriteInputTokens"))
    by_time = list_of_objects(usage.get("cacheDetails"))
    return Usage(
        input_tokens=integer(usage.get("inputTokens")) + read + written,  # which is what stood in no cache
        output_tokens=integer(usage.get("outputTokens")),
        reasoning_tokens=integer(table(details.get("output_tokens_details")).get("thinking_tokens")),
        cached_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=sum(
            integer(one.get("inputTokens")) for one in by_time if one.get("ttl") == "1h"
        ),
    )
