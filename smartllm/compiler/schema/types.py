"""What lowering a JSON Schema gives, and what it refuses with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from smartllm.errors import UnsupportedError
from smartllm.said import Named, said

Subset = Literal["openai-strict", "openai-plain", "claude-native", "claude-tool", "tool"]
Codec = Literal["pairs", "json", "tuple", "optional", "tag"]

WRAPPED: Final = "the root must be an object; the schema stands under the property 'value'"
"""Why a root is wrapped."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the caller's schema and the one that is sent.

    Attributes:
        path: JSON pointer into the caller's schema.
        keyword: Keyword concerned.
        action: What was done.
        reason: One sentence.
        lost: Something that was wished can no longer be said, not in words either.
    """

    path: str
    keyword: str
    action: Literal["removed", "rewritten", "inlined", "added"]
    reason: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Lowered:
    """A schema as sent.

    Attributes:
        schema: The schema.
        changes: What changed, in document order.
        wrapped: The caller's schema stands under the property ``value`` of a new root object.
        codecs: For pointers into ``schema``: how ``restore`` reads an answer there.
    """

    schema: dict[str, Any]
    changes: tuple[Change, ...] = ()
    wrapped: bool = False
    codecs: Mapping[str, Codec] = field(default_factory=dict)

    def __hash__(self) -> int:
        """Of little, so that it costs little: equal texts in one form are lowered to one object."""
        return hash((self.wrapped, len(self.changes), len(self.schema)))


def refuse(path: str, problem: str, hint: str = "", fact: str = "") -> UnsupportedError:
    """The error for a schema that cannot be said in the subset, or for another fact."""
    default = said("use {}, or a typed field in its place", Named("structured_output", "tool"))
    return UnsupportedError(
        f"response_format: {problem} (at {path or 'the root'})",
        field="response_format",
        hint=hint or default,
        fact=fact,
    )


def wrap(root: dict[str, Any]) -> dict[str, Any]:
    """A root object with the caller's schema as its only property."""
    above: dict[str, Any] = {key: root.pop(key) for key in ("$schema", "$id", "$defs") if key in root}
    closed: dict[str, Any] = {"required": ["value"], "additionalProperties": False}
    return {"type": "object", "properties": {"value": root}, **closed, **above}
