"""What the conventions want told of a call: of the body that is sent, and of the answer to it.

opentelemetry.io/docs/specs/semconv/gen-ai, version 1.41, and what the conventions' own repository adds to it
(github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/client-inference.md); 2026-11-26.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from smartllm.compiler import Plan, Step
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.fields import HEADER
from smartllm.parameters import PARAMETERS
from smartllm.parameters.field import RequestField
from smartllm.usage import Usage
from smartllm.words import FinishReason

Attributes = dict[str, Any]

_ROWS: Final = tuple(row for row in PARAMETERS.values() if row.telemetry)
_PORTS: Final = {"http": 80, "https": 443}
_CALLS: Final = "tool_calls"


def names_of(plan: Plan, server: str) -> Attributes:
    """What names a call, on spans from their start, and on metrics.

    Args:
        plan: What is sent.
        server: Address of the host, or an empty string.
    """
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": plan.host_row.telemetry,
        "gen_ai.request.model": plan.model,
        **_server(server),
    }


def asked_by(step: Step, provider: str) -> Attributes:
    """What the body of a step asks for: what is not sent is not told.

    Args:
        step: What is sent.
        provider: The provider's name in the conventions; what begins with another one's is left out.
    """
    told: Attributes = {}
    for row in _ROWS:
        if row.telemetry.startswith(("gen_ai.", f"{provider}.")):
            value = _told(row, _value(row.name, step))
            if value is not None:
                told[row.telemetry] = value
    if step.streamed:
        told["gen_ai.request.stream"] = True
    if step.output is not None:
        told["gen_ai.output.type"] = "json"
    choices = step.sealed.get("n")
    if isinstance(choices, int) and choices > 1:
        told["gen_ai.request.choice.count"] = choices
    talk = step.sealed.get("conversation")
    talk = talk.get("id") if isinstance(talk, Mapping) else talk
    if isinstance(talk, str):
        told["gen_ai.conversation.id"] = talk
    if provider == FIELDS[step.dialect].telemetry:
        told[f"{provider}.api.type"] = FIELDS[step.dialect].api_type
    return told


def answered_by(answer: Decoded, step: Step, provider: str) -> Attributes:
    """What an answer is, without its usage."""
    told: Attributes = {
        "gen_ai.response.model": answer.model or step.model,
        "gen_ai.response.finish_reasons": [finish_word(answer.finish_reason, answer.stop_reason)],
    }
    named = answer.raw.get("id")
    if isinstance(named, str) and named:
        told["gen_ai.response.id"] = named
    if answer.request_id:
        told["smartllm.request_id"] = answer.request_id
    if provider == FIELDS[step.dialect].telemetry:
        for name in ("service_tier", "system_fingerprint"):
            value = answer.raw.get(name)
            if isinstance(value, str):
                told[f"{provider}.response.{name}"] = value
    return told


def counted(usage: Usage) -> Attributes:
    """Token counts; parts that are 0 are left out."""
    parts = {
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
    }
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        **{name: tokens for name, tokens in parts.items() if tokens},
    }


def finish_word(reason: FinishReason | None, word: str) -> str:
    """Why an answer stopped, in the conventions' words; the provider's own where they have none."""
    return "tool_call" if reason == _CALLS else (reason or word)


@lru_cache(maxsize=64)
def _parts_of(server: str) -> tuple[str | None, int | None]:
    try:
        address = urlsplit(server)
        return address.hostname, address.port or _PORTS.get(address.scheme)
    except ValueError:
        return None, None


def _server(server: str) -> Attributes:
    host, port = _parts_of(server)
    named = {} if host is None else {"server.address": host}
    return named if port is None else {**named, "server.port": port}


def _value(name: str, step: Step) -> Any:
    """What a body, or a header, has for a field of requests."""
    fields = FIELDS[step.dialect]
    if name == "max_tokens":
        return fields.limit(step.sealed) or None
    if name == "reasoning_effort":
        return fields.found(step.sealed, *fields.effort)
    facts = step.provenance.facts
    place = fields.places.get(name, name)
    place = place.format(place=name) if facts is None else fields.place_of(name, facts)
    if place.startswith(HEADER):
        return step.headers.get(place.removeprefix(HEADER))
    return fields.found(step.sealed, place)


def _told(row: RequestField, value: Any) -> Any:
    """A value in the type that the conventions give it; None for what a caller's ``extra`` made another."""
    if row.kind == "texts":
        texts = [value] if isinstance(value, str) else value
        return texts if isinstance(texts, list) and all(isinstance(one, str) for one in texts) else None
    if row.kind in {"number", "whole"}:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return float(value) if row.kind == "number" else value
    return value if isinstance(value, str) else None
