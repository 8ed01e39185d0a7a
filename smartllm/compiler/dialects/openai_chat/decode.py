"""Reading the answers of OpenAI's Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from smartllm.compiler.dialects.decoding import Decoded, Decoder, not_an_answer, told
from smartllm.compiler.dialects.openai_chat.content import content_text, parts_of, says_something
from smartllm.compiler.dialects.openai_chat.fields import FIELDS
from smartllm.compiler.dialects.reading import (
    integer,
    list_of_objects,
    optional_object,
    optional_objects,
    optional_text,
    table,
    word,
)
from smartllm.content import Refusal
from smartllm.rules.vocabulary import Dialect
from smartllm.usage import Usage


class ChatDecoder(Decoder):
    """Reads chat completions."""

    name: ClassVar[Dialect] = "openai_chat"

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
        if stop_reason not in FIELDS.empty and not says_something(message):
            raise not_an_answer(reply, model, "message" if not message else "content")
        parts = parts_of(message)
        refusal = "".join(part.text for part in parts if isinstance(part, Refusal)) or None
        return Decoded(
            parts,
            stop_reason,
            _usage(table(reply.get("usage"))),
            FIELDS.finish.get(stop_reason),
            word(reply.get("model")),
            refusal=refusal,
            choices_dropped=len(choices) - 1,
            details=told(logprobs=_logprobs(choice), service_tier=word(reply.get("service_tier"))),
            raw=reply,
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a chat completion."""
        choices = optional_objects(reply.get("choices"), "choices")
        message = table(_first(choices).get("message")) if choices else {}
        return content_text(message.get("content"))


def _first(choices: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The choice with index 0, which may be left out."""
    return next((choice for choice in choices if not choice.get("index")), choices[0])


def _logprobs(choice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What is told of each token of the text, or else of the refusal."""
    found = table(choice.get("logprobs"))
    return list_of_objects(found.get("content")) or list_of_objects(found.get("refusal"))


def _usage(usage: Mapping[str, Any]) -> Usage:
    read = table(usage.get("prompt_tokens_details"))
    return Usage(
        input_tokens=integer(usage.get("prompt_tokens")),
        output_tokens=integer(usage.get("completion_tokens")),
        reasoning_tokens=integer(table(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        cached_tokens=integer(read.get("cached_tokens")),
        cache_write_tokens=integer(read.get("cache_write_tokens")),
    )
