"""Reading the answers of Bedrock's Converse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from smartllm.compiler.dialects.bedrock_converse.fields import FIELDS
from smartllm.compiler.dialects.decoding import Decoded, Decoder, not_an_answer
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
        content = objects(given, "output.message.content")
        stop_reason = text(reply["stopReason"], "stopReason")
        if not content and stop_reason not in FIELDS.empty:
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
            finish_reason=FIELDS.finish.get(stop_reason),
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
