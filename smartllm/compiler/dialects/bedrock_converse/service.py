"""What Converse takes beside the model's own: its guardrails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.bedrock_converse.fields import FIELDS
from smartllm.compiler.dialects.spelling import Spell
from smartllm.compiler.intent import Intent
from smartllm.compiler.trace import Reason
from smartllm.guardrail import Guardrail

_PLACE: Final = FIELDS.places["guardrail"].partition(".")[0]
_STREAMED: Final = f"{_PLACE}.streamProcessingMode"


def _guardrail(body: Body, intent: Intent, value: Guardrail, because: Reason) -> None:
    body.set(FIELDS.places["guardrail"], value.id, because)
    body.set(f"{_PLACE}.guardrailVersion", value.version, because)
    if value.trace is not None:
        body.set(f"{_PLACE}.trace", value.trace, because)
    if intent.stream and value.stream is not None:  # ConverseStream alone knows it
        body.set(_STREAMED, value.stream, because)
        body.travels |= {_STREAMED}


OWN: Final[Mapping[str, Spell]] = {"guardrail": _guardrail}
"""Parameters that are more than a value at a place."""
