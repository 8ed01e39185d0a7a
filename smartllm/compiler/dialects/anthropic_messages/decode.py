"""Reading the answers of Claude's Messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from smartllm.compiler.dialects.anthropic_messages.fields import FIELDS
from smartllm.compiler.dialects.decoding import Decoded, Decoder, not_an_answer, told
from smartllm.compiler.dialects.reading import (
    arguments,
    called_with,
    integer,
    list_of_objects,
    objects,
    optional_objects,
    optional_text,
    table,
    text,
    word,
)
from smartllm.content import Other, Part, Reasoning, Text, ToolCall, text_of
from smartllm.rules.vocabulary import Dialect
from smartllm.usage import Usage

# What Bedrock writes into an answer where a guardrail was asked for.
ACTION: Final = "amazon-bedrock-guardrailAction"
TRACE: Final = "amazon-bedrock-trace"
_INTERVENED: Final = "INTERVENED"
_GUARDED: Final = "guardrail_intervened"


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
        parts = tuple([part for part in map(self._part, content) if part is not None])
        guarded = reply.get(ACTION) == _INTERVENED
        incomplete = _GUARDED if guarded else stop_reason if stop_reason in FIELDS.paused else None
        refusal = None
        if guarded or stop_reason == "refusal":
            refusal = text_of(parts) or word(table(reply.get("stop_details")).get("explanation")) or ""
        return Decoded(
            parts,
            stop_reason,
            _usage(table(reply.get("usage"))),
            FIELDS.finish.get(_GUARDED if guarded else stop_reason),
            word(reply.get("model")),
            refusal=refusal,
            incomplete=incomplete,
            details=_details(reply),
            raw=reply,
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a Claude message."""
        blocks = optional_objects(reply.get("content"), "content")
        return "".join(
            text(block.get("text"), "content.text") for block in blocks if block.get("type") == "text"
        )

    def _part(self, block: Mapping[str, Any]) -> Part | None:
        """What a block says; None for a text that says nothing."""
        kind = text(block.get("type"), "content.type")
        if kind == "text":
            citations = tuple(list_of_objects(block.get("citations")))
            said = text(block.get("text"), "content.text")
            return Text(said, citations) if said or citations else None
        if kind == "thinking":
            thought = text(block.get("thinking"), "content.thinking")
            return Reasoning(dialect=self.name, blocks=[dict(block)], text=thought)
        if kind == "redacted_thinking":
            return Reasoning(dialect=self.name, blocks=[dict(block)])
        if kind == "tool_use":
            given = called_with(arguments(block.get("input"), "content.input"))
            name = optional_text(block.get("name"), "content.name") or ""
            return ToolCall(word(block.get("id")) or "", name, given, own=_own(block))
        return Other(block, kind, self.name)


def _own(block: Mapping[str, Any]) -> dict[str, Any]:
    """What a call says of itself beside its tool; most are made by the model, and of no toolset."""
    caller = table(block.get("caller"))
    return told(
        caller=dict(caller) if caller.get("type") != "direct" else None,
        toolset_name=word(block.get("toolset_name")),
    )


def _details(reply: Mapping[str, Any]) -> dict[str, Any]:
    """What a message tells beside what it says."""
    usage, edits = table(reply.get("usage")), table(reply.get("context_management"))
    hosted = {name: count for name, count in table(usage.get("server_tool_use")).items() if integer(count)}
    rounds = list_of_objects(usage.get("iterations"))
    return told(
        service_tier=word(usage.get("service_tier")),
        stop_sequence=word(reply.get("stop_sequence")),
        stop_details=table(reply.get("stop_details")),
        guardrail=table(table(reply.get(TRACE)).get("guardrail")),
        container=table(reply.get("container")),
        context_management=edits if any(edits.values()) else None,
        input_transformations=list_of_objects(reply.get("input_transformations")),
        server_tool_use=hosted,
        iterations=rounds if any(one.get("type") != "message" for one in rounds) else None,
    )


def _usage(usage: Mapping[str, Any]) -> Usage:
    """The counts of the answer, with those of summaries on the way, which Claude reports apart.

    An advisor's, whose model has prices of its own, stay with ``iterations``
    (platform.claude.com/docs/en/build-with-claude/compaction-threshold, 2026-11-27).
    """
    summed = [one for one in list_of_objects(usage.get("iterations")) if one.get("type") == "compaction"]
    return sum(map(_counted, summed), _counted(usage))


def _counted(usage: Mapping[str, Any]) -> Usage:
    read = integer(usage.get("cache_read_input_tokens"))
    written = integer(usage.get("cache_creation_input_tokens"))
    by_time = table(usage.get("cache_creation"))
    return Usage(
        input_tokens=integer(usage.get("input_tokens")) + read + written,  # which is what stood in no cache
        output_tokens=integer(usage.get("output_tokens")),
        reasoning_tokens=integer(table(usage.get("output_tokens_details")).get("thinking_tokens")),
        cached_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=integer(by_time.get("ephemeral_1h_input_tokens")),
    )
