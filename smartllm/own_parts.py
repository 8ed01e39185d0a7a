"""Where a wire has a place for a provider's own part, which goes as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from smartllm.content import Other

Place = Literal["block", "item", "content", "field"]
"""A block of a turn, an item beside the messages, a part of what a message says, or fields of the message."""

_BLOCKS: Final = frozenset({"anthropic_messages", "bedrock_converse"})
_IN_MESSAGES: Final = ("input_", "output_")
"""How the parts of messages are called on Responses, whose items have other names."""


def kind_of(part: Other) -> str:
    """The wire's word for what a part is."""
    kind = part.kind or part.raw.get("type") or next(iter(part.raw), "")
    return kind if isinstance(kind, str) and kind else "unknown"


def place_in(part: Other, role: str, dialect: str) -> Place | None:
    """Where a part stands in a turn; None where the wire has no place for it.

    Args:
        part: The part.
        role: Whose turn it is.
        dialect: The wire.
    """
    if dialect in _BLOCKS:
        return "block"
    if dialect == "openai_responses" and not str(part.raw.get("type", "")).startswith(_IN_MESSAGES):
        return "item"
    if dialect == "openai_chat" and role != "system" and not part.dialect:
        return "content" if is_content(part) else "field"
    return "content" if role == "user" else None


def is_content(part: Other) -> bool:
    """Whether a part of Chat Completions is said, as those are that name their type; else it is fields."""
    return "type" in part.raw


def place_in_result(dialect: str) -> Place | None:
    """Where a part stands in the result of a tool; those of Chat Completions are texts alone."""
    return None if dialect == "openai_chat" else "content"
