"""OpenAI Responses: POST /responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.base import (
    DERIVED_MODEL,
    Decoded,
    DialectCode,
    effort_reason,
    not_an_answer,
    reason,
    set_limit,
    set_messages,
    set_sampling,
)
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
from smartllm.compiler.intent import Intent
from smartllm.compiler.report import Because, Report, fact
from smartllm.rules.schema import Dialect, Facts
from smartllm.usage import Usage

FAILED: Final = frozenset({"failed", "cancelled"})
"""Statuses of a response that is none."""
_UNFINISHED: Final = frozenset({"queued", "in_progress"})


class OpenAIResponses(DialectCode):
    """Encode to, and decode from, the Responses API."""

    name: ClassVar[Dialect] = "openai_responses"
    operation = stream_operation = "POST /responses"
    transport_keys = frozenset({"stream"})

    def encode(self, intent: Intent, facts: Facts, report: Report) -> Body:
        """Spell the intent."""
        body = Body()
        body.set("model", intent.model, DERIVED_MODEL)
        if intent.system is not None and facts.system == "instructions":
            body.set("instructions", intent.system, reason(report, "system_prompt"))
        # OpenAI lets the type be left out; llama.cpp refuses an assistant turn without it (tried 2026-11-23).
        set_messages(body, intent, facts, report, path="input", kind={"type": "message"})
        set_limit(body, intent, facts, report)
        set_sampling(body, intent, report, {"temperature": "temperature", "top_p": "top_p"})
        if intent.thinking is not None:
            body.set("reasoning.effort", intent.thinking.effort, effort_reason(report))
        if intent.verbosity is not None:
            body.set("text.verbosity", intent.verbosity, reason(report, "verbosity"))
        if intent.output is not None and intent.output.strategy != "two_pass":
            _set_output(body, intent, facts)
        if intent.stream:
            body.set("stream", True, reason(report, "stream"))
        return body

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
        if not output and status != "incomplete":
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
        )

    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a Responses object."""
        return text_of(optional_objects(reply.get("output"), "output"))

    def curl(self, model: str, *, streamed: bool) -> tuple[str, tuple[str, ...]]:  # noqa: ARG002 - both are in the body
        """URL and authorisation."""
        return '"${OPENAI_BASE_URL:-https://api.openai.com/v1}/responses"', (
            '-H "Authorization: Bearer $OPENAI_API_KEY"',
        )


def _set_output(body: Body, intent: Intent, facts: Facts) -> None:
    plan = intent.output
    assert plan is not None
    because = Because("request", "response_format")
    if plan.strategy == "native":
        named: dict[str, Any] = {"type": "json_schema", "name": plan.name, "schema": plan.wire_schema}
        if facts.structured.strict:
            named["strict"] = True
        body.set("text.format", named, because)
        return
    function: dict[str, Any] = {"type": "function", "name": plan.name, "parameters": plan.wire_schema}
    if facts.structured.strict:
        function["strict"] = False  # the API's own default is true
    if plan.description:
        function["description"] = plan.description
    body.set("tools", [function], because)
    if plan.strategy == "tool":
        body.set("tool_choice", {"type": "function", "name": plan.name}, fact("structured.native"))


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
