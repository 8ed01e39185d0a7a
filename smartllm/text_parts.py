"""The parts that nearly every turn is made of; ``smartllm.content`` has them all, and is slower to load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from smartllm.field_docs import documented

if TYPE_CHECKING:
    from smartllm.content import InputPart


def type_field(name: str) -> Any:
    """The field that tells a part's kind where parts are JSON."""
    return field(default=name, repr=False, kw_only=True)


@documented
@dataclass(frozen=True, slots=True)
class Text:
    """Text."""

    text: str
    """The text."""
    citations: tuple[Mapping[str, Any], ...] = ()
    """What an answer cites for it, as the wire spells it."""
    type: Literal["text"] = type_field("text")


@documented
@dataclass(frozen=True, slots=True)
class Reasoning:
    """Reasoning of a model: as text for people, and as its provider wants it back.

    Only the model that wrote it can read the blocks, on the same wire.
    """

    model: str = ""
    """Model id that was called."""
    dialect: str = ""
    """Wire on which it was called."""
    blocks: list[dict[str, Any]] = field(default_factory=list, repr=False)
    """The provider's own blocks, signatures included; without a model and a dialect where they are only
    shown, and cannot be sent back."""
    text: str = ""
    """What was shown of it."""
    type: Literal["reasoning"] = type_field("reasoning")


def parts_of(content: str | Iterable[str | InputPart]) -> tuple[InputPart, ...]:
    """The parts of what a caller wrote; each bare text is one."""
    if isinstance(content, str):
        return (Text(content),)
    return tuple(Text(part) if isinstance(part, str) else part for part in content)
