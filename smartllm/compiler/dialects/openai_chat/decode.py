"""Reading the answers of OpenAI's Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from smartllm.compiler.dialects.decoding import Decoded, Decoder, not_an_answer
from smartllm.compiler.dialects.openai_chat.content import content_of, says_something, thinking_of
from smartllm.compiler.dialects.openai_chat.fields import FIELDS
from smartllm.compiler.dialects.reading import (
    arguments,
    integer,
    optional_object,
    optional_objects,
    optional_text,
    table,
    word,
)
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
            finish_reason=FIELDS.finish.get(stop_reason),
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a chat completion."""
        choices = optional_objects(reply.get("choices"), "choices")
        message = table(_first(choices).get("message")) if choices else {}
        return content_of(message.get("content")).text


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
