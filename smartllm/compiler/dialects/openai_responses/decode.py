"""Reading the answers of OpenAI's Responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from smartllm.compiler.dialects.decoding import Decoded, Decoder, not_an_answer
from smartllm.compiler.dialects.openai_responses.fields import FIELDS
from smartllm.compiler.dialects.reading import (
    arguments,
    integer,
    objects,
    optional_objects,
    optional_text,
    table,
    text,
    word,
)
from smartllm.rules.vocabulary import Dialect
from smartllm.usage import Usage

FAILED: Final = frozenset({"failed", "cancelled"})
"""Statuses of a response that is none."""
_UNFINISHED: Final = frozenset({"queued", "in_progress"})


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
        structured: Any = None
        for item in output:
            if text(item.get("type"), "output.type") == "function_call":
                structured = arguments(item.get("arguments"), "output.arguments")
        refusals = list(_parts(output, "refusal"))
        reason = table(reply.get("incomplete_details")).get("reason")
        return Decoded(
            raw=reply,
            text=text_of(output),
            stop_reason=status,
            usage=_usage(table(reply.get("usage"))),
            model=word(reply.get("model")),
            thinking="\n\n".join(_thoughts(output)),
            refusal="".join(refusals) if refusals else None,
            structured=structured,
            request_id=word(reply.get("id")),
            incomplete=word(reason),
            finish_reason=FIELDS.finish.get(word(reason) or status) or FIELDS.finish.get(status),
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a Responses object."""
        return text_of(optional_objects(reply.get("output"), "output"))


def text_of(output: Sequence[Mapping[str, Any]]) -> str:
    """The text of a list of output items.

    Raises:
        ShapeError: A value is of another type than the wire promises.
    """
    return "".join(_parts(output, "text"))


def _parts(output: Sequence[Mapping[str, Any]], kind: str) -> Iterator[str]:
    """The texts of the messages' parts of a kind; what an item of another type holds is not the answer's."""
    for item in output:
        if item.get("type") == "message":
            for part in objects(item.get("content"), "output.content"):
                found = text(part.get("type"), "output.content.type")
                # Some servers leave out the direction.
                if found.removeprefix("output_") == kind:
                    yield text(part.get(kind), f"output.content.{kind}")


def _thoughts(output: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for item in output:
        if item.get("type") == "reasoning":
            for place in ("summary", "content"):  # content: gpt-oss and others that show all of it
                for part in optional_objects(item.get(place), f"output.{place}"):
                    yield text(part.get("text"), f"output.{place}.text")


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=integer(usage.get("input_tokens")),
        output_tokens=integer(usage.get("output_tokens")),
        reasoning_tokens=integer(table(usage.get("output_tokens_details")).get("reasoning_tokens")),
        cached_tokens=integer(table(usage.get("input_tokens_details")).get("cached_tokens")),
    )
