"""A guardrail of Amazon Bedrock, which checks what goes in and what comes out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from smartllm.part_names import NamesFields

Trace = Literal["enabled", "disabled", "enabled_full"]
StreamMode = Literal["sync", "async"]

# API_runtime_GuardrailConfiguration, 2026-11-26
_ID: Final = re.compile(r"[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+")
_LONGEST: Final = 2048
_VERSION: Final = re.compile(r"[1-9][0-9]{0,7}|DRAFT")


@dataclass(frozen=True, slots=True)
class Guardrail(NamesFields):
    """A guardrail that Amazon Bedrock applies to a request and to its answer.

    Attributes:
        id: Its id or its ARN.
        version: A number, or ``DRAFT``.
        trace: Whether the answer tells what was checked: ``enabled``, ``disabled`` or ``enabled_full``; None
            leaves it to Bedrock.
        stream: Of streamed answers: ``sync`` holds text back until it is checked, ``async`` may show text
            before the verdict; None leaves it to Bedrock, which takes ``sync``.

    Raises:
        ValueError: A value is not of that form.
    """

    id: str
    version: str
    trace: Trace | None = None
    stream: StreamMode | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.id, str) and len(self.id) <= _LONGEST and _ID.fullmatch(self.id)):
            raise ValueError(
                f"id={self.id!r}: allowed: lower-case letters and digits, or the guardrail's ARN"
            )
        if not (isinstance(self.version, str) and _VERSION.fullmatch(self.version)):
            raise ValueError(f'version={self.version!r}: allowed: a number as text, such as "3", or "DRAFT"')
        for name, words in (("trace", get_args(Trace)), ("stream", get_args(StreamMode))):
            value = getattr(self, name)
            if value is not None and value not in words:
                raise ValueError(f"{name}={value!r}: allowed: {', '.join(words)}")
