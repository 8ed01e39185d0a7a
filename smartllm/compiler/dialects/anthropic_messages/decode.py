"""Reading the answers of Claude's Messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from smartllm.compiler.dialects.anthropic_messages.fields import FIELDS
from smartllm.compiler.dialects.decoding import Decoded, Decoder, not_an_answer
from smartllm.compiler.dialects.reading import (
    arguments,
    integer,
    objects,
    optional_objects,
    table,
    text,
    word,
)
from smartllm.rules.vocabulary import Dialect
from smartllm.usage import Usage


class ClaudeDecoder(Decoder):
    """Reads Claude's messages."""

    name: ClassVar[Dialect] = "anthropic_messages"

    def read(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a Claude message."""
        if reply.get("content") is None or reply.get("stop_reason") is None:
            raise not_an_answer(reply, model, "content or stop_reason")
        content = objects(reply["content"], "content")
        stop_reason = text(reply["stop_reason"], "stop_reason")
        if not content and stop_reason not in FIELDS.empty:
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
            finish_reason=FIELDS.finish.get(stop_reason),
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a Claude message."""
        blocks = optional_objects(reply.get("content"), "content")
        return "".join(
            text(block.get("text"), "content.text") for block in blocks if block.get("type") == "text"
        )


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=integer(usage.get("input_tokens")),
        output_tokens=integer(usage.get("output_tokens")),
        reasoning_tokens=integer(table(usage.get("output_tokens_details")).get("thinking_tokens")),
        cached_tokens=integer(usage.get("cache_read_input_tokens")),
    )
