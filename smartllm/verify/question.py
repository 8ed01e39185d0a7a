"""What is asked of a provider about one fact, and what an answer says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartllm.content import InputPart
    from smartllm.diagnostics import Origin
    from smartllm.request import Message

Facts = Mapping[str, Any]
"""Facts by dotted path, as a row states them."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for beside one short text.

    Attributes:
        fields: Fields of the request.
        parts: Parts of the user's turn, in front of its text.
        before: Turns before it.
        after: Turns behind it.
        model: Another spelling of the model's id; empty for the one that was given.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[InputPart, ...] = ()
    before: tuple[Message, ...] = ()
    after: tuple[Message, ...] = ()
    model: str = ""

    def plus(self, **fields: Any) -> Wish:
        """The same with more fields."""
        return Wish({**self.fields, **fields}, self.parts, self.before, self.after, self.model)

    def joined(self, other: Wish) -> Wish | None:
        """Both in one request; None where they exclude each other."""
        fields = united(self.fields, other.fields)
        if fields is None or self.model != other.model:
            return None
        if (self.before and other.before) or (self.after and other.after):
            return None
        parts = (*self.parts, *(part for part in other.parts if part not in self.parts))
        return Wish(fields, parts, self.before or other.before, self.after or other.after, self.model)


def united(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any] | None:
    """Two mappings in one; None where they give one key two values."""
    if any(name in first and first[name] != value for name, value in second.items()):
        return None
    return {**first, **second}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whether the provider takes one thing.

    Attributes:
        part: What of the fact it is about, such as a level; empty where a fact is one thing.
        says: Whether it is taken by the table.
        wish: Asks for it.
        control: The same without it.
        grant: Facts under which the compiler sends it as it is asked for.
        words: What a refusal that is about it may name, beside the keys of the body.
        costly: It may cost more than an ordinary call.
        whole: The answer may be as long as the model's limit: it is broken off when it begins.
        behind: Asked only if this other part was answered against the table.
    """

    part: str = ""
    says: bool
    wish: Wish
    control: Wish = field(default_factory=Wish)
    grant: Facts = field(default_factory=dict)
    words: tuple[str, ...] = ()
    costly: bool = False
    whole: bool = False
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a question.

    Attributes:
        accepted: Whether the provider took it; None where that cannot be told.
        words: The provider's words, or why it cannot be told.
        how: ``answer``, ``words`` (the refusal names it) or ``comparison`` (the same without it was taken);
            empty where it cannot be told.
    """

    accepted: bool | None
    words: str = ""
    how: str = ""


Settle = Callable[[Mapping[str, Seen]], Facts]
"""The facts as they were seen, from what came of each part; of what was not seen the table's word stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """All questions about one fact.

    Attributes:
        fact: Its path.
        value: Its value by the table.
        questions: What is asked.
        settle: What the answers say.
        origin: The row that states it.
        listed: Its value lists what is taken, of which each question is about one.
    """

    fact: str
    value: Any
    questions: tuple[Question, ...]
    settle: Settle
    origin: Origin
    listed: bool = False

    @property
    def unasked(self) -> tuple[str, ...]:
        """What the table lists and no question is about."""
        parts = {question.part for question in self.questions}
        return tuple(one for one in self.value if one not in parts) if self.listed else ()
