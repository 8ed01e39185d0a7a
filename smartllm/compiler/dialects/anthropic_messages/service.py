"""What Bedrock's InvokeModel takes in headers, beside Claude's body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.anthropic_messages.fields import BEDROCK, FIELDS
from smartllm.compiler.dialects.fields import HEADER
from smartllm.compiler.dialects.spelling import Spell
from smartllm.compiler.intent import Intent
from smartllm.compiler.trace import Reason
from smartllm.guardrail import Guardrail

_STREAMED: Final = "amazon-bedrock-guardrailConfig.streamProcessingMode"
_MODES: Final = {"sync": "SYNCHRONOUS", "async": "ASYNCHRONOUS"}
"""As the body spells them (userguide/guardrails-streaming, 2026-11-26); Converse has the short words."""


def _metadata(body: Body, _intent: Intent, value: Mapping[str, str], because: Reason) -> None:
    text = json.dumps(value, separators=(",", ":"))
    body.head(FIELDS.places["metadata"].removeprefix(HEADER), text, because)


def _guardrail(body: Body, intent: Intent, value: Guardrail, because: Reason) -> None:
    body.head(f"{BEDROCK}GuardrailIdentifier", value.id, because)
    body.head(f"{BEDROCK}GuardrailVersion", value.version, because)
    if value.trace is not None:
        body.head(f"{BEDROCK}Trace", value.trace.upper(), because)
    if intent.stream and value.stream is not None:
        body.set(_STREAMED, _MODES[value.stream], because)
        body.travels |= {_STREAMED}


OWN: Final[Mapping[str, Spell]] = {
    "metadata": _metadata,
    "guardrail": _guardrail,
}
"""Parameters that are more than a value at a place."""
