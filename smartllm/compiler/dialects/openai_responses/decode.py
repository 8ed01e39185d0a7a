"""Reading the answers of OpenAI's Responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from smartllm.compiler.dialects.decoding import Decoded, Decoder, not_an_answer, told
from smartllm.compiler.dialects.media_read import image
from smartllm.compiler.dialects.openai_responses.fields import FIELDS
from smartllm.compiler.dialects.openai_responses.items import CALLS, is_remark, to_go_back
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
from smartllm.content import Image, Other, Part, Reasoning, Refusal, Text, ToolCall
from smartllm.rules.vocabulary import Dialect
from smartllm.usage import Usage

FAILED: Final = frozenset({"failed", "cancelled"})
"""Statuses of a response that is none."""
_UNFINISHED: Final = frozenset({"queued", "in_progress"})
_PICTURE: Final = "image_generation_call"


class ResponsesDecoder(Decoder):
    """Reads Responses objects."""

    name: ClassVar[Dialect] = "openai_responses"

    def read(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a Responses object."""
        status = optional_text(reply.get("status"), "status")
        if status in FAILED:
            error = reply.get("error") or {}
            raise self.failed(reply, model, error, f"the provider ended the response as {status}")
        if reply.get("output") is None or status is None:
            raise not_an_answer(reply, model, "output")
        if status in _UNFINISHED:
            raise not_an_answer(reply, model, f"end yet (status {status})")
        output = objects(reply["output"], "output")
        if not output and status not in FIELDS.empty:
            raise not_an_answer(reply, model, "output")
        found = [(item, part) for item in output for part in _parts(item)]
        parts = tuple([part for _, part in found])
        refusals = [part.text for part in parts if isinstance(part, Refusal)]
        refusal = "".join(refusals) if refusals else None
        reason = word(table(reply.get("incomplete_details")).get("reason"))
        return Decoded(
            parts,
            status,
            _usage(table(reply.get("usage"))),
            FIELDS.finish.get(reason or status) or FIELDS.finish.get(status),
            word(reply.get("model")),
            refusal=refusal,
            incomplete=reason,
            details=told(logprobs=_logprobs(output), service_tier=word(reply.get("service_tier"))),
            pictures=tuple(
                [Other(item, _PICTURE, self.name) for item, part in found if isinstance(part, Image)]
            ),
            items=to_go_back(output, stored=reply.get("store") is not False),
            raw=reply,
            final=_final(output),
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a Responses object."""
        return text_of(optional_objects(reply.get("output"), "output"))


def text_of(output: Sequence[Mapping[str, Any]]) -> str:
    """The text of a list of output items.

    Raises:
        ShapeError: A value is of another type than the wire promises.
    """
    return "".join(
        text(part.get("text"), "output.content.text")
        for item in output
        if item.get("type") == "message"
        for part in objects(item.get("content"), "output.content")
        if _kind(part) == "text"
    )


def _final(output: Sequence[Mapping[str, Any]]) -> str | None:
    """The text of the answer without the remarks before it; None where there are none, or nothing else."""
    answers = [item for item in output if item.get("type") == "message" and not is_remark(item)]
    said = text_of(answers)
    return said if said and any(map(is_remark, output)) else None


def _kind(part: Mapping[str, Any]) -> str:
    """The kind of a message's part; some servers leave out the direction."""
    return text(part.get("type"), "output.content.type").removeprefix("output_")


def _parts(item: Mapping[str, Any]) -> Iterator[Part]:
    """What an item says."""
    kind = text(item.get("type"), "output.type")
    if kind == "message":
        for part in objects(item.get("content"), "output.content"):
            found = _part(part)
            if found is not None:
                yield found
    elif kind == "reasoning":
        thoughts = [
            text(part.get("text"), f"output.{place}.text")
            for place in ("summary", "content")  # content: gpt-oss and others that show all of it
            for part in optional_objects(item.get(place), f"output.{place}")
        ]
        yield Reasoning(blocks=[dict(item)], text="\n\n".join(thoughts))
    elif kind in CALLS:
        given = arguments(item.get(CALLS[kind]), f"output.{CALLS[kind]}")
        yield ToolCall(
            word(item.get("call_id")) or word(item.get("id")) or "",
            optional_text(item.get("name"), "output.name") or "",
            called_with(given) if kind == "function_call" else given,
            custom=kind == "custom_tool_call",
        )
    else:
        yield _picture(item) or Other(item, kind, ResponsesDecoder.name)


def _picture(item: Mapping[str, Any]) -> Image | None:
    return image(item.get("result"), item.get("output_format")) if item.get("type") == _PICTURE else None


def _part(part: Mapping[str, Any]) -> Part | None:
    """What a part of a message says; None for a text that says nothing."""
    kind = _kind(part)
    if kind == "text":
        said = text(part.get("text"), "output.content.text")
        citations = tuple(list_of_objects(part.get("annotations")))
        return Text(said, citations) if said or citations else None
    if kind == "refusal":
        return Refusal(text(part.get("refusal"), "output.content.refusal"))
    if kind == "reasoning_text":  # some servers put it into the message
        return Reasoning(text=text(part.get("text"), "output.content.text"))
    return Other(part, text(part.get("type"), "output.content.type"), ResponsesDecoder.name)


def _logprobs(output: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is told of each token of the text."""
    return [
        token
        for item in output
        if item.get("type") == "message"
        for part in list_of_objects(item.get("content"))
        for token in list_of_objects(part.get("logprobs"))
    ]


def _usage(usage: Mapping[str, Any]) -> Usage:
    read = table(usage.get("input_tokens_details"))
    return Usage(
        input_tokens=integer(usage.get("input_tokens")),
        output_tokens=integer(usage.get("output_tokens")),
        reasoning_tokens=integer(table(usage.get("output_tokens_details")).get("reasoning_tokens")),
        cached_tokens=integer(read.get("cached_tokens")),
        cache_write_tokens=integer(read.get("cache_write_tokens")),
    )
