"""The options of a prompt: fields of a request by their names, made of the table of them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal

import llm
from pydantic import BeforeValidator, Field, create_model

from smartllm.parameters import PARAMETERS, RequestField
from smartllm.plugins.fields import with_defaults

_TYPES: Final[dict[str, Any]] = {
    "text": str,
    "number": float,
    "whole": int,
    "truth": bool,
    "texts": list[str],
    "pairs": dict[str, str],
    "guardrail": dict[str, Any],
    "object": dict[str, Any],
    "tool_choice": str | list[str],
}
_SAID_ELSEWHERE: Final = frozenset({"prompt", "system_prompt", "stream"})
"""What ``llm`` has words of its own for; headers, which may be secret, would be written into its log."""


def _read(value: Any) -> Any:
    """What was written as JSON at the shell."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        return json.loads(value)
    return value


def _listed(value: Any) -> Any:
    read = _read(value)
    return [read] if isinstance(read, str) else read


def _annotation(field: RequestField) -> Any:
    if field.kind == "choice":
        return Literal[field.choices]
    kind = _TYPES[field.kind]
    if field.kind == "texts":
        return Annotated[kind, BeforeValidator(_listed)]
    if field.kind in {"pairs", "guardrail", "object", "tool_choice"}:
        return Annotated[kind, BeforeValidator(_read)]
    if field.kind in {"number", "whole"}:
        return Annotated[kind, Field(ge=field.least, le=field.most)]
    return kind


def _fields() -> dict[str, Any]:
    taken = [row for row in PARAMETERS.values() if row.kind in {*_TYPES, "choice"}]
    return {
        row.name: (_annotation(row) | None, Field(default=None, description=row.help))
        for row in taken
        if row.name not in _SAID_ELSEWHERE
    }


Options: Final[type[llm.Options]] = create_model("Options", __base__=llm.Options, **_fields())
"""Fields of a request; what is not given is left to the model."""


def said(options: llm.Options) -> dict[str, Any]:
    """The fields that were given, as a request takes them."""
    return with_defaults({name: value for name, value in options if value is not None})
